//! The audit trail: who moved which case from where to where, and why.
//!
//! Guarantees: a row is written in the commit of the move that it tells; rows are kept in the order of their time, so what
//! `[keep] audit` ends is one range.
//! Never: holds a contact, a note, a secret or a code.

use super::Id;
use crate::list::Time;
use serde::{Deserialize, Serialize};

/// One move of one case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// Version of this row.
    pub v: u8,
    /// When.
    pub at: Time,
    /// Who: `token:NAME`, `network.NAME`, `anyone` who asked, or `time`.
    pub actor: Box<str>,
    /// What kind of case: `removal`, `retest`, `network`, `report`.
    pub case: Box<str>,
    /// Which: an id or a name.
    pub id: Box<str>,
    /// The list that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<Box<str>>,
    /// The key that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Box<str>>,
    /// The state before; none: it began here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Box<str>>,
    /// The state after.
    pub to: Box<str>,
    /// Why, in one line of our own words or the decider's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Box<str>>,
}

impl AuditRow {
    /// A move of a case of that kind and name, at the time of the sitting that writes it.
    #[must_use]
    pub fn new(actor: &str, case: &str, id: &str, from: Option<&str>, to: &str) -> Self {
        Self {
            v: 1,
            at: Time::default(),
            actor: actor.into(),
            case: case.into(),
            id: id.into(),
            list: None,
            key: None,
            from: from.map(Into::into),
            to: to.into(),
            why: None,
        }
    }

    /// The same, about this key of this list.
    #[must_use]
    pub fn about(self, list: &str, key: &str) -> Self {
        Self { list: Some(list.into()), key: Some(key.into()), ..self }
    }

    /// The same, with the reason.
    #[must_use]
    pub fn because(self, why: &str) -> Self {
        Self { why: Some(why.into()), ..self }
    }

    /// A key under which the row stands among those of its second: in the order of `place`, and by itself after a restart.
    pub(super) fn row_key(&self, place: u32) -> Vec<u8> {
        [&self.at.seconds().to_be_bytes()[..], &place.to_be_bytes(), &Id::draw().0].concat()
    }
}
