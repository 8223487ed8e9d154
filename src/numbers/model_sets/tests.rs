//! Rows of change sets, as people send them.

use serde_json::json;

use super::*;

fn read(action: SetAction, input: Value) -> Result<(String, Plan), &'static str> {
    read_row(action, &Map::new(), &input).map(|(e164, plan)| (e164.to_string(), plan)).map_err(|verdict| verdict.code)
}

#[test]
fn numbers_are_read_as_they_are_written() {
    for said in ["+493023125010", "'+493023125010", "+49 30 231 250-10", "0049 (30) 23125010", "493023125010", " 49 30 23125010 "] {
        let (e164, _) = read(SetAction::Unassign, json!({ "e164": said })).expect(said);
        assert_eq!(e164, "+493023125010", "{said}");
    }
    for (said, code) in
        [("030 23125010", "e164_invalid"), ("4,93023E+11", "e164_rounded"), ("", "e164_invalid"), ("12", "e164_invalid")]
    {
        assert_eq!(read(SetAction::Unassign, json!({ "e164": said })).expect_err(said), code, "{said}");
    }
}

#[test]
fn a_row_says_what_its_action_needs() {
    let number = "+493023125010";
    let plan = |action, row| read(action, row).map(|(_, plan)| plan);
    assert_eq!(
        plan(SetAction::Assign, json!({ "e164": number, "target": " a@b ", "category": "Weitere" })),
        Ok(Plan::Assign { target_id: "a@b".into(), category: Some("alternate".into()) })
    );
    assert_eq!(plan(SetAction::Assign, json!({ "e164": number })), Err("target_missing"));
    assert_eq!(plan(SetAction::Assign, json!({ "e164": number, "target_id": "x", "category": "best" })), Err("category_invalid"));
    assert_eq!(plan(SetAction::Unassign, json!(number)), Ok(Plan::Unassign { quarantine_days: None }));
    assert_eq!(
        plan(SetAction::Unassign, json!({ "e164": number, "quarantine_days": 7 })),
        Ok(Plan::Unassign { quarantine_days: Some(7) })
    );
    assert_eq!(plan(SetAction::Unassign, json!({ "e164": number, "quarantine_days": 366 })), Err("quarantine_invalid"));
    assert_eq!(
        plan(SetAction::Tag, json!({ "e164": number, "tags": "a| b |a" })),
        Ok(Plan::Tag { tags: vec!["a".into(), "b".into()] })
    );
    assert_eq!(plan(SetAction::Tag, json!({ "e164": number, "tags": ["x".repeat(51)] })), Err("tag_invalid"));
    assert_eq!(
        plan(SetAction::SetUsage, json!({ "e164": number, "usage": "Konferenz" })),
        Ok(Plan::SetUsage { usage: "conference".into() })
    );
    assert_eq!(plan(SetAction::SetUsage, json!({ "e164": number, "owner": "x" })), Err("field_unknown"));
    assert_eq!(plan(SetAction::Tag, json!(7)), Err("row_malformed"));
}

#[test]
fn what_a_row_leaves_out_the_set_says() {
    let defaults = Map::from_iter([("quarantine_days".to_owned(), json!("-1"))]);
    let read = |row| read_row(SetAction::Unassign, &defaults, &row).expect("read").1;
    assert_eq!(read(json!("+493023125010")), Plan::Unassign { quarantine_days: Some(-1) });
    assert_eq!(read(json!({ "e164": "+493023125010", "quarantine_days": "0" })), Plan::Unassign { quarantine_days: Some(0) });
}

#[test]
fn every_action_reads_itself() {
    assert!(SetAction::ALL.into_iter().all(|action| SetAction::parse(action.as_str()) == Some(action)));
    assert_eq!(SetAction::parse("delete"), None);
}
