//! Stacked bars with a part that is not final yet, and a strip for a small signed figure under them: inline SVG, geometry in
//! attributes, paint by class.

use super::Lang;
use super::Text;
use super::decimal;
use super::text::escape;
use super::text::escape_attribute;
use super::viewer;
use leptos::prelude::*;
use std::fmt::Write as _;

/// Where the scale ends; its figures stand to the right, beside the newest bar: a narrow screen shows that end first.
const LEFT: f64 = 8.0;
const RIGHT: f64 = 992.0;
/// Where the bars begin and end.
const TOP: f64 = 12.0;
const FOOT: f64 = 224.0;
/// The strip.
const STRIP_TOP: f64 = 270.0;
const STRIP_FOOT: f64 = 326.0;
/// A label needs about this much room.
const LABEL: f64 = 46.0;
/// The paints of a bar's parts, from the foot up.
const PAINTS: [&str; 3] = ["v1", "v3", "v4"];

/// One bar of [`BarChart`].
#[derive(Clone, Debug, Default)]
pub struct StackedBar {
    /// Under the bar; left out where there is no room.
    pub label: Text,
    /// Written stronger, for example a working day.
    pub strong: bool,
    /// The bar in words, with all its figures.
    pub title: Text,
    /// The final parts, from the foot up, at most three.
    pub parts: Vec<f64>,
    /// What is not final yet: hatched, on top.
    pub open: f64,
    /// The figure of the strip; `None`: not known.
    pub below: Option<f64>,
}

/// How a series of [`BarChart`] is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Series {
    /// The first part of the bars, the second, the third.
    First,
    Second,
    Third,
    /// Hatched.
    Open,
    /// The line in the strip.
    Below,
    /// The line that bars should stay under.
    Limit,
}

impl Series {
    const fn key(self) -> Option<&'static str> {
        match self {
            Self::First => Some("1"),
            Self::Second => Some("3"),
            Self::Third => None,
            Self::Open => Some("hatch"),
            Self::Below => Some("line"),
            Self::Limit => Some("limit"),
        }
    }
}

/// Bars over time, each of up to three final parts and an open one. Under them, if named, a strip with its own scale. The same
/// figures belong into a table behind a [`Disclosure`](super::Disclosure), as children.
#[component]
pub fn BarChart(
    /// Unique on the page.
    id: &'static str,
    /// What the chart shows.
    #[prop(into)]
    title: Text,
    /// What is to be seen in it, in a sentence.
    #[prop(into)]
    text: Text,
    /// The series there are.
    legend: Vec<(Series, Text)>,
    /// The bars, oldest first.
    bars: Vec<StackedBar>,
    /// The name and unit of the strip; without it there is none.
    #[prop(optional, into)]
    strip: super::MaybeText,
    /// A level that bars should stay under, and its name.
    #[prop(optional)]
    limit: Option<(f64, Text)>,
    /// The table.
    children: Children,
) -> impl IntoView {
    let height = if strip.is_some() { 334 } else { 250 };
    let body = drawing(viewer().lang, id, &title, &text, &bars, strip.0.as_deref(), limit.as_ref());
    let region = title.clone();
    let keys = legend
        .into_iter()
        .map(|(series, name)| view! { <li><span class="key" data-viz=series.key()></span>{name}</li> })
        .collect_view();
    view! {
        <figure class="figure" aria-label=title>
            <ul class="legend">{keys}</ul>
            <div class="chart-scroll" data-start="end" role="region" aria-label=region tabindex="0">
                <svg
                    class="chart"
                    viewBox=format!("0 0 1040 {height}")
                    role="img"
                    aria-labelledby=format!("{id}-title {id}-text")
                    data-min="wide"
                    inner_html=body
                ></svg>
            </div>
            {children()}
        </figure>
    }
}

fn drawing(
    lang: Lang,
    id: &str,
    title: &str,
    text: &str,
    bars: &[StackedBar],
    strip: Option<&str>,
    limit: Option<&(f64, Text)>,
) -> String {
    let mut out = String::with_capacity(512 + bars.len() * 400);
    named(&mut out, "title", &format!("{id}-title"), title);
    named(&mut out, "desc", &format!("{id}-text"), text);
    push(
        &mut out,
        format_args!(
            "<defs><pattern id=\"{id}-hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
             <rect class=\"hatch-ground\" width=\"6\" height=\"6\"/><path class=\"hatch-1\" d=\"M1 0v6\"/></pattern></defs>"
        ),
    );
    let lowest = limit.map_or(0.0, |(level, _)| *level);
    let tallest = bars.iter().map(|bar| bar.parts.iter().sum::<f64>() + bar.open).fold(lowest, f64::max);
    let scale = Scale::new(0.0, tallest, 4.0, TOP, FOOT);
    scale.grid(&mut out, lang, false);
    let slot = (RIGHT - LEFT) / count(bars.len().max(1));
    let every = every(slot);
    for (place, bar) in bars.iter().enumerate() {
        let middle = LEFT + (count(place) + 0.5) * slot;
        draw_bar(&mut out, id, bar, middle, slot, &scale);
        if place % every == 0 {
            let class = if bar.strong { " class=\"on\"" } else { "" };
            push(&mut out, format_args!("<text x=\"{middle:.1}\" y=\"242\" text-anchor=\"middle\"{class}>"));
            escape(&mut out, &bar.label);
            out.push_str("</text>");
        }
    }
    if let Some((level, name)) = limit {
        let level = scale.at(*level);
        push(
            &mut out,
            format_args!(
                "<path class=\"limit\" d=\"M{LEFT} {level:.1}H{RIGHT}\"/><text x=\"{RIGHT}\" y=\"{:.1}\" text-anchor=\"end\">",
                level - 4.0
            ),
        );
        escape(&mut out, name);
        out.push_str("</text>");
    }
    if let Some(name) = strip {
        draw_strip(&mut out, lang, bars, slot);
        push(&mut out, format_args!("<text x=\"{RIGHT}\" y=\"262\" text-anchor=\"end\">"));
        escape(&mut out, name);
        out.push_str("</text>");
    }
    push(&mut out, format_args!("<path class=\"axis\" d=\"M{LEFT} {FOOT}H{RIGHT}\"/>"));
    out
}

/// Every which label is written.
fn every(slot: f64) -> usize {
    let mut every = 1;
    while slot * count(every) < LABEL * 0.6 {
        every += 1;
    }
    every
}

fn draw_bar(out: &mut String, id: &str, bar: &StackedBar, middle: f64, slot: f64, scale: &Scale) {
    let width = (slot * 0.64).clamp(1.0, 48.0);
    let left = middle - width / 2.0;
    out.push_str("<g>");
    named(out, "title", "", &bar.title);
    let mut level = 0.0;
    for (value, paint) in bar.parts.iter().zip(PAINTS).filter(|(value, _)| **value > 0.0) {
        let (foot, top) = (scale.at(level), scale.at(level + value));
        // A hair of ground between two parts, unless the part is thinner than that.
        let tall = (foot - top - 1.0).max(0.5);
        push(
            out,
            format_args!("<rect class=\"{paint}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{tall:.1}\"/>"),
        );
        level += value;
    }
    if bar.open > 0.0 {
        let (foot, top) = (scale.at(level), scale.at(level + bar.open));
        let place = format!("x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{:.1}\"", (foot - top).max(1.0));
        push(out, format_args!("<rect fill=\"url(#{id}-hatch)\" {place}/><rect class=\"outline-1\" {place}/>"));
    }
    out.push_str("</g>");
}

/// A line with a point for each figure; where one is not known the line breaks and a question mark stands.
fn draw_strip(out: &mut String, lang: Lang, bars: &[StackedBar], slot: f64) {
    let known = || bars.iter().filter_map(|bar| bar.below);
    let (low, high) = (known().fold(0.0, f64::min), known().fold(0.0, f64::max));
    let scale = Scale::new(low, high, 2.0, STRIP_TOP, STRIP_FOOT);
    scale.grid(out, lang, true);
    let every = every(slot);
    let (mut line, mut points, mut drawing) = (String::new(), String::new(), false);
    for (place, bar) in bars.iter().enumerate() {
        let middle = LEFT + (count(place) + 0.5) * slot;
        if let Some(value) = bar.below {
            let level = scale.at(value);
            let step = if drawing { 'L' } else { 'M' };
            push(&mut line, format_args!("{step}{middle:.1} {level:.1}"));
            push(&mut points, format_args!("<circle class=\"v2\" cx=\"{middle:.1}\" cy=\"{level:.1}\" r=\"2.5\"/>"));
        } else if place % every == 0 {
            push(&mut points, format_args!("<text x=\"{middle:.1}\" y=\"320\" text-anchor=\"middle\">?</text>"));
        }
        drawing = bar.below.is_some();
    }
    push(out, format_args!("<path class=\"l2\" d=\"{line}\"/>{points}"));
}

/// Round figures that hold the values, and where they are drawn.
struct Scale {
    low: f64,
    high: f64,
    step: f64,
    top: f64,
    foot: f64,
}

impl Scale {
    /// About `lines` steps between the values; one round step when all are zero.
    fn new(low: f64, high: f64, lines: f64, top: f64, foot: f64) -> Self {
        let step = round_step((high - low) / lines);
        let (low, high) = ((low / step).floor() * step, (high / step).ceil() * step);
        let high = if high - low < step { low + step } else { high };
        Self { low, high, step, top, foot }
    }

    fn at(&self, value: f64) -> f64 {
        self.foot - (value - self.low) / (self.high - self.low) * (self.foot - self.top)
    }

    fn grid(&self, out: &mut String, lang: Lang, signed: bool) {
        // As many decimals as the steps need.
        let places = [0, 1, 2].into_iter().find(|places| self.step * 10.0_f64.powi(*places) > 0.99).unwrap_or(3);
        let places = usize::try_from(places).unwrap_or(0);
        let mut value = self.low;
        while value <= self.high + self.step / 2.0 {
            let level = self.at(value);
            let near_zero = value.abs() < self.step / 2.0;
            let sign = if signed && !near_zero && value > 0.0 { "+" } else { "" };
            push(
                out,
                format_args!(
                    "<path class=\"gridline\" d=\"M{LEFT} {level:.1}H{RIGHT}\"/><text x=\"1000\" y=\"{:.1}\">{sign}",
                    level + 4.0
                ),
            );
            escape(out, &decimal(lang, if near_zero { 0.0 } else { value }, places));
            out.push_str("</text>");
            value += self.step;
        }
    }
}

/// 1, 2 or 5 times a power of ten, at least the value.
fn round_step(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 1.0;
    }
    let power = 10.0_f64.powf(value.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|step| step * power >= value * 0.999_999).unwrap_or(10.0);
    step * power
}

fn named(out: &mut String, tag: &str, id: &str, text: &str) {
    if id.is_empty() {
        push(out, format_args!("<{tag}>"));
    } else {
        push(out, format_args!("<{tag} id=\""));
        escape_attribute(out, id);
        out.push_str("\">");
    }
    escape(out, text);
    push(out, format_args!("</{tag}>"));
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    out.write_fmt(text).unwrap_or_default();
}

#[expect(clippy::cast_precision_loss, reason = "places of a few hundred bars")]
const fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(parts: &[f64], open: f64, below: Option<f64>) -> StackedBar {
        StackedBar { label: "1 <Nov".into(), title: "a & b".into(), parts: parts.to_vec(), open, below, strong: false }
    }

    fn drawn(bars: &[StackedBar]) -> String {
        drawing(Lang::En, "c", "T", "D", bars, Some("Seconds"), None)
    }

    #[test]
    fn scales_end_at_round_figures() {
        assert_eq!([0.0, 0.3, 1.0, 1.1, 23.0, 940.0].map(round_step), [1.0, 0.5, 1.0, 2.0, 50.0, 1000.0]);
        let scale = Scale::new(-30.0, 95.0, 2.0, 0.0, 100.0);
        assert_eq!((scale.low, scale.high, scale.step), (-100.0, 100.0, 100.0));
        let flat = Scale::new(0.0, 0.0, 4.0, 0.0, 100.0);
        assert_eq!((flat.low, flat.high), (0.0, 1.0));
    }

    #[test]
    fn a_gap_breaks_the_line_and_what_is_open_is_hatched() {
        let html = drawn(&[
            bar(&[2.0, 1.0], 0.0, Some(1.0)),
            bar(&[], 4.0, None),
            bar(&[1.0], 0.0, Some(-1.0)),
            bar(&[0.0], 0.0, Some(2.0)),
        ]);
        assert_eq!(html.matches("<circle").count(), 3);
        let line = html.split("class=\"l2\" d=\"").nth(1).expect("a line").split('"').next().expect("its end");
        assert_eq!((line.matches('M').count(), line.matches('L').count()), (2, 1));
        assert_eq!(html.matches("url(#c-hatch)").count(), 1);
        assert!(html.contains("a &amp; b") && html.contains("1 &lt;Nov") && !html.contains("NaN"));
    }

    #[test]
    fn a_limit_is_drawn_on_the_scale_of_the_bars() {
        let limit = (10.0, "under 10 <s".into());
        let low = drawing(Lang::En, "c", "T", "D", &[bar(&[0.5], 0.0, None)], None, Some(&limit));
        assert!(low.contains("under 10 &lt;s"));
        let level = |html: &str| {
            let path = html.split("class=\"limit\" d=\"M8 ").nth(1).expect("a line");
            path.split('H').next().expect("its level").parse::<f64>().expect("a figure")
        };
        assert!((TOP..FOOT).contains(&level(&low)), "inside, however low the bars are: {low}");
        let high = drawing(Lang::En, "c", "T", "D", &[bar(&[52.0], 0.0, None)], None, Some(&limit));
        assert!(level(&high) > level(&low), "the bars pass it");
    }

    #[test]
    fn nothing_is_still_a_chart() {
        assert!(!drawn(&[]).contains("NaN"));
        assert!(drawn(&vec![bar(&[1.0], 0.0, None); 400]).matches("text-anchor=\"middle\"").count() < 100);
    }
}
