//! Closing a day: told to all customers of the operator in one transaction.

use chrono::NaiveDate;
use serde_json::json;

use super::duration_days::ClosedDay;
use super::duration_days::DurationDay;
use super::jobs_ingest::PAIRING;
use super::queries_duration_days as queries;
use super::queries_duration_write::append_changes;
use crate::audit;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::store::Store;

/// Closes a day (UTC) if the totals are those of the rows that are there; else changes nothing. Answers the day as it is.
pub(super) async fn close(
    store: &Store,
    ctx: &Ctx,
    operator: OperatorId,
    day: NaiveDate,
    totals: (i64, i64),
) -> Result<DurationDay, Failure> {
    let mut tx = store.begin_job().await?;
    let to = day.succ_opt().unwrap_or(day);
    let found = queries::coverage(&mut tx, operator, (day, to), chrono_tz::UTC).await?.pop();
    let mut held = found.ok_or_else(|| anyhow::anyhow!("no day of its own range"))?;
    if (held.rows, held.duration_ms) != totals {
        return Ok(held);
    }
    let same = |closed: &ClosedDay| (closed.rows, closed.duration_ms) == totals;
    if held.closed.as_ref().is_some_and(same) {
        return Ok(held);
    }
    let now = ctx.now();
    queries::put_day(&mut tx, operator, day, totals, now, ctx.actor.label()).await?;
    let tenants = queries::tell_day(&mut tx, operator, day, now).await?;
    let days: Vec<_> = tenants.into_iter().map(|tenant| (tenant, day)).collect();
    append_changes(&mut tx, &store.env, PAIRING, operator, &days).await?;
    let detail = Some(json!({ "rows": totals.0, "duration_ms": totals.1 }));
    let subject = day.to_string();
    let entry = audit::Entry { action: "durations.close_day", subject_kind: "duration_day", subject_id: &subject, detail };
    audit::record(&mut tx, ctx, entry).await?;
    tx.commit().await?;
    store.wake.wake(PAIRING);
    held.closed = Some(ClosedDay { rows: totals.0, duration_ms: totals.1, at: now });
    Ok(held)
}
