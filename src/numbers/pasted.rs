//! Lists of numbers that somebody pasted into the search: kept for a day, so that a thousand numbers fit an address.

use chrono::TimeDelta;
use sqlx::PgConnection;
use uuid::Uuid;

use super::model_filter::LISTED;
use super::model_filter::Pasted;
use super::model_filter::StockFilter;
use super::queries_number_lists;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Org;
use crate::base::Problem;
use crate::base::Scope;
use crate::store::Store;

/// What became of a pasted list.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    /// How many numbers it holds.
    pub numbers: usize,
    /// Those that are not in stock.
    pub unknown: Vec<String>,
    /// Lines that are no number.
    pub unread: Vec<String>,
}

/// The numbers of a pasted list, kept or in the address; `None` without one.
pub(super) async fn of(
    conn: &mut PgConnection,
    org: Uuid,
    filter: &StockFilter,
) -> Result<Option<(Vec<String>, Vec<String>)>, Failure> {
    if let Some(numbers) = &filter.numbers {
        return Ok(Some((numbers.clone(), Vec::new())));
    }
    let Some(list) = filter.list else {
        return Ok(None);
    };
    let gone = || Problem::new(404, "list_gone", "This pasted list is gone: lists are kept for a day. Paste it again.");
    let listed = queries_number_lists::find(conn, org, list).await?.ok_or_else(gone)?;
    Ok(Some((listed.numbers, listed.unread)))
}

/// Keeps a pasted list for a day, so that a thousand numbers fit an address. Answers its id.
///
/// # Errors
/// 403 without the right to read numbers, 422 `list_empty`, `list_too_long`.
pub async fn keep_list(store: &Store, ctx: &Ctx, text: &str) -> Result<Uuid, Failure> {
    ctx.require(if matches!(ctx.org, Org::Operator(_)) { Scope::NumbersRead } else { Scope::TenantRead })?;
    let mut pasted = Pasted::read(text);
    if pasted.numbers.is_empty() {
        let fix = "Paste one number a line, for example +49 30 23125 001.";
        let problem = Problem::new(422, "list_empty", "There is no number in this list.");
        return Err(problem.field("pasted", "list_empty", None, fix).into());
    }
    if pasted.numbers.len() > LISTED {
        let fix = format!("Paste at most {LISTED} numbers at once.");
        let problem = Problem::new(422, "list_too_long", "The list is too long.");
        return Err(problem.field("pasted", "list_too_long", Some(pasted.numbers.len().to_string()), fix).into());
    }
    pasted.unread.truncate(LISTED);
    let (id, now) = (ctx.env.id(), ctx.now());
    let mut tx = store.begin_for(ctx).await?;
    queries_number_lists::keep(&mut tx, ctx.org.id(), id, &pasted, now, now - TimeDelta::days(1)).await?;
    tx.commit().await?;
    Ok(id)
}
