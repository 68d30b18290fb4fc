//! What was asked for, what was acknowledged, and what each leaves in a timeline.

use super::dice::Dice;
use crosstalk_protocol::answer::{Accepted, Answer};
use crosstalk_protocol::entry::{Change, Entry};
use crosstalk_protocol::ids::{OperationId, RoomId, Seq, UserId};
use crosstalk_protocol::request::Request;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

/// What an operation leaves in its room's timeline, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Trace {
    Created,
    Posted(OperationId),
    Edited(Seq),
    Unsent(Seq),
    Reacted(Seq),
    Removed(UserId),
    Deleted,
}

impl Trace {
    /// What this entry is the trace of.
    #[expect(clippy::wildcard_enum_match_arm, reason = "nobody here does anything else")]
    pub(super) fn of(entry: &Entry) -> Self {
        match &entry.change {
            Change::Created { .. } => Self::Created,
            Change::Posted { operation, .. } => Self::Posted(*operation),
            Change::Edited { target } => Self::Edited(*target),
            Change::Unsent { target } => Self::Unsent(*target),
            Change::Reacted { target, on: true } => Self::Reacted(*target),
            Change::Removed { users, .. } => Self::Removed(users[0]),
            other => panic!("nobody asked for {other:?}"),
        }
    }
}

/// One thing that somebody asked for.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) by: UserId,
    /// The room; of a creation its answer tells it.
    pub(super) room: Option<RoomId>,
    pub(super) request: Request,
    pub(super) trace: Trace,
    /// What is written with it: a text, or a group's name.
    pub(super) text: String,
    /// What it was acknowledged with.
    pub(super) answer: Option<Accepted>,
    /// Before which kill it was asked for.
    pub(super) round: u64,
}

/// Everything that was asked for, in order, and what was acknowledged or shown of it.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) round: u64,
    pub(super) attempts: Vec<Attempt>,
    by_room: HashMap<RoomId, Vec<usize>>,
    /// Acknowledged messages that their author has done nothing with yet.
    mine: HashMap<UserId, Vec<(RoomId, Seq)>>,
    /// The highest acknowledged place of a room.
    heads: HashMap<RoomId, Seq>,
    /// Read marks at least so far: acknowledged, or moved by an own message.
    pub(super) marks: HashMap<(UserId, RoomId), Seq>,
    /// What a member was shown live.
    pub(super) shown: BTreeMap<(RoomId, Seq), Trace>,
}

impl Ledger {
    /// Notes that this is asked for; its number.
    pub(super) fn asked(&mut self, attempt: Attempt) -> usize {
        let number = self.attempts.len();
        if let Some(room) = attempt.room {
            self.by_room.entry(room).or_default().push(number);
        }
        self.attempts.push(Attempt { round: self.round, ..attempt });
        number
    }

    /// A message of his own that nobody has touched, for his next deed.
    pub(super) fn own_message(&mut self, author: UserId) -> Option<(RoomId, Seq)> {
        self.mine.get_mut(&author)?.pop()
    }

    /// How far the room is known to be.
    pub(super) fn head(&self, room: RoomId) -> Option<Seq> {
        self.heads.get(&room).copied()
    }

    /// R29: notes an acknowledgement; a later one of the same operation says the same.
    pub(super) fn answered(&mut self, number: usize, answer: Answer) {
        let attempt = &mut self.attempts[number];
        let Answer::Accepted(accepted) = answer else {
            panic!("{attempt:?} was answered {answer:?}")
        };
        if let Some(first) = &attempt.answer {
            assert_eq!(*first, accepted, "the same operation, another answer: {attempt:?}");
            return;
        }
        let (room, seq) = (accepted.room, accepted.seq);
        assert!(attempt.room.is_none_or(|asked| asked == room), "{attempt:?}: {accepted:?}");
        if attempt.room.replace(room).is_none() {
            self.by_room.entry(room).or_default().push(number);
        }
        attempt.answer = Some(accepted);
        let head = self.heads.entry(room).or_default();
        *head = seq.max(*head);
        if matches!(attempt.trace, Trace::Posted(_)) {
            self.mine.entry(attempt.by).or_default().push((room, seq));
            let by = attempt.by;
            self.marked(by, room, seq);
        }
    }

    /// Notes that somebody's mark is at this place at least.
    pub(super) fn marked(&mut self, user: UserId, room: RoomId, seq: Seq) {
        let mark = self.marks.entry((user, room)).or_default();
        *mark = seq.max(*mark);
    }

    /// Notes what a member was shown.
    pub(super) fn was_shown(&mut self, entry: &Entry) {
        let (place, trace) = ((entry.room, entry.seq), Trace::of(entry));
        let before = self.shown.insert(place, trace);
        assert!(before.is_none_or(|before| before == trace), "{place:?}: {before:?}, {trace:?}");
    }

    /// What of a person's was not answered, and some of his latest that was. The creation of what
    /// was deleted is not among it: to its own creator it never was (R21).
    pub(super) fn to_be_asked_again(&self, by: UserId, some: usize, dice: &mut Dice) -> Vec<usize> {
        let his = (0..self.attempts.len()).filter(|number| self.attempts[*number].by == by);
        let his = his.filter(|number| {
            let attempt = &self.attempts[*number];
            attempt.trace != Trace::Created || self.deletion_of(attempt.room).is_none()
        });
        let (answered, mut again): (Vec<_>, Vec<_>) =
            his.partition(|number| self.attempts[*number].answer.is_some());
        let latest = answered.len().min(20 * some);
        for _ in 0..some.min(latest) {
            again.push(answered[answered.len() - 1 - dice.below(latest)]);
        }
        again
    }

    /// The attempt to delete a room, if there was one.
    pub(super) fn deletion_of(&self, room: Option<RoomId>) -> Option<&Attempt> {
        self.of_room(room?).find(|attempt| attempt.trace == Trace::Deleted)
    }

    /// The attempts of a room.
    pub(super) fn of_room(&self, room: RoomId) -> impl Iterator<Item = &Attempt> {
        let of_room = self.by_room.get(&room);
        of_room.into_iter().flatten().map(|number| &self.attempts[*number])
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let here = self.attempts.iter().filter(|attempt| attempt.round == self.round).count();
        let all = self.attempts.len();
        write!(f, "{here} operations, {all} in all, each there once")
    }
}
