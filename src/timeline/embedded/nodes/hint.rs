//! A hint from another node, until this one looks.

use std::sync::atomic::{AtomicU8, Ordering};

/// What another node says of what it has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// There is something to read.
    Wrote,
    /// There is, and it waits until all nodes have applied it.
    Awaited,
}

const NOTHING: u8 = 0;
const WROTE: u8 = 1;
const AWAITED: u8 = 2;

/// The strongest hint since this node last looked.
#[derive(Debug, Default)]
pub(in super::super) struct Hinted(AtomicU8);

impl Hinted {
    /// Notes one; whether it is the first, of which the node is to be told.
    pub(in super::super) fn note(&self, hint: Hint) -> bool {
        let strength = if hint == Hint::Awaited { AWAITED } else { WROTE };
        self.0.fetch_max(strength, Ordering::AcqRel) == NOTHING
    }

    /// The strongest one; from now on the next one is the first again.
    pub(super) fn take(&self) -> Option<Hint> {
        match self.0.swap(NOTHING, Ordering::AcqRel) {
            NOTHING => None,
            AWAITED => Some(Hint::Awaited),
            _ => Some(Hint::Wrote),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_counts_and_the_first_is_told() {
        let hinted = Hinted::default();
        assert!(hinted.note(Hint::Wrote));
        assert!(!hinted.note(Hint::Awaited), "the node knows already");
        assert!(!hinted.note(Hint::Wrote));
        assert_eq!(hinted.take(), Some(Hint::Awaited));
        assert_eq!(hinted.take(), None);
        assert!(hinted.note(Hint::Awaited));
    }
}
