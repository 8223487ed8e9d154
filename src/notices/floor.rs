//! Where sealing looks: from the floor, below which no unsealed event can appear any more.
//!
//! Writers take positions in one order and commit in another, so what is unsealed may lie anywhere. But sealed events leave dead rows, and
//! while somebody holds a snapshot (a report, a backup) no vacuum removes them: a look at the beginning would pass all that were ever
//! sealed. The floor is exact. A writer has its transaction number before it takes a position, so all who took one before a look have
//! numbers below that of the next look. The two are a mark; and when all transactions up to it have ended, what they wrote is either in
//! sight or never will be.

use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::Instant;

/// Between two seals, so that under load one of them takes many events. Nobody notices when the feed was at rest.
const GAP: Duration = Duration::from_millis(5);
/// While a writing transaction stays open the floor stays where it is and looks grow dear: then sealing rests as long as it works, up to
/// this.
const GAP_MOST: Duration = Duration::from_millis(500);

/// What one statement saw, in one snapshot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight {
    /// This connection has not looked before: since the last look the server may have broken down, or it is another one, and has
    /// forgotten positions it had given out.
    pub fresh: bool,
    /// The last position that was given out.
    pub taken: i64,
    /// Transactions with lower numbers have ended.
    pub oldest: i64,
    /// Number of the looking transaction, if it was given one.
    pub xact: Option<i64>,
    /// The lowest unsealed position in sight.
    pub first: Option<i64>,
}

/// What a process knows for certain. What was once true stays true as long as the server runs, so it does not matter which of two looks
/// notes its own last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    /// Look after this position.
    pub floor: i64,
    /// The last position that was given out before the last look.
    taken: i64,
    /// A position, and a number above those of all transactions that may write up to it.
    mark: Option<(i64, i64)>,
}

impl Known {
    /// The floor may rise: the next look needs a number for its transaction.
    pub fn may_rise(&self) -> bool {
        self.taken > self.floor
    }

    /// What is known after a look that began at this floor, and whether that look counts: on a server that may have lost positions it
    /// has to be repeated from the beginning.
    pub fn learn(mut self, sight: Sight) -> (Self, bool) {
        if sight.fresh || sight.taken < self.taken {
            return (Self { taken: sight.taken, ..Self::default() }, self.floor == 0);
        }
        if let Some((position, _)) = self.mark.take_if(|(_, xact)| *xact < sight.oldest) {
            let clear = sight.first.map_or(position, |first| position.min(first - 1));
            self.floor = self.floor.max(clear);
        }
        if self.mark.is_none() && self.may_rise() {
            self.mark = sight.xact.map(|xact| (self.taken, xact));
        }
        self.taken = sight.taken;
        (self, true)
    }
}

/// The floor of this process and the pace at which it seals. Any number of processes seal, each with its own.
#[derive(Debug, Default)]
pub(super) struct Floor(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    known: Known,
    /// When the last look began.
    began: Option<Instant>,
    /// When the last seal ended, and how long it took with its look.
    sealed: Option<(Instant, Duration)>,
}

impl Floor {
    fn get(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the gap after the last seal; answers what is known.
    pub async fn begin(&self) -> Known {
        let sealed = self.get().sealed;
        if let Some(left) = sealed.and_then(|(ended, took)| took.clamp(GAP, GAP_MOST).checked_sub(ended.elapsed())) {
            tokio::time::sleep(left).await;
        }
        let mut inner = self.get();
        inner.began = Some(Instant::now());
        inner.known
    }

    /// Forgets what was known: the server may have broken down.
    pub fn forget(&self) {
        self.note(Known::default());
    }

    /// Notes what a look has taught.
    pub fn note(&self, known: Known) {
        self.get().known = known;
    }

    /// Notes that a seal was committed.
    pub fn sealed(&self) {
        let mut inner = self.get();
        inner.sealed = inner.began.map(|began| (Instant::now(), began.elapsed()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sight(taken: i64, oldest: i64, xact: Option<i64>, first: Option<i64>) -> Sight {
        Sight { fresh: false, taken, oldest, xact, first }
    }

    fn floors(looks: &[Sight]) -> Vec<i64> {
        let mut known = Known::default();
        let step = |look: &Sight| {
            let xact = look.xact.filter(|_| known.may_rise());
            known = known.learn(Sight { xact, ..*look }).0;
            known.floor
        };
        looks.iter().map(step).collect()
    }

    #[test]
    fn the_floor_follows_once_all_older_transactions_have_ended() {
        let looks = [
            sight(10, 100, Some(101), Some(1)), // seals up to 10; 101 is no mark yet, as 10 was unknown when it began
            sight(20, 102, Some(103), Some(11)), // the mark: 10, 103
            sight(30, 103, Some(105), Some(21)), // 103 itself may still run
            sight(30, 104, Some(106), None),    // all up to 103 have ended; the next mark: 30, 106
            sight(30, 200, None, None),
        ];
        assert_eq!(floors(&looks), [0, 0, 0, 10, 30]);
    }

    #[test]
    fn the_floor_stays_below_what_is_in_sight() {
        let looks = [
            sight(50, 100, None, Some(1)),
            sight(50, 101, Some(102), Some(1)),
            sight(60, 110, Some(111), Some(7)),
            sight(60, 120, Some(121), Some(8)),
            sight(60, 130, None, None),
        ];
        assert_eq!(floors(&looks), [0, 0, 6, 7, 60]);
    }

    #[test]
    fn an_open_transaction_holds_the_floor() {
        let mut looks = vec![sight(50, 100, None, Some(1)), sight(60, 100, Some(102), Some(51))];
        looks.extend((0..100).map(|n| sight(60 + n, 100, Some(103 + n), None)));
        assert_eq!(floors(&looks).into_iter().max(), Some(0));
        looks.push(sight(500, 300, Some(301), Some(55)));
        assert_eq!(floors(&looks).pop(), Some(50), "the position of the mark, not what came after it");
    }

    #[test]
    fn another_server_is_looked_at_from_the_beginning() {
        let known = Known { floor: 50, taken: 60, mark: Some((60, 7)) };
        let other = sight(65, 900, None, None);
        let (known, counts) = known.learn(Sight { fresh: true, ..other });
        assert!(!counts && known.floor == 0 && known.mark.is_none(), "what was known may have been lost there");
        let (known, counts) = known.learn(Sight { xact: Some(901), ..other });
        assert!(counts && known.mark == Some((65, 901)));
        let (known, counts) = known.learn(Sight { oldest: 902, xact: Some(902), ..other });
        assert!(counts && known.floor == 65);
        let (known, counts) = known.learn(Sight { taken: 40, ..other });
        assert!(!counts && known.floor == 0, "positions were lost in a crash and are given out once more");
    }
}
