//! Whether a domain stands behind a mail: DKIM (RFC 6376) by a library, and what we ask beyond it.
//!
//! Guarantees: a signature counts only when it is of the domain asked for or a name below it, covers the whole body, the author
//! and the header that says how the body is read, by an algorithm and a key that RFC 8301 lets count; silence of DNS is told
//! apart from a "no"; signatures tried are bounded.
//! Never: asks DNS for keys of other domains.

use crate::{
    cases::{Checks, Unanswered},
    limits::{DKIM_COVERED_MAX, DKIM_HEADERS_OCTETS_MAX, DKIM_KEY_BITS_MIN, DKIM_SIGNATURES_MAX},
    list::{ListedName, Time},
};
use mail_auth::{
    AuthenticatedMessage,
    common::{
        crypto::{Algorithm, HashAlgorithm},
        headers::Header,
        parse::TxtRecordParser as _,
        verify::{DomainKey, VerifySignature as _},
    },
    dkim::Signature,
};

/// Why the domain does not stand behind a mail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// No signature of that domain.
    #[error("the mail has no DKIM signature of {0} or of a name below it")]
    None(Box<str>),
    /// Its signature does not count.
    #[error("the DKIM signature of {0} does not count: {1}")]
    Flawed(Box<str>, &'static str),
    /// It is more than what is read.
    #[error("the headers of the mail have more than {DKIM_HEADERS_OCTETS_MAX} octets")]
    Long,
    /// Nothing is known: try again later.
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
}

/// Checks that `domain` stands behind the octets of a mail at `now`. Keys are asked of `dns`.
///
/// # Errors
/// See [`Unsigned`].
pub async fn check(mail: &[u8], domain: &ListedName, now: Time, dns: &dyn Checks) -> Result<(), Unsigned> {
    // Each line, and more so each signature, takes many times its octets for as long as DNS is waited for.
    let headers = mail.split(|octet| *octet == b'\n').take_while(|line| !matches!(*line, b"" | b"\r"));
    if headers.map(|line| line.len() + 1).sum::<usize>() > DKIM_HEADERS_OCTETS_MAX {
        return Err(Unsigned::Long);
    }
    let mut unsigned = Unsigned::None(domain.name().into());
    // Strictly: a signature of a part of the body (l=) is none.
    let Some(mut mail) = AuthenticatedMessage::parse(mail) else { return Err(unsigned) };
    let mut signatures = std::mem::take(&mut mail.dkim_headers);
    signatures.retain(|one| domain.covers_name(&one.header.d.to_ascii_lowercase()));
    for one in signatures.into_iter().take(DKIM_SIGNATURES_MAX) {
        let by: Box<str> = one.header.d.as_str().into();
        let flawed = |why| Unsigned::Flawed(by.clone(), why);
        if let Err(why) = formal(&mail, &one.header, now) {
            unsigned = flawed(why);
            continue;
        }
        let Some(key) = key(dns, &one.header).await? else {
            unsigned = flawed("there is no usable key in DNS");
            continue;
        };
        match verify(&mut mail, one, &key).await {
            Ok(()) => return Ok(()),
            Err(why) => unsigned = flawed(why),
        }
    }
    Err(unsigned)
}

/// What can be seen without the key.
fn formal(mail: &AuthenticatedMessage<'_>, signature: &Signature, now: Time) -> Result<(), &'static str> {
    let signed = |name: &str| signature.h.iter().any(|one| one.eq_ignore_ascii_case(name));
    let times = |name: &str| mail.headers.iter().filter(|(one, _)| one.eq_ignore_ascii_case(name.as_bytes())).count();
    if signature.a == Algorithm::RsaSha1 {
        return Err("rsa-sha1 is no longer used (RFC 8301)");
    }
    if signature.x != 0 && signature.x <= u64::from(now.seconds()) {
        return Err("it has expired");
    }
    if signature.h.len() > DKIM_COVERED_MAX {
        return Err("it covers more headers than a mail has");
    }
    if !signed("from") {
        return Err("it does not cover From");
    }
    // Blanks in a name, or none at all: who reads the mail may take them for names that were not signed.
    if !mail.headers.iter().all(|(name, _)| !name.is_empty() && name.iter().all(u8::is_ascii_graphic)) {
        return Err("the mail has header lines that are none");
    }
    // A second or another header in its place would make other parts of the same body.
    for name in ["content-type", "content-transfer-encoding"] {
        if times(name) > 1 || (times(name) == 1 && !signed(name)) {
            return Err("it does not cover Content-Type and Content-Transfer-Encoding, or they stand there twice");
        }
    }
    let hash = HashAlgorithm::from(signature.a);
    let body = mail.body_hashes.iter().find(|(form, by, length, _)| (form, by, length) == (&signature.cb, &hash, &0));
    if body.is_some_and(|(.., hash)| *hash == signature.bh) {
        Ok(())
    } else {
        Err("the body is not the one that was signed")
    }
}

async fn key(dns: &dyn Checks, signature: &Signature) -> Result<Option<DomainKey>, Unanswered> {
    let records = dns.texts(&signature.domain_key()).await?;
    let mut keys = records.iter().filter_map(|text| DomainKey::parse(text.as_bytes()).ok());
    Ok(keys.find(|key| key.p.public_key_bits() >= DKIM_KEY_BITS_MIN))
}

async fn verify<'m>(
    mail: &mut AuthenticatedMessage<'m>,
    one: Header<'m, Signature>,
    key: &DomainKey,
) -> Result<(), &'static str> {
    let (octets, algorithm) = (one.header.b.clone(), one.header.a);
    // The library writes out what the first signature covers.
    mail.dkim_headers = vec![one];
    let covered = mail.get_canonicalized_header().await.map_err(|_| "it cannot be read")?;
    key.p.verify_bytes(&covered, &octets, algorithm).map_err(|_| "it is not by the key in DNS")
}

#[cfg(test)]
mod tests;
