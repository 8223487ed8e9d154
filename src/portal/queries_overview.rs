//! Figures of both overviews: calls of today against the same weekday, shares, what is awaited, how fresh the feeds are.
//! What operators see goes through the gates here too: a call counts only where its gate is open, and was when it ended.

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;

/// Two stretches of the same length: today until now, and the same weekday before until the same time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub today: DateTime<Utc>,
    pub now: DateTime<Utc>,
    pub before: DateTime<Utc>,
    pub before_until: DateTime<Utc>,
}

/// Calls and talk of both stretches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    pub calls: i64,
    pub talk_ms: i64,
    pub calls_before: i64,
    pub talk_before_ms: i64,
}

/// Classified calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    pub good: i64,
    pub poor: i64,
}

/// What the carriers have still to hand in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Awaited {
    pub calls: i64,
    pub ms: i64,
}

/// How fresh an operator's data is, as a tenant sees it.
#[derive(Clone, Debug)]
pub struct Fresh {
    pub slug: String,
    pub name: String,
    pub last_call_at: Option<DateTime<Utc>>,
    pub counted_until: Option<DateTime<Utc>>,
    pub closed_until: Option<NaiveDate>,
    /// The tenant gave leave for durations in at least one country.
    pub durations: bool,
}

/// One customer of an operator.
#[derive(Clone, Debug)]
pub struct Customer {
    pub tenant: Uuid,
    pub name: String,
    pub calls: Calls,
    /// `None` where the gate for quality is closed.
    pub heard: Option<Heard>,
    /// `None` where the gate for durations is closed.
    pub awaited: Option<Awaited>,
}

/// What an operator handed in and what was handed to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Feeds {
    pub batches: i64,
    pub accepted: i64,
    pub rejected: i64,
    pub last_batch_at: Option<DateTime<Utc>>,
    pub closed_until: Option<NaiveDate>,
    /// Entry of the feed of calls that was sealed last.
    pub sealed_at: Option<DateTime<Utc>>,
}

/// A tenant's calls.
pub async fn tenant_calls(conn: &mut PgConnection, tenant: TenantId, s: Stretch) -> Result<Calls, Failure> {
    let calls = sqlx::query_as!(
        Calls,
        r#"select count(*) filter (where invited_at >= $2) as "calls!",
                  coalesce(sum(talk_ms) filter (where invited_at >= $2), 0)::bigint as "talk_ms!",
                  count(*) filter (where invited_at < $5) as "calls_before!",
                  coalesce(sum(talk_ms) filter (where invited_at < $5), 0)::bigint as "talk_before_ms!"
           from call_record
           where tenant_id = $1
             and ((invited_at >= $2 and invited_at < $3) or (invited_at >= $4 and invited_at < $5))"#,
        tenant.0,
        s.today,
        s.now,
        s.before,
        s.before_until
    )
    .fetch_one(conn)
    .await?;
    Ok(calls)
}

/// A tenant's classified calls that ended since.
pub async fn tenant_heard(conn: &mut PgConnection, tenant: TenantId, since: DateTime<Utc>) -> Result<Heard, Failure> {
    let heard = sqlx::query_as!(
        Heard,
        r#"select coalesce(sum(good), 0)::bigint as "good!", coalesce(sum(poor), 0)::bigint as "poor!"
           from quality_hour where tenant_id = $1 and hour >= $2"#,
        tenant.0,
        since
    )
    .fetch_one(conn)
    .await?;
    Ok(heard)
}

/// A tenant's answered calls without a duration, of the days from `since` on.
pub async fn tenant_awaited(conn: &mut PgConnection, tenant: TenantId, since: NaiveDate) -> Result<Awaited, Failure> {
    let awaited = sqlx::query_as!(
        Awaited,
        r#"select coalesce(sum(awaiting_calls), 0)::bigint as "calls!", coalesce(sum(awaiting_ms), 0)::bigint as "ms!"
           from usage_day where tenant_id = $1 and day >= $2"#,
        tenant.0,
        since
    )
    .fetch_one(conn)
    .await?;
    Ok(awaited)
}

/// How fresh the data of each of a tenant's operators is; looks back as far as `since`.
pub async fn tenant_fresh(conn: &mut PgConnection, tenant: TenantId, since: DateTime<Utc>) -> Result<Vec<Fresh>, Failure> {
    let rows = sqlx::query_as!(
        Fresh,
        r#"select o.slug, o.name,
                  c.invited_at as "last_call_at?", d.at as "counted_until?",
                  (select max(t.day) from duration_day_told t where t.tenant_id = $1 and t.operator_id = o.id) as closed_until,
                  g.durations as "durations!"
           from (select operator_id, bool_or(class = 'durations' and open) as durations
                 from gate where tenant_id = $1 group by operator_id) g
           join operator o on o.id = g.operator_id
           left join lateral (
             select invited_at from call_record
             where tenant_id = $1 and operator_id = o.id and invited_at >= $2 order by invited_at desc limit 1) c on true
           left join lateral (
             select at from duration_record
             where tenant_id = $1 and operator_id = o.id and at >= $2 and not withdrawn order by at desc limit 1) d on true
           order by o.name"#,
        tenant.0,
        since
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// An operator's customers whose gate for calls is open, with their calls. `heard` looks back to `heard_since`, `awaited` at calls
/// answered from `awaited_since` on.
pub async fn operator_customers(
    conn: &mut PgConnection,
    operator: OperatorId,
    s: Stretch,
    heard_since: DateTime<Utc>,
    awaited_since: DateTime<Utc>,
) -> Result<Vec<Customer>, Failure> {
    let rows = sqlx::query!(
        r#"with open as (
             select tenant_id, country, class from gate
             where operator_id = $1 and open and class in ('calls', 'quality', 'durations')),
           counted as (
             select c.tenant_id,
                    count(*) filter (where c.invited_at >= $2) as calls,
                    sum(c.talk_ms) filter (where c.invited_at >= $2) as talk_ms,
                    count(*) filter (where c.invited_at < $5) as calls_before,
                    sum(c.talk_ms) filter (where c.invited_at < $5) as talk_before_ms
             from call_record c
             join open g on g.tenant_id = c.tenant_id and g.country = c.country and g.class = 'calls'
             where c.operator_id = $1 and c.withheld is null
               and ((c.invited_at >= $2 and c.invited_at < $3) or (c.invited_at >= $4 and c.invited_at < $5))
             group by c.tenant_id),
           heard as (
             select h.tenant_id, sum(h.good) as good, sum(h.poor) as poor
             from quality_hour h
             join open g on g.tenant_id = h.tenant_id and g.country = h.country and g.class = 'quality'
             where h.operator_id = $1 and h.shared and h.hour >= $6
             group by h.tenant_id),
           awaited as (
             select c.tenant_id, count(*) as calls, sum(c.talk_ms) as ms
             from call_record c
             join open g on g.tenant_id = c.tenant_id and g.country = c.country and g.class = 'calls'
             join open d on d.tenant_id = c.tenant_id and d.country = c.country and d.class = 'durations'
             where c.operator_id = $1 and c.withheld is null and c.invited_at >= $7 and c.answered_at is not null and c.talk_ms is not null
               and not exists (
                 select from pair p where p.tenant_id = c.tenant_id and p.call_id = c.call_id and p.leg_id = c.leg_id
                   and p.invited_at = c.invited_at)
             group by c.tenant_id)
           select t.id, t.name,
                  bool_or(o.class = 'quality') as "quality!", bool_or(o.class = 'durations') as "durations!",
                  coalesce(max(c.calls), 0)::bigint as "calls!", coalesce(max(c.talk_ms), 0)::bigint as "talk_ms!",
                  coalesce(max(c.calls_before), 0)::bigint as "calls_before!",
                  coalesce(max(c.talk_before_ms), 0)::bigint as "talk_before_ms!",
                  coalesce(max(h.good), 0)::bigint as "good!", coalesce(max(h.poor), 0)::bigint as "poor!",
                  coalesce(max(a.calls), 0)::bigint as "awaited!", coalesce(max(a.ms), 0)::bigint as "awaited_ms!"
           from open o
           join tenant t on t.id = o.tenant_id
           left join counted c on c.tenant_id = t.id
           left join heard h on h.tenant_id = t.id
           left join awaited a on a.tenant_id = t.id
           group by t.id, t.name
           having bool_or(o.class = 'calls')
           order by t.name"#,
        operator.0,
        s.today,
        s.now,
        s.before,
        s.before_until,
        heard_since,
        awaited_since
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Customer {
            tenant: row.id,
            name: row.name,
            calls: Calls {
                calls: row.calls,
                talk_ms: row.talk_ms,
                calls_before: row.calls_before,
                talk_before_ms: row.talk_before_ms,
            },
            heard: row.quality.then_some(Heard { good: row.good, poor: row.poor }),
            awaited: row.durations.then_some(Awaited { calls: row.awaited, ms: row.awaited_ms }),
        })
        .collect())
}

/// An operator's batches since `today`, and how fresh both feeds are.
pub async fn operator_feeds(conn: &mut PgConnection, operator: OperatorId, today: DateTime<Utc>) -> Result<Feeds, Failure> {
    let feeds = sqlx::query_as!(
        Feeds,
        r#"select count(*) filter (where received_at >= $2) as "batches!",
                  coalesce(sum(accepted) filter (where received_at >= $2), 0)::bigint as "accepted!",
                  coalesce(sum(rejected) filter (where received_at >= $2), 0)::bigint as "rejected!",
                  max(received_at) as last_batch_at,
                  (select max(day) from duration_day where operator_id = $1) as closed_until,
                  (select max(sealed_at) from call_batch_part where operator_id = $1) as sealed_at
           from duration_batch where operator_id = $1"#,
        operator.0,
        today
    )
    .fetch_one(conn)
    .await?;
    Ok(feeds)
}

/// Customers of an operator: those with a gate of any class.
pub async fn customers_of(conn: &mut PgConnection, operator: OperatorId) -> Result<Vec<Uuid>, Failure> {
    let rows = sqlx::query_scalar!("select distinct tenant_id from gate where operator_id = $1 order by 1", operator.0);
    Ok(rows.fetch_all(conn).await?)
}
