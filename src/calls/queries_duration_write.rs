//! SQL of working a batch of durations, over all organisations: facts to judge by, the records, what was not taken.

use std::collections::HashMap;
use std::collections::HashSet;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::duration_judge::Hold;
use super::duration_judge::Version;
use super::duration_words::DurationFormat;
use crate::base::BatchId;
use crate::base::Env;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;
use crate::store::CopyRows;

/// Rows of one statement.
const CHUNK: usize = 5_000;
/// Columns that are copied in, in the order of [`STAGED`].
pub(super) const COLUMNS: i16 = 28;
const STAGED: &str = "tenant_id, operator_id, ref, e164, at, id, version, withdrawn, content, operator_ref, sip_call_id, other_party, \
    other_party_withheld, other_country, direction, answered_at, setup_at, duration_ms, includes_ring, rounding_initial_s, \
    rounding_increment_s, rounding_mode, measured_at, q850_cause, call_type, billing_ref, signalling, batch_row";
/// The same columns of the new version, when it takes the place of an older one.
const SET: &str = "version = excluded.version, withdrawn = excluded.withdrawn, content = excluded.content, \
    operator_ref = excluded.operator_ref, sip_call_id = excluded.sip_call_id, other_party = excluded.other_party, \
    other_party_withheld = excluded.other_party_withheld, other_country = excluded.other_country, direction = excluded.direction, \
    answered_at = excluded.answered_at, setup_at = excluded.setup_at, duration_ms = excluded.duration_ms, \
    includes_ring = excluded.includes_ring, rounding_initial_s = excluded.rounding_initial_s, \
    rounding_increment_s = excluded.rounding_increment_s, rounding_mode = excluded.rounding_mode, \
    measured_at = excluded.measured_at, q850_cause = excluded.q850_cause, call_type = excluded.call_type, \
    billing_ref = excluded.billing_ref, signalling = excluded.signalling, batch_id = excluded.batch_id, \
    batch_row = excluded.batch_row, received_at = excluded.received_at, replaced_batch = held.batch_id, \
    replaced_row = held.batch_row, replaced_version = held.version";

/// Batches that are not done, oldest first.
pub(super) async fn waiting(conn: &mut PgConnection, limit: i64) -> Result<Vec<(OperatorId, BatchId)>, Failure> {
    let rows =
        sqlx::query!("select operator_id, id from duration_batch where state <> 'done' order by received_at, id limit $1", limit)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(|row| (OperatorId(row.operator_id), BatchId(row.id))).collect())
}

/// Says that a batch is being worked.
pub(super) async fn begin(conn: &mut PgConnection, operator: OperatorId, batch: BatchId) -> Result<(), Failure> {
    sqlx::query!(
        "update duration_batch set state = 'processing' where operator_id = $1 and id = $2 and state = 'received'",
        operator.0,
        batch.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A batch to be worked, its row locked until the transaction ends.
pub(super) struct Claimed {
    pub(super) format: DurationFormat,
    pub(super) actor_label: String,
    pub(super) sha256: Vec<u8>,
    pub(super) received_at: DateTime<Utc>,
}

/// Takes a batch that is not done; `None` when it is, or when another process works it. Reading and judging very many rows may
/// take longer than a transaction usually may idle.
pub(super) async fn claim(conn: &mut PgConnection, operator: OperatorId, batch: BatchId) -> Result<Option<Claimed>, Failure> {
    sqlx::query!("set local idle_in_transaction_session_timeout = '5min'").execute(&mut *conn).await?;
    let row = sqlx::query!(
        "select format, actor_label, sha256, received_at from duration_batch
         where operator_id = $1 and id = $2 and state <> 'done' for update skip locked",
        operator.0,
        batch.0
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let format = DurationFormat::parse(&row.format).ok_or_else(|| anyhow::anyhow!("a batch of unknown format {}", row.format))?;
    Ok(Some(Claimed { format, actor_label: row.actor_label, sha256: row.sha256, received_at: row.received_at }))
}

/// The bytes that were sent.
pub(super) async fn body(conn: &mut PgConnection, operator: OperatorId, batch: BatchId) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    for part in 1_i32.. {
        let bytes = sqlx::query_scalar!(
            "select body from duration_batch_body where operator_id = $1 and batch_id = $2 and part = $3",
            operator.0,
            batch.0,
            part
        )
        .fetch_optional(&mut *conn)
        .await?;
        match bytes {
            Some(bytes) => body.extend_from_slice(&bytes),
            None => break,
        }
    }
    Ok(body)
}

/// This operator's holdings of these numbers, oldest first.
pub(super) async fn holds(
    conn: &mut PgConnection,
    operator: OperatorId,
    e164s: &[String],
) -> Result<HashMap<String, Vec<Hold>>, Failure> {
    let rows = sqlx::query!(
        "select e164, tenant_id, held_from, held_until from holding where operator_id = $1 and e164 = any ($2) order by e164, held_from",
        operator.0,
        e164s
    )
    .fetch_all(conn)
    .await?;
    let mut holds: HashMap<String, Vec<Hold>> = HashMap::new();
    for row in rows {
        let hold = Hold { tenant: TenantId(row.tenant_id), from: row.held_from, until: row.held_until };
        holds.entry(row.e164).or_default().push(hold);
    }
    Ok(holds)
}

/// Those of the numbers that anybody ever had in stock.
pub(super) async fn known(conn: &mut PgConnection, e164s: &[String]) -> Result<HashSet<String>, Failure> {
    let rows = sqlx::query_scalar!("select e164 from number_claim where e164 = any ($1)", e164s).fetch_all(conn).await?;
    Ok(rows.into_iter().collect())
}

/// Countries of tenants.
pub(super) async fn homes(conn: &mut PgConnection, tenants: &[TenantId]) -> Result<HashMap<TenantId, String>, Failure> {
    let ids: Vec<Uuid> = tenants.iter().map(|tenant| tenant.0).collect();
    let rows = sqlx::query!("select id, country from tenant where id = any ($1)", &ids).fetch_all(conn).await?;
    Ok(rows.into_iter().map(|row| (TenantId(row.id), row.country)).collect())
}

/// Months between two times that have no partition yet.
pub(super) async fn months_missing(
    conn: &mut PgConnection,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<DateTime<Utc>>, Failure> {
    let rows = sqlx::query_scalar!(
        r#"select m as "m!" from generate_series(date_trunc('month', $1::timestamptz, 'UTC'), $2, interval '1 month') as m
           where to_regclass('duration_record_' || to_char(m at time zone 'UTC', 'YYYYMM')) is null"#,
        from,
        to
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Makes the staging table of this transaction.
pub(super) async fn make_stage(conn: &mut PgConnection) -> Result<(), Failure> {
    let sql = format!("create temp table duration_stage on commit drop as select {STAGED} from duration_record with no data");
    sqlx::query(&sql).persistent(false).execute(conn).await?;
    Ok(())
}

/// Adds rows to the stage.
pub(super) async fn stage(conn: &mut PgConnection, rows: CopyRows) -> Result<(), Failure> {
    rows.send(conn, &format!("copy duration_stage ({STAGED}) from stdin (format binary)")).await?;
    Ok(())
}

/// Natural keys, column by column.
#[derive(Debug, Default)]
pub(super) struct Keys {
    pub(super) tenants: Vec<Uuid>,
    pub(super) refs: Vec<String>,
    pub(super) e164s: Vec<String>,
    pub(super) ats: Vec<DateTime<Utc>>,
}

/// Whether any of a few keys is known.
pub(super) async fn any_known(conn: &mut PgConnection, operator: OperatorId, keys: &Keys) -> Result<bool, Failure> {
    Ok(sqlx::query_scalar!(
        r#"select exists (
             select from unnest($2::uuid[], $3::text[], $4::text[], $5::timestamptz[]) as k (tenant_id, ref, e164, at)
             cross join lateral (
               select 1 from duration_record d
               where d.tenant_id = k.tenant_id and d.operator_id = $1 and d.ref = k.ref and d.e164 = k.e164 and d.at = k.at limit 1) x
           ) as "known!""#,
        operator.0,
        &keys.tenants,
        &keys.refs,
        &keys.e164s,
        &keys.ats
    )
    .fetch_one(conn)
    .await?)
}

/// Writes the staged rows as new ones, which is much faster than asking for each whether it is. Whether they all were; if not,
/// nothing is written.
pub(super) async fn write_new(conn: &mut PgConnection, batch: BatchId, received_at: DateTime<Utc>) -> Result<bool, Failure> {
    let sql = format!("insert into duration_record ({STAGED}, batch_id, received_at) select {STAGED}, $1, $2 from duration_stage");
    sqlx::query!("savepoint duration_write").execute(&mut *conn).await?;
    match sqlx::query(&sql).bind(batch.0).bind(received_at).persistent(false).execute(&mut *conn).await {
        Ok(_) => {
            sqlx::query!("release savepoint duration_write").execute(conn).await?;
            Ok(true)
        }
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            sqlx::query!("rollback to savepoint duration_write").execute(conn).await?;
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// A staged row that was not simply new.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Written {
    pub(super) batch_row: i32,
    /// The version it took the place of; `None`: the row was not written.
    pub(super) replaced_version: Option<i32>,
}

/// Writes the staged rows: new keys, and higher versions of known ones. Answers those that replaced one and those that were
/// left. The rows were staged in the order of their keys, so that two batches never wait for each other crosswise. What was
/// replaced is noted for the batch it came in.
pub(super) async fn write(
    conn: &mut PgConnection,
    batch: BatchId,
    received_at: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<Vec<Written>, Failure> {
    let sql = format!(
        "with done as (
           insert into duration_record as held ({STAGED}, batch_id, received_at)
           select {STAGED}, $1, $2 from duration_stage
           on conflict (tenant_id, operator_id, ref, e164, at) do update set {SET} where held.version < excluded.version
           returning tenant_id, operator_id, ref, e164, at, id, batch_row, replaced_batch, replaced_row, replaced_version),
         other as (
           select s.batch_row, s.tenant_id, s.operator_id, s.ref, s.e164, s.at, d.replaced_batch, d.replaced_row, d.replaced_version
           from duration_stage s left join done d on d.batch_row = s.batch_row
           where d.batch_row is null or d.id <> s.id),
         kept as (
           insert into duration_replaced (tenant_id, operator_id, batch_id, row, ref, e164, at, version, replaced_at)
           select tenant_id, operator_id, replaced_batch, replaced_row, ref, e164, at, replaced_version, $3
           from other where replaced_version is not null)
         select batch_row, replaced_version from other"
    );
    let rows = sqlx::query_as(&sql).bind(batch.0).bind(received_at).bind(at).persistent(false).fetch_all(conn).await?;
    Ok(rows)
}

#[derive(Debug, sqlx::FromRow)]
struct HeldRow {
    batch_row: i32,
    version: i32,
    content: Vec<u8>,
}

/// The versions that stand for the keys of staged rows.
pub(super) async fn held(conn: &mut PgConnection, rows: &[i32]) -> Result<HashMap<i32, Version>, Failure> {
    if rows.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = "select s.batch_row, d.version, d.content from duration_stage s
               join duration_record d on d.tenant_id = s.tenant_id and d.operator_id = s.operator_id and d.ref = s.ref
                 and d.e164 = s.e164 and d.at = s.at
               where s.batch_row = any ($1)";
    let held: Vec<HeldRow> = sqlx::query_as(sql).bind(rows).persistent(false).fetch_all(conn).await?;
    let version = |row: HeldRow| {
        let content = <[u8; 32]>::try_from(row.content.as_slice()).unwrap_or_default();
        (row.batch_row, Version { number: row.version, content })
    };
    Ok(held.into_iter().map(version).collect())
}

/// Rows that were not taken, column by column.
#[derive(Debug, Default)]
pub(super) struct NotTaken {
    pub(super) rows: Vec<i32>,
    pub(super) verdicts: Vec<&'static str>,
    pub(super) fields: Vec<Option<String>>,
    pub(super) values: Vec<Option<String>>,
    pub(super) fixes: Vec<Option<String>>,
    pub(super) keys: Vec<Option<String>>,
    pub(super) e164s: Vec<Option<String>>,
    pub(super) ats: Vec<Option<DateTime<Utc>>>,
    pub(super) bodies: Vec<Option<String>>,
}

pub(super) async fn insert_not_taken(
    conn: &mut PgConnection,
    operator: OperatorId,
    batch: BatchId,
    all: &NotTaken,
) -> Result<(), Failure> {
    for from in (0..all.rows.len()).step_by(CHUNK) {
        let part = from..all.rows.len().min(from + CHUNK);
        sqlx::query!(
            "insert into duration_reject (operator_id, batch_id, row, verdict, field, value, fix, key, e164, at, body)
             select $1, $2, * from unnest($3::integer[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
                                          $10::timestamptz[], $11::text[])",
            operator.0,
            batch.0,
            &all.rows[part.clone()],
            &all.verdicts[part.clone()] as &[&str],
            &all.fields[part.clone()] as &[Option<String>],
            &all.values[part.clone()] as &[Option<String>],
            &all.fixes[part.clone()] as &[Option<String>],
            &all.keys[part.clone()] as &[Option<String>],
            &all.e164s[part.clone()] as &[Option<String>],
            &all.ats[part.clone()] as &[Option<DateTime<Utc>>],
            &all.bodies[part] as &[Option<String>]
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// Appends to a change list, one entry per tenant and day.
pub(super) async fn append_changes(
    conn: &mut PgConnection,
    env: &Env,
    list: &str,
    operator: OperatorId,
    days: &[(TenantId, NaiveDate)],
) -> Result<(), Failure> {
    let tenants: Vec<Uuid> = days.iter().map(|(tenant, _)| tenant.0).collect();
    let ids: Vec<Uuid> = days.iter().map(|_| env.id()).collect();
    let days: Vec<NaiveDate> = days.iter().map(|(_, day)| *day).collect();
    sqlx::query!(
        "insert into change (tenant_id, id, list, operator_id, day, at)
         select t, i, $4, $5, d, $6 from unnest($1::uuid[], $2::uuid[], $3::date[]) as x (t, i, d)",
        &tenants,
        &ids,
        &days,
        list,
        operator.0,
        env.now()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) rows: i32,
    pub(super) accepted: i32,
    pub(super) replaced: i32,
    pub(super) duplicate: i32,
    pub(super) superseded: i32,
    pub(super) rejected: i32,
    pub(super) first_answered_at: Option<DateTime<Utc>>,
    pub(super) last_answered_at: Option<DateTime<Utc>>,
}

/// Says what became of a batch and drops its bytes.
pub(super) async fn finish(
    conn: &mut PgConnection,
    operator: OperatorId,
    batch: BatchId,
    counts: &Counts,
    at: DateTime<Utc>,
) -> Result<(), Failure> {
    sqlx::query!(
        "update duration_batch
         set state = 'done', done_at = $3, rows = $4, accepted = $5, replaced = $6, duplicate = $7, superseded = $8, rejected = $9,
             first_answered_at = $10, last_answered_at = $11
         where operator_id = $1 and id = $2",
        operator.0,
        batch.0,
        at,
        counts.rows,
        counts.accepted,
        counts.replaced,
        counts.duplicate,
        counts.superseded,
        counts.rejected,
        counts.first_answered_at,
        counts.last_answered_at
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("delete from duration_batch_body where operator_id = $1 and batch_id = $2", operator.0, batch.0)
        .execute(conn)
        .await?;
    Ok(())
}
