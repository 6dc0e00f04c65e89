//! The own texts of a list's entries, by number.
//!
//! Guarantees: a text keeps its number as long as an entry carries it, be it only for an undo; at most
//! [`TEXTS_PER_LIST_MAX`](crate::limits::TEXTS_PER_LIST_MAX) of them at a time. When few numbers are left, the writer looks which
//! ones nothing needs any more; what is named while it looks counts as needed.
//! Never: writes. A commit writes the texts that it uses and that no commit wrote before.

use crate::{
    limits::{TEXTS_LEFT_FEW, TEXTS_PER_LIST_MAX},
    list::TextId,
};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard},
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
    /// Whether a number was given or refused since the last look: another one may find something.
    moved: bool,
    /// Whether one was refused since.
    short: bool,
    /// What was named since the current look began.
    named: Option<HashSet<TextId>>,
}

impl Texts {
    /// What the store holds.
    pub fn of(saved: impl IntoIterator<Item = (TextId, Arc<str>)>) -> Self {
        let by_text: HashMap<_, _> = saved.into_iter().map(|(id, text)| (text, id)).collect();
        let by_id: HashMap<_, _> = by_text.iter().map(|(text, id)| (*id, text.clone())).collect();
        let last = by_id.keys().map(|id: &TextId| id.0).max().unwrap_or(0);
        Self(Mutex::new(Inner { by_text, by_id, last, moved: true, ..Inner::default() }))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("nothing panics while it holds this lock")
    }

    /// The number of a text; a new one if it has none. `None` where all numbers are given.
    pub fn intern(&self, text: &str) -> Option<TextId> {
        let mut inner = self.lock();
        let id = match inner.by_text.get(text) {
            Some(id) => *id,
            None => inner.number(text)?,
        };
        if let Some(named) = &mut inner.named {
            named.insert(id);
        }
        Some(id)
    }

    /// All texts, in a commit or not.
    pub fn all(&self) -> Vec<(TextId, Arc<str>)> {
        self.lock().by_id.iter().map(|(id, text)| (*id, text.clone())).collect()
    }

    /// The texts that are in no commit yet.
    pub fn unsaved(&self) -> Vec<(TextId, Arc<str>)> {
        self.lock().unsaved.iter().map(|(id, text)| (*id, text.clone())).collect()
    }

    /// They are written.
    pub fn saved(&self, written: &[(TextId, Arc<str>)]) {
        let mut inner = self.lock();
        for (id, _) in written {
            inner.unsaved.remove(id);
        }
    }

    /// The text with this number.
    pub fn text(&self, id: TextId) -> Option<Arc<str>> {
        self.lock().by_id.get(&id).cloned()
    }

    /// Whether few numbers are left, and a look may find some that nothing needs.
    pub fn are_scarce(&self) -> bool {
        let inner = self.lock();
        inner.moved && inner.by_text.len() + TEXTS_LEFT_FEW >= TEXTS_PER_LIST_MAX
    }

    /// Whether there was none left for somebody, who had better not wait for the next look.
    pub fn are_short(&self) -> bool {
        self.lock().short
    }

    /// A look begins: from here on what is named counts as needed.
    pub fn begin_look(&self) {
        self.lock().named = Some(HashSet::new());
    }

    /// The look is over: what is neither `used` nor was named meanwhile is forgotten; those numbers.
    pub fn keep(&self, used: &HashSet<TextId>) -> Vec<TextId> {
        let mut inner = self.lock();
        let named = inner.named.take().unwrap_or_default();
        (inner.moved, inner.short) = (false, false);
        let over: Vec<TextId> =
            inner.by_id.keys().filter(|id| !used.contains(id) && !named.contains(id)).copied().collect();
        for id in &over {
            inner.unsaved.remove(id);
            if let Some(text) = inner.by_id.remove(id) {
                inner.by_text.remove(&text);
            }
        }
        over
    }
}

impl Inner {
    /// A number that is free, for a new text.
    fn number(&mut self, text: &str) -> Option<TextId> {
        self.moved = true;
        if self.by_text.len() >= TEXTS_PER_LIST_MAX {
            self.short = true;
            return None;
        }
        // There are many more numbers than texts.
        let free = |last: u16| (1..=u16::MAX).map(move |step| TextId(last.wrapping_add(step)));
        let id = free(self.last).find(|id| id.0 > 0 && !self.by_id.contains_key(id))?;
        let text = Arc::<str>::from(text);
        self.last = id.0;
        self.by_text.insert(text.clone(), id);
        self.by_id.insert(id, text.clone());
        self.unsaved.insert(id, text);
        Some(id)
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

    #[test]
    fn what_nothing_needs_is_forgotten_but_not_what_is_named_during_the_look() {
        let texts = Texts::of((1..=3).map(|n| (TextId(n), n.to_string().into())));
        texts.begin_look();
        assert_eq!((texts.intern("2"), texts.intern("new")), (Some(TextId(2)), Some(TextId(4))));
        assert_eq!(texts.keep(&HashSet::from([TextId(1)])), [TextId(3)]);
        assert_eq!(texts.text(TextId(3)), None);
        assert_eq!(texts.unsaved(), [(TextId(4), "new".into())]);
        assert_eq!(texts.intern("3"), Some(TextId(5)), "as new");
    }

    #[test]
    fn numbers_go_round_and_none_that_is_held_is_given_again() {
        let texts = Texts::of([(TextId(1), "held".into()), (TextId(u16::MAX), "last".into())]);
        assert_eq!(texts.intern("next"), Some(TextId(2)));
    }
}
