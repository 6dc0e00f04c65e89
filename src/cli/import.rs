//! `dnsbld import`: replaces what a source holds by what files say.
//!
//! Guarantees: several files are one body and one commit; a file that cannot be read to its end changes nothing; files
//! that gzip packed are known by their first octets, whatever their name; a line that the server refuses is named by its
//! file and its line there, with `--json` as the members `file` and `file_line`.
//! Never: holds a file in memory; parses a line (the server does, so that all clients read alike).

use super::{
    Connection, Failure,
    client::{Client, escaped},
    files::Body,
    words,
};
use crate::list::{ListName, SourceName};
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    fs::Metadata,
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
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
cannot be taken (unreadable, wider than the list allows, inside `never`) rejects it; --skip-invalid leaves such lines out.
A source that shrinks or grows very much needs --force.
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
    /// text, csv, ndjson, rbldnsd, or one of its data sets: ip4set, ip4tset, ip4trie, ip6tset, ip6trie, dnset, combined
    #[arg(long)]
    format: Option<String>,
    /// Change nothing, say what would change
    #[arg(long)]
    dry_run: bool,
    /// Go past a guard (admins only)
    #[arg(long)]
    force: bool,
    /// Leave out lines that cannot be taken instead of refusing the import
    #[arg(long)]
    skip_invalid: bool,
    /// csv: these columns go into the reason, separated by commas
    #[arg(long, value_name = "COLUMNS")]
    reason_columns: Option<String>,
}

impl Import {
    /// Sends the files and says what came of it.
    pub fn run(&self, connection: &Connection) -> Result<(), Failure> {
        let client = Client::find(connection)?;
        let format = self.format.clone().unwrap_or_else(|| format_of(&self.files[0]).to_owned());
        let progress = progress_of(&self.files);
        let mut body = Body::open(&self.files, &format, &progress)?;
        let encoding = body.packed.then_some("gzip");
        let reply = client.put(&self.path(&format), encoding, &mut body.reader, &|answer| body.places.tell(answer));
        progress.finish_and_clear();
        if let Some(words) = body.failure() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_tells_the_format() {
        for (file, format) in
            [("a.csv.gz", "csv"), ("a.CSV", "csv"), ("a.jsonl", "ndjson"), ("a.txt", "text"), ("-", "text")]
        {
            assert_eq!(format_of(Path::new(file)), format);
        }
    }
}
