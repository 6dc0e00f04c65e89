//! Why a request stands where it stands: what the program found, or what somebody wrote.
//!
//! ```text
//! "we looked"                            somebody's words, as they were written
//! {"is": "newer-evidence", "at": ...}    what the program found: pages say it in the reader's language
//! ```
//! Guarantees: what is stored is read back; rows of before, which hold every reason as a sentence, are read as words.
//! `Display` is the sentence of the API and of the audit trail, in English.
//! Never: translates.

use super::{
    Unmet,
    request::Ending,
    retest::{Outcome, State as Test},
};
use crate::list::Time;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a request stands where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Grounds {
    /// Somebody's words; empty: nothing is to be said.
    Said(Box<str>),
    /// What the program found.
    Found(Finding),
}

/// What the program found about a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Finding {
    /// Its time was over.
    #[error("nothing happened for seven days")]
    Lapsed,
    /// The key is locked out.
    #[error("it came back to the list too often: nobody may ask before {until}")]
    LockedOut {
        /// Until then.
        until: Time,
    },
    /// Seen after it was asked.
    #[error("newer evidence of {at} came after the request")]
    NewerEvidence {
        /// When.
        at: Time,
    },
    /// It was granted and is over.
    #[error("{}", .how.as_str())]
    Over {
        /// How.
        how: Ending,
    },
    /// No mail server stands at the address.
    #[error("{unmet}")]
    NoServer {
        /// What it lacks.
        unmet: Unmet,
    },
    /// Seen after it was cleaned.
    #[error("it was seen again at {at}, after the repair")]
    SeenAgain {
        /// When.
        at: Time,
    },
    /// The test got through.
    #[error("the test found it open: what was sent to it came through")]
    FoundOpen,
    /// A test is to be made.
    #[error("a test was asked for")]
    TestAsked,
    /// The machine has had its test of the day.
    #[error("a machine is tested once in 24 hours: the next test can be made at {at}")]
    TestLater {
        /// Not before then.
        at: Time,
    },
    /// A test is on its way.
    #[error("the test is {}", .state.as_str())]
    Testing {
        /// How far.
        state: Test,
    },
    /// DNS or the mail server said nothing; it is tried again.
    #[error("{detail}")]
    Silence {
        /// Who was asked, and for what.
        detail: Box<str>,
    },
    /// They said nothing three times: people decide.
    #[error("{detail}; people decide")]
    SilenceAgain {
        /// Who was asked, and for what.
        detail: Box<str>,
    },
    /// The test found neither: people decide.
    #[error("the test said: {}; people decide", .result.map_or("nothing", Outcome::as_str))]
    Undecided {
        /// What it said.
        result: Option<Outcome>,
    },
    /// The rule asks for a test that this server cannot make: people decide.
    #[error("no test can be made here; people decide")]
    NoTest,
    /// The rule asks for DNS, which this server does not ask: people decide.
    #[error("reverse DNS is not asked by this server; people decide")]
    NoReverseDns,
}

impl Default for Grounds {
    fn default() -> Self {
        Self::Said(Box::default())
    }
}

impl Grounds {
    /// Whether nothing is to be said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Said(words) if words.is_empty())
    }
}

impl From<Finding> for Grounds {
    fn from(finding: Finding) -> Self {
        Self::Found(finding)
    }
}

impl From<String> for Grounds {
    fn from(words: String) -> Self {
        Self::Said(words.into())
    }
}

impl fmt::Display for Grounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said(words) => f.write_str(words),
            Self::Found(finding) => finding.fmt(f),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Anything that may be found.
    pub fn any_finding() -> impl Strategy<Value = Finding> {
        let time = || any::<u32>().prop_map(Time::from_seconds);
        let text = || "\\PC{0,20}".prop_map(|text: String| text.into_boxed_str());
        let unmet = prop_oneof![
            Just(Unmet::NoName),
            text().prop_map(Unmet::NotConfirmed),
            text().prop_map(Unmet::Generic),
            Just(Unmet::NoServer),
            (text(), text()).prop_map(|(found, name)| Unmet::OtherName { found, name }),
        ];
        let ending = prop_oneof![Just(Ending::Returned), Just(Ending::Expired), Just(Ending::Revoked)];
        let result = prop_oneof![Just(None), Just(Some(Outcome::NotTested)), Just(Some(Outcome::Multihop))];
        prop_oneof![
            Just(Finding::Lapsed),
            time().prop_map(|until| Finding::LockedOut { until }),
            time().prop_map(|at| Finding::NewerEvidence { at }),
            ending.prop_map(|how| Finding::Over { how }),
            unmet.prop_map(|unmet| Finding::NoServer { unmet }),
            time().prop_map(|at| Finding::SeenAgain { at }),
            Just(Finding::FoundOpen),
            Just(Finding::TestAsked),
            time().prop_map(|at| Finding::TestLater { at }),
            prop_oneof![Just(Test::Queued), Just(Test::Arriving)].prop_map(|state| Finding::Testing { state }),
            text().prop_map(|detail| Finding::Silence { detail }),
            text().prop_map(|detail| Finding::SilenceAgain { detail }),
            result.prop_map(|result| Finding::Undecided { result }),
            Just(Finding::NoTest),
            Just(Finding::NoReverseDns),
        ]
    }

    #[test]
    fn rows_of_before_are_read_as_words_and_said_as_they_were() {
        let old = "newer evidence of 2027-01-15T08:00:00Z came after the request";
        let read: Grounds = serde_json::from_value(old.into()).unwrap();
        assert_eq!(read, Grounds::Said(old.into()));
        let at = "2027-01-15T08:00:00Z".parse().unwrap();
        let new = Grounds::Found(Finding::NewerEvidence { at });
        assert_eq!((new.to_string(), read.to_string()), (old.to_owned(), old.to_owned()));
        let stored = serde_json::json!({"is": "newer-evidence", "at": "2027-01-15T08:00:00Z"});
        assert_eq!(serde_json::to_value(&new).unwrap(), stored);
    }

    proptest! {
        #[test]
        fn what_is_stored_is_read_back(finding in any_finding(), words in "\\PC{0,40}") {
            for grounds in [Grounds::Found(finding), Grounds::from(words)] {
                let row = serde_json::to_vec(&grounds).unwrap();
                prop_assert_eq!(serde_json::from_slice::<Grounds>(&row).unwrap(), grounds);
            }
        }
    }
}
