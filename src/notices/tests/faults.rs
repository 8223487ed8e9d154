//! What happens in between: workers that die, endpoints that change while something is under way, late commits, snapshots that
//! somebody holds open.

use super::super::hand::Whose;
use super::super::queries_delivery::lock_endpoint;
use super::super::turn::turn;
use super::*;
use sqlx::Connection as _;

impl World {
    pub(super) async fn shown(&self, id: EndpointId) -> EndpointView {
        get_endpoint(&self.store, &self.ctx, id).await.expect("there")
    }

    /// Seals and starts deliveries without waiting for them.
    pub(super) async fn start(&self) {
        self.seal().await;
        deliver(self.store.clone(), self.notices.clone()).await.expect("started");
    }

    pub(super) async fn count(&self, sql: &str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(self.store.pool()).await.expect("a count")
    }

    /// What the feed says of a number, in its order.
    async fn number_seqs(&self, e164: &str) -> Vec<i64> {
        let rows = sqlx::query_scalar("select number_seq from event where subject = $1 order by seq").bind(e164);
        rows.fetch_all(self.store.pool()).await.expect("rows")
    }

    async fn floor(&self) -> i64 {
        self.notices.sealing.begin().await.floor
    }

    /// Looks until the floor has passed a position. Transactions of other tests hold it too, as all databases of a server count alike.
    async fn floor_passes(&self, position: i64) {
        for _ in 0..2_000 {
            self.seal().await;
            if self.floor().await > position {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("the floor stays at {}", self.floor().await);
    }

    /// (type, share) of what the feed says of endpoints.
    async fn of_endpoints(&self) -> Vec<(String, i64)> {
        let bodies = self.pull(0, false).await.bodies;
        let events = bodies.iter().map(|body| serde_json::from_str::<Value>(body).expect("JSON"));
        let told = events.filter(|event| event["type"].as_str().is_some_and(|kind| kind.starts_with("endpoint.")));
        let told = told.map(|event| {
            let share = event["data"]["budget_percent"].as_i64().unwrap_or_default();
            (event["type"].as_str().expect("text").to_owned(), share)
        });
        told.collect()
    }
}

#[sqlx::test]
async fn a_first_try_that_its_worker_never_made_is_made_by_another(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (id, _) = world.endpoint(&receiver).await;
    let event = world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.emit(EventType::NumberUpdated, NUMBER, 2).await;
    world.seal().await;
    // A worker claims and is killed before a byte leaves.
    let mut tx = world.store.begin_job().await.expect("a transaction");
    let target = lock_endpoint(&mut tx, world.operator, id).await.expect("locked").expect("there");
    let claimed = turn(&mut tx, None, &world.store, &world.notices, target, &[], Whose::default()).await.expect("claimed");
    tx.commit().await.expect("committed");
    assert_eq!(claimed.sends.len(), 1);
    drop(claimed);
    world.later(TimeDelta::seconds(59)).await;
    assert_eq!(receiver.arrived().len(), 0, "it may still be on its way");
    world.later(TimeDelta::seconds(2)).await;
    assert_eq!(receiver.what(), [(NUMBER.to_owned(), 1), (NUMBER.to_owned(), 2)]);
    let first = &receiver.arrived()[0];
    assert_eq!((first.header("webhook-id"), first.header("webhook-attempt")), (event.wire().as_str(), "2"));
    let entries: Vec<String> = world.register(&event.wire()).await.into_iter().map(|entry| entry.1).collect();
    assert_eq!(entries, ["confirmed", "unconfirmed"], "nobody knows whether the lost try arrived");
    assert_eq!((world.shown(id).await.backlog, world.confirmed().await.len()), (0, 2));
}

#[sqlx::test]
async fn an_answer_of_the_old_url_says_nothing_of_the_new_one(pool: PgPool) {
    let world = World::new(pool).await;
    let (old, new) = (Receiver::start().await, Receiver::start().await);
    let (id, _) = world.endpoint(&old).await;
    old.answers(|_| 410);
    let event = world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    let held_up = old.state.gate.write().await;
    world.start().await;
    old.reached(1).await;
    let patch = EndpointPatch { url: Some(new.url.clone()), ..EndpointPatch::default() };
    patch_endpoint(&world.store, &world.notices, &world.ctx, id, patch, None).await.expect("changed");
    verify_endpoint(&world.store, &world.notices, &world.ctx, id).await.expect("verified");
    new.forget();
    drop(held_up);
    world.notices.drain().await;
    world.run().await;
    assert_eq!(world.shown(id).await.state, "active", "the old place is gone, the new one is not");
    assert_eq!((old.arrived().len(), new.arrived().len()), (1, 1));
    assert_eq!((new.arrived()[0].header("webhook-id"), new.arrived()[0].header("webhook-attempt")), (event.wire().as_str(), "2"));
}

#[sqlx::test]
async fn pausing_and_deleting_leave_what_is_under_way_its_end(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (id, _) = world.endpoint(&receiver).await;
    world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.emit(EventType::NumberUpdated, NUMBER, 2).await;
    let held_up = receiver.state.gate.write().await;
    world.start().await;
    receiver.reached(1).await;
    pause_endpoint(&world.store, &world.ctx, id).await.expect("paused");
    drop(held_up);
    world.notices.drain().await;
    assert_eq!((receiver.arrived().len(), world.confirmed().await), (1, vec![(NUMBER.to_owned(), 1)]), "taken is taken");
    let shown = world.shown(id).await;
    assert_eq!((shown.state.as_str(), shown.state_reason.as_deref()), ("paused", Some("person")));

    receiver.answers(|_| 500);
    resume_endpoint(&world.store, &world.ctx, id).await.expect("resumed");
    let held_up = receiver.state.gate.write().await;
    world.start().await;
    receiver.reached(2).await;
    pause_endpoint(&world.store, &world.ctx, id).await.expect("paused");
    drop(held_up);
    world.notices.drain().await;
    assert_eq!(world.shown(id).await.failing_since, None, "no clock runs while it is paused");

    receiver.answers(|_| 200);
    resume_endpoint(&world.store, &world.ctx, id).await.expect("resumed");
    let held_up = receiver.state.gate.write().await;
    world.start().await;
    receiver.reached(3).await;
    delete_endpoint(&world.store, &world.ctx, id, None).await.expect("deleted");
    drop(held_up);
    world.notices.drain().await;
    let last = receiver.arrived()[2].header("webhook-id").to_owned();
    let states: Vec<String> = world.register(&last).await.into_iter().map(|entry| entry.1).collect();
    assert_eq!(states, ["confirmed", "unconfirmed"], "the register knows how it ended, also without the endpoint");
}

#[sqlx::test]
async fn two_processes_send_each_event_once_and_each_number_in_order(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (id, _) = world.endpoint(&receiver).await;
    let other = Notices::new(Allow::loopback(), Policy::default()).expect("a client");
    for round in 1..=8 {
        for number in 0..10 {
            world.emit(EventType::NumberUpdated, &format!("+4930231250{number:02}"), round).await;
        }
    }
    world.seal().await;
    while world.shown(id).await.backlog > 0 {
        let both = [&world.notices, &other].map(|notices| deliver(world.store.clone(), notices.clone()));
        futures::future::try_join_all(both).await.expect("started");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    world.notices.drain().await;
    other.drain().await;
    let what = receiver.what();
    assert_eq!(what.len(), 80, "each once");
    for number in 0..10 {
        let e164 = format!("+4930231250{number:02}");
        let seqs: Vec<i64> = what.iter().filter(|what| what.0 == e164).map(|what| what.1).collect();
        assert_eq!(seqs, (1..=8).collect::<Vec<_>>());
    }
    assert_eq!(world.count("select count(*) from transfer where channel = 'push' and state = 'confirmed'").await, 80);
}

#[sqlx::test]
async fn only_endpoints_that_confirm_activate_and_filters_let_the_rest_pass(pool: PgPool) {
    let world = World::new(pool).await;
    let (silent, narrow) = (Receiver::start().await, Receiver::start().await);
    let input = EndpointIn { url: silent.url.clone(), confirms: Some(false), ..EndpointIn::default() };
    world.endpoint_of(input, &silent).await;
    let types = Some(vec!["number.released".to_owned()]);
    let input = EndpointIn { url: narrow.url.clone(), event_types: types, ..EndpointIn::default() };
    let (id, _) = world.endpoint_of(input, &narrow).await;
    world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.emit(EventType::NumberUpdated, NUMBER, 2).await;
    world.run().await;
    assert_eq!((silent.arrived().len(), narrow.arrived().len(), world.confirmed().await.len()), (2, 0, 0));
    let shown = world.shown(id).await;
    assert_eq!((shown.cursor_seq, shown.backlog), (2, 0), "what it does not want is behind it");
    world.emit(EventType::NumberReleased, NUMBER, 3).await;
    world.run().await;
    assert_eq!((narrow.what(), world.confirmed().await), (vec![(NUMBER.to_owned(), 3)], vec![(NUMBER.to_owned(), 3)]));
    world.later(TimeDelta::minutes(61)).await;
    heartbeat(world.store.clone(), world.notices.clone()).await.expect("sent");
    assert_eq!((silent.arrived().len(), narrow.arrived().len()), (4, 1), "the sign of life goes where it was asked for");
}

#[sqlx::test]
async fn each_warning_is_given_once_and_in_time(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (id, _) = world.endpoint(&receiver).await;
    // One number alone fails: no breaker opens, and between two tries lie up to 24 hours.
    receiver.answers(|_| 500);
    world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.run().await;
    for hour in 1..=74 {
        world.later(TimeDelta::hours(1)).await;
        let due = [(38, 50), (53, 70), (68, 90)].into_iter().filter(|(at, _)| *at <= hour).map(|(_, share)| share);
        let told: Vec<i64> = world.of_endpoints().await.into_iter().map(|told| told.1).collect();
        assert_eq!(told, due.collect::<Vec<_>>(), "after {hour} h");
    }
    assert_eq!(world.shown(id).await.state, "active");
    world.later(TimeDelta::hours(1)).await;
    assert_eq!(world.shown(id).await.state, "paused");
    assert_eq!(world.of_endpoints().await.last().map(|told| told.0.clone()).as_deref(), Some("endpoint.paused"));
    world.later(TimeDelta::hours(300)).await;
    resume_endpoint(&world.store, &world.ctx, id).await.expect("resumed");
    world.run().await;
    let shown = world.shown(id).await;
    assert_eq!((shown.warned_percent, shown.failing_since), (0, Some(world.store.env.now())), "the clock begins anew");
}

#[sqlx::test]
async fn an_old_secret_stops_at_its_time(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (id, old) = world.endpoint(&receiver).await;
    let made = rotate_endpoint(&world.store, &world.ctx, id, 1_800).await.expect("rotated");
    let fits = |secret: &str, message: &Arrived| {
        let standard = message.header("webhook-signature").split(' ').count();
        let timestamp = message.header("webhook-timestamp").parse().expect("a time");
        let text = Message { id: message.header("webhook-id"), timestamp, body: message.body.as_bytes() };
        let secret = Secret::parse(secret).expect("a secret");
        let now = world.store.env.now();
        (standard, verify(&text, message.header("webhook-signature"), Some(&secret), None, now).is_ok())
    };
    world.later(TimeDelta::seconds(1_799)).await;
    world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.run().await;
    let message = receiver.arrived()[0].clone();
    assert_eq!((fits(&old, &message), fits(&made.secret, &message)), ((2, true), (2, true)));
    world.later(TimeDelta::seconds(1)).await;
    world.emit(EventType::NumberAssigned, OTHER, 1).await;
    world.run().await;
    let message = receiver.arrived()[1].clone();
    assert_eq!((fits(&old, &message), fits(&made.secret, &message)), ((1, false), (1, true)));
    heartbeat(world.store.clone(), world.notices.clone()).await.expect("sent");
    assert_eq!(world.count("select (select count(*) from endpoint_secret) + (select count(*) from endpoint_key)").await, 2);
}

#[sqlx::test]
async fn a_recovery_goes_on_in_steps_for_its_endpoint_alone(pool: PgPool) {
    let world = World::new(pool).await;
    let (mine, other) = (Receiver::start().await, Receiver::start().await);
    let (id, _) = world.endpoint(&mine).await;
    world.endpoint(&other).await;
    let mut tx = world.store.begin(Reach::Tenant(world.tenant)).await.expect("a transaction");
    let number = |n: i64| format!("+4930231251{n:02}");
    let events = (0..700).map(|n| world.event(EventType::NumberUpdated, &number(n % 50), n / 50 + 1));
    emit_all(&mut tx, &world.store.env, events.collect()).await.expect("written");
    tx.commit().await.expect("committed");
    world.run().await;
    assert_eq!((mine.arrived().len(), other.arrived().len()), (700, 700));
    mine.forget();
    other.forget();
    let wanted = RecoverIn { after_seq: Some(100), only: Some("all".to_owned()), ..RecoverIn::default() };
    let recovered = recover_endpoint(&world.store, &world.ctx, id, wanted).await.expect("opened");
    assert_eq!((recovered.count, world.count("select count(*) from resend").await), (600, 0), "the request writes one row");
    world.run().await;
    assert_eq!((mine.arrived().len(), other.arrived().len()), (600, 0));
    assert_eq!(world.count("select queued from recovery where done_at is not null").await, 600);
    for n in 0..50 {
        let what = mine.what();
        let seqs: Vec<i64> = what.into_iter().filter(|what| what.0 == number(n)).map(|what| what.1).collect();
        assert_eq!(seqs, (3..=14).collect::<Vec<_>>(), "{}", number(n));
    }
    assert!(mine.arrived().iter().all(|message| message.header("webhook-attempt") == "2"), "the second time each");
    assert_eq!(world.count("select (select count(*) from resend) + (select count(*) from held_event)").await, 0);
}

#[sqlx::test]
async fn what_is_sent_once_more_outlives_the_word_gone(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (id, _) = world.endpoint(&receiver).await;
    for seq in 1..=3 {
        world.emit(EventType::NumberUpdated, NUMBER, seq).await;
    }
    world.run().await;
    receiver.answers(|_| 410);
    let wanted = RecoverIn { after_seq: Some(0), only: Some("all".to_owned()), ..RecoverIn::default() };
    recover_endpoint(&world.store, &world.ctx, id, wanted).await.expect("opened");
    world.run().await;
    assert_eq!(world.shown(id).await.state, "disabled");
    receiver.answers(|_| 200);
    verify_endpoint(&world.store, &world.notices, &world.ctx, id).await.expect("verified");
    receiver.forget();
    world.later(TimeDelta::seconds(1)).await;
    let what: Vec<_> = receiver.what().into_iter().filter(|(subject, _)| subject == NUMBER).map(|(_, seq)| seq).collect();
    assert_eq!(what, [1, 2, 3]);
}

#[sqlx::test]
async fn a_commit_that_comes_late_keeps_the_order_of_its_number(pool: PgPool) {
    let world = World::new(pool).await;
    world.emit(EventType::NumberUpdated, OTHER, 1).await;
    world.seal().await;
    let mut late = world.store.begin(Reach::Tenant(world.tenant)).await.expect("a transaction");
    emit(&mut late, &world.store.env, world.event(EventType::NumberAssigned, NUMBER, 1)).await.expect("written");
    let mut tx = world.store.begin(Reach::Tenant(world.tenant)).await.expect("a transaction");
    let events = (2..5_600).map(|n| world.event(EventType::NumberUpdated, OTHER, n)).collect();
    emit_all(&mut tx, &world.store.env, events).await.expect("written");
    tx.commit().await.expect("committed");
    world.seal().await;
    world.seal().await;
    late.commit().await.expect("committed");
    world.emit(EventType::NumberUpdated, NUMBER, 2).await;
    world.seal().await;
    assert_eq!(world.number_seqs(NUMBER).await, [1, 2], "far behind the last seal, and yet before what came after it");
    assert_eq!(world.count("select max(seq) - count(*) from event").await, 0, "no gap");
}

#[sqlx::test]
async fn a_commit_between_look_and_seal_keeps_the_order_of_its_number(pool: PgPool) {
    let world = World::new(pool).await;
    world.emit(EventType::NumberUpdated, OTHER, 1).await;
    world.seal().await;
    let mut late = world.store.begin(Reach::Tenant(world.tenant)).await.expect("a transaction");
    emit(&mut late, &world.store.env, world.event(EventType::NumberAssigned, NUMBER, 1)).await.expect("written");
    world.emit(EventType::NumberUpdated, OTHER, 2).await;
    let mut tx = world.store.begin_job().await.expect("a transaction");
    let look = queries::look(&mut tx, 1, true).await.expect("a look");
    let feed = look.waiting.expect("an event");
    assert_eq!((look.sight.first, look.sight.taken, feed.last_seq), (Some(3), 3, 1));
    late.commit().await.expect("committed");
    world.emit(EventType::NumberUpdated, NUMBER, 2).await;
    let sealed = queries::seal_rows(&mut tx, feed.operator, feed.last_seq, 1, world.store.env.now()).await.expect("sealed");
    tx.commit().await.expect("committed");
    assert_eq!((sealed, world.number_seqs(NUMBER).await), (3, vec![1, 2]));
}

/// The floor rises while events come and go, and waits for whoever has taken a position and not ended.
#[sqlx::test]
async fn no_event_appears_below_the_floor(pool: PgPool) {
    let world = World::new(pool).await;
    let taken = "select last_value from event_out_position_seq";
    let mut written = 0;
    for round in 0..24 {
        let before = if round == 0 { 0 } else { world.count(taken).await };
        let mut late = world.store.begin(Reach::Tenant(world.tenant)).await.expect("a transaction");
        emit(&mut late, &world.store.env, world.event(EventType::NumberUpdated, NUMBER, 1)).await.expect("written");
        for _ in 0..=round % 4 {
            world.emit(EventType::NumberUpdated, OTHER, 1).await;
            world.seal().await;
            written += 1;
        }
        world.seal().await;
        assert!(world.floor().await <= before, "{round}: the open transaction holds it");
        if round % 3 == 0 {
            late.rollback().await.expect("rolled back");
        } else {
            late.commit().await.expect("committed");
            written += 1;
        }
        world.seal().await;
        assert_eq!(world.count("select count(*) from event_out").await, 0, "{round}: what came late is found");
        world.floor_passes(before).await;
    }
    assert_eq!(world.count("select count(*) from event").await, written);

    // When the server breaks down all connections end, also those that nobody was using: what was known is forgotten.
    let known = world.floor().await;
    assert!(known > 0);
    let mut other = sqlx::PgConnection::connect_with(&world.store.pool().connect_options()).await.expect("a connection");
    // Those of the application: the server's own, such as a vacuum, are not ours to end.
    let all = "select pg_terminate_backend(pid) from pg_stat_activity
               where datname = current_database() and usename = current_user and pid <> pg_backend_pid()";
    sqlx::query(all).execute(&mut other).await.expect("ended");
    seal(world.store.clone(), world.notices.clone()).await.expect("looked, on a new connection");
    assert!(world.floor().await < known, "looked at from the beginning");
}

/// A held snapshot keeps every dead row. Healthy deliveries must not have any in their way.
#[sqlx::test]
async fn healthy_deliveries_leave_no_dead_rows_where_the_next_claim_looks(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    world.endpoint(&receiver).await;
    let mut holder = world.store.pool().begin().await.expect("a transaction");
    sqlx::query("set transaction isolation level repeatable read").execute(&mut *holder).await.expect("set");
    sqlx::query("select count(*) from event").execute(&mut *holder).await.expect("a snapshot");
    for round in 1..=4 {
        for number in 0..50 {
            world.emit(EventType::NumberUpdated, &format!("+4930231252{number:02}"), round).await;
        }
        world.run().await;
    }
    assert_eq!(receiver.arrived().len(), 200);
    assert_eq!(world.count("select pg_relation_size('held_event')").await, 0, "nothing was ever held back");
    assert_eq!(world.count("select count(*) from endpoint_turn").await, 1);
    assert!(world.count("select pg_relation_size('endpoint')").await <= 8_192, "few versions of the endpoint itself");
    sqlx::query("set enable_seqscan = off").execute(&mut *holder).await.expect("set");
    sqlx::query("set enable_bitmapscan = off").execute(&mut *holder).await.expect("set");
    let newest = "explain select turn from endpoint_turn where operator_id = $1 and endpoint_id = $1 order by turn desc limit 1";
    let plan: Vec<String> = sqlx::query_scalar(newest).bind(world.operator.0).fetch_all(&mut *holder).await.expect("a plan");
    assert!(plan.join("\n").contains("Backward using endpoint_turn_pk"), "{plan:?}");
}
