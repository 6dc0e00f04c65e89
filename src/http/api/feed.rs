//! From a body of any size to an import: read, checked against the token, pushed.
//!
//! Guarantees: bounded memory; a body that stops early aborts the import and changes nothing; an exclusion by a token that
//! may not exclude, or a key outside of what is a network's own, makes the whole body 403; who may no longer write what they
//! send is told within seconds of the next octets.
//! Never: decides what the list accepts; that is `change`.

use crate::{
    change::{Committed, Import},
    http::{
        Problem, State,
        auth::{Act, Holder},
        body::{self, Cut, Encoding, Piece, Sink},
        fence::Fence,
        problem::Rejected,
    },
    limits::IMPORT_LOOK_TIME,
    list::{
        ListName, Mark, SourceName,
        format::{Item, Reader},
    },
};
use std::time::Instant;
use tokio::sync::mpsc;

/// A body on its way into an import.
pub(super) struct Feed {
    /// The parser.
    pub reader: Reader,
    /// Where its entries go.
    pub import: Import,
    /// Where tokens are looked up.
    pub state: State,
    /// Who sends it.
    pub holder: Holder,
    /// Where a network may write.
    pub fence: std::sync::Arc<Fence>,
    /// The list.
    pub list: ListName,
    /// The source.
    pub source: SourceName,
    /// When it was last looked whether its sender may still write.
    pub looked: Instant,
}

impl Feed {
    /// Takes the whole body and commits it. Blocks.
    ///
    /// # Errors
    /// Whatever is wrong with the body, or stands in the way of the change.
    pub fn run(mut self, pieces: mpsc::Receiver<Piece>, encoding: Encoding) -> Result<Committed, Problem> {
        let read = body::read_through(pieces, encoding, &mut self);
        let sha256 = read.map_err(|cut| match cut {
            Cut::Stopped(problem) => problem,
            Cut::NotGzip(error) => body::not_gzip(&error),
            // Whoever sent it is gone, or the pump says what went wrong.
            Cut::Gone => Problem::malformed("the body broke off; nothing was changed"),
        })?;
        self.step(|reader, sink| reader.finish(sink))?;
        self.may_still()?;
        Ok(self.import.finish(sha256)?)
    }

    /// Whether its sender may still write what they send.
    fn may_still(&self) -> Result<(), Problem> {
        self.state.still_may(&self.holder, Act::Write(&self.list, &self.source))?;
        self.fence.still_stands(&self.state)
    }

    /// Lets the reader go on, and what it finds into the import.
    fn step(&mut self, go: impl FnOnce(&mut Reader, &mut dyn FnMut(Item))) -> Result<(), Problem> {
        let Self { reader, import, holder, fence, list, source, .. } = self;
        let mut outcome = Ok(());
        go(reader, &mut |item| {
            if outcome.is_ok() {
                outcome = take(import, (holder, fence), list, source, item);
            }
        });
        outcome
    }
}

fn take(
    import: &mut Import,
    (holder, fence): (&Holder, &Fence),
    list: &ListName,
    source: &SourceName,
    item: Item,
) -> Result<(), Problem> {
    match item {
        Item::Entry { line, entry, .. } => {
            if entry.mark == Mark::Excluded {
                holder.may(Act::Exclude(list, source))?;
            }
            fence.holds(line, &entry.key, entry.mark)?;
            import.push(line, entry)?;
        }
        Item::Rejected(error) => import.reject(error),
        Item::BodyRejected(error) => {
            let said = format!("line {}: {}; nothing was changed", error.line, error.error);
            return Err(Problem::rejected(said, vec![Rejected::from(error)], 1));
        }
    }
    Ok(())
}

impl Sink for Feed {
    type Stop = Problem;

    fn take(&mut self, octets: &[u8]) -> Result<(), Problem> {
        // A body may take an hour, in which its source has no other import, and its network cannot be forgotten.
        if self.looked.elapsed() >= IMPORT_LOOK_TIME {
            self.may_still()?;
            self.looked = Instant::now();
        }
        self.step(|reader, sink| reader.push(octets, sink))
    }
}
