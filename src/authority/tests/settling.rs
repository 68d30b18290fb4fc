//! Those whose access ended, succession, rooms that empty (R19, R20, R33).

use super::world::*;
use crate::authority::{Act, Actor, Command, Policy};
use crosstalk_protocol::code::RefusalCode as Code;
use crosstalk_protocol::entry::Change;
use crosstalk_protocol::ids::{Seq, UserId};
use crosstalk_protocol::words::{Cause, RoomKind};

fn kinds(world: &World) -> Vec<&'static str> {
    world.told().timeline.iter().map(|entry| entry.change.kind()).collect()
}

fn by_administrator(users: &[UserId]) -> Change {
    Change::Removed { users: users.to_vec(), cause: Cause::Administrator }
}

/// Everything that takes Bob out of groups and shared rooms at once.
fn withdrawals() -> Vec<fn(&mut World)> {
    vec![
        |world| world.permits(BOB, false),
        |world| world.suspends(BOB),
        |world| drop(world.act(Actor::Operator, &Act::DeletePerson { user: BOB }).unwrap()),
        |world| world.switches(SOUTH, Policy::ExternalMessaging, false),
        |world| world.ends(SOUTH),
    ]
}

#[test]
fn a_withdrawal_ends_membership_at_once_before_any_entry_is_written() {
    // R19
    for withdraw in withdrawals() {
        for mut world in [World::with_group(), World::with_shared_room()] {
            let said = world.says(BOB, "hello");
            withdraw(&mut world);
            assert_eq!(world.members(), [ALICE, ANNA, CAROL]);
            assert_eq!(world.sees(BOB), [0; 0]);
            assert_eq!(world.refuses(BOB, post("still here?")), Code::NotFound);
            assert_eq!(world.refuses(BOB, Command::Unsend { target: said }), Code::NotFound);
        }
    }
}

#[test]
fn the_job_writes_the_removals_with_the_administrator_as_cause() {
    // R19
    for withdraw in withdrawals() {
        let mut world = World::with_group();
        withdraw(&mut world);
        world.asks(Actor::Rule, Command::Settle).unwrap();
        assert_eq!(world.told().last(), &by_administrator(&[BOB]));
        assert_eq!(world.told().timeline.last().unwrap().author, None);
        let again = world.asks(Actor::Rule, Command::Settle).unwrap();
        assert_eq!(again.drafts, [], "once is enough");
    }
}

#[test]
fn governance_first_writes_who_is_no_longer_there() {
    // R19
    let mut world = World::with_group();
    world.permits(BOB, false);
    world.does(ALICE, add(&[CARL])).unwrap();
    assert_eq!(kinds(&world), ["created", "removed", "added"]);
    assert_eq!(world.told().timeline[1].change, by_administrator(&[BOB]));
}

#[test]
fn who_is_removed_after_he_was_cut_off_was_removed_by_the_administrator() {
    // R14, R19: the Group Master comes too late, and the stint stays closed for good.
    let mut world = World::with_group();
    world.permits(BOB, false);
    let decision = world.does(ALICE, remove(&[BOB])).unwrap();
    assert_eq!(decision.unchanged, [BOB]);
    assert_eq!(world.told().last(), &by_administrator(&[BOB]));
}

#[test]
fn permitting_again_revives_nothing() {
    // R19
    let mut world = World::with_group();
    world.permits(BOB, false);
    world.permits(BOB, true);
    assert_eq!(world.members(), [ALICE, ANNA, CAROL]);
    world.does(ALICE, add(&[BOB])).expect("he must be added");
    assert_eq!(world.members(), [ALICE, ANNA, BOB, CAROL]);
    assert_eq!(kinds(&world), ["created", "removed", "added"]);
    let mut world = World::with_group();
    world.switches(SOUTH, Policy::ExternalMessaging, false);
    world.switches(SOUTH, Policy::ExternalMessaging, true);
    world.suspends(CAROL);
    world.act(Actor::Operator, &Act::SetActive { user: CAROL, active: true }).unwrap();
    assert_eq!(world.members(), [ALICE, ANNA]);
}

#[test]
fn who_is_no_longer_connected_stays_in_internal_rooms_and_who_is_suspended_does_not() {
    // R19
    let mut world = World::with_internal_room();
    world.permits(ANNA, false);
    world.switches(NORTH, Policy::ExternalMessaging, false);
    assert_eq!(world.members(), [ALICE, ANNA]);
    world.suspends(ANNA);
    assert_eq!(world.members(), [ALICE]);
    world.ends(NORTH);
    assert_eq!(world.members(), []);
}

#[test]
fn other_companies_withdrawals_end_nobody_elses_membership() {
    // R19
    let mut world = World::with_group();
    world.permits(BEA, false);
    world.permits(CARL, false);
    world.suspends(SAM);
    world.disables(SOUTH, crosstalk_protocol::words::Feature::Message, true);
    assert_eq!(world.members(), [ALICE, ANNA, BOB, CAROL]);
}

#[test]
fn only_the_rule_writes_what_a_room_owes() {
    // R19
    let mut world = World::with_group();
    for actor in [Actor::Person(ALICE), Actor::Administrator(NORA), Actor::Operator] {
        assert_eq!(world.refuses_actor(actor, Command::Settle), Code::NotAllowed);
    }
}

#[test]
fn the_longest_member_of_the_owner_company_succeeds_the_last_group_master() {
    // R20: the lowest current stint, then the lowest id; of the owner company.
    let mut world = World::new();
    world.does(ALICE, group(&[BOB, CAROL])).unwrap();
    world.does(ALICE, add(&[NORA])).unwrap();
    world.does(ALICE, add(&[ANNA])).unwrap();
    world.permits(ALICE, false);
    world.asks(Actor::Rule, Command::Settle).unwrap();
    assert_eq!(world.masters(), [NORA], "Anna's id is lower, but Nora came first");
    assert_eq!(kinds(&world)[3..], ["removed", "masters"]);
    let mut together = World::new();
    together.does(ALICE, group(&[BOB, NORA, ANNA])).unwrap();
    together.permits(ALICE, false);
    together.asks(Actor::Rule, Command::Settle).unwrap();
    assert_eq!(together.masters(), [ANNA]);
}

#[test]
fn who_is_cut_off_himself_does_not_succeed() {
    // R20
    let mut world = World::new();
    world.does(ALICE, group(&[BOB, NORA, ANNA])).unwrap();
    world.permits(ALICE, false);
    world.suspends(ANNA);
    world.asks(Actor::Rule, Command::Settle).unwrap();
    assert_eq!(world.masters(), [NORA]);
}

#[test]
fn the_stint_of_now_counts_for_succession_not_an_earlier_one() {
    // R20
    let mut world = World::new();
    world.does(ALICE, group(&[BOB, ANNA, NORA])).unwrap();
    world.does(ALICE, remove(&[ANNA])).unwrap();
    world.does(ALICE, add(&[ANNA])).unwrap();
    world.permits(ALICE, false);
    world.asks(Actor::Rule, Command::Settle).unwrap();
    assert_eq!(world.masters(), [NORA]);
}

#[test]
fn a_successor_may_act_in_the_very_transaction_that_makes_him_one() {
    // R19, R20
    let mut world = World::with_group();
    world.permits(ALICE, false);
    assert_eq!(world.refuses(BOB, remove(&[CAROL])), Code::NotAllowed);
    world.does(ANNA, remove(&[CAROL])).unwrap();
    assert_eq!(kinds(&world), ["created", "removed", "masters", "removed"]);
}

#[test]
fn nobody_succeeds_while_a_group_master_is_left() {
    // R20
    let mut world = World::with_group();
    world.does(ALICE, Command::Appoint { user: BOB }).unwrap();
    world.permits(ALICE, false);
    world.asks(Actor::Rule, Command::Settle).unwrap();
    assert_eq!(world.masters(), [BOB]);
}

#[test]
fn without_anybody_of_the_owner_company_a_group_has_no_group_master() {
    // R20
    let mut world = World::new();
    world.does(ALICE, group(&[BOB, CAROL])).unwrap();
    world.permits(ALICE, false);
    world.asks(Actor::Rule, Command::Settle).unwrap();
    assert_eq!(world.masters(), []);
    assert_eq!(world.members(), [BOB, CAROL]);
    assert_eq!(world.refuses(BOB, add(&[BEA])), Code::NotAllowed);
    world.says(BOB, "we go on talking");
}

#[test]
fn when_the_last_user_leaves_guests_are_removed_and_the_room_is_gone() {
    // R33
    let mut world = World::with_internal_room();
    world.asks(Actor::Rule, Command::Enter { guest: GINA, inviter: ALICE }).unwrap();
    world.does(ANNA, Command::Leave).unwrap();
    assert!(!world.told().room.deleted);
    world.does(ALICE, Command::Leave).unwrap();
    assert_eq!(kinds(&world)[2..], ["removed", "removed", "removed", "deleted"]);
    assert_eq!(world.told().timeline[4].change, by_administrator(&[GINA]));
    assert!(world.told().room.deleted);
    assert_eq!(world.refuses(GINA, post("anybody?")), Code::NotFound);
}

#[test]
fn when_the_last_user_is_cut_off_the_room_is_gone_too() {
    // R19, R33
    let mut world = World::with_internal_room();
    world.asks(Actor::Rule, Command::Enter { guest: GINA, inviter: ALICE }).unwrap();
    world.suspends(ALICE);
    world.suspends(ANNA);
    let renames = Command::Rename { name: "mine now".to_owned() };
    assert_eq!(world.refuses(GINA, renames), Code::NotFound, "nothing is written after the end");
    world.asks(Actor::Rule, Command::Settle).unwrap();
    assert_eq!(kinds(&world)[2..], ["removed", "removed", "deleted"]);
}

#[test]
fn a_group_without_members_is_not_deleted() {
    // R21: only a Group Master deletes a group; the operator or an administrator may yet act.
    let mut world = World::with_group();
    for company in COMPANIES {
        world.ends(company);
    }
    world.asks(Actor::Rule, Command::Settle).unwrap();
    assert_eq!(world.members(), []);
    assert!(!world.told().room.deleted);
}

#[test]
fn guests_end_with_the_company_that_invited_them() {
    // R19, R33
    let mut world = World::with_shared_room();
    world.asks(Actor::Rule, Command::Enter { guest: GUS, inviter: BOB }).unwrap();
    assert_eq!(world.told().room.kind, RoomKind::Shared);
    world.ends(SOUTH);
    assert_eq!(world.members(), [ALICE, ANNA, CAROL]);
    assert_eq!(world.told().room.head, Seq(2));
}
