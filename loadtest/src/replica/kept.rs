//! What a device keeps of one room: an unbroken stretch of its timeline.

mod look;
mod standing;

use super::Broken;
use crosstalk_protocol::answer::{Page, Reaction};
use crosstalk_protocol::entry::{Change, Entry};
use crosstalk_protocol::ids::{RoomId, Seq, UserId};
use crosstalk_protocol::push::{CaughtUp, Item, Passed, ReadMark};
use crosstalk_protocol::words::Features;
use standing::Standing;
use std::collections::{BTreeMap, BTreeSet};

/// A stretch of a room's timeline, from the first place told to the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    room: RoomId,
    stint: Seq,
    at: String,
    features: Features,
    first: Seq,
    through: Seq,
    entries: BTreeMap<Seq, Entry>,
    /// The entries about a message: edits, its erasure, reactions.
    about: BTreeMap<Seq, BTreeSet<Seq>>,
    /// Passed ranges: the first place of each and its last.
    passed: BTreeMap<Seq, Seq>,
    standing: Standing,
    reads: BTreeMap<UserId, Seq>,
}

/// A message as it stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// Its place.
    pub seq: Seq,
    /// Who wrote it.
    pub author: Option<UserId>,
    /// What it says now.
    pub text: &'a str,
    /// How often it was edited.
    pub version: u32,
}

impl Kept {
    /// The first page of a room, or the one after a reset.
    pub(super) fn begin(page: &CaughtUp) -> Result<Self, Broken> {
        let first = page.items.first().map_or(page.head.next(), first_of);
        let mut kept = Self {
            room: page.room,
            stint: page.stint,
            at: page.at.clone(),
            features: page.features,
            // Without a single item there is nothing between here and the head.
            first,
            through: first.previous(),
            entries: BTreeMap::new(),
            about: BTreeMap::new(),
            passed: BTreeMap::new(),
            standing: Standing::default(),
            reads: BTreeMap::new(),
        };
        kept.take_page(page)?;
        Ok(kept)
    }

    /// A page that follows what is kept. Returns whether a feature has come on, so that passed
    /// places may be seen.
    pub(super) fn go_on(&mut self, page: &CaughtUp) -> Result<bool, Broken> {
        if page.stint != self.stint {
            return Err(Broken::StintChanged(self.room));
        }
        self.take_page(page)
    }

    fn take_page(&mut self, page: &CaughtUp) -> Result<bool, Broken> {
        let mut switched = !page.features.common(self.features.others()).is_empty();
        self.features = page.features;
        for item in &page.items {
            match item {
                Item::Entry(entry) => switched |= self.entry(entry)?,
                Item::Passed(passed) => self.pass(passed)?,
            }
        }
        self.stand(&page.items, page.head, &page.reactions);
        self.at.clone_from(&page.at);
        if !page.more && self.through < page.head {
            return Err(Broken::Short { room: self.room, through: self.through, head: page.head });
        }
        Ok(switched)
    }

    /// The next entry. Returns whether it switched a feature on, so that passed places may be seen.
    pub(super) fn entry(&mut self, entry: &Entry) -> Result<bool, Broken> {
        self.follows(entry.seq)?;
        self.through = entry.seq;
        self.at.clone_from(&entry.at);
        self.keep(entry);
        Ok(matches!(&entry.change, Change::Settings { switches, .. }
            if switches.iter().any(|switch| switch.on)))
    }

    /// The next places, which may not be seen.
    pub(super) fn pass(&mut self, passed: &Passed) -> Result<(), Broken> {
        self.follows(passed.from)?;
        if passed.through < passed.from {
            let Passed { room, from, through, .. } = *passed;
            return Err(Broken::Backwards { room, from, through });
        }
        self.passed.insert(passed.from, passed.through);
        self.through = passed.through;
        self.at.clone_from(&passed.at);
        Ok(())
    }

    pub(super) fn read(&mut self, mark: &ReadMark) {
        let read = self.reads.entry(mark.user).or_default();
        *read = mark.seq.max(*read);
    }

    /// Puts entries of a page where places were passed. Returns the last place of the page.
    pub(super) fn fill(&mut self, page: &Page) -> Seq {
        for item in &page.items {
            if let Item::Entry(entry) = item
                && self.pass_no_longer(entry.seq)
            {
                self.keep(entry);
            }
        }
        self.stand(&page.items, page.head, &page.reactions);
        page.items.last().map_or(Seq::ZERO, last_of)
    }

    /// Puts a page in front of what is kept.
    pub(super) fn precede(&mut self, page: &Page) -> Result<(), Broken> {
        let mut expected = page.items.first().map_or(self.first, first_of);
        for item in &page.items {
            in_order(self.room, expected, first_of(item))?;
            expected = last_of(item).next();
        }
        in_order(self.room, expected, self.first)?;
        for item in &page.items {
            match item {
                Item::Entry(entry) => self.keep(entry),
                Item::Passed(passed) => drop(self.passed.insert(passed.from, passed.through)),
            }
        }
        self.first = page.items.first().map_or(self.first, first_of);
        self.stand(&page.items, page.head, &page.reactions);
        Ok(())
    }

    fn follows(&self, came: Seq) -> Result<(), Broken> {
        in_order(self.room, self.through.next(), came)
    }

    fn keep(&mut self, entry: &Entry) {
        self.entries.insert(entry.seq, entry.clone());
        match &entry.change {
            Change::Posted { .. } => self.agree(entry.seq),
            Change::Edited { target } => {
                self.note(*target, entry.seq);
                self.agree(*target);
            }
            Change::Unsent { target } => {
                self.note(*target, entry.seq);
                self.standing.erase(*target);
                self.agree(*target);
            }
            Change::Reacted { target, on } => {
                self.note(*target, entry.seq);
                self.react(*target, *on, entry);
            }
            Change::Pinned { target, on } => self.standing.pin(*target, entry.seq, *on),
            Change::Opened { .. }
            | Change::Created { .. }
            | Change::Converted { .. }
            | Change::Added { .. }
            | Change::Removed { .. }
            | Change::Masters { .. }
            | Change::Settings { .. }
            | Change::Handed { .. }
            | Change::Deleted => {}
        }
    }

    fn note(&mut self, target: Seq, seq: Seq) {
        self.about.entry(target).or_default().insert(seq);
    }

    /// The message and all its edits say what the newest one says, and nothing once it was unsent,
    /// in whatever order they came: older words are not kept.
    fn agree(&mut self, target: Seq) {
        let about = self.about.get(&target).into_iter().flatten();
        let all: Vec<Seq> = std::iter::once(target).chain(about.copied()).collect();
        let bears =
            |entry: &Entry| matches!(entry.change, Change::Posted { .. } | Change::Edited { .. });
        let unsent = |entry: &Entry| {
            matches!(entry.change, Change::Unsent { .. })
                || (bears(entry) && entry.content.is_none())
        };
        let known = || all.iter().filter_map(|seq| self.entries.get(seq));
        let newest = known().filter(|entry| bears(entry)).max_by_key(|entry| entry.version);
        let Some((content, version)) = newest.map(|it| (it.content.clone(), it.version)) else {
            return;
        };
        let is_unsent = known().any(unsent);
        for seq in &all {
            let Some(entry) = self.entries.get_mut(seq) else { continue };
            if bears(entry) {
                entry.content = content.clone().filter(|_| !is_unsent);
                entry.version = version;
            } else if is_unsent {
                // The emoji of a reaction goes with the message.
                entry.content = None;
            }
        }
    }

    fn react(&mut self, target: Seq, on: bool, entry: &Entry) {
        let emoji = entry.content.as_ref().and_then(|content| content.emoji.clone());
        if let (Some(user), Some(emoji)) = (entry.author, emoji) {
            self.standing.react((target, user, emoji), entry.seq, on);
        }
    }

    /// A page tells which reactions stand on its messages.
    fn stand(&mut self, items: &[Item], head: Seq, standing: &[Reaction]) {
        for item in items {
            if let Item::Entry(entry) = item
                && matches!(entry.change, Change::Posted { .. })
            {
                let on_it = standing.iter().filter(|reaction| reaction.target == entry.seq);
                self.standing.tell(entry.seq, head, on_it);
            }
        }
    }

    /// Takes one place out of the passed ranges. Returns whether it was in one.
    fn pass_no_longer(&mut self, seq: Seq) -> bool {
        let range = self.passed.range(..=seq).next_back().map(|(from, through)| (*from, *through));
        let Some((from, through)) = range.filter(|(_, through)| seq <= *through) else {
            return false;
        };
        self.passed.remove(&from);
        if from < seq {
            self.passed.insert(from, seq.previous());
        }
        if seq < through {
            self.passed.insert(seq.next(), through);
        }
        true
    }
}

fn first_of(item: &Item) -> Seq {
    match item {
        Item::Entry(entry) => entry.seq,
        Item::Passed(passed) => passed.from,
    }
}

fn last_of(item: &Item) -> Seq {
    match item {
        Item::Entry(entry) => entry.seq,
        Item::Passed(passed) => passed.through,
    }
}

fn in_order(room: RoomId, expected: Seq, came: Seq) -> Result<(), Broken> {
    match came.cmp(&expected) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Less => Err(Broken::Twice { room, expected, came }),
        std::cmp::Ordering::Greater => Err(Broken::Hole { room, expected, came }),
    }
}
