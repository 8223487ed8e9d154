//! The words of calls as people read them.

use std::borrow::Cow;

use super::cause::Cause;
use super::cause::Outcome;
use super::cause::Reason;
use super::cause::Side;
use super::pages_ask::CallTab;
use crate::tr;
use crate::ui::Lang;
use crate::ui::Tone;
use crate::ui::decimal;

type Word = Cow<'static, str>;

/// Which way a call went, as its tenant sees it.
#[must_use]
pub fn direction(lang: Lang, inbound: bool) -> Word {
    if inbound { tr!(in lang, "calls.inbound") } else { tr!(in lang, "calls.outbound") }
}

/// A view of the list.
#[must_use]
pub fn tab(lang: Lang, tab: CallTab) -> Word {
    match tab {
        CallTab::All => tr!(in lang, "calls.tab.all"),
        CallTab::Answered => tr!(in lang, "calls.tab.answered"),
        CallTab::Missed => tr!(in lang, "calls.tab.missed"),
        CallTab::Failed => tr!(in lang, "calls.tab.failed"),
        CallTab::Short => tr!(in lang, "calls.tab.short"),
        CallTab::Poor => tr!(in lang, "calls.tab.poor"),
    }
}

/// An outcome to choose from, whichever way the call went.
#[must_use]
pub fn outcome_choice(lang: Lang, outcome: Outcome) -> Word {
    match outcome {
        Outcome::Answered => tr!(in lang, "calls.outcome.answered"),
        Outcome::CutOff => tr!(in lang, "calls.outcome.cut_off"),
        Outcome::NoAnswer => tr!(in lang, "calls.outcome.no_answer"),
        Outcome::Busy => tr!(in lang, "calls.outcome.busy"),
        Outcome::Rejected => tr!(in lang, "calls.outcome.rejected"),
        Outcome::Cancelled => tr!(in lang, "calls.outcome.cancelled"),
        Outcome::Failed => tr!(in lang, "calls.outcome.failed"),
        Outcome::Open => tr!(in lang, "calls.outcome.open"),
    }
}

/// The outcome of a call in a few words, with its tone. A side is named only where the record names it.
#[must_use]
pub fn outcome(lang: Lang, cause: Cause, inbound: bool) -> (Tone, Word) {
    let named = |side| cause.certain && cause.side == side;
    match cause.outcome {
        Outcome::Answered => (Tone::Ok, tr!(in lang, "calls.outcome.answered")),
        Outcome::NoAnswer if inbound => (Tone::Neutral, tr!(in lang, "calls.outcome.missed")),
        Outcome::NoAnswer => (Tone::Neutral, tr!(in lang, "calls.outcome.no_answer")),
        Outcome::Busy => (Tone::Warn, tr!(in lang, "calls.outcome.busy")),
        Outcome::Rejected => (Tone::Neutral, tr!(in lang, "calls.outcome.rejected")),
        Outcome::Cancelled => (Tone::Neutral, tr!(in lang, "calls.outcome.cancelled")),
        Outcome::Open => (Tone::Pending, tr!(in lang, "calls.outcome.open")),
        Outcome::CutOff if named(Side::Operator) => (Tone::Danger, tr!(in lang, "calls.outcome.cut_off_operator")),
        Outcome::CutOff if named(Side::Platform) => (Tone::Danger, tr!(in lang, "calls.outcome.cut_off_platform")),
        Outcome::CutOff => (Tone::Danger, tr!(in lang, "calls.outcome.cut_off")),
        Outcome::Failed if named(Side::Operator) => (Tone::Danger, tr!(in lang, "calls.outcome.failed_operator")),
        Outcome::Failed if named(Side::Platform) => (Tone::Danger, tr!(in lang, "calls.outcome.failed_platform")),
        Outcome::Failed => (Tone::Danger, tr!(in lang, "calls.outcome.failed")),
    }
}

/// Why a call ended, as a sentence.
#[must_use]
pub fn reason(lang: Lang, cause: Cause, operator: &str) -> Word {
    match cause.reason {
        Reason::HungUp => hung_up(lang, cause.side, operator),
        Reason::Talking => tr!(in lang, "calls.reason.talking"),
        Reason::SettingUp => tr!(in lang, "calls.reason.setting_up"),
        Reason::Busy => tr!(in lang, "calls.reason.busy"),
        Reason::NoAnswer => tr!(in lang, "calls.reason.no_answer"),
        Reason::Rejected => tr!(in lang, "calls.reason.rejected"),
        Reason::Cancelled => tr!(in lang, "calls.reason.cancelled"),
        Reason::NumberUnknown => tr!(in lang, "calls.reason.number_unknown"),
        Reason::NumberIncomplete => tr!(in lang, "calls.reason.number_incomplete"),
        Reason::NumberChanged => tr!(in lang, "calls.reason.number_changed"),
        Reason::Barred => tr!(in lang, "calls.reason.barred"),
        Reason::NotReachable => tr!(in lang, "calls.reason.not_reachable"),
        Reason::TimedOut => tr!(in lang, "calls.reason.timed_out"),
        Reason::Incompatible => tr!(in lang, "calls.reason.incompatible"),
        Reason::Congestion => tr!(in lang, "calls.reason.congestion"),
        Reason::NetworkFault => tr!(in lang, "calls.reason.network_fault"),
        Reason::NotAuthorised => tr!(in lang, "calls.reason.not_authorised"),
        Reason::Other => tr!(in lang, "calls.reason.other"),
        Reason::NotTold => tr!(in lang, "calls.reason.not_told"),
    }
}

fn hung_up(lang: Lang, side: Side, operator: &str) -> Word {
    match side {
        Side::Caller => tr!(in lang, "calls.hung_up.caller"),
        Side::Callee => tr!(in lang, "calls.hung_up.callee"),
        Side::Platform => tr!(in lang, "calls.hung_up.platform"),
        Side::Operator => tr!(in lang, "calls.hung_up.operator", operator = operator),
        Side::Unknown => tr!(in lang, "calls.hung_up.unknown"),
    }
}

/// On whose side it lies, as a sentence that says how sure that is.
#[must_use]
pub fn side(lang: Lang, cause: Cause, operator: &str) -> Word {
    let who = match cause.side {
        Side::Caller => tr!(in lang, "calls.side.caller"),
        Side::Callee => tr!(in lang, "calls.side.callee"),
        Side::Platform => tr!(in lang, "calls.side.platform"),
        Side::Operator => tr!(in lang, "calls.side.operator", operator = operator),
        Side::Unknown => return tr!(in lang, "calls.side.unknown"),
    };
    if cause.certain { tr!(in lang, "calls.side.told", who = who) } else { tr!(in lang, "calls.side.guessed", who = who) }
}

/// The quality of a call or a stream.
#[must_use]
pub fn quality(lang: Lang, word: &str) -> (Tone, Word) {
    match word {
        "good" => (Tone::Ok, tr!(in lang, "calls.quality.good")),
        "poor" => (Tone::Warn, tr!(in lang, "calls.quality.poor")),
        _ => (Tone::Neutral, tr!(in lang, "calls.quality.unclassified")),
    }
}

/// What kind of MOS it is: no figure without it.
#[must_use]
pub fn mos_kind(lang: Lang, kind: Option<&str>) -> Word {
    match kind {
        Some("lqe_g107_nb") => tr!(in lang, "calls.mos.lqe_g107_nb"),
        Some("lqe") => tr!(in lang, "calls.mos.lqe"),
        Some("lqo") => tr!(in lang, "calls.mos.lqo"),
        Some("cqe") => tr!(in lang, "calls.mos.cqe"),
        Some(other) => Cow::Owned(other.to_owned()),
        None => tr!(in lang, "calls.mos.not_told"),
    }
}

/// Milliseconds as seconds with three places: `6.612`.
#[must_use]
pub fn seconds(lang: Lang, ms: i64) -> String {
    decimal(lang, f64::from(i32::try_from(ms).unwrap_or(i32::MAX)) / 1000.0, 3)
}
