//! Which duration record belongs to which call record.
//!
//! **What.** Pairs: first by the operator's reference and the SIP Call-ID, within 24 h; what is left by number, direction and
//! nearest time, within 120 s of the day's skew.
//!
//! **Who.** A background job, on the days that calls and durations put on the change list `pairing`; the days whose pairs or
//! records changed go on to the list `usage`.
//!
//! **Invariants.** A record stands in at most one pair. A withdrawn duration record stands in none. Pairs follow from the
//! records alone: computed again for a day they are the same. Calls that nobody answered pair as well, silently.
//!
//! **What it does not know.** What a difference means.

mod jobs;
mod model;
mod queries;

#[cfg(test)]
mod tests;

pub use jobs::PAIR;
pub use jobs::pair_changed;
pub use jobs::settle_all;
pub use queries::Span;
pub use queries::prepare;
pub use queries::take as take_days;
