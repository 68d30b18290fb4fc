//! Taking a seat without a hole, a double, or a moment in which a removal is not seen.
//!
//! Four steps: follow the room; read membership and page in one snapshot; here, look whether
//! anything since then narrows the view; then sit down, or go back and read again.

use super::Hub;
use super::connection::Connection;
use super::encode::{self, Framed};
use super::seats::{Kept, Seat, Seats};
use crate::authority::{Permit, Subject, View};
use crate::mutants::{self, Mutant};
use crate::timeline::Sight;
use crate::wire::{Delivered, Otherwise, Tag};
use bytes::{Bytes, BytesMut};
use crosstalk_protocol::entry::Change;
use crosstalk_protocol::ids::{CompanyId, RoomId, Seq};
use parking_lot::Mutex;
use std::sync::Arc;

/// From here on the hub keeps what is applied to a room, until a seat is taken or this is dropped.
pub struct Following {
    room: RoomId,
    seats: Arc<Mutex<Seats>>,
    /// The last entry that was applied before.
    applied: Option<Seq>,
    hub: Arc<Hub>,
}

impl Drop for Following {
    fn drop(&mut self) {
        // Two handles besides the registry's own mean that somebody else is about to sit down.
        let last = Arc::strong_count(&self.seats) <= 2;
        if last && self.seats.lock().is_empty() {
            let removed = self.hub.rooms.remove_if(&self.room, |_, seats| {
                Arc::strong_count(seats) <= 2 && seats.lock().is_empty()
            });
            if removed.is_some() {
                self.hub.tell_followed(self.room);
            }
        }
    }
}

/// What became of an attempt to sit down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attached {
    /// Seated: the page was written, and live entries follow it without a hole. Of who is sent away:
    /// he was told.
    Seated,
    /// Something has narrowed the view meanwhile, or too much has happened: read again.
    Again,
    /// The connection is closed.
    Closed,
}

impl Hub {
    /// Step 1: follow the room. Whatever is committed from now on will be at hand.
    pub fn following(self: &Arc<Self>, room: RoomId) -> Following {
        let is_new = !self.follows(room);
        let seats = Arc::clone(self.rooms.entry(room).or_default().value());
        if is_new {
            self.tell_followed(room);
        }
        let applied = seats.lock().last_applied();
        Following { room, seats, applied, hub: Arc::clone(self) }
    }

    /// Instead of steps 3 and 4: says that he can't open the room, by a snapshot read after
    /// `following`. Not if he was added since: his inbox has told him so by now, and he would wipe
    /// the room that he was just given.
    pub fn send_away(
        &self,
        following: &Following,
        connection: &Connection,
        gone: Bytes,
    ) -> Attached {
        let seats = following.seats.lock();
        let added = |one: &Arc<Framed>| {
            matches!(&one.live.entry.change, Change::Added { members, .. }
                if members.iter().any(|it| it.user == connection.user))
        };
        if seats.applied_after(following.applied).is_none_or(|since| since.iter().any(added)) {
            return Attached::Again;
        }
        match connection.wire.push(gone) {
            Delivered::Slow | Delivered::Closed => Attached::Closed,
            Delivered::Written | Delivered::Waiting | Delivered::Stale => Attached::Seated,
        }
    }

    /// Steps 3 and 4: sits down with a view that was opened in a snapshot read after `following`,
    /// shown up to that snapshot's head; `caught_up` is the frame that brings the client there.
    pub fn attach(
        &self,
        following: &Following,
        connection: &Arc<Connection>,
        sight: &Sight,
        caught_up: &Bytes,
    ) -> Attached {
        let room = following.room;
        let mut seats = following.seats.lock();
        // Said before the look for cuts: of a cut that is applied meanwhile either this finds the
        // number, or the cut finds the seat.
        let is_new = connection.seated.lock().insert(room);
        let attached = self.sit(&mut seats, connection, sight, caught_up);
        if attached != Attached::Seated && is_new {
            connection.seated.lock().remove(&room);
        }
        attached
    }

    fn sit(
        &self,
        seats: &mut Seats,
        connection: &Arc<Connection>,
        sight: &Sight,
        caught_up: &Bytes,
    ) -> Attached {
        let rechecked = !mutants::is(Mutant::AttachNotRechecked);
        if rechecked && self.is_cut_since(&sight.permit, connection.company, sight.room.owner) {
            return Attached::Again;
        }
        let Some(missed) = seats.since(sight.view.shown()) else {
            return Attached::Again;
        };
        if rechecked && missed.iter().any(|one| sight.view.ends_with(&one.live.entry.change)) {
            return Attached::Again;
        }
        // R11: nor would it stay a view that shows anything.
        if missed.iter().any(|one| View::turns_stale_with(&one.live.entry.change)) {
            return Attached::Again;
        }
        let mut tag = Tag::from(&sight.permit);
        if !rechecked {
            // What the wire compares has to be as blind as what is compared here.
            tag = tag.admitted(seats.applied());
        }
        let gone = Otherwise::Room(sight.view.room(), encode::gone);
        match connection.wire.page(tag, caught_up.clone(), gone) {
            Delivered::Written | Delivered::Waiting => {}
            Delivered::Stale => return Attached::Again,
            Delivered::Slow | Delivered::Closed => return Attached::Closed,
        }
        let mut seat = seat(connection, sight.view.clone(), sight);
        match seat.deliver(&missed, &gathered(&missed)) {
            Kept::Seated => {
                seats.take(seat);
                Attached::Seated
            }
            Kept::Lost => Attached::Closed,
            Kept::Ended | Kept::Behind => Attached::Again,
        }
    }

    /// Whether a cut that concerns this view is newer than its snapshot.
    fn is_cut_since(&self, permit: &Permit, company: CompanyId, owner: CompanyId) -> bool {
        let subjects =
            [Subject::Person(permit.user()), Subject::Company(company), Subject::Company(owner)];
        subjects.iter().any(|subject| {
            self.cuts.get(subject).is_some_and(|newest| *newest.value() > permit.cut())
        })
    }
}

fn seat(connection: &Arc<Connection>, view: View, sight: &Sight) -> Seat {
    Seat {
        connection: Arc::clone(connection),
        view,
        tag: Tag::from(&sight.permit),
        owner: sight.room.owner,
        external_marks: sight.external_marks,
    }
}

fn gathered(missed: &[Arc<Framed>]) -> Bytes {
    let mut bytes = BytesMut::new();
    for one in missed {
        bytes.extend_from_slice(&one.frame);
    }
    bytes.freeze()
}
