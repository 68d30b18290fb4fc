//! What a decision rests on besides the room: loaded where it is written, never remembered.

use super::access::Access;
use super::decide::Earlier;
use super::room::Stint;
use crosstalk_protocol::ids::{CompanyId, Seq, UserId};
use crosstalk_protocol::words::{Features, GroupCreation};
use std::collections::{BTreeMap, BTreeSet};

/// A moment, in microseconds since 1970 (UTC). Set by the store; for show, windows and expiry only,
/// never for order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

/// What the rules know of a person.
#[expect(clippy::struct_excessive_bools, reason = "independent switches, as the law names them")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub id: UserId,
    /// His company; a guest's: the company of who invited him (R33).
    pub company: CompanyId,
    /// Whether he is a guest, who belongs to no company.
    pub guest: bool,
    /// Neither suspended nor deleted.
    pub active: bool,
    /// Deleted: his subject never comes back (R34).
    pub deleted: bool,
    /// A Connected-member, by his administrator's permission.
    pub connected: bool,
    /// Administers his own company (R31).
    pub administrator: bool,
    /// In how many groups he is (R8).
    pub groups: u32,
    /// His outside number; see [`Access`].
    pub outside: u32,
    /// His whole number; see [`Access`].
    pub whole: u32,
}

impl Person {
    /// A user as his company makes one: without any right, in no room, no Connected-member (R34).
    pub fn user(id: UserId, company: CompanyId) -> Self {
        Self {
            id,
            company,
            guest: false,
            active: true,
            deleted: false,
            connected: false,
            administrator: false,
            groups: 0,
            outside: 0,
            whole: 0,
        }
    }

    /// A guest of this company (R33).
    pub fn guest(id: UserId, company: CompanyId) -> Self {
        Self { guest: true, ..Self::user(id, company) }
    }
}

/// What the rules know of a company.
#[expect(clippy::struct_excessive_bools, reason = "independent switches, as the law names them")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Company {
    /// Which.
    pub id: CompanyId,
    /// Ended by the operator (R19).
    pub ended: bool,
    /// Whether its people may talk with other companies at all.
    pub external_messaging: bool,
    /// Who may create groups (R3).
    pub group_creation: GroupCreation,
    /// Whether its people may open shared rooms (R33).
    pub external_rooms: bool,
    /// Whether its people may invite guests (R33).
    pub guests: bool,
    /// Whether its people's read marks are shown to other companies, and theirs to it.
    pub external_read_marks: bool,
    /// Features disabled by its administrator: off in its groups, and for its own people (R11).
    pub disabled: Features,
    /// Whether an unknown subject with a good token becomes a user (R34).
    pub first_sign_in: bool,
    /// Its outside number; see [`Access`].
    pub outside: u32,
    /// Its whole number; see [`Access`].
    pub whole: u32,
}

/// A person with his company: what he may do now.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// The person.
    pub person: &'a Person,
    /// His company.
    pub company: &'a Company,
}

impl Standing<'_> {
    /// The access numbers of now, which a stint that begins now notes.
    pub fn access(&self) -> Access {
        Access {
            person_outside: self.person.outside,
            person_whole: self.person.whole,
            company_outside: self.company.outside,
            company_whole: self.company.whole,
        }
    }

    /// Whether he may be here at all: neither he nor his company is suspended, deleted or ended.
    pub fn is_active(&self) -> bool {
        self.person.active && !self.company.ended
    }

    /// Whether he may talk with other companies: a Connected-member of a company whose external
    /// messaging is on (R6, R19).
    pub fn is_connected(&self) -> bool {
        self.is_active()
            && !self.person.guest
            && self.person.connected
            && self.company.external_messaging
    }
}

/// The message that a command is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its place.
    pub seq: Seq,
    /// Who wrote it.
    pub author: Option<UserId>,
    /// When.
    pub time: Time,
    /// Whether a message stands there: posted, and not unsent.
    pub message: bool,
    /// Whether it is pinned.
    pub pinned: bool,
    /// The actor's reactions on it that stand, by the mark of the emoji.
    pub reaction: Option<Reaction>,
}

/// Whether the very reaction of a command stands already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// The actor's reaction with this emoji stands.
    Stands,
    /// It does not.
    Absent,
}

/// What a decision rests on. The store loads the people and companies that the command and the
/// room name, the contacts of the actor (or of the named Group Masters) among them, and the target.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The people concerned; who is absent does not exist.
    pub people: BTreeMap<UserId, Person>,
    /// Their companies.
    pub companies: BTreeMap<CompanyId, Company>,
    /// Pairs of contacts among them, the lower id first.
    pub contacts: BTreeSet<(UserId, UserId)>,
    /// The stints of the actor in the room, the current one included, oldest first.
    pub stints: Vec<Stint>,
    /// The message that the command is about.
    pub target: Option<Target>,
    /// What the same operation id did before, for the same author (R29).
    pub earlier: Option<Earlier>,
    /// How many other invitations of the room can be redeemed (R33).
    pub invitations: usize,
    /// The limits in force.
    pub limits: Limits,
}

impl Facts {
    /// A person with his company, if both exist.
    pub fn standing(&self, user: UserId) -> Option<Standing<'_>> {
        let person = self.people.get(&user)?;
        let company = self.companies.get(&person.company)?;
        Some(Standing { person, company })
    }

    /// Whether two people are contacts of each other.
    pub fn are_contacts(&self, one: UserId, other: UserId) -> bool {
        self.contacts.contains(&(one.min(other), one.max(other)))
    }

    /// What the company's administrator has disabled; nothing if the company is unknown.
    pub fn disabled_by(&self, company: CompanyId) -> Features {
        self.companies.get(&company).map_or(Features::NONE, |company| company.disabled)
    }
}

/// How much of everything (R8, R25). Settings; these are their defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Characters of a name.
    pub name_chars_max: usize,
    /// Characters of a description.
    pub description_chars_max: usize,
    /// Characters of a message.
    pub text_chars_max: usize,
    /// Bytes of a reaction.
    pub emoji_bytes_max: usize,
    /// People whom one message mentions.
    pub mentions_max: usize,
    /// Members of a room.
    pub members_max: usize,
    /// Groups of a person.
    pub groups_max: u32,
    /// Invitations of a room that wait to be redeemed.
    pub invitations_max: usize,
    /// How long a message can be edited or unsent by its author, in microseconds.
    pub edit_window_micros: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            name_chars_max: 100,
            description_chars_max: 300,
            text_chars_max: 10_000,
            emoji_bytes_max: 32,
            mentions_max: 50,
            members_max: 1_000,
            groups_max: 2_000,
            invitations_max: 20,
            edit_window_micros: 24 * 3600 * 1_000_000,
        }
    }
}
