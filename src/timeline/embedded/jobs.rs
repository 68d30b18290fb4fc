//! Durable jobs: what a commit promised and no transaction could hold. Each goes on in slices
//! between batches, keeps its place in the slice's own transaction, and resumes after a kill.

use super::codes::{ROOM_NUMBER_MAX, Sql, owner_code};
use super::task::Attempt;
use super::writer::Writer;
use crate::authority::{Actor, Command, Intent, Subject};
use crate::directory::Job;
use crate::sql::{Connection, Optional as _, Row};
use crate::timeline::{NotAppended, Proposal};
use crosstalk_protocol::ids::{OperationId, RoomId};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

const WITHDRAWAL: i64 = 0;
const PURGE: i64 = 1;
/// Rooms that one slice of a withdrawal settles.
const ROOMS_A_SLICE: i64 = 16;
/// After a slice that could not be done (the key directory is not mounted, a reader is in the way).
const PAUSE: Duration = Duration::from_millis(200);
/// Finished jobs that are told beside the open ones.
const FINISHED_TOLD: i64 = 100;

/// A job that is not finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OpenJob {
    pub(super) number: i64,
    kind: i64,
    owner: i64,
    pub(super) room: i64,
    pub(super) step: i64,
    pub(super) at: i64,
}

/// The jobs that are not finished, in turns.
pub(super) struct Jobs {
    open: VecDeque<i64>,
    not_before: Option<Instant>,
}

impl Jobs {
    pub(super) fn load(connection: &Connection) -> Sql<Self> {
        Ok(Self { open: open(connection)?, not_before: None })
    }

    /// Looks again, after a commit that planned some.
    pub(super) fn reload(&mut self, connection: &Connection) {
        match open(connection) {
            Ok(open) => self.open = open,
            // They stand in the store and are found at the next commit, or start.
            Err(error) => tracing::error!(%error, "the open jobs can't be read"),
        }
    }

    /// Takes over what another node has begun and no longer goes on with.
    pub(super) fn take_over(&mut self, connection: &Connection) {
        // Where the server is away, who follows it says so.
        if let Ok(open) = open(connection) {
            self.open = open;
        }
    }

    /// Nothing can be done about them for a moment.
    pub(super) fn pause(&mut self) {
        self.not_before = Some(Instant::now() + PAUSE);
    }

    pub(super) fn are_open(&self) -> bool {
        !self.open.is_empty()
    }

    pub(super) fn are_due(&self) -> bool {
        !self.open.is_empty() && self.not_before.is_none_or(|at| at <= Instant::now())
    }
}

fn open(connection: &Connection) -> Sql<VecDeque<i64>> {
    let mut statement =
        connection.prepare_cached("SELECT job FROM job WHERE finished IS NULL ORDER BY job")?;
    statement.query_map((), |row| row.get(0))
}

impl Writer<'_> {
    /// The job that writes what a cut ended (R19): its number.
    pub(super) fn plan_withdrawal(&mut self, subject: Subject, number: i64) -> Sql<u64> {
        let sql = "INSERT INTO job (kind, owner) VALUES (?1, ?2) RETURNING job";
        let mut statement = self.connection.prepare_cached(sql)?;
        let values = (WITHDRAWAL, owner_code(subject, number));
        let job = statement.query_row(values, |row| row.get::<i64>(0))?;
        self.batch.jobs = true;
        Ok(job.cast_unsigned())
    }

    /// The job that erases a deleted room (R22).
    pub(super) fn plan_purge(&mut self, room: i64) -> Sql<()> {
        let mut statement =
            self.connection.prepare_cached("INSERT INTO job (kind, room) VALUES (?1, ?2)")?;
        statement.execute((PURGE, room))?;
        self.batch.jobs = true;
        Ok(())
    }

    /// One slice of the job whose turn it is.
    pub(super) fn work_on_jobs(&mut self) {
        let Some(number) = self.jobs.open.front().copied() else { return };
        self.jobs.not_before = None;
        let finished = self.slice(number).unwrap_or_else(|error| {
            tracing::warn!(job = number, %error, "a job could not go on, and is tried again");
            self.jobs.pause();
            false
        });
        // The slice may have planned others, and the list been read anew.
        self.jobs.open.retain(|other| *other != number);
        if !finished {
            self.jobs.open.push_back(number);
        }
    }

    /// Whether the job is finished now.
    fn slice(&mut self, number: i64) -> Result<bool, String> {
        let Some(job) = self.job(number).map_err(|error| error.to_string())? else {
            return Ok(true);
        };
        if job.kind == PURGE {
            return self.purge(&job);
        }
        let done = self.slice_of(&job, |writer| writer.withdraw(&job));
        done.map(|finished| finished.unwrap_or(false)).map_err(|error| error.to_string())
    }

    /// A job, if it is not finished.
    fn job(&self, number: i64) -> Sql<Option<OpenJob>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT job, kind, coalesce(owner, 0), coalesce(room, 0), step, at FROM job \
             WHERE job = ?1 AND finished IS NULL",
        )?;
        let found = statement.query_row([number], |row| {
            Ok(OpenJob {
                number: row.get(0)?,
                kind: row.get(1)?,
                owner: row.get(2)?,
                room: row.get(3)?,
                step: row.get(4)?,
                at: row.get(5)?,
            })
        });
        found.optional()
    }

    /// The next slice of a job, in a transaction of its own; `None` where another node had it first.
    pub(super) fn slice_of<T>(
        &mut self,
        job: &OpenJob,
        work: impl FnOnce(&mut Self) -> Attempt<T>,
    ) -> Result<Option<T>, NotAppended> {
        self.in_transaction(|writer| {
            if writer.job(job.number)?.as_ref() != Some(job) {
                return Ok(Ok(None));
            }
            Ok(work(writer)?.map(Some))
        })
    }

    /// A transaction of the writer's own.
    pub(super) fn in_transaction<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Attempt<T>,
    ) -> Result<T, NotAppended> {
        self.begin();
        let outcome = self.attempt(work);
        if let Some(error) = self.end() {
            return Err(error.into());
        }
        self.tell();
        outcome
    }

    /// Settles the next rooms in which the subject of the cut is. What is over is decided by the
    /// rules, as at any other append; a room in which nothing is gets no entry.
    fn withdraw(&mut self, job: &OpenJob) -> Attempt<bool> {
        let rooms = self.rooms_of(job)?;
        for (_, room) in &rooms {
            let intent = Intent {
                actor: Actor::Rule,
                operation: OperationId::of_bytes([0; 16]),
                command: Command::Settle,
            };
            let settle = Proposal {
                room: *room,
                intent,
                content: None,
                sealed: None,
                fingerprint: [0; 16],
                mark: None,
            };
            // A room that was deleted meanwhile owes nothing.
            self.append(settle)?.ok();
        }
        let last = rooms.last().map_or(ROOM_NUMBER_MAX, |(number, _)| *number);
        let count = i64::try_from(rooms.len()).unwrap_or_default();
        let finished = count < ROOMS_A_SLICE;
        let mut statement = self.connection.prepare_cached(
            "UPDATE job SET at = ?2, done = done + ?3, finished = ?4 WHERE job = ?1",
        )?;
        statement.execute((job.number, last, count, finished.then_some(self.now.0)))?;
        Ok(Ok(finished))
    }

    fn rooms_of(&self, job: &OpenJob) -> Sql<Vec<(i64, RoomId)>> {
        let of_company = "SELECT DISTINCT r.room, r.id FROM stint s JOIN room r ON r.room = s.room \
             WHERE s.room > ?2 AND s.company = ?1 AND s.ended IS NULL ORDER BY r.room LIMIT ?3";
        let of_person = "SELECT DISTINCT r.room, r.id FROM stint s JOIN room r ON r.room = s.room \
             WHERE s.person = ?1 AND s.room > ?2 AND s.ended IS NULL ORDER BY r.room LIMIT ?3";
        let sql = if job.owner & 1 == 1 { of_company } else { of_person };
        let mut statement = self.connection.prepare_cached(sql)?;
        statement.query_map((job.owner >> 1, job.at, ROOMS_A_SLICE), |row| {
            Ok((row.get(0)?, super::rows::room_id(row, 1)?))
        })
    }
}

/// The open jobs, and the last finished ones.
pub(super) fn jobs(connection: &Connection) -> Sql<Vec<Job>> {
    let mut statement = connection.prepare_cached(
        "SELECT job, kind, done, finished IS NOT NULL FROM job WHERE finished IS NULL \
         OR job IN (SELECT job FROM job WHERE finished IS NOT NULL ORDER BY job DESC LIMIT ?1) \
         ORDER BY job",
    )?;
    statement.query_map([FINISHED_TOLD], told)
}

fn told(row: &Row<'_>) -> Sql<Job> {
    let kind: i64 = row.get(1)?;
    Ok(Job {
        number: row.get::<i64>(0)?.cast_unsigned(),
        kind: if kind == PURGE { "purge" } else { "withdrawal" },
        done: row.get::<i64>(2)?.cast_unsigned(),
        finished: row.get(3)?,
    })
}
