//! Read marks that own sends have moved (R25): a register each, written a second at a time, since
//! a row for every message would cost as much as the message.

use super::codes::{POSTED, Sql, last_place, place, seq, seq_of};
use crate::sql::{Connection, Optional as _};
use crosstalk_protocol::ids::Seq;
use foldhash::HashMap;
use parking_lot::Mutex;
use std::sync::Arc;

/// At so many the marks are written, however young.
pub(super) const MARKS_WAITING_MAX: usize = 10_000;

#[derive(Debug, Clone, Copy, Default)]
struct Waiting {
    seq: u64,
    /// Its row is there. It stays here until the next writing, for readers whose snapshot is older.
    written: bool,
}

/// Marks that are committed (their messages are) but not written as rows yet. Readers look here
/// too; after a kill they are found again from the messages.
#[derive(Debug, Clone, Default)]
pub(super) struct Marks(Arc<Mutex<HashMap<(i64, i64), Waiting>>>);

impl Marks {
    /// A person's own sends moved his marks in these rooms: (room, person, seq).
    pub(super) fn move_forward(&self, moved: impl Iterator<Item = (i64, i64, Seq)>) {
        let mut marks = self.0.lock();
        for (room, person, seq) in moved {
            let mark = marks.entry((room, person)).or_default();
            if seq.0 > mark.seq {
                *mark = Waiting { seq: seq.0, written: false };
            }
        }
    }

    /// The room was deleted: its marks are not written any more.
    pub(super) fn forget(&self, room: i64) {
        self.0.lock().retain(|(of, _), _| *of != room);
    }

    /// The mark of a person in a room, where it waits here.
    pub(super) fn waiting(&self, room: i64, person: i64) -> Seq {
        Seq(self.0.lock().get(&(room, person)).map_or(0, |mark| mark.seq))
    }

    pub(super) fn count(&self) -> usize {
        self.0.lock().len()
    }

    /// All that are to be written, in the order of their rows. What was written is forgotten.
    pub(super) fn take(&self) -> Vec<((i64, i64), u64)> {
        let mut marks = self.0.lock();
        marks.retain(|_, mark| !mark.written);
        let mut all: Vec<_> = marks.iter().map(|(key, mark)| (*key, mark.seq)).collect();
        all.sort_unstable();
        all
    }

    /// These have been written.
    pub(super) fn written(&self, written: &[((i64, i64), u64)]) {
        let mut marks = self.0.lock();
        for (key, seq) in written {
            if let Some(mark) = marks.get_mut(key)
                && mark.seq == *seq
            {
                mark.written = true;
            }
        }
    }

    /// Finds again what a kill left unwritten: own sends after this entry.
    pub(super) fn recover(&self, connection: &Connection, after: i64) -> Sql<()> {
        let mut statement = connection.prepare(
            "SELECT e.place, e.author FROM entry e JOIN room r ON r.room = e.place >> 40 \
             WHERE e.id > ?1 AND e.kind = ?2 AND r.deleted = 0",
        )?;
        let mut sent = statement.query((after, POSTED))?;
        while let Some(row) = &sent.next()? {
            let (place, author): (i64, i64) = (row.get(0)?, row.get(1)?);
            self.move_forward(std::iter::once((place >> 40, author, seq_of(place))));
        }
        Ok(())
    }
}

/// The mark as its row says it.
pub(super) fn kept(connection: &Connection, room: i64, person: i64) -> Sql<Seq> {
    let mut statement =
        connection.prepare_cached("SELECT seq FROM mark WHERE room = ?1 AND person = ?2")?;
    let found = statement.query_row((room, person), |row| row.get(0)).optional()?;
    Ok(seq(found.unwrap_or_default()))
}

/// Writes a mark, which never goes back.
pub(super) fn keep(connection: &Connection, (room, person): (i64, i64), seq: u64) -> Sql<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO mark VALUES (?1, ?2, ?3) ON CONFLICT (room, person) \
         DO UPDATE SET seq = excluded.seq WHERE mark.seq < excluded.seq",
    )?;
    debug_assert!(place(room, Seq(seq)) <= last_place(room), "a mark is a seq");
    statement.execute((room, person, seq.cast_signed())).map(drop)
}
