//! Background work: days whose calls changed are counted anew.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::NaiveTime;
use chrono::TimeDelta;
use chrono::Utc;

use super::queries_jobs;
use super::queries_jobs::Touched;
use crate::base::Failure;
use crate::base::TenantId;
use crate::calls::QUALITY;
use crate::consent;
use crate::store::Loop;
use crate::store::Store;
use crate::transfers::Class;

/// The loop that runs [`roll_quality`].
pub const ROLL_QUALITY: Loop = Loop { name: QUALITY, every: Duration::from_secs(1) };

/// Changes taken in one transaction.
const TAKEN: i64 = 200;

/// Takes changed days off the list and counts them anew: days (UTC) on which a call ended, by the newest version of its record or
/// by one that was replaced. All operators of the tenant are counted, as a newer version may name another one. Whether anything
/// was taken.
///
/// # Errors
/// When the database is away; nothing is taken then.
pub async fn roll_quality(store: Store) -> Result<bool, Failure> {
    let mut tx = store.begin_job().await?;
    let Some(taken) = queries_jobs::take(&mut tx, QUALITY, TAKEN).await? else {
        return Ok(false);
    };
    let changed: BTreeSet<Touched> = taken.iter().copied().collect();
    let tenants: BTreeSet<TenantId> = changed.iter().map(|touched| TenantId(touched.tenant)).collect();
    let tenants: Vec<TenantId> = tenants.into_iter().collect();
    let spells = consent::open_spells(&mut tx, None, &tenants, Class::Quality).await?;
    for touched in &changed {
        let (tenant, (from, to)) = (TenantId(touched.tenant), bounds(touched.day));
        let own: Vec<_> = spells.iter().filter(|spell| spell.tenant == tenant).cloned().collect();
        queries_jobs::clear(&mut tx, tenant, from, to).await?;
        queries_jobs::count(&mut tx, tenant, from, to, &own).await?;
    }
    tx.commit().await?;
    Ok(!taken.is_empty())
}

/// A day in UTC, half open.
fn bounds(day: NaiveDate) -> (DateTime<Utc>, DateTime<Utc>) {
    let from = day.and_time(NaiveTime::MIN).and_utc();
    (from, from + TimeDelta::hours(24))
}

/// Counts until the list is empty: for seeds and tests.
///
/// # Errors
/// When the database is away.
pub async fn settle_all(store: &Store) -> Result<(), Failure> {
    while roll_quality(store.clone()).await? {}
    Ok(())
}
