//! Taking back: what a removal, a cut or a conversion makes of a connection's writing.

use super::tag::{Rooms, Sight};
use super::{Wire, goodbye};
use crate::mutants::{self, Mutant};
use crosstalk_protocol::code::CloseCode;
use crosstalk_protocol::ids::{RoomId, Seq};

/// What a narrowing did to a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Narrowed {
    /// Live frames that waited were dropped: whoever keeps a part of his sight of the room has a
    /// gap there.
    pub dropped_live: bool,
    /// The connection was reset, as bytes of it could not be taken back otherwise.
    pub reset: bool,
}

impl Wire {
    /// The person's sight of the room ended or narrowed at this place: what waits of it is dropped,
    /// answers are replaced, and from now on what was permitted before that place is stale. If a
    /// part of it can't be taken back otherwise, the connection is reset (P2).
    pub fn narrow(&self, room: RoomId, at: Seq) -> Narrowed {
        self.narrow_by(Rooms::One(room), |sight| sight.narrow(room, at))
    }

    /// The same for all rooms, or all groups and shared rooms, by the cut of this number of the
    /// person or his company (R19).
    pub fn cut(&self, number: u64, outside_only: bool) -> Narrowed {
        let rooms = if outside_only { Rooms::Outside } else { Rooms::All };
        self.narrow_by(rooms, |sight| sight.cut(number, outside_only))
    }

    /// An internal room has become a group (R7): what was permitted of it before is from now on
    /// cut with the rooms outside. Nothing is stale by this alone.
    pub fn turn_outside(&self, room: RoomId) {
        let mut state = self.state.lock();
        state.turn_outside(room);
        self.end_if_it_knows_too_much(&mut state);
    }

    /// Ends what nobody could take back afterwards: content that the kernel still holds. For who
    /// lets the connection go, while a removal can still find it.
    pub fn let_go(&self) {
        let mut state = self.state.lock();
        if state.is_unsent(&*self.socket, Rooms::All) {
            self.kill(&mut state);
        }
    }

    fn narrow_by(&self, rooms: Rooms, note: impl FnOnce(&mut Sight) -> bool) -> Narrowed {
        let mut state = self.state.lock();
        let state = &mut *state;
        if !note(&mut state.sight) {
            return Narrowed::default();
        }
        let is_begun = state.backlog.is_begun_stale(&state.sight);
        let is_out = is_begun || state.is_unsent(&*self.socket, rooms);
        let is_out = is_out && !(is_begun && mutants::is(Mutant::HalfFrameKept));
        let dropped_live = !mutants::is(Mutant::QueueKept) && state.backlog.sweep(&state.sight);
        if is_out {
            self.kill(state);
        } else {
            self.end_if_it_knows_too_much(state);
        }
        Narrowed { dropped_live, reset: is_out }
    }

    /// To forget a room that has narrowed would let a late answer pass. Places of different rooms
    /// can't be compared, so no single number can stand for several. A new connection knows nothing.
    fn end_if_it_knows_too_much(&self, state: &mut super::State) {
        if state.is_open() && state.sight.rooms() > self.limits.narrowed_rooms_max {
            self.end(state, goodbye(CloseCode::Internal, 0));
        }
    }
}

/// Content that the kernel still holds goes with the wire: nobody could take it back afterwards.
impl Drop for Wire {
    fn drop(&mut self) {
        self.let_go();
    }
}
