//! Planted bugs that only a database and a receiver show. The account that finds them finds nothing without one.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::*;

/// A story with retries over two endpoints, one of which does not confirm; then what speaks against it, in words.
async fn faults(pool: PgPool, plant: Option<Plant>) -> Vec<String> {
    let world = World::with(pool, Policy::default().with_plant(plant)).await;
    let (main, copy) = (Receiver::start().await, Receiver::start().await);
    world.endpoint(&main).await;
    let input = EndpointIn { url: copy.url.clone(), confirms: Some(false), ..EndpointIn::default() };
    world.endpoint_of(input, &copy).await;
    let mut ids = BTreeSet::new();
    main.answers(|_| 500);
    for seq in 1..=3 {
        for e164 in [NUMBER, OTHER] {
            ids.insert(world.emit(EventType::NumberUpdated, e164, seq).await.wire());
        }
        world.run().await;
    }
    let mut found = Vec::new();
    if !world.confirmed().await.is_empty() {
        found.push("confirmed by an endpoint whose word does not count".to_owned());
    }
    main.answers(|_| 200);
    for _ in 0..6 {
        world.later(TimeDelta::minutes(10)).await;
    }
    let mut tries: BTreeMap<String, i64> = BTreeMap::new();
    for message in main.arrived().iter().chain(&copy.arrived()) {
        if message.header("webhook-id") != message.json()["id"] {
            found.push("an id that is not the event's".to_owned());
        }
        *tries.entry(message.json()["id"].as_str().expect("an id").to_owned()).or_default() += 1;
    }
    if tries.keys().cloned().collect::<BTreeSet<_>>() != ids {
        found.push("not every event has arrived".to_owned());
    }
    for (id, tries) in tries {
        let entries = world.register(&id).await.len();
        if i64::try_from(entries).expect("few") != tries {
            found.push(format!("{tries} tries of an event, {entries} entries in the register"));
        }
    }
    let (last, count): (i64, i64) =
        sqlx::query_as("select coalesce(max(seq), 0), count(*) from event").fetch_one(world.store.pool()).await.expect("counts");
    if last != count {
        found.push(format!("the feed ends at {last} with {count} events"));
    }
    found
}

#[sqlx::test]
async fn without_a_plant_nothing_is_found(pool: PgPool) {
    assert_eq!(faults(pool, None).await, [""; 0]);
}

#[sqlx::test]
async fn retries_without_an_entry_are_found(pool: PgPool) {
    let found = faults(pool, Some(Plant::RetryUnregistered)).await;
    assert!(found.iter().any(|fault| fault.ends_with("in the register")), "{found:?}");
}

#[sqlx::test]
async fn ids_of_their_own_are_found(pool: PgPool) {
    let found = faults(pool, Some(Plant::NewIds)).await;
    assert!(found.contains(&"an id that is not the event's".to_owned()), "{found:?}");
}

#[sqlx::test]
async fn words_that_do_not_count_are_found(pool: PgPool) {
    let found = faults(pool, Some(Plant::AllConfirm)).await;
    assert!(found.contains(&"confirmed by an endpoint whose word does not count".to_owned()), "{found:?}");
}

#[sqlx::test]
async fn gaps_of_the_feed_are_found(pool: PgPool) {
    let found = faults(pool, Some(Plant::SealGap)).await;
    assert!(found.iter().any(|fault| fault.starts_with("the feed ends at")), "{found:?}");
}
