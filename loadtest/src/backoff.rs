//! How long to wait before coming back: full jitter, so that a restarted server is not met by all
//! its clients at once.

use crate::error::Closed;
use crosstalk_protocol::code::CloseCode;
use std::time::Duration;

/// The first wait is at most so long.
const FIRST: Duration = Duration::from_millis(500);
/// No wait is longer.
const LONGEST: Duration = Duration::from_secs(30);
/// Who asked too often waits at least so long.
const AFTER_RATE_LIMIT: Duration = Duration::from_secs(5);

/// The waits between attempts to connect.
#[derive(Debug, Clone, Default)]
pub struct Backoff {
    attempt: u32,
}

impl Backoff {
    /// The wait before the next attempt: anything up to a bound that doubles each time, `chance`
    /// chooses. What the server said when it closed comes first.
    pub fn next(&mut self, closed: Option<&Closed>, chance: u64) -> Duration {
        let bound = FIRST.saturating_mul(1 << self.attempt.min(10)).min(LONGEST);
        self.attempt = self.attempt.saturating_add(1);
        let bound = u64::try_from(bound.as_millis()).unwrap_or(u64::MAX);
        let jitter = Duration::from_millis(chance % bound.saturating_add(1));
        let Some(closed) = closed else {
            return jitter;
        };
        let said = closed.closing.as_ref().map_or(0, |closing| closing.after_ms);
        let limited = closed.known() == Some(CloseCode::RateLimited);
        let least = if limited { AFTER_RATE_LIMIT } else { Duration::ZERO };
        (jitter + Duration::from_millis(said)).max(least)
    }

    /// A connection stood: the next wait is short again.
    pub fn reset(&mut self) {
        self.attempt = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_half_a_minute_and_chance_chooses_below_it() {
        let mut backoff = Backoff::default();
        // Congruent to the bound itself, whatever it is, is hard to say: 0 is always the least.
        assert_eq!(backoff.next(None, 0), Duration::ZERO);
        assert_eq!(backoff.next(None, 1_000), Duration::from_secs(1));
        assert_eq!(backoff.next(None, 2_000), Duration::from_secs(2));
        for _ in 0..40 {
            assert!(backoff.next(None, u64::MAX) <= LONGEST);
        }
        assert_eq!(backoff.next(None, 30_000), LONGEST);
        backoff.reset();
        assert_eq!(backoff.next(None, 501), Duration::ZERO);
    }

    #[test]
    fn who_asked_too_often_waits_five_seconds_at_least() {
        let closed = Closed { code: Some(4005), ..Closed::default() };
        assert_eq!(Backoff::default().next(Some(&closed), 0), AFTER_RATE_LIMIT);
    }
}
