//! Contacts, and what is done to rooms and memberships.

use super::{Person, ids, operation};
use crosstalk_loadtest::Error;
use crosstalk_protocol::answer::Accepted;
use crosstalk_protocol::entry::Switch;
use crosstalk_protocol::ids::{RoomId, Seq, UserId};
use crosstalk_protocol::push::NoticeKind;
use crosstalk_protocol::request::{
    AcceptContact, Add, Appoint, Convert, CreateFromContacts, CreateFromMessage, Delete, Dismiss,
    Invite, Leave, Open, Remove, RequestContact, Settings,
};
use crosstalk_protocol::words::{Feature, HistoryVisibility, RoomKind};

/// A change of settings that changes nothing yet.
pub(crate) fn settings(room: RoomId) -> Settings {
    Settings {
        room,
        operation: operation(),
        name: None,
        description: None,
        switches: Vec::new(),
        history: None,
    }
}

/// A creation from Contacts with these people.
pub(crate) fn creation(name: &str, members: Vec<UserId>) -> CreateFromContacts {
    let description = String::new();
    CreateFromContacts { operation: operation(), name: name.to_owned(), description, members }
}

/// The opening of a general room with these people.
pub(crate) fn opening(room_kind: RoomKind, name: &str, members: Vec<UserId>) -> Open {
    Open { operation: operation(), room_kind, name: name.to_owned(), members }
}

impl Person {
    /// Asks the other one by his address; he accepts.
    pub(crate) async fn is_contact_of(&self, other: &Self) {
        self.asks(RequestContact { address: other.address.clone() }).await.unwrap();
        other.is_told(NoticeKind::ContactRequested { user: self.id }).await;
        other.asks(AcceptContact { user: self.id }).await.unwrap();
        self.is_told(NoticeKind::ContactAccepted { user: other.id }).await;
    }

    /// Picks people in Contacts and makes a group; all of them have seen it when it is done.
    pub(crate) async fn creates_a_group(&self, name: &str, members: &[&Self]) -> RoomId {
        let made = self.asks(creation(name, ids(members))).await;
        let room = made.unwrap_or_else(|error| panic!("{}: {error}", self.name)).room;
        self.follows(room).await;
        for member in members {
            member.follows(room).await;
        }
        room
    }

    /// Makes a group from Message, as a new room with external people.
    pub(crate) async fn creates_from_message(
        &self,
        name: &str,
        members: &[&Self],
    ) -> Result<Accepted, Error> {
        let members = ids(members);
        self.asks(CreateFromMessage { operation: operation(), name: name.to_owned(), members })
            .await
    }

    /// Opens a general room; all of them have seen it when it is done.
    pub(crate) async fn opens(&self, kind: RoomKind, name: &str, members: &[&Self]) -> RoomId {
        let room = self.asks(opening(kind, name, ids(members))).await.unwrap().room;
        self.follows(room).await;
        for member in members {
            member.follows(room).await;
        }
        room
    }

    /// Makes a group of a general room.
    pub(crate) async fn converts(&self, room: RoomId, name: &str) -> Result<Accepted, Error> {
        let (name, description) = (name.to_owned(), String::new());
        self.asks(Convert { room, operation: operation(), name, description }).await
    }

    /// Brings people into a general room.
    pub(crate) async fn invites(&self, room: RoomId, users: &[&Self]) -> Result<Accepted, Error> {
        self.asks(Invite { room, operation: operation(), users: ids(users) }).await
    }

    /// Leaves a general room.
    pub(crate) async fn leaves(&self, room: RoomId) -> Result<Accepted, Error> {
        self.asks(Leave { room, operation: operation() }).await
    }

    /// Adds members to a group.
    pub(crate) async fn adds(&self, room: RoomId, users: &[&Self]) -> Result<Accepted, Error> {
        self.asks(Add { room, operation: operation(), users: ids(users) }).await
    }

    /// Removes members from a group.
    pub(crate) async fn removes(&self, room: RoomId, users: &[&Self]) -> Result<Accepted, Error> {
        self.asks(Remove { room, operation: operation(), users: ids(users) }).await
    }

    /// Is removed by a Group Master; says at which place.
    pub(crate) async fn is_removed_by(&self, master: &Self, room: RoomId) -> Seq {
        let removed = master.removes(room, &[self]).await.unwrap();
        assert!(removed.effective, "a removal is answered once it is effective");
        removed.seq
    }

    /// Makes a member a Group Master.
    pub(crate) async fn appoints(&self, room: RoomId, user: &Self) -> Result<Accepted, Error> {
        self.asks(Appoint { room, operation: operation(), user: user.id }).await
    }

    /// Makes a Group Master a mere member.
    pub(crate) async fn dismisses(&self, room: RoomId, user: &Self) -> Result<Accepted, Error> {
        self.asks(Dismiss { room, operation: operation(), user: user.id }).await
    }

    /// Switches a feature.
    pub(crate) async fn switches(
        &self,
        room: RoomId,
        feature: Feature,
        on: bool,
    ) -> Result<Accepted, Error> {
        let switches = vec![Switch { feature, on }];
        self.asks(Settings { switches, ..settings(room) }).await
    }

    /// Sets what new members see of the past.
    pub(crate) async fn shows_history(&self, room: RoomId, history: HistoryVisibility) {
        let history = Some(history);
        self.asks(Settings { history, ..settings(room) }).await.unwrap();
    }

    /// Deletes a group.
    pub(crate) async fn deletes(&self, room: RoomId) -> Result<Accepted, Error> {
        self.asks(Delete { room, operation: operation() }).await
    }
}
