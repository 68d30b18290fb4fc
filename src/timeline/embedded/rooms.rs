//! Rooms as the writer knows them: taken out to be worked on, put back when that went well. What
//! went wrong is not put back, and read anew.

use super::cache::Bounded;
use super::codes::Sql;
use super::rows::{self, ROOM_COLUMNS, RoomRow, member_columns, room_columns};
use crate::authority::Room;
use crate::sql::{Connection, Optional as _};
use crosstalk_protocol::ids::RoomId;

/// A room with its number; 0 for one that is not there (yet).
pub(super) struct Held {
    pub(super) number: i64,
    pub(super) room: Room,
    /// The entry whose body holds the name.
    pub(super) named: Option<i64>,
    /// The entry whose body holds the description.
    pub(super) described: Option<i64>,
}

/// The rooms asked for of late.
pub(super) struct Rooms(Bounded<RoomId, Held>);

impl Rooms {
    pub(super) fn new(max: usize) -> Self {
        Self(Bounded::new(max))
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The room, taken out; a blank one if there is none of this id.
    pub(super) fn take(&mut self, connection: &Connection, id: RoomId) -> Sql<Held> {
        if let Some(held) = self.0.take(id) {
            return Ok(held);
        }
        let blank = Held { number: 0, room: Room::blank(id), named: None, described: None };
        Ok(load(connection, id)?.unwrap_or(blank))
    }

    /// Keeps a room that is as the store has it.
    pub(super) fn put(&mut self, held: Held) {
        if held.number != 0 {
            self.0.put(held.room.id, held);
        }
    }
}

/// The room as its rows say it.
pub(super) fn load(connection: &Connection, id: RoomId) -> Sql<Option<Held>> {
    let mut statement = connection.prepare_cached(concat!(
        "SELECT ",
        room_columns!(),
        " FROM room r JOIN company o ON o.company = r.owner \
         LEFT JOIN person f ON f.person = r.founder WHERE r.id = ?1"
    ))?;
    let found = statement.query_row([id.bytes()], |row| rows::room(row, 0)).optional()?;
    debug_assert_eq!(ROOM_COLUMNS, statement.columns()?);
    let Some(RoomRow { number, mut room, named, described }) = found else { return Ok(None) };
    let mut statement = connection.prepare_cached(concat!(
        "SELECT ",
        member_columns!(),
        " FROM stint s JOIN person p ON p.person = s.person JOIN company c ON c.company = s.company \
         WHERE s.room = ?1 AND s.ended IS NULL"
    ))?;
    let mut members = statement.query([number])?;
    while let Some(row) = &members.next()? {
        let (user, member, master) = rows::member(row, 0)?;
        room.members.insert(user, member);
        if master {
            room.masters.insert(user);
        }
    }
    Ok(Some(Held { number, room, named, described }))
}
