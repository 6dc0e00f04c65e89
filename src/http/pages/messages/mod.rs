//! The words of the pages, in every language that they speak: Fluent files (`en`, `de`, `es`, `fr`), one a topic.
//!
//! Guarantees: every message is there in every language with the same parts and arguments (tests); what is put into a
//! message comes out as it went in, and the templates escape the whole.
//! Never: holds markup; guesses a language by address.

mod reader;

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use std::{borrow::Borrow, fmt::Display, sync::LazyLock};

pub use reader::Reader;

/// A language of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// For whoever asks for none of the others.
    #[default]
    English,
    /// German
    German,
    /// Spanish
    Spanish,
    /// French
    French,
}

impl Language {
    /// All, in the order of the language switch.
    pub const ALL: [Self; 4] = [Self::English, Self::German, Self::Spanish, Self::French];

    /// The tag of RFC 5646.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Spanish => "es",
            Self::French => "fr",
        }
    }

    /// What the language calls itself.
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
            Self::Spanish => "Español",
            Self::French => "Français",
        }
    }

    /// The language of a tag, whatever region or script follows (`de-AT`).
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.tag()))
    }

    /// What stands between the thousands of a number.
    const fn thousands(self) -> &'static str {
        match self {
            Self::English => ",",
            Self::German | Self::Spanish => ".",
            // A narrow space at which no line breaks.
            Self::French => "\u{202F}",
        }
    }
}

/// The files of one topic in the order of [`Language::ALL`].
macro_rules! topic {
    ($name:literal) => {
        (
            $name,
            [
                include_str!(concat!("en/", $name, ".ftl")),
                include_str!(concat!("de/", $name, ".ftl")),
                include_str!(concat!("es/", $name, ".ftl")),
                include_str!(concat!("fr/", $name, ".ftl")),
            ],
        )
    };
}

/// Every topic. A new page adds its files to the four folders and its name here.
#[rustfmt::skip] // one a line
const TOPICS: &[(&str, [&str; 4])] = &[
    topic!("site"),
    topic!("removal"),
    topic!("fault"),
    topic!("advice"),
    topic!("key"),
    topic!("list"),
    topic!("network"),
    topic!("retest"),
    topic!("map"),
    topic!("privacy"),
];

type Bundle = FluentBundle<FluentResource>;

static BUNDLES: LazyLock<[Bundle; 4]> = LazyLock::new(|| Language::ALL.map(bundle));

fn bundle(language: Language) -> Bundle {
    let tag = language.tag().parse().expect("a tag of ours");
    let mut bundle = Bundle::new_concurrent(vec![tag]);
    // The marks around arguments are for mixed reading directions; foreign text is stripped of what turns them.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(match language {
        Language::English => |value, _| grouped(value, Language::English),
        Language::German => |value, _| grouped(value, Language::German),
        Language::Spanish => |value, _| grouped(value, Language::Spanish),
        Language::French => |value, _| grouped(value, Language::French),
    }));
    for (topic, files) in TOPICS {
        let resource = FluentResource::try_new(files[language as usize].to_owned());
        let resource = resource.unwrap_or_else(|(read, errors)| {
            tracing::error!(topic, language = language.tag(), ?errors, "a file of messages has mistakes");
            read
        });
        if let Err(errors) = bundle.add_resource(resource) {
            tracing::error!(topic, language = language.tag(), ?errors, "a message stands there twice");
        }
    }
    bundle
}

#[expect(clippy::cast_sign_loss, reason = "counts only")]
fn grouped(value: &FluentValue<'_>, language: Language) -> Option<String> {
    match value {
        FluentValue::Number(number) => Some(Messages(language).number(number.value.max(0.0) as u64)),
        _ => None,
    }
}

/// The messages in one language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Messages(Language);

impl Messages {
    /// Those of `language`.
    #[must_use]
    pub const fn of(language: Language) -> Self {
        Self(language)
    }

    /// The language.
    #[must_use]
    pub const fn language(self) -> Language {
        self.0
    }

    /// A message without arguments.
    #[must_use]
    pub fn say(self, id: &str) -> String {
        self.get(id, &[])
    }

    /// A message with one argument in words.
    #[must_use]
    pub fn with(self, id: &str, name: &str, value: impl Display) -> String {
        self.get(id, &[(name, value.to_string().into())])
    }

    /// A message about a `$number` of things, in the form that the language has for it.
    #[must_use]
    pub fn count(self, id: &str, number: impl Borrow<u64>) -> String {
        self.get(id, &[("number", figure(*number.borrow()))])
    }

    /// A message with any arguments. An id that is in no file comes out as itself: a test finds it before anybody reads it.
    #[must_use]
    pub fn get(self, id: &str, values: &[(&str, FluentValue<'_>)]) -> String {
        let bundle = &BUNDLES[self.0 as usize];
        let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) else {
            tracing::error!(id, language = self.0.tag(), "there is no such message");
            return id.to_owned();
        };
        let args: FluentArgs<'_> = values.iter().map(|(name, value)| (*name, value.clone())).collect();
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned();
        if !errors.is_empty() {
            tracing::error!(id, language = self.0.tag(), ?errors, "a message cannot be put together");
        }
        text
    }

    /// The messages `STEM-1`, `STEM-2` and so on, as many as there are.
    #[must_use]
    pub fn all(self, stem: &str) -> Vec<String> {
        let ids = (1..).map(|place| format!("{stem}-{place}"));
        ids.take_while(|id| self.has(id)).map(|id| self.say(&id)).collect()
    }

    /// Whether there is such a message.
    #[must_use]
    pub fn has(self, id: &str) -> bool {
        BUNDLES[self.0 as usize].has_message(id)
    }

    /// So many hundredths, as a number with two places.
    #[must_use]
    pub fn decimal(self, hundredths: u64) -> String {
        let point = if self.0 == Language::English { '.' } else { ',' };
        format!("{}{point}{:02}", self.number(hundredths / 100), hundredths % 100)
    }

    /// A number with its thousands apart, as the language writes it.
    #[must_use]
    pub fn number(self, number: u64) -> String {
        let digits = number.to_string();
        let mut text = String::with_capacity(digits.len() * 2);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push_str(self.0.thousands());
            }
            text.push(digit);
        }
        text
    }
}

/// A number as an argument: the message chooses its form by it.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "figures to read; below 2^53 nothing is lost")]
pub fn figure(number: u64) -> FluentValue<'static> {
    FluentValue::from(number as f64)
}

#[cfg(test)]
mod tests;
