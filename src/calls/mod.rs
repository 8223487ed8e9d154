//! Call records with their streams (the platform's), durations (the operators'), how both come in and go out.
//!
//! **Invariants.** A bad row never fails a batch, a batch never half-commits, every row has a verdict. The same key and
//! content changes nothing; only a higher version replaces. Nothing goes to an operator but through an open gate, and a
//! call that ended while the gate was closed never does. The room does not know which duration belongs to which call.

mod forms;

#[cfg(feature = "ssr")]
mod api_calls;
#[cfg(feature = "ssr")]
mod api_calls_platform;
#[cfg(feature = "ssr")]
mod classify;
#[cfg(feature = "ssr")]
mod emodel;
#[cfg(feature = "ssr")]
mod feed;
#[cfg(feature = "ssr")]
mod feed_ask;
#[cfg(feature = "ssr")]
mod feed_wire;
#[cfg(feature = "ssr")]
mod ingest;
#[cfg(feature = "ssr")]
mod ingest_receipt;
#[cfg(feature = "ssr")]
mod jobs;
#[cfg(feature = "ssr")]
mod jobs_expire;
#[cfg(feature = "ssr")]
mod jobs_ingest;
#[cfg(feature = "ssr")]
mod queries_calls_batch;
#[cfg(feature = "ssr")]
mod queries_calls_copy;
#[cfg(feature = "ssr")]
mod queries_calls_feed;
#[cfg(feature = "ssr")]
mod queries_calls_seal;
#[cfg(feature = "ssr")]
mod queries_expire;
#[cfg(feature = "ssr")]
mod record;
#[cfg(feature = "ssr")]
mod record_json;
#[cfg(feature = "ssr")]
mod record_read;
#[cfg(feature = "ssr")]
mod record_stream;
#[cfg(feature = "ssr")]
mod record_verdict;

#[cfg(all(test, feature = "ssr"))]
mod tests_calls;
#[cfg(all(test, feature = "ssr"))]
mod tests_calls_record;

#[cfg(feature = "ssr")]
mod record_door {
    pub use super::api_calls::api_calls;
    pub use super::classify::Quality;
    pub use super::classify::classify;
    pub use super::classify::classify_call;
    pub use super::classify::effective;
    pub use super::emodel::MOS_KIND;
    pub use super::emodel::mos;
    pub use super::emodel::r_of;
    pub use super::ingest_receipt::BatchRow;
    pub use super::ingest_receipt::Receipt;
    pub use super::jobs::SEAL_CALLS;
    pub use super::jobs::seal_calls;
    pub use super::jobs_expire::EXPIRE;
    pub use super::jobs_expire::expire;
    pub use super::jobs_ingest::KEEP_PERSONAL;
    pub use super::jobs_ingest::PAIRING;
    pub use super::jobs_ingest::QUALITY;
    pub use super::jobs_ingest::take_call_records;
    pub use super::record::CallDirection;
    pub use super::record::CallFormat;
    pub use super::record::CallInput;
    pub use super::record::Completeness;
    pub use super::record::EndedBy;
    pub use super::record::IntervalInput;
    pub use super::record::LegSide;
    pub use super::record::SignalInput;
    pub use super::record::StreamDirection;
    pub use super::record::StreamInput;
    pub use super::record_read::KEEP;
    pub use super::record_verdict::CallVerdict;
}
#[cfg(feature = "ssr")]
pub use record_door::*;

#[cfg(feature = "ssr")]
mod cause;
#[cfg(feature = "ssr")]
mod masking;
#[cfg(feature = "ssr")]
mod pages_ask;
#[cfg(feature = "ssr")]
mod pages_call;
#[cfg(feature = "ssr")]
mod pages_export;
#[cfg(feature = "ssr")]
mod pages_gates;
#[cfg(feature = "ssr")]
mod pages_lane;
#[cfg(feature = "ssr")]
mod pages_list;
#[cfg(feature = "ssr")]
mod pages_reads;
#[cfg(feature = "ssr")]
mod pages_streams;
#[cfg(feature = "ssr")]
mod queries_pages;
#[cfg(feature = "ssr")]
mod queries_pages_call;
#[cfg(feature = "ssr")]
mod shown;

#[cfg(all(test, feature = "ssr"))]
mod tests_pages;

#[cfg(feature = "ssr")]
pub use cause::Cause;
#[cfg(feature = "ssr")]
pub use cause::Outcome;
#[cfg(feature = "ssr")]
pub use cause::Reason;
#[cfg(feature = "ssr")]
pub use cause::Side;
#[cfg(feature = "ssr")]
pub use cause::Told;
#[cfg(feature = "ssr")]
pub use cause::judge;
#[cfg(feature = "ssr")]
pub use pages_call::operator_call_page;
#[cfg(feature = "ssr")]
pub use pages_call::tenant_call_page;
#[cfg(feature = "ssr")]
pub use pages_export::call_exports;
#[cfg(feature = "ssr")]
pub use pages_list::operator_calls_page;
#[cfg(feature = "ssr")]
pub use pages_list::tenant_calls_page;

#[cfg(feature = "ssr")]
mod duration_api;
#[cfg(feature = "ssr")]
mod duration_body;
#[cfg(feature = "ssr")]
mod duration_cell;
#[cfg(feature = "ssr")]
mod duration_days;
#[cfg(feature = "ssr")]
mod duration_files;
#[cfg(feature = "ssr")]
mod duration_input;
#[cfg(feature = "ssr")]
mod duration_judge;
#[cfg(feature = "ssr")]
mod duration_row;
#[cfg(feature = "ssr")]
mod duration_stage;
#[cfg(feature = "ssr")]
mod duration_words;
#[cfg(feature = "ssr")]
mod durations;
#[cfg(feature = "ssr")]
mod jobs_duration_days;
#[cfg(feature = "ssr")]
mod jobs_durations;
#[cfg(feature = "ssr")]
mod pages_duration_batch;
#[cfg(feature = "ssr")]
mod pages_duration_upload;
#[cfg(feature = "ssr")]
mod pages_durations;
#[cfg(feature = "ssr")]
mod queries_duration_days;
#[cfg(feature = "ssr")]
mod queries_duration_write;
#[cfg(feature = "ssr")]
mod queries_durations;

pub use forms::CloseDay;

#[cfg(feature = "ssr")]
mod duration_door {
    pub use super::duration_api::durations_api;
    pub use super::duration_days::ClosedDay;
    pub use super::duration_days::Closing;
    pub use super::duration_days::DurationDay;
    pub use super::duration_days::close as close_duration_day;
    pub use super::duration_days::coverage as duration_coverage;
    pub use super::duration_files::duration_routes;
    pub use super::duration_input::DurationInput;
    pub use super::duration_judge::oldest_duration;
    pub use super::duration_row::columns as duration_columns;
    pub use super::duration_words::DurationFormat;
    pub use super::duration_words::DurationSource;
    pub use super::duration_words::Verdict as DurationVerdict;
    pub use super::durations::DURATIONS;
    pub use super::durations::DurationReceipt;
    pub use super::durations::DurationRow;
    pub use super::durations::SentDurations;
    pub use super::durations::keep_durations;
    pub use super::jobs_durations::process_durations;
    pub use super::jobs_durations::run_durations;
    pub use super::pages_duration_batch::duration_batch_page;
    pub use super::pages_duration_upload::durations_upload_page;
    pub use super::pages_durations::durations_page;
}
#[cfg(feature = "ssr")]
pub use duration_door::*;

#[cfg(all(test, feature = "ssr"))]
mod tests_duration_rows;
#[cfg(all(test, feature = "ssr"))]
mod tests_durations;
