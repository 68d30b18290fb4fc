//! Random histories told to a real store, beside the model of the law: every so often each person is
//! held against it by all that he may want to read. Meanwhile the store is stopped and started, its
//! memory holds next to nothing, and its jobs write when they like.

#![expect(clippy::wildcard_enum_match_arm, reason = "a new word fails by what it does")]

use super::support::{World, again, person};
use crate::authority::tests::histories::{
    EVERYBODY, GINA, GUS, History, MEMBERS_MAX, Step, act_of, actor_of, beginning, command_of,
    histories,
};
use crate::authority::tests::model::{Ask, Deed, Model, Who};
use crate::authority::{Act, Actor, At, Command, Policy, PolicyChange};
use crate::directory::{Directory, Record};
use crate::timeline::{NotAppended, Timeline};
use crosstalk_protocol::ids::{OperationId, RoomId, Seq, UserId};
use crosstalk_protocol::words::RoomKind;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

mod inboxes;
mod looks;

/// Each person is held against the model after so many steps.
const LOOK_EVERY: usize = 7;
/// The store is stopped and started after so many.
const RESTART_EVERY: usize = 19;

/// A room from its beginning to its deletion: what the model does not keep, as it was told.
struct Life {
    id: RoomId,
    /// What every message says now.
    texts: BTreeMap<u64, String>,
    /// Reactions that stand, with their own place.
    reactions: BTreeMap<(u64, UserId), u64>,
    /// Pinned messages, the oldest pin first.
    pins: Vec<u64>,
    marks: BTreeMap<UserId, u64>,
    /// Who was left out, and where that is told.
    named: Vec<(UserId, u64)>,
    /// Where each person left off.
    cursors: BTreeMap<UserId, (Seq, At)>,
}

impl Life {
    fn new(world: &World) -> Self {
        let id = RoomId(Uuid::now_v7());
        world.keys().make(id).unwrap();
        Self {
            id,
            texts: BTreeMap::new(),
            reactions: BTreeMap::new(),
            pins: Vec::new(),
            marks: BTreeMap::new(),
            named: Vec::new(),
            cursors: BTreeMap::new(),
        }
    }

    fn mark(&mut self, user: UserId, at: u64) {
        let mark = self.marks.entry(user).or_default();
        *mark = at.max(*mark);
    }

    /// Takes in what was accepted, and stands at a place.
    fn takes(&mut self, who: Who, ask: &Ask, command: &Command, at: u64) {
        let text = command.content().and_then(|content| content.text);
        let Who::Person(user) = who else { return };
        match ask {
            Ask::Say | Ask::Reply(_) => {
                self.texts.extend(text.map(|text| (at, text)));
                self.mark(user, at);
            }
            Ask::Edit(target) => self.texts.extend(text.map(|text| (*target, text))),
            Ask::Unsend(target) => {
                self.texts.remove(target);
                self.reactions.retain(|(on, _), _| on != target);
                self.pins.retain(|pin| pin != target);
            }
            Ask::React(target, true) => drop(self.reactions.insert((*target, user), at)),
            Ask::React(target, false) => drop(self.reactions.remove(&(*target, user))),
            Ask::Pin(target, true) => self.pins.push(*target),
            Ask::Pin(target, false) => self.pins.retain(|pin| pin != target),
            _ => {}
        }
    }
}

/// A command that was accepted, to be sent again.
#[derive(Clone)]
struct Sent {
    room: usize,
    life: RoomId,
    who: Who,
    operation: OperationId,
    command: Command,
    seq: Seq,
}

struct Run {
    world: World,
    model: Model,
    rooms: [Life; 2],
    /// Rooms that are no more.
    gone: Vec<RoomId>,
    /// What stands in the inboxes because of them.
    told: Vec<inboxes::Told>,
    people: BTreeSet<UserId>,
    sent: Vec<Sent>,
    steps: usize,
}

/// The companies and people of the model in a store; guests come when they are invited.
async fn settlers(world: &World, facts: &crate::authority::Facts) -> BTreeSet<UserId> {
    let operator = Actor::Operator;
    let act = async |actor, act, record| drop(world.act(actor, act, record).await.unwrap());
    for company in facts.companies.keys().copied() {
        let record = Record { name: company.to_string(), ..Record::default() };
        act(operator, Act::CreateCompany { company }, record).await;
        for policy in [Policy::ExternalRooms, Policy::Guests, Policy::ExternalReadMarks] {
            let change = PolicyChange::Switch(policy, true);
            act(operator, Act::SetPolicy { company, change }, Record::default()).await;
        }
    }
    let users = facts.people.values().filter(|one| !one.guest);
    for one in users.clone() {
        let (user, name) = (one.id, one.id.to_string());
        let record = Record { name: name.clone(), subject: name, ..Record::default() };
        let person = person(user, one.company);
        act(operator, Act::Provision { person, exists: false, first_sign_in: false }, record).await;
        act(operator, Act::SetConnected { user, connected: true }, Record::default()).await;
        if one.administrator {
            let administrator = Act::SetAdministrator { user, administrator: true };
            act(operator, administrator, Record::default()).await;
        }
    }
    for (one, other) in facts.contacts.iter().copied() {
        world.contacts(one, other).await;
    }
    users.map(|one| one.id).collect()
}

impl Run {
    async fn new() -> Self {
        let (beginning, model) = beginning();
        let world = World::with(|options| {
            options.limits.members_max = MEMBERS_MAX;
            // Everything is forgotten, and comes in small pieces.
            (options.rooms_cached, options.people_cached) = (2, 4);
            (options.resume_places_max, options.page_places_max) = (4, 5);
            options.first_places_max = 6;
        });
        let people = settlers(&world, &beginning.facts).await;
        let rooms = [Life::new(&world), Life::new(&world)];
        let (gone, told, sent) = (Vec::new(), Vec::new(), Vec::new());
        Self { world, model, rooms, gone, told, people, sent, steps: 0 }
    }

    async fn takes(&mut self, step: &Step) {
        self.steps += 1;
        match step {
            Step::Befalls(deed) => self.befalls(*deed).await,
            Step::Asks { room, who, ask } => self.asks(*room, *who, ask).await,
            Step::Again(back) => self.again(*back).await,
        }
        if self.steps.is_multiple_of(RESTART_EVERY) {
            self.world.restart();
        }
        self.reads_up_to(self.steps).await;
        if self.steps.is_multiple_of(LOOK_EVERY) {
            self.look().await;
        }
    }

    async fn befalls(&mut self, deed: Deed) {
        let known = match deed {
            Deed::Connect(user, _) | Deed::Suspend(user, _) | Deed::DeletePerson(user) => {
                self.people.contains(&user)
            }
            Deed::Contacts(one, other, _) => [one, other]
                .iter()
                .all(|user| self.people.contains(user) && self.model.is_active(*user)),
            _ => true,
        };
        let guests =
            matches!(deed, Deed::Contacts(one, other, _) if is_guest(one) || is_guest(other));
        if !known || guests || !self.model.is_news(deed) {
            return;
        }
        // Two cuts make one removal or two, as the job comes between them or not.
        self.all_is_written().await;
        self.model.befalls(deed);
        match (deed, act_of(deed)) {
            (_, Some(act)) => {
                let done = self.world.act(Actor::Operator, act, Record::default()).await;
                assert!(!done.unwrap().effects.is_empty(), "{deed:?} is news");
            }
            (Deed::Contacts(one, other, true), None) => self.world.contacts(one, other).await,
            (Deed::Contacts(one, other, false), None) => {
                let end = Act::EndContact { of: other };
                self.world.act(Actor::Person(one), end, Record::default()).await.unwrap();
            }
            (other, None) => panic!("{other:?} is no act"),
        }
        // R16, R19: at once, whatever the job has done by now.
        for (index, life) in self.rooms.iter().enumerate() {
            let members = self.model.rooms[index].members();
            let left_alone = self.are_guests_left_alone(index);
            for user in self.people.iter().filter(|user| !(left_alone && members.contains(*user))) {
                let opened = self.world.page(*user, life.id).await.is_ok();
                assert_eq!(opened, members.contains(user), "{user} after {deed:?}");
            }
        }
    }

    /// R33: guests without a user go when the job has written it, and it may have by now.
    fn are_guests_left_alone(&self, room: usize) -> bool {
        self.model.rooms[room].members().iter().all(|user| is_guest(*user))
    }

    async fn asks(&mut self, room: usize, who: Who, ask: &Ask) {
        let makes = matches!(ask, Ask::Create { .. } | Ask::Open { .. });
        if makes && self.model.rooms[room].head() > 0 {
            if !self.model.rooms[room].gone {
                return;
            }
            self.renew(room).await;
        }
        if let Ask::Enter { inviter, .. } = ask {
            return self.enters(room, *inviter).await;
        }
        let named = match ask {
            Ask::Create { masters, members } => [masters.as_slice(), members].concat(),
            Ask::Open { members: users, .. } | Ask::Invite(users) | Ask::Add(users) => {
                users.clone()
            }
            _ => Vec::new(),
        };
        if named.iter().any(|user| !self.people.contains(user)) {
            return; // A guest who is none yet is a stranger to the store.
        }
        let command = self.said_anew(command_of(who, ask));
        let operation = OperationId(Uuid::now_v7());
        let outcome = self.append(room, who, operation, command.clone()).await;
        let seq = outcome.as_ref().map(|appended| appended.seq).map_err(drop);
        let written = self.agrees(room, who, ask, seq);
        let Ok(appended) = outcome else { return };
        if written > 0 {
            self.rooms[room].takes(who, ask, &command, appended.seq.0);
        }
        let named = appended.left_out.iter().map(|one| (one.user, appended.seq.0));
        self.rooms[room].named.extend(named);
        let (life, seq) = (self.rooms[room].id, appended.seq);
        self.sent.push(Sent { room, life, who, operation, command, seq });
    }

    /// What jobs owe is written, and the model knows.
    async fn all_is_written(&mut self) {
        self.world.jobs_are_done().await;
        for room in 0..2 {
            // Where nothing is owed this writes nothing; a room that is gone owes nothing.
            self.model.asked(room, Who::Rule, &Ask::Settle).ok();
        }
    }

    /// Every text is said once only, so that it says which message it is of.
    fn said_anew(&self, command: Command) -> Command {
        let text = format!("words of step {}", self.steps);
        match command {
            Command::Post { reply_to, mentions, mention_all, .. } => {
                Command::Post { text, reply_to, mentions, mention_all }
            }
            Command::Edit { target, .. } => Command::Edit { target, text },
            other => other,
        }
    }

    async fn append(
        &self,
        room: usize,
        who: Who,
        operation: OperationId,
        command: Command,
    ) -> Result<crate::timeline::Appended, ()> {
        let nobody = UserId::of_bytes([0; 16]);
        let mut proposal = again(operation, self.rooms[room].id, nobody, command);
        proposal.intent.actor = actor_of(who);
        match self.world.append(proposal).await {
            Ok(appended) => Ok(appended),
            Err(NotAppended::Refused(_)) => Err(()),
            Err(NotAppended::Failed(error)) => panic!("{error}"),
        }
    }

    /// What the store answered is what the law says: as things stand, or with the removals that a
    /// job has written in the meantime. How many entries that makes.
    fn agrees(&mut self, room: usize, who: Who, ask: &Ask, seq: Result<Seq, ()>) -> usize {
        let mut expected = Vec::new();
        for settled in [false, true] {
            let mut model = self.model.clone();
            if settled && model.asked(room, Who::Rule, &Ask::Settle).is_err() {
                break;
            }
            let verdict = model.asked(room, who, ask);
            let head = model.rooms[room].head() as u64;
            let places = verdict.map(|_| Seq(head));
            if places == seq {
                self.model = model;
                return verdict.unwrap_or_default();
            }
            expected.push(places);
        }
        panic!("{who:?} asked {ask:?}: the store says {seq:?}, the model {expected:?}");
    }

    /// A guest of the inviter's company comes in by an invitation, once in his life.
    async fn enters(&mut self, room: usize, inviter: UserId) {
        let guest = EVERYBODY
            .into_iter()
            .find(|one| is_guest(*one) && self.model.company(*one) == self.model.company(inviter));
        let Some(guest) = guest.filter(|guest| !self.people.contains(guest)) else { return };
        let life = self.rooms[room].id;
        let operation = OperationId(Uuid::now_v7());
        let outcome = self.world.invites(inviter, life, operation).await;
        let mut model = self.model.clone();
        // To invite is governance: it settles the room.
        model.asked(room, Who::Rule, &Ask::Settle).ok();
        let Ok(hash) = outcome else {
            let may = model.rooms[room].members().contains(&inviter)
                && model.rooms[room].kind != crate::authority::tests::model::Kind::Group
                && model.may_bring_guests(room, inviter);
            assert!(!may, "{inviter} may invite a guest");
            return;
        };
        self.model.asked(room, Who::Rule, &Ask::Settle).expect("the room is there");
        let ask = Ask::Enter { guest, inviter };
        let entered = self.world.store().redeem(hash, guest, "Guest".to_owned()).await;
        assert_eq!(self.model.asked(room, Who::Rule, &ask).is_ok(), entered.is_ok(), "{ask:?}");
        if entered.is_ok() {
            self.people.insert(guest);
            let again = self.world.store().redeem(hash, guest, "Guest".to_owned()).await;
            assert!(again.is_err(), "R33: once");
        }
    }

    /// R29: the same again is one entry and one answer; and none to whom the room is not there.
    async fn again(&mut self, back: usize) {
        let index = self.sent.len().checked_sub(back + 1);
        let Some(sent) = index.map(|index| self.sent[index].clone()) else { return };
        if sent.who == Who::Rule || sent.life != self.rooms[sent.room].id {
            return; // Rules repeat what they like.
        }
        if matches!(sent.who, Who::Person(user) if is_guest(user))
            && self.are_guests_left_alone(sent.room)
        {
            return;
        }
        let farewell = matches!(sent.command, Command::Leave | Command::Delete);
        let there = farewell || self.model.is_there_for(sent.room, sent.who);
        let Sent { room, who, operation, command, .. } = sent;
        let got = self.append(room, who, operation, command.clone()).await;
        let seq = got.as_ref().ok().map(|appended| appended.seq);
        assert_eq!(seq, there.then_some(sent.seq), "{command:?} again");
        // A creation's id is the author's, any other the room's.
        let other = match command {
            Command::Create { .. } | Command::Open { .. } => {
                let (kind, name) = (RoomKind::Internal, "another".to_owned());
                Command::Open { kind, name, members: Vec::new() }
            }
            _ => Command::Remove { users: vec![UserId::of_bytes([77; 16])] },
        };
        assert!(self.append(room, who, operation, other).await.is_err(), "other content");
    }

    /// R21: what was deleted stays deleted, and another room takes its place here.
    async fn renew(&mut self, room: usize) {
        self.world.jobs_are_done().await;
        self.model.asked(room, Who::Rule, &Ask::Settle).ok();
        self.told.extend(inboxes::of(&self.model.rooms[room], self.rooms[room].id));
        self.model.clear(room);
        let life = std::mem::replace(&mut self.rooms[room], Life::new(&self.world));
        assert_eq!(self.world.rows_left(life.id), Vec::<String>::new(), "R22");
        self.gone.push(life.id);
    }

    /// Somebody moves his read mark (R25), as far as the room goes, and never back.
    async fn reads_up_to(&mut self, step: usize) {
        let (user, room) = (EVERYBODY[step % EVERYBODY.len()], step % 2);
        if is_guest(user) && self.are_guests_left_alone(room) {
            return;
        }
        let head = self.model.rooms[room].head() as u64;
        let to = (step as u64 * 5) % (head + 3);
        let life = &mut self.rooms[room];
        let marked = self.world.store().mark(life.id, user, Seq(to)).await;
        let member =
            self.people.contains(&user) && self.model.rooms[room].members().contains(&user);
        let may = member && !self.model.are_messages_off(room, user);
        assert_eq!(marked.is_ok(), may, "{user} marks");
        if let Ok(marked) = marked {
            // The job may have written more than the model knows by now.
            life.mark(user, to.min(marked.seq.0));
            assert_eq!(marked.seq.0, life.marks[&user], "{user} marks {to}");
        }
    }

    async fn ends(&mut self) {
        self.look().await;
        self.inboxes_hold_all().await;
        let report = self.world.check();
        assert!(report.is_sound(), "{report:#?}");
    }
}

fn is_guest(user: UserId) -> bool {
    user == GINA || user == GUS
}

async fn tell(history: &History) {
    let mut run = Run::new().await;
    for step in &history.0 {
        run.takes(step).await;
    }
    run.ends().await;
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    })]

    // R3–R22, R25, R29, R33, at the real store.
    #[test]
    fn the_store_shows_everybody_what_the_law_says(history in histories()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(tell(&history));
    }
}
