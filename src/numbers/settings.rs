//! What a tenant sets for all its numbers.

use serde_json::json;

use super::queries;
use super::refusal::Refusal;
use crate::audit;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::identity;
use crate::store::Store;

/// How long the tenant's numbers rest after their last use: days, 0 none, -1 for ever.
///
/// # Errors
/// 403 without `tenant:read`, 503.
pub async fn quarantine(store: &Store, ctx: &Ctx) -> Result<i32, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantRead)?;
    let mut tx = store.begin_for(ctx).await?;
    queries::quarantine_days(&mut tx, tenant).await
}

/// Sets how long the tenant's numbers rest from now on after their last use; those that rest already are left alone.
///
/// # Errors
/// 403 without `tenant:assign`, 422 `quarantine_invalid`, 503.
pub async fn set_quarantine(store: &Store, ctx: &Ctx, days: i32) -> Result<(), Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantAssign)?;
    if !(-1..=365).contains(&days) {
        return Err(Refusal::QuarantineInvalid { days }.into());
    }
    let mut tx = store.begin_for(ctx).await?;
    let before = queries::quarantine_days(&mut tx, tenant).await?;
    identity::set_quarantine_days(&mut tx, tenant, days).await?;
    let (id, detail) = (tenant.to_string(), json!({ "quarantine_days": { "before": before, "after": days } }));
    let entry = audit::Entry { action: "tenant.set_quarantine", subject_kind: "tenant", subject_id: &id, detail: Some(detail) };
    audit::record(&mut tx, ctx, entry).await?;
    tx.commit().await?;
    Ok(())
}

/// Reads a form's choice of quarantine: empty the default, `0`, `-1` or a length, `days` for the number in `days`.
///
/// # Errors
/// 422 `quarantine_invalid` at `days` or `quarantine_days`.
pub fn quarantine_days(rest: &str, days: &str) -> Result<Option<i32>, Failure> {
    let (field, text, least) = match rest.trim() {
        "" => return Ok(None),
        "days" => ("days", days.trim(), 1),
        text => ("quarantine_days", text, -1),
    };
    match text.parse::<i32>().ok().filter(|days| (least..=365).contains(days)) {
        Some(days) => Ok(Some(days)),
        None => {
            let problem = Problem::new(422, "quarantine_invalid", "A quarantine lasts 0 to 365 days, or for ever.");
            let value = Some(text.chars().take(100).collect());
            Err(problem.field(field, "quarantine_invalid", value, "A whole number of days, 1 to 365.").into())
        }
    }
}
