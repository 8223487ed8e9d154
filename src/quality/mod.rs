//! Quality: counts by hour and what follows from them: poor share, NER, ASR, ACD, post-dial delay, computed scores.
//!
//! **What.** The rollup ([`roll_quality`]) of calls and their streams by UTC hour of `ended_at`, the pages of both portals, the
//! reads of the machine API.
//!
//! **Who.** Tenants see their own calls, also by network. Operators see calls of customers whose gate for class `quality` is open
//! now, and of those only the ones that ended while it was open; every look stands in the register.
//!
//! **Invariants.** Every ratio shows its n; under [`TOO_FEW`] it says nothing. Unclassified calls stand in no ratio. Scores are
//! means of computed ones of one kind ([`MOS_KIND`]) alone. Counts equal `GROUP BY` over the raw rows. The network is the
//! tenant's own: it stands in a table that operators cannot read.
//!
//! **What it does not know.** How a call is classified, who a number is assigned to, what an operator counted.

#[cfg(feature = "ssr")]
mod api;
#[cfg(feature = "ssr")]
mod ask;
#[cfg(feature = "ssr")]
mod exports;
#[cfg(feature = "ssr")]
mod jobs;
#[cfg(feature = "ssr")]
mod measures;
#[cfg(feature = "ssr")]
mod model;
#[cfg(feature = "ssr")]
mod pages;
#[cfg(feature = "ssr")]
mod pages_charts;
#[cfg(feature = "ssr")]
mod pages_tables;
#[cfg(feature = "ssr")]
mod queries;
#[cfg(feature = "ssr")]
mod queries_jobs;
#[cfg(feature = "ssr")]
mod reads;

#[cfg(all(test, feature = "ssr"))]
mod tests;

#[cfg(feature = "ssr")]
mod door {
    pub use super::api::api;
    pub use super::exports::exports;
    pub use super::jobs::ROLL_QUALITY;
    pub use super::jobs::roll_quality;
    pub use super::jobs::settle_all;
    pub use super::model::Counts;
    pub use super::model::MOS_KIND;
    pub use super::model::TOO_FEW;
    pub use super::model::too_few;
    pub use super::pages::operator_quality_page;
    pub use super::pages::tenant_quality_page;
}
#[cfg(feature = "ssr")]
pub use door::*;
