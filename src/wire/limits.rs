//! The limits of one connection's reading and writing; `config` names them for the operator.

use std::time::Duration;

/// How much one connection may take up, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many bytes may wait before the connection is closed as a slow consumer.
    pub backlog_bytes_max: usize,
    /// How many bytes may wait beyond that: inbox notices, pongs, the closing.
    pub reserve_bytes: usize,
    /// For how many rooms a connection remembers that the person's sight of them has narrowed;
    /// beyond it, it is closed and begins anew. At least twice the groups that a person may be in (R8),
    /// who may lose them all one by one: at 2,000 some 200 KiB, which hardly any connection ever takes.
    pub narrowed_rooms_max: usize,
    /// How long a closing connection may take to accept what waits before it is reset.
    pub close_grace: Duration,
    /// The longest message that is read.
    pub message_bytes_max: usize,
    /// How much is read at once; every idle connection has a buffer of this size.
    pub read_buffer_bytes: usize,
    /// The kernel's send buffer (`SO_SNDBUF`), sent but unacknowledged bytes included.
    pub send_buffer_bytes: usize,
    /// How many unsent bytes the kernel may hold before it asks to wait (`TCP_NOTSENT_LOWAT`).
    pub unsent_bytes_wanted: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            backlog_bytes_max: 256 * 1024,
            reserve_bytes: 16 * 1024,
            narrowed_rooms_max: 4000,
            close_grace: Duration::from_secs(5),
            message_bytes_max: crosstalk_protocol::FRAME_BYTES_MAX,
            read_buffer_bytes: 1024,
            send_buffer_bytes: 64 * 1024,
            unsent_bytes_wanted: 16 * 1024,
        }
    }
}
