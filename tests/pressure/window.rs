//! What may come of a room after an acknowledgement: nothing.

use super::watched::{Frame, Watched};
use crosstalk_protocol::answer::Answer;
use crosstalk_protocol::envelope::{ServerFrame, parse_server_frame};
use crosstalk_protocol::ids::{RoomId, Seq};
use crosstalk_protocol::push::{Item, Push};

/// A device's sight of a room has ended: from this place of its stream on nothing of it may come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Closed {
    room: RoomId,
    from: u64,
}

impl Watched {
    /// To be called when the acknowledgement is there: what the kernel has put on the network by
    /// now came before it, and nothing else did.
    pub(super) fn is_closed_to(&self, room: RoomId) -> Closed {
        // A connection that was reset brings nothing that was not sent before.
        let from = self.progress().map_or(u64::MAX, |progress| progress.sent);
        Closed { room, from }
    }

    /// Connected after the acknowledgement: nothing of the room may come at all.
    pub(super) fn was_always_closed_to(room: RoomId) -> Closed {
        Closed { room, from: 0 }
    }

    /// The frames that should not have come, whole or in part.
    pub(super) fn leaks(&self, closed: Closed) -> Vec<String> {
        self.heard(|heard| {
            let frames = heard.frames.iter().cloned().chain([heard.unfinished()]);
            let late = frames.filter(|frame| frame.to > closed.from && frame.is_of(closed.room));
            late.map(|frame| frame.told(closed.from)).collect()
        })
    }
}

impl Frame {
    /// Whether it brings anything of the room. Notices of the inbox name it, and so does what is
    /// answered to who asks for a room that is none.
    fn is_of(&self, room: RoomId) -> bool {
        let allowed = [r#"{"type":"notice","#, r#"{"type":"gone","#];
        let is_allowed = allowed.iter().any(|start| self.text.starts_with(start));
        let is_welcome = self.text.contains(r#""type":"welcome""#);
        !is_allowed && !is_welcome && self.text.contains(&room.to_string())
    }

    fn told(&self, from: u64) -> String {
        let text: String = self.text.chars().take(160).collect();
        let bytes = self.to - self.from.max(from);
        format!("{bytes} bytes after {from} of the frame {}..{}: {text}", self.from, self.to)
    }

    /// The places of the room whose entries it shows.
    pub(super) fn places(&self, room: RoomId) -> Vec<Seq> {
        if !self.text.contains(&room.to_string()) {
            return Vec::new();
        }
        let shown = |items: &[Item]| {
            let entries = items.iter().filter_map(|item| match item {
                Item::Entry(entry) if entry.room == room => Some(entry.seq),
                Item::Entry(_) | Item::Passed(_) => None,
            });
            entries.collect()
        };
        match parse_server_frame(&self.text) {
            Ok(ServerFrame::Push(Push::Entry(entry))) if entry.room == room => vec![entry.seq],
            Ok(ServerFrame::Push(Push::CaughtUp(page))) => shown(&page.items),
            Ok(ServerFrame::Answer(_, Answer::History(page))) => shown(&page.items),
            _ => Vec::new(),
        }
    }

    /// Whether it shows a message of the room as it was sent.
    pub(super) fn is_message_of(&self, room: RoomId) -> bool {
        self.text.starts_with(r#"{"type":"entry","#)
            && self.text.contains(r#""kind":"posted""#)
            && self.text.contains(&room.to_string())
    }
}
