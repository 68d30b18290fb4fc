//! The shape that every frame has: `{"id", "type", "data"}`.

use crate::answer::Answer;
use crate::code::RefusalCode;
use crate::push::Push;
use crate::request::Request;
use crate::strict;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Incoming<'a> {
    id: Option<u64>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// A frame that is no request: what to tell its sender.
#[derive(Debug, PartialEq, Eq)]
pub struct BadFrame {
    /// The request's id, where it could be read.
    pub id: Option<u64>,
    /// What is wrong with it.
    pub code: RefusalCode,
    /// Where it is wrong.
    pub message: String,
}

/// Reads a client's frame.
///
/// # Errors
/// [`BadFrame`] for what is no JSON object of `id`, `type` and `data`, for an unknown type, and for
/// data that does not fit.
pub fn parse_request(text: &str) -> Result<(u64, Request), BadFrame> {
    let bad = |message| BadFrame { id: None, code: RefusalCode::BadRequest, message };
    if !strict::is_object(text) {
        return Err(bad("a frame is a JSON object of `id`, `type` and `data`".to_owned()));
    }
    let incoming: Incoming<'_> =
        serde_json::from_str(text).map_err(|error| bad(strict::said(&error)))?;
    let Some(id) = incoming.id else {
        return Err(bad("every request has an `id`, a number".to_owned()));
    };
    let data = incoming.data.map_or("{}", RawValue::get);
    Request::parse(&incoming.kind, data)
        .map(|request| (id, request))
        .map_err(|(code, message)| BadFrame { id: Some(id), code, message })
}

/// A request as a frame, for clients.
#[derive(Debug, Serialize)]
pub struct RequestFrame<'a> {
    /// The client's number of it.
    pub id: u64,
    /// The request.
    #[serde(flatten)]
    pub request: &'a Request,
}

/// An answer as a frame. `id` is absent only where the request's could not be read.
#[derive(Debug, Serialize)]
pub struct AnswerFrame<'a> {
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// The answer.
    #[serde(flatten)]
    pub answer: &'a Answer,
}

/// A frame from the server, as a client reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerFrame {
    /// An answer to the request of this id.
    Answer(Option<u64>, Answer),
    /// A push.
    Push(Push),
}

/// Reads a server's frame.
///
/// # Errors
/// What the JSON parser says of a frame that is neither an answer nor a push.
pub fn parse_server_frame(text: &str) -> Result<ServerFrame, serde_json::Error> {
    #[derive(Deserialize)]
    struct Head {
        id: Option<u64>,
        #[serde(rename = "type")]
        kind: String,
    }
    let head: Head = serde_json::from_str(text)?;
    let is_answer = head.id.is_some() || matches!(head.kind.as_str(), "refused" | "failed");
    if is_answer {
        serde_json::from_str(text).map(|answer| ServerFrame::Answer(head.id, answer))
    } else {
        serde_json::from_str(text).map(ServerFrame::Push)
    }
}
