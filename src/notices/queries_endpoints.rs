//! SQL of endpoints and their keys, as their operator sees them.

use chrono::DateTime;
use chrono::Utc;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

use super::EndpointSpec;
use super::KeySet;
use super::post::SealedKeys;
use super::post::secret_context;
use crate::base::EndpointId;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::write_time;
use crate::store::Store;

/// An endpoint as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EndpointView {
    pub id: Uuid,
    pub url: String,
    pub description: String,
    /// Empty: all types.
    pub event_types: Vec<String>,
    /// `v1`, `v1a` or `both`.
    pub signature: String,
    pub max_in_flight: i32,
    /// A 2xx of this endpoint activates the number.
    pub confirms: bool,
    /// `unverified`, `active`, `paused` or `disabled`.
    pub state: String,
    /// Why it is paused (`person`, `failing`) or disabled (`gone`, `platform`).
    pub state_reason: Option<String>,
    /// The reason again, of a disabled endpoint.
    pub disabled_reason: Option<String>,
    pub version: i64,
    /// Everything up to here is delivered, held back, or not wanted.
    pub cursor_seq: i64,
    /// Last position of the feed.
    pub head_seq: i64,
    /// Positions of the feed that are still to be looked at, and numbers held back.
    pub backlog: i64,
    /// Numbers in flight or held back by a failing event.
    pub held: i64,
    #[serde(serialize_with = "write_time")]
    pub failing_since: Option<DateTime<Utc>>,
    /// Share of the 75 h budget at which was warned last.
    pub warned_percent: i16,
    /// Failing numbers in a row.
    pub streak: i32,
    /// Set while one probe at a time goes out.
    #[serde(serialize_with = "write_time")]
    pub probe_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "write_time")]
    pub quiet_until: Option<DateTime<Utc>>,
    #[serde(serialize_with = "write_time")]
    pub last_success_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "write_time")]
    pub last_attempt_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "write_time")]
    pub verified_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "write_time")]
    pub created_at: DateTime<Utc>,
}

/// The operator's endpoints, or the one asked for; oldest first.
pub(super) async fn views(
    conn: &mut PgConnection,
    operator: OperatorId,
    only: Option<EndpointId>,
) -> Result<Vec<EndpointView>, Failure> {
    let rows = sqlx::query_as!(
        EndpointView,
        r#"select e.id, e.url, e.description, e.event_types, e.signature, e.max_in_flight, e.confirms, e.state, e.state_reason,
                  case e.state when 'disabled' then e.state_reason end as disabled_reason, e.version, l.cursor_seq as "cursor_seq!",
                  coalesce(f.last_seq, 0) as "head_seq!",
                  greatest(coalesce(f.last_seq, 0) - l.cursor_seq, 0) + h.held as "backlog!", h.held as "held!",
                  e.failing_since, e.warned_percent, e.streak, e.probe_at, e.quiet_until, e.last_success_at, e.last_attempt_at,
                  e.verified_at, e.created_at
           from endpoint e
           join endpoint_place l on l.operator_id = e.operator_id and l.endpoint_id = e.id
           left join feed_head f on f.operator_id = e.operator_id and f.feed = 'events'
           cross join lateral (select count(*) + cardinality(l.seqs) as held from held_event x
                               where x.operator_id = e.operator_id and x.endpoint_id = e.id) h
           where e.operator_id = $1 and ($2::uuid is null or e.id = $2)
           order by e.created_at, e.id"#,
        operator.0,
        only.map(|id| id.0)
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// How many endpoints the operator has.
pub(super) async fn count(conn: &mut PgConnection, operator: OperatorId) -> Result<i64, Failure> {
    let count =
        sqlx::query_scalar!(r#"select count(*) as "n!" from endpoint where operator_id = $1"#, operator.0).fetch_one(conn).await?;
    Ok(count)
}

/// Writes a new endpoint; it gets what is sealed after `cursor_seq`.
pub(super) async fn insert(
    conn: &mut PgConnection,
    operator: OperatorId,
    id: EndpointId,
    spec: &EndpointSpec,
    cursor_seq: i64,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let types: Vec<String> = spec.event_types.iter().map(|kind| kind.name().to_owned()).collect();
    sqlx::query!(
        "insert into endpoint (operator_id, id, url, description, event_types, signature, max_in_flight, confirms, state, cursor_seq,
                               created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, 'unverified', $9, $10)",
        operator.0,
        id.0,
        spec.url.as_str(),
        spec.description,
        &types,
        spec.signature.slug(),
        i32::from(spec.max_in_flight),
        spec.confirms,
        cursor_seq,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes what was changed of an endpoint, under the lock of its row.
pub(super) async fn update(
    conn: &mut PgConnection,
    operator: OperatorId,
    id: EndpointId,
    spec: &EndpointSpec,
) -> Result<(), Failure> {
    let types: Vec<String> = spec.event_types.iter().map(|kind| kind.name().to_owned()).collect();
    sqlx::query!(
        "update endpoint set url = $3, description = $4, event_types = $5, signature = $6, max_in_flight = $7, confirms = $8
         where operator_id = $1 and id = $2",
        operator.0,
        id.0,
        spec.url.as_str(),
        spec.description,
        &types,
        spec.signature.slug(),
        i32::from(spec.max_in_flight),
        spec.confirms
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Counts a change of the endpoint (its `ETag`); `verified` says that it has just proved itself.
pub(super) async fn bump(
    conn: &mut PgConnection,
    operator: OperatorId,
    id: EndpointId,
    verified: Option<DateTime<Utc>>,
) -> Result<(), Failure> {
    sqlx::query!(
        "update endpoint set version = version + 1, verified_at = coalesce($3, verified_at) where operator_id = $1 and id = $2",
        operator.0,
        id.0,
        verified
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The version of an endpoint, under the lock of its row.
pub(super) async fn version(conn: &mut PgConnection, operator: OperatorId, id: EndpointId) -> Result<i64, Failure> {
    let version = sqlx::query_scalar!("select version from endpoint where operator_id = $1 and id = $2", operator.0, id.0)
        .fetch_one(conn)
        .await?;
    Ok(version)
}

/// Deletes an endpoint with its keys and held rows; its attempts stay.
pub(super) async fn delete(conn: &mut PgConnection, operator: OperatorId, id: EndpointId) -> Result<(), Failure> {
    sqlx::query!("delete from endpoint where operator_id = $1 and id = $2", operator.0, id.0).execute(conn).await?;
    Ok(())
}

/// The generations that sign at `now`, newest first.
pub(super) async fn keys_of(
    conn: &mut PgConnection,
    operator: OperatorId,
    id: EndpointId,
    now: DateTime<Utc>,
) -> Result<Vec<SealedKeys>, Failure> {
    let rows = sqlx::query_as!(
        SealedKeys,
        "select id, sealed, expires_at from endpoint_secret
         where operator_id = $1 and endpoint_id = $2 and (expires_at is null or expires_at > $3)
         order by created_at desc, id desc",
        operator.0,
        id.0,
        now
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Makes this set the endpoint's keys, sealed: what was current until now is the generation before, until its grace ends.
pub(super) async fn save_keys(
    conn: &mut PgConnection,
    store: &Store,
    operator: OperatorId,
    id: EndpointId,
    set: &KeySet,
) -> Result<(), Failure> {
    let until = set.previous.as_ref().map(|(_, until)| *until);
    sqlx::query!(
        "with secrets as (delete from endpoint_secret
                          where operator_id = $1 and endpoint_id = $2 and (expires_at is not null or $3::timestamptz is null))
         delete from endpoint_key where operator_id = $1 and endpoint_id = $2 and (expires_at is not null or $3::timestamptz is null)",
        operator.0,
        id.0,
        until
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "with secrets as (update endpoint_secret set expires_at = $3 where operator_id = $1 and endpoint_id = $2)
         update endpoint_key set expires_at = $3 where operator_id = $1 and endpoint_id = $2",
        operator.0,
        id.0,
        until
    )
    .execute(&mut *conn)
    .await?;
    let (generation, now) = (store.env.id(), store.env.now());
    let sealed = store.secrets.seal(&store.env, &secret_context(generation), set.current.expose().as_bytes())?;
    sqlx::query!(
        "with secrets as (insert into endpoint_secret (operator_id, endpoint_id, id, sealed, created_at) values ($1, $2, $3, $5, $6))
         insert into endpoint_key (operator_id, endpoint_id, id, public_key, created_at) values ($1, $2, $3, $4, $6)",
        operator.0,
        id.0,
        generation,
        set.current.pair.public().to_string(),
        sealed,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Seals with the first secret key what another one had sealed, so that the other can be left out; answers how many. What no key opens
/// stays as it is, and so does what is changed meanwhile.
pub(super) async fn seal_anew(conn: &mut PgConnection, store: &Store) -> Result<u64, Failure> {
    let rows =
        sqlx::query!("select operator_id, endpoint_id, id, sealed from endpoint_secret order by operator_id, endpoint_id, id")
            .fetch_all(&mut *conn)
            .await?;
    let (mut operators, mut endpoints, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for row in rows {
        if let Some(anew) = store.secrets.sealed_anew(&store.env, &secret_context(row.id), &row.sealed) {
            operators.push(row.operator_id);
            endpoints.push(row.endpoint_id);
            ids.push(row.id);
            before.push(row.sealed);
            after.push(anew);
        }
    }
    if ids.is_empty() {
        return Ok(0);
    }
    let written = sqlx::query!(
        "update endpoint_secret s set sealed = w.a
         from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bytea[], $5::bytea[]) as w(o, e, i, b, a)
         where s.operator_id = w.o and s.endpoint_id = w.e and s.id = w.i and s.sealed = w.b",
        &operators,
        &endpoints,
        &ids,
        &before,
        &after
    )
    .execute(conn)
    .await?;
    Ok(written.rows_affected())
}

/// A public key as everybody may read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PublicKeyView {
    pub id: Uuid,
    pub endpoint_id: Uuid,
    /// `whpk_…`
    pub public_key: String,
    #[serde(serialize_with = "write_time")]
    pub created_at: DateTime<Utc>,
    /// From then on it no longer signs.
    #[serde(serialize_with = "write_time")]
    pub expires_at: Option<DateTime<Utc>>,
}

/// Live public keys after one, in the order of their ids.
pub(super) async fn public_keys(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    endpoint: Option<EndpointId>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<PublicKeyView>, Failure> {
    let rows = sqlx::query_as!(
        PublicKeyView,
        "select id, endpoint_id, public_key, created_at, expires_at from endpoint_key
         where (expires_at is null or expires_at > $1) and ($2::uuid is null or endpoint_id = $2) and ($3::uuid is null or id > $3)
         order by id limit $4",
        now,
        endpoint.map(|id| id.0),
        after,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Active endpoints that asked for a sign of life and had none for an hour; they are noted as having it now.
pub(super) async fn take_heartbeats(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<(OperatorId, EndpointId)>, Failure> {
    let rows = sqlx::query!(
        "with due as (
           select operator_id, id from endpoint
           where state = 'active' and (heartbeat_at is null or heartbeat_at <= $1::timestamptz - interval '1 hour')
             and probe_at is null and (quiet_until is null or quiet_until <= $1)
             and (cardinality(event_types) = 0 or 'feed.heartbeat' = any(event_types))
           limit 100 for update skip locked)
         update endpoint e set heartbeat_at = $1 from due where e.operator_id = due.operator_id and e.id = due.id
         returning e.operator_id, e.id",
        now
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|r| (OperatorId(r.operator_id), EndpointId(r.id))).collect())
}
