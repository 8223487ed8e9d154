//! What of usage is asked for, and when a day is complete.

use std::collections::HashSet;

use chrono::Datelike as _;
use chrono::Days;
use chrono::Months;
use chrono::NaiveDate;
use chrono::TimeDelta;
use chrono_tz::Tz;
use uuid::Uuid;

use super::queries::DaySum;
use crate::base::Failure;
use crate::base::Problem;
use crate::consent::Spell;
use crate::transfers::day_start;
use crate::ui::Query;

/// Longest range, in days.
const LONGEST: i64 = 400;

/// What rows can be grouped by, in the order of the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Day,
    Operator,
    Number,
    Target,
    Country,
    CallType,
}

impl Group {
    pub const ALL: [Self; 6] = [Self::Day, Self::Operator, Self::Number, Self::Target, Self::Country, Self::CallType];

    /// The word in addresses, and the column's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Operator => "operator",
            Self::Number => "number",
            Self::Target => "target",
            Self::Country => "country",
            Self::CallType => "call_type",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.as_str() == text)
    }
}

/// The columns beside the groups, in order (API.md 4).
pub const MEASURES: [&str; 7] =
    ["calls", "answered", "duration_s_operator", "duration_s_platform", "duration_s_awaiting", "difference_s", "complete"];

/// An operator the tenant has or had a consent with.
#[derive(Clone, Debug)]
pub struct Operator {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
}

/// Whose usage, in which days.
#[derive(Clone, Debug)]
pub struct Setting {
    pub tenant: Uuid,
    /// The tenant's: days begin at its midnight.
    pub zone: Tz,
    pub today: NaiveDate,
    pub operators: Vec<Operator>,
}

/// The usage asked for: local days `[from, to)`, rows by `groups`, narrowed by the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub groups: Vec<Group>,
    pub operator: Option<Uuid>,
    pub number: Option<String>,
    pub target: Option<String>,
    pub country: Option<String>,
    pub call_type: Option<String>,
}

/// Why a part of the address is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    NoDay,
    /// `to` is not after `from`.
    Empty,
    TooLong,
    NoGroup,
}

impl Ask {
    /// Reads an address. What is not understood is told and replaced by what is asked for when nothing is: this month to the
    /// end of today, by `usual`.
    #[must_use]
    pub fn parse(query: &Query, setting: &Setting, usual: Group) -> (Self, Vec<(&'static str, Wrong)>) {
        let mut wrong = Vec::new();
        let mut day = |key: &'static str| {
            let text = query.get(key)?;
            let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|day| (1970..=2999).contains(&day.year()));
            if day.is_none() {
                wrong.push((key, Wrong::NoDay));
            }
            day
        };
        let (from, to) = (day("from"), day("to"));
        let to = to.unwrap_or_else(|| from.map_or(setting.today, |from| from.max(setting.today)) + Days::new(1));
        let from = from.unwrap_or_else(|| first_of_month(to - Days::new(1)));
        let (from, to) = match (to - from).num_days() {
            1..=LONGEST => (from, to),
            days => {
                wrong.push(("to", if days < 1 { Wrong::Empty } else { Wrong::TooLong }));
                (from, from + Days::new(1))
            }
        };
        let mut groups = Vec::new();
        for word in query.all("group_by").flat_map(|words| words.split(',')).filter(|word| !word.is_empty()) {
            match Group::parse(word) {
                Some(group) => groups.push(group),
                None => wrong.push(("group_by", Wrong::NoGroup)),
            }
        }
        groups.sort_unstable();
        groups.dedup();
        if groups.is_empty() {
            groups.push(usual);
        }
        let text = |key: &str| query.get(key).map(|text| text.replace('\0', "")).filter(|text| !text.is_empty());
        let operator = query.get("operator").map(|text| {
            let found = setting.operators.iter().find(|operator| operator.slug == text || operator.id.to_string() == text);
            found.map_or(Uuid::nil(), |operator| operator.id)
        });
        let ask = Self {
            from,
            to,
            groups,
            operator,
            number: text("number"),
            target: text("target"),
            country: text("country"),
            call_type: text("call_type"),
        };
        (ask, wrong)
    }

    /// The same for machines: what is not understood is refused.
    ///
    /// # Errors
    /// 400 `query_malformed`.
    pub fn strict(query: &Query, setting: &Setting) -> Result<Self, Failure> {
        let (ask, wrong) = Self::parse(query, setting, Group::Day);
        let Some((field, why)) = wrong.first() else { return Ok(ask) };
        let (detail, fix) = match why {
            Wrong::NoDay => ("This is no day.", "Send a day of the tenant's zone, for example 2026-11-17."),
            Wrong::Empty => ("The range is empty: `to` is not part of it.", "Send a `to` after `from`."),
            Wrong::TooLong => ("The range is too long.", "Ask for at most 400 days at once."),
            Wrong::NoGroup => ("There is no such group.", "Some of day, operator, number, target, country, call_type."),
        };
        let value = query.get(field).map(str::to_owned);
        Err(Problem::new(400, "query_malformed", detail).field(field, "value_invalid", value, fix).into())
    }

    /// Whether rows are grouped by it.
    #[must_use]
    pub fn by(&self, group: Group) -> bool {
        self.groups.contains(&group)
    }

    /// The columns of a file.
    #[must_use]
    pub fn columns(&self) -> Vec<&'static str> {
        self.groups.iter().map(|group| group.as_str()).chain(MEASURES).collect()
    }

    /// Every day of the range.
    pub fn days(&self) -> impl Iterator<Item = NaiveDate> + use<> {
        let to = self.to;
        self.from.iter_days().take_while(move |day| *day < to)
    }
}

/// The first day of a day's month.
#[must_use]
pub fn first_of_month(day: NaiveDate) -> NaiveDate {
    day - Days::new(u64::from(day.day0()))
}

/// Ranges within a click's reach: the last 7 and 28 days with today, this month, the month before.
#[must_use]
pub fn quick_ranges(today: NaiveDate) -> [(NaiveDate, NaiveDate); 4] {
    let (tomorrow, month) = (today + Days::new(1), first_of_month(today));
    [(tomorrow - Days::new(7), tomorrow), (tomorrow - Days::new(28), tomorrow), (month, tomorrow), (month - Months::new(1), month)]
}

/// The operators' local days that are closed: every day in UTC that the local day touches is.
#[must_use]
pub fn closed(ask: &Ask, zone: Tz, told: &HashSet<(Uuid, NaiveDate)>) -> HashSet<(Uuid, NaiveDate)> {
    let operators: HashSet<Uuid> = told.iter().map(|(operator, _)| *operator).collect();
    let mut closed = HashSet::new();
    for day in ask.days() {
        let touched = utc_days(day, zone);
        closed.extend(
            operators
                .iter()
                .filter(|operator| touched.iter().all(|day| told.contains(&(**operator, *day))))
                .map(|operator| (*operator, day)),
        );
    }
    closed
}

/// The days in UTC that a local day touches.
#[must_use]
pub fn utc_days(day: NaiveDate, zone: Tz) -> Vec<NaiveDate> {
    let midnight =
        |day: NaiveDate| day_start(&day.to_string(), zone).unwrap_or_else(|| day.and_time(chrono::NaiveTime::MIN).and_utc());
    let last = (midnight(day + Days::new(1)) - TimeDelta::milliseconds(1)).date_naive();
    midnight(day).date_naive().iter_days().take_while(|day| *day <= last).collect()
}

/// Whether an operator was to give durations on a local day.
#[must_use]
pub fn gives(spells: &[Spell], operator: Uuid, day: NaiveDate, zone: Tz) -> bool {
    let local = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&zone).date_naive();
    let of_day = |spell: &&Spell| {
        spell.operator.0 == operator && local(spell.from) <= day && spell.until.is_none_or(|until| local(until) >= day)
    };
    spells.iter().find(of_day).is_some()
}

/// The day up to which, not including it, everything from the beginning of the range on is complete: nothing is awaited, and
/// all operators that gave durations closed it. `None` when none was to give any.
#[must_use]
pub fn complete_until(
    ask: &Ask,
    setting: &Setting,
    sums: &[DaySum],
    closed: &HashSet<(Uuid, NaiveDate)>,
    spells: &[Spell],
) -> Option<NaiveDate> {
    let awaited: HashSet<NaiveDate> = sums.iter().filter(|sum| sum.awaiting_calls > 0).map(|sum| sum.day).collect();
    let operators: HashSet<Uuid> = sums.iter().map(|sum| sum.operator).collect();
    let given = |day: NaiveDate| operators.iter().filter(move |operator| gives(spells, **operator, day, setting.zone));
    ask.days().find(|day| given(*day).next().is_some())?;
    let open = |day: &NaiveDate| {
        *day > setting.today || awaited.contains(day) || given(*day).any(|operator| !closed.contains(&(*operator, *day)))
    };
    Some(ask.days().find(open).unwrap_or(ask.to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn setting() -> Setting {
        let operator = Operator { id: Uuid::from_u128(7), slug: "norvik".to_owned(), name: "Norvik Telekom".to_owned() };
        Setting { tenant: Uuid::nil(), zone: chrono_tz::Europe::Berlin, today: day("2026-11-23"), operators: vec![operator] }
    }

    fn parse(query: &str) -> (Ask, Vec<(&'static str, Wrong)>) {
        Ask::parse(&Query::parse(query), &setting(), Group::Day)
    }

    #[test]
    fn nothing_asked_is_this_month() {
        let (ask, wrong) = parse("");
        assert_eq!((ask.from, ask.to, ask.groups.as_slice()), (day("2026-11-01"), day("2026-11-24"), &[Group::Day][..]));
        assert!(wrong.is_empty());
        assert_eq!(parse("to=2026-10-01").0.from, day("2026-09-01"));
        assert_eq!(parse("from=2026-10-05").0.to, day("2026-11-24"));
    }

    #[test]
    fn groups_stand_in_the_order_of_the_columns() {
        let (ask, _) = parse("group_by=call_type,day&group_by=operator&operator=norvik");
        assert_eq!(ask.columns()[..4], ["day", "operator", "call_type", "calls"]);
        assert_eq!(ask.operator, Some(Uuid::from_u128(7)));
        assert_eq!(parse("operator=albion").0.operator, Some(Uuid::nil()));
    }

    #[test]
    fn what_is_wrong_is_told() {
        assert_eq!(parse("from=yesterday").1, [("from", Wrong::NoDay)]);
        assert_eq!(parse("from=2026-11-02&to=2026-11-02").1, [("to", Wrong::Empty)]);
        assert_eq!(parse("from=2020-11-02&to=2026-11-02").1, [("to", Wrong::TooLong)]);
        assert_eq!(parse("group_by=week").1, [("group_by", Wrong::NoGroup)]);
        assert!(Ask::strict(&Query::parse("group_by=week"), &setting()).is_err());
    }

    #[test]
    fn a_local_day_touches_two_days_in_utc() {
        let berlin = |text| utc_days(day(text), chrono_tz::Europe::Berlin);
        assert_eq!(berlin("2026-03-29"), [day("2026-03-28"), day("2026-03-29")]);
        assert_eq!(utc_days(day("2026-03-29"), Tz::UTC), [day("2026-03-29")]);
        let told = HashSet::from([(Uuid::nil(), day("2026-11-01")), (Uuid::nil(), day("2026-11-02"))]);
        let (ask, _) = parse("from=2026-11-01&to=2026-11-04");
        assert_eq!(closed(&ask, chrono_tz::Europe::Berlin, &told), HashSet::from([(Uuid::nil(), day("2026-11-02"))]));
    }
}
