//! Stricter than serde's derived readers, which take an array of the fields' values for an object:
//! what the schemas do not allow is refused, so that nobody comes to depend on it.

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de};
use std::fmt;
use std::marker::PhantomData;

/// The longest of the parser's words that are said back: they quote what a client sent.
const SAID_CHARS_MAX: usize = 200;

/// Whether the JSON text is that of an object, if it is any.
pub(crate) fn is_object(text: &str) -> bool {
    text.trim_ascii_start().starts_with('{')
}

/// What this JSON text of an object says, or the parser's words.
pub(crate) fn object<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    if !is_object(text) {
        return Err("`data` is a JSON object".to_owned());
    }
    serde_json::from_str(text).map_err(|error| said(&error))
}

/// The parser's words, cut short.
pub(crate) fn said(error: &serde_json::Error) -> String {
    error.to_string().chars().take(SAID_CHARS_MAX).collect()
}

/// Reads a list of objects.
pub(crate) fn objects<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let list = Vec::<Object<T>>::deserialize(deserializer)?;
    Ok(list.into_iter().map(|Object(value)| value).collect())
}

struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields)).map_err(de::Error::custom)
    }
}
