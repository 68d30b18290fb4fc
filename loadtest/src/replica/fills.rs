//! Passed places that may be seen now, and are to be paged again.

use crosstalk_protocol::ids::{RoomId, Seq};

/// Which pages are missing.
#[derive(Debug, Clone, Default)]
pub(super) struct Fills {
    wanted: Vec<(RoomId, Seq)>,
    /// Asked for, and not come yet: a cut connection must not lose it.
    asked: Option<(RoomId, Seq)>,
}

impl Fills {
    /// The places of a room after this one are to be paged, and no others of it.
    pub(super) fn want(&mut self, room: RoomId, after: Seq) {
        self.wanted.retain(|(one, _)| *one != room);
        self.wanted.push((room, after));
    }

    /// What is to be asked for next.
    pub(super) fn ask(&mut self) -> Option<(RoomId, Seq)> {
        let next = self.wanted.pop()?;
        self.asked = Some(next);
        Some(next)
    }

    /// The page has come, or there is none.
    pub(super) fn done(&mut self) {
        self.asked = None;
    }

    /// The connection is a new one: what had not come is asked for again.
    pub(super) fn again(&mut self) {
        self.wanted.extend(self.asked.take());
    }

    /// Only these rooms are left.
    pub(super) fn keep(&mut self, is_left: impl Fn(RoomId) -> bool) {
        self.wanted.retain(|(room, _)| is_left(*room));
        self.asked = self.asked.filter(|(room, _)| is_left(*room));
    }
}
