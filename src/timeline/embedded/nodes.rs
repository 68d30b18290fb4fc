//! One node among those that share a store on a server: it follows all commits, its own included, and
//! hands them to its hub; says up to which one its hub has applied them; and renews the lease under
//! which it hands out content.
//!
//! A renewal writes the node's row, reads in a snapshot after that what was not applied here yet, has
//! it applied, and only then extends the lease, to a term after it was *sent*. Who removes somebody
//! reads the rows in a snapshot after his commit. So either he sees a node's row, and waits until it
//! has confirmed or its lease has run out; or the node's row was written after the commit, and it
//! applies the removal before it hands out anything. `tests/model` looks at every order of these steps.

mod fences;
mod hint;
mod lease;
mod news;
mod rows;

pub(super) use fences::Fenced;
pub use hint::Hint;
pub(super) use hint::Hinted;
pub use rows::{NodeState, nodes_of};

use super::batch::FOLLOWER_PAUSE;
use super::codes::Sql;
use super::options::Options;
use crate::keys::KeyDirectory;
use crate::mutants::{self, Mutant};
use crate::sql::Connection;
use crate::timeline::{Committed, Fence};
use crate::uptime;
use fences::{Fences, Known, Sightings};
use news::{News, Positions};
use rows::{Applied, NodeId, NodeRow};
use std::collections::VecDeque;
use std::error::Error;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;
use tokio::sync::mpsc;

/// How soon others' confirmations are looked for again while a removal waits for them.
const FENCE_PAUSE: Duration = Duration::from_millis(5);

/// How soon a renewal that could not be sent is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(25);

/// What this node is told by the rest of its process.
pub(super) enum Told {
    /// The writer has committed, and perhaps somebody waits until all nodes have applied it.
    Committed(Option<Fenced>),
    /// Another node has written, or may have.
    Hinted,
    /// From now on commits go here; said when it is so.
    Follow(mpsc::Sender<Committed>, std::sync::mpsc::Sender<()>),
}

/// Something that was handed to the hub.
struct Handed {
    /// Open when the hub has applied it; `None` where there was nothing to apply.
    fence: Option<Fence>,
    upto: Applied,
    /// The renewal that it completes: when that was sent.
    lease: Option<u64>,
}

/// How a node stands to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It knows what it has to.
    Good,
    /// Others took it for gone, and its hub has not been told yet.
    TakenForGone,
    /// The store has lost commits that this node knows: nothing of it is taken any more.
    SetBack,
}

/// This node.
pub(super) struct Node {
    connection: Connection,
    options: Arc<Options>,
    keys: Arc<KeyDirectory>,
    hub: Option<mpsc::Sender<Committed>>,
    epoch: u64,
    id: NodeId,
    /// Up to here all was handed to the hub.
    read: Positions,
    handed: VecDeque<Handed>,
    applied: Applied,
    /// What others are told in the row.
    confirmed: i64,
    /// The others, as of `seen`.
    others: Vec<NodeRow>,
    seen: i64,
    fences: Fences,
    sightings: Sightings,
    /// Why it was told to look.
    hint: Arc<Hinted>,
    /// Another node waits until this one has applied what it has written.
    is_awaited: bool,
    renew_at: u64,
    look_at: u64,
    /// When its hub had last applied all that had been read.
    applied_at: u64,
    standing: Standing,
    is_cut_off: bool,
}

impl Node {
    /// Joins those that share the store. It has no seats yet: all up to now counts as applied.
    pub(super) fn join(
        connection: Connection,
        (options, keys): (Arc<Options>, Arc<KeyDirectory>),
        (epoch, hint): (u64, Arc<Hinted>),
    ) -> Sql<Self> {
        let (id, sent) = (super::meta::random(), uptime::now());
        let called = (options.node.name.as_str(), nanos(options.node.term));
        rows::join(&connection, id, called, (sent, Applied::default()))?;
        let read = Positions::now(&connection)?;
        let applied = Applied { turn: read.turn, notice: read.notice };
        let mut node = Self {
            connection,
            options,
            keys,
            hub: None,
            epoch,
            id,
            read,
            handed: VecDeque::new(),
            applied,
            confirmed: 0,
            others: Vec::new(),
            seen: 0,
            fences: Fences::default(),
            sightings: Sightings::default(),
            hint,
            is_awaited: false,
            renew_at: sent,
            look_at: sent,
            applied_at: sent,
            standing: Standing::Good,
            is_cut_off: false,
        };
        node.extend(sent);
        Ok(node)
    }

    /// Follows until the writer has ended, then leaves.
    pub(super) fn run(mut self, told: &Receiver<Told>) {
        while let Some(news) = self.wait(told) {
            if news || uptime::now() >= self.look_at {
                let looked = self.look();
                self.note(looked.err());
                let sweep = &self.options.node.sweep;
                let pause = if self.fences.wait() { FENCE_PAUSE } else { sweep() };
                let now = uptime::now();
                let renews_in = self.renew_at.saturating_sub(now).max(nanos(RETRY_PAUSE));
                self.look_at = now + nanos(pause).min(renews_in);
            }
            self.settle();
            if self.is_awaited && self.handed.is_empty() {
                self.is_awaited = false;
                if let Err(error) = self.confirm() {
                    self.note(Some(error.into()));
                }
            }
        }
        if let Err(error) = rows::remove(&self.connection, self.id, None) {
            tracing::warn!(%error, "this node's row is left: removals wait until its lease has run out");
        }
    }

    /// Waits until there is something to do; whether the writer has committed. `None` when it ended.
    fn wait(&mut self, told: &Receiver<Told>) -> Option<bool> {
        let pause = Duration::from_nanos(self.look_at.saturating_sub(uptime::now()));
        let pause = if self.handed.is_empty() { pause } else { pause.min(FOLLOWER_PAUSE) };
        let first = match told.recv_timeout(pause) {
            Ok(first) => first,
            Err(RecvTimeoutError::Timeout) => return Some(false),
            Err(RecvTimeoutError::Disconnected) => return None,
        };
        for told in std::iter::once(first).chain(told.try_iter()) {
            match told {
                Told::Committed(fenced) => fenced.into_iter().for_each(|it| self.fences.add(it)),
                // Said again from now on, as the look may miss what is written after it.
                Told::Hinted => self.is_awaited |= self.hint.take() == Some(Hint::Awaited),
                Told::Follow(follower, done) => self.begin(follower, &done),
            }
        }
        Some(true)
    }

    /// Begins to hand on to this hub what is committed from now on.
    fn begin(&mut self, hub: mpsc::Sender<Committed>, done: &std::sync::mpsc::Sender<()>) {
        // What was committed before is not for it.
        let looked = self.look();
        self.note(looked.err());
        self.hub = Some(hub);
        // Who asked waits for it.
        done.send(()).ok();
    }

    /// Renews the lease when it is time, and hands on what was committed.
    fn look(&mut self) -> Result<(), Box<dyn Error + Send + Sync>> {
        if self.hub_is_busy() {
            return Ok(());
        }
        if self.standing == Standing::SetBack {
            return Err(crate::sql::Error::OtherHistory.into());
        }
        let sent = uptime::now();
        let renews = sent >= self.renew_at && !self.is_stuck(sent);
        if renews {
            self.renew(sent)?;
        }
        let last = self.read;
        let News { positions, entries, cuts, notices, nodes, too_much } = self.news()?;
        let anew = self.standing == Standing::TakenForGone || too_much;
        if anew {
            // Of a room that was deleted it may have missed that (P3).
            self.keys.forget_all();
        }
        let follows = &self.options.node.follows;
        let open = |(room, entry)| news::opened(room, entry, &self.keys, follows(room));
        let live = entries.into_iter().map(open);
        let entries = live.collect::<Result<Vec<_>, _>>()?;
        let upto = Applied { turn: positions.turn, notice: positions.notice };
        let mut handed = Handed { fence: None, upto, lease: renews.then_some(sent) };
        let issuers = positions.issuers != last.issuers;
        let nothing =
            !anew && !issuers && entries.is_empty() && cuts.is_empty() && notices.is_empty();
        // Who waits is told by the hub itself, also where there is nothing to apply any more (R29).
        if !nothing || self.fences.wait() {
            let (confirm, fence) = Fence::new();
            let committed = Committed { entries, cuts, notices, issuers, anew, confirm };
            handed.fence = self.hand_on(committed).then_some(fence);
        }
        self.read = positions;
        self.standing = Standing::Good;
        if renews && mutants::is(Mutant::LeaseBeforeApplied) {
            self.extend(sent);
        }
        self.await_hub(handed);
        self.seen = positions.turn;
        self.others = nodes.into_iter().filter(|row| row.id != self.id).collect();
        self.settle();
        self.confirm()?;
        Ok(self.reap()?)
    }

    /// Where nothing was handed over, all is applied that the last hand-over brings.
    fn await_hub(&mut self, handed: Handed) {
        match self.handed.back_mut().filter(|_| handed.fence.is_none()) {
            Some(last) => {
                last.upto = handed.upto;
                last.lease = handed.lease.or(last.lease);
            }
            None => self.handed.push_back(handed),
        }
    }

    fn hub_is_busy(&self) -> bool {
        self.hub.as_ref().is_some_and(|hub| hub.capacity() == 0)
    }

    /// Hands a commit to the hub, if there is one; whether it has to be waited for.
    fn hand_on(&self, committed: Committed) -> bool {
        // Nobody follows: nobody is shown anything.
        let Some(hub) = &self.hub else { return false };
        // There is room for it. Where the hub has ended it is never confirmed, and the lease runs out.
        drop(hub.try_send(committed));
        true
    }

    /// Takes note of what the hub has applied, and opens what waited for it.
    fn settle(&mut self) {
        while let Some(first) = self.handed.pop_front() {
            if let Some(fence) = first.fence.as_ref().filter(|fence| !fence.is_open()) {
                if fence.is_lost() {
                    // The hub has ended, and this process with it: nothing is effective here.
                    self.fences = Fences::default();
                }
                self.handed.push_front(first);
                break;
            }
            self.applied = first.upto;
            self.applied_at = uptime::now();
            if let Some(sent) = first.lease {
                self.extend(sent);
            }
        }
        let known = Known { turn: self.seen, others: &self.others, applied: self.applied.turn };
        self.fences.look(&known, uptime::now(), self.term());
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
