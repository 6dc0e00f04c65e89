//! Sessions of networks at their pages: a token is typed once, the browser then shows a cookie.
//!
//! Guarantees: the cookie is random, known here by its hash only, for one network, for half an hour from its last use, and
//! never longer than its token and its network are in force; a form of a session carries the session's own word, so that no
//! other page can send one.
//! Never: puts a token into a cookie or a page; outlives the process.

use super::{
    Problem, State,
    auth::{Act, Holder},
    fence::in_force,
    state::blocking,
};
use crate::{
    cases::network::NetworkName,
    limits::{SESSION_SECONDS, SESSIONS_MAX},
    list::{Duration, Time},
    store::TokenHash,
};
use axum::http::{HeaderMap, header};
use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest as _, Sha256};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// The name of the cookie.
const COOKIE: &str = "dnsbld-network";

/// The sessions that are open.
#[derive(Default)]
pub struct Sessions {
    open: Mutex<HashMap<[u8; 32], Kept>>,
}

/// What is kept of a session.
#[derive(Clone, Debug)]
struct Kept {
    network: NetworkName,
    actor: Box<str>,
    word: String,
    token: TokenHash,
    until: Time,
}

/// The session of a request.
#[derive(Clone, Debug)]
pub struct Session {
    /// Whose it is.
    pub network: NetworkName,
    /// As commits name who signed in.
    pub actor: Box<str>,
    /// What its forms carry.
    pub word: String,
    /// The header `Set-Cookie` of the answer: the browser, too, keeps it from its last use on.
    pub cookie: String,
}

fn drawn() -> String {
    let mut octets = [0; 32];
    getrandom::fill(&mut octets).expect("Linux gives random octets to every process");
    BASE64URL_NOPAD.encode(&octets)
}

fn known_as(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

fn end(now: Time) -> Time {
    now.plus(Duration::from_seconds(SESSION_SECONDS))
}

impl Sessions {
    /// Opens a session; the value of the header `Set-Cookie`.
    ///
    /// # Errors
    /// 503 where too many are open.
    pub fn open(
        &self,
        network: NetworkName,
        actor: &str,
        token: TokenHash,
        secure: Secure,
        now: Time,
    ) -> Result<String, Problem> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, session| now < session.until);
        if open.len() >= SESSIONS_MAX {
            return Err(Problem::busy("many are signed in", std::time::Duration::from_secs(60)));
        }
        let secret = drawn();
        let cookie = cookie(&network, &secret, SESSION_SECONDS, secure);
        let kept = Kept { network, actor: actor.into(), word: drawn(), token, until: end(now) };
        open.insert(known_as(&secret), kept);
        Ok(cookie)
    }

    /// The session of a request for the pages of `network`, if its token is still in force, and something of the network.
    pub async fn of(&self, state: &State, headers: &HeaderMap, network: &NetworkName) -> Option<Session> {
        let secret = sent(headers)?;
        let now = state.parts.clock.now();
        let kept = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = open.get_mut(&known_as(secret)).filter(|kept| now < kept.until)?;
            kept.until = end(now);
            kept.clone()
        };
        let (asked, hash) = (state.clone(), kept.token);
        let row = blocking(move || Ok(asked.store().view().token_in_force(hash, now)?)).await.ok()??;
        Holder::of(&row).may(Act::Network(network)).ok()?;
        in_force(state, network.clone()).await.ok()?;
        let cookie = cookie(network, secret, SESSION_SECONDS, Secure::of(&state.settings().public_url));
        let Kept { network: own, actor, word, .. } = kept;
        (own == *network).then_some(Session { network: own, actor, word, cookie })
    }

    /// Ends the session of a request; the value of the header `Set-Cookie` that forgets it.
    pub fn close(&self, headers: &HeaderMap, network: &NetworkName, secure: Secure) -> String {
        if let Some(secret) = sent(headers) {
            self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&known_as(secret));
        }
        cookie(network, "", 0, secure)
    }
}

/// Whether the browser may send the cookie in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secure {
    /// The pages are reached over TLS.
    Tls,
    /// They are not: on this machine, for tests.
    Clear,
}

impl Secure {
    /// By where the pages are.
    #[must_use]
    pub fn of(public_url: &str) -> Self {
        if public_url.starts_with("https://") { Self::Tls } else { Self::Clear }
    }
}

fn cookie(network: &NetworkName, value: &str, seconds: u32, secure: Secure) -> String {
    let secure = if secure == Secure::Tls { "; Secure" } else { "" };
    format!("{COOKIE}={value}; Path=/networks/{network}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

/// The cookie of a request.
fn sent(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|line| line.split(';')).find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE && !value.is_empty()).then_some(value)
    })
}
