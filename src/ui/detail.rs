//! The parts of a detail page: key-value lists, copy fields, timelines, steps, code, disclosures, bars and strips.

use super::MaybeText;
use super::Text;
use super::TimeStyle;
use super::icon::Icon;
use super::islands::CopyButton;
use super::mark::Time;
use super::mark::Tone;
use super::mark::tel_html;
use super::text::escape;
use super::text::finished;
use crate::tr;
use chrono::DateTime;
use chrono::Utc;
use leptos::prelude::*;
use std::fmt::Write as _;

/// Names and values, one under the other.
#[component]
pub fn Kv(
    /// The [`KvRow`]s.
    children: Children,
) -> impl IntoView {
    view! { <dl class="kv">{children()}</dl> }
}

/// One name with its value.
#[component]
pub fn KvRow(
    /// The name.
    #[prop(into)]
    label: Text,
    /// The value.
    children: Children,
) -> impl IntoView {
    view! {
        <dt>{label}</dt>
        <dd>{children()}</dd>
    }
}

/// A value to take along: one click selects it, and where scripts run a button copies it.
#[component]
pub fn Copy(
    /// What is copied.
    #[prop(into)]
    value: String,
    /// What it is, for the button's name: "SIP URI".
    #[prop(into)]
    label: Text,
    /// Without a border, inside a line.
    #[prop(optional)]
    inline: bool,
    /// The value is an E.164 number: it is shown grouped and copied plain.
    #[prop(optional)]
    tel: bool,
) -> impl IntoView {
    let shown = if tel { finished(tel_html(&value)) } else { view! { <code>{value.clone()}</code> }.into_any() };
    view! {
        <span class="copy" data-kind=inline.then_some("inline")>
            {shown}
            <CopyButton
                value=value
                label=tr!("ui.copy", what = label).into_owned()
                done_label=tr!("ui.copied").into_owned()
            />
        </span>
    }
}

/// What happened, newest first.
#[component]
pub fn Timeline(
    /// The [`TimelineItem`]s.
    children: Children,
) -> impl IntoView {
    view! { <ol class="timeline">{children()}</ol> }
}

/// One thing that happened.
#[component]
pub fn TimelineItem(
    /// Colour of the mark.
    tone: Tone,
    /// Drawing in the mark; the tone's own when left out.
    #[prop(optional)]
    icon: Option<Icon>,
    /// What happened, and who did it.
    #[prop(into)]
    title: Text,
    /// When.
    at: DateTime<Utc>,
    /// How much of the moment is written.
    #[prop(optional)]
    style: TimeStyle,
    /// More about it.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let icon = icon.unwrap_or_else(|| tone.icon());
    view! {
        <li>
            <span class="timeline-mark" data-tone=tone.code()>{icon.view()}</span>
            <div>
                <p class="timeline-title"><b>{title}</b>" "<Time at=at style=style /></p>
                {children.map(|children| view! { <div class="timeline-body">{children()}</div> })}
            </div>
        </li>
    }
}

/// Where one stands in a sequence of pages.
#[component]
pub fn Steps(
    /// Names of the steps.
    items: Vec<Text>,
    /// The step at hand, from 0; those before it are done.
    current: usize,
) -> impl IntoView {
    let steps = items
        .into_iter()
        .enumerate()
        .map(|(place, label)| {
            let current_step = (place == current).then_some("step");
            view! { <li data-done=place < current aria-current=current_step>{label}</li> }
        })
        .collect_view();
    view! { <ol class="steps" aria-label=tr!("ui.steps")>{steps}</ol> }
}

/// Text of a machine, kept as it is; may scroll sideways.
#[component]
pub fn Code(
    /// What it is, for assistive technology.
    #[prop(into)]
    label: Text,
    /// The text.
    #[prop(into)]
    text: String,
    /// Lifts out the names and texts of JSON.
    #[prop(optional)]
    json: bool,
) -> impl IntoView {
    if json {
        view! { <pre class="code" tabindex="0" role="region" aria-label=label inner_html=highlight_json(&text)></pre> }.into_any()
    } else {
        view! { <pre class="code" tabindex="0" role="region" aria-label=label>{text}</pre> }.into_any()
    }
}

/// JSON, or what looks like it, as safe HTML with its names and texts marked. Any text is taken and none is lost.
fn highlight_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some(start) = rest.find('"') {
        let (plain, quoted) = rest.split_at(start);
        escape(&mut out, plain);
        let end = closing_quote(quoted).unwrap_or(quoted.len());
        let (word, after) = quoted.split_at(end);
        let class = if after.trim_start().starts_with(':') { "code-key" } else { "code-str" };
        // Writing to a String cannot fail.
        write!(out, "<span class=\"{class}\">").unwrap_or_default();
        escape(&mut out, word);
        out.push_str("</span>");
        rest = after;
    }
    escape(&mut out, rest);
    out
}

/// The place behind the quote that ends the word `quoted` begins with.
fn closing_quote(quoted: &str) -> Option<usize> {
    let mut escaped = false;
    for (place, byte) in quoted.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(place + 1),
            _ => {}
        }
    }
    None
}

/// More for those who want it.
#[component]
pub fn Disclosure(
    /// The line that opens it.
    #[prop(into)]
    summary: Text,
    /// Open from the start.
    #[prop(optional)]
    open: bool,
    /// What is behind it.
    children: Children,
) -> impl IntoView {
    view! {
        <details class="disclosure" open=open>
            <summary>{summary}</summary>
            {children()}
        </details>
    }
}

/// One check with its verdict.
#[component]
pub fn Verdict(
    /// The verdict's badge.
    badge: AnyView,
    /// What was checked.
    #[prop(into)]
    title: Text,
    /// What was found, and how to mend it.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="verdict">
            {badge}
            <div>
                <b>{title}</b>
                {children.map(|children| view! { <p>{children()}</p> })}
            </div>
        </div>
    }
}

/// How far a piece of work is.
#[component]
pub fn Progress(
    /// What is counted, for assistive technology.
    #[prop(into)]
    label: Text,
    /// How much is done.
    value: u64,
    /// How much there is.
    max: u64,
) -> impl IntoView {
    let words = tr!("ui.progress", value = value, max = max);
    view! { <progress aria-label=label value=value.to_string() max=max.to_string()>{words}</progress> }
}

/// How full something is, with the figure beside the bar.
#[component]
pub fn Meter(
    /// What fills up, for assistive technology.
    #[prop(into)]
    label: Text,
    /// How much of it.
    value: u64,
    /// How much at most.
    max: u64,
    /// The figure: "88 %".
    #[prop(into)]
    text: Text,
) -> impl IntoView {
    view! {
        <span class="meter">
            <progress aria-label=label value=value.to_string() max=max.to_string()>{text.clone()}</progress>
            {text}
        </span>
    }
}

/// Grey lines where text will stand.
#[component]
pub fn Skeleton() -> impl IntoView {
    view! {
        <div class="stack" data-gap="close" aria-hidden="true">
            <span class="skeleton"></span>
            <span class="skeleton" data-width="half"></span>
            <span class="skeleton" data-width="third"></span>
        </div>
    }
}

/// A letter in a square, for an organisation.
#[component]
pub fn OrgMark(
    /// The name whose first letter stands there.
    #[prop(into)]
    name: String,
    /// For cards.
    #[prop(optional)]
    large: bool,
    /// Its picture, which stands in the letter's place.
    #[prop(optional, into)]
    picture: MaybeText,
) -> impl IntoView {
    let size = large.then_some("large");
    match picture.0 {
        Some(src) => view! {
            <span class="org-mark" aria-hidden="true" data-size=size data-picture>
                <img src=src alt="" width="32" height="32" />
            </span>
        }
        .into_any(),
        None => view! { <span class="org-mark" aria-hidden="true" data-size=size>{initial(&name)}</span> }.into_any(),
    }
}

/// The first letter of a name.
#[must_use]
pub fn initial(name: &str) -> String {
    name.trim().chars().next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default()
}

/// The first letters of the first and the last word of a person's name.
#[must_use]
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next().map(initial).unwrap_or_default();
    let last = words.next_back().map(initial).unwrap_or_default();
    first + &last
}

/// A line of explanation without a figure: `MaybeText` as a paragraph of fine print.
#[component]
pub fn Fine(
    /// The text.
    #[prop(optional, into)]
    text: MaybeText,
) -> impl IntoView {
    text.0.map(|text| view! { <p class="fine">{text}</p> })
}

#[cfg(test)]
mod tests {
    use super::highlight_json;
    use super::initials;

    #[test]
    fn json_is_marked_and_escaped() {
        assert_eq!(
            highlight_json(r#"{"a<": "x\"y", "n": 1}"#),
            r#"{<span class="code-key">"a&lt;"</span>: <span class="code-str">"x\"y"</span>, <span class="code-key">"n"</span>: 1}"#
        );
        assert_eq!(highlight_json("no \"end"), "no <span class=\"code-str\">\"end</span>");
    }

    #[test]
    fn initials_take_the_first_and_the_last_word() {
        assert_eq!(initials("Mara Lindner"), "ML");
        assert_eq!(initials("élodie de la Tour"), "ÉT");
        assert_eq!(initials("Cher"), "C");
        assert_eq!(initials(""), "");
    }
}
