//! How many may be inside, and how many of them unknown.

use crate::config::Limits;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

/// The counts of a node's connections.
#[derive(Debug)]
pub(super) struct Doors {
    connections_max: usize,
    unknown_max: usize,
    unknown_per_address_max: usize,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    connections: usize,
    unknown: usize,
    unknown_of: HashMap<IpAddr, usize>,
}

/// A connection that is counted until this is dropped.
#[derive(Debug)]
pub(super) struct Place(Arc<Doors>);

/// A connection of whom nobody knows yet who it is, counted as such until this is dropped.
#[derive(Debug)]
pub(super) struct Unknown {
    doors: Arc<Doors>,
    address: Option<IpAddr>,
}

impl Doors {
    /// Doors with these limits.
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            connections_max: limits.connections,
            unknown_max: limits.unauthenticated_connections,
            unknown_per_address_max: limits.unauthenticated_connections_per_address,
            inside: Mutex::default(),
        }
    }

    /// Lets a connection in, if there is a place for one more.
    pub(super) fn admit(self: &Arc<Self>) -> Option<(Place, Unknown)> {
        let mut inside = self.inside.lock();
        if inside.connections >= self.connections_max || inside.unknown >= self.unknown_max {
            return None;
        }
        inside.connections += 1;
        inside.unknown += 1;
        let unknown = Unknown { doors: Arc::clone(self), address: None };
        Some((Place(Arc::clone(self)), unknown))
    }

    /// How many connections there are.
    pub(super) fn connections(&self) -> usize {
        self.inside.lock().connections
    }
}

impl Unknown {
    /// Counts the connection to this address, if there is a place for one more of it. Behind a
    /// proxy the address is known only from the request.
    pub(super) fn is_of(&mut self, address: IpAddr) -> bool {
        if self.address.is_some() {
            return true;
        }
        let mut inside = self.doors.inside.lock();
        let count = inside.unknown_of.get(&address).copied().unwrap_or_default();
        if count >= self.doors.unknown_per_address_max {
            return false;
        }
        inside.unknown_of.insert(address, count + 1);
        self.address = Some(address);
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.inside.lock().connections -= 1;
    }
}

impl Drop for Unknown {
    fn drop(&mut self) {
        let mut inside = self.doors.inside.lock();
        inside.unknown -= 1;
        let Some(address) = self.address else { return };
        // Who is not there any more is not remembered: the map is no larger than `unknown`.
        let left = inside.unknown_of.get(&address).map_or(0, |count| count - 1);
        if left == 0 {
            inside.unknown_of.remove(&address);
        } else {
            inside.unknown_of.insert(address, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doors() -> Arc<Doors> {
        let limits = Limits {
            connections: 4,
            unauthenticated_connections: 3,
            unauthenticated_connections_per_address: 2,
            ..Limits::default()
        };
        Arc::new(Doors::new(&limits))
    }

    #[test]
    fn the_unknown_take_their_places_and_no_more() {
        let doors = doors();
        let mut inside: Vec<_> = (0..3).map(|_| doors.admit().unwrap()).collect();
        assert!(doors.admit().is_none());
        let (place, unknown) = inside.pop().unwrap();
        drop(unknown);
        let (_place, unknown) = doors.admit().unwrap();
        drop(unknown);
        assert!(doors.admit().is_none(), "four connections are all");
        drop(place);
        assert!(doors.admit().is_some());
        assert_eq!(doors.connections(), 3);
    }

    #[test]
    fn one_address_does_not_take_the_places_of_others() {
        let doors = doors();
        let [one, other] = ["10.0.0.1", "10.0.0.2"].map(|text| text.parse().unwrap());
        let mut inside: Vec<_> = (0..3).map(|_| doors.admit().unwrap()).collect();
        assert!(inside[0].1.is_of(one) && inside[1].1.is_of(one));
        assert!(!inside[2].1.is_of(one) && inside[2].1.is_of(other));
        assert!(inside[0].1.is_of(one), "it is counted once");
        inside.clear();
        assert!(doors.inside.lock().unknown_of.is_empty());
        assert!(doors.admit().unwrap().1.is_of(one));
    }
}
