//! The readers: each answers one question after the other, each from one snapshot.

use super::Options;
use super::codes::Sql;
use super::marks::Marks;
use super::page::Rows;
use super::rows::{self, COMPANY_COLUMNS, PERSON_COLUMNS, company_columns, person_columns};
use super::sight::{Opened, Wanted};
use super::tally::Tally;
use crate::authority::{Company, Person, Refusal, Standing};
use crate::sql::{Connection, Optional as _, Statement};
use crate::timeline::{Error, Read, Sight, Want};
use crosstalk_protocol::ids::{RoomId, UserId};
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Something to be read.
pub(super) type Work = Box<dyn FnOnce(&Reader) + Send>;

/// A reader, on its thread.
pub(super) struct Reader {
    pub(super) connection: Connection,
    pub(super) options: Arc<Options>,
    pub(super) marks: Marks,
    pub(super) epoch: u64,
    pub(super) tally: Arc<Tally>,
}

/// Who asks, as the snapshot knows him.
pub(super) struct Asker {
    pub(super) number: i64,
    pub(super) person: Person,
    pub(super) company: Company,
    /// The number of the newest cut.
    pub(super) cut: u64,
}

impl Asker {
    pub(super) fn standing(&self) -> Standing<'_> {
        Standing { person: &self.person, company: &self.company }
    }
}

impl Reader {
    /// Reads until nobody can ask any more. The readers share the queue.
    pub(super) fn run(self, queue: &Mutex<mpsc::Receiver<Work>>) {
        loop {
            let work = queue.lock().blocking_recv();
            match work {
                Some(work) => work(&self),
                None => return,
            }
        }
    }

    /// Answers from one snapshot.
    pub(super) fn in_snapshot<T>(&self, ask: impl FnOnce(&Self) -> Sql<T>) -> Result<T, Error> {
        self.tally.question();
        self.connection.in_snapshot(|| ask(self)).map_err(|error| {
            tracing::error!(%error, "the store can't be read");
            Error::Read(error.to_string().into())
        })
    }

    /// What a person wants, through his views.
    pub(super) fn read(&self, user: UserId, want: &Want) -> Sql<Read> {
        let Some(asker) = self.asker(user)? else {
            return Ok(nothing(want));
        };
        match want {
            Want::Resume(places) => self.resume(&asker, places),
            Want::Page { room, range, limit } => self.page(&asker, *room, *range, *limit),
            Want::List { after, limit } => self.list(&asker, *after, *limit),
            Want::About { room } => self.about(&asker, *room),
            Want::Members { room, after, limit } => self.members(&asker, *room, (*after, *limit)),
            Want::Readers { room, seq } => self.readers(&asker, *room, *seq),
            Want::Pins { room } => self.pins(&asker, *room),
            Want::People { users } => self.people(&asker, users),
        }
    }

    /// A statement that is run once.
    pub(super) fn statement(&self, sql: &str) -> Sql<Statement<'_>> {
        self.tally.statement();
        self.connection.prepare_cached(sql)
    }

    /// Who asks, and the newest cut in this snapshot.
    pub(super) fn asker(&self, user: UserId) -> Sql<Option<Asker>> {
        let mut statement = self.statement(concat!(
            "SELECT ",
            person_columns!(),
            ", ",
            company_columns!(),
            ", (SELECT coalesce(max(cut), 0) FROM cut) \
             FROM person p JOIN company c ON c.company = p.company WHERE p.id = ?1"
        ))?;
        let found = statement.query_row([user.bytes()], |row| {
            let (number, person) = rows::person(row, 0)?;
            let (_, company) = rows::company(row, PERSON_COLUMNS)?;
            let cut: i64 = row.get(PERSON_COLUMNS + COMPANY_COLUMNS)?;
            Ok(Asker { number, person, company, cut: cut.cast_unsigned() })
        });
        found.optional()
    }

    /// One room of which no places are asked for.
    pub(super) fn one(&self, asker: &Asker, room: RoomId) -> Sql<Result<Opened, Refusal>> {
        let opened = self.open(asker, &[Wanted { room, cursor: None }])?;
        Ok(opened.into_iter().next().unwrap_or_else(|| Err(Refusal::not_found())))
    }

    /// The sight of an opened room with these rows.
    pub(super) fn sight(asker: &Asker, opened: Opened, rows: Rows) -> Sight {
        let mut view = opened.view;
        view.shown_through(rows.through);
        Sight {
            permit: view.permit(asker.cut),
            view,
            room: opened.room,
            name: opened.name,
            description: opened.description,
            at: rows.at.unwrap_or(opened.head_at),
            reset: rows.reset,
            rows: rows.lines,
            reactions: rows.reactions,
            more: rows.more,
            read: opened.read,
            unread: opened.unread,
            locked: opened.locked,
            external_marks: asker.company.external_read_marks,
        }
    }
}

/// To who is nobody, every room is one that never was.
fn nothing(want: &Want) -> Read {
    let rooms = match want {
        Want::Resume(places) => places.iter().map(|place| place.room).collect(),
        Want::Page { room, .. }
        | Want::About { room }
        | Want::Members { room, .. }
        | Want::Readers { room, .. }
        | Want::Pins { room } => vec![*room],
        Want::List { .. } | Want::People { .. } => Vec::new(),
    };
    let rooms = rooms.into_iter().map(|room| (room, Err(Refusal::not_found()))).collect();
    Read { rooms, more: false, people: Vec::new(), readers: Vec::new() }
}

/// An answer about one room.
pub(super) fn one_room(room: RoomId, sight: Result<Sight, Refusal>) -> Read {
    Read { rooms: vec![(room, sight)], more: false, people: Vec::new(), readers: Vec::new() }
}
