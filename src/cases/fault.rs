//! Why the desk did not do what was asked.
//!
//! Guarantees: typed to the last reason, so that a page can say each in the reader's language; `Display` is the sentence of the
//! API, in English, and names what the one who asked can do. Nothing has changed, but for a change whose outcome is unknown.
//! Never: knows of HTTP or of languages. Status codes and translations are the caller's.

use super::{Unanswered, network, proof::CodeError, request, retest};
use crate::{
    change::Refused,
    limits::{NETWORKS_MAX, REQUESTS_PER_KEY},
    list::{KeyError, ListName, Prefix, ProofKind, Time},
    store::ReadError,
};
use std::net::IpAddr;

/// Why a case did not move.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Fault {
    /// The door did not take it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store cannot be read.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// There is no such case, or no longer.
    #[error("there is no such {0}")]
    Unknown(&'static str),
    /// Something else stands in the way: the case is in another state, or there is another.
    #[error(transparent)]
    Conflict(#[from] Obstacle),
    /// What was sent cannot be taken.
    #[error(transparent)]
    Invalid(#[from] Unfit),
    /// Who asks may not.
    #[error(transparent)]
    Forbidden(#[from] NotYours),
    /// Not before that time.
    #[error("{why}; {} {until}", .why.again())]
    Later {
        /// What has to pass.
        why: Wait,
        /// When it may be asked again.
        until: Time,
    },
}

/// What stands in the way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// Nothing to remove.
    #[error("{key} is not listed in {list}")]
    NotListed {
        /// As it was asked.
        key: Box<str>,
        /// Where.
        list: ListName,
    },
    /// As many as a key may have.
    #[error(
        "{REQUESTS_PER_KEY} requests for it are open; wait until one is decided, or ask from the machine itself, which is counted apart"
    )]
    ManyRequests,
    /// The request stands where this is no move.
    #[error("the request is {}: this cannot be done any more, or not yet", .0.as_str())]
    NoMove(request::State),
    /// The request waits for no proof any more.
    #[error("the request is {}: no proof is lacking", .0.as_str())]
    NothingToProve(request::State),
    /// DNS was asked and said nothing.
    #[error("DNS did not answer ({0}); try again in a moment")]
    Silence(Unanswered),
    /// The configuration has none.
    #[error("this server makes no retests")]
    NoRetests,
    /// The retest stands where this is no move.
    #[error(transparent)]
    Retest(retest::NoMove),
    /// The name of a network.
    #[error("there is a network {0} already")]
    NameTaken(network::NetworkName),
    /// As many as there may be.
    #[error("there are {NETWORKS_MAX} networks")]
    ManyNetworks,
    /// As many as may wait.
    #[error("many claims are open; try again in some days, or write to the operator")]
    ManyClaims,
    /// All that is claimed was claimed or entered before.
    #[error("these prefixes are the network's already")]
    HeldAlready,
    /// Only what is proven can be agreed to.
    #[error("{0} is not proven, so it cannot be approved")]
    NotProven(Prefix),
    /// The thread that read ended early.
    #[error("reading was broken off: {0}")]
    BrokenOff(Box<str>),
}

/// What is wrong with what was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is no key of the list.
    #[error("key: {0}")]
    Key(#[from] KeyError),
    /// It is more than one address.
    #[error("key: name one address: that of the server or connection that was refused")]
    ManyAddresses,
    /// A text of people.
    #[error("{field}: at most {most} characters")]
    Long {
        /// Which.
        field: Field,
        /// How long it may be.
        most: usize,
    },
    /// A removal by this list's rule needs the day of the repair.
    #[error("repaired_at: say when the machine was cleaned; not in the future")]
    Repaired,
    /// The list takes other proofs, or this server cannot look at this one.
    #[error("proof: {} does not count for this list here", .0.as_str())]
    ProofNotTaken(ProofKind),
    /// Sent from another address.
    #[error("proof: you call from {from}, not from {key}")]
    Elsewhere {
        /// Where the call came from.
        from: IpAddr,
        /// Where it should come from.
        key: Box<str>,
    },
    /// The record is not there.
    #[error("proof: there is no TXT \"{value}\" at {}", .places.join(" or "))]
    NoTxt {
        /// What it says.
        value: Box<str>,
        /// Where it may stand.
        places: Vec<String>,
    },
    /// Names and blocks have no reverse DNS of their own.
    #[error("proof: this is no address")]
    NoAddress,
    /// No name that leads back.
    #[error("proof: {0} has no name in reverse DNS that leads back to it")]
    NoName(IpAddr),
    /// The name stands under no domain that somebody registered.
    #[error("proof: its name belongs to no registered domain")]
    NoDomain,
    /// Its postmaster asked for none.
    #[error("proof: the postmaster of {0} wants no codes from us")]
    NoCodes(Box<str>),
    /// This server asks no DNS.
    #[error("proof: DNS is not asked by this server")]
    NoResolver,
    /// A code that cannot be right.
    #[error("proof: {0}")]
    Code(#[from] CodeError),
    /// Lists of other kinds have nothing to try.
    #[error("{0} is about neither relays nor proxies: nothing can be tested")]
    NotTestable(ListName),
    /// What is said of a network.
    #[error(transparent)]
    Network(#[from] network::NetworkError),
    /// What is claimed.
    #[error(transparent)]
    Claim(#[from] network::Unprovable),
}

/// A text that people write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// How to reach who asks.
    Contact,
    /// What they say.
    Note,
    /// Why it was decided so.
    Why,
}

/// Why somebody may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotYours {
    /// Another secret, or none.
    #[error("this is not the secret of the request")]
    Secret,
    /// Another network decides, or an operator.
    #[error("this request is not for an address of the network")]
    OtherNetwork,
}

/// What has to pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wait {
    /// The lock-out after a return.
    #[error("it came back to the list")]
    LockedOut,
    /// What a domain and a day may get.
    #[error("a code was mailed to {0} lately, or too many today")]
    CodeMailed(Box<str>),
}

impl Wait {
    /// What stands before the time.
    const fn again(&self) -> &'static str {
        match self {
            Self::LockedOut => "it may be asked again after",
            Self::CodeMailed(_) => "the next after",
        }
    }
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Contact => "contact",
            Self::Note => "note",
            Self::Why => "why",
        })
    }
}
