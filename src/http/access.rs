//! What handlers ask for: who is calling and with which rights, and parameters whose errors are problem+json.
//!
//! Guarantees: a handler that takes an [`Access`] runs only for a caller whose token, if one was sent, is in force.
//! Never: decides what a right allows; that is `auth`.

use super::{
    Problem, Settings, State,
    auth::{self, Act, Holder},
    body,
    caller::{Caller, Peer},
    state::blocking,
};
use crate::{change::Actor, store::TokenHash};
use axum::{
    body::Body,
    extract::{FromRequestParts, Path, Query},
    http::{HeaderMap, request::Parts},
};
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// Who is calling.
#[derive(Clone, Debug)]
pub struct Access {
    /// The machine.
    pub caller: Caller,
    /// The holder of the token that was sent.
    pub holder: Option<Holder>,
    /// The settings that the request is served by.
    pub settings: Arc<Settings>,
}

/// Parameters of the query string.
#[derive(Debug)]
pub struct Asked<T>(pub T);

/// Parameters of the path.
#[derive(Debug)]
pub struct At<T>(pub T);

impl Access {
    /// The caller of a request with these headers, by the peer that the connection knows.
    async fn of(state: &State, peer: Peer, headers: &HeaderMap) -> Result<Self, Problem> {
        let settings = state.settings();
        let caller = Caller::of(peer, headers, &settings);
        let Some(token) = auth::presented(headers, &caller, &settings)? else {
            return Ok(Self { caller, holder: None, settings });
        };
        let hash = TokenHash::of(token);
        if auth::same(hash, state.parts.admin) {
            return Ok(Self { caller, holder: Some(Holder::admin_file()), settings });
        }
        let asked = state.clone();
        let now = state.parts.clock.now();
        let row = blocking(move || Ok(asked.store().view().token_in_force(hash, now)?)).await?;
        let holder = row.as_ref().map(Holder::of);
        let holder = holder
            .ok_or_else(|| Problem::unauthorized("this token is not in force: it is unknown, revoked or expired"))?;
        // It is written to, and stands in the logs of mail servers.
        if holder.mailbox().is_some() {
            return Err(Problem::unauthorized("this token is a mailbox for reports; it opens nothing here"));
        }
        Ok(Self { caller, holder: Some(holder), settings })
    }

    /// The holder, if it may do this.
    ///
    /// # Errors
    /// 401 without a token, 403 with the wrong one, or where tokens are not taken this way.
    pub fn may(&self, act: Act<'_>) -> Result<&Holder, Problem> {
        let Some(holder) = &self.holder else {
            auth::accepts_tokens(&self.caller, &self.settings)?;
            return Err(Problem::unauthorized("this call needs a token: send Authorization: Bearer TOKEN"));
        };
        holder.may(act)?;
        Ok(holder)
    }

    /// Reads a body that is one JSON object, from a caller who may do by then what it may now.
    ///
    /// # Errors
    /// Those of [`body::object`]; 401 where the token was revoked, has ended or has lost a right meanwhile.
    pub async fn object<T: DeserializeOwned>(
        &self,
        state: &State,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<T, Problem> {
        let object = body::object(headers, body).await?;
        if let Some(holder) = self.holder.clone() {
            let asked = state.clone();
            let same = blocking(move || Ok(asked.still(&holder)? == holder)).await?;
            if !same {
                return Err(Problem::unauthorized("the token has lost a right meanwhile; nothing was changed"));
            }
        }
        Ok(object)
    }

    /// Whether the holder may do this; without a token not.
    #[must_use]
    pub fn could(&self, act: Act<'_>) -> bool {
        self.holder.as_ref().is_some_and(|holder| holder.may(act).is_ok())
    }

    /// Whether an admin is calling.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.holder.as_ref().is_some_and(Holder::is_admin)
    }

    /// Counts a look-up of somebody without a token.
    ///
    /// # Errors
    /// 429
    pub fn count_look_up(&self, state: &State) -> Result<(), Problem> {
        if self.holder.is_some() {
            return Ok(());
        }
        state.limiter.admit(self.caller.key(), self.settings.lookups_per_minute).map_err(|limited| {
            state.parts.metrics.rate_limited.inc();
            Problem::too_many(limited.0)
        })
    }
}

impl Holder {
    /// As commits name it.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::new(&self.actor)
    }
}

impl FromRequestParts<State> for Access {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<Peer>().copied().ok_or_else(|| {
            tracing::error!("a request came without its peer");
            Problem::internal()
        })?;
        Self::of(state, peer, &parts.headers).await
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(error) => Err(Problem::malformed(error.body_text())),
        }
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(at)) => Ok(Self(at)),
            Err(error) => Err(Problem::malformed(error.body_text())),
        }
    }
}
