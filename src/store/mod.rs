//! How rows are kept: scoped transactions with three roles and row security, sealed lists, change lists, hash chains,
//! idempotency keys, sealed secrets, background loops. It does not know what it stores.
//!
//! **Invariants.** No transaction without a [`Reach`]: `begin` sets the role and both axes before the first query, so
//! row security holds even where a query forgets its `where`. `begin_job` (all organisations) is only called from
//! `jobs.rs`, platform ingest and start-up. Nothing awaits the network inside a transaction.

mod chain;
mod chain_verify;
mod copy;
mod db;
mod failure;
mod idempotency;
mod jobs;
mod looks;
mod queries_anchors;
mod queries_partitions;
mod secrets;

pub use chain::Chain;
pub use chain::ChainFacts;
pub use chain::ChainLink;
pub use chain::chain_hash;
pub use chain::personal_hash;
pub use chain::queue_all_for_chain;
pub use chain::queue_for_chain;
pub use chain::seal_chains;
pub use chain_verify::ChainFault;
pub use chain_verify::ChainHead;
pub use chain_verify::ChainVerdict;
pub use chain_verify::head_of;
pub use chain_verify::holds_head;
pub use chain_verify::verify_chain;
pub use copy::CopyRows;
pub use db::Reach;
pub use db::Ready;
pub use db::Store;
pub use db::Tx;
pub use idempotency::Idempotent;
pub use idempotency::begin as idempotency_begin;
pub use idempotency::finish as idempotency_finish;
pub use idempotency::purge as idempotency_purge;
pub use jobs::Loop;
pub use jobs::Wake;
pub use jobs::refresh_statistics;
pub use jobs::run_loop;
pub use looks::Looks;
pub use queries_anchors::ChainAnchor;
pub use queries_anchors::drop_oldest;
pub use queries_anchors::read_anchors;
pub use queries_partitions::Stretch;
pub use queries_partitions::drop_stretch;
pub use queries_partitions::ensure_partitions;
pub use queries_partitions::need_partitions;
pub use queries_partitions::oldest_over;
pub use queries_partitions::oldest_stretch;
pub use secrets::SecretKey;
