//! Several nodes on one server. `make test-postgres` starts one; elsewhere these are passed over.

use super::support::World;
use crate::authority::Command;
use crate::timeline::embedded::{Embedded, NodeOptions, nodes_of};
use crate::timeline::{Committed, Fence, Timeline as _};
use crosstalk_protocol::entry::Change;
use crosstalk_protocol::ids::{RoomId, Seq};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(10);
const TERM: Duration = Duration::from_millis(600);

/// Another node on the world's store, its follower, and up to when it may hand out content.
fn another(world: &World) -> (Embedded, Receiver<Committed>, Arc<AtomicU64>) {
    let lease = Arc::new(AtomicU64::new(0));
    let ends = Arc::clone(&lease);
    let extend = Arc::new(move |until| {
        ends.fetch_max(until, Ordering::Relaxed);
    });
    let node = NodeOptions { term: TERM, extend, ..NodeOptions::default() };
    let options = super::super::Options { node, ..world.options.clone() };
    let store = Embedded::open(options, world.keys()).unwrap();
    let commits = store.follow();
    (store, commits, lease)
}

async fn next(commits: &mut Receiver<Committed>) -> Committed {
    timeout(LONG, commits.recv()).await.expect("it is told of").unwrap()
}

/// The next entries of a room; what they came with is confirmed.
async fn entries(commits: &mut Receiver<Committed>, room: RoomId) -> Vec<(Seq, Change, String)> {
    loop {
        let committed = next(commits).await;
        let of_room = committed.entries.iter().filter(|live| live.room == room);
        let told = of_room.map(|live| {
            let text = live.content.as_ref().and_then(|content| content.text.clone());
            (live.entry.seq, live.entry.change.clone(), text.unwrap_or_default())
        });
        let told: Vec<_> = told.collect();
        committed.confirm.confirm();
        if !told.is_empty() {
            return told;
        }
    }
}

async fn is_open(fence: &Fence, within: Duration) -> bool {
    timeout(within, fence.clone().effective()).await.is_ok()
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server: make test-postgres"]
async fn what_one_node_writes_the_others_hear_opened_and_in_order() {
    let (world, [alice, bob, _], room) =
        World::with(|options| options.node.term = TERM).grouped().await;
    let (other, mut there, _) = another(&world);
    let mut here = world.store().follow();
    let first = world.append(world.sealed(alice, room, "from here")).await.unwrap().seq;
    let posted = world.sealed(bob, room, "from there");
    let second = other.append(posted).await.unwrap().seq;
    assert_eq!(second, first.next(), "decided on what the other one had written");
    for commits in [&mut here, &mut there] {
        let mut heard = Vec::new();
        while heard.len() < 2 {
            heard.extend(entries(commits, room).await);
        }
        let told: Vec<_> = heard.iter().map(|(seq, _, text)| (*seq, text.as_str())).collect();
        assert_eq!(told, [(first, "from here"), (second, "from there")]);
    }
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server: make test-postgres"]
async fn what_nobody_follows_here_is_not_opened() {
    let (world, [alice, bob, _], room) = World::with(|_| {}).grouped().await;
    let other_room = world.group(alice, &[bob]).await;
    let follows = Arc::new(move |asked| asked == room);
    let node = NodeOptions { follows, ..NodeOptions::default() };
    let options = super::super::Options { node, ..world.options.clone() };
    let store = Embedded::open(options, world.keys()).unwrap();
    let mut there = store.follow();
    world.append(world.sealed(alice, other_room, "elsewhere")).await.unwrap();
    world.append(world.sealed(alice, room, "here")).await.unwrap();
    let mut heard = Vec::new();
    while heard.len() < 2 {
        let committed = next(&mut there).await;
        heard.extend(committed.entries.iter().map(|live| (live.room, live.content.is_some())));
        committed.confirm.confirm();
    }
    assert_eq!(heard, [(other_room, false), (room, true)]);
}

// P2
#[tokio::test]
#[ignore = "needs a PostgreSQL server: make test-postgres"]
async fn a_removal_is_effective_when_the_other_node_has_applied_it() {
    let (world, [alice, bob, _], room) = World::with(|_| {}).grouped().await;
    let (_other, mut there, _) = another(&world);
    let removal = world.does(alice, room, Command::Remove { users: vec![bob] }).await.unwrap();
    let fence = removal.fence.unwrap();
    let committed = next(&mut there).await;
    assert!(
        committed.entries.iter().any(|live| matches!(live.entry.change, Change::Removed { .. }))
    );
    assert!(!is_open(&fence, Duration::from_millis(200)).await, "its hub has not applied it");
    committed.confirm.confirm();
    assert!(is_open(&fence, LONG).await);
}

// P2
#[tokio::test]
#[ignore = "needs a PostgreSQL server: make test-postgres"]
async fn a_node_that_does_not_confirm_holds_no_lease_when_it_has_been_waited_out() {
    let (world, [alice, bob, _], room) =
        World::with(|options| options.node.term = TERM).grouped().await;
    let (_other, mut there, lease) = another(&world);
    let removal = world.does(alice, room, Command::Remove { users: vec![bob] }).await.unwrap();
    // It hears of it, and its hub never applies it.
    let _kept = next(&mut there).await;
    assert!(is_open(&removal.fence.unwrap(), LONG).await);
    assert!(lease.load(Ordering::Relaxed) < crate::uptime::now(), "it may hand out content");
    // It says no longer that it goes on, and nobody waits for it the next time.
    world.comes_to("SELECT count(*) FROM node", 1).await;
}

// P2, P4
#[tokio::test]
#[ignore = "needs a PostgreSQL server: make test-postgres"]
async fn a_node_that_is_too_far_behind_begins_anew() {
    let (world, [alice, ..], room) = World::with(|_| {}).grouped().await;
    world.append(world.sealed(alice, room, "before")).await.unwrap();
    let (_other, mut there, _) = another(&world);
    // As if so many had been written since it last looked.
    world.change("UPDATE entry SET id = id + 30000 WHERE id = (SELECT max(id) FROM entry)");
    world.change("UPDATE turn SET number = number + 1");
    let committed = next(&mut there).await;
    assert!(committed.anew && committed.entries.is_empty(), "it reads all of them");
    committed.confirm.confirm();
    world.append(world.sealed(alice, room, "after")).await.unwrap();
    assert_eq!(entries(&mut there, room).await[0].2, "after");
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server: make test-postgres"]
async fn who_asks_is_told_how_the_nodes_are() {
    let (world, [alice, bob, _], room) =
        World::with(|options| options.node.term = TERM).grouped().await;
    let (_other, mut there, _) = another(&world);
    let states = || world.beside(|_| Ok(nodes_of(world.options.server.as_ref().unwrap()).unwrap()));
    let told = states();
    assert_eq!(told.len(), 2);
    let term = i64::try_from(TERM.as_micros()).unwrap();
    assert!(told.iter().all(|node| (1..=term).contains(&node.lease_micros)), "{told:?}");
    // Its hub applies nothing from now on.
    let _removal = world.does(alice, room, Command::Remove { users: vec![bob] }).await.unwrap();
    let _kept = next(&mut there).await;
    tokio::time::sleep(TERM).await;
    let told = states();
    assert!(told.iter().any(|node| node.behind > 0), "{told:?}");
}

// P2, P4
#[tokio::test]
#[ignore = "needs a PostgreSQL server: make test-postgres"]
async fn a_store_that_was_set_back_is_followed_no_more() {
    let (world, [alice, ..], room) = World::with(|_| {}).grouped().await;
    let (_other, _there, lease) = another(&world);
    world.change("UPDATE turn SET number = number - 1");
    tokio::time::sleep(TERM).await;
    // It is as far as it was, and further, and yet another one.
    for _ in 0..3 {
        world.append(world.sealed(alice, room, "after")).await.unwrap();
    }
    tokio::time::sleep(TERM * 2).await;
    assert!(lease.load(Ordering::Relaxed) < crate::uptime::now(), "it hands out content");
}

// R19, R22
#[tokio::test]
#[ignore = "needs a PostgreSQL server: make test-postgres"]
async fn what_a_node_that_died_had_begun_an_idle_one_ends() {
    let (world, ..) = World::with(|_| {}).grouped().await;
    world.break_connections();
    world.change("INSERT INTO job (kind, owner) VALUES (0, 2)");
    world.comes_to("SELECT count(*) FROM job WHERE finished IS NULL", 0).await;
}

// P2, R19
#[tokio::test]
#[ignore = "needs a PostgreSQL server: make test-postgres"]
async fn a_withdrawal_and_what_inboxes_say_reach_the_other_node() {
    let (world, [_, bob, _], _) = World::with(|_| {}).grouped().await;
    let (_other, mut there, _) = another(&world);
    let done = world.connect(bob, false).await;
    let committed = next(&mut there).await;
    assert_eq!(committed.cuts.len(), 1);
    assert!(!is_open(&done.fence, Duration::from_millis(100)).await);
    committed.confirm.confirm();
    assert!(is_open(&done.fence, LONG).await);
}

// P3
#[tokio::test]
#[ignore = "needs a PostgreSQL server: make test-postgres"]
async fn a_deleted_room_is_purged_when_every_node_has_cut_off_its_people() {
    let (world, [alice, ..], room) = World::with(|_| {}).grouped().await;
    let (_other, mut there, _) = another(&world);
    world.does(alice, room, Command::Delete).await.unwrap();
    let committed = next(&mut there).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(world.rows_left(room).contains(&"entry".to_owned()), "its hub has not applied it");
    assert_eq!(committed.notices.len(), 3, "who is to be cut off");
    committed.confirm.confirm();
    for _ in 0..100 {
        if world.rows_left(room).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{:?} are left", world.rows_left(room));
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server: make test-postgres"]
async fn who_has_left_or_is_gone_is_waited_for_no_longer() {
    let (world, [alice, bob, _], room) =
        World::with(|options| options.node.term = TERM).grouped().await;
    let (other, there, _) = another(&world);
    assert_eq!(world.sql("SELECT count(*) FROM node"), 2);
    drop((other, there));
    assert_eq!(world.sql("SELECT count(*) FROM node"), 1, "it has left");
    // As one that was killed leaves it.
    world.change("INSERT INTO node VALUES ('0123456789abcdef', 'dead', 600000000, 1, 0, 0)");
    let removal = world.does(alice, room, Command::Remove { users: vec![bob] }).await.unwrap();
    assert!(is_open(&removal.fence.unwrap(), LONG).await, "waited out");
    world.comes_to("SELECT count(*) FROM node", 1).await;
}

// P4
#[tokio::test]
#[ignore = "needs a PostgreSQL server: make test-postgres"]
async fn a_node_whose_session_ended_goes_on_and_misses_nothing() {
    let (world, [alice, ..], room) = World::with(|_| {}).grouped().await;
    let (_other, mut there, lease) = another(&world);
    world.append(world.sealed(alice, room, "before")).await.unwrap();
    assert_eq!(entries(&mut there, room).await[0].2, "before");
    world.break_connections();
    let mut after = None;
    for _ in 0..20 {
        let said = world.append(world.sealed(alice, room, "after")).await;
        after = said.ok();
        if after.is_some() {
            break;
        }
    }
    assert!(after.is_some());
    assert_eq!(entries(&mut there, room).await[0].2, "after");
    let ends = lease.load(Ordering::Relaxed);
    for _ in 0..100 {
        if lease.load(Ordering::Relaxed) > ends {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("its lease is not renewed");
}

// P2, P3
#[tokio::test]
#[ignore = "needs a PostgreSQL server: make test-postgres"]
async fn who_was_taken_for_gone_begins_anew_and_once() {
    let (world, [alice, ..], room) = World::with(|_| {}).grouped().await;
    let (_other, mut there, _) = another(&world);
    assert!(world.keys().cached(room).is_some());
    // As another node does that has not seen it go on.
    world.change("DELETE FROM node");
    let committed = next(&mut there).await;
    assert!(committed.anew, "it may have missed anything");
    assert!(world.keys().cached(room).is_none(), "it may have been deleted");
    committed.confirm.confirm();
    world.append(world.sealed(alice, room, "after")).await.unwrap();
    let committed = next(&mut there).await;
    assert!(!committed.anew);
    assert_eq!(committed.entries.len(), 1);
}

// P4
#[tokio::test]
#[ignore = "needs a PostgreSQL server: make test-postgres"]
async fn a_node_whose_statement_failed_goes_on() {
    let (world, ..) = World::with(|_| {}).grouped().await;
    let (_other, _there, lease) = another(&world);
    world.change("ALTER TABLE node RENAME TO away");
    tokio::time::sleep(TERM).await;
    world.change("ALTER TABLE away RENAME TO node");
    let ends = crate::uptime::now();
    for _ in 0..100 {
        if lease.load(Ordering::Relaxed) > ends + u64::try_from(TERM.as_nanos()).unwrap() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("its lease is not renewed");
}
