//! Buttons, links that look like buttons, and menus.

use super::MaybeText;
use super::Text;
use super::icon::Icon;
use leptos::prelude::*;
use std::hash::DefaultHasher;
use std::hash::Hash as _;
use std::hash::Hasher as _;

/// How loud a button is. At most one primary button per page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// One of several.
    #[default]
    Plain,
    /// The one thing to do here.
    Primary,
    /// Takes something away.
    Danger,
    /// Hardly a button.
    Quiet,
}

impl Kind {
    const fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Primary => Some("primary"),
            Self::Danger => Some("danger"),
            Self::Quiet => Some("quiet"),
        }
    }
}

/// How large a button is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Size {
    /// As tall as an input.
    #[default]
    Normal,
    /// For rows, card heads and pagers.
    Small,
    /// As wide as its form.
    Wide,
}

impl Size {
    const fn code(self) -> Option<&'static str> {
        match self {
            Self::Normal => None,
            Self::Small => Some("small"),
            Self::Wide => Some("wide"),
        }
    }
}

/// A button of a form. With `blocked` it stays, is disabled and says why.
#[component]
pub fn Button(
    /// How loud.
    #[prop(optional)]
    kind: Kind,
    /// How large.
    #[prop(optional)]
    size: Size,
    /// Drawing in front of the word.
    #[prop(optional)]
    icon: Option<Icon>,
    /// Field name sent with the form.
    #[prop(optional, into)]
    name: MaybeText,
    /// Field value sent with the form.
    #[prop(optional, into)]
    value: MaybeText,
    /// Sends the form to another address.
    #[prop(optional, into)]
    formaction: MaybeText,
    /// The `id` of the form when the button stands outside of it.
    #[prop(optional, into)]
    form: MaybeText,
    /// The full name where the visible word needs the row to be understood; begins with that word: "Send again, 184,338".
    #[prop(optional, into)]
    label: MaybeText,
    /// Why it cannot be pressed now. Where several have one reason give `value`, `label` or `about` too, so that each reason has
    /// an id of its own.
    #[prop(optional, into)]
    blocked: MaybeText,
    /// What the button does to what, where nothing else tells it from others that are blocked for the same reason.
    #[prop(optional, into)]
    about: MaybeText,
    /// The word.
    children: Children,
) -> impl IntoView {
    let reason = blocked.0.map(|reason| {
        let id = reason_id(&reason, [&name, &value, &label, &about]);
        (id, reason)
    });
    let button = view! {
        <button
            class="button"
            type="submit"
            data-kind=kind.code()
            data-size=size.code()
            name=name.0
            value=value.0
            formaction=formaction.0
            form=form.0
            aria-label=label.0
            disabled=reason.is_some()
            aria-describedby=reason.as_ref().map(|(id, _)| id.clone())
        >
            {icon.map(Icon::view)}
            {children()}
        </button>
    };
    match reason {
        Some((id, reason)) => view! {
            <span class="with-reason">
                {button}
                <span class="reason" id=id>{reason}</span>
            </span>
        }
        .into_any(),
        None => button.into_any(),
    }
}

/// The same button with the same reason has the same id on every render, and others have others.
fn reason_id(reason: &str, parts: [&MaybeText; 4]) -> String {
    let mut hasher = DefaultHasher::new();
    reason.hash(&mut hasher);
    for part in parts {
        part.0.as_deref().hash(&mut hasher);
    }
    format!("why-{:08x}", hasher.finish() & 0xffff_ffff)
}

/// A link that looks like a button: leads somewhere, changes nothing.
#[component]
pub fn ButtonLink(
    /// Where it leads.
    #[prop(into)]
    href: Text,
    /// How loud.
    #[prop(optional)]
    kind: Kind,
    /// How large.
    #[prop(optional)]
    size: Size,
    /// Drawing in front of the word.
    #[prop(optional)]
    icon: Option<Icon>,
    /// The full name where the visible word needs the row to be understood.
    #[prop(optional, into)]
    label: MaybeText,
    /// The target is a file.
    #[prop(optional)]
    download: bool,
    /// The word.
    children: Children,
) -> impl IntoView {
    view! {
        <a class="button" href=href data-kind=kind.code() data-size=size.code() aria-label=label.0 download=download.then_some("")>
            {icon.map(Icon::view)}
            {children()}
        </a>
    }
}

/// A form with nothing but a button: an action on one thing.
#[component]
pub fn ActionButton(
    /// Where the form is sent.
    #[prop(into)]
    action: Text,
    /// Hidden fields.
    #[prop(optional)]
    fields: Vec<(Text, Text)>,
    /// How loud.
    #[prop(optional)]
    kind: Kind,
    /// How large.
    #[prop(optional)]
    size: Size,
    /// Drawing in front of the word.
    #[prop(optional)]
    icon: Option<Icon>,
    /// The full name where the visible word needs the row to be understood.
    #[prop(optional, into)]
    label: MaybeText,
    /// Why it cannot be pressed now.
    #[prop(optional, into)]
    blocked: MaybeText,
    /// The word.
    children: Children,
) -> impl IntoView {
    let about = fields.iter().fold(action.to_string(), |about, (name, value)| format!("{about} {name}={value}"));
    let fields = fields.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value /> }).collect_view();
    // The button's own type has `icon` without its option, so both cases are spelled.
    let button = match icon {
        Some(icon) => view! {
            <Button kind=kind size=size icon=icon label=label blocked=blocked about=about>{children()}</Button>
        }
        .into_any(),
        None => view! { <Button kind=kind size=size label=label blocked=blocked about=about>{children()}</Button> }.into_any(),
    };
    view! { <form action=action method="post">{fields}{button}</form> }
}

/// A list of links and small forms behind one button; opens without scripts.
#[component]
pub fn Menu(
    /// The word on the button.
    #[prop(into)]
    label: Text,
    /// Looks like a button rather than like text.
    #[prop(optional)]
    button: bool,
    /// The list hangs from the end of the button.
    #[prop(optional)]
    align_end: bool,
    /// Menus of one group close each other.
    #[prop(optional, into)]
    group: MaybeText,
    /// [`MenuLink`]s, forms with `button.menu-item`, `<hr/>`.
    children: Children,
) -> impl IntoView {
    view! {
        <details class="menu" name=group.0 data-kind=button.then_some("button") data-align=align_end.then_some("end")>
            <summary>{label}" "{Icon::ChevronDown.view()}</summary>
            <div class="menu-panel">{children()}</div>
        </details>
    }
}

/// One line of a [`Menu`].
#[component]
pub fn MenuLink(
    /// Where it leads.
    #[prop(into)]
    href: Text,
    /// Its word.
    #[prop(into)]
    label: Text,
    /// A small remark at the end.
    #[prop(optional, into)]
    note: MaybeText,
    /// Whether it is the one in use.
    #[prop(optional)]
    current: bool,
) -> impl IntoView {
    view! {
        <a class="menu-item" href=href aria-current=current.then_some("true")>
            {label}
            {note.0.map(|note| view! { <small>{note}</small> })}
        </a>
    }
}
