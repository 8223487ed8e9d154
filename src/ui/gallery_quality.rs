//! The charts of shares in the gallery.

use super::Card;
use super::HeatMap;
use super::Share;
use super::ShareBars;
use super::ShareCell;
use super::ShareSeries;
use super::Text;
use leptos::prelude::*;

/// A share that comes and goes; nothing and too little now and then.
fn sample(place: u32) -> Share {
    match place % 11 {
        0 => Share::Nothing,
        1 | 2 => Share::TooFew,
        _ => Share::Of(f64::from(place * 7 % 19) / 350.0),
    }
}

fn cells(from: u32, n: u32) -> Vec<ShareCell> {
    (from..from + n).map(|place| ShareCell { title: format!("Place {place}"), share: sample(place) }).collect()
}

pub(super) fn shares() -> AnyView {
    let rows = (0..7).zip(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]).map(|(at, name)| (name.into(), cells(24 * at, 24)));
    let heads = (0..24).map(|hour| if hour % 2 == 0 { format!("{hour:02}") } else { String::new() }).collect::<Vec<_>>();
    let heats = ["under 1.5 %", "to 2.25 %", "to 3 %", "to 4.5 %", "above", "too few"].map(Text::from);
    let series = ["Norvik Telekom", "Albion Voice"].into_iter().zip([3, 40]);
    let series = series.map(|(name, from)| ShareSeries { name: name.to_owned(), cells: cells(from, 28) }).collect::<Vec<_>>();
    let days = (1..29).map(|day| format!("{day} Nov")).collect::<Vec<_>>();
    let rows = rows.collect::<Vec<_>>();
    view! {
        <Card title="Shares as a map">
            <figure class="figure" aria-label="A map">
                <HeatMap
                    id="gallery-map"
                    title="Shares by weekday and hour"
                    summary="A sample."
                    rows=rows
                    heads=heads
                    steps=[0.015, 0.0225, 0.03, 0.045]
                    legend=heats
                />
            </figure>
        </Card>
        <Card title="Shares as bars">
            <figure class="figure" aria-label="Bars">
                <ShareBars
                    id="gallery-shares"
                    title="Shares by day"
                    summary="A sample."
                    series=series
                    heads=days
                    limit=(0.03, "target 3 %".into())
                    legend=["share".into(), "too few".into()]
                />
            </figure>
        </Card>
    }
    .into_any()
}
