//! Leave of the whole node to hand room content to sockets, for a time.

use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;

/// A clock of nanoseconds that never goes back and goes on while the machine sleeps
/// (`CLOCK_BOOTTIME`): with any other a node that was suspended would believe in its lease.
pub trait Clock: Send + Sync + 'static {
    /// Nanoseconds since some moment that stays the same while the process lives.
    fn now(&self) -> u64;
}

impl<F: Fn() -> u64 + Send + Sync + 'static> Clock for F {
    fn now(&self) -> u64 {
        self()
    }
}

/// Leave of the node to hand room content to sockets. Every [`Wire`](super::Wire) asks it under its
/// lock before it writes such content; other frames need none.
pub struct Lease {
    clock: Option<Box<dyn Clock>>,
    ends: AtomicU64,
    renewed: Notify,
}

impl Lease {
    /// The lease of a node that is alone with its store: it never ends.
    pub const fn unlimited() -> Self {
        Self { clock: None, ends: AtomicU64::new(u64::MAX), renewed: Notify::const_new() }
    }

    /// A lease by this clock that has not begun: nothing is written until it is extended.
    pub fn by(clock: impl Clock) -> Self {
        Self { clock: Some(Box::new(clock)), ends: AtomicU64::new(0), renewed: Notify::const_new() }
    }

    /// Extends it up to, and without, this moment of its clock. A shorter one changes nothing.
    pub fn extend(&self, ends: u64) {
        let before = self.ends.fetch_max(ends, Ordering::AcqRel);
        // Wires wait for it only after it has lapsed; asking the clock again would not help, as it
        // may have lapsed between their look and now.
        if before < ends {
            self.renewed.notify_waiters();
        }
    }

    /// Whether room content may be written now.
    pub fn holds(&self) -> bool {
        // The moment is read first: what is extended meanwhile only makes the answer too careful.
        self.clock.as_ref().is_none_or(|clock| clock.now() < self.ends.load(Ordering::Acquire))
    }

    /// Waits until it holds again.
    pub(super) async fn held(&self) {
        loop {
            let mut renewed = std::pin::pin!(self.renewed.notified());
            // Registered before the look, so that no renewal falls in between.
            renewed.as_mut().enable();
            if self.holds() {
                return;
            }
            renewed.await;
        }
    }
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease").field("ends", &self.ends).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn it_holds_up_to_its_end_and_no_longer() {
        let now = Arc::new(AtomicU64::new(5));
        let clock = Arc::clone(&now);
        let lease = Lease::by(move || clock.load(Ordering::Relaxed));
        assert!(!lease.holds(), "it has not begun");
        lease.extend(10);
        lease.extend(7);
        assert!(lease.holds(), "a shorter one changes nothing");
        now.store(10, Ordering::Relaxed);
        assert!(!lease.holds());
        assert!(Lease::unlimited().holds());
    }

    #[tokio::test]
    async fn who_waits_for_it_is_woken_when_it_is_extended() {
        let lease = Lease::by(|| 5);
        tokio::join!(lease.held(), async { lease.extend(6) });
    }
}
