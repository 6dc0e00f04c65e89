//! load --to 127.0.0.1:PORT --queries FILE [--seconds 5] [--window 64] [--sockets 4] [--pace QPS] [--pid PID] [--echo]
//!
//! The generator alone: sends the queries of a file (see mkdata) in a closed loop and prints one line of JSON.
//!
//! Guarantees: says how many replies were lost or wrong; with --pid also the CPU time of that process per reply.
//! Never: sends to an address that is not loopback.

use std::{
    env,
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use bench_tools::{
    arguments::Arguments,
    generator::{self, Answerer, Plan},
    process::Process,
    queries,
};
use serde_json::json;

fn main() -> ExitCode {
    match run(Arguments::new(env::args().skip(1))) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("load: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut arguments: Arguments) -> Result<serde_json::Value, String> {
    let to: SocketAddr = arguments.needed("--to")?;
    if !to.ip().is_loopback() {
        return Err(format!("{to} is not on this machine"));
    }
    let file: PathBuf = arguments.needed("--queries")?;
    let seconds: f64 = arguments.value("--seconds")?.unwrap_or(5.0);
    let answerer = if arguments.flag("--echo") { Answerer::Echo } else { Answerer::NameServer };
    let full = Plan::full(to, answerer);
    let plan = Plan {
        window: arguments.value("--window")?.unwrap_or(full.window),
        sockets: arguments.value("--sockets")?.unwrap_or(full.sockets),
        pace: arguments.value("--pace")?,
        ..full
    };
    let process = arguments.value("--pid")?.map(Process);
    arguments.finish()?;

    let queries = queries::read_encoded(&file).map_err(|e| e.to_string())?;
    let cpu = |process: Option<Process>| process.map(Process::cpu).transpose().map_err(|e| e.to_string());
    let before = cpu(process)?;
    let end = Instant::now() + Duration::try_from_secs_f64(seconds).map_err(|e| format!("--seconds: {e}"))?;
    let outcome = generator::run(&plan, &queries, |now| now < end).map_err(|e| e.to_string())?;
    let used = cpu(process)?.zip(before).map(|(after, before)| after.since(&before));
    let micros = |share| outcome.times.percentile(share).as_secs_f64() * 1e6;
    Ok(json!({
        "sent": outcome.sent, "received": outcome.received, "lost": outcome.lost, "wrong": outcome.wrong,
        "listed": outcome.listed, "replies_per_second": outcome.rate().round(),
        "p50_us": micros(0.5), "p99_us": micros(0.99), "p999_us": micros(0.999),
        "cpu_us_per_reply": used.map(|used| used.as_secs_f64() * 1e6 / outcome.received.max(1) as f64),
    }))
}
