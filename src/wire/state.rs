//! What the lock of one connection's writing protects.

use super::backlog::{Backlog, Content, Waiting};
use super::socket::Socket;
use super::tag::{Extents, Rooms, Sight};
use crosstalk_protocol::ids::RoomId;
use std::io;
use tokio::time::Instant;

/// All that is known of one connection's writing.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) phase: Phase,
    pub(super) backlog: Backlog,
    pub(super) sight: Sight,
    extents: Extents,
    /// How many bytes the socket has taken.
    written: u64,
    /// The flushing task waits for the socket: what is added to the backlog needs not wake it.
    pub(super) is_stalled: bool,
    /// What comes waits to be written together: see `gather`.
    pub(super) is_gathering: bool,
}

/// How far the connection has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// Frames flow.
    #[default]
    Open,
    /// The close frame waits; nothing is added any more.
    Closing { until: Instant },
    /// The close frame was handed over; the kernel may still hold bytes.
    Shut,
    /// It was reset, or the socket failed: no byte leaves any more.
    Dead,
}

/// What the flushing task does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Writes on at once.
    Again,
    /// Waits for this, and no longer than until then.
    Wait(For, Option<Instant>),
    /// Nothing any more.
    Done,
}

/// What the flushing task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// Something to write.
    Frames,
    /// The node's lease.
    Lease,
    /// The socket.
    Socket,
}

/// The connection has ended.
#[derive(Debug)]
pub(super) struct Gone;

impl State {
    pub(super) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Shut | Phase::Dead)
    }

    /// Whether these frames may be handed over at once.
    pub(super) fn may_write(&self, waiting: &Waiting, leased: bool) -> bool {
        let is_next = self.backlog.is_empty() && !self.is_gathering;
        is_next && (leased || !waiting.content.is_of_rooms())
    }

    /// Whether the flushing task has to be told of what waits.
    pub(super) fn needs_flusher(&self) -> bool {
        !self.is_stalled && !self.is_gathering
    }

    /// Hands over what it can of these frames, with nothing waiting before them. The rest of a frame
    /// that was cut goes to the backlog; whole frames that remain are returned.
    pub(super) fn write_through(
        &mut self,
        socket: &dyn Socket,
        waiting: Waiting,
    ) -> Result<Option<Waiting>, Gone> {
        let count = self.try_write(socket, &waiting.bytes)?;
        self.account(socket, count, &waiting);
        let (cut, rest) = waiting.after(count);
        if let Some(cut) = cut {
            self.backlog.begin(cut);
        }
        Ok(rest)
    }

    /// Writes once from the backlog.
    pub(super) fn write_waiting(&mut self, socket: &dyn Socket, leased: bool) -> Step {
        self.is_stalled = false;
        if self.is_over() {
            return Step::Done;
        }
        let Some(chunk) = self.backlog.next(leased) else {
            let what = if self.backlog.is_empty() { For::Frames } else { For::Lease };
            return self.wait(what);
        };
        let Ok(mut count) = self.try_write(socket, &chunk.bytes) else { return Step::Done };
        let is_all = count == chunk.bytes.len();
        while count > 0 {
            let Some(waiting) = self.backlog.take(&chunk) else { break };
            let part = count.min(waiting.bytes.len());
            count -= part;
            self.account(socket, part, &waiting);
            self.backlog.put_back(&chunk, waiting.after(part));
        }
        if self.is_over() {
            return Step::Done;
        }
        self.is_stalled = !is_all;
        if is_all { Step::Again } else { self.wait(For::Socket) }
    }

    /// Whether the socket has taken content of these rooms that the kernel has not sent.
    pub(super) fn is_unsent(&self, socket: &dyn Socket, rooms: Rooms) -> bool {
        let end = self.extents.end_of(rooms);
        let sent = || socket.unsent().map_or(0, |unsent| self.written.saturating_sub(unsent));
        self.phase != Phase::Dead && end > 0 && end > sent()
    }

    /// Notes that an internal room has become a group.
    pub(super) fn turn_outside(&mut self, room: RoomId) {
        self.sight.turn_outside(room);
        self.extents.turn_outside(room);
    }

    /// Ends it at once.
    pub(super) fn reset(&mut self, socket: &dyn Socket) {
        socket.reset();
        self.die();
    }

    fn try_write(&mut self, socket: &dyn Socket, bytes: &[u8]) -> Result<usize, Gone> {
        match socket.try_write(bytes) {
            Ok(count) if count > 0 || bytes.is_empty() => Ok(count),
            Err(error) if is_passing(&error) => Ok(0),
            Ok(_) | Err(_) => {
                self.die();
                Err(Gone)
            }
        }
    }

    /// Notes that the first `count` of these bytes were handed over.
    fn account(&mut self, socket: &dyn Socket, count: usize, waiting: &Waiting) {
        self.written += count as u64;
        if count > 0 {
            for tag in waiting.content.tags() {
                self.extents.note(*tag, self.written);
            }
        }
        if count == waiting.bytes.len() && matches!(waiting.content, Content::Last) {
            self.phase = Phase::Shut;
            self.backlog.clear();
            socket.shutdown();
        }
    }

    fn wait(&self, what: For) -> Step {
        let until = match self.phase {
            Phase::Closing { until } => Some(until),
            Phase::Open | Phase::Shut | Phase::Dead => None,
        };
        Step::Wait(what, until)
    }

    fn die(&mut self) {
        self.phase = Phase::Dead;
        self.backlog.clear();
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
