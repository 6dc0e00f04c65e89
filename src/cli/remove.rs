//! `dnsbld remove`: removes the entry of one source.
//!
//! Guarantees: ends with 1 where the source holds no such entry, and says who lists the key and what to type instead.
//! Never: touches what other sources hold.

use super::{
    Connection, Failure,
    client::{Client, escaped},
    say, words,
};
use crate::list::{ListName, SourceName};
use serde_json::Value;

/// Remove the entry of one source. What other sources list stays listed.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  dnsbld remove spam 192.0.2.25
  dnsbld remove dynamic 192.0.2.0/24 --source isp

Where the source does not hold the key, the exit code is 1, and the `exclude` line to type is printed.")]
pub struct Remove {
    /// The list
    list: ListName,
    /// The key as it is listed
    key: String,
    /// Whose entry
    #[arg(long, default_value = "operator")]
    source: SourceName,
    /// Go past a guard (admins only)
    #[arg(long)]
    force: bool,
}

impl Remove {
    /// Removes.
    pub fn run(&self, connection: &Connection) -> Result<(), Failure> {
        let path = format!(
            "/api/v1/lists/{}/entries?key={}&source={}{}",
            escaped(self.list.as_str()),
            escaped(&self.key),
            escaped(self.source.as_str()),
            if self.force { "&force=true" } else { "" }
        );
        let reply = Client::find(connection)?.delete(&path)?;
        let answer = reply.value()?;
        let removed = words::number(&answer, "removed") > 0;
        let still = self.still_listed(&answer);
        if connection.json {
            reply.say(|_| String::new())?;
            return if removed { Ok(()) } else { Err(Failure::Refused(String::new())) };
        }
        if removed {
            return say(&format!("{}{still}", words::written(&answer)));
        }
        let Self { list, key, source, .. } = self;
        Err(Failure::Refused(format!("the source {source} holds no entry {key} in {list}{still}")))
    }

    fn still_listed(&self, answer: &Value) -> String {
        let holders = words::items(answer, "still_listed_by");
        if holders.is_empty() {
            return String::new();
        }
        let Self { list, key, .. } = self;
        let holders: Vec<String> = holders
            .iter()
            .map(|by| format!("{} (as {})", words::text(by, "source"), words::text(by, "entry")))
            .collect();
        format!(
            "\n{key} is still listed by {}. To take it off all the same, type:\n  dnsbld exclude {list} {key}",
            holders.join(", ")
        )
    }
}
