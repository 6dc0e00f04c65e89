//! The last few censuses, so that a picture and its page, and many visitors, count once.
//!
//! Guarantees: one census is made at a time; at most [`MAPS_KEPT`] are kept.
//! Never: hands out one that is older than asked for, unless nothing was committed since.

use super::Part;
use crate::{limits::MAPS_KEPT, list::Serial, snapshot::Census};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The lists, and the part of IPv4.
type View = (u64, Part);

struct One {
    view: View,
    serial: Serial,
    made: Instant,
    census: Arc<Census>,
}

/// The last few censuses.
#[derive(Default)]
pub(in crate::http) struct Kept(Mutex<VecDeque<One>>);

impl Kept {
    /// The census of `view` as of `serial`, or one not older than `fresh`, and the serial that it is of; made now if there is
    /// none.
    pub(super) fn get(
        &self,
        view: View,
        serial: Serial,
        fresh: Duration,
        count: impl FnOnce() -> Census,
    ) -> (Serial, Arc<Census>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|one| one.view != view || one.serial == serial || one.made.elapsed() < fresh);
        if let Some(one) = kept.iter().find(|one| one.view == view) {
            return (one.serial, Arc::clone(&one.census));
        }
        // Under the lock, so that a crowd does not count side by side.
        let census = Arc::new(count());
        kept.truncate(MAPS_KEPT - 1);
        kept.push_front(One { view, serial, made: Instant::now(), census: Arc::clone(&census) });
        (serial, census)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_counted_once_for_a_serial_and_few_are_kept() {
        let kept = Kept::default();
        let get = |view: u64, serial: u64, fresh: Duration| {
            let mut counted = false;
            let (of, _) = kept.get((view, Part::WHOLE), Serial(serial), fresh, || {
                counted = true;
                Census { counts: vec![0; 256], cell_bits: 16 }
            });
            (counted, of.0)
        };
        assert_eq!(get(1, 1, Duration::ZERO), (true, 1));
        assert_eq!(get(1, 1, Duration::ZERO), (false, 1));
        assert_eq!(get(1, 2, Duration::ZERO), (true, 2));
        assert_eq!(get(1, 3, Duration::from_secs(3_600)), (false, 2), "an older one says so");
        for view in 2..100 {
            get(view, 1, Duration::ZERO);
        }
        assert_eq!(kept.0.lock().unwrap().len(), MAPS_KEPT);
    }
}
