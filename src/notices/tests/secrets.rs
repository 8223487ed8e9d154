//! Secret keys that change, and endpoints whose keys do not open: they mend, and meanwhile they hold up nobody else.

use super::*;

impl World {
    /// Gives this process other secret keys.
    fn keys(&mut self, keys: &str) {
        self.store.secrets = Arc::new(SecretKey::parse(keys).expect("keys"));
    }

    /// Makes keys of an endpoint unreadable: the current ones, or those before.
    async fn damage(&self, endpoint: EndpointId, current: bool) {
        let sql = "update endpoint_secret set sealed = decode(repeat('00', 80), 'hex')
                   where endpoint_id = $1 and (expires_at is null) = $2";
        let damaged = sqlx::query(sql).bind(endpoint.0).bind(current).execute(self.store.pool()).await.expect("written");
        assert_eq!(damaged.rows_affected(), 1);
    }
}

fn fits(secret: &str, message: &Arrived) -> bool {
    let webhook = standardwebhooks::Webhook::new(secret).expect("a secret");
    webhook.verify(message.body.as_bytes(), &message.headers).is_ok()
}

#[sqlx::test]
async fn rotating_mends_an_endpoint_whose_keys_do_not_open(pool: PgPool) {
    let world = World::new(pool).await;
    let (mine, other) = (Receiver::start().await, Receiver::start().await);
    let (id, _) = world.endpoint(&mine).await;
    world.endpoint(&other).await;
    world.damage(id, true).await;
    let event = world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.run().await;
    assert_eq!((mine.what(), other.what()), (vec![], vec![(NUMBER.to_owned(), 1)]), "it holds up nobody");
    assert_eq!(world.register(&event.wire()).await.len(), 1, "what cannot be signed is not claimed");
    assert_eq!(world.shown(id).await.state, "active");
    let tried = test_endpoint(&world.store, &world.notices, &world.ctx, id).await.expect_err("nothing to sign with").problem();
    assert_eq!((tried.status, tried.code), (409, "endpoint_secret_unreadable"));

    let made = rotate_endpoint(&world.store, &world.ctx, id, 3_600).await.expect("rotated");
    world.run().await;
    let arrived = mine.arrived();
    assert_eq!((arrived.len(), arrived[0].what()), (1, (NUMBER.to_owned(), 1)));
    assert!(fits(&made.secret, &arrived[0]));
    assert_eq!(world.count("select count(*) from endpoint_secret").await, 2, "one of each endpoint");
}

#[sqlx::test]
async fn an_earlier_secret_that_does_not_open_is_as_good_as_ended(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (id, old) = world.endpoint(&receiver).await;
    let made = rotate_endpoint(&world.store, &world.ctx, id, 3_600).await.expect("rotated");
    world.damage(id, false).await;
    world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.run().await;
    let message = receiver.arrived().remove(0);
    assert!(fits(&made.secret, &message) && !fits(&old, &message));
    let again = rotate_endpoint(&world.store, &world.ctx, id, 3_600).await.expect("no earlier one still signs");
    world.emit(EventType::NumberAssigned, OTHER, 1).await;
    world.run().await;
    let message = receiver.arrived().remove(1);
    assert!(fits(&made.secret, &message) && fits(&again.secret, &message));
}

#[sqlx::test]
async fn a_heartbeat_reaches_the_others(pool: PgPool) {
    let world = World::new(pool).await;
    let (mine, other) = (Receiver::start().await, Receiver::start().await);
    let (id, _) = world.endpoint(&mine).await;
    world.endpoint(&other).await;
    world.damage(id, true).await;
    heartbeat(world.store.clone(), world.notices.clone()).await.expect("sent");
    assert_eq!((mine.arrived().len(), other.arrived().len()), (0, 1));
    assert_eq!(other.arrived()[0].json()["type"], "feed.heartbeat");
}

#[sqlx::test]
async fn a_secret_key_is_replaced_while_deliveries_go_on(pool: PgPool) {
    let mut world = World::new(pool).await;
    let (old, new) = (SecretKey::generate(&world.store.env), SecretKey::generate(&world.store.env));
    world.keys(&old);
    let receiver = Receiver::start().await;
    let (_, secret) = world.endpoint(&receiver).await;
    for (seq, keys) in (1..).zip([format!("{old},{new}"), format!("{new},{old}"), new.clone()]) {
        world.keys(&keys);
        world.emit(EventType::NumberUpdated, NUMBER, seq).await;
        world.run().await;
        let arrived = receiver.arrived();
        let last = arrived.last().expect("a message");
        assert_eq!(last.what(), (NUMBER.to_owned(), seq));
        assert!(fits(&secret, last));
        // What the first key did not seal is sealed anew.
        heartbeat(world.store.clone(), world.notices.clone()).await.expect("sent");
    }
    world.keys(&old);
    world.emit(EventType::NumberUpdated, NUMBER, 4).await;
    let before = receiver.arrived().len();
    world.run().await;
    assert_eq!(receiver.arrived().len(), before, "the old key opens nothing any more");
}
