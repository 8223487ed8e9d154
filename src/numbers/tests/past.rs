//! History outlives stock: release, porting, a new tenant; each party reads its own span.

use serde_json::json;

use super::*;
use crate::numbers::past;
use crate::numbers::reads::Way;
use crate::numbers::timeline;
use crate::numbers::timeline::Moment;

const ONE: &str = "+493023125010";

impl World {
    /// Provision by an operator for a tenant.
    async fn provide(&self, operator: OperatorId, tenant: &str) {
        let row = json!({ "e164": ONE, "tenant_id": tenant, "usage": "user" });
        let ctx = self.ctx(Org::Operator(operator));
        let id = provision(&self.store, &ctx, vec![row], Source::Api).await.expect("an order");
        assert_eq!(find_order(&self.store, &ctx, id).await.expect("an order").accepted, 1);
        self.store.env.advance(TimeDelta::hours(1));
    }

    async fn release(&self, operator: OperatorId) {
        let ctx = self.ctx(Org::Operator(operator));
        let id = release(&self.store, &ctx, vec![ONE.into()], Source::Api).await.expect("an order");
        assert_eq!(find_order(&self.store, &ctx, id).await.expect("an order").accepted, 1);
        self.store.env.advance(TimeDelta::hours(1));
    }

    async fn have(&self, tenant: TenantId, target: &str) {
        let ctx = self.ctx(Org::Tenant(tenant));
        let wish = AssignIn { e164: e164(ONE), target_id: target.into(), category: None, version: None };
        assign(&self.store, &ctx, wish).await.expect("assigned");
        self.store.env.advance(TimeDelta::hours(1));
        unassign(&self.store, &ctx, &e164(ONE), Some(0), None).await.expect("given back");
        self.store.env.advance(TimeDelta::hours(1));
    }

    async fn kinds_of_tenant(&self, tenant: TenantId) -> Vec<String> {
        kinds(timeline::tenant_moments(&self.store, &self.ctx(Org::Tenant(tenant)), &e164(ONE)).await.expect("a timeline"))
    }

    async fn kinds_of_operator(&self, operator: OperatorId) -> Vec<String> {
        let ctx = self.ctx(Org::Operator(operator));
        kinds(past::of_operator(&self.store, &ctx, &e164(ONE), Way::Page).await.expect("a past").moments)
    }
}

/// Kinds of changes, oldest first.
fn kinds(moments: Vec<Moment>) -> Vec<String> {
    let changes = moments.into_iter().rev().filter_map(|moment| match moment {
        Moment::Change(change, _) => Some(change.kind),
        Moment::Told(_) | Moment::Untold(_) => None,
    });
    changes.collect()
}

#[sqlx::test]
async fn a_released_number_keeps_its_page_and_its_history(pool: PgPool) {
    let world = world(pool).await;
    world.people(&["mara"]).await;
    world.provide(world.norvik, "acme").await;
    let had = world.store.env.now();
    world.have(world.acme, "mara").await;
    world.release(world.norvik).await;

    let all = ["provisioned", "assigned", "unassigned", "released"];
    let ctx = world.tenant();
    let left = past::of_tenant(&world.store, &ctx, &e164(ONE)).await.expect("still there");
    assert_eq!((left.spells.len(), left.holders.len()), (1, 1));
    assert!(left.spells[0].until.is_some());
    assert_eq!(kinds(left.moments), all);
    assert_eq!(world.kinds_of_tenant(world.acme).await, all);
    let holder = timeline::holder_at(&world.store, &ctx, &e164(ONE), had + TimeDelta::minutes(30)).await.expect("asked");
    assert_eq!(holder.map(|holder| holder.target_id), Some("mara".into()));
    let after = timeline::holder_at(&world.store, &ctx, &e164(ONE), had + TimeDelta::hours(2)).await.expect("asked");
    assert_eq!(after, None);
    assert_eq!(world.kinds_of_operator(world.norvik).await, all);

    // Nobody else finds anything; the operator finds nothing while the consent is closed.
    let stranger = world.ctx(Org::Tenant(world.globex));
    assert_eq!(code(past::of_tenant(&world.store, &stranger, &e164(ONE)).await), (404, "not_found"));
    let rival = world.ctx(Org::Operator(world.telia));
    assert_eq!(code(past::of_operator(&world.store, &rival, &e164(ONE), Way::Page).await), (404, "not_found"));
    world.gate(world.acme, world.norvik, "DE", Some("withdrawn")).await;
    let closed = past::of_operator(&world.store, &world.operator(), &e164(ONE), Way::Page).await;
    assert_eq!(code(closed), (451, "consent_withdrawn"));
}

#[sqlx::test]
async fn moved_between_tenants_each_sees_its_span(pool: PgPool) {
    let world = world(pool).await;
    world.people(&["mara"]).await;
    seed_targets(&world.store, world.globex, &[person("gina")], now()).await.expect("people");
    world.gate(world.globex, world.norvik, "DE", None).await;
    world.provide(world.norvik, "acme").await;
    let first = world.store.env.now();
    world.have(world.acme, "mara").await;
    world.release(world.norvik).await;
    world.provide(world.norvik, "globex").await;
    let second = world.store.env.now();
    world.have(world.globex, "gina").await;

    assert_eq!(world.kinds_of_tenant(world.acme).await, ["provisioned", "assigned", "unassigned", "released"]);
    assert_eq!(world.kinds_of_tenant(world.globex).await, ["provisioned", "assigned", "unassigned"]);
    let at = async |tenant: TenantId, at: DateTime<Utc>| {
        let ctx = world.ctx(Org::Tenant(tenant));
        let held = timeline::holder_at(&world.store, &ctx, &e164(ONE), at + TimeDelta::minutes(5)).await.expect("asked");
        held.map(|holder| holder.target_id)
    };
    assert_eq!(at(world.acme, first).await.as_deref(), Some("mara"));
    assert_eq!(at(world.acme, second).await, None, "who has it now is not the former tenant's to know");
    assert_eq!(at(world.globex, first).await, None);
    assert_eq!(at(world.globex, second).await.as_deref(), Some("gina"));

    // The operator served both; it sees the part of the one whose consent stands.
    world.release(world.norvik).await;
    let both = past::of_operator(&world.store, &world.operator(), &e164(ONE), Way::Page).await.expect("a past");
    assert_eq!((both.spells.len(), both.withheld, both.moments.len()), (2, 0, 8));
    world.gate(world.acme, world.norvik, "DE", Some("suspended")).await;
    let one = past::of_operator(&world.store, &world.operator(), &e164(ONE), Way::Page).await.expect("a past");
    assert_eq!((one.spells.len(), one.withheld, one.moments.len()), (1, 1, 4));
    assert_eq!(one.spells[0].tenant_id, world.globex.0);
}

#[sqlx::test]
async fn ported_to_another_operator_each_sees_its_span(pool: PgPool) {
    let world = world(pool).await;
    world.people(&["mara"]).await;
    world.gate(world.acme, world.telia, "DE", None).await;
    world.provide(world.norvik, "acme").await;
    world.have(world.acme, "mara").await;
    world.release(world.norvik).await;
    world.provide(world.telia, "acme").await;
    world.have(world.acme, "mara").await;

    let span = ["provisioned", "assigned", "unassigned", "released"];
    assert_eq!(world.kinds_of_tenant(world.acme).await, [&span[..], &span[..3]].concat(), "the tenant had it all the time");
    assert_eq!(world.kinds_of_operator(world.norvik).await, span);
    let ctx = world.ctx(Org::Operator(world.telia));
    let (line, moments) = timeline::operator_story(&world.store, &ctx, &e164(ONE), Way::Page).await.expect("its own");
    assert_eq!((line.number_seq, kinds(moments)), (5, span[..3].iter().map(|kind| (*kind).to_owned()).collect()));
    let past = past::of_tenant(&world.store, &world.tenant(), &e164(ONE)).await.expect("spells");
    assert_eq!(past.spells.iter().map(|spell| spell.until.is_some()).collect::<Vec<_>>(), [false, true]);
}
