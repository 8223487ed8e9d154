//! Change sets: bulk work of a tenant on its numbers. The rows are kept first; the check judges them by the code of the run and
//! changes nothing; the run (see [`super::sets_run`]) does each row exactly once; a whole set can be taken back.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::acts;
use super::acts::Act;
use super::acts::Asked;
use super::acts::Judged;
use super::model::Step;
use super::model_list::NumberAsk;
use super::model_sets::SetAction;
use super::queries_sets as queries;
use super::queries_sets::ChangeSet;
use super::queries_sets::NewSet;
use super::queries_sets_rows as rows;
use super::queries_sets_rows::Said;
use super::queries_sets_rows::SetRow;
use super::reads;
use super::refusal::Refusal;
use super::sets_plan::asked;
use super::sets_plan::plan;
use super::sets_text;
use super::words::Category;
use crate::audit;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::TenantId;
use crate::store::Store;
use crate::ui::Query;

/// Most rows of a set.
pub const MOST: usize = 10_000;
/// Name of the loop that runs sets.
pub const SETS_LOOP: &str = "numbers.sets";

/// What a set is made of.
#[derive(Clone, Debug)]
pub struct NewChangeSet {
    pub action: SetAction,
    /// Of a file, or what a person calls it; may be empty.
    pub name: String,
    pub rows: Rows,
    /// Fills in what a row leaves out: the fields of the action.
    pub defaults: Map<String, Value>,
}

/// Where the rows come from.
#[derive(Clone, Debug)]
pub enum Rows {
    /// As the machine API takes them.
    Api(Vec<Value>),
    /// Pasted lines.
    Paste(Vec<u8>),
    File(Vec<u8>),
    /// Every number that a query of the list finds, as many as the person was told.
    Filter {
        query: String,
        expected: Option<i64>,
    },
}

/// Keeps the rows of a set and checks them.
///
/// # Errors
/// 403 without `tenant:assign`; 422 `rows_missing`, `rows_too_many`, `columns_invalid`, `file_not_text`, `action_no_filter`;
/// 409 `count_changed` when the filter finds another number of numbers.
pub async fn create(store: &Store, ctx: &Ctx, new: NewChangeSet) -> Result<ChangeSet, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantAssign)?;
    let (source, filter, inputs) = match new.rows {
        Rows::Api(rows) => ("api", None, rows),
        Rows::Paste(bytes) => ("paste", None, sets_text::read_lines(new.action, &bytes)?),
        Rows::File(bytes) => ("file", None, sets_text::read_lines(new.action, &bytes)?),
        Rows::Filter { query, expected } => {
            let inputs = found(store, ctx, new.action, &query, expected).await?;
            ("filter", Some(query), inputs)
        }
    };
    expect_size(inputs.len())?;
    let id = ctx.env.id();
    let name: String = new.name.chars().filter(|c| !c.is_control()).take(200).collect();
    let mut tx = store.begin_for(ctx).await?;
    let planned = plan(&mut tx, tenant, new.action, &new.defaults, inputs).await?;
    let made = NewSet {
        id,
        name: name.trim(),
        action: new.action,
        source,
        filter: filter.as_deref(),
        rows: i32::try_from(planned.len()).unwrap_or(i32::MAX),
        actor: &ctx.actor,
        request_id: &ctx.request_id,
        at: ctx.now(),
    };
    queries::insert_set(&mut tx, tenant, made).await?;
    rows::insert_rows(&mut tx, tenant, id, &planned).await?;
    tx.commit().await?;
    check(store, ctx, id).await
}

fn expect_size(rows: usize) -> Result<(), Failure> {
    if rows == 0 {
        let fix = "Put one number in each line.";
        let problem = Problem::new(422, "rows_missing", "There is no row in it. Send at least one number.");
        return Err(problem.field("text", "rows_missing", None, fix).into());
    }
    if rows > MOST {
        let detail = format!("These are {rows} rows; at most {MOST} go into one change set. Send them in parts.");
        let fix = format!("Take at most {MOST} rows.");
        return Err(Problem::new(422, "rows_too_many", detail).field("text", "rows_too_many", None, fix).into());
    }
    Ok(())
}

/// The numbers that a query of the list finds.
async fn found(store: &Store, ctx: &Ctx, action: SetAction, query: &str, expected: Option<i64>) -> Result<Vec<Value>, Failure> {
    if !action.fits_filter() {
        let detail = "Each number goes to somebody else, so say in a list who gets which.";
        let problem = Problem::new(422, "action_no_filter", detail);
        return Err(problem.field("action", "action_no_filter", None, "Choose another action, or send a list.").into());
    }
    let limit = i64::try_from(MOST).unwrap_or(i64::MAX) + 1;
    let lines = reads::tenant_numbers(store, ctx, &ask_of(query)?, limit).await?;
    expect_count(i64::try_from(lines.len()).unwrap_or(i64::MAX), expected)?;
    Ok(lines.into_iter().map(|line| Value::from(line.e164)).collect())
}

/// The filter of the list alone, in the order of numbers.
pub(super) fn ask_of(query: &str) -> Result<NumberAsk, Failure> {
    NumberAsk::parse(&Query::parse(query).first_page().without("cursor").without("sort"))
}

fn expect_count(count: i64, expected: Option<i64>) -> Result<(), Failure> {
    match expected {
        Some(expected) if expected != count => {
            let detail = format!("{count} numbers are meant now, not {expected}. Look at them again, then repeat.");
            let fix = format!("Confirm {count} in place of {expected}.");
            Err(Problem::new(409, "count_changed", detail).field("expected", "count_changed", Some(count.to_string()), fix).into())
        }
        _ => Ok(()),
    }
}

/// What a refusal says of a row.
pub(super) fn refused(refusal: &Refusal) -> Said {
    Said {
        verdict: "refused",
        code: Some(refusal.code().to_owned()),
        field: Some(refusal.field().to_owned()),
        value: refusal.value(),
        reason: Some(refusal.detail()),
        fix: Some(refusal.fix().to_owned()),
    }
}

/// Judges the rows by the code of the run, in a transaction that is rolled back, and keeps the verdicts.
///
/// # Errors
/// 403, 404, 409 `set_ran`.
pub async fn check(store: &Store, ctx: &Ctx, id: Uuid) -> Result<ChangeSet, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantAssign)?;
    let mut tx = store.begin_for(ctx).await?;
    let todo = rows::readable(&mut tx, tenant, id).await?;
    let asked = asked(&todo)?;
    let judged = acts::judge(&mut tx, &ctx.env, ctx, &asked).await?;
    tx.rollback().await?;
    let said: Vec<(i32, Said)> = todo.iter().zip(asked.iter().zip(&judged)).map(|(row, pair)| (row.row, verdict(pair))).collect();
    let mut tx = store.begin_for(ctx).await?;
    let (state, _) = queries::lock_set(&mut tx, tenant, id).await?.ok_or_else(|| Problem::not_found("change set"))?;
    if !matches!(state.as_str(), "draft" | "checked") {
        return Err(Problem::new(409, "set_ran", "This change set has run already.").into());
    }
    rows::write_verdicts(&mut tx, tenant, id, &said).await?;
    queries::set_checked(&mut tx, tenant, id, ctx.now()).await?;
    let set = queries::sets(&mut tx, tenant, Some(id), None, 1).await?.pop();
    tx.commit().await?;
    Ok(set.ok_or_else(|| Problem::not_found("change set"))?)
}

/// What the check says of a row.
fn verdict((asked, judged): (&Asked, &Judged)) -> Said {
    let note = |code: &str, reason: &str| Said {
        verdict: "note",
        code: Some(code.to_owned()),
        reason: Some(reason.to_owned()),
        ..Said::default()
    };
    match (&judged.outcome, &asked.act) {
        (Err(refusal), _) => refused(refusal),
        (Ok(Step::Same), _) => note("already_so", "It is so already; nothing changes."),
        (Ok(Step::Next(next)), Act::Assign { category, .. }) => {
            let held = next.assigned.as_ref();
            let name = held.map(|held| held.target_name.clone());
            let second = category.is_none() && held.is_some_and(|held| held.category == Category::Alternate);
            if second {
                let reason = "The person or account has a primary number already; this becomes an alternate one.";
                return Said { value: name, ..note("becomes_alternate", reason) };
            }
            Said { verdict: "fine", value: name, ..Said::default() }
        }
        (Ok(Step::Next(_)), _) => Said { verdict: "fine", ..Said::default() },
    }
}

/// Sets a checked set to work. `expected`: how many rows the person was told would run. One that runs or ran stays as it is.
///
/// # Errors
/// 403, 404; 409 `count_changed` (also when the filter finds another number of numbers now), `not_checked`, `set_undone`;
/// 422 `nothing_to_run`.
pub async fn run(store: &Store, ctx: &Ctx, id: Uuid, expected: Option<i64>) -> Result<ChangeSet, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantAssign)?;
    let set = find(store, ctx, id).await?;
    if let (Some(filter), "checked") = (&set.filter, set.state.as_str()) {
        let count = reads::tenant_count(store, ctx, &ask_of(filter)?).await?;
        expect_count(count, Some(i64::from(set.rows)))?;
    }
    let mut tx = store.begin_for(ctx).await?;
    queries::lock_set(&mut tx, tenant, id).await?;
    let set = one(&mut tx, tenant, id).await?;
    match set.state.as_str() {
        "checked" => {}
        "running" | "done" | "partial" | "failed" => return Ok(set),
        "undone" => return Err(Problem::new(409, "set_undone", "This change set was taken back. Make a new one.").into()),
        _ => return Err(Problem::new(409, "not_checked", "This change set was not checked yet.").into()),
    }
    expect_count(i64::from(set.good()), expected)?;
    if set.good() == 0 {
        return Err(Problem::new(422, "nothing_to_run", "Every row is refused, so there is nothing to run.").into());
    }
    queries::begin_run(&mut tx, tenant, id, (&ctx.actor, &ctx.request_id), ctx.now()).await?;
    note(&mut tx, ctx, "change_set.run", &set).await?;
    let set = one(&mut tx, tenant, id).await?;
    tx.commit().await?;
    store.wake.wake(SETS_LOOP);
    Ok(set)
}

/// Begins to take a set back: every done row goes to its state before, but for rows whose number changed since.
///
/// # Errors
/// 403, 404, 409 `set_not_run`.
pub async fn undo(store: &Store, ctx: &Ctx, id: Uuid) -> Result<ChangeSet, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantAssign)?;
    let mut tx = store.begin_for(ctx).await?;
    queries::lock_set(&mut tx, tenant, id).await?;
    let set = one(&mut tx, tenant, id).await?;
    match (set.state.as_str(), set.phase.as_deref()) {
        ("done" | "partial", _) => {}
        ("undone", _) | ("running", Some("undo")) => return Ok(set),
        _ => {
            let detail = "There is nothing to take back: the change set has not run to its end.";
            return Err(Problem::new(409, "set_not_run", detail).into());
        }
    }
    queries::begin_undo(&mut tx, tenant, id, (&ctx.actor, &ctx.request_id), ctx.now()).await?;
    note(&mut tx, ctx, "change_set.undo", &set).await?;
    let set = one(&mut tx, tenant, id).await?;
    tx.commit().await?;
    store.wake.wake(SETS_LOOP);
    Ok(set)
}

async fn note(conn: &mut PgConnection, ctx: &Ctx, action: &str, set: &ChangeSet) -> Result<(), Failure> {
    let detail = Some(json!({ "action": set.action, "rows": set.rows }));
    let entry = audit::Entry { action, subject_kind: "change_set", subject_id: &set.id.to_string(), detail };
    audit::record(conn, ctx, entry).await
}

async fn one(conn: &mut PgConnection, tenant: TenantId, id: Uuid) -> Result<ChangeSet, Failure> {
    let found = queries::sets(conn, tenant, Some(id), None, 1).await?.pop();
    Ok(found.ok_or_else(|| Problem::not_found("change set"))?)
}

/// Drops a set that did not run.
///
/// # Errors
/// 403, 404, 409 `set_ran`.
pub async fn discard(store: &Store, ctx: &Ctx, id: Uuid) -> Result<(), Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantAssign)?;
    let mut tx = store.begin_for(ctx).await?;
    let (state, _) = queries::lock_set(&mut tx, tenant, id).await?.ok_or_else(|| Problem::not_found("change set"))?;
    if !matches!(state.as_str(), "draft" | "checked") {
        return Err(Problem::new(409, "set_ran", "This change set has run already.").into());
    }
    queries::drop_set(&mut tx, tenant, id).await?;
    tx.commit().await?;
    Ok(())
}

/// One set.
///
/// # Errors
/// 403 without `tenant:read`, 404.
pub async fn find(store: &Store, ctx: &Ctx, id: Uuid) -> Result<ChangeSet, Failure> {
    let tenant = ctx.tenant()?;
    may_read(ctx)?;
    let mut tx = store.begin_for(ctx).await?;
    one(&mut tx, tenant, id).await
}

/// Who may assign may see what came of it, whatever else the token carries.
fn may_read(ctx: &Ctx) -> Result<(), Failure> {
    if ctx.scopes.has(Scope::TenantAssign) { Ok(()) } else { ctx.require(Scope::TenantRead) }
}

/// The newest sets, behind `before`.
///
/// # Errors
/// 403 without `tenant:read`.
pub async fn recent(store: &Store, ctx: &Ctx, before: Option<Uuid>, limit: i64) -> Result<Vec<ChangeSet>, Failure> {
    let tenant = ctx.tenant()?;
    may_read(ctx)?;
    let mut tx = store.begin_for(ctx).await?;
    queries::sets(&mut tx, tenant, None, before, limit).await
}

/// Rows of a set after a row: with one verdict (`fine`, `note`, `refused`), those that were not taken back (`kept`), or any.
///
/// # Errors
/// 403, 404; 422 `verdict_unknown`.
pub async fn rows_of(
    store: &Store,
    ctx: &Ctx,
    id: Uuid,
    verdict: Option<&str>,
    after: i32,
    limit: i64,
) -> Result<Vec<SetRow>, Failure> {
    if let Some(other) = verdict.filter(|verdict| !matches!(*verdict, "fine" | "note" | "refused" | "kept")) {
        let problem = Problem::new(422, "verdict_unknown", "verdict is fine, note, refused or kept.");
        let fix = "Send fine, note, refused or kept, or leave it out.";
        return Err(problem.field("verdict", "verdict_unknown", Some(other.to_owned()), fix).into());
    }
    let tenant = ctx.tenant()?;
    may_read(ctx)?;
    let mut tx = store.begin_for(ctx).await?;
    one(&mut tx, tenant, id).await?;
    rows::rows(&mut tx, tenant, id, verdict, after, limit).await
}
