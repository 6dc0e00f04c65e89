//! `dnsbld serve`: runs the server in the foreground.
//!
//! Guarantees: returns when the server has ended, with the exit code of why.
//! Never: goes into the background; that is the service manager's business.

use super::{Connection, Failure};
use crate::run::{self, RunError};

/// Run the server in the foreground.
///
/// Logs go to standard error. One line with the addresses goes to standard output when it is ready.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  dnsbld serve --config /etc/dnsbld.toml
  RUST_LOG=dnsbld=debug dnsbld serve --config dnsbld.toml

SIGHUP reads the configuration again: lists, zones, texts and limits. A wrong file changes nothing.
SIGTERM and SIGINT abort a running import, answer what was asked, and end within 3 seconds.")]
pub struct Serve {}

impl Serve {
    /// Serves until a signal or a failure ends it.
    pub fn run(connection: &Connection) -> Result<(), Failure> {
        let Some(file) = &connection.config else {
            return Err(Failure::Usage("say which configuration: dnsbld serve --config FILE".into()));
        };
        run::serve(file).map_err(|error| {
            let words = error.to_string();
            match error {
                RunError::Config(_) => Failure::Config(words),
                RunError::User { .. } => Failure::Config(format!("{}: {words}", file.display())),
                RunError::Bind(_) => Failure::CannotBind(words),
                RunError::DataDir { .. } => Failure::DataDir(words),
                RunError::Store { .. } => Failure::Store(words),
                RunError::Failed(_) => Failure::Refused(words),
            }
        })
    }
}
