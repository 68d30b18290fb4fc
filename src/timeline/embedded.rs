//! The timelines and the directory of one process, kept by SQLite in one directory, or by a
//! PostgreSQL server: the same statements, behind `src/sql`.
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
mod home;
mod inbox;
mod invitations;
mod jobs;
mod lookups;
mod marks;
mod meta;
mod migrate;
mod nodes;
mod open;
mod options;
mod others;
mod page;
mod people;
mod purge;
mod reader;
mod rooms;
mod rows;
mod server;
mod sight;
mod stints;
mod tally;
mod task;
#[cfg(test)]
mod tests;
mod turn;
mod wants;
mod writer;

pub use crate::sql::{Address, AddressError};
pub use check::{Report, check, check_on_server};
pub use migrate::{MigrateError, migrate};
pub use nodes::{Hint, NodeState, nodes_of};
pub use open::{FILE, OpenError};
pub use options::{Clock, Extend, NodeOptions, Options, Sweep, Wrote};

use super::{
    Appended, Committed, Error, Marked, NotAppended, Proposal, Read, Reads, Timeline, Want,
};
use crate::authority::Time;
use crate::keys::KeyDirectory;
use crosstalk_protocol::ids::{RoomId, Seq, UserId};
use futures::FutureExt;
use futures::future::BoxFuture;
use home::Home;
use nodes::{Node, Told};
use parking_lot::Mutex;
use reader::{Reader, Work};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Sender, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use tally::Tally;
use task::{Reply, Task};
use tokio::sync::{mpsc, oneshot};
use writer::{Shared, Writer};

/// A store in a directory of this process.
pub struct Embedded {
    tasks: Option<SyncSender<Task>>,
    questions: Option<mpsc::Sender<Work>>,
    readers: Vec<JoinHandle<()>>,
    /// The writer and, where others write too, the node that follows.
    threads: Vec<JoinHandle<()>>,
    shared: Shared,
    /// The node that follows, where others write too.
    told: Option<Sender<Told>>,
    tally: Arc<Tally>,
    epoch: u64,
    clock: Clock,
    follower_queue: usize,
    /// Given back when the threads are done.
    home: Home,
}

impl Embedded {
    /// Opens the store, and makes it if it is not there. Jobs that a stop interrupted go on.
    ///
    /// # Errors
    /// [`OpenError`], which says what to do.
    pub fn open(options: Options, keys: Arc<KeyDirectory>) -> Result<Self, OpenError> {
        // Connections to a server must not be made by a thread that runs asynchronous tasks.
        let open = std::thread::spawn(move || Self::open_here(&Arc::new(options), keys));
        open.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    fn open_here(options: &Arc<Options>, keys: Arc<KeyDirectory>) -> Result<Self, OpenError> {
        let home = Home::open(options)?;
        let connection = home.writer(options)?;
        let meta = home.meta(&connection, &keys)?;
        let (shared, tally) = (Shared::default(), Arc::new(Tally::default()));
        let (questions, asked) = mpsc::channel(options.reader_queue);
        let asked = Arc::new(Mutex::new(asked));
        let (mut readers, mut threads) = (Vec::new(), Vec::new());
        for _ in 0..options.readers.max(1) {
            let reader = Reader {
                connection: home.reader()?,
                options: Arc::clone(options),
                marks: shared.marks.clone(),
                epoch: meta.epoch,
                tally: Arc::clone(&tally),
            };
            let asked = Arc::clone(&asked);
            readers.push(std::thread::spawn(move || reader.run(&asked)));
        }
        let (tasks, queue) = sync_channel(options.writer_queue);
        let told = match &home {
            Home::Directory(_) => None,
            Home::Server(server) => {
                let around = (Arc::clone(options), Arc::clone(&keys));
                let hinted = Arc::clone(&shared.hinted);
                let node = Node::join(server.reader()?, around, (meta.epoch, hinted));
                let node = node.map_err(|error| home.failed(error))?;
                let (told, news) = std::sync::mpsc::channel();
                threads.push(std::thread::spawn(move || node.run(&news)));
                Some(told)
            }
        };
        let (ready, started) = std::sync::mpsc::channel();
        let writer = (Arc::clone(options), (shared.clone(), told.clone()));
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
            readers,
            threads,
            shared,
            told,
            tally,
            epoch: meta.epoch,
            clock: Arc::clone(&options.clock),
            follower_queue: options.follower_queue,
            home,
        };
        match started.recv() {
            Ok(error) => Err(store.home.failed(error)),
            Err(_) => Ok(store),
        }
    }

    /// Looks for what other nodes have written, soon.
    pub fn look(&self, hint: Hint) {
        // One look finds all of it.
        if let Some(told) = &self.told
            && self.shared.hinted.note(hint)
        {
            drop(told.send(Told::Hinted));
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
        if let Some(told) = &self.told {
            let (done, begun) = std::sync::mpsc::channel();
            // A node that has ended hands on nothing, and holds no lease.
            drop(told.send(Told::Follow(sender, done)));
            begun.recv().ok();
        } else {
            *self.shared.follower.lock() = Some(sender);
        }
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
        // The writer last: of connections that close at the same time SQLite takes none for the last
        // one, and the write-ahead log would stay.
        self.questions = None;
        join(&mut self.readers);
        self.tasks = None;
        self.told = None;
        join(&mut self.threads);
    }
}

fn join(threads: &mut Vec<JoinHandle<()>>) {
    for thread in threads.drain(..) {
        if thread.join().is_err() {
            tracing::error!("a thread of the store panicked");
        }
    }
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedded").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}
