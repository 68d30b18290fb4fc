//! What is told and never kept: typing, and read marks as they move. It passes the same seats and
//! tags as content, so who is cut off gets none of it.

use super::Hub;
use super::connection::Connection;
use super::encode;
use super::seats::Seat;
use bytes::Bytes;
use crosstalk_protocol::ids::RoomId;
use crosstalk_protocol::push::{Push, ReadMark, TypingSign};
use crosstalk_protocol::words::Feature;

impl Hub {
    /// Tells the others in a room that this person is typing, if he has a seat there.
    pub fn typing(&self, connection: &Connection, room: RoomId) {
        let sign = TypingSign { room, user: connection.user };
        self.tell_others(connection, room, &encode::push(&Push::Typing(sign)), |_, _| true);
    }

    /// Tells the others how far this person has read. People of other companies are told where
    /// both companies show it (`external`: his does).
    pub fn read(&self, connection: &Connection, mark: ReadMark, external: bool) {
        let room = mark.room;
        let frame = encode::push(&Push::Read(mark));
        self.tell_others(connection, room, &frame, |teller, seat| {
            teller.company == seat.connection.company || (external && seat.external_marks)
        });
    }

    fn tell_others(
        &self,
        teller: &Connection,
        room: RoomId,
        frame: &Bytes,
        may: impl Fn(&Connection, &Seat) -> bool,
    ) {
        let Some(seats) = self.seats(room) else {
            return;
        };
        let seats = seats.lock();
        let off = |seat: &Seat| seat.view.hidden().has(Feature::Message);
        if seats.seat_of(teller.user, teller.number).is_none_or(off) {
            return;
        }
        for seat in seats.iter() {
            if seat.connection.user != teller.user && !off(seat) && may(teller, seat) {
                // Lost if the connection is closing: it is never kept anyway.
                let _delivered = seat.connection.wire.deliver(seat.tag, frame);
            }
        }
    }
}
