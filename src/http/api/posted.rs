//! What the body of a POST of entries says.
//!
//! Guarantees: of a body that is not taken no more is kept than is shown of it, and it is read no further than it takes to
//! know that it is too long: a few packed octets unpack to millions of lines.
//! Never: decides whether the list accepts an entry; that is `change`.

use crate::{
    http::{Problem, problem::Rejected},
    limits::{POST_ENTRIES_MAX, POST_PIECE_OCTETS, RECORD_OCTETS_MAX, REJECTED_SHOWN_MAX},
    list::{
        NewEntry, SourceName,
        format::{Dialect, Format, Item, LineError, Reader, read_object},
    },
};

/// The entries of a POST.
#[derive(Debug)]
pub(super) struct Posted {
    /// Whose they are.
    pub source: SourceName,
    /// Each with the line that it stands in.
    pub lines: Vec<(u64, NewEntry)>,
}

/// What was read so far.
#[derive(Debug, Default)]
struct Gathered {
    /// The first two of all sources: one is right, two are wrong.
    sources: Vec<SourceName>,
    lines: Vec<(u64, NewEntry)>,
    rejected: Vec<LineError>,
    rejected_count: u64,
    /// Lines of both kinds.
    count: usize,
}

impl Posted {
    /// Reads a whole body.
    ///
    /// # Errors
    /// 413 with more lines than a POST may have; 422 where one of them cannot be taken, or they are of several sources.
    pub fn read(octets: &[u8], dialect: Dialect) -> Result<Self, Problem> {
        let Gathered { sources, lines, rejected, rejected_count, count } = Gathered::of(octets, dialect);
        if count > POST_ENTRIES_MAX {
            return Err(Problem::too_large(format!(
                "a POST takes at most {POST_ENTRIES_MAX} entries; PUT takes any number"
            )));
        }
        if rejected_count > 0 {
            let said = format!("{rejected_count} lines cannot be taken; nothing was changed");
            return Err(Problem::rejected(said, rejected.into_iter().map(Rejected::from).collect(), rejected_count));
        }
        match <[SourceName; 1]>::try_from(sources) {
            Ok([source]) => Ok(Self { source, lines }),
            Err(none) if none.is_empty() => Err(Problem::unprocessable("there is no entry in the body")),
            Err(_) => Err(Problem::unprocessable("the entries of one POST are of one source; send one for each")),
        }
    }
}

impl Gathered {
    fn of(octets: &[u8], dialect: Dialect) -> Self {
        let mut gathered = Self::default();
        // One object may spread over lines; several stand on a line each.
        if octets.len() <= RECORD_OCTETS_MAX && serde_json::from_slice::<serde::de::IgnoredAny>(octets).is_ok() {
            read_object(octets, &dialect, &mut |item| gathered.take(item));
            return gathered;
        }
        let mut reader = Reader::new(Format::Ndjson, dialect);
        for piece in octets.chunks(POST_PIECE_OCTETS) {
            reader.push(piece, &mut |item| gathered.take(item));
            if gathered.count > POST_ENTRIES_MAX {
                return gathered;
            }
        }
        reader.finish(&mut |item| gathered.take(item));
        gathered
    }

    fn take(&mut self, item: Item) {
        self.count += 1;
        match item {
            Item::Entry { source: Some(source), line, entry } => {
                if !self.sources.contains(&source) && self.sources.len() < 2 {
                    self.sources.push(source);
                }
                if self.lines.len() < POST_ENTRIES_MAX {
                    self.lines.push((line, entry));
                }
            }
            Item::Entry { source: None, line, .. } => {
                let error = "source: missing; every entry names its source".to_owned();
                self.reject(LineError { line, column: 1, text: String::new(), error });
            }
            Item::Rejected(error) | Item::BodyRejected(error) => self.reject(error),
        }
    }

    fn reject(&mut self, error: LineError) {
        self.rejected_count += 1;
        if self.rejected.len() < REJECTED_SHOWN_MAX {
            self.rejected.push(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::{ListSettings, Time};

    fn dialect() -> Dialect {
        Dialect::of(&ListSettings::never(), Time::from_seconds(1_800_000_000))
    }

    /// 65 KB that unpacked to 64 MiB of `x` lines made the server hold 7 GB of what was wrong with each.
    #[test]
    fn of_a_body_of_bad_lines_no_more_is_kept_than_is_shown() {
        let few = Gathered::of("x\n".repeat(1_000).as_bytes(), dialect());
        assert_eq!((few.rejected.len(), few.rejected_count), (REJECTED_SHOWN_MAX, 1_000));
        let without_source = "{\"key\":\"192.0.2.1\"}\n".repeat(1_000);
        assert_eq!(Gathered::of(without_source.as_bytes(), dialect()).rejected.len(), REJECTED_SHOWN_MAX);
        let problem = Posted::read("x\n".repeat(1_000).as_bytes(), dialect()).unwrap_err();
        assert_eq!((problem.status, problem.rejected_count), (422, Some(1_000)));
    }

    #[test]
    fn a_body_with_too_many_lines_is_read_no_further_than_that_is_known() {
        let bad = "x\n".repeat(20 * POST_ENTRIES_MAX);
        let good = "{\"key\":\"192.0.2.1\",\"source\":\"a\"}\n".repeat(2 * POST_ENTRIES_MAX);
        for body in [bad, good] {
            let gathered = Gathered::of(body.as_bytes(), dialect());
            assert!(gathered.lines.len() <= POST_ENTRIES_MAX && gathered.rejected.len() <= REJECTED_SHOWN_MAX);
            assert!(gathered.count <= POST_ENTRIES_MAX + POST_PIECE_OCTETS, "{}", gathered.count);
            assert_eq!(Posted::read(body.as_bytes(), dialect()).unwrap_err().status, 413);
        }
        let most = "{\"key\":\"192.0.2.1\",\"source\":\"a\"}\n".repeat(POST_ENTRIES_MAX);
        assert_eq!(Posted::read(most.as_bytes(), dialect()).unwrap().lines.len(), POST_ENTRIES_MAX);
    }

    /// What is wrong with an object is said by its own words: those of 64 MiB were copied several times.
    #[test]
    fn one_object_is_no_longer_than_a_line_may_be() {
        let spread = "{\n\"key\": \"192.0.2.1\",\n\"source\": \"a\"\n}";
        assert_eq!(Posted::read(spread.as_bytes(), dialect()).unwrap().lines.len(), 1);
        let long = format!("{{\"{}\":1}}", "x".repeat(RECORD_OCTETS_MAX));
        let problem = Posted::read(long.as_bytes(), dialect()).unwrap_err();
        assert!(problem.rejected[0].error.starts_with("longer than"), "{:?}", problem.rejected);
    }
}
