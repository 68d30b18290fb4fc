//! Whom a change concerns in person: entries of inboxes, written in the causing transaction (R17).

use super::room::Room;
use crosstalk_protocol::entry::Change;
use crosstalk_protocol::ids::{Seq, UserId};
use crosstalk_protocol::push::NoticeKind;

/// A notice with whose inbox it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressed {
    /// Whose inbox.
    pub user: UserId,
    /// What it says: ids only.
    pub notice: NoticeKind,
}

/// The notices of a change that is about to be applied to `room` at `seq`.
pub fn notices(room: &Room, seq: Seq, change: &Change) -> Vec<Addressed> {
    let id = room.id;
    let addressed = |user: UserId, notice| Addressed { user, notice };
    match change {
        Change::Opened { members, .. }
        | Change::Created { members, .. }
        | Change::Added { members, .. } => members
            .iter()
            .map(|member| addressed(member.user, NoticeKind::Added { room: id, stint: seq }))
            .collect(),
        Change::Removed { users, .. } => {
            users.iter().map(|user| addressed(*user, NoticeKind::Removed { room: id })).collect()
        }
        Change::Deleted => room
            .members
            .keys()
            .map(|user| addressed(*user, NoticeKind::Deleted { room: id }))
            .collect(),
        Change::Converted { .. }
        | Change::Masters { .. }
        | Change::Settings { .. }
        | Change::Handed { .. }
        | Change::Posted { .. }
        | Change::Edited { .. }
        | Change::Unsent { .. }
        | Change::Reacted { .. }
        | Change::Pinned { .. } => Vec::new(),
    }
}
