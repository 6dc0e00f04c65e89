//! How a key leaves a list when somebody asks, in words: the rule of a list, what it comes to for one key, and by what a
//! request goes.
//!
//! Guarantees: says what the desk does: a check where it makes one, a test only where there are tests, the network that really
//! decides; where an operator decides in spite of the rule, why.
//! Never: decides.

use super::{
    State,
    messages::Messages,
    words::{span, visible},
};
use crate::{
    cases::{self, Course, Request, network::Network},
    http::{Problem, explain},
    list::{Key, Kind, ListSettings, Prefix, RemovalRule},
    store::View,
};
use std::sync::Arc;

/// Whether this service makes tests, on which the rule `retest` rests in lists of servers and proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tests {
    Made,
    None,
}

impl Tests {
    pub(super) fn of(state: &State) -> Self {
        if state.desk().makes_retests() { Self::Made } else { Self::None }
    }
}

/// The rule of a list, in sentences (RFC 6471 2.2): for its page and for the form.
pub(super) fn of_list(list: &ListSettings, tests: Tests, words: Messages) -> Vec<String> {
    let removal = &list.removal;
    let mut lines = who(list, tests, words);
    if list.kind != Kind::Dynamic && removal.rule != RemovalRule::Operator {
        lines.push(words.say("rule-wider"));
    }
    lines.push(match removal.lasts {
        Some(lasts) => words.with("rule-lasts", "span", span(lasts, words)),
        None => words.say("rule-lasts-on"),
    });
    // A removal from a dynamic range does not end by what is seen, and so never returns.
    if list.kind != Kind::Dynamic {
        lines.push(words.say("removal-newer"));
    }
    // Whom an operator decides about may always ask.
    if removal.rule != RemovalRule::Operator && list.kind != Kind::Dynamic {
        lines.push(words.with("rule-lockout", "span", span(removal.lockout, words)));
    }
    lines
}

/// Who or what decides, for any key of a list.
fn who(list: &ListSettings, tests: Tests, words: Messages) -> Vec<String> {
    let ids: &[&str] = match (list.removal.rule, list.kind) {
        (RemovalRule::SelfService, Kind::Dynamic) => &["rule-self-checked", "rule-network", "rule-dynamic-else"],
        (RemovalRule::Owner, Kind::Dynamic) => &["rule-owner", "rule-customers", "rule-dynamic-else"],
        (rule, kind) => return plain(rule, kind, tests, words),
    };
    ids.iter().map(|id| words.say(id)).collect()
}

/// A rule where no network stands between.
fn plain(rule: RemovalRule, kind: Kind, tests: Tests, words: Messages) -> Vec<String> {
    let ids: &[&str] = match (rule, kind) {
        (RemovalRule::SelfService, Kind::Dynamic) => &["rule-self-checked", "rule-dynamic"],
        (RemovalRule::SelfService, _) => &["rule-self"],
        // A compromised machine is not tested: what counts is what was seen since its repair.
        (RemovalRule::Retest, Kind::Compromised) => &["rule-repaired"],
        (RemovalRule::Retest, _) if tests == Tests::None => &["rule-no-test"],
        (RemovalRule::Retest, _) => &["rule-retest"],
        (RemovalRule::Proof, Kind::Dynamic) => &["rule-proof", "rule-dynamic"],
        (RemovalRule::Proof, _) => &["rule-proof"],
        (RemovalRule::Owner, _) => &["rule-owner"],
        (RemovalRule::Operator, _) => &["rule-operator"],
    };
    ids.iter().map(|id| words.say(id)).collect()
}

/// By what an open request goes; `list`: its list, where that is still served.
pub(super) async fn of_request(
    state: &State,
    request: &Request,
    list: Option<Arc<ListSettings>>,
    words: Messages,
) -> Result<String, Problem> {
    let kind = list.as_ref().map_or(Kind::Spam, |list| list.kind);
    // The list may have got another rule since: that alone is no wider entry.
    let asks_nobody = list.filter(|list| list.removal.rule != RemovalRule::Operator);
    let wider = match asks_nobody.filter(|_| request.rule == RemovalRule::Operator) {
        Some(list) => is_wider(state, &request.key, list).await?,
        None => false,
    };
    Ok(match (request.rule, &request.owner) {
        (RemovalRule::Operator, _) if wider => words.say("rule-wider-here"),
        (RemovalRule::Owner, Some(network)) => words.with("removal-deciding-network", "network", network),
        (rule, _) => plain(rule, kind, Tests::of(state), words).join(" "),
    })
}

/// Whether a wider entry lists the key, which only an operator lifts.
async fn is_wider(state: &State, key: &str, list: Arc<ListSettings>) -> Result<bool, Problem> {
    let Ok(key) = Key::parse(key, list.family()) else { return Ok(false) };
    state.read(move |view, _| Ok(Course::of(view, &[], &list, &key)?.wider.is_some())).await
}

/// What the rule of a list comes to for one key, where its own words leave that open.
pub(super) async fn for_key(
    state: &State,
    list: &Arc<ListSettings>,
    key: &str,
    words: Messages,
) -> Result<Option<String>, Problem> {
    let Ok(Key::Prefix(asked)) = explain::read_key(key) else { return Ok(None) };
    let Key::Prefix(block) = cases::block_of(Key::Prefix(asked), list.v6_block()) else { return Ok(None) };
    let (here, list) = (state.clone(), Arc::clone(list));
    let told = state.read(move |view, _| Told::of(view, &here.networks()?, &list, block)).await?;
    Ok(told.map(|told| told.said(&asked.to_string(), words)))
}

/// What is told of the way that a request for one key would go.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    /// An operator decides: this entry is wider than one address.
    Wider(Key),
    /// The network of the address decides; what people call it.
    Network(String),
    /// It leaves that to its customers.
    Customers(String),
    /// No network is known that could decide.
    Proof,
}

impl Told {
    fn of(view: &View<'_>, networks: &[Network], list: &ListSettings, key: Prefix) -> Result<Option<Self>, Problem> {
        if list.removal.rule == RemovalRule::Operator {
            return Ok(None);
        }
        let Course { rule, owner, wider } = Course::of(view, networks, list, &key.into())?;
        let title = owner.map(|network| network.title.clone());
        Ok(match (rule, wider, title) {
            (_, Some(entry), _) => Some(Self::Wider(entry)),
            (RemovalRule::SelfService, _, Some(title)) if list.kind == Kind::Dynamic => Some(Self::Customers(title)),
            (RemovalRule::Owner, _, Some(title)) => Some(Self::Network(title)),
            (RemovalRule::Proof, ..) if list.removal.rule == RemovalRule::Owner => Some(Self::Proof),
            _ => None,
        })
    }

    fn said(&self, key: &str, words: Messages) -> String {
        let of = |id: &str, title: &str| words.get(id, &[("key", key.into()), ("network", visible(title).into())]);
        match self {
            Self::Wider(entry) => {
                words.get("rule-key-wider", &[("key", key.into()), ("entry", entry.to_string().into())])
            }
            Self::Network(title) => of("rule-key-network", title),
            Self::Customers(title) => of("rule-key-customers", title),
            Self::Proof => words.with("rule-key-proof", "key", key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::messages::Language, *};
    use crate::list::{ProofKind, Removal};

    fn list(kind: Kind, rule: RemovalRule) -> ListSettings {
        let removal = Removal { rule, proofs: ProofKind::fitting(kind), ..Removal::default() };
        ListSettings { kind, removal, ..ListSettings::never() }
    }

    fn said(kind: Kind, rule: RemovalRule, tests: Tests) -> String {
        of_list(&list(kind, rule), tests, Messages::default()).join(" ")
    }

    /// "Removed after a test finds it clean" was said of machines that are never tested.
    #[test]
    fn a_compromised_machine_goes_by_its_repair_and_not_by_a_test() {
        for tests in [Tests::Made, Tests::None] {
            let said = said(Kind::Compromised, RemovalRule::Retest, tests);
            assert!(said.contains("the day on which the machine was cleaned") && !said.contains("test"), "{said}");
        }
    }

    /// Lists of servers and proxies promised a test where the service makes none, which is how it is set up.
    #[test]
    fn a_test_is_promised_only_where_tests_are_made() {
        for kind in [Kind::Relay, Kind::Proxy] {
            assert!(said(kind, RemovalRule::Retest, Tests::Made).contains("after a test finds it clean"));
            let none = said(kind, RemovalRule::Retest, Tests::None);
            assert!(none.contains("An operator of this list decides, because this service makes no tests"), "{none}");
        }
    }

    /// Only two of the rules told of the check that the desk makes by all that ask nobody.
    #[test]
    fn the_check_of_a_mail_server_is_told_wherever_it_is_made() {
        for (rule, told) in [
            (RemovalRule::SelfService, true),
            (RemovalRule::Proof, true),
            (RemovalRule::Owner, true),
            (RemovalRule::Operator, false),
        ] {
            let dynamic = said(Kind::Dynamic, rule, Tests::None);
            assert_eq!(dynamic.contains("a name in reverse DNS that leads back"), told, "{dynamic}");
            assert!(!dynamic.contains("at once"), "{dynamic}");
            assert!(!said(Kind::Spam, rule, Tests::None).contains("reverse DNS"));
        }
    }

    #[test]
    fn every_rule_has_its_sentences_in_every_language() {
        for (words, kind) in Language::ALL.map(Messages::of).into_iter().flat_map(|w| Kind::CONFIGURED.map(|k| (w, k)))
        {
            for rule in RemovalRule::ALL {
                let lines = of_list(&list(kind, rule), Tests::None, words);
                assert!(lines.iter().all(|line| line.ends_with('.') && !line.starts_with("rule-")), "{lines:?}");
            }
        }
    }
}
