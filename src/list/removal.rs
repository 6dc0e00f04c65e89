//! How people get a key out of a list: the rule that the configuration sets and the list's page shows (RFC 6471 2.2).
//!
//! Guarantees: fits the list's kind when it comes from `config`.
//! Never: decides a request; that is `cases`.

use super::{Duration, KeyFamily, Kind, ListSettings};
use std::str::FromStr;

/// Who or what lets a key out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemovalRule {
    /// Who asks, at once.
    #[serde(rename = "self")]
    SelfService,
    /// A clean test.
    Retest,
    /// Who shows that the key is theirs.
    Proof,
    /// The network that the address belongs to.
    Owner,
    /// An operator of this service.
    Operator,
}

/// How somebody shows that an address is theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProofKind {
    /// The request comes from it.
    Address,
    /// A token in TXT at `_dnsbld.` under its name in reverse DNS.
    RdnsTxt,
    /// A code mailed to postmaster@ of that domain.
    Postmaster,
}

/// The rule of one list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// Who or what lets a key out.
    pub rule: RemovalRule,
    /// Which proofs count.
    pub proofs: Vec<ProofKind>,
    /// How long the exclusion lasts; `None`: until newer evidence.
    pub lasts: Option<Duration>,
    /// How long nobody may ask again in the same way, with proof or without, after the key came back; doubled with each return.
    pub lockout: Duration,
    /// After so long without a return it begins anew.
    pub lockout_memory: Duration,
}

/// A text that is no rule or no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RemovalWordError {
    /// For [`RemovalRule`].
    #[error("write self, retest, proof, owner or operator")]
    Rule,
    /// For [`ProofKind`].
    #[error("the proofs are address, rdns-txt and postmaster")]
    Proof,
}

impl RemovalRule {
    /// Every rule.
    pub const ALL: [Self; 5] = [Self::SelfService, Self::Retest, Self::Proof, Self::Owner, Self::Operator];

    /// As the configuration and the API write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SelfService => "self",
            Self::Retest => "retest",
            Self::Proof => "proof",
            Self::Owner => "owner",
            Self::Operator => "operator",
        }
    }
}

impl ProofKind {
    /// Every proof.
    pub const ALL: [Self; 3] = [Self::Address, Self::RdnsTxt, Self::Postmaster];

    /// Those that prove something in a list of that kind.
    #[must_use]
    pub fn fitting(kind: Kind) -> Vec<Self> {
        match kind {
            Kind::Dynamic | Kind::Spam => Self::ALL.to_vec(),
            Kind::Relay | Kind::Proxy | Kind::Compromised => vec![Self::RdnsTxt, Self::Postmaster],
            Kind::Domain | Kind::NewDomain | Kind::SpfAbuse | Kind::MailHash | Kind::Never => Vec::new(),
        }
    }

    /// As the configuration and the API write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::RdnsTxt => "rdns-txt",
            Self::Postmaster => "postmaster",
        }
    }
}

impl Default for Removal {
    fn default() -> Self {
        Self {
            rule: RemovalRule::Operator,
            proofs: Vec::new(),
            lasts: Some(Duration::from_seconds(30 * 86_400)),
            lockout: Duration::from_seconds(86_400),
            lockout_memory: Duration::from_seconds(365 * 86_400),
        }
    }
}

impl Removal {
    /// Why this cannot be the rule of a list of that kind: the option, and what to write instead.
    #[must_use]
    pub fn unfit(&self, kind: Kind) -> Vec<(&'static str, String)> {
        let family = ListSettings { kind, ..ListSettings::never() }.family();
        let mut found = Vec::new();
        if family != KeyFamily::Addresses {
            if self.rule != RemovalRule::Operator {
                found.push((
                    "removal",
                    "removal: names and hashes are removed by an operator; write \"operator\"".into(),
                ));
            }
            if !self.proofs.is_empty() {
                found.push(("removal_proofs", "removal_proofs are for lists of addresses; leave them out".into()));
            }
        }
        if self.rule == RemovalRule::Retest && !matches!(kind, Kind::Relay | Kind::Proxy | Kind::Compromised) {
            found.push((
                "removal",
                format!("removal: a list of kind {} has no retest; relay, proxy and compromised have", kind.as_str()),
            ));
        }
        let others_hold_it = matches!(kind, Kind::Proxy | Kind::Relay | Kind::Compromised);
        if others_hold_it && self.proofs.contains(&ProofKind::Address) {
            let what = format!(
                "removal_proofs: who abuses a machine can ask from its address, so \"address\" proves nothing in a list of kind {}",
                kind.as_str()
            );
            found.push(("removal_proofs", what));
        }
        if matches!(self.rule, RemovalRule::Proof | RemovalRule::Owner) && self.proofs.is_empty() {
            let what = format!(
                "removal_proofs: the rule {} needs at least one of address, rdns-txt, postmaster (without a network, owner is proof)",
                self.rule.as_str()
            );
            found.push(("removal_proofs", what));
        }
        if self.lasts.is_none() && kind != Kind::Dynamic {
            found.push(("removal_lasts", "removal_lasts: \"never\" is for lists of kind dynamic".into()));
        }
        if self.lockout > self.lockout_memory {
            found.push((
                "lockout",
                "lockout is longer than lockout_memory: it would be forgotten before it ends".into(),
            ));
        }
        found
    }
}

impl FromStr for RemovalRule {
    type Err = RemovalWordError;

    fn from_str(text: &str) -> Result<Self, RemovalWordError> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == text).ok_or(RemovalWordError::Rule)
    }
}

impl FromStr for ProofKind {
    type Err = RemovalWordError;

    fn from_str(text: &str) -> Result<Self, RemovalWordError> {
        Self::ALL.into_iter().find(|proof| proof.as_str() == text).ok_or(RemovalWordError::Proof)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unfit(kind: Kind, rule: RemovalRule, proofs: &[ProofKind]) -> Vec<&'static str> {
        let removal = Removal { rule, proofs: proofs.to_vec(), ..Removal::default() };
        removal.unfit(kind).into_iter().map(|(option, _)| option).collect()
    }

    #[test]
    fn rules_that_prove_nothing_or_lead_nowhere_are_named() {
        let address = [ProofKind::Address];
        assert!(unfit(Kind::Dynamic, RemovalRule::SelfService, &address).is_empty());
        assert!(unfit(Kind::Relay, RemovalRule::Retest, &[ProofKind::RdnsTxt]).is_empty());
        for kind in [Kind::Proxy, Kind::Relay, Kind::Compromised] {
            assert_eq!(unfit(kind, RemovalRule::SelfService, &address), ["removal_proofs"]);
        }
        assert_eq!(unfit(Kind::Spam, RemovalRule::Retest, &[]), ["removal"]);
        assert_eq!(unfit(Kind::Spam, RemovalRule::Proof, &[]), ["removal_proofs"]);
        assert_eq!(unfit(Kind::Domain, RemovalRule::SelfService, &[]), ["removal"]);
        assert_eq!(unfit(Kind::MailHash, RemovalRule::Operator, &address), ["removal_proofs"]);
        let never = Removal { lasts: None, ..Removal::default() };
        assert_eq!((never.unfit(Kind::Dynamic).len(), never.unfit(Kind::Spam).len()), (0, 1));
    }

    #[test]
    fn what_fits_a_kind_is_a_rule_for_it() {
        for kind in Kind::CONFIGURED {
            let removal = Removal { proofs: ProofKind::fitting(kind), ..Removal::default() };
            assert_eq!(removal.unfit(kind), [], "{}", kind.as_str());
        }
    }

    #[test]
    fn words_read_back() {
        for rule in RemovalRule::ALL {
            assert_eq!(rule.as_str().parse(), Ok(rule));
            assert_eq!(serde_json::to_value(rule).unwrap(), rule.as_str());
        }
        for proof in ProofKind::ALL {
            assert_eq!(proof.as_str().parse(), Ok(proof));
            assert_eq!(serde_json::to_value(proof).unwrap(), proof.as_str());
        }
    }
}
