//! The feed on the wire: `/events` and `/keys`.

use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use chrono::DateTime;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::AttemptView;
use super::Envelope;
use super::EventType;
use super::FeedFilter;
use super::Notices;
use super::PublicKeyView;
use super::actions_feed;
use super::api_endpoints;
use super::api_metrics;
use super::queries_endpoints;
use crate::base::Cursor;
use crate::base::E164;
use crate::base::EndpointId;
use crate::base::EventId;
use crate::base::Failure;
use crate::base::Problem;
use crate::identity::ApiCtx;
use crate::identity::Format;
use crate::identity::Listing;
use crate::identity::Once;
use crate::identity::Paging;
use crate::identity::Path;
use crate::identity::ProblemOut;
use crate::identity::Query;
use crate::store::Reach;
use crate::store::Store;

/// Longest wait of a call for something to happen, in seconds.
const WAIT_MAX_S: i64 = 25;
/// Columns of attempts as CSV.
const ATTEMPT_COLUMNS: [&str; 12] =
    ["at", "id", "endpoint_id", "event_id", "seq", "type", "number", "trigger", "status", "error", "elapsed_ms", "next_at"];

/// The routes of this room; `/keys` needs no token. They need [`Notices`] as an `Extension`.
pub fn api() -> OpenApiRouter<Store> {
    OpenApiRouter::new()
        .routes(routes!(events))
        .routes(routes!(event))
        .routes(routes!(event_attempts))
        .routes(routes!(event_redeliver))
        .routes(routes!(keys))
        .merge(api_endpoints::api())
        .merge(api_metrics::api())
}

/// What of the feed to read.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EventsIn {
    /// Positions after this one; 0 when left out. Without `type` and `e164` it acknowledges everything up to it, for the operator as a
    /// whole and not for this client alone: two readers that do not share a position acknowledge for each other.
    after: Option<i64>,
    /// 1 to 1,000; 100 when left out.
    #[serde(default, rename = "limit")]
    #[param(value_type = Option<i64>)]
    _limit: Option<String>,
    /// One type of the event catalogue that stands in the feed, or several with commas between.
    r#type: Option<String>,
    /// Events of one number.
    e164: Option<String>,
    /// Seconds to wait for an event when there is none, 0 to 25.
    wait: Option<i64>,
}

/// A page of the feed. `data` holds the very bytes that are pushed: events, and the places of those that are withheld.
#[derive(Serialize, ToSchema)]
struct EventsOut {
    data: Vec<EventOut>,
    /// Go on from here.
    last_seq: i64,
    /// Last position of the feed.
    head_seq: i64,
}

// What its fields may hold, and that the place of a withheld one may stand for it, is added to the document by `app`.
/// An event in full, the same bytes by push and pull.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
struct EventOut {
    /// `evt_…`, the same over push, pull and all tries.
    id: String,
    #[serde(rename = "type")]
    kind: String,
    /// Position in the operator's feed, from 1 without gaps; null for what is only pushed.
    seq: Option<i64>,
    /// Position in the life of the number; null for what concerns no number.
    number_seq: Option<i64>,
    occurred_at: String,
    operator_id: String,
    /// Null for what concerns no single customer.
    tenant_id: Option<String>,
    /// Name and version of the shape of `data`.
    schema: String,
    #[schema(value_type = Object)]
    data: serde_json::Value,
    /// The changed fields as they were before.
    #[schema(value_type = Option<Object>)]
    previous: Option<serde_json::Value>,
}

/// Read the feed
///
/// The ordered, gapless feed of the operator. An unfiltered call with `after=N` acknowledges everything up to N, for the operator as a
/// whole: send the `last_seq` of a page only when it is stored. A call with `type` or `e164` acknowledges nothing and leaves out what is
/// withheld. As NDJSON `last_seq` and `head_seq` are the headers `Last-Seq` and `Head-Seq`.
#[utoipa::path(get, path = "/events", tag = "events", params(EventsIn),
    responses((status = 200, description = "Events in order", body = EventsOut, headers(("Last-Seq" = i64), ("Head-Seq" = i64))),
              (status = 400, description = "A parameter cannot be read", body = ProblemOut),
              (status = 422, description = "`after_ahead_of_feed`: `after` lies beyond `head_seq`; nothing was acknowledged", body = ProblemOut),
              (status = 429, description = "`too_many_waiting`: 16 calls of the operator wait already", body = ProblemOut)))]
async fn events(
    State(store): State<Store>,
    Extension(notices): Extension<Notices>,
    ApiCtx(ctx): ApiCtx,
    format: Format,
    paging: Paging,
    Query(wanted): Query<EventsIn>,
) -> Result<Response, Failure> {
    let (filter, wait) = filter_of(&wanted, paging.limit)?;
    if format == Format::Csv {
        return Err(Problem::new(406, "not_acceptable", "Events are given as application/json or application/x-ndjson.").into());
    }
    let acknowledges = wanted.after.is_some() && !filter.is_selective();
    let page = actions_feed::pull(&store, &notices, &ctx, &filter, acknowledges, wait).await?;
    if format != Format::Ndjson {
        let body = format!(r#"{{"data":[{}],"last_seq":{},"head_seq":{}}}"#, page.bodies.join(","), page.last_seq, page.head_seq);
        return Ok(json_bytes(body, format.content_type()));
    }
    // Lines are events alone: the two positions stand in headers.
    let mut response = json_bytes(page.bodies.iter().flat_map(|body| [body.as_str(), "\n"]).collect(), format.content_type());
    response.headers_mut().insert("last-seq", page.last_seq.into());
    response.headers_mut().insert("head-seq", page.head_seq.into());
    Ok(response)
}

fn json_bytes(body: String, media: &'static str) -> Response {
    let mut response = Body::from(body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn filter_of(wanted: &EventsIn, limit: i64) -> Result<(FeedFilter, Duration), Failure> {
    let refuse = |field: &str, fix: &str| {
        let problem = Problem::new(400, "query_malformed", format!("{field} cannot be read. {fix}"));
        Failure::from(problem.field(field, "value_invalid", None, fix))
    };
    let after = wanted.after.unwrap_or(0);
    if after < 0 {
        return Err(refuse("after", "Use a position of the feed, from 0."));
    }
    let names = wanted.r#type.as_deref().unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
    let types: Vec<String> = names.map(str::to_owned).collect();
    if types.iter().any(|name| !name.parse::<EventType>().is_ok_and(EventType::is_filed)) {
        return Err(refuse("type", "Name types of the event catalogue that stand in the feed, with commas between."));
    }
    // A plus sign that was not escaped arrives as a blank.
    let e164 =
        wanted.e164.as_deref().filter(|text| !text.is_empty()).map(|text| format!("+{}", text.trim_start_matches([' ', '+'])));
    if e164.as_deref().is_some_and(|text| E164::parse(text).is_err()) {
        return Err(refuse("e164", "Use a number in E.164 form, as in %2B493023125010."));
    }
    let wait = wanted.wait.unwrap_or(0);
    if !(0..=WAIT_MAX_S).contains(&wait) {
        return Err(refuse("wait", "Use seconds from 0 to 25."));
    }
    Ok((FeedFilter { after, types, e164, limit }, Duration::from_secs(wait.unsigned_abs())))
}

fn event_id(text: &str) -> Result<EventId, Failure> {
    Envelope::parse_id(text).ok_or_else(|| Problem::not_found("event").into())
}

/// Read one event
///
/// In full, or its place alone while its customer's consent does not cover it.
#[utoipa::path(get, path = "/events/{id}", tag = "events", params(("id" = String, Path, description = "`evt_…`")),
    responses((status = 200, description = "The event", body = EventOut), (status = 404, description = "No such event", body = ProblemOut)))]
async fn event(State(store): State<Store>, ApiCtx(ctx): ApiCtx, Path(id): Path<String>) -> Result<Response, Failure> {
    let body = actions_feed::get_event(&store, &ctx, event_id(&id)?).await?;
    Ok(json_bytes(body, "application/json"))
}

/// List the tries of one event
///
/// At all endpoints, newest first.
#[utoipa::path(get, path = "/events/{id}/attempts", tag = "events",
    params(("id" = String, Path, description = "`evt_…`"), ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Tries", body = Listing<AttemptView>), (status = 404, description = "No such event", body = ProblemOut)))]
async fn event_attempts(
    State(store): State<Store>,
    ApiCtx(ctx): ApiCtx,
    format: Format,
    paging: Paging,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let before = before_of(&paging)?;
    let rows = actions_feed::attempts_of_event(&store, &ctx, event_id(&id)?, before, paging.limit + 1).await?;
    attempts(rows, &paging, format)
}

/// The place to go on from in a list of tries.
pub(super) fn before_of(paging: &Paging) -> Result<Option<(DateTime<chrono::Utc>, Uuid)>, Failure> {
    paging.cursor(2)?.map(|cursor| cursor.moment()).transpose()
}

pub(super) fn attempts(rows: Vec<AttemptView>, paging: &Paging, format: Format) -> Result<Response, Failure> {
    let cursor = |last: &AttemptView| Cursor::of_moment(last.at, last.id).encode();
    Listing::cut(rows, paging.limit, cursor).answer(format, &paging.uri, &ATTEMPT_COLUMNS)
}

/// To whom to send an event once more.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RedeliverIn {
    /// One endpoint; all that want the type when left out.
    #[schema(value_type = Option<Uuid>)]
    endpoint_id: Option<EndpointId>,
}

/// How many endpoints get it.
#[derive(Debug, Serialize, ToSchema)]
struct RedeliverOut {
    queued: i64,
}

/// Send one event once more
///
/// Under the same id, also to an endpoint that had it before: to one, or to all that are active or paused and want its type.
#[utoipa::path(post, path = "/events/{id}/redeliver", tag = "events", params(("id" = String, Path, description = "`evt_…`")),
    request_body = Option<RedeliverIn>,
    responses((status = 202, description = "Queued", body = RedeliverOut), (status = 404, description = "No such event or endpoint", body = ProblemOut),
              (status = 409, description = "`endpoint_unverified`, `endpoint_disabled`: the endpoint takes nothing now", body = ProblemOut), (status = 422, description = "`no_endpoint`: none takes this type", body = ProblemOut)))]
async fn event_redeliver(
    State(store): State<Store>,
    ApiCtx(ctx): ApiCtx,
    once: Once,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Failure> {
    let wanted: RedeliverIn = optional(&body)?;
    let id = event_id(&id)?;
    let act = move |store: Store, ctx| async move {
        let queued = actions_feed::redeliver(&store, &ctx, id, wanted.endpoint_id).await?;
        Ok((StatusCode::ACCEPTED, axum::Json(RedeliverOut { queued })))
    };
    once.run(&store, &ctx, &body, act).await
}

/// A JSON body that may be left out.
pub(super) fn optional<T: Default + serde::de::DeserializeOwned>(body: &Bytes) -> Result<T, Failure> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(T::default());
    }
    let read = serde_json::from_slice(body);
    read.map_err(|error| Problem::new(400, "body_malformed", format!("The body is not the JSON expected: {error}.")).into())
}

/// Whose keys to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct KeysIn {
    /// Of one endpoint.
    #[param(value_type = Option<Uuid>)]
    endpoint_id: Option<EndpointId>,
}

/// List public keys
///
/// The keys that `v1a` signatures are checked with, without a token.
#[utoipa::path(get, path = "/keys", tag = "events", security(()),
    params(KeysIn, ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Public keys", body = Listing<PublicKeyView>)))]
async fn keys(
    State(store): State<Store>,
    format: Format,
    paging: Paging,
    Query(wanted): Query<KeysIn>,
) -> Result<Response, Failure> {
    let after = match paging.cursor(1)? {
        Some(Cursor(parts)) => {
            Some(Uuid::try_parse(&parts[0]).map_err(|_| Problem::new(400, "cursor_invalid", "Start without a cursor."))?)
        }
        None => None,
    };
    let mut tx = store.begin(Reach::Nobody).await?;
    let now = store.env.now();
    let rows = queries_endpoints::public_keys(&mut tx, now, wanted.endpoint_id, after, paging.limit + 1).await?;
    let cursor = |last: &PublicKeyView| Cursor(vec![last.id.to_string()]).encode();
    Listing::cut(rows, paging.limit, cursor).answer(
        format,
        &paging.uri,
        &["id", "endpoint_id", "public_key", "created_at", "expires_at"],
    )
}
