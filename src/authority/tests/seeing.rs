//! Who is shown what: stints, history, features, edits of the unseen (R11, R12, R14, R16, R19).

use super::told::Told;
use super::world::*;
use crate::authority::{Act, Actor, Admission, Command, Policy, Refusal, View};
use crosstalk_protocol::ids::{Seq, UserId};
use crosstalk_protocol::words::{Feature, HistoryVisibility};

/// What a view makes of the entries after what it was shown.
fn follows(view: &mut View, told: &Told) -> Vec<Admission> {
    let later = told.timeline.iter().filter(|entry| entry.seq > view.as_of());
    let later: Vec<_> = later.cloned().collect();
    later.iter().map(|entry| view.admit(entry)).collect()
}

/// A view that has seen all there is.
fn live(world: &World, user: UserId) -> View {
    let mut view = world.view(user);
    view.shown_through(world.told().room.head);
    view
}

#[test]
fn a_new_member_sees_what_comes_from_his_own_addition_on() {
    // R14
    let mut world = World::with_group();
    world.says(BOB, "2: before");
    world.does(ALICE, add(&[CARL])).unwrap();
    world.says(BOB, "4: after");
    assert_eq!(world.sees(CARL), [3, 4]);
    assert_eq!(world.sees(ALICE), [1, 2, 3, 4]);
    assert_eq!(world.view(CARL).first(), Seq(3));
}

#[test]
fn with_all_history_a_new_member_sees_everything() {
    // R14
    let mut world = World::with_group();
    world.says(BOB, "2: before");
    world.does(ALICE, history(HistoryVisibility::All)).unwrap();
    world.does(ALICE, add(&[CARL])).unwrap();
    assert_eq!(world.sees(CARL), [1, 2, 3, 4]);
    assert!(world.view(CARL).is_full());
}

#[test]
fn after_coming_back_he_sees_his_own_stints_and_nothing_between() {
    // R14, R17: his removal is told by his inbox, not here.
    let mut world = World::with_group();
    world.says(CAROL, "2: mine");
    world.does(ALICE, remove(&[CAROL])).unwrap(); // 3
    world.says(BOB, "4: without her");
    world.does(ALICE, add(&[CAROL])).unwrap(); // 5
    world.says(BOB, "6: with her");
    assert_eq!(world.sees(CAROL), [1, 2, 5, 6]);
    assert_eq!(world.view(CAROL).stint(), Seq(5));
}

#[test]
fn what_a_stint_began_with_holds_for_that_stint_alone() {
    // R14: all in the first stint, since_joined in the second.
    let mut world = World::with_group();
    world.says(BOB, "2");
    world.does(ALICE, history(HistoryVisibility::All)).unwrap(); // 3
    world.does(ALICE, add(&[CARL])).unwrap(); // 4
    world.does(ALICE, history(HistoryVisibility::SinceJoined)).unwrap(); // 5
    assert_eq!(world.sees(CARL), [1, 2, 3, 4, 5], "it stays for his stint");
    world.does(ALICE, remove(&[CARL])).unwrap(); // 6
    world.does(ALICE, add(&[CARL])).unwrap(); // 7
    assert_eq!(world.sees(CARL), [4, 5, 7]);
    world.does(ALICE, history(HistoryVisibility::All)).unwrap(); // 8
    assert_eq!(world.sees(CARL), [4, 5, 7, 8]);
    world.does(ALICE, remove(&[CARL])).unwrap(); // 9
    world.does(ALICE, add(&[CARL])).unwrap(); // 10
    assert_eq!(world.sees(CARL), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
}

#[test]
fn a_stint_that_his_administrator_ended_is_never_shown_again() {
    // R14, R19: though the stint before it is.
    let mut world = World::with_group();
    world.does(ALICE, remove(&[CAROL])).unwrap(); // 2
    world.does(ALICE, add(&[CAROL])).unwrap(); // 3
    world.says(CAROL, "4");
    world.permits(CAROL, false);
    world.permits(CAROL, true);
    world.does(ALICE, add(&[CAROL])).unwrap(); // 5 removed, 6 added
    assert_eq!(world.sees(CAROL), [1, 6]);
    world.suspends(BOB);
    world.act(Actor::Operator, &Act::SetActive { user: BOB, active: true }).unwrap();
    world.does(ALICE, add(&[BOB])).unwrap(); // 7 removed, 8 added
    assert_eq!(world.sees(BOB), [8]);
}

#[test]
fn who_left_a_general_room_and_came_back_sees_his_stints_also_in_the_group_it_becomes() {
    // R7, R14, R15
    let mut world = World::with_shared_room();
    world.does(CAROL, Command::Leave).unwrap(); // 2
    world.says(BOB, "3: without her");
    world.does(ALICE, invite(&[CAROL])).unwrap(); // 4
    world.does(ALICE, convert()).unwrap(); // 5
    world.does(ALICE, history(HistoryVisibility::All)).unwrap(); // 6
    assert_eq!(world.sees(CAROL), [1, 4, 5, 6]);
}

#[test]
fn nobody_is_shown_his_own_removal_or_what_comes_after_it() {
    // R16: and nothing leads past it.
    let mut world = World::with_group();
    let mut view = live(&world, BOB);
    let mut another = live(&world, CAROL);
    world.does(ALICE, remove(&[BOB])).unwrap();
    world.says(CAROL, "after");
    assert_eq!(follows(&mut view, world.told()), [Admission::Last, Admission::Gap]);
    view.shown_through(Seq(3));
    assert_eq!(view.shown(), Seq(1), "what the view does not know is not past");
    assert_eq!(follows(&mut view, world.told()), [Admission::Last, Admission::Gap]);
    assert_eq!(follows(&mut another, world.told()), [Admission::Show, Admission::Show]);
}

#[test]
fn a_cursor_from_the_future_leads_past_nothing() {
    // R16: what a client hands back is a hint.
    let mut world = World::with_group();
    let mut view = world.told().view(&world.facts, BOB, Seq(900)).unwrap();
    assert_eq!(view.shown(), Seq(1));
    world.does(ALICE, remove(&[BOB])).unwrap();
    assert_eq!(follows(&mut view, world.told()), [Admission::Last]);
}

#[test]
fn a_deletion_is_the_last_for_everybody() {
    // R21
    let mut world = World::with_group();
    let mut views = [ALICE, BOB, CAROL].map(|user| live(&world, user));
    world.does(ALICE, Command::Delete).unwrap();
    for view in &mut views {
        assert_eq!(follows(view, world.told()), [Admission::Last]);
    }
}

#[test]
fn entries_are_admitted_in_order_only() {
    // R16: seen is seen, and a gap is read first.
    let mut world = World::with_group();
    world.says(BOB, "2");
    world.says(BOB, "3");
    let mut view = world.told().view(&world.facts, BOB, Seq(1)).unwrap();
    let admits = |view: &mut View, seq| view.admit(world.told().entry(Seq(seq)).unwrap());
    assert_eq!(admits(&mut view, 1), Admission::Seen);
    assert_eq!(admits(&mut view, 3), Admission::Gap);
    assert_eq!(admits(&mut view, 2), Admission::Show);
    assert_eq!(admits(&mut view, 2), Admission::Seen);
    assert_eq!(admits(&mut view, 3), Admission::Show);
}

#[test]
fn the_end_of_an_earlier_stint_is_not_his_end() {
    // R14, R16: who came back and reads from the beginning passes his old removal.
    let mut world = World::with_group();
    world.does(ALICE, remove(&[BOB])).unwrap();
    world.does(ALICE, add(&[BOB])).unwrap();
    let mut view = world.view(BOB);
    let all: Vec<Admission> = world.told().timeline.iter().map(|one| view.admit(one)).collect();
    assert_eq!(all, [Admission::Show, Admission::Passed, Admission::Show]);
    world.does(ALICE, remove(&[BOB])).unwrap();
    assert_eq!(follows(&mut view, world.told()), [Admission::Last]);
}

#[test]
fn what_changes_a_message_that_he_may_not_see_is_passed_over() {
    // R14: an edit would bring the text. Erasing it, a reaction and a pin would tell of it.
    let mut world = World::with_group();
    let said = world.says(BOB, "2: before");
    world.does(ALICE, add(&[CARL])).unwrap(); // 3
    let mut carl = live(&world, CARL);
    world.does(BOB, edit(said)).unwrap(); // 4
    world.does(ALICE, react(said, true)).unwrap(); // 5
    world.does(ALICE, Command::Pin { target: said, on: true }).unwrap(); // 6
    world.does(BOB, Command::Unsend { target: said }).unwrap(); // 7
    assert_eq!(world.sees(CARL), [3]);
    assert_eq!(follows(&mut carl, world.told()), [Admission::Passed; 4]);
    assert_eq!(world.sees(CAROL), [1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn an_edit_of_what_was_written_between_his_stints_is_passed_over() {
    // R14: he sees place 1, and yet he is not shown all that comes.
    let mut world = World::with_group();
    world.does(ALICE, remove(&[CAROL])).unwrap(); // 2
    let said = world.says(BOB, "3: without her");
    world.does(ALICE, add(&[CAROL])).unwrap(); // 4
    world.does(BOB, edit(said)).unwrap(); // 5
    assert_eq!(world.sees(CAROL), [1, 4]);
    assert!(!world.view(CAROL).is_full(), "the room's buffer is not for her");
    assert!(world.view(BOB).is_full());
}

#[test]
fn what_is_switched_off_is_not_shown_but_comes_back() {
    // R12: governance flows; data stays.
    let mut world = World::with_group();
    world.says(BOB, "2");
    let mut early = live(&world, CAROL);
    world.does(ALICE, switch(Feature::Message, false)).unwrap(); // 3
    assert_eq!(world.sees(CAROL), [1, 3]);
    assert!(!world.view(CAROL).is_full());
    world.does(ALICE, switch(Feature::Message, true)).unwrap(); // 4
    world.says(BOB, "5");
    assert_eq!(world.sees(CAROL), [1, 2, 3, 4, 5]);
    assert_eq!(follows(&mut early, world.told()), [Admission::Show; 3]);
}

#[test]
fn the_past_is_read_by_the_switches_of_now() {
    // R12: what was switched on and off since changes nothing, whichever way it is read.
    let mut world = World::with_group();
    world.does(ALICE, switch(Feature::Message, false)).unwrap(); // 2
    world.does(ALICE, switch(Feature::Message, true)).unwrap(); // 3
    world.says(BOB, "4");
    world.does(ALICE, switch(Feature::Message, false)).unwrap(); // 5
    assert_eq!(world.sees(CAROL), [1, 2, 3, 5]);
    world.does(ALICE, switch(Feature::Message, true)).unwrap(); // 6
    assert_eq!(world.sees(CAROL), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn what_a_company_disables_is_hidden_from_its_people_and_in_its_groups() {
    // R11, R12
    let mut world = World::with_group();
    world.says(BOB, "2");
    world.disables(SOUTH, Feature::Message, true);
    assert_eq!(world.sees(BOB), [1]);
    assert_eq!(world.sees(CAROL), [1, 2]);
    world.disables(SOUTH, Feature::Message, false);
    world.disables(NORTH, Feature::Message, true);
    assert_eq!((world.sees(BOB), world.sees(CAROL)), (vec![1], vec![1]));
    let (room, none) = (&world.told().room, crosstalk_protocol::words::Features::NONE);
    let notes = none.with(Feature::Note, true);
    assert_eq!(room.hidden_for(notes, none), notes);
    assert_eq!(room.hidden_for(none, notes), notes);
    let general = World::with_shared_room();
    let shared = &general.told().room;
    assert!(!shared.hidden_for(none.with(Feature::Message, true), none).has(Feature::Message));
    assert!(shared.hidden_for(none, none).has(Feature::Note), "Message only (R33)");
}

#[test]
fn a_view_shows_no_feature_of_a_group_whose_new_owners_locks_it_does_not_know() {
    // R11: until it is opened anew.
    let mut world = World::with_shared_room();
    world.disables(NORTH, Feature::Message, true);
    let mut carol = live(&world, CAROL);
    world.says(BOB, "2");
    assert_eq!(follows(&mut carol, world.told()), [Admission::Show]);
    world.does(ALICE, convert()).unwrap(); // 3
    assert_eq!(follows(&mut carol, world.told()), [Admission::Show]);
    assert!(carol.is_stale() && !carol.is_full());
    assert!(!carol.shows(Seq(2), &world.told().timeline[1].change));
    assert_eq!(world.sees(CAROL), [1, 3]);

    let mut world = World::with_group();
    world.does(ALICE, Command::Appoint { user: BOB }).unwrap(); // 2
    world.disables(SOUTH, Feature::Message, true);
    world.ends(NORTH);
    world.says(CAROL, "3");
    let mut carol = live(&world, CAROL);
    world.asks(Actor::Operator, Command::Hand { to: SOUTH }).unwrap(); // 4 removed, 5 handed
    assert_eq!(follows(&mut carol, world.told()), [Admission::Show; 2]);
    assert!(!carol.shows(Seq(3), &world.told().timeline[2].change));
    assert_eq!(world.sees(CAROL), [1, 2, 4, 5]);
    world.disables(SOUTH, Feature::Message, false);
    assert!(!world.view(CAROL).is_stale());
    assert_eq!(world.sees(CAROL), [1, 2, 3, 4, 5]);
}

#[test]
fn a_room_that_is_none_to_him_can_not_be_opened() {
    // R16: unknown, foreign, deleted and removed from are one answer.
    let mut world = World::with_group();
    world.does(ALICE, remove(&[BOB])).unwrap();
    let opened = |world: &World, user| world.told().view(&world.facts, user, Seq::ZERO);
    for user in [BOB, CARL, NOBODY, NORA] {
        assert_eq!(opened(&world, user).unwrap_err(), Refusal::not_found());
    }
    world.switches(EAST, Policy::ExternalMessaging, false);
    assert_eq!(opened(&world, CAROL).unwrap_err(), Refusal::not_found());
    world.does(ALICE, Command::Delete).unwrap();
    assert_eq!(opened(&world, ALICE).unwrap_err(), Refusal::not_found());
}

#[test]
fn a_permit_says_whose_it_is_and_of_when() {
    // R16, R19: what a fence compares.
    let mut world = World::with_group();
    let mut view = live(&world, BOB);
    world.says(CAROL, "2");
    follows(&mut view, world.told());
    let permit = view.permit(7);
    assert_eq!((permit.room(), permit.user()), (world.told().room.id, BOB));
    assert_eq!((permit.as_of(), permit.cut()), (Seq(2), 7));
    assert!(permit.is_outside());
    assert!(!World::with_internal_room().view(ANNA).permit(1).is_outside());
}
