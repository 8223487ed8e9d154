//! SQL around a batch of call records: what rows are judged by, its receipt, what became of its rows, what it touched.

use std::collections::BTreeSet;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::ingest::Directory;
use super::ingest::Holding;
use super::ingest::Reject;
use super::ingest_receipt::BatchRow;
use super::ingest_receipt::Receipt;
use super::record_verdict::CallVerdict;
use crate::base::BatchId;
use crate::base::Env;
use crate::base::Failure;
use crate::base::TenantId;
use crate::consent::open_spells;
use crate::transfers::Class;

/// Reads what rows of these tenants and numbers are judged by.
pub(super) async fn directory(conn: &mut PgConnection, tenants: &[Uuid], numbers: &[String]) -> Result<Directory, Failure> {
    let mut directory = Directory::default();
    directory.operators.extend(sqlx::query_scalar!("select id from operator").fetch_all(&mut *conn).await?);
    let rows = sqlx::query!("select id, country from tenant where id = any ($1)", tenants).fetch_all(&mut *conn).await?;
    directory.tenants.extend(rows.into_iter().map(|row| (row.id, row.country)));
    let rows = sqlx::query!(
        r#"select h.e164, h.tenant_id, h.held_from, h.held_until, n.country as "country?"
           from holding h left join number n on n.tenant_id = h.tenant_id and n.e164 = h.e164
           where h.e164 = any ($1)"#,
        numbers
    )
    .fetch_all(&mut *conn)
    .await?;
    for row in rows {
        let holding = Holding { tenant: row.tenant_id, from: row.held_from, until: row.held_until, country: row.country };
        directory.holdings.entry(row.e164).or_default().push(holding);
    }
    let known: Vec<TenantId> = directory.tenants.keys().copied().map(TenantId).collect();
    for spell in open_spells(conn, None, &known, Class::Calls).await? {
        directory.spells.entry((spell.tenant.0, spell.operator.0)).or_default().push(spell);
    }
    Ok(directory)
}

/// Writes the rows that were not taken as they are.
pub(super) async fn put_rejects(conn: &mut PgConnection, batch: BatchId, rejects: &[Reject]) -> Result<(), Failure> {
    if rejects.is_empty() {
        return Ok(());
    }
    let rows: Vec<i32> = rejects.iter().map(|reject| reject.row).collect();
    let verdicts: Vec<&str> = rejects.iter().map(|reject| reject.verdict.as_str()).collect();
    let fields: Vec<Option<&str>> = rejects.iter().map(|reject| reject.field.as_deref()).collect();
    let values: Vec<Option<&str>> = rejects.iter().map(|reject| reject.value.as_deref()).collect();
    let fixes: Vec<Option<&str>> = rejects.iter().map(|reject| reject.fix.as_deref()).collect();
    let keys: Vec<Option<&str>> = rejects.iter().map(|reject| reject.key.as_deref()).collect();
    sqlx::query!(
        "insert into call_reject (batch_id, row, verdict, field, value, fix, key)
         select $1, r, v, f, va, fi, k
         from unnest($2::integer[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) as x(r, v, f, va, fi, k)",
        batch.0,
        &rows,
        &verdicts as &[&str],
        &fields as &[Option<&str>],
        &values as &[Option<&str>],
        &fixes as &[Option<&str>],
        &keys as &[Option<&str>]
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One operator's part of a batch: rows and the earliest and latest `invited_at`.
pub(super) type Part = (i32, DateTime<Utc>, DateTime<Utc>);

/// Writes the operators' parts, to be sealed.
pub(super) async fn put_parts(
    conn: &mut PgConnection,
    batch: BatchId,
    at: DateTime<Utc>,
    parts: &[(Uuid, Part)],
) -> Result<(), Failure> {
    let operators: Vec<Uuid> = parts.iter().map(|part| part.0).collect();
    let rows: Vec<i32> = parts.iter().map(|part| part.1.0).collect();
    let first: Vec<_> = parts.iter().map(|part| part.1.1).collect();
    let last: Vec<_> = parts.iter().map(|part| part.1.2).collect();
    sqlx::query!(
        "insert into call_batch_part (operator_id, batch_id, rows, first_at, last_at, received_at)
         select o, $1, r, f, l, $2 from unnest($3::uuid[], $4::integer[], $5::timestamptz[], $6::timestamptz[]) as x(o, r, f, l)",
        batch.0,
        at,
        &operators,
        &rows,
        &first,
        &last
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A day (UTC) of a tenant and an operator that the consumer of a change list has to look at again.
pub(super) type Touched = (&'static str, Uuid, Uuid, NaiveDate);

/// Appends to change lists.
pub(super) async fn put_changes(
    conn: &mut PgConnection,
    env: &Env,
    at: DateTime<Utc>,
    touched: &BTreeSet<Touched>,
) -> Result<(), Failure> {
    let lists: Vec<&str> = touched.iter().map(|change| change.0).collect();
    let tenants: Vec<Uuid> = touched.iter().map(|change| change.1).collect();
    let operators: Vec<Uuid> = touched.iter().map(|change| change.2).collect();
    let days: Vec<NaiveDate> = touched.iter().map(|change| change.3).collect();
    let ids: Vec<Uuid> = touched.iter().map(|_| env.id_at(at)).collect();
    sqlx::query!(
        "insert into change (tenant_id, id, list, operator_id, day, at)
         select t, i, l, o, d, $1 from unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::date[]) as x(t, i, l, o, d)",
        at,
        &tenants,
        &ids,
        &lists as &[&str],
        &operators,
        &days
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What a receipt says of where the batch came from.
pub(super) struct Sent<'a> {
    pub client: &'a str,
    pub format: &'static str,
    pub received_at: DateTime<Utc>,
    pub bytes: i64,
    pub sha256: &'a [u8],
}

/// Writes the receipt of a batch that is done.
pub(super) async fn put_batch(
    conn: &mut PgConnection,
    sent: &Sent<'_>,
    receipt: &Receipt,
    done_at: DateTime<Utc>,
) -> Result<(), Failure> {
    sqlx::query!(
        "insert into call_batch (id, client_id, format, state, received_at, done_at, bytes, sha256, rows, accepted, replaced, duplicate,
                                 superseded, rejected, first_at, last_at, first_answered_at, last_answered_at)
         values ($1, $2, $3, 'done', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        receipt.id.0,
        sent.client,
        sent.format,
        sent.received_at,
        done_at,
        sent.bytes,
        sent.sha256,
        receipt.rows,
        receipt.accepted,
        receipt.replaced,
        receipt.duplicate,
        receipt.superseded,
        receipt.rejected,
        receipt.first_at,
        receipt.last_at,
        receipt.first_answered_at,
        receipt.last_answered_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The receipt of a batch.
pub(super) async fn batch(conn: &mut PgConnection, id: BatchId) -> Result<Option<Receipt>, Failure> {
    Ok(sqlx::query_as!(
        Receipt,
        r#"select id, state, rows, accepted, replaced, duplicate, superseded, rejected, encode(sha256, 'hex') as "sha256!",
                  first_at, last_at, first_answered_at, last_answered_at
           from call_batch where id = $1"#,
        id.0
    )
    .fetch_optional(conn)
    .await?)
}

/// Rows of a batch after a row, in order, perhaps of one verdict alone.
pub(super) async fn batch_rows(
    conn: &mut PgConnection,
    id: BatchId,
    verdict: Option<CallVerdict>,
    after: i32,
    limit: i64,
) -> Result<Vec<BatchRow>, Failure> {
    Ok(sqlx::query_as!(
        BatchRow,
        r#"with taken as (
             select c.batch_row as row, c.tenant_id, c.call_id, c.leg_id, c.invited_at
             from call_batch_part p join call_record c on c.operator_id = p.operator_id and c.batch_id = p.batch_id
             where p.batch_id = $1 and c.batch_row > $3
             union all
             select c.batch_row, c.tenant_id, c.call_id, c.leg_id, c.invited_at
             from call_batch_part p join call_replaced c on c.operator_id = p.operator_id and c.batch_id = p.batch_id
             where p.batch_id = $1 and c.batch_row > $3)
           select row as "row!", verdict as "verdict!", field, value, fix, key
           from (select row, verdict, field, value, fix, key from call_reject
                 where batch_id = $1 and row > $3 and ($2::text is null or verdict = $2)
                 union all
                 select row, 'accepted', null, null, null,
                        tenant_id || '/' || call_id || '/' || leg_id || '/' ||
                          to_char(invited_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
                 from taken where $2::text is null or $2 = 'accepted') as rows
           order by row limit $4"#,
        id.0,
        verdict.map(CallVerdict::as_str),
        after,
        limit
    )
    .fetch_all(conn)
    .await?)
}
