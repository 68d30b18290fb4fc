//! What is known of a room: the fold of its entries.

use super::access::Access;
use super::facts::{Facts, Standing, Time};
use crosstalk_protocol::entry::{Change, Newcomer};
use crosstalk_protocol::ids::{CompanyId, RoomId, Seq, UserId};
use crosstalk_protocol::words::{Cause, Feature, Features, HistoryVisibility, RoomKind};
use std::collections::{BTreeMap, BTreeSet};

/// One place of a timeline, as the rules see it: no content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place.
    pub seq: Seq,
    /// When the store wrote it.
    pub time: Time,
    /// Its random tag, which a cursor must name.
    pub tag: u64,
    /// Who did it.
    pub author: Option<UserId>,
    /// What happened.
    pub change: Change,
    /// The access numbers that the stints it begins note. Never on the wire.
    pub access: Vec<(UserId, Access)>,
}

/// A member of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// His company; a guest's: the company of who invited him.
    pub company: CompanyId,
    /// Whether he is a guest.
    pub guest: bool,
    /// The number of his current stint: the place where it began.
    pub stint: Seq,
    /// What he sees of the time before it (R14).
    pub history: HistoryVisibility,
    /// The access numbers that the stint noted.
    pub access: Access,
}

/// One uninterrupted membership of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stint {
    /// Its number: the place where it began.
    pub start: Seq,
    /// The place that ended it; `None` while it lasts.
    pub end: Option<Seq>,
    /// What it shows of the time before it (R14).
    pub history: HistoryVisibility,
    /// Ended by R19: never shown again.
    pub severed: bool,
}

/// What is known of a room. [`Room::apply`] is the only way it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Its id.
    pub id: RoomId,
    /// What kind it is; a conversion changes it, one way (R7).
    pub kind: RoomKind,
    /// Whether it was deleted: nothing leads back (R21).
    pub deleted: bool,
    /// The company that owns it and pays for it (R23).
    pub owner: CompanyId,
    /// Who first created the group.
    pub founder: Option<UserId>,
    /// The features that are switched on.
    pub features: Features,
    /// What the next new member sees of the past (R14).
    pub history: HistoryVisibility,
    /// The Group Masters; empty in a general room, and in a group under R20's last case.
    pub masters: BTreeSet<UserId>,
    /// Who is in it.
    pub members: BTreeMap<UserId, Member>,
    /// Its last place.
    pub head: Seq,
    /// The place of its last entry that is not mere content.
    pub revision: Seq,
}

impl Room {
    /// A room before its first entry.
    pub fn blank(id: RoomId) -> Self {
        Self {
            id,
            kind: RoomKind::Internal,
            deleted: false,
            owner: CompanyId::of_bytes([0; 16]),
            founder: None,
            features: Features::NONE,
            history: HistoryVisibility::SinceJoined,
            masters: BTreeSet::new(),
            members: BTreeMap::new(),
            head: Seq::ZERO,
            revision: Seq::ZERO,
        }
    }

    /// Folds the next entry in. Entries come contiguously: `entry.seq` is the place after the head.
    pub fn apply(&mut self, entry: &Entry) {
        debug_assert_eq!(entry.seq, self.head.next(), "entries are applied contiguously");
        self.head = entry.seq;
        if entry.change.feature().is_some() {
            return;
        }
        self.revision = entry.seq;
        match &entry.change {
            Change::Opened { room_kind, owner, members } => {
                self.kind = *room_kind;
                self.owner = *owner;
                self.features = Features::NONE.with(Feature::Message, true);
                self.admit(members, entry);
            }
            Change::Created { owner, founder, masters, members, features, history, .. } => {
                self.become_group(*owner, *founder, *features, *history);
                self.masters.extend(masters);
                self.admit(members, entry);
            }
            Change::Converted { owner, founder, features, history, .. } => {
                self.become_group(*owner, *founder, *features, *history);
            }
            Change::Added { members, .. } => self.admit(members, entry),
            Change::Removed { users, .. } => {
                for user in users {
                    self.members.remove(user);
                    self.masters.remove(user);
                }
            }
            Change::Masters { appointed, dismissed } => {
                self.masters.extend(appointed);
                self.masters.retain(|user| !dismissed.contains(user));
            }
            Change::Settings { switches, history, .. } => {
                for switch in switches {
                    self.features = self.features.with(switch.feature, switch.on);
                }
                self.history = history.unwrap_or(self.history);
            }
            Change::Handed { owner } => self.owner = *owner,
            Change::Deleted => {
                self.deleted = true;
                self.members.clear();
                self.masters.clear();
            }
            Change::Posted { .. }
            | Change::Edited { .. }
            | Change::Unsent { .. }
            | Change::Reacted { .. }
            | Change::Pinned { .. } => {}
        }
    }

    fn become_group(
        &mut self,
        owner: CompanyId,
        founder: UserId,
        features: Features,
        history: HistoryVisibility,
    ) {
        self.kind = RoomKind::Group;
        self.owner = owner;
        self.founder = Some(founder);
        self.features = features;
        self.history = history;
        self.masters.insert(founder);
    }

    fn admit(&mut self, newcomers: &[Newcomer], entry: &Entry) {
        for newcomer in newcomers {
            let noted = entry.access.iter().find(|(user, _)| *user == newcomer.user);
            let member = Member {
                company: newcomer.company,
                guest: newcomer.guest,
                stint: entry.seq,
                history: self.history,
                access: noted.map_or_else(Access::default, |(_, access)| *access),
            };
            self.members.insert(newcomer.user, member);
        }
    }

    /// The member, if his stint still holds by the access numbers of now (R19). Everything that
    /// asks whether somebody is in a room asks here.
    pub fn member(&self, user: UserId, facts: &Facts) -> Option<&Member> {
        self.member_as(user, facts.standing(user)?)
    }

    /// As [`Room::member`], with the person's standing at hand.
    pub fn member_as(&self, user: UserId, standing: Standing<'_>) -> Option<&Member> {
        let member = self.members.get(&user).filter(|_| !self.deleted)?;
        if crate::mutants::is(crate::mutants::Mutant::AccessNotCompared) {
            return Some(member);
        }
        member.access.holds(standing.access(), self.kind.is_outside()).then_some(member)
    }

    /// Features that are off for a person of a company: switched off here, locked by the owner
    /// company, or disabled by his own (R11, R12).
    pub fn hidden_for(&self, owner_disabled: Features, own_disabled: Features) -> Features {
        let by_company = if self.kind == RoomKind::Group {
            owner_disabled.union(own_disabled)
        } else {
            own_disabled
        };
        self.features.others().union(by_company)
    }

    /// Whether the stint that this removal ends is severed: never shown again (R19).
    pub fn severs(cause: Cause) -> bool {
        match cause {
            Cause::Administrator => !crate::mutants::is(crate::mutants::Mutant::SeveredShown),
            Cause::Master | Cause::Left => false,
        }
    }

    /// Members who are users of a company, not guests.
    pub fn users(&self) -> impl Iterator<Item = (&UserId, &Member)> {
        self.members.iter().filter(|(_, member)| !member.guest)
    }
}
