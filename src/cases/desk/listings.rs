//! Networks hear of what is newly listed inside their prefixes, whoever listed it: by their webhook each time, by mail as
//! `news_mail` does it.
//!
//! ```text
//! 't'         the serial up to which they were told
//! ```
//! The journal says what was listed, and the history what was excluded before. Of an import with more changes than the journal
//! holds, what the source names inside the networks' prefixes is looked at: what it first named in this import, and what newer
//! evidence lists again.
//!
//! Guarantees: how far was told is kept in the commit of what is told, so each listing that the journal still knows is told at
//! least once, and again when an exclusion of it ends; what a network writes itself is no news for it, nor what was listed
//! before any network was entered, nor what an undo brings back or an admin dates back.
//! Never: holds up whoever lists; tells of a renewal, but for one within the second of the listing.

use super::{Desk, Fault, Sitting, on_a_thread, read_row, standing::listed_over};
use crate::{
    cases::{
        Task,
        network::{Network, NetworkName, owner},
    },
    limits::{NEWS_COMMITS, NEWS_KEYS_MAX},
    list::{Key, ListName, Mark, Prefix, Serial, SourceName, Time},
    store::{Act, CaseFamily, Changes, CommitRow, Held, JournalError, KeyChange, Owner, View},
};
use std::collections::{BTreeMap, BTreeSet};

/// The row that says how far was told: of no use once there is nobody to be told.
pub(super) const TOLD: &[u8] = b"t";

/// What some commits listed newly inside networks, and the last of them.
struct News {
    /// How far was told when it was read.
    since: Option<Serial>,
    serial: Serial,
    listed: BTreeMap<NetworkName, BTreeMap<ListName, BTreeSet<Prefix>>>,
    /// Whether the journal goes on behind them.
    more: bool,
}

impl Desk {
    /// Tells the networks what was listed since the last round, and mails what waited for its hour.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub(super) async fn keep_told(&self) -> Result<(), Fault> {
        let told = self.tell_all().await;
        told.and(self.mail_waiting().await)
    }

    async fn tell_all(&self) -> Result<(), Fault> {
        loop {
            let desk = self.clone();
            let Some(news) = on_a_thread(move || desk.news()).await? else { return Ok(()) };
            let more = news.more;
            self.tell(news).await?;
            if !more {
                return Ok(());
            }
        }
    }

    async fn tell(&self, news: News) -> Result<(), Fault> {
        let mut sitting = self.sit().await;
        // The last network went meanwhile, or another came after it: that one begins where it was entered.
        let told: Option<Serial> = sitting.read(CaseFamily::Network, TOLD)?;
        if told != news.since || self.networks()?.is_empty() {
            return Ok(());
        }
        for (name, lists) in news.listed {
            // Who went meanwhile is told nothing.
            let Ok(network) = self.network(&name) else { continue };
            for (list, keys) in &lists {
                sitting.call_about(&network, list, keys);
            }
            sitting.keep_for_mail(&name, &lists)?;
        }
        sitting.put(CaseFamily::Network, TOLD.to_vec(), &news.serial);
        sitting.commit().await
    }

    /// What the next commits listed; `None` where there are none, or nobody to be told.
    fn news(&self) -> Result<Option<News>, Fault> {
        let networks = self.networks()?;
        if networks.is_empty() {
            return Ok(None);
        }
        let view = self.store().view();
        let since: Option<Serial> = read_row(&view, CaseFamily::Network, TOLD)?;
        let from_here = News { since, serial: view.serial(), listed: BTreeMap::new(), more: false };
        // A store whose networks were entered by a program that told them nothing.
        let Some(told) = since else { return Ok(Some(from_here)) };
        let mut news = News { since, serial: told, listed: BTreeMap::new(), more: true };
        for _ in 0..NEWS_COMMITS {
            // One at a time: each may hold thousands of changes.
            let commit = match view.journal(news.serial, 1) {
                Ok(commits) => commits.into_iter().next(),
                Err(JournalError::Gone(_)) => return Ok(Some(from_here)),
                Err(JournalError::Read(error)) => return Err(error.into()),
            };
            let Some(commit) = commit else {
                news.more = false;
                break;
            };
            news.serial = commit.serial;
            Self::news_of(&view, &networks, &commit, &mut news)?;
        }
        Ok((news.serial > told).then_some(news))
    }

    fn news_of(view: &View<'_>, networks: &[Network], commit: &CommitRow, news: &mut News) -> Result<(), Fault> {
        match (&commit.changes, &commit.list, &commit.source) {
            (Changes::Keys(changes), ..) => {
                for change in changes {
                    if let Key::Prefix(key) = change.key
                        && is_news(view, networks, commit, change)?
                    {
                        news.add(networks, &change.list, &change.source, key);
                    }
                }
                Ok(())
            }
            (Changes::Bulk, Some(list), Some(source)) if commit.act == Act::Replace => {
                news_of_many(view, networks, commit, (list, source), news)
            }
            (Changes::Bulk, ..) => Ok(()),
        }
    }
}

/// When what a commit lists anew was first seen.
fn first_seen(commit: &CommitRow) -> Time {
    commit.begun.unwrap_or(commit.time)
}

/// Whether a change lists its key, which was not listed before.
fn is_news(view: &View<'_>, networks: &[Network], commit: &CommitRow, change: &KeyChange) -> Result<bool, Fault> {
    let (Key::Prefix(key), Some(list)) = (&change.key, view.catalog().list_id(&change.list)) else { return Ok(false) };
    let listed = match &change.now {
        Some(said) if said.mark == Mark::Excluded => return Ok(false),
        Some(said) if said.first_seen == first_seen(commit) => return Ok(true),
        now => now.is_some(),
    };
    // Rows are read of keys that may be told only: most are nobody's.
    if owner(networks, *key).is_none_or(|(network, _)| network.writes_as(&change.source)) {
        return Ok(false);
    }
    let Some(source) = view.catalog().source_named(list, &change.source) else { return Ok(false) };
    if !ended_exclusion(view, commit, source.owner(), &change.key)? {
        return Ok(false);
    }
    // What was an exclusion and is nothing now lists the key where another entry does.
    Ok(listed || listed_over(view, list, &change.key)?.is_some())
}

/// Whether the owner excluded the key until this commit.
fn ended_exclusion(view: &View<'_>, commit: &CommitRow, owner: Owner, key: &Key) -> Result<bool, Fault> {
    let before = Serial(commit.serial.0.saturating_sub(1));
    let past = view.next_past(owner, key, commit.time, before)?;
    Ok(past.is_some_and(|past| past.serial == commit.serial && past.mark == Mark::Excluded))
}

/// The news of an import with more changes than the journal holds: by what the source names now.
fn news_of_many(
    view: &View<'_>,
    networks: &[Network],
    commit: &CommitRow,
    (list, source): (&ListName, &SourceName),
    news: &mut News,
) -> Result<(), Fault> {
    let catalog = view.catalog();
    let Some(id) = catalog.list_id(list) else { return Ok(()) };
    let yielding: Vec<Owner> =
        catalog.sources(id).filter(|other| other.name.yields_to_evidence()).map(|other| other.owner()).collect();
    let of_source = |held: &Held| held.source.name == *source && held.entry.mark == Mark::Listed;
    for network in networks.iter().filter(|network| !network.writes_as(source)) {
        for prefix in network.active() {
            for held in view.inside(id, &Key::Prefix(prefix)) {
                let held = held?;
                if let Key::Prefix(key) = held.key
                    && of_source(&held)
                    && lists_anew(view, commit, &yielding, &held)?
                {
                    news.add(networks, list, source, key);
                }
                if news.is_full(network, list) {
                    break;
                }
            }
        }
    }
    Ok(())
}

/// Whether an import listed what its source holds, for the first time or after an exclusion of one of `yielding`.
fn lists_anew(view: &View<'_>, commit: &CommitRow, yielding: &[Owner], held: &Held) -> Result<bool, Fault> {
    if held.entry.first_seen == first_seen(commit) {
        return Ok(true);
    }
    // Evidence that ends an exclusion is later than the listing that was excluded: most imports tell no such times.
    if held.entry.last_seen > held.entry.first_seen {
        for owner in yielding {
            if ended_exclusion(view, commit, *owner, &held.key)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

impl News {
    fn add(&mut self, networks: &[Network], list: &ListName, source: &SourceName, key: Prefix) {
        let Some((network, _)) = owner(networks, key).filter(|_| !list.is_never()) else { return };
        if network.writes_as(source) {
            return;
        }
        let keys = self.listed.entry(network.name.clone()).or_default().entry(list.clone()).or_default();
        // One more says that there are more.
        if keys.len() <= NEWS_KEYS_MAX {
            keys.insert(key);
        }
    }

    fn is_full(&self, network: &Network, list: &ListName) -> bool {
        let keys = self.listed.get(&network.name).and_then(|lists| lists.get(list));
        keys.is_some_and(|keys| keys.len() > NEWS_KEYS_MAX)
    }
}

impl Sitting {
    /// The first network comes: what is listed from here on is told.
    pub(super) fn begin_telling(&mut self) {
        let here = self.desk().store().serial();
        self.put(CaseFamily::Network, TOLD.to_vec(), &here);
    }

    fn call_about(&mut self, network: &Network, list: &ListName, keys: &BTreeSet<Prefix>) {
        let Some(webhook) = &network.webhook else { return };
        let more = keys.len() > NEWS_KEYS_MAX;
        let told: Vec<String> = keys.iter().take(NEWS_KEYS_MAX).map(ToString::to_string).collect();
        let body = serde_json::json!({
            "network": network.name.as_str(), "event": "listed", "list": list.as_str(), "keys": told, "more": more,
            "at": self.now,
        });
        let (network, url) = (network.name.as_str().into(), webhook.url.as_str().into());
        self.send(Task::Webhook { network, url, body: body.to_string().into() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cases::{NetworkIs, testing::desk},
        change::Actor,
    };

    async fn enter(desk: &Desk, name: &str) {
        let (title, contacts) = (name.to_owned(), vec!["noc@example.org".to_owned()]);
        let is = NetworkIs { name: name.parse().unwrap(), title, contacts, public_contact: String::new() };
        desk.enter_network(&Actor::new("admin"), is, &["203.0.113.0/24".parse().unwrap()]).await.unwrap();
    }

    fn told(desk: &Desk) -> Option<Serial> {
        read_row(&desk.store().view(), CaseFamily::Network, TOLD).unwrap()
    }

    /// A round that was on its way wrote again how far it had told; the next network was told what was listed before it came.
    #[tokio::test]
    async fn a_round_that_outlives_the_last_network_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let desk = desk(dir.path());
        let on_its_way = || News { since: told(&desk), serial: Serial(7), listed: BTreeMap::new(), more: false };
        enter(&desk, "isp").await;
        let news = on_its_way();
        desk.delete_network("admin", &"isp".parse().unwrap()).await.unwrap();
        desk.tell(news).await.unwrap();
        assert_eq!(told(&desk), None);

        enter(&desk, "isp").await;
        let from = told(&desk).unwrap();
        let late = News { since: Some(Serial(from.0 + 1)), ..on_its_way() };
        desk.tell(late).await.unwrap();
        assert_eq!(told(&desk), Some(from), "the next begins where it was entered");
        desk.tell(on_its_way()).await.unwrap();
        assert_eq!(told(&desk), Some(Serial(7)));
        desk.door().close();
    }
}
