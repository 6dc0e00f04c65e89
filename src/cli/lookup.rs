//! `dnsbld lookup`: what the lists say about an address, a name or a hash.
//!
//! Guarantees: says who lists the key, as what, why and until when, and what DNS answers.
//! Never: asks DNS; the server answers from what it serves.

use super::{
    Connection, Failure,
    client::{Client, escaped},
    words::{items, plain, text},
};
use serde_json::Value;
use std::fmt::Write as _;

/// Say whether an address, a name or a hash is listed, by whom, why and until when.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  dnsbld lookup 192.0.2.25
  dnsbld lookup shop.example.org --json

The exit code is 0 whether it is listed or not.")]
pub struct Lookup {
    /// An address, a name or a hash
    key: String,
}

impl Lookup {
    /// Asks and tells.
    pub fn run(&self, connection: &Connection) -> Result<(), Failure> {
        Client::find(connection)?.get(&format!("/api/v1/lookup/{}", escaped(&self.key)))?.say(described)
    }
}

/// A look-up in words.
pub fn described(answer: &Value) -> String {
    let key = text(answer, "key");
    let listed = answer["listed"].as_bool().unwrap_or(false);
    let mut words = match (listed, answer["test_point"].as_bool().unwrap_or(false)) {
        (_, true) => format!("{key} is a test entry: it is always listed, so that mail servers can be tested."),
        (true, false) => format!("{key} is listed."),
        (false, false) => format!("{key} is not listed."),
    };
    // Writing into a String cannot fail.
    for entry in items(answer, "matches") {
        let _ = write!(words, "\n  {}{}", text(entry, "list"), about(entry));
    }
    for entry in items(answer, "excluded_by") {
        let _ = write!(words, "\n  not in {}{}", text(entry, "list"), about(entry));
    }
    for zone in items(answer, "zones") {
        let codes: Vec<String> = items(zone, "answers").iter().map(plain).collect();
        let codes = if codes.is_empty() { "not listed".to_owned() } else { codes.join(", ") };
        let _ = write!(words, "\nDNS: {} answers {codes}", text(zone, "origin"));
    }
    let serial = text(answer, "serial");
    if !serial.is_empty() {
        let _ = write!(words, "\nas of serial {serial}");
    }
    words
}

fn about(entry: &Value) -> String {
    let mut words = String::new();
    for (key, before, after) in
        [("entry", ": ", ""), ("source", ", from ", ""), ("code", ", code ", ""), ("reason", ": \"", "\"")]
    {
        let value = text(entry, key);
        if !value.is_empty() {
            let _ = write!(words, "{before}{value}{after}");
        }
    }
    for (key, name) in [
        ("first_seen", "first seen"),
        ("last_seen", "last seen"),
        ("expires", "ends"),
        ("evidence", "evidence:"),
        ("text", "says"),
    ] {
        let value = text(entry, key);
        if !value.is_empty() {
            let _ = write!(words, "\n    {name} {value}");
        }
    }
    let contact = plain(&entry["removal"]["contact"]);
    if !contact.is_empty() {
        let _ = write!(words, "\n    who can take it off: {contact}");
    }
    words
}
