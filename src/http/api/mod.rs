//! The API, version 1: one file a subject; its OpenAPI document is generated from these handlers.
//!
//! Guarantees: times are RFC 3339 in UTC; every error is problem+json and is in the document.
//! Never: answers a write before it is on disk and served.

#![allow(unused_qualifications, reason = "`#[utoipa::path]` writes them")]

mod audit;
mod backup;
mod challenge;
mod changes;
pub(super) mod claims;
mod document;
mod entries;
mod export;
mod feed;
mod health;
mod history;
mod lists;
mod lookup;
mod network_listings;
mod networks;
mod posted;
mod removals;
mod reports;
pub(super) mod retests;
mod sources;
mod status;
mod tokens;
mod webhooks;
mod written;

pub(super) use challenge::Purpose;
pub(super) use claims::claims_of_strangers;
pub use document::Document;
pub(super) use document::{Base, complete};
pub(super) use history::{Stay, of_range as history_of_range, stays as past_stays};
pub(super) use lists::{all as all_lists, find as find_list, settings as list_settings};
pub(super) use lookup::contact as contact_of;
pub(super) use network_listings::{
    Listed, as_csv as listings_csv, granted_requests, some as some_listings, waiting_requests,
};
pub(super) use networks::{delete_range_in_path, found as find_network, put_range_in_path};
pub(super) use removals::test_of;

use super::{Problem, State};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Parameters that writes share.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Forced {
    /// Override the guards (admins only).
    #[serde(default)]
    pub force: bool,
}

/// The calls, and the document that describes them: those that are bounded in time as a whole, and those that change
/// something or stream. A change is bounded while its body is read; after that the door answers, and cutting it short would
/// leave its sender in doubt.
pub(super) fn calls() -> (OpenApiRouter<State>, OpenApiRouter<State>) {
    let quick = OpenApiRouter::new()
        .routes(routes!(lookup::look_up))
        .routes(routes!(history::history))
        .routes(routes!(lists::lists))
        .routes(routes!(lists::list))
        .routes(routes!(entries::read))
        .routes(routes!(sources::source))
        .routes(routes!(export::list))
        .routes(routes!(export::zone))
        .routes(routes!(changes::changes))
        .routes(routes!(challenge::challenge))
        .routes(routes!(networks::list))
        .routes(routes!(networks::show))
        .routes(routes!(network_listings::listings))
        .routes(routes!(network_listings::requests))
        .routes(routes!(retests::ask))
        .routes(routes!(retests::retest))
        .routes(routes!(audit::audit))
        .routes(routes!(tokens::list))
        .routes(routes!(status::status))
        .routes(routes!(health::health))
        .routes(routes!(health::live))
        .routes(routes!(health::metrics));
    let unbounded = OpenApiRouter::new()
        .routes(routes!(lists::purge))
        .routes(routes!(entries::add, entries::remove))
        .routes(routes!(sources::replace, sources::purge))
        .routes(routes!(sources::undo))
        .routes(routes!(removals::ask, removals::list))
        .routes(routes!(removals::read, removals::withdraw))
        .routes(routes!(removals::prove))
        .routes(routes!(removals::decide))
        .routes(routes!(tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(status::resume))
        .routes(routes!(reports::report))
        .routes(routes!(networks::create))
        .routes(routes!(claims::claim))
        .routes(routes!(networks::change, networks::delete))
        .routes(routes!(networks::put_range, networks::delete_range))
        .routes(routes!(backup::backup));
    (quick, unbounded)
}

/// A prefix in a path has a slash, and so one part more than a call of its own.
pub(super) async fn range_in_path(
    axum::extract::Path((first, length)): axum::extract::Path<(String, String)>,
) -> Problem {
    match super::explain::read_key(&format!("{first}/{length}")) {
        Err(unasked) => unasked.into(),
        Ok(_) => Problem::malformed("write the address without its length"),
    }
}
