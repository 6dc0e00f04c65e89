//! `/docs`: the OpenAPI document as a page that needs no script and nothing from elsewhere.
//!
//! Guarantees: shows the document that `/openapi.json` serves: every call, parameter, answer and schema of it, under the
//! settings that are in force.
//! Never: knows a call by itself; is made anew while what it shows stays the same.

mod example;

use super::{Of, Problem, Reader, Response, Site, State};
use crate::{
    http::{Settings, api::Document, problem, state::blocking},
    list::Serial,
    snapshot::{Served, Snapshot},
};
use askama::Template;
use axum::{
    body::Bytes,
    http::header,
    response::{Html, IntoResponse},
};
use serde_json::Value;
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

#[derive(Template)]
#[template(path = "docs.html", config = "src/http/pages/askama.toml")]
struct DocsPage {
    site: Site,
    version: String,
    description: String,
    groups: Vec<Group>,
    problems: Vec<ProblemKind>,
    schemas: Vec<Schema>,
}

struct Group {
    name: String,
    anchor: String,
    description: String,
    calls: Vec<Call>,
}

struct Call {
    anchor: String,
    verb: String,
    method: String,
    path: String,
    summary: String,
    description: Vec<String>,
    who: String,
    parameters: Vec<Parameter>,
    bodies: Vec<Media>,
    answers: Vec<Answer>,
    example: String,
}

struct Parameter {
    name: String,
    place: String,
    kind: String,
    required: bool,
    description: String,
}

struct Media {
    media: String,
    schema: Option<String>,
}

struct Answer {
    status: String,
    description: String,
    bodies: Vec<Media>,
}

struct ProblemKind {
    name: &'static str,
    status: u16,
    title: &'static str,
    meaning: &'static str,
}

struct Schema {
    name: String,
    description: String,
    fields: Vec<Field>,
}

struct Field {
    name: String,
    kind: String,
    target: Option<String>,
    required: bool,
    description: String,
}

/// The page as it was made last.
#[derive(Default)]
pub(in crate::http) struct Kept(Mutex<Option<Made>>);

/// A page, and what it shows beside the document: a reload puts others in their place. Not the snapshot itself, which would
/// hold its tables.
struct Made {
    settings: Arc<Settings>,
    served: Arc<Served>,
    serial: Serial,
    page: Bytes,
}

impl Kept {
    /// The page under these settings and of this snapshot; made now, where the last was of others.
    fn get(
        &self,
        settings: &Arc<Settings>,
        snapshot: &Snapshot,
        make: impl FnOnce() -> Option<String>,
    ) -> Option<Bytes> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |made: &&Made| {
            let under = Arc::ptr_eq(&made.settings, settings) && snapshot.serves(&made.served);
            under && made.serial == snapshot.serial()
        };
        if let Some(made) = kept.as_ref().filter(same) {
            return Some(made.page.clone());
        }
        // Under the lock, so that a crowd does not make it side by side.
        let page = Bytes::from(make()?);
        let (settings, served) = (Arc::clone(settings), Arc::clone(snapshot.served()));
        *kept = Some(Made { settings, served, serial: snapshot.serial(), page: page.clone() });
        Some(page)
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

/// `/docs`
pub(in crate::http) async fn docs(Of(state): Of<State>, reader: Reader) -> Response {
    let here = state.clone();
    let made = blocking(move || {
        let Some(Document { told, .. }) = here.document.get() else { return Ok(None) };
        let (settings, snapshot) = (here.settings(), here.snapshot());
        let kept = here.docs.get(&settings, &snapshot, || page(&here, &settings, &snapshot, told));
        kept.ok_or_else(Problem::internal).map(Some)
    });
    match made.await {
        Ok(Some(page)) => ([(header::CACHE_CONTROL, "no-cache")], Html(page)).into_response(),
        Ok(None) => super::nowhere(&state, &reader),
        Err(problem) => problem.into_response(),
    }
}

fn page(state: &State, settings: &Settings, snapshot: &Snapshot, document: &Value) -> Option<String> {
    // For programmers, in English alone, as the document is.
    let site = Site { translated: false, ..Site::of(state, snapshot, "docs", &Reader::default()) };
    let page = DocsPage {
        site,
        version: text(&document["info"]["version"]),
        description: prose(&document["info"]["description"]),
        groups: groups(document, &settings.public_url),
        problems: problem::KINDS
            .iter()
            .map(|(kind, status, title, meaning)| ProblemKind {
                name: kind.strip_prefix(problem::EXPLAINED_AT).unwrap_or(kind),
                status: status.as_u16(),
                title,
                meaning,
            })
            .collect(),
        schemas: schemas(document),
    };
    page.render().inspect_err(|error| tracing::error!(%error, "the page of the API cannot be made")).ok()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A description without the signs of its mark-up.
fn prose(value: &Value) -> String {
    text(value).replace('`', "")
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn groups(document: &Value, base: &str) -> Vec<Group> {
    let tags = document["tags"].as_array().map(Vec::as_slice).unwrap_or_default();
    let calls = |tag: &str| {
        let mut found = Vec::new();
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for (verb, operation) in item.as_object().into_iter().flatten() {
                if operation["tags"][0] == tag {
                    found.push(call(document, (path, verb), operation, base));
                }
            }
        }
        found
    };
    tags.iter()
        .map(|tag| {
            let name = text(&tag["name"]);
            Group {
                anchor: format!("calls-{name}"),
                description: prose(&tag["description"]),
                calls: calls(&name),
                name: capitalised(&name),
            }
        })
        .collect()
}

fn call(document: &Value, (path, verb): (&str, &str), operation: &Value, base: &str) -> Call {
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    Call {
        anchor: text(&operation["operationId"]),
        verb: verb.to_owned(),
        method: verb.to_ascii_uppercase(),
        path: path.to_owned(),
        summary: prose(&operation["summary"]),
        description: prose(&operation["description"])
            .split("\n\n")
            .filter(|l| !l.is_empty())
            .map(str::to_owned)
            .collect(),
        who: who(path, operation),
        bodies: media(&operation["requestBody"]["content"]),
        answers: operation["responses"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(status, answer)| Answer {
                status: status.clone(),
                description: prose(&answer["description"]),
                bodies: media(&answer["content"]),
            })
            .collect(),
        example: example::line(document, (path, verb), operation, base),
        parameters: parameters
            .iter()
            .map(|parameter| Parameter {
                name: text(&parameter["name"]),
                place: text(&parameter["in"]),
                kind: kind(&parameter["schema"]).0,
                required: parameter["required"].as_bool().unwrap_or(false),
                description: prose(&parameter["description"]),
            })
            .collect(),
    }
}

fn who(path: &str, operation: &Value) -> String {
    let mut scopes: Vec<String> = Vec::new();
    let alternatives = operation["security"].as_array();
    for scope in alternatives.into_iter().flatten().filter_map(|one| one["token"].as_array()).flatten() {
        scopes.push(text(scope));
    }
    match (alternatives, path) {
        (None, "/metrics") => "the addresses in [http] metrics_from".into(),
        (None, _) => "anyone".into(),
        (Some(_), _) if scopes.is_empty() => "any token".into(),
        (Some(_), _) if scopes.iter().any(|scope| scope == "admin") => "a token with the scope admin".into(),
        (Some(_), _) => format!("a token with the scope {} or admin", scopes.join(", ")),
    }
}

fn media(content: &Value) -> Vec<Media> {
    content
        .as_object()
        .into_iter()
        .flatten()
        .map(|(media, body)| {
            let items = &body["schema"]["items"];
            let schema = reference(&body["schema"]).or_else(|| reference(items));
            Media { media: media.clone(), schema }
        })
        .collect()
}

fn reference(schema: &Value) -> Option<String> {
    schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()).map(str::to_owned)
}

/// A schema in a word, and the schema that it leads to.
fn kind(schema: &Value) -> (String, Option<String>) {
    if let Some(name) = reference(schema) {
        return (name.clone(), Some(name));
    }
    for several in ["oneOf", "anyOf", "allOf"] {
        if let Some(options) = schema[several].as_array() {
            let mut found: Vec<_> = options.iter().map(kind).collect();
            found.retain(|(word, _)| word != "null");
            let null = found.len() < options.len();
            let words: Vec<_> = found.iter().map(|(word, _)| word.clone()).collect();
            let target = found.into_iter().find_map(|(_, target)| target);
            return (words.join(" or ") + if null { " or null" } else { "" }, target);
        }
    }
    let word = match &schema["type"] {
        Value::String(one) => one.clone(),
        Value::Array(many) => many.iter().map(text).collect::<Vec<_>>().join(" or "),
        _ => "any".into(),
    };
    if word == "array" {
        let (inner, target) = kind(&schema["items"]);
        return (format!("array of {inner}"), target);
    }
    match schema["format"].as_str() {
        Some("date-time") => (word.replace("string", "time"), None),
        _ => (word, None),
    }
}

fn schemas(document: &Value) -> Vec<Schema> {
    let all = document["components"]["schemas"].as_object();
    all.into_iter()
        .flatten()
        .map(|(name, schema)| Schema {
            name: name.clone(),
            description: prose(&schema["description"]),
            fields: fields(schema),
        })
        .collect()
}

fn fields(schema: &Value) -> Vec<Field> {
    // Flattened parts stand side by side in `allOf`.
    let parts: Vec<_> = match schema["allOf"].as_array() {
        Some(parts) => parts.iter().collect(),
        None => vec![schema],
    };
    let mut found = Vec::new();
    for part in parts {
        if let Some(name) = reference(part) {
            let description = format!("and the fields of {name}");
            found.push(Field {
                kind: name.clone(), target: Some(name), name: "…".into(), required: true, description
            });
        }
        let required: Vec<_> = part["required"].as_array().into_iter().flatten().map(text).collect();
        for (name, field) in part["properties"].as_object().into_iter().flatten() {
            let (kind, target) = kind(field);
            found.push(Field {
                required: required.contains(name),
                name: name.clone(),
                kind,
                target,
                description: prose(&field["description"]),
            });
        }
    }
    found
}
