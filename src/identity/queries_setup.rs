//! SQL of set-up: organisations, accounts, memberships.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;

use super::model::OrgKind;
use super::model::Role;
use super::setup::NewOperator;
use super::setup::NewTenant;
use crate::base::AccountId;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Org;
use crate::base::TenantId;

pub async fn insert_tenant(
    conn: &mut PgConnection,
    id: TenantId,
    tenant: &NewTenant<'_>,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into tenant (id, slug, name, country, time_zone, sip_domain, quarantine_days, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        id.0,
        tenant.slug,
        tenant.name,
        tenant.country,
        tenant.time_zone,
        tenant.sip_domain,
        tenant.quarantine_days,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn insert_operator(
    conn: &mut PgConnection,
    id: OperatorId,
    operator: &NewOperator<'_>,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    sqlx::query!(
        "insert into operator (id, slug, name, time_zone, countries, services, website, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        id.0,
        operator.slug,
        operator.name,
        operator.time_zone,
        &owned(operator.countries),
        &owned(operator.services),
        operator.website,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn insert_account(
    conn: &mut PgConnection,
    id: AccountId,
    email: &str,
    name: &str,
    password_hash: Option<&str>,
    settings: (Option<&str>, Option<&str>),
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into account (id, email, name, password_hash, language, time_zone, created_at) values ($1, $2, $3, $4, $5, $6, $7)",
        id.0,
        email,
        name,
        password_hash,
        settings.0,
        settings.1,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn insert_membership(
    conn: &mut PgConnection,
    account: AccountId,
    org: Org,
    role: Role,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into membership (account_id, org_kind, org_id, role, created_at) values ($1, $2, $3, $4, $5)
         on conflict (account_id, org_kind, org_id) do update set role = excluded.role",
        account.0,
        org.kind(),
        org.id(),
        role.as_str(),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The organisation with that short name; the platform has none.
pub async fn org_by_slug(conn: &mut PgConnection, kind: OrgKind, slug: &str) -> Result<Option<Org>, Failure> {
    let id = match kind {
        OrgKind::Tenant => sqlx::query_scalar!("select id from tenant where slug = $1", slug).fetch_optional(conn).await?,
        OrgKind::Operator => sqlx::query_scalar!("select id from operator where slug = $1", slug).fetch_optional(conn).await?,
        OrgKind::Platform => None,
    };
    Ok(id.map(|id| kind.org(id)))
}

/// Every tenant and operator, by kind and name.
pub async fn all_orgs(conn: &mut PgConnection) -> Result<Vec<(Org, String)>, Failure> {
    let rows = sqlx::query!(
        r#"select 'tenant' as "kind!", id as "id!", name as "name!" from tenant
           union all
           select 'operator', id, name from operator
           order by 1 desc, 3"#
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().filter_map(|row| Some((OrgKind::parse(&row.kind)?.org(row.id), row.name))).collect())
}
