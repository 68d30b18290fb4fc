//! Durable messages a second, against a bare loop that writes the same rows.
//!
//! Writers keep a fixed number of messages each on their way and send one for each that was
//! acknowledged; what was acknowledged is counted. Then the server rests, and one thread replays the
//! same stretch: see `replay`. Both take turns.

use crate::gauge::Gauge;
use crate::house::House;
use crate::line::Line;
use crate::median;
use crate::replay::{Replay, Stretch};
use crate::report::{Figure, Goal, rounds};
use crate::server::{Server, now_micros};
use crosstalk_protocol::ids::{OperationId, RoomId};
use crosstalk_protocol::request::{Request, Send};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

const WRITERS: usize = 100;
const ROOMS: usize = 20;
/// Messages of one writer on their way.
const WINDOW: usize = 8;
const TEXT_BYTES: usize = 200;
const ROUNDS: usize = 5;
const WARM_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(3);
const GOAL: f64 = 0.6;

/// What one round of the server came to.
struct Round {
    acknowledged_a_second: f64,
    cpu_micros: f64,
    /// From when to when, by the clock of entries.
    stretch: (i64, i64),
}

/// What a round and its replay came to.
#[derive(Default)]
struct Rounds {
    ours: Vec<f64>,
    bare: Vec<f64>,
    ratios: Vec<f64>,
    batches: Vec<f64>,
    commits: Vec<f64>,
    cpu: Vec<f64>,
}

/// Measures.
pub(crate) async fn measure() -> anyhow::Result<Figure> {
    let server = Server::start(&[])?;
    let house = House::open(&server).await?;
    let people = house.people(WRITERS).await?;
    let mut rooms = Vec::with_capacity(ROOMS);
    for people in people.chunks(WRITERS / ROOMS) {
        rooms.push(house.group(people).await?);
    }
    // They do not follow their rooms: this is about writing, the next one about delivering.
    let silent: Vec<_> = people.iter().map(|person| (person, [].as_slice())).collect();
    let mut lines = house.lines(&silent).await?;
    let mut replay = Replay::beside(&server.database(), &server.beside("bare.db"))?;
    let mut all = Rounds::default();
    for _ in 0..ROUNDS {
        let (back, round) = write(lines, &rooms, server.gauge()).await?;
        lines = back;
        let (stretch, back) = replay.run_apart(round.stretch).await?;
        replay = back;
        all.add(&round, &stretch);
    }
    Ok(all.figure())
}

/// One round of writing; gives the lines back.
async fn write(
    lines: Vec<Line>,
    rooms: &[RoomId],
    gauge: Gauge,
) -> anyhow::Result<(Vec<Line>, Round)> {
    let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut writers = JoinSet::new();
    let each = WRITERS / ROOMS;
    let places = rooms.iter().flat_map(|room| std::iter::repeat_n(*room, each)).enumerate();
    for (line, (number, room)) in lines.into_iter().zip(places) {
        let (stop, count) = (Arc::clone(&stop), Arc::clone(&count));
        writers.spawn(async move {
            let line = keep_writing(line, room, &stop, &count).await;
            line.map(|line| (number, line))
        });
    }
    sleep(WARM_UP).await;
    let began = (Instant::now(), now_micros(), count.load(Ordering::Relaxed), gauge.cpu()?);
    sleep(MEASURED).await;
    let acknowledged = count.load(Ordering::Relaxed) - began.2;
    let (elapsed, until, cpu) = (began.0.elapsed(), now_micros(), gauge.cpu()? - began.3);
    stop.store(true, Ordering::Relaxed);
    let mut back = Vec::with_capacity(WRITERS);
    while let Some(line) = writers.join_next().await {
        back.push(line??);
    }
    back.sort_unstable_by_key(|(number, _)| *number);
    let acknowledged = acknowledged as f64;
    let round = Round {
        acknowledged_a_second: acknowledged / elapsed.as_secs_f64(),
        cpu_micros: cpu * 1e6 / acknowledged,
        stretch: (began.1, until),
    };
    Ok((back.into_iter().map(|(_, line)| line).collect(), round))
}

async fn keep_writing(
    mut line: Line,
    room: RoomId,
    stop: &AtomicBool,
    count: &AtomicU64,
) -> anyhow::Result<Line> {
    let mut on_their_way = WINDOW;
    line.send((0..WINDOW).map(|_| message(room))).await?;
    while on_their_way > 0 {
        let mut acknowledged = 0;
        line.read(|incoming| {
            let start = incoming.payload.get(..40).unwrap_or(incoming.payload);
            let accepted = start.windows(10).any(|ten| ten == br#""accepted""#);
            anyhow::ensure!(accepted, "{}", String::from_utf8_lossy(incoming.payload));
            acknowledged += 1;
            Ok(())
        })
        .await?;
        count.fetch_add(acknowledged as u64, Ordering::Relaxed);
        on_their_way -= acknowledged;
        if !stop.load(Ordering::Relaxed) && acknowledged > 0 {
            line.send((0..acknowledged).map(|_| message(room))).await?;
            on_their_way += acknowledged;
        }
    }
    Ok(line)
}

/// A message of 200 bytes.
pub(crate) fn message(room: RoomId) -> Request {
    let operation = OperationId(Uuid::now_v7());
    let text = "x".repeat(TEXT_BYTES);
    let (reply_to, mentions, mention_all) = (None, Vec::new(), false);
    Request::Send(Send { room, operation, text, reply_to, mentions, mention_all })
}

impl Rounds {
    fn add(&mut self, round: &Round, replayed: &Stretch) {
        let bare = replayed.rows as f64 / replayed.took.as_secs_f64();
        self.ours.push(round.acknowledged_a_second);
        self.bare.push(bare);
        self.ratios.push(round.acknowledged_a_second / bare);
        self.batches.push(replayed.rows as f64 / replayed.commits as f64);
        self.commits.push(replayed.commits as f64 / MEASURED.as_secs_f64());
        self.cpu.push(round.cpu_micros);
    }

    fn figure(self) -> Figure {
        let raw = vec![
            ("the server, messages/s acknowledged", rounds(&self.ours, 0)),
            ("the bare loop, messages/s", rounds(&self.bare, 0)),
            ("ratio of each round", rounds(&self.ratios, 2)),
            ("messages of one commit, the same in both", rounds(&self.batches, 0)),
            ("the server's commits/s, an fsync each", rounds(&self.commits, 0)),
            ("the server's CPU, µs a message", rounds(&self.cpu, 1)),
            (
                "writers, rooms, window of each, bytes of a text",
                format!("{WRITERS}, {ROOMS}, {WINDOW}, {TEXT_BYTES}"),
            ),
        ];
        Figure {
            name: "durable messages/s over WebSocket : bare SQLite loop",
            value: median(self.ratios),
            unit: "",
            goal: Goal::AtLeast(GOAL),
            raw,
        }
    }
}
