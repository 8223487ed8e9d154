//! A tenant asks its operator to take a number out of stock; the operator releases it or says why not.
//!
//! The act of asking is the tenant's (it calls [`open`] in its own transaction). However the operator releases the number,
//! its open request is done; a number that is assigned again is asked for no more ([`close`]).

use std::collections::BTreeMap;

use chrono::DateTime;
use chrono::Utc;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::orders;
use super::queries;
use super::queries::Change;
use super::queries_release;
use super::words::Source;
use crate::audit;
use crate::base::Ctx;
use crate::base::E164;
use crate::base::Env;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::OrderId;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::TenantId;
use crate::store::Reach;
use crate::store::Store;
use crate::transfers;
use crate::transfers::Basis;
use crate::transfers::Class;
use crate::transfers::View;

/// Most signs of a note and of a reason.
pub const NOTE: usize = 500;

/// A number that the tenant wants to be rid of.
#[derive(Clone, Copy, Debug)]
pub struct ReleaseAsked<'a> {
    pub tenant: TenantId,
    pub operator: OperatorId,
    pub e164: &'a E164,
    /// 1 to [`NOTE`] signs; the operator reads it.
    pub note: Option<&'a str>,
}

/// How a request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseEnd<'a> {
    /// The number is out of stock.
    Done,
    /// The operator will not, for this reason.
    Declined(&'a str),
    /// The tenant wants it no more, or has assigned the number.
    Withdrawn,
}

/// A request as both sides read it.
#[derive(Clone, Debug)]
pub struct ReleaseRequest {
    pub tenant_id: Uuid,
    pub tenant_name: String,
    pub id: Uuid,
    pub e164: String,
    /// `open`, `done`, `declined` or `withdrawn`.
    pub state: String,
    pub note: Option<String>,
    pub requested_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
    /// Why the operator declined.
    pub reason: Option<String>,
    /// Who of the operator answered; for the operator's eyes.
    pub closed_by: Option<String>,
}

/// Which requests an operator looks at.
#[derive(Clone, Debug, Default)]
pub struct InboxAsk {
    /// Those that wait for an answer, or those that are over.
    pub open: bool,
    pub tenant: Option<Uuid>,
    /// The id of the row before the page.
    pub after: Option<Uuid>,
    /// The id of the row behind the page; `after` wins.
    pub before: Option<Uuid>,
}

/// Opens requests in the caller's transaction, whose reach holds the tenants. Asked again, the note is the newer one.
///
/// # Errors
/// When the database is away.
pub async fn open(conn: &mut PgConnection, env: &Env, asked: &[ReleaseAsked<'_>]) -> Result<(), Failure> {
    if asked.is_empty() { Ok(()) } else { queries_release::open(conn, env, asked).await }
}

/// Ends the open requests of these numbers, if there are any; answers which numbers had one.
///
/// # Errors
/// When the database is away.
pub async fn close(
    conn: &mut PgConnection,
    tenant: TenantId,
    e164s: &[String],
    end: ReleaseEnd<'_>,
    at: DateTime<Utc>,
) -> Result<Vec<String>, Failure> {
    close_by(conn, tenant, e164s, (end, None), at).await
}

async fn close_by(
    conn: &mut PgConnection,
    tenant: TenantId,
    e164s: &[String],
    (end, by): (ReleaseEnd<'_>, Option<&str>),
    at: DateTime<Utc>,
) -> Result<Vec<String>, Failure> {
    let (state, reason) = match end {
        ReleaseEnd::Done => ("done", None),
        ReleaseEnd::Declined(reason) => ("declined", Some(reason)),
        ReleaseEnd::Withdrawn => ("withdrawn", None),
    };
    if e164s.is_empty() { Ok(Vec::new()) } else { queries_release::close(conn, tenant, e164s, (state, reason, by), at).await }
}

/// The newest request for a number of the tenant, for its page.
///
/// # Errors
/// When the database is away.
pub async fn of_number(conn: &mut PgConnection, tenant: TenantId, e164: &E164) -> Result<Option<ReleaseRequest>, Failure> {
    queries_release::of_number(conn, tenant, e164).await
}

/// How many requests wait for the operator of the transaction, counted up to 1,000.
///
/// # Errors
/// When the database is away.
pub async fn waiting(conn: &mut PgConnection, operator: OperatorId) -> Result<i64, Failure> {
    queries_release::count_open(conn, operator, 1_000).await
}

/// Requests to the operator, newest first.
///
/// # Errors
/// 403 without `numbers:read`.
pub async fn inbox(store: &Store, ctx: &Ctx, ask: &InboxAsk, limit: i64) -> Result<(Vec<ReleaseRequest>, i64), Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::NumbersRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let rows = queries_release::inbox(&mut tx, operator, ask, limit).await?;
    let waiting = waiting(&mut tx, operator).await?;
    note_view(&mut tx, ctx, operator, &rows).await?;
    tx.commit().await?;
    Ok((rows, waiting))
}

/// Registers what customers asked for: no consent holds a request back, so that leaving an operator cannot get stuck.
async fn note_view(conn: &mut PgConnection, ctx: &Ctx, operator: OperatorId, rows: &[ReleaseRequest]) -> Result<(), Failure> {
    let mut shares: BTreeMap<Uuid, i64> = BTreeMap::new();
    for row in rows {
        *shares.entry(row.tenant_id).or_default() += 1;
    }
    for (tenant, records) in shares {
        let (tenant, name) = (TenantId(tenant), "release-requests");
        let view = View { tenant, operator, classes: &[Class::Numbers], basis: Basis::WindDown, name, records };
        transfers::register_view(&mut *conn, ctx, view).await?;
    }
    Ok(())
}

/// One open request to the operator.
///
/// # Errors
/// 403 without `numbers:read`; 404; 409 `request_closed` when it was answered already.
pub async fn find_open(store: &Store, ctx: &Ctx, id: &str) -> Result<ReleaseRequest, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::NumbersRead)?;
    let id = Uuid::try_parse(id).map_err(|_| Problem::not_found("request"))?;
    let mut tx = store.begin_for(ctx).await?;
    let found = queries_release::find(&mut tx, operator, id).await?.ok_or_else(|| Problem::not_found("request"))?;
    if found.state == "open" { Ok(found) } else { Err(closed().into()) }
}

fn closed() -> Problem {
    Problem::new(409, "request_closed", "This request was answered already, or the customer took it back.")
}

/// Releases the number of a request: an order of one row, whose verdict says whether it could be done.
///
/// # Errors
/// 403 without `numbers:write`, 404, 409 `request_closed`.
pub async fn release(store: &Store, ctx: &Ctx, id: &str) -> Result<OrderId, Failure> {
    ctx.require(Scope::NumbersWrite)?;
    let request = find_open(store, ctx, id).await?;
    orders::release(store, ctx, vec![request.e164.into()], Source::Api).await
}

/// Declines a request; the tenant reads the reason at its number.
///
/// # Errors
/// 403 without `numbers:write`, 404, 409 `request_closed`, 422 `reason_missing`.
pub async fn decline(store: &Store, ctx: &Ctx, id: &str, reason: &str) -> Result<ReleaseRequest, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::NumbersWrite)?;
    let request = find_open(store, ctx, id).await?;
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > NOTE || reason.contains('\0') {
        let fix = "1 to 500 signs of plain words.";
        let problem = Problem::new(422, "reason_missing", "Say why, in words the customer understands.");
        return Err(problem.field("reason", "reason_missing", None, fix).into());
    }
    let tenant = TenantId(request.tenant_id);
    let e164 = E164::parse(&request.e164).map_err(anyhow::Error::new)?;
    let mut tx = store.begin(Reach::Pair(tenant, operator)).await?;
    let end = (ReleaseEnd::Declined(reason), Some(ctx.actor.label()));
    if close_by(&mut tx, tenant, std::slice::from_ref(&request.e164), end, ctx.now()).await?.is_empty() {
        return Err(closed().into());
    }
    queries_release::forget(&mut tx, tenant, &e164, ctx.now()).await?;
    let change = Change {
        tenant,
        operator: Some(operator),
        e164: &e164,
        id: ctx.env.id(),
        at: ctx.now(),
        kind: "release_declined",
        actor_kind: ctx.org.kind(),
        number_seq: None,
        event: None,
        order: None,
        before: None,
        after: Some(json!({ "reason": reason })),
    };
    queries::note_changes(&mut tx, std::slice::from_ref(&change)).await?;
    let detail = Some(json!({ "reason": reason }));
    let entry = audit::Entry { action: "number.decline_release", subject_kind: "number", subject_id: &request.e164, detail };
    audit::record(&mut tx, ctx, entry).await?;
    tx.commit().await?;
    Ok(request)
}
