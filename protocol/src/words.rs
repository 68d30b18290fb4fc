//! The closed sets of words that rules, frames and stores share.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A feature of a group. A general room has [`Feature::Message`] only (R33).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// Talking: messages, reactions, pins, read marks.
    Message,
    /// Titled posts.
    Note,
    /// Calendar events.
    Event,
    /// Files in a tree.
    Folder,
}

impl Feature {
    /// All of them, in the order of their names here.
    pub const ALL: [Self; 4] = [Self::Message, Self::Note, Self::Event, Self::Folder];

    const fn bit(self) -> u8 {
        match self {
            Self::Message => 1,
            Self::Note => 2,
            Self::Event => 4,
            Self::Folder => 8,
        }
    }
}

/// A set of features; on the wire an array of their names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Vec<Feature>", into = "Vec<Feature>")]
#[schemars(with = "Vec<Feature>")]
pub struct Features(u8);

impl Features {
    /// No feature.
    pub const NONE: Self = Self(0);
    /// Every feature.
    pub const ALL: Self = Self(15);

    /// As stores keep it; see [`Features::of_bits`].
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set of these bits; unknown bits are dropped.
    pub const fn of_bits(bits: u8) -> Self {
        Self(bits & 15)
    }

    /// Whether the feature is in the set.
    pub const fn has(self, feature: Feature) -> bool {
        self.0 & feature.bit() != 0
    }

    /// The set with the feature in it or not.
    #[must_use]
    pub const fn with(self, feature: Feature, on: bool) -> Self {
        if on { Self(self.0 | feature.bit()) } else { Self(self.0 & !feature.bit()) }
    }

    /// What is in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both sets.
    #[must_use]
    pub const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is not in the set.
    #[must_use]
    pub const fn others(self) -> Self {
        Self(!self.0 & 15)
    }

    /// Whether nothing is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl From<Vec<Feature>> for Features {
    fn from(list: Vec<Feature>) -> Self {
        list.into_iter().fold(Self::NONE, |set, feature| set.with(feature, true))
    }
}

impl From<Features> for Vec<Feature> {
    fn from(set: Features) -> Self {
        Feature::ALL.into_iter().filter(|feature| set.has(*feature)).collect()
    }
}

/// What a new member sees of the time before him (R14).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HistoryVisibility {
    /// Nothing: only his own stints.
    #[default]
    SinceJoined,
    /// Everything.
    All,
}

/// What kind of room it is. Only [`RoomKind::Group`] has a Group Master.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoomKind {
    /// A general room of one company's people, with or without guests (R33).
    Internal,
    /// A general room of several companies' people (R33).
    Shared,
    /// An external group.
    Group,
}

impl RoomKind {
    /// Whether Connected-membership is needed to be in it: groups and shared rooms (R19, R33).
    pub const fn is_outside(self) -> bool {
        match self {
            Self::Internal => false,
            Self::Shared | Self::Group => true,
        }
    }
}

/// Which of the four ways led to a group (R1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// People picked in Contacts.
    Contacts,
    /// A new room with external people in Message.
    Message,
    /// A general room that was converted.
    Conversion,
    /// By an administrator.
    Administrator,
}

/// Why somebody was removed, as others see it; never more than this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A Group Master removed him.
    Master,
    /// His administrator, or the operator, took his right to be here (R19), or a conversion did (R7).
    Administrator,
    /// He left a general room (R15).
    Left,
}

/// Why a candidate was left out of a creation or an addition (R6, R13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeftOutReason {
    /// His company's administrator has not permitted him to talk with other companies.
    NotConnected,
}

/// Who may create groups in a company (R3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupCreation {
    /// Administrators only.
    Administrators,
    /// Members too.
    #[default]
    AlsoMembers,
}
