//! The task that holds the connection to Redis: says what waits, hears what comes, and begins anew
//! whenever the connection is lost, deaf, or not to be had.

use super::address::Address;
use super::sign::{Heard, Moments};
use super::topics::Topics;
use super::words::{Topic, Word, Words};
use super::{Hints, Listener, Work};
use crate::config::fixed::{HINTS_ANSWER_SECONDS, HINTS_CONNECT_SECONDS, HINTS_WAITING_MAX};
use crate::keys::KeyDirectory;
use crosstalk_protocol::ids::RoomId;
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, PushInfo, PushKind, RedisError, Value};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often it is tried whether this node hears itself.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// A connection on which so many probes were not heard is deaf, whatever it says.
const PROBES_UNHEARD_MAX: u32 = 3;
/// Topics of one request.
const TOPICS_A_REQUEST: usize = 500;
/// The first pause after a connection was lost; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// The longest pause: hints are back a second after the bus is.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Why a connection is given up.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error(transparent)]
    Redis(#[from] RedisError),
    #[error("the connection was closed")]
    Closed,
    #[error("the connection is deaf: what is said on it does not come back")]
    Deaf,
}

/// The bus, and what this process has to do with it.
pub struct Bus {
    client: Client,
    words: Words,
    keys: Arc<KeyDirectory>,
    hints: Arc<Hints>,
    listener: Arc<dyn Listener>,
    /// Of all connections: what was said on one may be said again on the next.
    heard: Mutex<Heard>,
}

/// Whether a connection hears itself: a number that nobody can guess is said on it, and comes back.
#[derive(Default)]
struct Probe {
    said: AtomicU64,
    came: AtomicBool,
}

impl Bus {
    /// The bus at this address, for the store of this epoch.
    pub fn new(
        address: Address,
        (epoch, keys): (u64, Arc<KeyDirectory>),
        hints: Arc<Hints>,
        listener: Arc<dyn Listener>,
    ) -> Self {
        let words = Words::of(epoch, Uuid::new_v4().into_bytes());
        Self { client: address.client(), words, keys, hints, listener, heard: Mutex::default() }
    }

    /// Says and hears hints until it is told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut pause = PAUSE_MIN;
        let mut is_told = false;
        loop {
            let lost = tokio::select! {
                lost = self.hold() => match lost { Err(lost) => lost },
                () = stop.cancelled() => break,
            };
            if self.hints.end() {
                (pause, is_told) = (PAUSE_MIN, false);
            }
            if !is_told {
                tracing::warn!(%lost, "hints are not heard: what other nodes write comes a sweep later, and signs (typing, read marks) stay at their node");
                is_told = true;
            }
            tokio::select! {
                () = sleep(pause.mul_f64(0.5 + fraction())) => {}
                () = stop.cancelled() => break,
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
        self.hints.end();
    }

    /// Holds a connection until it is lost.
    async fn hold(&self) -> Result<Infallible, Lost> {
        let (push, mut pushed) = mpsc::channel(HINTS_WAITING_MAX);
        let missed = Arc::new(AtomicBool::new(false));
        let is_missed = Arc::clone(&missed);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(HINTS_CONNECT_SECONDS)))
            .set_response_timeout(Some(Duration::from_secs(HINTS_ANSWER_SECONDS)))
            .set_push_sender(move |info| {
                if push.try_send(info).is_err() {
                    is_missed.store(true, Ordering::Relaxed);
                }
                Ok::<(), Infallible>(())
            });
        let connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        let probe = Probe::default();
        tokio::select! {
            lost = self.speak(connection, &probe) => lost,
            lost = self.listen(&mut pushed, &missed, &probe) => Err(lost),
        }
    }

    /// Says what waits, and holds the topics of the rooms that are followed here.
    async fn speak(
        &self,
        mut connection: MultiplexedConnection,
        probe: &Probe,
    ) -> Result<Infallible, Lost> {
        let mut topics = Topics::default();
        connection.subscribe(self.words.topic(Topic::Nodes)).await?;
        // What is followed from now on is told; what was followed before is asked for.
        self.hints.begin();
        let followed = self.listener.followed();
        let joined = topics.joined(followed, &*self.listener, Instant::now());
        self.subscribe(&mut connection, &joined).await?;
        // What was said meanwhile nobody heard, on either side.
        self.hints.wrote([], true);
        self.listener.look(true);
        let (mut unheard, mut probe_at) = (0, Instant::now());
        let mut moments = Moments::default();
        loop {
            tokio::select! {
                () = self.hints.waiting.notified() => {}
                () = sleep_until(probe_at) => {
                    unheard = if probe.came.swap(false, Ordering::Relaxed) { 0 } else { unheard + 1 };
                    if unheard > PROBES_UNHEARD_MAX {
                        return Err(Lost::Deaf);
                    }
                    probe_at = Instant::now() + PROBE_EVERY;
                    let (number, _) = Uuid::new_v4().as_u64_pair();
                    probe.said.store(number, Ordering::Relaxed);
                    let said = self.words.say(Word::Probe(number));
                    publish(&mut connection, [(self.words.topic(Topic::Nodes), said)]).await?;
                    let left = topics.left(&*self.listener, Instant::now());
                    self.unsubscribe(&mut connection, &left).await?;
                }
            }
            let Work { rooms, everyone, signs, changed } = self.hints.take();
            let joined = topics.joined(changed, &*self.listener, Instant::now());
            let wrote = rooms.into_iter().map(Topic::Room).chain(everyone.then_some(Topic::Nodes));
            let wrote = wrote.map(|topic| (self.words.topic(topic), self.words.say(Word::Wrote)));
            let now = jiff::Timestamp::now().as_microsecond();
            let signs = signs.iter().filter_map(|sign| {
                let key = self.keys.cached(sign.room)?;
                let sealed = sign.sealed(&key, moments.next(now));
                let topic = self.words.topic(Topic::Room(sign.room));
                Some((topic, self.words.say(Word::Sign(&sealed))))
            });
            publish(&mut connection, wrote.chain(signs)).await?;
            self.subscribe(&mut connection, &joined).await?;
        }
    }

    /// Hears what comes until the connection is closed.
    async fn listen(
        &self,
        pushed: &mut mpsc::Receiver<PushInfo>,
        missed: &AtomicBool,
        probe: &Probe,
    ) -> Lost {
        while let Some(PushInfo { kind, data }) = pushed.recv().await {
            match (kind, data.as_slice()) {
                (PushKind::Message, [Value::BulkString(topic), Value::BulkString(said)]) => {
                    self.hear((topic, said), probe);
                }
                (PushKind::Disconnection, _) => break,
                // What was asked for is answered; anything else is none of ours.
                _ => {}
            }
            if missed.swap(false, Ordering::Relaxed) {
                self.listener.look(true);
            }
            // A bus that never pauses must not keep the thread for itself.
            tokio::task::consume_budget().await;
        }
        Lost::Closed
    }

    fn hear(&self, (topic, said): (&[u8], &[u8]), probe: &Probe) {
        match (self.words.topic_of(topic), self.words.heard(said)) {
            (Some(topic), Some(Word::Wrote)) => self.listener.look(topic == Topic::Nodes),
            (Some(Topic::Nodes), Some(Word::Probe(number)))
                if number == probe.said.load(Ordering::Relaxed) =>
            {
                probe.came.store(true, Ordering::Relaxed);
                if self.hints.hear() {
                    tracing::info!("hints are heard");
                }
            }
            (Some(Topic::Room(room)), Some(Word::Sign(sealed))) => {
                let now = jiff::Timestamp::now().as_microsecond();
                let key = self.keys.cached(room);
                let open = |key| self.heard.lock().open(sealed, &key, now);
                if let Some(sign) = key.and_then(open) {
                    self.listener.hear(&sign);
                }
            }
            _ => {}
        }
    }

    async fn subscribe(
        &self,
        connection: &mut MultiplexedConnection,
        rooms: &[RoomId],
    ) -> Result<(), RedisError> {
        for rooms in rooms.chunks(TOPICS_A_REQUEST) {
            connection.subscribe(self.topics(rooms)).await?;
        }
        // What was said before it was subscribed is in the store.
        if !rooms.is_empty() {
            self.listener.look(false);
        }
        Ok(())
    }

    async fn unsubscribe(
        &self,
        connection: &mut MultiplexedConnection,
        rooms: &[RoomId],
    ) -> Result<(), RedisError> {
        for rooms in rooms.chunks(TOPICS_A_REQUEST) {
            connection.unsubscribe(self.topics(rooms)).await?;
        }
        Ok(())
    }

    fn topics(&self, rooms: &[RoomId]) -> Vec<String> {
        rooms.iter().map(|room| self.words.topic(Topic::Room(*room))).collect()
    }
}

/// Says all of it in one go.
async fn publish(
    connection: &mut MultiplexedConnection,
    words: impl IntoIterator<Item = (String, Vec<u8>)>,
) -> Result<(), RedisError> {
    let mut pipe = redis::pipe();
    for (topic, said) in words {
        pipe.cmd("PUBLISH").arg(topic).arg(said).ignore();
    }
    if pipe.is_empty() { Ok(()) } else { pipe.query_async(connection).await }
}

/// Something in 0..1, so that nodes that lost the bus together do not come back together.
fn fraction() -> f64 {
    f64::from(Uuid::new_v4().as_bytes()[0]) / 256.0
}
