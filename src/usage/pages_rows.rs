//! The rows of the usage page: by number, person, operator, country, day or call type.

use chrono::Days;
use chrono::NaiveDate;
use leptos::prelude::*;

use super::model::Ask;
use super::model::Group;
use super::model::Setting;
use super::model::gives;
use super::queries::UsageRow;
use super::reads::Overview;
use super::words;
use crate::consent::country_text;
use crate::tr;
use crate::ui::Col;
use crate::ui::List;
use crate::ui::ListHead;
use crate::ui::ListState;
use crate::ui::Pager;
use crate::ui::Query;
use crate::ui::Rows;
use crate::ui::Table;
use crate::ui::Text;
use crate::ui::Tone;
use crate::ui::Viewer;

/// What the rows belong to.
pub(super) struct Scene<'a> {
    pub(super) v: &'a Viewer,
    pub(super) path: &'a str,
    pub(super) query: &'a Query,
    pub(super) ask: &'a Ask,
    pub(super) group: Group,
    pub(super) setting: &'a Setting,
    pub(super) overview: &'a Overview,
}

/// The order when the address names none.
pub(super) const fn default_sort(group: Group) -> &'static str {
    if matches!(group, Group::Day) { "day" } else { "-minutes" }
}

/// The list with its head, its sums and the way to further rows.
pub(super) fn list(scene: &Scene<'_>, rows: &[UsageRow], more: bool) -> AnyView {
    let (v, lang) = (scene.v, scene.v.lang);
    let cols = columns(scene);
    let mut written = Rows::new(v, &cols);
    for row in rows {
        write_row(&mut written, scene, row);
    }
    let state = ListState { path: scene.path.to_owned(), query: scene.query.clone(), default_sort: default_sort(scene.group) };
    let shown = tr!(in lang, "usage.rows_shown", n = v.count(i64::try_from(rows.len()).unwrap_or(0)));
    let next = rows.last().filter(|_| more).map(|row| scene.query.after(row.cursor().encode()).href(scene.path));
    let previous = scene.query.has("after").then(|| scene.query.first_page().href(scene.path));
    let title = tr!(in lang, "usage.rows_by", group = words::group_text(lang, scene.group));
    let foot = foot(scene);
    view! {
        <List>
            <ListHead text=title.clone() />
            <Table label=title cols=cols state=state page_head=true foot=foot>
                {written.finish()}
            </Table>
            <Pager text=shown previous=previous next=next />
        </List>
    }
    .into_any()
}

fn columns(scene: &Scene<'_>) -> Vec<Col> {
    let lang = scene.v.lang;
    let first = Col::new(words::group_text(lang, scene.group));
    vec![
        if scene.group == Group::Day { first.sort("day") } else { first },
        Col::new(tr!(in lang, "usage.calls")).num().mid().sort("calls"),
        Col::new(tr!(in lang, "usage.answered")).num().low(),
        Col::new(tr!(in lang, "usage.minutes_operator")).num().sort("minutes"),
        Col::new(tr!(in lang, "usage.awaiting_min")).num(),
        Col::new(tr!(in lang, "usage.difference_s")).num().mid(),
        Col::new(tr!(in lang, "usage.of_time")).num().low(),
        Col::new(tr!(in lang, "usage.state")).low(),
    ]
}

fn write_row(rows: &mut Rows, scene: &Scene<'_>, row: &UsageRow) {
    let (v, lang) = (scene.v, scene.v.lang);
    rows.row();
    write_first(rows, scene, row);
    rows.cell().count(row.calls);
    rows.cell().count(row.answered);
    rows.cell().text(&words::minutes(v, row.operator_ms));
    rows.cell().text(&words::minutes(v, row.awaiting_ms));
    let compared = (row.pairs > 0).then_some(row.difference_ms);
    rows.cell().maybe(compared, |rows, ms| {
        rows.text(&words::difference(lang, ms));
    });
    rows.cell().maybe(compared.and_then(|ms| words::share(lang, ms, row.platform_ms)), |rows, share| {
        rows.text(&share);
    });
    let (tone, state) = state(scene, row);
    rows.cell().badge(tone, &state);
}

/// The first cell: what the row stands for, linked to what it is made of.
fn write_first(rows: &mut Rows, scene: &Scene<'_>, row: &UsageRow) {
    let (v, lang, query) = (scene.v, scene.v.lang, scene.query.first_page().without("sort"));
    let narrowed = |key: &str, value: &str, group: Group| query.with(key, value).with("group_by", group.as_str()).href(scene.path);
    let cell = rows.cell();
    match scene.group {
        Group::Day => {
            let day: Option<NaiveDate> = row.day.parse().ok();
            let next = day.map_or_else(String::new, |day| (day + Days::new(1)).to_string());
            let href =
                query.with("from", row.day.as_str()).with("to", next).with("group_by", Group::Number.as_str()).href(scene.path);
            cell.row_link(&href, &day.map_or_else(|| row.day.clone(), |day| v.day(day)));
        }
        Group::Operator => {
            let slug = scene.setting.operators.iter().find(|operator| operator.id.to_string() == row.operator);
            let name = row.operator_name.as_deref().unwrap_or(&row.operator);
            let value = slug.map_or(row.operator.as_str(), |operator| operator.slug.as_str());
            cell.row_link(&narrowed("operator", value, Group::Number), name);
        }
        Group::Number => {
            cell.tel_link(&narrowed("number", &row.number, Group::Day), &row.number);
            if let Some(name) = &row.target_name {
                cell.sub(name);
            }
        }
        Group::Target if row.target.is_empty() => {
            cell.text(&tr!(in lang, "usage.nobody"));
        }
        Group::Target => {
            let name = row.target_name.as_deref().unwrap_or(&row.target);
            cell.row_link(&narrowed("target", &row.target, Group::Number), name);
        }
        Group::Country if row.country.is_empty() => {
            cell.text(&tr!(in lang, "usage.unknown_country"));
        }
        Group::Country => {
            cell.row_link(&narrowed("country", &row.country, Group::Number), &country_text(lang, &row.country));
        }
        Group::CallType if row.call_type.is_empty() => {
            cell.text(&tr!(in lang, "usage.unknown_type"));
        }
        Group::CallType => {
            cell.row_link(&narrowed("call_type", &row.call_type, Group::Number), &words::call_type_text(lang, &row.call_type));
        }
    }
}

/// Whose count it is, and whether it is final.
fn state(scene: &Scene<'_>, row: &UsageRow) -> (Tone, Text) {
    let lang = scene.v.lang;
    let mut days = scene.ask.days();
    let gives_none = scene.group == Group::Operator
        && row
            .operator
            .parse()
            .is_ok_and(|operator| !days.any(|day| gives(&scene.overview.spells, operator, day, scene.setting.zone)));
    if gives_none && row.operator_ms == 0 {
        (Tone::Neutral, tr!(in lang, "usage.state_none"))
    } else if row.complete {
        (Tone::Ok, tr!(in lang, "usage.state_complete"))
    } else if row.awaiting_calls > 0 {
        (Tone::Pending, tr!(in lang, "usage.state_awaiting"))
    } else {
        (Tone::Neutral, tr!(in lang, "usage.state_open"))
    }
}

/// The sums over all rows, also those on other pages.
fn foot(scene: &Scene<'_>) -> AnyView {
    let (v, lang, sums) = (scene.v, scene.v.lang, &scene.overview.sums);
    let total = |of: fn(&super::queries::DaySum) -> i64| sums.iter().map(of).sum::<i64>();
    let difference_ms = total(|sum| sum.difference_ms);
    let compared = total(|sum| sum.pairs) > 0;
    let difference = if compared { words::difference(lang, difference_ms) } else { "–".to_owned() };
    let share = if compared { words::share(lang, difference_ms, total(|sum| sum.platform_ms)) } else { None };
    view! {
        <tr>
            <th scope="row">{tr!(in lang, "usage.all_rows")}</th>
            <td class="num" data-col="mid">{v.count(total(|sum| sum.calls))}</td>
            <td class="num" data-col="low">{v.count(total(|sum| sum.answered))}</td>
            <td class="num">{words::minutes(v, total(|sum| sum.operator_ms))}</td>
            <td class="num">{words::minutes(v, total(|sum| sum.awaiting_ms))}</td>
            <td class="num" data-col="mid">{difference}</td>
            <td class="num" data-col="low">{share.unwrap_or_else(|| "–".to_owned())}</td>
            <td data-col="low"></td>
        </tr>
    }
    .into_any()
}
