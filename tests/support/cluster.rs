//! The same tests on a database server, and on several nodes: `make test-cluster` says where.

use postgres::{Client, NoTls};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use uuid::Uuid;

/// The address of a PostgreSQL server; each test makes a database of its own.
const SERVER: &str = "CROSSTALK_TEST_SERVER";
/// How many nodes share it.
const NODES: &str = "CROSSTALK_TEST_NODES";

/// The address of a Redis server, where nodes tell each other early.
const REDIS: &str = "CROSSTALK_TEST_REDIS";

#[expect(clippy::disallowed_methods, reason = "what is tried is the caller's choice")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The address of a new database, where it is tried with a server.
pub(crate) fn database() -> Option<String> {
    let server = variable(SERVER)?;
    let name = format!("test_{}", Uuid::new_v4().simple());
    let address = server.replace("dbname=postgres", &format!("dbname={name}"));
    // Not on a thread that runs asynchronous tasks.
    let make = move || {
        let mut client = Client::connect(&server, NoTls).unwrap();
        client.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    };
    std::thread::spawn(make).join().unwrap();
    Some(address)
}

/// The address of the bus of hints, where it is tried with one.
pub(crate) fn bus() -> Option<String> {
    variable(SERVER).and_then(|_| variable(REDIS))
}

/// With how many nodes it is tried.
pub(crate) fn nodes() -> usize {
    variable(SERVER).and_then(|_| variable(NODES)).map_or(1, |nodes| nodes.parse().unwrap())
}

/// The rows of nodes, locked.
pub(crate) struct Kept {
    end: Sender<()>,
    thread: JoinHandle<()>,
}

impl Kept {
    pub(super) fn on(database: &str) -> Self {
        let (end, ended) = channel();
        let (locked, is_locked) = channel();
        let database = database.to_owned();
        // Not on a thread that runs asynchronous tasks.
        let thread = std::thread::spawn(move || {
            let mut client = Client::connect(&database, NoTls).unwrap();
            client.batch_execute("BEGIN; LOCK TABLE crosstalk.node IN EXCLUSIVE MODE").unwrap();
            locked.send(()).unwrap();
            ended.recv().unwrap();
        });
        is_locked.recv().unwrap();
        Self { end, thread }
    }

    /// They may be written again.
    pub(crate) fn ends(self) {
        self.end.send(()).unwrap();
        self.thread.join().unwrap();
    }
}
