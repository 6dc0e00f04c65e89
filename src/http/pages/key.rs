//! The page of one key: listed or not, what can be done now, how it ends, why.
//!
//! Guarantees: what can be done comes before why; the same facts as the API's look-up; raw input is never shown but escaped.
//! Never: accuses; shows private evidence.

use super::{
    Access, Asked, At, Of, Reader, Response, Site, State, StatusCode, html,
    listing::{HoleShown, Listing},
    messages::Messages,
    problem_page,
    rule::Tests,
    unread,
    verdict::Verdict,
    words::Moment,
};
use crate::{
    http::{
        Problem,
        api::{Stay, past_stays},
        explain::{self, Explanation},
    },
    limits::PAST_SHOWN_MAX,
    list::{Key, Time},
    snapshot::Snapshot,
};
use askama::Template;
use std::{net::IpAddr, sync::Arc};

#[derive(Template)]
#[template(path = "key.html", config = "src/http/pages/askama.toml")]
pub(super) struct KeyPage {
    site: Site,
    key: String,
    verdict: Verdict,
    listings: Vec<Listing>,
    never: bool,
    holes: Vec<HoleShown>,
    past: Vec<PastShown>,
    answers: Vec<Answer>,
}

struct PastShown {
    list: String,
    /// By which entry, where that is a wider one.
    by: Option<String>,
    from: Moment,
    until: Moment,
    source: String,
    why: String,
}

struct Answer {
    question: String,
    codes: Vec<String>,
}

/// `/{key}`
pub(in crate::http) async fn key(
    Of(state): Of<State>,
    access: Access,
    reader: Reader,
    asked: Result<At<String>, Problem>,
) -> Response {
    match asked {
        Ok(At(asked)) => answer(&state, &access, &reader, &asked).await,
        Err(problem) => problem_page(&state, &reader, &problem),
    }
}

/// `/{address}/{length}`: a range.
pub(in crate::http) async fn range(
    Of(state): Of<State>,
    access: Access,
    reader: Reader,
    At((first, length)): At<(String, String)>,
) -> Response {
    answer(&state, &access, &reader, &format!("{first}/{length}")).await
}

/// `/lookup?key=`: what the form sends.
pub(in crate::http) async fn form(
    Of(state): Of<State>,
    access: Access,
    reader: Reader,
    Asked(query): Asked<Vec<(String, String)>>,
) -> Response {
    let asked = query.into_iter().find(|(name, _)| name == "key" || name == "ip").map(|(_, value)| value);
    answer(&state, &access, &reader, &asked.unwrap_or_default()).await
}

/// The page for whatever was asked.
pub(super) async fn answer(state: &State, access: &Access, reader: &Reader, asked: &str) -> Response {
    if let Err(problem) = access.count_look_up(state) {
        return problem_page(state, reader, &problem);
    }
    let key = match explain::read_key(asked) {
        Ok(key) => key,
        Err(unasked) => return unread::page(state, reader, asked, &unasked),
    };
    let (here, settings, for_whom) = (state.clone(), Arc::clone(&access.settings), reader.clone());
    let you = access.caller.address;
    let page = state.read(move |view, snapshot| {
        let now = here.parts.clock.now();
        let found = explain::explain(view, snapshot, &key)?.said_by(&here.networks()?);
        let lists: Vec<_> = snapshot.served().lists().map(|(_, list)| Arc::clone(list)).collect();
        let past = past_stays(view, &lists, &key, now.minus(settings.public_history))?;
        let (site, tests) = (Site::of(&here, snapshot, "key", &for_whom), Tests::of(&here));
        Ok(KeyPage::of(site, snapshot, &found, past, tests, you, now))
    });
    match page.await {
        Ok(page) => html(StatusCode::OK, reader, &page),
        Err(problem) => problem_page(state, reader, &problem),
    }
}

impl KeyPage {
    fn of(
        site: Site,
        snapshot: &Snapshot,
        found: &Explanation,
        past: Vec<Stay>,
        tests: Tests,
        you: IpAddr,
        now: Time,
    ) -> Self {
        let words = site.words();
        let key = explain::written(&found.key);
        let answers = found.zones.iter().map(|zone| Answer {
            question: zone.question.clone(),
            codes: zone.answers.iter().map(ToString::to_string).collect(),
        });
        Self {
            verdict: Verdict::of(found, snapshot, &past, you, now, words),
            listings: Listing::all(found, snapshot, tests, now, words),
            never: found.never(),
            holes: HoleShown::all(found, now, words),
            past: past.into_iter().take(PAST_SHOWN_MAX).map(|stay| PastShown::of(stay, &key, now, words)).collect(),
            answers: answers.collect(),
            key,
            site,
        }
    }
}

impl PastShown {
    /// An ended stay, on the page of `key`.
    fn of(stay: Stay, key: &str, now: Time, words: Messages) -> Self {
        let own = Key::parse_any(&stay.entry).is_ok_and(|entry| explain::written(&entry) == key);
        Self {
            by: (!own).then(|| words.with("past-entry", "entry", &stay.entry)),
            list: if stay.exclude { words.with("past-exempted", "list", stay.list) } else { stay.list },
            from: Moment::at(stay.from, now, words),
            until: Moment::at(stay.until, now, words),
            source: stay.source,
            why: match stay.why {
                "expired" => words.say("left-expired"),
                "changed" => words.say("left-changed"),
                "purged" => words.say("left-purged"),
                "undone" => words.say("left-undone"),
                "outweighed" => words.say("left-outweighed"),
                _ => words.say("left-removed"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        http::explain::{Fact, Hole, Match},
        list::{Kind, ListSettings, SourceName},
    };
    use proptest::prelude::*;

    /// A page about a listing whose source and evidence say `text`.
    pub(super) fn page(kind: Kind, text: &str, now: Time) -> KeyPage {
        let list = Arc::new(ListSettings {
            name: "some-list".parse().unwrap(),
            kind,
            criteria: text.into(),
            ..ListSettings::never()
        });
        let source: SourceName = "feed".parse().unwrap();
        let key = explain::read_key("192.0.2.1").unwrap();
        let fact = Fact {
            entry: key.clone(),
            source,
            reason: text.into(),
            evidence: text.into(),
            first_seen: now,
            last_seen: now,
            expires: None,
        };
        let served = crate::snapshot::Served::new(vec![Arc::clone(&list)], Vec::new(), "http://x", now);
        let snapshot = crate::http::tests::empty_snapshot(served);
        let one = Match { code: list.code, text: Some(text.into()), fact: fact.clone(), list };
        let hole = Hole { list: "other".parse().unwrap(), fact: fact.clone(), yields: true, aside: vec![fact] };
        let found = Explanation {
            key,
            test_point: false,
            matches: vec![one],
            holes: vec![hole],
            zones: Vec::new(),
            network: Some(explain::NetworkSays {
                name: "isp".into(),
                title: text.into(),
                contact: text.into(),
                text: text.into(),
                smarthost: text.into(),
            }),
            serial: crate::list::Serial(1),
        };
        let site = Site {
            name: text.into(),
            here: "key",
            serial: 1,
            contact: Some(text.into()),
            closing: Vec::new(),
            reader: Reader::default(),
            translated: true,
        };
        let stay = Stay {
            list: "some-list".into(),
            entry: "192.0.2.1".into(),
            source: "feed".into(),
            exclude: false,
            code: "127.0.0.2".into(),
            reason: text.into(),
            from: now,
            until: now,
            why: "expired",
            serial: 1,
        };
        KeyPage::of(site, &snapshot, &found, vec![stay], Tests::Made, "192.0.2.99".parse().unwrap(), now)
    }

    fn elements(page: &str) -> usize {
        page.matches('<').count()
    }

    proptest! {
        #[test]
        fn what_others_wrote_adds_no_element(text in "\\PC{0,60}|[<>\"'&/a-z= \r\n\t]{0,60}", kind in 0usize..9) {
            let kinds = [Kind::Dynamic, Kind::Compromised, Kind::Relay, Kind::Proxy, Kind::Spam, Kind::Domain, Kind::NewDomain, Kind::SpfAbuse, Kind::MailHash];
            let now = Time::from_seconds(1_700_000_000);
            let plain = page(kinds[kind], "plain", now).render().unwrap();
            // An empty reason leaves its line out.
            let text = format!("x{text}");
            let foreign = page(kinds[kind], &text, now).render().unwrap();
            prop_assert_eq!(elements(&foreign), elements(&plain));
            prop_assert_eq!(foreign.find('\u{202E}'), None);
        }
    }

    #[test]
    fn what_can_be_done_stands_before_why() {
        let page = page(Kind::Compromised, "seen", Time::from_seconds(1_700_000_000)).render().unwrap();
        let at = |words: &str| page.find(words).unwrap_or_else(|| panic!("{words}"));
        assert!(
            at("What you can do now") < at("What happens then") && at("What happens then") < at("Why it is listed")
        );
    }
}
