//! Writing what is already so: removals of members whose access has ended, and what follows.

use super::decide::Draft;
use super::facts::Facts;
use super::room::{Entry, Room};
use crate::mutants::{self, Mutant};
use crosstalk_protocol::entry::{Change, ENTRY_PEOPLE_MAX};
use crosstalk_protocol::ids::UserId;
use crosstalk_protocol::words::{Cause, RoomKind};

/// The entries that a room owes (R19, R20, R33), folded into it: `removed` for members whose stint
/// access has ended, the succession of the Group Master, the end of a general room without users.
/// An append that decides governance writes these first, so a decision never meets a member who is
/// none. `facts` hold every member.
pub fn settle(room: &mut Room, facts: &Facts) -> Vec<Draft> {
    if mutants::is(Mutant::SettleOff) {
        return Vec::new();
    }
    let ended: Vec<UserId> =
        room.members.keys().filter(|user| room.member(**user, facts).is_none()).copied().collect();
    let mut drafts = remove(room, &ended, Cause::Administrator);
    drafts.extend(succeed(room));
    drafts.extend(close_if_empty(room));
    drafts
}

/// `removed` entries for these members, at most 500 people each, folded in.
pub(super) fn remove(room: &mut Room, users: &[UserId], cause: Cause) -> Vec<Draft> {
    let changes = users
        .chunks(ENTRY_PEOPLE_MAX)
        .map(|users| Draft::by_rule(Change::Removed { users: users.to_vec(), cause }));
    fold(room, changes.collect())
}

/// R20: without a Group Master, the member of the owner company with the lowest current stint,
/// then the lowest id, succeeds.
pub(super) fn succeed(room: &mut Room) -> Vec<Draft> {
    if room.kind != RoomKind::Group || room.deleted || !room.masters.is_empty() {
        return Vec::new();
    }
    let of_owner = room.users().filter(|(_, member)| member.company == room.owner);
    let successor = of_owner.min_by_key(|(user, member)| (member.stint, **user));
    let appointed = successor.map(|(user, _)| vec![*user]);
    let change = appointed.map(|appointed| Change::Masters { appointed, dismissed: Vec::new() });
    fold(room, change.into_iter().map(Draft::by_rule).collect())
}

/// R33: when the last user has left a general room, its guests are removed and it is purged.
pub(super) fn close_if_empty(room: &mut Room) -> Vec<Draft> {
    let general = room.kind != RoomKind::Group;
    if !general || room.deleted || room.head.0 == 0 || room.users().next().is_some() {
        return Vec::new();
    }
    let guests: Vec<UserId> = room.members.keys().copied().collect();
    let mut drafts = remove(room, &guests, Cause::Administrator);
    drafts.extend(fold(room, vec![Draft::by_rule(Change::Deleted)]));
    drafts
}

/// Applies drafts to the room they were made for, so that the next ones see them.
pub(super) fn fold(room: &mut Room, drafts: Vec<Draft>) -> Vec<Draft> {
    for draft in &drafts {
        let entry = Entry {
            seq: room.head.next(),
            time: super::facts::Time(0),
            tag: 0,
            author: draft.author,
            change: draft.change.clone(),
            access: draft.access.clone(),
        };
        room.apply(&entry);
    }
    drafts
}
