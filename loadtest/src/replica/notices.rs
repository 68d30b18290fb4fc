//! What the inbox says: rooms that begin and end for this person.

use super::Replica;
use super::kept::Kept;
use super::state::{Place, State};
use crosstalk_protocol::ids::{RoomId, Seq};
use crosstalk_protocol::push::{Notice, NoticeKind};
use crosstalk_protocol::words::RoomKind;

impl Replica {
    pub(super) fn notice(&mut self, notice: &Notice) {
        match &notice.about {
            NoticeKind::Added { room, stint } => self.added(*room, *stint),
            NoticeKind::Removed { room } | NoticeKind::Deleted { room } => self.wipe(*room),
            NoticeKind::Withdrawn {} => self.withdrawn(),
            NoticeKind::Policy { .. } => {
                let rooms: Vec<RoomId> = self.rooms.keys().copied().collect();
                for room in rooms {
                    self.fill_from(room);
                }
            }
            NoticeKind::Connected {}
            | NoticeKind::ContactRequested { .. }
            | NoticeKind::ContactAccepted { .. } => {}
        }
        self.inbox = Some(notice.inbox.clone());
    }

    fn added(&mut self, room: RoomId, stint: Seq) {
        let place = self.rooms.entry(room).or_default();
        let known = place.kept.as_ref().map(Kept::stint);
        if place.state == State::Asked {
            place.again = true;
        } else if known.is_none_or(|known| known < stint) {
            place.state = State::Wanted;
        }
    }

    /// Wipes every group and shared room. Of a room whose kind is not known, the copy goes too, and
    /// the server says whether it is still there.
    fn withdrawn(&mut self) {
        let outside = |place: &Place| place.kind.is_some_and(|kind| kind != RoomKind::Internal);
        let rooms = self.rooms.iter().filter(|(_, place)| outside(place)).map(|(room, _)| *room);
        for room in rooms.collect::<Vec<_>>() {
            self.wipe(room);
        }
        for place in self.rooms.values_mut().filter(|it| it.kind.is_none() && !it.wiped) {
            *place = Place::default();
        }
        let rooms = &self.rooms;
        self.fills.keep(|room| rooms.contains_key(&room));
    }

    pub(super) fn gone(&mut self, room: RoomId) {
        let Some(place) = self.rooms.get_mut(&room) else { return };
        if place.again {
            // Added meanwhile: the answer is older than the notice.
            *place = Place::default();
        } else {
            self.rooms.remove(&room);
            self.fills.keep(|one| one != room);
        }
    }

    fn wipe(&mut self, room: RoomId) {
        self.fills.keep(|one| one != room);
        match self.rooms.get_mut(&room) {
            // The answer to what was asked is yet to come, and he may have been added again before
            // it was made: then it is told ahead of the notice of that.
            Some(place) if place.state == State::Asked => {
                *place = Place { state: State::Asked, wiped: true, ..Place::default() };
            }
            _ => drop(self.rooms.remove(&room)),
        }
    }
}
