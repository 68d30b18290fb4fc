//! Catching up with rooms and sitting down in them.

use super::Services;
use super::running::Connected;
use crate::authority::{At, Refusal};
use crate::hub::{Attached, Following, gone};
use crate::timeline::{Error, Place, Sight, Want};
use crate::wire::{Delivered, Otherwise, Tag, frame};
use bytes::Bytes;
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::ids::Seq;
use crosstalk_protocol::push::{Gone, Push};
use crosstalk_protocol::request::Cursor;

/// How often a room is read again because something narrowed the view meanwhile. Each time means a
/// removal, cut or lock within milliseconds; a room where that goes on is tried again by the client.
const TRIES: usize = 8;

/// A cursor that no store ever gave: what can't be read as one is treated as of another epoch.
const NOWHERE: At = At { epoch: 0, seq: Seq::ZERO, tag: 0 };

/// Whether so many rooms may be asked for at once.
pub(super) fn check(services: &Services, rooms: &[Cursor]) -> Result<(), Refusal> {
    let fits = rooms.len() <= services.limits.resume_rooms;
    if fits { Ok(()) } else { Err(Refusal::about(RefusalCode::TooLong, "rooms")) }
}

/// Rooms that have to be looked at once more.
#[derive(Default)]
struct Left {
    /// Those that he may open.
    seen: Vec<Place>,
    /// Those that he could not open the last time.
    away: Vec<Place>,
}

/// Brings the device up to now in these rooms: a push for each, and a seat where nothing more is
/// missing.
pub(super) async fn run(connected: &Connected, rooms: Vec<Cursor>) {
    let mut left = Left { seen: rooms.iter().map(place).collect(), away: Vec::new() };
    for _ in 0..TRIES {
        left.seen.append(&mut left.away);
        if left.seen.is_empty() {
            return;
        }
        match look(connected, left.seen).await {
            Some(rest) => left = rest,
            None => return,
        }
    }
    // R16: how busy a room is that he can't open must not show.
    left.away.iter().for_each(|place| push(connected, gone(place.room)));
    if !left.seen.is_empty() {
        tracing::warn!(rooms = left.seen.len(), tries = TRIES, "rooms could not be caught up with");
    }
    tell_unavailable(connected, &left.seen);
}

/// Looks at each room once. `None` where there is nothing more to be done.
async fn look(connected: &Connected, places: Vec<Place>) -> Option<Left> {
    let hub = &connected.services.hub;
    let followed: Vec<Following> = places.iter().map(|place| hub.following(place.room)).collect();
    let want = Want::Resume(places.clone());
    let read = match connected.services.rooms.read(connected.connection.user, want).await {
        Ok(read) => read,
        Err(error) => {
            tracing::warn!(%error, "rooms could not be caught up with");
            tell_unavailable(connected, &places);
            return None;
        }
    };
    let mut left = Left::default();
    for ((place, following), (room, sight)) in places.into_iter().zip(&followed).zip(read.rooms) {
        let Ok(sight) = sight else {
            match hub.send_away(following, &connected.connection, gone(room)) {
                Attached::Seated => {}
                Attached::Again => left.away.push(place),
                Attached::Closed => return None,
            }
            continue;
        };
        match show(connected, following, &sight).await {
            Ok(Attached::Seated) => {}
            Ok(Attached::Again) => left.seen.push(place),
            Ok(Attached::Closed) => return None,
            Err(error) => {
                // Deleted meanwhile, its key is gone, and the next look says so.
                tracing::debug!(room.id = %room, %error, "a room could not be opened");
                left.seen.push(place);
            }
        }
    }
    Some(left)
}

fn place(cursor: &Cursor) -> Place {
    let at = cursor.at.as_deref().map(|at| At::decode(at).unwrap_or(NOWHERE));
    Place { room: cursor.room, stint: cursor.stint, at }
}

/// Shows what was missed, and sits down if that was all.
async fn show(
    connected: &Connected,
    following: &Following,
    sight: &Sight,
) -> Result<Attached, Error> {
    let caught_up = connected.services.rooms.caught_up(sight).await?;
    let is_all = !caught_up.more;
    let frame = encoded(&Push::CaughtUp(caught_up));
    if is_all {
        return Ok(connected.services.hub.attach(following, &connected.connection, sight, &frame));
    }
    // Not at the end: no seat yet, the client resumes from here.
    let (tag, room) = (Tag::from(&sight.permit), sight.view.room());
    Ok(match connected.connection.wire.page(tag, frame, Otherwise::Room(room, gone)) {
        Delivered::Written | Delivered::Waiting => Attached::Seated,
        Delivered::Stale => Attached::Again,
        Delivered::Slow | Delivered::Closed => Attached::Closed,
    })
}

fn tell_unavailable(connected: &Connected, places: &[Place]) {
    for place in places {
        push(connected, encoded(&Push::Unavailable(Gone { room: place.room })));
    }
}

fn encoded(push: &Push) -> Bytes {
    // Serialising our own types fails only for maps with foreign keys, which they have none of.
    frame::json(push).unwrap_or_default()
}

fn push(connected: &Connected, frame: Bytes) {
    let _delivered = connected.connection.wire.push(frame);
}
