//! The charts of the quality pages: poor share by day and party, and by weekday and hour. The same figures stand in a table
//! under each.

use std::collections::BTreeMap;

use chrono::DateTime;
use chrono::Datelike as _;
use chrono::Timelike as _;
use chrono::Utc;
use chrono_tz::Tz;
use leptos::prelude::*;
use uuid::Uuid;

use super::model::Counts;
use super::model::POOR_TARGET;
use super::model::too_few;
use super::pages::Shown;
use crate::tr;
use crate::trn;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Disclosure;
use crate::ui::HeatMap;
use crate::ui::Lang;
use crate::ui::Rows;
use crate::ui::Share;
use crate::ui::ShareBars;
use crate::ui::ShareCell;
use crate::ui::ShareSeries;
use crate::ui::Table;
use crate::ui::Text;
use crate::ui::percent;

/// Parties with a panel of their own; those with the most calls. All stand in the table of parties.
const PANELS: usize = 6;

/// Ends of the heats, as parts of the share that should not be passed.
const STEPS: [f64; 4] = [POOR_TARGET * 0.5, POOR_TARGET * 0.75, POOR_TARGET, POOR_TARGET * 1.5];

/// Classified and poor calls.
pub(super) type Rated = (i64, i64);

/// What a chart draws for some calls.
fn share((rated, poor): Rated) -> Share {
    match poor_ratio(rated, poor) {
        None => Share::Nothing,
        Some(_) if too_few(rated) => Share::TooFew,
        Some(ratio) => Share::Of(ratio),
    }
}

fn poor_ratio(rated: i64, poor: i64) -> Option<f64> {
    Counts { good: rated - poor, poor, ..Counts::default() }.poor_ratio()
}

/// The same in words: `1.9 % poor, n = 214`.
fn words(lang: Lang, shown: &Shown, (rated, poor): Rated) -> String {
    let n = shown.v.count(rated);
    match share((rated, poor)) {
        Share::Nothing => tr!(in lang, "quality.cell_none").into_owned(),
        Share::TooFew => tr!(in lang, "quality.cell_few", n = n).into_owned(),
        Share::Of(ratio) => tr!(in lang, "quality.cell", share = percent(lang, ratio, 1), n = n).into_owned(),
    }
}

/// Poor share by day, one panel per party.
pub(super) fn by_day(shown: &Shown) -> AnyView {
    let (v, lang) = (&shown.v, shown.v.lang);
    let mut parties: BTreeMap<Uuid, (i64, Vec<Rated>)> = BTreeMap::new();
    for line in &shown.figures.days {
        let entry = parties.entry(line.party).or_insert_with(|| (0, vec![(0, 0); shown.starts.len()]));
        entry.0 += line.rated;
        if let Some(cell) = entry.1.get_mut(line.day) {
            *cell = (cell.0 + line.rated, cell.1 + line.poor);
        }
    }
    let mut parties: Vec<(Uuid, i64, Vec<Rated>)> = parties.into_iter().map(|(party, (n, cells))| (party, n, cells)).collect();
    parties.retain(|party| party.1 > 0);
    parties.sort_by_key(|party| std::cmp::Reverse(party.1));
    let more = parties.len().saturating_sub(PANELS);
    parties.truncate(PANELS);
    if parties.is_empty() {
        return ().into_any();
    }
    let days: Vec<_> = shown.ask.days().collect();
    let names: Vec<String> = parties.iter().map(|(party, ..)| shown.name(*party)).collect();
    let panel = |((_, n, cells), name): (&(Uuid, i64, Vec<Rated>), &String)| {
        let cells = cells.iter().zip(&days).map(|(cell, day)| {
            let title = format!("{name}, {}: {}", v.day(*day), words(lang, shown, *cell));
            ShareCell { title, share: share(*cell) }
        });
        ShareSeries { name: tr!(in lang, "quality.panel", name = name, n = v.count(*n)).into_owned(), cells: cells.collect() }
    };
    let series = parties.iter().zip(&names).map(panel).collect::<Vec<_>>();
    let heads = days.iter().map(|day| short_day(shown, *day)).collect::<Vec<_>>();
    let cols: Vec<Col> = std::iter::once(Col::new(tr!(in lang, "quality.day")).nowrap())
        .chain(names.iter().flat_map(|name| [Col::new(name.clone()).num(), Col::new("n").num()]))
        .collect();
    let mut rows = Rows::new(v, &cols);
    for (at, day) in days.iter().enumerate() {
        rows.row();
        rows.cell().text(&v.day(*day));
        for (.., cells) in &parties {
            write_share(&mut rows, lang, cells[at]);
        }
    }
    let title = tr!(in lang, "quality.by_day");
    let target = percent(lang, POOR_TARGET, 0);
    let limit = (POOR_TARGET, tr!(in lang, "quality.target", share = target));
    let aside = view! { <span class="fine">{format!("{}, {}", shown.days(), shown.zone.name())}</span> }.into_any();
    let legend = [tr!(in lang, "quality.poor_calls"), tr!(in lang, "quality.legend_few")];
    let more = (more > 0).then(|| view! { <p class="fine">{trn!(in lang, "quality.more_parties", more)}</p> });
    let table = tr!(in lang, "quality.by_day_table");
    let (heading, label) = (title.clone(), title.clone());
    view! {
        <Card title=heading aside=aside>
            <figure class="figure" aria-label=label>
                <ShareBars
                    id="quality-days"
                    title=title
                    summary=tr!(in lang, "quality.by_day_summary")
                    series=series
                    heads=heads
                    limit=limit
                    legend=legend
                />
                {more}
                <Disclosure summary=tr!(in lang, "quality.show_table")>
                    <div class="list">
                        <Table label=table cols=cols compact=true>
                            {rows.finish()}
                        </Table>
                    </div>
                </Disclosure>
            </figure>
        </Card>
    }
    .into_any()
}

/// `23 Nov`: the day without its year.
fn short_day(shown: &Shown, day: chrono::NaiveDate) -> String {
    let full = shown.v.day(day);
    full.strip_suffix(&format!(" {}", day.year())).unwrap_or(&full).to_owned()
}

/// A share and its n in two cells.
fn write_share(rows: &mut Rows, lang: Lang, (rated, poor): Rated) {
    rows.cell();
    match share((rated, poor)) {
        Share::Nothing => rows.dash(),
        Share::TooFew => rows.text(&tr!(in lang, "quality.too_few")),
        Share::Of(ratio) => rows.text(&percent(lang, ratio, 1)),
    };
    rows.cell().count(rated);
}

/// Hours in UTC put into a week's cells of a zone: Monday 0:00 first.
pub(super) fn week(hours: &[(DateTime<Utc>, i64, i64)], zone: Tz) -> [[Rated; 24]; 7] {
    let mut week = [[(0, 0); 24]; 7];
    for (at, rated, poor) in hours {
        let local = at.with_timezone(&zone);
        let day = usize::try_from(local.weekday().num_days_from_monday()).unwrap_or(0);
        let hour = usize::try_from(local.hour()).unwrap_or(0);
        let cell = &mut week[day.min(6)][hour.min(23)];
        *cell = (cell.0 + rated, cell.1 + poor);
    }
    week
}

/// Poor share by weekday and hour of day.
pub(super) fn by_hour(shown: &Shown) -> AnyView {
    let lang = shown.v.lang;
    let week = week(&shown.figures.hours, shown.zone);
    let names = weekdays(lang);
    let row = |(name, cells): (&Text, &[Rated; 24])| {
        let cells = cells.iter().enumerate().map(|(hour, cell)| {
            let title = format!("{name} {hour}:00: {}", words(lang, shown, *cell));
            ShareCell { title, share: share(*cell) }
        });
        (name.clone(), cells.collect::<Vec<_>>())
    };
    let map = names.iter().zip(&week).map(row).collect::<Vec<_>>();
    let heads = (0..24).map(|hour| if hour % 2 == 0 { format!("{hour:02}") } else { String::new() }).collect::<Vec<_>>();
    let end = |at: usize| percent(lang, STEPS[at], if at == 1 { 2 } else { 1 });
    let target = percent(lang, POOR_TARGET, 0);
    let legend = [
        tr!(in lang, "quality.heat_to", share = end(0)),
        tr!(in lang, "quality.heat_to", share = end(1)),
        tr!(in lang, "quality.heat_target", share = target),
        tr!(in lang, "quality.heat_to", share = end(3)),
        tr!(in lang, "quality.heat_above"),
        tr!(in lang, "quality.legend_few"),
    ];
    let title = tr!(in lang, "quality.by_hour");
    let aside = tr!(in lang, "quality.by_hour_zone", days = shown.days(), zone = shown.zone.name());
    let aside = view! { <span class="fine">{aside}</span> }.into_any();
    let table = week_table(shown, &names, &week);
    let (heading, label, summary) = (title.clone(), title.clone(), summary(shown, &names, &week));
    view! {
        <Card title=heading aside=aside>
            <figure class="figure" aria-label=label>
                <HeatMap
                    id="quality-week"
                    title=title
                    summary=summary
                    rows=map
                    heads=heads
                    steps=STEPS
                    legend=legend
                />
                <Disclosure summary=tr!(in lang, "quality.show_table")>{table}</Disclosure>
            </figure>
        </Card>
    }
    .into_any()
}

fn weekdays(lang: Lang) -> [Text; 7] {
    [
        tr!(in lang, "quality.weekday.1"),
        tr!(in lang, "quality.weekday.2"),
        tr!(in lang, "quality.weekday.3"),
        tr!(in lang, "quality.weekday.4"),
        tr!(in lang, "quality.weekday.5"),
        tr!(in lang, "quality.weekday.6"),
        tr!(in lang, "quality.weekday.7"),
    ]
}

/// The hour of the week that stands out, in a sentence.
fn summary(shown: &Shown, names: &[Text; 7], week: &[[Rated; 24]; 7]) -> Text {
    let lang = shown.v.lang;
    let cells =
        week.iter().enumerate().flat_map(|(day, hours)| hours.iter().enumerate().map(move |(hour, cell)| (day, hour, *cell)));
    let told =
        cells.filter_map(|(day, hour, cell)| if let Share::Of(ratio) = share(cell) { Some((ratio, day, hour)) } else { None });
    match told.max_by(|a, b| a.0.total_cmp(&b.0)) {
        None => tr!(in lang, "quality.week_few"),
        Some((ratio, day, hour)) => {
            tr!(in lang, "quality.week_worst", day = names[day], hour = hour, share = percent(lang, ratio, 1))
        }
    }
}

fn week_table(shown: &Shown, names: &[Text; 7], week: &[[Rated; 24]; 7]) -> AnyView {
    let (v, lang) = (&shown.v, shown.v.lang);
    let cols: Vec<Col> = std::iter::once(Col::new(tr!(in lang, "quality.weekday")))
        .chain((0..24).map(|hour| Col::new(format!("{hour:02}")).num()))
        .collect();
    let few = tr!(in lang, "quality.n_few");
    let mut rows = Rows::new(v, &cols);
    for (name, hours) in names.iter().zip(week) {
        rows.row();
        rows.cell().text(name);
        for cell in hours {
            rows.cell();
            match share(*cell) {
                Share::Nothing => rows.dash(),
                Share::TooFew => rows.text(&few),
                Share::Of(ratio) => rows.text(&percent(lang, ratio, 1)).sub(&format!("n = {}", v.count(cell.0))),
            };
        }
    }
    let label = tr!(in lang, "quality.by_hour_table");
    view! {
        <div class="list">
            <Table label=label cols=cols compact=true>
                {rows.finish()}
            </Table>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;

    use super::*;

    #[test]
    fn a_week_is_that_of_the_zone_on_both_sides_of_the_change_of_clocks() {
        let hour = |month, day, hour| Utc.with_ymd_and_hms(2026, month, day, hour, 0, 0).single().expect("a time");
        // 00:30 on Monday in Berlin is still Sunday in UTC; 9 o'clock is another hour in UTC before and after 25 October.
        let hours = [(hour(11, 22, 23), 5, 1), (hour(10, 23, 7), 7, 2), (hour(10, 30, 8), 11, 3)];
        let week = week(&hours, chrono_tz::Europe::Berlin);
        assert_eq!(week[0][0], (5, 1));
        assert_eq!(week[4][9], (18, 5));
        assert_eq!(week.iter().flatten().map(|cell| cell.0).sum::<i64>(), 23);
    }

    #[test]
    fn under_a_hundred_calls_nothing_is_said() {
        assert_eq!(share((0, 0)), Share::Nothing);
        assert_eq!(share((99, 99)), Share::TooFew);
        assert_eq!(share((100, 25)), Share::Of(0.25));
    }
}
