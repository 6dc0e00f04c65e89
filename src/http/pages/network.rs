//! The pages of a network: what it says to the public, and where it looks after its ranges.
//!
//! ```text
//! /networks/NAME          for everyone
//! /networks/NAME/manage   signed in: ranges, listed addresses, requests, claims
//!                         POST .../sign-in, .../sign-out, .../ranges, .../decide, .../claim
//! ```
//! Guarantees: what a session may is what its token may; a form that changes something carries the session's own word and
//! comes from a page of ours.
//! Never: shows a network of which nothing is in force to strangers; puts a token into a page.

mod shown;

use super::{
    Access, At, Of, Reader, Response, Said, Site, State,
    claim::prefixes as read_prefixes,
    html, message, problem_page, problem_page_before,
    words::{several_lines, to_be_edited, visible},
};
use crate::{
    cases::{
        Decider, Ending, Fault, Id, NetworkIs, State as Stand, Unfit,
        network::{Network, NetworkName, PrefixState, Range},
    },
    http::{
        Problem, api,
        auth::{self, Act, Holder},
        forms::{Sent, counted},
        sessions::{Secure, Session},
        state::blocking,
    },
    limits::NETWORK_PAGE_ROWS,
    list::{KeyError, Prefix},
    store::TokenHash,
};
use askama::Template;
use axum::{
    extract::Query,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect},
};
use serde::Deserialize;
use shown::{ListedShown, PrefixShown, RangeShown, RequestShown, prefixes};

pub(super) use shown::{RecordsShown, records};

#[derive(Template)]
#[template(path = "network.html", config = "src/http/pages/askama.toml")]
struct NetworkPage {
    site: Site,
    name: String,
    title: String,
    contact: String,
    contact_link: String,
    prefixes: Vec<PrefixShown>,
    ranges: Vec<RangeShown>,
}

#[derive(Template)]
#[template(path = "network-sign-in.html", config = "src/http/pages/askama.toml")]
struct SignInPage {
    site: Site,
    name: String,
    title: String,
    wrong: bool,
}

#[derive(Template)]
#[template(path = "network-desk.html", config = "src/http/pages/askama.toml")]
struct DeskPage {
    site: Site,
    name: String,
    title: String,
    word: String,
    said: Option<String>,
    wrong: Option<Said>,
    prefixes: Vec<PrefixShown>,
    records: Vec<RecordsShown>,
    ranges: Vec<RangeShown>,
    listed: Vec<ListedShown>,
    more: Option<String>,
    requests: Vec<RequestShown>,
    more_requests: Option<String>,
    /// Those that were granted: the network may take them back.
    granted: Vec<RequestShown>,
    more_granted: Option<String>,
}

/// A token, typed.
#[derive(Deserialize)]
pub(in crate::http) struct SignIn {
    token: String,
}

/// The word of a session.
#[derive(Deserialize)]
pub(in crate::http) struct Word {
    word: String,
}

/// What is to be said of a range.
#[derive(Deserialize)]
pub(in crate::http) struct RangeForm {
    word: String,
    prefix: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    smarthost: String,
    #[serde(default)]
    self_removal: Option<String>,
    /// Which button.
    #[serde(default)]
    remove: Option<String>,
}

/// Further prefixes that a network claims.
#[derive(Deserialize)]
pub(in crate::http) struct ClaimForm {
    word: String,
    prefixes: String,
}

/// A decision.
#[derive(Deserialize)]
pub(in crate::http) struct DecisionForm {
    word: String,
    id: String,
    #[serde(default)]
    why: String,
    /// Which button.
    #[serde(default)]
    accept: Option<String>,
}

#[derive(Deserialize)]
pub(in crate::http) struct Done {
    #[serde(default)]
    saved: Option<String>,
    /// The request that was decided.
    #[serde(default)]
    decided: Option<String>,
}

async fn known(state: &State, name: &str) -> Result<Network, Problem> {
    let name: NetworkName = name.parse().map_err(|_| Problem::not_found("there is no such network"))?;
    api::find_network(state, name).await
}

/// `/networks/{name}`
pub(in crate::http) async fn network(
    Of(state): Of<State>,
    access: Access,
    reader: Reader,
    At(name): At<String>,
) -> Response {
    if let Err(problem) = access.count_look_up(&state) {
        return problem_page(&state, &reader, &problem);
    }
    let found = match known(&state, &name).await {
        Ok(found) if found.is_active() => found,
        Ok(_) => return problem_page(&state, &reader, &Problem::not_found("there is no such network")),
        Err(problem) => return problem_page(&state, &reader, &problem),
    };
    let site = Site::of(&state, &state.snapshot(), "network", &reader);
    let (words, now) = (reader.messages, state.parts.clock.now());
    let contact = visible(&found.public_contact);
    let page = NetworkPage {
        site,
        name: found.name.to_string(),
        title: visible(&found.title),
        contact_link: if contact.starts_with("https://") { contact.clone() } else { format!("mailto:{contact}") },
        contact,
        prefixes: prefixes(&found, words, now, |state| state == PrefixState::Active),
        ranges: found
            .ranges
            .iter()
            .filter(|range| found.holds(range.prefix))
            .map(|range| RangeShown::of(range, several_lines))
            .collect(),
    };
    html(StatusCode::OK, &reader, &page)
}

/// `/networks/{name}/manage`
pub(in crate::http) async fn manage(
    Of(state): Of<State>,
    access: Access,
    reader: Reader,
    At(name): At<String>,
    headers: HeaderMap,
    Query(done): Query<Done>,
) -> Response {
    if let Err(problem) = access.count_look_up(&state) {
        return problem_page(&state, &reader, &problem);
    }
    let found = match known(&state, &name).await {
        Ok(found) => found,
        Err(problem) => return problem_page(&state, &reader, &problem),
    };
    match state.sessions.of(&state, &headers, &found.name).await {
        Some(session) => {
            let said = match done.decided {
                Some(id) => decided(&state, &reader, &found, &id).await,
                None => done.saved.map(|_| reader.messages.say("network-saved")),
            };
            desk_page(&state, &reader, found, &session, said, None).await
        }
        None if found.is_active() => sign_in_page(&state, &reader, &found, false),
        None => problem_page(&state, &reader, &Problem::not_found("there is no such network")),
    }
}

/// What became of a request by the network's decision: as it stands now, and nothing of another network's.
async fn decided(state: &State, reader: &Reader, network: &Network, id: &str) -> Option<String> {
    let request = state.desk().removal(id.parse().ok()?).await.ok()?.request;
    if !request.is_for(network.name.as_str()) {
        return None;
    }
    let said = match (request.state, request.ending) {
        (Stand::Granted, _) => "network-taken-off",
        (Stand::Refused, _) => "network-left",
        (Stand::Ended, Some(Ending::Revoked)) => "network-taken-back",
        _ => return Some(reader.messages.say("network-saved")),
    };
    let list = request.list.as_str();
    Some(reader.messages.get(said, &[("key", visible(&request.asked).into()), ("list", list.into())]))
}

fn sign_in_page(state: &State, reader: &Reader, network: &Network, wrong: bool) -> Response {
    let site = Site::of(state, &state.snapshot(), "network", reader);
    let (name, title) = (network.name.to_string(), visible(&network.title));
    let status = if wrong { StatusCode::FORBIDDEN } else { StatusCode::OK };
    private(html(status, reader, &SignInPage { site, name, title, wrong }))
}

/// Pages behind a session are kept by nobody.
fn private(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn desk_page(
    state: &State,
    reader: &Reader,
    network: Network,
    session: &Session,
    said: Option<String>,
    wrong: Option<Said>,
) -> Response {
    let (words, now) = (reader.messages, state.parts.clock.now());
    let (listed, more) = match api::some_listings(state, network.clone(), NETWORK_PAGE_ROWS).await {
        Ok(found) => found,
        Err(problem) => return problem_page(state, reader, &problem),
    };
    let (waiting, more_waiting) = match api::waiting_requests(state, &network, NETWORK_PAGE_ROWS).await {
        Ok(found) => found,
        Err(problem) => return problem_page(state, reader, &problem),
    };
    let (granted, more_granted) = match api::granted_requests(state, &network, NETWORK_PAGE_ROWS).await {
        Ok(found) => found,
        Err(problem) => return problem_page(state, reader, &problem),
    };
    let first = |id: &str, count: usize| words.with(id, "count", words.number(count as u64));
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = DeskPage {
        site: Site::of(state, &state.snapshot(), "network", reader),
        name: network.name.to_string(),
        title: visible(&network.title),
        word: session.word.clone(),
        said,
        wrong,
        prefixes: prefixes(&network, words, now, |_| true),
        records: records(&network, words, now),
        ranges: network.ranges.iter().map(|range| RangeShown::of(range, to_be_edited)).collect(),
        more: more.then(|| first("network-listed-more", listed.len())),
        listed: listed.into_iter().map(|one| ListedShown::of(one, words, now)).collect(),
        requests: waiting.iter().map(|request| RequestShown::of(request, words, now)).collect(),
        more_requests: more_waiting.then(|| first("network-requests-more", waiting.len())),
        granted: granted.iter().map(|request| RequestShown::of(request, words, now)).collect(),
        more_granted: more_granted.then(|| first("network-granted-more", granted.len())),
    };
    of_session(html(status, reader, &page), session)
}

/// What a session is shown; it lasts from here on.
fn of_session(response: Response, session: &Session) -> Response {
    private(([(header::SET_COOKIE, session.cookie.as_str())], response).into_response())
}

fn manage_path(name: &NetworkName, reader: &Reader, query: &str) -> String {
    reader.link(&format!("/networks/{name}/manage{query}"))
}

/// `POST /networks/{name}/sign-in`
pub(in crate::http) async fn sign_in(
    Of(state): Of<State>,
    access: Access,
    reader: Reader,
    At(name): At<String>,
    sent: Result<Sent<SignIn>, Problem>,
) -> Response {
    let name: NetworkName = match name.parse() {
        Ok(name) => name,
        Err(_) => return problem_page(&state, &reader, &Problem::not_found("there is no such network")),
    };
    let form = match sent {
        Ok(Sent(form)) => form,
        Err(problem) => return not_taken(&state, &reader, &name, &problem),
    };
    if auth::accepts_tokens(&access.caller, &access.settings).is_err() {
        let words = reader.messages;
        let lines = vec![words.say("network-clear-text")];
        return message(&state, &reader, StatusCode::FORBIDDEN, words.say("network-clear-heading"), lines);
    }
    match signed_in(&state, &access, name, form.token.trim()).await {
        Ok((network, Some(cookie))) => {
            let to = Redirect::to(&manage_path(&network.name, &reader, ""));
            ([(header::SET_COOKIE, cookie)], to).into_response()
        }
        Ok((network, None)) => sign_in_page(&state, &reader, &network, true),
        Err(problem) => problem_page(&state, &reader, &problem),
    }
}

/// The cookie of a new session; none for a token that is not in force for the network.
async fn signed_in(
    state: &State,
    access: &Access,
    name: NetworkName,
    token: &str,
) -> Result<(Network, Option<String>), Problem> {
    counted(&state.sign_ins, &access.caller)?;
    let network = api::find_network(state, name).await?;
    if !network.is_active() {
        return Err(Problem::not_found("there is no such network"));
    }
    let (hash, asked) = (TokenHash::of(token), state.clone());
    let now = state.parts.clock.now();
    let row = blocking(move || Ok(asked.store().view().token_in_force(hash, now)?)).await?;
    let holder = row.as_ref().map(Holder::of).filter(|holder| holder.may(Act::Network(&network.name)).is_ok());
    let Some(holder) = holder else { return Ok((network, None)) };
    let secure = Secure::of(&access.settings.public_url);
    let cookie = state.sessions.open(network.name.clone(), &holder.actor, hash, secure, now)?;
    Ok((network, Some(cookie)))
}

/// `POST /networks/{name}/sign-out`
pub(in crate::http) async fn sign_out(
    Of(state): Of<State>,
    access: Access,
    reader: Reader,
    At(name): At<String>,
    headers: HeaderMap,
    sent: Result<Sent<Word>, Problem>,
) -> Response {
    let network = match at_desk(&state, &reader, &headers, &name, sent, |form| &form.word).await {
        Ok((network, ..)) => network,
        Err(elsewhere) => return *elsewhere,
    };
    let cookie = state.sessions.close(&headers, &network.name, Secure::of(&access.settings.public_url));
    let to = Redirect::to(&reader.link(&format!("/networks/{}", network.name)));
    ([(header::SET_COOKIE, cookie)], to).into_response()
}

/// The network and the session that a form belongs to, and the form; else where its sender has to go. `word` gives the
/// session's word that the form carries.
async fn at_desk<T>(
    state: &State,
    reader: &Reader,
    headers: &HeaderMap,
    name: &str,
    sent: Result<Sent<T>, Problem>,
    word: fn(&T) -> &str,
) -> Result<(Network, Session, T), Box<Response>> {
    let network = known(state, name).await.map_err(|problem| Box::new(problem_page(state, reader, &problem)))?;
    let Sent(form) = sent.map_err(|problem| Box::new(not_taken(state, reader, &network.name, &problem)))?;
    let session = state.sessions.of(state, headers, &network.name).await;
    match session.filter(|session| TokenHash::of(&session.word) == TokenHash::of(word(&form))) {
        Some(session) => Ok((network, session, form)),
        None => Err(Box::new(Redirect::to(&manage_path(&network.name, reader, "")).into_response())),
    }
}

/// The page for a form of the network's that was not taken.
fn not_taken(state: &State, reader: &Reader, name: &NetworkName, problem: &Problem) -> Response {
    problem_page_before(state, reader, problem, Some(format!("/networks/{name}/manage")))
}

/// `POST /networks/{name}/ranges`
pub(in crate::http) async fn range(
    Of(state): Of<State>,
    reader: Reader,
    At(name): At<String>,
    headers: HeaderMap,
    sent: Result<Sent<RangeForm>, Problem>,
) -> Response {
    let (network, session, form) = match at_desk(&state, &reader, &headers, &name, sent, |form| &form.word).await {
        Ok(at_desk) => at_desk,
        Err(elsewhere) => return *elsewhere,
    };
    match change_range(&state, &session, form).await {
        Ok(()) => Redirect::to(&manage_path(&network.name, &reader, "?saved=1")).into_response(),
        Err(fault) => not_done(&state, &reader, network, &session, &fault).await,
    }
}

/// The desk again, with why nothing came of a form.
async fn not_done(state: &State, reader: &Reader, network: Network, session: &Session, fault: &Fault) -> Response {
    let wrong = Said::of(fault, state.parts.clock.now(), reader.messages);
    desk_page(state, reader, network, session, None, Some(wrong)).await
}

async fn change_range(state: &State, session: &Session, form: RangeForm) -> Result<(), Fault> {
    let prefix: Prefix = form.prefix.trim().parse().map_err(|error| Unfit::Key(KeyError::Prefix(error)))?;
    let range = Range {
        prefix,
        text: form.text.trim().replace("\r\n", "\n"),
        smarthost: form.smarthost.trim().to_owned(),
        self_removal: form.self_removal.is_some(),
    };
    let remove = form.remove.is_some();
    let apply = move |network: &mut Network, _| {
        if remove {
            network.remove_range(prefix);
            return Ok(());
        }
        Ok(network.put_range(range)?)
    };
    state.desk().change_network(&session.actor, &session.network, "range", apply).await.map(drop)
}

/// `POST /networks/{name}/claim`
pub(in crate::http) async fn claim(
    Of(state): Of<State>,
    reader: Reader,
    At(name): At<String>,
    headers: HeaderMap,
    sent: Result<Sent<ClaimForm>, Problem>,
) -> Response {
    let (network, session, form) = match at_desk(&state, &reader, &headers, &name, sent, |form| &form.word).await {
        Ok(at_desk) => at_desk,
        Err(elsewhere) => return *elsewhere,
    };
    let claimed = async {
        let prefixes = read_prefixes(&form.prefixes)?;
        let Network { name, title, contacts, public_contact, .. } = network.clone();
        let is = NetworkIs { name, title, contacts, public_contact };
        state.desk().claim(&session.actor, is, &prefixes, true).await
    };
    match claimed.await {
        Ok(_) => Redirect::to(&manage_path(&network.name, &reader, "?saved=1")).into_response(),
        Err(fault) => not_done(&state, &reader, network, &session, &fault).await,
    }
}

/// `POST /networks/{name}/decide`
pub(in crate::http) async fn decide(
    Of(state): Of<State>,
    reader: Reader,
    At(name): At<String>,
    headers: HeaderMap,
    sent: Result<Sent<DecisionForm>, Problem>,
) -> Response {
    let (network, session, form) = match at_desk(&state, &reader, &headers, &name, sent, |form| &form.word).await {
        Ok(at_desk) => at_desk,
        Err(elsewhere) => return *elsewhere,
    };
    let Ok(id) = form.id.parse::<Id>() else {
        return problem_page(&state, &reader, &Problem::not_found("there is no such request"));
    };
    let who = Decider::Network(network.name.as_str().into());
    match state.desk().decide_removal(id, &who, form.accept.is_some(), &form.why).await {
        Ok(_) => Redirect::to(&manage_path(&network.name, &reader, &format!("?decided={id}"))).into_response(),
        Err(fault) => not_done(&state, &reader, network, &session, &fault).await,
    }
}

/// `/networks/{name}/listings.csv`
pub(in crate::http) async fn listings(
    Of(state): Of<State>,
    reader: Reader,
    At(name): At<String>,
    headers: HeaderMap,
) -> Response {
    let network = match known(&state, &name).await {
        Ok(network) => network,
        Err(problem) => return problem_page(&state, &reader, &problem),
    };
    match state.sessions.of(&state, &headers, &network.name).await {
        Some(session) => of_session(api::listings_csv(state, network), &session),
        None => Redirect::to(&manage_path(&network.name, &reader, "")).into_response(),
    }
}
