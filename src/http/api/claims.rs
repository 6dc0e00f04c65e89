//! `POST /api/v1/networks/claims`: who runs a network claims its prefixes, and proves it in its reverse zones.
//!
//! Guarantees: a claim of strangers is paid for and counted; nothing is in force by it.
//! Never: asks DNS; the desk's rounds do.

use super::{
    challenge::{Purpose, Work},
    networks::prefixes,
};
use crate::{
    cases::{
        NetworkIs,
        network::{NetworkName, reverse_cuts},
    },
    http::{
        Problem, State,
        access::Access,
        auth::Act,
        limiter::{Clients, Limited, Rates},
    },
    limits::{CLAIM_UNSEEN_SECONDS, CLAIMS_PER_CLIENT, CLAIMS_PER_PROVIDER, CLAIMS_PER_SITE},
    list::FromObject,
};
use axum::{
    Json,
    body::Body,
    extract::State as Of,
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A claim: a network says that prefixes are its own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewClaim {
    /// The name that the network shall have; with the network's token: its own.
    #[schema(example = "example-net")]
    name: String,
    /// What people call it. Needed, but with the network's token, where it is not looked at.
    #[serde(default)]
    #[schema(example = "Example Networks")]
    title: String,
    /// One to eight mail addresses, for the operators of this server and for news of listings. Needed, but with the
    /// network's token, where they are not looked at.
    #[serde(default)]
    #[schema(example = json!(["noc@example.org"]))]
    contacts: Vec<String>,
    /// A mail address or a page for the public; may be left out.
    #[serde(default)]
    public_contact: String,
    /// The prefixes: IPv4 down to /24, IPv6 down to /64; of a network that is not known yet at most 16.
    #[schema(example = json!(["192.0.2.0/24"]), min_items = 1)]
    prefixes: Vec<String>,
    /// What the call costs; not needed with a token.
    #[serde(default)]
    #[schema(value_type = Option<Work>)]
    pow: Option<FromObject<Work>>,
}

/// What a claim asks for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Claim {
    /// The network.
    name: String,
    /// The text of every record.
    #[schema(example = "dnsbld=5f2c")]
    txt: String,
    /// The names at which a TXT record with that text has to stand, for as long as the prefixes are claimed.
    #[schema(example = json!(["_dnsbld.2.0.192.in-addr.arpa."]))]
    records: Vec<String>,
    /// Where to look how the claim stands.
    #[schema(example = "/api/v1/networks/example-net?claim=5f2c")]
    look: String,
}

/// So many claims for as long as claims wait.
pub(in crate::http) fn claims_of_strangers() -> Clients {
    let rates = Rates { client: CLAIMS_PER_CLIENT, site: CLAIMS_PER_SITE, provider: CLAIMS_PER_PROVIDER };
    Clients::over(std::time::Duration::from_secs(CLAIM_UNSEEN_SECONDS.into()), rates)
}

/// Counts a claim of a stranger.
///
/// # Errors
/// 429
pub(in crate::http) fn count_stranger(state: &State, access: &Access) -> Result<(), Problem> {
    state.claims.count(access.caller.address).map_err(|Limited(wait)| {
        Problem::too_often("from your address came many claims within a week; write to the operator", wait)
    })
}

/// Claim prefixes
///
/// Anyone may: of a network that is not known yet, or with its token further prefixes of a known one. The answer says which
/// TXT records prove it; they are looked for within the hour and again each week. An operator of this server agrees before
/// anything is in force. What is not proved within a week is forgotten.
#[utoipa::path(post, path = "/api/v1/networks/claims", tag = "networks", security((), ("token" = ["network:NAME"])),
    request_body = NewClaim,
    responses(
        (status = 201, description = "What to put into the reverse zones", body = Claim),
        (status = 409, description = "The name is taken, or too many claims are open", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many claims came from this address in a week", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is not as described", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn claim(
    Of(state): Of<State>,
    access: Access,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Claim>), Problem> {
    let new: NewClaim = access.object(&state, &headers, body).await?;
    Purpose::Claim.paid(&state, &access, new.pow.as_ref().map(|FromObject(work)| work))?;
    let name: NetworkName = new.name.parse().map_err(|error| Problem::unprocessable(format!("name: {error}")))?;
    let prefixes = prefixes("prefixes", &new.prefixes)?;
    let own = access.could(Act::Network(&name)) && !access.is_admin();
    let stranger = !own && !access.is_admin();
    let actor = access.holder.as_ref().map_or("anyone", |holder| &*holder.actor);
    let NewClaim { title, contacts, public_contact, .. } = new;
    let is = NetworkIs { name, title, contacts, public_contact };
    if stranger {
        state.desk().could_claim(&is, &prefixes).map_err(state.faulty())?;
        count_stranger(&state, &access)?;
    }
    let network = state.desk().claim(actor, is, &prefixes, own).await.map_err(state.faulty())?;
    // What was claimed now came last.
    let word = network.prefixes.last().map(|held| held.token.clone()).unwrap_or_default();
    let claimed = network.prefixes.iter().filter(|held| held.token == word);
    let records = claimed.filter_map(|held| reverse_cuts(held.prefix).ok()).flatten().collect();
    let txt = format!("dnsbld={word}");
    let look = format!("/api/v1/networks/{}?claim={word}", network.name);
    Ok((StatusCode::CREATED, Json(Claim { name: network.name.to_string(), txt, records, look })))
}
