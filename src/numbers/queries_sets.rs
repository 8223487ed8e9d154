//! SQL of change sets. Indexes: the primary keys; `change_set_running_ix` and `change_set_unrun_ix` for the job.

use chrono::DateTime;
use chrono::Utc;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

use super::model_sets::SetAction;
use super::queries::word;
use crate::base::Actor;
use crate::base::Failure;
use crate::base::TenantId;
use crate::base::write_time;

/// A change set as its tenant sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChangeSet {
    pub id: Uuid,
    pub name: String,
    /// `assign`, `unassign`, `set_usage`, `tag`, `untag`, `set_emergency_location` or `request_release`.
    pub action: String,
    /// `paste`, `file`, `filter` or `api`.
    pub source: String,
    /// The query of the list of numbers that the rows were taken from.
    pub filter: Option<String>,
    /// `draft` (kept, not checked), `checked`, `running`, `done`, `partial` (some rows were refused), `failed` (all were) or
    /// `undone`.
    pub state: String,
    /// What is running: `run` or `undo`.
    pub phase: Option<String>,
    /// Rows it has.
    #[serde(rename = "total")]
    pub rows: i32,
    /// Rows that run.
    pub fine: i32,
    /// Rows that run, with something to know before.
    pub noted: i32,
    pub refused: i32,
    /// Rows done so far.
    pub done: i32,
    /// Rows taken back so far.
    pub undone: i32,
    /// Rows that were not taken back: changed since, or refused now.
    pub kept: i32,
    /// Who ran it; before that, who made it.
    pub actor_label: String,
    #[serde(serialize_with = "write_time")]
    pub created_at: DateTime<Utc>,
    #[serde(serialize_with = "write_time")]
    pub checked_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "write_time")]
    pub run_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "write_time")]
    pub finished_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "write_time")]
    pub undo_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "write_time")]
    pub undone_at: Option<DateTime<Utc>>,
}

impl ChangeSet {
    /// Rows that the check let through.
    #[must_use]
    pub const fn good(&self) -> i32 {
        self.fine + self.noted
    }

    /// How far the running phase is: rows settled, of how many.
    #[must_use]
    pub fn progress(&self) -> (i32, i32) {
        if self.phase.as_deref() == Some("undo") || self.state == "undone" {
            return (self.undone + self.kept, self.done);
        }
        let refused_in_run = self.refused - (self.rows - self.good());
        (self.done + refused_in_run.max(0), self.good())
    }
}

/// What a change set is made of.
#[derive(Clone, Copy, Debug)]
pub struct NewSet<'a> {
    pub id: Uuid,
    pub name: &'a str,
    pub action: SetAction,
    pub source: &'a str,
    pub filter: Option<&'a str>,
    pub rows: i32,
    pub actor: &'a Actor,
    pub request_id: &'a str,
    pub at: DateTime<Utc>,
}

pub async fn insert_set(conn: &mut PgConnection, tenant: TenantId, new: NewSet<'_>) -> Result<(), Failure> {
    sqlx::query!(
        "insert into change_set (tenant_id, id, name, action, source, filter, state, rows, actor_kind, actor_id, actor_label, request_id,
                                 created_at)
         values ($1, $2, $3, $4, $5, $6, 'draft', $7, $8, $9, $10, $11, $12)",
        tenant.0,
        new.id,
        new.name,
        new.action.as_str(),
        new.source,
        new.filter,
        new.rows,
        new.actor.kind(),
        new.actor.id(),
        new.actor.label(),
        new.request_id,
        new.at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One set, or the newest ones when none is named; behind `before` in that order.
pub async fn sets(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: Option<Uuid>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<ChangeSet>, Failure> {
    Ok(sqlx::query_as!(
        ChangeSet,
        "select id, name, action, source, filter, state, phase, rows, fine, noted, refused, done, undone, kept, actor_label, created_at,
                checked_at, run_at, finished_at, undo_at, undone_at
         from change_set
         where tenant_id = $1 and ($2::uuid is null or id = $2) and ($3::uuid is null or id < $3)
         order by id desc limit $4",
        tenant.0,
        id,
        before,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// State and action of a set, locked until the transaction ends.
pub async fn lock_set(conn: &mut PgConnection, tenant: TenantId, id: Uuid) -> Result<Option<(String, SetAction)>, Failure> {
    let row = sqlx::query!("select state, action from change_set where tenant_id = $1 and id = $2 for update", tenant.0, id)
        .fetch_optional(conn)
        .await?;
    row.map(|row| Ok((row.state, word(SetAction::parse, &row.action)?))).transpose()
}

/// A set at work.
#[derive(Clone, Debug)]
pub struct Working {
    /// `run` or `undo`.
    pub phase: String,
    pub at_row: i32,
    pub actor_kind: String,
    pub actor_id: String,
    pub actor_label: String,
    pub request_id: String,
}

/// A running set, locked until the transaction ends; none when another process has it or it is at rest.
pub async fn lock_running(conn: &mut PgConnection, tenant: TenantId, id: Uuid) -> Result<Option<Working>, Failure> {
    let row = sqlx::query!(
        r#"select phase as "phase!", at_row, actor_kind, actor_id, actor_label, request_id
           from change_set where tenant_id = $1 and id = $2 and state = 'running' for update skip locked"#,
        tenant.0,
        id
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Working {
        phase: row.phase,
        at_row: row.at_row,
        actor_kind: row.actor_kind,
        actor_id: row.actor_id,
        actor_label: row.actor_label,
        request_id: row.request_id,
    }))
}

/// Sets of all tenants that are at work, oldest first.
pub async fn running(conn: &mut PgConnection, limit: i64) -> Result<Vec<(TenantId, Uuid)>, Failure> {
    let rows = sqlx::query!("select tenant_id, id from change_set where state = 'running' order by created_at, id limit $1", limit)
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (TenantId(row.tenant_id), row.id)).collect())
}

/// Drops sets of all tenants that nobody ran, made before a time; answers how many.
pub async fn drop_unrun(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> Result<u64, Failure> {
    let done = sqlx::query!(
        "delete from change_set s using (
           select tenant_id, id from change_set where state in ('draft', 'checked') and created_at < $1 limit $2 for update skip locked) d
         where s.tenant_id = d.tenant_id and s.id = d.id",
        before,
        limit
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

pub async fn drop_set(conn: &mut PgConnection, tenant: TenantId, id: Uuid) -> Result<(), Failure> {
    sqlx::query!("delete from change_set where tenant_id = $1 and id = $2", tenant.0, id).execute(conn).await?;
    Ok(())
}

/// Counts the verdicts and says that the set is checked.
pub async fn set_checked(conn: &mut PgConnection, tenant: TenantId, id: Uuid, at: DateTime<Utc>) -> Result<(), Failure> {
    sqlx::query!(
        "update change_set s set state = 'checked', checked_at = $3, fine = c.fine, noted = c.noted, refused = c.refused
         from (select count(*) filter (where verdict = 'fine')::int as fine, count(*) filter (where verdict = 'note')::int as noted,
                      count(*) filter (where verdict = 'refused')::int as refused
               from change_set_row where tenant_id = $1 and set_id = $2) c
         where s.tenant_id = $1 and s.id = $2",
        tenant.0,
        id,
        at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets a checked set to work, in the name of who asked; rows refused by the check are settled with it.
pub async fn begin_run(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
    (actor, request_id): (&Actor, &str),
    at: DateTime<Utc>,
) -> Result<(), Failure> {
    sqlx::query!(
        "update change_set_row set outcome = 'refused' where tenant_id = $1 and set_id = $2 and verdict = 'refused'",
        tenant.0,
        id
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update change_set
         set state = 'running', phase = 'run', at_row = 0, run_at = $3, actor_kind = $4, actor_id = $5, actor_label = $6, request_id = $7
         where tenant_id = $1 and id = $2",
        tenant.0,
        id,
        at,
        actor.kind(),
        actor.id(),
        actor.label(),
        request_id
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Begins to take a set back, in the name of who asked.
pub async fn begin_undo(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
    (actor, request_id): (&Actor, &str),
    at: DateTime<Utc>,
) -> Result<(), Failure> {
    sqlx::query!(
        "update change_set
         set state = 'running', phase = 'undo', at_row = 0, undo_at = $3, actor_kind = $4, actor_id = $5, actor_label = $6, request_id = $7
         where tenant_id = $1 and id = $2",
        tenant.0,
        id,
        at,
        actor.kind(),
        actor.id(),
        actor.label(),
        request_id
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How far a batch came: the last row, and the rows settled in it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Came {
    pub at_row: i32,
    pub done: i32,
    pub refused: i32,
    pub undone: i32,
    pub kept: i32,
}

pub async fn advance(conn: &mut PgConnection, tenant: TenantId, id: Uuid, came: Came) -> Result<(), Failure> {
    sqlx::query!(
        "update change_set
         set at_row = $3, done = done + $4, refused = refused + $5, undone = undone + $6, kept = kept + $7
         where tenant_id = $1 and id = $2",
        tenant.0,
        id,
        came.at_row,
        came.done,
        came.refused,
        came.undone,
        came.kept
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends the phase of a set whose rows are all settled.
pub async fn finish(conn: &mut PgConnection, tenant: TenantId, id: Uuid, at: DateTime<Utc>) -> Result<(), Failure> {
    sqlx::query!(
        "update change_set
         set state = case when phase = 'undo' then 'undone' when done = 0 then 'failed' when refused > 0 then 'partial' else 'done' end,
             finished_at = case when phase = 'run' then $3 else finished_at end,
             undone_at = case when phase = 'undo' then $3 else undone_at end,
             phase = null
         where tenant_id = $1 and id = $2 and state = 'running'",
        tenant.0,
        id,
        at
    )
    .execute(conn)
    .await?;
    Ok(())
}
