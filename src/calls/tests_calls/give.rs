//! What leaves, to whom, and what the register says of it.

use super::*;
use crate::base::Failure;
use crate::base::Problem;

fn ask() -> feed_ask::CallsAsk {
    feed_ask::CallsAsk::default()
}

impl Scene {
    async fn suspend(&self, tenant: TenantId) {
        consent::suspend(&self.store, &self.ctx(Org::Tenant(tenant)), self.norvik).await.expect("suspended");
    }

    async fn resume(&self, tenant: TenantId) {
        consent::resume(&self.store, &self.ctx(Org::Tenant(tenant)), self.norvik).await.expect("resumed");
    }

    async fn ended(&self, ask: &feed_ask::CallsAsk) -> Result<Vec<Value>, Problem> {
        let ctx = self.ctx(Org::Operator(self.norvik));
        let page = feed::ended(&self.store, &ctx, ask, None, 100).await.map_err(|failure| failure.problem())?;
        Ok(values(&page))
    }

    async fn one(&self, operator: OperatorId, id: crate::base::CallId) -> Result<Value, Problem> {
        let read = feed::operator_call(&self.store, &self.ctx(Org::Operator(operator)), id).await;
        read.map(|row| serde_json::from_str(row.get()).expect("JSON")).map_err(|failure: Failure| failure.problem())
    }

    /// Entries of the register: tenant, channel, classes, records.
    async fn register(&self) -> Vec<(Uuid, String, Vec<String>, i64)> {
        let sql = "select tenant_id, channel, classes, records from transfer where basis = 'consent' order by id";
        sqlx::query_as(sql).fetch_all(self.store.pool()).await.expect("entries")
    }
}

#[sqlx::test]
async fn a_suspension_between_two_pages_holds_at_once_and_for_good(pool: PgPool) {
    let s = scene(pool).await;
    let rows: Vec<CallInput> = (0..6)
        .map(|n| {
            let (tenant, number) = if n % 2 == 0 { (s.kestrel, KESTREL) } else { (s.osprey, OSPREY) };
            s.call(&format!("before-{n}"), tenant, number, 20 - n)
        })
        .collect();
    s.take(&rows).await;
    s.seal().await;
    let first = s.feed(s.norvik, None, 2).await;
    assert_eq!(ids(&values(&first)), ["before-0", "before-1"]);
    s.store.env.advance(TimeDelta::minutes(1));
    s.suspend(s.osprey).await;
    let second = s.feed(s.norvik, Some(place(&first)), 10).await;
    assert_eq!(ids(&values(&second)), ["before-2", "before-4"], "absent at once, in the middle of a batch");
    assert!(!second.more);

    s.store.env.advance(TimeDelta::hours(1));
    s.take(&[s.call("during", s.osprey, OSPREY, 10), s.call("other", s.kestrel, KESTREL, 10)]).await;
    s.store.env.advance(TimeDelta::hours(1));
    s.resume(s.osprey).await;
    s.store.env.advance(TimeDelta::hours(1));
    // Sent late, ended during the suspension all the same.
    s.take(&[s.call("late", s.osprey, OSPREY, 90), s.call("after", s.osprey, OSPREY, 10)]).await;
    s.seal().await;
    let third = s.feed(s.norvik, Some(place(&second)), 100).await;
    assert_eq!(ids(&values(&third)), ["other", "after"]);
    let listed = s.ended(&ask()).await.expect("a list");
    let mut listed = ids(&listed);
    listed.sort_unstable();
    assert_eq!(
        listed,
        ["after", "before-0", "before-1", "before-2", "before-3", "before-4", "before-5", "other"],
        "by time, what ended before the suspension is read after it"
    );
    let id: Uuid =
        sqlx::query_scalar("select id from call_record where call_id = 'during'").fetch_one(s.store.pool()).await.expect("an id");
    let refused = s.one(s.norvik, crate::base::CallId(id)).await.expect_err("never given");
    assert_eq!((refused.status, refused.code), (451, "consent_suspended"));
}

#[sqlx::test]
async fn asking_for_what_is_closed_is_451_and_for_what_is_not_yours_404(pool: PgPool) {
    let s = scene(pool).await;
    s.take(&[s.call("a", s.osprey, OSPREY, 10), s.call("b", s.kestrel, ALBION, 10)]).await;
    s.seal().await;
    let of = |tenant: TenantId| feed_ask::CallsAsk { party: Some(tenant.0), ..ask() };
    let listed = s.ended(&of(s.osprey)).await.expect("open");
    let id = id_of(&listed[0]);
    assert!(s.one(s.norvik, id).await.is_ok());
    assert_eq!(s.one(s.albion, id).await.expect_err("foreign").status, 404);
    assert_eq!(s.one(s.norvik, crate::base::CallId(Uuid::from_u128(7))).await.expect_err("none").status, 404);
    assert_eq!(s.ended(&of(TenantId(Uuid::from_u128(7)))).await.expect_err("a stranger").status, 404);
    s.suspend(s.osprey).await;
    for refused in [s.ended(&of(s.osprey)).await.expect_err("closed"), s.one(s.norvik, id).await.expect_err("closed")] {
        assert_eq!((refused.status, refused.code), (451, "consent_suspended"));
    }
    assert!(s.ended(&ask()).await.expect("a list").is_empty());
}

#[sqlx::test]
async fn the_register_counts_every_row_once(pool: PgPool) {
    let s = scene(pool).await;
    let mut rows: Vec<CallInput> = (0..5).map(|n| s.call(&format!("k{n}"), s.kestrel, KESTREL, 10 + n)).collect();
    rows.extend((0..3).map(|n| s.call(&format!("o{n}"), s.osprey, OSPREY, 10 + n)));
    s.take(&rows).await;
    s.seal().await;
    assert!(s.register().await.is_empty());
    let rows = s.whole_feed(s.norvik, 3).await;
    assert_eq!(rows.len(), 8);
    let entries = s.register().await;
    let total = |tenant: TenantId| entries.iter().filter(|entry| entry.0 == tenant.0).map(|entry| entry.3).sum::<i64>();
    assert_eq!((total(s.kestrel), total(s.osprey)), (5, 3));
    for (tenant, channel, classes, _) in &entries {
        assert_eq!(channel, "feed");
        let wanted: &[&str] = if *tenant == s.kestrel.0 { &["calls", "quality"] } else { &["calls"] };
        assert_eq!(classes, wanted, "quality leaves where it is granted");
    }
    let quality = |tenant: TenantId| {
        let own = rows.iter().filter(move |row| row["tenant_id"] == tenant.to_string());
        own.map(|row| row["quality"].clone()).collect::<Vec<_>>()
    };
    assert!(quality(s.kestrel).iter().all(|word| word == "good") && quality(s.osprey).iter().all(Value::is_null));
    let before = entries.len();
    let told = s.one(s.norvik, id_of(&rows[0])).await.expect("a call");
    assert_eq!(told["streams"].as_array().map(Vec::len), Some(1));
    assert_eq!(told["streams"][0]["mos_computed_kind"], "lqe_g107_nb");
    let osprey = rows.iter().find(|row| row["tenant_id"] == s.osprey.to_string()).expect("there");
    assert!(s.one(s.norvik, id_of(osprey)).await.expect("a call")["streams"].is_null());
    s.ended(&ask()).await.expect("a list");
    let after = s.register().await;
    assert_eq!((after.len(), after.iter().filter(|entry| entry.1 == "pull").count()), (before + 4, 4));
}

#[sqlx::test]
async fn filters_and_pages_neither_skip_nor_repeat(pool: PgPool) {
    let s = scene(pool).await;
    for batch in 0..4 {
        let rows: Vec<CallInput> = (0..9)
            .map(|n| {
                let call = s.call(&format!("{batch}-{n}"), s.kestrel, KESTREL, 5 + i64::from(n % 3));
                match n % 3 {
                    0 => call,
                    1 => CallInput { answered_at: None, sip_code: Some(486), streams: Vec::new(), ..call },
                    _ => CallInput { streams: vec![StreamInput { jitter_ms_avg: Some(90.0), ..good_stream() }], ..call },
                }
            })
            .collect();
        s.take(&rows).await;
        s.seal().await;
        s.store.env.advance(TimeDelta::minutes(1));
    }
    for limit in [1, 2, 5, 9, 10, 100] {
        let rows = s.whole_feed(s.norvik, limit).await;
        let mut found = ids(&rows);
        assert_eq!(found.len(), 36, "pages of {limit}");
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len(), 36, "pages of {limit}");
    }
    let ctx = s.ctx(Org::Operator(s.norvik));
    let busy = feed_ask::CallsAsk { outcome: Some(Outcome::Busy), processed: true, ..ask() };
    let page = feed::processed(&s.store, &ctx, &busy, None, 100).await.expect("a page");
    assert!(page.rows.len() == 12 && values(&page).iter().all(|row| row["outcome"] == "busy"));
    let poor = feed_ask::CallsAsk { poor: Some(true), ..ask() };
    assert_eq!(s.ended(&poor).await.expect("a list").len(), 12);
    let good = feed_ask::CallsAsk { poor: Some(false), ..ask() };
    assert_eq!(s.ended(&good).await.expect("a list").len(), 12);
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = feed::ended(&s.store, &ctx, &ask(), after, 5).await.expect("a page");
        seen.extend(values(&page));
        let Some(next) = page.next else { break };
        let uri: ::http::Uri = format!("/calls?cursor={next}").parse().expect("an address");
        after = feed_ask::ListPlace::of(&identity::Paging::of(uri).expect("read")).expect("read");
    }
    let times: Vec<&str> = seen.iter().map(|row| row["invited_at"].as_str().expect("a time")).collect();
    assert!(times.len() == 36 && times.is_sorted_by(|a, b| a >= b), "newest first");
    let since = feed_ask::CallsAsk {
        processed: true,
        from: Some(now() + TimeDelta::minutes(2)),
        to: Some(now() + TimeDelta::minutes(3)),
        ..ask()
    };
    let page = feed::processed(&s.store, &ctx, &since, None, 100).await.expect("a page");
    assert!(page.rows.len() == 9 && values(&page).iter().all(|row| row["processed_at"] == "2026-11-23T00:02:00.000Z"));
    sqlx::query("delete from call_batch_part where seq < 3").execute(s.store.pool()).await.expect("gone");
    let gone = feed::processed(&s.store, &ctx, &ask(), Some(feed_ask::FeedPlace { seq: 1, row: 3 }), 10).await;
    assert_eq!(gone.expect_err("gone").problem().status, 410);
}

#[sqlx::test]
async fn a_read_from_a_time_on_never_goes_back_behind_it(pool: PgPool) {
    let s = scene(pool).await;
    for batch in 0..3 {
        s.take(&[s.call(&format!("old {batch}"), s.kestrel, KESTREL, 10)]).await;
        s.seal().await;
        s.store.env.advance(TimeDelta::minutes(10));
    }
    let ctx = s.ctx(Org::Operator(s.norvik));
    let at = |minute: i64| now() + TimeDelta::minutes(minute);
    let first = async |from: i64, to: Option<i64>| {
        let range = feed_ask::CallsAsk { processed: true, from: Some(at(from)), to: to.map(at), ..ask() };
        feed::processed(&s.store, &ctx, &range, None, 100).await.expect("a page")
    };
    let on = async |page: &feed::CallsPage| {
        let page = s.feed(s.norvik, Some(place(page)), 100).await;
        values(&page).iter().map(|row| row["call_id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    // Nothing has come since; what comes later does, and nothing else.
    let (late, early, gap) = (first(25, None).await, first(-5, None).await, first(2, Some(8)).await);
    assert_eq!((late.rows.len(), early.rows.len(), gap.rows.len()), (0, 3, 0));
    assert_eq!(on(&late).await, Vec::<String>::new());
    assert_eq!(on(&gap).await, ["old 1", "old 2"]);
    s.take(&[s.call("new", s.kestrel, KESTREL, 10)]).await;
    s.seal().await;
    assert_eq!(on(&late).await, ["new"]);
    assert_eq!(on(&early).await, ["new"]);
    // Before the first of all.
    assert_eq!(on(&first(-9, Some(-5)).await).await.len(), 4);
}

#[sqlx::test]
async fn a_tenant_sees_its_own_masked(pool: PgPool) {
    let s = scene(pool).await;
    let out = CallInput {
        direction: CallDirection::Outbound,
        caller: Some(KESTREL.to_owned()),
        callee: Some("+442079460123".to_owned()),
        target_id: Some("u1".to_owned()),
        ..s.call("out", s.kestrel, KESTREL, 10)
    };
    let hidden = CallInput { caller_withheld: Some(true), ..s.call("hidden", s.kestrel, KESTREL, 12) };
    s.take(&[out, s.call("in", s.kestrel, KESTREL, 11), hidden, s.call("foreign", s.osprey, OSPREY, 10)]).await;
    s.seal().await;
    let ctx = s.ctx(Org::Tenant(s.kestrel));
    let (rows, next) = feed::tenant_calls(&s.store, &ctx, &ask(), None, 10).await.expect("a page");
    let rows = serde_json::to_value(&rows).expect("JSON");
    let rows = rows.as_array().expect("rows");
    assert_eq!((ids(rows), next), (vec!["out", "in", "hidden"], None));
    assert_eq!((&rows[0]["callee"], &rows[0]["caller"]), (&"+442079460***".into(), &KESTREL.into()));
    assert_eq!((&rows[1]["caller"], &rows[0]["target_id"]), (&"+442079460***".into(), &"u1".into()));
    assert_eq!(
        (&rows[2]["caller"], &rows[2]["caller_withheld"], &rows[2]["other_country"]),
        (&Value::Null, &true.into(), &Value::Null)
    );
    let foreign: Uuid =
        sqlx::query_scalar("select id from call_record where call_id = 'foreign'").fetch_one(s.store.pool()).await.expect("an id");
    assert!(feed::tenant_call(&s.store, &ctx, id_of(&rows[1])).await.is_ok());
    assert_eq!(feed::tenant_call(&s.store, &ctx, crate::base::CallId(foreign)).await.err().map(|f| f.problem().status), Some(404));
    let operator = s.ended(&ask()).await.expect("a list");
    let of = |id: &str| operator.iter().find(|row| row["call_id"] == id).cloned().expect("there");
    assert_eq!((&of("in")["caller"], &of("hidden")["caller"]), (&"+442079460123".into(), &Value::Null));
    for private in ["target_id", "network_name", "client_ip", "client_os", "user_agent"] {
        assert!(of("out").get(private).is_none(), "{private} is not the operator's");
    }
    assert!(s.register().await.iter().all(|entry| entry.1 != "page"), "a tenant's own reads are no transfers");
}
