//! The page where a notice text is read and accepted: the text, what is new in it, countries, classes, contact, confirmations.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::directory::DirectoryRow;
use super::forms::AcceptConsent;
use super::model::Consent;
use super::model::ConsentStatus;
use super::model::Notice;
use super::notice_diff;
use super::notice_diff::Part;
use super::pages_change::crumbs;
use super::pages_operator::notice_card;
use super::staff;
use super::words;
use crate::identity::PageRequest;
use crate::tr;
use crate::transfers::Class;
use crate::transfers::class_text;
use crate::ui::Band;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Checkbox;
use crate::ui::Cols;
use crate::ui::Disclosure;
use crate::ui::Grid;
use crate::ui::Hidden;
use crate::ui::Kind;
use crate::ui::Lang;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Text;
use crate::ui::TextInput;
use crate::ui::Tone;
use crate::ui::Viewer;

/// What the page is made from.
pub(super) struct Offer {
    pub(super) operator: DirectoryRow,
    pub(super) consent: Option<Consent>,
    /// The newest text in the language asked for.
    pub(super) newest: Option<Notice>,
    /// The text the consent stands on, in the same language, when it is another one.
    pub(super) held: Option<Notice>,
}

pub(super) fn accept_view(v: &Viewer, req: &PageRequest, page: &str, offer: Offer) -> Page {
    let lang = v.lang;
    let Offer { operator, consent, newest, held } = offer;
    let consent = consent.as_ref();
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
    let (version, language) = (notice.version.clone(), notice.language.clone());
    let (countries, classes) = (country_card(lang, req, &operator, consent), class_card(lang, req, consent));
    let contact = contact_card(lang, req, consent);
    let read_wrong = req.wrong("read");
    let read = req.typed("read") == Some("true") && req.typed("notice_version") == Some(notice.version.as_str());
    let (slug, short, id) = (req.slug().to_owned(), operator.slug.clone(), operator.id.to_string());
    let read_label = tr!(in lang, "consent.read", version = version);
    let back = page.to_owned();
    let news = held.map(|held| news_card(lang, &held, &notice));
    let other = other_language(lang, req, &language);
    let staff = staff_box(lang, req, &operator);
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in lang, "consent.accept_purpose") crumbs=crumbs />
        <Grid cols=Cols::Rail>
            <form class="stack" action=AcceptConsent::url() method="post">
                <Hidden name="slug" value=slug />
                <Hidden name="operator" value=short />
                <Hidden name="operator_id" value=id />
                <Hidden name="notice_version" value=version />
                <Hidden name="language" value=language />
                {news}
                {notice_card(lang, notice, other)}
                {countries}
                {classes}
                {contact}
                <Card title=tr!(in lang, "consent.confirm")>
                    <div class="stack" data-gap="tight">
                        {staff}
                        <Checkbox name="read" label=read_label error=read_wrong checked=read required=true />
                        <div class="cluster">
                            <Button kind=Kind::Primary>{tr!(in lang, "consent.accept")}</Button>
                            <ButtonLink href=back kind=Kind::Quiet>{tr!(in lang, "consent.not_yet")}</ButtonLink>
                        </div>
                    </div>
                </Card>
            </form>
            <Card title=tr!(in lang, "consent.later")>
                <ul class="bullets">
                    <li>{tr!(in lang, "consent.later.stops")}</li>
                    <li>{tr!(in lang, "consent.later.stays")}</li>
                    <li>{tr!(in lang, "consent.later.given")}</li>
                    <li>{tr!(in lang, "consent.later.settled")}</li>
                </ul>
            </Card>
        </Grid>
    };
    Page::new(title, body)
}

/// The same text in the other language.
fn other_language(lang: Lang, req: &PageRequest, shown: &str) -> AnyView {
    let links = Lang::ALL
        .into_iter()
        .filter(|other| other.code() != shown)
        .map(|other| {
            let href = req.query.with("language", other.code()).href(&req.path);
            view! { <a href=href hreflang=other.code() lang=other.code()>{other.own_name()}</a> }
        })
        .collect_view();
    view! { <p class="fine">{tr!(in lang, "consent.read_in")}" "{links}</p> }.into_any()
}

/// What the newest text says otherwise than the one that was accepted.
fn news_card(lang: Lang, held: &Notice, newest: &Notice) -> AnyView {
    let parts = notice_diff::compare(&held.body, &newest.body);
    let (added, removed) = notice_diff::counts(&parts);
    let title = tr!(in lang, "consent.news", version = held.version);
    let counts = tr!(in lang, "consent.news_counts", added = added, removed = removed);
    let summary = tr!(in lang, "consent.news_show");
    let language = newest.language.clone();
    view! {
        <Card title=title>
            <p>{counts}</p>
            <Disclosure summary=summary open=true>
                <div lang=language>{diff_view(lang, &parts)}</div>
            </Disclosure>
        </Card>
    }
    .into_any()
}

/// A comparison as marked paragraphs; paragraphs in common are left out but told of.
pub(super) fn diff_view(lang: Lang, parts: &[Part]) -> AnyView {
    let mut same = 0;
    let mut shown: Vec<AnyView> = Vec::new();
    let skipped = |n: usize| {
        let text = if n == 1 { tr!(in lang, "consent.news_same_one") } else { tr!(in lang, "consent.news_same", n = n) };
        view! { <p class="fine">{text}</p> }.into_any()
    };
    for part in parts {
        let marked = match part {
            Part::Same(_) => {
                same += 1;
                continue;
            }
            Part::Added(text) => {
                let label = tr!(in lang, "consent.news_added");
                view! { <p><b class="fine">{label}": "</b><ins>{text.clone()}</ins></p> }.into_any()
            }
            Part::Removed(text) => {
                let label = tr!(in lang, "consent.news_removed");
                view! { <p><b class="fine">{label}": "</b><del>{text.clone()}</del></p> }.into_any()
            }
        };
        if same > 0 {
            shown.push(skipped(same));
            same = 0;
        }
        shown.push(marked);
    }
    if same > 0 {
        shown.push(skipped(same));
    }
    view! { <div class="prose">{shown}</div> }.into_any()
}

/// The confirmation that staff are informed, with the rules of the countries that ask for it.
fn staff_box(lang: Lang, req: &PageRequest, operator: &DirectoryRow) -> Option<AnyView> {
    let asking = staff::asking(&operator.countries);
    if asking.is_empty() {
        return None;
    }
    let rules: Vec<String> = asking
        .iter()
        .filter_map(|country| Some(format!("{} ({})", words::country_text(lang, country), staff::rule(country)?)))
        .collect();
    let hint = tr!(in lang, "consent.staff_hint", rules = rules.join(", "));
    let wrong = req.wrong("staff_informed");
    let checked = req.typed("staff_informed") == Some("true");
    Some(
        view! { <Checkbox name="staff_informed" label=tr!(in lang, "consent.staff_informed") hint=hint error=wrong checked=checked /> }
            .into_any(),
    )
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

fn country_card(lang: Lang, req: &PageRequest, operator: &DirectoryRow, consent: Option<&Consent>) -> AnyView {
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
