//! Provision, change, release; verdicts; an order that a process left behind.

use serde_json::json;

use super::*;
use crate::numbers::jobs::run_orders;
use crate::numbers::orders::keep;
use crate::numbers::orders::step;

const ONE: &str = "+493023125010";

fn row(e164: &str) -> Value {
    json!({ "e164": e164, "tenant_id": "acme", "usage": "user" })
}

fn codes(rows: &[OrderRow]) -> Vec<&str> {
    rows.iter().map(|row| row.code.as_deref().unwrap_or("accepted")).collect()
}

#[sqlx::test]
async fn numbers_come_and_go(pool: PgPool) {
    let world = world(pool).await;
    world.people(&["mara"]).await;
    let mut full = row(ONE);
    full["capabilities"] = json!(["user", "inbound", "emergency"]);
    full["billing_ref"] = "K-1".into();
    full["emergency_location"] =
        json!({ "street": "Lange Straße", "number": "1", "postal_code": "10115", "city": "Berlin", "country": "DE" });
    assert_eq!(codes(&world.provision(vec![full]).await), ["accepted"]);
    assert_eq!(queries::holdings(&world.store, ONE).await, (1, 0));
    world.assign(ONE, "mara").await.expect("assigned");
    let ctx = world.operator();

    let changed =
        change(&world.store, &ctx, vec![json!({ "e164": ONE, "usage": "voice_app" }), json!({ "e164": "+493023125099" })]).await;
    let rows = rows_of_order(&world.store, &ctx, changed.expect("an order"), None, 0, 10).await.expect("rows");
    assert_eq!(codes(&rows), ["number_assigned", "number_not_yours"]);
    let changed =
        change(&world.store, &ctx, vec![json!({ "e164": ONE, "billing_ref": null, "city": "Berlin" })]).await.expect("an order");
    assert_eq!(find_order(&world.store, &ctx, changed).await.expect("an order").state, "succeeded");

    let released = release(&world.store, &ctx, vec![ONE.into()], Source::Api).await.expect("an order");
    assert_eq!(codes(&rows_of_order(&world.store, &ctx, released, None, 0, 10).await.expect("rows")), ["number_assigned"]);
    assert_eq!(find_order(&world.store, &ctx, released).await.expect("an order").state, "failed");
    world.gate(world.acme, world.norvik, "DE", Some("suspended")).await;
    world.unassign(ONE, Some(0)).await.expect("given back");
    release(&world.store, &ctx, vec![ONE.into()], Source::Api).await.expect("an order");
    assert_eq!(queries::state(&world.store, world.acme, ONE).await, None);
    assert_eq!(queries::holdings(&world.store, ONE).await, (0, 1));
    let told: Vec<_> = queries::events(&world.store, world.acme, ONE).await.into_iter().map(|event| (event.0, event.1)).collect();
    let expected = [("number.assigned", 1), ("number.unassigned", 2), ("number.released", 3)];
    assert_eq!(told, expected.map(|(kind, seq)| (kind.to_owned(), seq)));
    assert_eq!(codes(&world.provision(vec![row(ONE)]).await), ["gate_closed"]);

    // Provisioned again, its count of changes goes on.
    world.gate(world.acme, world.norvik, "DE", None).await;
    assert_eq!(codes(&world.provision(vec![row(ONE)]).await), ["accepted"]);
    assert_eq!(queries::state(&world.store, world.acme, ONE).await.map(|state| state.1), Some(3));
    assert_eq!(queries::holdings(&world.store, ONE).await, (1, 1));
    let kinds = queries::timeline(&world.store, world.acme, ONE).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "provisioned").count(), 2);
}

#[sqlx::test]
async fn bad_rows_are_listed_and_good_ones_go_in(pool: PgPool) {
    let world = world(pool).await;
    world.gate(world.globex, world.telia, "DE", None).await;
    let telia = world.ctx(Org::Operator(world.telia));
    let theirs = json!({ "e164": "+493023125020", "tenant_id": world.globex.to_string(), "usage": "user" });
    provision(&world.store, &telia, vec![theirs], Source::Api).await.expect("an order");
    world.provision(vec![row("+493023125021")]).await;
    let rows = vec![
        row(ONE),
        row(ONE),
        row("030 23125010"),
        row("+441632960001"),
        row("+441134960001"),
        row("+493023125020"),
        row("+493023125021"),
        json!({ "e164": "+493023125022", "tenant_id": "globex", "usage": "user" }),
        json!({ "e164": "+493023125023", "tenant_id": "nobody", "usage": "user" }),
        json!({ "e164": "+493023125024", "tenant_id": "acme", "usage": "fax" }),
        json!({ "e164": "+493023125025", "tenant_id": "acme", "usage": "user", "note": "a\u{0}b" }),
        json!({ "e164": "+99912345678", "tenant_id": "acme", "usage": "user", "confirm_unlisted": true }),
        Value::Null,
    ];
    let expected = [
        "accepted",
        "duplicate_row",
        "e164_invalid",
        "e164_unlisted",
        "country_not_in_consent",
        "number_taken",
        "already_provisioned",
        "tenant_unknown",
        "tenant_unknown",
        "usage_invalid",
        "accepted",
        "accepted",
        "row_malformed",
    ];
    let checked = precheck(&world.store, &world.operator(), rows.clone(), Source::Api).await.expect("checked");
    assert_eq!((codes(&checked.rows), checked.accepted, checked.rejected), (expected.to_vec(), 3, 10));
    assert_eq!(queries::state(&world.store, world.acme, ONE).await, None, "a precheck changes nothing");
    assert_eq!(world.provision(rows).await, checked.rows, "the run says what the precheck said");
    assert!(queries::state(&world.store, world.acme, ONE).await.is_some());
    let taken = checked.rows.iter().find(|row| row.code.as_deref() == Some("number_taken")).expect("taken");
    assert!(!taken.fix.as_deref().unwrap_or_default().contains("globex"), "never told whose");

    let none = provision(&world.store, &world.operator(), Vec::new(), Source::Api).await;
    assert_eq!(code(none), (422, "rows_missing"));
    let many = provision(&world.store, &world.operator(), vec![Value::Null; 1_001], Source::Api).await;
    assert_eq!(code(many), (422, "rows_too_many"));
    queries::terminate(&world.store, world.acme, world.norvik).await;
    assert_eq!(codes(&world.provision(vec![row("+493023125026")]).await), ["relationship_ended"]);
}

#[sqlx::test]
async fn an_order_left_behind_goes_on(pool: PgPool) {
    let world = world(pool).await;
    world.gate(world.globex, world.norvik, "DE", None).await;
    let numbers = |from: u32, tenant: &str| -> Vec<Value> {
        let made = (from..from + 600).map(|i| json!({ "e164": format!("+4930231{i:05}"), "tenant_id": tenant, "usage": "user" }));
        made.collect()
    };
    let rows: Vec<Value> = numbers(25_000, "acme").into_iter().chain(numbers(26_000, "globex")).map(confirmed).collect();
    let ctx = world.operator();
    let (operator, id) = keep(&world.store, &ctx, OrderKind::Provision, rows, Source::Upload).await.expect("kept");
    assert_eq!(find_order(&world.store, &ctx, id).await.expect("an order").state, "queued");
    // One chunk is done, then the process dies; two others go on at the same time.
    assert!(step(&world.store, operator, id).await.expect("a chunk"));
    let half = find_order(&world.store, &ctx, id).await.expect("an order");
    assert_eq!((half.state.as_str(), half.accepted, half.finished_at), ("running", 500, None));
    let (one, two) = tokio::join!(run_orders(&world.store), run_orders(&world.store));
    one.expect("done");
    two.expect("done");
    let order = find_order(&world.store, &ctx, id).await.expect("an order");
    assert_eq!((order.state.as_str(), order.accepted, order.rejected), ("succeeded", 1_200, 0));
    assert!(!run_orders(&world.store).await.expect("nothing"), "nothing is left");
    assert_eq!(queries::holdings(&world.store, "+493023126599").await, (1, 0));
    assert_eq!(queries::timeline(&world.store, world.acme, "+493023125000").await, ["provisioned"], "done once");
    let telia = world.ctx(Org::Operator(world.telia));
    assert_eq!(code(find_order(&world.store, &telia, id).await), (404, "not_found"));
}

fn confirmed(mut row: Value) -> Value {
    row["confirm_unlisted"] = true.into();
    row
}
