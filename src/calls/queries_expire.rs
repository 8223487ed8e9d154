//! SQL of letting go, over all organisations.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;

use super::queries_calls_seal::FEED;
use crate::base::Failure;

/// Whether something of what lies before a time is still to be worked: calls without their place in a feed, or days before
/// `counted_before` that somebody has yet to pair or to count.
pub(super) async fn waits(conn: &mut PgConnection, before: DateTime<Utc>, counted_before: DateTime<Utc>) -> Result<bool, Failure> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from call_batch_part where seq is null and first_at < $1)
               or exists (select from change where day < ($2::timestamptz at time zone 'UTC')::date) as "waits!""#,
        before,
        counted_before
    )
    .fetch_one(conn)
    .await?)
}

/// Takes away the first steps of each feed, up to `limit`, while all their calls are older than `oldest`; never the newest step. How many.
pub(super) async fn drop_parts(conn: &mut PgConnection, oldest: DateTime<Utc>, limit: i64) -> Result<u64, Failure> {
    let gone = sqlx::query!(
        "delete from call_batch_part p using (
           select f.operator_id, b.seq, bool_or(b.last_at >= $2) over (partition by f.operator_id order by b.seq) as stays
           from feed_head f
           cross join lateral (
             select seq, last_at from call_batch_part
             where operator_id = f.operator_id and seq < f.last_seq order by seq limit $3) b
           where f.feed = $1) o
         where p.operator_id = o.operator_id and p.seq = o.seq and not o.stays",
        FEED,
        oldest,
        limit
    )
    .execute(conn)
    .await?;
    Ok(gone.rows_affected())
}
