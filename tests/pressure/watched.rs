//! A device whose every byte is kept, with its place in the connection's stream, and that reads only
//! as fast as it is told to. Its WebSocket is its own: nothing of the server's or the client's code
//! stands between the bytes and what is said of them.

use super::kernel::{Progress, ServersEnd};
use crosstalk_protocol::envelope::{ServerFrame, parse_server_frame};
use crosstalk_protocol::ids::{DeviceId, RoomId};
use crosstalk_protocol::push::Push;
use parking_lot::Mutex;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// How long anything may take, on a machine that is busy with much else.
const PATIENCE: Duration = Duration::from_mins(3);

/// How a device reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// All that comes.
    On,
    /// Nothing.
    Stalled,
    /// Up to the middle of the next frame, and then nothing.
    HalfAFrame,
    /// Up to this place of the stream, and then nothing.
    UpTo(u64),
}

/// A frame that has come, and where its first byte and the byte after its last stand in the stream.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) text: String,
}

/// All that has come on a connection.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Whole frames, in order.
    pub(super) frames: Vec<Frame>,
    /// What has come of the next one.
    rest: Vec<u8>,
    /// Where that begins.
    rest_from: u64,
    /// The connection has ended: closed, or reset.
    pub(super) ended: bool,
    forgets: bool,
}

/// A connected device.
pub(super) struct Watched {
    stream: Arc<TcpStream>,
    server: ServersEnd,
    heard: Arc<Mutex<Heard>>,
    came: Arc<Notify>,
    reading: watch::Sender<Reading>,
    reader: JoinHandle<()>,
    last_id: AtomicU64,
}

impl Watched {
    /// Connects and says `hello`; the kernel keeps so little for it that the server notices at once
    /// when it does not read.
    pub(super) async fn connect(server: SocketAddr, token: &str, hello: &str) -> Self {
        Self::connect_with(Some(2048), server, token, hello).await
    }

    /// The same with another receive buffer, or the usual one.
    pub(super) async fn connect_with(
        receive_buffer: Option<u32>,
        server: SocketAddr,
        token: &str,
        hello: &str,
    ) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes).unwrap();
        }
        let stream = Arc::new(socket.connect(server).await.unwrap());
        let upgrade = format!(
            "GET /v1/connect HTTP/1.1\r\nHost: {server}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: crosstalk.v1.json\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        write(&stream, upgrade.as_bytes()).await;
        let heard = Arc::new(Mutex::new(Heard::default()));
        let came = Arc::new(Notify::new());
        let (reading, told) = watch::channel(Reading::On);
        let reader = (Arc::clone(&stream), Arc::clone(&heard), Arc::clone(&came));
        #[expect(clippy::disallowed_methods, reason = "a client's task, not the server's")]
        let reader = tokio::spawn(async move {
            let (stream, heard, came) = reader;
            read(&stream, &heard, &came, told).await;
        });
        let upgraded = until_upgraded(&heard, &came);
        tokio::time::timeout(PATIENCE, upgraded).await.expect("no upgrade");
        // Whoever has answered has accepted: its end is one of this process's sockets.
        let server = ServersEnd::of(stream.local_addr().unwrap()).unwrap();
        let last_id = AtomicU64::new(0);
        let watched = Self { stream, server, heard, came, reading, reader, last_id };
        watched.says(hello).await;
        watched.until("welcome", 0, |frame| frame.text.contains(r#""welcome""#)).await;
        watched
    }

    /// Sends a request, `"type":…,"data":…` without its id, which it returns.
    pub(super) async fn says(&self, request: &str) -> u64 {
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let text = format!(r#"{{"id":{id},{request}}}"#);
        // A client's frames are masked; with zeros the bytes stay as they are.
        let mut frame = vec![0x81];
        if let Ok(short @ 0..126) = u8::try_from(text.len()) {
            frame.push(0x80 | short);
        } else {
            frame.push(0xFE);
            frame.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        }
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        write(&self.stream, &frame).await;
        id
    }

    /// Reads on, and follows a room from now on. False if the connection ends before.
    pub(super) async fn sits_down(&self, room: RoomId) -> bool {
        self.reads(Reading::On);
        let start = format!(r#"{{"type":"caught_up","data":{{"room":"{room}""#);
        let mut cursor = String::new();
        loop {
            let from = self.count();
            let rooms = format!(r#"[{{"room":"{room}"{cursor}}}]"#);
            self.says(&format!(r#""type":"resume","data":{{"rooms":{rooms}}}"#)).await;
            if !self.until("page", from, |frame| frame.text.starts_with(&start)).await {
                return false;
            }
            let page = self.heard(|heard| {
                let page = heard.frames[from..].iter().find(|it| it.text.starts_with(&start));
                parse_server_frame(&page.unwrap().text).unwrap()
            });
            let ServerFrame::Push(Push::CaughtUp(page)) = page else { panic!("{page:?}") };
            if !page.more {
                return true;
            }
            cursor = format!(r#","stint":{},"at":"{}""#, page.stint, page.at);
        }
    }

    /// Asks for groups in this order and waits for the first; says how many frames had come before.
    pub(super) async fn begins_to_come_back_to(&self, groups: &[RoomId]) -> usize {
        self.reads_all().await;
        let from = self.count();
        self.says(&resume(groups)).await;
        let first = format!(r#"{{"type":"caught_up","data":{{"room":"{}""#, groups[0]);
        self.until("first group", from, |frame| frame.text.starts_with(&first)).await;
        from
    }

    /// Whether a frame after the first `from` says that there is no such room.
    pub(super) fn has_been_told_gone(&self, from: usize, room: RoomId) -> bool {
        let gone = format!(r#"{{"type":"gone","data":{{"room":"{room}""#);
        self.heard(|heard| heard.frames[from..].iter().any(|it| it.text.starts_with(&gone)))
    }

    /// Waits until the server's kernel has all that the server will ever write here.
    pub(super) async fn has_been_said_goodbye(&self) {
        self.until_kernel("no goodbye", |progress| progress.is_shut).await;
        let held = self.progress().map(|progress| progress.held);
        assert!(held.is_some_and(|held| held > 0), "all of it was read: {held:?}");
    }

    /// Reads bit by bit until the server's kernel has all that the server will ever write here.
    pub(super) async fn reads_until_said_goodbye(&self) {
        while self.progress().is_some_and(|progress| !progress.is_shut) {
            let place = self.heard(Heard::place) + 500;
            self.reads(Reading::UpTo(place));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.has_been_said_goodbye().await;
    }

    /// Reads from now on like this.
    pub(super) fn reads(&self, how: Reading) {
        self.reading.send_replace(how);
    }

    /// How far the server's kernel has come with this connection; `None` if no byte can come any
    /// more than has been sent.
    pub(super) fn progress(&self) -> Option<Progress> {
        self.server.progress()
    }

    /// How many frames have come.
    pub(super) fn count(&self) -> usize {
        self.heard.lock().frames.len()
    }

    /// Takes the frames that have come, so that they need not be kept.
    pub(super) fn takes(&self) -> Vec<Frame> {
        std::mem::take(&mut self.heard.lock().frames)
    }

    /// What has come so far.
    pub(super) fn heard<T>(&self, look: impl FnOnce(&Heard) -> T) -> T {
        look(&self.heard.lock())
    }

    /// Whether the connection has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.heard.lock().ended
    }

    /// Waits for so many such frames, none of the first `from`. False if the connection ends before.
    pub(super) async fn until_some(
        &self,
        what: &str,
        (from, some): (usize, usize),
        is_it: impl Fn(&Frame) -> bool,
    ) -> bool {
        let (mut next, mut found) = (from, 0);
        let waited = async {
            loop {
                let came = self.came.notified();
                let mut came = std::pin::pin!(came);
                came.as_mut().enable();
                let ended = {
                    let heard = self.heard.lock();
                    found += heard.frames[next..].iter().filter(|frame| is_it(frame)).count();
                    next = heard.frames.len();
                    heard.ended
                };
                if found >= some || ended {
                    return found >= some;
                }
                came.await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waited).await;
        waited.unwrap_or_else(|_| panic!("no {what}: {found} of {some}"))
    }

    /// Waits for such a frame, none of the first `from`. False if the connection ends before.
    pub(super) async fn until(
        &self,
        what: &str,
        from: usize,
        is_it: impl Fn(&Frame) -> bool,
    ) -> bool {
        self.until_some(what, (from, 1), is_it).await
    }

    /// Reads on until all that the server had for it has come, or the connection has ended.
    pub(super) async fn reads_all(&self) {
        self.reads(Reading::On);
        let from = self.count();
        let id = self.says(r#""type":"contacts","data":{"limit":1}"#).await;
        let start = format!(r#"{{"id":{id},"#);
        self.until("last answer", from, |frame| frame.text.starts_with(&start)).await;
    }

    /// Waits until the server's kernel holds so many bytes that this device does not read.
    pub(super) async fn is_stalled(&self, held: u64) {
        self.until_kernel("it is never stalled", |progress| progress.held >= held).await;
    }

    async fn until_kernel(&self, never: &str, is_so: impl Fn(Progress) -> bool) {
        let waited = async {
            while self.progress().is_some_and(|progress| !is_so(progress)) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waited).await.expect(never);
    }

    /// Keeps no frames from now on.
    pub(super) fn forgets(&self) {
        self.heard.lock().forgets = true;
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Heard {
    /// How many bytes have come.
    pub(super) fn place(&self) -> u64 {
        self.rest_from + self.rest.len() as u64
    }

    /// The frame of which only a part has come.
    pub(super) fn unfinished(&self) -> Frame {
        let text = String::from_utf8_lossy(&self.rest).into_owned();
        Frame { from: self.rest_from, to: self.place(), text }
    }

    /// How many bytes may be read now.
    fn leave(&self, reading: Reading) -> usize {
        match reading {
            Reading::On => usize::MAX,
            Reading::Stalled => 0,
            Reading::HalfAFrame => 40_usize.saturating_sub(self.rest.len()),
            Reading::UpTo(place) => usize::try_from(place.saturating_sub(self.place())).unwrap(),
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        if self.rest_from == 0 {
            let Some(end) = self.rest.windows(4).position(|four| four == b"\r\n\r\n") else {
                return;
            };
            self.drop_first(end + 4);
        }
        while let Some((header, payload)) = lengths(&self.rest) {
            let length = header + payload;
            let Some(whole) = self.rest.get(header..length) else { return };
            let text = String::from_utf8_lossy(whole).into_owned();
            let (from, to) = (self.rest_from, self.rest_from + length as u64);
            if !self.forgets {
                self.frames.push(Frame { from, to, text });
            }
            self.drop_first(length);
        }
    }

    fn drop_first(&mut self, length: usize) {
        self.rest.drain(..length);
        self.rest_from += length as u64;
    }
}

/// The lengths of header and payload of the server's frame that begins here (RFC 6455, 5.2).
fn lengths(bytes: &[u8]) -> Option<(usize, usize)> {
    match *bytes.get(1)? {
        126 => Some((4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().unwrap())))),
        127 => {
            let long = u64::from_be_bytes(bytes.get(2..10)?.try_into().unwrap());
            Some((10, usize::try_from(long).unwrap()))
        }
        short => Some((2, usize::from(short))),
    }
}

/// A request to follow these rooms.
pub(super) fn resume(rooms: &[RoomId]) -> String {
    let rooms: Vec<String> = rooms.iter().map(|room| format!(r#"{{"room":"{room}"}}"#)).collect();
    format!(r#""type":"resume","data":{{"rooms":[{}]}}"#, rooms.join(","))
}

/// The `hello` of a device.
pub(super) fn hello(device: DeviceId) -> String {
    format!(r#""type":"hello","data":{{"device":"{device}"}}"#)
}

/// A new device.
pub(super) fn device() -> DeviceId {
    DeviceId(Uuid::now_v7())
}

async fn read(
    stream: &TcpStream,
    heard: &Mutex<Heard>,
    came: &Notify,
    mut told: watch::Receiver<Reading>,
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let reading = *told.borrow_and_update();
        let leave = heard.lock().leave(reading).min(buffer.len());
        tokio::select! {
            changed = told.changed() => if changed.is_err() { return },
            ready = stream.readable(), if leave > 0 => {
                let read = ready.and_then(|()| stream.try_read(&mut buffer[..leave]));
                let is_over = match read {
                    Ok(count) => {
                        heard.lock().take(&buffer[..count]);
                        count == 0
                    }
                    Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
                };
                heard.lock().ended |= is_over;
                came.notify_waiters();
                if is_over {
                    return;
                }
            }
        }
    }
}

async fn until_upgraded(heard: &Mutex<Heard>, came: &Notify) {
    loop {
        let mut came = std::pin::pin!(came.notified());
        came.as_mut().enable();
        if heard.lock().rest_from > 0 {
            return;
        }
        came.await;
    }
}

/// Writes all of it, unless the connection has ended.
async fn write(stream: &TcpStream, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        if stream.writable().await.is_err() {
            return;
        }
        match stream.try_write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
