//! One connected device: who it is, what it has missed, and the loop that reads its socket.
//!
//! Requests are begun in the order in which they came and may end in any order: each is answered
//! when it is done, so a device can have many messages on their way to the disk at once.

mod answer;
mod ask;
mod catch_up;
mod handshake;
mod inbox;
mod intent;
mod pace;
mod read;
mod running;

pub use pace::Pace;

use crate::config::Limits;
use crate::directory::Directory;
use crate::hub::Hub;
use crate::identity::{Issuers, Token};
use crate::keys::InboxCursors;
use crate::rooms::Rooms;
use crate::timeline::Timeline;
use crate::wire::{self, Lease, Wire, tcp};
use bytes::Bytes;
use crosstalk_protocol::code::CloseCode;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// What a session needs of the server.
pub struct Services {
    /// The limits in force.
    pub limits: Limits,
    /// The wire's part of them.
    pub wire: Arc<wire::Limits>,
    /// This node's lease.
    pub lease: Arc<Lease>,
    /// Whose tokens are good.
    pub issuers: Arc<Issuers>,
    /// Companies, people, inboxes.
    pub directory: Arc<dyn Directory>,
    /// The store's clock and epoch.
    pub timeline: Arc<dyn Timeline>,
    /// The rooms.
    pub rooms: Rooms,
    /// This node's seats.
    pub hub: Arc<Hub>,
    /// How places in inboxes are told.
    pub inboxes: Arc<InboxCursors>,
    /// The rates of companies.
    pub pace: Pace,
}

/// A socket after the opening handshake.
pub struct Arrived {
    /// Its number, taken from the hub before its opening was answered.
    pub number: u64,
    /// The socket.
    pub socket: TcpStream,
    /// What was read of it beyond the handshake.
    pub leftover: Bytes,
    /// The token, if it came in a header or the subprotocol.
    pub token: Option<Token>,
    /// Where it comes from; for limits, never logged with a name.
    pub peer: SocketAddr,
    /// Its place among those of whom nobody knows who they are: given back when it is known.
    pub place: Box<dyn Send>,
}

/// Serves one device until it or the server goes. `stop` says that the server is draining.
pub async fn serve(arrived: Arrived, services: Arc<Services>, stop: CancellationToken) {
    let Arrived { number, socket, leftover, token, peer, place } = arrived;
    let socket = match tcp::adopt(socket, &services.wire) {
        Ok(socket) => socket,
        Err(error) => {
            tracing::debug!(%peer, %error, "a socket was gone before it could be served");
            return;
        }
    };
    let wire = Wire::new(socket, Arc::clone(&services.lease), Arc::clone(&services.wire));
    let wire = Arc::new(wire);
    let read_too_far = leftover.to_vec();
    // It is a part of the whole buffer of the opening, 8 KiB that nobody needs any more.
    drop(leftover);
    let reader = wire::reader::open(Arc::clone(&wire), read_too_far, &services.wire).await;
    let reader = Box::new(reader);
    let connected = OnceLock::new();
    let session = async {
        // Boxed, and given back when it is done: its place would count for every idle connection.
        let hello = handshake::hello(&services, (number, &wire), reader, token);
        let Some((said_hello, mut reader)) = Box::pin(hello).await else { return };
        drop(place);
        let connected = connected.get_or_init(|| Arc::new(said_hello));
        Box::pin(running::run(Arc::clone(connected), &mut reader, &stop)).await;
    };
    tokio::select! {
        () = wire.flush() => {}
        () = session => {}
    }
    // The connection stays in the hub until its last byte is out, however it ends: a removal has to
    // find it. What is still to be said, the close frame last, is said; the wire bounds how long
    // that takes.
    wire.flush().await;
    wire.linger().await;
    wire.let_go();
    drop(connected);
}

/// Draining: come back, spread over `within_ms`.
fn drain(wire: &Wire, within_ms: u64) {
    let spread = u64::from(uuid::Uuid::new_v4().as_fields().0);
    let after_ms = if within_ms == 0 { 0 } else { spread % within_ms };
    wire.close(CloseCode::Draining, after_ms);
}
