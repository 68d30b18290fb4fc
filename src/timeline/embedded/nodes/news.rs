//! What was committed since a node last looked: all of it, in one snapshot, in the order of commits.

use super::super::codes::Sql;
use super::super::entries::unreadable;
use super::super::page::{ENTRY_COLUMNS, ENTRY_SOURCES, ROOM_COLUMN, change_of, stored};
use super::super::rows::{company_id, room_id, user_id};
use super::rows::{NodeRow, all};
use super::{Node, Standing};
use crate::authority::{Permit, Subject};
use crate::config::fixed::BEHIND_MAX;
use crate::keys::{KeyDirectory, KeyError};
use crate::sql::{Connection, Error, Row};
use crate::timeline::{Cut, Live, Noticed, Reach, Stored};
use crosstalk_protocol::entry::{Change, Content};
use crosstalk_protocol::ids::RoomId;
use std::sync::Arc;

/// Up to where a node knows the store. Turns are taken one after the other, so entries, cuts and
/// notices rise with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Positions {
    pub(super) turn: i64,
    pub(super) entry: i64,
    pub(super) cut: i64,
    pub(super) notice: i64,
    /// How often an issuer has changed.
    pub(super) issuers: i64,
}

/// What there is after some positions.
pub(super) struct News {
    pub(super) positions: Positions,
    pub(super) entries: Vec<(RoomId, Stored)>,
    pub(super) cuts: Vec<Cut>,
    pub(super) notices: Vec<Noticed>,
    pub(super) nodes: Vec<NodeRow>,
    /// There was too much: none of it is here, and what was here before is stale.
    pub(super) too_much: bool,
}

impl Positions {
    /// Whether there may be more in between than is read at once.
    fn is_far_from(&self, last: &Self) -> bool {
        let new = |now: i64, last: i64| now.saturating_sub(last).max(0).cast_unsigned();
        let entries = new(self.entry, last.entry);
        entries + new(self.cut, last.cut) + new(self.notice, last.notice) > BEHIND_MAX
    }

    /// Those of now.
    pub(super) fn now(connection: &Connection) -> Sql<Self> {
        let mut statement = connection.prepare_cached(
            "SELECT number, (SELECT coalesce(max(id), 0) FROM entry), \
             (SELECT coalesce(max(cut), 0) FROM cut), \
             (SELECT coalesce(max(place), 0) FROM notice), issuers FROM turn",
        )?;
        statement.query_row((), |row| {
            Ok(Self {
                turn: row.get(0)?,
                entry: row.get(1)?,
                cut: row.get(2)?,
                notice: row.get(3)?,
                issuers: row.get(4)?,
            })
        })
    }
}

impl News {
    /// All after these positions. To be called in a snapshot.
    pub(super) fn after(last: Positions, connection: &Connection, epoch: u64) -> Sql<Self> {
        let mut now = Positions::now(connection)?;
        // A purge may have taken the last rows away.
        now.entry = now.entry.max(last.entry);
        let too_much = now.is_far_from(&last);
        let found = (now.entry > last.entry, now.cut > last.cut, now.notice > last.notice);
        let found = if too_much { (false, false, false) } else { found };
        Ok(Self {
            positions: now,
            entries: if found.0 { entries(connection, last.entry, epoch)? } else { Vec::new() },
            cuts: if found.1 { cuts(connection, last.cut)? } else { Vec::new() },
            notices: if found.2 { notices(connection, last.notice)? } else { Vec::new() },
            nodes: all(connection)?,
            too_much,
        })
    }
}

impl Node {
    /// All that was committed since this node last looked, in one snapshot.
    ///
    /// # Errors
    /// [`Error::OtherHistory`] where the store has lost commits that this node knows: its
    /// disk or machine was set back, and removals may be undone there.
    pub(super) fn news(&mut self) -> Sql<News> {
        let (last, epoch) = (self.read, self.epoch);
        let news = self.connection.in_snapshot(|| News::after(last, &self.connection, epoch))?;
        if news.positions.turn < last.turn {
            self.standing = Standing::SetBack;
            return Err(Error::OtherHistory);
        }
        if news.too_much {
            tracing::warn!(
                "this node is too far behind, and begins anew without those who are here"
            );
        }
        Ok(news)
    }
}

fn entries(connection: &Connection, after: i64, epoch: u64) -> Sql<Vec<(RoomId, Stored)>> {
    let sql = format!(
        "SELECT {ENTRY_COLUMNS}, r.id FROM entry e JOIN room r ON r.room = e.place >> 40 \
         {ENTRY_SOURCES} WHERE e.id > ?1 ORDER BY e.id"
    );
    connection.prepare_cached(&sql)?.query_map([after], |row| {
        Ok((room_id(row, ROOM_COLUMN)?, stored(row, epoch, change_of(row)?)?))
    })
}

/// 0 whether it is a company's, 1 the person's id, 2 the company's.
const OWNER: &str = "x.owner & 1, p.id, c.id";
const OWNERS: &str = "LEFT JOIN person p ON x.owner & 1 = 0 AND p.person = x.owner >> 1 \
     LEFT JOIN company c ON x.owner & 1 = 1 AND c.company = x.owner >> 1";

fn subject(row: &Row<'_>) -> Sql<Subject> {
    Ok(if row.get::<i64>(0)? == 1 {
        Subject::Company(company_id(row, 2)?)
    } else {
        Subject::Person(user_id(row, 1)?)
    })
}

fn cuts(connection: &Connection, after: i64) -> Sql<Vec<Cut>> {
    let sql = format!(
        "SELECT {OWNER}, x.cut, x.reach FROM cut x {OWNERS} WHERE x.cut > ?1 ORDER BY x.cut"
    );
    connection.prepare_cached(&sql)?.query_map([after], |row| {
        let number: i64 = row.get(3)?;
        let reach = Reach::of_code(row.get(4)?).ok_or_else(|| Error::misplaced(4, number))?;
        Ok(Cut { number: number.cast_unsigned(), subject: subject(row)?, reach })
    })
}

fn notices(connection: &Connection, after: i64) -> Sql<Vec<Noticed>> {
    let sql = format!(
        "SELECT {OWNER}, x.place, x.detail FROM notice x {OWNERS} WHERE x.place > ?1 ORDER BY x.place"
    );
    connection.prepare_cached(&sql)?.query_map([after], |row| {
        let detail: String = row.get(4)?;
        Ok(Noticed {
            inbox: subject(row)?,
            place: row.get::<i64>(3)?.cast_unsigned(),
            notice: serde_json::from_str(&detail).map_err(unreadable)?,
        })
    })
}

/// An entry as the hub takes it, opened where somebody follows the room here. Where the room has no key
/// any more it was deleted, and who has a seat in it is about to lose it.
///
/// # Errors
/// [`KeyError::Unreachable`]: it can't be opened now.
pub(super) fn opened(
    room: RoomId,
    stored: Stored,
    keys: &KeyDirectory,
    is_followed: bool,
) -> Result<Live, KeyError> {
    let content = if is_followed { content(room, &stored, keys) } else { Ok(None) };
    let content = match content {
        Ok(content) => content.map(Arc::new),
        Err(error @ KeyError::Unreachable(_)) => return Err(error),
        Err(KeyError::Missing) => None,
        Err(error) => {
            tracing::error!(room.id = %room, seq = stored.entry.seq.0, %error, "a body can't be opened");
            None
        }
    };
    if stored.entry.change == Change::Deleted {
        // The node that deleted it destroys the key; none may have it at hand (P3).
        keys.forget(room);
    }
    let Stored { entry, at, version, body: _ } = stored;
    Ok(Live { room, entry: Arc::new(entry), content, at, version })
}

fn content(
    room: RoomId,
    stored: &Stored,
    keys: &KeyDirectory,
) -> Result<Option<Content>, KeyError> {
    let Some(body) = stored.body.as_ref().filter(|body| !body.sealed.0.is_empty()) else {
        return Ok(None);
    };
    body.open(&keys.open(room)?, &Permit::of_follower(room)).map(Some)
}
