//! Days of durations: what is there, what came late, and closing a day with the operator's own totals.

use chrono::DateTime;
use chrono::Days;
use chrono::NaiveDate;
use chrono::TimeDelta;
use chrono::Utc;
use chrono_tz::Tz;
use serde::Serialize;
use serde::Serializer;
use utoipa::ToSchema;

use super::duration_judge::oldest_duration;
use super::jobs_duration_days;
use super::queries_duration_days as queries;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::write_time;
use crate::store::Store;

/// The rows of a day are due so long after its beginning: at 06:00 of the next day.
pub(super) const DUE: TimeDelta = TimeDelta::hours(30);
/// Most days of one call.
const MOST_DAYS: u64 = 400;
/// Days told when none are asked for.
const USUAL_DAYS: u64 = 30;

/// What is there of one day. Current versions only; rows that were taken back count nowhere.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DurationDay {
    pub day: NaiveDate,
    pub rows: i64,
    /// Sum of their durations, in seconds.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    #[schema(value_type = f64)]
    pub duration_ms: i64,
    /// Rows received after 06:00 of the next day.
    pub late_rows: i64,
    #[serde(serialize_with = "write_time")]
    pub last_received_at: Option<DateTime<Utc>>,
    /// The operator has said that the day is complete. Days are closed in UTC: null in any other zone.
    pub closed: Option<ClosedDay>,
}

/// That a day was closed, and with what totals.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ClosedDay {
    pub rows: i64,
    #[serde(rename = "seconds", serialize_with = "seconds")]
    #[schema(value_type = f64)]
    pub duration_ms: i64,
    #[serde(serialize_with = "write_time")]
    pub at: DateTime<Utc>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn seconds<S: Serializer>(ms: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(as_seconds(*ms))
}

/// Milliseconds as seconds, for people and JSON.
#[expect(clippy::cast_precision_loss, reason = "sums stay far below 2^53 ms, which is 285,000 years")]
pub(super) fn as_seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

/// Days `[from, to)` to tell of.
///
/// # Errors
/// 422 `range_invalid` when the range is empty or longer than 400 days.
pub(super) fn range(now: DateTime<Utc>, from: Option<NaiveDate>, to: Option<NaiveDate>) -> Result<(NaiveDate, NaiveDate), Failure> {
    let to = to.unwrap_or_else(|| now.date_naive().checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX));
    let from = from.unwrap_or_else(|| to.checked_sub_days(Days::new(USUAL_DAYS)).unwrap_or(NaiveDate::MIN));
    let days = u64::try_from((to - from).num_days()).unwrap_or(0);
    // Postgres keeps other years than chrono; nothing is kept of such days anyhow.
    let sane = |day: NaiveDate| (1900..3000).contains(&chrono::Datelike::year(&day));
    if days == 0 || days > MOST_DAYS || !sane(from) || !sane(to) {
        let fix = format!("Ask for 1 to {MOST_DAYS} days: from is the first, to the day after the last.");
        return Err(Problem::new(422, "range_invalid", fix.clone()).field("to", "range_invalid", Some(to.to_string()), fix).into());
    }
    Ok((from, to))
}

/// Coverage of the caller's days `[from, to)` in a zone, every day of them.
///
/// # Errors
/// 403 without `durations:write`.
pub async fn coverage(store: &Store, ctx: &Ctx, (from, to): (NaiveDate, NaiveDate), zone: Tz) -> Result<Vec<DurationDay>, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::DurationsWrite)?;
    let mut tx = store.begin_for(ctx).await?;
    let days = queries::coverage(&mut tx, operator, (from, to), zone).await?;
    tx.commit().await?;
    Ok(days)
}

/// The first day of which the caller sent or could have sent anything and that is still kept; `None` when it never sent a batch.
pub(super) async fn first_day(store: &Store, ctx: &Ctx) -> Result<Option<NaiveDate>, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::DurationsWrite)?;
    let mut tx = store.begin_for(ctx).await?;
    let first = queries::first_batch(&mut tx, operator).await?;
    tx.commit().await?;
    let kept = oldest_duration(ctx.now()).date_naive();
    Ok(first.map(|at| at.date_naive()).and_then(|day| day.pred_opt()).map(|day| day.max(kept)))
}

/// What came of closing a day.
#[derive(Clone, Debug, PartialEq)]
pub enum Closing {
    Closed(DurationDay),
    /// The totals are others than those of the rows that are here: the day as it is.
    Differs(DurationDay),
}

/// Says that a day (UTC) is complete. Closing it again with the same totals changes nothing; with others, after more rows have
/// come, it takes their place.
///
/// # Errors
/// 403 without `durations:write`; 422 `day_not_over`, `day_before_retention`, `totals_invalid`.
pub async fn close(store: &Store, ctx: &Ctx, day: NaiveDate, rows: i64, duration_ms: i64) -> Result<Closing, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::DurationsWrite)?;
    let over = day.succ_opt().and_then(|next| next.and_hms_opt(0, 0, 0)).map(|end| end.and_utc());
    if over.is_none_or(|over| over > ctx.now()) {
        let fix = "A day is closed when it is over, in UTC.";
        return Err(Problem::new(422, "day_not_over", fix).field("day", "day_not_over", Some(day.to_string()), fix).into());
    }
    if day < oldest_duration(ctx.now()).date_naive() {
        let fix = "Nothing is kept of that day any more.";
        return Err(Problem::new(422, "day_before_retention", fix)
            .field("day", "day_before_retention", Some(day.to_string()), fix)
            .into());
    }
    if rows < 0 || duration_ms < 0 {
        return Err(totals_invalid());
    }
    let held = jobs_duration_days::close(store, ctx, operator, day, (rows, duration_ms)).await?;
    let same = (held.rows, held.duration_ms) == (rows, duration_ms);
    Ok(if same { Closing::Closed(held) } else { Closing::Differs(held) })
}

pub(super) fn totals_invalid() -> Failure {
    let fix = "rows is a whole number from 0 on, seconds a decimal from 0 on with at most 3 places.";
    Problem::new(422, "totals_invalid", fix).field("seconds", "totals_invalid", None, fix).into()
}

/// 409 with both totals.
pub(super) fn differ(said: (i64, i64), held: &DurationDay) -> Failure {
    let (own, ours) = (as_seconds(said.1), as_seconds(held.duration_ms));
    let detail = format!(
        "You say {} rows and {own} s for {}; there are {} rows and {ours} s here. Send what is missing or correct it, then close the day.",
        said.0, held.day, held.rows
    );
    let mut problem = Problem::new(409, "totals_differ", detail);
    if said.0 != held.rows {
        problem = problem.field("rows", "totals_differ", Some(said.0.to_string()), format!("Here: {}.", held.rows));
    }
    if said.1 != held.duration_ms {
        problem = problem.field("seconds", "totals_differ", Some(own.to_string()), format!("Here: {ours}."));
    }
    problem.into()
}

/// How a day stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DayState {
    OnTime,
    /// A tenth of its rows or more came after they were due.
    Late,
    /// Due, and nothing has come.
    Missing,
    NotDue,
}

/// How a day stands now. `first`: the first day of which anything was ever to be expected.
pub(super) fn state(day: &DurationDay, first: Option<NaiveDate>, now: DateTime<Utc>) -> DayState {
    if day.rows > 0 {
        return if day.late_rows.saturating_mul(10) >= day.rows { DayState::Late } else { DayState::OnTime };
    }
    if day.closed.is_some() {
        return DayState::OnTime;
    }
    let due = due(day.day).is_some_and(|due| due <= now);
    if due && first.is_some_and(|first| first <= day.day) { DayState::Missing } else { DayState::NotDue }
}

/// When the rows of a day (UTC) are due.
pub(super) fn due(day: NaiveDate) -> Option<DateTime<Utc>> {
    Some(day.and_hms_opt(0, 0, 0)?.and_utc() + DUE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_missing_when_it_was_due() {
        let date = day("2026-11-22").expect("a day");
        let mut one = DurationDay { day: date, rows: 0, duration_ms: 0, late_rows: 0, last_received_at: None, closed: None };
        let told = |one: &DurationDay, at: &str| state(one, Some(date), at.parse().expect("a time"));
        assert_eq!(told(&one, "2026-11-23T05:59:59Z"), DayState::NotDue);
        assert_eq!(told(&one, "2026-11-23T06:00:00Z"), DayState::Missing);
        assert_eq!(state(&one, None, DateTime::<Utc>::MAX_UTC), DayState::NotDue, "nothing was ever sent");
        (one.rows, one.late_rows) = (100, 9);
        assert_eq!(told(&one, "2026-11-24T00:00:00Z"), DayState::OnTime);
        one.late_rows = 10;
        assert_eq!(told(&one, "2026-11-24T00:00:00Z"), DayState::Late);
        (one.rows, one.closed) = (0, Some(ClosedDay { rows: 0, duration_ms: 0, at: DateTime::UNIX_EPOCH }));
        assert_eq!(told(&one, "2026-11-24T00:00:00Z"), DayState::OnTime, "a day without calls");
    }

    fn day(text: &str) -> Option<NaiveDate> {
        text.parse().ok()
    }

    #[test]
    fn ranges_are_held() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_780);
        let told = |from: &str, to: &str| range(now, day(from), day(to)).ok();
        assert_eq!(told("", ""), day("2026-10-25").zip(day("2026-11-24")));
        assert_eq!(told("2026-11-01", "2026-11-02"), day("2026-11-01").zip(day("2026-11-02")));
        for (from, to) in
            [("2026-11-02", "2026-11-02"), ("2026-11-02", "2026-11-01"), ("2020-01-01", ""), ("-9000-01-01", "-9000-01-02")]
        {
            assert_eq!(told(from, to), None, "{from} {to}");
        }
    }
}
