//! `dnsbld import`: replaces what a source holds by what files say.
//!
//! Guarantees: several files are one body and one commit; a file that cannot be read to its end changes nothing; files
//! that gzip packed are known by their first octets, whatever their name.
//! Never: holds a file in memory; parses a line (the server does, so that all clients read alike).

use super::{
    Connection, Failure,
    client::{Client, escaped},
    words,
};
use crate::list::{ListName, SourceName};
use flate2::read::MultiGzDecoder;
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    fs::{File, Metadata},
    io::{self, BufRead, BufReader, Cursor, IsTerminal as _, Read},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

/// Replace all that a source holds in a list by what the files say.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  dnsbld import dynamic --source isp ranges.txt
  dnsbld import dynamic --source isp --dry-run ranges.txt      say what would change
  curl -s https://feed.example/list.gz | dnsbld import spam --source feed -
  dnsbld import spam --source feed a.csv b.csv --format csv    several files are one body

The server replaces the entries of this source and touches no other's; the import is whole or absent. A line that
cannot be read rejects it; --skip-invalid leaves such lines out. A source that shrinks or grows very much needs --force.
The format is told by the first file's ending (.csv, .ndjson, .jsonl, otherwise text) unless --format says it.")]
pub struct Import {
    /// The list
    list: ListName,
    /// The files, packed by gzip or not; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Who says so
    #[arg(long, default_value = "operator")]
    source: SourceName,
    /// text, csv, ndjson or one of rbldnsd's: ip4set, ip4tset, ip4trie, ip6tset, ip6trie, dnset, combined
    #[arg(long)]
    format: Option<String>,
    /// Change nothing, say what would change
    #[arg(long)]
    dry_run: bool,
    /// Go past a guard (admins only)
    #[arg(long)]
    force: bool,
    /// Leave out lines that cannot be read instead of refusing the import
    #[arg(long)]
    skip_invalid: bool,
    /// csv: these columns go into the reason, separated by commas
    #[arg(long, value_name = "COLUMNS")]
    reason_columns: Option<String>,
}

/// Why reading a file failed: the connection only says that the body ended.
type ReadFailure = Arc<Mutex<Option<String>>>;

impl Import {
    /// Sends the files and says what came of it.
    pub fn run(&self, connection: &Connection) -> Result<(), Failure> {
        let client = Client::find(connection)?;
        let format = self.format.clone().unwrap_or_else(|| format_of(&self.files[0]).to_owned());
        let failure = ReadFailure::default();
        let progress = progress_of(&self.files);
        let (mut body, packed) = self.body(&format, &progress, &failure)?;
        let encoding = packed.then_some("gzip");
        let reply = client.put(&self.path(&format), encoding, &mut body);
        progress.finish_and_clear();
        if let Some(words) = failure.lock().expect("no reader panics while it holds this").take() {
            return Err(Failure::Refused(format!("{words}; nothing was changed")));
        }
        reply?.say(|answer| {
            let words = if self.dry_run { words::tried(answer) } else { words::written(answer) };
            format!("{}/{}: {words}", self.list, self.source)
        })
    }

    fn path(&self, format: &str) -> String {
        let mut query = format!("format={}", escaped(format));
        for (name, set) in [("dry_run", self.dry_run), ("force", self.force), ("skip_invalid", self.skip_invalid)] {
            if set {
                query.extend(["&", name, "=true"]);
            }
        }
        if let Some(columns) = &self.reason_columns {
            query.extend(["&reason_columns=", &escaped(columns)]);
        }
        format!("/api/v1/lists/{}/sources/{}?{query}", escaped(self.list.as_str()), escaped(self.source.as_str()))
    }

    /// The files as one reader, and whether its octets are gzip's (one packed file goes as it is).
    fn body(&self, format: &str, bar: &ProgressBar, failure: &ReadFailure) -> Result<(Box<dyn Read>, bool), Failure> {
        let mut readers: Vec<Box<dyn BufRead>> = Vec::new();
        let mut packed_first = false;
        for file in &self.files {
            let unreadable = |error: io::Error| Failure::Refused(format!("{}: {error}", file.display()));
            let source: Box<dyn Read> = if is_standard_input(file) {
                Box::new(io::stdin())
            } else {
                Box::new(File::open(file).map_err(unreadable)?)
            };
            if !is_standard_input(file) && file.is_dir() {
                return Err(Failure::Refused(format!("{} is a directory", file.display())));
            }
            let told = Told { inner: bar.wrap_read(source), file: file.clone(), failure: Arc::clone(failure) };
            let mut reader = BufReader::with_capacity(64 << 10, told);
            let packed = reader.fill_buf().map_err(unreadable)?.starts_with(&[0x1f, 0x8b]);
            if packed && self.files.len() == 1 {
                packed_first = true;
                readers.push(Box::new(reader));
            } else if packed {
                let unpacked =
                    Told { inner: MultiGzDecoder::new(reader), file: file.clone(), failure: Arc::clone(failure) };
                readers.push(Box::new(BufReader::new(unpacked)));
            } else {
                readers.push(Box::new(reader));
            }
        }
        if format == "csv" && readers.len() > 1 {
            send_header_once(&mut readers);
        }
        if !matches!(format, "text" | "csv" | "ndjson") {
            part_files(&mut readers);
        }
        Ok((Box::new(Joined { readers: readers.into_iter(), current: None, ends_in_line_break: true }), packed_first))
    }
}

/// Files of rbldnsd: what one of them states for its lines ends with it.
fn part_files(readers: &mut [Box<dyn BufRead>]) {
    for reader in readers.iter_mut().skip(1) {
        let rest = std::mem::replace(reader, Box::new(io::empty()));
        *reader = Box::new(Cursor::new(b"#$FILE\n").chain(rest));
    }
}

/// Where every file begins with the same first line, it is the header of each: it stays in the first alone.
fn send_header_once(readers: &mut [Box<dyn BufRead>]) {
    let mut header = None;
    for reader in readers.iter_mut() {
        let mut line = Vec::new();
        // A failure is told by the reader itself and comes back at the next read.
        let _told = reader.by_ref().take(crate::limits::LINE_OCTETS_MAX as u64).read_until(b'\n', &mut line);
        let same = header.as_ref().is_some_and(|header: &Vec<u8>| header.trim_ascii_end() == line.trim_ascii_end());
        if !same {
            let rest = std::mem::replace(reader, Box::new(io::empty()));
            *reader = Box::new(Cursor::new(line.clone()).chain(rest));
        }
        header.get_or_insert(line);
    }
}

fn is_standard_input(file: &Path) -> bool {
    file == Path::new("-")
}

fn format_of(file: &Path) -> &'static str {
    let name = file.to_string_lossy().to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("csv") => "csv",
        Some("ndjson" | "jsonl") => "ndjson",
        _ => "text",
    }
}

fn progress_of(files: &[PathBuf]) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let sizes: Option<u64> =
        files.iter().map(|file| file.metadata().ok().filter(Metadata::is_file).map(|meta| meta.len())).sum();
    let (bar, style) = match sizes {
        Some(octets) => (ProgressBar::new(octets), "{bar:40} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} to go"),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes}, {bytes_per_sec}"),
    };
    bar.set_style(ProgressStyle::with_template(style).expect("a template of known names"));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A reader that keeps the name of its file with what went wrong.
struct Told<R> {
    inner: R,
    file: PathBuf,
    failure: ReadFailure,
}

impl<R: Read> Read for Told<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                let words = format!("{}: {error}", self.file.display());
                self.failure.lock().expect("no reader panics while it holds this").get_or_insert(words);
            }
        })
    }
}

/// Readers one after another; a file that ends inside a line does not run into the next one's first.
struct Joined {
    readers: std::vec::IntoIter<Box<dyn BufRead>>,
    current: Option<Box<dyn BufRead>>,
    ends_in_line_break: bool,
}

impl Read for Joined {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(reader) = &mut self.current {
                let octets = reader.read(buffer)?;
                if octets > 0 {
                    self.ends_in_line_break = buffer[octets - 1] == b'\n';
                    return Ok(octets);
                }
                self.current = None;
            }
            let Some(next) = self.readers.next() else { return Ok(0) };
            self.current = Some(next);
            if !self.ends_in_line_break {
                self.ends_in_line_break = true;
                buffer[0] = b'\n';
                return Ok(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(parts: &[&str], csv: bool) -> String {
        let mut readers: Vec<Box<dyn BufRead>> =
            parts.iter().map(|part| Box::new(Cursor::new(part.as_bytes().to_vec())) as Box<dyn BufRead>).collect();
        if csv {
            send_header_once(&mut readers);
        }
        let mut text = String::new();
        let mut body = Joined { readers: readers.into_iter(), current: None, ends_in_line_break: true };
        body.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_file_without_a_final_line_break_does_not_run_into_the_next() {
        assert_eq!(joined(&["192.0.2.1", "", "192.0.2.2\n", "192.0.2.3"], false), "192.0.2.1\n192.0.2.2\n192.0.2.3");
    }

    #[test]
    fn files_of_rbldnsd_are_told_apart() {
        let mut readers: Vec<Box<dyn BufRead>> = [":5:five\n1.1.1.1", "2.2.2.2\n"]
            .iter()
            .map(|part| Box::new(Cursor::new(part.as_bytes().to_vec())) as Box<dyn BufRead>)
            .collect();
        part_files(&mut readers);
        let mut text = String::new();
        let mut body = Joined { readers: readers.into_iter(), current: None, ends_in_line_break: true };
        body.read_to_string(&mut text).unwrap();
        assert_eq!(text, ":5:five\n1.1.1.1\n#$FILE\n2.2.2.2\n");
    }

    #[test]
    fn the_header_of_several_csv_files_is_sent_once() {
        assert_eq!(
            joined(&["ip,reason\n192.0.2.1,a\n", "ip,reason\r\n192.0.2.2,b\n"], true),
            "ip,reason\n192.0.2.1,a\n192.0.2.2,b\n"
        );
        assert_eq!(joined(&["192.0.2.1,a\n", "192.0.2.2,b\n"], true), "192.0.2.1,a\n192.0.2.2,b\n");
    }

    #[test]
    fn an_ending_tells_the_format() {
        for (file, format) in
            [("a.csv.gz", "csv"), ("a.CSV", "csv"), ("a.jsonl", "ndjson"), ("a.txt", "text"), ("-", "text")]
        {
            assert_eq!(format_of(Path::new(file)), format);
        }
    }
}
