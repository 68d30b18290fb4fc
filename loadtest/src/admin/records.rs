//! What goes over HTTP, as the server names it.

use crosstalk_protocol::ids::{CompanyId, RoomId, UserId};
use crosstalk_protocol::words::{Features, GroupCreation};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A company's issuer: whose tokens are its people's.
#[derive(Debug, Clone, Serialize)]
pub struct Issuer {
    /// The `iss` of its tokens.
    pub issuer: String,
    /// The `aud` that they must name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Its public keys, a JWKS.
    pub keys: Value,
}

/// A company.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Company {
    /// Which.
    pub company: CompanyId,
    /// Its name.
    pub name: String,
}

/// A user to be.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NewUser {
    /// Who he is at his company's issuer.
    pub subject: String,
    /// His name.
    pub name: String,
    /// The exact address that others find him by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Whether he administers his company.
    pub administrator: bool,
    /// Whether he may talk with other companies.
    pub connected: bool,
}

/// A user.
#[expect(clippy::struct_excessive_bools, reason = "independent switches, as the server names them")]
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// Who.
    pub user: UserId,
    /// His company.
    pub company: CompanyId,
    /// Who he is at his company's issuer.
    pub subject: String,
    /// His name.
    pub name: String,
    /// Whether he administers his company.
    pub administrator: bool,
    /// Whether he may talk with other companies.
    pub connected: bool,
    /// Whether he may sign in.
    pub active: bool,
    /// Whether his account was deleted.
    #[serde(default)]
    pub deleted: bool,
}

/// What shall change of a user; what is absent stays.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct UserPatch {
    /// Whether he may talk with other companies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connected: Option<bool>,
    /// Whether he administers his company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub administrator: Option<bool>,
    /// Whether he may sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

/// What shall change of a company's policy; what is absent stays.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct PolicyPatch {
    /// Who may create groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_creation: Option<GroupCreation>,
    /// Whether its people may talk with other companies at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_messaging: Option<bool>,
    /// Whether they may open shared rooms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_rooms: Option<bool>,
    /// Whether they may invite guests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guests: Option<bool>,
    /// Whether read marks are shown between companies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_read_marks: Option<bool>,
    /// Whether a good token of an unknown subject makes a user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_sign_in: Option<bool>,
    /// All features that shall be disabled, and no others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Features>,
}

/// A group that an administrator makes.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NewGroup {
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// The Group Masters; the first one, of the administrator's own company, is the founder.
    pub masters: Vec<UserId>,
    /// Who else shall be in it.
    pub members: Vec<UserId>,
}

/// What a guest gets for his invitation.
#[derive(Debug, Clone, Deserialize)]
pub struct Redeemed {
    /// His token.
    pub token: String,
    /// His id.
    pub user: UserId,
    /// The company of who invited him.
    pub company: CompanyId,
    /// Where he was let in.
    pub room: RoomId,
}

/// A durable job.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Job {
    /// Its number.
    pub number: u64,
    /// What it does.
    pub kind: String,
    /// How much of it is done: rooms of a withdrawal, rows of a purge.
    pub done: u64,
    /// Whether it is finished.
    pub finished: bool,
}
