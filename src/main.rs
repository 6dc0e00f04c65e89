//! The program: exit codes, nothing else.
//!
//! Guarantees: every failure ends with the code of its kind (README, `dnsbld --help`), its sentence on standard error.
//! Never: decides what a failure is; `cli` does.

use dnsbld::cli::{self, Failure};
use std::process::ExitCode;

fn main() -> ExitCode {
    let Err(failure) = cli::run(std::env::args_os()) else { return ExitCode::SUCCESS };
    let words = failure.to_string();
    if !words.is_empty() {
        eprintln!("dnsbld: {words}");
    }
    ExitCode::from(match failure {
        Failure::Refused(_) => 1,
        Failure::Usage(_) => 64,
        Failure::Unreachable(_) => 69,
        Failure::CannotBind(_) => 71,
        Failure::DataDir(_) => 73,
        Failure::Store(_) => 74,
        Failure::Config(_) => 78,
    })
}
