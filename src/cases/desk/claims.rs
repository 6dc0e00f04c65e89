//! Claims at the desk: somebody says that prefixes are their own, and DNS is asked whether it says so too.
//!
//! Whoever claims names the zones that are asked, and may let them answer as slowly as they like. So a look has an end, some
//! are made side by side, and a round begins no look after [`CLAIM_ROUND_TIME`]. What a round did not come to is the longest
//! due of the next; a look without an answer is a look, so that nothing stands at the front for ever.
//!
//! Guarantees: a round ends whatever DNS does; a fault of one network leaves the others their turn.
//! Never: asks DNS while others wait for their turn at the desk.

use super::{Desk, Fault, networks::new_network};
use crate::{
    cases::{
        Checks, NetworkIs, Obstacle, Secret, Unfit,
        network::{Checked, HeldPrefix, Network, NetworkName, Unprovable, reverse_cuts},
    },
    limits::{
        CLAIM_CUTS_MAX, CLAIM_LOOK_TIME, CLAIM_LOOKS_AT_ONCE, CLAIM_PREFIXES_MAX, CLAIM_QUESTIONS_AT_ONCE,
        CLAIM_ROUND_TIME, CLAIMS_OPEN_MAX,
    },
    list::{Prefix, Time},
};
use futures_util::{Stream, StreamExt as _, future::ready, stream};
use std::{collections::BTreeMap, pin::pin, sync::Arc, time::Duration};
use tokio::time::{Instant, timeout};

impl Desk {
    /// Somebody claims prefixes: of a new network, or further ones of their own (`own`). The claims' token goes into TXT.
    ///
    /// # Errors
    /// [`Fault::Conflict`], [`Fault::Invalid`]
    pub async fn claim(&self, actor: &str, is: NetworkIs, prefixes: &[Prefix], own: bool) -> Result<Network, Fault> {
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
        for network in self.networks()?.iter() {
            done = done.and(self.end_unproved(network, now).await);
        }
        let Some(checks) = self.checks() else { return done };
        let pace = Pace { round: CLAIM_ROUND_TIME, look: CLAIM_LOOK_TIME };
        let mut looks = pin!(look_at(checks, self.due_claims(now)?, pace).ready_chunks(CLAIM_LOOKS_AT_ONCE));
        while let Some(looked_at) = looks.next().await {
            let mut found = BTreeMap::<NetworkName, Vec<(HeldPrefix, Checked)>>::new();
            for (name, held, checked) in looked_at {
                found.entry(name).or_default().push((held, checked));
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

/// How long looking may take.
#[derive(Clone, Copy)]
struct Pace {
    /// A round begins no look after so long.
    round: Duration,
    /// One look has no answer after so long.
    look: Duration,
}

/// Looks at claims in their order, some side by side, for as long as a round has time; what is found, as it is found.
fn look_at(
    checks: &Arc<dyn Checks>,
    due: Vec<(NetworkName, HeldPrefix)>,
    pace: Pace,
) -> impl Stream<Item = (NetworkName, HeldPrefix, Checked)> {
    let (begun, checks) = (Instant::now(), Arc::clone(checks));
    let in_time = stream::iter(due).take_while(move |_| ready(begun.elapsed() < pace.round));
    let looks = in_time.map(move |(name, held)| {
        let checks = Arc::clone(&checks);
        async move {
            let checked = timeout(pace.look, look(&checks, &held)).await.unwrap_or(Checked::Unknown);
            (name, held, checked)
        }
    });
    looks.buffer_unordered(CLAIM_LOOKS_AT_ONCE)
}

/// Whether the TXT record stands at every reverse zone of the prefix.
async fn look(checks: &Arc<dyn Checks>, held: &HeldPrefix) -> Checked {
    let Ok(cuts) = reverse_cuts(held.prefix) else { return Checked::Missing };
    let wanted = format!("dnsbld={}", held.token);
    let questions = stream::iter(cuts).map(|cut| {
        let checks = Arc::clone(checks);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::{Unanswered, Unmet};
    use async_trait::async_trait;
    use std::net::IpAddr;

    /// DNS that never answers.
    struct Silent;

    #[async_trait]
    impl Checks for Silent {
        async fn confirmed_names(&self, _: IpAddr) -> Result<Vec<Box<str>>, Unanswered> {
            std::future::pending().await
        }

        async fn texts(&self, _: &str) -> Result<Vec<Box<str>>, Unanswered> {
            std::future::pending().await
        }

        async fn mail_server(&self, _: IpAddr) -> Result<Result<Box<str>, Unmet>, Unanswered> {
            std::future::pending().await
        }
    }

    #[tokio::test]
    async fn a_round_over_silent_zones_ends_and_leaves_the_rest_to_the_next() {
        let claim = |n: u8| {
            let held = HeldPrefix::claimed(Prefix::v4([192, 0, n, 0].into(), 24), "t".into(), Time::default()).unwrap();
            ("isp".parse().unwrap(), held)
        };
        let due: Vec<_> = (0..=2 * CLAIM_LOOKS_AT_ONCE as u8).map(claim).collect();
        let checks: Arc<dyn Checks> = Arc::new(Silent);
        // Long enough that a busy machine begins the first looks within it, and ended before one of them has.
        let pace = Pace { round: Duration::from_millis(500), look: Duration::from_millis(750) };
        let found: Vec<_> = look_at(&checks, due.clone(), pace).collect().await;
        assert!((1..=CLAIM_LOOKS_AT_ONCE).contains(&found.len()), "{}", found.len());
        assert!(found.iter().all(|(.., checked)| *checked == Checked::Unknown));
        let mut first: Vec<_> = found.into_iter().map(|(_, held, _)| held.prefix).collect();
        first.sort_unstable();
        let expected: Vec<_> = due[..first.len()].iter().map(|(_, held)| held.prefix).collect();
        assert_eq!(first, expected, "in their order");
    }
}
