//! The page that says what went wrong: for people, with a way on and a number to quote, and without anything that would tell
//! a stranger what others have.

use super::MaybeText;
use super::Text;
use super::TimeStyle;
use super::button::ButtonLink;
use super::button::Kind;
use super::detail::Copy;
use super::lang::translate;
use super::page::PageHead;
use super::viewer;
use crate::tr;
use leptos::prelude::*;

/// Title, what happened and how to mend it, as text keys.
struct Words {
    title: &'static str,
    what: &'static str,
    mend: &'static str,
}

macro_rules! words {
    ($status:literal) => {
        Words {
            title: concat!("ui.error.", $status, ".title"),
            what: concat!("ui.error.", $status, ".what"),
            mend: concat!("ui.error.", $status, ".mend"),
        }
    };
}

/// Every status with words of its own; others are told as 500.
pub const TOLD_STATUSES: [u16; 13] = [400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 429, 451, 503];

fn words(status: u16) -> Words {
    match status {
        400 => words!("400"),
        401 => words!("401"),
        403 => words!("403"),
        404 => words!("404"),
        405 => words!("405"),
        409 => words!("409"),
        412 => words!("412"),
        413 => words!("413"),
        415 => words!("415"),
        422 => words!("422"),
        429 => words!("429"),
        451 => words!("451"),
        503 => words!("503"),
        _ => words!("500"),
    }
}

/// A way on from an error: address and word.
pub type WayOn = (String, Text);

/// The content of an error page; put it into [`Plain`](super::Plain) or, when somebody is signed in, into
/// [`Shell`](super::Shell).
#[component]
pub fn ErrorPage(
    /// The HTTP status the answer has.
    status: u16,
    /// Says what happened better than the status alone can.
    #[prop(optional, into)]
    what: MaybeText,
    /// Says how to mend it better than the status alone can.
    #[prop(optional, into)]
    mend: MaybeText,
    /// The address that was asked for, shown for 404.
    #[prop(optional, into)]
    address: MaybeText,
    /// The number to quote when asking for help.
    #[prop(optional, into)]
    request_id: MaybeText,
    /// Ways on, the best first.
    #[prop(optional)]
    ways: Vec<WayOn>,
) -> impl IntoView {
    let viewer = viewer();
    let lang = viewer.lang;
    let words = words(status);
    let what = what.0.unwrap_or_else(|| translate(lang, words.what, &[]));
    let mend = mend.0.unwrap_or_else(|| translate(lang, words.mend, &[]));
    let links = ways
        .into_iter()
        .enumerate()
        .map(|(place, (href, label))| {
            let kind = if place == 0 { Kind::Primary } else { Kind::Plain };
            view! { <ButtonLink href=href kind=kind>{label}</ButtonLink> }
        })
        .collect_view();
    let quote = request_id.0.map(|id| {
        let at = viewer.time(viewer.now, TimeStyle::Full);
        view! {
            <p class="fine faint">
                {tr!(in lang, "ui.error.quote")}" "<span class="id">{id}</span>", "{at}"."
            </p>
        }
    });
    view! {
        <div class="stack" data-gap="tight">
            <p class="faint">{tr!(in lang, "ui.error.number", status = status)}</p>
            <PageHead title=translate(lang, words.title, &[]) />
            <p class="muted">{what}</p>
            {address
                .0
                .map(|address| {
                    view! { <Copy value=address.into_owned() label=tr!(in lang, "ui.address") /> }
                })}
            <p class="muted">{mend}</p>
            <div class="cluster">{links}</div>
            {quote}
        </div>
    }
}
