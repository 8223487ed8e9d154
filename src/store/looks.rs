//! Where the consumer of a queue looks next.
//!
//! Rows of a queue are deleted as they are taken. While somebody holds a snapshot (a report, a backup) no vacuum removes them, and a
//! look at the beginning passes all that were ever taken. A consumer takes in the order of a moment, so it looks a little before the
//! first one it found the last time; and at the beginning, for what was committed late, as often as that costs little.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use tokio::time::Instant;

/// How far before the last find a short look begins: nearly every transaction has ended by then.
const BACK: TimeDelta = TimeDelta::milliseconds(250);
/// A look at the beginning that takes no longer is always made.
const CHEAP: Duration = Duration::from_millis(5);
/// Dearer ones get this part of the time.
const SHARE: u32 = 100;

/// What this process knows of its queues, by their names. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Looks(Arc<Mutex<HashMap<&'static str, Seen>>>);

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// Everything before was taken, but for what was committed late.
    to: Option<DateTime<Utc>>,
    /// When a look last began at the beginning, and how long it took.
    whole: Option<(Instant, Duration)>,
}

impl Seen {
    fn whole_is_due(&self) -> bool {
        self.to.is_none() || self.whole.is_none_or(|(at, took)| took <= CHEAP || at.elapsed() >= took * SHARE)
    }
}

/// A look that has begun.
#[derive(Debug)]
pub struct Look {
    queue: &'static str,
    /// After this moment.
    pub from: DateTime<Utc>,
    now: DateTime<Utc>,
    whole: bool,
    began: Instant,
}

impl Looks {
    /// Begins a look at a queue.
    #[must_use]
    pub fn begin(&self, queue: &'static str, now: DateTime<Utc>) -> Look {
        let seen = self.get().get(queue).copied().unwrap_or_default();
        let whole = seen.whole_is_due();
        let from = seen.to.filter(|_| !whole).map_or(DateTime::UNIX_EPOCH, |to| to - BACK);
        Look { queue, from, now, whole, began: Instant::now() }
    }

    /// Notes the moment of the first row that was found, as soon as the statement has ended. Whether it is taken then does not matter.
    pub fn found(&self, look: &Look, first: Option<DateTime<Utc>>) {
        let mut all = self.get();
        let seen = all.entry(look.queue).or_default();
        seen.to = Some(first.map_or(look.now, |first| first.min(look.now)));
        if look.whole {
            seen.whole = Some((look.began, look.began.elapsed()));
        }
    }

    fn get(&self) -> MutexGuard<'_, HashMap<&'static str, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_dear_look_at_the_beginning_is_seldom() {
        let looks = Looks::default();
        let now = DateTime::UNIX_EPOCH + TimeDelta::hours(1);
        let found = now - TimeDelta::minutes(1);
        let first = looks.begin("a", now);
        assert_eq!((first.from, first.whole), (DateTime::UNIX_EPOCH, true));
        looks.found(&first, Some(found));
        let cheap = looks.begin("a", now);
        assert!(cheap.whole, "it cost nothing");
        let dear = Look { began: cheap.began.checked_sub(Duration::from_millis(100)).expect("an instant"), ..cheap };
        looks.found(&dear, Some(found));
        let short = looks.begin("a", now);
        assert_eq!((short.from, short.whole), (found - BACK, false));
        looks.found(&short, None);
        assert_eq!(looks.begin("a", now).from, now - BACK, "nothing is left before now");
        assert!(looks.begin("b", now).whole, "each queue for itself");
        let old = Look { began: short.began.checked_sub(Duration::from_secs(11)).expect("an instant"), whole: true, ..short };
        looks.get().entry("a").or_default().whole = Some((old.began, Duration::from_millis(100)));
        assert!(looks.begin("a", now).whole, "it is time again");
    }
}
