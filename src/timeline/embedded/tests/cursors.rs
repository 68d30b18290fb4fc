//! Coming back: a cursor is a hint, and the answer has no holes.

use super::support::*;
use crate::authority::{At, Command};
use crate::timeline::{Place, Range, Want};
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::ids::{RoomId, Seq};
use crosstalk_protocol::push::ResetReason;
use crosstalk_protocol::words::RoomKind;
use uuid::Uuid;

#[tokio::test]
async fn who_comes_back_gets_what_he_missed_and_nothing_twice() {
    let (world, [alice, bob, _], room) = World::with_group().await;
    world.says(alice, room, "one").await;
    let first = world.resumes(bob, room, None).await.unwrap();
    assert_eq!(first.reset, Some(ResetReason::First));
    assert_eq!(brief(&first), ["1:created", "2:posted"]);
    world.says(alice, room, "two").await;
    let cursor = Some((first.view.stint(), first.at));
    let second = world.resumes(bob, room, cursor).await.unwrap();
    assert_eq!((second.reset, texts(&second)), (None, vec!["two".to_owned()]));
    assert_eq!(second.view.shown(), Seq(3));
    let third = world.resumes(bob, room, Some((second.view.stint(), second.at))).await.unwrap();
    assert!(third.rows.is_empty() && !third.more);
    assert_eq!(third.at, second.at);
}

#[tokio::test]
async fn a_cursor_that_is_not_the_stores_is_reset() {
    let (world, [alice, bob, _], room) = World::with_group().await;
    world.says(alice, room, "one").await;
    let sight = world.resumes(bob, room, None).await.unwrap();
    let (stint, at) = (sight.view.stint(), sight.at);
    let forged = [
        (ResetReason::Epoch, stint, At { epoch: at.epoch ^ 1, ..at }),
        (ResetReason::Stint, stint.next(), at),
        (ResetReason::Place, stint, At { tag: at.tag ^ 1, ..at }),
        (ResetReason::Place, stint, At { seq: Seq(99), ..at }),
        (ResetReason::Place, stint, At { seq: Seq::MAX, ..at }),
        (ResetReason::Place, stint, At { seq: Seq::ZERO, ..at }),
    ];
    for (reason, stint, at) in forged {
        let sight = world.resumes(bob, room, Some((stint, at))).await.unwrap();
        assert_eq!(sight.reset, Some(reason), "{at:?}");
        assert_eq!(texts(&sight), ["one"], "the latest page");
    }
}

#[tokio::test]
async fn r16_who_was_removed_and_added_again_starts_anew_and_sees_no_gap() {
    let (world, [alice, bob, _], room) = World::with_group().await;
    world.says(alice, room, "before").await;
    let sight = world.resumes(bob, room, None).await.unwrap();
    let old = (sight.view.stint(), sight.at);
    world.does(alice, room, Command::Remove { users: vec![bob] }).await.unwrap();
    let gone = world.resumes(bob, room, Some(old)).await.unwrap_err();
    let never = world.resumes(bob, RoomId(Uuid::now_v7()), Some(old)).await.unwrap_err();
    assert_eq!(gone, never, "to him the group is one that never was");
    assert_eq!(gone.code, RefusalCode::NotFound);
    let secret = world.says(alice, room, "while he was away").await;
    world.does(alice, room, Command::Add { users: vec![bob] }).await.unwrap();
    world.says(alice, room, "welcome back").await;
    let sight = world.resumes(bob, room, Some(old)).await.unwrap();
    assert_eq!(sight.reset, Some(ResetReason::Stint));
    assert_eq!(brief(&sight), ["1:created", "2:posted", "3-4", "5:added", "6:posted"]);
    assert_eq!(texts(&sight), ["before", "welcome back"]);
    // R14: what was edited in the gap shows its text of now; what was said in it stays hidden.
    let page = Want::Page { room, range: Range::Before(secret.next()), limit: 10 };
    assert_eq!(brief(&world.sees(bob, page).await.unwrap()), ["1:created", "2:posted", "3-4"]);
}

#[tokio::test]
async fn r14_a_newcomer_starts_where_he_came_in() {
    let (world, [alice, _, _], room) = World::with_group().await;
    for index in 0..300 {
        world.says(alice, room, &index.to_string()).await;
    }
    let dave = world.user(world.people[0].1, "dave").await;
    world.does(alice, room, Command::Add { users: vec![dave] }).await.unwrap();
    world.says(alice, room, "hello dave").await;
    let sight = world.resumes(dave, room, None).await.unwrap();
    assert_eq!(brief(&sight), ["302:added", "303:posted"]);
    let page = Want::Page { room, range: Range::After(Seq::ZERO), limit: 10 };
    let after = world.sees(dave, page).await.unwrap();
    assert_eq!(brief(&after), ["1-301", "302:added", "303:posted"], "passed in one step");
    let page = Want::Page { room, range: Range::Before(Seq(302)), limit: 10 };
    let before = world.sees(dave, page).await.unwrap();
    assert!(before.rows.is_empty() && !before.more);
}

#[tokio::test]
async fn pages_join_without_holes_in_both_directions() {
    let (world, [alice, bob, _], room) = World::with_group().await;
    let sends = (0..450).map(|index| world.append(proposal(room, alice, post(&index.to_string()))));
    futures::future::join_all(sends).await;
    let first = world.resumes(bob, room, None).await.unwrap();
    assert_eq!(first.rows.len(), 50);
    let mut forwards = Vec::new();
    let mut at = Seq::ZERO;
    loop {
        let page = Want::Page { room, range: Range::After(at), limit: 100 };
        let sight = world.sees(bob, page).await.unwrap();
        forwards.extend(brief(&sight));
        at = sight.at.seq;
        if !sight.more {
            break;
        }
    }
    let mut backwards = Vec::new();
    let mut before = Seq::MAX;
    loop {
        let page = Want::Page { room, range: Range::Before(before), limit: 100 };
        let sight = world.sees(bob, page).await.unwrap();
        let rows = brief(&sight);
        before = stored_seqs(&sight)[0];
        backwards.splice(0..0, rows);
        if !sight.more {
            break;
        }
    }
    assert_eq!(forwards.len(), 451);
    assert_eq!(forwards, backwards);
}

#[tokio::test]
async fn large_texts_end_a_page_early_and_the_rest_follows() {
    let (world, [alice, bob, _], room) = World::with_group().await;
    let start = world.resumes(bob, room, None).await.unwrap();
    let large = "x".repeat(10_000);
    for _ in 0..30 {
        world.says(alice, room, &large).await;
    }
    let mut cursor = (start.view.stint(), start.at);
    let mut got = 0;
    for _ in 0..10 {
        let sight = world.resumes(bob, room, Some(cursor)).await.unwrap();
        assert!(sight.rows.len() < 15);
        got += sight.rows.len();
        cursor.1 = sight.at;
        if !sight.more {
            break;
        }
    }
    assert_eq!(got, 30);
    let latest = world.page(bob, room).await.unwrap();
    assert!(latest.more && latest.rows.len() < 15);
    assert_eq!(latest.at.seq, Seq(31), "a page of the latest keeps its end");
}

#[tokio::test]
async fn a_hundred_rooms_resume_at_once_in_the_order_asked() {
    let world = World::new();
    let acme = world.company("Acme").await;
    let (alice, carol) = (world.user(acme, "alice").await, world.user(acme, "carol").await);
    let mut places = Vec::new();
    for index in 0..100 {
        let room = world.open(alice, RoomKind::Internal, &[carol]).await;
        world.says(alice, room, &index.to_string()).await;
        places.push(Place { room, stint: None, at: None });
    }
    places.reverse();
    places[7].room = RoomId(Uuid::now_v7());
    let read = world.reads(carol, Want::Resume(places.clone())).await;
    for (index, ((room, sight), place)) in read.rooms.iter().zip(&places).enumerate() {
        assert_eq!(*room, place.room);
        match sight {
            Ok(sight) => assert_eq!(texts(sight), [(99 - index).to_string()]),
            Err(refusal) => assert_eq!((index, refusal.code), (7, RefusalCode::NotFound)),
        }
    }
    let list = world.reads(carol, Want::List { after: None, limit: 60 }).await;
    assert!(list.more);
    let after = Some(list.rooms[59].0);
    let rest = world.reads(carol, Want::List { after, limit: 60 }).await;
    assert_eq!((list.rooms.len(), rest.rooms.len(), rest.more), (60, 40, false));
}

#[tokio::test]
async fn r19_rooms_that_a_withdrawal_has_not_written_yet_fill_no_page_of_the_list() {
    let (mut world, [alice, bob, _], first) = World::with_group().await;
    let mut rooms = vec![first];
    for _ in 0..4 {
        rooms.push(world.group(alice, &[bob]).await);
    }
    world.stop();
    // As after a cut, of which the job has written nothing, and a permission, and two additions.
    let stale =
        "UPDATE stint SET person_outside = person_outside + 7 WHERE room <= 3 AND master = 0";
    assert!(world.change(stale) >= 3);
    world.start().unwrap();
    let list = world.reads(bob, Want::List { after: None, limit: 1 }).await;
    assert_eq!((list.rooms.len(), list.rooms[0].0, list.more), (1, rooms[3], true));
    let rest = world.reads(bob, Want::List { after: Some(rooms[3]), limit: 1 }).await;
    assert_eq!((rest.rooms.len(), rest.rooms[0].0, rest.more), (1, rooms[4], false));
}

#[tokio::test]
async fn r14_a_reaction_made_while_he_was_away_stays_hidden() {
    let (world, [alice, bob, carol], room) = World::with_group().await;
    let said = world.says(bob, room, "before").await;
    world.does(carol, room, react(said, true)).await.unwrap();
    world.does(alice, room, Command::Remove { users: vec![bob] }).await.unwrap();
    world.does(alice, room, react(said, true)).await.unwrap();
    world.does(alice, room, Command::Add { users: vec![bob] }).await.unwrap();
    let seen = async |user| {
        let reactions = world.page(user, room).await.unwrap().reactions;
        reactions.iter().map(|it| it.user).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(seen(bob).await, [carol].into());
    assert_eq!(seen(carol).await, [alice, carol].into());
}
