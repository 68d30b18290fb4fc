//! Carries commands out and reads what rooms hold: seals, proposes, waits for the fence; reads
//! through views, opens under their permits.
//!
//! What is decided is decided in the store's transaction, where the proposal is written; what may
//! be read is read in the store's snapshot, where the view is opened. This part only brings the
//! keys.

mod reveal;
mod seal;

pub mod show;
#[cfg(test)]
mod tests;

pub use reveal::{Keep, json_bytes};

use crate::authority::{Command, Intent, Permit};
use crate::keys::{KeyDirectory, KeyError, RoomKey};
use crate::mutants::{self, Mutant};
use crate::timeline::{Appended, Error, Fence, Marked, NotAppended, Read, Timeline, Want};
use crosstalk_protocol::answer::Accepted;
use crosstalk_protocol::ids::{RoomId, Seq, UserId};
use futures::FutureExt as _;
use std::io::ErrorKind;
use std::sync::Arc;

/// What a command is answered, with leave to say so to a person who is a member still.
pub type Done = (Accepted, Option<Permit>);

/// The rooms of this server.
#[derive(Clone)]
pub struct Rooms {
    timeline: Arc<dyn Timeline>,
    keys: Arc<KeyDirectory>,
}

impl Rooms {
    /// The rooms whose timelines and keys these are.
    pub fn new(timeline: Arc<dyn Timeline>, keys: Arc<KeyDirectory>) -> Self {
        Self { timeline, keys }
    }

    /// Makes a room by a command that does (R1, R33): its key is durable before the room is.
    ///
    /// # Errors
    /// Refused by the rules, or failed for now.
    pub async fn make(&self, intent: Intent) -> Result<Done, NotAppended> {
        let room = RoomId(uuid::Uuid::now_v7());
        let key = self.on_disk(move |keys| keys.make(room)).await?;
        let made = self.propose(room, Some(&key), intent).await;
        if seals_nothing(room, &made) {
            self.destroy(room).await;
        }
        made
    }

    /// Carries out a command to a room. Talk is answered when it is durable; everything else when
    /// it is effective (P2). Where the room's key is at hand ([`Rooms::is_warm`]) the command has
    /// its place in the store's queue when this returns; the future is its answer.
    ///
    /// # Errors
    /// Refused by the rules, or failed for now.
    pub fn execute(
        &self,
        room: RoomId,
        intent: Intent,
    ) -> impl Future<Output = Result<Done, NotAppended>> + Send {
        // Thousands of these wait for a commit together: what is rare is boxed.
        match self.keys.cached(room) {
            Some(key) => self.propose(room, Some(&key), intent).left_future(),
            None => self.execute_cold(room, intent).boxed().right_future(),
        }
    }

    async fn execute_cold(&self, room: RoomId, intent: Intent) -> Result<Done, NotAppended> {
        match self.key(room).await {
            Ok(key) => self.propose(room, Some(&key), intent).await,
            // A farewell says the same with and without a key: a lost key must not keep a group.
            Err(_) if matches!(intent.command, Command::Delete | Command::Leave) => {
                self.propose(room, None, intent).await
            }
            // What comes from outside is no member's, so the rules alone say that there is no such
            // room.
            Err(KeyError::Missing)
                if matches!(intent.command, Command::Hand { .. } | Command::NameMaster { .. }) =>
            {
                self.propose(room, None, intent).await
            }
            Err(error) => Err(self.without_key(room, &intent, error).await),
        }
    }

    fn propose<'r>(
        &'r self,
        room: RoomId,
        key: Option<&RoomKey>,
        intent: Intent,
    ) -> impl Future<Output = Result<Done, NotAppended>> + Send + use<'r> {
        let kind = Kind::of(&intent.command);
        let proposal = seal::proposal(room, key, intent);
        let appending = proposal.map(|proposal| self.timeline.append(proposal));
        async move {
            let mut appended = appending?.await?;
            match appended.fence.take() {
                None => Ok(done(appended, kind)),
                Some(fence) => self.effective(appended, fence, kind).boxed().await,
            }
        }
    }

    /// Waits until nobody cut off gets another byte, and no node can open what was deleted.
    async fn effective(
        &self,
        appended: Appended,
        fence: Fence,
        kind: Kind,
    ) -> Result<Done, NotAppended> {
        if !mutants::is(Mutant::FenceOff) {
            fence.effective().await?;
        }
        if kind == Kind::Deletion {
            // P3: once this is answered no node can open it. Where the key can't be reached the
            // answer is that it failed for now: the purge tries again, and who asks again is told.
            self.on_disk(move |keys| keys.destroy(appended.room)).await?;
        }
        Ok(done(appended, kind))
    }

    /// A room without a key at hand: not found for whom it is not, unavailable for its members.
    async fn without_key(&self, room: RoomId, intent: &Intent, error: KeyError) -> NotAppended {
        let Some(user) = intent.actor.person() else {
            return unreachable(error).into();
        };
        match self.timeline.read(user, Want::About { room }).await {
            Ok(read) => match read.rooms.into_iter().next() {
                Some((_, Err(refusal))) => refusal.into(),
                Some((_, Ok(_))) | None => unreachable(error).into(),
            },
            Err(error) => error.into(),
        }
    }

    /// Reads what a person wants; everything in it stands under its view.
    ///
    /// # Errors
    /// [`Error`] when the store can't be read now.
    pub async fn read(&self, user: UserId, want: Want) -> Result<Read, Error> {
        self.timeline.read(user, want).await
    }

    /// Moves a read mark (R25).
    ///
    /// # Errors
    /// Refused by the rules, or failed for now.
    pub async fn mark(&self, room: RoomId, user: UserId, seq: Seq) -> Result<Marked, NotAppended> {
        self.timeline.mark(room, user, seq).await
    }

    /// Whether the room's key is in memory.
    pub fn is_warm(&self, room: RoomId) -> bool {
        self.keys.cached(room).is_some()
    }

    /// Fetches a room's key into memory, so that the next command to it is proposed at once.
    pub async fn warm(&self, room: RoomId) {
        if let Err(error) = self.key(room).await {
            // The command itself says what this means.
            tracing::trace!(room.id = %room, %error, "a key is not at hand");
        }
    }

    /// The key of a room, from memory or disk.
    async fn key(&self, room: RoomId) -> Result<RoomKey, KeyError> {
        if let Some(key) = self.keys.cached(room) {
            return Ok(key);
        }
        let keys = Arc::clone(&self.keys);
        let opened = tokio::task::spawn_blocking(move || keys.open(room)).await;
        opened.unwrap_or(Err(KeyError::Unreachable(ErrorKind::Other)))
    }

    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&KeyDirectory) -> Result<T, KeyError> + Send + 'static,
    ) -> Result<T, Error> {
        let keys = Arc::clone(&self.keys);
        let done = tokio::task::spawn_blocking(move || work(&keys)).await;
        done.unwrap_or(Err(KeyError::Unreachable(ErrorKind::Other))).map_err(unreachable)
    }

    async fn destroy(&self, room: RoomId) {
        if let Err(error) = self.on_disk(move |keys| keys.destroy(room)).await {
            // It seals nothing.
            tracing::warn!(room.id = %room, %error, "the key of a room that was not made is left");
        }
    }
}

/// What is answered to who asked for this.
fn done(appended: Appended, kind: Kind) -> Done {
    let accepted = Accepted {
        room: appended.room,
        seq: appended.seq,
        effective: kind != Kind::Other,
        left_out: appended.left_out,
        unchanged: appended.unchanged,
    };
    (accepted, appended.permit)
}

/// What a command's answer waits for and says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Removal,
    Deletion,
    Other,
}

impl Kind {
    #[expect(clippy::wildcard_enum_match_arm, reason = "only these cut somebody off")]
    fn of(command: &Command) -> Self {
        match command {
            Command::Remove { .. } | Command::Leave => Self::Removal,
            Command::Delete => Self::Deletion,
            _ => Self::Other,
        }
    }
}

/// Whether the key that was made for a room seals nothing for sure: refused, or made by an earlier
/// try. What failed may be written all the same (a server that stops does not wait for its
/// followers); a room without its key would be lost, and a key without a room is no harm.
fn seals_nothing(room: RoomId, made: &Result<Done, NotAppended>) -> bool {
    match made {
        Ok((accepted, _)) => accepted.room != room,
        Err(NotAppended::Refused(_)) => true,
        Err(NotAppended::Failed(error)) => matches!(error, Error::Busy),
    }
}

fn unreachable(error: KeyError) -> Error {
    Error::Read(format!("the room's key: {error}").into())
}
