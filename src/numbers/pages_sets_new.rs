//! `/t/{slug}/change-sets/new`: what is to be done, to which numbers.

use leptos::prelude::*;

use super::model_sets::SetAction;
use super::pages_sets::action;
use super::queries_sets_rows;
use super::reads;
use super::sets;
use super::shown;
use super::words::Category;
use super::words::Usage;
use crate::base::Failure;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::tr;
use crate::trn;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::ChipLinks;
use crate::ui::Crumb;
use crate::ui::FileInput;
use crate::ui::Hidden;
use crate::ui::Kind;
use crate::ui::Lang;
use crate::ui::Opt;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Query;
use crate::ui::Select;
use crate::ui::Size;
use crate::ui::Steps;
use crate::ui::Text;
use crate::ui::TextInput;
use crate::ui::Textarea;
use crate::ui::Viewer;
use crate::ui::viewer;

/// Locations to choose from; with more the name is typed.
const PLACES: i64 = 200;

/// The address of the form for an action, on a list or on what a filter of the numbers finds.
#[must_use]
pub fn address(slug: &str, action: SetAction, filter: Option<&str>) -> String {
    let query = Query::default().with("action", action.as_str());
    let query = match filter {
        Some(filter) => query.with("from", "filter").with("filter", filter),
        None => query,
    };
    query.href(&format!("/t/{slug}/change-sets/new"))
}

/// The steps of a set.
pub(super) fn steps(lang: Lang, current: usize) -> AnyView {
    let items: Vec<Text> = vec![
        tr!(in lang, "numbers.sets.step_rows"),
        tr!(in lang, "numbers.sets.step_check"),
        tr!(in lang, "numbers.sets.step_run"),
        tr!(in lang, "numbers.sets.step_result"),
    ];
    view! { <Steps items=items current=current /> }.into_any()
}

/// `/t/{slug}/change-sets/new`.
///
/// # Errors
/// 401, 403 without `tenant:assign`, 400 for a filter that makes no sense.
pub async fn new_change_set_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    ctx.require(Scope::TenantAssign)?;
    let filter = (req.query.get("from") == Some("filter")).then(|| req.query.get("filter").unwrap_or_default().to_owned());
    let asked = req.query.get("action").and_then(SetAction::parse);
    let chosen = asked.filter(|action| filter.is_none() || action.fits_filter());
    let chosen = chosen.unwrap_or(if filter.is_some() { SetAction::Unassign } else { SetAction::Assign });
    let found = match &filter {
        Some(filter) => Some(reads::tenant_count(&req.store, ctx, &sets::ask_of(filter)?).await?),
        None => None,
    };
    let places = match chosen {
        SetAction::SetEmergencyLocation => {
            let mut tx = req.store.begin_for(ctx).await?;
            queries_sets_rows::places(&mut tx, ctx.tenant()?, PLACES).await?
        }
        _ => Vec::new(),
    };
    let v = viewer();
    let lang = v.lang;
    let list = format!("/t/{}/change-sets", req.slug());
    let title = tr!(in lang, "numbers.sets.new");
    let crumbs = vec![Crumb::link(list, tr!(in lang, "numbers.sets.title")), Crumb::here(title.clone())];
    let chips = SetAction::ALL
        .into_iter()
        .filter(|action| filter.is_none() || action.fits_filter())
        .map(|one| (address(req.slug(), one, filter.as_deref()), action(lang, one.as_str()), one == chosen))
        .collect();
    let form = form(&v, &req, chosen, filter.zip(found), places);
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in lang, "numbers.sets.purpose") crumbs=crumbs />
        {steps(lang, 0)}
        <ChipLinks label=tr!(in lang, "numbers.sets.action") items=chips />
        {form}
    };
    Ok(Page::new(title, body))
}

fn form(v: &Viewer, req: &PageRequest, chosen: SetAction, filter: Option<(String, i64)>, places: Vec<(String, String)>) -> AnyView {
    let lang = v.lang;
    let post = format!("/t/{}/change-sets/new", req.slug());
    let rows = match &filter {
        Some((query, found)) => from_filter(v, req.slug(), query, *found),
        None => from_list(lang, req, chosen),
    };
    let foot = view! {
        <Button kind=Kind::Primary>{tr!(in lang, "numbers.sets.check")}</Button>
        <span class="fine">{tr!(in lang, "numbers.upload.check_hint")}</span>
    }
    .into_any();
    let name = req.typed("name").map(str::to_owned);
    let same = same_for_all(lang, req, chosen, filter.is_some(), places);
    view! {
        <form method="post" action=post enctype="multipart/form-data">
            <Card title=action(lang, chosen.as_str()) foot=foot>
                <Hidden name="action" value=chosen.as_str() />
                <div class="fields">
                    {rows} {same}
                    <TextInput
                        name="name"
                        label=tr!(in lang, "numbers.sets.name")
                        hint=tr!(in lang, "numbers.sets.name_hint")
                        value=name
                        maxlength="200"
                    />
                </div>
            </Card>
        </form>
    }
    .into_any()
}

fn from_filter(v: &Viewer, slug: &str, query: &str, found: i64) -> AnyView {
    let lang = v.lang;
    let most = i64::try_from(sets::MOST).unwrap_or(i64::MAX);
    let back = Query::parse(query).href(&format!("/t/{slug}/numbers"));
    let text = if found > most {
        tr!(in lang, "numbers.sets.too_many", most = v.count(most))
    } else {
        trn!(in lang, "numbers.sets.all_of_filter", found)
    };
    view! {
        <Hidden name="from" value="filter" />
        <Hidden name="filter" value=query.to_owned() />
        <Hidden name="expected" value=found.to_string() />
        <p class="cluster" data-push="">
            <b>{text}</b>
            <ButtonLink href=back size=Size::Small>
                {tr!(in lang, "numbers.sets.look_at_them")}
            </ButtonLink>
        </p>
    }
    .into_any()
}

fn from_list(lang: Lang, req: &PageRequest, chosen: SetAction) -> AnyView {
    let text = req.typed("text").map(str::to_owned);
    let (wrong_file, wrong_text) = (req.wrong("file"), req.wrong("text"));
    let (columns, example) = match chosen {
        SetAction::Assign => (tr!(in lang, "numbers.sets.columns.assign"), "+493023125010; mara.lindner@kestrel.example; primary"),
        SetAction::Unassign => (tr!(in lang, "numbers.sets.columns.unassign"), "+493023125010; 30"),
        SetAction::SetUsage => (tr!(in lang, "numbers.sets.columns.set_usage"), "+493023125010; voice_app"),
        SetAction::Tag | SetAction::Untag => (tr!(in lang, "numbers.sets.columns.tag"), "+493023125010; north|reception"),
        SetAction::SetEmergencyLocation => {
            (tr!(in lang, "numbers.sets.columns.set_emergency_location"), "+493023125010; Berlin office")
        }
        SetAction::RequestRelease => (tr!(in lang, "numbers.sets.columns.request_release"), "+493023125010; Site closed"),
    };
    let hint = tr!(in lang, "numbers.sets.paste_hint", columns = columns);
    view! {
        <Textarea
            name="text"
            label=tr!(in lang, "numbers.sets.paste")
            hint=hint
            placeholder=example
            value=text
            error=wrong_text
            rows=8
            mono=true
        />
        <FileInput
            name="file"
            label=tr!(in lang, "numbers.upload.file")
            accept=".csv,.txt,text/csv,text/plain"
            hint=tr!(in lang, "numbers.sets.file_hint")
            error=wrong_file
        />
    }
    .into_any()
}

/// What counts for every row that says nothing of its own.
fn same_for_all(lang: Lang, req: &PageRequest, chosen: SetAction, alone: bool, places: Vec<(String, String)>) -> AnyView {
    let value = |name: &str| req.typed(name).map(str::to_owned);
    let held = value(chosen.columns().last().copied().unwrap_or_default());
    let hint = if alone { None } else { Some(tr!(in lang, "numbers.sets.default_hint")) };
    match chosen {
        SetAction::Assign => {
            let options =
                Category::ALL.iter().map(|one| Opt::new(one.as_str(), shown::category(lang, one.as_str()))).collect::<Vec<_>>();
            let any = tr!(in lang, "numbers.sets.category_any");
            view! { <Select name="category" label=tr!(in lang, "numbers.sets.category") options=options value=held any=any hint=hint /> }
                .into_any()
        }
        SetAction::Unassign => {
            let hint = tr!(in lang, "numbers.sets.quarantine_hint");
            let wrong = req.wrong("quarantine_days");
            view! {
                <TextInput
                    name="quarantine_days"
                    label=tr!(in lang, "numbers.sets.quarantine")
                    value=held
                    inputmode="numeric"
                    hint=hint
                    error=wrong
                />
            }
            .into_any()
        }
        SetAction::SetUsage => {
            let options = Usage::ALL.iter().map(|one| Opt::new(one.as_str(), shown::usage(lang, one.as_str()))).collect::<Vec<_>>();
            view! { <Select name="usage" label=tr!(in lang, "numbers.usage.label") options=options value=held hint=hint /> }
                .into_any()
        }
        SetAction::Tag | SetAction::Untag => view! {
            <TextInput name="tags" label=tr!(in lang, "numbers.tags") value=held hint=tr!(in lang, "numbers.sets.tags_hint") />
        }
        .into_any(),
        SetAction::SetEmergencyLocation => {
            let options = places.into_iter().map(|(id, label)| Opt::new(id, label)).collect::<Vec<_>>();
            let any = tr!(in lang, "numbers.sets.location_any");
            view! {
                <Select
                    name="emergency_location"
                    label=tr!(in lang, "numbers.sets.location")
                    options=options
                    value=held
                    any=any
                    hint=hint
                />
            }
            .into_any()
        }
        SetAction::RequestRelease => view! {
            <TextInput name="note" label=tr!(in lang, "numbers.sets.note") value=held maxlength="300" hint=hint />
        }
        .into_any(),
    }
}
