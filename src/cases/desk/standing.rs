//! How a key stands in a list, and what takes it out: the rows behind a removal.
//!
//! Guarantees: what is listed at a key and inside it is what an exclusion of the key would have to lift; nothing wider.
//! Never: writes.

use super::{
    Fault, Sitting,
    course::deciding,
    proofs::address_of,
    removals::{SOURCE, source},
};
use crate::{
    cases::{
        Asking, Field, OwnReason, Unfit,
        lockout::block_of,
        request::{Ending, Request, State},
    },
    limits::{EXPIRY_KEYS_MAX, REMOVAL_ROWS_MAX},
    list::{Detail, Key, KeyFamily, Kind, ListSettings, ListedName, Mark, NewEntry, Prefix, RemovalRule, Scope, Time},
    store::{Held, ListId, View, Why},
};

/// How a key stands in one list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Listed by its own entry, or by ones inside its block.
    Listed,
    /// Listed by a wider entry.
    Wider(Key),
    /// Not.
    Free,
}

impl Sitting {
    /// How the key stands in the list, all sources together.
    pub(super) fn standing(&self, settings: &ListSettings, key: &Key) -> Result<Standing, Fault> {
        let view = self.desk().store().view();
        let Some(list) = view.catalog().list_id(&settings.name) else { return Ok(Standing::Free) };
        if !listed_inside(&view, list, key)?.is_empty() {
            return Ok(Standing::Listed);
        }
        Ok(listed_over(&view, list, key)?.map_or(Standing::Free, Standing::Wider))
    }

    /// What grants of a request's key have exempted.
    pub(super) fn exempted(&self, settings: &ListSettings, request: &Request) -> Result<Vec<Key>, Fault> {
        let view = self.desk().store().view();
        let key = Key::parse(&request.key, settings.family()).ok();
        view.catalog()
            .list_id(&settings.name)
            .zip(key)
            .map_or(Ok(Vec::new()), |(list, key)| exempted(&view, list, &key))
    }

    /// The exclusions that grant a request: its key, and what is listed inside it by itself. A test says something about the
    /// address that was tested, and nothing about others of its block that are listed themselves.
    pub(super) fn exclusions(
        &self,
        settings: &ListSettings,
        before: Option<&Request>,
        request: &Request,
    ) -> Result<Vec<(u64, NewEntry)>, Fault> {
        let decided = before.is_some_and(|before| before.state == State::Deciding);
        let key = Key::parse(&request.key, settings.family()).map_err(Unfit::from)?;
        let view = self.desk().store().view();
        let tested = matches!(settings.kind, Kind::Relay | Kind::Proxy) && request.rule == RemovalRule::Retest;
        let asked = address_of(&request.asked).map(Prefix::host).filter(|_| tested && !decided);
        let lifted = |key: &Key| asked.is_none_or(|asked| matches!(key, Key::Prefix(key) if key.covers(asked)));
        let mut keys = vec![key.clone()];
        if let Some(list) = view.catalog().list_id(&settings.name) {
            let inside = listed_inside(&view, list, &key)?.into_iter().map(|held| held.key);
            keys.extend(inside.filter(lifted));
            // Of a block with very many the walk may not come as far as the address that was asked for.
            if let Some(asked) = address_of(&request.asked).map(|address| Key::Prefix(Prefix::host(address))) {
                keys.extend(listed_inside(&view, list, &asked)?.into_iter().map(|held| held.key));
            }
        }
        keys.sort();
        keys.dedup();
        // Evidence that is newer than the request lists again. Who decided knew what there is by then, whatever the rule.
        let seen = if decided { self.now } else { request.asked_at };
        // What was granted for good does not end by the term of what the list holds.
        let expires = request.until.or_else(|| settings.expires_after.map(|_| Time::LAST));
        let reason = OwnReason::Removed(request.rule).to_string();
        let detail = Detail { reason: reason.into(), ..Detail::default() };
        let line = |key| NewEntry {
            seen: Some(seen),
            expires,
            detail: detail.clone(),
            ..NewEntry::plain(key, Mark::Excluded)
        };
        Ok(keys.into_iter().zip(1..).map(|(key, number)| (number, line(key))).collect())
    }
}

/// The key that is exempted, and that it can be asked for.
pub(super) fn removal_key(settings: &ListSettings, asking: &Asking) -> Result<Key, Fault> {
    let key = Key::parse(&asking.key, settings.family()).map_err(Unfit::from)?;
    let host = |key: &Key| matches!(key, Key::Prefix(prefix) if prefix.is_host());
    if settings.family() == KeyFamily::Addresses && !host(&key) {
        return Err(Unfit::ManyAddresses.into());
    }
    Ok(block_of(key, settings.v6_block()))
}

/// A text of people, bounded and without characters that do not show.
pub(super) fn cut(text: &str, most: usize, field: Field) -> Result<String, Fault> {
    if text.chars().count() > most {
        return Err(Unfit::Long { field, most }.into());
    }
    Ok(text.chars().filter(|c| !c.is_control() || *c == '\n').collect::<String>().trim().to_owned())
}

pub(super) fn is_ours(held: &Held) -> bool {
    held.source.name.as_str() == SOURCE && held.entry.mark == Mark::Excluded
}

pub(super) fn ending_of(why: Why) -> Ending {
    match why {
        Why::Outweighed => Ending::Returned,
        Why::Expired => Ending::Expired,
        Why::Removed | Why::Replaced | Why::Changed | Why::Purged | Why::Undone => Ending::Revoked,
    }
}

/// What removals have exempted at the key and inside it: all that grants of it made.
pub(super) fn exempted(view: &View<'_>, list: ListId, key: &Key) -> Result<Vec<Key>, Fault> {
    let Some(removal) = view.catalog().source_named(list, &source()) else { return Ok(Vec::new()) };
    let keys = match key {
        Key::Prefix(prefix) => {
            let owned = view.owned_inside(removal.owner(), *prefix).take(EXPIRY_KEYS_MAX);
            owned.map(|row| row.map(|(key, _)| key)).collect::<Result<_, _>>()?
        }
        Key::Name(name) => scopes_of(name).collect(),
        Key::Hash(_) => vec![key.clone()],
    };
    Ok(keys)
}

/// A name with each of its scopes.
fn scopes_of(name: &ListedName) -> impl Iterator<Item = Key> {
    let scopes = [Scope::All, Scope::Itself, Scope::Below];
    scopes.into_iter().filter_map(|scope| ListedName::new(name.name(), scope).ok().map(Key::Name))
}

/// The most specific key with an entry at this one or over it, where no exclusion stands at it: the rule of match.
pub(super) fn listed_over(view: &View<'_>, list: ListId, key: &Key) -> Result<Option<Key>, Fault> {
    Ok(deciding(&view.over(list, key)?))
}

/// What is listed at the key and inside it, but for keys at which an exclusion decides.
pub(super) fn listed_inside(view: &View<'_>, list: ListId, key: &Key) -> Result<Vec<Held>, Fault> {
    let held: Vec<Held> = match key {
        Key::Prefix(prefix) if !prefix.is_host() => {
            view.inside(list, key).take(REMOVAL_ROWS_MAX).collect::<Result<_, _>>()?
        }
        // A name is asked for as it is written; what holds it may be that name alone, or only what is below.
        Key::Name(name) => {
            let mut held = Vec::new();
            for key in scopes_of(name) {
                held.extend(view.at(list, &key)?);
            }
            held
        }
        Key::Prefix(_) | Key::Hash(_) => view.at(list, key)?,
    };
    let excluded: Vec<Key> =
        held.iter().filter(|held| held.entry.mark == Mark::Excluded).map(|held| held.key.clone()).collect();
    Ok(held.into_iter().filter(|held| !excluded.contains(&held.key)).collect())
}
