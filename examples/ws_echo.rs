//! Echoes WebSocket messages through the server's own wire and reader, with its limits raised: what
//! `tests/conformance/run.sh` puts the cases of the Autobahn test suite to.
//!
//! `cargo run --example ws_echo -- 127.0.0.1:9101` accepts a connection as the server does: an
//! accept loop, hyper for the handshake, then the upgraded socket as it is.

use anyhow::{Context, anyhow};
use bytes::Bytes;
use crosstalk::wire::{Lease, Limits, Wire, frame, reader, tcp};
use futures::StreamExt;
use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_util::task::TaskTracker;

const MESSAGE_BYTES_MAX: usize = 64 * 1024 * 1024;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address = std::env::args().nth(1).context("usage: ws_echo ADDRESS:PORT")?;
    let listener = TcpListener::bind(address).await?;
    let limits = Arc::new(Limits {
        message_bytes_max: MESSAGE_BYTES_MAX,
        backlog_bytes_max: 4 * MESSAGE_BYTES_MAX,
        ..Limits::default()
    });
    let tasks = TaskTracker::new();
    loop {
        let (stream, _) = listener.accept().await?;
        tasks.spawn(serve(stream, Arc::clone(&limits), tasks.clone()));
    }
}

/// Serves the requests of one connection until one of them becomes a WebSocket.
async fn serve(stream: TcpStream, limits: Arc<Limits>, tasks: TaskTracker) {
    let service = service_fn(move |request| {
        let response = upgrade(request, &limits, &tasks);
        async { Ok::<_, Infallible>(response) }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new());
    // A client that breaks off here is no matter for an echo.
    http.serve_connection(TokioIo::new(stream), service).with_upgrades().await.ok();
}

fn upgrade(
    mut request: Request<Incoming>,
    limits: &Arc<Limits>,
    tasks: &TaskTracker,
) -> Response<Empty<Bytes>> {
    let mut response = Response::new(Empty::new());
    let Some(key) = request.headers().get(SEC_WEBSOCKET_KEY) else {
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return response;
    };
    let Ok(accept) = HeaderValue::try_from(derive_accept_key(key.as_bytes())) else {
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        return response;
    };
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    let upgraded = hyper::upgrade::on(&mut request);
    let limits = Arc::clone(limits);
    tasks.spawn(async move {
        if let Ok(upgraded) = upgraded.await {
            echo(upgraded, limits).await.ok();
        }
    });
    response
}

async fn echo(upgraded: Upgraded, limits: Arc<Limits>) -> anyhow::Result<()> {
    let parts = upgraded
        .downcast::<TokioIo<TcpStream>>()
        .map_err(|_| anyhow!("the upgraded connection is no TCP stream"))?;
    let socket = tcp::adopt(parts.io.into_inner(), &limits)?;
    let wire = Arc::new(Wire::new(socket, Arc::new(Lease::unlimited()), Arc::clone(&limits)));
    let mut reader = reader::open(Arc::clone(&wire), parts.read_buf.into(), &limits).await;
    loop {
        let message = tokio::select! {
            message = reader.next() => message,
            () = wire.flush() => break,
        };
        match message {
            Some(Ok(message)) => reply(&wire, message),
            Some(Err(error)) => {
                match reader::violation(&error) {
                    Some((code, reason)) => wire.fail(code, reason),
                    None => wire.reset(),
                }
                break;
            }
            // The peer's close frame, and with it the wire's answer, has gone through.
            None => break,
        }
    }
    wire.flush().await;
    wire.linger().await;
    Ok(())
}

fn reply(wire: &Wire, message: Message) {
    let frame = match message {
        Message::Text(text) => frame::text(&text),
        Message::Binary(bytes) => frame::binary(&bytes),
        // The reader has answered these.
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => return,
    };
    // A connection that can't take it is closed by its wire.
    let _delivered = wire.push(frame);
}
