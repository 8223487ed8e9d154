//! Reads of the operator's pages and of the overviews: how endpoints and feed are doing, in figures without anybody's data.

use std::collections::HashMap;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::EndpointState;
use super::post::SealedKeys;
use super::post::open_one;
use super::signing::masked;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;
use crate::store::Store;

/// Hours of a strip.
const HOURS: i64 = 24;
/// Pending notices are counted up to here.
const MOST_TOLD: i64 = 10_000;

/// What went well and what failed, in attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub ok: i64,
    pub failed: i64,
}

/// What an endpoint answered last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastAnswer {
    pub at: DateTime<Utc>,
    /// HTTP status; `None` when no answer came.
    pub status: Option<i16>,
    /// Why none came.
    pub error: Option<String>,
    pub elapsed_ms: i32,
}

/// An endpoint with how it is doing.
#[derive(Clone, Debug)]
pub struct EndpointHealth {
    pub id: Uuid,
    pub url: String,
    pub description: String,
    /// Names of types; empty: all.
    pub event_types: Vec<String>,
    /// `v1`, `v1a`, `both`.
    pub signature: String,
    pub max_in_flight: i32,
    pub confirms: bool,
    pub state: EndpointState,
    pub version: i64,
    /// Sealed events it has not got to yet; behind them stand the held numbers.
    pub behind: i64,
    /// Numbers held back: their oldest event failed or has still to go; those in their first try are not counted.
    pub held: i64,
    /// The next try of one of them.
    pub next_at: Option<DateTime<Utc>>,
    /// First failure since the last success.
    pub failing_since: Option<DateTime<Utc>>,
    /// The share of the failure budget at which was warned last: 0, 50, 70 or 90 per cent.
    pub warned_percent: i16,
    /// What it answered last; `None` before the first attempt.
    pub last: Option<LastAnswer>,
    pub last_success_at: Option<DateTime<Utc>>,
    pub last_attempt_at: Option<DateTime<Utc>>,
    pub heartbeat_at: Option<DateTime<Utc>>,
    pub verified_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

impl EndpointHealth {
    /// Events wait at it and it is not on its own way to take them.
    #[must_use]
    pub fn needs_attention(&self) -> bool {
        self.failing_since.is_some() || self.state != EndpointState::Active
    }
}

/// The operator's endpoints, oldest first; one alone when `id` names it.
///
/// # Errors
/// When the database is away.
pub(super) async fn endpoints(
    conn: &mut PgConnection,
    operator: OperatorId,
    id: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<Vec<EndpointHealth>, Failure> {
    let rows = sqlx::query!(
        r#"select p.id, p.url, p.description, p.event_types, p.signature, p.max_in_flight, p.confirms, p.state, p.state_reason,
                  p.version, greatest(coalesce(f.last_seq, 0) - w.cursor_seq, 0) as "behind!", h.held as "held!", h.next_at,
                  p.failing_since, p.warned_percent, p.last_success_at, p.last_attempt_at, p.heartbeat_at, p.verified_at, p.created_at,
                  l.at as "answer_at?", l.status, l.error, l.elapsed_ms as "elapsed_ms?"
           from endpoint p
           join endpoint_place w on w.operator_id = p.operator_id and w.endpoint_id = p.id
           left join feed_head f on f.operator_id = p.operator_id and f.feed = 'events'
           cross join lateral (
             select count(*) as held, min(x.next_at) as next_at
             from held_event x
             where x.operator_id = p.operator_id and x.endpoint_id = p.id
               and (x.leased_until is null or x.leased_until <= $3 or x.attempt > 1)) h
           left join lateral (
             select a.at, a.status, a.error, a.elapsed_ms from attempt a
             where a.operator_id = p.operator_id and a.endpoint_id = p.id
             order by a.at desc, a.id desc limit 1) l on true
           where p.operator_id = $1 and ($2::uuid is null or p.id = $2)
           order by p.created_at, p.id"#,
        operator.0,
        id,
        now
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| EndpointHealth {
            id: row.id,
            url: row.url,
            description: row.description,
            event_types: row.event_types,
            signature: row.signature,
            max_in_flight: row.max_in_flight,
            confirms: row.confirms,
            state: EndpointState::of(&row.state, row.state_reason.as_deref()).unwrap_or(EndpointState::Unverified),
            version: row.version,
            behind: row.behind,
            held: row.held,
            next_at: row.next_at,
            failing_since: row.failing_since,
            warned_percent: row.warned_percent,
            last: row.answer_at.map(|at| LastAnswer {
                at,
                status: row.status,
                error: row.error,
                elapsed_ms: row.elapsed_ms.unwrap_or(0),
            }),
            last_success_at: row.last_success_at,
            last_attempt_at: row.last_attempt_at,
            heartbeat_at: row.heartbeat_at,
            verified_at: row.verified_at,
            created_at: row.created_at,
        })
        .collect())
}

/// Attempts of the last 24 hours per endpoint, by hour, oldest first, the running hour last.
///
/// # Errors
/// When the database is away.
pub(super) async fn strips(
    conn: &mut PgConnection,
    operator: OperatorId,
    now: DateTime<Utc>,
) -> Result<HashMap<Uuid, Vec<Tally>>, Failure> {
    let from = now - TimeDelta::hours(HOURS);
    let rows = sqlx::query!(
        r#"select endpoint_id, floor(extract(epoch from (at - $2)) / 3600)::int as "hour!",
                  count(*) filter (where status between 200 and 299) as "ok!",
                  count(*) filter (where status between 200 and 299 is not true) as "failed!"
           from attempt
           where operator_id = $1 and at > $2 and at <= $3
           group by 1, 2"#,
        operator.0,
        from,
        now
    )
    .fetch_all(conn)
    .await?;
    let mut strips: HashMap<Uuid, Vec<Tally>> = HashMap::new();
    for row in rows {
        let hour = usize::try_from(row.hour.clamp(0, 23)).unwrap_or(0);
        let strip = strips.entry(row.endpoint_id).or_insert_with(|| vec![Tally::default(); 24]);
        strip[hour].ok += row.ok;
        strip[hour].failed += row.failed;
    }
    Ok(strips)
}

/// One generation of an endpoint's keys, without the secret ones.
#[derive(Clone, Debug)]
pub(super) struct KeyRow {
    /// The secret of kind `v1` with its last four characters alone, `whsec_…c41d`; `None` when it does not open under our key.
    pub secret: Option<String>,
    /// `whpk_…`, for signatures of kind `v1a`.
    pub public_key: String,
    pub created_at: DateTime<Utc>,
    /// `None`: the current one.
    pub expires_at: Option<DateTime<Utc>>,
}

/// The live key generations of an endpoint, the current one first.
///
/// # Errors
/// When the database is away.
pub(super) async fn keys(
    conn: &mut PgConnection,
    store: &Store,
    operator: OperatorId,
    endpoint: Uuid,
    now: DateTime<Utc>,
) -> Result<Vec<KeyRow>, Failure> {
    let rows = sqlx::query!(
        "select k.id, k.public_key, k.created_at, k.expires_at, s.sealed from endpoint_key k
         join endpoint_secret s on s.operator_id = k.operator_id and s.endpoint_id = k.endpoint_id and s.id = k.id
         where k.operator_id = $1 and k.endpoint_id = $2 and (k.expires_at is null or k.expires_at > $3)
         order by k.expires_at desc nulls first, k.id",
        operator.0,
        endpoint,
        now
    )
    .fetch_all(conn)
    .await?;
    let shown = rows.into_iter().map(|row| {
        let sealed = SealedKeys { id: row.id, sealed: row.sealed, expires_at: row.expires_at };
        KeyRow {
            secret: open_one(&store.secrets, &sealed).ok().map(|keys| masked(&keys.secret.expose())),
            public_key: row.public_key,
            created_at: row.created_at,
            expires_at: row.expires_at,
        }
    });
    Ok(shown.collect())
}

/// A sign of life that was sent.
#[derive(Clone, Debug)]
pub(super) struct Heartbeat {
    pub at: DateTime<Utc>,
    /// HTTP status; `None` when no answer came.
    pub status: Option<i16>,
    /// Why none came.
    pub error: Option<String>,
}

/// What an endpoint answered to the heartbeat of `sent_at` ([`EndpointHealth::heartbeat_at`]); `None` before it is noted, which is
/// within the longest a try may take.
///
/// # Errors
/// When the database is away.
pub(super) async fn heartbeat(
    conn: &mut PgConnection,
    operator: OperatorId,
    endpoint: Uuid,
    sent_at: DateTime<Utc>,
) -> Result<Option<Heartbeat>, Failure> {
    let row = sqlx::query_as!(
        Heartbeat,
        "select at, status, error from attempt
         where operator_id = $1 and endpoint_id = $2 and at >= $3 and at < $3::timestamptz + interval '1 minute' and trigger = 'heartbeat'
         order by at limit 1",
        operator.0,
        endpoint,
        sent_at
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// The operator's feed and endpoints at a glance, for its overview.
#[derive(Clone, Debug)]
pub struct FeedSummary {
    pub endpoints: Vec<EndpointHealth>,
    /// Endpoints that fail, are paused or disabled; an unverified one is not counted.
    pub failing: i64,
    /// Position of the newest event; 0 before the first.
    pub head_seq: i64,
    /// Everything up to here was acknowledged by pull; 0: never.
    pub acked_seq: i64,
    pub last_event_at: Option<DateTime<Utc>>,
    /// Events that no endpoint has taken or got to, at the endpoint that is farthest behind; without endpoints, what is
    /// not acknowledged by pull.
    pub waiting: i64,
    /// Attempts of 24 hours, by hour, oldest first.
    pub hours: Vec<Tally>,
}

/// How the feed of an operator is doing. Figures of the operator's own systems, nobody's data.
///
/// # Errors
/// When the database is away.
pub async fn feed_summary(conn: &mut PgConnection, operator: OperatorId, now: DateTime<Utc>) -> Result<FeedSummary, Failure> {
    let endpoints = endpoints(conn, operator, None, now).await?;
    let strips = strips(conn, operator, now).await?;
    let head = sqlx::query!(
        r#"select f.last_seq, f.acked_seq, e.sealed_at as "last_event_at?"
           from feed_head f left join event e on e.operator_id = f.operator_id and e.seq = f.last_seq
           where f.operator_id = $1 and f.feed = 'events'"#,
        operator.0
    )
    .fetch_optional(conn)
    .await?;
    let (head_seq, acked_seq) = head.as_ref().map_or((0, 0), |head| (head.last_seq, head.acked_seq));
    let mut hours = vec![Tally::default(); 24];
    for strip in strips.values() {
        for (sum, hour) in hours.iter_mut().zip(strip) {
            sum.ok += hour.ok;
            sum.failed += hour.failed;
        }
    }
    let attention = endpoints.iter().filter(|one| one.needs_attention() && one.state != EndpointState::Unverified).count();
    let pulled = (head_seq - acked_seq).max(0);
    Ok(FeedSummary {
        failing: i64::try_from(attention).unwrap_or(i64::MAX),
        head_seq,
        acked_seq,
        last_event_at: head.and_then(|head| head.last_event_at),
        waiting: endpoints.iter().map(|one| one.behind + one.held).max().unwrap_or(pulled),
        hours,
        endpoints,
    })
}

/// How many notices about a tenant an operator has not taken yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Up to 10,000.
    pub pending: i64,
    /// When the oldest of them was made.
    pub since: Option<DateTime<Utc>>,
}

/// What the operator has still to hear about the tenant: neither taken by one of its endpoints nor acknowledged by pull.
/// Events whose gate is closed are left out. Needs a reach over the pair.
///
/// # Errors
/// When the database is away.
pub async fn told_summary(conn: &mut PgConnection, tenant: TenantId, operator: OperatorId) -> Result<Told, Failure> {
    let row = sqlx::query!(
        r#"with feed as (
             select coalesce(max(acked_seq), 0) as acked from feed_head where operator_id = $2 and feed = 'events'),
           low as (
             select least(coalesce((select min(cursor_seq) from endpoint where operator_id = $2), 9223372036854775807),
                          coalesce((select min(seq) - 1 from held_event where operator_id = $2), 9223372036854775807)) as seq),
           pending as (
             select e.occurred_at
             from event e cross join feed cross join low
             where e.operator_id = $2 and e.tenant_id = $1 and e.seq > feed.acked
               and (e.seq > low.seq or not exists (
                 select from endpoint p where p.operator_id = $2 and p.created_at <= e.sealed_at
                   and (p.event_types = '{}' or e.type = any(p.event_types))))
               and not exists (select from event_taken t where t.operator_id = e.operator_id and t.seq = e.seq)
               and (e.class is null or exists (
                 select from gate g where g.tenant_id = $1 and g.operator_id = $2 and g.country = e.country
                   and g.class = e.class and g.open and g.opening = e.opening))
             limit $3),
           unsealed as (select occurred_at from event_out where tenant_id = $1 and operator_id = $2 limit $3)
           select count(*) as "pending!", min(occurred_at) as since
           from (select occurred_at from pending union all select occurred_at from unsealed) x"#,
        tenant.0,
        operator.0,
        MOST_TOLD
    )
    .fetch_one(conn)
    .await?;
    Ok(Told { pending: row.pending.min(MOST_TOLD), since: row.since })
}
