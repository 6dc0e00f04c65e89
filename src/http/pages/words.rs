//! Times and foreign text as the pages print them.
//!
//! Guarantees: what others wrote is printed without control characters and without marks that turn the reading direction.
//! Never: escapes HTML; the templates do, everywhere.

use super::messages::{Messages, figure};
use crate::list::{Duration, Time};

/// A point in time, for machines and for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// RFC 3339.
    pub iso: String,
    /// The day alone.
    pub day: String,
    /// Day, time, and how long ago or ahead it is.
    pub text: String,
}

impl Moment {
    /// How `time` is printed at `now`.
    #[must_use]
    pub fn at(time: Time, now: Time, words: Messages) -> Self {
        let stamp =
            jiff::Timestamp::from_second(i64::from(time.seconds())).expect("32 bits of seconds are in jiff's range");
        let date = jiff::tz::Offset::UTC.to_datetime(stamp).date();
        let month = figure(date.month().unsigned_abs().into());
        let (number, year) = (date.day().to_string(), date.year().to_string());
        let day = words.get("day-of", &[("day", number.into()), ("month", month), ("year", year.into())]);
        let clock = stamp.strftime("%H:%M").to_string();
        let distance = if time > now {
            words.with("time-ahead", "span", far(time.since(now), words))
        } else {
            words.with("time-ago", "span", far(now.since(time), words))
        };
        let parts = [("day", day.as_str().into()), ("clock", clock.into()), ("distance", distance.into())];
        Self { iso: time.to_string(), text: words.get("moment", &parts), day }
    }
}

/// A length of time in its largest unit, rounded.
#[must_use]
pub fn span(duration: Duration, words: Messages) -> String {
    match largest(duration) {
        (_, Unit::Moment) => words.say("span-moment"),
        (number, Unit::Minutes) => words.count("span-minutes", number),
        (number, Unit::Hours) => words.count("span-hours", number),
        (number, Unit::Days) => words.count("span-days", number),
        (number, Unit::Years) => words.count("span-years", number),
    }
}

/// The same in the form that stands after "in" or "after".
#[must_use]
pub fn far(duration: Duration, words: Messages) -> String {
    match largest(duration) {
        (_, Unit::Moment) => words.say("far-moment"),
        (number, Unit::Minutes) => words.count("far-minutes", number),
        (number, Unit::Hours) => words.count("far-hours", number),
        (number, Unit::Days) => words.count("far-days", number),
        (number, Unit::Years) => words.count("far-years", number),
    }
}

enum Unit {
    Moment,
    Minutes,
    Hours,
    Days,
    Years,
}

fn largest(duration: Duration) -> (u64, Unit) {
    let seconds = u64::from(duration.seconds());
    match seconds {
        0..60 => (0, Unit::Moment),
        60..3_600 => ((seconds + 30) / 60, Unit::Minutes),
        3_600..171_000 => ((seconds + 1_800) / 3_600, Unit::Hours),
        171_000..63_072_000 => ((seconds + 43_200) / 86_400, Unit::Days),
        _ => ((seconds + 15_768_000) / 31_536_000, Unit::Years),
    }
}

/// What somebody else wrote, with every character that would not show as itself replaced.
#[must_use]
pub fn visible(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
    };
    text.chars().map(|c| if hidden(c) { '\u{FFFD}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::messages::Language, *};

    #[test]
    fn a_time_says_how_far_away_it_is() {
        let now: Time = "2026-11-24T12:00:00Z".parse().unwrap();
        let text = |time: &str, language| Moment::at(time.parse().unwrap(), now, Messages::of(language)).text;
        for (time, language, words) in [
            ("2026-11-21T11:30:00Z", Language::English, "21 November 2026, 11:30 UTC (3 days ago)"),
            ("2026-12-01T12:00:00Z", Language::English, "1 December 2026, 12:00 UTC (in 7 days)"),
            ("2026-11-24T11:59:30Z", Language::English, "24 November 2026, 11:59 UTC (less than a minute ago)"),
            ("2026-03-01T12:00:00Z", Language::German, "1. März 2026, 12:00 UTC (vor 268 Tagen)"),
            ("2026-12-01T12:00:00Z", Language::Spanish, "1 de diciembre de 2026, 12:00 UTC (dentro de 7 días)"),
            ("2026-11-24T10:00:00Z", Language::French, "24 novembre 2026, 10:00 UTC (il y a 2 heures)"),
        ] {
            assert_eq!(text(time, language), words);
        }
        assert_eq!(span(Duration::from_seconds(3_600), Messages::default()), "1 hour");
    }

    #[test]
    fn text_cannot_turn_or_hide_what_stands_beside_it() {
        assert_eq!(visible("a\u{202E}b\u{1B}[31m\r\nc\u{200B}"), "a\u{FFFD}b\u{FFFD}[31m\u{FFFD}\u{FFFD}c\u{FFFD}");
        assert_eq!(visible("Größe 9 €"), "Größe 9 €");
    }
}
