//! Machine calls that read numbers.

use axum::extract::RawQuery;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderValue;
use http::header;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::model_filter::read_moment;
use super::model_list::NUMBER_COLUMNS;
use super::model_list::NumberAsk;
use super::model_list::NumberLine;
use super::model_list::OPERATOR_COLUMNS;
use super::model_list::OperatorAsk;
use super::model_list::OperatorLine;
use super::past;
use super::queries_detail::Holder;
use super::queries_detail::NumberDetail;
use super::reads;
use super::reads::Way;
use super::reads::number_param;
use super::timeline;
use super::timeline::MOMENT_COLUMNS;
use super::timeline::MomentOut;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::identity::ApiCtx;
use crate::identity::Format;
use crate::identity::Listing;
use crate::identity::Paging;
use crate::identity::Path;
use crate::identity::ProblemOut;
use crate::identity::etag;
use crate::store::Store;
use crate::transfers::Channel;
use crate::ui::Query;

/// The reading routes of this room.
pub fn api_read() -> OpenApiRouter<Store> {
    OpenApiRouter::new()
        .routes(routes!(tenant_list))
        .routes(routes!(tenant_one))
        .routes(routes!(tenant_timeline))
        .routes(routes!(tenant_holder))
        .routes(routes!(operator_list))
        .routes(routes!(operator_one))
        .routes(routes!(operator_history))
}

fn query_of(raw: Option<String>) -> Query {
    Query::parse(&raw.unwrap_or_default())
}

fn with_etag(version: i64, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    response.headers_mut().insert(header::ETAG, etag(version));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// List numbers of the tenant
///
/// Filters of the page: `state=free|assigned|pending|failed|quarantined|reserved`, `operator` (id), `country`, `city`, `kind`, `usage`,
/// `capability`, `tag`, `assigned_to` (a target's id or sign-in name), `pending_over` (minutes), `from` and `to` (numbers or their first
/// digits), `changed_since`, `numbers` (up to 1,000, parted by commas), `q` (first digits with `+`, any digits without, `ends=true` for the
/// last ones only, the beginning of a name or address, a tag), `sort=number|state|operator|city|usage|changed` with `-` in front for
/// falling.
#[utoipa::path(get, path = "/tenant/numbers", tag = "tenant numbers",
    params(("state" = Option<String>, Query), ("operator" = Option<String>, Query), ("country" = Option<String>, Query),
           ("city" = Option<String>, Query), ("kind" = Option<String>, Query), ("usage" = Option<String>, Query),
           ("capability" = Option<String>, Query), ("tag" = Option<String>, Query), ("assigned_to" = Option<String>, Query),
           ("pending_over" = Option<i32>, Query), ("from" = Option<String>, Query), ("to" = Option<String>, Query),
           ("changed_since" = Option<String>, Query), ("numbers" = Option<String>, Query), ("q" = Option<String>, Query),
           ("ends" = Option<bool>, Query), ("sort" = Option<String>, Query), ("limit" = Option<i64>, Query),
           ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Listing<NumberLine>), (status = 400, body = ProblemOut), (status = 403, body = ProblemOut)))]
async fn tenant_list(
    State(store): State<Store>,
    ApiCtx(ctx): ApiCtx,
    format: Format,
    paging: Paging,
    RawQuery(raw): RawQuery,
) -> Result<Response, Failure> {
    ctx.tenant()?;
    ctx.require(Scope::TenantRead)?;
    let ask = NumberAsk::parse(&query_of(raw).without("after").without("before"))?;
    let lines = reads::tenant_numbers(&store, &ctx, &ask, paging.limit + 1).await?;
    Listing::cut(lines, paging.limit, |last| ask.cursor(last)).answer(format, &paging.uri, &NUMBER_COLUMNS)
}

/// One number of the tenant
#[utoipa::path(get, path = "/tenant/numbers/{e164}", tag = "tenant numbers", params(("e164" = String, Path)),
    responses((status = 200, body = NumberDetail), (status = 403, body = ProblemOut), (status = 404, body = ProblemOut)))]
async fn tenant_one(State(store): State<Store>, ApiCtx(ctx): ApiCtx, Path(e164): Path<String>) -> Result<Response, Failure> {
    ctx.tenant()?;
    ctx.require(Scope::TenantRead)?;
    let number = reads::tenant_number(&store, &ctx, &number_param(&e164)?).await?;
    Ok(with_etag(number.version, axum::Json(number)))
}

/// What happened to a number of the tenant, newest first
///
/// Also of a number that it had once: its own span of time.
#[utoipa::path(get, path = "/tenant/numbers/{e164}/timeline", tag = "tenant numbers", params(("e164" = String, Path)),
    responses((status = 200, body = Listing<MomentOut>), (status = 403, body = ProblemOut), (status = 404, body = ProblemOut)))]
async fn tenant_timeline(
    State(store): State<Store>,
    ApiCtx(ctx): ApiCtx,
    Path(e164): Path<String>,
    format: Format,
    paging: Paging,
) -> Result<Response, Failure> {
    ctx.tenant()?;
    ctx.require(Scope::TenantRead)?;
    let moments = timeline::tenant_moments(&store, &ctx, &number_param(&e164)?).await?;
    Listing::new(moments.into_iter().map(MomentOut::from).collect(), None).answer(format, &paging.uri, &MOMENT_COLUMNS)
}

/// Who had a number of the tenant at a moment
///
/// `at` is RFC 3339; now when left out. Answers `null` when nobody had it then.
#[utoipa::path(get, path = "/tenant/numbers/{e164}/holder", tag = "tenant numbers",
    params(("e164" = String, Path), ("at" = Option<String>, Query)),
    responses((status = 200, body = Option<Holder>), (status = 400, body = ProblemOut), (status = 404, body = ProblemOut)))]
async fn tenant_holder(
    State(store): State<Store>,
    ApiCtx(ctx): ApiCtx,
    Path(e164): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Failure> {
    ctx.tenant()?;
    ctx.require(Scope::TenantRead)?;
    let number = number_param(&e164)?;
    let at = match query_of(raw).get("at") {
        None => ctx.now(),
        Some(text) => read_moment(text).ok_or_else(|| {
            let fix = "Send a time with its offset, for example 2026-11-23T14:05:09Z.";
            Problem::new(400, "query_malformed", "at is no time.").field("at", "time_invalid", Some(text.to_owned()), fix)
        })?,
    };
    let holder = timeline::holder_at(&store, &ctx, &number, at).await?;
    Ok(axum::Json(holder).into_response())
}

/// List numbers of the operator
///
/// Over all customers whose consent lets numbers flow now. The first page also says `events_after`: the `seq` from which
/// `GET /events` goes on without a gap. `country`, `city`, `kind`, `usage`, `capability`, `pending_over`, `from`, `to`, `numbers` and `q` as
/// for a tenant's list; `state=pending|refused|quarantined`; `sort=number|changed`.
#[utoipa::path(get, path = "/numbers", tag = "numbers",
    params(("tenant_id" = Option<String>, Query), ("assigned" = Option<bool>, Query), ("state" = Option<String>, Query),
           ("country" = Option<String>, Query), ("city" = Option<String>, Query), ("kind" = Option<String>, Query),
           ("usage" = Option<String>, Query), ("capability" = Option<String>, Query), ("pending_over" = Option<i32>, Query),
           ("from" = Option<String>, Query), ("to" = Option<String>, Query), ("prefix" = Option<String>, Query),
           ("numbers" = Option<String>, Query), ("q" = Option<String>, Query), ("ends" = Option<bool>, Query),
           ("updated_since" = Option<String>, Query), ("sort" = Option<String>, Query), ("limit" = Option<i64>, Query),
           ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Listing<OperatorLine>), (status = 400, body = ProblemOut), (status = 403, body = ProblemOut),
              (status = 451, body = ProblemOut)))]
async fn operator_list(
    State(store): State<Store>,
    ApiCtx(ctx): ApiCtx,
    format: Format,
    paging: Paging,
    RawQuery(raw): RawQuery,
) -> Result<Response, Failure> {
    ctx.operator()?;
    ctx.require(Scope::NumbersRead)?;
    let ask = OperatorAsk::parse(&query_of(raw).without("after").without("before"))?;
    let first = ask.after.is_none();
    let page = reads::operator_page(&store, &ctx, &ask, paging.limit, Way::Call(Channel::Pull)).await?;
    let next = page.next;
    let mut listing = Listing::new(page.lines, next.map(|place| place.cursor(ask.order)));
    if first {
        listing = listing.with("events_after", page.events_after);
    }
    listing.answer(format, &paging.uri, &OPERATOR_COLUMNS)
}

/// One number of the operator
#[utoipa::path(get, path = "/numbers/{e164}", tag = "numbers", params(("e164" = String, Path)),
    responses((status = 200, body = OperatorLine), (status = 403, body = ProblemOut), (status = 404, body = ProblemOut),
              (status = 451, body = ProblemOut)))]
async fn operator_one(State(store): State<Store>, ApiCtx(ctx): ApiCtx, Path(e164): Path<String>) -> Result<Response, Failure> {
    ctx.operator()?;
    ctx.require(Scope::NumbersRead)?;
    let number = reads::operator_number(&store, &ctx, &number_param(&e164)?, Way::Call(Channel::Pull)).await?;
    Ok(with_etag(number.version, axum::Json(number)))
}

/// What happened to a number of the operator, newest first
///
/// Also of a number that it served once: its own span of time.
#[utoipa::path(get, path = "/numbers/{e164}/history", tag = "numbers", params(("e164" = String, Path)),
    responses((status = 200, body = Listing<MomentOut>), (status = 403, body = ProblemOut), (status = 404, body = ProblemOut),
              (status = 451, body = ProblemOut)))]
async fn operator_history(
    State(store): State<Store>,
    ApiCtx(ctx): ApiCtx,
    Path(e164): Path<String>,
    format: Format,
    paging: Paging,
) -> Result<Response, Failure> {
    ctx.operator()?;
    ctx.require(Scope::NumbersRead)?;
    let (e164, way) = (number_param(&e164)?, Way::Call(Channel::Pull));
    let moments = match timeline::operator_story(&store, &ctx, &e164, way).await {
        Err(failure) if failure.problem().status == 404 => past::of_operator(&store, &ctx, &e164, way).await?.moments,
        story => story?.1,
    };
    Listing::new(moments.into_iter().map(MomentOut::from).collect(), None).answer(format, &paging.uri, &MOMENT_COLUMNS)
}
