//! A file of numbers: kept, checked as often as looked at, run once.

use chrono::TimeDelta;
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use super::order_csv::read_csv;
use super::orders;
use super::orders::Checked;
use super::queries_uploads;
use super::queries_uploads::Owner;
use super::queries_uploads::Upload;
use super::words::Source;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::OrderId;
use crate::base::Problem;
use crate::base::Scope;
use crate::store::Store;

/// A file that was not run is kept for a day.
const KEPT: TimeDelta = TimeDelta::days(1);

/// Reads a file and keeps its rows. `tenant` is for rows that name no customer.
///
/// # Errors
/// 403 without `numbers:write`, 413, 422 `file_empty`, `file_not_text`, `header_invalid`.
pub async fn keep(store: &Store, ctx: &Ctx, file_name: &str, bytes: &[u8], tenant: &str) -> Result<Uuid, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::NumbersWrite)?;
    let mut rows = read_csv(bytes)?;
    if rows.is_empty() {
        let fix = "Put the header in the first line and one number in each line after it.";
        return Err(Problem::new(422, "file_empty", "There is no number in this file.")
            .field("file", "file_empty", None, fix)
            .into());
    }
    if !tenant.is_empty() {
        for row in rows.iter_mut().filter_map(Value::as_object_mut) {
            row.entry("tenant_id").or_insert_with(|| tenant.into());
        }
    }
    rows.iter_mut().for_each(super::order_rows::without_nul);
    let name: String = file_name.chars().filter(|c| !c.is_control()).take(200).collect();
    let upload = Upload { id: ctx.env.id(), file_name: name, rows: Json(rows), created_at: ctx.now() };
    let mut tx = store.begin_for(ctx).await?;
    queries_uploads::keep(&mut tx, Owner::Operator(operator), &upload, ctx.actor.label(), ctx.now() - KEPT).await?;
    tx.commit().await?;
    Ok(upload.id)
}

/// A kept file with what running it now would do.
///
/// # Errors
/// 403 without `numbers:write`, 404, and as for the check itself.
pub async fn checked(store: &Store, ctx: &Ctx, id: &str) -> Result<(Upload, Checked), Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::NumbersWrite)?;
    let id = Uuid::try_parse(id).map_err(|_| Problem::not_found("upload"))?;
    let mut tx = store.begin_for(ctx).await?;
    let found = queries_uploads::find(&mut tx, Owner::Operator(operator), id).await?;
    tx.commit().await?;
    let upload = found.ok_or_else(|| Problem::not_found("upload"))?;
    let checked = orders::precheck(store, ctx, upload.rows.0.clone(), Source::Upload).await?;
    Ok((upload, checked))
}

/// Makes an order of a kept file; a second try finds it gone.
///
/// # Errors
/// 403 without `numbers:write`, 409 `upload_gone`, and as for provisioning.
pub async fn run(store: &Store, ctx: &Ctx, id: &str) -> Result<OrderId, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::NumbersWrite)?;
    let id = Uuid::try_parse(id).map_err(|_| gone())?;
    let mut tx = store.begin_for(ctx).await?;
    let upload = queries_uploads::take(&mut tx, Owner::Operator(operator), id).await?.ok_or_else(gone)?;
    // The file is given up only once its order stands.
    let order = orders::provision(store, ctx, upload.rows.0, Source::Upload).await?;
    tx.commit().await?;
    Ok(order)
}

/// Drops a kept file.
///
/// # Errors
/// 403 without `numbers:write`.
pub async fn discard(store: &Store, ctx: &Ctx, id: &str) -> Result<(), Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::NumbersWrite)?;
    let Ok(id) = Uuid::try_parse(id) else {
        return Ok(());
    };
    let mut tx = store.begin_for(ctx).await?;
    queries_uploads::take(&mut tx, Owner::Operator(operator), id).await?;
    tx.commit().await?;
    Ok(())
}

fn gone() -> Problem {
    Problem::new(409, "upload_gone", "This file was run or dropped already. Its order stands in the list below.")
}
