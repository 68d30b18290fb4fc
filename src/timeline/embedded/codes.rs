//! How the closed sets of words, and places, look as integers.

use crate::authority::Subject;
use crate::timeline::Reach;
use crosstalk_protocol::entry::Change;
use crosstalk_protocol::ids::Seq;
use crosstalk_protocol::words::{Features, GroupCreation, HistoryVisibility, RoomKind};

/// A result of SQLite's.
pub(super) type Sql<T> = crate::sql::Result<T>;

const SEQ_BITS: u32 = 40;
const SEQ_MASK: i64 = (1 << SEQ_BITS) - 1;
/// A room's number must leave the place a positive integer.
pub(super) const ROOM_NUMBER_MAX: i64 = (1 << 23) - 1;

/// A room's seat in the one order of places.
pub(super) const fn place(room: i64, seq: Seq) -> i64 {
    (room << SEQ_BITS) | seq.0.cast_signed()
}

/// The last place that a room can have.
pub(super) const fn last_place(room: i64) -> i64 {
    (room << SEQ_BITS) | SEQ_MASK
}

/// The seq of a place.
pub(super) const fn seq_of(place: i64) -> Seq {
    Seq((place & SEQ_MASK).cast_unsigned())
}

/// The seq of a column.
pub(super) const fn seq(column: i64) -> Seq {
    Seq(column.cast_unsigned())
}

pub(super) const fn kind_code(kind: RoomKind) -> i64 {
    match kind {
        RoomKind::Internal => 0,
        RoomKind::Shared => 1,
        RoomKind::Group => 2,
    }
}

pub(super) const fn kind_of(code: i64) -> RoomKind {
    match code {
        0 => RoomKind::Internal,
        1 => RoomKind::Shared,
        _ => RoomKind::Group,
    }
}

pub(super) const fn history_code(history: HistoryVisibility) -> i64 {
    match history {
        HistoryVisibility::SinceJoined => 0,
        HistoryVisibility::All => 1,
    }
}

/// The stricter one, should the column hold anything else.
pub(super) const fn history_of(code: i64) -> HistoryVisibility {
    match code {
        1 => HistoryVisibility::All,
        _ => HistoryVisibility::SinceJoined,
    }
}

pub(super) const fn creation_code(creation: GroupCreation) -> i64 {
    match creation {
        GroupCreation::Administrators => 0,
        GroupCreation::AlsoMembers => 1,
    }
}

pub(super) const fn creation_of(code: i64) -> GroupCreation {
    match code {
        1 => GroupCreation::AlsoMembers,
        _ => GroupCreation::Administrators,
    }
}

pub(super) fn features_of(code: i64) -> Features {
    Features::of_bits(u8::try_from(code).unwrap_or_default())
}

pub(super) const fn reach_code(reach: Reach) -> i64 {
    match reach {
        Reach::Outside => 0,
        Reach::Whole => 1,
        Reach::Relock => 2,
        Reach::SignIns => 3,
    }
}

impl Reach {
    /// The reach that a column says.
    pub(super) fn of_code(code: i64) -> Option<Self> {
        [Self::Outside, Self::Whole, Self::Relock, Self::SignIns]
            .get(usize::try_from(code).ok()?)
            .copied()
    }
}

/// Whose inbox, cut or job: persons have even numbers, companies odd ones.
pub(super) const fn owner_code(subject: Subject, number: i64) -> i64 {
    match subject {
        Subject::Person(_) => number << 1,
        Subject::Company(_) => (number << 1) | 1,
    }
}

pub(super) const POSTED: i64 = 10;
pub(super) const EDITED: i64 = 11;
const UNSENT: i64 = 12;
pub(super) const REACTED: i64 = 13;
pub(super) const REACTION_TAKEN_BACK: i64 = 14;
const PINNED: i64 = 15;
const UNPINNED: i64 = 16;

/// The kind of an entry, as its column says it.
pub(super) const fn change_code(change: &Change) -> i64 {
    match change {
        Change::Opened { .. } => 1,
        Change::Created { .. } => 2,
        Change::Converted { .. } => 3,
        Change::Added { .. } => 4,
        Change::Removed { .. } => 5,
        Change::Masters { .. } => 6,
        Change::Settings { .. } => 7,
        Change::Handed { .. } => 8,
        Change::Deleted => 9,
        Change::Posted { .. } => POSTED,
        Change::Edited { .. } => EDITED,
        Change::Unsent { .. } => UNSENT,
        Change::Reacted { on: true, .. } => REACTED,
        Change::Reacted { on: false, .. } => REACTION_TAKEN_BACK,
        Change::Pinned { on: true, .. } => PINNED,
        Change::Pinned { on: false, .. } => UNPINNED,
    }
}

/// The message that a talk's entry is about, but for a reply, which only points at it.
#[expect(clippy::wildcard_enum_match_arm, reason = "all others have none")]
pub(super) const fn target_of(change: &Change) -> Option<Seq> {
    match change {
        Change::Edited { target }
        | Change::Unsent { target }
        | Change::Reacted { target, .. }
        | Change::Pinned { target, .. } => Some(*target),
        _ => None,
    }
}

/// The change of a kind that says it all together with its target.
pub(super) const fn brief_change(kind: i64, target: Seq) -> Option<Change> {
    match kind {
        EDITED => Some(Change::Edited { target }),
        UNSENT => Some(Change::Unsent { target }),
        REACTED => Some(Change::Reacted { target, on: true }),
        REACTION_TAKEN_BACK => Some(Change::Reacted { target, on: false }),
        PINNED => Some(Change::Pinned { target, on: true }),
        UNPINNED => Some(Change::Pinned { target, on: false }),
        _ => None,
    }
}
