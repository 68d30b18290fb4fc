//! The `AsyncAPI` 3.0 document. It describes the server: it *receives* requests and replies to
//! each, and *sends* pushes.

use super::{Side, description_of, name_of};
use crate::code::{CloseCode, FailureCode, RefusalCode};
use crate::request::Request;
use crate::{BEARER_SUBPROTOCOL_PREFIX, FRAME_BYTES_MAX, SUBPROTOCOL};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

const CHANNEL: &str = "#/channels/connect";

pub(super) fn document() -> Value {
    let mut messages = Map::new();
    let mut schemas = Map::new();
    let mut in_channel = Map::new();
    let mut operations = Map::new();
    for side in Side::ALL {
        let (variants, definitions) = side.variants(&settings());
        if let Value::Object(definitions) = definitions {
            schemas.extend(definitions);
        }
        for variant in variants {
            let key = format!("{}.{}", side.word(), name_of(&variant));
            in_channel.insert(key.clone(), reference("#/components/messages", &key));
            if let Some(operation) = operation(side, &variant) {
                operations.insert(key.clone(), operation);
            }
            messages.insert(key, message(side, &variant));
        }
    }
    json!({
        "asyncapi": "3.0.0",
        "info": info(),
        "defaultContentType": "application/json",
        "servers": { "crosstalk": {
            "host": "chat.example.com",
            "protocol": "wss",
            "description": "Your own server. TLS ends in front of it.",
            "security": security(),
        }},
        "channels": { "connect": {
            "address": "/v1/connect",
            "title": "One connection of one device",
            "description": format!(
                "A WebSocket of the subprotocol `{SUBPROTOCOL}`. A frame is one text message of \
                 at most {FRAME_BYTES_MAX} bytes. The first one is the client's `hello`."
            ),
            "messages": in_channel,
            "bindings": { "ws": { "method": "GET", "bindingVersion": "0.1.0" } },
        }},
        "operations": operations,
        "components": {
            "messages": messages,
            "schemas": schemas,
            "correlationIds": { "request": {
                "description": "An answer repeats the `id` of its request.",
                "location": "$message.payload#/id",
            }},
        },
        "x-refusal-codes": codes(RefusalCode::ALL.iter().map(|code| (code.word(), code.advice()))),
        "x-failure-codes": codes(FailureCode::ALL.iter().map(|code| (code.word(), code.advice()))),
        "x-close-codes": close_codes(),
    })
}

/// Schemas inside `AsyncAPI` are of draft 7, with their definitions among the components.
fn settings() -> SchemaSettings {
    SchemaSettings::draft07().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    })
}

fn info() -> Value {
    json!({
        "title": "crosstalk",
        "version": "1.0.0",
        "description": "Real-time rooms shared by people of several companies. This document \
            describes the server: operations that it receives are a client's requests, operations \
            that it sends are pushes. `docs/protocol.md` tells how to use them.",
        "license": { "name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0" },
    })
}

fn security() -> Value {
    json!([{
        "type": "http",
        "scheme": "bearer",
        "description": format!(
            "In the `Authorization` header, as a second offered subprotocol \
             `{BEARER_SUBPROTOCOL_PREFIX}<token>`, or in `hello`. Never in the query string."
        ),
    }])
}

fn message(side: Side, payload: &Value) -> Value {
    let name = name_of(payload);
    let title = format!("{name} ({})", side.word());
    let summary = description_of(payload);
    let request = reference("#/components/correlationIds", "request");
    match side {
        Side::Push => {
            json!({ "name": name, "title": title, "summary": summary, "payload": payload })
        }
        Side::Request | Side::Answer => json!({
            "name": name, "title": title, "summary": summary, "payload": payload,
            "correlationId": request,
        }),
    }
}

/// Requests are received and replied to; pushes are sent; answers stand in the replies.
fn operation(side: Side, variant: &Value) -> Option<Value> {
    let name = name_of(variant);
    let in_channel = |side: Side, name: &str| {
        reference(&format!("{CHANNEL}/messages"), &format!("{}.{name}", side.word()))
    };
    let summary = description_of(variant);
    let channel = json!({ "$ref": CHANNEL });
    let messages = [in_channel(side, &name)];
    match side {
        Side::Answer => None,
        Side::Push => Some(json!({
            "action": "send", "channel": channel, "summary": summary, "messages": messages,
        })),
        Side::Request => {
            let (_, answer) = Request::NAMES.iter().find(|(request, _)| *request == name)?;
            let answers = [answer, "refused", "failed"];
            let answers = answers.map(|answer| in_channel(Side::Answer, answer));
            Some(json!({
                "action": "receive", "channel": channel, "summary": summary, "messages": messages,
                "reply": { "channel": channel, "messages": answers },
            }))
        }
    }
}

fn codes<'a>(codes: impl Iterator<Item = (&'a str, &'a str)>) -> Value {
    codes.map(|(word, advice)| json!({ "code": word, "advice": advice })).collect()
}

fn close_codes() -> Value {
    let row = |code: &CloseCode| {
        json!({
            "number": code.number(),
            "reason": code,
            "reconnect": code.reconnect(),
            "advice": code.advice(),
        })
    };
    CloseCode::ALL.iter().map(row).collect()
}

fn reference(parent: &str, key: &str) -> Value {
    json!({ "$ref": format!("{parent}/{key}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_types_share_a_name() {
        let mut seen = Map::new();
        for side in Side::ALL {
            let (_, definitions) = side.variants(&settings());
            for (name, schema) in definitions.as_object().unwrap() {
                let other = seen.insert(name.clone(), schema.clone());
                assert!(other.is_none_or(|other| other == *schema), "{name} means two things");
            }
        }
    }
}
