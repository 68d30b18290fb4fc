//! P1 and P2 under load: a thousand removals, and withdrawals, suspensions, deletions and revoked
//! sign-ins among them, while a thousand messages a second flow to those who are cut off; some of
//! them read on, some do not read, some stop in the middle of a frame, some are just coming back or
//! turning pages, some have two devices.
//!
//! # What is measured
//!
//! That no byte of the group is handed to the network for him once the acknowledgement is there.
//! The removed person's devices are not the client of the other tests but sockets whose every byte
//! is kept with its place in the stream ([`watched`]). When the Group Master has read `effective:
//! true`, the *kernel* is asked at which place it stands with the stream to each of these devices
//! ([`kernel`], `TCP_INFO`): what lies before it is on the network or was read, what lies after it
//! was not sent yet. Then every device reads all that ever comes, and a frame of the room with one
//! byte after that place is a leak ([`window`]).
//!
//! # Why it does not pass by mistake
//!
//! - Bytes that the server's kernel still holds for somebody who does not read are after that place,
//!   as the kernel counts what it has put on the network, not what it was given. If they come out
//!   later, they are found: each device is made to read on until an answer that was asked for after
//!   the acknowledgement has come (frames of one connection come in order), or the connection has
//!   ended. The devices' receive buffers are as small as the kernel allows, so that what flows to
//!   one that has stalled stays with the server: each such removal waits until it does.
//! - A frame that had begun before and is finished afterwards ends after that place, and is found.
//! - Whoever's connection was reset comes back in the same second and asks for the room, too.
//! - Messages go on meanwhile: each removal waits until some were written after it. None of those
//!   may come to him at all, neither then nor when he has been added again (P1): every entry that
//!   any of his devices is ever shown is compared with the places between his stints.
//! - What it can't see: bytes that leave in the microseconds between the acknowledgement's arrival
//!   and the question to the kernel count as before; and a connection that the server has let go of
//!   altogether is taken at its word. The tests of `hub` and `wire` stand for these.
//!
//! # Why it does not fail by mistake
//!
//! Bytes that are on their way at that moment are before that place however late they arrive; what
//! was sent twice is counted once. Nothing is timed, and nothing waits for a time to pass.
//!
//! The faults that `crosstalk::mutants` can put in are found by the tests after the first one, each
//! of which makes the one situation in which its fault shows.

mod crowd;
mod kernel;
mod removed;
mod talk;
mod watched;
mod window;

use crate::house::{Company, House};
use crate::people::governing::creation;
use crate::people::talking::message;
use crate::people::{Person, ids, operation};
use crosstalk_loadtest::Client;
use crosstalk_protocol::ids::{DeviceId, RoomId};
use crosstalk_protocol::request::{Add, Delete, Hello, Remove};
use futures::future::join_all;
use removed::Removed;
use std::sync::Arc;
use std::time::Duration;
use talk::Talk;
use tokio::time::Instant;
use uuid::Uuid;
use watched::{Reading, Watched, device, hello};

/// Groups, in each of which this many people are removed again and again.
const GROUPS: usize = 10;
const REMOVED_IN_EACH: usize = 4;
/// How often each of them is removed.
const REMOVALS: usize = 25;
/// Messages a second in each group.
const MESSAGES_A_SECOND: u32 = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_removals_under_load_leak_nothing() {
    // P1, P2, R16, R17, R19, R21, R34
    // Whoever waits for his turn here is silent for as long as it takes.
    let house = House::open_with(&[("limits.ping_after_seconds", "600")]).await;
    let (acme, globex) = house.two_connected_companies().await;
    let globex = Arc::new(globex);
    let mut talks = Vec::new();
    let mut removed = Vec::new();
    for _ in 0..GROUPS {
        let alice = acme.person("Alice").await;
        let mut people = Vec::new();
        for _ in 0..REMOVED_IN_EACH {
            let carol = globex.person("Carol").await;
            alice.is_contact_of(&carol).await;
            carol.loses_the_connection().await;
            people.push(Arc::new(carol));
        }
        let members: Vec<&Person> = people.iter().map(AsRef::as_ref).collect();
        let mut master = signed_in(&alice).await;
        let group = master.request(creation("Launch", ids(&members))).await.unwrap().room;
        let talk = Arc::new(Talk::in_group(group));
        talks.push(talk.begins(signed_in(&alice).await, MESSAGES_A_SECOND));
        for (number, carol) in people.into_iter().enumerate() {
            let who = (Arc::clone(&globex), carol);
            let master = signed_in(&alice).await;
            let mut one = Removed::new(who, master, Arc::clone(&talk), house.server.address());
            one.connects(1 + number % 2).await;
            removed.push(one);
        }
    }
    let began = Instant::now();
    #[expect(clippy::disallowed_methods, reason = "clients' tasks, not the server's")]
    let all = removed
        .into_iter()
        .enumerate()
        .map(|(number, one)| tokio::spawn(one.lives(number, REMOVALS)));
    let tallies = join_all(all).await.into_iter().map(Result::unwrap);
    let took = began.elapsed();
    let mut messages = 0;
    for talk in talks {
        messages += talk.ends().await;
    }
    let tally = tallies.reduce(removed::Tally::and).unwrap();
    let rate = u128::from(messages) * 1_000 / took.as_millis();
    eprintln!("{tally}; in {took:.1?}, in which {messages} were written, {rate} a second");
    assert_eq!(tally.removals, GROUPS * REMOVED_IN_EACH * REMOVALS);
    assert!(tally.leaks.is_empty(), "{} leaks:\n{}", tally.leaks.len(), tally.leaks.join("\n"));
}

/// Alice of Acme, and Carol of Globex, whose device is watched.
struct Scene {
    house: House,
    acme: Company,
    globex: Company,
    /// Alice herself, and one connection of hers.
    master: Person,
    alice: Client,
    carol: Person,
    group: RoomId,
}

impl Scene {
    async fn open(settings: &[(&str, &str)]) -> Self {
        let house = House::open_with(settings).await;
        let (acme, globex) = house.two_connected_companies().await;
        let master = acme.person("Alice").await;
        let carol = globex.person("Carol").await;
        master.is_contact_of(&carol).await;
        carol.loses_the_connection().await;
        let mut alice = signed_in(&master).await;
        let made = alice.request(creation("Launch", ids(&[&carol]))).await;
        let group = made.unwrap().room;
        Self { house, acme, globex, master, alice, carol, group }
    }

    /// Nineteen more groups where much was said, and a device of Carol's whose receive buffer is as
    /// usual: what is looked for is not in it.
    async fn of_many_groups() -> (Self, Watched, Vec<RoomId>) {
        let mut scene = Self::open(&[]).await;
        let mut groups = Vec::new();
        for number in 0..19 {
            let group = scene.another_group(&format!("Group {number}")).await;
            scene.alice_says_much(group, 40, 100).await;
            groups.push(group);
        }
        let token = scene.globex.token_of(&scene.carol.subject);
        let address = scene.house.server.address();
        let carol = Watched::connect_with(None, address, &token, &hello(device())).await;
        (scene, carol, groups)
    }

    /// Another group of the same people.
    async fn another_group(&mut self, name: &str) -> RoomId {
        let made = creation(name, ids(&[&self.carol]));
        self.alice.request(made).await.unwrap().room
    }

    async fn carol_connects(&self, device: DeviceId) -> Watched {
        let token = self.globex.token_of(&self.carol.subject);
        Watched::connect(self.house.server.address(), &token, &hello(device)).await
    }

    /// Long messages, all of them on their way at once.
    async fn alice_says_much(&mut self, group: RoomId, times: usize, length: usize) {
        let text = "x".repeat(length);
        let mut asked = Vec::new();
        for _ in 0..times {
            asked.push(self.alice.start(message(group, operation(), &text)).await.unwrap());
        }
        for id in asked {
            self.alice.answer(id).await.unwrap();
        }
    }

    async fn carol_is_removed(&mut self, group: RoomId) {
        let remove = Remove { room: group, operation: operation(), users: vec![self.carol.id] };
        let removed = self.alice.request(remove).await.unwrap();
        assert!(removed.effective && removed.unchanged.is_empty());
    }

    async fn carol_is_added(&mut self, group: RoomId) {
        let add = Add { room: group, operation: operation(), users: vec![self.carol.id] };
        self.alice.request(add).await.unwrap();
    }
}

/// A connection of a person that follows no room.
async fn signed_in(person: &Person) -> Client {
    let device = DeviceId(Uuid::now_v7());
    let hello = Hello { device, token: None, inbox: None, rooms: Vec::new(), client: None };
    let (mut client, _) = Client::sign_in(&person.target(), hello).await.unwrap();
    client.set_patience(Duration::from_mins(3));
    client
}

fn none(leaks: &[String]) {
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_waits_of_the_group_is_dropped_and_the_rest_flows() {
    // P2, R16: the connection is not reset, as what it can't take back is of another group.
    let mut scene = Scene::open(&[]).await;
    let other = scene.another_group("Other").await;
    let carol = scene.carol_connects(device()).await;
    for group in [scene.group, other] {
        assert!(carol.sits_down(group).await);
    }
    carol.reads(Reading::Stalled);
    scene.alice_says_much(other, 12, 9_000).await;
    carol.is_stalled(12_000).await;
    scene.alice_says_much(scene.group, 3, 100).await;
    let from = carol.count();
    scene.carol_is_removed(scene.group).await;
    let closed = carol.is_closed_to(scene.group);
    carol.reads_all().await;
    none(&carol.leaks(closed));
    assert!(!carol.has_ended(), "it need not be reset");
    let kept = carol.heard(|heard| {
        heard.frames[from..].iter().filter(|frame| frame.is_message_of(other)).count()
    });
    assert_eq!(kept, 12, "P4: the other group goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_frame_that_has_begun_is_not_finished() {
    // P2, R16
    let mut scene = Scene::open(&[]).await;
    for how in [Reading::Stalled, Reading::HalfAFrame] {
        let carol = scene.carol_connects(device()).await;
        assert!(carol.sits_down(scene.group).await);
        carol.reads(how);
        scene.alice_says_much(scene.group, 12, 9_000).await;
        carol.is_stalled(12_000).await;
        scene.carol_is_removed(scene.group).await;
        let closed = carol.is_closed_to(scene.group);
        carol.reads_all().await;
        none(&carol.leaks(closed));
        assert!(carol.has_ended(), "it can't be taken back otherwise");
        scene.carol_is_added(scene.group).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_page_that_was_read_before_the_removal_is_not_shown_after_it() {
    // P1, P2: she is removed while she comes back to twenty groups, of which it is the last.
    let (mut scene, carol, mut groups) = Scene::of_many_groups().await;
    groups.push(scene.group);
    let mut raced = 0;
    for _ in 0..40 {
        // What is shown is to be a page each time.
        scene.alice_says_much(scene.group, 40, 100).await;
        let from = carol.begins_to_come_back_to(&groups).await;
        scene.carol_is_removed(scene.group).await;
        let closed = carol.is_closed_to(scene.group);
        carol.reads_all().await;
        none(&carol.leaks(closed));
        assert!(!carol.has_ended());
        raced += usize::from(carol.has_been_told_gone(from, scene.group));
        if raced >= 4 {
            break;
        }
        scene.carol_is_added(scene.group).await;
    }
    assert!(raced > 0, "not one removal came in between");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_group_deleted_while_she_comes_back_is_gone() {
    // P2, P3, R21: read before, and to be opened with a key that is destroyed by then. That it is
    // not to be reached now, and to be kept, would be said of a group that still is.
    let (mut scene, carol, groups) = Scene::of_many_groups().await;
    let mut raced = 0;
    for _ in 0..40 {
        let brief = scene.another_group("Brief").await;
        scene.alice_says_much(brief, 40, 100).await;
        let from = carol.begins_to_come_back_to(&[&groups[..], &[brief]].concat()).await;
        let delete = Delete { room: brief, operation: operation() };
        assert!(scene.alice.request(delete).await.unwrap().effective);
        let closed = carol.is_closed_to(brief);
        carol.reads_all().await;
        none(&carol.leaks(closed));
        assert!(!carol.has_ended());
        raced += usize::from(carol.has_been_told_gone(from, brief));
        if raced >= 4 {
            break;
        }
    }
    assert!(raced > 0, "not one deletion came in between");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_replaced_connection_brings_nothing_after_the_removal() {
    // P2: it has said goodbye, and its kernel holds what its peer has not read.
    let mut scene = Scene::open(&[]).await;
    let phone = device();
    let older = scene.carol_connects(phone).await;
    assert!(older.sits_down(scene.group).await);
    older.reads(Reading::Stalled);
    scene.alice_says_much(scene.group, 6, 1_000).await;
    older.is_stalled(2_000).await;
    let newer = scene.carol_connects(phone).await;
    older.has_been_said_goodbye().await;
    scene.carol_is_removed(scene.group).await;
    let closed = [older.is_closed_to(scene.group), newer.is_closed_to(scene.group)];
    for (device, closed) in [&older, &newer].into_iter().zip(closed) {
        device.reads_all().await;
        none(&device.leaks(closed));
    }
    assert!(older.has_ended() && !newer.has_ended());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_slow_reader_who_is_being_closed_is_shown_nothing_after_the_removal() {
    // P2: its last words are in the kernel, behind the rest of what it did not read.
    let mut scene = Scene::open(&[("limits.backlog_bytes", "65536")]).await;
    let carol = scene.carol_connects(device()).await;
    assert!(carol.sits_down(scene.group).await);
    carol.reads(Reading::Stalled);
    scene.alice_says_much(scene.group, 12, 9_000).await;
    carol.is_stalled(12_000).await;
    carol.reads_until_said_goodbye().await;
    scene.carol_is_removed(scene.group).await;
    let closed = carol.is_closed_to(scene.group);
    carol.reads_all().await;
    none(&carol.leaks(closed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_removal_is_answered_when_it_is_effective_and_not_before() {
    // P2: a crowd keeps the node busy. Carol, who had stalled, reads on at that very moment: had the
    // removal not been applied by then, what the node's kernel holds for her would come.
    let mut scene = Scene::open(&[]).await;
    let crowd = crowd::gathers(&mut scene).await;
    // Of what shares a commit, rooms are served in the order of their ids: the crowd comes first.
    let group = scene.another_group("After the crowd").await;
    let phone = device();
    for _ in 0..12 {
        let carol = scene.carol_connects(phone).await;
        assert!(carol.sits_down(group).await);
        carol.reads(Reading::Stalled);
        scene.alice_says_much(group, 4, 2_000).await;
        carol.is_stalled(4_000).await;
        scene.carol_is_removed(group).await;
        let closed = carol.is_closed_to(group);
        carol.reads_all().await;
        none(&carol.leaks(closed));
        scene.carol_is_added(group).await;
    }
    crowd.goes().await;
}
