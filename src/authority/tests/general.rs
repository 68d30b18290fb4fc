//! General rooms and guests (R33, R15).

use super::world::*;
use crate::authority::{Actor, Command, Refusal};
use crosstalk_protocol::code::RefusalCode as Code;
use crosstalk_protocol::entry::Change;
use crosstalk_protocol::ids::UserId;
use crosstalk_protocol::words::{Cause, HistoryVisibility, RoomKind};

fn enters(guest: UserId, inviter: UserId) -> Command {
    Command::Enter { guest, inviter }
}

#[test]
fn any_user_opens_an_internal_room_freely() {
    // R33: neither policy nor Connected-membership matters.
    let mut world = World::new();
    world.company(NORTH).external_rooms = false;
    world.permits(ANNA, false);
    world.does(ANNA, opening(RoomKind::Internal, &[ALICE])).unwrap();
    assert_eq!(world.members(), [ALICE, ANNA]);
    assert_eq!(world.masters(), []);
    assert_eq!(world.told().room.history, HistoryVisibility::SinceJoined); // R14
}

#[test]
fn nobody_of_another_company_comes_into_an_internal_room() {
    // R33: not even a contact.
    let mut world = World::new();
    let refusal = world.does(ALICE, opening(RoomKind::Internal, &[ANNA, BOB])).unwrap_err();
    assert_eq!(refusal, Refusal::naming(Code::NotContacts, vec![BOB]));
    let mut world = World::with_internal_room();
    assert_eq!(world.refuses(ALICE, invite(&[BOB])), Code::NotContacts);
}

#[test]
fn a_shared_room_needs_the_policy_connected_members_and_contacts() {
    // R33, R4
    let shared = |users: &[UserId]| opening(RoomKind::Shared, users);
    let mut world = World::new();
    assert_eq!(world.refuses(ANNA, shared(&[BOB])), Code::NotContacts);
    assert_eq!(world.refuses(ALICE, shared(&[ANNA])), Code::NobodyElse);
    world.permits(BOB, false);
    let refusal = world.does(ALICE, shared(&[BOB])).unwrap_err();
    assert_eq!(refusal, Refusal::naming(Code::NobodyElse, vec![BOB]));
    world.permits(ALICE, false);
    assert_eq!(world.refuses(ALICE, shared(&[CAROL])), Code::NotConnected);
    world.company(NORTH).external_rooms = false;
    assert_eq!(world.refuses(ALICE, shared(&[CAROL])), Code::ExternalRoomsClosed);
    assert_eq!(world.refuses(ALICE, opening(RoomKind::Group, &[CAROL])), Code::BadRequest);
}

#[test]
fn who_is_left_out_of_a_shared_room_is_told_in_its_timeline() {
    // R33, R6
    let mut world = World::new();
    world.permits(CAROL, false);
    let decision = world.does(ALICE, opening(RoomKind::Shared, &[BOB, CAROL])).unwrap();
    assert_eq!(decision.left_out.len(), 1);
    assert_eq!(world.members(), [ALICE, BOB]);
    let Change::Added { members, left_out } = world.told().last() else {
        panic!("the second entry tells")
    };
    assert_eq!((members.len(), left_out), (0, &decision.left_out));
}

#[test]
fn rooms_are_opened_by_people_and_without_guests() {
    // R33
    let mut world = World::new();
    let command = opening(RoomKind::Internal, &[ANNA]);
    assert_eq!(world.refuses_actor(Actor::Administrator(NORA), command.clone()), Code::NotAllowed);
    assert_eq!(world.refuses_actor(Actor::Operator, command), Code::NotAllowed);
    assert_eq!(world.refuses(ALICE, opening(RoomKind::Internal, &[GINA])), Code::GuestsNotAllowed);
}

#[test]
fn any_user_of_a_general_room_invites_and_renames() {
    // R33
    let mut world = World::with_shared_room();
    world.contacts(BOB, CARL);
    world.does(BOB, invite(&[BEA, CARL])).unwrap();
    assert_eq!(world.members(), [ALICE, ANNA, BOB, BEA, CAROL, CARL]);
    let renamed = world.does(CAROL, Command::Rename { name: String::new() }).unwrap();
    assert!(renamed.drafts.iter().all(|draft| draft.content && draft.author == Some(CAROL)));
    let again = world.does(BOB, invite(&[CARL])).unwrap();
    assert_eq!((again.drafts.len(), again.unchanged), (0, vec![CARL]));
}

#[test]
fn invited_are_contacts_of_who_invites_and_connected_members() {
    // R33, R4
    let mut world = World::with_shared_room();
    assert_eq!(world.refuses(BOB, invite(&[CARL])), Code::NotContacts);
    assert_eq!(world.refuses(ALICE, invite(&[GINA])), Code::GuestsNotAllowed);
    assert_eq!(world.refuses(ALICE, invite(&[GUS])), Code::NotContacts);
    world.permits(BEA, false);
    let decision = world.does(BOB, invite(&[BEA])).unwrap();
    assert_eq!(decision.left_out.len(), 1);
    assert!(!world.members().contains(&BEA));
}

#[test]
fn who_is_suspended_is_not_invited() {
    // R33, R34
    let mut world = World::new();
    world.does(ALICE, opening(RoomKind::Internal, &[])).unwrap();
    world.suspends(ANNA);
    let refusal = world.does(ALICE, invite(&[ANNA])).unwrap_err();
    assert_eq!(refusal, Refusal::naming(Code::PersonInactive, vec![ANNA]));
}

#[test]
fn a_general_room_can_be_left_and_the_way_back_is_an_invitation() {
    // R15, R33, R29
    let mut world = World::with_shared_room();
    let intent = world.told().fresh(Actor::Person(BOB), Command::Leave);
    world.sends(&intent).unwrap();
    let change = Change::Removed { users: vec![BOB], cause: Cause::Left };
    assert_eq!(world.told().last(), &change);
    assert_eq!(world.refuses(BOB, post("one more")), Code::NotFound);
    assert_eq!(world.sends(&intent).unwrap().repeated, Some(world.told().room.head));
    let other = crate::authority::Intent { command: post("one more"), ..intent.clone() };
    assert_eq!(world.sends(&other).unwrap_err(), Refusal::not_found());
    world.does(ALICE, invite(&[BOB])).unwrap();
    assert_eq!(world.sends(&other).unwrap_err().code, Code::DifferentContent, "he is back");
}

#[test]
fn a_guest_comes_in_through_a_member_whose_company_invites_guests() {
    // R33
    let mut world = World::with_shared_room();
    world.does(BOB, Command::InviteGuest).expect("he may");
    world.asks(Actor::Rule, enters(GUS, BOB)).unwrap();
    assert!(world.told().room.members[&GUS].guest);
    assert_eq!(world.told().room.members[&GUS].company, SOUTH);
    let again = world.asks(Actor::Rule, enters(GUS, BOB)).unwrap();
    assert_eq!((again.drafts.len(), again.unchanged), (0, vec![GUS]));
    let said = world.says(GUS, "hello");
    assert!(world.sees(GUS).contains(&said.0));
}

#[test]
fn guests_come_where_the_openers_and_the_inviters_companies_allow_them() {
    // R33
    for company in [NORTH, SOUTH] {
        let mut world = World::with_shared_room();
        world.company(company).guests = false;
        assert_eq!(world.refuses(BOB, Command::InviteGuest), Code::GuestsNotAllowed);
        assert_eq!(world.refuses_actor(Actor::Rule, enters(GUS, BOB)), Code::GuestsNotAllowed);
    }
    let mut world = World::with_shared_room();
    world.company(EAST).guests = false;
    world.does(BOB, Command::InviteGuest).expect("East has nothing to do with it");
}

#[test]
fn an_invitation_dies_with_the_membership_of_who_made_it() {
    // R33, R16, R19
    let mut left = World::with_shared_room();
    left.does(BOB, Command::Leave).unwrap();
    let mut cut_off = World::with_shared_room();
    cut_off.permits(BOB, false);
    for mut world in [left, cut_off] {
        assert_eq!(world.refuses_actor(Actor::Rule, enters(GUS, BOB)), Code::NotFound);
        assert_eq!(world.refuses_actor(Actor::Rule, enters(GUS, CARL)), Code::NotFound);
    }
}

#[test]
fn only_an_active_guest_of_the_inviting_company_enters() {
    // R33
    let mut world = World::with_shared_room();
    for nobody in [BEA, GINA, NOBODY] {
        assert_eq!(world.refuses_actor(Actor::Rule, enters(nobody, BOB)), Code::NotFound);
    }
    world.suspends(GUS);
    assert_eq!(world.refuses_actor(Actor::Rule, enters(GUS, BOB)), Code::NotFound);
}

#[test]
fn nobody_brings_a_guest_in_on_anothers_invitation() {
    // R33
    let mut world = World::with_shared_room();
    assert_eq!(world.refuses(ALICE, enters(GUS, BOB)), Code::NotAllowed);
    assert_eq!(world.refuses_actor(Actor::Operator, enters(GUS, BOB)), Code::NotAllowed);
    assert_eq!(world.refuses(GUS, enters(GUS, BOB)), Code::NotFound);
    world.does(BOB, enters(GUS, BOB)).expect("it is his");
}

#[test]
fn a_guest_brings_nobody_in() {
    // R33: he belongs to no company and has no contacts.
    let mut world = World::with_internal_room();
    world.asks(Actor::Rule, enters(GINA, ALICE)).unwrap();
    assert_eq!(world.refuses(GINA, invite(&[NORA])), Code::NotAllowed);
    assert_eq!(world.refuses(GINA, Command::InviteGuest), Code::NotAllowed);
    world.does(GINA, Command::Leave).expect("but he may leave");
}
