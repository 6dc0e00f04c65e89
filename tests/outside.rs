//! What leaves the program for people, and what reporters mail to it, with the real programs of the other side: mail servers, a
//! name server, a web server, a signer.
//! `ops/test` installs and runs them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends there")]

mod support;

#[test]
#[ignore = "needs root, postfix, nsd, dig, python3 with dkimpy, and openssl"]
fn peers_mail_dns_checks_and_webhooks_reach_the_people_they_are_for() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("outside");
    let Some(text) = support::hosts::run(&home, include_str!("support/outside.sh"), &[]) else { return };
    let line = |beginning: &str| {
        let found = text.lines().find(|line| line.starts_with(beginning));
        found.unwrap_or_else(|| panic!("nothing begins with {beginning:?}\n{text}"))
    };

    // A mail server that stands by its name leaves the dynamic range; each other says what it lacks, and stays.
    assert!(line("checked-25 ").starts_with("checked-25 granted"), "{text}");
    line("dns-25 NXDOMAIN");
    for (number, lacks) in [
        (26, "provider"),
        (27, "does not lead back"),
        (28, "no name in reverse DNS"),
        (29, "greets as mx.elsewhere.example and not as mx3.customer.example"),
        (30, "port 25"),
    ] {
        let checked = line(&format!("checked-{number} "));
        assert!(checked.starts_with(&format!("checked-{number} refused")) && checked.contains(lacks), "{text}");
        line(&format!("dns-{number} 127.0.0.10"));
    }
    // The code comes by the configured relay to the postmaster of the registered domain, once, and is the proof.
    line("mail To: postmaster@customer.example");
    line("mail From: dnsbld@bl.test");
    line("mail Auto-Submitted: auto-generated");
    assert!(text.contains("by relay.example (Postfix)"), "{text}");
    line("wrong-code 422");
    line("code granted");
    line("mails 1");
    // The network can tell that it was this server that called, and which calls are the same.
    line("told request isp 198.51.100.30 deciding signed");
    line("told request isp 198.51.100.30 granted signed");
    line("deliveries 2");
    assert!(!text.contains("FORGED"), "{text}");
    // A name that leads inside is not connected to.
    assert!(line("errand ").contains("host not found"), "{text}");

    // A mail counts by the signature of the domain that its mailbox is for, and what it says is said by one reporter.
    line("mailbox r-TOKEN@in.bl.test");
    for (name, said) in [
        ("first", "250"),
        ("again", "250"),
        ("unsigned", "550 5.7.1 the mail has no DKIM signature of reporter.example"),
        ("changed", "550 5.7.1 the DKIM signature of reporter.example does not count: the body"),
        ("stranger", "550 5.7.1 the mail has no DKIM signature of reporter.example"),
        ("nobody", "550 5.1.1 nobody waits for mail"),
        ("range", "550 5.7.1 the report's Source-IP cannot be read"),
        ("second", "250"),
        ("silence", "451 4.3.0 try again later"),
    ] {
        let answered = line(&format!("report-{name} "));
        assert!(answered.starts_with(&format!("report-{name} {said}")), "{text}");
    }
    line("one-reporter NXDOMAIN");
    line("still-one NXDOMAIN");
    line("two-reporters 127.0.0.4");
    line("as-bearer 401");
}
