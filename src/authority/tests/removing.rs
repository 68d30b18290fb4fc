//! After a removal (R16–R18) and whom it is told (R17).

use super::world::*;
use crate::authority::{Actor, Addressed, Command, Refusal};
use crosstalk_protocol::ids::{Seq, UserId};
use crosstalk_protocol::push::NoticeKind;
use crosstalk_protocol::words::RoomKind;

fn told_to(world: &World, user: UserId) -> Vec<NoticeKind> {
    let notices = world.told().notices.iter().filter(|told| told.user == user);
    notices.map(|told| told.notice.clone()).collect()
}

#[test]
fn to_a_removed_person_every_command_answers_as_if_the_group_never_was() {
    // R16
    let mut world = World::with_group();
    let said = world.says(BOB, "hello");
    world.does(ALICE, remove(&[BOB])).unwrap();
    let commands = [
        post("again"),
        edit(said),
        Command::Unsend { target: said },
        react(said, true),
        Command::Pin { target: said, on: true },
        convert(),
        invite(&[CARL]),
        Command::InviteGuest,
        Command::Rename { name: String::new() },
        Command::Leave,
        add(&[BOB]),
        remove(&[CAROL]),
        Command::Appoint { user: BOB },
        Command::Dismiss { user: ALICE },
        settings(None, Vec::new(), None),
        Command::Delete,
        Command::NameMaster { user: BOB },
        Command::Hand { to: SOUTH },
        Command::Settle,
        Command::Enter { guest: GUS, inviter: BOB },
    ];
    for command in commands {
        assert_eq!(world.does(BOB, command.clone()).unwrap_err(), Refusal::not_found());
        assert_eq!(world.does(CARL, command).unwrap_err(), Refusal::not_found(), "as a stranger");
    }
    assert_eq!(world.sees(BOB), [0; 0]);
}

#[test]
fn to_a_removed_person_a_retry_answers_as_if_the_group_never_was() {
    // R16, R29
    let mut world = World::with_group();
    let intent = world.told().fresh(Actor::Person(BOB), post("hello"));
    world.sends(&intent).unwrap();
    world.does(ALICE, remove(&[BOB])).unwrap();
    assert_eq!(world.sends(&intent).unwrap_err(), Refusal::not_found());
    let other = crate::authority::Intent { command: post("other"), ..intent.clone() };
    assert_eq!(world.sends(&other).unwrap_err(), Refusal::not_found());
    world.does(ALICE, add(&[BOB])).unwrap();
    assert_eq!(world.sends(&intent).unwrap().repeated, Some(Seq(2)), "he is a member again");
}

#[test]
fn being_added_removed_and_added_again_is_told_to_his_inbox() {
    // R17
    let mut world = World::with_group();
    let room = world.told().room.id;
    world.does(ALICE, remove(&[BOB])).unwrap();
    world.does(ALICE, add(&[BOB])).unwrap();
    let added = |stint| NoticeKind::Added { room, stint: Seq(stint) };
    assert_eq!(told_to(&world, BOB), [added(1), NoticeKind::Removed { room }, added(3)]);
    assert_eq!(told_to(&world, CAROL), [added(1)]);
    assert_eq!(told_to(&world, CARL), []);
}

#[test]
fn what_is_said_and_set_is_told_to_no_inbox() {
    // R17: only what concerns one person alone.
    let mut world = World::with_group();
    let before = world.told().notices.len();
    let said = world.says(BOB, "hello");
    for command in [edit(said), react(said, true), Command::Pin { target: said, on: true }] {
        world.does(BOB, command).unwrap();
    }
    world.does(BOB, Command::Unsend { target: said }).unwrap();
    world.does(ALICE, Command::Appoint { user: BOB }).unwrap();
    world.does(ALICE, settings(Some("New"), Vec::new(), None)).unwrap();
    assert_eq!(world.told().notices.len(), before);
}

#[test]
fn who_is_cut_off_is_told_of_each_room() {
    // R17, R19
    let mut world = World::with_group();
    world.permits(BOB, false);
    world.asks(Actor::Rule, Command::Settle).unwrap();
    let room = world.told().room.id;
    assert_eq!(told_to(&world, BOB).last(), Some(&NoticeKind::Removed { room }));
}

#[test]
fn who_was_cut_off_before_a_deletion_is_told_of_his_removal_alone() {
    // R17, R21
    let mut world = World::with_group();
    let room = world.told().room.id;
    world.permits(BOB, false);
    world.does(ALICE, Command::Delete).unwrap();
    let added = NoticeKind::Added { room, stint: Seq(1) };
    assert_eq!(told_to(&world, BOB), [added.clone(), NoticeKind::Removed { room }]);
    assert_eq!(told_to(&world, CAROL), [added, NoticeKind::Deleted { room }]);
}

#[test]
fn what_he_wrote_stays_for_the_others() {
    // R18
    let mut world = World::with_group();
    let said = world.says(BOB, "hello");
    world.does(ALICE, remove(&[BOB])).unwrap();
    assert!(world.sees(CAROL).contains(&said.0));
    world.does(CAROL, react(said, true)).expect("it is a message like any other");
}

#[test]
fn opening_a_room_is_told_to_all_who_are_in_it() {
    // R17, R33
    let mut world = World::new();
    world.does(ALICE, opening(RoomKind::Internal, &[ANNA])).unwrap();
    let added = NoticeKind::Added { room: world.told().room.id, stint: Seq(1) };
    for user in [ALICE, ANNA] {
        let told = Addressed { user, notice: added.clone() };
        assert!(world.told().notices.contains(&told));
    }
}
