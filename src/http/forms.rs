//! Forms that anyone may send: safe from other sites, floods and robots, without a third party and without script.
//!
//! ```text
//! GET  page     Forms::issue      a token, signed, for this purpose and this client (v4 address or v6 /64)
//! POST form     Sent<T>           of our own pages only: Sec-Fetch-Site, Origin
//!               Forms::admit      the token once, and only when it is ripe or worked for
//!               Forms::count      token buckets: so many an hour for a v4 address or v6 /64, for a v6 /48 and a v6 /32
//!               Forms::keep       what came of it, for who sends the same form once more
//!               Forms::give_back  nothing came of it: the token is good again
//! ```
//! What is counted was paid for: forms that cost nothing use up nobody's hour.
//!
//! A token is *ripe* some seconds after it was issued. Who fills in a form takes longer than that anyway; who does not is shown
//! the form once more. A robot so pays with time for each request, or with work: a `nonce` for which SHA-256 of
//! `TOKEN.NONCE` begins with [`FORM_WORK_BITS`] zero bits makes a token good at once (programs do that; the pages have no
//! script). Calls of the API take the same tokens from `GET /api/v1/challenge`.
//!
//! A form that was taken may be sent once more without being meant: a page that answered it is loaded again, a button is pressed
//! twice. That asks for nothing new, and gets the answer of the first time. It tells nobody what they have not been told: who can
//! send the token has the form that the answer went to, at the same client.
//!
//! Guarantees: something comes of a token once, for one purpose and one client, for two hours, and only in the process that issued it; what
//! came of it is told to the same client for the same purpose only, and no longer than that.
//! Never: sets a cookie, keeps an address.

use super::{
    Problem, Settings, State, body,
    caller::Caller,
    limiter::{Clients, Limited, Rates},
};
use crate::{
    cases::{Id, Secret},
    limits::{
        FORM_OCTETS_MAX, FORM_RIPE_SECONDS, FORM_TOKEN_SECONDS, FORM_TOKENS_USED_MAX, FORM_WORK_BITS, FORMS_PER_HOUR,
        FORMS_PER_PROVIDER_HOUR, FORMS_PER_SITE_HOUR,
    },
    list::{Duration, Prefix, Time},
};
use axum::{
    Form,
    body::Body,
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderName, header},
};
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    sync::{Mutex, MutexGuard, PoisonError},
};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What a token begins with: when it was issued, and eight random octets.
const HEAD_OCTETS: usize = 12;
const MAC_OCTETS: usize = 16;

/// Issues and takes back the tokens of forms.
pub struct Forms {
    key: [u8; 32],
    used: Mutex<Used>,
    clients: Clients,
}

/// What a token begins with, which no other begins with.
type Head = [u8; HEAD_OCTETS];

/// Tokens that were taken, each with what came of it, until they would be too old anyway.
#[derive(Default)]
struct Used {
    known: HashMap<Head, Kept>,
    order: VecDeque<Head>,
}

/// How it stands with a token that was taken.
enum Kept {
    /// Nothing is known yet.
    Taken,
    /// This came of it.
    Came(Came),
    /// Nothing came of it: it can be sent again.
    GivenBack,
}

/// What came of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// A request for removal, and its secret.
    Asked(Id, Secret),
    /// It led to this page.
    Led(Box<str>),
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// Not ours, for something else, for another client, or of before a restart.
    #[error("the form is not one that was given to you here; open the page again")]
    Foreign,
    /// Older than two hours.
    #[error("the form is too old; open the page again")]
    Old,
    /// It was sent already.
    #[error("the form was sent already; open the page again for another request")]
    Used,
    /// Not ripe, and no work shown.
    #[error("that was fast: send it again in {0} s, or show work for it")]
    Soon(u32),
}

impl Default for Forms {
    fn default() -> Self {
        let mut key = [0; 32];
        getrandom::fill(&mut key).expect("Linux gives random octets to every process");
        Self { key, used: Mutex::default(), clients: hourly() }
    }
}

impl Forms {
    /// A token for a form of this purpose that this client is shown now.
    #[must_use]
    pub fn issue(&self, purpose: &str, client: Prefix, now: Time) -> String {
        let mut head = [0; HEAD_OCTETS];
        getrandom::fill(&mut head[4..]).expect("Linux gives random octets to every process");
        head[..4].copy_from_slice(&now.seconds().to_be_bytes());
        let mac = self.mac(purpose, client, &head).finalize().into_bytes();
        BASE64URL_NOPAD.encode(&[&head[..], &mac[..MAC_OCTETS]].concat())
    }

    fn mac(&self, purpose: &str, client: Prefix, head: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(head);
        mac.update(client.to_string().as_bytes());
        mac.update(purpose.as_bytes());
        mac
    }

    /// Takes a token, once.
    ///
    /// # Errors
    /// See [`NotTaken`]; one that came too soon stays good.
    pub fn admit(
        &self,
        purpose: &str,
        client: Prefix,
        now: Time,
        token: &str,
        nonce: Option<&str>,
    ) -> Result<(), NotTaken> {
        let head = self.head(purpose, client, token)?;
        let age = now.since(issued_at(&head)).seconds();
        if age > FORM_TOKEN_SECONDS {
            return Err(NotTaken::Old);
        }
        if age < FORM_RIPE_SECONDS && !nonce.is_some_and(|nonce| is_work(token, nonce)) {
            return Err(NotTaken::Soon(FORM_RIPE_SECONDS - age));
        }
        if self.used().take(head, now) { Ok(()) } else { Err(NotTaken::Used) }
    }

    /// The head of a token that was issued for this purpose to this client.
    fn head(&self, purpose: &str, client: Prefix, token: &str) -> Result<Head, NotTaken> {
        let octets = BASE64URL_NOPAD.decode(token.as_bytes()).map_err(|_| NotTaken::Foreign)?;
        let (head, mac) = octets.split_first_chunk::<HEAD_OCTETS>().ok_or(NotTaken::Foreign)?;
        if mac.len() != MAC_OCTETS || self.mac(purpose, client, head).verify_truncated_left(mac).is_err() {
            return Err(NotTaken::Foreign);
        }
        Ok(*head)
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what came of a form whose token was taken.
    pub fn keep(&self, purpose: &str, client: Prefix, token: &str, came: Came) {
        self.note(purpose, client, token, Kept::Came(came));
    }

    /// Gives the token of a form back of which nothing came: what was wrong can be mended, and the form sent again.
    pub fn give_back(&self, purpose: &str, client: Prefix, token: &str) {
        self.note(purpose, client, token, Kept::GivenBack);
    }

    fn note(&self, purpose: &str, client: Prefix, token: &str, now: Kept) {
        let Ok(head) = self.head(purpose, client, token) else { return };
        if let Some(kept) = self.used().known.get_mut(&head) {
            *kept = now;
        }
    }

    /// What came of a form whose token was taken, as far as that is known.
    #[must_use]
    pub fn came_of(&self, purpose: &str, client: Prefix, token: &str) -> Option<Came> {
        let head = self.head(purpose, client, token).ok()?;
        match self.used().known.get(&head) {
            Some(Kept::Came(came)) => Some(came.clone()),
            Some(Kept::Taken | Kept::GivenBack) | None => None,
        }
    }

    /// Whether a token can still be sent: it was not taken, and is not too old.
    #[must_use]
    pub fn is_open(&self, token: &str, now: Time) -> bool {
        let octets = BASE64URL_NOPAD.decode(token.as_bytes()).unwrap_or_default();
        let Some(head) = octets.first_chunk::<HEAD_OCTETS>() else { return false };
        let is_free = matches!(self.used().known.get(head), None | Some(Kept::GivenBack));
        is_free && now.since(issued_at(head)).seconds() <= FORM_TOKEN_SECONDS
    }

    /// Counts a request of a client, whose token was taken.
    ///
    /// # Errors
    /// 429
    pub fn count(&self, caller: &Caller) -> Result<(), Problem> {
        counted(&self.clients, caller)
    }
}

/// So many forms an hour.
pub(super) fn hourly() -> Clients {
    let rates = Rates { client: FORMS_PER_HOUR, site: FORMS_PER_SITE_HOUR, provider: FORMS_PER_PROVIDER_HOUR };
    Clients::over(std::time::Duration::from_secs(3_600), rates)
}

/// Counts a request of a client.
///
/// # Errors
/// 429
pub(super) fn counted(clients: &Clients, caller: &Caller) -> Result<(), Problem> {
    clients.count(caller.address).map_err(|Limited(wait)| {
        Problem::too_often("from your address came many requests within an hour; wait a little", wait)
    })
}

impl Used {
    /// Remembers a token; whether it is new.
    fn take(&mut self, head: Head, now: Time) -> bool {
        let oldest = now.minus(Duration::from_seconds(FORM_TOKEN_SECONDS));
        while self.order.len() >= FORM_TOKENS_USED_MAX
            || self.order.front().is_some_and(|head| issued_at(head) < oldest)
        {
            let Some(gone) = self.order.pop_front() else { break };
            self.known.remove(&gone);
        }
        match self.known.entry(head) {
            Entry::Vacant(place) => {
                place.insert(Kept::Taken);
                self.order.push_back(head);
                true
            }
            Entry::Occupied(mut kept) if matches!(kept.get(), Kept::GivenBack) => {
                kept.insert(Kept::Taken);
                true
            }
            Entry::Occupied(_) => false,
        }
    }
}

fn issued_at(head: &Head) -> Time {
    Time::from_seconds(u32::from_be_bytes([head[0], head[1], head[2], head[3]]))
}

/// Whether this nonce is work done for the token.
#[must_use]
pub fn is_work(token: &str, nonce: &str) -> bool {
    let hash = Sha256::digest(format!("{token}.{nonce}"));
    let first = hash.first_chunk::<4>().map_or(u32::MAX, |first| u32::from_be_bytes(*first));
    nonce.len() <= 64 && first.leading_zeros() >= FORM_WORK_BITS
}

/// A form that came from one of our own pages.
#[derive(Debug)]
pub struct Sent<T>(pub T);

impl<T: DeserializeOwned> FromRequest<State> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &State) -> Result<Self, Problem> {
        let (head, sent) = request.into_parts();
        own_page(&head.headers, &state.settings())?;
        let octets = body::whole(sent, body::encoding(&head.headers)?, FORM_OCTETS_MAX).await?;
        let whole = Request::from_parts(head, Body::from(octets));
        match Form::<T>::from_request(whole, &()).await {
            Ok(Form(form)) => Ok(Self(form)),
            Err(error) => Err(Problem::malformed(error.body_text())),
        }
    }
}

/// Whether the browser says that the form stood on a page of ours. Browsers that say nothing send nothing of use to another
/// site: there is no cookie, and the token is for one client.
fn own_page(headers: &HeaderMap, settings: &Settings) -> Result<(), Problem> {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let foreign = || Problem::forbidden("this form was sent from a page of another site; open ours");
    if text(&FETCH_SITE).is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return Err(foreign());
    }
    let Some(origin) = text(&header::ORIGIN) else { return Ok(()) };
    let public = settings.public_url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    let host = origin.split_once("://").map_or("?", |(_, host)| host);
    if origin == public || text(&header::HOST) == Some(host) { Ok(()) } else { Err(foreign()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const T0: Time = Time::from_seconds(1_800_000_000);

    fn client(text: &str) -> Prefix {
        Prefix::customer(text.parse().unwrap())
    }

    fn later(seconds: u32) -> Time {
        T0.plus(Duration::from_seconds(seconds))
    }

    #[test]
    fn a_token_is_good_once_when_it_is_ripe_for_its_client_and_purpose() {
        let forms = Forms::default();
        let one = client("192.0.2.1");
        let token = forms.issue("removal", one, T0);
        let admit = |purpose, who, at| forms.admit(purpose, who, at, &token, None);
        assert_eq!(admit("removal", one, T0), Err(NotTaken::Soon(FORM_RIPE_SECONDS)));
        assert_eq!(admit("removal", client("192.0.2.2"), later(60)), Err(NotTaken::Foreign));
        assert_eq!(admit("retest", one, later(60)), Err(NotTaken::Foreign));
        assert_eq!(admit("removal", one, later(FORM_TOKEN_SECONDS + 1)), Err(NotTaken::Old));
        assert_eq!(admit("removal", one, later(FORM_RIPE_SECONDS)), Ok(()));
        assert_eq!(admit("removal", one, later(60)), Err(NotTaken::Used));
        assert_eq!(Forms::default().admit("removal", one, later(60), &token, None), Err(NotTaken::Foreign));
    }

    #[test]
    fn what_came_of_a_form_is_told_to_who_sends_the_same_form_for_as_long_as_its_token_is_known() {
        let forms = Forms::default();
        let (one, came) = (client("192.0.2.1"), Came::Led("/retests/1".into()));
        let token = forms.issue("retest", one, T0);
        forms.keep("retest", one, &token, came.clone());
        assert_eq!(forms.came_of("retest", one, &token), None, "it was not taken yet");
        forms.admit("retest", one, later(60), &token, None).unwrap();
        assert_eq!(forms.came_of("retest", one, &token), None, "nothing has come of it yet");
        forms.keep("retest", one, &token, came.clone());
        assert_eq!(forms.came_of("retest", one, &token), Some(came));
        assert_eq!(forms.came_of("retest", client("192.0.2.2"), &token), None);
        assert_eq!(forms.came_of("removal", one, &token), None);
        let much_later = later(2 * FORM_TOKEN_SECONDS);
        let next = forms.issue("retest", one, much_later);
        forms.admit("retest", one, much_later.plus(Duration::from_seconds(60)), &next, None).unwrap();
        assert_eq!(forms.came_of("retest", one, &token), None);
    }

    #[test]
    fn work_takes_the_place_of_time() {
        let forms = Forms::default();
        let one = client("2001:db8::1");
        let token = forms.issue("removal", one, T0);
        let nonce = (0..100_000_000_u64).map(|n| n.to_string()).find(|nonce| is_work(&token, nonce)).unwrap();
        assert_eq!(forms.admit("removal", one, T0, &token, Some("none")), Err(NotTaken::Soon(FORM_RIPE_SECONDS)));
        assert_eq!(forms.admit("removal", client("2001:db8::2"), T0, &token, Some(&nonce)), Ok(()), "the same /64");
    }

    #[test]
    fn an_address_has_its_hour_and_a_v6_site_too() {
        let forms = Forms::default();
        let admitted = |text: &str| (0..1_000).filter(|_| forms.clients.count(text.parse().unwrap()).is_ok()).count();
        assert_eq!(admitted("192.0.2.1"), FORMS_PER_HOUR as usize);
        assert_eq!(admitted("2001:db8:0:1::1"), FORMS_PER_HOUR as usize);
        assert_eq!(admitted("2001:db8:0:1::2"), 0, "the same /64");
        let site: usize = (2..200).map(|n| admitted(&format!("2001:db8:0:{n:x}::1"))).sum();
        assert_eq!(site, (FORMS_PER_SITE_HOUR - FORMS_PER_HOUR) as usize, "one /48");
        assert!(admitted("2001:db8:1:1::1") > 0, "another /48");
    }

    #[test]
    fn a_page_of_another_site_cannot_send_our_forms() {
        let settings = Settings { public_url: "https://bl.test/why".into(), ..Settings::default() };
        let from = |lines: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.insert(*name, value.parse().unwrap());
            }
            own_page(&headers, &settings).is_ok()
        };
        assert!(from(&[]) && from(&[("origin", "https://bl.test")]));
        assert!(from(&[("origin", "http://10.0.0.1:8053"), ("host", "10.0.0.1:8053")]));
        assert!(from(&[("sec-fetch-site", "same-origin"), ("origin", "https://bl.test")]));
        assert!(!from(&[("origin", "https://evil.test")]) && !from(&[("origin", "null")]));
        assert!(!from(&[("sec-fetch-site", "cross-site")]) && !from(&[("sec-fetch-site", "same-site")]));
        assert!(!from(&[("origin", "https://bl.test.evil.test"), ("host", "bl.test")]));
    }

    proptest! {
        #[test]
        fn nothing_made_up_is_taken(token in "[A-Za-z0-9_-]{0,60}", nonce in "[ -~]{0,80}") {
            let forms = Forms::default();
            let taken = forms.admit("removal", client("192.0.2.1"), later(60), &token, Some(&nonce));
            prop_assert_eq!(taken, Err(NotTaken::Foreign));
        }
    }
}
