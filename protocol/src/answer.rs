//! What a request is answered with: exactly one of these, with the request's `id`.

use crate::code::{FailureCode, RefusalCode};
use crate::entry::LeftOut;
use crate::ids::{CompanyId, DeviceId, RoomId, Seq, UserId};
use crate::push::{Item, Notice};
use crate::words::{Features, HistoryVisibility, RoomKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum Answer {
    /// To `hello`.
    Welcome(Welcome),
    /// To `refresh`.
    Refreshed(Refreshed),
    /// To `resume`: everything about these rooms has been pushed before.
    Resumed {},
    /// To `rest`.
    Rested {},
    /// To `acknowledge`.
    Acknowledged {},
    /// To `rooms`.
    Rooms(RoomList),
    /// To `room`.
    Room(AboutRoom),
    /// To `members`.
    Members(MemberList),
    /// To `people`.
    People(PeopleList),
    /// To `history`.
    History(Page),
    /// To `readers`.
    Readers(ReaderList),
    /// To `pins`.
    Pins(PinList),
    /// To everything that writes into a timeline.
    Accepted(Accepted),
    /// To `invite_guest`.
    Invitation(Invitation),
    /// To `colleagues`.
    Colleagues(ColleagueList),
    /// To `contacts`.
    Contacts(ContactList),
    /// To what has no more to say.
    Noted {},
    /// The rules say no.
    Refused(Refused),
    /// It could not be done now.
    Failed(Failed),
}

/// Who you are here, and what waits for you.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Welcome {
    /// Your id.
    pub user: UserId,
    /// Your company; a guest's: the company of who invited him.
    pub company: CompanyId,
    /// Your device.
    pub device: DeviceId,
    /// Wipe all that this device has kept before you go on: it was forgotten (unseen for 90 days),
    /// or the store was restored.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wipe: bool,
    /// What waits in your inbox; further ones come as `notice` pushes.
    pub notices: Vec<Notice>,
    /// The server pings a silent connection after so many milliseconds.
    pub ping_ms: u64,
    /// When the token ends (RFC 3339); `expiring` comes before.
    pub token_ends: String,
}

/// The new token was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refreshed {
    /// When the new token ends (RFC 3339).
    pub token_ends: String,
}

/// A page of my rooms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoomList {
    /// The rooms.
    pub rooms: Vec<RoomSummary>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// A room in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoomSummary {
    /// The room.
    pub room: RoomId,
    /// What kind it is.
    pub room_kind: RoomKind,
    /// Its name; may be empty in a general room.
    pub name: String,
    /// My stint.
    pub stint: Seq,
    /// Its last place.
    pub head: Seq,
    /// My read mark.
    pub read: Seq,
    /// Visible messages of others above my mark, at most 1,000.
    pub unread: u32,
}

/// What a room is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AboutRoom {
    /// The room.
    pub room: RoomId,
    /// What kind it is.
    pub room_kind: RoomKind,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// The owner company, which pays for notes, events and folders.
    pub owner: CompanyId,
    /// Who first created it; absent in a general room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub founder: Option<UserId>,
    /// The Group Masters.
    pub masters: Vec<UserId>,
    /// How many members there are.
    pub members: u32,
    /// The features that are on, for you.
    pub features: Features,
    /// The features that the owner company's administrator has disabled.
    pub locked: Features,
    /// What a new member sees of the past.
    pub history: HistoryVisibility,
    /// My stint.
    pub stint: Seq,
    /// Its last place.
    pub head: Seq,
}

/// A page of members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberList {
    /// The members.
    pub members: Vec<MemberLine>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// A member in a list (R30).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberLine {
    /// Who, with name and company.
    #[serde(flatten)]
    pub person: Person,
    /// Whether he is a Group Master.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub master: bool,
}

/// A person, always shown with his company (R30).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Person {
    /// Who.
    pub user: UserId,
    /// His name.
    pub name: String,
    /// His company; a guest's: the company of who invited him.
    pub company: CompanyId,
    /// His company's name.
    pub company_name: String,
    /// Whether he is a guest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guest: bool,
}

/// People.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PeopleList {
    /// Those whom you can see.
    pub people: Vec<Person>,
}

/// A page of a room's past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Page {
    /// The room.
    pub room: RoomId,
    /// The stint under which you see it.
    pub stint: Seq,
    /// Entries and `passed` ranges in order, without holes.
    pub items: Vec<Item>,
    /// Reactions that stand on the messages of this page.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// The room's last place.
    pub head: Seq,
    /// Whether there is more in the direction asked.
    pub more: bool,
}

/// A reaction that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reaction {
    /// The message.
    pub target: Seq,
    /// Who.
    pub user: UserId,
    /// With what.
    pub emoji: String,
}

/// Who has read a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReaderList {
    /// Members whose mark is at or after it, as far as the companies show it.
    pub users: Vec<UserId>,
}

/// What is pinned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PinList {
    /// The pinned messages, oldest pin first.
    pub entries: Vec<crate::entry::Entry>,
}

/// It is in the timeline, durably.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Accepted {
    /// The room.
    pub room: RoomId,
    /// The place of the (last) entry that it made; the head where it changed nothing.
    pub seq: Seq,
    /// Of removals and deletions: nobody cut off gets another byte, on any node. Absent otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub effective: bool,
    /// Who was left out, and why (R6, R13).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// For whom nothing changed: members already, or absent already (R13).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unchanged: Vec<UserId>,
}

/// An invitation for one guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Invitation {
    /// What the guest redeems at `POST /v1/invitations/redeem`.
    pub invitation: String,
    /// When it ends (RFC 3339).
    pub ends: String,
}

/// A page of colleagues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ColleagueList {
    /// The people, without those who are suspended or deleted.
    pub people: Vec<Person>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// A page of contacts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContactList {
    /// The contacts.
    pub contacts: Vec<ContactLine>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// A contact, or one to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContactLine {
    /// Who.
    #[serde(flatten)]
    pub person: Person,
    /// How it stands.
    pub state: ContactState,
}

/// How two people stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContactState {
    /// He asked; you have not accepted yet.
    AskedMe,
    /// Contacts of each other.
    Accepted,
}

/// The rules say no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refused {
    /// Which rule, as a stable word.
    pub code: RefusalCode,
    /// What to do.
    pub message: String,
    /// Whom it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<UserId>,
}

/// It could not be done now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failed {
    /// Why, as a stable word.
    pub code: FailureCode,
    /// What to do.
    pub message: String,
    /// Try again after so many milliseconds.
    pub retry_after_ms: u64,
}
