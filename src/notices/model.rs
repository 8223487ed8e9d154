//! Event types: their names, the gate they pass, the data class they carry, the schema of their data.

use std::fmt;
use std::str::FromStr;

use crate::transfers::Class;

/// No event type has that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no event type {0:?}")]
pub struct UnknownName(pub String);

/// The types of messages an operator can receive. Names and order: API.md, "Event envelope".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventType {
    NumberAssigned,
    NumberUnassigned,
    NumberUpdated,
    NumberReleased,
    NumberReleaseRequested,
    NumberEmergencyLocationChanged,
    NumberSnapshot,
    EventWithheld,
    ConsentGranted,
    ConsentSuspended,
    ConsentWithdrawn,
    CallsWindowReady,
    DisputeOpened,
    DisputeAnswered,
    PeriodClosed,
    SubjectRequestOpened,
    EndpointFailing,
    EndpointPaused,
    EndpointDisabled,
    FeedHeartbeat,
    EndpointTest,
    EndpointVerification,
}

impl EventType {
    /// Every type, in the order of the catalogue.
    pub const ALL: [Self; 22] = [
        Self::NumberAssigned,
        Self::NumberUnassigned,
        Self::NumberUpdated,
        Self::NumberReleased,
        Self::NumberReleaseRequested,
        Self::NumberEmergencyLocationChanged,
        Self::NumberSnapshot,
        Self::EventWithheld,
        Self::ConsentGranted,
        Self::ConsentSuspended,
        Self::ConsentWithdrawn,
        Self::CallsWindowReady,
        Self::DisputeOpened,
        Self::DisputeAnswered,
        Self::PeriodClosed,
        Self::SubjectRequestOpened,
        Self::EndpointFailing,
        Self::EndpointPaused,
        Self::EndpointDisabled,
        Self::FeedHeartbeat,
        Self::EndpointTest,
        Self::EndpointVerification,
    ];

    /// The name on the wire and in columns.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NumberAssigned => "number.assigned",
            Self::NumberUnassigned => "number.unassigned",
            Self::NumberUpdated => "number.updated",
            Self::NumberReleased => "number.released",
            Self::NumberReleaseRequested => "number.release_requested",
            Self::NumberEmergencyLocationChanged => "number.emergency_location_changed",
            Self::NumberSnapshot => "number.snapshot",
            Self::EventWithheld => "event.withheld",
            Self::ConsentGranted => "consent.granted",
            Self::ConsentSuspended => "consent.suspended",
            Self::ConsentWithdrawn => "consent.withdrawn",
            Self::CallsWindowReady => "calls.window_ready",
            Self::DisputeOpened => "dispute.opened",
            Self::DisputeAnswered => "dispute.answered",
            Self::PeriodClosed => "period.closed",
            Self::SubjectRequestOpened => "subject_request.opened",
            Self::EndpointFailing => "endpoint.failing",
            Self::EndpointPaused => "endpoint.paused",
            Self::EndpointDisabled => "endpoint.disabled",
            Self::FeedHeartbeat => "feed.heartbeat",
            Self::EndpointTest => "endpoint.test",
            Self::EndpointVerification => "endpoint.verification",
        }
    }

    /// True when the event may leave only through an open gate of its [`EventType::data_class`]. The others are never
    /// gated and registered as wind-down: leaving an operator must not get stuck for lack of consent (DESIGN.md 8).
    ///
    /// `calls.window_ready` speaks of all tenants at once and has no tenant of its own: nobody's gate is asked for it,
    /// and tenants withheld since are left out of its figures.
    #[must_use]
    pub fn is_gated(self) -> bool {
        match self {
            Self::NumberAssigned | Self::NumberUpdated | Self::NumberSnapshot | Self::CallsWindowReady => true,
            Self::NumberUnassigned
            | Self::NumberReleased
            | Self::NumberReleaseRequested
            | Self::NumberEmergencyLocationChanged
            | Self::EventWithheld
            | Self::ConsentGranted
            | Self::ConsentSuspended
            | Self::ConsentWithdrawn
            | Self::DisputeOpened
            | Self::DisputeAnswered
            | Self::PeriodClosed
            | Self::SubjectRequestOpened
            | Self::EndpointFailing
            | Self::EndpointPaused
            | Self::EndpointDisabled
            | Self::FeedHeartbeat
            | Self::EndpointTest
            | Self::EndpointVerification => false,
        }
    }

    /// The data class that the register names, `None` when the event carries none.
    #[must_use]
    pub fn data_class(self) -> Option<Class> {
        match self {
            Self::NumberAssigned
            | Self::NumberUnassigned
            | Self::NumberUpdated
            | Self::NumberReleased
            | Self::NumberReleaseRequested
            | Self::NumberSnapshot => Some(Class::Numbers),
            Self::NumberEmergencyLocationChanged => Some(Class::EmergencyLocation),
            Self::CallsWindowReady => Some(Class::Calls),
            Self::DisputeOpened | Self::DisputeAnswered | Self::PeriodClosed => Some(Class::Durations),
            Self::EventWithheld
            | Self::ConsentGranted
            | Self::ConsentSuspended
            | Self::ConsentWithdrawn
            | Self::SubjectRequestOpened
            | Self::EndpointFailing
            | Self::EndpointPaused
            | Self::EndpointDisabled
            | Self::FeedHeartbeat
            | Self::EndpointTest
            | Self::EndpointVerification => None,
        }
    }

    /// True for what stands in the feed under a `seq`; the others are only ever pushed, with `seq: null`.
    #[must_use]
    pub fn is_in_feed(self) -> bool {
        !matches!(self, Self::FeedHeartbeat | Self::EndpointTest | Self::EndpointVerification)
    }

    /// True for what stands in the feed under this name: a withheld event stands there under the type that is withheld.
    #[must_use]
    pub fn is_filed(self) -> bool {
        self.is_in_feed() && self != Self::EventWithheld
    }

    /// True for what an endpoint may name in `event_types`. Test and verification reach the endpoint they are for in any
    /// case; a withheld event stands in for a type that was asked for.
    #[must_use]
    pub fn is_selectable(self) -> bool {
        !matches!(self, Self::EventWithheld | Self::EndpointTest | Self::EndpointVerification)
    }

    /// Name and version of the shape of `data`. The version rises only when a field is taken away or changes meaning.
    #[must_use]
    pub fn schema(self) -> &'static str {
        match self {
            Self::NumberAssigned
            | Self::NumberUnassigned
            | Self::NumberUpdated
            | Self::NumberReleased
            | Self::NumberReleaseRequested
            | Self::NumberEmergencyLocationChanged
            | Self::NumberSnapshot => "concord.number/1",
            Self::ConsentGranted | Self::ConsentSuspended | Self::ConsentWithdrawn => "concord.consent/1",
            Self::CallsWindowReady => "concord.calls/1",
            Self::DisputeOpened | Self::DisputeAnswered => "concord.dispute/1",
            Self::PeriodClosed => "concord.period/1",
            Self::SubjectRequestOpened => "concord.subject_request/1",
            Self::EndpointFailing
            | Self::EndpointPaused
            | Self::EndpointDisabled
            | Self::EndpointTest
            | Self::EndpointVerification => "concord.endpoint/1",
            Self::EventWithheld | Self::FeedHeartbeat => "concord.feed/1",
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for EventType {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| UnknownName(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        for kind in EventType::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
        }
        assert_eq!("number.Assigned".parse::<EventType>(), Err(UnknownName("number.Assigned".into())));
        assert!("".parse::<EventType>().is_err());
    }

    #[test]
    fn the_catalogue_is_that_of_the_api() {
        let listed = "number.assigned number.unassigned number.updated number.released number.release_requested \
            number.emergency_location_changed number.snapshot event.withheld consent.granted consent.suspended \
            consent.withdrawn calls.window_ready dispute.opened dispute.answered period.closed subject_request.opened \
            endpoint.failing endpoint.paused endpoint.disabled feed.heartbeat endpoint.test endpoint.verification";
        let ours: Vec<_> = EventType::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(ours, listed.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn only_what_consent_covers_is_gated() {
        let gated: Vec<_> = EventType::ALL.into_iter().filter(|kind| kind.is_gated()).map(EventType::name).collect();
        assert_eq!(gated, ["number.assigned", "number.updated", "number.snapshot", "calls.window_ready"]);
    }

    #[test]
    fn what_is_gated_names_its_class() {
        for kind in EventType::ALL.into_iter().filter(|kind| kind.is_gated()) {
            assert!(kind.data_class().is_some(), "{kind}");
            assert!(kind.is_in_feed(), "{kind}");
        }
    }
}
