//! Operators' orders: provision, change and release in bulk. The rows are kept first; then they are done in chunks, each row
//! exactly once in the transaction that changes its number, so that nothing is lost and nothing done twice when a process dies.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;

use chrono::DateTime;
use chrono::Utc;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

use super::order_apply;
use super::order_apply::Job;
use super::order_apply::Outcome;
use super::order_apply::Work;
use super::order_apply::not_yours;
use super::order_rows;
use super::order_rows::Spec;
use super::order_rows::Verdict;
use super::queries_order_rows as queries;
use super::queries_orders;
use super::words::OrderKind;
use super::words::Source;
use crate::audit;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::OrderId;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::TenantId;
use crate::base::write_time;
use crate::notices;
use crate::store::Reach;
use crate::store::Store;

/// Name of the loop that goes on with orders left unfinished.
pub const ORDERS_LOOP: &str = "numbers.orders";
/// Rows done in one transaction.
const CHUNK: usize = 500;
/// Chunks of a file done before its page answers; a larger file goes on behind it.
const AT_ONCE: usize = 4;

/// An order as its operator sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Order {
    pub id: Uuid,
    /// `provision`, `change` or `release`.
    pub kind: String,
    /// `api` or `upload`.
    pub source: String,
    /// `queued`, `running`, `succeeded`, `partial` (some rows were rejected) or `failed` (all were).
    pub state: String,
    /// Rows it has.
    #[serde(rename = "total")]
    pub rows: i32,
    pub accepted: i32,
    pub rejected: i32,
    /// `account`, `client` or `job`.
    pub actor_kind: String,
    pub actor_label: String,
    #[serde(serialize_with = "write_time")]
    pub created_at: DateTime<Utc>,
    #[serde(serialize_with = "write_time")]
    pub finished_at: Option<DateTime<Utc>>,
}

/// A row of an order or of a precheck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OrderRow {
    /// From 1.
    pub row: i32,
    /// As sent.
    pub e164: String,
    /// `accepted` or `rejected`; null while it is not done.
    pub outcome: Option<String>,
    /// Why it was rejected.
    pub code: Option<String>,
    pub field: Option<String>,
    pub value: Option<String>,
    /// How to mend it.
    pub fix: Option<String>,
}

/// What a precheck found.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Checked {
    pub accepted: usize,
    pub rejected: usize,
    pub rows: Vec<OrderRow>,
}

/// A row as planned: judged by itself, its tenant found.
#[derive(Clone, Debug)]
pub struct Planned {
    pub row: i32,
    /// As sent, cut to 64 signs.
    pub e164: String,
    pub tenant: Option<TenantId>,
    pub input: Value,
    /// Rejected already.
    pub verdict: Option<Verdict>,
    pub spec: Option<Spec>,
}

/// Puts numbers in stock for the operator's customers. Rows are [`NumberIn`](super::NumberIn) as JSON. Good rows go in, bad
/// ones are listed; see [`order_rows`].
///
/// # Errors
/// 403; 422 `rows_missing`, `rows_too_many`.
pub async fn provision(store: &Store, ctx: &Ctx, rows: Vec<Value>, source: Source) -> Result<OrderId, Failure> {
    order(store, ctx, OrderKind::Provision, rows, source).await
}

/// Changes the operator's own fields of its numbers. Rows as for [`provision`]: what is left out stays, null clears.
///
/// # Errors
/// As for [`provision`].
pub async fn change(store: &Store, ctx: &Ctx, rows: Vec<Value>) -> Result<OrderId, Failure> {
    order(store, ctx, OrderKind::Change, rows, Source::Api).await
}

/// Takes unassigned numbers out of stock. Rows are E.164 texts. Never refused for lack of consent.
///
/// # Errors
/// As for [`provision`].
pub async fn release(store: &Store, ctx: &Ctx, rows: Vec<Value>, source: Source) -> Result<OrderId, Failure> {
    order(store, ctx, OrderKind::Release, rows, source).await
}

async fn order(store: &Store, ctx: &Ctx, kind: OrderKind, rows: Vec<Value>, source: Source) -> Result<OrderId, Failure> {
    let (operator, id) = keep(store, ctx, kind, rows, source).await?;
    let most = match source {
        Source::Api => usize::MAX,
        Source::Upload => AT_ONCE,
    };
    // What is kept is done: by this process at once, or by the job when it is much or something is away now.
    match run_some(store, operator, id, most).await {
        Ok(false) => {}
        Ok(true) => store.wake.wake(ORDERS_LOOP),
        Err(failure) => {
            tracing::warn!(order = %id, error = %failure, "an order is left to the job");
            store.wake.wake(ORDERS_LOOP);
        }
    }
    Ok(id)
}

/// Keeps an order and its rows, to be run.
pub(super) async fn keep(
    store: &Store,
    ctx: &Ctx,
    kind: OrderKind,
    rows: Vec<Value>,
    source: Source,
) -> Result<(OperatorId, OrderId), Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::NumbersWrite)?;
    expect_size(rows.len(), source)?;
    let id = OrderId(ctx.env.id());
    let mut tx = store.begin_for(ctx).await?;
    let planned = plan(&mut tx, operator, kind, rows).await?;
    queries::insert_order(&mut tx, (operator, id), (kind, source), planned.len(), &ctx.actor, ctx.now()).await?;
    queries::insert_rows(&mut tx, operator, id, &planned).await?;
    let (action, subject) = (format!("number.{}", kind.as_str()), id.to_string());
    let detail = Some(json!({ "rows": planned.len(), "source": source.as_str() }));
    audit::record(&mut tx, ctx, audit::Entry { action: &action, subject_kind: "order", subject_id: &subject, detail }).await?;
    tx.commit().await?;
    Ok((operator, id))
}

fn expect_size(rows: usize, source: Source) -> Result<(), Failure> {
    let most = match source {
        Source::Api => 1_000,
        Source::Upload => 10_000,
    };
    if rows == 0 {
        return Err(Problem::new(422, "rows_missing", "There is no row in it. Send at least one number.").into());
    }
    if rows > most {
        let detail = format!("These are {rows} rows; at most {most} go into one order. Send them in parts.");
        return Err(Problem::new(422, "rows_too_many", detail).into());
    }
    Ok(())
}

/// Judges each row by itself and finds its tenant.
async fn plan(conn: &mut PgConnection, operator: OperatorId, kind: OrderKind, rows: Vec<Value>) -> Result<Vec<Planned>, Failure> {
    let mut planned: Vec<Planned> = (1..).zip(rows).map(|(row, input)| read_row(kind, row, input)).collect();
    let known = match kind {
        OrderKind::Provision => queries_orders::known_tenants(conn, operator).await?,
        OrderKind::Change | OrderKind::Release => {
            let e164s: Vec<String> = planned.iter().filter_map(|row| row.spec.as_ref()).map(|spec| spec.e164.to_string()).collect();
            queries_orders::tenants_of(conn, operator, &e164s).await?
        }
    };
    let mut seen = HashSet::new();
    for row in &mut planned {
        let Some(spec) = &row.spec else { continue };
        if !seen.insert(spec.e164.clone()) {
            let fix = "The same number stands in an earlier row. Leave one of them out.";
            row.verdict = Some(Verdict::new("duplicate_row", "e164", Some(spec.e164.as_str()), fix));
            continue;
        }
        match find_tenant(kind, spec, &known) {
            Ok(tenant) => row.tenant = Some(tenant),
            Err(verdict) => row.verdict = Some(verdict),
        }
    }
    Ok(planned)
}

fn read_row(kind: OrderKind, row: i32, mut input: Value) -> Planned {
    order_rows::without_nul(&mut input);
    let said = input.as_str().or_else(|| input.get("e164").and_then(Value::as_str)).unwrap_or_default();
    let e164 = said.chars().take(64).collect();
    let (spec, verdict) = match order_rows::read(kind, &input) {
        Ok(spec) => (Some(spec), None),
        Err(verdict) => (None, Some(verdict)),
    };
    Planned { row, e164, tenant: None, input, verdict, spec }
}

/// A customer that never had to do with the operator and one that does not exist look alike.
fn find_tenant(kind: OrderKind, spec: &Spec, known: &HashMap<String, TenantId>) -> Result<TenantId, Verdict> {
    if kind != OrderKind::Provision {
        return known.get(spec.e164.as_str()).copied().ok_or_else(|| not_yours(spec.e164.as_str()));
    }
    let said = spec.tenant.as_deref().unwrap_or_default();
    known.get(&said.to_ascii_lowercase()).copied().ok_or_else(|| {
        Verdict::new("tenant_unknown", "tenant_id", Some(said), "Use the id or short name of a customer of GET /tenants.")
    })
}

/// Does what is left of an order.
pub(super) async fn run(store: &Store, operator: OperatorId, order: OrderId) -> Result<(), Failure> {
    run_some(store, operator, order, usize::MAX).await.map(drop)
}

/// Does at most so many chunks of an order; whether there may be more.
async fn run_some(store: &Store, operator: OperatorId, order: OrderId, most: usize) -> Result<bool, Failure> {
    for _ in 0..most {
        if !step(store, operator, order).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Does one chunk of an order; whether there may be more.
pub(super) async fn step(store: &Store, operator: OperatorId, order: OrderId) -> Result<bool, Failure> {
    let mut tx = store.begin(Reach::Operator(operator)).await?;
    let Some(tenant) = queries::next_tenant(&mut tx, operator, order).await? else {
        queries::finish(&mut tx, operator, order, store.env.now()).await?;
        tx.commit().await?;
        return Ok(false);
    };
    tx.rollback().await?;
    let mut tx = store.begin(Reach::Pair(tenant, operator)).await?;
    // Whoever holds the order's row does the chunk; another process then finds the next one.
    let Some(kind) = queries::lock_order(&mut tx, operator, order).await? else {
        return Ok(false);
    };
    let limit = i64::try_from(CHUNK).unwrap_or(i64::MAX);
    let (mut work, mut outcomes) = (Vec::new(), Vec::new());
    for (row, input) in queries::undone(&mut tx, operator, order, tenant, limit).await? {
        match order_rows::read(kind, &input) {
            Ok(spec) => work.push(Work { row, spec }),
            Err(verdict) => outcomes.push((row, Some(verdict))),
        }
    }
    let job = Job { env: &store.env, tenant, operator, order: Some(order) };
    outcomes.extend(order_apply::apply(&mut tx, job, kind, work).await?);
    queries::settle_rows(&mut tx, operator, order, &outcomes).await?;
    tx.commit().await?;
    store.wake.wake(notices::SEAL);
    Ok(true)
}

/// Says what [`provision`] would do with these rows now, and changes nothing: the same code in transactions that are rolled
/// back.
///
/// # Errors
/// As for [`provision`].
pub async fn precheck(store: &Store, ctx: &Ctx, rows: Vec<Value>, source: Source) -> Result<Checked, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::NumbersWrite)?;
    expect_size(rows.len(), source)?;
    let mut tx = store.begin_for(ctx).await?;
    let planned = plan(&mut tx, operator, OrderKind::Provision, rows).await?;
    tx.rollback().await?;
    let mut verdicts: BTreeMap<i32, Option<Verdict>> = BTreeMap::new();
    let mut by_tenant: HashMap<TenantId, Vec<Work>> = HashMap::new();
    for row in &planned {
        match (&row.spec, row.tenant, &row.verdict) {
            (Some(spec), Some(tenant), None) => {
                by_tenant.entry(tenant).or_default().push(Work { row: row.row, spec: spec.clone() });
            }
            (_, _, verdict) => {
                verdicts.insert(row.row, verdict.clone());
            }
        }
    }
    for (tenant, work) in by_tenant {
        verdicts.extend(check(store, tenant, operator, work).await?);
    }
    let rows: Vec<OrderRow> = planned.into_iter().map(|row| told(row.row, row.e164, verdicts.remove(&row.row).flatten())).collect();
    let rejected = rows.iter().filter(|row| row.code.is_some()).count();
    Ok(Checked { accepted: rows.len() - rejected, rejected, rows })
}

async fn check(store: &Store, tenant: TenantId, operator: OperatorId, work: Vec<Work>) -> Result<Vec<Outcome>, Failure> {
    let job = Job { env: &store.env, tenant, operator, order: None };
    let mut outcomes = Vec::with_capacity(work.len());
    for chunk in work.chunks(CHUNK) {
        let mut tx = store.begin(Reach::Pair(tenant, operator)).await?;
        outcomes.extend(order_apply::apply(&mut tx, job, OrderKind::Provision, chunk.to_vec()).await?);
        tx.rollback().await?;
    }
    Ok(outcomes)
}

fn told(row: i32, e164: String, verdict: Option<Verdict>) -> OrderRow {
    let outcome = Some(if verdict.is_some() { "rejected" } else { "accepted" }.to_owned());
    let verdict = verdict.map(|v| (v.code.to_owned(), v.field.to_owned(), v.value, v.fix));
    let (code, field, value, fix) = match verdict {
        Some((code, field, value, fix)) => (Some(code), Some(field), value, Some(fix)),
        None => (None, None, None, None),
    };
    OrderRow { row, e164, outcome, code, field, value, fix }
}

/// One order of the operator.
///
/// # Errors
/// 403, 404.
pub async fn find_order(store: &Store, ctx: &Ctx, id: OrderId) -> Result<Order, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::NumbersRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let found = queries::orders(&mut tx, operator, Some(id), 1).await?.pop();
    Ok(found.ok_or_else(|| Problem::not_found("order"))?)
}

/// The operator's newest orders.
///
/// # Errors
/// 403.
pub async fn recent_orders(store: &Store, ctx: &Ctx, limit: i64) -> Result<Vec<Order>, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::NumbersRead)?;
    let mut tx = store.begin_for(ctx).await?;
    queries::orders(&mut tx, operator, None, limit).await
}

/// Which orders to list.
#[derive(Clone, Debug, Default)]
pub struct OrderAsk {
    pub kind: Option<String>,
    pub state: Option<String>,
    /// The id of the row before the page.
    pub after: Option<Uuid>,
    /// The id of the row behind the page; `after` wins.
    pub before: Option<Uuid>,
}

/// The operator's orders, newest first; backwards when the page ends at a place.
///
/// # Errors
/// 403.
pub async fn list_orders(store: &Store, ctx: &Ctx, ask: &OrderAsk, limit: i64) -> Result<Vec<Order>, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::NumbersRead)?;
    let mut tx = store.begin_for(ctx).await?;
    queries::list(&mut tx, operator, ask, limit).await
}

/// Rows of an order after a row, with one outcome (`accepted`, `rejected`) or any.
///
/// # Errors
/// 403, 404; 422 `outcome_unknown`.
pub async fn rows_of_order(
    store: &Store,
    ctx: &Ctx,
    id: OrderId,
    outcome: Option<&str>,
    after: i32,
    limit: i64,
) -> Result<Vec<OrderRow>, Failure> {
    if let Some(other) = outcome.filter(|outcome| !matches!(*outcome, "accepted" | "rejected")) {
        let problem = Problem::new(422, "outcome_unknown", "outcome is accepted or rejected.");
        let fix = "Send accepted or rejected, or leave it out.";
        return Err(problem.field("outcome", "outcome_unknown", Some(other.to_owned()), fix).into());
    }
    find_order(store, ctx, id).await?;
    let mut tx = store.begin_for(ctx).await?;
    queries::rows(&mut tx, ctx.operator()?, id, outcome, after, limit).await
}
