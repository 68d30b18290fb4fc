//! Sockets in memory, for simulation and tests: two ends, a bounded pipe each way.

use super::socket::Socket;
use futures::task::AtomicWaker;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// One end of a connection in memory. What it takes counts as unsent until the other end reads it,
/// as with a peer that has stopped reading.
#[derive(Debug)]
pub struct Memory {
    outgoing: Arc<Pipe>,
    incoming: Arc<Pipe>,
}

#[derive(Debug)]
struct Pipe {
    state: Mutex<PipeState>,
    reader: AtomicWaker,
    writer: AtomicWaker,
}

#[derive(Debug)]
struct PipeState {
    bytes: VecDeque<u8>,
    capacity: usize,
    ended: bool,
    reset: bool,
}

/// Two connected ends, each of which takes `capacity` bytes that the other has not read.
pub fn pair(capacity: usize) -> (Memory, Memory) {
    let one = Arc::new(Pipe::new(capacity));
    let other = Arc::new(Pipe::new(capacity));
    let near = Memory { outgoing: Arc::clone(&one), incoming: Arc::clone(&other) };
    (near, Memory { outgoing: other, incoming: one })
}

impl Memory {
    /// Changes how many bytes that this end has not read the other one may write; with 0 it stalls.
    pub fn set_window(&self, capacity: usize) {
        self.incoming.state.lock().capacity = capacity;
        self.incoming.writer.wake();
    }

    /// Whether either end has reset the connection.
    pub fn was_reset(&self) -> bool {
        self.outgoing.state.lock().reset
    }

    /// Reads up to `max` bytes that have come, without waiting.
    pub fn read_now(&self, max: usize) -> Vec<u8> {
        self.incoming.take(max)
    }
}

impl Pipe {
    fn new(capacity: usize) -> Self {
        let state = PipeState { bytes: VecDeque::new(), capacity, ended: false, reset: false };
        Self { state: Mutex::new(state), reader: AtomicWaker::new(), writer: AtomicWaker::new() }
    }

    fn take(&self, max: usize) -> Vec<u8> {
        let taken = self.state.lock().take(max);
        self.writer.wake();
        taken
    }

    fn end(&self, reset: bool) {
        let mut state = self.state.lock();
        state.ended = true;
        if reset {
            state.reset = true;
            state.bytes.clear();
        }
        drop(state);
        self.reader.wake();
        self.writer.wake();
    }
}

impl PipeState {
    fn is_writable(&self) -> bool {
        self.ended || self.bytes.len() < self.capacity
    }

    fn take(&mut self, max: usize) -> Vec<u8> {
        let count = max.min(self.bytes.len());
        self.bytes.drain(..count).collect()
    }
}

impl Socket for Memory {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.outgoing.state.lock();
        if state.ended {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if bytes.is_empty() {
            return Ok(0);
        }
        if !state.is_writable() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = bytes.len().min(state.capacity - state.bytes.len());
        state.bytes.extend(bytes.get(..count).unwrap_or(bytes));
        drop(state);
        self.outgoing.reader.wake();
        Ok(count)
    }

    fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outgoing.writer.register(context.waker());
        if self.outgoing.state.lock().is_writable() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn poll_read(
        &self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.incoming.reader.register(context.waker());
        let mut state = self.incoming.state.lock();
        if state.reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if state.bytes.is_empty() && !state.ended {
            return Poll::Pending;
        }
        buffer.put_slice(&state.take(buffer.remaining()));
        drop(state);
        self.incoming.writer.wake();
        Poll::Ready(Ok(()))
    }

    fn unsent(&self) -> io::Result<u64> {
        u64::try_from(self.outgoing.state.lock().bytes.len()).map_err(io::Error::other)
    }

    fn reset(&self) {
        self.outgoing.end(true);
        self.incoming.end(true);
    }

    fn shutdown(&self) {
        self.outgoing.end(false);
    }
}

impl AsyncRead for Memory {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Socket::poll_read(&*self, context, buffer)
    }
}

impl AsyncWrite for Memory {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_write_ready(context))?;
        // One task writes, so what was free a moment ago still is.
        Poll::Ready(self.try_write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shutdown();
        Poll::Ready(Ok(()))
    }
}

/// The other end learns that this one is gone.
impl Drop for Memory {
    fn drop(&mut self) {
        self.outgoing.end(false);
        self.incoming.end(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[test]
    fn it_takes_what_fits_and_stalls() {
        let (near, far) = pair(3);
        assert_eq!(near.try_write(b"hello").unwrap(), 3);
        assert_eq!(near.try_write(b"lo").unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert_eq!(near.unsent().unwrap(), 3);
        assert_eq!(far.read_now(2), b"he");
        assert_eq!(near.unsent().unwrap(), 1);
        far.set_window(10);
        assert_eq!(near.try_write(b"lo").unwrap(), 2);
        assert_eq!(far.read_now(9), b"llo");
    }

    #[tokio::test]
    async fn a_reset_drops_what_was_not_read_and_wakes_both_sides() {
        let (near, mut far) = pair(3);
        near.try_write(b"abc").unwrap();
        let mut buffer = [0; 8];
        let blocked = std::future::poll_fn(|context| near.poll_write_ready(context));
        let (writable, ()) = tokio::join!(blocked, async { near.reset() });
        writable.unwrap();
        assert_eq!(near.try_write(b"d").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        let error = far.read(&mut buffer).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        assert!(near.was_reset() && far.was_reset());
    }

    #[tokio::test]
    async fn a_shutdown_lets_the_other_read_to_the_end_and_answer() {
        let (near, mut far) = pair(3);
        near.try_write(b"abc").unwrap();
        near.shutdown();
        let mut text = String::new();
        far.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "abc");
        far.write_all(b"bye").await.unwrap();
        assert_eq!(near.read_now(3), b"bye");
    }
}
