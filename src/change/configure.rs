//! Start, reload and restore: what the configuration makes of the store.
//!
//! Guarantees: a configuration that changes answers is a commit by actor `config`, at start too; one that changes none makes
//! no commit. A list gone from the file keeps its entries, until it is purged, and is served nowhere. A store from a backup
//! draws a new lineage and goes on [`RESTORE_GAP`] serials further, before anything is served.
//! Never: takes half a configuration.

use super::{
    clock::Clock,
    door::{OpenError, Settings, Shared},
    draft::{Draft, UndoStep, source_to_be},
    expiry,
    places::Places,
    plan::{Holding, Line, Outcome},
    prepare::resolve_whole,
    request::{Actor, Change, Committed, Configuration, Pause, Refused},
    rows::StoreRows,
    state::{ListState, Registered},
    sweep::note_of_list,
    tally::Leaving,
    writer::Writer,
};
use crate::{
    limits::{IMPORT_BATCH_ROWS_MAX, RESTORE_GAP},
    list::{
        BUILTIN_NEVER, Key, ListName, ListSettings, ListedName, Mark, NewEntry, Prefix, Scope, Serial, SourceName, Time,
    },
    snapshot::{Edit, ListIndex, Published, Served, Snapshot},
    store::{Act, Arrival, Batch, Changes, CommitRow, Counts, Lineage, ReadError, Source, Store, View, Why},
};
use sha2::Digest as _;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Write as _,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize},
    },
};

/// Under this name the store remembers what each zone answered by.
const ZONES_NOTE: &str = "zones";

/// Under this name a store that was started from a backup remembers when that was.
const RESTORED_NOTE: &str = "restored-at";

/// The time that zones close by: of a clock that is doubted, that of the last commit, so that none closes by it.
fn day_to_close_by(store: &Store, paused: Option<Pause>, now: Time) -> Time {
    let doubted = paused.is_some_and(Pause::doubts_clock);
    store.last_commit_time().filter(|_| doubted).unwrap_or(now)
}

/// Opens the room: lists get their numbers, the first snapshot is built.
pub(super) fn start(store: Arc<Store>, settings: Settings, clock: Clock) -> Result<Arc<Shared>, OpenError> {
    let now = clock.now();
    if store.restored() {
        restore(&store, &settings.configuration, now)?;
    }
    let paused = expiry::pause_at_start(&store, now)?;
    if let Some(pause) = paused {
        tracing::warn!(reason = %pause, "expiry pauses until an admin lets it go on");
    }
    let (configuration, day) = (settings.configuration, day_to_close_by(&store, paused, now));
    let served = Served::new(configuration.lists.clone(), configuration.zones.clone(), &configuration.public_url, day);
    check_families(&store.view(), &configuration).map_err(OpenError::Configuration)?;
    let registered =
        Registered::new(&store, configuration, Arc::new(served), None).map_err(OpenError::Configuration)?;
    let snapshot = first_snapshot(&store, &registered, settings.threads)?;
    Ok(Arc::new(Shared {
        published: Arc::new(Published::new(snapshot)),
        clock,
        places: Arc::new(Places::default()),
        registered: Mutex::new(Arc::new(registered)),
        metrics: OnceLock::new(),
        batch_rows: AtomicUsize::new(IMPORT_BATCH_ROWS_MAX),
        #[cfg(test)]
        failing: AtomicBool::new(false),
        #[cfg(test)]
        acts_of_test: Mutex::default(),
        pause: Mutex::new(paused),
        restored: Mutex::new(restored_at(&store, paused)?),
        stored: AtomicU64::new(store.serial().0),
        writes_off: AtomicBool::new(false),
        stopping: AtomicBool::new(false),
        store,
    }))
}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> Self {
        Self::Store(error.to_string())
    }
}

impl From<crate::store::WriteError> for OpenError {
    fn from(error: crate::store::WriteError) -> Self {
        Self::Store(error.to_string())
    }
}

fn first_snapshot(store: &Store, registered: &Registered, threads: usize) -> Result<Snapshot, OpenError> {
    let view = store.view();
    // The walk below sees every key, and so learns which lengths there are.
    registered.lists().for_each(|list| list.lengths.forget());
    let rows = StoreRows::new(&view, registered);
    let mut serials = view.zone_serials()?;
    // What is worded otherwise than at the last run is a commit, made before anything is served (`begin`).
    let wordings = zone_wordings(&registered.configuration, &registered.served);
    for origin in reworded(&known_wordings(&view)?, &wordings) {
        serials.insert(origin.as_str().into(), view.serial().next());
    }
    let named = |(origin, serial): (Box<str>, _)| Some((ListedName::new(&origin, Scope::All).ok()?, serial));
    let serials: HashMap<ListedName, Serial> = serials.into_iter().filter_map(named).collect();
    let snapshot = Snapshot::build(registered.served.clone(), view.serial(), &serials, &rows, threads);
    rows.finish()?;
    Ok(snapshot)
}

/// The first start of a backup: a lineage of its own, serials beyond all that the original can have given since, and nothing
/// ends before an admin has looked at it.
fn restore(store: &Store, configuration: &Configuration, now: Time) -> Result<(), OpenError> {
    let serial = Serial(store.serial().0 + RESTORE_GAP);
    let mut batch = Batch::new();
    batch.adopt_lineage(Lineage::draw());
    expiry::put_pause(&mut batch, Pause::Restored);
    batch.put_note(RESTORED_NOTE, &now.seconds().to_be_bytes());
    for zone in &configuration.zones {
        batch.put_zone_serial(zone.origin.name(), serial);
    }
    batch.put_commit(&CommitRow {
        serial,
        time: now,
        begun: None,
        actor: Actor::restore().as_str().into(),
        act: Act::Restore,
        list: None,
        source: None,
        counts: Counts::default(),
        changes: Changes::Bulk,
    });
    store.write(batch)?;
    store.sync()?;
    tracing::warn!(%serial, "this store comes from a backup: expiry pauses, and its tokens should be looked at");
    Ok(())
}

/// When the store was started from a backup, as long as nobody has looked at it since.
fn restored_at(store: &Store, paused: Option<Pause>) -> Result<Option<Time>, ReadError> {
    if paused != Some(Pause::Restored) {
        return Ok(None);
    }
    let note = store.view().note(RESTORED_NOTE)?;
    let noted =
        note.and_then(|note| note.try_into().ok()).map(|seconds| Time::from_seconds(u32::from_be_bytes(seconds)));
    Ok(noted.or_else(|| store.last_commit_time()))
}

/// A list that holds entries cannot take keys of another family.
fn check_families(view: &View<'_>, configuration: &Configuration) -> Result<(), Refused> {
    for list in &configuration.lists {
        let Some(id) = view.catalog().list_id(&list.name) else { continue };
        if let Some(held) = view.entries(id).next().transpose()?
            && !list.family().takes(&held.key)
        {
            return Err(Refused::FamilyChanged(list.name.clone()));
        }
    }
    Ok(())
}

/// What of a list shows in answers.
fn wording(list: &ListSettings) -> String {
    format!("{:?}", (&list.name, list.kind, list.code, &list.codes, list.entry_texts, &list.text, list.ttl, list.hash))
}

/// By what each zone answers, as a hash: where it differs after a restart, the zone's serial moves.
fn zone_wordings(configuration: &Configuration, served: &Served) -> BTreeMap<String, String> {
    let list = |name: &ListName| configuration.lists.iter().find(|list| list.name == *name);
    let zones = served.zones().iter().map(|zone| {
        let settings = zone.settings();
        let mut text = format!("{settings:?} {} {}", zone.closed(), configuration.public_url);
        for list in settings.lists.iter().chain(&settings.sublists_only).filter_map(list) {
            text.push_str(&wording(list));
        }
        let digest = sha2::Sha256::digest(text).iter().take(8).fold(String::new(), |mut hex, octet| {
            let _ = write!(hex, "{octet:02x}");
            hex
        });
        (settings.origin.name().to_owned(), digest)
    });
    zones.collect()
}

/// What the store remembers of the last run.
fn known_wordings(view: &View<'_>) -> Result<BTreeMap<String, String>, ReadError> {
    Ok(view.note(ZONES_NOTE)?.and_then(|note| serde_json::from_slice(&note).ok()).unwrap_or_default())
}

/// The zones that answer otherwise.
fn reworded<'a>(
    known: &'a BTreeMap<String, String>,
    wordings: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = &'a String> {
    wordings.iter().filter(|(origin, wording)| known.get(*origin) != Some(*wording)).map(|(origin, _)| origin)
}

impl Writer {
    /// What the start itself changes: built-in entries of `never`, and answers that the configuration words otherwise.
    pub(super) fn begin(&mut self) -> Result<(), Refused> {
        let shared = self.shared.clone();
        let registered = shared.registered();
        let view = shared.store.view();
        if shared.paused() == Some(Pause::Restored) {
            while self.prune(shared.clock.now())? {}
        }
        let known = known_wordings(&view)?;
        let wordings = zone_wordings(&registered.configuration, &registered.served);
        let mut draft = self.never_draft(&view, &registered)?;
        if draft.rows.is_empty() && known == wordings {
            return Ok(());
        }
        draft.batch.put_note(ZONES_NOTE, &serde_json::to_vec(&wordings).expect("texts are JSON"));
        draft.of_all_lists();
        let serial = self.next_serial();
        for origin in reworded(&known, &wordings) {
            draft.batch.put_zone_serial(origin, serial);
        }
        let mut edit = self.base().edit();
        self.resolve(&mut edit, &draft, registered.never())?;
        self.commit_edit(draft, edit)?;
        Ok(())
    }

    /// Takes a new configuration.
    pub(super) fn configure(&mut self, configuration: Configuration) -> Result<Committed, Refused> {
        let shared = self.shared.clone();
        check_families(&shared.store.view(), &configuration)?;
        let former = shared.registered();
        let day = day_to_close_by(&shared.store, shared.paused(), shared.clock.now());
        let (lists, zones) = (configuration.lists.clone(), configuration.zones.clone());
        let served = Arc::new(former.served.succeed(lists, zones, &configuration.public_url, day));
        let registered = Registered::new(&shared.store, configuration, served, Some(&former))?;
        self.serve_anew(&former, Arc::new(registered))
    }

    fn serve_anew(&mut self, former: &Registered, registered: Arc<Registered>) -> Result<Committed, Refused> {
        let shared = self.shared.clone();
        let view = shared.store.view();
        let mut edit = self.base().edit();
        edit.serve(registered.served.clone());
        let rows = StoreRows::new(&view, &registered);
        for index in resolved_anew(former, &registered) {
            resolve_list(&mut edit, &rows, former, &registered, index);
        }
        rows.finish()?;
        let wordings = zone_wordings(&registered.configuration, &registered.served);
        let changed = wordings != zone_wordings(&former.configuration, &former.served);
        let mut draft = self.never_draft(&view, &registered)?;
        self.expiry.forget();
        if draft.rows.is_empty() && !changed && edit.changed_zones().next().is_none() {
            let serial = shared.store.serial();
            self.next = Some(edit.finish(serial));
            shared.register(registered);
            return Ok(Committed { serial, ..Committed::default() });
        }
        draft.batch.put_note(ZONES_NOTE, &serde_json::to_vec(&wordings).expect("texts are JSON"));
        draft.of_all_lists();
        self.resolve(&mut edit, &draft, registered.never())?;
        let committed = self.commit_edit(draft, edit)?;
        shared.register(registered);
        Ok(committed)
    }

    /// Zones whose day has come list nothing any more; one that a wrong clock closed lists again.
    pub(super) fn close_zones(&mut self, now: Time) -> Result<(), Refused> {
        let former = self.shared.registered();
        if former.served.zones().iter().all(|zone| zone.closed() == zone.settings().is_over(now)) {
            return Ok(());
        }
        self.configure(former.configuration.clone()).map(|_| ())
    }

    /// Everything of a list that the configuration no longer names goes.
    pub(super) fn purge_list(&mut self, change: &Change) -> Result<Committed, Refused> {
        let registered = self.shared.registered();
        if registered.list(&change.list).is_some() {
            return Err(Refused::NotOrphan(change.list.clone()));
        }
        let store = self.shared.store.clone();
        let view = store.view();
        let id = view.catalog().list_id(&change.list).ok_or_else(|| Refused::UnknownList(change.list.clone()))?;
        let mut draft = Draft::of_no_list(&change.actor, Act::Purge, self.shared.clock.now());
        draft.list_name = Some(change.list.clone());
        draft.committed.removed = view.catalog().sources(id).map(|source| source.row.keys).sum();
        draft.bulk = true;
        draft.batch.delete_list(&change.list, id);
        note_of_list(&view, &mut draft.batch, id)?;
        let edit = self.base().edit();
        let committed = self.commit_edit(draft, edit)?;
        self.shared.renew_orphans();
        self.sweep.look_soon();
        Ok(committed)
    }

    /// What the configuration's own source changes in `never`.
    fn never_draft(&self, view: &View<'_>, registered: &Registered) -> Result<Draft, Refused> {
        let never = registered.never();
        let now = self.shared.clock.now();
        let name = SourceName::config();
        let source = view.catalog().source_named(never.id, &name).cloned();
        let source: Arc<Source> = source.unwrap_or_else(|| source_to_be(never.id, &name));
        let wanted: BTreeSet<Key> = if registered.configuration.never_builtin {
            BUILTIN_NEVER.iter().map(|text| text.parse::<Prefix>().expect("each is a prefix").into()).collect()
        } else {
            BTreeSet::new()
        };
        let held = view.owned(source.owner()).collect::<Result<BTreeMap<_, _>, _>>()?;
        let mut draft = Draft::new(&Actor::config(), Act::Configure, never, now);
        draft.source = Some(name);
        for key in wanted.iter().filter(|key| !held.contains_key(key)) {
            let (key, line) = Line::new(NewEntry::plain(key.clone(), Mark::Listed), None);
            let (after, outcome) = line.onto(None, now);
            let party = draft.party(&source, Leaving::ByWill, Arrival::Posted, UndoStep::Forget);
            draft.count(outcome);
            draft.change(party, key, None, Some(after), Why::Changed);
        }
        for (key, entry) in held.into_iter().filter(|(key, _)| !wanted.contains(key)) {
            let detail = view.detail(source.owner(), &key)?;
            let party = draft.party(&source, Leaving::ByWill, Arrival::Posted, UndoStep::Forget);
            draft.count(Outcome::Removed);
            draft.change(party, key, Some(Holding { entry, detail }), None, Why::Removed);
        }
        Ok(draft)
    }
}

/// The bits whose entries have to be resolved anew: another list stands there, or its entries say something else.
fn resolved_anew(former: &Registered, registered: &Registered) -> BTreeSet<ListIndex> {
    let mut anew: BTreeSet<ListIndex> = registered.served.replaced(&former.served).into_iter().collect();
    anew.extend(registered.lists().filter(|list| tags_changed(former, list)).map(|list| list.index));
    anew
}

fn tags_changed(former: &Registered, list: &ListState) -> bool {
    former.list(&list.settings.name).is_some_and(|known| !known.settings.tags_alike(&list.settings))
}

fn resolve_list(edit: &mut Edit, rows: &StoreRows<'_>, former: &Registered, registered: &Registered, index: ListIndex) {
    let family = |registered: &Registered| registered.at(index).map(|list| list.settings.family());
    edit.clear_texts(index);
    for (id, text) in crate::snapshot::Rows::texts(rows, index) {
        edit.add_text(index, id, &text);
    }
    // Where nothing stands now, or keys of another family, what stood there goes: `rows` gives none of it.
    let (old, new) = (family(former), family(registered));
    for family in [old.filter(|old| Some(*old) != new), new].into_iter().flatten() {
        resolve_whole(edit, rows, index, family);
    }
}
