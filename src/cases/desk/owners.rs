//! The requests for a network's addresses: how its pages and its calls find them.
//!
//! ```text
//! o NETWORK 00 d ID      open, and waits for the network's decision
//! o NETWORK 00 g ID      open or granted otherwise
//! ```
//! Guarantees: a request that is open or granted has one such row, written in the commit of its move, so that finding them
//! takes as long as there are, whatever else is open here; those that wait come first.
//! Never: keeps the row of a closed request.

use super::{Desk, Fault, Sitting, removals::request_row, value};
use crate::{
    cases::{
        Id,
        network::NetworkName,
        request::{Request, State},
    },
    store::CaseFamily,
};

const FAMILY: CaseFamily = CaseFamily::Request;

fn rows_of(network: &str) -> Vec<u8> {
    [b"o", network.as_bytes(), &[0]].concat()
}

/// The row of a request that a network may know of; none for one that is closed.
fn row_of(request: &Request) -> Option<Vec<u8>> {
    let owner = request.owner.as_deref().filter(|_| !request.state.is_closed())?;
    let waits = request.state == State::Deciding && request.network_decides();
    let turn = if waits { b"d" } else { b"g" };
    Some([&rows_of(owner)[..], turn, &request.id.0].concat())
}

impl Desk {
    /// The requests for addresses of a network that are open or granted, at most `limit`; those that wait for it first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn requests_of(&self, name: &NetworkName, limit: usize) -> Result<Vec<Request>, Fault> {
        self.requests_under(&rows_of(name.as_str()), limit)
    }

    /// Those that wait for its decision, at most `limit`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn requests_waiting_for(&self, name: &NetworkName, limit: usize) -> Result<Vec<Request>, Fault> {
        self.requests_under(&[&rows_of(name.as_str())[..], b"d"].concat(), limit)
    }

    fn requests_under(&self, rows: &[u8], limit: usize) -> Result<Vec<Request>, Fault> {
        let view = self.store().view();
        let mut found = Vec::new();
        for (row, _) in view.cases_under(FAMILY, rows, None, limit)? {
            let Some(id) = row.last_chunk::<16>() else { continue };
            let octets = view.case(FAMILY, &request_row(Id(*id)))?;
            found.extend(octets.map(|octets| value(FAMILY, &octets)).transpose()?);
        }
        Ok(found)
    }
}

impl Sitting {
    /// A request moved: its network finds it where it stands now.
    pub(super) fn find_by_owner(&mut self, before: Option<&Request>, next: &Request) {
        let (old, new) = (before.and_then(row_of), row_of(next));
        if old == new {
            return;
        }
        if let Some(old) = old {
            self.delete(FAMILY, old);
        }
        if let Some(new) = new {
            self.put(FAMILY, new, &());
        }
    }

    /// Gives a request its row where it has none: stores of before had no such rows.
    pub(super) fn found_by_owner(&mut self, request: &Request) -> Result<(), Fault> {
        if let Some(row) = row_of(request)
            && self.read::<()>(FAMILY, &row)?.is_none()
        {
            self.put(FAMILY, row, &());
        }
        Ok(())
    }
}
