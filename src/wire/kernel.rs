//! The two things about a TCP socket that only the Linux kernel knows or does, and that no safe
//! interface offers. The only file of crosstalk with `unsafe` in it.
#![expect(unsafe_code, reason = "an ioctl and a connect that no safe crate wraps")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// `SIOCOUTQNSD` of `linux/sockios.h`; the libc crate lacks it for this target.
const SIOCOUTQNSD: u32 = 0x894B;

/// How many bytes of the send queue the kernel has not put on the network yet.
pub(super) fn unsent(socket: BorrowedFd<'_>) -> io::Result<u64> {
    let mut bytes: libc::c_int = 0;
    // SAFETY: the descriptor is borrowed, hence open; this request writes one `int` through the
    // pointer, which is valid and unaliased for the call.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCOUTQNSD.into(), &raw mut bytes) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    u64::try_from(bytes).map_err(io::Error::other)
}

/// Dissolves the connection (`tcp_disconnect`): the peer is reset at once and the send queue is
/// purged. Closing with `SO_LINGER` of 0 would do the same, but the descriptor belongs to the
/// runtime and is closed whenever its last owner lets go: too late for a removal.
pub(super) fn disconnect(socket: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: all of a `sockaddr`'s fields are integers, for which zero is a value.
    let address: libc::sockaddr = unsafe { std::mem::zeroed() };
    const { assert!(libc::AF_UNSPEC == 0, "zero is the family that means no address") };
    let length = libc::socklen_t::try_from(size_of_val(&address)).map_err(io::Error::other)?;
    // SAFETY: the descriptor is borrowed, hence open; the pointer and the length describe one
    // initialised `sockaddr`, which the kernel only reads.
    let result = unsafe { libc::connect(socket.as_raw_fd(), &raw const address, length) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
