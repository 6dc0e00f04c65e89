//! `[retest]` and `[mail]`.
//!
//! Guarantees: where retests are enabled, all is there that makes a tester honest and a test work: a name, a contact, an inbox;
//! an inbox has a name, a contact and a domain;
//! a place that proxies can be asked for is one address.
//! Never: looks up whether the names lead where they should.

use super::{
    fields::Fields,
    mistake::At,
    words::{HostName, Listen, Mailbox, Span},
};
use crate::{
    limits::RETEST_TARGET_APART_SECONDS,
    list::{Duration, Prefix, Protocol},
};
use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

/// `[mail]`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mail {
    /// The operator's mail server: a host and a port.
    pub relay: Option<(String, u16)>,
    /// The sender.
    pub from: String,
    /// Domains whose postmasters want no codes.
    pub opt_out: Vec<String>,
}

/// `[retest]`
#[derive(Clone, Debug, PartialEq)]
pub struct Retest {
    /// Whether there are any.
    pub enabled: bool,
    /// Source addresses.
    pub from: Vec<IpAddr>,
    /// The name in EHLO.
    pub ehlo: String,
    /// Whom to ask.
    pub contact: String,
    /// Where the inbox listens.
    pub inbox_listen: Option<SocketAddr>,
    /// What it takes mail for.
    pub inbox_domain: String,
    /// Domains whose whole mail is a trap's.
    pub trap_domains: Vec<String>,
    /// Where proxies are asked to connect to.
    pub proxy_listen: Option<SocketAddr>,
    /// Where proxies are looked for.
    pub proxy_ports: Vec<(Protocol, u16)>,
    /// Tests at once.
    pub parallel: usize,
    /// Tests that begin in a second.
    pub per_second: u32,
    /// Tests that may wait.
    pub queue: usize,
    /// Tests in 24 hours that no person asked for.
    pub automatic_per_day: usize,
    /// What has not arrived within this is clean for now.
    pub settle: Duration,
    /// How long a message may still arrive.
    pub arrival: Duration,
    /// When a clean machine is tested again.
    pub recheck: Vec<Duration>,
    /// Who wants no tests.
    pub opt_out: Vec<Prefix>,
    /// For tests of this program.
    pub documentation_ranges: bool,
}

/// A host and a port.
struct HostPort(String, u16);

#[derive(Debug, thiserror::Error)]
#[error("write a host and a port as 127.0.0.1:25 or mail.example.org:25")]
struct HostPortError;

impl FromStr for HostPort {
    type Err = HostPortError;

    fn from_str(text: &str) -> Result<Self, HostPortError> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self(address.ip().to_string(), address.port()));
        }
        let (host, port) = text.rsplit_once(':').ok_or(HostPortError)?;
        let host: HostName = host.parse().map_err(|_| HostPortError)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or(HostPortError)?;
        Ok(Self(host.0.name().to_owned(), port))
    }
}

/// An address of this machine.
struct Source(IpAddr);

#[derive(Debug, thiserror::Error)]
#[error("write an address as 192.0.2.1 or 2001:db8::1")]
struct SourceError;

impl FromStr for Source {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        text.parse().map(Self).map_err(|_| SourceError)
    }
}

/// A mail address or a URL, in printable ASCII: it stands in greetings and messages.
struct Contact(String);

#[derive(Debug, thiserror::Error)]
#[error("write a mail address or a URL")]
struct ContactError;

impl FromStr for Contact {
    type Err = ContactError;

    fn from_str(text: &str) -> Result<Self, ContactError> {
        let url = ["https://", "http://", "mailto:"].iter().any(|scheme| text.starts_with(scheme));
        let plain = text.len() <= 200 && text.bytes().all(|b| b.is_ascii_graphic());
        if plain && (url || text.parse::<Mailbox>().is_ok()) { Ok(Self(text.to_owned())) } else { Err(ContactError) }
    }
}

/// Reads `[mail]`.
pub fn read_mail(fields: &Fields<'_, '_>) -> Option<Mail> {
    let relay = fields.parsed_unless_empty::<HostPort>("relay");
    let from = fields.parsed_unless_empty::<Mailbox>("from");
    let (relay, from) = (relay?, from?);
    if relay.value.is_some() && from.value.is_none() {
        fields.mistake(relay.offset, "relay: mails need a sender as well, for example from = \"dnsbl@example.org\"");
    }
    let relay = relay.value.map(|HostPort(host, port)| (host, port));
    let opt_out = fields.parsed_all::<HostName>("opt_out").into_iter().map(|at| at.value.0.name().to_owned()).collect();
    Some(Mail { relay, from: from.value.map_or_else(String::new, |Mailbox(from)| from), opt_out })
}

/// Reads `[retest]`, and where it listens.
pub fn read_retest(fields: &Fields<'_, '_>) -> Option<(Retest, Vec<At<Listen>>)> {
    let enabled = fields.flag("enabled");
    let ehlo = fields.parsed_unless_empty::<HostName>("ehlo");
    let contact = fields.parsed_unless_empty::<Contact>("contact");
    let inbox_listen = fields.parsed_unless_empty::<Listen>("inbox_listen");
    let inbox_domain = fields.parsed_unless_empty::<HostName>("inbox_domain");
    let proxy_listen = fields.parsed_unless_empty::<Listen>("proxy_listen");
    let trap_domains = fields.parsed_all::<HostName>("trap_domains");
    let listens = inbox_listen.as_ref().is_some_and(|at| at.value.is_some());
    // A trap needs what receives its mail, and a name and a contact for the greeting; retests and reporters need mailboxes too.
    let needs = match (enabled, trap_domains.is_empty(), listens) {
        (Some(true), ..) => Some(("retests", 4)),
        (_, false, _) => Some(("traps", 3)),
        (_, true, true) => Some(("the inbox", 4)),
        (_, true, false) => None,
    };
    if let Some((who, most)) = needs {
        let needed = [
            ("ehlo", ehlo.as_ref().is_some_and(|at| at.value.is_none()), "\"probe.bl.example.org\""),
            ("contact", contact.as_ref().is_some_and(|at| at.value.is_none()), "\"postmaster@example.org\""),
            ("inbox_listen", inbox_listen.as_ref().is_some_and(|at| at.value.is_none()), "\"192.0.2.1:25\""),
            ("inbox_domain", inbox_domain.as_ref().is_some_and(|at| at.value.is_none()), "\"test.bl.example.org\""),
        ];
        for (key, lacks, example) in needed.into_iter().take(most) {
            if lacks {
                fields.mistake(fields.offset, format!("{key}: needed for {who}; for example {key} = {example}"));
            }
        }
    }
    for at in &trap_domains {
        if inbox_domain.as_ref().is_some_and(|own| own.value.as_ref() == Some(&at.value)) {
            fields
                .mistake(at.offset, "trap_domains: the test messages arrive in inbox_domain; a trap is another domain");
        }
    }
    if let Some(At { value: Some(Listen(address)), offset }) = &proxy_listen
        && (address.ip().is_unspecified() || address.port() == 0)
    {
        fields.mistake(*offset, "proxy_listen: proxies are told to connect to it: name one address and a port");
    }
    let settle = fields.parsed::<Span>("settle");
    let arrival = fields.parsed::<Span>("arrival");
    if let (Some(settle), Some(arrival)) = (&settle, &arrival)
        && settle.value.0 > arrival.value.0
    {
        let offset = fields.written("settle").unwrap_or(settle.offset);
        let (settle, arrival) = (settle.value.0, arrival.value.0);
        fields.mistake(
            offset,
            format!("settle ({settle}) is longer than arrival ({arrival}): it would never be reached"),
        );
    }
    let recheck: Vec<At<Span>> = fields.parsed_all("recheck");
    for at in recheck.iter().filter(|at| at.value.0.seconds() < RETEST_TARGET_APART_SECONDS) {
        fields.mistake(at.offset, "recheck: a machine is tested once in 24 hours: write 1d or more");
    }
    let name = |at: At<Option<HostName>>| at.value.map_or_else(String::new, |name| name.0.name().to_owned());
    let (inbox_listen, proxy_listen) = (inbox_listen?, proxy_listen?);
    let listens = [&inbox_listen, &proxy_listen].into_iter();
    let listens = listens.filter_map(|at| at.value.map(|value| At { value, offset: at.offset })).collect();
    let retest = Retest {
        enabled: enabled?,
        from: fields.parsed_all::<Source>("from").into_iter().map(|at| at.value.0).collect(),
        ehlo: name(ehlo?),
        contact: contact?.value.map_or_else(String::new, |Contact(contact)| contact),
        inbox_listen: inbox_listen.value.map(|listen| listen.0),
        inbox_domain: name(inbox_domain?),
        trap_domains: trap_domains.into_iter().map(|at| at.value.0.name().to_owned()).collect(),
        proxy_listen: proxy_listen.value.map(|listen| listen.0),
        proxy_ports: fields.ports("proxy_ports")?,
        parallel: fields.whole("parallel")?,
        per_second: fields.whole("per_second")?,
        queue: fields.whole("queue")?,
        automatic_per_day: fields.whole("automatic_per_day")?,
        settle: settle?.value.0,
        arrival: arrival?.value.0,
        recheck: recheck.into_iter().map(|at| at.value.0).collect(),
        opt_out: fields.parsed_all::<Prefix>("opt_out").into_iter().map(|at| at.value).collect(),
        documentation_ranges: fields.flag("documentation_ranges")?,
    };
    Some((retest, listens))
}

impl Mail {
    /// Each option, and whether it differs.
    pub(super) fn differs(&self, new: &Self) -> [(&'static str, bool); 3] {
        [
            ("mail.relay", self.relay != new.relay),
            ("mail.from", self.from != new.from),
            ("mail.opt_out", self.opt_out != new.opt_out),
        ]
    }
}

impl Retest {
    /// Each option, and whether it differs.
    pub(super) fn differs(&self, new: &Self) -> [(&'static str, bool); 18] {
        [
            ("retest.enabled", self.enabled != new.enabled),
            ("retest.from", self.from != new.from),
            ("retest.ehlo", self.ehlo != new.ehlo),
            ("retest.contact", self.contact != new.contact),
            ("retest.inbox_listen", self.inbox_listen != new.inbox_listen),
            ("retest.inbox_domain", self.inbox_domain != new.inbox_domain),
            ("retest.trap_domains", self.trap_domains != new.trap_domains),
            ("retest.proxy_listen", self.proxy_listen != new.proxy_listen),
            ("retest.proxy_ports", self.proxy_ports != new.proxy_ports),
            ("retest.parallel", self.parallel != new.parallel),
            ("retest.per_second", self.per_second != new.per_second),
            ("retest.queue", self.queue != new.queue),
            ("retest.automatic_per_day", self.automatic_per_day != new.automatic_per_day),
            ("retest.settle", self.settle != new.settle),
            ("retest.arrival", self.arrival != new.arrival),
            ("retest.recheck", self.recheck != new.recheck),
            ("retest.opt_out", self.opt_out != new.opt_out),
            ("retest.documentation_ranges", self.documentation_ranges != new.documentation_ranges),
        ]
    }
}

#[cfg(test)]
mod tests {
    use crate::config::read;

    const ENABLED: &str = "[retest]\nenabled = true\nehlo = \"probe.example.org\"\ncontact = \"postmaster@example.org\"\n\
        inbox_listen = \"192.0.2.1:25\"\ninbox_domain = \"test.example.org\"\n";

    fn mistakes(text: &str) -> Vec<String> {
        read(text).err().unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn retests_are_off_unless_somebody_turns_them_on_with_all_that_they_need() {
        let off = read("").unwrap();
        assert!(!off.retest.enabled && off.mail.relay.is_none());
        let on = read(ENABLED).unwrap().retest;
        assert_eq!((on.enabled, on.ehlo.as_str(), on.proxy_ports.len()), (true, "probe.example.org", 6));
        let missing = mistakes("[retest]\nenabled = true\n");
        for key in ["ehlo", "contact", "inbox_listen", "inbox_domain"] {
            assert!(
                missing.iter().any(|mistake| mistake.contains(&format!("{key}: needed for retests"))),
                "{key} {missing:?}"
            );
        }
    }

    #[test]
    fn each_mistake_is_named() {
        for (line, word) in [
            ("proxy_listen = \"0.0.0.0:8000\"", "name one address"),
            ("recheck = [\"1h\"]", "once in 24 hours"),
            ("settle = \"6d\"", "longer than arrival"),
            ("proxy_ports = { http = [80] }", "there is no protocol `http`"),
            ("proxy_ports = { connect = [0] }", "from 1 to 65535"),
            ("proxy_ports = [80]", "connect = [8080]"),
            ("from = [\"here\"]", "write an address"),
            ("contact = \"us\"", "a mail address or a URL"),
            ("opt_out = [\"192.0.2.1/24\"]", "192.0.2.0/24"),
            (
                "ehlo = \"mx.example.org\"\ncontact = \"a@example.org\"\ntrap_domains = [\"trap.example.org\"]",
                "inbox_listen: needed for traps",
            ),
            (
                "ehlo = \"mx.example.org\"\ncontact = \"a@example.org\"\ninbox_listen = \"192.0.2.1:25\"\n\
                 inbox_domain = \"in.example.org\"\ntrap_domains = [\"IN.example.org\"]",
                "a trap is another domain",
            ),
            (
                "inbox_listen = \"192.0.2.1:25\"\nehlo = \"mx.example.org\"\ncontact = \"a@example.org\"",
                "inbox_domain: needed for the inbox",
            ),
            (
                "ehlo = \"mx.example.org\"\ncontact = \"a@example.org\"\ninbox_listen = \"192.0.2.1:25\"\n\
                 inbox_domain = \"in.example.org\"\nproxy_listen = \"192.0.2.1:25\"",
                "taken by another listener",
            ),
        ] {
            let found = mistakes(&format!("[retest]\n{line}\n"));
            assert!(found.len() == 1 && found[0].contains(word), "{line}: {found:?}");
        }
        assert!(mistakes("[mail]\nrelay = \"127.0.0.1:25\"\n")[0].contains("sender"));
        assert!(mistakes("[mail]\nrelay = \"localhost\"\n")[0].contains("host and a port"));
        let mail = read("[mail]\nrelay = \"[::1]:587\"\nfrom = \"a@example.org\"\n").unwrap().mail;
        assert_eq!(mail.relay, Some(("::1".to_owned(), 587)));
    }
}
