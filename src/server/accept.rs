//! Accepts connections and speaks HTTP/1.1 on them, until they end or become sockets.

use super::doors::{Doors, Place, Unknown};
use super::listener;
use crate::api::{CameFrom, network};
use crate::config::fixed::HEAD_BYTES_MAX;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// How long accepting pauses when the process has no file descriptor left.
const PAUSE: Duration = Duration::from_millis(100);

/// What accepts connections.
pub(super) struct Acceptor {
    /// Where.
    pub(super) listener: TcpListener,
    /// How many may be inside.
    pub(super) doors: Arc<Doors>,
    /// What answers.
    pub(super) router: Router,
    /// How long the head of a request may take.
    pub(super) head_timeout: Duration,
    /// Whether a proxy is in front, which says who it brings.
    pub(super) is_proxied: bool,
    /// Where connections run.
    pub(super) tasks: TaskTracker,
    /// Ends the accepting, and each connection after the request that it is at.
    pub(super) stop: CancellationToken,
    /// Ends connections at once.
    pub(super) cut: CancellationToken,
}

/// One connection, as its requests know it.
#[derive(Clone)]
pub(super) struct Visitor {
    /// The other end of the socket.
    pub(super) peer: SocketAddr,
    is_proxied: bool,
    counted: Arc<Mutex<Option<(Place, Unknown)>>>,
}

impl Acceptor {
    /// Accepts until it is stopped.
    pub(super) async fn run(self) {
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.admit(stream, peer),
                // Gone before it was accepted.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    tracing::warn!(%error, "no connection can be accepted now");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Who finds no place is turned away before he has cost anything.
    fn admit(&self, stream: TcpStream, peer: SocketAddr) {
        let Some((place, mut unknown)) = self.doors.admit() else {
            tracing::debug!("a connection was turned away: all places are taken");
            return;
        };
        if !self.is_proxied && !unknown.is_of(network(peer.ip())) {
            tracing::debug!("a connection was turned away: too many of its address");
            return;
        }
        if listener::prepare(&stream).is_err() {
            return;
        }
        let counted = Arc::new(Mutex::new(Some((place, unknown))));
        let visitor = Visitor { peer, is_proxied: self.is_proxied, counted };
        let (router, stop) = (self.router.clone(), self.stop.clone());
        let served = serve(stream, visitor, router, (self.head_timeout, stop));
        self.tasks.spawn(self.cut.clone().run_until_cancelled_owned(served));
    }
}

async fn serve(
    stream: TcpStream,
    visitor: Visitor,
    router: Router,
    (head_timeout, stop): (Duration, CancellationToken),
) {
    let service =
        service_fn(move |request: Request<Incoming>| router.clone().oneshot(visitor.sign(request)));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let served = tokio::select! {
        served = &mut connection => served,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        // What a stranger sends is his affair; the kind of mistake is enough.
        tracing::debug!(%error, "an HTTP connection ended early");
    }
}

impl Visitor {
    /// The request, with what is known of where it comes from.
    fn sign(&self, request: Request<Incoming>) -> Request<Body> {
        let mut request = request.map(Body::new);
        let forwarded = self.is_proxied.then(|| forwarded(request.headers())).flatten();
        let address = forwarded.unwrap_or_else(|| self.peer.ip());
        request.extensions_mut().insert(CameFrom(address));
        request.extensions_mut().insert(self.clone());
        request
    }

    /// The connection's places, which go to what takes the socket over; `None` where the address
    /// has too many already.
    pub(super) fn take_places(&self, address: IpAddr) -> Option<(Place, Unknown)> {
        let mut counted = self.counted.lock();
        let is_counted =
            counted.as_mut().is_some_and(|(_, unknown)| unknown.is_of(network(address)));
        if is_counted { counted.take() } else { None }
    }
}

/// Whom the proxy brings: the last address in the header, which it added itself. What stands before
/// may be invented.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?;
    last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_proxy_added_is_believed() {
        let mut headers = HeaderMap::new();
        assert_eq!(forwarded(&headers), None);
        headers.append("x-forwarded-for", "203.0.113.1, 10.0.0.1".parse().unwrap());
        assert_eq!(forwarded(&headers), Some("10.0.0.1".parse().unwrap()));
        headers.append("x-forwarded-for", "2001:db8::1".parse().unwrap());
        assert_eq!(forwarded(&headers), Some("2001:db8::1".parse().unwrap()));
        headers.append("x-forwarded-for", "unknown".parse().unwrap());
        assert_eq!(forwarded(&headers), None);
    }
}
