//! What a device keeps of one room: an unbroken stretch of its timeline.

mod look;

use super::Broken;
use crosstalk_protocol::answer::{Page, Reaction};
use crosstalk_protocol::entry::{Change, Entry};
use crosstalk_protocol::ids::{RoomId, Seq, UserId};
use crosstalk_protocol::push::{CaughtUp, Item, Passed, ReadMark};
use std::collections::{BTreeMap, BTreeSet};

/// A stretch of a room's timeline, from the first place told to the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    room: RoomId,
    stint: Seq,
    at: String,
    through: Seq,
    entries: BTreeMap<Seq, Entry>,
    /// Passed ranges: the first place of each and its last.
    passed: BTreeMap<Seq, Seq>,
    reactions: BTreeSet<(Seq, UserId, String)>,
    pins: BTreeSet<Seq>,
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
        let first = page.items.first().map(first_of);
        let mut kept = Self {
            room: page.room,
            stint: page.stint,
            at: page.at.clone(),
            // Without a single item there is nothing between here and the head.
            through: first.map_or(page.head, Seq::previous),
            entries: BTreeMap::new(),
            passed: BTreeMap::new(),
            reactions: BTreeSet::new(),
            pins: BTreeSet::new(),
            reads: BTreeMap::new(),
        };
        kept.take_page(page)?;
        Ok(kept)
    }

    /// A page that follows what is kept. Returns whether it switched a feature on.
    pub(super) fn go_on(&mut self, page: &CaughtUp) -> Result<bool, Broken> {
        if page.stint != self.stint {
            return Err(Broken::StintChanged(self.room));
        }
        self.take_page(page)
    }

    fn take_page(&mut self, page: &CaughtUp) -> Result<bool, Broken> {
        let mut switched = false;
        for item in &page.items {
            match item {
                Item::Entry(entry) => switched |= self.entry(entry)?,
                Item::Passed(passed) => self.pass(passed)?,
            }
        }
        self.stand(&page.items, &page.reactions);
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
        self.stand(&page.items, &page.reactions);
        page.items.last().map_or(Seq::ZERO, last_of)
    }

    fn follows(&self, came: Seq) -> Result<(), Broken> {
        let (room, expected) = (self.room, self.through.next());
        match came.cmp(&expected) {
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Less => Err(Broken::Twice { room, expected, came }),
            std::cmp::Ordering::Greater => Err(Broken::Hole { room, expected, came }),
        }
    }

    fn keep(&mut self, entry: &Entry) {
        self.entries.insert(entry.seq, entry.clone());
        match &entry.change {
            Change::Edited { target } => self.edit(*target, entry),
            Change::Unsent { target } => self.erase(*target),
            Change::Reacted { target, on } => self.react(*target, *on, entry),
            Change::Pinned { target, on: true } => drop(self.pins.insert(*target)),
            Change::Pinned { target, on: false } => drop(self.pins.remove(target)),
            Change::Opened { .. }
            | Change::Created { .. }
            | Change::Converted { .. }
            | Change::Added { .. }
            | Change::Removed { .. }
            | Change::Masters { .. }
            | Change::Settings { .. }
            | Change::Handed { .. }
            | Change::Deleted
            | Change::Posted { .. } => {}
        }
    }

    /// The message and all its edits say what the newest one says: older words are not kept.
    fn edit(&mut self, target: Seq, edit: &Entry) {
        let Some(content) = &edit.content else { return };
        for entry in self.bearers(target) {
            if entry.version <= edit.version && entry.content.is_some() {
                entry.content = Some(content.clone());
                entry.version = edit.version;
            }
        }
    }

    fn erase(&mut self, target: Seq) {
        self.bearers(target).for_each(|entry| entry.content = None);
        self.reactions.retain(|(message, ..)| *message != target);
        self.pins.remove(&target);
    }

    /// The entries that carry a message's text: itself and its edits.
    fn bearers(&mut self, target: Seq) -> impl Iterator<Item = &mut Entry> {
        let of_target = move |entry: &&mut Entry| {
            entry.seq == target || entry.change == Change::Edited { target }
        };
        self.entries.values_mut().filter(of_target)
    }

    fn react(&mut self, target: Seq, on: bool, entry: &Entry) {
        let emoji = entry.content.as_ref().and_then(|content| content.emoji.clone());
        if let (Some(user), Some(emoji)) = (entry.author, emoji) {
            let reaction = (target, user, emoji);
            if on {
                self.reactions.insert(reaction)
            } else {
                self.reactions.remove(&reaction)
            };
        }
    }

    /// A page tells which reactions stand on its messages.
    fn stand(&mut self, items: &[Item], standing: &[Reaction]) {
        let told =
            |seq: Seq| items.iter().any(|item| matches!(item, Item::Entry(one) if one.seq == seq));
        self.reactions.retain(|(target, ..)| !told(*target));
        for Reaction { target, user, emoji } in standing {
            self.reactions.insert((*target, *user, emoji.clone()));
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
