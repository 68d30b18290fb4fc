//! Who and what: one type per kind of id, and the place in a timeline.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Its 16 bytes, as stores keep it.
            pub const fn bytes(self) -> [u8; 16] {
                self.0.into_bytes()
            }

            /// The id of these 16 bytes.
            pub const fn of_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

uuid_ids! {
    /// A room: a general room or a group. It keeps its id when it is converted (R7).
    RoomId,
    /// A person: a user of one company, or a guest.
    UserId,
    /// A company.
    CompanyId,
    /// A device of a person, chosen by the client once and kept (at most 20 a person).
    DeviceId,
    /// The client's own id of something it asks for; sending it again gives the same answer (R29).
    /// Use UUID v7: ids in the order of time keep the server's index small.
    OperationId,
}

/// A place in a room's timeline: 1, 2, 3, … without holes. Less than 2⁵³.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(transparent)]
pub struct Seq(#[schemars(range(max = 9_007_199_254_740_991_u64))] pub u64);

impl Seq {
    /// Before the first entry.
    pub const ZERO: Self = Self(0);
    /// The highest place that a JSON number holds exactly.
    pub const MAX: Self = Self((1 << 53) - 1);

    /// The place after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The place before this one; [`Seq::ZERO`] stays.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl std::fmt::Display for Seq {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
