//! SQL that seals the operators' feeds of calls, one place for each batch.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;

use crate::base::Failure;
use crate::base::OperatorId;

/// The feed's name in `feed_head`.
pub(super) const FEED: &str = "calls";
/// Parts sealed per transaction at most.
const PARTS: i64 = 500;

/// Takes the head of one feed that has something unsealed and that nobody else is sealing, least recently sealed first.
pub(super) async fn lock_unsealed(conn: &mut PgConnection) -> Result<Option<(OperatorId, i64)>, Failure> {
    let row = sqlx::query!(
        "select h.operator_id, h.last_seq from feed_head h
         where h.feed = $1 and exists (select from call_batch_part p where p.operator_id = h.operator_id and p.seq is null)
         order by h.sealed_at limit 1
         for update of h skip locked",
        FEED
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|r| (OperatorId(r.operator_id), r.last_seq)))
}

/// Makes the heads of feeds that got their first part; how many.
pub(super) async fn make_heads(conn: &mut PgConnection) -> Result<u64, Failure> {
    let made = sqlx::query!(
        "insert into feed_head (operator_id, feed)
         select distinct p.operator_id, $1::text from call_batch_part p
         where p.seq is null and not exists (select from feed_head h where h.operator_id = p.operator_id and h.feed = $1)
         on conflict do nothing",
        FEED
    )
    .execute(conn)
    .await?;
    Ok(made.rows_affected())
}

/// Gives the waiting parts of an operator, whose head is locked, the next places; `sealed_at` never goes back.
pub(super) async fn seal_parts(
    conn: &mut PgConnection,
    operator: OperatorId,
    last: i64,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    sqlx::query!(
        "with waiting as (
           select batch_id, row_number() over (order by received_at, batch_id) as n
           from call_batch_part where operator_id = $1 and seq is null order by received_at, batch_id limit $5),
         head as (
           update feed_head set last_seq = $3 + (select count(*) from waiting), sealed_at = greatest(sealed_at, $4)
           where operator_id = $1 and feed = $2 returning sealed_at)
         update call_batch_part p set seq = $3 + w.n, sealed_at = head.sealed_at
         from waiting w, head where p.operator_id = $1 and p.batch_id = w.batch_id",
        operator.0,
        FEED,
        last,
        now,
        PARTS
    )
    .execute(conn)
    .await?;
    Ok(())
}
