//! Files between check and run: numbers of an operator, people and accounts of a tenant. Index: the primary keys.

use chrono::DateTime;
use chrono::Utc;
use serde_json::Value;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;

/// A file as kept.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Upload {
    pub id: Uuid,
    pub file_name: String,
    pub rows: Json<Vec<Value>>,
    pub created_at: DateTime<Utc>,
}

/// Whose files, and with that of what.
#[derive(Clone, Copy, Debug)]
pub enum Owner {
    /// Files of numbers.
    Operator(OperatorId),
    /// Files of people and accounts.
    Tenant(TenantId),
}

impl Owner {
    /// Table, its owner's column, and the owner.
    const fn place(self) -> (&'static str, &'static str, Uuid) {
        match self {
            Self::Operator(id) => ("number_upload", "operator_id", id.0),
            Self::Tenant(id) => ("target_upload", "tenant_id", id.0),
        }
    }
}

/// Keeps a file, and drops the owner's files older than `oldest`.
///
/// # Errors
/// When the database is away.
pub async fn keep(
    conn: &mut PgConnection,
    owner: Owner,
    upload: &Upload,
    actor_label: &str,
    oldest: DateTime<Utc>,
) -> Result<(), Failure> {
    let (table, column, id) = owner.place();
    let sql = format!("delete from {table} where {column} = $1 and created_at < $2");
    sqlx::query(&sql).bind(id).bind(oldest).execute(&mut *conn).await?;
    let sql =
        format!("insert into {table} ({column}, id, file_name, rows, actor_label, created_at) values ($1, $2, $3, $4, $5, $6)");
    sqlx::query(&sql)
        .bind(id)
        .bind(upload.id)
        .bind(&upload.file_name)
        .bind(&upload.rows)
        .bind(actor_label)
        .bind(upload.created_at)
        .execute(conn)
        .await?;
    Ok(())
}

/// A file.
///
/// # Errors
/// When the database is away.
pub async fn find(conn: &mut PgConnection, owner: Owner, id: Uuid) -> Result<Option<Upload>, Failure> {
    let (table, column, of) = owner.place();
    let sql = format!("select id, file_name, rows, created_at from {table} where {column} = $1 and id = $2");
    Ok(sqlx::query_as(&sql).bind(of).bind(id).fetch_optional(conn).await?)
}

/// Takes a file out; who comes second waits and finds nothing.
///
/// # Errors
/// When the database is away.
pub async fn take(conn: &mut PgConnection, owner: Owner, id: Uuid) -> Result<Option<Upload>, Failure> {
    let (table, column, of) = owner.place();
    let sql = format!("delete from {table} where {column} = $1 and id = $2 returning id, file_name, rows, created_at");
    Ok(sqlx::query_as(&sql).bind(of).bind(id).fetch_optional(conn).await?)
}
