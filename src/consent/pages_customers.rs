//! An operator's customers: the list, and one customer with its consent and the relationship.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::contacts;
use super::forms::SaveRelationship;
use super::model::ConsentStatus;
use super::model::CustomerRow;
use super::model::RelationshipStatus;
use super::pages_operator::gate_card;
use super::queries_directory;
use super::queries_directory::ConsentEvent;
use super::queries_read;
use super::words;
use crate::base::EventId;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::TenantId;
use crate::identity::PageRequest;
use crate::tr;
use crate::transfers;
use crate::transfers::Basis;
use crate::transfers::Channel;
use crate::transfers::Class;
use crate::transfers::View;
use crate::trn;
use crate::ui::Badge;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Choice;
use crate::ui::Col;
use crate::ui::Cols;
use crate::ui::Crumb;
use crate::ui::Empty;
use crate::ui::Grid;
use crate::ui::Hidden;
use crate::ui::Kv;
use crate::ui::KvRow;
use crate::ui::Lang;
use crate::ui::List;
use crate::ui::ListHead;
use crate::ui::Opt;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Rows;
use crate::ui::Tab;
use crate::ui::Table;
use crate::ui::Tabs;
use crate::ui::Textarea;
use crate::ui::Time;
use crate::ui::TimeStyle;
use crate::ui::Timeline;
use crate::ui::TimelineItem;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::viewer;

/// More customers than an operator of this size has; the list says so when it is cut.
const MOST: i64 = 2_000;

/// `/o/{slug}/customers`: every tenant that gave a consent, with how it stands.
///
/// # Errors
/// 401 for a visitor, 403 without `numbers:read`.
pub async fn customers_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    ctx.require(Scope::NumbersRead)?;
    let operator = ctx.operator()?;
    let mut tx = req.store.begin_for(ctx).await?;
    let mut customers = queries_read::customers(&mut tx, operator, None, None, MOST).await?;
    tx.commit().await?;
    customers.sort_by(|a, b| a.name.cmp(&b.name));
    let v = viewer();
    let lang = v.lang;
    let wanted = req.query.get("consent").map(ConsentStatus::parse).filter(|status| *status != ConsentStatus::None);
    let tabs = (!customers.is_empty()).then(|| state_tabs(lang, &req.path, &customers, wanted));
    let all = customers.len();
    customers.retain(|row| wanted.is_none_or(|status| row.consent.status == status));
    let list = if customers.is_empty() && all > 0 {
        let (title, text) = (tr!(in lang, "consent.customers_none_so"), tr!(in lang, "consent.customers_none_so_text"));
        view! { <Card flush=true><Empty title=title text=text /></Card> }.into_any()
    } else {
        customer_list(&v, &req.path, &customers)
    };
    let body = view! {
        <PageHead title=tr!(in lang, "consent.customers") purpose=tr!(in lang, "consent.customers_purpose") />
        {tabs}
        {list}
    };
    Ok(Page::new(tr!(in lang, "consent.customers"), body))
}

/// The customers by how their consent stands.
fn state_tabs(lang: Lang, path: &str, customers: &[CustomerRow], wanted: Option<ConsentStatus>) -> AnyView {
    let count = |status: Option<ConsentStatus>| {
        let found = customers.iter().filter(|row| status.is_none_or(|status| row.consent.status == status)).count();
        i64::try_from(found).unwrap_or(i64::MAX)
    };
    let all = Tab::new(path.to_owned(), tr!(in lang, "consent.any")).count(count(None)).current(wanted.is_none());
    let states = [ConsentStatus::Active, ConsentStatus::Suspended, ConsentStatus::Withdrawn].into_iter().map(|status| {
        let href = format!("{path}?consent={}", status.as_str());
        Tab::new(href, words::status_text(lang, status).1).count(count(Some(status))).current(wanted == Some(status))
    });
    let items = std::iter::once(all).chain(states).collect();
    view! { <Tabs label=tr!(in lang, "consent.consent") items=items /> }.into_any()
}

fn customer_list(v: &Viewer, path: &str, customers: &[CustomerRow]) -> AnyView {
    let lang = v.lang;
    if customers.is_empty() {
        return view! {
            <Card flush=true>
                <Empty title=tr!(in lang, "consent.no_customers") text=tr!(in lang, "consent.no_customers_text") />
            </Card>
        }
        .into_any();
    }
    let cols = vec![
        Col::new(tr!(in lang, "consent.customer")),
        Col::new(tr!(in lang, "consent.country")).mid(),
        Col::new(tr!(in lang, "consent.consent")),
        Col::new(tr!(in lang, "consent.classes")).wrap().low(),
        Col::new(tr!(in lang, "consent.relationship")).mid(),
        Col::new(tr!(in lang, "consent.numbers")).num(),
        Col::new(tr!(in lang, "consent.assigned")).num().mid(),
        Col::new(tr!(in lang, "consent.since", zone = v.zone())).nowrap().low(),
    ];
    let mut rows = Rows::new(v, &cols);
    for row in customers {
        let (tone, status) = words::status_text(lang, row.consent.status);
        let (relation_tone, relation) = words::relationship_text(lang, row.relationship.status);
        rows.row();
        rows.cell().row_link(&format!("{path}/{}", row.slug), &row.name);
        rows.cell().text(&words::country_text(lang, &row.country));
        rows.cell().badge(tone, &status);
        rows.cell().text(&words::class_list(lang, &row.consent.classes));
        rows.cell().badge(relation_tone, &relation);
        rows.cell().count(row.numbers);
        rows.cell().count(row.assigned);
        rows.cell().time(row.consent.since, TimeStyle::Minute);
    }
    let count = customers.len();
    view! {
        <List>
            <ListHead text=trn!(in lang, "consent.customer_count", count) />
            <Table label=tr!(in lang, "consent.customers") cols=cols page_head=true>
                {rows.finish()}
            </Table>
        </List>
    }
    .into_any()
}

/// `/o/{slug}/customers/{tenant}`: one customer, its consent, and the relationship to set.
///
/// # Errors
/// 401 for a visitor, 403 without `numbers:read`, 404 for who is no customer.
pub async fn customer_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    ctx.require(Scope::NumbersRead)?;
    let operator = ctx.operator()?;
    let mut tx = req.store.begin_for(ctx).await?;
    let customers = queries_read::customers(&mut tx, operator, None, None, MOST).await?;
    let found = customers.into_iter().find(|row| row.slug == req.param("tenant"));
    let mut row = found.ok_or_else(|| Problem::not_found("customer"))?;
    contacts::hand_over(&mut tx, ctx, Channel::Page, "customers", std::slice::from_mut(&mut row)).await?;
    tx.commit().await?;
    let v = viewer();
    let lang = v.lang;
    let title = row.name.clone();
    let crumbs =
        vec![Crumb::link(format!("/o/{}/customers", req.slug()), tr!(in lang, "consent.customers")), Crumb::here(title.clone())];
    let numbers = format!("/o/{}/numbers?tenant={}", req.slug(), row.id);
    let register = format!("/o/{}/register?party={}", req.slug(), row.slug);
    let mut tx = req.store.begin_for(ctx).await?;
    let events = queries_directory::consent_events(&mut tx, operator, row.consent.id).await?;
    let gates = queries_directory::gates(&mut tx, TenantId(row.id), operator).await?;
    if !events.is_empty() {
        let records = i64::try_from(events.len()).unwrap_or(i64::MAX);
        let (tenant, classes, name) = (TenantId(row.id), &[Class::Numbers], "customers/events/wind_down");
        transfers::register_view(&mut tx, ctx, View { tenant, operator, classes, basis: Basis::WindDown, name, records }).await?;
    }
    tx.commit().await?;
    let see_numbers = tr!(in lang, "consent.see_numbers", n = v.count(row.numbers));
    let events = event_card(lang, req.slug(), ctx.scopes.has(Scope::EventsRead), events);
    let (about, consent, flows) = (about_card(&v, &row), consent_card(lang, &row), gate_card(&v, &gates));
    let form = if ctx.scopes.has(Scope::NumbersWrite) { relationship_form(lang, &req, &row) } else { ().into_any() };
    let body = view! {
        <PageHead title=title.clone() crumbs=crumbs>
            <ButtonLink href=numbers>{see_numbers}</ButtonLink>
            <ButtonLink href=register>{tr!(in lang, "consent.see_register")}</ButtonLink>
        </PageHead>
        <Grid cols=Cols::Rail>
            <div class="stack">{about}{consent}{flows}</div>
            <div class="stack">{form}{events}</div>
        </Grid>
    };
    Ok(Page::new(title, body))
}

fn about_card(v: &Viewer, row: &CustomerRow) -> AnyView {
    let lang = v.lang;
    let (tone, relation) = words::relationship_text(lang, row.relationship.status);
    let comment = row.relationship.comment.clone().map(|text| view! { <p class="fine">{text}</p> });
    let contact = row
        .consent
        .contact
        .as_ref()
        .map_or_else(|| tr!(in lang, "consent.no_contact").into_owned(), |contact| format!("{}, {}", contact.name, contact.email));
    let (country, zone) = (words::country_text(lang, &row.country), row.time_zone.clone());
    let (numbers, assigned) = (v.count(row.numbers), v.count(row.assigned));
    view! {
        <Card title=tr!(in lang, "consent.customer")>
            <Kv>
                <KvRow label=tr!(in lang, "consent.country")>{country}</KvRow>
                <KvRow label=tr!(in lang, "consent.time_zone")>{zone}</KvRow>
                <KvRow label=tr!(in lang, "consent.contact")>{contact}</KvRow>
                <KvRow label=tr!(in lang, "consent.numbers")>{numbers}</KvRow>
                <KvRow label=tr!(in lang, "consent.assigned")>{assigned}</KvRow>
                <KvRow label=tr!(in lang, "consent.relationship")><Badge tone=tone text=relation />{comment}</KvRow>
            </Kv>
        </Card>
    }
    .into_any()
}

fn consent_card(lang: Lang, row: &CustomerRow) -> AnyView {
    let consent = &row.consent;
    let (tone, status) = words::status_text(lang, consent.status);
    let since = consent.since;
    let (countries, classes) = (words::countries_text(lang, &consent.countries), words::class_list(lang, &consent.classes));
    let version = consent.notice_version.clone();
    let first = consent.created_at;
    view! {
        <Card title=tr!(in lang, "consent.consent")>
            <Kv>
                <KvRow label=tr!(in lang, "consent.consent")><Badge tone=tone text=status /></KvRow>
                <KvRow label=tr!(in lang, "consent.status_since")><Time at=since style=TimeStyle::Full /></KvRow>
                <KvRow label=tr!(in lang, "consent.first_given")><Time at=first style=TimeStyle::Full /></KvRow>
                <KvRow label=tr!(in lang, "consent.countries")>{countries}</KvRow>
                <KvRow label=tr!(in lang, "consent.classes")>{classes}</KvRow>
                <KvRow label=tr!(in lang, "consent.text")>{version}</KvRow>
            </Kv>
        </Card>
    }
    .into_any()
}

/// The consent's changes as they stand in the operator's feed.
fn event_card(lang: Lang, slug: &str, reads: bool, events: Vec<ConsentEvent>) -> AnyView {
    if events.is_empty() {
        return ().into_any();
    }
    let items = events
        .into_iter()
        .map(|event| {
            let (tone, word) = match event.kind.as_str() {
                "consent.granted" => (Tone::Ok, tr!(in lang, "consent.status.active")),
                "consent.suspended" => (Tone::Warn, tr!(in lang, "consent.status.suspended")),
                _ => (Tone::Danger, tr!(in lang, "consent.status.withdrawn")),
            };
            let href = format!("/o/{slug}/notifications/events/{}", EventId(event.id).wire());
            let label = tr!(in lang, "consent.event_no", seq = event.seq);
            let link = if reads { view! { <a href=href>{label}</a> }.into_any() } else { label.into_any() };
            view! {
                <TimelineItem tone=tone title=word at=event.occurred_at>
                    <p class="fine"><span class="id">{event.kind}</span>" "{link}</p>
                </TimelineItem>
            }
        })
        .collect_view();
    view! { <Card title=tr!(in lang, "consent.events")><Timeline>{items}</Timeline></Card> }.into_any()
}

fn relationship_form(lang: Lang, req: &PageRequest, row: &CustomerRow) -> AnyView {
    let options = RelationshipStatus::ALL
        .into_iter()
        .filter(|status| *status != RelationshipStatus::New)
        .map(|status| {
            let option = Opt::new(status.as_str(), words::relationship_text(lang, status).1);
            match status {
                RelationshipStatus::ContractTerminated => option.hint(tr!(in lang, "consent.relationship_hint.terminated")),
                RelationshipStatus::ConsentDeclined => option.hint(tr!(in lang, "consent.relationship_hint.declined")),
                _ => option,
            }
        })
        .collect();
    let status = req.typed("status").unwrap_or(row.relationship.status.as_str()).to_owned();
    let comment = req.typed("comment").map(str::to_owned).or_else(|| row.relationship.comment.clone());
    let wrong = req.wrong("comment");
    let (slug, short, id) = (req.slug().to_owned(), row.slug.clone(), row.id.to_string());
    let foot = view! { <Button>{tr!(in lang, "consent.relationship_save")}</Button> }.into_any();
    view! {
        <form action=SaveRelationship::url() method="post">
            <Hidden name="slug" value=slug />
            <Hidden name="tenant" value=short />
            <Hidden name="tenant_id" value=id />
            <Card title=tr!(in lang, "consent.relationship") foot=foot>
                <div class="fields">
                    <Choice name="status" legend=tr!(in lang, "consent.relationship") options=options value=status hide_legend=true required=true />
                    <Textarea
                        name="comment"
                        label=tr!(in lang, "consent.comment")
                        hint=tr!(in lang, "consent.comment_hint")
                        value=comment
                        maxlength="500"
                        error=wrong
                    />
                </div>
            </Card>
        </form>
    }
    .into_any()
}
