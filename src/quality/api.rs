//! `GET /quality` and `GET /tenant/quality`.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use chrono::SecondsFormat;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::measures::COLUMNS;
use super::measures::KEYS;
use super::measures::MeasuresAsk;
use super::measures::MeasuresIn;
use super::measures::QualityOut;
use super::queries;
use super::queries::Reader;
use super::reads::Gates;
use crate::base::Cursor;
use crate::base::Failure;
use crate::base::Scope;
use crate::identity::ApiCtx;
use crate::identity::Format;
use crate::identity::Listing;
use crate::identity::Paging;
use crate::identity::ProblemOut;
use crate::identity::Query;
use crate::store::Store;
use crate::transfers;
use crate::transfers::Channel;

/// The routes of this room.
pub fn api() -> OpenApiRouter<Store> {
    OpenApiRouter::new().routes(routes!(operator_quality)).routes(routes!(tenant_quality))
}

/// The rows of one page and one more.
fn cut(rows: Vec<QualityOut>, after: Option<&Cursor>, limit: i64) -> Vec<QualityOut> {
    let rest = rows.into_iter().skip_while(|row| after.is_some_and(|after| row.key <= after.0));
    rest.take(usize::try_from(limit).unwrap_or(0).saturating_add(1)).collect()
}

fn answer(ask: &MeasuresAsk, rows: Vec<QualityOut>, paging: &Paging, format: Format) -> Result<Response, Failure> {
    let time = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    Listing::cut(rows, paging.limit, QualityOut::cursor).with("from", time(ask.slice.from)).with("to", time(ask.slice.to)).answer(
        format,
        &paging.uri,
        &COLUMNS,
    )
}

/// Quality of calls of the operator
///
/// Over all customers whose consent lets quality flow now, and of their calls those that ended while it did. By the hour of the
/// call's end; `[from, to)`, told back as it was counted. Unclassified calls stand in no ratio. Every measure has its n; under 100
/// it says little.
#[utoipa::path(get, path = "/quality", tag = "quality", params(MeasuresIn, ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Listing<QualityOut>), (status = 400, body = ProblemOut), (status = 403, body = ProblemOut),
              (status = 404, body = ProblemOut), (status = 451, body = ProblemOut)))]
async fn operator_quality(
    State(store): State<Store>,
    ApiCtx(ctx): ApiCtx,
    format: Format,
    paging: Paging,
    Query(wanted): Query<MeasuresIn>,
) -> Result<Response, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::CallsRead)?;
    let ask = wanted.read("tenant", ctx.now())?;
    let after = paging.cursor(KEYS)?;
    let mut tx = store.begin_for(&ctx).await?;
    let gates = Gates::locked(&mut tx, operator).await?;
    if let Some(tenant) = ask.slice.party {
        gates.ask_for(tenant)?;
    }
    let lines = queries::grouped(&mut tx, &gates.reader(), &ask.slice, ask.grouping).await?;
    let rows = cut(ask.rows(lines), after.as_ref(), paging.limit);
    let mut shares: BTreeMap<Uuid, i64> = BTreeMap::new();
    for tenant in rows.iter().take(usize::try_from(paging.limit).unwrap_or(0)).flat_map(|row| &row.parties) {
        *shares.entry(*tenant).or_default() += 1;
    }
    // For each customer the rows in which its calls stand.
    let entries = gates.entries(&ctx, &ask.slice, Channel::Pull, shares);
    transfers::register(&mut tx, &ctx.env, &entries).await?;
    tx.commit().await?;
    answer(&ask, rows, &paging, format)
}

/// Quality of calls of the tenant
///
/// As on the operator's side, with `operator` for a group; all calls of the tenant, whether they were handed over or not.
#[utoipa::path(get, path = "/tenant/quality", tag = "tenant quality", params(MeasuresIn, ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Listing<QualityOut>), (status = 400, body = ProblemOut), (status = 403, body = ProblemOut)))]
async fn tenant_quality(
    State(store): State<Store>,
    ApiCtx(ctx): ApiCtx,
    format: Format,
    paging: Paging,
    Query(wanted): Query<MeasuresIn>,
) -> Result<Response, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::QualityRead)?;
    let ask = wanted.read("operator", ctx.now())?;
    let after = paging.cursor(KEYS)?;
    let mut tx = store.begin_for(&ctx).await?;
    let lines = queries::grouped(&mut tx, &Reader::Tenant(tenant), &ask.slice, ask.grouping).await?;
    tx.commit().await?;
    let rows = cut(ask.rows(lines), after.as_ref(), paging.limit);
    answer(&ask, rows, &paging, format)
}
