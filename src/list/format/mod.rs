//! HOW A LIST IS WRITTEN DOWN. Bodies of imports are read here, exports are written here.
//!
//! ```text
//! chunks of octets ──> Reader ──> Item::Entry | Item::Rejected | Item::BodyRejected
//! entries in key order ──> Writer ──> octets
//! ```
//! Guarantees: a [`Reader`] holds one line at most, whatever the size of the body and of its chunks, gives the same items
//! for every way of cutting the body, and never panics, whatever the octets. What is written in `text`, `csv`, `ndjson` or
//! `rbldnsd` reads back as the same entries, as far as the format can say them.
//! Never: does I/O, unpacks gzip or looks at a clock; decides whether a list accepts what was read ([`super::policy`]);
//! shows a mail address of a list of hashes, in no reason, error or rejected line.

mod csv;
mod dialect;
mod lines;
mod ndjson;
mod rbldnsd;
mod reader;
mod remark;
mod text;
mod write;

#[cfg(test)]
mod tests;

pub use dialect::{DataSet, Dialect, ExportFormat, Format, FormatError};
pub use ndjson::read_object;
pub use reader::{Item, LineError, Reader};
pub use write::{ExportError, Exported, Heading, Order, Part, Writer, ZoneHead};
