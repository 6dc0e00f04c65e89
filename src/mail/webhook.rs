//! Calls of webhooks: what a network wants to be told, signed, to an address that it named.
//!
//! ```text
//! POST, Dnsbld-Delivery: ID    Dnsbld-Signature: t=SECONDS,v1=HEX    HMAC-SHA256 with the network's key over "SECONDS.BODY"
//! ```
//! Guarantees: https on port 443 only, no redirect, no proxy; the addresses that are connected to are those that were looked
//! at, each a public one; its certificate is one that this machine trusts; 10 seconds.
//! Never: reads more of the answer than its head, or a meaning out of it but its status.

use crate::limits::WEBHOOK_TIME;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::{fmt, net::IpAddr, sync::Arc};
use ureq::{
    Agent, Body,
    config::Config,
    http::{Response, Uri},
    tls::{RootCerts, TlsConfig},
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{DefaultConnector, NextTimeout},
    },
};

/// Whether an address may be contacted: the rules of the room `retest`, handed over by `run`.
pub type Contactable = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// The key with which calls for a network are signed; `None`: it has none.
pub type Signer = Arc<dyn Fn(&str) -> Option<Vec<u8>> + Send + Sync>;

/// Calls webhooks.
#[derive(Clone)]
pub struct Caller {
    agent: Agent,
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Caller")
    }
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// It must not be made.
    #[error("a webhook is called by https, on port 443, without a login in its address")]
    Address,
    /// It was not answered.
    #[error("{0}")]
    Failed(String),
    /// It was answered, and not with success.
    #[error("answered with status {0}")]
    Status(u16),
}

/// Names are looked up as usual; what may not be contacted is left out, and the connection goes to what is left.
struct Screened {
    contactable: Contactable,
    resolver: DefaultResolver,
}

impl fmt::Debug for Screened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Screened")
    }
}

impl Resolver for Screened {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut left = self.empty();
        for address in &self.resolver.resolve(uri, config, timeout)? {
            if (self.contactable)(address.ip()) {
                left.push(*address);
            }
        }
        if left.is_empty() { Err(ureq::Error::HostNotFound) } else { Ok(left) }
    }
}

/// What is sent with a body to show who sent it, and when.
#[must_use]
pub fn signature(key: &[u8], seconds: u32, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(format!("{seconds}.{body}").as_bytes());
    format!("t={seconds},v1={}", data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes()))
}

/// Whether a webhook may have this address.
fn allowed(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let plain = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    uri.scheme_str() == Some("https") && plain && uri.port_u16().is_none_or(|port| port == 443)
}

impl Caller {
    /// Calls only what is `contactable`.
    #[must_use]
    pub fn new(contactable: Contactable) -> Self {
        let config = Agent::config_builder()
            .https_only(true)
            // The authorities that this machine trusts: its distribution keeps them, and an operator may add one.
            .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(WEBHOOK_TIME))
            .user_agent(concat!("dnsbld/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            .build();
        let screened = Screened { contactable, resolver: DefaultResolver::default() };
        Self { agent: Agent::with_parts(config, DefaultConnector::default(), screened) }
    }

    /// Calls, on a thread that may wait.
    pub fn call(&self, url: &str, delivery: &str, signature: &str, body: &str) -> Result<(), CallError> {
        if !allowed(url) {
            return Err(CallError::Address);
        }
        let failed = |error: ureq::Error| CallError::Failed(error.to_string());
        let answer = self
            .agent
            .post(url)
            .header("Content-Type", "application/json")
            .header("Dnsbld-Delivery", delivery)
            .header("Dnsbld-Signature", signature)
            .send(body)
            .map_err(failed)?;
        taken(&answer)
    }
}

/// Whether the answer says that the call was taken. However much stands in it: what was taken is not called again for that.
fn taken(answer: &Response<Body>) -> Result<(), CallError> {
    let status = answer.status();
    if status.is_success() { Ok(()) } else { Err(CallError::Status(status.as_u16())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn a_signature_is_the_known_one_and_covers_time_and_body() {
        // By: printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac key
        let signed = signature(b"key", 1_700_000_000, "{\"a\":1}");
        assert_eq!(signed, SIGNED);
        assert_ne!(signature(b"key", 1_700_000_001, "{\"a\":1}"), SIGNED);
        assert_ne!(signature(b"other", 1_700_000_000, "{\"a\":1}"), SIGNED);
    }

    const SIGNED: &str = "t=1700000000,v1=a438e398bfafc57e4396bb7fc2304422f0f768e965d073ca313cb52e22e6ad03";

    #[test]
    fn a_long_answer_is_taken_like_a_short_one() {
        let answer = |status: u16| {
            let body = Body::builder().data(vec![b'x'; 70 << 10]);
            taken(&Response::builder().status(status).body(body).unwrap()).is_ok()
        };
        assert!(answer(200) && answer(204) && !answer(302) && !answer(500));
    }

    #[test]
    fn only_https_on_its_port_is_called() {
        for url in ["http://example.org/", "https://example.org:8443/", "https://a:b@example.org/", "ftp://x/", "x", ""]
        {
            assert!(!allowed(url), "{url}");
        }
        assert!(allowed("https://example.org/hook?x=1") && allowed("https://example.org:443/"));
    }

    #[test]
    fn a_name_or_an_address_that_leads_inside_is_not_connected_to() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let caller = Caller::new(Arc::new(move |address: IpAddr| {
            count.fetch_add(1, Ordering::Relaxed);
            !address.is_loopback()
        }));
        for url in ["https://localhost/", "https://127.0.0.1/", "https://[::1]/"] {
            let refused = caller.call(url, "1", "t=0,v1=", "{}");
            assert!(matches!(refused, Err(CallError::Failed(_))), "{url}");
        }
        assert!(asked.load(Ordering::Relaxed) >= 3);
        assert!(listener.accept().is_err());
    }
}
