//! What a network may do while something of it is in force, and where it may write: lists of kind dynamic, under its own
//! source, inside its active prefixes.
//!
//! A network may lose a prefix while its write is on the way. So a body that is checked as it comes in is looked at again
//! right before it comes into force; and, for what is lost between, every write when it is done, whether or not somebody still
//! waits for its answer.
//!
//! Guarantees: one key outside makes the whole body 403, with the line named; so does a prefix that was lost while the body
//! came in; what a write has put outside of what is the network's by then goes again.
//! Never: lets a network undo an import: what it held then may lie outside what is its own now.

use super::{
    Problem, State,
    access::Access,
    api,
    auth::{Act, Holder},
};
use crate::{
    cases::{
        Fault,
        network::{Network, NetworkName},
    },
    change::{Change, Committed},
    list::{Key, Kind, ListSettings, Mark, SourceName, policy::widened},
};

/// The bounds of one request.
pub(super) struct Fence {
    /// The network and the list; `None` for sources that are no network's.
    within: Option<(Network, ListSettings)>,
}

impl Fence {
    /// The bounds of what this holder may write under a source.
    ///
    /// # Errors
    /// 403 where nothing of the network is in force, or the list is of another kind.
    pub async fn around(
        state: &State,
        holder: &Holder,
        list: &ListSettings,
        source: &SourceName,
    ) -> Result<Self, Problem> {
        let name = NetworkName::of_source(source).filter(|name| holder.network() == Some(name));
        let Some(name) = name else { return Ok(Self { within: None }) };
        if list.kind != Kind::Dynamic {
            return Err(Problem::forbidden("a network writes to lists of kind dynamic"));
        }
        let network = in_force(state, name).await?;
        Ok(Self { within: Some((network, list.clone())) })
    }

    /// Checks one key, as wide as the list will make it.
    ///
    /// # Errors
    /// 403
    pub fn holds(&self, line: u64, key: &Key, mark: Mark) -> Result<(), Problem> {
        let Some((network, list)) = &self.within else { return Ok(()) };
        let written = if mark == Mark::Listed { widened(list, key.clone()) } else { key.clone() };
        if matches!(written, Key::Prefix(prefix) if network.holds(prefix)) {
            return Ok(());
        }
        Err(Problem::forbidden(format!(
            "line {line}: {key} is not inside an active prefix of the network {}; nothing was changed",
            network.name
        )))
    }

    /// Whether there is one.
    pub const fn stands(&self) -> bool {
        self.within.is_some()
    }

    /// Right before a write comes into force: whether what its keys were checked against is the network's still. For a thread
    /// that may wait.
    ///
    /// # Errors
    /// 403 where it is not.
    pub fn still_stands(&self, state: &State) -> Result<(), Problem> {
        let Some((then, _)) = &self.within else { return Ok(()) };
        match state.desk().network(&then.name) {
            Ok(now) if now.still_holds(then) => Ok(()),
            Ok(_) | Err(Fault::Unknown(_)) => {
                let lost = "has lost a prefix meanwhile; nothing was changed";
                Err(Problem::forbidden(format!("the network {} {lost}", then.name)))
            }
            Err(fault) => Err(state.faulty()(fault)),
        }
    }

    /// Makes a change that was just checked, then [`Fence::settle`].
    ///
    /// # Errors
    /// What the door says.
    pub async fn submit(self, state: &State, change: Change) -> Result<Committed, Problem> {
        if !self.stands() {
            return Ok(state.parts.door.submit(change).await?);
        }
        let its = state.clone();
        let write = async move {
            let committed = its.parts.door.submit(change).await?;
            self.settle(&its).await?;
            Ok(committed)
        };
        state.to_the_end(write).await
    }

    /// After a write: what lies outside of what is the network's by now goes again. For work that is not broken off when
    /// the client goes away.
    ///
    /// # Errors
    /// 503 where that cannot be written.
    pub async fn settle(&self, state: &State) -> Result<(), Problem> {
        let Some((network, _)) = &self.within else { return Ok(()) };
        state.desk().keep_inside(network).await.map_err(state.faulty())
    }
}

/// Who may write to a list under some source, which only the body will name: a token that names the list, or that of a
/// network where [`Fence::around`] lets it.
///
/// # Errors
/// 401 and 403 for others.
pub(super) async fn writing<'a>(state: &State, access: &'a Access, list: &ListSettings) -> Result<&'a Holder, Problem> {
    let refused = match access.may(Act::WriteIn(&list.name)) {
        Ok(holder) => return Ok(holder),
        Err(refused) => refused,
    };
    let Some((holder, name)) = access.holder.as_ref().and_then(|holder| Some((holder, holder.network()?))) else {
        return Err(refused);
    };
    Fence::around(state, holder, list, &name.source()).await?;
    Ok(holder)
}

/// Who acts for a network, and the network: an admin, or who holds its token while something of it is in force.
///
/// # Errors
/// 401 and 403 for others; 404
pub(super) async fn acting<'a>(
    state: &State,
    access: &'a Access,
    name: &NetworkName,
) -> Result<(&'a Holder, Network), Problem> {
    let holder = access.may(Act::Network(name))?;
    let network = if holder.is_admin() {
        api::find_network(state, name.clone()).await?
    } else {
        in_force(state, name.clone()).await?
    };
    Ok((holder, network))
}

/// A network of which something is in force.
///
/// # Errors
/// 403
pub(super) async fn in_force(state: &State, name: NetworkName) -> Result<Network, Problem> {
    let desk = state.desk().clone();
    let asked = name.clone();
    let found = super::state::blocking(move || Ok(desk.network(&asked))).await?;
    match found {
        Ok(network) if network.is_active() => Ok(network),
        Ok(_) | Err(Fault::Unknown(_)) => {
            Err(Problem::forbidden(format!("the network {name} has no active prefix: its token is not taken")))
        }
        Err(fault) => Err(state.faulty()(fault)),
    }
}
