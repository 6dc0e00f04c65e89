//! The room as a whole: a store on disk, a writer on its thread, a clock that the test moves.

mod ends;
mod facts;
mod meanwhile;
mod model;
mod seasons;
mod stays;

use super::{
    Actor, Change, Clock, Committed, Configuration, Door, ImportStart, Keep, Refused, Settings, What, Whole,
    WholeChange, door::Shared,
};
use crate::{
    list::{
        Duration, HashKind, Key, KeyFamily, Kind, ListName, ListSettings, Mark, NewEntry, ReturnCode, Serial,
        SourceName, Time,
    },
    snapshot::{Found, ZoneSettings},
    store::Store,
};
use arrayvec::ArrayVec;
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread::JoinHandle,
};

/// When the tests begin.
const BEGIN: u32 = 1_700_000_000;

/// The room, running.
struct House {
    door: Door,
    thread: Option<JoinHandle<()>>,
    wall: Arc<AtomicU32>,
    boot: Arc<AtomicU32>,
}

fn list(name: &str, kind: Kind, code: &str) -> ListSettings {
    ListSettings {
        name: name.parse().unwrap(),
        kind,
        code: code.parse().unwrap(),
        codes: vec!["127.0.0.9".parse().unwrap()],
        text: "{address} is listed".into(),
        entry_texts: true,
        widest_v4: 8,
        widest_v6: 20,
        covers_at_most: 50.0,
        criteria: String::new(),
        expires_after: None,
        ttl: None,
        v6_hosts_as: None,
        hash: HashKind::Sha1,
        removal: crate::list::Removal::default(),
        reports: None,
    }
}

fn zone(origin: &str, lists: &[&str]) -> ZoneSettings {
    ZoneSettings {
        origin: origin.parse().unwrap(),
        lists: lists.iter().map(|name| name.parse().unwrap()).collect(),
        sublists_only: Vec::new(),
        ns: vec!["ns1.example.org".parse().unwrap()],
        contact: "hostmaster@example.org".into(),
        ttl: Duration::from_seconds(300),
        negative_ttl: Duration::from_seconds(60),
        text: None,
        a: Vec::new(),
        aaaa: Vec::new(),
        glue: Vec::new(),
        closing: None,
    }
}

/// Two lists of addresses and one of names.
fn configuration() -> Configuration {
    Configuration {
        lists: vec![
            Arc::new(list("dynamic", Kind::Dynamic, "127.0.0.10")),
            Arc::new(list("relay", Kind::Relay, "127.0.0.2")),
            Arc::new(list("bad-domain", Kind::Domain, "127.0.1.2")),
        ],
        zones: vec![zone("bl.test", &["relay", "dynamic"]), zone("dbl.test", &["bad-domain"])],
        public_url: "http://127.0.0.1".into(),
        never_builtin: true,
        keep: Keep {
            history: Duration::from_seconds(2 * 365 * 86_400),
            changes: Duration::from_seconds(30 * 86_400),
            evidence: Duration::from_seconds(90 * 86_400),
        },
    }
}

/// The same, its list `dynamic` with this term.
fn with_term(seconds: u32) -> Configuration {
    let mut configuration = configuration();
    let term = Some(Duration::from_seconds(seconds));
    configuration.lists[0] = Arc::new(ListSettings { expires_after: term, ..(*configuration.lists[0]).clone() });
    configuration
}

impl House {
    fn open(directory: &Path, configuration: Configuration) -> Self {
        Self::open_at(directory, configuration, BEGIN)
    }

    fn open_at(directory: &Path, configuration: Configuration, at: u32) -> Self {
        let store = Arc::new(Store::open(directory, &crate::store::Settings::default()).unwrap());
        let (wall, boot) = (Arc::new(AtomicU32::new(at)), Arc::new(AtomicU32::new(at - BEGIN + 1_000)));
        let clock = {
            let (wall, boot) = (wall.clone(), boot.clone());
            Clock::new(
                move || Time::from_seconds(wall.load(Ordering::SeqCst)),
                move || Duration::from_seconds(boot.load(Ordering::SeqCst)),
            )
        };
        let settings = Settings { configuration, threads: 2 };
        let (door, mut writer) = Door::open(store, settings, clock).unwrap();
        writer.ticks = false;
        let thread = Some(std::thread::spawn(move || writer.run()));
        Self { door, thread, wall, boot }
    }

    fn close(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.door.close();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    fn shared(&self) -> &Arc<Shared> {
        self.door.shared()
    }

    /// Imports of more rows than this are written as files.
    fn batch_rows(&self, rows: usize) {
        self.shared().batch_rows.store(rows, Ordering::SeqCst);
    }

    fn now(&self) -> Time {
        Time::from_seconds(self.wall.load(Ordering::SeqCst))
    }

    fn pass(&self, seconds: u32) {
        self.passing(seconds)();
    }

    fn submit(&self, list: &str, source: &str, force: bool, what: What) -> Result<Committed, Refused> {
        let change = Change {
            actor: Actor::new("token:test"),
            list: list.parse().unwrap(),
            source: source.parse().unwrap(),
            admin: true,
            force,
            what,
            cases: Vec::new(),
        };
        wait(self.door.submit(change))
    }

    fn whole(&self, list: &str, source: &str, whole: Whole) -> Result<Committed, Refused> {
        let (actor, list, source) = (Actor::new("token:test"), list.parse().unwrap(), source.parse().unwrap());
        self.door.change_whole(WholeChange { actor, list, source, may_exclude: true, whole })
    }

    /// What others do before the next change of a whole source is switched to.
    fn before_switch(&self, acts: impl Iterator<Item = impl FnOnce() + Send + 'static>) {
        let acts = acts.map(|act| Box::new(act) as Box<dyn FnOnce() + Send>);
        self.shared().acts_of_test.lock().unwrap().extend(acts);
    }

    /// What happens before the next such switch.
    fn meanwhile(&self, act: impl FnOnce() + Send + 'static) {
        self.before_switch(std::iter::once(act));
    }

    /// Seconds pass, and the writer looks at the time.
    fn passing(&self, seconds: u32) -> impl FnOnce() + Send + 'static {
        let (door, clocks) = (self.door.clone(), [self.wall.clone(), self.boot.clone()]);
        move || {
            for clock in clocks {
                clock.fetch_add(seconds, Ordering::SeqCst);
            }
            door.tick().unwrap();
        }
    }

    /// A POST that another makes.
    fn posting(&self, list: &str, source: &str, lines: &str) -> impl FnOnce() + Send + 'static {
        let door = self.door.clone();
        let what = What::Add(entries(list, lines));
        let (actor, list, source) = (Actor::new("token:test"), list.parse().unwrap(), source.parse().unwrap());
        move || {
            let change = Change { actor, list, source, admin: true, force: false, what, cases: Vec::new() };
            wait(door.submit(change)).unwrap();
        }
    }

    fn add(&self, list: &str, source: &str, lines: &str) -> Result<Committed, Refused> {
        self.submit(list, source, false, What::Add(entries(list, lines)))
    }

    fn remove(&self, list: &str, source: &str, key: &str) -> Result<Committed, Refused> {
        self.submit(list, source, false, What::Remove(vec![Key::parse_any(key).unwrap()]))
    }

    fn start(&self, list: &str, source: &str) -> ImportStart {
        let _ = self;
        ImportStart {
            actor: Actor::new("token:test"),
            token: source.into(),
            admin: true,
            list: list.parse().unwrap(),
            source: source.parse().unwrap(),
            force: false,
            dry_run: false,
            skip_invalid: false,
        }
    }

    fn import(&self, list: &str, source: &str, lines: &str) -> Result<Committed, Refused> {
        self.import_with(self.start(list, source), lines)
    }

    fn import_with(&self, start: ImportStart, lines: &str) -> Result<Committed, Refused> {
        let list = start.list.to_string();
        let mut import = self.door.begin_import(start)?;
        for (line, entry) in entries(&list, lines) {
            import.push(line, entry)?;
        }
        import.finish([7; 32])
    }

    /// The codes that the zone answers for a key; `None`: not listed.
    fn codes(&self, origin: &str, key: &str) -> Option<Vec<String>> {
        let snapshot = self.door.published().load();
        let zone = snapshot.served().zones().iter().find(|zone| zone.settings().origin.name() == origin).unwrap();
        let relative = zone.relative(&Key::parse_any(key).unwrap(), None).unwrap();
        match snapshot.find(zone, &relative) {
            Found::Listed(listed) => Some(listed.codes().map(|code: ReturnCode| code.to_string()).collect()),
            Found::Above | Found::Apex | Found::Nothing => None,
        }
    }

    /// The text that the zone answers for a key that is listed.
    fn text(&self, origin: &str, key: &str) -> String {
        let snapshot = self.door.published().load();
        let zone = snapshot.served().zones().iter().find(|zone| zone.settings().origin.name() == origin).unwrap();
        let relative = zone.relative(&Key::parse_any(key).unwrap(), None).unwrap();
        let Found::Listed(listed) = snapshot.find(zone, &relative) else { panic!("{key} is not listed") };
        let mut text = ArrayVec::new();
        listed.text(&mut text);
        String::from_utf8(text.to_vec()).unwrap()
    }

    fn listed(&self, key: &str) -> bool {
        self.codes("bl.test", key).is_some()
    }

    fn serial(&self) -> Serial {
        let status = self.door.status();
        assert_eq!(status.stored, status.served, "what is stored is served");
        status.stored
    }

    fn keys_of(&self, list: &str, source: &str) -> u64 {
        let catalog = self.door.store().catalog();
        let id = catalog.list_id(&list.parse::<ListName>().unwrap()).unwrap();
        catalog.source_named(id, &source.parse::<SourceName>().unwrap()).map_or(0, |source| source.row.keys)
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.end();
    }
}

/// Runs a future that another thread completes.
fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Lines `KEY`, `!KEY`, `KEY reason`, `KEY seen=SECONDS expires=SECONDS` (from the beginning of the test).
fn entries(list: &str, lines: &str) -> Vec<(u64, NewEntry)> {
    let family = if list == "bad-domain" { KeyFamily::Names } else { KeyFamily::Addresses };
    let at = |seconds: &str| Time::from_seconds(BEGIN.checked_add_signed(seconds.parse().unwrap()).unwrap());
    let entry = |line: &str| {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap();
        let (mark, key) = match first.strip_prefix('!') {
            Some(key) => (Mark::Excluded, key),
            None => (Mark::Listed, first),
        };
        let mut new = NewEntry::plain(Key::parse(key, family).unwrap(), mark);
        for word in words {
            match word.split_once('=') {
                Some(("seen", seconds)) => new.seen = Some(at(seconds)),
                Some(("expires", seconds)) => new.expires = Some(at(seconds)),
                Some(("code", code)) => new.code = Some(code.parse().unwrap()),
                Some(("text", text)) => new.text = Some(text.into()),
                _ => new.detail.reason = word.into(),
            }
        }
        new
    };
    lines.lines().filter(|line| !line.trim().is_empty()).zip(1..).map(|(line, number)| (number, entry(line))).collect()
}

/// `count` single addresses from 198.18.0.0 on.
fn hosts(count: u32) -> String {
    (0..count).fold(String::new(), |mut lines, number| {
        lines.push_str(&std::net::Ipv4Addr::from(0xc612_0000 + number).to_string());
        lines.push('\n');
        lines
    })
}

/// A house in which an import is one batch of rows, and one in which it is written as files.
fn both_ways() -> impl Iterator<Item = (tempfile::TempDir, House)> {
    [50_000, 0].into_iter().map(|batch_rows| {
        let (directory, house) = house();
        house.batch_rows(batch_rows);
        (directory, house)
    })
}

fn house() -> (tempfile::TempDir, House) {
    let directory = tempfile::tempdir().unwrap();
    let house = House::open(directory.path(), configuration());
    (directory, house)
}
