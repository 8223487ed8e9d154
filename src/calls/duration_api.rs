//! The machine API of durations.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::response::Response;
use chrono::NaiveDate;
use chrono_tz::Tz;
use http::HeaderName;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use http::request::Parts;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::duration_days;
use super::duration_days::Closing;
use super::duration_days::DurationDay;
use super::duration_input::DurationInput;
use super::duration_words::DurationFormat;
use super::duration_words::DurationSource;
use super::durations;
use super::durations::BatchFilter;
use super::durations::DURATIONS;
use super::durations::DurationReceipt;
use super::durations::DurationRow;
use super::durations::SentDurations;
use super::jobs_durations::process_durations;
use crate::base::BatchId;
use crate::base::Ctx;
use crate::base::Cursor;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::identity::ApiCtx;
use crate::identity::Bulk;
use crate::identity::BulkMedia;
use crate::identity::Format;
use crate::identity::Json;
use crate::identity::Listing;
use crate::identity::Once;
use crate::identity::Paging;
use crate::identity::Path;
use crate::identity::ProblemOut;
use crate::identity::Query;
use crate::identity::Wait;
use crate::store::Store;

/// Longest that `Prefer: wait` waits.
const WAIT: Duration = Duration::from_secs(40);
/// How often a batch that another process works is looked at.
const LOOK: Duration = Duration::from_millis(100);

const BATCH_COLUMNS: [&str; 18] = [
    "id",
    "state",
    "rows",
    "accepted",
    "replaced",
    "duplicate",
    "superseded",
    "rejected",
    "sha256",
    "first_answered_at",
    "last_answered_at",
    "source",
    "format",
    "file_name",
    "actor_label",
    "received_at",
    "done_at",
    "bytes",
];

/// The routes of durations.
pub fn durations_api() -> OpenApiRouter<Store> {
    OpenApiRouter::new()
        .routes(routes!(submit, list))
        .routes(routes!(one))
        .routes(routes!(rows))
        .routes(routes!(coverage))
        .routes(routes!(close))
}

/// An operator's client that may send durations.
struct Sender(Ctx);

impl FromRequestParts<Store> for Sender {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, store: &Store) -> Result<Self, Failure> {
        let ApiCtx(ctx) = ApiCtx::from_request_parts(parts, store).await?;
        ctx.operator()?;
        ctx.require(Scope::DurationsWrite)?;
        Ok(Self(ctx))
    }
}

#[derive(Clone, Debug)]
struct DurationMedia;

impl BulkMedia for DurationMedia {
    const TAKES: &'static [&'static str] = &["application/x-ndjson", "text/csv", "application/json"];
}

/// Send durations
///
/// NDJSON, CSV with a header, or a JSON array of rows; `gzip` or `zstd`; up to 64 MiB as sent and 1 GiB decompressed. The bytes
/// are kept before the answer; every row gets a verdict and a bad row never fails the batch. With `Prefer: wait` the answer comes
/// when the batch is done (200), or after 40 s as it stands (202).
#[utoipa::path(post, path = "/duration-batches", tag = "durations",
    request_body(content((Vec<DurationInput> = "application/json"), (DurationInput = "application/x-ndjson"), (String = "text/csv"))),
    responses((status = 200, description = "Done (`Prefer: wait`)", body = DurationReceipt),
              (status = 202, description = "Kept, to be worked", body = DurationReceipt, headers(("Location" = String))),
              (status = 400, description = "`content_digest_mismatch`, `body_malformed`", body = ProblemOut),
              (status = 413, description = "`body_too_large`", body = ProblemOut),
              (status = 415, description = "`content_type_unsupported`, `content_encoding_unsupported`", body = ProblemOut),
              (status = 422, description = "`header_invalid`: nothing was stored", body = ProblemOut)))]
async fn submit(
    State(store): State<Store>,
    Sender(ctx): Sender,
    once: Once,
    Wait(wait): Wait,
    body: Bulk<DurationMedia>,
) -> Result<Response, Failure> {
    let format = DurationFormat::of_media_type(body.media).unwrap_or(DurationFormat::Ndjson);
    let bytes = body.bytes;
    once.run(&store, &ctx, &bytes.clone(), move |store, ctx| async move {
        let sent = SentDurations {
            source: DurationSource::Api,
            format,
            file_name: None,
            actor_label: ctx.actor.label().to_owned(),
            body: bytes.into(),
        };
        let id = durations::send(&store, &ctx, sent).await?;
        let receipt = if wait { worked(&store, &ctx, id, WAIT).await? } else { left(&store, &ctx, id).await? };
        let done = wait && receipt.state == "done";
        let status = if done { StatusCode::OK } else { StatusCode::ACCEPTED };
        let location = [(header::LOCATION, format!("/api/v1/duration-batches/{id}"))];
        let mut response = (status, location, axum::Json(receipt)).into_response();
        if done {
            response.headers_mut().insert(HeaderName::from_static("preference-applied"), HeaderValue::from_static("wait"));
        }
        Ok(response)
    })
    .await
}

/// Leaves a batch to the job.
async fn left(store: &Store, ctx: &Ctx, id: BatchId) -> Result<DurationReceipt, Failure> {
    store.wake.wake(DURATIONS.name);
    durations::find(store, ctx, id).await
}

/// Works a batch in a task of its own, which goes on when the caller hangs up, and waits for it: the batch as it stands then.
pub(super) async fn worked(store: &Store, ctx: &Ctx, id: BatchId, wait: Duration) -> Result<DurationReceipt, Failure> {
    let operator = ctx.operator()?;
    let own = store.clone();
    let work = tokio::spawn(async move {
        loop {
            let receipt = process_durations(&own, operator, id).await?;
            if receipt.state == "done" {
                return Ok::<_, Failure>(receipt);
            }
            tokio::time::sleep(LOOK).await;
        }
    });
    match tokio::time::timeout(wait, work).await {
        Ok(Ok(Ok(receipt))) => return Ok(receipt),
        // What is kept will be worked by the job.
        Ok(Ok(Err(failure))) => tracing::warn!(batch = %id, error = %failure, "a batch of durations is left to the job"),
        Ok(Err(error)) => tracing::error!(batch = %id, %error, "a batch of durations broke off"),
        Err(_) => {}
    }
    left(store, ctx, id).await
}

#[derive(Deserialize)]
struct ListIn {
    state: Option<String>,
}

/// List batches of durations
///
/// Newest first; `state`: `received`, `processing` or `done`.
#[utoipa::path(get, path = "/duration-batches", tag = "durations",
    params(("state" = Option<String>, Query), ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Receipts", body = Listing<DurationReceipt>)))]
async fn list(
    State(store): State<Store>,
    Sender(ctx): Sender,
    format: Format,
    paging: Paging,
    Query(asked): Query<ListIn>,
) -> Result<Response, Failure> {
    let after = paging.cursor(1)?;
    let filter = BatchFilter { state: asked.state, ..BatchFilter::default() };
    let rows = durations::list(&store, &ctx, &filter, after.as_ref(), paging.limit + 1).await?;
    Listing::cut(rows, paging.limit, |last| Cursor(vec![last.id.to_string()]).encode()).answer(format, &paging.uri, &BATCH_COLUMNS)
}

/// One batch of durations
#[utoipa::path(get, path = "/duration-batches/{id}", tag = "durations", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The receipt", body = DurationReceipt), (status = 404, description = "No such batch", body = ProblemOut)))]
async fn one(
    State(store): State<Store>,
    Sender(ctx): Sender,
    Path(id): Path<BatchId>,
) -> Result<axum::Json<DurationReceipt>, Failure> {
    Ok(axum::Json(durations::find(&store, &ctx, id).await?))
}

#[derive(Deserialize)]
struct RowsIn {
    verdict: Option<String>,
}

/// Rows of a batch of durations
///
/// `verdict`: one of `line_malformed` `field_unknown` `key_missing` `e164_invalid` `time_invalid` `duration_invalid`
/// `value_invalid` `time_in_future` `time_before_retention` `number_unknown` `number_not_yours` `number_not_held_then`
/// `consent_missing` `version_conflict` `duplicate` `superseded` `accepted`, or `rejected` for all that have to be mended.
#[utoipa::path(get, path = "/duration-batches/{id}/rows", tag = "durations",
    params(("id" = Uuid, Path), ("verdict" = Option<String>, Query), ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Rows in order", body = Listing<DurationRow>),
              (status = 404, description = "No such batch", body = ProblemOut),
              (status = 422, description = "`verdict_unknown`", body = ProblemOut)))]
async fn rows(
    State(store): State<Store>,
    Sender(ctx): Sender,
    Path(id): Path<BatchId>,
    format: Format,
    paging: Paging,
    Query(asked): Query<RowsIn>,
) -> Result<Response, Failure> {
    let after = paging.cursor(1)?.and_then(|cursor| cursor.0.first().and_then(|row| row.parse().ok())).unwrap_or(0);
    let rows = durations::rows(&store, &ctx, id, asked.verdict.as_deref(), after, paging.limit + 1).await?;
    let columns = ["row", "verdict", "field", "value", "fix", "key"];
    Listing::cut(rows, paging.limit, |last| Cursor(vec![last.row.to_string()]).encode()).answer(format, &paging.uri, &columns)
}

#[derive(Deserialize)]
struct CoverageIn {
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    zone: Option<String>,
}

/// Coverage by day
///
/// Days `[from, to)`, the last 30 when not said, in UTC unless `zone` names another (`Europe/Berlin`). Current versions only.
/// `late_rows`: received after 06:00 of the next day.
#[utoipa::path(get, path = "/duration-coverage", tag = "durations",
    params(("from" = Option<String>, Query), ("to" = Option<String>, Query), ("zone" = Option<String>, Query)),
    responses((status = 200, description = "Every day of the range", body = Listing<DurationDay>),
              (status = 422, description = "`range_invalid`, `zone_unknown`", body = ProblemOut)))]
async fn coverage(
    State(store): State<Store>,
    Sender(ctx): Sender,
    format: Format,
    paging: Paging,
    Query(asked): Query<CoverageIn>,
) -> Result<Response, Failure> {
    let zone = match asked.zone.as_deref() {
        None | Some("UTC" | "") => chrono_tz::UTC,
        Some(name) => name.parse::<Tz>().map_err(|_| {
            let fix = "Name a zone of the tz database, such as Europe/Berlin, or leave it out for UTC.";
            Problem::new(422, "zone_unknown", fix).field("zone", "zone_unknown", Some(name.to_owned()), fix)
        })?,
    };
    let range = duration_days::range(ctx.now(), asked.from, asked.to)?;
    let days = duration_days::coverage(&store, &ctx, range, zone).await?;
    let columns = ["day", "rows", "seconds", "late_rows", "last_received_at", "closed"];
    Listing::new(days, None).answer(format, &paging.uri, &columns)
}

/// The operator's totals of a day.
#[derive(Deserialize, ToSchema)]
struct CloseIn {
    rows: i64,
    /// Up to 3 places.
    seconds: f64,
}

/// Close a day
///
/// Says that a day (UTC) is complete. 409 with both totals when they differ from what is here; nothing is closed then.
#[utoipa::path(post, path = "/duration-coverage/{day}/close", tag = "durations", request_body = CloseIn, params(("day" = String, Path)),
    responses((status = 200, description = "The day, closed", body = DurationDay),
              (status = 409, description = "`totals_differ`", body = ProblemOut),
              (status = 422, description = "`day_not_over`, `day_before_retention`, `totals_invalid`", body = ProblemOut)))]
async fn close(
    State(store): State<Store>,
    Sender(ctx): Sender,
    Path(day): Path<NaiveDate>,
    once: Once,
    Json(said, raw): Json<CloseIn>,
) -> Result<Response, Failure> {
    once.run(&store, &ctx, &raw, move |store, ctx| async move {
        let duration_ms = super::duration_cell::seconds_millis(said.seconds).ok_or_else(duration_days::totals_invalid)?;
        match duration_days::close(&store, &ctx, day, said.rows, duration_ms).await? {
            Closing::Closed(day) => Ok(axum::Json(day)),
            Closing::Differs(held) => Err(duration_days::differ((said.rows, duration_ms), &held)),
        }
    })
    .await
}
