//! Coming back: every cut, at any byte, loses nothing and doubles nothing.

use crate::house::House;
use crate::people::governing::opening;
use crate::people::talking::message;
use crate::people::{Person, operation};
use crosstalk_loadtest::{Client, TokenWay};
use crosstalk_protocol::answer::Answer;
use crosstalk_protocol::code::{CloseCode, RefusalCode};
use crosstalk_protocol::ids::{DeviceId, RoomId, Seq};
use crosstalk_protocol::push::{Item, Push, ResetReason};
use crosstalk_protocol::request::{Cursor, Hello, History, React, Rest, Resume};
use crosstalk_protocol::words::RoomKind;
use std::collections::BTreeMap;
use uuid::Uuid;

async fn two_in_a_room(house: &House) -> (Person, Person, RoomId) {
    let acme = house.company("Acme").await;
    let (alice, bob) = (acme.person("Alice").await, acme.person("Bob").await);
    let room = alice.opens(RoomKind::Internal, "ours", &[&bob]).await;
    (alice, bob, room)
}

fn hello() -> Hello {
    let device = DeviceId(Uuid::new_v4());
    Hello { device, token: None, inbox: None, rooms: Vec::new(), client: None }
}

#[tokio::test]
async fn what_was_missed_comes_once_and_in_order() {
    let house = House::open().await;
    let (alice, bob, room) = two_in_a_room(&house).await;
    bob.loses_the_connection().await;
    for number in 0..50 {
        alice.says(room, &format!("missed {number}")).await;
    }
    bob.signs_in().await;
    let last = alice.says(room, "live").await;
    bob.is_at(room, last).await;
    let missed = (0..50).map(|number| format!("missed {number}"));
    let all: Vec<String> = missed.chain(["live".to_owned()]).collect();
    assert_eq!(bob.texts(room).await, all);
}

#[tokio::test]
async fn more_than_a_page_is_caught_up_with_page_by_page() {
    let house = House::open_with(&[("limits.catch_up_entries", "10")]).await;
    let (alice, bob, room) = two_in_a_room(&house).await;
    bob.loses_the_connection().await;
    for number in 0..45 {
        alice.says(room, &format!("missed {number}")).await;
    }
    bob.signs_in().await;
    bob.is_shown(room, "missed 44").await;
    assert_eq!(bob.texts(room).await.len(), 45);
    let hand = bob.hand().await;
    let pages = hand.told.iter().filter(|push| matches!(push, Push::CaughtUp(page) if page.more));
    assert!(pages.count() >= 4, "it came in one piece");
}

#[tokio::test]
async fn a_page_fits_in_a_frame_however_much_is_on_its_messages() {
    let house = House::open().await;
    let (alice, bob, room) = two_in_a_room(&house).await;
    let loved = alice.says(room, &"あ".repeat(5_000)).await;
    let liked = alice.says(room, "some").await;
    let mut writing = alice.connects().await;
    writing.hello(hello()).await.unwrap();
    for (target, count) in [(loved, 800), (liked, 300)] {
        let mut asked = Vec::new();
        for number in 0..count {
            let (operation, emoji) = (operation(), format!("👍 {number}"));
            let react = React { room, operation, target, emoji, on: true };
            asked.push(writing.start(react).await.unwrap());
        }
        for id in asked {
            let Answer::Accepted(_) = writing.answer(id).await.unwrap() else { panic!("refused") };
        }
    }
    let last = alice.says(room, "last").await;
    bob.is_at(room, last).await;

    let mut fresh = bob.connects().await;
    fresh.keep_transcript();
    fresh.hello(hello()).await.unwrap();
    let mut told = BTreeMap::from([(loved, 0), (liked, 0)]);
    let mut after = Seq::ZERO;
    while after < last {
        let page = History { room, before: None, after: Some(after), limit: 200 };
        let page = fresh.request(page).await.unwrap();
        for reaction in &page.reactions {
            *told.get_mut(&reaction.target).unwrap() += 1;
        }
        let Some(Item::Entry(entry)) = page.items.last() else { panic!("an empty page") };
        after = entry.seq;
    }
    let longest = fresh.transcript().iter().map(String::len).max().unwrap();
    assert!(longest <= 65_536, "a frame of {longest} bytes");
    // Of one message more than a frame holds are not told; of the other all are.
    assert!(told[&loved] > 200 && told[&loved] < 800, "{told:?}");
    assert_eq!(told[&liked], 300);
}

#[tokio::test]
async fn a_connection_cut_at_any_byte_loses_and_doubles_nothing() {
    let house = House::open().await;
    let (alice, bob, room) = two_in_a_room(&house).await;
    let mut sent = Vec::new();
    for round in 0..40_u64 {
        let gauge = bob.hand().await.device.client().unwrap().gauge();
        // The frames of two messages have some 700 bytes: every round cuts elsewhere in them.
        gauge.cut_at(gauge.received() + 1 + round * 17);
        for number in 0..2 {
            let text = format!("{round}.{number}");
            alice.says(room, &text).await;
            sent.push(text);
        }
        let last = alice.sees_last(room).await;
        let mut hand = bob.hand().await;
        while hand.device.replica().room(room).unwrap().through() < last {
            if hand.device.listen().await.is_err() {
                hand.device.sign_in().await.unwrap();
            }
        }
        drop(hand);
        bob.loses_the_connection().await;
        bob.signs_in().await;
    }
    assert_eq!(bob.texts(room).await, sent);
}

impl Person {
    /// The last place that he knows of.
    async fn sees_last(&self, room: RoomId) -> Seq {
        self.settles().await;
        self.hand().await.device.replica().room(room).unwrap().through()
    }
}

#[tokio::test]
async fn a_slow_reader_is_closed_alone_and_resumes() {
    // House rule 6: a slow client costs only itself.
    let house = House::open_with(&[("limits.backlog_bytes", "65536")]).await;
    let (alice, bob, room) = two_in_a_room(&house).await;
    let slow = bob.with_another_device();
    slow.hand().await.device.target_mut().receive_buffer = Some(4096);
    slow.signs_in().await;
    let long = "x".repeat(9_000);
    let mut last = Seq::ZERO;
    // More than the kernel's buffers and the backlog hold, and no longer than the server waits for
    // its last words to be read.
    for number in 0..40 {
        last = alice.says(room, &format!("{number} {long}")).await;
        bob.is_at(room, last).await;
    }
    let closed = slow.is_disconnected().await;
    assert_eq!(closed.known(), Some(CloseCode::SlowConsumer), "{closed}");
    assert!(closed.reconnect());
    slow.hand().await.device.target_mut().receive_buffer = None;
    slow.signs_in().await;
    slow.is_at(room, last).await;
    assert_eq!(slow.texts(room).await, bob.texts(room).await);
}

#[tokio::test]
async fn a_cursor_that_is_none_any_more_resets() {
    let house = House::open().await;
    let (alice, bob, room) = two_in_a_room(&house).await;
    alice.says(room, "one").await;
    bob.is_shown(room, "one").await;
    let at = bob.hand().await.device.replica().room(room).unwrap().at().to_owned();
    let mut client = bob.connects().await;
    client.hello(hello()).await.unwrap();
    let foreign = Some("A".repeat(32));
    for (stint, at, reset) in [
        (None, None, Some(ResetReason::First)),
        (Some(Seq(1)), Some(at.clone()), None),
        (Some(Seq(1)), foreign, Some(ResetReason::Epoch)),
        (Some(Seq(1)), Some("no cursor".to_owned()), Some(ResetReason::Epoch)),
        (Some(Seq(2)), Some(at), Some(ResetReason::Stint)),
    ] {
        let rooms = vec![Cursor { room, stint, at }];
        client.request(Resume { rooms: rooms.clone() }).await.unwrap();
        let Some(Push::CaughtUp(page)) = client.waiting() else { panic!("no page: {rooms:?}") };
        assert_eq!(page.reset, reset, "{rooms:?}");
        assert!(!page.more);
    }
}

#[tokio::test]
async fn who_rests_is_told_nothing_until_he_resumes() {
    let house = House::open().await;
    let (alice, bob, room) = two_in_a_room(&house).await;
    let mut client = bob.connects().await;
    client.hello(hello()).await.unwrap();
    let rooms = vec![Cursor { room, stint: None, at: None }];
    client.request(Resume { rooms: rooms.clone() }).await.unwrap();
    client.request(Rest { rooms: vec![room] }).await.unwrap();
    while client.waiting().is_some() {}
    let said = alice.says(room, "meanwhile").await;
    bob.is_at(room, said).await;
    client.request(Rest { rooms: Vec::new() }).await.unwrap();
    assert_eq!(client.waiting(), None);
    client.request(Resume { rooms }).await.unwrap();
    let Some(Push::CaughtUp(page)) = client.waiting() else { panic!("no page") };
    assert_eq!(page.head, said);
}

#[tokio::test]
async fn a_hundred_rooms_at_once_and_more_by_resume() {
    let house = House::open().await;
    let (_, bob, room) = two_in_a_room(&house).await;
    let mut client = bob.connects().await;
    client.hello(hello()).await.unwrap();
    let cursor = Cursor { room, stint: None, at: None };
    let many = Resume { rooms: vec![cursor; 101] };
    let outcome = client.request(many).await;
    assert_eq!(outcome.unwrap_err().refusal(), Some(RefusalCode::TooLong));
    // A device with more rooms than fit in one `hello` gets them all.
    let dora = house.company("Globex").await.person("Dora").await;
    let mut rooms = Vec::new();
    for number in 0..120 {
        let name = format!("room {number}");
        let open = opening(RoomKind::Internal, &name, Vec::new());
        rooms.push(dora.asks(open).await.unwrap().room);
    }
    let fresh = dora.with_another_device();
    fresh.signs_in().await;
    for room in &rooms {
        fresh.follows(*room).await;
    }
    fresh.loses_the_connection().await;
    let last = dora.says(rooms[119], "hello").await;
    fresh.signs_in().await;
    fresh.is_at(rooms[119], last).await;
}

#[tokio::test]
async fn the_newer_connection_of_a_device_stays() {
    let house = House::open().await;
    let (_, bob, _) = two_in_a_room(&house).await;
    let device = bob.hand().await.device.replica().device();
    let (mut newer, _) = Client::sign_in(&bob.target(), Hello { device, ..hello() }).await.unwrap();
    let closed = bob.is_disconnected().await;
    assert_eq!(closed.known(), Some(CloseCode::Replaced), "{closed}");
    assert!(!closed.reconnect());
    newer.request(Rest { rooms: Vec::new() }).await.unwrap();
}

#[tokio::test]
async fn a_connection_that_was_given_up_does_not_replace_the_one_after_it() {
    // Its hello may be read late, when the device has long come back.
    let house = House::open().await;
    let (_, bob, _) = two_in_a_room(&house).await;
    let device = bob.hand().await.device.replica().device();
    let mut given_up = bob.connects().await;
    let (mut newer, _) = Client::sign_in(&bob.target(), Hello { device, ..hello() }).await.unwrap();
    given_up.send_text(said_hello(&Hello { device, ..hello() })).await.unwrap();
    let closed = given_up.closed().await.unwrap();
    assert_eq!(closed.known(), Some(CloseCode::Replaced), "{closed}");
    newer.request(Rest { rooms: Vec::new() }).await.unwrap();
}

#[tokio::test]
async fn the_token_comes_by_each_of_the_three_ways() {
    let house = House::open().await;
    let (_, bob, _) = two_in_a_room(&house).await;
    for way in [TokenWay::Header, TokenWay::Subprotocol, TokenWay::Hello] {
        let mut target = bob.target();
        target.way = way;
        let (_, welcome) = Client::sign_in(&target, hello()).await.unwrap();
        assert_eq!(welcome.user, bob.id);
    }
}

#[tokio::test]
async fn a_device_too_many_is_refused() {
    let house = House::open_with(&[("limits.devices_per_person", "2")]).await;
    let (_, bob, _) = two_in_a_room(&house).await;
    bob.with_another_device().signs_in().await;
    let third = bob.with_another_device().tries_to_sign_in().await;
    assert_eq!(third.unwrap_err().refusal(), Some(RefusalCode::TooManyDevices));
    bob.loses_the_connection().await;
    bob.signs_in().await;
}

#[tokio::test]
async fn a_connection_too_many_is_closed() {
    let house = House::open_with(&[("limits.connections_per_person", "2")]).await;
    let (_, bob, _) = two_in_a_room(&house).await;
    let (mut second, _) = Client::sign_in(&bob.target(), hello()).await.unwrap();
    let mut third = bob.connects().await;
    third.send_text(said_hello(&hello())).await.unwrap();
    let closed = third.closed().await.unwrap();
    assert_eq!(closed.known(), Some(CloseCode::TooManyConnections), "{closed}");
    second.request(Rest { rooms: Vec::new() }).await.unwrap();
}

fn said_hello(hello: &Hello) -> String {
    let data = serde_json::to_string(hello).unwrap();
    format!(r#"{{"id":1,"type":"hello","data":{data}}}"#)
}

#[tokio::test]
async fn an_answer_that_was_lost_is_asked_for_again() {
    // R29: the outcome of a send is unknown after a cut; the same id finds out.
    let house = House::open().await;
    let (alice, bob, room) = two_in_a_room(&house).await;
    let send = message(room, operation(), "unsure");
    {
        let mut hand = alice.hand().await;
        let client = hand.device.client().unwrap();
        client.start(send.clone()).await.unwrap();
    }
    let seq = bob.is_shown(room, "unsure").await;
    alice.loses_the_connection().await;
    alice.signs_in().await;
    assert_eq!(alice.asks(send).await.unwrap().seq, seq);
    let last = alice.says(room, "sure").await;
    bob.is_at(room, last).await;
    assert_eq!(bob.texts(room).await, ["unsure", "sure"]);
}
