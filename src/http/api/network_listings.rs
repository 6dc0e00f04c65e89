//! `/api/v1/networks/{name}/listings` and `.../requests`: what is listed inside a network, whoever says so, and what people
//! ask for of it.
//!
//! Guarantees: nothing outside its active prefixes; the CSV is all of it, in bounded memory.
//! Never: shows private evidence.

use super::removals::Removal;
use crate::{
    cases::{
        Request,
        network::{Network, NetworkName},
    },
    change::last_seen,
    http::{
        Problem, State,
        access::{Access, Asked, At},
        body::{self, AnswerWriter},
        csv,
        explain::ends,
        fence::acting,
        state::blocking,
    },
    limits::NETWORK_LISTINGS_MAX,
    list::{Key, Mark, Prefix, Time},
    snapshot::Snapshot,
    store::View,
};
use axum::{
    Json,
    extract::State as Of,
    http::header,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use std::{io::Write, ops::ControlFlow, sync::Arc, time::Duration};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListingsParameters {
    /// `json` (default), the first 10,000; or `csv`, all.
    #[param(example = "csv")]
    format: Option<String>,
}

/// What is listed inside a network.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Listings {
    listings: Vec<Listed>,
    /// Whether there is more; the CSV has all.
    more: bool,
}

/// An entry inside a network.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Listed {
    pub list: String,
    #[schema(example = "192.0.2.25")]
    pub key: String,
    pub source: String,
    /// Whether it makes a hole.
    pub exclude: bool,
    pub reason: String,
    #[schema(value_type = String, format = DateTime)]
    pub first_seen: Time,
    #[schema(value_type = String, format = DateTime)]
    pub last_seen: Time,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires: Option<Time>,
}

/// What is listed inside a network
#[utoipa::path(get, path = "/api/v1/networks/{name}/listings", tag = "networks",
    security(("token" = ["network:NAME"])),
    params(("name" = String, Path, description = "Its name", example = "example-net"), ListingsParameters),
    responses((status = 200, description = "Entries of every list inside its active prefixes",
        content((Listings = "application/json"), (String = "text/csv")))))]
pub(super) async fn listings(
    Of(state): Of<State>,
    access: Access,
    At(name): At<String>,
    Asked(asked): Asked<ListingsParameters>,
) -> Result<Response, Problem> {
    let name: NetworkName = name.parse().map_err(|_| Problem::not_found("there is no such network"))?;
    let (_, network) = acting(&state, &access, &name).await?;
    match asked.format.as_deref() {
        None | Some("json") => {
            let (listings, more) = some(&state, network, NETWORK_LISTINGS_MAX).await?;
            Ok(Json(Listings { listings, more }).into_response())
        }
        Some("csv") => Ok(as_csv(state, network)),
        Some(_) => Err(Problem::malformed("format: json or csv")),
    }
}

/// What people ask for of addresses of a network.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NetworkRequests {
    /// Open and granted requests for removal, with contact and note: `deciding` waits for the network.
    requests: Vec<Removal>,
}

/// Requests inside a network
///
/// Decide one with `POST /api/v1/removals/{id}/decision`.
#[utoipa::path(get, path = "/api/v1/networks/{name}/requests", tag = "networks",
    security(("token" = ["network:NAME"])),
    params(("name" = String, Path, description = "Its name", example = "example-net")),
    responses((status = 200, description = "Those for addresses that it answers for", body = NetworkRequests)))]
pub(super) async fn requests(
    Of(state): Of<State>,
    access: Access,
    At(name): At<String>,
) -> Result<Json<NetworkRequests>, Problem> {
    let name: NetworkName = name.parse().map_err(|_| Problem::not_found("there is no such network"))?;
    let (_, network) = acting(&state, &access, &name).await?;
    let (desk, faulty) = (state.desk().clone(), state.faulty());
    let requests = move || desk.requests_of(&network.name, NETWORK_LISTINGS_MAX).map_err(faulty);
    let requests = blocking(requests).await?;
    let shown = requests.into_iter().map(|request| Removal::of(request.into(), true));
    Ok(Json(NetworkRequests { requests: shown.collect() }))
}

/// The requests that a network is to decide, and whether there are more.
pub(in crate::http) async fn waiting_requests(
    state: &State,
    network: &Network,
    most: usize,
) -> Result<(Vec<Request>, bool), Problem> {
    let (desk, name, faulty) = (state.desk().clone(), network.name.clone(), state.faulty());
    blocking(move || desk.requests_waiting_for(&name, most).map_err(faulty)).await
}

/// The removals for its addresses that stand, and whether there are more.
pub(in crate::http) async fn granted_requests(
    state: &State,
    network: &Network,
    most: usize,
) -> Result<(Vec<Request>, bool), Problem> {
    let (desk, name, faulty) = (state.desk().clone(), network.name.clone(), state.faulty());
    blocking(move || desk.requests_granted_of(&name, most).map_err(faulty)).await
}

/// The first entries inside a network, and whether there are more.
pub(in crate::http) async fn some(
    state: &State,
    network: Network,
    most: usize,
) -> Result<(Vec<Listed>, bool), Problem> {
    state
        .read(move |view, snapshot| {
            let (mut listings, mut more) = (Vec::new(), false);
            walk(view, snapshot, &network, &mut |listed| {
                more = listings.len() >= most;
                if more {
                    return ControlFlow::Break(());
                }
                listings.push(listed);
                ControlFlow::Continue(())
            })?;
            Ok((listings, more))
        })
        .await
}

/// All of it as CSV.
pub(in crate::http) fn as_csv(state: State, network: Network) -> Response {
    let Ok(permit) = Arc::clone(&state.exports).try_acquire_owned() else {
        return Problem::busy("enough exports are running", Duration::from_secs(10)).into_response();
    };
    let (writer, body) = body::answer();
    let file = format!("attachment; filename=\"{}.csv\"", network.name);
    // The thread ends with the body, at the latest when its reader goes.
    drop(tokio::task::spawn_blocking(move || {
        let _permit = permit;
        if let Err(error) = write(&state, &network, writer) {
            tracing::info!(%error, "a CSV of a network broke off");
        }
    }));
    ([(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, file)], body)
        .into_response()
}

fn write(state: &State, network: &Network, mut writer: AnswerWriter) -> std::io::Result<()> {
    let head = ["list", "key", "source", "exclude", "reason", "first_seen", "last_seen", "expires"];
    writer.write_all(csv::line(&head).as_bytes())?;
    let mut broken = None;
    let walked = walk(&state.store().view(), &state.snapshot(), network, &mut |listed| {
        let times = [listed.first_seen.to_string(), listed.last_seen.to_string()];
        let expires = listed.expires.map_or_else(String::new, |end| end.to_string());
        let exclude = if listed.exclude { "true" } else { "false" };
        let cells =
            [&*listed.list, &listed.key, &listed.source, exclude, &listed.reason, &times[0], &times[1], &expires];
        match writer.write_all(csv::line(&cells).as_bytes()) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                broken = Some(error);
                ControlFlow::Break(())
            }
        }
    });
    walked.map_err(|problem| std::io::Error::other(String::from(problem.detail)))?;
    broken.map_or(Ok(()), Err)?;
    writer.end()
}

/// Goes over the entries inside the active prefixes, each once, list by list.
fn walk(
    view: &View<'_>,
    snapshot: &Snapshot,
    network: &Network,
    see: &mut dyn FnMut(Listed) -> ControlFlow<()>,
) -> Result<(), Problem> {
    let active: Vec<Prefix> = network.active().collect();
    let outermost = |one: &&Prefix| !active.iter().any(|other| other != *one && other.covers(**one));
    for (_, list) in snapshot.served().lists().filter(|(_, list)| !list.name.is_never()) {
        let Some(id) = view.catalog().list_id(&list.name) else { continue };
        for prefix in active.iter().filter(outermost) {
            for held in view.inside(id, &Key::Prefix(*prefix)) {
                let held = held?;
                let detail = view.detail(held.source.owner(), &held.key)?;
                let listed = Listed {
                    list: list.name.to_string(),
                    key: held.key.to_string(),
                    source: held.source.name.to_string(),
                    exclude: held.entry.mark == Mark::Excluded,
                    reason: detail.reason.into(),
                    first_seen: held.entry.first_seen,
                    last_seen: last_seen(&held.entry, held.source.row.complete_at),
                    expires: ends(&held.entry, held.source.row.complete_at, list),
                };
                if see(listed).is_break() {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}
