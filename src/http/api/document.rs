//! The OpenAPI document of the calls.
//!
//! Guarantees: made of the handlers' own descriptions; every status that a call can answer is in it: those of one call stand
//! beside its handler, those of many are added here by what the call takes.
//! Never: describes what is not served.

use super::webhooks::{WebhookListed, WebhookRequest};
use crate::http::{Problem, problem::Rejected};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self, ContentBuilder, HeaderBuilder, Ref, RefOr, Response, ResponseBuilder,
        path::{Operation, Parameter},
        schema::Schema,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

/// The document, made once.
#[derive(Debug)]
pub struct Document {
    /// `/openapi.json`.
    pub json: String,
    /// The same, for the page that shows it.
    pub told: serde_json::Value,
}

#[derive(OpenApi)]
#[openapi(
    info(title = "dnsbld", description = "Look-ups, lists and everything that changes them. Times are RFC 3339 in UTC; errors are problem+json (RFC 9457); tokens are sent as Authorization: Bearer TOKEN."),
    components(schemas(Problem, Rejected, WebhookListed, WebhookRequest)),
    modifiers(&Tokens),
    tags(
        (name = "look-ups", description = "For everyone. Without a token as many a minute as the configuration says, then 429 with Retry-After."),
        (name = "lists", description = "What the lists are."),
        (name = "entries", description = "Single entries."),
        (name = "sources", description = "What a source holds, as a whole."),
        (name = "reports", description = "What traps and mail servers saw."),
        (name = "networks", description = "Who runs which ranges, and what they say of them."),
        (name = "exports", description = "For other servers."),
        (name = "requests", description = "For everyone: ask for the removal of a key, and see what becomes of it."),
        (name = "tokens", description = "Who may do what."),
        (name = "operation", description = "For whoever runs the server."),
    )
)]
pub(in crate::http) struct Base;

/// Says how tokens are sent.
struct Tokens;

impl Modify for Tokens {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_with(Default::default).add_security_scheme("token", scheme);
    }
}

/// Adds the answers that many calls have in common.
pub(in crate::http) fn complete(document: &mut openapi::OpenApi) {
    for (path, item) in &mut document.paths.paths {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            for parameter in operation.parameters.iter_mut().flatten() {
                if let RefOr::T(parameter) = parameter {
                    constrain(parameter);
                }
            }
            for (status, description) in common(path, operation) {
                let answers = &mut operation.responses.responses;
                answers.entry(status.to_string()).or_insert_with(|| RefOr::T(problem(status, description)));
            }
        }
    }
}

/// Says what a parameter looks like, by its name: the same everywhere.
fn constrain(parameter: &mut Parameter) {
    let pattern = match parameter.name.as_str() {
        "list" => "^[a-z][a-z0-9-]{0,30}[a-z0-9]$",
        "source" => "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        "since" => "^([0-9a-f]{1,16}:)?[0-9]{1,19}$",
        _ => return,
    };
    if let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema {
        schema.pattern = Some(pattern.to_owned());
    }
}

/// What follows from what a call takes.
fn common(path: &str, operation: &Operation) -> Vec<(u16, &'static str)> {
    let (api, body) = (path.starts_with("/api/"), operation.request_body.is_some());
    let named = ["{list}", "{origin}", "{id}", "{name}"].iter().any(|part| path.contains(part));
    let counted = ["/lookup/", "/history/", "/challenge", "/removals", "/retests", "/networks/"]
        .iter()
        .any(|part| path.contains(part));
    let answers = [
        (operation.parameters.is_some() || body, 400, "A parameter or the body cannot be read"),
        (api || path == "/metrics", 401, "The token is missing or not in force"),
        (api || path == "/metrics", 403, "The token does not allow this, or came in clear, or at the wrong address"),
        (named, 404, "There is no such thing"),
        (api, 408, "It came or went too slowly"),
        (body, 413, "Too much at once"),
        (body, 415, "Not in this encoding"),
        (counted, 429, "Too much from one client; `Retry-After` says when the next is answered"),
        (api || path == "/metrics", 500, "A fault of this program"),
        (api, 503, "Busy (`Retry-After` says for how long), stopping, or writes are off"),
    ];
    answers.into_iter().filter(|(holds, ..)| *holds).map(|(_, status, description)| (status, description)).collect()
}

fn problem(status: u16, description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let mut response = ResponseBuilder::new().description(description).content("application/problem+json", content);
    if status == 429 || status == 503 {
        let seconds = HeaderBuilder::new().description(Some("Seconds to wait")).build();
        response = response.header("Retry-After", seconds);
    }
    response.build()
}
