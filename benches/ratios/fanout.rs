//! The server's CPU for a delivery in a room of 1,000, against a bare broadcast.
//!
//! Both hold 1,000 sockets, write frames of the same length at the same rate, and have the same
//! readers; they take turns. The server's part is all that a message costs: reading it, sealing,
//! storing and acknowledging it, and 1,000 deliveries through their views.

use crate::bare::Bare;
use crate::durable::message;
use crate::gauge::Gauge;
use crate::house::House;
use crate::line::Line;
use crate::median;
use crate::report::{Figure, Goal, rounds};
use crate::server::Server;
use anyhow::Context as _;
use crosstalk_protocol::ids::RoomId;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

/// Members of the room, the most that a group has (R8).
const MEMBERS: usize = 1_000;
/// How often is written, as long as neither is late: then a beat is left out.
pub(crate) const EVERY: Duration = Duration::from_millis(50);
const ROUNDS: usize = 5;
const WARM_UP: Duration = Duration::from_millis(500);
const MEASURED: Duration = Duration::from_secs(5);
const SETTLE: Duration = Duration::from_millis(300);
const GOAL: f64 = 1.5;
/// How the push of an entry begins.
const ENTRY: &[u8] = br#"{"type":"entry""#;

/// What readers have counted.
#[derive(Debug, Default)]
struct Counted {
    frames: AtomicU64,
    frame_bytes: AtomicUsize,
}

/// Measures.
pub(crate) async fn measure() -> anyhow::Result<Figure> {
    // Readers only read: nobody is pinged in this time.
    let server = Server::start(&["limits.ping_after_seconds=600"])?;
    let house = House::open(&server).await?;
    let people = house.people(MEMBERS - 1).await?;
    let room = house.group(&people).await?;
    let members = people.iter().chain([house.bob()]);
    let following: Vec<_> = members.map(|person| (person, std::slice::from_ref(&room))).collect();
    let mut lines = house.lines(&following).await?;
    let writer = lines.pop().context("nobody is there")?;
    let mut readers = JoinSet::new();
    let (ours, theirs) = (Arc::new(Counted::default()), Arc::new(Counted::default()));
    for line in lines {
        readers.spawn(keep_reading(line, Arc::clone(&ours), ENTRY));
    }
    let idle = idle_cpu(server.gauge()).await?;
    let (go, gone) = tokio::sync::watch::channel(true);
    readers.spawn(keep_sending(writer, room, gone, Arc::clone(&ours)));
    sleep(EVERY * 5).await;
    go.send_replace(false);
    let bytes = ours.frame_bytes.load(Ordering::Relaxed);
    anyhow::ensure!(bytes > 0, "no message has come");
    let mut bare = Bare::start(MEMBERS, bytes)?;
    for _ in 0..MEMBERS {
        let line = Line::bare(bare.address).await?;
        readers.spawn(keep_reading(line, Arc::clone(&theirs), b""));
    }
    let mut all = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        go.send_replace(true);
        all[0].push(cpu_micros(server.gauge(), &ours, idle).await?);
        go.send_replace(false);
        sleep(SETTLE).await;
        bare.tell(true)?;
        all[1].push(cpu_micros(bare.gauge(), &theirs, 0.0).await?);
        bare.tell(false)?;
        sleep(SETTLE).await;
    }
    if let Some(ended) = readers.try_join_next() {
        ended??;
    }
    let [ours, theirs] = all;
    Ok(figure(&ours, &theirs, (idle, bytes)))
}

/// CPU of a process that nobody asks for anything, as a share of a core.
async fn idle_cpu(gauge: Gauge) -> anyhow::Result<f64> {
    sleep(SETTLE).await;
    let began = gauge.cpu()?;
    sleep(MEASURED).await;
    Ok((gauge.cpu()? - began) / MEASURED.as_secs_f64())
}

/// CPU for each delivery of a stretch of time, without what it uses up anyway.
async fn cpu_micros(gauge: Gauge, counted: &Counted, idle: f64) -> anyhow::Result<f64> {
    sleep(WARM_UP).await;
    let (cpu, frames) = (gauge.cpu()?, counted.frames.load(Ordering::Relaxed));
    sleep(MEASURED).await;
    let cpu = gauge.cpu()? - cpu - idle * MEASURED.as_secs_f64();
    let frames = counted.frames.load(Ordering::Relaxed) - frames;
    let expected = MEASURED.as_secs_f64() / EVERY.as_secs_f64() * MEMBERS as f64;
    anyhow::ensure!(frames as f64 > expected / 5.0, "only {frames} deliveries of {expected}");
    Ok(cpu * 1e6 / frames as f64)
}

/// Reads, and counts the frames that begin like this.
async fn keep_reading(
    mut line: Line,
    counted: Arc<Counted>,
    start: &'static [u8],
) -> anyhow::Result<()> {
    loop {
        counted.read(&mut line, start).await?;
    }
}

/// Sends a message at every beat while it is told to, and reads as the others do.
async fn keep_sending(
    mut line: Line,
    room: RoomId,
    gone: tokio::sync::watch::Receiver<bool>,
    counted: Arc<Counted>,
) -> anyhow::Result<()> {
    let mut beat = interval(EVERY);
    beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            read = counted.read(&mut line, ENTRY) => read?,
            _ = beat.tick() => if *gone.borrow() {
                line.send([message(room)]).await?;
            },
        }
    }
}

impl Counted {
    async fn read(&self, line: &mut Line, start: &[u8]) -> anyhow::Result<()> {
        line.read(|incoming| {
            if incoming.payload.starts_with(start) {
                self.frames.fetch_add(1, Ordering::Relaxed);
                self.frame_bytes.store(incoming.bytes, Ordering::Relaxed);
            }
            Ok(())
        })
        .await
    }
}

fn figure(ours: &[f64], theirs: &[f64], (idle, bytes): (f64, usize)) -> Figure {
    let ratios: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
    let raw = vec![
        ("the server, CPU µs a delivery", rounds(ours, 2)),
        ("the bare broadcast, CPU µs a write", rounds(theirs, 2)),
        ("ratio of each round", rounds(&ratios, 2)),
        ("the server's idle CPU, taken off, % of a core", format!("{:.2}", idle * 100.0)),
        (
            "members, messages/s at most, bytes of a frame",
            format!("{MEMBERS}, {:.0}, {bytes}", 1.0 / EVERY.as_secs_f64()),
        ),
    ];
    Figure {
        name: "server CPU a delivery, room of 1,000 : bare broadcast",
        value: median(ratios),
        unit: "",
        goal: Goal::AtMost(GOAL),
        raw,
    }
}
