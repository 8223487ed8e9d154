//! SQL that reads calls for the machine API. Indexes: `call_record_feed_ix` for the feed, `call_record_operator_ix` and
//! `call_record_time_ix` for lists and for one call (its id carries its time).

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use serde_json::Value;
use sqlx::PgConnection;
use sqlx::Postgres;
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::feed_ask::CallsAsk;
use super::feed_ask::ListPlace;
use super::queries_pages::HIDDEN;
use super::queries_pages::OUTCOME;
use super::record_read::LONGEST;
use crate::base::CallId;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;
use crate::base::made_at;

type Sql = QueryBuilder<'static, Postgres>;

/// A call as it is read, outside parties still in full unless withheld.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct FeedLine {
    pub id: Uuid,
    pub call_id: String,
    pub leg_id: String,
    pub version: i32,
    pub completeness: String,
    pub tenant_id: Uuid,
    pub operator_id: Uuid,
    pub direction: String,
    pub e164: String,
    pub caller: Option<String>,
    pub callee: Option<String>,
    pub caller_withheld: bool,
    pub country: String,
    pub other_country: Option<String>,
    pub target_id: Option<String>,
    pub call_type: Option<String>,
    pub sip_call_id: Option<String>,
    pub correlation_id: Option<String>,
    pub operator_ref: Option<String>,
    pub invited_at: DateTime<Utc>,
    pub ringing_at: Option<DateTime<Utc>>,
    pub answered_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub ring_ms: Option<i64>,
    pub talk_ms: Option<i64>,
    pub sip_code: Option<i16>,
    pub platform_subcode: Option<i32>,
    pub sip_phrase: Option<String>,
    pub q850_cause: Option<i16>,
    pub ended_by: Option<String>,
    pub outcome: String,
    pub codec: Option<String>,
    pub network_name: Option<String>,
    pub quality: String,
    pub signalling: Option<Value>,
    pub tenant_mismatch: bool,
    pub withheld: Option<String>,
    pub batch_id: Uuid,
    pub batch_row: i32,
    /// When its batch was sealed; null until then.
    pub processed_at: Option<DateTime<Utc>>,
}

/// Begins a read. `signalling` is read for one call only: it is large.
fn select(signalling: bool) -> Sql {
    let mut sql = Sql::new(
        "select c.id, c.call_id, c.leg_id, c.version, c.completeness, c.tenant_id, c.operator_id, c.direction, c.e164,
           case when h.hidden then null else c.caller end as caller, c.callee, h.hidden as caller_withheld, c.country,
           case when h.hidden and c.direction = 'inbound' then null else c.other_country end as other_country,
           c.target_id, c.call_type, c.sip_call_id, c.correlation_id, c.operator_ref, c.invited_at, c.ringing_at, c.answered_at,
           c.ended_at, c.ring_ms, c.talk_ms, c.sip_code, c.platform_subcode, c.sip_phrase, c.q850_cause, c.ended_by, c.codec,
           c.network_name, c.quality, c.tenant_mismatch, c.withheld, c.batch_id, c.batch_row, p.sealed_at as processed_at, (",
    );
    sql.push(OUTCOME).push(") as outcome, ").push(if signalling { "c.signalling" } else { "null::jsonb as signalling" });
    sql.push(
        " from call_record c
          left join call_batch_part p on p.operator_id = c.operator_id and p.batch_id = c.batch_id and p.seq is not null
          cross join lateral (select c.caller_withheld or ",
    );
    // Offset keeps the question from being asked twice.
    sql.push(HIDDEN).push(" as hidden offset 0) h");
    sql
}

fn push_filters(sql: &mut Sql, ask: &CallsAsk) {
    if let Some(e164) = &ask.e164 {
        sql.push(" and c.e164 = ").push_bind(e164.clone());
    }
    if let Some(outcome) = ask.outcome {
        sql.push(" and (").push(OUTCOME).push(") = ").push_bind(outcome.as_str());
    }
    match ask.poor {
        None => {}
        Some(true) => {
            sql.push(" and c.quality = 'poor'");
        }
        Some(false) => {
            sql.push(" and c.quality = 'good'");
        }
    }
}

/// What an operator may see: open gates, and never a call that ended while one was closed.
fn push_operator(sql: &mut Sql, operator: OperatorId, open: &[(Uuid, String)], ask: &CallsAsk) {
    let (tenants, countries): (Vec<Uuid>, Vec<String>) = open.iter().cloned().unzip();
    sql.push(" where c.operator_id = ").push_bind(operator.0).push(" and c.withheld is null");
    sql.push(" and (c.tenant_id, c.country) in (select * from unnest(").push_bind(tenants);
    sql.push("::uuid[], ").push_bind(countries).push("::text[]))");
    if let Some(tenant) = ask.party {
        sql.push(" and c.tenant_id = ").push_bind(tenant);
    }
}

fn push_place(sql: &mut Sql, after: Option<ListPlace>, limit: i64) {
    if let Some(place) = after {
        sql.push(" and c.invited_at <= ").push_bind(place.invited_at);
        sql.push(" and (c.invited_at < ").push_bind(place.invited_at);
        sql.push(" or c.id > ").push_bind(place.id).push(")");
    }
    sql.push(" order by c.invited_at desc, c.id limit ").push_bind(limit);
}

/// An operator's calls that ended in the range, by their beginning, newest first.
pub(super) async fn ended(
    conn: &mut PgConnection,
    operator: OperatorId,
    open: &[(Uuid, String)],
    ask: &CallsAsk,
    after: Option<ListPlace>,
    limit: i64,
) -> Result<Vec<FeedLine>, Failure> {
    let mut sql = select(false);
    push_operator(&mut sql, operator, open, ask);
    sql.push(" and c.ended_at is not null");
    if let Some(from) = ask.from {
        sql.push(" and c.ended_at >= ").push_bind(from).push(" and c.invited_at >= ").push_bind(before(from));
    }
    if let Some(to) = ask.to {
        sql.push(" and c.ended_at < ").push_bind(to).push(" and c.invited_at < ").push_bind(to);
    }
    push_filters(&mut sql, ask);
    push_place(&mut sql, after, limit);
    Ok(sql.build_query_as().fetch_all(conn).await?)
}

/// No leg that ends then began earlier.
fn before(from: DateTime<Utc>) -> DateTime<Utc> {
    from.checked_sub_signed(LONGEST + TimeDelta::seconds(1)).unwrap_or(from)
}

/// A tenant's calls by their beginning, newest first. One whose number was another tenant's then belongs to neither.
pub(super) async fn of_tenant(
    conn: &mut PgConnection,
    tenant: TenantId,
    ask: &CallsAsk,
    after: Option<ListPlace>,
    limit: i64,
) -> Result<Vec<FeedLine>, Failure> {
    let mut sql = select(false);
    sql.push(" where c.tenant_id = ").push_bind(tenant.0).push(" and not c.tenant_mismatch");
    if let Some(operator) = ask.party {
        sql.push(" and c.operator_id = ").push_bind(operator);
    }
    // A call that is not over counts by its beginning.
    if let Some(from) = ask.from {
        sql.push(" and coalesce(c.ended_at, c.invited_at) >= ").push_bind(from);
        sql.push(" and c.invited_at >= ").push_bind(before(from));
    }
    if let Some(to) = ask.to {
        sql.push(" and coalesce(c.ended_at, c.invited_at) < ").push_bind(to).push(" and c.invited_at < ").push_bind(to);
    }
    push_filters(&mut sql, ask);
    push_place(&mut sql, after, limit);
    Ok(sql.build_query_as().fetch_all(conn).await?)
}

/// A step of an operator's feed.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub seq: i64,
    pub batch_id: Uuid,
    /// As they came in; some may have been replaced since.
    pub rows: i32,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
}

/// Sealed parts from a number on, in order.
pub(super) async fn parts(
    conn: &mut PgConnection,
    operator: OperatorId,
    from_seq: i64,
    ask: &CallsAsk,
    limit: i64,
) -> Result<Vec<Part>, Failure> {
    Ok(sqlx::query_as!(
        Part,
        r#"select seq as "seq!", batch_id, rows, first_at, last_at from call_batch_part
           where operator_id = $1 and seq >= $2 and ($3::timestamptz is null or sealed_at >= $3)
             and ($4::timestamptz is null or sealed_at < $4)
           order by seq limit $5"#,
        operator.0,
        from_seq,
        ask.from,
        ask.to,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// The last position that was sealed before a moment; `sealed_at` never goes back.
pub(super) async fn last_before(conn: &mut PgConnection, operator: OperatorId, at: DateTime<Utc>) -> Result<Option<i64>, Failure> {
    Ok(sqlx::query_scalar!(
        r#"select seq as "seq!" from call_batch_part
           where operator_id = $1 and seq is not null and sealed_at < $2 order by seq desc limit 1"#,
        operator.0,
        at
    )
    .fetch_optional(conn)
    .await?)
}

/// The oldest position of a feed that is still there; `None` while it is empty.
pub(super) async fn oldest_seq(conn: &mut PgConnection, operator: OperatorId) -> Result<Option<i64>, Failure> {
    Ok(sqlx::query_scalar!("select min(seq) from call_batch_part where operator_id = $1 and seq is not null", operator.0)
        .fetch_one(conn)
        .await?)
}

/// Rows of parts after a row, at most `limit`, those of one part in order.
pub(super) async fn of_parts(
    conn: &mut PgConnection,
    operator: OperatorId,
    open: &[(Uuid, String)],
    ask: &CallsAsk,
    parts: &[Part],
    after_row: i32,
    limit: i64,
) -> Result<Vec<FeedLine>, Failure> {
    let (Some(first), Some(last)) = (parts.iter().map(|p| p.first_at).min(), parts.iter().map(|p| p.last_at).max()) else {
        return Ok(Vec::new());
    };
    let mut sql = select(false);
    push_operator(&mut sql, operator, open, ask);
    // One batch alone is read in the order of the index, however large it is.
    match parts {
        [only] => sql.push(" and c.batch_id = ").push_bind(only.batch_id),
        several => {
            let ids: Vec<Uuid> = several.iter().map(|part| part.batch_id).collect();
            sql.push(" and c.batch_id = any(").push_bind(ids).push(")")
        }
    };
    sql.push(" and c.batch_row > ").push_bind(after_row);
    sql.push(" and c.invited_at between ").push_bind(first).push(" and ").push_bind(last);
    push_filters(&mut sql, ask);
    sql.push(" order by c.batch_row limit ").push_bind(limit);
    Ok(sql.build_query_as().fetch_all(conn).await?)
}

/// A call of an operator, withheld or not.
pub(super) async fn operator_call(conn: &mut PgConnection, operator: OperatorId, id: CallId) -> Result<Option<FeedLine>, Failure> {
    // A leg's id is made of its `invited_at`: says where to look.
    let Some(at) = made_at(id.0) else { return Ok(None) };
    let mut sql = select(true);
    sql.push(" where c.operator_id = ").push_bind(operator.0).push(" and c.invited_at = ").push_bind(at);
    sql.push(" and c.id = ").push_bind(id.0);
    Ok(sql.build_query_as().fetch_optional(conn).await?)
}

/// A tenant's call.
pub(super) async fn tenant_call(conn: &mut PgConnection, tenant: TenantId, id: CallId) -> Result<Option<FeedLine>, Failure> {
    let Some(at) = made_at(id.0) else { return Ok(None) };
    let mut sql = select(true);
    sql.push(" where c.tenant_id = ").push_bind(tenant.0).push(" and c.invited_at = ").push_bind(at);
    sql.push(" and c.id = ").push_bind(id.0).push(" and not c.tenant_mismatch");
    Ok(sql.build_query_as().fetch_optional(conn).await?)
}

/// Quality of one direction of a call. Ratios 0..1, jitter and round trip in milliseconds.
#[derive(Clone, Debug)]
pub(super) struct StreamLine {
    pub direction: String,
    pub side: String,
    pub packets: Option<i64>,
    pub jitter_ms_avg: Option<f64>,
    pub jitter_ms_max: Option<f64>,
    pub loss_ratio_avg: Option<f64>,
    pub loss_ratio_max: Option<f64>,
    pub rtt_ms_avg: Option<f64>,
    pub rtt_ms_max: Option<f64>,
    pub concealed_ratio_avg: Option<f64>,
    pub r_factor: Option<f64>,
    pub mos: Option<f64>,
    pub mos_kind: Option<String>,
    pub r_computed: Option<f64>,
    pub mos_computed: Option<f64>,
    pub codec: Option<String>,
    pub quality: String,
    pub intervals: Option<Value>,
}

/// The streams of a call, in the order they were told of.
pub(super) async fn streams(
    conn: &mut PgConnection,
    tenant: TenantId,
    (call_id, leg_id, invited_at): (&str, &str, DateTime<Utc>),
) -> Result<Vec<StreamLine>, Failure> {
    Ok(sqlx::query_as!(
        StreamLine,
        "select direction, side, packets, jitter_ms_avg, jitter_ms_max, loss_ratio_avg, loss_ratio_max, rtt_ms_avg, rtt_ms_max,
                concealed_ratio_avg, r_factor, mos, mos_kind, r_computed, mos_computed, codec, quality, intervals
         from stream where tenant_id = $1 and call_id = $2 and leg_id = $3 and invited_at = $4 order by n",
        tenant.0,
        call_id,
        leg_id,
        invited_at
    )
    .fetch_all(conn)
    .await?)
}

/// The country of a tenant: whose rule of masking holds.
pub(super) async fn tenant_country(conn: &mut PgConnection, tenant: TenantId) -> Result<String, Failure> {
    let country = sqlx::query_scalar!("select country from tenant where id = $1", tenant.0).fetch_optional(conn).await?;
    Ok(country.unwrap_or_default())
}
