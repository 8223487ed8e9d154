//! Usage: the operators' durations by day, and what is still awaited.
//!
//! **What.** Rollups by day in the tenant's zone, number, person, operator, direction, call type and other country; the usage
//! page with its file, and the same for machines.
//!
//! **Who.** Tenants read. A background job rolls up the days that pairing puts on the change list `usage`.
//!
//! **Invariants.** Rollups equal `GROUP BY` over the raw rows, exactly. Usage is the operator's count; what it has not counted
//! yet is awaited, and shown as the platform's count. Only calls that a consent for durations covered are awaited: no others
//! will ever be counted. A day is complete when nothing is awaited and the operator closed it. Both sides of a pair stand
//! under the same person, call type and country; where either side withholds the caller, the country is withheld too.
//!
//! **What it does not know.** Money, and why two durations differ.

mod api;
mod exports;
mod jobs;
mod model;
mod pages;
mod pages_chart;
mod pages_rows;
mod queries;
mod queries_roll;
mod reads;
mod words;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_read;

pub use api::api;
pub use exports::exports;
pub use jobs::ROLL;
pub use jobs::roll_usage;
pub use jobs::settle_all;
pub use pages::usage_page;
