//! What the readers have been asked so far: figures for who runs the store, and for proofs.

use crate::timeline::Reads;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts that only grow.
#[derive(Debug, Default)]
pub(super) struct Tally {
    questions: AtomicU64,
    statements: AtomicU64,
}

impl Tally {
    /// A question is answered, from a snapshot of its own.
    pub(super) fn question(&self) {
        self.questions.fetch_add(1, Ordering::Relaxed);
    }

    /// A statement is run for it.
    pub(super) fn statement(&self) {
        self.statements.fetch_add(1, Ordering::Relaxed);
    }

    /// The counts of now.
    pub(super) fn reads(&self) -> Reads {
        Reads {
            questions: self.questions.load(Ordering::Relaxed),
            statements: self.statements.load(Ordering::Relaxed),
        }
    }
}
