//! The only room that knows all others: it turns them into a running program.
//!
//! `config` reads flags and environment, `serve` starts database, jobs and web, `routes` is the one list of pages,
//! `router` puts layers around them, `document` is the HTML around a page, `cli` the verbs of the command line.

mod cli;
mod config;
pub mod demo;
mod docs;
mod docs_guide;
mod docs_tables;
mod document;
mod health;
mod import;
mod layers;
mod openapi;
mod openapi_codes;
mod openapi_events;
mod openapi_shapes;
mod openapi_shared;
#[cfg(test)]
mod openapi_sources;
mod openapi_wire;
pub mod pg;
mod router;
mod routes;
mod scopes;
pub mod seed;
mod serve;
pub mod simulate;
mod state;
mod traffic;

pub use cli::run;
pub use openapi::document as openapi_document;
pub use router::router;
pub use routes::PAGES;
pub use routes::PageSpec;
pub use routes::Side;
pub use state::App;
pub use state::Settings;
