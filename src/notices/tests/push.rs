//! Deliveries to a receiver.

use super::*;

#[sqlx::test]
async fn a_push_is_signed_registered_confirmed_and_the_same_bytes_as_a_pull(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (id, secret) = world.endpoint(&receiver).await;
    let mut ids = Vec::new();
    for (e164, seq) in [(NUMBER, 1), (NUMBER, 2), (OTHER, 1)] {
        ids.push(world.emit(EventType::NumberAssigned, e164, seq).await);
    }
    world.run().await;
    let mut arrived = receiver.arrived();
    assert_eq!(arrived.len(), 3);
    let webhook = standardwebhooks::Webhook::new(&secret).expect("a secret");
    for message in &arrived {
        webhook.verify(message.body.as_bytes(), &message.headers).expect("signed");
        assert_eq!(message.header("webhook-id"), message.json()["id"]);
        assert_eq!((message.header("webhook-attempt"), message.header("content-type")), ("1", "application/json"));
        assert!(message.header("user-agent").starts_with("concord/"));
    }
    let of_number: Vec<i64> = receiver.what().into_iter().filter(|what| what.0 == NUMBER).map(|what| what.1).collect();
    assert_eq!(of_number, [1, 2], "a number's events arrive in order");
    arrived.sort_by_key(|message| message.json()["seq"].as_i64());
    let pulled = world.pull(0, false).await;
    assert_eq!(arrived.iter().map(|m| m.body.clone()).collect::<Vec<_>>(), pulled.bodies);
    for id in &ids {
        assert_eq!(world.register(&id.wire()).await, [("push".into(), "confirmed".into(), "consent".into(), 1)]);
    }
    let digest: Vec<u8> = sqlx::query_scalar("select digest from transfer where ref = $1")
        .bind(ids[0].wire())
        .fetch_one(world.store.pool())
        .await
        .expect("an entry");
    assert_eq!(digest, <sha2::Sha256 as sha2::Digest>::digest(arrived[0].body.as_bytes()).to_vec());
    assert_eq!(world.confirmed().await, [(NUMBER.into(), 1), (OTHER.into(), 1), (NUMBER.into(), 2)]);
    let shown = get_endpoint(&world.store, &world.ctx, id).await.expect("there");
    assert_eq!((shown.cursor_seq, shown.backlog, shown.held), (3, 0, 0));
    let tries = attempts_of_event(&world.store, &world.ctx, ids[0], None, 10).await.expect("listed");
    assert_eq!((tries.len(), tries[0].status, tries[0].trigger.as_str()), (1, Some(204), "feed"));
    assert!(!tries[0].request_headers.contains(arrived[0].header("webhook-signature")));
}

#[sqlx::test]
async fn a_failing_number_waits_in_order_and_holds_back_no_other(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (id, _) = world.endpoint(&receiver).await;
    receiver.answers(|body| if body.contains(NUMBER) { 500 } else { 200 });
    let first = world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.emit(EventType::NumberUpdated, NUMBER, 2).await;
    world.emit(EventType::NumberAssigned, OTHER, 1).await;
    world.run().await;
    let mut what = receiver.what();
    what.sort();
    assert_eq!(what, [(NUMBER.to_owned(), 1), (OTHER.to_owned(), 1)], "the second waits behind the first");
    assert_eq!(world.confirmed().await, [(OTHER.to_owned(), 1)]);
    assert_eq!(world.register(&first.wire()).await[0].1, "unconfirmed");
    let shown = get_endpoint(&world.store, &world.ctx, id).await.expect("there");
    assert_eq!((shown.cursor_seq, shown.held), (3, 1));

    receiver.forget();
    world.later(TimeDelta::seconds(1)).await;
    assert_eq!(receiver.what(), [], "not before its time");
    receiver.answers(|_| 200);
    world.later(TimeDelta::seconds(10)).await;
    assert_eq!(receiver.what(), [(NUMBER.to_owned(), 1), (NUMBER.to_owned(), 2)]);
    assert_eq!(receiver.arrived()[0].header("webhook-attempt"), "2");
    assert_eq!(receiver.arrived()[0].header("webhook-id"), first.wire());
    let shown = get_endpoint(&world.store, &world.ctx, id).await.expect("there");
    assert_eq!((shown.held, shown.backlog, shown.failing_since), (0, 0, None));
    assert_eq!(world.register(&first.wire()).await.len(), 2, "each try is a transfer");
}

#[sqlx::test]
async fn what_a_dead_worker_had_is_tried_again_when_its_lease_lapses(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    world.endpoint(&receiver).await;
    receiver.answers(|_| 500);
    let id = world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.run().await;
    // As a worker leaves it that claimed the second try and was killed.
    let now = world.store.env.now();
    sqlx::query("update held_event set attempt = 2, next_at = $1, leased_until = $1 + interval '60 seconds'")
        .bind(now)
        .execute(world.store.pool())
        .await
        .expect("claimed");
    receiver.answers(|_| 200);
    receiver.forget();
    world.later(TimeDelta::seconds(59)).await;
    assert_eq!(receiver.arrived().len(), 0, "it may still be on its way");
    world.later(TimeDelta::seconds(2)).await;
    assert_eq!(receiver.what(), [(NUMBER.to_owned(), 1)]);
    assert_eq!(
        (receiver.arrived()[0].header("webhook-attempt"), receiver.arrived()[0].header("webhook-id")),
        ("3", id.wire().as_str())
    );
    world.later(TimeDelta::days(1)).await;
    assert_eq!((receiver.arrived().len(), world.confirmed().await.len()), (1, 1));
}

#[sqlx::test]
async fn what_a_closed_gate_covers_is_withheld(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    world.endpoint(&receiver).await;
    let gated = world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    let free = world.emit(EventType::NumberUnassigned, OTHER, 2).await;
    world.seal().await;
    world.gate(Some("suspended")).await;
    world.run().await;
    let mut arrived = receiver.arrived();
    arrived.sort_by_key(|message| message.json()["seq"].as_i64());
    let expected = format!(r#"{{"id":"{}","seq":1,"type":"event.withheld","reason":"consent_suspended"}}"#, gated.wire());
    assert_eq!(arrived[0].body, expected);
    assert_eq!(arrived[1].json()["type"], "number.unassigned");
    assert_eq!(world.pull(0, true).await.bodies[0], expected);
    world.pull(2, true).await;
    assert_eq!(
        world.confirmed().await,
        [(OTHER.to_owned(), 2), (OTHER.to_owned(), 2)],
        "by push and by pull, never the withheld one"
    );
    assert_eq!(world.register(&gated.wire()).await, [("push".into(), "confirmed".into(), "wind_down".into(), 0)]);
    assert_eq!(world.register(&free.wire()).await, [("push".into(), "confirmed".into(), "wind_down".into(), 1)]);

    receiver.forget();
    world.gate(None).await;
    world.run().await;
    assert_eq!(receiver.arrived().len(), 0, "nothing is replayed of itself");
}

#[sqlx::test]
async fn a_paused_endpoint_keeps_its_place(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (id, _) = world.endpoint(&receiver).await;
    pause_endpoint(&world.store, &world.ctx, id).await.expect("paused");
    for seq in 1..=3 {
        world.emit(EventType::NumberUpdated, NUMBER, seq).await;
    }
    world.run().await;
    assert_eq!(receiver.arrived().len(), 0);
    assert_eq!(world.pull(0, false).await.bodies.len(), 3, "the pull still works");
    let resumed = resume_endpoint(&world.store, &world.ctx, id).await.expect("resumed");
    assert_eq!((resumed.state.as_str(), resumed.backlog), ("active", 3));
    world.run().await;
    assert_eq!(receiver.what(), [(NUMBER.to_owned(), 1), (NUMBER.to_owned(), 2), (NUMBER.to_owned(), 3)]);
}

#[sqlx::test]
async fn an_event_is_sent_once_more_under_its_id(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (id, _) = world.endpoint(&receiver).await;
    let first = world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.emit(EventType::NumberUpdated, NUMBER, 2).await;
    world.run().await;
    receiver.forget();
    assert_eq!(redeliver(&world.store, &world.ctx, first, None).await.expect("queued"), 1);
    world.run().await;
    let arrived = receiver.arrived();
    assert_eq!(receiver.what(), [(NUMBER.to_owned(), 1)], "that one alone");
    assert_eq!((arrived[0].header("webhook-id"), arrived[0].header("webhook-attempt")), (first.wire().as_str(), "2"));
    let tries = attempts_of_event(&world.store, &world.ctx, first, None, 10).await.expect("listed");
    assert_eq!(tries.iter().map(|t| (t.trigger.as_str(), t.number)).collect::<Vec<_>>().len(), 2);
    assert!(tries.iter().any(|t| t.trigger == "redeliver" && t.number == 2));

    // One that fails gives way to what comes after it, and is tried again later.
    receiver.forget();
    receiver.answers(|body| if body.contains(r#""number_seq":1,"#) { 500 } else { 200 });
    redeliver(&world.store, &world.ctx, first, Some(id)).await.expect("queued");
    world.run().await;
    world.emit(EventType::NumberUpdated, NUMBER, 3).await;
    world.run().await;
    assert_eq!(receiver.what(), [(NUMBER.to_owned(), 1), (NUMBER.to_owned(), 3)]);
    receiver.answers(|_| 200);
    world.later(TimeDelta::days(2)).await;
    assert_eq!(receiver.what().last(), Some(&(NUMBER.to_owned(), 1)));
    let left: i64 = sqlx::query_scalar("select (select count(*) from resend) + (select count(*) from held_event)")
        .fetch_one(world.store.pool())
        .await
        .expect("a count");
    assert_eq!(left, 0);
}

#[sqlx::test]
async fn past_events_are_counted_then_sent_in_order(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (id, _) = world.endpoint(&receiver).await;
    for seq in 1..=4 {
        world.emit(EventType::NumberUpdated, NUMBER, seq).await;
    }
    world.run().await;
    receiver.forget();
    let wanted = RecoverIn { after_seq: Some(1), only: Some("all".to_owned()), dry_run: true, ..RecoverIn::default() };
    let counted = recover_endpoint(&world.store, &world.ctx, id, wanted.clone()).await.expect("counted");
    assert_eq!((counted.count, counted.first_seq, counted.last_seq, counted.job_id), (3, Some(2), Some(4), None));
    world.run().await;
    assert_eq!(receiver.arrived().len(), 0, "a dry run changes nothing");
    recover_endpoint(&world.store, &world.ctx, id, RecoverIn { dry_run: false, ..wanted }).await.expect("queued");
    world.run().await;
    assert_eq!(receiver.what().into_iter().map(|what| what.1).collect::<Vec<_>>(), [2, 3, 4]);
    let missing = RecoverIn { after_seq: Some(0), dry_run: true, ..RecoverIn::default() };
    assert_eq!(recover_endpoint(&world.store, &world.ctx, id, missing).await.expect("counted").count, 0, "all were delivered");
}

#[sqlx::test]
async fn after_its_budget_an_endpoint_is_paused_and_the_feed_says_so(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (id, _) = world.endpoint(&receiver).await;
    receiver.answers(|_| 503);
    world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.run().await;
    world.later(TimeDelta::hours(74)).await;
    assert_eq!(get_endpoint(&world.store, &world.ctx, id).await.expect("there").warned_percent, 90);
    world.later(TimeDelta::hours(2)).await;
    let shown = get_endpoint(&world.store, &world.ctx, id).await.expect("there");
    assert_eq!(
        (shown.state.as_str(), shown.state_reason.as_deref(), shown.held),
        ("paused", Some("failing"), 2),
        "the number's event and the warning"
    );
    let page = world.pull(2, false).await;
    let event: Value = serde_json::from_str(&page.bodies[0]).expect("JSON");
    assert_eq!((event["type"].as_str(), event["tenant_id"].clone()), (Some("endpoint.paused"), Value::Null));
    assert_eq!(event["data"]["endpoint_id"], id.to_string());
    receiver.answers(|_| 200);
    receiver.forget();
    resume_endpoint(&world.store, &world.ctx, id).await.expect("resumed");
    world.later(TimeDelta::seconds(1)).await;
    assert_eq!(receiver.arrived().len(), 3, "the number's event, the warning and the pause");
}

#[sqlx::test]
async fn the_word_gone_disables_and_a_slow_one_holds_up_nobody(pool: PgPool) {
    let world = World::new(pool).await;
    let (gone, fine) = (Receiver::start().await, Receiver::start().await);
    let (id, _) = world.endpoint(&gone).await;
    world.endpoint(&fine).await;
    gone.answers(|_| 410);
    for seq in 1..=3 {
        world.emit(EventType::NumberUpdated, NUMBER, seq).await;
    }
    world.run().await;
    // It is told of in the feed, which the other's worker may have left by then.
    world.run().await;
    assert_eq!((gone.arrived().len(), fine.arrived().len()), (1, 4), "the other is told of it");
    let shown = get_endpoint(&world.store, &world.ctx, id).await.expect("there");
    assert_eq!((shown.state.as_str(), shown.disabled_reason.as_deref()), ("disabled", Some("gone")));
    let page = world.pull(3, false).await;
    let told: Value = serde_json::from_str(&page.bodies[0]).expect("JSON");
    assert_eq!((&told["type"], &told["data"]["reason"]), (&"endpoint.disabled".into(), &"gone".into()));
    assert_eq!(told["data"]["endpoint_id"], id.to_string());
    gone.answers(|_| 200);
    gone.forget();
    verify_endpoint(&world.store, &world.notices, &world.ctx, id).await.expect("verified");
    world.run().await;
    let what: Vec<_> = gone.what().into_iter().skip(1).filter(|(subject, _)| subject == NUMBER).map(|(_, seq)| seq).collect();
    assert_eq!(what, [1, 2, 3]);
}

#[sqlx::test]
async fn while_rotating_both_secrets_fit(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (id, old) = world.endpoint(&receiver).await;
    let made = rotate_endpoint(&world.store, &world.ctx, id, 3_600).await.expect("rotated");
    world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.run().await;
    let message = &receiver.arrived()[0];
    for secret in [&old, &made.secret] {
        let webhook = standardwebhooks::Webhook::new(secret).expect("a secret");
        webhook.verify(message.body.as_bytes(), &message.headers).expect("signed");
    }
    assert!(heartbeat(world.store.clone(), world.notices.clone()).await.is_ok_and(|more| !more));
    assert_eq!(receiver.arrived()[1].json()["data"]["head_seq"], 1);
    heartbeat(world.store.clone(), world.notices.clone()).await.expect("nothing due");
    assert_eq!(receiver.arrived().len(), 2, "once an hour");
}

/// Answers a challenge under a status, as `/text` with the bare challenge, elsewhere as JSON.
async fn challenged(uri: http::Uri, body: String) -> Response {
    let value: Value = serde_json::from_str(&body).expect("JSON");
    let challenge = value["data"]["challenge"].as_str().expect("text").to_owned();
    let (shape, status) = uri.path().trim_start_matches('/').split_once('/').expect("two parts");
    let status = StatusCode::from_u16(status.parse().expect("a number")).expect("a status");
    let text = if shape == "text" { challenge } else { json!({ "challenge": challenge }).to_string() };
    (status, text).into_response()
}

#[sqlx::test]
async fn only_200_with_the_challenge_verifies(pool: PgPool) {
    let world = World::new(pool).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let place = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(challenged)).await });
    for (path, verifies) in [("json/200", true), ("text/200", true), ("json/201", false), ("text/202", false), ("json/500", false)]
    {
        let input = EndpointIn { url: format!("{place}/{path}"), ..EndpointIn::default() };
        let made = create_endpoint(&world.store, &world.notices, &world.ctx, input).await.expect("made");
        let id = EndpointId(made.endpoint.id);
        let verified = verify_endpoint(&world.store, &world.notices, &world.ctx, id).await;
        assert_eq!(verified.is_ok(), verifies, "{path}: {verified:?}");
        assert_eq!(world.shown(id).await.state == "active", verifies, "{path}");
    }
}
