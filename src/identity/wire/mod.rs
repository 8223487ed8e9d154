//! The HTTP edge every room's API uses: who calls, what they sent, what they get back, in one shape each.
//!
//! **Invariants.** Every refusal is `application/problem+json` with a code and the request id; our own faults are logged once
//! and say nothing of their cause. No handler reads a header or a body by hand.

mod bulk;
mod csv_file;
mod digest;
mod edge;
mod etag;
mod extract;
mod format;
mod listing;
mod once;
mod problem;
mod request_id;
mod upload;

pub use bulk::Bulk;
pub use bulk::BulkMedia;
pub use bulk::unpack;
pub use csv_file::csv_file;
pub use csv_file::csv_line;
pub use edge::ApiEdge;
pub use edge::OPEN_PATHS;
pub use edge::RateLimits;
pub use edge::api_edge;
pub use etag::IfMatch;
pub use etag::etag;
pub use etag::if_match;
pub use extract::ApiCtx;
pub use extract::Json;
pub use extract::Paging;
pub use extract::Path;
pub use extract::Query;
pub use extract::Wait;
pub use format::Format;
pub use format::csv_cell;
pub use format::csv_value;
pub use listing::Listing;
pub use once::Once;
pub use once::store_instead;
pub use problem::ProblemCode;
pub use problem::ProblemOut;
pub use problem::RowErrorOut;
pub use problem::no_such_route;
pub use problem::only_problems;
pub use request_id::ClientAddress;
pub use request_id::RequestId;
pub(super) use request_id::address_of;
pub use request_id::current_request_id;
pub(super) use request_id::id_of;
pub use request_id::request_id;
pub use upload::UploadForm;
