//! The chart of minutes per day, and the same figures as a table.

use std::collections::BTreeMap;

use chrono::Datelike as _;
use chrono::NaiveDate;
use chrono::Weekday;
use leptos::prelude::*;

use super::model::Ask;
use super::model::Setting;
use super::model::first_of_month;
use super::queries::DaySum;
use super::words;
use crate::tr;
use crate::ui::BarChart;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Disclosure;
use crate::ui::Rows;
use crate::ui::Series;
use crate::ui::StackedBar;
use crate::ui::Table;
use crate::ui::Viewer;

/// Up to so many days each has its bar; beyond, each month.
const DAYS: i64 = 100;

/// What one bar shows.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    calls: i64,
    inbound_ms: i64,
    outbound_ms: i64,
    awaiting_ms: i64,
    pairs: i64,
    difference_ms: i64,
}

impl Bucket {
    fn add(&mut self, sum: &DaySum) {
        self.calls += sum.calls;
        *(if sum.inbound { &mut self.inbound_ms } else { &mut self.outbound_ms }) += sum.operator_ms;
        self.awaiting_ms += sum.awaiting_ms;
        self.pairs += sum.pairs;
        self.difference_ms += sum.difference_ms;
    }

    fn total_ms(&self) -> i64 {
        self.inbound_ms + self.outbound_ms + self.awaiting_ms
    }
}

/// The chart's card.
pub(super) fn chart(v: &Viewer, ask: &Ask, setting: &Setting, sums: &[DaySum]) -> AnyView {
    let lang = v.lang;
    let monthly = (ask.to - ask.from).num_days() > DAYS;
    let key = |day: NaiveDate| if monthly { first_of_month(day) } else { day };
    let mut buckets: BTreeMap<NaiveDate, Bucket> =
        ask.days().filter(|day| *day <= setting.today).map(|day| (key(day), Bucket::default())).collect();
    for sum in sums {
        buckets.entry(key(sum.day)).or_default().add(sum);
    }
    let name = |day: NaiveDate| if monthly { words::month(v, day) } else { v.day(day) };
    let bars =
        buckets.iter().enumerate().map(|(place, (day, bucket))| bar(v, *day, bucket, &name(*day), monthly, place == 0)).collect();
    let title = if monthly { tr!(in lang, "usage.chart.by_month") } else { tr!(in lang, "usage.chart.by_day") };
    let text = description(v, &buckets, name);
    let legend = vec![
        (Series::First, tr!(in lang, "usage.inbound")),
        (Series::Second, tr!(in lang, "usage.outbound")),
        (Series::Open, tr!(in lang, "usage.chart.open")),
        (Series::Below, tr!(in lang, "usage.chart.difference")),
    ];
    let zone = setting.zone.name();
    let aside = view! { <span class="fine">{tr!(in lang, "usage.chart.zone", zone = zone)}</span> }.into_any();
    let table = table(v, &title, &buckets, name, monthly);
    view! {
        <Card title=title.clone() aside=aside>
            <BarChart id="usage-chart" title=title text=text legend=legend bars=bars strip=tr!(in lang, "usage.chart.strip")>
                <Disclosure summary=tr!(in lang, "usage.chart.table")>{table}</Disclosure>
            </BarChart>
        </Card>
    }
    .into_any()
}

fn bar(v: &Viewer, day: NaiveDate, bucket: &Bucket, name: &str, monthly: bool, first: bool) -> StackedBar {
    let label = match (monthly, first || day.day() == 1) {
        (true, _) => words::month(v, day),
        (false, true) => words::short_day(v, day),
        (false, false) => day.day().to_string(),
    };
    let (minutes, awaiting) = (words::minutes(v, bucket.total_ms()), words::minutes(v, bucket.awaiting_ms));
    let title = if bucket.awaiting_ms > 0 {
        tr!(in v.lang, "usage.chart.bar_open", day = name, n = minutes, open = awaiting)
    } else {
        tr!(in v.lang, "usage.chart.bar", day = name, n = minutes)
    };
    StackedBar {
        label: label.into(),
        strong: monthly || !matches!(day.weekday(), Weekday::Sat | Weekday::Sun),
        title,
        parts: vec![words::as_minutes(bucket.inbound_ms), words::as_minutes(bucket.outbound_ms)],
        open: words::as_minutes(bucket.awaiting_ms),
        below: (bucket.pairs > 0).then(|| words::as_seconds(bucket.difference_ms)),
    }
}

/// What is to be seen, in a sentence.
fn description(v: &Viewer, buckets: &BTreeMap<NaiveDate, Bucket>, name: impl Fn(NaiveDate) -> String) -> String {
    let most = buckets.iter().max_by_key(|(_, bucket)| bucket.total_ms());
    let open = v.count(i64::try_from(buckets.values().filter(|bucket| bucket.awaiting_ms > 0).count()).unwrap_or(0));
    let Some((day, bucket)) = most else { return tr!(in v.lang, "usage.chart.nothing").into_owned() };
    tr!(in v.lang, "usage.chart.text", day = name(*day), n = words::minutes(v, bucket.total_ms()), open = open).into_owned()
}

fn table(
    v: &Viewer,
    title: &str,
    buckets: &BTreeMap<NaiveDate, Bucket>,
    name: impl Fn(NaiveDate) -> String,
    monthly: bool,
) -> AnyView {
    let lang = v.lang;
    let first = if monthly { tr!(in lang, "usage.chart.month") } else { tr!(in lang, "usage.group.day") };
    let cols = vec![
        Col::new(first).nowrap(),
        Col::new(tr!(in lang, "usage.calls")).num(),
        Col::new(tr!(in lang, "usage.chart.inbound_min")).num(),
        Col::new(tr!(in lang, "usage.chart.outbound_min")).num(),
        Col::new(tr!(in lang, "usage.awaiting_min")).num(),
        Col::new(tr!(in lang, "usage.difference_s")).num(),
    ];
    let mut rows = Rows::new(v, &cols);
    for (day, bucket) in buckets {
        rows.row();
        rows.cell().text(&name(*day));
        rows.cell().count(bucket.calls);
        rows.cell().text(&words::minutes(v, bucket.inbound_ms));
        rows.cell().text(&words::minutes(v, bucket.outbound_ms));
        rows.cell().text(&words::minutes(v, bucket.awaiting_ms));
        rows.cell().maybe((bucket.pairs > 0).then_some(bucket.difference_ms), |rows, ms| {
            rows.text(&words::difference(lang, ms));
        });
    }
    view! {
        <div class="list">
            <Table label=title.to_owned() cols=cols compact=true>
                {rows.finish()}
            </Table>
        </div>
    }
    .into_any()
}
