//! `GET /v1/connect`: from an HTTP request to a session on the bare socket.

use super::accept::Visitor;
use super::doors::{Place, Unknown};
use super::drain::Waves;
use super::handshake::{Opening, has_token_in_query};
use crate::api::{CameFrom, Problem};
use crate::config::Origins;
use crate::identity::Token;
use crate::session::{self, Arrived, Services};
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use crosstalk_protocol::code::FailureCode;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What a session is begun with.
pub(super) struct Connect {
    /// From which pages browsers may come.
    pub(super) origins: Origins,
    /// What sessions need.
    pub(super) services: Arc<Services>,
    /// Where they run.
    pub(super) sessions: TaskTracker,
    /// What tells them to go.
    pub(super) waves: Waves,
    /// What ends those that do not.
    pub(super) cut: CancellationToken,
}

/// The opening handshake. Nothing exists of the connection before all of it has been checked.
pub(super) async fn connect(
    State(connect): State<Arc<Connect>>,
    Extension(visitor): Extension<Visitor>,
    Extension(CameFrom(address)): Extension<CameFrom>,
    mut request: Request,
) -> Result<Response, Problem> {
    let upgrade = hyper::upgrade::on(&mut request);
    let (head, _) = request.into_parts();
    let opening = Opening::of(&head, &connect.origins)?;
    let places = visitor.take_places(address);
    let places = places.ok_or_else(|| Problem::failed(FailureCode::RateLimited))?;
    let answer = (StatusCode::SWITCHING_PROTOCOLS, opening.answer()).into_response();
    let number = connect.services.hub.arrives();
    let upgraded = Upgraded { number, upgrade, places, peer: visitor.peer, token: opening.token };
    let begun = Arc::clone(&connect);
    let cut = connect.cut.clone();
    // Boxed: what is spawned holds its future twice, before and while it runs.
    let session = Box::pin(async move { begun.serve(upgraded).await });
    connect.sessions.spawn(cut.run_until_cancelled_owned(session));
    Ok(answer)
}

/// A connection whose 101 is on its way.
struct Upgraded {
    number: u64,
    upgrade: OnUpgrade,
    places: (Place, Unknown),
    peer: SocketAddr,
    token: Option<Token>,
}

impl Connect {
    async fn serve(&self, upgraded: Upgraded) {
        let Upgraded { number, upgrade, places: (place, unknown), peer, token } = upgraded;
        let taken = upgrade.await.ok().and_then(|io| io.downcast::<TokioIo<TcpStream>>().ok());
        let Some(taken) = taken else {
            tracing::debug!("a connection was gone before its opening was answered");
            return;
        };
        let arrived = Arrived {
            number,
            socket: taken.io.into_inner(),
            leftover: taken.read_buf,
            token,
            peer,
            place: Box::new(unknown),
        };
        session::serve(arrived, Arc::clone(&self.services), self.waves.next()).await;
        drop(place);
    }
}

/// What holds for every request, whatever its path: no token in the address, nothing cached.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let mut response = if has_token_in_query(request.uri()) {
        let detail = "a token does not go into the address, where every proxy writes it down: send \
                      it in the Authorization header, and end this one";
        Problem::bad_request(detail).into_response()
    } else {
        next.run(request).await
    };
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    }
    response
}
