//! SQL of the rows of change sets, and of what they name. Index: the primary key; people by `target_pk` and `target_upn_key_ix`.

use std::collections::HashMap;

use chrono::DateTime;
use chrono::Utc;
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::Quarantine;
use crate::base::Failure;
use crate::base::TenantId;

/// A row of a change set as its tenant sees it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SetRow {
    /// From 1.
    pub row: i32,
    /// As sent, or as read when it is a number.
    pub e164: String,
    /// As sent.
    #[schema(value_type = Object)]
    pub input: Value,
    /// `fine`, `note` or `refused`; null while it is not checked.
    pub verdict: Option<String>,
    /// Why it is refused, or what there is to know.
    pub code: Option<String>,
    pub field: Option<String>,
    pub value: Option<String>,
    /// The same in plain words.
    pub reason: Option<String>,
    /// How to mend it.
    pub fix: Option<String>,
    /// `done`, `same` (it was so already) or `refused`; null while it is not done.
    pub outcome: Option<String>,
    /// The number's `number_seq` after the row was done.
    pub number_seq: Option<i64>,
    /// `undone`, or `kept` when it was not taken back.
    pub undo: Option<String>,
    /// Why it was not taken back.
    pub undo_code: Option<String>,
}

/// A row to be kept. A refused one has no act.
#[derive(Clone, Debug)]
pub struct NewRow {
    pub row: i32,
    pub e164: String,
    pub input: Value,
    pub act: Option<Value>,
    pub said: Option<Said>,
}

/// What is said of a row: verdict and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// `fine`, `note` or `refused`.
    pub verdict: &'static str,
    pub code: Option<String>,
    pub field: Option<String>,
    pub value: Option<String>,
    pub reason: Option<String>,
    pub fix: Option<String>,
}

pub async fn insert_rows(conn: &mut PgConnection, tenant: TenantId, set: Uuid, rows: &[NewRow]) -> Result<(), Failure> {
    let said = |read: fn(&Said) -> Option<&str>| rows.iter().map(|row| row.said.as_ref().and_then(read)).collect::<Vec<_>>();
    let numbers: Vec<i32> = rows.iter().map(|row| row.row).collect();
    let e164s: Vec<&str> = rows.iter().map(|row| row.e164.as_str()).collect();
    let inputs: Vec<Value> = rows.iter().map(|row| row.input.clone()).collect();
    let acts: Vec<Option<Value>> = rows.iter().map(|row| row.act.clone()).collect();
    sqlx::query!(
        "insert into change_set_row (tenant_id, set_id, row, e164, input, act, verdict, code, field, value, reason, fix)
         select $1, $2, * from unnest($3::int[], $4::text[], $5::jsonb[], $6::jsonb[], $7::text[], $8::text[], $9::text[], $10::text[],
                                      $11::text[], $12::text[])",
        tenant.0,
        set,
        &numbers,
        &e164s as &[&str],
        &inputs,
        &acts as &[Option<Value>],
        &said(|said| Some(said.verdict)) as &[Option<&str>],
        &said(|said| said.code.as_deref()) as &[Option<&str>],
        &said(|said| said.field.as_deref()) as &[Option<&str>],
        &said(|said| said.value.as_deref()) as &[Option<&str>],
        &said(|said| said.reason.as_deref()) as &[Option<&str>],
        &said(|said| said.fix.as_deref()) as &[Option<&str>]
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Rows after a row, with one verdict or any; `kept`: those that were not taken back.
pub async fn rows(
    conn: &mut PgConnection,
    tenant: TenantId,
    set: Uuid,
    verdict: Option<&str>,
    after: i32,
    limit: i64,
) -> Result<Vec<SetRow>, Failure> {
    Ok(sqlx::query_as!(
        SetRow,
        "select row, e164, input, verdict, code, field, value, reason, fix, outcome, number_seq, undo, undo_code from change_set_row
         where tenant_id = $1 and set_id = $2 and row > $4
           and ($3::text is null or verdict = $3 or ($3 = 'kept' and undo = 'kept'))
         order by row limit $5",
        tenant.0,
        set,
        verdict,
        after,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// A row with something to do.
#[derive(Clone, Debug)]
pub struct Todo {
    pub row: i32,
    pub e164: String,
    pub act: Value,
}

/// Rows that could be read, for a check.
pub async fn readable(conn: &mut PgConnection, tenant: TenantId, set: Uuid) -> Result<Vec<Todo>, Failure> {
    Ok(sqlx::query_as!(
        Todo,
        r#"select row, e164, act as "act!" from change_set_row where tenant_id = $1 and set_id = $2 and act is not null order by row"#,
        tenant.0,
        set
    )
    .fetch_all(conn)
    .await?)
}

/// Rows behind `at_row` that are let through and not done.
pub async fn todo(conn: &mut PgConnection, tenant: TenantId, set: Uuid, at_row: i32, limit: i64) -> Result<Vec<Todo>, Failure> {
    Ok(sqlx::query_as!(
        Todo,
        r#"select row, e164, act as "act!" from change_set_row
           where tenant_id = $1 and set_id = $2 and row > $3 and outcome is null and act is not null order by row limit $4"#,
        tenant.0,
        set,
        at_row,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// Writes what a check found.
pub async fn write_verdicts(conn: &mut PgConnection, tenant: TenantId, set: Uuid, said: &[(i32, Said)]) -> Result<(), Failure> {
    let of = |read: fn(&Said) -> Option<&str>| said.iter().map(|(_, said)| read(said)).collect::<Vec<_>>();
    let rows: Vec<i32> = said.iter().map(|(row, _)| *row).collect();
    sqlx::query!(
        "update change_set_row t set verdict = x.v, code = x.c, field = x.f, value = x.w, reason = x.r, fix = x.m
         from unnest($3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[]) as x(n, v, c, f, w, r, m)
         where t.tenant_id = $1 and t.set_id = $2 and t.row = x.n and t.outcome is null",
        tenant.0,
        set,
        &rows,
        &of(|said| Some(said.verdict)) as &[Option<&str>],
        &of(|said| said.code.as_deref()) as &[Option<&str>],
        &of(|said| said.field.as_deref()) as &[Option<&str>],
        &of(|said| said.value.as_deref()) as &[Option<&str>],
        &of(|said| said.reason.as_deref()) as &[Option<&str>],
        &of(|said| said.fix.as_deref()) as &[Option<&str>]
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What became of a row.
#[derive(Clone, Debug)]
pub struct Settled {
    pub row: i32,
    /// `done`, `same` or `refused`.
    pub outcome: &'static str,
    /// Why, when it was refused.
    pub said: Option<Said>,
    pub before: Option<Value>,
    pub number_seq: Option<i64>,
    pub version: Option<i64>,
}

/// Settles rows of a run; a row that is settled stays as it is.
pub async fn settle(conn: &mut PgConnection, tenant: TenantId, set: Uuid, settled: &[Settled]) -> Result<(), Failure> {
    let said = |read: fn(&Said) -> Option<&str>| settled.iter().map(|row| row.said.as_ref().and_then(read)).collect::<Vec<_>>();
    let rows: Vec<i32> = settled.iter().map(|row| row.row).collect();
    let outcomes: Vec<&str> = settled.iter().map(|row| row.outcome).collect();
    let befores: Vec<Option<Value>> = settled.iter().map(|row| row.before.clone()).collect();
    let seqs: Vec<Option<i64>> = settled.iter().map(|row| row.number_seq).collect();
    let versions: Vec<Option<i64>> = settled.iter().map(|row| row.version).collect();
    sqlx::query!(
        "update change_set_row t
         set outcome = o, before = b, number_seq = s, version = ve,
             verdict = coalesce(v, t.verdict), code = case when v is null then t.code else c end,
             field = case when v is null then t.field else f end, value = case when v is null then t.value else w end,
             reason = case when v is null then t.reason else r end, fix = case when v is null then t.fix else m end
         from unnest($3::int[], $4::text[], $5::jsonb[], $6::bigint[], $7::bigint[], $8::text[], $9::text[], $10::text[], $11::text[],
                     $12::text[], $13::text[]) as x(n, o, b, s, ve, v, c, f, w, r, m)
         where t.tenant_id = $1 and t.set_id = $2 and t.row = x.n and t.outcome is null",
        tenant.0,
        set,
        &rows,
        &outcomes as &[&str],
        &befores as &[Option<Value>],
        &seqs as &[Option<i64>],
        &versions as &[Option<i64>],
        &said(|said| Some(said.verdict)) as &[Option<&str>],
        &said(|said| said.code.as_deref()) as &[Option<&str>],
        &said(|said| said.field.as_deref()) as &[Option<&str>],
        &said(|said| said.value.as_deref()) as &[Option<&str>],
        &said(|said| said.reason.as_deref()) as &[Option<&str>],
        &said(|said| said.fix.as_deref()) as &[Option<&str>]
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A done row, to be taken back.
#[derive(Clone, Debug)]
pub struct Undoable {
    pub row: i32,
    pub e164: String,
    pub outcome: String,
    pub act: Value,
    pub before: Option<Value>,
    pub version: Option<i64>,
}

/// Done rows behind `at_row` that are not taken back.
pub async fn undoable(
    conn: &mut PgConnection,
    tenant: TenantId,
    set: Uuid,
    at_row: i32,
    limit: i64,
) -> Result<Vec<Undoable>, Failure> {
    Ok(sqlx::query_as!(
        Undoable,
        r#"select row, e164, outcome as "outcome!", act as "act!", before, version from change_set_row
           where tenant_id = $1 and set_id = $2 and row > $3 and outcome in ('done', 'same') and undo is null and act is not null
           order by row limit $4"#,
        tenant.0,
        set,
        at_row,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// Settles rows of an undo: `None` taken back, else why not.
pub async fn settle_undo(
    conn: &mut PgConnection,
    tenant: TenantId,
    set: Uuid,
    settled: &[(i32, Option<&'static str>)],
) -> Result<(), Failure> {
    let rows: Vec<i32> = settled.iter().map(|(row, _)| *row).collect();
    let codes: Vec<Option<&str>> = settled.iter().map(|(_, code)| *code).collect();
    sqlx::query!(
        "update change_set_row t set undo = case when c is null then 'undone' else 'kept' end, undo_code = c
         from unnest($3::int[], $4::text[]) as x(n, c)
         where t.tenant_id = $1 and t.set_id = $2 and t.row = x.n and t.undo is null",
        tenant.0,
        set,
        &rows,
        &codes as &[Option<&str>]
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets how long locked numbers rest, as it was before: nobody is told, no version counted.
pub async fn restore_quarantine(conn: &mut PgConnection, tenant: TenantId, rests: &[(String, Quarantine)]) -> Result<(), Failure> {
    if rests.is_empty() {
        return Ok(());
    }
    let e164s: Vec<&str> = rests.iter().map(|(e164, _)| e164.as_str()).collect();
    let untils: Vec<Option<DateTime<Utc>>> = rests
        .iter()
        .map(|(_, rest)| match rest {
            Quarantine::Until(until) => Some(*until),
            Quarantine::None | Quarantine::Forever => None,
        })
        .collect();
    let forever: Vec<bool> = rests.iter().map(|(_, rest)| *rest == Quarantine::Forever).collect();
    sqlx::query!(
        "update number t set quarantine_until = case when f then 'infinity'::timestamptz else u end
         from unnest($2::text[], $3::timestamptz[], $4::bool[]) as x(e, u, f)
         where t.tenant_id = $1 and t.e164 = x.e",
        tenant.0,
        &e164s as &[&str],
        &untils as &[Option<DateTime<Utc>>],
        &forever
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ids of targets by what rows call them: an id, or an address in lower case. An address that several have is left out.
pub async fn target_ids(conn: &mut PgConnection, tenant: TenantId, named: &[String]) -> Result<HashMap<String, String>, Failure> {
    let lower: Vec<String> = named.iter().map(|name| name.to_lowercase()).collect();
    let rows = sqlx::query!(
        r#"select id as "name!", id as "id!", true as "own!" from target where tenant_id = $1 and id = any($2)
           union all
           select upn_key, min(id), false from target where tenant_id = $1 and upn_key = any($3) and left_at is null
           group by upn_key having count(*) = 1"#,
        tenant.0,
        named,
        &lower
    )
    .fetch_all(conn)
    .await?;
    let mut ids = HashMap::new();
    // An id goes before an address that reads the same.
    for own in [false, true] {
        ids.extend(rows.iter().filter(|row| row.own == own).map(|row| (row.name.clone(), row.id.clone())));
    }
    Ok(ids)
}

/// Emergency locations by what rows call them: an id, or a label in lower case. A label that several have is left out.
pub async fn location_ids(conn: &mut PgConnection, tenant: TenantId) -> Result<HashMap<String, Uuid>, Failure> {
    let rows = sqlx::query!("select id, label from emergency_location where tenant_id = $1 order by id limit 20000", tenant.0)
        .fetch_all(conn)
        .await?;
    let mut ids: HashMap<String, Option<Uuid>> = HashMap::new();
    for row in &rows {
        ids.entry(row.label.trim().to_lowercase()).and_modify(|held| *held = None).or_insert(Some(row.id));
    }
    ids.extend(rows.iter().map(|row| (row.id.to_string(), Some(row.id))));
    Ok(ids.into_iter().filter_map(|(name, id)| Some((name, id?))).collect())
}

/// Emergency locations to choose from: id and label, by label.
pub async fn places(conn: &mut PgConnection, tenant: TenantId, limit: i64) -> Result<Vec<(String, String)>, Failure> {
    let rows =
        sqlx::query!("select id, label from emergency_location where tenant_id = $1 order by label, id limit $2", tenant.0, limit)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(|row| (row.id.to_string(), row.label)).collect())
}
