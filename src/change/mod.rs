//! HOW IT CHANGES. Every change of a list enters by one door and leaves with a serial.
//!
//! ```text
//! submit(Change) ──> plan ──> guards ──> store: one batch ──> fsync ──> snapshot: publish ──> Committed { serial }
//!                    pure                one writer thread, a group of requests shares fsync and publication
//!
//! begin_import ──> push, push, ... ──> finish: sort, merge with what the source holds, stage ──┐
//! change_whole: purge, undo ───────────────────────────────────────────────────────────────────┴─> resolve beside the writer
//!                                      ──> switch: by the writer, with what others changed meanwhile resolved again
//! ```
//! Guarantees: a change is whole or absent; when `submit` returns, it is on disk and DNS answers by it. Serials rise by one
//! a commit, none is skipped or used twice, a refused change uses none.
//! Never: blocks a query; holds a whole import in memory; writes without an actor; goes on writing after a failed write.

mod clock;
mod compare;
mod configure;
mod door;
mod draft;
mod edits;
mod expiry;
mod guards;
mod import;
mod keys;
mod leaving;
mod never;
mod places;
mod plan;
mod prepare;
mod request;
mod rows;
mod state;
mod sweep;
mod switch;
mod tally;
#[cfg(test)]
mod tests;
mod texts;
mod whole;
mod writer;
mod yielding;

pub use clock::Clock;
pub use door::{Door, OpenError, Settings};
pub use import::Import;
pub use leaving::{Left, ended_with, how_left};
pub use plan::{end_of, last_seen};
pub use request::{
    Actor, CaseRow, Change, Committed, Configuration, ImportStart, Keep, Pause, Refused, Status, StillListed, What,
    Whole, WholeChange,
};
pub use writer::Writer;
