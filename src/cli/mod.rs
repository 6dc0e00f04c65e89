//! HOW PEOPLE TYPE. One file a command; all but `serve`, `check-config`, `completions` and `man` are clients of the API.
//!
//! ```text
//! argv > Command > client > HTTP API > words (or, with --json, what the API answered)
//! ```
//! Guarantees: a failure has one exit code ([`Failure`]) and says what to do; a pipe that closes early is no failure.
//! Never: opens the store of a running server; prints a token but the one that it has just made.

mod add;
mod backup;
mod check_config;
mod client;
mod completions;
mod exclude;
mod export;
mod files;
mod import;
mod lookup;
mod man;
mod removals;
mod remove;
mod serve;
mod status;
#[cfg(test)]
mod tests;
mod token;
mod words;

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use std::{
    ffi::OsString,
    io::{self, Write as _},
    path::PathBuf,
};

/// Why a command ends without success; `main` gives each its exit code.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The server said no, or what it was asked for went wrong. Exit code 1.
    #[error("{0}")]
    Refused(String),
    /// The command line makes no sense. Exit code 64.
    #[error("{0}")]
    Usage(String),
    /// No server answers there. Exit code 69.
    #[error("{0}")]
    Unreachable(String),
    /// An address cannot be bound. Exit code 71.
    #[error("{0}")]
    CannotBind(String),
    /// The data directory is in use or not usable. Exit code 73.
    #[error("{0}")]
    DataDir(String),
    /// The store is damaged, newer than the program, or failing. Exit code 74.
    #[error("{0}")]
    Store(String),
    /// The configuration has mistakes. Exit code 78.
    #[error("{0}")]
    Config(String),
}

/// The whole command line.
#[derive(Parser)]
#[command(
    name = "dnsbld",
    version,
    about = "A DNS blocklist server, and the commands that change and read its lists",
    after_help = HELP,
    arg_required_else_help = true,
    max_term_width = 100
)]
struct CommandLine {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    command: Command,
}

const HELP: &str = "\
Start a server, and ask it:
  dnsbld check-config --template > dnsbld.toml
  dnsbld serve --config dnsbld.toml
  dnsbld --config dnsbld.toml import dynamic ranges.txt
  dnsbld --config dnsbld.toml lookup 192.0.2.1

Exit codes: 0 done, 1 refused or failed, 64 usage, 69 server not reachable, 71 cannot bind,
73 data directory in use or not usable, 74 store damaged, newer or failing, 78 configuration.";

/// Options of every command, in a paragraph of their own.
const HEADING: &str = "Which server, and how it answers";

/// How a command finds its server.
#[derive(Args)]
struct Connection {
    /// Where the server's API is, for example `http://127.0.0.1:8053`
    #[arg(long, global = true, help_heading = HEADING, value_name = "URL", env = "DNSBLD_SERVER", hide_env_values = true)]
    server: Option<String>,
    /// The token to show. Other users of this machine can read it in the list of processes: better use the
    /// environment or --token-file
    #[arg(long, global = true, help_heading = HEADING, value_name = "TOKEN", env = "DNSBLD_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// A file that holds the token
    #[arg(long, global = true, help_heading = HEADING, value_name = "FILE", conflicts_with = "token")]
    token_file: Option<PathBuf>,
    /// The server's configuration: `serve` runs by it, the other commands find the server and its admin.token through it
    #[arg(long, global = true, help_heading = HEADING, value_name = "FILE", env = "DNSBLD_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,
    /// Print what the API answered, as it is
    #[arg(long, global = true, help_heading = HEADING)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    Serve(serve::Serve),
    CheckConfig(check_config::CheckConfig),
    Import(import::Import),
    Add(add::Add),
    Exclude(exclude::Exclude),
    Remove(remove::Remove),
    Removals(removals::Removals),
    Export(export::Export),
    Lookup(lookup::Lookup),
    Token(token::Token),
    Status(status::Status),
    Backup(backup::Backup),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Runs one command line.
///
/// # Errors
/// See [`Failure`]; an empty text was said already.
pub fn run(args: impl IntoIterator<Item = OsString>) -> Result<(), Failure> {
    let line = match CommandLine::try_parse_from(args) {
        Ok(line) => line,
        Err(error) => {
            // Help and version are no errors; where their reader has gone there is nobody to tell.
            let _gone = error.print();
            return if error.use_stderr() { Err(Failure::Usage(String::new())) } else { Ok(()) };
        }
    };
    let connection = &line.connection;
    match line.command {
        Command::Serve(_) => serve::Serve::run(connection),
        Command::CheckConfig(command) => command.run(connection),
        Command::Import(command) => command.run(connection),
        Command::Add(command) => command.run(connection),
        Command::Exclude(command) => command.run(connection),
        Command::Remove(command) => command.run(connection),
        Command::Removals(command) => command.run(connection),
        Command::Export(command) => command.run(connection),
        Command::Lookup(command) => command.run(connection),
        Command::Token(command) => command.run(connection),
        Command::Status(_) => status::Status::run(connection),
        Command::Backup(command) => command.run(connection),
        Command::Completions(command) => command.run(CommandLine::command()),
        Command::Man(command) => command.run(CommandLine::command()),
    }
}

/// Prints to standard output. A reader that has gone (`| head`) has what it wanted.
fn say(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    done(write!(out, "{text}{newline}").and_then(|()| out.flush()))
}

/// The result of writing to standard output.
fn done(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Refused(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}
