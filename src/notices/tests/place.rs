//! Where an endpoint is in its feed: what is counted, shown and sent once more while something is in hand.

use super::super::Outcome;
use super::super::hand::Answered;
use super::super::hand::Whose;
use super::super::post::Posted;
use super::super::queries_delivery::bring_forward;
use super::super::queries_delivery::lock_endpoint;
use super::super::queries_pages;
use super::super::settling::Record;
use super::super::turn::turn;
use super::*;

#[sqlx::test]
async fn a_recovery_leaves_out_what_is_tried_again_in_any_case(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (id, _) = world.endpoint(&receiver).await;
    world.emit(EventType::NumberUpdated, NUMBER, 1).await;
    world.emit(EventType::NumberUpdated, OTHER, 1).await;
    world.run().await;
    receiver.answers(|body| if body.contains(OTHER) { 503 } else { 204 });
    world.emit(EventType::NumberUpdated, OTHER, 2).await;
    world.emit(EventType::NumberUpdated, OTHER, 3).await;
    world.run().await;
    let wanted = |dry_run| RecoverIn { after_seq: Some(0), only: Some("all".to_owned()), dry_run, ..RecoverIn::default() };
    let counted = recover_endpoint(&world.store, &world.ctx, id, wanted(true)).await.expect("counted");
    assert_eq!((counted.count, counted.last_seq), (2, Some(2)), "the third is held back, the fourth waits behind it");
    recover_endpoint(&world.store, &world.ctx, id, wanted(false)).await.expect("opened");
    world.run().await;
    assert_eq!(world.count("select queued from recovery where done_at is not null").await, counted.count);
}

/// Attempts are kept for three months; what was tried before counts as delivered.
#[sqlx::test]
async fn old_attempts_go_and_what_they_told_is_not_sent_again(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (id, _) = world.endpoint(&receiver).await;
    world.emit(EventType::NumberUpdated, NUMBER, 1).await;
    world.run().await;
    let tries = "select count(*) from attempt where seq is not null";
    world.later(TimeDelta::days(80)).await;
    while expire(world.store.clone()).await.expect("looked") {}
    assert_eq!(world.count(tries).await, 1, "its time is not over");
    world.later(TimeDelta::days(50)).await;
    while expire(world.store.clone()).await.expect("looked") {}
    assert_eq!(world.count(tries).await, 0);
    let wanted = |only: &str| RecoverIn { after_seq: Some(0), only: Some(only.to_owned()), dry_run: true, ..RecoverIn::default() };
    let counted = recover_endpoint(&world.store, &world.ctx, id, wanted("undelivered")).await.expect("counted");
    let all = recover_endpoint(&world.store, &world.ctx, id, wanted("all")).await.expect("counted");
    assert_eq!((counted.count, all.count), (0, 1));
}

/// The receiver's own wish holds for an event that is sent once more, also when the endpoint has come back.
#[sqlx::test]
async fn a_wish_to_wait_holds_for_what_is_sent_once_more(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (id, _) = world.endpoint(&receiver).await;
    let event = world.emit(EventType::NumberUpdated, NUMBER, 1).await;
    world.run().await;
    redeliver(&world.store, &world.ctx, event, Some(id)).await.expect("queued");
    receiver.answers(|_| 503);
    receiver.asks_to_wait(Some(3_600));
    world.run().await;
    assert_eq!(world.count("select count(*) from resend where asked_until > requested_at + interval '59 minutes'").await, 1);
    receiver.answers(|_| 204);
    receiver.asks_to_wait(None);
    receiver.forget();
    let mut tx = world.store.begin_job().await.expect("a transaction");
    let target = lock_endpoint(&mut tx, world.operator, id).await.expect("read").expect("there");
    bring_forward(&mut tx, &target, world.store.env.now(), 0).await.expect("written");
    tx.commit().await.expect("committed");
    world.later(TimeDelta::minutes(30)).await;
    assert_eq!(receiver.what(), []);
    world.later(TimeDelta::minutes(31)).await;
    assert_eq!(receiver.what(), [(NUMBER.to_owned(), 1)]);
}

/// Retention may take an event that still waits: its number goes on with the next one.
#[sqlx::test]
async fn a_number_whose_oldest_event_is_no_longer_kept_goes_on(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (_, _) = world.endpoint(&receiver).await;
    receiver.answers(|_| 503);
    for seq in 1..=3 {
        world.emit(EventType::NumberUpdated, NUMBER, seq).await;
    }
    world.run().await;
    sqlx::query("delete from event where seq = 1").execute(world.store.pool()).await.expect("deleted");
    receiver.answers(|_| 204);
    receiver.forget();
    for _ in 0..3 {
        world.later(TimeDelta::seconds(20)).await;
    }
    assert_eq!(receiver.what().into_iter().map(|what| what.1).collect::<Vec<_>>(), [2, 3]);
}

/// What is under way does not make look late what other numbers have taken since.
#[sqlx::test]
async fn one_slow_try_leaves_others_delivered(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (id, _) = world.endpoint(&receiver).await;
    let slow = receiver.state.gate.write().await;
    world.emit(EventType::NumberUpdated, NUMBER, 1).await;
    world.start().await;
    receiver.reached(1).await;
    // Its answer is held up; the one after it was taken at once.
    let taken = "update endpoint_turn set cursor_seq = 2";
    world.emit(EventType::NumberUpdated, OTHER, 1).await;
    world.seal().await;
    sqlx::query(taken).execute(world.store.pool()).await.expect("written");
    let mut tx = world.store.begin_for(&world.ctx).await.expect("a transaction");
    let all = queries_pages::EventFilter::default();
    let page = queries_pages::events(&mut tx, world.operator, &all, queries_pages::Place::default(), 10).await.expect("read");
    let states: Vec<_> = page.rows.iter().map(|row| (row.seq, row.state.as_str())).collect();
    assert_eq!(states, [(2, "delivered"), (1, "waiting")]);
    drop(tx);
    let shown = world.shown(id).await;
    assert_eq!((shown.cursor_seq, shown.held, shown.backlog), (2, 1, 1));
    drop(slow);
    world.notices.drain().await;
}

#[sqlx::test]
async fn what_is_recorded_beside_a_turn_that_fails_is_recorded_once(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (id, _) = world.endpoint(&receiver).await;
    let event = world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.seal().await;
    let begin = async || {
        let mut tx = world.store.begin_queue().await.expect("a transaction");
        let target = lock_endpoint(&mut tx, world.operator, id).await.expect("locked").expect("there");
        (tx, target)
    };
    let (mut tx, target) = begin().await;
    let claimed = turn(&mut tx, None, &world.store, &world.notices, target, &[], Whose::default()).await.expect("claimed");
    tx.commit().await.expect("committed");
    let (id_of_try, sent_at) = (world.store.env.id(), world.store.env.now());
    let outcome = Outcome {
        status: Some(200),
        retry_after: None,
        response_head: String::new(),
        response_body_cut: String::new(),
        is_cut: false,
        elapsed_ms: 3,
        error_kind: None,
    };
    let posted = Posted { id: id_of_try, sent_at, outcome, request_headers: String::new() };
    let answers = [Answered { sending: claimed.sends[0].clone(), posted: Some(posted) }];

    // The connection of the turn breaks after what stands beside it was committed; its worker tries again.
    let (mut tx, target) = begin().await;
    let mut beside = world.beside().await;
    Record::begin(&mut beside, &world.store, &answers).await.expect("settled");
    turn(&mut tx, Some(beside), &world.store, &world.notices, target, &answers, Whose::default()).await.expect("settled");
    drop(tx);
    assert_eq!(world.count("select count(*) from attempt where trigger = 'feed'").await, 1, "beside");
    assert_eq!(world.shown(id).await.backlog, 1, "the turn itself is undone");
    let (mut tx, target) = begin().await;
    turn(&mut tx, None, &world.store, &world.notices, target, &answers, Whose::default()).await.expect("settled");
    tx.commit().await.expect("committed");
    assert_eq!(world.shown(id).await.backlog, 0);
    assert_eq!(world.count("select count(*) from attempt where trigger = 'feed'").await, 1);
    let entries: Vec<String> = world.register(&event.wire()).await.into_iter().map(|entry| entry.1).collect();
    assert_eq!(entries, ["confirmed"]);
    assert_eq!(receiver.arrived().len(), 0, "nothing was posted here");
}
