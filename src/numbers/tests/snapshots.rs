//! After a consent resumed the operator is told how the numbers stand.

use super::*;
use crate::consent;
use crate::notices;
use crate::notices::Allow;
use crate::notices::FeedFilter;
use crate::notices::Notices;
use crate::notices::Policy;

const ONE: &str = "+493023125010";
const TWO: &str = "+493023125011";
const THREE: &str = "+493023125012";
const ABROAD: &str = "+4721234567";

impl World {
    async fn consent(&self, countries: &[&str]) {
        let grant = consent::SeedGrant {
            tenant: self.acme,
            operator: self.norvik,
            countries,
            classes: &[Class::Numbers],
            accepted_by: "Mara Lindner",
            contact: None,
            at: now() - TimeDelta::days(30),
        };
        consent::grant_for_seed(&self.store, grant).await.expect("granted");
    }

    async fn tell_all(&self) {
        while tell_anew(&self.store).await.expect("told") {}
    }

    /// Type, number and count of changes of each event after a place, as the operator pulls them.
    async fn feed(&self, after: i64) -> Vec<(String, String, i64)> {
        let notices = Notices::new(Allow::loopback(), Policy::default()).expect("a client");
        while notices::seal(self.store.clone(), notices.clone()).await.expect("sealed") {}
        let filter = FeedFilter { after, limit: 100, ..FeedFilter::default() };
        let page = notices::pull(&self.store, &notices, &self.operator(), &filter, false, std::time::Duration::ZERO).await;
        let read = |body: &String| {
            let value: Value = serde_json::from_str(body).expect("JSON");
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (text(&value["type"]), text(&value["data"]["e164"]), value["number_seq"].as_i64().unwrap_or_default())
        };
        page.expect("pulled").bodies.iter().map(read).collect()
    }
}

#[sqlx::test]
async fn a_resumption_tells_each_assigned_number_once_and_nothing_that_was_withheld(pool: PgPool) {
    let world = world(pool).await;
    world.consent(&["DE"]).await;
    world.tell_all().await;
    world.stock(&[ONE, TWO, THREE]).await;
    world.people(&["ada", "bob"]).await;
    world.assign(ONE, "ada").await.expect("assigned");
    world.assign(TWO, "bob").await.expect("assigned");
    let told = world.feed(0).await;
    assert_eq!(told.iter().filter(|event| event.0 == "number.assigned").count(), 2, "{told:?}");

    consent::suspend(&world.store, &world.tenant(), world.norvik).await.expect("suspended");
    world.unassign(TWO, Some(0)).await.expect("never refused");
    world.tell_all().await;
    let during = world.feed(0).await;
    assert!(during.iter().all(|event| event.0 != "number.snapshot"), "nothing while the gate is closed: {during:?}");
    let head = i64::try_from(during.len()).expect("small");

    consent::resume(&world.store, &world.tenant(), world.norvik).await.expect("resumed");
    world.tell_all().await;
    let after = world.feed(head).await;
    let snapshot = ("number.snapshot".to_owned(), ONE.to_owned(), 1);
    assert_eq!(after, [("consent.granted".to_owned(), String::new(), 0), snapshot.clone()]);
    let all = world.feed(0).await;
    assert_eq!(all[..during.len()], during[..], "what was withheld is not replayed");
    world.tell_all().await;
    assert_eq!(world.feed(head).await.len(), 2, "once");

    // The operator takes the snapshot, and with it the assignment that was withheld before it heard of it.
    let operator = world.operator();
    notices::acknowledge(&world.store, &operator, head + 2).await.expect("acknowledged");
    confirm(&world.store).await.expect("confirmed");
    let state: String = sqlx::query_scalar("select activation_state from number where e164 = $1")
        .bind(ONE)
        .fetch_one(world.store.pool())
        .await
        .expect("the number");
    assert_eq!(state, "activated");

    // Suspended before the job came: the next opening tells, and once.
    consent::suspend(&world.store, &world.tenant(), world.norvik).await.expect("suspended");
    consent::resume(&world.store, &world.tenant(), world.norvik).await.expect("resumed");
    consent::suspend(&world.store, &world.tenant(), world.norvik).await.expect("suspended");
    consent::resume(&world.store, &world.tenant(), world.norvik).await.expect("resumed");
    world.tell_all().await;
    let snapshots = world.feed(head + 2).await.into_iter().filter(|event| event.0 == "number.snapshot");
    assert_eq!(snapshots.collect::<Vec<_>>(), [snapshot]);
}

#[sqlx::test]
async fn only_what_the_consent_covers_is_told(pool: PgPool) {
    let world = world(pool).await;
    world.consent(&["DE"]).await;
    world.stock(&[ONE]).await;
    let abroad = SeedNumber::new(e164(ABROAD), "NO", Usage::User, now() - TimeDelta::days(90));
    seed_numbers(&world.store, world.acme, world.norvik, &[abroad]).await.expect("stock");
    world.people(&["ada"]).await;
    world.assign(ONE, "ada").await.expect("assigned");
    let mut tx = world.store.begin_job().await.expect("begun");
    let forced = "update number set assignment_status = 'user' where e164 = $1";
    sqlx::query(forced).bind(ABROAD).execute(&mut *tx).await.expect("assigned abroad");
    tx.commit().await.expect("committed");
    consent::withdraw(&world.store, &world.tenant(), world.norvik).await.expect("withdrawn");
    world.consent(&["DE"]).await;
    world.tell_all().await;
    let told = world.feed(0).await;
    let snapshots: Vec<_> = told.iter().filter(|event| event.0 == "number.snapshot").map(|event| event.1.as_str()).collect();
    assert_eq!(snapshots, [ONE], "given anew after a withdrawal: {told:?}");
}
