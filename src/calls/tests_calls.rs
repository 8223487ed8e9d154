//! Stories of call records over a real database: in by the platform, out to operators and tenants.

mod expire;
mod give;
mod http;
mod take;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use super::*;
use crate::base::Actor;
use crate::base::Ctx;
use crate::base::E164;
use crate::base::Env;
use crate::base::OperatorId;
use crate::base::Org;
use crate::base::Scope;
use crate::base::TenantId;
use crate::consent;
use crate::consent::SeedGrant;
use crate::identity;
use crate::numbers::SeedNumber;
use crate::numbers::Usage;
use crate::numbers::seed_numbers;
use crate::store::SecretKey;
use crate::store::Store;
use crate::store::ensure_partitions;
use crate::transfers::Class;

const KESTREL: &str = "+493023125010";
const OSPREY: &str = "+493023125020";
const ALBION: &str = "+493023125030";

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_780)
}

/// Two tenants of norvik, one of them of albion too. Kestrel grants calls and quality, osprey calls alone.
struct Scene {
    store: Store,
    kestrel: TenantId,
    osprey: TenantId,
    norvik: OperatorId,
    albion: OperatorId,
}

async fn scene(pool: PgPool) -> Scene {
    let env = Env::fixed(now(), 11);
    let key = SecretKey::parse(&SecretKey::generate(&env)).expect("a key");
    let store = Store::new(pool, env, key);
    ensure_partitions(&store, now()).await.expect("partitions");
    let tenant = async |slug: &'static str| {
        let sip_domain = &format!("{slug}.sip.example");
        let new =
            identity::NewTenant { slug, name: slug, country: "DE", time_zone: "Europe/Berlin", sip_domain, quarantine_days: 30 };
        identity::create_tenant(&store, new).await.expect("a tenant")
    };
    let operator = async |slug: &'static str| {
        let new =
            identity::NewOperator { slug, name: slug, time_zone: "Europe/Oslo", countries: &["DE"], services: &[], website: None };
        identity::create_operator(&store, new).await.expect("an operator")
    };
    let (kestrel, osprey) = (tenant("kestrel").await, tenant("osprey").await);
    let (norvik, albion) = (operator("norvik").await, operator("albion").await);
    let all = [Class::Numbers, Class::Calls, Class::Quality, Class::Durations];
    for (tenant, operator, classes) in [(kestrel, norvik, &all[..]), (osprey, norvik, &all[..2]), (kestrel, albion, &all[..])] {
        let at = now() - TimeDelta::days(40);
        let grant = SeedGrant { tenant, operator, countries: &["DE"], classes, accepted_by: "Mara", contact: None, at };
        consent::grant_for_seed(&store, grant).await.expect("granted");
    }
    for (tenant, operator, number) in [(kestrel, norvik, KESTREL), (osprey, norvik, OSPREY), (kestrel, albion, ALBION)] {
        let number = SeedNumber::new(E164::parse(number).expect("valid"), "DE", Usage::User, now() - TimeDelta::days(39));
        seed_numbers(&store, tenant, operator, &[number]).await.expect("a number");
    }
    Scene { store, kestrel, osprey, norvik, albion }
}

impl Scene {
    fn ctx(&self, org: Org) -> Ctx {
        Ctx {
            actor: Actor::Client { id: "client".to_owned(), label: "Feed reader".to_owned() },
            org,
            scopes: Scope::ALL.iter().copied().collect(),
            request_id: "req_1".to_owned(),
            address: None,
            env: self.store.env.clone(),
        }
    }

    /// An answered inbound call of 60 s that ended this many minutes ago.
    fn call(&self, id: &str, tenant: TenantId, number: &str, minutes_ago: i64) -> CallInput {
        let ended = self.store.env.now() - TimeDelta::minutes(minutes_ago);
        CallInput {
            tenant_id: tenant.0,
            operator_id: if number == ALBION { self.albion.0 } else { self.norvik.0 },
            call_id: id.to_owned(),
            direction: CallDirection::Inbound,
            e164: number.to_owned(),
            caller: Some("+442079460123".to_owned()),
            invited_at: ended - TimeDelta::seconds(70),
            ringing_at: Some(ended - TimeDelta::seconds(69)),
            answered_at: Some(ended - TimeDelta::seconds(60)),
            ended_at: Some(ended),
            sip_code: Some(200),
            streams: vec![good_stream()],
            ..CallInput::default()
        }
    }

    async fn take(&self, rows: &[CallInput]) -> Receipt {
        let lines: Vec<String> = rows.iter().map(|row| serde_json::to_string(row).expect("JSON")).collect();
        self.take_lines(&lines.join("\n")).await
    }

    async fn take_lines(&self, lines: &str) -> Receipt {
        let receipt = take_call_records(&self.store, "feeder", lines.as_bytes()).await.expect("taken");
        let sum = receipt.accepted + receipt.duplicate + receipt.superseded + receipt.rejected;
        assert_eq!(receipt.rows, sum, "every row has a verdict: {receipt:?}");
        receipt
    }

    /// Row and verdict of every row of a batch.
    async fn verdicts(&self, receipt: &Receipt) -> Vec<(i32, String)> {
        let rows = jobs_ingest::read_batch_rows(&self.store, receipt.id, None, 0, 1_000).await.expect("rows");
        rows.into_iter().map(|row| (row.row, row.verdict)).collect()
    }

    async fn seal(&self) {
        while seal_calls(self.store.clone()).await.expect("sealed") {}
    }

    async fn feed(&self, operator: OperatorId, after: Option<feed_ask::FeedPlace>, limit: i64) -> feed::CallsPage {
        let ask = feed_ask::CallsAsk { processed: true, ..Default::default() };
        feed::processed(&self.store, &self.ctx(Org::Operator(operator)), &ask, after, limit).await.expect("a page")
    }

    /// The whole feed of an operator, read in pages of this size.
    async fn whole_feed(&self, operator: OperatorId, limit: i64) -> Vec<Value> {
        let (mut rows, mut after) = (Vec::new(), None);
        loop {
            let page = self.feed(operator, after, limit).await;
            rows.extend(values(&page));
            after = Some(place(&page));
            if !page.more {
                return rows;
            }
        }
    }

    async fn count(&self, sql: &str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(self.store.pool()).await.expect("counted")
    }
}

fn good_stream() -> StreamInput {
    StreamInput {
        direction: StreamDirection::Received,
        leg: LegSide::Operator,
        packets: Some(3_000),
        jitter_ms_avg: Some(3.0),
        loss_ratio_avg: Some(0.001),
        rtt_ms_avg: Some(40.0),
        ..StreamInput::default()
    }
}

fn values(page: &feed::CallsPage) -> Vec<Value> {
    page.rows.iter().map(|row| serde_json::from_str(row.get()).expect("JSON")).collect()
}

fn place(page: &feed::CallsPage) -> feed_ask::FeedPlace {
    let next = page.next.as_deref().expect("never null in the feed");
    let uri: ::http::Uri = format!("/calls?cursor={next}").parse().expect("an address");
    let paging = identity::Paging::of(uri).expect("read");
    feed_ask::FeedPlace::of(&paging).expect("read").expect("there")
}

fn ids(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["call_id"].as_str().expect("an id")).collect()
}

fn id_of(row: &Value) -> crate::base::CallId {
    crate::base::CallId(Uuid::parse_str(row["id"].as_str().expect("an id")).expect("an id"))
}
