//! What administrators and operators do to companies and people, and what it makes of them.

use super::facts::Person;
use crosstalk_protocol::ids::{CompanyId, UserId};
use crosstalk_protocol::push::NoticeKind;
use crosstalk_protocol::words::{Feature, GroupCreation};

/// An act on the directory. What carries names and keys stands in the directory's own records; the
/// rules see ids only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// The operator makes a company (R34).
    CreateCompany {
        /// Its id, new.
        company: CompanyId,
    },
    /// Its issuer and keys are set, by its administrator or the operator (R34).
    SetIssuer {
        /// Whose.
        company: CompanyId,
    },
    /// The operator ends a company (R19).
    EndCompany {
        /// Which.
        company: CompanyId,
    },
    /// A policy is changed by the administrator (R3, R11, R19, R33).
    SetPolicy {
        /// Whose.
        company: CompanyId,
        /// What changes.
        change: PolicyChange,
    },
    /// A user is made, or meets his own record again (R34).
    Provision {
        /// The person to be.
        person: Person,
        /// A record with this subject exists already.
        exists: bool,
        /// By his first sign-in, under the company's policy, not by an administrator.
        first_sign_in: bool,
    },
    /// Connected-membership is given or taken (R19).
    SetConnected {
        /// Whose.
        user: UserId,
        /// Whether he may talk with other companies.
        connected: bool,
    },
    /// The right to administer his company is given or taken; by an administrator or the operator.
    SetAdministrator {
        /// Whose.
        user: UserId,
        /// Whether he administers it.
        administrator: bool,
    },
    /// Suspended, or back again (R19).
    SetActive {
        /// Who.
        user: UserId,
        /// Whether he may sign in.
        active: bool,
    },
    /// The account is deleted; its subject never comes back (R34).
    DeletePerson {
        /// Who.
        user: UserId,
    },
    /// Older tokens end at once (R34).
    RevokeSignIns {
        /// Whose.
        user: UserId,
    },
    /// A user asks another, found by his exact address, to be contacts.
    RequestContact {
        /// Whom; `None` where the address is nobody's.
        of: Option<UserId>,
        /// The other one has asked already: this accepts.
        asked: bool,
    },
    /// A user accepts who asked him.
    AcceptContact {
        /// Who asked.
        of: UserId,
        /// Whether he did ask.
        asked: bool,
    },
    /// Contacts no longer, or turned down; ends no membership.
    EndContact {
        /// Whom.
        of: UserId,
    },
}

/// One change of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyChange {
    /// Who may create groups (R3).
    GroupCreation(GroupCreation),
    /// Another switch.
    Switch(Policy, bool),
    /// Whether a feature is disabled (R11).
    Disabled(Feature, bool),
}

/// The switches of a company's policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Talking with other companies at all; off is a cut of everyone's outside access (R19).
    ExternalMessaging,
    /// Opening shared rooms (R33).
    ExternalRooms,
    /// Inviting guests (R33).
    Guests,
    /// Showing read marks between companies.
    ExternalReadMarks,
    /// Making users at their first sign-in (R34).
    FirstSignIn,
}

/// Whom a cut or a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// One person.
    Person(UserId),
    /// All people of a company.
    Company(CompanyId),
}

/// What an act makes of the directory, in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// A company is.
    CompanyMade(CompanyId),
    /// Its issuer is the one given with the act.
    IssuerSet(CompanyId),
    /// The company is ended.
    CompanyEnded(CompanyId),
    /// A policy is so.
    PolicySet(CompanyId, PolicyChange),
    /// A person is.
    PersonMade(Person),
    /// Connected-membership is so.
    ConnectedSet(UserId, bool),
    /// The right to administer is so.
    AdministratorSet(UserId, bool),
    /// Suspended or not.
    ActiveSet(UserId, bool),
    /// Deleted.
    PersonDeleted(UserId),
    /// Tokens issued before now are no good.
    SignInsRevoked(UserId),
    /// Asked to be contacts: who, whom.
    ContactAsked(UserId, UserId),
    /// Contacts of each other.
    ContactMade(UserId, UserId),
    /// Contacts no longer.
    ContactEnded(UserId, UserId),
    /// Access numbers rise: every stint that noted a lower one is over at once, and a durable job
    /// writes the removals (R19). `outside` leaves internal rooms alone.
    Cut {
        /// Whose stints.
        subject: Subject,
        /// Only those in groups and shared rooms.
        outside: bool,
    },
    /// What features are off for a company's people, or in its groups, has changed: views are
    /// opened anew (R11).
    Relock(CompanyId),
    /// An entry of an inbox.
    Notice(Subject, NoticeKind),
}
