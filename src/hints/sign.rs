//! A sign that is told and never kept, on its way to the other nodes.

use crate::keys::RoomKey;
use crate::mutants::{self, Mutant};
use crosstalk_protocol::ids::{CompanyId, RoomId, Seq, UserId};
use foldhash::HashMap;
use serde::{Deserialize, Serialize};

/// A sign that is older than this when it comes, in microseconds, is dropped: somebody may have kept it
/// to say it again. The clocks of nodes differ by less.
const AGE_MICROS_MAX: i64 = 5_000_000;
/// Of so many people and rooms is remembered when they last gave a sign.
const REMEMBERED_MAX: usize = 100_000;

/// Who gives a sign in a room, and which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sign {
    /// The room.
    pub room: RoomId,
    /// Who gives it.
    pub user: UserId,
    /// His company.
    pub company: CompanyId,
    /// What it says.
    pub says: Says,
}

/// What a sign says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// That he is typing.
    Typing,
    /// How far he has read.
    Read {
        /// Up to here.
        seq: Seq,
        /// Whether his company shows it to others.
        external: bool,
    },
}

/// A sign with the moment at which it was given, in microseconds since 1970.
#[derive(Serialize, Deserialize)]
struct Given {
    at: i64,
    sign: Sign,
}

impl Sign {
    /// Sealed for the other nodes, as given at this moment.
    pub(super) fn sealed(&self, key: &RoomKey, at: i64) -> Vec<u8> {
        let given = Given { at, sign: self.clone() };
        // Ids and numbers always can be written.
        key.seal_sign(&serde_json::to_vec(&given).unwrap_or_default())
    }
}

/// Gives each sign a moment of its own, as who hears it takes none that is not newer than the last.
#[derive(Default)]
pub(super) struct Moments(i64);

impl Moments {
    /// This moment, or the next one where it was given already.
    pub(super) fn next(&mut self, now: i64) -> i64 {
        self.0 = now.max(self.0 + 1);
        self.0
    }
}

/// When people gave the last signs that came: none is taken twice, nor after a newer one.
#[derive(Default)]
pub(super) struct Heard(HashMap<(RoomId, UserId, bool), i64>);

impl Heard {
    /// The sign in these bytes, which came on the topic of the key's room at this moment. `None` where
    /// they are no sign, of another room, old, or came before.
    pub(super) fn open(&mut self, bytes: &[u8], key: &RoomKey, now: i64) -> Option<Sign> {
        let Given { at, sign } = serde_json::from_slice(&key.open_sign(bytes)?).ok()?;
        let is_fresh = now.abs_diff(at) < AGE_MICROS_MAX.unsigned_abs();
        if sign.room != key.room() || !is_fresh {
            return None;
        }
        if self.0.len() >= REMEMBERED_MAX {
            // What is older would not be taken any more.
            self.0.retain(|_, last| now.abs_diff(*last) < AGE_MICROS_MAX.unsigned_abs());
        }
        let last =
            self.0.entry((sign.room, sign.user, sign.says == Says::Typing)).or_insert(i64::MIN);
        if at <= *last && !mutants::is(Mutant::SignTakenAgain) {
            return None;
        }
        *last = at;
        Some(sign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{KeyDirectory, Places};
    use uuid::Uuid;

    const NOW: i64 = 1_800_000_000_000_000;

    fn room() -> RoomId {
        RoomId(Uuid::now_v7())
    }

    /// Keys of two rooms.
    fn keys() -> (tempfile::TempDir, RoomKey, RoomKey) {
        let home = tempfile::tempdir().unwrap();
        let places = Places { directory: home.path().join("keys"), copy: None };
        let keys = KeyDirectory::start(&places).unwrap();
        let (one, other) = (keys.make(room()).unwrap(), keys.make(room()).unwrap());
        (home, one, other)
    }

    fn sign(key: &RoomKey) -> Sign {
        let (user, company) = (UserId(Uuid::now_v7()), CompanyId(Uuid::now_v7()));
        Sign { room: key.room(), user, company, says: Says::Read { seq: Seq(7), external: true } }
    }

    #[test]
    fn what_another_node_gave_is_heard_once_and_in_order() {
        let (_home, key, _) = keys();
        let mut heard = Heard::default();
        let sign = sign(&key);
        let (first, second) = (sign.sealed(&key, NOW), sign.sealed(&key, NOW + 1));
        let typing = Sign { says: Says::Typing, ..sign.clone() }.sealed(&key, NOW);
        assert_eq!(heard.open(&second, &key, NOW), Some(sign));
        assert_eq!(heard.open(&second, &key, NOW), None, "doubled");
        assert_eq!(heard.open(&first, &key, NOW), None, "overtaken");
        assert!(heard.open(&typing, &key, NOW).is_some(), "another kind");
    }

    #[test]
    fn of_two_signs_in_one_moment_the_second_counts() {
        let (_home, key, _) = keys();
        let (mut moments, mut heard) = (Moments::default(), Heard::default());
        let first = sign(&key);
        let second = Sign { says: Says::Read { seq: Seq(9), external: true }, ..first.clone() };
        for sign in [first, second] {
            let sealed = sign.sealed(&key, moments.next(NOW));
            assert_eq!(heard.open(&sealed, &key, NOW), Some(sign));
        }
    }

    #[test]
    fn what_is_forged_garbled_foreign_or_kept_is_not_heard() {
        let (_home, key, other) = keys();
        let mut heard = Heard::default();
        let sealed = sign(&key).sealed(&key, NOW);
        let mut garbled = sealed.clone();
        garbled[20] ^= 1;
        let foreign = sign(&other).sealed(&key, NOW);
        let junk = key.seal_sign(b"{}");
        for bytes in [&garbled, &foreign, &junk, &Vec::new(), &vec![0; 100_000]] {
            assert_eq!(heard.open(bytes, &key, NOW), None);
        }
        assert_eq!(heard.open(&sealed, &other, NOW), None, "on another room's topic");
        assert_eq!(heard.open(&sealed, &key, NOW + AGE_MICROS_MAX), None, "said again later");
        assert!(heard.open(&sealed, &key, NOW + AGE_MICROS_MAX - 1).is_some());
    }
}
