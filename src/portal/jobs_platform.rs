//! What the platform's own people may see over all organisations: checks that they are the platform's, then reads figures alone.

use uuid::Uuid;

use super::queries_platform as queries;
use super::queries_platform::Ask;
use super::queries_platform::FeedLine;
use super::queries_platform::JobLine;
use super::queries_platform::OperatorLine;
use super::queries_platform::Relation;
use super::queries_platform::TenantLine;
use super::queries_platform::WaitingLine;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Org;
use crate::base::Problem;
use crate::base::Scope;
use crate::store::Store;

fn platform(ctx: &Ctx) -> Result<(), Failure> {
    if ctx.org != Org::Platform {
        return Err(Problem::new(403, "wrong_org_kind", "This belongs to the platform.").into());
    }
    ctx.require(Scope::PlatformDirectory)
}

/// Tenants by name.
///
/// # Errors
/// 403 for who is not of the platform.
pub async fn tenants(store: &Store, ctx: &Ctx, ask: &Ask) -> Result<Vec<TenantLine>, Failure> {
    platform(ctx)?;
    let mut tx = store.begin_job().await?;
    let found = queries::tenants(&mut tx, ask).await?;
    tx.commit().await?;
    Ok(found)
}

/// One tenant with its consents.
///
/// # Errors
/// 403 for who is not of the platform, 404 without such a tenant.
pub async fn tenant(store: &Store, ctx: &Ctx, id: Uuid) -> Result<(TenantLine, Vec<Relation>), Failure> {
    platform(ctx)?;
    let mut tx = store.begin_job().await?;
    let ask = Ask { only: Some(id), limit: 1, ..Ask::default() };
    let found = queries::tenants(&mut tx, &ask).await?.pop().ok_or_else(|| Problem::not_found("tenant"))?;
    let relations = queries::relations(&mut tx, Some(id), None).await?;
    tx.commit().await?;
    Ok((found, relations))
}

/// Operators by name.
///
/// # Errors
/// 403 for who is not of the platform.
pub async fn operators(store: &Store, ctx: &Ctx, ask: &Ask) -> Result<Vec<OperatorLine>, Failure> {
    platform(ctx)?;
    let mut tx = store.begin_job().await?;
    let found = queries::operators(&mut tx, ask).await?;
    tx.commit().await?;
    Ok(found)
}

/// One operator with its consents.
///
/// # Errors
/// 403 for who is not of the platform, 404 without such an operator.
pub async fn operator(store: &Store, ctx: &Ctx, id: Uuid) -> Result<(OperatorLine, Vec<Relation>), Failure> {
    platform(ctx)?;
    let mut tx = store.begin_job().await?;
    let ask = Ask { only: Some(id), limit: 1, ..Ask::default() };
    let found = queries::operators(&mut tx, &ask).await?.pop().ok_or_else(|| Problem::not_found("operator"))?;
    let relations = queries::relations(&mut tx, None, Some(id)).await?;
    tx.commit().await?;
    Ok((found, relations))
}

/// The feeds of every operator.
///
/// # Errors
/// 403 for who is not of the platform.
pub async fn feeds(store: &Store, ctx: &Ctx) -> Result<Vec<FeedLine>, Failure> {
    platform(ctx)?;
    let mut tx = store.begin_job().await?;
    let found = queries::feeds(&mut tx).await?;
    tx.commit().await?;
    Ok(found)
}

/// Background loops, and the work that waits for them.
///
/// # Errors
/// 403 for who is not of the platform.
pub async fn jobs(store: &Store, ctx: &Ctx) -> Result<(Vec<JobLine>, Vec<WaitingLine>), Failure> {
    platform(ctx)?;
    let mut tx = store.begin_job().await?;
    let found = (queries::jobs(&mut tx).await?, queries::waiting(&mut tx, ctx.now()).await?);
    tx.commit().await?;
    Ok(found)
}
