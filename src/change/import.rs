//! An import: a body of any size that replaces what one source holds.
//!
//! ```text
//! begin ──> push ... push ──> finish: sort ──> merge with what is held ──> guards ──> few changes: rows
//!                                                                               └─> many: files of a new generation
//!                                     ──> resolve beside the writer, catch up with what others change ──> switch
//! ```
//! Guarantees: bounded memory; an import that is dropped before its end leaves nothing; a confirmed entry is not rewritten.
//! Never: keeps the writer busy with the body.

use super::{
    compare::{Compared, Comparison},
    door::{Door, Request, Shared},
    draft::source_to_be,
    edits::{interned, rejected_line},
    generations::resolve_whole,
    guards::{EntryGuard, measure},
    keys,
    places::{Changed, Place},
    plan::Holding,
    request::{Committed, ImportStart, Refused},
    rows::{Looking, Overlay, StoreRows},
    state::{ListState, Registered},
    switch::{Plan, Switch, Switched, catch_up},
    tally::Leaving,
};
use crate::{
    limits::{IMPORT_ATTEMPTS_MAX, PUBLICATION_WAIT, REJECTED_SHOWN_MAX, RETRY_AFTER_IMPORT, SWITCH_KEYS_MAX},
    list::{
        Entry, Key, NewEntry, Serial, Time,
        format::LineError,
        policy::{Guard, accept, covers_too_much},
    },
    snapshot::{Edit, Snapshot},
    store::{Bulk, BulkRow, Figures, Generation, Named, Owner, Source, SourceRow, Staged, Step, View, Written},
};
use std::{fmt::Write as _, ops::ControlFlow, sync::Arc, time::Instant};

/// A body on its way in.
pub struct Import {
    door: Door,
    shared: Arc<Shared>,
    place: Place,
    start: ImportStart,
    list: Arc<ListState>,
    now: Time,
    generation: Generation,
    bulk: Bulk,
    guard: EntryGuard,
    /// The first guard that a line met.
    met: Option<Guard>,
    rejected: Vec<LineError>,
    rejected_count: u64,
    begun: Instant,
    /// What a test does between the merge and the switch.
    #[cfg(test)]
    meanwhile: Meanwhile,
}

#[cfg(test)]
type Meanwhile = Vec<Box<dyn FnOnce() + Send>>;

impl Import {
    pub(super) fn begin(door: Door, shared: Arc<Shared>, start: ImportStart) -> Result<Self, Refused> {
        if shared.stopping() {
            return Err(Refused::Stopping);
        }
        if shared.writes_off() {
            return Err(Refused::WritesOff);
        }
        let registered = shared.registered();
        let list = registered.list(&start.list).cloned().ok_or_else(|| Refused::UnknownList(start.list.clone()))?;
        let place = shared.places.enter(&start, list.id)?;
        let generation = shared.store.reserve_generation()?;
        shared.places.lock().write_under(place.number, generation);
        let bulk = Bulk::begin(&shared.store, generation)?;
        let guard = EntryGuard::new(&registered);
        let now = shared.clock.now();
        let (met, rejected, rejected_count) = (None, Vec::new(), 0);
        Ok(Self {
            door,
            shared,
            place,
            start,
            list,
            now,
            generation,
            bulk,
            guard,
            met,
            rejected,
            rejected_count,
            begun: Instant::now(),
            #[cfg(test)]
            meanwhile: Meanwhile::new(),
        })
    }

    /// From when durations in the body count.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.now
    }

    /// Takes one entry. Writes to disk now and then: for a thread that may wait.
    ///
    /// # Errors
    /// What ends the import at once; a line that is not accepted is remembered until [`Import::finish`].
    pub fn push(&mut self, line: u64, new: NewEntry) -> Result<(), Refused> {
        if self.shared.stopping() {
            return Err(Refused::Stopping);
        }
        let key = new.key.clone();
        let new = match accept(&self.list.settings, new, self.now) {
            Ok(new) => new,
            Err(rejection) => {
                self.reject(rejected_line(line, &key, &rejection));
                return Ok(());
            }
        };
        if !self.start.force
            && let Some(guard) = self.guard.check(&self.shared.store, &self.list, &new.key, new.mark)?
        {
            if self.start.skip_invalid {
                self.reject(rejected_line(line, &key, &guard));
                return Ok(());
            }
            self.met.get_or_insert(guard);
        }
        let text = interned(&self.list, &new)?;
        self.list.lengths.note(&new.key);
        let named = Named { first_seen: new.first_seen.is_some(), last_seen: new.seen.is_some() };
        let (first_seen, last_seen) = (new.first_seen.unwrap_or(self.now), new.seen.unwrap_or(self.now));
        let entry = Entry { mark: new.mark, code: new.code, text, first_seen, last_seen, expires: new.expires };
        self.bulk.push(&BulkRow { line, key: &new.key, entry: &entry, named, detail: &new.detail })?;
        Ok(())
    }

    /// A line that could not be read.
    pub fn reject(&mut self, error: LineError) {
        self.rejected_count += 1;
        if self.rejected.len() < REJECTED_SHOWN_MAX {
            self.rejected.push(error);
        }
    }

    #[cfg(test)]
    pub(super) fn before_switch(&mut self, acts: impl Iterator<Item = impl FnOnce() + Send + 'static>) {
        self.meanwhile.extend(acts.map(|act| Box::new(act) as Box<dyn FnOnce() + Send>));
    }

    /// The body is whole: it comes into force. Waits: for a thread that may. `sha256` is that of the body.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn finish(self, sha256: [u8; 32]) -> Result<Committed, Refused> {
        if self.rejected_count > 0 && !self.start.skip_invalid {
            return Err(Refused::Rejected { lines: self.rejected, count: self.rejected_count });
        }
        if let Some(guard) = self.met {
            return Err(Refused::Guard(guard));
        }
        let sha256 = sha256.iter().fold(String::with_capacity(64), |mut hex, octet| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{octet:02x}");
            hex
        });
        let staged = self.bulk.finish()?;
        let committed =
            Committed { rejected: self.rejected, rejected_count: self.rejected_count, ..Committed::default() };
        #[cfg(test)]
        let meanwhile = self.meanwhile;
        let finishing = Finishing {
            door: self.door,
            shared: self.shared,
            place: self.place,
            start: self.start,
            list: self.list,
            now: self.now,
            generation: self.generation,
            compared_at: Serial::default(),
            #[cfg(test)]
            meanwhile: std::sync::Mutex::new(meanwhile),
        };
        let (shared, begun) = (finishing.shared.clone(), self.begun);
        let done = finishing.run(staged, &sha256, committed)?;
        if let Some(metrics) = shared.metrics.get() {
            metrics.import_seconds.observe(begun.elapsed().as_secs_f64());
        }
        Ok(done)
    }
}

/// An import whose body is whole.
struct Finishing {
    door: Door,
    shared: Arc<Shared>,
    place: Place,
    start: ImportStart,
    list: Arc<ListState>,
    now: Time,
    generation: Generation,
    /// The last commit that the comparison saw.
    compared_at: Serial,
    #[cfg(test)]
    meanwhile: std::sync::Mutex<Meanwhile>,
}

impl Finishing {
    fn run(mut self, staged: Staged, sha256: &str, mut committed: Committed) -> Result<Committed, Refused> {
        let store = self.shared.store.clone();
        let source = self.source()?;
        let view = {
            // Under the lock: what the view does not show, the import is told of.
            let mut running = self.shared.places.lock();
            running.own(self.place.number, self.list.id, source.id);
            store.view()
        };
        self.compared_at = view.serial();
        let source = view.catalog().source(self.list.id, source.id).cloned().unwrap_or(source);
        let (compared, written) = self.compare(staged, &view, &source)?;
        if !self.start.force {
            measure(&self.list, &source, &compared.tally, self.now)?;
        }
        let Figures { added, removed, renewed, unchanged, duplicates, .. } = compared.figures;
        committed = Committed { added, removed, renewed, unchanged, duplicates, ..committed };
        let plan = match written {
            None => Plan::Rows(compared.rows),
            Some(written) => {
                written.ingest(&store)?;
                let settled = compared.tally.settle(&source.row, Leaving::ByWill, self.now);
                let (keys, covered, generation) = (compared.figures.keys, compared.covered, self.generation);
                Plan::Generation(generation, Box::new(SourceRow { generation, keys, covered, ..settled }))
            }
        };
        drop(view);
        self.bring_into_force(&source, plan, sha256, &committed, &compared.outweighed)
    }

    /// Compares the body with what is held; if more changes than a batch takes, its files are written.
    fn compare(
        &self,
        staged: Staged,
        view: &View<'_>,
        source: &Arc<Source>,
    ) -> Result<(Compared, Option<Written>), Refused> {
        let most = self.shared.batch_rows();
        let stopping = || if self.shared.stopping() { Err(Refused::Stopping) } else { Ok(()) };
        // So many more lines than keys, or so many fewer, are too many changes for a batch: one walk is enough.
        if staged.lines().abs_diff(source.row.keys) <= most as u64 {
            let mut comparison = Comparison::begin(view, &self.list, source, self.now, most)?;
            let walked = staged.walk(view, source.owner(), &mut |step| {
                if self.shared.stopping() {
                    return ControlFlow::Break(());
                }
                comparison.see(step);
                ControlFlow::Continue(())
            })?;
            stopping()?;
            if !comparison.is_beyond() {
                return Ok((comparison.end(view, walked.figures)?, None));
            }
        }
        let mut comparison = Comparison::begin(view, &self.list, source, self.now, 0)?;
        let owner = Owner { generation: self.generation, ..source.owner() };
        let see = &mut |step: &Step<'_>| comparison.see(step);
        let written = staged.write(&self.shared.store, view, source.owner(), owner, see)?;
        stopping()?;
        let figures = written.walked().figures;
        Ok((comparison.end(view, figures)?, Some(written)))
    }

    /// The source; made if it is new, so that what happens to it meanwhile can be told. A dry run makes none.
    fn source(&self) -> Result<Arc<Source>, Refused> {
        let store = &self.shared.store;
        if let Some(source) = store.catalog().source_named(self.list.id, &self.start.source) {
            return Ok(source.clone());
        }
        if self.start.dry_run {
            return Ok(source_to_be(self.list.id, &self.start.source));
        }
        Ok(store.create_source(self.list.id, &self.start.source)?)
    }

    /// Resolves beside the writer, catches up, and lets the writer switch.
    fn bring_into_force(
        &self,
        source: &Arc<Source>,
        mut plan: Plan,
        sha256: &str,
        committed: &Committed,
        outweighed: &[(Arc<Source>, Key, Holding)],
    ) -> Result<Committed, Refused> {
        let mut overlay = overlay_of(source, &plan);
        for (by, key, _) in outweighed {
            overlay.put(key.clone(), by.clone(), None);
        }
        for _ in 0..IMPORT_ATTEMPTS_MAX {
            if self.shared.stopping() {
                return Err(Refused::Stopping);
            }
            let registered = self.shared.registered();
            let list = registered.list(&self.start.list).filter(|list| list.id == self.list.id).cloned();
            let list = list.ok_or_else(|| Refused::UnknownList(self.start.list.clone()))?;
            if !Arc::ptr_eq(&list.texts, &self.list.texts) {
                // It left the configuration and came back: the numbers of the body's texts may be others' now.
                return Err(Refused::Busy { retry_after: RETRY_AFTER_IMPORT });
            }
            let Some((base, edit)) = self.resolve(&registered, &list, source, &plan, &overlay)? else { continue };
            #[cfg(test)]
            self.meanwhile.lock().unwrap().drain(..).for_each(|act| act());
            if self.start.dry_run {
                let serial = self.shared.store.serial();
                return Ok(Committed { serial, ..committed.clone() });
            }
            let switch = Box::new(Switch {
                place: self.place.number,
                actor: self.start.actor.clone(),
                list,
                registered,
                source: source.clone(),
                plan,
                sha256: sha256.into(),
                committed: committed.clone(),
                outweighed: outweighed.to_vec(),
                base,
                edit,
            });
            match self.door.ask_waiting(|reply| Request::Switch(switch, reply))? {
                Switched::Done(committed) => return Ok(committed),
                Switched::Again(switch) => plan = switch.plan,
            }
        }
        Err(Refused::Busy { retry_after: RETRY_AFTER_IMPORT })
    }

    /// The answers with the body in force, nearly up to date; `None` where everything changed meanwhile.
    fn resolve(
        &self,
        registered: &Registered,
        list: &ListState,
        source: &Source,
        plan: &Plan,
        overlay: &Overlay,
    ) -> Result<Option<(Arc<Snapshot>, Edit)>, Refused> {
        // A commit from before the comparison may wait for its group's publication still: nobody tells of that one.
        while self.shared.published.load().serial() < self.compared_at {
            if self.shared.writes_off() {
                return Err(Refused::WritesOff);
            }
            std::thread::sleep(PUBLICATION_WAIT);
        }
        let base = {
            let mut running = self.shared.places.lock();
            let base = self.shared.published.load();
            let meanwhile = running.meanwhile(self.place.number);
            meanwhile.changed.retain(|(serial, _)| *serial > base.serial());
            meanwhile.overflown = false;
            base
        };
        let mut edit = base.edit();
        let before = edit.covered_v4(list.index);
        let view = self.supposed(source, plan);
        if let Plan::Generation(..) = plan {
            let rows = StoreRows::new(&view, registered);
            resolve_whole(&mut edit, &rows, list.index, list.settings.family());
            rows.finish()?;
        }
        let looking = Looking { view: &view, list, overlay };
        for key in keys::outermost(overlay.keys().map(keys::scope_of_change).collect()) {
            looking.resolve(&mut edit, &key)?;
        }
        drop(view);
        let after = edit.covered_v4(list.index);
        if !self.start.force
            && let Some(guard) = covers_too_much(&list.settings, before, after)
        {
            return Err(Refused::Guard(guard));
        }
        loop {
            let changed = {
                let mut running = self.shared.places.lock();
                let meanwhile = running.meanwhile(self.place.number);
                let everything = meanwhile.changed.iter().any(|(_, changed)| matches!(changed, Changed::Everything));
                if everything || meanwhile.overflown {
                    return Ok(None);
                }
                if meanwhile.changed.len() <= SWITCH_KEYS_MAX {
                    return Ok(Some((base, edit)));
                }
                std::mem::take(&mut meanwhile.changed)
            };
            let changed: Vec<Changed> = changed.into_iter().map(|(_, changed)| changed).collect();
            catch_up(&mut edit, registered, &self.supposed(source, plan), (list.id, overlay), &changed)?;
        }
    }

    /// The store as if the body were in force.
    fn supposed(&self, source: &Source, plan: &Plan) -> View<'_> {
        let view = self.shared.store.view();
        match plan {
            Plan::Rows(_) => view,
            Plan::Generation(_, row) => view.supposing(source, (**row).clone()),
        }
    }
}

fn overlay_of(source: &Arc<Source>, plan: &Plan) -> Overlay {
    let mut overlay = Overlay::default();
    if let Plan::Rows(rows) = plan {
        for (key, planned) in rows {
            let entry = |holding: &Option<Holding>| holding.as_ref().map(|holding| holding.entry);
            let (before, after) = (entry(&planned.before), entry(&planned.after));
            if super::plan::decides_differently(before.as_ref(), after.as_ref()) {
                overlay.put(key.clone(), source.clone(), after);
            }
        }
    }
    overlay
}
