//! What a network's webhook is told, for the document: the bodies of calls that this server makes.
//!
//! Guarantees: they have the fields that the desk sends; a test holds one against the other.
//! Never: makes or reads one.

use utoipa::ToSchema;

/// What a webhook is told once something is newly listed inside the network, whoever else lists it: a call for each list.
/// What is excluded is told again when the exclusion ends.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it describes the body; the desk makes it")]
pub(super) struct WebhookListed {
    /// `listed`
    #[schema(example = "listed")]
    event: String,
    /// The network.
    #[schema(example = "example-net")]
    network: String,
    /// The list.
    #[schema(example = "compromised")]
    list: String,
    /// The addresses and prefixes, in their order.
    #[schema(example = json!(["192.0.2.25"]), max_items = 1000)]
    keys: Vec<String>,
    /// Whether there are more: `GET /api/v1/networks/{name}/listings` has all.
    more: bool,
    /// When this was put together.
    #[schema(format = DateTime)]
    at: String,
}

/// What a webhook is told when a request for the removal of an address of the network is made or moves, whoever decides it.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it describes the body; the desk makes it")]
pub(super) struct WebhookRequest {
    /// `request`
    #[schema(example = "request")]
    event: String,
    /// The network.
    #[schema(example = "example-net")]
    network: String,
    request: WebhookRequestState,
}

/// Where a request stands, as a webhook is told; `GET /api/v1/removals/{id}` has the rest.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it describes the body; the desk makes it")]
pub(super) struct WebhookRequestState {
    /// What it is called.
    #[schema(example = "00112233445566778899aabbccddeeff")]
    id: String,
    /// The list.
    #[schema(example = "dynamic")]
    list: String,
    /// What is exempted: the key, or its IPv6 block.
    #[schema(example = "192.0.2.25")]
    key: String,
    /// proving, checking, deciding, granted, ended, refused, withdrawn or lapsed.
    #[schema(example = "deciding")]
    state: String,
    /// Since when.
    #[schema(format = DateTime)]
    since: String,
}
