//! Opening what was read, under the permit of its view.

use super::{Rooms, show, unreachable};
use crate::authority::Permit;
use crate::keys::RoomKey;
use crate::timeline::{Body, Error, Row, Sight, Stored, StoredReaction};
use crosstalk_protocol::answer::{AboutRoom, Page, PinList, Reaction, RoomSummary};
use crosstalk_protocol::entry::{Content, Entry as Sent};
use crosstalk_protocol::ids::{RoomId, Seq};
use crosstalk_protocol::push::{CaughtUp, Item};
use serde::Serialize;
use std::collections::HashMap;

/// What the items of one page and the reactions on them may take in a frame, in bytes of JSON: the
/// rest of the 64 KiB is for what stands around them. A page holds one entry at least, and the
/// longest fits in a frame.
const PAGE_BYTES_MAX: usize = 48 * 1024;
/// The same where one entry alone is larger: as many of its reactions go with it as fit.
const ENTRY_BYTES_MAX: usize = 62 * 1024;

/// Which end of a page is kept when it does not fit in a frame: the one nearest to what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The oldest: what follows a cursor or a place.
    First,
    /// The newest: what precedes a place.
    Last,
}

impl Rooms {
    /// What was missed in a room, ready to be sent. `more` is true where it does not fit.
    ///
    /// # Errors
    /// [`Error`] when the room's key can't be reached or a body does not open.
    pub async fn caught_up(&self, sight: &Sight) -> Result<CaughtUp, Error> {
        let opened = self.open(sight, Keep::First).await?;
        Ok(CaughtUp {
            room: sight.view.room(),
            stint: sight.view.stint(),
            reset: sight.reset,
            at: opened.last.unwrap_or_else(|| sight.at.encode()),
            items: opened.items,
            reactions: opened.reactions,
            head: sight.room.head,
            features: sight.view.hidden().others(),
            more: sight.more || opened.cut,
        })
    }

    /// A page of the past, ready to be sent.
    ///
    /// # Errors
    /// As [`Rooms::caught_up`].
    pub async fn page(&self, sight: &Sight, keep: Keep) -> Result<Page, Error> {
        let opened = self.open(sight, keep).await?;
        Ok(Page {
            room: sight.view.room(),
            stint: sight.view.stint(),
            items: opened.items,
            reactions: opened.reactions,
            head: sight.room.head,
            more: sight.more || opened.cut,
        })
    }

    /// What is pinned, ready to be sent.
    ///
    /// # Errors
    /// As [`Rooms::caught_up`].
    pub async fn pins(&self, sight: &Sight) -> Result<PinList, Error> {
        let opened = self.open(sight, Keep::Last).await?;
        let entries = opened.items.into_iter().filter_map(|item| match item {
            Item::Entry(entry) => Some(entry),
            Item::Passed(_) => None,
        });
        Ok(PinList { entries: entries.collect() })
    }

    /// A line of the list of rooms.
    ///
    /// # Errors
    /// As [`Rooms::caught_up`].
    pub async fn summary(&self, sight: &Sight) -> Result<RoomSummary, Error> {
        Ok(RoomSummary {
            room: sight.view.room(),
            room_kind: sight.room.kind,
            name: self.title(sight).await?.0,
            stint: sight.view.stint(),
            head: sight.room.head,
            read: sight.read,
            unread: sight.unread,
        })
    }

    /// What a room is.
    ///
    /// # Errors
    /// As [`Rooms::caught_up`].
    pub async fn about(&self, sight: &Sight) -> Result<AboutRoom, Error> {
        let (name, description) = self.title(sight).await?;
        let room = &sight.room;
        Ok(AboutRoom {
            room: room.id,
            room_kind: room.kind,
            name,
            description,
            owner: room.owner,
            founder: room.founder,
            masters: room.masters.iter().copied().collect(),
            members: u32::try_from(room.members.len()).unwrap_or(u32::MAX),
            features: sight.view.hidden().others(),
            locked: sight.locked,
            history: room.history,
            stint: sight.view.stint(),
            head: room.head,
        })
    }

    async fn title(&self, sight: &Sight) -> Result<(String, String), Error> {
        let key = self.key(sight.view.room()).await.map_err(unreachable)?;
        let content =
            |body: &Option<Body>| body.as_ref().map(|body| open(&key, &sight.permit, body));
        let name = content(&sight.name).transpose()?.and_then(|content| content.name);
        let description =
            content(&sight.description).transpose()?.and_then(|content| content.description);
        Ok((name.unwrap_or_default(), description.unwrap_or_default()))
    }

    async fn open(&self, sight: &Sight, keep: Keep) -> Result<Opened, Error> {
        let room = sight.view.room();
        let key = self.key(room).await.map_err(unreachable)?;
        let items = sight.rows.iter().map(|row| item(room, &key, &sight.permit, row));
        let items = items.collect::<Result<Vec<Item>, Error>>()?;
        let mut reactions: HashMap<Seq, Vec<Reaction>> = HashMap::new();
        for one in &sight.reactions {
            let opened = reaction(&key, &sight.permit, one)?;
            reactions.entry(one.target).or_default().push(opened);
        }
        let (items, cut) = fitting(items, &reactions, keep);
        let reactions = beside(&items, reactions);
        let last = items.last().map(|item| match item {
            Item::Entry(entry) => entry.at.clone(),
            Item::Passed(passed) => passed.at.clone(),
        });
        Ok(Opened { items, reactions, last, cut })
    }
}

struct Opened {
    items: Vec<Item>,
    reactions: Vec<Reaction>,
    last: Option<String>,
    cut: bool,
}

fn place(item: &Item) -> Option<Seq> {
    match item {
        Item::Entry(entry) => Some(entry.seq),
        Item::Passed(_) => None,
    }
}

fn item(room: RoomId, key: &RoomKey, permit: &Permit, row: &Row) -> Result<Item, Error> {
    match row {
        Row::Entry(stored) => sent(room, key, permit, stored).map(Item::Entry),
        Row::Passed(from, through, at) => {
            Ok(Item::Passed(show::passed(room, *from, *through, *at)))
        }
    }
}

fn sent(room: RoomId, key: &RoomKey, permit: &Permit, stored: &Stored) -> Result<Sent, Error> {
    let content = stored.body.as_ref().map(|body| open(key, permit, body)).transpose()?;
    Ok(show::entry(room, &stored.entry, stored.at, content, stored.version))
}

fn reaction(key: &RoomKey, permit: &Permit, one: &StoredReaction) -> Result<Reaction, Error> {
    let content = open(key, permit, &one.body)?;
    Ok(Reaction { target: one.target, user: one.user, emoji: content.emoji.unwrap_or_default() })
}

fn open(key: &RoomKey, permit: &Permit, body: &Body) -> Result<Content, Error> {
    body.open(key, permit).map_err(unreachable)
}

/// As many items from one end as fit in a frame with their reactions, one at least; whether any were
/// cut.
fn fitting(
    mut items: Vec<Item>,
    reactions: &HashMap<Seq, Vec<Reaction>>,
    keep: Keep,
) -> (Vec<Item>, bool) {
    let mut room = PAGE_BYTES_MAX;
    let mut fit = |item: &Item| {
        let on_it = place(item).and_then(|seq| reactions.get(&seq)).into_iter().flatten();
        let bytes = json_bytes(item) + on_it.map(json_bytes).sum::<usize>();
        let fits = bytes <= room;
        room = room.saturating_sub(bytes);
        fits
    };
    let count = match keep {
        Keep::First => items.iter().take_while(|item| fit(item)).count(),
        Keep::Last => items.iter().rev().take_while(|item| fit(item)).count(),
    };
    let kept = count.max(1).min(items.len());
    let cut = kept < items.len();
    match keep {
        Keep::First => items.truncate(kept),
        Keep::Last => drop(items.drain(..items.len() - kept)),
    }
    (items, cut)
}

/// The reactions on these items, as many as fit beside them.
fn beside(items: &[Item], mut reactions: HashMap<Seq, Vec<Reaction>>) -> Vec<Reaction> {
    let taken: usize = items.iter().map(json_bytes).sum();
    let mut room = ENTRY_BYTES_MAX.saturating_sub(taken);
    let on_them = items.iter().filter_map(place).filter_map(|seq| reactions.remove(&seq));
    let fits = |one: &Reaction| {
        let left = room.checked_sub(json_bytes(one));
        room = left.unwrap_or_default();
        left.is_some()
    };
    on_them.flatten().take_while(fits).collect()
}

/// How many bytes something takes as JSON, the comma after it included.
pub fn json_bytes(value: &impl Serialize) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(1);
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        Err(_) => usize::MAX,
    }
}
