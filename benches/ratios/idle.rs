//! The server's memory for a connection that is signed in, follows a room, and says nothing.

use crate::house::{House, Person};
use crate::report::{Figure, Goal};
use crate::server::Server;
use crosstalk_protocol::ids::RoomId;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// They come first, so that what is made once is not counted.
const FIRST: usize = 1_000;
const COUNTED: usize = 4_000;
/// People of a group.
const TOGETHER: usize = 50;
const PING: Duration = Duration::from_secs(5);
/// Every connection has been pinged, and memory that was needed for a moment has been given back.
const SETTLE: Duration = Duration::from_secs(12);
const GOAL_KIB: f64 = 8.0;

/// Measures.
pub(crate) async fn measure() -> anyhow::Result<Figure> {
    let server = Server::start(&[&format!("limits.ping_after_seconds={}", PING.as_secs())])?;
    let house = House::open(&server).await?;
    let people = house.people(FIRST + COUNTED).await?;
    let mut rooms = Vec::with_capacity(people.len() / TOGETHER);
    for people in people.chunks(TOGETHER) {
        rooms.push([house.group(people).await?]);
    }
    let followed = rooms.iter().flat_map(|room| std::iter::repeat_n(room.as_slice(), TOGETHER));
    let all: Vec<(&Person, &[RoomId])> = people.iter().zip(followed).collect();
    let (first, counted) = all.split_at(FIRST);
    let gauge = server.gauge();
    let mut readers = JoinSet::new();
    let empty = gauge.private_bytes()?;
    come(&house, first, &mut readers).await?;
    sleep(SETTLE).await;
    let before = gauge.private_bytes()?;
    come(&house, counted, &mut readers).await?;
    sleep(SETTLE).await;
    let after = gauge.private_bytes()?;
    if let Some(ended) = readers.try_join_next() {
        ended??;
    }
    let each = (after.saturating_sub(before)) as f64 / COUNTED as f64 / 1024.0;
    let whole = |bytes: u64| format!("{:.1} MiB", bytes as f64 / 1_048_576.0);
    let raw = vec![
        ("before the first connection", whole(empty)),
        ("with 1,000 connections", whole(before)),
        ("with 5,000 connections", whole(after)),
        ("bytes for each of the last 4,000", format!("{:.0}", each * 1024.0)),
        ("rooms followed by each, people of a room", format!("1, {TOGETHER}")),
    ];
    Ok(Figure {
        name: "user memory of the server for an idle connection",
        value: each,
        unit: "KiB",
        goal: Goal::AtMost(GOAL_KIB),
        raw,
    })
}

/// Signs these people in. Idle clients answer pings, and do nothing else.
async fn come(
    house: &House,
    people: &[(&Person, &[RoomId])],
    readers: &mut JoinSet<anyhow::Result<()>>,
) -> anyhow::Result<()> {
    for some in people.chunks(200) {
        for mut line in house.lines(some).await? {
            readers.spawn(async move {
                loop {
                    line.read(|_| Ok(())).await?;
                }
            });
        }
    }
    Ok(())
}
