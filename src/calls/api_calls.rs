//! Machine calls that read calls, and the platform's that bring them.

use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::response::Response;
use http::HeaderValue;
use http::header;
use serde_json::value::RawValue;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api_calls_platform;
use super::feed;
use super::feed_ask::CallsAsk;
use super::feed_ask::CallsIn;
use super::feed_ask::FeedPlace;
use super::feed_ask::ListPlace;
use super::feed_wire::CallOut;
use super::feed_wire::CallStory;
use super::feed_wire::TenantCallOut;
use crate::base::CallId;
use crate::base::Failure;
use crate::base::Scope;
use crate::identity::ApiCtx;
use crate::identity::Format;
use crate::identity::Listing;
use crate::identity::Paging;
use crate::identity::Path;
use crate::identity::ProblemOut;
use crate::identity::Query;
use crate::store::Store;

/// The routes of call records: in for the platform, out for operators and tenants.
pub fn api_calls() -> OpenApiRouter<Store> {
    OpenApiRouter::new()
        .routes(routes!(operator_list))
        .routes(routes!(operator_one))
        .routes(routes!(tenant_list))
        .routes(routes!(tenant_one))
        .merge(api_calls_platform::api())
}

/// List calls of the operator
///
/// Own legs of customers whose consent is open now; one that ended while it was closed is never given. `basis=processed` is the
/// loss-free feed: records in the order of sealing, `from` and `to` by `processed_at`, a new version of a record as a new item with
/// the same `id`, and `next_cursor` never null: ask again with it for what comes next. `basis=ended` lists by time, newest first.
#[utoipa::path(get, path = "/calls", tag = "calls", params(CallsIn, ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Calls", body = Listing<CallOut>), (status = 400, description = "`query_malformed`", body = ProblemOut),
              (status = 404, description = "No such customer", body = ProblemOut), (status = 410, description = "`cursor_before_retention`", body = ProblemOut),
              (status = 451, description = "`consent_suspended`, `consent_withdrawn`, `consent_missing`", body = ProblemOut)))]
async fn operator_list(
    State(store): State<Store>,
    ApiCtx(ctx): ApiCtx,
    format: Format,
    paging: Paging,
    Query(given): Query<CallsIn>,
) -> Result<Response, Failure> {
    ctx.operator()?;
    ctx.require(Scope::CallsRead)?;
    let ask = CallsAsk::of_operator(&given)?;
    let page = if ask.processed {
        feed::processed(&store, &ctx, &ask, FeedPlace::of(&paging)?, paging.limit).await?
    } else {
        feed::ended(&store, &ctx, &ask, ListPlace::of(&paging)?, paging.limit).await?
    };
    let mut listing = Listing::new(page.rows, page.next);
    listing.has_more = page.more;
    listing.answer(format, &paging.uri, &CallOut::COLUMNS)
}

/// One call of the operator
///
/// With the messages between the sides and, where quality is granted, its streams.
#[utoipa::path(get, path = "/calls/{id}", tag = "calls", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The call", body = CallStory<CallOut>), (status = 404, description = "No such call", body = ProblemOut),
              (status = 451, description = "The consent is closed, or was when the call ended", body = ProblemOut)))]
async fn operator_one(State(store): State<Store>, ApiCtx(ctx): ApiCtx, Path(id): Path<CallId>) -> Result<Response, Failure> {
    let body = feed::operator_call(&store, &ctx, id).await?;
    Ok(json(&body))
}

fn json(body: &RawValue) -> Response {
    let mut response = Body::from(body.get().to_owned()).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// List calls of the tenant
///
/// Newest first, the other party's number masked by the rule of the tenant's country. `from` and `to` by the end of the call, or its
/// beginning while it lasts.
#[utoipa::path(get, path = "/tenant/calls", tag = "tenant", params(CallsIn, ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Calls", body = Listing<TenantCallOut>),
              (status = 400, description = "`query_malformed`", body = ProblemOut)))]
async fn tenant_list(
    State(store): State<Store>,
    ApiCtx(ctx): ApiCtx,
    format: Format,
    paging: Paging,
    Query(given): Query<CallsIn>,
) -> Result<Response, Failure> {
    ctx.tenant()?;
    ctx.require(Scope::CallsRead)?;
    let ask = CallsAsk::of_tenant(&given)?;
    let (rows, next) = feed::tenant_calls(&store, &ctx, &ask, ListPlace::of(&paging)?, paging.limit).await?;
    Listing::new(rows, next).answer(format, &paging.uri, &TenantCallOut::COLUMNS)
}

/// One call of the tenant
///
/// With the messages between the sides and its streams.
#[utoipa::path(get, path = "/tenant/calls/{id}", tag = "tenant", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The call", body = CallStory<TenantCallOut>), (status = 404, description = "No such call", body = ProblemOut)))]
async fn tenant_one(State(store): State<Store>, ApiCtx(ctx): ApiCtx, Path(id): Path<CallId>) -> Result<Response, Failure> {
    let call = feed::tenant_call(&store, &ctx, id).await?;
    let mut response = axum::Json(call).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
