//! Several files as one body, and which line of which file a line of the body is.
//!
//! Guarantees: a file that ends inside a line does not run into the next one's first; what the server says of a line of the
//! body is told of the file and of its line there, as an editor finds them.
//! Never: holds a file in memory; parses a line.

use super::Failure;
use flate2::read::MultiGzDecoder;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Cursor, Read},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// What keeps the files apart in the data sets of rbldnsd.
const FILE_MARK: &[u8] = b"#$FILE\n";

/// What editors of one system put before a text.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Why reading a file failed: the connection only says that the body ended.
type ReadFailure = Arc<Mutex<Option<String>>>;

/// The files, opened.
pub struct Body {
    /// All of them, one after another.
    pub reader: Joined,
    /// Whether its octets are gzip's: one packed file goes as it is.
    pub packed: bool,
    /// Where each file begins in it, as far as it was read.
    pub places: Places,
    failure: ReadFailure,
}

impl Body {
    /// Opens the files for a body of this format.
    ///
    /// # Errors
    /// A file that cannot be opened.
    pub fn open(files: &[PathBuf], format: &str, bar: &ProgressBar) -> Result<Self, Failure> {
        let failure = ReadFailure::default();
        let mut parts = Vec::new();
        let mut packed_alone = false;
        for file in files {
            let unreadable = |error: io::Error| Failure::Refused(format!("{}: {error}", file.display()));
            let source: Box<dyn Read> = if is_standard_input(file) {
                Box::new(io::stdin())
            } else {
                Box::new(File::open(file).map_err(unreadable)?)
            };
            if !is_standard_input(file) && file.is_dir() {
                return Err(Failure::Refused(format!("{} is a directory", file.display())));
            }
            let told = Told { inner: bar.wrap_read(source), file: file.clone(), failure: Arc::clone(&failure) };
            let mut reader = BufReader::with_capacity(64 << 10, told);
            let packed = reader.fill_buf().map_err(unreadable)?.starts_with(&[0x1f, 0x8b]);
            packed_alone = packed && files.len() == 1;
            let mut reader: Box<dyn BufRead> = if packed && !packed_alone {
                let inner = MultiGzDecoder::new(reader);
                Box::new(BufReader::new(Told { inner, file: file.clone(), failure: Arc::clone(&failure) }))
            } else {
                Box::new(reader)
            };
            if !packed_alone {
                pass_mark(&mut *reader);
            }
            parts.push(Part { file: file.clone(), reader, line: 1 });
        }
        if format == "csv" {
            send_header_once(&mut parts);
        }
        if !matches!(format, "text" | "csv" | "ndjson") {
            mark_files(&mut parts);
        }
        let places = Places::default();
        Ok(Self { reader: Joined::new(parts, places.clone()), packed: packed_alone, places, failure })
    }

    /// What kept a file from being read to its end.
    pub fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// One file on its way into the body.
struct Part {
    file: PathBuf,
    reader: Box<dyn BufRead>,
    /// The line of the file that comes first; 0 for one that stands before it.
    line: u64,
}

impl Part {
    /// Puts octets before what is still to be read.
    fn precede(&mut self, octets: Vec<u8>) {
        let rest = std::mem::replace(&mut self.reader, Box::new(io::empty()));
        self.reader = Box::new(Cursor::new(octets).chain(rest));
    }
}

/// Files of rbldnsd: what one of them states for its lines ends with it.
fn mark_files(parts: &mut [Part]) {
    for part in parts.iter_mut().skip(1) {
        part.precede(FILE_MARK.to_vec());
        part.line -= 1;
    }
}

/// The server knows the mark at the start of a body alone. A failure comes back at the next read.
fn pass_mark(reader: &mut dyn BufRead) {
    if reader.fill_buf().is_ok_and(|octets| octets.starts_with(BYTE_ORDER_MARK)) {
        reader.consume(BYTE_ORDER_MARK.len());
    }
}

/// Where every file begins with the same first line, it is the header of each: it stays in the first alone.
fn send_header_once(parts: &mut [Part]) {
    if parts.len() < 2 {
        return;
    }
    let mut header = None;
    for part in parts.iter_mut() {
        let mut line = Vec::new();
        // A failure is told by the reader itself and comes back at the next read.
        let _told = part.reader.by_ref().take(crate::limits::LINE_OCTETS_MAX as u64).read_until(b'\n', &mut line);
        let same = header.as_ref().is_some_and(|header: &Vec<u8>| header.trim_ascii_end() == line.trim_ascii_end());
        if same {
            part.line += 1;
        } else {
            part.precede(line.clone());
        }
        header.get_or_insert(line);
    }
}

fn is_standard_input(file: &Path) -> bool {
    file == Path::new("-")
}

/// Where in the body each file begins; shared with the reader, which is with the connection while the body is sent.
#[derive(Clone, Default)]
pub struct Places(Arc<Mutex<Vec<Place>>>);

struct Place {
    file: PathBuf,
    /// The line of the body, and the line of the file that it is.
    body_line: u64,
    file_line: u64,
}

impl Places {
    fn begin(&self, place: Place) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(place);
    }

    /// The file and its line that a line of the body is.
    fn of(&self, line: u64) -> Option<(String, u64)> {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = places.iter().rev().find(|place| place.body_line <= line)?;
        // The mark before a file is none of its lines.
        let own = (place.file_line + (line - place.body_line)).max(1);
        Some((place.file.display().to_string(), own))
    }

    /// Adds to what the server says of lines where they stand: `file` and `file_line` of rejected ones, and both in a detail
    /// that begins with the line.
    pub fn tell(&self, answer: &mut Value) {
        for rejected in answer.get_mut("rejected").and_then(Value::as_array_mut).into_iter().flatten() {
            let place = rejected["line"].as_u64().and_then(|line| self.of(line));
            if let (Some((file, line)), Some(rejected)) = (place, rejected.as_object_mut()) {
                rejected.insert("file".into(), json!(file));
                rejected.insert("file_line".into(), json!(line));
            }
        }
        let detail = answer["detail"].as_str().and_then(|detail| detail.strip_prefix("line "));
        let parted = detail.and_then(|detail| detail.split_once(": "));
        let placed = parted.and_then(|(line, said)| {
            let (file, line) = self.of(line.parse().ok()?)?;
            Some(format!("{file}:{line}: {said}"))
        });
        if let Some(placed) = placed {
            answer["detail"] = json!(placed);
        }
    }
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
                self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(words);
            }
        })
    }
}

/// Files one after another.
pub struct Joined {
    parts: std::vec::IntoIter<Part>,
    current: Option<Part>,
    ends_in_line_break: bool,
    /// The line of the body that the next octet stands in.
    line: u64,
    places: Places,
}

impl Joined {
    fn new(parts: Vec<Part>, places: Places) -> Self {
        Self { parts: parts.into_iter(), current: None, ends_in_line_break: true, line: 1, places }
    }

    fn sent(&mut self, octets: &[u8]) {
        self.line += octets.split(|octet| *octet == b'\n').count() as u64 - 1;
        self.ends_in_line_break = octets.ends_with(b"\n");
    }
}

impl Read for Joined {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(part) = &mut self.current {
                let octets = part.reader.read(buffer)?;
                if octets > 0 {
                    self.sent(&buffer[..octets]);
                    return Ok(octets);
                }
                self.current = None;
            }
            let Some(next) = self.parts.next() else { return Ok(0) };
            let inside = !self.ends_in_line_break;
            if inside {
                buffer[0] = b'\n';
                self.sent(b"\n");
            }
            self.places.begin(Place { file: next.file.clone(), body_line: self.line, file_line: next.line });
            self.current = Some(next);
            if inside {
                return Ok(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body of files named a, b, c and so on, and where their lines stand.
    fn joined(texts: &[&str], prepare: fn(&mut [Part])) -> (String, Places) {
        let part = |(name, text): (char, &&str)| {
            let reader = Box::new(Cursor::new(text.as_bytes().to_vec()));
            Part { file: name.to_string().into(), reader, line: 1 }
        };
        let mut parts: Vec<Part> = ('a'..).zip(texts).map(part).collect();
        prepare(&mut parts);
        let places = Places::default();
        let mut body = String::new();
        Joined::new(parts, places.clone()).read_to_string(&mut body).unwrap();
        (body, places)
    }

    /// Each line of the body as `file:line`.
    fn lines(places: &Places, body: &str) -> String {
        let line = |(number, _)| places.of(number).map_or_else(String::new, |(file, line)| format!("{file}:{line}"));
        (1..).zip(body.lines()).map(line).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_file_without_a_final_line_break_does_not_run_into_the_next() {
        let (body, places) = joined(&["192.0.2.1", "", "192.0.2.2\n", "192.0.2.3\n\n192.0.2.4"], |_| {});
        assert_eq!(body, "192.0.2.1\n192.0.2.2\n192.0.2.3\n\n192.0.2.4");
        assert_eq!(lines(&places, &body), "a:1 c:1 d:1 d:2 d:3");
    }

    /// The mark of the second file was part of its first key.
    #[test]
    fn files_that_begin_with_a_byte_order_mark_are_joined_without_it() {
        let dir = tempfile::tempdir().unwrap();
        let files: Vec<PathBuf> = ["a", "b"].map(|name| dir.path().join(name)).into();
        for file in &files {
            std::fs::write(file, "\u{feff}ip,reason\n192.0.2.1,x\n").unwrap();
        }
        let mut body = String::new();
        let opened = Body::open(&files, "csv", &ProgressBar::hidden()).ok().unwrap();
        Joined::read_to_string(&mut { opened.reader }, &mut body).unwrap();
        assert_eq!(body, "ip,reason\n192.0.2.1,x\n192.0.2.1,x\n");
    }

    #[test]
    fn files_of_rbldnsd_are_told_apart() {
        let (body, places) = joined(&[":5:five\n1.1.1.1", "2.2.2.2\n3.3.3.3"], mark_files);
        assert_eq!(body, ":5:five\n1.1.1.1\n#$FILE\n2.2.2.2\n3.3.3.3");
        assert_eq!(lines(&places, &body), "a:1 a:2 b:1 b:1 b:2");
    }

    #[test]
    fn the_header_of_several_csv_files_is_sent_once() {
        let (body, places) = joined(&["ip,reason\n192.0.2.1,a\n", "ip,reason\r\n192.0.2.2,b\n"], send_header_once);
        assert_eq!(body, "ip,reason\n192.0.2.1,a\n192.0.2.2,b\n");
        assert_eq!(lines(&places, &body), "a:1 a:2 b:2");
        let (body, places) = joined(&["192.0.2.1,a\n", "192.0.2.2,b\n"], send_header_once);
        assert_eq!((&*body, &*lines(&places, &body)), ("192.0.2.1,a\n192.0.2.2,b\n", "a:1 b:1"));
    }

    #[test]
    fn what_the_server_says_of_a_line_is_told_of_its_file() {
        let (_, places) = joined(&["1\n2\n", "3\n4\n"], |_| {});
        let mut answer = json!({"detail": "line 3: a quote", "rejected": [{"line": 4, "column": 2}, {"line": 1}]});
        places.tell(&mut answer);
        let rejected =
            json!([{"line": 4, "column": 2, "file": "b", "file_line": 2}, {"line": 1, "file": "a", "file_line": 1}]);
        assert_eq!(answer, json!({"detail": "b:1: a quote", "rejected": rejected}));
        let mut other = json!({"detail": "lines were rejected", "serial": 7});
        places.tell(&mut other);
        assert_eq!(other, json!({"detail": "lines were rejected", "serial": 7}));
        let mut empty = json!([]);
        places.tell(&mut empty);
    }
}
