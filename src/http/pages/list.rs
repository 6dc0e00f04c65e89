//! The page of one list: what gets listed, how much is, how an entry leaves, who writes to it.
//!
//! Guarantees: what it says about leaving follows from the configuration.
//! Never: promises a way out that this server does not have.

use super::{
    Access, At, Of, Reader, Response, Site, State,
    advice::{Advice, Ends},
    grounds,
    messages::{Language, Messages, figure},
    problem_page, rendered,
    rule::{self, Tests},
    trend::Trend,
    visible,
    words::{Moment, far, span},
};
use crate::{
    http::{Problem, api},
    list::{Kind, ListName, ListSettings, ReportRule, Time},
    snapshot::Snapshot,
    store::View,
};
use askama::Template;

#[derive(Template)]
#[template(path = "list.html", config = "src/http/pages/askama.toml")]
struct ListPage {
    site: Site,
    name: String,
    about: String,
    criteria: String,
    /// Whether the criteria are the operator's words, in whatever language they wrote them.
    quoted: bool,
    entries: String,
    held: u64,
    covered: Option<String>,
    map: Option<String>,
    codes: Vec<String>,
    questions: Vec<String>,
    leaving: Vec<String>,
    reports: Vec<String>,
    contacts: Vec<String>,
    meaning: String,
    steps: Vec<String>,
    sources: Vec<SourceShown>,
    trend: Option<Trend>,
}

struct SourceShown {
    name: String,
    keys: String,
    complete_at: Option<Moment>,
}

/// `/lists/{list}`
pub(in crate::http) async fn list(
    Of(state): Of<State>,
    access: Access,
    reader: Reader,
    At(name): At<String>,
) -> Response {
    if let Err(problem) = access.count_look_up(&state) {
        return problem_page(&state, &reader, &problem);
    }
    let Ok(name) = name.parse::<ListName>() else {
        return problem_page(&state, &reader, &Problem::not_found("no such list"));
    };
    let (here, for_whom) = (state.clone(), reader.clone());
    let page = state.read(move |view, snapshot| {
        let site = Site::of(&here, snapshot, "list", &for_whom);
        let now = here.parts.clock.now();
        let mut page = ListPage::of(site, view, snapshot, &name, Tests::of(&here), now)?;
        page.trend = here.trends.of(view, &name, page.held, now, page.site.words())?;
        Ok(page)
    });
    rendered(&state, &reader, page.await)
}

impl ListPage {
    fn of(
        site: Site,
        view: &View<'_>,
        snapshot: &Snapshot,
        name: &ListName,
        tests: Tests,
        now: Time,
    ) -> Result<Self, Problem> {
        let settings = api::list_settings(snapshot, name)?;
        let list = api::find_list(view, snapshot, name)?;
        let words = site.words();
        let ends = if settings.expires_after.is_some() { Ends::ByItself } else { Ends::WhenTaken };
        let advice = Advice::of(&settings, ends, words);
        let zones = snapshot.served().zones().iter().map(crate::snapshot::Zone::settings);
        let serving: Vec<_> =
            zones.filter(|zone| list.zones.iter().any(|origin| *origin == zone.origin.name())).collect();
        let mut questions = Vec::new();
        for zone in &serving {
            if zone.lists.contains(name) {
                questions.push(zone.origin.name().to_owned());
            }
            questions.push(format!("{name}.{}", zone.origin.name()));
        }
        let mut contacts: Vec<_> = serving.iter().map(|zone| zone.contact.clone()).collect();
        contacts.dedup();
        let quoted = settings.kind != Kind::Never;
        Ok(Self {
            about: advice.about,
            meaning: advice.meaning,
            steps: advice.home.steps,
            criteria: if quoted { visible(&list.criteria) } else { words.say("never-criteria") },
            quoted,
            entries: words.number(list.entries),
            held: list.entries,
            trend: None,
            map: (list.keys == "addresses").then(|| format!("/lists/{name}/map")),
            covered: (list.keys == "addresses").then(|| words.number(list.covered_v4)),
            codes: list.code.into_iter().chain(list.codes).collect(),
            questions,
            leaving: leaving(&settings, tests, words),
            reports: settings.reports.as_ref().map_or_else(Vec::new, |rule| by_reports(rule, words)),
            contacts,
            sources: list
                .sources
                .into_iter()
                .map(|source| SourceShown {
                    name: source.name,
                    keys: words.number(source.keys),
                    complete_at: source.complete_at.map(|at| Moment::at(at, now, words)),
                })
                .collect(),
            name: list.name,
            site,
        })
    }
}

/// How reports list an address, in words: the whole rule, as it is counted.
fn by_reports(rule: &ReportRule, words: Messages) -> Vec<String> {
    let kinds = rule.weights.iter().map(|(kind, weight)| {
        let kind = grounds::kind(*kind, words);
        words.get("reports-weighs", &[("kind", kind.into()), ("points", points(*weight, words).into())])
    });
    let threshold = [
        ("reporters", figure(rule.reporters.into())),
        ("within", far(rule.within, words).into()),
        ("points", points(rule.threshold, words).into()),
    ];
    let decay = [("points", points(rule.per_reporter, words).into()), ("span", far(rule.half_life, words).into())];
    let mut lines = vec![words.get("reports-threshold", &threshold), words.get("reports-decay", &decay)];
    lines.extend(kinds);
    lines.push(words.say("reports-own"));
    lines.push(words.with("reports-ends", "span", span(rule.expires, words)));
    for step in &rule.widen_v6 {
        let parts = [
            ("count", step.count.to_string().into()),
            ("from", step.from.to_string().into()),
            ("to", step.to.to_string().into()),
        ];
        lines.push(words.get("reports-widen", &parts));
    }
    if !rule.spare.is_empty() {
        lines.push(words.say("reports-spare"));
    }
    lines
}

/// So many points, which need not be whole, in the form that the language has for it.
fn points(points: f64, words: Messages) -> String {
    let written = points.to_string();
    let written = if words.language() == Language::English { written } else { written.replace('.', ",") };
    words.get("reports-points", &[("number", points.into()), ("figure", written.into())])
}

/// How entries leave, in words.
fn leaving(list: &ListSettings, tests: Tests, words: Messages) -> Vec<String> {
    if list.kind == Kind::Never {
        return vec![words.say("leave-operator")];
    }
    let by_itself = match list.expires_after {
        Some(term) => words.with("leave-expires", "span", span(term, words)),
        None => words.say("leave-dated"),
    };
    let mut ways = vec![by_itself, words.say("leave-source"), words.say("leave-exempt")];
    ways.extend(rule::of_list(list, tests, words));
    ways
}
