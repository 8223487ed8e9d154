//! `/t/{slug}/usage`: minutes as the operators counted them, beside the platform's own count.

use chrono::Days;
use chrono::NaiveDate;
use leptos::prelude::*;
use uuid::Uuid;

use super::model;
use super::model::Ask;
use super::model::Group;
use super::model::Setting;
use super::model::Wrong;
use super::model::gives;
use super::pages_chart;
use super::pages_rows;
use super::pages_rows::Scene;
use super::queries::DaySum;
use super::queries::Order;
use super::queries::UsageRow;
use super::reads;
use super::reads::Overview;
use super::words;
use crate::base::Cursor;
use crate::base::Failure;
use crate::consent::country_text;
use crate::identity::PageRequest;
use crate::tr;
use crate::ui::ActiveFilter;
use crate::ui::ActiveFilters;
use crate::ui::Badge;
use crate::ui::Band;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::ChipLinks;
use crate::ui::Empty;
use crate::ui::FilterBar;
use crate::ui::Icon;
use crate::ui::Kind;
use crate::ui::Lang;
use crate::ui::ListState;
use crate::ui::Opt;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Query;
use crate::ui::Select;
use crate::ui::Size;
use crate::ui::Text;
use crate::ui::TextInput;
use crate::ui::Tile;
use crate::ui::Tiles;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::viewer;

/// Rows on a page.
const LIMIT: usize = 100;

/// `/t/{slug}/usage`.
///
/// # Errors
/// 401 for a visitor, 403 without `usage:read`, 400 for a cursor of another list.
pub async fn usage_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let v = viewer();
    let (lang, path, query) = (v.lang, req.path.as_str(), &req.query);
    let setting = reads::setting(&req.store, ctx).await?;
    let (mut ask, wrong) = Ask::parse(query, &setting, Group::Number);
    ask.groups.truncate(1);
    let group = ask.groups.first().copied().unwrap_or(Group::Number);
    let overview = reads::overview(&req.store, ctx, &setting, &ask).await?;
    let after = query.get("after").map(|text| Cursor::decode(text, UsageRow::KEYS)).transpose()?;
    let limit = i64::try_from(LIMIT + 1).unwrap_or(i64::MAX);
    let mut rows = reads::rows(&req.store, ctx, &setting, &ask, order(query, group), after.as_ref(), limit).await?;
    let more = rows.len() > LIMIT;
    rows.truncate(LIMIT);
    let title = tr!(in lang, "usage.title");
    let export = query.first_page().with("group_by", group.as_str()).href(&format!("{path}.csv"));
    let scene = Scene { v: &v, path, query, ask: &ask, group, setting: &setting, overview: &overview };
    let figures = if overview.sums.is_empty() {
        empty(lang, path, &req, &setting)
    } else {
        let freshness = freshness(&v, &ask, &setting, &overview);
        view! {
            {silent(&v, &req, &setting, &ask, &overview)}
            {tiles(&v, &ask, &setting, &overview)}
            {pages_chart::chart(&v, &ask, &setting, &overview.sums)}
            <ChipLinks label=tr!(in lang, "usage.group_by") items=groups(lang, path, query, group) />
            {pages_rows::list(&scene, &rows, more)}
            <p class="fine">{freshness}" "{tr!(in lang, "usage.counting")}</p>
        }
        .into_any()
    };
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in lang, "usage.purpose")>
            <ButtonLink href=export kind=Kind::Primary icon=Icon::Download download=true>
                {tr!(in lang, "usage.export")}
            </ButtonLink>
        </PageHead>
        {filter_bar(lang, path, query, &setting, &ask, &wrong)}
        <ChipLinks label=tr!(in lang, "usage.ranges") items=ranges(&v, path, query, &setting, &ask) />
        <ActiveFilters items=active(lang, path, query, &overview) clear_href=query.only(&["from", "to", "group_by"]).href(path) />
        {figures}
    };
    Ok(Page::new(title, body))
}

fn order(query: &Query, group: Group) -> Order {
    let state = ListState { path: String::new(), query: query.clone(), default_sort: pages_rows::default_sort(group) };
    match state.order() {
        ("minutes", falls) => Order::Minutes { falls },
        ("calls", falls) => Order::Calls { falls },
        ("day", falls) if group == Group::Day => Order::Day { falls },
        _ => Order::Groups,
    }
}

fn filter_bar(lang: Lang, path: &str, query: &Query, setting: &Setting, ask: &Ask, wrong: &[(&'static str, Wrong)]) -> AnyView {
    let error = |field: &str| wrong.iter().find(|(key, _)| *key == field).map(|(_, why)| words::wrong_text(lang, *why));
    // What was typed stays, also when it is no day.
    let typed = |field: &str, day: NaiveDate| query.get(field).map_or_else(|| day.to_string(), str::to_owned);
    let operators: Vec<Opt> =
        setting.operators.iter().map(|operator| Opt::new(operator.slug.clone(), operator.name.clone())).collect();
    let operator = query.get("operator").map(str::to_owned);
    let keep = query.only(&["group_by", "number", "target", "country", "call_type"]);
    let (from, to) = (typed("from", ask.from), typed("to", ask.to));
    let (from_error, to_error) = (error("from"), error("to"));
    view! {
        <FilterBar action=path.to_owned() label=tr!(in lang, "usage.filter") keep=keep>
            <TextInput kind="date" name="from" label=tr!(in lang, "usage.from") value=from error=from_error />
            <TextInput kind="date" name="to" label=tr!(in lang, "usage.to") value=to error=to_error />
            <Select
                name="operator"
                label=tr!(in lang, "usage.group.operator")
                any=tr!(in lang, "ui.any")
                options=operators
                value=operator
            />
        </FilterBar>
    }
    .into_any()
}

/// Ranges within a click's reach.
fn ranges(v: &Viewer, path: &str, query: &Query, setting: &Setting, ask: &Ask) -> Vec<(String, Text, bool)> {
    let lang = v.lang;
    let all = model::quick_ranges(setting.today);
    let names = [
        tr!(in lang, "usage.range.week"),
        tr!(in lang, "usage.range.four_weeks"),
        tr!(in lang, "usage.range.month"),
        words::month(v, all[3].0).into(),
    ];
    let chip = |((from, to), name): ((NaiveDate, NaiveDate), Text)| {
        let href = query.first_page().with("from", from.to_string()).with("to", to.to_string()).href(path);
        (href, name, (from, to) == (ask.from, ask.to))
    };
    all.into_iter().zip(names).map(chip).collect()
}

/// What rows can be grouped by.
fn groups(lang: Lang, path: &str, query: &Query, group: Group) -> Vec<(String, Text, bool)> {
    let order = [Group::Number, Group::Target, Group::Operator, Group::Country, Group::Day, Group::CallType];
    let query = query.first_page().without("sort");
    order.map(|one| (query.with("group_by", one.as_str()).href(path), words::group_text(lang, one), one == group)).to_vec()
}

/// Filters that rows lead to, each with a way out.
fn active(lang: Lang, path: &str, query: &Query, overview: &Overview) -> Vec<ActiveFilter> {
    let query = query.first_page();
    let one = |key: &'static str, group: Group| {
        let held = query.get(key)?;
        let value = match group {
            Group::Country => country_text(lang, held),
            Group::CallType => words::call_type_text(lang, held),
            Group::Target => overview.target_name.clone().unwrap_or_else(|| held.to_owned()).into(),
            _ => held.to_owned().into(),
        };
        Some(ActiveFilter { label: words::group_text(lang, group), value, remove_href: query.without(key).href(path) })
    };
    let all = [("number", Group::Number), ("target", Group::Target), ("country", Group::Country), ("call_type", Group::CallType)];
    all.into_iter().filter_map(|(key, group)| one(key, group)).collect()
}

fn empty(lang: Lang, path: &str, req: &PageRequest, setting: &Setting) -> AnyView {
    let operators = format!("/t/{}/operators", req.slug());
    if setting.operators.is_empty() {
        return view! {
            <Card flush=true>
                <Empty title=tr!(in lang, "usage.no_operator") text=tr!(in lang, "usage.no_operator_text")>
                    <ButtonLink href=operators>{tr!(in lang, "usage.operators")}</ButtonLink>
                </Empty>
            </Card>
        }
        .into_any();
    }
    let (from, to) = model::quick_ranges(setting.today)[1];
    let wider = Query::default().with("from", from.to_string()).with("to", to.to_string()).href(path);
    view! {
        <Card flush=true>
            <Empty title=tr!(in lang, "usage.none") text=tr!(in lang, "usage.none_text")>
                <ButtonLink href=wider>{tr!(in lang, "usage.none_action")}</ButtonLink>
            </Empty>
        </Card>
    }
    .into_any()
}

/// Operators with calls that were never to give durations in this range: their calls are in no figure.
fn silent(v: &Viewer, req: &PageRequest, setting: &Setting, ask: &Ask, overview: &Overview) -> Vec<AnyView> {
    let lang = v.lang;
    let sums_of = |id: Uuid| overview.sums.iter().filter(move |sum| sum.operator == id);
    let total = |id: Uuid, of: fn(&DaySum) -> i64| sums_of(id).map(of).sum::<i64>();
    let never = |id: Uuid| !ask.days().any(|day| gives(&overview.spells, id, day, setting.zone));
    let silent = setting.operators.iter().filter(|operator| {
        total(operator.id, |sum| sum.answered) > 0 && total(operator.id, |sum| sum.operator_calls) == 0 && never(operator.id)
    });
    silent
        .map(|operator| {
            let (name, href) = (operator.name.as_str(), format!("/t/{}/operators/{}", req.slug(), operator.slug));
            let calls = v.count(total(operator.id, |sum| sum.answered));
            let minutes = words::minutes(v, total(operator.id, |sum| sum.platform_ms));
            view! {
                <Band
                    tone=Tone::Info
                    title=tr!(in lang, "usage.silent", operator = name)
                    text=tr!(in lang, "usage.silent_text", calls = calls, minutes = minutes)
                >
                    <ButtonLink href=href size=Size::Small>{tr!(in lang, "usage.silent_action")}</ButtonLink>
                </Band>
            }
            .into_any()
        })
        .collect()
}

fn tiles(v: &Viewer, ask: &Ask, setting: &Setting, overview: &Overview) -> AnyView {
    let lang = v.lang;
    let total = |of: fn(&DaySum) -> i64| overview.sums.iter().map(of).sum::<i64>();
    let (counted, awaiting) = (total(|sum| sum.operator_ms), total(|sum| sum.awaiting_ms));
    let (all, difference) = (counted + awaiting, total(|sum| sum.difference_ms));
    let last = (ask.to - Days::new(1)).min(setting.today).max(ask.from);
    let range = tr!(
        in lang,
        "usage.tile.range",
        from = words::short_day(v, ask.from),
        to = words::short_day(v, last),
        n = v.count(total(|sum| sum.calls))
    );
    let part = words::part(lang, counted, all).map(|part| tr!(in lang, "usage.tile.of_all", part = part));
    let waits = if total(|sum| sum.awaiting_calls) > 0 {
        view! { <Badge tone=Tone::Pending text=tr!(in lang, "usage.tile.for_now") /> }.into_any()
    } else {
        view! { <Badge tone=Tone::Ok text=tr!(in lang, "usage.tile.nothing_awaited") /> }.into_any()
    };
    let compared = total(|sum| sum.pairs);
    let share = words::share(lang, difference, total(|sum| sum.platform_ms)).unwrap_or_else(|| "–".to_owned());
    let signed = if compared > 0 { words::difference(lang, difference) } else { "–".to_owned() };
    let unit = (compared > 0).then_some("s");
    let difference_note = tr!(in lang, "usage.tile.difference_note", share = share, n = v.count(compared));
    let (all, counted, awaiting) = (words::minutes(v, all), words::minutes(v, counted), words::minutes(v, awaiting));
    let (until, until_note) = until(v, ask, setting, overview);
    view! {
        <Tiles>
            <Tile label=tr!(in lang, "usage.tile.minutes") value=all>
                <span>{range}</span>
            </Tile>
            <Tile label=tr!(in lang, "usage.tile.counted") value=counted>
                {part.map(|part| view! { <span>{part}</span> })}
            </Tile>
            <Tile label=tr!(in lang, "usage.tile.awaiting") value=awaiting>
                {waits}
            </Tile>
            <Tile label=tr!(in lang, "usage.tile.difference") value=signed unit=unit>
                <span>{difference_note}</span>
            </Tile>
            <Tile label=tr!(in lang, "usage.tile.until") value=until>
                <span>{until_note}</span>
            </Tile>
        </Tiles>
    }
    .into_any()
}

/// The day up to which all is complete, and what that means.
fn until(v: &Viewer, ask: &Ask, setting: &Setting, overview: &Overview) -> (String, Text) {
    let zone = setting.zone.name();
    match overview.complete_until {
        None => ("–".to_owned(), tr!(in v.lang, "usage.tile.until_never")),
        Some(day) if day == ask.from => ("–".to_owned(), tr!(in v.lang, "usage.tile.until_not_yet")),
        Some(day) => (words::short_day(v, day), tr!(in v.lang, "usage.tile.until_note", zone = zone)),
    }
}

/// Since when the figures are known, and who counted.
fn freshness(v: &Viewer, ask: &Ask, setting: &Setting, overview: &Overview) -> Text {
    let zone = setting.zone.name();
    match overview.complete_until {
        None => tr!(in v.lang, "usage.fresh_never"),
        Some(day) if day == ask.from => tr!(in v.lang, "usage.fresh_not_yet"),
        Some(day) => tr!(in v.lang, "usage.fresh", day = v.day(day), zone = zone),
    }
}
