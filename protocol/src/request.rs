//! What a client asks for. Each gets exactly one answer: see the type named in its `///` line.
//!
//! How to add one: a struct with its fields, a line in `requests!`, a fixture in
//! `protocol/fixtures/`, a row in `tests/doors/requests.rs` (the build fails without), and its
//! arm in `session`.

use crate::code::RefusalCode;
use crate::entry::Switch;
use crate::ids::{DeviceId, OperationId, RoomId, Seq, UserId};
use crate::strict;
use crate::words::{HistoryVisibility, RoomKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! requests {
    ($($(#[$doc:meta])* $name:literal $variant:ident => $answer:literal { $($(#[$field_doc:meta])* $field:ident: $kind:ty,)* })+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
            #[serde(deny_unknown_fields)]
            pub struct $variant { $($(#[$field_doc])* pub $field: $kind,)* }
        )+

        /// Any request.
        #[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
        #[serde(tag = "type", content = "data")]
        pub enum Request { $($(#[$doc])* #[serde(rename = $name)] $variant($variant),)+ }

        impl Request {
            /// Every request: its name on the wire and its answer's.
            pub const NAMES: &[(&str, &str)] = &[$(($name, $answer),)+];

            /// Its name on the wire.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)+ }
            }

            /// The request of this name with this data (JSON text of an object).
            ///
            /// # Errors
            /// [`RefusalCode::UnknownType`] for a name that is none, [`RefusalCode::BadRequest`]
            /// with the parser's words for data that does not fit.
            pub fn parse(name: &str, data: &str) -> Result<Self, (RefusalCode, String)> {
                match name {
                    $($name => strict::object(data)
                        .map(Self::$variant)
                        .map_err(|message| (RefusalCode::BadRequest, message)),)+
                    _ => Err((RefusalCode::UnknownType, format!("no request is called \"{}\"", brief(name)))),
                }
            }
        }

        $(impl From<$variant> for Request {
            fn from(request: $variant) -> Self { Self::$variant(request) }
        })+
    };
}

/// A foreign word, short enough to be said back. Escaped first: an escape takes many characters.
fn brief(word: &str) -> String {
    word.escape_debug().take(40).collect()
}

/// Where the client left off in a room: three values that it keeps from the last frame of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// The room.
    pub room: RoomId,
    /// The stint told by `caught_up`; absent on the first visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stint: Option<Seq>,
    /// The last `at` seen (of an entry, `passed` or `caught_up`); absent on the first visit, which
    /// starts with the latest page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

requests! {
    /// The first frame of a connection, within 5 s.
    "hello" Hello => "welcome" {
        /// This device, the same at every connection.
        device: DeviceId,
        /// The token, unless it came in the `Authorization` header or the subprotocol.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
        /// The cursor of the last inbox notice that this device has dealt with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        inbox: Option<String>,
        /// Up to 100 rooms to catch up with; more by `resume`.
        #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "strict::objects")]
        rooms: Vec<Cursor>,
        /// Name and version of the client, for the operator's logs (≤ 64 characters).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client: Option<String>,
    }
    /// A new token for this connection, of the same person; asked for by `expiring`.
    "refresh" Refresh => "refreshed" {
        /// The new token.
        token: String,
    }
    /// Catch up with rooms and follow them live: a `caught_up`, `gone` or `unavailable` push a room, then the answer.
    "resume" Resume => "resumed" {
        /// Up to 100 rooms.
        #[serde(deserialize_with = "strict::objects")]
        rooms: Vec<Cursor>,
    }
    /// Follow rooms no longer on this connection.
    "rest" Rest => "rested" {
        /// Up to 100 rooms.
        rooms: Vec<RoomId>,
    }
    /// This device has dealt with its inbox up to here (R17).
    "acknowledge" Acknowledge => "acknowledged" {
        /// The cursor of the last notice dealt with.
        inbox: String,
    }
    /// The rooms that I am in, in the order of their ids.
    "rooms" Rooms => "rooms" {
        /// Those after this one; absent for the first page.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<RoomId>,
        /// At most so many (1–100).
        #[serde(default = "hundred")]
        limit: u32,
    }
    /// What a room is: name, settings, Group Masters, counts.
    "room" About => "room" {
        /// The room.
        room: RoomId,
    }
    /// Who is in a room, in the order of their ids.
    "members" Members => "members" {
        /// The room.
        room: RoomId,
        /// Those after this one; absent for the first page.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<UserId>,
        /// At most so many (1–200).
        #[serde(default = "hundred")]
        limit: u32,
    }
    /// Names and companies of people whom I can see in my rooms, the departed included.
    "people" People => "people" {
        /// Up to 100 people; those I can't see are left out of the answer.
        users: Vec<UserId>,
    }
    /// A page of a room's past, oldest first.
    "history" History => "history" {
        /// The room.
        room: RoomId,
        /// Entries before this place, the nearest ones; absent: the latest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Seq>,
        /// Entries after this place, the nearest ones; not together with `before`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<Seq>,
        /// At most so many places (1–200); a page also ends at 48 KiB.
        #[serde(default = "fifty")]
        limit: u32,
    }
    /// Who has read a message, under the companies' policies.
    "readers" Readers => "readers" {
        /// The room.
        room: RoomId,
        /// The message.
        seq: Seq,
    }
    /// The pinned messages that I can see.
    "pins" Pins => "pins" {
        /// The room.
        room: RoomId,
    }
    /// Send a message (R25, R29).
    "send" Send => "accepted" {
        /// The room.
        room: RoomId,
        /// My own id of it; sent again it makes nothing new and is answered the same.
        operation: OperationId,
        /// 1–10,000 characters.
        text: String,
        /// The message that it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<Seq>,
        /// Members whom it mentions (≤ 50).
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mentions: Vec<UserId>,
        /// Whether it mentions everyone.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        mention_all: bool,
    }
    /// Replace the text of a message of mine.
    "edit" Edit => "accepted" {
        /// The room.
        room: RoomId,
        /// My own id of this edit.
        operation: OperationId,
        /// The message.
        target: Seq,
        /// 1–10,000 characters.
        text: String,
    }
    /// Erase a message: my own within the window, any as a Group Master.
    "unsend" Unsend => "accepted" {
        /// The room.
        room: RoomId,
        /// My own id of it.
        operation: OperationId,
        /// The message.
        target: Seq,
    }
    /// React to a message, or take the reaction back.
    "react" React => "accepted" {
        /// The room.
        room: RoomId,
        /// My own id of it.
        operation: OperationId,
        /// The message.
        target: Seq,
        /// The reaction, 1–32 bytes.
        emoji: String,
        /// Whether it shall stand.
        on: bool,
    }
    /// Pin or unpin a message.
    "pin" Pin => "accepted" {
        /// The room.
        room: RoomId,
        /// My own id of it.
        operation: OperationId,
        /// The message.
        target: Seq,
        /// Whether it shall be pinned.
        on: bool,
    }
    /// I have read up to here. Marks never go back.
    "read" Read => "noted" {
        /// The room.
        room: RoomId,
        /// The last place read.
        seq: Seq,
    }
    /// I am typing. Never kept; at most one every 3 s is passed on.
    "typing" Typing => "noted" {
        /// The room.
        room: RoomId,
    }
    /// Create a group with people picked from Contacts (R1).
    "create_from_contacts" CreateFromContacts => "accepted" {
        /// My own id of it.
        operation: OperationId,
        /// 1–100 characters.
        name: String,
        /// 0–300 characters.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        description: String,
        /// Everyone else who shall be in it.
        members: Vec<UserId>,
    }
    /// Create a group from Message, as a new room with external people (R1).
    "create_from_message" CreateFromMessage => "accepted" {
        /// My own id of it.
        operation: OperationId,
        /// 1–100 characters.
        name: String,
        /// Everyone else who shall be in it.
        members: Vec<UserId>,
    }
    /// Make a group of a general room of several people; it goes one way (R7).
    "convert" Convert => "accepted" {
        /// My own id of it.
        operation: OperationId,
        /// The general room.
        room: RoomId,
        /// 1–100 characters.
        name: String,
        /// 0–300 characters.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        description: String,
    }
    /// Open a general room (R33).
    "open" Open => "accepted" {
        /// My own id of it.
        operation: OperationId,
        /// `internal` or `shared`.
        room_kind: RoomKind,
        /// 0–100 characters; may be empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        name: String,
        /// Everyone else who shall be in it.
        members: Vec<UserId>,
    }
    /// Bring people into a general room (R33).
    "invite" Invite => "accepted" {
        /// The room.
        room: RoomId,
        /// My own id of it.
        operation: OperationId,
        /// Whom.
        users: Vec<UserId>,
    }
    /// Make an invitation that one guest can redeem over HTTP (R33).
    "invite_guest" InviteGuest => "invitation" {
        /// The room, which stays a general one.
        room: RoomId,
        /// My own id of it.
        operation: OperationId,
    }
    /// Rename a general room (R33).
    "rename" Rename => "accepted" {
        /// The room.
        room: RoomId,
        /// My own id of it.
        operation: OperationId,
        /// 0–100 characters.
        name: String,
    }
    /// Leave a general room; a group can't be left (R15).
    "leave" Leave => "accepted" {
        /// The room.
        room: RoomId,
        /// My own id of it.
        operation: OperationId,
    }
    /// Add members to a group (R13). Group Masters only.
    "add" Add => "accepted" {
        /// The group.
        room: RoomId,
        /// My own id of it.
        operation: OperationId,
        /// Whom.
        users: Vec<UserId>,
    }
    /// Remove members from a group (R16); answered once it is effective. Group Masters only.
    "remove" Remove => "accepted" {
        /// The group.
        room: RoomId,
        /// My own id of it.
        operation: OperationId,
        /// Whom.
        users: Vec<UserId>,
    }
    /// Make a member a Group Master. Group Masters only.
    "appoint" Appoint => "accepted" {
        /// The group.
        room: RoomId,
        /// My own id of it.
        operation: OperationId,
        /// Whom.
        user: UserId,
    }
    /// Make a Group Master a mere member; never the last one (R10). Group Masters only.
    "dismiss" Dismiss => "accepted" {
        /// The group.
        room: RoomId,
        /// My own id of it.
        operation: OperationId,
        /// Whom.
        user: UserId,
    }
    /// Change a group's settings (R9). Group Masters only. What is absent stays.
    "settings" Settings => "accepted" {
        /// The group.
        room: RoomId,
        /// My own id of it.
        operation: OperationId,
        /// 1–100 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// 0–300 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        /// The features to switch.
        #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "strict::objects")]
        switches: Vec<Switch>,
        /// What new members shall see of the past.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        history: Option<HistoryVisibility>,
    }
    /// Delete a group with all that is in it, for everyone and for good (R21, R22). Group Masters only.
    "delete" Delete => "accepted" {
        /// The group.
        room: RoomId,
        /// My own id of it.
        operation: OperationId,
    }
    /// The people of my own company, in the order of their ids: whom I may name without being contacts. A guest has none.
    "colleagues" Colleagues => "colleagues" {
        /// Those after this one; absent for the first page.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<UserId>,
        /// At most so many (1–200).
        #[serde(default = "hundred")]
        limit: u32,
    }
    /// My contacts, in the order of their ids.
    "contacts" Contacts => "contacts" {
        /// Those after this one; absent for the first page.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<UserId>,
        /// At most so many (1–200).
        #[serde(default = "hundred")]
        limit: u32,
    }
    /// Ask a user of another company, by his exact address, to be contacts. The answer is the same whether he exists or not.
    "request_contact" RequestContact => "noted" {
        /// His exact address.
        address: String,
    }
    /// Accept who asked me.
    "accept_contact" AcceptContact => "noted" {
        /// Who asked.
        user: UserId,
    }
    /// Be contacts no longer, or turn a request down. It ends no membership.
    "end_contact" EndContact => "noted" {
        /// Whom.
        user: UserId,
    }
}

const fn hundred() -> u32 {
    100
}

const fn fifty() -> u32 {
    50
}
