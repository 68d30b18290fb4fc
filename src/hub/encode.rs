//! A live entry as frames: encoded once, WebSocket header included, for all who are shown it.

use crate::keys::InboxCursors;
use crate::rooms::show;
use crate::timeline::{Live, Noticed};
use crate::wire::frame;
use bytes::Bytes;
use crosstalk_protocol::ids::RoomId;
use crosstalk_protocol::push::{Gone, Notice, Push};
use serde::Serialize;
use std::sync::OnceLock;

/// A live entry with its frames.
pub(super) struct Framed {
    pub(super) live: Live,
    /// The `entry` push.
    pub(super) frame: Bytes,
    passed: OnceLock<Bytes>,
}

impl Framed {
    pub(super) fn of(live: Live) -> Self {
        let content = live.content.as_deref().cloned();
        let entry = show::entry(live.room, &live.entry, live.at, content, live.version);
        Self { frame: push(&Push::Entry(entry)), live, passed: OnceLock::new() }
    }

    /// The `passed` push for those who may not see it.
    pub(super) fn passed(&self) -> &Bytes {
        self.passed.get_or_init(|| {
            let (seq, at) = (self.live.entry.seq, self.live.at);
            push(&Push::Passed(show::passed(self.live.room, seq, seq, at)))
        })
    }
}

/// A push as a frame.
pub(super) fn push(push: &impl Serialize) -> Bytes {
    // Serialising our own types fails only for maps with foreign keys, which they have none of.
    frame::json(push).unwrap_or_default()
}

/// `behind`: resume this room from your cursor.
pub(super) fn behind(room: RoomId) -> Bytes {
    push(&Push::Behind(Gone { room }))
}

/// `gone`: a room that he can't open.
pub fn gone(room: RoomId) -> Bytes {
    push(&Push::Gone(Gone { room }))
}

/// A notice, with its place in the inbox.
pub(super) fn notice(noticed: &Noticed, inboxes: &InboxCursors) -> Bytes {
    let inbox = inboxes.encode(noticed.place);
    push(&Push::Notice(Notice { inbox, about: noticed.notice.clone() }))
}
