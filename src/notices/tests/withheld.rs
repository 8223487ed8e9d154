//! What was withheld stays withheld.

use super::*;

impl World {
    async fn bodies(&self, after: i64) -> Vec<Value> {
        let page = self.pull(after, false).await;
        page.bodies.iter().map(|body| serde_json::from_str(body).expect("JSON")).collect()
    }
}

fn kinds(bodies: &[Value]) -> Vec<(i64, &str)> {
    bodies.iter().map(|body| (body["seq"].as_i64().unwrap_or(0), body["type"].as_str().unwrap_or(""))).collect()
}

#[sqlx::test]
async fn an_event_served_as_withheld_is_never_served_in_full_again(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (endpoint, _) = world.endpoint(&receiver).await;
    let before = world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.run().await;
    assert_eq!(receiver.arrived()[0].json()["type"], "number.assigned", "the gate was open");
    receiver.forget();

    world.gate(Some("suspended")).await;
    let during = world.emit(EventType::NumberUpdated, NUMBER, 2).await;
    world.emit(EventType::NumberUnassigned, OTHER, 3).await;
    world.run().await;
    let closed = world.bodies(0).await;
    assert_eq!(kinds(&closed), [(1, "event.withheld"), (2, "event.withheld"), (3, "number.unassigned")]);

    world.gate(None).await;
    world.emit(EventType::NumberSnapshot, NUMBER, 2).await;
    world.run().await;
    receiver.forget();
    let open = world.bodies(0).await;
    assert_eq!(open[..3], closed[..], "the same id and seq answer the same");
    assert_eq!(kinds(&open)[3], (4, "number.snapshot"));
    for id in [before, during] {
        let body = get_event(&world.store, &world.ctx, id).await.expect("there");
        assert!(body.contains("event.withheld") && !body.contains(NUMBER), "{body}");
        redeliver(&world.store, &world.ctx, id, Some(endpoint)).await.expect("queued");
    }
    world.run().await;
    let wanted = RecoverIn { after_seq: Some(0), only: Some("all".to_owned()), ..RecoverIn::default() };
    recover_endpoint(&world.store, &world.ctx, endpoint, wanted).await.expect("queued");
    for _ in 0..4 {
        world.later(TimeDelta::seconds(2)).await;
    }
    let again = receiver.arrived();
    let of = |seq: i64| again.iter().filter(move |sent| sent.json()["seq"] == seq).collect::<Vec<_>>();
    for seq in [1, 2] {
        assert!(of(seq).len() >= 2, "redelivered and recovered: {}", of(seq).len());
        assert!(of(seq).iter().all(|sent| sent.json()["type"] == "event.withheld" && !sent.body.contains(NUMBER)));
    }
    assert!(of(4).iter().all(|sent| sent.json()["type"] == "number.snapshot") && !of(4).is_empty());

    // A second opening ends like the first; a reason once given stays.
    world.gate(Some("withdrawn")).await;
    let reasons: Vec<_> = world.bodies(0).await.iter().map(|body| body["reason"].as_str().unwrap_or("").to_owned()).collect();
    assert_eq!(reasons, ["consent_suspended", "consent_suspended", "", "consent_withdrawn"]);
    world.gate(None).await;
    let after: Vec<_> = world.bodies(0).await.iter().map(|body| body["reason"].as_str().unwrap_or("").to_owned()).collect();
    assert_eq!(after, reasons);
}

/// Which number or type it was is withheld too: a filter does not find it.
#[sqlx::test]
async fn a_filter_does_not_find_what_is_withheld(pool: PgPool) {
    let world = World::new(pool).await;
    world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.seal().await;
    let by = |filter: FeedFilter| {
        let world = &world;
        async move {
            let filter = FeedFilter { limit: 1, ..filter };
            let page =
                pull(&world.store, &world.notices, &world.ctx, &filter, false, std::time::Duration::ZERO).await.expect("pulled");
            (page.bodies.len(), page.last_seq)
        }
    };
    let filters = || {
        let number = FeedFilter { e164: Some(NUMBER.to_owned()), ..FeedFilter::default() };
        [number, FeedFilter { types: vec!["number.assigned".to_owned()], ..FeedFilter::default() }]
    };
    for filter in filters() {
        assert_eq!(by(filter).await, (1, 1));
    }
    world.gate(Some("suspended")).await;
    world.emit(EventType::NumberUnassigned, OTHER, 1).await;
    world.seal().await;
    assert_eq!(kinds(&world.bodies(0).await), [(1, "event.withheld"), (2, "number.unassigned")]);
    for filter in filters() {
        assert_eq!(by(filter).await, (0, 2), "not even its place");
    }
    world.gate(None).await;
    for filter in filters() {
        assert_eq!(by(filter).await, (0, 2), "for good");
    }
}

#[sqlx::test]
async fn what_is_withheld_confirms_nothing_also_after_the_gate_opened_again(pool: PgPool) {
    let world = World::new(pool).await;
    world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.seal().await;
    world.gate(Some("suspended")).await;
    world.pull(0, true).await;
    world.gate(None).await;
    world.pull(1, true).await;
    assert_eq!(world.confirmed().await, [], "the operator has the place of it alone");
    world.emit(EventType::NumberSnapshot, NUMBER, 1).await;
    world.seal().await;
    world.pull(2, true).await;
    assert_eq!(world.confirmed().await, [(NUMBER.to_owned(), 1)]);
}

#[sqlx::test]
async fn tries_of_a_withheld_event_tell_its_place_alone(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (endpoint, _) = world.endpoint(&receiver).await;
    let id = world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    let unassigned = world.emit(EventType::NumberUnassigned, OTHER, 1).await;
    world.run().await;
    let tries = attempts_of_event(&world.store, &world.ctx, id, None, 11).await.expect("listed");
    assert_eq!((tries.len(), tries[0].subject.as_str()), (1, NUMBER));
    let reference = format!("events/{}/attempts", id.wire());
    assert_eq!(world.register(&reference).await, [("pull".into(), "unconfirmed".into(), "consent".into(), 1)]);

    world.gate(Some("suspended")).await;
    let tries = attempts_of_event(&world.store, &world.ctx, id, None, 11).await.expect("listed");
    let shown = serde_json::to_string(&tries).expect("JSON");
    assert!(tries[0].r#type == "event.withheld" && tries[0].seq == Some(1), "{shown}");
    assert!(!shown.contains(NUMBER) && !shown.contains(&world.tenant.to_string()), "{shown}");
    assert_eq!(world.register(&reference).await.len(), 1, "nothing more was handed over");
    let tries = attempts_of_endpoint(&world.store, &world.ctx, endpoint, None, 11).await.expect("listed");
    let subjects: Vec<_> = tries.iter().filter(|one| one.seq.is_some()).map(|one| one.subject.clone()).collect();
    assert!(subjects.contains(&OTHER.to_owned()) && !subjects.contains(&NUMBER.to_owned()), "{subjects:?}");
    let reference = format!("endpoints/{endpoint}/attempts");
    assert_eq!(world.register(&reference).await, [("pull".into(), "unconfirmed".into(), "wind_down".into(), 1)]);
    let tries = attempts_of_event(&world.store, &world.ctx, unassigned, None, 11).await.expect("listed");
    assert_eq!(tries[0].subject, OTHER);
}
