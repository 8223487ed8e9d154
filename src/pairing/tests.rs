//! Pairs follow from the records, through the change lists.

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::TimeDelta;
use chrono::Utc;
use serde_json::Value;
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use super::*;
use crate::base::Env;
use crate::store::SecretKey;
use crate::store::Store;
use crate::store::ensure_partitions;

const NUMBER: &str = "+493023125001";

/// 2026-11-23, 14:00 UTC.
fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_795_442_400)
}

/// A moment so many seconds after midnight of the 20th.
fn at(seconds: i64) -> DateTime<Utc> {
    let midnight = NaiveDate::from_ymd_opt(2026, 11, 20).expect("a day").and_time(chrono::NaiveTime::MIN).and_utc();
    midnight + TimeDelta::seconds(seconds)
}

struct Scene {
    store: Store,
    tenant: Uuid,
    operator: Uuid,
}

async fn scene(pool: PgPool) -> Scene {
    let env = Env::fixed(now(), 5);
    let key = SecretKey::parse(&SecretKey::generate(&env)).expect("a key");
    let store = Store::new(pool, env, key);
    ensure_partitions(&store, now()).await.expect("partitions");
    Scene { store, tenant: Uuid::from_u128(1), operator: Uuid::from_u128(2) }
}

impl Scene {
    /// Writes rows over the defaults of their table.
    async fn put(&self, table: &str, base: Value, rows: &[Value]) {
        let mut all = Vec::new();
        for row in rows {
            let mut one = base.clone();
            let fields = one.as_object_mut().expect("an object");
            fields.extend(row.as_object().expect("an object").clone());
            all.push(one);
        }
        let mut tx = self.store.begin_job().await.expect("a transaction");
        let sql = format!("insert into {table} select * from jsonb_populate_recordset(null::{table}, $1)");
        sqlx::query(&sql).bind(Value::Array(all)).execute(&mut *tx).await.expect("rows");
        tx.commit().await.expect("committed");
    }

    async fn calls(&self, rows: &[Value]) {
        let base = json!({
            "tenant_id": self.tenant, "operator_id": self.operator, "leg_id": "1", "id": Uuid::from_u128(9), "version": 1, "content": "\\x00",
            "completeness": "final", "direction": "inbound", "e164": NUMBER, "caller": "+442079460001", "caller_withheld": false,
            "country": "DE", "quality": "unclassified", "tenant_mismatch": false, "batch_id": Uuid::from_u128(9), "batch_row": 1,
            "received_at": now(), "talk_ms": 60_000,
        });
        self.put("call_record", base, rows).await;
    }

    async fn durations(&self, rows: &[Value]) {
        let base = json!({
            "tenant_id": self.tenant, "operator_id": self.operator, "e164": NUMBER, "id": Uuid::from_u128(9), "version": 1, "content": "\\x00",
            "withdrawn": false, "other_party": "+442079460001", "other_party_withheld": false, "direction": "inbound", "duration_ms": 60_000,
            "includes_ring": false, "rounding_initial_s": 0, "rounding_increment_s": 0, "rounding_mode": "up",
            "batch_id": Uuid::from_u128(9), "batch_row": 1, "received_at": now(),
        });
        self.put("duration_record", base, rows).await;
    }

    /// Tells the pairing which days changed and lets it work; answers the pairs as `call ref method offset`.
    async fn pair(&self, days: &[i64]) -> Vec<String> {
        let mut tx = self.store.begin_job().await.expect("a transaction");
        for day in days {
            sqlx::query("insert into change (tenant_id, operator_id, id, list, day, at) values ($1, $2, $3, 'pairing', $4, $5)")
                .bind(self.tenant)
                .bind(self.operator)
                .bind(self.store.env.id())
                .bind(at(day * 86_400).date_naive())
                .bind(now())
                .execute(&mut *tx)
                .await
                .expect("a change");
        }
        tx.commit().await.expect("committed");
        settle_all(&self.store).await.expect("paired");
        let mut tx = self.store.begin_job().await.expect("a transaction");
        sqlx::query_scalar("select concat_ws(' ', call_id, ref, method, offset_ms) from pair order by call_id, leg_id")
            .fetch_all(&mut *tx)
            .await
            .expect("pairs")
    }

    async fn run(&self, sql: &str) {
        let mut tx = self.store.begin_job().await.expect("a transaction");
        sqlx::query(sql).execute(&mut *tx).await.expect(sql);
        tx.commit().await.expect("committed");
    }

    /// Days waiting for the rollup.
    async fn told(&self) -> Vec<String> {
        let mut tx = self.store.begin_job().await.expect("a transaction");
        let days = sqlx::query_scalar("delete from change where list = 'usage' returning day::text").fetch_all(&mut *tx).await;
        tx.commit().await.expect("committed");
        let mut days: Vec<String> = days.expect("days");
        days.sort_unstable();
        days.dedup();
        days
    }
}

fn call(id: &str, invited: i64, answered: Option<i64>, more: &Value) -> Value {
    let mut row = json!({ "call_id": id, "invited_at": at(invited), "answered_at": answered.map(at) });
    row.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    row
}

fn duration(reference: &str, answered: Option<i64>, start: i64, more: &Value) -> Value {
    let mut row =
        json!({ "ref": reference, "at": at(answered.unwrap_or(start)), "answered_at": answered.map(at), "setup_at": at(start) });
    row.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    row
}

#[sqlx::test]
async fn keys_pair_first_and_near_counts_among_equals(pool: PgPool) {
    let scene = scene(pool).await;
    scene
        .calls(&[
            call("a", 36_000, Some(36_005), &json!({ "operator_ref": "R1", "sip_call_id": "s1" })),
            call("b", 36_010, Some(36_015), &json!({ "sip_call_id": "s2" })),
            call("c", 36_020, None, &json!({ "sip_call_id": "s3" })),
            // Six hours of difference are still a pair by key, 25 are none.
            call("d", 40_000, Some(40_005), &json!({ "operator_ref": "R4" })),
            call("e", 40_000, Some(40_005), &json!({ "operator_ref": "R5", "caller": "+442079460005" })),
        ])
        .await;
    scene
        .durations(&[
            duration("r:R1", Some(36_006), 36_000, &json!({ "operator_ref": "R1", "sip_call_id": "s2" })),
            duration("s:s2", Some(36_015), 36_010, &json!({ "sip_call_id": "s2" })),
            // The same call once more.
            duration("s:s2", Some(36_075), 36_010, &json!({ "sip_call_id": "s2", "other_party": "+442079460009" })),
            duration("s:s3", None, 36_021, &json!({ "sip_call_id": "s3" })),
            duration("r:R4", Some(61_605), 61_600, &json!({ "operator_ref": "R4" })),
            duration("r:R5", Some(130_005), 130_000, &json!({ "operator_ref": "R5" })),
        ])
        .await;
    let expected = ["a r:R1 operator_ref 1000", "b s:s2 sip_call_id 0", "c s:s3 sip_call_id 1000", "d r:R4 operator_ref 21600000"];
    assert_eq!(scene.pair(&[0, 1]).await, expected);
    assert_eq!(scene.told().await, ["2026-11-20", "2026-11-21"]);
    // Computed again they are the same, and nothing is written.
    scene.store.env.advance(TimeDelta::hours(1));
    assert_eq!(scene.pair(&[0]).await, expected);
    let mut tx = scene.store.begin_job().await.expect("a transaction");
    let fresh: i64 = sqlx::query_scalar("select count(*) from pair where paired_at <> $1")
        .bind(now())
        .fetch_one(&mut *tx)
        .await
        .expect("a count");
    assert_eq!(fresh, 0);
}

#[sqlx::test]
async fn what_is_taken_back_leaves_its_pair_to_another(pool: PgPool) {
    let scene = scene(pool).await;
    scene.calls(&[call("a", 100, Some(110), &json!({ "sip_call_id": "s1" }))]).await;
    scene
        .durations(&[
            duration("s:s1", Some(111), 100, &json!({ "sip_call_id": "s1" })),
            duration("r:R9", Some(150), 100, &json!({ "operator_ref": "R9" })),
        ])
        .await;
    assert_eq!(scene.pair(&[0]).await, ["a s:s1 sip_call_id 1000"]);
    scene.run("update duration_record set withdrawn = true, version = 2 where ref = 's:s1'").await;
    assert_eq!(scene.pair(&[0]).await, ["a r:R9 numbers_and_time 40000"]);
    scene.run("update duration_record set withdrawn = true, version = 2 where ref = 'r:R9'").await;
    assert!(scene.pair(&[0]).await.is_empty());
    assert_eq!(scene.told().await, ["2026-11-20"]);
    scene.run("update duration_record set withdrawn = false, version = 3").await;
    assert_eq!(scene.pair(&[0]).await, ["a s:s1 sip_call_id 1000"]);
}

#[sqlx::test]
async fn pairs_over_midnight_hold_whichever_day_comes_first(pool: PgPool) {
    let scene = scene(pool).await;
    let day = 86_400;
    scene
        .calls(&[
            call("a", day - 40, Some(day - 30), &json!({})),
            call("b", day - 10, Some(day - 1), &json!({})),
            call("c", day + 5, Some(day + 29), &json!({})),
            call("k", day - 20, Some(day - 15), &json!({ "operator_ref": "K" })),
        ])
        .await;
    scene
        .durations(&[
            duration("r:1", Some(day - 27), 0, &json!({ "operator_ref": "1" })),
            duration("r:2", Some(day + 2), 0, &json!({ "operator_ref": "2" })),
            duration("r:3", Some(day + 32), 0, &json!({ "operator_ref": "3" })),
            duration("r:K", Some(day + 3600), 0, &json!({ "operator_ref": "K" })),
        ])
        .await;
    let expected =
        ["a r:1 numbers_and_time 3000", "b r:2 numbers_and_time 3000", "c r:3 numbers_and_time 3000", "k r:K operator_ref 3615000"];
    for days in [vec![0], vec![1], vec![0, 1]] {
        scene.run("delete from pair").await;
        assert_eq!(scene.pair(&days).await, expected, "{days:?}");
        assert_eq!(scene.told().await, ["2026-11-20", "2026-11-21"], "{days:?}");
    }
    // A change on one side of midnight reaches the pairs on the other.
    scene.run("delete from call_record where call_id = 'b'").await;
    assert_eq!(scene.pair(&[0]).await, [expected[0], expected[2], expected[3]]);
    scene.run("delete from call_record where call_id = 'c'").await;
    scene.run("delete from duration_record where ref = 'r:1'").await;
    assert_eq!(scene.pair(&[0]).await, ["a r:2 numbers_and_time 32000", expected[3]]);
}

#[sqlx::test]
async fn a_call_that_rang_over_midnight_is_found_by_the_day_it_was_invited(pool: PgPool) {
    let scene = scene(pool).await;
    let day = 86_400;
    let keyed = json!({ "sip_call_id": "s1" });
    scene
        .calls(&[
            call("a", day - 10, Some(day + 10), &keyed),
            call("b", day - 5, Some(day + 30), &json!({ "direction": "outbound" })),
        ])
        .await;
    assert!(scene.pair(&[0]).await.is_empty());
    assert_eq!(scene.told().await, ["2026-11-20", "2026-11-21"]);
    let mut late = json!({ "direction": "outbound" });
    late["other_party"] = Value::Null;
    scene.durations(&[duration("s:s1", Some(day + 11), 0, &keyed), duration("r:2", Some(day + 31), 0, &late)]).await;
    let expected = ["a s:s1 sip_call_id 1000", "b r:2 numbers_and_time 1000"];
    for days in [[0], [1]] {
        scene.run("delete from pair").await;
        assert_eq!(scene.pair(&days).await, expected, "{days:?}");
    }
    scene.run("delete from duration_record").await;
    assert!(scene.pair(&[0]).await.is_empty());
}

#[sqlx::test]
async fn a_clock_that_is_off_is_known_by_the_pairs_by_key(pool: PgPool) {
    let scene = scene(pool).await;
    let keyed = |n: i64| call(&format!("k{n:02}"), n * 600, Some(n * 600 + 5), &json!({ "operator_ref": format!("{n}") }));
    let own = |n: i64| duration(&format!("r:{n}"), Some(n * 600 + 105), 0, &json!({ "operator_ref": format!("{n}") }));
    scene.calls(&(0..20).map(keyed).collect::<Vec<_>>()).await;
    scene.durations(&(0..20).map(own).collect::<Vec<_>>()).await;
    // The operator is 100 s late: its row of the first call lies nearer to the second.
    scene.calls(&[call("x", 50_000, Some(50_000), &json!({})), call("y", 50_090, Some(50_090), &json!({}))]).await;
    scene.durations(&[duration("r:X", Some(50_100), 0, &json!({ "operator_ref": "X" }))]).await;
    let pairs = scene.pair(&[0]).await;
    assert_eq!((pairs.len(), pairs[20].as_str()), (21, "x r:X numbers_and_time 100000"));
}

/// Prints how long a day of 100,000 calls and as many records takes, by key and by numbers: `--run-ignored only`.
#[sqlx::test]
#[ignore = "a measurement"]
async fn a_full_day_is_paired_in_seconds(pool: PgPool) {
    let scene = scene(pool).await;
    for keyed in [true, false] {
        scene.run("delete from pair").await;
        scene.run("delete from call_record").await;
        scene.run("delete from duration_record").await;
        let mut tx = scene.store.begin_job().await.expect("a transaction");
        for sql in MEASURED {
            let sql = sql.replace("$key", if keyed { "'s' || i" } else { "null" });
            sqlx::query(&sql).bind(scene.tenant).bind(scene.operator).bind(at(0)).execute(&mut *tx).await.expect("rows");
        }
        tx.commit().await.expect("committed");
        for turn in ["first", "again"] {
            let started = std::time::Instant::now();
            let pairs = scene.pair(&[0]).await.len();
            tracing::info!(keyed, turn, pairs, elapsed = ?started.elapsed(), "paired");
        }
    }
}

const MEASURED: [&str; 2] = [
    "insert into call_record (tenant_id, operator_id, call_id, leg_id, invited_at, answered_at, id, version, content, completeness, direction, e164,
        caller, country, quality, sip_call_id, batch_id, batch_row, received_at, talk_ms)
     select $1, $2, 'c' || i, '1', $3 + i * interval '0.86 seconds', $3 + i * interval '0.86 seconds' + interval '5 seconds', gen_random_uuid(), 1,
        '\\x00', 'final', 'inbound', '+49302312' || 5000 + i % 500, '+4420794' || 60000 + i % 3000, 'DE', 'good', $key, gen_random_uuid(), i, $3, 60000
     from generate_series(1, 100000) as i",
    "insert into duration_record (tenant_id, operator_id, ref, e164, at, answered_at, id, version, withdrawn, content, sip_call_id, operator_ref,
        other_party, other_party_withheld, direction, duration_ms, includes_ring, rounding_initial_s, rounding_increment_s, rounding_mode,
        batch_id, batch_row, received_at)
     select $1, $2, 'r:' || i, '+49302312' || 5000 + i % 500, t, t, gen_random_uuid(), 1, false, '\\x00', $key, 'o' || i,
        case when i % 20 = 0 then null else '+4420794' || 60000 + i % 3000 end, i % 20 = 0, 'inbound', 60000, false, 0, 0, 'up', gen_random_uuid(), i, $3
     from generate_series(1, 100000) as i, lateral (select $3 + i * interval '0.86 seconds' + interval '6 seconds' as t) as l",
];
