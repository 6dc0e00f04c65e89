//! What the pages say about each kind of list, and what they advise: the messages of `advice.ftl`, found by kind.
//!
//! Guarantees: every kind that can be configured has its words in every language (a test); the advice is for the person who
//! reads it, first what can be done now; nobody is accused: a listing says what was seen.
//! Never: promises what this program does not do.

use super::messages::Messages;
use crate::list::{KeyFamily, Kind, ListSettings};

/// The words for one kind.
#[derive(Clone, Debug)]
pub struct Advice {
    /// What the list is, for its own page.
    pub about: String,
    /// What a listing means.
    pub meaning: String,
    /// For whoever sends mail, or uses the connection: first what to do now.
    pub home: Steps,
    /// For whoever runs the machine or the domain.
    pub server: Steps,
    /// What happens when that is done.
    pub then: Option<String>,
}

/// How a listing ends: what is advised must not promise an end that none has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// At its date.
    ByItself,
    /// When its source takes it off.
    WhenTaken,
}

/// What one kind of reader can do, in order.
#[derive(Clone, Debug)]
pub struct Steps {
    /// Whom it is for.
    pub heading: String,
    /// What to do; nothing where there is nothing to do.
    pub steps: Vec<String>,
}

impl Advice {
    /// The words about a list, of which a listing ends like this.
    #[must_use]
    pub fn of(list: &ListSettings, ends: Ends, words: Messages) -> Self {
        let kind = list.kind.as_str();
        let undated = |part: &str| Some(format!("{kind}-undated-{part}")).filter(|_| ends == Ends::WhenTaken);
        let own = |part: &str| {
            let id = format!("{kind}-{part}");
            words.has(&id).then(|| words.say(&id))
        };
        let server = match list.family() {
            KeyFamily::Addresses => words.say("heading-server"),
            KeyFamily::Names | KeyFamily::Any => words.say("heading-domain"),
            KeyFamily::Hashes(_) => words.say("heading-mailbox"),
        };
        Self {
            about: own("about").unwrap_or_default(),
            meaning: own("meaning").unwrap_or_default(),
            home: Steps {
                heading: own("heading-home").unwrap_or_else(|| words.say("heading-home")),
                steps: undated("step")
                    .map(|stem| words.all(&stem))
                    .filter(|steps| !steps.is_empty())
                    .unwrap_or_else(|| words.all(&format!("{kind}-step"))),
            },
            server: Steps {
                heading: own("heading-server").unwrap_or(server),
                steps: words.all(&format!("{kind}-server-step")),
            },
            then: undated("then").filter(|id| words.has(id)).map(|id| words.say(&id)).or_else(|| own("then")),
        }
    }
}

/// What a key is that a list of this kind holds: "192.0.2.1 is an open proxy".
#[must_use]
pub fn headline(kind: Kind, key: &str, words: Messages) -> String {
    words.with(&format!("{}-headline", kind.as_str()), "key", key)
}

#[cfg(test)]
mod tests {
    use super::{super::messages::Language, *};

    #[test]
    fn every_kind_of_listing_says_what_it_means_and_what_can_be_done_in_every_language() {
        for kind in Kind::CONFIGURED {
            let both = [Ends::ByItself, Ends::WhenTaken];
            for (words, ends) in Language::ALL.map(Messages::of).into_iter().flat_map(|w| both.map(|e| (w, e))) {
                let advice = Advice::of(&ListSettings { kind, ..ListSettings::never() }, ends, words);
                assert!(!advice.about.is_empty() && !advice.meaning.is_empty() && advice.then.is_some(), "{kind:?}");
                assert!(!advice.home.steps.is_empty() && !advice.server.steps.is_empty(), "{kind:?}");
                let headline = headline(kind, "192.0.2.1", words);
                assert!(headline.starts_with("192.0.2.1 ") && !headline.contains("headline"), "{headline}");
            }
        }
    }

    /// "Wait: the entry ends by itself" stood above "the entry has no date".
    #[test]
    fn no_end_is_promised_where_none_is_known() {
        for kind in Kind::CONFIGURED {
            let list = ListSettings { kind, ..ListSettings::never() };
            let advice = Advice::of(&list, Ends::WhenTaken, Messages::default());
            let said = [advice.home.steps, advice.server.steps, advice.then.into_iter().collect()].concat().join(" ");
            for promise in ["by itself.", "ends by itself", "comes to its end", "the entry goes"] {
                assert!(!said.contains(promise), "{kind:?}: {said}");
            }
        }
    }

    #[test]
    fn a_dynamic_range_gets_the_way_through_the_provider_and_no_accusation() {
        let list = ListSettings { kind: Kind::Dynamic, ..ListSettings::never() };
        let advice = Advice::of(&list, Ends::WhenTaken, Messages::default());
        assert!(advice.home.steps[0].contains("587") && advice.home.steps[0].contains("provider"));
        assert!(advice.meaning.contains("not an accusation"));
        for words in Language::ALL.map(Messages::of) {
            assert!(Advice::of(&list, Ends::WhenTaken, words).home.steps[0].contains("587"));
        }
    }
}
