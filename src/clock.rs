//! The clocks of the system. No other file asks them for the time of day.
//!
//! Guarantees: whole seconds; a clock that stands before 1970 or after 2106 reads as the nearest second of these years.
//! Never: waits, formats a time, or decides what a jump of the clock means.

use nix::time::{ClockId, clock_gettime};
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970 by the wall's clock, which people and NTP set.
#[must_use]
pub fn wall_seconds() -> u32 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u32::try_from(since.as_secs()).unwrap_or(u32::MAX))
}

/// Seconds since the machine was started, sleep included (`CLOCK_BOOTTIME`): nobody sets it.
#[must_use]
pub fn boot_seconds() -> u32 {
    let time = clock_gettime(ClockId::CLOCK_BOOTTIME);
    time.map_or(0, |time| u32::try_from(time.tv_sec()).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_stands_after_this_was_written_and_boot_was_before_now() {
        assert!(wall_seconds() > 1_760_000_000);
        let first = boot_seconds();
        assert!(first > 0 && boot_seconds() >= first);
    }
}
