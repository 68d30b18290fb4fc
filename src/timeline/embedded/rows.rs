//! How people, companies and rooms look as rows.

use super::codes::{Sql, creation_of, features_of, history_of, kind_of, seq};
use crate::authority::{Access, Company, Member, Person};
use crate::sql::{Connection, Optional as _, Row};
use crosstalk_protocol::ids::{CompanyId, OperationId, RoomId, UserId};

pub(super) fn user_id(row: &Row<'_>, column: usize) -> Sql<UserId> {
    row.get(column).map(UserId::of_bytes)
}

pub(super) fn user_id_if_any(row: &Row<'_>, column: usize) -> Sql<Option<UserId>> {
    Ok(row.get::<Option<_>>(column)?.map(UserId::of_bytes))
}

pub(super) fn company_id(row: &Row<'_>, column: usize) -> Sql<CompanyId> {
    row.get(column).map(CompanyId::of_bytes)
}

pub(super) fn room_id(row: &Row<'_>, column: usize) -> Sql<RoomId> {
    row.get(column).map(RoomId::of_bytes)
}

pub(super) fn operation_id_if_any(row: &Row<'_>, column: usize) -> Sql<Option<OperationId>> {
    Ok(row.get::<Option<_>>(column)?.map(OperationId::of_bytes))
}

/// A company with its number, from `SELECT` of [`company_columns!`].
macro_rules! company_columns {
    () => {
        "c.company, c.id, c.ended, c.external_messaging, c.group_creation, c.external_rooms, \
         c.guests, c.external_read_marks, c.disabled, c.first_sign_in, c.outside, c.whole"
    };
}
pub(super) use company_columns;

/// How many columns that is.
pub(super) const COMPANY_COLUMNS: usize = 12;

/// The company and its number, where its columns begin at `from`.
pub(super) fn company(row: &Row<'_>, from: usize) -> Sql<(i64, Company)> {
    let company = Company {
        id: company_id(row, from + 1)?,
        ended: row.get(from + 2)?,
        external_messaging: row.get(from + 3)?,
        group_creation: creation_of(row.get(from + 4)?),
        external_rooms: row.get(from + 5)?,
        guests: row.get(from + 6)?,
        external_read_marks: row.get(from + 7)?,
        disabled: features_of(row.get(from + 8)?),
        first_sign_in: row.get(from + 9)?,
        outside: row.get(from + 10)?,
        whole: row.get(from + 11)?,
    };
    Ok((row.get(from)?, company))
}

/// A person with his number; `c` is his company.
macro_rules! person_columns {
    () => {
        "p.person, p.id, c.id, p.guest, p.active, p.deleted, p.connected, p.administrator, \
         p.groups, p.outside, p.whole"
    };
}
pub(super) use person_columns;

/// How many columns that is.
pub(super) const PERSON_COLUMNS: usize = 11;

/// The person and his number, where his columns begin at `from`.
pub(super) fn person(row: &Row<'_>, from: usize) -> Sql<(i64, Person)> {
    let person = Person {
        id: user_id(row, from + 1)?,
        company: company_id(row, from + 2)?,
        guest: row.get(from + 3)?,
        active: row.get(from + 4)?,
        deleted: row.get(from + 5)?,
        connected: row.get(from + 6)?,
        administrator: row.get(from + 7)?,
        groups: row.get(from + 8)?,
        outside: row.get(from + 9)?,
        whole: row.get(from + 10)?,
    };
    Ok((row.get(from)?, person))
}

/// A person with his number and his company.
pub(super) fn standing(
    connection: &Connection,
    user: UserId,
) -> Sql<Option<(i64, Person, Company)>> {
    let mut statement = connection.prepare_cached(concat!(
        "SELECT ",
        person_columns!(),
        ", ",
        company_columns!(),
        " FROM person p JOIN company c ON c.company = p.company WHERE p.id = ?1"
    ))?;
    let found = statement.query_row([user.bytes()], |row| {
        let (number, person) = person(row, 0)?;
        Ok((number, person, company(row, PERSON_COLUMNS)?.1))
    });
    found.optional()
}

/// The numbers that a stint noted, in four columns from `from` on.
pub(super) fn access(row: &Row<'_>, from: usize) -> Sql<Access> {
    Ok(Access {
        person_outside: row.get(from)?,
        person_whole: row.get(from + 1)?,
        company_outside: row.get(from + 2)?,
        company_whole: row.get(from + 3)?,
    })
}

/// The columns of a room; `o` is its owner, `f` its founder.
macro_rules! room_columns {
    () => {
        "r.room, r.id, r.kind, r.deleted, o.id, f.id, r.features, r.history, r.revision, r.named, \
         r.described, (SELECT max(place) FROM entry WHERE place BETWEEN r.room << 40 AND \
         (r.room << 40) | 1099511627775) & 1099511627775"
    };
}
pub(super) use room_columns;

/// How many columns that is.
pub(super) const ROOM_COLUMNS: usize = 12;

/// A room as its row and its last entry say it, without members.
pub(super) struct RoomRow {
    pub(super) number: i64,
    pub(super) room: crate::authority::Room,
    pub(super) named: Option<i64>,
    pub(super) described: Option<i64>,
}

/// The room of these columns.
pub(super) fn room(row: &Row<'_>, from: usize) -> Sql<RoomRow> {
    let mut room = crate::authority::Room::blank(room_id(row, from + 1)?);
    room.kind = kind_of(row.get(from + 2)?);
    room.deleted = row.get(from + 3)?;
    room.owner = company_id(row, from + 4)?;
    room.founder = user_id_if_any(row, from + 5)?;
    room.features = features_of(row.get(from + 6)?);
    room.history = history_of(row.get(from + 7)?);
    room.revision = seq(row.get(from + 8)?);
    // `deleted` is always the last entry; the others may be purged already.
    let head: Option<i64> = row.get(from + 11)?;
    room.head = if room.deleted { room.revision } else { seq(head.unwrap_or_default()) };
    Ok(RoomRow {
        number: row.get(from)?,
        room,
        named: row.get(from + 9)?,
        described: row.get(from + 10)?,
    })
}

/// The columns of a member's open stint `s`; `p` is he, `c` his company.
macro_rules! member_columns {
    () => {
        "p.id, c.id, s.guest, s.start, s.history, s.master, s.person_outside, s.person_whole, \
         s.company_outside, s.company_whole"
    };
}
pub(super) use member_columns;

/// How many columns that is.
pub(super) const MEMBER_COLUMNS: usize = 10;

/// The member of these columns, and whether he is a Group Master.
pub(super) fn member(row: &Row<'_>, from: usize) -> Sql<(UserId, Member, bool)> {
    let member = Member {
        company: company_id(row, from + 1)?,
        guest: row.get(from + 2)?,
        stint: seq(row.get(from + 3)?),
        history: history_of(row.get(from + 4)?),
        access: access(row, from + 6)?,
    };
    Ok((user_id(row, from)?, member, row.get(from + 5)?))
}
