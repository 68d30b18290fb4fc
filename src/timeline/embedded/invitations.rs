//! Invitations of guests (R33): kept by a hash, redeemed once, in the room's transaction.

use super::codes::Sql;
use super::rows::{room_id, user_id};
use super::task::Attempt;
use super::writer::Writer;
use crate::authority::{Actor, Command, Intent, Person, Refusal, decide};
use crate::directory::{OpenInvitation, Record, SignIn};
use crate::sql::Optional as _;
use crate::timeline::Proposal;
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::ids::{OperationId, RoomId, UserId};

fn proposal(room: RoomId, intent: Intent) -> Proposal {
    Proposal { room, intent, content: None, sealed: None, fingerprint: [0; 16], mark: None }
}

impl Writer<'_> {
    /// Keeps an invitation open, if the member may invite. The same operation again replaces its
    /// own invitation, as long as nobody has redeemed it: its secret may have been lost.
    pub(super) fn invite(
        &mut self,
        invitation: &OpenInvitation,
        operation: OperationId,
    ) -> Attempt<()> {
        let actor = Actor::Person(invitation.inviter);
        let intent = Intent { actor, operation, command: Command::InviteGuest };
        let mut held = self.rooms.take(self.connection, invitation.room)?;
        let proposal = proposal(invitation.room, intent);
        let mut facts = self.facts(&held, &proposal, None)?;
        facts.invitations = self.invitations_beside(held.number, invitation.inviter, operation)?;
        let outcome = match decide(&held.room, &facts, &proposal.intent, self.now) {
            Ok(decision) => {
                self.carry(&mut held, proposal, decision, (&facts, None))?;
                self.keep_invitation(held.number, invitation, operation)?
            }
            Err(refusal) => Err(refusal),
        };
        self.rooms.put(held);
        Ok(outcome)
    }

    /// How many other invitations of the room can be redeemed still.
    fn invitations_beside(
        &mut self,
        room: i64,
        inviter: UserId,
        operation: OperationId,
    ) -> Sql<usize> {
        let inviter = self.people.number(self.connection, inviter)?;
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*) FROM invitation WHERE room = ?1 AND state = 0 AND ends > ?2 \
             AND NOT (inviter = ?3 AND operation = ?4)",
        )?;
        let asked = (room, self.now.0, inviter, operation.bytes());
        let open: i64 = statement.query_row(asked, |row| row.get(0))?;
        Ok(usize::try_from(open).unwrap_or_default())
    }

    fn keep_invitation(
        &mut self,
        room: i64,
        invitation: &OpenInvitation,
        operation: OperationId,
    ) -> Attempt<()> {
        let inviter = self.people.number(self.connection, invitation.inviter)?;
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO invitation VALUES (?1, ?2, ?3, ?4, ?5, 0) \
             ON CONFLICT (room, inviter, operation) DO UPDATE SET hash = excluded.hash, \
             ends = excluded.ends WHERE invitation.state = 0",
        )?;
        let kept = statement.execute((
            invitation.hash,
            room,
            inviter,
            operation.bytes(),
            invitation.ends.0,
        ))?;
        Ok(if kept == 1 { Ok(()) } else { Err(RefusalCode::DifferentContent.into()) })
    }

    /// Lets a guest in by an open invitation: he is made, and enters, in one transaction.
    pub(super) fn redeem(
        &mut self,
        hash: [u8; 32],
        guest: UserId,
        name: String,
    ) -> Attempt<(SignIn, RoomId)> {
        if name.trim().is_empty() {
            return Ok(Err(Refusal::about(RefusalCode::Empty, "name")));
        }
        if name.chars().count() > self.options.limits.name_chars_max {
            return Ok(Err(Refusal::about(RefusalCode::TooLong, "name")));
        }
        let Some((room, inviter)) = self.open_invitation(hash)? else {
            return Ok(Err(Refusal::not_found()));
        };
        if self.people.number(self.connection, guest)?.is_some() {
            return Ok(Err(RefusalCode::Exists.into()));
        }
        let host = self.people.person(self.connection, inviter)?.map(|known| known.record.company);
        let Some(company) = host else { return Ok(Err(Refusal::not_found())) };
        let person = Person::guest(guest, company);
        let record = Record { name, subject: guest.to_string(), ..Record::default() };
        let mut held = self.rooms.take(self.connection, room)?;
        let outcome = self.enter(&mut held, inviter, &person, &record)?;
        self.rooms.put(held);
        if outcome.is_ok() {
            let sql = "UPDATE invitation SET state = 1 WHERE hash = ?1";
            self.connection.prepare_cached(sql)?.execute([hash])?;
        }
        let sign_in = SignIn { user: guest, company, administrator: false, guest: true };
        Ok(outcome.map(|()| (sign_in, room)))
    }

    fn open_invitation(&self, hash: [u8; 32]) -> Sql<Option<(RoomId, UserId)>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT r.id, p.id FROM invitation i JOIN room r ON r.room = i.room \
             JOIN person p ON p.person = i.inviter \
             WHERE i.hash = ?1 AND i.state = 0 AND i.ends > ?2",
        )?;
        let found =
            statement.query_row((hash, self.now.0), |row| Ok((room_id(row, 0)?, user_id(row, 1)?)));
        found.optional()
    }

    fn enter(
        &mut self,
        held: &mut super::rooms::Held,
        inviter: UserId,
        guest: &Person,
        record: &Record,
    ) -> Attempt<()> {
        let command = Command::Enter { guest: guest.id, inviter };
        let operation = OperationId::of_bytes([0; 16]);
        let intent = Intent { actor: Actor::Rule, operation, command };
        let proposal = proposal(held.room.id, intent);
        let mut facts = self.facts(held, &proposal, None)?;
        facts.people.insert(guest.id, guest.clone());
        match decide(&held.room, &facts, &proposal.intent, self.now) {
            Ok(decision) => {
                // Only now: a refusal leaves no guest behind.
                self.make_person(guest, record)?;
                self.carry(held, proposal, decision, (&facts, None))?;
                Ok(Ok(()))
            }
            Err(refusal) => Ok(Err(refusal)),
        }
    }
}
