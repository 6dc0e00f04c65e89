//! The own texts of a list's entries, by number.
//!
//! What would make a list carry more than [`TEXTS_PER_LIST_MAX`](crate::limits::TEXTS_PER_LIST_MAX) of them is refused, as far
//! as is known before it is in force: two imports at once do not know of each other's, and an undo asks no bound, because it
//! helps out of need. More have numbers: those of generations that left and of what an undo may bring back. When the list may
//! be full, or numbers are few, the writer looks which texts are carried and which are needed at all.
//!
//! Guarantees: a list has at most [`TEXTS_NUMBERED_MAX`](crate::limits::TEXTS_NUMBERED_MAX) numbers; a text keeps its own as
//! long as an entry carries it, be it only for an undo, or a running import has named it.
//! Never: writes. A commit writes the texts that it uses and that no commit wrote before.

use crate::{
    limits::{TEXTS_LEFT_FEW, TEXTS_LOOK_EVERY_SECONDS, TEXTS_NUMBERED_MAX, TEXTS_PER_LIST_MAX},
    list::{Duration, Serial, TextId, Time},
};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard},
};

/// The texts of one list; imports and the writer share it.
#[derive(Debug, Default)]
pub(super) struct Texts(Mutex<Inner>);

/// Why there is no number for a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// The body has as many texts as a list may carry.
    Body,
    /// So has the list, by what is known: a look may find fewer.
    List,
    /// No number is left: a look may free some.
    Numbers,
}

/// A running import: what it names is needed until it is over.
#[derive(Debug)]
pub(super) struct Naming {
    texts: Arc<Texts>,
    number: u64,
}

#[derive(Debug, Default)]
struct Inner {
    by_text: HashMap<Arc<str>, TextId>,
    by_id: HashMap<TextId, Arc<str>>,
    unsaved: BTreeMap<TextId, Arc<str>>,
    last: u16,
    /// Those that entries in force carried at the last look, and what was posted and imported since.
    carried: HashSet<TextId>,
    /// What each running import has named.
    running: HashMap<u64, HashSet<TextId>>,
    next_running: u64,
    /// Whether a number was given or refused since the last look: another one may find something.
    moved: bool,
    /// When somebody who found no number last had the writer look.
    helped: Time,
    /// The last commit of the list when a look found it full in truth.
    full_since: Option<Serial>,
}

impl Texts {
    /// What the store holds.
    pub fn of(saved: impl IntoIterator<Item = (TextId, Arc<str>)>) -> Self {
        let by_text: HashMap<_, _> = saved.into_iter().map(|(id, text)| (text, id)).collect();
        let by_id: HashMap<_, _> = by_text.iter().map(|(text, id)| (*id, text.clone())).collect();
        let carried: HashSet<TextId> = by_id.keys().copied().collect();
        let last = carried.iter().map(|id: &TextId| id.0).max().unwrap_or(0);
        Self(Mutex::new(Inner { by_text, by_id, carried, last, moved: true, ..Inner::default() }))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("nothing panics while it holds this lock")
    }

    /// The number of a text that an entry is to carry, for the writer.
    ///
    /// # Errors
    /// [`Full::List`], [`Full::Numbers`]
    pub fn intern(&self, text: &str) -> Result<TextId, Full> {
        self.lock().intern(text)
    }

    /// An import begins.
    pub fn naming(self: &Arc<Self>) -> Naming {
        let mut inner = self.lock();
        let number = inner.next_running;
        inner.next_running += 1;
        inner.running.insert(number, HashSet::new());
        Naming { texts: Arc::clone(self), number }
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

    /// Whether the list may be full or few numbers are left, and a look may find some that nothing needs.
    pub fn are_scarce(&self) -> bool {
        let inner = self.lock();
        let few = |held: usize, most: usize| held + TEXTS_LEFT_FEW >= most;
        inner.moved && (few(inner.carried.len(), TEXTS_PER_LIST_MAX) || few(inner.by_text.len(), TEXTS_NUMBERED_MAX))
    }

    /// Whether who found no number is to be helped by a look `now`: it walks the whole list.
    pub fn may_be_helped(&self, now: Time) -> bool {
        let mut inner = self.lock();
        let pause = Duration::from_seconds(TEXTS_LOOK_EVERY_SECONDS);
        let lately = now < inner.helped.plus(pause) && inner.helped <= now.plus(pause);
        let helps = inner.moved && !lately;
        if helps {
            inner.helped = now;
        }
        helps
    }

    /// A look has found the list full, whose last commit is `changed`.
    pub fn found_full(&self, changed: Serial) {
        self.lock().full_since = Some(changed);
    }

    /// Whether a look found the list full, and nothing of it has changed since.
    pub fn is_still_full(&self, changed: Serial) -> bool {
        self.lock().full_since == Some(changed)
    }

    /// What a look of the writer found: the texts that entries in force carry, and all that some row needs. What no running
    /// import has named either is forgotten; those numbers.
    pub fn keep(&self, carried: &HashSet<TextId>, needed: &HashSet<TextId>) -> Vec<TextId> {
        let mut inner = self.lock();
        let named: HashSet<TextId> = inner.running.values().flatten().copied().collect();
        let over: Vec<TextId> =
            inner.by_id.keys().filter(|id| !needed.contains(id) && !named.contains(id)).copied().collect();
        for id in &over {
            inner.unsaved.remove(id);
            if let Some(text) = inner.by_id.remove(id) {
                inner.by_text.remove(&text);
            }
        }
        inner.carried.clone_from(carried);
        inner.moved = false;
        over
    }
}

impl Naming {
    /// The number of a text that an entry of the import is to carry.
    ///
    /// # Errors
    /// [`Full`]
    pub fn intern(&self, text: &str) -> Result<TextId, Full> {
        let mut inner = self.texts.lock();
        let known = inner.by_text.get(text).copied();
        let named = inner.running.entry(self.number).or_default();
        if let Some(id) = known.filter(|id| named.contains(id)) {
            return Ok(id);
        }
        if named.len() >= TEXTS_PER_LIST_MAX {
            return Err(Full::Body);
        }
        let id = known.or_else(|| inner.number(text)).ok_or(Full::Numbers)?;
        inner.running.entry(self.number).or_default().insert(id);
        Ok(id)
    }

    /// Whether the list carries no more than it may once the import is in force. `others`, asked for only where it may be
    /// too many, are those that the entries of other sources carry.
    ///
    /// # Errors
    /// What `others` says.
    pub fn fits<E>(&self, others: impl FnOnce() -> Result<HashSet<TextId>, E>) -> Result<bool, E> {
        let (named, seems) = {
            let inner = self.texts.lock();
            let named = inner.running.get(&self.number).cloned().unwrap_or_default();
            let seems = inner.carried.union(&named).count() <= TEXTS_PER_LIST_MAX;
            (named, seems)
        };
        Ok(named.is_empty() || seems || others()?.union(&named).count() <= TEXTS_PER_LIST_MAX)
    }

    /// The import is in force: the list carries what it has named.
    pub fn is_in_force(&self) {
        let mut inner = self.texts.lock();
        if let Some(named) = inner.running.get(&self.number).cloned() {
            inner.carried.extend(named);
        }
    }
}

impl Drop for Naming {
    fn drop(&mut self) {
        self.texts.lock().running.remove(&self.number);
    }
}

impl Inner {
    fn intern(&mut self, text: &str) -> Result<TextId, Full> {
        let known = self.by_text.get(text).copied();
        if let Some(id) = known.filter(|id| self.carried.contains(id)) {
            return Ok(id);
        }
        self.moved = true;
        if self.carried.len() >= TEXTS_PER_LIST_MAX {
            return Err(Full::List);
        }
        let id = known.or_else(|| self.number(text)).ok_or(Full::Numbers)?;
        self.carried.insert(id);
        Ok(id)
    }

    /// A number that is free, for a new text.
    fn number(&mut self, text: &str) -> Option<TextId> {
        self.moved = true;
        if self.by_text.len() >= TEXTS_NUMBERED_MAX {
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
        assert_eq!(texts.intern("seven"), Ok(TextId(7)));
        assert_eq!(texts.intern("eight"), Ok(TextId(8)));
        assert_eq!(texts.unsaved(), [(TextId(8), "eight".into())]);
        texts.saved(&texts.unsaved());
        assert!(texts.unsaved().is_empty());
        for number in 2..TEXTS_PER_LIST_MAX {
            assert!(texts.intern(&format!("text {number}")).is_ok());
        }
        assert_eq!(texts.intern("one too many"), Err(Full::List));
        assert_eq!(texts.intern("eight"), Ok(TextId(8)));
    }

    #[test]
    fn what_nothing_needs_is_forgotten_but_not_what_a_running_import_has_named() {
        let texts = Arc::new(Texts::of((1..=3).map(|n| (TextId(n), n.to_string().into()))));
        let import = texts.naming();
        assert_eq!((import.intern("2"), import.intern("new")), (Ok(TextId(2)), Ok(TextId(4))));
        let first = HashSet::from([TextId(1)]);
        assert_eq!(texts.keep(&first, &first), [TextId(3)]);
        assert_eq!(texts.text(TextId(3)), None);
        assert_eq!(texts.unsaved(), [(TextId(4), "new".into())]);
        assert_eq!(texts.intern("3"), Ok(TextId(5)), "as new");
        drop(import);
        let mut over = texts.keep(&first, &first);
        over.sort();
        assert_eq!(over, [2, 4, 5].map(TextId));
    }

    /// The bound counted what an undo may bring back: who exchanged 2,100 texts for others was refused for a day.
    #[test]
    fn the_bound_is_on_what_entries_in_force_carry() {
        let texts = Texts::default();
        let half =
            |word: &str| (0..TEXTS_PER_LIST_MAX).map(|n| texts.intern(&format!("{word} {n}"))).collect::<Vec<_>>();
        let first: HashSet<TextId> = half("one").into_iter().flatten().collect();
        assert_eq!(texts.intern("one more"), Err(Full::List));
        assert!(texts.are_scarce());
        assert!(texts.keep(&HashSet::new(), &first).is_empty(), "for an undo");
        assert!(half("two").iter().all(Result::is_ok));
        assert_eq!(texts.intern("one more"), Err(Full::List));
    }

    #[test]
    fn numbers_go_round_and_none_that_is_held_is_given_again() {
        let texts = Texts::of([(TextId(1), "held".into()), (TextId(u16::MAX), "last".into())]);
        assert_eq!(texts.intern("next"), Ok(TextId(2)));
    }
}
