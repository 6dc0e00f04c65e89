//! `dnsbld completions`: what a shell completes.
//!
//! Guarantees: printed from the same definition as `--help`.
//! Never: installs anything.

use super::{Failure, done};
use std::io::{self, Write as _};

/// Print the completions of a shell.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  dnsbld completions bash > /etc/bash_completion.d/dnsbld")]
pub struct Completions {
    /// The shell
    shell: clap_complete::Shell,
}

impl Completions {
    /// Prints.
    pub fn run(&self, mut command: clap::Command) -> Result<(), Failure> {
        let mut page = Vec::new();
        clap_complete::generate(self.shell, &mut command, "dnsbld", &mut page);
        done(io::stdout().lock().write_all(&page))
    }
}
