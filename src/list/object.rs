//! A struct that is read from a JSON object.
//!
//! serde reads a struct from an array of its fields' values as well, in their order in the code: `[null, "spam"]` would be
//! evidence, and another one after the fields change places.
//!
//! Guarantees: an array, or anything else that is no object, is an error that says so.
//! Never: changes how the struct's own fields are read.

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::{fmt, marker::PhantomData};

/// What an object held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FromObject<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for FromObject<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Object(PhantomData)).map(Self)
    }
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Evidence<'a> {
        #[serde(borrow)]
        public: Option<Cow<'a, str>>,
    }

    #[test]
    fn an_array_is_no_object() {
        let read = |text| serde_json::from_str::<FromObject<Evidence<'_>>>(text).map_err(|error| error.to_string());
        assert_eq!(read(r#"{"public": "seen"}"#), Ok(FromObject(Evidence { public: Some("seen".into()) })));
        assert_eq!(read(r#"["seen"]"#).unwrap_err(), "invalid type: sequence, expected an object at line 1 column 0");
        assert!(read("null").is_err());
    }
}
