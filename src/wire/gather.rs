//! Frames that come together go out together: a write costs ten times what its bytes do.

use super::Wire;
use super::state::State;

/// So much is gathered before it is written; more would only lie about.
const GATHERED_BYTES_MAX: usize = 16 * 1024;

/// While this lives, what is written to the wire waits; when it is dropped, all of that is written
/// at once. To be held for no longer than a step of work takes, and never over an await.
#[must_use]
pub struct Gathering<'a>(&'a Wire);

impl Wire {
    /// Gathers what is written from now on, until what this returns is dropped. What waits can be
    /// taken back by a removal like all that waits.
    pub fn gather(&self) -> Gathering<'_> {
        self.state.lock().is_gathering = true;
        Gathering(self)
    }

    /// Writes what was gathered when it is much, so that gathering never makes a peer a slow one.
    pub(super) fn write_gathered(&self, state: &mut State, leased: bool) {
        if state.is_gathering && !state.is_stalled && state.backlog.cost() >= GATHERED_BYTES_MAX {
            // What it says is for the flushing task, which finds out by itself.
            let _step = state.write_waiting(&*self.socket, leased);
            state.is_stalled = false;
        }
    }
}

impl Drop for Gathering<'_> {
    fn drop(&mut self) {
        let wire = self.0;
        let mut state = wire.state.lock();
        state.is_gathering = false;
        if state.is_stalled {
            return;
        }
        if !state.backlog.is_empty() {
            let leased = wire.lease.holds();
            let _step = state.write_waiting(&*wire.socket, leased);
            state.is_stalled = false;
        }
        if !state.backlog.is_empty() || !state.is_open() {
            wire.flusher.notify_one();
        }
    }
}
