//! How many requests: of a connection, and of all people of a company.

use crate::config::Limits;
use crosstalk_protocol::ids::CompanyId;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::num::NonZeroU32;
use std::time::Duration;

/// The rates of companies.
pub struct Pace {
    companies: DefaultKeyedRateLimiter<CompanyId>,
    clock: DefaultClock,
}

/// The rate of one connection.
pub(super) struct Rate(DefaultDirectRateLimiter);

fn quota(per_second: u32, burst: u32) -> Quota {
    let at_least_one = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
    Quota::per_second(at_least_one(per_second)).allow_burst(at_least_one(burst))
}

impl Pace {
    /// The rates that the limits set.
    pub fn of(limits: &Limits) -> Self {
        let quota = quota(limits.company_requests_per_second, limits.company_requests_burst);
        Self { companies: RateLimiter::keyed(quota), clock: DefaultClock::default() }
    }

    /// Whether one more request may be begun; if not, after how long.
    pub(super) fn admit(&self, company: CompanyId, rate: &Rate) -> Result<(), Duration> {
        let now = self.clock.now();
        rate.0.check().map_err(|until| until.wait_time_from(now))?;
        self.companies.check_key(&company).map_err(|until| until.wait_time_from(now))
    }
}

impl Rate {
    pub(super) fn of(limits: &Limits) -> Self {
        Self(RateLimiter::direct(quota(limits.requests_per_second, limits.requests_burst)))
    }
}
