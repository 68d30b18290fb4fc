//! The seats of one room, and its recent entries.

use super::connection::Connection;
use super::encode::{self, Framed};
use crate::authority::{Admission, View};
use crate::wire::{Delivered, Tag};
use bytes::{Bytes, BytesMut};
use crosstalk_protocol::ids::{CompanyId, RoomId, Seq, UserId};
use std::collections::VecDeque;
use std::sync::Arc;

/// A connection that follows the room, with what it may be shown.
pub(super) struct Seat {
    pub(super) connection: Arc<Connection>,
    pub(super) view: View,
    pub(super) tag: Tag,
    /// The owner company of the room when the seat was taken: whose locks bind it.
    pub(super) owner: CompanyId,
    /// Whether read marks of other companies' people are shown to him.
    pub(super) external_marks: bool,
}

/// What became of a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// It stays.
    Seated,
    /// His sight of the room has ended here.
    Ended,
    /// Something is missing between what it was shown and what comes: it is to resume.
    Behind,
    /// The connection is closing or was reset.
    Lost,
}

/// The seats of one room.
#[derive(Default)]
pub(super) struct Seats {
    /// The last entry applied here since the room is followed.
    applied: Option<Seq>,
    ring: VecDeque<Arc<Framed>>,
    taken: Vec<Seat>,
}

impl Seats {
    /// Whether nobody follows the room.
    pub(super) fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }

    /// Notes entries that were applied, and keeps the newest for who attaches meanwhile.
    pub(super) fn note(&mut self, entries: &[Arc<Framed>], ring_max: usize) {
        self.applied = entries.last().map(|framed| framed.live.entry.seq).or(self.applied);
        self.ring.extend(entries.iter().cloned());
        let surplus = self.ring.len().saturating_sub(ring_max);
        self.ring.drain(..surplus);
    }

    /// The last entry applied here since the room is followed; 0 before the first.
    pub(super) fn applied(&self) -> Seq {
        self.applied.unwrap_or_default()
    }

    /// The entries after a place that are applied here already; `None` if one of them is no longer
    /// at hand.
    pub(super) fn since(&self, seq: Seq) -> Option<Vec<Arc<Framed>>> {
        let applied = self.applied.unwrap_or(seq);
        let newer = self.ring.iter().filter(|framed| framed.live.entry.seq > seq);
        let newer: Vec<Arc<Framed>> = newer.cloned().collect();
        let missing = applied.0.saturating_sub(seq.0);
        (newer.len() as u64 == missing).then_some(newer)
    }

    /// The last entry applied here since the room is followed.
    pub(super) fn last_applied(&self) -> Option<Seq> {
        self.applied
    }

    /// The entries applied here after this one, or since the room is followed; `None` if one of
    /// them is no longer at hand.
    pub(super) fn applied_after(&self, seq: Option<Seq>) -> Option<Vec<Arc<Framed>>> {
        let first = self.ring.front().map(|framed| framed.live.entry.seq.previous());
        self.since(seq.or(first).unwrap_or_default())
    }

    /// Takes a seat; an older one of the same connection goes.
    pub(super) fn take(&mut self, seat: Seat) {
        self.leave(seat.connection.number);
        self.taken.push(seat);
    }

    /// Leaves a seat.
    pub(super) fn leave(&mut self, connection: u64) {
        self.taken.retain(|seat| seat.connection.number != connection);
    }

    /// Takes the seats away that match, and gives them back.
    pub(super) fn evict(&mut self, matches: impl Fn(&Seat) -> bool) -> Vec<Seat> {
        self.taken.extract_if(.., |seat| matches(seat)).collect()
    }

    /// All seats.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Seat> {
        self.taken.iter()
    }

    /// Whether a person has a seat whose view is open.
    pub(super) fn seat_of(&self, user: UserId, connection: u64) -> Option<&Seat> {
        self.taken
            .iter()
            .find(|seat| seat.connection.number == connection && seat.connection.user == user)
    }

    /// Delivers entries to every seat through its view: one write each. `gathered` is the frames of
    /// all of them in one buffer, for seats to which nothing is hidden. Seats that do not stay are
    /// given back.
    pub(super) fn deliver(
        &mut self,
        entries: &[Arc<Framed>],
        gathered: &Bytes,
    ) -> Vec<(Seat, Kept)> {
        let mut lost = Vec::new();
        let mut place = 0;
        while let Some(seat) = self.taken.get_mut(place) {
            match seat.deliver(entries, gathered) {
                Kept::Seated => place += 1,
                kept @ (Kept::Ended | Kept::Behind | Kept::Lost) => {
                    lost.push((self.taken.swap_remove(place), kept));
                }
            }
        }
        lost
    }
}

impl Seat {
    /// Shows this seat the next entries, in one write. After one that makes its view stale come no
    /// more: what is to be seen under another owner or by other switches is read anew (R11).
    pub(super) fn deliver(&mut self, entries: &[Arc<Framed>], gathered: &Bytes) -> Kept {
        let mut own = None::<BytesMut>;
        let mut bytes = 0;
        let mut last = Seq::ZERO;
        for framed in entries {
            let admission = self.view.admit(&framed.live.entry);
            if admission != Admission::Show && own.is_none() {
                own = Some(BytesMut::from(gathered.get(..bytes).unwrap_or_default()));
            }
            bytes += framed.frame.len();
            match (admission, &mut own) {
                (Admission::Show, Some(own)) => own.extend_from_slice(&framed.frame),
                (Admission::Passed, Some(own)) => own.extend_from_slice(framed.passed()),
                (Admission::Show | Admission::Passed, None) | (Admission::Seen, _) => {}
                (Admission::Gap, _) => return Kept::Behind,
                (Admission::Last, _) => return Kept::Ended,
            }
            last = framed.live.entry.seq;
            if self.view.is_stale() {
                // R7: what waits of an internal room goes from now on with his outside access.
                self.connection.wire.turn_outside(self.view.room());
                break;
            }
        }
        self.tag = self.tag.admitted(last);
        let frames = own.map_or_else(|| gathered.slice(..bytes), BytesMut::freeze);
        let stays = if self.view.is_stale() { Kept::Behind } else { Kept::Seated };
        if frames.is_empty() {
            return stays;
        }
        match self.connection.wire.deliver(self.tag, &frames) {
            Delivered::Written | Delivered::Waiting => stays,
            Delivered::Stale => Kept::Behind,
            Delivered::Slow | Delivered::Closed => Kept::Lost,
        }
    }

    /// Says that the room is to be resumed from the cursor; nothing to who may no longer know.
    pub(super) fn tell_behind(&self, room: RoomId) {
        // Who is closed comes back with his cursor anyway.
        let _delivered = self.connection.wire.deliver(self.tag, &encode::behind(room));
    }
}
