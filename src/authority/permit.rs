//! Leave to carry content of one room to one person.

use crosstalk_protocol::ids::{RoomId, Seq, UserId};

/// Leave to carry what a [`View`](super) shows of one room to one person, as things stood in one
/// snapshot of the store. Only a view makes one, so content can't be read without asking whether
/// it may be. It goes stale by comparison: a narrowing of the room after `as_of`, or a cut of the
/// person or his company after `cut`, and the wire refuses the frame that carries it (P2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    room: RoomId,
    user: UserId,
    as_of: Seq,
    cut: u64,
    outside: bool,
}

impl Permit {
    pub(super) fn new(room: RoomId, user: UserId, as_of: Seq, cut: u64, outside: bool) -> Self {
        Self { room, user, as_of, cut, outside }
    }

    /// The room whose content it lets pass.
    pub fn room(&self) -> RoomId {
        self.room
    }

    /// The person to whom it lets it pass.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// The head of the room in the snapshot it was made in.
    pub fn as_of(&self) -> Seq {
        self.as_of
    }

    /// The number of the newest cut (of any person or company) in that snapshot.
    pub fn cut(&self) -> u64 {
        self.cut
    }

    /// Whether the room is a group or a shared room, which a cut of a person's outside access ends.
    pub fn is_outside(&self) -> bool {
        self.outside
    }

    /// Leave of a node's follower to open an entry on its way to the hub, which asks the view of each
    /// seat before it shows it. It is nobody's, and older than any narrowing: no wire carries
    /// anything under it. `tests/architecture.rs` knows who may say this.
    pub(crate) fn of_follower(room: RoomId) -> Self {
        let nobody = UserId(uuid::Uuid::nil());
        Self { room, user: nobody, as_of: Seq::ZERO, cut: 0, outside: true }
    }

    /// A permit for tests of what carries it; nothing else makes one without a view.
    #[cfg(test)]
    pub(crate) fn for_test(room: RoomId, user: UserId, as_of: Seq, cut: u64) -> Self {
        Self { room, user, as_of, cut, outside: true }
    }
}
