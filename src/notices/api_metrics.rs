//! How deliveries and feeds are doing, on the wire.

use axum::extract::State;
use axum::response::Response;
use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::actions_metrics;
use super::queries_pages_metrics::Bucket;
use super::queries_pages_metrics::FeedRow;
use super::queries_pages_metrics::Steps;
use crate::base::EndpointId;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::write_time;
use crate::identity::ApiCtx;
use crate::identity::Format;
use crate::identity::Listing;
use crate::identity::Paging;
use crate::identity::Path;
use crate::identity::ProblemOut;
use crate::identity::Query;
use crate::store::Store;

/// Steps of one call at most.
const STEPS: usize = 1_000;
/// Attempts are kept for three months.
const KEPT: TimeDelta = TimeDelta::days(93);
/// Columns of metrics as CSV.
const COLUMNS: [&str; 13] = [
    "from",
    "to",
    "attempts",
    "ok",
    "status_3xx",
    "status_4xx",
    "status_5xx",
    "no_answer",
    "elapsed_ms_p50",
    "elapsed_ms_p95",
    "taken",
    "lag_ms_p50",
    "lag_ms_p95",
];
/// Columns of feeds as CSV.
const FEED_COLUMNS: [&str; 8] =
    ["feed", "head_seq", "sealed_at", "acked_seq", "acked_at", "backlog", "waiting_since", "push_backlog"];

pub(super) fn api() -> OpenApiRouter<Store> {
    OpenApiRouter::new().routes(routes!(metrics)).routes(routes!(feeds))
}

/// Which steps to count.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct MetricsIn {
    /// Begin; 24 h before `to` when left out.
    from: Option<DateTime<Utc>>,
    /// End, left out itself; now when left out.
    to: Option<DateTime<Utc>>,
    /// Length of a step, as in `5m`, `1h`, `1d`; `1h` when left out. At least a minute, at most 1,000 steps.
    step: Option<String>,
}

impl MetricsIn {
    fn steps(&self, now: DateTime<Utc>) -> Result<Steps, Failure> {
        let refuse = |field: &str, fix: &str| {
            let problem = Problem::new(400, "query_malformed", format!("{field} cannot be read. {fix}"));
            Failure::from(problem.field(field, "value_invalid", None, fix))
        };
        let to = self.to.unwrap_or(now);
        let from = self.from.unwrap_or(to - TimeDelta::hours(24));
        if from >= to || to - from > KEPT {
            return Err(refuse("from", "Use a time before to, at most 93 days earlier."));
        }
        let step = length(self.step.as_deref().unwrap_or("1h"));
        let Some(step) = step.filter(|step| *step >= TimeDelta::minutes(1)) else {
            return Err(refuse("step", "Use a length from a minute on, as in 5m, 1h or 1d."));
        };
        let steps = Steps { from, to, step };
        if steps.count() > STEPS {
            return Err(refuse("step", "Use a longer step or a shorter span: at most 1,000 steps."));
        }
        Ok(steps)
    }
}

/// `90s`, `5m`, `1h`, `1d`.
fn length(text: &str) -> Option<TimeDelta> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    let n: u32 = digits.parse().ok()?;
    TimeDelta::try_seconds(i64::from(n) * seconds)
}

/// One step of time, half open.
#[derive(Debug, Serialize, ToSchema)]
struct MetricsOut {
    #[serde(serialize_with = "write_time")]
    from: DateTime<Utc>,
    #[serde(serialize_with = "write_time")]
    to: DateTime<Utc>,
    attempts: i64,
    /// Answered 2xx.
    ok: i64,
    status_3xx: i64,
    status_4xx: i64,
    status_5xx: i64,
    no_answer: i64,
    /// Half of the answers took at most so long, in ms; null without attempts.
    elapsed_ms_p50: Option<i32>,
    elapsed_ms_p95: Option<i32>,
    /// Events of the feed taken for the first time.
    taken: i64,
    /// From the place in the feed to being taken, in ms; null when nothing was taken.
    lag_ms_p50: Option<i64>,
    lag_ms_p95: Option<i64>,
}

impl MetricsOut {
    fn of((from, to): (DateTime<Utc>, DateTime<Utc>), bucket: Bucket) -> Self {
        let Bucket { attempts, ok, status_3xx, status_4xx, status_5xx, no_answer, taken, .. } = bucket;
        Self {
            from,
            to,
            attempts,
            ok,
            status_3xx,
            status_4xx,
            status_5xx,
            no_answer,
            elapsed_ms_p50: bucket.elapsed_ms_p50,
            elapsed_ms_p95: bucket.elapsed_ms_p95,
            taken,
            lag_ms_p50: bucket.lag_ms_p50,
            lag_ms_p95: bucket.lag_ms_p95,
        }
    }
}

/// Count the tries at one endpoint by time
///
/// Every step of the span stands in the answer, also where nothing happened.
#[utoipa::path(get, path = "/endpoints/{id}/metrics", tag = "endpoints", params(("id" = uuid::Uuid, Path), MetricsIn),
    responses((status = 200, description = "Steps in order", body = Listing<MetricsOut>), (status = 400, description = "A span or step that cannot be used", body = ProblemOut),
              (status = 404, description = "No such endpoint", body = ProblemOut)))]
async fn metrics(
    State(store): State<Store>,
    ApiCtx(ctx): ApiCtx,
    format: Format,
    paging: Paging,
    Path(id): Path<EndpointId>,
    Query(wanted): Query<MetricsIn>,
) -> Result<Response, Failure> {
    let steps = wanted.steps(ctx.now())?;
    let buckets = actions_metrics::metrics_of(&store, &ctx, id, steps).await?;
    let rows = buckets.into_iter().enumerate().map(|(at, bucket)| MetricsOut::of(steps.bounds(at), bucket)).collect();
    Listing::<MetricsOut>::new(rows, None).with("step_s", steps.step.num_seconds()).answer(format, &paging.uri, &COLUMNS)
}

// `GET /me` has a `FeedOut` of its own in the document.
/// One feed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FeedState)]
struct FeedOut {
    /// `events` or `calls`.
    feed: String,
    /// Last position; 0 before the first.
    head_seq: i64,
    /// When that got its place: how fresh the feed is.
    #[serde(serialize_with = "write_time")]
    sealed_at: Option<DateTime<Utc>>,
    /// Everything up to here was acknowledged by pull; 0: never.
    acked_seq: i64,
    #[serde(serialize_with = "write_time")]
    acked_at: Option<DateTime<Utc>>,
    /// Positions that are not acknowledged.
    backlog: i64,
    /// When the oldest of them got its place; of `events` alone.
    #[serde(serialize_with = "write_time")]
    waiting_since: Option<DateTime<Utc>>,
    /// What the endpoint that is farthest behind has still to get; null without endpoints and for `calls`.
    push_backlog: Option<i64>,
}

/// See how fresh the feeds are
///
/// Both feeds of the operator, with what of each waits to be taken.
#[utoipa::path(get, path = "/feeds", tag = "events", responses((status = 200, description = "Both feeds", body = Listing<FeedOut>)))]
async fn feeds(State(store): State<Store>, ApiCtx(ctx): ApiCtx, format: Format, paging: Paging) -> Result<Response, Failure> {
    let (held, push_backlog) = actions_metrics::feeds_of(&store, &ctx).await?;
    let out = |name: &str| {
        let none =
            FeedRow { feed: name.to_owned(), head_seq: 0, sealed_at: None, acked_seq: 0, acked_at: None, waiting_since: None };
        let row = held.iter().find(|row| row.feed == name).unwrap_or(&none);
        FeedOut {
            feed: row.feed.clone(),
            head_seq: row.head_seq,
            sealed_at: row.sealed_at,
            acked_seq: row.acked_seq,
            acked_at: row.acked_at,
            backlog: (row.head_seq - row.acked_seq).max(0),
            waiting_since: row.waiting_since,
            push_backlog: push_backlog.filter(|_| name == "events"),
        }
    };
    Listing::new(vec![out("events"), out("calls")], None).answer(format, &paging.uri, &FEED_COLUMNS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_a_number_and_a_unit() {
        for (text, seconds) in [("90s", 90), ("5m", 300), ("1h", 3_600), ("2d", 172_800), ("0m", 0)] {
            assert_eq!(length(text), Some(TimeDelta::seconds(seconds)), "{text}");
        }
        for text in ["", "m", "5", "5x", "-5m", "5mm", "1.5h", "99999999999h", "5é", "é"] {
            assert_eq!(length(text), None, "{text}");
        }
    }

    #[test]
    fn a_span_has_bounds() {
        let now = DateTime::from_timestamp(1_000_000_000, 0).expect("a time");
        let ask = |from: Option<i64>, to: Option<i64>, step: Option<&str>| {
            let time = |hours: i64| now + TimeDelta::hours(hours);
            MetricsIn { from: from.map(time), to: to.map(time), step: step.map(str::to_owned) }.steps(now)
        };
        assert_eq!(ask(None, None, None).expect("a day").count(), 24);
        assert_eq!(ask(Some(-1), None, Some("5m")).expect("an hour").count(), 12);
        for (from, to, step) in [
            (Some(0), None, None),
            (Some(1), Some(0), None),
            (Some(-24 * 94), None, Some("1d")),
            (None, None, Some("59s")),
            (None, None, Some("1m")),
        ] {
            assert_eq!(ask(from, to, step).expect_err("refused").problem().status, 400, "{from:?} {to:?} {step:?}");
        }
    }
}
