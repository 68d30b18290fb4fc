//! In which order a commit is applied, as sockets write it down that something happens to.

mod meanwhile;

use super::*;
use crate::authority::{At, Company, Entry, Facts, Person, Room, Time, View};
use crate::timeline::{Cut, Fence, Live, Noticed, Reach, Sight};
use crate::wire::memory::{Memory, pair};
use crate::wire::{Lease, Limits as WireLimits, Socket, Wire, frame};
use crosstalk_protocol::entry::{Change, Newcomer};
use crosstalk_protocol::ids::{DeviceId, Seq};
use crosstalk_protocol::push::NoticeKind;
use crosstalk_protocol::words::{Cause, Features, GroupCreation, HistoryVisibility, Way};
use futures::FutureExt as _;
use std::io;
use std::task::{Context, Poll};
use tokio::io::ReadBuf;

const ROOM: RoomId = RoomId::of_bytes([100; 16]);
const ACME: CompanyId = CompanyId::of_bytes([101; 16]);
const GLOBEX: CompanyId = CompanyId::of_bytes([102; 16]);
const ALICE: UserId = UserId::of_bytes([1; 16]);
const BOB: UserId = UserId::of_bytes([2; 16]);
const CAROL: UserId = UserId::of_bytes([3; 16]);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Written(UserId),
    Reset(UserId),
}

/// What happened, and whether the fence was open by then.
#[derive(Default)]
struct Log {
    events: Mutex<Vec<(Event, bool)>>,
    fence: Mutex<Option<Fence>>,
}

impl Log {
    fn note(&self, event: Event) {
        let effective = self.fence.lock().as_ref().is_some_and(is_effective);
        self.events.lock().push((event, effective));
    }

    fn takes(&self) -> Vec<(Event, bool)> {
        std::mem::take(&mut self.events.lock())
    }
}

fn is_effective(fence: &Fence) -> bool {
    fence.clone().effective().now_or_never().is_some()
}

/// A socket in memory that writes down what happens to it.
struct Witness {
    whose: UserId,
    log: Arc<Log>,
    socket: Memory,
}

impl Socket for Witness {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.log.note(Event::Written(self.whose));
        self.socket.try_write(bytes)
    }

    fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_write_ready(context)
    }

    fn poll_read(
        &self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Socket::poll_read(&self.socket, context, buffer)
    }

    fn unsent(&self) -> io::Result<u64> {
        self.socket.unsent()
    }

    fn reset(&self) {
        self.log.note(Event::Reset(self.whose));
        self.socket.reset();
    }

    fn shutdown(&self) {
        Socket::shutdown(&self.socket);
    }
}

/// Alice and Bob of Acme and Carol of Globex, in one group.
struct Scene {
    hub: Arc<Hub>,
    room: Room,
    facts: Facts,
    log: Arc<Log>,
}

impl Scene {
    fn new() -> Self {
        let members = [(ALICE, ACME), (BOB, ACME), (CAROL, GLOBEX)];
        let mut facts = Facts::default();
        for company in [ACME, GLOBEX] {
            facts.companies.insert(company, company_of(company));
        }
        for (user, company) in members {
            facts.people.insert(user, person_of(user, company));
        }
        let newcomer = |(user, company)| Newcomer { user, company, guest: false };
        let created = Change::Created {
            way: Way::Contacts,
            owner: ACME,
            founder: ALICE,
            masters: vec![ALICE],
            members: members.map(newcomer).to_vec(),
            left_out: Vec::new(),
            features: Features::ALL,
            history: HistoryVisibility::All,
        };
        let mut room = Room::blank(ROOM);
        room.apply(&entry(1, created));
        let hub = Arc::new(Hub::new(Limits::default(), Arc::new(InboxCursors::for_test())));
        Self { hub, room, facts, log: Arc::default() }
    }

    /// His connection, and its other end.
    fn connects(&self, user: UserId) -> (Arc<Connection>, Memory) {
        let (near, far) = pair(1 << 20);
        let witness = Witness { whose: user, log: Arc::clone(&self.log), socket: near };
        let lease = Arc::new(Lease::unlimited());
        let wire = Arc::new(Wire::new(witness, lease, Arc::new(WireLimits::default())));
        let device = DeviceId(uuid::Uuid::from_u128(1));
        let company = self.facts.people[&user].company;
        let number = self.hub.arrives();
        (self.hub.connect(number, (user, company), device, wire).unwrap(), far)
    }

    /// What he sees of the room, in a snapshot of now.
    fn sight_of(&self, user: UserId) -> Sight {
        let standing = self.facts.standing(user).unwrap();
        let head = self.room.head;
        let view = View::open(&self.room, standing, &[], Features::NONE, head).unwrap();
        Sight {
            permit: view.permit(0),
            view,
            room: Arc::new(self.room.clone()),
            name: None,
            description: None,
            at: at(head),
            reset: None,
            rows: Vec::new(),
            reactions: Vec::new(),
            more: false,
            read: Seq::ZERO,
            unread: 0,
            locked: Features::NONE,
            external_marks: true,
        }
    }

    fn sits_down(&self, user: UserId) -> Memory {
        let (connection, far) = self.connects(user);
        let following = self.hub.following(ROOM);
        let sight = self.sight_of(user);
        let attached = self.hub.attach(&following, &connection, &sight, &frame::text("page"));
        assert_eq!(attached, Attached::Seated);
        far
    }

    /// A commit in which Alice removes Carol, and its fence.
    fn removal(&self) -> (Committed, Fence) {
        let removed = Change::Removed { users: vec![CAROL], cause: Cause::Master };
        let seq = self.room.head.next();
        let removed = Live {
            room: ROOM,
            entry: Arc::new(entry(seq.0, removed)),
            content: None,
            at: at(seq),
            version: 0,
        };
        let notice = NoticeKind::Removed { room: ROOM };
        let told = Noticed { inbox: Subject::Person(CAROL), place: 1, notice };
        committed(vec![removed], Vec::new(), vec![told])
    }
}

fn committed(entries: Vec<Live>, cuts: Vec<Cut>, notices: Vec<Noticed>) -> (Committed, Fence) {
    let (confirm, fence) = Fence::new();
    (Committed { entries, cuts, notices, issuers: false, anew: false, confirm }, fence)
}

fn entry(seq: u64, change: Change) -> Entry {
    let author = Some(ALICE);
    Entry { seq: Seq(seq), time: Time(0), tag: seq, author, change, access: Vec::new() }
}

fn at(seq: Seq) -> At {
    At { epoch: 1, seq, tag: seq.0 }
}

fn company_of(id: CompanyId) -> Company {
    Company {
        id,
        ended: false,
        external_messaging: true,
        group_creation: GroupCreation::AlsoMembers,
        external_rooms: true,
        guests: true,
        external_read_marks: true,
        disabled: Features::NONE,
        first_sign_in: false,
        outside: 0,
        whole: 0,
    }
}

fn person_of(id: UserId, company: CompanyId) -> Person {
    Person { connected: true, groups: 1, ..Person::user(id, company) }
}

#[test]
fn a_removal_cuts_off_before_anybody_is_told_and_is_effective_last() {
    // P1, P2, R16
    let scene = Scene::new();
    let _unread = [ALICE, BOB, CAROL].map(|user| scene.sits_down(user));
    let (commit, fence) = scene.removal();
    *scene.log.fence.lock() = Some(fence.clone());
    scene.log.takes();
    scene.hub.apply(commit);
    let (first, others) = (Event::Reset(CAROL), [Event::Written(ALICE), Event::Written(BOB)]);
    let events: Vec<Event> = scene
        .log
        .takes()
        .into_iter()
        .map(|(event, effective)| {
            assert!(!effective, "{event:?} when it was effective already");
            event
        })
        .collect();
    assert_eq!(events.first(), Some(&first), "what the kernel held of the group goes first");
    assert!(others.iter().all(|told| events[1..].contains(told)), "{events:?}");
    assert!(!events.contains(&Event::Written(CAROL)), "{events:?}");
    assert!(is_effective(&fence));
}

#[test]
fn who_sits_down_with_a_snapshot_from_before_his_removal_is_sent_back() {
    // P1, R16: it was read, then applied, and only then does he sit down.
    let scene = Scene::new();
    let (connection, far) = scene.connects(CAROL);
    let following = scene.hub.following(ROOM);
    let sight = scene.sight_of(CAROL);
    scene.hub.apply(scene.removal().0);
    let before = far.read_now(1 << 20);
    assert!(!before.is_empty(), "she is told that she was removed");
    let attached = scene.hub.attach(&following, &connection, &sight, &frame::text("page"));
    assert_eq!(attached, Attached::Again);
    assert_eq!(far.read_now(1 << 20), b"", "not a byte of the page");
}

#[test]
fn who_sits_down_with_a_snapshot_from_before_a_withdrawal_is_sent_back() {
    // P1, R19: no entry says so yet; the cut does.
    let scene = Scene::new();
    for subject in [Subject::Person(CAROL), Subject::Company(GLOBEX)] {
        let (connection, far) = scene.connects(CAROL);
        let following = scene.hub.following(ROOM);
        let sight = scene.sight_of(CAROL);
        let cut = Cut { number: 1, subject, reach: Reach::Outside };
        scene.hub.apply(committed(Vec::new(), vec![cut], Vec::new()).0);
        let attached = scene.hub.attach(&following, &connection, &sight, &frame::text("page"));
        assert_eq!(attached, Attached::Again, "{subject:?}");
        assert_eq!(far.read_now(1 << 20), b"", "not a byte of the page");
    }
}

#[test]
fn who_was_added_meanwhile_is_not_sent_away() {
    // R17: the notice of the addition must not be followed by an older `gone`.
    let scene = Scene::new();
    let (connection, _far) = scene.connects(CAROL);
    let gone = || frame::text("gone");
    let following = scene.hub.following(ROOM);
    assert_eq!(scene.hub.send_away(&following, &connection, gone()), Attached::Seated);
    let newcomer = Newcomer { user: CAROL, company: connection.company, guest: false };
    let added = Change::Added { members: vec![newcomer], left_out: Vec::new() };
    let seq = scene.room.head.next();
    let entry = Arc::new(entry(seq.0, added));
    let added = Live { room: ROOM, entry, content: None, at: at(seq), version: 0 };
    scene.hub.apply(committed(vec![added], Vec::new(), Vec::new()).0);
    assert_eq!(scene.hub.send_away(&following, &connection, gone()), Attached::Again);
    let again = scene.hub.following(ROOM);
    assert_eq!(scene.hub.send_away(&again, &connection, gone()), Attached::Seated);
}

#[test]
fn who_is_at_a_node_that_was_taken_for_gone_is_sent_away_and_shown_nothing() {
    // P2, P3: of what the node missed, every row may have been erased.
    let scene = Scene::new();
    let _unread = scene.sits_down(BOB);
    let (connection, far) = scene.connects(CAROL);
    let following = scene.hub.following(ROOM);
    let sight = scene.sight_of(CAROL);
    scene.log.takes();
    let (commit, fence) = committed(Vec::new(), Vec::new(), Vec::new());
    scene.hub.apply(Committed { anew: true, ..commit });
    assert!(is_effective(&fence));
    assert_eq!(scene.hub.connections(), 0);
    let resets = scene.log.takes().into_iter().filter(|(event, _)| *event == Event::Reset(BOB));
    assert_eq!(resets.count(), 1, "what the kernel held of the group goes");
    far.read_now(1 << 20);
    scene.hub.attach(&following, &connection, &sight, &frame::text("page"));
    assert_eq!(far.read_now(1 << 20), b"", "not a byte of the page");
}
