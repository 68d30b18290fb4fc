//! Members, readers, people: who else there is, as far as one may see them.

use super::codes::{Sql, seq};
use super::entries::seq_if_any;
use super::facts::stint;
use super::reader::{Asker, Reader, one_room};
use super::rows::{MEMBER_COLUMNS, access, member, member_columns, user_id};
use super::sight::{Opened, Wanted, company_and_name};
use crate::authority::{Member, Stint, lies_in_sight};
use crate::sql::Row;
use crate::timeline::{Profile, Read};
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::ids::{RoomId, Seq, UserId};
use std::collections::{BTreeSet, HashMap};

/// Common stints that one question about people looks at.
const STINTS_MAX: i64 = 20_000;
/// People whom one question names.
const PEOPLE_MAX: usize = 100;

/// A member whose stint holds.
pub(super) struct Present {
    number: i64,
    pub(super) user: UserId,
    pub(super) member: Member,
    pub(super) master: bool,
    name: String,
    company_name: String,
    shows_marks: bool,
}

impl Present {
    fn profile(self) -> Profile {
        Profile {
            user: self.user,
            name: self.name,
            company: self.member.company,
            company_name: self.company_name,
            guest: self.member.guest,
            master: self.master,
        }
    }
}

impl Reader {
    /// The members whose stints hold (R19), in the order of their ids.
    pub(super) fn present(&self, opened: &Opened) -> Sql<Vec<Present>> {
        let mut statement = self.statement(concat!(
            "SELECT ",
            member_columns!(),
            ", p.outside, p.whole, c.outside, c.whole, p.name, c.name, c.external_read_marks, \
             p.person FROM stint s JOIN person p ON p.person = s.person \
             JOIN company c ON c.company = s.company \
             WHERE s.room = ?1 AND s.ended IS NULL ORDER BY p.id"
        ))?;
        let mut found = statement.query([opened.number])?;
        let mut present = Vec::new();
        while let Some(row) = &found.next()? {
            let (user, member, master) = member(row, 0)?;
            let now = access(row, MEMBER_COLUMNS)?;
            if !member.access.holds(now, opened.room.kind.is_outside()) {
                continue;
            }
            present.push(Present {
                number: row.get(MEMBER_COLUMNS + 7)?,
                user,
                member,
                master,
                name: row.get(MEMBER_COLUMNS + 4)?,
                company_name: row.get(MEMBER_COLUMNS + 5)?,
                shows_marks: row.get(MEMBER_COLUMNS + 6)?,
            });
        }
        Ok(present)
    }

    /// A page of members.
    pub(super) fn members(
        &self,
        asker: &Asker,
        room: RoomId,
        (after, limit): (Option<UserId>, u32),
    ) -> Sql<Read> {
        let opened = match self.one(asker, room)? {
            Ok(opened) => opened,
            Err(refusal) => return Ok(one_room(room, Err(refusal))),
        };
        let limit = usize::try_from(limit.clamp(1, self.options.page_places_max));
        let limit = limit.unwrap_or(usize::MAX);
        let present = self.present(&opened)?;
        let rest = present.into_iter().filter(|one| after.is_none_or(|after| one.user > after));
        let mut people: Vec<Profile> = rest.take(limit + 1).map(Present::profile).collect();
        let more = people.len() > limit;
        people.truncate(limit);
        let sight = Self::sight(asker, opened, super::page::Rows::default());
        Ok(Read { more, people, ..one_room(room, Ok(sight)) })
    }

    /// Members whose mark is at or after a message that he can see, and that they can see too: the
    /// mark of who came later stands behind it, and he has never read it (R14, R18). Across
    /// companies only where both companies show it.
    pub(super) fn readers(&self, asker: &Asker, room: RoomId, seq: Seq) -> Sql<Read> {
        let opened = match self.with_messages(asker, room)? {
            Ok(opened) if !opened.view.covers(seq) || seq > opened.room.head => {
                return Ok(one_room(room, Err(RefusalCode::NotAMessage.into())));
            }
            Ok(opened) => opened,
            Err(refusal) => return Ok(one_room(room, Err(refusal))),
        };
        let marks = self.marks_from(opened.number, seq)?;
        let stints = self.stints_until(opened.number, seq)?;
        let me = &asker.company;
        let readers = self.present(&opened)?.into_iter().filter(|one| {
            let shown = one.member.company == me.id || (one.shows_marks && me.external_read_marks);
            let read =
                marks.contains(&one.number) || self.marks.waiting(opened.number, one.number) >= seq;
            let own = stints.get(&one.number).map_or(&[][..], Vec::as_slice);
            shown && read && lies_in_sight(own, &one.member, seq)
        });
        let readers = readers.map(|one| one.user).collect();
        let sight = Self::sight(asker, opened, super::page::Rows::default());
        Ok(Read { readers, ..one_room(room, Ok(sight)) })
    }

    /// Everybody's stints that began up to a place.
    fn stints_until(&self, room: i64, seq: Seq) -> Sql<HashMap<i64, Vec<Stint>>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT start, ended, history, severed, person FROM stint \
             WHERE room = ?1 AND start <= ?2",
        )?;
        let mut found = statement.query((room, seq.0.cast_signed()))?;
        let mut stints: HashMap<i64, Vec<Stint>> = HashMap::new();
        while let Some(row) = &found.next()? {
            stints.entry(row.get(4)?).or_default().push(stint(row)?);
        }
        Ok(stints)
    }

    fn marks_from(&self, room: i64, seq: Seq) -> Sql<BTreeSet<i64>> {
        let sql = "SELECT person FROM mark WHERE room = ?1 AND seq >= ?2";
        let mut statement = self.statement(sql)?;
        statement.query_map((room, seq.0.cast_signed()), |row| row.get(0))
    }

    /// Names of people in the visible past of the rooms that he is in now, and his own.
    pub(super) fn people(&self, asker: &Asker, users: &[UserId]) -> Sql<Read> {
        let names = users.iter().take(PEOPLE_MAX).map(|user| format!("[\"{}\"]", user.0.simple()));
        let names = format!("[{}]", names.collect::<Vec<_>>().join(","));
        let (seen, through) = self.seen(asker, &names)?;
        let mut statement = self.statement(
            "SELECT p.person, p.id, p.name, c.id, c.name, p.guest FROM json_each(?1) j \
             CROSS JOIN person p ON p.id = unhex(j.value ->> 0) \
             JOIN company c ON c.company = p.company",
        )?;
        let mut found = statement.query([names])?;
        let mut people = Vec::new();
        while let Some(row) = &found.next()? {
            let number: i64 = row.get(0)?;
            if number == asker.number || seen.contains(&number) {
                people.push(profile(row)?);
            }
        }
        let rooms = through.into_iter().map(|opened| {
            (opened.room.id, Ok(Self::sight(asker, opened, super::page::Rows::default())))
        });
        Ok(Read { rooms: rooms.collect(), more: false, people, readers: Vec::new() })
    }

    /// The numbers of those among the asked whom he can see, and rooms by which he does, one at
    /// least for each of them: their names go out under its permit (R16).
    fn seen(&self, asker: &Asker, names: &str) -> Sql<(BTreeSet<i64>, Vec<Opened>)> {
        let mut statement = self.statement(
            "SELECT r.id, x.person, x.start, x.ended FROM ( \
               SELECT s.room, s.person, s.start, s.ended FROM json_each(?1) j \
                 CROSS JOIN person p ON p.id = unhex(j.value ->> 0) \
                 JOIN stint s ON s.person = p.person \
               UNION ALL SELECT n.room, n.person, n.seq, n.seq + 1 FROM json_each(?1) j \
                 CROSS JOIN person p ON p.id = unhex(j.value ->> 0) \
                 JOIN named n ON n.person = p.person \
             ) x JOIN stint m ON m.room = x.room AND m.person = ?2 AND m.ended IS NULL \
             JOIN room r ON r.room = x.room LIMIT ?3",
        )?;
        let mut found = statement.query((names, asker.number, STINTS_MAX))?;
        let mut traces: HashMap<RoomId, Vec<(i64, Seq, Option<Seq>)>> = HashMap::new();
        while let Some(row) = &found.next()? {
            let trace = (row.get(1)?, seq(row.get(2)?), seq_if_any(row.get(3)?));
            traces.entry(super::rows::room_id(row, 0)?).or_default().push(trace);
        }
        let wanted: Vec<Wanted> =
            traces.keys().map(|room| Wanted { room: *room, cursor: None }).collect();
        let (mut seen, mut through) = (BTreeSet::new(), Vec::new());
        for opened in self.open(asker, &wanted)?.into_iter().flatten() {
            let before = seen.len();
            let traces = traces.remove(&opened.room.id).unwrap_or_default();
            let met = traces.into_iter().filter(|(_, start, end)| meets(&opened, *start, *end));
            seen.extend(met.map(|(person, ..)| person));
            if seen.len() > before {
                through.push(opened);
            }
        }
        Ok((seen, through))
    }
}

/// Whether somebody's stint has a place that the view shows: its first one, or one where a stretch
/// of the view begins.
fn meets(opened: &Opened, start: Seq, end: Option<Seq>) -> bool {
    let own = opened.stints.iter().map(|stint| stint.start);
    let within = |seq: &Seq| *seq >= start && end.is_none_or(|end| *seq < end);
    std::iter::once(start).chain(own.filter(within)).any(|seq| opened.view.covers(seq))
}

/// Number, id, name, company's id and name, guest.
pub(super) fn profile(row: &Row<'_>) -> Sql<Profile> {
    let (company, company_name) = company_and_name(row, 3)?;
    Ok(Profile {
        user: user_id(row, 1)?,
        name: row.get(2)?,
        company,
        company_name,
        guest: row.get(5)?,
        master: false,
    })
}
