//! The operator's notifications: what was told, whether it was taken, and every try.

use chrono::DateTime;
use chrono::Utc;
use leptos::prelude::*;
use sqlx::PgConnection;

use super::EndpointState;
use super::pages_charts;
use super::pages_endpoint_buttons::overview_buttons;
use super::pages_lists;
use super::pages_parts::BUDGET;
use super::pages_parts::Paths;
use super::pages_parts::day_start;
use super::pages_parts::endpoint_mark;
use super::pages_parts::endpoint_name;
use super::pages_parts::role_reason;
use super::pages_parts::strip;
use super::pages_search;
use super::pages_search::Search;
use super::queries_pages;
use super::queries_pages::Delivery;
use super::queries_pages::EventFilter;
use super::queries_pages::EventRow;
use super::queries_pages::Place;
use super::queries_pages::Slice;
use super::queries_pages_attempts;
use super::queries_pages_attempts::AttemptFilter;
use super::queries_pages_attempts::AttemptRow;
use super::queries_pages_health;
use super::queries_pages_health::EndpointHealth;
use super::queries_pages_health::FeedSummary;
use super::queries_pages_health::Tally;
use super::queries_pages_metrics;
use super::queries_pages_metrics::Bucket;
use super::queries_pages_metrics::Gaps;
use super::queries_pages_metrics::Steps;
use super::shown;
use crate::base::EventId;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::tr;
use crate::trn;
use crate::ui::Badge;
use crate::ui::Band;
use crate::ui::ButtonLink;
use crate::ui::Icon;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Query;
use crate::ui::Size;
use crate::ui::Tab;
use crate::ui::Tabs;
use crate::ui::Text;
use crate::ui::Tile;
use crate::ui::Tiles;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::count;
use crate::ui::viewer;

/// Rows of a page.
const ROWS: i64 = 50;
/// Newest positions that are looked through for gaps unless all are asked for.
const LOOKED: i64 = 10_000;

/// What one of the tabs shows.
enum Listed {
    Events(Slice<EventRow>),
    Attempts(Slice<AttemptRow>),
    Health { steps: Steps, buckets: Vec<Bucket>, gaps: Gaps },
}

/// What the tables need besides their rows.
pub(super) struct Scene<'a> {
    pub v: Viewer,
    pub paths: Paths,
    pub query: &'a Query,
    pub path: String,
    pub customers: Vec<(uuid::Uuid, String)>,
    pub endpoints: Vec<EndpointHealth>,
    /// What is wrong with what was searched for.
    pub search_wrong: Option<Text>,
    pub may_redeliver: bool,
}

impl Scene<'_> {
    /// Which endpoint it was needs saying: there are several, or one that is no longer there.
    pub fn names_endpoints(&self, attempts: &[AttemptRow]) -> bool {
        self.endpoints.len() > 1 || attempts.iter().any(|attempt| self.endpoints.iter().all(|one| one.id != attempt.endpoint_id))
    }
}

/// `…/notifications`: events or, with `tab=attempts`, attempts, or, with `tab=health`, lag, failures and gaps. A search for an
/// event's id among the events answers a redirect to that event.
///
/// # Errors
/// 401 for a visitor, 403 without `events:read`, 400 for a foreign cursor.
pub async fn notifications_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    ctx.require(Scope::EventsRead)?;
    let operator = ctx.operator()?;
    let v = viewer();
    let query = &req.query;
    let place = Place { after: query.get("after"), before: query.get("before") };
    let paths = Paths::of(&req);
    let title = tr!(in v.lang, "notices.title");
    let tab = query.get("tab");
    let mut tx = req.store.begin_for(ctx).await?;
    let mut search = pages_search::search(&mut tx, v.lang, operator, query).await?;
    if let Some(id) = search.event.filter(|_| tab != Some("attempts") && tab != Some("health")) {
        if queries_pages::in_feed(&mut tx, operator, id.0).await? {
            leptos_axum::redirect(&paths.event(id.0));
            return Ok(Page::new(title, ()));
        }
        search.wrong = Some(tr!(in v.lang, "notices.search.no_event"));
    }
    let feed = queries_pages_health::feed_summary(&mut tx, operator, ctx.now()).await?;
    let day = queries_pages_metrics::buckets(&mut tx, operator, None, Steps::whole_day(ctx.now())).await?;
    let customers = queries_pages::customers(&mut tx, operator).await?;
    let listed = if tab == Some("attempts") {
        let filter = attempt_filter(&v, query, &search);
        let mut page = attempts(&mut tx, operator, &search, filter, place, ctx.now()).await?;
        shown::settle(&mut tx, ctx, "notifications/attempts", &mut page.rows).await?;
        Listed::Attempts(page)
    } else if tab == Some("health") {
        let steps = Steps::day(ctx.now());
        let buckets = queries_pages_metrics::buckets(&mut tx, operator, None, steps).await?;
        let most = if query.get("look") == Some("all") { i64::MAX } else { LOOKED };
        Listed::Health { steps, buckets, gaps: queries_pages_metrics::gaps(&mut tx, operator, most).await? }
    } else {
        let filter = event_filter(&v, query, &search);
        let mut page = events(&mut tx, operator, &search, filter, place).await?;
        shown::settle(&mut tx, ctx, "notifications", &mut page.rows).await?;
        Listed::Events(page)
    };
    tx.commit().await?;
    let blocked = role_reason(v.lang, ctx);
    let may_redeliver = feed.endpoints.iter().any(|one| matches!(one.state, EndpointState::Active | EndpointState::Paused(_)));
    let scene = Scene {
        v,
        path: paths.notifications(),
        paths,
        query,
        customers,
        endpoints: feed.endpoints.clone(),
        search_wrong: search.wrong,
        may_redeliver,
    };
    let endpoints_href = scene.paths.endpoints();
    let buttons = overview_buttons(v.lang, &scene.paths, &scene.endpoints, blocked.as_ref());
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in v.lang, "notices.purpose")>
            {buttons}
            <ButtonLink href=endpoints_href icon=Icon::Plug>{tr!(in v.lang, "notices.endpoints")}</ButtonLink>
        </PageHead>
        {bands(&scene, blocked.is_none())}
        {tiles(&scene, &feed, day.into_iter().next().unwrap_or_default())}
        {tabs(&scene, &listed)}
        {match listed {
            Listed::Events(page) => pages_lists::events_part(&scene, page),
            Listed::Attempts(page) => pages_lists::attempts_part(&scene, page),
            Listed::Health { steps, buckets, gaps } => {
                let all = Query::default().with("tab", "health").with("look", "all").href(&scene.path);
                let (gaps, charts) = (pages_charts::gaps_card(&scene.v, &gaps, &all), pages_charts::charts(&scene.v, steps, &buckets));
                view! { {gaps}{charts} }.into_any()
            }
        }}
    };
    Ok(Page::new(title, body))
}

/// A value of the address that may go to the database, which takes no NUL.
fn text_of(query: &Query, key: &str) -> Option<String> {
    query.get(key).map(|text| text.replace('\0', ""))
}

/// A page of events; of a number those of it and, when there are none, those of numbers that begin with it.
async fn events(
    conn: &mut PgConnection,
    operator: OperatorId,
    search: &Search,
    filter: EventFilter,
    place: Place<'_>,
) -> Result<Slice<EventRow>, Failure> {
    if search.is_void() {
        return Ok(Slice::none());
    }
    let page = queries_pages::events(conn, operator, &filter, place, ROWS).await?;
    if !page.rows.is_empty() || filter.number.is_none() || search.part.is_none() {
        return Ok(page);
    }
    let wider = EventFilter { number: None, part: search.part.clone(), ..filter };
    queries_pages::events(conn, operator, &wider, place, ROWS).await
}

/// A page of attempts, as [`events`].
async fn attempts(
    conn: &mut PgConnection,
    operator: OperatorId,
    search: &Search,
    filter: AttemptFilter,
    place: Place<'_>,
    now: DateTime<Utc>,
) -> Result<Slice<AttemptRow>, Failure> {
    if search.is_void() {
        return Ok(Slice::none());
    }
    let page = queries_pages_attempts::attempts(conn, operator, &filter, place, ROWS, now).await?;
    if !page.rows.is_empty() || filter.number.is_none() || search.part.is_none() {
        return Ok(page);
    }
    let wider = AttemptFilter { number: None, part: search.part.clone(), ..filter };
    queries_pages_attempts::attempts(conn, operator, &wider, place, ROWS, now).await
}

fn event_filter(v: &Viewer, query: &Query, search: &Search) -> EventFilter {
    EventFilter {
        kind: text_of(query, "type"),
        number: search.number.clone(),
        part: search.part.clone().filter(|_| search.number.is_none()),
        tenants: search.tenants.clone(),
        state: query.get("state").and_then(Delivery::parse),
        from: day_start(v, query.get("from")),
        to: day_start(v, query.get("to")),
    }
}

fn attempt_filter(v: &Viewer, query: &Query, search: &Search) -> AttemptFilter {
    let event = query.get("event").map(|id| EventId::from_wire(id).map(|id| id.0).unwrap_or_default());
    AttemptFilter {
        ok: query.get("status").map(|status| status == "ok"),
        code: query.get("code").map(|code| code.trim_end_matches("xx").parse().unwrap_or(0)),
        kind: text_of(query, "type"),
        number: search.number.clone(),
        part: search.part.clone().filter(|_| search.number.is_none()),
        tenants: search.tenants.clone(),
        tries: query.get("tries").and_then(|tries| tries.parse().ok()),
        endpoint: query.get("endpoint").map(|id| uuid::Uuid::try_parse(id).unwrap_or_default()),
        event: search.event.map(|id| id.0).or(event),
        from: day_start(v, query.get("from")),
        to: day_start(v, query.get("to")),
    }
}

fn bands(scene: &Scene<'_>, may_write: bool) -> AnyView {
    let lang = scene.v.lang;
    if scene.endpoints.is_empty() {
        let add = may_write.then(|| {
            let href = format!("{}/new", scene.paths.endpoints());
            view! { <ButtonLink href=href size=Size::Small icon=Icon::Plus>{tr!(in lang, "notices.add_endpoint")}</ButtonLink> }
        });
        return view! {
            <Band tone=Tone::Info title=tr!(in lang, "notices.band.none") text=tr!(in lang, "notices.band.none_text")>
                {add}
            </Band>
        }
        .into_any();
    }
    let troubled = scene.endpoints.iter().filter(|one| one.needs_attention());
    troubled.map(|one| endpoint_band(&scene.v, &scene.paths, one)).collect_view().into_any()
}

fn endpoint_band(v: &Viewer, paths: &Paths, endpoint: &EndpointHealth) -> AnyView {
    let lang = v.lang;
    let (tone, _) = endpoint_mark(lang, endpoint);
    let name = endpoint_name(&endpoint.url, &endpoint.description);
    let (title, text) = match endpoint.state {
        EndpointState::Active => {
            let time = |at| v.time(at, TimeStyle::Short);
            let since = endpoint.failing_since.map(time).unwrap_or_default();
            let until = endpoint.failing_since.map(|at| time(at + BUDGET)).unwrap_or_default();
            (
                tr!(in lang, "notices.band.failing", name = name),
                tr!(in lang, "notices.band.failing_text", since = since, until = until),
            )
        }
        EndpointState::Unverified => {
            (tr!(in lang, "notices.band.unverified", name = name), tr!(in lang, "notices.band.unverified_text"))
        }
        EndpointState::Paused(super::PauseReason::Person) => {
            (tr!(in lang, "notices.band.paused", name = name), tr!(in lang, "notices.band.paused_text"))
        }
        EndpointState::Paused(super::PauseReason::Failing) => {
            (tr!(in lang, "notices.band.paused", name = name), tr!(in lang, "notices.band.paused_failing_text"))
        }
        EndpointState::Disabled(_) => {
            (tr!(in lang, "notices.band.disabled", name = name), tr!(in lang, "notices.band.disabled_text"))
        }
    };
    let href = paths.endpoint(endpoint.id);
    view! {
        <Band tone=tone title=title text=text>
            <ButtonLink href=href size=Size::Small>{tr!(in lang, "notices.band.open")}</ButtonLink>
        </Band>
    }
    .into_any()
}

fn tiles(scene: &Scene<'_>, feed: &FeedSummary, day: Bucket) -> AnyView {
    let lang = scene.v.lang;
    let ok: i64 = feed.hours.iter().map(|hour: &Tally| hour.ok).sum();
    let all = ok + feed.hours.iter().map(|hour| hour.failed).sum::<i64>();
    let held: i64 = feed.endpoints.iter().map(|one| one.held).sum();
    let to = |key: &str, value: &str| Query::default().with(key, value).href(&scene.path);
    let attempts = Query::default().with("tab", "attempts").href(&scene.path);
    let waiting_tone = if feed.waiting == 0 { Tone::Ok } else { Tone::Pending };
    let waiting_word =
        if feed.waiting == 0 { tr!(in lang, "notices.tile.caught_up") } else { tr!(in lang, "notices.tile.in_order") };
    let bars = strip(&scene.v, &feed.hours, false);
    let health = Query::default().with("tab", "health").href(&scene.path);
    let median = day.lag_ms_p50.map_or_else(|| "–".to_owned(), |ms| scene.v.span(ms.max(0)));
    let most = match day.lag_ms_p95 {
        Some(ms) => tr!(in lang, "notices.tile.lag_most", most = scene.v.span(ms.max(0))),
        None => tr!(in lang, "notices.tile.lag_none"),
    };
    let most = view! { <span>{most}</span> };
    let (waiting, failing) = (to("state", "waiting"), to("state", "failing"));
    let (queued, held) = (count(lang, feed.waiting), count(lang, held));
    let (acked, head) = (count(lang, feed.acked_seq), count(lang, feed.head_seq));
    view! {
        <Tiles>
            <Tile label=tr!(in lang, "notices.tile.taken") value=count(lang, ok) href=attempts>
                <span>{trn!(in lang, "notices.tile.of_attempts", all)}</span>
                {bars}
            </Tile>
            <Tile label=tr!(in lang, "notices.tile.lag") value=median href=health>
                {most}
            </Tile>
            <Tile label=tr!(in lang, "notices.tile.waiting") value=queued href=waiting>
                <Badge tone=waiting_tone text=waiting_word />
            </Tile>
            <Tile label=tr!(in lang, "notices.tile.held") value=held href=failing>
                <span>{tr!(in lang, "notices.tile.held_note")}</span>
            </Tile>
            <Tile label=tr!(in lang, "notices.tile.pulled") value=acked>
                <span>{tr!(in lang, "notices.tile.head", head = head)}</span>
            </Tile>
        </Tiles>
    }
    .into_any()
}

fn tabs(scene: &Scene<'_>, listed: &Listed) -> AnyView {
    let lang = scene.v.lang;
    let kept = scene.query.only(&["q", "type", "number", "customer", "from", "to"]);
    let items = vec![
        Tab::new(kept.href(&scene.path), tr!(in lang, "notices.events")).current(matches!(listed, Listed::Events(_))),
        Tab::new(kept.with("tab", "attempts").href(&scene.path), tr!(in lang, "notices.attempts"))
            .current(matches!(listed, Listed::Attempts(_))),
        Tab::new(kept.with("tab", "health").href(&scene.path), tr!(in lang, "notices.health"))
            .current(matches!(listed, Listed::Health { .. })),
    ];
    view! { <Tabs label=tr!(in lang, "notices.title") items=items /> }.into_any()
}
