//! What others may know of what is kept.

use super::{Kept, Message};
use crosstalk_protocol::entry::{Change, Content, Entry};
use crosstalk_protocol::ids::{RoomId, Seq, UserId};
use crosstalk_protocol::words::RoomKind;

impl Kept {
    /// The room.
    pub fn room(&self) -> RoomId {
        self.room
    }

    /// The stint under which it is seen.
    pub fn stint(&self) -> Seq {
        self.stint
    }

    /// The last place told, opaque.
    pub fn at(&self) -> &str {
        &self.at
    }

    /// The first place told; what may be seen of those before it is read by pages.
    pub fn first(&self) -> Seq {
        self.first
    }

    /// The last place told.
    pub fn through(&self) -> Seq {
        self.through
    }

    /// The entry of a place.
    pub fn at_place(&self, seq: Seq) -> Option<&Entry> {
        self.entries.get(&seq)
    }

    /// All entries, in order.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.values()
    }

    /// Whether the place was told as one that may not be seen.
    pub fn is_passed(&self, seq: Seq) -> bool {
        let range = self.passed.range(..=seq).next_back();
        range.is_some_and(|(_, through)| seq <= *through)
    }

    /// The first place after this one that may not be seen.
    pub fn passed_after(&self, seq: Seq) -> Option<Seq> {
        let next = seq.next();
        let later = || self.passed.range(next..).next().map(|(from, _)| *from);
        if self.is_passed(next) { Some(next) } else { later() }
    }

    /// The messages that stand, in order.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = Message<'_>> {
        self.entries.values().filter_map(|entry| {
            let posted = matches!(entry.change, Change::Posted { .. });
            let text = entry.content.as_ref().filter(|_| posted)?.text.as_deref()?;
            let Entry { seq, author, version, .. } = *entry;
            Some(Message { seq, author, text, version })
        })
    }

    /// Who reacted to a message, with what.
    pub fn reactions(&self, target: Seq) -> impl Iterator<Item = (UserId, &str)> {
        let on_it = self.standing.reactions().filter(move |(message, ..)| *message == target);
        on_it.map(|(_, user, emoji)| (*user, emoji.as_str()))
    }

    /// The messages that were pinned in what is kept.
    pub fn pins(&self) -> impl Iterator<Item = Seq> {
        self.standing.pins()
    }

    /// How far somebody has read, as was told.
    pub fn read_by(&self, user: UserId) -> Option<Seq> {
        self.reads.get(&user).copied()
    }

    /// What kind of room it is, if the entries tell.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others do not tell")]
    pub fn kind(&self) -> Option<RoomKind> {
        self.entries.values().rev().find_map(|entry| match entry.change {
            Change::Created { .. } | Change::Converted { .. } => Some(RoomKind::Group),
            Change::Opened { room_kind, .. } => Some(room_kind),
            _ => None,
        })
    }

    /// The room's name, if the entries tell.
    pub fn name(&self) -> Option<&str> {
        self.entries.values().rev().find_map(|entry| {
            let content: Option<&Content> = entry.content.as_ref();
            content.and_then(|content| content.name.as_deref())
        })
    }
}
