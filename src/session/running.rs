//! The loop of a connected device.

use super::answer::{Reply, failed, say};
use super::inbox::{self, Inbox};
use super::intent::{self, Addressed};
use super::pace::Rate;
use super::read::{Incoming, next};
use super::{Services, ask, catch_up, drain};
use crate::authority::Time;
use crate::hub::Connection;
use crate::rooms::show;
use crate::wire::{Wire, frame, reader::Reader};
use crosstalk_protocol::code::{CloseCode, FailureCode};
use crosstalk_protocol::ids::RoomId;
use crosstalk_protocol::push::{Expiring, Push};
use crosstalk_protocol::request::{Cursor, Request};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt as _};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// A device that has said hello.
pub(super) struct Connected {
    pub(super) services: Arc<Services>,
    pub(super) connection: Arc<Connection>,
    pub(super) inbox: Inbox,
    /// Rooms of `hello` that are to be caught up with.
    pub(super) waiting: Mutex<Vec<Cursor>>,
    /// When a typing sign of a room was last passed on.
    pub(super) typed: Mutex<HashMap<RoomId, Instant>>,
    rate: Rate,
    token_ends: Mutex<Time>,
}

impl Connected {
    pub(super) fn new(
        services: Arc<Services>,
        connection: Arc<Connection>,
        rate: Rate,
        token_ends: Time,
    ) -> Self {
        Self {
            services,
            connection,
            inbox: Inbox::new(),
            waiting: Mutex::default(),
            typed: Mutex::default(),
            rate,
            token_ends: Mutex::new(token_ends),
        }
    }

    /// When the token of this connection ends.
    pub(super) fn token_ends(&self) -> Time {
        *self.token_ends.lock()
    }

    /// A new token of the same person was taken.
    pub(super) fn renew(&self, ends: Time) {
        *self.token_ends.lock() = ends;
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.services.hub.disconnect(&self.connection);
    }
}

type Begun = FuturesUnordered<BoxFuture<'static, ()>>;

/// A request that may be begun: of which room the key has to be fetched first, and its answering.
type Next = (Option<RoomId>, BoxFuture<'static, ()>);

/// Serves a connected device until it goes, is closed, or the server drains. What this holds while
/// it waits is held for every idle connection.
pub(super) async fn run(connected: Arc<Connected>, reader: &mut Reader, stop: &CancellationToken) {
    let wire = Arc::clone(&connected.connection.wire);
    let mut begun = Begun::new();
    begun.push(Box::pin(first(Arc::clone(&connected))));
    let mut watch = Watch::new(&connected);
    // Made once, and not at every turn: each would have to be registered anew.
    let mut due = pin!(sleep_until(watch.next()));
    let mut stopped = pin!(stop.cancelled());
    loop {
        let has_place = begun.len() < connected.services.limits.requests_in_flight;
        let mut to_begin = None;
        tokio::select! {
            incoming = next(&wire, reader), if has_place => match incoming {
                Incoming::Request(id, request) => {
                    watch.heard();
                    to_begin = admit(&connected, id, request);
                }
                Incoming::Other => watch.heard(),
                Incoming::End => return,
            },
            () = some_answered(&mut begun, &wire), if !begun.is_empty() => {}
            () = &mut due => {
                watch.look(&connected);
                due.as_mut().reset(watch.next());
            }
            () = &mut stopped => {
                drain(&wire, connected.services.limits.drain_seconds.saturating_mul(1_000));
                return;
            }
        }
        if let Some(next) = to_begin {
            begin(&connected, &mut begun, next).await;
        }
        if wire.is_closed() {
            return;
        }
    }
}

/// Waits until something that was begun has been answered. Answers that are ready together, such as
/// those that shared a commit, go out in one write.
async fn some_answered(begun: &mut Begun, wire: &Wire) {
    poll_fn(|context| {
        let _gathering = wire.gather();
        let mut answered = Poll::Pending;
        while let Poll::Ready(Some(())) = begun.poll_next_unpin(context) {
            answered = Poll::Ready(());
        }
        answered
    })
    .await;
}

/// What `hello` asked for besides a welcome.
async fn first(connected: Arc<Connected>) {
    inbox::tell_rest(&connected).await;
    let rooms = std::mem::take(&mut *connected.waiting.lock());
    catch_up::run(&connected, rooms).await;
}

/// A request that came, boxed, unless it comes too fast.
fn admit(connected: &Arc<Connected>, id: u64, request: Request) -> Option<Next> {
    let company = connected.connection.company;
    if let Err(wait) = connected.services.pace.admit(company, &connected.rate) {
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
        let wire = &connected.connection.wire;
        say(wire, id, &failed(FailureCode::RateLimited, wait_ms));
        return None;
    }
    Some(match intent::of(connected.connection.user, request) {
        Ok(addressed) => {
            let rooms = &connected.services.rooms;
            let cold = addressed.room.filter(|room| !rooms.is_warm(*room));
            (cold, command(Arc::clone(connected), id, addressed).boxed())
        }
        Err(request) => (None, answer(Arc::clone(connected), id, request).boxed()),
    })
}

/// Begins a request: its first step is taken at once, so that requests reach the store in the
/// order in which they came.
async fn begin(connected: &Connected, begun: &mut Begun, (cold, mut answering): Next) {
    if let Some(room) = cold {
        // Before the command begins: it must not be overtaken by the next one.
        connected.services.rooms.warm(room).boxed().await;
    }
    if futures::poll!(&mut answering).is_pending() {
        begun.push(answering);
    }
}

async fn command(connected: Arc<Connected>, id: u64, addressed: Addressed) {
    let reply: Reply = ask::command(&connected, addressed).await;
    reply.write(&connected.connection.wire, id);
}

async fn answer(connected: Arc<Connected>, id: u64, request: Request) {
    let reply: Reply = ask::answer(&connected, request).await;
    reply.write(&connected.connection.wire, id);
}

/// Silence and the token's end.
struct Watch {
    heard: Instant,
    pinged: bool,
    told_expiring: bool,
    ping_after: Duration,
    pong_within: Duration,
    grace: Duration,
    next: Instant,
}

impl Watch {
    fn new(connected: &Connected) -> Self {
        let limits = &connected.services.limits;
        let mut watch = Self {
            heard: Instant::now(),
            pinged: false,
            told_expiring: false,
            ping_after: Duration::from_secs(limits.ping_after_seconds),
            pong_within: Duration::from_secs(limits.pong_seconds),
            grace: Duration::from_secs(limits.token_grace_seconds),
            next: Instant::now(),
        };
        watch.plan(connected);
        watch
    }

    fn heard(&mut self) {
        self.heard = Instant::now();
        self.pinged = false;
    }

    fn next(&self) -> Instant {
        self.next
    }

    /// Looks what is due: a ping, the token, the end.
    fn look(&mut self, connected: &Connected) {
        let wire = &connected.connection.wire;
        let silence = self.heard.elapsed();
        if silence >= self.ping_after + self.pong_within && self.pinged {
            wire.close(CloseCode::Silent, 0);
        } else if silence >= self.ping_after && !self.pinged {
            self.pinged = true;
            let _delivered = wire.push(frame::ping(b""));
        }
        let left = token_left(connected);
        if left.is_some() {
            self.told_expiring = false;
        } else if !self.told_expiring {
            self.told_expiring = true;
            let token_ends = show::time(connected.token_ends());
            let push = Push::Expiring(Expiring { token_ends });
            let _delivered = wire.push(frame::json(&push).unwrap_or_default());
        } else if past_token_end(connected) >= self.grace {
            wire.close(CloseCode::TokenExpired, 0);
        }
        self.plan(connected);
    }

    fn plan(&mut self, connected: &Connected) {
        let silence_due =
            if self.pinged { self.ping_after + self.pong_within } else { self.ping_after };
        let token_due = match token_left(connected) {
            Some(left) => left,
            None if self.told_expiring => self.grace.saturating_sub(past_token_end(connected)),
            None => Duration::ZERO,
        };
        // Not at once again, whatever the clocks say.
        let soonest = Instant::now() + Duration::from_millis(10);
        self.next = (self.heard + silence_due).min(Instant::now() + token_due).max(soonest);
    }
}

/// How long the token is still good; `None` once it has ended.
fn token_left(connected: &Connected) -> Option<Duration> {
    let micros = connected.token_ends().0 - connected.services.timeline.now().0;
    u64::try_from(micros).ok().filter(|micros| *micros > 0).map(Duration::from_micros)
}

fn past_token_end(connected: &Connected) -> Duration {
    let micros = connected.services.timeline.now().0 - connected.token_ends().0;
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}
