//! Background work: numbers become active when the operator has taken their event; orders left unfinished go on.

use std::time::Duration;

use serde_json::json;

use super::orders;
use super::queries;
use super::queries::Change;
use super::queries_jobs;
use super::queries_order_rows;
use crate::base::Failure;
use crate::notices;
use crate::store::Loop;
use crate::store::Store;

/// Rows of confirmations taken in one transaction: each lists those of one tenant in one turn of an endpoint.
const TAKEN: i64 = 50;
/// Orders looked at in one tick.
const LOOKED_AT: i64 = 50;

/// The loop that runs [`confirm`].
pub const CONFIRM: Loop = Loop { name: notices::CONFIRMED, every: Duration::from_secs(1) };
/// The loop that runs [`run_orders`].
pub const ORDERS: Loop = Loop { name: orders::ORDERS_LOOP, every: Duration::from_secs(5) };

/// Takes what operators confirmed off the change list: a number whose newest event it is becomes active; older news says
/// nothing of the present state. Whether there may be more.
///
/// # Errors
/// When the database is away; nothing is taken then.
pub async fn confirm(store: &Store) -> Result<bool, Failure> {
    let now = store.env.now();
    let mut tx = store.begin_queue().await?;
    let taken = queries_jobs::take_confirmed(&mut tx, &store.looks, notices::TAKEN, TAKEN, now).await?;
    let active = queries_jobs::activate(&mut tx, &taken.confirmed, now).await?;
    let entries: Vec<Change<'_>> = active
        .iter()
        .map(|number| Change {
            tenant: number.tenant,
            operator: Some(number.operator),
            e164: &number.e164,
            id: store.env.id(),
            at: now,
            kind: "activated",
            actor_kind: "system",
            number_seq: Some(number.number_seq),
            event: None,
            order: None,
            before: Some(json!({ "assignment_status": number.status, "activation_state": number.was })),
            after: Some(json!({ "assignment_status": number.status, "activation_state": "activated" })),
        })
        .collect();
    queries::note_changes(&mut tx, &entries).await?;
    tx.commit().await?;
    Ok(taken.full)
}

/// Goes on with orders that a process left unfinished. An order that cannot go on does not hold up the others. Whether there
/// were any.
///
/// # Errors
/// When the database is away; what was done stays done.
pub async fn run_orders(store: &Store) -> Result<bool, Failure> {
    let mut tx = store.begin_job().await?;
    let unfinished = queries_order_rows::unfinished(&mut tx, LOOKED_AT).await?;
    tx.commit().await?;
    let mut failed = None;
    for (operator, order) in &unfinished {
        if let Err(failure) = orders::run(store, *operator, *order).await {
            tracing::warn!(%order, error = %failure, "an order could not go on");
            failed = Some(failure);
        }
    }
    match failed {
        Some(failure) => Err(failure),
        None => Ok(!unfinished.is_empty()),
    }
}
