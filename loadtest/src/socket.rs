//! A TCP connection that counts what comes in, and can be cut at a byte.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The count of one connection's incoming bytes, and where it is to be cut.
#[derive(Debug)]
pub struct Gauge {
    received: AtomicU64,
    cut_at: AtomicU64,
}

impl Gauge {
    /// How many bytes have come in, the upgrade's answer included.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Resets the connection as soon as so many bytes have come in altogether.
    pub fn cut_at(&self, bytes: u64) {
        self.cut_at.store(bytes, Ordering::Relaxed);
    }

    /// Whether it has been cut, or is about to be.
    pub fn is_cut(&self) -> bool {
        self.left() == 0
    }

    fn left(&self) -> u64 {
        self.cut_at.load(Ordering::Relaxed).saturating_sub(self.received())
    }
}

/// The counted connection.
#[derive(Debug)]
pub(crate) struct Socket {
    /// `None` once it was cut.
    stream: Option<TcpStream>,
    gauge: Arc<Gauge>,
    cuts: Arc<AtomicU64>,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, cut_after: Option<u64>, cuts: &Arc<AtomicU64>) -> Self {
        let cut_at = AtomicU64::new(cut_after.unwrap_or(u64::MAX));
        let gauge = Gauge { received: AtomicU64::new(0), cut_at };
        Self { stream: Some(stream), gauge: Arc::new(gauge), cuts: Arc::clone(cuts) }
    }

    pub(crate) fn gauge(&self) -> Arc<Gauge> {
        Arc::clone(&self.gauge)
    }

    /// Ends the connection by a reset, as a network does that is torn.
    pub(crate) fn cut(&mut self) -> io::Error {
        let reset = self.stream.take().map(|stream| stream.set_zero_linger());
        let error = reset.and_then(Result::err);
        error.unwrap_or_else(|| io::Error::new(io::ErrorKind::ConnectionReset, "cut on purpose"))
    }
}

fn is_cut() -> io::Error {
    io::ErrorKind::NotConnected.into()
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let left = usize::try_from(this.gauge.left()).unwrap_or(usize::MAX);
        if left == 0 {
            if this.stream.is_some() {
                this.cuts.fetch_add(1, Ordering::Relaxed);
            }
            return Poll::Ready(Err(this.cut()));
        }
        let Some(stream) = &mut this.stream else {
            return Poll::Ready(Err(is_cut()));
        };
        let read = if left < buf.remaining() {
            let mut rest = vec![0; left];
            let mut part = ReadBuf::new(&mut rest);
            ready!(Pin::new(stream).poll_read(cx, &mut part))?;
            buf.put_slice(part.filled());
            part.filled().len()
        } else {
            let before = buf.filled().len();
            ready!(Pin::new(stream).poll_read(cx, buf))?;
            buf.filled().len() - before
        };
        this.gauge.received.fetch_add(read as u64, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Some(stream) => Pin::new(stream).poll_write(cx, buf),
            None => Poll::Ready(Err(is_cut())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Some(stream) => Pin::new(stream).poll_flush(cx),
            None => Poll::Ready(Err(is_cut())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Some(stream) => Pin::new(stream).poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        }
    }
}
