//! What is asked for: by a page's address or by a call of the machine API. Pure.

use chrono::DateTime;
use chrono::Days;
use chrono::NaiveDate;
use chrono::TimeDelta;
use chrono::TimeZone as _;
use chrono::Utc;
use chrono_tz::Tz;
use uuid::Uuid;

use crate::base::Failure;
use crate::base::Problem;
use crate::transfers::midnight;
use crate::ui::Query;

/// The longest stretch that is asked for at once, in days: as long as calls are kept.
pub const LONGEST: i64 = 400;

/// Whose calls, from when to when, and which of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// From this hour on.
    pub from: DateTime<Utc>,
    /// Before this hour.
    pub to: DateTime<Utc>,
    /// With one party alone: an operator for tenants, a tenant for operators.
    pub party: Option<Uuid>,
    /// `inbound` or `outbound`.
    pub direction: Option<&'static str>,
    /// One number of the tenant.
    pub e164: Option<String>,
}

/// Reads `inbound` or `outbound`.
///
/// # Errors
/// 400 for any other word.
pub fn direction(text: Option<&str>) -> Result<Option<&'static str>, Failure> {
    match text {
        None => Ok(None),
        Some("inbound") => Ok(Some("inbound")),
        Some("outbound") => Ok(Some("outbound")),
        Some(other) => Err(malformed("direction", other, "inbound or outbound.")),
    }
}

/// Reads the id of an organisation.
///
/// # Errors
/// 400 when it is none.
pub fn party(field: &str, text: Option<&str>) -> Result<Option<Uuid>, Failure> {
    text.map(|text| Uuid::parse_str(text).map_err(|_| malformed(field, text, "The id of an organisation."))).transpose()
}

/// 400 for a part of the address that cannot be read.
pub fn malformed(field: &str, value: &str, fix: &str) -> Failure {
    let detail = format!("{field} cannot be read. {fix}");
    Problem::new(400, "query_malformed", detail).field(field, "value_invalid", Some(value.to_owned()), fix).into()
}

/// What a page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageAsk {
    /// First day, in the organisation's zone.
    pub from: NaiveDate,
    /// The day after the last one.
    pub to: NaiveDate,
    /// The last so many days; `None` for days of one's own.
    pub period: Option<u64>,
    pub from_wrong: bool,
    pub to_wrong: bool,
    pub party: Option<Uuid>,
    pub direction: Option<&'static str>,
}

/// Periods offered, in days; the second one is shown first.
pub const PERIODS: [u64; 2] = [7, 28];

impl PageAsk {
    /// Reads the address: `period=7d|28d`, or `from` and `to` (days, half open), `party_key`, `direction`. A day that is none is told
    /// and the usual period shown.
    ///
    /// # Errors
    /// 400 for a direction or an id that is none.
    pub fn parse(query: &Query, party_key: &str, now: DateTime<Utc>, zone: Tz) -> Result<Self, Failure> {
        let today = now.with_timezone(&zone).date_naive();
        let tomorrow = today.succ_opt().unwrap_or(today);
        let back = |to: NaiveDate, days: u64| to.checked_sub_days(Days::new(days)).unwrap_or(to);
        let asked = PERIODS.into_iter().find(|days| query.get("period") == Some(&format!("{days}d")));
        let day = |key: &str| query.get(key).map(|text| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok());
        let (from, to) = (day("from"), day("to"));
        let own = (from.is_some() || to.is_some()) && asked.is_none();
        let mut ask = Self {
            from: back(tomorrow, asked.unwrap_or(PERIODS[1])),
            to: tomorrow,
            period: if own { None } else { Some(asked.unwrap_or(PERIODS[1])) },
            from_wrong: own && from == Some(None),
            to_wrong: own && to == Some(None),
            party: party(party_key, query.get(party_key))?,
            direction: direction(query.get("direction"))?,
        };
        if own && !ask.from_wrong && !ask.to_wrong {
            let last = to.flatten().unwrap_or(tomorrow);
            let first = from.flatten().unwrap_or_else(|| back(last, PERIODS[1]));
            let days = (last - first).num_days();
            ask.to_wrong = !(1..=LONGEST).contains(&days);
            if !ask.to_wrong {
                (ask.from, ask.to) = (first, last);
            }
        }
        Ok(ask)
    }

    /// The days shown, in order.
    pub fn days(&self) -> impl Iterator<Item = NaiveDate> {
        let to = self.to;
        self.from.iter_days().take_while(move |day| *day < to)
    }

    /// The rows asked for.
    #[must_use]
    pub fn slice(&self, zone: Tz) -> Slice {
        let party = self.party;
        Slice { from: midnight(self.from, zone), to: midnight(self.to, zone), party, direction: self.direction, e164: None }
    }
}

/// The hour a moment lies in.
#[must_use]
pub fn hour_of(at: DateTime<Utc>) -> DateTime<Utc> {
    Utc.timestamp_opt(at.timestamp().div_euclid(3600) * 3600, 0).single().unwrap_or(at)
}

/// The first hour that does not begin before a moment.
#[must_use]
pub fn hour_from(at: DateTime<Utc>) -> DateTime<Utc> {
    let hour = hour_of(at);
    if hour < at { hour + TimeDelta::hours(1) } else { hour }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BERLIN: Tz = chrono_tz::Europe::Berlin;

    fn now() -> DateTime<Utc> {
        // Tue 24 Nov 2026, 00:30 in Berlin: still Monday in UTC.
        Utc.with_ymd_and_hms(2026, 11, 23, 23, 30, 0).single().expect("a time")
    }

    fn ask(query: &str) -> PageAsk {
        PageAsk::parse(&Query::parse(query), "operator", now(), BERLIN).map_err(|failure| failure.problem()).expect("read")
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn a_period_ends_with_today_in_the_zone() {
        let usual = ask("");
        assert_eq!((usual.from, usual.to, usual.period), (day("2026-10-28"), day("2026-11-25"), Some(28)));
        assert_eq!(usual.days().count(), 28);
        assert_eq!(ask("period=7d&from=2026-01-01").from, day("2026-11-18"));
        let slice = usual.slice(BERLIN);
        assert_eq!(slice.from, Utc.with_ymd_and_hms(2026, 10, 27, 23, 0, 0).single().expect("a time"));
    }

    #[test]
    fn days_of_ones_own_are_half_open_and_hold_the_change_of_clocks() {
        let own = ask("from=2026-10-25&to=2026-10-26&direction=inbound");
        assert_eq!((own.period, own.direction, own.days().count()), (None, Some("inbound"), 1));
        let slice = own.slice(BERLIN);
        assert_eq!((slice.to - slice.from).num_hours(), 25);
    }

    #[test]
    fn wrong_days_are_told_and_the_usual_period_shown() {
        let wrong = ask("from=yesterday&to=2026-11-01");
        assert!(wrong.from_wrong && !wrong.to_wrong && wrong.days().count() == 28);
        for query in ["from=2026-11-02&to=2026-11-02", "from=2026-11-02&to=2026-11-01", "from=2020-01-01&to=2026-11-01"] {
            assert!(ask(query).to_wrong, "{query}");
        }
        let wrong = |query: &str| PageAsk::parse(&Query::parse(query), "operator", now(), BERLIN).is_err();
        assert!(wrong("direction=sideways") && wrong("operator=norvik"));
    }

    #[test]
    fn hours_are_rounded_outwards() {
        let at = now();
        assert_eq!((at - hour_of(at)).num_minutes(), 30);
        assert_eq!((hour_from(at) - at).num_minutes(), 30);
        assert_eq!(hour_from(hour_of(at)), hour_of(at));
    }
}
