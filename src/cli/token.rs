//! `dnsbld token`: makes, lists and revokes tokens of the API.
//!
//! Guarantees: a new token is printed once; the server keeps only its hash.
//! Never: writes a token anywhere but to standard output.

use super::{
    Connection, Failure,
    client::{Client, escaped},
    words::{items, plain, table, text},
};
use serde_json::{Value, json};

/// Make, list and revoke the tokens of the API.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  dnsbld token create isp-feed --scope write:dynamic/isp
  dnsbld token create helpdesk --scope 'exclude:*/helpdesk' --scope read --expires 365d
  dnsbld token create mx1 --scope report:mx1
  dnsbld token create complaints --scope mail:complaints/example.org
  dnsbld token list
  dnsbld token revoke 3f2a9c0d11e7

Scopes: admin, read, write:LIST/SOURCE, exclude:LIST/SOURCE (may exclude too); either part may be *. network:NAME runs a network's
ranges, report:REPORTER reports. mail:REPORTER/DOMAIN stands alone: it makes a mailbox for reports (ARF, X-ARF) that DOMAIN signs
by DKIM.")]
pub struct Token {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Make a token and print it once
    Create {
        /// What it is for
        name: String,
        /// What it may do; several are possible
        #[arg(long = "scope", required = true, value_name = "SCOPE")]
        scopes: Vec<String>,
        /// When it ends: a time or a duration
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
    },
    /// List the tokens, without their secrets
    List,
    /// End a token
    Revoke {
        /// Its id, as `list` shows it
        id: String,
    },
}

impl Token {
    /// Does it.
    pub fn run(&self, connection: &Connection) -> Result<(), Failure> {
        let client = Client::find(connection)?;
        match &self.action {
            Action::Create { name, scopes, expires } => {
                let mut body = json!({"name": name, "scopes": scopes});
                if let Some(expires) = expires {
                    body["expires"] = json!(expires);
                }
                let made = client.post("/api/v1/tokens", &body)?;
                // Of a mailbox the whole address is what is used. It stands alone: `TOKEN=$(dnsbld token create ...)`.
                made.say(|answer| text(answer, if answer["address"].is_string() { "address" } else { "token" }))?;
                if !connection.json {
                    eprintln!("(token {}; it is shown only now)", text(&made.value()?, "id"));
                }
                Ok(())
            }
            Action::List => client.get("/api/v1/tokens")?.say(listed),
            Action::Revoke { id } => client
                .delete(&format!("/api/v1/tokens/{}", escaped(id)))?
                .say_even_empty(|| format!("token {id} is revoked")),
        }
    }
}

fn listed(answer: &Value) -> String {
    let tokens =
        if answer.is_array() { answer.as_array().map_or(&[][..], Vec::as_slice) } else { items(answer, "tokens") };
    let row = |token: &Value| {
        let scopes: Vec<String> = items(token, "scopes").iter().map(plain).collect();
        vec![text(token, "id"), text(token, "name"), scopes.join(" "), text(token, "created"), text(token, "expires")]
    };
    table(&["ID", "NAME", "SCOPES", "CREATED", "EXPIRES"], &tokens.iter().map(row).collect::<Vec<_>>())
}
