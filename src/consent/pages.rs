//! `/t/{slug}/operators`: those the tenant works with, with how their feeds are doing, and the directory by country and service.

use std::collections::BTreeSet;
use std::collections::HashMap;

use leptos::prelude::*;
use uuid::Uuid;

use super::directory::DirectoryFilter;
use super::directory::DirectoryRow;
use super::directory::Health;
use super::model::Consent;
use super::model::ConsentStatus;
use super::queries_directory;
use super::queries_read;
use super::words;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Scope;
use crate::base::TenantId;
use crate::identity::PageRequest;
use crate::store::Reach;
use crate::store::Store;
use crate::tr;
use crate::transfers::Class;
use crate::trn;
use crate::ui::ActiveFilter;
use crate::ui::ActiveFilters;
use crate::ui::Band;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Empty;
use crate::ui::FilterBar;
use crate::ui::Icon;
use crate::ui::Kv;
use crate::ui::KvRow;
use crate::ui::Lang;
use crate::ui::List;
use crate::ui::ListHead;
use crate::ui::Opt;
use crate::ui::OrgMark;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Query;
use crate::ui::Rows;
use crate::ui::Select;
use crate::ui::Size;
use crate::ui::Table;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::viewer;

/// What the list is made from.
struct Mine {
    row: DirectoryRow,
    consent: Option<Consent>,
    health: Health,
}

/// `/t/{slug}/operators`: those that have or had a consent, then the directory.
///
/// # Errors
/// 401 for a visitor, 403 without `tenant:read`.
pub async fn operators_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    ctx.require(Scope::TenantRead)?;
    let tenant = ctx.tenant()?;
    let v = viewer();
    let lang = v.lang;
    let mut tx = req.store.begin_for(ctx).await?;
    let operators = queries_directory::operators(&mut tx, tenant, None).await?;
    let consents = queries_read::consents_of_tenant(&mut tx, tenant).await?;
    let newest = queries_read::newest_notice(&mut tx, lang.code()).await?;
    tx.commit().await?;
    let mut consents: HashMap<Uuid, Consent> = consents.into_iter().map(|consent| (consent.operator_id, consent)).collect();
    let filter = filter_of(&req.query);
    let (all, offered) = (operators.len(), offered(&operators));
    let (own, others): (Vec<_>, Vec<_>) = operators.into_iter().partition(|row| consents.contains_key(&row.id) || row.numbers > 0);
    let mut mine = Vec::with_capacity(own.len());
    for row in own {
        let health = health(&req.store, tenant, OperatorId(row.id)).await?;
        mine.push(Mine { consent: consents.remove(&row.id), row, health });
    }
    let newest = newest.map(|notice| notice.version);
    let outdated = mine.iter().filter(|one| is_outdated(one.consent.as_ref(), newest.as_deref()));
    let may = ctx.scopes.has(Scope::ConsentWrite);
    let bands = outdated.map(|one| new_text_band(lang, &req.path, &one.row, may)).collect_view();
    let body = view! {
        <PageHead title=tr!(in lang, "consent.operators") purpose=tr!(in lang, "consent.operators_purpose") />
        {bands}
        {own_list(&v, &req.path, &mine, newest.as_deref())}
        {directory(&v, &req, others, &filter, &offered, all)}
    };
    Ok(Page::new(tr!(in lang, "consent.operators"), body))
}

/// How the feeds between a tenant and one operator are doing.
pub(super) async fn health(store: &Store, tenant: TenantId, operator: OperatorId) -> Result<Health, Failure> {
    let mut tx = store.begin(Reach::Pair(tenant, operator)).await?;
    let health = queries_directory::health(&mut tx, tenant, operator, store.env.now()).await?;
    tx.commit().await?;
    Ok(health)
}

/// Whether a consent stands on an older text than the newest.
pub(super) fn is_outdated(consent: Option<&Consent>, newest: Option<&str>) -> bool {
    let (Some(consent), Some(newest)) = (consent, newest) else {
        return false;
    };
    consent.status != ConsentStatus::Withdrawn && consent.notice_version != newest
}

fn new_text_band(lang: Lang, path: &str, row: &DirectoryRow, may: bool) -> AnyView {
    let href = format!("{path}/{}/accept", row.slug);
    let label = tr!(in lang, "consent.read_and_decide_named", name = row.name);
    let action = may.then(|| {
        view! { <ButtonLink href=href size=Size::Small label=label>{tr!(in lang, "consent.read_and_decide")}</ButtonLink> }
    });
    view! {
        <Band tone=Tone::Info title=tr!(in lang, "consent.new_text_for", name = row.name) text=tr!(in lang, "consent.new_text_text")>
            {action}
        </Band>
    }
    .into_any()
}

fn own_list(v: &Viewer, path: &str, mine: &[Mine], newest: Option<&str>) -> AnyView {
    let lang = v.lang;
    if mine.is_empty() {
        return view! {
            <Card flush=true>
                <Empty title=tr!(in lang, "consent.no_operators") text=tr!(in lang, "consent.no_operators_text") />
            </Card>
        }
        .into_any();
    }
    let cols = vec![
        Col::new(tr!(in lang, "consent.operator")),
        Col::new(tr!(in lang, "consent.countries")).mid(),
        Col::new(tr!(in lang, "consent.numbers")).num(),
        Col::new(tr!(in lang, "consent.assigned")).num().mid(),
        Col::new(tr!(in lang, "consent.consent")),
        Col::new(tr!(in lang, "consent.feed.notices")).low(),
        Col::new(tr!(in lang, "consent.feed.calls", zone = v.zone())).nowrap().low(),
        Col::new(tr!(in lang, "consent.feed.durations")).low(),
    ];
    let mut rows = Rows::new(v, &cols);
    for one in mine {
        let (row, consent) = (&one.row, one.consent.as_ref());
        let (tone, text) = words::status_text(lang, consent.map_or(ConsentStatus::None, |held| held.status));
        let has = |class: Class| consent.is_some_and(|held| held.status == ConsentStatus::Active && held.classes.contains(&class));
        rows.row();
        rows.cell().row_link(&format!("{path}/{}", row.slug), &row.name);
        rows.cell().text(&words::countries_text(lang, consent.map_or(&row.countries, |held| &held.countries)));
        rows.cell().count(row.numbers);
        rows.cell().count(row.assigned);
        rows.cell().badge(tone, &text);
        if is_outdated(consent, newest) {
            rows.sub(&tr!(in lang, "consent.older_text"));
        }
        rows.cell();
        if has(Class::Numbers) {
            let (tone, text) = words::notices_text(v, &one.health);
            rows.badge(tone, &text);
        } else {
            rows.dash();
        }
        rows.cell().maybe(one.health.calls_read_at.filter(|_| has(Class::Calls)), |rows, at| {
            rows.time(at, TimeStyle::Minute);
        });
        rows.cell();
        match words::durations_text(v, &one.health).filter(|_| has(Class::Durations)) {
            Some((tone, text)) => rows.badge(tone, &text),
            None => rows.dash(),
        };
    }
    let count = mine.len();
    view! {
        <section class="stack" data-gap="tight">
            <h2>{tr!(in lang, "consent.my_operators")}</h2>
            <List>
                <ListHead text=trn!(in lang, "consent.count", count) />
                <Table label=tr!(in lang, "consent.my_operators") cols=cols page_head=true>
                    {rows.finish()}
                </Table>
            </List>
        </section>
    }
    .into_any()
}

/// Countries and services that the directory offers, each once, in order.
type Offered = (BTreeSet<String>, BTreeSet<String>);

fn offered(operators: &[DirectoryRow]) -> Offered {
    let countries = operators.iter().flat_map(|row| row.countries.iter().cloned()).collect();
    let services = operators.iter().flat_map(|row| row.services.iter().cloned()).collect();
    (countries, services)
}

fn filter_of(query: &Query) -> DirectoryFilter {
    let text = |key: &str| query.get(key).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    DirectoryFilter { country: text("country"), service: text("service") }
}

fn directory(
    v: &Viewer,
    req: &PageRequest,
    others: Vec<DirectoryRow>,
    filter: &DirectoryFilter,
    offered: &Offered,
    all: usize,
) -> AnyView {
    let lang = v.lang;
    let path = req.path.clone();
    let none_left = others.is_empty();
    let shown: Vec<DirectoryRow> = others.into_iter().filter(|row| filter.fits(row)).collect();
    let may = req.ctx.as_ref().is_some_and(|ctx| ctx.scopes.has(Scope::ConsentWrite));
    let list = if shown.is_empty() {
        let (title, text) = if none_left && filter.is_empty() {
            (tr!(in lang, "consent.directory_all_yours"), tr!(in lang, "consent.directory_all_yours_text"))
        } else {
            let wanted = filter.country.as_deref().map_or_else(
                || tr!(in lang, "consent.directory_none"),
                |country| tr!(in lang, "consent.directory_none_in", country = words::country_text(lang, country)),
            );
            let counted = tr!(in lang, "consent.directory_size", n = all, countries = offered.0.len());
            (wanted, counted)
        };
        let clear = (!filter.is_empty()).then(|| {
            let href = path.clone();
            view! { <ButtonLink href=href>{tr!(in lang, "consent.directory_show_all")}</ButtonLink> }
        });
        view! { <Card flush=true><Empty icon=Icon::Plug title=title text=text>{clear}</Empty></Card> }.into_any()
    } else {
        let cards = shown.into_iter().map(|row| operator_card(lang, &path, row, may)).collect_view();
        view! { <div class="cards">{cards}</div> }.into_any()
    };
    let countries = offered.0.iter().map(|code| Opt::new(code.clone(), words::country_text(lang, code))).collect::<Vec<_>>();
    let services = offered.1.iter().map(|word| Opt::new(word.clone(), words::service_text(lang, word))).collect::<Vec<_>>();
    let chips = chips(lang, &req.query, &path, filter);
    let (country, service) = (filter.country.clone(), filter.service.clone());
    let clear = path.clone();
    view! {
        <section class="stack" data-gap="tight" id="directory">
            <h2>{tr!(in lang, "consent.directory")}</h2>
            <FilterBar action=path label=tr!(in lang, "consent.directory_filter")>
                <Select name="country" label=tr!(in lang, "consent.country") options=countries value=country any=tr!(in lang, "consent.any") />
                <Select name="service" label=tr!(in lang, "consent.service") options=services value=service any=tr!(in lang, "consent.any") />
            </FilterBar>
            <ActiveFilters items=chips clear_href=clear />
            {list}
        </section>
    }
    .into_any()
}

fn chips(lang: Lang, query: &Query, path: &str, filter: &DirectoryFilter) -> Vec<ActiveFilter> {
    let country = filter.country.as_ref().map(|code| ActiveFilter {
        label: tr!(in lang, "consent.country"),
        value: words::country_text(lang, code),
        remove_href: query.without("country").href(path),
    });
    let service = filter.service.as_ref().map(|word| ActiveFilter {
        label: tr!(in lang, "consent.service"),
        value: words::service_text(lang, word),
        remove_href: query.without("service").href(path),
    });
    country.into_iter().chain(service).collect()
}

fn operator_card(lang: Lang, path: &str, row: DirectoryRow, may: bool) -> AnyView {
    let page = format!("{path}/{}", row.slug);
    let accept = may.then(|| {
        let href = format!("{page}/accept");
        let label = tr!(in lang, "consent.read_and_add_named", name = row.name);
        view! { <ButtonLink href=href size=Size::Small label=label>{tr!(in lang, "consent.read_and_add")}</ButtonLink> }
    });
    let site_label = tr!(in lang, "consent.website_of", name = row.name);
    let website = row.website.clone().map(|url| {
        view! { <a class="fine" href=url rel="noopener" aria-label=site_label>{tr!(in lang, "consent.website")}</a> }
    });
    let services = words::services_text(lang, &row.services);
    let emergency = words::emergency_mode_text(lang, &row.emergency_mode);
    let logo = row.logo();
    view! {
        <article class="op-card">
            <div class="stack" data-gap="tight">
                <div class="op-head">
                    <OrgMark name=row.name.clone() large=true picture=logo />
                    <div>
                        <h3><a href=page>{row.name.clone()}</a></h3>
                        <p class="fine">{words::countries_text(lang, &row.countries)}</p>
                    </div>
                </div>
                <Kv>
                    <KvRow label=tr!(in lang, "consent.numbers")>{services}</KvRow>
                    <KvRow label=tr!(in lang, "consent.emergency")>{emergency}</KvRow>
                </Kv>
            </div>
            <div class="cluster">{accept}{website}</div>
        </article>
    }
    .into_any()
}
