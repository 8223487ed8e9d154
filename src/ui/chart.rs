//! Small charts as inline SVG: geometry in attributes, paint by class, written as one string because a strip has many
//! bars and none of them is ever touched again.

use super::Text;
use leptos::prelude::*;
use std::fmt::Write as _;

/// The class that paints a bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paint {
    /// The platform's side, and everything with one series.
    #[default]
    First,
    /// The other side.
    Second,
    /// As it should be.
    Ok,
    /// Wants attention.
    Warn,
    /// Failed.
    Danger,
    /// Under way.
    Pending,
}

impl Paint {
    const fn class(self) -> &'static str {
        match self {
            Self::First => "v1",
            Self::Second => "v2",
            Self::Ok => "v-ok",
            Self::Warn => "v-warn",
            Self::Danger => "v-danger",
            Self::Pending => "v-pending",
        }
    }
}

/// One bar.
#[derive(Clone, Copy, Debug)]
pub struct Bar {
    /// Its height, in the values' own unit; zero and less draw a grey line.
    pub value: f64,
    /// Its paint.
    pub paint: Paint,
}

impl From<f64> for Bar {
    fn from(value: f64) -> Self {
        Self { value, paint: Paint::First }
    }
}

/// Bars without axes: the shape of a day. The title must say in words what they show.
#[component]
pub fn Spark(
    /// What the bars show, with the figures that matter: there is no other text.
    #[prop(into)]
    title: Text,
    /// The bars, oldest first.
    bars: Vec<Bar>,
    /// As wide as its card and 3 rem tall.
    #[prop(optional)]
    wide: bool,
) -> impl IntoView {
    let (step, height) = if wide { (12, 48.0) } else { (4, 24.0) };
    let top = bars.iter().map(|bar| bar.value).fold(0.0_f64, f64::max);
    let mut body = String::with_capacity(bars.len() * 64);
    for (place, bar) in bars.iter().enumerate() {
        if bar.value > 0.0 {
            push_rect(&mut body, bar.paint.class(), place * step, step, height, bar.value / top * (height * 0.91));
        } else {
            push_rect(&mut body, "v-none", place * step, step, height, 0.0);
        }
    }
    svg_strip(title, body, bars.len() * step, height, wide)
}

/// One hour of work that can fail.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// How many went well.
    pub ok: u64,
    /// How many failed.
    pub failed: u64,
}

/// A strip of full-height bars, one per hour: what went well at the foot, what failed on top of it, a grey line where
/// nothing was to be done.
#[component]
pub fn SuccessStrip(
    /// What the strip shows, with the figures that matter: "1,315 of 1,318 taken in 24 hours".
    #[prop(into)]
    title: Text,
    /// The hours, oldest first.
    hours: Vec<Outcome>,
    /// As wide as its card and 3 rem tall.
    #[prop(optional)]
    wide: bool,
) -> impl IntoView {
    let (step, height) = if wide { (12, 48.0) } else { (4, 24.0) };
    let mut body = String::with_capacity(hours.len() * 96);
    for (place, hour) in hours.iter().enumerate() {
        let left = place * step;
        let all = hour.ok.saturating_add(hour.failed);
        if all == 0 {
            push_rect(&mut body, "v-none", left, step, height, 0.0);
            continue;
        }
        push_rect(&mut body, "v-ok", left, step, height, height);
        if hour.failed > 0 {
            // A single failure among thousands must still be seen.
            let share = (as_f64(hour.failed) / as_f64(all) * height).max(3.0);
            push_rect_at(&mut body, "v-danger", left, step, 0.0, share);
        }
    }
    svg_strip(title, body, hours.len() * step, height, wide)
}

#[expect(clippy::cast_precision_loss, reason = "only the height of a bar depends on it")]
const fn as_f64(n: u64) -> f64 {
    n as f64
}

fn push_rect(body: &mut String, class: &str, left: usize, step: usize, height: f64, tall: f64) {
    let tall = tall.max(1.5);
    push_rect_at(body, class, left, step, height - tall, tall);
}

fn push_rect_at(body: &mut String, class: &str, left: usize, step: usize, top: f64, tall: f64) {
    // Writing to a String cannot fail.
    write!(body, "<rect class=\"{class}\" x=\"{left}.5\" y=\"{top:.1}\" width=\"{}\" height=\"{tall:.1}\"/>", step - 1)
        .unwrap_or_default();
}

fn svg_strip(title: Text, body: String, width: usize, height: f64, wide: bool) -> AnyView {
    view! {
        <svg
            class="spark"
            data-size=wide.then_some("wide")
            viewBox=format!("0 0 {width} {height}")
            preserveAspectRatio="none"
            role="img"
            aria-label=title
            inner_html=body
        ></svg>
    }
    .into_any()
}
