//! The port to companies, people, contacts, policies and inboxes. The same stores keep it, in the
//! same transactions as the timelines.

use crate::authority::{Act, Actor, Effect, Time};
use crate::timeline::{Fence, NotAppended, Noticed, Profile};
use crosstalk_protocol::answer::ContactState;
use crosstalk_protocol::ids::{CompanyId, DeviceId, OperationId, RoomId, UserId};
use futures::future::BoxFuture;

/// An act with what the rules do not see: names, keys, subjects.
#[derive(Debug, Clone)]
pub struct Deed {
    /// Who acts.
    pub actor: Actor,
    /// What.
    pub act: Act,
    /// What the record is to hold.
    pub record: Record,
}

/// What a record of the directory holds besides what the rules see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// A company's or a person's name (1–100 characters).
    pub name: String,
    /// A person's subject at his company's issuer (1–255 bytes), unique in the company for good.
    pub subject: String,
    /// A person's exact address, by which others ask him to be contacts; unique in the server.
    pub address: Option<String>,
    /// Of [`Act::RequestContact`]: the address asked for, which the store resolves to a person.
    pub asked_address: Option<String>,
    /// A company's issuer: the `iss` of its tokens, unique in the server.
    pub issuer: Option<String>,
    /// The `aud` it demands.
    pub audience: Option<String>,
    /// Its key set, a JWKS document.
    pub keys: Option<String>,
}

/// What an act brought.
#[derive(Debug)]
pub struct Done {
    /// The effects, in order; empty where it was so already.
    pub effects: Vec<Effect>,
    /// When every follower has applied it.
    pub fence: Fence,
    /// The durable job that finishes it (withdrawals), if any.
    pub job: Option<u64>,
}

/// A person who signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// Who.
    pub user: UserId,
    /// His company, or that of who invited him.
    pub company: CompanyId,
    /// Whether he administers it.
    pub administrator: bool,
    /// Whether he is a guest.
    pub guest: bool,
}

/// Why somebody may not sign in. The client is told `unauthenticated`, whatever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignInRefused {
    /// No such person, and none is made at the first sign-in.
    #[error("no such person")]
    Unknown,
    /// Suspended or deleted, or the company was ended.
    #[error("inactive")]
    Inactive,
    /// The token was issued before sign-ins were revoked.
    #[error("revoked")]
    Revoked,
}

/// What waits for a device.
#[derive(Debug, Clone)]
pub struct Greeting {
    /// The device was not known though it named an inbox place: it must wipe all.
    pub wipe: bool,
    /// Inbox entries after its place (his own and his company's), oldest first, at most 100.
    pub notices: Vec<Noticed>,
    /// More wait after them.
    pub more: bool,
}

/// A company as the server knows it.
#[derive(Debug, Clone)]
pub struct CompanyRecord {
    /// What the rules know.
    pub company: crate::authority::Company,
    /// Its name, issuer and keys.
    pub record: Record,
}

/// A person as his administrator sees him.
#[derive(Debug, Clone)]
pub struct PersonRecord {
    /// What the rules know.
    pub person: crate::authority::Person,
    /// His name, subject and address.
    pub record: Record,
}

/// A contact of somebody, or one to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Who, as others see him.
    pub profile: Profile,
    /// How the two stand.
    pub state: ContactState,
}

/// A durable job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub number: u64,
    /// What it does: `withdrawal` or `purge`.
    pub kind: &'static str,
    /// Rooms (of a withdrawal) or rows (of a purge) done so far.
    pub done: u64,
    /// Whether it is finished.
    pub finished: bool,
}

/// An invitation as it is kept: never its secret, only a hash.
#[derive(Debug, Clone)]
pub struct OpenInvitation {
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// Whereto.
    pub room: RoomId,
    /// Who invites.
    pub inviter: UserId,
    /// When it ends.
    pub ends: Time,
}

/// Companies, people and inboxes of a store.
pub trait Directory: Send + Sync + 'static {
    /// Judges an act on the records of now and writes its effects; durable when it returns.
    fn act(&self, deed: Deed) -> BoxFuture<'_, Result<Done, NotAppended>>;

    /// The person of a company's token; `issued` is the token's `iat`.
    fn sign_in(
        &self,
        company: CompanyId,
        subject: String,
        issued: Time,
    ) -> BoxFuture<'_, Result<Result<SignIn, SignInRefused>, crate::timeline::Error>>;

    /// A guest of the server's own issuer; his subject is his id.
    fn sign_in_guest(
        &self,
        user: UserId,
        issued: Time,
    ) -> BoxFuture<'_, Result<Result<SignIn, SignInRefused>, crate::timeline::Error>>;

    /// Registers a device (≤ 20 a person; one unseen for 90 days is forgotten) and tells what waits
    /// after the inbox place that it names, which is acknowledged by that. A device that is new
    /// and names none starts at the inbox's end. `Refused(TooManyDevices)` beyond the limit.
    fn greet(
        &self,
        user: UserId,
        device: DeviceId,
        inbox: Option<u64>,
    ) -> BoxFuture<'_, Result<Greeting, NotAppended>>;

    /// Inbox entries (his own and his company's) after a place, oldest first, at most so many, with
    /// whether more wait after them. Acknowledges nothing.
    fn inbox(
        &self,
        user: UserId,
        after: u64,
        limit: u32,
    ) -> BoxFuture<'_, Result<(Vec<Noticed>, bool), crate::timeline::Error>>;

    /// A device has dealt with its inbox up to a place; never goes back. A person's own notices that
    /// each of his devices has dealt with are kept no longer (R17).
    fn acknowledge(
        &self,
        user: UserId,
        device: DeviceId,
        inbox: u64,
    ) -> BoxFuture<'_, Result<(), crate::timeline::Error>>;

    /// A person's contacts after one of them, in the order of ids, with whether there are more.
    fn contacts(
        &self,
        user: UserId,
        after: Option<UserId>,
        limit: u32,
    ) -> BoxFuture<'_, Result<(Vec<Contact>, bool), crate::timeline::Error>>;

    /// The other people of a user's own company who are neither suspended nor deleted, after one of
    /// them, in the order of ids, with whether there are more. A guest has none.
    fn colleagues(
        &self,
        user: UserId,
        after: Option<UserId>,
        limit: u32,
    ) -> BoxFuture<'_, Result<(Vec<Profile>, bool), crate::timeline::Error>>;

    /// All companies with their issuers, ended ones included: read at start and after
    /// [`Effect::IssuerSet`], [`Effect::CompanyMade`] and [`Effect::CompanyEnded`].
    fn companies(&self) -> BoxFuture<'_, Result<Vec<CompanyRecord>, crate::timeline::Error>>;

    /// A company's people after one of them.
    fn people_of(
        &self,
        company: CompanyId,
        after: Option<UserId>,
        limit: u32,
    ) -> BoxFuture<'_, Result<(Vec<PersonRecord>, bool), crate::timeline::Error>>;

    /// Keeps an invitation open, by a member who may (R33): decided with the room.
    fn invite_guest(
        &self,
        invitation: OpenInvitation,
        operation: OperationId,
    ) -> BoxFuture<'_, Result<(), NotAppended>>;

    /// Redeems an invitation once: makes the guest of this id and name and lets him in, in one
    /// transaction. `Refused(not_found)` for whatever is no open invitation.
    fn redeem(
        &self,
        hash: [u8; 32],
        guest: UserId,
        name: String,
    ) -> BoxFuture<'_, Result<(SignIn, RoomId), NotAppended>>;

    /// The jobs that are not finished, and the last finished ones.
    fn jobs(&self) -> BoxFuture<'_, Result<Vec<Job>, crate::timeline::Error>>;
}
