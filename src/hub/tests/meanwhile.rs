//! Interleavings that no peer can force: every step is taken by hand, over sockets in memory.

use super::*;
use crate::authority::Standing;
use bytes::Bytes;
use crosstalk_protocol::entry::Content;
use crosstalk_protocol::ids::OperationId;
use crosstalk_protocol::words::RoomKind;
use std::sync::Barrier;
use uuid::Uuid;

const LARGE: usize = 1 << 20;

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// A room of two companies, and one of its people.
struct World {
    hub: Arc<Hub>,
    room: Room,
    carol: Person,
    globex: Company,
}

impl World {
    /// Carol is in a group since its first place.
    fn with_a_group() -> Self {
        let members = [(ALICE, ACME), (CAROL, GLOBEX)];
        let members = members.map(|(user, company)| Newcomer { user, company, guest: false });
        Self::of(Change::Created {
            way: Way::Contacts,
            owner: ACME,
            founder: ALICE,
            masters: vec![ALICE],
            members: members.to_vec(),
            left_out: Vec::new(),
            features: Features::ALL,
            history: HistoryVisibility::SinceJoined,
        })
    }

    /// Carol is in an internal room of her company.
    fn with_an_internal_room() -> Self {
        let members = vec![Newcomer { user: CAROL, company: GLOBEX, guest: false }];
        Self::of(Change::Opened { room_kind: RoomKind::Internal, owner: GLOBEX, members })
    }

    fn of(first: Change) -> Self {
        let globex = company_of(GLOBEX);
        let carol = person_of(CAROL, GLOBEX);
        let hub = Arc::new(Hub::new(Limits::default(), Arc::new(InboxCursors::for_test())));
        let mut world = Self { hub, room: Room::blank(ROOM), carol, globex };
        drop(world.next(first, None));
        world
    }

    /// The next entry, as a commit tells it.
    fn next(&mut self, change: Change, content: Option<Content>) -> Live {
        let seq = self.room.head.next();
        let entry = entry(seq.0, change);
        self.room.apply(&entry);
        let (entry, content) = (Arc::new(entry), content.map(Arc::new));
        Live { room: ROOM, entry, content, at: at(seq), version: 0 }
    }

    fn says(&mut self, text: &str) -> Live {
        let change = Change::Posted {
            operation: OperationId(id(200)),
            reply_to: None,
            mentions: Vec::new(),
            mention_all: false,
        };
        self.next(change, Some(Content::text(text)))
    }

    fn removes_carol(&mut self) -> Live {
        self.next(Change::Removed { users: vec![self.carol.id], cause: Cause::Master }, None)
    }

    /// What Carol sees now, read in a snapshot whose newest cut is this one.
    fn sight(&self, cut: u64) -> Sight {
        let standing = Standing { person: &self.carol, company: &self.globex };
        let view = View::open(&self.room, standing, &[], Features::NONE, self.room.head).unwrap();
        Sight {
            permit: view.permit(cut),
            view,
            room: Arc::new(self.room.clone()),
            name: None,
            description: None,
            at: at(self.room.head),
            reset: None,
            rows: Vec::new(),
            reactions: Vec::new(),
            more: false,
            read: Seq::ZERO,
            unread: 0,
            locked: Features::NONE,
            external_marks: false,
        }
    }

    /// A device of Carol's comes, whose peer has so much room.
    fn connects(&self, device: u128, window: usize) -> (Arc<Connection>, Memory) {
        let (near, far) = pair(window);
        let lease = Arc::new(Lease::unlimited());
        let wire = Arc::new(Wire::new(near, lease, Arc::default()));
        let who = (self.carol.id, self.carol.company);
        (self.hub.connect(self.hub.arrives(), who, DeviceId(id(device)), wire).unwrap(), far)
    }

    fn sits_down(&self, connection: &Arc<Connection>, page: &str) -> Attached {
        let following = self.hub.following(ROOM);
        self.hub.attach(&following, connection, &self.sight(0), &frame::text(page))
    }

    fn applies(&self, entries: Vec<Live>, cuts: Vec<Cut>, notices: Vec<Noticed>) {
        self.hub.apply(committed(entries, cuts, notices).0);
    }

    fn cut(&self, number: u64, reach: Reach) -> Cut {
        let subject = match reach {
            Reach::Relock => Subject::Company(self.globex.id),
            Reach::Outside | Reach::Whole | Reach::SignIns => Subject::Person(self.carol.id),
        };
        Cut { number, subject, reach }
    }
}

/// All that has come, and what comes once there is room for it.
async fn reads(connection: &Connection, far: &Memory) -> String {
    far.set_window(LARGE);
    while connection.wire.waiting_bytes() > 0 {
        tokio::select! {
            () = connection.wire.flush() => {}
            () = tokio::task::yield_now() => {}
        }
    }
    String::from_utf8_lossy(&far.read_now(LARGE)).into_owned()
}

#[tokio::test]
async fn a_removal_finds_the_connection_that_a_newer_one_has_replaced() {
    // P2: it is closing, and what waits there would still be written.
    let mut world = World::with_a_group();
    let (older, far) = world.connects(1, 0);
    assert_eq!(world.sits_down(&older, "page"), Attached::Seated);
    let (newer, _) = world.connects(1, LARGE);
    assert!(!older.wire.is_open() && newer.wire.is_open());
    let removal = world.removes_carol();
    world.applies(vec![removal], Vec::new(), Vec::new());
    let read = reads(&older, &far).await;
    assert!(read.contains("replaced") && !read.contains("page"), "{read}");
    world.hub.disconnect(&older);
    world.hub.disconnect(&newer);
    assert_eq!(world.hub.connections(), 0);
}

#[tokio::test]
async fn of_one_device_two_connections_stay_at_most() {
    // Every list has a limit: a device that comes again and again and reads nothing.
    let world = World::with_a_group();
    for _ in 0..100 {
        let (_connection, _far) = world.connects(1, 0);
        assert!(world.hub.connections() <= 2);
    }
}

#[tokio::test]
async fn a_lock_sends_who_sits_down_back_to_read_again() {
    // R11: it is no entry of the room, and the wire knows nothing of it.
    let world = World::with_a_group();
    let (carol, far) = world.connects(1, LARGE);
    let following = world.hub.following(ROOM);
    let sight = world.sight(6);
    world.applies(Vec::new(), vec![world.cut(7, Reach::Relock)], Vec::new());
    let attached = world.hub.attach(&following, &carol, &sight, &frame::text("page"));
    assert_eq!((attached, reads(&carol, &far).await.as_str()), (Attached::Again, ""));
}

#[test]
fn a_cut_finds_who_sits_down_at_the_same_moment() {
    // R19: or a seat would stay that only the next entry of the room finds.
    let world = World::with_a_group();
    let following = world.hub.following(ROOM);
    let together = Barrier::new(2);
    for number in 1..=2_000 {
        let (carol, _far) = world.connects(1, LARGE);
        let sight = world.sight(number - 1);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                together.wait();
                world.hub.attach(&following, &carol, &sight, &Bytes::new())
            });
            together.wait();
            let cut = world.cut(number, Reach::Outside);
            world.applies(Vec::new(), vec![cut], Vec::new());
        });
        let seats = world.hub.seats(ROOM).unwrap();
        assert!(seats.lock().is_empty(), "at the {number}th try");
        world.hub.disconnect(&carol);
    }
}

#[tokio::test]
async fn that_a_room_is_to_be_resumed_is_not_told_after_a_removal() {
    // P2, R16: it would tell him that something happens there.
    let mut world = World::with_a_group();
    let (carol, far) = world.connects(1, 0);
    assert_eq!(world.sits_down(&carol, ""), Attached::Seated);
    world.applies(Vec::new(), vec![world.cut(1, Reach::Relock)], Vec::new());
    let removal = world.removes_carol();
    world.applies(vec![removal], Vec::new(), Vec::new());
    let read = reads(&carol, &far).await;
    assert!(!read.contains("behind"), "{read}");
}

#[tokio::test]
async fn a_withdrawal_drops_what_waits_of_a_room_from_before_it_became_a_group() {
    // R7, R19, P2
    let mut world = World::with_an_internal_room();
    let (carol, far) = world.connects(1, 0);
    assert_eq!(world.sits_down(&carol, "page"), Attached::Seated);
    let before = world.says("before");
    let converted = Change::Converted {
        owner: world.globex.id,
        founder: world.carol.id,
        left_out: Vec::new(),
        features: Features::ALL,
        history: HistoryVisibility::SinceJoined,
    };
    let converted = world.next(converted, None);
    world.applies(vec![before, converted], Vec::new(), Vec::new());
    world.applies(Vec::new(), vec![world.cut(1, Reach::Outside)], Vec::new());
    // The page that she asked for is answered as of a room that never was, and nothing follows.
    let read = reads(&carol, &far).await;
    assert!(read.contains(r#""type":"gone""#) && read.len() < 100, "{read}");
}
