//! What stands on messages: reactions and pins.
//!
//! A page of the past may be older than what came live, and what was passed is told late. So it is
//! never the order of telling that decides, but the place at which something was done.

use crosstalk_protocol::answer::Reaction;
use crosstalk_protocol::ids::{Seq, UserId};
use std::collections::BTreeMap;

/// Reactions and pins, and since which place each stands or stands no longer.
#[derive(Debug, Clone, Default)]
pub(super) struct Standing {
    reactions: BTreeMap<(Seq, UserId, String), (Seq, bool)>,
    pins: BTreeMap<Seq, (Seq, bool)>,
    /// Up to which place all reactions of a message are known.
    told: BTreeMap<Seq, Seq>,
}

impl Standing {
    /// Somebody reacted to a message at this place, or took it back there.
    pub(super) fn react(&mut self, reaction: (Seq, UserId, String), at: Seq, on: bool) {
        let told = self.told.get(&reaction.0).copied().unwrap_or_default();
        let known = self.reactions.entry(reaction).or_default();
        if at > known.0.max(told) {
            *known = (at, on);
        }
    }

    /// A message was pinned at this place, or unpinned there.
    pub(super) fn pin(&mut self, target: Seq, at: Seq, on: bool) {
        let known = self.pins.entry(target).or_default();
        if at > known.0 {
            *known = (at, on);
        }
    }

    /// A page tells all the reactions that stood on a message when the room's head was there.
    pub(super) fn tell<'a>(
        &mut self,
        target: Seq,
        head: Seq,
        all: impl Iterator<Item = &'a Reaction>,
    ) {
        let told = self.told.entry(target).or_default();
        if *told >= head {
            return;
        }
        *told = head;
        for (_, known) in self.reactions.iter_mut().filter(|((on, ..), _)| *on == target) {
            if known.0 <= head {
                *known = (head, false);
            }
        }
        for Reaction { user, emoji, .. } in all {
            let known = self.reactions.entry((target, *user, emoji.clone())).or_default();
            if known.0 <= head {
                *known = (head, true);
            }
        }
    }

    /// The message was unsent: nothing stands on it, and nothing will.
    pub(super) fn erase(&mut self, target: Seq) {
        self.reactions.retain(|(on, ..), _| *on != target);
        self.pins.insert(target, (Seq::MAX, false));
        self.told.insert(target, Seq::MAX);
    }

    /// The reactions that stand, by their messages.
    pub(super) fn reactions(&self) -> impl Iterator<Item = &(Seq, UserId, String)> {
        self.reactions.iter().filter(|(_, (_, on))| *on).map(|(reaction, _)| reaction)
    }

    /// The messages that are pinned.
    pub(super) fn pins(&self) -> impl Iterator<Item = Seq> {
        self.pins.iter().filter(|(_, (_, on))| *on).map(|(target, _)| *target)
    }
}

/// Two copies are equal if the same stands in them, however they learned it.
impl PartialEq for Standing {
    fn eq(&self, other: &Self) -> bool {
        self.reactions().eq(other.reactions()) && self.pins().eq(other.pins())
    }
}

impl Eq for Standing {}
