//! Networks hear of what is newly listed inside their prefixes, whoever listed it: by their webhook each time, by mail once an
//! hour at most.
//!
//! ```text
//! 't'         the serial up to which they were told      'm' name    when a network was last told by mail
//! ```
//! The journal says what was listed. Of an import with more changes than it holds, what the source names inside the networks'
//! prefixes since the import before is told.
//!
//! Guarantees: how far was told is kept in the commit of what is told, so each listing is told at least once; what a network
//! lists itself is no news for it, nor what was listed before any network was entered.
//! Never: holds up whoever lists; tells of a renewal.

use super::{Desk, Fault, Sitting, on_a_thread};
use crate::{
    cases::{
        Task,
        network::{Network, NetworkName, owner},
    },
    limits::{NETWORK_MAIL_SECONDS, NEWS_COMMITS, NEWS_KEYS_MAX, NEWS_LOOKED_BACK_SECONDS},
    list::{Duration, Key, ListName, Mark, Prefix, Serial, SourceName, Time},
    store::{Act, CaseFamily, Changes, CommitRow, JournalError, Said, View},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

/// The row that says how far was told: of no use once there is nobody to be told.
pub(super) const TOLD: &[u8] = b"t";

pub(super) fn mailed_row(name: &NetworkName) -> Vec<u8> {
    [b"m", name.as_str().as_bytes()].concat()
}

/// When each source last replaced what it holds, as far as this process has told of it.
#[derive(Clone, Default)]
pub(super) struct Replaced(Arc<Mutex<HashMap<(ListName, SourceName), Time>>>);

/// What some commits listed newly inside networks, and the last of them.
struct News {
    serial: Serial,
    listed: BTreeMap<NetworkName, BTreeMap<ListName, BTreeSet<Prefix>>>,
    /// Whether the journal goes on behind them.
    more: bool,
}

impl Desk {
    /// Tells the networks what was listed since the last round.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub(super) async fn keep_told(&self) -> Result<(), Fault> {
        loop {
            let desk = self.clone();
            let Some(News { serial, listed, more }) = on_a_thread(move || desk.news()).await? else { return Ok(()) };
            let mut sitting = self.sit().await;
            for (name, lists) in listed {
                // Who went meanwhile is told nothing.
                let Ok(network) = self.network(&name) else { continue };
                for (list, keys) in lists {
                    sitting.tell_listed(&network, &list, &keys)?;
                }
            }
            sitting.put(CaseFamily::Network, TOLD.to_vec(), &serial);
            sitting.commit().await?;
            if !more {
                return Ok(());
            }
        }
    }

    /// What the next commits listed; `None` where there are none, or nobody to be told.
    fn news(&self) -> Result<Option<News>, Fault> {
        let networks = self.networks()?;
        if networks.is_empty() {
            return Ok(None);
        }
        let view = self.store().view();
        let told: Option<Serial> = match view.case(CaseFamily::Network, TOLD)? {
            Some(octets) => Some(super::value(CaseFamily::Network, &octets)?),
            None => None,
        };
        let from_here = News { serial: view.serial(), listed: BTreeMap::new(), more: false };
        // A store whose networks were entered by a program that told them nothing.
        let Some(told) = told else { return Ok(Some(from_here)) };
        let mut news = News { serial: told, listed: BTreeMap::new(), more: true };
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
            self.news_of(&view, &networks, &commit, &mut news)?;
        }
        Ok((news.serial > told).then_some(news))
    }

    fn news_of(&self, view: &View<'_>, networks: &[Network], commit: &CommitRow, news: &mut News) -> Result<(), Fault> {
        let since = self.new_since(commit);
        let is_new = |first_seen: Time| since.map_or(first_seen == commit.time, |since| first_seen > since);
        match &commit.changes {
            Changes::Keys(changes) => {
                for change in changes {
                    if let (Key::Prefix(key), Some(Said { mark: Mark::Listed, first_seen, .. })) =
                        (&change.key, &change.now)
                        && is_new(*first_seen)
                    {
                        news.add(networks, &change.list, &change.source, *key);
                    }
                }
            }
            Changes::Bulk => {
                let (Some(list), Some(source), Act::Replace) = (&commit.list, &commit.source, commit.act) else {
                    return Ok(());
                };
                let Some(id) = view.catalog().list_id(list) else { return Ok(()) };
                for prefix in networks.iter().flat_map(Network::active) {
                    let mut found = 0;
                    for held in view.inside(id, &Key::Prefix(prefix)) {
                        let held = held?;
                        let Key::Prefix(key) = held.key else { continue };
                        if held.source.name == *source
                            && held.entry.mark == Mark::Listed
                            && is_new(held.entry.first_seen)
                        {
                            news.add(networks, list, source, key);
                            found += 1;
                        }
                        if found > NEWS_KEYS_MAX {
                            break;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// What an import brings is first seen when the import began: after the one before of the same source. `None` for other
    /// commits, which are of one moment.
    fn new_since(&self, commit: &CommitRow) -> Option<Time> {
        let (Some(list), Some(source), Act::Replace) = (&commit.list, &commit.source, commit.act) else { return None };
        let mut replaced = self.replaced.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = replaced.insert((list.clone(), source.clone()), commit.time);
        let looked_back = commit.time.minus(Duration::from_seconds(NEWS_LOOKED_BACK_SECONDS));
        Some(before.map_or(looked_back, |before| before.max(looked_back)))
    }
}

impl News {
    fn add(&mut self, networks: &[Network], list: &ListName, source: &SourceName, key: Prefix) {
        let Some((network, _)) = owner(networks, key).filter(|_| !list.is_never()) else { return };
        if NetworkName::of_source(source).as_ref() == Some(&network.name) {
            return;
        }
        let keys = self.listed.entry(network.name.clone()).or_default().entry(list.clone()).or_default();
        // One more says that there are more.
        if keys.len() <= NEWS_KEYS_MAX {
            keys.insert(key);
        }
    }
}

impl Sitting {
    /// The first network comes: what is listed from here on is told.
    pub(super) fn begin_telling(&mut self) {
        let here = self.desk().store().serial();
        self.put(CaseFamily::Network, TOLD.to_vec(), &here);
    }

    fn tell_listed(&mut self, network: &Network, list: &ListName, keys: &BTreeSet<Prefix>) -> Result<(), Fault> {
        let name = &network.name;
        let more = keys.len() > NEWS_KEYS_MAX;
        let told: Vec<String> = keys.iter().take(NEWS_KEYS_MAX).map(ToString::to_string).collect();
        if let Some(webhook) = &network.webhook {
            let body = serde_json::json!({
                "network": name.as_str(), "event": "listed", "list": list.as_str(), "keys": told, "more": more,
                "at": self.now,
            });
            let (network, url) = (name.as_str().into(), webhook.url.as_str().into());
            self.send(Task::Webhook { network, url, body: body.to_string().into() });
        }
        let last: Option<Time> = self.read(CaseFamily::Network, &mailed_row(name))?;
        let lately = last.is_some_and(|last| self.now.since(last).seconds() < NETWORK_MAIL_SECONDS);
        if lately || !self.desk().settings().mails {
            return Ok(());
        }
        let now = self.now;
        self.put(CaseFamily::Network, mailed_row(name), &now);
        let page = format!("{}/networks/{name}/manage", self.desk().settings().public_url);
        let others = if more { "\n... and more." } else { "" };
        let text = format!(
            "Newly listed in {list}, inside your prefixes:\n\n{}{others}\n\nAll that is listed there, and why: {page}\n\
             There is at most one such mail an hour.\n",
            told.join("\n")
        );
        for to in &network.contacts {
            let subject = format!("Newly listed inside {name}").into();
            self.send(Task::Mail { to: to.as_str().into(), subject, text: text.as_str().into() });
        }
        Ok(())
    }
}
