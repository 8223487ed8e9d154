//! Pasted lists of numbers. Index: the primary key.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::model_filter::Pasted;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;

/// A list as kept.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct NumberList {
    pub numbers: Vec<String>,
    /// Lines that were no number.
    pub unread: Vec<String>,
}

/// Keeps a list, and drops the organisation's lists older than `oldest`.
///
/// # Errors
/// When the database is away.
pub async fn keep(
    conn: &mut PgConnection,
    org: Uuid,
    id: Uuid,
    pasted: &Pasted,
    now: DateTime<Utc>,
    oldest: DateTime<Utc>,
) -> Result<(), Failure> {
    sqlx::query!("delete from number_list where org_id = $1 and created_at < $2", org, oldest).execute(&mut *conn).await?;
    sqlx::query!(
        "insert into number_list (org_id, id, numbers, unread, created_at) values ($1, $2, $3, $4, $5)",
        org,
        id,
        &pasted.numbers,
        &pasted.unread,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A list of the organisation.
///
/// # Errors
/// When the database is away.
pub async fn find(conn: &mut PgConnection, org: Uuid, id: Uuid) -> Result<Option<NumberList>, Failure> {
    Ok(sqlx::query_as!(NumberList, "select numbers, unread from number_list where org_id = $1 and id = $2", org, id)
        .fetch_optional(conn)
        .await?)
}

/// Which of these numbers the tenant has not.
///
/// # Errors
/// When the database is away.
pub async fn unknown_to_tenant(conn: &mut PgConnection, tenant: TenantId, numbers: &[String]) -> Result<Vec<String>, Failure> {
    Ok(sqlx::query_scalar!(
        r#"select l.e164 as "e164!" from unnest($2::text[]) with ordinality as l (e164, at)
           where not exists (select from number n where n.tenant_id = $1 and n.e164 = l.e164) order by l.at"#,
        tenant.0,
        numbers
    )
    .fetch_all(conn)
    .await?)
}

/// Which of these numbers the operator does not serve for one of these (tenant, country) pairs.
///
/// # Errors
/// When the database is away.
pub async fn unknown_to_operator(
    conn: &mut PgConnection,
    operator: OperatorId,
    open: &[(Uuid, String)],
    numbers: &[String],
) -> Result<Vec<String>, Failure> {
    let (tenants, countries): (Vec<Uuid>, Vec<String>) = open.iter().cloned().unzip();
    Ok(sqlx::query_scalar!(
        r#"select l.e164 as "e164!" from unnest($4::text[]) with ordinality as l (e164, at)
           where not exists (select from number n where n.operator_id = $1 and n.e164 = l.e164
                               and (n.tenant_id, n.country) in (select * from unnest($2::uuid[], $3::text[])))
           order by l.at"#,
        operator.0,
        &tenants,
        &countries,
        numbers
    )
    .fetch_all(conn)
    .await?)
}
