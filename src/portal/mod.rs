//! Pages that join rooms: what no single room can show alone.
//!
//! It owns no tables. It reads through the doors of the rooms before it, and their rows for its figures; it decides nothing.

mod audit;
mod audit_words;
mod jobs_platform;
mod overview;
mod overview_calls;
mod platform_operators;
mod platform_overview;
mod platform_state;
mod platform_tenants;
mod queries_overview;
mod queries_platform;

#[cfg(test)]
mod tests;

pub use audit::audit_page;
pub use audit::audit_verify_page;
pub use overview::operator_overview_page;
pub use overview::tenant_overview_page;
pub use platform_operators::new_operator_page;
pub use platform_operators::operator_page;
pub use platform_operators::operators_page;
pub use platform_overview::platform_overview_page;
pub use platform_state::feeds_page;
pub use platform_state::jobs_page;
pub use platform_tenants::new_tenant_page;
pub use platform_tenants::tenant_page;
pub use platform_tenants::tenants_page;
