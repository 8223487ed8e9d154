//! People by file and by the platform, what happens when they leave, release requests, first import, stock.

use serde_json::json;

use super::*;
use crate::numbers::acts;
use crate::numbers::acts::Act;
use crate::numbers::acts::Asked;
use crate::numbers::assignment_import::AssignmentIn;
use crate::numbers::assignment_import::take_over;
use crate::numbers::queries_people;
use crate::numbers::queries_people::PeopleAsk;
use crate::numbers::queries_people::Standing;
use crate::numbers::reads::Way;
use crate::numbers::release_requests;
use crate::numbers::release_requests::InboxAsk;
use crate::numbers::stock;
use crate::numbers::target_uploads;
use crate::numbers::targets::put_targets;

const ONE: &str = "+493023125010";
const TWO: &str = "+493023125011";

impl World {
    fn platform(&self) -> Ctx {
        self.ctx(Org::Platform)
    }

    async fn people_of(&self, standing: Standing) -> Vec<String> {
        let mut tx = self.store.begin_for(&self.tenant()).await.expect("a transaction");
        let ask = PeopleAsk { standing, ..PeopleAsk::default() };
        let found = queries_people::people(&mut tx, self.acme, &ask, 100).await.expect("people");
        found.into_iter().map(|person| person.id).collect()
    }

    async fn held_by_left(&self) -> i64 {
        let mut tx = self.store.begin_for(&self.tenant()).await.expect("a transaction");
        queries_people::held_by_left(&mut tx, self.acme).await.expect("a count")
    }

    async fn ask_back(&self, number: &str, note: &str) {
        let asked = Asked { e164: number.into(), act: Act::RequestRelease { note: Some(note.into()) }, version: None };
        acts::act(&self.store, &self.tenant(), asked).await.expect("asked");
    }

    /// Id and state of each request, in the order of the numbers.
    async fn inbox(&self, open: bool) -> Vec<(String, String)> {
        let ask = InboxAsk { open, ..InboxAsk::default() };
        let (mut found, _) = release_requests::inbox(&self.store, &self.operator(), &ask, 50).await.expect("an inbox");
        found.sort_by(|a, b| a.e164.cmp(&b.e164));
        found.into_iter().map(|request| (request.id.to_string(), request.state)).collect()
    }
}

fn target(id: &str) -> TargetIn {
    TargetIn { id: id.into(), kind: "user".into(), display_name: format!("Person {id}"), licensed: true, ..TargetIn::default() }
}

#[sqlx::test]
async fn who_leaves_keeps_the_number_and_it_is_said(pool: PgPool) {
    let world = world(pool).await;
    world.stock(&[ONE]).await;
    let platform = world.platform();
    let two = vec![target("mara"), target("jonas")];
    let put = put_targets(&world.store, &platform, world.acme, two.clone(), false).await.expect("put");
    assert_eq!((put.written, put.left, put.left_numbers), (2, 0, 0));
    world.assign(ONE, "mara").await.expect("assigned");

    let put = put_targets(&world.store, &platform, world.acme, vec![target("jonas")], false).await.expect("put");
    assert_eq!((put.left, put.left_numbers), (1, 1));
    assert_eq!(world.held_by_left().await, 1);
    assert_eq!(world.people_of(Standing::Here).await, ["jonas"]);
    assert_eq!(world.people_of(Standing::LeftWithNumber).await, ["mara"]);
    let state = queries::state(&world.store, world.acme, ONE).await.expect("a number");
    assert_eq!(state.1, 1, "never taken away silently: {state:?}");

    // Back again: nothing is to be done any more.
    put_targets(&world.store, &platform, world.acme, vec![target("mara")], true).await.expect("put");
    assert_eq!(world.held_by_left().await, 0);
    assert_eq!(world.people_of(Standing::Left).await, Vec::<String>::new());
}

#[sqlx::test]
async fn the_directory_is_checked_as_a_whole(pool: PgPool) {
    let world = world(pool).await;
    let platform = world.platform();
    let put = async |targets, merge| put_targets(&world.store, &platform, world.acme, targets, merge).await;
    let wrong = vec![
        target("mara"),
        target("mara"),
        TargetIn { kind: "fax".into(), ..target("a") },
        TargetIn { display_name: "two\nlines".into(), ..target("b") },
        TargetIn { usage_location: Some("de".into()), ..target("c") },
        target(" d"),
        target(""),
    ];
    let problem = put(wrong, true).await.expect_err("refused").problem();
    let rows: Vec<_> = problem.errors.iter().map(|error| (error.row.unwrap_or(0), error.field.as_deref().unwrap_or(""))).collect();
    assert_eq!(rows, [(2, "id"), (3, "kind"), (4, "display_name"), (5, "usage_location"), (6, "id"), (7, "id")]);
    assert_eq!(world.people_of(Standing::Any).await, Vec::<String>::new(), "nothing was written");
    let many: Vec<TargetIn> = (0..250).map(|_| target("twin")).collect();
    let problem = put(many, true).await.expect_err("refused").problem();
    assert_eq!(problem.errors.len(), 100);
    assert!(problem.detail.starts_with("249 targets"), "{}", problem.detail);
    assert_eq!(code(put(Vec::new(), false).await), (422, "rows_missing"));
    let many: Vec<TargetIn> = (0..10_001).map(|n| target(&n.to_string())).collect();
    assert_eq!(code(put(many, true).await), (422, "rows_too_many"));
    assert_eq!(
        code(put_targets(&world.store, &world.tenant(), world.acme, vec![target("a")], true).await),
        (403, "wrong_org_kind")
    );
}

#[sqlx::test]
async fn a_file_of_people_is_checked_before_it_changes_anything(pool: PgPool) {
    let world = world(pool).await;
    world.stock(&[ONE]).await;
    world.people(&["mara", "jonas", "gone"]).await;
    world.assign(ONE, "jonas").await.expect("assigned");
    let ctx = world.tenant();
    let file = "id,kind,display_name,upn,usage_location,licensed\n\
                mara,user,Person mara,mara@acme.example,DE,yes\n\
                gone,user,Other name,,,no\n\
                desk,resource_account,Front desk,,DE,yes\n\
                desk,user,Twice,,,\n\
                bad,fax,Bad,,,\n";
    let id = target_uploads::keep(&world.store, &ctx, "people.csv", file.as_bytes()).await.expect("kept").to_string();
    let (_, checked) = target_uploads::checked(&world.store, &ctx, &id).await.expect("checked");
    let verdicts: Vec<_> = checked.rows.iter().map(|row| (row.verdict, row.field)).collect();
    let expected = [("same", None), ("changed", None), ("new", None), ("wrong", Some("twice")), ("wrong", Some("kind"))];
    assert_eq!(verdicts, expected);
    assert_eq!((checked.leaving, checked.leaving_numbers), (1, 1));
    assert_eq!(world.people_of(Standing::Any).await.len(), 3, "a check changes nothing");

    let replaced = target_uploads::run(&world.store, &ctx, &id, true, Some(1)).await;
    assert_eq!(code(replaced), (422, "targets_invalid"), "whom wrong rows mean would leave");
    let put = target_uploads::run(&world.store, &ctx, &id, false, None).await.expect("merged");
    assert_eq!((put.written, put.left), (3, 0));
    assert_eq!(code(target_uploads::run(&world.store, &ctx, &id, false, None).await), (409, "upload_gone"));

    let all = "id;kind;display_name\nmara;user;Mara\ngone;user;Gone\ndesk;resource_account;Desk\n";
    let id = target_uploads::keep(&world.store, &ctx, "", all.as_bytes()).await.expect("kept").to_string();
    assert_eq!(code(target_uploads::run(&world.store, &ctx, &id, true, Some(0)).await), (409, "targets_moved"));
    let put = target_uploads::run(&world.store, &ctx, &id, true, Some(1)).await.expect("replaced");
    assert_eq!((put.written, put.left, put.left_numbers), (3, 1, 1));
    assert_eq!(world.people_of(Standing::LeftWithNumber).await, ["jonas"]);
    let helpdesk = Ctx { scopes: [Scope::TenantRead].into_iter().collect(), ..world.tenant() };
    assert_eq!(code(target_uploads::keep(&world.store, &helpdesk, "", all.as_bytes()).await), (403, "scope_missing"));
}

#[sqlx::test]
async fn a_release_request_is_answered(pool: PgPool) {
    let world = world(pool).await;
    world.stock(&[ONE, TWO, "+493023125012"]).await;
    world.people(&["mara"]).await;
    for number in [ONE, TWO, "+493023125012"] {
        world.ask_back(number, "Office closed").await;
    }
    let open = world.inbox(true).await;
    assert_eq!(open.len(), 3);
    let telia = world.ctx(Org::Operator(world.telia));
    let (theirs, waiting) =
        release_requests::inbox(&world.store, &telia, &InboxAsk { open: true, ..InboxAsk::default() }, 50).await.expect("an inbox");
    assert_eq!((theirs.len(), waiting), (0, 0), "another operator sees nothing");
    assert_eq!(code(release_requests::release(&world.store, &telia, &open[0].0).await), (404, "not_found"));

    // The third is assigned again, the second declined, the first released.
    world.assign("+493023125012", "mara").await.expect("assigned");
    assert_eq!(code(release_requests::decline(&world.store, &world.operator(), &open[1].0, " ").await), (422, "reason_missing"));
    let declined = release_requests::decline(&world.store, &world.operator(), &open[1].0, "Block of ten").await.expect("declined");
    assert_eq!(declined.e164, TWO);
    let order = release_requests::release(&world.store, &world.operator(), &open[0].0).await.expect("released");
    assert_eq!(find_order(&world.store, &world.operator(), order).await.expect("an order").state, "succeeded");
    assert_eq!(queries::state(&world.store, world.acme, ONE).await, None);
    let mut states: Vec<String> = world.inbox(false).await.into_iter().map(|(_, state)| state).collect();
    states.sort();
    assert_eq!(states, ["declined", "done", "withdrawn"]);
    assert_eq!(code(release_requests::release(&world.store, &world.operator(), &open[1].0).await), (409, "request_closed"));

    let mut tx = world.store.begin_for(&world.tenant()).await.expect("a transaction");
    let seen = release_requests::of_number(&mut tx, world.acme, &e164(TWO)).await.expect("a request").expect("one");
    assert_eq!((seen.state.as_str(), seen.reason.as_deref()), ("declined", Some("Block of ten")));
    tx.commit().await.expect("committed");
    assert!(queries::timeline(&world.store, world.acme, TWO).await.contains(&"release_declined".to_owned()));
    // It can be asked again.
    world.ask_back(TWO, "Please").await;
    assert_eq!(world.inbox(true).await.len(), 1);
}

#[sqlx::test]
async fn numbers_that_somebody_has_already_are_taken_over(pool: PgPool) {
    let world = world(pool).await;
    world.stock(&[ONE, TWO, "+493023125012"]).await;
    world.people(&["mara", "jonas"]).await;
    world.assign("+493023125012", "jonas").await.expect("assigned");
    let row = |e164: &str, target: &str, at: &str| AssignmentIn {
        e164: e164.into(),
        target_id: target.into(),
        category: None,
        assigned_at: Some(at.into()).filter(|at: &String| !at.is_empty()),
    };
    let rows = vec![
        row(ONE, "mara", "2024-05-01T08:00:00+02:00"),
        row(TWO, "mara", ""),
        row(TWO, "jonas", ""),
        row("+493023125012", "mara", ""),
        row("+493023125099", "mara", ""),
        row("030 23125010", "mara", ""),
        row("+493023125013", "mara", "yesterday"),
        row("+493023125014", "mara", "2099-01-01T00:00:00Z"),
    ];
    let ctx = world.platform();
    let put = take_over(&world.store, &ctx, world.acme, rows.clone()).await.expect("taken over");
    let told: Vec<_> = put.rows.iter().map(|row| row.code.as_deref().or(row.outcome.as_deref()).unwrap_or("")).collect();
    let expected = [
        "accepted",
        "accepted",
        "duplicate_row",
        "already_assigned",
        "number_not_found",
        "e164_invalid",
        "time_invalid",
        "time_in_future",
    ];
    assert_eq!(told, expected);
    assert_eq!((put.accepted, put.unchanged, put.rejected), (2, 0, 6));
    let events = queries::events(&world.store, world.acme, ONE).await;
    assert_eq!(events.iter().map(|event| event.0.as_str()).collect::<Vec<_>>(), ["number.assigned"], "the operator learns it");

    // Sent again, nothing is done twice.
    let again = take_over(&world.store, &ctx, world.acme, rows[..2].to_vec()).await.expect("again");
    assert_eq!((again.accepted, again.unchanged, again.rejected), (0, 2, 0));
    assert_eq!(queries::events(&world.store, world.acme, ONE).await.len(), 1);
    let mut tx = world.store.begin_for(&world.tenant()).await.expect("a transaction");
    let held = queries_people::held(&mut tx, world.acme, "mara").await.expect("numbers");
    let since: Vec<_> = held.iter().map(|held| (held.e164.as_str(), held.category.as_str(), held.assigned_at)).collect();
    let then: DateTime<Utc> = "2024-05-01T06:00:00Z".parse().expect("a time");
    assert_eq!(since, [(ONE, "primary", then), (TWO, "alternate", now())]);
    tx.commit().await.expect("committed");

    // Who had it here until later cannot be written over.
    world.unassign("+493023125012", Some(0)).await.expect("given back");
    let late = take_over(&world.store, &ctx, world.acme, vec![row("+493023125012", "mara", "2025-01-01T00:00:00Z")]).await;
    assert_eq!(late.expect("told").rows[0].code.as_deref(), Some("time_overlaps"));
    assert_eq!(code(take_over(&world.store, &world.tenant(), world.acme, rows).await), (403, "wrong_org_kind"));
}

#[sqlx::test]
async fn stock_is_counted_by_group(pool: PgPool) {
    let world = world(pool).await;
    let numbers: Vec<String> = (0..20).map(|n| format!("+4930231250{n:02}")).collect();
    world.stock(&numbers.iter().map(String::as_str).collect::<Vec<_>>()).await;
    world.people(&["mara"]).await;
    for number in &numbers[..12] {
        world.assign(number, "mara").await.expect("assigned");
    }
    world.unassign(&numbers[0], Some(30)).await.expect("given back");
    world.unassign(&numbers[1], Some(0)).await.expect("given back");
    let reserve = Asked { e164: numbers[15].clone(), act: Act::Reserve { note: "For Jonas".into() }, version: None };
    acts::act(&world.store, &world.tenant(), reserve).await.expect("reserved");

    let groups = stock::tenant_stock(&world.store, &world.tenant()).await.expect("stock");
    let [group] = &groups[..] else { panic!("one group: {groups:?}") };
    assert_eq!((group.total, group.assigned, group.quarantined, group.reserved, group.free), (20, 10, 1, 1, 8));
    assert_eq!((group.begun, group.ended, group.days_left()), (12, 2, Some(72)));
    assert!(!group.low());
    let key = group.key();
    for (percent, status) in [("101", 422), ("-1", 422), ("x", 422)] {
        assert_eq!(code(stock::set_threshold(&world.store, &world.tenant(), &key, percent).await).0, status);
    }
    stock::set_threshold(&world.store, &world.tenant(), &key, "50").await.expect("set");
    assert!(stock::tenant_stock(&world.store, &world.tenant()).await.expect("stock")[0].low());
    let mut tx = world.store.begin_for(&world.tenant()).await.expect("a transaction");
    assert_eq!(stock::low_groups(&mut tx, &world.tenant(), world.acme).await.expect("a count"), 1);
    tx.commit().await.expect("committed");
    stock::set_threshold(&world.store, &world.tenant(), &key, "").await.expect("the usual one");
    assert!(!stock::tenant_stock(&world.store, &world.tenant()).await.expect("stock")[0].low());

    // The operator sees neither reservations nor a customer whose gate is closed.
    let theirs = stock::operator_stock(&world.store, &world.operator(), Way::Page).await.expect("stock");
    let [group] = &theirs[..] else { panic!("one group: {theirs:?}") };
    assert_eq!((group.total, group.assigned, group.quarantined, group.reserved, group.free), (20, 10, 1, 0, 9));
    assert_eq!((group.begun, group.ended), (12, 2));
    world.gate(world.acme, world.norvik, "DE", Some("suspended")).await;
    assert_eq!(stock::operator_stock(&world.store, &world.operator(), Way::Page).await.expect("stock"), []);
}

#[sqlx::test]
async fn a_consent_covers_countries_and_a_number_is_one_customers(pool: PgPool) {
    let world = world(pool).await;
    world.gate(world.globex, world.norvik, "DE", None).await;
    world.provision(vec![json!({ "e164": ONE, "tenant_id": "globex", "usage": "user" })]).await;
    let rows = world
        .provision(vec![
            json!({ "e164": "+441134960001", "tenant_id": "acme", "usage": "user" }),
            json!({ "e164": ONE, "tenant_id": "acme", "usage": "user" }),
            json!({ "e164": "+4903023125010", "tenant_id": "acme", "usage": "user" }),
            json!({ "e164": "+49", "tenant_id": "acme", "usage": "user" }),
        ])
        .await;
    let told: Vec<_> = rows.iter().map(|row| row.code.as_deref().unwrap_or("accepted")).collect();
    assert_eq!(told, ["country_not_in_consent", "number_of_other_customer", "e164_unlisted", "e164_invalid"]);
    let fix = rows[2].fix.clone().unwrap_or_default();
    assert!(fix.contains("dialled inside the country only. Did you mean +493023125010?"), "{fix}");
    world.gate(world.acme, world.norvik, "DE", Some("suspended")).await;
    let rows = world.provision(vec![json!({ "e164": TWO, "tenant_id": "acme", "usage": "user" })]).await;
    assert_eq!(rows[0].code.as_deref(), Some("gate_closed"));
}

/// Logs how long files of 10,000 rows take; a bound far above what is meant catches what grows with the square.
#[sqlx::test]
async fn ten_thousand_rows_in_one_file(pool: PgPool) {
    let world = world(pool).await;
    let row =
        |n: u32| json!({ "e164": format!("+4930{:07}", 2_000_000 + n), "tenant_id": "acme", "usage": "user", "city": "Berlin" });
    let rows: Vec<Value> = (0..10_000).map(row).collect();
    let began = std::time::Instant::now();
    let checked = precheck(&world.store, &world.operator(), rows.clone(), Source::Upload).await.expect("checked");
    let check = began.elapsed();
    assert_eq!((checked.accepted, checked.rejected), (10_000, 0));
    let began = std::time::Instant::now();
    let order = provision(&world.store, &world.operator(), rows, Source::Upload).await.expect("an order");
    let first = began.elapsed();
    while crate::numbers::run_orders(&world.store).await.expect("a chunk") {}
    let run = began.elapsed();
    let order = find_order(&world.store, &world.operator(), order).await.expect("an order");
    assert_eq!((order.state.as_str(), order.accepted), ("succeeded", 10_000));
    tracing::info!(?check, ?first, ?run, "10,000 rows");
    assert!(check.as_secs() < 60 && run.as_secs() < 120, "precheck {check:?}, run {run:?}");
}
