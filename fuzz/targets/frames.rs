//! No text makes the reading of frames panic, and what is read means the same when written again.
#![no_main]

use crosstalk_protocol::envelope::{
    AnswerFrame, BadFrame, RequestFrame, ServerFrame, parse_request, parse_server_frame,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match parse_request(text) {
        Ok((id, request)) => {
            let written = serde_json::to_string(&RequestFrame { id, request: &request }).unwrap();
            assert_eq!(parse_request(&written), Ok((id, request)), "{written}");
        }
        // It is said back to whoever sent the frame.
        Err(BadFrame { message, .. }) => {
            assert!(!message.is_empty() && message.chars().count() <= 200, "{message}");
        }
    }
    if let Ok(frame) = parse_server_frame(text) {
        let written = match &frame {
            ServerFrame::Answer(id, answer) => {
                serde_json::to_string(&AnswerFrame { id: *id, answer })
            }
            ServerFrame::Push(push) => serde_json::to_string(push),
        };
        let written = written.unwrap();
        assert_eq!(parse_server_frame(&written).unwrap(), frame, "{written}");
    }
});
