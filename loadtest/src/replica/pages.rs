//! What is fetched by pages: the list of rooms, passed places that may be seen now, the past.

use super::{Broken, Replica};
use crosstalk_protocol::answer::{Page, RoomSummary};
use crosstalk_protocol::ids::{RoomId, Seq};

impl Replica {
    /// The rooms as the server lists them: those that are new are to be resumed. `is_all` says that
    /// no more pages of the list follow.
    pub fn list(&mut self, summaries: &[RoomSummary], is_all: bool) {
        for summary in summaries {
            let place = self.rooms.entry(summary.room).or_default();
            place.kind = Some(summary.room_kind);
        }
        self.listed = is_all;
    }

    /// Folds a page of the past into places that were passed before.
    pub fn fill(&mut self, page: &Page) {
        self.fills.done();
        let place = self.rooms.get_mut(&page.room);
        let Some(kept) = place.and_then(|place| place.kept.as_mut()) else { return };
        let through = kept.fill(page);
        if let Some(next) = kept.passed_after(through).filter(|_| page.more) {
            self.fills.want(page.room, next.previous());
        }
    }

    /// The page was refused: the room or the feature is gone again, and there is nothing to fill.
    pub fn fill_nothing(&mut self) {
        self.fills.done();
    }

    /// Puts a page of the past in front of what is kept of its room. A page of a stint that is over
    /// meanwhile, or of a room that was wiped, is dropped.
    ///
    /// # Errors
    /// [`Broken`] if it leaves a hole, tells a place twice, or does not meet what is kept.
    pub fn precede(&mut self, page: &Page) -> Result<(), Broken> {
        let place = self.rooms.get_mut(&page.room);
        let kept = place.and_then(|place| place.kept.as_mut());
        match kept.filter(|kept| kept.stint() == page.stint) {
            Some(kept) => kept.precede(page),
            None => Ok(()),
        }
    }

    /// Pages again what was passed in a room: a feature may have come back.
    pub(super) fn fill_from(&mut self, room: RoomId) {
        let Some(kept) = self.room(room) else { return };
        if let Some(first) = kept.passed_after(Seq::ZERO) {
            self.fills.want(room, first.previous());
        }
    }
}
