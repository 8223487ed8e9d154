//! Concord: where a calling platform and its telephone carriers exchange data, and where both sides and the customer can
//! see that it is right. One program: a server-rendered portal, a machine API and background jobs over `PostgreSQL`.
//!
//! Rooms in order; a room imports only rooms above it, only through their doors (held by `src/tests/tidy.rs`).
#![recursion_limit = "256"]

#[cfg(feature = "ssr")]
rust_i18n::i18n!("src/locales", fallback = "en");

#[cfg(feature = "ssr")]
pub mod base;

pub mod ui;

#[cfg(feature = "ssr")]
pub mod store;

#[cfg(feature = "ssr")]
pub mod audit;

pub mod identity;

#[cfg(feature = "ssr")]
pub mod transfers;

pub mod notices;

pub mod consent;

pub mod numbers;

pub mod calls;

#[cfg(feature = "ssr")]
pub mod pairing;

#[cfg(feature = "ssr")]
pub mod usage;

pub mod quality;

#[cfg(feature = "ssr")]
pub mod portal;

#[cfg(feature = "ssr")]
pub mod app;

/// Makes cargo build this crate again when another clone built it last (see `.cargo/config.toml`).
const _: Option<&str> = option_env!("CONCORD_CLONE");

/// Wakes the islands of a page; the browser calls it once the wasm is there. `data-ready` on `<html>` says that it is done.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
    let root = leptos::prelude::document().document_element();
    if let Some(root) = root {
        // Only an attribute name that is not a name can be refused.
        let _set = root.set_attribute("data-ready", "");
    }
}
