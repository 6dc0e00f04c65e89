//! The one thread that writes.
//!
//! ```text
//! queue ──> a group ──> each: plan, guards, batch to the log ──> one fsync ──> one publication ──> all answers
//!                └─ nothing waits: expiry, then what is to be cleared away, a piece at a time
//! ```
//! Guarantees: changes take place one after the other, in the order of their serials; none is answered before it is on disk
//! and served. After a failed write nothing more is written or published, and DNS answers on.
//! Never: waits for anything but the disk.

use super::{
    clock::Clock,
    door::{OpenError, Reply, Request, Settings, Shared},
    draft::Draft,
    expiry::Expiry,
    keys,
    request::{CaseRow, Change, Committed, Refused, What},
    rows::Looking,
    state::ListState,
    sweep::Sweep,
};
use crate::{
    limits::{GROUP_REQUESTS_MAX, SWEEP_BUSY_PAUSE, SWEEP_PAUSE, TICK},
    list::{Serial, Time, policy::covers_too_much},
    metrics::{self, Manner, Reason},
    snapshot::{Edit, Snapshot},
    store::{Batch, Store, WriteError},
};
use std::{
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Instant,
};

/// The writer. Whoever opened the door runs it on a thread of its own.
pub struct Writer {
    pub(super) shared: Arc<Shared>,
    waiting: Receiver<Request>,
    /// The snapshot of the last commit, while it is not published.
    pub(super) next: Option<Snapshot>,
    /// Answers that wait for the fsync.
    open: Vec<Open>,
    /// When the requests came that wait for it.
    timed: Vec<Instant>,
    /// Whether something is written that is not synced.
    wrote: bool,
    /// Rows of cases that the next commit takes with it.
    attached: Vec<CaseRow>,
    pub(super) expiry: Expiry,
    pub(super) sweep: Sweep,
    last_tick: Time,
    last_piece: Instant,
    /// Whether the store may compact what imports left. A start has better things to do with its processor time.
    compacts: bool,
    /// Whether seconds pass by themselves; tests let them pass.
    #[cfg(test)]
    pub(super) ticks: bool,
}

/// An answer that waits: told whether the group is on disk and served.
type Open = Box<dyn FnOnce(Result<(), Refused>) + Send>;

impl Writer {
    pub(super) fn open(
        store: Arc<Store>,
        settings: Settings,
        clock: Clock,
        waiting: Receiver<Request>,
    ) -> Result<Self, OpenError> {
        let now = clock.now();
        let shared = super::configure::start(store, settings, clock)?;
        let expiry = Expiry::new(&shared);
        let mut writer = Self {
            shared,
            waiting,
            next: None,
            open: Vec::new(),
            timed: Vec::new(),
            wrote: false,
            attached: Vec::new(),
            expiry,
            sweep: Sweep::default(),
            last_tick: now,
            last_piece: Instant::now(),
            compacts: false,
            #[cfg(test)]
            ticks: true,
        };
        writer.begin().map_err(OpenError::Configuration)?;
        writer.settle();
        if writer.shared.writes_off() {
            return Err(OpenError::Store("the store failed while it was opened".into()));
        }
        Ok(writer)
    }

    /// Counts into these metrics from here on.
    #[must_use]
    pub fn counting(self, metrics: metrics::Change) -> Self {
        // Only the first word counts; nobody gives a second.
        let _ = self.shared.metrics.set(metrics);
        self
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Serves the queue until [`super::Door::close`], or until all doors are gone.
    pub fn run(mut self) {
        while !self.shared.stopping() {
            let more = self.sweep.has_leavings() || self.ticks() && self.expiry.has_more();
            let more = more && !self.shared.writes_off();
            let idle = match self.waiting.recv_timeout(if more { SWEEP_PAUSE } else { TICK }) {
                Ok(first) => {
                    self.group(first);
                    false
                }
                Err(RecvTimeoutError::Timeout) => true,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            // A busy queue must not keep entries alive for ever: one piece of expiry a second comes between the groups.
            let now = self.shared.clock.now();
            if self.ticks() && (now != self.last_tick || idle && !more) {
                self.last_tick = now;
                self.tick(now);
            } else if more && (idle || self.last_piece.elapsed() >= SWEEP_BUSY_PAUSE) {
                self.a_piece(now);
            }
        }
        while let Ok(request) = self.waiting.try_recv() {
            self.group(request);
        }
    }

    #[cfg(test)]
    fn ticks(&self) -> bool {
        self.ticks
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "in tests the seconds are the test's")]
    fn ticks(&self) -> bool {
        true
    }

    fn group(&mut self, first: Request) {
        self.take(first);
        for _ in 1..GROUP_REQUESTS_MAX {
            let Ok(request) = self.waiting.try_recv() else { break };
            self.take(request);
        }
        self.settle();
    }

    /// Ends entries, or clears away, between the requests. What is cleared away is durable with the next of them, or with the
    /// next second.
    fn a_piece(&mut self, now: Time) {
        self.last_piece = Instant::now();
        if self.shared.writes_off() {
            return;
        }
        if self.ticks() && self.expiry.has_more() {
            if let Err(refused) = self.expire(now) {
                tracing::error!(%refused, "expiry failed, and is tried again in a second");
            }
            self.settle();
        } else if let Err(refused) = self.clear_generation() {
            tracing::error!(%refused, "clearing away failed, and is tried again in a minute");
            self.sweep.look_later();
        }
    }

    fn tick(&mut self, now: Time) {
        if self.shared.writes_off() {
            return;
        }
        if !self.compacts {
            // It writes a file of options, and strangers' connections may hold all descriptors: no row is in doubt.
            match self.shared.store.let_compact() {
                Ok(()) => self.compacts = true,
                Err(error) => tracing::warn!(%error, "the store may not compact yet, and is let to in a second"),
            }
        }
        let expired = self.expire(now);
        let closed = if self.shared.doubts_clock() { Ok(()) } else { self.close_zones(now) };
        for (work, done) in [("expiry", expired), ("closing zones", closed), ("clearing away", self.sweep(now))] {
            if let Err(refused) = done {
                tracing::error!(%refused, work, "failed, and is tried again in a second");
            }
        }
        self.settle();
        self.shared.published.sweep();
    }

    fn take(&mut self, request: Request) {
        match request {
            Request::Change(change, begun, reply) => {
                let done = self.guard_writes().and_then(|()| self.change(change));
                if let (Err(refused), Some(metrics)) = (&done, self.shared.metrics.get()) {
                    metrics.refused.get_or_create(&Reason { reason: refused.word() }).inc();
                }
                self.timed.extend(done.is_ok().then_some(begun));
                self.answer(done, reply);
            }
            Request::Switch(switch, reply) => {
                let done = self.guard_writes().and_then(|()| self.switch(*switch));
                self.answer(done, reply);
            }
            Request::Configure(configuration, reply) => {
                let done = self.guard_writes().and_then(|()| self.configure(configuration));
                self.answer(done, reply);
            }
            Request::Aside(batch, reply) => {
                let done = self.guard_writes().and_then(|()| self.write_aside(batch));
                self.answer(done, reply);
            }
            Request::Texts(list, reply) => {
                let done = self.guard_writes().and_then(|()| self.look_at_texts(&list).map(drop));
                self.answer(done, reply);
            }
            Request::Resume(actor, reply) => {
                let done = self.guard_writes().and_then(|()| self.resume(&actor));
                self.answer(done, reply);
            }
            Request::Wake => {}
            #[cfg(test)]
            Request::Tick(reply) => {
                self.settle();
                self.tick(self.shared.clock.now());
                let _ = reply.send(Ok(()));
            }
        }
    }

    /// What waited when a write failed is not tried any more.
    fn guard_writes(&self) -> Result<(), Refused> {
        if self.shared.writes_off() { Err(Refused::OutcomeUnknown) } else { Ok(()) }
    }

    fn answer<T: Send + 'static>(&mut self, done: Result<T, Refused>, reply: Reply<T>) {
        // A client that went away meanwhile does not hear it.
        match done {
            Ok(done) => self.open.push(Box::new(move |settled| drop(reply.send(settled.map(|()| done))))),
            Err(refused) => drop(reply.send(Err(refused))),
        }
    }

    /// Makes durable and serves what the group wrote; then all hear of it.
    pub(super) fn settle(&mut self) {
        let metrics = self.shared.metrics.get();
        if std::mem::take(&mut self.wrote) && !self.shared.writes_off() {
            let begun = Instant::now();
            if let Err(error) = self.shared.store.sync() {
                self.turn_off(&error);
            }
            metrics.inspect(|metrics| metrics.sync_seconds.observe(begun.elapsed().as_secs_f64()));
        }
        let open = std::mem::take(&mut self.open);
        let next = self.next.take();
        if self.shared.writes_off() {
            for answer in open {
                answer(Err(Refused::OutcomeUnknown));
            }
            return;
        }
        if let Some(next) = next {
            self.shared.published.publish(next);
        }
        for begun in self.timed.drain(..) {
            metrics.inspect(|metrics| metrics.commit_seconds.observe(begun.elapsed().as_secs_f64()));
        }
        for answer in open {
            answer(Ok(()));
        }
    }

    fn turn_off(&self, error: &dyn std::fmt::Display) {
        tracing::error!(%error, "the store failed: writes are off until a restart, DNS answers on");
        self.shared.writes_off.store(true, Ordering::Release);
    }

    /// Writes what is no commit.
    pub(super) fn write_aside(&mut self, batch: Batch) -> Result<(), Refused> {
        if batch.is_empty() {
            return Ok(());
        }
        self.wrote = true;
        self.shared.store.write(batch).map_err(|error| {
            self.turn_off(&error);
            error.into()
        })
    }

    fn count(&self, committed: &Committed) {
        let Some(metrics) = self.shared.metrics.get() else { return };
        metrics.commits.inc();
        let Committed { added, removed, renewed, .. } = committed;
        for (manner, count) in [("added", added), ("removed", removed), ("renewed", renewed)] {
            metrics.keys.get_or_create(&Manner { manner }).inc_by(*count);
        }
    }

    fn write_log(&self, batch: Batch) -> Result<(), WriteError> {
        #[cfg(test)]
        if self.shared.failing.load(Ordering::Acquire) {
            return Err(WriteError::Failed("a test".into()));
        }
        self.shared.store.write(batch)
    }

    fn change(&mut self, mut change: Change) -> Result<Committed, Refused> {
        self.attached = std::mem::take(&mut change.cases);
        let done = match &change.what {
            What::Add(lines) => self.add(&change, lines),
            What::Remove(keys) => self.remove(&change, keys),
            What::PurgeList => self.purge_list(&change),
        };
        // Whatever a commit did not take stands alone: a removal of what nobody holds is no commit, but the case moves.
        let left = std::mem::take(&mut self.attached);
        let done = done?;
        self.write_aside(CaseRow::batch(left))?;
        Ok(done)
    }

    /// The snapshot that the next commit builds on.
    pub(super) fn base(&self) -> Snapshot {
        self.next.clone().unwrap_or_else(|| (*self.shared.published.load()).clone())
    }

    /// The serial of the next commit.
    pub(super) fn next_serial(&self) -> Serial {
        self.shared.store.serial().next()
    }

    /// Resolves what the draft changes, writes it, and lays its snapshot aside for the group's publication.
    pub(super) fn commit(&mut self, draft: Draft) -> Result<Committed, Refused> {
        let mut edit = self.base().edit();
        if let Some(list) = &draft.list {
            self.resolve(&mut edit, &draft, list)?;
        }
        self.commit_edit(draft, edit)
    }

    pub(super) fn resolve(&self, edit: &mut Edit, draft: &Draft, list: &ListState) -> Result<(), Refused> {
        let before = edit.covered_v4(list.index);
        draft.rows.iter().for_each(|row| list.lengths.note(&row.key));
        let (view, overlay) = (self.shared.store.view(), draft.overlay());
        let looking = Looking { view: &view, list, overlay: &overlay };
        let changed = draft.deciding_keys().iter().map(keys::scope_of_change).collect();
        for key in keys::outermost(changed) {
            looking.resolve(edit, &key)?;
        }
        let after = edit.covered_v4(list.index);
        let too_much = covers_too_much(&list.settings, before, after).filter(|_| draft.guarded);
        too_much.map_or(Ok(()), |guard| Err(Refused::Guard(guard)))
    }

    /// Writes the draft together with the answers that `edit` holds.
    pub(super) fn commit_edit(&mut self, mut draft: Draft, mut edit: Edit) -> Result<Committed, Refused> {
        let store = self.shared.store.clone();
        draft.make_sources(&store)?;
        let serial = self.next_serial();
        for origin in edit.changed_zones() {
            draft.batch.put_zone_serial(origin.name(), serial);
        }
        // What is written is served: an import that names texts meanwhile finds its own in either place.
        let texts = draft.list.clone().map(|list| (list.texts.unsaved(), list));
        for (list, (id, text)) in texts.iter().flat_map(|(texts, list)| texts.iter().map(move |text| (list, text))) {
            draft.batch.put_text(list.id, *id, text);
            edit.add_text(list.index, *id, text);
        }
        let snapshot = edit.finish(serial);
        let mut batch = draft.batch(&store.view(), serial)?;
        CaseRow::put_all(std::mem::take(&mut self.attached), &mut batch);
        let mut running = self.shared.places.lock();
        if let Err(error) = self.write_log(batch) {
            self.turn_off(&error);
            return Err(error.into());
        }
        if !running.is_empty() {
            draft.rows.iter().for_each(|row| running.touch(serial, &draft.touch(row)));
        }
        drop(running);
        if let Some((written, list)) = texts {
            list.texts.saved(&written);
        }
        self.shared.stored.store(serial.0, Ordering::Release);
        self.count(&draft.committed);
        self.wrote = true;
        self.next = Some(snapshot);
        Ok(draft.committed)
    }
}
