//! What the desk asks of DNS and of a mail server, as a trait: `run` hands over who really asks.
//!
//! Guarantees: silence is told apart from a "no", so that nobody is refused for a resolver that did not answer.
//! Never: asks anything itself.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// No answer, so nothing is known. To be tried again, or decided by people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unanswered(pub String);

/// Why an address is not taken for that of a mail server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Unmet {
    /// No PTR record.
    #[error("the address has no name in reverse DNS (PTR)")]
    NoName,
    /// The name does not lead back.
    #[error("{0} does not lead back to the address (no A or AAAA record of it)")]
    NotConfirmed(Box<str>),
    /// A name that a provider gives to customers.
    #[error("{0} looks like a name that a provider gives out by itself; a mail server has one of its own")]
    Generic(Box<str>),
    /// Nothing speaks SMTP there.
    #[error("no mail server answers on port 25")]
    NoServer,
    /// Another name in its greeting.
    #[error("the mail server greets as {found} and not as {name}")]
    OtherName {
        /// In its banner.
        found: Box<str>,
        /// In DNS.
        name: Box<str>,
    },
}

/// Who asks DNS and mail servers for us.
#[async_trait]
pub trait Checks: Send + Sync {
    /// The names of the address in reverse DNS that lead back to it, in lower case without a final dot; none is an answer.
    async fn confirmed_names(&self, address: IpAddr) -> Result<Vec<Box<str>>, Unanswered>;

    /// The TXT records of a name, each as one text; none is an answer.
    async fn texts(&self, name: &str) -> Result<Vec<Box<str>>, Unanswered>;

    /// Whether this is a mail server that stands by its name: forward-confirmed rDNS, a name that is not generic, a server
    /// that greets with it. Gives the name.
    async fn mail_server(&self, address: IpAddr) -> Result<Result<Box<str>, Unmet>, Unanswered>;
}
