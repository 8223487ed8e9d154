//! Stories of quality: counts equal a plain `GROUP BY`, gates hold on every way out, pages say what was counted.

mod api;
mod pages;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use rand::Rng as _;
use sqlx::PgPool;
use uuid::Uuid;

use super::*;
use crate::base::AccountId;
use crate::base::Actor;
use crate::base::ConsentId;
use crate::base::Ctx;
use crate::base::Env;
use crate::base::OperatorId;
use crate::base::Org;
use crate::base::Scope;
use crate::base::TenantId;
use crate::calls::QUALITY;
use crate::identity;
use crate::store::Reach;
use crate::store::SecretKey;
use crate::store::Store;
use crate::store::ensure_partitions;
use crate::transfers;
use crate::transfers::Class;
use crate::transfers::GateState;

/// 2026-11-23, 10:00 in Berlin.
fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_780) + TimeDelta::hours(9)
}

struct Scene {
    store: Store,
    kestrel: TenantId,
    heron: TenantId,
    norvik: OperatorId,
    albion: OperatorId,
}

/// A call as the tests write it.
#[derive(Clone, Debug)]
struct Call {
    tenant: TenantId,
    operator: OperatorId,
    invited: DateTime<Utc>,
    ended: Option<DateTime<Utc>>,
    direction: &'static str,
    e164: String,
    other: Option<&'static str>,
    network: Option<&'static str>,
    code: Option<i16>,
    ring_ms: Option<i64>,
    talk_ms: Option<i64>,
    quality: &'static str,
    mos: Vec<Option<f64>>,
    mismatch: bool,
}

async fn scene(pool: PgPool) -> Scene {
    let env = Env::fixed(now(), 41);
    let key = SecretKey::parse(&SecretKey::generate(&env)).expect("a key");
    let store = Store::new(pool, env, key);
    ensure_partitions(&store, now()).await.expect("partitions");
    let tenant = async |slug: &'static str, name: &'static str| {
        let sip_domain = &format!("{slug}.sip.example");
        let new = identity::NewTenant { slug, name, country: "DE", time_zone: "Europe/Berlin", sip_domain, quarantine_days: 30 };
        identity::create_tenant(&store, new).await.expect("a tenant")
    };
    let operator = async |slug: &'static str, name: &'static str| {
        let new = identity::NewOperator { slug, name, time_zone: "Europe/Oslo", countries: &["DE"], services: &[], website: None };
        identity::create_operator(&store, new).await.expect("an operator")
    };
    let (kestrel, heron) = (tenant("kestrel", "Kestrel <b>Logistik</b>").await, tenant("heron", "Heron Foods").await);
    let (norvik, albion) = (operator("norvik", "Norvik Telekom").await, operator("albion", "Albion Voice").await);
    Scene { store, kestrel, heron, norvik, albion }
}

impl Scene {
    /// A line of the consent ledger and the gate it leaves.
    async fn consent(&self, tenant: TenantId, operator: OperatorId, action: &str, days_ago: i64, classes: &[&str]) {
        let at = now() - TimeDelta::days(days_ago);
        let mut tx = self.store.begin_job().await.expect("begun");
        let consent: Uuid = sqlx::query_scalar(
            "insert into consent (tenant_id, id, operator_id, status, countries, classes, notice_version, notice_sha256, accepted_by, since, created_at)
             values ($1, $2, $3, 'active', '{DE}', $4, '1', '\\x00', 'Mara', $5, $5)
             on conflict (tenant_id, operator_id) do update set since = excluded.since returning id",
        )
        .bind(tenant.0)
        .bind(self.store.env.id())
        .bind(operator.0)
        .bind(classes)
        .bind(at)
        .fetch_one(&mut *tx)
        .await
        .expect("a consent");
        sqlx::query(
            "insert into consent_entry (tenant_id, id, consent_id, operator_id, at, action, countries, classes, notice_version, notice_sha256, actor_label)
             values ($1, $2, $3, $4, $5, $6, '{DE}', $7, '1', '\\x00', 'Mara')",
        )
        .bind(tenant.0)
        .bind(self.store.env.id())
        .bind(consent)
        .bind(operator.0)
        .bind(at)
        .bind(action)
        .bind(classes)
        .execute(&mut *tx)
        .await
        .expect("a line");
        tx.commit().await.expect("committed");
        let reason = match action {
            "suspended" => Some("suspended"),
            "withdrawn" => Some("withdrawn"),
            _ => None,
        };
        for class in classes.iter().filter_map(|class| Class::parse(class)) {
            self.gate(tenant, operator, class, reason).await;
        }
    }

    async fn gate(&self, tenant: TenantId, operator: OperatorId, class: Class, reason: Option<&str>) {
        let state = GateState {
            open: reason.is_none(),
            consent_id: ConsentId(Uuid::from_u128(5)),
            notice_version: "1".to_owned(),
            reason: reason.map(str::to_owned),
        };
        let mut tx = self.store.begin(Reach::Tenant(tenant)).await.expect("begun");
        transfers::set_gate(&mut tx, tenant, operator, "DE", class, &state, now()).await.expect("a gate");
        tx.commit().await.expect("committed");
    }

    fn ctx(&self, org: Org) -> Ctx {
        Ctx {
            actor: Actor::Account { id: AccountId(Uuid::from_u128(7)), label: "Mara Lindner".to_owned() },
            org,
            scopes: Scope::ALL.iter().copied().collect(),
            request_id: "test".to_owned(),
            address: None,
            env: self.store.env.clone(),
        }
    }

    /// An answered, good call of an hour ago.
    fn call(&self, tenant: TenantId, operator: OperatorId) -> Call {
        Call {
            tenant,
            operator,
            invited: now() - TimeDelta::hours(1),
            ended: Some(now() - TimeDelta::minutes(50)),
            direction: "inbound",
            e164: "+493023125010".to_owned(),
            other: Some("FR"),
            network: Some("Berlin HQ"),
            code: Some(200),
            ring_ms: Some(1_500),
            talk_ms: Some(60_000),
            quality: "good",
            mos: vec![Some(4.25)],
            mismatch: false,
        }
    }

    /// Writes calls with their streams and tells the change list of the days on which they ended.
    async fn write(&self, calls: &[Call]) {
        let mut tx = self.store.begin_job().await.expect("begun");
        for call in calls {
            let id = self.store.env.id();
            let answered = call.talk_ms.is_some().then(|| call.invited + TimeDelta::milliseconds(call.ring_ms.unwrap_or(0)));
            sqlx::query(
                "insert into call_record (tenant_id, call_id, leg_id, invited_at, id, operator_id, version, content, completeness, direction, e164,
                                          country, other_country, network_name, ringing_at, answered_at, ended_at, talk_ms, sip_code, quality,
                                          tenant_mismatch, batch_id, batch_row, received_at)
                 values ($1, $2::text, '1', $3, $2, $4, 1, '\\x00', 'final', $5, $6, 'DE', $7, $8, $9, $10, $11, $12, $13, $14, $15, $2, 1, $3)",
            )
            .bind(call.tenant.0)
            .bind(id)
            .bind(call.invited)
            .bind(call.operator.0)
            .bind(call.direction)
            .bind(&call.e164)
            .bind(call.other)
            .bind(call.network)
            .bind(call.ring_ms.map(|ms| call.invited + TimeDelta::milliseconds(ms)))
            .bind(answered)
            .bind(call.ended)
            .bind(call.talk_ms)
            .bind(call.code)
            .bind(call.quality)
            .bind(call.mismatch)
            .execute(&mut *tx)
            .await
            .expect("a call");
            for (n, mos) in (1_i16..).zip(&call.mos) {
                sqlx::query(
                    "insert into stream (tenant_id, call_id, leg_id, invited_at, n, operator_id, direction, side, mos, mos_kind, mos_computed, quality)
                     values ($1, $2, '1', $3, $4, $5, 'sent', 'operator', 1.0, 'other', $6, 'good')",
                )
                .bind(call.tenant.0)
                .bind(id.to_string())
                .bind(call.invited)
                .bind(n)
                .bind(call.operator.0)
                .bind(mos)
                .execute(&mut *tx)
                .await
                .expect("a stream");
            }
            if let Some(ended) = call.ended {
                sqlx::query("insert into change (tenant_id, id, list, operator_id, day, at) values ($1, $2, $3, $4, $5, $6)")
                    .bind(call.tenant.0)
                    .bind(self.store.env.id())
                    .bind(QUALITY)
                    .bind(call.operator.0)
                    .bind(ended.date_naive())
                    .bind(now())
                    .execute(&mut *tx)
                    .await
                    .expect("a change");
            }
        }
        tx.commit().await.expect("committed");
        settle_all(&self.store).await.expect("settled");
    }

    /// Calls of every kind around days and months, long ones and unended ones too.
    fn random(&self, count: usize) -> Vec<Call> {
        let mut rng = self.store.env.rng();
        let mut calls = Vec::new();
        for _ in 0..count {
            let invited = now() - TimeDelta::milliseconds(rng.gen_range(0..10 * 86_400_000));
            let lasted = match rng.gen_range(0..20) {
                0 => TimeDelta::hours(rng.gen_range(20..150)),
                1 => TimeDelta::zero(),
                _ => TimeDelta::milliseconds(rng.gen_range(0..7_200_000)),
            };
            let pick = |rng: &mut rand_chacha::ChaCha20Rng, of: &[&'static str]| of[rng.gen_range(0..of.len())];
            let answered = rng.gen_bool(0.6);
            let codes = [Some(200), Some(486), Some(487), Some(480), Some(408), Some(404), Some(484), Some(603), Some(503), None];
            calls.push(Call {
                tenant: if rng.gen_bool(0.5) { self.kestrel } else { self.heron },
                operator: if rng.gen_bool(0.5) { self.norvik } else { self.albion },
                invited,
                ended: rng.gen_bool(0.95).then_some(invited + lasted),
                direction: pick(&mut rng, &["inbound", "outbound"]),
                e164: format!("+4930231250{}", rng.gen_range(10..15)),
                other: [None, Some("DE"), Some("FR")][rng.gen_range(0..3)],
                network: [None, Some("Berlin HQ"), Some("Hamburg")][rng.gen_range(0..3)],
                code: codes[rng.gen_range(0..codes.len())],
                ring_ms: rng.gen_bool(0.7).then(|| rng.gen_range(0..9_000)),
                talk_ms: answered.then(|| rng.gen_range(0..600_000)),
                quality: pick(&mut rng, &["good", "good", "poor", "unclassified"]),
                mos: (0..rng.gen_range(0..3)).map(|_| rng.gen_bool(0.8).then(|| rng.gen_range(1.0..4.5))).collect(),
                mismatch: rng.gen_bool(0.05),
            });
        }
        calls
    }
}

/// What a person would write over the raw rows, against what the rollup holds. Answers groups that differ.
const DIFFERENCES: &str = "
    with raw as (
      select c.tenant_id, date_trunc('hour', c.ended_at, 'UTC') as hour, c.operator_id, c.direction, c.e164, coalesce(c.other_country, '') as other_country,
             c.tenant_mismatch, count(*) as calls, count(c.answered_at) as answered,
             count(*) filter (where c.answered_at is not null or c.sip_code in (486, 600, 603, 607, 608)
                                or (c.ringing_at is not null and c.sip_code in (408, 480, 487))) as effective,
             coalesce(sum(c.talk_ms), 0)::bigint as talk_ms, count(*) filter (where c.quality = 'good') as good,
             count(*) filter (where c.quality = 'poor') as poor, count(*) filter (where c.quality = 'unclassified') as unclassified,
             count(c.ringing_at) as pdd_n, coalesce(sum(extract(epoch from c.ringing_at - c.invited_at) * 1000), 0)::bigint as pdd_ms,
             coalesce(sum((select count(s.mos_computed) from stream s where (s.tenant_id, s.call_id, s.leg_id) = (c.tenant_id, c.call_id, c.leg_id))), 0)::bigint as mos_n,
             round(coalesce(sum((select sum(s.mos_computed) from stream s where (s.tenant_id, s.call_id, s.leg_id) = (c.tenant_id, c.call_id, c.leg_id))), 0)::numeric, 6) as mos_sum
      from call_record c where c.ended_at is not null group by 1, 2, 3, 4, 5, 6, 7),
    held as (
      select tenant_id, hour, operator_id, direction, e164, other_country, mismatch, calls, answered, effective, talk_ms, good, poor, unclassified, pdd_n, pdd_ms,
             mos_n, round(mos_sum::numeric, 6) as mos_sum
      from quality_hour)
    select count(*) from ((table raw except all table held) union all (table held except all table raw)) d";

const NETWORK_DIFFERENCES: &str = "
    with raw as (
      select tenant_id, date_trunc('hour', ended_at, 'UTC') as hour, operator_id, direction, coalesce(network_name, '') as network_name, count(*) as calls,
             count(*) filter (where quality = 'good') as good, count(*) filter (where quality = 'poor') as poor,
             count(*) filter (where quality = 'unclassified') as unclassified
      from call_record where ended_at is not null and not tenant_mismatch group by 1, 2, 3, 4, 5),
    held as (select tenant_id, hour, operator_id, direction, network_name, calls, good, poor, unclassified from quality_network_hour)
    select count(*) from ((table raw except all table held) union all (table held except all table raw)) d";

async fn number(store: &Store, sql: &str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(store.pool()).await.expect("counted")
}

#[sqlx::test]
async fn counts_equal_a_plain_group_by(pool: PgPool) {
    let scene = scene(pool).await;
    let calls = scene.random(700);
    scene.write(&calls[..400]).await;
    assert!(number(&scene.store, "select count(*) from quality_hour").await > 200);
    assert_eq!(number(&scene.store, DIFFERENCES).await, 0);
    assert_eq!(number(&scene.store, NETWORK_DIFFERENCES).await, 0);
    scene.write(&calls[400..]).await;
    assert_eq!(number(&scene.store, DIFFERENCES).await, 0, "late calls");
    // Newer versions: another operator, another end, another verdict. Both days are told.
    let moved = "with moved as (
                   update call_record set operator_id = (select id from operator where slug = 'norvik'), quality = 'poor',
                          ended_at = ended_at + interval '30 hours'
                   where ended_at - invited_at < interval '1 hour' and e164 = '+493023125011' returning tenant_id, operator_id, ended_at)
                 insert into change (tenant_id, id, list, operator_id, day, at)
                 select tenant_id, gen_random_uuid(), 'quality', operator_id, (ended_at - n * interval '30 hours')::date, ended_at
                 from moved, generate_series(0, 1) as n";
    let done = sqlx::raw_sql(&format!("set time zone 'UTC'; {moved}")).execute(scene.store.pool()).await.expect("moved");
    assert!(done.rows_affected() > 20);
    assert_ne!(number(&scene.store, DIFFERENCES).await, 0, "the comparison can fail");
    settle_all(&scene.store).await.expect("settled");
    assert_eq!(number(&scene.store, DIFFERENCES).await, 0);
    assert_eq!(number(&scene.store, NETWORK_DIFFERENCES).await, 0);
    assert_eq!(number(&scene.store, "select count(*) from change where list = 'quality'").await, 0);
}

#[sqlx::test]
async fn effectiveness_is_the_same_in_sql(pool: PgPool) {
    let sql = "select a, r, c::smallint, counts_as_effective(a, r, c::smallint)
               from (values (true), (false)) x (a), (values (true), (false)) y (r), (select null::integer union all select generate_series(100, 699)) z (c)";
    let rows: Vec<(bool, bool, Option<i16>, bool)> = sqlx::query_as(sql).fetch_all(&pool).await.expect("rows");
    assert_eq!(rows.len(), 601 * 4);
    for (answered, rang, code, found) in rows {
        assert_eq!(found, crate::calls::effective(code, answered, rang), "{code:?} answered {answered} rang {rang}");
    }
}

#[sqlx::test]
async fn calls_that_ended_while_the_gate_was_closed_are_never_shared(pool: PgPool) {
    let scene = scene(pool).await;
    let (kestrel, norvik) = (scene.kestrel, scene.norvik);
    scene.consent(kestrel, norvik, "granted", 30, &["calls", "quality"]).await;
    scene.consent(kestrel, norvik, "suspended", 5, &["calls", "quality"]).await;
    scene.consent(kestrel, norvik, "resumed", 2, &["calls", "quality"]).await;
    let ended = |days: i64| {
        let at = now() - TimeDelta::days(days);
        Call { invited: at - TimeDelta::minutes(9), ended: Some(at), ..scene.call(kestrel, norvik) }
    };
    // Before the grant would be the 31st day; the fifth day to the second are closed.
    scene.write(&[ended(31), ended(10), ended(4), ended(3), ended(1)]).await;
    let shared = number(&scene.store, "select sum(calls)::bigint from quality_hour where shared").await;
    let kept = number(&scene.store, "select sum(calls)::bigint from quality_hour where not shared").await;
    assert_eq!((shared, kept), (2, 3));
}

#[sqlx::test]
async fn no_operator_reads_a_network(pool: PgPool) {
    let scene = scene(pool).await;
    scene.write(&[scene.call(scene.kestrel, scene.norvik)]).await;
    for (reach, rows) in [(Reach::Tenant(scene.kestrel), 1), (Reach::Tenant(scene.heron), 0), (Reach::Operator(scene.norvik), 0)] {
        let mut tx = scene.store.begin(reach).await.expect("begun");
        let found: i64 =
            sqlx::query_scalar("select count(*) from quality_network_hour").fetch_one(&mut *tx).await.expect("counted");
        assert_eq!(found, rows, "{reach:?}");
    }
}
