//! The parts a page is laid out with: head, cards, tiles, bands, empty states, tabs.

use super::MaybeText;
use super::Text;
use super::icon::Icon;
use super::mark::Tone;
use super::mark::count_pill;
use super::viewer;
use crate::tr;
use leptos::prelude::*;
use leptos_meta::MetaContext;
use leptos_meta::Title;

/// What a page function answers: the document's title and what stands in the frame.
pub struct Page {
    /// The document's title, without the product's name.
    pub title: String,
    /// The content.
    pub body: AnyView,
    /// Outside of the portals: room for more than a form.
    pub wide: bool,
}

impl Page {
    /// A page.
    #[must_use]
    pub fn new(title: impl Into<String>, body: impl IntoAny) -> Self {
        Self { title: title.into(), body: body.into_any(), wide: false }
    }

    /// A page to read in, outside of the portals.
    #[must_use]
    pub fn wide(self) -> Self {
        Self { wide: true, ..self }
    }
}

/// One step of the way to this page; without `href` it is the page itself.
#[derive(Clone, Debug)]
pub struct Crumb {
    /// Where the step leads.
    pub href: Option<String>,
    /// Its name.
    pub label: Text,
}

impl Crumb {
    /// A step one can go back to.
    #[must_use]
    pub fn link(href: impl Into<String>, label: impl Into<Text>) -> Self {
        Self { href: Some(href.into()), label: label.into() }
    }

    /// This page.
    #[must_use]
    pub fn here(label: impl Into<Text>) -> Self {
        Self { href: None, label: label.into() }
    }
}

/// The head of a page, with its only `h1`; sets the document's title too.
#[component]
pub fn PageHead(
    /// The `h1` and the document's title.
    #[prop(into)]
    title: Text,
    /// What the `h1` shows when it is more than text, for example a `Tel`.
    #[prop(optional)]
    heading: Option<AnyView>,
    /// One sentence: what the page is for.
    #[prop(optional, into)]
    purpose: MaybeText,
    /// The way here.
    #[prop(optional)]
    crumbs: Vec<Crumb>,
    /// Buttons; at most one of them primary.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    // Outside a document (tests, fragments) there is no title to set.
    let document_title = use_context::<MetaContext>().map(|_| view! { <Title text=title.clone().into_owned() /> });
    view! {
        {document_title}
        <header class="page-head">
            <div class="page-head-text">
                {(!crumbs.is_empty()).then(|| crumb_list(crumbs))}
                <h1>{heading.unwrap_or_else(|| title.into_any())}</h1>
                {purpose.0.map(|purpose| view! { <p class="page-purpose">{purpose}</p> })}
            </div>
            {children.map(|children| view! { <div class="page-actions">{children()}</div> })}
        </header>
    }
}

fn crumb_list(crumbs: Vec<Crumb>) -> AnyView {
    let steps = crumbs
        .into_iter()
        .map(|crumb| match crumb.href {
            Some(href) => view! { <li><a href=href>{crumb.label}</a></li> }.into_any(),
            None => view! { <li>{crumb.label}</li> }.into_any(),
        })
        .collect_view();
    view! {
        <nav aria-label=tr!("ui.breadcrumb")>
            <ol class="crumbs">{steps}</ol>
        </nav>
    }
    .into_any()
}

/// A raised part of a page with an `h2`.
#[component]
pub fn Card(
    /// The `h2`; without it the card has no head.
    #[prop(optional, into)]
    title: MaybeText,
    /// Stands at the end of the head: a badge, a link, a small button.
    #[prop(optional)]
    aside: Option<AnyView>,
    /// Stands at the foot: buttons, a remark.
    #[prop(optional)]
    foot: Option<AnyView>,
    /// Content touches the edges; for tables and empty states.
    #[prop(optional)]
    flush: bool,
    /// Anchor of the card.
    #[prop(optional, into)]
    id: MaybeText,
    /// The content.
    children: Children,
) -> impl IntoView {
    let head = title.0.map(|title| {
        view! {
            <div class="card-head">
                <h2>{title}</h2>
                {aside}
            </div>
        }
    });
    view! {
        <section class="card" id=id.0>
            {head}
            {if flush {
                children()
            } else {
                view! { <div class="card-body">{children()}</div> }.into_any()
            }}
            {foot.map(|foot| view! { <div class="card-foot">{foot}</div> })}
        </section>
    }
}

/// Columns side by side on wide screens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cols {
    /// Two of one width.
    Two,
    /// Three of one width.
    Three,
    /// A narrow one first.
    Side,
    /// A narrow one last.
    Rail,
}

/// Blocks in columns, one under the other on narrow screens.
#[component]
pub fn Grid(
    /// How many and how wide.
    cols: Cols,
    /// The blocks.
    children: Children,
) -> impl IntoView {
    let cols = match cols {
        Cols::Two => "2",
        Cols::Three => "3",
        Cols::Side => "side",
        Cols::Rail => "rail",
    };
    view! { <div class="grid" data-cols=cols>{children()}</div> }
}

/// A strip of figures.
#[component]
pub fn Tiles(
    /// The [`Tile`]s.
    children: Children,
) -> impl IntoView {
    view! { <div class="tiles">{children()}</div> }
}

/// One figure with its name, linked to the rows behind it.
#[component]
pub fn Tile(
    /// What is counted.
    #[prop(into)]
    label: Text,
    /// The figure, already written.
    #[prop(into)]
    value: Text,
    /// Its unit, without a space.
    #[prop(optional, into)]
    unit: MaybeText,
    /// The rows behind the figure.
    #[prop(optional, into)]
    href: MaybeText,
    /// Remarks under the figure: `<span>` or `Badge` each.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let inner = view! {
        <span class="tile-label">{label}</span>
        <span class="tile-value">{value}{unit.0.map(|unit| view! { <span class="unit">"\u{a0}"{unit}</span> })}</span>
        {children.map(|children| view! { <span class="tile-note">{children()}</span> })}
    };
    match href.0 {
        Some(href) => view! { <a class="tile" href=href>{inner}</a> }.into_any(),
        None => view! { <div class="tile">{inner}</div> }.into_any(),
    }
}

/// A message across the page.
#[component]
pub fn Band(
    /// Colour and drawing.
    tone: Tone,
    /// What is the matter.
    #[prop(into)]
    title: Text,
    /// What it means and what to do.
    #[prop(optional, into)]
    text: MaybeText,
    /// More than text, under it: a list, a form.
    #[prop(optional)]
    body: Option<AnyView>,
    /// Buttons.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let label = title.clone();
    view! {
        <section class="band" data-tone=tone.code() aria-label=label>
            {tone.icon().view()}
            <div>
                <p class="band-title">{title}</p>
                {text.0.map(|text| view! { <p class="band-text">{text}</p> })}
                {body}
            </div>
            {children.map(|children| view! { <div class="band-actions">{children()}</div> })}
        </section>
    }
}

/// What the last action did; shown once on the page that follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flash {
    /// Colour and drawing.
    pub tone: Tone,
    /// What happened, in two or three words.
    pub title: String,
    /// More about it; may be empty.
    pub text: String,
}

/// A short answer to an action, read out when it appears.
#[component]
pub fn Toast(
    /// Colour and drawing.
    tone: Tone,
    /// What happened.
    #[prop(into)]
    title: Text,
    /// More about it.
    #[prop(optional, into)]
    text: MaybeText,
    /// A link, for example to undo.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="toast" data-tone=tone.code()>
            {tone.icon().view()}
            <p><b>{title}</b>{text.0.map(|text| format!(" {text}"))}</p>
            {children.map(|children| children())}
        </div>
    }
}

/// The place for toasts. Render it even when it is empty only if an island fills it.
#[component]
pub fn Toasts(
    /// The [`Toast`]s.
    children: Children,
) -> impl IntoView {
    view! { <div class="toasts" role="status">{children()}</div> }
}

/// Why there is nothing, and what to do about it.
#[component]
pub fn Empty(
    /// What there is none of.
    #[prop(into)]
    title: Text,
    /// Why, and when that changes.
    #[prop(optional, into)]
    text: MaybeText,
    /// The drawing.
    #[prop(default = Icon::Inbox)]
    icon: Icon,
    /// One way on.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            {icon.view()}
            <h2>{title}</h2>
            {text.0.map(|text| view! { <p>{text}</p> })}
            {children.map(|children| children())}
        </div>
    }
}

/// One tab: a link to a view of the same thing.
#[derive(Clone, Debug)]
pub struct Tab {
    href: String,
    label: Text,
    count: Option<i64>,
    current: bool,
}

impl Tab {
    /// A tab that leads to `href`.
    #[must_use]
    pub fn new(href: impl Into<String>, label: impl Into<Text>) -> Self {
        Self { href: href.into(), label: label.into(), count: None, current: false }
    }

    /// How many stand behind it.
    #[must_use]
    pub const fn count(mut self, n: i64) -> Self {
        self.count = Some(n);
        self
    }

    /// Whether it is the one shown.
    #[must_use]
    pub const fn current(mut self, current: bool) -> Self {
        self.current = current;
        self
    }
}

/// Views of the same thing, as links.
#[component]
pub fn Tabs(
    /// What the tabs divide, for assistive technology.
    #[prop(into)]
    label: Text,
    /// The tabs.
    items: Vec<Tab>,
) -> impl IntoView {
    let viewer = viewer();
    let links = items
        .into_iter()
        .map(|tab| {
            let count = tab.count.map(|n| view! { " "{count_pill(&viewer, n, Tone::Neutral)} });
            view! { <a href=tab.href aria-current=tab.current.then_some("page")>{tab.label}{count}</a> }
        })
        .collect_view();
    view! { <nav class="tabs" aria-label=label>{links}</nav> }
}
