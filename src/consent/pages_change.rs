//! The pages that ask before a consent changes: read and accept; suspend, resume or withdraw with what each does.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::actions;
use super::forms::AcceptConsent;
use super::forms::ResumeConsent;
use super::forms::SuspendConsent;
use super::forms::WithdrawConsent;
use super::model::Consent;
use super::model::ConsentStatus;
use super::model::Notice;
use super::model::OperatorRow;
use super::model::Verb;
use super::pages::notice_card;
use super::queries_read;
use super::words;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Problem;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::tr;
use crate::transfers::Class;
use crate::transfers::class_text;
use crate::ui::ActionButton;
use crate::ui::Band;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Checkbox;
use crate::ui::Cols;
use crate::ui::Crumb;
use crate::ui::Grid;
use crate::ui::Hidden;
use crate::ui::Kind;
use crate::ui::Lang;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Size;
use crate::ui::Text;
use crate::ui::TextInput;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::viewer;

/// `/t/{slug}/operators/{operator}/{verb}`: `accept`, `suspend`, `resume` or `withdraw`.
///
/// # Errors
/// 401 for a visitor, 403 without `consent:write`, 404 for an unknown operator or verb.
pub async fn change_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    ctx.require(Scope::ConsentWrite)?;
    let tenant = ctx.tenant()?;
    let v = viewer();
    let mut tx = req.store.begin_for(ctx).await?;
    let operator = actions::operator_by_slug(&mut tx, tenant, req.param("operator")).await?;
    let consent = queries_read::consent(&mut tx, tenant, OperatorId(operator.id)).await?;
    let newest = queries_read::newest_notice(&mut tx, v.lang.code()).await?;
    tx.commit().await?;
    let page = format!("/t/{}/operators/{}", req.slug(), operator.slug);
    if req.param("verb") == "accept" {
        return Ok(accept_view(&v, &req, &page, operator, consent.as_ref(), newest));
    }
    let verb = Verb::parse(req.param("verb")).ok_or_else(|| Problem::not_found("page"))?;
    let consent = consent.ok_or_else(|| Problem::not_found("consent"))?;
    Ok(confirm_view(&v, &req, &page, &operator, &consent, verb))
}

fn crumbs(lang: Lang, req: &PageRequest, page: &str, operator: &str, here: Text) -> Vec<Crumb> {
    vec![
        Crumb::link(format!("/t/{}/operators", req.slug()), tr!(in lang, "consent.operators")),
        Crumb::link(page.to_owned(), operator.to_owned()),
        Crumb::here(here),
    ]
}

fn confirm_view(v: &Viewer, req: &PageRequest, page: &str, operator: &OperatorRow, consent: &Consent, verb: Verb) -> Page {
    let lang = v.lang;
    let name = operator.name.as_str();
    let title = match verb {
        Verb::Suspend => tr!(in lang, "consent.suspend_title", name = name),
        Verb::Resume => tr!(in lang, "consent.resume_title", name = name),
        Verb::Withdraw => tr!(in lang, "consent.withdraw_title", name = name),
    };
    let crumbs = crumbs(lang, req, page, name, words::verb_text(lang, verb));
    let back = page.to_owned();
    if verb.from(consent.status).is_none() {
        let (_, status) = words::status_text(lang, consent.status);
        let body = view! {
            <PageHead title=title.clone() crumbs=crumbs />
            <Band tone=Tone::Info title=tr!(in lang, "consent.not_now", status = status)>
                <ButtonLink href=back size=Size::Small>{tr!(in lang, "consent.back")}</ButtonLink>
            </Band>
        };
        return Page::new(title, body);
    }
    let effects = effects(v, operator, consent, verb).into_iter().map(|text| view! { <li>{text}</li> }).collect_view();
    let fields: Vec<(Text, Text)> = vec![
        ("slug".into(), req.slug().to_owned().into()),
        ("operator".into(), operator.slug.clone().into()),
        ("operator_id".into(), operator.id.to_string().into()),
    ];
    let (action, kind) = match verb {
        Verb::Suspend => (SuspendConsent::url(), Kind::Primary),
        Verb::Resume => (ResumeConsent::url(), Kind::Primary),
        Verb::Withdraw => (WithdrawConsent::url(), Kind::Danger),
    };
    let body = view! {
        <PageHead title=title.clone() crumbs=crumbs />
        <Card title=tr!(in lang, "consent.effects")>
            <ul class="bullets">{effects}</ul>
            <div class="cluster">
                <ActionButton action=action fields=fields kind=kind>
                    {words::verb_text(lang, verb)}
                </ActionButton>
                <ButtonLink href=back kind=Kind::Quiet>{tr!(in lang, "consent.leave")}</ButtonLink>
            </div>
        </Card>
    };
    Page::new(title, body)
}

/// Exactly what the verb does, with counts.
fn effects(v: &Viewer, operator: &OperatorRow, consent: &Consent, verb: Verb) -> Vec<Text> {
    let lang = v.lang;
    let (numbers, assigned) = (v.count(operator.numbers), v.count(operator.assigned));
    let classes = words::class_list(lang, &consent.classes);
    let countries = words::countries_text(lang, &consent.countries);
    let name = operator.name.as_str();
    match verb {
        Verb::Suspend | Verb::Withdraw => {
            let stops = tr!(in lang, "consent.effect.stops", classes = classes, countries = countries, n = numbers);
            let mut out = vec![
                stops,
                tr!(in lang, "consent.effect.no_assign", name = name),
                tr!(in lang, "consent.effect.stays", n = assigned),
                tr!(in lang, "consent.effect.unassign"),
                tr!(in lang, "consent.effect.emergency"),
                tr!(in lang, "consent.effect.given", name = name),
                tr!(in lang, "consent.effect.told", name = name),
            ];
            out.push(if verb == Verb::Suspend {
                tr!(in lang, "consent.effect.resume")
            } else {
                tr!(in lang, "consent.effect.anew")
            });
            out
        }
        Verb::Resume => vec![
            tr!(in lang, "consent.effect.flows", classes = classes, countries = countries, n = numbers),
            tr!(in lang, "consent.effect.snapshot", name = name, n = numbers),
            tr!(in lang, "consent.effect.not_caught_up"),
            tr!(in lang, "consent.effect.same_text", version = consent.notice_version),
        ],
    }
}

fn accept_view(
    v: &Viewer,
    req: &PageRequest,
    page: &str,
    operator: OperatorRow,
    consent: Option<&Consent>,
    newest: Option<Notice>,
) -> Page {
    let lang = v.lang;
    let stands = consent.is_some_and(|held| held.status != ConsentStatus::Withdrawn);
    let title = if stands {
        tr!(in lang, "consent.change_title", name = operator.name)
    } else {
        tr!(in lang, "consent.accept_title", name = operator.name)
    };
    let crumbs = crumbs(lang, req, page, &operator.name, tr!(in lang, "consent.consent"));
    let Some(notice) = newest else {
        let body = view! {
            <PageHead title=title.clone() crumbs=crumbs />
            <Band tone=Tone::Warn title=tr!(in lang, "consent.no_text") text=tr!(in lang, "consent.no_text_text") />
        };
        return Page::new(title, body);
    };
    let version = notice.version.clone();
    let (countries, classes) = (country_card(lang, req, &operator, consent), class_card(lang, req, consent));
    let contact = contact_card(lang, req, consent);
    let read_wrong = req.wrong("read");
    let read = req.typed("read") == Some("true") && req.typed("notice_version") == Some(notice.version.as_str());
    let (slug, short, id) = (req.slug().to_owned(), operator.slug.clone(), operator.id.to_string());
    let read_label = tr!(in lang, "consent.read", version = version);
    let back = page.to_owned();
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in lang, "consent.accept_purpose") crumbs=crumbs />
        <Grid cols=Cols::Rail>
            <form class="stack" action=AcceptConsent::url() method="post">
                <Hidden name="slug" value=slug />
                <Hidden name="operator" value=short />
                <Hidden name="operator_id" value=id />
                <Hidden name="notice_version" value=version />
                {notice_card(lang, notice)}
                {countries}
                {classes}
                {contact}
                <div class="stack" data-gap="tight">
                    <Checkbox name="read" label=read_label hint=tr!(in lang, "consent.staff") error=read_wrong checked=read required=true />
                    <div class="cluster">
                        <Button kind=Kind::Primary>{tr!(in lang, "consent.accept")}</Button>
                        <ButtonLink href=back kind=Kind::Quiet>{tr!(in lang, "consent.not_yet")}</ButtonLink>
                    </div>
                </div>
            </form>
            <Card title=tr!(in lang, "consent.later")>
                <ul class="bullets">
                    <li>{tr!(in lang, "consent.later.stops")}</li>
                    <li>{tr!(in lang, "consent.later.stays")}</li>
                    <li>{tr!(in lang, "consent.later.given")}</li>
                </ul>
            </Card>
        </Grid>
    };
    Page::new(title, body)
}

/// What of a set of boxes is ticked: what was typed before a refusal, else what the consent says, else `otherwise`.
fn ticked(req: &PageRequest, field: &str, value: &str, held: Option<bool>, otherwise: bool) -> bool {
    match req.flash.as_ref().filter(|flash| !flash.code.is_empty()) {
        Some(flash) => flash.fields.iter().any(|(name, typed)| name == field && typed == value),
        None => held.unwrap_or(otherwise),
    }
}

fn box_card(field: &'static str, title: Text, wrong: Option<String>, boxes: AnyView) -> AnyView {
    let legend = title.clone();
    let id = format!("{field}-error");
    let described = wrong.is_some().then(|| id.clone());
    let error = wrong.map(|text| view! { <p class="error" id=id>{text}</p> });
    view! {
        <Card title=title>
            <fieldset class="stack" data-gap="tight" aria-describedby=described>
                <legend class="visually-hidden">{legend}</legend>
                {boxes}
                {error}
            </fieldset>
        </Card>
    }
    .into_any()
}

fn country_card(lang: Lang, req: &PageRequest, operator: &OperatorRow, consent: Option<&Consent>) -> AnyView {
    let boxes = operator
        .countries
        .iter()
        .map(|code| {
            let held = consent.map(|held| held.countries.contains(code));
            let checked = ticked(req, "countries", code, held, operator.countries.len() == 1);
            view! { <Checkbox name="countries[]" value=code.clone() label=words::country_text(lang, code) checked=checked /> }
        })
        .collect_view()
        .into_any();
    box_card("countries", tr!(in lang, "consent.countries"), req.wrong("countries"), boxes)
}

fn class_card(lang: Lang, req: &PageRequest, consent: Option<&Consent>) -> AnyView {
    let boxes = Class::ALL
        .iter()
        .map(|class| {
            let held = consent.map(|held| held.classes.contains(class));
            let checked = ticked(req, "classes", class.as_str(), held, true);
            view! {
                <Checkbox
                    name="classes[]"
                    value=class.as_str()
                    label=class_text(lang, *class)
                    hint=words::class_hint(lang, *class)
                    checked=checked
                />
            }
        })
        .collect_view()
        .into_any();
    box_card("classes", tr!(in lang, "consent.classes"), req.wrong("classes"), boxes)
}

fn contact_card(lang: Lang, req: &PageRequest, consent: Option<&Consent>) -> AnyView {
    let held = consent.and_then(|held| held.contact.as_ref());
    let person = req.signed.as_ref();
    let name = req
        .typed("contact_name")
        .map(str::to_owned)
        .or_else(|| held.map(|contact| contact.name.clone()))
        .or_else(|| person.map(|signed| signed.name.clone()));
    let email = req
        .typed("contact_email")
        .map(str::to_owned)
        .or_else(|| held.map(|contact| contact.email.clone()))
        .or_else(|| person.map(|signed| signed.email.clone()));
    let (name_wrong, email_wrong) = (req.wrong("contact_name"), req.wrong("contact_email"));
    view! {
        <Card title=tr!(in lang, "consent.contact_for")>
            <div class="fields" data-cols="2">
                <TextInput
                    name="contact_name"
                    label=tr!(in lang, "consent.contact_name")
                    value=name
                    maxlength="100"
                    autocomplete="name"
                    error=name_wrong
                />
                <TextInput
                    name="contact_email"
                    kind="email"
                    label=tr!(in lang, "consent.contact_email")
                    value=email
                    maxlength="254"
                    autocomplete="email"
                    error=email_wrong
                />
            </div>
        </Card>
    }
    .into_any()
}
