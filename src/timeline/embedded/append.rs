//! Appending: a command is decided on the state of its own batch, and written.

use super::again::{Before, PeopleOfAnswer, Scope, before};
use super::codes::{ROOM_NUMBER_MAX, Sql, kind_code};
use super::entries::{Carried, unreadable};
use super::rooms::Held;
use super::task::Attempt;
use super::writer::Writer;
use crate::authority::{
    Actor, Command, Decision, Earlier, Facts, Intent, Permit, Refusal, Room, View, decide,
};
use crate::timeline::{Appended, Marked, Proposal};
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::ids::{RoomId, Seq, UserId};
use crosstalk_protocol::words::{Feature, Features};
use std::sync::Arc;

impl Writer<'_> {
    /// Decides a command and writes what it makes of the room.
    pub(super) fn append(&mut self, proposal: Proposal) -> Attempt<Appended> {
        let mut held = self.rooms.take(self.connection, proposal.room)?;
        let outcome = self.append_to(&mut held, proposal)?;
        self.rooms.put(held);
        Ok(outcome)
    }

    fn append_to(&mut self, held: &mut Held, proposal: Proposal) -> Attempt<Appended> {
        let makes = proposal.intent.command.makes_room();
        let scope = self.scope(if makes { 0 } else { held.number }, &proposal.intent)?;
        let before = match &scope {
            Some(scope) if !self.fresh.is_first(scope.again) => {
                before(&mut self.hot.again, scope, &proposal.fingerprint)?
            }
            Some(_) | None => None,
        };
        if let Some(before) = before {
            return self.repeat(held, &proposal, before);
        }
        if makes && held.number != 0 {
            return Ok(Err(RefusalCode::Exists.into()));
        }
        let facts = self.facts(held, &proposal, None)?;
        match decide(&held.room, &facts, &proposal.intent, self.now) {
            Ok(decision) => self.carry(held, proposal, decision, (&facts, scope)).map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// R29: asked again, the answer of then; of a creation about the room that was made then.
    fn repeat(
        &mut self,
        held: &mut Held,
        proposal: &Proposal,
        before: Before,
    ) -> Attempt<Appended> {
        let Some(made) = before.made.filter(|made| *made != held.room.id) else {
            return self.repeat_in(held, proposal, before.earlier);
        };
        let mut made = self.rooms.take(self.connection, made)?;
        let outcome = self.repeat_in(&mut made, proposal, before.earlier);
        self.rooms.put(made);
        outcome
    }

    fn repeat_in(
        &mut self,
        held: &mut Held,
        proposal: &Proposal,
        earlier: Earlier,
    ) -> Attempt<Appended> {
        let seq = earlier.seq;
        let facts = self.facts(held, proposal, Some(earlier))?;
        match decide(&held.room, &facts, &proposal.intent, self.now) {
            Ok(decision) => {
                let seq = decision.repeated.unwrap_or(seq);
                Ok(Ok(self.answer((held, seq), &facts, &decision, &proposal.intent)))
            }
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Whose id it is, and where. Rules repeat what they like.
    pub(super) fn scope(&mut self, room: i64, intent: &Intent) -> Sql<Option<Scope>> {
        let author = match intent.actor {
            Actor::Rule => None,
            Actor::Operator => Some(0),
            Actor::Person(user) | Actor::Administrator(user) => {
                self.people.number(self.connection, user)?
            }
        };
        Ok(author.map(|author| self.numbers.of(room, author, intent.operation)))
    }

    fn answer(
        &mut self,
        (held, seq): (&Held, Seq),
        facts: &Facts,
        decision: &Decision,
        intent: &Intent,
    ) -> Appended {
        Appended {
            room: held.room.id,
            seq,
            left_out: decision.left_out.clone(),
            unchanged: decision.unchanged.clone(),
            permit: self.permit(&held.room, facts, intent.actor),
            fence: if intent.command.is_content() { None } else { Some(self.fence()) },
        }
    }

    /// Leave to answer the member who asked, if he is one still.
    fn permit(&self, room: &Room, facts: &Facts, actor: Actor) -> Option<Permit> {
        let Actor::Person(user) = actor else { return None };
        let standing = facts.standing(user)?;
        let view = View::open(room, standing, &[], Features::NONE, Seq::ZERO).ok()?;
        Some(view.permit(self.newest_cut))
    }

    /// Writes a decision: its entries and, where no entry keeps the id, its answer.
    pub(super) fn carry(
        &mut self,
        held: &mut Held,
        proposal: Proposal,
        mut decision: Decision,
        (facts, scope): (&Facts, Option<Scope>),
    ) -> Sql<Appended> {
        let command = &proposal.intent.command;
        if command.makes_room() {
            self.make_room(held)?;
        }
        let carried = Carried {
            command,
            scope,
            fingerprint: proposal.fingerprint,
            content: proposal.content.map(Arc::new),
            sealed: proposal.sealed,
            mark: proposal.mark.unwrap_or_default(),
        };
        let drafts = std::mem::take(&mut decision.drafts);
        let kept_by_entry = command.is_content() && !drafts.is_empty();
        for draft in drafts {
            self.write_draft(held, draft, &carried)?;
        }
        if let Some(scope) = carried.scope.filter(|_| !kept_by_entry) {
            self.keep_answer(held, &scope, &carried, &decision)?;
        }
        Ok(self.answer((held, held.room.head), facts, &decision, &proposal.intent))
    }

    fn make_room(&self, held: &mut Held) -> Sql<()> {
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO room (id, kind, deleted, owner, features, history, revision) \
             VALUES (?1, ?2, 0, 0, 0, 0, 0) RETURNING room",
        )?;
        let values = (held.room.id.bytes(), kind_code(held.room.kind));
        held.number = statement.query_row(values, |row| row.get(0))?;
        if held.number > ROOM_NUMBER_MAX {
            return Err(crate::sql::Error::misplaced(0, held.number));
        }
        Ok(())
    }

    fn keep_answer(
        &self,
        held: &Held,
        scope: &Scope,
        carried: &Carried<'_>,
        decision: &Decision,
    ) -> Sql<()> {
        let farewell = matches!(carried.command, Command::Delete | Command::Leave);
        let people = PeopleOfAnswer {
            left_out: decision.left_out.clone(),
            unchanged: decision.unchanged.clone(),
        };
        let some = !people.left_out.is_empty() || !people.unchanged.is_empty();
        let people = some.then(|| serde_json::to_string(&people)).transpose();
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO operation (again, room, author, client, content, seq, farewell, made, people) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        statement.execute((
            scope.again,
            scope.room,
            scope.author,
            scope.operation.bytes(),
            carried.fingerprint,
            held.room.head.0.cast_signed(),
            farewell,
            carried.command.makes_room().then_some(held.number),
            people.map_err(unreadable)?,
        ))?;
        Ok(())
    }

    /// Moves a read mark forward (R25), for a member for whom messages are on (R12).
    pub(super) fn mark(&mut self, room: RoomId, user: UserId, seq: Seq) -> Attempt<Marked> {
        let held = self.rooms.take(self.connection, room)?;
        let outcome = self.mark_in(&held, user, seq);
        self.rooms.put(held);
        outcome
    }

    fn mark_in(&mut self, held: &Held, user: UserId, seq: Seq) -> Attempt<Marked> {
        let mut facts = Facts::default();
        let number = self.people.tell(self.connection, user, &mut facts)?;
        self.people.tell_company(held.room.owner, &mut facts);
        let standing = facts.standing(user).filter(|_| held.room.member(user, &facts).is_some());
        let (Some(number), Some(standing)) = (number, standing) else {
            return Ok(Err(Refusal::not_found()));
        };
        let owner = facts.disabled_by(held.room.owner);
        if held.room.hidden_for(owner, standing.company.disabled).has(Feature::Message) {
            return Ok(Err(RefusalCode::FeatureOff.into()));
        }
        let external = standing.company.external_read_marks;
        let before = self.mark_of(held.number, number)?;
        let seq = seq.min(held.room.head);
        if seq <= before {
            return Ok(Ok(Marked { seq: before, moved: false, external }));
        }
        super::marks::keep(self.connection, (held.number, number), seq.0)?;
        Ok(Ok(Marked { seq, moved: true, external }))
    }
}
