//! Filling an installation for demo, bench and tests: many rows per statement, in the past, without events. Across all
//! organisations; never called by a request.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;

use super::model::Quarantine;
use super::model::Target;
use super::queries_setup as queries;
use super::words::ActivationState;
use super::words::Capability;
use super::words::Category;
use super::words::EmergencyMode;
use super::words::Kind;
use super::words::TargetKind;
use super::words::Usage;
use crate::base::E164;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;
use crate::store::Store;

/// Rows of one statement.
const CHUNK: usize = 2_000;

/// Who has a number since when.
#[derive(Clone, Debug)]
pub struct SeedAssignment {
    pub target_id: String,
    pub target_kind: TargetKind,
    pub target_name: String,
    /// A target has at most one primary number.
    pub category: Category,
    pub at: DateTime<Utc>,
}

/// A number in stock since some time.
#[derive(Clone, Debug)]
pub struct SeedNumber {
    pub e164: E164,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    pub kind: Kind,
    pub usage: Usage,
    /// Empty: inbound, outbound and the usage.
    pub capabilities: Vec<Capability>,
    pub city: Option<String>,
    pub billing_ref: Option<String>,
    pub note: Option<String>,
    pub emergency_mode: EmergencyMode,
    /// When the holding began.
    pub held_from: DateTime<Utc>,
    pub assigned: Option<SeedAssignment>,
    pub activation: ActivationState,
    /// Set for the failed states: code and reason.
    pub fault: Option<(String, String)>,
    pub quarantine: Quarantine,
    pub tags: Vec<String>,
}

impl SeedNumber {
    /// An unassigned, active number.
    #[must_use]
    pub fn new(e164: E164, country: &str, usage: Usage, held_from: DateTime<Utc>) -> Self {
        Self {
            kind: super::numbering::kind(&e164).unwrap_or(Kind::Geographic),
            e164,
            country: country.to_owned(),
            usage,
            capabilities: Vec::new(),
            city: None,
            billing_ref: None,
            note: None,
            emergency_mode: EmergencyMode::OperatorFixed,
            held_from,
            assigned: None,
            activation: ActivationState::Activated,
            fault: None,
            quarantine: Quarantine::None,
            tags: Vec::new(),
        }
    }

    /// Counts assignment: the operator was told once when somebody has it.
    #[must_use]
    pub fn number_seq(&self) -> i64 {
        i64::from(self.assigned.is_some())
    }
}

/// Writes targets of a tenant.
///
/// # Errors
/// When the database is away.
pub async fn seed_targets(store: &Store, tenant: TenantId, targets: &[Target], at: DateTime<Utc>) -> Result<(), Failure> {
    let mut tx = store.begin_job().await?;
    for chunk in targets.chunks(CHUNK) {
        queries::insert_targets(&mut tx, tenant, chunk, at).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Puts numbers in stock with claim, holding, assignment and timeline, as if it had happened then; no event is written.
///
/// # Errors
/// When a number is in stock already or the database is away; nothing is written then.
pub async fn seed_numbers(store: &Store, tenant: TenantId, operator: OperatorId, numbers: &[SeedNumber]) -> Result<(), Failure> {
    let mut tx = store.begin_job().await?;
    for chunk in numbers.chunks(CHUNK) {
        queries::insert_claims(&mut tx, tenant, operator, chunk).await?;
        queries::insert_numbers(&mut tx, tenant, operator, chunk).await?;
        queries::insert_holdings(&mut tx, tenant, operator, chunk).await?;
        queries::insert_assignments(&mut tx, &store.env, tenant, chunk).await?;
        queries::insert_timeline(&mut tx, &store.env, tenant, operator, chunk).await?;
        queries::insert_tags(&mut tx, tenant, chunk).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Writes a holding of the past: the number was served for that tenant from then till then.
///
/// # Errors
/// When it begins with another holding of the tenant or the database is away.
pub async fn seed_holding(
    store: &Store,
    tenant: TenantId,
    operator: OperatorId,
    e164: &E164,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(), Failure> {
    let until = until.max(from + TimeDelta::microseconds(1));
    let mut tx = store.begin_job().await?;
    queries::insert_holding(&mut tx, tenant, operator, e164, (from, until)).await?;
    tx.commit().await?;
    Ok(())
}
