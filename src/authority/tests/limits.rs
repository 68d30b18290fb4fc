//! The limits, at their size (R8, R25), and entries that stay small.

use super::world::*;
use crate::authority::{Actor, Command, Refusal};
use crosstalk_protocol::code::RefusalCode as Code;
use crosstalk_protocol::entry::{Change, ENTRY_PEOPLE_MAX};
use crosstalk_protocol::ids::UserId;
use crosstalk_protocol::words::{RoomKind, Way};

/// So many more people of South, contacts of Alice; the first so many are not connected.
fn crowd(world: &mut World, count: u16, unconnected: u16) -> Vec<UserId> {
    let ids = (0..count).map(|number| {
        let [high, low] = number.to_be_bytes();
        (number, UserId::of_bytes([50, high, low, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
    });
    let ids: Vec<(u16, UserId)> = ids.collect();
    for (number, id) in &ids {
        let mut person = new_person(*id, SOUTH);
        person.connected = *number >= unconnected;
        world.facts.people.insert(*id, person);
        world.contacts(ALICE, *id);
    }
    ids.into_iter().map(|(_, id)| id).collect()
}

fn titled(name: &str, description: &str) -> Command {
    let (name, description) = (name.to_owned(), description.to_owned());
    Command::Create { way: Way::Contacts, name, description, members: vec![BOB], masters: vec![] }
}

/// The people whom an entry names, masters included.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others name nobody or one")]
fn named_by(change: &Change) -> usize {
    match change {
        Change::Created { members, left_out, masters, .. } => {
            members.len() + left_out.len() + masters.len()
        }
        Change::Added { members, left_out } => members.len() + left_out.len(),
        Change::Opened { members, .. } => members.len(),
        Change::Converted { left_out, .. } => left_out.len(),
        Change::Removed { users, .. } => users.len(),
        _ => 0,
    }
}

#[test]
fn a_name_has_one_to_a_hundred_characters_and_a_description_up_to_three_hundred() {
    // R8: characters, not bytes.
    let (name, description) = ("語".repeat(100), "語".repeat(300));
    for (title, about, field) in [
        (format!("{name}語"), description.clone(), Some((Code::TooLong, "name"))),
        (name.clone(), format!("{description}語"), Some((Code::TooLong, "description"))),
        (String::new(), String::new(), Some((Code::Empty, "name"))),
        (" \n\u{3000}".to_owned(), String::new(), Some((Code::Empty, "name"))),
        (name.clone(), description.clone(), None),
    ] {
        let expected = field.map(|(code, field)| Refusal::about(code, field));
        let created = World::new().does(ALICE, titled(&title, &about));
        assert_eq!(created.err(), expected);
        let conversion = Command::Convert { name: title.clone(), description: about.clone() };
        assert_eq!(World::with_shared_room().does(ALICE, conversion).err(), expected);
        let change = Command::Settings {
            name: Some(title),
            description: Some(about),
            switches: Vec::new(),
            history: None,
        };
        assert_eq!(World::with_group().does(ALICE, change).err(), expected);
    }
}

#[test]
fn a_general_rooms_name_may_be_empty_and_has_up_to_a_hundred_characters() {
    // R8, R33
    for (name, expected) in [
        (String::new(), None),
        ("名".repeat(100), None),
        ("名".repeat(101), Some(Refusal::about(Code::TooLong, "name"))),
    ] {
        let opened =
            Command::Open { kind: RoomKind::Internal, name: name.clone(), members: vec![] };
        assert_eq!(World::new().does(ALICE, opened).err(), expected);
        let renamed = World::with_shared_room().does(BOB, Command::Rename { name });
        assert_eq!(renamed.err(), expected);
    }
}

#[test]
fn a_group_has_up_to_a_thousand_members() {
    // R8
    let mut world = World::new();
    let people = crowd(&mut world, 1_000, 0);
    assert_eq!(world.refuses(ALICE, group(&people)), Code::RoomFull);
    world.does(ALICE, group(&people[..999])).unwrap();
    assert_eq!(world.members().len(), 1_000);
    assert_eq!(world.refuses(ALICE, add(&people[999..])), Code::RoomFull);
    world.does(ALICE, remove(&people[..1])).unwrap();
    world.does(ALICE, add(&people[999..])).expect("there is a place again");
}

#[test]
fn a_general_room_is_full_for_guests_too() {
    // R8, R33
    let mut world = World::with_internal_room();
    world.facts.limits.members_max = 2;
    let enters = Command::Enter { guest: GINA, inviter: ALICE };
    assert_eq!(world.refuses_actor(Actor::Rule, enters), Code::RoomFull);
    assert_eq!(world.refuses(ALICE, invite(&[NORA])), Code::RoomFull);
}

#[test]
fn nobody_is_in_more_than_two_thousand_groups() {
    // R8
    let mut world = World::with_group();
    world.person(CARL).groups = 2_000;
    let refusal = Refusal::naming(Code::TooManyGroups, vec![CARL]);
    assert_eq!(world.does(ALICE, add(&[BEA, CARL])).unwrap_err(), refusal);
    world.person(CARL).groups = 1_999;
    world.does(ALICE, add(&[CARL])).expect("one more");
    let mut world = World::new();
    world.person(ALICE).groups = 2_000;
    let refusal = Refusal::naming(Code::TooManyGroups, vec![ALICE]);
    assert_eq!(world.does(ALICE, group(&[BOB])).unwrap_err(), refusal);
    let by_nora = world.asks(Actor::Administrator(NORA), named(&[ALICE], &[BOB]));
    assert_eq!(by_nora.unwrap_err(), refusal);
    let mut world = World::with_shared_room();
    world.person(BOB).groups = 2_000;
    let refusal = Refusal::naming(Code::TooManyGroups, vec![BOB]);
    assert_eq!(world.does(ALICE, convert()).unwrap_err(), refusal);
    world.does(ALICE, invite(&[CARL])).expect("a general room is no group");
}

#[test]
fn an_entry_names_at_most_five_hundred_people() {
    // decisions.md: so that a frame holds it.
    let mut world = World::new();
    let people = crowd(&mut world, 999, 700);
    let decision = world.does(ALICE, group(&people)).unwrap();
    assert_eq!(decision.left_out.len(), 700);
    assert_eq!(world.members().len(), 300);
    let mut masters = vec![ALICE];
    masters.extend(&people[900..998]);
    let mut by_nora = World::new();
    let same = crowd(&mut by_nora, 999, 0);
    by_nora.asks(Actor::Administrator(NORA), named(&masters, &same[..900])).unwrap();
    assert_eq!(by_nora.masters().len(), 99);
    assert_eq!(by_nora.members().len(), 999);
    by_nora.does(ALICE, remove(&same[..900])).unwrap();
    assert_eq!(by_nora.members().len(), 99);
    for told in [world.told(), by_nora.told()] {
        assert!(told.timeline.iter().all(|entry| named_by(&entry.change) <= ENTRY_PEOPLE_MAX));
    }
    let told: usize = world.told().timeline.iter().map(|entry| named_by(&entry.change)).sum();
    assert_eq!(told, 1_000 + 1, "everybody once, and the Group Master");
}

#[test]
fn the_stints_of_a_large_group_note_access_each() {
    // R19: also those that begin in the second entry.
    let mut world = World::new();
    let people = crowd(&mut world, 999, 0);
    for id in &people {
        world.person(*id).outside = 3;
    }
    world.does(ALICE, group(&people)).unwrap();
    assert_eq!(world.members().len(), 1_000);
    assert_eq!(world.asks(Actor::Rule, Command::Settle).unwrap().drafts, []);
    world.permits(people[998], false);
    assert_eq!(world.members().len(), 999);
}

#[test]
fn no_list_of_people_is_longer_than_a_room() {
    // R8
    let many = vec![BOB; 1_001];
    let long = |field| Refusal::about(Code::TooLong, field);
    for command in [add(&many), remove(&many)] {
        assert_eq!(World::with_group().does(ALICE, command).unwrap_err(), long("users"));
    }
    let invited = World::with_shared_room().does(ALICE, invite(&many));
    assert_eq!(invited.unwrap_err(), long("users"));
    for command in [group(&many), opening(RoomKind::Shared, &many)] {
        assert_eq!(World::new().does(ALICE, command).unwrap_err(), long("members"));
    }
    let nora = Actor::Administrator(NORA);
    let masters = World::new().asks(nora, named(&[ALICE; 101], &[BOB]));
    assert_eq!(masters.unwrap_err(), long("masters"));
}
