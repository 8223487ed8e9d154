//! What customers consented to, and how operators see the relationship.

use super::Making;
use super::plan::CONSENTS;
use super::plan::OPERATORS;
use super::plan::TENANTS;
use crate::base::Failure;
use crate::consent::RelationshipStatus;
use crate::consent::SeedGrant;
use crate::consent::grant_for_seed;
use crate::consent::set_relationship_for_seed;

/// Grants the consents of the plan, each before the pair's first number, and has the operators say that a contract stands.
pub async fn consents(making: &Making<'_>) -> Result<(), Failure> {
    let mut plans: Vec<_> = CONSENTS.iter().collect();
    plans.sort_by_key(|plan| std::cmp::Reverse(plan.age_days));
    for plan in plans {
        let store = making.store_at(plan.age_days, &format!("consent {} {}", plan.tenant, plan.operator));
        let (tenant, operator) = (making.tenant(plan.tenant), making.operator(plan.operator));
        let admin = TENANTS.iter().find(|tenant| tenant.slug == plan.tenant).map_or("", |tenant| tenant.people[0]);
        let support = OPERATORS.iter().find(|operator| operator.slug == plan.operator).map_or("", |operator| operator.domain);
        let domain = TENANTS.iter().find(|tenant| tenant.slug == plan.tenant).map_or("", |tenant| tenant.domain);
        let email = format!("admin@{domain}");
        let grant = SeedGrant {
            tenant,
            operator,
            countries: plan.countries,
            classes: plan.classes,
            accepted_by: admin,
            contact: Some((admin, &email)),
            at: store.env.now(),
        };
        grant_for_seed(&store, grant).await?;
        let at = store.env.now() + chrono::TimeDelta::days(1);
        let comment = format!("Framework agreement; questions to support@{support}");
        set_relationship_for_seed(&store, tenant, operator, RelationshipStatus::AgreementSigned, Some(&comment), at).await?;
    }
    Ok(())
}
