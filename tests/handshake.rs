//! The opening handshake, byte by byte, on the real server: what is no proper opening costs little
//! and leads nowhere.

use crate::support::TestServer;
use std::fmt::Write as _;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

/// An opening that is good.
const GOOD: &[(&str, &str)] = &[
    ("Host", "chat.example.com"),
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];
const PATIENCE: Duration = Duration::from_secs(10);
const SECRET: &str = "eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJ4In0.c2VjcmV0";

/// One opening: a good one, with something changed.
#[derive(Clone)]
pub(crate) struct Opening {
    line: String,
    headers: Vec<(String, String)>,
    after: Vec<u8>,
}

impl Opening {
    pub(crate) fn good() -> Self {
        let headers = GOOD.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self {
            line: "GET /v1/connect HTTP/1.1".to_owned(),
            headers: headers.collect(),
            after: Vec::new(),
        }
    }

    fn line(mut self, line: &str) -> Self {
        line.clone_into(&mut self.line);
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self
    }

    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn with(self, name: &str, value: &str) -> Self {
        self.without(name).and(name, value)
    }

    pub(crate) fn after(mut self, bytes: &[u8]) -> Self {
        self.after = bytes.to_vec();
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.line);
        for (name, value) in &self.headers {
            write!(text, "{name}: {value}\r\n").unwrap();
        }
        text.push_str("\r\n");
        [text.as_bytes(), &self.after].concat()
    }
}

/// What was answered: the status (0 where the connection was closed without one) and the head.
struct Reply {
    status: u16,
    head: String,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}

pub(crate) async fn send(server: &TestServer, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    // Who is turned away in the middle of his words finds the door shut.
    stream.write_all(bytes).await.ok();
    stream
}

/// Reads the head of the answer, and of an answer that is no 101 the rest until the end.
async fn reply(stream: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    let read = async {
        while !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
            match stream.read_buf(&mut bytes).await {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
    };
    timeout(PATIENCE, read).await.expect("no answer came, and no end");
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Reply { status, head }
}

async fn ask(server: &TestServer, opening: &Opening) -> Reply {
    reply(&mut send(server, &opening.bytes()).await).await
}

/// A text frame as a client sends it, with a mask of zeros.
pub(crate) fn frame(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    assert!(length < 126);
    [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat()
}

/// What is said about a case, the opening, the status.
type Case = (&'static str, Opening, u16);

/// Whether it is an opening at all.
fn of_the_opening() -> Vec<Case> {
    let good = Opening::good;
    vec![
        ("a good one", good(), 101),
        ("words in any case, in lists", good().with("Connection", "keep-alive, UPGRADE"), 101),
        ("no key", good().without("Sec-WebSocket-Key"), 400),
        ("a short key", good().with("Sec-WebSocket-Key", "c2hvcnQ="), 400),
        (
            "a key that is no base64",
            good().with("Sec-WebSocket-Key", "!!!!!!!!!!!!!!!!!!!!!!=="),
            400,
        ),
        ("two keys", good().and("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), 400),
        ("an old version", good().with("Sec-WebSocket-Version", "8"), 426),
        ("no version", good().without("Sec-WebSocket-Version"), 426),
        ("two versions", good().and("Sec-WebSocket-Version", "13"), 426),
        ("no Upgrade", good().without("Upgrade"), 426),
        ("another Upgrade", good().with("Upgrade", "h2c"), 426),
        ("no Connection", good().without("Connection"), 426),
        ("HTTP/1.0", good().line("GET /v1/connect HTTP/1.0"), 426),
        ("HTTP/3.0", good().line("GET /v1/connect HTTP/3.0"), 400),
        ("POST", good().line("POST /v1/connect HTTP/1.1"), 405),
        ("HEAD", good().line("HEAD /v1/connect HTTP/1.1"), 405),
        ("a wrong path", good().line("GET /v1/socket HTTP/1.1"), 404),
        ("no Host", good().without("Host"), 400),
        ("two Hosts", good().and("Host", "other.example.com"), 400),
        ("a body", good().and("Content-Length", "5").after(b"hello"), 400),
        ("a chunked body", good().and("Transfer-Encoding", "chunked").after(b"0\r\n\r\n"), 400),
        ("two lengths", good().and("Content-Length", "0").and("Content-Length", "5"), 400),
    ]
}

/// From where, with what.
fn of_who_asks() -> Vec<Case> {
    let good = Opening::good;
    let subprotocol = |offered| good().and("Sec-WebSocket-Protocol", offered);
    let twice = "crosstalk.v1.json, crosstalk.bearer.a, crosstalk.bearer.b";
    let both =
        subprotocol("crosstalk.v1.json, crosstalk.bearer.a").and("Authorization", "Bearer b");
    let both_origins = good().and("Origin", "https://chat.example.com").and("Origin", "null");
    vec![
        ("a foreign Origin", good().and("Origin", "https://evil.example"), 403),
        ("a similar Origin", good().and("Origin", "https://chat.example.com.evil.example"), 403),
        ("the Origin in other letters", good().and("Origin", "https://CHAT.example.com"), 403),
        ("the null Origin", good().and("Origin", "null"), 403),
        ("an empty Origin", good().and("Origin", ""), 403),
        ("two Origins", both_origins, 400),
        ("our Origin", good().and("Origin", "https://chat.example.com"), 101),
        ("an unknown subprotocol", subprotocol("mqtt"), 400),
        ("a token and no subprotocol", subprotocol("crosstalk.bearer.abc"), 400),
        ("two tokens", subprotocol(twice), 400),
        ("a token here and there", both, 400),
        ("another scheme", good().and("Authorization", "Basic YTpi"), 401),
        ("a token in the query", good().line("GET /v1/connect?token=abc HTTP/1.1"), 400),
        ("another one", good().line("GET /v1/connect?x=1&access_token=abc HTTP/1.1"), 400),
        ("a bare one", good().line(&format!("GET /v1/connect?{SECRET} HTTP/1.1")), 400),
        ("a token to another path", good().line("GET /healthz?token=abc HTTP/1.1"), 400),
    ]
}

/// What is no proper HTTP.
fn of_http() -> Vec<Case> {
    let good = Opening::good;
    let smuggled = good().and("Content-Length", "4").and("Transfer-Encoding", "chunked");
    let smuggled = smuggled.after(b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    let many = (0..130).fold(good(), |opening, number| opening.and(&format!("X-{number}"), "x"));
    let long = "x".repeat(70 * 1024);
    vec![
        ("two lengths of different kinds", smuggled, 400),
        ("130 headers more", many, 431),
        ("a header of 70 KiB", good().and("X-Long", &long), 431),
        ("a path of 70 KiB", good().line(&format!("GET /{long} HTTP/1.1")), 431),
        ("a line that is none", good().line("GET"), 400),
        ("a header that is none", good().and("na me", "x"), 400),
    ]
}

async fn server() -> TestServer {
    TestServer::start(&[("origins.allowed", "https://chat.example.com")]).await
}

#[tokio::test]
async fn every_opening_gets_its_answer() {
    let server = server().await;
    for (what, opening, status) in [of_the_opening(), of_who_asks(), of_http()].concat() {
        let reply = ask(&server, &opening).await;
        assert_eq!(reply.status, status, "{what}: {}", reply.head);
        if status == 426 {
            assert_eq!(reply.header("sec-websocket-version"), Some("13"), "{what}");
        }
        if status == 101 {
            let accept = reply.header("sec-websocket-accept");
            assert_eq!(accept, Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{what}");
        }
    }
}

#[tokio::test]
async fn only_our_subprotocol_is_confirmed_and_never_a_token_or_an_extension() {
    let server = server().await;
    let confirmed = async |offered: &[&str]| {
        let good = Opening::good().and("Sec-WebSocket-Extensions", "permessage-deflate");
        let opening =
            offered.iter().fold(good, |opening, list| opening.and("Sec-WebSocket-Protocol", list));
        let reply = ask(&server, &opening).await;
        assert_eq!(reply.status, 101, "{offered:?}");
        assert_eq!(reply.header("sec-websocket-extensions"), None);
        assert!(!reply.head.contains("bearer") && !reply.head.contains(SECRET), "{}", reply.head);
        reply.header("sec-websocket-protocol").map(str::to_owned)
    };
    let ours = Some("crosstalk.v1.json".to_owned());
    assert_eq!(confirmed(&[]).await, None, "who offers none is told none");
    assert_eq!(confirmed(&["crosstalk.v1.json"]).await, ours);
    assert_eq!(confirmed(&["mqtt, crosstalk.v1.json"]).await, ours);
    assert_eq!(confirmed(&["mqtt", "crosstalk.v1.json"]).await, ours);
    let token = format!("crosstalk.bearer.{SECRET}");
    assert_eq!(confirmed(&[&format!("crosstalk.v1.json, {token}")]).await, ours);
}

#[tokio::test]
async fn a_frame_that_comes_with_the_request_is_heard() {
    let server = server().await;
    let hello = frame(r#"{"id":7,"type":"rooms","data":{}}"#);
    let mut stream = send(&server, &Opening::good().after(&hello).bytes()).await;
    let mut heard = Vec::new();
    let answered = async {
        while !String::from_utf8_lossy(&heard).contains("hello_first") {
            assert_ne!(stream.read_buf(&mut heard).await.unwrap(), 0, "closed without an answer");
        }
    };
    timeout(PATIENCE, answered).await.expect("the frame was lost");
    assert!(String::from_utf8_lossy(&heard).contains(r#""id":7"#));
}

#[tokio::test]
async fn who_speaks_tls_to_the_plain_port_is_turned_away() {
    let server = server().await;
    let client_hello = [0x16, 0x03, 0x01, 0x00, 0xa5, 0x01, 0x00, 0x00, 0xa1, 0x03, 0x03];
    let mut stream = send(&server, &client_hello).await;
    assert_eq!(reply(&mut stream).await.status, 400);
}

#[tokio::test]
async fn who_dribbles_is_let_go_in_time() {
    let short = [("limits.handshake_seconds", "2"), ("limits.first_frame_seconds", "1")];
    let server = TestServer::start(&short).await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let began = Instant::now();
    for byte in Opening::good().bytes() {
        if stream.write_all(&[byte]).await.is_err() {
            break;
        }
        sleep(Duration::from_millis(50)).await;
        let gone = stream.try_read(&mut [0; 64]).is_ok_and(|read| read == 0);
        if gone {
            break;
        }
    }
    let took = began.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?}");
    // Who says nothing at all, and who says no hello.
    for bytes in [Vec::new(), Opening::good().bytes()] {
        let mut stream = send(&server, &bytes).await;
        let mut said = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut said)).await.expect("held for ever").ok();
    }
}

#[tokio::test]
async fn the_unknown_of_one_address_have_so_many_places() {
    let server =
        TestServer::start(&[("limits.unauthenticated_connections_per_address", "3")]).await;
    let mut inside = Vec::new();
    for _ in 0..3 {
        let mut stream = send(&server, &Opening::good().bytes()).await;
        assert_eq!(reply(&mut stream).await.status, 101);
        inside.push(stream);
    }
    assert_eq!(ask(&server, &Opening::good()).await.status, 0, "the fourth is turned away");
    inside.clear();
    let freed = async {
        while ask(&server, &Opening::good()).await.status != 101 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, freed).await.expect("no place came free");
}

#[tokio::test]
async fn behind_a_proxy_the_places_are_those_of_whom_it_brings() {
    let server = TestServer::start(&[
        ("limits.unauthenticated_connections_per_address", "1"),
        ("listen.tls_in_front", "true"),
    ])
    .await;
    let from = |address| Opening::good().and("X-Forwarded-For", address);
    let mut first = send(&server, &from("203.0.113.1").bytes()).await;
    assert_eq!(reply(&mut first).await.status, 101);
    let again = ask(&server, &from("198.51.100.7, 203.0.113.1")).await;
    assert_eq!((again.status, again.header("retry-after")), (429, Some("1")));
    assert_eq!(ask(&server, &from("203.0.113.2")).await.status, 101);
}

#[tokio::test]
async fn a_server_that_stops_says_when_to_come_back_and_listens_no_more() {
    let mut server = server().await;
    let mut idle = TcpStream::connect(server.address()).await.unwrap();
    server.stop().await;
    assert_eq!(idle.read(&mut [0; 8]).await.unwrap_or(0), 0);
    assert!(TcpStream::connect(server.address()).await.is_err());
    server.restart().await;
    assert_eq!(ask(&server, &Opening::good()).await.status, 101);
}
