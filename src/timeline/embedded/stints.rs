//! What governance makes of other rows: stints, Group Masters, counts of groups, the room's own.

use super::codes::{Sql, history_code, kind_code};
use super::rooms::Held;
use super::writer::Writer;
use crate::authority::{Command, Entry, Room};
use crosstalk_protocol::entry::{Change, LeftOut, Newcomer};
use crosstalk_protocol::ids::UserId;
use crosstalk_protocol::words::RoomKind;
use std::collections::BTreeSet;

/// Of a room, what other rows follow.
struct Footing {
    masters: BTreeSet<UserId>,
    /// The members, if it is a group (R8).
    in_group: BTreeSet<UserId>,
}

impl Footing {
    fn of(room: &Room) -> Self {
        let group = room.kind == RoomKind::Group && !room.deleted;
        let members = room.members.keys().copied().filter(|_| group);
        Self { masters: room.masters.clone(), in_group: members.collect() }
    }
}

impl Writer<'_> {
    /// Folds a governance entry into the room and into the rows that follow it. `words` is the
    /// command whose content the entry takes.
    pub(super) fn govern(
        &mut self,
        held: &mut Held,
        entry: &Entry,
        words: Option<&Command>,
    ) -> Sql<()> {
        let before = Footing::of(&held.room);
        held.room.apply(entry);
        if let Some(content) = words.and_then(Command::content) {
            let seq = Some(entry.seq.0.cast_signed());
            held.named = seq.filter(|_| content.name.is_some()).or(held.named);
            held.described = seq.filter(|_| content.description.is_some()).or(held.described);
        }
        match &entry.change {
            Change::Opened { members, .. } => self.begin_stints(held, entry, members)?,
            Change::Created { members, left_out, .. } | Change::Added { members, left_out } => {
                self.begin_stints(held, entry, members)?;
                self.name(held, entry, left_out)?;
            }
            Change::Converted { left_out, .. } => {
                self.name(held, entry, left_out)?;
                self.cancel_invitations(held.number)?;
            }
            Change::Removed { users, cause } => {
                for user in users {
                    self.end_stint(held, entry, *user, Room::severs(*cause))?;
                }
            }
            Change::Deleted => self.end_all(held, entry)?,
            Change::Masters { .. }
            | Change::Settings { .. }
            | Change::Handed { .. }
            | Change::Posted { .. }
            | Change::Edited { .. }
            | Change::Unsent { .. }
            | Change::Reacted { .. }
            | Change::Pinned { .. } => {}
        }
        self.follow(held, &before)?;
        self.write_room(held)
    }

    fn begin_stints(&mut self, held: &Held, entry: &Entry, members: &[Newcomer]) -> Sql<()> {
        for newcomer in members {
            let Some(member) = held.room.members.get(&newcomer.user) else { continue };
            let person = self.people.number(self.connection, newcomer.user)?;
            let company = self.people.company(newcomer.company).map(|known| known.number);
            let mut statement = self.connection.prepare_cached(
                "INSERT INTO stint (room, person, start, history, company, guest, person_outside, \
                 person_whole, company_outside, company_whole) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?;
            let noted = member.access;
            statement.execute((
                held.number,
                person,
                entry.seq.0.cast_signed(),
                history_code(member.history),
                company,
                member.guest,
                noted.person_outside,
                noted.person_whole,
                noted.company_outside,
                noted.company_whole,
            ))?;
        }
        Ok(())
    }

    /// Who was left out stands in the timeline, so members may ask for his name.
    fn name(&mut self, held: &Held, entry: &Entry, left_out: &[LeftOut]) -> Sql<()> {
        for one in left_out {
            let Some(person) = self.people.number(self.connection, one.user)? else { continue };
            let sql = "INSERT INTO named VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
            let mut statement = self.connection.prepare_cached(sql)?;
            statement.execute((held.number, person, entry.seq.0.cast_signed()))?;
        }
        Ok(())
    }

    fn end_stint(&mut self, held: &Held, entry: &Entry, user: UserId, severed: bool) -> Sql<()> {
        let person = self.people.number(self.connection, user)?;
        let mut statement = self.connection.prepare_cached(
            "UPDATE stint SET ended = ?3, severed = ?4, master = 0 \
             WHERE room = ?1 AND person = ?2 AND ended IS NULL",
        )?;
        statement.execute((held.number, person, entry.seq.0.cast_signed(), severed)).map(drop)
    }

    fn end_all(&mut self, held: &Held, entry: &Entry) -> Sql<()> {
        let mut statement = self.connection.prepare_cached(
            "UPDATE stint SET ended = ?2, master = 0 WHERE room = ?1 AND ended IS NULL",
        )?;
        statement.execute((held.number, entry.seq.0.cast_signed()))?;
        self.cancel_invitations(held.number)?;
        self.batch.deleted.push(held.number);
        self.plan_purge(held.number)
    }

    /// A group takes no guests (R33), a deleted room nobody.
    fn cancel_invitations(&self, room: i64) -> Sql<()> {
        let sql = "UPDATE invitation SET state = 2 WHERE room = ?1 AND state = 0";
        self.connection.prepare_cached(sql)?.execute([room]).map(drop)
    }

    /// What follows from how the room stood and stands: who is Group Master, who is in how many
    /// groups.
    fn follow(&mut self, held: &Held, before: &Footing) -> Sql<()> {
        let after = Footing::of(&held.room);
        for user in before.masters.symmetric_difference(&after.masters) {
            let Some(person) = self.people.number(self.connection, *user)? else { continue };
            let mut statement = self.connection.prepare_cached(
                "UPDATE stint SET master = ?3 WHERE room = ?1 AND person = ?2 AND ended IS NULL",
            )?;
            statement.execute((held.number, person, after.masters.contains(user)))?;
        }
        for user in before.in_group.symmetric_difference(&after.in_group) {
            let joined = after.in_group.contains(user);
            let Some(known) = self.people.person(self.connection, *user)? else { continue };
            let groups = known.record.groups;
            known.record.groups =
                if joined { groups.saturating_add(1) } else { groups.saturating_sub(1) };
            let (number, groups) = (known.number, known.record.groups);
            let sql = "UPDATE person SET groups = ?2 WHERE person = ?1";
            self.connection.prepare_cached(sql)?.execute((number, groups))?;
        }
        Ok(())
    }

    fn write_room(&mut self, held: &Held) -> Sql<()> {
        let room = &held.room;
        let owner = self.people.company(room.owner).map(|known| known.number);
        let founder = match room.founder {
            Some(user) => self.people.number(self.connection, user)?,
            None => None,
        };
        let mut statement = self.connection.prepare_cached(
            "UPDATE room SET kind = ?2, deleted = ?3, owner = ?4, founder = ?5, features = ?6, \
             history = ?7, revision = ?8, named = ?9, described = ?10 WHERE room = ?1",
        )?;
        statement.execute((
            held.number,
            kind_code(room.kind),
            room.deleted,
            owner,
            founder,
            room.features.bits(),
            history_code(room.history),
            room.revision.0.cast_signed(),
            held.named,
            held.described,
        ))?;
        Ok(())
    }
}
