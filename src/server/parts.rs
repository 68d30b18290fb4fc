//! The parts of a server, put together.

use super::StartError;
use super::database::database;
use super::doors::Doors;
use super::nodes::{self, Hinting};
use crate::api::{Api, GUEST_ISSUER, Registry};
use crate::authority;
use crate::config::fixed::DATABASE_SILENT_SECONDS;
use crate::config::{self, Config};
use crate::directory::Directory;
use crate::hub::{self, Hub};
use crate::identity::mint::Mint;
use crate::identity::{Issuer, Issuers, KeySet, Realm};
use crate::keys::{InboxCursors, KeyDirectory, Places};
use crate::rooms::Rooms;
use crate::session::{Pace, Services};
use crate::timeline::embedded::{Embedded, NodeOptions, Options};
use crate::timeline::{Reads, Timeline};
use crate::wire::{self, Lease};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::task::TaskTracker;

/// How long the store may take to write what waits, and to close.
const STORE_PATIENCE: Duration = Duration::from_secs(3 * DATABASE_SILENT_SECONDS);

/// What is behind the doors.
pub(super) struct Parts {
    store: Arc<Embedded>,
    rooms: Rooms,
    hub: Arc<Hub>,
    inboxes: Arc<InboxCursors>,
    issuers: Arc<Issuers>,
    registry: Arc<Registry>,
    guest_key: PathBuf,
    /// What was begun over HTTP.
    acts: TaskTracker,
    /// Leave of this node to hand out content.
    lease: Arc<Lease>,
    hinting: Hinting,
    /// The follower of the store.
    follower: TaskTracker,
}

impl Parts {
    /// Opens keys and store, and starts what follows the store.
    pub(super) async fn assemble(config: &Config, doors: &Arc<Doors>) -> Result<Self, StartError> {
        let keys = open_keys(config.data.keys()).await?;
        let lease = Arc::new(nodes::lease(&config.store));
        let hints = nodes::hints(&config.hints);
        let made = Arc::<OnceLock<Arc<Hub>>>::default();
        let here = (Arc::clone(doors), Arc::clone(&made));
        let node = nodes::node(config, Arc::clone(&lease), hints.clone(), here);
        let store = open_store(config, Arc::clone(&keys), node).await?;
        let timeline: Arc<dyn Timeline> = store.clone();
        let inboxes = Arc::new(keys.inbox_cursors(store.epoch()));
        let limits = hub::Limits {
            connections_per_person_max: config.limits.connections_per_person,
            ..hub::Limits::default()
        };
        let hub = Arc::new(Hub::new(limits, Arc::clone(&inboxes)).with_hints(hints.clone()));
        made.get_or_init(|| Arc::clone(&hub));
        let follower = TaskTracker::new();
        let commits = timeline.follow();
        let guest_key = nodes::guest_key(config);
        let issuers = Arc::new(issuers(config, &Mint::open_or_create(&guest_key)?)?);
        let directory: Arc<dyn Directory> = store.clone();
        let operators = config.operators.issuer.clone();
        let registry = Registry::new(Arc::clone(&issuers), directory, operators);
        registry.refresh().await?;
        let registry = Arc::new(registry);
        if config.store.server.is_some() {
            let (known, applied) = mpsc::channel(1);
            follower.spawn(nodes::know_issuers(Arc::downgrade(&registry), commits, known));
            follower.spawn(Arc::clone(&hub).follow(applied));
        } else {
            follower.spawn(Arc::clone(&hub).follow(commits));
        }
        let hinting = Hinting::start(&config.hints, hints, &keys, (&hub, &store))?;
        Ok(Self {
            hinting,
            rooms: Rooms::new(timeline, keys),
            store,
            hub,
            inboxes,
            issuers,
            registry,
            guest_key,
            acts: TaskTracker::new(),
            lease,
            follower,
        })
    }

    /// How much the store has been asked to read so far.
    pub(super) fn reads(&self) -> Reads {
        self.store.reads()
    }

    /// What sessions need.
    pub(super) fn services(&self, limits: &config::Limits) -> Arc<Services> {
        let usual = wire::Limits::default();
        // Groups may all be lost one by one, and as many other rooms again.
        let narrowed_rooms_max = limits.groups_per_user.saturating_mul(2);
        Arc::new(Services {
            limits: limits.clone(),
            wire: Arc::new(wire::Limits {
                backlog_bytes_max: limits.backlog_bytes,
                reserve_bytes: limits.reserve_bytes,
                narrowed_rooms_max: narrowed_rooms_max.max(usual.narrowed_rooms_max),
                message_bytes_max: limits.frame_bytes,
                ..usual
            }),
            lease: Arc::clone(&self.lease),
            issuers: Arc::clone(&self.issuers),
            directory: self.store.clone(),
            timeline: self.store.clone(),
            rooms: self.rooms.clone(),
            hub: Arc::clone(&self.hub),
            inboxes: Arc::clone(&self.inboxes),
            pace: Pace::of(limits),
        })
    }

    /// What the HTTP side needs.
    pub(super) fn api(&self, limits: &config::Limits) -> Result<Api, StartError> {
        Ok(Api {
            directory: self.store.clone(),
            timeline: self.store.clone(),
            rooms: self.rooms.clone(),
            registry: Arc::clone(&self.registry),
            guests: Mint::open(&self.guest_key)?,
            lease: Arc::clone(&self.lease),
            limits: limits.clone(),
            tasks: self.acts.clone(),
        })
    }

    /// Lets what was begun come to its end, then closes the store.
    pub(super) async fn close(self, until: Instant) {
        let Self { store, rooms, hub, issuers, registry, acts, hinting, follower, .. } = self;
        acts.close();
        if timeout_at(until, acts.wait()).await.is_err() {
            tracing::warn!("acts over HTTP were cut off; what was committed stands");
        }
        hinting.end().await;
        drop((rooms, hub, issuers, registry));
        // The last one closes it: what waits is written, and its threads are waited for.
        if let Some(store) = Arc::into_inner(store) {
            let (closed, is_closed) = oneshot::channel();
            // On a thread of its own: a database server that is silent may hold it up.
            std::thread::spawn(move || {
                drop(store);
                closed.send(()).ok();
            });
            if timeout(STORE_PATIENCE, is_closed).await.is_err() {
                tracing::warn!("the store did not close in time: what was committed stands");
            }
        } else {
            tracing::warn!("the store is left to be closed with the process");
        }
        follower.close();
        if timeout_at(until, follower.wait()).await.is_err() {
            tracing::warn!("the follower of the store did not end");
        }
    }
}

async fn open_keys(directory: PathBuf) -> Result<Arc<KeyDirectory>, StartError> {
    let places = Places { directory, copy: None };
    let opened = blocking(move || KeyDirectory::start(&places)).await?;
    Ok(Arc::new(opened))
}

async fn open_store(
    config: &Config,
    keys: Arc<KeyDirectory>,
    node: NodeOptions,
) -> Result<Arc<Embedded>, StartError> {
    let limits = &config.limits;
    let places = |entries: usize| u32::try_from(entries).unwrap_or(u32::MAX);
    let options = Options {
        server: database(&config.store)?,
        node,
        limits: rules(limits),
        batch_max: limits.writer_batch,
        writer_queue: limits.writer_queue,
        follower_queue: limits.hub_queue,
        resume_places_max: places(limits.catch_up_entries),
        page_places_max: places(limits.page_entries),
        devices_max: i64::try_from(limits.devices_per_person).unwrap_or(i64::MAX),
        device_days: u32::try_from(limits.device_forgotten_days).unwrap_or(u32::MAX),
        ..Options::at(&config.data.directory)
    };
    let opened = blocking(move || Embedded::open(options, keys)).await?;
    Ok(Arc::new(opened))
}

/// Runs what reads the disk where that is allowed.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// The limits that the rules know.
fn rules(limits: &config::Limits) -> authority::Limits {
    let hour_micros = 3_600 * 1_000_000;
    let window = i64::try_from(limits.edit_window_hours).unwrap_or(i64::MAX);
    authority::Limits {
        name_chars_max: limits.name_characters,
        description_chars_max: limits.description_characters,
        text_chars_max: limits.text_characters,
        emoji_bytes_max: limits.emoji_bytes,
        mentions_max: limits.mentions,
        members_max: limits.group_members,
        invitations_max: limits.open_invitations,
        groups_max: u32::try_from(limits.groups_per_user).unwrap_or(u32::MAX),
        edit_window_micros: window.saturating_mul(hour_micros),
    }
}

/// The issuers that are no company's: the server itself for guests, and the operators'.
fn issuers(config: &Config, guests: &Mint) -> Result<Issuers, StartError> {
    let issuers = Issuers::default();
    let own = Issuer::new(GUEST_ISSUER.to_owned(), None, KeySet::parse(&guests.jwks())?)?;
    issuers.register(Realm::Guests, own)?;
    let operators = &config.operators;
    if let (Some(name), Some(file)) = (&operators.issuer, &operators.keys_file) {
        let issuer = Issuer::new(name.clone(), operators.audience.clone(), key_set(file)?)?;
        issuers.register(Realm::Operators, issuer)?;
    }
    Ok(issuers)
}

fn key_set(path: &Path) -> Result<KeySet, StartError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| StartError::OperatorFile { path: path.to_owned(), source })?;
    Ok(KeySet::parse(&text)?)
}
