//! The desk's networks: entered, agreed to, changed; what they say of their ranges. Claims are `claims`', what they are
//! told of listings `listings`'.
//!
//! ```text
//! 'n' name    Network
//! ```
//! All networks are kept in memory as well, for the pages and for who answers for an address: the store is read once after
//! each change.
//!
//! Guarantees: what is in memory is what is on disk; a prefix that is no longer the network's takes its entries along.
//! Never: asks DNS while others wait for their turn.

use super::{Desk, Fault, Sitting, listings::TOLD, on_a_thread, value};
use crate::{
    cases::{
        AuditRow, Obstacle,
        network::{HeldPrefix, Network, NetworkError, NetworkName, Range},
    },
    change::{Actor, Change, What},
    limits::{EXPIRY_KEYS_MAX, NETWORKS_MAX},
    list::{Key, Kind, ListName, Prefix, SourceName, Time},
    store::{CaseFamily, TokenRow},
};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

/// As the audit trail names such cases.
const CASE: &str = "network";

/// What the networks were when they were last read; nothing after a change.
#[derive(Clone, Default)]
pub(super) struct KnownNetworks(Arc<Mutex<Option<Arc<Vec<Network>>>>>);

/// Who a network is, as its first words say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkIs {
    /// Its name.
    pub name: NetworkName,
    /// What people call it.
    pub title: String,
    /// Mail addresses.
    pub contacts: Vec<String>,
    /// For the public.
    pub public_contact: String,
}

impl From<NetworkError> for Fault {
    fn from(error: NetworkError) -> Self {
        Self::Invalid(error.into())
    }
}

fn row(name: &NetworkName) -> Vec<u8> {
    [b"n", name.as_str().as_bytes()].concat()
}

impl Desk {
    /// All networks, by name.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn networks(&self) -> Result<Arc<Vec<Network>>, Fault> {
        // Read under the lock: a change that is made meanwhile forgets what is read here.
        let mut known = self.networks.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(networks) = &*known {
            return Ok(Arc::clone(networks));
        }
        let rows = self.store().view().cases_under(CaseFamily::Network, b"n", None, NETWORKS_MAX)?;
        let read: Result<Vec<Network>, Fault> = rows.iter().map(|(_, row)| value(CaseFamily::Network, row)).collect();
        let networks = Arc::new(read?);
        *known = Some(Arc::clone(&networks));
        Ok(networks)
    }

    /// One network.
    ///
    /// # Errors
    /// [`Fault::Unknown`]
    pub fn network(&self, name: &NetworkName) -> Result<Network, Fault> {
        let networks = self.networks()?;
        networks.iter().find(|network| network.name == *name).cloned().ok_or(Fault::Unknown("network"))
    }

    /// An operator enters a network with its prefixes: they are active at once.
    ///
    /// # Errors
    /// [`Fault::Conflict`] where the name is taken or there are too many; [`Fault::Invalid`]
    pub async fn enter_network(&self, actor: &Actor, is: NetworkIs, prefixes: &[Prefix]) -> Result<Network, Fault> {
        let sitting = self.sit().await;
        let now = sitting.now;
        let held = prefixes.iter().map(|prefix| HeldPrefix::entered(*prefix, now)).collect();
        let network = new_network(is, held, now);
        self.is_free(&network.name)?;
        self.settle(sitting, actor.as_str(), None, network, "entered").await
    }

    pub(super) fn is_free(&self, name: &NetworkName) -> Result<(), Fault> {
        let networks = self.networks()?;
        if networks.iter().any(|network| network.name == *name) {
            return Err(Obstacle::NameTaken(name.clone()).into());
        }
        if networks.len() >= NETWORKS_MAX {
            return Err(Obstacle::ManyNetworks.into());
        }
        Ok(())
    }

    /// Changes what is kept of a network. Entries inside prefixes that it loses go first; what a write of the network that is
    /// on its way puts there, goes when that write is done ([`Desk::keep_inside`]).
    ///
    /// # Errors
    /// [`Fault::Unknown`], [`Fault::Invalid`], and what `change` says.
    pub async fn change_network(
        &self,
        actor: &str,
        name: &NetworkName,
        what: &str,
        change: impl FnOnce(&mut Network, Time) -> Result<(), Fault>,
    ) -> Result<Network, Fault> {
        let sitting = self.sit().await;
        let before = self.network(name)?;
        let mut after = before.clone();
        change(&mut after, sitting.now)?;
        // Before anything goes: what is refused changes nothing.
        after.check()?;
        let after_holds = |held: &HeldPrefix| after.prefixes.iter().any(|other| other.prefix.covers(held.prefix));
        if !before.prefixes.iter().all(after_holds) {
            // What was said of ranges that are gone is gone.
            let ranges: Vec<Range> = std::mem::take(&mut after.ranges);
            let inside = |range: &Range| after.prefixes.iter().any(|held| held.prefix.covers(range.prefix));
            after.ranges = ranges.into_iter().filter(inside).collect();
            self.drop_entries_outside(actor, name, &after.prefixes).await?;
        }
        let changed = self.settle(sitting, actor, Some(before), after, what).await?;
        // A request may be another's by now.
        self.look_soon();
        Ok(changed)
    }

    /// Forgets a network, takes off what it lists and voids its tokens. Who waits for its word is looked at at once.
    ///
    /// # Errors
    /// [`Fault::Unknown`]; what `change` says: while an import of it runs, nothing changes.
    pub async fn delete_network(&self, actor: &str, name: &NetworkName) -> Result<(), Fault> {
        self.delete_network_if(actor, name, |_, _| true).await
    }

    /// The same, if that holds of it when the turn has come.
    pub(super) async fn delete_network_if(
        &self,
        actor: &str,
        name: &NetworkName,
        still: impl FnOnce(&Network, Time) -> bool,
    ) -> Result<(), Fault> {
        let mut sitting = self.sit().await;
        if !still(&self.network(name)?, sitting.now) {
            return Ok(());
        }
        // First what may be refused, and is for all lists before it is done in one: then nothing has changed, and its tokens
        // are its still. What the network writes behind this and before its end is looked at when this turn is over
        // (`keep_inside`), and goes, there being no such network; what fails on the way leaves one that can be forgotten.
        let (door, source, by, lists) = (self.door().clone(), name.source(), Actor::new(actor), self.dynamic_lists());
        on_a_thread(move || Ok(door.purge_in(&lists, &by, &source)?)).await?;
        self.void_tokens(name).await?;
        sitting.delete(CaseFamily::Network, row(name));
        sitting.forget_mail(name);
        if self.networks()?.len() == 1 {
            sitting.delete(CaseFamily::Network, TOLD.to_vec());
        }
        sitting.audit(AuditRow::new(actor, CASE, name.as_str(), Some("known"), "deleted"));
        sitting.commit().await?;
        self.look_soon();
        Ok(())
    }

    /// Revokes the token of this id; whether there was one.
    ///
    /// A turn at the desk like that of a network that goes: it writes tokens with several scopes again, without its own.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub async fn revoke_token(&self, id: &str) -> Result<bool, Fault> {
        let _sitting = self.sit().await;
        let Some((hash, _)) = self.store().view().tokens()?.into_iter().find(|(_, row)| *row.id == *id) else {
            return Ok(false);
        };
        self.door().revoke_token(hash).await?;
        Ok(true)
    }

    /// Takes a network that goes out of the tokens that were for it: who gets its name later is not under them.
    async fn void_tokens(&self, name: &NetworkName) -> Result<(), Fault> {
        let scope = name.scope();
        for (hash, row) in self.store().view().tokens()? {
            let (its, others): (Vec<_>, Vec<_>) = row.scopes.iter().cloned().partition(|one| **one == *scope);
            match (its.is_empty(), others.is_empty()) {
                (true, _) => {}
                (false, true) => self.door().revoke_token(hash).await?,
                (false, false) => self.door().put_token(hash, TokenRow { scopes: others, ..row }).await?,
            }
        }
        Ok(())
    }

    /// After a write of a network, which went by `then`: if its prefixes are others by now than `then`, what its source holds
    /// outside of them goes.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub async fn keep_inside(&self, then: &Network) -> Result<(), Fault> {
        let _sitting = self.sit().await;
        match self.network(&then.name) {
            Ok(now) if now.prefixes == then.prefixes => Ok(()),
            _ => self.put_inside(&then.name).await,
        }
    }

    /// What a network's source holds outside the prefixes that it has now, goes; all of it where there is no such network.
    async fn put_inside(&self, name: &NetworkName) -> Result<(), Fault> {
        let prefixes = match self.network(name) {
            Ok(now) => now.prefixes,
            Err(Fault::Unknown(_)) => Vec::new(),
            Err(fault) => return Err(fault),
        };
        self.drop_entries_outside("network", name, &prefixes).await
    }

    /// The same for each source of a network, once after a start: a process that ended between a write and the look after it
    /// left that look undone.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub(super) async fn keep_all_inside(&self) -> Result<(), Fault> {
        let written: BTreeSet<NetworkName> = {
            let view = self.store().view();
            let catalog = view.catalog();
            let lists = self.dynamic_lists().into_iter().filter_map(|list| catalog.list_id(&list));
            lists.flat_map(|id| catalog.sources(id)).filter_map(|known| NetworkName::of_source(&known.name)).collect()
        };
        for name in written {
            let _sitting = self.sit().await;
            self.put_inside(&name).await?;
        }
        Ok(())
    }

    /// The lists that networks write to.
    #[must_use]
    pub fn dynamic_lists(&self) -> Vec<ListName> {
        let snapshot = self.door().published().load();
        let lists = snapshot.served().lists().filter(|(_, settings)| settings.kind == Kind::Dynamic);
        lists.map(|(_, settings)| settings.name.clone()).collect()
    }

    /// Takes off what the network's source holds outside the prefixes that are left to it, in force or lapsed: a commit of
    /// many keys at a time.
    async fn drop_entries_outside(&self, actor: &str, name: &NetworkName, left: &[HeldPrefix]) -> Result<(), Fault> {
        let left: Arc<[Prefix]> = left.iter().map(|held| held.prefix).collect();
        for list in self.dynamic_lists() {
            let mut after = None;
            loop {
                let source = name.source();
                let (desk, left) = (self.clone(), Arc::clone(&left));
                let (of_list, of_source) = (list.clone(), source.clone());
                let piece = on_a_thread(move || desk.outside(&left, &of_list, &of_source, after.as_ref())).await?;
                let Some(last) = piece.last().cloned() else { break };
                let (actor, list, what) = (Actor::new(actor), list.clone(), What::Remove(piece));
                let change = Change { actor, list, source, admin: false, force: true, what, cases: Vec::new() };
                self.door().submit(change).await?;
                after = Some(last);
            }
        }
        Ok(())
    }

    /// Keys behind `after` that the source holds outside of the prefixes, as many as one commit takes.
    fn outside(
        &self,
        prefixes: &[Prefix],
        list: &ListName,
        source: &SourceName,
        after: Option<&Key>,
    ) -> Result<Vec<Key>, Fault> {
        let view = self.store().view();
        let catalog = view.catalog();
        let known = catalog.list_id(list).and_then(|id| catalog.source_named(id, source));
        let Some(owner) = known.map(|known| known.owner()) else { return Ok(Vec::new()) };
        let kept = |prefix: Prefix| prefixes.iter().any(|held| held.covers(prefix));
        let owned = after.map_or_else(|| view.owned(owner), |after| view.owned_after(owner, after));
        let keys = owned.map(|row| row.map(|(key, _)| key).map_err(Fault::from));
        let outside = keys.filter(|key| !matches!(key, Ok(Key::Prefix(prefix)) if kept(*prefix)));
        outside.take(EXPIRY_KEYS_MAX).collect()
    }

    /// Writes a network down, and in the audit trail what became of its prefixes.
    pub(super) async fn settle(
        &self,
        mut sitting: Sitting,
        actor: &str,
        before: Option<Network>,
        after: Network,
        what: &str,
    ) -> Result<Network, Fault> {
        after.check()?;
        let told = moves(actor, before.as_ref(), &after, what);
        // A check that found all as it was is no move.
        if told.is_empty() && before.as_ref().map(Network::unchecked) != Some(after.unchecked()) {
            let was = before.is_some().then_some("known");
            sitting.audit(AuditRow::new(actor, CASE, after.name.as_str(), was, "known").because(what));
        }
        for row in told {
            sitting.audit(row);
        }
        if self.networks()?.is_empty() {
            sitting.begin_telling();
        }
        sitting.put(CaseFamily::Network, row(&after.name), &after);
        sitting.commit().await?;
        Ok(after)
    }

    /// The key that signs what a network's webhook is told; `None` where it has none.
    #[must_use]
    pub fn webhook_key(&self, network: &str) -> Option<Vec<u8>> {
        let network = self.network(&network.parse().ok()?).ok()?;
        data_encoding::HEXLOWER.decode(network.webhook?.key.as_bytes()).ok()
    }
}

/// What became of each prefix of a network, and of what it says of its ranges.
fn moves(actor: &str, before: Option<&Network>, after: &Network, what: &str) -> Vec<AuditRow> {
    let name = after.name.as_str();
    let row = |prefix: Prefix, from: Option<&str>, to: &str| {
        let row = AuditRow::new(actor, CASE, name, from, to).because(what);
        AuditRow { key: Some(prefix.to_string().into()), ..row }
    };
    let mut found = Vec::new();
    let held_before = before.map_or(&[][..], |before| &before.prefixes);
    for held in &after.prefixes {
        let known = held_before.iter().find(|old| old.prefix == held.prefix);
        if known.is_none_or(|old| old.state != held.state) {
            let from = known.map(|old| old.state.to_string());
            found.push(row(held.prefix, from.as_deref(), &held.state.to_string()));
        }
    }
    let is_held = |old: &&HeldPrefix| after.prefixes.iter().any(|held| held.prefix == old.prefix);
    let given_up = held_before.iter().filter(|old| !is_held(old));
    found.extend(given_up.map(|old| row(old.prefix, Some(&old.state.to_string()), "given up")));
    let said_before = before.map_or(&[][..], |before| &before.ranges);
    for range in &after.ranges {
        match said_before.iter().find(|old| old.prefix == range.prefix) {
            Some(old) if old == range => {}
            Some(_) => found.push(row(range.prefix, Some("said"), "said")),
            None => found.push(row(range.prefix, None, "said")),
        }
    }
    let is_said = |old: &&Range| after.ranges.iter().any(|range| range.prefix == old.prefix);
    let unsaid = said_before.iter().filter(|old| !is_said(old));
    found.extend(unsaid.map(|old| row(old.prefix, Some("said"), "unsaid")));
    found
}

pub(super) fn new_network(is: NetworkIs, prefixes: Vec<HeldPrefix>, now: Time) -> Network {
    let NetworkIs { name, title, contacts, public_contact } = is;
    let (ranges, webhook) = (Vec::new(), None);
    Network { v: 1, name, title, contacts, public_contact, prefixes, ranges, webhook, since: now }
}

impl KnownNetworks {
    /// The store is read again.
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
