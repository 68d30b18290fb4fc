//! What people are shown, and what they are not.

use super::{Hand, Person, operation};
use crosstalk_protocol::answer::{AboutRoom, Page};
use crosstalk_protocol::entry::{Change, Entry};
use crosstalk_protocol::envelope::{ServerFrame, parse_server_frame};
use crosstalk_protocol::ids::{RoomId, Seq};
use crosstalk_protocol::push::{Item, Push};
use crosstalk_protocol::request::{About, History, Rooms};
use std::fmt::Write as _;
use uuid::Uuid;

impl Person {
    /// Waits until he follows a room live.
    pub(crate) async fn follows(&self, room: RoomId) {
        self.until("a room", |hand| hand.device.replica().is_live(room).then_some(())).await;
    }

    /// Waits until a message of this text stands in the room, and says its place.
    pub(crate) async fn is_shown(&self, room: RoomId, text: &str) -> Seq {
        self.until(&format!("{text:?}"), |hand| {
            let kept = hand.device.replica().room(room)?;
            kept.messages().find(|message| message.text == text).map(|message| message.seq)
        })
        .await
    }

    /// Waits until the entry of a place has come, or that he may not see it.
    pub(crate) async fn is_at(&self, room: RoomId, seq: Seq) {
        self.until(&format!("place {seq}"), |hand| {
            let through = hand.device.replica().room(room)?.through();
            (through >= seq).then_some(())
        })
        .await;
    }

    /// The entry that he was shown at a place; none where it was passed.
    pub(crate) async fn sees_at(&self, room: RoomId, seq: Seq) -> Option<Entry> {
        self.is_at(room, seq).await;
        self.hand().await.device.replica().room(room)?.at_place(seq).cloned()
    }

    /// The change that he was shown at a place.
    pub(crate) async fn change_at(&self, room: RoomId, seq: Seq) -> Change {
        let entry = self.sees_at(room, seq).await;
        entry.unwrap_or_else(|| panic!("{} does not see place {seq}", self.name)).change
    }

    /// The texts that stand in a room, as far as the server has told him.
    pub(crate) async fn texts(&self, room: RoomId) -> Vec<String> {
        self.settles().await;
        self.hand().await.texts(room)
    }

    /// What the room is, as he may know it.
    pub(crate) async fn looks_at(&self, room: RoomId) -> AboutRoom {
        self.asks(About { room }).await.unwrap()
    }

    /// The latest page of the past.
    pub(crate) async fn pages(&self, room: RoomId) -> Page {
        self.asks(History { room, before: None, after: None, limit: 200 }).await.unwrap()
    }

    /// The rooms that he is in.
    pub(crate) async fn rooms(&self) -> Vec<RoomId> {
        let list = self.asks(Rooms { after: None, limit: 100 }).await.unwrap();
        list.rooms.iter().map(|summary| summary.room).collect()
    }

    /// R16, P1: nothing of the room at this place or later has come to him, in any frame, and his
    /// device keeps nothing of it.
    pub(crate) async fn is_shown_nothing_after(&self, room: RoomId, removal: Seq) {
        self.settles().await;
        let kept = self.hand().await.device.replica().room(room).is_some();
        assert!(!kept, "{} keeps the room", self.name);
        self.has_heard_nothing_after(room, removal).await;
    }

    /// No frame of this connection, be it closed already, is of a place from the removal on.
    pub(crate) async fn has_heard_nothing_after(&self, room: RoomId, removal: Seq) {
        let mut hand = self.hand().await;
        let client = hand.device.client().unwrap();
        for frame in client.transcript() {
            let highest = highest_place(frame, room);
            assert!(highest < removal, "{} was told {highest} ≥ {removal}: {frame}", self.name);
        }
    }

    /// The highest place of a room of which this connection has been told.
    pub(crate) async fn highest_heard(&self, room: RoomId) -> Seq {
        let mut hand = self.hand().await;
        let transcript = hand.device.client().unwrap().transcript();
        transcript.iter().map(|frame| highest_place(frame, room)).max().unwrap_or_default()
    }

    /// Whether words stood in any frame of this connection.
    pub(crate) async fn has_heard(&self, words: &str) -> bool {
        self.settles().await;
        self.had_heard(words).await
    }

    /// The same of a connection that may be closed already.
    pub(crate) async fn had_heard(&self, words: &str) -> bool {
        let mut hand = self.hand().await;
        hand.device.client().unwrap().transcript().iter().any(|frame| frame.contains(words))
    }

    /// R16: on every door the room is one that never was, byte for byte.
    pub(crate) async fn finds_nothing(&self, room: RoomId) {
        assert!(!self.rooms().await.contains(&room), "{} has the room listed", self.name);
        let never = RoomId(Uuid::now_v7());
        let (real, none) = (doors(room), doors(never));
        let mut hand = self.hand().await;
        let client = hand.device.client().unwrap();
        for (number, (real, none)) in real.iter().zip(&none).enumerate() {
            let id = 1_000_000 + number;
            let ask = |body: &str| format!(r#"{{"id":{id},{body}}}"#);
            let of_it = client.exchange(ask(real)).await.unwrap();
            let of_none = client.exchange(ask(none)).await.unwrap();
            assert_eq!(of_it, of_none, "{} asks {real}", self.name);
            assert!(of_it.contains("not_found"), "{} asks {real}: {of_it}", self.name);
        }
        hand.is_gone(room).await;
    }
}

impl Hand {
    /// A resume answers `gone` for a room that is not there.
    async fn is_gone(&mut self, room: RoomId) {
        let client = self.device.client().unwrap();
        let ask = format!(
            r#"{{"id":2000000,"type":"resume","data":{{"rooms":[{{"room":"{room}","stint":1}}]}}}}"#
        );
        let answer = client.exchange(ask).await.unwrap();
        assert!(answer.contains("resumed"), "{answer}");
        let mut gone = false;
        while let Some(push) = client.waiting() {
            gone |= matches!(&push, Push::Gone(what) if what.room == room);
        }
        assert!(gone, "the room was not said to be gone");
    }
}

/// A request of each kind that names a room, as it stands in a frame after the id.
fn doors(room: RoomId) -> Vec<String> {
    let operation = operation();
    let user = Uuid::now_v7();
    let plain = ["room", "members", "history", "pins"];
    let of_members = [
        ("readers", r#""seq":1"#.to_owned()),
        ("read", r#""seq":1"#.to_owned()),
        ("send", r#""text":"let me in""#.to_owned()),
        ("edit", r#""target":2,"text":"let me in""#.to_owned()),
        ("unsend", r#""target":2"#.to_owned()),
        ("react", r#""target":2,"emoji":"👍","on":true"#.to_owned()),
        ("pin", r#""target":2,"on":true"#.to_owned()),
        ("convert", r#""name":"mine""#.to_owned()),
        ("invite", format!(r#""users":["{user}"]"#)),
        ("invite_guest", String::new()),
        ("rename", r#""name":"mine""#.to_owned()),
        ("leave", String::new()),
        ("add", format!(r#""users":["{user}"]"#)),
        ("remove", format!(r#""users":["{user}"]"#)),
        ("appoint", format!(r#""user":"{user}""#)),
        ("dismiss", format!(r#""user":"{user}""#)),
        ("settings", r#""name":"mine""#.to_owned()),
        ("delete", String::new()),
    ];
    let plain = plain.map(|kind| format!(r#""type":"{kind}","data":{{"room":"{room}"}}"#));
    let of_members = of_members.map(|(kind, more)| {
        let mut data = format!(r#""room":"{room}""#);
        if !matches!(kind, "readers" | "read") {
            write!(data, r#","operation":"{operation}""#).unwrap();
        }
        if !more.is_empty() {
            write!(data, ",{more}").unwrap();
        }
        format!(r#""type":"{kind}","data":{{{data}}}"#)
    });
    plain.into_iter().chain(of_members).collect()
}

/// The highest place of the room that a frame tells; 0 where it tells none.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others tell no place")]
fn highest_place(frame: &str, room: RoomId) -> Seq {
    let of_item = |item: &Item| match item {
        Item::Entry(entry) => entry.seq,
        Item::Passed(passed) => passed.through,
    };
    match parse_server_frame(frame).unwrap() {
        ServerFrame::Push(Push::Entry(entry)) if entry.room == room => entry.seq,
        ServerFrame::Push(Push::Passed(passed)) if passed.room == room => passed.through,
        ServerFrame::Push(Push::Read(mark)) if mark.room == room => mark.seq,
        ServerFrame::Push(Push::CaughtUp(page)) if page.room == room => {
            page.items.iter().map(of_item).chain([page.head]).max().unwrap_or_default()
        }
        _ => Seq::ZERO,
    }
}
