//! Why the desk did not do what was asked.
//!
//! Guarantees: named by what the one who asked can do; nothing has changed, but for a change whose outcome is unknown.
//! Never: knows of HTTP. Status codes are the caller's translation.

use crate::{change::Refused, list::Time, store::ReadError};

/// Why a case did not move.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Fault {
    /// The door did not take it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store cannot be read.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// There is no such case, or no longer.
    #[error("there is no such {0}")]
    Unknown(&'static str),
    /// Something else stands in the way: the case is in another state, or there is another.
    #[error("{0}")]
    Conflict(String),
    /// What was sent cannot be taken.
    #[error("{0}")]
    Invalid(String),
    /// Who asks may not.
    #[error("{0}")]
    Forbidden(String),
    /// Not before that time.
    #[error("{why}")]
    Later {
        /// In words.
        why: String,
        /// When it may be asked again.
        until: Time,
    },
}
