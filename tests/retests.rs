//! Retests of real mail servers and proxies, each a host of its own, as somebody asks for them. `ops/test` installs and runs
//! them. Days pass by the program's clock alone: it is started again with one that is ahead.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends there")]

mod support;

use serde_json::Value;
use std::{collections::BTreeMap, path::Path, process::Command};

/// What the script says of each target: whether it is listed after the test, and the retest.
struct Said(BTreeMap<String, (bool, Value)>);

impl Said {
    fn read(text: &str) -> Self {
        let line = |line: &str| {
            let mut parts = line.splitn(3, ' ');
            let (name, listed) = (parts.next()?.to_owned(), parts.next()?);
            let retest = serde_json::from_str(parts.next()?).ok()?;
            Some((name, (listed == "\"listed\":true", retest)))
        };
        Self(text.lines().filter_map(line).collect())
    }

    /// Result and state of a target, and whether it is listed afterwards.
    fn of(&self, name: &str) -> (&str, &str, bool) {
        let (listed, retest) = &self.0[name];
        (retest["result"].as_str().unwrap_or("none"), retest["state"].as_str().unwrap(), *listed)
    }

    /// The key that the list holds.
    fn key(&self, name: &str) -> &str {
        self.0[name].1["key"].as_str().unwrap()
    }

    fn verdicts(&self, name: &str) -> Vec<(&str, &str)> {
        let steps = self.0[name].1["steps"].as_array().unwrap();
        steps.iter().map(|step| (step["variant"].as_str().unwrap(), step["verdict"].as_str().unwrap())).collect()
    }
}

/// Debian's Exim, unpacked: the package itself would drive Postfix out. `None` where it cannot be had.
fn exim(home: &Path) -> Option<String> {
    let unpack = "apt-get download -q exim4-daemon-light >/dev/null 2>&1 && dpkg -x exim4-daemon-light*.deb . && test -x usr/sbin/exim4 && ! ldd usr/sbin/exim4 | grep -q 'not found'";
    let folder = home.join("unpacked");
    std::fs::create_dir_all(&folder).unwrap();
    let done = Command::new("bash").args(["-c", unpack]).current_dir(&folder).status().unwrap();
    done.success().then(|| folder.join("usr/sbin/exim4").to_str().unwrap().to_owned())
}

#[test]
#[ignore = "needs root, postfix, postgrey, tinyproxy, microsocks, dante-server, faketime, libidn12 and a mirror with exim4-daemon-light"]
fn peers_mail_servers_and_proxies_are_told_apart_by_what_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("retests");
    std::fs::create_dir_all(&home).unwrap();
    let exim = exim(&home);
    let environment = [("EXIM", exim.as_deref().unwrap_or(""))];
    let Some(text) = support::hosts::run(&home, include_str!("support/retests.sh"), &environment) else { return };
    let said = Said::read(&text);

    // A mail server that relays is found by the message that comes through it, and stays listed.
    assert_eq!(said.of("open"), ("open", "done", true), "{text}");
    assert!(said.verdicts("open").contains(&("null-sender", "arrived")), "{text}");
    // One that refuses is clean at once, whichever way it says so.
    assert_eq!(said.of("closed"), ("clean", "done", false), "{text}");
    assert!(said.verdicts("closed").iter().all(|(_, verdict)| *verdict == "refused"), "{text}");
    // By IPv6 it is the address that was asked for which is tested, and its block that is judged: nobody else answers there.
    assert_eq!(said.of("open6"), ("open", "done", true), "{text}");
    assert!(said.verdicts("open6").contains(&("null-sender", "arrived")), "{text}");
    assert_eq!(said.of("closed6"), ("clean", "done", false), "{text}");
    assert_eq!((said.key("open6"), said.key("closed6")), ("2001:db8:6:1::/64", "2001:db8:6:2::/64"), "{text}");
    if exim.is_some() {
        assert_eq!(said.of("exim"), ("clean", "done", false), "{text}");
    }
    // Taken and bounced, or taken and swallowed, is clean when nothing has come in time, and the tokens stay open.
    assert_eq!(said.of("bouncing"), ("clean", "arriving", false), "{text}");
    assert!(said.verdicts("bouncing").contains(&("our-sender", "bounced")), "{text}");
    assert_eq!(said.of("swallowing"), ("clean", "arriving", false), "{text}");
    assert!(said.verdicts("swallowing").contains(&("null-sender", "vanished")), "{text}");
    // Greylisting says nothing yet: it stays listed, is tried again a day later with the same tokens, and has to show itself.
    assert_eq!(said.of("greylisting"), ("inconclusive", "waiting", true), "{text}");
    assert_eq!(said.of("second-greylisting"), ("open", "done", true), "{text}");
    // What wants encryption first refused how the test came: an open relay may be behind it.
    assert_eq!(said.of("encrypting"), ("inconclusive", "waiting", true), "{text}");
    assert!(said.verdicts("encrypting").iter().all(|(_, verdict)| *verdict == "barred"), "{text}");
    // Passed on by another machine: neither listed for it nor cleared.
    assert_eq!(said.of("forwarding"), ("multihop", "done", true), "{text}");
    // Silence is not clean.
    assert_eq!(said.of("silent"), ("unreachable", "waiting", true), "{text}");
    // What refuses every connection is clean at the third test, not before: it may refuse us alone.
    for name in ["nobody", "no-proxy"] {
        assert_eq!(said.of(name), ("unreachable", "waiting", true), "{text}");
        assert_eq!(said.of(&format!("second-{name}")), ("unreachable", "waiting", true), "{text}");
        assert_eq!(said.of(&format!("third-{name}")), ("clean", "done", false), "{text}");
    }
    // Proxies: by one way or another, of which the first that leads through ends the test.
    for (name, through) in [
        ("open-proxy", &["connect:8080", "post:8080"][..]),
        ("open-socks", &["socks5:1080"]),
        ("dante4", &["socks4:1080"]),
        ("dante5", &["socks5:1080"]),
    ] {
        assert_eq!(said.of(name), ("open", "done", true), "{text}");
        let arrived = |&(variant, verdict): &(&str, &str)| verdict == "arrived" && through.contains(&variant);
        assert!(said.verdicts(name).iter().any(arrived), "{text}");
    }
    assert_eq!(said.of("closed-proxy"), ("clean", "done", false), "{text}");
    // What is not listed is not tested, and the answer did not tell.
    assert_eq!(said.of("unlisted"), ("not-tested", "done", false), "{text}");
    // Removal by retest, as resolvers see it; and an open request that lived on in a copy of the store.
    for line in [
        "dns-before-removal 127.0.0.2",
        "dns-after-removal NXDOMAIN",
        "restored-request checking nobody@example.org",
        "dns-third NXDOMAIN",
    ] {
        assert!(text.lines().any(|said| said == line), "{line}\n{text}");
    }
}
