//! The buttons of an endpoint: on its own page, and of all of them above the notifications.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::DisableReason;
use super::EndpointState;
use super::forms::PauseEndpoint;
use super::forms::ResumeEndpoint;
use super::forms::TestEndpoint;
use super::forms::VerifyEndpoint;
use super::pages_parts::Paths;
use super::pages_parts::endpoint_mark;
use super::pages_parts::endpoint_name;
use super::queries_pages_health::EndpointHealth;
use crate::tr;
use crate::ui::ActionButton;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Hidden;
use crate::ui::Icon;
use crate::ui::Kind;
use crate::ui::Lang;
use crate::ui::Menu;
use crate::ui::MenuLink;
use crate::ui::Text;

/// Menus of the page's head close each other.
const GROUP: &str = "notices-head";

/// One button of the endpoint: slug and id in hidden fields.
fn action(
    paths: &Paths,
    one: &EndpointHealth,
    url: &'static str,
    kind: Kind,
    icon: Icon,
    blocked: Option<String>,
    word: Text,
) -> AnyView {
    let fields = vec![("slug".into(), paths.slug().to_owned().into()), ("id".into(), one.id.to_string().into())];
    view! { <ActionButton action=url fields=fields kind=kind icon=icon blocked=blocked>{word}</ActionButton> }.into_any()
}

fn is_platforms(one: &EndpointHealth) -> bool {
    one.state == EndpointState::Disabled(DisableReason::Platform)
}

/// Why nothing may be sent there by hand.
fn off(lang: Lang, one: &EndpointHealth, role: Option<&String>) -> Option<String> {
    role.cloned().or_else(|| is_platforms(one).then(|| tr!(in lang, "notices.why.platform").into_owned()))
}

/// What can be done with one endpoint, at the head of its page.
pub(super) fn head_buttons(lang: Lang, paths: &Paths, one: &EndpointHealth, role: Option<&String>) -> AnyView {
    let unproven = matches!(one.state, EndpointState::Unverified | EndpointState::Disabled(DisableReason::Gone));
    let verify = action(
        paths,
        one,
        VerifyEndpoint::url(),
        if unproven && role.is_none() { Kind::Primary } else { Kind::Plain },
        Icon::Shield,
        off(lang, one, role),
        tr!(in lang, "notices.verify"),
    );
    let turn = if let EndpointState::Paused(_) = one.state {
        action(paths, one, ResumeEndpoint::url(), Kind::Primary, Icon::Play, role.cloned(), tr!(in lang, "notices.resume"))
    } else {
        let why = match one.state {
            EndpointState::Unverified => Some(tr!(in lang, "notices.why.unverified")),
            EndpointState::Disabled(_) => Some(tr!(in lang, "notices.why.disabled")),
            EndpointState::Active | EndpointState::Paused(_) => None,
        };
        let blocked = role.cloned().or_else(|| why.map(Text::into_owned));
        action(paths, one, PauseEndpoint::url(), Kind::Plain, Icon::Pause, blocked, tr!(in lang, "notices.pause"))
    };
    let (test, recover) = (test_button(lang, paths, one, role), recover_button(lang, paths, one, role));
    view! { {verify}{test}{turn}{recover} }.into_any()
}

fn test_button(lang: Lang, paths: &Paths, one: &EndpointHealth, role: Option<&String>) -> AnyView {
    let word = tr!(in lang, "notices.send_test");
    action(paths, one, TestEndpoint::url(), Kind::Plain, Icon::Send, off(lang, one, role), word)
}

fn recover_button(lang: Lang, paths: &Paths, one: &EndpointHealth, role: Option<&String>) -> AnyView {
    let word = tr!(in lang, "notices.recover.more");
    if role.is_some() {
        let blocked = role.cloned();
        return view! { <Button icon=Icon::Undo value="recover" blocked=blocked>{word}</Button> }.into_any();
    }
    let href = paths.recover(one.id);
    view! { <ButtonLink href=href icon=Icon::Undo>{word}</ButtonLink> }.into_any()
}

/// A test and a recovery from the page of all notices: of the one endpoint there is at once, of several by a menu of their names.
pub(super) fn overview_buttons(lang: Lang, paths: &Paths, endpoints: &[EndpointHealth], role: Option<&String>) -> AnyView {
    let [first, more @ ..] = endpoints else { return ().into_any() };
    if more.is_empty() || role.is_some() {
        // Who may press neither needs no choice.
        let (test, recover) = (test_button(lang, paths, first, role), recover_button(lang, paths, first, role));
        return view! { {test}{recover} }.into_any();
    }
    let tests = endpoints.iter().map(|one| test_item(lang, paths, one)).collect_view();
    let recoveries = endpoints.iter().map(|one| {
        let (href, name) = (paths.recover(one.id), endpoint_name(&one.url, &one.description));
        view! { <MenuLink href=href label=name note=note(lang, one) /> }
    });
    let recoveries = recoveries.collect_view();
    view! {
        <Menu label=tr!(in lang, "notices.send_test") button=true group=GROUP>{tests}</Menu>
        <Menu label=tr!(in lang, "notices.recover.more") button=true group=GROUP>{recoveries}</Menu>
    }
    .into_any()
}

fn test_item(lang: Lang, paths: &Paths, one: &EndpointHealth) -> AnyView {
    let (slug, id) = (paths.slug().to_owned(), one.id.to_string());
    let note = note(lang, one).map(|word| view! { <small>{word}</small> });
    view! {
        <form action=TestEndpoint::url() method="post">
            <Hidden name="slug" value=slug />
            <Hidden name="id" value=id />
            <button class="menu-item" type="submit" disabled=is_platforms(one)>
                {endpoint_name(&one.url, &one.description)}
                {note}
            </button>
        </form>
    }
    .into_any()
}

/// The state of an endpoint that is not as it should be.
fn note(lang: Lang, one: &EndpointHealth) -> Option<Text> {
    one.needs_attention().then(|| endpoint_mark(lang, one).1)
}
