//! Frames as a client writes and counts them. Its own code, lean and apart from the server's: what
//! clients cost is taken from the same cores.

use crosstalk_protocol::envelope::RequestFrame;
use crosstalk_protocol::request::Request;

const TEXT: u8 = 0x81;
const PONG: u8 = 0x8A;
const PING: u8 = 0x89;
const CLOSE: u8 = 0x88;
const MASKED: u8 = 0x80;
/// In the length's place: two bytes of it follow.
const MEDIUM: u8 = 0x7E;

/// A mask like any other: the server takes it off all the same, and here nothing has to be put on.
const MASK: [u8; 4] = [0; 4];

/// Appends a request as a masked text frame.
pub(crate) fn append(out: &mut Vec<u8>, id: u64, request: &Request) -> anyhow::Result<()> {
    let text = serde_json::to_vec(&RequestFrame { id, request })?;
    out.push(TEXT);
    if let Ok(short @ 0..126) = u8::try_from(text.len()) {
        out.push(MASKED | short);
    } else {
        out.push(MASKED | MEDIUM);
        out.extend_from_slice(&u16::try_from(text.len())?.to_be_bytes());
    }
    out.extend_from_slice(&MASK);
    out.extend_from_slice(&text);
    Ok(())
}

/// An empty pong, masked.
pub(crate) const fn pong() -> [u8; 6] {
    [PONG, MASKED, 0x11, 0x22, 0x33, 0x44]
}

/// A frame of this many bytes with its header, as a server writes it.
pub(crate) fn of_length(bytes: usize) -> anyhow::Result<Vec<u8>> {
    let payload = bytes.checked_sub(4).filter(|payload| *payload > 125);
    let payload = payload.ok_or_else(|| anyhow::anyhow!("{bytes} bytes are too short a frame"))?;
    let mut frame = vec![TEXT, MEDIUM];
    frame.extend_from_slice(&u16::try_from(payload)?.to_be_bytes());
    frame.resize(bytes, b'x');
    Ok(frame)
}

/// One frame that has come.
pub(crate) struct Incoming<'a> {
    /// Its bytes, header included.
    pub(crate) bytes: usize,
    /// What it says.
    pub(crate) payload: &'a [u8],
    opcode: u8,
}

impl Incoming<'_> {
    pub(crate) fn is_ping(&self) -> bool {
        self.opcode == PING
    }

    pub(crate) fn is_close(&self) -> bool {
        self.opcode == CLOSE
    }
}

/// The first frame of these bytes, once it is there whole.
pub(crate) fn first(bytes: &[u8]) -> Option<Incoming<'_>> {
    let (opcode, short) = (*bytes.first()?, *bytes.get(1)?);
    let (header, payload) = match short {
        MEDIUM => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => {
            let long = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
            (10, usize::try_from(long).ok()?)
        }
        _ => (2, usize::from(short)),
    };
    let payload = bytes.get(header..header + payload)?;
    Some(Incoming { bytes: header + payload.len(), payload, opcode })
}
