//! Figures of the platform's own pages, over all organisations: nobody's calls, numbers or names, only how many. For the job's reach.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::base::Failure;
use crate::notices;

/// A tenant of the directory.
#[derive(Clone, Debug)]
pub struct TenantLine {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub country: String,
    pub time_zone: String,
    pub sip_domain: String,
    pub quarantine_days: i32,
    pub created_at: DateTime<Utc>,
    pub numbers: i64,
    pub assigned: i64,
    /// Operators whose consent is active.
    pub operators: i64,
    pub people: i64,
}

/// Which tenants: all, those whose name or short name holds a text, one; behind a name and id.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    pub text: Option<String>,
    pub only: Option<Uuid>,
    pub after: Option<(String, Uuid)>,
    pub limit: i64,
}

/// Tenants by name.
pub async fn tenants(conn: &mut PgConnection, ask: &Ask) -> Result<Vec<TenantLine>, Failure> {
    let (after_name, after_id) = ask.after.clone().unzip();
    let rows = sqlx::query_as!(
        TenantLine,
        r#"select t.id, t.slug, t.name, t.country, t.time_zone, t.sip_domain, t.quarantine_days, t.created_at,
                  n.numbers as "numbers!", n.assigned as "assigned!",
                  (select count(*) from consent c where c.tenant_id = t.id and c.status = 'active') as "operators!",
                  (select count(*) from membership m where m.org_kind = 'tenant' and m.org_id = t.id) as "people!"
           from tenant t
           cross join lateral (
             select count(*) as numbers, count(*) filter (where assignment_status <> 'unassigned') as assigned
             from number where tenant_id = t.id) n
           where ($1::text is null or position(lower($1) in lower(t.name)) > 0 or position(lower($1) in t.slug) > 0)
             and ($2::uuid is null or t.id = $2)
             and ($3::text is null or (t.name, t.id) > ($3, $4::uuid))
           order by t.name, t.id limit $5"#,
        ask.text,
        ask.only,
        after_name,
        after_id,
        ask.limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// An operator of the directory.
#[derive(Clone, Debug)]
pub struct OperatorLine {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub time_zone: String,
    pub countries: Vec<String>,
    pub services: Vec<String>,
    pub website: Option<String>,
    pub emergency_mode: String,
    pub logo_changed_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub numbers: i64,
    pub assigned: i64,
    /// Tenants whose consent is active.
    pub customers: i64,
    /// Tenants whose consent is suspended.
    pub suspended: i64,
    pub people: i64,
}

/// Operators by name.
pub async fn operators(conn: &mut PgConnection, ask: &Ask) -> Result<Vec<OperatorLine>, Failure> {
    let (after_name, after_id) = ask.after.clone().unzip();
    let rows = sqlx::query_as!(
        OperatorLine,
        r#"select o.id, o.slug, o.name, o.time_zone, o.countries, o.services, o.website, o.emergency_mode, o.logo_changed_at, o.created_at,
                  n.numbers as "numbers!", n.assigned as "assigned!", c.active as "customers!", c.suspended as "suspended!",
                  (select count(*) from membership m where m.org_kind = 'operator' and m.org_id = o.id) as "people!"
           from operator o
           cross join lateral (
             select count(*) as numbers, count(*) filter (where assignment_status <> 'unassigned') as assigned
             from number where operator_id = o.id) n
           cross join lateral (
             select count(*) filter (where status = 'active') as active, count(*) filter (where status = 'suspended') as suspended
             from consent where operator_id = o.id) c
           where ($1::text is null or position(lower($1) in lower(o.name)) > 0 or position(lower($1) in o.slug) > 0)
             and ($2::uuid is null or o.id = $2)
             and ($3::text is null or (o.name, o.id) > ($3, $4::uuid))
           order by o.name, o.id limit $5"#,
        ask.text,
        ask.only,
        after_name,
        after_id,
        ask.limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// A consent between two organisations.
#[derive(Clone, Debug)]
pub struct Relation {
    /// Of the other side.
    pub id: Uuid,
    pub name: String,
    pub status: String,
    pub countries: Vec<String>,
    pub notice_version: String,
    pub since: DateTime<Utc>,
}

/// The consents of one tenant, or of one operator, by the other side's name; 200 at most.
pub async fn relations(conn: &mut PgConnection, tenant: Option<Uuid>, operator: Option<Uuid>) -> Result<Vec<Relation>, Failure> {
    let rows = sqlx::query_as!(
        Relation,
        r#"select case when $1::uuid is null then t.id else o.id end as "id!", case when $1::uuid is null then t.name else o.name end as "name!",
                  c.status, c.countries, c.notice_version, c.since
           from consent c join tenant t on t.id = c.tenant_id join operator o on o.id = c.operator_id
           where ($1::uuid is null or c.tenant_id = $1) and ($2::uuid is null or c.operator_id = $2)
           order by 2, 1 limit 200"#,
        tenant,
        operator
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// How the feeds of one operator are doing.
#[derive(Clone, Debug)]
pub struct FeedLine {
    pub id: Uuid,
    pub name: String,
    /// Position of the newest event; 0 before the first.
    pub head: i64,
    pub sealed_at: Option<DateTime<Utc>>,
    /// Everything up to here was acknowledged by pull.
    pub acked: i64,
    /// Written and not yet sealed.
    pub unsealed: i64,
    pub unsealed_since: Option<DateTime<Utc>>,
    pub endpoints: i64,
    pub active: i64,
    /// Paused, disabled or in a run of failures.
    pub failing: i64,
    pub failing_since: Option<DateTime<Utc>>,
    /// Events that the endpoint farthest behind has not got to.
    pub behind: i64,
    /// Numbers held back by a failing event, over all endpoints.
    pub held: i64,
    /// Position of the newest entry of the feed of calls.
    pub calls_head: i64,
    pub calls_sealed_at: Option<DateTime<Utc>>,
    /// Batches of calls that have no position yet.
    pub calls_unsealed: i64,
}

impl FeedLine {
    /// Events that nobody of the operator has taken: at the endpoint farthest behind, or, without one, not acknowledged by pull.
    #[must_use]
    pub fn backlog(&self) -> i64 {
        if self.endpoints == 0 { (self.head - self.acked).max(0) } else { self.behind + self.held }
    }
}

/// The feeds of every operator, by name.
pub async fn feeds(conn: &mut PgConnection) -> Result<Vec<FeedLine>, Failure> {
    let rows = sqlx::query_as!(
        FeedLine,
        r#"select o.id, o.name, coalesce(f.last_seq, 0) as "head!", nullif(f.sealed_at, '-infinity') as sealed_at,
                  coalesce(f.acked_seq, 0) as "acked!", u.n as "unsealed!", u.since as unsealed_since,
                  p.n as "endpoints!", p.active as "active!", p.failing as "failing!", p.failing_since,
                  coalesce(greatest(coalesce(f.last_seq, 0) - p.slowest, 0), 0) as "behind!",
                  (select count(*) from held_event h where h.operator_id = o.id) as "held!",
                  coalesce(c.head, 0) as "calls_head!", c.sealed_at as calls_sealed_at, coalesce(c.unsealed, 0) as "calls_unsealed!"
           from operator o
           left join feed_head f on f.operator_id = o.id and f.feed = 'events'
           cross join lateral (select count(*) as n, min(occurred_at) as since from event_out where operator_id = o.id) u
           cross join lateral (
             select count(*) as n, count(*) filter (where state = 'active') as active,
                    count(*) filter (where state in ('paused', 'disabled') or failing_since is not null) as failing,
                    min(failing_since) as failing_since, min(cursor_seq) filter (where state <> 'unverified') as slowest
             from endpoint where operator_id = o.id) p
           cross join lateral (
             select max(seq) as head, max(sealed_at) as sealed_at, count(*) filter (where seq is null) as unsealed
             from call_batch_part where operator_id = o.id) c
           order by o.name, o.id"#
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// A background loop.
#[derive(Clone, Debug)]
pub struct JobLine {
    pub name: String,
    pub every_ms: Option<i64>,
    pub last_finished_at: Option<DateTime<Utc>>,
    pub last_error: Option<String>,
    pub last_error_at: Option<DateTime<Utc>>,
    pub failures: i64,
}

/// Every loop that ever ran, by name.
pub async fn jobs(conn: &mut PgConnection) -> Result<Vec<JobLine>, Failure> {
    let rows = sqlx::query_as!(
        JobLine,
        "select name, every_ms, last_finished_at, last_error, last_error_at, failures from job_state order by name"
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Work that waits between rooms.
#[derive(Clone, Debug)]
pub struct WaitingLine {
    pub list: String,
    pub waiting: i64,
    pub since: Option<DateTime<Utc>>,
}

/// Every change list with something on it, and both chains' entries that are due and not sealed.
pub async fn waiting(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<WaitingLine>, Failure> {
    let rows = sqlx::query_as!(
        WaitingLine,
        r#"select list as "list!", sum(case when list = $2 then jsonb_array_length(detail::jsonb) else 1 end) as "waiting!", min(at) as since
           from change group by list
           union all
           select 'chain.' || chain, sum(cardinality(entries)), min(due_at) from chain_pending where due_at <= $1 group by chain
           order by 1"#,
        now,
        notices::TAKEN
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}
