//! Acts besides assigning: who is told what, what stays the tenant's, and many at once.

use super::*;
use crate::numbers::acts;
use crate::numbers::model::Step;
use crate::numbers::places;
use crate::numbers::places::PlaceIn;
use crate::numbers::reads;
use crate::numbers::settings;

const ONE: &str = "+493023125010";
const TWO: &str = "+493023125011";
const THREE: &str = "+493023125012";

impl World {
    async fn act(&self, number: &str, act: Act) -> Result<Number, Failure> {
        acts::act(&self.store, &self.tenant(), Asked { e164: number.into(), act, version: None }).await
    }

    async fn told(&self, number: &str) -> Vec<String> {
        queries::events(&self.store, self.acme, number).await.into_iter().map(|event| event.0).collect()
    }

    async fn place(&self, label: &str) -> uuid::Uuid {
        places::add(&self.store, &self.tenant(), &place(label)).await.expect("a place").id
    }
}

fn place(label: &str) -> PlaceIn {
    PlaceIn {
        label: label.into(),
        street: "Hauptstr.".into(),
        house_number: "1".into(),
        postal_code: "10115".into(),
        city: "Berlin".into(),
        country: "de".into(),
        additional: None,
    }
}

#[sqlx::test]
async fn what_the_operator_is_told_and_what_not(pool: PgPool) {
    let world = world(pool).await;
    let offers = vec![Capability::Inbound, Capability::User, Capability::VoiceApp];
    let seed = SeedNumber { capabilities: offers, ..SeedNumber::new(e164(ONE), "DE", Usage::User, now()) };
    seed_numbers(&world.store, world.acme, world.norvik, &[seed]).await.expect("stock");

    let number = world.act(ONE, Act::SetUsage { usage: Usage::VoiceApp }).await.expect("changed");
    assert_eq!((number.number_seq, number.activation, number.usage), (1, ActivationState::UpdatePending, Usage::VoiceApp));
    assert_eq!(code(world.act(ONE, Act::SetUsage { usage: Usage::Conference }).await), (422, "capability_missing"));
    let events = queries::events(&world.store, world.acme, ONE).await;
    assert_eq!((events[0].0.as_str(), events[0].3.as_str()), ("number.updated", r#"{"usage":"user"}"#));
    assert!(events[0].2.contains(r#""usage":"voice_app""#), "{}", events[0].2);

    // Tags and reservations are the tenant's alone.
    let version = number.version;
    world.act(ONE, Act::Tag { tags: vec!["lobby".into(), " desk ".into()] }).await.expect("tagged");
    world.act(ONE, Act::Untag { tags: vec!["lobby".into()] }).await.expect("untagged");
    let reserved = world.act(ONE, Act::Reserve { note: "for the new site".into() }).await.expect("reserved");
    assert_eq!((reserved.number_seq, reserved.version), (1, version));
    assert_eq!(world.told(ONE).await, ["number.updated"]);
    let detail = reads::tenant_number(&world.store, &world.tenant(), &e164(ONE)).await.expect("there");
    assert_eq!((detail.tags, detail.reserved.as_deref()), (vec!["desk".to_owned()], Some("for the new site")));
    assert_eq!(queries::changes_seen(&world.store, world.norvik, ONE).await, (2, 5), "the operator sees its own alone");
    world.act(ONE, Act::Unreserve).await.expect("lifted");

    // Given back without any consent; asked once, however often the button is pressed.
    world.gate(world.acme, world.norvik, "DE", Some("withdrawn")).await;
    assert_eq!(code(world.act(ONE, Act::SetUsage { usage: Usage::User }).await), (422, "gate_closed"));
    for _ in 0..2 {
        let asked = world.act(ONE, Act::RequestRelease { note: Some("moved out".into()) }).await.expect("asked");
        assert_eq!((asked.number_seq, asked.release_requested_at), (2, Some(now())));
    }
    let events = queries::events(&world.store, world.acme, ONE).await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[1].0, "number.release_requested");
    assert!(events[1].2.ends_with(r#""note":"moved out"}"#), "{}", events[1].2);
    let mut actions = queries::logged(&world.store, world.acme, ONE).await;
    actions.sort();
    let expected = ["request_release", "reserve", "set_usage", "tag", "unreserve", "untag"].map(|verb| format!("number.{verb}"));
    assert_eq!(actions, expected, "in one moment, in any order");
}

#[sqlx::test]
async fn emergency_locations_by_the_operators_three_modes(pool: PgPool) {
    let world = world(pool).await;
    world.people(&["mara", "otto"]).await;
    let mode = |text: &str, mode| SeedNumber { emergency_mode: mode, ..SeedNumber::new(e164(text), "DE", Usage::User, now()) };
    let seeds =
        [mode(ONE, EmergencyMode::OperatorFixed), mode(TWO, EmergencyMode::OperatorDefault), mode(THREE, EmergencyMode::Tenant)];
    seed_numbers(&world.store, world.acme, world.norvik, &seeds).await.expect("stock");
    let berlin = world.place("Berlin").await;
    let at = |location| Act::SetEmergencyLocation { location };
    assert_eq!(code(world.act(ONE, at(Some(berlin))).await), (422, "emergency_location_fixed"));
    assert_eq!(code(world.act(TWO, at(Some(world.store.env.id()))).await), (422, "emergency_location_unknown"));
    world.assign(TWO, "mara").await.expect("the operator's default will do");
    assert_eq!(code(world.assign(THREE, "otto").await), (422, "emergency_location_required"));
    world.act(THREE, at(Some(berlin))).await.expect("set");
    world.assign(THREE, "otto").await.expect("assigned");
    assert_eq!(code(world.act(THREE, at(None)).await), (422, "emergency_location_required"));
    assert_eq!(code(places::delete(&world.store, &world.tenant(), berlin).await), (422, "location_in_use"));

    // While somebody has the number the operator learns of it whatever the consent says.
    world.gate(world.acme, world.norvik, "DE", Some("suspended")).await;
    let number = world.act(TWO, at(Some(berlin))).await.expect("set");
    assert_eq!(number.activation, ActivationState::AssignmentPending, "what is pending stays so");
    let events = queries::events(&world.store, world.acme, TWO).await;
    assert_eq!(events[1].0, "number.emergency_location_changed");
    assert!(events[1].2.contains(r#""emergency_location":{"id":""#) && events[1].2.contains("Hauptstr."), "{}", events[1].2);
    assert_eq!(events[1].3, r#"{"emergency_location":null}"#);

    // Written anew, an address takes its numbers along, each told to its operator.
    let moved = PlaceIn { street: "Nebenstr.".into(), ..place("Berlin") };
    let saved = places::change(&world.store, &world.tenant(), berlin, &moved).await.expect("changed");
    assert_eq!((saved.moved, saved.left), (2, 0));
    for number in [TWO, THREE] {
        let event = queries::events(&world.store, world.acme, number).await.pop().expect("told");
        assert!(event.2.contains("Nebenstr.") && event.3.contains("Hauptstr."), "{} {}", event.2, event.3);
    }
    assert_eq!(code(places::one(&world.store, &world.tenant(), berlin).await), (404, "not_found"), "nobody has the old one");
    let wrong = PlaceIn { country: "Germany".into(), city: " ".into(), ..place("x") };
    let problem = places::add(&world.store, &world.tenant(), &wrong).await.expect_err("refused").problem();
    let fields: Vec<_> = problem.errors.iter().filter_map(|error| error.field.as_deref()).collect();
    assert_eq!((problem.code, fields), ("location_invalid", vec!["city", "country"]));
}

#[sqlx::test]
async fn what_was_refused_is_tried_again(pool: PgPool) {
    let world = world(pool).await;
    world.stock(&[ONE]).await;
    world.people(&["mara"]).await;
    assert_eq!(world.act(ONE, Act::Retry).await.expect("nothing failed").version, 1);
    world.assign(ONE, "mara").await.expect("assigned");
    let refused = |seq| refuse_it(&world, seq);
    refused(1).await;
    let again = world.act(ONE, Act::Retry).await.expect("tried again");
    assert_eq!((again.activation, again.number_seq, again.fault), (ActivationState::AssignmentPending, 2, None));
    world.unassign(ONE, Some(0)).await.expect("given back");
    refused(3).await;
    assert_eq!(queries::state(&world.store, world.acme, ONE).await.map(|state| state.0), Some("update_failed".into()));
    world.gate(world.acme, world.norvik, "DE", Some("withdrawn")).await;
    let again = world.act(ONE, Act::Retry).await.expect("never held back");
    assert_eq!((again.activation, again.number_seq), (ActivationState::UpdatePending, 4));
    let told = world.told(ONE).await;
    assert_eq!(told, ["number.assigned", "number.assigned", "number.unassigned", "number.unassigned"]);
}

async fn refuse_it(world: &World, seq: i64) {
    refuse(&world.store, &world.operator(), &e164(ONE), seq, "no_route", "No route.").await.expect("refused");
}

#[sqlx::test]
async fn many_at_once_see_what_those_before_them_did(pool: PgPool) {
    let world = world(pool).await;
    let numbers: Vec<String> = (0..60).map(|i| format!("+4930231250{i:02}")).collect();
    world.stock(&numbers.iter().map(String::as_str).collect::<Vec<_>>()).await;
    world.people(&["mara", "otto"]).await;
    let primary = |to: &str| Act::Assign { target_id: to.into(), category: Some(Category::Primary) };
    let ask = |i: usize, act| Asked { e164: numbers[i].clone(), act, version: None };
    let mut asked = vec![
        ask(0, primary("mara")),
        ask(1, primary("mara")),
        ask(0, Act::Unassign { quarantine_days: Some(0) }),
        ask(2, primary("mara")),
        ask(2, Act::SetCategory { category: Category::Private }),
        Asked { e164: "+493023199999".into(), act: Act::Unreserve, version: None },
    ];
    asked.extend((3..60).map(|i| ask(i, Act::Assign { target_id: "otto".into(), category: None })));
    let ctx = world.tenant();
    // The precheck is the run without its end.
    let mut tx = world.store.begin_for(&ctx).await.expect("a transaction");
    let checked = judge(&mut tx, &world.store.env, &ctx, &asked).await.expect("judged");
    drop(tx);
    let mut tx = world.store.begin_for(&ctx).await.expect("a transaction");
    let judged = judge(&mut tx, &world.store.env, &ctx, &asked).await.expect("judged");
    let verdict = |judged: &Judged| match &judged.outcome {
        Ok(Step::Next(_)) => "done",
        Ok(Step::Same) => "same",
        Err(refusal) => refusal.code(),
    };
    let verdicts: Vec<_> = judged.iter().map(verdict).collect();
    assert_eq!(checked.iter().map(verdict).collect::<Vec<_>>(), verdicts);
    assert_eq!(verdicts[..6], ["done", "primary_exists", "done", "done", "done", "number_not_found"]);
    write(&mut tx, &world.store.env, &ctx, &asked, &judged).await.expect("written");
    tx.commit().await.expect("committed");
    let detail = async |i: usize| reads::tenant_number(&world.store, &ctx, &e164(&numbers[i])).await.expect("there");
    assert_eq!(detail(0).await.target_id, None);
    assert_eq!(detail(2).await.category.as_deref(), Some("private"));
    assert_eq!((detail(3).await.category.as_deref(), detail(4).await.category.as_deref()), (Some("primary"), Some("alternate")));
    assert_eq!(world.told(&numbers[0]).await, ["number.assigned", "number.unassigned"]);
    assert_eq!(queries::timeline(&world.store, world.acme, &numbers[2]).await.len(), 3);
    assert_eq!(queries::logged(&world.store, world.acme, &numbers[59]).await, ["number.assign"]);
}

#[sqlx::test]
async fn the_tenants_own_quarantine(pool: PgPool) {
    let world = world(pool).await;
    world.stock(&[ONE, TWO]).await;
    world.people(&["mara"]).await;
    let ctx = world.tenant();
    for (days, rest) in [(-1, Quarantine::Forever), (365, Quarantine::Until(now() + TimeDelta::days(365)))] {
        settings::set_quarantine(&world.store, &ctx, days).await.expect("set");
        assert_eq!(settings::quarantine(&world.store, &ctx).await.expect("read"), days);
        let number = if days < 0 { ONE } else { TWO };
        world.assign(number, "mara").await.expect("assigned");
        assert_eq!(world.unassign(number, None).await.expect("given back").quarantine, rest);
    }
    for wrong in [366, -2] {
        assert_eq!(code(settings::set_quarantine(&world.store, &ctx, wrong).await), (422, "quarantine_invalid"));
    }
    assert_eq!(code(settings::set_quarantine(&world.store, &world.operator(), 1).await), (403, "wrong_org_kind"));
    let other = world.ctx(Org::Tenant(world.globex));
    assert_eq!(settings::quarantine(&world.store, &other).await.expect("read"), 30, "each its own");
}
