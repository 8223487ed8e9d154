//! Change sets run in the background, and go on by themselves after a crash.

use std::time::Duration;

use chrono::TimeDelta;

use super::queries_sets as queries;
use super::sets;
use super::sets_run;
use crate::base::Failure;
use crate::store::Loop;
use crate::store::Store;

/// The loop that runs [`run_sets`].
pub const SETS: Loop = Loop { name: sets::SETS_LOOP, every: Duration::from_secs(1) };
/// Sets looked at in one tick.
const LOOKED_AT: i64 = 20;
/// A set that nobody ran is kept so long.
const KEPT: TimeDelta = TimeDelta::days(7);
/// Sets dropped in one tick.
const DROPPED: i64 = 20;

/// Does one batch of each set that is at work, so that none waits for another's end; drops what nobody ran. Whether there may
/// be more.
///
/// # Errors
/// When the database is away, or a set cannot go on; what was done stays done.
pub async fn run_sets(store: &Store) -> Result<bool, Failure> {
    let mut tx = store.begin_job().await?;
    let running = queries::running(&mut tx, LOOKED_AT).await?;
    if running.is_empty() {
        queries::drop_unrun(&mut tx, store.env.now() - KEPT, DROPPED).await?;
    }
    tx.commit().await?;
    let (mut more, mut failed) = (false, None);
    for (tenant, set) in running {
        match sets_run::step(store, tenant, set).await {
            Ok(left) => more = more || left,
            Err(failure) => {
                tracing::warn!(%set, error = %failure, "a change set could not go on");
                failed = Some(failure);
            }
        }
    }
    match failed {
        Some(failure) => Err(failure),
        None => Ok(more),
    }
}
