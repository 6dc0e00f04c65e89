//! The rule of match at one key: what the entries of all sources at the same key of one list say together.
//!
//! Guarantees: an exclusion by any source beats every listing; otherwise one tag for each distinct code, codes ascending,
//! each with the text that DNS shows for it: an entry's own before the list's, then that of the source first in ASCII order.
//! Never: looks at other keys. The most specific key that covers a question decides; finding it is the snapshot's work.

use super::{Entry, ListSettings, Mark, ReturnCode, TextId};
use smallvec::SmallVec;

/// One return code that a list has for a key, and the text that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag {
    /// The code of the A record.
    pub code: ReturnCode,
    /// An entry's own text; `None`: the list's.
    pub text: Option<TextId>,
}

/// What one key of one list says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A hole.
    Excluded,
    /// Listed, with at least one tag.
    Listed(SmallVec<[Tag; 1]>),
}

/// Decides among the entries at one key of a list. `None` where there is no entry.
pub fn decide<'a>(list: &ListSettings, entries: impl IntoIterator<Item = (&'a str, &'a Entry)>) -> Option<Decision> {
    // The order of the fields is the order of precedence: code, own text first, source.
    let mut found = SmallVec::<[_; 2]>::new();
    for (source, entry) in entries {
        if entry.mark == Mark::Excluded {
            return Some(Decision::Excluded);
        }
        let Tag { code, text } = list.tag(entry);
        found.push((code, text.is_none(), source, text));
    }
    if found.is_empty() {
        return None;
    }
    found.sort_unstable();
    found.dedup_by_key(|(code, ..)| *code);
    Some(Decision::Listed(found.into_iter().map(|(code, _, _, text)| Tag { code, text }).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::Time;

    fn entry(mark: Mark, code: Option<&str>, text: Option<u16>) -> Entry {
        let at = Time::default();
        let code = code.map(|c| c.parse().unwrap());
        Entry { mark, code, text: text.map(TextId), first_seen: at, last_seen: at, expires: None }
    }

    fn list() -> ListSettings {
        let [code, low] = ["127.0.0.10", "127.0.0.2"].map(|code| code.parse().unwrap());
        ListSettings { code, codes: vec![low], entry_texts: true, ..ListSettings::never() }
    }

    #[test]
    fn what_the_list_no_longer_allows_is_not_said() {
        let old = entry(Mark::Listed, Some("127.0.0.2"), Some(7));
        let said = |list: &ListSettings| decide(list, [("a", &old)]);
        let tag = |code: &str, text: Option<u16>| {
            Some(Decision::Listed(smallvec::smallvec![Tag { code: code.parse().unwrap(), text: text.map(TextId) }]))
        };
        assert_eq!(said(&list()), tag("127.0.0.2", Some(7)));
        assert_eq!(said(&ListSettings { codes: Vec::new(), ..list() }), tag("127.0.0.10", Some(7)));
        assert_eq!(said(&ListSettings { entry_texts: false, ..list() }), tag("127.0.0.2", None));
    }

    #[test]
    fn at_the_same_key_an_exclusion_by_any_source_beats_every_listing() {
        let (listed, hole) = (entry(Mark::Listed, None, None), entry(Mark::Excluded, None, None));
        assert_eq!(decide(&list(), [("a", &listed), ("b", &hole), ("c", &listed)]), Some(Decision::Excluded));
        assert_eq!(decide(&list(), []), None);
    }

    #[test]
    fn each_code_comes_once_with_an_own_text_before_the_lists() {
        let bare = entry(Mark::Listed, None, None);
        let (z, b) = (entry(Mark::Listed, None, Some(7)), entry(Mark::Listed, None, Some(8)));
        let low = entry(Mark::Listed, Some("127.0.0.2"), None);
        let Some(Decision::Listed(tags)) = decide(&list(), [("a", &bare), ("z", &z), ("b", &b), ("c", &low)]) else {
            panic!("listed")
        };
        assert_eq!(
            tags.to_vec(),
            [Tag { code: "127.0.0.2".parse().unwrap(), text: None }, Tag { code: list().code, text: Some(TextId(8)) }]
        );
    }
}
