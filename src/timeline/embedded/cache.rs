//! A bounded memory of rows: what is not asked for is forgotten.

use foldhash::{HashMap, HashMapExt as _};
use std::hash::Hash;

/// Values in two generations: one that is asked for moves to the young one; when that is full it
/// becomes the old one, and what was old and not asked for since is dropped.
pub(super) struct Bounded<K, V> {
    half: usize,
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Copy + Eq + Hash, V> Bounded<K, V> {
    /// A memory of at most so many values (at least 2).
    pub(super) fn new(max: usize) -> Self {
        Self { half: (max / 2).max(1), young: HashMap::new(), old: HashMap::new() }
    }

    /// The value, to look at or to change.
    pub(super) fn get(&mut self, key: K) -> Option<&mut V> {
        if !self.young.contains_key(&key)
            && let Some(value) = self.old.remove(&key)
        {
            self.put(key, value);
        }
        self.young.get_mut(&key)
    }

    /// The value, taken out.
    pub(super) fn take(&mut self, key: K) -> Option<V> {
        self.young.remove(&key).or_else(|| self.old.remove(&key))
    }

    /// Keeps a value.
    pub(super) fn put(&mut self, key: K, value: V) {
        if self.young.len() >= self.half {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let mut cache = Bounded::new(4);
        for key in 0..100 {
            cache.put(key, key);
            assert!(cache.get(0).is_some(), "asked for at every step");
            assert!(cache.young.len() + cache.old.len() <= 4);
        }
        assert!(cache.get(1).is_none());
        assert_eq!(cache.take(0), Some(0));
        assert!(cache.get(0).is_none());
    }
}
