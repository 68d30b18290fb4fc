//! Messages: writing, answering, editing, unsending, reacting, pinning (R12, R25, R29).

use super::world::*;
use crate::authority::{Actor, Command, Intent, Refusal, Time};
use crosstalk_protocol::code::RefusalCode as Code;
use crosstalk_protocol::entry::Change;
use crosstalk_protocol::ids::{Seq, UserId};
use crosstalk_protocol::words::Feature;

fn mentioning(users: &[UserId]) -> Command {
    let (reply_to, mentions, mention_all) = (None, users.to_vec(), true);
    Command::Post { text: "hello".to_owned(), reply_to, mentions, mention_all }
}

fn reply(target: Seq) -> Command {
    let (reply_to, mentions, mention_all) = (Some(target), Vec::new(), false);
    Command::Post { text: "yes".to_owned(), reply_to, mentions, mention_all }
}

/// Every command about a message.
fn about(target: Seq) -> Vec<Command> {
    let pin = Command::Pin { target, on: true };
    vec![reply(target), edit(target), Command::Unsend { target }, react(target, true), pin]
}

#[test]
fn members_talk_and_nobody_else() {
    // R16, R25, R31: an administrator and the operator are no members, and a rule says nothing.
    let mut world = World::with_group();
    assert_eq!(world.says(BOB, "hello"), Seq(2));
    assert_eq!(world.refuses(CARL, post("hello")), Code::NotFound);
    assert_eq!(world.refuses_actor(Actor::Administrator(SAM), post("hello")), Code::NotFound);
    for actor in [Actor::Administrator(NORA), Actor::Operator, Actor::Rule] {
        assert_eq!(world.refuses_actor(actor, post("hello")), Code::NotAllowed);
    }
    world.person(ANNA).administrator = true;
    assert_eq!(world.refuses_actor(Actor::Administrator(ANNA), post("x")), Code::NotAllowed);
    world.says(ANNA, "as a member");
}

#[test]
fn a_message_has_one_to_ten_thousand_characters() {
    // R25
    let mut world = World::with_group();
    let said = world.says(BOB, &"語".repeat(10_000));
    let long = "語".repeat(10_001);
    for (text, code) in [(long.as_str(), Code::TooLong), ("", Code::Empty), (" \n", Code::Empty)] {
        let expected = Refusal::about(code, "text");
        assert_eq!(world.does(BOB, post(text)).unwrap_err(), expected);
        let edited = Command::Edit { target: said, text: text.to_owned() };
        assert_eq!(world.does(BOB, edited).unwrap_err(), expected);
    }
}

#[test]
fn only_members_are_mentioned_and_at_most_fifty() {
    // R25, R19
    let mut world = World::with_group();
    world.does(BOB, mentioning(&[ALICE; 50])).unwrap();
    let many = world.does(BOB, mentioning(&[ALICE; 51])).unwrap_err();
    assert_eq!(many, Refusal::about(Code::TooLong, "mentions"));
    let absent = world.does(BOB, mentioning(&[ALICE, CARL, NOBODY])).unwrap_err();
    assert_eq!(absent, Refusal::naming(Code::NotAMember, vec![CARL, NOBODY]));
    world.permits(CAROL, false);
    let cut_off = world.does(BOB, mentioning(&[CAROL])).unwrap_err();
    assert_eq!(cut_off, Refusal::naming(Code::NotAMember, vec![CAROL]));
}

#[test]
fn the_same_message_sent_again_is_one_entry() {
    // R29: also when messages are off meanwhile; another text under its id is refused.
    let mut world = World::with_group();
    let intent = world.told().fresh(Actor::Person(BOB), post("hello"));
    world.sends(&intent).unwrap();
    world.says(CAROL, "hi");
    world.does(ALICE, switch(Feature::Message, false)).unwrap();
    let again = world.sends(&intent).unwrap();
    assert_eq!((again.repeated, again.drafts.len()), (Some(Seq(2)), 0));
    let other = Intent { command: post("bye"), ..intent.clone() };
    assert_eq!(world.sends(&other).unwrap_err().code, Code::DifferentContent);
    let carols = Intent { actor: Actor::Person(CAROL), ..intent };
    assert_eq!(world.sends(&carols).unwrap_err().code, Code::FeatureOff, "her ids are her own");
}

#[test]
fn what_is_no_message_can_not_be_answered_or_changed() {
    // R25: governance, an edit, what was unsent, what does not exist.
    let mut world = World::with_group();
    let said = world.says(BOB, "hello");
    world.does(BOB, edit(said)).unwrap();
    let unsent = world.says(BOB, "oops");
    world.does(BOB, Command::Unsend { target: unsent }).unwrap();
    for target in [Seq(1), said.next(), unsent, unsent.next(), Seq(900), Seq::ZERO] {
        for command in about(target) {
            assert_eq!(world.refuses(BOB, command), Code::NotAMessage);
        }
    }
}

#[test]
fn what_he_can_not_see_is_no_message_to_him() {
    // R14, R25: answered like what does not exist, to a Group Master too.
    let mut world = World::with_group();
    let said = world.says(BOB, "before");
    world.does(ALICE, add(&[CARL])).unwrap();
    world.does(ALICE, Command::Appoint { user: CARL }).unwrap();
    for command in about(said) {
        assert_eq!(world.refuses(CARL, command), Code::NotAMessage);
    }
}

#[test]
fn only_the_author_edits_and_only_in_the_window() {
    // R25
    let mut world = World::with_group();
    let said = world.says(BOB, "hello");
    for user in [ALICE, CAROL] {
        assert_eq!(world.refuses(user, edit(said)), Code::NotAllowed);
    }
    let end = world.now.0 + 24 * 3600 * 1_000_000;
    world.now = Time(end);
    world.does(BOB, edit(said)).expect("the last moment");
    assert_eq!(world.told().last(), &Change::Edited { target: said });
    world.now = Time(end + 1);
    assert_eq!(world.refuses(BOB, edit(said)), Code::WindowClosed);
    assert_eq!(world.refuses(BOB, Command::Unsend { target: said }), Code::WindowClosed);
}

#[test]
fn a_group_master_unsends_any_message_at_any_time() {
    // R25
    let mut world = World::with_group();
    let said = world.says(BOB, "hello");
    assert_eq!(world.refuses(CAROL, Command::Unsend { target: said }), Code::NotAllowed);
    world.now = Time(i64::MAX);
    world.does(ALICE, Command::Unsend { target: said }).unwrap();
    assert_eq!(world.told().last(), &Change::Unsent { target: said });
    assert_eq!(world.refuses(ALICE, Command::Unsend { target: said }), Code::NotAMessage);
}

#[test]
fn a_message_without_an_end_of_time_stays_open() {
    // R25: no arithmetic goes over.
    let mut world = World::with_group();
    world.now = Time(i64::MAX - 1);
    let said = world.says(BOB, "hello");
    world.now = Time(i64::MAX);
    world.does(BOB, edit(said)).expect("a moment later");
}

#[test]
fn reactions_and_pins_stand_or_do_not() {
    // R25: what is so already is written no second time.
    let mut world = World::with_group();
    let said = world.says(BOB, "hello");
    let pin = |on| Command::Pin { target: said, on };
    for (command, entries) in [
        (react(said, false), 0),
        (react(said, true), 1),
        (react(said, true), 0),
        (react(said, false), 1),
        (pin(false), 0),
        (pin(true), 1),
        (pin(true), 0),
        (pin(false), 1),
    ] {
        assert_eq!(world.does(CAROL, command).unwrap().drafts.len(), entries);
    }
    world.does(CAROL, react(said, true)).unwrap();
    let alices = world.does(ALICE, react(said, true)).unwrap();
    assert_eq!(alices.drafts.len(), 1, "everybody reacts for himself");
}

#[test]
fn a_reaction_has_one_to_thirty_two_bytes() {
    // R25
    let mut world = World::with_group();
    let said = world.says(BOB, "hello");
    let reacting = |emoji: &str| Command::React { target: said, emoji: emoji.to_owned(), on: true };
    world.does(BOB, reacting(&"👍".repeat(8))).unwrap();
    for (emoji, code) in [("👍".repeat(8) + "!", Code::TooLong), (" ".to_owned(), Code::Empty)] {
        let refusal = world.does(BOB, reacting(&emoji)).unwrap_err();
        assert_eq!(refusal, Refusal::about(code, "emoji"));
    }
}

#[test]
fn while_messages_are_off_nobody_writes_any() {
    // R12: switched off in the group.
    let mut world = World::with_group();
    let said = world.says(BOB, "hello");
    world.does(ALICE, switch(Feature::Message, false)).unwrap();
    for command in about(said) {
        assert_eq!(world.refuses(BOB, command.clone()), Code::FeatureOff);
        assert_eq!(world.refuses(ALICE, command), Code::FeatureOff);
    }
    world.does(ALICE, switch(Feature::Note, false)).expect("governance goes on");
    world.does(ALICE, switch(Feature::Message, true)).unwrap();
    world.says(BOB, "back");
}

#[test]
fn what_the_owner_company_disabled_is_off_for_all_and_what_ones_own_did_for_him() {
    // R11, R12
    let mut world = World::with_group();
    world.disables(NORTH, Feature::Message, true);
    assert_eq!(world.refuses(BOB, post("hello")), Code::FeatureOff);
    world.disables(NORTH, Feature::Message, false);
    world.disables(SOUTH, Feature::Message, true);
    assert_eq!(world.refuses(BOB, post("hello")), Code::FeatureOff);
    world.says(CAROL, "only South is silent");
    let mut general = World::with_shared_room();
    general.disables(NORTH, Feature::Message, true);
    assert_eq!(general.refuses(ALICE, post("hello")), Code::FeatureOff);
    general.says(BOB, "a general room belongs to nobody");
}
