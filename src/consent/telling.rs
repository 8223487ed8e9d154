//! What operators are told of a consent. No personal name leaves.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::ConsentStatus;
use crate::notices::EventType;
use crate::notices::Shape;
use crate::transfers::Class;

/// The data of `consent.*` events, in the order of its keys.
#[derive(Serialize, ToSchema)]
pub(super) struct ConsentData<'a> {
    /// The consent, as `GET /tenants` names it.
    pub consent_id: Uuid,
    /// What it is from now on.
    pub status: &'static str,
    /// Since when.
    #[schema(format = DateTime)]
    pub since: String,
    /// Countries it covers, ISO 3166-1 alpha-2.
    pub countries: &'a [String],
    /// What it covers.
    pub data_classes: Vec<&'static str>,
    /// The version of the text that was accepted.
    pub notice_version: &'a str,
    /// The customer's name.
    pub tenant_name: &'a str,
}

/// What these say, for the machine contract.
#[must_use]
pub fn event_shapes() -> Vec<Shape> {
    const KINDS: &[EventType] = &[EventType::ConsentGranted, EventType::ConsentSuspended, EventType::ConsentWithdrawn];
    let statuses = [ConsentStatus::Active, ConsentStatus::Suspended, ConsentStatus::Withdrawn];
    let shape = Shape::of::<ConsentData<'_>>("ConsentData", KINDS)
        .words("status", statuses.map(ConsentStatus::as_str))
        .words("data_classes", Class::ALL.iter().map(|class| class.as_str()));
    vec![shape]
}
