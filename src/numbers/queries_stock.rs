//! Numbers in stock, counted by party and country: for overviews.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;

/// The numbers of one (tenant, operator, country).
#[derive(Clone, Debug)]
pub struct StockCount {
    /// The other side: the operator for a tenant, the tenant for an operator.
    pub party: Uuid,
    pub party_name: String,
    pub country: String,
    pub total: i64,
    pub assigned: i64,
    /// Neither assigned nor in quarantine nor reserved; an operator does not see reservations.
    pub free: i64,
    /// Assigned, and the operator has not got it yet.
    pub pending: i64,
    pub failed: i64,
    pub quarantined: i64,
}

/// A tenant's numbers by operator and country.
///
/// # Errors
/// When the database is away.
pub async fn stock_of_tenant(conn: &mut PgConnection, tenant: TenantId, now: DateTime<Utc>) -> Result<Vec<StockCount>, Failure> {
    let rows = sqlx::query_as!(
        StockCount,
        r#"select n.operator_id as party, o.name as party_name, n.country,
                  count(*) as "total!",
                  count(*) filter (where n.assignment_status <> 'unassigned') as "assigned!",
                  count(*) filter (where n.assignment_status = 'unassigned' and r.e164 is null
                                     and (n.quarantine_until is null or n.quarantine_until <= $2)) as "free!",
                  count(*) filter (where n.activation_state = 'assignment_pending') as "pending!",
                  count(*) filter (where n.activation_state = 'assignment_failed') as "failed!",
                  count(*) filter (where n.assignment_status = 'unassigned' and n.quarantine_until > $2) as "quarantined!"
           from number n
           join operator o on o.id = n.operator_id
           left join number_reservation r on r.tenant_id = n.tenant_id and r.e164 = n.e164
           where n.tenant_id = $1
           group by n.operator_id, o.name, n.country
           order by count(*) desc, o.name, n.country"#,
        tenant.0,
        now
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// An operator's numbers by customer and country.
///
/// # Errors
/// When the database is away.
pub async fn stock_of_operator(
    conn: &mut PgConnection,
    operator: OperatorId,
    now: DateTime<Utc>,
) -> Result<Vec<StockCount>, Failure> {
    let rows = sqlx::query_as!(
        StockCount,
        r#"select n.tenant_id as party, t.name as party_name, n.country,
                  count(*) as "total!",
                  count(*) filter (where n.assignment_status <> 'unassigned') as "assigned!",
                  count(*) filter (where n.assignment_status = 'unassigned'
                                     and (n.quarantine_until is null or n.quarantine_until <= $2)) as "free!",
                  count(*) filter (where n.activation_state = 'assignment_pending') as "pending!",
                  count(*) filter (where n.activation_state = 'assignment_failed') as "failed!",
                  count(*) filter (where n.assignment_status = 'unassigned' and n.quarantine_until > $2) as "quarantined!"
           from number n
           join tenant t on t.id = n.tenant_id
           where n.operator_id = $1
           group by n.tenant_id, t.name, n.country
           order by count(*) desc, t.name, n.country"#,
        operator.0,
        now
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}
