//! The routes: every path that is served, the bound of its time, and the headers of every answer.
//!
//! Guarantees: whatever goes wrong under `/api` is problem+json, elsewhere a page; no answer may be framed, sniffed, or load
//! anything from elsewhere.
//! Never: does the work of a call.

use super::{
    Problem, State,
    api::{self, Document},
    pages,
};
use crate::{limits::HTTP_REQUEST_TIME, metrics::Answered};
use axum::{
    Router,
    extract::{MatchedPath, Request, State as Of},
    http::{HeaderName, HeaderValue, Method, Uri, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{any, get, post, put},
};
use std::{sync::Arc, time::Duration};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

/// Nothing from elsewhere, no script at all, one style sheet of ours.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    // Nothing to other sites. With "no-referrer" browsers would send forms with "Origin: null", which `forms` refuses.
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// All that is served.
pub fn router(state: State) -> Router {
    let (quick, unbounded) = api::calls();
    let within = |bound: Duration| from_fn(move |request: Request, next: Next| bounded(bound, request, next));
    let described = OpenApiRouter::with_openapi(api::Base::openapi())
        .merge(quick.layer(within(HTTP_REQUEST_TIME)))
        .merge(unbounded);
    let (calls, mut document) = described.split_for_parts();
    api::complete(&mut document);
    let json = document.to_json().unwrap_or_else(|error| {
        tracing::error!(%error, "the API's document cannot be written");
        String::from("{}")
    });
    let told = serde_json::from_str(&json).unwrap_or_default();
    state.document.get_or_init(|| Document { json, told });

    let pages = Router::new()
        .route("/", get(pages::front))
        // The form of address that refusals of old lists name: `/bl?192.0.2.7`.
        .route("/bl", get(pages::front))
        .route("/lookup", get(pages::form))
        .route("/lists/{list}", get(pages::list))
        .route("/claim", get(pages::claim).post(pages::send_claim))
        .route("/networks/{name}", get(pages::network))
        .route("/networks/{name}/claim", get(pages::claim_stands).post(pages::network_claim))
        .route("/networks/{name}/manage", get(pages::network_manage))
        .route("/networks/{name}/sign-in", post(pages::network_sign_in))
        .route("/networks/{name}/sign-out", post(pages::network_sign_out))
        .route("/networks/{name}/ranges", post(pages::network_range))
        .route("/networks/{name}/decide", post(pages::network_decide))
        .route("/networks/{name}/listings.csv", get(pages::network_listings))
        .route("/retest", get(pages::ask_retest))
        .route("/retests", post(pages::send_retest))
        .route("/retests/{id}", get(pages::retest))
        .route("/lists/{list}/map", get(pages::map_of_list))
        .route("/map", get(pages::map))
        .route("/map.png", get(pages::map_picture))
        .route("/privacy", get(pages::privacy))
        .route("/removals/new", get(pages::new_removal))
        .route("/removals", post(pages::ask_removal))
        .route("/removals/{id}", get(pages::removal).post(pages::act_on_removal))
        .route("/docs", get(pages::docs))
        .route("/openapi.json", get(openapi))
        .route("/style.css", get(pages::style))
        .route("/favicon.svg", get(pages::favicon))
        .route("/robots.txt", get(pages::robots))
        .route("/api/v1/lookup/{first}/{length}", get(api::range_in_path))
        .route("/api/v1/history/{first}/{length}", get(api::history_of_range))
        .route(
            "/api/v1/networks/{name}/ranges/{first}/{length}",
            put(api::put_range_in_path).delete(api::delete_range_in_path),
        )
        .route("/api", any(no_call))
        .route("/api/{*rest}", any(no_call))
        .route("/{key}", get(pages::key))
        .route("/{first}/{length}", get(pages::range))
        .layer(within(HTTP_REQUEST_TIME))
        .layer(from_fn_with_state(state.clone(), paged));
    calls
        .merge(pages)
        .fallback(nowhere)
        .method_not_allowed_fallback(not_so)
        .layer(from_fn_with_state(state.clone(), dressed))
        .with_state(state)
}

async fn openapi(Of(state): Of<State>) -> Response {
    let json = state.document.get().map(|document| document.json.clone()).unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")], json).into_response()
}

/// A call that there is not.
async fn no_call() -> Problem {
    Problem::not_found("there is no such call; /docs shows all")
}

/// What leads nowhere.
async fn nowhere(Of(state): Of<State>, reader: pages::Reader, uri: Uri) -> Response {
    if uri.path().starts_with("/api/") { no_call().await.into_response() } else { pages::nowhere(&state, &reader) }
}

/// What is there, but not for this method: a browser that comes back to where a form was sent gets a page.
async fn not_so(Of(state): Of<State>, reader: pages::Reader, method: Method, uri: Uri) -> Response {
    let page = method == Method::GET && !uri.path().starts_with("/api/");
    if page { pages::forms_only(&state, &reader) } else { Problem::method().into_response() }
}

/// Ends a request that takes longer than its bound.
async fn bounded(bound: Duration, request: Request, next: Next) -> Response {
    let answered = tokio::time::timeout(bound, next.run(request)).await;
    let late = |_| Problem::timeout(format!("the request was not done within {} s", bound.as_secs())).into_response();
    answered.unwrap_or_else(late)
}

/// Makes a page of what went wrong before or beside the work of a page: a path that cannot be read, a bound of time. What is
/// wrong with a token is for programs: no page asks for one in a header.
async fn paged(Of(state): Of<State>, reader: pages::Reader, request: Request, next: Next) -> Response {
    let of_api = request.uri().path().starts_with("/api");
    let response = next.run(request).await;
    match response.extensions().get::<Arc<Problem>>() {
        Some(problem) if !of_api && !matches!(problem.status, 401 | 403) => pages::problem(&state, &reader, problem),
        _ => response,
    }
}

/// Puts the headers on every answer, and counts it.
async fn dressed(Of(state): Of<State>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, value);
    }
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let answered = Answered { route, status: response.status().as_u16() };
    state.parts.metrics.requests.get_or_create(&answered).inc();
    response
}
