//! The pages: what this is, what each list is, why something is listed and what can be done about it.
//!
//! Guarantees: made on the server, no script, one style sheet; everything that others wrote is escaped by the templates and
//! stripped of characters that do not show; an error is a page, too.
//! Never: promises a way out that this server does not have; keeps or sets anything in the browser, but for the cookie of a
//! network that signed in: a chosen language travels in the links.

mod advice;
mod claim;
mod docs;
mod faults;
mod front;
mod grounds;
mod key;
mod list;
mod listing;
mod map;
mod messages;
mod network;
mod privacy;
mod removal;
mod retests;
mod rule;
mod trend;
mod unread;
mod verdict;
mod words;

use super::{
    Problem, State,
    access::{Access, Asked, At},
};
use crate::{cases::Fault, list::Duration, snapshot::Snapshot};
use askama::Template;
use axum::{
    extract::State as Of,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use faults::Said;
use messages::{Language, Messages, figure};
use std::fmt::Display;
use words::{Moment, far, visible};

pub(super) use claim::{form as claim, send as send_claim, stands as claim_stands};
pub(super) use docs::{Kept as KeptDocs, docs};
pub(super) use front::front;
pub(super) use key::{form, key, range};
pub(super) use list::list;
pub(super) use map::{Kept as KeptMaps, map, of_list as map_of_list, picture as map_picture};
pub(super) use messages::Reader;
pub(super) use network::{
    claim as network_claim, decide as network_decide, listings as network_listings, manage as network_manage, network,
    range as network_range, sign_in as network_sign_in, sign_out as network_sign_out,
};
pub(super) use privacy::privacy;
pub(super) use removal::{act as act_on_removal, ask as ask_removal, new as new_removal, read as removal};
pub(super) use retests::{ask as ask_retest, send as send_retest, shown as retest};
pub(super) use trend::Trends;

/// What every page shows around its content, and the words that it is written in.
#[derive(Debug)]
pub(super) struct Site {
    /// What this place is called: the host of `public_url`.
    name: String,
    /// Which part of it this is.
    here: &'static str,
    /// The serial that is served.
    serial: u64,
    /// Who answers for the zone that is configured first.
    contact: Option<String>,
    /// Zones that close.
    closing: Vec<String>,
    /// For whom the page is made.
    reader: Reader,
    /// Whether the page can be had in all languages.
    translated: bool,
}

/// One choice of the language switch.
struct Choice {
    tag: &'static str,
    name: &'static str,
    href: String,
    current: bool,
}

impl Site {
    fn of(state: &State, snapshot: &Snapshot, here: &'static str, reader: &Reader) -> Self {
        let zones = snapshot.served().zones();
        let (now, words) = (state.parts.clock.now(), reader.messages);
        let closing = zones.iter().filter_map(|zone| {
            let day = Moment::at(zone.settings().closing?, now, words).day;
            let zone = zone.settings().origin.name().to_owned();
            Some(words.get("site-closing-text", &[("day", day.into()), ("zone", zone.into())]))
        });
        Self {
            name: state.settings().site().to_owned(),
            here,
            serial: snapshot.serial().0,
            contact: snapshot.served().contact().map(str::to_owned),
            closing: closing.collect(),
            reader: reader.clone(),
            translated: !reader.sent_a_form,
        }
    }

    /// The words in the reader's language.
    fn words(&self) -> Messages {
        self.reader.messages
    }

    fn say(&self, id: &str) -> String {
        self.words().say(id)
    }

    fn with(&self, id: &str, name: &str, value: impl Display) -> String {
        self.words().with(id, name, value)
    }

    /// The title of a page, with the place's name.
    fn title(&self, page: impl Display) -> String {
        let (page, site) = (page.to_string(), self.name.as_str());
        self.words().get("title-of", &[("page", page.into()), ("site", site.into())])
    }

    /// A link inside the site, which carries a chosen language on.
    fn link(&self, path: impl Display) -> String {
        self.reader.link(&path.to_string())
    }

    /// The language, where forms must carry it on.
    fn chosen(&self) -> Option<&'static str> {
        self.reader.chosen.then(|| self.language())
    }

    fn language(&self) -> &'static str {
        self.words().language().tag()
    }

    /// The language switch: the same page in each language. A query alone as the link leads to the page's own path.
    fn choices(&self) -> Vec<Choice> {
        let joint = if self.reader.query.is_empty() { "" } else { "&" };
        let choice = |language: Language| Choice {
            tag: language.tag(),
            name: language.own_name(),
            href: format!("?{}{joint}lang={}", self.reader.query, language.tag()),
            current: language == self.words().language(),
        };
        Language::ALL.into_iter().map(choice).collect()
    }
}

#[derive(Template)]
#[template(path = "message.html", config = "src/http/pages/askama.toml")]
struct MessagePage {
    site: Site,
    heading: String,
    lines: Vec<String>,
    /// What may have been meant, each a link.
    meant: Vec<String>,
    asked: String,
    examples: bool,
    /// The page whose form is to be opened anew.
    again: Option<String>,
}

/// `/style.css`
pub(super) async fn style() -> Response {
    asset("text/css; charset=utf-8", include_str!("style.css"))
}

/// `/favicon.svg`
pub(super) async fn favicon() -> Response {
    asset("image/svg+xml", include_str!("favicon.svg"))
}

/// `/robots.txt`: the pages of single keys are for those who were sent there.
pub(super) async fn robots() -> Response {
    asset(
        "text/plain; charset=utf-8",
        "User-agent: *\nAllow: /$\nAllow: /lists/\nAllow: /map$\nAllow: /privacy\nAllow: /docs\nDisallow: /\n",
    )
}

fn asset(media: &'static str, octets: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, media), (header::CACHE_CONTROL, "public, max-age=3600")];
    (headers, octets).into_response()
}

/// The page for a path that leads nowhere.
pub(super) fn nowhere(state: &State, reader: &Reader) -> Response {
    let words = reader.messages;
    let lines = vec![words.say("nowhere-text")];
    message(state, reader, StatusCode::NOT_FOUND, words.say("nowhere-heading"), lines)
}

/// The page for a path that takes forms only: who comes back to it by a link has nothing to send.
pub(super) fn forms_only(state: &State, reader: &Reader) -> Response {
    let words = reader.messages;
    let lines = vec![words.say("nowhere-form"), words.say("form-look")];
    message(state, reader, StatusCode::METHOD_NOT_ALLOWED, words.say("nowhere-heading"), lines)
}

fn message(state: &State, reader: &Reader, status: StatusCode, heading: String, lines: Vec<String>) -> Response {
    let site = Site::of(state, &state.snapshot(), "", reader);
    let (meant, asked) = (Vec::new(), String::new());
    html(status, reader, &MessagePage { site, heading, lines, meant, asked, examples: true, again: None })
}

/// What went wrong where no page was made, as one.
pub(super) fn problem(state: &State, reader: &Reader, problem: &Problem) -> Response {
    problem_page(state, reader, problem)
}

/// An error as a page.
fn problem_page(state: &State, reader: &Reader, problem: &Problem) -> Response {
    problem_page_before(state, reader, problem, None)
}

/// An error as a page; a form that was not taken is found again at the path `again`, else through the look-up.
fn problem_page_before(state: &State, reader: &Reader, problem: &Problem, again: Option<String>) -> Response {
    let words = reader.messages;
    let wait = Duration::from_seconds(problem.retry_after().unwrap_or(1));
    let lines = match problem.status {
        429 => vec![words.with("slow-text", "span", far(wait, words))],
        404 => vec![words.say("nowhere-gone")],
        // Nothing was sent: a link is broken, or was cut.
        400..=499 if !reader.sent_a_form => vec![words.say("nowhere-text")],
        403 => vec![words.say("form-foreign"), words.say("form-next")],
        400..=499 => vec![words.say("form-unread"), words.say("form-next")],
        _ => vec![words.say("fault-text")],
    };
    error_page(state, reader, problem, lines, again)
}

/// What the desk did not do, as a page.
fn fault_page(state: &State, reader: &Reader, fault: Fault) -> Response {
    let lines = vec![Said::of(&fault, state.parts.clock.now(), reader.messages).words];
    error_page(state, reader, &state.faulty()(fault), lines, None)
}

/// The page of an error that is told in these lines.
fn error_page(
    state: &State,
    reader: &Reader,
    problem: &Problem,
    mut lines: Vec<String>,
    again: Option<String>,
) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let words = reader.messages;
    let heading = match problem.status {
        429 => "slow-heading",
        404 => "nowhere-heading",
        400..=499 if !reader.sent_a_form => "nowhere-heading",
        400..=499 => "form-heading",
        _ => "fault-heading",
    };
    let again = again.filter(|_| heading == "form-heading");
    if heading == "form-heading" && again.is_none() {
        lines.push(words.say("form-look"));
    }
    let site = Site::of(state, &state.snapshot(), "", reader);
    let (meant, asked, heading) = (Vec::new(), String::new(), words.say(heading));
    let page = MessagePage { site, heading, lines, meant, asked, examples: false, again };
    let mut response = html(status, reader, &page);
    if let Some(after) = problem.retry_after() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after));
    }
    response
}

fn rendered<T: Template>(state: &State, reader: &Reader, page: Result<T, Problem>) -> Response {
    match page {
        Ok(page) => html(StatusCode::OK, reader, &page),
        Err(problem) => problem_page(state, reader, &problem),
    }
}

fn html<T: Template>(status: StatusCode, reader: &Reader, page: &T) -> Response {
    match page.render() {
        Ok(text) => {
            let headers = [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CONTENT_LANGUAGE, reader.messages.language().tag()),
                (header::VARY, "Accept-Language"),
                (header::CACHE_CONTROL, "no-cache"),
            ];
            (status, headers, text).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a page cannot be made");
            Problem::internal().into_response()
        }
    }
}
