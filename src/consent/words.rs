//! Words of consent in the viewer's language.

use chrono::DateTime;
use chrono::Utc;

use super::directory::Fresh;
use super::directory::Health;
use super::model::ConsentStatus;
use super::model::RelationshipStatus;
use super::model::Verb;
use crate::tr;
use crate::transfers::Class;
use crate::transfers::class_text;
use crate::ui::Lang;
use crate::ui::Text;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;

/// A status and its tone.
#[must_use]
pub fn status_text(lang: Lang, status: ConsentStatus) -> (Tone, Text) {
    match status {
        ConsentStatus::None => (Tone::Neutral, tr!(in lang, "consent.status.none")),
        ConsentStatus::Active => (Tone::Ok, tr!(in lang, "consent.status.active")),
        ConsentStatus::Suspended => (Tone::Warn, tr!(in lang, "consent.status.suspended")),
        ConsentStatus::Withdrawn => (Tone::Neutral, tr!(in lang, "consent.status.withdrawn")),
    }
}

/// A relationship's status and its tone.
pub(super) fn relationship_text(lang: Lang, status: RelationshipStatus) -> (Tone, Text) {
    match status {
        RelationshipStatus::New => (Tone::Info, tr!(in lang, "consent.relationship.new")),
        RelationshipStatus::AgreementSigned => (Tone::Ok, tr!(in lang, "consent.relationship.agreement_signed")),
        RelationshipStatus::ConsentDeclined => (Tone::Warn, tr!(in lang, "consent.relationship.consent_declined")),
        RelationshipStatus::ContractTerminated => (Tone::Danger, tr!(in lang, "consent.relationship.contract_terminated")),
    }
}

/// A kind of numbers that an operator has; one that is not known stands for itself.
#[must_use]
pub fn service_text(lang: Lang, service: &str) -> Text {
    match service {
        "geographic" => tr!(in lang, "consent.service.geographic"),
        "mobile" => tr!(in lang, "consent.service.mobile"),
        "national" => tr!(in lang, "consent.service.national"),
        "toll_free" => tr!(in lang, "consent.service.toll_free"),
        other => Text::Owned(other.to_owned()),
    }
}

/// The kinds of numbers that an operator has, with commas between.
#[must_use]
pub fn services_text(lang: Lang, services: &[String]) -> String {
    services.iter().map(|service| service_text(lang, service)).collect::<Vec<_>>().join(", ")
}

/// How emergency addresses come about, in two words.
pub(super) fn emergency_mode_text(lang: Lang, mode: &str) -> Text {
    match mode {
        "operator_fixed" => tr!(in lang, "consent.emergency.operator_fixed"),
        "operator_default" => tr!(in lang, "consent.emergency.operator_default"),
        _ => tr!(in lang, "consent.emergency.tenant"),
    }
}

/// How emergency addresses come about, in a sentence.
pub(super) fn emergency_mode_long(lang: Lang, mode: &str) -> Text {
    match mode {
        "operator_fixed" => tr!(in lang, "consent.emergency.operator_fixed_long"),
        "operator_default" => tr!(in lang, "consent.emergency.operator_default_long"),
        _ => tr!(in lang, "consent.emergency.tenant_long"),
    }
}

/// Whether an operator takes the notices about a tenant's numbers.
pub(super) fn notices_text(v: &Viewer, health: &Health) -> (Tone, Text) {
    let lang = v.lang;
    let ago = |since: Option<DateTime<Utc>>| v.span(since.map_or(0, |since| (v.now - since).num_milliseconds().max(0)));
    match health.notices(v.now) {
        Fresh::Late => {
            let text = tr!(in lang, "consent.feed.late", n = v.count(health.waiting), ago = ago(health.waiting_since));
            (Tone::Warn, text)
        }
        Fresh::Waiting => (Tone::Pending, tr!(in lang, "consent.feed.waiting", n = v.count(health.waiting))),
        Fresh::OnTime | Fresh::Silent => (Tone::Ok, tr!(in lang, "consent.feed.none_waiting")),
    }
}

/// Whether durations come in time; `None` where there is nothing to count.
pub(super) fn durations_text(v: &Viewer, health: &Health) -> Option<(Tone, Text)> {
    let lang = v.lang;
    let until = |at: Option<DateTime<Utc>>| at.map_or_else(String::new, |at| v.time(at, TimeStyle::Minute));
    match health.durations() {
        Fresh::Silent => None,
        Fresh::Waiting => Some((Tone::Pending, tr!(in lang, "consent.feed.none_yet"))),
        Fresh::OnTime => Some((Tone::Ok, tr!(in lang, "consent.feed.counted", at = until(health.counted_until)))),
        Fresh::Late => Some((Tone::Warn, tr!(in lang, "consent.feed.counted_late", at = until(health.counted_until)))),
    }
}

/// Whether a class may flow in a country: open or not, and why not.
pub(super) fn gate_text(lang: Lang, gate: Option<(bool, Option<&str>)>) -> (Tone, Text) {
    match gate {
        Some((true, _)) => (Tone::Ok, tr!(in lang, "consent.gate.open")),
        Some((false, Some("suspended"))) => (Tone::Warn, tr!(in lang, "consent.status.suspended")),
        Some((false, Some("withdrawn"))) => (Tone::Neutral, tr!(in lang, "consent.status.withdrawn")),
        _ => (Tone::Neutral, tr!(in lang, "consent.gate.not_given")),
    }
}

/// How a change set stands.
pub(super) fn set_state_text(lang: Lang, state: &str) -> Text {
    match state {
        "running" => tr!(in lang, "consent.set.running"),
        "checked" => tr!(in lang, "consent.set.checked"),
        _ => tr!(in lang, "consent.set.draft"),
    }
}

/// A data class in a sentence for the tenant's own people.
pub(super) fn class_for_staff(lang: Lang, class: Class) -> Text {
    match class {
        Class::Numbers => tr!(in lang, "consent.handout.numbers"),
        Class::Calls => tr!(in lang, "consent.handout.calls"),
        Class::Quality => tr!(in lang, "consent.handout.quality"),
        Class::Durations => tr!(in lang, "consent.handout.durations"),
        Class::EmergencyLocation => tr!(in lang, "consent.handout.emergency_location"),
    }
}

/// The word on the button.
pub(super) fn verb_text(lang: Lang, verb: Verb) -> Text {
    match verb {
        Verb::Suspend => tr!(in lang, "consent.suspend"),
        Verb::Resume => tr!(in lang, "consent.resume"),
        Verb::Withdraw => tr!(in lang, "consent.withdraw"),
    }
}

/// What the ledger says happened.
pub(super) fn ledger_text(lang: Lang, action: &str) -> Text {
    match action {
        "granted" => tr!(in lang, "consent.ledger.granted"),
        "changed" => tr!(in lang, "consent.ledger.changed"),
        "suspended" => tr!(in lang, "consent.ledger.suspended"),
        "resumed" => tr!(in lang, "consent.ledger.resumed"),
        _ => tr!(in lang, "consent.ledger.withdrawn"),
    }
}

/// A country by name where it is one of those operators here serve, else its code.
#[must_use]
pub fn country_text(lang: Lang, code: &str) -> Text {
    match code {
        "AT" => tr!(in lang, "consent.country.at"),
        "BE" => tr!(in lang, "consent.country.be"),
        "CH" => tr!(in lang, "consent.country.ch"),
        "DE" => tr!(in lang, "consent.country.de"),
        "DK" => tr!(in lang, "consent.country.dk"),
        "ES" => tr!(in lang, "consent.country.es"),
        "FI" => tr!(in lang, "consent.country.fi"),
        "FR" => tr!(in lang, "consent.country.fr"),
        "GB" => tr!(in lang, "consent.country.gb"),
        "IE" => tr!(in lang, "consent.country.ie"),
        "IT" => tr!(in lang, "consent.country.it"),
        "NL" => tr!(in lang, "consent.country.nl"),
        "NO" => tr!(in lang, "consent.country.no"),
        "SE" => tr!(in lang, "consent.country.se"),
        "US" => tr!(in lang, "consent.country.us"),
        _ => code.to_owned().into(),
    }
}

/// Countries by name, with commas between.
pub(super) fn countries_text(lang: Lang, codes: &[String]) -> String {
    codes.iter().map(|code| country_text(lang, code)).collect::<Vec<_>>().join(", ")
}

/// Data classes by name, with commas between.
pub(super) fn class_list(lang: Lang, classes: &[Class]) -> String {
    classes.iter().map(|class| class_text(lang, *class)).collect::<Vec<_>>().join(", ")
}

/// What an operator gets by a class.
pub(super) fn class_hint(lang: Lang, class: Class) -> Text {
    match class {
        Class::Numbers => tr!(in lang, "consent.class_hint.numbers"),
        Class::Calls => tr!(in lang, "consent.class_hint.calls"),
        Class::Quality => tr!(in lang, "consent.class_hint.quality"),
        Class::Durations => tr!(in lang, "consent.class_hint.durations"),
        Class::EmergencyLocation => tr!(in lang, "consent.class_hint.emergency_location"),
    }
}

/// Bytes as lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a String cannot fail.
        write!(out, "{byte:02x}").unwrap_or_default();
        out
    })
}
