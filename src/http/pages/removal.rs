//! The pages of a removal: the form, what came of it, and where a request stands.
//!
//! ```text
//! /removals/new?list=&key=   the rule and the form        POST /removals        asked: its state, and the secret, once
//! /removals/ID               where it stands              POST /removals/ID     a proof, a code, or taking it back
//! ```
//! Guarantees: works without script, cookie or account; the rule is shown before anything is asked.
//! Never: shows contact or note; shows the secret but to who has just asked, or sends it or the form that asked.

use super::{
    Access, Asked, At, Of, Reader, Response, Said, Site, State, StatusCode, fault_page,
    grounds::Why,
    html,
    messages::Messages,
    problem_page, problem_page_before, retests,
    rule::{self, Tests},
    visible,
    words::{Moment, far, span, to_be_edited},
};
use crate::{
    cases::{
        self, Asking, Ending, Fault, Grounds, Id, NextTest, NotYours, Request, Shown, ShownProof, State as Stand,
        retest::Retest,
    },
    http::{
        Problem, api,
        forms::{Came, NotTaken, Sent},
    },
    limits::{CONTACT_CHARACTERS_MAX, NOTE_CHARACTERS_MAX},
    list::{Kind, ListName, ProofKind, RemovalRule, Time},
};
use askama::Template;
use axum::http::{HeaderValue, header};
use serde::Deserialize;

/// What the tokens of the form are signed for.
const PURPOSE: &str = "removal";

/// What the form holds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::http) struct Form {
    list: String,
    key: String,
    contact: String,
    note: String,
    repaired: String,
    token: String,
}

/// What the buttons on the page of a request send.
#[expect(clippy::struct_field_names, reason = "the form's word for it")]
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::http) struct Act {
    act: String,
    secret: String,
    code: String,
}

#[derive(Template)]
#[template(path = "removal-form.html", config = "src/http/pages/askama.toml")]
struct FormPage {
    site: Site,
    list: String,
    rule: Vec<String>,
    /// What that comes to for the key that was named.
    here: Option<String>,
    /// What was wrong with what was sent.
    wrong: Option<String>,
    /// Why.
    said: Option<Said>,
    asks_repair: bool,
    personal: String,
    filled: Form,
    contact_max: usize,
    note_max: usize,
}

#[derive(Template)]
#[template(path = "removal.html", config = "src/http/pages/askama.toml")]
struct StatePage {
    site: Site,
    id: String,
    key: String,
    list: String,
    state: String,
    tone: &'static str,
    meaning: String,
    why: Why,
    /// Why the last thing that was sent did nothing.
    wrong: Option<Said>,
    /// By what it goes, as long as it does.
    rule: Option<String>,
    asked_at: Moment,
    since: Moment,
    until: Option<Moment>,
    lockout: Option<Moment>,
    /// In clear where who looks has it already.
    secret: Option<String>,
    fresh: bool,
    open: bool,
    /// The whole address of this page, to be written down.
    url: String,
    /// Where it goes on from here: the path, and what the link says.
    ways: Vec<(String, String)>,
    proofs: Vec<ProofKind>,
    txt: Option<String>,
    /// To whose postmaster a code was mailed that may still be told.
    code_sent: Option<String>,
}

/// `/removals/new?list=&key=`
pub(in crate::http) async fn new(
    Of(state): Of<State>,
    access: Access,
    reader: Reader,
    Asked(form): Asked<Form>,
) -> Response {
    if let Err(problem) = access.count_look_up(&state) {
        return problem_page(&state, &reader, &problem);
    }
    let blank = Form { list: form.list, key: form.key, ..Form::default() };
    form_page(&state, &access, &reader, blank, None, false).await
}

/// `POST /removals`
pub(in crate::http) async fn ask(
    Of(state): Of<State>,
    access: Access,
    reader: Reader,
    sent: Result<Sent<Form>, Problem>,
) -> Response {
    let form = match sent {
        Ok(Sent(form)) => form,
        Err(problem) => return problem_page(&state, &reader, &problem),
    };
    let (key, now) = (access.caller.key(), state.parts.clock.now());
    if let Err(fault) = state.forms.admit(PURPOSE, key, now, &form.token, None) {
        return not_admitted(&state, &access, &reader, form, fault).await;
    }
    if let Err(problem) = state.forms.count(&access.caller) {
        return problem_page(&state, &reader, &problem);
    }
    let Ok(list) = form.list.parse::<ListName>() else {
        return problem_page(&state, &reader, &Problem::not_found("no such list"));
    };
    let asking = Asking {
        list,
        key: form.key.clone(),
        repaired_at: Time::done(&form.repaired, now).ok(),
        contact: form.contact.clone(),
        note: form.note.clone(),
        from: access.caller.address,
    };
    let here = state.clone();
    let asked = state.act_on_form(PURPOSE, key, &form.token, async move {
        let cases::Asked { request, secret } = here.desk().ask_removal(asking).await?;
        Ok::<_, Fault>(((request.id, secret.reveal().to_owned()), Came::Asked(request.id, secret)))
    });
    match asked.await {
        Ok(Ok((id, secret))) => stands(&state, &reader, id, Some(secret), None, true).await,
        Err(problem) => problem_page(&state, &reader, &problem),
        Ok(Err(fault)) => {
            let wrong = refusal(&fault, now, reader.messages);
            form_page(&state, &access, &reader, form, Some(wrong), true).await
        }
    }
}

/// The answer to a form whose token was not taken. One that was taken before asks for nothing more: who loads the page of its
/// request again finds what stood there, with the secret, which they would else have to ask anew for.
async fn not_admitted(state: &State, access: &Access, reader: &Reader, form: Form, fault: NotTaken) -> Response {
    if let Some(Came::Asked(id, secret)) = state.forms.came_of(PURPOSE, access.caller.key(), &form.token) {
        return match access.count_look_up(state) {
            Ok(()) => stands(state, reader, id, Some(secret.reveal().to_owned()), None, true).await,
            Err(problem) => problem_page(state, reader, &problem),
        };
    }
    let soon = matches!(fault, NotTaken::Soon(_));
    form_page(state, access, reader, form, Some((fault.said(reader.messages), None)), soon).await
}

/// `/removals/{id}`
pub(in crate::http) async fn read(
    Of(state): Of<State>,
    access: Access,
    reader: Reader,
    At(id): At<String>,
) -> Response {
    if let Err(problem) = access.count_look_up(&state) {
        return problem_page(&state, &reader, &problem);
    }
    match id.parse() {
        Ok(id) => stands(&state, &reader, id, None, None, false).await,
        Err(_) => problem_page(&state, &reader, &Problem::not_found("no such request")),
    }
}

/// `POST /removals/{id}`
pub(in crate::http) async fn act(
    Of(state): Of<State>,
    access: Access,
    reader: Reader,
    At(id): At<String>,
    sent: Result<Sent<Act>, Problem>,
) -> Response {
    let Ok(id) = id.parse::<Id>() else {
        return problem_page(&state, &reader, &Problem::not_found("no such request"));
    };
    let act = match sent.and_then(|Sent(act)| access.count_look_up(&state).map(|()| act)) {
        Ok(act) => act,
        Err(problem) => return problem_page_before(&state, &reader, &problem, Some(format!("/removals/{id}"))),
    };
    let (desk, secret) = (state.desk(), act.secret.trim());
    let done = match &*act.act {
        "address" => desk.prove_removal(id, secret, ShownProof::Address(access.caller.address)).await,
        "rdns-txt" => desk.prove_removal(id, secret, ShownProof::RdnsTxt).await,
        "mail" => desk.prove_removal(id, secret, ShownProof::AskForCode).await,
        "code" => desk.prove_removal(id, secret, ShownProof::Code(act.code)).await,
        // Only shown what the secret lets see.
        "record" => desk.removal(id).await.and_then(|shown| {
            let own = shown.request.secret.is(secret);
            if own { Ok(shown.request) } else { Err(NotYours::Secret.into()) }
        }),
        "withdraw" => desk.withdraw_removal(id, Some(secret)).await,
        _ => return problem_page(&state, &reader, &Problem::not_found("no such act")),
    };
    let wrong = done.err().map(|fault| Said::of(&fault, state.parts.clock.now(), reader.messages));
    stands(&state, &reader, id, Some(secret.to_owned()), wrong, false).await
}

/// The form, perhaps with what was wrong.
async fn form_page(
    state: &State,
    access: &Access,
    reader: &Reader,
    mut filled: Form,
    wrong: Option<(String, Option<Said>)>,
    soon: bool,
) -> Response {
    let (wrong, said) = wrong.map_or((None, None), |(wrong, said)| (Some(wrong), said));
    let (words, now) = (reader.messages, state.parts.clock.now());
    let settings = filled.list.parse().ok().and_then(|list| api::list_settings(&state.snapshot(), &list).ok());
    let Some(settings) = settings.filter(|settings| settings.kind != Kind::Never) else {
        return problem_page(state, reader, &Problem::not_found("no such list"));
    };
    let here = match rule::for_key(state, &settings, &filled.key, words).await {
        Ok(here) => here,
        Err(problem) => return problem_page(state, reader, &problem),
    };
    // A token that came too soon stays good: the second press of the button is the one that counts.
    let keep = soon && state.forms.is_open(&filled.token, now);
    if !keep {
        filled.token = state.forms.issue(PURPOSE, access.caller.key(), now);
    }
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    for text in [&mut filled.key, &mut filled.contact, &mut filled.repaired] {
        *text = visible(text);
    }
    filled.note = to_be_edited(&filled.note);
    let page = FormPage {
        site: Site::of(state, &state.snapshot(), "removal", reader),
        list: settings.name.to_string(),
        rule: rule::of_list(&settings, Tests::of(state), words),
        here,
        wrong,
        said,
        asks_repair: settings.kind == Kind::Compromised && settings.removal.rule == RemovalRule::Retest,
        personal: words.with("removal-personal", "span", span(state.desk().settings().keep_requests, words)),
        filled,
        contact_max: CONTACT_CHARACTERS_MAX,
        note_max: NOTE_CHARACTERS_MAX,
    };
    html(status, reader, &page)
}

/// The page of a request.
async fn stands(
    state: &State,
    reader: &Reader,
    id: Id,
    secret: Option<String>,
    wrong: Option<Said>,
    fresh: bool,
) -> Response {
    let now = state.parts.clock.now();
    let shown = match state.desk().removal(id).await {
        Ok(shown) => shown,
        Err(fault) => return fault_page(state, reader, fault),
    };
    let test = match api::test_of(state, &shown.request).await {
        Ok(test) => test,
        Err(problem) => return problem_page(state, reader, &problem),
    };
    let list = api::list_settings(&state.snapshot(), &shown.request.list).ok();
    let dynamic = list.as_ref().is_some_and(|list| list.kind == Kind::Dynamic);
    // What was asked for and why it came to nothing would contradict each other below "refused".
    let rule = if shown.request.state.is_open() {
        match rule::of_request(state, &shown.request, list, reader.messages).await {
            Ok(rule) => Some(rule),
            Err(problem) => return problem_page(state, reader, &problem),
        }
    } else {
        None
    };
    let snapshot = state.snapshot();
    let site = Site::of(state, &snapshot, "removal", reader);
    let remembered = far(snapshot.served().remembered(Some(&shown.request.list)), reader.messages);
    let status = match (&wrong, fresh) {
        (Some(_), _) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, true) => StatusCode::ACCEPTED,
        (None, false) => StatusCode::OK,
    };
    let secret = secret.filter(|secret| shown.request.secret.is(secret));
    let url = format!("{}/removals/{id}", state.settings().public_url);
    let ends = shown.request.state == Stand::Granted && !dynamic;
    let page = StatePage::of(site, shown, secret, test.as_ref(), &remembered, fresh, now);
    let mut page = StatePage { wrong, rule, url, ..page };
    if ends {
        page.meaning = format!("{} {}", page.meaning, reader.messages.say("removal-newer"));
    }
    let mut response = html(status, reader, &page);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Where a request goes on: to what comes by itself, to the test, to another request.
fn ways(request: &Request, test: Option<Id>, fresh: bool, locked: bool, words: Messages) -> Vec<(String, String)> {
    let mut ways = Vec::new();
    // Not from the page that shows the secret: it would be gone.
    if matches!(request.state, Stand::Checking | Stand::Deciding) && !fresh {
        ways.push((format!("/removals/{}", request.id), words.say("look-again")));
    }
    if let Some(id) = test {
        ways.push((format!("/retests/{id}"), words.say("removal-test")));
    }
    if request.state.is_closed() && !locked {
        let form = format!("/removals/new?list={}&key={}", request.list, request.asked);
        ways.push((form, words.with("removal-ask", "list", &request.list)));
    }
    ways
}

impl StatePage {
    fn of(
        site: Site,
        shown: Shown,
        secret: Option<String>,
        test: Option<&Retest>,
        remembered: &str,
        fresh: bool,
        now: Time,
    ) -> Self {
        let words = site.words();
        let Shown { request, proofs, lockout_until, next_test } = shown;
        let moment = |time| Moment::at(time, now, words);
        let (state, tone, mut meaning) = state_words(&request, test.is_some(), remembered, words);
        if let Some(NextTest { at, sooner }) = next_test {
            meaning = words.with("removal-checking-later", "moment", moment(at).text);
            if sooner {
                meaning = format!("{meaning} {}", words.say("removal-checking-sooner"));
            }
        }
        let txt =
            (secret.is_some() && proofs.contains(&ProofKind::RdnsTxt)).then(|| format!("dnsbld={}", request.token));
        let why = match test.filter(|_| request.state == Stand::Checking) {
            // The request learns of its test a moment later than the test's own page.
            Some(test) => Why::Found(retests::told(test, now, words).into()),
            None => why(&request, now, words),
        };
        Self {
            state,
            tone,
            meaning,
            why,
            wrong: None,
            rule: None,
            asked_at: moment(request.asked_at),
            since: moment(request.since),
            until: request.until.filter(|_| request.state == Stand::Granted).map(moment),
            lockout: lockout_until.map(moment),
            secret,
            fresh,
            open: request.state.is_open(),
            url: String::new(),
            ways: ways(&request, test.map(|test| test.id), fresh, lockout_until.is_some(), words),
            proofs,
            txt,
            code_sent: request.code.filter(|code| code.is_good(now).is_ok()).map(|code| code.domain.into()),
            id: request.id.to_string(),
            key: request.asked.into(),
            list: request.list.to_string(),
            site,
        }
    }

    fn offers(&self, proof: &str) -> bool {
        self.proofs.iter().any(|one| one.as_str() == proof)
    }
}

/// Why a request stands where it stands. How a removal ended is said by its state; who took it back may have said more.
fn why(request: &Request, now: Time, words: Messages) -> Why {
    match (request.ending, &request.why) {
        (None, why) => Why::of(why, now, words),
        (Some(Ending::Revoked), Grounds::Said(said)) if **said != *Ending::Revoked.as_str() => {
            Why::of(&request.why, now, words)
        }
        (Some(_), _) => Why::Nothing,
    }
}

/// The state in words, its colour, and what it means; `remembered`: how long an older answer of DNS is.
fn state_words(request: &Request, tested: bool, remembered: &str, words: Messages) -> (String, &'static str, String) {
    match request.state {
        Stand::Proving => (words.say("removal-proving"), "", words.say("removal-proving-text")),
        Stand::Checking => {
            let text = if tested { words.say("removal-checking-test") } else { words.say("removal-checking-text") };
            (words.say("removal-checking"), "", text)
        }
        Stand::Deciding => {
            let text = match request.owner.as_ref().filter(|_| request.network_decides()) {
                Some(network) => words.with("removal-deciding-network", "network", network),
                None => words.say("removal-deciding-text"),
            };
            (words.say("removal-deciding"), "", text)
        }
        Stand::Granted => {
            (words.say("removal-granted"), "clear", words.with("removal-granted-text", "span", remembered))
        }
        Stand::Ended => {
            let text = match request.ending {
                Some(Ending::Returned) => words.say("removal-returned"),
                Some(Ending::Revoked) => words.say("removal-revoked"),
                Some(Ending::Expired) | None => words.say("removal-expired"),
            };
            (words.say("removal-ended"), "listed", text)
        }
        Stand::Refused => (words.say("removal-refused"), "listed", words.say("removal-refused-text")),
        Stand::Withdrawn => (words.say("removal-withdrawn"), "", words.say("removal-withdrawn-text")),
        Stand::Lapsed => (words.say("removal-lapsed"), "", words.say("removal-lapsed-text")),
    }
}

/// That it was not taken, and why.
fn refusal(fault: &Fault, now: Time, words: Messages) -> (String, Option<Said>) {
    (words.say("removal-not-taken"), Some(Said::of(fault, now, words)))
}
