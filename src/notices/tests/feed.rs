//! Sealing, pulling, acknowledging.

use super::*;

#[sqlx::test]
async fn sealing_is_gapless_and_in_order_under_concurrent_writers(pool: PgPool) {
    let world = Arc::new(World::new(pool).await);
    let writers: Vec<_> = (0..6)
        .map(|writer| {
            let world = world.clone();
            tokio::spawn(async move {
                for seq in 1..=30 {
                    world.emit(EventType::NumberUpdated, &format!("+49302312500{writer}"), seq).await;
                }
            })
        })
        .collect();
    let sealers: Vec<_> = (0..3)
        .map(|_| {
            let world = world.clone();
            tokio::spawn(async move {
                while world.pull(0, false).await.head_seq < 180 {
                    world.seal().await;
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for task in writers.into_iter().chain(sealers) {
        task.await.expect("done");
    }
    let rows: Vec<(i64, String, i64)> = sqlx::query_as("select seq, subject, number_seq from event order by seq")
        .fetch_all(world.store.pool())
        .await
        .expect("rows");
    assert_eq!(rows.iter().map(|row| row.0).collect::<Vec<_>>(), (1..=180).collect::<Vec<_>>());
    for writer in 0..6 {
        let subject = format!("+49302312500{writer}");
        let order: Vec<i64> = rows.iter().filter(|row| row.1 == subject).map(|row| row.2).collect();
        assert_eq!(order, (1..=30).collect::<Vec<_>>(), "{subject}");
    }
    let left: i64 = sqlx::query_scalar("select count(*) from event_out").fetch_one(world.store.pool()).await.expect("a count");
    let back: i64 = sqlx::query_scalar(
        "select count(*) from (select sealed_at < lag(sealed_at) over (order by seq) as back from event) s where back",
    )
    .fetch_one(world.store.pool())
    .await
    .expect("a count");
    assert_eq!((left, back), (0, 0));
}

#[sqlx::test]
async fn acknowledging_confirms_what_is_covered(pool: PgPool) {
    let world = World::new(pool).await;
    let first = world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.emit(EventType::NumberAssigned, OTHER, 1).await;
    world.emit(EventType::NumberUpdated, OTHER, 2).await;
    world.seal().await;
    let page = world.pull(0, true).await;
    assert_eq!((page.bodies.len(), page.last_seq, page.head_seq), (3, 3, 3));
    assert_eq!(world.confirmed().await, []);
    assert_eq!(world.register("events/1-3").await, [("pull".into(), "unconfirmed".into(), "consent".into(), 3)]);

    world.pull(2, true).await;
    assert_eq!(world.confirmed().await, [(NUMBER.to_owned(), 1), (OTHER.to_owned(), 1)]);
    assert_eq!(world.register("events/1-3").await[0].1, "unconfirmed", "its last event is not covered yet");
    world.pull(2, true).await;
    assert_eq!(world.confirmed().await.len(), 2, "acknowledging twice confirms once");

    let page = world.pull(3, true).await;
    assert_eq!((page.bodies.len(), page.head_seq), (0, 3));
    assert_eq!(world.confirmed().await.len(), 3);
    assert_eq!(world.register("events/1-3").await[0].1, "confirmed");

    let body = get_event(&world.store, &world.ctx, first).await.expect("there");
    assert!(body.starts_with(&format!(r#"{{"id":"{}","type":"number.assigned","seq":1,"number_seq":1,"#, first.wire())), "{body}");
    assert_eq!(world.register(&first.wire()).await.len(), 1);
}

#[sqlx::test]
async fn a_filtered_call_reads_only_what_it_names(pool: PgPool) {
    let world = World::new(pool).await;
    world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.emit(EventType::NumberUnassigned, OTHER, 2).await;
    world.seal().await;
    let filter = FeedFilter { e164: Some(OTHER.to_owned()), limit: 1, ..FeedFilter::default() };
    let page = pull(&world.store, &world.notices, &world.ctx, &filter, false, std::time::Duration::ZERO).await.expect("pulled");
    assert_eq!((page.bodies.len(), page.last_seq), (1, 2));
    let filter = FeedFilter { types: vec!["number.assigned".to_owned()], limit: 10, ..FeedFilter::default() };
    let page = pull(&world.store, &world.notices, &world.ctx, &filter, false, std::time::Duration::ZERO).await.expect("pulled");
    assert_eq!((page.bodies.len(), page.last_seq), (1, 2), "the rest was looked at");
    assert_eq!(world.confirmed().await, []);
}

#[sqlx::test]
async fn somebody_who_waits_is_answered_when_something_is_sealed(pool: PgPool) {
    let world = Arc::new(World::new(pool).await);
    let waiting = {
        let world = world.clone();
        tokio::spawn(async move {
            let filter = FeedFilter { limit: 10, ..FeedFilter::default() };
            pull(&world.store, &world.notices, &world.ctx, &filter, false, std::time::Duration::from_secs(25)).await
        })
    };
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.seal().await;
    let page =
        tokio::time::timeout(std::time::Duration::from_secs(5), waiting).await.expect("soon").expect("done").expect("pulled");
    assert_eq!(page.bodies.len(), 1);
}

#[sqlx::test]
async fn a_foreign_feed_is_not_there(pool: PgPool) {
    let world = World::new(pool).await;
    let id = world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.seal().await;
    let mut ctx = world.ctx.clone();
    ctx.org = Org::Operator(OperatorId(uuid::Uuid::from_u128(77)));
    let refusal = get_event(&world.store, &ctx, id).await.expect_err("foreign").problem();
    assert_eq!((refusal.status, refusal.code), (404, "not_found"));
    ctx.org = Org::Tenant(world.tenant);
    assert_eq!(get_event(&world.store, &ctx, id).await.expect_err("a tenant").problem().code, "wrong_org_kind");
}

#[sqlx::test]
async fn somebody_who_waits_goes_when_the_process_stops_and_others_do_not_begin(pool: PgPool) {
    let world = Arc::new(World::new(pool).await);
    let wait = |world: Arc<World>| async move {
        let filter = FeedFilter { limit: 10, ..FeedFilter::default() };
        pull(&world.store, &world.notices, &world.ctx, &filter, false, std::time::Duration::from_secs(25)).await
    };
    let waiting = tokio::spawn(wait(world.clone()));
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    world.notices.close();
    let soon = std::time::Duration::from_secs(3);
    let page = tokio::time::timeout(soon, waiting).await.expect("soon").expect("done").expect("pulled");
    assert_eq!((page.bodies.len(), page.last_seq), (0, 0));
    let page = tokio::time::timeout(soon, wait(world.clone())).await.expect("at once").expect("pulled");
    assert_eq!(page.bodies.len(), 0);
}

#[sqlx::test]
async fn no_more_than_sixteen_calls_of_an_operator_wait(pool: PgPool) {
    let world = Arc::new(World::new(pool).await);
    let wait = |world: Arc<World>, wait_s: u64| async move {
        let filter = FeedFilter { limit: 10, ..FeedFilter::default() };
        pull(&world.store, &world.notices, &world.ctx, &filter, false, std::time::Duration::from_secs(wait_s)).await
    };
    let mut waiting: Vec<_> = (0..16).map(|_| tokio::spawn(wait(world.clone(), 25))).collect();
    let all_wait = async {
        while world.notices.waiters.waiting(world.operator) < 16 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), all_wait).await.expect("all of them have a place");
    let refusal = wait(world.clone(), 25).await.expect_err("no place").problem();
    assert_eq!((refusal.status, refusal.code, refusal.retry_after_s), (429, "too_many_waiting", Some(5)));
    wait(world.clone(), 0).await.expect("who does not wait needs no place");
    waiting.remove(0).abort();
    world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.seal().await;
    for one in waiting {
        let page =
            tokio::time::timeout(std::time::Duration::from_secs(5), one).await.expect("soon").expect("done").expect("pulled");
        assert_eq!(page.bodies.len(), 1);
    }
}

#[sqlx::test]
async fn feeds_take_turns_and_each_is_sealed_by_one(pool: PgPool) {
    let world = World::new(pool).await;
    let new = NewOperator {
        slug: "albion",
        name: "Albion",
        time_zone: "Europe/London",
        countries: &["DE"],
        services: &[],
        website: None,
    };
    let other = create_operator(&world.store, new).await.expect("an operator");
    let emit_to = async |operator: OperatorId, number_seq: i64| {
        let mut tx = world.store.begin(Reach::Tenant(world.tenant)).await.expect("a transaction");
        let event = NewEvent { operator, ..world.event(EventType::NumberUpdated, NUMBER, number_seq) };
        emit(&mut tx, &world.store.env, event).await.expect("written");
        tx.commit().await.expect("committed");
    };
    emit_to(other, 1).await;
    emit_to(world.operator, 1).await;
    world.seal().await;
    let later = "update feed_head set sealed_at = sealed_at + interval '1 s' where operator_id = $1";
    sqlx::query(later).bind(other.0).execute(world.store.pool()).await.expect("set");
    emit_to(other, 2).await;
    emit_to(world.operator, 2).await;
    let mut sealers = Vec::new();
    for turn in [Some(world.operator), Some(other), None] {
        let mut tx = world.store.begin_job().await.expect("a transaction");
        let look = queries::look(&mut tx, 2, false).await.expect("looked");
        assert_eq!(look.waiting.map(|feed| feed.operator), turn, "the one that was sealed least recently");
        assert_eq!((look.sight.first, look.headless), (Some(3), false));
        sealers.push(tx);
    }
}
