//! The clock of leases and fences.

use rustix::time::{ClockId, clock_gettime};

const NANOS_A_SECOND: u64 = 1_000_000_000;

/// Nanoseconds since the machine started. It never goes back, and goes on while the machine sleeps
/// (`CLOCK_BOOTTIME`): with any other clock a node that was suspended would believe in its lease.
pub fn now() -> u64 {
    let since = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(since.tv_sec).unwrap_or_default();
    seconds.saturating_mul(NANOS_A_SECOND) + u64::try_from(since.tv_nsec).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_does_not_go_back() {
        let before = super::now();
        assert!(before > 0 && super::now() >= before);
    }
}
