//! An import: a body of any size that replaces what one source holds.
//!
//! ```text
//! begin ──> push ... push ──> finish: sort ──> merge with what is held ──> guards ──> few changes: rows
//!                                                                               └─> many: files of a new generation
//!                                     ──> resolved beside the writer, then switched to by it
//! ```
//! Guarantees: bounded memory; an import that is dropped before its end leaves nothing; a confirmed entry is not rewritten.
//! Never: keeps the writer busy with the body.

use super::{
    compare::{Compared, Comparison},
    door::{Door, Shared},
    draft::source_named,
    edits::rejected_line,
    guards::{EntryGuard, measure},
    places::{Place, Sender},
    prepare::{Coming, Preparation},
    request::{Committed, ImportStart, Refused},
    state::ListState,
    switch::{Cause, Plan},
    tally::Leaving,
    texts::{Full, Naming},
};
use crate::{
    limits::REJECTED_SHOWN_MAX,
    list::{
        Entry, NewEntry, TextId, Time,
        format::LineError,
        policy::{Guard, accept},
    },
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
    naming: Naming,
    now: Time,
    generation: Generation,
    bulk: Bulk,
    guard: EntryGuard,
    /// The first guard that a line met.
    met: Option<Guard>,
    rejected: Vec<LineError>,
    rejected_count: u64,
    begun: Instant,
}

impl Import {
    pub(super) fn begin(door: Door, shared: Arc<Shared>, start: ImportStart) -> Result<Self, Refused> {
        shared.go_on()?;
        if shared.writes_off() {
            return Err(Refused::WritesOff);
        }
        let registered = shared.registered();
        let list = registered.list(&start.list).cloned().ok_or_else(|| Refused::UnknownList(start.list.clone()))?;
        let sender = Sender { token: &start.token, admin: start.admin };
        let place = shared.places.enter((&start.list, list.id), &start.source, Some(&sender))?;
        let generation = shared.store.reserve_generation()?;
        shared.places.lock().write_under(place.number, generation);
        let bulk = Bulk::begin(&shared.store, generation)?;
        let guard = EntryGuard::new(&registered);
        let now = shared.clock.now();
        let (met, rejected, rejected_count) = (None, Vec::new(), 0);
        let naming = list.texts.naming();
        Ok(Self {
            door,
            shared,
            place,
            start,
            list,
            naming,
            now,
            generation,
            bulk,
            guard,
            met,
            rejected,
            rejected_count,
            begun: Instant::now(),
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
        self.shared.go_on()?;
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
        let text = new.text.as_deref().map(|text| self.interned(text)).transpose()?;
        self.list.lengths.note(&new.key);
        let named = Named { first_seen: new.first_seen.is_some(), last_seen: new.seen.is_some() };
        let (first_seen, last_seen) = (new.first_seen.unwrap_or(self.now), new.seen.unwrap_or(self.now));
        let entry = Entry { mark: new.mark, code: new.code, text, first_seen, last_seen, expires: new.expires };
        self.bulk.push(&BulkRow { line, key: &new.key, entry: &entry, named, detail: &new.detail })?;
        Ok(())
    }

    /// The number of an own text. Where none is left, the writer looks which ones nothing needs any more.
    fn interned(&self, text: &str) -> Result<TextId, Refused> {
        let interned = match self.naming.intern(text) {
            Err(Full::Numbers) => {
                self.door.look_at_texts_waiting(&self.list)?;
                self.naming.intern(text)
            }
            known => known,
        };
        Ok(interned?)
    }

    /// A line that could not be read.
    pub fn reject(&mut self, error: LineError) {
        self.rejected_count += 1;
        if self.rejected.len() < REJECTED_SHOWN_MAX {
            self.rejected.push(error);
        }
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
        // What it names is needed until its rows stand, or it is given up.
        let naming = self.naming;
        let stops = || self.shared.stopping();
        let others = || self.shared.store.view().texts_of_others(self.list.id, &self.start.source, &stops);
        let fits = naming.fits(others)?;
        self.shared.go_on()?;
        if !fits {
            return Err(Refused::TooManyTexts);
        }
        let staged = self.bulk.finish()?;
        let committed =
            Committed { rejected: self.rejected, rejected_count: self.rejected_count, ..Committed::default() };
        let finishing = Finishing {
            door: self.door,
            shared: self.shared,
            place: self.place,
            start: self.start,
            list: self.list,
            now: self.now,
            generation: self.generation,
        };
        let (shared, begun) = (finishing.shared.clone(), self.begun);
        let real = !finishing.start.dry_run;
        let done = finishing.run(staged, sha256.into(), committed)?;
        if real {
            naming.is_in_force();
        }
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
}

impl Finishing {
    fn run(self, staged: Staged, sha256: Box<str>, committed: Committed) -> Result<Committed, Refused> {
        let store = self.shared.store.clone();
        let source = self.source()?;
        let view = self.place.own(&store, self.list.id, source.id);
        let seen = view.serial();
        let source = view.catalog().source(self.list.id, source.id).cloned().unwrap_or(source);
        let (compared, written) = self.compare(staged, &view, &source)?;
        if !self.start.force {
            measure(&self.list, &source, &compared.tally, self.now)?;
        }
        let Figures { added, removed, renewed, unchanged, duplicates, .. } = compared.figures;
        let committed = Committed { added, removed, renewed, unchanged, duplicates, ..committed };
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
        let ImportStart { actor, force, dry_run, .. } = self.start;
        let (door, shared, place, guarded) = (&self.door, &*self.shared, &self.place, !force);
        Preparation { door, shared, place, seen, guarded, dry_run }.bring_into_force(Box::new(Coming {
            actor,
            list: self.list,
            source,
            cause: Cause::Import { sha256, begun: self.now },
            plan,
            committed,
            outweighed: compared.outweighed,
        }))
    }

    /// Compares the body with what is held; if more changes than a batch takes, its files are written.
    fn compare(
        &self,
        staged: Staged,
        view: &View<'_>,
        source: &Arc<Source>,
    ) -> Result<(Compared, Option<Written>), Refused> {
        let most = self.shared.batch_rows();
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
            self.shared.go_on()?;
            if !comparison.is_beyond() {
                return Ok((comparison.end(view, walked.figures)?, None));
            }
        }
        let mut comparison = Comparison::begin(view, &self.list, source, self.now, 0)?;
        let owner = Owner { generation: self.generation, ..source.owner() };
        let see = &mut |step: &Step<'_>| comparison.see(step);
        let stops = &|| self.shared.stopping();
        let written = staged.write(&self.shared.store, view, (source.owner(), owner), see, stops)?;
        let written = written.ok_or(Refused::Stopping)?;
        let figures = written.walked().figures;
        Ok((comparison.end(view, figures)?, Some(written)))
    }

    /// The source; made if it is new, so that what happens to it meanwhile can be told. A dry run makes none.
    fn source(&self) -> Result<Arc<Source>, Refused> {
        let store = &self.shared.store;
        let source = source_named(&store.catalog(), self.list.id, &self.start.source)?;
        if self.start.dry_run {
            return Ok(source);
        }
        // A list that left the configuration meanwhile may be purged.
        if store.catalog().list_name(self.list.id).is_none() {
            return Err(Refused::UnknownList(self.start.list.clone()));
        }
        Ok(store.create_source(self.list.id, &self.start.source)?)
    }
}
