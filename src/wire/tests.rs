//! What a wire promises, over sockets in memory and over TCP.

mod law;
mod over_tcp;

use super::memory::Memory;
use super::*;
use crosstalk_protocol::ids::{RoomId, Seq, UserId};
use futures::StreamExt;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

const LARGE: usize = 1 << 20;

fn room(number: u128) -> RoomId {
    RoomId(Uuid::from_u128(number))
}

fn permit(room_number: u128, as_of: u64, cut: u64) -> Permit {
    Permit::for_test(room(room_number), UserId(Uuid::nil()), Seq(as_of), cut)
}

fn tag(room_number: u128, as_of: u64) -> Tag {
    Tag::from(&permit(room_number, as_of, 0))
}

fn wire_to(capacity: usize, limits: Limits) -> (Arc<Wire>, Memory) {
    let (near, far) = memory::pair(capacity);
    let wire = Wire::new(near, Arc::new(Lease::unlimited()), Arc::new(limits));
    (Arc::new(wire), far)
}

/// Writes all that waits and can be written, without a task.
fn settle(wire: &Wire) {
    while wire.step() == state::Step::Again {}
}

/// The payloads of whole frames, a character a byte; the bytes must be nothing else.
fn payloads(bytes: &[u8]) -> Vec<String> {
    let mut payloads = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        let end = frame::end_of(bytes, start);
        let header = header_length(bytes[start + 1]);
        payloads.push(bytes[start + header..end].iter().map(|byte| char::from(*byte)).collect());
        start = end;
    }
    payloads
}

fn header_length(second_byte: u8) -> usize {
    match second_byte {
        126 => 4,
        127 => 10,
        _ => 2,
    }
}

#[test]
fn frames_go_straight_to_an_idle_socket() {
    let (wire, far) = wire_to(LARGE, Limits::default());
    assert_eq!(wire.deliver(tag(1, 1), &frame::text("hello")), Delivered::Written);
    assert_eq!(payloads(&far.read_now(LARGE)), ["hello"]);
    assert_eq!(wire.waiting_bytes(), 0);
}

#[test]
fn what_waits_goes_out_in_one_write() {
    let (wire, far) = wire_to(0, Limits::default());
    for number in 0..64 {
        assert_eq!(wire.deliver(tag(1, 1), &frame::text(&number.to_string())), Delivered::Waiting);
    }
    far.set_window(LARGE);
    assert_eq!(wire.step(), state::Step::Again);
    assert_eq!(payloads(&far.read_now(LARGE)).len(), 64);
}

#[test]
fn what_is_gathered_goes_out_at_its_end_in_order_and_can_be_taken_back() {
    // P2: what is gathered waits, and a removal finds it.
    let (wire, far) = wire_to(LARGE, Limits::default());
    let gathering = wire.gather();
    for (room, text) in [(1, "removed"), (2, "kept")] {
        assert_eq!(wire.deliver(tag(room, 5), &frame::text(text)), Delivered::Waiting);
    }
    assert_eq!(wire.narrow(room(1), Seq(6)), Narrowed { dropped_live: true, reset: false });
    assert_eq!(wire.push(frame::text("after")), Delivered::Waiting);
    assert_eq!(far.read_now(LARGE), b"", "it waits");
    drop(gathering);
    assert_eq!(payloads(&far.read_now(LARGE)), ["kept", "after"]);
    assert_eq!(wire.push(frame::text("at once")), Delivered::Written);
}

#[test]
fn gathering_makes_no_slow_consumer_and_holds_no_goodbye_back() {
    let limits = Limits { backlog_bytes_max: 32 * 1024, ..Limits::default() };
    let (wire, far) = wire_to(LARGE, limits);
    let gathering = wire.gather();
    for _ in 0..100 {
        assert_eq!(wire.push(frame::text(&"x".repeat(1_000))), Delivered::Waiting);
    }
    wire.close(CloseCode::Draining, 0);
    drop(gathering);
    settle(&wire);
    assert_eq!(payloads(&far.read_now(LARGE)).len(), 102, "all, why it ends, and the end");
    assert!(wire.is_closed());
}

#[test]
fn a_removal_drops_what_waits_and_what_comes_late() {
    // P1, P2, R16
    let (wire, far) = wire_to(0, Limits::default());
    for frame in ["removed", "kept"] {
        let number = if frame == "removed" { 1 } else { 2 };
        assert_eq!(wire.deliver(tag(number, 5), &frame::text(frame)), Delivered::Waiting);
    }
    assert_eq!(wire.narrow(room(1), Seq(6)), Narrowed { dropped_live: true, reset: false });
    assert_eq!(wire.deliver(tag(1, 5), &frame::text("late")), Delivered::Stale);
    assert_eq!(wire.narrow(room(1), Seq(6)), Narrowed::default(), "doubled");
    assert_eq!(wire.deliver(tag(1, 6), &frame::text("back")), Delivered::Waiting);
    far.set_window(LARGE);
    settle(&wire);
    assert_eq!(payloads(&far.read_now(LARGE)), ["kept", "back"]);
}

#[test]
fn a_removal_resets_what_it_cannot_take_back() {
    // P2, R16: a frame that has begun, or bytes that the kernel holds.
    for (capacity, written) in [(3, "a frame that has begun"), (100, "unsent")] {
        let (wire, far) = wire_to(capacity, Limits::default());
        let _delivered = wire.deliver(tag(1, 5), &frame::text(written));
        let outcome = wire.narrow(room(1), Seq(6));
        assert!(outcome.reset && far.was_reset() && wire.is_closed(), "{written}");
        assert_eq!(far.read_now(LARGE), b"");
    }
}

#[test]
fn a_removal_spares_the_connection_once_all_was_sent() {
    let (wire, far) = wire_to(100, Limits::default());
    assert_eq!(wire.deliver(tag(1, 5), &frame::text("seen")), Delivered::Written);
    assert_eq!(payloads(&far.read_now(LARGE)), ["seen"]);
    assert_eq!(wire.push(frame::text("unsent, but of no room")), Delivered::Written);
    assert_eq!(wire.narrow(room(1), Seq(6)), Narrowed::default());
}

#[test]
fn a_cut_ends_all_rooms_of_its_kind() {
    // P2, R19
    let (wire, far) = wire_to(0, Limits::default());
    let mut inside = tag(2, 5);
    inside.outside = false;
    assert_eq!(wire.deliver(tag(1, 5), &frame::text("outside")), Delivered::Waiting);
    assert_eq!(wire.deliver(inside, &frame::text("inside")), Delivered::Waiting);
    assert!(wire.cut(7, true).dropped_live);
    assert_eq!(wire.deliver(tag(3, 9), &frame::text("late")), Delivered::Stale);
    far.set_window(LARGE);
    settle(&wire);
    assert_eq!(payloads(&far.read_now(LARGE)), ["inside"]);
    assert_eq!(wire.cut(8, false), Narrowed::default());
    assert_eq!(wire.deliver(inside, &frame::text("late")), Delivered::Stale);
}

#[test]
fn an_answer_that_went_stale_is_replaced_as_long_as_it_has_not_begun() {
    // P2, R16
    let (wire, far) = wire_to(0, Limits::default());
    let permits = [permit(1, 5, 0), permit(2, 5, 0)];
    let otherwise = Otherwise::Answer(7, |id| frame::text(&format!("changed {id}")));
    let answer = || wire.answer(&permits, frame::text("content"), otherwise);
    assert_eq!(answer(), Delivered::Waiting);
    assert_eq!(wire.narrow(room(2), Seq(6)), Narrowed::default());
    assert_eq!(answer(), Delivered::Waiting);
    far.set_window(LARGE);
    settle(&wire);
    assert_eq!(payloads(&far.read_now(LARGE)), ["changed 7", "changed 7"]);

    let (wire, far) = wire_to(1, Limits::default());
    assert_eq!(wire.answer(&permits, frame::text("c"), otherwise), Delivered::Waiting);
    assert!(wire.narrow(room(1), Seq(6)).reset && far.was_reset());
}

#[test]
fn a_page_that_goes_stale_while_it_waits_is_told_to_be_gone() {
    // R16: who asked waits for a word, and would wait for ever.
    let (wire, far) = wire_to(0, Limits::default());
    let otherwise = Otherwise::Room(room(1), |_| frame::text("gone"));
    let page = || wire.page(tag(1, 5), frame::text("page"), otherwise);
    assert_eq!(page(), Delivered::Waiting);
    wire.narrow(room(1), Seq(6));
    assert_eq!(page(), Delivered::Stale);
    far.set_window(LARGE);
    settle(&wire);
    assert_eq!(payloads(&far.read_now(LARGE)), ["gone"]);
}

#[test]
fn a_slow_consumer_is_closed_and_may_come_back() {
    // Who reads too slowly costs only himself, within a bound.
    let limits = Limits { backlog_bytes_max: 4096, ..Limits::default() };
    let (wire, far) = wire_to(3, limits);
    assert_eq!(wire.push(frame::text("begun")), Delivered::Waiting);
    let delivered = loop {
        match wire.deliver(tag(1, 5), &frame::text(&"x".repeat(100))) {
            Delivered::Waiting => assert!(wire.waiting_bytes() <= limits.backlog_bytes_max),
            slow
            @ (Delivered::Written | Delivered::Stale | Delivered::Slow | Delivered::Closed) => {
                break slow;
            }
        }
    };
    assert_eq!(delivered, Delivered::Slow);
    assert!(wire.waiting_bytes() < 1024, "what was too much is gone");
    assert_eq!(wire.push(frame::text("after")), Delivered::Closed);
    let mut read = far.read_now(LARGE);
    far.set_window(LARGE);
    settle(&wire);
    read.extend(far.read_now(LARGE));
    let payloads = payloads(&read);
    assert_eq!(payloads[0], "begun");
    assert!(payloads[1].contains(r#""type":"closing""#) && payloads[1].contains("slow_consumer"));
    assert!(payloads[2].starts_with("\u{0F}\u{A4}you read too slowly"), "4004");
    assert_eq!(payloads.len(), 3);
    assert!(wire.is_closed());
}

#[test]
fn a_notice_has_its_place_in_a_full_backlog() {
    // R17
    let limits = Limits { backlog_bytes_max: 4096, reserve_bytes: 1024, ..Limits::default() };
    let (wire, far) = wire_to(0, limits);
    let filler = frame::text(&"x".repeat(100));
    while wire.waiting_bytes() + 250 < limits.backlog_bytes_max {
        assert_eq!(wire.push(filler.clone()), Delivered::Waiting);
    }
    assert_eq!(wire.notice(frame::text(&"n".repeat(500))), Delivered::Waiting);
    far.set_window(LARGE);
    settle(&wire);
    assert!(payloads(&far.read_now(LARGE)).last().unwrap().starts_with("nnn"));
}

#[test]
fn who_floods_with_pings_and_reads_no_pong_is_closed() {
    let (wire, _far) = wire_to(0, Limits::default());
    let bound = Limits::default().backlog_bytes_max + Limits::default().reserve_bytes;
    while wire.control(frame::pong(b"")) == Delivered::Waiting {
        assert!(wire.waiting_bytes() <= bound);
    }
    assert_eq!(wire.push(frame::text("")), Delivered::Closed);
}

#[test]
fn more_narrowings_than_it_can_remember_end_the_connection() {
    // P1: to forget one would let a late answer pass.
    let (wire, far) = wire_to(LARGE, Limits { narrowed_rooms_max: 2, ..Limits::default() });
    for number in 1..=3 {
        assert!(!wire.is_closed());
        assert_eq!(wire.narrow(room(number), Seq(1)), Narrowed::default());
    }
    assert!(wire.is_closed());
    assert_eq!(payloads(&far.read_now(LARGE)).len(), 2, "closing, and the close frame");
}

#[test]
fn r8_all_groups_of_a_person_may_be_lost_one_by_one() {
    let (wire, _far) = wire_to(LARGE, Limits::default());
    let groups = crate::authority::Limits::default().groups_max;
    for number in 1..=u128::from(groups) {
        wire.narrow(room(number), Seq(1));
    }
    assert!(!wire.is_closed());
}

#[test]
fn content_that_the_kernel_holds_goes_with_its_wire() {
    // P2: nobody could take it back afterwards.
    let (wire, far) = wire_to(LARGE, Limits::default());
    assert_eq!(wire.deliver(tag(1, 5), &frame::text("unsent")), Delivered::Written);
    wire.close(CloseCode::Draining, 0);
    drop(wire);
    assert!(far.was_reset());
}

#[tokio::test]
async fn without_a_lease_content_waits_and_the_rest_flows() {
    // P2
    let (near, far) = memory::pair(LARGE);
    let lease = Arc::new(Lease::by(|| 5));
    let wire = Arc::new(Wire::new(near, Arc::clone(&lease), Arc::new(Limits::default())));
    assert_eq!(wire.deliver(tag(1, 1), &frame::text("content")), Delivered::Waiting);
    assert_eq!(wire.push(frame::text("stalled")), Delivered::Waiting);
    settle(&wire);
    assert_eq!(payloads(&far.read_now(LARGE)), ["stalled"]);
    let renewal = async {
        tokio::task::yield_now().await;
        lease.extend(6);
        while wire.waiting_bytes() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = wire.flush() => panic!("the wire is open"),
        () = renewal => {}
    }
    assert_eq!(payloads(&far.read_now(LARGE)), ["content"]);
}

#[tokio::test]
async fn closing_tells_why_and_ends_after_what_waits() {
    let (wire, far) = wire_to(0, Limits::default());
    assert_eq!(wire.push(frame::text("before")), Delivered::Waiting);
    wire.close(CloseCode::Draining, 250);
    let unstall = async {
        tokio::task::yield_now().await;
        far.set_window(LARGE);
    };
    tokio::join!(wire.flush(), unstall);
    let payloads = payloads(&far.read_now(LARGE));
    assert_eq!(payloads[0], "before");
    assert!(payloads[1].contains(r#""after_ms":250"#));
    assert!(payloads[2].starts_with("\u{0F}\u{A1}"), "4001");
    assert!(wire.is_closed() && !far.was_reset());
}

#[tokio::test]
async fn a_peer_that_never_reads_the_closing_is_reset() {
    let (wire, far) =
        wire_to(0, Limits { close_grace: Duration::from_millis(5), ..Limits::default() });
    let close = async { wire.close(CloseCode::Silent, 0) };
    tokio::join!(wire.flush(), close);
    assert!(far.was_reset());
}

#[tokio::test]
async fn reading_answers_pings_and_the_close_frame_through_the_wire() {
    let limits = Limits::default();
    let (wire, far) = wire_to(LARGE, limits);
    // A ping that the handshake's reader had read too far.
    let ping = vec![0x89, 0x82, 0, 0, 0, 0, b'h', b'i'];
    let mut reader = reader::open(Arc::clone(&wire), ping, &limits).await;
    Socket::try_write(&far, &[0x81, 0x81, 0, 0, 0, 0, b'x', 0x88, 0x80, 0, 0, 0, 0]).unwrap();
    assert_eq!(reader.next().await.unwrap().unwrap(), Message::Ping(Bytes::from_static(b"hi")));
    assert_eq!(reader.next().await.unwrap().unwrap(), Message::text("x"));
    assert_eq!(reader.next().await.unwrap().unwrap(), Message::Close(None));
    assert!(reader.next().await.is_none());
    wire.flush().await;
    assert_eq!(far.read_now(LARGE), b"\x8A\x02hi\x88\x00");
    assert!(wire.is_closed());
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_by_its_header() {
    let limits = Limits::default();
    let (wire, far) = wire_to(LARGE, limits);
    let mut reader = reader::open(Arc::clone(&wire), Vec::new(), &limits).await;
    Socket::try_write(&far, &[0x81, 0xFF, 0x7F, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]).unwrap();
    let error = reader.next().await.unwrap().unwrap_err();
    assert_eq!(reader::violation(&error).unwrap().0, 1009);
}

#[test]
fn an_idle_connection_costs_little() {
    let (wire, _far) = wire_to(0, Limits::default());
    let flushing = wire.flush();
    let bytes = size_of::<Wire>() + size_of_val(&flushing);
    assert!(bytes <= 1024, "{bytes} bytes");
}
