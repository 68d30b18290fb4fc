//! Room keys: make, open, destroy.
//!
//! Everything that people write in a room, its name included, is sealed with a key of that room
//! before it reaches a store. Destroying 65 bytes therefore deletes a room with all its copies,
//! backups and remnants (R22). The keys live in a directory of their own, away from data and
//! backups, each wrapped by a master key beside them. What is sealed when, and who may see it, is
//! for others; but opening takes a permit.

mod cache;
mod directory;
mod files;
mod inbox_cursors;
mod master;
mod sealing;
mod signs;
mod start;

pub use directory::{CACHED_KEYS_MAX, KeyDirectory};
pub use inbox_cursors::InboxCursors;
pub use sealing::{Bound, RoomKey, Sealed, Slot, TEXTS_PER_KEY_MAX};
pub use start::{Places, StartError};

use std::io::ErrorKind;

/// Why a room's key can't be had, or does not open something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is no key: it was destroyed or never made. The directory itself is there.
    #[error("the room has no key")]
    Missing,
    /// The directory can't be read or written now: unmounted, read-only, full. Try again.
    #[error("the key directory can't be used now ({})", .0)]
    Unreachable(ErrorKind),
    /// The key's file is not what was written, or was wrapped by another master key.
    #[error("the room's key file is damaged, or belongs to another key directory")]
    Damaged,
    /// The room has a key already, which is never replaced.
    #[error("the room has a key already")]
    Exists,
    /// The permit or the content is of another room than the key.
    #[error("the key is of another room")]
    WrongRoom,
    /// The sealed bytes were altered, or belong to another room, author or place.
    #[error("the sealed content was altered, or belongs elsewhere")]
    Altered,
}
