//! Rows that are refused, one of each kind, so that verdicts and reject files can be looked at.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use super::plants::Sent;
use crate::app::traffic::Carrier;
use crate::app::traffic::Line;

/// What Norvik sends wrong in one of its batches. `gap` is a time at which nobody held `moved`.
pub fn durations(at: DateTime<Utc>, own: &Line, foreign: &str, silent: &str, moved: &str, gap: DateTime<Utc>) -> Vec<Sent> {
    let good = |reference: &str| {
        json!({
            "operator_ref": reference, "e164": own.e164, "direction": "inbound",
            "answered_at": at - TimeDelta::hours(2), "duration_s": 31.4, "version": 1,
        })
    };
    let with = |reference: &str, field: &str, value: Value| {
        let mut row = good(reference);
        row[field] = value;
        row.to_string()
    };
    let mut lines = vec![
        "{\"operator_ref\": \"NV-cut".to_owned(),
        with("NV-bad-1", "durations_s", json!(3)),
        with("NV-bad-2", "e164", json!("030 23125010")),
        with("NV-bad-3", "answered_at", json!("yesterday")),
        with("NV-bad-4", "duration_s", json!(-7)),
        with("NV-bad-5", "direction", json!("sideways")),
        with("NV-bad-6", "answered_at", json!(at + TimeDelta::days(40))),
        with("NV-bad-7", "answered_at", json!(at - TimeDelta::days(500))),
        with("NV-bad-8", "e164", json!("+492214710995")),
        with("NV-bad-9", "e164", json!(foreign)),
    ];
    let mut keyless = good("");
    if let Some(row) = keyless.as_object_mut() {
        row.remove("operator_ref");
    }
    lines.push(keyless.to_string());
    // Säntis gave no leave for durations.
    lines.extend((0..4).map(|n| with(&format!("NV-silent-{n}"), "e164", json!(silent))));
    // The number that moved was nobody's for three hours.
    for n in 0..3 {
        let mut row = good(&format!("NV-moved-{n}"));
        row["e164"] = json!(moved);
        row["answered_at"] = json!(gap + TimeDelta::minutes(20 * n));
        lines.push(row.to_string());
    }
    lines.into_iter().map(|line| Sent { carrier: Carrier::Norvik, at, line }).collect()
}

/// What the platform sends wrong: an operator and a tenant that are not there, a number nobody knows, no number at all, half a line.
pub fn calls(at: DateTime<Utc>, own: &Line) -> Vec<String> {
    let good = |id: &str| {
        json!({
            "call_id": format!("c-bad-{id}"), "tenant_id": own.tenant_id, "operator_id": own.operator_id, "direction": "outbound",
            "caller": own.e164, "callee": "+13125550199", "e164": own.e164, "invited_at": at - TimeDelta::minutes(9),
            "ended_at": at - TimeDelta::minutes(8), "sip_code": 480, "completeness": "final", "version": 1,
        })
    };
    let with = |id: &str, field: &str, value: Value| {
        let mut row = good(id);
        row[field] = value;
        row.to_string()
    };
    vec![
        with("1", "operator_id", json!(Uuid::from_u128(0xdead))),
        with("2", "tenant_id", json!(Uuid::from_u128(0xdead))),
        with("3", "e164", json!("+492214710995")),
        with("4", "e164", json!("extension 12")),
        with("5", "sip_code", json!("busy")),
        "{\"call_id\": \"c-cut".to_owned(),
    ]
}

/// Records that name another tenant than the number's holder: `lines` are the holder's, `tenant` is who is named.
pub fn of_another_tenant(at: DateTime<Utc>, lines: &[Line], tenant: Uuid) -> Vec<String> {
    let some = lines.iter().filter(|line| line.carrier == Carrier::Albion && line.stood(at)).take(3);
    let record = |(n, line): (i64, &Line)| {
        let invited_at = at - TimeDelta::minutes(30 + n);
        json!({
            "call_id": format!("c-other-{n}"), "leg_id": "1", "version": 1, "completeness": "final", "tenant_id": tenant,
            "operator_id": line.operator_id, "direction": "inbound", "caller": "+441134960977", "callee": line.e164,
            "e164": line.e164, "sip_call_id": format!("other-{n}@sbc1.calls.example"), "invited_at": invited_at,
            "ringing_at": invited_at + TimeDelta::seconds(1), "answered_at": invited_at + TimeDelta::seconds(6),
            "ended_at": invited_at + TimeDelta::seconds(6 + 40 * (n + 1)), "ring_ms": 5_000, "talk_ms": 40_000 * (n + 1),
            "sip_code": 200, "q850_cause": 16, "ended_by": "caller",
        })
        .to_string()
    };
    (0..).zip(some).map(record).collect()
}
