//! Cuts a body that arrives in chunks into lines, or into CSV records, which may hold line breaks inside quotes.
//!
//! Guarantees: holds at most the longest permitted line; a longer one comes out as its beginning, marked as too long, and
//! the rest of it is passed over. Line numbers count every line break. A byte order mark at the very beginning is dropped,
//! as is a carriage return before the end of a line.
//! Never: copies a line that lies whole in one chunk.

use crate::limits::LINE_OCTETS_MAX;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// One line of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Its number, from 1; a record's is that of its first line.
    pub number: u64,
    /// Its octets without the line break; of a line that is too long only the beginning.
    pub octets: &'a [u8],
    /// How it ended.
    pub end: End,
}

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With a line break, or with the body.
    Whole,
    /// It is longer than permitted.
    TooLong,
    /// The body ended inside quotes.
    OpenQuote,
}

/// Where a line break ends something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Break {
    /// Everywhere.
    Always,
    /// Outside of CSV quotes.
    OutsideQuotes,
}

/// Where in a CSV record the next octet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    RecordStart,
    CellStart,
    Bare,
    Comment,
    Quoted,
    AfterQuote,
}

/// The state between two chunks.
#[derive(Debug)]
pub(super) struct Lines {
    held: Vec<u8>,
    max: usize,
    too_long: bool,
    /// Whether nothing but a beginning of a byte order mark has come so far.
    at_start: bool,
    rule: Break,
    place: Place,
    /// The line that the next octet stands in, and the one the current record began in.
    line: u64,
    began: u64,
}

impl Lines {
    pub(super) fn new(rule: Break, max: usize) -> Self {
        let place = Place::RecordStart;
        Self { held: Vec::new(), max, too_long: false, at_start: true, rule, place, line: 1, began: 1 }
    }

    /// Takes the next chunk and gives every line that ends in it.
    pub(super) fn push(&mut self, mut chunk: &[u8], take: &mut dyn FnMut(Line<'_>)) {
        if self.at_start {
            // The mark itself may come in pieces: it is put together before anything else is looked at.
            while let (Some((first, rest)), true) = (chunk.split_first(), self.held.len() < BYTE_ORDER_MARK.len()) {
                if *first != BYTE_ORDER_MARK[self.held.len()] {
                    break;
                }
                self.held.push(*first);
                chunk = rest;
            }
            if self.held == BYTE_ORDER_MARK {
                self.held.clear();
            } else if chunk.is_empty() {
                return;
            }
            self.at_start = false;
            self.rescan_held();
        }
        while let Some(length) = self.find_break(chunk) {
            let (line, rest) = chunk.split_at(length);
            self.give(line, End::Whole, take);
            self.line += 1;
            self.began = self.line;
            chunk = &rest[1..];
        }
        self.hold(chunk);
    }

    /// The body is complete: gives the last line, if it has no line break.
    pub(super) fn finish(&mut self, take: &mut dyn FnMut(Line<'_>)) {
        let open = self.rule == Break::OutsideQuotes && self.place == Place::Quoted;
        if !self.held.is_empty() || self.too_long {
            self.give(b"", if open { End::OpenQuote } else { End::Whole }, take);
        }
    }

    /// The few octets that looked like a byte order mark are ordinary ones: the quote state has to see them.
    fn rescan_held(&mut self) {
        if !self.held.is_empty() {
            self.place = Place::Bare;
        }
    }

    fn give(&mut self, tail: &[u8], end: End, take: &mut dyn FnMut(Line<'_>)) {
        let number = self.began;
        self.place = Place::RecordStart;
        let fits = self.held.len() + tail.len() <= self.max;
        if self.held.is_empty() && !self.too_long && fits {
            take(Line { number, octets: without_return(tail), end });
            return;
        }
        self.hold(tail);
        let end = if self.too_long && end == End::Whole { End::TooLong } else { end };
        take(Line { number, octets: without_return(&self.held), end });
        self.held.clear();
        self.too_long = false;
        if self.held.capacity() > 2 * LINE_OCTETS_MAX {
            self.held.shrink_to(LINE_OCTETS_MAX);
        }
    }

    fn hold(&mut self, octets: &[u8]) {
        let room = self.max - self.held.len();
        self.too_long |= octets.len() > room;
        self.held.extend_from_slice(&octets[..octets.len().min(room)]);
    }

    /// Where the first line break of `chunk` stands that ends something.
    fn find_break(&mut self, chunk: &[u8]) -> Option<usize> {
        if self.rule == Break::Always {
            return chunk.iter().position(|octet| *octet == b'\n');
        }
        for (at, octet) in chunk.iter().enumerate() {
            self.place = match (self.place, octet) {
                (Place::Quoted, b'\n') => {
                    self.line += 1;
                    Place::Quoted
                }
                (_, b'\n') => return Some(at),
                (Place::RecordStart, b'#') | (Place::Comment, _) => Place::Comment,
                (Place::Quoted, b'"') => Place::AfterQuote,
                (Place::RecordStart | Place::CellStart | Place::AfterQuote, b'"') | (Place::Quoted, _) => Place::Quoted,
                (_, b',') => Place::CellStart,
                _ => Place::Bare,
            };
        }
        None
    }
}

fn without_return(octets: &[u8]) -> &[u8] {
    octets.strip_suffix(b"\r").unwrap_or(octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(rule: Break, max: usize, chunks: &[&[u8]]) -> Vec<(u64, String, End)> {
        let mut lines = Lines::new(rule, max);
        let mut found = Vec::new();
        let mut take = |line: Line<'_>| {
            found.push((line.number, String::from_utf8_lossy(line.octets).into_owned(), line.end));
        };
        for chunk in chunks {
            lines.push(chunk, &mut take);
        }
        lines.finish(&mut take);
        found
    }

    #[test]
    fn marks_returns_and_a_missing_last_line_break_are_no_part_of_a_line() {
        let found = cut(Break::Always, 9, &[b"\xEF\xBB", b"\xBFa\r\n\r\nb"]);
        let whole = |number, text: &str| (number, text.to_owned(), End::Whole);
        assert_eq!(found, [whole(1, "a"), whole(2, ""), whole(3, "b")]);
        assert_eq!(cut(Break::Always, 9, &[b"\xEF\xBB\xBF"]), []);
    }

    #[test]
    fn a_line_that_is_too_long_comes_cut_and_the_next_one_is_read() {
        let found = cut(Break::Always, 4, &[b"1234\n123", b"45", b"67\nok"]);
        let expected = [(1, "1234", End::Whole), (2, "1234", End::TooLong), (3, "ok", End::Whole)];
        assert_eq!(found, expected.map(|(number, text, end)| (number, text.to_owned(), end)));
    }

    #[test]
    fn a_record_goes_on_inside_quotes() {
        let found = cut(Break::OutsideQuotes, 99, &[b"a,\"x\n\"\"y\"\nb\"c\n# \"d\ne,\"f\ng"]);
        let expected = [
            (1, "a,\"x\n\"\"y\"", End::Whole),
            (3, "b\"c", End::Whole),
            (4, "# \"d", End::Whole),
            (5, "e,\"f\ng", End::OpenQuote),
        ];
        assert_eq!(found, expected.map(|(number, text, end)| (number, text.to_owned(), end)));
    }

    proptest! {
        #[test]
        fn every_way_of_cutting_gives_the_same_lines(
            body in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'"'), Just(b','), Just(b'#'), Just(b'\r'),
                Just(0xEF), Just(0xBB), Just(0xBF), any::<u8>()], 0..80),
            cuts in proptest::collection::vec(0usize..80, 0..6),
            quotes in any::<bool>(),
        ) {
            let rule = if quotes { Break::OutsideQuotes } else { Break::Always };
            let mut cuts: Vec<_> = cuts.into_iter().map(|at| at.min(body.len())).collect();
            cuts.sort_unstable();
            let mut chunks = Vec::new();
            let mut from = 0;
            for at in cuts {
                chunks.push(&body[from..at]);
                from = at;
            }
            chunks.push(&body[from..]);
            prop_assert_eq!(cut(rule, 7, &chunks), cut(rule, 7, &[&body]));
        }
    }
}
