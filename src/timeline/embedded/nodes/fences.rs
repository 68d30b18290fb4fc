//! Fences that wait until every node has applied a commit, or can't show anything any more (P2).

use super::rows::{NodeId, NodeRow};
use crate::config::fixed::LEASE_MILLISECONDS_MAX;
use crate::mutants::{self, Mutant};
use crate::timeline::Confirm;
use std::collections::HashMap;

/// The longest lease that settings allow (`store.lease_milliseconds`): so long is waited where nobody
/// can be asked how long his lasts.
const TERM_MAX: u64 = LEASE_MILLISECONDS_MAX * 1_000_000;

/// A lease is waited out a tenth longer than it lasts: the clocks of machines drift.
pub(super) fn waited_out(term: u64) -> u64 {
    if mutants::is(Mutant::LeaseHalfWaitedOut) { term / 2 } else { term + term / 10 }
}

/// One of this node's own commits that is waited for.
pub(in super::super) struct Fenced {
    /// Its turn.
    pub(in super::super) turn: i64,
    /// A moment after its commit, by the clock of [`uptime`](crate::uptime).
    pub(in super::super) since: u64,
    pub(in super::super) confirm: Confirm,
}

struct Waiting {
    fenced: Fenced,
    /// Who had a row in a snapshot after the commit, and has not confirmed it.
    holders: Option<Vec<NodeId>>,
    /// How long the longest lease lasts that may have begun before the commit.
    longest: u64,
}

/// All that wait.
#[derive(Default)]
pub(super) struct Fences(Vec<Waiting>);

/// What is known of the nodes.
pub(super) struct Known<'a> {
    /// The last turn in the snapshot that the rows are of.
    pub(super) turn: i64,
    /// The others' rows.
    pub(super) others: &'a [NodeRow],
    /// The last turn that was applied here.
    pub(super) applied: i64,
}

impl Fences {
    pub(super) fn add(&mut self, fenced: Fenced) {
        self.0.push(Waiting { fenced, holders: None, longest: TERM_MAX });
    }

    pub(super) fn wait(&self) -> bool {
        !self.0.is_empty()
    }

    /// Opens those of which every node has confirmed; and those that are so old that every lease
    /// from before has run out, as every later one was given after the commit had been applied.
    pub(super) fn look(&mut self, known: &Known<'_>, now: u64, term: u64) {
        for mut waiting in std::mem::take(&mut self.0) {
            let is_confirmed = waiting.is_confirmed(known, term);
            let waited = now.saturating_sub(waiting.fenced.since);
            if is_confirmed || waited > waited_out(waiting.longest) {
                waiting.fenced.confirm.confirm();
            } else {
                self.0.push(waiting);
            }
        }
    }
}

impl Waiting {
    fn is_confirmed(&mut self, known: &Known<'_>, term: u64) -> bool {
        let turn = self.fenced.turn;
        if known.turn < turn {
            return false;
        }
        let longest = &mut self.longest;
        let holders = self.holders.get_or_insert_with(|| {
            *longest = known.others.iter().map(|row| row.term).fold(term, u64::max);
            known.others.iter().map(|row| row.id).collect()
        });
        // Who has no row any more has left, or has been waited out.
        holders.retain(|id| known.others.iter().any(|row| row.id == *id && row.confirmed < turn));
        let others = holders.is_empty() || mutants::is(Mutant::OthersNotAwaited);
        others && known.applied >= turn
    }
}

/// When the others were last seen to go on.
#[derive(Default)]
pub(super) struct Sightings {
    seen: HashMap<NodeId, (i64, u64)>,
    looked: u64,
}

impl Sightings {
    /// Those that have not gone on for longer than a lease lasts: they hold none.
    pub(super) fn look(&mut self, others: &[NodeRow], now: u64) -> Vec<(NodeId, i64)> {
        let unseen = now.saturating_sub(std::mem::replace(&mut self.looked, now));
        self.seen.retain(|id, _| others.iter().any(|row| row.id == *id));
        let mut silent = Vec::new();
        for row in others {
            let seen = self.seen.entry(row.id).or_insert((row.beat, now));
            // Who could not look himself, as the server was away, knows nothing of the others.
            if seen.0 != row.beat || unseen > row.term / 2 {
                *seen = (row.beat, now);
            } else if now.saturating_sub(seen.1) > waited_out(row.term) {
                silent.push((row.id, row.beat));
            }
        }
        silent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Fence;
    use futures::FutureExt as _;

    const TERM: u64 = 100;

    fn fence(fences: &mut Fences, turn: i64) -> Fence {
        let (confirm, fence) = Fence::new();
        fences.add(Fenced { turn, since: 0, confirm });
        fence
    }

    fn is_open(fence: &Fence) -> bool {
        fence.clone().effective().now_or_never().is_some()
    }

    fn row(id: u8, confirmed: i64) -> NodeRow {
        NodeRow { id: [id; 16], term: TERM, beat: 1, confirmed }
    }

    /// What a snapshot after turn 5 shows of the others, as this node has applied it.
    fn known(others: &[NodeRow]) -> Known<'_> {
        Known { turn: 5, others, applied: 5 }
    }

    // P2
    #[test]
    fn it_opens_when_every_node_that_was_there_has_confirmed() {
        let mut fences = Fences::default();
        let waiting = fence(&mut fences, 5);
        fences.look(&known(&[row(1, 4), row(2, 4)]), 1, TERM);
        fences.look(&known(&[row(1, 5), row(2, 4), row(3, 0)]), 2, TERM);
        assert!(!is_open(&waiting), "the second has not");
        fences.look(&known(&[row(1, 5), row(2, 6), row(3, 0)]), 3, TERM);
        assert!(is_open(&waiting), "the third came after the commit");
    }

    // P2
    #[test]
    fn it_waits_for_this_node_and_for_a_snapshot_after_the_commit() {
        let mut fences = Fences::default();
        let waiting = fence(&mut fences, 5);
        fences.look(&Known { turn: 4, others: &[], applied: 4 }, 1, TERM);
        assert!(!is_open(&waiting), "who is there after the commit is not known yet");
        fences.look(&Known { turn: 5, others: &[], applied: 4 }, 1, TERM);
        assert!(!is_open(&waiting), "not applied here");
        fences.look(&known(&[]), 1, TERM);
        assert!(is_open(&waiting));
    }

    // P2
    #[test]
    fn a_node_that_does_not_confirm_is_waited_out_and_a_tenth_more() {
        let mut fences = Fences::default();
        let waiting = fence(&mut fences, 5);
        fences.look(&known(&[row(1, 4)]), 110, TERM);
        assert!(!is_open(&waiting));
        fences.look(&known(&[row(1, 4)]), 111, TERM);
        assert!(is_open(&waiting));
    }

    // P2
    #[test]
    fn the_longest_lease_is_waited_out_and_where_nobody_can_be_asked_the_longest_there_may_be() {
        let mut fences = Fences::default();
        let longer = || NodeRow { term: 10 * TERM, ..row(1, 4) };
        let waiting = fence(&mut fences, 5);
        fences.look(&known(&[longer()]), 1_100, TERM);
        assert!(!is_open(&waiting), "its lease lasts ten times as long");
        fences.look(&known(&[longer()]), 1_101, TERM);
        assert!(is_open(&waiting));
        let waiting = fence(&mut fences, 6);
        fences.look(&known(&[]), waited_out(TERM_MAX), TERM);
        assert!(!is_open(&waiting), "who joined meanwhile is not known");
        fences.look(&known(&[]), waited_out(TERM_MAX) + 1, TERM);
        assert!(is_open(&waiting));
    }

    #[test]
    fn who_goes_on_is_not_taken_for_gone() {
        let mut sightings = Sightings::default();
        let at = |beat| NodeRow { id: [1; 16], term: TERM, beat, confirmed: 0 };
        let mut looks = |beat, from: u64, upto: u64| {
            (from..=upto).flat_map(|now| sightings.look(&[at(beat)], now)).collect::<Vec<_>>()
        };
        assert!(looks(1, 0, 104).is_empty());
        assert!(looks(2, 105, 215).is_empty(), "110 is not longer than 110");
        assert_eq!(looks(2, 216, 216), [([1; 16], 2)]);
        // After a failover a beat may be lower again: that is a sign of life as well.
        assert!(looks(1, 217, 217).is_empty());
    }

    #[test]
    fn who_could_not_look_takes_nobody_for_gone() {
        let mut sightings = Sightings::default();
        assert!(sightings.look(&[row(1, 0)], 0).is_empty());
        assert!(sightings.look(&[row(1, 0)], 1_000).is_empty(), "the server was away");
        let gone = (1_001..=1_111).flat_map(|now| sightings.look(&[row(1, 0)], now));
        assert_eq!(gone.collect::<Vec<_>>(), [([1; 16], 1)]);
    }
}
