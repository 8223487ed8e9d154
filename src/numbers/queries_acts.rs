//! SQL of acts on numbers: what they rest on and what they write, one statement each, however many numbers there are.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::acts::Done;
use super::model::Assigned;
use super::model::Number;
use super::model::Place;
use super::model::Quarantine;
use super::model::Target;
use super::queries::word;
use super::words::TargetKind;
use crate::base::E164;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;

/// The operators that serve these numbers. No consent of theirs is suspended until the transaction ends: the shared lock of each pair is
/// taken on the way, always in the same order. The numbers are not locked.
pub async fn lock_operators(conn: &mut PgConnection, tenant: TenantId, e164s: &[String]) -> Result<BTreeSet<OperatorId>, Failure> {
    let rows = sqlx::query!(
        "with pair as materialized (
           select operator_id, pair_key($1, operator_id) as key
           from (select distinct operator_id from number where tenant_id = $1 and e164 = any($2)) as o order by key)
         select operator_id, pg_advisory_xact_lock_shared(key) from pair",
        tenant.0,
        e164s
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| OperatorId(row.operator_id)).collect())
}

/// The named targets that have not left, by id, locked in order until the transaction ends.
pub async fn lock_targets(conn: &mut PgConnection, tenant: TenantId, ids: &[String]) -> Result<HashMap<String, Target>, Failure> {
    let rows = sqlx::query!(
        "select id, kind, display_name, upn, usage_location, licensed, department from target
         where tenant_id = $1 and id = any($2) and left_at is null
         order by id for no key update",
        tenant.0,
        ids
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let target = Target {
                id: row.id.clone(),
                kind: word(TargetKind::parse, &row.kind)?,
                display_name: row.display_name,
                upn: row.upn,
                usage_location: row.usage_location,
                licensed: row.licensed,
                department: row.department,
            };
            Ok((row.id, target))
        })
        .collect()
}

/// The primary number of each of these targets that has one. Index `assignment_primary_uq`.
pub async fn primaries(conn: &mut PgConnection, tenant: TenantId, ids: &[String]) -> Result<HashMap<String, String>, Failure> {
    let rows = sqlx::query!(
        "select target_id, e164 from assignment
         where tenant_id = $1 and target_id = any($2) and ended_at is null and category = 'primary'",
        tenant.0,
        ids
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.target_id, row.e164)).collect())
}

pub async fn reservations(conn: &mut PgConnection, tenant: TenantId, e164s: &[String]) -> Result<HashMap<String, String>, Failure> {
    let rows = sqlx::query!("select e164, note from number_reservation where tenant_id = $1 and e164 = any($2)", tenant.0, e164s)
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.e164, row.note)).collect())
}

pub async fn tags(
    conn: &mut PgConnection,
    tenant: TenantId,
    e164s: &[String],
) -> Result<HashMap<String, BTreeSet<String>>, Failure> {
    let rows = sqlx::query!("select e164, tag from number_tag where tenant_id = $1 and e164 = any($2)", tenant.0, e164s)
        .fetch_all(conn)
        .await?;
    let mut tags: HashMap<String, BTreeSet<String>> = HashMap::new();
    for row in rows {
        tags.entry(row.e164).or_default().insert(row.tag);
    }
    Ok(tags)
}

/// Which of these operators ended their contract with the tenant.
pub async fn ended(conn: &mut PgConnection, tenant: TenantId, operators: &[OperatorId]) -> Result<HashSet<OperatorId>, Failure> {
    let operators: Vec<Uuid> = operators.iter().map(|operator| operator.0).collect();
    let rows = sqlx::query_scalar!(
        "select operator_id from relationship
         where tenant_id = $1 and operator_id = any($2) and status = 'contract_terminated'",
        tenant.0,
        &operators
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(OperatorId).collect())
}

/// Emergency locations by id; kept from being deleted until the transaction ends.
pub async fn places(conn: &mut PgConnection, tenant: TenantId, ids: &[Uuid]) -> Result<HashMap<Uuid, Place>, Failure> {
    let rows = sqlx::query_as!(
        Place,
        "select id, label, street, house_number, postal_code, city, country, additional, latitude, longitude, validated
         from emergency_location where tenant_id = $1 and id = any($2) order by id for key share",
        tenant.0,
        ids
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|place| (place.id, place)).collect())
}

/// Writes the states of locked numbers back.
pub(super) async fn write_numbers(conn: &mut PgConnection, tenant: TenantId, wave: &[Done<'_>]) -> Result<(), Failure> {
    let told: Vec<&Done<'_>> = wave.iter().filter(|done| done.asked.act.is_told()).collect();
    if told.is_empty() {
        return Ok(());
    }
    let of = |read: fn(&Number) -> &str| told.iter().map(|done| read(done.after)).collect::<Vec<&str>>();
    let faults: Vec<Option<&str>> = told.iter().map(|done| done.after.fault.as_ref().map(|fault| fault.code.as_str())).collect();
    let reasons: Vec<Option<&str>> = told.iter().map(|done| done.after.fault.as_ref().map(|fault| fault.reason.as_str())).collect();
    let untils: Vec<Option<DateTime<Utc>>> = told
        .iter()
        .map(|done| match done.after.quarantine {
            Quarantine::Until(until) => Some(until),
            Quarantine::None | Quarantine::Forever => None,
        })
        .collect();
    let forever: Vec<bool> = told.iter().map(|done| done.after.quarantine == Quarantine::Forever).collect();
    let seqs: Vec<i64> = told.iter().map(|done| done.after.number_seq).collect();
    let versions: Vec<i64> = told.iter().map(|done| done.after.version).collect();
    let pending: Vec<Option<DateTime<Utc>>> = told.iter().map(|done| done.after.pending_since).collect();
    let changed: Vec<DateTime<Utc>> = told.iter().map(|done| done.after.changed_at).collect();
    let locations: Vec<Option<Uuid>> = told.iter().map(|done| done.after.emergency_location).collect();
    sqlx::query!(
        "update number t
         set activation_state = ac, assignment_status = st, usage = us, failure_code = fc, failure_reason = fr,
             quarantine_until = case when qf then 'infinity'::timestamptz else qu end, number_seq = ns, version = ve,
             pending_since = pe, changed_at = ch, emergency_location_id = el
         from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::bool[], $10::bigint[],
                     $11::bigint[], $12::timestamptz[], $13::timestamptz[], $14::uuid[])
              as x(e, ac, st, us, fc, fr, qu, qf, ns, ve, pe, ch, el)
         where t.tenant_id = $1 and t.e164 = x.e",
        tenant.0,
        &of(|number| number.e164.as_str()) as &[&str],
        &of(|number| number.activation.as_str()) as &[&str],
        &of(|number| number.status.as_str()) as &[&str],
        &of(|number| number.usage.as_str()) as &[&str],
        &faults as &[Option<&str>],
        &reasons as &[Option<&str>],
        &untils as &[Option<DateTime<Utc>>],
        &forever,
        &seqs,
        &versions,
        &pending as &[Option<DateTime<Utc>>],
        &changed,
        &locations as &[Option<Uuid>]
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends and begins assignments and changes their category. Ends first: a target's primary number is free for the next then.
pub(super) async fn write_assignments(
    conn: &mut PgConnection,
    tenant: TenantId,
    wave: &[Done<'_>],
    at: DateTime<Utc>,
) -> Result<(), Failure> {
    let ended: Vec<&str> = wave
        .iter()
        .filter(|done| done.before.assigned.is_some() && done.after.assigned.is_none())
        .map(|done| done.after.e164.as_str())
        .collect();
    if !ended.is_empty() {
        sqlx::query!(
            "update assignment set ended_at = greatest($3, assigned_at) where tenant_id = $1 and e164 = any($2) and ended_at is null",
            tenant.0,
            &ended as &[&str],
            at
        )
        .execute(&mut *conn)
        .await?;
    }
    let begun: Vec<(&Number, &Assigned)> = wave
        .iter()
        .filter(|done| done.after.assigned != done.before.assigned)
        .filter_map(|done| Some((done.after, done.after.assigned.as_ref()?)))
        .collect();
    if begun.is_empty() {
        return Ok(());
    }
    let of = |read: fn(&Assigned) -> &str| begun.iter().map(|(_, held)| read(held)).collect::<Vec<&str>>();
    let e164s: Vec<&str> = begun.iter().map(|(number, _)| number.e164.as_str()).collect();
    let ids: Vec<Uuid> = begun.iter().map(|(_, held)| held.id).collect();
    let ats: Vec<DateTime<Utc>> = begun.iter().map(|(_, held)| held.assigned_at).collect();
    let seqs: Vec<i64> = begun.iter().map(|(number, _)| number.number_seq).collect();
    sqlx::query!(
        "insert into assignment (tenant_id, e164, id, target_id, target_kind, target_name, category, assigned_at, assigned_seq)
         select $1, e, i, t, k, n, c, a, s
         from unnest($2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::bigint[])
              as x(e, i, t, k, n, c, a, s)
         on conflict (tenant_id, e164, id) do update set category = excluded.category",
        tenant.0,
        &e164s as &[&str],
        &ids,
        &of(|held| &held.target_id) as &[&str],
        &of(|held| held.target_kind.as_str()) as &[&str],
        &of(|held| &held.target_name) as &[&str],
        &of(|held| held.category.as_str()) as &[&str],
        &ats,
        &seqs
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes what is the tenant's alone: tags and reservations.
pub(super) async fn write_own(
    conn: &mut PgConnection,
    tenant: TenantId,
    wave: &[Done<'_>],
    at: DateTime<Utc>,
) -> Result<(), Failure> {
    let mut gone: Vec<(&str, &str)> = Vec::new();
    let mut new: Vec<(&str, &str)> = Vec::new();
    let mut lifted: Vec<&str> = Vec::new();
    let mut reserved: Vec<(&str, &str)> = Vec::new();
    for Done { judged, after, .. } in wave {
        let e164 = after.e164.as_str();
        let (was, is) = (&judged.tags_before, &judged.tags_after);
        gone.extend(was.iter().filter(|tag| !is.contains(tag)).map(|tag| (e164, tag.as_str())));
        new.extend(is.iter().filter(|tag| !was.contains(tag)).map(|tag| (e164, tag.as_str())));
        match (&judged.reservation_before, &judged.reservation_after) {
            (before, Some(note)) if before.as_ref() != Some(note) => reserved.push((e164, note)),
            (Some(_), None) => lifted.push(e164),
            _ => {}
        }
    }
    if !gone.is_empty() {
        let (e164s, tags): (Vec<&str>, Vec<&str>) = gone.into_iter().unzip();
        sqlx::query!(
            "delete from number_tag t using unnest($2::text[], $3::text[]) as x(e, g) where t.tenant_id = $1 and t.e164 = x.e and t.tag = x.g",
            tenant.0,
            &e164s as &[&str],
            &tags as &[&str]
        )
        .execute(&mut *conn)
        .await?;
    }
    if !new.is_empty() {
        let (e164s, tags): (Vec<&str>, Vec<&str>) = new.into_iter().unzip();
        sqlx::query!(
            "insert into number_tag (tenant_id, e164, tag) select $1, e, g from unnest($2::text[], $3::text[]) as x(e, g)",
            tenant.0,
            &e164s as &[&str],
            &tags as &[&str]
        )
        .execute(&mut *conn)
        .await?;
    }
    if !lifted.is_empty() {
        sqlx::query!("delete from number_reservation where tenant_id = $1 and e164 = any($2)", tenant.0, &lifted as &[&str])
            .execute(&mut *conn)
            .await?;
    }
    if !reserved.is_empty() {
        let (e164s, notes): (Vec<&str>, Vec<&str>) = reserved.into_iter().unzip();
        sqlx::query!(
            "insert into number_reservation (tenant_id, e164, note, reserved_at)
             select $1, e, n, $4 from unnest($2::text[], $3::text[]) as x(e, n)
             on conflict (tenant_id, e164) do update set note = excluded.note",
            tenant.0,
            &e164s as &[&str],
            &notes as &[&str],
            at
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// The tenant's own part of an entry: for whom.
pub struct Private<'a> {
    pub e164: &'a E164,
    pub id: Uuid,
    pub holder: Option<&'a Assigned>,
}

/// Writes the tenant's own parts of entries, all done by the same hand.
pub async fn note_private(conn: &mut PgConnection, tenant: TenantId, label: &str, entries: &[Private<'_>]) -> Result<(), Failure> {
    let e164s: Vec<&str> = entries.iter().map(|entry| entry.e164.as_str()).collect();
    let ids: Vec<Uuid> = entries.iter().map(|entry| entry.id).collect();
    let targets: Vec<Option<&str>> = entries.iter().map(|entry| entry.holder.map(|held| held.target_id.as_str())).collect();
    let names: Vec<Option<&str>> = entries.iter().map(|entry| entry.holder.map(|held| held.target_name.as_str())).collect();
    sqlx::query!(
        "insert into number_change_private (tenant_id, e164, id, actor_label, target_id, target_name)
         select $1, e, i, $2, t, n from unnest($3::text[], $4::uuid[], $5::text[], $6::text[]) as x(e, i, t, n)",
        tenant.0,
        label,
        &e164s as &[&str],
        &ids,
        &targets as &[Option<&str>],
        &names as &[Option<&str>]
    )
    .execute(conn)
    .await?;
    Ok(())
}
