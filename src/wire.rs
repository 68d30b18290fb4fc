//! Owns one socket's writing, and adapts it for reading.
//!
//! A [`Wire`] is the only way to a connection: live entries, answers, notices, pongs and the close
//! frame all go through it, as whole frames in order. It remembers which bytes are of which room,
//! so that a removal can drop what waits and reset what can't be taken back. Who may be shown what
//! is decided elsewhere; here numbers are compared.

mod backlog;
mod flush;
pub mod frame;
mod gather;
mod kernel;
mod lease;
mod limits;
pub mod memory;
mod narrowing;
pub mod reader;
mod socket;
mod state;
mod tag;
pub mod tcp;
#[cfg(test)]
mod tests;

pub use backlog::Otherwise;
pub use lease::{Clock, Lease};
pub use limits::Limits;
pub use narrowing::Narrowed;
pub use socket::Socket;
pub use tag::Tag;

use crate::authority::Permit;
use backlog::{Content, Waiting};
use bytes::{Bytes, BytesMut};
use crosstalk_protocol::code::CloseCode;
use crosstalk_protocol::push::{Closing, Push};
use parking_lot::Mutex;
use state::{Phase, State};
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::ReadBuf;
use tokio::sync::Notify;
use tokio::time::Instant;

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Delivered {
    /// The socket has all of it.
    Written,
    /// It waits, or a part of it.
    Waiting,
    /// Its tag is stale: the person may no longer see this, and got nothing of it.
    Stale,
    /// Too much was waiting: the connection is being closed, to come back and resume.
    Slow,
    /// The connection is closing or has ended.
    Closed,
}

/// One connection's writing. All that is decided in it is decided under one short lock, in this
/// order: the node's lease, the permit, the write.
pub struct Wire {
    socket: Box<dyn Socket>,
    lease: Arc<Lease>,
    limits: Arc<Limits>,
    state: Mutex<State>,
    /// Wakes the flushing task.
    flusher: Notify,
}

impl Wire {
    /// Takes over the writing of this socket. One task has to run [`flush`](Self::flush).
    pub fn new(socket: impl Socket, lease: Arc<Lease>, limits: Arc<Limits>) -> Self {
        Self {
            socket: Box::new(socket),
            lease,
            limits,
            state: Mutex::default(),
            flusher: Notify::new(),
        }
    }

    /// Delivers live frames of a room, one or several whole ones in one buffer, for a seat whose
    /// view was opened under this tag and has admitted them.
    pub fn deliver(&self, tag: Tag, frames: &Bytes) -> Delivered {
        self.offer(Waiting::new(frames.clone(), Content::Live(tag)), 0)
    }

    /// Writes an answer that carries content of rooms: `frame` if all of its permits are fresh when
    /// its first byte is handed over, `otherwise` if not. `otherwise` has no content of any room.
    pub fn answer(&self, permits: &[Permit], frame: Bytes, otherwise: Otherwise) -> Delivered {
        let tags = permits.iter().map(Tag::from).collect();
        self.offer(Waiting::new(frame, Content::Answer { tags, otherwise }), 0)
    }

    /// Delivers a page of a room that was asked for: nothing if its tag is stale already, and
    /// `otherwise` if it goes stale before its first byte is handed over.
    pub fn page(&self, tag: Tag, frame: Bytes, otherwise: Otherwise) -> Delivered {
        self.offer(Waiting::new(frame, Content::Page { tag, otherwise }), 0)
    }

    /// Writes a frame that carries nothing of any room.
    pub fn push(&self, frame: Bytes) -> Delivered {
        self.offer(Waiting::new(frame, Content::Free), 0)
    }

    /// Writes a notice of the person's inbox, which has a place even when the backlog is full (R17).
    pub fn notice(&self, frame: Bytes) -> Delivered {
        self.offer(Waiting::new(frame, Content::Free), self.limits.reserve_bytes)
    }

    /// Writes a control frame of the reading side: a pong, or the answer to the peer's close frame,
    /// which ends the connection. A peer that asks for pongs and reads none is closed as slow.
    pub fn control(&self, frame: Bytes) -> Delivered {
        if !frame::is_close(&frame) {
            return self.notice(frame);
        }
        let mut state = self.state.lock();
        if state.is_open() {
            // He has said goodbye and waits for the same.
            state.backlog.drop_unbegun();
            self.end(&mut state, frame);
        }
        Delivered::Closed
    }

    /// Closes the connection after what waits: tells why, and when to come back. What is not taken
    /// by the peer within `close_grace` ends in a reset.
    pub fn close(&self, code: CloseCode, after_ms: u64) {
        let mut state = self.state.lock();
        if state.is_open() {
            self.end(&mut state, goodbye(code, after_ms));
        }
    }

    /// Closes the connection with a code of the WebSocket protocol itself, when the peer has
    /// violated that: see [`reader::violation`].
    pub fn fail(&self, code: u16, reason: &str) {
        let mut state = self.state.lock();
        if state.is_open() {
            self.end(&mut state, frame::close(code, reason));
        }
    }

    /// Ends the connection at once, unsent bytes included.
    pub fn reset(&self) {
        let mut state = self.state.lock();
        if state.phase != Phase::Dead {
            self.kill(&mut state);
        }
    }

    /// Whether frames are still taken: it is neither closing nor has it ended.
    pub fn is_open(&self) -> bool {
        self.state.lock().is_open()
    }

    /// Whether nothing is written any more: the close frame has been handed over, or the connection
    /// has ended.
    pub fn is_closed(&self) -> bool {
        self.state.lock().is_over()
    }

    /// What all that waits takes up, in bytes.
    pub fn waiting_bytes(&self) -> usize {
        self.state.lock().backlog.cost()
    }

    fn poll_read(
        &self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        self.socket.poll_read(context, buffer)
    }

    fn offer(&self, waiting: Waiting, reserve: usize) -> Delivered {
        let mut state = self.state.lock();
        if !state.is_open() {
            return Delivered::Closed;
        }
        let leased = self.lease.holds();
        let Some(waiting) = waiting.seen_by(&state.sight) else { return Delivered::Stale };
        let delivered = self.write_or_wait(&mut state, waiting, leased, reserve);
        if delivered != Delivered::Written && state.needs_flusher() {
            self.flusher.notify_one();
        }
        delivered
    }

    /// Writes through if nothing waits; what remains waits if there is room.
    fn write_or_wait(
        &self,
        state: &mut State,
        waiting: Waiting,
        leased: bool,
        reserve: usize,
    ) -> Delivered {
        let rest = if state.may_write(&waiting, leased) {
            let Ok(rest) = state.write_through(&*self.socket, waiting) else {
                return Delivered::Closed;
            };
            rest
        } else {
            Some(waiting)
        };
        let Some(rest) = rest else {
            let is_all = state.backlog.is_empty();
            return if is_all { Delivered::Written } else { Delivered::Waiting };
        };
        if state.backlog.cost() + rest.cost() > self.limits.backlog_bytes_max + reserve {
            state.backlog.drop_content();
            self.end(state, goodbye(CloseCode::SlowConsumer, 0));
            return Delivered::Slow;
        }
        state.backlog.push(rest);
        self.write_gathered(state, leased);
        Delivered::Waiting
    }

    /// Lets these last frames be the end. There is always a place for them, as they come once.
    fn end(&self, state: &mut State, last: Bytes) {
        state.phase = Phase::Closing { until: Instant::now() + self.limits.close_grace };
        let last = Waiting::new(last, Content::Last);
        let rest = if state.backlog.is_empty() {
            state.write_through(&*self.socket, last).unwrap_or_default()
        } else {
            Some(last)
        };
        if let Some(rest) = rest {
            state.backlog.push(rest);
        }
        self.flusher.notify_one();
    }

    fn kill(&self, state: &mut State) {
        state.reset(&*self.socket);
        self.flusher.notify_one();
    }
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").field("phase", &self.state.lock().phase).finish_non_exhaustive()
    }
}

/// The push that explains a closing, and the close frame.
fn goodbye(code: CloseCode, after_ms: u64) -> Bytes {
    let closing =
        Closing { reason: code, code: code.number(), reconnect: code.reconnect(), after_ms };
    let mut frames = BytesMut::with_capacity(256);
    // Were it not to be had as JSON, the buffer would stay empty, and the close frame says the same.
    frame::append_json(&mut frames, &Push::Closing(closing)).ok();
    frames.extend_from_slice(&frame::close(code.number(), code.advice()));
    frames.freeze()
}
