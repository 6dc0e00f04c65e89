//! The line of curl that shows how a call is made, out of the call's own description.
//!
//! Guarantees: it has each parameter and field that the call needs, and those beside them that have an example; quoted for a
//! shell.
//! Never: knows a call by itself.

use super::text;
use serde_json::Value;
use std::fmt::Write as _;

/// A time where a description has no example: one that is over wherever this runs.
const PAST: &str = "2026-01-02T03:04:05Z";

/// A line of curl that makes the call.
pub(super) fn line(document: &Value, (path, verb): (&str, &str), operation: &Value, base: &str) -> String {
    let mut line = String::from("curl");
    if verb != "get" {
        // Writing to a text does not fail.
        let _ = write!(line, " -X {}", verb.to_ascii_uppercase());
    }
    if operation.get("security").is_some() {
        line.push_str(" -H \"Authorization: Bearer $TOKEN\"");
    }
    let (mut url, mut query) = (format!("{base}{path}"), Vec::new());
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let Some(value) = value(document, parameter) else { continue };
        let name = text(&parameter["name"]);
        match parameter["in"].as_str() {
            Some("path") => url = url.replace(&format!("{{{name}}}"), &value),
            Some("header") => {
                let _ = write!(line, " -H {}", quoted(&format!("{name}: {value}")));
            }
            _ => query.push(format!("{name}={value}")),
        }
    }
    if let Some(content) = operation["requestBody"]["content"].as_object() {
        if content.contains_key("text/plain") {
            line.push_str(" --data-binary @list.txt");
        } else if let Some(body) = content.get("application/json") {
            let _ = write!(line, " -d {}", quoted(&sample(document, &body["schema"])));
        }
    }
    if !query.is_empty() {
        url = format!("{url}?{}", query.join("&"));
    }
    format!("{line} {}", quoted(&url))
}

/// A word as it is, for a shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The value of a parameter, where one is to be shown.
fn value(document: &Value, parameter: &Value) -> Option<String> {
    let given = parameter.get("example").or_else(|| example(document, &parameter["schema"]));
    match given {
        Some(Value::String(value)) => Some(value.clone()),
        Some(other) => Some(other.to_string()),
        None if parameter["required"] == true => {
            Some(sample(document, &parameter["schema"]).trim_matches('"').to_owned())
        }
        None => None,
    }
}

/// The schema that one leads to: the first that is not null of several.
fn meant<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    if schema.get("example").is_some() {
        return schema;
    }
    if let Some(path) = schema["$ref"].as_str() {
        let target = path.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
        return target.map_or(schema, |target| meant(document, target));
    }
    let several = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
    let first = several.and_then(|ways| ways.iter().find(|way| way["type"] != "null"));
    first.map_or(schema, |way| meant(document, way))
}

fn example<'d>(document: &'d Value, schema: &'d Value) -> Option<&'d Value> {
    meant(document, schema).get("example")
}

/// JSON that a schema describes.
fn sample(document: &Value, schema: &Value) -> String {
    let schema = meant(document, schema);
    if let Some(known) = schema.get("example").or_else(|| schema["enum"].get(0)) {
        return written(known);
    }
    let kinds = schema["type"].as_array().map_or(std::slice::from_ref(&schema["type"]), Vec::as_slice);
    let kind = kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null");
    match kind {
        Some("object") => object(document, schema),
        Some("array") => format!("[{}]", sample(document, &schema["items"])),
        Some("boolean") => "true".into(),
        Some("integer" | "number") => schema.get("minimum").map_or_else(|| "1".into(), Value::to_string),
        _ if schema["format"] == "date-time" => format!("\"{PAST}\""),
        _ => "\"...\"".into(),
    }
}

/// An object: first what it needs, in the order of its description.
fn object(document: &Value, schema: &Value) -> String {
    let needed: Vec<_> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let all = schema["properties"].as_object();
    let further = all
        .into_iter()
        .flatten()
        .filter(|(name, field)| !needed.contains(&name.as_str()) && example(document, field).is_some());
    let names = needed.iter().copied().chain(further.map(|(name, _)| name.as_str()));
    braced(names.map(|name| (name, sample(document, &schema["properties"][name]))))
}

fn braced<'n>(fields: impl Iterator<Item = (&'n str, String)>) -> String {
    let fields: Vec<_> = fields.map(|(name, value)| format!("\"{name}\": {value}")).collect();
    format!("{{{}}}", fields.join(", "))
}

/// JSON on one line, with the spaces that make it legible.
fn written(value: &Value) -> String {
    match value {
        Value::Object(fields) => braced(fields.iter().map(|(name, value)| (name.as_str(), written(value)))),
        Value::Array(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}
