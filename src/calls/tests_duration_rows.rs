//! Rows and versions one by one, and properties of both.

use proptest::prelude::*;
use serde_json::json;

use super::duration_body::Rows;
use super::duration_body::check;
use super::duration_body::split;
use super::duration_judge::Standing;
use super::duration_judge::Version;
use super::duration_judge::standings;
use super::duration_judge::twin;
use super::duration_row::columns;
use super::duration_words::DurationFormat;
use super::duration_words::Verdict;

fn refusal(body: &str, format: DurationFormat) -> (&'static str, String) {
    let problem = check(body.as_bytes(), format).expect_err("refused").problem();
    (problem.code, problem.errors.first().and_then(|error| error.field.clone()).unwrap_or_default())
}

#[test]
fn a_header_that_is_not_ours_refuses_the_whole_file() {
    let full = columns().join(",");
    assert!(check(full.as_bytes(), DurationFormat::Csv).is_ok());
    assert!(check(b"e164,sip_call_id,setup_at,duration_s,direction\n", DurationFormat::Csv).is_ok(), "any order, fewest columns");
    let told = |text: &str| refusal(text, DurationFormat::Csv);
    assert_eq!(told(&format!("{full},tenant_id\n")), ("header_invalid", "tenant_id".into()));
    assert_eq!(told(&format!("{full},signalling\n")), ("header_invalid", "signalling".into()));
    assert_eq!(told(&format!("{full},e164\n")), ("header_invalid", "e164".into()));
    for column in ["e164", "direction", "duration_s"] {
        assert_eq!(told(&full.replace(column, "version").replacen(",version", "", 1)).0, "header_invalid", "{column}");
    }
    assert_eq!(told("").0, "header_invalid");
    assert_eq!(refusal("{}", DurationFormat::Json).0, "body_malformed");
    assert_eq!(refusal("[{}", DurationFormat::Json).0, "body_malformed");
}

fn verdict(line: &str) -> Option<Verdict> {
    let rows = split(line.as_bytes(), DurationFormat::Ndjson).expect("lines");
    rows.read(0).err().map(|refusal| refusal.verdict)
}

#[test]
fn the_first_fault_is_told() {
    let line = |changes: &[(&str, serde_json::Value)]| {
        let mut row = json!({ "operator_ref": "a", "e164": "+493023125010", "direction": "inbound",
            "answered_at": "2026-11-23T10:00:00Z", "duration_s": 1 });
        for (field, value) in changes {
            row[*field] = value.clone();
        }
        row.to_string()
    };
    // Each fault added stands before those already there.
    let faults = [
        ("direction", json!(7), Verdict::ValueInvalid),
        ("duration_s", json!("x"), Verdict::DurationInvalid),
        ("answered_at", json!("x"), Verdict::TimeInvalid),
        ("e164", json!("x"), Verdict::E164Invalid),
        ("operator_ref", json!(""), Verdict::KeyMissing),
        ("what", json!(1), Verdict::FieldUnknown),
    ];
    assert_eq!(verdict(&line(&[])), None);
    let mut changes: Vec<(&str, serde_json::Value)> = Vec::new();
    for (field, value, expected) in faults {
        changes.push((field, value));
        assert_eq!(verdict(&line(&changes)), Some(expected), "{field}");
    }
    assert_eq!(verdict(r#"{"e164":"+49302","e164":"+49303"}"#), Some(Verdict::LineMalformed));
    assert_eq!(verdict("[]"), Some(Verdict::LineMalformed));
    assert_eq!(verdict(&"[".repeat(5000)), Some(Verdict::LineMalformed));
}

proptest! {
    #[test]
    fn no_bytes_upset_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..200), format in 0..3_usize) {
        let format = [DurationFormat::Ndjson, DurationFormat::Csv, DurationFormat::Json][format];
        if let Ok(rows) = split(&bytes, format) {
            for n in 0..rows.len() {
                let _read = rows.read(n);
                prop_assert!(!rows.sent(n).contains('\0'));
            }
        }
    }

    /// Fields in any order, and as CSV: the same row with the same digest.
    #[test]
    fn order_and_format_say_the_same(order in Just((0..6).collect::<Vec<usize>>()).prop_shuffle(), ms in 0..10_000_000_i64, cause in 0..128_i32) {
        let seconds = format!("{}.{:03}", ms / 1000, ms % 1000);
        let fields = [
            ("operator_ref", "\"x\u{fc}\"".to_owned()), ("e164", "\"+493023125010\"".into()), ("direction", "\"inbound\"".into()),
            ("answered_at", "\"2026-11-23T10:00:00Z\"".into()), ("duration_s", seconds), ("q850_cause", cause.to_string()),
        ];
        let object = |order: &[usize]| {
            let parts: Vec<String> = order.iter().map(|n| format!("\"{}\":{}", fields[*n].0, fields[*n].1)).collect();
            format!("{{{}}}", parts.join(","))
        };
        let names: Vec<&str> = order.iter().map(|n| fields[*n].0).collect();
        let cells: Vec<String> = order.iter().map(|n| fields[*n].1.replace('"', "")).collect();
        let bodies = [object(&[0, 1, 2, 3, 4, 5]), object(&order)];
        let csv = format!("{}\n{}\n", names.join(","), cells.join(","));
        let read = |rows: Rows<'_>| rows.read(0).map(|row| (row.content, row.duration_ms, row.key_text()));
        let plain = read(split(bodies[0].as_bytes(), DurationFormat::Ndjson).expect("lines"));
        prop_assert!(plain.as_ref().is_ok_and(|row| row.1 == ms));
        prop_assert_eq!(&read(split(bodies[1].as_bytes(), DurationFormat::Ndjson).expect("lines")), &plain);
        prop_assert_eq!(&read(split(csv.as_bytes(), DurationFormat::Csv).expect("records")), &plain);
    }

    /// Versions of a batch beside what is held: one stands, the highest; every other row is told why, and the order of the rows
    /// decides only between different contents of the same version.
    #[test]
    fn the_highest_version_stands(rows in prop::collection::vec((0..3_u8, 1..4_i32, 0..2_u8), 1..12), held in prop::option::of((1..4_i32, 0..2_u8))) {
        let version = |number: i32, content: u8| Version { number, content: [content; 32] };
        let held = held.map(|(number, content)| version(number, content));
        let keyed = rows.iter().map(|(key, number, content)| (*key, version(*number, *content)));
        let standings = standings(keyed.clone());
        for key in 0..3 {
            let own: Vec<(usize, Version)> = keyed.clone().enumerate().filter(|(_, (k, _))| *k == key).map(|(n, (_, v))| (n, v)).collect();
            let Some(most) = own.iter().map(|(_, v)| v.number).max() else { continue };
            let verdicts: Vec<Option<Verdict>> = own.iter().map(|(n, v)| match standings[*n] {
                Standing::Lower => Some(Verdict::Superseded),
                Standing::Best => held.and_then(|held| v.beside(&held)),
                Standing::Twin(first) => {
                    let best = version(rows[first].1, rows[first].2);
                    let left = held.filter(|held| best.beside(held).is_some());
                    Some(twin(v, &best, left.as_ref()))
                }
            }).collect();
            let stands = held.map_or(most, |held| held.number.max(most));
            let accepted = verdicts.iter().filter(|v| v.is_none()).count();
            prop_assert_eq!(accepted, usize::from(held.is_none_or(|held| held.number < most)));
            for ((_, v), verdict) in own.iter().zip(&verdicts) {
                prop_assert_eq!(v.number < stands, *verdict == Some(Verdict::Superseded));
            }
        }
    }
}
