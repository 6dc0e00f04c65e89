//! The course of a request for a key: by which rule it goes, and who decides. The desk goes by it, and the pages tell of it
//! before anybody asks.
//!
//! Guarantees: a wider listing is the operator's, but in lists of kind dynamic; `owner` without a network is `proof`; of a
//! dynamic list's range its network says itself whether its customers take single addresses off.
//! Never: looks at who asks.

use crate::{
    cases::network::{Network, owner},
    list::{Key, Kind, ListSettings, Mark, RemovalRule},
    store::{Held, ListId, ReadError, View},
};

/// How a request for a key goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course<'a> {
    /// By this rule: the list's, or what it comes to for this key.
    pub rule: RemovalRule,
    /// The network that answers for the key; none where that is not asked.
    pub owner: Option<&'a Network>,
    /// The wider entry that lists what the key covers, and that only an operator lifts.
    pub wider: Option<Key>,
}

impl<'a> Course<'a> {
    /// That of a key of a list, as a removal names it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn of(view: &View<'_>, networks: &'a [Network], settings: &ListSettings, key: &Key) -> Result<Self, ReadError> {
        let wider = wider_listing(view, settings, key)?;
        if wider.is_some() {
            return Ok(Self { rule: RemovalRule::Operator, owner: None, wider });
        }
        let found = if let Key::Prefix(prefix) = key { owner(networks, *prefix) } else { None };
        let owner = found.map(|(network, _)| network);
        let rule = match (settings.removal.rule, settings.kind, key, owner) {
            (RemovalRule::Owner, _, _, None) => RemovalRule::Proof,
            (RemovalRule::SelfService | RemovalRule::Owner, Kind::Dynamic, Key::Prefix(prefix), Some(network)) => {
                match network.range_of(*prefix) {
                    Some(range) if range.self_removal => RemovalRule::SelfService,
                    _ => RemovalRule::Owner,
                }
            }
            (rule, ..) => rule,
        };
        Ok(Self { rule, owner, wider })
    }
}

/// The wider key that lists what `key` covers, where not everybody lifts that: in lists other than dynamic only its source
/// and the operator do, whatever else is listed at the key itself.
pub(super) fn wider_listing(view: &View<'_>, settings: &ListSettings, key: &Key) -> Result<Option<Key>, ReadError> {
    match view.catalog().list_id(&settings.name) {
        Some(list) if settings.kind != Kind::Dynamic => listed_wider(view, list, settings, key),
        _ => Ok(None),
    }
}

/// The most specific key with an entry over this one, that is wider and stands for more than one host, where it lists.
fn listed_wider(view: &View<'_>, list: ListId, settings: &ListSettings, key: &Key) -> Result<Option<Key>, ReadError> {
    let mut over = view.over(list, key)?;
    over.retain(|held| match (&held.key, key) {
        (Key::Prefix(wide), Key::Prefix(key)) => wide.length() < key.length() && !settings.is_single(*wide),
        (Key::Name(wide), Key::Name(key)) => wide.name() != key.name(),
        _ => false,
    });
    Ok(deciding(&over))
}

/// The key that decides among those that cover another, widest first, where it lists: the rule of match.
pub(super) fn deciding(over: &[Held]) -> Option<Key> {
    let nearest = &over.last()?.key;
    let excluded = over.iter().any(|held| held.key == *nearest && held.entry.mark == Mark::Excluded);
    (!excluded).then(|| nearest.clone())
}
