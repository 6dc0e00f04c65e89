//! `dnsbld removals`: who asks for the removal of what, and deciding it.
//!
//! Guarantees: shows what waits for a decision first; a decision is in the audit trail with its reason.
//! Never: decides by itself.

use super::{
    Connection, Failure,
    client::{Client, escaped},
    words::{items, table, text},
};
use serde_json::{Value, json};

/// List the requests for removal, and decide them.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  dnsbld removals list
  dnsbld removals decide 00112233445566778899aabbccddeeff yes --why 'their server, we asked'
  dnsbld removals decide 00112233445566778899aabbccddeeff no --why 'still sends spam'

A no on a granted request takes it back.")]
pub struct Removals {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// List the requests that are open or granted
    List,
    /// Decide a request
    Decide {
        /// Its id, as `list` shows it
        id: String,
        /// What is decided
        answer: Answer,
        /// Why; who asked reads it
        #[arg(long, default_value = "")]
        why: String,
    },
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Answer {
    Yes,
    No,
}

impl Removals {
    /// Does it.
    pub fn run(&self, connection: &Connection) -> Result<(), Failure> {
        let client = Client::find(connection)?;
        match &self.action {
            Action::List => client.get("/api/v1/removals")?.say(listed),
            Action::Decide { id, answer, why } => {
                let body = json!({"accept": matches!(answer, Answer::Yes), "why": why});
                let path = format!("/api/v1/removals/{}/decision", escaped(id));
                client.post(&path, &body)?.say(|request| {
                    format!("{} in {}: {}", text(request, "key"), text(request, "list"), text(request, "state"))
                })
            }
        }
    }
}

fn listed(answer: &Value) -> String {
    let mut requests: Vec<&Value> = items(answer, "removals").iter().collect();
    requests.sort_by_key(|request| (text(request, "state") != "deciding", text(request, "asked_at")));
    let row = |request: &&Value| {
        ["id", "state", "list", "key", "asked_at", "contact"].map(|field| text(request, field)).to_vec()
    };
    let rows: Vec<_> = requests.iter().map(row).collect();
    let more = if answer["next"].is_null() { "" } else { "\nThere are more: /api/v1/removals?after=ID" };
    format!("{}{more}", table(&["ID", "STATE", "LIST", "KEY", "ASKED", "CONTACT"], &rows))
}
