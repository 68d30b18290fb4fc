//! What waits to be written on one connection, in order, as whole frames but for the first.

use super::frame;
use super::tag::{Sight, Tag};
use crate::mutants::{self, Mutant};
use bytes::{Bytes, BytesMut};
use crosstalk_protocol::ids::RoomId;
use std::collections::VecDeque;

/// How much is gathered into one write: 64 small frames cost about as much as two by themselves.
const GATHERED_BYTES_MAX: usize = 64 * 1024;

/// Whole frames, or the rest of some whose beginning was written.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) bytes: Bytes,
    pub(super) content: Content,
    /// Whether it is the rest of a frame: it has to be finished, and can't be taken back.
    is_cut: bool,
}

/// What frames carry: by this it is known who may drop them.
#[derive(Debug)]
pub(super) enum Content {
    /// Nothing of any room.
    Free,
    /// A close frame at the end, and nothing of any room. Nothing is written after it.
    Last,
    /// Live content of a room: dropped when it goes stale.
    Live(Tag),
    /// One frame with content of rooms: replaced by `otherwise` when it goes stale.
    Answer { tags: Box<[Tag]>, otherwise: Otherwise },
    /// One frame that was asked for and has not to come if it is stale already; going stale while it
    /// waits, it is replaced, as who asked waits for a word.
    Page { tag: Tag, otherwise: Otherwise },
}

/// What is written in the stead of an answer that has gone stale: made only then, which is hardly
/// ever.
#[derive(Debug, Clone, Copy)]
pub enum Otherwise {
    /// The frame that this makes of the id of the request.
    Answer(u64, fn(u64) -> Bytes),
    /// The frame that this makes of the room, with nothing else of it.
    Room(RoomId, fn(RoomId) -> Bytes),
}

/// What a frame in the stead of an answer takes up while it is not made.
const OTHERWISE_BYTES: usize = 256;

impl Otherwise {
    fn frame(self) -> Bytes {
        match self {
            Self::Answer(id, make) => make(id),
            Self::Room(room, make) => make(room),
        }
    }
}

/// The backlog of one connection. It allocates nothing while nothing waits.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    queue: VecDeque<Waiting>,
    cost: usize,
}

/// What to write next: the bytes of these places of the queue.
pub(super) struct Chunk {
    pub(super) bytes: Bytes,
    first: usize,
}

impl Content {
    pub(super) fn tags(&self) -> &[Tag] {
        match self {
            Self::Free | Self::Last => &[],
            Self::Live(tag) | Self::Page { tag, .. } => std::slice::from_ref(tag),
            Self::Answer { tags, .. } => tags,
        }
    }

    /// Whether it takes a lease to write it.
    pub(super) fn is_of_rooms(&self) -> bool {
        !self.tags().is_empty()
    }

    fn otherwise(&self) -> Option<Otherwise> {
        match self {
            Self::Answer { otherwise, .. } | Self::Page { otherwise, .. } => Some(*otherwise),
            Self::Free | Self::Last | Self::Live(_) => None,
        }
    }
}

impl Waiting {
    /// Whole frames.
    pub(super) fn new(bytes: Bytes, content: Content) -> Self {
        Self { bytes, content, is_cut: false }
    }

    /// What it takes up while it waits. Its place counts too, so that many tiny frames can't take
    /// many times what the limit says.
    pub(super) fn cost(&self) -> usize {
        let otherwise = self.content.otherwise().map_or(0, |_| OTHERWISE_BYTES);
        self.bytes.len() + otherwise + size_of::<Self>()
    }

    /// What of it may be shown: itself while it is fresh; of an answer otherwise what replaces it.
    pub(super) fn seen_by(self, sight: &Sight) -> Option<Self> {
        let is_stale = sight.is_any_stale(self.content.tags());
        if !is_stale || mutants::is(Mutant::PermitNotCompared) {
            return Some(self);
        }
        let Content::Answer { otherwise, .. } = self.content else { return None };
        Some(Self::new(otherwise.frame(), Content::Free))
    }

    /// After `count` of its bytes were written: the rest of the frame that was cut, and the whole
    /// frames after it. Both may be nothing.
    pub(super) fn after(self, count: usize) -> (Option<Self>, Option<Self>) {
        let length = self.bytes.len();
        let boundary = self.boundary(count);
        let cut = (count < boundary).then(|| self.bytes.slice(count..boundary));
        let rest = (boundary < length).then(|| self.bytes.slice(boundary..));
        let Some(cut) = cut else {
            return (None, rest.map(|bytes| Self { bytes, ..self }));
        };
        let Some(rest) = rest else {
            return (Some(Self { bytes: cut, content: self.content, is_cut: true }), None);
        };
        let content = match &self.content {
            Content::Live(tag) => Content::Live(*tag),
            Content::Free | Content::Last | Content::Answer { .. } | Content::Page { .. } => {
                Content::Free
            }
        };
        (Some(Self { bytes: cut, content, is_cut: true }), Some(Self { bytes: rest, ..self }))
    }

    /// Where the frame ends of which byte `count` is the next one to be written; `count` itself if
    /// that is a frame's first byte.
    fn boundary(&self, count: usize) -> usize {
        let is_one_frame =
            self.is_cut || matches!(self.content, Content::Answer { .. } | Content::Page { .. });
        match count.checked_sub(1) {
            None => 0,
            Some(_) if is_one_frame => self.bytes.len(),
            Some(last_written) => frame::end_of(&self.bytes, last_written),
        }
    }
}

impl Backlog {
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// What all that waits takes up.
    pub(super) fn cost(&self) -> usize {
        self.cost
    }

    /// Appends whole frames.
    pub(super) fn push(&mut self, waiting: Waiting) {
        self.cost += waiting.cost();
        self.queue.push_back(waiting);
    }

    /// Puts the rest of a frame, whose beginning was written, before all else.
    pub(super) fn begin(&mut self, rest: Waiting) {
        self.cost += rest.cost();
        self.queue.push_front(rest);
    }

    /// What can be written now, gathered; without a lease frames that carry content of rooms are
    /// passed over.
    pub(super) fn next(&self, leased: bool) -> Option<Chunk> {
        let may = |waiting: &Waiting| leased || !waiting.content.is_of_rooms();
        let first = if self.begun().is_some() { 0 } else { self.queue.iter().position(may)? };
        let mut run = self.queue.iter().skip(first).take_while(|waiting| may(waiting)).peekable();
        let bytes = run.next()?.bytes.clone();
        let fits = |length: usize| length <= GATHERED_BYTES_MAX;
        if run.peek().is_none_or(|second| !fits(bytes.len() + second.bytes.len())) {
            return Some(Chunk { bytes, first });
        }
        let mut gathered = BytesMut::from(bytes);
        for waiting in run {
            if !fits(gathered.len() + waiting.bytes.len()) {
                break;
            }
            gathered.extend_from_slice(&waiting.bytes);
        }
        Some(Chunk { bytes: gathered.freeze(), first })
    }

    /// Takes out the first piece of this chunk that is still here.
    pub(super) fn take(&mut self, chunk: &Chunk) -> Option<Waiting> {
        let waiting = self.queue.remove(chunk.first)?;
        self.cost -= waiting.cost();
        self.give_back_memory();
        Some(waiting)
    }

    /// Puts back what was not written of it: a frame that was cut goes before all else.
    pub(super) fn put_back(
        &mut self,
        chunk: &Chunk,
        (cut, rest): (Option<Waiting>, Option<Waiting>),
    ) {
        if let Some(rest) = rest {
            self.cost += rest.cost();
            self.queue.insert(chunk.first, rest);
        }
        if let Some(cut) = cut {
            self.begin(cut);
        }
    }

    /// Whether the frame that has begun is of rooms that may no longer be shown.
    pub(super) fn is_begun_stale(&self, sight: &Sight) -> bool {
        self.begun().is_some_and(|waiting| sight.is_any_stale(waiting.content.tags()))
    }

    /// Drops live content that has gone stale and replaces such answers; true if it dropped any.
    pub(super) fn sweep(&mut self, sight: &Sight) -> bool {
        let mut dropped = false;
        self.retain_unbegun(|waiting| {
            if !sight.is_any_stale(waiting.content.tags()) {
                return true;
            }
            let Some(otherwise) = waiting.content.otherwise() else {
                dropped = true;
                return false;
            };
            *waiting = Waiting::new(otherwise.frame(), Content::Free);
            true
        });
        dropped
    }

    /// Drops all content of rooms, but for a frame that has begun.
    pub(super) fn drop_content(&mut self) {
        self.retain_unbegun(|waiting| !waiting.content.is_of_rooms());
    }

    /// Drops all, but for a frame that has begun.
    pub(super) fn drop_unbegun(&mut self) {
        self.retain_unbegun(|_| false);
    }

    /// Drops all.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The rest of the frame whose beginning was written; it is always the first.
    fn begun(&self) -> Option<&Waiting> {
        self.queue.front().filter(|waiting| waiting.is_cut)
    }

    fn retain_unbegun(&mut self, mut keep: impl FnMut(&mut Waiting) -> bool) {
        self.queue.retain_mut(|waiting| waiting.is_cut || keep(waiting));
        self.cost = self.queue.iter().map(Waiting::cost).sum();
        self.give_back_memory();
    }

    fn give_back_memory(&mut self) {
        if self.queue.is_empty() {
            self.queue = VecDeque::new();
        }
    }
}
