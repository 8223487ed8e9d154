//! SQL of targets and of the call controller's view.

use std::collections::HashMap;

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;

use super::targets::AssignmentOut;
use super::targets::TargetIn;
use super::targets::TargetRow;
use super::words::TargetKind;
use crate::base::E164;
use crate::base::Failure;
use crate::base::SipUri;
use crate::base::TenantId;

pub async fn tenant_exists(conn: &mut PgConnection, tenant: TenantId) -> Result<bool, Failure> {
    Ok(sqlx::query_scalar!(r#"select exists (select from tenant where id = $1) as "found!""#, tenant.0).fetch_one(conn).await?)
}

/// Writes targets, new and known; one that had left is back. Answers how many.
pub async fn upsert(conn: &mut PgConnection, tenant: TenantId, targets: &[TargetIn], at: DateTime<Utc>) -> Result<u64, Failure> {
    let ids: Vec<&str> = targets.iter().map(|t| t.id.as_str()).collect();
    let kinds: Vec<&str> = targets.iter().map(|t| t.kind.as_str()).collect();
    let names: Vec<&str> = targets.iter().map(|t| t.display_name.as_str()).collect();
    let upns: Vec<Option<&str>> = targets.iter().map(|t| t.upn.as_deref()).collect();
    let locations: Vec<Option<&str>> = targets.iter().map(|t| t.usage_location.as_deref()).collect();
    let licensed: Vec<bool> = targets.iter().map(|t| t.licensed).collect();
    let departments: Vec<Option<&str>> = targets.iter().map(|t| t.department.as_deref()).collect();
    let done = sqlx::query!(
        "insert into target (tenant_id, id, kind, display_name, upn, usage_location, licensed, department, changed_at)
         select $1, x.*, $2 from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bool[], $9::text[]) as x
         on conflict (tenant_id, id) do update
           set kind = excluded.kind, display_name = excluded.display_name, upn = excluded.upn,
               usage_location = excluded.usage_location, licensed = excluded.licensed, department = excluded.department,
               left_at = null, changed_at = excluded.changed_at",
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
    Ok(done.rows_affected())
}

/// Those not named have left. Answers how many, and how many numbers they have.
pub async fn leave_others(
    conn: &mut PgConnection,
    tenant: TenantId,
    targets: &[TargetIn],
    at: DateTime<Utc>,
) -> Result<(u64, u64), Failure> {
    let ids: Vec<&str> = targets.iter().map(|t| t.id.as_str()).collect();
    let row = sqlx::query!(
        r#"with gone as (
             update target t set left_at = $2, changed_at = $2
             where tenant_id = $1 and left_at is null and not exists (select from unnest($3::text[]) as i where i = t.id)
             returning t.id)
           select (select count(*) from gone) as "people!",
                  (select count(*) from gone g join assignment a on a.tenant_id = $1 and a.target_id = g.id and a.ended_at is null)
                    as "numbers!""#,
        tenant.0,
        at,
        &ids as &[&str]
    )
    .fetch_one(conn)
    .await?;
    Ok((u64::try_from(row.people).unwrap_or(0), u64::try_from(row.numbers).unwrap_or(0)))
}

/// Lets one call after the other write a tenant's directory.
pub async fn lock_directory(conn: &mut PgConnection, tenant: TenantId) -> Result<(), Failure> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('targets/' || $1::text, 0))", tenant.0.to_string())
        .execute(conn)
        .await?;
    Ok(())
}

/// Those of these targets that there are or were: as they stand, and whether they left.
pub async fn known(conn: &mut PgConnection, tenant: TenantId, ids: &[&str]) -> Result<HashMap<String, (TargetIn, bool)>, Failure> {
    let rows = sqlx::query!(
        r#"select id, kind, display_name, upn, usage_location, licensed, department, left_at is not null as "left!" from target
           where tenant_id = $1 and id = any($2)"#,
        tenant.0,
        ids as &[&str]
    )
    .fetch_all(conn)
    .await?;
    let known = rows.into_iter().map(|row| {
        let target = TargetIn {
            id: row.id.clone(),
            kind: row.kind,
            display_name: row.display_name,
            upn: row.upn,
            usage_location: row.usage_location,
            licensed: row.licensed,
            department: row.department,
        };
        (row.id, (target, row.left))
    });
    Ok(known.collect())
}

/// When the last assignment of each of these numbers ended here, where one did.
pub async fn last_ended(
    conn: &mut PgConnection,
    tenant: TenantId,
    e164s: &[&str],
) -> Result<HashMap<String, DateTime<Utc>>, Failure> {
    let rows = sqlx::query!(
        r#"select e164, max(ended_at) as "ended_at!" from assignment
           where tenant_id = $1 and e164 = any($2) and ended_at is not null group by e164"#,
        tenant.0,
        e164s as &[&str]
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.e164, row.ended_at)).collect())
}

/// How many present targets are not among these, and how many numbers they have.
pub async fn leaving(conn: &mut PgConnection, tenant: TenantId, ids: &[&str]) -> Result<(i64, i64), Failure> {
    let row = sqlx::query!(
        r#"with gone as (
             select t.id from target t where t.tenant_id = $1 and t.left_at is null
               and not exists (select from unnest($2::text[]) as i where i = t.id))
           select (select count(*) from gone) as "people!",
                  (select count(*) from gone g join assignment a on a.tenant_id = $1 and a.target_id = g.id and a.ended_at is null)
                    as "numbers!""#,
        tenant.0,
        ids as &[&str]
    )
    .fetch_one(conn)
    .await?;
    Ok((row.people, row.numbers))
}

/// By name after (lower-case name, id). `prefix` in lower case: of the name or the user name; a range, as row security keeps
/// `like` from its index.
pub async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    prefix: Option<&str>,
    kind: Option<TargetKind>,
    (name, id): (Option<&str>, Option<&str>),
    limit: i64,
) -> Result<Vec<TargetRow>, Failure> {
    let end = prefix.map(|prefix| format!("{prefix}\u{10ffff}"));
    Ok(sqlx::query_as!(
        TargetRow,
        r#"select t.id, t.kind, t.display_name, t.upn, t.usage_location, t.licensed, t.department, t.changed_at,
                  (select a.e164 from assignment a where a.tenant_id = t.tenant_id and a.target_id = t.id and a.ended_at is null
                   and a.category = 'primary') as e164,
                  (select count(*) from assignment a where a.tenant_id = t.tenant_id and a.target_id = t.id
                   and a.ended_at is null) as "numbers!",
                  t.name_key as "sort_key!"
           from target t
           where t.tenant_id = $1 and t.left_at is null
             and ($2::text is null or (t.name_key >= $2 and t.name_key < $3) or (t.upn_key >= $2 and t.upn_key < $3))
             and ($4::text is null or t.kind = $4)
             and ($5::text is null or (t.name_key, t.id) > ($5, $6))
           order by t.name_key, t.id
           limit $7"#,
        tenant.0,
        prefix,
        end,
        kind.map(TargetKind::as_str),
        name,
        id,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// Who has which number now, by number after a number.
pub async fn assignments(
    conn: &mut PgConnection,
    tenant: TenantId,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<AssignmentOut>, Failure> {
    let rows = sqlx::query!(
        "select n.e164, n.usage, n.activation_state, n.operator_id, n.number_seq, t.sip_domain,
                a.target_id, a.target_kind, a.category, a.assigned_at
         from number n
         join assignment a on a.tenant_id = n.tenant_id and a.e164 = n.e164 and a.ended_at is null
         join tenant t on t.id = n.tenant_id
         where n.tenant_id = $1 and ($2::text is null or n.e164 > $2)
         order by n.e164
         limit $3",
        tenant.0,
        after,
        limit
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let e164 = E164::parse(&row.e164).map_err(anyhow::Error::new)?;
            Ok(AssignmentOut {
                sip_uri: SipUri::of(&e164, &row.sip_domain).to_string(),
                e164: row.e164,
                target_id: row.target_id,
                target_kind: row.target_kind,
                category: row.category,
                usage: row.usage,
                activation_state: row.activation_state,
                operator_id: row.operator_id,
                number_seq: row.number_seq,
                assigned_at: row.assigned_at,
            })
        })
        .collect()
}
