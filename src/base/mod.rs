//! Words shared by all rooms: who asks ([`Ctx`]), what identifies things ([`ids`]), numbers ([`E164`], [`SipUri`]),
//! what can go wrong ([`Problem`], [`Failure`]), time and chance ([`Env`]). No SQL, no HTTP, no domain verb.

#[cfg(feature = "chaos")]
pub mod chaos;
mod ctx;
mod cursor;
mod e164;
mod env;
mod ids;
mod mask;
mod problem;
mod sip;
mod wire_time;

pub use ctx::Actor;
pub use ctx::Ctx;
pub use ctx::Org;
pub use ctx::Scope;
pub use ctx::ScopeSet;
pub use cursor::Cursor;
pub use cursor::read_moment;
pub use e164::E164;
pub use e164::E164Error;
pub use env::Clock;
pub use env::Env;
pub use env::made_at;
pub use ids::AccountId;
pub use ids::BatchId;
pub use ids::CallId;
pub use ids::ConsentId;
pub use ids::EndpointId;
pub use ids::EventId;
pub use ids::OperatorId;
pub use ids::OrderId;
pub use ids::TenantId;
pub use ids::TransferId;
pub use mask::hidden_digits;
pub use mask::mask;
pub use problem::Failure;
pub use problem::Problem;
pub use problem::RowError;
pub use sip::SipUri;
pub use wire_time::wire_time;
pub use wire_time::write_time;
