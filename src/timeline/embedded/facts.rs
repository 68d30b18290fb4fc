//! What a decision rests on, read where it is written.

use super::codes::{POSTED, Sql, history_of, kind_code, place, seq};
use super::entries::seq_if_any;
use super::rooms::Held;
use super::rows::{access, user_id, user_id_if_any};
use super::writer::Writer;
use crate::authority::{Actor, Command, Earlier, Facts, Reaction, Stint, Target, Time};
use crate::sql::{Connection, Optional as _, Row};
use crate::timeline::Proposal;
use crosstalk_protocol::ids::{Seq, UserId};
use crosstalk_protocol::words::RoomKind;

/// `contact.state` of people who are contacts of each other.
pub(super) const CONTACTS: i64 = 2;

impl Writer<'_> {
    /// The facts of a command. Talk needs its author and whom it mentions; governance needs every member, since
    /// it settles the room first (R19).
    pub(super) fn facts(
        &mut self,
        held: &Held,
        proposal: &Proposal,
        earlier: Option<Earlier>,
    ) -> Sql<Facts> {
        let intent = &proposal.intent;
        let mut facts = Facts { limits: self.options.limits, earlier, ..Facts::default() };
        let actor = match intent.actor.person() {
            Some(user) => self.people.tell(self.connection, user, &mut facts)?,
            None => None,
        };
        self.people.tell_company(held.room.owner, &mut facts);
        if intent.command.is_content() {
            for user in intent.command.named() {
                self.people.tell(self.connection, user, &mut facts)?;
            }
        } else {
            self.govern_facts(held, proposal, &mut facts)?;
        }
        if let Some((actor, target)) = actor.zip(intent.command.target()) {
            facts.stints = stints(self.connection, held.number, actor)?;
            let mark = proposal.mark.filter(|_| matches!(intent.command, Command::React { .. }));
            facts.target = target_facts(self.connection, place(held.number, target), actor, mark)?;
        }
        Ok(facts)
    }

    fn govern_facts(&mut self, held: &Held, proposal: &Proposal, facts: &mut Facts) -> Sql<()> {
        let named = proposal.intent.command.named();
        for user in held.room.members.keys().chain(&named) {
            if !facts.people.contains_key(user) {
                self.people.tell(self.connection, *user, facts)?;
            }
        }
        self.count_groups_of_the_full(facts)?;
        if let Command::Hand { to } = &proposal.intent.command {
            self.people.tell_company(*to, facts);
        }
        let sponsors = match (&proposal.intent.command, proposal.intent.actor) {
            (Command::Create { masters, .. }, Actor::Administrator(_)) => masters.clone(),
            (_, Actor::Person(user)) => vec![user],
            (_, Actor::Administrator(_) | Actor::Operator | Actor::Rule) => Vec::new(),
        };
        for sponsor in sponsors {
            self.contacts_among(sponsor, facts)?;
        }
        Ok(())
    }

    /// R8: who has reached the limit may have been cut off (R19), and his row count groups that a job
    /// has not written yet.
    fn count_groups_of_the_full(&self, facts: &mut Facts) -> Sql<()> {
        if !self.jobs.are_open() && !self.batch.jobs {
            return Ok(());
        }
        let max = facts.limits.groups_max;
        for person in facts.people.values_mut().filter(|person| person.groups >= max) {
            person.groups = groups_held(self.connection, person.id)?;
        }
        Ok(())
    }

    /// The sponsor's contacts among the people of the facts.
    fn contacts_among(&mut self, sponsor: UserId, facts: &mut Facts) -> Sql<()> {
        let Some(number) = self.people.number(self.connection, sponsor)? else { return Ok(()) };
        let mut statement = self.connection.prepare_cached(
            "SELECT p.id FROM contact k JOIN person p ON p.person = k.other \
             WHERE k.person = ?1 AND k.state = ?2",
        )?;
        let mut found = statement.query((number, CONTACTS))?;
        while let Some(row) = &found.next()? {
            let other = user_id(row, 0)?;
            if facts.people.contains_key(&other) {
                facts.contacts.insert((sponsor.min(other), sponsor.max(other)));
            }
        }
        Ok(())
    }
}

/// The groups in which somebody's stint holds.
fn groups_held(connection: &Connection, user: UserId) -> Sql<u32> {
    let mut statement = connection.prepare_cached(
        "SELECT s.person_outside, s.person_whole, s.company_outside, s.company_whole, p.outside, \
         p.whole, c.outside, c.whole FROM person p JOIN stint s ON s.person = p.person \
         JOIN room r ON r.room = s.room JOIN company c ON c.company = s.company \
         WHERE p.id = ?1 AND s.ended IS NULL AND r.kind = ?2",
    )?;
    let kind = RoomKind::Group;
    let mut found = statement.query((user.bytes(), kind_code(kind)))?;
    let mut held = 0;
    while let Some(row) = &found.next()? {
        held += u32::from(access(row, 0)?.holds(access(row, 4)?, kind.is_outside()));
    }
    Ok(held)
}

/// A person's stints in a room, oldest first.
pub(super) fn stints(connection: &Connection, room: i64, person: i64) -> Sql<Vec<Stint>> {
    let mut statement = connection.prepare_cached(
        "SELECT start, ended, history, severed FROM stint WHERE room = ?1 AND person = ?2 \
         ORDER BY start",
    )?;
    statement.query_map((room, person), stint)
}

/// The stint of a row that begins with `start, ended, history, severed`.
pub(super) fn stint(row: &Row<'_>) -> Sql<Stint> {
    Ok(Stint {
        start: seq(row.get(0)?),
        end: seq_if_any(row.get(1)?),
        history: history_of(row.get(2)?),
        severed: row.get(3)?,
    })
}

/// The message at a place, as a command of this person about it needs it.
fn target_facts(
    connection: &Connection,
    place: i64,
    actor: i64,
    mark: Option<[u8; 16]>,
) -> Sql<Option<Target>> {
    let mut statement = connection.prepare_cached(
        "SELECT e.kind = ?4 AND e.body IS NOT NULL, p.id, e.time, \
           EXISTS (SELECT 1 FROM pin WHERE place = ?1), \
           EXISTS (SELECT 1 FROM reaction WHERE place = ?1 AND person = ?2 AND mark = ?3) \
         FROM entry e LEFT JOIN person p ON p.person = e.author WHERE e.place = ?1",
    )?;
    let found = statement.query_row((place, actor, mark, POSTED), |row| {
        let stands = if row.get(4)? { Reaction::Stands } else { Reaction::Absent };
        Ok(Target {
            seq: super::codes::seq_of(place),
            author: user_id_if_any(row, 1)?,
            time: Time(row.get(2)?),
            message: row.get(0)?,
            pinned: row.get(3)?,
            reaction: mark.map(|_| stands),
        })
    });
    found.optional()
}

/// The last place of a room, for those that no writer holds.
pub(super) const fn whole_room(room: i64) -> (i64, i64) {
    (place(room, Seq::ZERO), super::codes::last_place(room))
}
