//! Room in memory for bodies that are held whole.
//!
//! Guarantees: all of them together hold no more than [`BODIES_OCTETS_MAX`] beyond a small part of each; who finds no room is
//! told to come again.
//! Never: makes anybody wait who holds room already, so that no two wait for each other.

use super::Problem;
use crate::limits::{BODIES_OCTETS_MAX, BODY_FREE_OCTETS, RETRY_AFTER_BODIES};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Octets of one permit.
const STEP: usize = 16 << 10;

/// The room of one server.
#[derive(Clone, Debug)]
pub struct Room(Arc<Semaphore>);

/// What one body holds of it.
#[derive(Debug)]
pub struct Part {
    room: Room,
    held: Option<OwnedSemaphorePermit>,
}

/// A body, and its part of the room for as long as it is there.
#[derive(Debug)]
pub struct Held {
    /// The body.
    pub octets: Vec<u8>,
    pub(super) _part: Part,
}

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(BODIES_OCTETS_MAX / STEP)))
    }
}

impl Room {
    /// The part of a body that begins.
    #[must_use]
    pub fn part(&self) -> Part {
        Part { room: self.clone(), held: None }
    }
}

impl Part {
    /// The body now holds so many octets.
    ///
    /// # Errors
    /// 503 where others hold too many.
    pub fn grow(&mut self, octets: usize) -> Result<(), Problem> {
        let wanted = octets.saturating_sub(BODY_FREE_OCTETS).div_ceil(STEP);
        let held = self.held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let Some(more) = wanted.checked_sub(held).filter(|more| *more > 0) else { return Ok(()) };
        let busy = || Problem::busy("the bodies of others are being read; nothing was changed", RETRY_AFTER_BODIES);
        let more = u32::try_from(more).map_err(|_| busy())?;
        let got = Arc::clone(&self.room.0).try_acquire_many_owned(more).map_err(|_| busy())?;
        match &mut self.held {
            Some(held) => held.merge(got),
            None => self.held = Some(got),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_bodies_always_fit_and_large_ones_as_long_as_there_is_room() {
        let room = Room::default();
        let mut parts: Vec<Part> = (0..3).map(|_| room.part()).collect();
        parts[0].grow(BODIES_OCTETS_MAX / 2).unwrap();
        parts[1].grow(BODIES_OCTETS_MAX / 2).unwrap();
        assert_eq!(parts[2].grow(BODIES_OCTETS_MAX / 2).unwrap_err().status, 503);
        parts[2].grow(BODY_FREE_OCTETS).unwrap();
        drop(parts.swap_remove(0));
        parts[0].grow(BODIES_OCTETS_MAX / 2).unwrap();
    }
}
