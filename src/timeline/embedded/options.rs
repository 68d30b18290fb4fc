//! How a store is opened.

use crate::authority::{Limits, Time};
use crate::sql::Address;
use crosstalk_protocol::ids::RoomId;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Says what time it is.
pub type Clock = Arc<dyn Fn() -> Time + Send + Sync>;

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// The data directory; made if it is not there.
    pub directory: PathBuf,
    /// The PostgreSQL server that keeps the store instead.
    pub server: Option<Address>,
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
    /// How this process lives among those that share a server.
    pub node: NodeOptions,
}

/// Extends the lease of this node up to this moment of the clock of [`uptime`](crate::uptime).
pub type Extend = Arc<dyn Fn(u64) + Send + Sync>;

/// Says how often a node looks for what others have committed, where nobody tells: it may depend on
/// whether others tell.
pub type Sweep = Arc<dyn Fn() -> Duration + Send + Sync>;

/// Hears in which rooms this node has written, and whether it concerns every node; after the commit,
/// before anybody is answered. It must not wait.
pub type Wrote = Arc<dyn Fn(&[RoomId], bool) + Send + Sync>;

/// How a process lives among those that share a server.
#[derive(Clone)]
pub struct NodeOptions {
    /// What people call it.
    pub name: String,
    /// How long content is handed out after a renewal was sent; and so how long a removal waits for
    /// a node that is gone.
    pub term: Duration,
    /// How often it looks for what others have committed.
    pub sweep: Sweep,
    /// Hears what it has written.
    pub wrote: Wrote,
    /// What a renewal does.
    pub extend: Extend,
    /// Whether somebody follows a room here, or is about to: what others are not shown here is not opened.
    /// Asked after a snapshot was read; who begins to follow after that reads a later one.
    pub follows: Arc<dyn Fn(RoomId) -> bool + Send + Sync>,
    /// How many connections there are, for who asks how the nodes are.
    pub connections: Arc<dyn Fn() -> u64 + Send + Sync>,
}

impl Default for NodeOptions {
    fn default() -> Self {
        Self {
            name: "node".to_owned(),
            term: Duration::from_secs(3),
            sweep: Arc::new(|| Duration::from_millis(25)),
            wrote: Arc::new(|_, _| {}),
            extend: Arc::new(|_| {}),
            follows: Arc::new(|_| true),
            connections: Arc::new(|| 0),
        }
    }
}

impl Options {
    /// The defaults, for this data directory.
    pub fn at(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            server: None,
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
            node: NodeOptions::default(),
            clock: Arc::new(|| Time(jiff::Timestamp::now().as_microsecond())),
        }
    }
}
