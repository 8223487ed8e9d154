//! First stocks by file, for who sets up the program: the same rows and the same judgement as by API and page.

use serde_json::Value;

use super::assignment_import;
use super::assignment_import::AssignmentIn;
use super::csv_file;
use super::csv_file::Header;
use super::order_csv;
use super::order_rows;
use super::orders;
use super::orders::OrderRow;
use super::target_csv;
use super::targets;
use super::targets::TargetsPut;
use super::words::Source;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::TenantId;
use crate::store::Store;

/// Rows of a file that are done as one order.
const PART: usize = 10_000;
/// Columns of a file of assignments; the first two must be there.
const ASSIGNMENT_COLUMNS: [&str; 4] = ["e164", "target_id", "category", "assigned_at"];

/// What became of a file.
#[derive(Debug, Default)]
pub struct Imported {
    /// Rows that went in, or were so already.
    pub accepted: usize,
    /// Rows that did not, each with why.
    pub rejected: Vec<OrderRow>,
}

impl Imported {
    /// A part that begins behind `before` rows of the file.
    fn add(&mut self, before: usize, accepted: usize, rejected: Vec<OrderRow>) {
        self.accepted += accepted;
        let before = i32::try_from(before).unwrap_or(i32::MAX);
        self.rejected.extend(rejected.into_iter().map(|row| OrderRow { row: row.row.saturating_add(before), ..row }));
    }
}

/// Puts the numbers of a file in stock for the operator's customers, as orders of [`PART`] rows that are run to their end.
///
/// # Errors
/// As for [`orders::provision`] and for reading the file.
pub async fn import_numbers(store: &Store, ctx: &Ctx, file: &[u8]) -> Result<Imported, Failure> {
    let mut rows = order_csv::read_csv(file)?;
    rows.iter_mut().for_each(order_rows::without_nul);
    let operator = ctx.operator()?;
    let reader = ctx.with_scope(Scope::NumbersRead);
    let mut imported = Imported::default();
    for (before, part) in parts(rows) {
        let id = orders::provision(store, ctx, part, Source::Upload).await?;
        orders::run(store, operator, id).await?;
        let order = orders::find_order(store, &reader, id).await?;
        let rejected = orders::rows_of_order(store, &reader, id, Some("rejected"), 0, i64::from(order.rejected)).await?;
        imported.add(before, usize::try_from(order.accepted).unwrap_or_default(), rejected);
    }
    Ok(imported)
}

/// Rows in parts of [`PART`], each with the number of rows before it; an empty file is one empty part, to be refused as such.
fn parts<T: Clone>(rows: Vec<T>) -> Vec<(usize, Vec<T>)> {
    if rows.is_empty() {
        return vec![(0, rows)];
    }
    rows.chunks(PART).enumerate().map(|(n, part)| (n * PART, part.to_vec())).collect()
}

/// Writes the people and accounts of a file; without `merge` who is not in it has left.
///
/// # Errors
/// 422 `targets_invalid` with the rows that cannot be read, and as for [`targets::put_targets`].
pub async fn import_targets(store: &Store, ctx: &Ctx, tenant: TenantId, file: &[u8], merge: bool) -> Result<TargetsPut, Failure> {
    let mut read = Vec::new();
    for (row, cells) in (1_u32..).zip(target_csv::read(file)?) {
        read.push(target_csv::target(&cells).map_err(|field| {
            let detail = format!("Row {row} cannot be read: {field} makes no sense.");
            let fix = "Give each row as many cells as the header has, and say yes or no for licensed.";
            Failure::from(Problem::new(422, "targets_invalid", detail).field(field, "value_invalid", None, fix))
        })?);
    }
    targets::put_targets(store, ctx, tenant, read, merge).await
}

/// Marks the numbers of a file as assigned already.
///
/// # Errors
/// 422 `assignments_header_invalid`, and as for [`assignment_import::take_over`].
pub async fn import_assignments(store: &Store, ctx: &Ctx, tenant: TenantId, file: &[u8]) -> Result<Imported, Failure> {
    let header =
        Header { columns: &ASSIGNMENT_COLUMNS, required: &ASSIGNMENT_COLUMNS[..2], refused_as: "assignments_header_invalid" };
    let rows = csv_file::rows(file, &header)?.into_iter().map(|cells| {
        let cells = cells.unwrap_or_default();
        let cell = |column: &str| cells.get(column).and_then(Value::as_str).map(str::to_owned);
        AssignmentIn {
            e164: cell("e164").unwrap_or_default(),
            target_id: cell("target_id").unwrap_or_default(),
            category: cell("category"),
            assigned_at: cell("assigned_at"),
        }
    });
    let mut imported = Imported::default();
    for (before, part) in parts(rows.collect()) {
        let put = assignment_import::take_over(store, ctx, tenant, part).await?;
        let rejected = put.rows.into_iter().filter(|row| row.outcome.as_deref() == Some("rejected")).collect();
        imported.add(before, put.accepted + put.unchanged, rejected);
    }
    Ok(imported)
}
