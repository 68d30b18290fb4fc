//! How a device stands to one room.

use super::kept::Kept;
use crosstalk_protocol::words::RoomKind;

/// How far the following of a room has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum State {
    /// It is to be resumed.
    #[default]
    Wanted,
    /// A resume is under way.
    Asked,
    /// Its entries come as they happen.
    Live,
    /// It could not be reached; to be tried again after a while.
    Unavailable,
}

/// One room of a device.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// What is kept of it; nothing before the first visit.
    pub(super) kept: Option<Kept>,
    /// How far the following has come.
    pub(super) state: State,
    /// Its kind, where it was told.
    pub(super) kind: Option<RoomKind>,
    /// He was added again while a resume was under way: what it answers may be older.
    pub(super) again: bool,
    /// It was wiped while a resume was under way: nothing of it but the answer to that may come.
    pub(super) wiped: bool,
}
