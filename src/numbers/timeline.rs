//! The story of a number: what changed, and what the operator was told of it, as one list.

use std::collections::BTreeSet;

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::queries_detail;
use super::queries_detail::ChangeLine;
use super::queries_detail::Holder;
use super::queries_detail::NumberDetail;
use super::reads;
use super::reads::Way;
use crate::base::Ctx;
use crate::base::E164;
use crate::base::EventId;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::TenantId;
use crate::base::write_time;
use crate::notices;
use crate::notices::Delivery;
use crate::notices::Eyes;
use crate::notices::SealedEvent;
use crate::notices::Standing;
use crate::notices::Untaken;
use crate::store::Reach;
use crate::store::Store;

/// The newest entries shown.
const MOST: i64 = 200;

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Moment {
    /// The number changed; with the position of its event once that is in the feed.
    Change(Box<ChangeLine>, Option<i64>),
    /// The operator was told, or a try failed.
    Told(Box<Delivery>),
    /// The operator was not told by push: it read the event itself, or the event waits or is withheld.
    Untold(Box<Untaken>),
}

impl Moment {
    /// When.
    #[must_use]
    pub fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Change(change, _) => change.at,
            Self::Told(delivery) => delivery.at,
            Self::Untold(untaken) => untaken.at(),
        }
    }
}

/// An entry of timeline and history on the wire.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct MomentOut {
    #[serde(serialize_with = "write_time")]
    pub at: DateTime<Utc>,
    /// `provisioned`, `assigned` …; `delivered` and `delivery_failed` for what the operator was told, `pulled` for what it read
    /// itself, `delivery_waiting` and `withheld` for what it has not been told.
    pub kind: String,
    /// `tenant`, `operator`, `platform` or `system`.
    pub actor_kind: String,
    pub event_id: Option<String>,
    /// Position in the operator's feed; null until sealed, and for changes that it is not told of.
    pub seq: Option<i64>,
    pub number_seq: Option<i64>,
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
}

/// The CSV header of timeline and history.
pub const MOMENT_COLUMNS: [&str; 8] = ["at", "kind", "actor_kind", "event_id", "seq", "number_seq", "before", "after"];

impl From<Moment> for MomentOut {
    fn from(moment: Moment) -> Self {
        match moment {
            Moment::Change(change, seq) => Self {
                at: change.at,
                kind: change.kind,
                actor_kind: change.actor_kind,
                event_id: change.event_id.map(|id| EventId(id).wire()),
                seq,
                number_seq: change.number_seq,
                before: change.before,
                after: change.after,
            },
            Moment::Told(told) => Self {
                at: told.at,
                kind: if told.arrived() { "delivered" } else { "delivery_failed" }.to_owned(),
                actor_kind: "system".to_owned(),
                event_id: Some(EventId(told.event_id).wire()),
                seq: told.seq,
                number_seq: None,
                before: None,
                after: Some(serde_json::json!({
                    "try": told.number, "status": told.status, "elapsed_ms": told.elapsed_ms, "withheld": told.withheld
                })),
            },
            Moment::Untold(untold) => Self {
                at: untold.at(),
                kind: match untold.standing {
                    Standing::Pulled { .. } => "pulled",
                    Standing::Waiting { .. } => "delivery_waiting",
                    Standing::Withheld { .. } => "withheld",
                }
                .to_owned(),
                actor_kind: if matches!(untold.standing, Standing::Pulled { .. }) { "operator" } else { "system" }.to_owned(),
                event_id: Some(EventId(untold.event_id).wire()),
                seq: Some(untold.seq),
                number_seq: None,
                before: None,
                after: match &untold.standing {
                    Standing::Pulled { .. } => None,
                    Standing::Waiting { tried, next_at } => {
                        let next_at = next_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true));
                        Some(serde_json::json!({ "tried": tried, "next_at": next_at }))
                    }
                    Standing::Withheld { reason } => Some(serde_json::json!({ "reason": reason })),
                },
            },
        }
    }
}

/// A number with its story, for the tenant's page.
#[derive(Clone, Debug)]
pub struct Story {
    pub number: NumberDetail,
    pub moments: Vec<Moment>,
    pub holders: Vec<Holder>,
}

/// Everything of the tenant's number page in one transaction.
///
/// # Errors
/// 403 without `tenant:read`, 404, 503.
pub async fn tenant_story(store: &Store, ctx: &Ctx, e164: &E164) -> Result<Story, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let found = queries_detail::number_detail(&mut tx, tenant, e164).await?;
    let number = found.ok_or_else(|| Problem::not_found("number"))?;
    let (moments, operators) = tenant_told_in(&mut tx, tenant, e164).await?;
    let holders = queries_detail::holders(&mut tx, tenant, e164).await?;
    tx.commit().await?;
    let moments = with_untold(store, tenant, e164, moments, operators).await?;
    Ok(Story { number, moments, holders })
}

/// The timeline of a number that the tenant has or had, newest first.
///
/// # Errors
/// 403 without `tenant:read`, 404, 503.
pub async fn tenant_moments(store: &Store, ctx: &Ctx, e164: &E164) -> Result<Vec<Moment>, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantRead)?;
    let mut tx = store.begin_for(ctx).await?;
    held(&mut tx, tenant, e164).await?;
    let (moments, operators) = tenant_told_in(&mut tx, tenant, e164).await?;
    tx.commit().await?;
    with_untold(store, tenant, e164, moments, operators).await
}

/// Adds how those events stand that no endpoint has taken. That is read with a reach over each pair: where an operator's systems
/// stand in its feed is nothing that a tenant sees by itself.
async fn with_untold(
    store: &Store,
    tenant: TenantId,
    e164: &E164,
    mut moments: Vec<Moment>,
    operators: BTreeSet<Uuid>,
) -> Result<Vec<Moment>, Failure> {
    for operator in operators.into_iter().map(OperatorId) {
        let mut tx = store.begin(Reach::Pair(tenant, operator)).await?;
        let untold = notices::untaken_of(&mut tx, tenant, operator, e164.as_str(), MOST).await?;
        tx.commit().await?;
        moments.extend(untold.into_iter().map(|one| Moment::Untold(Box::new(one))));
    }
    Ok(in_order(moments))
}

/// Who had a number that the tenant has or had, at a moment.
///
/// # Errors
/// 403 without `tenant:read`, 404, 503.
pub async fn holder_at(store: &Store, ctx: &Ctx, e164: &E164, at: DateTime<Utc>) -> Result<Option<Holder>, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantRead)?;
    let mut tx = store.begin_for(ctx).await?;
    held(&mut tx, tenant, e164).await?;
    let holder = queries_detail::holder_at(&mut tx, tenant, e164, at).await?;
    tx.commit().await?;
    Ok(holder)
}

async fn held(conn: &mut PgConnection, tenant: TenantId, e164: &E164) -> Result<(), Failure> {
    if queries_detail::was_held(conn, tenant, e164).await? { Ok(()) } else { Err(Problem::not_found("number").into()) }
}

pub(super) async fn tenant_moments_in(conn: &mut PgConnection, tenant: TenantId, e164: &E164) -> Result<Vec<Moment>, Failure> {
    Ok(tenant_told_in(conn, tenant, e164).await?.0)
}

/// What happened, and the operators whose feeds hold an event of it.
async fn tenant_told_in(conn: &mut PgConnection, tenant: TenantId, e164: &E164) -> Result<(Vec<Moment>, BTreeSet<Uuid>), Failure> {
    let changes = queries_detail::changes(&mut *conn, tenant, e164, MOST).await?;
    let events = notices::events_of(&mut *conn, Eyes::Tenant(tenant), e164.as_str(), MOST).await?;
    let told = notices::deliveries_of(&mut *conn, Eyes::Tenant(tenant), e164.as_str(), MOST).await?;
    let operators = events.iter().map(|event| event.operator_id).collect();
    Ok((merged(changes, &events, told), operators))
}

/// An operator's number with what happened while its tenant had it, registered.
///
/// # Errors
/// 403 without `numbers:read`, 404, 451 while the gate is closed, 503.
pub async fn operator_story(
    store: &Store,
    ctx: &Ctx,
    e164: &E164,
    way: Way,
) -> Result<(super::model_list::OperatorLine, Vec<Moment>), Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::NumbersRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let line = reads::operator_number_in(&mut tx, ctx, operator, e164, way, "/history").await?;
    let moments = operator_moments_in(&mut tx, operator, TenantId(line.tenant_id), e164).await?;
    tx.commit().await?;
    Ok((line, moments))
}

pub(super) async fn operator_moments_in(
    conn: &mut PgConnection,
    operator: OperatorId,
    tenant: TenantId,
    e164: &E164,
) -> Result<Vec<Moment>, Failure> {
    let changes = queries_detail::operator_changes(&mut *conn, operator, tenant, e164, MOST).await?;
    let events = notices::events_of(&mut *conn, Eyes::Operator(operator, tenant), e164.as_str(), MOST).await?;
    let told = notices::deliveries_of(&mut *conn, Eyes::Operator(operator, tenant), e164.as_str(), MOST).await?;
    let untold = notices::untaken_of(&mut *conn, tenant, operator, e164.as_str(), MOST).await?;
    let mut moments = merged(changes, &events, told);
    moments.extend(untold.into_iter().map(|one| Moment::Untold(Box::new(one))));
    Ok(in_order(moments))
}

/// One list, newest first.
fn merged(changes: Vec<ChangeLine>, events: &[SealedEvent], told: Vec<Delivery>) -> Vec<Moment> {
    let seq_of = |id: Option<Uuid>| id.and_then(|id| events.iter().find(|event| event.id == id)).map(|event| event.seq);
    let changes = changes.into_iter().map(|change| {
        let seq = seq_of(change.event_id);
        Moment::Change(Box::new(change), seq)
    });
    let told = told.into_iter().map(|delivery| Moment::Told(Box::new(delivery)));
    in_order(changes.chain(told).collect())
}

/// Newest first, the newest alone.
fn in_order(mut moments: Vec<Moment>) -> Vec<Moment> {
    // Stable: what happened in one transaction keeps its order.
    moments.sort_by_key(|moment| std::cmp::Reverse(moment.at()));
    moments.truncate(usize::try_from(MOST).unwrap_or(usize::MAX));
    moments
}
