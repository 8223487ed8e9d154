//! `/t/{slug}/calls/{id}` and `/o/{slug}/calls/{id}`: one call as the platform saw it.

use leptos::prelude::*;

use super::cause::Outcome;
use super::masking::Sight;
use super::pages_lane::times_card;
use super::pages_reads;
use super::pages_reads::CallStory;
use super::pages_streams::streams_cards;
use super::queries_pages_call::CallDetail;
use super::shown;
use crate::base::CallId;
use crate::base::Failure;
use crate::identity::OrgKind;
use crate::identity::PageRequest;
use crate::identity::id_param;
use crate::tr;
use crate::ui::Badge;
use crate::ui::Band;
use crate::ui::Card;
use crate::ui::Cols;
use crate::ui::Copy;
use crate::ui::Crumb;
use crate::ui::Dash;
use crate::ui::Grid;
use crate::ui::Kv;
use crate::ui::KvRow;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Query;
use crate::ui::Tel;
use crate::ui::Text;
use crate::ui::Tile;
use crate::ui::Tiles;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::viewer;

/// `/t/{slug}/calls/{id}`.
///
/// # Errors
/// 401, 403 without `calls:read`, 404.
pub async fn tenant_call_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let id = CallId(id_param(req.param("id"), "call")?);
    let sight = Sight::in_org(req.signed.as_deref(), OrgKind::Tenant, req.slug());
    let story = pages_reads::tenant_call(&req.store, ctx, id, sight).await?;
    Ok(draw(viewer(), OrgKind::Tenant, req.slug(), sight, &story))
}

/// `/o/{slug}/calls/{id}`.
///
/// # Errors
/// 401, 403 without `calls:read`, 404, 451 while the customer's consent is closed.
pub async fn operator_call_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let id = CallId(id_param(req.param("id"), "call")?);
    let sight = Sight::in_org(req.signed.as_deref(), OrgKind::Operator, req.slug());
    let story = pages_reads::operator_call(&req.store, ctx, id, sight).await?;
    Ok(draw(viewer(), OrgKind::Operator, req.slug(), sight, &story))
}

/// What the parts of the page have in common.
struct Scene<'a> {
    v: Viewer,
    kind: OrgKind,
    /// Where the organisation's pages begin: `/t/kestrel`.
    home: String,
    sight: Sight,
    story: &'a CallStory,
}

fn draw(v: Viewer, kind: OrgKind, slug: &str, sight: Sight, story: &CallStory) -> Page {
    let lang = v.lang;
    let home = kind.home(slug).trim_end_matches('/').to_owned();
    let call = &story.call;
    let (tone, outcome) = shown::outcome(lang, call.cause, call.inbound());
    let title = if call.inbound() {
        tr!(in lang, "calls.heading_inbound", outcome = outcome)
    } else {
        tr!(in lang, "calls.heading_outbound", outcome = outcome)
    };
    let at = v.time(call.line.invited_at, TimeStyle::Full);
    let crumbs = vec![Crumb::link(format!("{home}/calls"), tr!(in lang, "calls.title")), Crumb::here(at)];
    let scene = Scene { v, kind, home, sight, story };
    let operator = &call.line.operator_name;
    let streams = story.streams.as_ref().map(|streams| streams_cards(&v, streams, operator));
    let (facts, ids) = (facts(&scene), ids(&v, &story.detail));
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in lang, "calls.call_purpose") crumbs=crumbs />
        {cause_band(&scene, tone)}
        {tiles(&scene)}
        {times_card(&v, &story.detail, operator)}
        {streams}
        <Grid cols=Cols::Two>
            {facts}
            {ids}
        </Grid>
    };
    Page::new(title, body)
}

/// Why it ended, on whose side that lies, and the codes that say so.
fn cause_band(scene: &Scene<'_>, tone: Tone) -> AnyView {
    let (lang, call) = (scene.v.lang, &scene.story.call);
    let operator = &call.line.operator_name;
    let side = if matches!(call.cause.outcome, Outcome::Open) { Text::default() } else { shown::side(lang, call.cause, operator) };
    let codes = codes(&scene.v, &scene.story.detail);
    let text = [side.into_owned(), codes].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    view! { <Band tone=tone title=shown::reason(lang, call.cause, operator) text=text /> }.into_any()
}

/// `SIP 486 Busy here, Q.850 cause 17.`
fn codes(v: &Viewer, detail: &CallDetail) -> String {
    let phrase = detail.sip_phrase.as_deref().unwrap_or_default();
    let parts: Vec<String> = [
        detail.line.sip_code.map(|code| format!("SIP {code} {phrase}").trim().to_owned()),
        detail.line.q850_cause.map(|cause| tr!(in v.lang, "calls.q850", n = cause).into_owned()),
        detail.platform_subcode.map(|code| tr!(in v.lang, "calls.subcode", n = code).into_owned()),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() { String::new() } else { format!("{}.", parts.join(", ")) }
}

fn tiles(scene: &Scene<'_>) -> AnyView {
    let (v, lang, line) = (&scene.v, scene.v.lang, &scene.story.call.line);
    let none = || "–".to_owned();
    let talk_ms = line.talk_ms.filter(|_| line.answered_at.is_some());
    let talk = talk_ms.map_or_else(none, |ms| shown::seconds(lang, ms));
    let talk_note = talk_ms.map_or_else(|| tr!(in lang, "calls.not_answered"), |ms| v.span(ms).into());
    let ring = line.ring_ms.map_or_else(none, |ms| shown::seconds(lang, ms));
    let quality = scene.story.call.quality.as_deref().filter(|_| line.answered_at.is_some()).map(|word| {
        let (tone, word) = shown::quality(lang, word);
        view! {
            <Tile label=tr!(in lang, "calls.quality.label") value=word.clone()>
                <Badge tone=tone text=tr!(in lang, "calls.quality.of_call") />
            </Tile>
        }
    });
    let unit = |value: &str| (value != "–").then_some("s");
    let (talk_unit, ring_unit) = (unit(&talk), unit(&ring));
    view! {
        <Tiles>
            <Tile label=tr!(in lang, "calls.platform_talk") value=talk unit=talk_unit>
                <span>{talk_note}</span>
                <span>{tr!(in lang, "calls.platform_talk_rule")}</span>
            </Tile>
            <Tile label=tr!(in lang, "calls.ring") value=ring unit=ring_unit>
                <span>{tr!(in lang, "calls.ring_rule")}</span>
            </Tile>
            {quality}
        </Tiles>
    }
    .into_any()
}

fn facts(scene: &Scene<'_>) -> AnyView {
    let (v, lang, story) = (&scene.v, scene.v.lang, scene.story);
    let line = &story.call.line;
    let (own, outside) = (own_number(scene), outside_number(lang, story));
    let (from, to) = if story.call.inbound() { (outside, own) } else { (own, outside) };
    let parties = view! {
        <KvRow label=tr!(in lang, "calls.from")>{from}</KvRow>
        <KvRow label=tr!(in lang, "calls.to")>{to}</KvRow>
    };
    let (label, name) = if scene.kind == OrgKind::Tenant {
        (tr!(in lang, "calls.operator"), line.operator_name.clone())
    } else {
        (tr!(in lang, "calls.customer"), line.tenant_name.clone())
    };
    let partner = view! { <KvRow label=label>{name}</KvRow> };
    let more = [
        (tr!(in lang, "calls.call_type"), story.detail.call_type.clone()),
        (tr!(in lang, "calls.codec"), story.detail.codec.clone()),
        (tr!(in lang, "calls.network"), story.detail.network_name.clone()),
    ]
    .into_iter()
    .filter_map(|(label, value)| value.map(|value| view! { <KvRow label=label>{value}</KvRow> }))
    .collect_view();
    let (holder, device) = (holder(scene), device(scene));
    let state = if line.completeness == "final" { tr!(in lang, "calls.final") } else { tr!(in lang, "calls.partial") };
    let version = tr!(in lang, "calls.version", n = story.detail.version, at = v.time(story.detail.received_at, TimeStyle::Short));
    view! {
        <Card title=tr!(in lang, "calls.who_and_what")>
            <Kv>
                {parties} {partner} {holder} {more} {device}
                <KvRow label=tr!(in lang, "calls.record")>
                    {state}
                    " "
                    <span class="faint">{version}</span>
                </KvRow>
            </Kv>
        </Card>
    }
    .into_any()
}

fn own_number(scene: &Scene<'_>) -> AnyView {
    let e164 = scene.story.call.line.e164.clone();
    let page = format!("{}/numbers/{e164}", scene.home);
    let calls = Query::default().with("number", e164.clone()).href(&format!("{}/calls", scene.home));
    let word = tr!(in scene.v.lang, "calls.of_number");
    view! {
        <a href=page>
            <Tel e164=e164 />
        </a>
        <br />
        <a href=calls>{word}</a>
    }
    .into_any()
}

fn outside_number(lang: crate::ui::Lang, story: &CallStory) -> AnyView {
    let line = &story.call.line;
    if line.hidden {
        return view! { <span class="faint">{tr!(in lang, "calls.withheld")}</span> }.into_any();
    }
    match line.other.clone() {
        Some(number) => view! { <Tel e164=number /> }.into_any(),
        None => view! { <Dash /> }.into_any(),
    }
}

/// Who had the number then: for the tenant a person or app, for both the operator that served it.
fn holder(scene: &Scene<'_>) -> AnyView {
    let (v, lang, story) = (&scene.v, scene.v.lang, scene.story);
    let during = |since, until: Option<_>| match until {
        Some(until) => {
            tr!(in lang, "calls.held_until", since = v.time(since, TimeStyle::Date), until = v.time(until, TimeStyle::Date))
        }
        None => tr!(in lang, "calls.held_since", since = v.time(since, TimeStyle::Date)),
    };
    let person = (scene.kind == OrgKind::Tenant).then(|| {
        let who = match &story.holder {
            Some(holder) => {
                let when = during(holder.since, holder.until);
                view! {
                    {holder.name.clone()}
                    " "
                    <span class="faint">{when}</span>
                }
                .into_any()
            }
            None => view! { <span class="faint">{tr!(in lang, "calls.held_by_nobody")}</span> }.into_any(),
        };
        view! { <KvRow label=tr!(in lang, "calls.held_by")>{who}</KvRow> }
    });
    let holding = match &story.holding {
        Some(holding) => {
            let own = holding.operator_id == story.call.line.operator_id;
            let with = if own { story.call.line.operator_name.clone().into() } else { tr!(in lang, "calls.other_operator") };
            format!("{with} {}", during(holding.since, holding.until)).into()
        }
        None => tr!(in lang, "calls.not_held"),
    };
    view! {
        {person}
        <KvRow label=tr!(in lang, "calls.number_held")>{holding}</KvRow>
    }
    .into_any()
}

/// What is kept for 28 days only, for those who may see it.
fn device(scene: &Scene<'_>) -> Option<AnyView> {
    let lang = scene.v.lang;
    if scene.kind != OrgKind::Tenant {
        return None;
    }
    let value = if scene.sight.personal {
        let told = scene.story.personal.as_ref().map(|personal| {
            let parts = [&personal.client_os, &personal.user_agent, &personal.client_ip];
            parts.into_iter().flatten().cloned().collect::<Vec<_>>().join("; ")
        });
        match told.filter(|text| !text.is_empty()) {
            Some(text) => text.into_any(),
            None => view! { <span class="faint">{tr!(in lang, "calls.device_gone")}</span> }.into_any(),
        }
    } else {
        view! { <span class="faint">{tr!(in lang, "calls.device_hidden")}</span> }.into_any()
    };
    Some(view! { <KvRow label=tr!(in lang, "calls.device")>{value}</KvRow> }.into_any())
}

fn ids(v: &Viewer, detail: &CallDetail) -> AnyView {
    let lang = v.lang;
    let row = |label: Text, value: String| {
        let what = label.clone();
        view! {
            <KvRow label=label>
                <Copy value=value label=what inline=true />
            </KvRow>
        }
    };
    let rows = [
        (tr!(in lang, "calls.id"), Some(detail.line.id.to_string())),
        (tr!(in lang, "calls.platform_id"), Some(format!("{}/{}", detail.call_id, detail.leg_id))),
        (tr!(in lang, "calls.sip_call_id"), detail.sip_call_id.clone()),
        (tr!(in lang, "calls.operator_ref"), detail.operator_ref.clone()),
        (tr!(in lang, "calls.correlation_id"), detail.correlation_id.clone()),
    ]
    .into_iter()
    .filter_map(|(label, value)| value.map(|value| row(label, value)))
    .collect_view();
    view! {
        <Card title=tr!(in lang, "calls.ids")>
            <Kv>{rows}</Kv>
        </Card>
    }
    .into_any()
}
