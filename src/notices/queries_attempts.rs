//! SQL of attempts and of what follows from a 2xx.

use std::collections::BTreeMap;

use chrono::DateTime;
use chrono::Utc;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

use super::EventType;
use super::Outcome;
use super::jobs::TAKEN;
use crate::base::EndpointId;
use crate::base::Env;
use crate::base::EventId;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;
use crate::base::write_time;

/// A try to be noted.
#[derive(Clone, Debug)]
pub(super) struct NewAttempt {
    pub id: Uuid,
    /// When it was sent.
    pub at: DateTime<Utc>,
    pub operator: OperatorId,
    pub endpoint: EndpointId,
    pub event: EventId,
    pub seq: Option<i64>,
    pub tenant: Option<TenantId>,
    pub kind: EventType,
    pub subject: String,
    pub number: u16,
    pub trigger: &'static str,
    pub request_headers: String,
    pub outcome: Outcome,
    pub next_at: Option<DateTime<Utc>>,
}

/// Notes tries, in one statement; those that are noted already are left alone.
pub(super) async fn note(conn: &mut PgConnection, rows: &[NewAttempt]) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = rows.iter().map(|r| r.id).collect();
    let answered = |row: &NewAttempt| row.outcome.status.is_some();
    let at: Vec<DateTime<Utc>> = rows.iter().map(|r| r.at).collect();
    let operators: Vec<Uuid> = rows.iter().map(|r| r.operator.0).collect();
    let endpoints: Vec<Uuid> = rows.iter().map(|r| r.endpoint.0).collect();
    let seqs: Vec<Option<i64>> = rows.iter().map(|r| r.seq).collect();
    let events: Vec<Uuid> = rows.iter().map(|r| r.event.0).collect();
    let tenants: Vec<Option<Uuid>> = rows.iter().map(|r| r.tenant.map(|t| t.0)).collect();
    let kinds: Vec<&str> = rows.iter().map(|r| r.kind.name()).collect();
    let subjects: Vec<&str> = rows.iter().map(|r| r.subject.as_str()).collect();
    let numbers: Vec<i32> = rows.iter().map(|r| i32::from(r.number)).collect();
    let triggers: Vec<&str> = rows.iter().map(|r| r.trigger).collect();
    let statuses: Vec<Option<i16>> = rows.iter().map(|r| r.outcome.status.and_then(|s| i16::try_from(s).ok())).collect();
    let errors: Vec<Option<&str>> = rows.iter().map(|r| r.outcome.error_kind.map(super::ErrorKind::slug)).collect();
    let elapsed: Vec<i32> = rows.iter().map(|r| i32::try_from(r.outcome.elapsed_ms).unwrap_or(i32::MAX)).collect();
    let requests: Vec<&str> = rows.iter().map(|r| r.request_headers.as_str()).collect();
    let heads: Vec<Option<&str>> = rows.iter().map(|r| answered(r).then_some(r.outcome.response_head.as_str())).collect();
    let bodies: Vec<Option<&str>> = rows.iter().map(|r| answered(r).then_some(r.outcome.response_body_cut.as_str())).collect();
    let next: Vec<Option<DateTime<Utc>>> = rows.iter().map(|r| r.next_at).collect();
    sqlx::query!(
        "insert into attempt (operator_id, at, id, endpoint_id, seq, event_id, tenant_id, type, subject, number, trigger, status, error,
                              elapsed_ms, request_headers, response_headers, response_body, next_at)
         select o, at, i, ep, s, ev, t, ty, su, nu, tr, st, er, el, rq, rh, rb, nx
         from unnest($1::timestamptz[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::uuid[], $7::uuid[], $8::text[], $9::text[], $10::int[],
                     $11::text[], $12::smallint[], $13::text[], $14::int[], $15::text[], $16::text[], $17::text[], $18::timestamptz[])
              as x(at, o, i, ep, s, ev, t, ty, su, nu, tr, st, er, el, rq, rh, rb, nx)
         on conflict (operator_id, at, id) do nothing",
        &at,
        &operators,
        &ids,
        &endpoints,
        &seqs as &[Option<i64>],
        &events,
        &tenants as &[Option<Uuid>],
        &kinds as &[&str],
        &subjects as &[&str],
        &numbers,
        &triggers as &[&str],
        &statuses as &[Option<i16>],
        &errors as &[Option<&str>],
        &elapsed,
        &requests as &[&str],
        &heads as &[Option<&str>],
        &bodies as &[Option<&str>],
        &next as &[Option<DateTime<Utc>>]
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Attempts from then on are kept for certain: what was tried before it may no longer be known.
pub(super) async fn kept_from(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Failure> {
    let from = sqlx::query_scalar!(
        "select date_trunc('month', $1::timestamptz - make_interval(months => keep_months), 'UTC') from partitioned_table
         where name = 'attempt'",
        now
    )
    .fetch_optional(conn)
    .await?;
    Ok(from.flatten())
}

/// A number event that its operator has taken.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub tenant: TenantId,
    pub subject: String,
    pub number_seq: i64,
}

/// Confirmations in one row of the change list at most.
const LISTED: usize = 64;

/// Tells the consumer of [`TAKEN`]: rows of a tenant, which list `[number, number_seq]`.
pub(super) async fn confirm(conn: &mut PgConnection, env: &Env, operator: OperatorId, rows: &[Taken]) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut lists: BTreeMap<Uuid, Vec<(&str, i64)>> = BTreeMap::new();
    for row in rows {
        lists.entry(row.tenant.0).or_default().push((&row.subject, row.number_seq));
    }
    let (mut ids, mut tenants, mut details) = (Vec::new(), Vec::new(), Vec::new());
    for (tenant, list) in &lists {
        for part in list.chunks(LISTED) {
            ids.push(env.id());
            tenants.push(*tenant);
            details.push(serde_json::to_string(part).map_err(anyhow::Error::new)?);
        }
    }
    sqlx::query!(
        "insert into change (tenant_id, id, list, operator_id, detail, at)
         select t, i, $1, $2, d, $3 from unnest($4::uuid[], $5::uuid[], $6::text[]) as x(t, i, d)",
        TAKEN,
        operator.0,
        env.now(),
        &tenants,
        &ids,
        &details
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A try as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AttemptView {
    pub id: Uuid,
    /// When it was sent.
    #[serde(serialize_with = "write_time")]
    pub at: DateTime<Utc>,
    pub endpoint_id: Uuid,
    /// `evt_…`
    pub event_id: String,
    /// Position in the feed; null for what is only pushed.
    pub seq: Option<i64>,
    pub tenant_id: Option<Uuid>,
    pub r#type: String,
    /// The number, or what else the event is about.
    pub subject: String,
    /// Which try of this event at this endpoint, from 1.
    pub number: i32,
    /// `feed`, `retry`, `redeliver`, `recover`, `test`, `verify` or `heartbeat`.
    pub trigger: String,
    /// HTTP status; null when no answer came.
    pub status: Option<i16>,
    /// Why no answer came.
    pub error: Option<String>,
    pub elapsed_ms: i32,
    pub request_headers: String,
    pub response_headers: Option<String>,
    /// At most 4 KiB of it.
    pub response_body: Option<String>,
    /// When it is tried again.
    #[serde(serialize_with = "write_time")]
    pub next_at: Option<DateTime<Utc>>,
}

/// Which tries to list.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AttemptFilter {
    pub endpoint: Option<EndpointId>,
    pub event: Option<EventId>,
    /// Before this one: the list runs from new to old.
    pub before: Option<(DateTime<Utc>, Uuid)>,
}

/// Tries, newest first.
pub(super) async fn list(
    conn: &mut PgConnection,
    operator: OperatorId,
    filter: AttemptFilter,
    limit: i64,
) -> Result<Vec<AttemptView>, Failure> {
    let rows = sqlx::query_as!(
        AttemptView,
        r#"select id, at, endpoint_id, 'evt_' || replace(event_id::text, '-', '') as "event_id!", seq, tenant_id, type, subject, number,
                  trigger, status, error, elapsed_ms, request_headers, response_headers, response_body, next_at
           from attempt
           where operator_id = $1 and ($2::uuid is null or endpoint_id = $2) and ($3::uuid is null or event_id = $3)
             and ($4::timestamptz is null or (at, id) < ($4, $5))
           order by at desc, id desc limit $6"#,
        operator.0,
        filter.endpoint.map(|id| id.0),
        filter.event.map(|id| id.0),
        filter.before.map(|b| b.0),
        filter.before.map(|b| b.1),
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// One try.
pub(super) async fn one(
    conn: &mut PgConnection,
    operator: OperatorId,
    at: DateTime<Utc>,
    id: Uuid,
) -> Result<Option<AttemptView>, Failure> {
    let row = sqlx::query_as!(
        AttemptView,
        r#"select id, at, endpoint_id, 'evt_' || replace(event_id::text, '-', '') as "event_id!", seq, tenant_id, type, subject, number,
                  trigger, status, error, elapsed_ms, request_headers, response_headers, response_body, next_at
           from attempt where operator_id = $1 and at = $2 and id = $3"#,
        operator.0,
        at,
        id
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}
