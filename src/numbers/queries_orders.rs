//! SQL of stock in bulk: claims, numbers, holdings, emergency locations.

use std::collections::HashMap;

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::Number;
use super::order_rows::LocationIn;
use super::words::Capability;
use super::words::EmergencyMode;
use super::words::Kind;
use super::words::Usage;
use crate::base::E164;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;

/// A number to be put in stock.
#[derive(Clone, Debug)]
pub struct NewNumber {
    pub e164: E164,
    pub country: String,
    pub kind: Kind,
    pub usage: Usage,
    pub capabilities: Vec<Capability>,
    pub city: Option<String>,
    pub billing_ref: Option<String>,
    pub note: Option<String>,
    pub listed: bool,
    pub emergency_mode: EmergencyMode,
    pub location: Option<(Uuid, LocationIn)>,
    /// Goes on where it was when the number was released.
    pub number_seq: i64,
}

/// Lists of words travel as one text per row.
pub(super) fn joined(capabilities: &[Capability]) -> String {
    capabilities.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(",")
}

pub async fn tenant_country(conn: &mut PgConnection, tenant: TenantId) -> Result<String, Failure> {
    Ok(sqlx::query_scalar!("select country from tenant where id = $1", tenant.0).fetch_one(conn).await?)
}

/// The tenants that ever had to do with the operator, by id and by short name.
pub async fn known_tenants(conn: &mut PgConnection, operator: OperatorId) -> Result<HashMap<String, TenantId>, Failure> {
    let rows = sqlx::query!(
        "select t.id, t.slug from tenant t where t.id in (select g.tenant_id from gate g where g.operator_id = $1)",
        operator.0
    )
    .fetch_all(conn)
    .await?;
    let pairs = rows.into_iter().flat_map(|row| [(row.id.to_string(), TenantId(row.id)), (row.slug, TenantId(row.id))]);
    Ok(pairs.collect())
}

/// Whose the operator's numbers are.
pub async fn tenants_of(
    conn: &mut PgConnection,
    operator: OperatorId,
    e164s: &[String],
) -> Result<HashMap<String, TenantId>, Failure> {
    let rows = sqlx::query!("select e164, tenant_id from number where operator_id = $1 and e164 = any($2)", operator.0, e164s)
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.e164, TenantId(row.tenant_id))).collect())
}

/// Takes the free ones of these numbers, given in order; answers where the `number_seq` of each taken one goes on.
pub async fn claim(
    conn: &mut PgConnection,
    tenant: TenantId,
    operator: OperatorId,
    e164s: &[String],
) -> Result<HashMap<String, i64>, Failure> {
    let rows = sqlx::query!(
        "insert into number_claim as c (e164, tenant_id, operator_id)
         select e, $1, $2 from unnest($3::text[]) as e order by e collate \"C\"
         on conflict (e164) do update set tenant_id = excluded.tenant_id, operator_id = excluded.operator_id where c.tenant_id is null
         returning c.e164, c.last_number_seq",
        tenant.0,
        operator.0,
        e164s
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.e164, row.last_number_seq)).collect())
}

/// Which of these numbers the operator has already, and for whom.
pub async fn own_claims(
    conn: &mut PgConnection,
    operator: OperatorId,
    e164s: &[String],
) -> Result<HashMap<String, TenantId>, Failure> {
    let rows = sqlx::query!(
        r#"select e164, tenant_id as "tenant!" from number_claim where operator_id = $1 and e164 = any($2)"#,
        operator.0,
        e164s
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.e164, TenantId(row.tenant))).collect())
}

pub async fn free_claims(conn: &mut PgConnection, operator: OperatorId, e164s: &[String], seqs: &[i64]) -> Result<(), Failure> {
    sqlx::query!(
        "update number_claim c set tenant_id = null, operator_id = null, last_number_seq = x.s
         from unnest($2::text[], $3::bigint[]) as x(e, s)
         where c.e164 = x.e and c.operator_id = $1",
        operator.0,
        e164s,
        seqs
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn insert_locations(
    conn: &mut PgConnection,
    tenant: TenantId,
    locations: impl Iterator<Item = &(Uuid, LocationIn)>,
) -> Result<(), Failure> {
    let locations: Vec<_> = locations.collect();
    if locations.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = locations.iter().map(|(id, _)| *id).collect();
    let text = |read: fn(&LocationIn) -> &str| locations.iter().map(|(_, at)| read(at).to_owned()).collect::<Vec<_>>();
    let additional: Vec<Option<&str>> = locations.iter().map(|(_, at)| at.additional.as_deref()).collect();
    let latitudes: Vec<Option<f64>> = locations.iter().map(|(_, at)| at.latitude).collect();
    let longitudes: Vec<Option<f64>> = locations.iter().map(|(_, at)| at.longitude).collect();
    let validated: Vec<bool> = locations.iter().map(|(_, at)| at.validated).collect();
    sqlx::query!(
        "insert into emergency_location (tenant_id, id, label, street, house_number, postal_code, city, country, additional,
                                         latitude, longitude, validated)
         select $1, i, concat_ws(', ', trim(concat_ws(' ', s, h)), c), s, h, p, c, co, a, la, lo, v
         from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::float8[], $10::float8[],
                     $11::bool[]) as x(i, s, h, p, c, co, a, la, lo, v)",
        tenant.0,
        &ids,
        &text(|at| &at.street),
        &text(|at| &at.number),
        &text(|at| &at.postal_code),
        &text(|at| &at.city),
        &text(|at| &at.country),
        &additional as &[Option<&str>],
        &latitudes as &[Option<f64>],
        &longitudes as &[Option<f64>],
        &validated
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn insert_numbers(
    conn: &mut PgConnection,
    tenant: TenantId,
    operator: OperatorId,
    at: DateTime<Utc>,
    numbers: &[NewNumber],
) -> Result<(), Failure> {
    let e164s: Vec<&str> = numbers.iter().map(|n| n.e164.as_str()).collect();
    let countries: Vec<&str> = numbers.iter().map(|n| n.country.as_str()).collect();
    let kinds: Vec<&str> = numbers.iter().map(|n| n.kind.as_str()).collect();
    let usages: Vec<&str> = numbers.iter().map(|n| n.usage.as_str()).collect();
    let capabilities: Vec<String> = numbers.iter().map(|n| joined(&n.capabilities)).collect();
    let cities: Vec<Option<&str>> = numbers.iter().map(|n| n.city.as_deref()).collect();
    let billing: Vec<Option<&str>> = numbers.iter().map(|n| n.billing_ref.as_deref()).collect();
    let notes: Vec<Option<&str>> = numbers.iter().map(|n| n.note.as_deref()).collect();
    let listed: Vec<bool> = numbers.iter().map(|n| n.listed).collect();
    let modes: Vec<&str> = numbers.iter().map(|n| n.emergency_mode.as_str()).collect();
    let locations: Vec<Option<Uuid>> = numbers.iter().map(|n| n.location.as_ref().map(|(id, _)| *id)).collect();
    let seqs: Vec<i64> = numbers.iter().map(|n| n.number_seq).collect();
    sqlx::query!(
        "insert into number (tenant_id, e164, operator_id, country, kind, usage, capabilities, city, billing_ref, operator_note, listed,
                             emergency_mode, emergency_location_id, activation_state, assignment_status, number_seq, created_at, changed_at)
         select $1, e, $2, co, k, u, string_to_array(ca, ','), ci, b, n, li, em, el, 'activated', 'unassigned', s, $3, $3
         from unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::bool[],
                     $13::text[], $14::uuid[], $15::bigint[]) as x(e, co, k, u, ca, ci, b, n, li, em, el, s)",
        tenant.0,
        operator.0,
        at,
        &e164s as &[&str],
        &countries as &[&str],
        &kinds as &[&str],
        &usages as &[&str],
        &capabilities,
        &cities as &[Option<&str>],
        &billing as &[Option<&str>],
        &notes as &[Option<&str>],
        &listed,
        &modes as &[&str],
        &locations as &[Option<Uuid>],
        &seqs
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes back what an operator may change of locked numbers.
pub async fn update_numbers(conn: &mut PgConnection, tenant: TenantId, numbers: &[Number]) -> Result<(), Failure> {
    let e164s: Vec<&str> = numbers.iter().map(|n| n.e164.as_str()).collect();
    let kinds: Vec<&str> = numbers.iter().map(|n| n.kind.as_str()).collect();
    let usages: Vec<&str> = numbers.iter().map(|n| n.usage.as_str()).collect();
    let capabilities: Vec<String> = numbers.iter().map(|n| joined(&n.capabilities)).collect();
    let cities: Vec<Option<&str>> = numbers.iter().map(|n| n.city.as_deref()).collect();
    let billing: Vec<Option<&str>> = numbers.iter().map(|n| n.billing_ref.as_deref()).collect();
    let notes: Vec<Option<&str>> = numbers.iter().map(|n| n.operator_note.as_deref()).collect();
    let modes: Vec<&str> = numbers.iter().map(|n| n.emergency_mode.as_str()).collect();
    let locations: Vec<Option<Uuid>> = numbers.iter().map(|n| n.emergency_location).collect();
    let versions: Vec<i64> = numbers.iter().map(|n| n.version).collect();
    let ats: Vec<DateTime<Utc>> = numbers.iter().map(|n| n.changed_at).collect();
    sqlx::query!(
        "update number t
         set kind = k, usage = u, capabilities = string_to_array(ca, ','), city = ci, billing_ref = b, operator_note = n,
             emergency_mode = em, emergency_location_id = el, version = v, changed_at = at
         from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::uuid[],
                     $11::bigint[], $12::timestamptz[]) as x(e, k, u, ca, ci, b, n, em, el, v, at)
         where t.tenant_id = $1 and t.e164 = x.e",
        tenant.0,
        &e164s as &[&str],
        &kinds as &[&str],
        &usages as &[&str],
        &capabilities,
        &cities as &[Option<&str>],
        &billing as &[Option<&str>],
        &notes as &[Option<&str>],
        &modes as &[&str],
        &locations as &[Option<Uuid>],
        &versions,
        &ats
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn delete_numbers(conn: &mut PgConnection, tenant: TenantId, e164s: &[String]) -> Result<(), Failure> {
    sqlx::query!("delete from number where tenant_id = $1 and e164 = any($2)", tenant.0, e164s).execute(conn).await?;
    Ok(())
}

/// Holdings from now on; never before the number's last one of that tenant ended.
pub async fn begin_holdings(
    conn: &mut PgConnection,
    tenant: TenantId,
    operator: OperatorId,
    e164s: &[String],
    at: DateTime<Utc>,
) -> Result<(), Failure> {
    sqlx::query!(
        "insert into holding (tenant_id, e164, held_from, operator_id)
         select $1, e, greatest($4, (select max(h.held_until) from holding h where h.tenant_id = $1 and h.e164 = e)), $2
         from unnest($3::text[]) as e",
        tenant.0,
        operator.0,
        e164s,
        at
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn end_holdings(conn: &mut PgConnection, tenant: TenantId, e164s: &[String], at: DateTime<Utc>) -> Result<(), Failure> {
    sqlx::query!(
        "update holding set held_until = greatest($3, held_from + interval '1 microsecond')
         where tenant_id = $1 and e164 = any($2) and held_until is null",
        tenant.0,
        e164s,
        at
    )
    .execute(conn)
    .await?;
    Ok(())
}
