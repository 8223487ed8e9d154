//! `/o/{slug}/numbers/{e164}`: what an operator sees of one of its numbers. Never who has it.

use leptos::prelude::*;

use super::model_list::OperatorLine;
use super::pages_past;
use super::pages_timeline::moments;
use super::reads::Way;
use super::reads::number_param;
use super::shown;
use super::timeline;
use crate::base::Failure;
use crate::identity::PageRequest;
use crate::tr;
use crate::ui::Badge;
use crate::ui::Band;
use crate::ui::ButtonLink;
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
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::group_tel;
use crate::ui::viewer;

/// `/o/{slug}/numbers/{e164}`.
///
/// # Errors
/// 401, 403 without `numbers:read`, 404, 451 while the customer's consent is closed.
pub async fn operator_number_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let e164 = number_param(req.param("e164"))?;
    let (line, story) = match timeline::operator_story(&req.store, ctx, &e164, Way::Page).await {
        Err(failure) if failure.problem().status == 404 => return pages_past::operator_past_page(&req, &e164).await,
        story => story?,
    };
    let v = viewer();
    let lang = v.lang;
    let title = group_tel(e164.as_str());
    let list = format!("/o/{}/numbers", req.slug());
    let crumbs = vec![Crumb::link(list, tr!(in lang, "numbers.title")), Crumb::here(title.clone())];
    let heading = view! { <Tel e164=e164.as_str().to_owned() /> }.into_any();
    let purpose = tr!(in lang, "numbers.provided_to", customer = line.tenant_name);
    let events = Query::default().with("number", e164.as_str()).href(&format!("/o/{}/notifications", req.slug()));
    let refused = line.failure_reason.clone().or_else(|| line.failure_code.clone()).map(|reason| {
        view! {
            <Band
                tone=Tone::Danger
                title=tr!(in lang, "numbers.state.refused_by_you")
                text=tr!(in lang, "numbers.by.reason", reason = reason)
            />
        }
    });
    let left = facts(&v, line);
    let right = moments(&v, story, false);
    let body = view! {
        <PageHead title=title.clone() heading=heading purpose=purpose crumbs=crumbs>
            <ButtonLink href=events>{tr!(in lang, "numbers.see_events")}</ButtonLink>
        </PageHead>
        {refused}
        <Grid cols=Cols::Side>
            <div class="stack">{left}</div>
            <Card title=tr!(in lang, "numbers.timeline")>{right}</Card>
        </Grid>
    };
    Ok(Page::new(title, body))
}

fn facts(v: &Viewer, line: OperatorLine) -> AnyView {
    let lang = v.lang;
    let (tone, word) = shown::operator_state(lang, &line.activation_state, line.assigned);
    let since = tr!(in lang, "numbers.since", at = v.time(line.changed_at, TimeStyle::Short));
    let usage = format!("{}; {}", shown::usage(lang, &line.usage), shown::capabilities(lang, &line.capabilities));
    let place = [line.city.clone(), Some(line.country.clone())].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let place = format!("{place}; {}", shown::kind(lang, &line.kind));
    let maybe = |text: Option<String>| text.map_or_else(|| view! { <Dash /> }.into_any(), IntoAny::into_any);
    let uri = match line.sip_uri {
        Some(uri) => view! { <Copy value=uri label=tr!(in lang, "numbers.sip_uri") inline=true /> }.into_any(),
        None => view! { <Dash /> }.into_any(),
    };
    let mode = shown::emergency(lang, &line.emergency_address_mode);
    let (billing, note, version) = (maybe(line.billing_ref), maybe(line.note), line.version);
    let foot = view! { <span class="fine">{tr!(in lang, "numbers.operator_fine")}</span> }.into_any();
    view! {
        <Card title=tr!(in lang, "numbers.facts") foot=foot>
            <Kv>
                <KvRow label=tr!(in lang, "numbers.state.label")>
                    <Badge tone=tone text=word />
                    " "
                    <span class="faint">{since}</span>
                </KvRow>
                <KvRow label=tr!(in lang, "numbers.customer")>{line.tenant_name}</KvRow>
                <KvRow label=tr!(in lang, "numbers.sip_uri")>{uri}</KvRow>
                <KvRow label=tr!(in lang, "numbers.usage.label")>{usage}</KvRow>
                <KvRow label=tr!(in lang, "numbers.place")>{place}</KvRow>
                <KvRow label=tr!(in lang, "numbers.emergency.label")>
                    {mode}
                </KvRow>
                <KvRow label=tr!(in lang, "numbers.billing_ref")>{billing}</KvRow>
                <KvRow label=tr!(in lang, "numbers.note")>{note}</KvRow>
                <KvRow label=tr!(in lang, "numbers.version")>
                    {version}
                    " "
                    <span class="faint">{tr!(in lang, "numbers.number_seq", n = line.number_seq)}</span>
                </KvRow>
            </Kv>
        </Card>
    }
    .into_any()
}
