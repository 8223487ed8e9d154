//! SQL that reads consents, texts, the directory and customers. What a reader may see is decided by the axis of its transaction.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::Consent;
use super::model::ConsentStatus;
use super::model::Contact;
use super::model::CustomerRow;
use super::model::Notice;
use super::model::Relationship;
use super::model::RelationshipStatus;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;
use crate::transfers::Class;

/// A consent's columns.
struct Row {
    id: Uuid,
    tenant_id: Uuid,
    operator_id: Uuid,
    status: String,
    countries: Vec<String>,
    classes: Vec<String>,
    notice_version: String,
    notice_sha256: Vec<u8>,
    contact_name: Option<String>,
    contact_email: Option<String>,
    accepted_by: String,
    since: DateTime<Utc>,
    created_at: DateTime<Utc>,
}

impl From<Row> for Consent {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            tenant_id: row.tenant_id,
            operator_id: row.operator_id,
            status: ConsentStatus::parse(&row.status),
            countries: row.countries,
            classes: row.classes.iter().filter_map(|word| Class::parse(word)).collect(),
            notice_version: row.notice_version,
            notice_sha256: row.notice_sha256,
            contact: row.contact_name.zip(row.contact_email).map(|(name, email)| Contact { name, email }),
            accepted_by: row.accepted_by,
            since: row.since,
            created_at: row.created_at,
        }
    }
}

/// How the consent of a pair stands.
///
/// # Errors
/// When the database is away.
pub async fn status(conn: &mut PgConnection, tenant: TenantId, operator: OperatorId) -> Result<ConsentStatus, Failure> {
    let found = sqlx::query_scalar!("select status from consent where tenant_id = $1 and operator_id = $2", tenant.0, operator.0)
        .fetch_optional(conn)
        .await?;
    Ok(found.map_or(ConsentStatus::None, |word| ConsentStatus::parse(&word)))
}

/// The consent of a pair.
pub(super) async fn consent(conn: &mut PgConnection, tenant: TenantId, operator: OperatorId) -> Result<Option<Consent>, Failure> {
    let row = sqlx::query_as!(
        Row,
        "select id, tenant_id, operator_id, status, countries, classes, notice_version, notice_sha256, contact_name, contact_email,
                accepted_by, since, created_at
         from consent where tenant_id = $1 and operator_id = $2",
        tenant.0,
        operator.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Consent::from))
}

/// Every consent a tenant gave.
///
/// # Errors
/// When the database is away.
pub async fn consents_of_tenant(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<Consent>, Failure> {
    let rows = sqlx::query_as!(
        Row,
        "select id, tenant_id, operator_id, status, countries, classes, notice_version, notice_sha256, contact_name, contact_email,
                accepted_by, since, created_at
         from consent where tenant_id = $1 order by created_at, id",
        tenant.0
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Consent::from).collect())
}

/// Every consent an operator got.
///
/// # Errors
/// When the database is away.
pub async fn consents_of_operator(conn: &mut PgConnection, operator: OperatorId) -> Result<Vec<Consent>, Failure> {
    let rows = sqlx::query_as!(
        Row,
        "select id, tenant_id, operator_id, status, countries, classes, notice_version, notice_sha256, contact_name, contact_email,
                accepted_by, since, created_at
         from consent where operator_id = $1 order by created_at, id",
        operator.0
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Consent::from).collect())
}

/// Which of these tenants' consents for an operator are active.
pub(super) async fn active_among(conn: &mut PgConnection, operator: OperatorId, tenants: &[Uuid]) -> Result<Vec<Uuid>, Failure> {
    Ok(sqlx::query_scalar!(
        "select tenant_id from consent where operator_id = $1 and tenant_id = any($2) and status = 'active'",
        operator.0,
        tenants
    )
    .fetch_all(conn)
    .await?)
}

/// The newest notice text; in the language wanted, else in English.
pub(super) async fn newest_notice(conn: &mut PgConnection, language: &str) -> Result<Option<Notice>, Failure> {
    let row = sqlx::query_as!(
        Notice,
        "select version, language, title, body, sha256, published_at from notice_text
         order by published_at desc, version desc, (language = $1) desc, (language = 'en') desc limit 1",
        language
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// A version of the notice text; in the language wanted, else in English.
pub(super) async fn notice(conn: &mut PgConnection, version: &str, language: &str) -> Result<Option<Notice>, Failure> {
    let row = sqlx::query_as!(
        Notice,
        "select version, language, title, body, sha256, published_at from notice_text
         where version = $1 order by (language = $2) desc, (language = 'en') desc limit 1",
        version,
        language
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// The name of a tenant.
pub(super) async fn tenant_name(conn: &mut PgConnection, tenant: TenantId) -> Result<String, Failure> {
    let name = sqlx::query_scalar!("select name from tenant where id = $1", tenant.0).fetch_optional(conn).await?;
    Ok(name.unwrap_or_default())
}

/// An operator's customers by id, after a given one; or one alone. Every tenant that has or had a consent; its contact only while
/// the consent is active.
pub(super) async fn customers(
    conn: &mut PgConnection,
    operator: OperatorId,
    only: Option<Uuid>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<CustomerRow>, Failure> {
    let rows = sqlx::query!(
        r#"select t.id as tenant, t.slug, t.name, t.country, t.time_zone, c.id, c.status, c.countries, c.classes, c.notice_version,
                  c.notice_sha256, case when c.status = 'active' then c.contact_name end as contact_name,
                  case when c.status = 'active' then c.contact_email end as contact_email, c.accepted_by, c.since, c.created_at,
                  r.status as "relation?", r.comment, r.updated_at as "updated_at?",
                  (select count(*) from number n where n.operator_id = $1 and n.tenant_id = t.id) as "numbers!",
                  (select count(*) from number n where n.operator_id = $1 and n.tenant_id = t.id
                     and n.assignment_status <> 'unassigned') as "assigned!"
           from consent c
           join tenant t on t.id = c.tenant_id
           left join relationship r on r.tenant_id = c.tenant_id and r.operator_id = c.operator_id
           where c.operator_id = $1 and ($2::uuid is null or t.id = $2) and ($3::uuid is null or t.id > $3)
           order by t.id limit $4"#,
        operator.0,
        only,
        after,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| CustomerRow {
            id: r.tenant,
            slug: r.slug,
            name: r.name,
            country: r.country,
            time_zone: r.time_zone,
            consent: Consent::from(Row {
                id: r.id,
                tenant_id: r.tenant,
                operator_id: operator.0,
                status: r.status,
                countries: r.countries,
                classes: r.classes,
                notice_version: r.notice_version,
                notice_sha256: r.notice_sha256,
                contact_name: r.contact_name,
                contact_email: r.contact_email,
                accepted_by: r.accepted_by,
                since: r.since,
                created_at: r.created_at,
            }),
            relationship: Relationship {
                status: r.relation.as_deref().and_then(RelationshipStatus::parse).unwrap_or(RelationshipStatus::New),
                comment: r.comment,
                updated_at: r.updated_at,
            },
            numbers: r.numbers,
            assigned: r.assigned,
        })
        .collect())
}
