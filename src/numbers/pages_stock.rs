//! `/t/{slug}/stock` and `/o/{slug}/stock`: what is left of each group of numbers, and for how long.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::forms_stock::SetThreshold;
use super::reads::Way;
use super::shown;
use super::stock;
use super::stock::Group;
use super::stock::GroupKey;
use super::stock::USUAL;
use crate::base::Failure;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::tr;
use crate::trn;
use crate::ui::Badge;
use crate::ui::Band;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Crumb;
use crate::ui::Empty;
use crate::ui::FilterBar;
use crate::ui::Hidden;
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
use crate::ui::Tab;
use crate::ui::Table;
use crate::ui::Tabs;
use crate::ui::TextInput;
use crate::ui::Tile;
use crate::ui::Tiles;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::percent;
use crate::ui::viewer;

/// Rows on a page.
const PAGE: usize = 100;
const KINDS: [&str; 5] = ["geographic", "mobile", "toll_free", "national", "uifn"];

/// Whose page it is, and how it is drawn.
struct Shelf<'a> {
    req: &'a PageRequest,
    path: String,
    /// Where the numbers are listed.
    numbers: String,
    tenant: bool,
    /// The viewer may set shares.
    sets: bool,
}

/// `/t/{slug}/stock`; `?group=` asks for the share of one.
///
/// # Errors
/// 401, 403 without `tenant:read`.
pub async fn tenant_stock_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let groups = stock::tenant_stock(&req.store, ctx).await?;
    let sets = ctx.scopes.has(Scope::TenantAssign);
    let home = format!("/t/{}", req.slug());
    let shelf = Shelf { req: &req, path: format!("{home}/stock"), numbers: format!("{home}/numbers"), tenant: true, sets };
    Ok(page(&shelf, &groups))
}

/// `/o/{slug}/stock`: per customer, where the gate is open.
///
/// # Errors
/// 401, 403 without `numbers:read`.
pub async fn operator_stock_page(req: PageRequest) -> Result<Page, Failure> {
    let groups = stock::operator_stock(&req.store, req.ctx()?, Way::Page).await?;
    let home = format!("/o/{}", req.slug());
    let shelf = Shelf { req: &req, path: format!("{home}/stock"), numbers: format!("{home}/numbers"), tenant: false, sets: false };
    Ok(page(&shelf, &groups))
}

fn page(shelf: &Shelf<'_>, all: &[Group]) -> Page {
    let v = viewer();
    let lang = v.lang;
    let query = &shelf.req.query;
    let title = tr!(in lang, "numbers.stock.title");
    let crumbs = vec![Crumb::link(shelf.numbers.clone(), tr!(in lang, "numbers.title")), Crumb::here(title.clone())];
    let purpose = if shelf.tenant { tr!(in lang, "numbers.stock.purpose") } else { tr!(in lang, "numbers.stock.operator_purpose") };
    let groups: Vec<&Group> = all.iter().filter(|group| wanted(group, query)).collect();
    let low = all.iter().filter(|group| group.low()).count();
    let band = (low > 0 && query.get("show") != Some("low")).then(|| {
        let href = Query::default().with("show", "low").href(&shelf.path);
        let text = if shelf.tenant { tr!(in lang, "numbers.stock.low_text") } else { tr!(in lang, "numbers.stock.low_operator") };
        view! {
            <Band tone=Tone::Warn title=trn!(in lang, "numbers.stock.low_groups", low) text=text>
                <ButtonLink href=href>{tr!(in lang, "numbers.stock.low_show")}</ButtonLink>
            </Band>
        }
    });
    let chosen = query.get("group").filter(|_| shelf.sets).and_then(GroupKey::parse);
    let edit = chosen.and_then(|key| all.iter().find(|group| group.key() == key)).map(|group| threshold_card(&v, shelf, group));
    let content = if all.is_empty() {
        view! {
            <Card flush=true>
                <Empty title=tr!(in lang, "numbers.stock.none") text=tr!(in lang, "numbers.stock.none_text") />
            </Card>
        }
        .into_any()
    } else {
        view! {
            {tiles(&v, shelf, &groups)}
            {tabs(lang, shelf, low)}
            {filter_bar(lang, shelf, all)}
            {list(&v, shelf, &groups)}
        }
        .into_any()
    };
    let body = view! {
        <PageHead title=title.clone() purpose=purpose crumbs=crumbs />
        {edit}
        {band}
        {content}
    };
    Page::new(title, body)
}

fn wanted(group: &Group, query: &Query) -> bool {
    let is = |key: &str, held: &str| query.get(key).is_none_or(|asked| asked.eq_ignore_ascii_case(held));
    let area = query.get("q").map(|text| text.trim().to_lowercase()).filter(|text| !text.is_empty());
    is("party", &group.party.to_string())
        && is("country", &group.country)
        && is("kind", &group.kind)
        && area.is_none_or(|area| group.area.to_lowercase().contains(&area))
        && (query.get("show") != Some("low") || group.low())
}

fn tiles(v: &Viewer, shelf: &Shelf<'_>, groups: &[&Group]) -> AnyView {
    let lang = v.lang;
    let sum = |of: fn(&Group) -> i64| groups.iter().map(|group| of(group)).sum::<i64>();
    let (total, free) = (sum(|g| g.total), sum(|g| g.free));
    let share = free_share(v, free, total);
    let reserved = shelf.tenant.then(|| {
        let n = v.count(sum(|g| g.reserved));
        view! { <Tile label=tr!(in lang, "numbers.stock.reserved") value=n /> }
    });
    let (all, left) = (v.count(total), v.count(free));
    let (assigned, quarantined) = (v.count(sum(|g| g.assigned)), v.count(sum(|g| g.quarantined)));
    view! {
        <Tiles>
            <Tile label=tr!(in lang, "numbers.stock.total") value=all />
            <Tile label=tr!(in lang, "numbers.stock.free") value=left>
                <span class="faint">{share}</span>
            </Tile>
            <Tile label=tr!(in lang, "numbers.stock.assigned") value=assigned />
            <Tile label=tr!(in lang, "numbers.stock.quarantined") value=quarantined />
            {reserved}
        </Tiles>
    }
    .into_any()
}

#[expect(clippy::cast_precision_loss, reason = "a share of numbers, shown without decimals")]
fn free_share(v: &Viewer, free: i64, total: i64) -> String {
    if total == 0 { String::new() } else { percent(v.lang, free as f64 / total as f64, 0) }
}

fn tabs(lang: Lang, shelf: &Shelf<'_>, low: usize) -> AnyView {
    let base = shelf.req.query.first_page().without("show").without("group");
    let only_low = shelf.req.query.get("show") == Some("low");
    let low = i64::try_from(low).unwrap_or(i64::MAX);
    let items = vec![
        Tab::new(base.href(&shelf.path), tr!(in lang, "numbers.tab.all")).current(!only_low),
        Tab::new(base.with("show", "low").href(&shelf.path), tr!(in lang, "numbers.stock.tab_low")).count(low).current(only_low),
    ];
    view! { <Tabs label=tr!(in lang, "numbers.stock.title") items=items /> }.into_any()
}

fn party(lang: Lang, shelf: &Shelf<'_>) -> crate::ui::Text {
    if shelf.tenant { tr!(in lang, "numbers.operator") } else { tr!(in lang, "numbers.customer") }
}

fn filter_bar(lang: Lang, shelf: &Shelf<'_>, all: &[Group]) -> AnyView {
    let query = &shelf.req.query;
    let value = |key: &str| query.get(key).map(str::to_owned);
    let (q, chosen, country, kind) = (value("q"), value("party"), value("country"), value("kind"));
    let mut parties: Vec<(String, String)> = all.iter().map(|g| (g.party_name.clone(), g.party.to_string())).collect();
    parties.sort();
    parties.dedup();
    let mut countries: Vec<String> = all.iter().map(|g| g.country.clone()).collect();
    countries.sort();
    countries.dedup();
    let parties: Vec<Opt> = parties.into_iter().map(|(name, id)| Opt::new(id, name)).collect();
    let countries: Vec<Opt> = countries.into_iter().map(|country| Opt::new(country.clone(), country)).collect();
    let kinds: Vec<Opt> = KINDS.iter().map(|word| Opt::new(*word, shown::kind(lang, word))).collect();
    let (action, keep, party) = (shelf.path.clone(), query.only(&["show"]), party(lang, shelf));
    view! {
        <FilterBar action=action label=tr!(in lang, "numbers.stock.filter") keep=keep>
            <TextInput grow=true kind="search" name="q" label=tr!(in lang, "numbers.stock.area") value=q />
            <Select name="party" label=party options=parties value=chosen any=tr!(in lang, "numbers.any") />
            <Select
                name="country"
                label=tr!(in lang, "numbers.country")
                options=countries
                value=country
                any=tr!(in lang, "numbers.any")
            />
            <Select
                name="kind"
                label=tr!(in lang, "numbers.stock.kind")
                options=kinds
                value=kind
                any=tr!(in lang, "numbers.any")
            />
        </FilterBar>
    }
    .into_any()
}

fn list(v: &Viewer, shelf: &Shelf<'_>, groups: &[&Group]) -> AnyView {
    let lang = v.lang;
    let query = &shelf.req.query;
    if groups.is_empty() {
        let all = shelf.path.clone();
        return view! {
            <Card flush=true>
                <Empty title=tr!(in lang, "numbers.stock.none_found") text=tr!(in lang, "numbers.none_found_text")>
                    <ButtonLink href=all>{tr!(in lang, "numbers.show_all")}</ButtonLink>
                </Empty>
            </Card>
        }
        .into_any();
    }
    let after: usize = query.get("after").and_then(|at| at.parse().ok()).unwrap_or(0);
    let shown: Vec<&Group> = groups.iter().skip(after).take(PAGE).copied().collect();
    let end = after.saturating_add(shown.len());
    let next = (end < groups.len()).then(|| query.after(end.to_string()).href(&shelf.path));
    let previous = (after > 0).then(|| match after.saturating_sub(PAGE) {
        0 => query.first_page().href(&shelf.path),
        before => query.after(before.to_string()).href(&shelf.path),
    });
    let export = query.first_page().without("group").href(&format!("{}.csv", shelf.path));
    let head = trn!(in lang, "numbers.stock.groups", groups.len());
    let text = tr!(in lang, "numbers.stock.pace_fine", days = stock::PACE_DAYS);
    let table = table(v, shelf, &shown);
    view! {
        <List>
            <ListHead text=head>
                <ButtonLink href=export kind=Kind::Quiet size=Size::Small icon=Icon::Download download=true>
                    {tr!(in lang, "identity.views.export")}
                </ButtonLink>
            </ListHead>
            {table}
            <Pager text=text previous=previous next=next />
        </List>
    }
    .into_any()
}

fn table(v: &Viewer, shelf: &Shelf<'_>, groups: &[&Group]) -> AnyView {
    let lang = v.lang;
    let mut cols = vec![
        Col::new(tr!(in lang, "numbers.stock.area")),
        Col::new(party(lang, shelf)).mid(),
        Col::new(tr!(in lang, "numbers.stock.free")).num(),
        Col::new(tr!(in lang, "numbers.stock.assigned")).num().mid(),
        Col::new(tr!(in lang, "numbers.stock.quarantined")).num().low(),
    ];
    if shelf.tenant {
        cols.push(Col::new(tr!(in lang, "numbers.stock.reserved")).num().low());
    }
    cols.push(Col::new(tr!(in lang, "numbers.stock.total")).num().mid());
    cols.push(Col::new(tr!(in lang, "numbers.stock.days_left")));
    cols.push(Col::new(tr!(in lang, "numbers.stock.level")));
    if shelf.sets {
        cols.push(Col::new(tr!(in lang, "numbers.stock.set")).tight());
    }
    let mut rows = Rows::new(v, &cols);
    for group in groups {
        if group.low() {
            rows.row_toned(Tone::Warn)
        } else {
            rows.row()
        };
        let area = if group.area.is_empty() { tr!(in lang, "numbers.stock.no_area").into_owned() } else { group.area.clone() };
        rows.cell().row_link(&numbers_href(shelf, group, None), &area);
        rows.sub(&format!("{}, {}", group.country, shown::kind(lang, &group.kind)));
        rows.cell().text(&group.party_name);
        rows.cell().link(&numbers_href(shelf, group, Some(true)), &v.count(group.free));
        rows.sub(&free_share(v, group.free, group.total));
        rows.cell().link(&numbers_href(shelf, group, Some(false)), &v.count(group.assigned));
        rows.cell().count(group.quarantined);
        if shelf.tenant {
            rows.cell().count(group.reserved);
        }
        rows.cell().count(group.total);
        match group.days_left() {
            Some(days) => rows.cell().text(&trn!(in lang, "numbers.stock.days", days)),
            None => rows.cell().text(&tr!(in lang, "numbers.stock.no_pace")),
        };
        rows.sub(&tr!(in lang, "numbers.stock.moved", begun = v.count(group.begun), ended = v.count(group.ended)));
        let (tone, word) = if group.low() {
            (Tone::Warn, tr!(in lang, "numbers.stock.low"))
        } else {
            (Tone::Ok, tr!(in lang, "numbers.stock.enough"))
        };
        rows.cell().badge(tone, &word);
        rows.sub(&tr!(in lang, "numbers.stock.below", percent = group.percent.unwrap_or(USUAL)));
        if shelf.sets {
            let label = tr!(in lang, "numbers.stock.set_label", area = area, party = group.party_name);
            let href = shelf.req.query.with("group", group.key().text()).href(&shelf.path);
            rows.cell().button_link(&href, &tr!(in lang, "numbers.stock.set"), &label);
        }
    }
    let rows = rows.finish();
    view! {
        <Table label=tr!(in lang, "numbers.stock.title") cols=cols page_head=true>
            {rows}
        </Table>
    }
    .into_any()
}

/// Where the numbers of a group are listed: all, the free ones, or the assigned ones.
fn numbers_href(shelf: &Shelf<'_>, group: &Group, free: Option<bool>) -> String {
    let party = group.party.to_string();
    let query = Query::default().with("country", group.country.clone());
    let query = if shelf.tenant {
        let query = query.with("operator", party).with("city", group.area.clone()).with("kind", group.kind.clone());
        match free {
            None => query,
            Some(free) => query.with("state", if free { "free" } else { "assigned" }),
        }
    } else {
        let query = query.with("tenant", party);
        match free {
            None => query,
            Some(free) => query.with("assigned", if free { "false" } else { "true" }),
        }
    };
    query.href(&shelf.numbers)
}

fn threshold_card(v: &Viewer, shelf: &Shelf<'_>, group: &Group) -> AnyView {
    let lang = v.lang;
    let area = if group.area.is_empty() { tr!(in lang, "numbers.stock.no_area").into_owned() } else { group.area.clone() };
    let title = tr!(in lang, "numbers.stock.set_title", area = area, kind = shown::kind(lang, &group.kind), party = group.party_name.clone());
    let back = shelf.req.query.without("group").href(&shelf.path);
    let state = tr!(in lang, "numbers.stock.now", free = v.count(group.free), total = v.count(group.total));
    let foot = view! {
        <Button kind=Kind::Primary>{tr!(in lang, "numbers.stock.save")}</Button>
        <ButtonLink href=back>{tr!(in lang, "numbers.cancel")}</ButtonLink>
    }
    .into_any();
    let value = shelf.req.typed("percent").map(str::to_owned).or_else(|| group.percent.map(|percent| percent.to_string()));
    let error = shelf.req.wrong("percent");
    let aside = group.low().then(|| view! { <Badge tone=Tone::Warn text=tr!(in lang, "numbers.stock.low") /> }).into_any();
    let (slug, key) = (shelf.req.slug().to_owned(), group.key().text());
    view! {
        <form method="post" action=SetThreshold::url()>
            <Hidden name="slug" value=slug />
            <Hidden name="group" value=key />
            <Card title=title aside=aside foot=foot>
                <div class="fields">
                    <p class="muted">{state}</p>
                    <TextInput
                        name="percent"
                        label=tr!(in lang, "numbers.stock.percent")
                        hint=tr!(in lang, "numbers.stock.percent_hint", usual = USUAL)
                        value=value
                        error=error
                        inputmode="numeric"
                        maxlength="3"
                    />
                </div>
            </Card>
        </form>
    }
    .into_any()
}

/// The groups of the file behind the page: what the filters find.
pub fn filtered(groups: Vec<Group>, query: &Query) -> Vec<Group> {
    groups.into_iter().filter(|group| wanted(group, query)).collect()
}
