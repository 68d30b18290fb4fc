//! What a message costs. Not a promise: run it alone, in a release build.

use super::support::*;
use crate::timeline::{Place, Timeline, Want};
use crosstalk_protocol::ids::{RoomId, UserId};
use crosstalk_protocol::words::RoomKind;

const MESSAGES: usize = 20_000;

/// Processor time of this process in microseconds, and the bytes it has handed to `write`.
fn spent() -> (u64, u64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit(')').next().unwrap();
    let ticks: Vec<u64> =
        after_name.split(' ').skip(12).take(2).map(|ticks| ticks.parse().unwrap()).collect();
    let io = std::fs::read_to_string("/proc/self/io").unwrap();
    let written = io.lines().find_map(|line| line.strip_prefix("wchar: ")).unwrap();
    // The kernel's tick is a hundredth of a second.
    ((ticks[0] + ticks[1]) * 10_000, written.parse().unwrap())
}

async fn send(world: &World, alice: UserId, ids: &[RoomId], batch: usize) {
    let text = "x".repeat(200);
    let messages = if batch == 1 { MESSAGES / 4 } else { MESSAGES };
    let (before, clock) = (spent(), tokio::time::Instant::now());
    for first in (0..messages).step_by(batch) {
        let sends = (first..first + batch).map(|index| {
            // A stride that visits the rooms out of order.
            world.append(proposal(ids[index * 7_919 % ids.len()], alice, post(&text)))
        });
        for answer in futures::future::join_all(sends).await {
            answer.unwrap();
        }
    }
    let (micros, written) = spent();
    let messages = u64::try_from(messages).unwrap();
    eprintln!(
        "rooms {:5} batch {batch:4}: {:4} µs CPU {:4} µs wall {:5} bytes a message",
        ids.len(),
        (micros - before.0) / messages,
        clock.elapsed().as_micros() / u128::from(messages),
        (written - before.1) / messages,
    );
}

#[tokio::test]
#[ignore = "a measurement: cargo test --release -- --ignored --nocapture what_a_message_costs"]
async fn what_a_message_costs() {
    for rooms in [1_usize, 100, 2_000] {
        for batch in [1_usize, 10, 50, 200, 1_000] {
            let world = World::with(|options| options.batch_max = batch);
            let acme = world.company("Acme").await;
            let alice = world.user(acme, "alice").await;
            let mut ids = Vec::new();
            for _ in 0..rooms {
                ids.push(world.open(alice, RoomKind::Internal, &[]).await);
            }
            let mut follower = world.store().follow();
            let drain = async { while follower.recv().await.is_some() {} };
            tokio::select! { () = send(&world, alice, &ids, batch) => {}, () = drain => {} }
            drop(follower);
            let clock = tokio::time::Instant::now();
            let places = ids.iter().take(100);
            let places = places.map(|room| Place { room: *room, stint: None, at: None });
            let read = world.reads(alice, Want::Resume(places.collect())).await;
            let rows: usize = read.rooms.iter().map(|it| it.1.as_ref().unwrap().rows.len()).sum();
            eprintln!("      resume of {rows} rows: {} µs", clock.elapsed().as_micros());
        }
    }
}
