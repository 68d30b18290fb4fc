//! One client's connection: opened, signed in, and read with as little as counting takes.

use crate::frame::{self, Incoming};
use anyhow::Context as _;
use crosstalk_protocol::SUBPROTOCOL;
use crosstalk_protocol::ids::{DeviceId, RoomId};
use crosstalk_protocol::request::{Cursor, Hello, Request};
use std::net::SocketAddr;
use std::ops::ControlFlow;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Small, as thousands of lines stand in one process, and large enough for what comes at once.
const BUFFER_BYTES: usize = 4 * 1024;

/// A connected client.
pub(crate) struct Line {
    stream: TcpStream,
    /// What has come and is no whole frame yet.
    rest: Vec<u8>,
    last_id: u64,
}

impl Line {
    /// A bare connection, to what speaks no protocol but writes frames.
    pub(crate) async fn bare(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, rest: Vec::new(), last_id: 0 })
    }

    /// Connects, signs in, and follows these rooms: returns when each has been caught up with.
    pub(crate) async fn open(
        address: SocketAddr,
        token: &str,
        rooms: &[RoomId],
    ) -> anyhow::Result<Self> {
        let mut line = Self::bare(address).await?;
        line.upgrade(address, token).await?;
        let cursor = |room: &RoomId| Cursor { room: *room, stint: None, at: None };
        let hello = Hello {
            device: DeviceId(uuid::Uuid::new_v4()),
            token: None,
            inbox: None,
            rooms: rooms.iter().map(cursor).collect(),
            client: None,
        };
        line.send([Request::Hello(hello)]).await?;
        let mut awaited = vec![r#""type":"welcome""#];
        awaited.extend(rooms.iter().map(|_| r#""type":"caught_up""#));
        for what in awaited {
            line.until(what).await.with_context(|| format!("waiting for {what}"))?;
        }
        Ok(line)
    }

    async fn upgrade(&mut self, address: SocketAddr, token: &str) -> anyhow::Result<()> {
        let request = format!(
            "GET /v1/connect HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        self.stream.write_all(request.as_bytes()).await?;
        loop {
            self.receive().await?;
            if let Some(end) = self.rest.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.rest).into_owned();
                anyhow::ensure!(head.starts_with("HTTP/1.1 101"), "no upgrade: {head}");
                self.rest.drain(..end + 4);
                return Ok(());
            }
        }
    }

    /// Sends requests in one write.
    pub(crate) async fn send(
        &mut self,
        requests: impl IntoIterator<Item = Request>,
    ) -> anyhow::Result<()> {
        let mut out = Vec::with_capacity(BUFFER_BYTES);
        for request in requests {
            self.last_id += 1;
            frame::append(&mut out, self.last_id, &request)?;
        }
        Ok(self.stream.write_all(&out).await?)
    }

    /// Reads once, and shows every frame that is there. Pings are answered.
    pub(crate) async fn read(
        &mut self,
        mut show: impl FnMut(&Incoming<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.receive().await?;
        self.look(|incoming| show(incoming).map(|()| ControlFlow::Continue(()))).await
    }

    /// Reads up to the first frame that says this.
    async fn until(&mut self, what: &str) -> anyhow::Result<()> {
        let mut found = false;
        loop {
            self.look(|incoming| {
                let text = std::str::from_utf8(incoming.payload).unwrap_or_default();
                anyhow::ensure!(!text.contains(r#""type":"refused""#), "{text}");
                found = text.contains(what);
                Ok(if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            })
            .await?;
            if found {
                return Ok(());
            }
            self.receive().await?;
        }
    }

    async fn look(
        &mut self,
        mut show: impl FnMut(&Incoming<'_>) -> anyhow::Result<ControlFlow<()>>,
    ) -> anyhow::Result<()> {
        let (mut seen, mut pinged) = (0, false);
        while let Some(incoming) = self.rest.get(seen..).and_then(frame::first) {
            seen += incoming.bytes;
            if incoming.is_close() {
                anyhow::bail!("closed: {}", String::from_utf8_lossy(incoming.payload));
            }
            pinged |= incoming.is_ping();
            if show(&incoming)?.is_break() {
                break;
            }
        }
        self.rest.drain(..seen);
        if self.rest.is_empty() {
            // An idle client keeps nothing.
            self.rest = Vec::new();
        }
        if pinged {
            self.stream.write_all(&frame::pong()).await?;
        }
        Ok(())
    }

    async fn receive(&mut self) -> anyhow::Result<()> {
        self.stream.readable().await?;
        self.rest.reserve(BUFFER_BYTES);
        let read = self.stream.read_buf(&mut self.rest).await?;
        anyhow::ensure!(read > 0, "the server has ended the connection");
        Ok(())
    }
}
