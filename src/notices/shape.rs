//! What `data` and `previous` of events look like, for the machine contract: each room that appends events says it of its own, from
//! the very types that it renders.

use serde_json::Value;
use utoipa::PartialSchema;
use utoipa::openapi::Object;
use utoipa::openapi::ObjectBuilder;
use utoipa::openapi::RefOr;
use utoipa::openapi::Schema;
use utoipa::openapi::Type;
use utoipa::openapi::schema::ArrayItems;

use super::EventType;

/// The shape of some types' `data` and `previous`.
#[derive(Clone)]
pub struct Shape {
    /// The name of `data` in the document.
    pub name: &'static str,
    pub kinds: &'static [EventType],
    pub data: Object,
    /// `None` where `previous` is always null.
    pub previous: Option<Object>,
}

impl Shape {
    /// Of a type that renders as one object.
    #[must_use]
    pub fn of<T: PartialSchema>(name: &'static str, kinds: &'static [EventType]) -> Self {
        Self { name, kinds, data: object::<T>(), previous: None }
    }

    /// With the keys of another type behind the first one's.
    #[must_use]
    pub fn with<T: PartialSchema>(mut self) -> Self {
        let more = object::<T>();
        self.data.properties.extend(more.properties);
        self.data.required.extend(more.required);
        self
    }

    /// With the changed keys as they were before.
    #[must_use]
    pub fn before<T: PartialSchema>(mut self) -> Self {
        self.previous = Some(object::<T>());
        self
    }

    /// With the words that a key can have, wherever it stands.
    #[must_use]
    pub fn words(mut self, key: &str, words: impl IntoIterator<Item = &'static str>) -> Self {
        let words: Vec<Value> = words.into_iter().map(Value::from).collect();
        for object in [Some(&mut self.data), self.previous.as_mut()].into_iter().flatten() {
            match object.properties.get_mut(key) {
                Some(RefOr::T(Schema::Object(property))) => property.enum_values = Some(words.clone()),
                Some(RefOr::T(Schema::Array(list))) => {
                    let item = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.clone()));
                    list.items = ArrayItems::from(RefOr::T(Schema::from(item)));
                }
                _ => {}
            }
        }
        self
    }
}

/// # Panics
/// For a type that is no plain object: what events say is one.
fn object<T: PartialSchema>() -> Object {
    match T::schema() {
        RefOr::T(Schema::Object(mut object)) => {
            // What a type is for the program is nothing for who reads the document.
            object.description = None;
            object
        }
        _ => panic!("the data of an event is one plain object"),
    }
}
