//! The pages that ask before a consent is suspended, resumed or withdrawn: exactly what each does, with counts.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::actions;
use super::directory::DirectoryRow;
use super::directory::Effects;
use super::directory::SETTLED_FOR;
use super::forms::ResumeConsent;
use super::forms::SuspendConsent;
use super::forms::WithdrawConsent;
use super::model::Consent;
use super::model::Verb;
use super::pages_accept::Offer;
use super::pages_accept::accept_view;
use super::queries_effects;
use super::queries_read;
use super::words;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Problem;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::store::Reach;
use crate::tr;
use crate::transfers::Class;
use crate::ui::ActionButton;
use crate::ui::Band;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Cols;
use crate::ui::Crumb;
use crate::ui::Grid;
use crate::ui::Kind;
use crate::ui::Lang;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Size;
use crate::ui::Text;
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
    let mut tx = req.store.begin(Reach::Nobody).await?;
    let operator = actions::operator_by_slug(&mut tx, tenant, req.param("operator")).await?;
    tx.commit().await?;
    let id = OperatorId(operator.id);
    let page = format!("/t/{}/operators/{}", req.slug(), operator.slug);
    // What the operator has not taken yet stands in its own rows.
    let mut tx = req.store.begin(Reach::Pair(tenant, id)).await?;
    let consent = queries_read::consent(&mut tx, tenant, id).await?;
    if req.param("verb") == "accept" {
        let language = req.query.get("language").and_then(Lang::from_code).unwrap_or(v.lang);
        let newest = queries_read::newest_notice(&mut tx, language.code()).await?;
        let other = consent.as_ref().filter(|held| newest.as_ref().is_some_and(|new| new.version != held.notice_version));
        let held = match other {
            Some(consent) => queries_read::notice(&mut tx, &consent.notice_version, language.code()).await?,
            None => None,
        };
        tx.commit().await?;
        return Ok(accept_view(&v, &req, &page, Offer { operator, consent, newest, held }));
    }
    let verb = Verb::parse(req.param("verb")).ok_or_else(|| Problem::not_found("page"))?;
    let consent = consent.ok_or_else(|| Problem::not_found("consent"))?;
    let effects = queries_effects::effects(&mut tx, tenant, id, ctx.now()).await?;
    tx.commit().await?;
    Ok(confirm_view(&v, &req, &page, &Decision { operator: &operator, consent: &consent, effects: &effects, verb }))
}

/// What is to be decided.
struct Decision<'a> {
    operator: &'a DirectoryRow,
    consent: &'a Consent,
    effects: &'a Effects,
    verb: Verb,
}

pub(super) fn crumbs(lang: Lang, req: &PageRequest, page: &str, operator: &str, here: Text) -> Vec<Crumb> {
    vec![
        Crumb::link(format!("/t/{}/operators", req.slug()), tr!(in lang, "consent.operators")),
        Crumb::link(page.to_owned(), operator.to_owned()),
        Crumb::here(here),
    ]
}

fn confirm_view(v: &Viewer, req: &PageRequest, page: &str, decision: &Decision<'_>) -> Page {
    let lang = v.lang;
    let Decision { operator, consent, effects, verb } = *decision;
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
    let seen = effects.seen(consent, verb);
    let (at_once, stays) = lines(v, decision);
    let list = |lines: Vec<Text>| lines.into_iter().map(|text| view! { <li>{text}</li> }).collect_view();
    let (at_once, stays) = (list(at_once), list(stays));
    let (now_title, stay_title) = match verb {
        Verb::Resume => (tr!(in lang, "consent.effects.flows"), tr!(in lang, "consent.effects.as_it_is")),
        Verb::Suspend | Verb::Withdraw => (tr!(in lang, "consent.effects.stops"), tr!(in lang, "consent.effects.stays")),
    };
    let again = (req.flash.as_ref().is_some_and(|flash| flash.code == "effects_changed")).then(|| {
        view! { <Band tone=Tone::Warn title=tr!(in lang, "consent.effects.changed") text=tr!(in lang, "consent.effects.changed_text") /> }
    });
    let leave = (verb == Verb::Withdraw).then(|| {
        let href = format!("{page}/leave");
        view! { <p class="fine">{tr!(in lang, "consent.effects.leave")}" "<a href=href>{tr!(in lang, "consent.leaving")}</a></p> }
    });
    let fields: Vec<(Text, Text)> = vec![
        ("slug".into(), req.slug().to_owned().into()),
        ("operator".into(), operator.slug.clone().into()),
        ("operator_id".into(), operator.id.to_string().into()),
        ("seen".into(), seen.into()),
    ];
    let (action, kind) = match verb {
        Verb::Suspend => (SuspendConsent::url(), Kind::Primary),
        Verb::Resume => (ResumeConsent::url(), Kind::Primary),
        Verb::Withdraw => (WithdrawConsent::url(), Kind::Danger),
    };
    let (told, word) = (tr!(in lang, "consent.effects.told", name = name), words::verb_text(lang, verb));
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in lang, "consent.effects.purpose") crumbs=crumbs />
        {again}
        <Grid cols=Cols::Two>
            <Card title=now_title><ul class="bullets">{at_once}</ul></Card>
            <Card title=stay_title><ul class="bullets">{stays}</ul></Card>
        </Grid>
        <Card title=tr!(in lang, "consent.effects.decide")>
            <p>{told}</p>
            {leave}
            <div class="cluster">
                <ActionButton action=action fields=fields kind=kind>
                    {word}
                </ActionButton>
                <ButtonLink href=back kind=Kind::Quiet>{tr!(in lang, "consent.leave")}</ButtonLink>
            </div>
        </Card>
    };
    Page::new(title, body)
}

/// Exactly what the verb does at once, and what stays as it is.
fn lines(v: &Viewer, decision: &Decision<'_>) -> (Vec<Text>, Vec<Text>) {
    let lang = v.lang;
    let Decision { operator, consent, effects, verb } = *decision;
    let (numbers, assigned) = (v.count(effects.numbers), v.count(effects.assigned));
    // Of a number that stays assigned the emergency location is given all the same.
    let moved: Vec<Class> = consent.classes.iter().copied().filter(|class| *class != Class::EmergencyLocation).collect();
    let classes = words::class_list(lang, &moved);
    let countries = words::countries_text(lang, &consent.countries);
    let name = operator.name.as_str();
    let has = |class: Class| consent.classes.contains(&class);
    if verb == Verb::Resume {
        let mut now = vec![tr!(in lang, "consent.effect.flows", classes = classes, countries = countries, n = numbers)];
        if has(Class::Numbers) {
            now.push(tr!(in lang, "consent.effect.snapshot", name = name, n = assigned));
            now.push(tr!(in lang, "consent.effect.assign_again", name = name));
        }
        let stays = vec![
            tr!(in lang, "consent.effect.not_caught_up"),
            tr!(in lang, "consent.effect.same_text", version = consent.notice_version),
        ];
        return (now, stays);
    }
    let mut now = vec![tr!(in lang, "consent.effect.stops", classes = classes, countries = countries, n = numbers)];
    if has(Class::Numbers) {
        now.push(tr!(in lang, "consent.effect.waiting", n = v.count(effects.waiting)));
        now.push(tr!(in lang, "consent.effect.no_assign", name = name, n = numbers));
    }
    if has(Class::Calls) {
        now.push(tr!(in lang, "consent.effect.calls", n = v.count(effects.calls)));
    }
    if has(Class::Durations) {
        let until = v.day((v.now + SETTLED_FOR).with_timezone(&v.time_zone).date_naive());
        now.push(match verb {
            Verb::Withdraw => tr!(in lang, "consent.effect.durations_until", until = until, n = v.count(effects.awaited)),
            _ => tr!(in lang, "consent.effect.durations", n = v.count(effects.awaited)),
        });
    }
    if effects.open_sets > 0 {
        now.push(tr!(in lang, "consent.effect.sets", n = v.count(effects.open_sets)));
    }
    let mut stays = vec![
        tr!(in lang, "consent.effect.stays", n = assigned),
        tr!(in lang, "consent.effect.unassign"),
        tr!(in lang, "consent.effect.emergency", n = v.count(effects.emergency)),
        tr!(in lang, "consent.effect.given", name = name),
    ];
    stays.push(if verb == Verb::Suspend { tr!(in lang, "consent.effect.resume") } else { tr!(in lang, "consent.effect.anew") });
    (now, stays)
}
