//! The program as it is run: started on a directory, told to stop, killed, and asked to check.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// A server in a process of its own, and what it logs.
pub(crate) struct Program {
    child: Mutex<Child>,
    /// Its log, line by line, until it has ended. Somebody has to read it, or it would stop there.
    lines: Receiver<String>,
    logged: String,
    address: SocketAddr,
}

impl Program {
    /// Starts it on this directory with these settings, and waits until it is ready.
    pub(crate) fn start(data: &Path, settings: &[&str]) -> Self {
        Self::start_as(itself(), data, settings)
    }

    /// The same, by a command that takes the program's arguments.
    pub(crate) fn start_as(mut command: Command, data: &Path, settings: &[&str]) -> Self {
        command.args(["serve", "--listen", "127.0.0.1:0", "--set", "log.format=json", "--data"]);
        command.arg(data).stderr(Stdio::piped());
        for setting in settings {
            command.args(["--set", setting]);
        }
        let mut child = command.spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            log.lines().map_while(Result::ok).all(|line| tell.send(line).is_ok())
        });
        let mut logged = String::new();
        let address = loop {
            let line = lines.recv().unwrap_or_else(|_| panic!("it did not start: {logged}"));
            logged += &(line.clone() + "\n");
            let line: serde_json::Value = serde_json::from_str(&line).unwrap();
            if line["message"] == "crosstalk is ready" {
                break line["address"].as_str().unwrap().parse().unwrap();
            }
        };
        Self { child: Mutex::new(child), lines, logged, address }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The root of the file systems that it sees.
    pub(crate) fn root(&self) -> std::path::PathBuf {
        format!("/proc/{}/root", self.child.lock().unwrap().id()).into()
    }

    /// Sends it a signal.
    pub(crate) fn tell(&self, signal: &str) {
        let pid = self.child.lock().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Kills it at once, as a power switch does: it can't finish anything.
    pub(crate) fn kill(&self) {
        self.child.lock().unwrap().kill().unwrap();
    }

    /// Waits for its end: how it ended, and what it logged from the beginning.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        let child = self.child.get_mut().unwrap();
        let began = now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if began.elapsed() > PATIENCE {
                child.kill().unwrap();
                panic!("it does not end");
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let rest = self.lines.iter().map(|line| line + "\n");
        let logged = std::mem::take(&mut self.logged) + &rest.collect::<String>();
        (status, logged)
    }
}

/// A test that fails leaves no server behind.
impl Drop for Program {
    fn drop(&mut self) {
        if let Ok(child) = self.child.get_mut() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

/// `crosstalk check` of a directory: its exit code, and what it says.
pub(crate) fn check(data: &Path) -> (Option<i32>, String) {
    let output = itself().args(["check", "--data"]).arg(data).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

/// The program with nothing of this environment but the fault that a proof puts in.
pub(crate) fn itself() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crosstalk"));
    command.env_clear().envs(std::env::vars().filter(|(name, _)| name == "CROSSTALK_MUTANT"));
    command
}

/// The program run by a shell script, as its `"$@"`; `$directory` is the directory of the data.
pub(crate) fn by(script: &str, data: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh"]).arg(env!("CARGO_BIN_EXE_crosstalk"));
    command.env_clear().envs(itself().get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("directory", data).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command
}

#[expect(clippy::disallowed_methods, reason = "another process has no clock that could be paused")]
fn now() -> Instant {
    Instant::now()
}
