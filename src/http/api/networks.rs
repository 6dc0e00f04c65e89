//! `/api/v1/networks`: who runs which ranges, how that is proved, what they say of them.
//!
//! Guarantees: anyone sees what a network says to the public; contacts, claims and the webhook are for its own token and for
//! admins.
//! Never: makes a claimed prefix active without an admin; shows the key of a webhook twice.

use crate::{
    cases::{
        Fault, NetworkIs, Obstacle, Secret,
        network::{HeldPrefix, Network, NetworkName, PrefixState, Proof, Range, Webhook, overlaps},
    },
    http::{
        Problem, State,
        access::{Access, Asked, At},
        auth::Act,
        fence::acting,
        state::blocking,
    },
    list::{Prefix, Time},
};
use axum::{
    Json,
    body::Body,
    extract::State as Of,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A network that an operator enters.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewNetwork {
    /// 1 to 56 letters, digits and `._-`. Its source is `network.NAME`.
    #[schema(example = "example-net")]
    name: String,
    /// What people call it.
    #[schema(example = "Example Networks")]
    title: String,
    /// Mail addresses, for the operators of this server and for news of listings.
    #[schema(example = json!(["noc@example.org"]), min_items = 1, max_items = 8)]
    contacts: Vec<String>,
    /// A mail address or a page for the public.
    #[serde(default)]
    public_contact: String,
    /// Its prefixes.
    #[schema(example = json!(["192.0.2.0/24"]), min_items = 1)]
    prefixes: Vec<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ShowParameters {
    /// What the TXT records of a claim say, with or without `dnsbld=`: who claimed sees how it stands.
    #[param(example = "5f2c")]
    claim: Option<String>,
}

/// A network.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct NetworkObject {
    name: String,
    title: String,
    public_contact: String,
    /// For the public those in force; all for the network and admins.
    prefixes: Vec<PrefixObject>,
    /// What it says of its ranges: the longest decides.
    ranges: Vec<RangeObject>,
    /// For the network and admins.
    #[serde(skip_serializing_if = "Option::is_none")]
    contacts: Option<Vec<String>>,
    /// For the network and admins.
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook: Option<WebhookObject>,
    #[schema(value_type = String, format = DateTime)]
    since: Time,
}

/// A prefix of a network.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PrefixObject {
    prefix: String,
    /// `operator` or `reverse-txt`
    #[schema(value_type = String, example = "reverse-txt")]
    proof: Proof,
    /// `claimed`, `proven`, `active` or `lapsed`
    #[schema(value_type = String, example = "active")]
    state: PrefixState,
    #[schema(value_type = Option<String>, format = DateTime)]
    checked_at: Option<Time>,
    /// What the TXT records say; for the network and admins.
    #[serde(skip_serializing_if = "Option::is_none")]
    txt: Option<String>,
    /// Prefixes of other networks over, in or at this one; for admins.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    overlaps: Vec<String>,
}

/// What a network says of a range.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RangeObject {
    #[schema(example = "192.0.2.0/25")]
    prefix: String,
    text: String,
    #[schema(example = "smtp.example.org")]
    smarthost: String,
    self_removal: bool,
}

/// Where new listings, and requests as they move, are told: `POST` of JSON, by its `event` `WebhookListed` or
/// `WebhookRequest`, signed. `Dnsbld-Signature: t=SECONDS,v1=HEX` is HMAC-SHA256 with the octets of the key over
/// `SECONDS.BODY`; `Dnsbld-Delivery` is the same at each try. A status of 2xx within ten seconds ends it; else it is tried
/// five times in all, over four hours. While your server does not answer, one try is that of all that waits for it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WebhookObject {
    url: String,
    /// The name of the key that signs.
    key_id: String,
    /// The key, in hex; shown when it is made, never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

/// The networks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Networks {
    networks: Vec<NetworkObject>,
}

/// What becomes of a webhook.
#[derive(Debug, Default)]
pub(super) enum Hook {
    /// It stays.
    #[default]
    Stays,
    /// None any more.
    Away,
    /// A new one, at this address.
    At(String),
}

/// What is to change. What is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NetworkChange {
    title: Option<String>,
    contacts: Option<Vec<String>>,
    public_contact: Option<String>,
    /// An address that begins with `https://`, on port 443: told of new listings inside the network, whoever lists, and of
    /// requests as they move. A new key is made and shown; see `WebhookObject` for the calls. Null: none any more.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "https://hooks.example.org/dnsbl")]
    webhook: Hook,
    /// Prefixes that become active without a proof; admins only.
    #[serde(default)]
    add_prefixes: Vec<String>,
    /// Prefixes to give up. What the network lists there leaves.
    #[serde(default)]
    remove_prefixes: Vec<String>,
    /// Proven prefixes that become active; admins only.
    #[serde(default)]
    approve: Vec<String>,
}

/// What to say of a range.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRange {
    /// The policy, for the people whose mail was refused; at most 1,000 characters.
    #[serde(default)]
    #[schema(example = "Customers send through our server.")]
    text: String,
    /// The server that customers send through, on port 587.
    #[serde(default)]
    #[schema(example = "smtp.example.org")]
    smarthost: String,
    /// Whether customers may take single addresses off.
    #[serde(default)]
    #[schema(example = true)]
    self_removal: bool,
}

fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Hook, D::Error> {
    Ok(Option::deserialize(deserializer)?.map_or(Hook::Away, Hook::At))
}

fn named(text: &str) -> Result<NetworkName, Problem> {
    text.parse().map_err(|_| Problem::not_found("there is no such network"))
}

pub(super) fn prefixes(what: &str, texts: &[String]) -> Result<Vec<Prefix>, Problem> {
    let read = |text: &String| {
        text.parse().map_err(|error| Problem::unprocessable(format!("{what}: {}: {error}", text.escape_debug())))
    };
    texts.iter().map(read).collect()
}

/// A network, as an extractor-free read.
pub(in crate::http) async fn found(state: &State, name: NetworkName) -> Result<Network, Problem> {
    let (desk, fault) = (state.desk().clone(), state.faulty());
    blocking(move || desk.network(&name).map_err(fault)).await
}

/// The networks
#[utoipa::path(get, path = "/api/v1/networks", tag = "networks", security(("token" = ["admin"])),
    responses((status = 200, description = "All, with what waits for a decision", body = Networks)))]
pub(super) async fn list(Of(state): Of<State>, access: Access) -> Result<Json<Networks>, Problem> {
    access.may(Act::Admin)?;
    let (desk, fault) = (state.desk().clone(), state.faulty());
    let networks = blocking(move || desk.networks().map_err(fault)).await?;
    let shown = networks.iter().map(|network| NetworkObject::of(network, true, &networks)).collect();
    Ok(Json(Networks { networks: shown }))
}

/// Enter a network
///
/// Its prefixes are active at once. Make a token with the scope `network:NAME` for it.
#[utoipa::path(post, path = "/api/v1/networks", tag = "networks", security(("token" = ["admin"])),
    request_body = NewNetwork,
    responses(
        (status = 201, description = "It is known", body = NetworkObject),
        (status = 409, description = "The name is taken", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is not as described", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn create(
    Of(state): Of<State>,
    access: Access,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<NetworkObject>), Problem> {
    let actor = access.may(Act::Admin)?.actor();
    let new: NewNetwork = access.object(&state, &headers, body).await?;
    let prefixes = prefixes("prefixes", &new.prefixes)?;
    let is = NetworkIs {
        name: new.name.parse().map_err(|error| Problem::unprocessable(format!("name: {error}")))?,
        title: new.title,
        contacts: new.contacts,
        public_contact: new.public_contact,
    };
    let made = state.desk().enter_network(&actor, is, &prefixes).await.map_err(state.faulty())?;
    Ok((StatusCode::CREATED, Json(NetworkObject::of(&made, true, &[]))))
}

/// A network
///
/// While nothing of it is in force, only who claimed it sees it, with `claim` or the network's token, and admins.
#[utoipa::path(get, path = "/api/v1/networks/{name}", tag = "networks", security((), ("token" = ["network:NAME"])),
    params(("name" = String, Path, description = "Its name", example = "example-net"), ShowParameters),
    responses((status = 200, description = "What it says to the public; with its token or an admin's all of it", body = NetworkObject)))]
pub(super) async fn show(
    Of(state): Of<State>,
    access: Access,
    At(name): At<String>,
    Asked(asked): Asked<ShowParameters>,
) -> Result<Json<NetworkObject>, Problem> {
    access.count_look_up(&state)?;
    let name = named(&name)?;
    let inside = access.could(Act::Network(&name));
    let network = found(&state, name).await?;
    if let Some(claim) = asked.claim.as_deref().filter(|_| !inside) {
        let token = claim.strip_prefix("dnsbld=").unwrap_or(claim);
        return NetworkObject::of_claim(&network, token).map(Json).ok_or_else(|| {
            Problem::not_found("no such claim is known; what is not proved within a week is forgotten")
        });
    }
    if !inside && !network.is_active() {
        return Err(Problem::not_found("there is no such network"));
    }
    let others = if access.is_admin() {
        let (desk, fault) = (state.desk().clone(), state.faulty());
        blocking(move || desk.networks().map_err(fault)).await?
    } else {
        std::sync::Arc::default()
    };
    Ok(Json(NetworkObject::of(&network, inside, &others)))
}

/// Change a network
#[utoipa::path(patch, path = "/api/v1/networks/{name}", tag = "networks", security(("token" = ["network:NAME"])),
    params(("name" = String, Path, description = "Its name", example = "example-net")),
    request_body = NetworkChange,
    responses(
        (status = 200, description = "As it is now", body = NetworkObject),
        (status = 409, description = "A prefix that is to be approved is not proven", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is not as described", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn change(
    Of(state): Of<State>,
    access: Access,
    At(name): At<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<NetworkObject>, Problem> {
    let name = named(&name)?;
    let (holder, _) = acting(&state, &access, &name).await?;
    let change: NetworkChange = access.object(&state, &headers, body).await?;
    if !(change.add_prefixes.is_empty() && change.approve.is_empty()) {
        holder.may(Act::Admin)?;
    }
    let (add, remove) =
        (prefixes("add_prefixes", &change.add_prefixes)?, prefixes("remove_prefixes", &change.remove_prefixes)?);
    let approve = prefixes("approve", &change.approve)?;
    let key = matches!(change.webhook, Hook::At(_)).then(|| Secret::draw().reveal().to_owned());
    let made = key.clone();
    let apply = move |network: &mut Network, now: Time| {
        if let Some(title) = change.title {
            network.title = title;
        }
        if let Some(contacts) = change.contacts {
            network.contacts = contacts;
        }
        if let Some(contact) = change.public_contact {
            network.public_contact = contact;
        }
        match change.webhook {
            Hook::Stays => {}
            Hook::Away => network.webhook = None,
            Hook::At(url) => {
                Webhook::check(&url)?;
                let key_id = Secret::draw().reveal()[..8].to_owned();
                network.webhook = Some(Webhook { url, key_id, key: made.unwrap_or_default() });
            }
        }
        network.prefixes.retain(|held| !remove.contains(&held.prefix));
        for prefix in add {
            network.prefixes.retain(|held| held.prefix != prefix);
            network.prefixes.push(HeldPrefix::entered(prefix, now));
        }
        for prefix in approve {
            let held = network.prefixes.iter_mut().find(|held| held.prefix == prefix);
            if !held.is_some_and(|held| held.approve(now)) {
                return Err(Obstacle::NotProven(prefix).into());
            }
        }
        Ok(())
    };
    // Prefixes that go take their entries along: not half of them.
    let (desk, actor, faulty) = (state.desk().clone(), holder.actor.clone(), state.faulty());
    let change = async move { desk.change_network(&actor, &name, "changed", apply).await.map_err(faulty) };
    let changed = state.to_the_end(change).await?;
    let mut shown = NetworkObject::of(&changed, true, &[]);
    if let Some(webhook) = &mut shown.webhook {
        webhook.key = key;
    }
    Ok(Json(shown))
}

/// Forget a network
///
/// What it lists leaves the lists, and its tokens are no longer for it.
#[utoipa::path(delete, path = "/api/v1/networks/{name}", tag = "networks", security(("token" = ["admin"])),
    params(("name" = String, Path, description = "Its name", example = "example-net")),
    responses(
        (status = 204, description = "It is no longer known"),
        (status = 409, description = "An import of its source is running; nothing was changed", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn delete(Of(state): Of<State>, access: Access, At(name): At<String>) -> Result<StatusCode, Problem> {
    let (actor, name) = (access.may(Act::Admin)?.actor(), named(&name)?);
    let (desk, faulty) = (state.desk().clone(), state.faulty());
    let forget = async move { desk.delete_network(actor.as_str(), &name).await.map_err(faulty) };
    state.to_the_end(forget).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Say something of a range
#[utoipa::path(put, path = "/api/v1/networks/{name}/ranges/{prefix}", tag = "networks",
    security(("token" = ["network:NAME"])),
    params(
        ("name" = String, Path, description = "The network", example = "example-net"),
        ("prefix" = String, Path, description = "The range; its slash may also be written as %2F", example = "192.0.2.0/25")),
    request_body = NewRange,
    responses(
        (status = 200, description = "It is on the pages", body = NetworkObject),
        (status = 422, description = "The range is not inside the network, or a field is not as described", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn put_range(
    Of(state): Of<State>,
    access: Access,
    At((name, prefix)): At<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<NetworkObject>, Problem> {
    let name = named(&name)?;
    let (holder, _) = acting(&state, &access, &name).await?;
    let prefix = prefixes("prefix", &[prefix])?[0];
    let NewRange { text, smarthost, self_removal } = access.object(&state, &headers, body).await?;
    let range = Range { prefix, text, smarthost, self_removal };
    let put = |network: &mut Network, _| Ok(network.put_range(range)?);
    let changed = state.desk().change_network(&holder.actor, &name, "range", put).await.map_err(state.faulty())?;
    Ok(Json(NetworkObject::of(&changed, true, &[])))
}

/// The same where the slash of the range is written as it is: a path of one part more.
pub(in crate::http) async fn put_range_in_path(
    state: Of<State>,
    access: Access,
    At((name, first, length)): At<(String, String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, Problem> {
    put_range(state, access, At((name, format!("{first}/{length}"))), headers, body).await
}

/// As [`put_range_in_path`].
pub(in crate::http) async fn delete_range_in_path(
    state: Of<State>,
    access: Access,
    At((name, first, length)): At<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    delete_range(state, access, At((name, format!("{first}/{length}")))).await
}

/// Say nothing of a range any more
#[utoipa::path(delete, path = "/api/v1/networks/{name}/ranges/{prefix}", tag = "networks",
    security(("token" = ["network:NAME"])),
    params(
        ("name" = String, Path, description = "The network", example = "example-net"),
        ("prefix" = String, Path, description = "The range; its slash may also be written as %2F", example = "192.0.2.0/25")),
    responses(
        (status = 204, description = "Nothing is said of it"),
        (status = 422, description = "This is no range", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn delete_range(
    Of(state): Of<State>,
    access: Access,
    At((name, prefix)): At<(String, String)>,
) -> Result<StatusCode, Problem> {
    let name = named(&name)?;
    let (holder, _) = acting(&state, &access, &name).await?;
    let prefix = prefixes("prefix", &[prefix])?[0];
    let remove = |network: &mut Network, _| {
        if network.remove_range(prefix) { Ok(()) } else { Err(Fault::Unknown("range")) }
    };
    state.desk().change_network(&holder.actor, &name, "range", remove).await.map_err(state.faulty())?;
    Ok(StatusCode::NO_CONTENT)
}

impl NetworkObject {
    /// As who claimed prefixes of it sees them, by the word of their records.
    fn of_claim(network: &Network, token: &str) -> Option<Self> {
        let shown = Self::of(&network.claimed_by(token)?, true, &[]);
        Some(Self { contacts: None, ..shown })
    }

    /// As the public sees it, or whoever is `inside`.
    fn of(network: &Network, inside: bool, others: &[Network]) -> Self {
        let shown = |held: &&HeldPrefix| inside || held.state == PrefixState::Active;
        let prefix = |held: &HeldPrefix| PrefixObject {
            prefix: held.prefix.to_string(),
            proof: held.proof,
            state: held.state,
            checked_at: held.checked_at,
            txt: (inside && !held.token.is_empty()).then(|| format!("dnsbld={}", held.token)),
            overlaps: overlaps(others, &network.name, held.prefix)
                .into_iter()
                .map(|(name, prefix)| format!("{name} {prefix}"))
                .collect(),
        };
        let webhook = network.webhook.as_ref().filter(|_| inside);
        Self {
            name: network.name.to_string(),
            title: network.title.clone(),
            public_contact: network.public_contact.clone(),
            prefixes: network.prefixes.iter().filter(shown).map(prefix).collect(),
            ranges: network
                .ranges
                .iter()
                .filter(|range| inside || network.holds(range.prefix))
                .map(RangeObject::of)
                .collect(),
            contacts: inside.then(|| network.contacts.clone()),
            webhook: webhook.map(|hook| WebhookObject {
                url: hook.url.clone(),
                key_id: hook.key_id.clone(),
                key: None,
            }),
            since: network.since,
        }
    }
}

impl RangeObject {
    fn of(range: &Range) -> Self {
        Self {
            prefix: range.prefix.to_string(),
            text: range.text.clone(),
            smarthost: range.smarthost.clone(),
            self_removal: range.self_removal,
        }
    }
}
