//! A database server and its standby, of a test's own.

use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A primary and its standby, which takes its place when it is told to.
pub(crate) struct Pair {
    home: TempDir,
}

impl Pair {
    pub(crate) fn start() -> Self {
        let pair = Self { home: tempfile::tempdir().unwrap() };
        pair.does("start");
        pair
    }

    /// The address of both: whichever takes writes is meant.
    pub(crate) fn address(&self) -> String {
        let home = self.home.path().display();
        format!("host={home}/at-one,{home}/at-two user=crosstalk dbname=postgres")
    }

    /// From now on the standby hears nothing of what is written.
    pub(crate) fn stops_copying(&self) {
        self.does("cut");
    }

    /// The primary dies, and its standby takes its place.
    pub(crate) fn fails_over(&self) {
        self.does("fail");
    }

    /// Ends every session there is.
    pub(crate) fn ends_sessions(&self) {
        self.does("end-sessions");
    }

    /// The primary is killed, and starts again with all that it had promised to keep.
    pub(crate) fn dies_and_comes_back(&self) {
        self.does("restart");
    }

    fn does(&self, word: &str) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/pair");
        let done = Command::new(script).arg(word).arg(self.home.path()).output().unwrap();
        assert!(done.status.success(), "{word}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        self.does("stop");
    }
}
