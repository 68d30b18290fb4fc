//! Which operation ids are new for sure: nearly all are, and then the store need not be asked
//! whether it knows them (R29). Asking cost a tenth of a message.

use super::codes::Sql;
use crate::authority::Time;
use crate::sql::{Connection, Engine};
use std::collections::BTreeSet;

/// Numbers kept in mind. At 1,000 messages a second the ids of the last 16 seconds: who repeats
/// later, or whose clock is that far behind, is looked up in the store.
const NUMBERS_MAX: usize = 16_384;
/// At the start what is this young is read: clocks of clients differ.
const READ_BACK_MICROS: i64 = 60 * 1_000_000;
/// An id with a time later than this after the start is always looked up. Ids that are random, not
/// of their time, lie there nearly all, and must not take the place of the others.
const HORIZON_MICROS: i64 = 366 * 24 * 3_600 * 1_000_000;

/// Every number between `floor` and `horizon` that the store holds, and some that it may hold.
pub(super) struct Fresh {
    floor: i64,
    horizon: i64,
    seen: BTreeSet<i64>,
}

impl Fresh {
    /// What a store holds at `now`.
    pub(super) fn read(connection: &Connection, now: Time) -> Sql<Self> {
        if connection.engine() == Engine::Postgres {
            // What others write is not seen here.
            return Ok(Self { floor: 0, horizon: 0, seen: BTreeSet::new() });
        }
        let floor = number_of(now.0 - READ_BACK_MICROS);
        let horizon = number_of(now.0 + HORIZON_MICROS);
        let mut fresh = Self { floor, horizon, seen: BTreeSet::new() };
        let mut kept = connection.prepare(
            "SELECT again FROM entry WHERE again >= ?1 AND again < ?2 \
             UNION ALL SELECT again FROM operation WHERE again >= ?1 AND again < ?2",
        )?;
        let mut kept = kept.query((floor, horizon))?;
        while let Some(row) = &kept.next()? {
            fresh.note(row.get(0)?);
        }
        Ok(fresh)
    }

    /// Whether no operation can have this number. From now on one may have it, whatever becomes of
    /// this one: a number too many costs a look, one too few would write a message twice.
    pub(super) fn is_first(&mut self, again: i64) -> bool {
        let in_mind = (self.floor..self.horizon).contains(&again);
        let new = in_mind && !self.seen.contains(&again);
        self.note(again);
        new
    }

    fn note(&mut self, again: i64) {
        if !(self.floor..self.horizon).contains(&again) {
            return;
        }
        self.seen.insert(again);
        if self.seen.len() > NUMBERS_MAX
            && let Some(lowest) = self.seen.pop_first()
        {
            self.floor = lowest + 1;
        }
    }
}

/// The lowest number of ids of this time.
fn number_of(micros: i64) -> i64 {
    super::again::first_number(u64::try_from(micros / 1_000).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn above(floor: i64, horizon: i64) -> Fresh {
        Fresh { floor, horizon, seen: BTreeSet::new() }
    }

    #[test]
    fn a_number_is_first_once() {
        let mut fresh = above(10, 100);
        assert!(fresh.is_first(10));
        assert!(!fresh.is_first(10));
        assert!(fresh.is_first(99));
    }

    #[test]
    fn what_is_not_kept_in_mind_is_never_first() {
        let mut fresh = above(10, 100);
        assert!(!fresh.is_first(9));
        assert!(!fresh.is_first(100));
        assert!(fresh.seen.is_empty());
    }

    #[test]
    fn what_was_forgotten_is_not_first_again() {
        let mut fresh = above(0, i64::MAX);
        let numbers = 0..i64::try_from(NUMBERS_MAX).unwrap() * 3;
        for number in numbers.clone() {
            assert!(fresh.is_first(number));
            assert!(fresh.seen.len() <= NUMBERS_MAX);
        }
        for number in numbers {
            assert!(!fresh.is_first(number), "{number}");
        }
    }
}
