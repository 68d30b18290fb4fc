//! The one writer: takes all that waits, decides each on the state that the ones before it made,
//! commits once, and only then answers.

use super::Options;
use super::again::{Numbers, SELECT_AGAIN};
use super::batch::Batch;
use super::codes::Sql;
use super::entries::{INSERT_ENTRY, Tags};
use super::fresh::Fresh;
use super::jobs::Jobs;
use super::marks::{self, MARKS_WAITING_MAX, Marks};
use super::meta::{Meta, set_meta};
use super::nodes::{Hinted, Told};
use super::people::People;
use super::rooms::Rooms;
use super::task::{Pending, Task, pending};
use super::turn::Turns;
use crate::authority::Time;
use crate::keys::KeyDirectory;
use crate::mutants::{self, Mutant};
use crate::sql::{Connection, Engine, Statement};
use crate::timeline::{Committed, NotAppended};
use crosstalk_protocol::ids::Seq;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How long a read mark moved by an own send may wait for its row.
const MARKS_WAIT: Duration = Duration::from_secs(1);

/// What the writer shares with the handle and the readers.
#[derive(Clone, Default)]
pub(super) struct Shared {
    pub(super) marks: Marks,
    pub(super) follower: Arc<Mutex<Option<mpsc::Sender<Committed>>>>,
    pub(super) closing: Arc<AtomicBool>,
    /// What the node that follows has been told by others, and has not looked for.
    pub(super) hinted: Arc<Hinted>,
}

/// The statements of every batch and message, prepared once.
pub(super) struct Hot<'c> {
    pub(super) begin: Statement<'c>,
    pub(super) commit: Statement<'c>,
    pub(super) savepoint: Statement<'c>,
    pub(super) release: Statement<'c>,
    pub(super) again: Statement<'c>,
    pub(super) insert: Statement<'c>,
}

/// The writer, on its thread.
pub(super) struct Writer<'c> {
    pub(super) connection: &'c Connection,
    pub(super) hot: Hot<'c>,
    pub(super) options: Arc<Options>,
    pub(super) keys: Arc<KeyDirectory>,
    pub(super) people: People,
    pub(super) rooms: Rooms,
    pub(super) numbers: Numbers,
    pub(super) fresh: Fresh,
    pub(super) tags: Tags,
    pub(super) epoch: u64,
    pub(super) next_entry: i64,
    pub(super) now: Time,
    pub(super) batch: Batch,
    pub(super) jobs: Jobs,
    /// The number of the newest cut, this batch's included.
    pub(super) newest_cut: u64,
    pub(super) shared: Shared,
    pub(super) turns: Turns,
    /// Who follows, where others write too.
    pub(super) told: Option<Sender<Told>>,
    marked_at: Instant,
}

impl<'c> Writer<'c> {
    pub(super) fn new(
        connection: &'c Connection,
        meta: Meta,
        options: Arc<Options>,
        keys: Arc<KeyDirectory>,
        (shared, told): (Shared, Option<Sender<Told>>),
    ) -> Sql<Self> {
        let hot = Hot {
            begin: connection.prepare(connection.begin_writing())?,
            commit: connection.prepare("COMMIT")?,
            savepoint: connection.prepare("SAVEPOINT one")?,
            release: connection.prepare("RELEASE one")?,
            again: connection.prepare(SELECT_AGAIN)?,
            insert: connection.prepare(INSERT_ENTRY)?,
        };
        if connection.engine() == Engine::Sqlite {
            // On a server marks are committed with their messages.
            shared.marks.recover(connection, meta.marked)?;
        }
        let now = (options.clock)();
        Ok(Self {
            connection,
            hot,
            people: People::new(options.people_cached),
            rooms: Rooms::new(options.rooms_cached),
            numbers: Numbers::new(meta.hash_key),
            fresh: Fresh::read(connection, now)?,
            tags: Tags::default(),
            epoch: meta.epoch,
            next_entry: meta.next_entry,
            now,
            batch: Batch::default(),
            jobs: Jobs::load(connection)?,
            newest_cut: newest_cut(connection)?,
            options,
            keys,
            shared,
            turns: Turns::new(),
            told,
            marked_at: Instant::now(),
        })
    }

    /// Writes until nobody can ask any more. Jobs go on in slices between batches.
    pub(super) fn run(mut self, queue: &Receiver<Task>) {
        while let Some(tasks) = self.gather(queue) {
            if !tasks.is_empty() {
                self.write(tasks);
            } else if self.told.is_some() && !self.jobs.are_open() {
                self.jobs.take_over(self.connection);
            }
            if self.jobs.are_due() {
                self.work_on_jobs();
            }
            self.write_marks(false);
        }
        self.write_marks(true);
    }

    /// All that waits, at most a batch. `None` when the store is closed.
    fn gather(&self, queue: &Receiver<Task>) -> Option<Vec<Task>> {
        let wait = if self.jobs.are_due() { Duration::ZERO } else { MARKS_WAIT };
        let mut tasks = match queue.recv_timeout(wait) {
            Ok(first) => vec![first],
            Err(RecvTimeoutError::Timeout) => Vec::new(),
            Err(RecvTimeoutError::Disconnected) => return None,
        };
        tasks.extend(queue.try_iter().take(self.options.batch_max.saturating_sub(tasks.len())));
        Some(tasks)
    }

    fn write(&mut self, tasks: Vec<Task>) {
        self.begin();
        let mut answers = Vec::with_capacity(tasks.len());
        for task in tasks {
            // Not what the directory is asked for: nobody could even sign in.
            let too_early =
                mutants::is(Mutant::AcknowledgeBeforeFsync) && matches!(task, Task::Append(..));
            let answer = self.carry_out(task);
            if too_early {
                answer.say(None);
            } else {
                answers.push(answer);
            }
        }
        let failed = self.end();
        // First the follower: who is answered may rely on it that his entry is on its way.
        if failed.is_none() {
            self.tell();
        }
        for answer in answers {
            answer.say(failed.as_ref());
        }
    }

    fn carry_out(&mut self, task: Task) -> Box<dyn Pending> {
        match task {
            Task::Append(proposal, to) => {
                let is_post =
                    matches!(proposal.intent.command, crate::authority::Command::Post { .. });
                // A post is one statement, which is undone by itself when it fails.
                let outcome = if is_post {
                    self.attempt_one(|writer| writer.append(*proposal))
                } else {
                    self.attempt(|writer| writer.append(*proposal))
                };
                pending(to, outcome)
            }
            Task::Act(deed, to) => pending(to, self.attempt(|writer| writer.act(&deed))),
            Task::Mark(room, user, seq, to) => {
                pending(to, self.attempt_one(|writer| writer.mark(room, user, seq)))
            }
            Task::Greet(user, device, inbox, to) => {
                pending(to, self.attempt(|writer| writer.greet(user, device, inbox)))
            }
            Task::Acknowledge(user, device, inbox, to) => {
                pending(to, self.attempt(|writer| writer.acknowledge(user, device, inbox)))
            }
            Task::Invite(invitation, operation, to) => {
                pending(to, self.attempt(|writer| writer.invite(&invitation, operation)))
            }
            Task::Redeem(hash, guest, name, to) => {
                pending(to, self.attempt(|writer| writer.redeem(hash, guest, name)))
            }
        }
    }

    /// Writes the read marks that own sends have moved, when it is time.
    fn write_marks(&mut self, now: bool) {
        let waiting = self.shared.marks.count();
        let due = now || waiting >= MARKS_WAITING_MAX || self.marked_at.elapsed() >= MARKS_WAIT;
        if waiting == 0 || !due {
            return;
        }
        self.marked_at = Instant::now();
        let moved = self.shared.marks.take();
        if moved.is_empty() {
            return;
        }
        let last = self.next_entry - 1;
        self.begin();
        let written = self.attempt_one(|writer| {
            for (key, seq) in &moved {
                marks::keep(writer.connection, *key, *seq)?;
            }
            set_meta(writer.connection, "marked", last).map(Ok)
        });
        if let Err(NotAppended::Failed(error)) = written {
            self.batch.lost = Some(error);
        }
        if self.end().is_none() {
            self.shared.marks.written(&moved);
        }
    }

    /// The mark of a person in a room, waiting or written.
    pub(super) fn mark_of(&self, room: i64, person: i64) -> Sql<Seq> {
        let kept = marks::kept(self.connection, room, person)?;
        let own = self.batch.moved.iter().filter(|moved| (moved.0, moved.1) == (room, person));
        let own = own.map(|moved| moved.2).max().unwrap_or_default();
        Ok(kept.max(own).max(self.shared.marks.waiting(room, person)))
    }
}

/// The number of the newest cut.
pub(super) fn newest_cut(connection: &Connection) -> Sql<u64> {
    let sql = "SELECT coalesce(max(cut), 0) FROM cut";
    let cut: i64 = connection.prepare_cached(sql)?.query_row((), |row| row.get(0))?;
    Ok(cut.cast_unsigned())
}
