//! The port to a socket. Sockets are a port, so that the same wires run over TCP, under tests and
//! under deterministic simulation.

use std::io;
use std::task::{Context, Poll};
use tokio::io::ReadBuf;

/// A connected byte stream that can say how much of what it took has not left the machine yet, and
/// that can be torn down so that this rest never leaves it.
pub trait Socket: Send + Sync + 'static {
    /// Takes as many of these bytes as it can at once.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when it can take none now; anything else is final.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Waits until [`try_write`](Self::try_write) is worth trying. One task may wait at a time.
    fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Reads what has come. One task may wait at a time.
    fn poll_read(
        &self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>>;

    /// How many of the bytes it took have not been put on the network yet.
    ///
    /// # Errors
    /// When that can't be told; a caller then has to take all of them for unsent.
    fn unsent(&self) -> io::Result<u64>;

    /// Ends the connection at once: unsent bytes are dropped, the peer is told by a reset, both of
    /// this side's waits end, and later reads and writes fail.
    fn reset(&self);

    /// Says that nothing more will be written. What was taken is still sent, and reading goes on.
    fn shutdown(&self);
}
