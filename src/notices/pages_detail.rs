//! One event with its way to each endpoint, and one attempt with what was sent and what came back.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use url::Url;

use super::forms::Redeliver;
use super::pages_parts::Paths;
use super::pages_parts::as_curl;
use super::pages_parts::delivery_mark;
use super::pages_parts::endpoint_name;
use super::pages_parts::kind_word;
use super::pages_parts::kv;
use super::pages_parts::trigger_word;
use super::pages_parts::try_mark;
use super::pages_parts::withheld_word;
use super::pages_parts::without_secrets;
use super::pages_retry::next_word;
use super::queries_pages;
use super::queries_pages::AtEndpoint;
use super::queries_pages::Delivery;
use super::queries_pages::EventFull;
use super::queries_pages::Place;
use super::queries_pages_attempts;
use super::queries_pages_attempts::AttemptFilter;
use super::queries_pages_attempts::AttemptFull;
use super::queries_pages_attempts::AttemptRow;
use super::shown;
use crate::base::EventId;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::tr;
use crate::ui::ActionButton;
use crate::ui::Badge;
use crate::ui::Band;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Code;
use crate::ui::Col;
use crate::ui::Cols;
use crate::ui::Copy;
use crate::ui::CopyButton;
use crate::ui::Crumb;
use crate::ui::Dash;
use crate::ui::Empty;
use crate::ui::Grid;
use crate::ui::Icon;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Table;
use crate::ui::Tel;
use crate::ui::Text;
use crate::ui::Time;
use crate::ui::TimeStyle;
use crate::ui::Timeline;
use crate::ui::TimelineItem;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::count;
use crate::ui::millis;
use crate::ui::time;
use crate::ui::viewer;

/// Attempts on the page of an event; the list has them all.
const ATTEMPTS: i64 = 20;

/// `…/notifications/events/{id}`: one event, where it stands at each endpoint, and its tries.
///
/// # Errors
/// 401 for a visitor, 403 without `events:read`, 404 when there is no such event in this operator's feed.
pub async fn event_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    ctx.require(Scope::EventsRead)?;
    let operator = ctx.operator()?;
    let id = EventId::from_wire(req.param("id")).ok_or_else(|| Problem::not_found("event"))?;
    let mut tx = req.store.begin_for(ctx).await?;
    let found = queries_pages::event(&mut tx, operator, id.0).await?;
    let mut event = found.ok_or_else(|| Problem::not_found("event"))?;
    let view_name = format!("notifications/{}", id.wire());
    shown::settle(&mut tx, ctx, &view_name, std::slice::from_mut(&mut event.row)).await?;
    let at_endpoints = queries_pages::at_endpoints(&mut tx, operator, event.row.seq).await?;
    let filter = AttemptFilter { event: Some(id.0), ..AttemptFilter::default() };
    let tries = queries_pages_attempts::attempts(&mut tx, operator, &filter, Place::default(), ATTEMPTS, ctx.now()).await?;
    tx.commit().await?;

    let v = viewer();
    let lang = v.lang;
    let paths = Paths::of(&req);
    let seq = count(lang, event.row.seq);
    let title = tr!(in lang, "notices.event.title", seq = seq);
    let crumbs = vec![Crumb::link(paths.notifications(), tr!(in lang, "notices.title")), Crumb::here(seq)];
    let ready = at_endpoints.iter().any(|one| matches!(one.endpoint_state.as_str(), "active" | "paused"));
    let blocked = (!ready).then(|| tr!(in lang, "notices.redeliver_no_endpoint").into_owned());
    let fields = vec![("slug".into(), paths.slug().to_owned().into()), ("event".into(), id.wire().into())];
    let withheld = event.row.withheld.as_deref().map(|reason| {
        view! { <Band tone=Tone::Neutral title=withheld_word(lang, reason) text=tr!(in lang, "notices.withheld.text") /> }
    });
    let body_card = event.row.withheld.is_none().then(|| {
        let copy = copy_button(event.body.clone(), tr!(in lang, "notices.event.body"));
        let text = event.body.clone();
        view! {
            <Card title=tr!(in lang, "notices.event.body") aside=copy>
                <Code label=tr!(in lang, "notices.event.body") text=text json=true />
                <p class="fine">{tr!(in lang, "notices.event.body_note")}</p>
            </Card>
        }
    });
    let facts = event_facts(&v, &paths, &event);
    let body = view! {
        <PageHead title=title.clone() purpose=kind_word(lang, &event.row.kind) crumbs=crumbs>
            <ActionButton action=Redeliver::url() fields=fields icon=Icon::Send blocked=blocked>
                {tr!(in lang, "notices.redeliver")}
            </ActionButton>
        </PageHead>
        {withheld}
        <Grid cols=Cols::Two>
            {facts}
            {body_card}
        </Grid>
        {endpoint_table(&v, &paths, at_endpoints)}
        {tries_card(&v, &paths, &tries.rows, tries.older.is_some().then(|| id.wire()))}
    };
    Ok(Page::new(title, body))
}

fn copy_button(value: String, what: Text) -> AnyView {
    let (label, done) = (tr!("ui.copy", what = what).into_owned(), tr!("ui.copied").into_owned());
    view! { <CopyButton value=value label=label done_label=done /> }.into_any()
}

/// The number with a link to its page, or what else an event is about.
fn subject_view(paths: &Paths, subject: &str) -> AnyView {
    match paths.number(subject) {
        Some(href) => {
            let e164 = subject.to_owned();
            view! { <a href=href><Tel e164=e164 /></a> }.into_any()
        }
        None if subject.is_empty() => view! { <Dash /> }.into_any(),
        None => view! { <span class="id">{subject.to_owned()}</span> }.into_any(),
    }
}

fn customer_view(paths: &Paths, tenant: Option<uuid::Uuid>, name: Option<&str>) -> AnyView {
    match tenant.zip(name) {
        Some((tenant, name)) => view! { <a href=paths.customer(tenant)>{name.to_owned()}</a> }.into_any(),
        None => view! { <Dash /> }.into_any(),
    }
}

fn event_facts(v: &Viewer, paths: &Paths, event: &EventFull) -> AnyView {
    let lang = v.lang;
    let row = &event.row;
    let (tone, word) = delivery_mark(lang, row.delivery());
    let pulled =
        if row.seq <= event.acked_seq { tr!(in lang, "notices.event.pulled") } else { tr!(in lang, "notices.event.not_pulled") };
    let kind = format!("{} ", kind_word(lang, &row.kind));
    let name = row.kind.clone();
    let id_label = tr!(in lang, "notices.event.id");
    let mut rows = vec![
        (tr!(in lang, "notices.col.state"), view! { <Badge tone=tone text=word /> }.into_any()),
        (tr!(in lang, "notices.col.kind"), view! { {kind}<span class="id">{name}</span> }.into_any()),
        (id_label.clone(), view! { <Copy value=EventId(row.id).wire() label=id_label inline=true /> }.into_any()),
        (tr!(in lang, "notices.col.number"), subject_view(paths, &row.subject)),
        (tr!(in lang, "notices.col.customer"), customer_view(paths, row.tenant_id, row.tenant_name.as_deref())),
    ];
    if let Some(seq) = event.number_seq.filter(|_| row.withheld.is_none()) {
        rows.push((tr!(in lang, "notices.event.number_seq"), count(lang, seq).into_any()));
    }
    rows.extend([
        (tr!(in lang, "notices.event.occurred"), time(v, event.occurred_at, TimeStyle::Full, false)),
        (tr!(in lang, "notices.event.sealed"), time(v, row.sealed_at, TimeStyle::Full, false)),
        (tr!(in lang, "notices.event.pull"), pulled.into_any()),
    ]);
    let facts = kv(rows);
    view! { <Card title=tr!(in lang, "notices.event.facts")>{facts}</Card> }.into_any()
}

fn endpoint_table(v: &Viewer, paths: &Paths, at_endpoints: Vec<AtEndpoint>) -> AnyView {
    let lang = v.lang;
    if at_endpoints.is_empty() {
        return view! {
            <Card title=tr!(in lang, "notices.event.at_endpoints") flush=true>
                <Empty title=tr!(in lang, "notices.band.none") text=tr!(in lang, "notices.band.none_text") icon=Icon::Plug />
            </Card>
        }
        .into_any();
    }
    let cols = vec![
        Col::new(tr!(in lang, "notices.col.endpoint")),
        Col::new(tr!(in lang, "notices.col.state")),
        Col::new(tr!(in lang, "notices.event.tries")).num().mid(),
        Col::new(tr!(in lang, "notices.col.next", zone = v.zone())).nowrap().low(),
    ];
    let rows = at_endpoints.into_iter().map(|one| at_endpoint_row(v, paths, &one)).collect_view();
    view! {
        <Card title=tr!(in lang, "notices.event.at_endpoints") flush=true>
            <Table label=tr!(in lang, "notices.event.at_endpoints") cols=cols>
                {rows}
            </Table>
        </Card>
    }
    .into_any()
}

fn at_endpoint_row(v: &Viewer, paths: &Paths, one: &AtEndpoint) -> AnyView {
    let lang = v.lang;
    let (tone, word) = match one.state.as_str() {
        "not_asked" => (Tone::Neutral, tr!(in lang, "notices.state.not_asked")),
        "before" => (Tone::Neutral, tr!(in lang, "notices.state.before")),
        state => delivery_mark(lang, Delivery::parse(state).unwrap_or(Delivery::Waiting)),
    };
    let behind = one.behind_seq.map(|seq| {
        view! { <span class="sub">{tr!(in lang, "notices.event.behind", seq = count(lang, seq))}</span> }
    });
    let resend = one.resend_at.map(|_| view! { <span class="sub">{tr!(in lang, "notices.event.resend")}</span> });
    let next = match one.next_at {
        Some(at) => view! { <Time at=at /> }.into_any(),
        None => view! { <Dash /> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row">
                <a class="row-link" href=paths.endpoint(one.endpoint_id)>
                    {endpoint_name(&one.url, &one.description)}
                </a>
            </th>
            <td><Badge tone=tone text=word />{behind}{resend}</td>
            <td class="num" data-col="mid">{count(lang, one.attempts)}</td>
            <td class="nowrap" data-col="low">{next}</td>
        </tr>
    }
    .into_any()
}

fn tries_card(v: &Viewer, paths: &Paths, tries: &[AttemptRow], more_of: Option<String>) -> AnyView {
    let lang = v.lang;
    if tries.is_empty() {
        return view! {
            <Card title=tr!(in lang, "notices.attempts") flush=true>
                <Empty title=tr!(in lang, "notices.empty.attempts") text=tr!(in lang, "notices.empty.no_try") icon=Icon::Send />
            </Card>
        }
        .into_any();
    }
    let items = tries.iter().map(|one| try_item(v, paths, one)).collect_view();
    let all = more_of.map(|id| {
        let href = format!("{}?tab=attempts&event={id}", paths.notifications());
        view! { <a href=href>{tr!(in lang, "notices.event.all_tries")}</a> }
    });
    view! {
        <Card title=tr!(in lang, "notices.attempts")>
            <Timeline>{items}</Timeline>
            {all}
        </Card>
    }
    .into_any()
}

fn try_item(v: &Viewer, paths: &Paths, one: &AttemptRow) -> AnyView {
    let lang = v.lang;
    let (tone, answer) = try_mark(lang, one);
    let title = tr!(in lang, "notices.event.try", n = one.number, answer = answer);
    let why = next_word(v, one).map(|why| format!(" ({why})"));
    let next = one.next_at.map(|at| {
        view! { " " {tr!(in lang, "notices.event.next_try")} " " <Time at=at />{why} }
    });
    let icon = if one.is_ok() { Icon::Check } else { Icon::Refresh };
    let took = format!("{}, {}.", millis(lang, one.elapsed_ms.into()), trigger_word(lang, &one.trigger));
    let href = paths.attempt(&one.key());
    view! {
        <TimelineItem tone=tone icon=icon title=title at=one.at>
            {took}
            {next}
            " "
            <a href=href>{tr!(in lang, "notices.event.open_try")}</a>
        </TimelineItem>
    }
    .into_any()
}

/// `…/notifications/attempts/{key}`: one attempt with request and answer.
///
/// # Errors
/// 401 for a visitor, 403 without `events:read`, 404 when there is no such attempt of this operator.
pub async fn attempt_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    ctx.require(Scope::EventsRead)?;
    let operator = ctx.operator()?;
    let mut tx = req.store.begin_for(ctx).await?;
    let found = queries_pages_attempts::attempt(&mut tx, operator, req.param("key")).await?;
    let mut attempt = found.ok_or_else(|| Problem::not_found("attempt"))?;
    let view_name = format!("notifications/attempts/{}", EventId(attempt.row.event_id).wire());
    shown::settle(&mut tx, ctx, &view_name, std::slice::from_mut(&mut attempt.row)).await?;
    tx.commit().await?;

    let v = viewer();
    let lang = v.lang;
    let paths = Paths::of(&req);
    let row = &attempt.row;
    let title = match row.seq {
        Some(seq) => tr!(in lang, "notices.attempt.title", n = row.number, seq = count(lang, seq)),
        None => tr!(in lang, "notices.attempt.title_outside", kind = kind_word(lang, &row.kind)),
    };
    let mut crumbs = vec![Crumb::link(paths.notifications(), tr!(in lang, "notices.title"))];
    if let Some(seq) = row.seq {
        crumbs.push(Crumb::link(paths.event(row.event_id), count(lang, seq)));
    }
    crumbs.push(Crumb::here(tr!(in lang, "notices.attempt.here")));
    let withheld = row.withheld.as_deref().map(|reason| {
        view! { <Band tone=Tone::Neutral title=withheld_word(lang, reason) text=tr!(in lang, "notices.withheld.text") /> }
    });
    let exchange = row.withheld.is_none().then(|| {
        let (request, answer) = (request_card(&v, &attempt), answer_card(&v, &attempt));
        view! { <Grid cols=Cols::Two>{request}{answer}</Grid> }
    });
    let event_link = row.seq.map(|_| {
        let href = paths.event(row.event_id);
        view! { <ButtonLink href=href>{tr!(in lang, "notices.attempt.to_event")}</ButtonLink> }
    });
    let body = view! {
        <PageHead title=title.clone() purpose=kind_word(lang, &row.kind) crumbs=crumbs>
            {event_link}
        </PageHead>
        {withheld}
        {attempt_facts(&v, &paths, row)}
        {exchange}
    };
    Ok(Page::new(title, body))
}

fn attempt_facts(v: &Viewer, paths: &Paths, row: &AttemptRow) -> AnyView {
    let lang = v.lang;
    let (tone, answer) = try_mark(lang, row);
    let endpoint = match &row.url {
        Some(url) => view! { <a class="id" href=paths.endpoint(row.endpoint_id)>{url.clone()}</a> }.into_any(),
        None => tr!(in lang, "notices.attempt.endpoint_gone").into_any(),
    };
    let mut rows = vec![
        (tr!(in lang, "notices.col.answer"), view! { <Badge tone=tone text=answer /> }.into_any()),
        (tr!(in lang, "notices.attempt.at"), time(v, row.at, TimeStyle::Full, false)),
        (tr!(in lang, "notices.attempt.took"), millis(lang, row.elapsed_ms.into()).into_any()),
        (tr!(in lang, "notices.attempt.why"), trigger_word(lang, &row.trigger).into_any()),
        (tr!(in lang, "notices.col.endpoint"), endpoint),
        (tr!(in lang, "notices.col.number"), subject_view(paths, if row.seq.is_some() { &row.subject } else { "" })),
        (tr!(in lang, "notices.col.customer"), customer_view(paths, row.tenant_id, row.tenant_name.as_deref())),
    ];
    let why = next_word(v, row).map(|why| format!(" ({why})"));
    rows.extend(row.next_at.map(|at| {
        let at = time(v, at, TimeStyle::Full, false);
        (tr!(in lang, "notices.event.next_try"), view! { {at}{why} }.into_any())
    }));
    let facts = kv(rows);
    view! { <Card title=tr!(in lang, "notices.event.facts")>{facts}</Card> }.into_any()
}

fn request_card(v: &Viewer, attempt: &AttemptFull) -> AnyView {
    let lang = v.lang;
    let headers = without_secrets(&attempt.request_headers);
    let url = attempt.row.url.clone().unwrap_or_default();
    let path = Url::parse(&url).map_or_else(|_| url.clone(), |url| url[url::Position::BeforePath..].to_owned());
    let mut text = format!("POST {path}\n");
    for (name, value) in &headers {
        text.push_str(name);
        text.push_str(": ");
        text.push_str(value);
        text.push('\n');
    }
    if let Some(body) = &attempt.body {
        text.push('\n');
        text.push_str(body);
    }
    let curl = attempt.body.as_deref().filter(|_| !url.is_empty()).map(|body| {
        let curl = as_curl(&url, &headers, body);
        let copy = copy_button(curl.clone(), tr!(in lang, "notices.attempt.curl"));
        view! {
            <details class="disclosure">
                <summary>{tr!(in lang, "notices.attempt.curl")}</summary>
                <Code label=tr!(in lang, "notices.attempt.curl") text=curl />
                <p class="cluster fine">{tr!(in lang, "notices.attempt.curl_note")}{copy}</p>
            </details>
        }
    });
    view! {
        <Card title=tr!(in lang, "notices.attempt.request")>
            <Code label=tr!(in lang, "notices.attempt.request") text=text json=true />
            {curl}
        </Card>
    }
    .into_any()
}

fn answer_card(v: &Viewer, attempt: &AttemptFull) -> AnyView {
    let lang = v.lang;
    let title = tr!(in lang, "notices.attempt.answer");
    let Some(head) = attempt.response_headers.as_ref().filter(|head| !head.is_empty()) else {
        let (_, why) = try_mark(lang, &attempt.row);
        return view! {
            <Card title=title flush=true>
                <Empty title=tr!(in lang, "notices.attempt.no_answer") text=why icon=Icon::Warning />
            </Card>
        }
        .into_any();
    };
    let text = match attempt.response_body.as_deref().filter(|body| !body.is_empty()) {
        Some(body) => format!("{head}\n\n{body}"),
        None => head.clone(),
    };
    view! {
        <Card title=title.clone()>
            <Code label=title text=text />
            <p class="fine">{tr!(in lang, "notices.attempt.cut")}</p>
        </Card>
    }
    .into_any()
}
