//! An entry of a room's timeline, as it is sent. Stores keep the same [`Change`].
//!
//! A change holds ids, kinds and counts, never what a person wrote; that is [`Content`], apart, so
//! that it can be sealed, replaced by an edit and erased (R22).

use crate::ids::{CompanyId, OperationId, RoomId, Seq, UserId};
use crate::words::{Cause, Feature, Features, HistoryVisibility, LeftOutReason, RoomKind, Way};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most people that one entry names; more make more entries.
pub const ENTRY_PEOPLE_MAX: usize = 500;

/// One place in a room's timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// The room.
    pub room: RoomId,
    /// Its place.
    pub seq: Seq,
    /// This place, opaque: keep the last one of a room; it is the `at` of your cursor.
    pub at: String,
    /// When the store wrote it: RFC 3339, UTC, milliseconds. For show only; order is `seq`.
    pub time: String,
    /// Who did it; absent when an administrator, the operator or a rule did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<UserId>,
    /// What happened.
    pub change: Change,
    /// What was written with it, as it stands now; absent when there is nothing or it was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// How often the text was edited; absent for never.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub version: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(version: &u32) -> bool {
    *version == 0
}

/// What people wrote. Which fields are there depends on the kind of the change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// The text of a message: `posted`, `edited`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The name of the room: `opened`, `created`, `converted`, `settings`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The description of the group: `created`, `converted`, `settings`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The reaction: `reacted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
}

impl Content {
    /// The content of a message.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }

    /// Whether nothing is written in it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A person who became a member by an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Newcomer {
    /// Who.
    pub user: UserId,
    /// His company; a guest's: the company of who invited him (R33).
    pub company: CompanyId,
    /// Whether he is a guest, who belongs to no company.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guest: bool,
}

/// A candidate who was left out, and why (R6, R13).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// Who.
    pub user: UserId,
    /// Why.
    pub reason: LeftOutReason,
}

/// What happened at a place. Messages and governance share the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// A general room was opened (R33). Always at place 1.
    Opened {
        /// Internal or shared; fixed for good.
        room_kind: RoomKind,
        /// The opener's company.
        owner: CompanyId,
        /// Who is in it.
        members: Vec<Newcomer>,
    },
    /// A group was created (R1). Always at place 1.
    Created {
        /// By which way; conversion has an entry of its own.
        way: Way,
        /// The founder's company, which pays for notes, events and folders (R23).
        owner: CompanyId,
        /// The first Group Master.
        founder: UserId,
        /// The Group Masters, the founder first.
        masters: Vec<UserId>,
        /// Who is in it; of more than 500 the rest follow in `added`.
        members: Vec<Newcomer>,
        /// Who was left out (R6).
        left_out: Vec<LeftOut>,
        /// Which features are on.
        features: Features,
        /// What a new member sees of the past.
        history: HistoryVisibility,
    },
    /// A general room became a group (R7). There is no way back.
    Converted {
        /// The founder's company.
        owner: CompanyId,
        /// Who converted it: its Group Master and founder.
        founder: UserId,
        /// Who was left out (R6): removed just before this entry.
        left_out: Vec<LeftOut>,
        /// Which features are on.
        features: Features,
        /// What a new member sees of the past.
        history: HistoryVisibility,
    },
    /// People became members; their stints begin here.
    Added {
        /// Who.
        members: Vec<Newcomer>,
        /// Who was left out (R13).
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        left_out: Vec<LeftOut>,
    },
    /// People are members no longer; their stints end here (R16).
    Removed {
        /// Who.
        users: Vec<UserId>,
        /// By what.
        cause: Cause,
    },
    /// Group Masters were appointed or dismissed (R9), or one succeeded (R20; no author then).
    Masters {
        /// Who became one.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        appointed: Vec<UserId>,
        /// Who is one no longer.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        dismissed: Vec<UserId>,
    },
    /// Settings changed (R9); a new name or description stands in the content.
    Settings {
        /// The switches that changed, and how they stand now.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        switches: Vec<Switch>,
        /// What new members see of the past from now on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        history: Option<HistoryVisibility>,
    },
    /// The group was handed to another company (R20).
    Handed {
        /// The company that owns it now.
        owner: CompanyId,
    },
    /// The room was deleted (R21). Always the last entry.
    Deleted,
    /// A message was sent.
    Posted {
        /// The sender's own id of it.
        operation: OperationId,
        /// The message that it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<Seq>,
        /// Who is mentioned.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mentions: Vec<UserId>,
        /// Whether everyone is mentioned.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        mention_all: bool,
    },
    /// A message's text was replaced. On a page it carries the text of now.
    Edited {
        /// The message.
        target: Seq,
    },
    /// A message was erased, by its author or a Group Master.
    Unsent {
        /// The message.
        target: Seq,
    },
    /// Somebody reacted to a message, or took a reaction back.
    Reacted {
        /// The message.
        target: Seq,
        /// Whether the reaction stands now.
        on: bool,
    },
    /// A message was pinned or unpinned.
    Pinned {
        /// The message.
        target: Seq,
        /// Whether it is pinned now.
        on: bool,
    },
}

/// How a feature's switch stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// Which feature.
    pub feature: Feature,
    /// Whether it is on.
    pub on: bool,
}

impl Change {
    /// The feature that this entry belongs to; `None` for governance, which always flows (R12).
    pub fn feature(&self) -> Option<Feature> {
        match self {
            Self::Posted { .. }
            | Self::Edited { .. }
            | Self::Unsent { .. }
            | Self::Reacted { .. }
            | Self::Pinned { .. } => Some(Feature::Message),
            Self::Opened { .. }
            | Self::Created { .. }
            | Self::Converted { .. }
            | Self::Added { .. }
            | Self::Removed { .. }
            | Self::Masters { .. }
            | Self::Settings { .. }
            | Self::Handed { .. }
            | Self::Deleted => None,
        }
    }

    /// The message whose text, reactions or pin this one changes: who may not see that one is told
    /// `passed` for this one too.
    pub fn rewrites(&self) -> Option<Seq> {
        match self {
            Self::Edited { target }
            | Self::Unsent { target }
            | Self::Reacted { target, .. }
            | Self::Pinned { target, .. } => Some(*target),
            Self::Opened { .. }
            | Self::Created { .. }
            | Self::Converted { .. }
            | Self::Added { .. }
            | Self::Removed { .. }
            | Self::Masters { .. }
            | Self::Settings { .. }
            | Self::Handed { .. }
            | Self::Deleted
            | Self::Posted { .. } => None,
        }
    }

    /// The name of its kind, as on the wire; for logs, counts and the audit log.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "opened",
            Self::Created { .. } => "created",
            Self::Converted { .. } => "converted",
            Self::Added { .. } => "added",
            Self::Removed { .. } => "removed",
            Self::Masters { .. } => "masters",
            Self::Settings { .. } => "settings",
            Self::Handed { .. } => "handed",
            Self::Deleted => "deleted",
            Self::Posted { .. } => "posted",
            Self::Edited { .. } => "edited",
            Self::Unsent { .. } => "unsent",
            Self::Reacted { .. } => "reacted",
            Self::Pinned { .. } => "pinned",
        }
    }
}
