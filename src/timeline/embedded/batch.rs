//! One transaction of the writer's: what it has brought so far, how a work in it is taken back, and
//! how it is told once it is committed.

use super::codes::Sql;
use super::marks::keep;
use super::nodes::{Fenced, Told};
use super::task::Attempt;
use super::writer::{Writer, newest_cut};
use crate::sql::{Engine, Failure};
use crate::timeline::{Committed, Confirm, Cut, Error, Fence, Live, NotAppended, Noticed};
use crosstalk_protocol::ids::Seq;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc;

/// How soon a follower whose queue is full is offered the next commit again.
pub(super) const FOLLOWER_PAUSE: Duration = Duration::from_micros(200);

/// What a batch has brought so far; told when it is committed, forgotten when it is not.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) live: Vec<Live>,
    pub(super) cuts: Vec<Cut>,
    pub(super) notices: Vec<Noticed>,
    /// Read marks that own sends move.
    pub(super) moved: Vec<(i64, i64, Seq)>,
    /// There are new jobs.
    pub(super) jobs: bool,
    /// Rooms that were deleted.
    pub(super) deleted: Vec<i64>,
    fence: Option<(Confirm, Fence)>,
    /// The transaction is gone: why.
    pub(super) lost: Option<Error>,
}

impl Writer<'_> {
    /// Starts a transaction; what fails here loses the batch.
    pub(super) fn begin(&mut self) {
        self.now = (self.options.clock)();
        let begun = self.hot.begin.execute(());
        let ready = begun.and_then(|_| self.take_turn());
        let ready = ready.and_then(|()| self.people.complete(self.connection));
        let ready = ready.and_then(|()| newest_cut(self.connection));
        match ready {
            Ok(newest) => self.newest_cut = newest,
            Err(error) => self.batch.lost = Some(write_error(&error)),
        }
    }

    /// Carries out a work of several statements: all of it, or none.
    pub(super) fn attempt<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Attempt<T>,
    ) -> Result<T, NotAppended> {
        self.attempt_one(|writer| {
            let lengths = writer.batch.lengths();
            writer.hot.savepoint.execute(())?;
            let done = work(writer);
            if done.is_err()
                && let Err(error) = writer.undo(lengths)
            {
                // Half of a work may stand in the transaction: it must not be committed.
                writer.batch.lost = Some(write_error(&error));
                return Err(error);
            }
            // Where SQLite rolled the whole transaction back, there is no savepoint any more.
            if writer.connection.has_transaction() {
                writer.hot.release.execute(())?;
            }
            done
        })
    }

    /// Carries out a work of one statement that writes.
    pub(super) fn attempt_one<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Attempt<T>,
    ) -> Result<T, NotAppended> {
        if let Some(lost) = &self.batch.lost {
            return Err(lost.clone().into());
        }
        match work(self) {
            Ok(outcome) => outcome.map_err(NotAppended::from),
            Err(error) => {
                let failed = write_error(&error);
                if self.connection.is_lost() {
                    // SQLite itself rolled back: full disk, I/O error.
                    self.batch.lost = Some(failed.clone());
                }
                Err(failed.into())
            }
        }
    }

    /// Takes one work back, and what memory took from it.
    fn undo(&mut self, lengths: [usize; 5]) -> Sql<()> {
        self.batch.truncate(lengths);
        self.rooms.clear();
        self.people.clear();
        if !self.connection.has_transaction() {
            return Ok(());
        }
        self.connection.execute_batch("ROLLBACK TO one")?;
        self.newest_cut = newest_cut(self.connection)?;
        self.people.complete(self.connection)
    }

    /// Commits; or rolls back, memory included, and says why.
    pub(super) fn end(&mut self) -> Option<Error> {
        let failed = match self.batch.lost.take() {
            Some(lost) => lost,
            None => match self.commit() {
                Ok(()) => return None,
                Err(error) => write_error(&error),
            },
        };
        if let Err(error) = self.connection.roll_back() {
            tracing::error!(%error, "a transaction can't be rolled back");
        }
        tracing::error!(error = %failed, "nothing of a batch was written");
        self.rooms.clear();
        self.people.clear();
        self.batch = Batch::default();
        Some(failed)
    }

    fn commit(&mut self) -> Sql<()> {
        self.write_own_marks()?;
        if let Err(error) = self.hot.commit.execute(()) {
            // Of a lost connection nobody knows whether the commit was before.
            if error.failure() != Failure::Away || !self.came_through()? {
                return Err(error);
            }
        }
        self.turns.done();
        Ok(())
    }

    /// Where others read the same store, read marks that own sends move wait in no process's memory.
    fn write_own_marks(&mut self) -> Sql<()> {
        if self.connection.engine() == Engine::Sqlite {
            return Ok(());
        }
        let moved = std::mem::take(&mut self.batch.moved);
        let moved: BTreeMap<_, _> =
            moved.into_iter().map(|(room, person, seq)| ((room, person), seq)).collect();
        for (key, seq) in moved {
            keep(self.connection, key, seq.0)?;
        }
        Ok(())
    }

    /// The fence of this batch: opened when the follower has applied it.
    pub(super) fn fence(&mut self) -> Fence {
        let (_, fence) = self.batch.fence.get_or_insert_with(Fence::new);
        fence.clone()
    }

    /// Tells the follower what was committed.
    pub(super) fn tell(&mut self) {
        let Batch { live, cuts, notices, moved, jobs, deleted, fence, .. } =
            std::mem::take(&mut self.batch);
        self.shared.marks.move_forward(moved.into_iter());
        for room in deleted {
            self.shared.marks.forget(room);
        }
        if jobs {
            self.jobs.reload(self.connection);
        }
        if let Some(told) = &self.told {
            let rooms: Vec<_> = live.iter().map(|live| live.room).collect();
            let concerns_all = fence.is_some() || !cuts.is_empty() || !notices.is_empty();
            (self.options.node.wrote)(&rooms, concerns_all);
            let since = crate::uptime::now();
            let fenced =
                fence.map(|(confirm, _)| Fenced { turn: self.turns.last(), since, confirm });
            // It ends after the writer only.
            drop(told.send(Told::Committed(fenced)));
            return;
        }
        if live.is_empty() && cuts.is_empty() && notices.is_empty() && fence.is_none() {
            return;
        }
        let (confirm, _) = fence.unwrap_or_else(Fence::new);
        let follower = self.shared.follower.lock().clone();
        match follower {
            // Nobody follows: nobody is shown anything.
            None => confirm.confirm(),
            Some(follower) => {
                self.deliver(
                    &follower,
                    Committed {
                        entries: live,
                        cuts,
                        notices,
                        issuers: false,
                        anew: false,
                        confirm,
                    },
                );
            }
        }
    }

    fn deliver(&self, follower: &mpsc::Sender<Committed>, mut committed: Committed) {
        while !self.shared.closing.load(Ordering::Relaxed) {
            match follower.try_send(committed) {
                Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => return,
                Err(mpsc::error::TrySendError::Full(back)) => committed = back,
            }
            std::thread::sleep(FOLLOWER_PAUSE);
        }
    }
}

impl Batch {
    fn lengths(&self) -> [usize; 5] {
        let Self { live, cuts, notices, moved, deleted, .. } = self;
        [live.len(), cuts.len(), notices.len(), moved.len(), deleted.len()]
    }

    fn truncate(&mut self, [live, cuts, notices, moved, deleted]: [usize; 5]) {
        self.live.truncate(live);
        self.cuts.truncate(cuts);
        self.notices.truncate(notices);
        self.moved.truncate(moved);
        self.deleted.truncate(deleted);
    }
}

/// An error of SQLite's as those who wait are told it, with what to do.
pub(super) fn write_error(error: &crate::sql::Error) -> Error {
    let advice = match error.failure() {
        Failure::Full => "the disk is full: free some space, then try again".to_owned(),
        Failure::ReadOnly => {
            "the database is read-only: check the rights and the mount of the data directory"
                .to_owned()
        }
        Failure::Disk => {
            format!("the disk reports an error: check it and the system's log ({error})")
        }
        Failure::Damaged => {
            format!(
                "the database is damaged: stop, run `crosstalk check`, restore a backup ({error})"
            )
        }
        Failure::Away => {
            format!("the database can't be reached ({error}): try again, and check the server")
        }
        Failure::Other => error.to_string(),
    };
    Error::Write(advice.into())
}
