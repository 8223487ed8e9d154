//! The machine API of what a tenant does to a number besides assigning it, and of its address book. Each call answers with
//! the number as `GET /tenant/numbers/{e164}` does.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderMap;
use http::StatusCode;
use http::header;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::acts;
use super::acts::Act;
use super::acts::Asked;
use super::api::category;
use super::api_wire::TenantAssign;
use super::api_wire::TenantRead;
use super::api_wire::e164;
use super::api_wire::optional;
use super::api_wire::seen;
use super::places;
use super::places::PlaceIn;
use super::queries_detail::NumberDetail;
use super::queries_places::PlaceLine;
use super::reads;
use super::words::Usage;
use crate::base::Cursor;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::identity::Format;
use crate::identity::Json;
use crate::identity::Listing;
use crate::identity::Once;
use crate::identity::Paging;
use crate::identity::Path;
use crate::identity::ProblemOut;
use crate::identity::etag;
use crate::identity::if_match;
use crate::store::Store;

/// The routes of this file.
pub fn api_acts() -> OpenApiRouter<Store> {
    OpenApiRouter::new()
        .routes(routes!(set_category))
        .routes(routes!(set_usage))
        .routes(routes!(set_emergency_location))
        .routes(routes!(tag))
        .routes(routes!(untag))
        .routes(routes!(reserve))
        .routes(routes!(unreserve))
        .routes(routes!(request_release))
        .routes(routes!(retry))
        .routes(routes!(list_places, add_place))
}

/// What a call brings along besides its body.
struct Call {
    store: Store,
    ctx: crate::base::Ctx,
    number: String,
    headers: HeaderMap,
    once: Once,
}

impl Call {
    /// Does the act once and answers the number.
    async fn run(self, raw: &[u8], act: Act) -> Result<Response, Failure> {
        let e164 = e164(&self.number)?;
        let tags = if_match(&self.headers)?;
        self.once
            .run(&self.store, &self.ctx, raw, move |store, ctx| async move {
                let version = seen(&store, &ctx, &e164, tags).await?;
                acts::act(&store, &ctx, Asked { e164: e164.to_string(), act, version }).await?;
                let reader = ctx.with_scope(Scope::TenantRead);
                let number = reads::tenant_number(&store, &reader, &e164).await?;
                Ok(([(header::ETAG, etag(number.version))], axum::Json(number)).into_response())
            })
            .await
    }
}

/// Which of the holder's numbers it is.
#[derive(Deserialize, ToSchema)]
struct CategoryBody {
    /// `primary`, `alternate` or `private`.
    category: String,
}

/// Change the category of an assigned number
///
/// The operator is not told: it never learns of categories.
#[utoipa::path(post, path = "/tenant/numbers/{e164}/category", tag = "tenant numbers", request_body = CategoryBody, params(("e164" = String, Path)),
    responses((status = 200, body = NumberDetail), (status = 404, body = ProblemOut), (status = 412, body = ProblemOut),
              (status = 422, description = "`category_invalid`, `not_assigned`, `primary_exists`", body = ProblemOut)))]
async fn set_category(
    State(store): State<Store>,
    TenantAssign(ctx): TenantAssign,
    Path(number): Path<String>,
    headers: HeaderMap,
    once: Once,
    Json(body, raw): Json<CategoryBody>,
) -> Result<Response, Failure> {
    let category = category(&body.category)?;
    Call { store, ctx, number, headers, once }.run(&raw, Act::SetCategory { category }).await
}

/// What a number is meant for.
#[derive(Deserialize, ToSchema)]
struct UsageBody {
    /// `user`, `voice_app` or `conference`.
    usage: String,
}

/// Change the usage of a number
///
/// Only while nobody has it, and to what the operator offers on it. The operator is told by `number.updated`.
#[utoipa::path(post, path = "/tenant/numbers/{e164}/usage", tag = "tenant numbers", request_body = UsageBody, params(("e164" = String, Path)),
    responses((status = 200, body = NumberDetail), (status = 404, body = ProblemOut), (status = 412, body = ProblemOut),
              (status = 422, description = "`usage_invalid`, `gate_closed`, `already_assigned`, `capability_missing`", body = ProblemOut)))]
async fn set_usage(
    State(store): State<Store>,
    TenantAssign(ctx): TenantAssign,
    Path(number): Path<String>,
    headers: HeaderMap,
    once: Once,
    Json(body, raw): Json<UsageBody>,
) -> Result<Response, Failure> {
    let usage = Usage::parse(&body.usage).ok_or_else(|| {
        let value = Some(body.usage.chars().take(100).collect());
        let fix = format!("Say one of {}.", Usage::listed());
        Problem::new(422, "usage_invalid", "There is no such usage.").field("usage", "usage_invalid", value, fix)
    })?;
    Call { store, ctx, number, headers, once }.run(&raw, Act::SetUsage { usage }).await
}

/// Where emergency calls from a number come from.
#[derive(Deserialize, ToSchema)]
struct PlaceBody {
    /// Of the address book; null for none of your own.
    emergency_location_id: Option<Uuid>,
}

/// Set the emergency location of a number
///
/// The operator is told by `number.emergency_location_changed`, while somebody has the number also without an open consent.
#[utoipa::path(post, path = "/tenant/numbers/{e164}/emergency-location", tag = "tenant numbers", request_body = PlaceBody,
    params(("e164" = String, Path)),
    responses((status = 200, body = NumberDetail), (status = 404, body = ProblemOut), (status = 412, body = ProblemOut),
              (status = 422, description = "`emergency_location_fixed`, `emergency_location_unknown`, `emergency_location_required`, `gate_closed`", body = ProblemOut)))]
async fn set_emergency_location(
    State(store): State<Store>,
    TenantAssign(ctx): TenantAssign,
    Path(number): Path<String>,
    headers: HeaderMap,
    once: Once,
    Json(body, raw): Json<PlaceBody>,
) -> Result<Response, Failure> {
    let act = Act::SetEmergencyLocation { location: body.emergency_location_id };
    Call { store, ctx, number, headers, once }.run(&raw, act).await
}

/// Tags of a number.
#[derive(Deserialize, ToSchema)]
struct TagsBody {
    /// 1 to 50 signs each.
    tags: Vec<String>,
}

/// Add tags to a number
///
/// At most 50 tags in all. Operators never see tags.
#[utoipa::path(post, path = "/tenant/numbers/{e164}/tag", tag = "tenant numbers", request_body = TagsBody, params(("e164" = String, Path)),
    responses((status = 200, body = NumberDetail), (status = 404, body = ProblemOut),
              (status = 422, description = "`tag_invalid`, `tags_too_many`", body = ProblemOut)))]
async fn tag(
    State(store): State<Store>,
    TenantAssign(ctx): TenantAssign,
    Path(number): Path<String>,
    headers: HeaderMap,
    once: Once,
    Json(body, raw): Json<TagsBody>,
) -> Result<Response, Failure> {
    Call { store, ctx, number, headers, once }.run(&raw, Act::Tag { tags: body.tags }).await
}

/// Take tags off a number
#[utoipa::path(post, path = "/tenant/numbers/{e164}/untag", tag = "tenant numbers", request_body = TagsBody, params(("e164" = String, Path)),
    responses((status = 200, body = NumberDetail), (status = 404, body = ProblemOut), (status = 422, description = "`tag_invalid`", body = ProblemOut)))]
async fn untag(
    State(store): State<Store>,
    TenantAssign(ctx): TenantAssign,
    Path(number): Path<String>,
    headers: HeaderMap,
    once: Once,
    Json(body, raw): Json<TagsBody>,
) -> Result<Response, Failure> {
    Call { store, ctx, number, headers, once }.run(&raw, Act::Untag { tags: body.tags }).await
}

/// What a number is kept for.
#[derive(Deserialize, ToSchema)]
struct ReserveBody {
    /// 1 to 200 signs.
    note: String,
}

/// Reserve a number
///
/// It is not assigned until the reservation is lifted. Again with another note: the note changes.
#[utoipa::path(post, path = "/tenant/numbers/{e164}/reserve", tag = "tenant numbers", request_body = ReserveBody, params(("e164" = String, Path)),
    responses((status = 200, body = NumberDetail), (status = 404, body = ProblemOut),
              (status = 422, description = "`note_invalid`, `already_assigned`", body = ProblemOut)))]
async fn reserve(
    State(store): State<Store>,
    TenantAssign(ctx): TenantAssign,
    Path(number): Path<String>,
    headers: HeaderMap,
    once: Once,
    Json(body, raw): Json<ReserveBody>,
) -> Result<Response, Failure> {
    Call { store, ctx, number, headers, once }.run(&raw, Act::Reserve { note: body.note }).await
}

/// Nothing; may be left out.
#[derive(ToSchema)]
struct Nothing {}

/// Lift the reservation of a number
#[utoipa::path(post, path = "/tenant/numbers/{e164}/unreserve", tag = "tenant numbers", request_body = Nothing, params(("e164" = String, Path)),
    responses((status = 200, body = NumberDetail), (status = 404, body = ProblemOut)))]
async fn unreserve(
    State(store): State<Store>,
    TenantAssign(ctx): TenantAssign,
    Path(number): Path<String>,
    headers: HeaderMap,
    once: Once,
    raw: Bytes,
) -> Result<Response, Failure> {
    Call { store, ctx, number, headers, once }.run(&raw, Act::Unreserve).await
}

/// Why a number is given back.
#[derive(Default, Deserialize, ToSchema)]
struct ReleaseBody {
    /// Up to 500 signs; the operator reads it.
    #[serde(default)]
    note: Option<String>,
}

/// Ask the operator to take a number back
///
/// Only while nobody has it; never refused for lack of consent. The number stays until the operator releases it.
#[utoipa::path(post, path = "/tenant/numbers/{e164}/request-release", tag = "tenant numbers", request_body = ReleaseBody,
    params(("e164" = String, Path)),
    responses((status = 200, body = NumberDetail), (status = 404, body = ProblemOut), (status = 412, body = ProblemOut),
              (status = 422, description = "`already_assigned`, `note_invalid`", body = ProblemOut)))]
async fn request_release(
    State(store): State<Store>,
    TenantAssign(ctx): TenantAssign,
    Path(number): Path<String>,
    headers: HeaderMap,
    once: Once,
    raw: Bytes,
) -> Result<Response, Failure> {
    let body: ReleaseBody = optional(&raw)?;
    Call { store, ctx, number, headers, once }.run(&raw, Act::RequestRelease { note: body.note }).await
}

/// Try again what the operator refused
///
/// A failed assignment is tried anew under every condition of an assignment. Nothing happens when nothing has failed.
#[utoipa::path(post, path = "/tenant/numbers/{e164}/retry", tag = "tenant numbers", request_body = Nothing, params(("e164" = String, Path)),
    responses((status = 200, body = NumberDetail), (status = 404, body = ProblemOut), (status = 412, body = ProblemOut),
              (status = 422, description = "A typed refusal, as for an assignment", body = ProblemOut)))]
async fn retry(
    State(store): State<Store>,
    TenantAssign(ctx): TenantAssign,
    Path(number): Path<String>,
    headers: HeaderMap,
    once: Once,
    raw: Bytes,
) -> Result<Response, Failure> {
    Call { store, ctx, number, headers, once }.run(&raw, Act::Retry).await
}

/// An address of the book.
#[derive(Serialize, ToSchema)]
struct PlaceOut {
    id: Uuid,
    label: String,
    street: String,
    number: String,
    postal_code: String,
    city: String,
    country: String,
    additional: Option<String>,
    validated: bool,
    /// How many numbers have it.
    numbers: i64,
}

impl From<PlaceLine> for PlaceOut {
    fn from(place: PlaceLine) -> Self {
        Self {
            id: place.id,
            label: place.label,
            street: place.street,
            number: place.house_number,
            postal_code: place.postal_code,
            city: place.city,
            country: place.country,
            additional: place.additional,
            validated: place.validated,
            numbers: place.numbers,
        }
    }
}

/// The address book of emergency locations
#[utoipa::path(get, path = "/tenant/emergency-locations", tag = "tenant numbers",
    params(("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Listing<PlaceOut>), (status = 403, body = ProblemOut)))]
async fn list_places(
    State(store): State<Store>,
    TenantRead(ctx): TenantRead,
    format: Format,
    paging: Paging,
) -> Result<Response, Failure> {
    let after = match paging.cursor(2)? {
        None => None,
        Some(Cursor(parts)) => {
            let wrong = || Problem::new(400, "cursor_invalid", "This cursor is not one of this list. Start without a cursor.");
            let id = parts.get(1).and_then(|id| Uuid::try_parse(id).ok()).ok_or_else(wrong)?;
            Some((parts.first().cloned().unwrap_or_default(), id))
        }
    };
    let after = after.as_ref().map(|(label, id)| (label.as_str(), *id));
    let rows = places::list(&store, &ctx, None, after, paging.limit + 1).await?;
    let rows: Vec<PlaceOut> = rows.into_iter().map(PlaceOut::from).collect();
    let columns = ["id", "label", "street", "number", "postal_code", "city", "country", "additional", "validated", "numbers"];
    let place = |last: &PlaceOut| Cursor(vec![last.label.clone(), last.id.to_string()]).encode();
    Listing::cut(rows, paging.limit, place).answer(format, &paging.uri, &columns)
}

/// Add an emergency location to the address book
#[utoipa::path(post, path = "/tenant/emergency-locations", tag = "tenant numbers", request_body = PlaceIn,
    responses((status = 201, body = PlaceOut), (status = 403, body = ProblemOut),
              (status = 422, description = "`location_invalid`", body = ProblemOut)))]
async fn add_place(
    State(store): State<Store>,
    TenantAssign(ctx): TenantAssign,
    once: Once,
    Json(body, raw): Json<PlaceIn>,
) -> Result<Response, Failure> {
    once.run(&store, &ctx, &raw, move |store, ctx| async move {
        let saved = places::add(&store, &ctx, &body).await?;
        let reader = ctx.with_scope(Scope::TenantRead);
        let place = places::one(&store, &reader, saved.id).await?;
        Ok((StatusCode::CREATED, axum::Json(PlaceOut::from(place))).into_response())
    })
    .await
}
