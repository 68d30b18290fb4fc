//! What the kernel says of the server's end of a connection, the server itself not being asked.
#![expect(unsafe_code, reason = "an ioctl's sibling that no safe crate wraps")]

use socket2::SockRef;
use std::fs;
use std::mem::{offset_of, size_of, zeroed};
use std::net::SocketAddr;
use std::os::fd::{BorrowedFd, RawFd};

/// The server's end of the connection of one client of this process.
#[derive(Debug, Clone, Copy)]
pub(super) struct ServersEnd {
    descriptor: RawFd,
    client: SocketAddr,
}

/// How far the stream of bytes to a client has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    /// How many bytes the kernel has put on the network, each counted once. The first byte to the
    /// client is number 0, so this is also the number of the next one.
    pub(super) sent: u64,
    /// How many it has taken from the server besides, and still holds.
    pub(super) held: u64,
    /// The server has said that nothing more will follow.
    pub(super) is_shut: bool,
}

/// `TCP_ESTABLISHED` of `linux/tcp_states.h`.
const ESTABLISHED: u8 = 1;

impl ServersEnd {
    /// The socket of this process whose peer is this client's.
    pub(super) fn of(client: SocketAddr) -> Option<Self> {
        let numbers = fs::read_dir("/proc/self/fd").ok()?;
        let numbers = numbers.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let mut ends = numbers.map(|descriptor| Self { descriptor, client });
        ends.find(|end| end.is_connected())
    }

    /// How far its stream has come; `None` once it is no longer connected: it has been reset, or is
    /// closed, and no byte can come any more.
    pub(super) fn progress(self) -> Option<Progress> {
        let before = self.is_connected();
        let progress = self.info();
        // The number may be another socket's by now.
        if before && self.is_connected() { progress } else { None }
    }

    fn is_connected(self) -> bool {
        // SAFETY: it may be closed and opened anew at any time by the server in this process; the
        // calls made through it only read, and what they say is believed only if the peer is right.
        let borrowed = unsafe { BorrowedFd::borrow_raw(self.descriptor) };
        let peer = SockRef::from(&borrowed).peer_addr();
        peer.is_ok_and(|peer| peer.as_socket() == Some(self.client))
    }

    fn info(self) -> Option<Progress> {
        // SAFETY: all fields of `tcp_info` are numbers, for which zero is a value.
        let mut info: Info = unsafe { zeroed() };
        let mut length = libc::socklen_t::try_from(size_of::<Info>()).unwrap();
        // SAFETY: as above; the kernel writes at most `length` bytes, all of which are the struct's.
        let result = unsafe {
            libc::getsockopt(
                self.descriptor,
                libc::IPPROTO_TCP,
                libc::TCP_INFO,
                (&raw mut info).cast(),
                &raw mut length,
            )
        };
        let is_whole = usize::try_from(length).unwrap() >= offset_of!(Info, reordering);
        (result == 0 && is_whole).then(|| Progress {
            sent: info.bytes_sent - info.bytes_retransmitted,
            held: u64::from(info.bytes_not_sent),
            is_shut: info.head[0] != ESTABLISHED,
        })
    }
}

/// `struct tcp_info` of `linux/tcp.h` as far as it is needed here: the libc crate's ends before.
#[repr(C)]
struct Info {
    head: [u8; 8],
    numbers: [u32; 24],
    rates: [u64; 2],
    bytes_acked: u64,
    bytes_received: u64,
    segments: [u32; 2],
    bytes_not_sent: u32,
    more: [u32; 3],
    durations: [u64; 4],
    delivered: [u32; 2],
    bytes_sent: u64,
    bytes_retransmitted: u64,
    duplicates: u32,
    reordering: u32,
}
