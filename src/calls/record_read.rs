//! One line of call records, read and judged by itself: everything that can be said of it without looking at anything else.

use std::borrow::Cow;

use chrono::DateTime;
use chrono::Months;
use chrono::TimeDelta;
use chrono::Utc;
use sha2::Digest as _;
use sha2::Sha256;
use uuid::Uuid;

use super::classify::Quality;
use super::classify::classify_call;
use super::record::CallDirection;
use super::record::Completeness;
use super::record::EndedBy;
use super::record_json::Fields;
use super::record_json::Json;
use super::record_stream::Stream;
use super::record_stream::read_signalling;
use super::record_stream::read_streams;
use super::record_verdict::CallVerdict;
use super::record_verdict::Fault;
use super::record_verdict::Faults;
use crate::base::E164;

/// Call data is kept this long after `invited_at`.
pub const KEEP: Months = Months::new(13);
/// A time may lie this far ahead of our clock.
const AHEAD: TimeDelta = TimeDelta::hours(1);
/// A leg lasts at most this long: reading by its end then knows where to look for its beginning.
pub(super) const LONGEST: TimeDelta = TimeDelta::days(7);

const NAMES: [&str; 34] = [
    "tenant_id",
    "operator_id",
    "call_id",
    "leg_id",
    "version",
    "completeness",
    "direction",
    "e164",
    "caller",
    "callee",
    "caller_withheld",
    "target_id",
    "call_type",
    "sip_call_id",
    "correlation_id",
    "operator_ref",
    "invited_at",
    "ringing_at",
    "answered_at",
    "ended_at",
    "ring_ms",
    "talk_ms",
    "sip_code",
    "platform_subcode",
    "sip_phrase",
    "q850_cause",
    "ended_by",
    "codec",
    "client_ip",
    "client_os",
    "user_agent",
    "network_name",
    "streams",
    "signalling",
];
const TENANT: usize = 0;
const OPERATOR: usize = 1;
const CALL: usize = 2;
const E164_AT: usize = 7;
const INVITED: usize = 16;
/// What a row cannot do without; `direction` is missed as `value_invalid`.
const REQUIRED: [usize; 5] = [TENANT, OPERATOR, CALL, E164_AT, INVITED];

/// A row in order, borrowed from its line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record<'a> {
    /// The line it stands on, from 1.
    pub row: i32,
    pub tenant: Uuid,
    pub operator: Uuid,
    pub call_id: Cow<'a, str>,
    pub leg_id: Cow<'a, str>,
    pub version: i32,
    pub completeness: Completeness,
    pub direction: CallDirection,
    pub e164: Cow<'a, str>,
    pub caller: Option<Cow<'a, str>>,
    pub callee: Option<Cow<'a, str>>,
    pub caller_withheld: bool,
    pub target_id: Option<Cow<'a, str>>,
    pub call_type: Option<Cow<'a, str>>,
    pub sip_call_id: Option<Cow<'a, str>>,
    pub correlation_id: Option<Cow<'a, str>>,
    pub operator_ref: Option<Cow<'a, str>>,
    pub invited_at: DateTime<Utc>,
    pub ringing_at: Option<DateTime<Utc>>,
    pub answered_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub ring_ms: Option<i64>,
    pub talk_ms: Option<i64>,
    pub sip_code: Option<i16>,
    pub platform_subcode: Option<i32>,
    pub sip_phrase: Option<Cow<'a, str>>,
    pub q850_cause: Option<i16>,
    pub ended_by: Option<EndedBy>,
    pub codec: Option<Cow<'a, str>>,
    pub client_ip: Option<Cow<'a, str>>,
    pub client_os: Option<Cow<'a, str>>,
    pub user_agent: Option<Cow<'a, str>>,
    pub network_name: Option<Cow<'a, str>>,
    pub quality: Quality,
    pub streams: Vec<Stream<'a>>,
    /// JSON text.
    pub signalling: Option<String>,
    /// Tells a duplicate from a conflict: the first 16 bytes of SHA-256 over everything the row says, defaults filled in, so
    /// that neither the order of fields nor an offset of a time makes a difference.
    pub content: [u8; 16],
}

impl Record<'_> {
    /// The key as people read it.
    pub fn key(&self) -> String {
        let at = self.invited_at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        format!("{}/{}/{}/{at}", self.tenant, self.call_id, self.leg_id)
    }

    fn has_key(&self) -> bool {
        !self.tenant.is_nil() && !self.call_id.is_empty() && self.invited_at != DateTime::UNIX_EPOCH
    }

    /// The number of the other party.
    pub fn other(&self) -> Option<&str> {
        match self.direction {
            CallDirection::Inbound => self.caller.as_deref(),
            CallDirection::Outbound => self.callee.as_deref(),
        }
    }

    /// The time the gate is judged at.
    pub fn over_at(&self) -> DateTime<Utc> {
        self.ended_at.unwrap_or(self.invited_at)
    }

    /// Whether it has one of the fields kept for 28 days.
    pub fn is_personal(&self) -> bool {
        self.client_ip.is_some() || self.client_os.is_some() || self.user_agent.is_some()
    }
}

/// Reads a line. Refused with the first verdict that applies, and its key where that much can be read.
pub(super) fn read(row: i32, line: &[u8], now: DateTime<Utc>) -> Result<Record<'_>, (Fault, Option<String>)> {
    let json: Json<'_> = serde_json::from_slice(line).map_err(|error| {
        let fix = format!("Send one JSON object a line, in UTF-8: {error}.");
        (Fault { verdict: CallVerdict::LineMalformed, field: None, value: None, fix }, None)
    })?;
    let mut faults = Faults::default();
    let mut f = Fields::of(json, &NAMES, String::new(), &mut faults);
    for at in REQUIRED {
        if f.lacks(at) {
            f.wrong(at, CallVerdict::KeyMissing, &Json::Null, "Send this field.", &mut faults);
        }
    }
    let record = fields(row, &mut f, now, &mut faults);
    match faults.first() {
        Some(fault) => Err((fault, Some(&record).filter(|record| record.has_key()).map(Record::key))),
        None => Ok(record),
    }
}

fn fields<'a>(row: i32, f: &mut Fields<'a, '_, 34>, now: DateTime<Utc>, faults: &mut Faults) -> Record<'a> {
    let tenant = id(f, TENANT, CallVerdict::TenantUnknown, faults);
    let operator = id(f, OPERATOR, CallVerdict::OperatorUnknown, faults);
    if f.lacks(6) {
        f.wrong(6, CallVerdict::ValueInvalid, &Json::Null, "Send inbound or outbound.", faults);
    }
    let mut record = Record {
        row,
        tenant,
        operator,
        call_id: f.text(CALL, 128, faults).unwrap_or_default(),
        leg_id: f.text(3, 64, faults).unwrap_or(Cow::Borrowed("1")),
        version: f.int(4, 1, i64::from(i32::MAX), faults).and_then(|n| i32::try_from(n).ok()).unwrap_or(1),
        completeness: f.word(5, Completeness::parse, Completeness::listed, faults).unwrap_or_default(),
        direction: f.word(6, CallDirection::parse, CallDirection::listed, faults).unwrap_or_default(),
        e164: e164(f, faults),
        caller: f.text(8, 64, faults),
        callee: f.text(9, 64, faults),
        caller_withheld: f.flag(10, faults).unwrap_or(false),
        target_id: f.text(11, 128, faults),
        call_type: f.text(12, 64, faults),
        sip_call_id: f.text(13, 255, faults),
        correlation_id: f.text(14, 128, faults),
        operator_ref: f.text(15, 128, faults),
        invited_at: f.time(INVITED, faults).unwrap_or_default(),
        ringing_at: f.time(17, faults),
        answered_at: f.time(18, faults),
        ended_at: f.time(19, faults),
        ring_ms: f.int(20, 0, LONGEST.num_milliseconds(), faults),
        talk_ms: f.int(21, 0, LONGEST.num_milliseconds(), faults),
        sip_code: f.int(22, 100, 699, faults).and_then(|n| i16::try_from(n).ok()),
        platform_subcode: f.int(23, i64::from(i32::MIN), i64::from(i32::MAX), faults).and_then(|n| i32::try_from(n).ok()),
        sip_phrase: f.text(24, 256, faults),
        q850_cause: f.int(25, 0, 127, faults).and_then(|n| i16::try_from(n).ok()),
        ended_by: f.word(26, EndedBy::parse, EndedBy::listed, faults),
        codec: f.text(27, 32, faults),
        client_ip: address(f, faults),
        client_os: f.text(29, 100, faults),
        user_agent: f.text(30, 256, faults),
        network_name: f.text(31, 100, faults),
        quality: Quality::Unclassified,
        streams: Vec::new(),
        signalling: None,
        content: [0; 16],
    };
    record.streams = read_streams(f.list(32, 64, faults), record.codec.as_deref(), faults);
    record.signalling = read_signalling(f.list(33, 500, faults), faults);
    if faults.none() {
        times(&record, now, faults);
        derive(&mut record);
    }
    record
}

fn id(f: &mut Fields<'_, '_, 34>, at: usize, verdict: CallVerdict, faults: &mut Faults) -> Uuid {
    let value = f.take(at);
    let read = match &value {
        Json::Null => return Uuid::nil(),
        Json::Text(text) => Uuid::try_parse(text).ok(),
        other => {
            f.wrong(at, CallVerdict::ValueInvalid, other, "Send the id as a text.", faults);
            return Uuid::nil();
        }
    };
    if read.is_none() {
        f.wrong(at, verdict, &value, "Send an id of the directory.", faults);
    }
    read.unwrap_or_default()
}

fn e164<'a>(f: &mut Fields<'a, '_, 34>, faults: &mut Faults) -> Cow<'a, str> {
    match f.take(E164_AT) {
        Json::Null => Cow::Borrowed(""),
        Json::Text(text) => {
            if let Err(error) = E164::parse(&text) {
                f.wrong(E164_AT, CallVerdict::E164Invalid, &Json::Text(text.clone()), &error.to_string(), faults);
            }
            text
        }
        other => {
            f.wrong(E164_AT, CallVerdict::E164Invalid, &other, "Send the number as a text, as in +493023125010.", faults);
            Cow::Borrowed("")
        }
    }
}

fn address<'a>(f: &mut Fields<'a, '_, 34>, faults: &mut Faults) -> Option<Cow<'a, str>> {
    let text = f.text(28, 45, faults)?;
    if text.parse::<std::net::IpAddr>().is_err() {
        f.wrong(28, CallVerdict::ValueInvalid, &Json::Text(text), "Send one IPv4 or IPv6 address.", faults);
        return None;
    }
    Some(text)
}

/// What the times of a row say together.
fn times(record: &Record<'_>, now: DateTime<Utc>, faults: &mut Faults) {
    let mut wrong = |verdict, field: &str, at: DateTime<Utc>, fix: &str| {
        faults.note(Fault::new(verdict, field, Some(at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)), fix));
    };
    let stages = [("ringing_at", record.ringing_at), ("answered_at", record.answered_at), ("ended_at", record.ended_at)];
    for (field, at) in stages {
        let Some(at) = at else { continue };
        if at < record.invited_at {
            wrong(CallVerdict::TimeInvalid, field, at, "No step of a call comes before invited_at.");
        }
        if at > now + AHEAD {
            wrong(CallVerdict::TimeInvalid, field, at, "The time lies ahead. Check the clock and the offset.");
        }
        if at > record.invited_at + LONGEST {
            wrong(CallVerdict::TimeInvalid, field, at, "A leg lasts at most 7 days.");
        }
    }
    if record.invited_at > now + AHEAD {
        wrong(CallVerdict::TimeInvalid, "invited_at", record.invited_at, "The time lies ahead. Check the clock and the offset.");
    }
    if let (Some(answered), Some(ended)) = (record.answered_at, record.ended_at)
        && ended < answered
    {
        wrong(CallVerdict::TimeInvalid, "ended_at", ended, "A call ends after it is answered.");
    }
    if record.answered_at.is_none() && record.talk_ms.is_some_and(|talk| talk > 0) {
        let value = record.talk_ms.map(|talk| talk.to_string());
        faults.note(Fault::new(CallVerdict::ValueInvalid, "talk_ms", value, "A call without answered_at has no talk."));
    } else if now.checked_sub_months(KEEP).is_some_and(|oldest| record.invited_at < oldest) {
        let value = Some(record.invited_at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
        let fix = "Calls are kept for 13 months; this one is older.";
        faults.note(Fault::new(CallVerdict::TimeBeforeRetention, "invited_at", value, fix));
    }
}

/// Fills in what follows from what is said.
fn derive(record: &mut Record<'_>) {
    let between = |from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>| match (from, to) {
        (Some(from), Some(to)) => Some((to - from).num_milliseconds().max(0)),
        (_, _) => None,
    };
    let silent = record.answered_at.is_none() && record.ended_at.is_some();
    let talk = between(record.answered_at, record.ended_at).or_else(|| silent.then_some(0));
    record.talk_ms = record.talk_ms.or(talk);
    let ring = between(record.ringing_at, record.answered_at.or(record.ended_at));
    record.ring_ms = record.ring_ms.or(ring);
    record.quality = classify_call(record.streams.iter().map(|stream| stream.quality));
    record.content = digest(record);
}

/// Everything but key and version.
fn digest(r: &Record<'_>) -> [u8; 16] {
    let mut hash = Content(Sha256::new());
    hash.put(r.operator.as_bytes());
    for word in [r.completeness.as_str(), r.direction.as_str(), &r.e164] {
        hash.put(word.as_bytes());
    }
    let texts = [
        &r.caller,
        &r.callee,
        &r.target_id,
        &r.call_type,
        &r.sip_call_id,
        &r.correlation_id,
        &r.operator_ref,
        &r.sip_phrase,
        &r.codec,
        &r.client_ip,
        &r.client_os,
        &r.user_agent,
        &r.network_name,
    ];
    for text in texts {
        hash.opt(text.as_ref().map(|text| text.as_bytes()));
    }
    for at in [r.ringing_at, r.answered_at, r.ended_at] {
        hash.number(at.map(|at| at.timestamp_millis()));
    }
    let numbers = [
        Some(i64::from(r.caller_withheld)),
        r.ring_ms,
        r.talk_ms,
        r.sip_code.map(i64::from),
        r.platform_subcode.map(i64::from),
        r.q850_cause.map(i64::from),
    ];
    for number in numbers {
        hash.number(number);
    }
    hash.opt(r.ended_by.map(|by| by.as_str().as_bytes()));
    hash.opt(r.signalling.as_ref().map(|text| text.as_bytes()));
    for stream in &r.streams {
        stream.digest(&mut hash);
    }
    let whole: [u8; 32] = hash.0.finalize().into();
    std::array::from_fn(|at| whole[at])
}

/// A digest whose parts cannot run into each other.
pub(super) struct Content(Sha256);

impl Content {
    pub fn put(&mut self, part: &[u8]) {
        self.0.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.0.update(part);
    }

    pub fn opt(&mut self, part: Option<&[u8]>) {
        match part {
            Some(part) => self.put(part),
            None => self.0.update(u32::MAX.to_be_bytes()),
        }
    }

    pub fn number(&mut self, number: Option<i64>) {
        self.opt(number.map(i64::to_be_bytes).as_ref().map(|bytes| bytes.as_slice()));
    }

    pub fn decimal(&mut self, number: Option<f64>) {
        self.opt(number.map(f64::to_be_bytes).as_ref().map(|bytes| bytes.as_slice()));
    }
}
