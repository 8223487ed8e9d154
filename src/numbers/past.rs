//! Numbers that are in stock no more: each party still reads its own span.

use chrono::DateTime;
use chrono::Utc;

use super::numbering;
use super::queries_detail;
use super::queries_detail::Holder;
use super::queries_past;
use super::queries_past::Spell;
use super::reads;
use super::reads::Way;
use super::timeline;
use super::timeline::Moment;
use crate::base::Ctx;
use crate::base::E164;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::TenantId;
use crate::store::Store;
use crate::transfers;
use crate::transfers::Class;
use crate::transfers::GateState;

/// What is left of a number.
#[derive(Clone, Debug)]
pub struct Past {
    /// Newest first.
    pub spells: Vec<Spell>,
    pub moments: Vec<Moment>,
    /// Empty for an operator.
    pub holders: Vec<Holder>,
    /// Customers whose consent is closed: their part is not shown.
    pub withheld: usize,
}

/// A number that the tenant had.
///
/// # Errors
/// 403 without `tenant:read`, 404, 503.
pub async fn of_tenant(store: &Store, ctx: &Ctx, e164: &E164) -> Result<Past, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let spells = queries_past::spells_of_tenant(&mut tx, tenant, e164).await?;
    if spells.is_empty() {
        return Err(Problem::not_found("number").into());
    }
    let moments = timeline::tenant_moments_in(&mut tx, tenant, e164).await?;
    let holders = queries_detail::holders(&mut tx, tenant, e164).await?;
    tx.commit().await?;
    Ok(Past { spells, moments, holders, withheld: 0 })
}

/// Everybody who had a number of the tenant at some moment of a time.
///
/// # Errors
/// 403 without `tenant:read`, 503.
pub async fn holders_in(
    store: &Store,
    ctx: &Ctx,
    e164: &E164,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<Holder>, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantRead)?;
    let mut tx = store.begin_for(ctx).await?;
    queries_past::holders_in(&mut tx, tenant, e164, from, to).await
}

/// A number that the operator served, for every customer whose gate is open now; registered.
///
/// # Errors
/// 403 without `numbers:read`, 404, 451 while the consent of every customer concerned is closed, 503.
pub async fn of_operator(store: &Store, ctx: &Ctx, e164: &E164, way: Way) -> Result<Past, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::NumbersRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let mut spells = queries_past::spells_of_operator(&mut tx, operator, e164).await?;
    if spells.is_empty() {
        return Err(Problem::not_found("number").into());
    }
    let mut customers: Vec<(TenantId, String)> = spells
        .iter()
        .map(|spell| (TenantId(spell.tenant_id), numbering::country(e164).unwrap_or_else(|| spell.tenant_country.clone())))
        .collect();
    customers.sort_unstable();
    customers.dedup();
    transfers::lock_shared_all(&mut tx, customers.iter().map(|(tenant, _)| *tenant), operator).await?;
    let (mut moments, mut shares, mut closed) = (Vec::new(), Vec::new(), Vec::new());
    for (tenant, country) in customers {
        match transfers::gate(&mut tx, tenant, operator, &country, Class::Numbers).await? {
            Some(gate) if gate.open => {
                moments.extend(timeline::operator_moments_in(&mut tx, operator, tenant, e164).await?);
                shares.push((tenant, gate, 1));
            }
            gate => closed.push((tenant, gate.and_then(|gate| gate.reason))),
        }
    }
    if shares.is_empty() {
        let reason = closed.into_iter().find_map(|(_, reason)| reason);
        return Err(GateState::withheld(reason.as_deref()).into());
    }
    let (withheld, reference) = (closed.len(), format!("numbers/{e164}/history"));
    spells.retain(|spell| closed.iter().all(|(tenant, _)| tenant.0 != spell.tenant_id));
    moments.sort_by_key(|moment| std::cmp::Reverse(moment.at()));
    reads::note(&mut tx, ctx, operator, &shares, way, &reference).await?;
    tx.commit().await?;
    Ok(Past { spells, moments, holders: Vec::new(), withheld })
}
