//! The gate that every transfer checks, and the register in which every transfer stands.
//!
//! **Gate.** One row per (tenant, operator, country, class), written only by the room `consent`. A transfer takes the
//! shared lock of its (tenant, operator) pair ([`lock_shared`]) and then reads the gate; suspending takes the lock
//! exclusively ([`lock_exclusive`]): once a suspension is committed, nothing new leaves.
//!
//! **Register.** [`register`] writes the entry before a byte leaves, in the transaction that claims the work; [`settle`]
//! says how it ended. Until `frozen_at` state, records and digest may change; then the entry is chained in both
//! parties' chains and stays as it is. Page views coalesce per (account, tenant, view, 15 min) ([`register_view`]).
//! The room does not know why a gate is open, nor what is inside a record.

mod actions;
mod api;
mod exports;
mod jobs;
mod model;
mod pages;
mod pages_entry;
mod pages_filter;
mod queries;
mod queries_chain;
mod queries_gate;
mod queries_list;
mod words;

#[cfg(test)]
mod tests;

pub use api::api;
pub use exports::exports;
pub use jobs::EXPIRE;
pub use jobs::SEAL;
pub use jobs::expire;
pub use jobs::seal;
pub use model::Basis;
pub use model::Channel;
pub use model::Class;
pub use model::Direction;
pub use model::GateState;
pub use model::Ground;
pub use model::NewTransfer;
pub use model::Openings;
pub use model::Position;
pub use model::TransferFilter;
pub use model::TransferRow;
pub use model::TransferState;
pub use model::TransferTotal;
pub use model::View;
pub use pages::register_page;
pub use pages_entry::entry_page;
pub use pages_entry::verdict_view;
pub use pages_entry::verify_page;
pub use pages_filter::day_start;
pub use pages_filter::midnight;
pub use queries::erase;
pub use queries::register;
pub use queries::register_view;
pub use queries::settle;
pub use queries_chain::verify;
pub use queries_gate::gate;
pub use queries_gate::gates_of;
pub use queries_gate::lock_exclusive;
pub use queries_gate::lock_shared;
pub use queries_gate::lock_shared_all;
pub use queries_gate::openings;
pub use queries_gate::openings_held;
pub use queries_gate::set_gate;
pub use queries_list::list;
pub use queries_list::of_ref;
pub use queries_list::page;
pub use queries_list::totals;
pub use words::channel_text;
pub use words::class_text;
pub use words::classes_text;
