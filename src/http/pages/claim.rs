//! The pages of a claim: the form in which a network says that prefixes are its own, and how a claim stands.
//!
//! ```text
//! /claim                            what a claim is, and the form        POST /claim   claimed: on to its page
//! /networks/NAME/claim?claim=WORD   the records to put into DNS, and how it stands
//! ```
//! Guarantees: works without script or account; a claim is shown to who has its word, which is what its records say.
//! Never: puts anything in force; shows contacts.

use super::{
    Access, Asked, At, Of, Reader, Response, Said, Site, State, StatusCode, html,
    network::{RecordsShown, records},
    problem_page, problem_page_before, rendered,
    words::visible,
};
use crate::{
    cases::{
        Fault, NetworkIs, Unfit,
        network::{Network, PrefixState},
    },
    http::{
        Problem,
        api::{self, Purpose, claims},
        forms::{Came, NotTaken, Sent},
    },
    limits::{CLAIM_PREFIXES_MAX, NETWORK_NAME_OCTETS_MAX, NETWORK_TITLE_CHARACTERS_MAX},
    list::{KeyError, Prefix},
};
use askama::Template;
use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse as _, Redirect},
};
use serde::Deserialize;

/// What the form holds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::http) struct Form {
    name: String,
    title: String,
    contacts: String,
    public_contact: String,
    prefixes: String,
    token: String,
}

/// The word of a claim.
#[derive(Debug, Deserialize)]
pub(in crate::http) struct Word {
    claim: String,
}

#[derive(Template)]
#[template(path = "claim-form.html", config = "src/http/pages/askama.toml")]
struct FormPage {
    site: Site,
    /// Why nothing came of what was sent.
    wrong: Option<Said>,
    most: usize,
    name_max: usize,
    title_max: usize,
    filled: Form,
}

#[derive(Template)]
#[template(path = "claim.html", config = "src/http/pages/askama.toml")]
struct ClaimPage {
    site: Site,
    name: String,
    title: String,
    tone: &'static str,
    state: String,
    meaning: String,
    records: Vec<RecordsShown>,
    /// The whole address of this page, to be written down.
    url: String,
    /// This page.
    look: String,
    active: bool,
}

/// `/claim`
pub(in crate::http) async fn form(Of(state): Of<State>, access: Access, reader: Reader) -> Response {
    match access.count_look_up(&state) {
        Ok(()) => form_page(&state, &access, &reader, Form::default(), None, false),
        Err(problem) => problem_page(&state, &reader, &problem),
    }
}

/// `POST /claim`
pub(in crate::http) async fn send(
    Of(state): Of<State>,
    access: Access,
    reader: Reader,
    sent: Result<Sent<Form>, Problem>,
) -> Response {
    let filled = match sent {
        Ok(Sent(filled)) => filled,
        Err(problem) => return problem_page_before(&state, &reader, &problem, Some("/claim".into())),
    };
    let (words, now) = (reader.messages, state.parts.clock.now());
    let (purpose, key) = (Purpose::Claim.as_str(), access.caller.key());
    if let Err(fault) = state.forms.admit(purpose, key, now, &filled.token, None) {
        if let Some(Came::Led(page)) = state.forms.came_of(purpose, key, &filled.token) {
            return Redirect::to(&reader.link(&page)).into_response();
        }
        let good = matches!(fault, NotTaken::Soon(_));
        return form_page(&state, &access, &reader, filled, Some(fault.said(words).into()), good);
    }
    if let Err(problem) = state.forms.count(&access.caller) {
        return problem_page(&state, &reader, &problem);
    }
    let (here, who, form) = (state.clone(), access.clone(), filled.clone());
    let claimed = state.act_on_form(purpose, key, &filled.token, async move {
        let page = claimed(&here, &who, &form).await?;
        Ok((page.clone(), Came::Led(page)))
    });
    match claimed.await.unwrap_or_else(|problem| Err(NotClaimed::Here(problem))) {
        Ok(page) => Redirect::to(&reader.link(&page)).into_response(),
        Err(NotClaimed::Desk(fault)) => {
            form_page(&state, &access, &reader, filled, Some(Said::of(&fault, now, words)), true)
        }
        Err(NotClaimed::Here(problem)) => problem_page(&state, &reader, &problem),
    }
}

/// Why a form made no claim.
enum NotClaimed {
    /// Too many came.
    Here(Problem),
    /// The desk does not take it.
    Desk(Fault),
}

/// Makes the claim of a form; the page on which it stands, by its word.
async fn claimed(state: &State, access: &Access, filled: &Form) -> Result<Box<str>, NotClaimed> {
    let (is, prefixes) = read(filled).map_err(|unfit| NotClaimed::Desk(unfit.into()))?;
    state.desk().could_claim(&is, &prefixes).map_err(NotClaimed::Desk)?;
    claims::count_stranger(state, access).map_err(NotClaimed::Here)?;
    let network = state.desk().claim("anyone", is, &prefixes, false).await.map_err(NotClaimed::Desk)?;
    let word = network.prefixes.first().map(|held| &*held.token).unwrap_or_default();
    Ok(format!("/networks/{}/claim?claim={word}", network.name).into())
}

fn read(filled: &Form) -> Result<(NetworkIs, Vec<Prefix>), Unfit> {
    let is = NetworkIs {
        name: filled.name.trim().parse()?,
        title: filled.title.trim().to_owned(),
        contacts: apart(&filled.contacts).map(str::to_owned).collect(),
        public_contact: filled.public_contact.trim().to_owned(),
    };
    Ok((is, prefixes(&filled.prefixes)?))
}

/// The prefixes in a field of a form: each on its own line, or with commas or spaces between them.
///
/// # Errors
/// [`Unfit::Key`]
pub(super) fn prefixes(field: &str) -> Result<Vec<Prefix>, Unfit> {
    let read = |text: &str| text.parse().map_err(|error| Unfit::Key(KeyError::Prefix(error)));
    apart(field).map(read).collect()
}

fn apart(field: &str) -> impl Iterator<Item = &str> {
    field.split(|c: char| c.is_whitespace() || c == ',' || c == ';').filter(|part| !part.is_empty())
}

/// The form, perhaps with what was wrong; `good`: its token came too soon, or was given back, and is taken the next time.
fn form_page(
    state: &State,
    access: &Access,
    reader: &Reader,
    mut filled: Form,
    wrong: Option<Said>,
    good: bool,
) -> Response {
    let now = state.parts.clock.now();
    if !(good && state.forms.is_open(&filled.token, now)) {
        filled.token = state.forms.issue(Purpose::Claim.as_str(), access.caller.key(), now);
    }
    for text in [&mut filled.name, &mut filled.title, &mut filled.contacts, &mut filled.public_contact] {
        *text = visible(text);
    }
    filled.prefixes = apart(&filled.prefixes).map(visible).collect::<Vec<_>>().join("\n");
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let site = Site::of(state, &state.snapshot(), "network", reader);
    let (name_max, title_max) = (NETWORK_NAME_OCTETS_MAX, NETWORK_TITLE_CHARACTERS_MAX);
    html(status, reader, &FormPage { site, wrong, most: CLAIM_PREFIXES_MAX, name_max, title_max, filled })
}

/// `/networks/{name}/claim?claim=WORD`
pub(in crate::http) async fn stands(
    Of(state): Of<State>,
    access: Access,
    reader: Reader,
    At(name): At<String>,
    word: Result<Asked<Word>, Problem>,
) -> Response {
    let found = async {
        access.count_look_up(&state)?;
        let nothing = || Problem::not_found("there is no such claim");
        let (name, Asked(word)) = (name.parse().map_err(|_| nothing())?, word.map_err(|_| nothing())?);
        let network = api::find_network(&state, name).await?;
        network.claimed_by(&word.claim).ok_or_else(nothing).map(|claimed| (claimed, word.claim))
    };
    let page = found.await.map(|(claimed, word)| ClaimPage::of(&state, &reader, &claimed, &word));
    let mut response = rendered(&state, &reader, page);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl ClaimPage {
    /// `claimed`: the network with nothing but what was claimed by this word.
    fn of(state: &State, reader: &Reader, claimed: &Network, word: &str) -> Self {
        let words = reader.messages;
        // What lags behind is what there is to do.
        let stands = |wanted: PrefixState| claimed.prefixes.iter().any(|held| held.state == wanted);
        let (tone, state_said, meaning) = if stands(PrefixState::Claimed) {
            ("", words.say("claim-claimed"), words.say("claim-claimed-next"))
        } else if stands(PrefixState::Lapsed) {
            ("listed", words.say("claim-lapsed"), words.say("claim-lapsed-next"))
        } else if stands(PrefixState::Proven) {
            ("", words.say("claim-proven"), words.say("claim-proven-next"))
        } else {
            ("clear", words.say("claim-active"), words.say("claim-active-next"))
        };
        let look = format!("/networks/{}/claim?claim={word}", claimed.name);
        Self {
            site: Site::of(state, &state.snapshot(), "network", reader),
            name: claimed.name.to_string(),
            title: visible(&claimed.title),
            tone,
            state: state_said,
            meaning,
            records: records(claimed, words, state.parts.clock.now()),
            url: format!("{}{look}", state.settings().public_url),
            look,
            active: claimed.is_active(),
        }
    }
}
