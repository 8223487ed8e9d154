//! SQL of set-up: stock, holdings, assignments and timelines of the past, many rows per statement.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::Quarantine;
use super::model::Target;
use super::numbering;
use super::queries;
use super::queries::Change;
use super::queries_orders::joined;
use super::setup::SeedAssignment;
use super::setup::SeedNumber;
use super::words::ActivationState;
use super::words::AssignmentStatus;
use super::words::Capability;
use crate::base::E164;
use crate::base::Env;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;

pub async fn insert_targets(
    conn: &mut PgConnection,
    tenant: TenantId,
    targets: &[Target],
    at: DateTime<Utc>,
) -> Result<(), Failure> {
    let ids: Vec<&str> = targets.iter().map(|t| t.id.as_str()).collect();
    let kinds: Vec<&str> = targets.iter().map(|t| t.kind.as_str()).collect();
    let names: Vec<&str> = targets.iter().map(|t| t.display_name.as_str()).collect();
    let upns: Vec<Option<&str>> = targets.iter().map(|t| t.upn.as_deref()).collect();
    let locations: Vec<Option<&str>> = targets.iter().map(|t| t.usage_location.as_deref()).collect();
    let licensed: Vec<bool> = targets.iter().map(|t| t.licensed).collect();
    let departments: Vec<Option<&str>> = targets.iter().map(|t| t.department.as_deref()).collect();
    sqlx::query!(
        "insert into target (tenant_id, id, kind, display_name, upn, usage_location, licensed, department, changed_at)
         select $1, x.*, $2 from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bool[], $9::text[]) as x",
        tenant.0,
        at,
        &ids as &[&str],
        &kinds as &[&str],
        &names as &[&str],
        &upns as &[Option<&str>],
        &locations as &[Option<&str>],
        &licensed,
        &departments as &[Option<&str>]
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn e164s(numbers: &[SeedNumber]) -> Vec<&str> {
    numbers.iter().map(|n| n.e164.as_str()).collect()
}

pub async fn insert_claims(
    conn: &mut PgConnection,
    tenant: TenantId,
    operator: OperatorId,
    numbers: &[SeedNumber],
) -> Result<(), Failure> {
    sqlx::query!(
        "insert into number_claim (e164, tenant_id, operator_id) select e, $1, $2 from unnest($3::text[]) as e",
        tenant.0,
        operator.0,
        &e164s(numbers) as &[&str]
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn insert_numbers(
    conn: &mut PgConnection,
    tenant: TenantId,
    operator: OperatorId,
    numbers: &[SeedNumber],
) -> Result<(), Failure> {
    let countries: Vec<&str> = numbers.iter().map(|n| n.country.as_str()).collect();
    let kinds: Vec<&str> = numbers.iter().map(|n| n.kind.as_str()).collect();
    let usages: Vec<&str> = numbers.iter().map(|n| n.usage.as_str()).collect();
    let capabilities: Vec<String> = numbers.iter().map(capabilities).collect();
    let cities: Vec<Option<&str>> = numbers.iter().map(|n| n.city.as_deref()).collect();
    let billing: Vec<Option<&str>> = numbers.iter().map(|n| n.billing_ref.as_deref()).collect();
    let notes: Vec<Option<&str>> = numbers.iter().map(|n| n.note.as_deref()).collect();
    let listed: Vec<bool> = numbers.iter().map(|n| numbering::listed(&n.e164)).collect();
    let modes: Vec<&str> = numbers.iter().map(|n| n.emergency_mode.as_str()).collect();
    let activations: Vec<&str> = numbers.iter().map(|n| n.activation.as_str()).collect();
    let statuses: Vec<&str> = numbers.iter().map(|n| status(n).as_str()).collect();
    let codes: Vec<Option<&str>> = numbers.iter().map(|n| n.fault.as_ref().map(|(code, _)| code.as_str())).collect();
    let reasons: Vec<Option<&str>> = numbers.iter().map(|n| n.fault.as_ref().map(|(_, reason)| reason.as_str())).collect();
    let untils: Vec<Option<DateTime<Utc>>> = numbers.iter().map(until).collect();
    let forevers: Vec<bool> = numbers.iter().map(|n| n.quarantine == Quarantine::Forever).collect();
    let seqs: Vec<i64> = numbers.iter().map(SeedNumber::number_seq).collect();
    let created: Vec<DateTime<Utc>> = numbers.iter().map(|n| n.held_from).collect();
    let changed: Vec<DateTime<Utc>> = numbers.iter().map(changed_at).collect();
    sqlx::query!(
        "insert into number (tenant_id, e164, operator_id, country, kind, usage, capabilities, city, billing_ref, operator_note, listed,
                             emergency_mode, activation_state, assignment_status, failure_code, failure_reason, quarantine_until,
                             number_seq, version, pending_since, created_at, changed_at)
         select $1, e, $2, co, k, u, string_to_array(ca, ','), ci, b, n, li, em, ac, st, fc, fr,
                case when qf then 'infinity'::timestamptz else qu end, s, s + 1, case when ac like '%pending' then ch end, cr, ch
         from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::bool[],
                     $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::timestamptz[], $18::bool[], $19::bigint[],
                     $20::timestamptz[], $21::timestamptz[])
              as x(e, co, k, u, ca, ci, b, n, li, em, ac, st, fc, fr, qu, qf, s, cr, ch)",
        tenant.0,
        operator.0,
        &e164s(numbers) as &[&str],
        &countries as &[&str],
        &kinds as &[&str],
        &usages as &[&str],
        &capabilities,
        &cities as &[Option<&str>],
        &billing as &[Option<&str>],
        &notes as &[Option<&str>],
        &listed,
        &modes as &[&str],
        &activations as &[&str],
        &statuses as &[&str],
        &codes as &[Option<&str>],
        &reasons as &[Option<&str>],
        &untils as &[Option<DateTime<Utc>>],
        &forevers,
        &seqs,
        &created,
        &changed
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn capabilities(number: &SeedNumber) -> String {
    if number.capabilities.is_empty() {
        return joined(&[Capability::Inbound, Capability::Outbound, number.usage.capability()]);
    }
    joined(&number.capabilities)
}

fn status(number: &SeedNumber) -> AssignmentStatus {
    number.assigned.as_ref().map_or(AssignmentStatus::Unassigned, |assigned| assigned.target_kind.status())
}

fn until(number: &SeedNumber) -> Option<DateTime<Utc>> {
    match number.quarantine {
        Quarantine::Until(until) => Some(until),
        Quarantine::None | Quarantine::Forever => None,
    }
}

fn changed_at(number: &SeedNumber) -> DateTime<Utc> {
    number.assigned.as_ref().map_or(number.held_from, |assigned| assigned.at)
}

pub async fn insert_holdings(
    conn: &mut PgConnection,
    tenant: TenantId,
    operator: OperatorId,
    numbers: &[SeedNumber],
) -> Result<(), Failure> {
    let from: Vec<DateTime<Utc>> = numbers.iter().map(|n| n.held_from).collect();
    sqlx::query!(
        "insert into holding (tenant_id, e164, held_from, operator_id)
         select $1, e, f, $2 from unnest($3::text[], $4::timestamptz[]) as x(e, f)",
        tenant.0,
        operator.0,
        &e164s(numbers) as &[&str],
        &from
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn insert_holding(
    conn: &mut PgConnection,
    tenant: TenantId,
    operator: OperatorId,
    e164: &E164,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(), Failure> {
    sqlx::query!(
        "insert into holding (tenant_id, e164, held_from, held_until, operator_id) values ($1, $2, $3, $4, $5)",
        tenant.0,
        e164.as_str(),
        from,
        until,
        operator.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn insert_assignments(
    conn: &mut PgConnection,
    env: &Env,
    tenant: TenantId,
    numbers: &[SeedNumber],
) -> Result<(), Failure> {
    let held: Vec<(&str, &SeedAssignment)> = numbers.iter().filter_map(|n| Some((n.e164.as_str(), n.assigned.as_ref()?))).collect();
    let e164s: Vec<&str> = held.iter().map(|(e164, _)| *e164).collect();
    let ids: Vec<Uuid> = held.iter().map(|(_, a)| env.id_at(a.at)).collect();
    let targets: Vec<&str> = held.iter().map(|(_, a)| a.target_id.as_str()).collect();
    let kinds: Vec<&str> = held.iter().map(|(_, a)| a.target_kind.as_str()).collect();
    let names: Vec<&str> = held.iter().map(|(_, a)| a.target_name.as_str()).collect();
    let categories: Vec<&str> = held.iter().map(|(_, a)| a.category.as_str()).collect();
    let ats: Vec<DateTime<Utc>> = held.iter().map(|(_, a)| a.at).collect();
    sqlx::query!(
        "insert into assignment (tenant_id, e164, id, target_id, target_kind, target_name, category, assigned_at, assigned_seq)
         select $1, x.*, 1 from unnest($2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[]) as x",
        tenant.0,
        &e164s as &[&str],
        &ids,
        &targets as &[&str],
        &kinds as &[&str],
        &names as &[&str],
        &categories as &[&str],
        &ats
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Provisioned, assigned and active, at the times it would have been.
pub async fn insert_timeline(
    conn: &mut PgConnection,
    env: &Env,
    tenant: TenantId,
    operator: OperatorId,
    numbers: &[SeedNumber],
) -> Result<(), Failure> {
    let mut changes = Vec::with_capacity(numbers.len() * 3);
    for number in numbers {
        let mut entry = |at: DateTime<Utc>, kind, actor_kind, seq, before, after| {
            changes.push(Change {
                tenant,
                operator: Some(operator),
                e164: &number.e164,
                id: env.id_at(at),
                at,
                kind,
                actor_kind,
                number_seq: Some(seq),
                event: None,
                order: None,
                before,
                after: Some(after),
            });
        };
        let free = json!({ "assignment_status": "unassigned", "activation_state": "activated" });
        entry(number.held_from, "provisioned", "operator", 0, None, free.clone());
        if let Some(assigned) = &number.assigned {
            let status = assigned.target_kind.status().as_str();
            let pending = json!({ "assignment_status": status, "activation_state": "assignment_pending" });
            entry(assigned.at, "assigned", "tenant", 1, Some(free), pending.clone());
            let (kind, actor) = match number.activation {
                ActivationState::Activated => ("activated", "system"),
                ActivationState::AssignmentFailed => ("refused", "operator"),
                _ => continue,
            };
            let mut after = json!({ "assignment_status": status, "activation_state": number.activation.as_str() });
            if let Some((code, reason)) = &number.fault {
                after["code"] = code.as_str().into();
                after["reason"] = reason.as_str().into();
            }
            entry(assigned.at + TimeDelta::seconds(2), kind, actor, 1, Some(pending), after);
        }
    }
    queries::note_changes(conn, &changes).await
}

pub async fn insert_tags(conn: &mut PgConnection, tenant: TenantId, numbers: &[SeedNumber]) -> Result<(), Failure> {
    let pairs: Vec<(&str, &str)> = numbers.iter().flat_map(|n| n.tags.iter().map(|tag| (n.e164.as_str(), tag.as_str()))).collect();
    let e164s: Vec<&str> = pairs.iter().map(|(e164, _)| *e164).collect();
    let tags: Vec<&str> = pairs.iter().map(|(_, tag)| *tag).collect();
    sqlx::query!(
        "insert into number_tag (tenant_id, tag, e164) select $1, t, e from unnest($2::text[], $3::text[]) as x(t, e)
         on conflict do nothing",
        tenant.0,
        &tags as &[&str],
        &e164s as &[&str]
    )
    .execute(conn)
    .await?;
    Ok(())
}
