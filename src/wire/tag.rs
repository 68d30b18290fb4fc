//! What the wire keeps of a permit, and what makes it stale.

use crate::authority::Permit;
use crosstalk_protocol::ids::{RoomId, Seq};
use std::collections::{HashMap, HashSet};

/// What the wire needs to know of the permit under which room content goes out. It can only be made
/// from a [`Permit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag {
    pub(super) room: RoomId,
    as_of: Seq,
    cut: u64,
    pub(super) outside: bool,
}

impl From<&Permit> for Tag {
    fn from(permit: &Permit) -> Self {
        Self {
            room: permit.room(),
            as_of: permit.as_of(),
            cut: permit.cut(),
            outside: permit.is_outside(),
        }
    }
}

impl Tag {
    /// The same, after the seat's view has admitted all through `seq`, a narrowing of it included:
    /// what narrowed there is then known to the view. It never goes back.
    #[must_use]
    pub fn admitted(self, seq: Seq) -> Self {
        Self { as_of: self.as_of.max(seq), ..self }
    }
}

/// How the person's sight has narrowed while this connection lives: what makes a tag stale. Only
/// comparisons of numbers, so that narrowings may come late, doubled and in any order (P1).
#[derive(Debug, Default)]
pub(super) struct Sight {
    narrowed: HashMap<RoomId, Seq>,
    /// Rooms that have become groups: tags made before still call them internal.
    turned: HashSet<RoomId>,
    whole_cut: u64,
    outside_cut: u64,
}

impl Sight {
    pub(super) fn is_stale(&self, tag: Tag) -> bool {
        tag.cut < self.whole_cut
            || (self.is_outside(tag) && tag.cut < self.outside_cut)
            || self.narrowed.get(&tag.room).is_some_and(|at| tag.as_of < *at)
    }

    fn is_outside(&self, tag: Tag) -> bool {
        tag.outside || self.turned.contains(&tag.room)
    }

    pub(super) fn is_any_stale(&self, tags: &[Tag]) -> bool {
        tags.iter().any(|tag| self.is_stale(*tag))
    }

    /// Notes a narrowing of one room; false when that or a later one was known.
    pub(super) fn narrow(&mut self, room: RoomId, at: Seq) -> bool {
        let known = self.narrowed.entry(room).or_default();
        let is_news = *known < at;
        *known = at.max(*known);
        is_news
    }

    /// Notes a cut of the person or his company; false when that or a later one was known.
    pub(super) fn cut(&mut self, number: u64, outside_only: bool) -> bool {
        let known = if outside_only { &mut self.outside_cut } else { &mut self.whole_cut };
        let is_news = *known < number;
        *known = number.max(*known);
        is_news
    }

    /// Notes that an internal room has become a group (R7): a cut of outside access ends it too.
    pub(super) fn turn_outside(&mut self, room: RoomId) {
        self.turned.insert(room);
    }

    /// How many rooms it remembers.
    pub(super) fn rooms(&self) -> usize {
        self.narrowed.len() + self.turned.len()
    }
}

/// How many rooms are told apart by their last byte; a person talks in few at a time.
const APART_MAX: usize = 16;

/// Up to which byte of the connection each room's content reaches, for those written last. It is
/// bounded: what falls out only counts as content of any room, which errs on the safe side.
#[derive(Debug, Default)]
pub(super) struct Extents {
    apart: Vec<Extent>,
    rest: u64,
}

#[derive(Debug, Clone, Copy)]
struct Extent {
    room: RoomId,
    outside: bool,
    end: u64,
}

impl Extents {
    /// Notes that content of the room reaches up to the byte `end`, the last one written.
    pub(super) fn note(&mut self, tag: Tag, end: u64) {
        if let Some(extent) = self.apart.iter_mut().find(|extent| extent.room == tag.room) {
            extent.end = end;
            // A conversion takes a room outside; what was written before goes with it.
            extent.outside |= tag.outside;
            return;
        }
        if self.apart.len() >= APART_MAX {
            let oldest = self.apart.iter().enumerate().min_by_key(|(_, extent)| extent.end);
            if let Some((place, _)) = oldest {
                self.rest = self.rest.max(self.apart.swap_remove(place).end);
            }
        }
        self.apart.push(Extent { room: tag.room, outside: tag.outside, end });
    }

    /// Notes that an internal room has become a group: what was written of it goes with it.
    pub(super) fn turn_outside(&mut self, room: RoomId) {
        for extent in self.apart.iter_mut().filter(|extent| extent.room == room) {
            extent.outside = true;
        }
    }

    /// Up to which byte content of these rooms may reach; 0 when there is none.
    pub(super) fn end_of(&self, rooms: Rooms) -> u64 {
        let concerned = self.apart.iter().filter(|extent| match rooms {
            Rooms::One(room) => extent.room == room,
            Rooms::Outside => extent.outside,
            Rooms::All => true,
        });
        concerned.map(|extent| extent.end).fold(self.rest, u64::max)
    }
}

/// Which rooms a narrowing concerns.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rooms {
    One(RoomId),
    Outside,
    All,
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn tag(room: u128, as_of: u64, cut: u64, outside: bool) -> Tag {
        Tag { room: RoomId(Uuid::from_u128(room)), as_of: Seq(as_of), cut, outside }
    }

    #[test]
    fn a_tag_is_stale_after_a_narrowing_and_fresh_after_coming_back() {
        // P1: integers decide; neither order nor doubling of narrowings matters.
        let mut sight = Sight::default();
        let room = tag(1, 0, 0, true).room;
        assert!(sight.narrow(room, Seq(9)));
        assert!(!sight.narrow(room, Seq(9)), "doubled");
        assert!(!sight.narrow(room, Seq(4)), "late");
        assert!(sight.is_stale(tag(1, 8, 0, true)));
        assert!(!sight.is_stale(tag(1, 9, 0, true)));
        assert!(!sight.is_stale(tag(1, 8, 0, true).admitted(Seq(9))));
        assert!(!sight.is_stale(tag(2, 1, 0, true)), "another room");
    }

    #[test]
    fn a_cut_of_outside_access_leaves_internal_rooms_alone() {
        // R19
        let mut sight = Sight::default();
        sight.cut(5, true);
        assert!(sight.is_stale(tag(1, 9, 4, true)) && !sight.is_stale(tag(1, 9, 4, false)));
        assert!(!sight.is_stale(tag(1, 9, 5, true)));
        sight.cut(5, false);
        assert!(sight.is_stale(tag(1, 9, 4, false)));
        assert!(sight.is_any_stale(&[tag(1, 9, 5, true), tag(2, 9, 4, true)]));
    }

    #[test]
    fn a_room_that_has_become_a_group_is_cut_with_the_groups() {
        // R7, R19: tags made before the conversion call it internal.
        let mut sight = Sight::default();
        let before = tag(1, 9, 4, false);
        sight.turn_outside(before.room);
        assert!(!sight.is_stale(before), "a conversion cuts nobody off");
        sight.cut(5, true);
        assert!(sight.is_stale(before) && !sight.is_stale(tag(1, 10, 5, true)));
        assert!(!sight.is_stale(tag(2, 9, 4, false)), "another room");
        let mut extents = Extents::default();
        extents.note(before, 100);
        assert_eq!(extents.end_of(Rooms::Outside), 0);
        extents.turn_outside(before.room);
        assert_eq!(extents.end_of(Rooms::Outside), 100);
    }

    #[test]
    fn extents_are_bounded_and_never_say_too_little() {
        // P2
        let mut extents = Extents::default();
        for number in 1..=100u64 {
            extents.note(tag(number.into(), 0, 0, number % 2 == 0), number * 10);
        }
        assert_eq!(extents.apart.len(), APART_MAX);
        for number in 1..=100u64 {
            let room = tag(number.into(), 0, 0, true).room;
            assert!(extents.end_of(Rooms::One(room)) >= number * 10);
        }
        assert_eq!(extents.end_of(Rooms::All), 1000);
        extents.note(tag(99, 0, 0, false), 2000);
        assert_eq!(extents.end_of(Rooms::Outside), 1000);
    }
}
