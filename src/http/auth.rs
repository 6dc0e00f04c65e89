//! Who may do what: tokens, their scopes, and the rules of DESIGN 4.3.
//!
//! | scope | may |
//! |---|---|
//! | `admin` | everything but writing under the program's own source names |
//! | `read` | read entries, exports, changes and the whole history |
//! | `write:LIST/SOURCE` | list keys under that source, and read what it holds |
//! | `exclude:LIST/SOURCE` | the same, and exclude |
//! | `network:NAME` | list and exclude under the source `network.NAME`, inside that network's active prefixes |
//! | `report:REPORTER` | report what REPORTER saw |
//! | `mail:REPORTER/DOMAIN` | nothing here: the token is a mailbox, and reports signed by DOMAIN that come there are REPORTER's |
//!
//! Either part of a scope may be `*`. `never`, the source `operator`, `force` and `first_seen` are for admins whatever
//! the scope says; `removal`, `retest`, `report`, `config` and `network.*` are the program's own.
//!
//! Guarantees: a token is known only by the SHA-256 of it, compared in constant time; what is not allowed here is refused.
//! Never: reads a token from anywhere but the header `Authorization`; prints one.

use super::{
    Problem, Settings,
    caller::{Caller, Door},
};
use crate::{
    cases::network::{NetworkError, NetworkName},
    list::{LabelError, ListName, ListedName, NameError, SourceName},
    store::{TokenHash, TokenRow},
};
use axum::http::{HeaderMap, header};
use std::{fmt, str::FromStr};
use subtle::ConstantTimeEq;

/// Octets of randomness in a token.
const TOKEN_OCTETS: usize = 32;

/// What the mailbox of a reporter begins with.
pub const REPORTS_PREFIX: &str = "r-";

/// Octets of randomness in such a mailbox. It stands in clear in logs on the way: DKIM is what reports are believed by.
const MAILBOX_OCTETS: usize = 16;

/// A token in clear, for the moment in which it is made and shown.
pub struct FreshToken(String);

/// Which lists or sources a scope is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part<T> {
    /// `*`
    Any,
    /// That one.
    Only(T),
}

/// What a token allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `admin`
    Admin,
    /// `read`
    Read,
    /// `write:LIST/SOURCE`
    Write(Part<ListName>, Part<SourceName>),
    /// `exclude:LIST/SOURCE`
    Exclude(Part<ListName>, Part<SourceName>),
    /// `network:NAME`
    Network(NetworkName),
    /// `report:REPORTER`
    Report(SourceName),
    /// `mail:REPORTER/DOMAIN`
    Mail(SourceName, ListedName),
}

/// Why a text is no scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// No such word.
    #[error(
        "not a scope; write admin, read, write:LIST/SOURCE or exclude:LIST/SOURCE, where either part may be *, \
         network:NAME, report:REPORTER or mail:REPORTER/DOMAIN"
    )]
    Unreadable,
    /// The list or the source.
    #[error(transparent)]
    Label(#[from] LabelError),
    /// The network.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The domain.
    #[error(transparent)]
    Domain(#[from] NameError),
}

/// What no scope reaches.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Beyond {
    /// Nobody writes there from outside.
    #[error("{0} is a source of the program's own; use another name")]
    Own(SourceName),
    /// Admins alone.
    #[error("the source {0} is for admins; use a name of your own")]
    AdminSource(SourceName),
    /// Admins alone.
    #[error("the list never is for admins")]
    Never,
}

/// Who holds the token that came with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The token's id; that of the one in `admin.token` is empty.
    pub id: Box<str>,
    /// What commits carry as their actor.
    pub actor: Box<str>,
    /// What it allows.
    pub scopes: Vec<Scope>,
}

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act<'a> {
    /// Read entries, exports, changes, whole history.
    Read,
    /// Read what one source holds.
    ReadSource(&'a ListName, &'a SourceName),
    /// Any token will do.
    Status,
    /// List, renew or remove keys of some source of this list, which is not known yet. Where a network may is
    /// [`super::fence`]'s.
    WriteIn(&'a ListName),
    /// List, renew or remove keys of a source.
    Write(&'a ListName, &'a SourceName),
    /// Exclude keys.
    Exclude(&'a ListName, &'a SourceName),
    /// See and change what is kept of a network.
    Network(&'a NetworkName),
    /// Report what was seen.
    Report,
    /// Override a guard.
    Force,
    /// Tokens, backup, expiry, purging of lists.
    Admin,
}

impl FreshToken {
    /// Draws a token from the system's randomness.
    ///
    /// # Errors
    /// The system has none to give.
    pub fn draw() -> Result<Self, getrandom::Error> {
        let mut octets = [0; TOKEN_OCTETS];
        getrandom::fill(&mut octets)?;
        Ok(Self(format!("dnsbld_{}", data_encoding::BASE64URL_NOPAD.encode(&octets))))
    }

    /// Draws a mailbox for reports: letters that mail does not fold.
    ///
    /// # Errors
    /// The system has none to give.
    pub fn draw_mailbox() -> Result<Self, getrandom::Error> {
        let mut octets = [0; MAILBOX_OCTETS];
        getrandom::fill(&mut octets)?;
        Ok(Self(format!("{REPORTS_PREFIX}{}", data_encoding::HEXLOWER.encode(&octets))))
    }

    /// What it may be called without giving it away: a part of its hash.
    #[must_use]
    pub fn id(&self) -> Box<str> {
        data_encoding::HEXLOWER.encode(&self.hash().0[..6]).into()
    }

    /// The token itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }
}

/// Compares two hashes in a time that says nothing about where they differ.
#[must_use]
pub fn same(one: TokenHash, other: TokenHash) -> bool {
    one.0.ct_eq(&other.0).into()
}

/// The token of a request, in clear. `None` where there is no such header.
///
/// # Errors
/// 401 where the header is of another kind; 403 where the token came in clear or at the wrong address.
pub fn presented<'a>(headers: &'a HeaderMap, caller: &Caller, settings: &Settings) -> Result<Option<&'a str>, Problem> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let token = value.to_str().ok().and_then(|text| text.split_once(' '));
    let Some((_, token)) = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) else {
        return Err(Problem::unauthorized("the header Authorization must read: Bearer TOKEN"));
    };
    accepts_tokens(caller, settings)?;
    Ok(Some(token.trim()))
}

/// Whether a token may come this way at all.
///
/// # Errors
/// 403
pub fn accepts_tokens(caller: &Caller, settings: &Settings) -> Result<(), Problem> {
    if settings.admin_listen.is_some() && caller.door == Door::Public {
        return Err(Problem::forbidden("tokens are taken only at the address [http] admin_listen"));
    }
    if !caller.private && !settings.plain_tokens {
        let detail = "a token came in clear over the network and should be revoked; use TLS through a trusted proxy \
                      ([http] trusted_proxies), or set [http] plain_tokens";
        return Err(Problem::forbidden(detail));
    }
    Ok(())
}

impl<T> Part<T> {
    const fn only(&self) -> Option<&T> {
        match self {
            Self::Any => None,
            Self::Only(one) => Some(one),
        }
    }
}

impl<T: PartialEq> Part<T> {
    fn holds(&self, one: &T) -> bool {
        match self {
            Self::Any => true,
            Self::Only(only) => only == one,
        }
    }
}

impl Holder {
    /// The holder of `admin.token`.
    #[must_use]
    pub fn admin_file() -> Self {
        Self { id: Box::default(), actor: "admin.token".into(), scopes: vec![Scope::Admin] }
    }

    /// The holder of a stored token. A scope that this version does not know allows nothing.
    #[must_use]
    pub fn of(row: &TokenRow) -> Self {
        let scopes = row.scopes.iter().filter_map(|scope| scope.parse().ok()).collect();
        Self { id: row.id.clone(), actor: format!("token:{}", row.name).into(), scopes }
    }

    /// Whether it may do everything.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.scopes.contains(&Scope::Admin)
    }

    /// Checks an act.
    ///
    /// # Errors
    /// 403 that says what is missing.
    pub fn may(&self, act: Act<'_>) -> Result<(), Problem> {
        let allowed = match act {
            Act::Status => true,
            Act::WriteIn(list) => self.scopes.iter().any(|scope| scope.writes_in(list)),
            Act::Read => self.is_admin() || self.scopes.contains(&Scope::Read),
            Act::ReadSource(list, source) => self.may(Act::Read).is_ok() || self.writes(list, source),
            Act::Force | Act::Admin => self.is_admin(),
            Act::Network(name) => self.is_admin() || self.network() == Some(name),
            Act::Report => self.is_admin() || self.reporter().is_some(),
            Act::Write(_, source) | Act::Exclude(_, source) if self.is_network(source) => true,
            Act::Write(list, source) => {
                Self::writable(self.is_admin(), list, source)?;
                self.is_admin() || self.writes(list, source)
            }
            Act::Exclude(list, source) => {
                Self::writable(self.is_admin(), list, source)?;
                self.is_admin() || self.excludes(list, source)
            }
        };
        if allowed { Ok(()) } else { Err(Problem::forbidden(act.refusal())) }
    }

    /// The network that holds it.
    #[must_use]
    pub fn network(&self) -> Option<&NetworkName> {
        self.scopes.iter().find_map(|scope| if let Scope::Network(name) = scope { Some(name) } else { None })
    }

    /// The reporter that holds it.
    #[must_use]
    pub fn reporter(&self) -> Option<&str> {
        self.scopes.iter().find_map(|scope| if let Scope::Report(name) = scope { Some(name.as_str()) } else { None })
    }

    /// Whose reports come to it by mail, and which domain must have signed them. Such a token is for nothing else.
    #[must_use]
    pub fn mailbox(&self) -> Option<(&SourceName, &ListedName)> {
        self.scopes
            .iter()
            .find_map(|scope| if let Scope::Mail(name, domain) = scope { Some((name, domain)) } else { None })
    }

    /// Whether this is the source of the network that holds it. Where that network may write is [`super::fence`]'s.
    fn is_network(&self, source: &SourceName) -> bool {
        self.network().is_some_and(|name| name.source() == *source)
    }

    /// The rules that no scope overrides.
    fn writable(admin: bool, list: &ListName, source: &SourceName) -> Result<(), Problem> {
        match Beyond::of(Some(list), Some(source)) {
            Some(beyond) if !admin || matches!(beyond, Beyond::Own(_)) => Err(Problem::forbidden(beyond.to_string())),
            _ => Ok(()),
        }
    }

    fn writes(&self, list: &ListName, source: &SourceName) -> bool {
        self.scopes.iter().any(|scope| match scope {
            Scope::Write(lists, sources) | Scope::Exclude(lists, sources) => lists.holds(list) && sources.holds(source),
            Scope::Network(name) => name.source() == *source,
            Scope::Admin | Scope::Read | Scope::Report(_) | Scope::Mail(..) => false,
        })
    }

    fn excludes(&self, list: &ListName, source: &SourceName) -> bool {
        self.scopes
            .iter()
            .any(|scope| matches!(scope, Scope::Exclude(lists, sources) if lists.holds(list) && sources.holds(source)))
    }
}

impl Beyond {
    /// The rule that stands against writing a list under a source; `None` is any list, or any source.
    fn of(list: Option<&ListName>, source: Option<&SourceName>) -> Option<Self> {
        match (list, source) {
            (_, Some(source)) if source.is_reserved() => Some(Self::Own(source.clone())),
            (_, Some(source)) if source.is_for_admins() => Some(Self::AdminSource(source.clone())),
            (Some(list), _) if list.is_never() => Some(Self::Never),
            _ => None,
        }
    }
}

impl Scope {
    /// Whether it lists keys under some source of the list.
    fn writes_in(&self, list: &ListName) -> bool {
        match self {
            Self::Write(lists, _) | Self::Exclude(lists, _) => lists.holds(list),
            Self::Admin => true,
            Self::Read | Self::Network(_) | Self::Report(_) | Self::Mail(..) => false,
        }
    }

    /// Why no token can ever do what this allows, if so: better said when it is made than at the feed's first import.
    #[must_use]
    pub fn useless(&self) -> Option<Beyond> {
        match self {
            Self::Write(list, source) | Self::Exclude(list, source) => Beyond::of(list.only(), source.only()),
            Self::Admin | Self::Read | Self::Network(_) | Self::Report(_) | Self::Mail(..) => None,
        }
    }
}

impl Act<'_> {
    fn refusal(self) -> String {
        match self {
            Self::Read => "this needs a token with the scope read or admin".into(),
            Self::ReadSource(list, source) => {
                format!("this needs a token with the scope read, admin or write:{list}/{source}")
            }
            Self::Status => "this needs a token".into(),
            Self::WriteIn(list) => format!("this needs a token with the scope write:{list}/SOURCE or admin"),
            Self::Write(list, source) => format!("this needs a token with the scope write:{list}/{source} or admin"),
            Self::Exclude(list, source) => {
                format!("excluding acts on the whole list and needs the scope exclude:{list}/{source} or admin")
            }
            Self::Network(name) => format!("this needs a token with the scope network:{name} or admin"),
            Self::Report => "this needs a token with the scope report:REPORTER or admin".into(),
            Self::Force => "force needs a token with the scope admin".into(),
            Self::Admin => "this needs a token with the scope admin".into(),
        }
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        fn part<T: FromStr<Err = LabelError>>(text: &str) -> Result<Part<T>, ScopeError> {
            if text == "*" { Ok(Part::Any) } else { Ok(Part::Only(text.parse()?)) }
        }
        match text {
            "admin" => return Ok(Self::Admin),
            "read" => return Ok(Self::Read),
            _ => {}
        }
        let (word, rest) = text.split_once(':').ok_or(ScopeError::Unreadable)?;
        match word {
            "network" => return Ok(Self::Network(rest.parse()?)),
            "report" => return Ok(Self::Report(rest.parse()?)),
            _ => {}
        }
        let (list, source) = rest.split_once('/').ok_or(ScopeError::Unreadable)?;
        match word {
            "mail" => Ok(Self::Mail(list.parse()?, source.parse()?)),
            "write" => Ok(Self::Write(part(list)?, part(source)?)),
            "exclude" => Ok(Self::Exclude(part(list)?, part(source)?)),
            _ => Err(ScopeError::Unreadable),
        }
    }
}

impl<T: fmt::Display> fmt::Display for Part<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Only(one) => one.fmt(f),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Admin => f.write_str("admin"),
            Self::Read => f.write_str("read"),
            Self::Write(list, source) => write!(f, "write:{list}/{source}"),
            Self::Exclude(list, source) => write!(f, "exclude:{list}/{source}"),
            Self::Network(name) => f.write_str(&name.scope()),
            Self::Report(reporter) => write!(f, "report:{reporter}"),
            Self::Mail(reporter, domain) => write!(f, "mail:{reporter}/{domain}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn holder(scopes: &str) -> Holder {
        let scopes = scopes.split_whitespace().map(|scope| scope.parse().unwrap()).collect();
        Holder { id: "7".into(), actor: "token:test".into(), scopes }
    }

    #[test]
    fn who_may_do_what() {
        // Holders: A admin, R read, W write:dynamic/isp, E exclude:dynamic/isp, S write:*/isp, X exclude:*/*,
        // N network:isp, T report:trap, M mail:trap/a.example (a mailbox), - nothing.
        let holders = [
            ('A', "admin"),
            ('R', "read"),
            ('W', "write:dynamic/isp"),
            ('E', "exclude:dynamic/isp"),
            ('S', "write:*/isp"),
            ('X', "exclude:*/*"),
            ('N', "network:isp"),
            ('T', "report:trap"),
            ('M', "mail:trap/a.example"),
            ('-', ""),
        ];
        let (dynamic, relay, never) = ("dynamic".parse().unwrap(), "relay".parse().unwrap(), ListName::never());
        let source = |text: &str| -> SourceName { text.parse().unwrap() };
        let (isp, other, operator) = (source("isp"), source("other"), source("operator"));
        let (removal, network, config) = (source("removal"), source("network.isp"), source("config"));
        let table: &[(Act<'_>, &str)] = &[
            (Act::Status, "ARWESXNTM-"),
            (Act::Read, "AR"),
            (Act::ReadSource(&dynamic, &isp), "ARWESX"),
            (Act::ReadSource(&dynamic, &other), "ARX"),
            (Act::ReadSource(&relay, &isp), "ARSX"),
            (Act::WriteIn(&dynamic), "AWESX"),
            (Act::WriteIn(&relay), "ASX"),
            (Act::Write(&dynamic, &isp), "AWESX"),
            (Act::Write(&dynamic, &other), "AX"),
            (Act::Write(&relay, &isp), "ASX"),
            (Act::Exclude(&dynamic, &isp), "AEX"),
            (Act::Exclude(&relay, &isp), "AX"),
            (Act::Write(&dynamic, &operator), "A"),
            (Act::Exclude(&dynamic, &operator), "A"),
            (Act::Write(&never, &isp), "A"),
            (Act::Exclude(&never, &isp), "A"),
            (Act::Write(&dynamic, &removal), ""),
            (Act::Write(&dynamic, &network), "N"),
            (Act::Exclude(&dynamic, &network), "N"),
            (Act::Write(&dynamic, &source("network.other")), ""),
            (Act::ReadSource(&dynamic, &network), "ARXN"),
            (Act::Network(&"isp".parse().unwrap()), "AN"),
            (Act::Network(&"other".parse().unwrap()), "A"),
            (Act::Report, "AT"),
            (Act::Exclude(&dynamic, &config), ""),
            (Act::Force, "A"),
            (Act::Admin, "A"),
        ];
        for (act, expected) in table {
            let allowed: String = holders
                .iter()
                .filter(|(_, scopes)| holder(scopes).may(*act).is_ok())
                .map(|(letter, _)| letter)
                .collect();
            assert_eq!(allowed, *expected, "{act:?}");
        }
    }

    #[test]
    fn a_scope_is_printed_as_it_is_read() {
        for text in [
            "admin",
            "read",
            "write:dynamic/isp",
            "write:*/isp",
            "exclude:dynamic/*",
            "exclude:*/*",
            "network:isp",
            "report:mx1",
            "mail:mx1/example.org",
            "mail:mx1/=mx.example.org",
        ] {
            assert_eq!(text.parse::<Scope>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "Admin",
            "write",
            "write:",
            "write:dynamic",
            "write:/isp",
            "delete:a/b",
            "write:UP/isp",
            "*",
            "mail:mx1",
            "mail:mx1/",
            "mail:*/a.example",
        ] {
            assert!(text.parse::<Scope>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_scope_that_nothing_can_be_done_with_is_told() {
        let useless = |text: &str| text.parse::<Scope>().unwrap().useless().is_some();
        for text in [
            "write:never/feed",
            "exclude:never/*",
            "write:dynamic/removal",
            "write:*/operator",
            "exclude:a1/network.isp",
        ] {
            assert!(useless(text), "{text}");
        }
        for text in ["admin", "write:*/feed", "exclude:dynamic/*", "network:isp", "report:operator"] {
            assert!(!useless(text), "{text}");
        }
    }

    #[test]
    fn a_token_is_taken_only_where_others_cannot_have_read_it() {
        let at =
            |address: &str, door| Caller { address: address.parse().unwrap(), private: address == "127.0.0.1", door };
        let plain = Settings::default();
        let open = Settings { plain_tokens: true, ..plain.clone() };
        let apart = Settings { admin_listen: Some("127.0.0.1:1".parse().unwrap()), ..plain.clone() };
        let apart_open = Settings { plain_tokens: true, ..apart.clone() };
        // Settings, caller, door, taken.
        let table = [
            (&plain, "127.0.0.1", Door::Public, true),
            (&plain, "203.0.113.9", Door::Public, false),
            (&open, "203.0.113.9", Door::Public, true),
            (&apart, "127.0.0.1", Door::Public, false),
            (&apart, "127.0.0.1", Door::Admin, true),
            (&apart, "203.0.113.9", Door::Admin, false),
            (&apart_open, "203.0.113.9", Door::Public, false),
            (&apart_open, "203.0.113.9", Door::Admin, true),
        ];
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer secret"));
        for (settings, address, door, taken) in table {
            let found = presented(&headers, &at(address, door), settings);
            assert_eq!(found.as_ref().ok(), taken.then_some(&Some("secret")), "{address} {door:?}");
            if let Err(problem) = found {
                assert_eq!(problem.status, 403);
                assert!(!problem.detail.contains("secret"));
            }
        }
        assert!(presented(&HeaderMap::new(), &at("203.0.113.9", Door::Public), &plain).is_ok());
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Basic c2VjcmV0"));
        assert_eq!(presented(&headers, &at("127.0.0.1", Door::Public), &plain).unwrap_err().status, 401);
    }

    #[test]
    fn a_token_is_known_by_its_hash() {
        let fresh = FreshToken::draw().unwrap();
        assert!(same(fresh.hash(), TokenHash::of(fresh.reveal())));
        assert!(!same(fresh.hash(), TokenHash::of("dnsbld_guess")));
        assert_ne!(FreshToken::draw().unwrap().reveal(), fresh.reveal());
    }
}
