//! The timelines and the directory of one process, kept by SQLite in one directory.
//!
//! One writer thread owns the only connection that writes. It takes all that waits, decides each
//! command on the state that the ones before it made, commits once, and answers then. Two readers
//! answer questions, each from one snapshot. What is kept where, and why in this shape, stands in
//! `schema/`.

mod again;
mod append;
mod batch;
mod cache;
mod check;
mod codes;
mod deeds;
mod directory;
mod effects;
mod entries;
mod facts;
mod fresh;
mod inbox;
mod invitations;
mod jobs;
mod lookups;
mod marks;
mod open;
mod others;
mod page;
mod people;
mod purge;
mod reader;
mod rooms;
mod rows;
mod sight;
mod stints;
mod tally;
mod task;
#[cfg(test)]
mod tests;
mod wants;
mod writer;

pub use check::{Report, check};
pub use open::{FILE, OpenError};

use super::{
    Appended, Committed, Error, Marked, NotAppended, Proposal, Read, Reads, Timeline, Want,
};
use crate::authority::{Limits, Time};
use crate::keys::KeyDirectory;
use crosstalk_protocol::ids::{RoomId, Seq, UserId};
use futures::FutureExt;
use futures::future::BoxFuture;
use open::Directory;
use parking_lot::Mutex;
use reader::{Reader, Work};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use tally::Tally;
use task::{Reply, Task};
use tokio::sync::{mpsc, oneshot};
use writer::{Shared, Writer};

/// Says what time it is.
pub type Clock = Arc<dyn Fn() -> Time + Send + Sync>;

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// The data directory; made if it is not there.
    pub directory: PathBuf,
    /// The limits that the rules know.
    pub limits: Limits,
    /// Commands that share one commit.
    pub batch_max: usize,
    /// Commands that wait for the writer; further ones are told that it is busy.
    pub writer_queue: usize,
    /// Questions that wait for a reader; who asks further ones waits.
    pub reader_queue: usize,
    /// Commits that wait for the follower; then the writer waits.
    pub follower_queue: usize,
    /// Reader threads.
    pub readers: usize,
    /// Rooms that the writer remembers.
    pub rooms_cached: usize,
    /// People whom the writer remembers.
    pub people_cached: usize,
    /// Places of one room in one resume.
    pub resume_places_max: u32,
    /// Places of a page, lines of a list.
    pub page_places_max: u32,
    /// Places of the page that who comes anew starts with.
    pub first_places_max: u32,
    /// Devices of one person.
    pub devices_max: i64,
    /// After so many days unseen a device is forgotten.
    pub device_days: u32,
    /// Pages of 4 KiB that the database file may have; at more the store is full.
    pub pages_max: Option<i64>,
    /// What time it is.
    pub clock: Clock,
}

impl Options {
    /// The defaults, for this data directory.
    pub fn at(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            limits: Limits::default(),
            batch_max: 1_000,
            writer_queue: 4_096,
            reader_queue: 4_096,
            follower_queue: 256,
            readers: 2,
            rooms_cached: 20_000,
            people_cached: 100_000,
            resume_places_max: 200,
            page_places_max: 200,
            first_places_max: 50,
            devices_max: 20,
            device_days: 90,
            pages_max: None,
            clock: Arc::new(|| Time(jiff::Timestamp::now().as_microsecond())),
        }
    }
}

/// A store in a directory of this process.
pub struct Embedded {
    tasks: Option<SyncSender<Task>>,
    questions: Option<mpsc::Sender<Work>>,
    threads: Vec<JoinHandle<()>>,
    shared: Shared,
    tally: Arc<Tally>,
    epoch: u64,
    clock: Clock,
    follower_queue: usize,
    /// Given back when the threads are done.
    _directory: Directory,
}

impl Embedded {
    /// Opens the store, and makes it if it is not there. Jobs that a stop interrupted go on.
    ///
    /// # Errors
    /// [`OpenError`], which says what to do.
    pub fn open(options: Options, keys: Arc<KeyDirectory>) -> Result<Self, OpenError> {
        let options = Arc::new(options);
        let directory = Directory::lock(&options.directory)?;
        let connection = directory.writer(options.pages_max)?;
        let meta = directory.meta(&connection, &keys)?;
        let (shared, tally) = (Shared::default(), Arc::new(Tally::default()));
        let (questions, asked) = mpsc::channel(options.reader_queue);
        let asked = Arc::new(Mutex::new(asked));
        let mut threads = Vec::new();
        for _ in 0..options.readers.max(1) {
            let reader = Reader {
                connection: directory.reader()?,
                options: Arc::clone(&options),
                marks: shared.marks.clone(),
                epoch: meta.epoch,
                tally: Arc::clone(&tally),
            };
            let asked = Arc::clone(&asked);
            threads.push(std::thread::spawn(move || reader.run(&asked)));
        }
        let (tasks, queue) = sync_channel(options.writer_queue);
        let (ready, started) = std::sync::mpsc::channel();
        let writer = (Arc::clone(&options), shared.clone());
        threads.push(std::thread::spawn(move || {
            let (options, shared) = writer;
            match Writer::new(&connection, meta, options, keys, shared) {
                Ok(writer) => {
                    drop(ready);
                    writer.run(&queue);
                }
                // Who opens waits for it.
                Err(error) => drop(ready.send(error)),
            }
        }));
        let store = Self {
            tasks: Some(tasks),
            questions: Some(questions),
            threads,
            shared,
            tally,
            epoch: meta.epoch,
            clock: Arc::clone(&options.clock),
            follower_queue: options.follower_queue,
            _directory: directory,
        };
        match started.recv() {
            Ok(error) => Err(OpenError::Sqlite(options.directory.clone(), error)),
            Err(_) => Ok(store),
        }
    }

    /// Has something written: it is in the queue when this returns; the answer comes after the
    /// commit.
    fn write<T, F: FnOnce(Reply<T>) -> Task>(
        &self,
        task: F,
    ) -> impl Future<Output = Result<T, NotAppended>> + use<T, F> {
        let (reply, answer) = oneshot::channel();
        let queued = self.tasks.as_ref().ok_or(Error::Closed);
        let queued = queued.and_then(|queue| {
            queue.try_send(task(reply)).map_err(|error| match error {
                TrySendError::Full(_) => Error::Busy,
                TrySendError::Disconnected(_) => Error::Closed,
            })
        });
        async move {
            queued?;
            answer.await.map_err(|_| Error::Closed)?
        }
    }

    /// Has something read, in one snapshot.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader) -> codes::Sql<T> + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let work: Work = Box::new(move |reader| {
            // Who asked may be gone.
            drop(reply.send(reader.in_snapshot(question)));
        });
        let queue = self.questions.as_ref().ok_or(Error::Closed)?;
        queue.send(work).await.map_err(|_| Error::Closed)?;
        answer.await.map_err(|_| Error::Closed)?
    }
}

impl Timeline for Embedded {
    fn append(&self, proposal: Proposal) -> BoxFuture<'_, Result<Appended, NotAppended>> {
        self.write(|reply| Task::Append(Box::new(proposal), reply)).boxed()
    }

    fn read(&self, user: UserId, want: Want) -> BoxFuture<'_, Result<Read, Error>> {
        self.ask(move |reader| reader.read(user, &want)).boxed()
    }

    fn mark(
        &self,
        room: RoomId,
        user: UserId,
        seq: Seq,
    ) -> BoxFuture<'_, Result<Marked, NotAppended>> {
        self.write(move |reply| Task::Mark(room, user, seq, reply)).boxed()
    }

    fn follow(&self) -> mpsc::Receiver<Committed> {
        let (sender, receiver) = mpsc::channel(self.follower_queue);
        *self.shared.follower.lock() = Some(sender);
        receiver
    }

    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn now(&self) -> Time {
        (self.clock)()
    }

    fn reads(&self) -> Reads {
        self.tally.reads()
    }
}

impl Drop for Embedded {
    /// What was asked for is still written; the threads are waited for.
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::Relaxed);
        self.tasks = None;
        self.questions = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the store panicked");
            }
        }
    }
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedded").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}
