//! Applying a commit: first whom it cuts off, then what it shows.

use super::Hub;
use super::connection::Connection;
use super::encode::{self, Framed};
use super::seats::{Kept, Seat, Seats};
use crate::authority::Subject;
use crate::mutants::{self, Mutant};
use crate::timeline::{Committed, Cut, Live, Noticed, Reach};
use bytes::{Bytes, BytesMut};
use crosstalk_protocol::code::CloseCode;
use crosstalk_protocol::entry::Change;
use crosstalk_protocol::ids::{CompanyId, RoomId, Seq, UserId};
use crosstalk_protocol::push::NoticeKind;
use parking_lot::Mutex;
use std::sync::Arc;

impl Hub {
    /// Applies one commit whole, and confirms.
    pub(super) fn apply(&self, committed: Committed) {
        let Committed { mut entries, cuts, notices, issuers: _, anew, confirm } = committed;
        let confirm = if mutants::is(Mutant::ConfirmedFirst) {
            confirm.confirm();
            None
        } else {
            Some(confirm)
        };
        if anew {
            self.send_everyone_away();
        }
        // Order is promised within a room only: its entries gather in one write a seat.
        entries.sort_by_key(|live| live.room);
        for cut in &cuts {
            self.apply_cut(*cut);
        }
        for of_room in entries.chunk_by(|one, next| one.room == next.room) {
            if let Some(first) = of_room.first() {
                self.apply_entries(first.room, of_room, &notices);
            }
        }
        for noticed in &notices {
            self.tell(noticed);
        }
        if let Some(confirm) = confirm {
            confirm.confirm();
        }
    }

    fn tell(&self, noticed: &Noticed) {
        let connections = self.connections_of(noticed.inbox);
        if connections.is_empty() {
            return;
        }
        let frame = encode::notice(noticed, &self.inboxes);
        for connection in connections {
            // Whoever is closed finds it in his inbox when he comes back.
            let _delivered = connection.wire.notice(frame.clone());
        }
    }

    /// Entries of one room, in order. A run of entries that cut nobody off is one write a seat.
    fn apply_entries(&self, room: RoomId, entries: &[Live], notices: &[Noticed]) {
        for entry in entries {
            self.cut_off(room, entry, notices);
        }
        let Some(seats) = self.seats(room) else {
            return;
        };
        let framed: Vec<Arc<Framed>> =
            entries.iter().cloned().map(|live| Arc::new(Framed::of(live))).collect();
        let gathered = gather(&framed);
        let lost = {
            let mut seats = seats.lock();
            seats.note(&framed, self.limits.ring_entries_max);
            seats.deliver(&framed, &gathered)
        };
        for (seat, kept) in lost {
            seat.connection.seated.lock().remove(&room);
            if kept == Kept::Behind {
                seat.tell_behind(room);
            }
        }
        drop(seats);
        self.forget_if_idle(room);
    }

    /// P1, P2: before anybody is told, those whom an entry cuts off lose their seats, and every
    /// frame of the room that waits on any connection of theirs.
    fn cut_off(&self, room: RoomId, live: &Live, notices: &[Noticed]) {
        match &live.entry.change {
            Change::Removed { users, .. } => {
                for user in users {
                    self.narrow(room, *user, live.entry.seq);
                }
            }
            Change::Deleted => {
                for user in notices.iter().filter_map(|noticed| told_deleted(noticed, room)) {
                    self.narrow(room, user, live.entry.seq);
                }
            }
            Change::Opened { .. }
            | Change::Created { .. }
            | Change::Converted { .. }
            | Change::Added { .. }
            | Change::Masters { .. }
            | Change::Settings { .. }
            | Change::Handed { .. }
            | Change::Posted { .. }
            | Change::Edited { .. }
            | Change::Unsent { .. }
            | Change::Reacted { .. }
            | Change::Pinned { .. } => {}
        }
    }

    fn narrow(&self, room: RoomId, user: UserId, at: Seq) {
        let seats = self.seats(room);
        for connection in self.connections_of(Subject::Person(user)) {
            connection.seated.lock().remove(&room);
            if let Some(seats) = &seats {
                seats.lock().leave(connection.number);
            }
            let _narrowed = connection.wire.narrow(room, at);
        }
    }

    /// R19: all seats that a cut reaches end at once, before the job has written one removal.
    /// Nothing that waits for anybody is written any more, of no room; they come back to what is so.
    fn send_everyone_away(&self) {
        for connection in self.everyone() {
            let _narrowed = connection.wire.cut(u64::MAX, false);
            connection.wire.close(CloseCode::Isolated, 0);
            self.disconnect(&connection);
        }
    }

    fn apply_cut(&self, cut: Cut) {
        self.cuts.insert(cut.subject, cut.number);
        match cut.reach {
            Reach::Outside | Reach::Whole => {
                for connection in self.connections_of(cut.subject) {
                    self.cut_connection(&connection, cut);
                    if cut.reach == Reach::Whole {
                        // A company's end revokes nobody's sign-ins by name, and ends them all.
                        connection.wire.close(CloseCode::Revoked, 0);
                        self.disconnect(&connection);
                    }
                }
            }
            Reach::Relock => self.relock(cut.subject),
            Reach::SignIns => {
                for connection in self.connections_of(cut.subject) {
                    let _narrowed = connection.wire.cut(cut.number, false);
                    connection.wire.close(CloseCode::Revoked, 0);
                    self.disconnect(&connection);
                }
            }
        }
    }

    fn cut_connection(&self, connection: &Connection, cut: Cut) {
        let outside_only = cut.reach == Reach::Outside;
        let seated: Vec<RoomId> = connection.seated.lock().iter().copied().collect();
        for room in seated {
            let ends = |seat: &Seat| {
                seat.connection.number == connection.number
                    && (!outside_only || seat.view.is_outside())
            };
            let ended = self.seats(room).is_some_and(|seats| !seats.lock().evict(ends).is_empty());
            if ended {
                connection.seated.lock().remove(&room);
                self.forget_if_idle(room);
            }
        }
        let _narrowed = connection.wire.cut(cut.number, outside_only);
    }

    /// R11: a company's disabled features have changed: seats of its people, and all seats in its
    /// groups, open their views anew.
    fn relock(&self, subject: Subject) {
        let Subject::Company(company) = subject else {
            return;
        };
        let rooms: Vec<(RoomId, Arc<Mutex<Seats>>)> =
            self.rooms.iter().map(|entry| (*entry.key(), Arc::clone(entry.value()))).collect();
        for (room, seats) in rooms {
            let bound = |seat: &Seat| is_bound(seat, company);
            for seat in seats.lock().evict(bound) {
                seat.connection.seated.lock().remove(&room);
                seat.tell_behind(room);
            }
        }
    }
}

fn is_bound(seat: &Seat, company: CompanyId) -> bool {
    seat.owner == company || seat.connection.company == company
}

fn told_deleted(noticed: &Noticed, room: RoomId) -> Option<UserId> {
    match (&noticed.notice, noticed.inbox) {
        (NoticeKind::Deleted { room: gone }, Subject::Person(user)) if *gone == room => Some(user),
        _ => None,
    }
}

/// The frames of a run of entries in one buffer: one entry's are shared as they are.
fn gather(framed: &[Arc<Framed>]) -> Bytes {
    if let [only] = framed {
        return only.frame.clone();
    }
    let mut gathered = BytesMut::with_capacity(framed.iter().map(|one| one.frame.len()).sum());
    for one in framed {
        gathered.extend_from_slice(&one.frame);
    }
    gathered.freeze()
}
