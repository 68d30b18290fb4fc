//! The table of requests: what each asks of a room that is no longer his, and what answers it. A
//! request without a row does not compile.

use super::past::Past;
use crate::people::operation;
use crosstalk_protocol::entry::Switch;
use crosstalk_protocol::envelope::parse_request;
use crosstalk_protocol::ids::Seq;
use crosstalk_protocol::request::{
    About, AcceptContact, Add, Appoint, Colleagues, Contacts, Convert, CreateFromContacts,
    CreateFromMessage, Delete, Dismiss, Edit, EndContact, Hello, History, Invite, InviteGuest,
    Leave, Members, Open, People, Pin, Pins, React, Read, Readers, Refresh, Remove, Rename,
    Request, RequestContact, Rest, Resume, Rooms, Send, Settings, Typing, Unsend,
};
use crosstalk_protocol::words::{Feature, HistoryVisibility, RoomKind};
use std::fs;
use std::path::Path;

/// How the answers to the real and the invented are to be equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alike {
    /// Byte for byte, and it is `not_found`: there is no such room.
    NoSuchRoom,
    /// Byte for byte, whatever it is.
    Same,
    /// Byte for byte but for the ids that the request named, which are said back.
    SaidBack,
}

/// What is asked at one door.
pub(super) struct Row {
    pub(super) alike: Alike,
    pub(super) asks: Vec<Request>,
}

impl Row {
    fn of<R: Into<Request>>(alike: Alike, asks: impl IntoIterator<Item = R>) -> Self {
        Self { alike, asks: asks.into_iter().map(Into::into).collect() }
    }
}

fn none<R: Into<Request>>(asks: impl IntoIterator<Item = R>) -> Row {
    Row::of(Alike::NoSuchRoom, asks)
}

fn same<R: Into<Request>>(asks: impl IntoIterator<Item = R>) -> Row {
    Row::of(Alike::Same, asks)
}

fn said_back<R: Into<Request>>(asks: impl IntoIterator<Item = R>) -> Row {
    Row::of(Alike::SaidBack, asks)
}

/// Every request of the protocol, as its fixture shows it.
pub(super) fn examples() -> Vec<Request> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("protocol/fixtures/request");
    let example = |name: &str| {
        let text = fs::read_to_string(folder.join(format!("{name}.json")));
        let text = text.unwrap_or_else(|error| panic!("the fixture of {name}: {error}"));
        let (_, request) = parse_request(&text).unwrap_or_else(|bad| panic!("{name}: {bad:?}"));
        assert_eq!(request.name(), name);
        request
    };
    Request::NAMES.iter().map(|(name, _)| example(name)).collect()
}

/// The row of the request that this is an example of. No wildcard: who adds a request is told here
/// that it needs a row.
#[expect(clippy::too_many_lines, reason = "one list")]
pub(super) fn row(example: Request, past: &Past) -> Row {
    let Past { room, stint, head, .. } = *past;
    let ([mine, theirs], users, user) = (past.messages, past.people.clone(), past.user());
    let places = [mine, theirs, stint, head, head.next(), Seq::MAX];
    match example {
        Request::Hello(it) => same([Hello { rooms: past.cursors(), ..it }]),
        Request::Refresh(_) => same(past.tokens.iter().map(|it| Refresh { token: it.clone() })),
        Request::Resume(_) => {
            let single = past.cursors().into_iter().map(|cursor| vec![cursor]);
            said_back(single.chain([past.cursors()]).map(|rooms| Resume { rooms }))
        }
        Request::Rest(_) => same([Rest { rooms: vec![room] }]),
        Request::Acknowledge(it) => same([it]),
        Request::Rooms(it) => same([Rooms { after: Some(room), ..it }]),
        Request::About(_) => none([About { room }]),
        Request::Members(it) => {
            let after = [None, Some(user)].into_iter();
            none(after.map(|after| Members { room, after, ..it.clone() }))
        }
        Request::People(_) => same([People { users }]),
        Request::History(_) => {
            let latest = History { room, before: None, after: None, limit: 50 };
            let before = places.map(|seq| History { before: Some(seq), ..latest.clone() });
            let after = places.map(|seq| History { after: Some(seq), ..latest.clone() });
            none([latest].into_iter().chain(before).chain(after))
        }
        Request::Readers(_) => none(places.map(|seq| Readers { room, seq })),
        Request::Pins(_) => none([Pins { room }]),
        Request::Send(it) => none(sends(&Send { room, reply_to: None, ..it }, past)),
        Request::Edit(it) => none(places.map(|target| Edit {
            room,
            operation: operation(),
            target,
            text: it.text.clone(),
        })),
        Request::Unsend(_) => {
            none(places.map(|target| Unsend { room, operation: operation(), target }))
        }
        Request::React(it) => {
            let emoji = [it.emoji.clone(), "👍".to_owned(), String::new(), "x".repeat(100)];
            let emoji = emoji.into_iter().flat_map(|emoji| places.map(|at| (at, emoji.clone())));
            none(emoji.map(|(target, emoji)| React {
                room,
                operation: operation(),
                target,
                emoji,
                on: it.on,
            }))
        }
        Request::Pin(_) => none(places.into_iter().flat_map(|target| {
            [true, false].map(|on| Pin { room, operation: operation(), target, on })
        })),
        Request::Read(_) => none(places.map(|seq| Read { room, seq })),
        Request::Typing(_) => same([Typing { room }]),
        Request::CreateFromContacts(it) => {
            said_back([CreateFromContacts { operation: operation(), members: users, ..it }])
        }
        Request::CreateFromMessage(it) => {
            said_back([CreateFromMessage { operation: operation(), members: users, ..it }])
        }
        Request::Convert(it) => none(["", "mine"].map(|name| Convert {
            room,
            operation: operation(),
            name: name.to_owned(),
            ..it.clone()
        })),
        Request::Open(it) => said_back([RoomKind::Internal, RoomKind::Shared].map(|room_kind| {
            Open { operation: operation(), room_kind, members: users.clone(), ..it.clone() }
        })),
        Request::Invite(_) => none([users, vec![user; 1_001]].map(|users| Invite {
            room,
            operation: operation(),
            users,
        })),
        Request::InviteGuest(_) => none([InviteGuest { room, operation: operation() }]),
        Request::Rename(it) => none([Rename { room, operation: operation(), ..it }]),
        Request::Leave(_) => none([Leave { room, operation: operation() }]),
        Request::Add(_) => none([users, vec![user; 1_001]].map(|users| Add {
            room,
            operation: operation(),
            users,
        })),
        Request::Remove(_) => {
            none([users, Vec::new()].map(|users| Remove { room, operation: operation(), users }))
        }
        Request::Appoint(_) => none([Appoint { room, operation: operation(), user }]),
        Request::Dismiss(_) => none([Dismiss { room, operation: operation(), user }]),
        Request::Settings(it) => none(changes(&Settings { room, ..it })),
        Request::Delete(_) => none([Delete { room, operation: operation() }]),
        Request::Colleagues(it) => same([Colleagues { after: Some(user), ..it }]),
        Request::Contacts(it) => same([Contacts { after: Some(user), ..it }]),
        Request::RequestContact(_) => same([RequestContact { address: past.address.clone() }]),
        Request::AcceptContact(_) => same([AcceptContact { user }]),
        Request::EndContact(_) => same([EndContact { user }]),
    }
}

/// Messages good and bad: what is wrong with them is said to members only.
fn sends(plain: &Send, past: &Past) -> Vec<Send> {
    let bare = Send { mentions: Vec::new(), mention_all: false, ..plain.clone() };
    let mut sends = vec![
        bare.clone(),
        Send { text: String::new(), ..bare.clone() },
        Send { text: "x".repeat(10_001), ..bare.clone() },
        Send { mention_all: true, ..bare.clone() },
        Send { mentions: past.people.clone(), ..bare.clone() },
        Send { mentions: vec![past.user(); 51], ..bare.clone() },
    ];
    sends.extend(past.messages.map(|to| Send { reply_to: Some(to), ..bare.clone() }));
    sends.into_iter().map(|send| Send { operation: operation(), ..send }).collect()
}

/// Settings, one by one and all together.
fn changes(all: &Settings) -> Vec<Settings> {
    let nothing = Settings {
        name: None,
        description: None,
        switches: Vec::new(),
        history: None,
        ..all.clone()
    };
    let off = vec![Switch { feature: Feature::Message, on: false }];
    let changes = [
        all.clone(),
        nothing.clone(),
        Settings { name: Some("mine".to_owned()), ..nothing.clone() },
        Settings { name: Some(String::new()), ..nothing.clone() },
        Settings { history: Some(HistoryVisibility::All), ..nothing.clone() },
        Settings { switches: off, ..nothing },
    ];
    changes.into_iter().map(|it| Settings { operation: operation(), ..it }).collect()
}
