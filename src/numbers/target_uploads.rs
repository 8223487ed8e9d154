//! A tenant's file of people and accounts: kept, checked as often as looked at, run once. Nothing changes before it runs.

use std::collections::HashSet;

use chrono::TimeDelta;
use serde_json::Value;
use serde_json::json;
use sqlx::types::Json;
use uuid::Uuid;

use super::order_rows;
use super::queries_targets;
use super::queries_uploads;
use super::queries_uploads::Owner;
use super::queries_uploads::Upload;
use super::target_csv;
use super::targets;
use super::targets::TargetIn;
use super::targets::TargetsPut;
use crate::audit;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::store::Store;

/// A file that was not run is kept for a day.
const KEPT: TimeDelta = TimeDelta::days(1);

/// What running a file would do with one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetVerdict {
    /// From 1.
    pub row: i32,
    pub id: String,
    pub name: String,
    /// `new`, `changed`, `same`, `back` or `wrong`.
    pub verdict: &'static str,
    /// The field that is wrong: a column, `row` for a wrong number of cells, `twice` for an id that stood in an earlier row.
    pub field: Option<&'static str>,
}

/// What running a file would do.
#[derive(Clone, Debug, Default)]
pub struct TargetsChecked {
    pub rows: Vec<TargetVerdict>,
    /// Present targets that the file does not name: they leave when it replaces all.
    pub leaving: i64,
    /// Numbers that those have.
    pub leaving_numbers: i64,
}

impl TargetsChecked {
    /// How many rows have this verdict.
    #[must_use]
    pub fn count(&self, verdict: &str) -> i64 {
        i64::try_from(self.rows.iter().filter(|row| row.verdict == verdict).count()).unwrap_or(i64::MAX)
    }
}

/// Reads a file and keeps its rows.
///
/// # Errors
/// 403 without `tenant:assign`, 413, 422 `file_empty`, `file_not_text`, `targets_header_invalid`, `rows_too_many`.
pub async fn keep(store: &Store, ctx: &Ctx, file_name: &str, bytes: &[u8]) -> Result<Uuid, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantAssign)?;
    let mut rows = target_csv::read(bytes)?;
    if rows.is_empty() {
        let fix = "Put the header in the first line and one person or account in each line after it.";
        let problem = Problem::new(422, "file_empty", "There is nobody in this file.");
        return Err(problem.field("file", "file_empty", None, fix).into());
    }
    targets::expect_size(rows.len())?;
    rows.iter_mut().for_each(order_rows::without_nul);
    let name: String = file_name.chars().filter(|c| !c.is_control()).take(200).collect();
    let upload = Upload { id: ctx.env.id(), file_name: name, rows: Json(rows), created_at: ctx.now() };
    let mut tx = store.begin_for(ctx).await?;
    queries_uploads::keep(&mut tx, Owner::Tenant(tenant), &upload, ctx.actor.label(), ctx.now() - KEPT).await?;
    tx.commit().await?;
    Ok(upload.id)
}

fn judged(rows: &[Value]) -> (Vec<TargetVerdict>, Vec<TargetIn>) {
    let (mut verdicts, mut good, mut seen) = (Vec::with_capacity(rows.len()), Vec::new(), HashSet::new());
    for (row, cells) in (1..).zip(rows) {
        let read = target_csv::target(cells);
        let target = read.as_ref().ok();
        let wrong = match target {
            None => read.as_ref().err().copied(),
            Some(target) => {
                targets::fault(target).map(|(field, _)| field).or_else(|| (!seen.insert(target.id.clone())).then_some("twice"))
            }
        };
        let cut = |text: &str| text.chars().take(100).collect();
        verdicts.push(TargetVerdict {
            row,
            id: target.map(|target| cut(&target.id)).unwrap_or_default(),
            name: target.map(|target| cut(&target.display_name)).unwrap_or_default(),
            verdict: if wrong.is_some() { "wrong" } else { "same" },
            field: wrong,
        });
        if wrong.is_none() {
            good.extend(read.ok());
        }
    }
    (verdicts, good)
}

/// A kept file with what running it now would do.
///
/// # Errors
/// 403 without `tenant:assign`, 404.
pub async fn checked(store: &Store, ctx: &Ctx, id: &str) -> Result<(Upload, TargetsChecked), Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantAssign)?;
    let id = Uuid::try_parse(id).map_err(|_| Problem::not_found("upload"))?;
    let mut tx = store.begin_for(ctx).await?;
    let upload = queries_uploads::find(&mut tx, Owner::Tenant(tenant), id).await?.ok_or_else(|| Problem::not_found("upload"))?;
    let (mut rows, good) = judged(&upload.rows.0);
    let ids: Vec<&str> = good.iter().map(|target| target.id.as_str()).collect();
    let mut known = queries_targets::known(&mut tx, tenant, &ids).await?;
    let (leaving, leaving_numbers) = queries_targets::leaving(&mut tx, tenant, &ids).await?;
    tx.commit().await?;
    for (verdict, target) in rows.iter_mut().filter(|row| row.verdict != "wrong").zip(&good) {
        verdict.verdict = match known.remove(&target.id) {
            None => "new",
            Some((_, true)) => "back",
            Some((held, false)) if targets::tidied(target) == held => "same",
            Some(_) => "changed",
        };
    }
    Ok((upload, TargetsChecked { rows, leaving, leaving_numbers }))
}

/// Runs a kept file. `replace`: those it does not name leave; then every row must be right, and `leaving` is how many the
/// person saw would leave. Otherwise the right rows are added and changed.
///
/// # Errors
/// 403 without `tenant:assign`, 409 `upload_gone`, 409 `targets_moved` when others would leave by now, 422 `targets_invalid`.
pub async fn run(store: &Store, ctx: &Ctx, id: &str, replace: bool, leaving: Option<i64>) -> Result<TargetsPut, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantAssign)?;
    let id = Uuid::try_parse(id).map_err(|_| gone())?;
    let mut tx = store.begin_for(ctx).await?;
    let upload = queries_uploads::take(&mut tx, Owner::Tenant(tenant), id).await?.ok_or_else(gone)?;
    let (rows, good) = judged(&upload.rows.0);
    let wrong = rows.iter().filter(|row| row.verdict == "wrong").count();
    if good.is_empty() || (replace && wrong > 0) {
        let detail =
            format!("{wrong} rows cannot be taken, so the file cannot replace everybody. Correct them, or merge the others.");
        return Err(Problem::new(422, "targets_invalid", detail).into());
    }
    if replace {
        let ids: Vec<&str> = good.iter().map(|target| target.id.as_str()).collect();
        let (now, _) = queries_targets::leaving(&mut tx, tenant, &ids).await?;
        if leaving != Some(now) {
            let detail = format!("The directory changed since the check: {now} would leave by now. Look at the check again.");
            return Err(Problem::new(409, "targets_moved", detail).into());
        }
    }
    let put = targets::write(&mut tx, tenant, &good, !replace, ctx.now()).await?;
    let detail = Some(json!({ "written": put.written, "left": put.left, "merge": !replace, "file": upload.file_name }));
    let subject = tenant.to_string();
    let entry = audit::Entry { action: "targets.upload", subject_kind: "tenant", subject_id: &subject, detail };
    audit::record(&mut tx, ctx, entry).await?;
    tx.commit().await?;
    Ok(put)
}

/// Drops a kept file.
///
/// # Errors
/// 403 without `tenant:assign`.
pub async fn discard(store: &Store, ctx: &Ctx, id: &str) -> Result<(), Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantAssign)?;
    let Ok(id) = Uuid::try_parse(id) else {
        return Ok(());
    };
    let mut tx = store.begin_for(ctx).await?;
    queries_uploads::take(&mut tx, Owner::Tenant(tenant), id).await?;
    tx.commit().await?;
    Ok(())
}

fn gone() -> Problem {
    Problem::new(409, "upload_gone", "This file was run or dropped already.")
}
