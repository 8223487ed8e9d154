//! Reads for charts and metrics: attempts by time, how late events arrive, whether the feed has gaps, how far it was taken.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::base::Failure;
use crate::base::OperatorId;

/// What happened in one step of time, half open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bucket {
    pub attempts: i64,
    /// Answered 2xx.
    pub ok: i64,
    pub status_3xx: i64,
    pub status_4xx: i64,
    pub status_5xx: i64,
    /// No answer, or a status outside of 200 to 599.
    pub no_answer: i64,
    /// How long answers took, in ms; `None` without attempts.
    pub elapsed_ms_p50: Option<i32>,
    pub elapsed_ms_p95: Option<i32>,
    /// Events of the feed taken for the first time.
    pub taken: i64,
    /// From the event's place in the feed to its being taken, in ms; `None` when nothing was taken.
    pub lag_ms_p50: Option<i64>,
    pub lag_ms_p95: Option<i64>,
}

impl Bucket {
    /// Attempts that were not answered 2xx.
    pub(super) fn failed(&self) -> i64 {
        self.attempts - self.ok
    }
}

/// Steps of equal length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Steps {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    pub step: TimeDelta,
}

impl Steps {
    /// How many there are; the last may be shorter.
    pub(super) fn count(self) -> usize {
        let (span, step) = ((self.to - self.from).num_seconds().max(0), self.step.num_seconds().max(1));
        usize::try_from((span + step - 1) / step).unwrap_or(0)
    }

    /// Begin and end of one.
    pub(super) fn bounds(self, at: usize) -> (DateTime<Utc>, DateTime<Utc>) {
        let n = i32::try_from(at).unwrap_or(i32::MAX);
        let from = self.from + self.step * n;
        (from, (from + self.step).min(self.to))
    }

    /// The last 24 hours as one step.
    pub(super) fn whole_day(now: DateTime<Utc>) -> Self {
        let from = now - TimeDelta::hours(24);
        Self { from, to: now + TimeDelta::seconds(1), step: TimeDelta::days(2) }
    }

    /// The last 24 full and begun hours of a clock.
    pub(super) fn day(now: DateTime<Utc>) -> Self {
        let hour = now.timestamp().div_euclid(3_600) + 1;
        let to = DateTime::from_timestamp(hour * 3_600, 0).unwrap_or(now);
        Self { from: to - TimeDelta::hours(24), to, step: TimeDelta::hours(1) }
    }
}

/// Attempts by step, all steps in order; of one endpoint or of all.
///
/// # Errors
/// When the database is away.
pub(super) async fn buckets(
    conn: &mut PgConnection,
    operator: OperatorId,
    endpoint: Option<Uuid>,
    steps: Steps,
) -> Result<Vec<Bucket>, Failure> {
    let rows = sqlx::query!(
        r#"select floor(extract(epoch from (a.at - $3::timestamptz)) / $5::bigint)::int as "n!",
                  count(*) as "attempts!",
                  count(*) filter (where a.status between 200 and 299) as "ok!",
                  count(*) filter (where a.status between 300 and 399) as "status_3xx!",
                  count(*) filter (where a.status between 400 and 499) as "status_4xx!",
                  count(*) filter (where a.status between 500 and 599) as "status_5xx!",
                  count(*) filter (where a.status between 200 and 599 is not true) as "no_answer!",
                  percentile_disc(0.5) within group (order by a.elapsed_ms) as elapsed_ms_p50,
                  percentile_disc(0.95) within group (order by a.elapsed_ms) as elapsed_ms_p95,
                  count(l.ms) as "taken!",
                  percentile_disc(0.5) within group (order by l.ms) as lag_ms_p50,
                  percentile_disc(0.95) within group (order by l.ms) as lag_ms_p95
           from attempt a
           left join event e on e.operator_id = a.operator_id and e.seq = a.seq
           cross join lateral (
             select case when a.status between 200 and 299 and a.trigger in ('feed', 'retry')
                         then (extract(epoch from (a.at - e.sealed_at)) * 1000)::bigint + a.elapsed_ms end as ms) l
           where a.operator_id = $1 and ($2::uuid is null or a.endpoint_id = $2) and a.at >= $3 and a.at < $4
           group by 1"#,
        operator.0,
        endpoint,
        steps.from,
        steps.to,
        steps.step.num_seconds()
    )
    .fetch_all(conn)
    .await?;
    let mut buckets = vec![Bucket::default(); steps.count()];
    for row in rows {
        let Some(bucket) = usize::try_from(row.n).ok().and_then(|n| buckets.get_mut(n)) else { continue };
        *bucket = Bucket {
            attempts: row.attempts,
            ok: row.ok,
            status_3xx: row.status_3xx,
            status_4xx: row.status_4xx,
            status_5xx: row.status_5xx,
            no_answer: row.no_answer,
            elapsed_ms_p50: row.elapsed_ms_p50,
            elapsed_ms_p95: row.elapsed_ms_p95,
            taken: row.taken,
            lag_ms_p50: row.lag_ms_p50,
            lag_ms_p95: row.lag_ms_p95,
        };
    }
    Ok(buckets)
}

/// What a look through the feed found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gaps {
    /// Position of the newest event; 0 before the first.
    pub head: i64,
    /// Looked from here on.
    pub from: i64,
    /// Positions of `from..=head` that are there.
    pub present: i64,
    /// The first that is not.
    pub first_missing: Option<i64>,
    /// Everything up to here was acknowledged by pull.
    pub acked: i64,
    /// The oldest position that is kept.
    pub oldest: i64,
}

impl Gaps {
    /// Whether every position looked at is there.
    pub(super) fn is_whole(&self) -> bool {
        self.first_missing.is_none() && self.present == (self.head - self.from + 1).max(0)
    }
}

/// Counts the newest `most` positions of a feed and looks for one that is missing.
///
/// # Errors
/// When the database is away.
pub(super) async fn gaps(conn: &mut PgConnection, operator: OperatorId, most: i64) -> Result<Gaps, Failure> {
    let row = sqlx::query!(
        r#"with head as (
             select coalesce(max(last_seq), 0) as head, coalesce(max(acked_seq), 0) as acked
             from feed_head where operator_id = $1 and feed = 'events'),
           kept as (select coalesce((select min(seq) from event where operator_id = $1), h.head + 1) as oldest from head h),
           looked as (select greatest(k.oldest, h.head - $2 + 1) as low from head h cross join kept k),
           run as (
             select e.seq, lead(e.seq) over (order by e.seq) as next
             from event e cross join looked l cross join head h where e.operator_id = $1 and e.seq >= l.low and e.seq <= h.head)
           select h.head as "head!", h.acked as "acked!", k.oldest as "oldest!", l.low as "low!",
                  (select count(*) from run) as "present!",
                  (select min(r.seq) + 1 from run r where r.next <> r.seq + 1 or (r.next is null and r.seq < h.head)) as first_missing
           from head h cross join kept k cross join looked l"#,
        operator.0,
        most
    )
    .fetch_one(conn)
    .await?;
    Ok(Gaps {
        head: row.head,
        from: row.low,
        present: row.present,
        first_missing: row.first_missing,
        acked: row.acked,
        oldest: row.oldest,
    })
}

/// One of an operator's feeds as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FeedRow {
    pub feed: String,
    pub head_seq: i64,
    pub sealed_at: Option<DateTime<Utc>>,
    pub acked_seq: i64,
    pub acked_at: Option<DateTime<Utc>>,
    /// When the oldest event that is not acknowledged got its place; of the feed of events alone.
    pub waiting_since: Option<DateTime<Utc>>,
}

/// The feeds that have begun.
///
/// # Errors
/// When the database is away.
pub(super) async fn feeds(conn: &mut PgConnection, operator: OperatorId) -> Result<Vec<FeedRow>, Failure> {
    let rows = sqlx::query_as!(
        FeedRow,
        r#"select f.feed, f.last_seq as head_seq, nullif(f.sealed_at, '-infinity') as sealed_at, f.acked_seq, f.acked_at,
                  (select e.sealed_at from event e
                   where f.feed = 'events' and e.operator_id = f.operator_id and e.seq > f.acked_seq
                   order by e.seq limit 1) as waiting_since
           from feed_head f where f.operator_id = $1 order by f.feed"#,
        operator.0
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("a time")
    }

    #[test]
    fn steps_cover_the_span_and_the_last_is_cut() {
        let steps = Steps { from: at(0), to: at(130), step: TimeDelta::seconds(60) };
        assert_eq!(steps.count(), 3);
        assert_eq!((steps.bounds(0), steps.bounds(2)), ((at(0), at(60)), (at(120), at(130))));
        assert_eq!(Steps { to: at(120), ..steps }.count(), 2);
        assert_eq!(Steps { to: at(0), ..steps }.count(), 0);
    }

    #[test]
    fn a_day_ends_with_the_running_hour() {
        let day = Steps::day(at(3_600 * 100 + 1));
        assert_eq!((day.from, day.to, day.count()), (at(3_600 * 77), at(3_600 * 101), 24));
        assert_eq!(Steps::whole_day(at(3_600 * 100)).count(), 1);
        assert_eq!(Steps::day(at(3_600 * 100)).to, at(3_600 * 101), "a full hour begins the next");
    }

    #[test]
    fn a_feed_is_whole_only_with_every_position() {
        let whole = Gaps { head: 5, from: 1, present: 5, first_missing: None, acked: 0, oldest: 1 };
        assert!(whole.is_whole());
        assert!(!Gaps { present: 4, first_missing: Some(3), ..whole }.is_whole());
        assert!(!Gaps { present: 4, ..whole }.is_whole());
        assert!(Gaps { head: 0, present: 0, ..whole }.is_whole(), "nothing yet");
    }
}
