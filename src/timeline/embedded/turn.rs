//! Turns of those who write to one server. Each commit has a number, in the one order of commits; who
//! finds that others have had turns since his own forgets what he knew.

use super::codes::Sql;
use super::meta::{next_entry, random};
use super::writer::Writer;
use crate::sql::{Connection, Engine};

/// Waits for the turn, and takes it; it is given back if the transaction is not committed.
const TAKE: &str = "UPDATE turn SET number = number + 1, writer = ?1 RETURNING number";
/// Whose turn was the last; waits for one that has not come to its end.
const LAST: &str = "SELECT number, writer FROM turn FOR UPDATE";

/// The turns of one writer.
#[derive(Debug)]
pub(super) struct Turns {
    /// Whose they are.
    own: [u8; 16],
    /// The last commit that this writer knows all about.
    known: i64,
    /// The turn of the transaction that is open.
    now: i64,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self { own: random(), known: 0, now: 0 }
    }

    /// The turn of the transaction that is open; 0 where nobody takes turns.
    pub(super) fn now(&self) -> i64 {
        self.now
    }

    /// The last commit of this writer.
    pub(super) fn last(&self) -> i64 {
        self.known
    }

    /// The transaction was committed.
    pub(super) fn done(&mut self) {
        self.known = self.now;
    }
}

impl Writer<'_> {
    /// In a transaction that has just begun: waits until no other writer has one.
    pub(super) fn take_turn(&mut self) -> Sql<()> {
        if self.connection.engine() == Engine::Sqlite {
            return Ok(());
        }
        let mut take = self.connection.prepare_cached(TAKE)?;
        self.turns.now = take.query_row([self.turns.own], |row| row.get(0))?;
        if self.turns.now != self.turns.known + 1 {
            self.rooms.clear();
            self.people.clear();
            self.next_entry = next_entry(self.connection)?;
            self.jobs.reload(self.connection);
        }
        Ok(())
    }

    /// The issuers that other nodes know are not those of this transaction.
    pub(super) fn note_issuers(&self) -> Sql<()> {
        if self.connection.engine() == Engine::Sqlite {
            return Ok(());
        }
        self.connection.prepare_cached("UPDATE turn SET issuers = issuers + 1")?.execute(())?;
        Ok(())
    }

    /// Whether the transaction was committed, after the connection was lost before the answer came.
    pub(super) fn came_through(&self) -> Sql<bool> {
        if self.connection.engine() == Engine::Sqlite {
            return Ok(false);
        }
        last_turn(self.connection).map(|last| last == (self.turns.now, self.turns.own))
    }
}

fn last_turn(connection: &Connection) -> Sql<(i64, [u8; 16])> {
    connection.prepare("BEGIN")?.execute(())?;
    let last = connection.query_row(LAST, (), |row| Ok((row.get(0)?, row.get(1)?)));
    connection.roll_back()?;
    last
}
