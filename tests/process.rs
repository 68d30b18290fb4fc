//! The program as it is run: it starts, it stops when it is told to, and its log keeps secrets.

use crate::program::{Program, check, itself};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

const SECRET: &str = "eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJ4In0.c2VjcmV0";

/// A program on a directory of its own.
struct Alone {
    program: Program,
    home: tempfile::TempDir,
}

impl Alone {
    fn start(settings: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        Self { program: Program::start(&home.path().join("data"), settings), home }
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.program.address()).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

#[test]
fn it_is_healthy_and_exits_with_zero_when_it_is_told_to_stop() {
    for signal in ["-TERM", "-INT"] {
        let alone = Alone::start(&[]);
        let answer = alone.ask("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("ok\n"), "{answer}");
        alone.program.tell(signal);
        let (status, log) = alone.program.end();
        assert_eq!(status.code(), Some(0), "{log}");
    }
}

#[test]
fn a_second_signal_stops_it_at_once() {
    let alone = Alone::start(&["limits.drain_seconds=600", "limits.handshake_seconds=120"]);
    // A request that never ends holds the first stop up.
    let mut stream = TcpStream::connect(alone.program.address()).unwrap();
    stream.write_all(b"POST /v1/invitations/redeem HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{").unwrap();
    std::thread::sleep(Duration::from_millis(300));
    alone.program.tell("-TERM");
    std::thread::sleep(Duration::from_millis(300));
    alone.program.tell("-TERM");
    let (status, log) = alone.program.end();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("a second signal came"), "{log}");
}

#[test]
fn no_token_reaches_the_log_however_it_came() {
    let alone = Alone::start(&["log.level=trace"]);
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
        let answer = alone.ask(&format!("{line}Host: x\r\nConnection: close\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
        assert!(!answer.contains("c2VjcmV0"), "{answer}");
    }
    alone.program.tell("-TERM");
    let (_, log) = alone.program.end();
    assert!(log.contains("a token was refused"), "the log is silent: {log}");
    assert!(!log.contains("c2VjcmV0") && !log.contains("eyJ"), "{log}");
}

#[test]
fn what_keeps_it_from_starting_is_said_with_what_to_do() {
    let first = Alone::start(&[]);
    let taken = format!("listen.address={}", first.program.address());
    let home = tempfile::tempdir().unwrap();
    let mut second = itself();
    let second = second.args(["serve", "--set", &taken, "--data"]).arg(home.path());
    let second = second.output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("listen.address"), "{said}");
    assert_eq!(said.matches("in use").count(), 1, "told once: {said}");
    first.program.tell("-TERM");
    first.program.end();
}

#[test]
fn a_store_is_proved_beside_the_server_and_damage_is_told() {
    let alone = Alone::start(&[]);
    let data = alone.home.path().join("data");
    let (code, said) = check(&data);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("Everything is as it has to be."), "{said}");
    alone.program.tell("-TERM");
    alone.program.end();
    for file in std::fs::read_dir(&data).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            std::fs::write(path, "x".repeat(10_000)).unwrap();
        }
    }
    let (code, said) = check(&data);
    assert_eq!(code, Some(1), "{said}");
    drop(alone.home);
    let (code, said) = check(&data);
    assert_eq!(code, Some(1), "there is no such directory: {said}");
    assert!(said.contains("name the directory with --data DIR"), "{said}");
}
