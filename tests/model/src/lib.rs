//! The fence of many nodes, as a model, before it is code: whether an answer that says `effective`
//! can be followed by one more byte (P2). Every order of steps is looked at.
//!
//! A store, two nodes of which one may join at any time, crash or leave, and a person who has a
//! seat at both. He is removed, and at the same time withdrawn (or the room is deleted: to a fence
//! it is the same), and may be added again. A node hands out content while it holds a **lease**; it
//! renews it in four steps: send, write a row, read the cuts that it has not applied in a snapshot
//! after that, apply them; then the lease is good for a term from the *sending*. A remover commits, reads
//! in a new snapshot whose rows are there, and answers when each of these has confirmed, or a term
//! has passed since his commit. Hints may be lost: hearing of a cut is a step that need not come. A
//! frozen node takes no steps while time passes.
//!
//! Nodes confirm as they apply, since later would only make answers later. Clocks run alike: their drift is
//! what the tenth on top of the term is for. A write on which a node froze after looking at its
//! lease is not in the model: no lease can take it back.

#![cfg(test)]

mod explored;
mod steps;
mod world;

use stateright::{Checker, HasDiscoveries, Model};
use std::collections::BTreeSet;
use steps::{Fault, Fence, LEAK};

/// One cut, and he is added again; nodes join, crash and leave.
const ADDED_AGAIN: Fence = Fence { fault: Fault::None, cuts: 1, again: true, falls: 2, term: 2 };
/// Two cuts that may be on their way at once, and he is added again in between.
const TWO_CUTS: Fence = Fence { fault: Fault::None, cuts: 2, again: true, falls: 1, term: 1 };

/// Nothing leaks in any state; and all of these happen, so that it is not for want of trying.
fn holds(fence: &Fence, happens: &[&'static str]) {
    let checker = fence.checker().threads(2).spawn_bfs().join();
    assert!(checker.is_done());
    let found = checker.discoveries();
    if let Some(leak) = found.get(LEAK) {
        panic!("a byte after the answer: {:?}", leak.clone().into_actions());
    }
    let found: BTreeSet<&str> = found.keys().copied().collect();
    assert!(happens.iter().all(|name| found.contains(name)), "only {found:?} happen");
}

// P2
#[test]
fn no_byte_after_the_answer_though_nodes_come_and_go_and_he_is_added_again() {
    let happens = [
        "confirmed by a node that goes on",
        "waited out",
        "shown again, and effective",
        "sent back",
        "a node has joined",
    ];
    holds(&ADDED_AGAIN, &happens);
}

// P2
#[test]
fn no_byte_after_the_answer_though_cuts_overtake_each_other() {
    holds(&TWO_CUTS, &["both effective", "the later number was committed first", "sent back"]);
}

/// A proof counts only if a build without the guard fails it.
#[test]
fn every_guard_is_needed() {
    for fault in Fault::ALL {
        let leaks = |fence: Fence| {
            let fence = Fence { fault, ..fence };
            let one_is_enough = HasDiscoveries::AnyFailures;
            let checker = fence.checker().threads(2).finish_when(one_is_enough).spawn_bfs().join();
            checker.discovery(LEAK).is_some()
        };
        assert!(leaks(ADDED_AGAIN) || leaks(TWO_CUTS), "{fault:?} is not noticed");
    }
}
