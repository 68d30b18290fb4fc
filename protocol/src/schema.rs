//! Documents made from the types, for client authors: JSON Schemas, an `AsyncAPI` document and the
//! tables of `docs/protocol.md`.
//!
//! The committed files are checked by `protocol/tests/fresh.rs` and written by
//! `cargo run -p crosstalk-protocol --example generate`.

mod asyncapi;
mod page;

pub use page::fill;

use crate::answer::Answer;
use crate::ids::Seq;
use crate::push::Push;
use crate::request::Request;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

/// The documents, each with its path below `protocol/`.
pub fn documents() -> Vec<(&'static str, Value)> {
    vec![
        ("schema/request.json", frame_schema(Side::Request)),
        ("schema/answer.json", frame_schema(Side::Answer)),
        ("schema/push.json", frame_schema(Side::Push)),
        ("asyncapi.json", asyncapi::document()),
    ]
}

/// The names of all change kinds, as on the wire.
pub fn change_kinds() -> Vec<String> {
    kinds(&schemars::schema_for!(crate::entry::Change))
}

/// The names of all notice kinds, as on the wire.
pub fn notice_kinds() -> Vec<String> {
    kinds(&schemars::schema_for!(crate::push::NoticeKind))
}

fn kinds(schema: &Schema) -> Vec<String> {
    let variants = schema.get("oneOf").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    variants.iter().map(|variant| word_at(variant, "/properties/kind/const")).collect()
}

/// The frames of one side of the conversation: each one's name on the wire and what it is for.
pub fn frames(side: Side) -> Vec<(String, String)> {
    let (variants, _) = side.variants(&SchemaSettings::draft2020_12());
    variants.iter().map(|variant| (name_of(variant), description_of(variant))).collect()
}

/// Who says a frame, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// A client's frames.
    Request,
    /// The server's, one a request.
    Answer,
    /// The server's, unasked.
    Push,
}

impl Side {
    const ALL: [Self; 3] = [Self::Request, Self::Answer, Self::Push];

    const fn word(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Answer => "answer",
            Self::Push => "push",
        }
    }

    /// The whole frame's schema for each type, and the definitions they refer to.
    fn variants(self, settings: &SchemaSettings) -> (Vec<Value>, Value) {
        let (mut schema, definitions) = match self {
            Self::Request => of::<Request>(settings.clone().for_deserialize()),
            Self::Answer => of::<Answer>(settings.clone().for_serialize()),
            Self::Push => of::<Push>(settings.clone().for_serialize()),
        };
        let mut variants = match schema.remove("oneOf") {
            Some(Value::Array(variants)) => variants,
            _ => Vec::new(),
        };
        for variant in &mut variants {
            self.envelop(variant);
        }
        (variants, definitions)
    }

    /// Adds the `id`, which the envelope has beside the type.
    fn envelop(self, variant: &mut Value) {
        let description = match self {
            Self::Request => "Your number of this request; the answer repeats it.",
            Self::Answer => "The request's; absent only where it could not be read.",
            Self::Push => return,
        };
        let may_lack_it = self == Self::Answer && name_of(variant) == "refused";
        if let Some(Value::Object(properties)) = variant.pointer_mut("/properties") {
            let range = json!({
                "type": "integer", "minimum": 0, "maximum": Seq::MAX, "description": description
            });
            properties.insert("id".to_owned(), range);
        }
        if let Some(Value::Array(required)) = variant.pointer_mut("/required")
            && !may_lack_it
        {
            required.insert(0, json!("id"));
        }
    }
}

/// The schema of a type, apart from the definitions it refers to.
fn of<T: JsonSchema>(settings: SchemaSettings) -> (Schema, Value) {
    let mut generator = settings.into_generator();
    let schema = T::json_schema(&mut generator);
    let definitions = generator.take_definitions(true);
    (schema, Value::Object(definitions))
}

fn frame_schema(side: Side) -> Value {
    let (variants, definitions) = side.variants(&SchemaSettings::draft2020_12());
    let description = match side {
        Side::Request => "A frame from a client to the server.",
        Side::Answer => "A frame from the server: the one answer to a request.",
        Side::Push => "A frame from the server, unasked.",
    };
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": side.word(),
        "description": description,
        "oneOf": variants,
        "$defs": definitions,
    })
}

fn name_of(variant: &Value) -> String {
    word_at(variant, "/properties/type/const")
}

fn description_of(variant: &Value) -> String {
    word_at(variant, "/description").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn word_at(schema: &Value, pointer: &str) -> String {
    schema.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}
