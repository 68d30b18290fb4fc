//! What else the model can tell of a room, for who holds a store or a server against it.

use super::{Model, Place, RoomModel};
use crosstalk_protocol::ids::UserId;

/// A message as it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message {
    pub(crate) by: UserId,
    pub(crate) unsent: bool,
}

impl RoomModel {
    /// The message at a place, if one was sent there.
    pub(crate) fn message(&self, at: usize) -> Option<Message> {
        match self.places.get(at.checked_sub(1)?)? {
            Place::Said { by, unsent, .. } => Some(Message { by: *by, unsent: *unsent }),
            Place::Governance | Place::Rewrites(_) => None,
        }
    }

    /// Somebody's stays, as places: from, and the one that ended it.
    pub(crate) fn stays_of(&self, user: UserId) -> Vec<(usize, Option<usize>)> {
        let his = self.stays.iter().filter(|stay| stay.user == user);
        his.map(|stay| (stay.from, stay.to)).collect()
    }
}

impl Model {
    /// R14: whether a place lies in what a member may see by his stays, whatever is off.
    pub(crate) fn lies_in_sight(&self, room: usize, user: UserId, at: usize) -> bool {
        let room = &self.rooms[room];
        room.members().contains(&user) && room.lies_in_his_time(user, at)
    }

    /// R12: whether messages are off for a member.
    pub(crate) fn are_messages_off(&self, room: usize, user: UserId) -> bool {
        self.messages_off(&self.rooms[room], user)
    }

    /// Whether he may act at all.
    pub(crate) fn is_active(&self, user: UserId) -> bool {
        self.active(user)
    }

    /// Whether his company lets him bring guests into a room.
    pub(crate) fn may_bring_guests(&self, room: usize, user: UserId) -> bool {
        let (own, opener) =
            (&self.firms[&self.company(user)], &self.firms[&self.rooms[room].owner]);
        own.guests && opener.guests && !self.people[&user].guest && self.active(user)
    }
}
