//! The own texts of a list's entries, by number.
//!
//! Guarantees: a text has one number in its list for as long as the store lives; at most
//! [`TEXTS_PER_LIST_MAX`](crate::limits::TEXTS_PER_LIST_MAX) of them.
//! Never: writes. A commit writes the texts that it uses and that no commit wrote before.

use crate::{limits::TEXTS_PER_LIST_MAX, list::TextId};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

/// The texts of one list; imports and the writer share it.
#[derive(Debug, Default)]
pub(super) struct Texts(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    by_text: HashMap<Arc<str>, TextId>,
    by_id: HashMap<TextId, Arc<str>>,
    unsaved: BTreeMap<TextId, Arc<str>>,
    last: u16,
}

impl Texts {
    /// What the store holds.
    pub fn of(saved: impl IntoIterator<Item = (TextId, Arc<str>)>) -> Self {
        let by_text: HashMap<_, _> = saved.into_iter().map(|(id, text)| (text, id)).collect();
        let by_id: HashMap<_, _> = by_text.iter().map(|(text, id)| (*id, text.clone())).collect();
        let last = by_id.keys().map(|id: &TextId| id.0).max().unwrap_or(0);
        Self(Mutex::new(Inner { by_text, by_id, unsaved: BTreeMap::new(), last }))
    }

    /// The number of a text; a new one if it has none. `None` where all numbers are given.
    pub fn intern(&self, text: &str) -> Option<TextId> {
        let mut inner = self.0.lock().expect("nothing panics while it holds this lock");
        if let Some(id) = inner.by_text.get(text) {
            return Some(*id);
        }
        if inner.by_text.len() >= TEXTS_PER_LIST_MAX {
            return None;
        }
        inner.last += 1;
        let (id, text) = (TextId(inner.last), Arc::<str>::from(text));
        inner.by_text.insert(text.clone(), id);
        inner.by_id.insert(id, text.clone());
        inner.unsaved.insert(id, text);
        Some(id)
    }

    /// All texts, in a commit or not.
    pub fn all(&self) -> Vec<(TextId, Arc<str>)> {
        let inner = self.0.lock().expect("nothing panics while it holds this lock");
        inner.by_id.iter().map(|(id, text)| (*id, text.clone())).collect()
    }

    /// The texts that are in no commit yet.
    pub fn unsaved(&self) -> Vec<(TextId, Arc<str>)> {
        let inner = self.0.lock().expect("nothing panics while it holds this lock");
        inner.unsaved.iter().map(|(id, text)| (*id, text.clone())).collect()
    }

    /// They are written.
    pub fn saved(&self, written: &[(TextId, Arc<str>)]) {
        let mut inner = self.0.lock().expect("nothing panics while it holds this lock");
        for (id, _) in written {
            inner.unsaved.remove(id);
        }
    }

    /// The text with this number.
    pub fn text(&self, id: TextId) -> Option<Arc<str>> {
        let inner = self.0.lock().expect("nothing panics while it holds this lock");
        inner.by_id.get(&id).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_its_number_and_the_bound_holds() {
        let texts = Texts::of([(TextId(7), "seven".into())]);
        assert_eq!(texts.intern("seven"), Some(TextId(7)));
        assert_eq!(texts.intern("eight"), Some(TextId(8)));
        assert_eq!(texts.unsaved(), [(TextId(8), "eight".into())]);
        texts.saved(&texts.unsaved());
        assert!(texts.unsaved().is_empty());
        for number in 2..TEXTS_PER_LIST_MAX {
            assert!(texts.intern(&format!("text {number}")).is_some());
        }
        assert_eq!(texts.intern("one too many"), None);
        assert_eq!(texts.intern("eight"), Some(TextId(8)));
    }
}
