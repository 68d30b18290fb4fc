//! A device: a connection and what it keeps, together.
//!
//! [`Device::work`] asks for what is missing and is not to be dropped half-way; [`Device::listen`]
//! waits for one push and may be.

use crate::asks::Asks;
use crate::backoff::Backoff;
use crate::client::Client;
use crate::error::{Closed, Error};
use crate::replica::{Kept, Replica, Task};
use crate::target::Target;
use crosstalk_protocol::answer::Welcome;
use crosstalk_protocol::ids::{DeviceId, RoomId};
use crosstalk_protocol::push::Push;
use crosstalk_protocol::request::{Acknowledge, Cursor, History, Resume, Rooms};
use std::collections::VecDeque;
use std::time::Duration;
use uuid::Uuid;

/// Pushes that were folded in and not yet taken; who never takes any should not ask for them.
const TOLD_MAX: usize = 100_000;
/// After how long an unavailable room is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// How the operator's logs call it.
const NAME: &str = concat!("crosstalk-rust/", env!("CARGO_PKG_VERSION"));

/// A device of a person.
#[derive(Debug)]
pub struct Device {
    target: Target,
    replica: Replica,
    client: Option<Client>,
    told: VecDeque<Push>,
    backoff: Backoff,
}

impl Device {
    /// A new device of whom the target's token speaks; not connected yet.
    pub fn new(target: Target) -> Self {
        Self::with_id(target, DeviceId(Uuid::new_v4()))
    }

    /// The device of this id, which keeps nothing yet.
    pub fn with_id(target: Target, device: DeviceId) -> Self {
        Self {
            target,
            replica: Replica::new(device),
            client: None,
            told: VecDeque::new(),
            backoff: Backoff::default(),
        }
    }

    /// Connects there from now on: to another node of the same cluster.
    pub fn move_to(&mut self, target: Target) {
        self.target = target;
    }

    /// Connects, says `hello` with all cursors, and catches up until nothing is missing.
    ///
    /// # Errors
    /// Those of [`Client::sign_in`], and whatever promise was broken.
    pub async fn sign_in(&mut self) -> Result<Welcome, Error> {
        let welcome = self.greet().await?;
        self.work().await?;
        while self.replica.is_waiting() {
            self.listen().await?;
            self.work().await?;
        }
        self.backoff.reset();
        Ok(welcome)
    }

    /// Connects and says `hello`, and asks for nothing more yet.
    ///
    /// # Errors
    /// Those of [`Client::sign_in`].
    pub async fn greet(&mut self) -> Result<Welcome, Error> {
        let hello = self.replica.hello(NAME);
        let (client, welcome) = Client::sign_in(&self.target, hello).await?;
        self.client = Some(client);
        self.replica.welcome(&welcome);
        self.fold_waiting()?;
        Ok(welcome)
    }

    /// Comes back after the connection ended: waits with full jitter, as the server advised, and
    /// signs in. One attempt; who calls it again waits longer.
    ///
    /// # Errors
    /// Those of [`Device::sign_in`].
    pub async fn come_back(&mut self, closed: Option<&Closed>) -> Result<Welcome, Error> {
        let (chance, _) = Uuid::new_v4().as_u64_pair();
        tokio::time::sleep(self.backoff.next(closed, chance)).await;
        self.sign_in().await
    }

    /// Asks, and folds in what came before the answer.
    ///
    /// # Errors
    /// Those of [`Client::request`], and whatever promise was broken.
    pub async fn request<R: Asks>(&mut self, request: R) -> Result<R::Answer, Error> {
        let answer = self.client()?.request(request).await;
        self.fold_waiting()?;
        answer
    }

    /// Waits for one push and folds it in. May be dropped and called again.
    ///
    /// # Errors
    /// Those of [`Client::next`], and whatever promise was broken.
    pub async fn listen(&mut self) -> Result<(), Error> {
        let misses_any = self.replica.misses_any();
        let next = self.client()?.next();
        let push = if misses_any {
            let Ok(push) = tokio::time::timeout(RETRY, next).await else {
                self.replica.retry_unavailable();
                return Ok(());
            };
            push?
        } else {
            next.await?
        };
        self.fold(push)
    }

    /// Asks for all that is missing, and acknowledges what has been dealt with.
    ///
    /// # Errors
    /// Those of [`Client::request`], and whatever promise was broken.
    pub async fn work(&mut self) -> Result<(), Error> {
        self.fold_waiting()?;
        while let Some(task) = self.replica.task() {
            match task {
                Task::Resume(cursors) => self.resume(cursors).await?,
                Task::List => self.list().await?,
                Task::Acknowledge(inbox) => self.request(Acknowledge { inbox }).await?,
                Task::Fill { room, after } => {
                    let page = History { room, before: None, after: Some(after), limit: 200 };
                    match self.request(page).await {
                        Ok(page) => self.replica.fill(&page),
                        Err(Error::Refused(_)) => self.replica.fill_nothing(),
                        Err(error) => return Err(error),
                    }
                }
            }
        }
        Ok(())
    }

    /// The next push, folded in; asks for what is missing first. Not to be dropped half-way.
    ///
    /// # Errors
    /// Those of [`Device::work`].
    pub async fn next(&mut self) -> Result<Push, Error> {
        loop {
            self.work().await?;
            if let Some(push) = self.told.pop_front() {
                return Ok(push);
            }
            self.listen().await?;
        }
    }

    /// Folds in all that the server had said when it was asked now, and asks for what is missing.
    ///
    /// # Errors
    /// Those of [`Device::work`].
    pub async fn settle(&mut self) -> Result<(), Error> {
        // Any request will do: answers and pushes come in one order.
        self.request(Rooms { after: None, limit: 1 }).await?;
        self.work().await
    }

    /// Pages the past of a room until all that may be seen of it is kept.
    ///
    /// # Errors
    /// Those of [`Client::request`], and whatever promise was broken.
    pub async fn read_back(&mut self, room: RoomId) -> Result<(), Error> {
        while let Some(first) = self.replica.room(room).map(Kept::first) {
            let before = Some(first);
            let page = self.request(History { room, before, after: None, limit: 200 }).await?;
            self.replica.precede(&page)?;
            if !page.more {
                break;
            }
        }
        Ok(())
    }

    /// A push that was folded in and not yet taken.
    pub fn told(&mut self) -> Option<Push> {
        self.told.pop_front()
    }

    /// What it keeps.
    pub fn replica(&self) -> &Replica {
        &self.replica
    }

    /// Whereto it connects, and as whom.
    pub fn target_mut(&mut self) -> &mut Target {
        &mut self.target
    }

    /// Its connection.
    ///
    /// # Errors
    /// [`Error::Closed`] while it has none.
    pub fn client(&mut self) -> Result<&mut Client, Error> {
        self.client.as_mut().ok_or_else(|| Error::Closed(Closed::default()))
    }

    /// Gives the connection away, and keeps all else.
    pub fn disconnect(&mut self) -> Option<Client> {
        self.client.take()
    }

    async fn resume(&mut self, cursors: Vec<Cursor>) -> Result<(), Error> {
        match self.request(Resume { rooms: cursors.clone() }).await {
            Ok(()) => Ok(self.replica.resumed(&cursors)?),
            Err(Error::Failed(failed)) => {
                self.replica.retry(&cursors);
                tokio::time::sleep(Duration::from_millis(failed.retry_after_ms)).await;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn list(&mut self) -> Result<(), Error> {
        let mut after = None;
        loop {
            let page = self.request(Rooms { after, limit: 100 }).await?;
            after = page.rooms.last().map(|summary| summary.room);
            let is_all = !page.more || after.is_none();
            self.replica.list(&page.rooms, is_all);
            if is_all {
                return Ok(());
            }
        }
    }

    fn fold_waiting(&mut self) -> Result<(), Error> {
        while let Some(push) = self.client.as_mut().and_then(Client::waiting) {
            self.fold(push)?;
        }
        Ok(())
    }

    fn fold(&mut self, push: Push) -> Result<(), Error> {
        self.replica.push(&push)?;
        if self.told.len() >= TOLD_MAX {
            return Err(Error::Flooded);
        }
        self.told.push_back(push);
        Ok(())
    }
}
