//! An operator's endpoint: its states and what may be said about it.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;
use url::Url;

use super::Allow;
use super::EventType;
use super::GuardRefusal;
use super::SignatureKind;
use super::check_url;
use super::parse_url;

/// Longest description, in characters.
const DESCRIPTION_CHARS: usize = 200;
/// Deliveries at once to an endpoint that does not say otherwise.
const MAX_IN_FLIGHT_DEFAULT: u16 = 8;
/// Bounds of deliveries at once.
const MAX_IN_FLIGHT: std::ops::RangeInclusive<i64> = 1..=64;

/// Who or what paused an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseReason {
    /// Somebody pressed the button or called the API.
    Person,
    /// 75 hours of consecutive failure.
    Failing,
}

/// Why an endpoint is disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisableReason {
    /// It answered 410.
    Gone,
    /// Platform operations switched it off.
    Platform,
}

/// State of an endpoint; columns `state` and `state_reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointState {
    /// Has not yet proved that it wants our traffic; gets the verification and tests only.
    Unverified,
    Active,
    /// Keeps its place in the feed; nothing is sent and no clock runs.
    Paused(PauseReason),
    /// Keeps its place too, but only a new verification brings it back.
    Disabled(DisableReason),
}

/// What can happen to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It answered the challenge.
    Verified,
    Pause(PauseReason),
    Resume,
    Disable(DisableReason),
    /// Platform operations lift their own switch.
    Enable,
    /// Its URL was changed to another one, which has proved nothing yet.
    NewUrl,
}

/// A change that the state does not take, with the reason shown to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateRefusal {
    #[error("the endpoint must be verified first")]
    Unverified,
    #[error("the endpoint is disabled; verify it to use it again")]
    Disabled,
    #[error("the endpoint was disabled by the platform")]
    DisabledByPlatform,
}

impl StateRefusal {
    /// The code of API.md's error body.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unverified => "endpoint_unverified",
            Self::Disabled => "endpoint_disabled",
            Self::DisabledByPlatform => "endpoint_disabled_by_platform",
        }
    }
}

impl EndpointState {
    /// The name of API and column `state`.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Unverified => "unverified",
            Self::Active => "active",
            Self::Paused(_) => "paused",
            Self::Disabled(_) => "disabled",
        }
    }

    /// The name of column `state_reason`; the API shows it as `disabled_reason` of a disabled endpoint.
    #[must_use]
    pub fn reason_slug(self) -> Option<&'static str> {
        match self {
            Self::Unverified | Self::Active => None,
            Self::Paused(PauseReason::Person) => Some("person"),
            Self::Paused(PauseReason::Failing) => Some("failing"),
            Self::Disabled(DisableReason::Gone) => Some("gone"),
            Self::Disabled(DisableReason::Platform) => Some("platform"),
        }
    }

    /// The state behind its two columns, `None` for a pair that never is.
    #[must_use]
    pub fn of(slug: &str, reason: Option<&str>) -> Option<Self> {
        let all = [
            Self::Unverified,
            Self::Active,
            Self::Paused(PauseReason::Person),
            Self::Paused(PauseReason::Failing),
            Self::Disabled(DisableReason::Gone),
            Self::Disabled(DisableReason::Platform),
        ];
        all.into_iter().find(|state| state.slug() == slug && state.reason_slug() == reason)
    }

    /// The state after `change`. Repeating a change that has already happened is no error, so that buttons and calls may
    /// be repeated.
    ///
    /// # Errors
    /// Why the state does not take the change.
    #[expect(clippy::match_same_arms, reason = "a table of transitions, grouped by state")]
    pub fn after(self, change: Change) -> Result<Self, StateRefusal> {
        use Change as C;
        use EndpointState as S;
        match (self, change) {
            (S::Disabled(DisableReason::Platform), C::Enable) => Ok(S::Unverified),
            (_, C::Disable(DisableReason::Platform)) => Ok(S::Disabled(DisableReason::Platform)),
            (S::Disabled(DisableReason::Platform), C::NewUrl | C::Disable(DisableReason::Gone)) => Ok(self),
            (S::Disabled(DisableReason::Platform), C::Verified | C::Pause(_) | C::Resume) => Err(StateRefusal::DisabledByPlatform),
            (_, C::Enable) => Ok(self),
            (_, C::NewUrl) => Ok(S::Unverified),
            (S::Unverified | S::Active | S::Disabled(DisableReason::Gone), C::Verified) => Ok(S::Active),
            (S::Paused(_), C::Verified) => Ok(self),
            (S::Unverified, C::Pause(_) | C::Resume) => Err(StateRefusal::Unverified),
            (S::Unverified, C::Disable(DisableReason::Gone)) => Ok(self),
            (S::Active, C::Pause(reason)) => Ok(S::Paused(reason)),
            (S::Active | S::Paused(_), C::Resume) => Ok(S::Active),
            // A person's pause is not overwritten by a late failure, and a second press changes nothing.
            (S::Paused(_), C::Pause(_)) => Ok(self),
            (S::Active | S::Paused(_) | S::Disabled(DisableReason::Gone), C::Disable(DisableReason::Gone)) => {
                Ok(S::Disabled(DisableReason::Gone))
            }
            (S::Disabled(DisableReason::Gone), C::Pause(_) | C::Resume) => Err(StateRefusal::Disabled),
        }
    }
}

/// One thing wrong with the input: which field, which code, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFault {
    pub field: &'static str,
    pub code: &'static str,
    /// The refused value, where it helps.
    pub value: Option<String>,
    /// Plain words on what to do.
    pub fix: String,
}

/// An endpoint as written by API and form; `None` takes the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointIn {
    /// Where messages are posted: https, at a public address, up to 2,048 characters.
    #[serde(default)]
    #[schema(required = true)]
    pub url: String,
    /// What people call it, up to 200 characters.
    pub description: Option<String>,
    /// Empty or absent: all types.
    pub event_types: Option<Vec<String>>,
    /// Absent: `v1`.
    pub signature: Option<String>,
    /// 1 to 64; absent: 8.
    pub max_in_flight: Option<i64>,
    /// A 2xx of this endpoint activates the number. Absent: true.
    pub confirms: Option<bool>,
}

/// A change of some fields; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointPatch {
    pub url: Option<String>,
    pub description: Option<String>,
    pub event_types: Option<Vec<String>>,
    pub signature: Option<String>,
    pub max_in_flight: Option<i64>,
    pub confirms: Option<bool>,
}

impl EndpointPatch {
    /// The whole input after the change, to be checked as if it were new.
    #[must_use]
    pub fn onto(self, held: &EndpointSpec) -> EndpointIn {
        let types = || held.event_types.iter().map(|kind| kind.name().to_owned()).collect();
        EndpointIn {
            url: self.url.unwrap_or_else(|| held.url.to_string()),
            description: Some(self.description.unwrap_or_else(|| held.description.clone())),
            event_types: Some(self.event_types.unwrap_or_else(types)),
            signature: Some(self.signature.unwrap_or_else(|| held.signature.slug().to_owned())),
            max_in_flight: Some(self.max_in_flight.unwrap_or_else(|| held.max_in_flight.into())),
            confirms: Some(self.confirms.unwrap_or(held.confirms)),
        }
    }
}

/// A checked endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointSpec {
    pub url: Url,
    /// At most 200 characters, trimmed; may be empty.
    pub description: String,
    /// Sorted, without repetition; empty = all.
    pub event_types: Vec<EventType>,
    pub signature: SignatureKind,
    /// 1 to 64.
    pub max_in_flight: u16,
    pub confirms: bool,
}

impl EndpointSpec {
    /// Checks the whole input and tells every fault at once. Names are not resolved here: see [`super::check_target`].
    ///
    /// # Errors
    /// Every fault of the input.
    pub fn check(input: &EndpointIn, allow: &Allow) -> Result<Self, Vec<FieldFault>> {
        let mut faults = Vec::new();
        let url = url_of(&input.url, allow, &mut faults);
        let description = description_of(input.description.as_deref().unwrap_or_default(), &mut faults);
        let event_types = types_of(input.event_types.as_deref().unwrap_or_default(), &mut faults);
        let signature = signature_of(input.signature.as_deref(), &mut faults);
        let max_in_flight = max_in_flight_of(input.max_in_flight, &mut faults);
        let confirms = input.confirms.unwrap_or(true);
        match url {
            Some(url) if faults.is_empty() => Ok(Self { url, description, event_types, signature, max_in_flight, confirms }),
            _ => Err(faults),
        }
    }

    /// True when the endpoint asked for this type.
    #[must_use]
    pub fn wants(&self, event_type: EventType) -> bool {
        self.event_types.is_empty() || self.event_types.contains(&event_type)
    }
}

impl From<&GuardRefusal> for FieldFault {
    fn from(refusal: &GuardRefusal) -> Self {
        Self { field: "url", code: refusal.code(), value: None, fix: refusal.to_string() }
    }
}

fn url_of(text: &str, allow: &Allow, faults: &mut Vec<FieldFault>) -> Option<Url> {
    let checked = parse_url(text).and_then(|url| check_url(&url, allow).map(|()| url));
    checked.map_err(|refusal| faults.push(FieldFault::from(&refusal))).ok()
}

fn description_of(text: &str, faults: &mut Vec<FieldFault>) -> String {
    let text = text.trim();
    let fix = if text.chars().count() > DESCRIPTION_CHARS {
        Some(format!("Use at most {DESCRIPTION_CHARS} characters."))
    } else if text.chars().any(char::is_control) {
        Some("Use one line of ordinary characters.".to_owned())
    } else {
        None
    };
    faults.extend(fix.map(|fix| FieldFault { field: "description", code: "value_invalid", value: None, fix }));
    text.to_owned()
}

fn types_of(names: &[String], faults: &mut Vec<FieldFault>) -> Vec<EventType> {
    let mut types = BTreeSet::new();
    for name in names {
        match name.parse::<EventType>() {
            Ok(kind) if kind.is_selectable() => {
                types.insert(kind);
            }
            Ok(_) | Err(_) => faults.push(FieldFault {
                field: "event_types",
                code: "value_invalid",
                value: Some(name.chars().take(64).collect()),
                fix: "Name types of the event catalogue, or none for all of them.".to_owned(),
            }),
        }
    }
    types.into_iter().collect()
}

fn signature_of(text: Option<&str>, faults: &mut Vec<FieldFault>) -> SignatureKind {
    let Some(text) = text else {
        return SignatureKind::V1;
    };
    SignatureKind::parse(text).unwrap_or_else(|| {
        faults.push(FieldFault {
            field: "signature",
            code: "value_invalid",
            value: Some(text.chars().take(64).collect()),
            fix: "Use v1, v1a or both.".to_owned(),
        });
        SignatureKind::V1
    })
}

fn max_in_flight_of(number: Option<i64>, faults: &mut Vec<FieldFault>) -> u16 {
    let Some(number) = number else {
        return MAX_IN_FLIGHT_DEFAULT;
    };
    match u16::try_from(number) {
        Ok(small) if MAX_IN_FLIGHT.contains(&number) => small,
        Ok(_) | Err(_) => {
            faults.push(FieldFault {
                field: "max_in_flight",
                code: "value_invalid",
                value: Some(number.to_string()),
                fix: format!("Use a number from {} to {}.", MAX_IN_FLIGHT.start(), MAX_IN_FLIGHT.end()),
            });
            MAX_IN_FLIGHT_DEFAULT
        }
    }
}

#[cfg(test)]
mod tests;
