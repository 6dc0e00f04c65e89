//! `/api/v1/removals`: asking that a key leaves a list, and what becomes of it.
//!
//! Guarantees: the secret of a request is told once; contact and note go to who asked, to the network that the address belongs
//! to and to admins only.
//! Never: asks for money or an account.

use super::challenge::{Purpose, Work};
use crate::{
    cases::{
        Asking, Decider, Id, NextTest, Request, Shown, ShownProof, State as Stand, network::NetworkName, retest::Retest,
    },
    http::{
        Problem, State,
        access::{Access, Asked, At},
        auth::{Act, Holder},
        fence::in_force,
        state::blocking,
    },
    limits::AUDIT_PAGE_MAX,
    list::{FromObject, ListName, ProofKind, RemovalRule, Time},
};
use axum::{
    Json,
    body::Body,
    extract::State as Of,
    http::{HeaderMap, HeaderName, StatusCode},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The header that carries the secret of a request.
const SECRET: HeaderName = HeaderName::from_static("x-request-secret");

/// A request for removal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRemoval {
    /// The list.
    #[schema(example = "dynamic", pattern = "^[a-z][a-z0-9-]{0,30}[a-z0-9]$")]
    list: String,
    /// The address, name or hash.
    #[schema(example = "192.0.2.25")]
    key: String,
    /// When the cause was mended; a date alone means the end of that day in UTC, or now where it is not over.
    #[serde(default)]
    #[schema(format = DateTime)]
    repaired_at: Option<String>,
    /// How to reach you. Read by admins, by whoever sends the secret, and by the network that the address belongs to, whoever
    /// decides; deleted with the request.
    #[serde(default)]
    #[schema(max_length = 200)]
    contact: String,
    /// What you want to say. Read by the same as `contact`, and deleted with it.
    #[serde(default)]
    #[schema(max_length = 2000)]
    note: String,
    /// How you mean to show that the key is yours; with `postmaster` the code is mailed at once.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^(address|rdns-txt|postmaster)$")]
    proof: Option<ProofKind>,
    /// From `GET /api/v1/challenge?for=removal`; not needed with a token.
    #[serde(default)]
    #[schema(value_type = Option<Work>)]
    pow: Option<FromObject<Work>>,
}

/// A request that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Taken {
    /// What it is called: the page of its state is `/removals/ID`.
    id: String,
    /// What shows that you asked: the header `X-Request-Secret`. It is told only now.
    secret: String,
    /// Where it stands.
    #[schema(example = "granted")]
    state: &'static str,
}

/// How a request stands. Whoever has its name reads all of it but `contact`, `note` and `txt`.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Removal {
    /// What it is called.
    pub id: String,
    /// The list.
    pub list: String,
    /// The address, name or hash that was asked for.
    pub key: String,
    /// What is exempted: the key, or its IPv6 block.
    pub covers: String,
    /// The rule that it goes by: self, retest, proof, owner, operator.
    pub rule: &'static str,
    /// proving, checking, deciding, granted, ended, refused, withdrawn or lapsed.
    pub state: &'static str,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub since: Time,
    /// When it was asked.
    #[schema(value_type = String, format = DateTime)]
    pub asked_at: Time,
    /// What comes next, in words.
    pub next_step: String,
    /// Why it stands there, if there is more to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Until when the key stays exempt, if it was granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Time>,
    /// Until then nobody may ask again in the same way, which is with proof or without.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub lockout_until: Option<Time>,
    /// Before then no test can be made of the machine that the request waits for: it has had its test of the day. Where `proofs`
    /// are named, each of them brings one more test at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub test_after: Option<Time>,
    /// How control was shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proven: Option<&'static str>,
    /// The proofs that can be sent now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub proofs: Vec<&'static str>,
    /// The TXT record of the proof rdns-txt. With the secret, for admins, and for the network that the address belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub txt: Option<String>,
    /// With the secret, for admins, and for the network that the address belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// With the secret, for admins, and for the network that the address belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Requests that are open or granted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Removals {
    /// By their names.
    removals: Vec<Removal>,
    /// The parameter `after` of the next page; null at the end.
    next: Option<String>,
}

/// A proof.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewProof {
    /// address, rdns-txt or postmaster.
    #[schema(value_type = String, pattern = "^(address|rdns-txt|postmaster)$", example = "address")]
    proof: ProofKind,
    /// The code from the mail; postmaster without one: mail it.
    #[serde(default)]
    code: Option<String>,
}

/// A decision.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewDecision {
    /// Yes or no; no on a granted request takes it back.
    accept: bool,
    /// Why; who asked reads it.
    #[serde(default)]
    #[schema(max_length = 2000)]
    why: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    /// Behind the last of the page before.
    #[serde(default)]
    after: Option<String>,
}

/// Ask for a removal
///
/// What the list's rule asks for comes next: see `next_step` of the request. It costs nothing, ever.
#[utoipa::path(post, path = "/api/v1/removals", tag = "requests", request_body = NewRemoval,
    responses(
        (status = 202, description = "Taken; the secret is told only now", body = Taken),
        (status = 404, description = "There is no such list", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is not listed there, or too many requests for it are open", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is not as described, or the challenge is missing", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn ask(
    Of(state): Of<State>,
    access: Access,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Taken>), Problem> {
    let new: NewRemoval = access.object(&state, &headers, body).await?;
    let list: ListName = new.list.parse().map_err(|error| Problem::unprocessable(format!("list: {error}")))?;
    let now = state.parts.clock.now();
    let time = |text: &String| Time::done(text, now).map_err(|e| Problem::unprocessable(format!("repaired_at: {e}")));
    let repaired_at = new.repaired_at.as_ref().map(time).transpose()?;
    Purpose::Removal.paid(&state, &access, new.pow.as_ref().map(|FromObject(work)| work))?;
    let asking =
        Asking { list, key: new.key, repaired_at, contact: new.contact, note: new.note, from: access.caller.address };
    let asked = state.desk().ask_removal(asking).await.map_err(state.faulty())?;
    let (id, secret) = (asked.request.id, asked.secret.reveal().to_owned());
    if new.proof == Some(ProofKind::Postmaster) && asked.request.state == Stand::Proving {
        // The request stands whatever comes of it; the call for proofs says what did not work.
        let _tried = state.desk().prove_removal(id, &secret, ShownProof::AskForCode).await;
    }
    let taken = Taken { id: id.to_string(), secret, state: asked.request.state.as_str() };
    Ok((StatusCode::ACCEPTED, Json(taken)))
}

/// The open and granted requests
#[utoipa::path(get, path = "/api/v1/removals", tag = "requests", security(("token" = ["admin"])), params(Page),
    responses((status = 200, description = "At most 500", body = Removals)))]
pub(super) async fn list(
    Of(state): Of<State>,
    access: Access,
    Asked(page): Asked<Page>,
) -> Result<Json<Removals>, Problem> {
    access.may(Act::Admin)?;
    let unread = |_| Problem::malformed("after: send what `next` said");
    let after = page.after.as_deref().map(|id| read_id(id).map_err(unread)).transpose()?;
    let (desk, faulty) = (state.desk().clone(), state.faulty());
    blocking(move || {
        let found = desk.active_removals(after, AUDIT_PAGE_MAX).map_err(faulty)?;
        let next = found.last().filter(|_| found.len() == AUDIT_PAGE_MAX).map(|last| last.id.to_string());
        let shown = found.into_iter().map(|request| Removal::of(request.into(), true));
        Ok(Json(Removals { removals: shown.collect(), next }))
    })
    .await
}

/// How a request stands
///
/// Anyone who has its name reads key, rule, state, why and dates; contact, note and TXT record are told with its secret, to
/// admins, and to the network that the address belongs to.
#[utoipa::path(get, path = "/api/v1/removals/{id}", tag = "requests",
    params(
        ("id" = String, Path, description = "The request", example = "00112233445566778899aabbccddeeff"),
        ("X-Request-Secret" = Option<String>, Header, description = "Its secret, for contact, note and TXT record")),
    responses((status = 200, description = "The request", body = Removal)))]
pub(super) async fn read(
    Of(state): Of<State>,
    access: Access,
    At(id): At<String>,
    headers: HeaderMap,
) -> Result<Json<Removal>, Problem> {
    access.count_look_up(&state)?;
    let shown = state.desk().removal(read_id(&id)?).await.map_err(state.faulty())?;
    let own = secret(&headers).is_some_and(|secret| shown.request.secret.is(secret));
    let network = access.holder.as_ref().and_then(Holder::network).map(NetworkName::as_str);
    let decides = network.is_some() && shown.request.owner.as_deref() == network;
    let test = match shown.request.state {
        Stand::Checking => test_of(&state, &shown.request).await?,
        _ => None,
    };
    let told = Removal::of(shown, own || decides || access.is_admin());
    Ok(Json(Removal { next_step: test.as_ref().map_or(told.next_step, tested), ..told }))
}

/// Take a request back
#[utoipa::path(delete, path = "/api/v1/removals/{id}", tag = "requests",
    params(
        ("id" = String, Path, description = "The request", example = "00112233445566778899aabbccddeeff"),
        ("X-Request-Secret" = Option<String>, Header, description = "Its secret; not needed by admins", example = "fedcba98765432100123456789abcdef")),
    responses(
        (status = 200, description = "It is withdrawn", body = Removal),
        (status = 409, description = "It is no longer open", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn withdraw(
    Of(state): Of<State>,
    access: Access,
    At(id): At<String>,
    headers: HeaderMap,
) -> Result<Json<Removal>, Problem> {
    access.count_look_up(&state)?;
    let told = if access.is_admin() { None } else { Some(secret(&headers).unwrap_or_default()) };
    let withdrawn = state.desk().withdraw_removal(read_id(&id)?, told).await;
    withdrawn.map(|request| Json(plain(request))).map_err(state.faulty())
}

/// Show that the key is yours
#[utoipa::path(post, path = "/api/v1/removals/{id}/proof", tag = "requests", request_body = NewProof,
    params(
        ("id" = String, Path, description = "The request", example = "00112233445566778899aabbccddeeff"),
        ("X-Request-Secret" = Option<String>, Header, description = "Its secret", example = "fedcba98765432100123456789abcdef")),
    responses(
        (status = 200, description = "Shown, or the code was mailed", body = Removal),
        (status = 409, description = "No proof is lacking, or DNS did not answer", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Nothing was shown", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn prove(
    Of(state): Of<State>,
    access: Access,
    At(id): At<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Removal>, Problem> {
    access.count_look_up(&state)?;
    let (id, told) = (read_id(&id)?, secret(&headers).unwrap_or_default().to_owned());
    let proof: NewProof = access.object(&state, &headers, body).await?;
    let shown = match (proof.proof, proof.code) {
        (ProofKind::Address, _) => ShownProof::Address(access.caller.address),
        (ProofKind::RdnsTxt, _) => ShownProof::RdnsTxt,
        (ProofKind::Postmaster, None) => ShownProof::AskForCode,
        (ProofKind::Postmaster, Some(code)) => ShownProof::Code(code),
    };
    let proven = state.desk().prove_removal(id, &told, shown).await;
    proven.map(|request| Json(plain(request))).map_err(state.faulty())
}

/// Decide a request
///
/// The network of the address, or an admin. On a granted request "no" takes the removal back.
#[utoipa::path(post, path = "/api/v1/removals/{id}/decision", tag = "requests",
    security(("token" = ["admin"]), ("token" = ["network:NAME"])),
    request_body = NewDecision, params(("id" = String, Path, description = "The request", example = "00112233445566778899aabbccddeeff")),
    responses(
        (status = 200, description = "It is decided", body = Removal),
        (status = 409, description = "There is nothing to decide", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The reason is too long", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn decide(
    Of(state): Of<State>,
    access: Access,
    At(id): At<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Removal>, Problem> {
    let who = match access.holder.as_ref().filter(|holder| !holder.is_admin()).and_then(Holder::network) {
        Some(name) => Decider::Network(in_force(&state, name.clone()).await?.name.as_str().into()),
        None => Decider::Operator(access.may(Act::Admin)?.actor().as_str().into()),
    };
    let id = read_id(&id)?;
    let decision: NewDecision = access.object(&state, &headers, body).await?;
    let decided = state.desk().decide_removal(id, &who, decision.accept, &decision.why).await;
    decided.map(|request| Json(plain(request))).map_err(state.faulty())
}

/// The test that decides a request, if one does.
pub(in crate::http) async fn test_of(state: &State, request: &Request) -> Result<Option<Retest>, Problem> {
    if request.rule != RemovalRule::Retest {
        return Ok(None);
    }
    let (desk, faulty, request) = (state.desk().clone(), state.faulty(), request.clone());
    blocking(move || desk.test_of(&request).map_err(faulty)).await
}

/// What comes next where a test decides, which may have to wait for days.
fn tested(test: &Retest) -> String {
    let when = match test.next_at {
        Some(at) => format!("goes on at {at}"),
        None => "is made as soon as its turn comes".into(),
    };
    format!("nothing: a test of the machine decides, and {when}; see /api/v1/retests/{}", test.id)
}

fn plain(request: Request) -> Removal {
    Removal::of(request.into(), false)
}

fn secret(headers: &HeaderMap) -> Option<&str> {
    headers.get(SECRET).and_then(|value| value.to_str().ok())
}

/// An id in a path. What is none names nothing.
fn read_id(text: &str) -> Result<Id, Problem> {
    text.parse().map_err(|_| Problem::not_found("there is no such request"))
}

impl Removal {
    /// What is told of a request; contact, note and token only to those who may know them.
    pub fn of(shown: Shown, private: bool) -> Self {
        let Shown { request, proofs, lockout_until, next_test } = shown;
        let personal = |text: &str| Some(text.to_owned()).filter(|text| private && !text.is_empty());
        let next_step = next_step(&request, next_test);
        Self {
            id: request.id.to_string(),
            list: request.list.to_string(),
            key: request.asked.to_string(),
            covers: request.key.to_string(),
            rule: request.rule.as_str(),
            state: request.state.as_str(),
            since: request.since,
            asked_at: request.asked_at,
            next_step,
            why: Some(request.why.to_string()).filter(|why| !why.is_empty()),
            until: request.until.filter(|_| request.state == Stand::Granted),
            lockout_until,
            test_after: next_test.map(|next| next.at),
            proven: request.proven.map(ProofKind::as_str),
            txt: (private && proofs.contains(&ProofKind::RdnsTxt)).then(|| format!("dnsbld={}", request.token)),
            proofs: proofs.into_iter().map(ProofKind::as_str).collect(),
            contact: personal(&request.contact),
            note: personal(&request.note),
        }
    }
}

/// What comes next, in words.
fn next_step(request: &Request, next_test: Option<NextTest>) -> String {
    if let Some(NextTest { at, sooner }) = next_test {
        let waits = format!("nothing: a test of the machine decides, and the next can be made at {at}");
        let proof = "or show that the address is yours by one of the proofs: then it is tested once more at once";
        return if sooner { format!("{waits}; {proof}") } else { waits };
    }
    match request.state {
        Stand::Proving => "show that the address is yours by one of the proofs".into(),
        Stand::Checking if request.rule == RemovalRule::Retest => {
            "nothing: the check is made by itself; a test of a machine may have to wait for its turn".into()
        }
        Stand::Checking => "nothing: the check is made by itself, within some minutes".into(),
        Stand::Deciding => match request.owner.as_ref().filter(|_| request.network_decides()) {
            Some(network) => format!("nothing: the network {network} decides"),
            None => "nothing: an operator decides".into(),
        },
        Stand::Granted => {
            "nothing: it is exempt; in lists of other kinds than dynamic newer evidence lists it again".into()
        }
        Stand::Ended | Stand::Refused | Stand::Lapsed => "mend the cause, then ask again".into(),
        Stand::Withdrawn => "nothing: it was taken back".into(),
    }
}
