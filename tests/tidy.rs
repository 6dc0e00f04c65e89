//! The house rules, as a test: heads, floors, lengths, words.
//!
//! Guarantees: what DESIGN section 3 and the style pages say of the source is true of every file.
//! Never: judges what the code does.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that cannot go on ends there")]

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// Lines of a file, and of a function, beyond which it is asking to be split.
const FILE_LINES_MAX: usize = 600;
/// Tables, a few lines a row: one row is read at a time, so they may be longer.
const TABLES: [&str; 2] = ["src/limits.rs", "src/config/options.rs"];
const TABLE_LINES_MAX: usize = 1_200;
const FUNCTION_LINES_MAX: usize = 90;

/// Rooms from the lowest floor up. A room may name those of lower floors, and none of its own floor but itself.
const FLOORS: [&[&str]; 10] = [
    &["limits", "clock", "descriptors", "metrics", "tasks"],
    &["list"],
    &["store", "snapshot"],
    &["change", "files"],
    &["cases"],
    &["dns", "http", "retest", "mail"],
    &["config"],
    &["run"],
    &["cli"],
    &["main", "lib"],
];

/// Words that have no place in the source: left-overs, and names that say nothing.
const LEFTOVERS: [&str; 5] = ["TODO", "FIXME", "todo!(", "unimplemented!(", "dbg!("];
const EMPTY_NAMES: [&str; 4] = ["utils", "common", "manager", "helpers"];

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && path.file_name().is_some_and(|n| n != "target") {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    walk(&root.join(folder), &mut found);
    found.sort();
    found.into_iter().map(|p| (p.strip_prefix(root).unwrap().to_owned(), fs::read_to_string(&p).unwrap())).collect()
}

/// Files that are compiled for tests only: declared by a `mod` behind `#[cfg(test)]`, or below such a folder.
fn of_tests(all: &[(PathBuf, String)]) -> Vec<PathBuf> {
    let mut roots = Vec::new();
    for (path, text) in all {
        let stem = path.file_stem().unwrap();
        let folder = if ["mod", "lib", "main"].iter().any(|s| stem == *s) {
            path.parent().unwrap().to_owned()
        } else {
            path.with_extension("")
        };
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (at, line) in lines.iter().enumerate() {
            let name = line.split("mod ").nth(1).and_then(|rest| rest.strip_suffix(';'));
            if let Some(name) = name
                && lines[..at]
                    .iter()
                    .rev()
                    .take_while(|l| l.starts_with('#') || l.starts_with("//"))
                    .any(|l| *l == "#[cfg(test)]")
            {
                roots.push(folder.join(name));
            }
        }
    }
    let below = |path: &Path| roots.iter().any(|root| path.with_extension("") == *root || path.starts_with(root));
    all.iter().map(|(path, _)| path.clone()).filter(|path| below(path)).collect()
}

/// The files of the program itself.
fn program() -> Vec<(PathBuf, String)> {
    let all = sources("src");
    let tests = of_tests(&all);
    assert!(!tests.is_empty(), "some files are for tests");
    all.into_iter().filter(|(path, _)| !tests.contains(path)).collect()
}

fn report(faults: &str) {
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn every_file_says_what_it_is_what_it_guarantees_and_what_it_never_does() {
    let mut faults = String::new();
    let tests = of_tests(&sources("src"));
    for (path, text) in sources("src") {
        let head: String = text.lines().take_while(|l| l.starts_with("//!")).collect::<Vec<_>>().join("\n");
        let parts: &[&str] = if tests.contains(&path) { &["//!"] } else { &["//!", "Guarantees", "Never"] };
        for part in parts {
            if !head.contains(part) {
                writeln!(faults, "{}: the head lacks {part}", path.display()).unwrap();
            }
        }
    }
    report(&faults);
}

#[test]
fn no_room_names_one_of_its_own_or_of_a_higher_floor() {
    let floor = |room: &str| FLOORS.iter().position(|rooms| rooms.contains(&room));
    let mut faults = String::new();
    for (path, text) in program() {
        let room = path.components().nth(1).unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        let Some(own) = floor(&room) else {
            writeln!(faults, "{}: the room {room} has no floor", path.display()).unwrap();
            continue;
        };
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let code: String = text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        for named in code
            .split("crate::")
            .skip(1)
            .filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next())
        {
            if floor(named).is_some_and(|f| f > own || (f == own && named != room && own > 0)) {
                writeln!(faults, "{}: {room} names {named}", path.display()).unwrap();
            }
        }
    }
    report(&faults);
}

#[test]
fn only_the_store_names_rocksdb_and_only_dns_the_dns_server() {
    let mut faults = String::new();
    for (path, text) in program() {
        for (word, room) in [
            ("rocksdb::", "store"),
            ("hickory_server", "dns"),
            ("axum::", "http"),
            ("SystemTime::now", "clock.rs"),
            ("thread::spawn", "tasks.rs"),
            ("tokio::spawn", "tasks.rs"),
        ] {
            let code = text.split("#[cfg(test)]").next().unwrap();
            let named = code.lines().any(|l| !l.trim_start().starts_with("//") && l.contains(word));
            if named && !path.starts_with(Path::new("src").join(room)) {
                writeln!(faults, "{}: {word} belongs to {room}", path.display()).unwrap();
            }
        }
    }
    report(&faults);
}

#[test]
fn files_and_functions_are_short_and_nothing_is_left_over() {
    let mut faults = String::new();
    let tests = of_tests(&sources("src"));
    for (path, text) in sources("src") {
        let lines = text.lines().count();
        let table = TABLES.iter().any(|table| path == Path::new(table));
        if lines > if table { TABLE_LINES_MAX } else { FILE_LINES_MAX } {
            writeln!(faults, "{}: {lines} lines", path.display()).unwrap();
        }
        let stem = path.file_stem().unwrap().to_str().unwrap();
        if EMPTY_NAMES.contains(&stem) {
            writeln!(faults, "{}: a name that says nothing", path.display()).unwrap();
        }
        for word in LEFTOVERS {
            if text.contains(word) {
                writeln!(faults, "{}: {word}", path.display()).unwrap();
            }
        }
        let mut began: Option<(usize, usize)> = None;
        for (number, line) in text.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let head = line
                .trim_start()
                .trim_start_matches("pub ")
                .trim_start_matches("pub(crate) ")
                .trim_start_matches("pub(super) ");
            if ["fn ", "const fn ", "async fn "].iter().any(|f| head.starts_with(f))
                && !line.trim_end().ends_with(['}', ';'])
            {
                began = Some((number, indent));
            }
            if let Some((first, at)) = began
                && line.trim() == "}"
                && indent == at
            {
                if number - first > FUNCTION_LINES_MAX && !tests.contains(&path) {
                    writeln!(faults, "{}:{}: a function of {} lines", path.display(), first + 1, number - first)
                        .unwrap();
                }
                began = None;
            }
        }
    }
    report(&faults);
}

#[test]
fn nothing_outside_tests_unwraps() {
    let mut faults = String::new();
    for (path, text) in program() {
        for (number, line) in text.split("#[cfg(test)]").next().unwrap().lines().enumerate() {
            if line.contains(".unwrap()") && !line.trim_start().starts_with("//") {
                writeln!(faults, "{}:{}: unwrap", path.display(), number + 1).unwrap();
            }
        }
    }
    report(&faults);
}
