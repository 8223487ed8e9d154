//! The page of a number that is in stock no more, and who had a number on a day.

use leptos::prelude::*;

use super::pages_number::holders_card;
use super::pages_timeline::moments;
use super::past;
use super::past::Past;
use super::queries_detail::Holder;
use super::queries_past::Spell;
use super::reads::Way;
use super::shown;
use crate::base::E164;
use crate::base::Failure;
use crate::identity::PageRequest;
use crate::tr;
use crate::transfers::day_start;
use crate::trn;
use crate::ui::Band;
use crate::ui::Button;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Cols;
use crate::ui::Crumb;
use crate::ui::Grid;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Size;
use crate::ui::Table;
use crate::ui::Tel;
use crate::ui::TextInput;
use crate::ui::Time;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::group_tel;
use crate::ui::viewer;

/// What a tenant still sees of a number that it had.
///
/// # Errors
/// 403 without `tenant:read`, 404.
pub(super) async fn tenant_past_page(req: &PageRequest, e164: &E164) -> Result<Page, Failure> {
    let past = past::of_tenant(&req.store, req.ctx()?, e164).await?;
    let v = viewer();
    let held = day_card(&v, req, e164).await?;
    let list = format!("/t/{}/numbers", req.slug());
    let holders = view! {
        {held}
        {holders_card(&v, &past.holders)}
    };
    Ok(page(&v, &list, e164, past, true, holders.into_any()))
}

/// What an operator still sees of a number that it served.
///
/// # Errors
/// 403 without `numbers:read`, 404, 451.
pub(super) async fn operator_past_page(req: &PageRequest, e164: &E164) -> Result<Page, Failure> {
    let past = past::of_operator(&req.store, req.ctx()?, e164, Way::Page).await?;
    let v = viewer();
    let list = format!("/o/{}/numbers", req.slug());
    Ok(page(&v, &list, e164, past, false, ().into_any()))
}

fn page(v: &Viewer, list: &str, e164: &E164, past: Past, tenant: bool, holders: AnyView) -> Page {
    let lang = v.lang;
    let title = group_tel(e164.as_str());
    let crumbs = vec![Crumb::link(list.to_owned(), tr!(in lang, "numbers.title")), Crumb::here(title.clone())];
    let heading = view! { <Tel e164=e164.as_str().to_owned() /> }.into_any();
    let last = past.spells.first().and_then(|spell| spell.until);
    let since = last.map(|at| v.time(at, TimeStyle::Full)).unwrap_or_default();
    let withheld = (past.withheld > 0).then(|| {
        let n = i64::try_from(past.withheld).unwrap_or(0);
        view! { <p class="fine">{trn!(in lang, "numbers.past.withheld", n)}</p> }
    });
    let spells = spells_card(v, &past.spells, tenant);
    let right = moments(v, past.moments, tenant);
    let body = view! {
        <PageHead title=title.clone() heading=heading purpose=tr!(in lang, "numbers.past.purpose") crumbs=crumbs />
        <Band
            tone=Tone::Neutral
            title=tr!(in lang, "numbers.past.title")
            text=tr!(in lang, "numbers.past.text", since = since)
        />
        <Grid cols=Cols::Side>
            <div class="stack">{spells} {withheld} {holders}</div>
            <Card title=tr!(in lang, "numbers.timeline")>{right}</Card>
        </Grid>
    };
    Page::new(title, body)
}

/// The times in stock: whose number it was, or who served it.
fn spells_card(v: &Viewer, spells: &[Spell], tenant: bool) -> AnyView {
    let lang = v.lang;
    let other = if tenant { tr!(in lang, "numbers.operator") } else { tr!(in lang, "numbers.customer") };
    let cols = vec![
        Col::new(other),
        Col::new(tr!(in lang, "numbers.from", zone = v.zone())).nowrap(),
        Col::new(tr!(in lang, "numbers.until", zone = v.zone())).nowrap(),
    ];
    let rows = spells
        .iter()
        .map(|spell| {
            let name = if tenant { spell.operator_name.clone() } else { spell.tenant_name.clone() };
            view! {
                <tr>
                    <td>{name}</td>
                    <td class="nowrap">
                        <Time at=spell.from style=TimeStyle::Minute />
                    </td>
                    <td class="nowrap">{until(lang, spell.until)}</td>
                </tr>
            }
        })
        .collect_view();
    let title = tr!(in lang, "numbers.past.spells");
    view! {
        <Card title=title.clone() flush=true>
            <Table label=title cols=cols compact=true>
                {rows}
            </Table>
        </Card>
    }
    .into_any()
}

fn until(lang: crate::ui::Lang, at: Option<chrono::DateTime<chrono::Utc>>) -> AnyView {
    match at {
        Some(at) => view! { <Time at=at style=TimeStyle::Minute /> }.into_any(),
        None => tr!(in lang, "numbers.today").into_any(),
    }
}

/// Who had the number on a day: the question, and its answer once `?on=` asks.
///
/// # Errors
/// When the database is away.
pub(super) async fn day_card(v: &Viewer, req: &PageRequest, e164: &E164) -> Result<AnyView, Failure> {
    let lang = v.lang;
    let asked = req.query.get("on").map(str::trim).filter(|day| !day.is_empty());
    let from = asked.and_then(|day| day_start(day, v.time_zone));
    let day = asked.and_then(|day| chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d").ok());
    let to = day.and_then(|day| day.succ_opt()).and_then(|day| day_start(&day.to_string(), v.time_zone));
    let answer = match (from, to, day) {
        (Some(from), Some(to), Some(day)) => {
            let holders = past::holders_in(&req.store, req.ctx()?, e164, (from, to)).await?;
            Some(day_answer(v, &v.day(day), &holders))
        }
        _ => None,
    };
    let wrong = asked.filter(|_| answer.is_none()).map(|_| tr!(in lang, "numbers.on.wrong").into_owned());
    let value = asked.map(str::to_owned);
    let (action, label) = (format!("{}#holder", req.path), tr!(in lang, "numbers.on.label", zone = v.zone()));
    let card = view! {
        <Card title=tr!(in lang, "numbers.on.title") id="holder">
            <form class="stack" data-gap="tight" method="get" action=action>
                <TextInput
                    name="on"
                    kind="date"
                    label=label
                    value=value
                    error=wrong
                />
                <div class="cluster">
                    <Button size=Size::Small>{tr!(in lang, "numbers.on.ask")}</Button>
                </div>
            </form>
            {answer}
        </Card>
    };
    Ok(card.into_any())
}

fn day_answer(v: &Viewer, day: &str, holders: &[Holder]) -> AnyView {
    let lang = v.lang;
    if holders.is_empty() {
        return view! { <p role="status">{tr!(in lang, "numbers.on.nobody", day = day.to_owned())}</p> }.into_any();
    }
    let rows = holders
        .iter()
        .map(|holder| {
            let (name, category) = (holder.display_name.clone(), shown::category(lang, &holder.category));
            view! {
                <li>
                    <strong>{name}</strong>
                    " "
                    <span class="faint">{category}</span>
                    ", "
                    <Time at=holder.from style=TimeStyle::Minute />
                    " – "
                    {until(lang, holder.to)}
                </li>
            }
        })
        .collect_view();
    view! {
        <div class="prose" role="status">
            <p>{tr!(in lang, "numbers.on.had", day = day.to_owned())}</p>
            <ul>{rows}</ul>
        </div>
    }
    .into_any()
}
