//! The register page of both portals.

use leptos::prelude::*;

use super::actions;
use super::actions::Party;
use super::model::TransferRow;
use super::model::TransferTotal;
use super::pages_filter;
use super::words;
use crate::base::Failure;
use crate::base::Org;
use crate::identity::PageRequest;
use crate::tr;
use crate::trn;
use crate::ui::ActiveFilters;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Empty;
use crate::ui::Icon;
use crate::ui::Kind;
use crate::ui::Lang;
use crate::ui::List;
use crate::ui::ListHead;
use crate::ui::Opt;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Pager;
use crate::ui::Query;
use crate::ui::Rows;
use crate::ui::Select;
use crate::ui::Size;
use crate::ui::Table;
use crate::ui::TimeStyle;
use crate::ui::Viewer;
use crate::ui::viewer;

/// Entries on one page.
const LIMIT: usize = 50;

/// `…/register` of a tenant (all its transfers) or an operator (as far as they concern it): filters in the address, newest
/// first, and what the entries found add up to.
///
/// # Errors
/// 401 for a visitor, 403 without `register:read`, 400 for a cursor of another list.
pub async fn register_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let v = viewer();
    let parties = actions::parties(&req.store, ctx).await?;
    let asked = pages_filter::asked(&req.query, ctx.org, &parties, v.time_zone);
    let position = pages_filter::position(&req.query)?;
    let limit = i64::try_from(LIMIT + 1).unwrap_or(i64::MAX);
    let reading = actions::read(&req.store, ctx, &asked.filter, &position, limit).await?;
    let (path, query) = (req.path.as_str(), &req.query);
    let active = pages_filter::active(v.lang, path, query, ctx.org, &parties);
    let nothing = reading.totals.is_empty();
    let list = if nothing {
        empty(v.lang, path, !active.is_empty())
    } else {
        list(&v, ctx.org, path, query, reading.rows, &reading.totals)
    };
    let answer = (!nothing).then(|| answer_card(&v, ctx.org, &reading.totals));
    let verify = format!("{path}/verify");
    let body = view! {
        <PageHead title=tr!(in v.lang, "transfers.title") purpose=tr!(in v.lang, "transfers.purpose")>
            <form action=verify method="get">
                <Button kind=Kind::Primary icon=Icon::Shield>
                    {tr!(in v.lang, "transfers.verify")}
                </Button>
            </form>
        </PageHead>
        {pages_filter::filter_bar(v.lang, path, query, ctx.org, &parties, &asked)}
        <ActiveFilters items=active clear_href=path.to_owned() />
        {answer}
        {list}
        {ask_card(&v, ctx.org, path, query, &parties)}
    };
    Ok(Page::new(tr!(in v.lang, "transfers.title"), body))
}

fn empty(lang: Lang, path: &str, filtered: bool) -> AnyView {
    if filtered {
        let all = path.to_owned();
        return view! {
            <Card flush=true>
                <Empty title=tr!(in lang, "transfers.none_found") text=tr!(in lang, "transfers.none_found_text")>
                    <ButtonLink href=all>{tr!(in lang, "transfers.show_all")}</ButtonLink>
                </Empty>
            </Card>
        }
        .into_any();
    }
    view! {
        <Card flush=true>
            <Empty title=tr!(in lang, "transfers.none") text=tr!(in lang, "transfers.none_text") />
        </Card>
    }
    .into_any()
}

fn list(v: &Viewer, reader: Org, path: &str, query: &Query, mut rows: Vec<TransferRow>, totals: &[TransferTotal]) -> AnyView {
    let lang = v.lang;
    let (previous, next) = query.turn(path, &mut rows, LIMIT, |row| row.cursor().encode());
    let all: i64 = totals.iter().map(|total| total.entries).sum();
    let shown = v.count(i64::try_from(rows.len()).unwrap_or(0));
    let export = query.first_page().href(&format!("{path}.csv"));
    let all_shown = v.count(all);
    let cols = columns(v, reader);
    let mut written = Rows::new(v, &cols);
    for row in &rows {
        write_row(&mut written, v, reader, path, row);
    }
    let pager = tr!(in lang, "ui.shown_of", shown = shown, all = all_shown);
    view! {
        <List>
            <ListHead text=trn!(in lang, "transfers.count", all)>
                <ButtonLink href=export kind=Kind::Quiet size=Size::Small icon=Icon::Download download=true>
                    {tr!(in lang, "transfers.export", n = all_shown)}
                </ButtonLink>
            </ListHead>
            <Table label=tr!(in lang, "transfers.table") cols=cols page_head=true>
                {written.finish()}
            </Table>
            <Pager text=pager previous=previous next=next by_time=true />
        </List>
    }
    .into_any()
}

fn columns(v: &Viewer, reader: Org) -> Vec<Col> {
    let lang = v.lang;
    vec![
        Col::new(tr!(in lang, "transfers.time", zone = v.zone())).nowrap(),
        Col::new(tr!(in lang, "transfers.direction")).mid(),
        Col::new(pages_filter::party_label(lang, reader)).mid(),
        Col::new(tr!(in lang, "transfers.class")),
        Col::new(tr!(in lang, "transfers.channel")).low(),
        Col::new(tr!(in lang, "transfers.records")).num(),
        Col::new(tr!(in lang, "transfers.state")),
        Col::new(tr!(in lang, "transfers.basis")).low(),
        Col::new(tr!(in lang, "transfers.ref")).low(),
        Col::new(tr!(in lang, "transfers.entry")).num().low(),
    ]
}

fn write_row(rows: &mut Rows, v: &Viewer, reader: Org, path: &str, row: &TransferRow) {
    let lang = v.lang;
    let (tone, state) = words::state_word(lang, &row.state);
    rows.row();
    rows.cell().row_link(&format!("{path}/{}", row.id), &v.time(row.at, TimeStyle::Short));
    rows.cell().text(&words::direction_word(lang, reader, &row.direction));
    rows.cell().text(words::party(reader, row));
    rows.cell().text(&words::classes_text(lang, &row.classes));
    rows.cell().text(&words::channel_word(lang, &row.channel));
    rows.cell().count(row.records);
    rows.cell().badge(tone, &state);
    rows.cell().text(&words::basis_text(lang, &row.basis, row.notice_version.as_deref()));
    rows.cell().id(&row.reference);
    rows.cell().maybe(row.seq, |rows, seq| {
        rows.count(seq);
    });
}

/// What the entries found add up to: which data, how much of it, on which ground.
fn answer_card(v: &Viewer, reader: Org, totals: &[TransferTotal]) -> AnyView {
    let lang = v.lang;
    let (entries, records) = totals.iter().fold((0, 0), |(e, r), total| (e + total.entries, r + total.records));
    let cols = vec![
        Col::new(tr!(in lang, "transfers.class")),
        Col::new(tr!(in lang, "transfers.direction")).mid(),
        Col::new(tr!(in lang, "transfers.basis")),
        Col::new(tr!(in lang, "transfers.entries")).num().mid(),
        Col::new(tr!(in lang, "transfers.records")).num(),
    ];
    let mut rows = Rows::new(v, &cols);
    for total in totals {
        rows.row();
        rows.cell().text(&words::classes_text(lang, &total.classes));
        rows.cell().text(&words::direction_word(lang, reader, &total.direction));
        rows.cell().text(&words::basis_text(lang, &total.basis, total.notice_version.as_deref()));
        rows.cell().count(total.entries);
        rows.cell().count(total.records);
    }
    let aside = view! {
        <span class="fine">{tr!(in lang, "transfers.totals", entries = v.count(entries), records = v.count(records))}</span>
    }
    .into_any();
    let foot = view! { <span>{tr!(in lang, "transfers.totals_note")}</span> }.into_any();
    view! {
        <Card title=tr!(in lang, "transfers.answer") aside=aside foot=foot flush=true>
            <Table label=tr!(in lang, "transfers.answer") cols=cols compact=true>
                {rows.finish()}
            </Table>
        </Card>
    }
    .into_any()
}

/// Asks for one party and one month.
fn ask_card(v: &Viewer, reader: Org, path: &str, query: &Query, parties: &[Party]) -> AnyView {
    let lang = v.lang;
    let today = v.now.with_timezone(&v.time_zone).date_naive();
    let months = pages_filter::months(today).into_iter().map(|(key, day)| Opt::new(key, month_name(lang, day))).collect();
    let went = if matches!(reader, Org::Tenant(_)) {
        tr!(in lang, "transfers.ask_operator")
    } else {
        tr!(in lang, "transfers.ask_customer")
    };
    let (path, parties) = (path.to_owned(), pages_filter::party_options(parties));
    let (party, month) = (query.get("party").map(str::to_owned), query.get("month").map(str::to_owned));
    view! {
        <Card title=tr!(in lang, "transfers.ask")>
            <form class="filters" action=path method="get" aria-label=tr!(in lang, "transfers.ask")>
                <Select
                    id="ask-party"
                    name="party"
                    label=went
                    any=tr!(in lang, "ui.any")
                    options=parties
                    value=party
                />
                <Select
                    id="ask-month"
                    name="month"
                    label=tr!(in lang, "transfers.ask_month")
                    options=months
                    value=month
                />
                <Button>{tr!(in lang, "transfers.ask_action")}</Button>
            </form>
        </Card>
    }
    .into_any()
}

/// `March 2026`.
fn month_name(lang: Lang, day: chrono::NaiveDate) -> String {
    use chrono::Datelike as _;
    let name = match day.month() {
        1 => tr!(in lang, "transfers.months.1"),
        2 => tr!(in lang, "transfers.months.2"),
        3 => tr!(in lang, "transfers.months.3"),
        4 => tr!(in lang, "transfers.months.4"),
        5 => tr!(in lang, "transfers.months.5"),
        6 => tr!(in lang, "transfers.months.6"),
        7 => tr!(in lang, "transfers.months.7"),
        8 => tr!(in lang, "transfers.months.8"),
        9 => tr!(in lang, "transfers.months.9"),
        10 => tr!(in lang, "transfers.months.10"),
        11 => tr!(in lang, "transfers.months.11"),
        _ => tr!(in lang, "transfers.months.12"),
    };
    format!("{name} {}", day.year())
}
