//! The pages of a retest: the form that asks for one, and how it went.
//!
//! Guarantees: who sends the form is led to the page of the test after the same time, whether there will be one or not.
//! Never: shows a transcript.

use super::{
    Access, Asked, At, Of, Reader, Response, Site, State, StatusCode, fault_page, html, messages::Messages,
    problem_page, rendered, words::Moment,
};
use crate::{
    cases::{
        Fault, Id,
        retest::{Form, Outcome, Retest, State as Stands, Step, Suspicion, Variant, Verdict},
        suspicion,
    },
    http::{
        Problem,
        api::retests::count,
        explain,
        forms::{Came, NotTaken, Sent},
        state::blocking,
    },
    limits::RETEST_ANSWER_TIME,
    list::{Key, ListName, Prefix, Time},
};
use askama::Template;
use axum::response::{IntoResponse as _, Redirect};
use serde::Deserialize;
use tokio::time::{Instant, sleep_until};

/// What the tokens of the form are signed for.
const PURPOSE: &str = "retest";

#[derive(Template)]
#[template(path = "retest.html", config = "src/http/pages/askama.toml")]
struct AskPage {
    site: Site,
    heading: String,
    soon: Option<String>,
    text: String,
    token: String,
    list: String,
    key: String,
}

#[derive(Template)]
#[template(path = "retested.html", config = "src/http/pages/askama.toml")]
struct RetestPage {
    site: Site,
    heading: String,
    list: String,
    list_path: String,
    key: String,
    key_path: String,
    asked: Moment,
    tone: &'static str,
    state: String,
    lines: Vec<String>,
    /// This page, where something is still to come.
    look: Option<String>,
    /// Where another test is asked for, where this one is over and has not taken the address off the list.
    another: Option<String>,
    steps: Vec<StepShown>,
}

struct StepShown {
    trial: String,
    variant: String,
    verdict: String,
}

/// What is to be tested.
#[derive(Debug, Deserialize)]
pub(in crate::http) struct Wanted {
    list: String,
    key: String,
}

/// The form.
#[derive(Debug, Deserialize)]
pub(in crate::http) struct Filled {
    token: String,
    list: String,
    key: String,
}

/// The form has to be sent once more.
struct Again {
    /// Why.
    why: String,
    /// Its token, where that will be taken then.
    kept: Option<String>,
}

/// Why no test was asked for.
enum NotAsked {
    /// The form.
    Read(Problem),
    /// The desk.
    Desk(Fault),
}

fn read(state: &State, list: &str, key: &str) -> Result<(ListName, Suspicion, Prefix), Problem> {
    let nothing = || Problem::not_found("there is nothing to be tested");
    if !state.parts.desk.makes_retests() {
        return Err(nothing());
    }
    let snapshot = state.snapshot();
    let found = snapshot.served().lists().find(|(_, settings)| settings.name.as_str() == list);
    let (_, settings) = found.ok_or_else(nothing)?;
    let kind = suspicion(settings.kind).ok_or_else(nothing)?;
    match explain::read_key(key) {
        Ok(Key::Prefix(prefix)) => Ok((settings.name.clone(), kind, prefix)),
        _ => Err(nothing()),
    }
}

/// `/retest?list=LIST&key=ADDRESS`: the form.
pub(in crate::http) async fn ask(
    Of(state): Of<State>,
    access: Access,
    reader: Reader,
    wanted: Result<Asked<Wanted>, Problem>,
) -> Response {
    let wanted = access.count_look_up(&state).and(wanted);
    let page = wanted.and_then(|Asked(wanted)| read(&state, &wanted.list, &wanted.key));
    rendered(&state, &reader, page.map(|wanted| AskPage::of(&state, &access, &reader, &wanted, None)))
}

/// `POST /retests`: the form was sent.
pub(in crate::http) async fn send(
    Of(state): Of<State>,
    access: Access,
    reader: Reader,
    form: Result<Sent<Filled>, Problem>,
) -> Response {
    let asked = async {
        let Sent(filled) = form.map_err(NotAsked::Read)?;
        let wanted = read(&state, &filled.list, &filled.key).map_err(NotAsked::Read)?;
        let (key, now) = (access.caller.key(), state.parts.clock.now());
        match state.forms.admit(PURPOSE, key, now, &filled.token, None) {
            Ok(()) => {}
            // A token that came too soon stays good: the second press of the button is the one that counts.
            Err(NotTaken::Soon(_)) => {
                let kept = Some(filled.token).filter(|token| state.forms.is_open(token, now));
                return Ok(Err((wanted, Again { why: reader.messages.say("retest-soon"), kept })));
            }
            Err(fault @ (NotTaken::Foreign | NotTaken::Old | NotTaken::Used)) => {
                return match state.forms.came_of(PURPOSE, key, &filled.token) {
                    Some(Came::Led(page)) => Ok(Ok(page)),
                    _ => Ok(Err((wanted, Again { why: fault.said(reader.messages), kept: None }))),
                };
            }
        }
        let answer_at = Instant::now() + RETEST_ANSWER_TIME;
        let (list, _, prefix) = wanted;
        let within_limit = count(&state, &access);
        let desk = state.parts.desk.clone();
        let asked = state.act_on_form(PURPOSE, key, &filled.token, async move {
            let id = desk.ask_retest(&list, prefix.first(), within_limit).await?;
            let page: Box<str> = format!("/retests/{id}").into();
            Ok::<_, Fault>((page.clone(), Came::Led(page)))
        });
        let page = asked.await.map_err(NotAsked::Read)?.map_err(NotAsked::Desk)?;
        sleep_until(answer_at).await;
        Ok(Ok(page))
    };
    match asked.await {
        Ok(Ok(page)) => Redirect::to(&reader.link(&page)).into_response(),
        Ok(Err((wanted, again))) => {
            let page = AskPage::of(&state, &access, &reader, &wanted, Some(again));
            html(StatusCode::UNPROCESSABLE_ENTITY, &reader, &page)
        }
        Err(NotAsked::Read(problem)) => problem_page(&state, &reader, &problem),
        Err(NotAsked::Desk(fault)) => fault_page(&state, &reader, fault),
    }
}

/// `/retests/{id}`: how it went.
pub(in crate::http) async fn shown(
    Of(state): Of<State>,
    access: Access,
    reader: Reader,
    At(id): At<String>,
) -> Response {
    let found = async {
        access.count_look_up(&state)?;
        let id: Id = id.parse().map_err(|_| Problem::not_found("there is no such retest"))?;
        let (desk, faulty) = (state.parts.desk.clone(), state.faulty());
        blocking(move || desk.retest(id).map_err(faulty)).await
    };
    let page = found.await.map(|retest| RetestPage::of(&state, &reader, &retest));
    rendered(&state, &reader, page)
}

impl AskPage {
    fn of(
        state: &State,
        access: &Access,
        reader: &Reader,
        (list, kind, prefix): &(ListName, Suspicion, Prefix),
        again: Option<Again>,
    ) -> Self {
        let words = reader.messages;
        let key = prefix.first().to_string();
        let text = if *kind == Suspicion::Relay { "retest-text-relay" } else { "retest-text-proxy" };
        Self {
            site: Site::of(state, &state.snapshot(), "", reader),
            heading: words.with("retest-heading", "key", &key),
            soon: again.as_ref().map(|again| again.why.clone()),
            text: words.get(text, &[("key", key.as_str().into()), ("list", list.as_str().into())]),
            token: again
                .and_then(|again| again.kept)
                .unwrap_or_else(|| state.forms.issue(PURPOSE, access.caller.key(), state.parts.clock.now())),
            list: list.to_string(),
            key,
        }
    }
}

impl RetestPage {
    fn of(state: &State, reader: &Reader, retest: &Retest) -> Self {
        let (words, now) = (reader.messages, state.parts.clock.now());
        let moment = |at| Moment::at(at, now, words).text;
        let mut lines: Vec<String> = said(retest, words, moment).into_iter().collect();
        match retest.state {
            Stands::Arriving if is_clean_so_far(retest) => {}
            Stands::Done => lines.extend(retest.next_at.map(|at| words.with("retest-again", "moment", moment(at)))),
            Stands::Arriving if retest.result != Some(Outcome::Multihop) => {
                lines.extend(retest.settle_until.map(|at| words.with("retest-settles", "moment", moment(at))));
            }
            _ => {}
        }
        // That nobody was there is said already.
        // A mail server that takes no connection says so once for all forms: no table for that.
        let says = |step: &Step| match step.verdict {
            Verdict::Unanswered => false,
            Verdict::Closed => retest.kind == Suspicion::Proxy,
            _ => true,
        };
        let heard = retest.steps.iter().any(says);
        let steps = retest.steps.iter().map(|step| StepShown {
            trial: trial(step.variant, words),
            variant: step.variant.to_string(),
            verdict: verdict(step.verdict, words),
        });
        let key = retest.key.to_string();
        // The page of a block is the one of its first address; which of them was asked for is not told to others.
        let address = retest.key.parse().map_or_else(|_| key.clone(), |key: Prefix| key.first().to_string());
        let over = retest.state == Stands::Done;
        let untold = retest.result.is_none();
        let tested = matches!(retest.result, Some(Outcome::Open | Outcome::Unreachable | Outcome::Inconclusive));
        Self {
            site: Site::of(state, &state.snapshot(), "", reader),
            heading: words.with("retest-heading", "key", &key),
            list: retest.list.to_string(),
            list_path: format!("/lists/{}", retest.list),
            key_path: format!("/{address}"),
            look: (!over && (untold || retest.is_open())).then(|| format!("/retests/{}", retest.id)),
            another: (over && tested).then(|| format!("/retest?list={}&key={address}", retest.list)),
            asked: Moment::at(retest.asked_at, now, words),
            tone: match retest.result {
                Some(Outcome::Clean) => "clear",
                Some(Outcome::Open) => "listed",
                _ => "",
            },
            state: standing(retest, words, moment),
            lines,
            steps: steps.filter(|_| heard).collect(),
            key,
        }
    }
}

/// How a test stands, for the page of a request that waits for it.
pub(super) fn told(retest: &Retest, now: Time, words: Messages) -> String {
    let moment = |at| Moment::at(at, now, words).text;
    let standing = standing(retest, words, moment);
    let said: Vec<String> = said(retest, words, moment).into_iter().collect();
    [&[standing], &*said].concat().join(" ")
}

/// Whether it is off the list, as what it took has not come, and is on it again if that still comes.
fn is_clean_so_far(retest: &Retest) -> bool {
    retest.state == Stands::Arriving && retest.result == Some(Outcome::Clean) && retest.cleared
}

/// What came out, and what that means for the list.
fn said(retest: &Retest, words: Messages, moment: impl Fn(Time) -> String) -> Option<String> {
    match retest.arrival_until.filter(|_| is_clean_so_far(retest)) {
        Some(until) => Some(words.with("retest-clean-so-far", "moment", moment(until))),
        None => retest.result.map(|result| outcome(result, words)),
    }
}

fn standing(retest: &Retest, words: Messages, moment: impl Fn(Time) -> String) -> String {
    match retest.state {
        Stands::Queued => words.say("retest-state-queued"),
        Stands::Running => words.say("retest-state-running"),
        Stands::Arriving if is_clean_so_far(retest) => words.say("retest-state-clean-so-far"),
        Stands::Arriving => words.say("retest-state-arriving"),
        // Its turn was put off: nothing was tried.
        Stands::Waiting if !retest.has_said(retest.asked_at) => {
            words.with("retest-state-put-off", "moment", retest.next_at.map(moment).unwrap_or_default())
        }
        Stands::Waiting => words.with("retest-state-waiting", "moment", retest.next_at.map(moment).unwrap_or_default()),
        Stands::Done => words.say("retest-state-done"),
    }
}

/// What was tried, in words.
fn trial(variant: Variant, words: Messages) -> String {
    match variant {
        Variant::Relay(Form::NullSender) => words.say("retest-trial-nobody"),
        Variant::Relay(Form::OurSender) => words.say("retest-trial-ours"),
        Variant::Relay(Form::LocalSender | Form::LiteralSender | Form::LocalhostSender | Form::BareSender) => {
            words.say("retest-trial-theirs")
        }
        Variant::Relay(_) => words.say("retest-trial-unusual"),
        Variant::Proxy(protocol, port) => {
            let protocol = protocol.as_str().to_uppercase();
            words.get("retest-trial-port", &[("protocol", protocol.into()), ("port", port.to_string().into())])
        }
    }
}

/// What a test said.
pub(super) fn outcome(result: Outcome, words: Messages) -> String {
    words.say(match result {
        Outcome::Open => "retest-result-open",
        Outcome::Multihop => "retest-result-multihop",
        Outcome::Clean => "retest-result-clean",
        Outcome::Unreachable => "retest-result-unreachable",
        Outcome::Inconclusive => "retest-result-inconclusive",
        Outcome::NotTested => "retest-result-not-tested",
    })
}

fn verdict(verdict: Verdict, words: Messages) -> String {
    words.say(match verdict {
        Verdict::Refused => "retest-verdict-refused",
        Verdict::Deferred => "retest-verdict-deferred",
        Verdict::Barred => "retest-verdict-barred",
        Verdict::Accepted => "retest-verdict-accepted",
        Verdict::Closed => "retest-verdict-closed",
        Verdict::Vanished => "retest-verdict-vanished",
        Verdict::Bounced => "retest-verdict-bounced",
        Verdict::Arrived => "retest-verdict-arrived",
        Verdict::ArrivedElsewhere => "retest-verdict-arrived-elsewhere",
        Verdict::Unanswered => "retest-verdict-unanswered",
    })
}
