//! What the server says unasked. No push depends on who receives it, but for `caught_up`,
//! `notice` and `expiring`.

use crate::answer::Reaction;
use crate::code::CloseCode;
use crate::entry::Entry;
use crate::ids::{CompanyId, RoomId, Seq, UserId};
use crate::words::Features;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum Push {
    /// The next entry of a room that you follow.
    Entry(Entry),
    /// Places that you may not see: no hole, and nothing to fetch now.
    Passed(Passed),
    /// Part of the answer to `hello` or `resume`: what you missed in one room.
    CaughtUp(CaughtUp),
    /// A room of your cursors can't be opened: wipe all that you kept of it.
    Gone(Gone),
    /// A room can't be reached now: keep it, and resume it after a while.
    Unavailable(Gone),
    /// You are no longer following this room live, but may: resume it from your cursor.
    Behind(Gone),
    /// Something concerns you alone (R17).
    Notice(Notice),
    /// Somebody has read up to a place.
    Read(ReadMark),
    /// Somebody is typing.
    Typing(TypingSign),
    /// Your token ends soon: say `refresh`.
    Expiring(Expiring),
    /// The connection will be closed; the close frame repeats the code.
    Closing(Closing),
}

/// Places that the receiver may not see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Passed {
    /// The room.
    pub room: RoomId,
    /// The first of them.
    pub from: Seq,
    /// The last of them.
    pub through: Seq,
    /// The last place, opaque, for your cursor.
    pub at: String,
}

/// An entry, or places passed over.
#[expect(clippy::large_enum_variant, reason = "nearly all of them are entries")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// An entry that you may see.
    Entry(Entry),
    /// Places that you may not see.
    Passed(Passed),
}

/// What was missed in one room, from the cursor on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CaughtUp {
    /// The room.
    pub room: RoomId,
    /// Your stint, for your cursor.
    pub stint: Seq,
    /// Why what you kept of the room is to be wiped first; absent when it goes on from your cursor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset: Option<ResetReason>,
    /// Entries and passed places in order, without holes, following your cursor.
    pub items: Vec<Item>,
    /// Reactions that stand on the messages of `items`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// Where you are now; the `at` of your cursor.
    pub at: String,
    /// The room's last place.
    pub head: Seq,
    /// The features that are on, for you, as of this page (R11, R12). Where one has come that was
    /// not among them the last time, page again what was passed: it may hold something for you now.
    pub features: Features,
    /// Not at the end yet: resume again from here. You are not following the room live until this
    /// is false.
    pub more: bool,
}

/// Why a cursor can't be gone on from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResetReason {
    /// There was no cursor: the first visit.
    First,
    /// The store is another one, or was restored.
    Epoch,
    /// You were removed and added again meanwhile.
    Stint,
    /// The place is not what it was, or never was.
    Place,
}

/// A room that can't be opened, or not now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Gone {
    /// The room.
    pub room: RoomId,
}

/// An entry of your inbox: ids only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Notice {
    /// Acknowledge with it once you have dealt with this and all before.
    pub inbox: String,
    /// What it is about.
    pub about: NoticeKind,
}

/// What a notice is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NoticeKind {
    /// You were added to a room: resume it.
    Added {
        /// The room.
        room: RoomId,
        /// Your stint.
        stint: Seq,
    },
    /// You were removed from a room: wipe it.
    Removed {
        /// The room.
        room: RoomId,
    },
    /// A room was deleted: wipe it.
    Deleted {
        /// The room.
        room: RoomId,
    },
    /// Your administrator took your right to talk with other companies: wipe every group and
    /// shared room; `removed` follows for each.
    Withdrawn {},
    /// You may talk with other companies again, or for the first time.
    Connected {},
    /// Somebody asks to be contacts.
    ContactRequested {
        /// Who.
        user: UserId,
    },
    /// Somebody accepted.
    ContactAccepted {
        /// Who.
        user: UserId,
    },
    /// Your company's policy changed: what is off for you may have changed.
    Policy {
        /// The company.
        company: CompanyId,
    },
}

/// How far somebody has read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadMark {
    /// The room.
    pub room: RoomId,
    /// Who.
    pub user: UserId,
    /// The last place he has read.
    pub seq: Seq,
}

/// Somebody is typing; forget it after 6 s.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TypingSign {
    /// The room.
    pub room: RoomId,
    /// Who.
    pub user: UserId,
}

/// The token ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expiring {
    /// When (RFC 3339). The connection is closed 30 s later.
    pub token_ends: String,
}

/// The connection will be closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Closing {
    /// Why, as a word.
    pub reason: CloseCode,
    /// The number of the close frame.
    pub code: u16,
    /// Whether to come back.
    pub reconnect: bool,
    /// Come back after so many milliseconds, spread over the clients.
    pub after_ms: u64,
}
