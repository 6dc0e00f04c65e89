//! The log: one event a line on standard error.
//!
//! Guarantees: text on a terminal, JSON elsewhere; `RUST_LOG` says what is logged, by default what an operator acts on; where
//! it cannot be written (a full disk), what was to be logged is lost, and nothing else.
//! Never: logs a query, the address of a client, or a token.

use std::io::{self, IsTerminal as _};
use tracing_subscriber::{EnvFilter, fmt};

/// What is logged unless `RUST_LOG` says otherwise.
const DEFAULT: &str = "info,hickory=warn,hyper=warn";

/// Starts logging, once a process.
pub fn begin() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    // Told of on standard error, a log that cannot be written would be a panic of whoever logs.
    let log = fmt().with_env_filter(filter).with_writer(io::stderr).log_internal_errors(false);
    // A log that was begun before (by another server in this process) goes on as it is.
    let _already = if io::stderr().is_terminal() {
        log.compact().with_target(false).try_init()
    } else {
        log.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
    };
}
