//! Who did what, and who read personal data: an append-only log per organisation, chained by hash.
//!
//! Every action that changes something calls [`record`] in its own transaction, so the log and the change stand or
//! fall together; reads of personal data go through [`record_read`], which coalesces. The log does not know who may read it
//! (identity decides) nor what the actions mean.

mod jobs;
mod queries;
mod queries_erase;
mod queries_list;

pub use jobs::EXPIRE;
pub use jobs::SEAL;
pub use jobs::expire;
pub use jobs::seal;
pub use queries::Entry;
pub use queries::record;
pub use queries::record_all;
pub use queries::record_erasure;
pub use queries::record_read;
pub use queries::verify;
pub use queries_erase::erase;
pub use queries_list::EntryFilter;
pub use queries_list::EntryRow;
pub use queries_list::list;
