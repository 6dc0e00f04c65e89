//! Proof that an address is somebody's: what is asked of them, and whether it was shown.
//!
//! | proof | shown by |
//! |---|---|
//! | `address` | the request comes from it (IPv6: from its block) |
//! | `rdns-txt` | `TXT "dnsbld=TOKEN"` at `_dnsbld.` under the name that the address has in reverse DNS, which leads back to it |
//! | `postmaster` | a code that was mailed to postmaster@ of that domain |
//!
//! Guarantees: pure; a token is for one request; a domain gets one mail in 24 hours, all together 100 a day.
//! Never: takes a name of reverse DNS that does not lead back.

use crate::{
    limits::{POSTMASTER_CODE_SECONDS, POSTMASTER_CODE_TRIES, POSTMASTER_MAIL_SECONDS, POSTMASTER_MAILS_PER_DAY},
    list::{Duration, Key, Prefix, Time},
};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

use super::request::MailedCode;

/// What somebody sends as a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// They call from this address.
    Address(IpAddr),
    /// The token is in DNS now.
    RdnsTxt,
    /// Send the code.
    AskForCode,
    /// This is the code.
    Code(String),
}

/// Whether who calls from `address` calls from the key.
#[must_use]
pub fn comes_from(key: &Key, address: IpAddr) -> bool {
    match key {
        Key::Prefix(prefix) => prefix.covers(Prefix::host(address)),
        Key::Name(_) | Key::Hash(_) => false,
    }
}

/// The TXT record that shows the token.
#[must_use]
pub fn txt_value(token: &str) -> String {
    format!("dnsbld={token}")
}

/// Where that record may stand for a name: under itself, and under the domain that was registered.
#[must_use]
pub fn txt_names(name: &str) -> Vec<String> {
    let mut names = vec![format!("_dnsbld.{name}")];
    names.extend(registered(name).filter(|domain| *domain != name).map(|domain| format!("_dnsbld.{domain}")));
    names
}

/// The domain that was registered, such as example.org of mx.example.org.
#[must_use]
pub fn registered(name: &str) -> Option<&str> {
    psl::domain_str(name)
}

/// Whether the texts of a name show the token.
#[must_use]
pub fn is_shown(texts: &[Box<str>], token: &str) -> bool {
    let wanted = txt_value(token);
    texts.iter().any(|text| text.trim() == wanted)
}

/// Why a code proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// None was asked for.
    #[error("no code was mailed for this request; ask for one")]
    NotMailed,
    /// Whoever guesses has had their tries.
    #[error("too many wrong codes; ask for another")]
    ManyWrong,
    /// Its day is over.
    #[error("the code is too old; ask for another")]
    Old,
    /// Another was mailed.
    #[error("this is not the code")]
    Wrong,
}

/// Whether a code that was told is the one that was mailed.
///
/// # Errors
/// [`CodeError`]; only [`CodeError::Wrong`] counts as a try.
pub fn is_code(mailed: Option<&MailedCode>, told: &str, now: Time) -> Result<(), CodeError> {
    let mailed = mailed.ok_or(CodeError::NotMailed)?;
    mailed.is_good(now)?;
    let digits: String = told.chars().filter(char::is_ascii_digit).collect();
    if mailed.hash.is(&digits) { Ok(()) } else { Err(CodeError::Wrong) }
}

impl MailedCode {
    /// Whether it may still be told.
    ///
    /// # Errors
    /// [`CodeError::ManyWrong`], [`CodeError::Old`]: another has to be asked for.
    pub fn is_good(&self, now: Time) -> Result<(), CodeError> {
        if self.wrong >= POSTMASTER_CODE_TRIES {
            return Err(CodeError::ManyWrong);
        }
        if now >= self.at.plus(Duration::from_seconds(POSTMASTER_CODE_SECONDS)) {
            return Err(CodeError::Old);
        }
        Ok(())
    }
}

/// A new code: nine digits.
#[must_use]
pub fn draw_code() -> String {
    let mut octets = [0; 8];
    getrandom::fill(&mut octets).expect("Linux gives random octets to every process");
    format!("{:09}", u64::from_be_bytes(octets) % 1_000_000_000)
}

/// Mails that were sent to postmasters: of one domain, or of one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mails {
    /// Version of this row.
    pub v: u8,
    /// The last of them.
    pub last: Time,
    /// How many.
    pub count: u32,
}

/// Counts a mail to a domain that had `domain`, on a day that had `day`.
///
/// # Errors
/// When the next may be sent.
pub fn count_mail(domain: Option<Mails>, day: Option<Mails>, now: Time) -> Result<(Mails, Mails), Time> {
    if let Some(domain) = domain {
        let next = domain.last.plus(Duration::from_seconds(POSTMASTER_MAIL_SECONDS));
        if now < next {
            return Err(next);
        }
    }
    let today = day.map_or(0, |day| day.count);
    if today >= POSTMASTER_MAILS_PER_DAY {
        return Err(Time::from_seconds((now.seconds() / 86_400 + 1).saturating_mul(86_400)));
    }
    Ok((Mails { v: 1, last: now, count: 1 }, Mails { v: 1, last: now, count: today + 1 }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::{Secret, SecretHash};
    use proptest::prelude::*;

    const T0: Time = Time::from_seconds(1_800_000_000);

    fn mailed(code: &str) -> MailedCode {
        let hash: SecretHash = serde_json::from_value(
            data_encoding::HEXLOWER.encode(&<sha2::Sha256 as sha2::Digest>::digest(code)).into(),
        )
        .unwrap();
        MailedCode { domain: "example.org".into(), hash, at: T0, wrong: 0 }
    }

    #[test]
    fn who_calls_from_the_address_or_the_v6_block_calls_from_the_key() {
        let from = |key: &str, address: &str| comes_from(&Key::parse_any(key).unwrap(), address.parse().unwrap());
        assert!(from("192.0.2.1", "192.0.2.1") && from("192.0.2.1", "::ffff:192.0.2.1"));
        assert!(!from("192.0.2.1", "192.0.2.2") && !from("example.org", "192.0.2.1"));
        assert!(from("2001:db8:0:1::/64", "2001:db8:0:1::99") && !from("2001:db8:0:1::/64", "2001:db8:0:2::99"));
    }

    #[test]
    fn a_token_counts_under_the_name_and_under_its_domain() {
        assert_eq!(txt_names("mx.example.co.uk"), ["_dnsbld.mx.example.co.uk", "_dnsbld.example.co.uk"]);
        assert_eq!(txt_names("example.org"), ["_dnsbld.example.org"]);
        let texts = ["v=spf1 -all".into(), "dnsbld=abc ".into()];
        assert!(is_shown(&texts, "abc") && !is_shown(&texts, "ab") && !is_shown(&[], "abc"));
    }

    #[test]
    fn a_code_is_good_for_a_day_and_a_few_tries() {
        let code = mailed("123456789");
        assert_eq!(is_code(Some(&code), " 123 456 789", T0), Ok(()));
        assert_eq!(is_code(Some(&code), "123456780", T0), Err(CodeError::Wrong));
        let later = T0.plus(Duration::from_seconds(POSTMASTER_CODE_SECONDS));
        assert_eq!(is_code(Some(&code), "123456789", later), Err(CodeError::Old));
        let tried = MailedCode { wrong: POSTMASTER_CODE_TRIES, ..code };
        assert_eq!(is_code(Some(&tried), "123456789", T0), Err(CodeError::ManyWrong));
        assert_eq!(is_code(None, "1", T0), Err(CodeError::NotMailed));
        let drawn = draw_code();
        assert!(drawn.len() == 9 && drawn.bytes().all(|b| b.is_ascii_digit()) && Secret::draw().reveal() != drawn);
    }

    proptest! {
        #[test]
        fn a_domain_gets_one_mail_in_24_hours_and_all_together_100_a_day(
            wanted in proptest::collection::vec((0u8..200, 0u32..2_000), 0..400),
        ) {
            let (mut domains, mut days) = (std::collections::HashMap::new(), std::collections::HashMap::new());
            let (mut now, mut sent) = (T0, Vec::new());
            for (domain, wait) in wanted {
                now = now.plus(Duration::from_seconds(wait));
                let day = now.seconds() / 86_400;
                if let Ok((of_domain, of_day)) = count_mail(domains.get(&domain).copied(), days.get(&day).copied(), now) {
                    domains.insert(domain, of_domain);
                    days.insert(day, of_day);
                    sent.push((domain, now));
                }
            }
            for (at, (domain, time)) in sent.iter().enumerate() {
                let before = sent[..at].iter().rev().find(|(other, _)| other == domain);
                prop_assert!(before.is_none_or(|(_, other)| time.since(*other).seconds() >= 86_400));
                let same_day = sent.iter().filter(|(_, other)| other.seconds() / 86_400 == time.seconds() / 86_400);
                prop_assert!(same_day.count() <= 100);
            }
        }
    }
}
