//! A tenant's operators: the list with the directory, and one operator with the consent it has.

use std::collections::HashMap;

use leptos::prelude::*;
use uuid::Uuid;

use super::actions;
use super::model::Consent;
use super::model::ConsentStatus;
use super::model::LedgerRow;
use super::model::Notice;
use super::model::OperatorRow;
use super::model::Verb;
use super::queries_read;
use super::words;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::tr;
use crate::trn;
use crate::ui::Badge;
use crate::ui::Band;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Cols;
use crate::ui::Copy;
use crate::ui::Crumb;
use crate::ui::Empty;
use crate::ui::Grid;
use crate::ui::Kind;
use crate::ui::Kv;
use crate::ui::KvRow;
use crate::ui::Lang;
use crate::ui::List;
use crate::ui::ListHead;
use crate::ui::OrgMark;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Rows;
use crate::ui::Size;
use crate::ui::Table;
use crate::ui::Time;
use crate::ui::TimeStyle;
use crate::ui::Timeline;
use crate::ui::TimelineItem;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::viewer;

/// `/t/{slug}/operators`: those that have or had a consent, then the directory.
///
/// # Errors
/// 401 for a visitor, 403 without `tenant:read`.
pub async fn operators_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    ctx.require(Scope::TenantRead)?;
    let tenant = ctx.tenant()?;
    let mut tx = req.store.begin_for(ctx).await?;
    let operators = queries_read::operators(&mut tx, tenant).await?;
    let consents = queries_read::consents_of_tenant(&mut tx, tenant).await?;
    tx.commit().await?;
    let consents: HashMap<Uuid, Consent> = consents.into_iter().map(|consent| (consent.operator_id, consent)).collect();
    let v = viewer();
    let path = req.path.clone();
    let (mine, others): (Vec<OperatorRow>, Vec<OperatorRow>) =
        operators.into_iter().partition(|row| consents.contains_key(&row.id) || row.numbers > 0);
    let may = ctx.scopes.has(Scope::ConsentWrite);
    let body = view! {
        <PageHead title=tr!(in v.lang, "consent.operators") purpose=tr!(in v.lang, "consent.operators_purpose") />
        {own_list(&v, &path, &mine, &consents)}
        {directory(v.lang, &path, others, may)}
    };
    Ok(Page::new(tr!(in v.lang, "consent.operators"), body))
}

fn own_list(v: &Viewer, path: &str, mine: &[OperatorRow], consents: &HashMap<Uuid, Consent>) -> AnyView {
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
        Col::new(tr!(in lang, "consent.classes")).wrap().low(),
        Col::new(tr!(in lang, "consent.since", zone = v.zone())).nowrap().low(),
    ];
    let mut rows = Rows::new(v, &cols);
    for row in mine {
        let consent = consents.get(&row.id);
        let (tone, text) = words::status_text(lang, consent.map_or(ConsentStatus::None, |held| held.status));
        rows.row();
        rows.cell().row_link(&format!("{path}/{}", row.slug), &row.name);
        rows.cell().text(&words::countries_text(lang, consent.map_or(&row.countries, |held| &held.countries)));
        rows.cell().count(row.numbers);
        rows.cell().count(row.assigned);
        rows.cell().badge(tone, &text);
        rows.cell().maybe(consent, |rows, held| {
            rows.text(&words::class_list(lang, &held.classes));
        });
        rows.cell().maybe(consent, |rows, held| {
            rows.time(held.since, TimeStyle::Minute);
        });
    }
    let count = mine.len();
    view! {
        <List>
            <ListHead text=trn!(in lang, "consent.count", count) />
            <Table label=tr!(in lang, "consent.my_operators") cols=cols page_head=true>
                {rows.finish()}
            </Table>
        </List>
    }
    .into_any()
}

fn directory(lang: Lang, path: &str, others: Vec<OperatorRow>, may: bool) -> Option<AnyView> {
    if others.is_empty() {
        return None;
    }
    let cards = others
        .into_iter()
        .map(|row| {
            let page = format!("{path}/{}", row.slug);
            let accept = may.then(|| {
                let href = format!("{page}/accept");
                let label = tr!(in lang, "consent.read_and_add_named", name = row.name);
                view! {
                    <ButtonLink href=href size=Size::Small label=label>
                        {tr!(in lang, "consent.read_and_add")}
                    </ButtonLink>
                }
            });
            let website =
                row.website.map(|url| view! { <a class="fine" href=url rel="noopener">{tr!(in lang, "consent.website")}</a> });
            view! {
                <article class="op-card">
                    <div class="stack" data-gap="tight">
                        <div class="op-head">
                            <OrgMark name=row.name.clone() large=true />
                            <div>
                                <h3><a href=page>{row.name.clone()}</a></h3>
                                <p class="fine">{words::countries_text(lang, &row.countries)}</p>
                            </div>
                        </div>
                        <p class="fine">{words::services_text(lang, &row.services)}</p>
                    </div>
                    <div class="cluster">{accept}{website}</div>
                </article>
            }
        })
        .collect_view();
    Some(
        view! {
            <section class="stack" data-gap="tight">
                <h2>{tr!(in lang, "consent.directory")}</h2>
                <div class="cards">{cards}</div>
            </section>
        }
        .into_any(),
    )
}

/// What the page of one operator is made from.
struct Reading {
    operator: OperatorRow,
    consent: Option<Consent>,
    ledger: Vec<LedgerRow>,
    notice: Option<Notice>,
    newest: Option<Notice>,
}

async fn read(req: &PageRequest, ctx: &Ctx, lang: Lang) -> Result<Reading, Failure> {
    let tenant = ctx.tenant()?;
    let mut tx = req.store.begin_for(ctx).await?;
    let operator = actions::operator_by_slug(&mut tx, tenant, req.param("operator")).await?;
    let id = OperatorId(operator.id);
    let consent = queries_read::consent(&mut tx, tenant, id).await?;
    let ledger = queries_read::ledger(&mut tx, tenant, id).await?;
    let newest = queries_read::newest_notice(&mut tx, lang.code()).await?;
    let notice = match &consent {
        Some(consent) => queries_read::notice(&mut tx, &consent.notice_version, lang.code()).await?,
        None => None,
    };
    tx.commit().await?;
    Ok(Reading { operator, consent, ledger, notice, newest })
}

/// `/t/{slug}/operators/{operator}`: the consent as it stands, what can be done with it, the text and the ledger.
///
/// # Errors
/// 401 for a visitor, 403 without `tenant:read`, 404 for an unknown operator.
pub async fn operator_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    ctx.require(Scope::TenantRead)?;
    let v = viewer();
    let lang = v.lang;
    let reading = read(&req, ctx, lang).await?;
    let may = ctx.scopes.has(Scope::ConsentWrite);
    let title = reading.operator.name.clone();
    let crumbs =
        vec![Crumb::link(format!("/t/{}/operators", req.slug()), tr!(in lang, "consent.operators")), Crumb::here(title.clone())];
    let outdated = match (&reading.consent, &reading.newest) {
        (Some(consent), Some(newest)) if consent.status != ConsentStatus::Withdrawn => newest.version != consent.notice_version,
        _ => false,
    };
    let accept_href = format!("{}/accept", req.path);
    let renew = outdated.then(|| {
        let action = may.then(
            || view! { <ButtonLink href=accept_href size=Size::Small>{tr!(in lang, "consent.read_and_decide")}</ButtonLink> },
        );
        view! {
            <Band tone=Tone::Info title=tr!(in lang, "consent.new_text") text=tr!(in lang, "consent.new_text_text")>
                {action}
            </Band>
        }
    });
    let register = format!("/t/{}/register?party={}", req.slug(), reading.operator.slug);
    let numbers = format!("/t/{}/numbers?operator={}", req.slug(), reading.operator.id);
    let body = view! {
        <PageHead title=title.clone() purpose=words::countries_text(lang, &reading.operator.countries) crumbs=crumbs>
            <ButtonLink href=numbers>{tr!(in lang, "consent.see_numbers", n = v.count(reading.operator.numbers))}</ButtonLink>
            <ButtonLink href=register>{tr!(in lang, "consent.see_register")}</ButtonLink>
        </PageHead>
        {renew}
        <Grid cols=Cols::Rail>
            <div class="stack">
                {consent_card(lang, &req.path, reading.consent.as_ref(), may)}
                {reading.notice.map(|notice| notice_card(lang, notice))}
            </div>
            <div class="stack">{ledger_card(lang, reading.ledger)}</div>
        </Grid>
    };
    Ok(Page::new(title, body))
}

fn consent_card(lang: Lang, path: &str, consent: Option<&Consent>, may: bool) -> AnyView {
    let accept = format!("{path}/accept");
    let Some(consent) = consent else {
        let action = may.then(|| {
            view! { <ButtonLink href=accept kind=Kind::Primary>{tr!(in lang, "consent.read_and_add")}</ButtonLink> }
        });
        return view! {
            <Card flush=true>
                <Empty title=tr!(in lang, "consent.no_consent") text=tr!(in lang, "consent.no_consent_text")>{action}</Empty>
            </Card>
        }
        .into_any();
    };
    let verbs = [Verb::Suspend, Verb::Resume, Verb::Withdraw]
        .into_iter()
        .filter(|verb| may && verb.from(consent.status).is_some())
        .map(|verb| {
            let href = format!("{path}/{}", verb.as_str());
            let kind = if verb == Verb::Withdraw { Kind::Danger } else { Kind::Plain };
            view! { <ButtonLink href=href kind=kind size=Size::Small>{words::verb_text(lang, verb)}</ButtonLink> }
        })
        .collect_view();
    let again = may.then(|| {
        let word = if consent.status == ConsentStatus::Withdrawn {
            tr!(in lang, "consent.read_and_add")
        } else {
            tr!(in lang, "consent.change")
        };
        view! { <ButtonLink href=accept size=Size::Small>{word}</ButtonLink> }
    });
    let foot = may.then(|| view! { <div class="cluster">{verbs}{again}</div> }.into_any());
    let (tone, status) = words::status_text(lang, consent.status);
    let (since, given) = (consent.since, consent.created_at);
    let contact = consent
        .contact
        .as_ref()
        .map_or_else(|| tr!(in lang, "consent.no_contact").into_owned(), |contact| format!("{}, {}", contact.name, contact.email));
    let (countries, classes) = (words::countries_text(lang, &consent.countries), words::class_list(lang, &consent.classes));
    let (version, sha256, by) = (consent.notice_version.clone(), words::hex(&consent.notice_sha256), consent.accepted_by.clone());
    let kv = view! {
        <Kv>
            <KvRow label=tr!(in lang, "consent.consent")><Badge tone=tone text=status /></KvRow>
            <KvRow label=tr!(in lang, "consent.status_since")><Time at=since style=TimeStyle::Full /></KvRow>
            <KvRow label=tr!(in lang, "consent.countries")>{countries}</KvRow>
            <KvRow label=tr!(in lang, "consent.classes")>{classes}</KvRow>
            <KvRow label=tr!(in lang, "consent.text")>{version}</KvRow>
            <KvRow label=tr!(in lang, "consent.sha256")>
                <Copy value=sha256 label=tr!(in lang, "consent.sha256") inline=true />
            </KvRow>
            <KvRow label=tr!(in lang, "consent.first_given")><Time at=given style=TimeStyle::Full /></KvRow>
            <KvRow label=tr!(in lang, "consent.accepted_by")>{by}</KvRow>
            <KvRow label=tr!(in lang, "consent.contact")>{contact}</KvRow>
        </Kv>
    };
    match foot {
        Some(foot) => view! { <Card title=tr!(in lang, "consent.consent") foot=foot>{kv}</Card> }.into_any(),
        None => view! { <Card title=tr!(in lang, "consent.consent")>{kv}</Card> }.into_any(),
    }
}

/// A notice text with its version and digest.
pub(super) fn notice_card(lang: Lang, notice: Notice) -> AnyView {
    let title = tr!(in lang, "consent.text_version", version = notice.version);
    let label = title.clone();
    let paragraphs = notice.body.split("\n\n").map(|text| view! { <p>{text.trim().to_owned()}</p> }).collect_view();
    let (heading, sha256, at, language) = (notice.title, words::hex(&notice.sha256), notice.published_at, notice.language);
    view! {
        <Card title=title>
            <div class="notice-text prose" tabindex="0" role="region" aria-label=label lang=language>
                <p><b>{heading}</b></p>
                {paragraphs}
            </div>
            <p class="fine">
                {tr!(in lang, "consent.in_force")}" "<Time at=at style=TimeStyle::Date />". SHA-256 "<span class="id">{sha256}</span>
            </p>
        </Card>
    }
    .into_any()
}

fn ledger_card(lang: Lang, ledger: Vec<LedgerRow>) -> Option<AnyView> {
    if ledger.is_empty() {
        return None;
    }
    let items = ledger
        .into_iter()
        .map(|row| {
            let tone = match row.action.as_str() {
                "granted" | "resumed" => Tone::Ok,
                "suspended" => Tone::Warn,
                "withdrawn" => Tone::Danger,
                _ => Tone::Info,
            };
            let from = row.address.map_or_else(String::new, |address| format!(", {address}"));
            let scope =
                format!("{}: {}", words::countries_text(lang, &row.countries), crate::transfers::classes_text(lang, &row.classes));
            let text = tr!(in lang, "consent.text_version", version = row.notice_version);
            view! {
                <TimelineItem tone=tone title=words::ledger_text(lang, &row.action) at=row.at>
                    <p>{row.actor_label}{from}</p>
                    <p class="fine">{scope}". "{text}</p>
                </TimelineItem>
            }
        })
        .collect_view();
    Some(view! { <Card title=tr!(in lang, "consent.ledger")><Timeline>{items}</Timeline></Card> }.into_any())
}
