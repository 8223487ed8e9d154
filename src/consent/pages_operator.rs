//! `/t/{slug}/operators/{operator}`: one operator, the consent as it stands, what can be done with it, and its ledger.

use leptos::prelude::*;
use uuid::Uuid;

use super::actions;
use super::directory::DirectoryRow;
use super::directory::Health;
use super::model::Consent;
use super::model::ConsentStatus;
use super::model::Notice;
use super::model::RelationshipStatus;
use super::model::Verb;
use super::pages::health;
use super::pages::is_outdated;
use super::queries_directory;
use super::queries_directory::EntryRow;
use super::queries_directory::GateRow;
use super::queries_read;
use super::words;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::tr;
use crate::transfers::Class;
use crate::transfers::class_text;
use crate::transfers::classes_text;
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
use crate::ui::Icon;
use crate::ui::Kind;
use crate::ui::Kv;
use crate::ui::KvRow;
use crate::ui::Lang;
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

/// What the page of one operator is made from.
struct Reading {
    operator: DirectoryRow,
    consent: Option<Consent>,
    ledger: Vec<EntryRow>,
    gates: Vec<GateRow>,
    relationship: Option<(String, Option<String>)>,
    notice: Option<Notice>,
    newest: Option<Notice>,
    health: Health,
}

async fn read(req: &PageRequest, ctx: &Ctx, lang: Lang) -> Result<Reading, Failure> {
    let tenant = ctx.tenant()?;
    let mut tx = req.store.begin_for(ctx).await?;
    let operator = actions::operator_by_slug(&mut tx, tenant, req.param("operator")).await?;
    let id = OperatorId(operator.id);
    let consent = queries_read::consent(&mut tx, tenant, id).await?;
    let ledger = queries_directory::entries(&mut tx, tenant, id, None).await?;
    let gates = queries_directory::gates(&mut tx, tenant, id).await?;
    let relationship = queries_directory::relationship(&mut tx, tenant, id).await?;
    let newest = queries_read::newest_notice(&mut tx, lang.code()).await?;
    let notice = match &consent {
        Some(consent) => queries_read::notice(&mut tx, &consent.notice_version, lang.code()).await?,
        None => None,
    };
    tx.commit().await?;
    let health = health(&req.store, tenant, id).await?;
    let relationship = relationship.map(|(status, comment, _)| (status, comment));
    Ok(Reading { operator, consent, ledger, gates, relationship, notice, newest, health })
}

/// `/t/{slug}/operators/{operator}`.
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
    let operator = &reading.operator;
    let title = operator.name.clone();
    let crumbs =
        vec![Crumb::link(format!("/t/{}/operators", req.slug()), tr!(in lang, "consent.operators")), Crumb::here(title.clone())];
    let outdated = is_outdated(reading.consent.as_ref(), reading.newest.as_ref().map(|notice| notice.version.as_str()));
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
    let ended = ended_band(lang, reading.relationship.as_ref());
    let home = format!("/t/{}", req.slug());
    let register = format!("{home}/register?party={}", operator.slug);
    let numbers = format!("{home}/numbers?operator={}", operator.id);
    let active = reading.consent.as_ref().filter(|consent| consent.status == ConsentStatus::Active);
    let feeds = active.map(|consent| feed_card(&v, consent, &reading.health));
    let leaving =
        (reading.consent.is_some() || operator.numbers > 0).then(|| papers_card(lang, &req.path, reading.consent.as_ref()));
    let matrix = reading.consent.as_ref().and_then(|_| gate_card(&v, &reading.gates));
    let accepted = reading.ledger.iter().find(|entry| matches!(entry.action.as_str(), "granted" | "changed"));
    let consent = consent_card(lang, &req.path, reading.consent.as_ref(), accepted, may);
    let about = about_card(lang, operator, reading.relationship.as_ref());
    let countries = words::countries_text(lang, &operator.countries);
    let see_numbers = tr!(in lang, "consent.see_numbers", n = v.count(operator.numbers));
    let notice = reading.notice.map(|notice| notice_card(lang, notice, ().into_any()));
    let ledger = ledger_card(lang, &req.path, reading.ledger);
    let body = view! {
        <PageHead title=title.clone() purpose=countries crumbs=crumbs>
            <ButtonLink href=numbers>{see_numbers}</ButtonLink>
            <ButtonLink href=register>{tr!(in lang, "consent.see_register")}</ButtonLink>
        </PageHead>
        {ended}
        {renew}
        <Grid cols=Cols::Rail>
            <div class="stack">
                {consent}
                {matrix}
                {notice}
            </div>
            <div class="stack">
                {about}
                {feeds}
                {leaving}
                {ledger}
            </div>
        </Grid>
    };
    Ok(Page::new(title, body))
}

/// The operator has ended the contract: numbers cannot be assigned any more, and leaving is the way on.
fn ended_band(lang: Lang, relationship: Option<&(String, Option<String>)>) -> Option<AnyView> {
    let (status, comment) = relationship?;
    let status = RelationshipStatus::parse(status).filter(|status| status.needs_comment())?;
    let title = match status {
        RelationshipStatus::ConsentDeclined => tr!(in lang, "consent.relation.declined"),
        _ => tr!(in lang, "consent.relation.terminated"),
    };
    let text = comment.clone();
    Some(view! { <Band tone=Tone::Warn title=title text=text /> }.into_any())
}

fn about_card(lang: Lang, operator: &DirectoryRow, relationship: Option<&(String, Option<String>)>) -> AnyView {
    let services = words::services_text(lang, &operator.services);
    let countries = words::countries_text(lang, &operator.countries);
    let emergency = words::emergency_mode_long(lang, &operator.emergency_mode);
    let website = operator.website.clone().map(|url| {
        let shown = url.trim_start_matches("https://").trim_end_matches('/').to_owned();
        view! { <KvRow label=tr!(in lang, "consent.website")><a href=url rel="noopener">{shown}</a></KvRow> }
    });
    let relation = relationship.and_then(|(status, comment)| {
        let (tone, text) = words::relationship_text(lang, RelationshipStatus::parse(status)?);
        let comment = comment.clone().map(|text| view! { <p class="fine">{text}</p> });
        Some(view! { <KvRow label=tr!(in lang, "consent.relation")><Badge tone=tone text=text />{comment}</KvRow> })
    });
    let mark = view! { <OrgMark name=operator.name.clone() large=true picture=operator.logo() /> }.into_any();
    view! {
        <Card title=tr!(in lang, "consent.about") aside=mark>
            <Kv>
                <KvRow label=tr!(in lang, "consent.countries")>{countries}</KvRow>
                <KvRow label=tr!(in lang, "consent.numbers")>{services}</KvRow>
                <KvRow label=tr!(in lang, "consent.emergency")>{emergency}</KvRow>
                {website}
                {relation}
            </Kv>
        </Card>
    }
    .into_any()
}

fn feed_card(v: &Viewer, consent: &Consent, health: &Health) -> AnyView {
    let lang = v.lang;
    let (tone, text) = words::notices_text(v, health);
    let calls = consent.classes.contains(&Class::Calls).then(|| {
        let read = health.calls_read_at.map_or_else(
            || tr!(in lang, "consent.feed.never_read").into_any(),
            |at| view! { {tr!(in lang, "consent.feed.read_at")}" "<Time at=at style=TimeStyle::Minute zone=true /> }.into_any(),
        );
        view! { <KvRow label=tr!(in lang, "consent.feed.calls_plain")>{read}</KvRow> }
    });
    let durations = consent.classes.contains(&Class::Durations).then(|| {
        let shown = words::durations_text(v, health).map_or_else(
            || tr!(in lang, "consent.feed.no_calls").into_any(),
            |(tone, text)| view! { <Badge tone=tone text=text /> }.into_any(),
        );
        let closed = health.closed_day.map(|day| {
            let text = tr!(in lang, "consent.feed.closed_day", day = v.day(day));
            view! { <p class="fine">{text}</p> }
        });
        view! { <KvRow label=tr!(in lang, "consent.feed.durations")>{shown}{closed}</KvRow> }
    });
    view! {
        <Card title=tr!(in lang, "consent.feed.title")>
            <Kv>
                <KvRow label=tr!(in lang, "consent.feed.notices")><Badge tone=tone text=text /></KvRow>
                {calls}
                {durations}
            </Kv>
        </Card>
    }
    .into_any()
}

/// What can be taken along, and the way out.
fn papers_card(lang: Lang, path: &str, consent: Option<&Consent>) -> AnyView {
    let papers = consent.map(|_| {
        let (certificate, handout) = (format!("{path}/certificate"), format!("{path}/handout"));
        view! {
            <li><a href=certificate>{tr!(in lang, "consent.certificate")}</a>" "<span class="fine">{tr!(in lang, "consent.certificate_hint")}</span></li>
            <li><a href=handout>{tr!(in lang, "consent.handout")}</a>" "<span class="fine">{tr!(in lang, "consent.handout_hint")}</span></li>
        }
    });
    let leave = format!("{path}/leave");
    view! {
        <Card title=tr!(in lang, "consent.papers")>
            <ul class="bullets">
                {papers}
                <li><a href=leave>{tr!(in lang, "consent.leaving")}</a>" "<span class="fine">{tr!(in lang, "consent.leaving_hint")}</span></li>
            </ul>
        </Card>
    }
    .into_any()
}

/// Which class may flow in which country now.
pub(super) fn gate_card(v: &Viewer, gates: &[GateRow]) -> Option<AnyView> {
    let lang = v.lang;
    let mut countries: Vec<&str> = gates.iter().map(|gate| gate.country.as_str()).collect();
    countries.dedup();
    if countries.is_empty() {
        return None;
    }
    let mut cols = vec![Col::new(tr!(in lang, "consent.class"))];
    cols.extend(countries.iter().map(|code| Col::new(words::country_text(lang, code))));
    let mut rows = Rows::new(v, &cols);
    for class in Class::ALL.iter().copied() {
        rows.row();
        rows.cell().text(&class_text(lang, class));
        for country in &countries {
            let gate = gates.iter().find(|gate| gate.country == *country && gate.class == class.as_str());
            let (tone, text) = words::gate_text(lang, gate.map(|gate| (gate.open, gate.reason.as_deref())));
            rows.cell().badge(tone, &text);
        }
    }
    Some(
        view! {
            <Card flush=true title=tr!(in lang, "consent.flows")>
                <Table label=tr!(in lang, "consent.flows") cols=cols compact=true>{rows.finish()}</Table>
            </Card>
        }
        .into_any(),
    )
}

fn consent_card(lang: Lang, path: &str, consent: Option<&Consent>, last: Option<&EntryRow>, may: bool) -> AnyView {
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
    let again = (may && consent.status != ConsentStatus::Suspended).then(|| {
        let word = if consent.status == ConsentStatus::Withdrawn {
            tr!(in lang, "consent.read_and_add")
        } else {
            tr!(in lang, "consent.change")
        };
        view! { <ButtonLink href=accept size=Size::Small>{word}</ButtonLink> }
    });
    let certificate = format!("{path}/certificate");
    let foot = view! {
        <div class="cluster">
            <ButtonLink href=certificate size=Size::Small icon=Icon::Printer>{tr!(in lang, "consent.certificate")}</ButtonLink>
            {again}
            {verbs}
        </div>
    }
    .into_any();
    let (tone, status) = words::status_text(lang, consent.status);
    let (since, given) = (consent.since, consent.created_at);
    let contact = consent
        .contact
        .as_ref()
        .map_or_else(|| tr!(in lang, "consent.no_contact").into_owned(), |contact| format!("{}, {}", contact.name, contact.email));
    let (countries, classes) = (words::countries_text(lang, &consent.countries), words::class_list(lang, &consent.classes));
    let (version, sha256, by) = (consent.notice_version.clone(), words::hex(&consent.notice_sha256), consent.accepted_by.clone());
    let from = last.and_then(|entry| entry.address.clone()).map(|address| {
        view! { <KvRow label=tr!(in lang, "consent.from_address")><span class="id">{address}</span></KvRow> }
    });
    view! {
        <Card title=tr!(in lang, "consent.consent") foot=foot>
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
                {from}
                <KvRow label=tr!(in lang, "consent.contact")>{contact}</KvRow>
            </Kv>
        </Card>
    }
    .into_any()
}

/// A notice text with its version and digest; `more` stands under it.
pub(super) fn notice_card(lang: Lang, notice: Notice, more: AnyView) -> AnyView {
    let title = tr!(in lang, "consent.text_version", version = notice.version);
    let label = title.clone();
    let paragraphs =
        super::notice_diff::paragraphs(&notice.body).into_iter().map(|text| view! { <p>{text.to_owned()}</p> }).collect_view();
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
            {more}
        </Card>
    }
    .into_any()
}

fn ledger_card(lang: Lang, path: &str, ledger: Vec<EntryRow>) -> Option<AnyView> {
    if ledger.is_empty() {
        return None;
    }
    let items = ledger.into_iter().map(|row| ledger_item(lang, path, row)).collect_view();
    let file = path.rsplit_once('/').map(|(operators, _)| format!("{operators}.csv")).unwrap_or_default();
    let foot = view! {
        <ButtonLink href=file kind=Kind::Quiet size=Size::Small icon=Icon::Download download=true>
            {tr!(in lang, "consent.ledger_file")}
        </ButtonLink>
    }
    .into_any();
    Some(view! { <Card title=tr!(in lang, "consent.ledger") foot=foot><Timeline>{items}</Timeline></Card> }.into_any())
}

fn ledger_item(lang: Lang, path: &str, row: EntryRow) -> AnyView {
    let tone = match row.action.as_str() {
        "granted" | "resumed" => Tone::Ok,
        "suspended" => Tone::Warn,
        "withdrawn" => Tone::Danger,
        _ => Tone::Info,
    };
    let from = row.address.map_or_else(String::new, |address| format!(", {address}"));
    let scope = format!("{}: {}", words::countries_text(lang, &row.countries), classes_text(lang, &row.classes));
    let text = tr!(in lang, "consent.text_version", version = row.notice_version);
    let entry: Uuid = row.id;
    let href = format!("{path}/certificate?entry={entry}");
    view! {
        <TimelineItem tone=tone title=words::ledger_text(lang, &row.action) at=row.at>
            <p>{row.actor_label}{from}</p>
            <p class="fine">{scope}". "{text}". "<a href=href>{tr!(in lang, "consent.certificate")}</a></p>
        </TimelineItem>
    }
    .into_any()
}
