//! The opened keys that are at hand: bounded, and forgotten on demand.

use super::sealing::RoomKey;
use crosstalk_protocol::ids::RoomId;
use foldhash::HashMap;
use parking_lot::RwLock;

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
    /// How often something was forgotten: a key read before must not be put in after.
    forgotten: u64,
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
    pub(super) fn forgotten(&self) -> u64 {
        self.generations.read().forgotten
    }

    /// Keeps a key, unless something was forgotten since `as_of`: it might be this one.
    pub(super) fn put(&self, key: &RoomKey, as_of: u64) {
        let mut generations = self.generations.write();
        if generations.forgotten == as_of {
            generations.insert(self.half, key.clone());
        }
    }

    /// Drops a key.
    pub(super) fn forget(&self, room: RoomId) {
        let mut generations = self.generations.write();
        generations.forgotten += 1;
        generations.young.remove(&room);
        generations.old.remove(&room);
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        let generations = self.generations.read();
        generations.young.len() + generations.old.len()
    }
}

impl Generations {
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
    fn a_key_read_before_it_was_forgotten_is_not_kept() {
        let cache = Cache::new(8);
        let key = key();
        let as_of = cache.forgotten();
        cache.forget(key.room());
        cache.put(&key, as_of);
        assert!(cache.get(key.room()).is_none());
    }
}
