//! WebSocket frames as a server writes them (RFC 6455, section 5.2): final, unmasked, encoded once
//! with their header, and shared by all who receive them.

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;

/// The longest payload of a control frame.
pub const CONTROL_BYTES_MAX: usize = 125;

const FINAL: u8 = 0x80;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;
/// The length of most headers here: a payload of 126 to 65,535 bytes.
const HEADER_BYTES: usize = 4;

/// A text frame.
pub fn text(payload: &str) -> Bytes {
    whole(TEXT, payload.as_bytes())
}

/// A binary frame. crosstalk's own protocol has none.
pub fn binary(payload: &[u8]) -> Bytes {
    whole(BINARY, payload)
}

/// A ping. What is beyond 125 bytes is cut off.
pub fn ping(payload: &[u8]) -> Bytes {
    whole(PING, shortened(payload, CONTROL_BYTES_MAX))
}

/// A pong. What is beyond 125 bytes is cut off.
pub fn pong(payload: &[u8]) -> Bytes {
    whole(PONG, shortened(payload, CONTROL_BYTES_MAX))
}

/// A close frame; nothing may follow it. What is beyond 123 bytes of the reason is cut off.
pub fn close(code: u16, reason: &str) -> Bytes {
    let end = reason.floor_char_boundary(CONTROL_BYTES_MAX - 2);
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(shortened(reason.as_bytes(), end));
    whole(CLOSE, &payload)
}

/// A text frame that holds `value` as JSON.
///
/// # Errors
/// What the serializer says of a value that JSON can't hold; the protocol's types all can be.
pub fn json(value: &impl Serialize) -> serde_json::Result<Bytes> {
    let mut buffer = BytesMut::with_capacity(512);
    append_json(&mut buffer, value)?;
    Ok(buffer.freeze())
}

/// Appends a text frame that holds `value` as JSON, so that frames can gather in one buffer. After
/// an error the buffer is as it was.
///
/// # Errors
/// As for [`json`].
pub fn append_json(buffer: &mut BytesMut, value: &impl Serialize) -> serde_json::Result<()> {
    let start = buffer.len();
    // The payload is written in place behind a header of the usual length; only payloads of another
    // class move.
    buffer.put_bytes(0, HEADER_BYTES);
    if let Err(error) = serde_json::to_writer(buffer.writer(), value) {
        buffer.truncate(start);
        return Err(error);
    }
    let payload_start = start + HEADER_BYTES;
    let payload = payload_start..buffer.len();
    let header = Header::new(TEXT, payload.len());
    let header_bytes = header.bytes();
    if header_bytes.len() > HEADER_BYTES {
        buffer.put_bytes(0, header_bytes.len() - HEADER_BYTES);
    }
    buffer.copy_within(payload.clone(), start + header_bytes.len());
    buffer.truncate(start + header_bytes.len() + payload.len());
    for (place, byte) in buffer.iter_mut().skip(start).zip(header_bytes) {
        *place = *byte;
    }
    Ok(())
}

/// Where the frame that holds the byte at `offset` ends, in a buffer of whole frames as this module
/// makes them.
pub(super) fn end_of(frames: &[u8], offset: usize) -> usize {
    let mut end = 0;
    while end <= offset {
        let Some(length) = frames.get(end..).and_then(length) else { return frames.len() };
        end += length;
    }
    end.min(frames.len())
}

/// Whether these bytes begin with a close frame.
pub(super) fn is_close(frame: &[u8]) -> bool {
    frame.first().is_some_and(|byte| byte & 0x0F == CLOSE)
}

fn whole(opcode: u8, payload: &[u8]) -> Bytes {
    let header = Header::new(opcode, payload.len());
    let mut buffer = BytesMut::with_capacity(header.bytes().len() + payload.len());
    buffer.put_slice(header.bytes());
    buffer.put_slice(payload);
    buffer.freeze()
}

fn shortened(payload: &[u8], max: usize) -> &[u8] {
    payload.get(..max).unwrap_or(payload)
}

/// The length of the frame that these bytes begin with, header included, once that is there.
pub(super) fn length(frame: &[u8]) -> Option<usize> {
    let short = usize::from(frame.get(1)? & 0x7F);
    let (header, payload) = match short {
        126 => (4, usize::from(u16::from_be_bytes(frame.get(2..4)?.try_into().ok()?))),
        127 => {
            let long = u64::from_be_bytes(frame.get(2..10)?.try_into().ok()?);
            (10, usize::try_from(long).ok()?)
        }
        _ => (2, short),
    };
    payload.checked_add(header)
}

/// A frame's header: 2, 4 or 10 bytes.
struct Header {
    bytes: [u8; 10],
    length: usize,
}

impl Header {
    fn new(opcode: u8, payload: usize) -> Self {
        let mut bytes = [0; 10];
        let length = {
            let mut out = &mut bytes[..];
            out.put_u8(FINAL | opcode);
            match (u8::try_from(payload), u16::try_from(payload)) {
                (Ok(short @ 0..126), _) => out.put_u8(short),
                (_, Ok(medium)) => {
                    out.put_u8(126);
                    out.put_u16(medium);
                }
                _ => {
                    out.put_u8(127);
                    out.put_u64(payload as u64);
                }
            }
            10 - out.len()
        };
        Self { bytes, length }
    }

    fn bytes(&self) -> &[u8] {
        shortened(&self.bytes, self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_seven_sixteen_or_sixty_four_bits() {
        for (payload, header) in [
            (0, vec![0x81, 0]),
            (125, vec![0x81, 125]),
            (126, vec![0x81, 126, 0, 126]),
            (65_535, vec![0x81, 126, 0xFF, 0xFF]),
            (65_536, vec![0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let frame = text(&"x".repeat(payload));
            assert_eq!(&frame[..header.len()], &header, "{payload} bytes");
            assert_eq!(frame.len(), header.len() + payload);
            assert_eq!(length(&frame), Some(frame.len()));
        }
    }

    #[test]
    fn json_is_the_text_frame_of_its_text_whatever_its_length() {
        for length in [0, 1, 122, 123, 124, 125, 126, 500, 65_532, 65_533, 65_534, 70_000] {
            let value = "é".repeat(length / 2) + if length % 2 == 1 { "x" } else { "" };
            let expected = text(&serde_json::to_string(&value).unwrap());
            assert_eq!(json(&value).unwrap(), expected, "{length} bytes");
        }
    }

    #[test]
    fn frames_gather_in_one_buffer_and_their_ends_are_found() {
        let mut buffer = BytesMut::new();
        let values = ["a".repeat(10), "b".repeat(300), "c".repeat(70_000), String::new()];
        let mut ends = Vec::new();
        for value in &values {
            append_json(&mut buffer, value).unwrap();
            ends.push(buffer.len());
        }
        let mut start = 0;
        for end in ends {
            assert_eq!(end_of(&buffer, start), end);
            assert_eq!(end_of(&buffer, end - 1), end);
            start = end;
        }
    }

    #[test]
    fn control_frames_never_exceed_what_the_protocol_allows() {
        assert_eq!(ping(&[7; 300]).len(), 2 + 125);
        assert_eq!(&pong(b"hi")[..], b"\x8A\x02hi");
        let long = close(4004, &"ü".repeat(100));
        assert_eq!(&long[..4], &[0x88, 124, 0x0F, 0xA4]);
        assert!(std::str::from_utf8(&long[4..]).is_ok());
        assert!(is_close(&long) && !is_close(&ping(b"")));
    }
}
