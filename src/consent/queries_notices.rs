//! SQL of notice texts for the platform: versions, who stands on which, the draft. For the job's reach.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;

use super::model::Notice;
use crate::base::Failure;

/// A version of the text.
#[derive(Clone, Debug)]
pub(super) struct VersionRow {
    pub(super) version: String,
    /// In force from then on.
    pub(super) published_at: DateTime<Utc>,
    /// `None`: it came with the program.
    pub(super) published_by: Option<String>,
    pub(super) languages: Vec<String>,
    /// Consents that stand on it and are not withdrawn.
    pub(super) standing: i64,
    /// Tenants that ever accepted it.
    pub(super) accepted: i64,
}

/// Every version, newest first.
pub(super) async fn versions(conn: &mut PgConnection) -> Result<Vec<VersionRow>, Failure> {
    let rows = sqlx::query_as!(
        VersionRow,
        r#"select t.version, max(t.published_at) as "published_at!", max(t.published_by) as published_by,
                  array_agg(t.language order by t.language) as "languages!",
                  (select count(*) from consent c where c.notice_version = t.version and c.status <> 'withdrawn') as "standing!",
                  (select count(distinct e.tenant_id) from consent_entry e
                   where e.notice_version = t.version and e.action in ('granted', 'changed')) as "accepted!"
           from notice_text t group by t.version order by max(t.published_at) desc, t.version desc"#
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// A version in both languages.
pub(super) async fn texts(conn: &mut PgConnection, version: &str) -> Result<Vec<Notice>, Failure> {
    let rows = sqlx::query_as!(
        Notice,
        "select version, language, title, body, sha256, published_at from notice_text where version = $1 order by language desc",
        version
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// The version in force before another one.
pub(super) async fn version_before(conn: &mut PgConnection, version: &str) -> Result<Option<String>, Failure> {
    let found = sqlx::query_scalar!(
        "select version from notice_text
         where (published_at, version) < (select max(published_at), $1::text from notice_text where version = $1)
         order by published_at desc, version desc limit 1",
        version
    )
    .fetch_optional(conn)
    .await?;
    Ok(found)
}

/// A text that is being written.
#[derive(Clone, Debug)]
pub(super) struct DraftRow {
    pub(super) language: String,
    pub(super) version: String,
    pub(super) title: String,
    pub(super) body: String,
    pub(super) saved_by: String,
    pub(super) saved_at: DateTime<Utc>,
}

/// The draft, English first; empty when there is none. Locked when it is about to be published.
pub(super) async fn draft(conn: &mut PgConnection) -> Result<Vec<DraftRow>, Failure> {
    let rows = sqlx::query_as!(
        DraftRow,
        "select language, version, title, body, saved_by, saved_at from notice_draft order by language desc for update"
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Keeps one language of the draft.
pub(super) async fn put_draft(conn: &mut PgConnection, row: &DraftRow) -> Result<(), Failure> {
    sqlx::query!(
        "insert into notice_draft (language, version, title, body, saved_by, saved_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (language) do update set version = excluded.version, title = excluded.title, body = excluded.body,
           saved_by = excluded.saved_by, saved_at = excluded.saved_at",
        row.language,
        row.version,
        row.title,
        row.body,
        row.saved_by,
        row.saved_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Throws the draft away.
pub(super) async fn drop_draft(conn: &mut PgConnection) -> Result<(), Failure> {
    sqlx::query!("delete from notice_draft").execute(conn).await?;
    Ok(())
}

/// Whether a version is published.
pub(super) async fn is_published(conn: &mut PgConnection, version: &str) -> Result<bool, Failure> {
    let found = sqlx::query_scalar!(r#"select exists (select from notice_text where version = $1) as "found!""#, version);
    Ok(found.fetch_one(conn).await?)
}

/// Publishes one language of a version. A text that is there is never changed.
pub(super) async fn publish(
    conn: &mut PgConnection,
    row: &DraftRow,
    sha256: &[u8],
    by: &str,
    at: DateTime<Utc>,
) -> Result<(), Failure> {
    sqlx::query!(
        "insert into notice_text (version, language, title, body, sha256, published_at, published_by) values ($1, $2, $3, $4, $5, $6, $7)",
        row.version,
        row.language,
        row.title,
        row.body,
        sha256,
        at,
        by
    )
    .execute(conn)
    .await?;
    Ok(())
}
