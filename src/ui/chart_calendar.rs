//! A calendar of days as inline SVG: a cell a day, weeks as rows, Monday first. Paint by class, geometry in attributes.

use std::fmt::Write as _;

use chrono::Datelike;
use chrono::NaiveDate;
use leptos::prelude::*;

use super::Text;
use super::Tone;
use super::Viewer;

/// A day of a calendar.
#[derive(Clone, Debug)]
pub struct CalendarDay {
    pub day: NaiveDate,
    /// How it stands; `None`: nothing to be said of it yet.
    pub tone: Option<Tone>,
    /// The figure or word in its cell.
    pub note: String,
    /// Whether the eye should fall on it.
    pub strong: bool,
}

/// What a tone means here.
#[derive(Clone, Debug)]
pub struct CalendarKey {
    pub tone: Option<Tone>,
    pub label: Text,
}

const fn paint(tone: Option<Tone>) -> (&'static str, &'static str) {
    match tone {
        Some(Tone::Ok) => ("v-ok", "ok"),
        Some(Tone::Warn) => ("v-warn", "warn"),
        Some(Tone::Danger) => ("v-danger", "danger"),
        _ => ("v-none", "none"),
    }
}

const WIDE: i64 = 100;
const TALL: i64 = 46;
/// Height of the weekdays' names.
const HEAD: i64 = 20;

/// Days in order, at least one. The description says in words what is to be seen; put a table of the same figures below.
#[component]
pub fn Calendar(
    viewer: Viewer,
    /// What is shown of which days.
    #[prop(into)]
    title: Text,
    /// The figures that matter, in words.
    #[prop(into)]
    text: Text,
    legend: Vec<CalendarKey>,
    days: Vec<CalendarDay>,
) -> impl IntoView {
    let (mut body, height) = cells(&viewer, &days);
    let place = |n: i64| n * WIDE + WIDE / 2;
    for (n, name) in (0..).zip(viewer.weekdays()) {
        write!(body, "<text x=\"{}\" y=\"12\" text-anchor=\"middle\">{name}</text>", place(n)).unwrap_or_default();
    }
    let keys = legend
        .into_iter()
        .map(|key| {
            view! {
                <li>
                    <span class="key" data-viz=paint(key.tone).1></span>
                    {key.label}
                </li>
            }
        })
        .collect_view();
    view! {
        <ul class="legend">{keys}</ul>
        <div class="chart-scroll" role="region" aria-label=title.clone() tabindex="0">
            <svg
                class="chart"
                viewBox=format!("0 0 {} {height}", 7 * WIDE)
                role="img"
                aria-label=format!("{title}. {text}")
                data-min="large"
                inner_html=body
            ></svg>
        </div>
    }
}

/// The cells, and how tall they are together.
fn cells(viewer: &Viewer, days: &[CalendarDay]) -> (String, i64) {
    let mut body = String::with_capacity(days.len() * 320);
    let first = days.first().map(|day| i64::from(day.day.weekday().num_days_from_monday()));
    let shift = first.unwrap_or_default();
    let mut height = HEAD;
    let mut month = None;
    for (n, day) in (0..).zip(days) {
        let (left, top) = ((n + shift) % 7 * WIDE, HEAD + (n + shift) / 7 * TALL);
        height = top + TALL;
        let full = viewer.day(day.day);
        let name = if month.replace(day.day.month()) == Some(day.day.month()) {
            day.day.day().to_string()
        } else {
            // Without the year.
            full.rsplit_once(' ').map_or(full.as_str(), |(day, _)| day).to_owned()
        };
        let class = if day.strong { "strong" } else { "on" };
        // Writing to a String cannot fail.
        write!(
            body,
            "<g><title>{full}: {note}</title><rect class=\"cal-cell\" x=\"{left}.5\" y=\"{top}.5\" width=\"97\" height=\"43\" rx=\"4\"/>\
             <rect class=\"{paint}\" x=\"{left}.5\" y=\"{top}.5\" width=\"4\" height=\"43\" rx=\"2\"/>\
             <text class=\"{class}\" x=\"{x}\" y=\"{y1}\">{name}</text><text x=\"{x}\" y=\"{y2}\">{note}</text></g>",
            note = escape(&day.note),
            paint = paint(day.tone).0,
            x = left + 12,
            y1 = top + 17,
            y2 = top + 33,
        )
        .unwrap_or_default();
    }
    (body, height)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use chrono::Days;

    use super::*;

    #[test]
    fn every_day_has_its_place() {
        let start = NaiveDate::from_ymd_opt(2026, 10, 25).expect("a day");
        let day = |n: u64| CalendarDay {
            day: start.checked_add_days(Days::new(n)).expect("a day"),
            tone: Some(Tone::Ok),
            note: "a<b".to_owned(),
            strong: false,
        };
        let (body, height) = cells(&Viewer::default(), &(0..30).map(day).collect::<Vec<_>>());
        assert_eq!((body.matches("cal-cell").count(), height), (30, HEAD + 6 * TALL));
        assert!(body.contains("25 Oct: ") || body.contains("25 Oct 2026: a&lt;b"), "{body}");
        // A Sunday in the first row, the Monday after it in the second.
        assert!(body.contains("x=\"600.5\" y=\"20.5\"") && body.contains("x=\"0.5\" y=\"66.5\""));
        assert!(!body.contains("a<b"));
    }
}
