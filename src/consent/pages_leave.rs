//! `/t/{slug}/operators/{operator}/leave`: what is left to do until nothing of an operator is in use any more. No step needs a
//! consent, so leaving cannot get stuck; each step leads straight to its rows or prepares the change set.

use leptos::prelude::*;

use super::actions;
use super::directory::DirectoryRow;
use super::directory::Leaving;
use super::directory::SETTLED_FOR;
use super::directory::Standing;
use super::directory::Step;
use super::model::Consent;
use super::model::ConsentStatus;
use super::pages_change::crumbs;
use super::queries_effects;
use super::queries_read;
use super::words;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::store::Reach;
use crate::tr;
use crate::ui::Badge;
use crate::ui::Band;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Cols;
use crate::ui::Grid;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Query;
use crate::ui::Size;
use crate::ui::Text;
use crate::ui::Time;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::viewer;

/// What the page is made from.
struct Way<'a> {
    /// `/t/{slug}`.
    home: String,
    /// The operator's page.
    page: String,
    operator: &'a DirectoryRow,
    leaving: &'a Leaving,
    /// Whether the viewer may change numbers, and consents.
    may: (bool, bool),
}

/// `/t/{slug}/operators/{operator}/leave`.
///
/// # Errors
/// 401 for a visitor, 403 without `tenant:read`, 404 for an unknown operator.
pub async fn leave_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    ctx.require(Scope::TenantRead)?;
    let tenant = ctx.tenant()?;
    let v = viewer();
    let lang = v.lang;
    let mut tx = req.store.begin(Reach::Nobody).await?;
    let operator = actions::operator_by_slug(&mut tx, tenant, req.param("operator")).await?;
    tx.commit().await?;
    let id = OperatorId(operator.id);
    let mut tx = req.store.begin_for(ctx).await?;
    let consent = queries_read::consent(&mut tx, tenant, id).await?;
    let leaving = queries_effects::leaving(&mut tx, tenant, id).await?;
    tx.commit().await?;
    let withdrawn = consent.as_ref().is_none_or(|held| held.status == ConsentStatus::Withdrawn);
    let steps = leaving.steps(withdrawn);
    let done = steps.iter().filter(|(_, standing)| *standing == Standing::Done).count();
    let home = format!("/t/{}", req.slug());
    let page = format!("{home}/operators/{}", operator.slug);
    let may = (ctx.scopes.has(Scope::TenantAssign), ctx.scopes.has(Scope::ConsentWrite));
    let way = Way { home, page: page.clone(), operator: &operator, leaving: &leaving, may };
    let title = tr!(in lang, "consent.leave_title", name = operator.name);
    let crumbs = crumbs(lang, &req, &page, &operator.name, tr!(in lang, "consent.leaving"));
    let verdict = verdict(&v, &way, done == steps.len());
    let cards = steps
        .into_iter()
        .enumerate()
        .map(|(place, (step, standing))| step_card(&v, &way, place + 1, step, standing))
        .collect_view();
    let (after, stuck) = (after_card(&v, &way, consent.as_ref()), stuck_card(lang, &way, consent.as_ref()));
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in lang, "consent.leave_purpose") crumbs=crumbs />
        {verdict}
        <Grid cols=Cols::Rail>
            <div class="stack">{cards}</div>
            <div class="stack">{after}{stuck}</div>
        </Grid>
    };
    Ok(Page::new(title, body))
}

fn verdict(v: &Viewer, way: &Way<'_>, done: bool) -> AnyView {
    let lang = v.lang;
    let name = way.operator.name.as_str();
    if done {
        return view! {
            <Band tone=Tone::Ok title=tr!(in lang, "consent.left", name = name) text=tr!(in lang, "consent.left_text") />
        }
        .into_any();
    }
    let text = tr!(
        in lang,
        "consent.leave_left",
        numbers = v.count(way.leaving.numbers),
        assigned = v.count(way.leaving.assigned),
        asked = v.count(way.leaving.asked)
    );
    view! { <Band tone=Tone::Info title=tr!(in lang, "consent.leave_under_way", name = name) text=text /> }.into_any()
}

fn standing_badge(v: &Viewer, standing: Standing) -> AnyView {
    let lang = v.lang;
    let (tone, text) = match standing {
        Standing::Done => (Tone::Ok, tr!(in lang, "consent.step.done")),
        Standing::ToDo => (Tone::Warn, tr!(in lang, "consent.step.to_do")),
        Standing::Waiting => (Tone::Pending, tr!(in lang, "consent.step.waiting")),
        Standing::Later => (Tone::Neutral, tr!(in lang, "consent.step.later")),
    };
    view! { <Badge tone=tone text=text /> }.into_any()
}

/// The form of a change set over the operator's numbers.
fn set_href(way: &Way<'_>, action: &str, state: Option<&str>) -> String {
    let filter = Query::default().with("operator", way.operator.id.to_string());
    let filter = match state {
        Some(state) => filter.with("state", state),
        None => filter,
    };
    let query = Query::default().with("action", action).with("from", "filter").with("filter", filter.encode());
    query.href(&format!("{}/change-sets/new", way.home))
}

fn step_card(v: &Viewer, way: &Way<'_>, place: usize, step: Step, standing: Standing) -> AnyView {
    let lang = v.lang;
    let (leaving, open) = (way.leaving, standing != Standing::Done);
    let numbers = format!("{}/numbers?operator={}", way.home, way.operator.id);
    let (title, text, links): (Text, Text, AnyView) = match step {
        Step::Sets => {
            let sets = leaving.open_sets.iter().map(|(id, name, state)| {
                let href = format!("{}/change-sets/{id}", way.home);
                let name = if name.is_empty() { id.to_string() } else { name.clone() };
                let state = words::set_state_text(lang, state);
                view! { <li><a href=href>{name}</a>" "<span class="fine">{state}</span></li> }
            });
            let sets = view! { <ul class="bullets">{sets.collect_view()}</ul> }.into_any();
            let text = if open { tr!(in lang, "consent.step.sets_text") } else { tr!(in lang, "consent.step.sets_none") };
            (tr!(in lang, "consent.step.sets"), text, if open { sets } else { ().into_any() })
        }
        Step::Unassign => {
            let prepare = set_href(way, "unassign", Some("assigned"));
            let list = format!("{numbers}&state=assigned");
            let links = (leaving.assigned > 0).then(|| {
                let set = way.may.0.then(|| view! { <ButtonLink href=prepare size=Size::Small>{tr!(in lang, "consent.step.prepare_unassign")}</ButtonLink> });
                view! { <div class="cluster">{set}<a href=list>{tr!(in lang, "consent.step.show_assigned")}</a></div> }
            });
            let text = if open {
                tr!(in lang, "consent.step.unassign_text", n = v.count(leaving.assigned))
            } else if leaving.untold > 0 {
                tr!(in lang, "consent.step.untold", n = v.count(leaving.untold))
            } else {
                tr!(in lang, "consent.step.unassign_done")
            };
            (tr!(in lang, "consent.step.unassign"), text, links.into_any())
        }
        Step::Release => {
            let to_ask = (leaving.numbers - leaving.assigned - leaving.asked).max(0);
            let prepare = set_href(way, "request_release", None);
            let links = (to_ask > 0).then(|| {
                let set = way.may.0.then(|| view! { <ButtonLink href=prepare size=Size::Small>{tr!(in lang, "consent.step.prepare_release")}</ButtonLink> });
                view! { <div class="cluster">{set}<a href=numbers>{tr!(in lang, "consent.step.show_numbers")}</a></div> }
            });
            let declined = (leaving.declined > 0).then(|| {
                let text = tr!(in lang, "consent.step.declined", n = v.count(leaving.declined));
                view! { <p class="fine">{text}</p> }
            });
            let text = if to_ask > 0 {
                tr!(in lang, "consent.step.release_text", n = v.count(to_ask))
            } else if leaving.numbers == 0 {
                tr!(in lang, "consent.step.release_done")
            } else {
                tr!(in lang, "consent.step.release_asked", n = v.count(leaving.asked))
            };
            (tr!(in lang, "consent.step.release"), text, view! { {declined}{links} }.into_any())
        }
        Step::Gone => {
            let since = leaving.asked_since.map(|at| {
                view! { <p class="fine">{tr!(in lang, "consent.step.asked_since")}" "<Time at=at style=TimeStyle::Minute zone=true /></p> }
            });
            let text = if open {
                tr!(in lang, "consent.step.gone_text", name = way.operator.name, n = v.count(leaving.numbers))
            } else {
                tr!(in lang, "consent.step.gone_done")
            };
            (tr!(in lang, "consent.step.gone"), text, since.into_any())
        }
        Step::Withdraw => {
            let href = format!("{}/withdraw", way.page);
            let links = (open && way.may.1).then(|| {
                view! { <div class="cluster"><ButtonLink href=href size=Size::Small>{tr!(in lang, "consent.step.to_withdraw")}</ButtonLink></div> }
            });
            let text = if open { tr!(in lang, "consent.step.withdraw_text") } else { tr!(in lang, "consent.step.withdraw_done") };
            (tr!(in lang, "consent.step.withdraw"), text, links.into_any())
        }
    };
    let title = format!("{place}. {title}");
    view! {
        <Card title=title aside=standing_badge(v, standing)>
            <p>{text}</p>
            {links}
        </Card>
    }
    .into_any()
}

/// What goes on after the end, and what to keep.
fn after_card(v: &Viewer, way: &Way<'_>, consent: Option<&Consent>) -> AnyView {
    let lang = v.lang;
    let until = consent.map(|held| match held.status {
        ConsentStatus::Withdrawn => {
            let day = v.day((held.since + SETTLED_FOR).with_timezone(&v.time_zone).date_naive());
            tr!(in lang, "consent.after.until", day = day)
        }
        _ => tr!(in lang, "consent.after.days"),
    });
    let until = until.map(|text| view! { <li>{text}</li> });
    let (register, certificate) =
        (format!("{}/register?party={}", way.home, way.operator.slug), format!("{}/certificate", way.page));
    let certificate = consent.map(|_| view! { <li><a href=certificate>{tr!(in lang, "consent.certificate")}</a></li> });
    view! {
        <Card title=tr!(in lang, "consent.after")>
            <ul class="bullets">
                {until}
                <li>{tr!(in lang, "consent.after.emergency")}</li>
                <li><a href=register>{tr!(in lang, "consent.see_register")}</a></li>
                {certificate}
            </ul>
        </Card>
    }
    .into_any()
}

/// What to do when the operator does not answer.
fn stuck_card(lang: crate::ui::Lang, way: &Way<'_>, consent: Option<&Consent>) -> AnyView {
    let name = way.operator.name.clone();
    let website = way.operator.website.clone().map(|url| {
        let shown = url.trim_start_matches("https://").trim_end_matches('/').to_owned();
        view! { <li><a href=url rel="noopener">{shown}</a></li> }
    });
    let withheld = consent
        .is_some_and(|held| held.status != ConsentStatus::Withdrawn)
        .then(|| view! { <li>{tr!(in lang, "consent.stuck.withdraw")}</li> });
    view! {
        <Card title=tr!(in lang, "consent.stuck", name = name)>
            <ul class="bullets">
                <li>{tr!(in lang, "consent.stuck.nothing")}</li>
                {withheld}
                <li>{tr!(in lang, "consent.stuck.port")}</li>
                {website}
            </ul>
        </Card>
    }
    .into_any()
}
