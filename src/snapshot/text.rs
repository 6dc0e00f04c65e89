//! The TXT record of a listing: templates, parsed once, and how the one string is put together.
//!
//! Guarantees: at most 255 printable octets; the URL is in it and whole; what does not fit goes in the order of DESIGN
//! 4.4: the names of the further lists, all at once, then the end of the text, at a word.
//! Never: allocates when it answers.

use crate::list::ReturnCode;
use arrayvec::ArrayVec;
use std::io::Write as _;

/// Octets of a character-string (RFC 1035 3.3).
pub const TXT_OCTETS_MAX: usize = 255;

/// Octets that a URL with its key may have; longer ones lead to the first page.
const URL_OCTETS_MAX: usize = 200;

/// Octets of a text before it is cut: what lies beyond can never be shown.
const DRAFT_OCTETS_MAX: usize = 1_024;

/// A text with its places for what is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Template(Box<[Part]>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(Box<[u8]>),
    Address,
    List,
    Code,
    Url,
}

/// What stands in the places.
pub(super) struct Facts<'a> {
    /// The address, name or hash, as it stands in the URL.
    pub key: &'a [u8],
    pub list: &'a [u8],
    pub code: ReturnCode,
    pub public_url: &'a [u8],
}

/// A bounded draft: what does not fit any more is left out.
type Draft = ArrayVec<u8, DRAFT_OCTETS_MAX>;

/// Appends as much as fits.
pub(super) fn push<const N: usize>(out: &mut ArrayVec<u8, N>, octets: &[u8]) {
    let room = out.remaining_capacity().min(octets.len());
    out.try_extend_from_slice(&octets[..room]).expect("no more than there is room for");
}

impl Template {
    /// Reads `{address}`, `{list}`, `{code}` and `{url}`; other braces are text. What cannot be printed becomes a blank.
    pub fn parse(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut literal = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let place =
                [("{address}", Part::Address), ("{list}", Part::List), ("{code}", Part::Code), ("{url}", Part::Url)]
                    .into_iter()
                    .find(|(name, _)| rest.starts_with(name));
            if let Some((name, part)) = place {
                if !literal.is_empty() {
                    parts.push(Part::Literal(std::mem::take(&mut literal).into()));
                }
                parts.push(part);
                rest = &rest[name.len()..];
            } else {
                literal.push(if first.is_ascii_graphic() { first as u8 } else { b' ' });
                rest = &rest[first.len_utf8()..];
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal.into()));
        }
        Self(parts.into())
    }

    fn render(&self, facts: &Facts<'_>, url: &[u8]) -> Draft {
        let mut draft = Draft::new();
        for part in &self.0 {
            match part {
                Part::Literal(octets) => push(&mut draft, octets),
                Part::Address => push(&mut draft, facts.key),
                Part::List => push(&mut draft, facts.list),
                // What does not fit is left out, as by `push`.
                Part::Code => drop(write!(draft, "{}", facts.code)),
                Part::Url => push(&mut draft, url),
            }
        }
        draft
    }

    /// Heap octets, for the account of memory.
    pub fn octets(&self) -> usize {
        let literal = |part: &Part| if let Part::Literal(octets) = part { octets.len() } else { 0 };
        self.0.iter().map(|part| size_of::<Part>() + literal(part)).sum()
    }
}

/// Puts the string together. `also`: the names of the further lists.
pub(super) fn compose<'a>(
    template: &Template,
    facts: &Facts<'_>,
    also: impl Iterator<Item = &'a [u8]>,
    out: &mut ArrayVec<u8, TXT_OCTETS_MAX>,
) {
    out.clear();
    let mut url = ArrayVec::<u8, TXT_OCTETS_MAX>::new();
    push(&mut url, facts.public_url);
    push(&mut url, b"/");
    if url.len() + facts.key.len() <= URL_OCTETS_MAX {
        push(&mut url, facts.key);
    }
    let draft = template.render(facts, &url);
    let text = draft.trim_ascii_end();
    let mut names = Draft::new();
    for name in also {
        let before: &[u8] = if names.is_empty() { b"; also " } else { b", " };
        push(&mut names, before);
        push(&mut names, name);
    }
    let held = find(text, &url);
    let tail = if held.is_some() { 0 } else { url.len() + usize::from(!text.is_empty() || !names.is_empty()) };
    if names.len() + tail + text.len() <= TXT_OCTETS_MAX {
        push(out, text);
        push(out, &names);
        push_url(out, &url, held.is_none());
        return;
    }
    match held {
        // The URL stands where the text has it, as long as it stands early enough.
        Some(at) if at + url.len() <= TXT_OCTETS_MAX => {
            push(out, cut_at_word(text, TXT_OCTETS_MAX, at + url.len()));
        }
        Some(at) => {
            push(out, cut_at_word(&text[..at], TXT_OCTETS_MAX - 1 - url.len(), 0));
            push_url(out, &url, true);
        }
        None => {
            push(out, cut_at_word(text, TXT_OCTETS_MAX - 1 - url.len(), 0));
            push_url(out, &url, true);
        }
    }
}

fn push_url(out: &mut ArrayVec<u8, TXT_OCTETS_MAX>, url: &[u8], wanted: bool) {
    if wanted {
        if !out.is_empty() {
            push(out, b" ");
        }
        push(out, url);
    }
}

/// Where `wanted` stands in `text`. Most places differ in their first octet, which is looked at before the whole is compared.
fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window[0] == wanted[0] && window == wanted)
}

/// The beginning of `text`, at most `octets` long, whole words only, but never less than the first `keep` octets.
fn cut_at_word(text: &[u8], octets: usize, keep: usize) -> &[u8] {
    let cut = if text.len() <= octets {
        text
    } else {
        let border = (keep..=octets).rev().find(|&at| text[at] == b' ');
        // One word that is longer than the whole string is cut where it must be.
        &text[..border.unwrap_or(if keep == 0 { octets } else { keep })]
    };
    cut.trim_ascii_end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn composed(text: &str, key: &str, also: &[&str], public_url: &str) -> String {
        let mut out = ArrayVec::new();
        let facts = Facts {
            key: key.as_bytes(),
            list: b"dynamic",
            code: "127.0.0.10".parse().unwrap(),
            public_url: public_url.as_bytes(),
        };
        compose(&Template::parse(text), &facts, also.iter().map(|name| name.as_bytes()), &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn the_places_are_filled_and_the_url_comes_once() {
        let url = "http://bl.example";
        assert_eq!(
            composed("{address} in {list} ({code}), {url}!", "192.0.2.1", &[], url),
            "192.0.2.1 in dynamic (127.0.0.10), http://bl.example/192.0.2.1!"
        );
        assert_eq!(composed("Bad {thing}", "192.0.2.1", &[], url), "Bad {thing} http://bl.example/192.0.2.1");
        assert_eq!(
            composed("Bad", "192.0.2.1", &["relay", "spam"], url),
            "Bad; also relay, spam http://bl.example/192.0.2.1"
        );
        assert_eq!(composed("", "192.0.2.1", &[], url), "http://bl.example/192.0.2.1");
        assert_eq!(composed("see http://bl.example/k ok", "k", &[], url), "see http://bl.example/k ok");
    }

    #[test]
    fn the_names_go_before_a_word_of_the_text_does() {
        let url = "http://bl.example";
        let text = "word ".repeat(45);
        let (whole, also) =
            (composed(&text, "192.0.2.1", &[], url), composed(&text, "192.0.2.1", &["relay-long-name"], url));
        assert_eq!(whole, also);
        let cut = composed(&"word ".repeat(60), "192.0.2.1", &["relay"], url);
        assert!(cut.len() <= 255 && cut.ends_with(" word http://bl.example/192.0.2.1"), "{cut}");
    }

    #[test]
    fn the_names_count_their_blank_when_the_text_is_empty() {
        // `; also NAME` of 102 octets, a blank and a URL of 152 are just 255; with one more the names go.
        for (octets, names) in [(134, 1), (135, 0)] {
            let key = "k".repeat(octets);
            let out = composed("", &key, &["a".repeat(95).as_str()], "http://bl.example");
            assert_eq!((out.matches("; also").count(), out.ends_with(&format!("/{key}"))), (names, true), "{out}");
        }
    }

    #[test]
    fn a_key_too_long_for_the_url_leads_to_the_first_page() {
        let key = "a".repeat(190);
        assert_eq!(composed("Bad", &key, &[], "http://bl.example"), "Bad http://bl.example/");
    }

    proptest! {
        #[test]
        fn the_string_is_printable_bounded_and_holds_the_whole_url(
            text in "([a-z]{1,30} |\\{url\\}|\\{address\\} ?|é){0,40}", key in "[a-z.]{1,200}",
            also in proptest::collection::vec("[a-z]{2,32}", 0..8), host in "[a-z]{1,92}",
        ) {
            let public_url = format!("http://{host}");
            let also: Vec<&str> = also.iter().map(String::as_str).collect();
            let out = composed(&text, &key, &also, &public_url);
            let whole = format!("{public_url}/{key}");
            let url = if whole.len() > 200 { format!("{public_url}/") } else { whole };
            prop_assert!(out.len() <= 255);
            prop_assert!(out.bytes().all(|b| (0x20..0x7f).contains(&b)));
            prop_assert!(out.contains(&url));
        }
    }
}
