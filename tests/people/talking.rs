//! What people say in rooms.

use super::{Person, operation};
use crosstalk_protocol::ids::{OperationId, RoomId, Seq};
use crosstalk_protocol::request::{Edit, Pin, React, Send, Typing, Unsend};

/// A message with nothing but a text.
pub(crate) fn message(room: RoomId, operation: OperationId, text: &str) -> Send {
    Send {
        room,
        operation,
        text: text.to_owned(),
        reply_to: None,
        mentions: Vec::new(),
        mention_all: false,
    }
}

impl Person {
    /// Sends a message and says its place.
    pub(crate) async fn says(&self, room: RoomId, text: &str) -> Seq {
        let sent = self.asks(message(room, operation(), text)).await;
        sent.unwrap_or_else(|error| panic!("{} says {text:?}: {error}", self.name)).seq
    }

    /// Answers a message.
    pub(crate) async fn replies(&self, room: RoomId, reply_to: Seq, text: &str) -> Seq {
        let reply = Send { reply_to: Some(reply_to), ..message(room, operation(), text) };
        self.asks(reply).await.unwrap().seq
    }

    /// Replaces the text of a message of his.
    pub(crate) async fn edits(&self, room: RoomId, target: Seq, text: &str) -> Seq {
        let edit = Edit { room, operation: operation(), target, text: text.to_owned() };
        self.asks(edit).await.unwrap().seq
    }

    /// Erases a message.
    pub(crate) async fn unsends(&self, room: RoomId, target: Seq) -> Seq {
        self.asks(Unsend { room, operation: operation(), target }).await.unwrap().seq
    }

    /// Reacts to a message, or takes it back.
    pub(crate) async fn reacts(&self, room: RoomId, target: Seq, emoji: &str, on: bool) -> Seq {
        let emoji = emoji.to_owned();
        self.asks(React { room, operation: operation(), target, emoji, on }).await.unwrap().seq
    }

    /// Pins a message, or unpins it.
    pub(crate) async fn pins(&self, room: RoomId, target: Seq, on: bool) -> Seq {
        self.asks(Pin { room, operation: operation(), target, on }).await.unwrap().seq
    }

    /// Types.
    pub(crate) async fn types(&self, room: RoomId) {
        self.asks(Typing { room }).await.unwrap();
    }
}
