//! The program as it is run: it starts, it stops when it is told to, and its log keeps secrets.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const SECRET: &str = "eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJ4In0.c2VjcmV0";
const PATIENCE: Duration = Duration::from_secs(20);

/// A process that serves, and what it has logged.
struct Process {
    child: Child,
    log: BufReader<ChildStderr>,
    logged: String,
    address: SocketAddr,
    home: tempfile::TempDir,
}

impl Process {
    fn start(settings: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_crosstalk"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--set", "log.format=json", "--data"]);
        command.arg(home.path().join("data")).stderr(Stdio::piped()).env_clear();
        for setting in settings {
            command.args(["--set", setting]);
        }
        let mut child = command.spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut logged = String::new();
        let address = loop {
            let start = logged.len();
            assert_ne!(log.read_line(&mut logged).unwrap(), 0, "it did not start: {logged}");
            let line: serde_json::Value = serde_json::from_str(&logged[start..]).unwrap();
            if line["message"] == "crosstalk is ready" {
                break line["address"].as_str().unwrap().parse().unwrap();
            }
        };
        Self { child, log, logged, address, home }
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn tell(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Waits for its end; what it logged from the beginning, and its home.
    fn end(mut self) -> (ExitStatus, String, tempfile::TempDir) {
        let began = now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if began.elapsed() > PATIENCE {
                self.child.kill().unwrap();
                panic!("it does not end");
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        self.log.read_to_string(&mut self.logged).unwrap();
        (status, self.logged, self.home)
    }
}

#[expect(clippy::disallowed_methods, reason = "another process has no clock that could be paused")]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn it_is_healthy_and_exits_with_zero_when_it_is_told_to_stop() {
    for signal in ["-TERM", "-INT"] {
        let process = Process::start(&[]);
        let answer = process.ask("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("ok\n"), "{answer}");
        process.tell(signal);
        let (status, log, _) = process.end();
        assert_eq!(status.code(), Some(0), "{log}");
    }
}

#[test]
fn a_second_signal_stops_it_at_once() {
    let process = Process::start(&["limits.drain_seconds=600", "limits.handshake_seconds=120"]);
    // A request that never ends holds the first stop up.
    let mut stream = TcpStream::connect(process.address).unwrap();
    stream.write_all(b"POST /v1/invitations/redeem HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{").unwrap();
    std::thread::sleep(Duration::from_millis(300));
    process.tell("-TERM");
    std::thread::sleep(Duration::from_millis(300));
    process.tell("-TERM");
    let (status, log, _) = process.end();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("a second signal came"), "{log}");
}

#[test]
fn no_token_reaches_the_log_however_it_came() {
    let process = Process::start(&["log.level=trace"]);
    let lines = [
        format!("GET /v1/connect?token={SECRET} HTTP/1.1\r\n"),
        format!("GET /v1/jobs?access_token={SECRET} HTTP/1.1\r\n"),
        format!("GET /v1/jobs HTTP/1.1\r\nAuthorization: Bearer {SECRET}\r\n"),
        format!("GET /{SECRET} HTTP/1.1\r\n"),
        format!(
            "GET /v1/connect HTTP/1.1\r\nSec-WebSocket-Protocol: crosstalk.bearer.{SECRET}\r\n"
        ),
    ];
    for line in lines {
        let answer = process.ask(&format!("{line}Host: x\r\nConnection: close\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
        assert!(!answer.contains("c2VjcmV0"), "{answer}");
    }
    process.tell("-TERM");
    let (_, log, _) = process.end();
    assert!(log.contains("a token was refused"), "the log is silent: {log}");
    assert!(!log.contains("c2VjcmV0") && !log.contains("eyJ"), "{log}");
}

#[test]
fn what_keeps_it_from_starting_is_said_with_what_to_do() {
    let first = Process::start(&[]);
    let taken = format!("listen.address={}", first.address);
    let home = tempfile::tempdir().unwrap();
    let second = Command::new(env!("CARGO_BIN_EXE_crosstalk"))
        .args(["serve", "--set", &taken, "--data"])
        .arg(home.path())
        .env_clear()
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("listen.address") && said.contains("in use"), "{said}");
    first.tell("-TERM");
    first.end();
}

#[test]
fn a_store_is_proved_beside_the_server_and_damage_is_told() {
    let process = Process::start(&[]);
    let data = process.home.path().join("data");
    let checked = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crosstalk"));
        let output = command.args(["check", "--data"]).arg(&data).env_clear().output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    };
    let (code, said) = checked();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("Everything is as it has to be."), "{said}");
    process.tell("-TERM");
    let home = process.end().2;
    for file in std::fs::read_dir(&data).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            std::fs::write(path, "x".repeat(10_000)).unwrap();
        }
    }
    let (code, said) = checked();
    assert_eq!(code, Some(1), "{said}");
    drop(home);
    let (code, said) = checked();
    assert_eq!(code, Some(1), "there is no such directory: {said}");
}
