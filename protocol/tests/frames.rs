//! What is no frame is refused with the right code, and nothing that a client sends can panic.

use crosstalk_protocol::code::{CloseCode, FailureCode, RefusalCode};
use crosstalk_protocol::envelope::{BadFrame, parse_request, parse_server_frame};
use crosstalk_protocol::request::{Request, Typing};
use proptest::prelude::*;
use std::collections::BTreeSet;

const ROOM: &str = "019d6550-5fb2-7c15-a0b6-3cc3a8f5d1e7";

fn refused(text: &str) -> (Option<u64>, RefusalCode) {
    match parse_request(text) {
        Err(BadFrame { id, code, message }) => {
            assert!(!message.is_empty() && message.chars().count() <= 200, "{message}");
            (id, code)
        }
        Ok(frame) => panic!("{text} was read as {frame:?}"),
    }
}

#[test]
fn what_has_no_readable_id_is_refused_without_one() {
    let unreadable = [
        "",
        "null",
        "7",
        "\"typing\"",
        "{",
        "{}",
        "[1,\"typing\",{}]",
        r#"{"type":"typing","data":{}}"#,
        r#"{"id":null,"type":"typing"}"#,
        r#"{"id":"1","type":"typing"}"#,
        r#"{"id":-1,"type":"typing"}"#,
        r#"{"id":1.5,"type":"typing"}"#,
        r#"{"id":18446744073709551616,"type":"typing"}"#,
        r#"{"id":1e400,"type":"typing"}"#,
        r#"{"id":1,"type":7}"#,
        r#"{"id":1}"#,
        r#"{"id":1,"id":2,"type":"typing"}"#,
        r#"{"id":1,"type":"typing","more":1}"#,
        r#"{"id":1,"type":"typing"} {}"#,
    ];
    for text in unreadable {
        assert_eq!(refused(text), (None, RefusalCode::BadRequest), "{text}");
    }
}

#[test]
fn data_that_does_not_fit_is_refused_with_the_id() {
    let deep = format!("{}1{}", r#"{"room":"#.repeat(500), "}".repeat(500));
    let misfits = [
        ("typing", deep),
        ("typing", format!("{}{}", "[".repeat(500), "]".repeat(500))),
        ("typing", "{}".to_owned()),
        ("typing", "null".to_owned()),
        ("typing", "[]".to_owned()),
        ("typing", format!("[\"{ROOM}\"]")),
        ("typing", r#"{"room":7}"#.to_owned()),
        ("typing", r#"{"room":"no id"}"#.to_owned()),
        ("typing", format!(r#"{{"room":"{ROOM}","more":1}}"#)),
        ("typing", format!(r#"{{"room":"{ROOM}","room":"{ROOM}"}}"#)),
        ("read", format!(r#"{{"room":"{ROOM}","seq":-1}}"#)),
        ("read", format!(r#"{{"room":"{ROOM}","seq":1e3}}"#)),
        ("read", format!(r#"{{"room":"{ROOM}","seq":99999999999999999999}}"#)),
        ("history", format!(r#"{{"room":"{ROOM}","limit":4294967296}}"#)),
        ("resume", format!(r#"{{"rooms":["{ROOM}"]}}"#)),
        ("resume", format!(r#"{{"rooms":[["{ROOM}"]]}}"#)),
        ("resume", format!(r#"{{"rooms":[{{"room":"{ROOM}","more":1}}]}}"#)),
        ("resume", format!(r#"{{"rooms":{}{}}}"#, "[".repeat(100), "]".repeat(100))),
        (
            "settings",
            format!(r#"{{"room":"{ROOM}","operation":"{ROOM}","switches":[["note",true]]}}"#),
        ),
        ("open", format!(r#"{{"operation":"{ROOM}","room_kind":"secret","members":[]}}"#)),
    ];
    for (name, data) in misfits {
        let text = format!(r#"{{"id":5,"type":"{name}","data":{data}}}"#);
        assert_eq!(refused(&text), (Some(5), RefusalCode::BadRequest), "{text}");
    }
}

#[test]
fn an_unknown_type_is_told_apart() {
    let long = "x".repeat(50_000);
    for name in ["", "Send", "about", "send ", "no_such", &long] {
        let text = format!(r#"{{"id":5,"type":"{name}","data":{{}}}}"#);
        assert_eq!(refused(&text), (Some(5), RefusalCode::UnknownType));
    }
}

#[test]
fn a_long_foreign_word_is_not_said_back_whole() {
    let text = format!(r#"{{"id":5,"type":"typing","data":{{"{}":1}}}}"#, "\\u0001".repeat(10_000));
    assert_eq!(refused(&text), (Some(5), RefusalCode::BadRequest));
    // Each of these is said back as six characters.
    let text = format!(r#"{{"id":5,"type":"{}","data":{{}}}}"#, "\u{7f}".repeat(80));
    let message = parse_request(&text).unwrap_err().message;
    assert!(message.chars().count() <= 200, "{message}");
}

#[test]
fn the_order_of_fields_and_spaces_do_not_matter() {
    let text = format!(
        " {{ \"data\" : {{\"room\":\"{ROOM}\"}} ,\n\"type\":\"typ\\u0069ng\", \"id\": 0 }} "
    );
    let typing = Request::Typing(Typing { room: ROOM.parse().unwrap() });
    assert_eq!(parse_request(&text), Ok((0, typing)));
}

#[test]
fn codes_are_written_as_their_words_and_numbers_are_unique() {
    for code in RefusalCode::ALL {
        assert_eq!(serde_json::to_value(code).unwrap(), code.word());
    }
    for code in FailureCode::ALL {
        assert_eq!(serde_json::to_value(code).unwrap(), code.word());
    }
    let numbers: BTreeSet<u16> = CloseCode::ALL.iter().map(|code| code.number()).collect();
    assert_eq!(numbers.len(), CloseCode::ALL.len());
    assert!(numbers.iter().all(|number| (4000..5000).contains(number)));
    // A close frame holds 123 bytes of reason.
    assert!(CloseCode::ALL.iter().all(|code| code.advice().len() <= 123));
}

/// A request that is nearly right.
fn nearly() -> impl Strategy<Value = String> {
    let names: Vec<&str> = Request::NAMES.iter().map(|(name, _)| *name).collect();
    let fields = ["room", "operation", "text", "users", "target", "seq", "rooms", "limit", "token"];
    let id = format!("\"{ROOM}\"");
    let values = [
        &id,
        "1",
        "-1",
        "null",
        "true",
        "[]",
        "{}",
        "\"x\"",
        "[{}]",
        "1e999",
        "[[[",
        "\"\\ud800\"",
    ];
    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
    let field = (proptest::sample::select(fields.to_vec()), proptest::sample::select(values));
    let data = proptest::collection::vec(field, 0..5);
    (proptest::sample::select(names), data).prop_map(|(name, data)| {
        let data: Vec<String> = data.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
        format!(r#"{{"id":1,"type":"{name}","data":{{{}}}}}"#, data.join(","))
    })
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,300}") {
        drop(parse_request(&text));
        drop(parse_server_frame(&text));
    }

    #[test]
    fn no_frame_that_is_nearly_right_makes_it_panic(text in nearly(), cut in 0_usize..200) {
        drop(parse_request(&text));
        drop(parse_server_frame(&text));
        drop(parse_request(text.get(..cut).unwrap_or_default()));
    }
}
