//! What stands in the inboxes (R17): each stint's beginning and its end, once, in order.

use super::Run;
use crate::authority::Subject;
use crate::authority::tests::histories::EVERYBODY;
use crate::authority::tests::model::RoomModel;
use crate::directory::Directory;
use crosstalk_protocol::ids::{RoomId, Seq, UserId};
use crosstalk_protocol::push::NoticeKind;

/// What one person is told of one room.
pub(super) struct Told {
    user: UserId,
    notice: NoticeKind,
}

/// What people are told of a room, each in the order of its places.
pub(super) fn of(model: &RoomModel, room: RoomId) -> Vec<Told> {
    let mut told = Vec::new();
    for user in EVERYBODY {
        for (from, to) in model.stays_of(user) {
            told.push(Told { user, notice: NoticeKind::Added { room, stint: Seq(from as u64) } });
            match to {
                Some(_) => told.push(Told { user, notice: NoticeKind::Removed { room } }),
                None if model.gone => {
                    told.push(Told { user, notice: NoticeKind::Deleted { room } });
                }
                None => {}
            }
        }
    }
    told
}

impl Run {
    /// R17: nothing is missing and nothing doubled. Notices of directory acts stand among them.
    pub(super) async fn inboxes_hold_all(&mut self) {
        for (index, life) in self.rooms.iter().enumerate() {
            self.told.extend(of(&self.model.rooms[index], life.id));
        }
        for user in &self.people {
            for room in self.rooms.iter().map(|life| life.id).chain(self.gone.iter().copied()) {
                let expected = self.told.iter().filter(|told| told.user == *user);
                let expected = expected.map(|told| &told.notice);
                let expected: Vec<&NoticeKind> =
                    expected.filter(|notice| of_room(notice) == Some(room)).collect();
                let inbox = self.world.store().inbox(*user, 0, 10_000).await.unwrap().0;
                let own = inbox.iter().filter(|one| one.inbox == Subject::Person(*user));
                let own = own.map(|one| &one.notice);
                let own: Vec<&NoticeKind> =
                    own.filter(|notice| of_room(notice) == Some(room)).collect();
                assert_eq!(own, expected, "the inbox of {user}, room {room}");
            }
        }
    }
}

fn of_room(notice: &NoticeKind) -> Option<RoomId> {
    match notice {
        NoticeKind::Added { room, .. }
        | NoticeKind::Removed { room }
        | NoticeKind::Deleted { room } => Some(*room),
        _ => None,
    }
}
