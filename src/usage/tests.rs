//! Rollups equal GROUP BY over the raw rows.

use std::collections::BTreeMap;
use std::collections::HashMap;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::TimeDelta;
use chrono::Utc;
use rand::Rng as _;
use rand::seq::SliceRandom as _;
use serde_json::Value;
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use super::*;
use crate::base::Env;
use crate::base::OperatorId;
use crate::base::TenantId;
use crate::consent;
use crate::consent::Spell;
use crate::identity;
use crate::pairing;
use crate::store::SecretKey;
use crate::store::Store;
use crate::store::ensure_partitions;
use crate::transfers::Class;

const ZONE: chrono_tz::Tz = chrono_tz::Europe::Berlin;
const NUMBERS: [&str; 3] = ["+493023125001", "+493023125002", "+43720880001"];

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

/// A moment in UTC.
fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).expect("a time").to_utc()
}

pub(super) struct Scene {
    pub store: Store,
    pub tenant: TenantId,
    pub operator: OperatorId,
}

/// A tenant in Berlin and its operator; durations are consented to in Germany from the 1st of the month on, but for two hours.
pub(super) async fn scene(pool: PgPool, now: DateTime<Utc>) -> Scene {
    let env = Env::fixed(now, 5);
    let key = SecretKey::parse(&SecretKey::generate(&env)).expect("a key");
    let store = Store::new(pool, env, key);
    ensure_partitions(&store, now).await.expect("partitions");
    let new = identity::NewTenant {
        slug: "kestrel",
        name: "Kestrel Logistik GmbH",
        country: "DE",
        time_zone: "Europe/Berlin",
        sip_domain: "kestrel.sip.example",
        quarantine_days: 30,
    };
    let tenant = identity::create_tenant(&store, new).await.expect("a tenant");
    let new = identity::NewOperator {
        slug: "norvik",
        name: "Norvik Telekom",
        time_zone: "Europe/Oslo",
        countries: &["DE"],
        services: &[],
        website: None,
    };
    let operator = identity::create_operator(&store, new).await.expect("an operator");
    Scene { store, tenant, operator }
}

impl Scene {
    pub(super) async fn run(&self, sql: &str, bind: Value) {
        let mut tx = self.store.begin_job().await.expect("a transaction");
        sqlx::query(sql).bind(self.tenant.0).bind(self.operator.0).bind(bind).execute(&mut *tx).await.expect(sql);
        tx.commit().await.expect("committed");
    }

    pub(super) async fn consent(&self, entries: &[(&str, &str)]) {
        let sql = "with c as (
                     insert into consent (tenant_id, id, operator_id, status, countries, classes, notice_version, notice_sha256, accepted_by, since, created_at)
                     values ($1, $1, $2, 'active', array['DE'], array['durations'], '3', '', 'Mara', '2026-01-01', '2026-01-01'))
                   insert into consent_entry (tenant_id, id, consent_id, operator_id, at, action, countries, classes, notice_version, notice_sha256, actor_label)
                   select $1, gen_random_uuid(), $1, $2, (e ->> 1)::timestamptz, e ->> 0, array['DE'], array['durations'], '3', '', 'Mara'
                   from jsonb_array_elements($3) as e";
        self.run(sql, json!(entries)).await;
    }

    pub(super) async fn put(&self, table: &str, rows: Vec<Value>) {
        let sql = format!(
            "insert into {table} select (jsonb_populate_record(null::{table}, row || jsonb_build_object('tenant_id', $1, 'operator_id', $2))).*
             from jsonb_array_elements($3) as row"
        );
        self.run(&sql, Value::Array(rows)).await;
    }

    /// Tells which days changed, lets pairing and rollup work.
    pub(super) async fn settle(&self, days: &[NaiveDate]) {
        let sql = "insert into change (tenant_id, operator_id, id, list, day, at)
                   select $1, $2, gen_random_uuid(), 'pairing', day::date, day::timestamptz from jsonb_array_elements_text($3) as day";
        self.run(sql, json!(days)).await;
        pairing::settle_all(&self.store).await.expect("paired");
        settle_all(&self.store).await.expect("rolled up");
    }
}

pub(super) fn call(
    id: usize,
    invited: DateTime<Utc>,
    answered: Option<DateTime<Utc>>,
    talk_ms: Option<i64>,
    more: &Value,
) -> Value {
    let mut row = json!({
        "call_id": format!("c{id}"), "leg_id": "1", "id": Uuid::from_u128(id as u128), "version": 1, "content": "\\x00", "completeness": "final",
        "direction": "inbound", "e164": NUMBERS[0], "caller": "+442079460001", "caller_withheld": false, "country": "DE",
        "quality": "unclassified", "tenant_mismatch": false, "batch_id": Uuid::nil(), "batch_row": 1, "received_at": invited,
        "invited_at": invited, "answered_at": answered, "talk_ms": talk_ms,
    });
    row.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    row
}

pub(super) fn duration(id: usize, at: DateTime<Utc>, answered: bool, duration_ms: i64, more: &Value) -> Value {
    let mut row = json!({
        "ref": format!("r:{id}"), "operator_ref": format!("{id}"), "e164": NUMBERS[0], "at": at, "id": Uuid::nil(), "version": 1,
        "withdrawn": false, "content": "\\x00", "other_party": "+442079460001", "other_party_withheld": false, "direction": "inbound",
        "answered_at": answered.then_some(at), "setup_at": at, "duration_ms": duration_ms, "includes_ring": false, "rounding_initial_s": 0,
        "rounding_increment_s": 0, "rounding_mode": "up", "batch_id": Uuid::nil(), "batch_row": 1, "received_at": at,
    });
    row.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    row
}

/// Random calls over some days and the operator's records of most of them, with all that can be missing, withheld, taken back.
fn random(store: &Store, from: DateTime<Utc>, hours: i64, n: usize) -> (Vec<Value>, Vec<Value>) {
    let mut rng = store.env.rng();
    let (mut calls, mut durations) = (Vec::new(), Vec::new());
    for id in 0..n {
        let start = from + TimeDelta::milliseconds(rng.gen_range(0..hours * 3_600_000));
        let answer = rng.gen_bool(0.8).then(|| start + TimeDelta::milliseconds(rng.gen_range(0..90_000)));
        let talk = rng.gen_range(0..600_000_i64);
        let inbound = rng.gen_bool(0.5);
        let mut side = |country: &[&str], kind: &[Value], withheld: &str| {
            json!({
                "e164": NUMBERS[id % 3], "direction": if inbound { "inbound" } else { "outbound" },
                "other_country": country.choose(&mut rng).filter(|text| !text.is_empty()),
                "call_type": kind.choose(&mut rng), withheld: rng.gen_bool(0.1),
                "sip_call_id": rng.gen_bool(0.7).then(|| format!("s{id}")),
            })
        };
        let mut ours = side(&["GB", "FR", ""], &[json!("pstn"), Value::Null], "caller_withheld");
        let theirs = side(&["GB", "NO", ""], &[json!("toll_free"), Value::Null], "other_party_withheld");
        ours["country"] = json!(if id % 3 == 2 { "AT" } else { "DE" });
        ours["target_id"] = [json!("u1"), Value::Null].choose(&mut rng).cloned().unwrap_or_default();
        if rng.gen_bool(0.9) {
            calls.push(call(id, start, answer, answer.filter(|_| rng.gen_bool(0.95)).map(|_| talk), &ours));
        }
        if rng.gen_bool(0.8) {
            let late = TimeDelta::milliseconds(rng.gen_range(-2_000..4_000));
            let mut row = duration(id, answer.unwrap_or(start) + late, answer.is_some(), talk + rng.gen_range(0..1_000), &theirs);
            row["withdrawn"] = json!(rng.gen_bool(0.05));
            durations.push(row);
        }
    }
    (calls, durations)
}

type Key = (NaiveDate, String, String, String, String, String);

#[derive(sqlx::FromRow)]
struct Call {
    key: String,
    start: DateTime<Utc>,
    answered: bool,
    e164: String,
    inbound: bool,
    country: String,
    withheld: bool,
    other_country: Option<String>,
    target_id: Option<String>,
    call_type: Option<String>,
    talk_ms: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct Record {
    key: String,
    at: DateTime<Utc>,
    answered: bool,
    e164: String,
    inbound: bool,
    withheld: bool,
    other_country: Option<String>,
    call_type: Option<String>,
    duration_ms: i64,
}

/// The same sums by hand: calls, answered, operator_calls, operator_ms, platform_ms, awaiting_calls, awaiting_ms, pairs, difference_ms.
async fn by_hand(scene: &Scene, spells: &[Spell]) -> BTreeMap<Key, [i64; 9]> {
    let mut tx = scene.store.begin_job().await.expect("a transaction");
    let calls: Vec<Call> = sqlx::query_as(
        "select call_id as key, coalesce(answered_at, invited_at) as start, answered_at is not null as answered, e164, direction = 'inbound' as inbound,
                country, caller_withheld as withheld, other_country, target_id, call_type, talk_ms from call_record",
    )
    .fetch_all(&mut *tx)
    .await
    .expect("calls");
    let records: Vec<Record> = sqlx::query_as(
        "select ref as key, at, answered_at is not null as answered, e164, direction = 'inbound' as inbound, other_party_withheld as withheld,
                other_country, call_type, duration_ms from duration_record where not withdrawn",
    )
    .fetch_all(&mut *tx)
    .await
    .expect("records");
    let pairs: HashMap<String, String> = sqlx::query_as::<_, (String, String)>("select call_id, ref from pair")
        .fetch_all(&mut *tx)
        .await
        .expect("pairs")
        .into_iter()
        .collect();
    type Span = (String, String, DateTime<Utc>, Option<DateTime<Utc>>);
    let assigned: Vec<Span> = sqlx::query_as("select e164, target_id, assigned_at, ended_at from assignment")
        .fetch_all(&mut *tx)
        .await
        .expect("assignments");
    let owner = |e164: &str, at: DateTime<Utc>| {
        let held = assigned.iter().find(|(number, _, from, to)| number == e164 && *from <= at && to.is_none_or(|to| at < to));
        held.map(|held| held.1.clone())
    };
    let mut sums: BTreeMap<Key, [i64; 9]> = BTreeMap::new();
    let mut add = |at: DateTime<Utc>, e164: &str, inbound: bool, call: Option<&Call>, record: Option<&Record>, counts: [i64; 9]| {
        let target = call.and_then(|call| call.target_id.clone()).or_else(|| owner(e164, at)).unwrap_or_default();
        let kind = call.and_then(|call| call.call_type.clone()).or_else(|| record.and_then(|record| record.call_type.clone()));
        let country =
            call.and_then(|call| call.other_country.clone()).or_else(|| record.and_then(|record| record.other_country.clone()));
        let hidden = inbound && (call.is_some_and(|call| call.withheld) || record.is_some_and(|record| record.withheld));
        let way = if inbound { "inbound" } else { "outbound" };
        let country = if hidden { String::new() } else { country.unwrap_or_default() };
        let local = at.with_timezone(&ZONE).date_naive();
        let sum = sums.entry((local, e164.to_owned(), target, way.to_owned(), kind.unwrap_or_default(), country)).or_default();
        sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    };
    for call in &calls {
        let record = pairs.get(&call.key).and_then(|key| records.iter().find(|record| record.key == *key));
        let covered = spells.iter().any(|spell| spell.country == call.country && spell.covers(call.start));
        let (answered, talk) = (i64::from(call.answered), call.talk_ms.filter(|_| call.answered).unwrap_or(0));
        let awaited = i64::from(call.answered && record.is_none() && covered);
        let compared = record.filter(|_| call.answered).and_then(|record| Some(record.duration_ms - call.talk_ms?));
        let counts = [1, answered, 0, 0, talk, awaited, awaited * talk, i64::from(compared.is_some()), compared.unwrap_or(0)];
        add(call.start, &call.e164, call.inbound, Some(call), record, counts);
    }
    for record in &records {
        let call =
            pairs.iter().find(|(_, key)| **key == record.key).and_then(|(key, _)| calls.iter().find(|call| call.key == *key));
        let counts = [0, 0, i64::from(record.answered), record.duration_ms, 0, 0, 0, 0, 0];
        add(record.at, &record.e164, record.inbound, call, Some(record), counts);
    }
    sums
}

async fn rolled(scene: &Scene) -> BTreeMap<Key, [i64; 9]> {
    use sqlx::Row as _;
    let mut tx = scene.store.begin_job().await.expect("a transaction");
    let rows = sqlx::query("select * from usage_day").fetch_all(&mut *tx).await.expect("rollups");
    let measures = [
        "calls",
        "answered",
        "operator_calls",
        "operator_ms",
        "platform_ms",
        "awaiting_calls",
        "awaiting_ms",
        "pairs",
        "difference_ms",
    ];
    let row = |row: &sqlx::postgres::PgRow| {
        let key = (
            row.get("day"),
            row.get("e164"),
            row.get("target_id"),
            row.get("direction"),
            row.get("call_type"),
            row.get("other_country"),
        );
        (key, measures.map(|name| row.get(name)))
    };
    rows.iter().map(row).collect()
}

/// Compares the rollup with the sums by hand and answers the latter.
async fn same(scene: &Scene, what: &str) -> BTreeMap<Key, [i64; 9]> {
    let mut tx = scene.store.begin_job().await.expect("a transaction");
    let spells = consent::open_spells(&mut tx, Some(scene.operator), &[scene.tenant], Class::Durations).await.expect("spells");
    drop(tx);
    let (hand, rolled) = (by_hand(scene, &spells).await, rolled(scene).await);
    for (key, sums) in &hand {
        assert_eq!(rolled.get(key), Some(sums), "{what}: {key:?}");
    }
    assert_eq!(rolled.len(), hand.len(), "{what}");
    hand
}

/// Random rows around a day of `hours` hours.
async fn check_around(pool: PgPool, from: &str, special: &str, hours: i64) {
    let from = at(from);
    let scene = scene(pool, from + TimeDelta::days(6)).await;
    let special = day(special);
    let suspended = (from + TimeDelta::hours(40)).to_rfc3339();
    let resumed = (from + TimeDelta::hours(42)).to_rfc3339();
    scene.consent(&[("granted", "2026-01-01T00:00:00Z"), ("suspended", &suspended), ("resumed", &resumed)]).await;
    let middle = from + TimeDelta::hours(60);
    for (n, (from, to)) in [(from - TimeDelta::days(9), Some(middle)), (middle, None)].into_iter().enumerate() {
        let sql = "insert into assignment (tenant_id, e164, id, target_id, target_kind, target_name, category, assigned_at, assigned_seq, ended_at)
                   select $1, $3 ->> 0, gen_random_uuid(), $3 ->> 1, 'user', 'U', 'alternate', ($3 ->> 2)::timestamptz, 1, ($3 ->> 3)::timestamptz
                   where $2::uuid is not null";
        scene.run(sql, json!([NUMBERS[0], format!("u{n}"), from, to])).await;
    }
    let (calls, durations) = random(&scene.store, from, 110, 900);
    scene.put("call_record", calls).await;
    scene.put("duration_record", durations).await;
    let days: Vec<NaiveDate> = from.date_naive().iter_days().take(6).collect();
    scene.settle(&days).await;
    let hand = same(&scene, "first").await;
    assert!(hand.values().map(|sums| sums[5]).sum::<i64>() > 0 && hand.values().map(|sums| sums[7]).sum::<i64>() > 100);
    // The local day is as long as it is: a call just inside on each end, one just outside.
    let midnight =
        |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_local_timezone(ZONE).earliest().expect("midnight").to_utc();
    let (start, end) = (midnight(special), midnight(special.succ_opt().expect("a day")));
    assert_eq!(end - start, TimeDelta::hours(hours));
    let edge = json!({ "e164": "+493023125009" });
    let second = TimeDelta::seconds(1);
    let edges = [start - second, start, end - second, end];
    scene
        .put("call_record", edges.iter().enumerate().map(|(n, at)| call(5_000 + n, *at, Some(*at), Some(1_000), &edge)).collect())
        .await;
    scene.settle(&[start.date_naive(), end.date_naive()]).await;
    let hand = same(&scene, "edges").await;
    let inside: i64 = hand.iter().filter(|(key, _)| key.0 == special && key.1 == "+493023125009").map(|(_, sums)| sums[0]).sum();
    assert_eq!(inside, 2);
    // What changes later is counted anew, on the days that changed alone.
    let changed = special.succ_opt().expect("a day");
    scene.run("update duration_record set withdrawn = not withdrawn, version = 2 where tenant_id = $1 and operator_id = $2 and (at at time zone 'UTC')::date = ($3 ->> 0)::date and duration_ms % 3 = 0", json!([changed])).await;
    scene.run("update call_record set talk_ms = talk_ms + 5, version = 2 where tenant_id = $1 and operator_id = $2 and (coalesce(answered_at, invited_at) at time zone 'UTC')::date = ($3 ->> 0)::date", json!([changed])).await;
    scene.settle(&[changed]).await;
    same(&scene, "changed").await;
}

#[sqlx::test]
async fn rollups_are_exact_on_the_day_of_25_hours(pool: PgPool) {
    check_around(pool, "2026-10-23T00:00:00Z", "2026-10-25", 25).await;
}

#[sqlx::test]
async fn rollups_are_exact_on_the_day_of_23_hours(pool: PgPool) {
    check_around(pool, "2026-03-27T00:00:00Z", "2026-03-29", 23).await;
}
