//! SQL of sessions and their index. Session ids are stored as hashes: who reads the table cannot take a session over.

use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;
use sqlx::PgConnection;
use sqlx::PgExecutor;
use sqlx::types::Json;
use uuid::Uuid;

use crate::base::AccountId;
use crate::base::Failure;

/// Whether the row is new; `false` when the id is taken.
pub async fn insert(db: impl PgExecutor<'_>, id: &str, data: &[u8], expiry: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let done =
        sqlx::query!("insert into session (id, data, expiry_date) values ($1, $2, $3) on conflict do nothing", id, data, expiry)
            .execute(db)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Never brings back a session that was ended in the meantime.
pub async fn update(db: impl PgExecutor<'_>, id: &str, data: &[u8], expiry: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query!("update session set data = $2, expiry_date = $3 where id = $1", id, data, expiry).execute(db).await?;
    Ok(())
}

pub async fn touch(db: impl PgExecutor<'_>, id: &str, expiry: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query!("update session set expiry_date = $2 where id = $1", id, expiry).execute(db).await?;
    Ok(())
}

pub async fn load(db: impl PgExecutor<'_>, id: &str, now: DateTime<Utc>) -> Result<Option<(Vec<u8>, DateTime<Utc>)>, sqlx::Error> {
    let row = sqlx::query!("select data, expiry_date from session where id = $1 and expiry_date > $2", id, now)
        .fetch_optional(db)
        .await?;
    Ok(row.map(|row| (row.data, row.expiry_date)))
}

pub async fn delete(db: impl PgExecutor<'_>, id: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "with gone as (delete from session where id = $1)
         delete from session_index where session_id = $1",
        id
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn insert_index(
    db: impl PgExecutor<'_>,
    id: &str,
    account: AccountId,
    created_at: DateTime<Utc>,
    user_agent: Option<&str>,
    address: Option<&str>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into session_index (session_id, account_id, created_at, user_agent, address) values ($1, $2, $3, $4, $5)
         on conflict (session_id) do update set account_id = excluded.account_id, created_at = excluded.created_at,
           user_agent = excluded.user_agent, address = excluded.address",
        id,
        account.0,
        created_at,
        user_agent,
        address
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A membership inside [`Resolved`].
#[derive(Debug, Deserialize)]
pub struct MembershipRow {
    pub kind: String,
    pub org: Uuid,
    pub role: String,
    pub slug: String,
    pub name: String,
}

/// A session, its account and the account's memberships.
pub struct Resolved {
    pub data: Vec<u8>,
    pub expiry: DateTime<Utc>,
    pub account: Option<Uuid>,
    pub email: Option<String>,
    pub name: Option<String>,
    pub language: Option<String>,
    pub time_zone: Option<String>,
    pub theme: Option<String>,
    pub epoch: Option<i32>,
    pub memberships: Json<Vec<MembershipRow>>,
}

/// All a page needs to know about who looks at it, in one query.
pub async fn resolve(db: impl PgExecutor<'_>, id: &str, now: DateTime<Utc>) -> Result<Option<Resolved>, Failure> {
    let row = sqlx::query_as!(
        Resolved,
        r#"select s.data, s.expiry_date as expiry, a.id as "account?", a.email as "email?", a.name as "name?", a.language,
                  a.time_zone, a.theme as "theme?", a.session_epoch as "epoch?",
                  coalesce((
                    select json_agg(json_build_object('kind', m.org_kind, 'org', m.org_id, 'role', m.role,
                                    'slug', coalesce(t.slug, o.slug, ''), 'name', coalesce(t.name, o.name, 'Platform'))
                                    order by m.org_kind desc, coalesce(t.name, o.name, ''), m.org_id)
                    from membership m
                    left join tenant t on m.org_kind = 'tenant' and t.id = m.org_id
                    left join operator o on m.org_kind = 'operator' and o.id = m.org_id
                    where m.account_id = a.id), '[]') as "memberships!: Json<Vec<MembershipRow>>"
           from session s
           left join session_index i on i.session_id = s.id
           left join account a on a.id = i.account_id and a.disabled_at is null
           where s.id = $1 and s.expiry_date > $2"#,
        id,
        now
    )
    .fetch_optional(db)
    .await?;
    Ok(row)
}

/// A session as its owner sees it.
#[derive(Clone, Debug)]
pub struct OwnSession {
    /// Its handle; not the secret in the cookie.
    pub id: String,
    pub created_at: DateTime<Utc>,
    pub user_agent: Option<String>,
    pub address: Option<String>,
    pub expires_at: DateTime<Utc>,
}

pub async fn of_account(conn: &mut PgConnection, account: AccountId, now: DateTime<Utc>) -> Result<Vec<OwnSession>, Failure> {
    let rows = sqlx::query_as!(
        OwnSession,
        "select i.session_id as id, i.created_at, i.user_agent, i.address, s.expiry_date as expires_at
         from session_index i
         join session s on s.id = i.session_id
         where i.account_id = $1 and s.expiry_date > $2
         order by i.created_at desc, i.session_id
         limit 100",
        account.0,
        now
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Ends one session of the account; whether there was one.
pub async fn end_one(conn: &mut PgConnection, account: AccountId, id: &str) -> Result<bool, Failure> {
    let gone = sqlx::query!(
        "with gone as (delete from session_index where session_id = $2 and account_id = $1 returning session_id)
         delete from session where id in (select session_id from gone)",
        account.0,
        id
    )
    .execute(conn)
    .await?;
    Ok(gone.rows_affected() == 1)
}

/// Ends every session of the account but `keep`; answers how many ended.
pub async fn end_all(conn: &mut PgConnection, account: AccountId, keep: Option<&str>) -> Result<u64, Failure> {
    let gone = sqlx::query!(
        "with gone as (delete from session_index where account_id = $1 and session_id is distinct from $2 returning session_id)
         delete from session where id in (select session_id from gone)",
        account.0,
        keep
    )
    .execute(conn)
    .await?;
    Ok(gone.rows_affected())
}
