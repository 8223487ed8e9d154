//! The machine API of numbers, the writing half, and the platform's directory of targets.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderMap;
use http::StatusCode;
use http::header;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::actions;
use super::actions::AssignIn;
use super::api_directory::api_directory;
use super::api_wire::AssignBody;
use super::api_wire::Directory;
use super::api_wire::NumbersIn;
use super::api_wire::OperatorRead;
use super::api_wire::OperatorWrite;
use super::api_wire::OrderMade;
use super::api_wire::RefuseIn;
use super::api_wire::RefusedOut;
use super::api_wire::ReleaseIn;
use super::api_wire::TenantAssign;
use super::api_wire::TenantNumberOut;
use super::api_wire::TenantRead;
use super::api_wire::UnassignBody;
use super::api_wire::e164;
use super::api_wire::optional;
use super::api_wire::seen;
use super::model::Number;
use super::orders;
use super::orders::Checked;
use super::orders::Order;
use super::orders::OrderRow;
use super::targets;
use super::targets::AssignmentOut;
use super::targets::TargetFilter;
use super::targets::TargetRow;
use super::words::Category;
use super::words::Source;
use super::words::TargetKind;
use crate::base::Ctx;
use crate::base::Cursor;
use crate::base::Failure;
use crate::base::OrderId;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::TenantId;
use crate::identity::Format;
use crate::identity::Json;
use crate::identity::Listing;
use crate::identity::Once;
use crate::identity::Paging;
use crate::identity::Path;
use crate::identity::ProblemOut;
use crate::identity::Query;
use crate::identity::etag;
use crate::identity::if_match;
use crate::store::Store;

/// The routes of this room that write, with orders, targets and the call controller's view.
pub fn api() -> OpenApiRouter<Store> {
    OpenApiRouter::new()
        .routes(routes!(provision, change))
        .routes(routes!(precheck))
        .routes(routes!(release))
        .routes(routes!(refuse))
        .routes(routes!(order))
        .routes(routes!(order_rows))
        .routes(routes!(assign))
        .routes(routes!(unassign))
        .routes(routes!(list_targets))
        .routes(routes!(assignments))
        .merge(super::api_sets::api_sets())
        .merge(api_directory())
}

async fn made(store: &Store, ctx: &Ctx, id: OrderId) -> Result<Response, Failure> {
    let reader = ctx.with_scope(Scope::NumbersRead);
    let order = orders::find_order(store, &reader, id).await?;
    let rows = orders::rows_of_order(store, &reader, id, None, 0, i64::from(i32::MAX)).await?;
    let body = OrderMade { id: id.0, state: order.state, accepted: order.accepted, rejected: order.rejected, rows };
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, format!("/api/v1/orders/{id}"))], axum::Json(body)).into_response())
}

/// Provision numbers
///
/// Up to 1,000 numbers. Good rows go in, bad rows are listed with `code` and `fix`. Codes: `row_malformed` `e164_invalid`
/// `field_unknown` `tenant_unknown` `usage_invalid` `capability_invalid` `kind_invalid` `emergency_mode_invalid`
/// `emergency_location_invalid` `value_invalid` `e164_unlisted` `duplicate_row` `gate_closed` `relationship_ended`
/// `already_provisioned` `number_taken`.
#[utoipa::path(post, path = "/numbers", tag = "numbers", request_body = NumbersIn,
    responses((status = 202, description = "The order and what became of each row", body = OrderMade, headers(("Location" = String))),
              (status = 403, description = "`scope_missing`, `wrong_org_kind`", body = ProblemOut),
              (status = 422, description = "`rows_missing`, `rows_too_many`", body = ProblemOut)))]
async fn provision(
    State(store): State<Store>,
    OperatorWrite(ctx): OperatorWrite,
    once: Once,
    Json(body, raw): Json<NumbersIn>,
) -> Result<Response, Failure> {
    once.run(&store, &ctx, &raw, move |store, ctx| async move {
        let id = orders::provision(&store, &ctx, body.numbers, Source::Api).await?;
        made(&store, &ctx, id).await
    })
    .await
}

/// Check numbers before provisioning
///
/// Same body and same code as `POST /numbers`; changes nothing.
#[utoipa::path(post, path = "/numbers/precheck", tag = "numbers", request_body = NumbersIn,
    responses((status = 200, description = "What would become of each row", body = Checked),
              (status = 422, description = "`rows_missing`, `rows_too_many`", body = ProblemOut)))]
async fn precheck(
    State(store): State<Store>,
    OperatorWrite(ctx): OperatorWrite,
    Json(body, _): Json<NumbersIn>,
) -> Result<axum::Json<Checked>, Failure> {
    Ok(axum::Json(orders::precheck(&store, &ctx, body.numbers, Source::Api).await?))
}

/// Change numbers
///
/// What is left out stays, null clears. `number_not_yours`: no such number of yours; `number_assigned`: usage and its
/// capability stay while somebody has the number.
#[utoipa::path(patch, path = "/numbers", tag = "numbers", request_body = NumbersIn,
    responses((status = 202, description = "The order and what became of each row", body = OrderMade, headers(("Location" = String))),
              (status = 422, description = "`rows_missing`, `rows_too_many`", body = ProblemOut)))]
async fn change(
    State(store): State<Store>,
    OperatorWrite(ctx): OperatorWrite,
    once: Once,
    Json(body, raw): Json<NumbersIn>,
) -> Result<Response, Failure> {
    once.run(&store, &ctx, &raw, move |store, ctx| async move {
        let id = orders::change(&store, &ctx, body.numbers).await?;
        made(&store, &ctx, id).await
    })
    .await
}

/// Release numbers
///
/// Takes unassigned numbers out of stock; an assigned one is refused as `number_assigned`. Never refused for lack of consent.
#[utoipa::path(post, path = "/numbers/release", tag = "numbers", request_body = ReleaseIn,
    responses((status = 202, description = "The order and what became of each row", body = OrderMade, headers(("Location" = String))),
              (status = 422, description = "`rows_missing`, `rows_too_many`", body = ProblemOut)))]
async fn release(
    State(store): State<Store>,
    OperatorWrite(ctx): OperatorWrite,
    once: Once,
    Json(body, raw): Json<ReleaseIn>,
) -> Result<Response, Failure> {
    once.run(&store, &ctx, &raw, move |store, ctx| async move {
        let id = orders::release(&store, &ctx, body.numbers, Source::Api).await?;
        made(&store, &ctx, id).await
    })
    .await
}

/// Refuse an assignment
///
/// The operator cannot serve the number as its newest event asks; it becomes `assignment_failed` and the customer sees why.
#[utoipa::path(post, path = "/numbers/{e164}/refuse", tag = "numbers", request_body = RefuseIn, params(("e164" = String, Path)),
    responses((status = 200, description = "The number", body = RefusedOut), (status = 404, description = "`number_not_found`", body = ProblemOut),
              (status = 409, description = "`seq_stale`", body = ProblemOut),
              (status = 422, description = "`seq_unknown`, `refusal_invalid`, `not_assigned`", body = ProblemOut)))]
async fn refuse(
    State(store): State<Store>,
    OperatorWrite(ctx): OperatorWrite,
    Path(number): Path<String>,
    once: Once,
    Json(body, raw): Json<RefuseIn>,
) -> Result<Response, Failure> {
    let number = e164(&number)?;
    once.run(&store, &ctx, &raw, move |store, ctx| async move {
        let number = actions::refuse(&store, &ctx, &number, body.seq, &body.code, &body.reason).await?;
        Ok(axum::Json(RefusedOut::of(&number)))
    })
    .await
}

/// One order
#[utoipa::path(get, path = "/orders/{id}", tag = "numbers", params(("id" = Uuid, Path)),
    responses((status = 200, description = "State and counts", body = Order), (status = 404, description = "No such order", body = ProblemOut)))]
async fn order(
    State(store): State<Store>,
    OperatorRead(ctx): OperatorRead,
    Path(id): Path<OrderId>,
) -> Result<axum::Json<Order>, Failure> {
    Ok(axum::Json(orders::find_order(&store, &ctx, id).await?))
}

/// Which rows of an order.
#[derive(Deserialize)]
struct OutcomeIn {
    outcome: Option<String>,
}

/// Rows of an order
#[utoipa::path(get, path = "/orders/{id}/rows", tag = "numbers",
    params(("id" = Uuid, Path), ("outcome" = Option<String>, Query, description = "`accepted` or `rejected`"),
           ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Rows in order", body = Listing<OrderRow>), (status = 404, description = "No such order", body = ProblemOut)))]
async fn order_rows(
    State(store): State<Store>,
    OperatorRead(ctx): OperatorRead,
    Path(id): Path<OrderId>,
    format: Format,
    paging: Paging,
    Query(filter): Query<OutcomeIn>,
) -> Result<Response, Failure> {
    let after = match paging.cursor(1)? {
        None => 0,
        Some(Cursor(keys)) => keys.first().and_then(|row| row.parse().ok()).ok_or_else(cursor_invalid)?,
    };
    let rows = orders::rows_of_order(&store, &ctx, id, filter.outcome.as_deref(), after, paging.limit + 1).await?;
    let columns = ["row", "e164", "outcome", "code", "field", "value", "fix"];
    Listing::cut(rows, paging.limit, |last| Cursor(vec![last.row.to_string()]).encode()).answer(format, &paging.uri, &columns)
}

fn cursor_invalid() -> Problem {
    Problem::new(400, "cursor_invalid", "This cursor is not one of this list. Start without a cursor.")
}

fn answer(number: &Number) -> Response {
    ([(header::ETAG, etag(number.version))], axum::Json(TenantNumberOut::of(number))).into_response()
}

/// Assign a number
///
/// Gives a number to a person or account and tells the operator. The same call again changes nothing. With `If-Match` only
/// that version is changed.
#[utoipa::path(post, path = "/tenant/numbers/{e164}/assign", tag = "tenant", request_body = AssignBody, params(("e164" = String, Path)),
    responses((status = 200, description = "The number, `assignment_pending` until the operator has it", body = TenantNumberOut),
              (status = 404, description = "`number_not_found`", body = ProblemOut), (status = 412, description = "`version_conflict`", body = ProblemOut),
              (status = 422, description = "A typed refusal: `gate_closed` `relationship_ended` `already_assigned` `quarantined` `reserved` `target_unknown` `target_not_licensed` `country_mismatch` `usage_mismatch` `capability_missing` `emergency_location_required` `primary_exists`", body = ProblemOut)))]
async fn assign(
    State(store): State<Store>,
    TenantAssign(ctx): TenantAssign,
    Path(number): Path<String>,
    headers: HeaderMap,
    once: Once,
    Json(body, raw): Json<AssignBody>,
) -> Result<Response, Failure> {
    let e164 = e164(&number)?;
    let category = body.category.as_deref().map(category).transpose()?;
    let tags = if_match(&headers)?;
    once.run(&store, &ctx, &raw, move |store, ctx| async move {
        let version = seen(&store, &ctx, &e164, tags).await?;
        let number = actions::assign(&store, &ctx, AssignIn { e164, target_id: body.target_id, category, version }).await?;
        Ok(answer(&number))
    })
    .await
}

pub(super) fn category(text: &str) -> Result<Category, Failure> {
    Category::parse(text).ok_or_else(|| {
        let value = Some(text.chars().take(100).collect());
        let fix = format!("Say one of {}, or leave it out.", Category::listed());
        Problem::new(422, "category_invalid", "There is no such category.").field("category", "category_invalid", value, fix).into()
    })
}

/// Unassign a number
///
/// Takes a number back and tells the operator; never refused for lack of consent. The body may be left out.
#[utoipa::path(post, path = "/tenant/numbers/{e164}/unassign", tag = "tenant", request_body = UnassignBody, params(("e164" = String, Path)),
    responses((status = 200, description = "The number", body = TenantNumberOut), (status = 404, description = "`number_not_found`", body = ProblemOut),
              (status = 412, description = "`version_conflict`", body = ProblemOut),
              (status = 422, description = "`not_assigned`, `quarantine_invalid`", body = ProblemOut)))]
async fn unassign(
    State(store): State<Store>,
    TenantAssign(ctx): TenantAssign,
    Path(number): Path<String>,
    headers: HeaderMap,
    once: Once,
    raw: Bytes,
) -> Result<Response, Failure> {
    let e164 = e164(&number)?;
    let body: UnassignBody = optional(&raw)?;
    let tags = if_match(&headers)?;
    once.run(&store, &ctx, &raw, move |store, ctx| async move {
        let version = seen(&store, &ctx, &e164, tags).await?;
        let number = actions::unassign(&store, &ctx, &e164, body.quarantine_days, version).await?;
        Ok(answer(&number))
    })
    .await
}

/// Which targets.
#[derive(Deserialize)]
struct TargetsQuery {
    q: Option<String>,
    kind: Option<String>,
}

/// People and accounts
///
/// Those that can have numbers, by name.
#[utoipa::path(get, path = "/tenant/targets", tag = "tenant",
    params(("q" = Option<String>, Query, description = "Beginning of the name or user name"),
           ("kind" = Option<String>, Query, description = "`user`, `resource_account`, `conference_bridge`, `third_party_app` or `policy`"),
           ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Targets", body = Listing<TargetRow>), (status = 422, description = "`kind_unknown`", body = ProblemOut)))]
async fn list_targets(
    State(store): State<Store>,
    TenantRead(ctx): TenantRead,
    format: Format,
    paging: Paging,
    Query(filter): Query<TargetsQuery>,
) -> Result<Response, Failure> {
    let after = paging.cursor(2)?;
    let kind = match filter.kind.as_deref().filter(|kind| !kind.is_empty()) {
        None => None,
        Some(text) => Some(TargetKind::parse(text).ok_or_else(|| {
            let detail = format!("There is no such kind of target. Say one of {}.", TargetKind::listed());
            Problem::new(422, "kind_unknown", detail)
        })?),
    };
    let prefix = filter.q.map(|text| text.replace('\0', ""));
    let rows = targets::targets(&store, &ctx, &TargetFilter { prefix, kind }, after, paging.limit + 1).await?;
    let columns = ["id", "kind", "display_name", "upn", "usage_location", "licensed", "department", "e164", "numbers"];
    Listing::cut(rows, paging.limit, |last| targets::target_cursor(last).encode()).answer(format, &paging.uri, &columns)
}

/// Assignments as they stand
///
/// What the call controller needs: number, SIP URI and target.
#[utoipa::path(get, path = "/platform/tenants/{id}/assignments", tag = "platform",
    params(("id" = Uuid, Path), ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "By number", body = Listing<AssignmentOut>), (status = 404, description = "No such tenant", body = ProblemOut)))]
async fn assignments(
    State(store): State<Store>,
    Directory(ctx): Directory,
    Path(id): Path<TenantId>,
    format: Format,
    paging: Paging,
) -> Result<Response, Failure> {
    let after = paging.cursor(1)?.and_then(|Cursor(mut keys)| keys.pop());
    let rows = targets::assignments(&store, &ctx, id, after.as_deref(), paging.limit + 1).await?;
    let columns =
        ["e164", "sip_uri", "target_id", "target_kind", "category", "usage", "activation_state", "operator_id", "number_seq"];
    Listing::cut(rows, paging.limit, |last| Cursor(vec![last.e164.clone()]).encode()).answer(format, &paging.uri, &columns)
}
