//! What dnsbld does beside answering: import, freshness, start, memory; and rbldnsd's reload and start to compare with.
//!
//! Guarantees: a figure of an import or a change ends when DNS answers by it, and it is checked that it does.
//! Never: pins the server: imports and changes use what the machine has, the generator keeps to its core.

use std::{
    fs::{self, File},
    io::{self, Write},
    net::Ipv4Addr,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{
    api::Api,
    contest::GENERATOR_CORE,
    data::{self, Lists},
    figures::Times,
    generator::{self, Answerer, Outcome, Plan},
    process::{Octets, pin_this_thread},
    queries::{Expect, Kind, Opt, Query},
    random::Random,
    server::{self, End, Programs, Server, Store},
    wire::{self, Encoded},
};

/// After an import, before memory is looked at: the store has compacted by then.
const SETTLE: Duration = Duration::from_secs(60);
/// How long the usual times are taken before an import begins under load.
const USUAL: Duration = Duration::from_secs(3);
/// Queries a second during an import: a load that the server meets with ease, so that what is lost is lost by the import.
const PACE: u32 = 20_000;
/// Reloads of rbldnsd that are timed.
const RELOADS: usize = 5;

/// What an import cost.
#[derive(Clone, Debug)]
pub struct Import {
    /// Keys in all bodies.
    pub keys: usize,
    /// From the first octet of the first request to the last answer, DNS checked.
    pub took: Duration,
    /// Resident before, at most meanwhile, and when all had settled.
    pub memory: [Octets; 3],
}

/// Sends the lists by PUT, one after the other, into an empty store.
pub fn import(store: &Store, server: &mut Server, files: &Path, lists: &Lists, probe: &Encoded) -> io::Result<Import> {
    let mut api = store.api()?;
    let before = server.process.resident()?;
    server.process.forget_peak()?;
    let start = Instant::now();
    for (list, _) in server::LISTS {
        put_file(&mut api, list, "bench", &files.join(format!("{list}.txt")))?;
    }
    server.started = Instant::now();
    server.first_right_answer(probe)?;
    let took = start.elapsed();
    let peak = server.process.peak()?;
    thread::sleep(SETTLE);
    Ok(Import { keys: lists.len(), took, memory: [before, peak, server.process.resident()?] })
}

/// Sends one file by PUT and says how long that took; an empty file is left out.
pub fn put_file(api: &mut Api, list: &str, source: &str, file: &Path) -> io::Result<Duration> {
    let start = Instant::now();
    let length = fs::metadata(file)?.len();
    if length > 0 {
        api.put(list, source, File::open(file)?, length)?
            .json()
            .map_err(|e| io::Error::other(format!("PUT of {} into {list}: {e}", file.display())))?;
    }
    Ok(start.elapsed())
}

/// How queries fared while a second source was imported.
#[derive(Clone, Debug)]
pub struct ImportUnderLoad {
    /// How long the PUT took.
    pub took: Duration,
    /// The usual, before.
    pub usual: Outcome,
    /// Meanwhile.
    pub meanwhile: Outcome,
}

/// Imports a file as a second source while queries come at a steady pace.
pub fn import_under_load(
    store: &Store,
    server: &Server,
    file: &Path,
    queries: &[Encoded],
) -> io::Result<ImportUnderLoad> {
    let plan = Plan { pace: Some(PACE), ..Plan::full(server.dns, Answerer::NameServer) };
    let end = Instant::now() + USUAL;
    let usual = on_generator_core(|| generator::run(&plan, queries, |now| now < end))?;
    let over = AtomicBool::new(false);
    let (took, meanwhile) = thread::scope(|scope| {
        let load = scope.spawn(|| {
            pin_this_thread(GENERATOR_CORE)?;
            generator::run(&plan, queries, |_| !over.load(Ordering::Relaxed))
        });
        let took = store.api().and_then(|mut api| put_file(&mut api, "compromised", "second", file));
        // Queries on their way at the end of the import still come home.
        thread::sleep(Duration::from_millis(50));
        over.store(true, Ordering::Relaxed);
        (took, load.join().expect("the generator does not panic"))
    });
    Ok(ImportUnderLoad { took: took?, usual, meanwhile: meanwhile? })
}

fn on_generator_core<T: Send>(work: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let worker = scope.spawn(|| {
            pin_this_thread(GENERATOR_CORE)?;
            work()
        });
        worker.join().expect("a measurement does not panic")
    })
}

/// How long single changes took.
#[derive(Clone, Debug, Default)]
pub struct Freshness {
    /// From the POST to its answer.
    pub times: Times,
    /// Changes that DNS did not answer by right after their answer.
    pub stale: u64,
}

/// POSTs `count` new keys, one after the other, and asks DNS for each as soon as the answer is there.
pub fn freshness(store: &Store, server: &Server, lists: &Lists, count: usize, seed: u64) -> io::Result<Freshness> {
    let random = &mut Random::new(seed);
    let mut api = store.api()?;
    let mut found = Freshness::default();
    for _ in 0..count {
        let address = lists.any_clear(random);
        let start = Instant::now();
        api.post("compromised", "bench-posts", &Ipv4Addr::from(address).to_string())?.json()?;
        found.times.add(start.elapsed());
        if !is_listed_now(server, address)? {
            found.stale += 1;
        }
    }
    Ok(found)
}

/// As [`freshness`], with as many queries as the server can answer.
pub fn freshness_at_full_load(
    store: &Store,
    server: &Server,
    lists: &Lists,
    queries: &[Encoded],
    count: usize,
) -> io::Result<Freshness> {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let load = scope.spawn(|| {
            pin_this_thread(GENERATOR_CORE)?;
            let plan = Plan::full(server.dns, Answerer::Echo);
            generator::run(&plan, queries, |_| !over.load(Ordering::Relaxed))
        });
        let found = freshness(store, server, lists, count, 102);
        over.store(true, Ordering::Relaxed);
        load.join().expect("the generator does not panic")?;
        found
    })
}

fn query(address: u32) -> Encoded {
    let query = Query { name: data::name_of(address), kind: Kind::A, opt: Opt::None, expect: Expect::Listed };
    wire::encode(&query).expect("the labels of an address are short")
}

/// One question, asked again only if the answer got lost.
fn is_listed_now(server: &Server, address: u32) -> io::Result<bool> {
    let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.connect(server.dns)?;
    socket.set_read_timeout(Some(Duration::from_millis(500)))?;
    let query = query(address);
    let mut reply = [0; 2048];
    for _ in 0..3 {
        socket.send(&query.octets)?;
        match socket.recv(&mut reply) {
            Ok(length) => return Ok(wire::Reply::read(&reply[..length]).is_some_and(|r| r.agrees_with(query.expect))),
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            Err(e) => return Err(e),
        }
    }
    Err(io::Error::other("three questions in a row got no answer"))
}

/// How long starts took, and what was resident after each.
#[derive(Clone, Debug, Default)]
pub struct Starts {
    /// Seconds from exec to the first right answer.
    pub seconds: Vec<f64>,
    /// MiB resident after it, a second later.
    pub mebibytes: Vec<f64>,
}

/// Starts a server again and again after it ended in one way. What `start` gives is running when this returns.
pub fn starts(
    mut server: Server,
    how: End,
    count: usize,
    probe: &Encoded,
    start: impl Fn() -> io::Result<Server>,
) -> io::Result<(Server, Starts)> {
    let mut found = Starts::default();
    for _ in 0..count {
        server.end(how)?;
        server = start()?;
        found.seconds.push(server.first_right_answer(probe)?.as_secs_f64());
        thread::sleep(Duration::from_secs(1));
        found.mebibytes.push(server.process.resident()?.mebibytes());
    }
    Ok((server, found))
}

/// rbldnsd's freshness: a line more in its file, SIGHUP, and the time until it is answered.
pub fn reloads(programs: &Programs, files: &Path, log: &Path, lists: &Lists, probe: &Encoded) -> io::Result<Times> {
    let random = &mut Random::new(103);
    let mut server = server::start_rbldnsd(programs, files, None, log)?;
    server.first_right_answer(probe)?;
    let mut times = Times::default();
    for _ in 0..RELOADS {
        // It tells files apart by their time in whole seconds.
        thread::sleep(Duration::from_millis(1100));
        let address = lists.any_clear(random);
        let mut file = File::options().append(true).open(files.join("compromised.txt"))?;
        writeln!(file, "{}", Ipv4Addr::from(address))?;
        drop(file);
        server.started = Instant::now();
        server.signal("HUP")?;
        times.add(server.first_right_answer(&query(address))?);
    }
    server.end(End::Asked)?;
    Ok(times)
}
