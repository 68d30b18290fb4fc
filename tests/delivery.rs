//! P4: what is acknowledged reaches every member once, in the same order; and what people do with
//! messages.

use crate::house::{House, refused, refused_naming};
use crate::people::governing::creation;
use crate::people::talking::message;
use crate::people::{Person, ids, operation};
use crosstalk_protocol::answer::Accepted;
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::entry::Change;
use crosstalk_protocol::ids::{OperationId, RoomId, Seq};
use crosstalk_protocol::push::Push;
use crosstalk_protocol::request::{Edit, Pins, React, Read, Readers, Send, Unsend};
use futures::future::{join_all, join3};

/// Alice and Bob of Acme, Carol of Globex, in one group.
async fn three_in_a_group(house: &House) -> (Person, Person, Person, RoomId) {
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, bob) = (acme.person("Alice").await, acme.person("Bob").await);
    let carol = globex.person("Carol").await;
    alice.is_contact_of(&carol).await;
    let group = alice.creates_a_group("Launch", &[&bob, &carol]).await;
    (alice, bob, carol, group)
}

#[tokio::test]
async fn what_is_said_reaches_every_member_once_and_in_one_order() {
    let house = House::open().await;
    let (alice, bob, carol, group) = three_in_a_group(&house).await;
    let talk = async |person: &Person| {
        for number in 0..20 {
            person.says(group, &format!("{} {number}", person.name)).await;
        }
    };
    // All at once: the devices themselves fail on a hole or a double.
    join3(talk(&alice), talk(&bob), talk(&carol)).await;
    let last = alice.says(group, "done").await;
    assert_eq!(last, Seq(62), "one entry created the group, then every message has its place");
    let mut heard = Vec::new();
    for person in [&alice, &bob, &carol] {
        person.is_at(group, last).await;
        heard.push(person.hand().await.texts(group));
    }
    assert_eq!(heard[0].len(), 61);
    assert_eq!(heard[0], heard[1]);
    assert_eq!(heard[0], heard[2]);
    for name in ["Alice", "Bob", "Carol"] {
        let own: Vec<&String> = heard[0].iter().filter(|text| text.starts_with(name)).collect();
        let sent: Vec<String> = (0..20).map(|number| format!("{name} {number}")).collect();
        assert_eq!(own, sent.iter().collect::<Vec<_>>(), "each one's own order stays");
    }
}

#[tokio::test]
async fn a_message_sent_again_is_one_message_and_gets_the_same_answer() {
    // R29
    let house = House::open().await;
    let (alice, bob, carol, group) = three_in_a_group(&house).await;
    let send = message(group, operation(), "once");
    let first: Accepted = alice.asks(send.clone()).await.unwrap();
    let again = join_all((0..5).map(|_| alice.asks(send.clone()))).await;
    for answer in again {
        assert_eq!(answer.unwrap(), first);
    }
    let other = Send { text: "twice".to_owned(), ..send.clone() };
    alice.is_refused(other, RefusalCode::DifferentContent).await;
    // The scope of an id is its author in a room.
    let of_bob = bob.asks(send).await.unwrap();
    assert_ne!(of_bob.seq, first.seq);
    let last = alice.says(group, "last").await;
    carol.is_at(group, last).await;
    assert_eq!(carol.texts(group).await, ["once", "once", "last"]);
}

#[tokio::test]
async fn a_creation_sent_again_makes_one_group() {
    // R29
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, carol) = (acme.person("Alice").await, globex.person("Carol").await);
    alice.is_contact_of(&carol).await;
    let create = creation("Launch", ids(&[&carol]));
    let first = alice.asks(create.clone()).await.unwrap();
    let again = alice.asks(create.clone()).await.unwrap();
    assert_eq!(first, again);
    let mut other = create;
    other.name = "Landing".to_owned();
    alice.is_refused(other, RefusalCode::DifferentContent).await;
    assert_eq!(alice.rooms().await, [first.room]);
}

#[tokio::test]
async fn an_edit_replaces_and_an_unsend_erases() {
    // R25
    let house = House::open().await;
    let (alice, bob, carol, group) = three_in_a_group(&house).await;
    let said = bob.says(group, "teh plan").await;
    let edit = bob.edits(group, said, "the plan").await;
    assert_eq!(carol.is_shown(group, "the plan").await, said);
    assert_eq!(carol.change_at(group, edit).await, Change::Edited { target: said });
    // Only the author edits, and only messages; a Group Master may unsend any.
    let edit = |target| Edit { room: group, operation: operation(), target, text: "mine".into() };
    alice.is_refused(edit(said), RefusalCode::NotAllowed).await;
    carol.is_refused(edit(Seq(1)), RefusalCode::NotAMessage).await;
    let unsend = Unsend { room: group, operation: operation(), target: said };
    carol.is_refused(unsend, RefusalCode::NotAllowed).await;
    let erased = alice.unsends(group, said).await;
    carol.is_at(group, erased).await;
    assert!(carol.texts(group).await.is_empty());
    bob.is_refused(edit(said), RefusalCode::NotAMessage).await;
    let page = serde_json::to_string(&carol.pages(group).await).unwrap();
    assert!(!page.contains("plan"), "{page}");
}

#[tokio::test]
async fn what_is_edited_and_unsent_while_away_is_as_if_he_had_been_there() {
    // R25: stale and what was missed make what is fresh.
    let house = House::open().await;
    let (alice, bob, carol, group) = three_in_a_group(&house).await;
    let first = bob.says(group, "first").await;
    let second = bob.says(group, "second").await;
    bob.reacts(group, first, "👍", true).await;
    carol.is_at(group, Seq(4)).await;
    carol.loses_the_connection().await;
    bob.edits(group, first, "1st").await;
    bob.unsends(group, second).await;
    bob.reacts(group, first, "👍", false).await;
    alice.reacts(group, first, "🎉", true).await;
    let last = alice.pins(group, first, true).await;
    carol.signs_in().await;
    carol.is_at(group, last).await;
    let fresh = carol.with_another_device();
    fresh.signs_in().await;
    fresh.is_at(group, last).await;
    let (stale, fresh) = (carol.hand().await, fresh.hand().await);
    let (stale, fresh) = (stale.device.replica(), fresh.device.replica());
    assert_eq!(stale.room(group), fresh.room(group));
    assert_eq!(stale.room(group).unwrap().reactions(first).collect::<Vec<_>>(), [(alice.id, "🎉")]);
}

#[tokio::test]
async fn replies_mentions_reactions_and_pins() {
    // R25
    let house = House::open().await;
    let (alice, bob, carol, group) = three_in_a_group(&house).await;
    let said = alice.says(group, "lunch?").await;
    let reply = carol.replies(group, said, "yes").await;
    let Change::Posted { reply_to, .. } = bob.change_at(group, reply).await else { panic!() };
    assert_eq!(reply_to, Some(said));
    let absent = Send { reply_to: Some(Seq(99)), ..message(group, operation(), "to what") };
    bob.is_refused(absent, RefusalCode::NotAMessage).await;

    let mention = Send { mentions: ids(&[&carol]), ..message(group, operation(), "@carol") };
    let mention = bob.asks(mention).await.unwrap().seq;
    let Change::Posted { mentions, .. } = carol.change_at(group, mention).await else { panic!() };
    assert_eq!(mentions, ids(&[&carol]));
    let nobody = crosstalk_protocol::ids::UserId(uuid::Uuid::now_v7());
    let strange = Send { mentions: vec![nobody], ..message(group, operation(), "@who") };
    bob.is_refused(strange, RefusalCode::NotAMember).await;

    let on = bob.reacts(group, said, "👍", true).await;
    assert_eq!(bob.reacts(group, said, "👍", true).await, on, "it stands already");
    carol.is_at(group, on).await;
    let react = |emoji: &str| React {
        room: group,
        operation: operation(),
        target: said,
        emoji: emoji.to_owned(),
        on: true,
    };
    bob.is_refused(react(""), RefusalCode::Empty).await;
    bob.is_refused(react(&"👍".repeat(9)), RefusalCode::TooLong).await;

    alice.pins(group, said, true).await;
    let pinned = carol.asks(Pins { room: group }).await.unwrap().entries;
    assert_eq!(pinned.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [said]);
    alice.pins(group, said, false).await;
    assert!(carol.asks(Pins { room: group }).await.unwrap().entries.is_empty());
}

#[tokio::test]
async fn texts_have_their_limits() {
    // R25
    let house = House::open().await;
    let (alice, bob, _, group) = three_in_a_group(&house).await;
    let longest = "あ".repeat(10_000);
    let seq = alice.says(group, &longest).await;
    assert_eq!(bob.is_shown(group, &longest).await, seq);
    let longer = message(group, operation(), &"a".repeat(10_001));
    alice.is_refused(longer, RefusalCode::TooLong).await;
    alice.is_refused(message(group, operation(), " \n"), RefusalCode::Empty).await;
    let many = vec![alice.id; 51];
    let many = Send { mentions: many, ..message(group, operation(), "all") };
    alice.is_refused(many, RefusalCode::TooLong).await;
}

#[tokio::test]
async fn the_time_to_edit_and_unsend_ends() {
    // R25
    let house = House::open_with(&[("limits.edit_window_hours", "0")]).await;
    let (alice, bob, _, group) = three_in_a_group(&house).await;
    let said = bob.says(group, "for good").await;
    let text = "not".to_owned();
    let edit = Edit { room: group, operation: operation(), target: said, text };
    bob.is_refused(edit, RefusalCode::WindowClosed).await;
    let unsend = Unsend { room: group, operation: operation(), target: said };
    bob.is_refused(unsend, RefusalCode::WindowClosed).await;
    alice.unsends(group, said).await;
}

#[tokio::test]
async fn read_marks_are_told_and_never_go_back() {
    // R25
    let house = House::open().await;
    let (alice, bob, carol, group) = three_in_a_group(&house).await;
    let first = alice.says(group, "one").await;
    let second = alice.says(group, "two").await;
    bob.is_at(group, second).await;
    bob.asks(Read { room: group, seq: second }).await.unwrap();
    bob.asks(Read { room: group, seq: first }).await.unwrap();
    alice
        .until("a read mark", |hand| {
            let mark = hand.device.replica().room(group)?.read_by(bob.id)?;
            (mark == second).then_some(())
        })
        .await;
    let readers = alice.asks(Readers { room: group, seq: second }).await.unwrap().users;
    assert!(readers.contains(&bob.id), "{readers:?}");
    assert!(!readers.contains(&carol.id), "{readers:?}");
}

#[tokio::test]
async fn typing_is_told_to_those_who_are_there() {
    // R25
    let house = House::open().await;
    let (alice, bob, _, group) = three_in_a_group(&house).await;
    alice.types(group).await;
    bob.until("typing", |hand| {
        let typing = |push: &Push| matches!(push, Push::Typing(sign) if sign.user == alice.id);
        hand.told.iter().any(typing).then_some(())
    })
    .await;
}

#[tokio::test]
async fn unread_counts_what_others_said_above_the_mark() {
    let house = House::open().await;
    let (alice, bob, _, group) = three_in_a_group(&house).await;
    let first = alice.says(group, "one").await;
    alice.says(group, "two").await;
    let unread = async |person: &Person| {
        let rooms = crosstalk_protocol::request::Rooms { after: None, limit: 100 };
        person.asks(rooms).await.unwrap().rooms[0].unread
    };
    assert_eq!((unread(&alice).await, unread(&bob).await), (0, 2));
    bob.asks(Read { room: group, seq: first }).await.unwrap();
    assert_eq!(unread(&bob).await, 1);
    bob.says(group, "mine").await;
    assert_eq!(unread(&bob).await, 0, "my own send moves my mark");
    assert_eq!(unread(&alice).await, 1);
}

#[tokio::test]
async fn an_operation_of_a_stranger_is_nothing() {
    // R16, R29: to who is no member a retry answers as for a room that never was.
    let house = House::open().await;
    let (_, _, carol, group) = three_in_a_group(&house).await;
    let outsider = house.company("Umbrella").await.person("Mallory").await;
    let outcome = outsider.asks(message(group, OperationId(uuid::Uuid::nil()), "hi")).await;
    refused(outcome, RefusalCode::NotFound);
    refused_naming(outsider.adds(group, &[&carol]).await, RefusalCode::NotFound, &[]);
    outsider.finds_nothing(group).await;
}
