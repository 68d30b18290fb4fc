//! House rule 6: a slow, wrong or hostile client costs only itself.

use crate::handshake::{Opening, frame, send};
use crate::house::House;
use crate::people::Person;
use crosstalk_loadtest::{Client, Error};
use crosstalk_protocol::answer::Answer;
use crosstalk_protocol::code::{CloseCode, FailureCode, RefusalCode};
use crosstalk_protocol::ids::{DeviceId, RoomId};
use crosstalk_protocol::request::{Hello, History, Rest};
use crosstalk_protocol::words::RoomKind;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::time::timeout;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(30);

fn hello() -> Hello {
    let device = DeviceId(Uuid::new_v4());
    Hello { device, token: None, inbox: None, rooms: Vec::new(), client: None }
}

async fn alice_and_bob(house: &House) -> (Person, Person, RoomId) {
    let acme = house.company("Acme").await;
    let (alice, bob) = (acme.person("Alice").await, acme.person("Bob").await);
    let room = alice.opens(RoomKind::Internal, "ours", &[&bob]).await;
    (alice, bob, room)
}

/// The others notice nothing.
async fn all_is_well(alice: &Person, bob: &Person, room: RoomId) {
    let text = Uuid::new_v4().to_string();
    alice.says(room, &text).await;
    bob.is_shown(room, &text).await;
}

async fn signed_in(person: &Person) -> Client {
    Client::sign_in(&person.target(), hello()).await.unwrap().0
}

async fn is_closed_with(client: &mut Client, code: u16) {
    let closed = client.closed().await.unwrap();
    assert_eq!(closed.code, Some(code), "{closed}");
}

fn code_of(answer: &Answer) -> RefusalCode {
    let Answer::Refused(refused) = answer else { panic!("{answer:?}") };
    refused.code
}

#[tokio::test]
async fn bad_json_is_refused_and_the_connection_stays() {
    let house = House::open().await;
    let (alice, bob, room) = alice_and_bob(&house).await;
    let mut client = signed_in(&alice).await;
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    for junk in [
        "",
        "junk",
        "null",
        "[]",
        "{}",
        "7",
        r#"{"id":1}"#,
        r#"{"type":"rooms"}"#,
        r#"{"id":-1,"type":"rooms"}"#,
        r#"{"id":"1","type":"rooms"}"#,
        r#"{"id":1.5,"type":"rooms"}"#,
        r#"{"id":1,"type":7}"#,
        r#"{"id":1,"type":"rooms","more":1}"#,
        r#"{"id":1,"type":"rooms","data":{}"#,
        r#"{"id":1,"id":2,"type":"rooms","data":{}}"#,
        deep.as_str(),
    ] {
        client.send_text(junk).await.unwrap();
        assert_eq!(
            code_of(&client.nameless().await.unwrap()),
            RefusalCode::BadRequest,
            "{junk:.60}"
        );
    }
    for (number, (what, code)) in [
        (r#""type":"nonsense","data":{}"#, RefusalCode::UnknownType),
        (r#""type":"Rooms""#, RefusalCode::UnknownType),
        (r#""type":"rooms","data":[]"#, RefusalCode::BadRequest),
        (r#""type":"rooms","data":{"limit":0}"#, RefusalCode::BadRequest),
        (r#""type":"rooms","data":{"limit":101}"#, RefusalCode::BadRequest),
        (r#""type":"rooms","data":{"limit":-1}"#, RefusalCode::BadRequest),
        (r#""type":"rooms","data":{"limits":1}"#, RefusalCode::BadRequest),
        (r#""type":"room","data":{}"#, RefusalCode::BadRequest),
        (r#""type":"room","data":{"room":"no id"}"#, RefusalCode::BadRequest),
        (r#""type":"room","data":{"room":null}"#, RefusalCode::BadRequest),
        (
            r#""type":"hello","data":{"device":"00000000-0000-4000-8000-000000000000"}"#,
            RefusalCode::HelloFirst,
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let frame = format!(r#"{{"id":{number},{what}}}"#);
        let answer = client.exchange(frame).await.unwrap();
        let told = format!(r#""code":"{}""#, code.word());
        assert!(answer.contains(&told), "{what} is answered with {answer}");
        assert!(answer.contains(&format!(r#""id":{number}"#)), "{answer}");
    }
    let both =
        format!(r#"{{"id":1,"type":"history","data":{{"room":"{room}","before":2,"after":1}}}}"#);
    let answer = client.exchange(both).await.unwrap();
    assert!(answer.contains("bad_request"), "{answer}");
    all_is_well(&alice, &bob, room).await;
    client.request(Rest { rooms: Vec::new() }).await.unwrap();
}

#[tokio::test]
async fn who_says_goodbye_is_answered_and_costs_nothing_more() {
    let house = House::open_with(&[("limits.connections_per_person", "8")]).await;
    let (alice, bob, room) = alice_and_bob(&house).await;
    let hello = hello();
    for _ in 0..40 {
        // More than he may have at once: each has given its place back.
        let (client, _) = Client::sign_in(&alice.target(), hello.clone()).await.unwrap();
        let closed = client.close().await.unwrap();
        assert!(closed.code.is_none() || closed.code == Some(1000), "{closed}");
    }
    all_is_well(&alice, &bob, room).await;
}

#[tokio::test]
async fn what_is_no_frame_of_the_protocol_ends_the_connection_alone() {
    let house = House::open().await;
    let (alice, bob, room) = alice_and_bob(&house).await;
    let mut binary = signed_in(&alice).await;
    binary.send_binary(vec![0, 1, 2]).await.unwrap();
    is_closed_with(&mut binary, CloseCode::BadFrame.number()).await;

    let mut not_utf8 = signed_in(&alice).await;
    not_utf8.send_as_text(vec![b'"', 0xff, 0xfe, b'"']).await.unwrap();
    is_closed_with(&mut not_utf8, 1007).await;

    let mut unmasked = signed_in(&alice).await;
    unmasked.send_bytes(&[0x81, 0x02, b'{', b'}']).await.unwrap();
    is_closed_with(&mut unmasked, 1002).await;

    let mut reserved = signed_in(&alice).await;
    reserved.send_bytes(&[0xf1, 0x80, 0, 0, 0, 0]).await.unwrap();
    is_closed_with(&mut reserved, 1002).await;

    let mut large = signed_in(&alice).await;
    large.send_text("x".repeat(64 * 1024 + 1)).await.unwrap();
    is_closed_with(&mut large, CloseCode::FrameTooLarge.number()).await;

    let mut pieces = signed_in(&alice).await;
    let piece = "x".repeat(40 * 1024);
    pieces.send_fragment(&piece, true, false).await.unwrap();
    // The server may have closed while the second piece is on its way.
    let second = pieces.send_fragment(&piece, false, true).await;
    assert!(matches!(second, Ok(()) | Err(Error::Closed(_))), "{second:?}");
    is_closed_with(&mut pieces, CloseCode::FrameTooLarge.number()).await;
    all_is_well(&alice, &bob, room).await;
}

#[tokio::test]
async fn a_message_in_pieces_and_one_of_the_longest_are_taken() {
    let house = House::open().await;
    let (alice, _, _) = alice_and_bob(&house).await;
    let mut client = signed_in(&alice).await;
    client.send_fragment(r#"{"id":1,"type":"#, true, false).await.unwrap();
    client.send_fragment(r#""nonsense"}"#, false, true).await.unwrap();
    let answer = client.next_answer().await.unwrap();
    assert!(answer.contains("unknown_type"), "{answer}");
    let frame = r#"{"id":2,"type":"nonsense"}"#;
    let padding = " ".repeat(64 * 1024 - frame.len());
    let answer = client.exchange(format!("{frame}{padding}")).await.unwrap();
    assert!(answer.contains("unknown_type"), "{answer}");
}

#[tokio::test]
async fn the_first_frame_is_hello_and_comes_in_time() {
    let quick = [("limits.first_frame_seconds", "1"), ("limits.handshake_seconds", "2")];
    let house = House::open_with(&quick).await;
    let (alice, bob, room) = alice_and_bob(&house).await;
    let mut silent = alice.connects().await;
    is_closed_with(&mut silent, CloseCode::NoHello.number()).await;
    let mut early = alice.connects().await;
    let answer = early.ask(Rest { rooms: Vec::new() }).await.unwrap();
    assert_eq!(code_of(&answer), RefusalCode::HelloFirst);
    early.hello(hello()).await.unwrap();
    early.request(Rest { rooms: Vec::new() }).await.unwrap();
    // Who goes on sending other things has no more time for it.
    let mut chatty = alice.connects().await;
    let closed = loop {
        if let Err(error) = chatty.ask(Rest { rooms: Vec::new() }).await {
            break error;
        }
    };
    let Error::Closed(closed) = closed else { panic!("{closed}") };
    assert_eq!(closed.known(), Some(CloseCode::NoHello), "{closed}");
    all_is_well(&alice, &bob, room).await;
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_ask_again() {
    let slow = [("limits.requests_per_second", "5"), ("limits.requests_burst", "10")];
    let house = House::open_with(&slow).await;
    let (alice, bob, room) = alice_and_bob(&house).await;
    let mut client = signed_in(&alice).await;
    let mut ids = Vec::new();
    for _ in 0..30 {
        ids.push(client.start(Rest { rooms: Vec::new() }).await.unwrap());
    }
    let mut limited = Vec::new();
    for id in ids {
        if let Answer::Failed(failed) = client.answer(id).await.unwrap() {
            assert_eq!(failed.code, FailureCode::RateLimited);
            limited.push(failed.retry_after_ms);
        }
    }
    assert!((15..=20).contains(&limited.len()), "{} of 30 were refused", limited.len());
    let wait = limited.last().copied().unwrap();
    assert!((1..=1_000).contains(&wait), "{wait} ms");
    // The wait that the server itself advises.
    tokio::time::sleep(Duration::from_millis(wait)).await;
    client.request(Rest { rooms: Vec::new() }).await.unwrap();
    all_is_well(&alice, &bob, room).await;
}

#[tokio::test]
async fn a_company_that_asks_too_often_costs_the_others_nothing() {
    let slow =
        [("limits.company_requests_per_second", "1"), ("limits.company_requests_burst", "60")];
    let house = House::open_with(&slow).await;
    let (alice, bob, room) = alice_and_bob(&house).await;
    let (eve, eves_other) = {
        let globex = house.company("Globex").await;
        (globex.person("Eve").await, globex.person("Eric").await)
    };
    let (mut first, mut second) = (signed_in(&eve).await, signed_in(&eves_other).await);
    let mut limited = 0;
    for _ in 0..60 {
        for client in [&mut first, &mut second] {
            let answer = client.ask(Rest { rooms: Vec::new() }).await.unwrap();
            limited += u32::from(matches!(answer, Answer::Failed(failed)
                if failed.code == FailureCode::RateLimited && failed.retry_after_ms > 0));
        }
    }
    // What is refilled meanwhile depends on how busy the machine is.
    assert!(limited > 0, "120 requests of one company were all carried out");
    all_is_well(&alice, &bob, room).await;
}

#[tokio::test]
async fn who_answers_no_ping_is_closed_and_may_come_back() {
    let quick = [("limits.ping_after_seconds", "1"), ("limits.pong_seconds", "1")];
    let house = House::open_with(&quick).await;
    let acme = house.company("Acme").await;
    let alice = acme.stranger("Alice", true).await;
    let device = Uuid::new_v4();
    let hello = format!(r#"{{"id":1,"type":"hello","data":{{"device":"{device}"}}}}"#);
    let opening = Opening::good()
        .and("Sec-WebSocket-Protocol", "crosstalk.v1.json")
        .and("Authorization", &format!("Bearer {}", alice.target().token.unwrap()))
        .after(&frame(&hello));
    let mut deaf = send(&house.server, &opening.bytes()).await;
    let mut heard = Vec::new();
    let to_its_end = timeout(PATIENCE, deaf.read_to_end(&mut heard));
    to_its_end.await.expect("it is not closed").ok();
    let said = String::from_utf8_lossy(&heard);
    assert!(
        said.contains(r#""type":"welcome""#) && said.contains(r#""reason":"silent""#),
        "{said}"
    );
    // A ping without words, then the number in the close frame.
    let code = CloseCode::Silent.number().to_be_bytes();
    assert!(heard.windows(2).any(|bytes| bytes == [0x89, 0x00]), "no ping came");
    assert!(heard.windows(4).any(|bytes| bytes[0] == 0x88 && bytes[2..] == code), "no close came");
    alice.signs_in().await;
}

#[tokio::test]
async fn a_torn_connection_in_the_middle_of_a_frame_costs_nothing() {
    let house = House::open().await;
    let (alice, bob, room) = alice_and_bob(&house).await;
    for _ in 0..10 {
        let mut client = signed_in(&alice).await;
        // A masked text frame of 100 bytes, of which 10 come.
        client.send_bytes(&[0x81, 0xe4, 1, 2, 3, 4, 0, 0, 0, 0]).await.unwrap();
        client.cut();
    }
    all_is_well(&alice, &bob, room).await;
}

#[tokio::test]
async fn a_page_fits_in_a_frame_however_long_the_texts() {
    let house = House::open().await;
    let (alice, bob, room) = alice_and_bob(&house).await;
    // He would be a slow reader.
    bob.loses_the_connection().await;
    // Each character takes six bytes in JSON, where it is escaped, or three as it is.
    for text in ["\u{1}", "あ"] {
        for _ in 0..6 {
            alice.says(room, &text.repeat(9_000)).await;
        }
    }
    bob.signs_in().await;
    let mut before = None;
    let mut seen = 0;
    loop {
        let page = History { room, before, after: None, limit: 200 };
        let page = bob.asks(page).await.unwrap();
        seen += page.items.len();
        before = page.items.first().map(|item| match item {
            crosstalk_protocol::push::Item::Entry(entry) => entry.seq,
            crosstalk_protocol::push::Item::Passed(passed) => passed.from,
        });
        if !page.more {
            break;
        }
    }
    assert_eq!(seen, 13);
    let fresh = bob.with_another_device();
    fresh.signs_in().await;
    fresh.follows(room).await;
    for frame in fresh.hand().await.device.client().unwrap().transcript() {
        assert!(frame.len() <= crosstalk_protocol::FRAME_BYTES_MAX, "{} bytes", frame.len());
    }
}
