//! SQL that writes a batch of call records: copied into temporary tables (COPY is refused under row security), then inserted.
//! The statements name temporary tables, which do not exist when this is built; they are not prepared for keeps either.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use sqlx::PgConnection;
use sqlx::Row as _;
use uuid::Uuid;

use super::ingest::Held;
use super::ingest::Incoming;
use crate::base::BatchId;
use crate::base::Failure;
use crate::store::CopyRows;

/// A leg is known by its key this far around its time.
const KNOWN: TimeDelta = TimeDelta::days(31);

/// What a new version of a record replaces, in the order of [`copy_record`].
const DATA: &str =
    "operator_id, version, content, completeness, direction, e164, caller, callee, caller_withheld, country, other_country,
    target_id, call_type, sip_call_id, correlation_id, operator_ref, ringing_at, answered_at, ended_at, ring_ms, talk_ms, sip_code,
    platform_subcode, sip_phrase, q850_cause, ended_by, codec, network_name, quality, signalling, tenant_mismatch, withheld";

/// Columns of streams, in the order of [`copy_streams`].
const STREAM: &str =
    "tenant_id, call_id, leg_id, invited_at, n, operator_id, direction, side, packets, jitter_ms_avg, jitter_ms_max,
    loss_ratio_avg, loss_ratio_max, rtt_ms_avg, rtt_ms_max, concealed_ratio_avg, r_factor, mos, mos_kind, r_computed, mos_computed,
    codec, quality, intervals";

/// Makes the temporary table and copies rows into it. Joins with it go from its rows to the indexes of the large tables.
pub(super) async fn copy_in(conn: &mut PgConnection, rows: &[Incoming<'_>]) -> Result<u64, Failure> {
    let make = "create temp table call_in (n integer not null, tenant_id uuid not null, call_id text collate \"C\" not null,
        leg_id text collate \"C\" not null, invited_at timestamptz not null, id uuid, operator_id uuid, version integer, content bytea,
        completeness text, direction text, e164 text, caller text, callee text, caller_withheld boolean, country text, other_country text,
        target_id text, call_type text, sip_call_id text, correlation_id text, operator_ref text, ringing_at timestamptz,
        answered_at timestamptz, ended_at timestamptz, ring_ms bigint, talk_ms bigint, sip_code smallint, platform_subcode integer,
        sip_phrase text, q850_cause smallint, ended_by text, codec text, network_name text, quality text, signalling jsonb,
        tenant_mismatch boolean, withheld text, client_ip text, client_os text, user_agent text) on commit drop";
    for sql in [
        make,
        "set local idle_in_transaction_session_timeout = '30s'",
        "set local enable_hashjoin = off",
        "set local enable_mergejoin = off",
    ] {
        sqlx::query(sql).persistent(false).execute(&mut *conn).await?;
    }
    let mut copied = CopyRows::new(41);
    for row in rows.iter().filter(|row| row.winner.is_none()) {
        copy_record(&mut copied, row);
    }
    copied.send(conn, "copy call_in from stdin (format binary)").await
}

fn copy_record(out: &mut CopyRows, row: &Incoming<'_>) {
    let (r, found) = (&row.record, &row.found);
    out.row();
    out.i32(r.row);
    out.uuid(r.tenant);
    out.text(&r.call_id);
    out.text(&r.leg_id);
    out.time(r.invited_at);
    out.uuid(row.id);
    out.uuid(r.operator);
    out.i32(r.version);
    out.bytes(&r.content);
    out.text(r.completeness.as_str());
    out.text(r.direction.as_str());
    out.text(&r.e164);
    out.opt_text(r.caller.as_deref());
    out.opt_text(r.callee.as_deref());
    out.bool(r.caller_withheld);
    out.text(&found.country);
    out.opt_text(found.other_country.as_deref());
    for text in [&r.target_id, &r.call_type, &r.sip_call_id, &r.correlation_id, &r.operator_ref] {
        out.opt_text(text.as_deref());
    }
    for at in [r.ringing_at, r.answered_at, r.ended_at] {
        out.opt_time(at);
    }
    out.opt(r.ring_ms, CopyRows::i64);
    out.opt(r.talk_ms, CopyRows::i64);
    out.opt(r.sip_code, CopyRows::i16);
    out.opt(r.platform_subcode, CopyRows::i32);
    out.opt_text(r.sip_phrase.as_deref());
    out.opt(r.q850_cause, CopyRows::i16);
    out.opt_text(r.ended_by.map(super::record::EndedBy::as_str));
    out.opt_text(r.codec.as_deref());
    out.opt_text(r.network_name.as_deref());
    out.text(r.quality.as_str());
    out.opt(r.signalling.as_deref(), CopyRows::json);
    out.bool(found.mismatch);
    out.opt_text(found.withheld);
    for text in [&r.client_ip, &r.client_os, &r.user_agent] {
        out.opt_text(text.as_deref());
    }
}

/// Rows whose leg is known with another time.
pub(super) async fn time_changed(conn: &mut PgConnection) -> Result<Vec<i32>, Failure> {
    let sql = "select distinct i.n from call_in i join call_record r
                 on r.tenant_id = i.tenant_id and r.call_id = i.call_id and r.leg_id = i.leg_id
               where r.invited_at <> i.invited_at and r.invited_at between i.invited_at - $1::interval and i.invited_at + $1::interval";
    Ok(sqlx::query_scalar(sql).bind(KNOWN).persistent(false).fetch_all(conn).await?)
}

/// Takes rows out of the temporary table again.
pub(super) async fn drop_rows(conn: &mut PgConnection, rows: &[i32]) -> Result<(), Failure> {
    if !rows.is_empty() {
        sqlx::query("delete from call_in where n = any ($1)").bind(rows).persistent(false).execute(conn).await?;
    }
    Ok(())
}

/// Inserts the rows whose key is new, in the order of keys so that batches never wait for each other in a circle.
pub(super) async fn insert_new(conn: &mut PgConnection, batch: BatchId, at: DateTime<Utc>) -> Result<u64, Failure> {
    let sql = format!(
        "insert into call_record (tenant_id, call_id, leg_id, invited_at, id, {DATA}, batch_id, batch_row, received_at)
         select tenant_id, call_id, leg_id, invited_at, id, {DATA}, $1, n, $2 from call_in
         order by tenant_id, call_id, leg_id, invited_at
         on conflict (tenant_id, call_id, leg_id, invited_at) do nothing"
    );
    let done = sqlx::query(&sql).bind(batch.0).bind(at).persistent(false).execute(conn).await?;
    Ok(done.rows_affected())
}

/// A record held under the key of a row.
pub(super) struct Standing {
    pub row: i32,
    pub held: Held,
    pub tenant: Uuid,
    pub operator: Uuid,
    pub ended_at: Option<DateTime<Utc>>,
}

/// Locks and reads what is held under the keys of rows that were not inserted.
pub(super) async fn standing(conn: &mut PgConnection, batch: BatchId) -> Result<Vec<Standing>, Failure> {
    let sql = "select i.n, r.version, r.content, r.tenant_id, r.operator_id, r.ended_at
               from call_in i join call_record r
                 on r.tenant_id = i.tenant_id and r.call_id = i.call_id and r.leg_id = i.leg_id and r.invited_at = i.invited_at
               where r.batch_id <> $1
               order by r.tenant_id, r.call_id, r.leg_id, r.invited_at for update of r";
    let rows = sqlx::query(sql).bind(batch.0).persistent(false).fetch_all(conn).await?;
    let read = |row: sqlx::postgres::PgRow| {
        Ok(Standing {
            row: row.try_get(0)?,
            held: Held { version: row.try_get(1)?, content: row.try_get(2)? },
            tenant: row.try_get(3)?,
            operator: row.try_get(4)?,
            ended_at: row.try_get(5)?,
        })
    };
    rows.into_iter().map(read).collect()
}

/// Puts these rows in the place of what is held, which is noted as replaced; its streams leave.
pub(super) async fn replace(conn: &mut PgConnection, batch: BatchId, at: DateTime<Utc>, rows: &[i32]) -> Result<(), Failure> {
    let note =
        "insert into call_replaced (tenant_id, call_id, leg_id, version, invited_at, operator_id, batch_id, batch_row, talk_ms,
                                           quality, replaced_at)
                select r.tenant_id, r.call_id, r.leg_id, r.version, r.invited_at, r.operator_id, r.batch_id, r.batch_row, r.talk_ms,
                       r.quality, $2
                from call_in i join call_record r
                  on r.tenant_id = i.tenant_id and r.call_id = i.call_id and r.leg_id = i.leg_id and r.invited_at = i.invited_at
                where i.n = any ($1)
                on conflict do nothing";
    sqlx::query(note).bind(rows).bind(at).persistent(false).execute(&mut *conn).await?;
    let own = "s.tenant_id = i.tenant_id and s.call_id = i.call_id and s.leg_id = i.leg_id and s.invited_at = i.invited_at
               and i.n = any ($1)";
    for table in ["stream", "call_personal"] {
        let gone = format!("delete from {table} s using call_in i where {own}");
        sqlx::query(&gone).bind(rows).persistent(false).execute(&mut *conn).await?;
    }
    let columns = DATA.split(',').map(str::trim);
    let new: Vec<String> = columns.map(|column| format!("{column} = i.{column}")).collect();
    let sql = format!(
        "update call_record s set {}, batch_id = $2, batch_row = i.n, received_at = $3 from call_in i where {own}",
        new.join(", ")
    );
    sqlx::query(&sql).bind(rows).bind(batch.0).bind(at).persistent(false).execute(conn).await?;
    Ok(())
}

/// Writes the fields kept for 28 days, of calls that are not older.
pub(super) async fn insert_personal(conn: &mut PgConnection, oldest: DateTime<Utc>) -> Result<(), Failure> {
    let sql = "insert into call_personal (tenant_id, call_id, leg_id, invited_at, client_ip, client_os, user_agent)
               select tenant_id, call_id, leg_id, invited_at, client_ip, client_os, user_agent from call_in
               where invited_at >= $1 and (client_ip is not null or client_os is not null or user_agent is not null)
               order by tenant_id, call_id, leg_id, invited_at
               on conflict do nothing";
    sqlx::query(sql).bind(oldest).persistent(false).execute(conn).await?;
    Ok(())
}

/// Writes the streams of the rows that were taken.
pub(super) async fn insert_streams<'a>(
    conn: &mut PgConnection,
    rows: impl Iterator<Item = &'a Incoming<'a>>,
) -> Result<u64, Failure> {
    let mut copied = CopyRows::new(24);
    for row in rows {
        copy_streams(&mut copied, row);
    }
    if copied.is_empty() {
        return Ok(0);
    }
    let make = format!("create temp table stream_in on commit drop as select {STREAM} from stream where false");
    sqlx::query(&make).persistent(false).execute(&mut *conn).await?;
    copied.send(&mut *conn, &format!("copy stream_in ({STREAM}) from stdin (format binary)")).await?;
    let sql = format!("insert into stream ({STREAM}) select {STREAM} from stream_in");
    let done = sqlx::query(&sql).persistent(false).execute(conn).await?;
    Ok(done.rows_affected())
}

fn copy_streams(out: &mut CopyRows, row: &Incoming<'_>) {
    let r = &row.record;
    for (stream, n) in r.streams.iter().zip(1_i16..) {
        out.row();
        out.uuid(r.tenant);
        out.text(&r.call_id);
        out.text(&r.leg_id);
        out.time(r.invited_at);
        out.i16(n);
        out.uuid(r.operator);
        out.text(stream.direction.as_str());
        out.text(stream.side.as_str());
        out.opt(stream.packets, CopyRows::i64);
        for metric in stream.metrics {
            out.opt(metric, CopyRows::f64);
        }
        out.opt(stream.r_factor, CopyRows::f64);
        out.opt(stream.mos, CopyRows::f64);
        out.opt_text(stream.mos_kind.as_deref());
        out.opt(stream.r_computed, CopyRows::f64);
        out.opt(stream.mos_computed, CopyRows::f64);
        out.opt_text(stream.codec.as_deref());
        out.text(stream.quality.as_str());
        out.opt(stream.intervals.as_deref(), CopyRows::json);
    }
}
