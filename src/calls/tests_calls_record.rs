//! One line of call records: verdicts in their order, defaults, what follows from what, and that no line breaks the reader.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use super::classify::Quality;
use super::record::CallDirection;
use super::record::CallInput;
use super::record::Completeness;
use super::record::EndedBy;
use super::record::IntervalInput;
use super::record::LegSide;
use super::record::SignalInput;
use super::record::StreamDirection;
use super::record::StreamInput;
use super::record_read::Record;
use super::record_read::read;
use super::record_verdict::CallVerdict;

const TENANT: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001);
const OPERATOR: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0002);

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_780)
}

fn row() -> Value {
    json!({
        "tenant_id": TENANT, "operator_id": OPERATOR, "call_id": "c-1", "direction": "inbound", "e164": "+493023125010",
        "caller": "+442079460123", "invited_at": "2026-11-22T10:00:00.000Z", "ringing_at": "2026-11-22T10:00:01.500Z",
        "answered_at": "2026-11-22T10:00:06.250Z", "ended_at": "2026-11-22T10:01:06.750Z", "sip_code": 200
    })
}

fn with(change: Value) -> String {
    let mut row = row();
    for (name, value) in change.as_object().expect("an object") {
        row[name] = value.clone();
    }
    row.to_string()
}

fn taken(line: &str) -> Record<'_> {
    read(7, line.as_bytes(), now()).unwrap_or_else(|(fault, _)| panic!("{line}: {fault:?}"))
}

fn refused(line: &str) -> (CallVerdict, Option<String>) {
    match read(7, line.as_bytes(), now()) {
        Ok(record) => panic!("{line}: {record:?}"),
        Err((fault, _)) => {
            assert!(!fault.fix.is_empty(), "{line}");
            (fault.verdict, fault.field)
        }
    }
}

#[test]
fn defaults_and_what_follows() {
    let line = row().to_string();
    let record = taken(&line);
    assert_eq!((record.row, &*record.leg_id, record.version, record.completeness), (7, "1", 1, Completeness::Final));
    assert_eq!((record.ring_ms, record.talk_ms), (Some(4_750), Some(60_500)));
    assert_eq!((record.quality, record.other()), (Quality::Unclassified, Some("+442079460123")));
    assert!(record.key().ends_with("/c-1/1/2026-11-22T10:00:00.000Z"), "{}", record.key());
    let line = with(json!({"answered_at": null, "sip_code": 487}));
    assert_eq!((taken(&line).ring_ms, taken(&line).talk_ms), (Some(65_250), Some(0)));
    let line = with(json!({"answered_at": null, "ended_at": null, "completeness": "partial", "sip_code": null}));
    assert_eq!((taken(&line).ring_ms, taken(&line).talk_ms), (None, None));
    let line = with(json!({"talk_ms": 60_000, "ring_ms": 1}));
    assert_eq!((taken(&line).ring_ms, taken(&line).talk_ms), (Some(1), Some(60_000)), "the platform's own count stands");
    let line = with(json!({"leg_id": "", "caller": ""}));
    assert_eq!((&*taken(&line).leg_id, taken(&line).caller), ("1", None), "an empty text says nothing");
}

#[test]
fn the_first_verdict_that_applies() {
    // Each line has every later fault as well.
    let mut faulty = row();
    let steps = [
        (json!({"codec": "x".repeat(40)}), CallVerdict::ValueInvalid, "codec"),
        (json!({"ended_at": "yesterday"}), CallVerdict::TimeInvalid, "ended_at"),
        (json!({"e164": "4930"}), CallVerdict::E164Invalid, "e164"),
        (json!({"call_id": null}), CallVerdict::KeyMissing, "call_id"),
        (json!({"colour": "red"}), CallVerdict::FieldUnknown, "colour"),
    ];
    faulty["operator_id"] = json!("nobody");
    faulty["tenant_id"] = json!("nobody either");
    assert_eq!(refused(&faulty.to_string()), (CallVerdict::OperatorUnknown, Some("operator_id".to_owned())));
    faulty["invited_at"] = json!("2025-01-01T00:00:00Z");
    for at in ["ringing_at", "answered_at", "ended_at"] {
        faulty[at] = Value::Null;
    }
    for (change, verdict, field) in steps {
        for (name, value) in change.as_object().expect("an object") {
            faulty[name] = value.clone();
        }
        assert_eq!(refused(&faulty.to_string()), (verdict, Some(field.to_owned())));
    }
    let twice = format!("{}, \"version\": 1, \"version\": 2}}", faulty.to_string().trim_end_matches('}'));
    assert_eq!(refused(&twice).0, CallVerdict::LineMalformed);
}

#[test]
fn what_is_wrong_has_its_verdict() {
    for line in ["", "{", "[]", "17", "null", "\"x\"", "{} {}", "{\"tenant_id\": \u{1}}"] {
        assert_eq!(refused(line).0, CallVerdict::LineMalformed, "{line}");
    }
    assert_eq!(read(1, b"{\"call_id\":\"\xff\"}", now()).map_err(|(fault, _)| fault.verdict), Err(CallVerdict::LineMalformed));
    for name in ["tenant_id", "operator_id", "call_id", "e164", "invited_at"] {
        assert_eq!(refused(&with(json!({ name: null }))), (CallVerdict::KeyMissing, Some(name.to_owned())));
    }
    assert_eq!(refused(&with(json!({"direction": null}))), (CallVerdict::ValueInvalid, Some("direction".to_owned())));
    let cases = [
        (json!({"e164": "+49 30 23125010"}), CallVerdict::E164Invalid),
        (json!({"e164": 493_023_125_010_i64}), CallVerdict::E164Invalid),
        (json!({"invited_at": "2026-11-22T10:00:00"}), CallVerdict::TimeInvalid),
        (json!({"invited_at": 1_700_000_000}), CallVerdict::TimeInvalid),
        (json!({"invited_at": "1999-11-22T10:00:00Z"}), CallVerdict::TimeInvalid),
        (json!({"answered_at": "2026-11-22T09:59:59Z"}), CallVerdict::TimeInvalid),
        (json!({"ended_at": "2026-11-22T10:00:03Z"}), CallVerdict::TimeInvalid),
        (json!({"ended_at": "2026-12-22T10:00:03Z"}), CallVerdict::TimeInvalid),
        (json!({"direction": "sideways"}), CallVerdict::ValueInvalid),
        (json!({"version": 0}), CallVerdict::ValueInvalid),
        (json!({"version": 1.5}), CallVerdict::ValueInvalid),
        (json!({"version": 3_000_000_000_i64}), CallVerdict::ValueInvalid),
        (json!({"caller_withheld": "yes"}), CallVerdict::ValueInvalid),
        (json!({"sip_code": 42}), CallVerdict::ValueInvalid),
        (json!({"q850_cause": 128}), CallVerdict::ValueInvalid),
        (json!({"talk_ms": -1}), CallVerdict::ValueInvalid),
        (json!({"answered_at": null, "talk_ms": 5}), CallVerdict::ValueInvalid),
        (json!({"client_ip": "example.org"}), CallVerdict::ValueInvalid),
        (json!({"sip_phrase": "a\u{0}b"}), CallVerdict::ValueInvalid),
        (json!({"call_id": "x".repeat(129)}), CallVerdict::ValueInvalid),
        (json!({"call_id": {"a": 1}}), CallVerdict::ValueInvalid),
        (json!({"streams": {}}), CallVerdict::ValueInvalid),
        (json!({"streams": [7]}), CallVerdict::ValueInvalid),
        (json!({"streams": [{"direction": "sent"}]}), CallVerdict::ValueInvalid),
        (json!({"streams": [{"direction": "sent", "leg": "operator", "loss_ratio_avg": 1.01}]}), CallVerdict::ValueInvalid),
        (json!({"streams": [{"direction": "sent", "leg": "operator", "loss": 0.01}]}), CallVerdict::FieldUnknown),
        (json!({"streams": [{"direction": "sent", "leg": "operator", "intervals": [{"at": "now"}]}]}), CallVerdict::TimeInvalid),
        (json!({"signalling": [{"at": "2026-11-22T10:00:00Z", "side": "nowhere"}]}), CallVerdict::ValueInvalid),
        (json!({"tenant_id": "x"}), CallVerdict::TenantUnknown),
        (json!({"operator_id": 7}), CallVerdict::ValueInvalid),
    ];
    for (change, verdict) in cases {
        assert_eq!(refused(&with(change.clone())).0, verdict, "{change}");
    }
    let old = with(json!({"invited_at": "2025-10-22T10:00:00Z", "ringing_at": null, "answered_at": null, "ended_at": null}));
    assert_eq!(refused(&old), (CallVerdict::TimeBeforeRetention, Some("invited_at".to_owned())));
    let ahead = with(json!({"invited_at": "2026-11-23T02:00:00Z", "ringing_at": null, "answered_at": null, "ended_at": null}));
    assert_eq!(refused(&ahead), (CallVerdict::TimeInvalid, Some("invited_at".to_owned())));
}

#[test]
fn content_is_what_is_said_however_it_is_written() {
    let line = row().to_string();
    let content = taken(&line).content;
    let same = [
        with(json!({"leg_id": "1", "version": 9, "completeness": "final", "caller_withheld": false})),
        with(json!({"ended_at": "2026-11-22T11:01:06.750+01:00", "talk_ms": 60_500, "ring_ms": 4_750, "streams": []})),
        with(json!({"answered_at": "2026-11-22T10:00:06.2503Z"})),
    ];
    for line in &same {
        assert_eq!(taken(line).content, content, "{line}");
    }
    let other = [
        with(json!({"caller": "+442079460124"})),
        with(json!({"callee": "+442079460123", "caller": null})),
        with(json!({"ended_at": "2026-11-22T10:01:06.751Z"})),
        with(json!({"talk_ms": 60_501})),
        with(json!({"completeness": "partial"})),
        with(json!({"client_os": "x"})),
        with(json!({"streams": [{"direction": "sent", "leg": "operator"}]})),
        with(json!({"signalling": [{"at": "2026-11-22T10:00:00Z", "side": "platform", "method": "INVITE"}]})),
    ];
    let mut seen = vec![content];
    for line in &other {
        let content = taken(line).content;
        assert!(!seen.contains(&content), "{line}");
        seen.push(content);
    }
}

#[test]
fn streams_are_judged() {
    let line = with(json!({"codec": "PCMA", "streams": [
        {"direction": "sent", "leg": "operator", "packets": 3000, "jitter_ms_avg": 4, "loss_ratio_avg": 0.01, "rtt_ms_avg": 80.5},
        {"direction": "received", "leg": "operator", "packets": 3000, "jitter_ms_avg": 31, "loss_ratio_avg": 0, "rtt_ms_avg": 80,
         "r_factor": 80, "mos": 4.0, "codec": "OPUS"},
        {"direction": "received", "leg": "platform", "mos": 4.1, "mos_kind": "cqe", "codec": "OPUS"}]}));
    let record = taken(&line);
    assert_eq!(record.quality, Quality::Poor);
    let qualities: Vec<Quality> = record.streams.iter().map(|stream| stream.quality).collect();
    assert_eq!(qualities, [Quality::Good, Quality::Poor, Quality::Unclassified]);
    let [first, second, third] = &record.streams[..] else { panic!("three") };
    assert!((first.r_computed.expect("G.711") - (93.2 - 95.0 / 26.1)).abs() < 1e-9 && first.mos_computed.is_some());
    assert_eq!((second.r_computed, second.mos_kind.as_deref()), (None, Some("unspecified")));
    assert!((second.mos_computed.expect("of the reported R") - super::emodel::mos(80.0)).abs() < 1e-9);
    assert_eq!((third.r_computed, third.mos_computed, third.mos_kind.as_deref()), (None, None, Some("cqe")));
}

fn whole() -> CallInput {
    let at = now() - TimeDelta::hours(3);
    CallInput {
        tenant_id: TENANT,
        operator_id: OPERATOR,
        call_id: "c \"quoted\" ü\\".to_owned(),
        leg_id: Some("2".to_owned()),
        version: Some(3),
        completeness: Some(Completeness::Partial),
        direction: CallDirection::Outbound,
        e164: "+493023125010".to_owned(),
        caller: Some("+493023125010".to_owned()),
        callee: Some("+442079460123".to_owned()),
        caller_withheld: Some(true),
        target_id: Some("u1".to_owned()),
        call_type: Some("user_out".to_owned()),
        sip_call_id: Some("a@b".to_owned()),
        correlation_id: Some("k".to_owned()),
        operator_ref: Some("r".to_owned()),
        invited_at: at,
        ringing_at: Some(at + TimeDelta::milliseconds(700)),
        answered_at: Some(at + TimeDelta::seconds(5)),
        ended_at: Some(at + TimeDelta::seconds(50)),
        ring_ms: Some(4_300),
        talk_ms: Some(45_000),
        sip_code: Some(200),
        platform_subcode: Some(560_000),
        sip_phrase: Some("OK".to_owned()),
        q850_cause: Some(16),
        ended_by: Some(EndedBy::Callee),
        codec: Some("PCMA".to_owned()),
        client_ip: Some("192.0.2.7".to_owned()),
        client_os: Some("Windows".to_owned()),
        user_agent: Some("client/1".to_owned()),
        network_name: Some("Berlin 3".to_owned()),
        streams: vec![StreamInput {
            direction: StreamDirection::Received,
            leg: LegSide::Operator,
            packets: Some(2_250),
            jitter_ms_avg: Some(3.5),
            jitter_ms_max: Some(12.0),
            loss_ratio_avg: Some(0.002),
            loss_ratio_max: Some(0.02),
            rtt_ms_avg: Some(61.0),
            rtt_ms_max: Some(90.0),
            concealed_ratio_avg: Some(0.003),
            r_factor: Some(88.0),
            mos: Some(4.2),
            mos_kind: Some("lqe".to_owned()),
            codec: Some("PCMA".to_owned()),
            intervals: vec![IntervalInput { at, jitter_ms: Some(3.0), loss_ratio: Some(0.0), rtt_ms: None }],
        }],
        signalling: vec![SignalInput { at, side: LegSide::Platform, method: Some("INVITE".to_owned()), code: None, phrase: None }],
    }
}

#[test]
fn what_is_written_by_type_is_read_in_full() {
    let input = whole();
    let line = serde_json::to_string(&input).expect("JSON");
    let fields = line.parse::<Value>().expect("JSON").as_object().expect("an object").len();
    assert_eq!(fields, 34, "the sample has every field");
    let r = taken(&line);
    assert_eq!((&*r.call_id, &*r.leg_id, r.version, r.completeness), (input.call_id.as_str(), "2", 3, Completeness::Partial));
    assert_eq!(
        (r.invited_at, r.ringing_at, r.answered_at, r.ended_at),
        (input.invited_at, input.ringing_at, input.answered_at, input.ended_at)
    );
    assert_eq!((r.caller.as_deref(), r.callee.as_deref(), r.caller_withheld), (Some("+493023125010"), Some("+442079460123"), true));
    assert_eq!(
        (r.sip_code, r.platform_subcode, r.q850_cause, r.ended_by),
        (Some(200), Some(560_000), Some(16), Some(EndedBy::Callee))
    );
    assert_eq!((r.client_ip.as_deref(), r.network_name.as_deref()), (Some("192.0.2.7"), Some("Berlin 3")));
    assert_eq!(r.streams[0].intervals.as_deref(), Some(r#"[{"at":"2026-11-22T21:00:00.000Z","jitter_ms":3.0,"loss_ratio":0.0}]"#));
    assert_eq!(r.signalling.as_deref(), Some(r#"[{"at":"2026-11-22T21:00:00.000Z","side":"platform","method":"INVITE"}]"#));
    assert_eq!(serde_json::from_str::<CallInput>(&line).expect("read back"), input);
}

proptest! {
    #[test]
    fn no_line_breaks_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _read = read(1, &bytes, now());
    }

    #[test]
    fn no_value_breaks_the_reader(at in 0_usize..34, value in prop_oneof![
        Just(json!(null)), any::<bool>().prop_map(|v| json!(v)), any::<i64>().prop_map(|v| json!(v)), any::<f64>().prop_map(|v| json!(v)),
        "\\PC{0,40}".prop_map(|v| json!(v)), Just(json!([[], {}, null])), Just(json!({"a": {"b": [1]}})), Just(json!(u64::MAX)),
        Just(json!("2026-02-30T25:61:61Z")), Just(json!("9999-12-31T23:59:60+23:59"))]) {
        let mut row = serde_json::to_value(whole()).expect("JSON");
        let name = row.as_object().expect("an object").keys().nth(at).expect("a field").clone();
        row[&name] = value;
        let line = row.to_string();
        if let Ok(record) = read(1, line.as_bytes(), now()) {
            prop_assert!(record.talk_ms.unwrap_or(0) >= 0 && record.ring_ms.unwrap_or(0) >= 0);
            prop_assert!(record.ended_at.is_none_or(|ended| ended >= record.invited_at));
        }
    }
}
