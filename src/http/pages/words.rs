//! Times and foreign text as the pages print them.
//!
//! Guarantees: what others wrote is printed without control characters and without marks that turn the reading direction; line
//! breaks alone stay, in the places that have several lines.
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

/// What somebody else wrote, in one line: every character that would not show as itself is replaced, and what breaks the line
/// is a space.
#[must_use]
pub fn visible(text: &str) -> String {
    shown(text, |_| ' ')
}

/// The same for texts of several lines: they keep their line breaks.
#[must_use]
pub fn several_lines(text: &str) -> String {
    shown(text, |c| if c == '\n' { '\n' } else { ' ' })
}

/// The same for a field in which the text is written on: what is sent back from there is what was kept.
#[must_use]
pub fn to_be_edited(text: &str) -> String {
    shown(text, |c| c)
}

/// `blank` says what stands for a line break (browsers send `\r\n`, which is one) and for a tab.
fn shown(text: &str, blank: impl Fn(char) -> char) -> String {
    let one = |c: char| match c {
        '\n' | '\t' => blank(c),
        '\r' => blank('\n'),
        hidden if hides(hidden) => '\u{FFFD}',
        c => c,
    };
    text.replace("\r\n", "\n").chars().map(one).collect()
}

/// Whether a character does not show, or turns what stands beside it.
fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::{super::messages::Language, *};
    use proptest::prelude::*;

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
        assert_eq!(visible("a\u{202E}b\u{1B}[31m\r\nc\u{200B}"), "a\u{FFFD}b\u{FFFD}[31m c\u{FFFD}");
        assert_eq!(visible("Größe 9 €"), "Größe 9 €");
    }

    /// Each line break of what somebody wrote was shown as U+FFFD, also in the field in which it was written.
    #[test]
    fn a_line_break_is_one_where_there_are_lines_and_a_space_elsewhere() {
        let text = "one\r\ntwo\rthree\n\tfour\u{0}";
        assert_eq!(visible(text), "one two three  four\u{FFFD}");
        assert_eq!(several_lines(text), "one\ntwo\nthree\n four\u{FFFD}");
        assert_eq!(to_be_edited(text), "one\ntwo\nthree\n\tfour\u{FFFD}");
    }

    proptest! {
        #[test]
        fn whatever_is_written_nothing_hides_in_it(text in any::<String>()) {
            prop_assert!(!visible(&text).contains(hides));
            prop_assert!(!several_lines(&text).contains(|c| hides(c) && c != '\n'));
            prop_assert!(!to_be_edited(&text).contains(|c| hides(c) && c != '\n' && c != '\t'));
        }

        #[test]
        fn what_is_edited_is_what_was_kept(text in "([^\\p{C}]|[\n\t]){0,60}") {
            prop_assume!(!text.contains(|c| hides(c) && c != '\n' && c != '\t'));
            prop_assert_eq!(&to_be_edited(&text), &text);
            prop_assert_eq!(&to_be_edited(&text.replace('\n', "\r\n")), &text);
        }
    }
}
