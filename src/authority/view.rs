//! What one person may be shown of one room. The enforcement is contiguity: a view admits an entry
//! only after the one before it, so nobody can pass over his own removal (P1).

use super::facts::Standing;
use super::permit::Permit;
use super::refusal::Refusal;
use super::room::{Entry, Member, Room, Stint};
use crosstalk_protocol::entry::Change;
use crosstalk_protocol::ids::{RoomId, Seq, UserId};
use crosstalk_protocol::words::{Features, HistoryVisibility};

/// What is to be done with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Show it.
    Show,
    /// Tell `passed`: the place is his to know, the content is not.
    Passed,
    /// He has passed this place before: nothing.
    Seen,
    /// Entries before it are missing: read them first.
    Gap,
    /// It ends his sight of the room: nothing more, this one included (R16).
    Last,
}

/// A stretch of the timeline, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Period {
    from: Seq,
    through: Seq,
}

impl Period {
    fn covers(self, seq: Seq) -> bool {
        self.from <= seq && seq <= self.through
    }
}

/// What one person may be shown of one room, and how far he has been shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    room: RoomId,
    user: UserId,
    stint: Seq,
    periods: Vec<Period>,
    switched_off: Features,
    disabled: Features,
    outside: bool,
    as_of: Seq,
    shown: Seq,
    stale: bool,
}

impl View {
    /// Opens the view of a person on a room as it stands in one snapshot: `stints` are all of his
    /// there, `disabled` is what his company and (in a group) the owner company have disabled
    /// (R11), `shown` how far he has been shown it; a place after the head is none.
    ///
    /// # Errors
    /// [`Refusal::not_found`] when he is no member whose access holds: unknown, foreign, deleted
    /// and removed-from rooms are one answer (R16).
    pub fn open(
        room: &Room,
        standing: Standing<'_>,
        stints: &[Stint],
        disabled: Features,
        shown: Seq,
    ) -> Result<Self, Refusal> {
        let user = standing.person.id;
        let member = room.member_as(user, standing).ok_or_else(Refusal::not_found)?;
        Ok(Self {
            room: room.id,
            user,
            stint: member.stint,
            periods: periods(stints, member.stint, member.history),
            switched_off: room.features.others(),
            disabled,
            outside: room.kind.is_outside(),
            as_of: room.head,
            shown: shown.min(room.head),
            stale: false,
        })
    }

    /// What is to be done with the next entry. Only contiguous entries are admitted.
    pub fn admit(&mut self, entry: &Entry) -> Admission {
        if entry.seq <= self.shown {
            return Admission::Seen;
        }
        if entry.seq > self.shown.next() {
            return Admission::Gap;
        }
        // What ended an earlier stint of his is past, not his end.
        if entry.seq > self.stint && self.ends_with(&entry.change) {
            return Admission::Last;
        }
        self.shown = entry.seq;
        if entry.seq > self.as_of {
            self.as_of = entry.seq;
            self.turn(&entry.change);
        }
        if self.shows(entry.seq, &entry.change) { Admission::Show } else { Admission::Passed }
    }

    /// Takes in what an entry after the snapshot makes of the features. What came before stands in
    /// the snapshot already: the past is shown by the switches of now (R12).
    #[expect(clippy::wildcard_enum_match_arm, reason = "only these turn features")]
    fn turn(&mut self, change: &Change) {
        match change {
            Change::Settings { switches, .. } => {
                for switch in switches {
                    self.switched_off = self.switched_off.with(switch.feature, !switch.on);
                }
            }
            Change::Converted { features, .. } => {
                self.switched_off = features.others();
                self.outside = true;
                self.stale = true;
            }
            Change::Handed { .. } => self.stale = true,
            _ => {}
        }
    }

    /// Whether the room came to an owner company whose disabled features this view can't know
    /// (R11): it shows no feature until it is opened anew.
    pub fn is_stale(&self) -> bool {
        self.stale
    }

    /// Whether a change of this kind makes a view stale that is open already.
    pub fn turns_stale_with(change: &Change) -> bool {
        matches!(change, Change::Converted { .. } | Change::Handed { .. })
    }

    /// Whether an entry may be shown: it lies in his periods, its feature is on for him (R12), and
    /// the message that it changes may be shown too.
    pub fn shows(&self, seq: Seq, change: &Change) -> bool {
        let off = change.feature().is_some_and(|feature| self.hidden().has(feature));
        let rewrites_hidden = change.rewrites().is_some_and(|target| {
            !self.covers(target) && !crate::mutants::is(crate::mutants::Mutant::EditOfUnseenShown)
        });
        self.covers(seq) && !off && !rewrites_hidden
    }

    /// Whether a place lies in his periods.
    pub fn covers(&self, seq: Seq) -> bool {
        self.periods.iter().any(|period| period.covers(seq))
    }

    /// The features that are off for him (R11, R12).
    pub fn hidden(&self) -> Features {
        if self.stale { Features::ALL } else { self.switched_off.union(self.disabled) }
    }

    /// Whether a change of this kind ends his sight of the room.
    #[expect(clippy::wildcard_enum_match_arm, reason = "only these two end it")]
    pub fn ends_with(&self, change: &Change) -> bool {
        match change {
            Change::Removed { users, .. } => users.contains(&self.user),
            Change::Deleted => true,
            _ => false,
        }
    }

    /// Whether nothing of the room is hidden from him from here on: the room's buffer serves him
    /// as it is. A gap between his stints would hide edits of what was written in it.
    pub fn is_full(&self) -> bool {
        let whole = Period { from: Seq(1), through: Seq::MAX };
        self.hidden().is_empty() && self.periods.first() == Some(&whole)
    }

    /// Leave to carry what this view shows, as of a snapshot whose newest cut has this number.
    pub fn permit(&self, cut: u64) -> Permit {
        Permit::new(self.room, self.user, self.as_of, cut, self.outside)
    }

    /// The room.
    pub fn room(&self) -> RoomId {
        self.room
    }

    /// The person.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// His current stint.
    pub fn stint(&self) -> Seq {
        self.stint
    }

    /// How far he has been shown the room.
    pub fn shown(&self) -> Seq {
        self.shown
    }

    /// The head of the room in the snapshot, or of what was admitted since.
    pub fn as_of(&self) -> Seq {
        self.as_of
    }

    /// Whether the room is a group or a shared room.
    pub fn is_outside(&self) -> bool {
        self.outside
    }

    /// Says that all up to this place has been shown from the past (a page, a resume). Beyond what
    /// the view knows there is no past: his own removal may stand there.
    pub fn shown_through(&mut self, seq: Seq) {
        self.shown = self.shown.max(seq.min(self.as_of));
    }

    /// The first place that he may see at all.
    pub fn first(&self) -> Seq {
        self.periods.first().map_or(Seq::MAX, |period| period.from)
    }
}

/// Whether a member may see a place by his stints (R14), whatever features are off: who may not has
/// not read what stands there.
pub fn lies_in_sight(stints: &[Stint], member: &Member, seq: Seq) -> bool {
    periods(stints, member.stint, member.history).iter().any(|period| period.covers(seq))
}

/// R14: `all` shows everything; `since_joined` shows his own stints, but for those that R19 ended.
fn periods(stints: &[Stint], current: Seq, history: HistoryVisibility) -> Vec<Period> {
    match history {
        HistoryVisibility::All => vec![Period { from: Seq(1), through: Seq::MAX }],
        HistoryVisibility::SinceJoined => stints
            .iter()
            .filter(|stint| stint.start < current && !stint.severed)
            .filter_map(|stint| {
                // The removal itself is not shown to him: his inbox told him (R17).
                let through = stint.end?.previous();
                Some(Period { from: stint.start, through })
            })
            .chain(std::iter::once(Period { from: current, through: Seq::MAX }))
            .collect(),
    }
}
