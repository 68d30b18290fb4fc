//! The acts of administrators and operators, actor by actor (R3, R11, R17, R19, R31, R33, R34).

use super::world::*;
use crate::authority::{Act, Actor, Effect, Person, Policy, PolicyChange, Subject, judge};
use crosstalk_protocol::code::RefusalCode as Code;
use crosstalk_protocol::ids::CompanyId;
use crosstalk_protocol::push::NoticeKind;
use crosstalk_protocol::words::{Feature, GroupCreation};

const OWN: Actor = Actor::Administrator(NORA);
const OTHER: Actor = Actor::Administrator(SAM);
/// Says that he is an administrator, and is none.
const NONE: Actor = Actor::Administrator(ANNA);
const UNKNOWN: CompanyId = CompanyId::of_bytes([77; 16]);

fn provision(person: Person) -> Act {
    Act::Provision { person, exists: false, first_sign_in: false }
}

/// Every act of governance on North and its people.
fn acts_on_north() -> Vec<Act> {
    let change = PolicyChange::GroupCreation(GroupCreation::Administrators);
    vec![
        Act::SetIssuer { company: NORTH },
        Act::SetPolicy { company: NORTH, change },
        provision(new_person(NOBODY, NORTH)),
        Act::SetConnected { user: ALICE, connected: false },
        Act::SetAdministrator { user: ALICE, administrator: true },
        Act::SetActive { user: ALICE, active: false },
        Act::DeletePerson { user: ALICE },
        Act::RevokeSignIns { user: ALICE },
    ]
}

fn refused(world: &World, actor: Actor, act: &Act) -> Option<Code> {
    judge(&world.facts, actor, act).err().map(|refusal| refusal.code)
}

#[test]
fn an_administrator_governs_his_own_company_and_the_operator_any() {
    // R31: another company's administrator finds nothing; who governs nothing is told so.
    let world = World::new();
    for act in acts_on_north() {
        let by = |actor| refused(&world, actor, &act);
        assert_eq!((by(OWN), by(Actor::Operator)), (None, None), "{act:?}");
        assert_eq!(by(OTHER), Some(Code::NotFound), "{act:?}");
        for nobody in [NONE, Actor::Person(NORA), Actor::Rule, Actor::Administrator(NOBODY)] {
            assert_eq!(by(nobody), Some(Code::NotAdministrator), "{act:?}");
        }
    }
}

#[test]
fn who_governs_nothing_learns_nothing() {
    // R31: unknown and foreign are one answer, to each his own.
    let world = World::new();
    let unknown = [
        Act::SetIssuer { company: UNKNOWN },
        Act::RevokeSignIns { user: NOBODY },
        Act::DeletePerson { user: NOBODY },
        provision(new_person(NOBODY, UNKNOWN)),
    ];
    for act in unknown {
        assert_eq!(refused(&world, OWN, &act), Some(Code::NotFound));
        assert_eq!(refused(&world, Actor::Operator, &act), Some(Code::NotFound));
        assert_eq!(refused(&world, NONE, &act), Some(Code::NotAdministrator));
        assert_eq!(refused(&world, Actor::Person(ANNA), &act), Some(Code::NotAdministrator));
    }
}

#[test]
fn a_guest_governs_nothing_and_gets_no_right() {
    // R33, R34: but his invitation's company may cut him off.
    let mut world = World::new();
    world.person(GINA).administrator = true;
    for act in acts_on_north() {
        let guest = Actor::Administrator(GINA);
        assert_eq!(refused(&world, guest, &act), Some(Code::NotAdministrator));
    }
    world.person(GINA).administrator = false;
    for act in [
        Act::SetAdministrator { user: GINA, administrator: true },
        Act::SetConnected { user: GINA, connected: true },
        provision(Person { guest: true, ..new_person(NOBODY, NORTH) }),
    ] {
        assert_eq!(refused(&world, OWN, &act), Some(Code::NotAllowed));
    }
    for act in [
        Act::RevokeSignIns { user: GINA },
        Act::SetActive { user: GINA, active: false },
        Act::DeletePerson { user: GINA },
    ] {
        assert_eq!(refused(&world, OWN, &act), None);
        assert_eq!(refused(&world, OTHER, &act), Some(Code::NotFound));
    }
}

#[test]
fn a_suspended_administrator_governs_nothing() {
    // R34
    let mut world = World::new();
    world.suspends(NORA);
    for act in acts_on_north() {
        assert_eq!(refused(&world, OWN, &act), Some(Code::NotAdministrator));
    }
}

#[test]
fn only_the_operator_makes_and_ends_companies() {
    // R19, R34
    let mut world = World::new();
    let (opening, ending) =
        (Act::CreateCompany { company: UNKNOWN }, Act::EndCompany { company: NORTH });
    for act in [&opening, &ending] {
        for actor in [OWN, OTHER, NONE, Actor::Person(ALICE), Actor::Rule] {
            assert_eq!(refused(&world, actor, act), Some(Code::NotFound));
        }
    }
    let made = world.act(Actor::Operator, &opening).unwrap();
    assert_eq!(made, [Effect::CompanyMade(UNKNOWN)]);
    assert_eq!(refused(&world, Actor::Operator, &opening), Some(Code::Exists));
    let subject = Subject::Company(NORTH);
    let done = world.act(Actor::Operator, &ending).unwrap();
    let whole = Effect::Cut { subject, outside: false };
    let told = Effect::Notice(subject, NoticeKind::Withdrawn {});
    assert_eq!(done, [Effect::CompanyEnded(NORTH), whole, told]);
    assert_eq!(world.act(Actor::Operator, &ending).unwrap(), [], "it is so already");
    let other = Act::EndCompany { company: CompanyId::of_bytes([78; 16]) };
    assert_eq!(refused(&world, Actor::Operator, &other), Some(Code::NotFound));
}

#[test]
fn an_ended_company_is_governed_no_more() {
    // R19
    let mut world = World::new();
    world.ends(NORTH);
    for act in acts_on_north() {
        assert_eq!(refused(&world, Actor::Operator, &act), Some(Code::OwnerEnded));
        assert_eq!(refused(&world, OWN, &act), Some(Code::NotAdministrator));
        assert_eq!(refused(&world, OTHER, &act), Some(Code::NotFound));
    }
}

#[test]
fn taking_connected_membership_cuts_groups_and_shared_rooms_only() {
    // R17, R19
    let mut world = World::new();
    let set = |connected| Act::SetConnected { user: BOB, connected };
    let subject = Subject::Person(BOB);
    assert_eq!(world.act(OTHER, &set(true)).unwrap(), [], "it is so already");
    let taken = world.act(OTHER, &set(false)).unwrap();
    let cut = Effect::Cut { subject, outside: true };
    let told = Effect::Notice(subject, NoticeKind::Withdrawn {});
    assert_eq!(taken, [Effect::ConnectedSet(BOB, false), cut, told]);
    let given = world.act(OTHER, &set(true)).unwrap();
    let told = Effect::Notice(subject, NoticeKind::Connected {});
    assert_eq!(given, [Effect::ConnectedSet(BOB, true), told]);
}

#[test]
fn suspension_and_deletion_end_sign_ins_and_cut_every_room() {
    // R19, R34
    let mut world = World::new();
    let cut = Effect::Cut { subject: Subject::Person(BOB), outside: false };
    let set = |active| Act::SetActive { user: BOB, active };
    let suspended = world.act(OTHER, &set(false)).unwrap();
    let ends = [Effect::ActiveSet(BOB, false), Effect::SignInsRevoked(BOB), cut.clone()];
    assert_eq!(suspended, ends);
    assert_eq!(world.act(OTHER, &set(false)).unwrap(), []);
    assert_eq!(world.act(OTHER, &set(true)).unwrap(), [Effect::ActiveSet(BOB, true)]);
    let deleted = world.act(OTHER, &Act::DeletePerson { user: BOB }).unwrap();
    assert_eq!(deleted, [Effect::PersonDeleted(BOB), Effect::SignInsRevoked(BOB), cut]);
    for act in [set(true), Act::DeletePerson { user: BOB }, Act::RevokeSignIns { user: BOB }] {
        assert_eq!(refused(&world, OTHER, &act), Some(Code::NotFound), "he is no more");
    }
}

#[test]
fn revoking_sign_ins_ends_no_membership() {
    // R34
    let mut world = World::with_group();
    let revoked = world.act(OTHER, &Act::RevokeSignIns { user: BOB }).unwrap();
    assert_eq!(revoked, [Effect::SignInsRevoked(BOB)]);
    assert!(world.members().contains(&BOB));
}

#[test]
fn a_policy_is_told_to_the_company_and_does_what_it_says() {
    // R3, R11, R17, R19, R33
    use PolicyChange::{Disabled, Switch};
    let subject = Subject::Company(NORTH);
    let cut = Effect::Cut { subject, outside: true };
    let withdrawn = Effect::Notice(subject, NoticeKind::Withdrawn {});
    let told = Effect::Notice(subject, NoticeKind::Policy { company: NORTH });
    let relock = Effect::Relock(NORTH);
    let table = [
        (PolicyChange::GroupCreation(GroupCreation::Administrators), vec![]),
        (Switch(Policy::ExternalMessaging, false), vec![cut, withdrawn]),
        (Switch(Policy::ExternalMessaging, true), vec![]),
        (Switch(Policy::ExternalRooms, false), vec![]),
        (Switch(Policy::Guests, false), vec![]),
        (Switch(Policy::ExternalReadMarks, false), vec![]),
        (Switch(Policy::FirstSignIn, true), vec![]),
        (Disabled(Feature::Note, true), vec![relock.clone()]),
        (Disabled(Feature::Note, false), vec![relock]),
    ];
    let mut world = World::new();
    for (change, between) in table {
        let act = Act::SetPolicy { company: NORTH, change };
        let mut expected = vec![Effect::PolicySet(NORTH, change)];
        expected.extend(between);
        expected.push(told.clone());
        assert_eq!(world.act(OWN, &act).unwrap(), expected);
        assert_eq!(world.act(OWN, &act).unwrap(), [], "{change:?} is so already");
    }
}

#[test]
fn users_are_provisioned_or_made_at_their_first_sign_in_if_the_company_says_so() {
    // R34
    let mut world = World::new();
    let person = new_person(NOBODY, NORTH);
    let made = world.act(OWN, &provision(person.clone())).unwrap();
    assert_eq!(made, [Effect::PersonMade(person.clone())]);
    assert_eq!(refused(&world, OWN, &provision(person.clone())), Some(Code::Exists));
    let again = Act::Provision { person: person.clone(), exists: true, first_sign_in: false };
    assert_eq!(refused(&World::new(), OWN, &again), Some(Code::Exists), "a subject never again");

    let plain = Person { connected: false, ..person };
    let sign_in = |person: &Person, exists| Act::Provision {
        person: person.clone(),
        exists,
        first_sign_in: true,
    };
    let mut world = World::new();
    let closed = Some(Code::Unauthenticated);
    assert_eq!(refused(&world, Actor::Rule, &sign_in(&plain, false)), closed);
    world.switches(NORTH, Policy::FirstSignIn, true);
    assert_eq!(refused(&world, Actor::Rule, &sign_in(&plain, true)), closed, "deleted, say");
    for more in [
        Person { administrator: true, ..plain.clone() },
        Person { connected: true, ..plain.clone() },
        Person { guest: true, ..plain.clone() },
        Person { company: UNKNOWN, ..plain.clone() },
    ] {
        assert_eq!(refused(&world, Actor::Rule, &sign_in(&more, false)), closed);
    }
    assert_eq!(refused(&world, Actor::Rule, &sign_in(&plain, false)), None);
    world.ends(NORTH);
    assert_eq!(refused(&world, Actor::Rule, &sign_in(&plain, false)), closed);
}

#[test]
fn contacts_are_asked_for_and_accepted_between_companies() {
    // R17
    let mut world = World::new();
    let ask = |asked| Act::RequestContact { of: Some(BOB), asked };
    let requested =
        Effect::Notice(Subject::Person(BOB), NoticeKind::ContactRequested { user: ANNA });
    let asked = world.act(Actor::Person(ANNA), &ask(false)).unwrap();
    assert_eq!(asked, [Effect::ContactAsked(ANNA, BOB), requested]);
    let accepted = world.act(Actor::Person(BOB), &Act::AcceptContact { of: ANNA, asked: true });
    let told =
        |user, by| Effect::Notice(Subject::Person(user), NoticeKind::ContactAccepted { user: by });
    assert_eq!(accepted.unwrap(), [Effect::ContactMade(BOB, ANNA), told(ANNA, BOB)]);
    assert!(world.facts.are_contacts(ANNA, BOB) && world.facts.are_contacts(BOB, ANNA));
    assert_eq!(world.act(Actor::Person(ANNA), &ask(false)).unwrap(), [], "they are already");
    let again = Act::AcceptContact { of: ANNA, asked: false };
    assert_eq!(world.act(Actor::Person(BOB), &again).unwrap(), []);
    world.act(Actor::Person(ANNA), &Act::EndContact { of: BOB }).unwrap();
    assert!(!world.facts.are_contacts(ANNA, BOB));
    let both = world.act(Actor::Person(ANNA), &ask(true)).unwrap();
    assert_eq!(both, [Effect::ContactMade(ANNA, BOB), told(BOB, ANNA)], "who was asked asks");
}

#[test]
fn nobody_is_found_by_guessing_addresses() {
    // R30: nobody, a guest and who is suspended are one answer.
    let mut world = World::new();
    world.suspends(BOB);
    for of in [None, Some(GUS), Some(BOB), Some(NOBODY)] {
        let act = Act::RequestContact { of, asked: false };
        assert_eq!(world.act(Actor::Person(ANNA), &act).unwrap(), []);
    }
    let colleague = Act::RequestContact { of: Some(ALICE), asked: false };
    assert_eq!(refused(&world, Actor::Person(ANNA), &colleague), Some(Code::SameCompany));
}

#[test]
fn only_who_was_asked_accepts_and_only_active_users_have_contacts() {
    // R33
    let mut world = World::new();
    let accept = |of, asked| Act::AcceptContact { of, asked };
    assert_eq!(refused(&world, Actor::Person(BEA), &accept(ANNA, false)), Some(Code::NotFound));
    assert_eq!(refused(&world, Actor::Person(BEA), &accept(GINA, true)), Some(Code::NotFound));
    world.suspends(ANNA);
    assert_eq!(refused(&world, Actor::Person(BEA), &accept(ANNA, true)), Some(Code::NotFound));
    let acts = [
        Act::RequestContact { of: Some(BOB), asked: false },
        accept(BOB, true),
        Act::EndContact { of: BOB },
    ];
    for act in acts {
        for actor in [Actor::Person(GINA), Actor::Person(ANNA), Actor::Operator, Actor::Rule] {
            assert_eq!(refused(&world, actor, &act), Some(Code::NotAllowed));
        }
    }
}
