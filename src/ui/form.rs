//! Form controls: label, hint, error and control belong together and know each other's ids.
//!
//! Every control takes `error`, usually an `Option<String>`: a text marks it invalid and is read out with it.

use super::MaybeText;
use super::Text;
use super::icon::Icon;
use super::text::escape;
use leptos::prelude::*;

/// Ids of the texts that describe the control `id`, for `aria-describedby`.
#[must_use]
pub fn described_by(id: &str, hint: bool, error: bool) -> Option<String> {
    match (hint, error) {
        (true, true) => Some(format!("{id}-error {id}-hint")),
        (true, false) => Some(format!("{id}-hint")),
        (false, true) => Some(format!("{id}-error")),
        (false, false) => None,
    }
}

/// Label, hint and error around a control of your own; give the control the same `id`, `aria-describedby` from
/// [`described_by`] and `aria-invalid` when there is an error.
#[component]
pub fn Field(
    /// The control's `id`.
    #[prop(into)]
    id: Text,
    /// Its label.
    #[prop(into)]
    label: Text,
    /// What it is for.
    #[prop(optional, into)]
    hint: MaybeText,
    /// What is wrong and what to do.
    #[prop(optional, into)]
    error: MaybeText,
    /// Takes the free width of a filter bar.
    #[prop(optional)]
    grow: bool,
    /// The control.
    children: Children,
) -> impl IntoView {
    view! {
        <div class=if grow { "field grow" } else { "field" }>
            <label for=id.clone()>{label}</label>
            {children()}
            {error.0.map(|error| error_line(&id, error))}
            {hint.0.map(|hint| view! { <p class="hint" id=format!("{id}-hint")>{hint}</p> })}
        </div>
    }
}

pub(super) fn error_line(id: &str, error: Text) -> AnyView {
    view! {
        <p class="error" id=format!("{id}-error")>
            {Icon::Alert.view()}
            <span>{error}</span>
        </p>
    }
    .into_any()
}

/// One line of text.
#[expect(clippy::fn_params_excessive_bools, reason = "each is an attribute of the input and is named where it is set")]
#[component]
pub fn TextInput(
    /// Field name.
    #[prop(into)]
    name: Text,
    /// Its label.
    #[prop(into)]
    label: Text,
    /// What stands in it.
    #[prop(optional, into)]
    value: MaybeText,
    /// `text`, `search`, `email`, `password`, `number`, `date`, `time`, `url`, `tel`.
    #[prop(default = "text")]
    kind: &'static str,
    /// Its `id`; the name when left out.
    #[prop(optional, into)]
    id: MaybeText,
    /// What it is for.
    #[prop(optional, into)]
    hint: MaybeText,
    /// What is wrong and what to do.
    #[prop(optional, into)]
    error: MaybeText,
    /// An example, never the label.
    #[prop(optional, into)]
    placeholder: MaybeText,
    /// What the browser may fill in, for example `current-password`.
    #[prop(optional, into)]
    autocomplete: MaybeText,
    /// Which keyboard a phone shows, for example `numeric`.
    #[prop(optional, into)]
    inputmode: MaybeText,
    /// Longest text, in UTF-16 units.
    #[prop(optional, into)]
    maxlength: MaybeText,
    /// Must not be empty.
    #[prop(optional)]
    required: bool,
    /// Shown and sent, but not to be changed.
    #[prop(optional)]
    readonly: bool,
    /// Shown, neither sent nor to be changed.
    #[prop(optional)]
    disabled: bool,
    /// Has the focus when the page opens.
    #[prop(optional)]
    autofocus: bool,
    /// Takes the free width of a filter bar.
    #[prop(optional)]
    grow: bool,
    /// Large spaced digits, for a one-time code.
    #[prop(optional)]
    code: bool,
) -> impl IntoView {
    let id = id.0.unwrap_or_else(|| name.clone());
    let described = described_by(&id, hint.is_some(), error.is_some());
    let invalid = error.is_some().then_some("true");
    view! {
        <Field id=id.clone() label=label hint=hint error=error grow=grow>
            <input
                class="input"
                id=id
                name=name
                type=kind
                value=value.0
                placeholder=placeholder.0
                autocomplete=autocomplete.0
                inputmode=inputmode.0
                maxlength=maxlength.0
                required=required
                readonly=readonly
                disabled=disabled
                autofocus=autofocus
                data-width="full"
                data-size=code.then_some("code")
                aria-describedby=described
                aria-invalid=invalid
            />
        </Field>
    }
}

/// A file to send; the form needs `enctype="multipart/form-data"`.
#[component]
pub fn FileInput(
    /// Field name.
    #[prop(into)]
    name: Text,
    /// Its label, with the largest size and the kinds.
    #[prop(into)]
    label: Text,
    /// Kinds the browser offers, for example `.csv,.json`.
    #[prop(optional, into)]
    accept: MaybeText,
    /// Its `id`; the name when left out.
    #[prop(optional, into)]
    id: MaybeText,
    /// What it is for.
    #[prop(optional, into)]
    hint: MaybeText,
    /// What is wrong and what to do.
    #[prop(optional, into)]
    error: MaybeText,
    /// Must not be empty.
    #[prop(optional)]
    required: bool,
) -> impl IntoView {
    let id = id.0.unwrap_or_else(|| name.clone());
    let described = described_by(&id, hint.is_some(), error.is_some());
    let invalid = error.is_some().then_some("true");
    view! {
        <Field id=id.clone() label=label hint=hint error=error>
            <input
                class="input"
                id=id
                name=name
                type="file"
                accept=accept.0
                required=required
                data-width="full"
                aria-describedby=described
                aria-invalid=invalid
            />
        </Field>
    }
}

/// Several lines of text.
#[component]
pub fn Textarea(
    /// Field name.
    #[prop(into)]
    name: Text,
    /// Its label.
    #[prop(into)]
    label: Text,
    /// What stands in it.
    #[prop(optional, into)]
    value: MaybeText,
    /// How many lines are seen.
    #[prop(default = 3)]
    rows: u32,
    /// Its `id`; the name when left out.
    #[prop(optional, into)]
    id: MaybeText,
    /// What it is for.
    #[prop(optional, into)]
    hint: MaybeText,
    /// What is wrong and what to do.
    #[prop(optional, into)]
    error: MaybeText,
    /// An example, never the label.
    #[prop(optional, into)]
    placeholder: MaybeText,
    /// Longest text, in UTF-16 units.
    #[prop(optional, into)]
    maxlength: MaybeText,
    /// In the fixed-width face, for lists and code.
    #[prop(optional)]
    mono: bool,
    /// Must not be empty.
    #[prop(optional)]
    required: bool,
) -> impl IntoView {
    let id = id.0.unwrap_or_else(|| name.clone());
    let described = described_by(&id, hint.is_some(), error.is_some());
    let invalid = error.is_some().then_some("true");
    view! {
        <Field id=id.clone() label=label hint=hint error=error>
            <textarea
                class="textarea"
                id=id
                name=name
                rows=rows.to_string()
                placeholder=placeholder.0
                maxlength=maxlength.0
                required=required
                data-mono=mono
                aria-describedby=described
                aria-invalid=invalid
                inner_html=textarea_content(value.0.as_deref().unwrap_or_default())
            ></textarea>
        </Field>
    }
}

/// The text inside `<textarea>`, safe to write: the view macro would not escape it there. A browser drops the first line
/// feed, so one is put in front of it.
fn textarea_content(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 8);
    out.push('\n');
    escape(&mut out, value);
    out
}

/// A field nobody sees.
#[component]
pub fn Hidden(
    /// Field name.
    #[prop(into)]
    name: Text,
    /// Field value.
    #[prop(into)]
    value: Text,
) -> impl IntoView {
    view! { <input type="hidden" name=name value=value /> }
}
