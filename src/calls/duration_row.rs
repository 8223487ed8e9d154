//! Reading one duration row: which fields it has, what they must look like, what it says. Pure; knows neither numbers nor
//! consents nor the time of day.

use std::borrow::Cow;

use chrono::DateTime;
use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;

use super::duration_cell::Cell;
use super::duration_cell::Raw;
use super::duration_words::Verdict;
use crate::base::E164;

/// Fields of a row, in the order in which they are looked at. All but `signalling` are columns of CSV.
pub const FIELDS: [&str; 20] = [
    "operator_ref",
    "sip_call_id",
    "e164",
    "other_party",
    "direction",
    "answered_at",
    "setup_at",
    "duration_s",
    "duration_includes_ring",
    "other_party_withheld",
    "rounding_initial_s",
    "rounding_increment_s",
    "rounding_mode",
    "measured_at",
    "q850_cause",
    "call_type",
    "billing_ref",
    "version",
    "withdrawn",
    "signalling",
];

/// Columns of CSV: all fields but `signalling`, the last one.
#[must_use]
pub fn columns() -> &'static [&'static str] {
    &FIELDS[..FIELDS.len() - 1]
}

/// The place of each field in [`FIELDS`].
#[derive(Clone, Copy)]
pub(super) enum Field {
    OperatorRef,
    SipCallId,
    Number,
    OtherParty,
    Direction,
    AnsweredAt,
    SetupAt,
    Duration,
    IncludesRing,
    Withheld,
    RoundingInitial,
    RoundingIncrement,
    RoundingMode,
    MeasuredAt,
    Cause,
    CallType,
    BillingRef,
    Version,
    Withdrawn,
    Signalling,
}

/// Longest call taken, in seconds (exclusive): sums of very many rows still fit 64 bits of milliseconds.
const LONGEST_S: i64 = 1_000_000_000;
/// Longest rounding step, in seconds: a day.
const LONGEST_STEP_S: i64 = 86_400;

/// A row that is well formed. Times in milliseconds since 1970, UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row<'a> {
    pub(super) operator_ref: Option<Cow<'a, str>>,
    pub(super) sip_call_id: Option<Cow<'a, str>>,
    pub(super) e164: Cow<'a, str>,
    pub(super) other_party: Option<Cow<'a, str>>,
    pub(super) other_party_withheld: bool,
    pub(super) direction: &'static str,
    pub(super) answered_ms: Option<i64>,
    pub(super) setup_ms: Option<i64>,
    /// `answered_ms`, else `setup_ms`.
    pub(super) at_ms: i64,
    pub(super) duration_ms: i64,
    pub(super) includes_ring: bool,
    pub(super) rounding_initial_s: i32,
    pub(super) rounding_increment_s: i32,
    pub(super) rounding_mode: &'static str,
    pub(super) measured_at: Option<&'static str>,
    pub(super) q850_cause: Option<i16>,
    pub(super) call_type: Option<Cow<'a, str>>,
    pub(super) billing_ref: Option<Cow<'a, str>>,
    pub(super) version: i32,
    pub(super) withdrawn: bool,
    /// As JSON text.
    pub(super) signalling: Option<String>,
    /// SHA-256 of what the row says beside its version.
    pub(super) content: [u8; 32],
}

/// Which reference stands in the key, and the reference.
pub(super) type Reference<'r> = (char, &'r str);

impl Row<'_> {
    /// `operator_ref`, else `sip_call_id`.
    pub(super) fn reference(&self) -> Reference<'_> {
        match (&self.operator_ref, &self.sip_call_id) {
            (Some(text), _) => ('r', text),
            (None, Some(text)) => ('s', text),
            (None, None) => ('r', ""),
        }
    }

    /// The reference as stored in `duration_record.ref`.
    pub(super) fn ref_text(&self) -> String {
        let (kind, text) = self.reference();
        format!("{kind}:{text}")
    }

    /// The natural key for people.
    pub(super) fn key_text(&self) -> String {
        let at = DateTime::from_timestamp_millis(self.at_ms).unwrap_or_default();
        key_text(self.reference().1, &self.e164, at)
    }
}

/// The natural key for people: reference, number, time.
pub(super) fn key_text(reference: &str, e164: &str, at: DateTime<chrono::Utc>) -> String {
    format!("{reference} {e164} {}", at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
}

/// Why a row was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) verdict: Verdict,
    pub(super) field: Option<Cow<'static, str>>,
    pub(super) value: Option<String>,
    pub(super) fix: Cow<'static, str>,
}

impl Refusal {
    pub(super) fn new(verdict: Verdict, field: &'static str, value: Option<String>, fix: impl Into<Cow<'static, str>>) -> Self {
        Self { verdict, field: Some(field.into()), value, fix: fix.into() }
    }
}

/// Reads the cells of a row.
pub(super) fn read(mut raw: Raw<'_>) -> Result<Row<'_>, Refusal> {
    keys_there(&raw)?;
    if raw.get(Field::Number).text().is_none_or(|text| E164::parse(text).is_err()) {
        let fix = "Write the number with + and its country code, digits only, as in +493023125010.";
        return Err(wrong(Verdict::E164Invalid, &raw, Field::Number, fix));
    }
    let answered_ms = time(&raw, Field::AnsweredAt)?;
    let setup_ms = time(&raw, Field::SetupAt)?;
    let duration_ms = raw.get(Field::Duration).decimal_millis().filter(|ms| *ms < LONGEST_S * 1000).ok_or_else(|| {
        let fix = "duration_s is needed: seconds from 0 on, with at most 3 places, as in 61.25.";
        wrong(Verdict::DurationInvalid, &raw, Field::Duration, fix)
    })?;
    let mut row = Row {
        direction: word(&raw, Field::Direction, &["inbound", "outbound"])?.ok_or_else(|| {
            wrong(
                Verdict::ValueInvalid,
                &raw,
                Field::Direction,
                "direction is needed: inbound or outbound, seen from the customer.",
            )
        })?,
        includes_ring: flag(&raw, Field::IncludesRing)?,
        other_party_withheld: flag(&raw, Field::Withheld)?,
        rounding_initial_s: whole(&raw, Field::RoundingInitial, 0, LONGEST_STEP_S)?.unwrap_or(0),
        rounding_increment_s: whole(&raw, Field::RoundingIncrement, 0, LONGEST_STEP_S)?.unwrap_or(0),
        rounding_mode: word(&raw, Field::RoundingMode, &["up", "nearest", "down"])?.unwrap_or("up"),
        measured_at: word(&raw, Field::MeasuredAt, &["ingress", "egress"])?,
        q850_cause: whole(&raw, Field::Cause, 0, 127)?.and_then(|cause| i16::try_from(cause).ok()),
        version: whole(&raw, Field::Version, 1, i64::from(i32::MAX))?.unwrap_or(1),
        withdrawn: flag(&raw, Field::Withdrawn)?,
        signalling: signalling(&raw)?,
        operator_ref: short(&mut raw, Field::OperatorRef, 128)?,
        sip_call_id: short(&mut raw, Field::SipCallId, 255)?,
        other_party: short(&mut raw, Field::OtherParty, 64)?,
        call_type: short(&mut raw, Field::CallType, 64)?,
        billing_ref: short(&mut raw, Field::BillingRef, 128)?,
        e164: raw.take(Field::Number).into_text().unwrap_or_default(),
        answered_ms,
        setup_ms,
        at_ms: answered_ms.or(setup_ms).unwrap_or_default(),
        duration_ms,
        content: [0; 32],
    };
    row.content = content(&row);
    Ok(row)
}

/// The parts of the key. What is there but wrong is judged later.
fn keys_there(raw: &Raw<'_>) -> Result<(), Refusal> {
    let missing = |field: Field, fix: &'static str| Err(Refusal::new(Verdict::KeyMissing, name(field), None, fix));
    let absent = |field: Field| raw.get(field).is_absent();
    if absent(Field::OperatorRef) && absent(Field::SipCallId) {
        return missing(Field::OperatorRef, "Give operator_ref or the SIP Call-ID.");
    }
    if absent(Field::Number) {
        return missing(Field::Number, "Give your number of this call in e164.");
    }
    if absent(Field::AnsweredAt) {
        if absent(Field::SetupAt) {
            return missing(Field::AnsweredAt, "Give answered_at, or setup_at when the call was not answered.");
        }
        let talked = raw.get(Field::Duration).decimal_millis().is_some_and(|ms| ms > 0);
        if talked && raw.get(Field::IncludesRing).flag() != Some(true) {
            return missing(Field::AnsweredAt, "A call with a duration was answered: give answered_at.");
        }
    }
    Ok(())
}

const fn name(field: Field) -> &'static str {
    FIELDS[field as usize]
}

fn wrong(verdict: Verdict, raw: &Raw<'_>, field: Field, fix: impl Into<Cow<'static, str>>) -> Refusal {
    Refusal::new(verdict, name(field), raw.get(field).shown(), fix)
}

fn time(raw: &Raw<'_>, field: Field) -> Result<Option<i64>, Refusal> {
    let cell = raw.get(field);
    if cell.is_absent() {
        return Ok(None);
    }
    let read = cell.text().and_then(|text| DateTime::parse_from_rfc3339(text).ok()).map(|at| at.timestamp_millis());
    let fix = "Write the time as RFC 3339 with its offset, as in 2026-11-23T14:05:09.120Z.";
    read.map(Some).ok_or_else(|| wrong(Verdict::TimeInvalid, raw, field, fix))
}

fn word(raw: &Raw<'_>, field: Field, words: &[&'static str]) -> Result<Option<&'static str>, Refusal> {
    let cell = raw.get(field);
    if cell.is_absent() {
        return Ok(None);
    }
    let found = cell.text().and_then(|text| words.iter().copied().find(|word| *word == text));
    let fix = || format!("{} is one of: {}.", name(field), words.join(", "));
    found.map(Some).ok_or_else(|| wrong(Verdict::ValueInvalid, raw, field, fix()))
}

fn flag(raw: &Raw<'_>, field: Field) -> Result<bool, Refusal> {
    let cell = raw.get(field);
    if cell.is_absent() {
        return Ok(false);
    }
    cell.flag().ok_or_else(|| wrong(Verdict::ValueInvalid, raw, field, format!("{} is true or false.", name(field))))
}

fn whole(raw: &Raw<'_>, field: Field, least: i64, most: i64) -> Result<Option<i32>, Refusal> {
    let cell = raw.get(field);
    if cell.is_absent() {
        return Ok(None);
    }
    let read = cell.whole().filter(|n| (least..=most).contains(n)).and_then(|n| i32::try_from(n).ok());
    let fix = || format!("{} is a whole number from {least} to {most}.", name(field));
    read.map(Some).ok_or_else(|| wrong(Verdict::ValueInvalid, raw, field, fix()))
}

fn short<'a>(raw: &mut Raw<'a>, field: Field, most: usize) -> Result<Option<Cow<'a, str>>, Refusal> {
    if raw.get(field).is_absent() {
        return Ok(None);
    }
    let fits = |text: &str| text.len() <= most || text.chars().count() <= most;
    if !raw.get(field).text().is_some_and(|text| fits(text) && !text.contains('\0')) {
        return Err(wrong(Verdict::ValueInvalid, raw, field, format!("{} is a text of at most {most} signs.", name(field))));
    }
    Ok(raw.take(field).into_text())
}

/// Messages of the call: at most 200 objects with a time each.
fn signalling(raw: &Raw<'_>) -> Result<Option<String>, Refusal> {
    let cell = raw.get(Field::Signalling);
    if cell.is_absent() {
        return Ok(None);
    }
    let message = |value: &Value| {
        let at = value.get("at").and_then(Value::as_str).is_some_and(|at| DateTime::parse_from_rfc3339(at).is_ok());
        at && value.as_object().is_some_and(|object| object.len() <= 16)
    };
    let list = match cell {
        Cell::Other(Value::Array(list)) if list.len() <= 200 && list.iter().all(message) => list,
        _ => {
            let fix = "signalling is a list of at most 200 objects {at, side, method, code, phrase}.";
            return Err(wrong(Verdict::ValueInvalid, raw, Field::Signalling, fix));
        }
    };
    let text = Value::Array(list.clone()).to_string();
    // Postgres keeps no NUL, escaped or not.
    if text.len() > 64 * 1024 || text.contains("\\u0000") {
        let fix = "signalling is too large or holds a NUL sign.";
        return Err(wrong(Verdict::ValueInvalid, raw, Field::Signalling, fix));
    }
    Ok(Some(text))
}

/// SHA-256 over everything the row says but its version: the same call said the same way gives the same digest, whatever the
/// format, the order of fields and the offset of its times.
fn content(row: &Row<'_>) -> [u8; 32] {
    let mut hasher = Sha256::new();
    let mut text = |text: Option<&str>| {
        // Length first, so that no two rows run together; one more than any text has for none.
        hasher.update(text.map_or(u64::MAX, |text| text.len() as u64).to_le_bytes());
        hasher.update(text.unwrap_or_default());
    };
    text(row.operator_ref.as_deref());
    text(row.sip_call_id.as_deref());
    text(Some(&row.e164));
    text(row.other_party.as_deref());
    text(Some(row.direction));
    text(Some(row.rounding_mode));
    text(row.measured_at);
    text(row.call_type.as_deref());
    text(row.billing_ref.as_deref());
    text(row.signalling.as_deref());
    for number in [
        row.answered_ms.unwrap_or(i64::MIN),
        row.setup_ms.unwrap_or(i64::MIN),
        row.duration_ms,
        i64::from(row.rounding_initial_s),
        i64::from(row.rounding_increment_s),
        row.q850_cause.map_or(-1, i64::from),
    ] {
        hasher.update(number.to_le_bytes());
    }
    hasher.update([u8::from(row.includes_ring), u8::from(row.other_party_withheld), u8::from(row.withdrawn)]);
    hasher.finalize().into()
}
