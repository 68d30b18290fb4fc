//! The people of the tests: three companies, their contacts, and rooms.

pub(super) use super::asks::*;
use super::told::Told;
use crate::authority::{
    Act, Actor, Admission, Command, Company, Decision, Effect, Facts, Intent, Person, Policy,
    PolicyChange, Refusal, Subject, Time, View, judge,
};
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::ids::{CompanyId, Seq, UserId};
use crosstalk_protocol::words::{Feature, Features, GroupCreation, RoomKind};

const fn user(number: u8) -> UserId {
    UserId::of_bytes([number; 16])
}

const fn company(number: u8) -> CompanyId {
    CompanyId::of_bytes([number; 16])
}

pub(super) const NORTH: CompanyId = company(101);
pub(super) const SOUTH: CompanyId = company(102);
pub(super) const EAST: CompanyId = company(103);
pub(super) const COMPANIES: [CompanyId; 3] = [NORTH, SOUTH, EAST];

/// Of North. Alice is a contact of everybody outside.
pub(super) const ALICE: UserId = user(1);
pub(super) const ANNA: UserId = user(2);
/// Of South.
pub(super) const BOB: UserId = user(3);
pub(super) const BEA: UserId = user(4);
/// Of East.
pub(super) const CAROL: UserId = user(5);
pub(super) const CARL: UserId = user(6);
/// Guests of North and of South.
pub(crate) const GINA: UserId = user(7);
pub(crate) const GUS: UserId = user(8);
/// Administrators of North and of South, members of nothing.
pub(super) const NORA: UserId = user(9);
pub(super) const SAM: UserId = user(10);
/// Nobody.
pub(super) const NOBODY: UserId = user(99);

pub(crate) struct World {
    pub(crate) facts: Facts,
    pub(super) now: Time,
    pub(super) rooms: Vec<Told>,
}

pub(super) fn new_company(id: CompanyId) -> Company {
    Company {
        id,
        ended: false,
        external_messaging: true,
        group_creation: GroupCreation::AlsoMembers,
        external_rooms: true,
        guests: true,
        external_read_marks: true,
        disabled: Features::NONE,
        first_sign_in: false,
        outside: 0,
        whole: 0,
    }
}

pub(super) fn new_person(id: UserId, company: CompanyId) -> Person {
    Person { connected: true, ..Person::user(id, company) }
}

impl World {
    /// Everybody is there, nobody is in a room.
    pub(super) fn new() -> Self {
        let mut facts = Facts::default();
        for id in COMPANIES {
            facts.companies.insert(id, new_company(id));
        }
        let people = [(NORTH, [ALICE, ANNA]), (SOUTH, [BOB, BEA]), (EAST, [CAROL, CARL])];
        for (company, users) in people {
            for id in users {
                facts.people.insert(id, new_person(id, company));
            }
        }
        for (id, company) in [(GINA, NORTH), (GUS, SOUTH)] {
            let guest = Person { guest: true, connected: false, ..new_person(id, company) };
            facts.people.insert(id, guest);
        }
        for (id, company) in [(NORA, NORTH), (SAM, SOUTH)] {
            let administrator = Person { administrator: true, ..new_person(id, company) };
            facts.people.insert(id, administrator);
        }
        let rooms = vec![Told::blank(201), Told::blank(202)];
        let mut world = Self { facts, now: Time(1_000_000), rooms };
        for other in [BOB, BEA, CAROL, CARL] {
            world.contacts(ALICE, other);
        }
        world
    }

    /// A group of Alice (Group Master), Anna, Bob and Carol.
    pub(super) fn with_group() -> Self {
        let mut world = Self::new();
        world.does(ALICE, group(&[ANNA, BOB, CAROL])).expect("Alice may");
        world
    }

    /// A shared room that Alice opened with Anna, Bob and Carol.
    pub(super) fn with_shared_room() -> Self {
        let mut world = Self::new();
        world.does(ALICE, opening(RoomKind::Shared, &[ANNA, BOB, CAROL])).expect("Alice may");
        world
    }

    /// An internal room that Alice opened with Anna.
    pub(super) fn with_internal_room() -> Self {
        let mut world = Self::new();
        world.does(ALICE, opening(RoomKind::Internal, &[ANNA])).expect("Alice may");
        world
    }

    pub(super) fn contacts(&mut self, one: UserId, other: UserId) {
        self.facts.contacts.insert((one.min(other), one.max(other)));
    }

    pub(super) fn person(&mut self, user: UserId) -> &mut Person {
        self.facts.people.get_mut(&user).expect("he is somebody")
    }

    pub(super) fn company(&mut self, company: CompanyId) -> &mut Company {
        self.facts.companies.get_mut(&company).expect("it is one")
    }

    pub(super) fn told(&self) -> &Told {
        self.rooms.first().expect("there are two")
    }

    /// A person's command to the first room.
    pub(super) fn does(&mut self, user: UserId, command: Command) -> Result<Decision, Refusal> {
        self.asks(Actor::Person(user), command)
    }

    /// Anybody's command to the first room.
    pub(super) fn asks(&mut self, actor: Actor, command: Command) -> Result<Decision, Refusal> {
        let intent = self.told().fresh(actor, command);
        self.sends(&intent)
    }

    /// A command under an id that may have been used before.
    pub(super) fn sends(&mut self, intent: &Intent) -> Result<Decision, Refusal> {
        self.sends_to(0, intent)
    }

    pub(super) fn sends_to(&mut self, room: usize, intent: &Intent) -> Result<Decision, Refusal> {
        let told = self.rooms.get_mut(room).expect("there are two");
        told.append(&self.facts, intent, self.now)
    }

    /// What a person's command is refused with.
    pub(super) fn refuses(&mut self, user: UserId, command: Command) -> RefusalCode {
        self.does(user, command).expect_err("it is refused").code
    }

    /// What anybody's command is refused with.
    pub(super) fn refuses_actor(&mut self, actor: Actor, command: Command) -> RefusalCode {
        self.asks(actor, command).expect_err("it is refused").code
    }

    /// A person posts; the place of the message.
    pub(super) fn says(&mut self, user: UserId, text: &str) -> Seq {
        self.does(user, post(text)).expect("he may talk");
        self.told().room.head
    }

    /// The members of the first room whose membership holds.
    pub(super) fn members(&self) -> Vec<UserId> {
        let room = &self.told().room;
        let all = room.members.keys().copied();
        all.filter(|user| room.member(*user, &self.facts).is_some()).collect()
    }

    pub(super) fn masters(&self) -> Vec<UserId> {
        self.told().room.masters.iter().copied().collect()
    }

    pub(super) fn view(&self, user: UserId) -> View {
        self.told().view(&self.facts, user, Seq::ZERO).expect("he is a member")
    }

    /// The places of the first room that a person is shown from its past; none if it is none to
    /// him.
    pub(super) fn sees(&self, user: UserId) -> Vec<u64> {
        let told = self.told();
        let Ok(mut view) = told.view(&self.facts, user, Seq::ZERO) else {
            return Vec::new();
        };
        let shown = told.timeline.iter().filter(|entry| view.admit(entry) == Admission::Show);
        shown.map(|entry| entry.seq.0).collect()
    }

    /// An act on the directory, its effects kept as the directory keeps them.
    pub(super) fn act(&mut self, actor: Actor, act: &Act) -> Result<Vec<Effect>, Refusal> {
        let effects = judge(&self.facts, actor, act)?;
        for effect in &effects {
            self.keep(effect);
        }
        Ok(effects)
    }

    fn keep(&mut self, effect: &Effect) {
        match effect {
            Effect::ConnectedSet(user, on) => self.person(*user).connected = *on,
            Effect::ActiveSet(user, on) => self.person(*user).active = *on,
            Effect::AdministratorSet(user, on) => self.person(*user).administrator = *on,
            Effect::PersonDeleted(user) => {
                let person = self.person(*user);
                (person.active, person.deleted) = (false, true);
                let contacts = &mut self.facts.contacts;
                contacts.retain(|(one, other)| one != user && other != user);
            }
            Effect::CompanyEnded(company) => self.company(*company).ended = true,
            Effect::PolicySet(company, change) => keep_policy(self.company(*company), *change),
            Effect::Cut { subject: Subject::Person(user), outside } => {
                let person = self.person(*user);
                if *outside { person.outside += 1 } else { person.whole += 1 }
            }
            Effect::Cut { subject: Subject::Company(company), outside } => {
                let company = self.company(*company);
                if *outside { company.outside += 1 } else { company.whole += 1 }
            }
            Effect::ContactMade(one, other) => self.contacts(*one, *other),
            Effect::ContactEnded(one, other) => {
                self.facts.contacts.remove(&(*one.min(other), *one.max(other)));
            }
            Effect::PersonMade(person) => {
                self.facts.people.insert(person.id, person.clone());
            }
            Effect::CompanyMade(company) => {
                self.facts.companies.insert(*company, new_company(*company));
            }
            Effect::IssuerSet(_)
            | Effect::SignInsRevoked(_)
            | Effect::ContactAsked(..)
            | Effect::Relock(_)
            | Effect::Notice(..) => {}
        }
    }

    /// The administrator of his company takes or gives his Connected-membership.
    pub(super) fn permits(&mut self, user: UserId, connected: bool) {
        self.act(Actor::Operator, &Act::SetConnected { user, connected }).expect("he may");
    }

    pub(super) fn suspends(&mut self, user: UserId) {
        self.act(Actor::Operator, &Act::SetActive { user, active: false }).expect("he may");
    }

    pub(super) fn ends(&mut self, company: CompanyId) {
        self.act(Actor::Operator, &Act::EndCompany { company }).expect("he may");
    }

    /// A company disables a feature, or no longer.
    pub(super) fn disables(&mut self, company: CompanyId, feature: Feature, off: bool) {
        let change = PolicyChange::Disabled(feature, off);
        self.act(Actor::Operator, &Act::SetPolicy { company, change }).expect("he may");
    }

    pub(super) fn switches(&mut self, company: CompanyId, policy: Policy, on: bool) {
        let change = PolicyChange::Switch(policy, on);
        self.act(Actor::Operator, &Act::SetPolicy { company, change }).expect("he may");
    }
}

fn keep_policy(company: &mut Company, change: PolicyChange) {
    match change {
        PolicyChange::GroupCreation(who) => company.group_creation = who,
        PolicyChange::Disabled(feature, off) => {
            company.disabled = company.disabled.with(feature, off);
        }
        PolicyChange::Switch(Policy::ExternalMessaging, on) => company.external_messaging = on,
        PolicyChange::Switch(Policy::ExternalRooms, on) => company.external_rooms = on,
        PolicyChange::Switch(Policy::Guests, on) => company.guests = on,
        PolicyChange::Switch(Policy::ExternalReadMarks, on) => company.external_read_marks = on,
        PolicyChange::Switch(Policy::FirstSignIn, on) => company.first_sign_in = on,
    }
}
