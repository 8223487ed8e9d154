//! How calls, durations and what identifies a device leave.

use super::*;

impl Scene {
    /// To a time, with its partitions.
    async fn at(&self, at: &str) {
        let at: DateTime<Utc> = at.parse().expect("a time");
        self.store.env.advance(at - self.store.env.now());
        ensure_partitions(&self.store, at).await.expect("partitions");
    }

    async fn expire_all(&self) {
        while expire(self.store.clone()).await.expect("looked") {}
    }

    async fn is_there(&self, partition: &str) -> bool {
        let sql = "select to_regclass($1) is not null";
        sqlx::query_scalar(sql).bind(partition).fetch_one(self.store.pool()).await.expect("asked")
    }

    async fn months(&self, month: &str) -> [bool; 3] {
        let there = async |table: &str| self.is_there(&format!("{table}_{month}")).await;
        [there("stream").await, there("call_record").await, there("duration_record").await]
    }

    async fn as_job(&self, sql: &str) {
        let mut tx = self.store.begin_job().await.expect("begun");
        sqlx::raw_sql(sql).execute(&mut *tx).await.expect("done");
        tx.commit().await.expect("committed");
    }
}

#[sqlx::test]
async fn a_day_of_device_fields_leaves_after_28_days(pool: PgPool) {
    let s = scene(pool).await;
    let ip = |id: &str, days: i64| CallInput {
        client_ip: Some("192.0.2.1".to_owned()),
        ..s.call(id, s.kestrel, KESTREL, days * 24 * 60)
    };
    // Both began a minute before midnight: on the 26th of October, and on the 21st of November.
    assert_eq!(s.take(&[ip("old", 27), ip("young", 1)]).await.accepted, 2);
    s.store.env.advance(TimeDelta::days(1) - TimeDelta::seconds(1));
    s.expire_all().await;
    assert_eq!(s.count("select count(*) from call_personal").await, 2);
    s.store.env.advance(TimeDelta::seconds(1));
    s.expire_all().await;
    assert!(!s.is_there("call_personal_20261026").await, "its last moment is 28 days ago");
    assert!(s.is_there("call_personal_20261121").await);
    assert_eq!(s.count("select count(*) from call_personal where call_id = 'young'").await, 1);
    assert_eq!(s.count("select count(*) from call_record").await, 2, "the calls themselves stay");
    assert_eq!(s.take(&[ip("late", 28)]).await.accepted, 1);
    assert!(!s.is_there("call_personal_20261026").await, "a late row brings no day back whose time is over");
}

#[sqlx::test]
async fn device_fields_are_not_shown_after_28_days(pool: PgPool) {
    let s = scene(pool).await;
    let call = CallInput { client_ip: Some("192.0.2.1".to_owned()), ..s.call("a", s.kestrel, KESTREL, 10) };
    s.take(&[call]).await;
    let id: Uuid = sqlx::query_scalar("select id from call_record").fetch_one(s.store.pool()).await.expect("an id");
    let told = async || {
        let mut tx = s.store.begin(crate::store::Reach::Tenant(s.kestrel)).await.expect("begun");
        let call =
            queries_pages_call::tenant_call(&mut tx, s.kestrel, crate::base::CallId(id)).await.expect("read").expect("there");
        let oldest = s.store.env.now() - KEEP_PERSONAL;
        queries_pages_call::personal(&mut tx, &call, oldest).await.expect("read").is_some()
    };
    s.store.env.advance(KEEP_PERSONAL - TimeDelta::hours(1));
    assert!(told().await);
    s.store.env.advance(TimeDelta::hours(1));
    assert!(!told().await, "although its day has not left yet");
    assert_eq!(s.count("select count(*) from call_personal").await, 1);
}

#[sqlx::test]
async fn a_month_leaves_when_it_is_over_and_worked(pool: PgPool) {
    let s = scene(pool).await;
    assert_eq!(s.take(&[s.call("a", s.kestrel, KESTREL, 60)]).await.accepted, 1);
    // November is kept to the end of 2027, and ten days more for what is counted together with it.
    s.at("2028-01-10T23:59:59Z").await;
    s.expire_all().await;
    assert_eq!(s.months("202610").await, [false; 3], "nothing of October waits for anybody");
    assert_eq!(s.months("202611").await, [true; 3]);
    s.store.env.advance(TimeDelta::seconds(1));
    s.expire_all().await;
    assert_eq!(s.months("202611").await, [true; 3], "its days are still to be paired and counted");
    s.as_job("delete from change").await;
    s.expire_all().await;
    assert_eq!(s.months("202611").await, [true; 3], "its calls have no place in the feed yet");
    s.seal().await;
    s.expire_all().await;
    assert_eq!(s.months("202611").await, [false; 3]);
    assert_eq!(s.months("202612").await, [true; 3]);
    assert_eq!(s.count("select count(*) from call_record").await, 0);
    assert_eq!(s.count("select count(*) from call_batch_part").await, 1, "the newest step tells where the feed ends");
}

#[sqlx::test]
async fn a_cursor_behind_what_has_left_is_told_so(pool: PgPool) {
    let s = scene(pool).await;
    let mut places = Vec::new();
    for (at, id) in [("2026-11-24T12:00:00Z", "a"), ("2026-11-24T13:00:00Z", "b"), ("2026-12-24T12:00:00Z", "c")] {
        s.at(at).await;
        s.take(&[s.call(id, s.kestrel, KESTREL, 10)]).await;
        s.seal().await;
        places.push(place(&s.feed(s.norvik, places.last().copied(), 10).await));
    }
    s.as_job("delete from change").await;
    s.at("2028-01-11T00:00:00Z").await;
    s.expire_all().await;
    assert_eq!(s.count("select min(seq) from call_batch_part").await, 3);
    let ctx = s.ctx(Org::Operator(s.norvik));
    let ask = feed_ask::CallsAsk { processed: true, ..Default::default() };
    let behind = feed::processed(&s.store, &ctx, &ask, Some(places[0]), 10).await.expect_err("behind").problem();
    assert_eq!((behind.status, behind.code), (410, "cursor_before_retention"));
    assert_eq!(ids(&values(&s.feed(s.norvik, Some(places[1]), 10).await)), ["c"]);
    let rows = s.whole_feed(s.norvik, 10).await;
    assert_eq!(ids(&rows), ["c"], "a reader that begins now finds what is left");
}
