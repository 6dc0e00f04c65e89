//! Why a request stands where it stands, and why the program itself lists or exempts something, in the reader's language.
//!
//! Guarantees: what the program found is said in the reader's language; what somebody wrote stands as it was written, and so
//! does the sentence of a row that was kept before findings had a type; so do the reasons of feeds.
//! Never: says twice what the state says already.

use super::{
    faults::Said,
    messages::{Messages, figure},
    retests,
    words::{Moment, several_lines, visible},
};
use crate::{
    cases::{
        Finding, Grounds, OwnReason, Unmet,
        retest::{self, Suspicion},
    },
    list::{ReportKind, SourceName, Time},
};

/// What stands below the state of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The state says it all.
    Nothing,
    /// Somebody's words.
    Quoted(String),
    /// What the program found.
    Found(Said),
}

impl Why {
    /// At `now`.
    pub(super) fn of(grounds: &Grounds, now: Time, words: Messages) -> Self {
        match grounds {
            Grounds::Said(_) if grounds.is_empty() => Self::Nothing,
            Grounds::Said(quoted) => Self::Quoted(several_lines(quoted)),
            Grounds::Found(finding) => found(finding, now, words).map_or(Self::Nothing, Self::Found),
        }
    }
}

fn found(finding: &Finding, now: Time, words: Messages) -> Option<Said> {
    let dated = |id: &str, at: &Time| Said::from(words.with(id, "moment", Moment::at(*at, now, words).text));
    Some(match finding {
        Finding::Lapsed | Finding::Over { .. } | Finding::TestLater { .. } => return None,
        Finding::LockedOut { until } => dated("removal-locked", until),
        Finding::NewerEvidence { at } => dated("why-newer", at),
        Finding::NoServer { unmet } => lacking(unmet, words).into(),
        Finding::SeenAgain { at } => dated("why-seen-again", at),
        Finding::FoundOpen => words.say("why-open").into(),
        Finding::TestAsked => words.say("why-test-asked").into(),
        Finding::Testing { state } => words.say(testing(*state)).into(),
        Finding::Silence { detail } => Said::from(words.say("why-silence")).with_detail(detail),
        Finding::SilenceAgain { detail } => Said::from(words.say("why-silence-again")).with_detail(detail),
        Finding::Undecided { result } => {
            let said = result.map(|result| retests::outcome(result, words));
            let lines: Vec<String> = said.into_iter().chain([words.say("why-people")]).collect();
            lines.join(" ").into()
        }
        Finding::NoTest => words.say("why-no-test").into(),
        Finding::NoReverseDns => words.say("why-no-dns").into(),
    })
}

/// What an address lacks to be taken for that of a mail server.
fn lacking(unmet: &Unmet, words: Messages) -> String {
    match unmet {
        Unmet::NoName => words.say("why-no-name"),
        Unmet::NotConfirmed(name) => words.with("why-not-confirmed", "name", visible(name)),
        Unmet::Generic(name) => words.with("why-generic", "name", visible(name)),
        Unmet::NoServer => words.say("why-no-server"),
        Unmet::OtherName { found, name } => {
            words.get("why-other-name", &[("found", visible(found).into()), ("name", visible(name).into())])
        }
    }
}

const fn testing(state: retest::State) -> &'static str {
    match state {
        retest::State::Queued => "retest-state-queued",
        retest::State::Running => "retest-state-running",
        retest::State::Arriving => "retest-state-arriving",
        retest::State::Waiting => "why-test-waits",
        retest::State::Done => "retest-state-done",
    }
}

/// The reason of an entry: what the program's own sources say comes in the reader's language.
pub(super) fn reason(source: &SourceName, reason: &str, words: Messages) -> String {
    match OwnReason::of(source, reason) {
        None => several_lines(reason),
        Some(OwnReason::Removed(_)) => words.say("reason-removed"),
        Some(OwnReason::Clean(_)) => words.say("reason-clean"),
        Some(OwnReason::Open(what, variant)) => {
            let id = if what == Suspicion::Relay { "reason-open-relay" } else { "reason-open-proxy" };
            words.with(id, "trial", variant)
        }
        Some(OwnReason::Reported { reports, kinds, reporters }) => {
            let kinds: Vec<String> = kinds.into_iter().map(|one| kind(one, words)).collect();
            let kinds = kinds.join("; ");
            words.get(
                "reason-reported",
                &[("reports", figure(reports)), ("reporters", figure(reporters)), ("kinds", kinds.into())],
            )
        }
        Some(OwnReason::Around(prefix)) => words.with("reason-around", "prefix", prefix),
    }
}

/// What a report says was seen.
pub(super) fn kind(kind: ReportKind, words: Messages) -> String {
    words.say(match kind {
        ReportKind::Trap => "reports-trap",
        ReportKind::Spam => "reports-spam",
        ReportKind::Auth => "reports-auth",
        ReportKind::Relay => "reports-relay",
        ReportKind::Proxy => "reports-proxy",
    })
}

#[cfg(test)]
mod tests {
    use super::{super::messages::Language, *};
    use crate::cases::retest::Outcome;

    const NOW: Time = Time::from_seconds(1_800_000_000);

    fn findings() -> Vec<Finding> {
        let unmet = [
            Unmet::NoName,
            Unmet::NotConfirmed("mx.example.org".into()),
            Unmet::Generic("pool.example.org".into()),
            Unmet::NoServer,
            Unmet::OtherName { found: "a.example.org".into(), name: "b.example.org".into() },
        ];
        let tests = [
            retest::State::Queued,
            retest::State::Running,
            retest::State::Arriving,
            retest::State::Waiting,
            retest::State::Done,
        ];
        let mut all = vec![
            Finding::LockedOut { until: NOW },
            Finding::NewerEvidence { at: NOW },
            Finding::SeenAgain { at: NOW },
            Finding::FoundOpen,
            Finding::TestAsked,
            Finding::Silence { detail: "no answer".into() },
            Finding::SilenceAgain { detail: "no answer".into() },
            Finding::Undecided { result: None },
            Finding::Undecided { result: Some(Outcome::Unreachable) },
            Finding::NoTest,
            Finding::NoReverseDns,
        ];
        all.extend(unmet.map(|unmet| Finding::NoServer { unmet }));
        all.extend(tests.map(|state| Finding::Testing { state }));
        all
    }

    #[test]
    fn every_finding_has_a_sentence_in_every_language() {
        for finding in findings() {
            let said =
                Language::ALL.map(|language| match Why::of(&finding.clone().into(), NOW, Messages::of(language)) {
                    Why::Found(said) => said.words,
                    other => panic!("{finding:?}: {other:?}"),
                });
            for (language, one) in Language::ALL.iter().zip(&said) {
                let raw = ["why-", "retest-", "removal-"].iter().any(|stem| one.contains(stem));
                assert!(!raw && one.ends_with('.'), "{finding:?} {language:?}: {one}");
                assert!(*language == Language::English || *one != said[0], "{finding:?} {language:?}");
            }
        }
    }

    #[test]
    fn what_the_state_says_already_is_not_said_again_and_words_stand_as_they_were_written() {
        let why = |grounds: &Grounds| Why::of(grounds, NOW, Messages::of(Language::German));
        for said in [Finding::Lapsed, Finding::TestLater { at: NOW }] {
            assert_eq!(why(&said.into()), Why::Nothing);
        }
        assert_eq!(why(&Grounds::default()), Why::Nothing);
        assert_eq!(why(&Grounds::Said("we looked".into())), Why::Quoted("we looked".into()));
    }

    #[test]
    fn the_programs_own_reasons_are_translated_and_those_of_feeds_are_not() {
        let words = Messages::of(Language::German);
        let said = |source: &str, text: &str| reason(&source.parse().unwrap(), text, words);
        for (source, text, german) in [
            ("removal", "removed on request (self)", "Auf eine Anfrage hin ausgenommen."),
            (
                "retest",
                "retest 00112233445566778899aabbccddeeff: clean",
                "Nach einer Prüfung ausgenommen: Nichts kam durch.",
            ),
            (
                "report",
                "1 report (auth) by 1 reporter",
                "Meldungen: 1, von verschiedenen Meldenden: 1. Gesehen: erratene Passwörter.",
            ),
            ("report", "removed on request (self)", "removed on request (self)"),
            ("feed", "1 report (auth) by 1 reporter", "1 report (auth) by 1 reporter"),
        ] {
            assert_eq!(said(source, text), german);
        }
        let proxy = said("retest", "open proxy: what was sent to it by socks5:1080 came back to this server");
        assert!(proxy.contains("socks5:1080") && proxy.starts_with("Ein offener Proxy"), "{proxy}");
    }
}
