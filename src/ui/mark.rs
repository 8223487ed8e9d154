//! The small marks inside lines and cells: tones, badges, tags, counts, numbers, times, the dash.

use super::MaybeText;
use super::Text;
use super::TimeStyle;
use super::Viewer;
use super::icon::Icon;
use super::tel;
use super::text::escape;
use super::text::escape_attribute;
use super::text::finished;
use super::viewer;
use chrono::DateTime;
use chrono::Utc;
use leptos::prelude::*;

/// What a colour, a shape and a word say together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tone {
    /// As it should be.
    Ok,
    /// Wants attention soon.
    Warn,
    /// Broken or refused.
    Danger,
    /// Good to know.
    Info,
    /// Under way; not a warning.
    Pending,
    /// A state without a judgement.
    #[default]
    Neutral,
}

impl Tone {
    /// Every tone, for the gallery.
    pub const ALL: [Self; 6] = [Self::Ok, Self::Warn, Self::Danger, Self::Info, Self::Pending, Self::Neutral];

    /// The value of `data-tone`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Danger => "danger",
            Self::Info => "info",
            Self::Pending => "pending",
            Self::Neutral => "neutral",
        }
    }

    /// Reads [`Tone::code`]; anything else is `None`.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tone| tone.code() == code)
    }

    /// The drawing that goes with the tone.
    #[must_use]
    pub const fn icon(self) -> Icon {
        match self {
            Self::Ok => Icon::Check,
            Self::Warn => Icon::Warning,
            Self::Danger => Icon::Alert,
            Self::Info | Self::Neutral => Icon::Info,
            Self::Pending => Icon::Clock,
        }
    }
}

/// A state: shape, word and colour.
#[component]
pub fn Badge(
    /// Decides colour and shape.
    tone: Tone,
    /// The word that says the same.
    #[prop(into)]
    text: Text,
    /// As a filled pill, for states that stand alone.
    #[prop(optional)]
    fill: bool,
) -> impl IntoView {
    let mut html = String::with_capacity(64 + text.len());
    push_badge(&mut html, tone, &text, fill);
    finished(html)
}

pub(super) fn push_badge(html: &mut String, tone: Tone, text: &str, fill: bool) {
    html.push_str("<span class=\"badge\" data-tone=\"");
    html.push_str(tone.code());
    html.push_str(if fill { "\" data-fill>" } else { "\">" });
    escape(html, text);
    html.push_str("</span>");
}

/// A label that somebody gave.
#[component]
pub fn Tag(
    /// The label.
    #[prop(into)]
    text: Text,
) -> impl IntoView {
    let mut html = String::with_capacity(32 + text.len());
    html.push_str("<span class=\"tag\">");
    escape(&mut html, &text);
    html.push_str("</span>");
    finished(html)
}

/// A figure in a pill, beside a tab or a menu entry.
#[component]
pub fn Count(
    /// How many; written with the language's separators.
    n: i64,
    /// `Danger` or `Warn` colour it.
    #[prop(optional)]
    tone: Tone,
) -> impl IntoView {
    count_pill(&viewer(), n, tone)
}

/// [`Count`] where the viewer is at hand.
#[must_use]
pub fn count_pill(viewer: &Viewer, n: i64, tone: Tone) -> AnyView {
    let n = viewer.count(n);
    finished(if tone == Tone::Neutral {
        format!("<span class=\"count\">{n}</span>")
    } else {
        format!("<span class=\"count\" data-tone=\"{}\">{n}</span>", tone.code())
    })
}

/// "None" or "not applicable", never zero.
#[component]
pub fn Dash() -> impl IntoView {
    dash(&viewer())
}

/// [`Dash`] for rows that hold the viewer already.
#[must_use]
pub fn dash(viewer: &Viewer) -> AnyView {
    finished(dash_html(viewer))
}

pub(super) fn dash_html(viewer: &Viewer) -> String {
    let mut html = String::with_capacity(96);
    html.push_str("<span class=\"faint\" aria-hidden=\"true\">–</span><span class=\"visually-hidden\">");
    escape(&mut html, &crate::tr!(in viewer.lang, "ui.none"));
    html.push_str("</span>");
    html
}

/// A telephone number grouped for reading; its digits may be hidden at the end (`•` or `*`).
#[component]
pub fn Tel(
    /// E.164, for example `+493023125014`.
    #[prop(into)]
    e164: String,
) -> impl IntoView {
    finished(tel_html(&e164))
}

/// A masked number has no `value`: the whole number is not ours to give.
pub(super) fn tel_html(e164: &str) -> String {
    let mut html = String::with_capacity(96);
    push_tel(&mut html, e164);
    html
}

pub(super) fn push_tel(html: &mut String, e164: &str) {
    let shown = tel::group_tel(e164);
    if let Some(mask) = shown.find(tel::HIDDEN) {
        html.push_str("<span class=\"tel\">");
        escape(html, &shown[..mask]);
        html.push_str("<span class=\"mask\">");
        escape(html, &shown[mask..]);
        html.push_str("</span></span>");
    } else {
        html.push_str("<data class=\"tel\" value=\"");
        escape_attribute(html, e164);
        html.push_str("\">");
        escape(html, &shown);
        html.push_str("</data>");
    }
}

/// A moment, in UTC for machines and in the viewer's zone for people.
#[component]
pub fn Time(
    /// The moment.
    at: DateTime<Utc>,
    /// How much of it is written.
    #[prop(optional)]
    style: TimeStyle,
    /// Adds the zone's name as it was then; leave it out where a column head names it.
    #[prop(optional)]
    zone: bool,
) -> impl IntoView {
    time(&viewer(), at, style, zone)
}

/// [`Time`] for rows that hold the viewer already.
#[must_use]
pub fn time(viewer: &Viewer, at: DateTime<Utc>, style: TimeStyle, zone: bool) -> AnyView {
    let mut html = String::with_capacity(80);
    push_time(&mut html, viewer, at, style, zone);
    finished(html)
}

pub(super) fn push_time(html: &mut String, viewer: &Viewer, at: DateTime<Utc>, style: TimeStyle, zone: bool) {
    html.push_str("<time datetime=\"");
    html.push_str(&super::datetime_attribute(at));
    html.push_str("\">");
    html.push_str(&viewer.time(at, style));
    if zone && style != TimeStyle::Full {
        html.push(' ');
        html.push_str(&viewer.zone_at(at));
    }
    html.push_str("</time>");
}

/// A figure with its unit in a lighter colour: `1.2 s`.
#[component]
pub fn Figure(
    /// The figure, already written.
    #[prop(into)]
    value: Text,
    /// The unit, without a space.
    #[prop(optional, into)]
    unit: MaybeText,
) -> impl IntoView {
    view! {
        {value}
        {unit.0.map(|unit| view! { <span class="unit">"\u{a0}"{unit}</span> })}
    }
}
