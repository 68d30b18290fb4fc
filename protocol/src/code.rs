//! Why something is refused, why it failed, and why a connection is closed: closed lists, each
//! with a sentence on what to do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $word:literal $advice:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $(#[doc = $advice] $variant,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word on the wire.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// What it means and what to do.
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}

codes! {
    /// The rules say no. Asking again unchanged gets the same answer.
    RefusalCode {
        BadRequest "bad_request" "The frame's data does not fit its type; `message` says where. Mend the client.",
        UnknownType "unknown_type" "No request has this name. Mend the client, or the server is older than it.",
        HelloFirst "hello_first" "The first frame must be `hello`; say it once.",
        Unauthenticated "unauthenticated" "The token is missing, malformed, expired, revoked or of an unknown issuer. Get a new one.",
        NotFound "not_found" "There is no such thing for you. Wipe what you kept of it.",
        NotAllowed "not_allowed" "You may not do this here; it takes a Group Master or the author.",
        NotAdministrator "not_administrator" "Only an administrator of that company, or an operator, may do this.",
        GroupCreationClosed "group_creation_closed" "Your company lets only administrators create groups. Ask one.",
        ExternalRoomsClosed "external_rooms_closed" "Your company does not allow shared rooms. Ask an administrator.",
        NotConnected "not_connected" "You are not a Connected-member. Ask your administrator.",
        NotContacts "not_contacts" "The people in `users` are not contacts of who adds them. Add them to Contacts first.",
        GuestsNotAllowed "guests_not_allowed" "The people in `users` are guests, who can't be in a group; or your company invites none.",
        NobodyElse "nobody_else" "Nobody of another company is left. A group needs one.",
        NotAGeneralRoom "not_a_general_room" "Only a general room can be converted, renamed, invited to or left.",
        NotAGroup "not_a_group" "Only a group has Group Masters, settings and deletion.",
        CannotLeaveGroup "cannot_leave_group" "A group can't be left. Ask a Group Master.",
        CannotRemoveYourself "cannot_remove_yourself" "A Group Master can't remove himself. Let another one do it.",
        LastMaster "last_master" "There must always be a Group Master. Appoint another one first.",
        NotAMember "not_a_member" "The people in `users` are not members.",
        FeatureOff "feature_off" "The feature is off in this room, or off for you.",
        FeatureLocked "feature_locked" "The owner company's administrator has disabled this feature; its switch is closed.",
        WindowClosed "window_closed" "The time in which a message can be edited or unsent is over.",
        NotAMessage "not_a_message" "That place holds no message, or it was unsent.",
        TooLong "too_long" "A name, description, text or list is longer than allowed; `message` says which.",
        Empty "empty" "A name or text is empty; `message` says which.",
        RoomFull "room_full" "The room has as many members as it may have.",
        TooManyGroups "too_many_groups" "The people in `users` are in as many groups as a person may be.",
        DifferentContent "different_content" "This operation id was used for something else. Take a new id.",
        SameCompany "same_company" "That person is of your own company.",
        Exists "exists" "It exists already.",
        OwnerEnded "owner_ended" "The company has been ended.",
        PersonInactive "person_inactive" "The person is suspended or deleted.",
        TooManyDevices "too_many_devices" "You have as many devices as a person may have. Come back as one of them: a device is forgotten when it was unseen for 90 days.",
        TooManyInvitations "too_many_invitations" "As many invitations of this room are open as may be. Wait until one is redeemed or ends.",
        FrameTooLarge "frame_too_large" "A frame may hold 64 KiB.",
    }
}

codes! {
    /// It could not be done now; the same request may succeed later.
    FailureCode {
        Unavailable "unavailable" "The store can't be reached or is full. Try again after `retry_after_ms`.",
        RateLimited "rate_limited" "Too many requests. Try again after `retry_after_ms`.",
        ChangedMeanwhile "changed_meanwhile" "What you may see changed while the answer was made. Ask again.",
        Internal "internal" "The server made a mistake. Try again; tell the operator if it stays.",
    }
}

#[expect(clippy::module_name_repetitions, reason = "`Close` alone says too little")]
/// Why the server closes a connection. 4000–4499: come back, with backoff and your cursors.
/// 4500–4999: do not come back unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CloseCode {
    /// 4000: the server made a mistake. Come back.
    Internal,
    /// 4001: the server is going down or being updated. Come back after `after_ms` of `closing`.
    Draining,
    /// 4002: this server can't reach its store. Come back, to another node if there is one.
    Isolated,
    /// 4003: the connection was silent: no pong came. Come back.
    Silent,
    /// 4004: you read too slowly and too much was waiting. Come back and resume.
    SlowConsumer,
    /// 4005: too many requests. Come back after 5 s at least.
    RateLimited,
    /// 4006: the token expired. Get a new one, then come back.
    TokenExpired,
    /// 4500: a frame was not what the protocol says. Mend the client.
    BadFrame,
    /// 4501: the token is not good. Get another one.
    Unauthenticated,
    /// 4502: your sign-ins were revoked, or you were suspended or deleted.
    Revoked,
    /// 4503: the same device connected again; the newer connection stays.
    Replaced,
    /// 4504: no `hello` came in time.
    NoHello,
    /// 4505: a frame was larger than 64 KiB.
    FrameTooLarge,
    /// 4506: you have as many connections as you may have.
    TooManyConnections,
}

impl CloseCode {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Internal,
        Self::Draining,
        Self::Isolated,
        Self::Silent,
        Self::SlowConsumer,
        Self::RateLimited,
        Self::TokenExpired,
        Self::BadFrame,
        Self::Unauthenticated,
        Self::Revoked,
        Self::Replaced,
        Self::NoHello,
        Self::FrameTooLarge,
        Self::TooManyConnections,
    ];

    /// The number in the close frame.
    pub const fn number(self) -> u16 {
        match self {
            Self::Internal => 4000,
            Self::Draining => 4001,
            Self::Isolated => 4002,
            Self::Silent => 4003,
            Self::SlowConsumer => 4004,
            Self::RateLimited => 4005,
            Self::TokenExpired => 4006,
            Self::BadFrame => 4500,
            Self::Unauthenticated => 4501,
            Self::Revoked => 4502,
            Self::Replaced => 4503,
            Self::NoHello => 4504,
            Self::FrameTooLarge => 4505,
            Self::TooManyConnections => 4506,
        }
    }

    /// Whether a client shall come back by itself.
    pub const fn reconnect(self) -> bool {
        self.number() < 4500
    }

    /// The reason in the close frame: what to do.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Internal => "the server made a mistake: come back",
            Self::Draining => "the server is going down: come back soon",
            Self::Isolated => "the store can't be reached: come back",
            Self::Silent => "no pong came: come back",
            Self::SlowConsumer => "you read too slowly: come back and resume",
            Self::RateLimited => "too many requests: come back after 5 s",
            Self::TokenExpired => "the token expired: get a new one and come back",
            Self::BadFrame => "that was no frame of the protocol",
            Self::Unauthenticated => "the token is not good",
            Self::Revoked => "your sign-ins were revoked",
            Self::Replaced => "this device connected again",
            Self::NoHello => "no hello came in time",
            Self::FrameTooLarge => "a frame may hold 64 KiB",
            Self::TooManyConnections => "you have too many connections",
        }
    }
}
