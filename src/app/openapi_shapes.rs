//! Each type of event by itself in the document: what its `data` and `previous` are, and which of the other keys are null.

use std::sync::OnceLock;

use utoipa::openapi::Discriminator;
use utoipa::openapi::KnownFormat;
use utoipa::openapi::Object;
use utoipa::openapi::ObjectBuilder;
use utoipa::openapi::OneOfBuilder;
use utoipa::openapi::Ref;
use utoipa::openapi::RefOr;
use utoipa::openapi::Schema;
use utoipa::openapi::SchemaFormat;
use utoipa::openapi::Type;
use utoipa::openapi::schema::SchemaType;

use super::openapi_events::NOT_SENT;
use super::openapi_events::Schemas;
use super::openapi_events::is_sent;
use super::openapi_events::object;
use super::openapi_events::one_of;
use super::openapi_events::sentence;
use crate::consent;
use crate::notices;
use crate::notices::EventType;
use crate::notices::Shape;
use crate::numbers;
use crate::ui::Lang;

/// The type of an event in the document, which here only lends its keys.
const BASE: &str = "Event";
const LATER: &str = "LaterEvent";

/// What every room says of its own events.
pub fn shapes() -> &'static [Shape] {
    static HELD: OnceLock<Vec<Shape>> = OnceLock::new();
    HELD.get_or_init(|| [numbers::event_shapes(), consent::event_shapes(), notices::event_shapes()].concat())
}

/// The name of an event's schema.
pub fn name_of(kind: EventType) -> String {
    match kind {
        EventType::EventWithheld => "WithheldEvent".to_owned(),
        kind if is_sent(kind) => format!("{kind:?}Event"),
        _ => LATER.to_owned(),
    }
}

/// Puts a schema a type in the place of the one for all, and all that stand in the feed under one name.
pub fn describe(schemas: &mut Schemas) {
    let Some(mut base) = object(schemas, BASE).cloned() else { return };
    schemas.remove(BASE);
    if let Some(RefOr::T(Schema::Object(at))) = base.properties.get_mut("occurred_at") {
        at.format = Some(SchemaFormat::KnownFormat(KnownFormat::DateTime));
    }
    // Every key is always there; what does not apply is null.
    base.required = base.properties.keys().cloned().collect();
    for shape in shapes() {
        schemas.insert(shape.name.to_owned(), shape.data.clone().into());
        for kind in shape.kinds {
            schemas.insert(name_of(*kind), event(&base, *kind, shape).into());
        }
    }
    schemas.insert(LATER.to_owned(), later(base).into());
    let to = |name: &str| format!("#/components/schemas/{name}");
    let filed = || EventType::ALL.into_iter().filter(|kind| kind.is_in_feed());
    let mut names: Vec<String> = filed().map(name_of).collect();
    names.sort();
    names.dedup();
    let what = "An event, or its place while its customer's consent does not cover it. `type` says which. More types may come: pass over \
                those you do not know.";
    let item = names
        .iter()
        .fold(OneOfBuilder::new().description(Some(what)), |item, name| item.item(Ref::from_schema_name(name)))
        .discriminator(Some(Discriminator::with_mapping("type", filed().map(|kind| (kind.name(), to(&name_of(kind)))))));
    schemas.insert("FeedItem".to_owned(), item.into());
}

/// One type in full.
fn event(base: &Object, kind: EventType, shape: &Shape) -> Object {
    let mut event = base.clone();
    event.description = Some(sentence(Lang::En, kind).to_string());
    let is_of_number = kind.schema() == EventType::NumberAssigned.schema();
    let is_of_consent = kind.schema() == EventType::ConsentGranted.schema();
    let keys = &mut event.properties;
    keys.insert("type".to_owned(), one_of([kind.name()], "Always this.").into());
    keys.insert("schema".to_owned(), one_of([kind.schema()], "Name and version of the shape of `data`.").into());
    keys.insert("data".to_owned(), Ref::from_schema_name(shape.name).into());
    for (key, has) in [("seq", kind.is_in_feed()), ("number_seq", is_of_number), ("tenant_id", is_of_number || is_of_consent)] {
        if let Some(RefOr::T(Schema::Object(property))) = keys.get_mut(key) {
            settle(property, has);
        }
    }
    match (&shape.previous, keys.get_mut("previous")) {
        (Some(previous), _) => {
            let mut previous = previous.clone();
            previous.description = Some("The changed fields as they were before.".to_owned());
            keys.insert("previous".to_owned(), previous.into());
        }
        (None, Some(RefOr::T(Schema::Object(property)))) => settle(property, false),
        (None, _) => {}
    }
    event
}

/// A key that may be null is never null, or always.
fn settle(property: &mut Object, has: bool) {
    if let SchemaType::Array(kinds) = &property.schema_type {
        let kind = kinds.iter().find(|kind| (**kind != Type::Null) == has);
        property.schema_type = SchemaType::Type(kind.cloned().unwrap_or(Type::Null));
    }
    if has {
        // What is said of null is of other types.
        let said = property.description.take();
        property.description = said.filter(|said| !said.starts_with("Null")).map(|said| match said.split_once("; null") {
            Some((before, _)) => format!("{before}."),
            None => said,
        });
    } else {
        property.format = None;
        property.description = Some("Always null.".to_owned());
    }
}

/// What is in the catalogue and not sent yet: its data is not laid down.
fn later(base: Object) -> Object {
    let mut later = base;
    later.description = Some("Types that are not sent yet. What their `data` holds is not laid down.".to_owned());
    later.properties.insert("type".to_owned(), one_of(NOT_SENT.map(EventType::name), "One of these.").into());
    later.properties.insert("data".to_owned(), ObjectBuilder::new().schema_type(Type::Object).into());
    later
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn every_type_that_is_sent_has_one_shape() {
        for kind in EventType::ALL {
            let all = shapes().iter().filter(|shape| shape.kinds.contains(&kind)).count();
            let wanted = usize::from(is_sent(kind) && kind != EventType::EventWithheld);
            assert_eq!(all, wanted, "{kind}");
        }
    }

    #[test]
    fn shapes_of_one_name_are_one() {
        for one in shapes() {
            for other in shapes().iter().filter(|other| other.name == one.name) {
                assert!(one.data == other.data, "{}", one.name);
            }
        }
    }

    #[test]
    fn the_document_says_of_each_type_what_it_holds() {
        let document: Value = serde_json::from_str(&super::super::openapi::document().expect("a document")).expect("JSON");
        let schemas = &document["components"]["schemas"];
        let to = |name: &str| format!("#/components/schemas/{name}");
        let assigned = &schemas["NumberAssignedEvent"]["properties"];
        assert_eq!(assigned["data"]["$ref"], to("NumberData"));
        assert_eq!(assigned["type"]["enum"], serde_json::json!(["number.assigned"]));
        assert_eq!(assigned["seq"]["type"], "integer");
        assert_eq!(assigned["previous"]["properties"]["assignment_status"]["enum"][0], "unassigned");
        assert_eq!(schemas["EndpointTestEvent"]["properties"]["seq"]["type"], "null");
        assert_eq!(schemas["NumberSnapshotEvent"]["properties"]["previous"]["type"], "null");
        for key in ["e164", "sip_uri", "assignment_status", "activation_state", "usage", "country", "tenant_name", "billing_ref"] {
            assert!(schemas["NumberData"]["required"].as_array().expect("keys").iter().any(|one| one == key), "{key}");
            assert!(schemas["NumberLocationData"]["properties"][key].is_object(), "{key}");
        }
        let mapped = schemas["FeedItem"]["discriminator"]["mapping"].as_object().expect("types");
        for kind in EventType::ALL {
            let name = name_of(kind);
            assert!(schemas[&name].is_object(), "{name}");
            assert_eq!(mapped.get(kind.name()).is_some(), kind.is_in_feed(), "{kind}");
            let push = &document["webhooks"][kind.name()]["post"]["requestBody"]["content"]["application/json"]["schema"];
            assert_eq!(push["$ref"], to(&name));
            let required = schemas[&name]["required"].as_array().expect("keys");
            assert_eq!(required.len(), schemas[&name]["properties"].as_object().expect("keys").len(), "{name}");
        }
    }
}
