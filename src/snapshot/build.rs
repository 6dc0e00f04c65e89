//! The first snapshot: all rows of all lists, in ranges side by side.
//!
//! Guarantees: the same as an empty snapshot into which every list is resolved; memory beyond the result is that of one
//! /8 for each thread.
//! Never: reads a row twice, but those of IPv4 prefixes wider than /8.

use super::{
    HashRow, ListIndex, NameRow, Served, Snapshot, V4Row, V6Row,
    edit::{add_text, apply_hashes},
    order::Ordered,
    served::LIST_PLACES,
    sets::{Interner, Resolver, Sets, ValueId},
    sweep::{Front, NameSpans, Octets, v4_spans, v6_spans},
    v4::{Slash8, V4},
    v4edit::Workbench,
};
use crate::list::{Decision, KeyFamily, ListedName, Serial, TextId};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Where rows come from: ordered, with one decision a key of a list (`list::decide` over all sources). `never` is a list
/// like any other.
pub trait Rows: Sync {
    /// Prefixes of any length whose lowest address is in `first..=last`, by address, wider before narrower.
    fn v4(&self, list: ListIndex, first: u32, last: u32) -> Box<dyn Iterator<Item = V4Row> + Send + '_>;
    /// All prefixes, by address, wider before narrower.
    fn v6(&self, list: ListIndex) -> Box<dyn Iterator<Item = V6Row> + Send + '_>;
    /// All names, in their order.
    fn names(&self, list: ListIndex) -> Box<dyn Iterator<Item = NameRow> + Send + '_>;
    /// All hashes, in any order.
    fn hashes(&self, list: ListIndex) -> Box<dyn Iterator<Item = HashRow> + Send + '_>;
    /// All own texts of entries.
    fn texts(&self, list: ListIndex) -> Vec<(TextId, Arc<str>)>;
}

/// What the threads of a build share.
struct Site<'a> {
    rows: &'a dyn Rows,
    interner: Arc<Interner>,
    addresses: Vec<ListIndex>,
    names: Vec<ListIndex>,
    hashes: Vec<ListIndex>,
    /// Prefixes wider than /8, by list.
    wide: Vec<(ListIndex, V4Row)>,
    next_job: AtomicUsize,
    built: Mutex<Built>,
}

struct Built {
    v4: V4,
    v6: Ordered,
    names: Ordered,
    hashes: Ordered,
    covered: Vec<i64>,
}

impl Snapshot {
    /// Builds a snapshot from all rows with `threads` threads. A zone without a serial in `zone_serials` gets `serial`.
    #[must_use]
    pub fn build(
        served: Arc<Served>,
        serial: Serial,
        zone_serials: &HashMap<ListedName, Serial>,
        rows: &dyn Rows,
        threads: usize,
    ) -> Self {
        let site = Site::new(&served, rows);
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(|| site.work());
            }
            site.work();
        });
        let built = site.built.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut snapshot = Self::empty(served, serial);
        let zones = snapshot.served.zones().iter();
        snapshot.zone_serials =
            zones.map(|zone| zone_serials.get(&zone.settings().origin).copied().unwrap_or(serial)).collect();
        snapshot.sets = site.interner.sets();
        snapshot.v4 = Arc::new(built.v4);
        (snapshot.v6, snapshot.names, snapshot.hashes) =
            (Arc::new(built.v6), Arc::new(built.names), Arc::new(built.hashes));
        snapshot.covered = built.covered.into_iter().map(|covered| u64::try_from(covered).unwrap_or(0)).collect();
        let texts = Arc::make_mut(&mut snapshot.texts);
        for (list, _) in snapshot.served.lists() {
            for (id, text) in rows.texts(list) {
                add_text(&mut texts[list.place()], id, &text);
            }
        }
        snapshot
    }
}

/// Jobs: the ordered indexes first, as each is one thread's work, then the /8s.
const ORDERED_JOBS: usize = 3;
const JOBS: usize = ORDERED_JOBS + 256;

impl<'a> Site<'a> {
    fn new(served: &Served, rows: &'a dyn Rows) -> Self {
        let of_family = |wanted: fn(KeyFamily) -> bool| {
            let lists = served.lists().filter(|(_, list)| wanted(list.family())).map(|(index, _)| index);
            lists.chain([ListIndex::NEVER]).collect::<Vec<_>>()
        };
        let addresses = of_family(|family| family == KeyFamily::Addresses);
        // A prefix wider than /8 begins at an even /8.
        let starts = (0..256u32).step_by(2).map(|slot| slot << 24);
        let wide = addresses.iter().flat_map(|&list| {
            let at = move |start| rows.v4(list, start, start).filter(|(_, length, _)| *length < 8);
            starts.clone().flat_map(at).map(move |row| (list, row))
        });
        let (v6, names, hashes) = (Ordered::new(), Ordered::new(), Ordered::new());
        Self {
            rows,
            interner: Arc::new(Interner::new(Arc::new(Sets::new()))),
            wide: wide.collect(),
            names: of_family(|family| family == KeyFamily::Names),
            hashes: of_family(|family| matches!(family, KeyFamily::Hashes(_))),
            addresses,
            next_job: AtomicUsize::new(0),
            built: Mutex::new(Built { v4: V4::new(), v6, names, hashes, covered: vec![0; LIST_PLACES] }),
        }
    }

    fn work(&self) {
        let mut bench = Workbench::default();
        loop {
            let job = self.next_job.fetch_add(1, Ordering::Relaxed);
            match job {
                0 => {
                    let v6 = self.ordered(&self.addresses, |v6, list, resolver| {
                        let spans = v6_spans((0, 0), self.rows.v6(list));
                        let mut front = Front::new(spans, ValueId::NOTHING, resolver);
                        v6.apply(&mut front, (&Octets::new(), None), resolver);
                    });
                    self.with(|built| built.v6 = v6);
                }
                1 => {
                    let names = self.ordered(&self.names, |names, list, resolver| {
                        let mut front = Front::new(NameSpans::new(self.rows.names(list)), ValueId::NOTHING, resolver);
                        names.apply(&mut front, (&Octets::new(), None), resolver);
                    });
                    self.with(|built| built.names = names);
                }
                2 => {
                    let hashes = self.ordered(&self.hashes, |hashes, list, resolver| {
                        apply_hashes(hashes, self.rows.hashes(list), resolver);
                    });
                    self.with(|built| built.hashes = hashes);
                }
                ORDERED_JOBS..JOBS => self.slash8((job - ORDERED_JOBS) as u8, &mut bench),
                _ => return,
            }
        }
    }

    fn with(&self, put: impl FnOnce(&mut Built)) {
        put(&mut self.built.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn ordered(&self, lists: &[ListIndex], apply: impl Fn(&mut Ordered, ListIndex, &mut Resolver)) -> Ordered {
        let mut index = Ordered::new();
        for &list in lists {
            apply(&mut index, list, &mut Resolver::new(&self.interner, list));
        }
        index
    }

    /// What a list says at a /8 as a whole by its wider prefixes.
    fn inherited(&self, list: ListIndex, first: u32) -> Option<&Decision> {
        let covers = |&(address, length, _): &&V4Row| {
            first & u32::MAX.checked_shl(32 - u32::from(*length)).unwrap_or(0) == *address
        };
        let wide = self.wide.iter().filter(|(of, _)| *of == list).map(|(_, row)| row);
        wide.filter(covers).max_by_key(|(_, length, _)| *length).map(|(_, _, decision)| decision)
    }

    fn slash8(&self, number: u8, bench: &mut Workbench) {
        let first = u32::from(number) << 24;
        let mut lists: Vec<_> = self
            .addresses
            .iter()
            .map(|&list| {
                let mut resolver = Resolver::new(&self.interner, list);
                let base = self.inherited(list, first).map(|decision| resolver.value(decision, 0)).unwrap_or_default();
                let rows = self.rows.v4(list, first, first | 0xff_ffff).filter(|(_, length, _)| *length >= 8);
                (Front::new(v4_spans(rows), base, &mut resolver), resolver)
            })
            .collect();
        let (node, below): (Slash8, u64) = bench.build(number, &mut lists);
        self.with(|built| {
            built.v4.set_slash8(usize::from(number), node, below);
            for (_, resolver) in &lists {
                built.covered[resolver.list().place()] += resolver.grown;
            }
        });
    }
}
