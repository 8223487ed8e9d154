//! The two tables of `/api/docs`: the catalogue of events with what each of them holds, and the codes of problems, where the `type`
//! of a problem leads.

use leptos::prelude::*;
use serde_json::Value;

use super::docs::collect;
use super::docs::field_list;
use super::docs_guide::prose;
use super::openapi_codes;
use super::openapi_events;
use super::openapi_shapes;
use crate::notices::EventType;
use crate::tr;
use crate::ui::Badge;
use crate::ui::Card;
use crate::ui::Kv;
use crate::ui::Lang;
use crate::ui::Tone;

/// How deep the data of an event is shown: an address in it, and no further.
const DEPTH: usize = 2;

/// Every type of event: whether it is sent, and its data.
pub(super) fn event_table(document: &Value, lang: Lang) -> AnyView {
    let lines = EventType::ALL.into_iter().map(|kind| event_line(document, lang, kind)).collect_view();
    view! {
        <Card title=tr!(in lang, "app.docs.events") id="events" flush=true>
            <p class="call-note">{tr!(in lang, "app.docs.events_text")}</p>
            {lines}
        </Card>
    }
    .into_any()
}

/// One type, closed: what it tells. Opened: the keys of `data` and of `previous`.
fn event_line(document: &Value, lang: Lang, kind: EventType) -> AnyView {
    let sent = openapi_events::is_sent(kind);
    let badge = if sent {
        view! { <Badge tone=Tone::Ok text=tr!(in lang, "app.docs.sent") /> }
    } else {
        view! { <Badge tone=Tone::Neutral text=tr!(in lang, "app.docs.not_sent") /> }
    };
    let push_only = (!kind.is_in_feed()).then(|| view! { <Badge tone=Tone::Info text=tr!(in lang, "app.docs.push_only") /> });
    let head = view! {
        <h3 class="cluster"><code class="id">{kind.name()}</code> {badge} {push_only}</h3>
        <span class="fine">{prose(&openapi_events::sentence(lang, kind))}</span>
    };
    let id = kind.name();
    if !sent {
        return view! { <div class="call call-plain" id=id>{head}</div> }.into_any();
    }
    let schema = &document["components"]["schemas"][openapi_shapes::name_of(kind)];
    let mut fields = Vec::new();
    if schema["properties"]["data"].is_object() {
        for key in ["data", "previous"] {
            collect(document, &schema["properties"][key], &format!("{key}."), DEPTH, &mut fields);
        }
    } else {
        // What stands in for a withheld event has no data: it is shown whole.
        collect(document, schema, "", DEPTH, &mut fields);
    }
    // Of what is sent nearly every key is there: what is said is which may be missing.
    for field in &mut fields {
        field.missing = !field.required;
        field.required = false;
    }
    view! {
        <details class="call" id=id>
            <summary>{head}</summary>
            <div class="stack" data-gap="tight">
                {field_list(fields)}
            </div>
        </details>
    }
    .into_any()
}

/// Every code of a problem, where its `type` leads.
pub(super) fn code_table(lang: Lang) -> AnyView {
    let rows = openapi_codes::CODES.iter().map(|&(code, status)| {
        view! {
            <dt id=code><code class="id">{code}</code></dt>
            <dd><code>{status.to_string()}</code> " " {prose(&openapi_codes::meaning(lang, code))}</dd>
        }
    });
    let rows = rows.collect_view();
    view! {
        <Card title=tr!(in lang, "app.docs.codes") id="codes">
            <p>{prose(&tr!(in lang, "app.docs.codes_text"))}</p>
            <Kv>{rows}</Kv>
        </Card>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::super::docs::document;
    use super::*;

    fn html(part: impl FnOnce() -> AnyView) -> String {
        Owner::new().with(|| part().to_html())
    }

    #[test]
    fn the_type_of_every_problem_leads_to_its_row() {
        let html = html(|| code_table(Lang::En));
        for (code, _) in openapi_codes::CODES {
            assert_eq!(html.matches(&format!("id=\"{code}\"")).count(), 1, "{code}");
        }
    }

    #[test]
    fn every_event_type_stands_in_the_table_with_its_data() {
        for lang in Lang::ALL {
            let html = html(|| event_table(document().expect("a document"), lang));
            for kind in EventType::ALL {
                assert_eq!(html.matches(&format!("id=\"{kind}\"")).count(), 1, "{kind}");
            }
            for key in
                ["data.sip_uri", "previous.assignment_status", "data.emergency_location.city", "data.pauses_at", "data.challenge"]
            {
                assert!(html.contains(key), "{key}");
            }
        }
    }
}
