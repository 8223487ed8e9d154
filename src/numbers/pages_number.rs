//! `/t/{slug}/numbers/{e164}`: what is known of a number on the left, what happened on the right.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::forms_acts::ActOnNumber;
use super::pages_manage::hidden;
use super::pages_manage::manage_card;
use super::pages_past;
use super::pages_release;
use super::pages_timeline::moments;
use super::places;
use super::queries_detail::Holder;
use super::queries_detail::NumberDetail;
use super::reads::number_param;
use super::shown;
use super::shown::States;
use super::timeline;
use crate::base::Failure;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::tr;
use crate::ui::ActionButton;
use crate::ui::Badge;
use crate::ui::Band;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Cols;
use crate::ui::Copy;
use crate::ui::Crumb;
use crate::ui::Dash;
use crate::ui::Empty;
use crate::ui::Grid;
use crate::ui::Icon;
use crate::ui::Kind;
use crate::ui::Kv;
use crate::ui::KvRow;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Table;
use crate::ui::Tag;
use crate::ui::Tel;
use crate::ui::Time;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::group_tel;
use crate::ui::viewer;

/// Addresses offered at once.
const PLACES: i64 = 200;

/// `/t/{slug}/numbers/{e164}`. A number that left still has its page, with what happened while the tenant had it.
///
/// # Errors
/// 401, 403 without `tenant:read`, 404.
pub async fn number_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let e164 = number_param(req.param("e164"))?;
    let story = match timeline::tenant_story(&req.store, ctx, &e164).await {
        Err(failure) if failure.problem().status == 404 => return pages_past::tenant_past_page(&req, &e164).await,
        story => story?,
    };
    let may_assign = ctx.scopes.has(Scope::TenantAssign);
    let book = if may_assign { places::list(&req.store, ctx, None, None, PLACES).await? } else { Vec::new() };
    let v = viewer();
    let day = pages_past::day_card(&v, &req, &e164).await?;
    let asked = pages_release::request_band(&v, &req, &e164).await?;
    let number = story.number;
    let list = format!("/t/{}/numbers", req.slug());
    let here = format!("{list}/{e164}");
    let title = group_tel(e164.as_str());
    let crumbs = vec![Crumb::link(list, tr!(in v.lang, "numbers.title")), Crumb::here(title.clone())];
    let heading = view! { <Tel e164=e164.as_str().to_owned() /> }.into_any();
    let buttons = buttons(&v, &here, &number, may_assign);
    let left = view! {
        {facts(&v, req.slug(), &number)}
        {may_assign.then(|| manage_card(&v, &req, &number, &book))}
        {day}
        {holders_card(&v, &story.holders)}
    }
    .into_any();
    let right = moments(&v, story.moments, true);
    let body = view! {
        <PageHead title=title.clone() heading=heading purpose=purpose(&v, &number) crumbs=crumbs>
            {buttons}
        </PageHead>
        {failure_band(&v, &req, &number, may_assign)}
        {asked}
        <Grid cols=Cols::Side>
            <div class="stack">{left}</div>
            <Card title=tr!(in v.lang, "numbers.timeline")>{right}</Card>
        </Grid>
    };
    Ok(Page::new(title, body))
}

fn purpose(v: &Viewer, number: &NumberDetail) -> String {
    let place = number.city.clone().unwrap_or_else(|| number.country.clone());
    let operator = &number.operator_name;
    match (&number.target_name, number.assigned_at) {
        (Some(name), Some(since)) => {
            let since = v.time(since, TimeStyle::Date);
            tr!(in v.lang, "numbers.held_by", name = name, since = since, operator = operator, place = place).into_owned()
        }
        _ => tr!(in v.lang, "numbers.held_by_nobody", operator = operator, place = place).into_owned(),
    }
}

/// Why an assignment cannot begin now; `None` when it can.
fn assign_block(v: &Viewer, number: &NumberDetail, may: bool) -> Option<String> {
    let lang = v.lang;
    if !may {
        return Some(tr!(in lang, "numbers.blocked.role").into_owned());
    }
    if number.quarantine_forever {
        return Some(tr!(in lang, "numbers.blocked.forever").into_owned());
    }
    match number.quarantine_until {
        Some(until) if until > v.now => {
            Some(tr!(in lang, "numbers.blocked.quarantine", until = v.time(until, TimeStyle::Minute)).into_owned())
        }
        _ if number.reserved.is_some() => Some(tr!(in lang, "numbers.blocked.reserved").into_owned()),
        _ => None,
    }
}

fn buttons(v: &Viewer, here: &str, number: &NumberDetail, may: bool) -> AnyView {
    let lang = v.lang;
    if number.assignment_status != "unassigned" && !may {
        let why = tr!(in lang, "numbers.blocked.role").into_owned();
        return view! { <Button kind=Kind::Danger blocked=Some(why)>{tr!(in lang, "numbers.unassign")}</Button> }.into_any();
    }
    if number.assignment_status != "unassigned" {
        let href = format!("{here}/unassign");
        return view! {
            <ButtonLink href=href kind=Kind::Danger>
                {tr!(in lang, "numbers.unassign_ask")}
            </ButtonLink>
        }
        .into_any();
    }
    match assign_block(v, number, may) {
        Some(why) => view! { <Button kind=Kind::Primary blocked=Some(why)>{tr!(in lang, "numbers.assign")}</Button> }.into_any(),
        None => {
            let href = format!("{here}/assign");
            view! { <ButtonLink href=href kind=Kind::Primary>{tr!(in lang, "numbers.assign")}</ButtonLink> }.into_any()
        }
    }
}

fn failure_band(v: &Viewer, req: &PageRequest, number: &NumberDetail, may: bool) -> Option<AnyView> {
    let reason = number.failure_reason.clone().or_else(|| number.failure_code.clone())?;
    let title = tr!(in v.lang, "numbers.refused_title", operator = number.operator_name);
    let text = tr!(in v.lang, "numbers.refused_text", reason = reason.trim_end_matches('.'));
    let (fields, word) = (hidden(req, number, "retry", ""), tr!(in v.lang, "numbers.act.retry"));
    let again = may.then(|| {
        view! {
            <ActionButton action=ActOnNumber::url() fields=fields icon=Icon::Refresh>
                {word}
            </ActionButton>
        }
    });
    Some(view! { <Band tone=Tone::Danger title=title text=text>{again}</Band> }.into_any())
}

fn facts(v: &Viewer, slug: &str, number: &NumberDetail) -> AnyView {
    let lang = v.lang;
    let (tone, word) = shown::state(
        v,
        States {
            activation: &number.activation_state,
            assignment: &number.assignment_status,
            until: number.quarantine_until,
            forever: number.quarantine_forever,
            reserved: number.reserved.is_some(),
        },
    );
    let since = number.pending_since.unwrap_or(number.changed_at);
    let since = tr!(in lang, "numbers.since", at = v.time(since, TimeStyle::Short));
    let usage = format!("{}; {}", shown::usage(lang, &number.usage), shown::capabilities(lang, &number.capabilities));
    let place = [number.city.clone(), Some(number.country.clone())].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let place = format!("{place}; {}", shown::kind(lang, &number.kind));
    let operator_href = format!("/t/{slug}/operators/{}", number.operator_slug);
    let category = number
        .category
        .as_deref()
        .map(|word| shown::category(lang, word))
        .map(|word| view! { <KvRow label=tr!(in lang, "numbers.category.label")>{word}</KvRow> });
    let uri = number.sip_uri.clone().map(|uri| {
        view! {
            <KvRow label=tr!(in lang, "numbers.sip_uri")>
                <Copy value=uri label=tr!(in lang, "numbers.sip_uri") inline=true />
            </KvRow>
        }
    });
    let reserved = number.reserved.clone().map(|note| view! { <KvRow label=tr!(in lang, "numbers.reserved")>{note}</KvRow> });
    let asked = number.release_requested_at.map(|since| {
        let at = v.time(since, TimeStyle::Minute);
        view! { <KvRow label=tr!(in lang, "numbers.act.release_label")>{tr!(in lang, "numbers.since", at = at)}</KvRow> }
    });
    let (assigned, tags, operator) = (assigned(lang, slug, number), tags(number), number.operator_name.clone());
    let mode = shown::emergency(lang, &number.emergency_address_mode);
    let version = number.version;
    let seq = tr!(in lang, "numbers.number_seq", n = number.number_seq);
    let emergency = number.emergency_location.clone().map_or_else(|| view! { <Dash /> }.into_any(), IntoAny::into_any);
    view! {
        <Card title=tr!(in lang, "numbers.facts")>
            <Kv>
                <KvRow label=tr!(in lang, "numbers.state.label")>
                    <Badge tone=tone text=word />
                    " "
                    <span class="faint">{since}</span>
                </KvRow>
                <KvRow label=tr!(in lang, "numbers.assigned_to")>{assigned}</KvRow>
                {category}
                <KvRow label=tr!(in lang, "numbers.usage.label")>{usage}</KvRow>
                {uri}
                <KvRow label=tr!(in lang, "numbers.operator")>
                    <a href=operator_href>{operator}</a>
                </KvRow>
                <KvRow label=tr!(in lang, "numbers.place")>{place}</KvRow>
                <KvRow label=tr!(in lang, "numbers.emergency.label")>
                    {emergency}
                    <br />
                    <span class="faint">{mode}</span>
                </KvRow>
                {reserved}
                {asked}
                <KvRow label=tr!(in lang, "numbers.tags")>{tags}</KvRow>
                <KvRow label=tr!(in lang, "numbers.version")>
                    {version}
                    " "
                    <span class="faint">{seq}</span>
                </KvRow>
            </Kv>
        </Card>
    }
    .into_any()
}

fn assigned(lang: crate::ui::Lang, slug: &str, number: &NumberDetail) -> AnyView {
    let (Some(name), Some(id)) = (number.target_name.clone(), number.target_id.clone()) else {
        return view! { <span class="faint">{tr!(in lang, "numbers.nobody")}</span> }.into_any();
    };
    let href = crate::ui::Query::default().with("q", id).href(&format!("/t/{slug}/targets"));
    let department = number.department.clone().map(|department| format!(", {department}"));
    let upn = number.upn.clone().map(|upn| {
        view! {
            <br />
            <span class="faint">{upn}</span>
        }
    });
    view! {
        <a href=href>{name}</a>
        {department}
        {upn}
    }
    .into_any()
}

fn tags(number: &NumberDetail) -> AnyView {
    if number.tags.is_empty() {
        return view! { <Dash /> }.into_any();
    }
    number.tags.iter().map(|tag| view! { <Tag text=tag.clone() />" " }).collect_view().into_any()
}

pub(super) fn holders_card(v: &Viewer, holders: &[Holder]) -> AnyView {
    let lang = v.lang;
    let title = tr!(in lang, "numbers.holders");
    if holders.is_empty() {
        return view! {
            <Card title=title flush=true>
                <Empty title=tr!(in lang, "numbers.no_holders") text=tr!(in lang, "numbers.no_holders_text") />
            </Card>
        }
        .into_any();
    }
    let cols = vec![
        Col::new(tr!(in lang, "numbers.holder")),
        Col::new(tr!(in lang, "numbers.from", zone = v.zone())).nowrap(),
        Col::new(tr!(in lang, "numbers.until", zone = v.zone())).nowrap(),
    ];
    let rows = holders
        .iter()
        .map(|holder| {
            let until = match holder.to {
                Some(at) => view! { <Time at=at style=TimeStyle::Minute /> }.into_any(),
                None => tr!(in lang, "numbers.today").into_any(),
            };
            view! {
                <tr>
                    <td>{holder.display_name.clone()} <span class="sub">{shown::category(lang, &holder.category)}</span></td>
                    <td class="nowrap">
                        <Time at=holder.from style=TimeStyle::Minute />
                    </td>
                    <td class="nowrap">{until}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Card title=title.clone() flush=true>
            <Table label=title cols=cols compact=true>
                {rows}
            </Table>
        </Card>
    }
    .into_any()
}
