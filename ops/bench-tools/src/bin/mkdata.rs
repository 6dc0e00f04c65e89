//! mkdata --out DIR --shape overlapping|spread|sparse|v6|names --keys N [--seed 1] [--rbldnsd]
//!
//! The data of a trial alone: lists as text (with --rbldnsd: with rbldnsd's head) and, for v4, queries-mix.txt and
//! queries-plain.txt with what is expected of each.
//!
//! Guarantees: the same arguments make the same files.
//! Never: writes outside DIR.

use std::{env, fs, io, path::PathBuf, process::ExitCode};

use bench_tools::{
    arguments::Arguments,
    data::{Lists, QUERIES, Shape, write_lines},
    names, server,
};

fn main() -> ExitCode {
    match run(Arguments::new(env::args().skip(1))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("mkdata: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut arguments: Arguments) -> Result<(), String> {
    let out: PathBuf = arguments.needed("--out")?;
    let shape: String = arguments.needed("--shape")?;
    let keys: usize = arguments.needed("--keys")?;
    let seed: u64 = arguments.value("--seed")?.unwrap_or(1);
    let for_rbldnsd = arguments.flag("--rbldnsd");
    arguments.finish()?;
    fs::create_dir_all(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    let written = match shape.as_str() {
        "v6" => write_lines(&out.join("v6.txt"), "", names::v6_networks(keys, seed).iter()),
        "names" => write_lines(&out.join("names.txt"), "", names::domain_names(keys, seed).iter()),
        "overlapping" => v4(&out, Shape::Overlapping, keys, seed, for_rbldnsd),
        "spread" => v4(&out, Shape::Spread, keys, seed, for_rbldnsd),
        "sparse" => v4(&out, Shape::Sparse, keys, seed, for_rbldnsd),
        other => return Err(format!("shape {other} is none of overlapping, spread, sparse, v6, names")),
    };
    written.map_err(|e| format!("{}: {e}", out.display()))
}

fn v4(out: &std::path::Path, shape: Shape, keys: usize, seed: u64, for_rbldnsd: bool) -> io::Result<()> {
    let lists = Lists::make(shape, keys, seed);
    lists.write(out, seed, |list| if for_rbldnsd { server::rbldnsd_head(list) } else { String::new() })?;
    write_lines(&out.join("queries-mix.txt"), "", lists.mixed_queries(QUERIES, seed).iter())?;
    write_lines(&out.join("queries-plain.txt"), "", lists.plain_queries(QUERIES, seed).iter())
}
