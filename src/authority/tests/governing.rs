//! What Group Masters do, and nobody else (R9–R15, R20, R21, R31).

use super::world::*;
use crate::authority::{Actor, Addressed, Command, Refusal};
use crosstalk_protocol::code::RefusalCode as Code;
use crosstalk_protocol::entry::{Change, LeftOut, Switch};
use crosstalk_protocol::ids::Seq;
use crosstalk_protocol::push::NoticeKind;
use crosstalk_protocol::words::{
    Cause, Feature, Features, HistoryVisibility, LeftOutReason, RoomKind,
};

/// Every command of a Group Master.
fn masters_commands() -> Vec<Command> {
    vec![
        add(&[CARL]),
        remove(&[BOB]),
        Command::Appoint { user: BOB },
        Command::Dismiss { user: ALICE },
        settings(Some("Other"), Vec::new(), None),
        switch(Feature::Note, false),
        history(HistoryVisibility::All),
        Command::Delete,
    ]
}

#[test]
fn nobody_but_a_group_master_governs_a_group() {
    // R9, R16, R21, R31
    for command in masters_commands() {
        let mut world = World::with_group();
        assert_eq!(world.refuses(BOB, command.clone()), Code::NotAllowed);
        assert_eq!(world.refuses(ANNA, command.clone()), Code::NotAllowed);
        assert_eq!(world.refuses(CARL, command.clone()), Code::NotFound);
        assert_eq!(world.refuses(NOBODY, command.clone()), Code::NotFound);
        let by = |actor| world.refuses_actor(actor, command.clone());
        let [nora, sam] = [NORA, SAM].map(Actor::Administrator);
        let answers = [nora, sam, Actor::Operator, Actor::Rule, Actor::Administrator(BOB)].map(by);
        let not_his = [Code::NotAllowed, Code::NotFound, Code::NotAllowed, Code::NotAllowed];
        assert_eq!(answers[..4], not_his);
        assert_eq!(answers[4], Code::NotAdministrator);
        let alone = matches!(command, Command::Dismiss { .. });
        let alice = world.does(ALICE, command).map_err(|refusal| refusal.code);
        let written = alice.map(|decision| decision.drafts.len());
        assert_eq!(written, if alone { Err(Code::LastMaster) } else { Ok(1) });
    }
}

#[test]
fn a_general_room_has_no_group_master() {
    // R9, R33
    for command in masters_commands() {
        let mut world = World::with_shared_room();
        assert_eq!(world.refuses(ALICE, command.clone()), Code::NotAGroup);
        assert_eq!(world.refuses(CARL, command), Code::NotFound);
    }
}

#[test]
fn the_last_group_master_can_not_be_dismissed() {
    // R10
    let mut world = World::with_group();
    assert_eq!(world.refuses(ALICE, Command::Dismiss { user: ALICE }), Code::LastMaster);
    world.does(ALICE, Command::Appoint { user: BOB }).unwrap();
    world.does(ALICE, Command::Dismiss { user: ALICE }).expect("Bob is one too");
    assert_eq!(world.masters(), [BOB]);
    assert_eq!(world.refuses(BOB, Command::Dismiss { user: BOB }), Code::LastMaster);
}

#[test]
fn a_group_master_who_was_cut_off_does_not_count() {
    // R10, R19
    let mut world = World::with_group();
    world.does(ALICE, Command::Appoint { user: BOB }).unwrap();
    world.permits(BOB, false);
    assert_eq!(world.refuses(ALICE, Command::Dismiss { user: ALICE }), Code::LastMaster);
}

#[test]
fn a_group_master_cannot_remove_himself() {
    // R10, R15: not even when there is another one, not even among others.
    let mut world = World::with_group();
    assert_eq!(world.refuses(ALICE, remove(&[ALICE])), Code::CannotRemoveYourself);
    world.does(ALICE, Command::Appoint { user: BOB }).unwrap();
    assert_eq!(world.refuses(ALICE, remove(&[CAROL, ALICE])), Code::CannotRemoveYourself);
    world.does(BOB, remove(&[ALICE])).expect("another one may");
    assert_eq!(world.masters(), [BOB]);
}

#[test]
fn a_member_can_not_leave_a_group() {
    // R15
    let mut world = World::with_group();
    for user in [ALICE, BOB] {
        assert_eq!(world.refuses(user, Command::Leave), Code::CannotLeaveGroup);
    }
    assert_eq!(world.refuses(CARL, Command::Leave), Code::NotFound);
}

#[test]
fn only_members_become_or_cease_to_be_group_masters() {
    // R9
    let mut world = World::with_group();
    for user in [CARL, NOBODY, GINA] {
        for command in [Command::Appoint { user }, Command::Dismiss { user }] {
            let refusal = world.does(ALICE, command).unwrap_err();
            assert_eq!(refusal, Refusal::naming(Code::NotAMember, vec![user]));
        }
    }
    let again = world.does(ALICE, Command::Appoint { user: ALICE }).unwrap();
    assert_eq!((again.drafts.len(), again.unchanged), (0, vec![ALICE]));
    let none = world.does(ALICE, Command::Dismiss { user: BOB }).unwrap();
    assert_eq!((none.drafts.len(), none.unchanged), (0, vec![BOB]));
}

#[test]
fn who_was_cut_off_can_not_be_appointed() {
    // R19: settled first.
    let mut world = World::with_group();
    world.permits(BOB, false);
    let refusal = world.does(ALICE, Command::Appoint { user: BOB }).unwrap_err();
    assert_eq!(refusal, Refusal::naming(Code::NotAMember, vec![BOB]));
}

#[test]
fn a_disabled_features_switch_is_closed_to_group_masters() {
    // R11: both ways, even for what would change nothing, and among others.
    let mut world = World::with_group();
    world.disables(NORTH, Feature::Note, true);
    for on in [true, false] {
        assert_eq!(world.refuses(ALICE, switch(Feature::Note, on)), Code::FeatureLocked);
    }
    let both = [Feature::Event, Feature::Note].map(|feature| Switch { feature, on: false });
    assert_eq!(world.refuses(ALICE, settings(None, both.to_vec(), None)), Code::FeatureLocked);
    world.does(ALICE, switch(Feature::Event, false)).expect("it is not disabled");
    world.disables(NORTH, Feature::Note, false);
    world.does(ALICE, switch(Feature::Note, false)).expect("it is no longer disabled");
}

#[test]
fn a_members_own_company_locks_no_switch() {
    // R11
    let mut world = World::with_group();
    world.disables(SOUTH, Feature::Note, true);
    world.does(ALICE, Command::Appoint { user: BOB }).unwrap();
    world.does(BOB, switch(Feature::Note, false)).expect("only the owner company locks");
}

#[test]
fn settings_that_change_nothing_write_nothing() {
    // R9
    let mut world = World::with_group();
    for command in [
        switch(Feature::Note, true),
        history(HistoryVisibility::SinceJoined),
        settings(None, Vec::new(), None),
    ] {
        assert_eq!(world.does(ALICE, command).unwrap().drafts, []);
    }
    world.does(ALICE, switch(Feature::Note, false)).unwrap();
    assert_eq!(world.told().room.features, Features::ALL.with(Feature::Note, false));
}

#[test]
fn what_was_written_is_kept_with_the_entry_that_it_changes() {
    // R9
    let mut world = World::with_group();
    let renamed = world.does(ALICE, settings(Some("New"), Vec::new(), None)).unwrap();
    assert_eq!(renamed.drafts.iter().map(|draft| draft.content).collect::<Vec<_>>(), [true]);
    let switched = world.does(ALICE, switch(Feature::Note, false)).unwrap();
    assert_eq!(switched.drafts.iter().map(|draft| draft.content).collect::<Vec<_>>(), [false]);
}

#[test]
fn new_members_are_contacts_of_who_adds_them_or_his_colleagues() {
    // R13
    let mut world = World::with_group();
    world.does(ALICE, Command::Appoint { user: BOB }).unwrap();
    let refusal = world.does(BOB, add(&[BEA, CARL])).unwrap_err();
    assert_eq!(refusal, Refusal::naming(Code::NotContacts, vec![CARL]));
    world.does(BOB, add(&[BEA])).expect("a colleague need not be a contact");
    world.does(ALICE, add(&[CARL])).expect("a contact of Alice");
    assert_eq!(world.members(), [ALICE, ANNA, BOB, BEA, CAROL, CARL]);
}

#[test]
fn contacts_that_ended_end_no_membership_but_let_nobody_in() {
    // R13
    let mut world = World::with_group();
    world.act(Actor::Person(ALICE), &crate::authority::Act::EndContact { of: BOB }).unwrap();
    assert!(world.members().contains(&BOB));
    world.does(ALICE, remove(&[BOB])).unwrap();
    assert_eq!(world.refuses(ALICE, add(&[BOB])), Code::NotContacts);
}

#[test]
fn a_guest_can_not_be_added_to_a_group() {
    // R5
    let mut world = World::with_group();
    let refusal = world.does(ALICE, add(&[CARL, GINA])).unwrap_err();
    assert_eq!(refusal, Refusal::naming(Code::GuestsNotAllowed, vec![GINA]));
    let enters = Command::Enter { guest: GINA, inviter: ALICE };
    assert_eq!(world.refuses_actor(Actor::Rule, enters), Code::NotFound);
}

#[test]
fn who_is_no_connected_member_is_left_out_of_an_addition() {
    // R13, R6
    let mut world = World::with_group();
    world.permits(BEA, false);
    let left_out = [LeftOut { user: BEA, reason: LeftOutReason::NotConnected }];
    let decision = world.does(ALICE, add(&[BEA, CARL])).unwrap();
    assert_eq!(decision.left_out, left_out);
    let Change::Added { members, left_out: told } = world.told().last() else {
        panic!("somebody was added")
    };
    assert_eq!((members.len(), told.as_slice()), (1, left_out.as_slice()));
    world.does(ALICE, add(&[BEA])).unwrap();
    let Change::Added { members, left_out: told } = world.told().last() else {
        panic!("the timeline tells who was left out, also where nobody came in")
    };
    assert_eq!((members.len(), told.as_slice()), (0, left_out.as_slice()));
}

#[test]
fn adding_a_member_or_removing_an_absent_one_changes_nothing_and_says_so() {
    // R13
    let mut world = World::with_group();
    let head = world.told().room.head;
    let added = world.does(ALICE, add(&[BOB, BOB, ALICE])).unwrap();
    assert_eq!((added.drafts.len(), added.unchanged), (0, vec![BOB, ALICE]));
    let removed = world.does(ALICE, remove(&[CARL, NOBODY, CARL])).unwrap();
    assert_eq!((removed.drafts.len(), removed.unchanged), (0, vec![CARL, NOBODY]));
    assert_eq!(world.told().room.head, head);
    let mixed = world.does(ALICE, remove(&[BOB, CARL])).unwrap();
    assert_eq!(mixed.unchanged, [CARL]);
    let change = Change::Removed { users: vec![BOB], cause: Cause::Master };
    assert_eq!(world.told().last(), &change);
    assert_eq!(world.told().timeline.last().unwrap().author, Some(ALICE));
}

#[test]
fn a_deleted_group_is_none_to_everybody() {
    // R21, R16, R17
    let mut world = World::with_group();
    let intent = world.told().fresh(Actor::Person(ALICE), Command::Delete);
    world.sends(&intent).unwrap();
    let id = world.told().room.id;
    for user in [ALICE, ANNA, BOB, CAROL] {
        let deleted = Addressed { user, notice: NoticeKind::Deleted { room: id } };
        assert_eq!(world.told().notices.iter().filter(|told| **told == deleted).count(), 1);
        assert_eq!(world.refuses(user, post("still here?")), Code::NotFound);
        assert_eq!(world.sees(user), [0; 0]);
    }
    for actor in [Actor::Administrator(NORA), Actor::Operator, Actor::Rule, Actor::Person(ALICE)] {
        for command in [Command::Settle, Command::Hand { to: SOUTH }, Command::Delete] {
            assert_eq!(world.refuses_actor(actor, command), Code::NotFound);
        }
    }
    let again = world.sends(&intent).expect("who deleted it gets the same answer");
    assert_eq!(again.repeated, Some(world.told().room.head));
    let other = crate::authority::Intent { command: convert(), ..intent };
    assert_eq!(world.sends(&other).unwrap_err(), Refusal::not_found());
}

#[test]
fn history_visibility_is_for_stints_that_begin_later() {
    // R14
    let mut world = World::with_group();
    world.does(ALICE, history(HistoryVisibility::All)).unwrap();
    world.does(ALICE, add(&[CARL])).unwrap();
    world.does(ALICE, history(HistoryVisibility::SinceJoined)).unwrap();
    world.does(ALICE, add(&[BEA])).unwrap();
    let members = &world.told().room.members;
    assert_eq!(members[&BOB].history, HistoryVisibility::SinceJoined);
    assert_eq!(members[&CARL].history, HistoryVisibility::All);
    assert_eq!(members[&BEA].history, HistoryVisibility::SinceJoined);
    assert_eq!(members[&CARL].stint, Seq(3));
}

#[test]
fn a_group_master_is_named_from_outside_only_where_there_is_none() {
    // R20, R31
    let mut world = World::with_group();
    let name = |user| Command::NameMaster { user };
    assert_eq!(world.refuses_actor(Actor::Administrator(NORA), name(BOB)), Code::Exists);
    world.ends_membership_of_north();
    assert_eq!(world.masters(), []);
    assert_eq!(world.refuses_actor(Actor::Administrator(SAM), name(BOB)), Code::NotFound);
    assert_eq!(world.refuses_actor(Actor::Operator, name(BOB)), Code::NotAllowed);
    assert_eq!(world.refuses(BOB, name(BOB)), Code::NotAllowed);
    assert_eq!(world.refuses_actor(Actor::Administrator(NORA), name(NORA)), Code::NotAMember);
    world.asks(Actor::Administrator(NORA), name(BOB)).expect("any member");
    assert_eq!(world.masters(), [BOB]);
    assert_eq!(world.told().timeline.last().unwrap().author, None);
}

impl World {
    /// Alice and Anna are cut off; nobody of the owner company is left.
    fn ends_membership_of_north(&mut self) {
        self.permits(ALICE, false);
        self.permits(ANNA, false);
        self.asks(Actor::Rule, Command::Settle).unwrap();
    }
}

#[test]
fn the_operator_hands_over_the_group_of_an_ended_company_and_no_other() {
    // R20
    let mut world = World::with_group();
    let hand = |to| Command::Hand { to };
    assert_eq!(world.refuses_actor(Actor::Operator, hand(SOUTH)), Code::NotAllowed);
    world.ends(NORTH);
    assert_eq!(world.refuses_actor(Actor::Administrator(SAM), hand(SOUTH)), Code::NotFound);
    assert_eq!(world.refuses(BOB, hand(SOUTH)), Code::NotAllowed);
    assert_eq!(world.refuses_actor(Actor::Operator, hand(NORTH)), Code::OwnerEnded);
    let unknown = crosstalk_protocol::ids::CompanyId::of_bytes([77; 16]);
    assert_eq!(world.refuses_actor(Actor::Operator, hand(unknown)), Code::NotFound);
    world.asks(Actor::Operator, hand(SOUTH)).unwrap();
    assert_eq!(world.told().room.owner, SOUTH);
    assert_eq!(world.masters(), [BOB], "the new owner company's member succeeds");
    assert_eq!(world.members(), [BOB, CAROL]);
    let mut general = World::with_shared_room();
    general.ends(NORTH);
    assert_eq!(general.refuses_actor(Actor::Operator, hand(SOUTH)), Code::NotAGroup);
    assert_eq!(general.told().room.kind, RoomKind::Shared);
}

#[test]
fn a_group_master_stays_when_the_group_is_handed_over() {
    // R20
    let mut world = World::with_group();
    world.does(ALICE, Command::Appoint { user: CAROL }).unwrap();
    world.ends(NORTH);
    world.asks(Actor::Operator, Command::Hand { to: SOUTH }).unwrap();
    assert_eq!(world.masters(), [CAROL]);
}
