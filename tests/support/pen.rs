//! The pen of a store in the hand of another process, as a tool for backups takes it.

use rusqlite::Connection;
use std::path::Path;

/// While it is held nobody else writes: durable jobs stand still, and everything can be read.
pub(crate) struct Pen(
    #[expect(dead_code, reason = "it is held, and given back when dropped")] Connection,
);

impl Pen {
    /// Takes it as soon as it lies there for a moment; that may last.
    pub(crate) fn take(data: &Path) -> Self {
        let mut connection = Connection::open(data.join("crosstalk.db")).unwrap();
        connection.busy_handler(Some(|_| true)).unwrap();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        Self(connection)
    }
}
