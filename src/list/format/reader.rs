//! The push reader: chunks of a body go in, entries and rejected lines come out.
//!
//! Guarantees: bounded memory; the same items for every way of cutting the body; after [`Item::BodyRejected`] nothing more.
//! A rejected line is shown cut, without control characters, and not at all where it may hold a mail address that must not
//! be kept.
//! Never: decides what becomes of a body with rejected lines.

use super::{
    Dialect, Format, csv,
    lines::{Break, End, Line, Lines},
    ndjson, rbldnsd, remark, text,
};
use crate::{
    limits::{LINE_OCTETS_MAX, RECORD_OCTETS_MAX, REJECTED_ERROR_CHARACTERS_MAX, REJECTED_TEXT_CHARACTERS_MAX},
    list::{NewEntry, SourceName},
};

/// One thing that a body says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// An entry; a line with a range gives several.
    Entry {
        /// The line it stands in, from 1.
        line: u64,
        /// The source named with it (`ndjson` only).
        source: Option<SourceName>,
        /// What it says.
        entry: NewEntry,
    },
    /// A line that cannot be read; the caller may go on without it.
    Rejected(LineError),
    /// The body as a whole cannot be taken, whoever asks: a time stamp that has run out, a quote that is never closed.
    /// Nothing comes after it.
    BodyRejected(LineError),
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct LineError {
    /// From 1.
    pub line: u64,
    /// From 1, in characters.
    pub column: u32,
    /// The line, at most [`REJECTED_TEXT_CHARACTERS_MAX`] characters of it.
    pub text: String,
    /// What is wrong and what to write.
    pub error: String,
}

/// What a grammar found wrong, before it is made presentable.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The octet of the line it begins at, from 0.
    pub at: usize,
    /// In words.
    pub error: String,
    /// How far it reaches.
    pub reach: Reach,
}

/// How far a fault reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// The line alone.
    Line,
    /// The whole body.
    Body,
}

impl Fault {
    /// A line that cannot be read.
    pub(super) fn line(at: usize, error: impl Into<String>) -> Self {
        Self { at, error: error.into(), reach: Reach::Line }
    }

    /// A body that cannot be taken.
    pub(super) fn body(at: usize, error: impl Into<String>) -> Self {
        Self { at, error: error.into(), reach: Reach::Body }
    }
}

/// Takes the entries of one line.
pub(super) type Emit<'a> = &'a mut dyn FnMut(Option<SourceName>, NewEntry);

#[derive(Debug)]
enum Grammar {
    Text,
    Csv(csv::Table),
    Ndjson,
    Rbldnsd(Box<rbldnsd::File>),
}

/// Reads one body.
#[derive(Debug)]
pub struct Reader {
    lines: Lines,
    lexicon: Lexicon,
}

/// All of a reader but its lines, so that both can be borrowed at once.
#[derive(Debug)]
struct Lexicon {
    grammar: Grammar,
    dialect: Dialect,
    last_line: u64,
    body_rejected: bool,
}

impl Reader {
    /// A reader at the beginning of a body.
    #[must_use]
    pub fn new(format: Format, dialect: Dialect) -> Self {
        let (rule, max, grammar) = match format {
            Format::Text => (Break::Always, LINE_OCTETS_MAX, Grammar::Text),
            Format::Csv => (Break::OutsideQuotes, RECORD_OCTETS_MAX, Grammar::Csv(csv::Table::default())),
            Format::Ndjson => (Break::Always, RECORD_OCTETS_MAX, Grammar::Ndjson),
            Format::Rbldnsd(set) => {
                (Break::Always, LINE_OCTETS_MAX, Grammar::Rbldnsd(Box::new(rbldnsd::File::new(set, &dialect))))
            }
        };
        let lexicon = Lexicon { grammar, dialect, last_line: 0, body_rejected: false };
        Self { lines: Lines::new(rule, max), lexicon }
    }

    /// Takes the next piece of the body, cut anywhere.
    pub fn push(&mut self, chunk: &[u8], sink: &mut dyn FnMut(Item)) {
        let Self { lines, lexicon } = self;
        if !lexicon.body_rejected {
            lines.push(chunk, &mut |line| lexicon.read(line, sink));
        }
    }

    /// The body is complete.
    pub fn finish(&mut self, sink: &mut dyn FnMut(Item)) {
        let Self { lines, lexicon } = self;
        if !lexicon.body_rejected {
            lines.finish(&mut |line| lexicon.read(line, sink));
        }
        lexicon.finish(sink);
    }
}

impl Lexicon {
    fn read(&mut self, line: Line<'_>, sink: &mut dyn FnMut(Item)) {
        if self.body_rejected {
            return;
        }
        self.last_line = line.number;
        let whole = String::from_utf8_lossy(line.octets);
        let found = match line.end {
            End::OpenQuote => Err(Fault::body(0, "a quote opens in this record and is never closed")),
            End::TooLong if self.is_comment(&whole) => Ok(()),
            End::TooLong => Err(Fault::line(0, self.too_long())),
            End::Whole => self.parse(line.number, &whole, sink),
        };
        if let Err(fault) = found {
            self.reject(line.number, &whole, &fault, sink);
        }
    }

    fn parse(&mut self, line: u64, whole: &str, sink: &mut dyn FnMut(Item)) -> Result<(), Fault> {
        let dialect = &self.dialect;
        let emit: Emit<'_> = &mut |source, entry| sink(Item::Entry { line, source, entry });
        match &mut self.grammar {
            Grammar::Text => text::line(whole, dialect, emit),
            Grammar::Csv(table) => table.record(whole, dialect, emit),
            Grammar::Ndjson => ndjson::line(whole, dialect, emit),
            Grammar::Rbldnsd(file) => file.line(whole, dialect, emit),
        }
    }

    fn finish(&mut self, sink: &mut dyn FnMut(Item)) {
        if let (Grammar::Rbldnsd(file), false) = (&self.grammar, self.body_rejected)
            && let Err(fault) = file.finish()
        {
            self.reject(self.last_line.max(1), "", &fault, sink);
        }
    }

    fn is_comment(&self, line: &str) -> bool {
        match self.grammar {
            Grammar::Text | Grammar::Rbldnsd(_) => line.trim_start().starts_with(['#', ';']),
            Grammar::Csv(_) => line.starts_with('#'),
            Grammar::Ndjson => false,
        }
    }

    fn too_long(&self) -> String {
        let max = match self.grammar {
            Grammar::Text | Grammar::Rbldnsd(_) => LINE_OCTETS_MAX,
            Grammar::Csv(_) | Grammar::Ndjson => RECORD_OCTETS_MAX,
        };
        format!("longer than {max} octets; shorten the remark")
    }

    fn reject(&mut self, line: u64, whole: &str, fault: &Fault, sink: &mut dyn FnMut(Item)) {
        let error = present(line, whole, fault, &self.dialect);
        if fault.reach == Reach::Body {
            self.body_rejected = true;
            sink(Item::BodyRejected(error));
        } else {
            sink(Item::Rejected(error));
        }
    }
}

/// A fault as the caller may see it.
pub(super) fn present(line: u64, whole: &str, fault: &Fault, dialect: &Dialect) -> LineError {
    let before = remark::cut(whole, fault.at);
    let column = u32::try_from(before.chars().count()).unwrap_or(u32::MAX).saturating_add(1);
    // An escaped `@` is one too. What is cut off may hold one, so a line near the bound is not shown either.
    let secret = whole.contains(['@', '\\', '%', '\u{FF20}']) || whole.len() >= LINE_OCTETS_MAX;
    let text = if remark::hides(dialect) && secret {
        "(not shown: it may hold a mail address)".to_owned()
    } else {
        presentable(whole, REJECTED_TEXT_CHARACTERS_MAX)
    };
    let error = presentable(&remark::hide_addresses(&fault.error, dialect), REJECTED_ERROR_CHARACTERS_MAX);
    LineError { line, column, text, error }
}

fn presentable(text: &str, characters: usize) -> String {
    // A line may be much longer than what is shown of it: four octets a character at most.
    let text = remark::cut(text, 4 * characters);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(characters).collect()
}
