//! Whatever happens in whatever order: what a peer reads are whole frames in order, each once, and
//! none that a narrowing had taken from him.

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

const ROOMS: u128 = 3;
/// The room that cuts of outside access leave alone.
const INTERNAL: u128 = 2;

#[derive(Debug, Clone)]
enum Act {
    Deliver { room: u128, frames: usize, size: usize },
    Answer { rooms: Vec<u128>, size: usize },
    Push { size: usize },
    Notice { size: usize },
    Narrow { room: u128 },
    Cut { outside_only: bool },
    Attach,
    Lease { holds: bool },
    Window { bytes: usize },
    Read { bytes: usize },
    Flush,
    Gather,
    Release,
}

fn act() -> impl Strategy<Value = Act> {
    let room = 0..ROOMS;
    let size = prop_oneof![4 => 0..40usize, 2 => 100..300usize, 1 => 60_000..70_000usize];
    prop_oneof![
        8 => (room.clone(), 1..4usize, size.clone())
            .prop_map(|(room, frames, size)| Act::Deliver { room, frames, size }),
        4 => (proptest::collection::vec(room.clone(), 1..3), size.clone())
            .prop_map(|(rooms, size)| Act::Answer { rooms, size }),
        3 => size.clone().prop_map(|size| Act::Push { size }),
        1 => size.prop_map(|size| Act::Notice { size }),
        1 => room.prop_map(|room| Act::Narrow { room }),
        1 => any::<bool>().prop_map(|outside_only| Act::Cut { outside_only }),
        2 => Just(Act::Attach),
        1 => any::<bool>().prop_map(|holds| Act::Lease { holds }),
        4 => prop_oneof![0..60usize, 1000..100_000usize].prop_map(|bytes| Act::Window { bytes }),
        8 => prop_oneof![0..60usize, Just(LARGE)].prop_map(|bytes| Act::Read { bytes }),
        6 => Just(Act::Flush),
        1 => Just(Act::Gather),
        2 => Just(Act::Release),
    ]
}

/// What is known of a frame that was given to the wire.
#[derive(Debug, Clone)]
struct Given {
    tags: Vec<Tag>,
    is_answer: bool,
    is_forbidden: bool,
    /// The wire said that it has not taken it.
    is_refused: bool,
}

/// The hub, the peer and the law, around one wire.
struct World {
    wire: Arc<Wire>,
    far: Memory,
    lease: Arc<Lease>,
    now: Arc<AtomicU64>,
    seats: BTreeMap<u128, Permit>,
    head: u64,
    cuts: u64,
    /// The seats (room, whether it counts as outside) that are narrowed and not attached anew.
    stale: BTreeSet<(RoomId, bool)>,
    given: BTreeMap<usize, Given>,
    read: Vec<u8>,
    seen: BTreeSet<usize>,
    /// The last frame seen of those that need a lease, and of those that need none.
    last: [Option<usize>; 2],
    lease_lapsed: bool,
    slow: bool,
}

impl World {
    fn new(backlog_bytes_max: usize) -> Self {
        let (near, far) = memory::pair(500);
        let now = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&now);
        let lease = Arc::new(Lease::by(move || clock.load(Ordering::Relaxed)));
        lease.extend(1);
        let limits = Limits { backlog_bytes_max, ..Limits::default() };
        let wire = Arc::new(Wire::new(near, Arc::clone(&lease), Arc::new(limits)));
        let seats = (0..ROOMS).map(|room| (room, permit(room, 0, 0))).collect();
        Self {
            wire,
            far,
            lease,
            now,
            seats,
            head: 0,
            cuts: 0,
            stale: BTreeSet::new(),
            given: BTreeMap::new(),
            read: Vec::new(),
            seen: BTreeSet::new(),
            last: [None; 2],
            lease_lapsed: false,
            slow: false,
        }
    }

    fn take(&mut self, act: Act) {
        match act {
            Act::Deliver { room, frames, size } => self.deliver(room, frames, size),
            Act::Answer { rooms, size } => self.answer(&rooms, size),
            Act::Push { size } | Act::Notice { size } => {
                let number = self.give(Vec::new(), false);
                let frame = frame_of(number, "free", size);
                let is_push = matches!(act, Act::Push { .. });
                let delivered =
                    if is_push { self.wire.push(frame) } else { self.wire.notice(frame) };
                self.settle_given(&[number], delivered);
            }
            Act::Narrow { room } => {
                self.head += 1;
                let outcome = self.wire.narrow(super::room(room), Seq(self.head));
                self.forbid(outcome, |tag| tag.room == super::room(room));
            }
            Act::Cut { outside_only } => {
                self.cuts += 1;
                let outcome = self.wire.cut(self.cuts, outside_only);
                self.forbid(outcome, |tag| !outside_only || tag.outside);
            }
            Act::Attach => {
                self.stale.clear();
                let (head, cuts) = (self.head, self.cuts);
                self.seats = (0..ROOMS).map(|room| (room, permit(room, head, cuts))).collect();
            }
            Act::Lease { holds } => self.set_lease(holds),
            Act::Window { bytes } => self.far.set_window(bytes),
            Act::Read { bytes } => self.read(bytes),
            Act::Flush => drop(self.wire.step()),
            // Acts come one by one: what is gathering goes on until it is gathered anew and let go.
            Act::Gather => std::mem::forget(self.wire.gather()),
            Act::Release => drop(self.wire.gather()),
        }
    }

    fn give(&mut self, tags: Vec<Tag>, is_answer: bool) -> usize {
        let number = self.given.len();
        let is_forbidden = tags.iter().any(|tag| self.stale.contains(&(tag.room, tag.outside)));
        self.given.insert(number, Given { tags, is_answer, is_forbidden, is_refused: false });
        number
    }

    /// Notes what became of these frames, just given.
    fn settle_given(&mut self, numbers: &[usize], delivered: Delivered) {
        self.slow |= delivered == Delivered::Slow;
        for number in numbers {
            let given = self.given.get_mut(number).unwrap();
            let is_gone = matches!(delivered, Delivered::Closed | Delivered::Slow);
            given.is_refused = is_gone || delivered == Delivered::Stale;
            let may_be_stale = given.is_forbidden && !given.is_answer;
            assert!(is_gone || may_be_stale == given.is_refused, "{number}: {delivered:?}");
        }
    }

    fn deliver(&mut self, room: u128, frames: usize, size: usize) {
        let mut tag = Tag::from(&self.seats[&room]);
        tag.outside = room != INTERNAL;
        let mut gathered = BytesMut::new();
        let numbers: Vec<_> = (0..frames).map(|_| self.give(vec![tag], false)).collect();
        for number in &numbers {
            gathered.extend_from_slice(&frame_of(*number, "live", size));
        }
        let delivered = self.wire.deliver(tag, &gathered.freeze());
        self.settle_given(&numbers, delivered);
    }

    fn answer(&mut self, rooms: &[u128], size: usize) {
        let permits: Vec<_> = rooms.iter().map(|room| self.seats[room].clone()).collect();
        let number = self.give(permits.iter().map(Tag::from).collect(), true);
        let replacement = |number| frame_of(usize::try_from(number).unwrap(), "otherwise", 0);
        let otherwise = Otherwise::Answer(number as u64, replacement);
        let delivered = self.wire.answer(&permits, frame_of(number, "answer", size), otherwise);
        self.settle_given(&[number], delivered);
    }

    /// From now on nothing of these rooms that was given before, and not read, may be seen.
    fn forbid(&mut self, outcome: Narrowed, concerns: impl Fn(&Tag) -> bool) {
        if outcome.reset {
            assert!(self.wire.is_closed() && self.far.read_now(LARGE).is_empty());
        }
        for room in 0..ROOMS {
            for outside in [false, true] {
                let mut tag = tag(room, 0);
                tag.outside = outside;
                if concerns(&tag) {
                    self.stale.insert((tag.room, outside));
                }
            }
        }
        for (number, given) in &mut self.given {
            if given.tags.iter().any(&concerns) && !self.seen.contains(number) {
                given.is_forbidden = true;
            }
        }
    }

    fn set_lease(&mut self, holds: bool) {
        let now = self.now.load(Ordering::Relaxed);
        match (holds, self.lease.holds()) {
            (true, false) => self.lease.extend(now + 1),
            (false, true) => {
                self.lease_lapsed = true;
                self.now.store(now + 1, Ordering::Relaxed);
            }
            _ => {}
        }
    }

    fn read(&mut self, bytes: usize) {
        self.read.extend(self.far.read_now(bytes));
        while let Some(end) = frame::length(&self.read).filter(|end| *end <= self.read.len()) {
            let frame: Vec<u8> = self.read.drain(..end).collect();
            self.see(&payloads(&frame)[0]);
        }
    }

    fn see(&mut self, payload: &str) {
        let mut words = payload.splitn(3, ' ');
        let (Some("frame"), Some(kind), Some(rest)) = (words.next(), words.next(), words.next())
        else {
            let is_closing = payload.contains("slow_consumer") || payload.contains("too slowly");
            assert!(self.slow && is_closing, "{payload:.40}");
            return;
        };
        let number: usize = rest.split(' ').next().unwrap().parse().unwrap();
        let given = &self.given[&number];
        // P2, R16: what was taken is not seen, but for an answer's other frame.
        assert!(!given.is_forbidden || kind == "otherwise", "{kind} {number} was taken from him");
        assert!(kind != "otherwise" || given.is_forbidden, "{number} was replaced for nothing");
        assert!(self.seen.insert(number), "{kind} {number} came twice");
        if self.lease_lapsed && kind == "otherwise" {
            // Without a lease the answer waited while others passed it.
            return;
        }
        let needs_lease = usize::from(matches!(kind, "live" | "answer"));
        let before =
            if self.lease_lapsed { self.last[needs_lease] } else { self.last[0].max(self.last[1]) };
        assert!(before < Some(number), "{number} came after {before:?}");
        self.last[needs_lease] = Some(number);
    }

    /// Reads all to the end; then nothing is missing that was not taken.
    fn finish(mut self) {
        self.set_lease(true);
        self.far.set_window(LARGE);
        for _ in 0..64 {
            settle(&self.wire);
            self.read(LARGE);
        }
        if self.far.was_reset() {
            return;
        }
        assert_eq!((self.read.len(), self.wire.waiting_bytes()), (0, 0), "half a frame is left");
        // P4
        for (number, given) in &self.given {
            let was_taken = given.is_forbidden && !given.is_answer;
            let was_dropped = self.slow && !given.tags.is_empty();
            assert!(
                self.seen.contains(number) || was_taken || was_dropped || given.is_refused,
                "{number} is missing: {given:?}"
            );
        }
    }
}

fn frame_of(number: usize, kind: &str, size: usize) -> Bytes {
    frame::text(&format!("frame {kind} {number} {}", "x".repeat(size)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_peer_reads_whole_frames_in_order_and_none_that_was_taken(
        backlog_bytes_max in prop_oneof![1 => 500..5000usize, 2 => 50_000..400_000usize],
        acts in proptest::collection::vec(act(), 1..80),
    ) {
        let mut world = World::new(backlog_bytes_max);
        for act in acts {
            world.take(act);
        }
        world.finish();
    }
}
