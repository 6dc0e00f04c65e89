//! `dnsbld add`: lists one key.
//!
//! Guarantees: when it ends with 0, the entry is on disk and DNS answers by it.
//! Never: excludes; that is `dnsbld exclude`.

use super::{
    Connection, Failure,
    client::{Client, escaped},
    words,
};
use crate::list::{ListName, SourceName};
use serde_json::{Map, Value, json};

/// What `add` and `exclude` say about a key.
#[derive(clap::Args)]
pub struct About {
    /// The list
    list: ListName,
    /// The key: an address, a prefix, a name (=name: only itself, *.name: only what is below) or a hash
    key: String,
    /// Who says so
    #[arg(long, default_value = "operator")]
    source: SourceName,
    /// Why, in words that people read
    #[arg(long, value_name = "WORDS")]
    reason: Option<String>,
    /// When the entry ends: a time (2027-01-31T12:00:00Z, 2027-01-31) or a duration (90d, 12h)
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    /// When the evidence was seen; else now
    #[arg(long, value_name = "TIME")]
    seen: Option<String>,
    /// Evidence that anyone may read
    #[arg(long, value_name = "TEXT")]
    evidence: Option<String>,
    /// Evidence that only admins read
    #[arg(long, value_name = "TEXT")]
    private_evidence: Option<String>,
    /// Go past a guard (admins only)
    #[arg(long)]
    force: bool,
}

/// List one key.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  dnsbld add spam 192.0.2.25 --reason \"hit 3 traps\" --expires 7d
  dnsbld add bad-domain '=shop.example.org'
  dnsbld add mails someone@example.org               the server keeps only the hash")]
pub struct Add {
    #[command(flatten)]
    about: About,
    /// One of the list's further codes
    #[arg(long)]
    code: Option<String>,
    /// A TXT text of its own, where the list allows it
    #[arg(long)]
    text: Option<String>,
}

impl Add {
    /// Adds.
    pub fn run(&self, connection: &Connection) -> Result<(), Failure> {
        let mut entry = self.about.entry();
        insert(&mut entry, "code", self.code.as_ref());
        insert(&mut entry, "text", self.text.as_ref());
        self.about.post(connection, entry)
    }
}

fn insert(entry: &mut Map<String, Value>, key: &str, value: Option<&String>) {
    if let Some(value) = value {
        entry.insert(key.into(), json!(value));
    }
}

impl About {
    /// The JSON object of the API.
    pub fn entry(&self) -> Map<String, Value> {
        let mut entry = Map::new();
        entry.insert("key".into(), json!(self.key));
        entry.insert("source".into(), json!(self.source));
        insert(&mut entry, "reason", self.reason.as_ref());
        insert(&mut entry, "expires", self.expires.as_ref());
        insert(&mut entry, "seen", self.seen.as_ref());
        let mut evidence = Map::new();
        insert(&mut evidence, "public", self.evidence.as_ref());
        insert(&mut evidence, "private", self.private_evidence.as_ref());
        if !evidence.is_empty() {
            entry.insert("evidence".into(), evidence.into());
        }
        entry
    }

    /// Sends it and says what came of it.
    pub fn post(&self, connection: &Connection, entry: Map<String, Value>) -> Result<(), Failure> {
        let force = if self.force { "?force=true" } else { "" };
        let path = format!("/api/v1/lists/{}/entries{force}", escaped(self.list.as_str()));
        Client::find(connection)?.post(&path, &entry.into())?.say(words::written)
    }
}
