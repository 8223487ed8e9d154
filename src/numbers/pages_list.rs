//! `/t/{slug}/numbers`: the tenant's list.

use leptos::prelude::*;

use super::model_columns::Column;
use super::model_filter::StateFilter;
use super::model_filter::StockFilter;
use super::model_list::NumberAsk;
use super::model_list::NumberFilter;
use super::model_list::NumberLine;
use super::pages_filter;
use super::pages_filter::value;
use super::queries_list::Around;
use super::queries_list::NumberPage;
use super::reads;
use super::shown;
use super::shown::States;
use crate::base::Failure;
use crate::base::Scope;
use crate::consent::country_text;
use crate::identity;
use crate::identity::COLUMN_KEY;
use crate::identity::ListViews;
use crate::identity::OrgKind;
use crate::identity::PageRequest;
use crate::identity::VIEW_KEY;
use crate::tr;
use crate::ui::ActiveFilters;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Empty;
use crate::ui::FilterBar;
use crate::ui::Icon;
use crate::ui::Kind;
use crate::ui::List;
use crate::ui::ListHead;
use crate::ui::ListState;
use crate::ui::Opt;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Pager;
use crate::ui::Query;
use crate::ui::Rows;
use crate::ui::Select;
use crate::ui::Tab;
use crate::ui::Table;
use crate::ui::Tabs;
use crate::ui::Text;
use crate::ui::TextInput;
use crate::ui::TimeStyle;
use crate::ui::Viewer;
use crate::ui::viewer;

/// Rows on a page.
const PAGE: i64 = 50;
/// Parts of the address that the filter form does not ask for and keeps.
const KEPT: [&str; 6] = ["sort", "state", "list", "numbers", COLUMN_KEY, VIEW_KEY];
/// What stays when all filters are taken off.
const STAYS: [&str; 3] = ["sort", COLUMN_KEY, VIEW_KEY];

/// `/t/{slug}/numbers`.
///
/// # Errors
/// 401, 403 without `tenant:read`, 400 for an address that makes no sense.
pub async fn numbers_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let mut tx = req.store.begin_for(ctx).await?;
    let views = ListViews::read(&mut tx, &req, "numbers").await?;
    let query = &views.query;
    let ask = NumberAsk::parse(query)?;
    let page = reads::tenant_page(&mut tx, ctx, &ask, PAGE).await?;
    tx.commit().await?;
    let v = viewer();
    let path = format!("/t/{}/numbers", req.slug());
    let may_assign = ctx.scopes.has(Scope::TenantAssign);
    let title = tr!(in v.lang, "numbers.title");
    let free = format!("{path}?state=free");
    let assign = may_assign.then(|| {
        view! {
            <ButtonLink href=free kind=Kind::Primary icon=Icon::Plus>
                {tr!(in v.lang, "numbers.assign_one")}
            </ButtonLink>
        }
    });
    let people = format!("/t/{}/targets", req.slug());
    let listed = page.around.listed.as_ref();
    let change_all = super::pages_sets::change_all(&v, req.slug(), query, page.around.total, may_assign);
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in v.lang, "numbers.purpose")>
            <ButtonLink href=people icon=Icon::People>{tr!(in v.lang, "numbers.people")}</ButtonLink>
            {change_all} {assign}
        </PageHead>
        {tabs(&v, &path, query)}
        <div class="stack" data-gap="tight">
            {filter_bar(&v, &path, query, &page.around)}
            {active(&v, &path, query, &page.around)}
            {pages_filter::pasted(&v, &req, OrgKind::Tenant, query, listed)}
        </div>
        {list(&v, &req, &path, &views, &ask, &page)}
    };
    Ok(Page::new(title, body))
}

fn tabs(v: &Viewer, path: &str, query: &Query) -> AnyView {
    let current = query.get("state").and_then(StateFilter::parse);
    let base = query.first_page().without("state");
    let mut items = vec![Tab::new(base.href(path), tr!(in v.lang, "numbers.tab.all")).current(current.is_none())];
    for state in StateFilter::ALL {
        let label = match state {
            StateFilter::Free => tr!(in v.lang, "numbers.tab.free"),
            StateFilter::Assigned => tr!(in v.lang, "numbers.tab.assigned"),
            StateFilter::Pending => tr!(in v.lang, "numbers.tab.pending"),
            StateFilter::Failed => tr!(in v.lang, "numbers.tab.failed"),
            StateFilter::Quarantined => tr!(in v.lang, "numbers.tab.quarantined"),
            StateFilter::Reserved => tr!(in v.lang, "numbers.tab.reserved"),
        };
        items.push(Tab::new(base.with("state", state.as_str()).href(path), label).current(current == Some(state)));
    }
    view! { <Tabs label=tr!(in v.lang, "numbers.tab.label") items=items /> }.into_any()
}

fn filter_bar(v: &Viewer, path: &str, query: &Query, around: &Around) -> AnyView {
    let lang = v.lang;
    let operators = around.operators.iter().map(|(id, name)| Opt::new(id.to_string(), name.clone())).collect::<Vec<_>>();
    let usages = ["user", "voice_app", "conference"].map(|word| Opt::new(word, shown::usage(lang, word))).to_vec();
    let any = move || tr!(in lang, "numbers.any");
    let more = view! {
        <TextInput name="tag" label=tr!(in lang, "numbers.tag") value=value(query, "tag") maxlength="50" />
        <TextInput
            name="assigned_to"
            label=tr!(in lang, "numbers.assigned_to")
            placeholder=tr!(in lang, "numbers.assigned_to_id")
            value=value(query, "assigned_to")
            maxlength="200"
        />
        {pages_filter::more_fields(lang, query, &around.countries, Some(&around.cities))}
    }
    .into_any();
    let (q, held, usage) = (value(query, "q"), value(query, "operator"), value(query, "usage"));
    view! {
        <FilterBar
            action=path.to_owned()
            label=tr!(in lang, "numbers.filter")
            keep=query.only(&KEPT)
            more=more
        >
            <TextInput
                grow=true
                kind="search"
                name="q"
                label=tr!(in lang, "numbers.search")
                placeholder=tr!(in lang, "numbers.search_hint")
                value=q
            />
            <Select
                name="operator"
                label=tr!(in lang, "numbers.operator")
                options=operators
                value=held
                any=any()
            />
            <Select
                name="usage"
                label=tr!(in lang, "numbers.usage.label")
                options=usages
                value=usage
                any=any()
            />
        </FilterBar>
    }
    .into_any()
}

fn active(v: &Viewer, path: &str, query: &Query, around: &Around) -> AnyView {
    let lang = v.lang;
    let named = |key: &str, value: &str| -> Option<(Text, Text)> {
        Some(match key {
            "operator" => {
                let found = around.operators.iter().find(|(id, _)| id.to_string() == value);
                (tr!(in lang, "numbers.operator"), found.map_or_else(|| value.to_owned(), |(_, name)| name.clone()).into())
            }
            "tag" => (tr!(in lang, "numbers.tag"), value.to_owned().into()),
            "assigned_to" => (tr!(in lang, "numbers.assigned_to"), value.to_owned().into()),
            _ => return pages_filter::named(v, key, value, around.listed.as_ref()),
        })
    };
    let keys = StockFilter::KEYS.into_iter().chain(NumberFilter::KEYS);
    let items = pages_filter::active(query, path, keys, named);
    view! { <ActiveFilters items=items clear_href=query.only(&STAYS).href(path) /> }.into_any()
}

fn list(v: &Viewer, req: &PageRequest, path: &str, views: &ListViews, ask: &NumberAsk, page: &NumberPage) -> AnyView {
    let lang = v.lang;
    let query = &views.query;
    let chosen = Column::chosen(query, &Column::TENANT);
    let menu = identity::views_menu(lang, req, "numbers", path, views);
    if page.lines.is_empty() {
        let found = pages_filter::tally(v, page.around.total).0;
        let none = empty(v, path, query);
        return view! {
            <List>
                <ListHead text=found>{menu}</ListHead>
                {none}
            </List>
        }
        .into_any();
    }
    let (found, all) = pages_filter::tally(v, page.around.total);
    let shown = i64::try_from(page.lines.len()).unwrap_or(PAGE);
    let pager = tr!(in lang, "ui.shown_of", shown = v.count(shown), all = all);
    let cols: Vec<Col> = chosen.iter().map(|column| column_head(v, *column)).collect();
    let rows = rows(v, path, &chosen, &cols, &page.lines);
    let state = ListState { path: path.to_owned(), query: query.clone(), default_sort: "number" };
    let previous = page.lines.first().filter(|_| page.earlier).map(|line| query.before(ask.cursor(line)).href(path));
    let next = page.lines.last().filter(|_| page.later).map(|line| query.after(ask.cursor(line)).href(path));
    let choice = Column::TENANT.iter().map(|column| (column.as_str(), column_name(v, *column), chosen.contains(column))).collect();
    let words: Vec<&'static str> = chosen.iter().map(|column| column.as_str()).collect();
    let columns = identity::columns_menu(lang, path, query, choice);
    let export = identity::export_menu(lang, &format!("{path}.csv"), query, &words);
    view! {
        <List>
            <ListHead text=found>
                {menu}
                {columns}
                {export}
            </ListHead>
            <Table label=tr!(in lang, "numbers.title") cols=cols state=state page_head=true>
                {rows}
            </Table>
            <Pager text=pager previous=previous next=next />
        </List>
    }
    .into_any()
}

/// What a column is called; for both portals.
pub fn column_name(v: &Viewer, column: Column) -> Text {
    let lang = v.lang;
    match column {
        Column::Number => tr!(in lang, "numbers.number"),
        Column::Operator => tr!(in lang, "numbers.operator"),
        Column::Customer => tr!(in lang, "numbers.customer"),
        Column::City => tr!(in lang, "numbers.city"),
        Column::Country => tr!(in lang, "numbers.country"),
        Column::Kind => tr!(in lang, "numbers.kind.label"),
        Column::Usage => tr!(in lang, "numbers.usage.label"),
        Column::Capabilities => tr!(in lang, "numbers.capability.label"),
        Column::AssignedTo => tr!(in lang, "numbers.assigned_to"),
        Column::State => tr!(in lang, "numbers.state.label"),
        Column::Pending => tr!(in lang, "numbers.pending_since", zone = v.zone()),
        Column::SipUri => tr!(in lang, "numbers.sip_uri"),
        Column::Emergency => tr!(in lang, "numbers.emergency.label"),
        Column::BillingRef => tr!(in lang, "numbers.billing_ref"),
        Column::Tags => tr!(in lang, "numbers.tags"),
        Column::Changed => tr!(in lang, "numbers.changed", zone = v.zone()),
    }
}

fn column_head(v: &Viewer, column: Column) -> Col {
    let head = Col::new(column_name(v, column));
    match column {
        Column::Number => head.sort("number"),
        Column::Operator => head.sort("operator").mid(),
        Column::City => head.sort("city").low(),
        Column::Usage => head.sort("usage").low(),
        Column::State => head.sort("state"),
        Column::AssignedTo => head.mid(),
        Column::Changed => head.sort("changed").nowrap().mid(),
        Column::Pending => head.nowrap().mid(),
        _ => head.low(),
    }
}

fn rows(v: &Viewer, path: &str, chosen: &[Column], cols: &[Col], lines: &[NumberLine]) -> AnyView {
    let mut rows = Rows::new(v, cols);
    for line in lines {
        rows.row();
        for column in chosen {
            rows.cell();
            cell(&mut rows, v, path, *column, line);
        }
    }
    rows.finish()
}

fn cell(rows: &mut Rows, v: &Viewer, path: &str, column: Column, line: &NumberLine) {
    match column {
        Column::Number => {
            rows.tel_link(&format!("{path}/{}", line.e164), &line.e164);
        }
        Column::Operator => {
            rows.text(&line.operator_name);
        }
        Column::City => {
            rows.maybe_text(line.city.as_deref());
        }
        Column::Country => {
            rows.text(&country_text(v.lang, &line.country));
        }
        Column::Kind => {
            rows.text(&shown::kind(v.lang, &line.kind));
        }
        Column::Usage => {
            rows.text(&shown::usage(v.lang, &line.usage));
        }
        Column::Capabilities => {
            rows.text(&shown::capabilities(v.lang, &line.capabilities));
        }
        Column::AssignedTo => {
            rows.maybe_text(line.target_name.as_deref());
        }
        Column::State => {
            let states = States {
                activation: &line.activation_state,
                assignment: &line.assignment_status,
                until: line.quarantine_until,
                forever: line.quarantine_forever,
                reserved: line.reserved,
            };
            let (tone, word) = shown::state(v, states);
            rows.badge(tone, &word);
        }
        Column::Pending => {
            rows.maybe(line.pending_since, |rows, at| {
                rows.time(at, TimeStyle::Minute);
            });
        }
        Column::Tags => {
            for tag in line.tags.iter().take(3) {
                rows.tag(tag);
            }
        }
        Column::Changed => {
            rows.time(line.changed_at, TimeStyle::Minute);
        }
        // Columns of the operators' list.
        Column::Customer | Column::SipUri | Column::Emergency | Column::BillingRef => {}
    }
}

fn empty(v: &Viewer, path: &str, query: &Query) -> AnyView {
    let lang = v.lang;
    let filtered = query.pairs().any(|(key, _)| !STAYS.contains(&key));
    let (title, text) = if filtered {
        (tr!(in lang, "numbers.none_found"), tr!(in lang, "numbers.none_found_text"))
    } else {
        (tr!(in lang, "numbers.none"), tr!(in lang, "numbers.none_text"))
    };
    let way = if filtered {
        view! { <ButtonLink href=query.only(&STAYS).href(path)>{tr!(in lang, "numbers.show_all")}</ButtonLink> }.into_any()
    } else {
        let operators = format!("{}operators", path.strip_suffix("numbers").unwrap_or(path));
        view! { <ButtonLink href=operators>{tr!(in lang, "numbers.see_operators")}</ButtonLink> }.into_any()
    };
    view! {
        <Card flush=true>
            <Empty title=title text=text>{way}</Empty>
        </Card>
    }
    .into_any()
}
