//! `dnsbld check-config`: every mistake of a configuration, or the template of one.
//!
//! Guarantees: exit code 0 means that `serve` takes the file.
//! Never: opens the store or an address.

use super::{Connection, Failure, say};
use crate::config;
use std::path::PathBuf;

/// Check a configuration file and name every mistake with its line, or print a template.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  dnsbld check-config dnsbld.toml
  dnsbld check-config --template > dnsbld.toml     a file with every option, its default and what it does")]
pub struct CheckConfig {
    /// The file to check
    file: Option<PathBuf>,
    /// Print a complete configuration with every option and its default
    #[arg(long, conflicts_with_all = ["file", "table"])]
    template: bool,
    /// Print all options as a Markdown table
    #[arg(long, conflicts_with = "file")]
    table: bool,
}

impl CheckConfig {
    /// Checks, or prints.
    pub fn run(&self, connection: &Connection) -> Result<(), Failure> {
        if self.template {
            return say(&config::template());
        }
        if self.table {
            return say(&config::markdown());
        }
        let Some(file) = self.file.as_ref().or(connection.config.as_ref()) else {
            return Err(Failure::Usage("say which file: dnsbld check-config FILE (or --template)".into()));
        };
        let read = config::read_file(file).map_err(|error| match error {
            config::ReadError::File { .. } => Failure::Config(error.to_string()),
            config::ReadError::Mistakes { ref mistakes, .. } => {
                let noun = if mistakes.len() == 1 { "mistake" } else { "mistakes" };
                Failure::Config(format!("{} {noun} in the configuration\n{error}", mistakes.len()))
            }
        })?;
        say(&format!(
            "{}: no mistakes; {} lists, {} zones, data in {}",
            file.display(),
            read.lists.len(),
            read.zones.len(),
            read.data_dir.display()
        ))
    }
}
