//! A bus of hints of a test's own: a Redis server that can be killed, and listened to.

use redis::{Client, Connection};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tempfile::TempDir;

/// A Redis server, reachable by a socket in its own directory.
pub(crate) struct OwnBus {
    home: TempDir,
    child: Option<Child>,
}

/// The rights that docs/operations.md gives to nodes, word for word.
pub(crate) const RIGHTS: &str = "resetchannels &crosstalk:* resetkeys -@all +hello +auth +ping +publish +subscribe +unsubscribe";
const PASSWORD: &str = "secret";

/// Something that was said: on which topic, and what.
pub(crate) type Said = (String, Vec<u8>);

impl OwnBus {
    pub(crate) fn start() -> Self {
        let mut bus = Self { home: tempfile::tempdir().unwrap(), child: None };
        bus.start_again();
        bus
    }

    pub(crate) fn start_again(&mut self) {
        let mut command = Command::new("redis-server");
        command.args(["--port", "0", "--save", "", "--unixsocket"]).arg(self.socket());
        command.args(["--user", "crosstalk", "on"]).arg(format!(">{PASSWORD}"));
        command.args(RIGHTS.split(' '));
        let child = command.arg("--dir").arg(self.home.path()).stdout(Stdio::null()).spawn();
        self.child = Some(child.expect("redis-server is installed"));
        for _ in 0..1_000 {
            if self.connection().is_some() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the bus does not start");
    }

    /// Kills it at once (SIGKILL).
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// How nodes come to it.
    pub(crate) fn settings(&self) -> [(&'static str, String); 2] {
        let file = self.home.path().join("password");
        std::fs::write(&file, PASSWORD).unwrap();
        let server = format!("{}?user=crosstalk", self.address());
        [("hints.server", server), ("hints.password_file", file.display().to_string())]
    }

    /// How strangers come to it, who may do anything.
    fn address(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// All that is said from now on.
    pub(crate) fn overhears(&self) -> Receiver<Said> {
        let mut connection = self.connection().unwrap();
        let (overheard, said) = channel();
        let (ready, is_ready) = channel();
        std::thread::spawn(move || {
            let mut all = connection.as_pubsub();
            all.psubscribe("*").unwrap();
            ready.send(()).unwrap();
            while let Ok(message) = all.get_message() {
                let said =
                    (message.get_channel_name().to_owned(), message.get_payload_bytes().to_vec());
                if overheard.send(said).is_err() {
                    return;
                }
            }
        });
        is_ready.recv().unwrap();
        said
    }

    /// Says all of it, as whoever has got at the bus may.
    pub(crate) fn says(&self, all: &[Said]) {
        let mut connection = self.connection().unwrap();
        for (topic, what) in all {
            let publish = redis::cmd("PUBLISH").arg(topic).arg(what).to_owned();
            publish.query::<()>(&mut connection).unwrap();
        }
    }

    fn socket(&self) -> PathBuf {
        self.home.path().join("redis.sock")
    }

    fn connection(&self) -> Option<Connection> {
        Client::open(self.address()).unwrap().get_connection().ok()
    }
}

impl Drop for OwnBus {
    fn drop(&mut self) {
        self.kill();
    }
}
