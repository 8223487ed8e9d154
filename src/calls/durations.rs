//! Batches of durations: what is sent is kept first, then worked, then shown with a verdict a row; days and their closing.

use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;
use serde::Serialize;
use serde::Serializer;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;
use utoipa::ToSchema;
use uuid::Uuid;

use super::duration_body;
use super::duration_words::DurationFormat;
use super::duration_words::DurationSource;
use super::duration_words::Verdict;
use super::queries_durations as queries;
use crate::audit;
use crate::base::BatchId;
use crate::base::Ctx;
use crate::base::Cursor;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::write_time;
use crate::store::Loop;
use crate::store::Reach;
use crate::store::Store;
use crate::store::Tx;

/// The loop that runs [`run_durations`](super::run_durations).
pub const DURATIONS: Loop = Loop { name: "calls.durations", every: Duration::from_secs(1) };

/// A batch as it came.
#[derive(Clone, Debug)]
pub struct SentDurations {
    pub source: DurationSource,
    pub format: DurationFormat,
    /// Name of the uploaded file.
    pub file_name: Option<String>,
    /// Who sent it, for people.
    pub actor_label: String,
    /// Decompressed.
    pub body: Vec<u8>,
}

/// A batch and what became of its rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DurationReceipt {
    pub id: Uuid,
    /// `received`, `processing` or `done`.
    pub state: String,
    pub rows: i32,
    pub accepted: i32,
    /// Older versions that accepted rows took the place of.
    pub replaced: i32,
    pub duplicate: i32,
    pub superseded: i32,
    pub rejected: i32,
    /// SHA-256 of the body, decompressed.
    #[serde(serialize_with = "hex")]
    #[schema(value_type = String)]
    pub sha256: Vec<u8>,
    /// Of accepted rows.
    #[serde(serialize_with = "write_time")]
    pub first_answered_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "write_time")]
    pub last_answered_at: Option<DateTime<Utc>>,
    /// `api` or `upload`.
    pub source: String,
    /// `ndjson`, `csv` or `json`.
    pub format: String,
    pub file_name: Option<String>,
    pub actor_label: String,
    #[serde(serialize_with = "write_time")]
    pub received_at: DateTime<Utc>,
    #[serde(serialize_with = "write_time")]
    pub done_at: Option<DateTime<Utc>>,
    /// Size, decompressed.
    pub bytes: i64,
}

fn hex<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex_text(bytes))
}

/// Lower-case hex.
pub(super) fn hex_text(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a String cannot fail.
        write!(out, "{byte:02x}").unwrap_or_default();
        out
    })
}

/// A row of a batch and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DurationRow {
    /// From 1, without header and blank lines.
    pub row: i32,
    pub verdict: String,
    /// What is wrong with it: the field and its value.
    pub field: Option<String>,
    pub value: Option<String>,
    /// How to mend it.
    pub fix: Option<String>,
    /// Reference, number and time.
    pub key: Option<String>,
    /// As it was sent, of rejected rows.
    #[serde(skip)]
    pub sent: Option<String>,
}

/// Keeps a batch, to be worked by [`process_durations`](super::process_durations) or the job. The row format is checked as far
/// as it can refuse the whole batch.
///
/// # Errors
/// 400 `body_malformed` for a body that is no JSON array, 422 `header_invalid` for a CSV header: nothing is kept then.
pub async fn keep_durations(store: &Store, operator: OperatorId, sent: SentDurations) -> Result<BatchId, Failure> {
    let mut tx = store.begin(Reach::Operator(operator)).await?;
    let id = keep(&mut tx, store, operator, &sent).await?;
    tx.commit().await?;
    store.wake.wake(DURATIONS.name);
    Ok(id)
}

async fn keep(tx: &mut Tx, store: &Store, operator: OperatorId, sent: &SentDurations) -> Result<BatchId, Failure> {
    duration_body::check(&sent.body, sent.format)?;
    let id = BatchId(store.env.id());
    let sha256 = Sha256::digest(&sent.body);
    queries::insert_batch(tx, operator, id, sent, &sha256, store.env.now()).await?;
    queries::insert_body(tx, operator, id, &sent.body).await?;
    Ok(id)
}

/// What an operator sends: kept, with an entry in its log. The caller works it at once or leaves it to the job.
///
/// # Errors
/// 403 without `durations:write`, and as for [`keep_durations`].
pub(super) async fn send(store: &Store, ctx: &Ctx, sent: SentDurations) -> Result<BatchId, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::DurationsWrite)?;
    let mut tx = store.begin_for(ctx).await?;
    let id = keep(&mut tx, store, operator, &sent).await?;
    let detail = Some(json!({ "source": sent.source.as_str(), "format": sent.format.as_str(), "bytes": sent.body.len() }));
    let subject = id.to_string();
    let entry = audit::Entry { action: "durations.send", subject_kind: "duration_batch", subject_id: &subject, detail };
    audit::record(&mut tx, ctx, entry).await?;
    tx.commit().await?;
    Ok(id)
}

/// A batch of the caller's.
///
/// # Errors
/// 403 without `durations:write`, 404.
pub(super) async fn find(store: &Store, ctx: &Ctx, id: BatchId) -> Result<DurationReceipt, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::DurationsWrite)?;
    let mut tx = store.begin_for(ctx).await?;
    let found = queries::find(&mut tx, operator, id).await?;
    tx.commit().await?;
    found.ok_or_else(|| Problem::not_found("batch").into())
}

/// Which batches to list.
#[derive(Clone, Debug, Default)]
pub(super) struct BatchFilter {
    pub(super) state: Option<String>,
    /// Only those that are not done.
    pub(super) waiting: bool,
    /// Only those with rejected rows.
    pub(super) rejects: bool,
}

/// Batches of the caller's, newest first, older than a cursor of one part.
///
/// # Errors
/// 403 without `durations:write`, 400 for a cursor that is none.
pub(super) async fn list(
    store: &Store,
    ctx: &Ctx,
    filter: &BatchFilter,
    after: Option<&Cursor>,
    limit: i64,
) -> Result<Vec<DurationReceipt>, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::DurationsWrite)?;
    let after = after.and_then(|cursor| cursor.0.first()).map(|id| {
        Uuid::parse_str(id)
            .map_err(|_| Problem::new(400, "cursor_invalid", "This cursor is not one of this list. Start without a cursor."))
    });
    let mut tx = store.begin_for(ctx).await?;
    let rows = queries::list(&mut tx, operator, filter, after.transpose()?, limit).await?;
    tx.commit().await?;
    Ok(rows)
}

/// Rows of a batch after a row, with one verdict or any; `rejected` stands for every verdict that is a refusal.
///
/// # Errors
/// 403 without `durations:write`, 404, 422 `verdict_unknown`.
pub(super) async fn rows(
    store: &Store,
    ctx: &Ctx,
    id: BatchId,
    verdict: Option<&str>,
    after: i32,
    limit: i64,
) -> Result<Vec<DurationRow>, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::DurationsWrite)?;
    let wanted: Option<Vec<&str>> = match verdict {
        None => None,
        Some("rejected") => Some(Verdict::ALL.iter().filter(|v| v.is_rejected()).map(|v| v.as_str()).collect()),
        Some(word) => match Verdict::parse(word) {
            Some(verdict) => Some(vec![verdict.as_str()]),
            None => return Err(verdict_unknown(word)),
        },
    };
    let mut tx = store.begin_for(ctx).await?;
    if queries::find(&mut tx, operator, id).await?.is_none() {
        return Err(Problem::not_found("batch").into());
    }
    let rows = queries::rows(&mut tx, operator, id, wanted.as_deref(), after, limit).await?;
    tx.commit().await?;
    Ok(rows)
}

fn verdict_unknown(word: &str) -> Failure {
    let words = Verdict::ALL.iter().map(|verdict| verdict.as_str()).collect::<Vec<_>>().join(", ");
    let fix = format!("verdict is rejected or one of: {words}.");
    Problem::new(422, "verdict_unknown", fix.clone()).field("verdict", "verdict_unknown", Some(word.to_owned()), fix).into()
}

/// Rejected rows of a batch by verdict, most first, each with an example.
///
/// # Errors
/// 403 without `durations:write`.
pub(super) async fn reasons(store: &Store, ctx: &Ctx, id: BatchId) -> Result<Vec<queries::Reason>, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::DurationsWrite)?;
    let mut tx = store.begin_for(ctx).await?;
    let reasons = queries::reasons(&mut tx, operator, id).await?;
    tx.commit().await?;
    Ok(reasons)
}
