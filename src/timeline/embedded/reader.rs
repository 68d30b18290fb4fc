//! The readers: each answers one question after the other, each from one snapshot.

use super::Options;
use super::codes::Sql;
use super::marks::Marks;
use super::page::Rows;
use super::rows;
use super::sight::{Opened, Wanted};
use crate::authority::{Company, Person, Refusal, Standing};
use crate::timeline::{Error, Read, Sight, Want};
use crosstalk_protocol::ids::{RoomId, UserId};
use parking_lot::Mutex;
use rusqlite::Connection;
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
}

/// Who asks, as the snapshot knows him.
pub(super) struct Asker {
    pub(super) number: i64,
    pub(super) person: Person,
    pub(super) company: Company,
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
        let answer = || {
            let snapshot = self.connection.unchecked_transaction()?;
            let answer = ask(self)?;
            // Nothing was written: there is nothing to commit, but the snapshot ends.
            snapshot.rollback()?;
            Ok(answer)
        };
        answer().map_err(|error: rusqlite::Error| {
            tracing::error!(%error, "the store can't be read");
            Error::Read(error.to_string().into())
        })
    }

    /// What a person wants, through his views.
    pub(super) fn read(&self, user: UserId, want: &Want) -> Sql<Read> {
        let Some((number, person, company)) = rows::standing(&self.connection, user)? else {
            return Ok(nothing(want));
        };
        let asker = Asker { number, person, company };
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

    /// The number of the newest cut in this snapshot.
    pub(super) fn newest_cut(&self) -> Sql<u64> {
        super::writer::newest_cut(&self.connection)
    }

    /// One room of which no places are asked for.
    pub(super) fn one(&self, asker: &Asker, room: RoomId) -> Sql<Result<Opened, Refusal>> {
        let opened = self.open(asker, &[Wanted { room, cursor: None }])?;
        Ok(opened.into_iter().next().unwrap_or_else(|| Err(Refusal::not_found())))
    }

    /// The sight of an opened room with these rows.
    pub(super) fn sight(asker: &Asker, opened: Opened, rows: Rows, cut: u64) -> Sight {
        let mut view = opened.view;
        view.shown_through(rows.through);
        Sight {
            permit: view.permit(cut),
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
