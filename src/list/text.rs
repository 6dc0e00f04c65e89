//! The text of a TXT record, as a configuration or an entry words it, with its placeholders still in braces.
//!
//! Guarantees: a text without faults fits into one string of a TXT record and leaves no braces to mail servers that nobody
//! fills in; every fault comes with the octet where it begins.
//! Never: fills placeholders in; whoever answers does.

use crate::limits::TEXT_OCTETS_MAX;

/// What stands in braces for something that is known only when it is asked for.
const PLACEHOLDERS: [&str; 4] = ["address", "list", "code", "url"];

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    /// A TXT record's string has no room for it.
    #[error("it has at most {TEXT_OCTETS_MAX} octets")]
    TooLong,
    /// Mail servers copy the text into their replies.
    #[error("it is printable ASCII on one line: mail servers copy it into their replies")]
    Character,
    /// A name in braces that is not known.
    #[error("{{{0}}} is not known; possible are {{address}}, {{list}}, {{code}} and {{url}}")]
    Placeholder(String),
}

/// What keeps a text from being a string of a TXT record: of each kind of fault the first.
#[must_use]
pub fn string_faults(text: &str) -> Vec<(usize, TextFault)> {
    let long = (text.len() > TEXT_OCTETS_MAX).then_some((0, TextFault::TooLong));
    let odd = text.bytes().position(|octet| !matches!(octet, b' '..=b'~')).map(|at| (at, TextFault::Character));
    long.into_iter().chain(odd).collect()
}

/// As [`string_faults`], and every name in braces that is not known.
#[must_use]
pub fn template_faults(text: &str) -> Vec<(usize, TextFault)> {
    let mut faults = string_faults(text);
    let names = text.match_indices('{').filter_map(|(at, _)| {
        let inside = &text[at + 1..];
        // An opening brace that is not closed before the next one is a sign like any other.
        let name = inside[..inside.find('{').unwrap_or(inside.len())].split_once('}')?.0;
        Some((at, name))
    });
    let unknown = names.filter(|(_, name)| !PLACEHOLDERS.contains(name));
    faults.extend(unknown.map(|(at, name)| (at, TextFault::Placeholder(name.to_owned()))));
    faults
}

#[cfg(test)]
mod tests {
    use super::{template_faults as faults, *};

    #[test]
    fn a_text_names_only_what_is_known() {
        assert_eq!(faults("{address} {list} {code} {url} { }{"), [(30, TextFault::Placeholder(" ".into()))]);
        assert_eq!(faults("{ {url} }"), []);
        assert_eq!(faults("{ip}"), [(0, TextFault::Placeholder("ip".into()))]);
        assert_eq!(string_faults("{ip}"), []);
    }

    #[test]
    fn all_faults_of_a_text_come_each_with_its_place() {
        assert_eq!(
            faults("a\u{fc} {x} \u{fc} {y}"),
            [
                (1, TextFault::Character),
                (4, TextFault::Placeholder("x".into())),
                (11, TextFault::Placeholder("y".into()))
            ]
        );
        assert_eq!(faults("a\nb"), [(1, TextFault::Character)]);
        assert_eq!(faults(&"a".repeat(255)), []);
        assert_eq!(faults(&"a".repeat(256)), [(0, TextFault::TooLong)]);
    }
}
