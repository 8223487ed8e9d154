//! All SQL of identity but sessions (see `queries_session`) and set-up (see `queries_setup`). The tables are global; what an
//! organisation may see of them is held by the org in every `where`.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use sqlx::PgExecutor;
use uuid::Uuid;

use super::api::FeedOut;
use super::log::Entry;
use super::queries_keys;
use crate::base::AccountId;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Org;
use crate::base::TenantId;

/// Who holds a token.
pub struct TokenHolder {
    pub client_id: String,
    pub client_name: String,
    pub org_kind: String,
    pub org_id: Uuid,
    pub client_scopes: Vec<String>,
    pub token_scopes: Vec<String>,
    pub expires_at: DateTime<Utc>,
    pub revoked: bool,
}

pub async fn token_holder(db: impl PgExecutor<'_>, token_hash: &[u8]) -> Result<Option<TokenHolder>, Failure> {
    let row = sqlx::query_as!(
        TokenHolder,
        r#"select c.id as client_id, c.name as client_name, c.org_kind, c.org_id, c.scopes as client_scopes,
                  t.scopes as token_scopes, t.expires_at, c.revoked_at is not null as "revoked!"
           from access_token t
           join api_client c on c.id = t.client_id
           where t.token_hash = $1"#,
        token_hash
    )
    .fetch_optional(db)
    .await?;
    Ok(row)
}

/// What is needed to issue a token.
pub struct ClientSecret {
    pub org_kind: String,
    pub org_id: Uuid,
    /// `None` for a client that has keys only.
    pub secret_hash: Option<Vec<u8>>,
    pub scopes: Vec<String>,
    pub revoked: bool,
}

pub async fn client_secret(db: impl PgExecutor<'_>, client_id: &str) -> Result<Option<ClientSecret>, Failure> {
    let row = sqlx::query_as!(
        ClientSecret,
        r#"select org_kind, org_id, secret_hash, scopes, revoked_at is not null as "revoked!" from api_client where id = $1"#,
        client_id
    )
    .fetch_optional(db)
    .await?;
    Ok(row)
}

pub async fn insert_token(
    conn: &mut PgConnection,
    client_id: &str,
    token_hash: &[u8],
    scopes: &[String],
    expires_at: DateTime<Utc>,
) -> Result<(), Failure> {
    sqlx::query!(
        "insert into access_token (token_hash, client_id, scopes, expires_at) values ($1, $2, $3, $4)",
        token_hash,
        client_id,
        scopes,
        expires_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Short name and name of an organisation; `None` when it does not exist.
pub async fn org_names(conn: &mut PgConnection, org: Org) -> Result<Option<(String, String)>, Failure> {
    let row = match org {
        Org::Platform => return Ok(Some((String::new(), "Platform".to_owned()))),
        Org::Tenant(id) => sqlx::query!("select slug, name from tenant where id = $1", id.0)
            .fetch_optional(conn)
            .await?
            .map(|row| (row.slug, row.name)),
        Org::Operator(id) => sqlx::query!("select slug, name from operator where id = $1", id.0)
            .fetch_optional(conn)
            .await?
            .map(|row| (row.slug, row.name)),
    };
    Ok(row)
}

/// Positions of an operator's feeds.
pub async fn feeds(conn: &mut PgConnection, operator: OperatorId) -> Result<Vec<FeedOut>, Failure> {
    let rows = sqlx::query_as!(
        FeedOut,
        "select feed, last_seq as head_seq, acked_seq, acked_at from feed_head where operator_id = $1 order by feed",
        operator.0
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// An API client as its organisation sees it.
#[derive(Clone, Debug)]
pub struct Client {
    pub id: String,
    pub name: String,
    pub scopes: Vec<String>,
    pub created_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    /// Whether its secret is good.
    pub has_secret: bool,
    /// Public keys it may sign with.
    pub keys: i64,
}

pub async fn clients(conn: &mut PgConnection, org: Org) -> Result<Vec<Client>, Failure> {
    let rows = sqlx::query_as!(
        Client,
        r#"select id, name, scopes, created_at, last_used_at, revoked_at, secret_hash is not null as "has_secret!",
                  (select count(*) from api_client_key k where k.client_id = c.id) as "keys!"
           from api_client c
           where org_kind = $1 and org_id = $2
           order by revoked_at is not null, created_at desc, id"#,
        org.kind(),
        org.id()
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

pub async fn insert_client(
    conn: &mut PgConnection,
    org: Org,
    id: &str,
    name: &str,
    secret_hash: &[u8],
    scopes: &[String],
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    sqlx::query!(
        "insert into api_client (id, org_kind, org_id, name, secret_hash, scopes, created_at) values ($1, $2, $3, $4, $5, $6, $7)",
        id,
        org.kind(),
        org.id(),
        name,
        secret_hash,
        scopes,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Revokes a client that is not revoked yet and ends its tokens; whether there was one.
pub async fn revoke_client(conn: &mut PgConnection, org: Org, id: &str, now: DateTime<Utc>) -> Result<bool, Failure> {
    let revoked = sqlx::query!(
        "update api_client set revoked_at = $4 where org_kind = $1 and org_id = $2 and id = $3 and revoked_at is null",
        org.kind(),
        org.id(),
        id,
        now
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if revoked == 1 {
        queries_keys::end_tokens(conn, id).await?;
    }
    Ok(revoked == 1)
}

/// What signing in needs to know of an account.
pub struct Credentials {
    pub id: AccountId,
    pub name: String,
    pub password_hash: Option<String>,
    pub session_epoch: i32,
    pub disabled: bool,
}

pub async fn credentials_by_email(db: impl PgExecutor<'_>, email: &str) -> Result<Option<Credentials>, Failure> {
    let row = sqlx::query_as!(
        Credentials,
        r#"select id as "id: Uuid", name, password_hash, session_epoch, disabled_at is not null as "disabled!"
           from account where lower(email) = lower($1)"#,
        email
    )
    .fetch_optional(db)
    .await?;
    Ok(row)
}

pub async fn credentials(db: impl PgExecutor<'_>, account: AccountId) -> Result<Option<Credentials>, Failure> {
    let row = sqlx::query_as!(
        Credentials,
        r#"select id as "id: Uuid", name, password_hash, session_epoch, disabled_at is not null as "disabled!"
           from account where id = $1"#,
        account.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row)
}

/// The organisations an account belongs to, as (kind, id).
pub async fn orgs_of(db: impl PgExecutor<'_>, account: AccountId) -> Result<Vec<(String, Uuid)>, Failure> {
    let rows = sqlx::query!("select org_kind, org_id from membership where account_id = $1 order by org_kind, org_id", account.0)
        .fetch_all(db)
        .await?;
    Ok(rows.into_iter().map(|row| (row.org_kind, row.org_id)).collect())
}

pub async fn set_password(conn: &mut PgConnection, account: AccountId, hash: &str) -> Result<(), Failure> {
    sqlx::query!("update account set password_hash = $2 where id = $1", account.0, hash).execute(conn).await?;
    Ok(())
}

/// Ends every session of the account at once: those that carry an older epoch no longer count. Answers the new epoch.
pub async fn next_epoch(conn: &mut PgConnection, account: AccountId) -> Result<i32, Failure> {
    let epoch = sqlx::query_scalar!(
        "update account set session_epoch = session_epoch + 1 where id = $1 returning session_epoch",
        account.0
    )
    .fetch_one(conn)
    .await?;
    Ok(epoch)
}

pub async fn save_account(
    conn: &mut PgConnection,
    account: AccountId,
    name: &str,
    language: Option<&str>,
    time_zone: Option<&str>,
    theme: &str,
) -> Result<(), Failure> {
    sqlx::query!(
        "update account set name = $2, language = $3, time_zone = $4, theme = $5 where id = $1",
        account.0,
        name,
        language,
        time_zone,
        theme
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn insert_request_log(conn: &mut PgConnection, entries: &[Entry]) -> Result<(), Failure> {
    let orgs: Vec<Uuid> = entries.iter().map(|e| e.org).collect();
    let ats: Vec<DateTime<Utc>> = entries.iter().map(|e| e.at).collect();
    let ids: Vec<Uuid> = entries.iter().map(|e| e.id).collect();
    let clients: Vec<String> = entries.iter().map(|e| e.client.clone()).collect();
    let methods: Vec<String> = entries.iter().map(|e| e.method.clone()).collect();
    let routes: Vec<String> = entries.iter().map(|e| e.route.clone()).collect();
    let statuses: Vec<i16> = entries.iter().map(|e| i16::try_from(e.status).unwrap_or(0)).collect();
    let elapsed: Vec<i32> = entries.iter().map(|e| e.elapsed_ms).collect();
    let requests: Vec<String> = entries.iter().map(|e| e.request_id.clone()).collect();
    let codes: Vec<Option<String>> = entries.iter().map(|e| e.problem_code.map(str::to_owned)).collect();
    sqlx::query!(
        "insert into request_log (org_id, at, id, client_id, method, route, status, elapsed_ms, request_id, problem_code)
         select * from unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::smallint[],
                              $8::integer[], $9::text[], $10::text[])
         on conflict do nothing",
        &orgs,
        &ats,
        &ids,
        &clients,
        &methods,
        &routes,
        &statuses,
        &elapsed,
        &requests,
        &codes as &[Option<String>]
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update api_client c set last_used_at = greatest(c.last_used_at, u.at)
         from (select id, max(at) as at from unnest($1::text[], $2::timestamptz[]) as x(id, at) group by id) u
         where c.id = u.id",
        &clients,
        &ats
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes up to `limit` rows each that are past their time; answers how many went.
pub async fn purge(conn: &mut PgConnection, now: DateTime<Utc>, limit: i64) -> Result<u64, Failure> {
    let sessions = sqlx::query!(
        "with gone as (delete from session where id in (select id from session where expiry_date <= $1 limit $2) returning id)
         delete from session_index where session_id in (select id from gone)",
        now,
        limit
    )
    .execute(&mut *conn)
    .await?;
    let tokens = sqlx::query!(
        "delete from access_token where token_hash in (
           select token_hash from access_token where expires_at <= $1::timestamptz - interval '1 hour' limit $2)",
        now,
        limit
    )
    .execute(&mut *conn)
    .await?;
    let log = sqlx::query!(
        "delete from request_log where (org_id, at, id) in (
           select org_id, at, id from request_log where at < $1::timestamptz - interval '30 days' order by at limit $2)",
        now,
        limit
    )
    .execute(conn)
    .await?;
    Ok(sessions.rows_affected() + tokens.rows_affected() + log.rows_affected())
}

/// Sets how long a tenant's numbers rest after their last use: days, 0 none, -1 for ever. The caller has checked the right.
///
/// # Errors
/// When the database is away.
pub async fn set_quarantine_days(conn: &mut PgConnection, tenant: TenantId, days: i32) -> Result<(), Failure> {
    sqlx::query!("update tenant set quarantine_days = $2 where id = $1", tenant.0, days).execute(conn).await?;
    Ok(())
}
