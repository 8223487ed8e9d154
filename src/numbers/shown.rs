//! The words of this room as people read them.

use std::borrow::Cow;

use chrono::DateTime;
use chrono::Utc;

use crate::tr;
use crate::ui::Lang;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;

type Word = Cow<'static, str>;

/// What a state badge is made from.
#[derive(Clone, Copy, Debug)]
pub struct States<'a> {
    pub activation: &'a str,
    pub assignment: &'a str,
    pub until: Option<DateTime<Utc>>,
    pub forever: bool,
    pub reserved: bool,
}

/// The state of a number in one badge, as its tenant reads it.
#[must_use]
pub fn state(v: &Viewer, states: States<'_>) -> (Tone, Word) {
    let lang = v.lang;
    match states.activation {
        "assignment_pending" => (Tone::Pending, tr!(in lang, "numbers.state.assignment_pending")),
        "assignment_failed" => (Tone::Danger, tr!(in lang, "numbers.state.assignment_failed")),
        "update_pending" => (Tone::Pending, tr!(in lang, "numbers.state.update_pending")),
        "update_failed" => (Tone::Danger, tr!(in lang, "numbers.state.update_failed")),
        _ if states.assignment != "unassigned" => (Tone::Ok, tr!(in lang, "numbers.state.activated")),
        _ if states.forever => (Tone::Warn, tr!(in lang, "numbers.state.blocked")),
        _ => match states.until {
            Some(until) if until > v.now => {
                (Tone::Warn, tr!(in lang, "numbers.state.quarantine", until = v.time(until, TimeStyle::Date)))
            }
            _ if states.reserved => (Tone::Neutral, tr!(in lang, "numbers.state.reserved")),
            _ => (Tone::Neutral, tr!(in lang, "numbers.state.free")),
        },
    }
}

/// The state of a number in one badge, as its operator reads it.
#[must_use]
pub fn operator_state(lang: Lang, activation: &str, assigned: bool) -> (Tone, Word) {
    match activation {
        "assignment_pending" => (Tone::Pending, tr!(in lang, "numbers.state.assignment_pending")),
        "update_pending" => (Tone::Pending, tr!(in lang, "numbers.state.update_pending")),
        "assignment_failed" | "update_failed" => (Tone::Danger, tr!(in lang, "numbers.state.refused_by_you")),
        _ if assigned => (Tone::Ok, tr!(in lang, "numbers.state.assigned")),
        _ => (Tone::Neutral, tr!(in lang, "numbers.state.not_assigned")),
    }
}

/// What a number is for.
#[must_use]
pub fn usage(lang: Lang, word: &str) -> Word {
    match word {
        "user" => tr!(in lang, "numbers.usage.user"),
        "voice_app" => tr!(in lang, "numbers.usage.voice_app"),
        "conference" => tr!(in lang, "numbers.usage.conference"),
        other => Cow::Owned(other.to_owned()),
    }
}

/// What kind of number it is.
#[must_use]
pub fn kind(lang: Lang, word: &str) -> Word {
    match word {
        "geographic" => tr!(in lang, "numbers.kind.geographic"),
        "mobile" => tr!(in lang, "numbers.kind.mobile"),
        "toll_free" => tr!(in lang, "numbers.kind.toll_free"),
        "national" => tr!(in lang, "numbers.kind.national"),
        "uifn" => tr!(in lang, "numbers.kind.uifn"),
        other => Cow::Owned(other.to_owned()),
    }
}

/// Which of a target's numbers it is.
#[must_use]
pub fn category(lang: Lang, word: &str) -> Word {
    match word {
        "primary" => tr!(in lang, "numbers.category.primary"),
        "alternate" => tr!(in lang, "numbers.category.alternate"),
        "private" => tr!(in lang, "numbers.category.private"),
        other => Cow::Owned(other.to_owned()),
    }
}

/// What kind of thing has a number.
#[must_use]
pub fn target_kind(lang: Lang, word: &str) -> Word {
    match word {
        "user" => tr!(in lang, "numbers.target.user"),
        "resource_account" => tr!(in lang, "numbers.target.resource_account"),
        "conference_bridge" => tr!(in lang, "numbers.target.conference_bridge"),
        "third_party_app" => tr!(in lang, "numbers.target.third_party_app"),
        "policy" => tr!(in lang, "numbers.target.policy"),
        other => Cow::Owned(other.to_owned()),
    }
}

/// Who sets the emergency address.
#[must_use]
pub fn emergency(lang: Lang, word: &str) -> Word {
    match word {
        "operator_fixed" => tr!(in lang, "numbers.emergency.operator_fixed"),
        "operator_default" => tr!(in lang, "numbers.emergency.operator_default"),
        "tenant" => tr!(in lang, "numbers.emergency.tenant"),
        other => Cow::Owned(other.to_owned()),
    }
}

/// What can be done with a number.
#[must_use]
pub fn capability(lang: Lang, word: &str) -> Word {
    match word {
        "inbound" => tr!(in lang, "numbers.capability.inbound"),
        "outbound" => tr!(in lang, "numbers.capability.outbound"),
        "user" => tr!(in lang, "numbers.capability.user"),
        "voice_app" => tr!(in lang, "numbers.capability.voice_app"),
        "conference" => tr!(in lang, "numbers.capability.conference"),
        "emergency" => tr!(in lang, "numbers.capability.emergency"),
        other => Cow::Owned(other.to_owned()),
    }
}

/// Several of them in one line.
#[must_use]
pub fn capabilities(lang: Lang, words: &[String]) -> String {
    words.iter().map(|word| capability(lang, word)).collect::<Vec<_>>().join(", ")
}
