//! Random histories against a naive model: what every source holds, who decides for every address, every count.
//!
//! The model knows only DESIGN's words; it shares no code with the room but the types of `list`. After every step the rows
//! of the store, the numbers of the sources and the answers must be the model's, and at the end the same after a restart.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const TERM: u32 = 1_000;
const SOURCES: [&str; 4] = ["a", "b", "retest", "operator"];
/// Keys that lie in one another, in both families.
const KEYS: [&str; 10] = [
    "203.0.112.0/23",
    "203.0.113.0/24",
    "203.0.113.0/25",
    "203.0.113.7",
    "203.0.113.8",
    "203.0.113.200",
    "2001:db8::/32",
    "2001:db8::/64",
    "2001:db8::1",
    "198.51.100.0/24",
];
const PROBES: [&str; 9] = [
    "203.0.112.1",
    "203.0.113.1",
    "203.0.113.7",
    "203.0.113.8",
    "203.0.113.200",
    "203.0.113.250",
    "2001:db8::1",
    "2001:db8::2",
    "198.51.100.9",
];

#[derive(Clone, Debug, PartialEq)]
struct Row {
    mark: Mark,
    code: Option<ReturnCode>,
    reason: String,
    first_seen: u32,
    last_seen: u32,
    expires: Option<u32>,
}

#[derive(Clone, Debug)]
struct Line {
    key: usize,
    excluded: bool,
    other_code: bool,
    reason: u8,
    /// Seconds before now.
    seen: Option<u32>,
    /// Seconds from now.
    expires: Option<u32>,
}

#[derive(Clone, Debug)]
enum Op {
    Add(usize, Vec<Line>),
    Remove(usize, usize),
    Import { source: usize, lines: Vec<Line>, meanwhile: Vec<(usize, Line)>, bulk: bool },
    Undo { source: usize, meanwhile: Vec<(usize, Line)> },
    Purge { source: usize, meanwhile: Vec<(usize, Line)>, bulk: bool },
    Pass(u32),
    Reload,
    Reopen,
}

type Rows = BTreeMap<Key, Row>;

#[derive(Clone, Debug, Default)]
struct Source {
    rows: Rows,
    complete_at: Option<u32>,
    undo: Option<(u32, Rows, Option<u32>)>,
    known: bool,
}

#[derive(Default)]
struct Model {
    sources: [Source; 4],
}

fn key(number: usize) -> Key {
    Key::parse_any(KEYS[number]).unwrap()
}

impl Line {
    fn new_entry(&self, now: u32) -> NewEntry {
        let mark = if self.excluded { Mark::Excluded } else { Mark::Listed };
        let mut new = NewEntry::plain(key(self.key), mark);
        new.code = (self.other_code && !self.excluded).then(|| "127.0.0.9".parse().unwrap());
        new.detail.reason = if self.reason == 0 { "".into() } else { format!("reason {}", self.reason).into() };
        new.seen = self.seen.map(|ago| Time::from_seconds(now - ago));
        new.expires = self.expires.map(|ahead| Time::from_seconds(now + ahead));
        new
    }

    fn row(&self, now: u32, first_seen: u32, last_seen: u32) -> Row {
        let new = self.new_entry(now);
        let expires = new.expires.map(Time::seconds);
        Row { mark: new.mark, code: new.code, reason: new.detail.reason.to_string(), first_seen, last_seen, expires }
    }
}

/// One line a key: the later wins, but an exclusion beats a listing.
fn merged(lines: &[Line]) -> BTreeMap<Key, Line> {
    let mut merged = BTreeMap::<Key, Line>::new();
    for line in lines {
        let earlier = merged.get(&key(line.key));
        if !earlier.is_some_and(|earlier| earlier.excluded && !line.excluded) {
            merged.insert(key(line.key), line.clone());
        }
    }
    merged
}

impl Model {
    fn end_exclusions(&mut self, by: usize, at: &Key, evidence: Option<u32>) {
        if SOURCES[by] != "retest" {
            self.sources[2].rows.retain(|exclusion, row| {
                let newer = evidence.is_none_or(|seen| seen > row.last_seen);
                !(row.mark == Mark::Excluded && exclusion.covers(at) && newer)
            });
        }
    }

    fn add(&mut self, source: usize, lines: &[Line], now: u32) -> (u64, u64) {
        let (mut added, mut renewed) = (0, 0);
        self.sources[source].known = true;
        for (at, line) in merged(lines) {
            let seen = line.seen.map(|ago| now - ago);
            if !line.excluded {
                self.end_exclusions(source, &at, seen);
            }
            let rows = &mut self.sources[source].rows;
            let row = match rows.get(&at) {
                None => {
                    added += 1;
                    line.row(now, now, seen.unwrap_or(now))
                }
                Some(old) => {
                    renewed += 1;
                    line.row(now, old.first_seen, seen.unwrap_or(now).max(old.last_seen))
                }
            };
            rows.insert(at, row);
        }
        (added, renewed)
    }

    fn import(&mut self, source: usize, lines: &[Line], now: u32) -> Committed {
        let mut counts = Committed::default();
        let merged = merged(lines);
        counts.duplicates = (lines.len() - merged.len()) as u64;
        let old = std::mem::take(&mut self.sources[source].rows);
        let complete_at = self.sources[source].complete_at.replace(now);
        self.sources[source].undo = Some((now, old.clone(), complete_at));
        self.sources[source].known = true;
        let mut rows = Rows::new();
        for (at, line) in &merged {
            let seen = line.seen.map(|ago| now - ago);
            let held = old.get(at);
            let row = match held {
                None => {
                    counts.added += 1;
                    let row = line.row(now, now, now);
                    Row { last_seen: seen.unwrap_or(now), ..row }
                }
                Some(held) => {
                    let row = line.row(now, held.first_seen, held.last_seen);
                    let said = |row: &Row| (row.mark, row.code, row.reason.clone(), row.expires);
                    let newer = seen.is_some_and(|seen| seen > held.last_seen);
                    if said(&row) == said(held) && !newer {
                        counts.unchanged += 1;
                        held.clone()
                    } else {
                        counts.renewed += 1;
                        let last_seen = seen.map_or(now, |seen| seen.max(held.last_seen));
                        Row { last_seen, ..row }
                    }
                }
            };
            rows.insert(at.clone(), row);
            if !line.excluded {
                let began = held.filter(|held| held.mark == Mark::Listed).map(|held| held.first_seen);
                self.end_exclusions(source, at, seen.or(began));
            }
        }
        counts.removed = old.keys().filter(|at| !merged.contains_key(at)).count() as u64;
        self.sources[source].rows = rows;
        counts
    }

    fn pass(&mut self, now: u32) {
        for source in &mut self.sources {
            let complete_at = source.complete_at.unwrap_or(0);
            source.rows.retain(|_, row| row.expires.unwrap_or(row.last_seen.max(complete_at) + TERM) > now);
        }
    }

    /// The codes for a probe.
    fn codes(&self, probe: &Key) -> Option<Vec<String>> {
        let covering = self.sources.iter().flat_map(|source| source.rows.keys()).filter(|key| key.covers(probe));
        // All that cover one address lie in one another: the narrowest is the greatest.
        let deciding = covering.max_by_key(|key| match key {
            Key::Prefix(prefix) => prefix.length(),
            Key::Name(_) | Key::Hash(_) => 0,
        })?;
        let mut codes = Vec::new();
        for row in self.sources.iter().filter_map(|source| source.rows.get(deciding)) {
            if row.mark == Mark::Excluded {
                return None;
            }
            codes.push(row.code.map_or("127.0.0.10".to_owned(), |code| code.to_string()));
        }
        codes.sort_by_key(|code| code.parse::<ReturnCode>().unwrap());
        codes.dedup();
        Some(codes)
    }

    fn check(&self, house: &House, step: &str) {
        let view = house.door.store().view();
        let id = view.catalog().list_id(&"dynamic".parse().unwrap()).unwrap();
        let mut rows: [Rows; 4] = std::array::from_fn(|_| Rows::new());
        for held in view.entries(id) {
            let held = held.unwrap();
            let source = SOURCES.iter().position(|name| *name == held.source.name.as_str()).unwrap();
            let reason = view.detail(held.source.owner(), &held.key).unwrap().reason.to_string();
            let entry = held.entry;
            let row = Row {
                mark: entry.mark,
                code: entry.code,
                reason,
                first_seen: entry.first_seen.seconds(),
                last_seen: entry.last_seen.seconds(),
                expires: entry.expires.map(Time::seconds),
            };
            rows[source].insert(held.key, row);
        }
        for (number, source) in self.sources.iter().enumerate() {
            assert_eq!(rows[number], source.rows, "rows of {} after {step}", SOURCES[number]);
            assert_eq!(house.keys_of("dynamic", SOURCES[number]), source.rows.len() as u64, "keys after {step}");
        }
        for probe in PROBES {
            let expected = self.codes(&Key::parse_any(probe).unwrap());
            assert_eq!(house.codes("bl.test", probe), expected, "{probe} after {step}");
        }
    }
}

fn any_line() -> impl Strategy<Value = Line> {
    let times = (proptest::option::weighted(0.2, 1u32..900), proptest::option::weighted(0.2, 1u32..3_000));
    (0..KEYS.len(), prop::bool::weighted(0.2), prop::bool::weighted(0.2), 0u8..3, times).prop_map(
        |(key, excluded, other_code, reason, (seen, expires))| Line {
            key,
            excluded,
            other_code,
            reason,
            seen,
            expires,
        },
    )
}

fn any_op() -> impl Strategy<Value = Op> {
    let lines = |most| proptest::collection::vec(any_line(), 0..most);
    let meanwhile = || proptest::collection::vec((0..SOURCES.len(), any_line()), 0..3);
    prop_oneof![
        6 => (0..SOURCES.len(), lines(4)).prop_map(|(source, lines)| Op::Add(source, lines)),
        3 => (0..SOURCES.len(), 0..KEYS.len()).prop_map(|(source, key)| Op::Remove(source, key)),
        6 => (0..2usize, lines(9), meanwhile(), any::<bool>())
            .prop_map(|(source, lines, meanwhile, bulk)| Op::Import { source, lines, meanwhile, bulk }),
        2 => (0..2usize, meanwhile()).prop_map(|(source, meanwhile)| Op::Undo { source, meanwhile }),
        1 => (0..SOURCES.len(), meanwhile(), any::<bool>())
            .prop_map(|(source, meanwhile, bulk)| Op::Purge { source, meanwhile, bulk }),
        3 => (61u32..900).prop_map(Op::Pass),
        1 => Just(Op::Reload),
        1 => Just(Op::Reopen),
    ]
}

fn lines_of(lines: &[Line], now: u32) -> Vec<(u64, NewEntry)> {
    (1..).zip(lines.iter().map(|line| line.new_entry(now))).collect()
}

/// What others POST before the next switch.
fn others_meanwhile(house: &House, meanwhile: &[(usize, Line)]) {
    let now = house.now().seconds();
    house.before_switch(meanwhile.iter().cloned().map(|(by, line)| {
        let (door, what) = (house.door.clone(), What::Add(lines_of(&[line], now)));
        move || {
            let change = Change {
                actor: Actor::new("token:test"),
                list: "dynamic".parse().unwrap(),
                source: SOURCES[by].parse().unwrap(),
                admin: true,
                force: true,
                what,
                cases: Vec::new(),
            };
            wait(door.submit(change)).unwrap();
        }
    }));
}

/// Imports a body; between the comparison and the switch the others of `meanwhile` POST.
fn import(house: &House, model: &mut Model, source: usize, lines: &[Line], meanwhile: &[(usize, Line)], bulk: bool) {
    let now = house.now().seconds();
    let before = house.serial();
    house.batch_rows(if bulk { 0 } else { 50_000 });
    let start = ImportStart { force: true, ..house.start("dynamic", SOURCES[source]) };
    let mut import = house.door.begin_import(start).unwrap();
    for (line, entry) in lines_of(lines, now) {
        import.push(line, entry).unwrap();
    }
    others_meanwhile(house, meanwhile);
    let committed = import.finish([0; 32]).unwrap();
    // The body was compared before the others came, and comes into force after them.
    let mut counted = Model { sources: model.sources.clone() };
    let counts = counted.import(source, lines, now);
    let own: std::collections::BTreeSet<_> =
        meanwhile.iter().filter(|(by, _)| *by == source).map(|(_, line)| line.key).collect();
    assert_eq!(committed.replaced_posts, own.len() as u64);
    let told = (committed.added, committed.removed, committed.renewed, committed.unchanged);
    assert_eq!(told, (counts.added, counts.removed, counts.renewed, counts.unchanged));
    assert_eq!(committed.duplicates, counts.duplicates);
    let compared = counted.sources[source].rows.clone();
    let ended: Vec<_> = model.sources[2]
        .rows
        .iter()
        .filter(|(at, _)| !counted.sources[2].rows.contains_key(*at))
        .map(|(at, row)| (at.clone(), row.clone()))
        .collect();
    for (by, line) in meanwhile {
        model.add(*by, std::slice::from_ref(line), now);
    }
    model.sources[source].known = true;
    let held = std::mem::replace(&mut model.sources[source].rows, compared);
    let complete_at = model.sources[source].complete_at.replace(now);
    model.sources[source].undo = Some((now, held, complete_at));
    for (at, row) in ended {
        if model.sources[2].rows.get(&at) == Some(&row) {
            model.sources[2].rows.remove(&at);
        }
    }
    assert_eq!(committed.serial.0, before.0 + 1 + meanwhile.len() as u64);
}

/// Takes one step in both worlds.
fn step(house: &House, model: &mut Model, op: &Op) {
    let now = house.now().seconds();
    let before = house.serial();
    match op {
        Op::Add(source, lines) => {
            let what = What::Add(lines_of(lines, now));
            let committed = house.submit("dynamic", SOURCES[*source], true, what).unwrap();
            if !lines.is_empty() {
                assert_eq!((committed.added, committed.renewed), model.add(*source, lines, now));
                assert_eq!(committed.duplicates, (lines.len() - merged(lines).len()) as u64);
                assert_eq!(committed.serial, before.next());
            }
        }
        Op::Remove(source, at) => {
            let committed = house.submit("dynamic", SOURCES[*source], true, What::Remove(vec![key(*at)])).unwrap();
            let held = model.sources[*source].rows.remove(&key(*at)).is_some();
            assert_eq!(committed.removed, u64::from(held));
            assert_eq!(committed.serial.0, before.0 + u64::from(held));
        }
        Op::Import { source, lines, meanwhile, bulk } => import(house, model, *source, lines, meanwhile, *bulk),
        Op::Undo { source, meanwhile } => {
            let way_back = model.sources[*source].undo.take().filter(|(at, ..)| now < at + 86_400);
            let Some((_, rows, complete_at)) = way_back else {
                let done = house.whole("dynamic", SOURCES[*source], Whole::Undo);
                assert!(matches!(done, Err(Refused::NothingToUndo | Refused::UnknownSource(..))));
                return;
            };
            others_meanwhile(house, meanwhile);
            let committed = house.whole("dynamic", SOURCES[*source], Whole::Undo).unwrap();
            for (by, line) in meanwhile {
                model.add(*by, std::slice::from_ref(line), now);
            }
            (model.sources[*source].rows, model.sources[*source].complete_at) = (rows, complete_at);
            assert_eq!(committed.serial.0, before.0 + 1 + meanwhile.len() as u64);
        }
        Op::Purge { source, meanwhile, bulk } => {
            if !model.sources[*source].known {
                let done = house.whole("dynamic", SOURCES[*source], Whole::Purge);
                assert!(matches!(done, Err(Refused::UnknownSource(..))));
                return;
            }
            house.batch_rows(if *bulk { 0 } else { 50_000 });
            others_meanwhile(house, meanwhile);
            let committed = house.whole("dynamic", SOURCES[*source], Whole::Purge).unwrap();
            for (by, line) in meanwhile {
                model.add(*by, std::slice::from_ref(line), now);
            }
            assert_eq!(committed.removed, model.sources[*source].rows.len() as u64);
            model.sources[*source] = Source { known: true, ..Source::default() };
            assert_eq!(committed.serial.0, before.0 + 1 + meanwhile.len() as u64);
        }
        Op::Pass(seconds) => {
            house.pass(*seconds);
            model.pass(house.now().seconds());
        }
        Op::Reload => {
            let mut other = with_term(TERM);
            other.lists.remove(0);
            other.zones[0].lists.remove(1);
            wait(house.door.configure(other)).unwrap();
            assert_eq!(house.codes("bl.test", "203.0.113.7"), None);
            wait(house.door.configure(with_term(TERM))).unwrap();
        }
        Op::Reopen => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, max_shrink_iters: 200, ..ProptestConfig::default() })]
    #[test]
    fn rows_answers_and_counts_are_those_of_a_naive_model(ops in proptest::collection::vec(any_op(), 1..25)) {
        let directory = tempfile::tempdir().unwrap();
        let mut house = House::open(directory.path(), with_term(TERM));
        let mut model = Model::default();
        for op in ops.into_iter().chain([Op::Reopen]) {
            if matches!(op, Op::Reopen) {
                let (now, serial) = (house.now().seconds(), house.serial());
                house.close();
                house = House::open_at(directory.path(), with_term(TERM), now);
                prop_assert_eq!(house.serial(), serial);
            }
            step(&house, &mut model, &op);
            model.check(&house, &format!("{op:?}"));
        }
    }
}
