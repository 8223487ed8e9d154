//! The two frames every page stands in: the shell with top bar and side bar, and the plain one of sign-in and errors.
//!
//! They take data alone and know no address and no word of the portal but what they are given.

use super::Flash;
use super::Lang;
use super::Text;
use super::Theme;
use super::TimeStyle;
use super::Viewer;
use super::detail::initial;
use super::detail::initials;
use super::icon::Icon;
use super::icon::brand_mark;
use super::mark::Tone;
use super::mark::count_pill;
use super::page::Toast;
use super::page::Toasts;
use super::viewer;
use crate::tr;
use leptos::prelude::*;

/// Everything the shell shows around a page.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The organisation whose portal it is.
    pub org_name: String,
    /// What kind of portal: names the side bar for assistive technology.
    pub org_kind_label: Text,
    /// Where the mark leads.
    pub home_href: String,
    /// The side bar.
    pub nav: Vec<NavGroup>,
    /// The organisations of this account, the current one among them; fewer than two hide the list.
    pub switcher: Vec<OrgLink>,
    /// The search box of the top bar.
    pub search: Option<Search>,
    /// Who is signed in.
    pub account_name: String,
    /// Small lines under the name: address, role.
    pub account_notes: Vec<String>,
    /// The account's own page, also where the time zone is changed.
    pub account_href: String,
    /// Where the sign-out form is sent.
    pub sign_out_action: String,
    /// Language and colours; `None` hides the choice.
    pub preferences: Option<Preferences>,
    /// What the last action did.
    pub flash: Option<Flash>,
}

/// A part of the side bar.
#[derive(Clone, Debug)]
pub struct NavGroup {
    /// Its name; `None` for the first part.
    pub label: Option<Text>,
    /// Its links.
    pub items: Vec<NavItem>,
}

/// A link of the side bar.
#[derive(Clone, Debug)]
pub struct NavItem {
    /// Where it leads.
    pub href: String,
    /// Its word.
    pub label: Text,
    /// Its drawing.
    pub icon: Icon,
    /// Whether this page belongs to it.
    pub current: bool,
    /// A figure at its end, with the tone that colours it.
    pub count: Option<(i64, Tone)>,
}

/// An organisation one can switch to.
#[derive(Clone, Debug)]
pub struct OrgLink {
    /// Its portal.
    pub href: String,
    /// Its name.
    pub label: String,
    /// What kind it is, shown small.
    pub kind: Text,
    /// Whether it is the one shown.
    pub current: bool,
}

/// The search box of the top bar: a GET form with the field `q`.
#[derive(Clone, Debug)]
pub struct Search {
    /// Where it is sent.
    pub action: String,
    /// What can be found, in full.
    pub label: Text,
    /// The same in short.
    pub placeholder: Text,
}

/// Where language and colours are chosen: a POST form with the fields `language` or `theme`, and `back`.
#[derive(Clone, Debug)]
pub struct Preferences {
    /// Where it is sent.
    pub action: String,
    /// The address to come back to.
    pub back: String,
}

/// The shell: skip link, top bar, side bar, the page, and a foot that names the time zone.
#[component]
pub fn Shell(
    /// What stands around the page.
    frame: Frame,
    /// The page.
    children: Children,
) -> impl IntoView {
    let viewer = viewer();
    let foot = page_foot(&viewer, Some(&frame.account_href));
    let flash = frame.flash.clone();
    let nav_label = frame.org_kind_label.clone();
    let groups = frame.nav.iter().map(|group| nav_group(&viewer, group)).collect_view();
    view! {
        <a class="skip-link" href="#main">{tr!(in viewer.lang, "ui.skip")}</a>
        <div class="shell">
            {top_bar(&viewer, frame)}
            <nav class="sidebar" id="nav" popover="auto" aria-label=nav_label>
                <div class="sidebar-inner">{groups}</div>
            </nav>
            <main class="main" id="main" tabindex="-1">
                {flash.map(flash_view)}
                {children()}
                {foot}
            </main>
        </div>
    }
}

/// The plain frame: the mark, the page in the middle, a foot.
#[component]
pub fn Plain(
    /// Where the mark leads.
    #[prop(default = "/".into(), into)]
    home_href: Text,
    /// Room for more than a form.
    #[prop(optional)]
    wide: bool,
    /// What the last action did.
    #[prop(optional_no_strip)]
    flash: Option<Flash>,
    /// Language and colours.
    #[prop(optional_no_strip)]
    preferences: Option<Preferences>,
    /// The page.
    children: Children,
) -> impl IntoView {
    let viewer = viewer();
    let languages = preferences.map(|preferences| {
        let buttons = Lang::ALL
            .into_iter()
            .map(|lang| {
                let pressed = if lang == viewer.lang { "true" } else { "false" };
                view! {
                    <button
                        class="button"
                        data-kind="quiet"
                        data-size="small"
                        type="submit"
                        name="language"
                        value=lang.code()
                        lang=lang.code()
                        aria-pressed=pressed
                    >
                        {lang.own_name()}
                    </button>
                }
            })
            .collect_view();
        view! {
            <form class="cluster" action=preferences.action method="post">
                <input type="hidden" name="back" value=preferences.back />
                {buttons}
            </form>
        }
    });
    view! {
        <a class="skip-link" href="#main">{tr!(in viewer.lang, "ui.skip")}</a>
        <div class="plain">
            <header>
                <a class="brand" href=home_href>{brand_mark()}<span>"Concord"</span></a>
            </header>
            <main class="plain-main stack" id="main" tabindex="-1" data-width=wide.then_some("wide")>
                {flash.map(flash_view)}
                {children()}
            </main>
            <footer class="plain-foot">
                <span>{tr!(in viewer.lang, "ui.tagline")}</span>
                {languages}
            </footer>
        </div>
    }
}

fn top_bar(viewer: &Viewer, frame: Frame) -> AnyView {
    let lang = viewer.lang;
    let search = frame.search.clone().map(search_form);
    let home = frame.home_href.clone();
    view! {
        <header class="topbar">
            <button class="icon-button topbar-menu" type="button" popovertarget="nav" aria-label=tr!(in lang, "ui.menu")>
                {Icon::Menu.view()}
            </button>
            <a class="brand" href=home aria-label=tr!(in lang, "ui.home")>
                {brand_mark()}
                <span class="brand-word">"Concord"</span>
            </a>
            {org_switch(viewer, &frame)}
            {search}
            <div class="topbar-end">{account_menu(viewer, frame)}</div>
        </header>
    }
    .into_any()
}

fn org_switch(viewer: &Viewer, frame: &Frame) -> AnyView {
    let lang = viewer.lang;
    let name = frame.org_name.clone();
    let mark = initial(&name);
    if frame.switcher.len() < 2 {
        return view! {
            <span class="org-switch cluster">
                <span class="visually-hidden">{tr!(in lang, "ui.organisation")}": "</span>
                <span class="org-mark" aria-hidden="true">{mark}</span>
                <span class="org-name">{name}</span>
            </span>
        }
        .into_any();
    }
    let links = frame
        .switcher
        .iter()
        .cloned()
        .map(|org| {
            let mark = initial(&org.label);
            view! {
                <a class="menu-item" href=org.href aria-current=org.current.then_some("true")>
                    <span class="org-mark" aria-hidden="true">{mark}</span>
                    {org.label}
                    <small>{org.kind}</small>
                </a>
            }
        })
        .collect_view();
    view! {
        <details class="menu org-switch" name="top">
            <summary>
                <span class="visually-hidden">{tr!(in lang, "ui.organisation")}": "</span>
                <span class="org-mark" aria-hidden="true">{mark}</span>
                <span class="org-name">{name}</span>
                {Icon::ChevronDown.view()}
            </summary>
            <div class="menu-panel">
                <p class="menu-note">{tr!(in lang, "ui.your_organisations", n = frame.switcher.len())}</p>
                {links}
            </div>
        </details>
    }
    .into_any()
}

fn search_form(search: Search) -> AnyView {
    view! {
        <form class="search" role="search" action=search.action method="get">
            {Icon::Search.view()}
            <input class="input" type="search" name="q" aria-label=search.label placeholder=search.placeholder />
        </form>
    }
    .into_any()
}

fn account_menu(viewer: &Viewer, frame: Frame) -> AnyView {
    let lang = viewer.lang;
    let of = tr!(in lang, "ui.account_of", name = frame.account_name);
    let notes = frame.account_notes.into_iter().map(|note| view! { <br />{note} }).collect_view();
    let preferences = frame.preferences.map(|preferences| preference_form(viewer, preferences));
    let avatar = initials(&frame.account_name);
    view! {
        <details class="menu" data-align="end" name="top">
            <summary>
                <span class="visually-hidden">{of}</span>
                <span class="avatar" aria-hidden="true">{avatar}</span>
            </summary>
            <div class="menu-panel">
                <p class="menu-note">{frame.account_name}{notes}</p>
                <hr />
                <a class="menu-item" href=frame.account_href>
                    {tr!(in lang, "ui.account")}
                    <small>{viewer.time_zone.name()}</small>
                </a>
                {preferences}
                <hr />
                <form action=frame.sign_out_action method="post">
                    <button class="menu-item" type="submit">{tr!(in lang, "ui.sign_out")}</button>
                </form>
            </div>
        </details>
    }
    .into_any()
}

fn preference_form(viewer: &Viewer, preferences: Preferences) -> AnyView {
    let lang = viewer.lang;
    let languages = Lang::ALL
        .into_iter()
        .filter(|other| *other != lang)
        .map(|other| {
            view! {
                <button class="menu-item" type="submit" name="language" value=other.code() lang=other.code()>
                    {other.own_name()}
                </button>
            }
        })
        .collect_view();
    let themes = [
        (Theme::System, tr!(in lang, "ui.theme_system")),
        (Theme::Light, tr!(in lang, "ui.theme_light")),
        (Theme::Dark, tr!(in lang, "ui.theme_dark")),
    ]
    .into_iter()
    .filter(|(theme, _)| *theme != viewer.theme)
    .map(|(theme, label)| {
        view! { <button class="menu-item" type="submit" name="theme" value=theme.code()>{label}</button> }
    })
    .collect_view();
    view! {
        <form action=preferences.action method="post">
            <input type="hidden" name="back" value=preferences.back />
            {languages}
            {themes}
        </form>
    }
    .into_any()
}

fn nav_group(viewer: &Viewer, group: &NavGroup) -> AnyView {
    let items = group
        .items
        .iter()
        .cloned()
        .map(|item| {
            let count = item.count.map(|(n, tone)| count_pill(viewer, n, tone));
            view! {
                <li>
                    <a class="nav-link" href=item.href aria-current=item.current.then_some("page")>
                        {item.icon.view()}
                        {item.label}
                        {count}
                    </a>
                </li>
            }
        })
        .collect_view();
    let title = group.label.clone().map(|label| view! { <span class="nav-title">{label}</span> });
    view! {
        <div class="nav-group">
            {title}
            <ul class="nav-list">{items}</ul>
        </div>
    }
    .into_any()
}

fn flash_view(flash: Flash) -> AnyView {
    let text = (!flash.text.is_empty()).then_some(flash.text);
    view! { <Toasts><Toast tone=flash.tone title=flash.title text=text /></Toasts> }.into_any()
}

fn page_foot(viewer: &Viewer, change_href: Option<&str>) -> AnyView {
    let lang = viewer.lang;
    let zone = tr!(
        in lang,
        "ui.all_times",
        zone = viewer.time_zone.name(),
        short = viewer.zone(),
        offset = viewer.utc_offset(),
    );
    let change = change_href.map(|href| {
        view! { " "<a href=href.to_owned()>{tr!(in lang, "ui.change")}</a> }
    });
    let made = viewer.time(viewer.now, TimeStyle::Full);
    view! {
        <footer class="page-foot">
            <span>{zone}{change}</span>
            <span>{tr!(in lang, "ui.page_made", at = made)}</span>
        </footer>
    }
    .into_any()
}
