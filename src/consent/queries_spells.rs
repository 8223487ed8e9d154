//! SQL of the spells: reads the ledger, which only the tenant itself and background work may see.

use sqlx::PgConnection;
use uuid::Uuid;

use super::spells::Line;
use super::spells::Spell;
use super::spells::fold;
use crate::base::ConsentId;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;
use crate::transfers::Class;

/// When a class was open between these tenants and one operator (or any), by tenant, operator, country and time. The reach
/// must see the ledger: a tenant's own or a job's.
///
/// # Errors
/// When the database is away.
pub async fn open_spells(
    conn: &mut PgConnection,
    operator: Option<OperatorId>,
    tenants: &[TenantId],
    class: Class,
) -> Result<Vec<Spell>, Failure> {
    let tenants: Vec<Uuid> = tenants.iter().map(|tenant| tenant.0).collect();
    let rows = sqlx::query!(
        r#"select tenant_id, operator_id, consent_id, at, action, countries, $3 = any (classes) as "has_class!", notice_version
           from consent_entry
           where tenant_id = any ($1) and ($2::uuid is null or operator_id = $2)
           order by tenant_id, operator_id, at, id"#,
        &tenants,
        operator.map(|operator| operator.0),
        class.as_str()
    )
    .fetch_all(conn)
    .await?;
    let lines: Vec<Line> = rows
        .into_iter()
        .map(|row| Line {
            tenant: TenantId(row.tenant_id),
            operator: OperatorId(row.operator_id),
            consent: ConsentId(row.consent_id),
            at: row.at,
            action: row.action,
            countries: row.countries,
            has_class: row.has_class,
            notice_version: row.notice_version,
        })
        .collect();
    Ok(fold(&lines))
}
