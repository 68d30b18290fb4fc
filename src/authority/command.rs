//! What can be asked of a room.

use crosstalk_protocol::entry::{Content, Switch};
use crosstalk_protocol::ids::{CompanyId, OperationId, Seq, UserId};
use crosstalk_protocol::words::{HistoryVisibility, RoomKind, Way};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A person, as a member or one to be.
    Person(UserId),
    /// An administrator, for his own company (R31).
    Administrator(UserId),
    /// Who runs the server.
    Operator,
    /// A rule: a durable job that writes what is already so.
    Rule,
}

impl Actor {
    /// The person who acts, if one does.
    pub const fn person(self) -> Option<UserId> {
        match self {
            Self::Person(user) | Self::Administrator(user) => Some(user),
            Self::Operator | Self::Rule => None,
        }
    }
}

/// A command with who asks and under which id of his own (R29).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Who asks.
    pub actor: Actor,
    /// His own id of it.
    pub operation: OperationId,
    /// What he asks.
    pub command: Command,
}

/// A command to one room. [`Command::Create`] and [`Command::Open`] make it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of protocol's requests, described there")]
pub enum Command {
    /// Send a message (R25).
    Post { text: String, reply_to: Option<Seq>, mentions: Vec<UserId>, mention_all: bool },
    /// Replace a message's text (R25).
    Edit { target: Seq, text: String },
    /// Erase a message (R25).
    Unsend { target: Seq },
    /// React, or take it back (R25).
    React { target: Seq, emoji: String, on: bool },
    /// Pin or unpin (R25).
    Pin { target: Seq, on: bool },
    /// Create a group (R1, R2). `masters` is empty but for an administrator's creation, where the
    /// first named is the founder.
    Create {
        way: Way,
        name: String,
        description: String,
        members: Vec<UserId>,
        masters: Vec<UserId>,
    },
    /// Make a group of a general room (R7).
    Convert { name: String, description: String },
    /// Open a general room (R33).
    Open { kind: RoomKind, name: String, members: Vec<UserId> },
    /// Bring people into a general room (R33).
    Invite { users: Vec<UserId> },
    /// Whether he may invite a guest here; writes nothing (R33).
    InviteGuest,
    /// A guest comes in by an invitation that the store found open (R33).
    Enter { guest: UserId, inviter: UserId },
    /// Rename a general room (R33).
    Rename { name: String },
    /// Leave a general room (R15).
    Leave,
    /// Add members to a group (R13).
    Add { users: Vec<UserId> },
    /// Remove members from a group (R16).
    Remove { users: Vec<UserId> },
    /// Make a member a Group Master (R9).
    Appoint { user: UserId },
    /// Make a Group Master a mere member (R10).
    Dismiss { user: UserId },
    /// Change settings (R9).
    Settings {
        name: Option<String>,
        description: Option<String>,
        switches: Vec<Switch>,
        history: Option<HistoryVisibility>,
    },
    /// Delete a group (R21).
    Delete,
    /// The owner company's administrator names a Group Master of a group that has none (R20).
    NameMaster { user: UserId },
    /// The operator hands the group of an ended company to another one (R20).
    Hand { to: CompanyId },
    /// Write the removals of members whose access has ended (R19), and nothing else.
    Settle,
}

impl Command {
    /// Whether it is talk only: decided without a look at the other members.
    pub const fn is_content(&self) -> bool {
        matches!(
            self,
            Self::Post { .. }
                | Self::Edit { .. }
                | Self::Unsend { .. }
                | Self::React { .. }
                | Self::Pin { .. }
        )
    }

    /// Whether it makes the room.
    pub const fn makes_room(&self) -> bool {
        matches!(self, Self::Create { .. } | Self::Open { .. })
    }

    /// The message that it is about.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others have none")]
    pub const fn target(&self) -> Option<Seq> {
        match self {
            Self::Edit { target, .. }
            | Self::Unsend { target }
            | Self::React { target, .. }
            | Self::Pin { target, .. } => Some(*target),
            Self::Post { reply_to, .. } => *reply_to,
            _ => None,
        }
    }

    /// The people whom it names.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others have none")]
    pub fn named(&self) -> Vec<UserId> {
        match self {
            Self::Create { members, masters, .. } => [members.as_slice(), masters].concat(),
            Self::Post { mentions: users, .. }
            | Self::Open { members: users, .. }
            | Self::Invite { users }
            | Self::Add { users }
            | Self::Remove { users } => users.clone(),
            Self::Appoint { user } | Self::Dismiss { user } | Self::NameMaster { user } => {
                vec![*user]
            }
            Self::Enter { guest, inviter } => vec![*guest, *inviter],
            _ => Vec::new(),
        }
    }

    /// What it writes of people's own words: to be sealed and kept with the entry it makes.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others have none")]
    pub fn content(&self) -> Option<Content> {
        let content = match self {
            Self::Post { text, .. } | Self::Edit { text, .. } => Content::text(text.as_str()),
            Self::React { emoji, .. } => {
                Content { emoji: Some(emoji.clone()), ..Content::default() }
            }
            Self::Create { name, description, .. } | Self::Convert { name, description } => {
                Content {
                    name: Some(name.clone()),
                    description: Some(description.clone()),
                    ..Content::default()
                }
            }
            Self::Open { name, .. } | Self::Rename { name } => {
                Content { name: Some(name.clone()), ..Content::default() }
            }
            Self::Settings { name, description, .. } => Content {
                name: name.clone(),
                description: description.clone(),
                ..Content::default()
            },
            _ => Content::default(),
        };
        (!content.is_empty()).then_some(content)
    }
}
