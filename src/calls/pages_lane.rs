//! The times of a call: what happened when, as a table, and the platform's lane drawn on one axis.

use std::fmt::Write as _;

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::TimeZone as _;
use chrono::Utc;
use leptos::prelude::*;
use serde_json::Value;

use super::queries_pages_call::CallDetail;
use super::shown;
use crate::tr;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::List;
use crate::ui::Table;
use crate::ui::Text;
use crate::ui::TimeStyle;
use crate::ui::Viewer;

/// Most messages that are listed.
const MOST: usize = 200;

/// One thing that happened.
struct Moment {
    at: DateTime<Utc>,
    /// Since the call came in; negative when before.
    offset_ms: i64,
    side: Text,
    what: Text,
    signal: String,
}

/// When a call came in, rang, was answered and ended, with the messages behind it where they were told.
pub(super) fn times_card(v: &Viewer, call: &CallDetail, operator: &str) -> AnyView {
    let lang = v.lang;
    let start = call.line.invited_at;
    let day = tr!(in lang, "calls.times_zone", day = v.time(start, TimeStyle::Date), zone = v.zone_at(start));
    let aside = view! { <span class="fine">{day}</span> }.into_any();
    let cols = vec![
        Col::new(tr!(in lang, "calls.event.offset")).num(),
        Col::new(tr!(in lang, "calls.event.time", zone = v.zone_at(start))).nowrap(),
        Col::new(tr!(in lang, "calls.event.side")).mid(),
        Col::new(tr!(in lang, "calls.event.what")).wrap(),
    ];
    let rows = moments(v, call, operator)
        .into_iter()
        .map(|moment| {
            let offset = offset(v, moment.offset_ms);
            let machine = moment.at.to_rfc3339_opts(SecondsFormat::Millis, true);
            let signal = (!moment.signal.is_empty()).then(|| view! { <span class="id">{moment.signal}</span> });
            let side = moment.side.clone();
            let clock = v.time_zone.from_utc_datetime(&moment.at.naive_utc()).format("%H:%M:%S%.3f").to_string();
            view! {
                <tr>
                    <td class="num">{offset}</td>
                    <td class="nowrap">
                        <time datetime=machine>{clock}</time>
                    </td>
                    <td data-col="mid">{moment.side}</td>
                    <td class="wrap">
                        {moment.what} " " {signal} <span class="sub" data-show="narrow">
                            {side}
                        </span>
                    </td>
                </tr>
            }
        })
        .collect_view();
    let lane = lane(v, call);
    view! {
        <Card title=tr!(in lang, "calls.times") aside=aside>
            <div class="stack">
                {lane}
                <List>
                    <Table label=tr!(in lang, "calls.times") cols=cols compact=true>
                        {rows}
                    </Table>
                </List>
            </div>
        </Card>
    }
    .into_any()
}

/// `+6.612`, `−0.038`, `0.000`: seconds since the call came in.
fn offset(v: &Viewer, ms: i64) -> String {
    let seconds = shown::seconds(v.lang, ms);
    if ms > 0 { format!("+{seconds}") } else { seconds }
}

fn moments(v: &Viewer, call: &CallDetail, operator: &str) -> Vec<Moment> {
    let lang = v.lang;
    let line = &call.line;
    let start = line.invited_at;
    let platform = || tr!(in lang, "calls.side.platform");
    let known = [
        (Some(start), tr!(in lang, "calls.event.invited")),
        (line.ringing_at, tr!(in lang, "calls.event.ringing")),
        (line.answered_at, tr!(in lang, "calls.event.answered")),
        (line.ended_at, tr!(in lang, "calls.event.ended")),
    ];
    let own = known.into_iter().filter_map(|(at, what)| Some((at?, platform(), what, String::new())));
    let messages = call.signalling.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let told = messages.iter().take(MOST).filter_map(|message| {
        let at = DateTime::parse_from_rfc3339(message["at"].as_str()?).ok()?.to_utc();
        let side = if message["side"] == "operator" { operator.to_owned().into() } else { platform() };
        Some((at, side, tr!(in lang, "calls.event.message"), signal(message)))
    });
    let mut all: Vec<Moment> = own
        .chain(told)
        .map(|(at, side, what, signal)| Moment { at, offset_ms: (at - start).num_milliseconds(), side, what, signal })
        .collect();
    all.sort_by_key(|moment| moment.at);
    all
}

/// `INVITE`, `180 Ringing`, `BYE`.
fn signal(message: &Value) -> String {
    let code = message["code"].as_i64().map(|code| code.to_string());
    let parts = [message["method"].as_str().map(str::to_owned), code, message["phrase"].as_str().map(str::to_owned)];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Left end of the axis, in units of the drawing.
const LEFT: f64 = 120.0;
/// Right end.
const RIGHT: f64 = 1030.0;
/// Where the two scales of a long call meet, and the gap between them.
const MEET: f64 = 440.0;
const GAP: f64 = 20.0;
/// A call that talks longer than this many times its setup gets two scales.
const LONG: i64 = 3;

/// Milliseconds since the call came in, as a place on the axis.
#[derive(Clone, Copy, Debug)]
struct Axis {
    /// Where the second scale begins; `None`: there is one scale only.
    turn_ms: Option<i64>,
    end_ms: i64,
}

impl Axis {
    fn new(answered_ms: Option<i64>, end_ms: i64) -> Self {
        let turn_ms = answered_ms.filter(|ms| *ms > 0 && end_ms - ms > LONG * ms);
        Self { turn_ms, end_ms }
    }

    /// A moment at which the scales meet stands at the end of the first.
    fn x(self, ms: i64) -> f64 {
        let part = |ms: i64, of: i64| if of > 0 { real(ms) / real(of) } else { 0.0 };
        match self.turn_ms {
            Some(turn) if ms > turn => MEET + GAP + part(ms - turn, self.end_ms - turn) * (RIGHT - MEET - GAP),
            Some(turn) => LEFT + part(ms, turn) * (MEET - LEFT),
            None => LEFT + part(ms, self.end_ms) * (RIGHT - LEFT),
        }
    }

    /// The pieces of the axis that can be drawn as one: left and right end of each.
    fn lanes(self) -> Vec<(f64, f64)> {
        match self.turn_ms {
            Some(_) => vec![(LEFT, MEET), (MEET + GAP, RIGHT)],
            None => vec![(LEFT, RIGHT)],
        }
    }
}

fn real(ms: i64) -> f64 {
    f64::from(i32::try_from(ms).unwrap_or(i32::MAX))
}

/// The platform's lane. Nothing while the call is not over, and for one without a length.
fn lane(v: &Viewer, call: &CallDetail) -> Option<AnyView> {
    let lang = v.lang;
    let line = &call.line;
    let since = |at: DateTime<Utc>| (at - line.invited_at).num_milliseconds();
    let end = since(line.ended_at?);
    let (rang, answered) = (line.ringing_at.map(since), line.answered_at.map(since));
    let in_order = [Some(0), rang, answered, Some(end)].into_iter().flatten().is_sorted();
    if end <= 0 || !in_order {
        return None;
    }
    let axis = Axis::new(answered, end);
    let mut body = String::with_capacity(2_048);
    for (from, to) in axis.lanes() {
        rect(&mut body, "lane", from, to, 24.0, 52.0);
    }
    if let Some(rang) = rang {
        bars(&mut body, axis, "lane-ring", rang, answered.unwrap_or(end));
    }
    if let Some(answered) = answered {
        bars(&mut body, axis, "v1", answered, end);
    }
    words(&mut body, "strong", 0.0, 54.0, "start", &tr!(in lang, "calls.side.platform"));
    marks(&mut body, v, axis, rang, answered);
    let title = tr!(in lang, "calls.lane.title");
    let label = title.clone();
    let told = described(v, rang, answered, end);
    let legend = view! {
        <ul class="legend">
            <li>
                <span class="key" data-viz="none"></span>
                {tr!(in lang, "calls.lane.ringing")}
            </li>
            <li>
                <span class="key" data-viz="1"></span>
                {tr!(in lang, "calls.lane.talking")}
            </li>
        </ul>
    };
    let chart = view! {
        <figure class="figure" aria-label=label>
            {legend}
            <div class="chart-scroll" role="region" aria-label=title tabindex="0">
                <svg class="chart" viewBox="0 0 1040 116" role="img" aria-label=told data-min="large" inner_html=body></svg>
            </div>
        </figure>
    };
    Some(chart.into_any())
}

/// What the drawing shows, in words.
fn described(v: &Viewer, rang: Option<i64>, answered: Option<i64>, end: i64) -> String {
    let lang = v.lang;
    let end_text = v.span(end);
    match (rang, answered) {
        (_, Some(answered)) => {
            let talk = v.span(end - answered);
            tr!(in lang, "calls.lane.told_answered", answered = v.span(answered), talk = talk, end = end_text).into_owned()
        }
        (Some(rang), None) => tr!(in lang, "calls.lane.told_rang", ring = v.span(end - rang), end = end_text).into_owned(),
        (None, None) => tr!(in lang, "calls.lane.told_silent", end = end_text).into_owned(),
    }
}

/// A span that may reach over the place where the scales meet.
fn bars(body: &mut String, axis: Axis, class: &str, from: i64, to: i64) {
    let (left, right) = (axis.x(from), axis.x(to));
    for (start, end) in axis.lanes() {
        let (left, right) = (left.max(start), right.min(end));
        if right > left {
            rect(body, class, left, right, 40.0, 20.0);
        }
    }
}

/// The ticks with their words. Words of ticks that stand close together take turns above and below the lane.
fn marks(body: &mut String, v: &Viewer, axis: Axis, rang: Option<i64>, answered: Option<i64>) {
    let lang = v.lang;
    let ticks = [
        (Some(0), tr!(in lang, "calls.event.invited"), "start", 18.0),
        (rang, tr!(in lang, "calls.event.ringing"), "start", 92.0),
        (answered, tr!(in lang, "calls.event.answered"), "middle", 18.0),
        (Some(axis.end_ms), tr!(in lang, "calls.event.ended"), "end", 92.0),
    ];
    for (ms, word, anchor, y) in ticks.into_iter().filter_map(|(ms, word, anchor, y)| Some((ms?, word, anchor, y))) {
        let x = axis.x(ms);
        // Writing to a String cannot fail.
        write!(body, "<path class=\"tick\" d=\"M{x:.1} 34V66\"/>").unwrap_or_default();
        let text = format!("{word} {}", offset_unit(v, ms));
        words(body, "on", x.clamp(LEFT, RIGHT), y, anchor, &text);
    }
    if axis.turn_ms.is_some() {
        let x = MEET + GAP / 2.0;
        write!(body, "<path class=\"tick\" d=\"M{:.1} 58l4-12M{:.1} 58l4-12\"/>", x - 5.0, x).unwrap_or_default();
        words(body, "", LEFT, 112.0, "start", &tr!(in lang, "calls.lane.two_scales"));
    }
}

fn offset_unit(v: &Viewer, ms: i64) -> String {
    format!("{}\u{a0}s", offset(v, ms))
}

fn rect(body: &mut String, class: &str, from: f64, to: f64, top: f64, tall: f64) {
    let wide = (to - from).max(1.0);
    write!(body, "<rect class=\"{class}\" x=\"{from:.1}\" y=\"{top}\" width=\"{wide:.1}\" height=\"{tall}\"/>").unwrap_or_default();
}

/// Our own words: the locale files are the only source, but a sign of theirs must not end the drawing.
fn words(body: &mut String, class: &str, x: f64, y: f64, anchor: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    write!(body, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y}\" text-anchor=\"{anchor}\">{text}</text>").unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_call_has_two_scales_and_keeps_its_order() {
        let axis = Axis::new(Some(6_612), 259_012);
        assert_eq!(axis.turn_ms, Some(6_612));
        let places = [0, 400, 6_612, 6_613, 100_000, 259_012].map(|ms| axis.x(ms));
        assert!(places.is_sorted() && places[0] >= LEFT && places[5] <= RIGHT + 0.01, "{places:?}");
        assert!(places[2] <= MEET && places[3] >= MEET + GAP);
    }

    #[test]
    fn a_short_call_has_one_scale_and_nothing_is_divided_by_nought() {
        for axis in [Axis::new(Some(5_000), 12_000), Axis::new(None, 30_000), Axis::new(Some(0), 10), Axis::new(None, 0)] {
            assert_eq!(axis.lanes().len(), 1, "{axis:?}");
            assert!(axis.x(axis.end_ms).is_finite());
        }
    }
}
