//! Events in the document and the catalogue of their types: what stands in the feed, what is pushed and how, and which words some
//! fields of events and endpoints can have. What a type tells stands in `app.yml`, for the document and for `/api/docs#events`.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::openapi::ArrayBuilder;
use utoipa::openapi::Content;
use utoipa::openapi::KnownFormat;
use utoipa::openapi::Object;
use utoipa::openapi::ObjectBuilder;
use utoipa::openapi::OpenApi;
use utoipa::openapi::Paths;
use utoipa::openapi::Ref;
use utoipa::openapi::RefOr;
use utoipa::openapi::Required;
use utoipa::openapi::Response;
use utoipa::openapi::Schema;
use utoipa::openapi::SchemaFormat;
use utoipa::openapi::Type;
use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::path::Operation;
use utoipa::openapi::path::OperationBuilder;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::path::ParameterBuilder;
use utoipa::openapi::path::ParameterIn;
use utoipa::openapi::path::PathItem;
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::ArrayItems;
use utoipa::openapi::schema::SchemaType;

use super::openapi_shapes;
use crate::notices::DisableReason;
use crate::notices::EndpointState;
use crate::notices::EventType;
use crate::notices::PauseReason;
use crate::notices::SignatureKind;
use crate::notices::WithheldReason;
use crate::ui::Lang;
use crate::ui::Text;
use crate::ui::translate_any;

pub(super) type Schemas = BTreeMap<String, RefOr<Schema>>;

/// Types that nothing sends yet.
pub(super) const NOT_SENT: [EventType; 5] = [
    EventType::CallsWindowReady,
    EventType::DisputeOpened,
    EventType::DisputeAnswered,
    EventType::PeriodClosed,
    EventType::SubjectRequestOpened,
];

/// Headers of a push.
const PUSHED: [(&str, &str, &str); 4] = [
    ("WebhookId", "webhook-id", "The event's `id`, the same over all tries: remember it, and a repetition does no harm."),
    ("WebhookTimestamp", "webhook-timestamp", "Seconds since 1970 of this try. Refuse what is far from your own clock."),
    (
        "WebhookSignature",
        "webhook-signature",
        "`v1,…` (HMAC-SHA256) or `v1a,…` (Ed25519) of `id.timestamp.body`, with blanks between: one of each kind the endpoint asks for, \
         and for each secret that is in force. One that fits is enough.",
    ),
    ("WebhookAttempt", "webhook-attempt", "Which try of this event at this endpoint it is, from 1."),
];

/// Whether events of a type are sent now.
pub fn is_sent(kind: EventType) -> bool {
    !NOT_SENT.contains(&kind)
}

/// One sentence on what a type tells.
pub fn sentence(lang: Lang, kind: EventType) -> Text {
    translate_any(lang, &format!("app.event.{}", kind.name().replace('.', "_"))).unwrap_or_default()
}

/// Says it all in the document.
pub fn describe(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    for (name, header, what) in PUSHED {
        components.parameters.insert(name.to_owned(), RefOr::T(pushed_header(header, what)));
    }
    events(&mut components.schemas);
    endpoints(&mut components.schemas);
    by_reference(&mut components.schemas);
    let one = document.paths.paths.get_mut("/events/{id}").and_then(|item| item.get.as_mut());
    if let Some(RefOr::T(answer)) = one.and_then(|one| one.responses.responses.get_mut("200")) {
        let item = Content::new(Some(Ref::from_schema_name("FeedItem")));
        answer.content.insert("application/json".to_owned(), RefOr::T(item));
    }
    let mut pushes = Paths::new();
    for kind in EventType::ALL {
        pushes.paths.insert(kind.name().to_owned(), PathItem::new(HttpMethod::Post, push(kind)));
    }
    document.webhooks = Some(pushes);
}

fn pushed_header(name: &str, what: &str) -> Parameter {
    let named = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header).required(Required::True);
    let kind = if name == "webhook-timestamp" || name == "webhook-attempt" { Type::Integer } else { Type::String };
    named.description(Some(what)).schema(Some(ObjectBuilder::new().schema_type(kind))).build()
}

/// A text that is one of some words.
pub(super) fn one_of(words: impl IntoIterator<Item = &'static str>, what: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).description(Some(what))
}

/// An event in full, or its place alone.
fn events(schemas: &mut Schemas) {
    let held = EventType::EventWithheld.name();
    let reasons = [WithheldReason::ConsentSuspended, WithheldReason::ConsentWithdrawn, WithheldReason::GateClosed];
    let reason = one_of(
        reasons.map(WithheldReason::slug),
        "`consent_suspended` and `consent_withdrawn`: the customer has suspended or withdrawn its consent. `gate_closed`: the consent does \
         not cover this country or data class, or did not when the event was written.",
    );
    let text = |what: &str| ObjectBuilder::new().schema_type(Type::String).description(Some(what));
    let withheld = ObjectBuilder::new()
        .description(Some("The place of an event that the customer's consent does not cover, and nothing else of it."))
        .property("id", text("`evt_…` of the event that is withheld."))
        .property("seq", whole("Its position in the operator's feed."))
        .property("type", one_of([held], "Always this."))
        .property("reason", reason);
    let withheld = ["id", "seq", "type", "reason"].into_iter().fold(withheld, ObjectBuilder::required);
    schemas.insert(openapi_shapes::name_of(EventType::EventWithheld), withheld.into());
    openapi_shapes::describe(schemas);
    if let Some(page) = object(schemas, "EventsOut") {
        let items = ArrayBuilder::new().items(Ref::from_schema_name("FeedItem"));
        page.properties.insert("data".to_owned(), items.into());
    }
}

fn whole(what: &str) -> ObjectBuilder {
    let format = SchemaFormat::KnownFormat(KnownFormat::Int64);
    ObjectBuilder::new().schema_type(Type::Integer).format(Some(format)).description(Some(what))
}

/// The words of endpoints.
fn endpoints(schemas: &mut Schemas) {
    let wanted = EventType::ALL.into_iter().filter(|kind| kind.is_selectable()).map(EventType::name);
    schemas.insert("EndpointEventType".to_owned(), one_of(wanted, "A type that an endpoint may ask for.").into());
    let signatures = [SignatureKind::V1, SignatureKind::V1a, SignatureKind::Both].map(SignatureKind::slug);
    for name in ["EndpointIn", "EndpointPatch", "EndpointView"] {
        words(schemas, name, "signature", &signatures);
        let types = object(schemas, name).and_then(|endpoint| endpoint.properties.get_mut("event_types"));
        if let Some(RefOr::T(Schema::Array(types))) = types {
            types.items = ArrayItems::from(Ref::from_schema_name("EndpointEventType"));
        }
    }
    let paused = [PauseReason::Person, PauseReason::Failing].map(EndpointState::Paused);
    let disabled = [DisableReason::Gone, DisableReason::Platform].map(EndpointState::Disabled);
    let states = [EndpointState::Unverified, EndpointState::Active, paused[0], disabled[0]].map(EndpointState::slug);
    let why = |states: &[EndpointState]| -> Vec<&'static str> { states.iter().filter_map(|state| state.reason_slug()).collect() };
    words(schemas, "EndpointView", "state", &states);
    words(schemas, "EndpointView", "state_reason", &[why(&paused), why(&disabled)].concat());
    words(schemas, "EndpointView", "disabled_reason", &why(&disabled));
    words(schemas, "RecoverIn", "only", &["undelivered", "all"]);
    if let Some(only) = property(schemas, "RecoverIn", "only") {
        let what = "`undelivered` (default) leaves out what the endpoint has answered 2xx, and reaches back only as far as attempts are \
                    kept. `all` sends everything of the range again: for a loss of your own.";
        only.description = Some(what.to_owned());
    }
}

/// An object by its name.
pub(super) fn object<'a>(schemas: &'a mut Schemas, name: &str) -> Option<&'a mut Object> {
    match schemas.get_mut(name) {
        Some(RefOr::T(Schema::Object(object))) => Some(object),
        _ => None,
    }
}

/// A plain field of an object.
fn property<'a>(schemas: &'a mut Schemas, name: &str, field: &str) -> Option<&'a mut Object> {
    match object(schemas, name)?.properties.get_mut(field) {
        Some(RefOr::T(Schema::Object(property))) => Some(property),
        _ => None,
    }
}

/// Says which words a field can have, and null where it may be that.
fn words(schemas: &mut Schemas, name: &str, field: &str, words: &[&str]) {
    let Some(property) = property(schemas, name, field) else { return };
    let nullable = matches!(&property.schema_type, SchemaType::Array(types) if types.contains(&Type::Null));
    let words = words.iter().map(|word| Value::from(*word));
    property.enum_values = Some(words.chain(nullable.then_some(Value::Null)).collect());
}

/// Lists refer to what they list instead of describing it once more.
fn by_reference(schemas: &mut Schemas) {
    let listed = schemas.keys().filter_map(|name| name.strip_prefix("Listing_")).filter(|name| schemas.contains_key(*name));
    let names: Vec<String> = listed.map(str::to_owned).collect();
    for name in names {
        if let Some(page) = object(schemas, &format!("Listing_{name}")) {
            let items = ArrayBuilder::new().items(Ref::from_schema_name(name));
            page.properties.insert("data".to_owned(), items.into());
        }
    }
}

/// One message to an endpoint.
fn push(kind: EventType) -> Operation {
    let sentence = sentence(Lang::En, kind);
    let sent = if is_sent(kind) { String::new() } else { "Not sent yet. ".to_owned() };
    let place =
        if kind.is_in_feed() { "Stands in the feed too." } else { "Pushed only: `seq` is null, and it is not in the feed." };
    let content = Content::new(Some(Ref::from_schema_name(openapi_shapes::name_of(kind))));
    let taken = if kind == EventType::EndpointVerification {
        "200 with the challenge as body, or as `{\"challenge\": \"…\"}`: the endpoint is verified"
    } else {
        "Taken. At an endpoint with `confirms` an event of a number activates it"
    };
    let operation = OperationBuilder::new()
        .operation_id(Some(format!("push_{}", kind.name().replace('.', "_"))))
        .summary(Some(kind.name()))
        .description(Some(format!("{sent}{sentence} {place}")))
        .request_body(Some(RequestBodyBuilder::new().content("application/json", content).required(Some(Required::True)).build()))
        .response(if kind == EventType::EndpointVerification { "200" } else { "2XX" }, Response::new(taken));
    let operation = if kind.is_in_feed() {
        operation
            .response("410", Response::new("The receiver wants no more: the endpoint is disabled"))
            .response("default", Response::new("Tried again later, with `Retry-After` not before that; nothing is given up"))
    } else {
        operation.response("default", Response::new("Not taken. This message is not repeated"))
    };
    PUSHED
        .iter()
        .fold(operation, |operation, (name, ..)| operation.parameter_ref(Ref::new(format!("#/components/parameters/{name}"))))
        .build()
}

#[cfg(test)]
mod tests {
    use super::super::openapi_sources::sources;
    use super::*;

    #[test]
    fn what_is_called_sent_is_made_somewhere() {
        // All that make events: not the list of types, nor this room.
        let other = |name: &str| name.starts_with("app/") || name.starts_with("notices/model.rs");
        let sources: Vec<String> = sources().into_iter().filter(|(name, _)| !other(name)).map(|(_, text)| text).collect();
        for kind in EventType::ALL {
            let word = format!("EventType::{kind:?}");
            let ends = |rest: &str| !rest.starts_with(|sign: char| sign.is_alphanumeric() || sign == '_');
            let made = sources.iter().any(|text| text.split(&word).skip(1).any(ends));
            assert_eq!(made, is_sent(kind), "{kind}");
        }
    }

    #[test]
    fn every_type_has_a_sentence() {
        for kind in EventType::ALL {
            for lang in Lang::ALL {
                assert!(!sentence(lang, kind).is_empty(), "{kind} ({})", lang.code());
            }
        }
    }

    #[test]
    fn the_document_tells_events_from_withheld_ones() {
        let document: Value = serde_json::from_str(&super::super::openapi::document().expect("a document")).expect("JSON");
        let schemas = &document["components"]["schemas"];
        let to = |name: &str| format!("#/components/schemas/{name}");
        assert_eq!(schemas["EventsOut"]["properties"]["data"]["items"]["$ref"], to("FeedItem"));
        let one = &document["paths"]["/events/{id}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        assert_eq!(one["$ref"], to("FeedItem"));
        assert_eq!(document["webhooks"].as_object().expect("webhooks").len(), EventType::ALL.len());
        for (name, field) in
            [("EndpointIn", "signature"), ("EndpointView", "state"), ("EndpointView", "state_reason"), ("RecoverIn", "only")]
        {
            assert!(schemas[name]["properties"][field]["enum"].is_array(), "{name}.{field}");
        }
        assert_eq!(schemas["EndpointView"]["properties"]["event_types"]["items"]["$ref"], to("EndpointEventType"));
        for (name, schema) in schemas.as_object().expect("schemas").iter().filter(|(name, _)| name.starts_with("Listing_")) {
            assert!(schema["properties"]["data"]["items"]["$ref"].is_string(), "{name} describes once more what it lists");
        }
    }
}
