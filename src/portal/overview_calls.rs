//! Calls, quality and durations on the overviews: figures of today against the same weekday, what is awaited, how fresh feeds are.

use std::borrow::Cow;

use chrono::DateTime;
use chrono::Days;
use chrono::NaiveDate;
use chrono::NaiveTime;
use chrono::TimeDelta;
use chrono::Utc;
use leptos::prelude::*;

use super::queries_overview as queries;
use super::queries_overview::Awaited;
use super::queries_overview::Calls;
use super::queries_overview::Customer;
use super::queries_overview::Feeds;
use super::queries_overview::Fresh;
use super::queries_overview::Heard;
use super::queries_overview::Stretch;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Scope;
use crate::base::TenantId;
use crate::store::Tx;
use crate::tr;
use crate::transfers;
use crate::transfers::Class;
use crate::transfers::View;
use crate::ui::Badge;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Rows;
use crate::ui::Table;
use crate::ui::Tile;
use crate::ui::Tiles;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::percent;

/// Days of quality and of awaited durations, today included; as many as the links behind the figures show.
const WEEK: u64 = 7;
/// How far back the newest call and duration of an operator are looked for.
const FRESH: TimeDelta = TimeDelta::days(31);
/// A share of fewer calls says nothing.
const FEW: i64 = 100;
/// A share of poor calls above this is marked.
const POOR: f64 = 0.03;

/// The days that figures of today speak of, in the viewer's zone.
#[derive(Clone, Copy, Debug)]
struct Span {
    today: NaiveDate,
    stretch: Stretch,
    week: NaiveDate,
    week_began: DateTime<Utc>,
}

impl Span {
    fn of(v: &Viewer) -> Self {
        let today = v.now.with_timezone(&v.time_zone).date_naive();
        let back = |days| today.checked_sub_days(Days::new(days)).unwrap_or(today);
        let began = |day: NaiveDate| {
            let start = transfers::day_start(&day.format("%Y-%m-%d").to_string(), v.time_zone);
            start.unwrap_or_else(|| day.and_time(NaiveTime::MIN).and_utc())
        };
        let (start, before) = (began(today), began(back(7)));
        let stretch = Stretch { today: start, now: v.now, before, before_until: before + (v.now - start) };
        let week = back(WEEK - 1);
        Self { today, stretch, week, week_began: began(week) }
    }

    /// `from=…&to=…` of the week, today included.
    fn week_query(&self) -> String {
        format!("from={}&to={}", self.week, self.today.succ_opt().unwrap_or(self.today))
    }
}

/// A tenant's figures; what its role may not see is not asked for.
pub struct TenantFigures {
    span: Span,
    calls: Option<Calls>,
    heard: Option<Heard>,
    awaited: Option<Awaited>,
    fresh: Vec<Fresh>,
}

/// Reads a tenant's figures.
pub async fn tenant_figures(tx: &mut Tx, ctx: &Ctx, v: &Viewer) -> Result<TenantFigures, Failure> {
    let (tenant, span) = (ctx.tenant()?, Span::of(v));
    let mut figures = TenantFigures { span, calls: None, heard: None, awaited: None, fresh: Vec::new() };
    if ctx.scopes.has(Scope::CallsRead) {
        figures.calls = Some(queries::tenant_calls(&mut *tx, tenant, span.stretch).await?);
    }
    if ctx.scopes.has(Scope::QualityRead) {
        figures.heard = Some(queries::tenant_heard(&mut *tx, tenant, span.week_began).await?);
    }
    if ctx.scopes.has(Scope::UsageRead) {
        figures.awaited = Some(queries::tenant_awaited(&mut *tx, tenant, span.week).await?);
        figures.fresh = queries::tenant_fresh(&mut *tx, tenant, v.now - FRESH).await?;
    }
    Ok(figures)
}

/// The tenant's second row of tiles.
pub fn tenant_tiles(v: &Viewer, base: &str, figures: &TenantFigures) -> Option<AnyView> {
    let span = &figures.span;
    let mut tiles = Vec::new();
    if let Some(calls) = &figures.calls {
        tiles.extend(call_tiles(v, base, span, calls));
    }
    if let Some(heard) = figures.heard {
        tiles.push(poor_tile(v, &format!("{base}/quality?period={WEEK}d"), heard));
    }
    if let Some(awaited) = figures.awaited {
        tiles.push(awaited_tile(v, tr!("portal.overview.awaited"), &format!("{base}/usage?{}", span.week_query()), awaited));
    }
    (!tiles.is_empty()).then(|| view! { <Tiles>{tiles}</Tiles> }.into_any())
}

/// How fresh each operator's data is.
pub fn fresh_card(v: &Viewer, base: &str, figures: &TenantFigures) -> Option<AnyView> {
    if figures.fresh.is_empty() {
        return None;
    }
    let cols = vec![
        Col::new(tr!("portal.overview.operator")),
        Col::new(tr!("portal.overview.last_call")).nowrap(),
        Col::new(tr!("portal.overview.counted_until")).nowrap(),
        Col::new(tr!("portal.overview.closed_until")).nowrap().mid(),
    ];
    let query = figures.span.week_query();
    let mut rows = Rows::new(v, &cols);
    for fresh in &figures.fresh {
        rows.row();
        rows.cell().row_link(&format!("{base}/usage?operator={}&{query}", fresh.slug), &fresh.name);
        rows.cell().maybe(fresh.last_call_at, |rows, at| {
            rows.time(at, TimeStyle::Short);
        });
        if fresh.durations || fresh.counted_until.is_some() {
            rows.cell().maybe(fresh.counted_until, |rows, at| {
                rows.time(at, TimeStyle::Short);
            });
        } else {
            rows.cell().badge(Tone::Neutral, &tr!("portal.overview.no_durations"));
        }
        rows.cell().maybe(fresh.closed_until, |rows, day| {
            rows.text(&v.day(day));
        });
    }
    Some(
        view! {
            <Card flush=true title=tr!("portal.overview.fresh")>
                <Table label=tr!("portal.overview.fresh") cols=cols>{rows.finish()}</Table>
            </Card>
        }
        .into_any(),
    )
}

/// An operator's figures.
pub struct OperatorFigures {
    span: Span,
    customers: Vec<Customer>,
    feeds: Feeds,
    /// The role may see durations.
    durations: bool,
}

/// Reads an operator's figures, registered as a view of every customer that stands in them: one summary is one record.
/// `None` for a role that may not see calls.
pub async fn operator_figures(tx: &mut Tx, ctx: &Ctx, v: &Viewer) -> Result<Option<OperatorFigures>, Failure> {
    let (operator, span) = (ctx.operator()?, Span::of(v));
    if !ctx.scopes.has(Scope::CallsRead) {
        return Ok(None);
    }
    let all = queries::customers_of(&mut *tx, operator).await?;
    transfers::lock_shared_all(&mut *tx, all.into_iter().map(TenantId), operator).await?;
    let awaited_since = span.stretch.today - TimeDelta::days(1);
    let customers = queries::operator_customers(&mut *tx, operator, span.stretch, span.week_began, awaited_since).await?;
    let gates = transfers::gates_of(&mut *tx, Class::Calls).await?;
    for customer in &customers {
        let tenant = TenantId(customer.tenant);
        let open = gates.iter().find(|((of, by, _), gate)| *of == tenant && *by == operator && gate.open);
        let Some((_, gate)) = open else { continue };
        let both = [Class::Calls, Class::Quality];
        let classes = if customer.heard.is_some() { &both[..] } else { &both[..1] };
        let view = View { tenant, operator, classes, basis: gate.basis(), name: "overview", records: 1 };
        transfers::register_view(&mut *tx, ctx, view).await?;
    }
    let feeds = queries::operator_feeds(&mut *tx, operator, span.stretch.today).await?;
    Ok(Some(OperatorFigures { span, customers, feeds, durations: ctx.scopes.has(Scope::DurationsWrite) }))
}

/// The operator's second row of tiles.
pub fn operator_tiles(v: &Viewer, base: &str, figures: &OperatorFigures) -> AnyView {
    let (mut calls, mut heard, mut awaited) = (Calls::default(), Heard::default(), Awaited::default());
    for customer in &figures.customers {
        calls.calls += customer.calls.calls;
        calls.talk_ms += customer.calls.talk_ms;
        calls.calls_before += customer.calls.calls_before;
        calls.talk_before_ms += customer.calls.talk_before_ms;
        let (h, a) = (customer.heard.unwrap_or_default(), customer.awaited.unwrap_or_default());
        (heard.good, heard.poor) = (heard.good + h.good, heard.poor + h.poor);
        (awaited.calls, awaited.ms) = (awaited.calls + a.calls, awaited.ms + a.ms);
    }
    let feeds = &figures.feeds;
    let mut tiles = call_tiles(v, base, &figures.span, &calls);
    tiles.push(poor_tile(v, &format!("{base}/quality?period={WEEK}d"), heard));
    if !figures.durations {
        return view! { <Tiles>{tiles}</Tiles> }.into_any();
    }
    tiles.push(awaited_tile(v, tr!("portal.overview.you_owe"), &format!("{base}/durations"), awaited));
    let rows = tr!("portal.overview.batch_rows", accepted = v.count(feeds.accepted), rejected = v.count(feeds.rejected));
    tiles.push(
        view! {
            <Tile label=tr!("portal.overview.batches") value=v.count(feeds.batches) href=format!("{base}/durations")>
                <span>{rows}</span>
            </Tile>
        }
        .into_any(),
    );
    view! { <Tiles>{tiles}</Tiles> }.into_any()
}

/// Both feeds of an operator: calls to it, durations from it.
pub fn feeds_card(v: &Viewer, base: &str, figures: &OperatorFigures) -> AnyView {
    let cols = vec![
        Col::new(tr!("portal.overview.stream")),
        Col::new(tr!("portal.overview.newest")).nowrap(),
        Col::new(tr!("portal.overview.closed_until")).nowrap(),
    ];
    let feeds = &figures.feeds;
    let mut rows = Rows::new(v, &cols);
    rows.row();
    rows.cell().row_link(&format!("{base}/calls"), &tr!("portal.overview.calls_to_you"));
    rows.cell().maybe(feeds.sealed_at, |rows, at| {
        rows.time(at, TimeStyle::Short);
    });
    rows.cell().dash();
    if figures.durations {
        durations_row(v, &mut rows, base, feeds);
    }
    view! {
        <Card flush=true title=tr!("portal.overview.streams")>
            <Table label=tr!("portal.overview.streams") cols=cols>{rows.finish()}</Table>
        </Card>
    }
    .into_any()
}

fn durations_row(v: &Viewer, rows: &mut Rows, base: &str, feeds: &Feeds) {
    rows.row();
    rows.cell().row_link(&format!("{base}/durations"), &tr!("portal.overview.durations_of_yours"));
    rows.cell().maybe(feeds.last_batch_at, |rows, at| {
        rows.time(at, TimeStyle::Short);
    });
    rows.cell().maybe(feeds.closed_until, |rows, day| {
        rows.text(&v.day(day));
    });
}

/// Calls today by customer.
pub fn customers_card(v: &Viewer, base: &str, figures: &OperatorFigures) -> Option<AnyView> {
    if figures.customers.is_empty() {
        return None;
    }
    let cols = vec![
        Col::new(tr!("portal.overview.customer")),
        Col::new(tr!("portal.overview.calls_today")).num(),
        Col::new(tr!("portal.overview.minutes_today")).num().mid(),
        Col::new(tr!("portal.overview.poor_week")).num(),
        Col::new(tr!("portal.overview.you_owe")).num(),
    ];
    let today = figures.span.today;
    let mut rows = Rows::new(v, &cols);
    for customer in &figures.customers {
        rows.row();
        let calls = format!("{base}/calls?tenant={}&from={today}", customer.tenant);
        rows.cell().row_link(&calls, &customer.name);
        rows.cell().count(customer.calls.calls);
        rows.cell().count(minutes(customer.calls.talk_ms));
        let quality = format!("{base}/quality?tenant={}&period={WEEK}d", customer.tenant);
        rows.cell().maybe(customer.heard, |rows, heard| {
            rows.link(&quality, &share(v, heard).unwrap_or_else(|| "–".to_owned())).sub(&n_of(v, heard));
        });
        rows.cell().maybe(customer.awaited, |rows, awaited| {
            rows.count(awaited.calls);
        });
    }
    Some(
        view! {
            <Card flush=true title=tr!("portal.overview.customers_today")>
                <Table label=tr!("portal.overview.customers_today") cols=cols>{rows.finish()}</Table>
            </Card>
        }
        .into_any(),
    )
}

fn call_tiles(v: &Viewer, base: &str, span: &Span, calls: &Calls) -> Vec<AnyView> {
    let (list, today) = (format!("{base}/calls?from={}", span.today), span.today);
    let day = today.checked_sub_days(Days::new(7)).unwrap_or(today);
    let tile = |label: Cow<'static, str>, href: String, n: i64, before: i64| {
        let note = tr!("portal.overview.by_then", day = v.day(day), n = v.count(before));
        view! { <Tile label=label value=v.count(n) href=href><span>{note}</span></Tile> }.into_any()
    };
    vec![
        tile(tr!("portal.overview.calls_today"), list.clone(), calls.calls, calls.calls_before),
        tile(
            tr!("portal.overview.minutes_today"),
            format!("{list}&tab=answered"),
            minutes(calls.talk_ms),
            minutes(calls.talk_before_ms),
        ),
    ]
}

fn poor_tile(v: &Viewer, href: &str, heard: Heard) -> AnyView {
    let n = n_of(v, heard);
    let value = share(v, heard).unwrap_or_else(|| "–".to_owned());
    let high = ratio(heard).is_some_and(|ratio| ratio > POOR);
    let mark = high.then(|| view! { <Badge tone=Tone::Warn text=tr!("portal.overview.above") /> });
    view! {
        <Tile label=tr!("portal.overview.poor_week") value=value href=href.to_owned()>{mark}<span>{n}</span></Tile>
    }
    .into_any()
}

fn awaited_tile(v: &Viewer, label: Cow<'static, str>, href: &str, awaited: Awaited) -> AnyView {
    let note = tr!("portal.overview.awaited_minutes", n = v.count(minutes(awaited.ms)));
    view! { <Tile label=label value=v.count(awaited.calls) href=href.to_owned()><span>{note}</span></Tile> }.into_any()
}

fn minutes(ms: i64) -> i64 {
    (ms + 30_000) / 60_000
}

/// Poor calls of the classified ones; `None` where they are too few to say.
fn ratio(heard: Heard) -> Option<f64> {
    let n = heard.good + heard.poor;
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let ratio = heard.poor as f64 / n as f64;
    (n >= FEW).then_some(ratio)
}

fn share(v: &Viewer, heard: Heard) -> Option<String> {
    ratio(heard).map(|ratio| percent(v.lang, ratio, 1))
}

fn n_of(v: &Viewer, heard: Heard) -> String {
    tr!(in v.lang, "portal.overview.n", n = v.count(heard.good + heard.poor)).into_owned()
}
