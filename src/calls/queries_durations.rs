//! SQL of duration batches: keeping what is sent, and reading receipts and verdicts.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::duration_row::key_text;
use super::durations::BatchFilter;
use super::durations::DurationReceipt;
use super::durations::DurationRow;
use super::durations::SentDurations;
use crate::base::BatchId;
use crate::base::Failure;
use crate::base::OperatorId;

/// Bytes of a body in one row.
const PART: usize = 8 * 1024 * 1024;

pub(super) async fn insert_batch(
    conn: &mut PgConnection,
    operator: OperatorId,
    id: BatchId,
    sent: &SentDurations,
    sha256: &[u8],
    at: DateTime<Utc>,
) -> Result<(), Failure> {
    sqlx::query!(
        "insert into duration_batch (operator_id, id, source, format, file_name, actor_label, state, received_at, bytes, sha256)
         values ($1, $2, $3, $4, $5, $6, 'received', $7, $8, $9)",
        operator.0,
        id.0,
        sent.source.as_str(),
        sent.format.as_str(),
        sent.file_name,
        sent.actor_label,
        at,
        i64::try_from(sent.body.len()).unwrap_or(i64::MAX),
        sha256
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps the bytes, in parts from 1.
pub(super) async fn insert_body(conn: &mut PgConnection, operator: OperatorId, id: BatchId, body: &[u8]) -> Result<(), Failure> {
    for (part, bytes) in (1_i32..).zip(body.chunks(PART)) {
        sqlx::query!(
            "insert into duration_batch_body (operator_id, batch_id, part, body) values ($1, $2, $3, $4)",
            operator.0,
            id.0,
            part,
            bytes
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

pub(super) async fn find(conn: &mut PgConnection, operator: OperatorId, id: BatchId) -> Result<Option<DurationReceipt>, Failure> {
    let row = sqlx::query_as!(
        DurationReceipt,
        "select id, state, rows, accepted, replaced, duplicate, superseded, rejected, sha256, first_answered_at, last_answered_at,
                source, format, file_name, actor_label, received_at, done_at, bytes
         from duration_batch where operator_id = $1 and id = $2",
        operator.0,
        id.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// Batches, newest first: ids grow with time.
pub(super) async fn list(
    conn: &mut PgConnection,
    operator: OperatorId,
    filter: &BatchFilter,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<DurationReceipt>, Failure> {
    let rows = sqlx::query_as!(
        DurationReceipt,
        "select id, state, rows, accepted, replaced, duplicate, superseded, rejected, sha256, first_answered_at, last_answered_at,
                source, format, file_name, actor_label, received_at, done_at, bytes
         from duration_batch
         where operator_id = $1 and ($2::uuid is null or id < $2) and ($3::text is null or state = $3) and (not $4 or rejected > 0)
           and (not $6 or state <> 'done')
         order by id desc limit $5",
        operator.0,
        after,
        filter.state,
        filter.rejects,
        limit,
        filter.waiting
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Rows of a batch in order, after a row: those that were not taken, those that stand, those that a later version overwrote.
pub(super) async fn rows(
    conn: &mut PgConnection,
    operator: OperatorId,
    id: BatchId,
    verdicts: Option<&[&str]>,
    after: i32,
    limit: i64,
) -> Result<Vec<DurationRow>, Failure> {
    let verdicts: Option<Vec<String>> = verdicts.map(|words| words.iter().map(|word| (*word).to_owned()).collect());
    let rows = sqlx::query!(
        r#"select row as "row!", verdict as "verdict!", field, value, fix, key, sent, ref as reference, e164, at from (
             (select row, verdict, field, value, fix, key, body as sent, null::text as ref, null::text as e164, null::timestamptz as at
              from duration_reject
              where operator_id = $1 and batch_id = $2 and row > $4 and ($3::text[] is null or verdict = any ($3))
              order by row limit $5)
             union all
             (select batch_row, 'accepted', null, null, null, null, null, ref, e164, at from duration_record
              where operator_id = $1 and batch_id = $2 and batch_row > $4 and ($3::text[] is null or 'accepted' = any ($3))
              order by batch_row limit $5)
             union all
             (select row, 'accepted', null, null, null, null, null, ref, e164, at from duration_replaced
              where operator_id = $1 and batch_id = $2 and row > $4 and ($3::text[] is null or 'accepted' = any ($3))
              order by row limit $5)) all_rows
           order by row limit $5"#,
        operator.0,
        id.0,
        verdicts.as_deref(),
        after,
        limit
    )
    .fetch_all(conn)
    .await?;
    let told = rows.into_iter().map(|r| {
        let key = match (&r.reference, &r.e164, r.at) {
            // Without the letter that says which reference it is.
            (Some(reference), Some(e164), Some(at)) => Some(key_text(reference.get(2..).unwrap_or_default(), e164, at)),
            _ => r.key,
        };
        DurationRow { row: r.row, verdict: r.verdict, field: r.field, value: r.value, fix: r.fix, key, sent: r.sent }
    });
    Ok(told.collect())
}

/// Rejected rows of one verdict.
#[derive(Clone, Debug)]
pub struct Reason {
    pub verdict: String,
    pub rows: i64,
    pub first_row: i32,
    pub field: Option<String>,
    pub value: Option<String>,
    pub fix: Option<String>,
}

pub(super) async fn reasons(conn: &mut PgConnection, operator: OperatorId, id: BatchId) -> Result<Vec<Reason>, Failure> {
    let rows = sqlx::query_as!(
        Reason,
        r#"select r.verdict, g.n as "rows!", r.row as first_row, r.field, r.value, r.fix
           from (select verdict, count(*) as n, min(row) as first from duration_reject
                 where operator_id = $1 and batch_id = $2 and verdict not in ('duplicate', 'superseded') group by verdict) g
           join duration_reject r on r.operator_id = $1 and r.batch_id = $2 and r.row = g.first
           order by g.n desc, r.verdict"#,
        operator.0,
        id.0
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}
