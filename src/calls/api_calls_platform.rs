//! The platform's side of the machine API: call records in, what became of them.

use axum::extract::FromRequestParts;
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::response::Response;
use http::StatusCode;
use http::header;
use http::request::Parts;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ingest_receipt::BatchRow;
use super::ingest_receipt::Receipt;
use super::jobs_ingest;
use super::record::CallFormat;
use super::record::CallInput;
use super::record_verdict::CallVerdict;
use crate::base::BatchId;
use crate::base::Ctx;
use crate::base::Cursor;
use crate::base::Failure;
use crate::base::Org;
use crate::base::Problem;
use crate::base::Scope;
use crate::identity::ApiCtx;
use crate::identity::Bulk;
use crate::identity::BulkMedia;
use crate::identity::Format;
use crate::identity::Listing;
use crate::identity::Once;
use crate::identity::Paging;
use crate::identity::Path;
use crate::identity::ProblemOut;
use crate::identity::Query;
use crate::identity::Wait;
use crate::store::Store;

/// Formats of `?format=` that are no longer unknown words but not taken yet.
const LATER: [&str; 5] = ["freeswitch_json_cdr", "graph_pstn", "graph_call_record", "teams_pstn_csv", "vq_rtcpxr"];
const ROW_COLUMNS: [&str; 6] = ["row", "verdict", "field", "value", "fix", "key"];

/// The platform's routes of this room.
pub(super) fn api() -> OpenApiRouter<Store> {
    OpenApiRouter::new().routes(routes!(take)).routes(routes!(batch)).routes(routes!(batch_rows))
}

/// The platform's feeder. A missing right is told before anything is said of the body (API.md 5, order of refusals).
struct Feeder(Ctx);

impl FromRequestParts<Store> for Feeder {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, store: &Store) -> Result<Self, Failure> {
        let ApiCtx(ctx) = ApiCtx::from_request_parts(parts, store).await?;
        if ctx.org != Org::Platform {
            let detail = "This belongs to the platform; you act for another kind of organisation.";
            return Err(Problem::new(403, "wrong_org_kind", detail).into());
        }
        ctx.require(Scope::PlatformCalls)?;
        Ok(Self(ctx))
    }
}

/// What a body of call records may be sent as.
struct Ndjson;

impl BulkMedia for Ndjson {
    const TAKES: &'static [&'static str] = &["application/x-ndjson", "application/ndjson"];
}

/// How call records are sent.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TakeIn {
    /// `concord` (the own format) when left out.
    format: Option<String>,
}

impl TakeIn {
    fn format(&self) -> Result<CallFormat, Failure> {
        let Some(text) = self.format.as_deref().filter(|text| !text.is_empty()) else {
            return Ok(CallFormat::default());
        };
        CallFormat::parse(text).ok_or_else(|| {
            let (code, detail) = if LATER.contains(&text) {
                ("format_unsupported", "This format is not taken yet. Send the own format: format=concord, or leave format out.")
            } else {
                ("format_unknown", "There is no such format. Send the own format: format=concord, or leave format out.")
            };
            let shown = Some(text.chars().take(100).collect());
            Problem::new(400, code, detail).field("format", code, shown, "Send concord.").into()
        })
    }
}

/// Send call records
///
/// One JSON object a line (NDJSON), up to 64 MiB, plain or as `Content-Encoding: gzip` or `zstd`. Every row gets a verdict; a bad row
/// never fails the batch. Verdicts, first that applies: `line_malformed` `field_unknown` `key_missing` `e164_invalid` `time_invalid`
/// `value_invalid` `time_before_retention` `operator_unknown` `tenant_unknown` `number_unknown` `time_changed` `version_conflict`
/// `duplicate` `superseded` `accepted`. The batch is done when the answer comes: 202, or 200 with `Prefer: wait`.
#[utoipa::path(post, path = "/platform/call-records", tag = "platform", params(TakeIn),
    request_body(content = CallInput, content_type = "application/x-ndjson"),
    responses((status = 200, description = "The receipt, asked for with `Prefer: wait`", body = Receipt),
              (status = 202, description = "The receipt", body = Receipt, headers(("Location" = String))),
              (status = 400, description = "`format_unknown`, `format_unsupported`, `body_empty`, `body_malformed`", body = ProblemOut),
              (status = 413, description = "`body_too_large`", body = ProblemOut),
              (status = 415, description = "`content_type_unsupported`, `content_encoding_unsupported`", body = ProblemOut)))]
async fn take(
    State(store): State<Store>,
    Feeder(ctx): Feeder,
    Query(wanted): Query<TakeIn>,
    Wait(wait): Wait,
    once: Once,
    body: Bulk<Ndjson>,
) -> Result<Response, Failure> {
    let CallFormat::Concord = wanted.format()?;
    if body.bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Problem::new(400, "body_empty", "The body holds no row. Send one JSON object a line.").into());
    }
    let status = if wait { StatusCode::OK } else { StatusCode::ACCEPTED };
    let bytes = body.bytes.clone();
    once.run(&store, &ctx, &body.bytes, move |store, ctx| async move {
        let receipt = jobs_ingest::take_call_records(&store, &ctx.actor.id(), &bytes).await?;
        let location = format!("/api/v1/platform/call-batches/{}", receipt.id);
        Ok((status, [(header::LOCATION, location)], axum::Json(receipt)))
    })
    .await
}

/// One batch of call records
#[utoipa::path(get, path = "/platform/call-batches/{id}", tag = "platform", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The receipt", body = Receipt), (status = 404, description = "No such batch", body = ProblemOut)))]
async fn batch(State(store): State<Store>, Feeder(_ctx): Feeder, Path(id): Path<BatchId>) -> Result<Response, Failure> {
    let receipt = jobs_ingest::read_batch(&store, id).await?.ok_or_else(|| Problem::not_found("batch"))?;
    Ok(axum::Json(receipt).into_response())
}

/// Which rows of a batch.
#[derive(Debug, Deserialize)]
struct RowsIn {
    verdict: Option<String>,
}

/// Rows of a batch of call records
///
/// In order, with what became of each; perhaps of one verdict alone.
#[utoipa::path(get, path = "/platform/call-batches/{id}/rows", tag = "platform",
    params(("id" = Uuid, Path), ("verdict" = Option<String>, Query), ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Rows", body = Listing<BatchRow>), (status = 400, description = "`query_malformed`", body = ProblemOut),
              (status = 404, description = "No such batch", body = ProblemOut)))]
async fn batch_rows(
    State(store): State<Store>,
    Feeder(_ctx): Feeder,
    Path(id): Path<BatchId>,
    format: Format,
    paging: Paging,
    Query(wanted): Query<RowsIn>,
) -> Result<Response, Failure> {
    let verdict = match wanted.verdict.as_deref().filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => Some(CallVerdict::parse(text).ok_or_else(|| {
            let words: Vec<&str> = CallVerdict::ALL.iter().map(|verdict| verdict.as_str()).collect();
            let shown = Some(text.chars().take(100).collect());
            let fix = format!("Send one of {}.", words.join(", "));
            Problem::new(400, "query_malformed", "There is no such verdict.").field("verdict", "value_invalid", shown, fix)
        })?),
    };
    let after = match paging.cursor(1)? {
        None => 0,
        Some(Cursor(parts)) => parts[0]
            .parse()
            .map_err(|_| Problem::new(400, "cursor_invalid", "This cursor is not one of this list. Start without a cursor."))?,
    };
    if jobs_ingest::read_batch(&store, id).await?.is_none() {
        return Err(Problem::not_found("batch").into());
    }
    let rows = jobs_ingest::read_batch_rows(&store, id, verdict, after, paging.limit + 1).await?;
    Listing::cut(rows, paging.limit, |last| Cursor(vec![last.row.to_string()]).encode()).answer(format, &paging.uri, &ROW_COLUMNS)
}
