//! SQL of the platform's directory: writes tenants and operators, and the pictures of operators. For the job's reach.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::setup_platform::OperatorPut;
use super::setup_platform::TenantPut;

/// What may not change once it is there: short name and, of a tenant, the SIP domain.
pub(super) struct Fixed {
    pub(super) slug: String,
    pub(super) sip_domain: Option<String>,
}

pub(super) async fn tenant_fixed(conn: &mut PgConnection, id: Uuid) -> Result<Option<Fixed>, sqlx::Error> {
    let row = sqlx::query!("select slug, sip_domain from tenant where id = $1 for update", id).fetch_optional(conn).await?;
    Ok(row.map(|row| Fixed { slug: row.slug, sip_domain: Some(row.sip_domain) }))
}

pub(super) async fn operator_fixed(conn: &mut PgConnection, id: Uuid) -> Result<Option<Fixed>, sqlx::Error> {
    let row = sqlx::query!("select slug from operator where id = $1 for update", id).fetch_optional(conn).await?;
    Ok(row.map(|row| Fixed { slug: row.slug, sip_domain: None }))
}

pub(super) async fn put_tenant(conn: &mut PgConnection, id: Uuid, put: &TenantPut, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into tenant (id, slug, name, country, time_zone, sip_domain, quarantine_days, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (id) do update set name = excluded.name, country = excluded.country, time_zone = excluded.time_zone,
           quarantine_days = excluded.quarantine_days",
        id,
        put.slug,
        put.name.trim(),
        put.country,
        put.time_zone,
        put.sip_domain,
        put.quarantine_days,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn put_operator(
    conn: &mut PgConnection,
    id: Uuid,
    put: &OperatorPut,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into operator (id, slug, name, time_zone, countries, services, website, emergency_mode, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (id) do update set name = excluded.name, time_zone = excluded.time_zone, countries = excluded.countries,
           services = excluded.services, website = excluded.website, emergency_mode = excluded.emergency_mode",
        id,
        put.slug,
        put.name.trim(),
        put.time_zone,
        &put.countries,
        &put.services,
        put.website,
        put.emergency_mode,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets or takes away an operator's picture; whether there is such an operator.
pub(super) async fn put_logo(
    conn: &mut PgConnection,
    id: Uuid,
    logo: Option<(&[u8], &str)>,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update operator set logo = $2, logo_type = $3, logo_changed_at = $4 where id = $1",
        id,
        logo.map(|logo| logo.0),
        logo.map(|logo| logo.1),
        logo.map(|_| now)
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// An operator's picture and its kind.
pub(super) async fn logo(conn: &mut PgConnection, slug: &str) -> Result<Option<(Vec<u8>, String)>, sqlx::Error> {
    let row = sqlx::query!("select logo, logo_type from operator where slug = $1", slug).fetch_optional(conn).await?;
    Ok(row.and_then(|row| row.logo.zip(row.logo_type)))
}
