//! SQL that takes the personal part out of entries of the log.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::queries::record_erasure;
use crate::base::Ctx;
use crate::base::Failure;

/// Erases who acted and from where in entries of the log of the organisation that `ctx` acts for, and appends the erasure, which is
/// an entry like any other. The hash of what is gone is kept, so the chain still proves. Needs a reach over all organisations:
/// nobody else may change an entry. Answers how many there were.
///
/// # Errors
/// When the database is away.
pub async fn erase(conn: &mut PgConnection, ctx: &Ctx, entries: &[(DateTime<Utc>, Uuid)], reason: &str) -> Result<u64, Failure> {
    let ats: Vec<DateTime<Utc>> = entries.iter().map(|entry| entry.0).collect();
    let ids: Vec<Uuid> = entries.iter().map(|entry| entry.1).collect();
    // The same bytes as `store::personal_hash`: length of the salt, salt, name and address.
    let erased = sqlx::query!(
        "update audit_event a
         set personal_hash = sha256(int8send(octet_length(a.salt)::bigint) || a.salt
                                    || convert_to(coalesce(a.actor_label, '') || chr(31) || coalesce(a.address, ''), 'UTF8')),
             salt = null, actor_label = null, address = null
         from unnest($2::timestamptz[], $3::uuid[]) as x(t, i)
         where a.org_id = $1 and a.at = x.t and a.id = x.i and a.salt is not null",
        ctx.org.id(),
        &ats,
        &ids
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    record_erasure(conn, ctx, "audit.erase", &ids, erased, reason).await?;
    Ok(erased)
}
