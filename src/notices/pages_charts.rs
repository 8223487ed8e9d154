//! Deliveries and lag of the last 24 hours, each with its figures as a table, and the look for gaps in the feed.

use chrono::DateTime;
use chrono::Timelike as _;
use chrono::Utc;
use leptos::prelude::*;

use super::queries_pages_metrics::Bucket;
use super::queries_pages_metrics::Gaps;
use super::queries_pages_metrics::Steps;
use crate::tr;
use crate::ui::Badge;
use crate::ui::BarChart;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Disclosure;
use crate::ui::Empty;
use crate::ui::Icon;
use crate::ui::Rows;
use crate::ui::Series;
use crate::ui::Size;
use crate::ui::StackedBar;
use crate::ui::Table;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::count;

/// The objective of delivery, in ms: 95 % of an hour's events are taken within it.
const LAG_MOST_MS: i64 = 10_000;

/// Both charts; a card with plain words where nothing was sent.
pub(super) fn charts(v: &Viewer, steps: Steps, buckets: &[Bucket]) -> AnyView {
    let lang = v.lang;
    if buckets.iter().all(|bucket| bucket.attempts == 0) {
        return view! {
            <Card title=tr!(in lang, "notices.chart.attempts") flush=true>
                <Empty title=tr!(in lang, "notices.chart.nothing") text=tr!(in lang, "notices.chart.nothing_text") icon=Icon::Pulse />
            </Card>
        }
        .into_any();
    }
    view! {
        {attempts_chart(v, steps, buckets)}
        {lag_chart(v, steps, buckets)}
    }
    .into_any()
}

fn figure(n: i64) -> f64 {
    f64::from(i32::try_from(n).unwrap_or(i32::MAX))
}

/// `09:00` of the viewer's clock.
fn hour(v: &Viewer, at: DateTime<Utc>) -> String {
    let local = at.with_timezone(&v.time_zone);
    format!("{:02}:{:02}", local.hour(), local.minute())
}

fn aside(v: &Viewer, steps: Steps) -> AnyView {
    let from = v.time(steps.from, TimeStyle::Short);
    view! { <span class="fine">{tr!(in v.lang, "notices.chart.since", from = from, zone = v.zone())}</span> }.into_any()
}

fn attempts_chart(v: &Viewer, steps: Steps, buckets: &[Bucket]) -> AnyView {
    let lang = v.lang;
    let title = tr!(in lang, "notices.chart.attempts");
    let bar = |(at, bucket): (usize, &Bucket)| {
        let hour = hour(v, steps.bounds(at).0);
        let (ok, failed) = (count(lang, bucket.ok), count(lang, bucket.failed()));
        StackedBar {
            title: tr!(in lang, "notices.chart.bar", hour = hour, ok = ok, failed = failed),
            label: hour.into(),
            strong: bucket.failed() > 0,
            parts: vec![figure(bucket.ok)],
            open: figure(bucket.failed()),
            below: None,
        }
    };
    let bars = buckets.iter().enumerate().map(bar).collect();
    let ok: i64 = buckets.iter().map(|bucket| bucket.ok).sum();
    let failed: i64 = buckets.iter().map(Bucket::failed).sum();
    let text = tr!(in lang, "notices.chart.sum", ok = count(lang, ok), failed = count(lang, failed));
    let legend = vec![(Series::First, tr!(in lang, "notices.chart.taken")), (Series::Open, tr!(in lang, "notices.chart.failed"))];
    let cols = vec![
        Col::new(tr!(in lang, "notices.chart.hour", zone = v.zone())).nowrap(),
        Col::new(tr!(in lang, "notices.chart.taken")).num(),
        Col::new("3xx").num().low(),
        Col::new("4xx").num().low(),
        Col::new("5xx").num().low(),
        Col::new(tr!(in lang, "notices.result.none")).num().low(),
        Col::new(tr!(in lang, "notices.chart.failed")).num(),
    ];
    let mut rows = Rows::new(v, &cols);
    for (at, bucket) in buckets.iter().enumerate() {
        rows.row();
        rows.cell().text(&hour(v, steps.bounds(at).0));
        for n in [bucket.ok, bucket.status_3xx, bucket.status_4xx, bucket.status_5xx, bucket.no_answer, bucket.failed()] {
            rows.cell().count(n);
        }
    }
    let (heading, table) = (title.clone(), title.clone());
    let (shown, note) = (rows.finish(), text.clone());
    view! {
        <Card title=heading aside=aside(v, steps)>
            <p class="fine">{note}</p>
            <BarChart id="notices-attempts" title=title text=text legend=legend bars=bars>
                <Disclosure summary=tr!(in lang, "notices.chart.table")>
                    <div class="list">
                        <Table label=table cols=cols compact=true>{shown}</Table>
                    </div>
                </Disclosure>
            </BarChart>
        </Card>
    }
    .into_any()
}

/// Whether an hour missed the objective; `None`: nothing was taken in it.
fn missed(bucket: &Bucket) -> Option<bool> {
    bucket.lag_ms_p95.map(|ms| ms > LAG_MOST_MS)
}

fn lag_chart(v: &Viewer, steps: Steps, buckets: &[Bucket]) -> AnyView {
    let lang = v.lang;
    let title = tr!(in lang, "notices.chart.lag");
    let seconds = |ms: Option<i64>| ms.map_or(0.0, |ms| figure(ms.max(0)) / 1_000.0);
    let bar = |(at, bucket): (usize, &Bucket)| {
        let hour = hour(v, steps.bounds(at).0);
        StackedBar {
            title: match bucket.lag_ms_p50.zip(bucket.lag_ms_p95) {
                Some((half, most)) => {
                    tr!(in lang, "notices.chart.lag_bar", hour = hour, half = v.span(half.max(0)), most = v.span(most.max(0)))
                }
                None => tr!(in lang, "notices.chart.lag_none", hour = hour),
            },
            label: hour.into(),
            strong: missed(bucket) == Some(true),
            parts: vec![seconds(bucket.lag_ms_p95)],
            open: 0.0,
            below: None,
        }
    };
    let bars = buckets.iter().enumerate().map(bar).collect();
    let worst = buckets.iter().enumerate().filter_map(|(at, bucket)| Some((bucket.lag_ms_p95?, at))).max();
    let text = match worst {
        Some((ms, at)) => {
            tr!(in lang, "notices.chart.lag_worst", hour = hour(v, steps.bounds(at).0), most = v.span(ms.max(0)))
        }
        None => tr!(in lang, "notices.chart.lag_nothing"),
    };
    let objective = tr!(in lang, "notices.chart.objective", most = v.span(LAG_MOST_MS));
    let legend = vec![(Series::First, tr!(in lang, "notices.chart.lag_p95")), (Series::Limit, objective.clone())];
    let limit = (seconds(Some(LAG_MOST_MS)), tr!(in lang, "notices.chart.objective_short", most = v.span(LAG_MOST_MS)));
    let cols = vec![
        Col::new(tr!(in lang, "notices.chart.hour", zone = v.zone())).nowrap(),
        Col::new(tr!(in lang, "notices.chart.first_taken")).num(),
        Col::new(tr!(in lang, "notices.chart.lag_p50_col")).num(),
        Col::new(tr!(in lang, "notices.chart.lag_p95_col")).num(),
        Col::new(objective),
        Col::new(tr!(in lang, "notices.chart.answer_p95")).num().low(),
    ];
    let mut rows = Rows::new(v, &cols);
    let span = |rows: &mut Rows, ms: i64| {
        rows.text(&v.span(ms.max(0)));
    };
    for (at, bucket) in buckets.iter().enumerate() {
        rows.row();
        rows.cell().text(&hour(v, steps.bounds(at).0));
        rows.cell().count(bucket.taken);
        for ms in [bucket.lag_ms_p50, bucket.lag_ms_p95] {
            rows.cell().maybe(ms, span);
        }
        rows.cell().maybe(missed(bucket), |rows, missed| {
            rows.text(&if missed { tr!(in lang, "notices.chart.missed") } else { tr!(in lang, "notices.chart.met") });
        });
        rows.cell().maybe(bucket.elapsed_ms_p95.map(i64::from), span);
    }
    let (heading, table) = (title.clone(), title.clone());
    let (shown, note) = (rows.finish(), text.clone());
    view! {
        <Card title=heading aside=aside(v, steps)>
            <p class="fine">{note}</p>
            <BarChart id="notices-lag" title=title text=text legend=legend bars=bars limit=limit>
                <Disclosure summary=tr!(in lang, "notices.chart.table")>
                    <div class="list">
                        <Table label=table cols=cols compact=true>{shown}</Table>
                    </div>
                </Disclosure>
            </BarChart>
        </Card>
    }
    .into_any()
}

/// Whether every position of the feed is there; `all`: where the whole feed is looked through.
pub(super) fn gaps_card(v: &Viewer, gaps: &Gaps, all: &str) -> AnyView {
    let lang = v.lang;
    let n = |n: i64| count(lang, n);
    let title = tr!(in lang, "notices.gaps.title");
    if gaps.head == 0 {
        return view! {
            <Card title=title>
                <p>{tr!(in lang, "notices.gaps.empty")}</p>
            </Card>
        }
        .into_any();
    }
    let (tone, word) = if gaps.is_whole() {
        (Tone::Ok, tr!(in lang, "notices.gaps.whole"))
    } else {
        (Tone::Danger, tr!(in lang, "notices.gaps.broken"))
    };
    let found = match gaps.first_missing {
        Some(missing) => tr!(in lang, "notices.gaps.missing", seq = n(missing)),
        None if gaps.present == 0 => tr!(in lang, "notices.gaps.expired", head = n(gaps.head)),
        None => tr!(in lang, "notices.gaps.present", head = n(gaps.head), from = n(gaps.from)),
    };
    let acked = if gaps.acked == 0 {
        tr!(in lang, "notices.gaps.never_acked")
    } else {
        tr!(in lang, "notices.gaps.acked", seq = n(gaps.acked))
    };
    let more = (gaps.from > gaps.oldest).then(|| {
        let (href, word) = (all.to_owned(), tr!(in lang, "notices.gaps.look_all", from = n(gaps.oldest)));
        view! {
            <p class="cluster">
                <ButtonLink href=href size=Size::Small>{word}</ButtonLink>
            </p>
        }
    });
    let badge = view! { <Badge tone=tone text=word /> }.into_any();
    view! {
        <Card title=title aside=badge>
            <p>{found}</p>
            <p>{acked}</p>
            <p class="fine">{tr!(in lang, "notices.gaps.note")}</p>
            {more}
        </Card>
    }
    .into_any()
}
