//! `dnsbld status`: how the server is.
//!
//! Guarantees: names what an operator has to act on first: writes that are off, expiry that is paused, what waits for a
//! decision, orphans.
//! Never: changes anything.

use super::{
    Connection, Failure,
    client::Client,
    words::{items, number, plain, table, text},
};
use serde_json::Value;
use std::fmt::Write as _;

/// Say how the server is: serials, counts, and what needs an operator.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  dnsbld --config dnsbld.toml status")]
pub struct Status {}

impl Status {
    /// Asks and tells.
    pub fn run(connection: &Connection) -> Result<(), Failure> {
        Client::find(connection)?.get("/api/v1/status")?.say(described)
    }
}

fn described(answer: &Value) -> String {
    let (stored, served) = (number(answer, "stored_serial"), number(answer, "served_serial"));
    let mut words = if stored == served {
        format!("serial {stored}, stored and served")
    } else {
        format!("serial {stored} stored, {served} served")
    };
    // Writing into a String cannot fail.
    let lineage = text(answer, "lineage");
    if !lineage.is_empty() {
        let _ = write!(words, "; lineage {lineage}");
    }
    if answer["writes_off"].as_bool().unwrap_or(false) {
        words.push_str("\nWRITES ARE OFF: a write to the disk failed. See the log, mend the disk, restart.");
    }
    if answer["expiry_paused"].as_bool().unwrap_or(false) {
        let why = text(answer, "expiry_paused_because");
        let _ = write!(words, "\nEXPIRY IS PAUSED: {why}. Check the clock, then POST /api/v1/expiry/resume");
    }
    let waiting = [
        ("requests_waiting", "requests", "dnsbld removals list"),
        ("claims_waiting", "claims of networks", "GET /api/v1/networks"),
    ];
    for (field, what, command) in waiting {
        let count = number(answer, field);
        if count > 0 {
            let _ = write!(words, "\n{what} that wait for a decision: {count}; see {command}");
        }
    }
    let running = number(answer, "imports_running");
    if running > 0 {
        let _ = write!(words, "\nimports under way: {running}");
    }
    let restored = text(answer, "restored_at");
    if !restored.is_empty() {
        let tokens: Vec<String> = items(answer, "restored_tokens").iter().map(name_of).collect();
        let _ = write!(words, "\nThis store was started from a backup at {restored}.");
        if !tokens.is_empty() {
            let _ = write!(words, " Tokens in it, to be looked through: {}", tokens.join(", "));
        }
    }
    let orphans: Vec<String> = items(answer, "orphans").iter().map(name_of).collect();
    if !orphans.is_empty() {
        let _ = write!(words, "\nLists that no configuration names (orphans): {}", orphans.join(", "));
    }
    let rows: Vec<Vec<String>> = items(answer, "lists")
        .iter()
        .map(|list| vec![name_of(list), text(list, "kind"), text(list, "entries"), text(list, "sources")])
        .collect();
    if !rows.is_empty() {
        let _ = write!(words, "\n{}", table(&["LIST", "KIND", "ENTRIES", "SOURCES"], &rows));
    }
    words
}

fn name_of(value: &Value) -> String {
    if value.is_object() { text(value, "name") } else { plain(value) }
}
