//! `/privacy`: what is kept, how long, and who sees it.
//!
//! Guarantees: the times are those of the configuration in force.
//! Never: promises more than the program does.

use super::{Access, Of, Reader, Response, Site, State, html, problem_page, words::span};
use askama::Template;
use axum::http::StatusCode;

#[derive(Template)]
#[template(path = "privacy.html", config = "src/http/pages/askama.toml")]
struct PrivacyPage {
    site: Site,
    rows: Vec<Row>,
}

struct Row {
    what: String,
    how_long: String,
    who: String,
}

/// `/privacy`
pub(in crate::http) async fn privacy(Of(state): Of<State>, access: Access, reader: Reader) -> Response {
    if let Err(problem) = access.count_look_up(&state) {
        return problem_page(&state, &reader, &problem);
    }
    let words = reader.messages;
    let settings = &access.settings;
    let kept = settings.kept;
    let after = |id: &str, term| words.with(id, "span", span(term, words));
    let row = |what: String, how_long: String, who: String| Row { what, how_long, who };
    let snapshot = state.snapshot();
    let within = snapshot.served().lists().filter_map(|(_, list)| list.reports.as_ref().map(|rule| rule.within));
    let reports = within
        .max()
        .map(|within| row(words.say("keep-reports"), after("keep-reports-long", within), words.say("keep-operators")));
    let memory = snapshot.served().lists().map(|(_, list)| list.removal.lockout_memory).max();
    let returns = memory.map(|memory| {
        row(words.say("keep-returns"), after("keep-returns-long", memory), words.say("keep-returns-who"))
    });
    let mut rows = vec![
        row(words.say("keep-entry"), words.say("keep-entry-long"), words.say("keep-everyone")),
        row(words.say("keep-private"), after("keep-private-long", kept.evidence), words.say("keep-private-who")),
        row(
            words.say("keep-history"),
            after("keep-history-long", kept.history),
            after("keep-history-who", settings.public_history),
        ),
        row(words.say("keep-changes"), after("keep-after-made", kept.changes), words.say("keep-tokens")),
        row(words.say("keep-requests"), after("keep-requests-long", kept.requests), words.say("keep-requests-who")),
        row(words.say("keep-retest"), after("keep-retest-long", kept.transcripts), words.say("keep-retest-who")),
        row(words.say("keep-network"), words.say("keep-network-long"), words.say("keep-network-who")),
        row(words.say("keep-audit"), after("keep-after-made", kept.audit), words.say("keep-operators")),
        row(words.say("keep-outbox"), words.say("keep-outbox-long"), words.say("keep-nobody")),
        row(words.say("keep-mailbox"), words.say("keep-mailbox-long"), words.say("keep-mailbox-who")),
        row(words.say("keep-visit"), words.say("keep-visit-long"), words.say("keep-nobody")),
        row(words.say("keep-queries"), words.say("keep-queries-long"), words.say("keep-nobody")),
    ];
    // Beside the requests first: the place of the reports moves what follows it.
    rows.splice(5..5, returns);
    rows.splice(2..2, reports);
    let site = Site::of(&state, &snapshot, "privacy", &reader);
    html(StatusCode::OK, &reader, &PrivacyPage { site, rows })
}
