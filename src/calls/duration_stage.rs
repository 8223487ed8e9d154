//! The rows of a batch on their way into the database: what is asked of them all, and one row as copied in. Pure.

use std::collections::BTreeSet;

use chrono::DateTime;
use chrono::Utc;
use uuid::Uuid;

use super::duration_judge::Owner;
use super::duration_judge::Version;
use super::duration_row::Reference;
use super::duration_row::Row;
use super::ingest::Countries;
use super::queries_duration_write::Keys;
use crate::base::OperatorId;
use crate::base::TenantId;
use crate::store::CopyRows;

/// Keys that are looked up to tell whether a batch is all new.
const SAMPLE: usize = 200;

/// A row that may be written, by its place in the batch.
pub(super) struct Candidate<'f> {
    pub(super) n: usize,
    pub(super) owner: Owner<'f>,
}

/// The version a row is.
pub(super) fn version(row: &Row<'_>) -> Version {
    Version { number: row.version, content: row.content }
}

/// The numbers of rows, each once.
pub(super) fn distinct(read: &[Option<Row<'_>>]) -> Vec<String> {
    let e164s: BTreeSet<&str> = read.iter().flatten().map(|row| &*row.e164).collect();
    e164s.into_iter().map(str::to_owned).collect()
}

/// The earliest and the latest time of rows.
pub(super) fn between(read: &[Option<Row<'_>>], rows: &[&Candidate<'_>]) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let times = || rows.iter().filter_map(|candidate| Some(time(read[candidate.n].as_ref()?.at_ms)));
    Some((times().min()?, times().max()?))
}

/// The order of the primary key.
pub(super) fn key<'r>(read: &'r [Option<Row<'_>>], candidate: &Candidate<'_>) -> Option<(TenantId, Reference<'r>, &'r str, i64)> {
    read[candidate.n].as_ref().map(|row| (candidate.owner.tenant, row.reference(), &*row.e164, row.at_ms))
}

/// The keys of some rows, evenly from all of them.
pub(super) fn sample(read: &[Option<Row<'_>>], best: &[&Candidate<'_>]) -> Keys {
    let mut keys = Keys::default();
    for candidate in best.iter().step_by((best.len() / SAMPLE).max(1)) {
        if let Some(row) = &read[candidate.n] {
            keys.tenants.push(candidate.owner.tenant.0);
            keys.refs.push(row.ref_text());
            keys.e164s.push(row.e164.to_string());
            keys.ats.push(time(row.at_ms));
        }
    }
    keys
}

/// Milliseconds since 1970 as a time; they were read from one.
pub(super) fn time(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

/// Row numbers and counts: a body of 1 GiB has fewer rows than fit.
pub(super) fn number(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

/// One row, with its number in the batch, in the order of the staged columns.
pub(super) fn copy(
    copy: &mut CopyRows,
    (row, n): (&Row<'_>, i32),
    (tenant, operator): (TenantId, OperatorId),
    id: Uuid,
    countries: &mut Countries,
) {
    let other = row.other_party.as_deref();
    copy.row();
    copy.uuid(tenant.0);
    copy.uuid(operator.0);
    copy.text(&row.ref_text());
    copy.text(&row.e164);
    copy.time(time(row.at_ms));
    copy.uuid(id);
    copy.i32(row.version);
    copy.bool(row.withdrawn);
    copy.bytes(&row.content);
    copy.opt_text(row.operator_ref.as_deref());
    copy.opt_text(row.sip_call_id.as_deref());
    copy.opt_text(other);
    copy.bool(row.other_party_withheld);
    copy.opt_text(other.and_then(|other| countries.of(other)).as_deref());
    copy.text(row.direction);
    copy.opt_time(row.answered_ms.map(time));
    copy.opt_time(row.setup_ms.map(time));
    copy.i64(row.duration_ms);
    copy.bool(row.includes_ring);
    copy.i32(row.rounding_initial_s);
    copy.i32(row.rounding_increment_s);
    copy.text(row.rounding_mode);
    copy.opt_text(row.measured_at);
    copy.opt(row.q850_cause, CopyRows::i16);
    copy.opt_text(row.call_type.as_deref());
    copy.opt_text(row.billing_ref.as_deref());
    copy.opt(row.signalling.as_deref(), CopyRows::json);
    copy.i32(n);
}
