//! Assignments of the last evening, made by the product itself: their events stand in the feeds and go out when it runs.

use chrono::TimeDelta;

use super::Making;
use super::derived;
use super::first_eight;
use super::numbers::Live;
use super::plan::OPERATORS;
use super::plan::TENANTS;
use crate::base::Actor;
use crate::base::Ctx;
use crate::base::Env;
use crate::base::Failure;
use crate::base::Org;
use crate::base::Scope;
use crate::base::ScopeSet;
use crate::numbers::AssignIn;
use crate::numbers::assign;
use crate::numbers::refuse;

/// Assigns, and lets operators refuse what they refuse, one after the other up to a minute before the last midnight.
pub async fn assign_all(making: &Making<'_>, todo: Vec<Live>) -> Result<(), Failure> {
    let steps = i32::try_from(todo.len().max(1)).unwrap_or(i32::MAX);
    for (step, live) in (0..steps).zip(todo) {
        let at = making.base - TimeDelta::minutes(1) - (TimeDelta::hours(5) / steps) * (steps - step);
        let env = Env::fixed(at, u64::from_be_bytes(first_eight(derived(making.seed, &format!("live {}", live.e164)))));
        let ctx = tenant_ctx(making, live.tenant, env.clone());
        let wish = AssignIn { e164: live.e164.clone(), target_id: live.target, category: None, version: None };
        let number = assign(making.store, &ctx, wish).await?;
        if live.refused {
            env.advance(TimeDelta::seconds(40));
            let ctx = operator_ctx(making, live.operator, Scope::NumbersWrite, env);
            let reason = "The address for emergency calls is not confirmed for this number.";
            refuse(making.store, &ctx, &live.e164, number.number_seq, "emergency_address_unconfirmed", reason).await?;
        }
    }
    Ok(())
}

fn tenant_ctx(making: &Making<'_>, slug: &str, env: Env) -> Ctx {
    let name = TENANTS.iter().find(|plan| plan.slug == slug).map_or(slug, |plan| plan.people[0]);
    let id = *making.admins.get(slug).expect("every tenant of the plan has an administrator");
    let actor = Actor::Account { id, label: name.to_owned() };
    ctx(actor, Org::Tenant(making.tenant(slug)), Scope::TenantAssign, env)
}

/// An operator's own system at work.
pub fn operator_ctx(making: &Making<'_>, slug: &str, scope: Scope, env: Env) -> Ctx {
    let name = OPERATORS.iter().find(|plan| plan.slug == slug).map_or(slug, |plan| plan.name);
    let actor = Actor::Client { id: format!("{slug}-demo"), label: format!("{name} provisioning") };
    ctx(actor, Org::Operator(making.operator(slug)), scope, env)
}

fn ctx(actor: Actor, org: Org, scope: Scope, env: Env) -> Ctx {
    let scopes: ScopeSet = std::iter::once(scope).collect();
    Ctx { actor, org, scopes, request_id: "demo".to_owned(), address: None, env }
}
