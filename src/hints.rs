//! Hints: what nodes that share a store tell each other early, over Redis, with one topic a room. Nothing
//! depends on them: whatever is lost, doubled, late or forged there, a node reads what was written from
//! the store itself, a sweep later at the latest; and signs (typing, read marks) are never kept anyway.
//!
//! A hint that something was written says no more than that: who hears it looks at the store. A sign is
//! sealed with a key of its room, and is passed on to who has a seat there by the same door as a sign
//! from here.

mod address;
mod bus;
mod sign;
mod topics;
mod words;

pub use address::{Address, BadAddress};
pub use bus::Bus;
pub use sign::{Says, Sign};

use crosstalk_protocol::ids::RoomId;
use foldhash::HashSet;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

/// So many rooms may wait to be told of; where it is more, all nodes are told to look.
const ROOMS_WAITING_MAX: usize = 4_096;
/// So many signs may wait to be told; further ones are dropped, as they are never kept.
const SIGNS_WAITING_MAX: usize = 1_024;

/// Who hears hints: the rest of this process.
pub trait Listener: Send + Sync + 'static {
    /// Whether somebody follows the room here.
    fn follows(&self, room: RoomId) -> bool;
    /// The rooms that somebody follows here.
    fn followed(&self) -> Vec<RoomId>;
    /// Something was written by another node, or may have been: the store is to be looked at. Where it
    /// is `awaited`, that node waits until every other has applied it.
    fn look(&self, awaited: bool);
    /// Somebody gave a sign at another node.
    fn hear(&self, sign: &Sign);
}

/// What is to be said to other nodes, and which topics are to be held.
#[derive(Debug, Default)]
struct Work {
    /// Rooms in which this node has written something.
    rooms: HashSet<RoomId>,
    /// What it has written concerns every node.
    everyone: bool,
    signs: Vec<Sign>,
    /// Rooms that are followed here since, or no longer.
    changed: HashSet<RoomId>,
}

/// What this process has to say, kept for the task that says it. While the bus is away nothing is kept:
/// nobody hears late what he has read from the store by then.
#[derive(Debug, Default)]
pub struct Hints {
    work: Mutex<Work>,
    waiting: Notify,
    /// It is kept what is to be said.
    open: AtomicBool,
    /// This node has heard itself on the connection that there is.
    heard: AtomicBool,
}

impl Hints {
    /// Something was written here in these rooms; whether it concerns every node, also those where
    /// nobody follows any of them.
    pub fn wrote(&self, rooms: impl IntoIterator<Item = RoomId>, everyone: bool) {
        self.leave(|work| {
            work.everyone |= everyone;
            work.rooms.extend(rooms);
            if work.rooms.len() > ROOMS_WAITING_MAX {
                work.rooms.clear();
                work.everyone = true;
            }
        });
    }

    /// Somebody who has a seat here gave a sign.
    pub fn tell(&self, sign: Sign) {
        self.leave(|work| {
            if work.signs.len() < SIGNS_WAITING_MAX {
                work.signs.push(sign);
            }
        });
    }

    /// The room is followed here since now, or no longer.
    pub fn changed(&self, room: RoomId) {
        self.leave(|work| {
            work.changed.insert(room);
        });
    }

    /// Whether other nodes are heard, as far as is known: this one hears itself.
    pub fn are_heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }

    fn leave(&self, note: impl FnOnce(&mut Work)) {
        if self.open.load(Ordering::Relaxed) {
            note(&mut self.work.lock());
            self.waiting.notify_one();
        }
    }

    /// All that waits.
    fn take(&self) -> Work {
        std::mem::take(&mut self.work.lock())
    }

    /// From now on it is kept what is to be said.
    fn begin(&self) {
        self.open.store(true, Ordering::Relaxed);
    }

    /// This node has heard itself; whether for the first time on this connection.
    fn hear(&self) -> bool {
        !self.heard.swap(true, Ordering::Relaxed)
    }

    /// Nobody hears it any more; whether somebody did.
    fn end(&self) -> bool {
        self.open.store(false, Ordering::Relaxed);
        self.take();
        self.heard.swap(false, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn room() -> RoomId {
        RoomId(Uuid::now_v7())
    }

    #[test]
    fn what_waits_is_told_once_and_is_bounded() {
        let hints = Hints::default();
        hints.wrote([room()], false);
        assert!(hints.take().rooms.is_empty(), "nobody would hear it");
        hints.begin();
        assert!(!hints.are_heard(), "it may be deaf");
        assert!(hints.hear() && !hints.hear() && hints.are_heard());
        let one = room();
        hints.wrote([one, one], false);
        hints.wrote([one], false);
        let work = hints.take();
        assert_eq!((work.rooms.len(), work.everyone), (1, false));
        hints.wrote((0..=ROOMS_WAITING_MAX).map(|_| room()), false);
        let work = hints.take();
        assert_eq!((work.rooms.len(), work.everyone), (0, true), "all are to look instead");
        hints.wrote([one], true);
        assert!(hints.end() && !hints.are_heard());
        assert!(!hints.take().everyone);
    }
}
