//! The passing of time ends entries.
//!
//! Three walks find what may have ended: entries with an end of their own (`due`), entries that came by POST (`seen`), and
//! sources whose last whole import is as old as the list's term, as a whole. Each find is checked against the entry in
//! force, for the rows of `due` and `seen` are hints.
//!
//! The clock is not trusted blindly. It must not stand before the last commit; at the start it must not stand more than 30 days
//! after it (a running server without commits is vouched for by the time since boot); it must not jump by more than an
//! hour against the time since boot. Else expiry pauses, across restarts, until an admin lets it go on.
//!
//! Guarantees: at most [`EXPIRY_KEYS_MAX`] keys a commit; a round a second, and one after another while there is more, between
//! what is asked.
//! Never: ends an entry while it pauses.

use super::{
    door::Shared,
    draft::{Draft, UndoStep},
    plan::{Holding, end_of},
    request::{Actor, Pause, Refused},
    state::{ListState, Registered},
    tally::Leaving,
    writer::Writer,
};
use crate::{
    limits::{
        CLOCK_AHEAD_MAX_SECONDS, CLOCK_BEHIND_MAX_SECONDS, CLOCK_JUMP_SECONDS_MAX, EXPIRY_KEYS_MAX,
        EXPIRY_LOOK_EVERY_SECONDS, HOUR_SECONDS,
    },
    list::{Duration, Key, Time},
    store::{Act, Arrival, Batch, Hint, ListId, ReadError, Source, SourceId, Store, View, Why},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Under this name the store remembers that expiry pauses.
const PAUSE_NOTE: &str = "expiry-paused";

/// Under this name it remembers the serial at which an admin let it go on, who knew the time of that commit.
const RESUMED_NOTE: &str = "expiry-resumed";

const PAUSES: [Pause; 4] = [Pause::ClockBehind, Pause::ClockAhead, Pause::ClockJumped, Pause::Restored];

/// How far the walks are.
pub(super) struct Expiry {
    /// How far the time of day was from the time since boot.
    offset: i64,
    /// Sources that are, or were, walked because they are silent.
    silent: HashMap<(ListId, SourceId), Silent>,
    /// How far the entries of each list are looked at that were last seen in an hour that is not over.
    looks: HashMap<ListId, Look>,
    /// Whether the last round found as many as one may end.
    more: bool,
}

/// A look at the entries of a list, which may take some rounds.
#[derive(Default)]
struct Look {
    /// The entry that was looked at last; `None` before the first, and after the last.
    after: Option<Hint>,
    /// When the next look begins.
    next: Time,
}

struct Silent {
    complete_at: Time,
    term: Duration,
    after: Option<Key>,
    done: bool,
}

impl Expiry {
    pub fn new(shared: &Shared) -> Self {
        Self { offset: shared.clock.offset(), silent: HashMap::new(), looks: HashMap::new(), more: false }
    }

    /// Whether more may have ended than the last round could take: a feed that ends as a whole shall not keep others listed.
    pub const fn has_more(&self) -> bool {
        self.more
    }

    /// The source holds again what it held before: whether that was walked is not known.
    pub fn forget_source(&mut self, list: ListId, source: SourceId) {
        self.silent.remove(&(list, source));
    }

    /// The terms may have changed: everything is looked at anew.
    pub fn forget(&mut self) {
        self.silent.clear();
        self.looks.clear();
    }
}

/// The pause that the store remembers, or that the clock at the start asks for.
pub(super) fn pause_at_start(store: &Store, now: Time) -> Result<Option<Pause>, ReadError> {
    if let Some(note) = store.view().note(PAUSE_NOTE)? {
        return Ok(PAUSES.into_iter().find(|pause| pause.to_string().as_bytes() == note));
    }
    let Some(last) = store.last_commit_time() else { return Ok(None) };
    Ok(if now.plus(Duration::from_seconds(CLOCK_BEHIND_MAX_SECONDS)) < not_before(store)? {
        Some(Pause::ClockBehind)
    } else if now > last.plus(Duration::from_seconds(CLOCK_AHEAD_MAX_SECONDS)) {
        Some(Pause::ClockAhead)
    } else {
        None
    })
}

/// Remembers a pause across restarts.
pub(super) fn put_pause(batch: &mut Batch, pause: Pause) {
    batch.put_note(PAUSE_NOTE, pause.to_string().as_bytes());
}

/// The time of the last commit: the clock must not stand before it, but where an admin knows that the commit lies ahead.
fn not_before(store: &Store) -> Result<Time, ReadError> {
    let resumed = store.view().note(RESUMED_NOTE)?;
    let known = resumed.is_some_and(|serial| *serial == store.serial().0.to_be_bytes());
    Ok(store.last_commit_time().filter(|_| !known).unwrap_or_default())
}

/// What ends in one list.
type Ends = BTreeMap<(Key, SourceId), (Arc<Source>, Holding)>;

/// What looking at the entry of a hint came to.
enum Looked {
    /// Its time has come.
    Ends,
    /// Not yet, or the hint is of an entry that is no more; when it ends, if it does.
    Stays(Option<Time>),
}

/// What one round found.
#[derive(Default)]
struct Found {
    ends: BTreeMap<ListId, Ends>,
    count: usize,
    stale: Batch,
    /// Sources for which entries are there that come into force later: their hints agree with no entry yet.
    coming: Vec<(ListId, SourceId)>,
}

impl Found {
    fn room(&self) -> usize {
        EXPIRY_KEYS_MAX.saturating_sub(self.count)
    }

    fn may_forget(&self, hint: &Hint) -> bool {
        !self.coming.contains(&(hint.list, hint.source))
    }

    fn end(&mut self, source: &Arc<Source>, key: Key, holding: Holding) {
        // A key may be found by two walks of one round.
        let ends = self.ends.entry(source.list).or_default();
        if ends.insert((key, source.id), (source.clone(), holding)).is_none() {
            self.count += 1;
        }
    }
}

impl Writer {
    /// An admin has looked at the clock.
    pub(super) fn resume(&mut self, actor: &Actor) -> Result<(), Refused> {
        tracing::info!(%actor, "expiry goes on");
        let mut batch = Batch::new();
        batch.delete_note(PAUSE_NOTE);
        let store = &self.shared.store;
        if store.last_commit_time().is_some_and(|last| self.shared.clock.now() < last) {
            batch.put_note(RESUMED_NOTE, &store.serial().0.to_be_bytes());
        }
        self.write_aside(batch)?;
        self.shared.pause(None);
        *self.shared.restored.lock().expect("nothing panics while it holds this lock") = None;
        self.expiry.offset = self.shared.clock.offset();
        Ok(())
    }

    /// One round.
    pub(super) fn expire(&mut self, now: Time) -> Result<(), Refused> {
        self.expiry.more = false;
        if self.shared.paused().is_some() || self.clock_is_wrong(now)? {
            return Ok(());
        }
        let shared = self.shared.clone();
        let registered = shared.registered();
        let view = shared.store.view();
        let coming = shared.places.lock().owners();
        let mut found = Found { coming, ..Found::default() };
        find_due(&view, &registered, now, &mut found)?;
        for list in registered.lists() {
            if let Some(term) = list.settings.expires_after {
                self.find_seen(&view, list, term, now, &mut found)?;
                self.find_silent(&view, list, term, now, &mut found)?;
            }
        }
        self.write_aside(found.stale)?;
        let full = found.count >= EXPIRY_KEYS_MAX;
        for (id, ends) in found.ends {
            let list = match registered.by_id(id) {
                Some(list) => list.clone(),
                None => Arc::new(ListState::orphan(&view, id)?),
            };
            let mut draft = Draft::new(&Actor::expiry(), Act::Expire, &list, now);
            for ((key, _), (source, before)) in ends {
                let party = draft.party(&source, Leaving::ByItself, Arrival::Posted, UndoStep::Extend);
                draft.count(super::plan::Outcome::Removed);
                draft.change(party, key, Some(before), None, Why::Expired);
            }
            if registered.by_id(id).is_some() {
                self.commit(draft)?;
            } else {
                let edit = self.base().edit();
                self.commit_edit(draft, edit)?;
            }
        }
        self.expiry.more = full;
        Ok(())
    }

    /// Whether the clock forbids a round; if for longer, expiry pauses.
    fn clock_is_wrong(&mut self, now: Time) -> Result<bool, Refused> {
        let last = not_before(&self.shared.store)?;
        let jump = (self.shared.clock.offset() - self.expiry.offset).unsigned_abs();
        let pause = if jump > CLOCK_JUMP_SECONDS_MAX {
            Pause::ClockJumped
        } else if now.plus(Duration::from_seconds(CLOCK_BEHIND_MAX_SECONDS)) < last {
            Pause::ClockBehind
        } else {
            // A step back of some seconds is over soon.
            return Ok(now < last);
        };
        tracing::error!(reason = %pause, "expiry pauses until an admin lets it go on");
        let mut batch = Batch::new();
        put_pause(&mut batch, pause);
        self.write_aside(batch)?;
        self.shared.pause(Some(pause));
        Ok(true)
    }

    /// Entries that came by POST and were last seen before the list's term.
    fn find_seen(
        &mut self,
        view: &View<'_>,
        list: &ListState,
        term: Duration,
        now: Time,
        found: &mut Found,
    ) -> Result<(), ReadError> {
        let over = now.minus(term);
        // Hours that are over as a whole; what does not end now has a newer hint, or ends by other rules.
        for hint in view.seen_before(list.id, None, over, found.room())? {
            if let Looked::Stays(_) = look_at(view, &hint, Some(term), now, found)?
                && found.may_forget(&hint)
            {
                found.stale.delete_seen(hint.list, hint.time, &hint.key, hint.source);
            }
        }
        // The hour in which the term ends: looked at again when the next of its entries ends.
        let look = self.expiry.looks.entry(list.id).or_default();
        let soon = now.plus(Duration::from_seconds(EXPIRY_LOOK_EVERY_SECONDS));
        let room = found.room();
        if room == 0 || (look.after.is_none() && now < look.next && look.next < soon) {
            return Ok(());
        }
        if look.after.is_none() {
            let seconds = (term.seconds() / 10).clamp(1, EXPIRY_LOOK_EVERY_SECONDS - 1);
            look.next = now.plus(Duration::from_seconds(seconds));
        }
        // Those that stay are passed over, or they would hide the rest.
        let mut hints =
            view.seen_before(list.id, look.after.as_ref(), over.plus(Duration::from_seconds(HOUR_SECONDS)), room)?;
        for hint in &hints {
            if let Looked::Stays(Some(end)) = look_at(view, hint, Some(term), now, found)? {
                look.next = look.next.min(end.max(now.plus(Duration::from_seconds(1))));
            }
        }
        look.after = if hints.len() == room { hints.pop() } else { None };
        Ok(())
    }

    /// Sources that have not sent a whole import for the list's term.
    fn find_silent(
        &mut self,
        view: &View<'_>,
        list: &ListState,
        term: Duration,
        now: Time,
        found: &mut Found,
    ) -> Result<(), ReadError> {
        for source in view.catalog().sources(list.id).filter(|source| source.row.keys > 0) {
            let Some(complete_at) = source.row.complete_at.filter(|at| at.plus(term) <= now) else { continue };
            let begun = || Silent { complete_at, term, after: None, done: false };
            let silent = self.expiry.silent.entry((list.id, source.id)).or_insert_with(begun);
            if (silent.complete_at, silent.term) != (complete_at, term) {
                *silent = begun();
            }
            if silent.done || found.room() == 0 {
                continue;
            }
            let walk = match &silent.after {
                Some(after) => view.owned_after(source.owner(), after),
                None => view.owned(source.owner()),
            };
            let mut walked = 0;
            for row in walk.take(found.room()) {
                let (key, entry) = row?;
                walked += 1;
                if end_of(&entry, Some(complete_at), Some(term)).is_some_and(|end| end <= now) {
                    let detail = view.detail(source.owner(), &key)?;
                    found.end(source, key.clone(), Holding { entry, detail });
                }
                silent.after = Some(key);
            }
            silent.done = walked == 0;
        }
        Ok(())
    }
}

/// Entries with an end of their own.
fn find_due(view: &View<'_>, registered: &Registered, now: Time, found: &mut Found) -> Result<(), ReadError> {
    // That second included: an entry ends when its time has come.
    for hint in view.due(now.plus(Duration::from_seconds(1)), found.room())? {
        let term = registered.by_id(hint.list).and_then(|list| list.settings.expires_after);
        if let Looked::Stays(_) = look_at(view, &hint, term, now, found)?
            && found.may_forget(&hint)
        {
            found.stale.delete_due(hint.time, hint.list, &hint.key, hint.source);
        }
    }
    Ok(())
}

/// Ends the entry in force if its time has come.
fn look_at(
    view: &View<'_>,
    hint: &Hint,
    term: Option<Duration>,
    now: Time,
    found: &mut Found,
) -> Result<Looked, ReadError> {
    let Some(source) = view.catalog().source(hint.list, hint.source) else { return Ok(Looked::Stays(None)) };
    let Some(entry) = view.entry(source.owner(), &hint.key)? else { return Ok(Looked::Stays(None)) };
    let end = end_of(&entry, source.row.complete_at, term);
    if end.is_none_or(|end| end > now) {
        return Ok(Looked::Stays(end));
    }
    let detail = view.detail(source.owner(), &hint.key)?;
    found.end(source, hint.key.clone(), Holding { entry, detail });
    Ok(Looked::Ends)
}
