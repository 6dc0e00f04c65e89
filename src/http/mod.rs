//! HOW PEOPLE AND PROGRAMS TALK TO US. Pages, the API and its documentation, over HTTP/1.1.
//!
//! ```text
//! serve > caller (who, through which proxy) > routes > auth (what they may) > api or pages > store rows, snapshot
//!                                                                           > change::Door (all that writes)
//! ```
//! Guarantees: every error of the API is problem+json; bodies of any size in bounded memory; what others wrote is escaped
//! on every page; no page needs a script.
//! Never: writes but through the door; reads a token from a URL; keeps an address.

mod access;
mod admin_token;
mod api;
mod auth;
mod body;
mod caller;
mod csv;
mod explain;
mod fence;
mod forms;
mod limiter;
mod pages;
mod problem;
mod room;
mod routes;
mod serve;
mod sessions;
mod settings;
mod state;
#[cfg(test)]
mod tests;

pub use admin_token::{ADMIN_TOKEN_FILE, AdminTokenError, admin_token};
pub use auth::{Holder, REPORTS_PREFIX};
pub use caller::{Caller, Door, Peer};
pub use problem::Problem;
pub use routes::router;
pub use serve::{BindError, Listeners};
pub use settings::{Kept, Settings};
pub use state::{Ask, Parts, State};
