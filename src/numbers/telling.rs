//! What is told of a number: to its operator as an event, to both parties in its timeline.

use serde::Serialize;
use serde_json::Value;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::Number;
use super::model::Place;
use super::model_book::Act;
use super::model_book::Asked;
use super::model_book::Judged;
use super::words::ActivationState;
use super::words::AssignmentStatus;
use super::words::Usage;
use crate::base::Failure;
use crate::notices::EventType;
use crate::notices::JsonObject;
use crate::notices::NewEvent;
use crate::notices::Shape;

/// What an event says of a number; keys in the order of API.md. No personal data.
#[derive(Serialize, ToSchema)]
struct NumberData<'a> {
    /// The number in E.164.
    e164: &'a str,
    /// What to route calls of the number to, such as `sip:+493023125010@contoso.sip.example;user=phone` (RFC 3261, section 19.1.6); null
    /// while nobody has the number.
    #[schema(required = true)]
    sip_uri: Option<String>,
    /// To what kind of thing the number is assigned.
    assignment_status: &'static str,
    /// How far you have followed, as it was when this happened.
    activation_state: &'static str,
    /// What the number is meant for.
    usage: &'static str,
    /// ISO 3166-1 alpha-2.
    country: &'a str,
    /// The customer's name.
    tenant_name: &'a str,
    /// Your own reference, as you gave it with the number.
    #[schema(required = true)]
    billing_ref: Option<&'a str>,
}

impl<'a> NumberData<'a> {
    fn of(number: &'a Number) -> Self {
        Self {
            e164: number.e164.as_str(),
            sip_uri: number.sip_uri().map(|uri| uri.to_string()),
            assignment_status: number.status.as_str(),
            activation_state: number.activation.as_str(),
            usage: number.usage.as_str(),
            country: &number.country,
            tenant_name: &number.tenant_name,
            billing_ref: number.billing_ref.as_deref(),
        }
    }
}

/// An emergency location.
#[derive(Serialize, ToSchema)]
struct PlaceData<'a> {
    id: Uuid,
    street: &'a str,
    /// The house number.
    number: &'a str,
    postal_code: &'a str,
    city: &'a str,
    /// ISO 3166-1 alpha-2.
    country: &'a str,
    /// Building, floor or room.
    #[serde(skip_serializing_if = "Option::is_none")]
    additional: Option<&'a str>,
    /// Degrees (WGS 84), -90 to 90.
    #[serde(skip_serializing_if = "Option::is_none")]
    latitude: Option<f64>,
    /// Degrees (WGS 84), -180 to 180.
    #[serde(skip_serializing_if = "Option::is_none")]
    longitude: Option<f64>,
    /// Whether the address was checked against a register of addresses.
    validated: bool,
}

impl<'a> PlaceData<'a> {
    fn of(place: &'a Place) -> Self {
        Self {
            id: place.id,
            street: &place.street,
            number: &place.house_number,
            postal_code: &place.postal_code,
            city: &place.city,
            country: &place.country,
            additional: place.additional.as_deref(),
            latitude: place.latitude,
            longitude: place.longitude,
            validated: place.validated,
        }
    }
}

/// A number's data and what is said besides.
#[derive(Serialize)]
struct With<'a, T> {
    #[serde(flatten)]
    number: NumberData<'a>,
    #[serde(flatten)]
    more: T,
}

#[derive(Serialize, ToSchema)]
struct Located<'a> {
    /// Where emergency calls of the number come from; null while nothing is said.
    #[schema(required = true, inline)]
    emergency_location: Option<PlaceData<'a>>,
}

#[derive(Serialize, ToSchema)]
struct Noted<'a> {
    /// What the customer says to it.
    #[schema(required = true)]
    note: Option<&'a str>,
}

#[derive(Serialize, ToSchema)]
struct StatusBefore {
    assignment_status: &'static str,
}

#[derive(Serialize, ToSchema)]
struct UsageBefore {
    usage: &'static str,
}

/// What these say, for the machine contract.
#[must_use]
pub fn event_shapes() -> Vec<Shape> {
    const STATUS: &[EventType] = &[EventType::NumberAssigned, EventType::NumberUnassigned, EventType::NumberReleased];
    let data = |name, kinds| Shape::of::<NumberData<'_>>(name, kinds);
    let shapes = [
        data("NumberData", STATUS).before::<StatusBefore>(),
        data("NumberData", &[EventType::NumberUpdated]).before::<UsageBefore>(),
        data("NumberData", &[EventType::NumberSnapshot]),
        data("NumberReleaseData", &[EventType::NumberReleaseRequested]).with::<Noted<'_>>(),
        data("NumberLocationData", &[EventType::NumberEmergencyLocationChanged]).with::<Located<'_>>().before::<Located<'_>>(),
    ];
    let spelled = shapes.into_iter().map(|shape| {
        shape
            .words("assignment_status", AssignmentStatus::ALL.iter().map(|word| word.as_str()))
            .words("activation_state", ActivationState::ALL.iter().map(|word| word.as_str()))
            .words("usage", Usage::ALL.iter().map(|word| word.as_str()))
    });
    spelled.collect()
}

fn object<T: Serialize>(value: &T) -> Result<JsonObject, Failure> {
    JsonObject::of(value).map_err(|error| anyhow::Error::new(error).into())
}

fn event(kind: EventType, number: &Number, data: JsonObject, previous: Option<JsonObject>) -> NewEvent {
    NewEvent {
        tenant: number.tenant,
        operator: number.operator,
        kind,
        subject: number.e164.to_string(),
        number_seq: Some(number.number_seq),
        country: Some(number.country.clone()),
        data,
        previous,
    }
}

/// The event of a change of who has a number, to be written in the transaction that makes it.
pub(super) fn event_of(kind: EventType, before: &Number, after: &Number) -> Result<NewEvent, Failure> {
    let previous = object(&StatusBefore { assignment_status: before.status.as_str() })?;
    Ok(event(kind, after, object(&NumberData::of(after))?, Some(previous)))
}

/// How an assigned number stands now, for an operator whose feed resumes. The count of its changes is that of the last change.
pub(super) fn snapshot_of(number: &Number) -> Result<NewEvent, Failure> {
    Ok(event(EventType::NumberSnapshot, number, object(&NumberData::of(number))?, None))
}

/// The event of an act that was let through; `None` for what is the tenant's alone.
pub(super) fn event_of_act(asked: &Asked, judged: &Judged) -> Result<Option<NewEvent>, Failure> {
    let (Some(before), Some(after)) = (&judged.before, judged.next()) else {
        return Ok(None);
    };
    let told = match (&asked.act, kind_of(&asked.act, after)) {
        (_, None) => return Ok(None),
        (_, Some(EventType::NumberUpdated)) => {
            let previous = object(&UsageBefore { usage: before.usage.as_str() })?;
            event(EventType::NumberUpdated, after, object(&NumberData::of(after))?, Some(previous))
        }
        (_, Some(EventType::NumberEmergencyLocationChanged)) => {
            let more = Located { emergency_location: judged.places.1.as_ref().map(PlaceData::of) };
            let previous = Located { emergency_location: judged.places.0.as_ref().map(PlaceData::of) };
            let data = object(&With { number: NumberData::of(after), more })?;
            event(EventType::NumberEmergencyLocationChanged, after, data, Some(object(&previous)?))
        }
        (Act::RequestRelease { note }, Some(kind)) => {
            let more = Noted { note: note.as_deref().map(str::trim) };
            event(kind, after, object(&With { number: NumberData::of(after), more })?, None)
        }
        (_, Some(kind)) => event_of(kind, before, after)?,
    };
    Ok(Some(told))
}

/// What the operator is told. A new try says again what was refused: who has the number while the assignment is what
/// failed, where it is while somebody has it, else that nobody has it, which no consent holds back.
fn kind_of(act: &Act, after: &Number) -> Option<EventType> {
    match act {
        Act::Assign { .. } => Some(EventType::NumberAssigned),
        Act::Unassign { .. } => Some(EventType::NumberUnassigned),
        Act::SetUsage { .. } => Some(EventType::NumberUpdated),
        Act::SetEmergencyLocation { .. } => Some(EventType::NumberEmergencyLocationChanged),
        Act::RequestRelease { .. } => Some(EventType::NumberReleaseRequested),
        Act::Retry if after.activation == ActivationState::AssignmentPending => Some(EventType::NumberAssigned),
        Act::Retry if after.assigned.is_some() => Some(EventType::NumberEmergencyLocationChanged),
        Act::Retry => Some(EventType::NumberUnassigned),
        Act::SetCategory { .. } | Act::Tag { .. } | Act::Untag { .. } | Act::Reserve { .. } | Act::Unreserve => None,
    }
}

/// How the timeline names an act.
pub(super) fn change_kind(act: &Act) -> &'static str {
    match act {
        Act::Assign { .. } => "assigned",
        Act::Unassign { .. } => "unassigned",
        Act::SetCategory { .. } => "category_set",
        Act::SetUsage { .. } => "usage_set",
        Act::Tag { .. } => "tagged",
        Act::Untag { .. } => "untagged",
        Act::SetEmergencyLocation { .. } => "emergency_location_set",
        Act::RequestRelease { .. } => "release_requested",
        Act::Reserve { .. } => "reserved",
        Act::Unreserve => "unreserved",
        Act::Retry => "retried",
    }
}

/// The states of a number, as both parties may see them.
pub(super) fn states(number: &Number) -> Value {
    let mut states = json!({ "assignment_status": number.status.as_str(), "activation_state": number.activation.as_str() });
    if let Some(fault) = &number.fault {
        states["code"] = fault.code.as_str().into();
        states["reason"] = fault.reason.as_str().into();
    }
    states
}

/// Before and after of an act, as the timeline keeps them.
pub(super) fn states_of_act(asked: &Asked, judged: &Judged, before: &Number, after: &Number) -> (Value, Value) {
    let (mut was, mut is) = (states(before), states(after));
    let category = |number: &Number| number.assigned.as_ref().map(|held| held.category.as_str());
    match &asked.act {
        Act::SetUsage { .. } => (was["usage"], is["usage"]) = (before.usage.as_str().into(), after.usage.as_str().into()),
        Act::SetEmergencyLocation { .. } => {
            let line = |place: &Option<Place>| json!(place.as_ref().map(Place::line));
            (was["emergency_location"], is["emergency_location"]) = (line(&judged.places.0), line(&judged.places.1));
        }
        Act::RequestRelease { note: Some(note) } => is["note"] = note.trim().into(),
        Act::SetCategory { .. } => return (json!({ "category": category(before) }), json!({ "category": category(after) })),
        Act::Tag { .. } | Act::Untag { .. } => {
            return (json!({ "tags": judged.tags_before }), json!({ "tags": judged.tags_after }));
        }
        Act::Reserve { .. } | Act::Unreserve => {
            return (json!({ "reserved": judged.reservation_before }), json!({ "reserved": judged.reservation_after }));
        }
        _ => {}
    }
    (was, is)
}
