//! What is told and never kept: typing, and read marks as they move. It passes the same seats and
//! tags as content, so who is cut off gets none of it.

use super::Hub;
use super::connection::Connection;
use super::encode;
use super::seats::Seat;
use crate::hints::{Says, Sign};
use bytes::Bytes;
use crosstalk_protocol::ids::RoomId;
use crosstalk_protocol::push::{Push, ReadMark, TypingSign};
use crosstalk_protocol::words::Feature;

impl Hub {
    /// Tells the others in a room that this person is typing, if he has a seat there.
    pub fn typing(&self, connection: &Connection, room: RoomId) {
        self.give(connection, room, Says::Typing);
    }

    /// Tells the others how far this person has read, if he has a seat there. People of other companies
    /// are told where both companies show it (`external`: his does).
    pub fn read(&self, connection: &Connection, mark: &ReadMark, external: bool) {
        self.give(connection, mark.room, Says::Read { seq: mark.seq, external });
    }

    fn give(&self, connection: &Connection, room: RoomId, says: Says) {
        let has_seat = self.seats(room).is_some_and(|seats| {
            let seats = seats.lock();
            seats.seat_of(connection.user, connection.number).is_some_and(has_messages)
        });
        if !has_seat {
            return;
        }
        let sign = Sign { room, user: connection.user, company: connection.company, says };
        self.pass_on(&sign);
        if let Some(hints) = &self.hints {
            hints.tell(sign);
        }
    }

    /// Tells the others who have a seat here of a sign, wherever it was given.
    pub fn pass_on(&self, sign: &Sign) {
        let Some(seats) = self.seats(sign.room) else {
            return;
        };
        let frame = frame(sign);
        for seat in seats.lock().iter() {
            if seat.connection.user != sign.user && has_messages(seat) && may_know(seat, sign) {
                // Lost if the connection is closing: it is never kept anyway.
                let _delivered = seat.connection.wire.deliver(seat.tag, &frame);
            }
        }
    }
}

fn has_messages(seat: &Seat) -> bool {
    !seat.view.hidden().has(Feature::Message)
}

fn may_know(seat: &Seat, sign: &Sign) -> bool {
    match sign.says {
        Says::Typing => true,
        Says::Read { external, .. } => {
            sign.company == seat.connection.company || (external && seat.external_marks)
        }
    }
}

fn frame(sign: &Sign) -> Bytes {
    let Sign { room, user, says, .. } = *sign;
    encode::push(&match says {
        Says::Typing => Push::Typing(TypingSign { room, user }),
        Says::Read { seq, .. } => Push::Read(ReadMark { room, user, seq }),
    })
}
