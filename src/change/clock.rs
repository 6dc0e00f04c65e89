//! The two times that changes need: the wall's, and the one that nobody can set.
//!
//! Guarantees: pure parts of this room get a `Time`; only the writer and the beginning of an import ask a clock.
//! Never: reads a clock of the system. Who builds the door says where the times come from.

use crate::list::{Duration, Time};
use std::{fmt, sync::Arc};

/// Where times come from.
#[derive(Clone)]
pub struct Clock {
    wall: Arc<dyn Fn() -> Time + Send + Sync>,
    boot: Arc<dyn Fn() -> Duration + Send + Sync>,
}

impl Clock {
    /// `wall`: the time of day; `boot`: how long the machine runs, sleep included (`CLOCK_BOOTTIME`).
    pub fn new(
        wall: impl Fn() -> Time + Send + Sync + 'static,
        boot: impl Fn() -> Duration + Send + Sync + 'static,
    ) -> Self {
        Self { wall: Arc::new(wall), boot: Arc::new(boot) }
    }

    /// The time of day.
    #[must_use]
    pub fn now(&self) -> Time {
        (self.wall)()
    }

    /// How far the time of day is from the time since boot: it moves only when somebody sets the clock.
    pub(super) fn offset(&self) -> i64 {
        i64::from((self.wall)().seconds()) - i64::from((self.boot)().seconds())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}
