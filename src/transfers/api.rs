//! `GET /transfers` and `GET /transfers/verify`.

use axum::extract::State;
use axum::response::Response;
use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::actions;
use super::model::Channel;
use super::model::Class;
use super::model::Direction;
use super::model::Ground;
use super::model::Position;
use super::model::TransferFilter;
use super::model::TransferRow;
use super::model::TransferState;
use super::words::hex;
use crate::base::Cursor;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::TenantId;
use crate::base::wire_time;
use crate::identity::ApiCtx;
use crate::identity::Format;
use crate::identity::Listing;
use crate::identity::Paging;
use crate::identity::ProblemOut;
use crate::identity::Query;
use crate::store::ChainHead;
use crate::store::Store;

/// The routes of this room.
pub fn api() -> OpenApiRouter<Store> {
    OpenApiRouter::new().routes(routes!(transfers)).routes(routes!(verify))
}

/// Columns of the CSV form, in order.
pub(super) const COLUMNS: [&str; 17] = [
    "id",
    "at",
    "direction",
    "operator_id",
    "tenant_id",
    "classes",
    "channel",
    "state",
    "records",
    "period_from",
    "period_to",
    "basis",
    "consent_id",
    "notice_version",
    "digest",
    "ref",
    "entry",
];

/// An entry of the register.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TransferOut {
    pub(super) id: Uuid,
    /// RFC 3339, UTC.
    pub(super) at: String,
    /// `to_operator` or `from_operator`.
    pub(super) direction: String,
    pub(super) operator_id: Uuid,
    pub(super) tenant_id: Uuid,
    pub(super) classes: Vec<String>,
    /// `push`, `pull`, `feed`, `page`, `export`, `batch` or `import`.
    pub(super) channel: String,
    /// `confirmed`, `unconfirmed` or `failed`.
    pub(super) state: String,
    pub(super) records: i64,
    pub(super) period_from: Option<String>,
    pub(super) period_to: Option<String>,
    /// `consent` or `wind_down`.
    pub(super) basis: String,
    pub(super) consent_id: Option<Uuid>,
    pub(super) notice_version: Option<String>,
    /// SHA-256 of the bytes handed over, lower-case hex, where there is one body.
    pub(super) digest: Option<String>,
    /// What was transferred: an event id, a page, a batch id.
    pub(super) r#ref: String,
    /// Number in the caller's own chain; null until it is chained.
    pub(super) entry: Option<i64>,
    #[serde(skip)]
    pub(super) cursor: Cursor,
}

impl From<TransferRow> for TransferOut {
    fn from(row: TransferRow) -> Self {
        Self {
            cursor: row.cursor(),
            id: row.id,
            at: wire_time(row.at),
            direction: row.direction,
            operator_id: row.operator_id,
            tenant_id: row.tenant_id,
            classes: row.classes,
            channel: row.channel,
            state: row.state,
            records: row.records,
            period_from: row.period_from.map(wire_time),
            period_to: row.period_to.map(wire_time),
            basis: row.basis,
            consent_id: row.consent_id,
            notice_version: row.notice_version,
            digest: row.digest.as_deref().map(hex),
            r#ref: row.reference,
            entry: row.seq,
        }
    }
}

/// What of the register is wanted.
#[derive(Debug, Deserialize, IntoParams)]
struct FilterIn {
    /// From this time on, RFC 3339.
    from: Option<DateTime<Utc>>,
    /// Before this time.
    to: Option<DateTime<Utc>>,
    /// One customer.
    tenant_id: Option<Uuid>,
    /// One data class.
    class: Option<String>,
    /// `to_operator` or `from_operator`.
    direction: Option<String>,
    /// One channel.
    channel: Option<String>,
    /// `confirmed`, `unconfirmed` or `failed`.
    state: Option<String>,
    /// `consent` or `wind_down`.
    basis: Option<String>,
    /// What was transferred, as in `ref`.
    r#ref: Option<String>,
}

/// One word of a list, or none asked for.
fn word<T>(
    field: &'static str,
    asked: Option<String>,
    read: fn(&str) -> Option<T>,
    fix: &'static str,
) -> Result<Option<T>, Failure> {
    let Some(text) = asked.filter(|text| !text.is_empty()) else { return Ok(None) };
    if let Some(word) = read(&text) {
        return Ok(Some(word));
    }
    let problem = Problem::new(400, "query_malformed", format!("{field} is none of the words there are."));
    Err(problem.field(field, "value_invalid", Some(text), fix).into())
}

impl FilterIn {
    fn filter(self) -> Result<TransferFilter, Failure> {
        Ok(TransferFilter {
            from: self.from,
            to: self.to,
            tenant: self.tenant_id.map(TenantId),
            operator: None,
            class: word("class", self.class, Class::parse, "One of numbers, calls, quality, durations, emergency_location.")?,
            direction: word("direction", self.direction, Direction::parse, "to_operator or from_operator.")?,
            channel: word("channel", self.channel, Channel::parse, "One of push, pull, feed, page, export, batch, import.")?,
            state: word("state", self.state, TransferState::parse, "One of confirmed, unconfirmed, failed.")?,
            ground: word("basis", self.basis, Ground::parse, "consent or wind_down.")?,
            reference: self.r#ref.filter(|text| !text.is_empty()),
        })
    }
}

/// List the register
///
/// Every transfer that concerns the calling operator, newest first; `[from, to)`.
#[utoipa::path(get, path = "/transfers", tag = "register", params(FilterIn),
    responses((status = 200, description = "One page", body = Listing<TransferOut>), (status = 400, description = "A filter cannot be read", body = ProblemOut),
              (status = 403, description = "`scope_missing` or `wrong_org_kind`", body = ProblemOut)))]
async fn transfers(
    State(store): State<Store>,
    ApiCtx(ctx): ApiCtx,
    format: Format,
    paging: Paging,
    Query(filter): Query<FilterIn>,
) -> Result<Response, Failure> {
    ctx.operator()?;
    let position = paging.cursor(2)?.map_or(Position::Start, Position::After);
    let rows = actions::rows(&store, &ctx, &filter.filter()?, &position, paging.limit + 1).await?;
    let rows: Vec<TransferOut> = rows.into_iter().map(TransferOut::from).collect();
    Listing::cut(rows, paging.limit, |last| last.cursor.encode()).answer(format, &paging.uri, &COLUMNS)
}

/// What a verification found.
#[derive(Debug, Serialize, ToSchema)]
struct VerifyOut {
    ok: bool,
    /// Entries looked at.
    entries: i64,
    /// Number of the newest chained entry.
    sealed_to: i64,
    /// Its hash, lower-case hex.
    head: String,
    problems: Vec<FaultOut>,
    /// Entries whose personal part was erased; not a fault.
    erased: i64,
    /// Entries whose month was dropped and is proved by its anchor; not a fault.
    expired: i64,
    /// For a head that was kept elsewhere: `holds`, `differs` or `not_there`; null when none was given.
    kept: Option<&'static str>,
}

/// A head that was kept elsewhere.
#[derive(Debug, Deserialize, IntoParams)]
struct KeptIn {
    /// Its entry number: `sealed_to` of that time.
    entry: Option<i64>,
    /// Its hash: `head` of that time.
    head: Option<String>,
}

/// What is wrong with an entry.
#[derive(Debug, Serialize, ToSchema)]
struct FaultOut {
    /// Null when nothing is left of the entry.
    entry_id: Option<Uuid>,
    /// `changed`, `missing` or `reordered`.
    kind: &'static str,
}

/// Verify the register
///
/// Recomputes the caller's chain of entries now and tells what was changed, is missing or stands in another order; with `entry` and
/// `head` also whether a head that was kept elsewhere is still that entry's.
#[utoipa::path(get, path = "/transfers/verify", tag = "register", params(KeptIn),
    responses((status = 200, description = "What was found", body = VerifyOut), (status = 403, description = "`scope_missing` or `wrong_org_kind`", body = ProblemOut)))]
async fn verify(
    State(store): State<Store>,
    ApiCtx(ctx): ApiCtx,
    Query(kept): Query<KeptIn>,
) -> Result<axum::Json<VerifyOut>, Failure> {
    ctx.operator()?;
    let (verdict, _) = actions::verify(&store, &ctx).await?;
    let kept = match (kept.entry, kept.head) {
        (Some(seq), Some(head)) => Some(actions::kept(&store, &ctx, &ChainHead { seq, head }).await?.as_str()),
        (_, _) => None,
    };
    Ok(axum::Json(VerifyOut {
        ok: verdict.ok(),
        entries: verdict.entries,
        sealed_to: verdict.sealed_to,
        head: verdict.head,
        problems: verdict.problems.into_iter().map(|(entry_id, fault)| FaultOut { entry_id, kind: fault.as_str() }).collect(),
        erased: verdict.erased,
        expired: verdict.expired,
        kept,
    }))
}
