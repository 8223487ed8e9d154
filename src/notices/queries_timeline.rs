//! What became of the events about one subject: where they stand in the feed, and who was told when. For timelines.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;

/// A sealed event about a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedEvent {
    pub id: Uuid,
    pub seq: i64,
    pub kind: String,
    pub number_seq: Option<i64>,
    pub operator_name: String,
    pub occurred_at: DateTime<Utc>,
    pub sealed_at: DateTime<Utc>,
}

/// One try to tell the operator of an event about a subject. Nothing of the endpoint: it is the operator's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub event_id: Uuid,
    pub seq: Option<i64>,
    pub kind: String,
    pub operator_name: String,
    pub at: DateTime<Utc>,
    /// Which try of this event at this endpoint, from 1.
    pub number: i32,
    pub trigger: String,
    /// HTTP status; `None` when no answer came.
    pub status: Option<i16>,
    pub elapsed_ms: i32,
    pub next_at: Option<DateTime<Utc>>,
}

impl Delivery {
    /// Whether the endpoint took it.
    #[must_use]
    pub fn arrived(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// Whose view: a tenant over all its operators, or an operator on one tenant.
#[derive(Clone, Copy, Debug)]
pub enum Eyes {
    Tenant(TenantId),
    Operator(OperatorId, TenantId),
}

/// The newest sealed events about a subject, newest first.
///
/// # Errors
/// When the database is away.
pub async fn events_of(conn: &mut PgConnection, eyes: Eyes, subject: &str, limit: i64) -> Result<Vec<SealedEvent>, Failure> {
    Ok(match eyes {
        // Index event_tenant_subject_ix.
        Eyes::Tenant(tenant) => {
            sqlx::query_as!(
                SealedEvent,
                "select e.id, e.seq, e.type as kind, e.number_seq, o.name as operator_name, e.occurred_at, e.sealed_at
                 from event e join operator o on o.id = e.operator_id
                 where e.tenant_id = $1 and e.subject = $2 order by e.seq desc limit $3",
                tenant.0,
                subject,
                limit
            )
            .fetch_all(conn)
            .await?
        }
        // Index event_subject_ix.
        Eyes::Operator(operator, tenant) => {
            sqlx::query_as!(
                SealedEvent,
                "select e.id, e.seq, e.type as kind, e.number_seq, o.name as operator_name, e.occurred_at, e.sealed_at
                 from event e join operator o on o.id = e.operator_id
                 where e.operator_id = $1 and e.subject = $2 and e.tenant_id = $3 order by e.seq desc limit $4",
                operator.0,
                subject,
                tenant.0,
                limit
            )
            .fetch_all(conn)
            .await?
        }
    })
}

/// The newest tries to tell of a subject, newest first. Tests, verifications and heartbeats have no subject of a tenant.
///
/// # Errors
/// When the database is away.
pub async fn deliveries_of(conn: &mut PgConnection, eyes: Eyes, subject: &str, limit: i64) -> Result<Vec<Delivery>, Failure> {
    let (tenant, operator) = match eyes {
        Eyes::Tenant(tenant) => (tenant, None),
        Eyes::Operator(operator, tenant) => (tenant, Some(operator.0)),
    };
    // Index attempt_tenant_ix.
    let rows = sqlx::query_as!(
        Delivery,
        "select a.event_id, a.seq, a.type as kind, o.name as operator_name, a.at, a.number, a.trigger, a.status, a.elapsed_ms, a.next_at
         from attempt a join operator o on o.id = a.operator_id
         where a.tenant_id = $1 and a.subject = $2 and ($3::uuid is null or a.operator_id = $3) order by a.at desc limit $4",
        tenant.0,
        subject,
        operator,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}
