//! Points in time, durations and serials.
//!
//! Guarantees: a `Time` is whole seconds of UTC since 1970 and prints as RFC 3339; a `Serial` never wraps.
//! Never: reads a clock.

use crate::limits::DAY_BEGINS_EARLIER_SECONDS;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Seconds since 1970-01-01T00:00:00Z. Four octets last until 2106.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Time(u32);

/// Why a text is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// It says no time at all.
    #[error("not a time; write it as 2026-01-31T12:00:00Z or 2026-01-31")]
    Unreadable,
    /// Before 1970.
    #[error("before 1970, and times are kept from then on; write a later one")]
    TooEarly,
    /// After [`Time::LAST`].
    #[error("later than {}, the last time that is kept; write an earlier one", Time::LAST)]
    TooLate,
}

/// A length of time in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Duration(u32);

/// Why a text is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// It says no length at all.
    #[error("not a duration; write a number and a unit: 30s, 5m, 12h, 90d, 2w or 2y")]
    Unreadable,
    /// More seconds than 32 bits hold.
    #[error("longer than {} days, the longest that is kept; write a shorter one", u32::MAX / 86_400)]
    TooLong,
}

/// The number of a commit, from 1; 0 before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Serial(pub u64);

impl Time {
    /// The last one that is kept, in 2106: the end of what does not end by itself.
    pub const LAST: Self = Self(u32::MAX);

    /// The time `seconds` after 1970.
    #[must_use]
    pub const fn from_seconds(seconds: u32) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.0
    }

    /// Later by `duration`, at most the last second of the type.
    #[must_use]
    pub const fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.0))
    }

    /// Later by `duration`, where that is a time that is kept.
    #[must_use]
    pub fn checked_plus(self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration.0).map(Self)
    }

    /// Earlier by `duration`, at least 1970.
    #[must_use]
    pub const fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration.0))
    }

    /// The moment that a person means who says of something that it is done: what is written with a time is that time. A
    /// day alone is its end, or `now` where it is not over yet: what was seen that morning was seen before. East of
    /// UTC it is tomorrow already, up to [`DAY_BEGINS_EARLIER_SECONDS`] before.
    ///
    /// # Errors
    /// [`TimeError`]
    pub fn done(text: &str, now: Self) -> Result<Self, TimeError> {
        let time: Self = text.parse()?;
        let whole_day = text.trim().len() == 10;
        let begun = time <= now.plus(Duration(DAY_BEGINS_EARLIER_SECONDS));
        Ok(if whole_day && begun { time.plus(Duration(86_399)).min(now) } else { time })
    }

    /// How long after `earlier` it is; nothing where it is not later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl FromStr for Time {
    type Err = TimeError;

    /// RFC 3339 with any offset, or a date, which means its first second in UTC.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let text = text.trim();
        let stamp: jiff::Timestamp = if text.len() == 10 {
            format!("{text}T00:00:00Z").parse().map_err(|_| TimeError::Unreadable)?
        } else {
            text.parse().map_err(|_| TimeError::Unreadable)?
        };
        let beyond = if stamp.as_second() < 0 { TimeError::TooEarly } else { TimeError::TooLate };
        u32::try_from(stamp.as_second()).map(Self).map_err(|_| beyond)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stamp = jiff::Timestamp::from_second(i64::from(self.0)).expect("32 bits of seconds are in jiff's range");
        stamp.fmt(f)
    }
}

impl TryFrom<String> for Time {
    type Error = TimeError;
    fn try_from(text: String) -> Result<Self, TimeError> {
        text.parse()
    }
}

impl From<Time> for String {
    fn from(time: Time) -> Self {
        time.to_string()
    }
}

const UNITS: [(char, u32); 6] =
    [('y', 365 * 86_400), ('w', 7 * 86_400), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl Duration {
    /// This many seconds.
    #[must_use]
    pub const fn from_seconds(seconds: u32) -> Self {
        Self(seconds)
    }

    /// In seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.0
    }
}

impl FromStr for Duration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let unit = text.chars().last().ok_or(DurationError::Unreadable)?;
        let (_, seconds) = UNITS.into_iter().find(|(name, _)| *name == unit).ok_or(DurationError::Unreadable)?;
        let digits = &text[..text.len() - 1];
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(DurationError::Unreadable);
        }
        // Digits alone: what does not fit is too many of them.
        let number: u32 = digits.parse().map_err(|_| DurationError::TooLong)?;
        number.checked_mul(seconds).map(Self).ok_or(DurationError::TooLong)
    }
}

impl fmt::Display for Duration {
    /// In the largest unit that needs no fraction; `y` and `w` are read but not written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, seconds) =
            UNITS[2..].iter().find(|(_, s)| self.0.is_multiple_of(*s)).expect("every number is a multiple of a second");
        write!(f, "{}{name}", self.0 / seconds)
    }
}

impl TryFrom<String> for Duration {
    type Error = DurationError;
    fn try_from(text: String) -> Result<Self, DurationError> {
        text.parse()
    }
}

impl From<Duration> for String {
    fn from(duration: Duration) -> Self {
        duration.to_string()
    }
}

impl Serial {
    /// The one after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The low 32 bits, as an SOA record carries them (RFC 1982).
    #[must_use]
    pub const fn soa(self) -> u32 {
        self.0 as u32
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Cleaned today and seen this morning: the day was read as its first second, and the machine as seen after its repair.
    #[test]
    fn a_day_on_which_something_was_done_is_its_end_or_now() {
        let now: Time = "2026-11-29T07:58:00Z".parse().unwrap();
        for (said, meant) in [
            ("2026-11-29", "2026-11-29T07:58:00Z"),
            ("2026-11-28", "2026-11-28T23:59:59Z"),
            ("2026-11-28T06:00:00Z", "2026-11-28T06:00:00Z"),
            ("2026-11-29T09:00:00Z", "2026-11-29T09:00:00Z"),
            ("2026-11-30", "2026-11-30T00:00:00Z"),
        ] {
            assert_eq!(Time::done(said, now).unwrap().to_string(), meant, "{said}");
        }
        let evening: Time = "2026-11-29T22:00:00Z".parse().unwrap();
        assert_eq!(Time::done("2026-11-30", evening), Ok(evening), "in Auckland it is tomorrow already");
        assert!(Time::done("2026-11-31", now).is_err() && Time::done("today", now).is_err());
    }

    #[test]
    fn a_time_is_read_in_any_offset_and_printed_in_utc() {
        let time: Time = "2026-01-31T13:00:00+01:00".parse().unwrap();
        assert_eq!(time.to_string(), "2026-01-31T12:00:00Z");
        assert_eq!("2026-01-31".parse::<Time>().unwrap().to_string(), "2026-01-31T00:00:00Z");
        for text in ["", "yesterday", "2026-02-30", "1960-01-01", "2026-01-31 12:00"] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
    }

    /// An end in 2300 was called no time at all.
    #[test]
    fn what_is_beyond_the_times_that_are_kept_is_called_that() {
        let read = |text: &str| text.parse::<Time>();
        assert_eq!(read("2106-02-07T06:28:15Z"), Ok(Time::LAST));
        assert_eq!(read("2106-02-07T06:28:16Z"), Err(TimeError::TooLate));
        assert_eq!(read("2300-01-01"), Err(TimeError::TooLate));
        assert_eq!(read("1969-12-31"), Err(TimeError::TooEarly));
        assert!(TimeError::TooLate.to_string().contains("2106-02-07T06:28:15Z"));
        assert_eq!("99999999999d".parse::<Duration>(), Err(DurationError::TooLong));
        assert_eq!("49711d".parse::<Duration>(), Err(DurationError::TooLong));
        assert!("49710d".parse::<Duration>().is_ok() && DurationError::TooLong.to_string().contains("49710"));
        assert_eq!("d".parse::<Duration>(), Err(DurationError::Unreadable));
    }

    #[test]
    fn a_duration_needs_its_unit() {
        assert_eq!("90d".parse::<Duration>().unwrap().seconds(), 90 * 86_400);
        for text in ["", "5", "m", "5 m", "-5m", "+5m", "5M", "5000000000s", "1000y", "5é"] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(seconds in any::<u32>()) {
            prop_assert_eq!(Time(seconds).to_string().parse(), Ok(Time(seconds)));
            prop_assert_eq!(Duration(seconds).to_string().parse(), Ok(Duration(seconds)));
        }
    }
}
