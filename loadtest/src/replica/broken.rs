//! What a server must never do, as a device notices it.

use crosstalk_protocol::ids::{RoomId, Seq};

/// A promise that the server did not keep.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Places were left out.
    #[error("room {room}: a hole: {expected} was to come, {came} came")]
    Hole {
        /// Where.
        room: RoomId,
        /// The next place.
        expected: Seq,
        /// What came.
        came: Seq,
    },
    /// A place came twice.
    #[error("room {room}: {came} came again: {expected} was to come")]
    Twice {
        /// Where.
        room: RoomId,
        /// The next place.
        expected: Seq,
        /// What came.
        came: Seq,
    },
    /// A range that ends before it begins.
    #[error("room {room}: passed from {from} through {through}")]
    Backwards {
        /// Where.
        room: RoomId,
        /// Its first place.
        from: Seq,
        /// Its last one.
        through: Seq,
    },
    /// Something of a room that is not followed: never added, removed or wiped.
    #[error("room {0}: something came of it, and it is not ours")]
    NotOurs(RoomId),
    /// Something live of a room that is still being caught up with.
    #[error("room {0}: something live came before all that was missed")]
    TooEarly(RoomId),
    /// Caught up, but not to the end.
    #[error("room {room}: caught up to {through} and no more, but its head is {head}")]
    Short {
        /// Where.
        room: RoomId,
        /// How far.
        through: Seq,
        /// Its last place.
        head: Seq,
    },
    /// The stint changed without a reset.
    #[error("room {0}: another stint, and no reset")]
    StintChanged(RoomId),
    /// A room was asked for, and the answer came without a word of it.
    #[error("room {0}: resumed, and nothing was said of it")]
    Unmentioned(RoomId),
    /// It said to go on from a cursor, and there was none.
    #[error("room {0}: goes on from a cursor that nobody gave")]
    NothingToGoOnFrom(RoomId),
}
