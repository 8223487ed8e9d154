//! The kit every page is made of.
//!
//! **What.** Components with the markup of the style sheet (`style/main.css`), the two frames, the viewer (language, zone, theme, clock
//! of the request), texts by key, figures and times in the viewer's writing, and the address's query as a value.
//!
//! **Invariants.** Everything works as plain HTML: links, GET forms for lists, POST forms for actions. Nothing here is reactive
//! but the islands. Colour never speaks without a shape and a word. No inline style and no inline script. No text but through
//! keys or props. A page of fifty rows is rendered thousands of times a second: rows take the [`Viewer`] once and hand it down.
//!
//! **What it does not know.** Any word of the domain, any address, who is signed in, and the time: all of it is handed in.

#![expect(clippy::must_use_candidate, reason = "a component is called by the view macro, which uses what it gives")]
#![cfg_attr(
    feature = "ssr",
    expect(clippy::needless_pass_by_value, reason = "a component owns its props: the view macro hands them over")
)]

mod islands;

#[cfg(feature = "ssr")]
mod button;
#[cfg(feature = "ssr")]
mod chart;
#[cfg(feature = "ssr")]
mod chart_bars;
#[cfg(feature = "ssr")]
mod chart_calendar;
#[cfg(feature = "ssr")]
mod chart_quality;
#[cfg(feature = "ssr")]
mod choice;
#[cfg(feature = "ssr")]
mod detail;
#[cfg(feature = "ssr")]
mod errors;
#[cfg(feature = "ssr")]
mod form;
#[cfg(feature = "ssr")]
mod format;
#[cfg(feature = "ssr")]
mod frame;
#[cfg(all(feature = "ssr", debug_assertions))]
mod gallery;
#[cfg(all(feature = "ssr", debug_assertions))]
mod gallery_lists;
#[cfg(all(feature = "ssr", debug_assertions))]
mod gallery_quality;
#[cfg(feature = "ssr")]
mod icon;
#[cfg(feature = "ssr")]
mod lang;
#[cfg(feature = "ssr")]
mod mark;
#[cfg(feature = "ssr")]
mod page;
#[cfg(feature = "ssr")]
mod query;
#[cfg(feature = "ssr")]
mod rows;
#[cfg(feature = "ssr")]
mod table;
#[cfg(feature = "ssr")]
mod tel;
#[cfg(feature = "ssr")]
mod text;

#[cfg(all(test, feature = "ssr"))]
mod tests;

pub use islands::*;

#[cfg(feature = "ssr")]
pub use button::*;
#[cfg(feature = "ssr")]
pub use chart::*;
#[cfg(feature = "ssr")]
pub use chart_bars::*;
#[cfg(feature = "ssr")]
pub use chart_calendar::*;
#[cfg(feature = "ssr")]
pub use chart_quality::*;
#[cfg(feature = "ssr")]
pub use choice::*;
#[cfg(feature = "ssr")]
pub use detail::*;
#[cfg(feature = "ssr")]
pub use errors::*;
#[cfg(feature = "ssr")]
pub use form::*;
#[cfg(feature = "ssr")]
pub use format::*;
#[cfg(feature = "ssr")]
pub use frame::*;
#[cfg(all(feature = "ssr", debug_assertions))]
pub use gallery::*;
#[cfg(feature = "ssr")]
pub use icon::*;
#[cfg(feature = "ssr")]
pub use lang::*;
#[cfg(feature = "ssr")]
pub use mark::*;
#[cfg(feature = "ssr")]
pub use page::*;
#[cfg(feature = "ssr")]
pub use query::*;
#[cfg(feature = "ssr")]
pub use rows::*;
#[cfg(feature = "ssr")]
pub use table::*;
#[cfg(feature = "ssr")]
pub use tel::*;
#[cfg(feature = "ssr")]
pub use text::*;
