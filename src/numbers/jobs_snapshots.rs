//! Background work: after a consent resumed, the operator is told how each of the tenant's assigned numbers stands now, and each
//! that waits for the operator to hear of a change that is withheld. What happened while the gate was closed is never replayed (`notices::gating`), so this is where the operator picks up again.

use std::time::Duration;

use super::queries;
use super::queries_snapshots;
use super::telling;
use crate::base::Failure;
use crate::consent;
use crate::notices;
use crate::store::Loop;
use crate::store::Store;
use crate::transfers;

/// Numbers told in one transaction.
const TOLD: i64 = 1_000;

/// The loop that runs [`tell_anew`].
pub const SNAPSHOTS: Loop = Loop { name: consent::RESUMED, every: Duration::from_millis(500) };

/// Appends one `number.snapshot` per such number of one pair whose consent resumed, up to 1,000 at a time; the pair goes back
/// on the list when there may be more. Numbers in countries whose gate is closed are left out. Whether there was a pair.
///
/// # Errors
/// When the database is away; the pair stays on the list then.
pub async fn tell_anew(store: &Store) -> Result<bool, Failure> {
    let mut tx = store.begin_job().await?;
    let Some(mut pair) = queries_snapshots::take_resumed(&mut tx, consent::RESUMED).await? else {
        return Ok(false);
    };
    // Nobody suspends while this lasts, so each snapshot is written under the opening that it is read in.
    transfers::lock_shared(&mut tx, pair.tenant, pair.operator).await?;
    let e164s = queries_snapshots::to_tell(&mut tx, &pair, TOLD).await?;
    let mut numbers = queries::lock_all(&mut tx, pair.tenant, &e164s).await?;
    numbers.retain(|number| number.operator == pair.operator);
    let events = numbers.iter().map(telling::snapshot_of).collect::<Result<Vec<_>, _>>()?;
    notices::emit_all(&mut tx, &store.env, events).await?;
    if let Some(last) = e164s.last().filter(|_| i64::try_from(e164s.len()) == Ok(TOLD)) {
        pair.after.clone_from(last);
        queries_snapshots::put_back(&mut tx, &store.env, consent::RESUMED, &pair).await?;
    }
    tx.commit().await?;
    store.wake.wake(notices::SEAL);
    Ok(true)
}
