//! SQL of the directory of organisations and clients.

use sqlx::PgConnection;

use crate::base::OperatorId;
use crate::base::TenantId;

pub(super) async fn tenants(conn: &mut PgConnection) -> Result<Vec<(String, TenantId)>, sqlx::Error> {
    let rows = sqlx::query!("select slug, id from tenant order by slug").fetch_all(conn).await?;
    Ok(rows.into_iter().map(|row| (row.slug, TenantId(row.id))).collect())
}

pub(super) async fn operators(conn: &mut PgConnection) -> Result<Vec<(String, OperatorId)>, sqlx::Error> {
    let rows = sqlx::query!("select slug, id from operator order by slug").fetch_all(conn).await?;
    Ok(rows.into_iter().map(|row| (row.slug, OperatorId(row.id))).collect())
}

pub(super) async fn clients(conn: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!("select id from api_client where revoked_at is null order by id").fetch_all(conn).await
}
