//! Clearing away, a piece at a time: generations that left, ways back that are over, texts that nothing carries, and what
//! `[keep]` ends.
//!
//! Guarantees: each row of a generation that left and that ended with it becomes history in the same batch in which it is
//! deleted. A piece is small enough that a waiting request does not feel it.
//! Never: makes a commit: nothing of what it clears away is in force. Touches the generation of a running import.

use super::{
    leaving::{Left, forget_left, how_left, past_with},
    request::Refused,
    state::ListState,
    writer::Writer,
};
use crate::{
    limits::{
        EXPIRED_TOKEN_SHOWN_SECONDS, SWEEP_COMMITS, SWEEP_EVERY_SECONDS, SWEEP_EVIDENCE_ROWS, SWEEP_HISTORY_ROWS,
        SWEEP_ROWS,
    },
    list::{Detail, Duration, Key, ListName, Time},
    store::{Batch, Held, JournalWalk, ListId, Owner, ReadError, View},
};
use std::collections::VecDeque;

const LISTS_NOTE: &str = "purged-lists";

/// Remembers that rows of a list that is no more have to be cleared away.
pub(super) fn note_of_list(view: &View<'_>, batch: &mut Batch, list: ListId) -> Result<(), ReadError> {
    let mut lists = purged_lists(view)?;
    lists.push(list.0);
    batch.put_note(LISTS_NOTE, &serde_json::to_vec(&lists).expect("numbers are JSON"));
    Ok(())
}

fn purged_lists(view: &View<'_>) -> Result<Vec<u16>, ReadError> {
    Ok(view.note(LISTS_NOTE)?.and_then(|note| serde_json::from_slice(&note).ok()).unwrap_or_default())
}

/// How far one of the walks of a round is.
enum Walk<P> {
    At(P),
    Ended,
}

impl<P: Default> Default for Walk<P> {
    fn default() -> Self {
        Self::At(P::default())
    }
}

/// A list, and the key behind which a walk through it goes on.
type InList = (ListName, Option<Key>);

/// A round through all that `[keep]` ends. Each walk comes to its end once.
#[derive(Default)]
struct Round {
    journal: Walk<JournalWalk>,
    history: Walk<Option<Vec<u8>>>,
    evidence: Walk<Option<InList>>,
}

/// What is to be cleared away, and how far it is.
#[derive(Default)]
pub(super) struct Sweep {
    next_look: Time,
    leaving: VecDeque<Owner>,
    /// Where the first of them goes on.
    after: Option<Key>,
    round: Round,
    /// Whether texts are to be looked at once nothing is leaving.
    texts: bool,
    next_prune: Time,
}

impl Sweep {
    /// Whether rows wait to be cleared away.
    pub fn has_leavings(&self) -> bool {
        !self.leaving.is_empty()
    }

    /// What waits is found again by the next look.
    pub fn look_later(&mut self) {
        self.leaving.clear();
        self.after = None;
    }

    /// Something has just left.
    pub fn look_soon(&mut self) {
        self.next_look = Time::default();
    }
}

impl Writer {
    /// One piece of everything that is to be cleared away.
    pub(super) fn sweep(&mut self, now: Time) -> Result<(), Refused> {
        // Tests and admins may set the clock back; then everything is looked at anew.
        if now >= self.sweep.next_look || self.sweep.next_look > now.plus(Duration::from_seconds(SWEEP_EVERY_SECONDS)) {
            self.look_for_leavings(now)?;
            self.sweep.texts = true;
            self.sweep.next_look = now.plus(Duration::from_seconds(SWEEP_EVERY_SECONDS));
        }
        self.clear_generation()?;
        // Rows that wait to be cleared away still name their texts.
        if self.sweep.leaving.is_empty() && std::mem::take(&mut self.sweep.texts) {
            self.free_texts()?;
        }
        let due = now >= self.sweep.next_prune
            || self.sweep.next_prune > now.plus(Duration::from_seconds(SWEEP_EVERY_SECONDS));
        if due && !self.shared.doubts_clock() {
            let walked = self.prune(now)?;
            self.sweep.next_prune = if walked { now } else { now.plus(Duration::from_seconds(SWEEP_EVERY_SECONDS)) };
        }
        Ok(())
    }

    /// Ends the ways back that are over and forgets tokens that ended long ago; finds generations that are neither in force nor kept for one.
    fn look_for_leavings(&mut self, now: Time) -> Result<(), Refused> {
        let shared = self.shared.clone();
        let (view, doubted) = (shared.store.view(), shared.doubts_clock());
        let mut batch = Batch::new();
        let mut kept = Vec::new();
        for (list, source, head) in view.undos()? {
            if doubted || head.is_open(now) {
                kept.push(Owner { list, source, generation: head.before.generation });
            } else {
                batch.delete_undo(list, source);
            }
        }
        let shown = Duration::from_seconds(EXPIRED_TOKEN_SHOWN_SECONDS);
        for (hash, token) in view.tokens()? {
            if !doubted && token.expires.is_some_and(|end| end.plus(shown) <= now) {
                batch.delete_token(hash);
            }
        }
        self.write_aside(batch)?;
        let lists: Vec<_> = view.catalog().lists().map(|(_, id)| id).collect();
        let purged = purged_lists(&view)?.into_iter().map(ListId);
        let importing = shared.places.lock().generations();
        let mut leaving = Vec::new();
        for list in lists.into_iter().chain(purged) {
            for owner in view.generations(list)? {
                let in_force = view.catalog().source(list, owner.source).is_some_and(|s| s.owner() == owner);
                if !in_force && !kept.contains(&owner) && !importing.contains(&owner.generation) {
                    leaving.push((how_left(&view, owner)?.map(|left| left.serial), owner));
                }
            }
        }
        // What left first goes first: what came in its place has to be there.
        leaving.sort_by_key(|(serial, _)| *serial);
        self.sweep.leaving = leaving.into_iter().map(|(_, owner)| owner).collect();
        self.sweep.after = None;
        Ok(())
    }

    /// Frees the numbers of own texts that no row needs any more, in lists that have few left.
    fn free_texts(&mut self) -> Result<(), Refused> {
        let shared = self.shared.clone();
        for list in shared.registered().lists().filter(|list| list.texts.are_scarce()) {
            self.free_texts_of(list)?;
        }
        Ok(())
    }

    /// Looks at the texts of one list; of all that was named, only what running imports have stands in no row yet.
    fn free_texts_of(&mut self, list: &ListState) -> Result<(), Refused> {
        let (carried, needed) = self.shared.store.view().texts_in_use(list.id)?;
        let mut batch = Batch::new();
        for id in list.texts.keep(&carried, &needed) {
            batch.delete_text(list.id, id);
        }
        self.write_aside(batch)
    }

    /// The same for who found no number, unless somebody has just looked. Whether it looked.
    pub(super) fn look_at_texts(&mut self, list: &ListState) -> Result<bool, Refused> {
        let looks = list.texts.may_be_helped(self.shared.clock.now());
        if looks {
            self.free_texts_of(list)?;
        }
        Ok(looks)
    }

    /// Deletes a piece of the first generation that left, and writes its history.
    pub(super) fn clear_generation(&mut self) -> Result<(), Refused> {
        let Some(owner) = self.sweep.leaving.front().copied() else { return Ok(()) };
        let shared = self.shared.clone();
        let view = shared.store.view();
        // An undo may have put it in force since it was found.
        if view.catalog().source(owner.list, owner.source).is_some_and(|source| source.owner() == owner) {
            self.next_leaving();
            return Ok(());
        }
        let mut dropped = view.drop_generation(owner, self.sweep.after.as_ref(), SWEEP_ROWS)?;
        if let Some(left) = how_left(&view, owner)? {
            self.remember(&view, owner, &left, &dropped.entries, &mut dropped.batch)?;
        }
        if dropped.next.is_none() {
            forget_left(&mut dropped.batch, owner);
        }
        self.write_aside(dropped.batch)?;
        match dropped.next {
            Some(after) => self.sweep.after = Some(after),
            None => self.next_leaving(),
        }
        Ok(())
    }

    fn next_leaving(&mut self) {
        self.sweep.leaving.pop_front();
        self.sweep.after = None;
        if self.sweep.leaving.is_empty() {
            // A list that is purged is forgotten when its last generation is gone.
            let view = self.shared.store.view();
            // An import that began before the purge may yet bring rows.
            let is_empty = |list| view.generations(list).is_ok_and(|left| left.is_empty());
            let is_gone = |list: &u16| is_empty(ListId(*list)) && !self.shared.places.lock().has_list(ListId(*list));
            let gone = purged_lists(&view).is_ok_and(|lists| !lists.is_empty() && lists.iter().all(is_gone));
            if gone {
                let mut batch = Batch::new();
                batch.delete_note(LISTS_NOTE);
                // A failure has turned writes off, which is said elsewhere; the note is then looked at by the next start.
                let _ = self.shared.store.write(batch);
            }
        }
    }

    fn remember(
        &self,
        view: &View<'_>,
        owner: Owner,
        left: &Left,
        entries: &[(Key, crate::list::Entry)],
        batch: &mut Batch,
    ) -> Result<(), ReadError> {
        let registered = self.shared.registered();
        let list = match registered.by_id(owner.list) {
            Some(list) => list.clone(),
            None => ListState::orphan(view, owner.list)?.into(),
        };
        let Some(source) = view.catalog().source(owner.list, owner.source) else { return Ok(()) };
        for (key, entry) in entries {
            if let Some(past) = past_with(view, (&list, &source.name), owner, left, (key, entry))? {
                batch.put_history(owner.list, key, owner.source, &past);
            }
        }
        Ok(())
    }

    /// A piece of what `[keep]` ends; whether there is more in this round.
    pub(super) fn prune(&mut self, now: Time) -> Result<bool, Refused> {
        let keep = self.shared.registered().configuration.keep;
        let shared = self.shared.clone();
        let view = shared.store.view();
        let mut batch = Batch::new();
        let mut round = std::mem::take(&mut self.sweep.round);
        if let Walk::At(walk) = round.journal {
            let (commits, next) = view.commits_before(now.minus(keep.changes), now, walk, SWEEP_COMMITS)?;
            for serial in commits {
                batch.delete_commit(serial);
            }
            round.journal = next.map_or(Walk::Ended, Walk::At);
        }
        if let Walk::At(after) = round.history {
            let old = view.history_before(now.minus(keep.history), after, SWEEP_HISTORY_ROWS)?;
            for row in old.rows {
                batch.delete_history(row);
            }
            round.history = old.next.map_or(Walk::Ended, |next| Walk::At(Some(next)));
        }
        if let Walk::At(place) = round.evidence {
            round.evidence = prune_evidence(&view, place, now.minus(keep.evidence), &mut batch)?;
        }
        self.write_aside(batch)?;
        let ended = matches!(round, Round { journal: Walk::Ended, history: Walk::Ended, evidence: Walk::Ended });
        if !ended {
            self.sweep.round = round;
        }
        Ok(!ended)
    }
}

/// Takes evidence off entries that were last seen before `before`, a piece of one list; where to go on.
fn prune_evidence(
    view: &View<'_>,
    place: Option<InList>,
    before: Time,
    batch: &mut Batch,
) -> Result<Walk<Option<InList>>, ReadError> {
    let first = || view.catalog().lists().next().map(|(first, _)| (first.clone(), None));
    let Some((name, after)) = place.or_else(first) else { return Ok(Walk::Ended) };
    if let Some(list) = view.catalog().list_id(&name) {
        let entries = match &after {
            Some(after) => view.entries_after(list, after),
            None => view.entries(list),
        };
        let (mut walked, mut last) = (0, None);
        for held in entries {
            let held = held?;
            // A piece ends behind a key: the next one goes on after all that is said there.
            if walked >= SWEEP_EVIDENCE_ROWS && last.as_ref() != Some(&held.key) {
                return Ok(Walk::At(Some((name, last))));
            }
            if super::last_seen(&held.entry, held.source.row.complete_at) < before {
                strip(view, &held, batch)?;
            }
            walked += 1;
            last = Some(held.key);
        }
    }
    let next = view.catalog().lists().find(|(other, _)| **other > name);
    Ok(next.map_or(Walk::Ended, |(next, _)| Walk::At(Some((next.clone(), None)))))
}

fn strip(view: &View<'_>, held: &Held, batch: &mut Batch) -> Result<(), ReadError> {
    let owner = held.source.owner();
    let detail = view.detail(owner, &held.key)?;
    if !detail.public.is_empty() || !detail.private.is_empty() {
        batch.put_detail(owner, &held.key, &Detail { reason: detail.reason, ..Detail::default() });
    }
    Ok(())
}
