//! The task that writes what waits.

use super::Wire;
use super::state::{For, Step};
use std::future::poll_fn;
use tokio::io::ReadBuf;
use tokio::time::Instant;

impl Wire {
    /// Writes what waits, whenever the socket can take it; returns once [`is_closed`](Self::is_closed).
    /// May be dropped and called again at any time; one task may do so.
    pub async fn flush(&self) {
        loop {
            match self.step() {
                Step::Done => return,
                // A peer that reads as fast as is written must not keep the thread for itself.
                Step::Again => tokio::task::consume_budget().await,
                Step::Wait(what, until) => self.wait(what, until).await,
            }
        }
    }

    /// After [`flush`](Self::flush): reads and drops what the peer still sends until he ends the
    /// connection too, for `close_grace` at most. Without it the kernel may answer what was not read
    /// with a reset that overtakes the close frame.
    pub async fn linger(&self) {
        let mut ignored = vec![0; self.limits.read_buffer_bytes];
        let to_end = async {
            loop {
                let mut buffer = ReadBuf::new(&mut ignored);
                let read = poll_fn(|context| self.poll_read(context, &mut buffer)).await;
                if read.is_err() || buffer.filled().is_empty() {
                    return;
                }
                tokio::task::consume_budget().await;
            }
        };
        // Too late is no different from ended: the socket goes with the wire.
        tokio::time::timeout(self.limits.close_grace, to_end).await.ok();
    }

    pub(super) fn step(&self) -> Step {
        let mut state = self.state.lock();
        let leased = self.lease.holds();
        state.write_waiting(&*self.socket, leased)
    }

    async fn wait(&self, what: For, until: Option<Instant>) {
        // Boxed because it is rare, and its place would count for every idle connection.
        let expired = async {
            match until {
                Some(until) => Box::pin(tokio::time::sleep_until(until)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.flusher.notified() => {}
            () = self.lease.held(), if what == For::Lease => {}
            // Its errors are met again, and dealt with, at the next write.
            _ = poll_fn(|context| self.socket.poll_write_ready(context)), if what == For::Socket => {}
            () = expired => self.reset(),
        }
    }
}
