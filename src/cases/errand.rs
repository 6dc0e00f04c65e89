//! Errands: what a move wants done outside, kept until it is done.
//!
//! Guarantees: an errand is written in the commit of its move and taken away only when its doer says so, so it is done at
//! least once; doers tell repeats by its id.
//! Never: is done by this room.

use super::Id;
use crate::list::Time;
use serde::{Deserialize, Serialize};

/// Something to be done outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    /// Version of this row.
    pub v: u8,
    /// What it is called, the same at every try.
    pub id: Id,
    /// What to do.
    #[serde(flatten)]
    pub task: Task,
    /// Tries so far.
    #[serde(default)]
    pub tries: u8,
    /// When it was asked for.
    pub asked_at: Time,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "kebab-case")]
pub enum Task {
    /// Send a mail.
    Mail {
        /// To whom: one mail address.
        to: Box<str>,
        /// In ASCII, on one line.
        subject: Box<str>,
        /// The text; lines end with `\n`.
        text: Box<str>,
    },
    /// Call a network's webhook.
    Webhook {
        /// Whose.
        network: Box<str>,
        /// Where.
        url: Box<str>,
        /// The body: JSON.
        body: Box<str>,
    },
}

/// An errand whose time has come, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Its row.
    pub(super) row: Vec<u8>,
    /// What to do.
    pub errand: Errand,
}

impl Errand {
    /// Something to be done as soon as it can.
    pub(super) fn new(task: Task, now: Time) -> Self {
        Self { v: 1, id: Id::draw(), task, tries: 0, asked_at: now }
    }

    /// Where it stands when it is due at `at`.
    pub(super) fn row_key(&self, at: Time) -> Vec<u8> {
        [&at.seconds().to_be_bytes()[..], &self.id.0].concat()
    }
}
