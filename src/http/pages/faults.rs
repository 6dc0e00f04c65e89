//! Why something was not done, in the reader's language: a sentence for each reason of a [`Fault`].
//!
//! Guarantees: every reason has its sentence in every language; what only a technician can use (what a parser or DNS said)
//! comes apart from it, in English.
//! Never: blames; tells what went wrong inside the program, but that it did.

use super::{
    messages::{Messages, figure},
    words::{Moment, visible},
};
use crate::{
    cases::{
        CodeError, Fault, Field, NotYours, Obstacle, Unfit, Wait,
        network::{NetworkError, Unprovable},
    },
    change::Refused,
    http::forms::NotTaken,
    limits::{
        CLAIM_CUTS_MAX, CLAIM_PREFIXES_MAX, NETWORK_CONTACTS_MAX, NETWORK_NAME_OCTETS_MAX, NETWORK_PREFIXES_MAX,
        NETWORK_RANGES_MAX, NETWORK_TEXT_CHARACTERS_MAX, NETWORK_TITLE_CHARACTERS_MAX,
    },
    list::{KeyError, Prefix, Time},
};

/// What is said to people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// In the reader's language.
    pub words: String,
    /// A technical detail, in English.
    pub detail: Option<String>,
}

impl From<String> for Said {
    fn from(words: String) -> Self {
        Self { words, detail: None }
    }
}

impl Said {
    pub(super) fn with_detail(self, detail: impl std::fmt::Display) -> Self {
        Self { detail: Some(visible(&detail.to_string())), ..self }
    }

    /// Why the desk did not do what was asked at `now`.
    pub(super) fn of(fault: &Fault, now: Time, words: Messages) -> Self {
        match fault {
            Fault::Refused(refused) => words.say(refusal(refused)).into(),
            Fault::Unreadable(_) => words.say("fault-text").into(),
            Fault::Unknown(_) => words.say("fault-unknown").into(),
            Fault::Conflict(obstacle) => in_the_way(obstacle, words),
            Fault::Invalid(unfit) => not_taken(unfit, words),
            Fault::Forbidden(NotYours::Secret) => words.say("fault-secret").into(),
            Fault::Forbidden(NotYours::OtherNetwork) => words.say("fault-other-network").into(),
            Fault::Later { why, until } => {
                let moment = Moment::at(*until, now, words).text;
                match why {
                    Wait::LockedOut => words.with("removal-locked", "moment", moment),
                    Wait::CodeMailed(domain) => {
                        words.get("fault-code-mailed", &[("domain", (&**domain).into()), ("moment", moment.into())])
                    }
                }
                .into()
            }
        }
    }
}

impl NotTaken {
    /// Why a form was not taken, and what to do.
    pub(super) fn said(self, words: Messages) -> String {
        match self {
            Self::Soon(seconds) => words.count("removal-soon", u64::from(seconds)),
            Self::Used => words.say("form-used"),
            Self::Foreign | Self::Old => words.say("form-old"),
        }
    }
}

/// Why the door did not take a change, as a message.
const fn refusal(refused: &Refused) -> &'static str {
    match refused {
        Refused::Busy { .. } | Refused::NoRoomForTexts { .. } | Refused::SourceBusy | Refused::Stopping => "fault-busy",
        Refused::WritesOff | Refused::DiskFull(_) => "fault-writes-off",
        Refused::OutcomeUnknown => "fault-outcome",
        Refused::UnknownList(_) | Refused::UnknownSource(..) => "fault-unknown",
        // What only programs and configurations bring about.
        Refused::Rejected { .. }
        | Refused::Guard(_)
        | Refused::TooManyTexts
        | Refused::TooManySources
        | Refused::TooLarge
        | Refused::NothingToUndo
        | Refused::MayNotExclude
        | Refused::NotOrphan(_)
        | Refused::FamilyChanged(_)
        | Refused::Unreadable(_)
        | Refused::NotStaged(_) => "fault-text",
    }
}

fn in_the_way(obstacle: &Obstacle, words: Messages) -> Said {
    match obstacle {
        Obstacle::NotListed { key, list } => {
            words.get("fault-not-listed", &[("key", visible(key).into()), ("list", list.as_str().into())]).into()
        }
        Obstacle::ManyRequests => words.say("fault-many-requests").into(),
        Obstacle::NoMove(_) => words.say("fault-no-move").into(),
        Obstacle::NothingToProve(_) => words.say("fault-nothing-to-prove").into(),
        Obstacle::Silence(silence) => Said::from(words.say("fault-silence")).with_detail(silence),
        Obstacle::NoRetests => words.say("fault-no-retests").into(),
        Obstacle::Retest(_) => words.say("fault-retest").into(),
        Obstacle::NameTaken(name) => words.with("fault-name-taken", "name", name).into(),
        Obstacle::ManyNetworks => words.say("fault-many-networks").into(),
        Obstacle::ManyClaims => words.say("fault-many-claims").into(),
        Obstacle::HeldAlready => words.say("fault-held-already").into(),
        Obstacle::NotProven(prefix) => words.with("fault-not-proven", "prefix", prefix).into(),
        Obstacle::BrokenOff(_) => words.say("fault-text").into(),
    }
}

fn not_taken(unfit: &Unfit, words: Messages) -> Said {
    match unfit {
        Unfit::Key(error) => {
            let id = match error {
                KeyError::Prefix(_) => "fault-key-address",
                KeyError::Name(_) => "fault-key-name",
                KeyError::Hash(_) => "fault-key-hash",
            };
            Said::from(words.say(id)).with_detail(error)
        }
        Unfit::ManyAddresses => words.say("fault-one-address").into(),
        Unfit::Long { field, most } => {
            let id = match field {
                Field::Contact => "fault-long-contact",
                Field::Note => "fault-long-note",
                Field::Why => "fault-long-why",
            };
            most_of(id, *most, words)
        }
        Unfit::Repaired => words.say("fault-repaired").into(),
        Unfit::ProofNotTaken(_) => words.say("fault-proof-not-taken").into(),
        Unfit::Elsewhere { from, key } => {
            words.get("fault-elsewhere", &[("from", from.to_string().into()), ("key", (&**key).into())]).into()
        }
        Unfit::NoTxt { value, places } => {
            let parts = [("value", (&**value).into()), ("places", visible(&places.join(", ")).into())];
            words.get("fault-no-txt", &parts).into()
        }
        Unfit::NoAddress => words.say("fault-no-address").into(),
        Unfit::NoName(address) => words.with("fault-no-name", "address", address).into(),
        Unfit::NoDomain => words.say("fault-no-domain").into(),
        Unfit::NoCodes(domain) => words.with("fault-no-codes", "domain", domain).into(),
        Unfit::NoResolver => words.say("fault-no-resolver").into(),
        Unfit::Code(error) => words
            .say(match error {
                CodeError::NotMailed => "fault-code-none",
                CodeError::ManyWrong => "fault-code-many",
                CodeError::Old => "fault-code-old",
                CodeError::Wrong => "fault-code-wrong",
            })
            .into(),
        Unfit::NotTestable(list) => words.with("fault-not-testable", "list", list).into(),
        Unfit::Network(error) => of_network(error, words),
        Unfit::Claim(error) => of_claim(error, words),
    }
}

fn of_network(error: &NetworkError, words: Messages) -> Said {
    match error {
        NetworkError::Outside(prefix) => words.with("fault-outside", "prefix", prefix).into(),
        NetworkError::TooManyRanges => most_of("fault-many-ranges", NETWORK_RANGES_MAX, words),
        NetworkError::Text => most_of("fault-long-range", NETWORK_TEXT_CHARACTERS_MAX, words),
        NetworkError::Smarthost => words.say("fault-smarthost").into(),
        NetworkError::Name => most_of("fault-network-name", NETWORK_NAME_OCTETS_MAX, words),
        NetworkError::Title => most_of("fault-network-title", NETWORK_TITLE_CHARACTERS_MAX, words),
        NetworkError::Contacts => most_of("fault-network-contacts", NETWORK_CONTACTS_MAX, words),
        NetworkError::PublicContact => words.say("fault-network-public").into(),
        NetworkError::Prefixes => most_of("fault-network-prefixes", NETWORK_PREFIXES_MAX, words),
        // No form of the pages changes it.
        NetworkError::Webhook => Said::from(words.say("fault-network")).with_detail(error),
    }
}

fn of_claim(error: &Unprovable, words: Messages) -> Said {
    let of_prefix = |id, prefix: &Prefix, most: usize| {
        words.get(id, &[("prefix", prefix.to_string().into()), ("most", figure(most as u64))]).into()
    };
    match error {
        Unprovable::TooLong(prefix) => words.with("fault-claim-long", "prefix", prefix).into(),
        Unprovable::TooWide(prefix) => of_prefix("fault-claim-wide", prefix, CLAIM_CUTS_MAX),
        Unprovable::ManyPrefixes => most_of("fault-claim-many", CLAIM_PREFIXES_MAX, words),
        Unprovable::ManyCuts => most_of("fault-claim-cuts", CLAIM_CUTS_MAX, words),
    }
}

fn most_of(id: &str, most: usize, words: Messages) -> Said {
    words.get(id, &[("most", figure(most as u64))]).into()
}

#[cfg(test)]
mod tests {
    use super::{super::messages::Language, *};
    use crate::{
        cases::{State, Unanswered, retest},
        list::ProofKind,
        store::ReadError,
    };

    /// The sentence in each language; an id that is in no file comes out as itself.
    fn sentences(fault: &Fault) -> Vec<Said> {
        let said = |language| Said::of(fault, Time::from_seconds(1_800_000_000), Messages::of(language));
        Language::ALL.map(said).to_vec()
    }

    fn conflicts() -> Vec<Obstacle> {
        vec![
            Obstacle::NotListed { key: "192.0.2.1".into(), list: "relay".parse().unwrap() },
            Obstacle::ManyRequests,
            Obstacle::NoMove(State::Lapsed),
            Obstacle::NothingToProve(State::Lapsed),
            Obstacle::Silence(Unanswered("time-out".into())),
            Obstacle::NoRetests,
            Obstacle::Retest(retest::NoMove(retest::State::Done)),
            Obstacle::NameTaken("isp".parse().unwrap()),
            Obstacle::ManyNetworks,
            Obstacle::ManyClaims,
            Obstacle::HeldAlready,
            Obstacle::NotProven("192.0.2.0/24".parse().unwrap()),
            Obstacle::BrokenOff("panic".into()),
        ]
    }

    fn unfit() -> Vec<Unfit> {
        let wide: Prefix = "192.0.2.0/25".parse().unwrap();
        let claims =
            [Unprovable::TooLong(wide), Unprovable::TooWide(wide), Unprovable::ManyPrefixes, Unprovable::ManyCuts];
        let fields = [Field::Contact, Field::Note, Field::Why].map(|field| Unfit::Long { field, most: 2_000 });
        let codes = [CodeError::NotMailed, CodeError::ManyWrong, CodeError::Old, CodeError::Wrong].map(Unfit::Code);
        let network = [
            NetworkError::Outside(wide),
            NetworkError::TooManyRanges,
            NetworkError::Text,
            NetworkError::Smarthost,
            NetworkError::Name,
            NetworkError::Title,
            NetworkError::Contacts,
            NetworkError::PublicContact,
            NetworkError::Prefixes,
            NetworkError::Webhook,
        ];
        let mut all = vec![
            Unfit::Key(KeyError::Prefix("x".parse::<Prefix>().unwrap_err())),
            Unfit::ManyAddresses,
            Unfit::Repaired,
            Unfit::ProofNotTaken(ProofKind::Address),
            Unfit::Elsewhere { from: "192.0.2.9".parse().unwrap(), key: "192.0.2.1".into() },
            Unfit::NoTxt { value: "dnsbld=x".into(), places: vec!["_dnsbld.example.org".into()] },
            Unfit::NoAddress,
            Unfit::NoName("192.0.2.1".parse().unwrap()),
            Unfit::NoDomain,
            Unfit::NoCodes("example.org".into()),
            Unfit::NoResolver,
            Unfit::NotTestable("dynamic".parse().unwrap()),
        ];
        all.extend(fields.into_iter().chain(codes).chain(network.map(Unfit::Network)).chain(claims.map(Unfit::Claim)));
        all
    }

    #[test]
    fn every_reason_has_a_sentence_in_every_language() {
        let until = Time::from_seconds(1_800_003_600);
        let refused = [Refused::Stopping, Refused::WritesOff, Refused::OutcomeUnknown, Refused::Unreadable("x".into())];
        let waits = [Wait::LockedOut, Wait::CodeMailed("example.org".into())].map(|why| Fault::Later { why, until });
        let mut all: Vec<Fault> = vec![
            Fault::Unknown("request"),
            Fault::Unreadable(ReadError::Failed("x".into())),
            NotYours::Secret.into(),
            NotYours::OtherNetwork.into(),
        ];
        all.extend(conflicts().into_iter().map(Fault::from).chain(unfit().into_iter().map(Fault::from)));
        all.extend(refused.map(Fault::from).into_iter().chain(waits));
        for fault in &all {
            let said = sentences(fault);
            for (language, one) in Language::ALL.iter().zip(&said) {
                let raw = ["fault-", "removal-", "{"].iter().any(|part| one.words.starts_with(part));
                assert!(!raw && one.words.ends_with('.'), "{fault:?} {language:?}: {}", one.words);
                let english = *language == Language::English;
                assert!(english || one.words != said[0].words, "{fault:?} {language:?}");
            }
        }
    }

    #[test]
    fn what_went_wrong_inside_stays_inside() {
        for fault in [
            Fault::Unreadable(ReadError::Damaged("/var/lib/x".into())),
            Fault::Refused(Refused::NotStaged("/var/lib/x".into())),
            Fault::Conflict(Obstacle::BrokenOff("/var/lib/x".into())),
        ] {
            assert!(sentences(&fault).iter().all(|said| said.detail.is_none() && !said.words.contains("/var")));
        }
    }
}
