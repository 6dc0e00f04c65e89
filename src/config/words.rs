//! The texts of a configuration that have a form of their own and no type elsewhere.
//!
//! Guarantees: each type holds only what its rule allows; its error says what to write.
//! Never: looks anything up in DNS or on the disk.

use crate::{
    limits::{NSID_OCTETS_MAX, PUBLIC_URL_OCTETS_MAX},
    list::{Duration, ListedName, NameError, Scope},
};
use std::{fmt, net::IpAddr, str::FromStr};

/// A name of a host or of a zone: no `=` and no `*.` before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName(pub ListedName);

/// Why a text is no [`HostName`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostNameError {
    /// Not a domain name.
    #[error("write a name as ns1.example.org")]
    Unreadable,
    /// A rule of names.
    #[error(transparent)]
    Name(#[from] NameError),
}

impl FromStr for HostName {
    type Err = HostNameError;

    fn from_str(text: &str) -> Result<Self, HostNameError> {
        if text.starts_with(['=', '*', '.']) {
            return Err(HostNameError::Unreadable);
        }
        ListedName::new(text, Scope::All).map(Self).map_err(|error| match error {
            NameError::Unreadable => HostNameError::Unreadable,
            other => other.into(),
        })
    }
}

/// A mail address whose domain is a name; its local part has no blanks or quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox(pub String);

/// Why a text is no [`Mailbox`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a mail address as hostmaster@example.org")]
pub struct MailboxError;

impl FromStr for Mailbox {
    type Err = MailboxError;

    fn from_str(text: &str) -> Result<Self, MailboxError> {
        let (local, domain) = text.rsplit_once('@').ok_or(MailboxError)?;
        let plain =
            |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\' | b'@' | b'<' | b'>' | b'(' | b')' | b',');
        let dots = local.starts_with('.') || local.ends_with('.') || local.contains("..");
        let domain = domain.parse::<HostName>().map_err(|_| MailboxError)?;
        if local.is_empty() || local.len() > 63 || dots || !local.bytes().all(plain) || !domain.0.name().contains('.') {
            return Err(MailboxError);
        }
        Ok(Self(format!("{local}@{}", domain.0.name())))
    }
}

/// Where people reach the pages: `http` or `https`, a host, perhaps a port and a path; never a final slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

/// Why a text is no [`PublicUrl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicUrlError {
    /// Another scheme or none.
    #[error("it begins with https:// or http://, for example https://bl.example.org")]
    Scheme,
    /// No host, or no number behind its colon.
    #[error("after the scheme stands a host name or an address, perhaps with :port")]
    Host,
    /// `?`, `#`, blanks, or what must be escaped.
    #[error("it has no blanks, user, query or fragment: keys are written behind it")]
    Tail,
    /// Does not leave room in the TXT record.
    #[error("it has at most {PUBLIC_URL_OCTETS_MAX} octets, because it stands in every TXT record")]
    TooLong,
}

impl PublicUrl {
    /// As text, without a final slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PublicUrl {
    type Err = PublicUrlError;

    fn from_str(text: &str) -> Result<Self, PublicUrlError> {
        let text = text.trim_end_matches('/');
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let rest = rest.ok_or(PublicUrlError::Scheme)?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'?' | b'#' | b'"' | b'\\' | b'<' | b'>' | b'@');
        if !path.bytes().all(plain) || !authority.bytes().all(plain) {
            return Err(PublicUrlError::Tail);
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let address = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(inner) => inner.parse::<IpAddr>().is_ok_and(|address| address.is_ipv6()),
            None => host.parse::<IpAddr>().is_ok_and(|address| address.is_ipv4()),
        };
        let port_reads = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
        if !port_reads || !(address || host.parse::<HostName>().is_ok()) {
            return Err(PublicUrlError::Host);
        }
        if text.len() > PUBLIC_URL_OCTETS_MAX {
            return Err(PublicUrlError::TooLong);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What NSID answers: printable ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nsid(pub String);

/// Why a text is no [`Nsid`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is printable ASCII of at most {NSID_OCTETS_MAX} octets")]
pub struct NsidError;

impl FromStr for Nsid {
    type Err = NsidError;

    fn from_str(text: &str) -> Result<Self, NsidError> {
        let fits = text.len() <= NSID_OCTETS_MAX && text.bytes().all(|b| (b' '..=b'~').contains(&b));
        if fits { Ok(Self(text.to_owned())) } else { Err(NsidError) }
    }
}

/// An address to listen at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen(pub std::net::SocketAddr);

/// Why a text is no [`Listen`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write an address and a port as 127.0.0.1:53 or [::1]:53")]
pub struct ListenError;

impl FromStr for Listen {
    type Err = ListenError;

    fn from_str(text: &str) -> Result<Self, ListenError> {
        text.parse().map(Self).map_err(|_| ListenError)
    }
}

/// A length of time, or `never`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lasting(pub Option<Duration>);

/// Why a text is no [`Lasting`] or [`Span`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LastingError {
    /// For [`Lasting`].
    #[error("write \"never\", or a number and a unit: 12h, 90d, 2y")]
    OrNever,
    /// For [`Span`].
    #[error("write a number and a unit: 30s, 5m, 12h, 90d, 2w or 2y; not 0")]
    Unreadable,
}

impl FromStr for Lasting {
    type Err = LastingError;

    fn from_str(text: &str) -> Result<Self, LastingError> {
        if text == "never" {
            return Ok(Self(None));
        }
        text.parse().map(|Span(span)| Self(Some(span))).map_err(|_| LastingError::OrNever)
    }
}

/// A length of time of a second or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = LastingError;

    fn from_str(text: &str) -> Result<Self, LastingError> {
        let span: Duration = text.parse().map_err(|_| LastingError::Unreadable)?;
        if span.seconds() == 0 { Err(LastingError::Unreadable) } else { Ok(Self(span)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_loses_its_final_slash_and_keeps_its_path() {
        let read = |text: &str| text.parse::<PublicUrl>().map(|url| url.to_string());
        assert_eq!(read("https://bl.example.org/").unwrap(), "https://bl.example.org");
        assert_eq!(read("http://[::1]:8053").unwrap(), "http://[::1]:8053");
        assert_eq!(read("http://127.0.0.1:80/why/").unwrap(), "http://127.0.0.1:80/why");
        for (text, error) in [
            ("bl.example.org", PublicUrlError::Scheme),
            ("ftp://bl.example.org", PublicUrlError::Scheme),
            ("https://", PublicUrlError::Scheme),
            ("https://a b", PublicUrlError::Tail),
            ("https://u@bl.example.org", PublicUrlError::Tail),
            ("https://bl.example.org/?q=", PublicUrlError::Tail),
            ("https://bl.example.org:x", PublicUrlError::Host),
            ("https://:80", PublicUrlError::Host),
            ("https://::1", PublicUrlError::Host),
        ] {
            assert_eq!(read(text), Err(error), "{text}");
        }
        let long = format!("https://{}", "a.".repeat(46));
        assert!(long.len() == 100 && read(&format!("{long}b")) == Err(PublicUrlError::TooLong));
        assert!(read(&format!("{}b", &long[..98])).is_ok());
    }

    #[test]
    fn a_contact_is_a_mail_address() {
        assert_eq!("host.master@Example.ORG".parse::<Mailbox>().unwrap().0, "host.master@example.org");
        for text in ["", "hostmaster", "@example.org", "a b@example.org", "a@", "a@b@c.org", ".a@example.org", "a@org"]
        {
            assert!(text.parse::<Mailbox>().is_err(), "{text}");
        }
    }
}
