//! What connects to the outside: the tests of relays and proxies with their two listeners, and the doer of errands.
//!
//! Guarantees: addresses are bound before rights are dropped; without `[retest] enabled` nothing is tested, and nothing
//! listens but the inbox of traps.
//! Never: decides anything: rooms that may not name each other get what they need of each other here.

use super::RunError;
use crate::{
    cases::{
        self, Checks, Desk,
        report::{OWN_TRAP, Report},
        retest::Token,
    },
    change::Actor,
    config::{self, Config},
    limits::EVIDENCE_OCTETS_MAX,
    list::ReportKind,
    mail::{self, Arrival, Caller, Inbox, Mailroom, NotNow, Outbox, Post},
    retest::{self, MAILBOX_PREFIX, Pace, Prober, Queue, Resolver, Rules, SENDER_PREFIX, Secret, Tester},
    tasks::Supervisor,
};
use async_trait::async_trait;
use std::{convert::Infallible, io, net::IpAddr, net::SocketAddr, net::TcpListener, sync::Arc};
use tokio_util::sync::CancellationToken;

/// The listeners of `[retest]`.
#[derive(Debug, Default)]
pub struct Listeners {
    inbox: Option<TcpListener>,
    lure: Option<TcpListener>,
}

impl Listeners {
    /// Binds them, where retests are enabled.
    pub fn bind(config: &Config) -> Result<Self, RunError> {
        let retest = &config.retest;
        let bind = |name: &str, address: Option<SocketAddr>| {
            let bound = address.map(|address| {
                let listener = TcpListener::bind(address)?;
                listener.set_nonblocking(true)?;
                Ok(listener)
            });
            bound.transpose().map_err(|error: io::Error| RunError::Bind(format!("retest.{name}: {error}")))
        };
        Ok(Self {
            inbox: bind("inbox_listen", retest.inbox_listen.filter(|_| has_inbox(retest)))?,
            lure: bind("proxy_listen", retest.proxy_listen.filter(|_| retest.enabled))?,
        })
    }
}

/// For the room `cases`.
pub fn case_settings(config: &Config) -> Option<cases::RetestSettings> {
    let retest = &config.retest;
    retest.enabled.then(|| cases::RetestSettings {
        terms: cases::retest::Terms { settle: retest.settle, arrival: retest.arrival, recheck: retest.recheck.clone() },
        bounds: cases::retest::Bounds { queue: retest.queue, automatic_per_day: retest.automatic_per_day },
        proxy_ports: retest.proxy_ports.clone(),
        keep_transcripts: config.keep.transcripts,
    })
}

/// What may be contacted: not what this server listens at.
pub fn rules(config: &Config) -> Rules {
    let retest = &config.retest;
    let listens = [retest.inbox_listen, retest.proxy_listen, Some(config.http.listen), config.http.admin_listen];
    let listens = listens.into_iter().flatten().chain(config.dns.listen.iter().copied());
    let own = listens.map(|address| address.ip()).chain(retest.from.iter().copied());
    Rules {
        documentation_ranges: retest.documentation_ranges,
        own: own.filter(|address| !address.is_unspecified()).collect(),
        opt_out: retest.opt_out.iter().map(|prefix| prefix.net()).collect(),
    }
}

fn prober(config: &Config, secret: Secret) -> Prober {
    let retest = &config.retest;
    Prober {
        rules: rules(config),
        from: retest.from.clone(),
        tester: Tester {
            ehlo: retest.ehlo.clone(),
            contact: retest.contact.clone(),
            domain: retest.inbox_domain.clone(),
            page: config.http.public_url.as_str().to_owned(),
        },
        lure: retest.proxy_listen,
        secret,
    }
}

/// Who asks DNS and mail servers for the desk. Without a resolver people decide what it would have told.
pub fn checks(config: &Config) -> Option<Arc<dyn Checks>> {
    let prober = prober(config, Secret::random());
    match Resolver::new(prober.rules, prober.from, greeter(prober.tester)) {
        Ok(resolver) => Some(Arc::new(resolver)),
        Err(error) => {
            tracing::warn!(%error, "names of mail servers cannot be checked");
            None
        }
    }
}

/// Who greets a mail server where nothing is configured for tests: the machine by its name.
fn greeter(tester: Tester) -> Tester {
    if !tester.ehlo.is_empty() {
        return tester;
    }
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    Tester { ehlo: if name.is_empty() { "localhost".into() } else { name.into() }, ..tester }
}

/// Starts what works outside.
pub fn start(
    config: &Config,
    listeners: Listeners,
    desk: &Desk,
    units: &mut Supervisor,
    stop: &CancellationToken,
) -> io::Result<()> {
    let rules = rules(config);
    let keys = desk.clone();
    let outbox = Outbox {
        desk: desk.clone(),
        post: Post(mail::Settings { relay: config.mail.relay.clone(), from: config.mail.from.clone() }),
        caller: Caller::new(Arc::new(move |address: IpAddr| rules.reachable(address).is_ok())),
        signer: Arc::new(move |network: &str| keys.webhook_key(network)),
    };
    let stopping = stop.clone();
    units.task("outbox", async move {
        outbox.run(stopping).await;
        Ok::<(), Infallible>(())
    });
    if let Some(listener) = listeners.inbox {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let inbox = Inbox {
            name: config.retest.ehlo.clone(),
            domain: config.retest.inbox_domain.clone(),
            traps: config.retest.trap_domains.clone().into(),
            contact: config.retest.contact.clone(),
            mailroom: Arc::new(Room { desk: desk.clone() }),
        };
        units.task("inbox", inbox.serve(listener, stop.clone()));
    }
    if !config.retest.enabled {
        return Ok(());
    }
    let secret = Secret::random();
    if let Some(listener) = listeners.lure {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        units.task("proxy-listener", retest::serve_lure(listener, secret.clone(), stop.clone()));
    }
    let pace = Pace { parallel: config.retest.parallel, per_second: config.retest.per_second };
    let queue = Queue { desk: desk.clone(), prober: prober(config, secret), pace };
    let stopping = stop.clone();
    units.task("retests", async move {
        queue.run(stopping).await;
        Ok::<(), Infallible>(())
    });
    Ok(())
}

/// Whether mail is received: for retests, or for traps.
fn has_inbox(retest: &config::Retest) -> bool {
    retest.enabled || !retest.trap_domains.is_empty()
}

/// Who waits for mail: retests, for their test messages and for bounces of them; and traps, for whatever comes.
struct Room {
    desk: Desk,
}

/// The token that a mailbox names, and whether mail to it is a bounce.
fn token_of(mailbox: &str) -> Option<(Token, bool)> {
    let (text, bounce) = match mailbox.strip_prefix(MAILBOX_PREFIX) {
        Some(text) => (text, false),
        None => (mailbox.strip_prefix(SENDER_PREFIX)?, true),
    };
    text.parse().ok().map(|token| (token, bounce))
}

#[async_trait]
impl Mailroom for Room {
    fn waits_for(&self, mailbox: &str) -> Result<bool, NotNow> {
        let Some((token, _)) = token_of(mailbox) else { return Ok(false) };
        self.desk.retest_waits_for(token).map_err(|fault| {
            tracing::error!(%fault, "the inbox cannot look up a mailbox");
            NotNow
        })
    }

    async fn arrived(&self, arrival: Arrival) -> Result<(), NotNow> {
        for (token, bounce) in arrival.mailboxes.iter().filter_map(|mailbox| token_of(mailbox)) {
            let taken = self.desk.retest_arrived(token, arrival.peer, bounce, &arrival.headers).await;
            taken.map_err(|fault| {
                tracing::error!(%fault, "an arrived test message could not be noted");
                NotNow
            })?;
        }
        if arrival.trapped { self.trapped(arrival).await } else { Ok(()) }
    }
}

impl Room {
    /// Reports who handed over a mail to a trap; by nothing that its sender wrote.
    async fn trapped(&self, arrival: Arrival) -> Result<(), NotNow> {
        let evidence: String = arrival.headers.chars().take(EVIDENCE_OCTETS_MAX).collect();
        let report = Report {
            address: arrival.peer,
            kind: ReportKind::Trap,
            seen: self.desk.now(),
            // One an hour counts, however many mails come.
            id: None,
            count: 1,
            evidence: evidence.into(),
        };
        let taken = self.desk.report(Actor::new("trap"), OWN_TRAP, &[report]).await;
        taken.map(drop).map_err(|fault| {
            tracing::error!(%fault, "a mail to a trap could not be reported");
            NotNow
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_listens_at_is_not_tested() {
        let text =
            "[http]\nlisten = \"198.51.100.1:80\"\n[retest]\nfrom = [\"198.51.100.2\"]\ndocumentation_ranges = true\n";
        let rules = rules(&config::read(text).unwrap());
        for own in ["198.51.100.1", "198.51.100.2"] {
            assert!(rules.target(own.parse().unwrap()).is_err());
        }
        assert!(rules.target("198.51.100.3".parse().unwrap()).is_ok());
    }

    #[test]
    fn a_mailbox_names_its_token() {
        let token = Token::random();
        assert_eq!(token_of(&format!("t-{token}")), Some((token, false)));
        assert_eq!(token_of(&format!("s-{token}")), Some((token, true)));
        assert_eq!((token_of("postmaster"), token_of("t-00")), (None, None));
    }
}
