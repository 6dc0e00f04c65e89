//! The words of a retest: which trials there are, what each showed, and the token that tells their mails apart.
//!
//! Guarantees: every trial has one name, the same in the store, the API and on pages; a [`Token`] has 128 random bits and
//! one written form, which survives mail servers that change the case of a mailbox.
//! Never: connects; decides what a verdict means for a list.

pub use crate::list::Protocol;

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A secret that is used once: the mailbox a trial writes to, or what is sent through a proxy.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Token([u8; 16]);

/// Why a text is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a token: 32 hexadecimal digits")]
pub struct TokenError;

/// What a test looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Suspicion {
    /// A mail server that takes mail of strangers to strangers.
    Relay,
    /// A proxy that connects anybody to anywhere.
    Proxy,
}

/// One way to ask a mail server for relaying: forms of sender and recipient. T is the target's name, I its address, D the
/// domain of our inbox, U a mailbox there that was never used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// `<>` to `U@D`
    NullSender,
    /// `x@D` to `U@D`
    OurSender,
    /// `x@T` to `U@D`
    LocalSender,
    /// `x@[I]` to `U@D`
    LiteralSender,
    /// `x@localhost` to `U@D`
    LocalhostSender,
    /// `x` to `U@D`
    BareSender,
    /// `U%D@[I]`
    PercentLiteral,
    /// `U%D@T`
    PercentName,
    /// `"U@D"`
    Quoted,
    /// `"U%D"`
    QuotedPercent,
    /// `U@D@[I]`
    DoubleLiteral,
    /// `"U@D"@[I]`
    QuotedLiteral,
    /// `U@D@T`
    DoubleName,
    /// `@[I]:U@D`
    RouteLiteral,
    /// `@T:U@D`
    RouteName,
    /// `D!U`
    Bang,
    /// `D!U@[I]`
    BangLiteral,
    /// `D!U@T`
    BangName,
}

/// One trial of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Variant {
    /// To a mail server.
    Relay(Form),
    /// To a port where a proxy may listen.
    Proxy(Protocol, u16),
}

/// Why a text is no variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a trial of a retest")]
pub struct VariantError;

/// What one trial showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Refused for good (5xx); a proxy port: answered without our secret.
    Refused,
    /// A proxy port: refused the connection.
    Closed,
    /// Refused for now (4xx), as greylisting does.
    Deferred,
    /// A mail server that wants encryption before anything else: it refused how we came, not what we asked.
    Barred,
    /// The message was taken. Whether it is passed on is seen when it arrives, or does not.
    Accepted,
    /// It was taken and its token did not arrive in time.
    Vanished,
    /// It was taken, and a bounce came back to our sender.
    Bounced,
    /// The token came to us from the target itself.
    Arrived,
    /// The token came to us from another address.
    ArrivedElsewhere,
    /// No answer, or the connection ended before this trial.
    Unanswered,
}

impl Verdict {
    /// Whether it shows neither that the machine passes on nor that it refuses to, nor will by itself.
    #[must_use]
    pub const fn leaves_open(self) -> bool {
        matches!(self, Self::Deferred | Self::Barred | Self::Accepted | Self::Unanswered)
    }
}

/// One trial and what it showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Which.
    pub variant: Variant,
    /// What it showed last.
    pub verdict: Verdict,
}

/// How far a test came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// The machine refused the connection, at every port.
    Closed,
    /// Nothing came back within the time, at some port.
    Silent,
    /// Connected, but the other side is no mail server that would talk to us.
    Unwelcome,
    /// A mail server greeted us; of a proxy: each port refused or answered.
    Greeted,
}

/// What a test saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// How far it came.
    pub reach: Reach,
    /// The trials that were made.
    pub steps: Vec<Step>,
    /// The conversation, control characters escaped. Private evidence.
    pub transcript: String,
}

impl Token {
    /// A token of these random bits.
    #[must_use]
    pub const fn new(bits: [u8; 16]) -> Self {
        Self(bits)
    }

    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        let mut bits = [0; 16];
        getrandom::fill(&mut bits).expect("the system gives random bits; without them no secret can be made");
        Self(bits)
    }

    /// Its bits.
    #[must_use]
    pub const fn bits(self) -> [u8; 16] {
        self.0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Token {
    /// A secret: its first digits are enough to tell it from others in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({:02x}{:02x}..)", self.0[0], self.0[1])
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let bits = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).map_err(|_| TokenError)?;
        bits.try_into().map(Self).map_err(|_| TokenError)
    }
}

impl TryFrom<String> for Token {
    type Error = TokenError;

    fn try_from(text: String) -> Result<Self, TokenError> {
        text.parse()
    }
}

impl From<Token> for String {
    fn from(token: Token) -> Self {
        token.to_string()
    }
}

impl Form {
    /// All, in the order in which they are tried: honest forms first.
    pub const ALL: [Self; 18] = [
        Self::NullSender,
        Self::OurSender,
        Self::LocalSender,
        Self::LiteralSender,
        Self::LocalhostSender,
        Self::BareSender,
        Self::PercentLiteral,
        Self::PercentName,
        Self::Quoted,
        Self::QuotedPercent,
        Self::DoubleLiteral,
        Self::QuotedLiteral,
        Self::DoubleName,
        Self::RouteLiteral,
        Self::RouteName,
        Self::Bang,
        Self::BangLiteral,
        Self::BangName,
    ];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NullSender => "null-sender",
            Self::OurSender => "our-sender",
            Self::LocalSender => "local-sender",
            Self::LiteralSender => "literal-sender",
            Self::LocalhostSender => "localhost-sender",
            Self::BareSender => "bare-sender",
            Self::PercentLiteral => "percent-literal",
            Self::PercentName => "percent-name",
            Self::Quoted => "quoted",
            Self::QuotedPercent => "quoted-percent",
            Self::DoubleLiteral => "double-literal",
            Self::QuotedLiteral => "quoted-literal",
            Self::DoubleName => "double-name",
            Self::RouteLiteral => "route-literal",
            Self::RouteName => "route-name",
            Self::Bang => "bang",
            Self::BangLiteral => "bang-literal",
            Self::BangName => "bang-name",
        }
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Relay(form) => f.write_str(form.as_str()),
            Self::Proxy(protocol, port) => write!(f, "{}:{port}", protocol.as_str()),
        }
    }
}

impl FromStr for Variant {
    type Err = VariantError;

    fn from_str(text: &str) -> Result<Self, VariantError> {
        if let Some(form) = Form::ALL.into_iter().find(|form| form.as_str() == text) {
            return Ok(Self::Relay(form));
        }
        let (name, port) = text.split_once(':').ok_or(VariantError)?;
        let protocol = Protocol::ALL.into_iter().find(|protocol| protocol.as_str() == name).ok_or(VariantError)?;
        Ok(Self::Proxy(protocol, port.parse().map_err(|_| VariantError)?))
    }
}

impl TryFrom<String> for Variant {
    type Error = VariantError;

    fn try_from(text: String) -> Result<Self, VariantError> {
        text.parse()
    }
}

impl From<Variant> for String {
    fn from(variant: Variant) -> Self {
        variant.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_trial_has_a_name_of_its_own_and_is_read_back() {
        let relays = Form::ALL.into_iter().map(Variant::Relay);
        let proxies = Protocol::ALL.into_iter().map(|protocol| Variant::Proxy(protocol, 1080));
        let mut names = std::collections::BTreeSet::new();
        for variant in relays.chain(proxies) {
            assert_eq!(variant.to_string().parse(), Ok(variant));
            assert!(names.insert(variant.to_string()), "{variant}");
        }
        assert!("socks5".parse::<Variant>().is_err() && "socks5:70000".parse::<Variant>().is_err());
    }

    proptest! {
        #[test]
        fn a_token_is_read_back_in_any_case_of_letters(bits in any::<[u8; 16]>()) {
            let token = Token::new(bits);
            prop_assert_eq!(token.to_string().parse(), Ok(token));
            prop_assert_eq!(token.to_string().to_uppercase().parse(), Ok(token));
            let shown = format!("{token:?}");
            prop_assert!(!shown.contains(&token.to_string()));
        }
    }
}
