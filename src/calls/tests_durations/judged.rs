//! Every verdict, versions and withdrawals, two batches at once, a process that dies.

use crate::consent::SeedGrant;
use crate::store::Reach;

use super::*;

#[sqlx::test]
async fn every_verdict_is_given(pool: PgPool) {
    let world = world(pool).await;
    let cases = [
        (json!(["no object"]), "line_malformed"),
        (with(json!({ "tenant_id": "x" })), "field_unknown"),
        (with(json!({ "operator_ref": null })), "key_missing"),
        (with(json!({ "e164": null })), "key_missing"),
        (with(json!({ "answered_at": null })), "key_missing"),
        (with(json!({ "answered_at": null, "setup_at": "2026-11-23T10:00:00Z" })), "key_missing"),
        (with(json!({ "e164": "4930" })), "e164_invalid"),
        (with(json!({ "e164": 4930 })), "e164_invalid"),
        (with(json!({ "answered_at": "2026-11-23 25:00" })), "time_invalid"),
        (with(json!({ "setup_at": 5 })), "time_invalid"),
        (with(json!({ "duration_s": null })), "duration_invalid"),
        (with(json!({ "duration_s": 1.2345 })), "duration_invalid"),
        (with(json!({ "duration_s": -1 })), "duration_invalid"),
        (with(json!({ "duration_s": "60" })), "duration_invalid"),
        (with(json!({ "direction": null })), "value_invalid"),
        (with(json!({ "direction": "sideways" })), "value_invalid"),
        (with(json!({ "version": 0 })), "value_invalid"),
        (with(json!({ "withdrawn": "yes" })), "value_invalid"),
        (with(json!({ "operator_ref": "x".repeat(129) })), "value_invalid"),
        (with(json!({ "billing_ref": "a\u{0}b" })), "value_invalid"),
        (with(json!({ "signalling": [{ "code": 200 }] })), "value_invalid"),
        (with(json!({ "answered_at": "2026-11-23T12:00:00.001Z" })), "time_in_future"),
        (with(json!({ "answered_at": "2025-10-23T11:59:59.999Z" })), "time_before_retention"),
        (with(json!({ "e164": "+493023125999" })), "number_unknown"),
        (with(json!({ "e164": THEIRS })), "number_not_yours"),
        (with(json!({ "e164": MOVED, "answered_at": "2026-11-01T10:00:00Z" })), "number_not_held_then"),
        (with(json!({ "e164": SWISS })), "consent_missing"),
        (row(), "accepted"),
        (with(json!({ "duration_s": 60 })), "version_conflict"),
        (row(), "duplicate"),
        (with(json!({ "operator_ref": "nv-2", "version": 2 })), "accepted"),
        (with(json!({ "operator_ref": "nv-2" })), "superseded"),
        (with(json!({ "e164": MOVED })), "accepted"),
        (with(json!({ "answered_at": null, "setup_at": "2026-11-23T10:00:00Z", "duration_s": 0 })), "accepted"),
    ];
    let (rows, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    let receipt = world.send(&rows).await;
    assert_eq!(world.verdicts(&receipt).await, expected);
    let count = |what: &str| i32::try_from(expected.iter().filter(|verdict| **verdict == what).count()).expect("few");
    assert_eq!((receipt.accepted, receipt.duplicate, receipt.superseded), (count("accepted"), 1, 1));
    assert_eq!((receipt.state.as_str(), receipt.rejected), ("done", receipt.rows - receipt.accepted - 2));
    assert_eq!(receipt.first_answered_at, receipt.last_answered_at);
    // One entry in the register, one day to pair again, nothing left of the bytes.
    let entry: String =
        world.one("select direction || channel || records || basis || (consent_id is not null) from transfer").await;
    assert_eq!(entry, "from_operatorbatch4consenttrue");
    let list: String = world.one("select list || ' ' || day from change where list <> 'consent_resumed'").await;
    assert_eq!(list, "pairing 2026-11-23");
    assert_eq!(world.one::<i64>("select count(*) from duration_batch_body").await, 0);
    let kept: String = world.one("select body from duration_reject where verdict = 'field_unknown'").await;
    assert!(kept.contains("tenant_id"), "{kept}");
}

#[sqlx::test]
async fn versions_go_up_and_come_back(pool: PgPool) {
    let world = world(pool).await;
    assert_eq!(world.judged(&[row()]).await, ["accepted"]);
    let second = world.send(&[with(json!({ "version": 2, "duration_s": 61 }))]).await;
    assert_eq!((second.accepted, second.replaced), (1, 1));
    // The first batch still tells what it held.
    let first: String = world.one("select batch_id || ' ' || row || ' ' || version from duration_replaced").await;
    assert!(first.ends_with(" 1 1"), "{first}");
    assert_eq!(world.one::<i64>("select duration_ms from duration_record").await, 61_000);
    assert_eq!(world.judged(&[with(json!({ "version": 2, "duration_s": 61 }))]).await, ["duplicate"]);
    assert_eq!(world.judged(&[with(json!({ "version": 2, "duration_s": 62 }))]).await, ["version_conflict"]);
    assert_eq!(world.judged(&[row()]).await, ["superseded"]);
    assert_eq!(world.judged(&[with(json!({ "version": 3, "withdrawn": true }))]).await, ["accepted"]);
    assert_eq!(world.judged(&[with(json!({ "version": 2, "duration_s": 61 }))]).await, ["superseded"], "withdrawn bars it");
    assert_eq!(world.judged(&[with(json!({ "version": 4, "duration_s": 63 }))]).await, ["accepted"]);
    assert_eq!(world.one::<i64>("select count(*) from duration_record").await, 1);
    assert_eq!(world.one::<i64>("select count(*) from duration_replaced").await, 3);
    // The same call in another offset and with other digits of a second is the same row.
    let same = with(json!({ "version": 4, "duration_s": 63.0, "answered_at": "2026-11-23T11:00:00.1209+01:00" }));
    assert_eq!(world.judged(&[same]).await, ["duplicate"]);
}

#[sqlx::test]
async fn a_withdrawal_of_nothing_bars_lower_versions(pool: PgPool) {
    let world = world(pool).await;
    assert_eq!(world.judged(&[with(json!({ "version": 2, "withdrawn": true }))]).await, ["accepted"]);
    assert_eq!(world.judged(&[row()]).await, ["superseded"]);
    assert!(world.one::<bool>("select withdrawn from duration_record").await);
}

#[sqlx::test]
async fn versions_in_one_batch_in_any_order(pool: PgPool) {
    let world = world(pool).await;
    let version = |reference: &str, n: i32, s: i32| with(json!({ "operator_ref": reference, "version": n, "duration_s": s }));
    let up = world.judged(&[version("a", 1, 1), version("a", 2, 2), version("a", 3, 3)]).await;
    assert_eq!(up, ["superseded", "superseded", "accepted"]);
    let down =
        world.judged(&[version("b", 3, 3), version("b", 1, 1), version("b", 2, 2), version("b", 3, 3), version("b", 3, 4)]).await;
    assert_eq!(down, ["accepted", "superseded", "superseded", "duplicate", "version_conflict"]);
    let again = world.judged(&[version("b", 2, 2), version("b", 2, 9), version("b", 3, 4), version("b", 3, 3)]).await;
    assert_eq!(again, ["superseded", "superseded", "version_conflict", "duplicate"]);
}

#[sqlx::test]
async fn two_batches_at_once_with_the_same_keys(pool: PgPool) {
    let world = world(pool).await;
    let batch = |from: i32, version: i32, back: bool| {
        let mut rows: Vec<_> = (from..from + 200)
            .map(|n| with(json!({ "operator_ref": format!("r{n}"), "version": version, "duration_s": version })).to_string() + "\n")
            .collect();
        if back {
            rows.reverse();
        }
        rows.concat()
    };
    let first = world.keep(DurationFormat::Ndjson, &batch(0, 1, false)).await;
    let second = world.keep(DurationFormat::Ndjson, &batch(100, 2, true)).await;
    let (a, b) =
        tokio::join!(process_durations(&world.store, world.norvik, first), process_durations(&world.store, world.norvik, second));
    let (a, b) = (a.expect("worked"), b.expect("worked"));
    // Whoever came first: the higher version stands for the common keys, and every row has a verdict.
    assert_eq!((b.accepted, a.accepted + a.superseded), (200, 200));
    assert_eq!(a.superseded + b.replaced, 100);
    assert_eq!(world.one::<i64>("select count(*) from duration_record where version = 2").await, 200);
    assert_eq!(world.one::<i64>("select count(*) from duration_record").await, 300);
    world.verdicts(&a).await;
    world.verdicts(&b).await;
}

#[sqlx::test]
async fn one_known_key_among_many_new_ones(pool: PgPool) {
    let world = world(pool).await;
    let row_of = |n: i32| with(json!({ "operator_ref": format!("r{n:04}") }));
    // Not among the keys that are looked up: found while writing.
    assert_eq!(world.judged(&[row_of(777)]).await, ["accepted"]);
    let rows: Vec<Value> = (0..1000).map(row_of).collect();
    let receipt = world.send(&rows).await;
    assert_eq!((receipt.accepted, receipt.duplicate, receipt.rejected), (999, 1, 0));
    assert_eq!(world.verdicts(&receipt).await[777], "duplicate");
    assert_eq!(world.one::<i64>("select count(*) from duration_record").await, 1000);
}

#[sqlx::test]
async fn a_batch_left_half_way_is_taken_up_again(pool: PgPool) {
    let world = world(pool).await;
    let id = world.keep(DurationFormat::Ndjson, &row().to_string()).await;
    // As a process leaves it that died: being processed, nothing written.
    sqlx::query("update duration_batch set state = 'processing'").execute(world.store.pool()).await.expect("set");
    let mut held = world.store.begin_job().await.expect("begun");
    sqlx::query("select 1 from duration_batch for update").execute(&mut *held).await.expect("locked");
    assert!(!run_durations(world.store.clone()).await.expect("ran"), "another process is at it");
    held.rollback().await.expect("gone");
    assert!(run_durations(world.store.clone()).await.expect("ran"));
    assert!(!run_durations(world.store.clone()).await.expect("ran"), "nothing is left");
    let receipt = process_durations(&world.store, world.norvik, id).await.expect("told");
    assert_eq!((receipt.state.as_str(), receipt.accepted), ("done", 1));
    assert_eq!(world.one::<i64>("select count(*) from transfer").await, 1);
}

#[sqlx::test]
async fn consent_is_judged_at_the_time_of_the_call(pool: PgPool) {
    let world = world(pool).await;
    let person = Ctx { actor: Actor::Job("test"), ..world.ctx(Org::Tenant(world.acme)) };
    let verdict = async |at: &str| world.judged(&[with(json!({ "operator_ref": at, "answered_at": at }))]).await.remove(0);
    consent::suspend(&world.store, &person, world.norvik).await.expect("suspended");
    world.store.env.advance(TimeDelta::days(1));
    assert_eq!(verdict("2026-11-23T11:00:00Z").await, "accepted", "before the suspension");
    assert_eq!(verdict("2026-11-23T12:00:00Z").await, "consent_missing", "from it on");
    consent::resume(&world.store, &person, world.norvik).await.expect("resumed");
    world.store.env.advance(TimeDelta::days(1));
    assert_eq!(verdict("2026-11-24T11:59:59Z").await, "consent_missing", "also after the resumption");
    assert_eq!(verdict("2026-11-24T12:00:00Z").await, "accepted");
    consent::withdraw(&world.store, &person, world.norvik).await.expect("withdrawn");
    world.store.env.advance(TimeDelta::days(60));
    ensure_partitions(&world.store, world.store.env.now()).await.expect("partitions");
    assert_eq!(verdict("2026-11-25T11:00:00Z").await, "accepted", "60 days after the withdrawal");
    world.store.env.advance(TimeDelta::milliseconds(1));
    assert_eq!(verdict("2026-11-25T11:30:00Z").await, "consent_missing", "and no longer");
    assert_eq!(verdict("2026-11-22T11:00:00Z").await, "consent_missing", "nor what was before a suspension");
    let grant = SeedGrant {
        tenant: world.acme,
        operator: world.norvik,
        countries: &["DE"],
        classes: &[Class::Durations],
        accepted_by: "Mara",
        contact: None,
        at: world.store.env.now(),
    };
    consent::grant_for_seed(&world.store, grant).await.expect("granted anew");
    assert_eq!(verdict("2026-11-25T11:30:00Z").await, "consent_missing", "a new consent covers what comes after it");
}

#[sqlx::test]
async fn a_year_of_months_is_taken(pool: PgPool) {
    let world = world(pool).await;
    // The oldest months have no partition yet.
    let rows: Vec<Value> =
        (0..12).map(|n| with(json!({ "answered_at": (now() - TimeDelta::days(n * 30 + 1)).to_rfc3339() }))).collect();
    assert_eq!(world.judged(&rows).await, ["accepted"; 12].map(str::to_owned));
    let mut tx = world.store.begin(Reach::Tenant(world.acme)).await.expect("begun");
    let own: i64 = sqlx::query_scalar("select count(*) from duration_record").fetch_one(&mut *tx).await.expect("counted");
    let mut tx = world.store.begin(Reach::Operator(world.telia)).await.expect("begun");
    let foreign: i64 = sqlx::query_scalar("select count(*) from duration_record").fetch_one(&mut *tx).await.expect("counted");
    assert_eq!((own, foreign), (12, 0));
    let _ = world.globex;
}

#[sqlx::test]
async fn the_same_rows_in_three_formats(pool: PgPool) {
    let world = world(pool).await;
    let csv = format!(
        "\u{feff}duration_s;answered_at;e164;direction;operator_ref;other_party\r\n61.250;2026-11-23T11:00:00.12+01:00;{NUMBER};outbound;nv-1;+441632960001\r\n"
    );
    let array = json!([row(), row()]).to_string();
    assert_eq!(world.judged(&[row()]).await, ["accepted"]);
    let receipt = world.send_text(DurationFormat::Csv, &csv).await;
    assert_eq!(world.verdicts(&receipt).await, ["duplicate"]);
    let receipt = world.send_text(DurationFormat::Json, &array).await;
    assert_eq!(world.verdicts(&receipt).await, ["duplicate", "duplicate"]);
    let input = DurationInput {
        operator_ref: Some("nv-1".into()),
        e164: NUMBER.into(),
        other_party: Some("+441632960001".into()),
        direction: "outbound".into(),
        answered_at: Some(now() - TimeDelta::milliseconds(7_199_880)),
        duration_s: 61.25,
        ..DurationInput::default()
    };
    let typed = serde_json::to_value(&input).expect("written");
    assert_eq!(world.judged(&[typed]).await, ["duplicate"]);
    let comma = csv.replace(';', ",").replace("nv-1,", "nv-9,").replace("outbound", "\"outbound\"") + "a,b\r\n";
    let receipt = world.send_text(DurationFormat::Csv, &comma).await;
    assert_eq!(world.verdicts(&receipt).await, ["accepted", "line_malformed"]);
}
