//! SQL of single numbers: reading under lock, writing back, timeline.

use std::collections::HashMap;

use chrono::DateTime;
use chrono::Utc;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::Assigned;
use super::model::Fault;
use super::model::Number;
use super::model::Quarantine;
use super::queries_release;
use super::words::ActivationState;
use super::words::AssignmentStatus;
use super::words::Capability;
use super::words::Category;
use super::words::EmergencyMode;
use super::words::Kind;
use super::words::TargetKind;
use super::words::Usage;
use crate::base::E164;
use crate::base::EventId;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::OrderId;
use crate::base::TenantId;

/// A word of a table, whose check constraint allows no other.
pub(super) fn word<T>(read: impl Fn(&str) -> Option<T>, text: &str) -> Result<T, Failure> {
    read(text).ok_or_else(|| anyhow::anyhow!("the table holds an unknown word: {text}").into())
}

/// Operator, country and version of a tenant's number, not locked.
pub async fn glance(conn: &mut PgConnection, tenant: TenantId, e164: &E164) -> Result<Option<(OperatorId, String, i64)>, Failure> {
    let row = sqlx::query!(
        "select operator_id, country, version from number where tenant_id = $1 and e164 = $2",
        tenant.0,
        e164.as_str()
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (OperatorId(row.operator_id), row.country, row.version)))
}

/// Whose number it is, for the operator that serves it.
pub async fn tenant_of(conn: &mut PgConnection, operator: OperatorId, e164: &E164) -> Result<Option<TenantId>, Failure> {
    let tenant =
        sqlx::query_scalar!("select tenant_id from number where operator_id = $1 and e164 = $2", operator.0, e164.as_str())
            .fetch_optional(conn)
            .await?;
    Ok(tenant.map(TenantId))
}

/// A tenant's number and who has it, locked until the transaction ends.
pub async fn lock(conn: &mut PgConnection, tenant: TenantId, e164: &E164) -> Result<Option<Number>, Failure> {
    Ok(lock_all(conn, tenant, &[e164.to_string()]).await?.pop())
}

/// A tenant's numbers and who has them, locked until the transaction ends, in the order of E.164.
pub async fn lock_all(conn: &mut PgConnection, tenant: TenantId, e164s: &[String]) -> Result<Vec<Number>, Failure> {
    let rows = sqlx::query!(
        r#"select n.e164, n.operator_id, n.country, n.kind, n.usage, n.capabilities, n.city, n.billing_ref, n.operator_note,
                  n.listed, n.emergency_mode, n.emergency_location_id, n.activation_state, n.assignment_status, n.failure_code,
                  n.failure_reason, nullif(n.quarantine_until, 'infinity') as quarantine_until,
                  coalesce(n.quarantine_until = 'infinity', false) as "quarantine_forever!", n.number_seq, n.version,
                  n.pending_since, n.created_at, n.changed_at, t.name as tenant_name, t.sip_domain
           from number n join tenant t on t.id = n.tenant_id
           where n.tenant_id = $1 and n.e164 = any($2)
           order by n.e164
           for update of n"#,
        tenant.0,
        e164s
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut assigned = current_assignments(conn, tenant, e164s).await?;
    let mut requests = queries_release::open_since(conn, tenant, e164s).await?;
    let mut numbers = Vec::with_capacity(rows.len());
    for row in rows {
        let capabilities: Result<Vec<_>, _> = row.capabilities.iter().map(|text| word(Capability::parse, text)).collect();
        numbers.push(Number {
            tenant,
            operator: OperatorId(row.operator_id),
            assigned: assigned.remove(&row.e164),
            e164: E164::parse(&row.e164).map_err(anyhow::Error::new)?,
            country: row.country,
            kind: word(Kind::parse, &row.kind)?,
            usage: word(Usage::parse, &row.usage)?,
            capabilities: capabilities?,
            city: row.city,
            billing_ref: row.billing_ref,
            operator_note: row.operator_note,
            listed: row.listed,
            emergency_mode: word(EmergencyMode::parse, &row.emergency_mode)?,
            emergency_location: row.emergency_location_id,
            activation: word(ActivationState::parse, &row.activation_state)?,
            status: word(AssignmentStatus::parse, &row.assignment_status)?,
            fault: row.failure_code.map(|code| Fault { code, reason: row.failure_reason.unwrap_or_default() }),
            quarantine: match row.quarantine_until {
                _ if row.quarantine_forever => Quarantine::Forever,
                Some(until) => Quarantine::Until(until),
                None => Quarantine::None,
            },
            release_requested_at: requests.remove(&row.e164),
            number_seq: row.number_seq,
            version: row.version,
            pending_since: row.pending_since,
            created_at: row.created_at,
            changed_at: row.changed_at,
            tenant_name: row.tenant_name,
            sip_domain: row.sip_domain,
        });
    }
    Ok(numbers)
}

async fn current_assignments(
    conn: &mut PgConnection,
    tenant: TenantId,
    e164s: &[String],
) -> Result<HashMap<String, Assigned>, Failure> {
    let rows = sqlx::query!(
        "select e164, id, target_id, target_kind, target_name, category, assigned_at from assignment
         where tenant_id = $1 and e164 = any($2) and ended_at is null",
        tenant.0,
        e164s
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let assigned = Assigned {
                id: row.id,
                target_kind: word(TargetKind::parse, &row.target_kind)?,
                category: word(Category::parse, &row.category)?,
                target_id: row.target_id,
                target_name: row.target_name,
                assigned_at: row.assigned_at,
            };
            Ok((row.e164, assigned))
        })
        .collect()
}

/// Whether the operator ended its contract with the tenant.
pub async fn relationship_ended(conn: &mut PgConnection, tenant: TenantId, operator: OperatorId) -> Result<bool, Failure> {
    Ok(sqlx::query_scalar!(
        r#"select exists (
             select from relationship where tenant_id = $1 and operator_id = $2 and status = 'contract_terminated') as "found!""#,
        tenant.0,
        operator.0
    )
    .fetch_one(conn)
    .await?)
}

/// The tenant's default quarantine in days; 0 none, -1 for ever.
pub async fn quarantine_days(conn: &mut PgConnection, tenant: TenantId) -> Result<i32, Failure> {
    Ok(sqlx::query_scalar!("select quarantine_days from tenant where id = $1", tenant.0).fetch_one(conn).await?)
}

/// Writes the states of a locked number back.
pub async fn write_state(conn: &mut PgConnection, number: &Number) -> Result<(), Failure> {
    let (until, forever) = match number.quarantine {
        Quarantine::None => (None, false),
        Quarantine::Until(until) => (Some(until), false),
        Quarantine::Forever => (None, true),
    };
    sqlx::query!(
        "update number
         set activation_state = $3, assignment_status = $4, failure_code = $5, failure_reason = $6,
             quarantine_until = case when $8 then 'infinity'::timestamptz else $7 end,
             number_seq = $9, version = $10, pending_since = $11, changed_at = $12
         where tenant_id = $1 and e164 = $2",
        number.tenant.0,
        number.e164.as_str(),
        number.activation.as_str(),
        number.status.as_str(),
        number.fault.as_ref().map(|fault| &fault.code),
        number.fault.as_ref().map(|fault| &fault.reason),
        until,
        forever,
        number.number_seq,
        number.version,
        number.pending_since,
        number.changed_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An entry of a number's timeline, as both parties may see it.
pub struct Change<'a> {
    pub tenant: TenantId,
    /// `None`: the tenant's own entry.
    pub operator: Option<OperatorId>,
    pub e164: &'a E164,
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub kind: &'a str,
    /// `tenant`, `operator`, `platform` or `system`.
    pub actor_kind: &'a str,
    pub number_seq: Option<i64>,
    pub event: Option<EventId>,
    pub order: Option<OrderId>,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// Writes entries of timelines, one statement however many there are.
pub async fn note_changes(conn: &mut PgConnection, changes: &[Change<'_>]) -> Result<(), Failure> {
    let tenants: Vec<Uuid> = changes.iter().map(|c| c.tenant.0).collect();
    let e164s: Vec<&str> = changes.iter().map(|c| c.e164.as_str()).collect();
    let ids: Vec<Uuid> = changes.iter().map(|c| c.id).collect();
    let operators: Vec<Option<Uuid>> = changes.iter().map(|c| c.operator.map(|operator| operator.0)).collect();
    let ats: Vec<DateTime<Utc>> = changes.iter().map(|c| c.at).collect();
    let kinds: Vec<&str> = changes.iter().map(|c| c.kind).collect();
    let actors: Vec<&str> = changes.iter().map(|c| c.actor_kind).collect();
    let seqs: Vec<Option<i64>> = changes.iter().map(|c| c.number_seq).collect();
    let events: Vec<Option<Uuid>> = changes.iter().map(|c| c.event.map(|event| event.0)).collect();
    let orders: Vec<Option<Uuid>> = changes.iter().map(|c| c.order.map(|order| order.0)).collect();
    let befores: Vec<Option<Value>> = changes.iter().map(|c| c.before.clone()).collect();
    let afters: Vec<Option<Value>> = changes.iter().map(|c| c.after.clone()).collect();
    sqlx::query!(
        "insert into number_change (tenant_id, e164, id, operator_id, at, kind, actor_kind, number_seq, event_id, order_id, before, after)
         select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::text[], $7::text[], $8::bigint[],
                              $9::uuid[], $10::uuid[], $11::jsonb[], $12::jsonb[])",
        &tenants,
        &e164s as &[&str],
        &ids,
        &operators as &[Option<Uuid>],
        &ats,
        &kinds as &[&str],
        &actors as &[&str],
        &seqs as &[Option<i64>],
        &events as &[Option<Uuid>],
        &orders as &[Option<Uuid>],
        &befores as &[Option<Value>],
        &afters as &[Option<Value>]
    )
    .execute(conn)
    .await?;
    Ok(())
}
