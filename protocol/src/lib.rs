//! The wire format of crosstalk and nothing else: ids, words, frames, entries, codes.
//!
//! A frame is one WebSocket text message of at most [`FRAME_BYTES_MAX`] bytes that holds one JSON
//! object `{"id": 7, "type": "send", "data": {…}}`. A *request* has an `id` and gets exactly one
//! *answer* with the same `id`; a *push* has none. Everything a client author needs stands in
//! `docs/protocol.md` and in the schemas that are made from these types.

pub mod answer;
pub mod code;
pub mod entry;
pub mod envelope;
pub mod ids;
pub mod push;
pub mod request;
pub mod schema;
mod strict;
pub mod words;

/// The longest frame in either direction, in bytes.
pub const FRAME_BYTES_MAX: usize = 64 * 1024;

/// The WebSocket subprotocol that a client asks for and the server confirms.
pub const SUBPROTOCOL: &str = "crosstalk.v1.json";

/// The prefix of a second offered subprotocol that carries the token (it is never confirmed):
/// `crosstalk.bearer.<token>`, for browsers that can set no header.
pub const BEARER_SUBPROTOCOL_PREFIX: &str = "crosstalk.bearer.";
