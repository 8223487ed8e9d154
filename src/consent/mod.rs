//! Consent: what a tenant lets an operator have, in which countries, on which notice text.
//!
//! **What.** The operator directory as a tenant sees it, notice texts, the consent and its ledger, suspension, resumption and
//! withdrawal, and the relationship as the operator sees it.
//!
//! **Invariants.** Only this room writes the gate, under the exclusive lock of the pair: once a suspension is committed nothing
//! new leaves. Consent, ledger, gates, event and log entry stand or fall together. The ledger is append only and chained. A consent names the
//! version and the SHA-256 of the text that was read. `consent.*` events are never gated. Unassigning and releasing never depend
//! on it.
//!
//! **What it does not know.** Calls, and what becomes of numbers after a resumption: it appends to the change list [`RESUMED`].

mod forms;
mod forms_notices;

#[cfg(feature = "ssr")]
mod actions;
#[cfg(feature = "ssr")]
mod api;
#[cfg(feature = "ssr")]
mod contacts;
#[cfg(feature = "ssr")]
mod directory;
#[cfg(feature = "ssr")]
mod exports;
#[cfg(feature = "ssr")]
mod jobs;
#[cfg(feature = "ssr")]
mod model;
#[cfg(feature = "ssr")]
mod notice_diff;
#[cfg(feature = "ssr")]
mod pages;
#[cfg(feature = "ssr")]
mod pages_accept;
#[cfg(feature = "ssr")]
mod pages_change;
#[cfg(feature = "ssr")]
mod pages_customers;
#[cfg(feature = "ssr")]
mod pages_leave;
#[cfg(feature = "ssr")]
mod pages_notices;
#[cfg(feature = "ssr")]
mod pages_operator;
#[cfg(feature = "ssr")]
mod pages_papers;
#[cfg(feature = "ssr")]
mod queries;
#[cfg(feature = "ssr")]
mod queries_directory;
#[cfg(feature = "ssr")]
mod queries_effects;
#[cfg(feature = "ssr")]
mod queries_ledger;
#[cfg(feature = "ssr")]
mod queries_notices;
#[cfg(feature = "ssr")]
mod queries_read;
#[cfg(feature = "ssr")]
mod queries_spells;
#[cfg(feature = "ssr")]
mod relationship;
#[cfg(feature = "ssr")]
mod setup;
#[cfg(feature = "ssr")]
mod setup_notices;
#[cfg(feature = "ssr")]
mod spells;
#[cfg(feature = "ssr")]
mod staff;
#[cfg(feature = "ssr")]
mod telling;
#[cfg(feature = "ssr")]
mod words;

#[cfg(all(test, feature = "ssr"))]
mod tests;
#[cfg(all(test, feature = "ssr"))]
mod tests_directory;

pub use forms::AcceptConsent;
pub use forms::ResumeConsent;
pub use forms::SaveRelationship;
pub use forms::SuspendConsent;
pub use forms::WithdrawConsent;
pub use forms_notices::DropNoticeDraft;
pub use forms_notices::PublishNotice;
pub use forms_notices::SaveNoticeDraft;

#[cfg(feature = "ssr")]
mod door {
    pub use super::actions::AcceptIn;
    pub use super::actions::Said;
    pub use super::actions::accept;
    pub use super::actions::accept_said;
    pub use super::actions::resume;
    pub use super::actions::suspend;
    pub use super::actions::withdraw;
    pub use super::api::api;
    pub use super::exports::exports;
    pub use super::jobs::SEAL;
    pub use super::jobs::seal;
    pub use super::model::Consent;
    pub use super::model::ConsentStatus;
    pub use super::model::Contact;
    pub use super::model::RESUMED;
    pub use super::model::RelationshipStatus;
    pub use super::pages::operators_page;
    pub use super::pages_change::change_page;
    pub use super::pages_customers::customer_page;
    pub use super::pages_customers::customers_page;
    pub use super::pages_leave::leave_page;
    pub use super::pages_notices::draft_page;
    pub use super::pages_notices::new_notice_page;
    pub use super::pages_notices::notice_page;
    pub use super::pages_notices::notices_page;
    pub use super::pages_operator::operator_page;
    pub use super::pages_papers::certificate_page;
    pub use super::pages_papers::handout_page;
    pub use super::queries_directory::outdated_consents;
    pub use super::queries_ledger::verify;
    pub use super::queries_read::consents_of_operator;
    pub use super::queries_read::consents_of_tenant;
    pub use super::queries_read::status;
    pub use super::queries_spells::open_spells;
    pub use super::relationship::set_relationship;
    pub use super::setup::NOTICE_VERSION;
    pub use super::setup::SeedGrant;
    pub use super::setup::grant_for_seed;
    pub use super::setup::seed_notice_texts;
    pub use super::setup::set_relationship_for_seed;
    pub use super::spells::Spell;
    pub use super::spells::closed_at;
    pub use super::telling::event_shapes;
    pub use super::words::country_text;
    pub use super::words::service_text;
    pub use super::words::services_text;
    pub use super::words::status_text;
}
#[cfg(feature = "ssr")]
pub use door::*;
