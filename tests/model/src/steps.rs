//! What may happen, in any order and at any time; and the faults that a builder might put in.

use super::world::{Attach, Cut, Cuts, Node, Renewal, World, bit};

/// The safety property's name.
pub(crate) const LEAK: &str = "no byte after the answer";

/// The fence and the leases, with a fault or without, in a world of this size.
#[derive(Clone, Copy)]
pub(crate) struct Fence {
    pub(crate) fault: Fault,
    /// How many cuts there are.
    pub(crate) cuts: usize,
    /// Whether he is added again.
    pub(crate) again: bool,
    /// How often a node may join, crash or leave.
    pub(crate) falls: u8,
    /// A lease's length, in ticks.
    pub(crate) term: u8,
}

/// What a builder might do wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// The lease is longer as soon as its row is durable.
    LeaseBeforeCutsAreApplied,
    /// The term counts from the renewal's end.
    TermFromTheEnd,
    /// The cuts are read before the row is durable.
    CutsReadFirst,
    /// The leases are read in a snapshot from before the commit.
    LeasesReadBeforeTheCommit,
    /// The answer waits a tick less than a term.
    ShortWait,
    /// What was read is confirmed before it is applied.
    ConfirmedBeforeApplied,
    /// Who sits down is not compared with the cuts applied meanwhile.
    AttachNotRechecked,
    /// Cuts are read by the greatest number seen, and not by the difference of snapshots.
    CutsReadByNumber,
    /// A node that leaves takes its row away first, and goes on for the rest of its lease.
    RowTakenFirst,
}

impl Fault {
    pub(crate) const ALL: [Self; 9] = [
        Self::LeaseBeforeCutsAreApplied,
        Self::TermFromTheEnd,
        Self::CutsReadFirst,
        Self::LeasesReadBeforeTheCommit,
        Self::ShortWait,
        Self::ConfirmedBeforeApplied,
        Self::AttachNotRechecked,
        Self::CutsReadByNumber,
        Self::RowTakenFirst,
    ];
}

/// A step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// A tick of every clock: they run alike (their drift is what the tenth on top is for).
    Tick,
    Begin(usize),
    Commit(usize),
    AskLeases(usize),
    Answer(usize),
    /// He is added again: another stint.
    AddAgain,
    Start(usize),
    Crash(usize),
    Leave(usize),
    SendRenewal(usize),
    WriteRow(usize),
    ReadCuts(usize),
    ApplyCuts(usize),
    /// A hint came, which may as well never come: the cuts are read and applied.
    Hear(usize),
    ReadMembership(usize),
    SitDown(usize),
}

impl Fence {
    /// The cuts that a node reads now.
    fn news(self, world: &World, node: &Node) -> Cuts {
        let unknown = world.committed() & !node.applied;
        if self.fault == Fault::CutsReadByNumber {
            // Greater than the greatest that it has applied.
            unknown & !(node.applied | node.applied >> 1)
        } else {
            unknown
        }
    }

    fn apply(world: &mut World, index: usize, cuts: Cuts) {
        let ended = world.ended;
        let node = &mut world.nodes[index];
        node.applied |= cuts;
        // At once: later would only make the answer later.
        node.confirmed |= cuts;
        let over = (0..2).filter(|cut| cuts & bit(*cut) != 0).map(|cut| ended[cut]).max();
        if node.seat.zip(over).is_some_and(|(stint, over)| stint < over) {
            node.seat = None;
        }
    }

    fn grant(self, node: &mut Node, age: u8) {
        let age = if self.fault == Fault::TermFromTheEnd { 0 } else { age };
        node.lease = node.lease.max(self.term.saturating_sub(age));
    }

    pub(crate) fn of_node(self, world: &World, index: usize, steps: &mut Vec<Step>) {
        let node = &world.nodes[index];
        if !node.up {
            if world.falls > 0 {
                steps.push(Step::Start(index));
            }
            return;
        }
        if world.falls > 0 {
            steps.push(Step::Crash(index));
            steps.push(Step::Leave(index));
        }
        steps.push(match node.renewal {
            Renewal::None => Step::SendRenewal(index),
            Renewal::Sent { .. } if self.fault == Fault::CutsReadFirst => Step::ReadCuts(index),
            Renewal::Sent { .. } => Step::WriteRow(index),
            Renewal::Written { .. } => Step::ReadCuts(index),
            Renewal::Read { .. } => Step::ApplyCuts(index),
        });
        if self.news(world, node) != 0 {
            steps.push(Step::Hear(index));
        }
        match node.attach {
            Some(_) => steps.push(Step::SitDown(index)),
            None if node.seat.is_none() && world.stint().is_some() => {
                steps.push(Step::ReadMembership(index));
            }
            None => {}
        }
    }

    pub(crate) fn of_cut(self, world: &World, cut: usize, steps: &mut Vec<Step>) {
        match world.cuts[cut] {
            Cut::None if world.stint().is_some() => steps.push(Step::Begin(cut)),
            Cut::Begun => steps.push(Step::Commit(cut)),
            Cut::Committed { .. } => steps.push(Step::AskLeases(cut)),
            Cut::Asking { waited } => {
                let term = if self.fault == Fault::ShortWait { self.term - 1 } else { self.term };
                if waited >= term || !world.is_awaited(cut) {
                    steps.push(Step::Answer(cut));
                }
            }
            Cut::None | Cut::Effective => {}
        }
    }

    pub(crate) fn cut_steps(self, world: &mut World, cut: usize, step: Step) {
        let early = self.fault == Fault::LeasesReadBeforeTheCommit;
        world.cuts[cut] = match (step, world.cuts[cut]) {
            (Step::Begin(_), _) => {
                find_rows(world, cut, early);
                Cut::Begun
            }
            (Step::Commit(_), Cut::Begun) => {
                world.ended[cut] = world.stints;
                Cut::Committed { waited: 0 }
            }
            (Step::AskLeases(_), Cut::Committed { waited }) => {
                find_rows(world, cut, !early);
                Cut::Asking { waited }
            }
            (Step::Answer(_), Cut::Asking { .. }) => Cut::Effective,
            (_, other) => other,
        };
    }

    pub(crate) fn renewal_steps(self, world: &mut World, index: usize, step: Step) {
        let news = self.news(world, &world.nodes[index]);
        let node = &mut world.nodes[index];
        match (step, node.renewal) {
            (Step::SendRenewal(_), _) => node.renewal = Renewal::Sent { age: 0 },
            (Step::WriteRow(_), Renewal::Sent { age }) => {
                (node.row, node.renewal) = (true, Renewal::Written { age });
                if self.fault == Fault::LeaseBeforeCutsAreApplied {
                    self.grant(node, age);
                }
            }
            (Step::ReadCuts(_), Renewal::Sent { age } | Renewal::Written { age }) => {
                node.renewal = Renewal::Read { age, cuts: news };
                if self.fault == Fault::ConfirmedBeforeApplied {
                    node.confirmed |= news;
                }
            }
            (Step::ApplyCuts(_), Renewal::Read { age, cuts }) => {
                (node.row, node.renewal) = (true, Renewal::None);
                self.grant(node, age);
                Self::apply(world, index, cuts);
            }
            _ => {}
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are no steps of a node alone")]
    pub(crate) fn node_steps(self, world: &mut World, index: usize, step: Step) {
        let seen = world.committed();
        let stint = world.stint();
        let news = self.news(world, &world.nodes[index]);
        let node = &mut world.nodes[index];
        match step {
            Step::Start(_) => {
                *node = Node { up: true, ..gone(node) };
                world.falls -= 1;
            }
            Step::Crash(_) => {
                *node = gone(node);
                world.falls -= 1;
            }
            Step::Leave(_) => {
                let lives_on = self.fault == Fault::RowTakenFirst && node.row;
                *node = if lives_on {
                    Node { row: false, ..*node }
                } else {
                    Node { row: false, ..gone(node) }
                };
                world.falls -= 1;
            }
            Step::Hear(_) => Self::apply(world, index, news),
            Step::ReadMembership(_) => {
                node.attach = stint.map(|stint| Attach { stint, seen });
            }
            Step::SitDown(_) => {
                let Some(attach) = node.attach.take() else { return };
                let newer = node.applied & !attach.seen;
                if newer == 0 || self.fault == Fault::AttachNotRechecked {
                    node.seat = Some(attach.stint);
                }
            }
            _ => {}
        }
    }
}

/// What is left of a node that ended: its row, and who has found it.
fn gone(node: &Node) -> Node {
    let Node { row, confirmed, asked, .. } = *node;
    Node { row, confirmed, asked, ..Node::DOWN }
}

/// The asker of a cut reads the rows.
fn find_rows(world: &mut World, cut: usize, now: bool) {
    for node in world.nodes.iter_mut().filter(|node| node.row && now) {
        node.asked |= bit(cut);
    }
}
