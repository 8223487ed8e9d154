//! The register's words in the viewer's language.

use super::model::Basis;
use super::model::Channel;
use super::model::Class;
use super::model::Direction;
use super::model::Ground;
use super::model::TransferRow;
use super::model::TransferState;
use crate::base::Org;
use crate::tr;
use crate::ui::Lang;
use crate::ui::Text;
use crate::ui::Tone;

/// A data class by name: "Emergency location".
#[must_use]
pub fn class_text(lang: Lang, class: Class) -> Text {
    match class {
        Class::Numbers => tr!(in lang, "transfers.class.numbers"),
        Class::Calls => tr!(in lang, "transfers.class.calls"),
        Class::Quality => tr!(in lang, "transfers.class.quality"),
        Class::Durations => tr!(in lang, "transfers.class.durations"),
        Class::EmergencyLocation => tr!(in lang, "transfers.class.emergency_location"),
    }
}

/// Data classes as stored, by name, with commas between.
#[must_use]
pub fn classes_text(lang: Lang, classes: &[String]) -> String {
    let names: Vec<Text> = Class::ALL
        .iter()
        .filter(|class| classes.iter().any(|word| word == class.as_str()))
        .map(|class| class_text(lang, *class))
        .collect();
    names.join(", ")
}

/// A channel by name: "Page view".
#[must_use]
pub fn channel_text(lang: Lang, channel: Channel) -> Text {
    match channel {
        Channel::Push => tr!(in lang, "transfers.channel.push"),
        Channel::Pull => tr!(in lang, "transfers.channel.pull"),
        Channel::Feed => tr!(in lang, "transfers.channel.feed"),
        Channel::Page => tr!(in lang, "transfers.channel.page"),
        Channel::Export => tr!(in lang, "transfers.channel.export"),
        Channel::Batch => tr!(in lang, "transfers.channel.batch"),
        Channel::Import => tr!(in lang, "transfers.channel.import"),
    }
}

/// A channel as stored; an unknown word stands for itself.
pub(super) fn channel_word(lang: Lang, word: &str) -> Text {
    Channel::parse(word).map_or_else(|| word.to_owned().into(), |channel| channel_text(lang, channel))
}

/// A state and its tone.
pub(super) fn state_text(lang: Lang, state: TransferState) -> (Tone, Text) {
    match state {
        TransferState::Confirmed => (Tone::Ok, tr!(in lang, "transfers.state.confirmed")),
        TransferState::Unconfirmed => (Tone::Pending, tr!(in lang, "transfers.state.unconfirmed")),
        TransferState::Failed => (Tone::Danger, tr!(in lang, "transfers.state.failed")),
    }
}

/// A state as stored.
pub(super) fn state_word(lang: Lang, word: &str) -> (Tone, Text) {
    TransferState::parse(word).map_or_else(|| (Tone::Neutral, word.to_owned().into()), |state| state_text(lang, state))
}

/// The direction as the reader sees it: what a tenant gives, its operator receives.
pub(super) fn direction_word(lang: Lang, reader: Org, word: &str) -> Text {
    let gives = matches!(reader, Org::Tenant(_)) == (Direction::parse(word) == Some(Direction::ToOperator));
    if gives { tr!(in lang, "transfers.given") } else { tr!(in lang, "transfers.received") }
}

/// The ground as a word.
pub(super) fn ground_text(lang: Lang, ground: Ground) -> Text {
    match ground {
        Ground::Consent => tr!(in lang, "transfers.basis.consent"),
        Ground::WindDown => tr!(in lang, "transfers.basis.wind_down"),
    }
}

/// The ground as stored, with the notice text's version: "Consent, text 2026-11".
pub(super) fn basis_text(lang: Lang, basis: &str, notice_version: Option<&str>) -> Text {
    match (Ground::parse(basis), notice_version) {
        (Some(Ground::Consent), Some(version)) => tr!(in lang, "transfers.basis.version", version = version),
        (Some(ground), _) => ground_text(lang, ground),
        (None, _) => basis.to_owned().into(),
    }
}

/// The name of the other side.
pub(super) fn party(reader: Org, row: &TransferRow) -> &str {
    if matches!(reader, Org::Tenant(_)) { &row.operator_name } else { &row.tenant_name }
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

impl Basis {
    /// The ground without its particulars.
    #[must_use]
    pub fn ground(&self) -> Ground {
        match self {
            Self::Consent { .. } => Ground::Consent,
            Self::WindDown => Ground::WindDown,
        }
    }
}
