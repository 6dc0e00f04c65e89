//! The OpenAPI document against what the calls answer.

use super::Server;
use serde_json::Value;

#[tokio::test]
async fn the_document_describes_every_call_and_the_reader_shows_it() {
    let server = Server::start();
    let document = server.get("/openapi.json").await.ok();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    let page = server.get("/docs").await;
    assert!(page.status == 200 && !page.text().contains("<script"));
    let paths = document["paths"].as_object().unwrap();
    for path in [
        "/api/v1/lookup/{key}",
        "/api/v1/history/{key}",
        "/api/v1/lists",
        "/api/v1/lists/{list}",
        "/api/v1/lists/{list}/entries",
        "/api/v1/lists/{list}/sources/{source}",
        "/api/v1/lists/{list}/sources/{source}/undo",
        "/api/v1/lists/{list}/export",
        "/api/v1/zones/{origin}/export",
        "/api/v1/changes",
        "/api/v1/tokens",
        "/api/v1/tokens/{id}",
        "/api/v1/status",
        "/api/v1/backup",
        "/api/v1/expiry/resume",
        "/health",
        "/health/live",
        "/metrics",
    ] {
        assert!(paths.contains_key(path), "{path}");
        assert!(page.text().contains(path), "{path}");
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(page.text().contains(&format!("id=\"schema-{name}\"")), "{name}");
    }
    assert_eq!(references(&document).into_iter().filter(|path| document.pointer(&path[1..]).is_none()).count(), 0);
}

/// Every `$ref` in a document.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            let own = fields.get("$ref").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(fields.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn every_answer_is_in_the_document() {
    let server = Server::start();
    server.put("dynamic", "isp", "192.0.2.0/24 customers\n").await.ok();
    let document = server.get("/openapi.json").await.ok();
    server.put("relay", "feed", "192.0.2.1\n192.0.2.25\n").await.ok();
    let feed = server.token(&["write:dynamic/isp"]).await;
    let admin = server.admin.clone();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (verb, call) in item.as_object().unwrap() {
            for token in [None, Some("nonsense"), Some(&*feed), Some(&*admin)] {
                for (fill, body) in
                    [("example", ""), ("nonsense%FF", "\0"), ("x..y", "{\"key\": 1}"), ("example", "192.0.2.0/24\n")]
                {
                    let target = filled(path, call, fill);
                    let reply = server.call_as(token, &verb.to_ascii_uppercase(), &target, body).await;
                    let answer = &call["responses"][reply.status.to_string()];
                    assert!(answer.is_object(), "{verb} {target} with {token:?}: {} {}", reply.status, reply.text());
                    let media = reply.kind().split(';').next().unwrap().to_owned();
                    let contents = answer["content"].as_object();
                    let known = contents.is_none_or(|contents| contents.contains_key(&media));
                    assert!(
                        known && (contents.is_some() || reply.octets.is_empty()),
                        "{verb} {target}: {} of {media}",
                        reply.status
                    );
                    assert_ne!(reply.status, 500, "{verb} {target}: {}", reply.text());
                    if media == "application/json" {
                        let schema = &answer["content"][&media]["schema"];
                        let misfit = misfit(&document, schema, &reply.json());
                        assert_eq!(misfit, None, "{verb} {target}: {}", reply.text());
                    }
                }
            }
        }
    }
}

/// What a value has that its schema does not name, or lacks that it requires. Types of single fields are not looked at.
pub(super) fn misfit(document: &Value, schema: &Value, value: &Value) -> Option<String> {
    if let Some(path) = schema["$ref"].as_str() {
        return misfit(document, document.pointer(&path[1..])?, value);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return misfit(document, &joined(document, parts), value);
    }
    if let Some(ways) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        let found: Vec<_> = ways.iter().map(|way| misfit(document, way, value)).collect();
        return if found.contains(&None) { None } else { found.into_iter().flatten().next() };
    }
    match value {
        Value::Array(items) => items.iter().find_map(|item| misfit(document, &schema["items"], item)),
        Value::Object(fields) => {
            let known = schema["properties"].as_object()?;
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let lacking = required.filter(|name| !fields.contains_key(*name)).map(|name| format!("{name} is lacking"));
            let foreign =
                fields.keys().filter(|name| !known.contains_key(*name)).map(|name| format!("{name} is unknown"));
            let inside = known.iter().filter_map(|(name, schema)| misfit(document, schema, fields.get(name)?));
            lacking.chain(foreign).chain(inside).next()
        }
        Value::Null if schema["type"] == "object" => Some("null is no object".into()),
        _ => None,
    }
}

/// Schemas of objects that hold together, as one.
fn joined(document: &Value, parts: &[Value]) -> Value {
    let (mut properties, mut required) = (serde_json::Map::new(), Vec::new());
    for part in parts {
        let part = part["$ref"].as_str().map_or(part, |path| document.pointer(&path[1..]).unwrap());
        properties.extend(part["properties"].as_object().unwrap().clone());
        required.extend(part["required"].as_array().into_iter().flatten().cloned());
    }
    serde_json::json!({ "properties": properties, "required": required })
}

/// The path with its parameters filled in: by their examples, or by something else.
fn filled(path: &str, call: &Value, fill: &str) -> String {
    let mut path = path.to_owned();
    for parameter in call["parameters"].as_array().into_iter().flatten().filter(|one| one["in"] == "path") {
        let example = parameter["example"].as_str().unwrap();
        let value = if fill == "example" { example } else { fill };
        path = path.replace(&format!("{{{}}}", parameter["name"].as_str().unwrap()), value);
    }
    path
}

/// The call refuses a claim of an unknown network that lacks them, and the document called them optional without a word.
#[tokio::test]
async fn the_document_says_who_may_leave_out_what_a_claim_says_of_its_network() {
    let document = Server::start().get("/openapi.json").await.ok();
    let fields = &document["components"]["schemas"]["NewClaim"]["properties"];
    for field in ["title", "contacts"] {
        let told = fields[field]["description"].as_str().unwrap();
        assert!(told.contains("Needed") && told.contains("network's token"), "{field}: {told}");
    }
}
