//! The program itself as a process, which can be killed as a power cut kills it.

use crate::program::itself;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

/// Ports below those that systems give to connections: none takes one between a kill and a start.
const PORTS: std::ops::Range<u16> = 20_000..32_000;
const TRIES: usize = 50;

/// A server in a process of its own.
pub(crate) struct Apart {
    child: Child,
}

impl Apart {
    /// Starts it with these settings at an address that is free, and says which.
    pub(crate) fn start(flags: &[(String, String)]) -> (Self, SocketAddr) {
        for _ in 0..TRIES {
            let chosen = u16::try_from(uuid::Uuid::new_v4().as_u128() & 0xffff).unwrap();
            let port = PORTS.start + chosen % (PORTS.end - PORTS.start);
            let address = SocketAddr::from(([127, 0, 0, 1], port));
            if let Ok(apart) = Self::start_at(address, flags) {
                return (apart, address);
            }
        }
        panic!("no port is free");
    }

    /// Starts it at this address, and waits until it is ready; what it logged, if it ends instead.
    pub(crate) fn start_at(
        address: SocketAddr,
        flags: &[(String, String)],
    ) -> Result<Self, String> {
        let mut apart = Self::spawn(address, flags);
        let mut log = BufReader::new(apart.child.stderr.take().unwrap());
        let mut logged = String::new();
        loop {
            let start = logged.len();
            if log.read_line(&mut logged).unwrap_or_default() == 0 {
                return Err(logged);
            }
            if logged[start..].contains("crosstalk is ready") {
                // Its log must be read, or it would stop at a full pipe.
                std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
                return Ok(apart);
            }
        }
    }

    /// Starts it and waits for nothing.
    pub(crate) fn spawn(address: SocketAddr, flags: &[(String, String)]) -> Self {
        let mut command = itself();
        command.args(["serve", "--set", "log.format=json", "--listen", &address.to_string()]);
        for (key, value) in flags {
            command.args(["--set", &format!("{key}={value}")]);
        }
        Self { child: command.stderr(Stdio::piped()).spawn().unwrap() }
    }

    /// Stops it where it is (SIGSTOP), as a machine that is suspended does.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    /// Tells it to stop (SIGTERM), and waits until it has, as it should.
    pub(crate) fn stop(&mut self) {
        self.signal("-TERM");
        assert!(self.child.wait().unwrap().success(), "it did not stop as it should");
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    /// Kills it at once (SIGKILL), and waits until it is gone.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    /// Kills it at once, and waits until it is gone.
    pub(crate) fn end(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A test that fails leaves no server behind.
impl Drop for Apart {
    fn drop(&mut self) {
        self.end();
    }
}
