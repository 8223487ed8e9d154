//! Events claimed ahead of the places of an endpoint.

use super::super::Outcome;
use super::super::hand::Answered;
use super::super::hand::Sending;
use super::super::hand::Turn;
use super::super::hand::Whose;
use super::super::post::Posted;
use super::super::queries_delivery::take_endpoint;
use super::super::turn::turn;
use super::*;

fn number(n: usize) -> String {
    format!("+4930231252{n:02}")
}

async fn next(world: &World, id: EndpointId, answered: &[Answered], in_hand: usize) -> Turn {
    let mut tx = world.store.begin_queue().await.expect("a transaction");
    let target = take_endpoint(&mut tx, world.operator, id, true).await.expect("taken").expect("there");
    let done = turn(&mut tx, None, &world.store, &world.notices, target, answered, Whose { in_hand, closing: false })
        .await
        .expect("a turn");
    tx.commit().await.expect("committed");
    done
}

fn said(world: &World, sending: &Sending, status: u16, wait: Option<u32>) -> Answered {
    let outcome = Outcome {
        status: Some(status),
        retry_after: wait.map(RetryAfter::Seconds),
        response_head: String::new(),
        response_body_cut: String::new(),
        is_cut: false,
        elapsed_ms: 3,
        error_kind: None,
    };
    let (id, sent_at) = (world.store.env.id(), world.store.env.now());
    Answered { sending: sending.clone(), posted: Some(Posted { id, sent_at, outcome, request_headers: String::new() }) }
}

fn kept(sending: &Sending) -> Answered {
    Answered { sending: sending.clone(), posted: None }
}

fn subjects(turn: &Turn) -> Vec<&str> {
    turn.sends.iter().map(|sending| sending.held.subject.as_str()).collect()
}

/// An event of each of eight numbers, and an endpoint that takes two at once.
async fn eight_events_two_places(pool: PgPool) -> (World, EndpointId) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (id, _) = world.endpoint(&receiver).await;
    takes_at_once(&world, 2).await;
    for n in 0..8 {
        world.emit(EventType::NumberUpdated, &number(n), 1).await;
    }
    world.seal().await;
    (world, id)
}

async fn takes_at_once(world: &World, most: i32) {
    sqlx::query("update endpoint set max_in_flight = $1").bind(most).execute(world.store.pool()).await.expect("written");
}

#[sqlx::test]
async fn as_many_as_were_taken_are_claimed_ahead_and_what_never_left_is_claimed_again(pool: PgPool) {
    let (world, id) = eight_events_two_places(pool).await;
    let first = next(&world, id, &[], 0).await;
    assert_eq!(subjects(&first), [number(0), number(1)]);
    let taken: Vec<_> = first.sends.iter().map(|sending| said(&world, sending, 204, None)).collect();
    let second = next(&world, id, &taken, 0).await;
    assert_eq!(subjects(&second), [2, 3, 4, 5].map(number), "two places, and two ahead");
    assert!(second.flows);

    let [refused, fine, third, fourth] = &second.sends[..] else { panic!("four") };
    let answers = [said(&world, refused, 429, Some(60)), said(&world, fine, 204, None), kept(third), kept(fourth)];
    let quiet = next(&world, id, &answers, 0).await;
    assert_eq!((subjects(&quiet).len(), quiet.flows), (0, false), "it asked for quiet");
    let states = async |sending: &Sending| -> Vec<String> {
        world.register(&sending.event.wire()).await.into_iter().map(|entry| entry.1).collect()
    };
    assert_eq!((states(refused).await, states(third).await), (vec!["unconfirmed".to_owned()], vec!["failed".to_owned()]));
    assert_eq!(world.count("select count(*) from attempt where trigger = 'feed'").await, 4, "what never left is no try");

    world.store.env.advance(TimeDelta::seconds(61));
    takes_at_once(&world, 20).await;
    // An answer that comes twice, as its commit was in doubt, takes nothing from the claim of now.
    let fourth_turn = next(&world, id, &[kept(third)], 0).await;
    let again = fourth_turn.sends.iter().find(|sending| sending.held.seq == third.held.seq).expect("claimed again");
    assert_eq!((again.event, again.held.attempt), (third.event, 1));
    assert_eq!(states(third).await, ["failed", "unconfirmed"]);
    world.store.env.advance(TimeDelta::seconds(1));
    assert_eq!(subjects(&next(&world, id, &[kept(third)], fourth_turn.sends.len()).await), Vec::<&str>::new());
    world.emit(EventType::NumberUpdated, &number(30), 1).await;
    world.emit(EventType::NumberUpdated, &number(31), 1).await;
    world.seal().await;
    takes_at_once(&world, 1).await;
    let rest: Vec<_> = fourth_turn.sends.iter().map(|sending| said(&world, sending, 204, None)).collect();
    let (last, most) = rest.split_last().expect("some");
    assert_eq!(subjects(&next(&world, id, most, 1).await), [number(30)], "one ahead of its own");
    assert_eq!(last.sending.held.attempt, 1);
}

#[sqlx::test]
async fn no_process_claims_ahead_of_what_another_has_under_way(pool: PgPool) {
    let (world, id) = eight_events_two_places(pool).await;
    let both = next(&world, id, &[], 0).await;
    let of_one = said(&world, &both.sends[0], 204, None);
    let more = next(&world, id, &[of_one], 0).await;
    assert_eq!(subjects(&more), [number(2)], "the other post is of somebody else");
}

/// A number that is sent once more is under way: its next event waits, whichever the coin would have picked.
#[sqlx::test]
async fn an_event_sent_once_more_and_a_new_one_of_its_number_leave_one_by_one(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (id, _) = world.endpoint(&receiver).await;
    for round in 0..12 {
        let event = world.emit(EventType::NumberUpdated, &number(round), 1).await;
        world.run().await;
        redeliver(&world.store, &world.ctx, event, Some(id)).await.expect("queued");
        world.emit(EventType::NumberUpdated, &number(round), 2).await;
        world.seal().await;
        let turn = next(&world, id, &[], 0).await;
        assert_eq!(turn.sends.len(), 1, "round {round}");
        let taken: Vec<_> = turn.sends.iter().map(|sending| said(&world, sending, 204, None)).collect();
        next(&world, id, &taken, 0).await;
        world.later(TimeDelta::seconds(61)).await;
    }
}

#[sqlx::test]
async fn no_more_are_under_way_than_the_endpoint_takes_at_once(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    world.endpoint(&receiver).await;
    takes_at_once(&world, 3).await;
    receiver.answers(|body| if body.contains("+493023125207") { 500 } else { 204 });
    for round in 1..=3 {
        for n in 0..40 {
            world.emit(EventType::NumberUpdated, &number(n), round).await;
        }
    }
    world.run().await;
    receiver.answers(|_| 204);
    for _ in 0..4 {
        world.later(TimeDelta::seconds(10)).await;
    }
    assert_eq!(receiver.state.most.load(Relaxed), 3);
    let mut arrived = receiver.what();
    assert_eq!(world.count("select count(*) from transfer where state = 'confirmed' and channel = 'push'").await, 120);
    arrived.sort();
    arrived.dedup();
    assert_eq!(arrived.len(), 120);
}
