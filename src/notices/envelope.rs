//! The envelope of an event: one rendering for push and pull, so that both carry the same bytes.
//!
//! Keys stand in the order of API.md and are always all there; what does not apply is `null`. `data` and `previous` are
//! taken over as the text they were stored as. Store them as `text` or `json`, never as `jsonb`: that reorders keys.

use std::fmt;

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;
use serde::Serialize;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::Visitor;

use super::EventType;
use super::telling::HeartbeatData;
use super::telling::TestData;
use super::telling::VerificationData;
use crate::base::EndpointId;
use crate::base::EventId;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;

/// Why a text is not taken as the data of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonRefusal {
    #[error("not a JSON object")]
    NotAnObject,
    #[error("the JSON text holds line breaks or spaces between its parts")]
    NotCompact,
}

impl From<JsonRefusal> for Failure {
    fn from(refusal: JsonRefusal) -> Self {
        Self::Internal(anyhow::Error::new(refusal).context("the data of an event"))
    }
}

/// Text of one compact JSON object, byte for byte as it will be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonObject(String);

impl JsonObject {
    /// Renders a value; keys stand in the order of its fields.
    ///
    /// # Errors
    /// When it is not rendered as one object.
    pub fn of(value: &impl Serialize) -> Result<Self, JsonRefusal> {
        let text = serde_json::to_string(value).map_err(|_| JsonRefusal::NotAnObject)?;
        Self::parse(text)
    }

    /// Takes over a stored text.
    ///
    /// # Errors
    /// When it is not one compact object.
    pub fn parse(text: String) -> Result<Self, JsonRefusal> {
        let mut reader = serde_json::Deserializer::from_str(&text);
        let object = serde::Deserializer::deserialize_map(&mut reader, AnyObject);
        object.and_then(|()| reader.end()).map_err(|_| JsonRefusal::NotAnObject)?;
        if !text.starts_with('{') || !text.ends_with('}') || text.contains('\n') {
            return Err(JsonRefusal::NotCompact);
        }
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Accepts any object and keeps nothing of it.
struct AnyObject;

impl<'de> Visitor<'de> for AnyObject {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// One message to an operator, before rendering.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// Id of the event, `evt_…` on the wire.
    pub id: EventId,
    pub event_type: EventType,
    /// Position in the operator's feed from 1; `None` for what is only pushed.
    pub seq: Option<i64>,
    /// Position in the life of the number; `None` for what concerns no number.
    pub number_seq: Option<i64>,
    pub occurred_at: DateTime<Utc>,
    pub operator_id: OperatorId,
    /// `None` for what concerns no single tenant.
    pub tenant_id: Option<TenantId>,
    pub data: JsonObject,
    /// The changed fields as they were before.
    pub previous: Option<JsonObject>,
}

/// The keys before `data`, in the order of API.md.
#[derive(Serialize)]
struct Head<'a> {
    id: &'a str,
    r#type: &'static str,
    seq: Option<i64>,
    number_seq: Option<i64>,
    occurred_at: String,
    operator_id: OperatorId,
    tenant_id: Option<TenantId>,
    schema: &'static str,
}

impl Envelope {
    /// The id behind its form on the wire, strictly: one spelling only, as receivers compare texts.
    #[must_use]
    pub fn parse_id(text: &str) -> Option<EventId> {
        EventId::from_wire(text).filter(|id| id.wire() == text)
    }

    /// The exact bytes that are pushed, pulled and signed.
    ///
    /// # Panics
    /// Never: a struct of texts and numbers is always JSON.
    #[must_use]
    pub fn render(&self) -> String {
        let id = self.id.wire();
        let head = Head {
            id: &id,
            r#type: self.event_type.name(),
            seq: self.seq,
            number_seq: self.number_seq,
            occurred_at: self.occurred_at.to_rfc3339_opts(SecondsFormat::Millis, true),
            operator_id: self.operator_id,
            tenant_id: self.tenant_id,
            schema: self.event_type.schema(),
        };
        let mut text = serde_json::to_string(&head).expect("a struct of texts and numbers is always JSON");
        text.pop();
        text.push_str(",\"data\":");
        text.push_str(self.data.as_str());
        text.push_str(",\"previous\":");
        text.push_str(self.previous.as_ref().map_or("null", JsonObject::as_str));
        text.push('}');
        text
    }

    /// The message that proves an endpoint wants our traffic; it answers with the challenge.
    #[must_use]
    pub fn verification(id: EventId, operator_id: OperatorId, now: DateTime<Utc>, challenge: &str) -> Self {
        Self::outside_feed(id, EventType::EndpointVerification, operator_id, now, &VerificationData { challenge })
    }

    /// The message of the "Test" button.
    #[must_use]
    pub fn test(id: EventId, operator_id: OperatorId, now: DateTime<Utc>, endpoint_id: EndpointId) -> Self {
        Self::outside_feed(id, EventType::EndpointTest, operator_id, now, &TestData { endpoint_id })
    }

    /// The hourly sign of life; `head_seq` is the last position of the feed, 0 while it is empty.
    #[must_use]
    pub fn heartbeat(id: EventId, operator_id: OperatorId, now: DateTime<Utc>, head_seq: i64) -> Self {
        Self::outside_feed(id, EventType::FeedHeartbeat, operator_id, now, &HeartbeatData { head_seq })
    }

    fn outside_feed(
        id: EventId,
        event_type: EventType,
        operator_id: OperatorId,
        now: DateTime<Utc>,
        data: &impl Serialize,
    ) -> Self {
        Self {
            id,
            event_type,
            seq: None,
            number_seq: None,
            occurred_at: now,
            operator_id,
            tenant_id: None,
            data: JsonObject::of(data).expect("a struct of texts and numbers is an object"),
            previous: None,
        }
    }
}

/// Why a sealed event is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithheldReason {
    ConsentSuspended,
    ConsentWithdrawn,
    /// The consent no longer covers this country or data class.
    GateClosed,
}

impl WithheldReason {
    /// The name on the wire.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::ConsentSuspended => "consent_suspended",
            Self::ConsentWithdrawn => "consent_withdrawn",
            Self::GateClosed => "gate_closed",
        }
    }
}

/// What is served in place of an event whose gate is closed: its place and nothing else.
///
/// # Panics
/// Never: a struct of texts and numbers is always JSON.
#[must_use]
pub fn render_withheld(id: &str, seq: i64, reason: WithheldReason) -> String {
    #[derive(Serialize)]
    struct Withheld<'a> {
        id: &'a str,
        seq: i64,
        r#type: &'static str,
        reason: &'static str,
    }
    let withheld = Withheld { id, seq, r#type: EventType::EventWithheld.name(), reason: reason.slug() };
    serde_json::to_string(&withheld).expect("a struct of texts and numbers is always JSON")
}

#[cfg(test)]
mod tests;
