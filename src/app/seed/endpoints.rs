//! Endpoints at the simulated operators.

use super::Making;
use super::demo_endpoint;
use super::endpoint_keys;
use super::plan::all_operators;
use crate::app::demo::DemoEndpoint;
use crate::base::Failure;
use crate::notices::seed_endpoint;

/// By this the endpoint is found again on the next start.
const DESCRIPTION: &str = "Simulated operator of the demo";

/// Gives every operator that takes its events by push a verified endpoint there, or moves the one it has.
pub async fn endpoints(making: &Making<'_>, base: &str) -> Result<Vec<DemoEndpoint>, Failure> {
    let base = base.trim_end_matches('/');
    let mut made = Vec::new();
    for plan in all_operators().filter(|plan| !plan.pulls) {
        let url = format!("{base}/hooks/{}", plan.slug);
        // Each by itself: one that is made again later is to have an id of its own.
        let store = making.store_at(300, &format!("endpoints/{}", plan.slug));
        let keys = endpoint_keys(making.seed, plan.slug);
        seed_endpoint(&store, making.operator(plan.slug), &url, DESCRIPTION, keys).await?;
        made.push(demo_endpoint(making.seed, plan.slug, url));
    }
    Ok(made)
}
