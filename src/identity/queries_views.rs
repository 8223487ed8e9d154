//! SQL of saved views. Index: the primary key; an account has few.

use sqlx::PgConnection;
use uuid::Uuid;

use super::views::SavedView;
use crate::base::AccountId;
use crate::base::Failure;
use crate::base::Org;

/// Whose views of which list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner<'a> {
    pub org: Org,
    pub account: AccountId,
    pub page: &'a str,
}

pub(super) async fn views(conn: &mut PgConnection, owner: Owner<'_>) -> Result<Vec<SavedView>, Failure> {
    Ok(sqlx::query_as!(
        SavedView,
        "select id, name, query, columns, is_default from saved_view
         where org_id = $1 and account_id = $2 and page = $3 order by lower(name), name",
        owner.org.id(),
        owner.account.0,
        owner.page
    )
    .fetch_all(conn)
    .await?)
}

/// Writes a view; one of the same name gets the new content. Answers its id.
pub(super) async fn save(
    conn: &mut PgConnection,
    owner: Owner<'_>,
    view: &SavedView,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Uuid, Failure> {
    Ok(sqlx::query_scalar!(
        "insert into saved_view (org_id, account_id, id, page, name, query, columns, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict on constraint saved_view_name_uq do update set query = excluded.query, columns = excluded.columns
         returning id",
        owner.org.id(),
        owner.account.0,
        view.id,
        owner.page,
        view.name,
        view.query,
        &view.columns,
        now
    )
    .fetch_one(conn)
    .await?)
}

/// Gives a view another name; false when there is no such view.
pub(super) async fn rename(conn: &mut PgConnection, owner: Owner<'_>, id: Uuid, name: &str) -> Result<bool, Failure> {
    let done = sqlx::query!(
        "update saved_view set name = $5 where org_id = $1 and account_id = $2 and page = $3 and id = $4",
        owner.org.id(),
        owner.account.0,
        owner.page,
        id,
        name
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Drops a view; false when there is no such view.
pub(super) async fn remove(conn: &mut PgConnection, owner: Owner<'_>, id: Uuid) -> Result<bool, Failure> {
    let done = sqlx::query!(
        "delete from saved_view where org_id = $1 and account_id = $2 and page = $3 and id = $4",
        owner.org.id(),
        owner.account.0,
        owner.page,
        id
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Makes a view the one the list opens with, or none; false when there is no such view.
pub(super) async fn choose_default(conn: &mut PgConnection, owner: Owner<'_>, id: Option<Uuid>) -> Result<bool, Failure> {
    sqlx::query!(
        "update saved_view set is_default = false where org_id = $1 and account_id = $2 and page = $3 and is_default",
        owner.org.id(),
        owner.account.0,
        owner.page
    )
    .execute(&mut *conn)
    .await?;
    let Some(id) = id else {
        return Ok(true);
    };
    let done = sqlx::query!(
        "update saved_view set is_default = true where org_id = $1 and account_id = $2 and page = $3 and id = $4",
        owner.org.id(),
        owner.account.0,
        owner.page,
        id
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}
