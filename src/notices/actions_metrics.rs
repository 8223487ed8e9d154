//! What an operator may know of how its deliveries and feeds are doing: figures, nobody's data.

use super::queries_endpoints;
use super::queries_pages_metrics;
use super::queries_pages_metrics::Bucket;
use super::queries_pages_metrics::FeedRow;
use super::queries_pages_metrics::Steps;
use crate::base::Ctx;
use crate::base::EndpointId;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::store::Store;

/// Attempts at one endpoint by step.
///
/// # Errors
/// 403 without `events:read`, 404.
pub(super) async fn metrics_of(store: &Store, ctx: &Ctx, id: EndpointId, steps: Steps) -> Result<Vec<Bucket>, Failure> {
    ctx.require(Scope::EventsRead)?;
    let operator = ctx.operator()?;
    let mut tx = store.begin_for(ctx).await?;
    if queries_endpoints::views(&mut tx, operator, Some(id)).await?.is_empty() {
        return Err(Problem::not_found("endpoint").into());
    }
    queries_pages_metrics::buckets(&mut tx, operator, Some(id.0), steps).await
}

/// The operator's feeds that have begun, and what the endpoint that is farthest behind has still to get.
///
/// # Errors
/// 403 without `events:read`.
pub(super) async fn feeds_of(store: &Store, ctx: &Ctx) -> Result<(Vec<FeedRow>, Option<i64>), Failure> {
    ctx.require(Scope::EventsRead)?;
    let operator = ctx.operator()?;
    let mut tx = store.begin_for(ctx).await?;
    let feeds = queries_pages_metrics::feeds(&mut tx, operator).await?;
    let endpoints = queries_endpoints::views(&mut tx, operator, None).await?;
    Ok((feeds, endpoints.iter().map(|one| one.backlog).max()))
}
