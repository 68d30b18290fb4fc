//! The model as stateright asks for it: what may happen next, what then is, and what has to hold.

use super::steps::{Fence, LEAK, Step};
use super::world::{Cut, NODES, Node, OTHER, REMOVAL, Renewal, World};
use stateright::{Model, Property};

/// A tick. Only while something counts ticks, so that there is an end.
fn tick(world: &mut World, term: u8) -> bool {
    let before = world.clone();
    for node in &mut world.nodes {
        node.lease = node.lease.saturating_sub(1);
        if let Renewal::Sent { age } | Renewal::Written { age } | Renewal::Read { age, .. } =
            &mut node.renewal
        {
            *age = (*age + 1).min(term);
        }
    }
    for cut in &mut world.cuts {
        if let Cut::Committed { waited } | Cut::Asking { waited } = cut {
            *waited = (*waited + 1).min(term);
        }
    }
    *world != before
}

impl Model for Fence {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![World {
            nodes: [Node { up: true, ..Node::DOWN }, Node::DOWN],
            cuts: [Cut::None; 2],
            ended: [0; 2],
            stints: 1,
            falls: self.falls,
        }]
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        steps.push(Step::Tick);
        for cut in 0..self.cuts {
            self.of_cut(world, cut, steps);
        }
        for node in 0..NODES {
            self.of_node(world, node, steps);
        }
        if self.again && world.stints == 1 && world.stint().is_none() {
            steps.push(Step::AddAgain);
        }
    }

    fn next_state(&self, last: &World, step: Step) -> Option<World> {
        let mut world = last.clone();
        match step {
            Step::Tick if !tick(&mut world, self.term) => return None,
            Step::Tick => {}
            Step::AddAgain => world.stints += 1,
            Step::Begin(cut) | Step::Commit(cut) | Step::AskLeases(cut) | Step::Answer(cut) => {
                self.cut_steps(&mut world, cut, step);
            }
            Step::SendRenewal(node)
            | Step::WriteRow(node)
            | Step::ReadCuts(node)
            | Step::ApplyCuts(node) => self.renewal_steps(&mut world, node, step),
            Step::Start(node)
            | Step::Crash(node)
            | Step::Leave(node)
            | Step::Hear(node)
            | Step::ReadMembership(node)
            | Step::SitDown(node) => self.node_steps(&mut world, node, step),
        }
        // Nodes are alike: which is which makes no other world.
        world.nodes.sort_unstable();
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(LEAK, |_, world: &World| !world.leaks()),
            Property::sometimes("confirmed by a node that goes on", |_, world: &World| {
                matches!(world.cuts[REMOVAL], Cut::Asking { waited: 0 })
                    && !world.is_awaited(REMOVAL)
                    && world.nodes.iter().any(|node| node.lease > 0 && node.asked != 0)
            }),
            Property::sometimes("waited out", |fence: &Self, world: &World| {
                world.cuts[REMOVAL] == Cut::Asking { waited: fence.term }
                    && world.is_awaited(REMOVAL)
            }),
            Property::sometimes("both effective", |_, world: &World| {
                world.cuts == [Cut::Effective; 2]
            }),
            Property::sometimes("the later number was committed first", |_, world: &World| {
                world.cuts == [Cut::Begun, Cut::Effective] && world.stint().is_some()
            }),
            Property::sometimes("shown again, and effective", |_, world: &World| {
                world.cuts[REMOVAL] == Cut::Effective
                    && world.ended[OTHER] == 0
                    && world.nodes.iter().all(|node| node.may_show(1))
            }),
            Property::sometimes("sent back", |_, world: &World| {
                let stale =
                    |node: &Node| node.attach.is_some_and(|at| node.applied & !at.seen != 0);
                world.nodes.iter().any(stale)
            }),
            Property::sometimes("a node has joined", |_, world: &World| {
                matches!(world.cuts[REMOVAL], Cut::Begun)
                    && world.falls == 1
                    && world.nodes.iter().all(|node| node.up && node.row)
            }),
        ]
    }
}
