//! Change sets: what the check says is what the run does, each row once, and a set goes back as it came.

use chrono::TimeDelta;
use serde_json::Map;
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use super::super::model_sets::SetAction;
use super::super::queries_sets::ChangeSet;
use super::super::queries_sets_rows::SetRow;
use super::super::sets;
use super::super::sets::NewChangeSet;
use super::super::sets::Rows;
use super::super::sets_run;
use super::*;

fn number(n: usize) -> String {
    format!("+4930231{n:05}")
}

async fn stocked(pool: PgPool, numbers: usize) -> World {
    let w = world(pool).await;
    let e164s: Vec<String> = (0..numbers).map(number).collect();
    w.stock(&e164s.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let people: Vec<String> = (0..numbers).map(|n| format!("p{n}")).collect();
    w.people(&people.iter().map(String::as_str).collect::<Vec<_>>()).await;
    w
}

impl World {
    async fn set(&self, action: SetAction, rows: Vec<Value>) -> ChangeSet {
        self.set_with(action, Rows::Api(rows), Map::new()).await.expect("a set")
    }

    async fn set_with(&self, action: SetAction, rows: Rows, defaults: Map<String, Value>) -> Result<ChangeSet, Failure> {
        let new = NewChangeSet { action, name: "July".into(), rows, defaults };
        sets::create(&self.store, &self.tenant(), new).await
    }

    async fn work(&self, id: Uuid) -> ChangeSet {
        while sets_run::step(&self.store, self.acme, id).await.expect("a step") {}
        sets::find(&self.store, &self.tenant(), id).await.expect("the set")
    }

    async fn ran(&self, id: Uuid) -> ChangeSet {
        sets::run(&self.store, &self.tenant(), id, None).await.expect("running");
        self.work(id).await
    }

    async fn undone(&self, id: Uuid) -> ChangeSet {
        sets::undo(&self.store, &self.tenant(), id).await.expect("going back");
        self.work(id).await
    }

    async fn rows_said(&self, id: Uuid) -> Vec<SetRow> {
        sets::rows_of(&self.store, &self.tenant(), id, None, 0, 20_000).await.expect("rows")
    }

    async fn codes(&self, id: Uuid) -> Vec<String> {
        self.rows_said(id).await.into_iter().map(|row| row.code.unwrap_or_default()).collect()
    }

    /// Everything that an undo puts back, as text.
    async fn state(&self) -> String {
        let sql = "select string_agg(t, E'\n' order by t) from (
            select (to_jsonb(n) - 'number_seq' - 'version' - 'changed_at' - 'pending_since' - 'activation_state' - 'created_at')::text as t from number n
            union all select jsonb_build_array('assignment', e164, target_id, target_kind, target_name, category)::text from assignment where ended_at is null
            union all select to_jsonb(g)::text from number_tag g
            union all select to_jsonb(r)::text from number_reservation r) x";
        sqlx::query_scalar(sql).fetch_one(self.store.pool()).await.expect("the state")
    }
}

#[sqlx::test]
async fn the_check_changes_nothing_and_the_run_does_what_it_says(pool: PgPool) {
    let w = stocked(pool, 6).await;
    w.assign(&number(4), "p4").await.expect("assigned");
    let before = w.state().await;
    let rows = vec![
        json!({ "e164": number(0), "target": "P0@Acme.Example" }),
        json!({ "e164": number(1), "target_id": "p0" }),
        json!({ "e164": number(2), "target": "nobody@acme.example" }),
        json!({ "e164": number(0), "target_id": "p1" }),
        json!({ "e164": number(4), "target_id": "p5" }),
        json!({ "e164": "030", "target_id": "p1" }),
        json!({ "e164": number(4), "target_id": "p4" }),
        json!({ "e164": number(3), "target_id": "p0", "category": "primary" }),
        json!({ "e164": "+4930999999", "target_id": "p1" }),
    ];
    let set = w.set(SetAction::Assign, rows).await;
    assert_eq!((set.state.as_str(), set.fine, set.noted, set.refused), ("checked", 1, 1, 7));
    let said = [
        "",
        "becomes_alternate",
        "target_unknown",
        "duplicate_row",
        "already_assigned",
        "e164_invalid",
        "duplicate_row",
        "primary_exists",
        "number_not_found",
    ];
    assert_eq!(w.codes(set.id).await, said);
    assert_eq!(w.state().await, before, "a check changes nothing");
    let set = w.ran(set.id).await;
    assert_eq!((set.state.as_str(), set.done, set.refused), ("partial", 2, 7));
    assert_eq!(w.codes(set.id).await, said, "the run says the same");
    let seqs: Vec<Option<i64>> = w.rows_said(set.id).await.iter().map(|row| row.number_seq).collect();
    assert_eq!(seqs[..3], [Some(1), Some(1), None]);
    let again = sets::run(&w.store, &w.tenant(), set.id, None).await.expect("as it is");
    assert_eq!(again.state, "partial");
    let set = w.undone(set.id).await;
    assert_eq!((set.state.as_str(), set.undone, set.kept), ("undone", 2, 0));
    assert_eq!(w.state().await, before, "taken back");
}

#[sqlx::test]
async fn every_action_goes_back_to_the_exact_state(pool: PgPool) {
    let w = stocked(pool, 8).await;
    for n in 0..4 {
        w.assign(&number(n), &format!("p{}", n / 2)).await.expect("assigned");
    }
    w.unassign(&number(3), Some(-1)).await.expect("unassigned");
    w.unassign(&number(2), Some(1)).await.expect("unassigned");
    w.store.env.advance(TimeDelta::days(2));
    let capable = "update number set capabilities = capabilities || '{conference}'";
    sqlx::query(capable).execute(w.store.pool()).await.expect("capable");
    let tag = w.set(SetAction::Tag, vec![json!({ "e164": number(0), "tags": ["a"] })]).await;
    w.ran(tag.id).await;
    let cases = [
        (SetAction::Assign, json!({ "e164": number(2), "target_id": "p7", "category": "private" })),
        (SetAction::Unassign, json!({ "e164": number(0), "quarantine_days": 9 })),
        (SetAction::Unassign, json!({ "e164": number(1), "quarantine_days": -1 })),
        (SetAction::SetUsage, json!({ "e164": number(5), "usage": "conference" })),
        (SetAction::Tag, json!({ "e164": number(0), "tags": ["a", "b"] })),
        (SetAction::Untag, json!({ "e164": number(0), "tags": ["a", "c"] })),
    ];
    for (action, row) in cases {
        let before = w.state().await;
        let set = w.set(action, vec![row.clone()]).await;
        let set = w.ran(set.id).await;
        assert_eq!((set.state.as_str(), set.done), ("done", 1), "{row} {:?}", w.codes(set.id).await);
        assert_ne!(w.state().await, before, "{row}");
        let set = w.undone(set.id).await;
        let why: Vec<_> = w.rows_said(set.id).await.into_iter().map(|row| row.undo_code).collect();
        assert_eq!((set.state.as_str(), set.undone), ("undone", 1), "{row} {why:?}");
        assert_eq!(w.state().await, before, "{row}");
    }
}

#[sqlx::test]
async fn a_number_changed_since_is_left_alone(pool: PgPool) {
    let w = stocked(pool, 3).await;
    let rows = (0..3).map(|n| json!({ "e164": number(n), "target_id": format!("p{n}") })).collect();
    let set = w.set(SetAction::Assign, rows).await;
    w.ran(set.id).await;
    w.unassign(&number(1), Some(0)).await.expect("unassigned");
    w.assign(&number(1), "p1").await.expect("assigned again");
    let set = w.undone(set.id).await;
    assert_eq!((set.undone, set.kept), (2, 1));
    let kept = sets::rows_of(&w.store, &w.tenant(), set.id, Some("kept"), 0, 10).await.expect("rows");
    assert_eq!(kept.iter().map(|row| (row.row, row.undo_code.as_deref())).collect::<Vec<_>>(), [(2, Some("changed_since"))]);
}

#[sqlx::test]
async fn nothing_goes_back_through_a_closed_gate(pool: PgPool) {
    let w = stocked(pool, 1).await;
    w.assign(&number(0), "p0").await.expect("assigned");
    let set = w.set(SetAction::Unassign, vec![json!({ "e164": number(0), "quarantine_days": 30 })]).await;
    w.ran(set.id).await;
    let before = w.state().await;
    w.gate(w.acme, w.norvik, "DE", Some("suspended")).await;
    let set = w.undone(set.id).await;
    assert_eq!((set.state.as_str(), set.undone, set.kept), ("undone", 0, 1));
    assert_eq!(w.rows_said(set.id).await[0].undo_code.as_deref(), Some("gate_closed"));
    assert_eq!(w.state().await, before, "the number rests as before");
}

#[sqlx::test]
async fn many_rows_go_in_batches_each_once(pool: PgPool) {
    let w = stocked(pool, 450).await;
    let before = w.state().await;
    let rows = (0..450).map(|n| json!({ "e164": number(n), "target_id": format!("p{n}") })).collect();
    let set = w.set(SetAction::Assign, rows).await;
    assert_eq!(set.fine, 450);
    sets::run(&w.store, &w.tenant(), set.id, Some(450)).await.expect("running");
    let (one, two) = (sets_run::step(&w.store, w.acme, set.id), sets_run::step(&w.store, w.acme, set.id));
    let (one, two) = tokio::join!(one, two);
    assert!(one.expect("a step") || two.expect("a step"));
    let set = w.work(set.id).await;
    assert_eq!((set.state.as_str(), set.done, set.refused, set.progress()), ("done", 450, 0, (450, 450)));
    let twice: i64 =
        sqlx::query_scalar("select count(*) from number where number_seq <> 1").fetch_one(w.store.pool()).await.expect("counted");
    assert_eq!(twice, 0);
    let events: i64 = sqlx::query_scalar("select count(*) from event_out").fetch_one(w.store.pool()).await.expect("counted");
    assert_eq!(events, 450);
    w.undone(set.id).await;
    assert_eq!(w.state().await, before);
}

#[sqlx::test]
async fn a_filter_takes_what_it_was_said_to_find(pool: PgPool) {
    let w = stocked(pool, 5).await;
    let filter = |expected| Rows::Filter { query: "q=%2B493023100".into(), expected };
    let tags = Map::from_iter([("tags".to_owned(), json!("north|2026"))]);
    let wrong = w.set_with(SetAction::Tag, filter(Some(4)), tags.clone()).await;
    let problem = wrong.expect_err("refused").problem();
    assert_eq!((problem.status, problem.code, problem.errors[0].value.as_deref()), (409, "count_changed", Some("5")));
    let set = w.set_with(SetAction::Tag, filter(Some(5)), tags.clone()).await.expect("a set");
    assert_eq!((set.rows, set.fine), (5, 5));
    w.stock(&[&number(7)]).await;
    let moved = sets::run(&w.store, &w.tenant(), set.id, Some(5)).await;
    assert_eq!(code(moved), (409, "count_changed"));
    let set = w.set_with(SetAction::Tag, filter(None), tags).await.expect("a set");
    assert_eq!(code(sets::run(&w.store, &w.tenant(), set.id, Some(5)).await), (409, "count_changed"));
    assert_eq!(w.ran(set.id).await.done, 6);
    assert_eq!(code(w.set_with(SetAction::Assign, filter(None), Map::new()).await), (422, "action_no_filter"));
}

#[sqlx::test]
async fn sizes_and_states_are_refused_in_words(pool: PgPool) {
    let w = stocked(pool, 1).await;
    let sized = |rows: usize| w.set_with(SetAction::Unassign, Rows::Api(vec![json!("x"); rows]), Map::new());
    assert_eq!(code(sized(0).await), (422, "rows_missing"));
    assert_eq!(code(sized(10_001).await), (422, "rows_too_many"));
    let set = sized(1).await.expect("a set");
    assert_eq!(code(sets::run(&w.store, &w.tenant(), set.id, None).await), (422, "nothing_to_run"));
    assert_eq!(code(sets::undo(&w.store, &w.tenant(), set.id).await), (409, "set_not_run"));
    let mut globex = w.tenant();
    globex.org = Org::Tenant(w.globex);
    assert_eq!(code(sets::find(&w.store, &globex, set.id).await), (404, "not_found"));
    sets::discard(&w.store, &w.tenant(), set.id).await.expect("dropped");
    assert_eq!(code(sets::find(&w.store, &w.tenant(), set.id).await), (404, "not_found"));
}
