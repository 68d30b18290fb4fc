//! The port to the rooms' timelines: append, read, follow, as one promise.
//!
//! What a follower hears is what was kept, in that order, without holes; what is appended is
//! decided on the state that the append itself locks; what is read is read through a [`View`]
//! opened in the same snapshot. [`embedded`] keeps the promise with SQLite in one process.

pub mod embedded;

use crate::authority::{At, Entry, Intent, Permit, Refusal, Room, Subject, Time, View};
use crate::keys::{Bound, KeyError, RoomKey, Sealed, Slot};
use crosstalk_protocol::entry::{Content, LeftOut};
use crosstalk_protocol::ids::{CompanyId, OperationId, RoomId, Seq, UserId};
use crosstalk_protocol::push::{NoticeKind, ResetReason};
use futures::future::BoxFuture;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// What could not be done now.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The store can't write: full disk, read-only directory, an error of the device. Nothing was
    /// acknowledged. The text says what to do.
    #[error("the store can't write: {0}")]
    Write(Arc<str>),
    /// The store can't read.
    #[error("the store can't read: {0}")]
    Read(Arc<str>),
    /// More waits to be written than the queue holds: try again.
    #[error("the store is busy")]
    Busy,
    /// The store has been closed.
    #[error("the store is closed")]
    Closed,
}

/// Why something was not appended.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotAppended {
    /// The rules say no.
    #[error("refused")]
    Refused(Refusal),
    /// It can't be done now.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<Refusal> for NotAppended {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A command on its way into a timeline. It is decided where it is written.
#[derive(Debug)]
pub struct Proposal {
    /// The room; for a command that makes one, its new id, whose key is durable already.
    pub room: RoomId,
    /// Who asks what.
    pub intent: Intent,
    /// What people wrote with it: for the live frames, never for the store.
    pub content: Option<Content>,
    /// The same, sealed with the room's key: for the store.
    pub sealed: Option<Sealed>,
    /// A hash of kind and content, keyed per room, by which a repetition is told from another
    /// command under the same id (R29). Of a creation, whose every attempt names another room,
    /// keyed by what outlives the attempt.
    pub fingerprint: [u8; 16],
    /// The room-keyed hash of a reaction's emoji: equal reactions have equal marks.
    pub mark: Option<[u8; 16]>,
}

/// A command is in the timeline, durably.
#[derive(Debug)]
pub struct Appended {
    /// The room: for a repeated creation the one that was made then.
    pub room: RoomId,
    /// The place of its last entry; the head where it changed nothing; as then, if repeated.
    pub seq: Seq,
    /// Who was left out, and why.
    pub left_out: Vec<LeftOut>,
    /// For whom nothing changed.
    pub unchanged: Vec<UserId>,
    /// Leave to answer the person who asked, as of this entry; `None` where no member asked, or he
    /// is one no longer (he left, he deleted).
    pub permit: Option<Permit>,
    /// Of all but talk: when every follower has applied it. The answer waits for it (P2).
    pub fence: Option<Fence>,
}

/// When what was committed has been applied by every follower: nobody cut off gets another byte.
#[derive(Debug, Clone)]
pub struct Fence(watch::Receiver<bool>);

impl Fence {
    /// A fence, and the end that opens it.
    pub fn new() -> (Confirm, Self) {
        let (sender, receiver) = watch::channel(false);
        (Confirm(sender), Self(receiver))
    }

    /// Whether every follower has confirmed.
    pub fn is_open(&self) -> bool {
        *self.0.borrow()
    }

    /// Whether a follower has ended without confirming.
    pub fn is_lost(&self) -> bool {
        // Only the end that is gone is an error.
        self.0.has_changed().is_err() && !self.is_open()
    }

    /// Waits until every follower has confirmed.
    ///
    /// # Errors
    /// [`Error::Closed`] if a follower ended without confirming.
    pub async fn effective(mut self) -> Result<(), Error> {
        self.0.wait_for(|confirmed| *confirmed).await.map(drop).map_err(|_| Error::Closed)
    }
}

/// A follower's end of a [`Fence`].
#[derive(Debug)]
pub struct Confirm(watch::Sender<bool>);

impl Confirm {
    /// Says that all that was committed up to here has been applied.
    pub fn confirm(self) {
        // Who asked may be gone; the removal is effective all the same.
        self.0.send_replace(true);
    }
}

/// What one commit brought, in order. A follower gets every commit, in the order of commits.
#[derive(Debug)]
pub struct Committed {
    /// Entries of any rooms, contiguous for each.
    pub entries: Vec<Live>,
    /// Access numbers that rose (R19), with their places in the ledger of cuts.
    pub cuts: Vec<Cut>,
    /// Entries of inboxes.
    pub notices: Vec<Noticed>,
    /// Another node registered, changed or ended a company's issuer (R34).
    pub issuers: bool,
    /// This node was taken for gone, and nobody waited for it any more: what it missed may have been
    /// erased, so nobody who is connected may stay (P2, P3).
    pub anew: bool,
    /// Opened when all of this has been applied.
    pub confirm: Confirm,
}

/// An entry as it was committed, with what was written.
#[derive(Debug, Clone)]
pub struct Live {
    /// The room.
    pub room: RoomId,
    /// The entry.
    pub entry: Arc<Entry>,
    /// What was written with it.
    pub content: Option<Arc<Content>>,
    /// Its cursor.
    pub at: At,
    /// Of an edit: how often its target has been edited, this time included.
    pub version: u32,
}

/// A cut in the ledger of cuts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Its number: 1, 2, 3, …
    pub number: u64,
    /// Whose stints.
    pub subject: Subject,
    /// What is cut.
    pub reach: Reach,
}

/// How far a cut reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Groups and shared rooms: Connected-membership or external messaging was withdrawn.
    Outside,
    /// All rooms: suspended, deleted, ended.
    Whole,
    /// Nothing is over, but views are to be opened anew: a company's disabled features changed
    /// (for its own people and in its groups).
    Relock,
    /// Tokens issued before are no good: the person's connections end (R34).
    SignIns,
}

/// An entry of an inbox.
#[derive(Debug, Clone)]
pub struct Noticed {
    /// Whose: a person's, or a company's, which all its people's devices follow.
    pub inbox: Subject,
    /// Its place in the store's one order of inbox entries.
    pub place: u64,
    /// What it says.
    pub notice: NoticeKind,
}

/// What a person wants to read. This is the only door to what rooms hold: every want is answered
/// from one snapshot, through a [`View`] opened in it.
#[derive(Debug, Clone)]
pub enum Want {
    /// What was missed in these rooms (≤ 100), from each cursor on.
    Resume(Vec<Place>),
    /// A page of the past.
    Page {
        /// Of which room.
        room: RoomId,
        /// Which part.
        range: Range,
        /// At most so many places.
        limit: u32,
    },
    /// The rooms that he is in, after one of them.
    List {
        /// Those after it.
        after: Option<RoomId>,
        /// At most so many.
        limit: u32,
    },
    /// What a room is.
    About {
        /// Which.
        room: RoomId,
    },
    /// Who is in it.
    Members {
        /// Of which room.
        room: RoomId,
        /// Those after this one.
        after: Option<UserId>,
        /// At most so many.
        limit: u32,
    },
    /// Who has read up to a place.
    Readers {
        /// Of which room.
        room: RoomId,
        /// The place.
        seq: Seq,
    },
    /// What is pinned.
    Pins {
        /// Of which room.
        room: RoomId,
    },
    /// Names and companies of people in the visible past of his rooms.
    People {
        /// Whom.
        users: Vec<UserId>,
    },
}

/// Where a device left off in a room.
#[derive(Debug, Clone)]
pub struct Place {
    /// The room.
    pub room: RoomId,
    /// The stint it knew.
    pub stint: Option<Seq>,
    /// The last place it has; `None` on the first visit.
    pub at: Option<At>,
}

/// A part of a timeline.
#[derive(Debug, Clone, Copy)]
pub enum Range {
    /// The latest.
    Latest,
    /// The nearest before.
    Before(Seq),
    /// The nearest after.
    After(Seq),
}

/// What was read, room by room, in the order asked; of [`Want::People`] the rooms by which they are
/// seen. A room that he may not open is [`Refusal::not_found`]; one that can't be read now is an
/// error of its own.
#[derive(Debug)]
pub struct Read {
    /// The rooms.
    pub rooms: Vec<(RoomId, Result<Sight, Refusal>)>,
    /// Of [`Want::List`] and [`Want::Members`]: whether there is more.
    pub more: bool,
    /// Of [`Want::People`], [`Want::Members`]: people with names.
    pub people: Vec<Profile>,
    /// Of [`Want::Readers`]: who.
    pub readers: Vec<UserId>,
}

/// What one person sees of one room in one snapshot.
#[derive(Debug)]
pub struct Sight {
    /// His view, shown up to the last of `rows`.
    pub view: View,
    /// Leave to carry it.
    pub permit: Permit,
    /// The room as the rules know it.
    pub room: Arc<Room>,
    /// The content of the entry that last set its name (that entry's own body: nothing is kept
    /// twice), sealed.
    pub name: Option<Body>,
    /// The content of the entry that last set its description, which may be another one.
    pub description: Option<Body>,
    /// The cursor of the last place passed on by this sight; of the head where there are no rows.
    pub at: At,
    /// Why his cursor can't be gone on from.
    pub reset: Option<ResetReason>,
    /// Entries and passed places in order.
    pub rows: Vec<Row>,
    /// Reactions that stand on the messages among them, and that he may see.
    pub reactions: Vec<StoredReaction>,
    /// Whether there is more in the direction asked.
    pub more: bool,
    /// His read mark.
    pub read: Seq,
    /// Visible messages of others above it, at most 1,000 (of [`Want::List`]).
    pub unread: u32,
    /// What the owner company's administrator has disabled.
    pub locked: crosstalk_protocol::words::Features,
    /// Whether his own company's policy lets him see read marks of other companies' people.
    pub external_marks: bool,
}

/// A place of a page.
#[expect(clippy::large_enum_variant, reason = "nearly all of them are entries")]
#[derive(Debug, Clone)]
pub enum Row {
    /// An entry that he may see.
    Entry(Stored),
    /// Places that he may not see, both ends included, with the cursor of the last.
    Passed(Seq, Seq, At),
}

/// An entry as it is kept.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The entry.
    pub entry: Entry,
    /// Its cursor.
    pub at: At,
    /// What was written, as it stands now: of an edit the target's text of now; `None` when
    /// nothing was, or it was unsent.
    pub body: Option<Body>,
    /// How often the text was edited.
    pub version: u32,
}

/// Sealed content with what it is bound to: the author and operation of the command that wrote it.
/// An edit's content is bound to the edit's own operation, which is kept with the target's body.
#[derive(Debug, Clone)]
pub struct Body {
    /// The sealed bytes.
    pub sealed: Sealed,
    /// Who wrote it.
    pub author: Option<UserId>,
    /// Under which id it was sealed: of an edited message the id of the edit.
    pub operation: OperationId,
}

impl Body {
    /// What was written, under leave to read its room.
    ///
    /// # Errors
    /// As [`RoomKey::open`]; [`KeyError::Altered`] also where it is not what rooms seal.
    pub(crate) fn open(&self, key: &RoomKey, permit: &Permit) -> Result<Content, KeyError> {
        let slot = Slot::Operation(self.operation);
        let bound = Bound { room: permit.room(), author: self.author, slot };
        let plain = key.open(permit, &bound, &self.sealed)?;
        serde_json::from_slice(&plain).map_err(|_| KeyError::Altered)
    }
}

/// A reaction that stands.
#[derive(Debug, Clone)]
pub struct StoredReaction {
    /// The message.
    pub target: Seq,
    /// Who.
    pub user: UserId,
    /// With what, sealed.
    pub body: Body,
}

/// A person as others see him (R30).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Who.
    pub user: UserId,
    /// His name.
    pub name: String,
    /// His company, or that of who invited him.
    pub company: CompanyId,
    /// Its name.
    pub company_name: String,
    /// Whether he is a guest.
    pub guest: bool,
    /// Of [`Want::Members`]: whether he is a Group Master.
    pub master: bool,
}

/// A read mark that moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marked {
    /// The mark as it stands.
    pub seq: Seq,
    /// Whether it moved.
    pub moved: bool,
    /// Whether other companies may be shown it, under the companies' policies.
    pub external: bool,
}

/// What a store has been asked to read since it was opened, directory and timelines alike.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reads {
    /// Questions, each answered from one snapshot.
    pub questions: u64,
    /// Statements that were run to answer them.
    pub statements: u64,
}

/// The timelines of a store.
pub trait Timeline: Send + Sync + 'static {
    /// Decides a command on the room's state of now and appends what it makes of it; durable when
    /// the future is ready. Commands are carried out in the order of these calls, whether or not
    /// anybody waits for their futures. Governance first settles the room.
    fn append(&self, proposal: Proposal) -> BoxFuture<'_, Result<Appended, NotAppended>>;

    /// Reads what a person wants, through his views.
    fn read(&self, user: UserId, want: Want) -> BoxFuture<'_, Result<Read, Error>>;

    /// Moves a person's read mark forward (R25); `Err(Refused)` if he is no member or messages are
    /// off for him.
    fn mark(
        &self,
        room: RoomId,
        user: UserId,
        seq: Seq,
    ) -> BoxFuture<'_, Result<Marked, NotAppended>>;

    /// Follows all rooms: every commit from now on, in order. One follower per process: the hub.
    /// The channel is bounded; the writer waits for a follower that is behind.
    fn follow(&self) -> mpsc::Receiver<Committed>;

    /// The store's epoch: random, per store and per restore.
    fn epoch(&self) -> u64;

    /// The time of now, as the store would write it.
    fn now(&self) -> Time;

    /// How much it has been asked to read so far.
    fn reads(&self) -> Reads;
}
