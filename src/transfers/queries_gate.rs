//! SQL of the gate and of the lock that suspending takes.

use std::collections::BTreeSet;
use std::collections::HashMap;

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::Class;
use super::model::GateState;
use super::model::Openings;
use crate::base::ConsentId;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;

/// Waits until no suspension of the pair is under way, and keeps one from starting until the transaction ends.
///
/// # Errors
/// When the database is away.
pub async fn lock_shared(conn: &mut PgConnection, tenant: TenantId, operator: OperatorId) -> Result<(), Failure> {
    sqlx::query!("select pg_advisory_xact_lock_shared(pair_key($1, $2))", tenant.0, operator.0).execute(conn).await?;
    Ok(())
}

/// [`lock_shared`] for several tenants of one operator in one statement, always in the same order; for more than 500 by one lock,
/// which any suspension at this operator waits for.
///
/// # Errors
/// When the database is away.
pub async fn lock_shared_all(
    conn: &mut PgConnection,
    tenants: impl IntoIterator<Item = TenantId>,
    operator: OperatorId,
) -> Result<(), Failure> {
    let tenants: Vec<Uuid> = tenants.into_iter().map(|tenant| tenant.0).collect();
    sqlx::query!("select hold_pairs($1, $2)", &tenants, operator.0).execute(conn).await?;
    Ok(())
}

/// Waits until every transfer under way for the pair has its entry, and keeps new ones waiting.
///
/// # Errors
/// When the database is away.
pub async fn lock_exclusive(conn: &mut PgConnection, tenant: TenantId, operator: OperatorId) -> Result<(), Failure> {
    sqlx::query!("select close_pair($1, $2)", tenant.0, operator.0).execute(conn).await?;
    Ok(())
}

/// The gate of one (tenant, operator, country, class); `None` when nothing was ever granted there.
///
/// # Errors
/// When the database is away.
pub async fn gate(
    conn: &mut PgConnection,
    tenant: TenantId,
    operator: OperatorId,
    country: &str,
    class: Class,
) -> Result<Option<GateState>, Failure> {
    let row = sqlx::query!(
        "select open, consent_id, notice_version, reason from gate
         where tenant_id = $1 and operator_id = $2 and country = $3 and class = $4",
        tenant.0,
        operator.0,
        country,
        class.as_str()
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|r| GateState {
        open: r.open,
        consent_id: ConsentId(r.consent_id),
        notice_version: r.notice_version,
        reason: r.reason,
    }))
}

/// The gate of one (tenant, operator, country, class) with its openings; `None` when nothing was ever granted there.
///
/// # Errors
/// When the database is away.
pub async fn openings(
    conn: &mut PgConnection,
    tenant: TenantId,
    operator: OperatorId,
    country: &str,
    class: Class,
) -> Result<Option<Openings>, Failure> {
    let row = sqlx::query!(
        "select open, consent_id, notice_version, reason, opening, closed_for from gate
         where tenant_id = $1 and operator_id = $2 and country = $3 and class = $4",
        tenant.0,
        operator.0,
        country,
        class.as_str()
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|r| Openings {
        gate: GateState { open: r.open, consent_id: ConsentId(r.consent_id), notice_version: r.notice_version, reason: r.reason },
        opening: r.opening,
        closed_for: r.closed_for,
    }))
}

/// [`lock_shared_all`], and then the gates of these pairs with their openings, by (tenant, country, class). None is there where nothing
/// was ever granted.
///
/// # Errors
/// When the database is away.
pub async fn openings_held(
    conn: &mut PgConnection,
    tenants: &BTreeSet<TenantId>,
    operator: OperatorId,
    countries: &BTreeSet<&str>,
    classes: &BTreeSet<Class>,
) -> Result<HashMap<(TenantId, String, Class), Openings>, Failure> {
    if tenants.is_empty() {
        return Ok(HashMap::new());
    }
    let tenants: Vec<Uuid> = tenants.iter().map(|tenant| tenant.0).collect();
    let countries: Vec<&str> = countries.iter().copied().collect();
    let classes: Vec<&str> = classes.iter().map(|class| class.as_str()).collect();
    let rows = sqlx::query!(
        r#"select tenant_id as "tenant!", country as "country!", class as "class!", open as "open!", consent_id as "consent!",
                  notice_version as "notice!", reason, opening as "opening!", closed_for as "closed_for!"
           from gates_held($1, $2, $3, $4)"#,
        &tenants,
        operator.0,
        &countries as &[&str],
        &classes as &[&str]
    )
    .fetch_all(conn)
    .await?;
    let known = rows.into_iter().filter_map(|r| {
        let gate = GateState { open: r.open, consent_id: ConsentId(r.consent), notice_version: r.notice, reason: r.reason };
        let openings = Openings { gate, opening: r.opening, closed_for: r.closed_for };
        Some(((TenantId(r.tenant), r.country, Class::parse(&r.class)?), openings))
    });
    Ok(known.collect())
}

/// All gates of one class that the present reach may see, by (tenant, operator, country).
///
/// # Errors
/// When the database is away.
pub async fn gates_of(
    conn: &mut PgConnection,
    class: Class,
) -> Result<HashMap<(TenantId, OperatorId, String), GateState>, Failure> {
    let rows = sqlx::query!(
        "select tenant_id, operator_id, country, open, consent_id, notice_version, reason from gate where class = $1",
        class.as_str()
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| {
            let key = (TenantId(r.tenant_id), OperatorId(r.operator_id), r.country);
            (
                key,
                GateState { open: r.open, consent_id: ConsentId(r.consent_id), notice_version: r.notice_version, reason: r.reason },
            )
        })
        .collect())
}

/// Writes one gate. Only the room `consent` calls this, under [`lock_exclusive`]. A gate that was closed and is open now counts
/// one opening more; a gate that is closed keeps why its last opening ended.
///
/// # Errors
/// When the database is away.
pub async fn set_gate(
    conn: &mut PgConnection,
    tenant: TenantId,
    operator: OperatorId,
    country: &str,
    class: Class,
    state: &GateState,
    at: DateTime<Utc>,
) -> Result<(), Failure> {
    sqlx::query!(
        "insert into gate (tenant_id, operator_id, country, class, open, consent_id, notice_version, reason, changed_at, opening)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $5::bool::int)
         on conflict (tenant_id, operator_id, country, class) do update
           set open = excluded.open, consent_id = excluded.consent_id, notice_version = excluded.notice_version,
               reason = excluded.reason, changed_at = excluded.changed_at,
               opening = gate.opening + (excluded.open and not gate.open)::int,
               closed_for = case when excluded.open or gate.opening = 0 then gate.closed_for
                                 else gate.closed_for[1:gate.opening::int - 1] || excluded.reason end",
        tenant.0,
        operator.0,
        country,
        class.as_str(),
        state.open,
        state.consent_id.0,
        state.notice_version,
        state.reason,
        at
    )
    .execute(conn)
    .await?;
    Ok(())
}
