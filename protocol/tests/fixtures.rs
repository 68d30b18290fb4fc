//! The fixtures are the wire format by example: every frame and every change kind has one, and
//! each reads and writes without loss. Clients in other languages read the same files.

#![expect(clippy::expect_used, clippy::panic, reason = "a test's helpers may fail it")]

use crosstalk_protocol::answer::Answer;
use crosstalk_protocol::envelope::{
    AnswerFrame, RequestFrame, ServerFrame, parse_request, parse_server_frame,
};
use crosstalk_protocol::push::Push;
use crosstalk_protocol::schema::{Side, change_kinds, frames, notice_kinds};
use crosstalk_protocol::{FRAME_BYTES_MAX, entry::Change};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The fixtures of one side by their names: `send`, `entry.posted`.
fn fixtures(side: &str) -> BTreeMap<String, String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(side);
    let files = fs::read_dir(directory).expect("the fixtures are there");
    let read = |path: &Path| {
        let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        (name, fs::read_to_string(path).expect("a fixture is text"))
    };
    files.map(|file| read(&file.expect("a fixture can be listed").path())).collect()
}

/// What the frame says when it is written again.
fn again<T: serde::Serialize>(frame: &T) -> Value {
    let text = serde_json::to_string(frame).expect("a frame can be written");
    assert!(text.len() <= FRAME_BYTES_MAX);
    serde_json::from_str(&text).expect("a written frame is JSON")
}

fn as_json(text: &str) -> Value {
    serde_json::from_str(text).expect("a fixture is JSON")
}

#[test]
fn requests_read_and_write_without_loss() {
    for (name, text) in fixtures("request") {
        let (id, request) = parse_request(&text).unwrap_or_else(|bad| panic!("{name}: {bad:?}"));
        assert_eq!(request.name(), name);
        assert_eq!(again(&RequestFrame { id, request: &request }), as_json(&text), "{name}");
    }
}

#[test]
fn answers_read_and_write_without_loss() {
    for (name, text) in fixtures("answer") {
        let frame = parse_server_frame(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let ServerFrame::Answer(id, answer) = frame else { panic!("{name} is no answer") };
        assert_eq!(again(&AnswerFrame { id, answer: &answer }), as_json(&text), "{name}");
    }
}

#[test]
fn pushes_read_and_write_without_loss() {
    for (name, text) in fixtures("push") {
        let frame = parse_server_frame(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let ServerFrame::Push(push) = frame else { panic!("{name} is no push") };
        assert_eq!(again(&push), as_json(&text), "{name}");
        if let Push::Entry(entry) = &push {
            assert_eq!(name, format!("entry.{}", entry.change.kind()));
        }
    }
}

#[test]
fn nothing_lacks_a_fixture() {
    let sides = [("request", Side::Request), ("answer", Side::Answer), ("push", Side::Push)];
    for (word, side) in sides {
        let fixtures = fixtures(word);
        for (name, description) in frames(side) {
            let shown = fixtures.keys().any(|key| key.split('.').next() == Some(&name));
            assert!(shown, "no fixture for the {word} {name}");
            assert!(!description.is_empty(), "nothing says what the {word} {name} is for");
        }
        for (key, text) in &fixtures {
            let kind = as_json(text).get("type").and_then(Value::as_str).map(str::to_owned);
            assert_eq!(kind.as_deref(), key.split('.').next(), "{word}/{key}.json");
        }
    }
    let pushes = fixtures("push");
    for kind in change_kinds() {
        assert!(pushes.contains_key(&format!("entry.{kind}")), "no fixture for the change {kind}");
    }
    for kind in notice_kinds() {
        assert!(pushes.contains_key(&format!("notice.{kind}")), "no fixture for the notice {kind}");
    }
}

#[test]
fn every_request_names_an_answer_that_is_one() {
    let answers = frames(Side::Answer);
    for (request, answer) in crosstalk_protocol::request::Request::NAMES {
        assert!(answers.iter().any(|(name, _)| name == answer), "{request} => {answer}");
    }
    let requests: Vec<_> = frames(Side::Request).into_iter().map(|(name, _)| name).collect();
    let names = crosstalk_protocol::request::Request::NAMES.iter().map(|(name, _)| *name);
    assert_eq!(requests, names.collect::<Vec<_>>());
}

#[test]
fn a_change_has_a_kind_and_an_answer_always_has_data() {
    let text = r#"{"type":"posted"}"#;
    assert!(serde_json::from_str::<Change>(text).is_err(), "a change has a kind, not a type");
    let answer = as_json(&serde_json::to_string(&Answer::Noted {}).expect("it can be written"));
    assert_eq!(answer, serde_json::json!({"type": "noted", "data": {}}));
}
