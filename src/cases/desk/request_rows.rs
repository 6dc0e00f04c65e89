//! The rows of removals: by which a request is found, and what is written with its move.
//!
//! ```text
//! r ID                   the request                   a ID         open or granted: what is looked at by time
//! k LIST 00 KEY 00 ID    open or granted, by its key   c TIME ID    closed then: what `[keep] requests` ends
//! l LIST 00 BLOCK 00 p|u the lock-out of a block       f TIME l...  forgotten then
//! m DOMAIN, d DAY        mails to postmasters          o NETWORK 00 ...   `owners`
//! ```
//! Guarantees: the rows by which a request is found, and the audit row, are put in the commit of its move.
//! Never: moves a request.

use super::Sitting;
use crate::{
    cases::{
        AuditRow, Id,
        request::{Request, State},
    },
    list::{Key, ListName, Time},
    store::CaseFamily,
};

/// As the audit trail names such cases.
const CASE: &str = "removal";

pub(super) fn request_row(id: Id) -> Vec<u8> {
    [b"r", &id.0[..]].concat()
}

pub(super) fn active_row(id: Id) -> Vec<u8> {
    [b"a", &id.0[..]].concat()
}

pub(super) fn closed_row(at: Time, id: Id) -> Vec<u8> {
    [b"c", &at.seconds().to_be_bytes()[..], &id.0].concat()
}

pub(super) fn key_rows(list: &ListName, key: &str) -> Vec<u8> {
    [b"k", list.as_str().as_bytes(), &[0], key.as_bytes(), &[0]].concat()
}

pub(super) fn key_row(request: &Request) -> Vec<u8> {
    [&key_rows(&request.list, &request.key)[..], &request.id.0].concat()
}

pub(super) fn lock_row(list: &ListName, block: &Key, proven: bool) -> Vec<u8> {
    let class: &[u8] = if proven { b"p" } else { b"u" };
    [b"l", list.as_str().as_bytes(), &[0], block.to_string().as_bytes(), &[0], class].concat()
}

pub(super) fn forget_row(at: Time, lock: &[u8]) -> Vec<u8> {
    [b"f", &at.seconds().to_be_bytes()[..], lock].concat()
}

impl Sitting {
    /// Puts the rows of a request and the audit row of its move.
    pub(super) fn put_request(&mut self, before: Option<&Request>, next: &Request, actor: &str) {
        let id = next.id;
        self.put(CaseFamily::Request, request_row(id), next);
        if next.state.is_closed() {
            self.delete(CaseFamily::Request, active_row(id));
            self.delete(CaseFamily::Request, key_row(next));
            self.put(CaseFamily::Request, closed_row(next.since, id), &());
        } else if before.is_none() {
            self.put(CaseFamily::Request, active_row(id), &());
            self.put(CaseFamily::Request, key_row(next), &());
        }
        self.find_by_owner(before, next);
        let state = before.map(|before| before.state);
        if state != Some(next.state) {
            let row = AuditRow::new(actor, CASE, &id.to_string(), state.map(State::as_str), next.state.as_str());
            let shown = next.proven.filter(|proof| before.and_then(|before| before.proven) != Some(*proof));
            let why = match shown.filter(|_| next.why.is_empty()) {
                Some(proof) => format!("shown by {}", proof.as_str()),
                None => next.why.to_string(),
            };
            self.audit(row.about(next.list.as_str(), &next.key).because(&why));
            self.tell_owner(next);
        }
    }

    /// Puts what an event without effects changed: a check that got no answer, a code that was mailed.
    pub(super) fn put_unmoved(&mut self, request: &Request) {
        self.put(CaseFamily::Request, request_row(request.id), request);
    }
}
