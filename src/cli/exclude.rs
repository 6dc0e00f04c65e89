//! `dnsbld exclude`: makes a hole in a list: the key is not listed although a wider entry covers it.
//!
//! Guarantees: when it ends with 0, the hole is on disk and DNS answers by it.
//! Never: removes an entry of a source; the source may bring it again.

use super::{Connection, Failure, add::About};
use serde_json::json;

/// Take a key off a list, whoever lists it: an exclusion stays when a feed imports the key again.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  dnsbld exclude dynamic 192.0.2.25 --reason \"a mail server with a fixed address\"
  dnsbld exclude spam 192.0.2.0/24 --expires 30d
  dnsbld exclude never 10.0.0.0/8                    makes a hole in what can never be listed")]
pub struct Exclude {
    #[command(flatten)]
    about: About,
}

impl Exclude {
    /// Excludes.
    pub fn run(&self, connection: &Connection) -> Result<(), Failure> {
        let mut entry = self.about.entry();
        entry.insert("exclude".into(), json!(true));
        self.about.post(connection, entry)
    }
}
