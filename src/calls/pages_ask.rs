//! What a list of calls can be asked for. Pure: the address of a page and of its file are read alike.

use chrono::DateTime;
use chrono::Months;
use chrono::NaiveDate;
use chrono::NaiveDateTime;
use chrono::TimeDelta;
use chrono::TimeZone as _;
use chrono::Utc;
use chrono_tz::Tz;
use uuid::Uuid;

use super::cause::Outcome;
use crate::base::Cursor;
use crate::base::Failure;
use crate::base::Problem;
use crate::transfers;
use crate::ui::Query;

/// Records are kept this long.
pub const KEPT: Months = Months::new(13);

/// A view of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallTab {
    #[default]
    All,
    Answered,
    /// Nobody answered, for a reason that lies with people.
    Missed,
    /// Could not be set up, or cut off.
    Failed,
    /// Answered and shorter than [`SHORT_MS`].
    Short,
    Poor,
}

/// Calls shorter than this stand in the view of short calls, in milliseconds.
pub const SHORT_MS: i64 = 10_000;

impl CallTab {
    /// In order.
    pub const ALL: [Self; 6] = [Self::All, Self::Answered, Self::Missed, Self::Failed, Self::Short, Self::Poor];

    /// The word in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Answered => "answered",
            Self::Missed => "missed",
            Self::Failed => "failed",
            Self::Short => "short",
            Self::Poor => "poor",
        }
    }

    /// Reads [`CallTab::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tab| tab.as_str() == text)
    }
}

/// The numbers of the tenant that are looked for. Never those of outside parties: hidden digits could be guessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NumberLike {
    /// `+` and the first digits.
    Prefix(String),
    /// Digits: the first ones without `+`, or the last ones.
    Digits(String),
}

impl NumberLike {
    /// Reads what a person types; `None` when it is no part of a number.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let separator = |c: char| c.is_whitespace() || matches!(c, '.' | '-' | '/' | '(' | ')' | '\u{2011}');
        let kept: String = text.trim().chars().filter(|c| !separator(*c)).take(40).collect();
        let (plus, digits) = match kept.strip_prefix('+').or_else(|| kept.strip_prefix("00")) {
            Some(rest) => (true, rest),
            None => (false, kept.trim_start_matches('0')),
        };
        if digits.is_empty() || digits.len() > 15 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Some(if plus { Self::Prefix(format!("+{digits}")) } else { Self::Digits(digits.to_owned()) })
    }
}

/// The place of a call in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallPlace {
    pub at: DateTime<Utc>,
    pub id: Uuid,
}

impl CallPlace {
    /// The opaque form.
    #[must_use]
    pub fn encode(self) -> String {
        Cursor::of_moment(self.at, self.id).encode()
    }

    fn decode(text: &str) -> Result<Self, Failure> {
        let (at, id) = Cursor::decode(text, 2)?.moment()?;
        Ok(Self { at, id })
    }
}

/// What is asked for. Times are half open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallAsk {
    pub tab: CallTab,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    /// The range is that of the calls' ends, as quality counts them, not of their beginnings.
    pub by_end: bool,
    pub inbound: Option<bool>,
    pub number: Option<NumberLike>,
    /// The operator on a tenant's list, the customer on an operator's.
    pub party: Option<Uuid>,
    pub outcome: Option<Outcome>,
    /// Country of the outside party.
    pub country: Option<String>,
    /// The tenant's own network; asked for by tenants alone.
    pub network: Option<String>,
    /// Oldest first.
    pub rising: bool,
    /// The row before the page, or behind it.
    pub place: Option<CallPlace>,
    /// The page ends in front of `place` instead of beginning behind it.
    pub backwards: bool,
}

impl CallAsk {
    /// Reads the query; days begin in `zone`. `party` is the name of the field of the other organisation.
    ///
    /// # Errors
    /// 400 `query_malformed` and `cursor_invalid`.
    pub fn parse(query: &Query, zone: Tz, party: &'static str) -> Result<Self, Failure> {
        let tab = query.get("tab").map(|text| CallTab::parse(text).ok_or_else(|| malformed("tab"))).transpose()?;
        let outcome = query.get("outcome").map(|text| Outcome::parse(text).ok_or_else(|| malformed("outcome"))).transpose()?;
        let moment = |key| query.get(key).map(|text| read_moment(text, zone).ok_or_else(|| malformed(key))).transpose();
        let inbound = match query.get("direction") {
            None => None,
            Some("inbound") => Some(true),
            Some("outbound") => Some(false),
            Some(_) => return Err(malformed("direction")),
        };
        let number = query.get("number").map(|text| NumberLike::read(text).ok_or_else(|| malformed("number"))).transpose()?;
        let rising = match query.sort() {
            None | Some(("start", true)) => false,
            Some(("start", false)) => true,
            Some(_) => return Err(malformed("sort")),
        };
        let by_end = match query.get("by") {
            None => false,
            Some("ended") => true,
            Some(_) => return Err(malformed("by")),
        };
        let (after, before) = (query.get("after"), query.get("before"));
        Ok(Self {
            tab: tab.unwrap_or_default(),
            from: moment("from")?,
            to: moment("to")?,
            by_end,
            inbound,
            number,
            party: query.get(party).map(Uuid::try_parse).transpose().map_err(|_| malformed(party))?,
            outcome,
            country: query.get("country").map(|text| country(text).ok_or_else(|| malformed("country"))).transpose()?,
            network: query.get("network").map(str::to_owned),
            rising,
            place: after.or(before).map(CallPlace::decode).transpose()?,
            backwards: after.is_none() && before.is_some(),
        })
    }

    /// Whether everything asked for is older than what is kept.
    #[must_use]
    pub fn before_retention(&self, now: DateTime<Utc>) -> bool {
        let bound = now.checked_sub_months(KEPT);
        self.to.zip(bound).is_some_and(|(to, bound)| to <= bound)
    }
}

/// Reads a code of two letters.
fn country(text: &str) -> Option<String> {
    let code = text.to_ascii_uppercase();
    (code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase())).then_some(code)
}

/// Reads a day or a local time of `zone`, or RFC 3339.
fn read_moment(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    let local = || {
        let naive = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"].iter().find_map(|f| NaiveDateTime::parse_from_str(text, f).ok())?;
        // An hour that the clocks skip begins where they go on.
        (0..=4).find_map(|step| zone.from_local_datetime(&(naive + TimeDelta::minutes(30 * step))).earliest()).map(|at| at.to_utc())
    };
    // A + of an offset that nobody encoded arrives as a blank.
    let instant = || DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok().map(|at| at.to_utc());
    // A year beyond the calendar would overflow below.
    let known = NaiveDate::parse_from_str(text.get(..10)?, "%Y-%m-%d").ok()?;
    let (first, last) = (NaiveDate::from_ymd_opt(1970, 1, 2)?, NaiveDate::from_ymd_opt(9999, 12, 30)?);
    if known < first || known > last {
        return None;
    }
    transfers::day_start(text, zone).or_else(local).or_else(instant).filter(|at| within(*at))
}

/// Within what the database and the arithmetic around it can hold.
fn within(at: DateTime<Utc>) -> bool {
    (0..253_402_300_800).contains(&at.timestamp())
}

fn malformed(key: &str) -> Failure {
    let detail = format!("{key} has a value that this list does not know.");
    Problem::new(400, "query_malformed", detail.clone()).field(key, "value_invalid", None, detail).into()
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Berlin;
    use proptest::prelude::*;

    use super::*;

    fn ask(query: &str) -> Result<CallAsk, Failure> {
        CallAsk::parse(&Query::parse(query), Berlin, "operator")
    }

    fn utc(text: &str) -> Option<DateTime<Utc>> {
        DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
    }

    #[test]
    fn days_begin_in_the_given_zone_on_both_sides_of_a_clock_change() {
        let day = ask("from=2026-10-25&to=2026-10-26").expect("a day");
        assert_eq!((day.from, day.to), (utc("2026-10-24T22:00:00Z"), utc("2026-10-25T23:00:00Z")), "a day of 25 hours");
        let hour = ask("from=2026-11-20T09:30&to=2026-11-20T10:30:15").expect("an hour");
        assert_eq!((hour.from, hour.to), (utc("2026-11-20T08:30:00Z"), utc("2026-11-20T09:30:15Z")));
        let skipped = ask("from=2026-03-29T02:30").expect("an hour that does not exist");
        assert_eq!(skipped.from, utc("2026-03-29T01:00:00Z"));
        let instant = ask("from=2026-11-20T09:30:00%2B01:00").expect("an instant");
        assert_eq!(instant.from, utc("2026-11-20T08:30:00Z"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for bad in [
            "tab=x",
            "from=x",
            "from=2026-13-01",
            "to=0000-01-01",
            "to=99999-01-01",
            "direction=up",
            "number=abc",
            "number=%2B",
            "operator=x",
            "outcome=x",
            "sort=talk",
            "after=x",
            "before=%00",
            "number=1234567890123456",
        ] {
            let refused = ask(bad).map(|_| ()).expect_err(bad).problem();
            assert_eq!(refused.status, 400, "{bad}");
        }
        let empty = ask("").expect("the whole list");
        assert_eq!(empty, CallAsk::default());
        assert!(ask("sort=start").expect("oldest first").rising);
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        assert_eq!(NumberLike::read("+49 30 2312-5"), Some(NumberLike::Prefix("+493023125".into())));
        assert_eq!(NumberLike::read("0049(30)"), Some(NumberLike::Prefix("+4930".into())));
        assert_eq!(NumberLike::read("030 23125 014"), Some(NumberLike::Digits("3023125014".into())));
        assert_eq!(NumberLike::read("0"), None);
    }

    #[test]
    fn a_place_survives_the_address_and_after_goes_before() {
        let place = CallPlace { at: utc("2026-11-20T08:30:00.123456Z").expect("a time"), id: Uuid::from_u128(7) };
        assert_eq!(CallPlace::decode(&place.encode()).ok(), Some(place));
        let both = ask(&format!("after={0}&before={0}", place.encode())).expect("a page");
        assert!(both.place == Some(place) && !both.backwards);
        assert!(ask(&format!("before={}", place.encode())).expect("a page").backwards);
    }

    #[test]
    fn a_window_behind_retention_is_told() {
        let now = utc("2026-11-24T12:00:00Z").expect("a time");
        assert!(ask("to=2025-10-01").expect("a window").before_retention(now));
        assert!(!ask("to=2025-11-01").expect("a window").before_retention(now));
        assert!(!ask("").expect("everything").before_retention(now));
    }

    proptest! {
        #[test]
        fn any_address_is_read_or_refused(raw in ".{0,80}", key in "(tab|from|to|direction|number|operator|outcome|sort|after|before)", value in ".{0,40}") {
            let _either = ask(&raw);
            let _either = ask(&Query::default().with(&key, value).encode());
        }
    }
}
