//! The requests for a network's addresses: how its pages and its calls find them.
//!
//! ```text
//! o NETWORK 00 d ID      open, and waits for the network's decision
//! o NETWORK 00 g ID      open or granted otherwise
//! ```
//! Networks come, go, and lose prefixes; a request goes with whom its address belongs to. Each round of upkeep looks at
//! that, and so does whoever is about to show a request or to decide it.
//!
//! Guarantees: a network sees and decides requests for what is its own now; one that waits for a network waits for one that is
//! there; a request that is open or granted has one such row, written in the commit of its move, so that finding them takes
//! as long as there are, whatever else is open here; those that wait come first, and hide none of the others.
//! Never: keeps the row of a closed request.

use super::{Desk, Fault, Sitting, read_row, removals::needs_of, request_rows::request_row};
use crate::{
    cases::{
        Id,
        network::{Network, NetworkName, owner},
        request::{Event, Request, State},
    },
    limits::{CASES_PIECE_ROWS, NETWORK_LISTINGS_MAX},
    list::{Key, ListSettings, RemovalRule, Time},
    store::CaseFamily,
};
use std::{cmp::Reverse, collections::BTreeMap};

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
        let (mut found, _) = self.requests_waiting_for(name, limit)?;
        let (others, _) = self.requests_under(name, b"g", limit - found.len(), |_| true, asked_at)?;
        found.extend(others);
        Ok(found)
    }

    /// Those that wait for its decision, the longest waiting first, at most `limit`, and whether there are more.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn requests_waiting_for(&self, name: &NetworkName, limit: usize) -> Result<(Vec<Request>, bool), Fault> {
        self.requests_under(name, b"d", limit, |_| true, asked_at)
    }

    /// Those that were granted and stand, the latest first, at most `limit`, and whether there are more.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn requests_granted_of(&self, name: &NetworkName, limit: usize) -> Result<(Vec<Request>, bool), Fault> {
        let granted = |request: &Request| request.state == State::Granted;
        self.requests_under(name, b"g", limit, granted, |request| Reverse(request.since))
    }

    /// Of the requests under a turn the first `limit` in an order, and whether there are more; of very many not all are read.
    fn requests_under<O: Ord>(
        &self,
        name: &NetworkName,
        turn: &[u8],
        limit: usize,
        wanted: impl Fn(&Request) -> bool,
        order: impl Fn(&Request) -> O,
    ) -> Result<(Vec<Request>, bool), Fault> {
        let (view, networks) = (self.store().view(), self.networks()?);
        let rows = [&rows_of(name.as_str())[..], turn].concat();
        // The row is as old as the last round: what is no longer the network's is not shown to it.
        let shown = |request: &Request| wanted(request) && owner_of(&networks, request) == Some(name);
        let (mut first, mut more, mut after, mut walked) = (BTreeMap::new(), false, None, 0);
        loop {
            let piece = view.cases_under(FAMILY, &rows, after.as_deref(), CASES_PIECE_ROWS)?;
            for (row, _) in &piece {
                let Some(id) = row.last_chunk::<16>() else { continue };
                let request: Option<Request> = read_row(&view, FAMILY, &request_row(Id(*id)))?;
                let Some(request) = request.filter(shown) else { continue };
                first.insert((order(&request), *id), request);
                if first.len() > limit {
                    first.pop_last();
                    more = true;
                }
            }
            walked += piece.len();
            let ended = piece.len() < CASES_PIECE_ROWS;
            if ended || walked >= NETWORK_LISTINGS_MAX {
                return Ok((first.into_values().collect(), more || !ended));
            }
            after = piece.into_iter().last().map(|(row, _)| row);
        }
    }
}

fn asked_at(request: &Request) -> Time {
    request.asked_at
}

/// The network that answers for the key of a request now.
fn owner_of<'a>(networks: &'a [Network], request: &Request) -> Option<&'a NetworkName> {
    // A wider listing is the operator's to lift, whoever the address belongs to.
    if request.owner.is_none() && request.rule == RemovalRule::Operator {
        return None;
    }
    let Ok(Key::Prefix(prefix)) = Key::parse_any(&request.key) else { return None };
    owner(networks, prefix).map(|(network, _)| &network.name)
}

impl Sitting {
    /// The request, gone to whom its address belongs to now. Where that is a move, it is committed, and this is another sitting.
    pub(super) async fn at_its_owner(
        mut self,
        settings: &ListSettings,
        request: Request,
    ) -> Result<(Self, Request), Fault> {
        let desk = self.desk().clone();
        let owner = owner_of(&desk.networks()?, &request).map(|name| name.as_str().into());
        if owner == request.owner || request.state.is_closed() {
            return Ok((self, request));
        }
        let waits = request.state == State::Deciding && request.network_decides();
        if waits && owner.is_none() {
            let at_hand = !desk.proofs_at_hand(settings).is_empty();
            let needs = needs_of(settings, RemovalRule::Proof, request.proven.is_some()).with(at_hand);
            self.happens(&request, Event::OwnerGone(needs), "time").await?;
        } else {
            let next = Request { owner, ..request.clone() };
            self.put_unmoved(&next);
            self.find_by_owner(Some(&request), &next);
            if waits {
                self.tell_owner(&next);
            }
            self.commit().await?;
        }
        let sitting = desk.sit().await;
        let request = sitting.request(request.id)?;
        Ok((sitting, request))
    }

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
