//! Controls that pick among given answers: list, check box, choice.

use super::MaybeText;
use super::Text;
use super::form::Field;
use super::form::described_by;
use super::form::error_line;
use leptos::prelude::*;

/// One entry of a [`Select`] or a [`Choice`].
#[derive(Clone, Debug)]
pub struct Opt {
    value: Text,
    label: Text,
    hint: Option<Text>,
    disabled: bool,
}

impl Opt {
    /// An entry that sends `value` and shows `label`.
    #[must_use]
    pub fn new(value: impl Into<Text>, label: impl Into<Text>) -> Self {
        Self { value: value.into(), label: label.into(), hint: None, disabled: false }
    }

    /// A second line; only a [`Choice`] shows it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Text>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Shown but not to be picked; say why in the hint.
    #[must_use]
    pub const fn disabled(mut self, disabled: bool) -> Self {
        self.disabled = disabled;
        self
    }
}

/// One of a list.
#[component]
pub fn Select(
    /// Field name.
    #[prop(into)]
    name: Text,
    /// Its label.
    #[prop(into)]
    label: Text,
    /// The list.
    options: Vec<Opt>,
    /// The value picked.
    #[prop(optional, into)]
    value: MaybeText,
    /// Puts an empty entry with this word first: "Any" in filters.
    #[prop(optional, into)]
    any: MaybeText,
    /// Its `id`; the name when left out.
    #[prop(optional, into)]
    id: MaybeText,
    /// What it is for.
    #[prop(optional, into)]
    hint: MaybeText,
    /// What is wrong and what to do.
    #[prop(optional, into)]
    error: MaybeText,
    /// Must be picked.
    #[prop(optional)]
    required: bool,
    /// Shown, neither sent nor to be changed.
    #[prop(optional)]
    disabled: bool,
) -> impl IntoView {
    let id = id.0.unwrap_or_else(|| name.clone());
    let described = described_by(&id, hint.is_some(), error.is_some());
    let invalid = error.is_some().then_some("true");
    let picked = value.0.unwrap_or_default();
    let entries = options
        .into_iter()
        .map(|option| {
            let selected = option.value == picked;
            view! {
                <option value=option.value selected=selected disabled=option.disabled>
                    {option.label}
                </option>
            }
        })
        .collect_view();
    view! {
        <Field id=id.clone() label=label hint=hint error=error>
            <select
                class="select"
                id=id
                name=name
                required=required
                disabled=disabled
                data-width="full"
                aria-describedby=described
                aria-invalid=invalid
            >
                {any.0.map(|any| view! { <option value="">{any}</option> })}
                {entries}
            </select>
        </Field>
    }
}

/// Yes or no.
#[component]
pub fn Checkbox(
    /// Field name.
    #[prop(into)]
    name: Text,
    /// What yes means.
    #[prop(into)]
    label: Text,
    /// The value sent for yes.
    #[prop(default = "true".into(), into)]
    value: Text,
    /// A second line.
    #[prop(optional, into)]
    hint: MaybeText,
    /// What is wrong and what to do.
    #[prop(optional, into)]
    error: MaybeText,
    /// Whether it is set.
    #[prop(optional)]
    checked: bool,
    /// Must be set.
    #[prop(optional)]
    required: bool,
    /// Shown, neither sent nor to be changed.
    #[prop(optional)]
    disabled: bool,
) -> impl IntoView {
    let described = error.is_some().then(|| format!("{name}-{value}-error"));
    let error = error.0.map(|error| error_line(&format!("{name}-{value}"), error));
    view! {
        <label class="check">
            <input
                type="checkbox"
                value=value
                checked=checked
                required=required
                disabled=disabled
                aria-invalid=described.is_some().then_some("true")
                aria-describedby=described
                name=name
            />
            <span>{label}{hint.0.map(|hint| view! { <small>{hint}</small> })}</span>
        </label>
        {error}
    }
}

/// One of a few, each with room for an explanation.
#[component]
pub fn Choice(
    /// Field name.
    #[prop(into)]
    name: Text,
    /// The question.
    #[prop(into)]
    legend: Text,
    /// The answers.
    options: Vec<Opt>,
    /// The value picked.
    #[prop(optional, into)]
    value: MaybeText,
    /// What is wrong and what to do.
    #[prop(optional, into)]
    error: MaybeText,
    /// One must be picked.
    #[prop(optional)]
    required: bool,
    /// The question is clear from what stands around it.
    #[prop(optional)]
    hide_legend: bool,
) -> impl IntoView {
    let picked = value.0.unwrap_or_default();
    let described = error.is_some().then(|| format!("{name}-error"));
    let error = error.0.map(|error| error_line(&name, error));
    let answers = options
        .into_iter()
        .map(|option| {
            let checked = option.value == picked && !option.disabled;
            view! {
                <label>
                    <input
                        type="radio"
                        name=name.clone()
                        value=option.value
                        checked=checked
                        disabled=option.disabled
                        required=required
                    />
                    <span>
                        <b>{option.label}</b>
                        {option.hint.map(|hint| view! { " "<small>{hint}</small> })}
                    </span>
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset class="choice" aria-describedby=described>
            <legend class=if hide_legend { "visually-hidden" } else { "label" }>{legend}</legend>
            {answers}
            {error}
        </fieldset>
    }
}
