//! What waits in the inbox, told piece by piece, and acknowledged no further than it was told.

use super::running::Connected;
use crate::directory::Greeting;
use crate::hub::Connection;
use crate::keys::InboxCursors;
use crate::timeline::Noticed;
use crate::wire::frame;
use crosstalk_protocol::push::{Notice, Push};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Notices told at once.
const PIECE: u32 = 100;
/// Bytes that may wait on the wire before the next piece is told.
const WAITING_BYTES_MAX: usize = 32 * 1024;
/// How often is looked whether the wire has room again.
const WAIT: Duration = Duration::from_millis(20);

/// How far a device has been told its inbox without a hole.
pub(super) struct Inbox(AtomicU64);

/// The place that an inbox cursor names; the beginning for what is none.
pub(super) fn place_of(inboxes: &InboxCursors, cursor: &str) -> u64 {
    inboxes.decode(cursor).unwrap_or(0)
}

/// A notice as clients are told it.
pub(super) fn show(inboxes: &InboxCursors, noticed: &Noticed) -> Notice {
    Notice { inbox: inboxes.encode(noticed.place), about: noticed.notice.clone() }
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// After `welcome`: told through its last notice, or to the end if no more wait.
    pub(super) fn begin(&self, greeting: &Greeting) {
        let told = greeting.notices.last().map_or(0, |noticed| noticed.place);
        self.0.store(if greeting.more { told } else { u64::MAX }, Ordering::Release);
    }

    /// How far an acknowledgement may go: a live notice may have come before older ones were told.
    pub(super) fn told(&self, place: u64) -> u64 {
        place.min(self.0.load(Ordering::Acquire))
    }
}

/// Tells what `welcome` had no room for.
pub(super) async fn tell_rest(connected: &Connected) {
    let inbox = &connected.inbox.0;
    let connection: &Connection = &connected.connection;
    loop {
        let told = inbox.load(Ordering::Acquire);
        if told == u64::MAX || connection.wire.is_closed() {
            return;
        }
        if connection.wire.waiting_bytes() > WAITING_BYTES_MAX {
            tokio::time::sleep(WAIT).await;
            continue;
        }
        match connected.services.directory.inbox(connection.user, told, PIECE).await {
            Ok((notices, more)) => {
                for noticed in &notices {
                    let push = Push::Notice(show(&connected.services.inboxes, noticed));
                    let _delivered = connection.wire.notice(frame::json(&push).unwrap_or_default());
                }
                let last = notices.last().map_or(told, |noticed| noticed.place);
                inbox.store(if more { last } else { u64::MAX }, Ordering::Release);
            }
            Err(error) => {
                // He finds them at his next connect.
                tracing::warn!(%error, "an inbox could not be read");
                return;
            }
        }
    }
}
