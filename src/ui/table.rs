//! Lists: filter bar, chips, table, pager. All state lives in the address, so every part is a link or a GET form.

use super::Kind;
use super::MaybeText;
use super::Query;
use super::Size;
use super::Text;
use super::button::Button;
use super::button::ButtonLink;
use super::icon::Icon;
use super::query::SORT_KEY;
use crate::tr;
use leptos::prelude::*;
use std::fmt::Write as _;

/// When a column leaves a list that gets narrow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Leaves {
    #[default]
    Never,
    /// Under 34 rem.
    Mid,
    /// Under 62 rem.
    Low,
}

impl Leaves {
    const fn code(self) -> Option<&'static str> {
        match self {
            Self::Never => None,
            Self::Mid => Some("mid"),
            Self::Low => Some("low"),
        }
    }
}

/// The head of one column. [`Rows`](super::Rows) gives its cells the same class and place to leave; with rows of your own, give the cells
/// the same `class` and `data-col`.
#[derive(Clone, Debug)]
pub struct Col {
    label: Text,
    sort: Option<&'static str>,
    class: Option<&'static str>,
    leaves: Leaves,
    hidden: bool,
}

impl Col {
    /// A column with this head.
    #[must_use]
    pub fn new(label: impl Into<Text>) -> Self {
        Self { label: label.into(), sort: None, class: None, leaves: Leaves::Never, hidden: false }
    }

    /// Can be sorted by this key.
    #[must_use]
    pub const fn sort(mut self, key: &'static str) -> Self {
        self.sort = Some(key);
        self
    }

    /// Figures, at the end of the cell: cells get `class="num"`.
    #[must_use]
    pub const fn num(mut self) -> Self {
        self.class = Some("num");
        self
    }

    /// As narrow as its content: cells get `class="tight"`.
    #[must_use]
    pub const fn tight(mut self) -> Self {
        self.class = Some("tight");
        self
    }

    /// Running text: cells get `class="wrap"`.
    #[must_use]
    pub const fn wrap(mut self) -> Self {
        self.class = Some("wrap");
        self
    }

    /// Never broken: cells get `class="nowrap"`.
    #[must_use]
    pub const fn nowrap(mut self) -> Self {
        self.class = Some("nowrap");
        self
    }

    /// Leaves on phones: cells get `data-col="mid"`.
    #[must_use]
    pub const fn mid(mut self) -> Self {
        self.leaves = Leaves::Mid;
        self
    }

    /// Leaves on tablets: cells get `data-col="low"`.
    #[must_use]
    pub const fn low(mut self) -> Self {
        self.leaves = Leaves::Low;
        self
    }

    /// The head is there for assistive technology alone: actions, check boxes.
    #[must_use]
    pub const fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// The opening tag of the column's cells.
    pub(super) fn cell_tag(&self) -> String {
        let mut tag = String::from("<td");
        for (name, value) in [("class", self.class), ("data-col", self.leaves.code())] {
            if let Some(value) = value {
                // Writing to a String cannot fail.
                write!(tag, " {name}=\"{value}\"").unwrap_or_default();
            }
        }
        tag.push('>');
        tag
    }
}

/// Where the list stands and how it is sorted; what sort links are made from.
#[derive(Clone, Debug, Default)]
pub struct ListState {
    /// The page's path.
    pub path: String,
    /// The address's query.
    pub query: Query,
    /// The order when the address names none: key, or `-key`.
    pub default_sort: &'static str,
}

impl ListState {
    /// The order in force: key and whether it falls.
    #[must_use]
    pub fn order(&self) -> (&str, bool) {
        self.query
            .sort()
            .unwrap_or_else(|| self.default_sort.strip_prefix('-').map_or((self.default_sort, false), |key| (key, true)))
    }
}

/// The box that lets columns leave by the width of the list; holds list head, table and pager.
#[component]
pub fn List(
    /// [`ListHead`], [`Table`], [`Pager`].
    children: Children,
) -> impl IntoView {
    view! { <div class="list">{children()}</div> }
}

/// The line above a table: how many there are, and what can be done with all of them.
#[component]
pub fn ListHead(
    /// How many, in what order.
    #[prop(into)]
    text: Text,
    /// Quiet buttons: columns, export.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="list-head">
            <span>{text}</span>
            {children.map(|children| view! { <span class="cluster">{children()}</span> })}
        </div>
    }
}

/// A table in a region of its own that can scroll sideways. Children are the `<tr>`s of its body.
#[component]
pub fn Table(
    /// What the rows are, for assistive technology.
    #[prop(into)]
    label: Text,
    /// The column heads.
    cols: Vec<Col>,
    /// Makes the heads with a sort key into links; without it they are plain.
    #[prop(optional)]
    state: Option<ListState>,
    /// Low rows, for tables inside cards.
    #[prop(optional)]
    compact: bool,
    /// On wide screens the head sticks to the page instead of the region; for the page's main list.
    #[prop(optional)]
    page_head: bool,
    /// The foot's `<tr>`s.
    #[prop(optional)]
    foot: Option<AnyView>,
    /// The body's `<tr>`s.
    children: Children,
) -> impl IntoView {
    let heads = cols.into_iter().map(|col| column_head(col, state.as_ref())).collect_view();
    let region = tr!("ui.table_region", label = label);
    view! {
        <div
            class="table-wrap"
            role="region"
            tabindex="0"
            aria-label=region
            data-head=page_head.then_some("page")
        >
            <table class="table" aria-label=label data-density=compact.then_some("compact")>
                <thead>
                    <tr>{heads}</tr>
                </thead>
                <tbody>{children()}</tbody>
                {foot.map(|foot| view! { <tfoot>{foot}</tfoot> })}
            </table>
        </div>
    }
}

fn column_head(col: Col, state: Option<&ListState>) -> AnyView {
    let leaves = col.leaves.code();
    let mut direction = None;
    let label = match (col.sort, state) {
        (Some(key), Some(state)) => {
            let (current, falls) = state.order();
            let next = if current == key {
                direction = Some(if falls { "descending" } else { "ascending" });
                if falls { key.to_owned() } else { format!("-{key}") }
            } else {
                key.to_owned()
            };
            let href = state.query.first_page().with(SORT_KEY, next).href(&state.path);
            view! { <a href=href>{col.label}</a> }.into_any()
        }
        _ if col.hidden => view! { <span class="visually-hidden">{col.label}</span> }.into_any(),
        _ => col.label.into_any(),
    };
    view! { <th scope="col" class=col.class data-col=leaves aria-sort=direction>{label}</th> }.into_any()
}

/// The form above a list. Empty fields are dropped when the address is read.
#[component]
pub fn FilterBar(
    /// The page's path.
    #[prop(into)]
    action: Text,
    /// What is filtered, for assistive technology.
    #[prop(into)]
    label: Text,
    /// Parts of the address that are no fields of this form and stay: order, tab.
    #[prop(optional)]
    keep: Query,
    /// Fields behind "More filters".
    #[prop(optional)]
    more: Option<AnyView>,
    /// Opens them, for example when one of them is in use.
    #[prop(optional)]
    more_open: bool,
    /// The fields.
    children: Children,
) -> impl IntoView {
    let kept = keep
        .pairs()
        .map(|(name, value)| view! { <input type="hidden" name=name.to_owned() value=value.to_owned() /> })
        .collect_view();
    view! {
        <form class="filters" action=action method="get" aria-label=label>
            {kept}
            {children()}
            <Button>{tr!("ui.apply")}</Button>
            {more
                .map(|more| {
                    view! {
                        <details class="filter-more" open=more_open>
                            <summary>{Icon::Filter.view()}{tr!("ui.more_filters")}</summary>
                            <div class="filters">{more}</div>
                        </details>
                    }
                })}
        </form>
    }
}

/// One filter in force, with the address of the list without it.
#[derive(Clone, Debug)]
pub struct ActiveFilter {
    /// What is filtered: "Country".
    pub label: Text,
    /// By what: "Germany".
    pub value: Text,
    /// The list without this filter.
    pub remove_href: String,
}

/// The filters in force, each with a link that takes it off. Nothing when there is none.
#[component]
pub fn ActiveFilters(
    /// The filters in force.
    items: Vec<ActiveFilter>,
    /// The list without any filter.
    #[prop(into)]
    clear_href: Text,
    /// More quiet buttons, for example to save the view.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    if items.is_empty() {
        return ().into_any();
    }
    let chips = items
        .into_iter()
        .map(|filter| {
            let remove = tr!("ui.remove_filter", label = filter.label, value = filter.value);
            view! {
                <span class="chip">
                    {filter.label}" "<b>{filter.value}</b>
                    <a class="chip-remove" href=filter.remove_href aria-label=remove>
                        {Icon::Close.view()}
                    </a>
                </span>
            }
        })
        .collect_view();
    view! {
        <div class="chips" role="group" aria-label=tr!("ui.active_filters")>
            {chips}
            <ButtonLink href=clear_href kind=Kind::Quiet size=Size::Small>{tr!("ui.clear_all")}</ButtonLink>
            {children.map(|children| children())}
        </div>
    }
    .into_any()
}

/// Links of which one is in force: periods, kinds.
#[component]
pub fn ChipLinks(
    /// What is picked, for assistive technology.
    #[prop(into)]
    label: Text,
    /// Address, word, whether it is in force.
    items: Vec<(String, Text, bool)>,
) -> impl IntoView {
    let chips = items
        .into_iter()
        .map(|(href, label, current)| {
            view! { <a class="chip" href=href aria-current=current.then_some("true")>{label}</a> }
        })
        .collect_view();
    view! { <nav class="chips" aria-label=label>{chips}</nav> }
}

/// The line under a list: what is shown, and the way to the pages around it.
#[component]
pub fn Pager(
    /// What is shown: "50 of about 1,900".
    #[prop(into)]
    text: Text,
    /// The page before; `None` on the first.
    #[prop(optional, into)]
    previous: MaybeText,
    /// The page after; `None` on the last.
    #[prop(optional, into)]
    next: MaybeText,
    /// Says "newer" and "older" instead of "previous" and "next".
    #[prop(optional)]
    by_time: bool,
    /// Tells several pagers of one page apart, for assistive technology.
    #[prop(optional, into)]
    label: MaybeText,
) -> impl IntoView {
    let (back, on) = if by_time { (tr!("ui.newer"), tr!("ui.older")) } else { (tr!("ui.previous"), tr!("ui.next")) };
    view! {
        <nav class="pager" aria-label=label.0.unwrap_or_else(|| tr!("ui.pages"))>
            <span>{text}</span>
            <span class="pager-links">{pager_link(previous, back, "prev")}{pager_link(next, on, "next")}</span>
        </nav>
    }
}

fn pager_link(href: MaybeText, label: Text, rel: &'static str) -> AnyView {
    match href.0 {
        Some(href) => view! { <a class="button" data-size="small" rel=rel href=href>{label}</a> }.into_any(),
        None => view! { <button class="button" data-size="small" type="button" disabled=true>{label}</button> }.into_any(),
    }
}
