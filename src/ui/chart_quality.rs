//! Charts of shares: a map of cells in five heats, and bars of shares over time in one panel per series. Where there is too little to
//! say a cell is hatched, where there is nothing it is left out. Geometry in attributes, paint by class; beside each chart the
//! page shows the same figures as a table.

use super::Text;
use super::format::percent;
use super::text::escape;
use super::viewer;
use leptos::prelude::*;
use std::fmt::Write as _;

/// What a chart says about one cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Share {
    /// There is nothing.
    Nothing,
    /// Too little to say: hatched.
    TooFew,
    /// A ratio, 0..1.
    Of(f64),
}

/// A cell of [`HeatMap`] or [`ShareBars`].
#[derive(Clone, Debug)]
pub struct ShareCell {
    /// Everything about the cell in words.
    pub title: String,
    /// What is drawn.
    pub share: Share,
}

/// The upper ends of the first four heats, rising; the fifth is all above.
pub type HeatSteps = [f64; 4];

/// The heat of a ratio, 0 to 4.
#[must_use]
pub fn heat_of(ratio: f64, steps: HeatSteps) -> usize {
    steps.iter().take_while(|end| ratio > **end).count()
}

const HEATS: [&str; 5] = ["h0", "h1", "h2", "h3", "h4"];

/// Rows and columns of cells in five heats.
#[component]
pub fn HeatMap(
    /// Part of the ids inside; unique on the page.
    id: &'static str,
    /// What the map shows.
    #[prop(into)]
    title: Text,
    /// What stands out, in a sentence.
    #[prop(into)]
    summary: Text,
    /// Each row's name and cells.
    rows: Vec<(Text, Vec<ShareCell>)>,
    /// The columns' names; an empty one is left out.
    heads: Vec<String>,
    /// Where one heat ends.
    steps: HeatSteps,
    /// The words of the five heats and of the hatch.
    legend: [Text; 6],
) -> impl IntoView {
    let width = 41.5_f64;
    let mut body = hatch(id);
    for (at, (name, cells)) in rows.iter().enumerate() {
        let top = 9 + 28 * at;
        push_text(&mut body, "on", 34.0, top + 17, "end", name);
        for (place, cell) in cells.iter().enumerate() {
            let left = width.mul_add(as_f64(place), 45.0);
            let paint = match cell.share {
                Share::Nothing => continue,
                Share::TooFew => format!("fill=\"url(#{id}-hatch)\""),
                Share::Of(ratio) => format!("class=\"{}\"", HEATS[heat_of(ratio, steps)]),
            };
            push_rect(&mut body, &cell.title, &paint, [left, as_f64(top), 39.5, 26.0]);
        }
    }
    let foot = 9 + 28 * rows.len() + 17;
    for (place, head) in heads.iter().enumerate().filter(|(_, head)| !head.is_empty()) {
        push_text(&mut body, "", width.mul_add(as_f64(place), 64.8), foot, "middle", head);
    }
    let key = |place: usize| if place < 5 { HEATS[place] } else { "grey" };
    let legend = legend.into_iter().enumerate().map(|(place, word)| (key(place), word)).collect();
    figure(id, title, summary, legend, (1040, foot + 14), body)
}

/// One panel of [`ShareBars`].
#[derive(Clone, Debug)]
pub struct ShareSeries {
    /// Its name and what there is to say of it in few words.
    pub name: String,
    /// One cell per place on the common axis.
    pub cells: Vec<ShareCell>,
}

/// Height of a panel, and of its plot.
const PANEL: usize = 116;
const PLOT: f64 = 66.0;
/// Left and right end of the plot.
const LEFT: f64 = 48.0;
const RIGHT: f64 = 1032.0;

/// Bars of shares, one panel per series, all on one scale.
#[component]
pub fn ShareBars(
    /// Part of the ids inside; unique on the page.
    id: &'static str,
    /// What the bars show.
    #[prop(into)]
    title: Text,
    /// What stands out, in a sentence.
    #[prop(into)]
    summary: Text,
    /// The panels.
    series: Vec<ShareSeries>,
    /// The names of the places, for the axis; some are left out where there are many.
    heads: Vec<String>,
    /// A ratio that should not be passed, and its name.
    limit: (f64, Text),
    /// The words of a bar and of the hatch.
    legend: [Text; 2],
) -> impl IntoView {
    let lang = viewer().lang;
    let top = scale(&series, limit.0);
    let mut body = hatch(id);
    for (at, one) in series.iter().enumerate() {
        let foot = as_f64(at * PANEL) + 30.0 + PLOT;
        push_text(&mut body, "strong", 0.0, at * PANEL + 12, "start", &one.name);
        for share in [0.0, 0.5, 1.0] {
            let y = PLOT.mul_add(-share, foot);
            write!(body, "<path class=\"gridline\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/>").unwrap_or_default();
            let label = percent(lang, top * share, usize::from(top < 0.04 && share > 0.0));
            write!(body, "<text x=\"40\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>", y + 4.0).unwrap_or_default();
        }
        push_bars(&mut body, id, &one.cells, foot, top);
        let y = PLOT.mul_add(-limit.0 / top, foot);
        write!(body, "<path class=\"limit\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/>").unwrap_or_default();
        if at == 0 {
            write!(body, "<text x=\"{RIGHT}\" y=\"{:.1}\" text-anchor=\"end\">", y - 4.0).unwrap_or_default();
            escape(&mut body, &limit.1);
            body.push_str("</text>");
        }
        write!(body, "<path class=\"axis\" d=\"M{LEFT} {foot:.1}H{RIGHT}\"/>").unwrap_or_default();
    }
    let height = series.len() * PANEL + 20;
    let step = (RIGHT - LEFT) / as_f64(heads.len().max(1));
    let every = heads.len().div_ceil(10).max(1);
    for (place, head) in heads.iter().enumerate().step_by(every) {
        push_text(&mut body, "", step.mul_add(as_f64(place) + 0.5, LEFT), height - 8, "middle", head);
    }
    let [bar, few] = legend;
    figure(id, title, summary, vec![("1", bar), ("grey", few)], (1040, height), body)
}

/// The upper end of the scale: the first round figure above every share and the limit.
fn scale(series: &[ShareSeries], limit: f64) -> f64 {
    let shares = series.iter().flat_map(|one| &one.cells).map(|cell| if let Share::Of(ratio) = cell.share { ratio } else { 0.0 });
    let most = shares.fold(limit * 1.2, f64::max);
    [0.02, 0.04, 0.06, 0.1, 0.2, 0.4, 0.6].into_iter().find(|end| *end >= most).unwrap_or(1.0)
}

fn push_bars(body: &mut String, id: &str, cells: &[ShareCell], foot: f64, top: f64) {
    let step = (RIGHT - LEFT) / as_f64(cells.len().max(1));
    let gap = (step * 0.2).min(3.0);
    for (place, cell) in cells.iter().enumerate() {
        let left = step.mul_add(as_f64(place), LEFT) + gap / 2.0;
        match cell.share {
            Share::Nothing => {}
            Share::TooFew => {
                let paint = format!("fill=\"url(#{id}-hatch)\"");
                push_rect(body, &cell.title, &paint, [left, foot - PLOT, step - gap, PLOT]);
            }
            Share::Of(ratio) => {
                // A share of none must still be seen as a day that was counted.
                let tall = (ratio / top * PLOT).max(1.0);
                push_rect(body, &cell.title, "class=\"v1\"", [left, foot - tall, step - gap, tall]);
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "only a place in a drawing depends on it")]
const fn as_f64(n: usize) -> f64 {
    n as f64
}

fn hatch(id: &str) -> String {
    let mut body = String::with_capacity(16 * 1024);
    // Writing to a String cannot fail.
    write!(
        body,
        "<defs><pattern id=\"{id}-hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
         <rect class=\"hatch-ground\" width=\"6\" height=\"6\"/><path class=\"hatch-n\" d=\"M1 0v6\"/></pattern></defs>"
    )
    .unwrap_or_default();
    body
}

/// A rectangle with its words; `place` is left, top, width, height.
fn push_rect(body: &mut String, title: &str, paint: &str, place: [f64; 4]) {
    let [left, top, width, height] = place;
    body.push_str("<g><title>");
    escape(body, title);
    write!(
        body,
        "</title><rect {paint} x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{}\"/></g>",
        if width > 8.0 { 2 } else { 0 }
    )
    .unwrap_or_default();
}

fn push_text(body: &mut String, class: &str, x: f64, y: usize, anchor: &str, text: &str) {
    body.push_str("<text");
    if !class.is_empty() {
        write!(body, " class=\"{class}\"").unwrap_or_default();
    }
    write!(body, " x=\"{x:.1}\" y=\"{y}\" text-anchor=\"{anchor}\">").unwrap_or_default();
    escape(body, text);
    body.push_str("</text>");
}

fn figure(
    id: &'static str,
    title: Text,
    summary: Text,
    legend: Vec<(&'static str, Text)>,
    size: (usize, usize),
    drawing: String,
) -> AnyView {
    let mut body = String::with_capacity(drawing.len() + 512);
    write!(body, "<title id=\"{id}-title\">").unwrap_or_default();
    escape(&mut body, &title);
    write!(body, "</title><desc id=\"{id}-desc\">").unwrap_or_default();
    escape(&mut body, &summary);
    body.push_str("</desc>");
    body.push_str(&drawing);
    let keys = legend
        .into_iter()
        .map(|(key, word)| {
            view! {
                <li>
                    <span class="key" data-viz=key></span>
                    {word}
                </li>
            }
        })
        .collect_view();
    view! {
        <ul class="legend">{keys}</ul>
        <div class="chart-scroll" role="region" aria-label=title tabindex="0">
            <svg
                class="chart"
                viewBox=format!("0 0 {} {}", size.0, size.1)
                role="img"
                aria-labelledby=format!("{id}-title {id}-desc")
                data-min="wide"
                inner_html=body
            ></svg>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(share: Share) -> ShareCell {
        ShareCell { title: "Mon <1>".to_owned(), share }
    }

    #[test]
    fn heats_end_where_the_steps_say() {
        let steps = [0.015, 0.0225, 0.03, 0.045];
        let heats = [0.0, 0.015, 0.016, 0.03, 0.031, 0.05, 1.0].map(|ratio| heat_of(ratio, steps));
        assert_eq!(heats, [0, 0, 1, 2, 3, 4, 4]);
    }

    #[test]
    fn the_scale_is_round_and_holds_limit_and_bars() {
        let of = |ratio| vec![ShareSeries { name: String::new(), cells: vec![cell(Share::Of(ratio)), cell(Share::TooFew)] }];
        let tops = [0.0, 0.035, 0.05, 0.3, 0.9].map(|ratio| scale(&of(ratio), 0.03));
        assert_eq!(tops, [0.04, 0.04, 0.06, 0.4, 1.0]);
    }

    #[test]
    fn nothing_is_a_gap_and_too_few_a_hatch() {
        let mut body = String::new();
        push_bars(&mut body, "x", &[cell(Share::Nothing), cell(Share::TooFew), cell(Share::Of(0.02))], 90.0, 0.04);
        assert_eq!(body.matches("<rect").count(), 2);
        assert!(body.contains("url(#x-hatch)") && body.contains("class=\"v1\"") && body.contains("Mon &lt;1&gt;"), "{body}");
    }
}
