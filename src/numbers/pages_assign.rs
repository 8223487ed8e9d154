//! `/t/{slug}/numbers/{e164}/assign` and `…/unassign`: who gets a number, and taking it back.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::choosing;
use super::choosing::Candidate;
use super::choosing::Choosing;
use super::forms::Assign;
use super::queries_detail::NumberDetail;
use super::reads::number_param;
use super::refusal::Refusal;
use super::shown;
use super::shown::States;
use crate::base::Failure;
use crate::identity::PageRequest;
use crate::tr;
use crate::ui::Badge;
use crate::ui::Band;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Choice;
use crate::ui::Code;
use crate::ui::Cols;
use crate::ui::Crumb;
use crate::ui::Empty;
use crate::ui::Grid;
use crate::ui::Hidden;
use crate::ui::Kind;
use crate::ui::Kv;
use crate::ui::KvRow;
use crate::ui::Lang;
use crate::ui::Opt;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Tel;
use crate::ui::TextInput;
use crate::ui::Tone;
use crate::ui::Verdict;
use crate::ui::Viewer;
use crate::ui::group_tel;
use crate::ui::translate_any;
use crate::ui::viewer;

/// `/t/{slug}/numbers/{e164}/assign`; `?q=` searches people, `?target=` names one.
///
/// # Errors
/// 401, 403 without `tenant:assign`, 404.
pub async fn assign_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let e164 = number_param(req.param("e164"))?;
    let search = req.query.get("q").map(str::trim).filter(|text| !text.is_empty());
    let chosen = req.typed("target_id").or_else(|| req.query.get("target")).filter(|id| !id.is_empty());
    let choosing = choosing::choosing(&req.store, ctx, &e164, search, chosen).await?;
    let v = viewer();
    let lang = v.lang;
    let list = format!("/t/{}/numbers", req.slug());
    let here = format!("{list}/{e164}");
    let crumbs = vec![
        Crumb::link(list.clone(), tr!(in lang, "numbers.title")),
        Crumb::link(here.clone(), group_tel(e164.as_str())),
        Crumb::here(tr!(in lang, "numbers.assign")),
    ];
    let block = choosing.block.as_ref().map(|refusal| refusal_band(lang, refusal));
    let refused = refused_band(lang, &req);
    let left = view! {
        {number_card(&v, &list, &choosing.number)}
        {search_card(lang, &here, search, &choosing)}
        {assign_form(lang, &req, &here, &choosing, search, chosen)}
    }
    .into_any();
    let right = view! {
        {checks_card(lang, &choosing, chosen)}
        {notice_card(lang, &choosing)}
    }
    .into_any();
    let body = view! {
        <PageHead title=tr!(in lang, "numbers.assign_title") purpose=tr!(in lang, "numbers.assign_purpose") crumbs=crumbs />
        {refused}
        {block}
        <Grid cols=Cols::Two>
            <div class="stack">{left}</div>
            <div class="stack">{right}</div>
        </Grid>
    };
    Ok(Page::new(tr!(in lang, "numbers.assign_title"), body))
}

/// A refusal in the reader's language: what is wrong, how to mend it.
pub(super) fn words(lang: Lang, refusal: &Refusal) -> (String, String) {
    let code = refusal.code();
    let what = translate_any(lang, &format!("problem.{code}")).map_or_else(|| refusal.detail(), std::borrow::Cow::into_owned);
    let fix = translate_any(lang, &format!("fix.{code}")).map_or_else(|| refusal.fix().to_owned(), std::borrow::Cow::into_owned);
    (what, fix)
}

fn refusal_band(lang: Lang, refusal: &Refusal) -> AnyView {
    let (what, fix) = words(lang, refusal);
    view! { <Band tone=Tone::Warn title=tr!(in lang, "numbers.choose.blocked") text=format!("{what} {fix}") /> }.into_any()
}

/// What the form before was refused for, with the way to mend it, where it concerns no field of the form.
pub(super) fn refused_band(lang: Lang, req: &PageRequest) -> Option<AnyView> {
    let flash = req.flash.as_ref().filter(|flash| flash.tone == Tone::Danger)?;
    let fix = flash.errors.iter().map(|error| error.fix.clone()).collect::<Vec<_>>().join(" ");
    let text = format!("{} {fix}", flash.text);
    Some(view! { <Band tone=Tone::Danger title=tr!(in lang, "numbers.choose.refused") text=text /> }.into_any())
}

fn number_card(v: &Viewer, list: &str, number: &NumberDetail) -> AnyView {
    let lang = v.lang;
    let states = States {
        activation: &number.activation_state,
        assignment: &number.assignment_status,
        until: number.quarantine_until,
        forever: number.quarantine_forever,
        reserved: number.reserved.is_some(),
    };
    let (tone, word) = shown::state(v, states);
    let place = [Some(number.operator_name.clone()), number.city.clone()].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let free = format!("{list}?state=free");
    let aside = view! { <a href=free>{tr!(in lang, "numbers.choose.another")}</a> }.into_any();
    let (e164, fits) = (number.e164.clone(), shown::usage(lang, &number.usage));
    view! {
        <Card title=tr!(in lang, "numbers.choose.number") aside=aside>
            <Kv>
                <KvRow label=tr!(in lang, "numbers.number")>
                    <Tel e164=e164 />
                    " "
                    <Badge tone=tone text=word />
                </KvRow>
                <KvRow label=tr!(in lang, "numbers.operator")>{place}</KvRow>
                <KvRow label=tr!(in lang, "numbers.choose.fits")>{fits}</KvRow>
            </Kv>
        </Card>
    }
    .into_any()
}

fn search_card(lang: Lang, here: &str, search: Option<&str>, choosing: &Choosing) -> AnyView {
    let shown = i64::try_from(choosing.candidates.len()).unwrap_or(0);
    let found = if choosing.more {
        tr!(in lang, "numbers.choose.more", n = shown, all = crate::ui::count(lang, choosing.targets))
    } else {
        tr!(in lang, "numbers.choose.count", n = shown, all = crate::ui::count(lang, choosing.targets))
    };
    let search = search.map(str::to_owned);
    view! {
        <form method="get" action=format!("{here}/assign") role="search">
            <Card title=tr!(in lang, "numbers.choose.search")>
                <div class="stack" data-gap="tight">
                    <TextInput
                        name="q"
                        kind="search"
                        label=tr!(in lang, "numbers.choose.search_label")
                        hint=tr!(in lang, "numbers.choose.search_hint")
                        value=search
                    />
                    <div class="cluster">
                        <Button>{tr!(in lang, "numbers.choose.search_button")}</Button>
                        <p class="fine">{found}</p>
                    </div>
                </div>
            </Card>
        </form>
    }
    .into_any()
}

fn assign_form(
    lang: Lang,
    req: &PageRequest,
    here: &str,
    choosing: &Choosing,
    search: Option<&str>,
    chosen: Option<&str>,
) -> AnyView {
    let number = &choosing.number;
    if choosing.candidates.is_empty() {
        return view! {
            <Card title=tr!(in lang, "numbers.choose.who") flush=true>
                <Empty title=tr!(in lang, "numbers.choose.none") text=tr!(in lang, "numbers.choose.none_text") />
            </Card>
        }
        .into_any();
    }
    let options = choosing.candidates.iter().map(|candidate| option(lang, candidate)).collect();
    let category = req.typed("category").unwrap_or_default().to_owned();
    let blocked = choosing.block.as_ref().map(|refusal| words(lang, refusal).0);
    let categories = vec![
        Opt::new("", tr!(in lang, "numbers.category.auto")).hint(tr!(in lang, "numbers.category.auto_hint")),
        Opt::new("primary", tr!(in lang, "numbers.category.primary")),
        Opt::new("alternate", tr!(in lang, "numbers.category.alternate")),
        Opt::new("private", tr!(in lang, "numbers.category.private")),
    ];
    let (wrong, category_wrong, chosen) = (req.wrong("target_id"), req.wrong("category"), chosen.map(str::to_owned));
    let word = tr!(in lang, "numbers.assign_and_tell", operator = number.operator_name);
    view! {
        <form class="stack" method="post" action=Assign::url()>
            <Hidden name="slug" value=req.slug().to_owned() />
            <Hidden name="e164" value=number.e164.clone() />
            <Hidden name="version" value=number.version.to_string() />
            <Hidden name="q" value=search.unwrap_or_default().to_owned() />
            <Card title=tr!(in lang, "numbers.choose.who")>
                <div class="fields">
                    <Choice
                        name="target_id"
                        legend=tr!(in lang, "numbers.choose.results")
                        hide_legend=true
                        options=options
                        value=chosen
                        error=wrong
                        required=true
                    />
                    <Choice
                        name="category"
                        legend=tr!(in lang, "numbers.category.label")
                        options=categories
                        value=category
                        error=category_wrong
                    />
                </div>
            </Card>
            <div class="cluster">
                <Button kind=Kind::Primary blocked=blocked>
                    {word}
                </Button>
                <ButtonLink href=here.to_owned() kind=Kind::Quiet>{tr!(in lang, "numbers.cancel")}</ButtonLink>
            </div>
        </form>
    }
    .into_any()
}

fn option(lang: Lang, candidate: &Candidate) -> Opt {
    let person = &candidate.person;
    let mut parts = vec![shown::target_kind(lang, &person.kind).into_owned()];
    parts.extend(person.department.clone());
    parts.extend(person.upn.clone());
    if let Some(country) = &person.usage_location {
        parts.push(tr!(in lang, "numbers.choose.location", country = country).into_owned());
    }
    parts.push(
        if person.licensed { tr!(in lang, "numbers.choose.licensed") } else { tr!(in lang, "numbers.choose.unlicensed") }
            .into_owned(),
    );
    parts.push(match person.numbers.first() {
        Some(number) if person.has_primary => tr!(in lang, "numbers.choose.has", number = group_tel(number)).into_owned(),
        Some(number) => tr!(in lang, "numbers.choose.has_other", number = group_tel(number)).into_owned(),
        None => tr!(in lang, "numbers.choose.has_none").into_owned(),
    });
    // What concerns the number and not the person stands above, once.
    let own = candidate.refusal.as_ref().filter(|refusal| matches!(refusal.field(), "target_id" | "category"));
    if let Some(refusal) = own {
        parts.push(words(lang, refusal).0);
    }
    Opt::new(person.id.clone(), person.display_name.clone()).hint(parts.join("; ")).disabled(own.is_some())
}

fn checks_card(lang: Lang, choosing: &Choosing, chosen: Option<&str>) -> AnyView {
    let fine = || view! { <Badge tone=Tone::Ok text=tr!(in lang, "numbers.check.fine") /> }.into_any();
    let refused = || view! { <Badge tone=Tone::Danger text=tr!(in lang, "numbers.check.refused") /> }.into_any();
    let operator = choosing.number.operator_name.clone();
    let consent = match &choosing.notice_version {
        Some(version) => {
            let text =
                tr!(in lang, "numbers.check.consent", operator = operator, country = choosing.number.country, version = version);
            (fine(), text.into_owned())
        }
        None => (refused(), tr!(in lang, "numbers.check.no_consent", operator = operator).into_owned()),
    };
    let number = match &choosing.block {
        None => (fine(), tr!(in lang, "numbers.check.number_fine").into_owned()),
        Some(refusal) => {
            let (what, fix) = words(lang, refusal);
            (refused(), format!("{what} {fix}"))
        }
    };
    let person = chosen.and_then(|id| choosing.candidates.iter().find(|candidate| candidate.person.id == id)).map(|candidate| {
        let own = candidate.refusal.as_ref().filter(|refusal| matches!(refusal.field(), "target_id" | "category"));
        let (badge, text) = match own {
            None => (fine(), tr!(in lang, "numbers.check.person_fine").into_owned()),
            Some(refusal) => {
                let (what, fix) = words(lang, refusal);
                (refused(), format!("{what} {fix}"))
            }
        };
        view! { <Verdict badge=badge title=candidate.person.display_name.clone()>{text}</Verdict> }
    });
    view! {
        <Card title=tr!(in lang, "numbers.check.title")>
            <div>
                <Verdict badge=consent.0 title=tr!(in lang, "numbers.check.consent_title")>{consent.1}</Verdict>
                <Verdict badge=number.0 title=tr!(in lang, "numbers.number")>{number.1}</Verdict>
                {person}
            </div>
        </Card>
    }
    .into_any()
}

fn notice_card(lang: Lang, choosing: &Choosing) -> AnyView {
    let number = &choosing.number;
    let text = format!(
        "{{\n  \"type\": \"number.assigned\",\n  \"e164\": \"{}\",\n  \"sip_uri\": \"{}\",\n  \"usage\": \"{}\"\n}}",
        number.e164, choosing.sip_uri, number.usage
    );
    let foot = view! { <span class="fine">{tr!(in lang, "numbers.told.no_name")}</span> }.into_any();
    view! {
        <Card title=tr!(in lang, "numbers.told.what", operator = number.operator_name) foot=foot>
            <Code label=tr!(in lang, "numbers.told.preview") text=text json=true />
        </Card>
    }
    .into_any()
}
