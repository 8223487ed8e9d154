//! # Notices: how an operator hears of what concerns it
//!
//! **Who.** Other rooms append an event to an operator's ordered feed, in their own transaction. The operator takes the
//! feed by pull (`GET /events?after=`) or has it pushed to its endpoints as signed webhooks. Both carry the same bytes
//! ([`Envelope::render`]).
//!
//! **Flow of a push.** The feed is read from the endpoint's cursor; [`claim`] decides what may leave now; the claim and
//! the register entry are committed; the signed body is posted outside any transaction ([`Poster`]); [`settle`] decides
//! from the answer what the endpoint's row and the number's row say next.
//!
//! ```text
//!            verified              pause | budget spent
//! unverified ────────► active ◄─────────────────────────► paused
//!      ▲                 │  410                resume        │ 410
//!      │ new url         ▼                                   ▼
//!      └──────────── disabled ◄──────────────────────────────┘
//!                        └── verified again ──► active
//! ```
//!
//! **Invariants.**
//! - At least once, always under the same `webhook-id`. Nothing is ever abandoned: an event leaves the endpoint's work
//!   only by a 2xx answer, and a paused endpoint keeps its place.
//! - Per number in order: at most one delivery in flight per (endpoint, number); a failing event holds back its own
//!   number and no other.
//! - A dead endpoint costs one probe at a time and is paused after 75 hours of consecutive failure, with warnings at
//!   50, 70 and 90 %.
//! - No request reaches a forbidden address: each address is checked after it was resolved and exactly that address is
//!   connected to ([`GuardedResolver`]).
//! - Secrets never appear in debug output, logs or stored answers.
//!
//! **Does not know** what an event means, why a gate is open, or who may read what.

mod forms;

#[cfg(feature = "ssr")]
mod actions;
#[cfg(feature = "ssr")]
mod actions_feed;
#[cfg(feature = "ssr")]
mod actions_metrics;
#[cfg(feature = "ssr")]
mod actions_recover;
#[cfg(feature = "ssr")]
mod api;
#[cfg(feature = "ssr")]
mod api_endpoints;
#[cfg(feature = "ssr")]
mod api_metrics;
#[cfg(feature = "ssr")]
mod client;
#[cfg(feature = "ssr")]
mod endpoint;
#[cfg(feature = "ssr")]
mod envelope;
#[cfg(feature = "ssr")]
mod floor;
#[cfg(feature = "ssr")]
mod gating;
#[cfg(feature = "ssr")]
mod gating_attempts;
#[cfg(feature = "ssr")]
mod guard;
#[cfg(feature = "ssr")]
mod hand;
#[cfg(feature = "ssr")]
mod jobs;
#[cfg(feature = "ssr")]
mod model;
#[cfg(feature = "ssr")]
mod pages;
#[cfg(feature = "ssr")]
mod pages_charts;
#[cfg(feature = "ssr")]
mod pages_detail;
#[cfg(feature = "ssr")]
mod pages_endpoint;
#[cfg(feature = "ssr")]
mod pages_endpoint_buttons;
#[cfg(feature = "ssr")]
mod pages_endpoint_forms;
#[cfg(feature = "ssr")]
mod pages_endpoints;
#[cfg(feature = "ssr")]
mod pages_lists;
#[cfg(feature = "ssr")]
mod pages_parts;
#[cfg(feature = "ssr")]
mod pages_recover;
#[cfg(feature = "ssr")]
mod pages_retry;
#[cfg(feature = "ssr")]
mod pages_search;
#[cfg(feature = "ssr")]
mod post;
#[cfg(feature = "ssr")]
mod queries;
#[cfg(feature = "ssr")]
mod queries_attempts;
#[cfg(feature = "ssr")]
mod queries_delivery;
#[cfg(feature = "ssr")]
mod queries_endpoints;
#[cfg(feature = "ssr")]
mod queries_feed;
#[cfg(feature = "ssr")]
mod queries_pages;
#[cfg(feature = "ssr")]
mod queries_pages_attempts;
#[cfg(feature = "ssr")]
mod queries_pages_health;
#[cfg(feature = "ssr")]
mod queries_pages_metrics;
#[cfg(feature = "ssr")]
mod queries_setup_seed;
#[cfg(feature = "ssr")]
mod queries_timeline;
#[cfg(feature = "ssr")]
mod queries_turns;
#[cfg(feature = "ssr")]
mod runtime;
#[cfg(feature = "ssr")]
mod schedule;
#[cfg(feature = "ssr")]
mod settling;
#[cfg(feature = "ssr")]
mod setup_seed;
#[cfg(feature = "ssr")]
mod shape;
#[cfg(feature = "ssr")]
mod shown;
#[cfg(feature = "ssr")]
mod signing;
#[cfg(feature = "ssr")]
mod telling;
#[cfg(feature = "ssr")]
mod turn;
#[cfg(feature = "ssr")]
mod waiting;

#[cfg(all(test, feature = "ssr"))]
mod tests_pages;

pub use forms::CreateEndpoint;
pub use forms::PauseEndpoint;
pub use forms::RecoverEvents;
pub use forms::Redeliver;
pub use forms::RemoveEndpoint;
pub use forms::ResumeEndpoint;
pub use forms::RotateSecret;
pub use forms::TestEndpoint;
pub use forms::UpdateEndpoint;
pub use forms::VerifyEndpoint;

#[cfg(all(test, feature = "ssr"))]
mod tests;

#[cfg(feature = "ssr")]
mod door {
    pub use super::actions::EndpointMade;
    pub use super::actions::create_endpoint;
    pub use super::actions::delete_endpoint;
    pub use super::actions::get_endpoint;
    pub use super::actions::list_endpoints;
    pub use super::actions::patch_endpoint;
    pub use super::actions::pause_endpoint;
    pub use super::actions::resume_endpoint;
    pub use super::actions::rotate_endpoint;
    pub use super::actions::test_endpoint;
    pub use super::actions::verify_endpoint;
    pub use super::actions_feed::FeedPage;
    pub use super::actions_feed::acknowledge;
    pub use super::actions_feed::attempts_of_endpoint;
    pub use super::actions_feed::attempts_of_event;
    pub use super::actions_feed::get_event;
    pub use super::actions_feed::pull;
    pub use super::actions_feed::redeliver;
    pub use super::actions_recover::RecoverIn;
    pub use super::actions_recover::Recovered;
    pub use super::actions_recover::recover_endpoint;
    pub use super::api::api;
    pub use super::client::ErrorKind;
    pub use super::client::Limits;
    pub use super::client::Outcome;
    pub use super::client::Poster;
    pub use super::endpoint::Change;
    pub use super::endpoint::DisableReason;
    pub use super::endpoint::EndpointIn;
    pub use super::endpoint::EndpointPatch;
    pub use super::endpoint::EndpointSpec;
    pub use super::endpoint::EndpointState;
    pub use super::endpoint::FieldFault;
    pub use super::endpoint::PauseReason;
    pub use super::endpoint::StateRefusal;
    pub use super::envelope::Envelope;
    pub use super::envelope::JsonObject;
    pub use super::envelope::JsonRefusal;
    pub use super::envelope::WithheldReason;
    pub use super::envelope::render_withheld;
    pub use super::guard::AddressForbidden;
    pub use super::guard::Allow;
    pub use super::guard::GuardRefusal;
    pub use super::guard::GuardedResolver;
    pub use super::guard::Lookup;
    pub use super::guard::Reach;
    pub use super::guard::check_address;
    pub use super::guard::check_target;
    pub use super::guard::check_url;
    pub use super::guard::parse_url;
    pub use super::guard::system_lookup;
    pub use super::jobs::CONFIRMED;
    pub use super::jobs::DELIVER;
    pub use super::jobs::DELIVERING;
    pub use super::jobs::EXPIRE;
    pub use super::jobs::HEARTBEAT;
    pub use super::jobs::SEAL;
    pub use super::jobs::SEALING;
    pub use super::jobs::TAKEN;
    pub use super::jobs::deliver;
    pub use super::jobs::expire;
    pub use super::jobs::heartbeat;
    pub use super::jobs::seal;
    pub use super::model::EventType;
    pub use super::model::UnknownName;
    pub use super::pages::notifications_page;
    pub use super::pages_detail::attempt_page;
    pub use super::pages_detail::event_page;
    pub use super::pages_endpoint::endpoint_page;
    pub use super::pages_endpoint_forms::delete_endpoint_page;
    pub use super::pages_endpoint_forms::edit_endpoint_page;
    pub use super::pages_endpoint_forms::new_endpoint_page;
    pub use super::pages_endpoints::endpoints_page;
    pub use super::pages_recover::recover_page;
    pub use super::queries::NewEvent;
    pub use super::queries::emit;
    pub use super::queries::emit_all;
    pub use super::queries::head_seq;
    pub use super::queries_attempts::AttemptView;
    pub use super::queries_endpoints::EndpointView;
    pub use super::queries_endpoints::PublicKeyView;
    pub use super::queries_feed::FeedFilter;
    pub use super::queries_pages_health::EndpointHealth;
    pub use super::queries_pages_health::FeedSummary;
    pub use super::queries_pages_health::LastAnswer;
    pub use super::queries_pages_health::Tally;
    pub use super::queries_pages_health::Told;
    pub use super::queries_pages_health::feed_summary;
    pub use super::queries_pages_health::told_summary;
    pub use super::queries_timeline::Delivery;
    pub use super::queries_timeline::Eyes;
    pub use super::queries_timeline::SealedEvent;
    pub use super::queries_timeline::Standing;
    pub use super::queries_timeline::Untaken;
    pub use super::queries_timeline::deliveries_of;
    pub use super::queries_timeline::events_of;
    pub use super::queries_timeline::untaken_of;
    pub use super::runtime::Notices;
    pub use super::schedule::Answer;
    pub use super::schedule::Claim;
    pub use super::schedule::Effect;
    pub use super::schedule::Fresh;
    pub use super::schedule::Head;
    pub use super::schedule::Held;
    pub use super::schedule::Input;
    pub use super::schedule::Plant;
    pub use super::schedule::Policy;
    pub use super::schedule::RetryAfter;
    pub use super::schedule::RetryScheduleRefusal;
    pub use super::schedule::Settled;
    pub use super::schedule::Track;
    pub use super::schedule::Verdict;
    pub use super::schedule::WARNINGS;
    pub use super::schedule::Work;
    pub use super::schedule::change;
    pub use super::schedule::check_budget;
    pub use super::schedule::claim;
    pub use super::schedule::settle;
    pub use super::schedule::step;
    pub use super::setup_seed::seed_endpoint;
    pub use super::shape::Shape;
    pub use super::signing::KeyRefusal;
    pub use super::signing::KeySet;
    pub use super::signing::Keys;
    pub use super::signing::Message;
    pub use super::signing::PublicKey;
    pub use super::signing::Secret;
    pub use super::signing::SignatureKind;
    pub use super::signing::SigningKey;
    pub use super::signing::VerifyRefusal;
    pub use super::signing::rotate;
    pub use super::signing::sign;
    pub use super::signing::verify;
    pub use super::telling::event_shapes;
}
#[cfg(feature = "ssr")]
pub use door::*;
