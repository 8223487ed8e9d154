//! `/o/{slug}/numbers`: the operator's list over all customers whose consent is open. Never who has a number.

use leptos::prelude::*;

use super::model_columns::Column;
use super::model_filter::StockFilter;
use super::model_list::OperatorAsk;
use super::model_list::OperatorLine;
use super::model_list::Place;
use super::pages_filter;
use super::pages_filter::value;
use super::pages_list::column_name;
use super::reads;
use super::reads::OperatorPage;
use super::reads::Way;
use super::shown;
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
const KEPT: [&str; 7] = ["sort", "assigned", "state", "list", "numbers", COLUMN_KEY, VIEW_KEY];
/// What stays when all filters are taken off.
const STAYS: [&str; 3] = ["sort", COLUMN_KEY, VIEW_KEY];
/// Keys that only this list knows, in the order of the chips.
const KEYS: [&str; 4] = ["prefix", "tenant", "tenant_id", "updated_since"];

/// `/o/{slug}/numbers`.
///
/// # Errors
/// 401, 403 without `numbers:read`, 400 for an address that makes no sense, 451 for a customer whose consent is closed.
pub async fn operator_numbers_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let views = ListViews::of(&req, "numbers").await?;
    let query = &views.query;
    let ask = OperatorAsk::parse(query)?;
    let page = reads::operator_page(&req.store, ctx, &ask, PAGE, Way::Page).await?;
    let v = viewer();
    let path = format!("/o/{}/numbers", req.slug());
    let title = tr!(in v.lang, "numbers.title");
    let upload = format!("{path}/upload");
    let (requests, orders) = (format!("/o/{}/release-requests", req.slug()), format!("/o/{}/orders", req.slug()));
    let provides = ctx.scopes.has(Scope::NumbersWrite);
    let provide = provides.then(|| {
        view! {
            <ButtonLink href=upload kind=Kind::Primary icon=Icon::Plus>
                {tr!(in v.lang, "numbers.provide")}
            </ButtonLink>
        }
    });
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in v.lang, "numbers.operator_purpose")>
            <ButtonLink href=requests>{tr!(in v.lang, "numbers.requests.title")}</ButtonLink>
            <ButtonLink href=orders>{tr!(in v.lang, "numbers.order.all")}</ButtonLink>
            {provide}
        </PageHead>
        {tabs(&v, &path, query)}
        <div class="stack" data-gap="tight">
            {filter_bar(&v, &path, query, &page)}
            {active(&v, &path, query, &page)}
            {pages_filter::pasted(&v, &req, OrgKind::Operator, query, page.listed.as_ref())}
        </div>
        {list(&v, &req, &path, &views, &ask, &page)}
    };
    Ok(Page::new(title, body))
}

fn tabs(v: &Viewer, path: &str, query: &Query) -> AnyView {
    let lang = v.lang;
    let base = query.first_page().without("assigned").without("state");
    let (assigned, state) = (query.get("assigned"), query.get("state"));
    let tab =
        |key: &str, word: &str, label: Text| Tab::new(base.with(key, word).href(path), label).current(query.get(key) == Some(word));
    let items = vec![
        Tab::new(base.href(path), tr!(in lang, "numbers.tab.all")).current(assigned.is_none() && state.is_none()),
        tab("assigned", "true", tr!(in lang, "numbers.tab.assigned")),
        tab("assigned", "false", tr!(in lang, "numbers.tab.not_assigned")),
        tab("state", "pending", tr!(in lang, "numbers.tab.pending")),
        tab("state", "quarantined", tr!(in lang, "numbers.tab.quarantined")),
        tab("state", "refused", tr!(in lang, "numbers.tab.refused")),
    ];
    view! { <Tabs label=tr!(in lang, "numbers.tab.label") items=items /> }.into_any()
}

fn filter_bar(v: &Viewer, path: &str, query: &Query, page: &OperatorPage) -> AnyView {
    let lang = v.lang;
    let tenants = page.tenants.iter().map(|tenant| Opt::new(tenant.id.to_string(), tenant.name.clone())).collect::<Vec<_>>();
    let usages = ["user", "voice_app", "conference"].map(|word| Opt::new(word, shown::usage(lang, word))).to_vec();
    let prefix = value(query, "q").or_else(|| value(query, "prefix"));
    let tenant = value(query, "tenant").or_else(|| value(query, "tenant_id"));
    let any = move || tr!(in lang, "numbers.any");
    let more = pages_filter::more_fields(lang, query, &page.countries, None);
    let (q, held, usage) = (prefix, tenant, value(query, "usage"));
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
                label=tr!(in lang, "numbers.prefix")
                placeholder=tr!(in lang, "numbers.prefix_hint")
                value=q
            />
            <Select name="tenant" label=tr!(in lang, "numbers.customer") options=tenants value=held any=any() />
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

fn active(v: &Viewer, path: &str, query: &Query, page: &OperatorPage) -> AnyView {
    let named = |key: &str, value: &str| -> Option<(Text, Text)> {
        if !["tenant", "tenant_id"].contains(&key) {
            return pages_filter::named(v, key, value, page.listed.as_ref());
        }
        let found = page.tenants.iter().find(|tenant| tenant.id.to_string() == value);
        let name = found.map_or_else(|| value.to_owned(), |tenant| tenant.name.clone());
        Some((tr!(in v.lang, "numbers.customer"), name.into()))
    };
    let items = pages_filter::active(query, path, StockFilter::KEYS.into_iter().chain(KEYS), named);
    view! { <ActiveFilters items=items clear_href=query.only(&STAYS).href(path) /> }.into_any()
}

fn list(v: &Viewer, req: &PageRequest, path: &str, views: &ListViews, ask: &OperatorAsk, page: &OperatorPage) -> AnyView {
    let lang = v.lang;
    let query = &views.query;
    let menu = identity::views_menu(lang, req, "numbers", path, views);
    let provides = req.ctx.as_ref().is_some_and(|ctx| ctx.scopes.has(Scope::NumbersWrite));
    let (found, all) = pages_filter::tally(v, page.total);
    if page.lines.is_empty() {
        let none = empty(v, path, query, provides);
        return view! {
            <List>
                <ListHead text=found>{menu}</ListHead>
                {none}
            </List>
        }
        .into_any();
    }
    let shown = i64::try_from(page.lines.len()).unwrap_or(PAGE);
    let pager = tr!(in lang, "ui.shown_of", shown = v.count(shown), all = all);
    let chosen = Column::chosen(query, &Column::OPERATOR);
    let cols: Vec<Col> = chosen.iter().map(|column| column_head(v, *column)).collect();
    let rows = rows(v, path, &chosen, &cols, &page.lines);
    let state = ListState { path: path.to_owned(), query: query.clone(), default_sort: "number" };
    let place = |place: &Place| place.cursor(ask.order);
    let previous = page.previous.as_ref().map(|before| query.before(place(before)).href(path));
    let next = page.next.as_ref().map(|after| query.after(place(after)).href(path));
    let choice =
        Column::OPERATOR.iter().map(|column| (column.as_str(), column_name(v, *column), chosen.contains(column))).collect();
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

fn column_head(v: &Viewer, column: Column) -> Col {
    let head = Col::new(column_name(v, column));
    match column {
        Column::Number => head.sort("number"),
        Column::State => head,
        Column::Customer => head.mid(),
        Column::Changed => head.sort("changed").nowrap().mid(),
        Column::Pending => head.nowrap().mid(),
        _ => head.low(),
    }
}

fn rows(v: &Viewer, path: &str, chosen: &[Column], cols: &[Col], lines: &[OperatorLine]) -> AnyView {
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

fn cell(rows: &mut Rows, v: &Viewer, path: &str, column: Column, line: &OperatorLine) {
    match column {
        Column::Number => {
            rows.tel_link(&format!("{path}/{}", line.e164), &line.e164);
        }
        Column::Customer => {
            rows.text(&line.tenant_name);
        }
        Column::State => {
            let (tone, word) = shown::operator_state(v.lang, &line.activation_state, line.assigned);
            rows.badge(tone, &word);
        }
        Column::Pending => {
            rows.maybe(line.pending_since, |rows, at| {
                rows.time(at, TimeStyle::Minute);
            });
        }
        Column::SipUri => {
            rows.maybe(line.sip_uri.as_deref(), |rows, uri| {
                rows.clip(uri);
            });
        }
        Column::City => {
            rows.maybe_text(line.city.as_deref());
        }
        Column::BillingRef => {
            rows.maybe_text(line.billing_ref.as_deref());
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
        Column::Emergency => {
            rows.text(&shown::emergency(v.lang, &line.emergency_address_mode));
        }
        Column::Changed => {
            rows.time(line.changed_at, TimeStyle::Minute);
        }
        // Columns of the tenants' list.
        Column::Operator | Column::AssignedTo | Column::Tags => {}
    }
}

fn empty(v: &Viewer, path: &str, query: &Query, provides: bool) -> AnyView {
    let lang = v.lang;
    let (title, text, way) = if query.pairs().any(|(key, _)| !STAYS.contains(&key)) {
        let all = query.only(&STAYS).href(path);
        let way = view! { <ButtonLink href=all>{tr!(in lang, "numbers.show_all")}</ButtonLink> }.into_any();
        (tr!(in lang, "numbers.none_found"), tr!(in lang, "numbers.none_found_text"), way)
    } else {
        let upload = format!("{path}/upload");
        let way = provides.then(|| view! { <ButtonLink href=upload>{tr!(in lang, "numbers.provide")}</ButtonLink> }).into_any();
        (tr!(in lang, "numbers.operator_none"), tr!(in lang, "numbers.operator_none_text"), way)
    };
    view! {
        <Card flush=true>
            <Empty title=title text=text>{way}</Empty>
        </Card>
    }
    .into_any()
}
