//! Purging a deleted room (R22): first its key, so that nothing of it can be opened; then its rows
//! in slices, with a receipt of counts; then the remnants in the write-ahead log. Killed at any
//! point it goes on from there.

use super::codes::Sql;
use super::facts::whole_room;
use super::jobs::OpenJob;
use super::meta::set_meta;
use super::rows::room_id;
use super::task::Attempt;
use super::writer::Writer;
use crate::mutants::{self, Mutant};
use crate::sql::Engine;

/// Rows that one slice erases of a table.
const ROWS_A_SLICE: i64 = 500;

const KEY: i64 = 0;
const ROWS: i64 = 1;

/// Where else than in its timeline a room has rows, by place or by room. Inboxes, answers, the
/// audit and receipts stay: they hold ids, kinds and counts.
const BY_PLACE: &[&str] = &["reaction", "pin"];
const BY_ROOM: &[&str] = &["stint", "named", "mark", "invitation"];

impl Writer<'_> {
    /// One slice. Whether the purge is finished now.
    pub(super) fn purge(&mut self, job: &OpenJob) -> Result<bool, String> {
        let next = |outcome: Result<Option<()>, crate::timeline::NotAppended>| {
            outcome.map(|_| false).map_err(|error| error.to_string())
        };
        match job.step {
            KEY => {
                let room = self.id_of(job.room).map_err(|error| error.to_string())?;
                self.keys.destroy(room).map_err(|error| error.to_string())?;
                next(self.slice_of(job, |writer| writer.step_on(job, 0, None)))
            }
            ROWS if self.somebody_is_behind(job.at).map_err(|error| error.to_string())? => {
                self.jobs.pause();
                Ok(false)
            }
            ROWS => next(self.slice_of(job, |writer| writer.erase_rows(job))),
            _ => {
                self.truncate_log()?;
                let now = self.now.0;
                let finish = self.slice_of(job, |writer| writer.step_on(job, 0, Some(now)));
                finish.map(|_| true).map_err(|error| error.to_string())
            }
        }
    }

    fn id_of(&self, room: i64) -> Sql<crosstalk_protocol::ids::RoomId> {
        let mut statement =
            self.connection.prepare_cached("SELECT id FROM room WHERE room = ?1")?;
        statement.query_row([room], |row| room_id(row, 0))
    }

    /// Whether a node that shares the store has not applied all up to this turn: it learns from the
    /// rows whom it has to cut off.
    fn somebody_is_behind(&self, turn: i64) -> Sql<bool> {
        if self.connection.engine() == Engine::Sqlite {
            return Ok(false);
        }
        let sql = "SELECT EXISTS (SELECT 1 FROM node WHERE confirmed < ?1)";
        self.connection.prepare_cached(sql)?.query_row([turn], |row| row.get(0))
    }

    /// On to the next step, or done.
    fn step_on(&mut self, job: &OpenJob, rows: i64, finished: Option<i64>) -> Attempt<()> {
        let mut statement = self.connection.prepare_cached(
            "UPDATE job SET step = step + 1, done = done + ?2, finished = ?3, at = ?4 WHERE job = ?1",
        )?;
        statement.execute((job.number, rows, finished, self.turns.now()))?;
        Ok(Ok(()))
    }

    fn erase_rows(&mut self, job: &OpenJob) -> Attempt<()> {
        let mut erased = self.erase_entries(job.room)?;
        for table in BY_PLACE {
            if *table == "reaction" && mutants::is(Mutant::PurgeSkipsTable) {
                continue;
            }
            erased += self.erase_slice(table, "place", whole_room(job.room))?;
        }
        for table in BY_ROOM {
            erased += self.erase_slice(table, "room", (job.room, job.room))?;
        }
        erased += self.erase_fingerprint(job.room)?;
        if erased == 0 {
            return self.step_on(job, 0, None);
        }
        let mut statement =
            self.connection.prepare_cached("UPDATE job SET done = done + ?2 WHERE job = ?1")?;
        statement.execute((job.number, erased))?;
        Ok(Ok(()))
    }

    /// Erases a slice of the timeline, and counts it in the receipt.
    fn erase_entries(&self, room: i64) -> Sql<i64> {
        // The last rows may go: their ids must not come again, or a sweep would miss entries.
        set_meta(self.connection, "next_entry", self.next_entry)?;
        let (first, last) = whole_room(room);
        let slice = "SELECT id FROM entry WHERE place BETWEEN ?1 AND ?2 LIMIT ?3";
        let mut statement = self.connection.prepare_cached(&format!(
            "INSERT INTO receipt \
             SELECT CAST(?4 AS BIGINT), coalesce(p.company, 0), count(*), count(e.body) \
             FROM entry e LEFT JOIN person p ON p.person = e.author WHERE e.id IN ({slice}) \
             GROUP BY 2 ON CONFLICT (room, company) DO UPDATE SET \
             entries = receipt.entries + excluded.entries, \
             bodies = receipt.bodies + excluded.bodies"
        ))?;
        statement.execute((first, last, ROWS_A_SLICE, room))?;
        let sql = format!("DELETE FROM entry WHERE id IN ({slice})");
        let erased = self.connection.prepare_cached(&sql)?.execute((first, last, ROWS_A_SLICE))?;
        Ok(i64::try_from(erased).unwrap_or_default())
    }

    /// The answer to who created the room stays, without the hash of what he named it: that one is
    /// keyed by the creation's own id, which stands beside it, so names could be guessed by it.
    fn erase_fingerprint(&self, room: i64) -> Sql<i64> {
        let sql = "UPDATE operation SET content = zeroblob(16) \
                   WHERE made = ?1 AND content <> zeroblob(16)";
        let erased = self.connection.prepare_cached(sql)?.execute([room])?;
        Ok(i64::try_from(erased).unwrap_or_default())
    }

    fn erase_slice(&self, table: &str, column: &str, (from, through): (i64, i64)) -> Sql<i64> {
        // Within the range, the rows of the lowest keys: whole keys, so a slice may be larger.
        let key =
            if table == "stint" || table == "named" || table == "mark" { "person" } else { column };
        let slice = format!("SELECT {key} FROM {table} WHERE {column} BETWEEN ?1 AND ?2 LIMIT ?3");
        let sql =
            format!("DELETE FROM {table} WHERE {column} BETWEEN ?1 AND ?2 AND {key} IN ({slice})");
        let erased =
            self.connection.prepare_cached(&sql)?.execute((from, through, ROWS_A_SLICE))?;
        Ok(i64::try_from(erased).unwrap_or_default())
    }

    /// What was erased may still stand in the write-ahead log, and before a checkpoint in the
    /// database file.
    fn truncate_log(&self) -> Result<(), String> {
        if self.connection.engine() == Engine::Postgres {
            // Its log and pages are the server's: there the key's end is what deletes.
            return Ok(());
        }
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy = self.connection.query_row(sql, (), |row| row.get::<bool>(0));
        match busy {
            Ok(false) => Ok(()),
            Ok(true) => Err("a reader is in the way of the checkpoint".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}
