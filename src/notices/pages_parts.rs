//! Words, marks and small parts that the pages of notices share.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use leptos::prelude::*;
use url::Url;

use super::DisableReason;
use super::EndpointState;
use super::EventType;
use super::PauseReason;
use super::queries_pages::Delivery;
use super::queries_pages_attempts::AttemptRow;
use super::queries_pages_health::EndpointHealth;
use super::queries_pages_health::Tally;
use crate::base::Ctx;
use crate::base::E164;
use crate::base::EventId;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::tr;
use crate::transfers;
use crate::ui::ActiveFilter;
use crate::ui::Kv;
use crate::ui::KvRow;
use crate::ui::Lang;
use crate::ui::Opt;
use crate::ui::Outcome;
use crate::ui::Query;
use crate::ui::SuccessStrip;
use crate::ui::Text;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::count;

/// Consecutive failure after which an endpoint is paused.
pub(super) const BUDGET: TimeDelta = TimeDelta::hours(75);

/// Addresses of one operator's pages.
#[derive(Clone, Debug)]
pub(super) struct Paths {
    slug: String,
    base: String,
}

impl Paths {
    /// Of the operator in the address.
    pub(super) fn of(req: &PageRequest) -> Self {
        Self::in_slug(req.slug())
    }

    /// Of the operator with this short name.
    pub(super) fn in_slug(slug: &str) -> Self {
        Self { slug: slug.to_owned(), base: format!("/o/{slug}/") }
    }

    /// The short name, for forms.
    pub(super) fn slug(&self) -> &str {
        &self.slug
    }

    pub(super) fn notifications(&self) -> String {
        format!("{}notifications", self.base)
    }

    pub(super) fn event(&self, id: uuid::Uuid) -> String {
        format!("{}notifications/events/{}", self.base, EventId(id).wire())
    }

    pub(super) fn attempt(&self, key: &str) -> String {
        format!("{}notifications/attempts/{key}", self.base)
    }

    pub(super) fn endpoints(&self) -> String {
        format!("{}endpoints", self.base)
    }

    pub(super) fn endpoint(&self, id: impl std::fmt::Display) -> String {
        format!("{}endpoints/{id}", self.base)
    }

    pub(super) fn recover(&self, id: impl std::fmt::Display) -> String {
        format!("{}endpoints/{id}/recover", self.base)
    }

    /// The number's page; `None` when the subject is no number.
    pub(super) fn number(&self, subject: &str) -> Option<String> {
        E164::parse(subject).ok().map(|e164| format!("{}numbers/{e164}", self.base))
    }

    pub(super) fn customer(&self, tenant: uuid::Uuid) -> String {
        format!("{}numbers?tenant={tenant}", self.base)
    }
}

/// Why the viewer cannot press any button that changes endpoints; `None` when it can.
pub(super) fn role_reason(lang: Lang, ctx: &Ctx) -> Option<String> {
    (!ctx.scopes.has(Scope::EndpointsWrite)).then(|| tr!(in lang, "notices.role").into_owned())
}

/// An event's type in words.
pub(super) fn kind_word(lang: Lang, name: &str) -> Text {
    use EventType as T;
    match name.parse::<T>() {
        Ok(T::NumberAssigned) => tr!(in lang, "notices.kind.number_assigned"),
        Ok(T::NumberUnassigned) => tr!(in lang, "notices.kind.number_unassigned"),
        Ok(T::NumberUpdated) => tr!(in lang, "notices.kind.number_updated"),
        Ok(T::NumberReleased) => tr!(in lang, "notices.kind.number_released"),
        Ok(T::NumberReleaseRequested) => tr!(in lang, "notices.kind.number_release_requested"),
        Ok(T::NumberEmergencyLocationChanged) => tr!(in lang, "notices.kind.number_emergency_location_changed"),
        Ok(T::NumberSnapshot) => tr!(in lang, "notices.kind.number_snapshot"),
        Ok(T::EventWithheld) => tr!(in lang, "notices.kind.event_withheld"),
        Ok(T::ConsentGranted) => tr!(in lang, "notices.kind.consent_granted"),
        Ok(T::ConsentSuspended) => tr!(in lang, "notices.kind.consent_suspended"),
        Ok(T::ConsentWithdrawn) => tr!(in lang, "notices.kind.consent_withdrawn"),
        Ok(T::CallsWindowReady) => tr!(in lang, "notices.kind.calls_window_ready"),
        Ok(T::DisputeOpened) => tr!(in lang, "notices.kind.dispute_opened"),
        Ok(T::DisputeAnswered) => tr!(in lang, "notices.kind.dispute_answered"),
        Ok(T::PeriodClosed) => tr!(in lang, "notices.kind.period_closed"),
        Ok(T::SubjectRequestOpened) => tr!(in lang, "notices.kind.subject_request_opened"),
        Ok(T::EndpointFailing) => tr!(in lang, "notices.kind.endpoint_failing"),
        Ok(T::EndpointPaused) => tr!(in lang, "notices.kind.endpoint_paused"),
        Ok(T::EndpointDisabled) => tr!(in lang, "notices.kind.endpoint_disabled"),
        Ok(T::FeedHeartbeat) => tr!(in lang, "notices.kind.feed_heartbeat"),
        Ok(T::EndpointTest) => tr!(in lang, "notices.kind.endpoint_test"),
        Ok(T::EndpointVerification) => tr!(in lang, "notices.kind.endpoint_verification"),
        Err(_) => Text::Owned(name.to_owned()),
    }
}

/// Types for a filter, with their names behind the words.
pub(super) fn kind_options(lang: Lang, only_feed: bool) -> Vec<Opt> {
    let kinds = EventType::ALL.into_iter().filter(|kind| *kind != EventType::EventWithheld && (!only_feed || kind.is_in_feed()));
    kinds.map(|kind| Opt::new(kind.name(), kind_word(lang, kind.name()))).collect()
}

/// Where an event stands, as tone and word.
pub(super) fn delivery_mark(lang: Lang, state: Delivery) -> (Tone, Text) {
    match state {
        Delivery::Delivered => (Tone::Ok, tr!(in lang, "notices.state.delivered")),
        Delivery::Failing => (Tone::Danger, tr!(in lang, "notices.state.failing")),
        Delivery::Waiting => (Tone::Pending, tr!(in lang, "notices.state.waiting")),
        Delivery::Withheld => (Tone::Neutral, tr!(in lang, "notices.state.withheld")),
    }
}

/// Why a customer's data is not shown.
pub(super) fn withheld_word(lang: Lang, reason: &str) -> Text {
    match reason {
        "suspended" => tr!(in lang, "notices.withheld.suspended"),
        "withdrawn" => tr!(in lang, "notices.withheld.withdrawn"),
        _ => tr!(in lang, "notices.withheld.not_granted"),
    }
}

/// As [`answer_mark`]; a challenge is answered with 200 alone.
pub(super) fn try_mark(lang: Lang, one: &AttemptRow) -> (Tone, Text) {
    let (_, answer) = answer_mark(lang, one.status, one.error.as_deref());
    (if one.is_ok() { Tone::Ok } else { Tone::Danger }, answer)
}

/// What an endpoint answered: the status, or why there was no answer.
pub(super) fn answer_mark(lang: Lang, status: Option<i16>, error: Option<&str>) -> (Tone, Text) {
    match status {
        Some(status @ 200..=299) => (Tone::Ok, Text::Owned(status.to_string())),
        Some(status) => (Tone::Danger, Text::Owned(status.to_string())),
        None => (Tone::Danger, error_word(lang, error.unwrap_or_default())),
    }
}

fn error_word(lang: Lang, error: &str) -> Text {
    match error {
        "connect" => tr!(in lang, "notices.error.connect"),
        "dns" => tr!(in lang, "notices.error.dns"),
        "tls" => tr!(in lang, "notices.error.tls"),
        "timeout" => tr!(in lang, "notices.error.timeout"),
        "reset" => tr!(in lang, "notices.error.reset"),
        "address_forbidden" => tr!(in lang, "notices.error.address_forbidden"),
        "too_large" => tr!(in lang, "notices.error.too_large"),
        "protocol" => tr!(in lang, "notices.error.protocol"),
        _ => tr!(in lang, "notices.error.none"),
    }
}

/// Why something was sent.
pub(super) fn trigger_word(lang: Lang, trigger: &str) -> Text {
    match trigger {
        "retry" => tr!(in lang, "notices.trigger.retry"),
        "redeliver" => tr!(in lang, "notices.trigger.redeliver"),
        "recover" => tr!(in lang, "notices.trigger.recover"),
        "test" => tr!(in lang, "notices.trigger.test"),
        "verify" => tr!(in lang, "notices.trigger.verify"),
        "heartbeat" => tr!(in lang, "notices.trigger.heartbeat"),
        _ => tr!(in lang, "notices.trigger.feed"),
    }
}

/// An endpoint's state, as tone and word; an active one that fails says so.
pub(super) fn endpoint_mark(lang: Lang, endpoint: &EndpointHealth) -> (Tone, Text) {
    match endpoint.state {
        EndpointState::Active if endpoint.failing_since.is_some() => (Tone::Danger, tr!(in lang, "notices.endpoint.failing")),
        EndpointState::Active => (Tone::Ok, tr!(in lang, "notices.endpoint.active")),
        EndpointState::Unverified => (Tone::Pending, tr!(in lang, "notices.endpoint.unverified")),
        EndpointState::Paused(PauseReason::Person) => (Tone::Warn, tr!(in lang, "notices.endpoint.paused")),
        EndpointState::Paused(PauseReason::Failing) => (Tone::Danger, tr!(in lang, "notices.endpoint.paused_failing")),
        EndpointState::Disabled(DisableReason::Gone) => (Tone::Danger, tr!(in lang, "notices.endpoint.disabled_gone")),
        EndpointState::Disabled(DisableReason::Platform) => (Tone::Danger, tr!(in lang, "notices.endpoint.disabled_platform")),
    }
}

/// What an endpoint is called where there is little room: its description, else its host.
pub(super) fn endpoint_name(url: &str, description: &str) -> String {
    if !description.is_empty() {
        return description.to_owned();
    }
    Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| url.to_owned())
}

/// How much of the failure budget is used, in per cent.
pub(super) fn budget_used(endpoint: &EndpointHealth, now: DateTime<Utc>) -> u64 {
    let used = endpoint.failing_since.map_or(TimeDelta::zero(), |since| now - since);
    u64::try_from((used.num_seconds() * 100 / BUDGET.num_seconds()).clamp(0, 100)).unwrap_or(0)
}

/// Names and values, built before the page is: their closures would outlive what the values borrow.
pub(super) fn kv(rows: impl IntoIterator<Item = (Text, AnyView)>) -> AnyView {
    let rows = rows.into_iter().map(|(label, value)| view! { <KvRow label=label>{value}</KvRow> }).collect_view();
    view! { <Kv>{rows}</Kv> }.into_any()
}

/// The strip of 24 hours, with its figures in the title.
pub(super) fn strip(v: &Viewer, hours: &[Tally], wide: bool) -> AnyView {
    let ok: i64 = hours.iter().map(|hour| hour.ok).sum();
    let all: i64 = ok + hours.iter().map(|hour| hour.failed).sum::<i64>();
    let title = if all == 0 {
        tr!(in v.lang, "notices.strip_none")
    } else {
        tr!(in v.lang, "notices.strip", ok = count(v.lang, ok), all = count(v.lang, all))
    };
    let figure = |n: i64| u64::try_from(n).unwrap_or(0);
    let mut bars: Vec<_> = hours.iter().map(|hour| Outcome { ok: figure(hour.ok), failed: figure(hour.failed) }).collect();
    bars.resize(24, Outcome::default());
    view! { <SuccessStrip title=title hours=bars wide=wide /> }.into_any()
}

/// The first moment of a day in the viewer's zone.
pub(super) fn day_start(v: &Viewer, text: Option<&str>) -> Option<DateTime<Utc>> {
    transfers::day_start(text?, v.time_zone)
}

/// A filter in force, if it is.
pub(super) fn chip(query: &Query, path: &str, key: &str, label: Text, value: Option<Text>) -> Option<ActiveFilter> {
    let value = value.filter(|_| query.has(key))?;
    Some(ActiveFilter { label, value, remove_href: query.first_page().without(key).href(path) })
}

/// Headers as sent, one a line, without what proves who sent them.
pub(super) fn without_secrets(headers: &str) -> Vec<(String, String)> {
    headers
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| {
            let name = name.trim().to_ascii_lowercase();
            let hidden = ["signature", "auth", "cookie", "secret", "token"].iter().any(|part| name.contains(part));
            let value = if hidden { "(hidden)".to_owned() } else { value.trim().to_owned() };
            (name, value)
        })
        .collect()
}

/// The same request as a shell command, without what proves who sent it.
pub(super) fn as_curl(url: &str, headers: &[(String, String)], body: &str) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let mut lines = vec![format!("curl --request POST {}", quoted(url))];
    let shown = headers.iter().filter(|(name, value)| value != "(hidden)" && name != "content-length" && name != "host");
    lines.extend(shown.map(|(name, value)| format!("  --header {}", quoted(&format!("{name}: {value}")))));
    if !headers.iter().any(|(name, _)| name == "content-type") {
        lines.push(format!("  --header {}", quoted("content-type: application/json")));
    }
    lines.push(format!("  --data-raw {}", quoted(body)));
    lines.join(" \\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copied_request_holds_no_secret_and_survives_the_shell() {
        let headers =
            without_secrets("webhook-id: evt_1\nWebhook-Signature: v1,abc\nnot a header\nAuthorization: Bearer x\nhost: h");
        let curl = as_curl("https://h.example/it's", &headers, r#"{"a":"it's"}"#);
        assert_eq!(
            curl,
            "curl --request POST 'https://h.example/it'\\''s' \\\n  --header 'webhook-id: evt_1' \\\n  \
             --header 'content-type: application/json' \\\n  --data-raw '{\"a\":\"it'\\''s\"}'"
        );
        assert!(!curl.contains("abc") && !curl.contains("Bearer"));
    }

    #[test]
    fn a_day_begins_where_the_viewer_is() {
        let v = Viewer { time_zone: chrono_tz::Europe::Berlin, ..Viewer::default() };
        assert_eq!(day_start(&v, Some("2026-11-23")).map(|at| at.to_rfc3339()), Some("2026-11-22T23:00:00+00:00".to_owned()));
        assert_eq!(day_start(&v, Some("yesterday")), None);
        let v = Viewer { time_zone: chrono_tz::America::Santiago, ..Viewer::default() };
        assert!(day_start(&v, Some("2026-09-06")).is_some(), "the clock skips midnight there");
    }
}
