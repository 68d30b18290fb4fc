//! The opened keys that are at hand: bounded, and forgotten on demand.

use super::sealing::RoomKey;
use crosstalk_protocol::ids::RoomId;
use foldhash::{HashMap, HashSet};
use parking_lot::RwLock;

/// Rooms that were forgotten and are still known as such: so many may be deleted between the fence of one of
/// them and the destruction of its key, which no disk has after it.
const FORGOTTEN_MAX: usize = 100_000;

/// Opened keys in two generations: a key that is asked for moves to the young one; when that is
/// full it becomes the old one, and what was old and not asked for since is dropped. So a hit
/// among the young, the usual case, takes the lock for reading only.
pub(super) struct Cache {
    half: usize,
    generations: RwLock<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<RoomId, RoomKey>,
    old: HashMap<RoomId, RoomKey>,
    /// Rooms whose keys may never be at hand again, in two generations as well. A room's id never
    /// comes back; its key may be on the disk still, or have been read from it just before (P3).
    forgotten: HashSet<RoomId>,
    forgotten_before: HashSet<RoomId>,
    /// How often all were forgotten: a key read before must not be put in after.
    cleared: u64,
}

impl Cache {
    /// A cache of at most so many keys (at least 2).
    pub(super) fn new(max: usize) -> Self {
        Self { half: (max / 2).max(1), generations: RwLock::default() }
    }

    /// The key, where it is at hand.
    pub(super) fn get(&self, room: RoomId) -> Option<RoomKey> {
        if let Some(key) = self.generations.read().young.get(&room) {
            return Some(key.clone());
        }
        let mut generations = self.generations.write();
        let key = generations.old.remove(&room)?;
        generations.insert(self.half, key.clone());
        Some(key)
    }

    /// To be asked before a key is read from the disk, and given to [`Cache::put`].
    pub(super) fn cleared(&self) -> u64 {
        self.generations.read().cleared
    }

    /// Keeps a key, unless it was forgotten, or all were since `as_of`.
    pub(super) fn put(&self, key: &RoomKey, as_of: u64) {
        let mut generations = self.generations.write();
        if generations.cleared == as_of && !generations.is_forgotten(key.room()) {
            generations.insert(self.half, key.clone());
        }
    }

    /// Drops a key, for good.
    pub(super) fn forget(&self, room: RoomId) {
        let mut generations = self.generations.write();
        generations.young.remove(&room);
        generations.old.remove(&room);
        if generations.forgotten.len() >= FORGOTTEN_MAX / 2 {
            generations.forgotten_before = std::mem::take(&mut generations.forgotten);
        }
        generations.forgotten.insert(room);
    }

    /// Drops all keys; each may be read from the disk again, where it is there still.
    pub(super) fn clear(&self) {
        let mut generations = self.generations.write();
        generations.young.clear();
        generations.old.clear();
        generations.cleared += 1;
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        let generations = self.generations.read();
        generations.young.len() + generations.old.len()
    }
}

impl Generations {
    fn is_forgotten(&self, room: RoomId) -> bool {
        self.forgotten.contains(&room) || self.forgotten_before.contains(&room)
    }

    fn insert(&mut self, half: usize, key: RoomKey) {
        if self.young.len() >= half {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key.room(), key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn key() -> RoomKey {
        RoomKey::of_bytes(RoomId(Uuid::now_v7()), &[1; 32])
    }

    #[test]
    fn it_keeps_what_is_asked_for_and_never_more_than_its_limit() {
        let cache = Cache::new(8);
        let loved = key();
        cache.put(&loved, 0);
        for _ in 0..100 {
            cache.put(&key(), 0);
            assert!(cache.get(loved.room()).is_some());
            assert!(cache.len() <= 8);
        }
    }

    #[test]
    fn a_key_that_was_forgotten_is_never_at_hand_again() {
        // P3: until another node has destroyed it, whoever asks may read it from the disk.
        let cache = Cache::new(8);
        let (gone, other) = (key(), key());
        cache.put(&gone, 0);
        cache.forget(gone.room());
        for _ in 0..FORGOTTEN_MAX / 2 {
            cache.forget(key().room());
        }
        cache.put(&gone, 0);
        cache.put(&other, 0);
        assert!(cache.get(gone.room()).is_none());
        assert!(cache.get(other.room()).is_some());
    }

    #[test]
    fn after_all_were_forgotten_only_what_is_read_anew_is_at_hand() {
        let cache = Cache::new(8);
        let (held, late) = (key(), key());
        let as_of = cache.cleared();
        cache.put(&held, as_of);
        cache.clear();
        cache.put(&late, as_of);
        assert!(cache.get(held.room()).is_none() && cache.get(late.room()).is_none());
        cache.put(&late, cache.cleared());
        assert!(cache.get(late.room()).is_some());
    }
}
