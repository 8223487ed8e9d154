//! Reads about who had a number and under whom it stood, also when it is in stock no more. Index of each: the primary key.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::queries_detail::Holder;
use crate::base::E164;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;

/// A time in stock; half open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spell {
    pub tenant_id: Uuid,
    pub tenant_name: String,
    pub tenant_country: String,
    pub operator_name: String,
    pub from: DateTime<Utc>,
    pub until: Option<DateTime<Utc>>,
}

/// The times a tenant had the number, newest first.
pub async fn spells_of_tenant(conn: &mut PgConnection, tenant: TenantId, e164: &E164) -> Result<Vec<Spell>, Failure> {
    let rows = sqlx::query_as!(
        Spell,
        r#"select h.tenant_id, t.name as tenant_name, t.country as tenant_country, o.name as operator_name, h.held_from as "from",
                  h.held_until as "until"
           from holding h join tenant t on t.id = h.tenant_id join operator o on o.id = h.operator_id
           where h.tenant_id = $1 and h.e164 = $2 order by h.held_from desc limit 100"#,
        tenant.0,
        e164.as_str()
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// The times an operator served the number, newest first. Index `holding_operator_ix`.
pub async fn spells_of_operator(conn: &mut PgConnection, operator: OperatorId, e164: &E164) -> Result<Vec<Spell>, Failure> {
    let rows = sqlx::query_as!(
        Spell,
        r#"select h.tenant_id, t.name as tenant_name, t.country as tenant_country, o.name as operator_name, h.held_from as "from",
                  h.held_until as "until"
           from holding h join tenant t on t.id = h.tenant_id join operator o on o.id = h.operator_id
           where h.operator_id = $1 and h.e164 = $2 order by h.held_from desc limit 100"#,
        operator.0,
        e164.as_str()
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Everybody who had the number at some moment of a time, newest first.
pub async fn holders_in(
    conn: &mut PgConnection,
    tenant: TenantId,
    e164: &E164,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<Holder>, Failure> {
    let rows = sqlx::query_as!(
        Holder,
        r#"select target_id, target_name as display_name, category, assigned_at as "from", ended_at as "to" from assignment
           where tenant_id = $1 and e164 = $2 and assigned_at < $4 and (ended_at is null or ended_at > $3)
           order by assigned_at desc limit 100"#,
        tenant.0,
        e164.as_str(),
        from,
        to
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}
