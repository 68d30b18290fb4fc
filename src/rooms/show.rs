//! From what is kept to what is sent: the one encoding of an entry, live and on pages.

use crate::authority::{At, Entry, Time};
use crosstalk_protocol::entry::{Content, Entry as Sent};
use crosstalk_protocol::ids::{RoomId, Seq};
use crosstalk_protocol::push::Passed;

/// An entry as it is sent.
pub fn entry(room: RoomId, entry: &Entry, at: At, content: Option<Content>, version: u32) -> Sent {
    Sent {
        room,
        seq: entry.seq,
        at: at.encode(),
        time: time(entry.time),
        author: entry.author,
        change: entry.change.clone(),
        content,
        version,
    }
}

/// Places passed over, as they are sent.
pub fn passed(room: RoomId, from: Seq, through: Seq, at: At) -> Passed {
    Passed { room, from, through, at: at.encode() }
}

/// A moment as it is sent: RFC 3339, UTC, milliseconds.
pub fn time(time: Time) -> String {
    let moment = jiff::Timestamp::from_microsecond(time.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{moment:.3}")
}
