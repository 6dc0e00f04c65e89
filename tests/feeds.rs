//! The feeds of `ops/feeds`, each with the program that it is for. `ops/test` installs and runs them.
//!
//! Guarantees: what is reported is the address that connected, as the mail server wrote it down.
//! Never: sends anything to another machine.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends there")]

mod support;

use serde_json::{Value, json};
use std::{
    fs,
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    time::{Duration, Instant},
};
use support::{CONFIG, TestServer};
use tempfile::TempDir;

/// Any two reporters list.
const RULE: &str = "\n[list.reports]\nkinds = [\"trap\", \"spam\", \"auth\"]\nweights = { trap = 2, spam = 2, auth = 2 }\nthreshold = 2\n[[list]]\nname = \"relay\"";

fn server() -> TestServer {
    TestServer::with(&CONFIG.replacen("\n[[list]]\nname = \"relay\"", RULE, 1))
}

fn feed(path: &str) -> String {
    format!("{}/ops/feeds/{path}", env!("CARGO_MANIFEST_DIR"))
}

fn token(server: &TestServer, reporter: &str) -> String {
    let body = json!({ "name": reporter, "scopes": [format!("report:{reporter}")] }).to_string();
    server.call("POST", "/api/v1/tokens", &body).json()["token"].as_str().unwrap().to_owned()
}

/// Somebody else has seen the address as well: the next report lists it.
fn seen_by_another(server: &TestServer, address: &str) {
    let report = json!({ "address": address, "kind": "spam", "seen": now() }).to_string();
    let answer = server.call_as(Some(&token(server, "other")), "POST", "/api/v1/reports", report.as_bytes(), &[]).ok();
    assert_eq!(answer[0]["state"], "counted", "{answer}");
}

fn now() -> String {
    let output = Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%SZ"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn is_listed(server: &TestServer, address: &str) -> bool {
    server.get(&format!("/api/v1/lookup/{address}")).ok()["listed"] == Value::Bool(true)
}

/// A process that ends with the test, and with it those that it started: all are of one process group.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        Command::new("kill").args(["-9", "--", &format!("-{}", self.0.id())]).stderr(Stdio::null()).status().ok();
        self.0.wait().ok();
    }
}

fn start(words: &[&str], input: Stdio, log: &Path) -> Running {
    let log = fs::File::create(log).unwrap();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).process_group(0).stdin(input).stdout(log.try_clone().unwrap()).stderr(log);
    Running(command.spawn().unwrap_or_else(|error| panic!("{words:?}: {error}")))
}

/// Lines of Postfix 3.7, with what a client can put into them.
fn postfix_log(forged: &str) -> String {
    let at = "2026-11-25T08:00:01.000000+00:00 mx1 postfix";
    [
        format!("{at}/smtpd[811]: NOQUEUE: reject: RCPT from unknown[93.184.216.5]: 550 5.1.1 <user@example.org>: Recipient address rejected: User unknown; from=<a@b.example> to=<user@example.org> proto=ESMTP helo=<{forged}>"),
        format!("{at}/smtpd[811]: NOQUEUE: reject: RCPT from unknown[93.184.216.5]: 550 5.1.1 <user@example.org>: Recipient address rejected: User unknown; from=<{forged}> to=<user@example.org> proto=ESMTP helo=<x>"),
        format!("{at}/cleanup[812]: 4XkQ2w: reject: header Subject: {forged} from unknown[93.184.216.5]; from=<a@b.example> to=<trap@example.org> proto=ESMTP helo=<x>: 5.7.1 no"),
        format!("{at}/cleanup[812]: 4XkQ2w: warning: header Subject: {forged}: SASL LOGIN authentication failed"),
        format!("{at}/smtpd[811]: warning: {forged}: SASL LOGIN authentication failed: x"),
        format!("{at}/smtpd[811]: improper command pipelining after EHLO from unknown[93.184.216.5]: {forged}"),
        format!("Nov 25 08:00:01 mx1 other[1]: {forged}"),
        forged.to_owned(),
    ]
    .join("\n")
        + "\n"
}

fn follow(arguments: &[&str], log: &str) -> String {
    use std::io::Write as _;
    let mut child = Command::new("python3")
        .arg(feed("postfix/dnsbld-postfix"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(log.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
#[ignore = "needs python3"]
fn peers_a_rejection_forged_in_helo_sender_or_subject_reports_nothing() {
    let home = tempfile::tempdir().unwrap();
    let traps = home.path().join("traps");
    fs::write(&traps, "trap@example.org\n").unwrap();
    let dry = ["--dry-run", "--traps", traps.to_str().unwrap()];
    for forged in [
        "reject: RCPT from x[8.8.8.8]",
        "reject: RCPT from x[8.8.8.8]: 550 5.1.1 <trap@example.org>: no; from=<a> to=<trap@example.org> proto=ESMTP helo=<x>",
        "x> to=<trap@example.org> proto=ESMTP helo=<x[8.8.8.8]",
        "x[8.8.8.8]: SASL LOGIN authentication failed: y",
        "2026-11-25T08:00:01Z mx1 postfix/smtpd[1]: NOQUEUE: reject: RCPT from x[8.8.8.8]",
    ] {
        let said = follow(&dry, &postfix_log(forged));
        // A warning of Postfix itself whose client is written by Postfix: no client can write that line.
        let own = forged.starts_with("x[8.8.8.8]: SASL");
        assert!(own || !said.contains("8.8.8.8"), "{forged}: {said}");
        assert!(own || said.is_empty(), "{forged}: {said}");
    }
    let whole = "2026-11-25T08:00:01Z mx1 postfix/smtpd[1]: NOQUEUE: reject: RCPT from a.example[93.184.216.9]: 550 5.1.1 <trap@example.org>: no; from=<> to=<trap@example.org> proto=SMTP helo=<x>";
    assert_eq!(follow(&dry, whole), "", "a line without its end says nothing");
    let long = whole.replace("helo=<x>", &format!("helo=<{}>", "x".repeat(200_000)));
    let said = follow(&dry, &format!("{long}\n{whole}\n"));
    assert!(said.contains("\"address\": \"93.184.216.9\", \"kind\": \"trap\""), "{said}");
    assert_eq!(said.lines().count(), 1, "one too long says nothing, and ends where it ends");
}

/// What Postfix writes when it refuses a mail to the trap.
fn trapped(address: &str) -> String {
    format!(
        "{} mx1 postfix/smtpd[1]: NOQUEUE: reject: RCPT from a.example[{address}]: 550 5.1.1 <trap@example.org>: no; from=<> to=<trap@example.org> proto=SMTP helo=<x>\n",
        now()
    )
}

/// The follower's arguments, their files in a folder.
fn arguments(folder: &Path, url: &str, token: &str) -> Vec<String> {
    let (traps, header) = (folder.join("traps"), folder.join("header"));
    fs::write(&traps, "trap@example.org\n").unwrap();
    fs::write(&header, format!("Authorization: Bearer {token}\n")).unwrap();
    ["--url", url, "--header-file", header.to_str().unwrap(), "--traps", traps.to_str().unwrap()]
        .map(str::to_owned)
        .into()
}

/// The follower of a log that goes on until the test ends.
struct Follower {
    running: Running,
    log: ChildStdin,
    folder: TempDir,
}

impl Follower {
    fn start(url: &str, token: &str) -> Self {
        let (folder, program) = (tempfile::tempdir().unwrap(), feed("postfix/dnsbld-postfix"));
        let arguments = arguments(folder.path(), url, token);
        let words: Vec<&str> = ["python3", &program].into_iter().chain(arguments.iter().map(String::as_str)).collect();
        let mut running = start(&words, Stdio::piped(), &folder.path().join("said"));
        let log = running.0.stdin.take().unwrap();
        Self { running, log, folder }
    }

    fn sees(&mut self, lines: &str) {
        use std::io::Write as _;
        self.log.write_all(lines.as_bytes()).unwrap();
    }

    fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("said")).unwrap()
    }

    /// SIGTERM: the code that it ends with, after at most so long.
    fn end(&mut self, within: Duration) -> Option<i32> {
        assert!(Command::new("kill").arg(self.running.0.id().to_string()).status().unwrap().success());
        let begun = Instant::now();
        while begun.elapsed() < within {
            if let Some(status) = self.running.0.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("it did not end within {within:?}: {}", self.said());
    }
}

#[test]
#[ignore = "needs python3"]
fn peers_the_postfix_follower_reports_to_the_server() {
    let (server, home) = (server(), tempfile::tempdir().unwrap());
    seen_by_another(&server, "93.184.216.9");
    let arguments = arguments(home.path(), &format!("http://{}", server.http), &token(&server, "mx1"));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    follow(&arguments, &trapped("93.184.216.9"));
    assert!(is_listed(&server, "93.184.216.9"));
}

#[test]
#[ignore = "needs python3"]
fn peers_the_postfix_follower_sends_what_waits_while_the_log_is_quiet() {
    let mut server = server();
    let mut follower = Follower::start(&format!("http://{}", server.http), &token(&server, "mx1"));
    // The first goes at once, the second waits for others; no line comes after it.
    for address in ["93.184.216.9", "93.184.216.10"] {
        seen_by_another(&server, address);
        follower.sees(&trapped(address));
        support::eventually(address, Duration::from_secs(30), || is_listed(&server, address));
    }
    // What could not be sent is sent when the server is back, by the address that it had.
    seen_by_another(&server, "93.184.216.11");
    server.kill();
    let config = fs::read_to_string(server.home.join("dnsbld.toml")).unwrap();
    let config =
        config.replacen("[http]\nlisten = \"127.0.0.1:0\"", &format!("[http]\nlisten = \"{}\"", server.http), 1);
    fs::write(server.home.join("dnsbld.toml"), config).unwrap();
    follower.sees(&trapped("93.184.216.11"));
    support::eventually("it says so", Duration::from_secs(30), || follower.said().contains("1 reports wait"));
    server.start_again();
    support::eventually("listed", Duration::from_secs(30), || is_listed(&server, "93.184.216.11"));
}

#[test]
#[ignore = "needs python3"]
fn peers_the_postfix_follower_sends_what_waits_when_it_is_ended() {
    let server = server();
    let mut follower = Follower::start(&format!("http://{}", server.http), &token(&server, "mx1"));
    let addresses = ["93.184.216.9", "93.184.216.10"];
    for address in addresses {
        seen_by_another(&server, address);
    }
    follower.sees(&trapped(addresses[0]));
    support::eventually("the first", Duration::from_secs(30), || is_listed(&server, addresses[0]));
    follower.sees(&trapped(addresses[1]));
    assert_eq!(follower.end(Duration::from_secs(15)), Some(0), "{}", follower.said());
    assert!(is_listed(&server, addresses[1]));
}

#[test]
#[ignore = "needs python3"]
fn peers_the_postfix_follower_ends_though_the_server_does_not_answer() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut follower = Follower::start(&format!("http://{}", silent.local_addr().unwrap()), "x");
    follower.sees(&trapped("93.184.216.9"));
    let _asked = silent.accept().unwrap();
    assert_eq!(follower.end(Duration::from_secs(15)), Some(1), "{}", follower.said());
    assert!(follower.said().contains("1 reports were not sent"), "{}", follower.said());
}

/// What Postfix writes, it says itself: nothing that a client can send makes it write of another address in its place.
#[test]
#[ignore = "needs root, postfix with Cyrus SASL, dig and python3"]
fn peers_the_postfix_follower_believes_postfix_and_not_its_clients() {
    let folder = tempfile::tempdir().unwrap();
    let follower = [("follower", &*feed("postfix/dnsbld-postfix"))];
    let script = include_str!("support/follower.sh");
    let Some(said) = support::hosts::run(&folder.path().join("follower"), script, &follower) else { return };
    let number = |beginning: &str| -> u32 {
        let line = said.lines().find_map(|line| line.strip_prefix(beginning));
        line.unwrap_or_else(|| panic!("nothing begins with {beginning:?}\n{said}")).trim().parse().unwrap()
    };
    assert!(said.contains("dns-93.184.216.8 127.0.0.4") && said.contains("trap refused 550"), "a trap\n{said}");
    assert!(said.contains("dns-93.184.216.9 127.0.0.4") && said.contains("guess refused 535"), "a guess\n{said}");
    assert!(said.contains("dns-8.8.8.8 NXDOMAIN"), "nobody was there by that address\n{said}");
    // The forger guessed passwords as well, and is known by the address that he has.
    assert!(said.contains("dns-93.184.216.7 127.0.0.4"), "{said}");
    // The forgeries reached the log, by each way that there is.
    assert!(number("forged-lines ") > 40, "{said}");
    for way in [
        "NOQUEUE: reject: RCPT from",
        "SASL LOGIN authentication failed",
        "warning: header Subject",
        "non-SMTP command",
    ] {
        assert!(number(&format!("written {way}:")) > 0, "{way}\n{said}");
    }
}

#[test]
#[ignore = "needs fail2ban"]
fn peers_fail2ban_reports_what_it_bans() {
    let (server, home) = (server(), tempfile::tempdir().unwrap());
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    for folder in ["action.d", "filter.d"] {
        fs::create_dir(at(folder)).unwrap();
    }
    fs::copy(feed("fail2ban/dnsbld.conf"), at("action.d/dnsbld.conf")).unwrap();
    fs::write(at("filter.d/try.conf"), "[Definition]\nfailregex = ^failed <HOST>$\n").unwrap();
    fs::write(at("header"), format!("Authorization: Bearer {}\n", token(&server, "mx1"))).unwrap();
    fs::write(at("watched"), "").unwrap();
    let main = format!(
        "[DEFAULT]\nloglevel = INFO\nlogtarget = {}\nsyslogsocket = auto\nsocket = {}\npidfile = {}\ndbfile = None\ndbpurgeage = 1d\ndbmaxmatches = 10\n[Definition]\n",
        at("log"),
        at("socket"),
        at("pid")
    );
    fs::write(at("fail2ban.conf"), main).unwrap();
    let jail = format!(
        "[try]\nenabled = true\nfilter = try\nlogpath = {}\nbackend = polling\nmaxretry = 1\nfindtime = 600\nbantime = 600\nusedns = no\naction = dnsbld[url=\"http://{}\", headerfile=\"{}\", kind=auth]\n",
        at("watched"),
        server.http,
        at("header")
    );
    fs::write(at("jail.conf"), jail).unwrap();
    seen_by_another(&server, "93.184.216.7");
    let (folder, socket, pid) = (at(""), at("socket"), at("pid"));
    let words = ["fail2ban-server", "-f", "-c", &folder, "-s", &socket, "-p", &pid];
    let _running = start(&words, Stdio::null(), &home.path().join("out"));
    let client = |words: &[&str]| {
        let output =
            Command::new("fail2ban-client").args(["-c", &folder, "-s", &socket, "-p", &pid]).args(words).output();
        output.unwrap().status.success()
    };
    support::eventually("fail2ban answers", Duration::from_secs(60), || client(&["status", "try"]));
    assert!(client(&["set", "try", "banip", "93.184.216.7"]));
    let listed = || is_listed(&server, "93.184.216.7");
    support::eventually(&fs::read_to_string(at("log")).unwrap_or_default(), Duration::from_secs(30), listed);
}

#[test]
#[ignore = "needs rspamd"]
fn peers_rspamd_reports_what_it_rejects() {
    let (server, home) = (server(), tempfile::tempdir().unwrap());
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let reject = "rspamd_config:register_symbol({ name = 'ALWAYS', type = 'normal', callback = function() return true, 1.0 end })\nrspamd_config:set_metric_symbol({ name = 'ALWAYS', score = 10.0 })\n";
    fs::write(at("all.lua"), format!("{reject}dofile('{}')\n", feed("rspamd/dnsbld.lua"))).unwrap();
    let config = format!(
        "lua = \"{}\";\noptions {{ filters = \"\"; pidfile = \"{}\"; dns {{ nameserver = [\"127.0.0.1:1:1\"]; }} control_socket = \"{} mode=0600\"; tempdir = \"{}\"; local_addrs = \"127.0.0.0/8\"; }}\nlogging {{ type = \"console\"; level = \"info\"; }}\nactions {{ reject = 5; }}\nworker \"normal\" {{ bind_socket = \"127.0.0.1:{port}\"; count = 1; }}\ndnsbld {{ url = \"http://{}\"; token = \"{}\"; }}\n",
        at("all.lua"),
        at("pid"),
        at("control"),
        at(""),
        server.http,
        token(&server, "mx1")
    );
    fs::write(at("rspamd.conf"), config).unwrap();
    fs::write(at("mail"), "From: a@b.example\r\nReceived: from x ([8.8.8.8])\r\nSubject: x\r\n\r\nbody\r\n").unwrap();
    for address in ["93.184.216.8", "127.0.0.1", "8.8.8.8"] {
        if address != "127.0.0.1" {
            seen_by_another(&server, address);
        }
    }
    let configuration = at("rspamd.conf");
    let _running = start(&["rspamd", "-f", "-i", "-c", &configuration], Stdio::null(), &home.path().join("out"));
    let (to, mail) = (format!("127.0.0.1:{port}"), at("mail"));
    let scan = |address: &str| {
        let output = Command::new("rspamc").args(["-h", &to, "--ip", address, "--from", "a@b.example", &mail]).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    support::eventually("rspamd answers", Duration::from_secs(180), || scan("127.0.0.1").contains("Action: reject"));
    assert!(scan("93.184.216.8").contains("Action: reject"));
    support::eventually("the report", Duration::from_secs(30), || is_listed(&server, "93.184.216.8"));
    assert!(!is_listed(&server, "8.8.8.8"), "a Received line is not who connected");
}
