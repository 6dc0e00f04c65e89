//! What connects to the outside: the tests of relays and proxies with their two listeners, and the doer of errands.
//!
//! Guarantees: addresses are bound before rights are dropped; without `[retest] enabled` nothing is tested, and nothing
//! listens but the inbox, where it is told to.
//! Never: decides anything: rooms that may not name each other get what they need of each other here.

use super::RunError;
use crate::{
    cases::{self, Checks, Desk},
    config::Config,
    limits::LURE_CAME_MAX,
    list::Kind,
    mail::{self, Caller, Inbox, Mailroom, Outbox, Post},
    retest::{self, Pace, Prober, Queue, Resolver, Rules, Secret, Tester},
    tasks::Supervisor,
};
use std::{convert::Infallible, io, net::IpAddr, net::SocketAddr, net::TcpListener, sync::Arc};
use tokio::sync::mpsc;
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
            inbox: bind("inbox_listen", retest.inbox_listen)?,
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

/// The IP versions of which a proxy could not reach our listener, where there are lists of proxies.
fn untested_proxies(config: &Config) -> Vec<&'static str> {
    if !config.lists.iter().any(|list| list.kind == Kind::Proxy) {
        return Vec::new();
    }
    let lure = config.retest.proxy_listen;
    let reached = |v4| lure.is_some_and(|lure| lure.is_ipv4() == v4);
    [("IPv4", true), ("IPv6", false)].into_iter().filter(|(_, v4)| !reached(*v4)).map(|(version, _)| version).collect()
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
    mailroom: Arc<dyn Mailroom>,
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
            mailroom,
        };
        units.task("inbox", inbox.serve(listener, stop.clone()));
    }
    if !config.retest.enabled {
        return Ok(());
    }
    for version in untested_proxies(config) {
        tracing::warn!("open proxies at {version} addresses are not tested: proxy_listen has no {version} address");
    }
    let secret = Secret::random();
    let (came, coming) = mpsc::channel(LURE_CAME_MAX);
    if let Some(listener) = listeners.lure {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        units.task("proxy-listener", retest::serve_lure(listener, secret.clone(), came, stop.clone()));
    }
    let pace = Pace { parallel: config.retest.parallel, per_second: config.retest.per_second };
    let queue = Queue { desk: desk.clone(), prober: prober(config, secret), came: coming, pace };
    let stopping = stop.clone();
    units.task("retests", async move {
        queue.run(stopping).await;
        Ok::<(), Infallible>(())
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_hears_of_which_ip_version_proxies_are_not_tested() {
        let list = "[[list]]\nname = \"proxy\"\nkind = \"proxy\"\ncode = \"127.0.0.6\"\ntext = \"see {url}\"\ncriteria = \"open\"\nexpires_after = \"30d\"\n";
        let untested = |listen: &str, list: &str| {
            untested_proxies(&crate::config::read(&format!("[retest]\nproxy_listen = \"{listen}\"\n{list}")).unwrap())
        };
        assert_eq!(untested("198.51.100.1:8000", list), ["IPv6"]);
        assert_eq!(untested("[2001:db8::1]:8000", list), ["IPv4"]);
        assert_eq!(untested("", list), ["IPv4", "IPv6"]);
        assert!(untested("198.51.100.1:8000", "").is_empty(), "without a list of them there are none to test");
    }

    #[test]
    fn what_the_server_listens_at_is_not_tested() {
        let text =
            "[http]\nlisten = \"198.51.100.1:80\"\n[retest]\nfrom = [\"198.51.100.2\"]\ndocumentation_ranges = true\n";
        let rules = rules(&crate::config::read(text).unwrap());
        for own in ["198.51.100.1", "198.51.100.2"] {
            assert!(rules.target(own.parse().unwrap()).is_err());
        }
        assert!(rules.target("198.51.100.3".parse().unwrap()).is_ok());
    }
}
