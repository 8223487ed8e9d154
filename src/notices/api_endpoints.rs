//! Endpoints on the wire.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AttemptView;
use super::EndpointIn;
use super::EndpointMade;
use super::EndpointPatch;
use super::EndpointView;
use super::Notices;
use super::RecoverIn;
use super::Recovered;
use super::actions;
use super::actions_feed;
use super::actions_recover;
use super::api::attempts;
use super::api::before_of;
use super::api::optional;
use crate::base::EndpointId;
use crate::base::Failure;
use crate::identity::ApiCtx;
use crate::identity::Format;
use crate::identity::Json;
use crate::identity::Listing;
use crate::identity::Once;
use crate::identity::Paging;
use crate::identity::Path;
use crate::identity::ProblemOut;
use crate::identity::etag;
use crate::identity::if_match;
use crate::identity::store_instead;
use crate::store::Store;

/// Seconds the old keys go on signing when a rotation does not say: a day.
const GRACE_S: i64 = 86_400;
/// Columns of endpoints as CSV.
const COLUMNS: [&str; 10] =
    ["id", "url", "description", "event_types", "signature", "max_in_flight", "confirms", "state", "state_reason", "backlog"];

pub(super) fn api() -> OpenApiRouter<Store> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, patch, delete))
        .routes(routes!(verify))
        .routes(routes!(test))
        .routes(routes!(rotate))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(recover))
        .routes(routes!(endpoint_attempts))
}

/// An endpoint with the keys that are shown this once.
#[derive(Serialize, ToSchema)]
struct EndpointMadeOut {
    #[serde(flatten)]
    endpoint: EndpointView,
    /// `whsec_…` of v1. Null in a repeated answer: it is shown once.
    secret: Option<String>,
    /// `whpk_…` of v1a.
    public_key: String,
}

fn shown(endpoint: EndpointView) -> Response {
    let tag = etag(endpoint.version);
    let mut response = axum::Json(endpoint).into_response();
    response.headers_mut().insert(header::ETAG, tag);
    response
}

/// The answer with the secret; what is kept for a replay has none.
fn made(status: StatusCode, made: EndpointMade) -> Result<Response, Failure> {
    let tag = etag(made.endpoint.version);
    let location = HeaderValue::from_str(&format!("/api/v1/endpoints/{}", made.endpoint.id));
    let mut out = EndpointMadeOut { endpoint: made.endpoint, secret: None, public_key: made.public_key };
    let kept = serde_json::to_vec(&out).map_err(anyhow::Error::new)?;
    out.secret = Some(made.secret);
    let mut response = (status, axum::Json(out)).into_response();
    response.headers_mut().insert(header::ETAG, tag);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let (StatusCode::CREATED, Ok(location)) = (status, location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(store_instead(response, kept))
}

/// List endpoints
///
/// All of them, at most 50, oldest first.
#[utoipa::path(get, path = "/endpoints", tag = "endpoints", responses((status = 200, description = "All endpoints", body = Listing<EndpointView>)))]
async fn list(State(store): State<Store>, ApiCtx(ctx): ApiCtx, format: Format, paging: Paging) -> Result<Response, Failure> {
    let rows = actions::list_endpoints(&store, &ctx).await?;
    Listing::new(rows, None).answer(format, &paging.uri, &COLUMNS)
}

/// Make an endpoint
///
/// It is unverified: nothing is sent to it before it has answered the challenge of `verify`. It begins at the head of the feed as it is
/// now, so it gets what is sealed after its creation, also what is sealed before it is verified. What came before is had by
/// `recover` or by `GET /events`.
#[utoipa::path(post, path = "/endpoints", tag = "endpoints", request_body = EndpointIn,
    responses((status = 201, description = "Made; the secret is shown this once", body = EndpointMadeOut),
              (status = 422, description = "`endpoint_not_https`, `endpoint_address_forbidden`, `endpoint_host_unknown`, `endpoint_url_invalid`, `endpoint_limit`, `value_invalid`", body = ProblemOut)))]
async fn create(
    State(store): State<Store>,
    Extension(notices): Extension<Notices>,
    ApiCtx(ctx): ApiCtx,
    once: Once,
    Json(body, raw): Json<EndpointIn>,
) -> Result<Response, Failure> {
    let act = move |store: Store, ctx| async move {
        made(StatusCode::CREATED, actions::create_endpoint(&store, &notices, &ctx, body).await?)
    };
    once.run(&store, &ctx, &raw, act).await
}

/// Read one endpoint
#[utoipa::path(get, path = "/endpoints/{id}", tag = "endpoints", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, description = "The endpoint", body = EndpointView), (status = 404, description = "No such endpoint", body = ProblemOut)))]
async fn get(State(store): State<Store>, ApiCtx(ctx): ApiCtx, Path(id): Path<EndpointId>) -> Result<Response, Failure> {
    Ok(shown(actions::get_endpoint(&store, &ctx, id).await?))
}

/// Change an endpoint
///
/// What is left out stays. Another URL has proved nothing yet: the endpoint is unverified again.
#[utoipa::path(patch, path = "/endpoints/{id}", tag = "endpoints", params(("id" = uuid::Uuid, Path)), request_body = EndpointPatch,
    responses((status = 200, description = "As it is now", body = EndpointView), (status = 404, description = "No such endpoint", body = ProblemOut),
              (status = 412, description = "Changed in the meantime", body = ProblemOut), (status = 422, description = "A field is refused, as for `POST /endpoints`", body = ProblemOut)))]
async fn patch(
    State(store): State<Store>,
    Extension(notices): Extension<Notices>,
    ApiCtx(ctx): ApiCtx,
    Path(id): Path<EndpointId>,
    headers: HeaderMap,
    Json(body, _): Json<EndpointPatch>,
) -> Result<Response, Failure> {
    let wanted = if_match(&headers)?;
    Ok(shown(actions::patch_endpoint(&store, &notices, &ctx, id, body, wanted).await?))
}

/// Delete an endpoint
///
/// Its secrets end at once. What it has not got stays in the feed.
#[utoipa::path(delete, path = "/endpoints/{id}", tag = "endpoints", params(("id" = uuid::Uuid, Path)),
    responses((status = 204, description = "Deleted"), (status = 404, description = "No such endpoint", body = ProblemOut),
              (status = 412, description = "Changed in the meantime", body = ProblemOut)))]
async fn delete(
    State(store): State<Store>,
    ApiCtx(ctx): ApiCtx,
    Path(id): Path<EndpointId>,
    headers: HeaderMap,
) -> Result<StatusCode, Failure> {
    actions::delete_endpoint(&store, &ctx, id, if_match(&headers)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Verify an endpoint
///
/// Posts a challenge, which the receiver answers with 200 and the challenge as body or as `{"challenge": "…"}`. A disabled endpoint comes
/// back by it, unless the platform disabled it.
#[utoipa::path(post, path = "/endpoints/{id}/verify", tag = "endpoints", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, description = "Verified", body = EndpointView), (status = 404, description = "No such endpoint", body = ProblemOut),
              (status = 409, description = "`endpoint_disabled_by_platform`; `endpoint_changed`: another URL was saved meanwhile", body = ProblemOut),
              (status = 422, description = "`verification_failed`: `detail` says what came back", body = ProblemOut)))]
async fn verify(
    State(store): State<Store>,
    Extension(notices): Extension<Notices>,
    ApiCtx(ctx): ApiCtx,
    Path(id): Path<EndpointId>,
) -> Result<Response, Failure> {
    Ok(shown(actions::verify_endpoint(&store, &notices, &ctx, id).await?))
}

/// Send a test message
///
/// An `endpoint.test`, once, in any state of the endpoint but disabled by the platform. 200 says that it was sent: what the receiver
/// answered stands in `status` and `error`.
#[utoipa::path(post, path = "/endpoints/{id}/test", tag = "endpoints", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, description = "What came of it", body = AttemptView), (status = 404, description = "No such endpoint", body = ProblemOut),
              (status = 409, description = "`endpoint_disabled_by_platform`", body = ProblemOut)))]
async fn test(
    State(store): State<Store>,
    Extension(notices): Extension<Notices>,
    ApiCtx(ctx): ApiCtx,
    Path(id): Path<EndpointId>,
) -> Result<Response, Failure> {
    Ok(axum::Json(actions::test_endpoint(&store, &notices, &ctx, id).await?).into_response())
}

/// How long the old keys go on.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RotateIn {
    /// Seconds, 0 to 604,800; a day when left out.
    grace_s: Option<i64>,
}

/// Make new keys
///
/// Until the grace ends messages carry the signatures of both generations, no more than two. While the keys before these still sign,
/// another rotation would cut off whoever uses them and is refused; the answer says when they end. With a grace of 0 every earlier
/// secret ends at once, and nothing is refused.
#[utoipa::path(post, path = "/endpoints/{id}/rotate", tag = "endpoints", params(("id" = uuid::Uuid, Path)), request_body = Option<RotateIn>,
    responses((status = 200, description = "The new secret, shown this once", body = EndpointMadeOut), (status = 404, description = "No such endpoint", body = ProblemOut),
              (status = 409, description = "`rotation_running`: `errors` says until when the earlier secret lives", body = ProblemOut),
              (status = 422, description = "`value_invalid`: a grace out of range", body = ProblemOut)))]
async fn rotate(
    State(store): State<Store>,
    ApiCtx(ctx): ApiCtx,
    once: Once,
    Path(id): Path<EndpointId>,
    body: Bytes,
) -> Result<Response, Failure> {
    let wanted: RotateIn = optional(&body)?;
    let act = move |store: Store, ctx| async move {
        made(StatusCode::OK, actions::rotate_endpoint(&store, &ctx, id, wanted.grace_s.unwrap_or(GRACE_S)).await?)
    };
    once.run(&store, &ctx, &body, act).await
}

/// Pause an endpoint
///
/// It keeps its place in the feed; nothing is lost.
#[utoipa::path(post, path = "/endpoints/{id}/pause", tag = "endpoints", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, description = "As it is now", body = EndpointView), (status = 404, description = "No such endpoint", body = ProblemOut),
              (status = 409, description = "`endpoint_unverified`, `endpoint_disabled`, `endpoint_disabled_by_platform`", body = ProblemOut)))]
async fn pause(State(store): State<Store>, ApiCtx(ctx): ApiCtx, Path(id): Path<EndpointId>) -> Result<Response, Failure> {
    Ok(shown(actions::pause_endpoint(&store, &ctx, id).await?))
}

/// Resume an endpoint
///
/// It goes on where it stopped, with everything that was held back.
#[utoipa::path(post, path = "/endpoints/{id}/resume", tag = "endpoints", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, description = "As it is now", body = EndpointView), (status = 404, description = "No such endpoint", body = ProblemOut),
              (status = 409, description = "`endpoint_unverified`, `endpoint_disabled`, `endpoint_disabled_by_platform`", body = ProblemOut)))]
async fn resume(State(store): State<Store>, ApiCtx(ctx): ApiCtx, Path(id): Path<EndpointId>) -> Result<Response, Failure> {
    Ok(shown(actions::resume_endpoint(&store, &ctx, id).await?))
}

/// Send past events once more
///
/// From a time (`since`) or behind a position (`after_seq`), each number in order and under the same ids. `only: undelivered`, which is
/// meant when nothing is said, leaves out what this endpoint has answered 2xx, and reaches back only as far as attempts are kept.
/// `only: all` sends the whole range again, for a loss of your own. With `dry_run` it counts and changes nothing; give the count as
/// `at_most`, and no more than that is sent.
#[utoipa::path(post, path = "/endpoints/{id}/recover", tag = "endpoints", params(("id" = uuid::Uuid, Path)), request_body = RecoverIn,
    responses((status = 200, description = "What it would come to", body = Recovered), (status = 202, description = "Queued", body = Recovered),
              (status = 404, description = "No such endpoint", body = ProblemOut), (status = 409, description = "`count_changed`: more events than `at_most`; `endpoint_unverified`, `endpoint_disabled`", body = ProblemOut),
              (status = 422, description = "`value_invalid`: a range that cannot be read", body = ProblemOut)))]
async fn recover(
    State(store): State<Store>,
    ApiCtx(ctx): ApiCtx,
    once: Once,
    Path(id): Path<EndpointId>,
    Json(body, raw): Json<RecoverIn>,
) -> Result<Response, Failure> {
    let act = move |store: Store, ctx| async move {
        let recovered = actions_recover::recover_endpoint(&store, &ctx, id, body).await?;
        let status = if recovered.job_id.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
        Ok((status, axum::Json(recovered)))
    };
    once.run(&store, &ctx, &raw, act).await
}

/// List the tries at one endpoint
///
/// Newest first.
#[utoipa::path(get, path = "/endpoints/{id}/attempts", tag = "endpoints",
    params(("id" = uuid::Uuid, Path), ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Tries", body = Listing<AttemptView>), (status = 404, description = "No such endpoint", body = ProblemOut)))]
async fn endpoint_attempts(
    State(store): State<Store>,
    ApiCtx(ctx): ApiCtx,
    format: Format,
    paging: Paging,
    Path(id): Path<EndpointId>,
) -> Result<Response, Failure> {
    let before = before_of(&paging)?;
    attempts(actions_feed::attempts_of_endpoint(&store, &ctx, id, before, paging.limit + 1).await?, &paging, format)
}
