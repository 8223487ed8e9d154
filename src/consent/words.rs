//! Words of consent in the viewer's language.

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;

use super::model::ConsentStatus;
use super::model::RelationshipStatus;
use super::model::Verb;
use crate::tr;
use crate::transfers::Class;
use crate::transfers::class_text;
use crate::ui::Lang;
use crate::ui::Text;
use crate::ui::Tone;

/// A moment on the wire: milliseconds, `Z`.
pub(super) fn wire_time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A status and its tone.
pub(super) fn status_text(lang: Lang, status: ConsentStatus) -> (Tone, Text) {
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

/// The kinds of numbers that an operator has; one that is not known stands for itself.
pub(super) fn services_text(lang: Lang, services: &[String]) -> String {
    let word = |service: &String| match service.as_str() {
        "geographic" => tr!(in lang, "consent.service.geographic"),
        "mobile" => tr!(in lang, "consent.service.mobile"),
        "national" => tr!(in lang, "consent.service.national"),
        "toll_free" => tr!(in lang, "consent.service.toll_free"),
        other => Text::Owned(other.to_owned()),
    };
    services.iter().map(word).collect::<Vec<_>>().join(", ")
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
