//! Random histories of three companies' people in two rooms, the authority beside the model: after
//! each step they must agree on who is in, who governs and who is shown what.

#![expect(clippy::wildcard_enum_match_arm, reason = "a new word fails by what it does")]

use super::model::{Ask, Deed, Kind, Model, Sight, Who};
use super::told::Told;
use super::world::*;
pub(crate) use super::world::{GINA, GUS};
use crate::authority::{Act, Actor, Admission, Command, Intent, Policy, PolicyChange, Room, View};
use crosstalk_protocol::entry::Change;
use crosstalk_protocol::ids::{CompanyId, Seq, UserId};
use crosstalk_protocol::words::{Feature, GroupCreation, HistoryVisibility, RoomKind};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

mod commands;
mod drawn;

pub(crate) use commands::{act_of, actor_of, command_of};
pub(crate) use drawn::histories;

/// Small, so that rooms are full now and then.
pub(crate) const MEMBERS_MAX: usize = 6;
pub(crate) const EVERYBODY: [UserId; 10] =
    [ALICE, ANNA, BOB, BEA, CAROL, CARL, GINA, GUS, NORA, SAM];

/// One step of a history.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Asks {
        room: usize,
        who: Who,
        ask: Ask,
    },
    /// Somebody sends again what was sent so many commands ago (R29).
    Again(usize),
    Befalls(Deed),
}

/// Told one step a line, for who reads the shrunk one.
#[derive(Clone)]
pub(crate) struct History(pub(crate) Vec<Step>);

impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for step in &self.0 {
            let line = match step {
                Step::Asks { room, who, ask } => format!("room {room}: {who:?} asks {ask:?}"),
                Step::Again(back) => format!("the command {back} before is sent again"),
                Step::Befalls(deed) => format!("{deed:?}"),
            };
            write!(f, "\n    {}", named(line))?;
        }
        Ok(())
    }
}

/// People and companies by their names.
fn named(mut line: String) -> String {
    let people = ["alice", "anna", "bob", "bea", "carol", "carl", "gina", "gus", "nora", "sam"];
    for (user, name) in EVERYBODY.iter().zip(people) {
        line = line.replace(&format!("UserId({user})"), name);
    }
    for (company, name) in COMPANIES.iter().zip(["NORTH", "SOUTH", "EAST"]) {
        line = line.replace(&format!("CompanyId({company})"), name);
    }
    line
}

/// A seat in the hub: a view that is fed what is written, as long as it may be.
struct Seat {
    view: View,
    over: bool,
}

/// A command that was accepted, to be sent again.
#[derive(Clone)]
struct Sent {
    room: usize,
    life: usize,
    who: Who,
    intent: Intent,
}

struct Run {
    world: World,
    model: Model,
    seats: BTreeMap<(usize, UserId), Seat>,
    /// Copies of rooms taken early and fed since; and how often each room was made anew.
    copies: [Room; 2],
    lives: [usize; 2],
    sent: Vec<Sent>,
}

/// The same beginning, for the authority and for the model: all know each other, but for Carl,
/// whom only Alice knows.
pub(crate) fn beginning() -> (World, Model) {
    let mut world = World::new();
    world.facts.limits.members_max = MEMBERS_MAX;
    let person = |user| {
        let person = &world.facts.people[user];
        (*user, person.company, person.guest)
    };
    let people: Vec<(UserId, CompanyId, bool)> = EVERYBODY.iter().map(person).collect();
    let mut model = Model::new(&people, &[NORA, SAM], MEMBERS_MAX);
    for (one, company, guest) in &people {
        for (other, others, other_guest) in &people {
            let users = one < other && company != others && !guest && !other_guest;
            if users && (*one == ALICE || *other != CARL) {
                world.contacts(*one, *other);
                model.befalls(Deed::Contacts(*one, *other, true));
            }
        }
    }
    (world, model)
}

impl Run {
    fn new() -> Self {
        let (world, model) = beginning();
        let copies = [world.rooms[0].room.clone(), world.rooms[1].room.clone()];
        Self { world, model, seats: BTreeMap::new(), copies, lives: [0; 2], sent: Vec::new() }
    }

    fn takes(&mut self, step: &Step) {
        match step {
            Step::Befalls(deed) => self.befalls(*deed),
            Step::Asks { room, who, ask } => self.asks(*room, *who, ask),
            Step::Again(back) => self.again(*back),
        }
        for room in 0..2 {
            self.check(room);
        }
    }

    fn befalls(&mut self, deed: Deed) {
        if !self.model.is_news(deed) {
            return;
        }
        self.model.befalls(deed);
        if let Some(act) = act_of(deed) {
            let effects = self.world.act(Actor::Operator, &act).map_err(|refusal| refusal.code);
            assert!(effects.is_ok_and(|effects| !effects.is_empty()), "{act:?} is news");
        }
        if let Deed::Contacts(one, other, on) = deed {
            self.world.contacts(one, other);
            if !on {
                self.world.facts.contacts.remove(&(one.min(other), one.max(other)));
            }
        }
        if matches!(deed, Deed::DisableMessages(..)) {
            // A relock: seats open their views anew.
            let seats: Vec<(usize, UserId)> = self.seats.keys().copied().collect();
            for (room, user) in seats {
                self.reopen(room, user);
            }
        }
    }

    fn asks(&mut self, room: usize, who: Who, ask: &Ask) {
        let makes = matches!(ask, Ask::Create { .. } | Ask::Open { .. });
        if makes && self.world.rooms[room].room.head > Seq::ZERO {
            if !self.world.rooms[room].room.deleted {
                return;
            }
            self.renew(room);
        }
        let expected = self.model.asked(room, who, ask);
        let intent = self.world.rooms[room].fresh(actor_of(who), command_of(who, ask));
        let before = self.world.rooms[room].timeline.len();
        let decision = self.world.sends_to(room, &intent);
        let got = decision.as_ref().map(|decision| decision.drafts.len()).map_err(drop);
        assert_eq!(got, expected, "authority, model: {decision:?}");
        if decision.is_ok() {
            self.sent.push(Sent { room, life: self.lives[room], who, intent });
        }
        self.feed(room, before);
    }

    /// R29: the same again writes nothing, and is an answer only to whom the room is there.
    fn again(&mut self, back: usize) {
        let Some(index) = self.sent.len().checked_sub(back + 1) else {
            return;
        };
        let sent = self.sent[index].clone();
        if sent.life != self.lives[sent.room] {
            return;
        }
        let farewell = matches!(sent.intent.command, Command::Leave | Command::Delete);
        let there = farewell || self.model.is_there_for(sent.room, sent.who);
        let decision = self.world.sends_to(sent.room, &sent.intent);
        let got = decision.map(|decision| (decision.drafts.len(), decision.repeated.is_some()));
        assert_eq!(got.ok(), there.then_some((0, true)), "{:?} again", sent.intent);
        if sent.who == Who::Rule {
            return; // Rules repeat what they like.
        }
        let command = remove(&[UserId::of_bytes([77; 16])]);
        let other = Intent { command, ..sent.intent };
        assert!(self.world.sends_to(sent.room, &other).is_err(), "R29: {other:?} is another");
    }

    fn renew(&mut self, room: usize) {
        self.lives[room] += 1;
        self.world.rooms[room] = Told::blank(201 + u8::try_from(room).unwrap());
        self.model.clear(room);
        self.copies[room] = self.world.rooms[room].room.clone();
        self.seats.retain(|(at, _), _| *at != room);
    }

    /// What was written goes to the early copy of the room and to every seat.
    fn feed(&mut self, room: usize, before: usize) {
        let entries = self.world.rooms[room].timeline[before..].to_vec();
        for entry in &entries {
            self.copies[room].apply(entry);
            for ((_, user), seat) in self.seats.iter_mut().filter(|((at, _), _)| *at == room) {
                let admission = seat.view.admit(entry);
                let ends = ends(&entry.change, *user);
                let place = usize::try_from(entry.seq.0).unwrap() - 1;
                let sights = self.model.sees(room, *user);
                let expected = match (seat.over, ends) {
                    (true, _) => Some(Admission::Gap),
                    (false, true) => Some(Admission::Last),
                    // Between a cut and its entry the fence holds him off, not the view.
                    (false, false) => sights.map(|sights| admitted(sights[place])),
                };
                if let Some(expected) = expected {
                    assert_eq!(admission, expected, "{user} at {}", entry.seq);
                }
                seat.over |= admission == Admission::Last;
            }
        }
        let stale = self.seats.iter().filter(|((at, _), seat)| *at == room && seat.view.is_stale());
        let stale: Vec<UserId> = stale.map(|((_, user), _)| *user).collect();
        for user in stale {
            self.reopen(room, user);
        }
    }

    fn reopen(&mut self, room: usize, user: UserId) {
        let told = &self.world.rooms[room];
        let seat = self.seats.get_mut(&(room, user)).filter(|seat| !seat.over);
        let Some(seat) = seat else {
            return;
        };
        if let Ok(view) = told.view(&self.world.facts, user, seat.view.shown()) {
            seat.view = view;
        }
    }

    /// A room folded from its beginning, or from any place on, is the room.
    fn refolds(&self) {
        for told in &self.world.rooms {
            for split in 0..=told.timeline.len() {
                let mut folded = Room::blank(told.room.id);
                told.timeline[..split].iter().for_each(|entry| folded.apply(entry));
                let mut copy = folded.clone();
                told.timeline[split..].iter().for_each(|entry| copy.apply(entry));
                assert_eq!(copy, told.room, "folded from {split} on");
            }
        }
    }

    fn check(&mut self, index: usize) {
        let told = &self.world.rooms[index];
        let (room, model) = (&told.room, &self.model.rooms[index]);
        let listed: BTreeSet<UserId> = room.members.keys().copied().collect();
        let facts = &self.world.facts;
        let members: BTreeSet<UserId> =
            listed.iter().copied().filter(|user| room.member(*user, facts).is_some()).collect();
        assert_eq!(listed, model.listed(), "who is listed");
        assert_eq!(members, model.members(), "who is a member");
        let masters = if model.gone { BTreeSet::new() } else { model.masters.clone() };
        assert_eq!(room.masters, masters, "who is a Group Master");
        assert!(listed.len() <= MEMBERS_MAX, "R8");
        assert_eq!(room.head.0, model.head() as u64);
        assert_eq!(room.revision.0, model.last_governance() as u64, "governance raises it");
        let seqs = told.timeline.iter().map(|entry| entry.seq.0);
        assert!(seqs.eq(1..=room.head.0), "seqs have no holes");
        if room.kind == RoomKind::Group && room.head > Seq::ZERO && room.masters.is_empty() {
            let heir = members.iter().any(|user| facts.people[user].company == room.owner);
            assert!(!heir || room.deleted, "R10, R20: somebody could be Group Master");
        }
        assert_eq!(&self.copies[index], room, "an early copy that was fed is the room");
        for user in EVERYBODY {
            self.check_sight(index, user);
        }
    }

    fn check_sight(&mut self, index: usize, user: UserId) {
        let told = &self.world.rooms[index];
        let expected = self.model.sees(index, user);
        let opened = told.view(&self.world.facts, user, Seq::ZERO).ok();
        assert_eq!(opened.is_some(), expected.is_some(), "{user} may open it or not");
        let (Some(mut late), Some(expected)) = (opened, expected) else {
            return;
        };
        let page = late.clone();
        for (entry, sight) in told.timeline.iter().zip(&expected) {
            assert_eq!(late.admit(entry), admitted(*sight), "{user} reads {}", entry.seq);
            assert_eq!(page.shows(entry.seq, &entry.change), *sight == Sight::Shown, "a page");
        }
        let full = expected.iter().all(|sight| *sight == Sight::Shown);
        assert!(!page.is_full() || full, "{user} is not served the room's buffer");
        let seat = self
            .seats
            .entry((index, user))
            .or_insert_with(|| Seat { view: late.clone(), over: false });
        if seat.over || seat.view.stint() != late.stint() {
            // He came back: a new seat.
            *seat = Seat { view: late.clone(), over: false };
        }
        assert_eq!(seat.view.shown(), told.room.head, "{user} is up to date");
        for (entry, sight) in told.timeline.iter().zip(&expected) {
            let shows = seat.view.shows(entry.seq, &entry.change);
            assert_eq!(shows, *sight == Sight::Shown, "{user}: early view, {}", entry.seq);
        }
    }
}

fn admitted(sight: Sight) -> Admission {
    match sight {
        Sight::Shown => Admission::Show,
        Sight::Passed => Admission::Passed,
    }
}

fn ends(change: &Change, user: UserId) -> bool {
    match change {
        Change::Removed { users, .. } => users.contains(&user),
        other => *other == Change::Deleted,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn the_authority_agrees_with_the_law_on_every_history(history in histories()) {
        let mut run = Run::new();
        for step in &history.0 {
            run.takes(step);
        }
        run.refolds();
    }
}
