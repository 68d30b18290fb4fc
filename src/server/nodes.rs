//! What makes a process one node among those that share a store: its lease, its hints, and what it has to
//! know before its hub.

use super::StartError;
use super::doors::Doors;
use crate::api::Registry;
use crate::config::{self, Config, Data};
use crate::hints::{Address, Bus, Hints, Listener, Sign};
use crate::hub::Hub;
use crate::keys::KeyDirectory;
use crate::timeline::embedded::{Embedded, Hint, NodeOptions};
use crate::timeline::{Committed, Timeline as _};
use crate::uptime;
use crate::wire::Lease;
use crosstalk_protocol::ids::RoomId;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The directory of the key that signs guests' tokens, in the data directory.
const GUEST_KEY: &str = "guest-key";

/// After the registry could not be read.
const REGISTRY_PAUSE: Duration = Duration::from_millis(200);

/// A node alone with its store needs none: nobody else could have fenced it off.
pub(super) fn lease(store: &config::Store) -> Lease {
    if store.server.is_some() { Lease::by(uptime::now) } else { Lease::unlimited() }
}

/// The key of guests' tokens: where nodes share a store, any of them meets the guests of the others.
pub(super) fn guest_key(config: &Config) -> PathBuf {
    let Data { directory, .. } = &config.data;
    if config.store.server.is_some() {
        config.data.keys().join(GUEST_KEY)
    } else {
        directory.join(GUEST_KEY)
    }
}

/// Copies the key of guests' tokens from the data directory of a store in files to the keys that nodes
/// share, if it is not there: guests stay who they are. Whether it was copied.
///
/// # Errors
/// Where a file can't be read or written.
pub fn share_guest_key(data: &Path, keys: &Path) -> io::Result<bool> {
    let (from, to) = (data.join(GUEST_KEY), keys.join(GUEST_KEY));
    if !from.exists() || to.exists() {
        return Ok(false);
    }
    fs::create_dir(&to)?;
    for file in fs::read_dir(&from)? {
        let file = file?;
        fs::copy(file.path(), to.join(file.file_name()))?;
    }
    Ok(true)
}

/// Hands commits on to the hub; before one that changed a company's issuer, the registry knows it. So
/// no node takes a token of the issuer before once the change is effective (R34).
pub(super) async fn know_issuers(
    registry: Weak<Registry>,
    mut commits: mpsc::Receiver<Committed>,
    hub: mpsc::Sender<Committed>,
) {
    while let Some(committed) = commits.recv().await {
        // The registry holds the store, whose end is what ends this.
        while committed.issuers
            && let Some(registry) = registry.upgrade()
            && let Err(error) = registry.refresh().await
        {
            tracing::error!(%error, "the companies' issuers can't be read: nothing is handed out meanwhile");
            tokio::time::sleep(REGISTRY_PAUSE).await;
        }
        if hub.send(committed).await.is_err() {
            return;
        }
    }
}

/// What nodes tell each other early, where they do.
pub(super) fn hints(config: &config::Hints) -> Option<Arc<Hints>> {
    config.server.is_some().then(Arc::<Hints>::default)
}

/// How this process lives among the nodes of a server.
pub(super) fn node(
    config: &Config,
    lease: Arc<Lease>,
    hints: Option<Arc<Hints>>,
    (doors, hub): (Arc<Doors>, Arc<OnceLock<Arc<Hub>>>),
) -> NodeOptions {
    let store = &config.store;
    let sweep = Duration::from_millis(store.sweep_milliseconds);
    let hinted_sweep = Duration::from_millis(config.hints.sweep_milliseconds);
    let heard = hints.clone();
    NodeOptions {
        name: store.node.clone(),
        term: Duration::from_millis(store.lease_milliseconds),
        sweep: Arc::new(move || {
            let are_heard = heard.as_ref().is_some_and(|hints| hints.are_heard());
            if are_heard { hinted_sweep } else { sweep }
        }),
        wrote: Arc::new(move |rooms, concerns_all| {
            if let Some(hints) = &hints {
                hints.wrote(rooms.iter().copied(), concerns_all);
            }
        }),
        extend: Arc::new(move |until| lease.extend(until)),
        // Before there is a hub nobody follows anything.
        follows: Arc::new(move |room| hub.get().is_some_and(|hub| hub.follows(room))),
        connections: Arc::new(move || doors.connections() as u64),
    }
}

/// The task that says and hears hints, while it runs.
pub(super) struct Hinting {
    task: TaskTracker,
    stop: CancellationToken,
}

impl Hinting {
    /// Starts it; without an address of a bus there is nothing to do.
    pub(super) fn start(
        config: &config::Hints,
        hints: Option<Arc<Hints>>,
        keys: &Arc<KeyDirectory>,
        (hub, store): (&Arc<Hub>, &Arc<Embedded>),
    ) -> Result<Self, StartError> {
        let (task, stop) = (TaskTracker::new(), CancellationToken::new());
        if let Some((server, hints)) = config.server.as_deref().zip(hints) {
            let read = |file: &PathBuf| {
                let read = std::fs::read(file);
                read.map_err(|source| StartError::HintsFile { path: file.clone(), source })
            };
            let password = config.password_file.as_ref().map(read).transpose()?;
            let password =
                password.map(|bytes| String::from_utf8_lossy(&bytes).trim_end().to_owned());
            let vouching = config.ca_file.as_ref().map(read).transpose()?;
            let address = Address::new(server, password.as_deref(), vouching)?;
            let listener = Ears { hub: Arc::clone(hub), store: Arc::downgrade(store) };
            let of_store = (store.epoch(), Arc::clone(keys));
            let bus = Bus::new(address, of_store, hints, Arc::new(listener));
            task.spawn(bus.run(stop.clone()));
        }
        Ok(Self { task, stop })
    }

    /// Ends it.
    pub(super) async fn end(self) {
        self.stop.cancel();
        self.task.close();
        self.task.wait().await;
    }
}

/// Who hears hints here.
struct Ears {
    hub: Arc<Hub>,
    store: Weak<Embedded>,
}

impl Listener for Ears {
    fn follows(&self, room: RoomId) -> bool {
        self.hub.follows(room)
    }

    fn followed(&self) -> Vec<RoomId> {
        self.hub.followed()
    }

    fn look(&self, awaited: bool) {
        if let Some(store) = self.store.upgrade() {
            store.look(if awaited { Hint::Awaited } else { Hint::Wrote });
        }
    }

    fn hear(&self, sign: &Sign) {
        self.hub.pass_on(sign);
    }
}
