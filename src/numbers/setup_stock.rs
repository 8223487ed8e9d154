//! Rows of the demo: stock with a past, written as they would stand had the product run for more than a year.
//! Nothing is checked here; what the rows say is the caller's business. Never used on real data.

use chrono::DateTime;
use chrono::Utc;
use serde::Serialize;
use uuid::Uuid;

use super::queries_setup_stock as queries;
use crate::base::Failure;
use crate::store::Store;

/// An emergency location of a tenant.
#[derive(Clone, Debug, Serialize)]
pub struct StockLocation {
    pub tenant_id: Uuid,
    pub id: Uuid,
    pub label: String,
    pub street: String,
    pub house_number: String,
    pub postal_code: String,
    pub city: String,
    pub country: String,
    pub validated: bool,
}

/// Somebody or something that can have a number.
#[derive(Clone, Debug, Serialize)]
pub struct StockTarget {
    pub tenant_id: Uuid,
    pub id: String,
    pub kind: &'static str,
    pub display_name: String,
    pub upn: Option<String>,
    pub usage_location: Option<String>,
    pub licensed: bool,
    pub department: Option<String>,
    pub left_at: Option<DateTime<Utc>>,
    pub changed_at: DateTime<Utc>,
}

/// A number in stock.
#[derive(Clone, Debug, Serialize)]
pub struct StockNumber {
    pub tenant_id: Uuid,
    pub e164: String,
    pub operator_id: Uuid,
    pub country: String,
    pub kind: &'static str,
    pub usage: &'static str,
    pub capabilities: Vec<&'static str>,
    pub city: Option<String>,
    pub billing_ref: Option<String>,
    pub emergency_mode: &'static str,
    pub emergency_location_id: Option<Uuid>,
    pub activation_state: &'static str,
    pub assignment_status: &'static str,
    pub failure_code: Option<&'static str>,
    pub failure_reason: Option<&'static str>,
    pub quarantine_until: Option<DateTime<Utc>>,
    pub number_seq: i64,
    pub version: i64,
    pub pending_since: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

/// Who served a number from when to when.
#[derive(Clone, Debug, Serialize)]
pub struct StockHolding {
    pub tenant_id: Uuid,
    pub e164: String,
    pub held_from: DateTime<Utc>,
    pub held_until: Option<DateTime<Utc>>,
    pub operator_id: Uuid,
}

/// Who has or had a number.
#[derive(Clone, Debug, Serialize)]
pub struct StockAssignment {
    pub tenant_id: Uuid,
    pub e164: String,
    pub id: Uuid,
    pub target_id: String,
    pub target_kind: &'static str,
    pub target_name: String,
    pub category: &'static str,
    pub assigned_at: DateTime<Utc>,
    pub assigned_seq: i64,
    pub ended_at: Option<DateTime<Utc>>,
}

/// A tag on a number.
#[derive(Clone, Debug, Serialize)]
pub struct StockTag {
    pub tenant_id: Uuid,
    pub tag: String,
    pub e164: String,
}

/// A number kept for somebody.
#[derive(Clone, Debug, Serialize)]
pub struct StockReservation {
    pub tenant_id: Uuid,
    pub e164: String,
    pub note: String,
    pub reserved_at: DateTime<Utc>,
}

/// One entry of a number's timeline; the last four fields are the tenant's own part.
#[derive(Clone, Debug, Serialize)]
pub struct StockChange {
    pub tenant_id: Uuid,
    pub e164: String,
    pub id: Uuid,
    pub operator_id: Uuid,
    pub at: DateTime<Utc>,
    pub kind: &'static str,
    pub actor_kind: &'static str,
    pub number_seq: Option<i64>,
    pub event_id: Option<Uuid>,
    pub before: Option<serde_json::Value>,
    pub after: Option<serde_json::Value>,
    pub actor_label: Option<String>,
    pub target_id: Option<String>,
    pub target_name: Option<String>,
    pub note: Option<String>,
}

/// Everything of the stock, for all tenants.
#[derive(Clone, Debug, Default)]
pub struct StockRows {
    pub locations: Vec<StockLocation>,
    pub targets: Vec<StockTarget>,
    pub numbers: Vec<StockNumber>,
    pub holdings: Vec<StockHolding>,
    pub assignments: Vec<StockAssignment>,
    pub tags: Vec<StockTag>,
    pub reservations: Vec<StockReservation>,
    pub changes: Vec<StockChange>,
}

/// Writes all of it in one transaction.
///
/// # Errors
/// When the database is away or a row breaks a constraint.
pub async fn write_stock(store: &Store, rows: &StockRows) -> Result<(), Failure> {
    let mut tx = store.begin_job().await?;
    queries::insert_locations(&mut tx, &json(&rows.locations)?).await?;
    queries::insert_targets(&mut tx, &json(&rows.targets)?).await?;
    let numbers = json(&rows.numbers)?;
    queries::insert_claims(&mut tx, &numbers).await?;
    queries::insert_numbers(&mut tx, &numbers).await?;
    queries::insert_holdings(&mut tx, &json(&rows.holdings)?).await?;
    queries::insert_assignments(&mut tx, &json(&rows.assignments)?).await?;
    queries::insert_tags(&mut tx, &json(&rows.tags)?).await?;
    queries::insert_reservations(&mut tx, &json(&rows.reservations)?).await?;
    let changes = json(&rows.changes)?;
    queries::insert_changes(&mut tx, &changes).await?;
    queries::insert_private_changes(&mut tx, &changes).await?;
    tx.commit().await?;
    Ok(())
}

fn json<T: Serialize>(rows: &[T]) -> Result<serde_json::Value, Failure> {
    serde_json::to_value(rows).map_err(|error| Failure::Internal(error.into()))
}
