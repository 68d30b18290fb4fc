//! The port's TCP side.

use super::limits::Limits;
use super::{kernel, socket::Socket};
use socket2::SockRef;
use std::io;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;

/// A TCP connection.
#[derive(Debug)]
pub struct Tcp(TcpStream);

/// Takes a connection over: no delay, and a short send queue, because a removal can drop what waits
/// in user space, but of what waits in the kernel it can only reset the whole connection.
///
/// # Errors
/// What the kernel says, for a connection that has ended.
pub fn adopt(stream: TcpStream, limits: &Limits) -> io::Result<Tcp> {
    let socket = SockRef::from(&stream);
    socket.set_tcp_nodelay(true)?;
    socket.set_send_buffer_size(limits.send_buffer_bytes)?;
    socket.set_tcp_notsent_lowat(limits.unsent_bytes_wanted)?;
    Ok(Tcp(stream))
}

impl Socket for Tcp {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_write_ready(context)
    }

    fn poll_read(
        &self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.poll_read_ready(context))?;
            match self.0.try_read(buffer.initialize_unfilled()) {
                Ok(bytes) => {
                    buffer.advance(bytes);
                    return Poll::Ready(Ok(()));
                }
                // The readiness was stale and is cleared now: the next turn registers the waker.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn unsent(&self) -> io::Result<u64> {
        kernel::unsent(self.0.as_fd())
    }

    fn reset(&self) {
        if kernel::disconnect(self.0.as_fd()).is_err() {
            // Only a socket that is no longer connected can't be disconnected. Should there be
            // another reason, the reset comes when the last owner lets go.
            let socket = SockRef::from(&self.0);
            socket.set_linger(Some(Duration::ZERO)).ok();
            socket.shutdown(Shutdown::Both).ok();
        }
    }

    fn shutdown(&self) {
        // It fails only for a connection that has ended already.
        SockRef::from(&self.0).shutdown(Shutdown::Write).ok();
    }
}
