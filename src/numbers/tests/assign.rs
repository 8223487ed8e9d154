//! Assign, unassign, refuse, confirm.

use super::*;

const ONE: &str = "+493023125010";
const TWO: &str = "+493023125011";

#[sqlx::test]
async fn a_number_is_assigned_confirmed_and_given_back(pool: PgPool) {
    let world = world(pool).await;
    world.stock(&[ONE]).await;
    world.people(&["mara"]).await;
    let number = world.assign(ONE, "mara").await.expect("assigned");
    assert_eq!((number.number_seq, number.activation), (1, ActivationState::AssignmentPending));
    assert_eq!(number.assigned.as_ref().map(|held| held.category), Some(Category::Primary));
    let events = queries::events(&world.store, world.acme, ONE).await;
    insta::assert_snapshot!(events[0].2, @r#"{"e164":"+493023125010","sip_uri":"sip:+493023125010@acme.sip.example;user=phone","assignment_status":"user","activation_state":"assignment_pending","usage":"user","country":"DE","tenant_name":"Acme GmbH","billing_ref":null}"#);
    assert_eq!((events[0].0.as_str(), events[0].3.as_str()), ("number.assigned", r#"{"assignment_status":"unassigned"}"#));

    // A second submit is no second effect.
    assert_eq!(world.assign(ONE, "mara").await.expect("the same"), number);
    assert_eq!(queries::events(&world.store, world.acme, ONE).await.len(), 1);

    queries::confirmed(&world.store, world.acme, world.norvik, ONE, 0).await;
    confirm(&world.store).await.expect("taken");
    assert_eq!(queries::state(&world.store, world.acme, ONE).await, Some(("assignment_pending".into(), 1, 2)));
    queries::confirmed(&world.store, world.acme, world.telia, ONE, 1).await;
    confirm(&world.store).await.expect("taken");
    assert_eq!(
        queries::state(&world.store, world.acme, ONE).await,
        Some(("assignment_pending".into(), 1, 2)),
        "another operator's word"
    );
    queries::confirmed(&world.store, world.acme, world.norvik, ONE, 1).await;
    queries::confirmed(&world.store, world.acme, world.norvik, ONE, 1).await;
    confirm(&world.store).await.expect("taken");
    assert_eq!(queries::state(&world.store, world.acme, ONE).await, Some(("activated".into(), 1, 2)));
    assert_eq!(queries::waiting(&world.store).await, 0);

    // The gate may be closed: giving back is never refused.
    world.gate(world.acme, world.norvik, "DE", Some("withdrawn")).await;
    world.store.env.advance(TimeDelta::hours(1));
    let back = world.unassign(ONE, None).await.expect("given back");
    assert_eq!((back.number_seq, back.status), (2, AssignmentStatus::Unassigned));
    assert_eq!(back.quarantine, Quarantine::Until(world.store.env.now() + TimeDelta::days(30)), "the tenant's default");
    let told = queries::events(&world.store, world.acme, ONE).await;
    assert_eq!((told[1].0.as_str(), told[1].3.as_str()), ("number.unassigned", r#"{"assignment_status":"user"}"#));
    assert_eq!(queries::timeline(&world.store, world.acme, ONE).await, ["provisioned", "assigned", "activated", "unassigned"]);
    assert_eq!(code(world.unassign(ONE, None).await), (422, "not_assigned"));
}

#[sqlx::test]
async fn every_refusal_is_typed(pool: PgPool) {
    let world = world(pool).await;
    world.stock(&[ONE, TWO]).await;
    world.people(&["mara", "otto"]).await;
    let more = [
        Target { licensed: false, ..person("guest") },
        Target { usage_location: Some("FR".into()), ..person("paul") },
        Target { kind: TargetKind::ResourceAccount, ..person("queue") },
    ];
    seed_targets(&world.store, world.acme, &more, now()).await.expect("people");
    let seeds = [
        SeedNumber { capabilities: vec![Capability::Inbound], ..SeedNumber::new(e164("+493023125012"), "DE", Usage::User, now()) },
        SeedNumber { emergency_mode: EmergencyMode::Tenant, ..SeedNumber::new(e164("+493023125013"), "DE", Usage::User, now()) },
        SeedNumber { quarantine: Quarantine::Forever, ..SeedNumber::new(e164("+493023125014"), "DE", Usage::User, now()) },
        SeedNumber::new(e164("+33199001234"), "FR", Usage::User, now()),
    ];
    seed_numbers(&world.store, world.acme, world.norvik, &seeds).await.expect("stock");
    assert_eq!(code(world.assign("+493023125099", "mara").await), (404, "number_not_found"));
    assert_eq!(code(world.assign("+33199001234", "paul").await), (422, "gate_closed"));
    assert_eq!(code(world.assign(ONE, "nobody").await), (422, "target_unknown"));
    assert_eq!(code(world.assign(ONE, "guest").await), (422, "target_not_licensed"));
    assert_eq!(code(world.assign(ONE, "paul").await), (422, "country_mismatch"));
    assert_eq!(code(world.assign(ONE, "queue").await), (422, "usage_mismatch"));
    assert_eq!(code(world.assign("+493023125012", "mara").await), (422, "capability_missing"));
    assert_eq!(code(world.assign("+493023125013", "mara").await), (422, "emergency_location_required"));
    assert_eq!(code(world.assign("+493023125014", "mara").await), (422, "quarantined"));
    assert_eq!(code(world.unassign(ONE, Some(400)).await), (422, "quarantine_invalid"));
    queries::reserve(&world.store, world.acme, TWO).await;
    assert_eq!(code(world.assign(TWO, "mara").await), (422, "reserved"));

    world.assign(ONE, "mara").await.expect("assigned");
    assert_eq!(code(world.assign(ONE, "otto").await), (422, "already_assigned"));
    let wish = |version, category| AssignIn { e164: e164("+493023125012"), target_id: "mara".into(), category, version };
    assert_eq!(code(assign(&world.store, &world.tenant(), wish(Some(9), None)).await), (412, "version_conflict"));
    let primary = AssignIn { e164: e164("+493023125015"), ..wish(None, Some(Category::Primary)) };
    world.stock(&["+493023125015"]).await;
    assert_eq!(code(assign(&world.store, &world.tenant(), primary.clone()).await), (422, "primary_exists"));
    let second = assign(&world.store, &world.tenant(), AssignIn { category: None, ..primary }).await.expect("assigned");
    assert_eq!(second.assigned.map(|held| held.category), Some(Category::Alternate));

    queries::terminate(&world.store, world.acme, world.norvik).await;
    world.stock(&["+493023125016"]).await;
    assert_eq!(code(world.assign("+493023125016", "otto").await), (422, "relationship_ended"));
    let blind = Ctx { scopes: [Scope::TenantRead].into_iter().collect(), ..world.tenant() };
    assert_eq!(code(assign(&world.store, &blind, wish(None, None)).await), (403, "scope_missing"));
    assert_eq!(code(assign(&world.store, &world.operator(), wish(None, None)).await), (403, "wrong_org_kind"));
}

#[sqlx::test]
async fn two_hands_at_once_make_one_primary(pool: PgPool) {
    let world = world(pool).await;
    world.stock(&[ONE, TWO]).await;
    world.people(&["mara"]).await;
    let wish =
        |text: &str| AssignIn { e164: e164(text), target_id: "mara".into(), category: Some(Category::Primary), version: None };
    let ctx = world.tenant();
    let (first, second) = tokio::join!(assign(&world.store, &ctx, wish(ONE)), assign(&world.store, &ctx, wish(TWO)));
    let refused: Vec<_> = [first, second].into_iter().filter_map(Result::err).map(|failure| failure.problem().code).collect();
    assert_eq!(refused, ["primary_exists"]);
    let (first, second) = tokio::join!(world.assign(ONE, "mara"), world.assign(ONE, "mara"));
    assert!(first.is_ok() || second.is_ok());
    let events =
        queries::events(&world.store, world.acme, ONE).await.len() + queries::events(&world.store, world.acme, TWO).await.len();
    assert!(events <= 2, "{events} events");
}

#[sqlx::test]
async fn an_operator_refuses_what_it_cannot_serve(pool: PgPool) {
    let world = world(pool).await;
    world.stock(&[ONE]).await;
    world.people(&["mara"]).await;
    world.assign(ONE, "mara").await.expect("assigned");
    let no = |ctx: Ctx, seq: i64| {
        let store = world.store.clone();
        async move { refuse(&store, &ctx, &e164(ONE), seq, "no_route", "No route to that exchange.").await }
    };
    assert_eq!(code(no(world.ctx(Org::Operator(world.telia)), 1).await), (404, "number_not_found"));
    assert_eq!(code(no(world.tenant(), 1).await), (403, "wrong_org_kind"));
    assert_eq!(code(no(world.operator(), 0).await), (409, "seq_stale"));
    assert_eq!(code(no(world.operator(), 2).await), (422, "seq_unknown"));
    let number = no(world.operator(), 1).await.expect("refused");
    assert_eq!(number.activation, ActivationState::AssignmentFailed);
    assert_eq!(no(world.operator(), 1).await.expect("the same").version, number.version);
    queries::confirmed(&world.store, world.acme, world.norvik, ONE, 1).await;
    confirm(&world.store).await.expect("taken");
    assert_eq!(queries::state(&world.store, world.acme, ONE).await.map(|state| state.0), Some("assignment_failed".into()));
    let again = world.assign(ONE, "mara").await.expect("a new try");
    assert_eq!((again.number_seq, again.activation), (2, ActivationState::AssignmentPending));
    assert_eq!(code(refuse(&world.store, &world.operator(), &e164(ONE), 2, "No Route", "x").await), (422, "refusal_invalid"));
}

#[sqlx::test]
async fn what_is_somebody_elses_is_not_there(pool: PgPool) {
    let world = world(pool).await;
    world.stock(&[ONE]).await;
    world.people(&["mara"]).await;
    world.assign(ONE, "mara").await.expect("assigned");
    let globex = world.ctx(Org::Tenant(world.globex));
    let wish = AssignIn { e164: e164(ONE), target_id: "mara".into(), category: None, version: None };
    assert_eq!(code(assign(&world.store, &globex, wish).await), (404, "number_not_found"));
    assert_eq!(code(unassign(&world.store, &globex, &e164(ONE), None, None).await), (404, "number_not_found"));

    // Row security alone, without any scope in the query.
    let mut own = world.store.begin(Reach::Tenant(world.acme)).await.expect("a transaction");
    assert!(queries::rows_in_reach(&mut own, world.acme.0).await > 4);
    let mut foreign = world.store.begin(Reach::Tenant(world.globex)).await.expect("a transaction");
    assert_eq!(queries::rows_in_reach(&mut foreign, world.acme.0).await, 0);
    let mut nobody = world.store.begin(Reach::Nobody).await.expect("a transaction");
    assert_eq!(queries::rows_in_reach(&mut nobody, world.acme.0).await, 0);
    assert_eq!(queries::operator_view(&world.store, world.norvik).await, (1, 0));
    assert_eq!(queries::operator_view(&world.store, world.telia).await, (0, 0));
}
