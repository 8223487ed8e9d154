//! Pages that join rooms: what no single room can show alone.
//!
//! It owns no tables. It reads through the doors of the rooms before it, and their rows for its figures; it decides nothing.

mod audit;
mod audit_words;
mod overview;
mod overview_calls;
mod queries_overview;

#[cfg(test)]
mod tests;

pub use audit::audit_page;
pub use audit::audit_verify_page;
pub use overview::operator_overview_page;
pub use overview::platform_overview_page;
pub use overview::tenant_overview_page;
