//! SQL that writes consents, the ledger and the relationship.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::Consent;
use super::model::RESUMED;
use super::model::RelationshipStatus;
use crate::base::Env;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;
use crate::store::Chain;
use crate::store::queue_for_chain;
use crate::transfers::Class;

/// Classes as stored.
pub(super) fn class_words(classes: &[Class]) -> Vec<String> {
    classes.iter().map(|class| class.as_str().to_owned()).collect()
}

/// Writes the consent of a pair as it is now.
pub(super) async fn put_consent(conn: &mut PgConnection, consent: &Consent) -> Result<(), Failure> {
    sqlx::query!(
        "insert into consent (tenant_id, id, operator_id, status, countries, classes, notice_version, notice_sha256, contact_name,
                              contact_email, accepted_by, since, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         on conflict (tenant_id, operator_id) do update set
           status = excluded.status, countries = excluded.countries, classes = excluded.classes,
           notice_version = excluded.notice_version, notice_sha256 = excluded.notice_sha256, contact_name = excluded.contact_name,
           contact_email = excluded.contact_email, accepted_by = excluded.accepted_by, since = excluded.since",
        consent.tenant_id,
        consent.id,
        consent.operator_id,
        consent.status.as_str(),
        &consent.countries,
        &class_words(&consent.classes),
        consent.notice_version,
        consent.notice_sha256,
        consent.contact.as_ref().map(|contact| &contact.name),
        consent.contact.as_ref().map(|contact| &contact.email),
        consent.accepted_by,
        consent.since,
        consent.created_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Appends to the ledger and queues the line for its chain.
pub(super) async fn append_entry(
    conn: &mut PgConnection,
    env: &Env,
    consent: &Consent,
    action: &str,
    (actor, address): (&str, Option<&str>),
    at: DateTime<Utc>,
) -> Result<(), Failure> {
    let id = env.id_at(at);
    sqlx::query!(
        "insert into consent_entry (tenant_id, id, consent_id, operator_id, at, action, countries, classes, notice_version,
                                    notice_sha256, actor_label, address, salt)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        consent.tenant_id,
        id,
        consent.id,
        consent.operator_id,
        at,
        action,
        &consent.countries,
        &class_words(&consent.classes),
        consent.notice_version,
        consent.notice_sha256,
        actor,
        address,
        &env.bytes::<16>()[..]
    )
    .execute(&mut *conn)
    .await?;
    queue_for_chain(conn, Chain::Consent, &[consent.tenant_id], id, Some(consent.tenant_id), at, at).await
}

/// Countries and classes that have a gate, open or closed.
pub(super) async fn gate_keys(
    conn: &mut PgConnection,
    tenant: TenantId,
    operator: OperatorId,
) -> Result<Vec<(String, String)>, Failure> {
    let rows = sqlx::query!("select country, class from gate where tenant_id = $1 and operator_id = $2", tenant.0, operator.0)
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.country, row.class)).collect())
}

/// Tells the room numbers that the pair's numbers may be announced again.
pub(super) async fn append_resumed(
    conn: &mut PgConnection,
    env: &Env,
    tenant: TenantId,
    operator: OperatorId,
    consent: Uuid,
) -> Result<(), Failure> {
    sqlx::query!(
        "insert into change (tenant_id, id, list, operator_id, subject, at) values ($1, $2, $3, $4, $5, $6)",
        tenant.0,
        env.id(),
        RESUMED,
        operator.0,
        consent.to_string(),
        env.now()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Makes the relationship of a pair, as new, unless there is one.
pub(super) async fn begin_relationship(
    conn: &mut PgConnection,
    tenant: TenantId,
    operator: OperatorId,
    at: DateTime<Utc>,
) -> Result<(), Failure> {
    sqlx::query!(
        "insert into relationship (tenant_id, operator_id, status, updated_at) values ($1, $2, 'new', $3) on conflict do nothing",
        tenant.0,
        operator.0,
        at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets the relationship of a pair.
pub(super) async fn put_relationship(
    conn: &mut PgConnection,
    tenant: TenantId,
    operator: OperatorId,
    status: RelationshipStatus,
    comment: Option<&str>,
    at: DateTime<Utc>,
) -> Result<(), Failure> {
    sqlx::query!(
        "insert into relationship (tenant_id, operator_id, status, comment, updated_at) values ($1, $2, $3, $4, $5)
         on conflict (tenant_id, operator_id) do update
           set status = excluded.status, comment = excluded.comment, updated_at = excluded.updated_at",
        tenant.0,
        operator.0,
        status.as_str(),
        comment,
        at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds a notice text unless it is there.
pub(super) async fn add_notice(
    conn: &mut PgConnection,
    (version, language): (&str, &str),
    (title, body): (&str, &str),
    sha256: &[u8],
    published_at: DateTime<Utc>,
) -> Result<(), Failure> {
    sqlx::query!(
        "insert into notice_text (version, language, title, body, sha256, published_at) values ($1, $2, $3, $4, $5, $6)
         on conflict do nothing",
        version,
        language,
        title,
        body,
        sha256,
        published_at
    )
    .execute(conn)
    .await?;
    Ok(())
}
