//! What a client app keeps of its rooms, folded from what the server pushes, and what it has to ask
//! for next. No I/O: [`crate::Device`] carries it out.
//!
//! It trusts nobody: a place that comes twice, a place that is left out, an entry of a room that it
//! was told to wipe is a [`Broken`] promise, never passed over.

mod broken;
mod fills;
mod kept;
mod notices;
mod pages;
mod state;
#[cfg(test)]
mod tests;

pub use broken::Broken;
pub use kept::{Kept, Message};

use crosstalk_protocol::answer::Welcome;
use crosstalk_protocol::ids::{DeviceId, RoomId, Seq};
use crosstalk_protocol::push::{CaughtUp, Push};
use crosstalk_protocol::request::{Cursor, Hello};
use fills::Fills;
use state::{Place, State};
use std::collections::BTreeMap;

/// Rooms in one `hello` or `resume`.
pub const RESUME_ROOMS_MAX: usize = 100;

/// What is to be asked of the server next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Catch up with these rooms (at most 100).
    Resume(Vec<Cursor>),
    /// Page places that were passed and may be seen now.
    Fill {
        /// Of which room.
        room: RoomId,
        /// Those after this one.
        after: Seq,
    },
    /// List the rooms: nothing is known of them.
    List,
    /// Say that the inbox has been dealt with up to here.
    Acknowledge(String),
}

/// What one device keeps.
#[derive(Debug, Clone)]
pub struct Replica {
    device: DeviceId,
    rooms: BTreeMap<RoomId, Place>,
    inbox: Option<String>,
    acknowledged: Option<String>,
    /// All rooms have been listed.
    listed: bool,
    /// The list has been asked for on this connection.
    listing: bool,
    fills: Fills,
}

impl Replica {
    /// A device that keeps nothing yet.
    pub fn new(device: DeviceId) -> Self {
        Self {
            device,
            rooms: BTreeMap::new(),
            inbox: None,
            acknowledged: None,
            listed: false,
            listing: false,
            fills: Fills::default(),
        }
    }

    /// The device.
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// The first frame of a connection: the first hundred rooms go with it, the others follow as
    /// tasks.
    pub fn hello(&mut self, client: &str) -> Hello {
        self.fills.again();
        self.listing = false;
        // What was wiped is gone with the answer that was to come, unless he was added since.
        self.rooms.retain(|_, place| !place.wiped || place.again);
        for place in self.rooms.values_mut() {
            (place.state, place.wiped) = (State::Wanted, false);
        }
        // `hello` acknowledges the inbox too.
        self.acknowledged.clone_from(&self.inbox);
        Hello {
            device: self.device,
            token: None,
            inbox: self.inbox.clone(),
            rooms: self.wanted(),
            client: Some(client.to_owned()),
        }
    }

    /// What the server says to `hello`.
    pub fn welcome(&mut self, welcome: &Welcome) {
        if welcome.wipe {
            self.rooms.clear();
            self.fills = Fills::default();
            self.inbox = None;
            self.listed = false;
        }
        for notice in &welcome.notices {
            self.notice(notice);
        }
    }

    /// Folds a push in.
    ///
    /// # Errors
    /// [`Broken`] if it does not fit what is kept.
    pub fn push(&mut self, push: &Push) -> Result<(), Broken> {
        match push {
            Push::Entry(entry) => {
                let kept = self.followed(entry.room)?;
                let switched = kept.map_or(Ok(false), |kept| kept.entry(entry))?;
                if switched {
                    self.fill_from(entry.room);
                }
            }
            Push::Passed(passed) => {
                if let Some(kept) = self.followed(passed.room)? {
                    kept.pass(passed)?;
                }
            }
            Push::CaughtUp(page) => self.caught_up(page)?,
            Push::Gone(gone) => self.gone(gone.room),
            Push::Unavailable(gone) => self.set(gone.room, State::Unavailable),
            Push::Behind(gone) => self.set(gone.room, State::Wanted),
            Push::Notice(notice) => self.notice(notice),
            Push::Read(mark) => {
                if let Some(kept) = self.followed(mark.room)? {
                    kept.read(mark);
                }
            }
            Push::Typing(sign) => self.followed(sign.room).map(drop)?,
            Push::Expiring(_) | Push::Closing(_) => {}
        }
        Ok(())
    }

    /// What is to be asked next; each task is given out once. A failed [`Task::Resume`] is given
    /// back by [`Replica::retry`].
    pub fn task(&mut self) -> Option<Task> {
        if let Some(inbox) =
            self.inbox.clone().filter(|inbox| Some(inbox) != self.acknowledged.as_ref())
        {
            self.acknowledged = Some(inbox.clone());
            return Some(Task::Acknowledge(inbox));
        }
        if !self.listed && !self.listing {
            self.listing = true;
            return Some(Task::List);
        }
        let wanted = self.wanted();
        if !wanted.is_empty() {
            return Some(Task::Resume(wanted));
        }
        self.fills.ask().map(|(room, after)| Task::Fill { room, after })
    }

    /// The answer to `resume` has come.
    ///
    /// # Errors
    /// [`Broken::Unmentioned`] if one of the rooms was not told of before it.
    pub fn resumed(&mut self, cursors: &[Cursor]) -> Result<(), Broken> {
        let asked = |room| self.rooms.get(&room).is_some_and(|place| place.state == State::Asked);
        let forgotten = cursors.iter().find(|cursor| asked(cursor.room));
        forgotten.map_or(Ok(()), |cursor| Err(Broken::Unmentioned(cursor.room)))
    }

    /// These could not be resumed: they are wanted still.
    pub fn retry(&mut self, cursors: &[Cursor]) {
        for cursor in cursors {
            if let Some(place) = self.rooms.get_mut(&cursor.room)
                && place.state == State::Asked
            {
                place.state = State::Wanted;
            }
        }
    }

    /// Wants the rooms again that were unavailable. Returns whether there are any.
    pub fn retry_unavailable(&mut self) -> bool {
        let any = self.misses_any();
        for place in self.rooms.values_mut().filter(|place| place.state == State::Unavailable) {
            place.state = State::Wanted;
        }
        any
    }

    /// Whether a room could not be reached at the last attempt.
    pub fn misses_any(&self) -> bool {
        self.rooms.values().any(|place| place.state == State::Unavailable)
    }

    /// Whether a room was asked for and nothing has been said of it yet.
    pub fn is_waiting(&self) -> bool {
        self.rooms.values().any(|place| place.state == State::Asked)
    }

    /// What is kept of a room.
    pub fn room(&self, room: RoomId) -> Option<&Kept> {
        self.rooms.get(&room)?.kept.as_ref()
    }

    /// The rooms that something is kept of.
    pub fn rooms(&self) -> impl Iterator<Item = &Kept> {
        self.rooms.values().filter_map(|place| place.kept.as_ref())
    }

    /// Whether this room is followed live.
    pub fn is_live(&self, room: RoomId) -> bool {
        self.rooms.get(&room).is_some_and(|place| place.state == State::Live)
    }

    fn wanted(&mut self) -> Vec<Cursor> {
        let wanted = self.rooms.iter_mut().filter(|(_, place)| place.state == State::Wanted);
        wanted
            .take(RESUME_ROOMS_MAX)
            .map(|(room, place)| {
                place.state = State::Asked;
                place.again = false;
                let kept = place.kept.as_ref();
                Cursor {
                    room: *room,
                    stint: kept.map(Kept::stint),
                    at: kept.map(|kept| kept.at().to_owned()),
                }
            })
            .collect()
    }

    /// The copy that something live belongs to; `None` where it is about to be fetched anew anyway.
    fn followed(&mut self, room: RoomId) -> Result<Option<&mut Kept>, Broken> {
        let place = self.rooms.get_mut(&room).filter(|place| !place.wiped);
        let place = place.ok_or(Broken::NotOurs(room))?;
        match &mut place.kept {
            Some(_) if place.state != State::Live => Err(Broken::TooEarly(room)),
            kept => Ok(kept.as_mut()),
        }
    }

    fn caught_up(&mut self, page: &CaughtUp) -> Result<(), Broken> {
        let place = self.rooms.get_mut(&page.room).ok_or(Broken::NotOurs(page.room))?;
        let (kept, switched) = match (page.reset, place.kept.take()) {
            (Some(_), _) => (Kept::begin(page)?, false),
            (None, Some(mut kept)) => {
                let switched = kept.go_on(page)?;
                (kept, switched)
            }
            (None, None) => return Err(Broken::NothingToGoOnFrom(page.room)),
        };
        place.kind = kept.kind().or(place.kind);
        place.kept = Some(kept);
        (place.again, place.wiped) = (false, false);
        place.state = if page.more { State::Wanted } else { State::Live };
        if switched {
            self.fill_from(page.room);
        }
        Ok(())
    }

    fn set(&mut self, room: RoomId, state: State) {
        if let Some(place) = self.rooms.get_mut(&room) {
            place.state = state;
        }
    }
}
