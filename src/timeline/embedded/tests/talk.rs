//! Talking: what is sent is there once, for who may see it.

use super::support::*;
use crate::authority::Command;
use crate::timeline::{NotAppended, Timeline, Want};
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::ids::{OperationId, Seq};
use crosstalk_protocol::words::Feature;
use uuid::Uuid;

fn refused(outcome: Result<crate::timeline::Appended, NotAppended>) -> RefusalCode {
    match outcome {
        Err(NotAppended::Refused(refusal)) => refusal.code,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn what_is_sent_is_read_and_followed() {
    let (world, [alice, bob, _], room) = World::with_group().await;
    let mut follower = world.store().follow();
    let said = world.append(world.sealed(bob, room, "hello")).await.unwrap().seq;
    let live = next(&mut follower).await;
    assert_eq!(live.entries[0].content.as_ref().unwrap().text.as_deref(), Some("hello"));
    assert_eq!(live.entries[0].entry.seq, said);
    let page = world.page(alice, room).await.unwrap();
    assert_eq!(brief(&page), ["1:created", "2:posted"]);
    assert_eq!(world.opened(&page), ["hello"]);
    assert_eq!(page.at, live.entries[0].at);
    assert_eq!(page.permit.as_of(), said);
    assert!(!page.more);
}

#[tokio::test]
async fn r29_the_same_id_makes_one_entry_also_after_a_restart() {
    let (mut world, [_, bob, _], room) = World::with_group().await;
    let id = OperationId(Uuid::now_v7());
    let first = world.append(again(id, room, bob, post("once"))).await.unwrap().seq;
    world.restart();
    let second = world.append(again(id, room, bob, post("once"))).await.unwrap().seq;
    assert_eq!(first, second);
    let other = world.append(again(id, room, bob, post("twice"))).await;
    assert_eq!(refused(other), RefusalCode::DifferentContent);
    assert_eq!(world.texts(bob, room).await, ["once"]);
    // The scope of an id is the room and the author.
    let (alice, _) = world.people[0];
    assert!(world.append(again(id, room, alice, post("mine"))).await.is_ok());
}

#[tokio::test]
async fn r29_one_batch_holds_the_same_id_once() {
    let (world, [_, bob, _], room) = World::with_group().await;
    let id = OperationId(Uuid::now_v7());
    let sends = (0..50).map(|_| world.append(again(id, room, bob, post("once"))));
    let answers = futures::future::join_all(sends).await;
    let seqs: Vec<Seq> = answers.into_iter().map(|answer| answer.unwrap().seq).collect();
    assert!(seqs.iter().all(|seq| *seq == seqs[0]));
    assert_eq!(world.texts(bob, room).await.len(), 1);
}

#[tokio::test]
async fn a_refusal_inside_a_batch_loses_no_other() {
    let (world, [_, bob, _], room) = World::with_group().await;
    let sends = (0..200).map(|index| {
        let text = if index % 3 == 0 { String::new() } else { index.to_string() };
        world.append(proposal(room, bob, post(&text)))
    });
    let answers = futures::future::join_all(sends).await;
    let kept = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(kept, 133);
    let page = world.page(bob, room).await.unwrap();
    assert_eq!(texts(&page).len(), 133);
    assert_eq!(page.room.head, Seq(134));
}

#[tokio::test]
async fn r25_an_edit_replaces_the_text_and_unsending_erases_it() {
    let (world, [alice, bob, _], room) = World::with_group_in_a_file().await;
    let target = world.says(bob, room, "teh plan").await;
    world.does(alice, room, react(target, true)).await.unwrap();
    let edit = Command::Edit { target, text: "the plan".to_owned() };
    let mut follower = world.store().follow();
    world.does(bob, room, edit).await.unwrap();
    assert_eq!(next(&mut follower).await.entries[0].version, 1);
    let page = world.page(alice, room).await.unwrap();
    assert_eq!(texts(&page), ["the plan"]);
    assert_eq!(page.reactions.len(), 1);
    assert_eq!(page.reactions[0].target, target);
    assert_eq!(content(&page.reactions[0].body).emoji.as_deref(), Some("👍"));
    let edited = stored(&page, Seq(4));
    assert_eq!(content(edited.body.as_ref().unwrap()).text.as_deref(), Some("the plan"));
    assert_eq!(edited.version, 1);
    assert!(!world.holds("teh plan"), "the old text is overwritten");

    world.does(alice, room, Command::Pin { target, on: true }).await.unwrap();
    assert_eq!(texts(&world.sees(bob, Want::Pins { room }).await.unwrap()), ["the plan"]);
    world.does(alice, room, Command::Unsend { target }).await.unwrap();
    let page = world.page(bob, room).await.unwrap();
    assert!(texts(&page).is_empty() && page.reactions.is_empty());
    assert!(stored(&page, Seq(4)).body.is_none(), "the edit shows the text of now: none");
    assert!(world.sees(bob, Want::Pins { room }).await.unwrap().rows.is_empty());
    let again = world.does(alice, room, react(target, true)).await.unwrap_err();
    assert_eq!(again.code, RefusalCode::NotAMessage);
}

#[tokio::test]
async fn a_reaction_that_stands_changes_nothing_and_is_remembered() {
    let (world, [alice, bob, _], room) = World::with_group().await;
    let target = world.says(bob, room, "hello").await;
    world.does(alice, room, react(target, true)).await.unwrap();
    let id = OperationId(Uuid::now_v7());
    let no_op = world.append(again(id, room, alice, react(target, true))).await.unwrap();
    assert_eq!(no_op.seq, Seq(3));
    world.does(alice, room, react(target, false)).await.unwrap();
    let repeated = world.append(again(id, room, alice, react(target, true))).await.unwrap();
    assert_eq!(repeated.seq, Seq(3), "a retry does not react anew");
    assert!(world.page(bob, room).await.unwrap().reactions.is_empty());
}

#[tokio::test]
async fn r12_messages_off_hide_them_and_bring_them_back() {
    let (world, [alice, bob, _], room) = World::with_group().await;
    world.says(bob, room, "hello").await;
    world.says(bob, room, "again").await;
    world.does(alice, room, switch(Feature::Message, false)).await.unwrap();
    let page = world.page(bob, room).await.unwrap();
    assert_eq!(brief(&page), ["1:created", "2-3", "4:settings"]);
    let said = world.does(bob, room, post("no")).await.unwrap_err();
    assert_eq!(said.code, RefusalCode::FeatureOff);
    let pins = world.sees(bob, Want::Pins { room }).await.unwrap_err();
    assert_eq!(pins.code, RefusalCode::FeatureOff);
    let mark = world.store().mark(room, bob, Seq(2)).await;
    assert!(matches!(mark, Err(NotAppended::Refused(_))));
    world.does(alice, room, switch(Feature::Message, true)).await.unwrap();
    assert_eq!(world.texts(bob, room).await, ["hello", "again"]);
}

#[tokio::test]
async fn r11_a_companys_own_people_alone_lose_what_it_disables() {
    let (world, [alice, bob, carol], room) = World::with_group().await;
    world.says(bob, room, "hello").await;
    let companies = [world.people[0].1, world.people[1].1];
    world.disable(companies[1], Feature::Message, true).await;
    assert_eq!(brief(&world.page(bob, room).await.unwrap()), ["1:created", "2-2"]);
    assert_eq!(world.texts(alice, room).await, ["hello"]);
    world.disable(companies[1], Feature::Message, false).await;
    world.disable(companies[0], Feature::Message, true).await;
    assert!(texts(&world.page(carol, room).await.unwrap()).is_empty(), "the owner company's lock");
}

#[tokio::test]
async fn r25_an_own_send_moves_the_own_mark_and_marks_never_go_back() {
    let (mut world, [alice, bob, _], room) = World::with_group().await;
    for text in ["one", "two", "three"] {
        world.says(bob, room, text).await;
    }
    let unread = |read: crate::timeline::Read| read.rooms[0].1.as_ref().unwrap().unread;
    let list = Want::List { after: None, limit: 10 };
    assert_eq!(unread(world.reads(alice, list.clone()).await), 3);
    assert_eq!(unread(world.reads(bob, list.clone()).await), 0);
    let marked = world.store().mark(room, alice, Seq(3)).await.unwrap();
    assert!(marked.moved);
    assert!(!world.store().mark(room, alice, Seq(2)).await.unwrap().moved);
    assert_eq!(unread(world.reads(alice, list.clone()).await), 1);
    let said = world.says(alice, room, "mine").await;
    world.restart();
    let sight = world.reads(alice, list).await.rooms.pop().unwrap().1.unwrap();
    assert_eq!((sight.read, sight.unread), (said, 0));
    assert_eq!(sight.name.map(|body| content(&body).name.unwrap()).as_deref(), Some("Falcon"));
}

#[tokio::test]
async fn read_marks_are_shown_between_companies_only_where_both_show_them() {
    let (world, [alice, bob, carol], room) = World::with_group().await;
    let said = world.says(alice, room, "hello").await;
    world.store().mark(room, bob, said).await.unwrap();
    world.store().mark(room, carol, said).await.unwrap();
    let readers = Want::Readers { room, seq: said };
    let sorted = |mut users: Vec<_>| {
        users.sort_unstable();
        users
    };
    // Carol is of Alice's company, Bob is not.
    assert_eq!(
        sorted(world.reads(alice, readers.clone()).await.readers),
        sorted(vec![alice, carol])
    );
    let policy = crate::authority::Policy::ExternalReadMarks;
    world.policy(world.people[0].1, policy, true).await;
    assert_eq!(world.reads(alice, readers.clone()).await.readers.len(), 2);
    world.policy(world.people[1].1, policy, true).await;
    assert_eq!(world.reads(alice, readers).await.readers.len(), 3);
}

#[tokio::test]
async fn r14_r18_who_could_not_see_a_message_has_not_read_it() {
    let (world, [alice, _, carol], room) = World::with_group().await;
    let dave = world.user(world.people[0].1, "dave").await;
    let said = world.says(alice, room, "before dave").await;
    world.store().mark(room, carol, said).await.unwrap();
    world.does(alice, room, Command::Add { users: vec![dave] }).await.unwrap();
    let later = world.says(alice, room, "hello dave").await;
    world.store().mark(room, dave, later).await.unwrap();
    let readers = async |seq| {
        let mut users = world.reads(alice, Want::Readers { room, seq }).await.readers;
        users.sort_unstable();
        users
    };
    assert_eq!(readers(said).await, [alice, carol], "his mark only stands behind it");
    assert_eq!(readers(later).await, [alice, dave]);
    // Removed he counts no more; added again he has read what he can see again.
    world.does(alice, room, Command::Remove { users: vec![carol, dave] }).await.unwrap();
    assert_eq!(readers(said).await, [alice]);
    world.does(alice, room, Command::Add { users: vec![carol] }).await.unwrap();
    assert_eq!(readers(said).await, [alice, carol]);
    // What R19 has closed he can't see again, and it does not count again.
    let closed = world.says(carol, room, "soon closed").await;
    assert_eq!(readers(closed).await, [carol]);
    world.connect(carol, false).await;
    world.jobs_are_done().await;
    world.connect(carol, true).await;
    world.does(alice, room, Command::Add { users: vec![carol] }).await.unwrap();
    world.says(carol, room, "again").await;
    assert_eq!(readers(closed).await, []);
    assert_eq!(readers(said).await, [alice, carol], "but not the stint before it");
}

#[tokio::test]
async fn r14_unread_leaves_out_what_was_said_while_he_was_away() {
    let (world, [alice, bob, _], room) = World::with_group().await;
    world.says(alice, room, "before").await;
    world.does(alice, room, Command::Remove { users: vec![bob] }).await.unwrap();
    world.says(alice, room, "while he was away").await;
    world.does(alice, room, Command::Add { users: vec![bob] }).await.unwrap();
    world.says(alice, room, "after").await;
    let list = world.reads(bob, Want::List { after: None, limit: 10 }).await;
    assert_eq!(list.rooms[0].1.as_ref().unwrap().unread, 2);
}
