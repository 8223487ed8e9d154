//! Background work: calls, their quality and durations leave when their time is over, what identifies a device long before them.

use std::time::Duration;

use chrono::TimeDelta;

use super::queries_expire;
use crate::base::Failure;
use crate::store::Loop;
use crate::store::Store;
use crate::store::drop_oldest;
use crate::store::drop_stretch;
use crate::store::oldest_over;
use crate::store::oldest_stretch;

/// The loop that runs [`expire`].
pub const EXPIRE: Loop = Loop { name: "calls.expire", every: Duration::from_hours(1) };

/// Days of which rows are still taken are paired and counted anew with what lies around them: legs that began up to 7 days before they
/// ended, pairs up to 60 hours away. A month stays this much longer, so that none of them is counted without it.
const MARGIN: TimeDelta = TimeDelta::days(10);
/// What leaves by month, streams before their calls.
const MONTHS: [&str; 3] = ["stream", "call_record", "duration_record"];
/// Steps of one feed taken away in one tick.
const PARTS: i64 = 1_000;

/// One tick: drops the oldest day of device fields and the oldest month of calls, streams and durations when their time is over, then
/// steps of the feeds of whose calls nothing is left. True when there may be more.
///
/// # Errors
/// When the database is away.
pub async fn expire(store: Store) -> Result<bool, Failure> {
    let mut more = drop_oldest(&store, None, "call_personal").await?;
    for table in MONTHS {
        more |= drop_month(&store, table).await?;
    }
    Ok(drop_parts(&store).await? || more)
}

/// A month of which something is still to be sealed, paired or counted stays.
async fn drop_month(store: &Store, table: &'static str) -> Result<bool, Failure> {
    let mut tx = store.begin_job().await?;
    let Some(old) = oldest_over(&mut tx, table, store.env.now() - MARGIN).await? else { return Ok(false) };
    if queries_expire::waits(&mut tx, old.before, old.before + MARGIN).await? {
        tracing::warn!(table, month = %old.from, "a month stays: something of it is still to be sealed, paired or counted");
        return Ok(false);
    }
    drop_stretch(tx, &old).await
}

async fn drop_parts(store: &Store) -> Result<bool, Failure> {
    let mut tx = store.begin_job().await?;
    let Some(oldest) = oldest_stretch(&mut tx, "call_record").await? else { return Ok(false) };
    let gone = queries_expire::drop_parts(&mut tx, oldest.from, PARTS).await?;
    tx.commit().await?;
    Ok(gone > 0)
}
