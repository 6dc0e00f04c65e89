//! `dnsbld man`: the manual page.
//!
//! Guarantees: printed from the same definition as `--help`.
//! Never: installs anything.

use super::{Failure, done};
use std::{
    io::{self, Write as _},
    path::PathBuf,
};

/// Print the manual page, or write one for each command into a directory.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  dnsbld man | man -l -
  dnsbld man /usr/local/share/man/man1")]
pub struct Man {
    /// A directory for dnsbld.1, dnsbld-import.1 and so on
    dir: Option<PathBuf>,
}

impl Man {
    /// Prints, or writes.
    pub fn run(&self, command: clap::Command) -> Result<(), Failure> {
        if let Some(dir) = &self.dir {
            return clap_mangen::generate_to(command, dir)
                .map_err(|error| Failure::Refused(format!("cannot write into {}: {error}", dir.display())));
        }
        let mut page = Vec::new();
        done(clap_mangen::Man::new(command).render(&mut page).and_then(|()| io::stdout().lock().write_all(&page)))
    }
}
