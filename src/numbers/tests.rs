//! Stories of numbers, through actions and through HTTP, with row security on.

mod acts;
mod api;
mod assign;
mod imports;
mod orders;
mod past;
mod queries;
mod sets;
mod snapshots;
mod stock;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use serde_json::Value;
use sqlx::PgPool;

use super::*;
use crate::base::Actor;
use crate::base::ConsentId;
use crate::base::Ctx;
use crate::base::E164;
use crate::base::Env;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Org;
use crate::base::Scope;
use crate::base::TenantId;
use crate::identity::NewOperator;
use crate::identity::NewTenant;
use crate::identity::create_operator;
use crate::identity::create_tenant;
use crate::store::Reach;
use crate::store::SecretKey;
use crate::store::Store;
use crate::store::ensure_partitions;
use crate::transfers;
use crate::transfers::Class;
use crate::transfers::GateState;

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_780)
}

fn e164(text: &str) -> E164 {
    E164::parse(text).expect("valid")
}

/// Two tenants and two operators, every gate of DE open between acme and norvik alone.
struct World {
    store: Store,
    acme: TenantId,
    globex: TenantId,
    norvik: OperatorId,
    telia: OperatorId,
}

async fn world(pool: PgPool) -> World {
    let env = Env::fixed(now(), 7);
    let key = SecretKey::parse(&SecretKey::generate(&env)).expect("a key");
    let store = Store::new(pool, env, key);
    ensure_partitions(&store, now()).await.expect("partitions");
    let acme = tenant(&store, "acme").await;
    let globex = tenant(&store, "globex").await;
    let norvik = operator(&store, "norvik").await;
    let telia = operator(&store, "telia").await;
    let world = World { store, acme, globex, norvik, telia };
    world.gate(acme, norvik, "DE", None).await;
    world
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
    let new = NewOperator { slug, name: "Norvik", time_zone: "Europe/Oslo", countries: &["DE"], services: &[], website: None };
    create_operator(store, new).await.expect("an operator")
}

impl World {
    /// Opens a gate for numbers, or closes it for a reason.
    async fn gate(&self, tenant: TenantId, operator: OperatorId, country: &str, reason: Option<&str>) {
        let state = GateState {
            open: reason.is_none(),
            consent_id: ConsentId(self.store.env.id()),
            notice_version: "1".into(),
            reason: reason.map(str::to_owned),
        };
        let mut tx = self.store.begin(Reach::Tenant(tenant)).await.expect("a transaction");
        transfers::set_gate(&mut tx, tenant, operator, country, Class::Numbers, &state, now()).await.expect("a gate");
        tx.commit().await.expect("committed");
    }

    fn ctx(&self, org: Org) -> Ctx {
        Ctx {
            actor: Actor::Client { id: "client_1".into(), label: "Provisioning".into() },
            org,
            scopes: Scope::ALL.iter().copied().collect(),
            request_id: "req-1".into(),
            address: None,
            env: self.store.env.clone(),
        }
    }

    fn tenant(&self) -> Ctx {
        self.ctx(Org::Tenant(self.acme))
    }

    fn operator(&self) -> Ctx {
        self.ctx(Org::Operator(self.norvik))
    }

    /// Puts German numbers of acme in stock at norvik.
    async fn stock(&self, e164s: &[&str]) {
        let numbers: Vec<SeedNumber> =
            e164s.iter().map(|text| SeedNumber::new(e164(text), "DE", Usage::User, now() - TimeDelta::days(90))).collect();
        seed_numbers(&self.store, self.acme, self.norvik, &numbers).await.expect("stock");
    }

    /// People of acme.
    async fn people(&self, ids: &[&str]) {
        let people: Vec<Target> = ids.iter().map(|id| person(id)).collect();
        seed_targets(&self.store, self.acme, &people, now()).await.expect("people");
    }

    async fn assign(&self, number: &str, target: &str) -> Result<Number, Failure> {
        let wish = AssignIn { e164: e164(number), target_id: target.into(), category: None, version: None };
        assign(&self.store, &self.tenant(), wish).await
    }

    async fn unassign(&self, number: &str, days: Option<i32>) -> Result<Number, Failure> {
        unassign(&self.store, &self.tenant(), &e164(number), days, None).await
    }

    async fn provision(&self, rows: Vec<Value>) -> Vec<OrderRow> {
        let id = provision(&self.store, &self.operator(), rows, Source::Api).await.expect("an order");
        rows_of_order(&self.store, &self.operator(), id, None, 0, 10_000).await.expect("rows")
    }
}

fn person(id: &str) -> Target {
    Target {
        id: id.into(),
        kind: TargetKind::User,
        display_name: format!("Person {id}"),
        upn: Some(format!("{id}@acme.example")),
        usage_location: Some("DE".into()),
        licensed: true,
        department: None,
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, Failure>) -> (u16, &'static str) {
    let problem = result.expect_err("refused").problem();
    (problem.status, problem.code)
}
