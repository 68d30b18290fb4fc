//! Creating a group, the four ways (R1–R7, R29).

use super::told::Told;
use super::world::*;
use crate::authority::{Actor, Command, Refusal, Room};
use crosstalk_protocol::code::RefusalCode as Code;
use crosstalk_protocol::entry::{Change, LeftOut};
use crosstalk_protocol::ids::{OperationId, Seq, UserId};
use crosstalk_protocol::words::{
    Feature, Features, GroupCreation, HistoryVisibility, LeftOutReason, RoomKind, Way,
};

fn left_out(user: UserId) -> LeftOut {
    LeftOut { user, reason: LeftOutReason::NotConnected }
}

/// R1: all that makes a group the one it is, whichever way led to it.
fn state(room: &Room) -> impl PartialEq + std::fmt::Debug + use<> {
    (
        (room.kind, room.owner, room.founder, room.masters.clone()),
        (room.features, room.history, room.members.keys().copied().collect::<Vec<_>>()),
    )
}

#[test]
fn who_creates_a_group_is_its_group_master_and_founder() {
    // R2
    let world = World::with_group();
    let room = &world.told().room;
    assert_eq!(room.kind, RoomKind::Group);
    assert_eq!((room.owner, room.founder), (NORTH, Some(ALICE)));
    assert_eq!(world.masters(), [ALICE]);
    assert_eq!(world.members(), [ALICE, ANNA, BOB, CAROL]);
    assert_eq!(room.features, Features::ALL);
    assert_eq!(room.history, HistoryVisibility::SinceJoined); // R14
}

#[test]
fn all_four_ways_end_in_the_same_state() {
    // R1
    let contacts = World::with_group();
    let mut message = World::new();
    message.does(ALICE, made(Way::Message, &[ANNA, BOB, CAROL], &[])).unwrap();
    let mut converted = World::with_shared_room();
    converted.does(ALICE, convert()).unwrap();
    let mut administrator = World::new();
    administrator.asks(Actor::Administrator(NORA), named(&[ALICE], &[ANNA, BOB, CAROL])).unwrap();
    for way in [message, converted, administrator] {
        assert_eq!(state(&way.told().room), state(&contacts.told().room));
    }
}

#[test]
fn the_timeline_of_an_administrators_creation_names_no_author() {
    // R2: the Group Masters are in it, the administrator is not.
    let mut world = World::new();
    world.asks(Actor::Administrator(NORA), named(&[ALICE, BOB], &[CAROL])).unwrap();
    assert_eq!(world.told().timeline[0].author, None);
    assert_eq!(world.masters(), [ALICE, BOB]);
    assert_eq!(world.told().room.founder, Some(ALICE));
    assert_eq!(world.members(), [ALICE, BOB, CAROL]);
}

#[test]
fn where_only_administrators_create_groups_members_are_refused_all_three_ways() {
    // R3
    let mut world = World::with_shared_room();
    world.company(NORTH).group_creation = GroupCreation::Administrators;
    assert_eq!(world.refuses(ALICE, convert()), Code::GroupCreationClosed);
    let mut world = World::new();
    world.company(NORTH).group_creation = GroupCreation::Administrators;
    assert_eq!(world.refuses(ALICE, group(&[BOB])), Code::GroupCreationClosed);
    let from_message = made(Way::Message, &[BOB], &[]);
    assert_eq!(world.refuses(ALICE, from_message), Code::GroupCreationClosed);
    world.asks(Actor::Administrator(NORA), named(&[ALICE], &[BOB])).expect("administrators may");
}

#[test]
fn who_is_no_contact_of_the_creator_can_not_be_brought_in_and_is_named() {
    // R4: neither a stranger nor another member's contact.
    let mut world = World::new();
    world.contacts(BOB, CARL);
    world.facts.contacts.remove(&(ALICE, CARL));
    let refusal = world.does(ALICE, group(&[BOB, CARL])).unwrap_err();
    assert_eq!(refusal, Refusal::naming(Code::NotContacts, vec![CARL]));
}

#[test]
fn a_stranger_and_nobody_are_answered_alike() {
    // R4, R31: nobody is found by guessing.
    let mut world = World::new();
    let stranger = world.does(ANNA, group(&[BOB])).unwrap_err();
    let nobody = world.does(ANNA, group(&[NOBODY])).unwrap_err();
    assert_eq!((stranger.code, stranger.users), (Code::NotContacts, vec![BOB]));
    assert_eq!((nobody.code, nobody.users), (Code::NotContacts, vec![NOBODY]));
}

#[test]
fn an_administrator_brings_in_contacts_of_the_group_masters_whom_he_names() {
    // R4
    let mut world = World::new();
    world.contacts(ANNA, CARL);
    world.facts.contacts.remove(&(ALICE, CARL));
    let nora = Actor::Administrator(NORA);
    let refusal = world.asks(nora, named(&[ALICE], &[BOB, CARL])).unwrap_err();
    assert_eq!(refusal, Refusal::naming(Code::NotContacts, vec![CARL]));
    world.asks(nora, named(&[ALICE, ANNA], &[BOB, CARL])).unwrap();
    assert_eq!(world.members(), [ALICE, ANNA, BOB, CARL]);
}

#[test]
fn strangers_to_a_company_can_not_vouch_for_each_other() {
    // R4: Bea and Carl are contacts of each other and of nobody in North.
    let mut world = World::new();
    world.facts.contacts.clear();
    world.contacts(BEA, CARL);
    world.contacts(ALICE, BOB);
    let nora = Actor::Administrator(NORA);
    let refusal = world.asks(nora, named(&[ALICE, BOB, BEA, CARL], &[])).unwrap_err();
    assert_eq!(refusal, Refusal::naming(Code::NotContacts, vec![BEA, CARL]));
    world.contacts(BOB, CARL);
    let refusal = world.asks(nora, named(&[ALICE, BOB, BEA], &[CARL])).unwrap_err();
    assert_eq!(refusal, Refusal::naming(Code::NotContacts, vec![BEA]));
    world.asks(nora, named(&[ALICE, BOB, CARL, BEA], &[])).expect("Carl knows her, Bob knows Carl");
}

#[test]
fn a_guest_can_not_be_named_in_a_creation() {
    // R5
    let refusal = Refusal::naming(Code::GuestsNotAllowed, vec![GINA]);
    let mut world = World::new();
    assert_eq!(world.does(ALICE, group(&[BOB, GINA, GUS])).unwrap_err(), refusal);
    let by_nora = world.asks(Actor::Administrator(NORA), named(&[ALICE], &[BOB, GINA, GUS]));
    assert_eq!(by_nora.unwrap_err(), refusal);
    let first = world.asks(Actor::Administrator(NORA), named(&[GINA], &[BOB])).unwrap_err();
    assert_eq!(first, Refusal::naming(Code::GuestsNotAllowed, vec![GINA]));
    // R8: the guest of another company is a stranger like any other.
    let stranger = world.does(ALICE, group(&[BOB, GUS])).unwrap_err();
    assert_eq!(stranger, Refusal::naming(Code::NotContacts, vec![GUS]));
}

#[test]
fn a_guest_and_who_is_suspended_create_nothing() {
    // R33, R34
    let mut world = World::new();
    assert_eq!(world.refuses(GINA, group(&[BOB])), Code::NotAllowed);
    assert_eq!(world.refuses(GINA, opening(RoomKind::Internal, &[ALICE])), Code::NotAllowed);
    world.suspends(ALICE);
    assert_eq!(world.refuses(ALICE, group(&[BOB])), Code::PersonInactive);
    assert_eq!(world.refuses(ALICE, opening(RoomKind::Internal, &[])), Code::PersonInactive);
    assert_eq!(world.refuses(NOBODY, group(&[BOB])), Code::PersonInactive);
}

#[test]
fn a_candidate_who_is_no_connected_member_is_left_out_and_everybody_is_told() {
    // R6
    let mut world = World::new();
    world.permits(ANNA, false);
    world.permits(CAROL, false);
    let decision = world.does(ALICE, group(&[ANNA, BOB, CAROL])).unwrap();
    assert_eq!(decision.left_out, [left_out(ANNA), left_out(CAROL)]);
    let Change::Created { left_out: told, members, .. } = world.told().last() else {
        panic!("it was created")
    };
    assert_eq!(told, &[left_out(ANNA), left_out(CAROL)]);
    assert_eq!(members.len(), 2);
    assert_eq!(world.members(), [ALICE, BOB]);
}

#[test]
fn a_company_without_external_messaging_has_no_connected_members() {
    // R6, R19
    let mut world = World::new();
    world.company(SOUTH).external_messaging = false;
    let decision = world.does(ALICE, group(&[BOB, CAROL])).unwrap();
    assert_eq!(decision.left_out, [left_out(BOB)]);
    world.company(NORTH).external_messaging = false;
    assert_eq!(world.refuses(ALICE, group(&[CAROL])), Code::NotConnected);
}

#[test]
fn a_creator_who_is_no_connected_member_is_refused() {
    // R6
    let mut world = World::new();
    world.permits(ALICE, false);
    assert_eq!(world.refuses(ALICE, group(&[BOB])), Code::NotConnected);
    let by_nora = world.refuses_actor(Actor::Administrator(NORA), named(&[ALICE], &[BOB]));
    assert_eq!(by_nora, Code::NotConnected);
}

#[test]
fn a_group_needs_somebody_of_another_company() {
    // R6: nobody was named, or nobody is left.
    let mut world = World::new();
    assert_eq!(world.refuses(ALICE, group(&[ANNA])), Code::NobodyElse);
    assert_eq!(world.refuses(ALICE, group(&[])), Code::NobodyElse);
    world.permits(BOB, false);
    let refusal = world.does(ALICE, group(&[ANNA, BOB])).unwrap_err();
    assert_eq!(refusal, Refusal::naming(Code::NobodyElse, vec![BOB]));
    assert!(world.told().timeline.is_empty(), "a refusal writes nothing");
}

#[test]
fn a_colleague_who_is_suspended_is_refused_and_a_stranger_only_left_out() {
    // R6, R31: another company's people's suspension is not told.
    let mut world = World::new();
    world.suspends(CAROL);
    let decision = world.does(ALICE, group(&[BOB, CAROL])).unwrap();
    assert_eq!(decision.left_out, [left_out(CAROL)]);
    let mut world = World::new();
    world.suspends(ANNA);
    let refusal = world.does(ALICE, group(&[ANNA, BOB])).unwrap_err();
    assert_eq!(refusal, Refusal::naming(Code::PersonInactive, vec![ANNA]));
}

#[test]
fn an_administrator_names_at_least_one_group_master_first_of_his_own_company() {
    // R2
    let mut world = World::new();
    let nora = Actor::Administrator(NORA);
    let none = world.asks(nora, named(&[], &[ALICE, BOB])).unwrap_err();
    assert_eq!(none, Refusal::about(Code::Empty, "masters"));
    for foreign in [BOB, NOBODY] {
        let refusal = world.asks(nora, named(&[foreign, ALICE], &[])).unwrap_err();
        assert_eq!(refusal, Refusal::about(Code::NotAllowed, "masters"));
    }
}

#[test]
fn a_named_group_master_who_is_left_out_is_none() {
    // R2, R6
    let mut world = World::new();
    world.permits(ANNA, false);
    let decision = world.asks(Actor::Administrator(NORA), named(&[ALICE, ANNA, ALICE], &[BOB]));
    assert_eq!(decision.unwrap().left_out, [left_out(ANNA)]);
    assert_eq!(world.masters(), [ALICE]);
}

#[test]
fn only_administrators_create_as_administrators() {
    // R1, R31
    let mut world = World::new();
    let command = named(&[ALICE], &[BOB]);
    assert_eq!(
        world.refuses_actor(Actor::Administrator(ALICE), command.clone()),
        Code::NotAdministrator
    );
    assert_eq!(world.refuses(ALICE, command.clone()), Code::NotAllowed);
    assert_eq!(world.refuses(ALICE, made(Way::Conversion, &[BOB], &[])), Code::NotAllowed);
    assert_eq!(world.refuses_actor(Actor::Operator, command.clone()), Code::NotAllowed);
    assert_eq!(world.refuses_actor(Actor::Administrator(NORA), group(&[BOB])), Code::NotAllowed);
    world.suspends(NORA);
    assert_eq!(world.refuses_actor(Actor::Administrator(NORA), command), Code::PersonInactive);
}

#[test]
fn a_creation_sent_again_is_answered_the_same_and_makes_nothing() {
    // R29
    let mut world = World::new();
    world.permits(CAROL, false);
    let intent = world.told().fresh(Actor::Person(ALICE), group(&[BOB, CAROL]));
    let first = world.sends(&intent).unwrap();
    world.says(BOB, "hello");
    let again = world.sends(&intent).unwrap();
    assert_eq!((again.repeated, again.drafts.len()), (Some(Seq(1)), 0));
    assert_eq!(again.left_out, first.left_out);
    let other = crate::authority::Intent { command: group(&[BOB]), ..intent };
    assert_eq!(world.sends(&other).unwrap_err().code, Code::DifferentContent);
}

#[test]
fn a_creation_sent_again_by_who_was_removed_since_is_answered_as_if_it_never_was() {
    // R16, R29: old ids tell nothing.
    let mut world = World::new();
    let intent = world.told().fresh(Actor::Person(ALICE), group(&[BOB]));
    world.sends(&intent).unwrap();
    world.does(ALICE, Command::Appoint { user: BOB }).unwrap();
    world.does(BOB, remove(&[ALICE])).unwrap();
    assert_eq!(world.sends(&intent).unwrap_err(), Refusal::not_found());
    let other = crate::authority::Intent { command: group(&[CAROL]), ..intent };
    assert_eq!(world.sends(&other).unwrap_err(), Refusal::not_found());
}

#[test]
fn any_member_converts_a_shared_room_and_becomes_its_group_master() {
    // R7
    let mut world = World::with_shared_room();
    let (id, said) = (world.told().room.id, world.says(BOB, "before"));
    for other in [ALICE, ANNA, CAROL] {
        world.contacts(BOB, other);
    }
    world.does(BOB, convert()).unwrap();
    let room = &world.told().room;
    assert_eq!((room.kind, room.owner, room.founder), (RoomKind::Group, SOUTH, Some(BOB)));
    assert_eq!(world.masters(), [BOB]);
    assert_eq!((room.id, room.head), (id, Seq(3)));
    assert!(room.members.values().all(|member| member.stint == Seq(1)));
    assert!(world.sees(CAROL).contains(&said.0), "the timeline stays");
}

#[test]
fn no_command_leads_back_from_a_group() {
    // R7, R33
    let mut world = World::with_group();
    let rename = Command::Rename { name: "Chat".to_owned() };
    for command in [convert(), rename, invite(&[CARL]), Command::InviteGuest] {
        assert_eq!(world.refuses(ALICE, command), Code::NotAGeneralRoom);
    }
}

#[test]
fn a_conversion_needs_contacts_and_no_guests_and_another_company() {
    // R4, R5, R6, R7
    let mut world = World::with_shared_room();
    let refusal = world.does(ANNA, convert()).unwrap_err();
    assert_eq!(refusal, Refusal::naming(Code::NotContacts, vec![BOB, CAROL]));
    world.asks(Actor::Rule, Command::Enter { guest: GINA, inviter: ALICE }).unwrap();
    let refusal = world.does(ALICE, convert()).unwrap_err();
    assert_eq!(refusal, Refusal::naming(Code::GuestsNotAllowed, vec![GINA]));
    assert_eq!(world.refuses(GINA, convert()), Code::NotAllowed);
    assert_eq!(world.refuses(BEA, convert()), Code::NotFound);
    let mut world = World::with_internal_room();
    assert_eq!(world.refuses(ALICE, convert()), Code::NobodyElse);
}

#[test]
fn who_was_cut_off_is_removed_before_the_conversion() {
    // R7, R19
    let mut world = World::with_shared_room();
    world.permits(CAROL, false);
    world.does(ALICE, convert()).unwrap();
    assert_eq!(world.members(), [ALICE, ANNA, BOB]);
    assert_eq!(world.told().timeline.len(), 3, "removed, then converted");
    world.permits(BOB, false);
    let mut world = World::with_shared_room();
    world.permits(BOB, false);
    world.permits(CAROL, false);
    assert_eq!(world.refuses(ALICE, convert()), Code::NobodyElse);
}

#[test]
fn a_conversion_leaves_out_who_is_no_connected_member() {
    // R6, R7: facts that no store should bring, and yet: he is not taken along.
    let mut world = World::with_shared_room();
    world.person(CAROL).connected = false;
    let decision = world.does(ALICE, convert()).unwrap();
    assert_eq!(decision.left_out, [left_out(CAROL)]);
    assert_eq!(world.members(), [ALICE, ANNA, BOB]);
    let Change::Converted { left_out: told, .. } = world.told().last() else {
        panic!("it was converted")
    };
    assert_eq!(told, &[left_out(CAROL)]);
    world.person(BOB).connected = false;
    let mut one_company = World::with_shared_room();
    one_company.person(BOB).connected = false;
    one_company.person(CAROL).connected = false;
    let refusal = one_company.does(ALICE, convert()).unwrap_err();
    assert_eq!(refusal, Refusal::naming(Code::NobodyElse, vec![BOB, CAROL]));
}

#[test]
fn a_converted_group_has_every_feature_switched_on() {
    // R7
    let mut world = World::with_shared_room();
    assert_eq!(world.told().room.features, Features::NONE.with(Feature::Message, true));
    world.does(ALICE, convert()).unwrap();
    assert_eq!(world.told().room.features, Features::ALL);
}

#[test]
fn an_administrators_creation_sent_again_is_answered_while_the_group_is_his_companys() {
    // R29, R31
    let mut world = World::new();
    let operation = OperationId::of_bytes([5; 16]);
    let command = named(&[ALICE], &[BOB]);
    let intent = crate::authority::Intent { actor: Actor::Administrator(NORA), operation, command };
    world.sends(&intent).unwrap();
    assert_eq!(world.sends(&intent).unwrap().repeated, Some(Seq(1)));
    world.does(ALICE, Command::Delete).unwrap();
    assert_eq!(world.sends(&intent).unwrap_err(), Refusal::not_found());
}

#[test]
fn a_blank_room_is_none_to_anybody() {
    // R16
    let mut world = World::new();
    world.rooms[0] = Told::blank(9);
    let hand = Command::Hand { to: SOUTH };
    for actor in [Actor::Operator, Actor::Rule, Actor::Person(ALICE), Actor::Administrator(NORA)] {
        assert_eq!(world.refuses_actor(actor, hand.clone()), Code::NotFound);
        assert_eq!(world.refuses_actor(actor, Command::Settle), Code::NotFound);
    }
}
