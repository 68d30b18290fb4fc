//! Reading a socket: frames in, requests out; what is no request costs only its sender.

use super::answer::say_bad;
use crate::wire::{Wire, reader, reader::Reader};
use crosstalk_protocol::code::CloseCode;
use crosstalk_protocol::envelope;
use crosstalk_protocol::request::Request;
use futures::StreamExt as _;
use tokio_tungstenite::tungstenite::{Error, Message};

/// What came.
pub(super) enum Incoming {
    /// A request.
    Request(u64, Request),
    /// Something that was dealt with: a pong, or a bad frame that has been answered.
    Other,
    /// Nothing more will come.
    End,
}

/// The next thing that a peer sends.
pub(super) async fn next(wire: &Wire, reader: &mut Reader) -> Incoming {
    match reader.next().await {
        Some(Ok(Message::Text(text))) => match envelope::parse_request(text.as_str()) {
            Ok((id, request)) => Incoming::Request(id, request),
            Err(bad) => {
                say_bad(wire, bad);
                Incoming::Other
            }
        },
        Some(Ok(Message::Binary(_))) => {
            wire.close(CloseCode::BadFrame, 0);
            Incoming::End
        }
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Incoming::Other,
        Some(Ok(Message::Close(_))) => {
            // The answer to his close frame is written by the next read, and ends the wire.
            let _ended = reader.next().await;
            Incoming::End
        }
        None => {
            wire.reset();
            Incoming::End
        }
        Some(Err(error)) => {
            end(wire, &error);
            Incoming::End
        }
    }
}

fn end(wire: &Wire, error: &Error) {
    if matches!(error, Error::Capacity(_)) {
        wire.close(CloseCode::FrameTooLarge, 0);
    } else if let Some((code, reason)) = reader::violation(error) {
        wire.fail(code, reason);
    } else {
        wire.reset();
    }
}
