//! Tests of who stands behind a mail, signed by the same library with fresh keys.

use super::*;
use crate::cases::Unmet;
use async_trait::async_trait;
use mail_auth::{
    common::crypto::Ed25519Key,
    common::headers::HeaderWriter as _,
    dkim::{Canonicalization, DkimSigner},
};
use std::{collections::HashMap, net::IpAddr};

/// Later than any day on which this test signs.
const NOW: Time = Time::from_seconds(4_000_000_000);
const MAIL: &str = "From: Reports <abuse@mx.example.org>\r\nTo: r-1@in.example\r\nSubject: report\r\nMIME-Version: 1.0\r\n\
    Content-Type: text/plain\r\n\r\nSource-IP: 192.0.2.25\r\n";

/// DNS of a test: TXT records by name; a name in `silent` gives no answer.
#[derive(Default)]
struct Zone {
    texts: HashMap<String, String>,
    silent: bool,
}

#[async_trait]
impl Checks for Zone {
    async fn confirmed_names(&self, _: IpAddr) -> Result<Vec<Box<str>>, Unanswered> {
        Ok(Vec::new())
    }

    async fn texts(&self, name: &str) -> Result<Vec<Box<str>>, Unanswered> {
        if self.silent {
            return Err(Unanswered("no answer".into()));
        }
        Ok(self.texts.get(name.trim_end_matches('.')).map(|text| text.as_str().into()).into_iter().collect())
    }

    async fn mail_server(&self, _: IpAddr) -> Result<Result<Box<str>, Unmet>, Unanswered> {
        Ok(Err(Unmet::NoServer))
    }
}

/// A key whose public half the zone has at `s._domainkey.domain`.
struct Signer(Vec<u8>);

impl Signer {
    fn of(zone: &mut Zone, domain: &str) -> Self {
        let pkcs8 = Ed25519Key::generate_pkcs8().unwrap();
        let public = Ed25519Key::from_pkcs8_der(&pkcs8).unwrap().public_key();
        let text = format!("v=DKIM1; k=ed25519; p={}", data_encoding::BASE64.encode(&public));
        zone.texts.insert(format!("s._domainkey.{domain}"), text);
        Self(pkcs8)
    }

    fn sign(&self, domain: &str, headers: &[&str], change: impl FnOnce(&mut Signature)) -> String {
        let key = Ed25519Key::from_pkcs8_der(&self.0).unwrap();
        let mut signer = DkimSigner::from_key(key).domain(domain).selector("s").headers(headers.iter().copied());
        signer =
            signer.header_canonicalization(Canonicalization::Relaxed).body_canonicalization(Canonicalization::Relaxed);
        change(&mut signer.template);
        let header = signer.sign(MAIL.as_bytes()).unwrap().to_header();
        header + MAIL
    }
}

const COVERED: [&str; 4] = ["From", "Subject", "Content-Type", "MIME-Version"];

async fn checked(mail: &str, domain: &str, zone: &Zone) -> Result<(), Unsigned> {
    check(mail.as_bytes(), &domain.parse().unwrap(), NOW, zone).await
}

fn flaw(found: Result<(), Unsigned>) -> &'static str {
    match found {
        Err(Unsigned::Flawed(_, why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_mail_signed_by_the_domain_or_below_it_counts_and_no_other_does() {
    let mut zone = Zone::default();
    let (above, below) = (Signer::of(&mut zone, "example.org"), Signer::of(&mut zone, "mx.example.org"));
    let by_above = above.sign("example.org", &COVERED, |_| {});
    let by_below = below.sign("mx.example.org", &COVERED, |_| {});
    assert_eq!(checked(&by_above, "example.org", &zone).await, Ok(()));
    assert_eq!(checked(&by_below, "example.org", &zone).await, Ok(()));
    for (mail, domain) in [
        (&by_above, "mx.example.org"),
        (&by_below, "=example.org"),
        (&by_above, "ample.org"),
        (&MAIL.to_owned(), "example.org"),
        (&String::new(), "example.org"),
    ] {
        let found = checked(mail, domain, &zone).await;
        assert!(matches!(found, Err(Unsigned::None(_))), "{domain}: {found:?}");
    }
    // A signature of a stranger before ours does not hide it.
    let stranger = Signer::of(&mut zone, "example.net").sign("example.net", &COVERED, |_| {});
    let both = stranger.strip_suffix(MAIL).unwrap().to_owned() + &by_above;
    assert_eq!(checked(&both, "example.org", &zone).await, Ok(()));
}

#[tokio::test]
async fn what_was_changed_or_not_covered_is_found() {
    let mut zone = Zone::default();
    let signer = Signer::of(&mut zone, "example.org");
    let signed = signer.sign("example.org", &COVERED, |_| {});
    let changed = |from: &str, to: &str| signed.replacen(from, to, 1);
    assert!(flaw(checked(&changed("192.0.2.25", "192.0.2.26"), "example.org", &zone).await).contains("the body"));
    assert!(
        flaw(checked(&(signed.clone() + "Source-IP: 192.0.2.1\r\n"), "example.org", &zone).await).contains("the body")
    );
    assert!(
        flaw(checked(&changed("From: Reports", "From: Others"), "example.org", &zone).await).contains("by the key")
    );
    let second = changed("From: Reports", "Content-Type: multipart/mixed; boundary=x\r\nFrom: Reports");
    assert!(flaw(checked(&second, "example.org", &zone).await).contains("Content-Type"));
    // One parser takes these for other headers than `Content-Type`, another for it.
    for header in ["Content-Type : ", ": Content-Type: ", "Con tent-Type: ", "\u{e4}: "] {
        let line = format!("{header}multipart/report; boundary=x\r\nFrom: Reports");
        assert!(
            flaw(checked(&changed("From: Reports", &line), "example.org", &zone).await).contains("none"),
            "{header}"
        );
    }
    let bare = signer.sign("example.org", &["From", "Subject"], |_| {});
    assert!(flaw(checked(&bare, "example.org", &zone).await).contains("Content-Type"));
    let nobody = signer.sign("example.org", &["Subject", "Content-Type"], |_| {});
    assert!(flaw(checked(&nobody, "example.org", &zone).await).contains("From"));
    let many: Vec<&str> = COVERED.into_iter().chain(["X-None"; DKIM_COVERED_MAX]).collect();
    let many = signer.sign("example.org", &many, |_| {});
    assert!(flaw(checked(&many, "example.org", &zone).await).contains("more headers"));
    let expired = signer.sign("example.org", &COVERED, |form| form.x = 1);
    assert!(flaw(checked(&expired, "example.org", &zone).await).contains("expired"));
    let part = signer.sign("example.org", &COVERED, |form| form.l = 5);
    assert!(checked(&part, "example.org", &zone).await.is_err(), "a part of the body");
}

#[tokio::test]
async fn without_a_key_nothing_counts_and_silence_is_no_answer() {
    let mut zone = Zone::default();
    let signed = Signer::of(&mut zone, "example.org").sign("example.org", &COVERED, |_| {});
    let quiet = Zone { silent: true, ..Zone::default() };
    assert!(matches!(checked(&signed, "example.org", &quiet).await, Err(Unsigned::Unanswered(_))));
    assert!(flaw(checked(&signed, "example.org", &Zone::default()).await).contains("no usable key"));
    Signer::of(&mut zone, "example.org");
    assert!(flaw(checked(&signed, "example.org", &zone).await).contains("by the key"));
    // An RSA key of 512 bits, which anyone can factor.
    let short = "v=DKIM1; k=rsa; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==";
    zone.texts.insert("s._domainkey.example.org".into(), short.into());
    assert!(flaw(checked(&signed, "example.org", &zone).await).contains("no usable key"));
}

/// A megabyte of headers became twenty of what was read of them, for as long as DNS was waited for.
#[tokio::test]
async fn a_mail_with_headers_of_a_megabyte_is_not_looked_at() {
    let mut zone = Zone::default();
    let signed = Signer::of(&mut zone, "example.org").sign("example.org", &COVERED, |_| {});
    let with = |octets: usize| "a:\n".repeat(octets / 3) + &signed;
    assert_eq!(checked(&with(DKIM_HEADERS_OCTETS_MAX / 2), "example.org", &zone).await, Ok(()));
    assert_eq!(checked(&with(DKIM_HEADERS_OCTETS_MAX), "example.org", &zone).await, Err(Unsigned::Long));
    let long_body = signed.clone() + &"a:\n".repeat(DKIM_HEADERS_OCTETS_MAX);
    assert!(flaw(checked(&long_body, "example.org", &zone).await).contains("the body"));
}
