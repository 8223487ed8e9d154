//! Usage for machines, and its lines in files.

use axum::extract::RawQuery;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::model::Ask;
use super::queries::Order;
use super::queries::UsageRow;
use super::reads;
use crate::base::Failure;
use crate::identity::ApiCtx;
use crate::identity::Format;
use crate::identity::Listing;
use crate::identity::Paging;
use crate::identity::ProblemOut;
use crate::store::Store;
use crate::ui::Query;

/// The routes of this room.
pub fn api() -> OpenApiRouter<Store> {
    OpenApiRouter::new().routes(routes!(usage))
}

/// Usage of one group. What rows are not grouped by, and what is not known, is null.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UsageOut {
    /// Day of the tenant's zone, such as `2026-11-17`.
    day: Option<String>,
    /// The operator's id.
    operator: Option<String>,
    operator_name: Option<String>,
    /// E.164.
    number: Option<String>,
    /// Id of the person or thing that had the number.
    target: Option<String>,
    target_name: Option<String>,
    /// Of the outside party, ISO 3166-1 alpha-2.
    country: Option<String>,
    call_type: Option<String>,
    /// Legs by the platform's count.
    calls: i64,
    answered: i64,
    /// Seconds by the operator's count: the usage.
    duration_s_operator: f64,
    /// Seconds of talk by the platform's count, of all answered calls.
    duration_s_platform: f64,
    /// Seconds by the platform's count of answered calls whose duration the operator has not given yet.
    duration_s_awaiting: f64,
    /// Operator minus platform, over calls that both counted.
    difference_s: f64,
    /// Nothing is awaited, and the operators closed all its days.
    complete: bool,
    #[serde(skip)]
    cursor: String,
}

fn known(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// Seconds with three decimals, exact up to 285,000 years.
#[expect(clippy::cast_precision_loss, reason = "whole milliseconds below 2^53 are exact")]
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

impl From<UsageRow> for UsageOut {
    fn from(row: UsageRow) -> Self {
        Self {
            cursor: row.cursor().encode(),
            day: known(row.day),
            operator: known(row.operator),
            operator_name: row.operator_name,
            number: known(row.number),
            target: known(row.target),
            target_name: row.target_name,
            country: known(row.country),
            call_type: known(row.call_type),
            calls: row.calls,
            answered: row.answered,
            duration_s_operator: seconds(row.operator_ms),
            duration_s_platform: seconds(row.platform_ms),
            duration_s_awaiting: seconds(row.awaiting_ms),
            difference_s: seconds(row.difference_ms),
            complete: row.complete,
        }
    }
}

impl UsageOut {
    /// For people: names in place of ids, where there are any.
    pub(super) fn named(mut self) -> Self {
        if self.operator.is_some() {
            self.operator = self.operator_name.clone().or(self.operator);
        }
        if self.target.is_some() {
            self.target = self.target_name.clone().or(self.target);
        }
        self
    }
}

/// Usage of the tenant
///
/// The operators' durations by day in the tenant's zone, and what they still owe. `from` and `to` are such days, half open; this
/// month to the end of today when left out; at most 400 days. `group_by` is some of
/// `day,operator,number,target,country,call_type` (`day` when left out). `operator` (id or short name), `number`, `target`,
/// `country` and `call_type` narrow it.
#[utoipa::path(get, path = "/tenant/usage", tag = "tenant usage",
    params(("from" = Option<String>, Query), ("to" = Option<String>, Query), ("group_by" = Option<String>, Query),
           ("operator" = Option<String>, Query), ("number" = Option<String>, Query), ("target" = Option<String>, Query),
           ("country" = Option<String>, Query), ("call_type" = Option<String>, Query), ("limit" = Option<i64>, Query),
           ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Listing<UsageOut>), (status = 400, body = ProblemOut), (status = 403, body = ProblemOut)))]
async fn usage(
    State(store): State<Store>,
    ApiCtx(ctx): ApiCtx,
    format: Format,
    paging: Paging,
    RawQuery(raw): RawQuery,
) -> Result<Response, Failure> {
    let setting = reads::setting(&store, &ctx).await?;
    let ask = Ask::strict(&Query::parse(&raw.unwrap_or_default()), &setting)?;
    let after = paging.cursor(UsageRow::KEYS)?;
    let rows = reads::rows(&store, &ctx, &setting, &ask, Order::Groups, after.as_ref(), paging.limit + 1).await?;
    let rows: Vec<UsageOut> = rows.into_iter().map(UsageOut::from).collect();
    Listing::cut(rows, paging.limit, |last| last.cursor.clone()).answer(format, &paging.uri, &ask.columns())
}
