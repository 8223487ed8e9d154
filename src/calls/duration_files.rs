//! Files of durations in and out of the portal: the template, rejects of a batch, the upload itself.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::extract::Path;
use axum::extract::Request;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Redirect;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use http::HeaderValue;
use http::request::Parts;
use serde_json::Value;

use super::duration_api::worked;
use super::duration_row::columns;
use super::duration_words::DurationFormat;
use super::duration_words::DurationSource;
use super::durations;
use super::durations::SentDurations;
use crate::base::BatchId;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::identity;
use crate::identity::Flash;
use crate::identity::OrgKind;
use crate::identity::UploadForm;
use crate::identity::csv_cell;
use crate::identity::csv_file;
use crate::identity::sign_in_address;
use crate::store::Store;
use crate::tr;

/// Rows read at once.
const PIECE: i64 = 1000;
/// Largest upload, in bytes: the largest body as sent and the form around it.
const UPLOAD: usize = 65 * 1024 * 1024;
/// So long the answer waits for the verdicts; then the batch's page shows how far it is.
const WAIT: Duration = Duration::from_secs(10);
/// What the reject file says of each row, in front of the row itself.
const REASON: [&str; 5] = ["row", "verdict", "field", "value", "fix"];

/// The routes of the portal that are no pages.
pub fn duration_routes() -> Router<Store> {
    Router::new()
        .route("/o/{slug}/durations/template.csv", get(template))
        .route("/o/{slug}/durations/{id}/rejected.csv", get(rejected))
        .route("/o/{slug}/durations/upload", post(upload).layer(DefaultBodyLimit::max(UPLOAD)))
}

#[expect(clippy::result_large_err, reason = "the refusal is the answer itself, sent on at once")]
fn ctx_of(store: &Store, parts: &Parts, slug: &str) -> Result<Ctx, Response> {
    let ctx = identity::ctx_for_slug(parts, OrgKind::Operator, slug, &store.env);
    let allowed = ctx.and_then(|ctx| ctx.require(Scope::DurationsWrite).map(|()| ctx));
    allowed.map_err(|failure| refused(parts, &failure))
}

fn refused(parts: &Parts, failure: &Failure) -> Response {
    let problem = failure.problem();
    if problem.code == "not_signed_in" {
        let next = parts.uri.path_and_query().map_or("/", |address| address.as_str());
        return Redirect::to(&sign_in_address(next)).into_response();
    }
    Failure::from(problem).into_response()
}

async fn template(State(store): State<Store>, Path(slug): Path<String>, parts: Parts) -> Response {
    if let Err(response) = ctx_of(&store, &parts, &slug) {
        return response;
    }
    let example = "cdr-4711,,+493023125010,+441632960001,outbound,2026-11-23T14:05:09.120Z,2026-11-23T14:05:02.000Z,61.25,false,false,\
                   60,1,up,egress,16,,K-4711,1,false";
    csv_file("durations-template.csv", Body::from(format!("{}\r\n{example}\r\n", columns().join(","))))
}

async fn rejected(State(store): State<Store>, Path((slug, id)): Path<(String, String)>, parts: Parts) -> Response {
    let ctx = match ctx_of(&store, &parts, &slug) {
        Ok(ctx) => ctx,
        Err(response) => return response,
    };
    match rejects(&store, &ctx, &id).await {
        Ok(bytes) => csv_file("rejected.csv", Body::from(bytes)),
        Err(failure) => refused(&parts, &failure),
    }
}

/// The rejected rows as CSV: why, then the columns of the row as it was sent, to be corrected and sent again as it is.
async fn rejects(store: &Store, ctx: &Ctx, id: &str) -> Result<Vec<u8>, Failure> {
    let id: BatchId = id.parse().map_err(|_| Problem::not_found("batch"))?;
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(REASON.iter().chain(columns())).map_err(anyhow::Error::new)?;
    let mut after = 0;
    loop {
        let rows = durations::rows(store, ctx, id, Some("rejected"), after, PIECE).await?;
        for row in &rows {
            let sent: Value = row.sent.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
            let own = [Some(row.row.to_string()), Some(row.verdict.clone()), row.field.clone(), row.value.clone(), row.fix.clone()];
            let own = own.into_iter().map(|cell| csv_cell(&cell.unwrap_or_default()));
            let cells = columns().iter().map(|column| cell(sent.get(column)));
            writer.write_record(own.chain(cells)).map_err(anyhow::Error::new)?;
        }
        match rows.last() {
            Some(last) if rows.len() >= usize::try_from(PIECE).unwrap_or(usize::MAX) => after = last.row,
            _ => break,
        }
    }
    Ok(writer.into_inner().map_err(|error| anyhow::anyhow!("{error}"))?)
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => csv_cell(text),
        Some(other) => csv_cell(&other.to_string()),
    }
}

/// Takes a file or pasted rows, keeps them, and leads to the batch.
async fn upload(State(store): State<Store>, Path(slug): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let here = format!("/o/{slug}/durations");
    let back = format!("{here}/upload");
    let ctx = match identity::ctx_for_slug(&parts, OrgKind::Operator, &slug, &store.env) {
        Ok(ctx) => ctx,
        Err(failure) if failure.problem().code == "not_signed_in" => return Redirect::to(&sign_in_address(&back)).into_response(),
        Err(failure) => return refused(&parts, &failure),
    };
    if let Err(failure) = ctx.require(Scope::DurationsWrite) {
        return refused(&parts, &failure);
    }
    let mut form = UploadForm::default();
    let sent = match form.read(Request::from_parts(parts.clone(), body), 64).await {
        Ok(()) => send(&form, &store, &ctx).await,
        Err(failure) => Err(failure),
    };
    let (to, flash) = match sent {
        Ok(id) => (format!("{here}/{id}"), None),
        Err(failure) => (back, Some(refusal(&parts, &store, &failure, form.text("text").to_owned()))),
    };
    if let Some(flash) = flash
        && let Err(failure) = identity::set_flash(&parts, flash).await
    {
        tracing::warn!(error = %failure, "a message could not be kept");
    }
    Redirect::to(&to).into_response()
}

fn refusal(parts: &Parts, store: &Store, failure: &Failure, text: String) -> Flash {
    if matches!(failure, Failure::Internal(_)) {
        tracing::error!(error = format!("{failure:#}"), "internal failure");
    }
    let lang = identity::viewer(parts, &store.env).lang;
    let problem = failure.problem();
    let what = match problem.code {
        "header_invalid" => {
            let column = problem.errors.first().and_then(|error| error.field.clone()).unwrap_or_default();
            tr!(in lang, "calls.duration.upload.header_invalid", column = column, columns = columns().join(", "))
        }
        "durations_empty" => tr!(in lang, "calls.duration.upload.empty"),
        "body_too_large" => tr!(in lang, "calls.duration.upload.too_large"),
        "body_malformed" => tr!(in lang, "calls.duration.upload.malformed"),
        _ => problem.detail.into(),
    };
    Flash::refused(failure, tr!(in lang, "calls.duration.upload.refused"), what, vec![("text".to_owned(), text)])
}

async fn send(form: &UploadForm, store: &Store, ctx: &Ctx) -> Result<BatchId, Failure> {
    let (name, bytes) = match &form.file {
        Some((name, bytes)) => (Some(name), unpacked(bytes.clone()).await?),
        None => (None, Bytes::from(form.text("text").to_owned())),
    };
    if bytes.trim_ascii().is_empty() {
        return Err(Problem::new(422, "durations_empty", "There is no row in it. Choose a file or paste rows.").into());
    }
    let format = guess(&bytes);
    let body = if format == DurationFormat::Csv { corrected(&bytes)? } else { None };
    let sent = SentDurations {
        source: DurationSource::Upload,
        format,
        file_name: name.map(|name| name.chars().filter(|c| !c.is_control()).take(200).collect()),
        actor_label: ctx.actor.label().to_owned(),
        body: body.unwrap_or_else(|| bytes.to_vec()),
    };
    let id = durations::send(store, ctx, sent).await?;
    worked(store, ctx, id, WAIT).await?;
    Ok(id)
}

/// A file by its first bytes: `gzip` (RFC 1952) and `zstd` (RFC 8878) are unpacked.
async fn unpacked(bytes: Bytes) -> Result<Bytes, Failure> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        identity::unpack(HeaderValue::from_static("gzip"), bytes).await
    } else if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        identity::unpack(HeaderValue::from_static("zstd"), bytes).await
    } else {
        Ok(bytes)
    }
}

/// What is written there: an array, objects line by line, or CSV.
fn guess(bytes: &[u8]) -> DurationFormat {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    match bytes.first() {
        Some(b'[') => DurationFormat::Json,
        Some(b'{') => DurationFormat::Ndjson,
        _ => DurationFormat::Csv,
    }
}

/// A corrected reject file without its reasons; `None` for any other file.
fn corrected(bytes: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let head = text.split(|b| *b == b'\n').next().unwrap_or_default();
    let delimiter = if head.contains(&b';') && !head.contains(&b',') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).has_headers(false).from_reader(text);
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    for (n, record) in reader.byte_records().enumerate() {
        let record = record.map_err(anyhow::Error::new)?;
        if n == 0 && !REASON.iter().enumerate().all(|(n, name)| record.get(n).map(<[u8]>::trim_ascii) == Some(name.as_bytes())) {
            return Ok(None);
        }
        writer.write_record(record.iter().skip(REASON.len())).map_err(anyhow::Error::new)?;
    }
    Ok(Some(writer.into_inner().map_err(|error| anyhow::anyhow!("{error}"))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_apart() {
        let told = |text: &str| guess(text.as_bytes()).as_str();
        assert_eq!([told("[]"), told("\u{feff} {\"a\":1}\n"), told("e164,x"), told("")], ["json", "ndjson", "csv", "csv"]);
    }

    #[test]
    fn a_reject_file_can_be_sent_again() {
        let text = "row,verdict,field,value,fix,e164,operator_ref\r\n3,time_invalid,\"a,b\",x,y,+4930,r1\r\n";
        let body = corrected(text.as_bytes()).expect("read").expect("stripped");
        assert_eq!(String::from_utf8_lossy(&body), "e164,operator_ref\n+4930,r1\n");
        let german = text.replace("\"a,b\"", "x").replace(',', ";");
        assert_eq!(corrected(german.as_bytes()).expect("read").expect("stripped"), body);
        assert!(corrected(b"e164,operator_ref\n").expect("read").is_none());
    }
}
