//! What there is: a store, two nodes with one seat each for the person, and two cuts of him.

/// Cuts, as a set: bit 0 and bit 1.
pub(crate) type Cuts = u8;

/// One cut ends the room's stint of the person (a removal), the other all of his rooms' (a
/// withdrawal), or the room (a deletion). They may be on their way at the same time.
pub(crate) const REMOVAL: usize = 0;
pub(crate) const OTHER: usize = 1;
pub(crate) const NODES: usize = 2;

pub(crate) const fn bit(cut: usize) -> Cuts {
    1 << cut
}

/// A renewal's progress. `age`: ticks since it was sent, up to the term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Renewal {
    None,
    /// The row is on its way.
    Sent {
        age: u8,
    },
    /// It is durable.
    Written {
        age: u8,
    },
    /// The cuts that were not applied here have been read, in a snapshot after that.
    Read {
        age: u8,
        cuts: Cuts,
    },
}

/// He is being seated: what a snapshot said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Attach {
    pub(crate) stint: u8,
    /// The cuts that this snapshot had.
    pub(crate) seen: Cuts,
}

/// A node. One that freezes takes no steps while time passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Node {
    pub(crate) up: bool,
    /// Its row is in the store.
    pub(crate) row: bool,
    /// What its row confirms.
    pub(crate) confirmed: Cuts,
    /// The cuts whose askers have found its row.
    pub(crate) asked: Cuts,
    pub(crate) renewal: Renewal,
    /// Ticks for which it may still hand out content.
    pub(crate) lease: u8,
    pub(crate) applied: Cuts,
    pub(crate) seat: Option<u8>,
    pub(crate) attach: Option<Attach>,
}

impl Node {
    pub(crate) const DOWN: Self = Self {
        up: false,
        row: false,
        confirmed: 0,
        asked: 0,
        renewal: Renewal::None,
        lease: 0,
        applied: 0,
        seat: None,
        attach: None,
    };

    /// Whether the next byte for this stint may be handed to the kernel.
    pub(crate) fn may_show(&self, stint: u8) -> bool {
        self.up && self.lease > 0 && self.seat == Some(stint)
    }
}

/// How far a cut is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Cut {
    None,
    /// Its transaction is open: nobody sees it, but its number has been given.
    Begun,
    Committed {
        waited: u8,
    },
    /// The leases have been read, in a snapshot after the commit.
    Asking {
        waited: u8,
    },
    /// Answered: `effective`.
    Effective,
}

/// Everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) nodes: [Node; NODES],
    pub(crate) cuts: [Cut; 2],
    /// How many stints had begun when a cut was committed: those are the ones that it ended.
    pub(crate) ended: [u8; 2],
    /// Stints that have begun: 1 at the start, 2 once he was added again.
    pub(crate) stints: u8,
    /// Crashes and joins that may still happen.
    pub(crate) falls: u8,
}

impl World {
    /// The cuts that a snapshot of now shows.
    pub(crate) fn committed(&self) -> Cuts {
        (0..2)
            .filter(|cut| !matches!(self.cuts[*cut], Cut::None | Cut::Begun))
            .fold(0, |set, cut| set | bit(cut))
    }

    /// The stint that holds, by the store.
    pub(crate) fn stint(&self) -> Option<u8> {
        let ended = self.ended[REMOVAL].max(self.ended[OTHER]);
        (self.stints > ended).then(|| self.stints - 1)
    }

    /// Whether nodes that held leases have not confirmed a cut.
    pub(crate) fn is_awaited(&self, cut: usize) -> bool {
        self.nodes.iter().any(|node| node.asked & !node.confirmed & bit(cut) != 0)
    }

    /// Whether a byte of a stint may still go out though it was said to be over everywhere.
    pub(crate) fn leaks(&self) -> bool {
        (0..2).any(|cut| {
            let over = 0..self.ended[cut];
            self.cuts[cut] == Cut::Effective
                && over.into_iter().any(|stint| self.nodes.iter().any(|node| node.may_show(stint)))
        })
    }
}
