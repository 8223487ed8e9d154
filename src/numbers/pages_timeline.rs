//! The timeline of a number, in words, for both portals.

use chrono::DateTime;
use chrono::Utc;
use leptos::prelude::*;
use serde_json::Value;

use super::queries_detail::ChangeLine;
use super::shown;
use super::timeline::Moment;
use crate::base::EventId;
use crate::notices::Delivery;
use crate::notices::Standing;
use crate::notices::Untaken;
use crate::tr;
use crate::ui::Empty;
use crate::ui::Icon;
use crate::ui::Lang;
use crate::ui::TimeStyle;
use crate::ui::Timeline;
use crate::ui::TimelineItem;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::millis;

/// The list; `tenant`: the tenant looks, else the operator.
pub(super) fn moments(v: &Viewer, moments: Vec<Moment>, tenant: bool) -> AnyView {
    if moments.is_empty() {
        return view! { <Empty title=tr!(in v.lang, "numbers.no_moments") text=tr!(in v.lang, "numbers.no_moments_text") /> }
            .into_any();
    }
    let items = moments
        .into_iter()
        .map(|moment| match moment {
            Moment::Change(change, seq) => change_item(v, &change, seq, tenant),
            Moment::Told(told) => told_item(v, &told, tenant),
            Moment::Untold(untold) => untold_item(v, &untold, tenant),
        })
        .collect_view();
    view! { <Timeline>{items}</Timeline> }.into_any()
}

fn field<'a>(value: Option<&'a Value>, key: &str) -> Option<&'a str> {
    value?.get(key)?.as_str()
}

/// Tone and title of a change.
fn headline(lang: Lang, change: &ChangeLine, tenant: bool) -> (Tone, String) {
    let operator = &change.operator_name;
    let who = change.target_name.as_deref();
    let text = match (change.kind.as_str(), who) {
        ("provisioned", _) => tr!(in lang, "numbers.did.provisioned", operator = operator),
        ("changed", _) => tr!(in lang, "numbers.did.changed", operator = operator),
        ("released", _) => tr!(in lang, "numbers.did.released", operator = operator),
        ("assigned", Some(who)) => tr!(in lang, "numbers.did.assigned_to", who = who),
        ("assigned", None) => tr!(in lang, "numbers.did.assigned"),
        ("unassigned", Some(who)) => tr!(in lang, "numbers.did.unassigned_from", who = who),
        ("unassigned", None) => tr!(in lang, "numbers.did.unassigned"),
        ("activated", _) if tenant => tr!(in lang, "numbers.did.activated", operator = operator),
        ("activated", _) => tr!(in lang, "numbers.did.activated_by_you"),
        ("refused", _) if tenant => tr!(in lang, "numbers.did.refused", operator = operator),
        ("refused", _) => tr!(in lang, "numbers.did.refused_by_you"),
        ("release_declined", _) => tr!(in lang, "numbers.did.release_declined", operator = operator),
        ("usage_set", _) => tr!(in lang, "numbers.did.usage_set"),
        ("category_set", _) => tr!(in lang, "numbers.did.category_set"),
        ("emergency_location_set", _) => tr!(in lang, "numbers.did.emergency_location_set"),
        ("release_requested", _) => tr!(in lang, "numbers.did.release_requested"),
        ("retried", _) => tr!(in lang, "numbers.did.retried"),
        ("reserved", _) => tr!(in lang, "numbers.did.reserved"),
        ("unreserved", _) => tr!(in lang, "numbers.did.unreserved"),
        ("tagged" | "untagged", _) => tr!(in lang, "numbers.did.tagged"),
        ("quarantine_ended", _) => tr!(in lang, "numbers.did.quarantine_ended"),
        ("snapshot", _) => tr!(in lang, "numbers.did.snapshot"),
        _ => tr!(in lang, "numbers.did.other", kind = change.kind),
    };
    let tone = match change.kind.as_str() {
        "activated" => Tone::Ok,
        "refused" | "release_declined" => Tone::Danger,
        "assigned" | "changed" | "usage_set" | "emergency_location_set" | "retried" => Tone::Pending,
        "unassigned" | "released" | "release_requested" => Tone::Warn,
        _ => Tone::Neutral,
    };
    (tone, text.into_owned())
}

fn actor(lang: Lang, change: &ChangeLine, tenant: bool) -> Option<String> {
    let text = match (change.actor_kind.as_str(), change.actor_label.as_deref()) {
        (_, Some(label)) => tr!(in lang, "numbers.by.name", name = label),
        ("tenant", None) if !tenant => tr!(in lang, "numbers.by.customer"),
        ("tenant", None) => tr!(in lang, "numbers.by.you"),
        ("operator", None) if tenant => tr!(in lang, "numbers.by.name", name = change.operator_name),
        ("operator", None) => tr!(in lang, "numbers.by.your_side"),
        ("platform", None) => tr!(in lang, "numbers.by.platform"),
        _ => return None,
    };
    Some(text.into_owned())
}

/// What it was and what it became, in words.
fn became(lang: Lang, change: &ChangeLine) -> Option<String> {
    let word = |value: Option<&Value>, key: &str| -> String {
        let said = match value.and_then(|value| value.get(key)) {
            Some(Value::String(text)) => match key {
                "usage" => shown::usage(lang, text).into_owned(),
                "category" => shown::category(lang, text).into_owned(),
                _ => text.clone(),
            },
            Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
            _ => String::new(),
        };
        if said.is_empty() { tr!(in lang, "numbers.did.nothing").into_owned() } else { said }
    };
    let key = match change.kind.as_str() {
        "usage_set" => "usage",
        "category_set" => "category",
        "emergency_location_set" => "emergency_location",
        "tagged" | "untagged" => "tags",
        "reserved" => return Some(word(change.after.as_ref(), "reserved")),
        "release_requested" => return field(change.after.as_ref(), "note").map(str::to_owned),
        _ => return None,
    };
    let (was, is) = (word(change.before.as_ref(), key), word(change.after.as_ref(), key));
    Some(tr!(in lang, "numbers.did.became", was = was, is = is).into_owned())
}

fn change_item(v: &Viewer, change: &ChangeLine, seq: Option<i64>, tenant: bool) -> AnyView {
    let lang = v.lang;
    let (tone, title) = headline(lang, change, tenant);
    let mut parts: Vec<String> = actor(lang, change, tenant).into_iter().collect();
    if ["refused", "release_declined"].contains(&change.kind.as_str())
        && let Some(reason) = field(change.after.as_ref(), "reason").or_else(|| field(change.after.as_ref(), "code"))
    {
        parts.push(tr!(in lang, "numbers.by.reason", reason = reason).into_owned());
    }
    parts.extend(became(lang, change));
    if let Some(note) = &change.note {
        parts.push(note.clone());
    }
    if let Some(number_seq) = change.number_seq {
        parts.push(tr!(in lang, "numbers.by.number_seq", n = number_seq).into_owned());
    }
    match (change.event_id, seq) {
        (Some(_), Some(seq)) => parts.push(tr!(in lang, "numbers.by.seq", n = v.count(seq)).into_owned()),
        (Some(_), None) => parts.push(tr!(in lang, "numbers.by.waiting").into_owned()),
        (None, _) => {}
    }
    let event = change.event_id.map(|id| {
        view! {
            " "
            <span class="id">{EventId(id).wire()}</span>
        }
    });
    let order = change.order_id.map(|id| {
        view! {
            " "
            {tr!(in lang, "numbers.by.order")}
            " "
            <span class="id">{id.to_string()}</span>
        }
    });
    let text = parts.join(". ");
    view! {
        <TimelineItem tone=tone title=title at=change.at>
            {text}
            {event}
            {order}
        </TimelineItem>
    }
    .into_any()
}

/// `14:05:09` in the viewer's zone; the day stands beside it.
fn clock(v: &Viewer, at: DateTime<Utc>) -> String {
    at.with_timezone(&v.time_zone).format("%H:%M:%S").to_string()
}

fn told_item(v: &Viewer, told: &Delivery, tenant: bool) -> AnyView {
    let lang = v.lang;
    let elapsed = millis(lang, told.elapsed_ms.into());
    let operator = &told.operator_name;
    let at = clock(v, told.at);
    let (tone, title) = match (told.arrived(), tenant) {
        (true, true) if told.withheld => (Tone::Neutral, tr!(in lang, "numbers.told.place", operator = operator, at = at)),
        (true, false) if told.withheld => (Tone::Neutral, tr!(in lang, "numbers.told.place_to_you")),
        (true, true) => (Tone::Ok, tr!(in lang, "numbers.told.taken", operator = operator, at = at, elapsed = elapsed)),
        (true, false) => (Tone::Ok, tr!(in lang, "numbers.told.taken_by_you", elapsed = elapsed)),
        (false, true) => (Tone::Warn, tr!(in lang, "numbers.told.failed", operator = operator)),
        (false, false) => (Tone::Warn, tr!(in lang, "numbers.told.failed_by_you")),
    };
    let mut parts = vec![tr!(in lang, "numbers.told.try", n = told.number, kind = told.kind).into_owned()];
    parts.push(match told.status {
        Some(status) => tr!(in lang, "numbers.told.status", status = status, elapsed = elapsed).into_owned(),
        None => tr!(in lang, "numbers.told.no_answer", elapsed = elapsed).into_owned(),
    });
    if let Some(next) = told.next_at {
        parts.push(tr!(in lang, "numbers.told.next", at = v.time(next, TimeStyle::Short)).into_owned());
    }
    let text = parts.join(". ");
    view! {
        <TimelineItem tone=tone icon=Icon::Send title=title at=told.at>
            {text}
        </TimelineItem>
    }
    .into_any()
}

/// What no endpoint has taken: read by pull, waiting, or withheld.
fn untold_item(v: &Viewer, untold: &Untaken, tenant: bool) -> AnyView {
    let lang = v.lang;
    let operator = &untold.operator_name;
    let (tone, icon, title, text) = match &untold.standing {
        Standing::Pulled { at } => {
            let title = match (at, tenant) {
                (Some(at), true) => {
                    tr!(in lang, "numbers.untold.pulled_at", operator = operator, at = clock(v, *at))
                }
                (None, true) => tr!(in lang, "numbers.untold.pulled", operator = operator),
                (_, false) => tr!(in lang, "numbers.untold.pulled_by_you"),
            };
            (Tone::Ok, Icon::Inbox, title, tr!(in lang, "numbers.untold.pulled_text"))
        }
        Standing::Waiting { tried, next_at } => {
            let title = if tenant {
                tr!(in lang, "numbers.untold.waiting", operator = operator)
            } else {
                tr!(in lang, "numbers.untold.waiting_by_you")
            };
            let text = match (tried, next_at) {
                (true, Some(at)) => tr!(in lang, "numbers.told.next", at = v.time(*at, TimeStyle::Short)),
                (true, None) => tr!(in lang, "numbers.untold.waiting_try"),
                (false, _) => tr!(in lang, "numbers.untold.waiting_turn"),
            };
            (Tone::Pending, Icon::Clock, title, text)
        }
        Standing::Withheld { reason } => {
            let title = if tenant {
                tr!(in lang, "numbers.untold.withheld", operator = operator)
            } else {
                tr!(in lang, "numbers.untold.withheld_by_you")
            };
            let text = match reason.as_str() {
                "suspended" => tr!(in lang, "numbers.untold.suspended"),
                "withdrawn" => tr!(in lang, "numbers.untold.withdrawn"),
                _ => tr!(in lang, "numbers.untold.not_granted"),
            };
            (Tone::Neutral, Icon::Lock, title, text)
        }
    };
    let seq = tr!(in lang, "numbers.by.seq", n = v.count(untold.seq));
    let text = format!("{text}. {}, {seq}", untold.kind);
    view! {
        <TimelineItem tone=tone icon=icon title=title at=untold.at()>
            {text}
        </TimelineItem>
    }
    .into_any()
}
