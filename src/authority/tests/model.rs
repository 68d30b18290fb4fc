//! The law once more, in its own words and naively: stays, places and sets, worked out from what
//! was asked and done. It shares no code with the authority, and never looks at what that wrote.

#![expect(clippy::wildcard_enum_match_arm, reason = "a new word fails by what it does")]

use crosstalk_protocol::ids::{CompanyId, UserId};
use std::collections::{BTreeMap, BTreeSet};

mod asked;
mod befallen;
mod gathered;
mod told;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Person(UserId),
    Administrator(UserId),
    Operator,
    Rule,
}

/// What is asked of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    Create { masters: Vec<UserId>, members: Vec<UserId> },
    Open { shared: bool, members: Vec<UserId> },
    Say,
    Reply(u64),
    Edit(u64),
    Unsend(u64),
    React(u64, bool),
    Pin(u64, bool),
    Convert,
    Invite(Vec<UserId>),
    Enter { guest: UserId, inviter: UserId },
    Rename,
    Leave,
    Add(Vec<UserId>),
    Remove(Vec<UserId>),
    Appoint(UserId),
    Dismiss(UserId),
    SwitchMessages(bool),
    ShowAll(bool),
    Delete,
    NameMaster(UserId),
    Hand(CompanyId),
    Settle,
}

/// What is done to people and companies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Connect(UserId, bool),
    Suspend(UserId, bool),
    DeletePerson(UserId),
    External(CompanyId, bool),
    EndCompany(CompanyId),
    DisableMessages(CompanyId, bool),
    MembersCreate(CompanyId, bool),
    GuestsAllowed(CompanyId, bool),
    Contacts(UserId, UserId, bool),
}

/// What a person is given of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    Shown,
    Passed,
}

#[expect(clippy::struct_excessive_bools, reason = "as the law names them")]
#[derive(Debug, Clone)]
struct Somebody {
    company: CompanyId,
    guest: bool,
    permitted: bool,
    active: bool,
    deleted: bool,
    administrator: bool,
}

#[expect(clippy::struct_excessive_bools, reason = "as the law names them")]
#[derive(Debug, Clone)]
struct Firm {
    external: bool,
    ended: bool,
    messages_off: bool,
    members_create: bool,
    guests: bool,
}

#[derive(Debug, Clone)]
enum Place {
    Governance,
    Said { by: UserId, unsent: bool, pinned: bool, reacted: BTreeSet<UserId> },
    Rewrites(usize),
}

#[derive(Debug, Clone)]
struct Stay {
    user: UserId,
    from: usize,
    to: Option<usize>,
    sees_all: bool,
    /// R19 ended it, from that moment on.
    cut: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Internal,
    Shared,
    Group,
}

#[derive(Debug, Clone)]
pub(crate) struct RoomModel {
    pub(crate) kind: Kind,
    pub(crate) gone: bool,
    pub(crate) masters: BTreeSet<UserId>,
    owner: CompanyId,
    messages_on: bool,
    all_from_now: bool,
    places: Vec<Place>,
    stays: Vec<Stay>,
}

#[derive(Debug, Clone)]
pub(crate) struct Model {
    people: BTreeMap<UserId, Somebody>,
    firms: BTreeMap<CompanyId, Firm>,
    contacts: BTreeSet<(UserId, UserId)>,
    pub(crate) rooms: Vec<RoomModel>,
    pub(crate) members_max: usize,
}

/// Refused; else how many entries it writes.
pub(crate) type Verdict = Result<usize, ()>;

impl RoomModel {
    fn blank() -> Self {
        Self {
            kind: Kind::Internal,
            gone: false,
            masters: BTreeSet::new(),
            owner: CompanyId::of_bytes([0; 16]),
            messages_on: true,
            all_from_now: false,
            places: Vec::new(),
            stays: Vec::new(),
        }
    }

    pub(crate) fn head(&self) -> usize {
        self.places.len()
    }

    /// The last place that is not talk.
    pub(crate) fn last_governance(&self) -> usize {
        let at = self.places.iter().rposition(|place| matches!(place, Place::Governance));
        at.map_or(0, |index| index + 1)
    }

    /// Who is listed, though perhaps cut off.
    pub(crate) fn listed(&self) -> BTreeSet<UserId> {
        let open = self.stays.iter().filter(|stay| stay.to.is_none() && !self.gone);
        open.map(|stay| stay.user).collect()
    }

    /// Who is a member now.
    pub(crate) fn members(&self) -> BTreeSet<UserId> {
        self.stays
            .iter()
            .filter(|stay| stay.to.is_none() && !stay.cut && !self.gone)
            .map(|stay| stay.user)
            .collect()
    }

    /// The places of messages: somebody's, or all.
    pub(crate) fn said(&self, author: Option<UserId>) -> Vec<u64> {
        let places = (1..).zip(&self.places);
        let his = |place: &Place| match place {
            Place::Said { by, .. } => author.is_none_or(|author| author == *by),
            Place::Governance | Place::Rewrites(_) => false,
        };
        places.filter(|(_, place)| his(place)).map(|(seq, _)| seq).collect()
    }

    /// Where a person's stay of now began.
    fn since(&self, user: UserId) -> Option<&Stay> {
        self.stays.iter().find(|stay| stay.user == user && stay.to.is_none())
    }

    /// R14: whether a place lies in what a member may see by his stays.
    fn lies_in_his_time(&self, user: UserId, place: usize) -> bool {
        let all = self.since(user).is_some_and(|stay| stay.sees_all);
        all || self.stays.iter().any(|stay| {
            let open = stay.to.is_none_or(|end| place < end);
            stay.user == user && !stay.cut && stay.from <= place && open
        })
    }

    fn write(&mut self, place: Place) -> usize {
        self.places.push(place);
        self.places.len()
    }

    fn begin(&mut self, users: &[UserId], at: usize) {
        for user in users {
            let (user, from, sees_all) = (*user, at, self.all_from_now);
            self.stays.push(Stay { user, from, to: None, sees_all, cut: false });
        }
    }

    fn end(&mut self, users: &BTreeSet<UserId>) {
        let at = self.write(Place::Governance);
        for stay in self.stays.iter_mut().filter(|stay| stay.to.is_none()) {
            if users.contains(&stay.user) {
                stay.to = Some(at);
            }
        }
        self.masters.retain(|user| !users.contains(user));
    }
}

impl Model {
    pub(crate) fn new(
        people: &[(UserId, CompanyId, bool)],
        administrators: &[UserId],
        members_max: usize,
    ) -> Self {
        let somebody = |(user, company, guest): &(UserId, CompanyId, bool)| {
            let administrator = administrators.contains(user);
            let (company, guest, permitted) = (*company, *guest, !*guest);
            let (active, deleted) = (true, false);
            (*user, Somebody { company, guest, permitted, active, deleted, administrator })
        };
        let firm = Firm {
            external: true,
            ended: false,
            messages_off: false,
            members_create: true,
            guests: true,
        };
        Self {
            firms: people.iter().map(|(_, company, _)| (*company, firm.clone())).collect(),
            people: people.iter().map(somebody).collect(),
            contacts: BTreeSet::new(),
            rooms: vec![RoomModel::blank(), RoomModel::blank()],
            members_max,
        }
    }

    /// A deleted room makes place for another.
    pub(crate) fn clear(&mut self, room: usize) {
        self.rooms[room] = RoomModel::blank();
    }

    pub(crate) fn company(&self, user: UserId) -> CompanyId {
        self.people[&user].company
    }

    fn active(&self, user: UserId) -> bool {
        self.people[&user].active && !self.firms[&self.company(user)].ended
    }

    /// A Connected-member of a company that talks with others (R6).
    fn connected(&self, user: UserId) -> bool {
        let (person, firm) = (&self.people[&user], &self.firms[&self.company(user)]);
        self.active(user) && !person.guest && person.permitted && firm.external
    }

    fn know(&self, one: UserId, other: UserId) -> bool {
        self.contacts.contains(&(one, other)) || self.contacts.contains(&(other, one))
    }

    /// R11, R12: whether messages are off for him in the room.
    fn messages_off(&self, room: &RoomModel, user: UserId) -> bool {
        let owner_off = room.kind == Kind::Group && self.firms[&room.owner].messages_off;
        !room.messages_on || owner_off || self.firms[&self.company(user)].messages_off
    }

    /// What a person is given of each place; nothing to who is no member (R16).
    pub(crate) fn sees(&self, index: usize, user: UserId) -> Option<Vec<Sight>> {
        let room = &self.rooms[index];
        if !room.members().contains(&user) {
            return None;
        }
        let off = self.messages_off(room, user);
        let sight = |(index, place): (usize, &Place)| {
            let his = room.lies_in_his_time(user, index + 1);
            let shown = match place {
                Place::Governance => his,
                Place::Said { .. } => his && !off,
                Place::Rewrites(target) => his && !off && room.lies_in_his_time(user, *target),
            };
            if shown { Sight::Shown } else { Sight::Passed }
        };
        Some(room.places.iter().enumerate().map(sight).collect())
    }
}
