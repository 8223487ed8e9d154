//! The lists of calls on both portals: rows by start time, newest first. Indexes: `call_record_time_ix` for a tenant,
//! `call_record_number_ix` where first digits of a number are given, `call_record_operator_ix` for an operator.
//!
//! A withheld caller never leaves the database: neither when the platform says so nor when only the operator's duration of
//! the same call does.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use sqlx::Postgres;
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::cause::Outcome;
use super::pages_ask::CallAsk;
use super::pages_ask::CallTab;
use super::pages_ask::NumberLike;
use super::pages_ask::SHORT_MS;
use super::record_read::LONGEST;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;

/// Counted exactly up to here.
pub const COUNTED: i64 = 10_000;

/// The outcome of call `c`, as `cause::judge` tells it.
pub const OUTCOME: &str = "case
    when c.answered_at is not null then case
        when c.q850_cause not in (16, 31) or (c.q850_cause is null and c.sip_code >= 400) then 'cut_off' else 'answered' end
    when coalesce(c.sip_code, 0) < 300 and (c.q850_cause is null or c.q850_cause in (16, 31)) then case
        when c.ended_at is null and c.completeness = 'partial' then 'open'
        when c.ended_by = 'caller' then 'cancelled'
        when c.ringing_at is not null then 'no_answer' else 'failed' end
    when coalesce(c.sip_code, 0) < 300 then case c.q850_cause
        when 17 then 'busy' when 21 then 'rejected' when 18 then 'no_answer' when 19 then 'no_answer' else 'failed' end
    when c.sip_code in (486, 600) then 'busy'
    when c.sip_code in (603, 607, 608) then 'rejected'
    when c.sip_code = 487 then 'cancelled'
    when c.sip_code in (408, 480) and (c.ringing_at is not null or c.q850_cause in (18, 19)) then 'no_answer'
    else 'failed' end";

/// Whether the caller of call `c` is hidden from everybody. The operator's duration of the same call is found by its key.
pub(super) const HIDDEN: &str = "(c.direction = 'inbound' and (c.caller_withheld or exists (
    select from duration_record d
    where d.tenant_id = c.tenant_id and d.operator_id = c.operator_id and d.e164 = c.e164 and d.other_party_withheld
      and d.ref in ('r:' || c.operator_ref, 's:' || c.sip_call_id)
      and d.at between c.invited_at - interval '1 day' and c.invited_at + interval '1 day')))";

/// A call as the database has it, the outside party still in full unless it is withheld.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct CallLine {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub tenant_name: String,
    pub tenant_country: String,
    pub operator_id: Uuid,
    pub operator_name: String,
    pub invited_at: DateTime<Utc>,
    pub direction: String,
    /// The tenant's number.
    pub e164: String,
    /// Of the tenant's number.
    pub country: String,
    /// The outside party; never there when `hidden`.
    pub other: Option<String>,
    pub hidden: bool,
    pub completeness: String,
    pub ringing_at: Option<DateTime<Utc>>,
    pub answered_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub ring_ms: Option<i64>,
    pub talk_ms: Option<i64>,
    pub sip_code: Option<i16>,
    pub q850_cause: Option<i16>,
    pub ended_by: Option<String>,
    pub quality: String,
}

/// Whose list it is.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    /// A tenant's own calls. One whose number was another tenant's then is not shown: it belongs to neither.
    Tenant(TenantId),
    /// An operator's, of the (tenant, country) pairs that may be seen; never a call that ended while the gate was closed.
    Operator(OperatorId, &'a [(Uuid, String)]),
}

type Sql = QueryBuilder<'static, Postgres>;

/// Pushes what every read of calls begins with, up to the tables.
pub(super) fn push_line(sql: &mut Sql) {
    sql.push("c.id, c.tenant_id, t.name as tenant_name, t.country as tenant_country, c.operator_id, o.name as operator_name, ");
    sql.push(
        "c.invited_at, c.direction, c.e164, c.country, case when h.hidden then null when c.direction = 'inbound' then c.caller
             else c.callee end as other, h.hidden, c.completeness, c.ringing_at, c.answered_at, c.ended_at, c.ring_ms, c.talk_ms,
         c.sip_code, c.q850_cause, c.ended_by, c.quality",
    );
}

/// Pushes what every read of calls joins to its calls `c`.
pub(super) fn push_around(sql: &mut Sql) {
    sql.push(" join tenant t on t.id = c.tenant_id join operator o on o.id = c.operator_id");
    // Offset keeps the question from being asked twice.
    sql.push(" cross join lateral (select ").push(HIDDEN).push(" as hidden offset 0) h");
}

/// At most `limit` calls in the order of the page: backwards, those nearest to the place first. The calls are found first, in the
/// order of the index; only then is asked what stands around them.
///
/// # Errors
/// When the database is away.
pub async fn calls(conn: &mut PgConnection, whose: Whose<'_>, ask: &CallAsk, limit: i64) -> Result<Vec<CallLine>, Failure> {
    let mut sql = Sql::new("select ");
    push_line(&mut sql);
    sql.push(" from (select c.* from call_record c");
    push_where(&mut sql, whose, ask);
    // The index falls by time and rises by id: one way through it or the other.
    let rises = ask.rising != ask.backwards;
    if let Some(place) = ask.place {
        sql.push(if rises { " and c.invited_at >= " } else { " and c.invited_at <= " }).push_bind(place.at);
        sql.push(if rises { " and (c.invited_at > " } else { " and (c.invited_at < " }).push_bind(place.at);
        sql.push(if rises { " or c.id < " } else { " or c.id > " }).push_bind(place.id).push(")");
    }
    let order = if rises { " order by c.invited_at, c.id desc" } else { " order by c.invited_at desc, c.id" };
    sql.push(order).push(" limit ").push_bind(limit).push(") c");
    push_around(&mut sql);
    sql.push(order);
    Ok(sql.build_query_as().fetch_all(conn).await?)
}

/// How many calls are found, at most [`COUNTED`] + 1.
///
/// # Errors
/// When the database is away.
pub async fn count_calls(conn: &mut PgConnection, whose: Whose<'_>, ask: &CallAsk) -> Result<i64, Failure> {
    let mut sql = Sql::new("select count(*) from (select from call_record c");
    push_where(&mut sql, whose, ask);
    sql.push(" limit ").push_bind(COUNTED + 1).push(") as counted");
    Ok(sql.build_query_scalar().fetch_one(conn).await?)
}

fn push_where(sql: &mut Sql, whose: Whose<'_>, ask: &CallAsk) {
    match whose {
        Whose::Tenant(tenant) => {
            sql.push(" where c.tenant_id = ").push_bind(tenant.0).push(" and not c.tenant_mismatch");
            if let Some(operator) = ask.party {
                sql.push(" and c.operator_id = ").push_bind(operator);
            }
            if let Some(network) = &ask.network {
                sql.push(" and c.network_name = ").push_bind(network.clone());
            }
        }
        Whose::Operator(operator, open) => {
            // One text for a pair: a join with the pairs would be taken for few rows, and all calls sorted for one page.
            let pairs: Vec<String> = open.iter().map(|(tenant, country)| format!("{tenant} {country}")).collect();
            sql.push(" where c.operator_id = ").push_bind(operator.0).push(" and c.withheld is null");
            sql.push(" and c.tenant_id::text || ' ' || c.country = any(").push_bind(pairs).push(")");
            if let Some(tenant) = ask.party {
                sql.push(" and c.tenant_id = ").push_bind(tenant);
            }
        }
    }
    if let Some(from) = ask.from {
        if ask.by_end {
            sql.push(" and c.ended_at >= ").push_bind(from);
        }
        let begun = if ask.by_end { from - LONGEST } else { from };
        sql.push(" and c.invited_at >= ").push_bind(begun);
    }
    if let Some(to) = ask.to {
        if ask.by_end {
            sql.push(" and c.ended_at < ").push_bind(to);
        }
        sql.push(" and c.invited_at < ").push_bind(to);
    }
    if let Some(inbound) = ask.inbound {
        sql.push(" and c.direction = ").push_bind(if inbound { "inbound" } else { "outbound" });
    }
    if let Some(country) = &ask.country {
        sql.push(" and c.other_country = ").push_bind(country.clone());
    }
    if let Some(outcome) = ask.outcome {
        sql.push(" and (").push(OUTCOME).push(") = ").push_bind(outcome.as_str());
    }
    push_tab(sql, ask.tab);
    push_number(sql, ask.number.as_ref());
}

fn push_tab(sql: &mut Sql, tab: CallTab) {
    let among = |sql: &mut Sql, outcomes: &[Outcome]| {
        let words: Vec<String> = outcomes.iter().map(|outcome| outcome.as_str().to_owned()).collect();
        sql.push(" and (").push(OUTCOME).push(") = any(").push_bind(words).push(")");
    };
    match tab {
        CallTab::All => {}
        CallTab::Answered => {
            sql.push(" and c.answered_at is not null");
        }
        CallTab::Missed => among(sql, &[Outcome::NoAnswer, Outcome::Busy, Outcome::Rejected, Outcome::Cancelled]),
        CallTab::Failed => among(sql, &[Outcome::Failed, Outcome::CutOff]),
        CallTab::Short => {
            sql.push(" and c.answered_at is not null and c.talk_ms < ").push_bind(SHORT_MS);
        }
        CallTab::Poor => {
            sql.push(" and c.quality = 'poor'");
        }
    }
}

fn push_number(sql: &mut Sql, number: Option<&NumberLike>) {
    let prefix = |sql: &mut Sql, start: &str| {
        sql.push("(c.e164 >= ").push_bind(start.to_owned());
        sql.push(" and c.e164 < ").push_bind(format!("{start}\u{10ffff}")).push(")");
    };
    match number {
        None => {}
        Some(NumberLike::Prefix(start)) => {
            sql.push(" and ");
            prefix(sql, start);
        }
        Some(NumberLike::Digits(digits)) => {
            sql.push(" and (");
            prefix(sql, &format!("+{digits}"));
            let length = i32::try_from(digits.len()).unwrap_or(i32::MAX);
            sql.push(" or right(c.e164, ").push_bind(length).push(") = ").push_bind(digits.clone()).push(")");
        }
    }
}

/// An organisation to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub id: Uuid,
    pub name: String,
}

/// The operators a tenant has or had a gate with, by name.
///
/// # Errors
/// When the database is away.
pub async fn operators_of(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<Choice>, Failure> {
    Ok(sqlx::query_as!(
        Choice,
        "select o.id, o.name from operator o where o.id in (select g.operator_id from gate g where g.tenant_id = $1) order by o.name",
        tenant.0
    )
    .fetch_all(conn)
    .await?)
}

/// Names of tenants, by name.
///
/// # Errors
/// When the database is away.
pub async fn tenants_of(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Choice>, Failure> {
    Ok(sqlx::query_as!(Choice, "select id, name from tenant where id = any($1) order by name", ids).fetch_all(conn).await?)
}

/// The zone in which the days of an organisation begin.
///
/// # Errors
/// When the database is away.
pub async fn time_zone(conn: &mut PgConnection, org: Uuid) -> Result<Option<String>, Failure> {
    Ok(sqlx::query_scalar!(
        r#"select coalesce((select t.time_zone from tenant t where t.id = $1), (select o.time_zone from operator o where o.id = $1))"#,
        org
    )
    .fetch_one(conn)
    .await?)
}
