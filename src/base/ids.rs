//! Typed ids: UUIDv7 (RFC 9562, section 5.7) newtypes, so that a tenant's id is never taken for an operator's.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::Serialize;
use uuid::Uuid;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

id! {
    /// A customer of the platform.
    TenantId,
    /// A carrier.
    OperatorId,
    /// A person who signs in.
    AccountId,
    /// One consent of a tenant towards an operator.
    ConsentId,
    /// A webhook URL of an operator.
    EndpointId,
    /// One entry of an operator's feed; `evt_` + 32 hex digits on the wire.
    EventId,
    /// A bulk order of an operator.
    OrderId,
    /// An entry of the register.
    TransferId,
    /// A batch of call records or of durations.
    BatchId,
    /// A leg of a call, over all versions of its record.
    CallId,
}

impl EventId {
    /// The form in event bodies and `webhook-id`: `evt_` and 32 lower-case hex digits.
    #[must_use]
    pub fn wire(self) -> String {
        format!("evt_{}", self.0.simple())
    }

    /// Reads [`EventId::wire`]'s form; `None` when it is anything else.
    #[must_use]
    pub fn from_wire(text: &str) -> Option<Self> {
        text.strip_prefix("evt_").and_then(|hex| Uuid::try_parse(hex).ok()).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_id_survives_its_wire_form() {
        let id = EventId(Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001));
        assert_eq!(EventId::from_wire(&id.wire()), Some(id));
        assert_eq!(EventId::from_wire("01920000"), None);
    }
}
