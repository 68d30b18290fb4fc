//! Reading: tungstenite decodes what a peer sends, and all that it wants to write goes through the
//! [`Wire`].

use super::{Limits, Wire};
use bytes::Bytes;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

/// The frames that a peer sends, as a stream. Only to be read: what is sent into it that is no
/// control frame would be cut off from the order of the wire's frames.
pub type Reader = WebSocketStream<Duplex>;

/// A wire as what tungstenite asks for: it reads the socket, and writes control frames.
#[derive(Debug)]
pub struct Duplex(Arc<Wire>);

/// Reads the frames of this wire's peer, beginning with `leftover`: what the handshake's reader has
/// read too far.
pub async fn open(wire: Arc<Wire>, leftover: Vec<u8>, limits: &Limits) -> Reader {
    let config = WebSocketConfig::default()
        // Zeroed at every read and kept by every idle connection.
        .read_buffer_size(limits.read_buffer_bytes)
        // Every control frame is written at once, so the buffer never holds more than one.
        .write_buffer_size(0)
        .max_write_buffer_size(4 * super::frame::CONTROL_BYTES_MAX)
        .max_message_size(Some(limits.message_bytes_max))
        .max_frame_size(Some(limits.message_bytes_max));
    WebSocketStream::from_partially_read(Duplex(wire), leftover, Role::Server, Some(config)).await
}

/// The close code (RFC 6455, section 7.4.1) and reason for a peer whose frames can't be read; none
/// if the connection itself has ended.
pub fn violation(error: &Error) -> Option<(u16, &'static str)> {
    match error {
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)
        | Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Io(_)
        | Error::Tls(_)
        | Error::WriteBufferFull(_)
        | Error::AttackAttempt
        | Error::Url(_)
        | Error::Http(_)
        | Error::HttpFormat(_) => None,
        Error::Protocol(_) => Some((1002, "that was no frame of WebSocket")),
        Error::Utf8(_) => Some((1007, "text has to be UTF-8")),
        Error::Capacity(_) => Some((1009, "the frame is too long")),
    }
}

impl AsyncRead for Duplex {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.0.poll_read(context, buffer)
    }
}

impl AsyncWrite for Duplex {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        frame: &[u8],
    ) -> Poll<io::Result<usize>> {
        // Taken whole in any case: a wire that is closing or slow needs no pong, and what the peer
        // still sends can be read to its end.
        let _delivered = self.0.control(Bytes::copy_from_slice(frame));
        Poll::Ready(Ok(frame.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
