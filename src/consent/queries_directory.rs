//! SQL of the directory as a tenant sees it: operators, how fresh their feeds are, the ledger with what was confirmed.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::directory::DirectoryRow;
use super::directory::Health;
use super::model::Consent;
use crate::base::Env;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;

/// Waiting notices are counted up to here.
pub(super) const MOST_WAITING: i64 = 10_000;
/// Calls and durations are looked for so far back.
const LOOK_BACK: TimeDelta = TimeDelta::days(45);

/// The directory, by name; or one operator of it.
pub(super) async fn operators(conn: &mut PgConnection, tenant: TenantId, slug: Option<&str>) -> Result<Vec<DirectoryRow>, Failure> {
    let rows = sqlx::query_as!(
        DirectoryRow,
        r#"select o.id, o.slug, o.name, o.countries, o.services, o.website, o.emergency_mode, o.logo_changed_at,
                  coalesce(n.numbers, 0) as "numbers!", coalesce(n.assigned, 0) as "assigned!"
           from operator o
           left join (
             select operator_id, count(*) as numbers, count(*) filter (where assignment_status <> 'unassigned') as assigned
             from number where tenant_id = $1 group by operator_id) n on n.operator_id = o.id
           where $2::text is null or o.slug = $2
           order by o.name, o.id"#,
        tenant.0,
        slug
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// How the feeds of a pair are doing. Needs a reach over the pair.
pub(super) async fn health(
    conn: &mut PgConnection,
    tenant: TenantId,
    operator: OperatorId,
    now: DateTime<Utc>,
) -> Result<Health, Failure> {
    let waiting = waiting(conn, tenant, operator).await?;
    let row = sqlx::query!(
        r#"select
             (select t.at from transfer t
              where t.tenant_id = $1 and t.operator_id = $2 and t.at >= $3 and t.direction = 'to_operator' and 'calls' = any (t.classes)
              order by t.at desc limit 1) as calls_read_at,
             (select c.ended_at from call_record c
              where c.tenant_id = $1 and c.operator_id = $2 and c.invited_at >= $3 and c.answered_at is not null
              order by c.invited_at desc limit 1) as last_call_at,
             (select d.at from duration_record d
              where d.tenant_id = $1 and d.operator_id = $2 and d.at >= $3 and not d.withdrawn
              order by d.at desc limit 1) as counted_until,
             (select max(t.day) from duration_day_told t where t.tenant_id = $1 and t.operator_id = $2) as closed_day"#,
        tenant.0,
        operator.0,
        now - LOOK_BACK
    )
    .fetch_one(conn)
    .await?;
    Ok(Health {
        waiting: waiting.0,
        waiting_since: waiting.1,
        calls_read_at: row.calls_read_at,
        last_call_at: row.last_call_at,
        counted_until: row.counted_until,
        closed_day: row.closed_day,
    })
}

/// Gated notices about the tenant that the operator has neither taken at an endpoint nor acknowledged by pull while their gate is
/// open, and since when the oldest waits. Needs a reach over the pair.
pub(super) async fn waiting(
    conn: &mut PgConnection,
    tenant: TenantId,
    operator: OperatorId,
) -> Result<(i64, Option<DateTime<Utc>>), Failure> {
    let row = sqlx::query!(
        r#"with feed as (
             select coalesce(max(acked_seq), 0) as acked from feed_head where operator_id = $2 and feed = 'events'),
           low as (
             select least(coalesce((select min(cursor_seq) from endpoint where operator_id = $2), 9223372036854775807),
                          coalesce((select min(seq) - 1 from held_event where operator_id = $2), 9223372036854775807)) as seq),
           open as (
             select country, class, opening from gate where tenant_id = $1 and operator_id = $2 and open),
           pending as (
             select e.occurred_at
             from event e cross join feed cross join low
             join open g on g.country = e.country and g.class = e.class and g.opening = e.opening
             where e.operator_id = $2 and e.tenant_id = $1 and e.seq > feed.acked
               and (e.seq > low.seq or not exists (
                 select from endpoint p where p.operator_id = $2 and p.created_at <= e.sealed_at
                   and (p.event_types = '{}' or e.type = any (p.event_types))))
               and not exists (select from event_taken t where t.operator_id = e.operator_id and t.seq = e.seq)
             limit $3),
           unsealed as (
             select x.occurred_at from event_out x join open g on g.country = x.country and g.class = x.class
             where x.tenant_id = $1 and x.operator_id = $2 limit $3)
           select count(*) as "pending!", min(occurred_at) as since
           from (select occurred_at from pending union all select occurred_at from unsealed) x"#,
        tenant.0,
        operator.0,
        MOST_WAITING
    )
    .fetch_one(conn)
    .await?;
    Ok((row.pending.min(MOST_WAITING), row.since))
}

/// One line of the ledger with what was confirmed when accepting.
#[derive(Clone, Debug)]
pub(super) struct EntryRow {
    pub(super) id: Uuid,
    pub(super) consent_id: Uuid,
    pub(super) at: DateTime<Utc>,
    pub(super) action: String,
    pub(super) countries: Vec<String>,
    pub(super) classes: Vec<String>,
    pub(super) notice_version: String,
    pub(super) notice_sha256: Vec<u8>,
    pub(super) actor_label: String,
    pub(super) address: Option<String>,
    /// `None`: not asked, because nothing was accepted.
    pub(super) staff_informed: Option<bool>,
    /// Countries whose law asked for it.
    pub(super) asked_for: Option<Vec<String>>,
    /// Language of the text that was read.
    pub(super) language: Option<String>,
}

/// The ledger of a pair, newest first, 200 lines at most; or one line of it.
pub(super) async fn entries(
    conn: &mut PgConnection,
    tenant: TenantId,
    operator: OperatorId,
    only: Option<Uuid>,
) -> Result<Vec<EntryRow>, Failure> {
    let rows = sqlx::query_as!(
        EntryRow,
        r#"select e.id, e.consent_id, e.at, e.action, e.countries, e.classes, e.notice_version, e.notice_sha256, e.actor_label, e.address,
                  a.staff_informed as "staff_informed?", a.asked_for as "asked_for?",
                  (select n.language from notice_text n
                   where n.version = e.notice_version and n.sha256 = e.notice_sha256 order by n.language limit 1) as language
           from consent_entry e
           left join lateral (
             select a.staff_informed, a.asked_for from consent_acceptance a
             where a.tenant_id = e.tenant_id and a.consent_id = e.consent_id and a.at = e.at and e.action in ('granted', 'changed')
             order by a.id desc limit 1) a on true
           where e.tenant_id = $1 and e.operator_id = $2 and ($3::uuid is null or e.id = $3)
           order by e.at desc, e.id desc limit 200"#,
        tenant.0,
        operator.0,
        only
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Keeps what a person confirmed when accepting.
pub(super) async fn keep_acceptance(
    conn: &mut PgConnection,
    env: &Env,
    consent: &Consent,
    at: DateTime<Utc>,
    staff_informed: bool,
    asked_for: &[String],
) -> Result<(), Failure> {
    sqlx::query!(
        "insert into consent_acceptance (tenant_id, id, consent_id, at, staff_informed, asked_for) values ($1, $2, $3, $4, $5, $6)",
        consent.tenant_id,
        env.id_at(at),
        consent.id,
        at,
        staff_informed,
        asked_for
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A gate of a pair.
#[derive(Clone, Debug)]
pub(super) struct GateRow {
    pub(super) country: String,
    pub(super) class: String,
    pub(super) open: bool,
    pub(super) reason: Option<String>,
}

/// Every gate of a pair.
pub(super) async fn gates(conn: &mut PgConnection, tenant: TenantId, operator: OperatorId) -> Result<Vec<GateRow>, Failure> {
    let rows = sqlx::query_as!(
        GateRow,
        "select country, class, open, reason from gate where tenant_id = $1 and operator_id = $2 order by country, class",
        tenant.0,
        operator.0
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// How many of a tenant's consents stand on an older text than the newest and are not withdrawn.
///
/// # Errors
/// When the database is away.
pub async fn outdated_consents(conn: &mut PgConnection, tenant: TenantId) -> Result<i64, Failure> {
    let found = sqlx::query_scalar!(
        r#"select count(*) as "n!" from consent
           where tenant_id = $1 and status <> 'withdrawn'
             and notice_version <> (select version from notice_text order by published_at desc, version desc limit 1)"#,
        tenant.0
    );
    Ok(found.fetch_one(conn).await?)
}

/// How the operator sees the relationship: status, comment, since when.
pub(super) async fn relationship(
    conn: &mut PgConnection,
    tenant: TenantId,
    operator: OperatorId,
) -> Result<Option<(String, Option<String>, DateTime<Utc>)>, Failure> {
    let row = sqlx::query!(
        "select status, comment, updated_at from relationship where tenant_id = $1 and operator_id = $2",
        tenant.0,
        operator.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.status, row.comment, row.updated_at)))
}

/// A consent event of a customer in its operator's feed.
#[derive(Clone, Debug)]
pub(super) struct ConsentEvent {
    pub(super) seq: i64,
    pub(super) id: Uuid,
    /// `consent.granted`, `consent.suspended` or `consent.withdrawn`.
    pub(super) kind: String,
    pub(super) occurred_at: DateTime<Utc>,
}

/// The consent events of a customer, newest first, 50 at most. For the operator's axis.
pub(super) async fn consent_events(
    conn: &mut PgConnection,
    operator: OperatorId,
    consent: Uuid,
) -> Result<Vec<ConsentEvent>, Failure> {
    let rows = sqlx::query_as!(
        ConsentEvent,
        "select seq, id, type as kind, occurred_at from event where operator_id = $1 and subject = $2 order by seq desc limit 50",
        operator.0,
        consent.to_string()
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}
