//! The connections of this node, by person and company.

use super::Hub;
use crate::wire::Wire;
use crosstalk_protocol::code::CloseCode;
use crosstalk_protocol::ids::{CompanyId, DeviceId, RoomId, UserId};
use parking_lot::Mutex;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// One connected device.
pub struct Connection {
    /// Its number on this node, in the order of arrival.
    pub number: u64,
    /// Whose.
    pub user: UserId,
    /// His company, or that of who invited him.
    pub company: CompanyId,
    /// Which device.
    pub device: DeviceId,
    /// Its writing.
    pub wire: Arc<Wire>,
    /// The rooms where it has a seat.
    pub(super) seated: Mutex<HashSet<RoomId>>,
}

/// Why a connection was not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotTaken {
    /// The person has as many connections as one may have.
    TooMany,
    /// The device has another one that arrived later.
    Replaced,
}

impl Hub {
    /// The number of a connection that arrives now, before anything is read of it. A connection that
    /// is dead already may say its hello after the one that took its place: it is not the newer one.
    pub fn arrives(&self) -> u64 {
        self.next_connection.fetch_add(1, Ordering::Relaxed)
    }

    /// Takes in the connection of this number. An older one of the same device is closed: the newer
    /// one stays. Whoever calls this asks afterwards once more whether the person may be here: a cut
    /// that was applied before did not find this connection.
    ///
    /// # Errors
    /// [`NotTaken`], which says why.
    pub fn connect(
        &self,
        number: u64,
        (user, company): (UserId, CompanyId),
        device: DeviceId,
        wire: Arc<Wire>,
    ) -> Result<Arc<Connection>, NotTaken> {
        let seated = Mutex::default();
        let connection = Arc::new(Connection { number, user, company, device, wire, seated });
        let older: Vec<Arc<Connection>> = {
            let mut of_user = self.people.entry(user).or_default();
            let mut same = of_user.iter().filter(|one| one.device == device);
            if same.any(|one| one.number > number && one.wire.is_open()) {
                return Err(NotTaken::Replaced);
            }
            let others = of_user.iter().map(|one| one.device).filter(|other| *other != device);
            if others.collect::<HashSet<_>>().len() >= self.limits.connections_per_person_max {
                return Err(NotTaken::TooMany);
            }
            let older = of_user.iter().filter(|one| one.device == device).cloned().collect();
            of_user.push(Arc::clone(&connection));
            older
        };
        self.companies.entry(company).or_default().insert(number, Arc::clone(&connection));
        for one in older {
            self.replace(&one);
        }
        Ok(connection)
    }

    /// Closes a connection whose device has a newer one. Its seats go, and nothing is added to it;
    /// itself stays until its last byte is out, as a removal has to find what still waits there. One
    /// that was closing already has had its time.
    fn replace(&self, older: &Connection) {
        if older.wire.is_open() {
            older.wire.close(CloseCode::Replaced, 0);
            self.unseat_everywhere(older);
        } else {
            older.wire.reset();
            self.disconnect(older);
        }
    }

    /// Lets a connection and its seats go.
    pub fn disconnect(&self, connection: &Connection) {
        self.unseat_everywhere(connection);
        if let Some(mut of_user) = self.people.get_mut(&connection.user) {
            of_user.retain(|one| one.number != connection.number);
        }
        self.people.remove_if(&connection.user, |_, of_user| of_user.is_empty());
        if let Some(mut of_company) = self.companies.get_mut(&connection.company) {
            of_company.remove(&connection.number);
        }
        self.companies.remove_if(&connection.company, |_, of_company| of_company.is_empty());
    }

    /// Follows a room no longer on this connection.
    pub fn rest(&self, connection: &Connection, room: RoomId) {
        connection.seated.lock().remove(&room);
        self.unseat(room, connection);
    }

    fn unseat_everywhere(&self, connection: &Connection) {
        let rooms: Vec<RoomId> = connection.seated.lock().drain().collect();
        for room in rooms {
            self.unseat(room, connection);
        }
    }

    fn unseat(&self, room: RoomId, connection: &Connection) {
        if let Some(seats) = self.seats(room) {
            seats.lock().leave(connection.number);
        }
        self.forget_if_idle(room);
    }

    /// Forgets a room that nobody follows and nobody is about to.
    pub(super) fn forget_if_idle(&self, room: RoomId) {
        let removed = self
            .rooms
            .remove_if(&room, |_, seats| Arc::strong_count(seats) == 1 && seats.lock().is_empty());
        if removed.is_some() {
            self.tell_followed(room);
        }
    }
}
