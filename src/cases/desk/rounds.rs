//! Rounds of looks at what strangers answer. Their DNS and their servers may be as slow as they like.
//!
//! So a look has an end, some are made side by side, and a round begins none after its time. What a round did not come to is
//! for the next.
//!
//! Guarantees: a round ends whatever strangers do; looks are begun in the order of what is due.
//! Never: asks anybody. Whose round it is says how one looks, and what becomes of it.

use futures_util::{Stream, StreamExt as _, future::ready, stream};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long looking may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// A round begins no look after so long.
    pub round: Duration,
    /// One look has no answer after so long.
    pub look: Duration,
    /// Looks side by side.
    pub at_once: usize,
}

impl Pace {
    /// Looks at what is due for as long as a round has time; what is found, as it is found. `None`: no answer in time.
    pub fn look_at<T, Looking: Future>(
        self,
        due: Vec<T>,
        look: impl Fn(&T) -> Looking,
    ) -> impl Stream<Item = (T, Option<Looking::Output>)> {
        let begun = Instant::now();
        let in_time = stream::iter(due).take_while(move |_| ready(begun.elapsed() < self.round));
        let looks = in_time.map(move |one| {
            let looking = timeout(self.look, look(&one));
            async move { (one, looking.await.ok()) }
        });
        looks.buffer_unordered(self.at_once)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Long enough that a busy machine begins the first looks within a round, and a round has ended before one of them has.
    const PACE: Pace = Pace { round: Duration::from_millis(500), look: Duration::from_millis(750), at_once: 8 };

    #[tokio::test]
    async fn a_round_over_silent_strangers_ends_and_leaves_the_rest_to_the_next() {
        let looks = PACE.look_at((0..100).collect(), |_| std::future::pending::<()>());
        let mut found: Vec<(usize, Option<()>)> = looks.collect().await;
        assert!((1..=PACE.at_once).contains(&found.len()), "{}", found.len());
        found.sort_unstable();
        assert!(found.iter().zip(0..).all(|(one, number)| *one == (number, None)), "in their order");
    }

    #[tokio::test]
    async fn a_silent_stranger_takes_one_place_and_the_others_have_their_look() {
        let look = |number: &usize| {
            let silent = *number == 0;
            async move {
                if silent {
                    std::future::pending::<()>().await;
                }
            }
        };
        let found: Vec<_> = PACE.look_at((0..100).collect(), look).collect().await;
        assert_eq!(found.iter().filter(|(_, answer)| answer.is_some()).count(), 99);
        assert!(found.contains(&(0, None)));
    }
}
