//! Callers that wait for an event on the pull feed: how many at once, and that they go when the process stops.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use tokio_util::sync::CancellationToken;

use crate::base::OperatorId;
use crate::base::Problem;

/// Callers of one operator that may wait at once in this process.
const PER_OPERATOR: usize = 16;
/// Callers of all operators that may wait at once in this process.
const IN_ALL: usize = 512;
/// When somebody who finds no place may try again, in seconds.
const RETRY_AFTER_S: u32 = 5;

/// The places of those who wait. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiters {
    held: Arc<Mutex<HashMap<OperatorId, usize>>>,
    closing: CancellationToken,
}

impl Waiters {
    /// A place to wait in, given back when it is dropped.
    ///
    /// # Errors
    /// 429 `too_many_waiting` when 16 calls of this operator or 512 of all wait already.
    pub(super) fn enter(&self, operator: OperatorId) -> Result<Waiter, Problem> {
        let mut held = self.held();
        let all: usize = held.values().sum();
        let own = held.entry(operator).or_default();
        if *own >= PER_OPERATOR || all >= IN_ALL {
            let detail = format!("At most {PER_OPERATOR} calls of an operator wait at once. One reader that waits is enough.");
            return Err(Problem { retry_after_s: Some(RETRY_AFTER_S), ..Problem::new(429, "too_many_waiting", detail) });
        }
        *own += 1;
        Ok(Waiter { waiters: self.clone(), operator })
    }

    /// From now on nobody waits any more: who does is answered at once with what there is.
    pub(super) fn close(&self) {
        self.closing.cancel();
    }

    /// Whether nobody may wait any more.
    pub(super) fn is_closed(&self) -> bool {
        self.closing.is_cancelled()
    }

    /// How many callers of an operator wait.
    #[cfg(test)]
    pub(super) fn waiting(&self, operator: OperatorId) -> usize {
        self.held().get(&operator).copied().unwrap_or(0)
    }

    fn held(&self) -> MutexGuard<'_, HashMap<OperatorId, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One place.
#[derive(Debug)]
pub(super) struct Waiter {
    waiters: Waiters,
    operator: OperatorId,
}

impl Waiter {
    /// Ends when the process stops.
    pub(super) async fn closed(&self) {
        self.waiters.closing.cancelled().await;
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut held = self.waiters.held();
        if let Some(own) = held.get_mut(&self.operator) {
            *own -= 1;
            if *own == 0 {
                held.remove(&self.operator);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operator(n: u128) -> OperatorId {
        OperatorId(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn places_are_bounded_per_operator_and_come_back() {
        let waiters = Waiters::default();
        let places: Vec<_> = (0..PER_OPERATOR).map(|_| waiters.enter(operator(1)).expect("a place")).collect();
        let refusal = waiters.enter(operator(1)).expect_err("full");
        assert_eq!((refusal.status, refusal.code, refusal.retry_after_s), (429, "too_many_waiting", Some(5)));
        let other = waiters.enter(operator(2)).expect("another operator has places of its own");
        drop(places);
        drop(other);
        assert!(waiters.held().is_empty(), "nothing is kept of who has left");
        assert!(waiters.enter(operator(1)).is_ok());
    }

    #[test]
    fn places_are_bounded_over_all() {
        let waiters = Waiters::default();
        let each = u128::try_from(PER_OPERATOR).expect("small");
        let all = u128::try_from(IN_ALL).expect("small");
        let places: Vec<_> = (0..all).map(|n| waiters.enter(operator(1 + n / each)).expect("a place")).collect();
        assert_eq!(places.len(), IN_ALL);
        assert!(waiters.enter(operator(9_999)).is_err());
    }
}
