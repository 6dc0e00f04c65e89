//! `/api/v1/tokens`: who may do what.
//!
//! Guarantees: a token is shown once, when it is made; only its hash is kept.
//! Never: shows or logs one afterwards; lists or revokes the one in `admin.token`, which is a file.

use crate::{
    http::{
        Problem, Settings, State,
        access::{Access, At},
        auth::{Act, FreshToken, Scope},
    },
    limits::{TOKEN_NAME_MAX, TOKEN_SCOPES_MAX, TOKENS_MAX},
    list::{Duration, Time},
    store::TokenRow,
};
use axum::{
    Json,
    body::Body,
    extract::State as Of,
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use std::fmt::Display;
use utoipa::ToSchema;

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewToken {
    /// Who will hold it, in your words; commits name it. Letters, digits and `._-`, at most 64.
    #[schema(example = "feed-1", pattern = "^[A-Za-z0-9._-]{1,64}$")]
    name: String,
    /// What it allows: `admin`, `read`, `write:LIST/SOURCE`, `exclude:LIST/SOURCE` (either part may be `*`), `network:NAME`,
    /// `report:REPORTER`; or alone `mail:REPORTER/DOMAIN`, for reports by mail that carry a DKIM signature of DOMAIN.
    #[schema(example = json!(["write:dynamic/isp"]), min_items = 1, max_items = 64)]
    scopes: Vec<String>,
    /// When it ends: a time, or a duration such as `90d`.
    #[schema(example = "1y")]
    #[serde(default)]
    expires: Option<String>,
}

/// A token that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MadeToken {
    /// What it is revoked by.
    id: String,
    /// The token. It is shown only now.
    token: String,
    /// Where the reporter sends ARF and X-ARF to, for the scope `mail:REPORTER/DOMAIN`. It is as secret as a token.
    #[schema(example = "r-9f86d081884c7d659a2feaa0c55ad015@in.bl.example.org")]
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
}

/// The tokens.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Tokens {
    /// All that are kept, those that have expired among them.
    tokens: Vec<Token>,
}

/// What is known of a token.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Token {
    /// What it is revoked by.
    id: String,
    /// Who holds it.
    name: String,
    /// What it allows.
    scopes: Vec<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created: Time,
    /// When it ends; null: when it is revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Time>,
}

impl From<TokenRow> for Token {
    fn from(row: TokenRow) -> Self {
        Self {
            id: row.id.into(),
            name: row.name.into(),
            scopes: row.scopes.into_iter().map(Into::into).collect(),
            created: row.created,
            expires: row.expires,
        }
    }
}

/// The tokens
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens", security(("token" = ["admin"])),
    responses((status = 200, description = "All tokens, without their secrets", body = Tokens)))]
pub(super) async fn list(Of(state): Of<State>, access: Access) -> Result<Json<Tokens>, Problem> {
    access.may(Act::Admin)?;
    state.read(|view, _| Ok(view.tokens()?)).await.map(|rows| {
        let mut tokens: Vec<_> = rows.into_iter().map(|(_, row)| Token::from(row)).collect();
        tokens.sort_by(|one, other| (one.created, &one.id).cmp(&(other.created, &other.id)));
        Json(Tokens { tokens })
    })
}

/// Make a token
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", security(("token" = ["admin"])),
    request_body = NewToken,
    responses(
        (status = 201, description = "The token; it is shown only now", body = MadeToken),
        (status = 409, description = "There are 1,000 tokens: revoke some", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is not as described", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn create(
    Of(state): Of<State>,
    access: Access,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<MadeToken>), Problem> {
    access.may(Act::Admin)?;
    let new: NewToken = access.object(&state, &headers, body).await?;
    let now = state.parts.clock.now();
    let expires = new.expires.as_deref().map(|text| end(text, now)).transpose()?;
    let scopes = new.scopes()?;
    let many = state.read(|view, _| Ok(view.tokens()?.len())).await?;
    if many >= TOKENS_MAX {
        return Err(Problem::conflict(format!("there are {many} tokens; revoke those that nobody uses")));
    }
    let inbox = inbox_of(&scopes, &access.settings)?;
    let drawn = if inbox.is_some() { FreshToken::draw_mailbox() } else { FreshToken::draw() };
    let fresh = drawn.map_err(|error| {
        tracing::error!(%error, "no randomness");
        Problem::internal()
    })?;
    let id = fresh.id();
    let scopes = scopes.iter().map(|scope| scope.to_string().into()).collect();
    let row = TokenRow { id: id.clone(), name: new.name.into(), scopes, created: now, expires };
    state.parts.door.put_token(fresh.hash(), row).await?;
    let token = fresh.reveal().to_owned();
    let address = inbox.map(|domain| format!("{token}@{domain}"));
    Ok((StatusCode::CREATED, Json(MadeToken { id: id.into(), token, address })))
}

/// Revoke a token
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "tokens", security(("token" = ["admin"])),
    params(("id" = String, Path, description = "Its id", example = "3f2a9c0d11e7")),
    responses((status = 204, description = "It is no longer in force")))]
pub(super) async fn revoke(Of(state): Of<State>, access: Access, At(id): At<String>) -> Result<StatusCode, Problem> {
    access.may(Act::Admin)?;
    // Its turn at the desk lasts until it is done, also where who asked goes away.
    let here = state.clone();
    let revoked = state.to_the_end(async move { here.desk().revoke_token(&id).await.map_err(here.faulty()) }).await?;
    if revoked { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found("there is no token of that id")) }
}

impl NewToken {
    fn scopes(&self) -> Result<Vec<Scope>, Problem> {
        let plain = self.name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        if self.name.is_empty() || self.name.len() > TOKEN_NAME_MAX || !plain {
            let rule = format!("name: letters, digits and ._-, at most {TOKEN_NAME_MAX} of them");
            return Err(Problem::unprocessable(rule));
        }
        if self.scopes.is_empty() || self.scopes.len() > TOKEN_SCOPES_MAX {
            return Err(Problem::unprocessable(format!("scopes: from 1 to {TOKEN_SCOPES_MAX} of them")));
        }
        let read = |text: &String| {
            let wrong = |why: &dyn Display| Problem::unprocessable(format!("scopes: {text:?}: {why}"));
            let scope: Scope = text.parse().map_err(|error| wrong(&error))?;
            scope.useless().map_or(Ok(scope), |why| Err(wrong(&why)))
        };
        let scopes = self.scopes.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        // Who holds it is one network and one reporter: of a second one nothing would come.
        let networks = scopes.iter().filter(|scope| matches!(scope, Scope::Network(_))).count();
        let reporters = scopes.iter().filter(|scope| matches!(scope, Scope::Report(_))).count();
        if networks > 1 || reporters > 1 {
            return Err(Problem::unprocessable(
                "scopes: a token is for one network and one reporter; make one for each",
            ));
        }
        Ok(scopes)
    }
}

/// The domain of the mailbox that a token of these scopes is to be, if it is to be one.
fn inbox_of<'s>(scopes: &[Scope], settings: &'s Settings) -> Result<Option<&'s str>, Problem> {
    if !scopes.iter().any(|scope| matches!(scope, Scope::Mail(..))) {
        return Ok(None);
    }
    if scopes.len() > 1 {
        return Err(Problem::unprocessable(
            "scopes: mail:REPORTER/DOMAIN makes a mailbox of the token and stands alone",
        ));
    }
    let domain = settings.inbox_domain.as_deref();
    domain.map(Some).ok_or_else(|| {
        Problem::unprocessable("scopes: mail:REPORTER/DOMAIN needs [retest] inbox_listen and inbox_domain")
    })
}

fn end(text: &str, now: Time) -> Result<Time, Problem> {
    let time = match text.parse::<Duration>() {
        Ok(term) => now.plus(term),
        Err(_) => text.parse().map_err(|error| Problem::unprocessable(format!("expires: {error}, or as 90d")))?,
    };
    if time > now { Ok(time) } else { Err(Problem::unprocessable("expires: this time is over")) }
}
