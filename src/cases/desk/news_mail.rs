//! The mail that tells a network what was newly listed inside its prefixes: all lists in one, once an hour at most.
//!
//! ```text
//! 'm' name    when a network was last told by mail
//! 'w' name    Waiting: what its next mail tells
//! ```
//! Guarantees: what is told while no mail may go waits on disk for the next, which goes when the hour is over though nothing
//! else happens; of each list it names the first keys, and says where there are more. A mail of a time that has not come, by a
//! clock that was ahead, holds back none.
//! Never: keeps anything where mails cannot be sent; outlives its network.

use super::{Desk, Fault, Sitting, on_a_thread, read_row};
use crate::{
    cases::{
        Task,
        network::{Network, NetworkName},
    },
    limits::{NETWORK_MAIL_SECONDS, NETWORKS_MAX, NEWS_MAIL_KEYS_MAX},
    list::{ListName, Prefix, Time},
    store::CaseFamily,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

const WAITING: &[u8] = b"w";

fn waiting_row(name: &NetworkName) -> Vec<u8> {
    [WAITING, name.as_str().as_bytes()].concat()
}

fn mailed_row(name: &NetworkName) -> Vec<u8> {
    [b"m", name.as_str().as_bytes()].concat()
}

/// What the next mail to a network tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Waiting {
    /// The version of this row.
    v: u8,
    lists: BTreeMap<ListName, Named>,
}

/// What it names of one list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Named {
    keys: Vec<Box<str>>,
    /// Whether there are more than it names.
    more: bool,
}

impl Waiting {
    const fn nothing() -> Self {
        Self { v: 1, lists: BTreeMap::new() }
    }

    fn add(&mut self, list: &ListName, keys: &BTreeSet<Prefix>) {
        let named = self.lists.entry(list.clone()).or_default();
        for key in keys {
            let key: Box<str> = key.to_string().into();
            if named.keys.contains(&key) {
                continue;
            }
            if named.keys.len() >= NEWS_MAIL_KEYS_MAX {
                named.more = true;
                return;
            }
            named.keys.push(key);
        }
    }

    fn text(&self, page: &str) -> String {
        let mut text = "Newly listed inside your prefixes:\n".to_owned();
        for (list, named) in &self.lists {
            // Writing to a string cannot fail.
            let _ = write!(text, "\nIn {list}:\n{}\n", named.keys.join("\n"));
            text.push_str(if named.more { "... and more.\n" } else { "" });
        }
        let _ = write!(text, "\nAll that is listed there, and why: {page}\nThere is at most one such mail an hour.\n");
        text
    }
}

/// Whether a mail may go, `last` after the one before.
fn may_go(last: Option<Time>, now: Time) -> bool {
    last.is_none_or(|last| last > now || now.since(last).seconds() >= NETWORK_MAIL_SECONDS)
}

impl Desk {
    /// Sends what waits to the networks whose hour is over.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub(super) async fn mail_waiting(&self) -> Result<(), Fault> {
        if !self.settings().mails {
            return Ok(());
        }
        let desk = self.clone();
        for name in on_a_thread(move || desk.due_mails()).await? {
            let mut sitting = self.sit().await;
            let Ok(network) = self.network(&name) else { continue };
            sitting.mail_news(&network)?;
            sitting.commit().await?;
        }
        Ok(())
    }

    fn due_mails(&self) -> Result<Vec<NetworkName>, Fault> {
        let (view, now) = (self.store().view(), self.now());
        let mut due = Vec::new();
        for (row, _) in view.cases_under(CaseFamily::Network, WAITING, None, NETWORKS_MAX)? {
            let name = std::str::from_utf8(&row[WAITING.len()..]).ok().and_then(|name| name.parse().ok());
            let Some(name) = name else { continue };
            let last = read_row(&view, CaseFamily::Network, &mailed_row(&name))?;
            if may_go(last, now) {
                due.push(name);
            }
        }
        Ok(due)
    }
}

impl Sitting {
    /// The network's next mail tells this as well.
    pub(super) fn keep_for_mail(
        &mut self,
        name: &NetworkName,
        lists: &BTreeMap<ListName, BTreeSet<Prefix>>,
    ) -> Result<(), Fault> {
        if !self.desk().settings().mails {
            return Ok(());
        }
        let mut waiting = self.read(CaseFamily::Network, &waiting_row(name))?.unwrap_or(Waiting::nothing());
        for (list, keys) in lists {
            waiting.add(list, keys);
        }
        self.put(CaseFamily::Network, waiting_row(name), &waiting);
        Ok(())
    }

    fn mail_news(&mut self, network: &Network) -> Result<(), Fault> {
        let (name, now) = (&network.name, self.now);
        let Some(waiting) = self.read::<Waiting>(CaseFamily::Network, &waiting_row(name))? else { return Ok(()) };
        self.delete(CaseFamily::Network, waiting_row(name));
        self.put(CaseFamily::Network, mailed_row(name), &now);
        let text = waiting.text(&format!("{}/networks/{name}/manage", self.desk().settings().public_url));
        for to in &network.contacts {
            let subject = format!("Newly listed inside {name}").into();
            self.send(Task::Mail { to: to.as_str().into(), subject, text: text.as_str().into() });
        }
        Ok(())
    }

    /// The network goes, and what was to be mailed to it.
    pub(super) fn forget_mail(&mut self, name: &NetworkName) {
        self.delete(CaseFamily::Network, waiting_row(name));
        self.delete(CaseFamily::Network, mailed_row(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::Duration;

    #[test]
    fn a_mail_names_the_first_keys_of_each_list_once_and_says_where_there_are_more() {
        let keys = |hosts: std::ops::Range<usize>| -> BTreeSet<Prefix> {
            hosts.map(|n| format!("203.0.113.{n}").parse().unwrap()).collect()
        };
        let (one, other): (ListName, ListName) = ("compromised".parse().unwrap(), "relay".parse().unwrap());
        let mut waiting = Waiting::nothing();
        waiting.add(&one, &keys(0..NEWS_MAIL_KEYS_MAX));
        waiting.add(&one, &keys(0..NEWS_MAIL_KEYS_MAX));
        waiting.add(&other, &keys(7..8));
        let text = waiting.text("http://bl.test/");
        assert!(!text.contains("more") && text.contains("\nIn relay:\n203.0.113.7\n\n"), "{text}");
        waiting.add(&one, &keys(200..202));
        let text = waiting.text("http://bl.test/");
        assert_eq!(text.matches("203.0.113.").count(), NEWS_MAIL_KEYS_MAX + 1, "{text}");
        assert_eq!(text.matches("... and more.").count(), 1, "{text}");
        let row = serde_json::to_vec(&waiting).unwrap();
        assert_eq!(serde_json::from_slice::<Waiting>(&row).unwrap(), waiting);
    }

    #[test]
    fn a_mail_goes_once_an_hour_and_one_of_the_future_holds_back_none() {
        let now = Time::from_seconds(1_800_000_000);
        let after = |seconds| Some(now.minus(Duration::from_seconds(seconds)));
        assert!(may_go(None, now) && may_go(after(NETWORK_MAIL_SECONDS), now));
        assert!(!may_go(after(0), now) && !may_go(after(NETWORK_MAIL_SECONDS - 1), now));
        assert!(may_go(Some(now.plus(Duration::from_seconds(1))), now));
    }
}
