//! All SQL of the ways in which an API client proves who it is: its secret, its public keys and the assertions it has used.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use sqlx::PgExecutor;

use crate::base::Failure;
use crate::base::Org;

/// A public key as its organisation sees it.
#[derive(Clone, Debug)]
pub struct ClientKey {
    /// Its thumbprint.
    pub id: String,
    /// `ES256`, `EdDSA` or `RS256`.
    pub algorithm: String,
    pub created_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
}

impl ClientKey {
    /// Whether it is known to work, as it has been used.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.last_used_at.is_some()
    }
}

/// The canonical JWKs of a client.
pub async fn jwks(db: impl PgExecutor<'_>, client_id: &str) -> Result<Vec<String>, Failure> {
    Ok(sqlx::query_scalar!("select jwk from api_client_key where client_id = $1 order by id", client_id).fetch_all(db).await?)
}

/// Whether a client is live, and its secret still this one when it has proved itself by it. Nothing of that changes until the
/// transaction ends.
pub async fn hold_client(conn: &mut PgConnection, client_id: &str, secret_hash: Option<&[u8]>) -> Result<bool, Failure> {
    let held = sqlx::query_scalar!(
        r#"select true as "held!" from api_client
           where id = $1 and revoked_at is null and ($2::bytea is null or secret_hash = $2)
           for share"#,
        client_id,
        secret_hash
    )
    .fetch_optional(conn)
    .await?;
    Ok(held.is_some())
}

/// What became of an assertion.
pub struct Taken {
    /// False when it was taken before.
    pub fresh: bool,
    /// False when the key is the client's no more.
    pub known: bool,
}

/// Takes an assertion and notes the use of its key.
pub async fn take_assertion(
    conn: &mut PgConnection,
    client_id: &str,
    jti_hash: &[u8],
    expires_at: DateTime<Utc>,
    key: &str,
    now: DateTime<Utc>,
) -> Result<Taken, Failure> {
    let taken = sqlx::query_as!(
        Taken,
        r#"with taken as (
             insert into client_assertion (client_id, jti_hash, expires_at) values ($1, $2, $3) on conflict do nothing returning 1),
           used as (update api_client_key set last_used_at = $5 where client_id = $1 and id = $4 returning 1)
           select exists (select from taken) as "fresh!", exists (select from used) as "known!""#,
        client_id,
        jti_hash,
        expires_at,
        key,
        now
    )
    .fetch_one(conn)
    .await?;
    Ok(taken)
}

/// Whether the organisation's live client has a secret; `None` when there is no such client. Holds the client until the transaction ends.
pub async fn lock_client(conn: &mut PgConnection, org: Org, id: &str) -> Result<Option<bool>, Failure> {
    let row = sqlx::query_scalar!(
        r#"select secret_hash is not null as "secret!" from api_client
           where org_kind = $1 and org_id = $2 and id = $3 and revoked_at is null
           for no key update"#,
        org.kind(),
        org.id(),
        id
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// The keys of a client, newest first.
pub async fn keys(conn: &mut PgConnection, client_id: &str) -> Result<Vec<ClientKey>, Failure> {
    let rows = sqlx::query_as!(
        ClientKey,
        "select id, algorithm, created_at, last_used_at from api_client_key where client_id = $1 order by created_at desc, id",
        client_id
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Adds a key; false when the client has it already.
pub async fn insert_key(
    conn: &mut PgConnection,
    client_id: &str,
    id: &str,
    algorithm: &str,
    jwk: &str,
    now: DateTime<Utc>,
) -> Result<bool, Failure> {
    let added = sqlx::query!(
        "insert into api_client_key (client_id, id, algorithm, jwk, created_at) values ($1, $2, $3, $4, $5) on conflict do nothing",
        client_id,
        id,
        algorithm,
        jwk,
        now
    )
    .execute(conn)
    .await?;
    Ok(added.rows_affected() == 1)
}

/// Removes a key; whether there was one.
pub async fn delete_key(conn: &mut PgConnection, client_id: &str, id: &str) -> Result<bool, Failure> {
    let gone = sqlx::query!("delete from api_client_key where client_id = $1 and id = $2", client_id, id).execute(conn).await?;
    Ok(gone.rows_affected() == 1)
}

/// Ends a client's secret.
pub async fn drop_secret(conn: &mut PgConnection, client_id: &str) -> Result<(), Failure> {
    sqlx::query!("update api_client set secret_hash = null where id = $1", client_id).execute(conn).await?;
    Ok(())
}

/// Ends the tokens that a client holds.
pub async fn end_tokens(conn: &mut PgConnection, client_id: &str) -> Result<(), Failure> {
    sqlx::query!("delete from access_token where client_id = $1", client_id).execute(conn).await?;
    Ok(())
}

/// Forgets assertions an hour after they were good for anything: clocks of several processes differ.
pub async fn purge_assertions(conn: &mut PgConnection, now: DateTime<Utc>, limit: i64) -> Result<u64, Failure> {
    let gone = sqlx::query!(
        "delete from client_assertion where (client_id, jti_hash) in (
           select client_id, jti_hash from client_assertion where expires_at <= $1::timestamptz - interval '1 hour' limit $2)",
        now,
        limit
    )
    .execute(conn)
    .await?;
    Ok(gone.rows_affected())
}
