//! The scope layer switched off, for the test that row security holds by itself. Compiled only with the feature `chaos`.
//!
//! Off means what a forgotten check would mean: the request acts for `asked` (every query gets that organisation's id), every
//! scope is granted, while the transaction's axes stay those of `axes`, who is really signed in. Bound to one task, so that
//! tests beside it in the same process keep their scope layer.

use std::future::Future;

use super::Org;

/// The two organisations that an intact scope layer would keep equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Off {
    /// Whose rows the transactions may see.
    pub axes: Org,
    /// Whose rows the queries ask for.
    pub asked: Org,
}

tokio::task_local! {
    static OFF: Off;
}

/// Runs a request without the scope layer.
pub async fn without_scopes<F: Future>(off: Off, work: F) -> F::Output {
    OFF.scope(off, work).await
}

/// Whether the running task has no scope layer, and what takes its place.
#[must_use]
pub fn scope_off() -> Option<Off> {
    OFF.try_with(|off| *off).ok()
}
