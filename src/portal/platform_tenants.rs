//! `/p/tenants`: the directory of tenants, one of them, and a new one.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::jobs_platform;
use super::queries_platform::Ask;
use super::queries_platform::Relation;
use super::queries_platform::TenantLine;
use crate::base::Cursor;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::consent;
use crate::identity::PageRequest;
use crate::identity::SaveTenant;
use crate::identity::id_param;
use crate::tr;
use crate::trn;
use crate::ui::ActiveFilter;
use crate::ui::ActiveFilters;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Cols;
use crate::ui::Crumb;
use crate::ui::Empty;
use crate::ui::FilterBar;
use crate::ui::Grid;
use crate::ui::Hidden;
use crate::ui::Icon;
use crate::ui::Kind;
use crate::ui::Kv;
use crate::ui::KvRow;
use crate::ui::Lang;
use crate::ui::List;
use crate::ui::ListHead;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Pager;
use crate::ui::Query;
use crate::ui::Rows;
use crate::ui::Table;
use crate::ui::Text;
use crate::ui::TextInput;
use crate::ui::Time;
use crate::ui::TimeStyle;
use crate::ui::Viewer;
use crate::ui::viewer;

const LIST: &str = "/p/tenants";
/// Rows of a page.
const ROWS: i64 = 50;

/// What a list of organisations is asked for: `q` and `after`, one row more than a page.
pub(super) fn ask_of(query: &Query) -> Result<Ask, Failure> {
    let after = match query.get("after") {
        None => None,
        Some(text) => {
            let Cursor(parts) = Cursor::decode(text, 2)?;
            let wrong = || Problem::new(400, "cursor_invalid", "This cursor is not one of this list. Start without a cursor.");
            Some((parts[0].clone(), parts[1].parse().map_err(|_| wrong())?))
        }
    };
    let text = query.get("q").map(str::trim).filter(|text| !text.is_empty()).map(|text| text.replace('\0', ""));
    Ok(Ask { text, only: None, after, limit: ROWS + 1 })
}

/// The search field of such a list, and the filter in force.
pub(super) fn search(lang: Lang, req: &PageRequest, list: &'static str) -> AnyView {
    let text = req.query.get("q").map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let chips = text.iter().map(|text| ActiveFilter {
        label: tr!(in lang, "portal.platform.search"),
        value: text.clone().into(),
        remove_href: list.to_owned(),
    });
    let chips = chips.collect();
    view! {
        <FilterBar action=list label=tr!(in lang, "portal.platform.filter")>
            <TextInput name="q" kind="search" label=tr!(in lang, "portal.platform.search") value=text maxlength="100" grow=true />
        </FilterBar>
        <ActiveFilters items=chips clear_href=list />
    }
    .into_any()
}

/// The line under such a list.
pub(super) fn pager(lang: Lang, req: &PageRequest, list: &str, shown: usize, next: Option<Cursor>) -> AnyView {
    let later = req.query.get("after").is_some();
    if next.is_none() && !later {
        return ().into_any();
    }
    let text = tr!(in lang, "portal.platform.shown", n = shown);
    let previous = later.then(|| req.query.first_page().href(list));
    let next = next.map(|cursor| req.query.after(cursor.encode()).href(list));
    view! { <Pager text=text previous=previous next=next /> }.into_any()
}

/// `/p/tenants`.
///
/// # Errors
/// 401 for a visitor, 403 without `platform:directory`.
pub async fn tenants_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let mut rows = jobs_platform::tenants(&req.store, ctx, &ask_of(&req.query)?).await?;
    let more = rows.len() > usize::try_from(ROWS).unwrap_or(usize::MAX);
    rows.truncate(usize::try_from(ROWS).unwrap_or(usize::MAX));
    let next = rows.last().filter(|_| more).map(|last| Cursor(vec![last.name.clone(), last.id.to_string()]));
    let v = viewer();
    let lang = v.lang;
    let body = view! {
        <PageHead title=tr!(in lang, "portal.tenants") purpose=tr!(in lang, "portal.tenants.purpose")>
            <ButtonLink href="/p/tenants/new" kind=Kind::Primary icon=Icon::Plus>{tr!(in lang, "portal.tenants.new")}</ButtonLink>
        </PageHead>
        {search(lang, &req, LIST)}
        {tenant_list(&v, &rows)}
        {pager(lang, &req, LIST, rows.len(), next)}
    };
    Ok(Page::new(tr!(in lang, "portal.tenants"), body))
}

fn tenant_list(v: &Viewer, tenants: &[TenantLine]) -> AnyView {
    let lang = v.lang;
    if tenants.is_empty() {
        return view! {
            <Card flush=true>
                <Empty title=tr!(in lang, "portal.tenants.none") text=tr!(in lang, "portal.tenants.none_text") icon=Icon::Building />
            </Card>
        }
        .into_any();
    }
    let cols = vec![
        Col::new(tr!(in lang, "portal.tenants.tenant")),
        Col::new(tr!(in lang, "portal.platform.country")).mid(),
        Col::new(tr!(in lang, "portal.tenants.sip_domain")).low(),
        Col::new(tr!(in lang, "portal.platform.numbers")).num(),
        Col::new(tr!(in lang, "portal.platform.assigned")).num().mid(),
        Col::new(tr!(in lang, "portal.platform.active_consents")).num(),
        Col::new(tr!(in lang, "portal.platform.people")).num().low(),
        Col::new(tr!(in lang, "portal.platform.since")).nowrap().low(),
    ];
    let mut rows = Rows::new(v, &cols);
    for row in tenants {
        rows.row();
        rows.cell().row_link(&format!("{LIST}/{}", row.id), &row.name).sub(&row.slug);
        rows.cell().text(&consent::country_text(lang, &row.country));
        rows.cell().id(&row.sip_domain);
        rows.cell().count(row.numbers);
        rows.cell().count(row.assigned);
        rows.cell().count(row.operators);
        rows.cell().count(row.people);
        rows.cell().time(row.created_at, TimeStyle::Date);
    }
    let count = tenants.len();
    view! {
        <List>
            <ListHead text=trn!(in lang, "portal.tenants.count", count) />
            <Table label=tr!(in lang, "portal.tenants") cols=cols page_head=true>{rows.finish()}</Table>
        </List>
    }
    .into_any()
}

fn crumbs(lang: Lang, here: impl Into<Text>) -> Vec<Crumb> {
    vec![Crumb::link(LIST, tr!(in lang, "portal.tenants")), Crumb::here(here)]
}

/// `/p/tenants/new`.
///
/// # Errors
/// 401 for a visitor, 403 without `platform:directory`.
pub async fn new_tenant_page(req: PageRequest) -> Result<Page, Failure> {
    req.ctx()?.require(Scope::PlatformDirectory)?;
    let lang = viewer().lang;
    let title = tr!(in lang, "portal.tenants.new");
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in lang, "portal.tenants.new_purpose") crumbs=crumbs(lang, title.clone()) />
        {form(lang, &req, None)}
    };
    Ok(Page::new(title, body))
}

/// `/p/tenants/{id}`.
///
/// # Errors
/// 401 for a visitor, 403 without `platform:directory`, 404 without such a tenant.
pub async fn tenant_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let (row, relations) = jobs_platform::tenant(&req.store, ctx, id_param(req.param("id"), "tenant")?).await?;
    let v = viewer();
    let lang = v.lang;
    let title = row.name.clone();
    let (created, country) = (row.created_at, consent::country_text(lang, &row.country));
    let counts = [row.numbers, row.assigned, row.people].map(|n| v.count(n));
    let [numbers, assigned, people] = counts;
    let id = row.id.to_string();
    let body = view! {
        <PageHead title=title.clone() crumbs=crumbs(lang, title.clone()) />
        <Grid cols=Cols::Rail>
            <div class="stack">
                {form(lang, &req, Some(&row))}
                {relation_list(&v, "/p/operators", tr!(in lang, "portal.operators.operator"), &relations)}
            </div>
            <Card title=tr!(in lang, "portal.platform.facts")>
                <Kv>
                    <KvRow label=tr!(in lang, "portal.platform.id")><span class="id">{id}</span></KvRow>
                    <KvRow label=tr!(in lang, "portal.platform.country")>{country}</KvRow>
                    <KvRow label=tr!(in lang, "portal.platform.numbers")>{numbers}</KvRow>
                    <KvRow label=tr!(in lang, "portal.platform.assigned")>{assigned}</KvRow>
                    <KvRow label=tr!(in lang, "portal.platform.people")>{people}</KvRow>
                    <KvRow label=tr!(in lang, "portal.platform.since")><Time at=created style=TimeStyle::Date /></KvRow>
                </Kv>
            </Card>
        </Grid>
    };
    Ok(Page::new(title, body))
}

/// Consents with the other side; `list` is where those stand.
pub(super) fn relation_list(v: &Viewer, list: &str, party: Text, relations: &[Relation]) -> AnyView {
    let lang = v.lang;
    let title = tr!(in lang, "portal.platform.consents");
    if relations.is_empty() {
        return view! {
            <Card flush=true title=title>
                <Empty title=tr!(in lang, "portal.platform.no_consents") text=tr!(in lang, "portal.platform.no_consents_text") />
            </Card>
        }
        .into_any();
    }
    let cols = vec![
        Col::new(party),
        Col::new(tr!(in lang, "portal.platform.state")),
        Col::new(tr!(in lang, "portal.platform.countries")).mid(),
        Col::new(tr!(in lang, "portal.platform.text_version")).mid(),
        Col::new(tr!(in lang, "portal.platform.state_since", zone = v.zone())).nowrap().low(),
    ];
    let mut rows = Rows::new(v, &cols);
    for row in relations {
        let (tone, status) = consent::status_text(lang, consent::ConsentStatus::parse(&row.status));
        let countries: Vec<Text> = row.countries.iter().map(|code| consent::country_text(lang, code)).collect();
        rows.row();
        rows.cell().row_link(&format!("{list}/{}", row.id), &row.name);
        rows.cell().badge(tone, &status);
        rows.cell().text(&countries.join(", "));
        rows.cell().text(&row.notice_version);
        rows.cell().time(row.since, TimeStyle::Minute);
    }
    let label = title.clone();
    view! { <Card flush=true title=title><Table label=label cols=cols>{rows.finish()}</Table></Card> }.into_any()
}

/// What was typed before a refusal, else what is there.
pub(super) fn shown(req: &PageRequest, field: &str, held: Option<String>) -> Option<String> {
    req.typed(field).map(str::to_owned).or(held)
}

fn form(lang: Lang, req: &PageRequest, row: Option<&TenantLine>) -> AnyView {
    let held = |of: fn(&TenantLine) -> String| row.map(of);
    let (slug, name) = (shown(req, "slug", held(|row| row.slug.clone())), shown(req, "name", held(|row| row.name.clone())));
    let country = shown(req, "country", held(|row| row.country.clone()));
    let zone = shown(req, "time_zone", held(|row| row.time_zone.clone()));
    let domain = shown(req, "sip_domain", held(|row| row.sip_domain.clone()));
    let days = shown(req, "quarantine_days", Some(row.map_or(30, |row| row.quarantine_days).to_string()));
    let fixed = row.is_some();
    let fixed_hint = if fixed { tr!(in lang, "portal.platform.fixed") } else { tr!(in lang, "portal.platform.fixed_later") };
    let wrong = |field: &str| req.wrong(field);
    let [name_wrong, slug_wrong, country_wrong, time_zone_wrong, sip_domain_wrong, quarantine_days_wrong] =
        [wrong("name"), wrong("slug"), wrong("country"), wrong("time_zone"), wrong("sip_domain"), wrong("quarantine_days")];
    let id = row.map(|row| row.id.to_string()).unwrap_or_default();
    let foot = view! { <Button kind=Kind::Primary>{tr!(in lang, "portal.platform.save")}</Button> }.into_any();
    view! {
        <form action=SaveTenant::url() method="post">
            <Hidden name="id" value=id />
            <Card title=tr!(in lang, "portal.tenants.tenant") foot=foot>
                <div class="fields" data-cols="2">
                    <TextInput name="name" label=tr!(in lang, "portal.platform.name") value=name maxlength="200" required=true error=name_wrong />
                    <TextInput
                        name="slug"
                        label=tr!(in lang, "portal.platform.slug")
                        hint=fixed_hint.clone()
                        value=slug
                        maxlength="63"
                        required=true
                        readonly=fixed
                        error=slug_wrong
                    />
                    <TextInput
                        name="country"
                        label=tr!(in lang, "portal.platform.country_code")
                        hint=tr!(in lang, "portal.tenants.country_hint")
                        value=country
                        maxlength="2"
                        required=true
                        error=country_wrong
                    />
                    <TextInput
                        name="time_zone"
                        label=tr!(in lang, "portal.platform.time_zone")
                        hint=tr!(in lang, "portal.platform.time_zone_hint")
                        value=zone
                        maxlength="64"
                        required=true
                        error=time_zone_wrong
                    />
                    <TextInput
                        name="sip_domain"
                        label=tr!(in lang, "portal.tenants.sip_domain")
                        hint=fixed_hint
                        value=domain
                        maxlength="200"
                        required=true
                        readonly=fixed
                        error=sip_domain_wrong
                    />
                    <TextInput
                        name="quarantine_days"
                        kind="number"
                        label=tr!(in lang, "portal.tenants.quarantine")
                        hint=tr!(in lang, "portal.tenants.quarantine_hint")
                        value=days
                        required=true
                        error=quarantine_days_wrong
                    />
                </div>
            </Card>
        </form>
    }
    .into_any()
}
