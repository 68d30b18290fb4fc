//! Builds the parts from the settings, accepts connections, and drains.

mod accept;
mod connect;
mod database;
mod doors;
mod drain;
mod handshake;
mod listener;
mod nodes;
mod parts;
mod signals;

use crate::api;
use crate::config::Config;
use crate::hints::BadAddress;
use crate::identity::{BadIssuer, BadKeySet, Taken, mint};
use crate::keys;
use crate::timeline::embedded::AddressError;
use crate::timeline::{self, embedded};
use accept::Acceptor;
use axum::Router;
use axum::middleware::from_fn;
use axum::routing::any;
use connect::Connect;
pub use database::database;
use doors::Doors;
use drain::Waves;
pub use nodes::share_guest_key;
use parts::Parts;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long what was begun over HTTP, and the follower of the store, may take to end.
const LAST_WORK: Duration = Duration::from_secs(5);

/// Why the server can't start, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The room keys can't be used.
    #[error(transparent)]
    Keys(#[from] keys::StartError),
    /// The store can't be opened.
    #[error(transparent)]
    Store(#[from] embedded::OpenError),
    /// The store can't be read.
    #[error(transparent)]
    Read(#[from] timeline::Error),
    /// The key of the server's own issuer can't be used.
    #[error(transparent)]
    GuestKey(#[from] mint::Error),
    /// The address of the database server is none.
    #[error(transparent)]
    Database(#[from] AddressError),
    /// The file of the database's password can't be read.
    #[error("store.password_file: {}", path.display())]
    PasswordFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The address of the bus of hints is none.
    #[error(transparent)]
    Hints(#[from] BadAddress),
    /// A file of the settings of hints can't be read.
    #[error("hints: {}", path.display())]
    HintsFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The operators' key set can't be read.
    #[error("operators.keys_file: {}", path.display())]
    OperatorFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The operators' key set is none.
    #[error("operators.keys_file: {0}")]
    OperatorKeys(#[from] BadKeySet),
    /// The operators' issuer is none.
    #[error("operators.issuer: {0}")]
    OperatorIssuer(#[from] BadIssuer),
    /// The operators' issuer is somebody else's.
    #[error("operators.issuer: {0}")]
    OperatorTaken(#[from] Taken),
    /// The address can't be listened on.
    #[error(
        "{address} can't be listened on ({reason}): stop what listens there, or choose another listen.address (`--listen ADDRESS:PORT`)"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why. No source: it stands in the sentence, and would be told twice.
        reason: io::Error,
    },
    /// The process can't be told when to stop.
    #[error("signals can't be received: {0}")]
    Signals(io::Error),
}

/// How a server came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everybody was told, and the store was closed.
    Drained,
    /// A second signal came: at once.
    AtOnce,
}

/// A server that runs. Dropping it stops nothing: [`Running::stop`] it.
pub struct Running {
    address: SocketAddr,
    parts: Parts,
    doors: Arc<Doors>,
    waves: Waves,
    stop: CancellationToken,
    /// Ends whatever did not end by itself.
    cut: CancellationToken,
    /// The accepting, HTTP connections and sessions.
    front: TaskTracker,
    drain: Duration,
}

/// Runs a server until the process is told to stop (SIGTERM, SIGINT).
pub async fn run(config: &Config) -> Result<Ended, StartError> {
    let mut signals = signals::Signals::new().map_err(StartError::Signals)?;
    let running = start(config).await?;
    signals.next().await;
    tracing::info!(connections = running.doors.connections(), "draining");
    let ended = tokio::select! {
        () = running.stop() => Ended::Drained,
        () = signals.next() => Ended::AtOnce,
    };
    tracing::info!("stopped");
    Ok(ended)
}

/// Starts a server.
pub async fn start(config: &Config) -> Result<Running, StartError> {
    let doors = Arc::new(Doors::new(&config.limits));
    let parts = Parts::assemble(config, &doors).await?;
    let wanted = config.listen.address;
    let listen = |reason| StartError::Listen { address: wanted, reason };
    let listener = listener::listen(wanted).map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let waves = Waves::new();
    let (front, stop, cut) =
        (TaskTracker::new(), CancellationToken::new(), CancellationToken::new());
    let connect = Connect {
        origins: config.origins.clone(),
        services: parts.services(&config.limits),
        sessions: front.clone(),
        cut: cut.clone(),
        waves: waves.clone(),
    };
    let acceptor = Acceptor {
        listener,
        doors: Arc::clone(&doors),
        router: router(connect, parts.api(&config.limits)?),
        head_timeout: head_timeout(config),
        is_proxied: config.listen.tls_in_front,
        tasks: front.clone(),
        stop: stop.clone(),
        cut: cut.clone(),
    };
    front.spawn(acceptor.run());
    tracing::info!(%address, data = %config.data.directory.display(), "crosstalk is ready");
    let drain = Duration::from_secs(config.limits.drain_seconds);
    Ok(Running { address, parts, doors, waves, stop, cut, front, drain })
}

/// The whole opening has `handshake_seconds`, of which the first frame may need its own part.
fn head_timeout(config: &Config) -> Duration {
    let limits = &config.limits;
    let seconds = limits.handshake_seconds.saturating_sub(limits.first_frame_seconds);
    Duration::from_secs(seconds.max(1))
}

fn router(connect: Connect, api: api::Api) -> Router {
    Router::new()
        .route("/v1/connect", any(connect::connect))
        .with_state(Arc::new(connect))
        .merge(api::router(api))
        .layer(from_fn(connect::guard))
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How much the store has been asked to read so far.
    pub fn reads(&self) -> timeline::Reads {
        self.parts.reads()
    }

    /// Stops accepting, tells every client to come back, waits for them up to the limit, and
    /// closes the store.
    pub async fn stop(self) {
        let until = Instant::now() + self.drain;
        self.stop.cancel();
        self.front.close();
        let told = async {
            // Half of the time for telling, half for those told last.
            self.waves.tell(&self.doors, self.drain / 2).await;
            self.front.wait().await;
        };
        if timeout_at(until, told).await.is_err() {
            tracing::warn!(connections = self.doors.connections(), "connections were cut off");
            self.cut.cancel();
            self.front.wait().await;
        }
        self.parts.close(Instant::now() + LAST_WORK).await;
    }
}
