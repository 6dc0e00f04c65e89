//! Claims at the desk: somebody says that prefixes are their own, and DNS is asked whether it says so too.
//!
//! Whoever claims names the zones that are asked, and may let them answer as slowly as they like: they are asked in `rounds`.
//! What a round did not come to is the longest due of the next; a look without an answer is a look, so that nothing stands at
//! the front for ever.
//!
//! Guarantees: a round ends whatever DNS does; a fault of one network leaves the others their turn.
//! Never: asks DNS while others wait for their turn at the desk.

use super::{Desk, Fault, networks::new_network, rounds::Pace};
use crate::{
    cases::{
        Checks, NetworkIs, Obstacle, Secret, Unfit,
        network::{Checked, HeldPrefix, Network, NetworkError, NetworkName, Unprovable, reverse_cuts},
    },
    limits::{
        CLAIM_CUTS_MAX, CLAIM_LOOK_TIME, CLAIM_LOOKS_AT_ONCE, CLAIM_PREFIXES_MAX, CLAIM_QUESTIONS_AT_ONCE,
        CLAIM_ROUND_TIME, CLAIMS_OPEN_MAX,
    },
    list::{Prefix, Time},
};
use futures_util::{StreamExt as _, stream};
use std::{collections::BTreeMap, pin::pin, sync::Arc};

impl Desk {
    /// Somebody claims prefixes: of a new network, or further ones of their own (`own`). The claims' token goes into TXT.
    ///
    /// # Errors
    /// [`Fault::Conflict`], [`Fault::Invalid`]
    pub async fn claim(&self, actor: &str, is: NetworkIs, prefixes: &[Prefix], own: bool) -> Result<Network, Fault> {
        if prefixes.is_empty() {
            return Err(NetworkError::Prefixes.into());
        }
        let sitting = self.sit().await;
        let now = sitting.now;
        let token: Box<str> = Secret::draw().reveal().into();
        let claimed = |prefix: &Prefix| HeldPrefix::claimed(*prefix, token.clone(), now);
        let mut held = prefixes.iter().map(claimed).collect::<Result<Vec<_>, _>>().map_err(Unfit::from)?;
        if own {
            let before = self.network(&is.name)?;
            held.retain(|new| !before.prefixes.iter().any(|old| old.prefix == new.prefix));
            if held.is_empty() {
                return Err(Obstacle::HeldAlready.into());
            }
            let prefixes = before.prefixes.iter().cloned().chain(held).collect();
            let after = Network { prefixes, ..before.clone() };
            return self.settle(sitting, actor, Some(before), after, "claimed").await;
        }
        self.could_claim(&is, prefixes)?;
        self.settle(sitting, actor, None, new_network(is, held, now), "claimed").await
    }

    /// Whether a claim of a new network would be taken: what is not need not be counted.
    ///
    /// # Errors
    /// [`Fault::Conflict`], [`Fault::Invalid`]
    pub fn could_claim(&self, is: &NetworkIs, prefixes: &[Prefix]) -> Result<(), Fault> {
        if self.checks().is_none() {
            return Err(Unfit::NoResolver.into());
        }
        is_small(prefixes).map_err(Unfit::from)?;
        let now = self.now();
        let held = prefixes.iter().map(|prefix| HeldPrefix::entered(*prefix, now)).collect();
        new_network(is.clone(), held, now).check()?;
        self.is_free(&is.name)?;
        if self.networks()?.iter().filter(|network| !network.is_active()).count() >= CLAIMS_OPEN_MAX {
            return Err(Obstacle::ManyClaims.into());
        }
        Ok(())
    }

    /// One round over the claims: forgets what nobody has proved in time, and looks at those whose time has come.
    ///
    /// # Errors
    /// The store cannot be read or written: the first such fault, when all have had their turn.
    pub(super) async fn keep_claims(&self) -> Result<(), Fault> {
        let now = self.now();
        let mut done = Ok(());
        if !self.door().doubts_clock() {
            for network in self.networks()?.iter() {
                done = done.and(self.end_unproved(network, now).await);
            }
        }
        let Some(checks) = self.checks() else { return done };
        let pace = Pace { round: CLAIM_ROUND_TIME, look: CLAIM_LOOK_TIME, at_once: CLAIM_LOOKS_AT_ONCE };
        let look = |(_, held): &(NetworkName, HeldPrefix)| look(Arc::clone(checks), held.clone());
        let mut looks = pin!(pace.look_at(self.due_claims(now)?, look).ready_chunks(CLAIM_LOOKS_AT_ONCE));
        while let Some(looked_at) = looks.next().await {
            let mut found = BTreeMap::<NetworkName, Vec<(HeldPrefix, Checked)>>::new();
            for ((name, held), checked) in looked_at {
                found.entry(name).or_default().push((held, checked.unwrap_or(Checked::Unknown)));
            }
            for (name, found) in found {
                done = done.and(self.put_checked(&name, found).await);
            }
        }
        done
    }

    /// The claims whose time has come, the longest due first.
    fn due_claims(&self, now: Time) -> Result<Vec<(NetworkName, HeldPrefix)>, Fault> {
        let networks = self.networks()?;
        let all = networks.iter().flat_map(|network| network.prefixes.iter().map(|held| (&network.name, held)));
        let mut due: Vec<_> = all.filter(|(_, held)| held.is_due(now)).collect();
        due.sort_by_key(|(_, held)| held.due_at());
        Ok(due.into_iter().map(|(name, held)| (name.clone(), held.clone())).collect())
    }

    async fn put_checked(&self, name: &NetworkName, found: Vec<(HeldPrefix, Checked)>) -> Result<(), Fault> {
        let apply = |network: &mut Network, now: Time| {
            for (looked_at, checked) in found {
                // What was given up and claimed anew meanwhile has another token.
                let same = |held: &&mut HeldPrefix| (held.prefix, &held.token) == (looked_at.prefix, &looked_at.token);
                if let Some(held) = network.prefixes.iter_mut().find(same) {
                    held.checked(checked, now);
                }
            }
            Ok(())
        };
        match self.change_network("time", name, "checked", apply).await {
            Ok(_) | Err(Fault::Unknown(_)) => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    async fn end_unproved(&self, network: &Network, now: Time) -> Result<(), Fault> {
        if !network.prefixes.iter().any(|held| held.is_over(now)) {
            return Ok(());
        }
        let all_over = |network: &Network, now| network.prefixes.iter().all(|held| held.is_over(now));
        if all_over(network, now) {
            // An operator may have entered a prefix meanwhile.
            return self.delete_network_if("time", &network.name, all_over).await;
        }
        let apply = |network: &mut Network, now: Time| {
            network.prefixes.retain(|held| !held.is_over(now));
            Ok(())
        };
        self.change_network("time", &network.name, "not proved in time", apply).await.map(|_| ())
    }
}

/// Whether a stranger may claim all this at once.
fn is_small(prefixes: &[Prefix]) -> Result<(), Unprovable> {
    if prefixes.len() > CLAIM_PREFIXES_MAX {
        return Err(Unprovable::ManyPrefixes);
    }
    let mut cuts = 0;
    for prefix in prefixes {
        cuts += reverse_cuts(*prefix)?.len();
    }
    if cuts > CLAIM_CUTS_MAX { Err(Unprovable::ManyCuts) } else { Ok(()) }
}

/// Whether the TXT record stands at every reverse zone of the prefix.
async fn look(checks: Arc<dyn Checks>, held: HeldPrefix) -> Checked {
    let Ok(cuts) = reverse_cuts(held.prefix) else { return Checked::Missing };
    let wanted = format!("dnsbld={}", held.token);
    let questions = stream::iter(cuts).map(|cut| {
        let checks = Arc::clone(&checks);
        async move { checks.texts(&cut).await }
    });
    let mut answers = questions.buffered(CLAIM_QUESTIONS_AT_ONCE);
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(texts) if texts.iter().any(|text| text.trim() == wanted) => {}
            Ok(_) => return Checked::Missing,
            Err(_) => return Checked::Unknown,
        }
    }
    Checked::Proved
}
