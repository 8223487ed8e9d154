//! One endpoint with its state, its keys, how it is doing, and its buttons.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::EndpointState;
use super::forms::RotateSecret;
use super::pages_charts;
use super::pages_endpoint_buttons::head_buttons;
use super::pages_parts::BUDGET;
use super::pages_parts::Paths;
use super::pages_parts::answer_mark;
use super::pages_parts::budget_used;
use super::pages_parts::endpoint_mark;
use super::pages_parts::endpoint_name;
use super::pages_parts::kind_word;
use super::pages_parts::kv;
use super::pages_parts::role_reason;
use super::pages_parts::strip;
use super::queries_pages_health;
use super::queries_pages_health::EndpointHealth;
use super::queries_pages_health::Heartbeat;
use super::queries_pages_health::KeyRow;
use super::queries_pages_health::Tally;
use super::queries_pages_metrics;
use super::queries_pages_metrics::Steps;
use super::signing::masked;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::identity::id_param;
use crate::tr;
use crate::trn;
use crate::ui::Badge;
use crate::ui::Band;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Cols;
use crate::ui::Copy;
use crate::ui::Crumb;
use crate::ui::Grid;
use crate::ui::Hidden;
use crate::ui::Icon;
use crate::ui::Kind;
use crate::ui::Lang;
use crate::ui::Meter;
use crate::ui::Opt;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Select;
use crate::ui::Size;
use crate::ui::Text;
use crate::ui::Tile;
use crate::ui::Tiles;
use crate::ui::Time;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::count;
use crate::ui::dash;
use crate::ui::time;
use crate::ui::viewer;

/// `…/endpoints/{id}`: one endpoint.
///
/// # Errors
/// 401 for a visitor, 403 without `events:read`, 404 when there is no such endpoint of this operator.
pub async fn endpoint_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    ctx.require(Scope::EventsRead)?;
    let operator = ctx.operator()?;
    let id = id_param(req.param("id"), "endpoint")?;
    let mut tx = req.store.begin_for(ctx).await?;
    let found = queries_pages_health::endpoints(&mut tx, operator, Some(id), ctx.now()).await?;
    let one = found.into_iter().next().ok_or_else(|| Problem::not_found("endpoint"))?;
    let keys = queries_pages_health::keys(&mut tx, &req.store, operator, id, ctx.now()).await?;
    let beat = match one.heartbeat_at {
        Some(at) => queries_pages_health::heartbeat(&mut tx, operator, id, at).await?,
        None => None,
    };
    let mut strips = queries_pages_health::strips(&mut tx, operator, ctx.now()).await?;
    let steps = Steps::day(ctx.now());
    let buckets = queries_pages_metrics::buckets(&mut tx, operator, Some(id), steps).await?;
    tx.commit().await?;

    let v = viewer();
    let lang = v.lang;
    let paths = Paths::of(&req);
    let name = endpoint_name(&one.url, &one.description);
    let crumbs = vec![
        Crumb::link(paths.notifications(), tr!(in lang, "notices.title")),
        Crumb::link(paths.endpoints(), tr!(in lang, "notices.endpoints")),
        Crumb::here(name.clone()),
    ];
    let blocked = role_reason(lang, ctx);
    let secret = req.flash.as_ref().and_then(|flash| flash.shown(&req.store));
    let hours = strips.remove(&id).unwrap_or_default();
    let buttons = head_buttons(lang, &paths, &one, blocked.as_ref());
    let facts = facts_card(&v, &paths, &one, beat.as_ref(), blocked.as_ref());
    let keys = keys_card(&v, &paths, &one, keys, blocked.as_ref());
    let body = view! {
        <PageHead title=name.clone() purpose=tr!(in lang, "notices.endpoint_purpose") crumbs=crumbs>
            {buttons}
        </PageHead>
        {secret.map(|secret| secret_band(lang, secret))}
        {next_step(&v, &one)}
        {tiles(&v, &paths, &one, &hours)}
        <Grid cols=Cols::Two>
            {facts}
            {keys}
        </Grid>
        {pages_charts::charts(&v, steps, &buckets)}
    };
    Ok(Page::new(name, body))
}

fn secret_band(lang: Lang, secret: String) -> AnyView {
    let body = view! { <Copy value=secret label=tr!(in lang, "notices.secret.label") /> }.into_any();
    view! {
        <Band tone=Tone::Ok title=tr!(in lang, "notices.secret.title") text=tr!(in lang, "notices.secret.text") body=body />
    }
    .into_any()
}

/// What the state asks of the operator.
fn next_step(v: &Viewer, one: &EndpointHealth) -> AnyView {
    use super::DisableReason;
    use super::PauseReason;
    let lang = v.lang;
    let (tone, title, text) = match one.state {
        EndpointState::Active => match one.failing_since {
            Some(since) => failing(v, one, since),
            None => return ().into_any(),
        },
        EndpointState::Unverified => {
            (Tone::Info, tr!(in lang, "notices.step.unverified"), tr!(in lang, "notices.step.unverified_text"))
        }
        EndpointState::Paused(PauseReason::Person) => {
            (Tone::Warn, tr!(in lang, "notices.step.paused"), tr!(in lang, "notices.band.paused_text"))
        }
        EndpointState::Paused(PauseReason::Failing) => {
            (Tone::Danger, tr!(in lang, "notices.step.paused"), tr!(in lang, "notices.band.paused_failing_text"))
        }
        EndpointState::Disabled(DisableReason::Gone) => {
            (Tone::Danger, tr!(in lang, "notices.step.gone"), tr!(in lang, "notices.step.gone_text"))
        }
        EndpointState::Disabled(DisableReason::Platform) => {
            (Tone::Danger, tr!(in lang, "notices.step.platform"), tr!(in lang, "notices.step.platform_text"))
        }
    };
    view! { <Band tone=tone title=title text=text /> }.into_any()
}

/// How much of the failure budget is gone: a word at first, a warning from 50 per cent on, the alarm from 90.
pub(super) fn failing(v: &Viewer, one: &EndpointHealth, since: chrono::DateTime<chrono::Utc>) -> (Tone, Text, Text) {
    let lang = v.lang;
    let used = budget_used(one, v.now);
    let paused_at = v.time(since + BUDGET, TimeStyle::Short);
    let since = v.time(since, TimeStyle::Short);
    let text = tr!(in lang, "notices.step.failing_text", percent = used, at = paused_at);
    let title = tr!(in lang, "notices.step.failing", since = since);
    let tone = match used {
        90.. => Tone::Danger,
        50.. => Tone::Warn,
        _ => Tone::Info,
    };
    (tone, title, text)
}

fn tiles(v: &Viewer, paths: &Paths, one: &EndpointHealth, hours: &[Tally]) -> AnyView {
    let lang = v.lang;
    let ok: i64 = hours.iter().map(|hour| hour.ok).sum();
    let all = ok + hours.iter().map(|hour| hour.failed).sum::<i64>();
    let attempts = format!("{}?tab=attempts&endpoint={}", paths.notifications(), one.id);
    let next = one.next_at.map(|at| {
        view! { <span>{tr!(in lang, "notices.tile.next")} " " <Time at=at /></span> }
    });
    let bars = strip(v, hours, false);
    let (behind, held) = (count(lang, one.behind), count(lang, one.held));
    view! {
        <Tiles>
            <Tile label=tr!(in lang, "notices.tile.taken") value=count(lang, ok) href=attempts>
                <span>{trn!(in lang, "notices.tile.of_attempts", all)}</span>
                {bars}
            </Tile>
            <Tile label=tr!(in lang, "notices.tile.behind") value=behind>
                <span>{tr!(in lang, "notices.tile.behind_note")}</span>
            </Tile>
            <Tile label=tr!(in lang, "notices.tile.held") value=held>
                {next}
            </Tile>
        </Tiles>
    }
    .into_any()
}

fn facts_card(v: &Viewer, paths: &Paths, one: &EndpointHealth, beat: Option<&Heartbeat>, role: Option<&String>) -> AnyView {
    let lang = v.lang;
    let (tone, word) = endpoint_mark(lang, one);
    let kinds = if one.event_types.is_empty() {
        tr!(in lang, "notices.all_kinds")
    } else {
        Text::Owned(one.event_types.iter().map(|name| kind_word(lang, name)).collect::<Vec<_>>().join(", "))
    };
    let confirms = if one.confirms { tr!(in lang, "notices.confirms.yes") } else { tr!(in lang, "notices.confirms.no") };
    let used = budget_used(one, v.now);
    let percent = crate::ui::percent(lang, f64::from(u32::try_from(used).unwrap_or(0)) / 100.0, 0);
    let edit = format!("{}/edit", paths.endpoint(one.id));
    let delete = format!("{}/delete", paths.endpoint(one.id));
    let foot = match role {
        Some(why) => view! {
            <Button size=Size::Small blocked=Some(why.clone()) value="edit">{tr!(in lang, "notices.edit")}</Button>
        }
        .into_any(),
        None => view! {
            <ButtonLink href=edit size=Size::Small>{tr!(in lang, "notices.edit")}</ButtonLink>
            <ButtonLink href=delete size=Size::Small kind=Kind::Quiet>{tr!(in lang, "notices.delete_more")}</ButtonLink>
        }
        .into_any(),
    };
    let moment = |at: Option<chrono::DateTime<chrono::Utc>>| match at {
        Some(at) => time(v, at, TimeStyle::Short, true),
        None => dash(v),
    };
    let budget = tr!(in lang, "notices.budget");
    let meter_text = tr!(in lang, "notices.budget_used", percent = percent);
    let url = one.url.clone();
    let facts = kv([
        (tr!(in lang, "notices.col.state"), view! { <Badge tone=tone text=word /> }.into_any()),
        (tr!(in lang, "notices.field.url"), view! { <span class="id">{url}</span> }.into_any()),
        (tr!(in lang, "notices.field.kinds"), kinds.into_any()),
        (tr!(in lang, "notices.field.signature"), signature_word(lang, &one.signature).into_any()),
        (tr!(in lang, "notices.field.max_in_flight"), trn!(in lang, "notices.up_to", one.max_in_flight).into_any()),
        (tr!(in lang, "notices.field.confirms"), confirms.into_any()),
        (budget.clone(), view! { <Meter label=budget value=used max=100 text=meter_text /> }.into_any()),
        (tr!(in lang, "notices.verified_at"), moment(one.verified_at)),
        (tr!(in lang, "notices.last_success"), moment(one.last_success_at)),
        (tr!(in lang, "notices.last_attempt"), moment(one.last_attempt_at)),
        (tr!(in lang, "notices.heartbeat"), heartbeat(v, one, beat)),
        (tr!(in lang, "notices.created_at"), moment(Some(one.created_at))),
    ]);
    view! {
        <Card title=tr!(in lang, "notices.endpoint_card") foot=foot>
            {facts}
            <p class="fine">{tr!(in lang, "notices.pause_note")}</p>
        </Card>
    }
    .into_any()
}

/// When the last sign of life was sent and what the endpoint said to it.
fn heartbeat(v: &Viewer, one: &EndpointHealth, beat: Option<&Heartbeat>) -> AnyView {
    let Some(sent_at) = one.heartbeat_at else { return dash(v) };
    let at = time(v, beat.map_or(sent_at, |beat| beat.at), TimeStyle::Short, true);
    let Some(beat) = beat else {
        return view! { {tr!(in v.lang, "notices.heartbeat.sent")} " " {at} }.into_any();
    };
    let (tone, answer) = answer_mark(v.lang, beat.status, beat.error.as_deref());
    if tone == Tone::Ok {
        view! { {tr!(in v.lang, "notices.heartbeat.taken")} " " {at} ", " {answer} }.into_any()
    } else {
        view! { {tr!(in v.lang, "notices.heartbeat.refused")} " " {at} ": " {answer} }.into_any()
    }
}

/// How messages to an endpoint are signed, in words.
pub(super) fn signature_word(lang: Lang, signature: &str) -> Text {
    match signature {
        "v1a" => tr!(in lang, "notices.signature.v1a"),
        "both" => tr!(in lang, "notices.signature.both"),
        _ => tr!(in lang, "notices.signature.v1"),
    }
}

fn keys_card(v: &Viewer, paths: &Paths, one: &EndpointHealth, keys: Vec<KeyRow>, role: Option<&String>) -> AnyView {
    let lang = v.lang;
    let generations = keys.into_iter().flat_map(|key| {
        let state = match key.expires_at {
            None => view! { <Badge tone=Tone::Ok text=tr!(in lang, "notices.secret.current") /> }.into_any(),
            Some(at) => {
                let at = time(v, at, TimeStyle::Short, true);
                view! { <span>{tr!(in lang, "notices.secret.ends")} " " {at}</span> }.into_any()
            }
        };
        let made = time(v, key.created_at, TimeStyle::Short, true);
        let (name, tail) = match one.signature.as_str() {
            "v1a" => (tr!(in lang, "notices.secret.key"), Some(masked(&key.public_key))),
            _ => (tr!(in lang, "notices.secret.secret"), key.secret),
        };
        let tail = tail.map(|tail| view! { <span class="id">{tail}</span> " " });
        let label = tr!(in lang, "notices.secret.public");
        let public = view! { <Copy value=key.public_key label=label.clone() inline=true /> }.into_any();
        [(name, view! { {tail}{state} }.into_any()), (tr!(in lang, "notices.secret.made"), made), (label, public)]
    });
    let generations = kv(generations.collect::<Vec<_>>());
    let (slug, id) = (paths.slug().to_owned(), one.id.to_string());
    let blocked = role.cloned();
    let graces = vec![
        Opt::new("86400", tr!(in lang, "notices.grace.day")),
        Opt::new("3600", tr!(in lang, "notices.grace.hour")),
        Opt::new("604800", tr!(in lang, "notices.grace.week")),
        Opt::new("0", tr!(in lang, "notices.grace.none")),
    ];
    view! {
        <Card title=tr!(in lang, "notices.secret.card")>
            {generations}
            <p class="fine">{tr!(in lang, "notices.secret.note")}</p>
            <form action=RotateSecret::url() method="post" class="stack" data-gap="tight">
                <Hidden name="slug" value=slug />
                <Hidden name="id" value=id />
                <Select
                    name="grace_s"
                    label=tr!(in lang, "notices.grace.label")
                    options=graces
                    value="86400"
                    hint=tr!(in lang, "notices.grace.hint")
                />
                <div class="cluster">
                    <Button icon=Icon::Key value="rotate" blocked=blocked>{tr!(in lang, "notices.rotate")}</Button>
                </div>
            </form>
        </Card>
    }
    .into_any()
}
