//! The filter of the register in the address: what it says, what the form shows, what a person is told about a wrong day.

use chrono::DateTime;
use chrono::Days;
use chrono::Months;
use chrono::NaiveDate;
use chrono::TimeDelta;
use chrono::TimeZone as _;
use chrono::Utc;
use chrono_tz::Tz;
use leptos::prelude::*;

use super::actions::Party;
use super::model::Channel;
use super::model::Class;
use super::model::Direction;
use super::model::Ground;
use super::model::Position;
use super::model::TransferFilter;
use super::model::TransferState;
use super::words::channel_text;
use super::words::class_text;
use super::words::direction_word;
use super::words::ground_text;
use super::words::state_text;
use crate::base::Cursor;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Org;
use crate::base::TenantId;
use crate::tr;
use crate::ui::ActiveFilter;
use crate::ui::FilterBar;
use crate::ui::Lang;
use crate::ui::Opt;
use crate::ui::Query;
use crate::ui::Select;
use crate::ui::Text;
use crate::ui::TextInput;

/// Fields of the filter form, in its order.
const FIELDS: [&str; 9] = ["from", "to", "party", "class", "channel", "direction", "state", "basis", "ref"];

/// A read filter, and what of it could not be read.
pub(super) struct Asked {
    pub(super) filter: TransferFilter,
    pub(super) from_wrong: bool,
    pub(super) to_wrong: bool,
}

/// Reads the filter. A word that is none of the list asks for nothing; a day that is none is told. `month=2026-03` stands for
/// the whole month. Days begin in `zone`.
pub(super) fn asked(query: &Query, reader: Org, parties: &[Party], zone: Tz) -> Asked {
    let day = |key: &str| query.get(key).map(|text| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok());
    let (from, to) = (day("from"), day("to"));
    let (from_wrong, to_wrong) = (from == Some(None), to == Some(None));
    let (mut from, mut to) = (from.flatten(), to.flatten());
    if let Some(first) = query.get("month").and_then(month) {
        from = from.or(Some(first));
        to = to.or_else(|| first.checked_add_months(Months::new(1)));
    }
    let party = query.get("party").and_then(|slug| parties.iter().find(|party| party.slug == slug));
    let filter = TransferFilter {
        from: from.map(|day| midnight(day, zone)),
        to: to.map(|day| midnight(day, zone)),
        tenant: party.filter(|_| !matches!(reader, Org::Tenant(_))).map(|party| TenantId(party.id)),
        operator: party.filter(|_| matches!(reader, Org::Tenant(_))).map(|party| OperatorId(party.id)),
        direction: query.get("direction").and_then(Direction::parse),
        class: query.get("class").and_then(Class::parse),
        channel: query.get("channel").and_then(Channel::parse),
        state: query.get("state").and_then(TransferState::parse),
        ground: query.get("basis").and_then(Ground::parse),
        reference: query.get("ref").map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()),
    };
    Asked { filter, from_wrong, to_wrong }
}

/// The first day of `2026-03`.
fn month(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok()
}

/// The first moment of a day in a zone; where the clocks skip midnight, the first after it.
#[must_use]
pub fn midnight(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let naive = day.and_time(chrono::NaiveTime::MIN);
    let tries = (0..=4).map(|quarters| naive + TimeDelta::minutes(30 * quarters));
    let found = tries.filter_map(|naive| zone.from_local_datetime(&naive).earliest()).next();
    found.map_or_else(|| naive.and_utc(), |at| at.to_utc())
}

/// The first moment of `2026-11-17` in a zone; `None` when it is no day.
#[must_use]
pub fn day_start(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(|day| midnight(day, zone))
}

/// Which page is asked for.
pub(super) fn position(query: &Query) -> Result<Position, Failure> {
    match (query.get("after"), query.get("before")) {
        (Some(cursor), _) => Ok(Position::After(Cursor::decode(cursor, 2)?)),
        (None, Some(cursor)) => Ok(Position::Before(Cursor::decode(cursor, 2)?)),
        (None, None) => Ok(Position::Start),
    }
}

/// The head of the column and the label of the filter for the other side.
pub(super) fn party_label(lang: Lang, reader: Org) -> Text {
    if matches!(reader, Org::Tenant(_)) { tr!(in lang, "transfers.operator") } else { tr!(in lang, "transfers.customer") }
}

/// The form above the list.
pub(super) fn filter_bar(lang: Lang, path: &str, query: &Query, reader: Org, parties: &[Party], asked: &Asked) -> AnyView {
    let held = |key: &str| query.get(key).map(str::to_owned);
    let wrong = move |wrong: bool| wrong.then_some(tr!(in lang, "transfers.day_wrong"));
    let classes = Class::ALL.iter().map(|class| Opt::new(class.as_str(), class_text(lang, *class))).collect();
    let channels = Channel::ALL.iter().map(|channel| Opt::new(channel.as_str(), channel_text(lang, *channel))).collect();
    let states = TransferState::ALL.iter().map(|state| Opt::new(state.as_str(), state_text(lang, *state).1)).collect();
    let grounds = Ground::ALL.iter().map(|ground| Opt::new(ground.as_str(), ground_text(lang, *ground))).collect();
    let directions = Direction::ALL.iter().map(|way| Opt::new(way.as_str(), direction_word(lang, reader, way.as_str()))).collect();
    let more = view! {
        <Select
            name="direction"
            label=tr!(in lang, "transfers.direction")
            any=tr!(in lang, "ui.any")
            options=directions
            value=held("direction")
        />
        <Select name="state" label=tr!(in lang, "transfers.state") any=tr!(in lang, "ui.any") options=states value=held("state") />
        <Select name="basis" label=tr!(in lang, "transfers.basis") any=tr!(in lang, "ui.any") options=grounds value=held("basis") />
        <TextInput name="ref" label=tr!(in lang, "transfers.ref") value=held("ref") maxlength="200" />
    }
    .into_any();
    let more_open = ["direction", "state", "basis", "ref"].iter().any(|key| query.has(key));
    let (from, to) = (held("from").or_else(|| day_of(asked, true)), held("to").or_else(|| day_of(asked, false)));
    let (from_wrong, to_wrong) = (wrong(asked.from_wrong), wrong(asked.to_wrong));
    let (party, class, channel) = (held("party"), held("class"), held("channel"));
    let parties = party_options(parties);
    view! {
        <FilterBar action=path.to_owned() label=tr!(in lang, "transfers.filter") more=more more_open=more_open>
            <TextInput kind="date" name="from" label=tr!(in lang, "transfers.from") value=from error=from_wrong />
            <TextInput kind="date" name="to" label=tr!(in lang, "transfers.before") value=to error=to_wrong />
            <Select
                name="party"
                label=party_label(lang, reader)
                any=tr!(in lang, "ui.any")
                options=parties
                value=party
            />
            <Select name="class" label=tr!(in lang, "transfers.class") any=tr!(in lang, "ui.any") options=classes value=class />
            <Select
                name="channel"
                label=tr!(in lang, "transfers.channel")
                any=tr!(in lang, "ui.any")
                options=channels
                value=channel
            />
        </FilterBar>
    }
    .into_any()
}

/// The day a bound stands for when it came from `month`.
fn day_of(asked: &Asked, from: bool) -> Option<String> {
    let at = if from { asked.filter.from } else { asked.filter.to };
    at.map(|at| crate::ui::viewer().time_zone.from_utc_datetime(&at.naive_utc()).date_naive().to_string())
}

/// The other sides as entries of a list.
pub(super) fn party_options(parties: &[Party]) -> Vec<Opt> {
    parties.iter().map(|party| Opt::new(party.slug.clone(), party.name.clone())).collect()
}

/// The filters in force, each with the address without it.
pub(super) fn active(lang: Lang, path: &str, query: &Query, reader: Org, parties: &[Party]) -> Vec<ActiveFilter> {
    let query = query.first_page();
    let label = |key: &str| match key {
        "from" => tr!(in lang, "transfers.from"),
        "to" => tr!(in lang, "transfers.before"),
        "month" => tr!(in lang, "transfers.month"),
        "party" => party_label(lang, reader),
        "class" => tr!(in lang, "transfers.class"),
        "channel" => tr!(in lang, "transfers.channel"),
        "direction" => tr!(in lang, "transfers.direction"),
        "state" => tr!(in lang, "transfers.state"),
        "basis" => tr!(in lang, "transfers.basis"),
        _ => tr!(in lang, "transfers.ref"),
    };
    let value = |key: &str, held: &str| -> Option<Text> {
        match key {
            "party" => parties.iter().find(|party| party.slug == held).map(|party| party.name.clone().into()),
            "class" => Class::parse(held).map(|class| class_text(lang, class)),
            "channel" => Channel::parse(held).map(|channel| channel_text(lang, channel)),
            "direction" => Direction::parse(held).map(|_| direction_word(lang, reader, held)),
            "state" => TransferState::parse(held).map(|state| state_text(lang, state).1),
            "basis" => Ground::parse(held).map(|ground| ground_text(lang, ground)),
            _ => Some(held.to_owned().into()),
        }
    };
    FIELDS
        .iter()
        .chain(&["month"])
        .filter_map(|key| {
            let value = value(key, query.get(key)?)?;
            Some(ActiveFilter { label: label(key), value, remove_href: query.without(key).href(path) })
        })
        .collect()
}

/// The last twelve months, newest first: `2026-03` and its first day.
pub(super) fn months(today: NaiveDate) -> Vec<(String, NaiveDate)> {
    let first = today - Days::new(u64::from(chrono::Datelike::day0(&today)));
    (0..12)
        .filter_map(|back| first.checked_sub_months(Months::new(back)))
        .map(|day| (day.format("%Y-%m").to_string(), day))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin(query: &str) -> Asked {
        asked(&Query::parse(query), Org::Platform, &[], chrono_tz::Europe::Berlin)
    }

    #[test]
    fn days_begin_in_the_viewers_zone_and_a_month_is_half_open() {
        let asked = berlin("month=2026-03");
        assert_eq!(asked.filter.from.map(|at| at.to_rfc3339()).as_deref(), Some("2026-02-28T23:00:00+00:00"));
        assert_eq!(asked.filter.to.map(|at| at.to_rfc3339()).as_deref(), Some("2026-03-31T22:00:00+00:00"));
        let asked = berlin("from=2026-03-29&to=tomorrow&class=fax");
        assert_eq!(asked.filter.from.map(|at| at.to_rfc3339()).as_deref(), Some("2026-03-28T23:00:00+00:00"));
        assert!(asked.to_wrong && !asked.from_wrong && asked.filter.class.is_none());
    }

    #[test]
    fn a_midnight_that_does_not_exist_is_the_next_moment() {
        let day = NaiveDate::from_ymd_opt(2018, 11, 4).expect("a day");
        assert_eq!(midnight(day, chrono_tz::America::Sao_Paulo).to_rfc3339(), "2018-11-04T03:00:00+00:00");
    }

    #[test]
    fn twelve_months_back() {
        let months = months(NaiveDate::from_ymd_opt(2026, 1, 31).expect("a day"));
        assert_eq!((months[0].0.as_str(), months[1].0.as_str(), months.len()), ("2026-01", "2025-12", 12));
    }
}
