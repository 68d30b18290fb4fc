//! How often one address may try invitations: they could be guessed otherwise.

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

/// Addresses that are remembered at once; beyond it, those that may try again anyway are forgotten.
const ADDRESSES_MAX: usize = 10_000;

/// The tries of each address.
pub(super) struct Redemptions {
    tries: DefaultKeyedRateLimiter<IpAddr>,
    clock: DefaultClock,
}

impl Redemptions {
    /// So many tries a minute for each address.
    pub(super) fn new(per_minute: u32) -> Self {
        let quota = Quota::per_minute(NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN));
        Self { tries: RateLimiter::keyed(quota), clock: DefaultClock::default() }
    }

    /// Whether this address may try; if not, how long it is to wait.
    pub(super) fn check(&self, address: IpAddr) -> Result<(), Duration> {
        if self.tries.len() >= ADDRESSES_MAX {
            self.tries.retain_recent();
        }
        let checked = self.tries.check_key(&network(address));
        checked.map_err(|until| until.wait_time_from(self.clock.now()))
    }
}

/// Whose address it is: of IPv6, the 64 bits that a provider gives to one customer.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_is_slowed_down_and_others_are_not() {
        let redemptions = Redemptions::new(3);
        let [one, other] = ["10.0.0.1", "10.0.0.2"].map(|text| text.parse().unwrap());
        for _ in 0..3 {
            assert!(redemptions.check(one).is_ok());
        }
        let wait = redemptions.check(one).unwrap_err();
        assert!(wait > Duration::from_secs(1) && wait <= Duration::from_secs(20), "{wait:?}");
        assert!(redemptions.check(other).is_ok());
    }

    #[test]
    fn a_customer_of_ipv6_is_one_address() {
        let network = |text: &str| network(text.parse().unwrap());
        assert_eq!(network("2001:db8:1:2::3"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::3"), network("2001:db8:1:3::3"));
        assert_eq!(network("::ffff:10.0.0.1"), network("10.0.0.1"));
    }
}
