//! Places of the timeline that a member may not see: on every door they are places that never were.

use super::crawl::{Report, frame, hear, settle};
use super::{Scene, scene};
use crate::people::operation;
use crate::people::talking::message;
use crosstalk_loadtest::Client;
use crosstalk_protocol::ids::{RoomId, Seq};
use crosstalk_protocol::request::{
    Cursor, Edit, History, Pin, Pins, React, Readers, Request, Resume, Rooms, Send, Unsend,
};

/// Every request that names a message.
fn asks(room: RoomId, seq: Seq) -> Vec<Request> {
    let text = "seen".to_owned();
    let reply = Send { reply_to: Some(seq), ..message(room, operation(), "what?") };
    let emoji = "👍".to_owned();
    vec![
        Readers { room, seq }.into(),
        reply.into(),
        Edit { room, operation: operation(), target: seq, text }.into(),
        Unsend { room, operation: operation(), target: seq }.into(),
        React { room, operation: operation(), target: seq, emoji: emoji.clone(), on: true }.into(),
        React { room, operation: operation(), target: seq, emoji, on: false }.into(),
        Pin { room, operation: operation(), target: seq, on: true }.into(),
        Pin { room, operation: operation(), target: seq, on: false }.into(),
    ]
}

/// Everything that shows the past, by one who left off at this cursor.
fn reads(cursor: &Cursor) -> Vec<Request> {
    let room = cursor.room;
    let page = History { room, before: None, after: None, limit: 200 };
    let from = |stint, at: Option<&String>| Cursor { room, stint, at: at.cloned() };
    let cursors = [from(None, None), from(cursor.stint, cursor.at.as_ref())];
    let resumes = cursors.map(|cursor| Resume { rooms: vec![cursor] }.into());
    [
        page.clone().into(),
        History { before: Some(Seq::MAX), ..page.clone() }.into(),
        History { after: Some(Seq::ZERO), ..page }.into(),
        Pins { room }.into(),
        Rooms { after: None, limit: 100 }.into(),
    ]
    .into_iter()
    .chain(resumes)
    .collect()
}

/// Asks about hidden places and about places beyond the end of the room.
async fn tries(client: &mut Client, room: RoomId, hidden: &[Seq]) -> Report {
    let mut report = Report::default();
    settle(client).await;
    for seq in hidden {
        let beyond = Seq(seq.0 + 1_000);
        for (real, invented) in asks(room, *seq).iter().zip(&asks(room, beyond)) {
            let ask = frame(real);
            let real = hear(client, &ask).await;
            report.compare(&ask, &real, &hear(client, &frame(invented)).await);
        }
    }
    report
}

#[tokio::test]
async fn who_came_back_finds_nothing_of_the_time_between() {
    // R14, R16: also as a Group Master, with old cursors.
    let Scene { alice, bob, carol, group, past, .. } = scene().await;
    let removal = carol.is_removed_by(&alice, group).await;
    let secret = bob.says(group, "planted secret").await;
    let answer = bob.replies(group, secret, "planted answer").await;
    bob.edits(group, secret, "planted edit").await;
    bob.reacts(group, answer, "🤫", true).await;
    bob.pins(group, secret, true).await;
    let unsent = bob.says(group, "planted and unsent").await;
    let erasure = bob.unsends(group, unsent).await;
    alice.adds(group, &[&carol]).await.unwrap();
    alice.appoints(group, &carol).await.unwrap();
    carol.follows(group).await;

    let mut hand = carol.hand().await;
    let client = hand.device.client().unwrap();
    let hidden: Vec<Seq> = (removal.0..=erasure.0).map(Seq).collect();
    tries(client, group, &hidden).await.finds_nothing("who came back");

    let cursor = Cursor { room: group, stint: Some(past.stint), at: Some(past.at) };
    for ask in reads(&cursor) {
        let ask = frame(&ask);
        for told in hear(client, &ask).await {
            let shown = told.contains("planted") || told.contains("🤫");
            assert!(!shown, "{ask} is answered with {told}");
        }
    }
    // Her old cursor is none any more: she begins anew.
    let told = hear(client, &frame(&Resume { rooms: vec![cursor] }.into())).await;
    assert!(told.iter().any(|frame| frame.contains(r#""reset":"stint""#)), "{told:?}");
}

#[tokio::test]
async fn a_newcomer_finds_nothing_of_the_time_before() {
    // R14
    let Scene { globex, alice, bob, group, .. } = scene().await;
    let secret = bob.says(group, "planted secret").await;
    bob.reacts(group, secret, "🤫", true).await;
    bob.pins(group, secret, true).await;
    let erin = globex.person("Erin").await;
    alice.is_contact_of(&erin).await;
    let added = alice.adds(group, &[&erin]).await.unwrap().seq;
    alice.appoints(group, &erin).await.unwrap();
    erin.follows(group).await;
    let mut hand = erin.hand().await;
    let client = hand.device.client().unwrap();
    let hidden: Vec<Seq> = (1..added.0).map(Seq).collect();
    tries(client, group, &hidden).await.finds_nothing("a newcomer");
}

#[tokio::test]
async fn who_was_withdrawn_and_added_again_finds_nothing_of_what_was_his() {
    // R14, R19: the stint that his administrator ended is closed for good.
    let Scene { house, globex, alice, bob, carol, group, past, .. } = scene().await;
    bob.says(group, "planted last").await;
    globex.withdraws(&carol).await;
    house.jobs_are_done().await;
    globex.permits(&carol).await;
    let added = alice.adds(group, &[&carol]).await.unwrap().seq;
    alice.appoints(group, &carol).await.unwrap();
    carol.follows(group).await;
    let mut hand = carol.hand().await;
    let client = hand.device.client().unwrap();
    let hidden: Vec<Seq> = (1..added.0).map(Seq).collect();
    tries(client, group, &hidden).await.finds_nothing("who was withdrawn");
    let cursor = Cursor { room: group, stint: Some(past.stint), at: Some(past.at) };
    for ask in reads(&cursor) {
        let ask = frame(&ask);
        for told in hear(client, &ask).await {
            let shown = told.contains("planted") || told.contains("my work");
            assert!(!shown, "{ask} is answered with {told}");
        }
    }
}
