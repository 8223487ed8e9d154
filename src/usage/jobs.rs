//! Background work: rollups of the days that changed.

use std::time::Duration;

use chrono::DateTime;
use chrono::Days;
use chrono::NaiveDate;
use chrono::TimeDelta;
use chrono::Utc;
use chrono_tz::Tz;

use super::queries_roll;
use super::queries_roll::Cut;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;
use crate::consent;
use crate::pairing;
use crate::pairing::Span;
use crate::store::Loop;
use crate::store::Store;
use crate::transfers::Class;

/// The change list of days whose records or pairs changed.
const LIST: &str = "usage";

/// The loop that runs [`roll_usage`]; it has the name of the change list.
pub const ROLL: Loop = Loop { name: LIST, every: Duration::from_secs(1) };

/// Rolls up the next changed days of one customer of one operator. Whether there may be more.
///
/// # Errors
/// When the database is away; nothing is taken then.
pub async fn roll_usage(store: Store) -> Result<bool, Failure> {
    let mut tx = store.begin_job().await?;
    let Some(span) = pairing::take_days(&mut tx, LIST).await? else { return Ok(false) };
    pairing::prepare(&mut tx).await?;
    let zone = queries_roll::zone(&mut tx, span.tenant).await?;
    let (tenant, operator) = (TenantId(span.tenant), OperatorId(span.operator));
    let spells = consent::open_spells(&mut tx, Some(operator), &[tenant], Class::Durations).await?;
    let cut = cut(&span, zone);
    queries_roll::roll(&mut tx, &span, &cut, &spells).await?;
    tx.commit().await?;
    Ok(true)
}

/// Rolls up until nothing is left to look at: for the demo's data and tests.
///
/// # Errors
/// When the database is away.
pub async fn settle_all(store: &Store) -> Result<(), Failure> {
    while roll_usage(store.clone()).await? {}
    Ok(())
}

/// The local days that days in UTC touch, and moments that surely lie around them.
fn cut(span: &Span, zone: Tz) -> Cut {
    let midnight = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc();
    let local = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
    let first = local(midnight(span.from));
    let until = local(midnight(span.until) - TimeDelta::milliseconds(1)) + Days::new(1);
    // A local day begins within 26 h around the same day in UTC; what is too much is left out by its local day.
    let (before, after) = (midnight(span.from) - TimeDelta::hours(26), midnight(span.until) + TimeDelta::hours(26));
    Cut { first, until, zone, from: narrow(before, zone, first), to: narrow_end(after, zone, until) }
}

/// The latest whole hour from which on nothing of the local day `first` is missed.
fn narrow(mut at: DateTime<Utc>, zone: Tz, first: NaiveDate) -> DateTime<Utc> {
    while (at + TimeDelta::hours(1)).with_timezone(&zone).date_naive() < first {
        at += TimeDelta::hours(1);
    }
    at
}

/// The earliest whole hour from which on all is of the local day `until` or later.
fn narrow_end(mut at: DateTime<Utc>, zone: Tz, until: NaiveDate) -> DateTime<Utc> {
    while (at - TimeDelta::hours(1)).with_timezone(&zone).date_naive() >= until {
        at -= TimeDelta::hours(1);
    }
    at
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn berlin(from: (i32, u32, u32), until: (i32, u32, u32)) -> Cut {
        let day = |(y, m, d)| NaiveDate::from_ymd_opt(y, m, d).expect("a day");
        let span = Span { tenant: Uuid::nil(), operator: Uuid::nil(), from: day(from), until: day(until) };
        cut(&span, chrono_tz::Europe::Berlin)
    }

    #[test]
    fn a_day_in_utc_touches_two_local_ones() {
        let cut = berlin((2026, 3, 29), (2026, 3, 30));
        assert_eq!((cut.first.to_string(), cut.until.to_string()), ("2026-03-29".to_owned(), "2026-03-31".to_owned()));
        assert_eq!(cut.from.to_rfc3339(), "2026-03-28T22:00:00+00:00");
        assert_eq!(cut.to.to_rfc3339(), "2026-03-30T22:00:00+00:00");
    }
}
