//! Stories of duration batches: what operators send, and what becomes of it.

mod judged;
mod wire;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use serde_json::Value;
use serde_json::json;
use sqlx::PgPool;

use super::*;
use crate::base::Actor;
use crate::base::BatchId;
use crate::base::Ctx;
use crate::base::E164;
use crate::base::Env;
use crate::base::OperatorId;
use crate::base::Org;
use crate::base::Scope;
use crate::base::TenantId;
use crate::consent;
use crate::consent::SeedGrant;
use crate::identity::NewOperator;
use crate::identity::NewTenant;
use crate::identity::create_operator;
use crate::identity::create_tenant;
use crate::numbers::SeedNumber;
use crate::numbers::Usage;
use crate::numbers::seed_holding;
use crate::numbers::seed_numbers;
use crate::store::SecretKey;
use crate::store::Store;
use crate::store::ensure_partitions;
use crate::transfers::Class;

/// A Sunday, 12:00 UTC.
pub(super) fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_780) + TimeDelta::hours(12)
}

pub(super) const NUMBER: &str = "+493023125010";
pub(super) const MOVED: &str = "+493023125011";
pub(super) const THEIRS: &str = "+493023125012";
pub(super) const SWISS: &str = "+41315280010";

/// Two tenants, two operators. Acme has [`NUMBER`] and a Swiss number at norvik since a year, with consent for Germany alone;
/// [`MOVED`] came from globex ten days ago; [`THEIRS`] is acme's at telia.
pub(super) struct World {
    pub(super) store: Store,
    pub(super) acme: TenantId,
    pub(super) globex: TenantId,
    pub(super) norvik: OperatorId,
    pub(super) telia: OperatorId,
}

async fn tenant(store: &Store, slug: &str) -> TenantId {
    let new = NewTenant {
        slug,
        name: "Acme GmbH",
        country: "DE",
        time_zone: "Europe/Berlin",
        sip_domain: &format!("{slug}.sip.example"),
        quarantine_days: 30,
    };
    create_tenant(store, new).await.expect("a tenant")
}

async fn operator(store: &Store, slug: &str) -> OperatorId {
    let new =
        NewOperator { slug, name: "Norvik", time_zone: "Europe/Oslo", countries: &["DE", "CH"], services: &[], website: None };
    create_operator(store, new).await.expect("an operator")
}

pub(super) async fn world(pool: PgPool) -> World {
    let env = Env::fixed(now(), 7);
    let key = SecretKey::parse(&SecretKey::generate(&env)).expect("a key");
    let store = Store::new(pool, env, key);
    ensure_partitions(&store, now()).await.expect("partitions");
    let (acme, globex) = (tenant(&store, "acme").await, tenant(&store, "globex").await);
    let (norvik, telia) = (operator(&store, "norvik").await, operator(&store, "telia").await);
    let world = World { store, acme, globex, norvik, telia };
    let year = now() - TimeDelta::days(365);
    world.number(acme, norvik, NUMBER, year).await;
    world.number(acme, norvik, SWISS, year).await;
    world.number(acme, norvik, MOVED, now() - TimeDelta::days(10)).await;
    world.number(acme, telia, THEIRS, year).await;
    let moved = E164::parse(MOVED).expect("valid");
    seed_holding(&world.store, globex, telia, &moved, (year, now() - TimeDelta::days(10))).await.expect("a holding");
    world.grant(acme, norvik, year).await;
    world.grant(acme, telia, year).await;
    world
}

impl World {
    async fn number(&self, tenant: TenantId, operator: OperatorId, e164: &str, from: DateTime<Utc>) {
        let e164 = E164::parse(e164).expect("valid");
        let country = crate::numbers::country(&e164).expect("listed");
        let number = SeedNumber::new(e164, &country, Usage::User, from);
        seed_numbers(&self.store, tenant, operator, &[number]).await.expect("a number");
    }

    async fn grant(&self, tenant: TenantId, operator: OperatorId, at: DateTime<Utc>) {
        let grant = SeedGrant {
            tenant,
            operator,
            countries: &["DE"],
            classes: &[Class::Numbers, Class::Durations],
            accepted_by: "Mara",
            contact: None,
            at,
        };
        consent::grant_for_seed(&self.store, grant).await.expect("a consent");
    }

    pub(super) fn ctx(&self, org: Org) -> Ctx {
        Ctx {
            actor: Actor::Client { id: "client_1".into(), label: "CDR export".into() },
            org,
            scopes: Scope::ALL.iter().copied().collect(),
            request_id: "req-1".into(),
            address: None,
            env: self.store.env.clone(),
        }
    }

    /// Sends rows as NDJSON for norvik and works them.
    pub(super) async fn send(&self, rows: &[Value]) -> DurationReceipt {
        let body = rows.iter().map(|row| format!("{row}\n")).collect::<String>();
        self.send_text(DurationFormat::Ndjson, &body).await
    }

    pub(super) async fn send_text(&self, format: DurationFormat, body: &str) -> DurationReceipt {
        let id = self.keep(format, body).await;
        process_durations(&self.store, self.norvik, id).await.expect("worked")
    }

    pub(super) async fn keep(&self, format: DurationFormat, body: &str) -> BatchId {
        let sent = SentDurations {
            source: DurationSource::Api,
            format,
            file_name: None,
            actor_label: "CDR export".to_owned(),
            body: body.as_bytes().to_vec(),
        };
        keep_durations(&self.store, self.norvik, sent).await.expect("kept")
    }

    /// The verdicts of a batch by row.
    pub(super) async fn verdicts(&self, receipt: &DurationReceipt) -> Vec<String> {
        let ctx = self.ctx(Org::Operator(self.norvik));
        let rows = durations::rows(&self.store, &ctx, BatchId(receipt.id), None, 0, 10_000).await.expect("rows");
        assert_eq!(
            rows.iter().map(|row| row.row).collect::<Vec<_>>(),
            (1..=receipt.rows).collect::<Vec<_>>(),
            "a verdict for every row"
        );
        rows.into_iter().map(|row| row.verdict).collect()
    }

    /// Sends rows and answers their verdicts.
    pub(super) async fn judged(&self, rows: &[Value]) -> Vec<String> {
        let receipt = self.send(rows).await;
        self.verdicts(&receipt).await
    }

    pub(super) async fn one<T>(&self, sql: &str) -> T
    where
        T: Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        sqlx::query_scalar(sql).fetch_one(self.store.pool()).await.expect("a value")
    }
}

/// A row as it should be: a minute, two hours ago.
pub(super) fn row() -> Value {
    json!({ "operator_ref": "nv-1", "e164": NUMBER, "other_party": "+441632960001", "direction": "outbound",
        "answered_at": "2026-11-23T10:00:00.120Z", "duration_s": 61.25 })
}

/// [`row`] with other values; null leaves a field out.
pub(super) fn with(changes: Value) -> Value {
    let mut row = row();
    if let (Value::Object(row), Value::Object(changes)) = (&mut row, changes) {
        row.extend(changes);
        row.retain(|_, value| !value.is_null());
    }
    row
}
