//! This node's seats by room: fan-out, fences, attaching.
//!
//! A *seat* is a connection that follows a room live, with its view. One follower applies every
//! commit in order: to each seat of the room through its view, and first of all to those whom it
//! cuts off. Only when all is applied does it confirm, and only then is a removal `effective` (P2).
//!
//! The maps are registries: a guard is never held over an await, nor while another one is taken.

mod apply;
mod attach;
mod connection;
mod encode;
mod ephemera;
mod seats;
#[cfg(test)]
mod tests;

pub use attach::{Attached, Following};
pub use connection::{Connection, NotTaken};
pub use encode::gone;

use crate::authority::Subject;
use crate::hints::Hints;
use crate::keys::InboxCursors;
use crate::timeline::Committed;
use crosstalk_protocol::ids::{CompanyId, RoomId, UserId};
use dashmap::DashMap;
use parking_lot::Mutex;
use seats::Seats;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::sync::mpsc;

/// How much a hub holds. Settings; these are their defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections of one person at a time: several devices with several windows.
    pub connections_per_person_max: usize,
    /// Recent entries that a room with seats keeps, so that who attaches meanwhile misses none.
    pub ring_entries_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections_per_person_max: 20, ring_entries_max: 256 }
    }
}

/// The seats of this node.
pub struct Hub {
    limits: Limits,
    inboxes: Arc<InboxCursors>,
    /// Where other nodes are told; `None` where there are none.
    hints: Option<Arc<Hints>>,
    rooms: DashMap<RoomId, Arc<Mutex<Seats>>>,
    people: DashMap<UserId, Vec<Arc<Connection>>>,
    companies: DashMap<CompanyId, HashMap<u64, Arc<Connection>>>,
    /// The newest cut applied here of each person and company that had one.
    cuts: DashMap<Subject, u64>,
    next_connection: AtomicU64,
}

impl Hub {
    /// A hub without seats, which tells places in inboxes by these cursors.
    pub fn new(limits: Limits, inboxes: Arc<InboxCursors>) -> Self {
        Self {
            limits,
            inboxes,
            hints: None,
            rooms: DashMap::new(),
            people: DashMap::new(),
            companies: DashMap::new(),
            cuts: DashMap::new(),
            next_connection: AtomicU64::new(1),
        }
    }

    /// The same, of a node that tells others by hints what is told and never kept.
    #[must_use]
    pub fn with_hints(self, hints: Option<Arc<Hints>>) -> Self {
        Self { hints, ..self }
    }

    /// Whether somebody follows the room here, or is about to.
    pub fn follows(&self, room: RoomId) -> bool {
        self.rooms.contains_key(&room)
    }

    /// The rooms that somebody follows here, or is about to.
    pub fn followed(&self) -> Vec<RoomId> {
        self.rooms.iter().map(|entry| *entry.key()).collect()
    }

    /// Says that a room is followed here since now, or no longer.
    fn tell_followed(&self, room: RoomId) {
        if let Some(hints) = &self.hints {
            hints.changed(room);
        }
    }

    /// Applies commits in order until the store ends.
    pub async fn follow(self: Arc<Self>, mut commits: mpsc::Receiver<Committed>) {
        while let Some(committed) = commits.recv().await {
            self.apply(committed);
            // A store that commits without a pause must not keep the thread for itself.
            tokio::task::consume_budget().await;
        }
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.people.iter().map(|entry| entry.value().len()).sum()
    }

    /// Every connection, to tell them all something.
    pub fn everyone(&self) -> Vec<Arc<Connection>> {
        self.people.iter().flat_map(|entry| entry.value().clone()).collect()
    }

    fn seats(&self, room: RoomId) -> Option<Arc<Mutex<Seats>>> {
        self.rooms.get(&room).map(|entry| Arc::clone(entry.value()))
    }

    fn connections_of(&self, subject: Subject) -> Vec<Arc<Connection>> {
        match subject {
            Subject::Person(user) => {
                self.people.get(&user).map(|entry| entry.value().clone()).unwrap_or_default()
            }
            Subject::Company(company) => self
                .companies
                .get(&company)
                .map(|entry| entry.value().values().cloned().collect())
                .unwrap_or_default(),
        }
    }
}
