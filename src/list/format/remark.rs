//! Reasons and evidence: words of others, made fit to be shown.
//!
//! Guarantees: what comes out has no control character (C0, C1, DEL), no sign that turns the direction of the text around
//! and no byte order mark; a reason is one line of at most [`REASON_OCTETS_MAX`] octets, cut at a character. In a list of
//! hashes no word with an `@` remains.
//! Never: escapes for HTML, CSV or a zone file; whoever writes one does.

use super::Dialect;
use crate::{limits::REASON_OCTETS_MAX, list::KeyFamily};

/// What stands where a mail address stood.
const HIDDEN: &str = "(address)";

/// A reason: one line.
pub(super) fn reason(text: &str, dialect: &Dialect) -> Box<str> {
    let text = text.trim();
    if text.is_empty() {
        return Box::default();
    }
    let clean = text.chars().filter_map(|c| if c.is_whitespace() { Some(' ') } else { shown(c) });
    let clean: String = clean.take(REASON_OCTETS_MAX).collect();
    let clean = hide_addresses(&clean, dialect);
    cut(clean.trim(), REASON_OCTETS_MAX).trim_end().into()
}

/// A piece of evidence: line breaks and tabs stay. Its length is the reader's to check.
pub(super) fn evidence(text: &str, dialect: &Dialect) -> Box<str> {
    let clean: String =
        text.chars().filter_map(|c| if matches!(c, '\n' | '\t') { Some(c) } else { shown(c) }).collect();
    hide_addresses(&clean, dialect).into()
}

/// Takes every word with an `@` out of a text about a list of hashes, whose addresses are never kept in clear.
pub(super) fn hide_addresses(text: &str, dialect: &Dialect) -> String {
    if !hides(dialect) || !text.contains('@') {
        return text.to_owned();
    }
    let words = text.split_inclusive(char::is_whitespace);
    words
        .map(|word| {
            if !word.contains('@') {
                return word.to_owned();
            }
            let blank = word.chars().next_back().filter(|c| c.is_whitespace());
            blank.map_or_else(|| HIDDEN.to_owned(), |blank| format!("{HIDDEN}{blank}"))
        })
        .collect()
}

/// Whether a list's bodies may hold mail addresses that must not be kept.
pub(super) const fn hides(dialect: &Dialect) -> bool {
    matches!(dialect.family, KeyFamily::Hashes(_) | KeyFamily::Any)
}

/// The first `octets` of a text at most, ending with a whole character.
pub(super) fn cut(text: &str, octets: usize) -> &str {
    if text.len() <= octets {
        return text;
    }
    let mut end = octets;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn shown(c: char) -> Option<char> {
    // Bidirectional controls (UAX 9) could make a page show a reason as the page's own words; line separators end a line.
    let turns = matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    (!turns && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}')).then_some(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::{HashKind, Kind, ListSettings, Time};
    use proptest::prelude::*;

    fn dialect(kind: Kind) -> Dialect {
        Dialect::of(&ListSettings { kind, hash: HashKind::Sha1, ..ListSettings::never() }, Time::default())
    }

    #[test]
    fn a_reason_is_one_line_of_characters_that_can_be_shown() {
        let spam = dialect(Kind::Spam);
        assert_eq!(&*reason(" a\tb\r\nc\0d\u{9b}e\u{202e}f \u{2066}", &spam), "a b  cdef");
        assert_eq!(reason(&"é".repeat(600), &spam).len(), REASON_OCTETS_MAX);
        assert_eq!(&*evidence("a\r\n\tb\0", &spam), "a\n\tb");
    }

    #[test]
    fn only_a_list_that_may_hold_addresses_hides_them() {
        assert_eq!(&*reason("from a@example.org now", &dialect(Kind::MailHash)), "from (address) now");
        assert_eq!(&*evidence("To: <a@example.org>\nhello", &dialect(Kind::Never)), "To: (address)\nhello");
        assert_eq!(&*reason("from a@example.org now", &dialect(Kind::Spam)), "from a@example.org now");
    }

    proptest! {
        #[test]
        fn a_cleaned_reason_is_clean(text in "\\PC{0,40}|.{0,40}") {
            for kind in [Kind::Spam, Kind::MailHash] {
                let once = reason(&text, &dialect(kind));
                prop_assert_eq!(&reason(&once, &dialect(kind)), &once);
                prop_assert!(kind == Kind::Spam || !once.contains('@'));
            }
        }
    }
}
