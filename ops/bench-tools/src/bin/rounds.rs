//! rounds --echo PROGRAM --rbldnsd PROGRAM [--dnsbld PROGRAM] --work DIR [--quick] [--rounds N] [--seconds S] [--json FILE]
//!
//! The whole run of ops/bench: speed beside the peers, then import, freshness, start and memory at 1.2 and 20 million keys
//! (--quick: 1.2 million and few rounds). Prints the table for the README. Without --dnsbld the peers alone.
//!
//! Guarantees: ends every process that it started; exits 2 where a promise was broken.
//! Never: writes outside DIR and the JSON file.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::Duration,
};

use bench_tools::{
    arguments::Arguments,
    contest::{self, Contestant, GENERATOR_CORE, SERVER_CORE, Score},
    data::{Lists, QUERIES, Shape, write_lines},
    figures::{Spread, Times},
    generator::Answerer,
    names,
    process::pin_this_thread,
    queries::{Expect, Query},
    report::{Promise, Report},
    server::{self, End, Programs, Server, Store},
    trials, wire,
    wire::Encoded,
};
use serde_json::json;

/// The seed of all data.
const SEED: u64 = 20_26;
/// Starts of each kind that are timed.
const STARTS: usize = 3;

/// What the command line asked for.
struct Run {
    programs: Programs,
    work: PathBuf,
    quick: bool,
    rounds: usize,
    seconds: f64,
}

/// One size of the trials with its promises.
struct Size {
    name: &'static str,
    shape: Shape,
    keys: usize,
    import_seconds: f64,
    start_seconds: f64,
    resident_mebibytes: f64,
    second_keys: usize,
}

const SIZES: [Size; 2] = [
    Size {
        name: "1.2 M",
        shape: Shape::Overlapping,
        keys: 1_200_000,
        import_seconds: 2.4,
        start_seconds: 0.3,
        resident_mebibytes: 64.0,
        second_keys: 1_000_000,
    },
    Size {
        name: "20 M",
        shape: Shape::Spread,
        keys: 20_000_000,
        import_seconds: 30.0,
        start_seconds: 3.0,
        resident_mebibytes: 200.0,
        second_keys: 1_000_000,
    },
];

fn main() -> ExitCode {
    match run(Arguments::new(env::args().skip(1))) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(broken) => {
            println!("\n{broken} promises were not kept");
            ExitCode::from(2)
        }
        Err(why) => {
            eprintln!("rounds: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut arguments: Arguments) -> Result<usize, String> {
    let quick = arguments.flag("--quick");
    let run = Run {
        programs: Programs {
            dnsbld: arguments.value("--dnsbld")?,
            rbldnsd: arguments.needed("--rbldnsd")?,
            echo: arguments.needed("--echo")?,
        },
        work: arguments.needed("--work")?,
        quick,
        rounds: arguments.value("--rounds")?.unwrap_or(if quick { 3 } else { 9 }),
        seconds: arguments.value("--seconds")?.unwrap_or(if quick { 2.0 } else { 4.0 }),
    };
    let json: Option<PathBuf> = arguments.value("--json")?;
    arguments.finish()?;

    let mut report = Report::default();
    let outcome = measure(&run, &mut report);
    println!("\n{}", report.markdown());
    if let Some(file) = json {
        fs::write(&file, format!("{:#}\n", report.json())).map_err(|e| format!("{}: {e}", file.display()))?;
    }
    outcome.map_err(|e| e.to_string())?;
    Ok(report.broken())
}

fn measure(run: &Run, report: &mut Report) -> io::Result<()> {
    let sizes = if run.quick { &SIZES[..1] } else { &SIZES[..] };
    for size in sizes {
        let directory = run.work.join(size.name.replace(' ', ""));
        eprintln!("== making {} keys ({:?})", size.name, size.shape);
        let lists = Lists::make(size.shape, size.keys, SEED);
        let (plain, rbldnsd) = (directory.join("text"), directory.join("rbldnsd"));
        fs::create_dir_all(&plain)?;
        fs::create_dir_all(&rbldnsd)?;
        lists.write(&plain, SEED, |_| String::new())?;
        lists.write(&rbldnsd, SEED, server::rbldnsd_head)?;
        let plain_queries = encode(&lists.plain_queries(QUERIES, SEED));
        let mixed_queries = encode(&lists.mixed_queries(QUERIES, SEED));
        let probe = plain_queries
            .iter()
            .find(|query| query.expect == Expect::Listed)
            .ok_or_else(|| io::Error::other("no query of the data is listed"))?
            .clone();
        let trial = Trial { run, size, lists, directory, queries: mixed_queries, probe };
        trial.speed(report, &plain_queries)?;
        trial.peer(report)?;
        if let Some(dnsbld) = &run.programs.dnsbld {
            trial.changes(report, dnsbld)?;
        }
        fs::remove_dir_all(&trial.directory)?;
    }
    match &run.programs.dnsbld {
        Some(dnsbld) => by_kind(run, report, dnsbld),
        None => Ok(()),
    }
}

fn encode(queries: &[Query]) -> Vec<Encoded> {
    queries.iter().filter_map(wire::encode).collect()
}

/// One size with its data on disk.
struct Trial<'a> {
    run: &'a Run,
    size: &'a Size,
    lists: Lists,
    directory: PathBuf,
    queries: Vec<Encoded>,
    probe: Encoded,
}

impl Trial<'_> {
    fn files(&self, kind: &str) -> PathBuf {
        self.directory.join(kind)
    }

    fn log(&self) -> PathBuf {
        self.directory.join("log")
    }

    /// Servers take turns, on the mix and on plain queries.
    fn speed(&self, report: &mut Report, plain: &[Encoded]) -> io::Result<()> {
        let Run { programs, rounds, seconds, .. } = self.run;
        eprintln!("== speed at {}: {rounds} rounds of {seconds} s for each server and kind of query", self.size.name);
        let mut contestants = vec![Contestant {
            name: "echo",
            answerer: Answerer::Echo,
            server: server::start_echo(programs, Some(SERVER_CORE), &self.log())?,
        }];
        let rbldnsd = server::start_rbldnsd(programs, &self.files("rbldnsd"), Some(SERVER_CORE), &self.log())?;
        contestants.push(Contestant { name: "rbldnsd", answerer: Answerer::NameServer, server: rbldnsd });
        let store = Store::make(&self.directory.join("speed"), 1)?;
        if let Some(dnsbld) = &programs.dnsbld {
            // Filled by a process of its own, so that nothing of an import is left to do while replies are counted.
            let filling = store.start(dnsbld, None)?;
            let mut api = store.api()?;
            for (list, _) in server::LISTS {
                trials::put_file(&mut api, list, "bench", &self.files("text").join(format!("{list}.txt")))?;
            }
            filling.end(End::Asked)?;
            let mut server = store.start(dnsbld, Some(SERVER_CORE))?;
            server.first_right_answer(&self.probe)?;
            contestants.push(Contestant { name: "dnsbld", answerer: Answerer::NameServer, server });
        }
        contestants[1].server.first_right_answer(&self.probe)?;
        for (what, queries) in [("mix", &self.queries[..]), ("plain", plain)] {
            let time = Duration::from_secs_f64(*seconds);
            let scores = thread::scope(|scope| {
                let contest = scope.spawn(|| {
                    pin_this_thread(GENERATOR_CORE)?;
                    contest::hold(&contestants, queries, *rounds, time)
                });
                contest.join().expect("a contest does not panic")
            })?;
            self.report_speed(report, what, &scores);
        }
        contestants.into_iter().try_for_each(|contestant| contestant.server.end(End::Asked))
    }

    fn report_speed(&self, report: &mut Report, what: &str, scores: &[Score]) {
        let place = format!("{}, {what}", self.size.name);
        report.detail(format!("speed {place}"), scores.iter().map(Score::json).collect());
        for score in scores {
            let (Some(cpu), Some(rate)) = (Spread::of(score.cpu.clone()), Spread::of(score.rate.clone())) else {
                continue;
            };
            let shown = format!("{} us, {} q/s", cpu.show(2), rate.show(0));
            let name = format!("{}: CPU per reply ({place})", score.name);
            report.line(name, Promise::Stated, cpu.median, shown, String::new());
        }
        let by_name = |name| scores.iter().find(|score| score.name == name);
        let Some(dnsbld) = by_name("dnsbld") else { return };
        // The promises are about 1.2 M keys; at 20 M the figures are stated.
        let promised = |bound| if self.size.keys < 2_000_000 { Promise::AtLeast(bound) } else { Promise::Stated };
        for (peer, bound) in [("echo", 0.9), ("rbldnsd", 1.3)] {
            if let Some(advantage) = by_name(peer).and_then(|peer| dnsbld.advantage_over(peer)) {
                let name = format!("replies per CPU second against {peer} ({place})");
                report.line(name, promised(bound), advantage.median, advantage.show(2), String::new());
            }
        }
        let (lost, wrong) = (dnsbld.lost, dnsbld.wrong);
        let shown = format!("{lost} lost, {wrong} wrong of {}", dnsbld.received);
        let peer = by_name("rbldnsd")
            .map_or(String::new(), |p| format!("{} lost, {} wrong of {}", p.lost, p.wrong, p.received));
        report.line(
            format!("replies lost or wrong ({place})"),
            Promise::AtMost(0.0),
            (lost + wrong) as f64,
            shown,
            peer,
        );
    }

    /// rbldnsd's start, memory and reload, to compare with.
    fn peer(&self, report: &mut Report) -> io::Result<()> {
        let (files, log) = (self.files("rbldnsd"), self.log());
        let start = || server::start_rbldnsd(&self.run.programs, &files, None, &log);
        let mut server = start()?;
        server.first_right_answer(&self.probe)?;
        let (server, starts) = trials::starts(server, End::Asked, STARTS, &self.probe, start)?;
        server.end(End::Asked)?;
        let reloads = trials::reloads(&self.run.programs, &files, &log, &self.lists, &self.probe)?;
        let reload = reloads.percentile(0.5).as_secs_f64() * 1e3;
        let name = self.size.name;
        report.detail(
            format!("rbldnsd {name}"),
            json!({ "starts_s": starts.seconds, "resident_mib": starts.mebibytes, "reload_ms": reload }),
        );
        let spread = |values: &[f64], digits| Spread::of(values.to_vec()).map_or(String::new(), |s| s.show(digits));
        let shown = format!(
            "start {} s, resident {} MiB, a key more by reload {reload:.0} ms",
            spread(&starts.seconds, 2),
            spread(&starts.mebibytes, 0)
        );
        report.line(format!("rbldnsd beside it ({name})"), Promise::Stated, reload, String::new(), shown);
        Ok(())
    }

    /// Import, memory, starts, freshness, and an import under load.
    fn changes(&self, report: &mut Report, dnsbld: &Path) -> io::Result<()> {
        let Size { name, import_seconds, start_seconds, resident_mebibytes, second_keys, .. } = *self.size;
        eprintln!("== import, start, freshness and memory at {name} (each import is followed by a minute of rest)");
        // One thread answers, as in the contest; the rest of the machine is free for the writer.
        let store = Store::make(&self.directory.join("changes"), 1)?;
        let mut server = store.start(dnsbld, None)?;
        let found = trials::import(&store, &mut server, &self.files("text"), &self.lists, &self.probe)
            .map_err(|e| io::Error::new(e.kind(), format!("{e}\nthe server's last words:\n{}", store.last_words())))?;
        let seconds = found.took.as_secs_f64();
        let line = format!("import of {name} keys by PUT, durable and served (s)");
        report.line(line, Promise::AtMost(import_seconds), seconds, format!("{seconds:.2}"), String::new());
        let [before, peak, settled] = found.memory.map(bench_tools::process::Octets::mebibytes);
        let more = peak - before.max(settled);
        report.line(
            format!("resident 60 s after the import of {name} (MiB)"),
            Promise::AtMost(resident_mebibytes),
            settled,
            format!("{settled:.0}"),
            String::new(),
        );
        report.line(
            format!("memory more at the peak of the import of {name} (MiB)"),
            Promise::AtMost(200.0),
            more,
            format!("{more:.0} (peak {peak:.0}, empty {before:.0})"),
            String::new(),
        );

        let start = || store.start(dnsbld, None);
        for (how, word) in [(End::Asked, "clean"), (End::Killed, "killed")] {
            let (again, starts) = trials::starts(server, how, STARTS, &self.probe, start)?;
            server = again;
            self.report_starts(report, word, start_seconds, resident_mebibytes, &starts);
        }
        self.changes_under_way(report, &store, &server, second_keys)?;
        server.end(End::Asked)
    }

    fn report_starts(&self, report: &mut Report, word: &str, seconds: f64, mebibytes: f64, starts: &trials::Starts) {
        let name = self.size.name;
        for (what, values, bound, digits) in [
            ("start to the first right answer (s)", &starts.seconds, seconds, 2),
            ("resident after a start (MiB)", &starts.mebibytes, mebibytes, 0),
        ] {
            if let Some(spread) = Spread::of(values.clone()) {
                report.line(
                    format!("{what}, {word} ({name})"),
                    Promise::AtMost(bound),
                    spread.median,
                    spread.show(digits),
                    String::new(),
                );
            }
        }
    }

    fn changes_under_way(&self, report: &mut Report, store: &Store, server: &Server, second: usize) -> io::Result<()> {
        let name = self.size.name;
        let posts = if self.run.quick { 300 } else { 2_000 };
        let milliseconds = |times: &Times, share| times.percentile(share).as_secs_f64() * 1e3;
        let idle = trials::freshness(store, server, &self.lists, posts, 101)?;
        let full = trials::freshness_at_full_load(store, server, &self.lists, &self.queries, posts)?;
        for (word, found) in [("idle", idle), ("at full query load", full)] {
            let p99 = milliseconds(&found.times, 0.99);
            let shown =
                format!("p50 {:.2}, p99 {p99:.2}, {} stale of {posts}", milliseconds(&found.times, 0.5), found.stale);
            report.line(
                format!("POST of a key, durable and served, {word} ({name}, ms)"),
                Promise::AtMost(5.0),
                p99,
                shown,
                String::new(),
            );
            report.line(
                format!("POSTs not served at once, {word} ({name})"),
                Promise::AtMost(0.0),
                found.stale as f64,
                found.stale.to_string(),
                String::new(),
            );
        }

        let file = self.directory.join("second.txt");
        let more = Lists::make(Shape::Sparse, second, SEED + 1);
        let dots = more.hosts.iter().map(|&address| std::net::Ipv4Addr::from(address));
        write_lines(&file, "", dots)?;
        let found = trials::import_under_load(store, server, &file, &self.queries)?;
        let seconds = found.took.as_secs_f64();
        report.line(
            format!("import of 1 M keys more under load, beside {name} (s)"),
            Promise::AtMost(2.0),
            seconds,
            format!("{seconds:.2}"),
            String::new(),
        );
        let (usual, meanwhile) = (milliseconds(&found.usual.times, 0.99), milliseconds(&found.meanwhile.times, 0.99));
        report.line(
            format!("p99 of queries during it, against the usual ({name})"),
            Promise::AtMost(2.0),
            meanwhile / usual.max(1e-6),
            format!("{:.2} ({meanwhile:.3} ms, usual {usual:.3} ms)", meanwhile / usual.max(1e-6)),
            String::new(),
        );
        let lost = found.meanwhile.lost;
        report.line(
            format!("queries lost during it ({name})"),
            Promise::AtMost(0.0),
            lost as f64,
            format!("{lost} of {}", found.meanwhile.sent),
            String::new(),
        );
        Ok(())
    }
}

/// What a million v6 networks and a million names cost in memory, each in a store of its own, after a start.
fn by_kind(run: &Run, report: &mut Report, dnsbld: &Path) -> io::Result<()> {
    const KEYS: usize = 1_000_000;
    eprintln!("== memory of a million keys of each kind");
    let file = run.work.join("keys.txt");
    let mut empty = 0.0;
    for (what, list, keys) in [
        ("nothing", "compromised", Vec::new()),
        (
            "1 M sparse v4 hosts",
            "compromised",
            Lists::make(Shape::Sparse, KEYS, SEED)
                .hosts
                .iter()
                .map(|&a| std::net::Ipv4Addr::from(a).to_string())
                .collect(),
        ),
        ("1 M v6 /64s", "compromised", names::v6_networks(KEYS, SEED)),
        ("1 M names", "bad-names", names::domain_names(KEYS, SEED)),
    ] {
        write_lines(&file, "", keys.iter())?;
        let store = Store::make(&run.work.join("kind"), 1)?;
        let server = store.start(dnsbld, None)?;
        trials::put_file(&mut store.api()?, list, "bench", &file)?;
        server.end(End::Asked)?;
        let server = store.start(dnsbld, None)?;
        // The API answers only when the first snapshot is there.
        store.api()?;
        thread::sleep(Duration::from_secs(2));
        let resident = server.process.resident()?.mebibytes();
        server.end(End::Asked)?;
        if keys.is_empty() {
            empty = resident;
        } else {
            let octets = (resident - empty) * f64::from(1 << 20) / KEYS as f64;
            let shown = format!("{octets:.1} octets a key ({resident:.0} MiB, empty {empty:.0})");
            let promise = if what.contains("v4") { Promise::AtMost(10.0) } else { Promise::Stated };
            report.line(format!("resident for {what}"), promise, octets, shown, String::new());
        }
    }
    Ok(())
}
