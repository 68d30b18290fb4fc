//! What somebody knows of a room from the time when it was his, and the twin of each id that never
//! was anything.

use crate::people::governing::settings;
use crate::people::talking::message;
use crate::people::{Person, operation};
use crosstalk_loadtest::Asks;
use crosstalk_protocol::ids::{RoomId, Seq, UserId};
use crosstalk_protocol::request::{
    Add, Appoint, Cursor, Dismiss, Edit, Invite, InviteGuest, Pin, React, Remove, Rename, Request,
    Send, Settings, Unsend,
};
use crosstalk_protocol::words::RoomKind;
use uuid::Uuid;

/// What he has kept: ids, places, his own commands, whom he saw there.
#[derive(Clone)]
pub(crate) struct Past {
    pub(crate) room: RoomId,
    pub(crate) stint: Seq,
    pub(crate) at: String,
    /// The last place that he was told.
    pub(crate) head: Seq,
    /// A message of his and one of somebody else.
    pub(crate) messages: [Seq; 2],
    /// His commands to the room that were carried out.
    pub(crate) done: Vec<Request>,
    /// People whom he saw nowhere else, and the address of the first.
    pub(crate) people: Vec<UserId>,
    pub(crate) address: String,
    /// Tokens of others, which are nothing on his connection.
    pub(crate) tokens: Vec<String>,
    /// Invitations that end with his membership.
    pub(crate) invitations: Vec<String>,
}

impl Past {
    /// His cursors: as he left off, as on a first visit, and two that never were.
    pub(crate) fn cursors(&self) -> Vec<Cursor> {
        let Self { room, stint, at, .. } = self;
        let cursor = |stint, at| Cursor { room: *room, stint, at };
        vec![
            cursor(Some(*stint), Some(at.clone())),
            cursor(None, None),
            cursor(Some(stint.next()), Some(at.clone())),
            cursor(Some(*stint), Some("junk".to_owned())),
        ]
    }

    /// The same, but that it is this person whom he saw nowhere else.
    pub(crate) fn about(&self, person: &Person) -> Self {
        Self {
            people: vec![person.id],
            address: person.address.clone(),
            tokens: person.target().token.into_iter().collect(),
            ..self.clone()
        }
    }

    /// Whom he asks about.
    pub(crate) fn user(&self) -> UserId {
        self.people[0]
    }

    /// All that he has kept and its twins.
    pub(crate) fn twins(&self) -> Twins {
        let mut twins = Twins::of(&[self.room.0]);
        twins.ids(self.people.iter().map(|user| user.0));
        for text in [&self.address].into_iter().chain(&self.tokens).chain(&self.invitations) {
            twins.text(text);
        }
        twins
    }
}

/// What there is, and in its place what never was, of the same shape and the same place in any
/// order.
pub(crate) struct Twins(Vec<(String, String)>);

impl Twins {
    /// Of these ids.
    pub(crate) fn of(ids: &[Uuid]) -> Self {
        let mut twins = Self(Vec::new());
        twins.ids(ids.iter().copied());
        twins
    }

    /// Of a text too.
    pub(crate) fn and_text(mut self, text: &str) -> Self {
        if !text.is_empty() {
            self.text(text);
        }
        self
    }

    fn ids(&mut self, ids: impl Iterator<Item = Uuid>) {
        let twin = |id: Uuid| Uuid::from_u128(id.as_u128() ^ 1);
        self.0.extend(ids.map(|id| (id.to_string(), twin(id).to_string())));
    }

    /// Of what is no id: another letter in its middle.
    fn text(&mut self, text: &str) {
        let mut twin: Vec<char> = text.chars().collect();
        let middle = twin.len() / 2;
        twin[middle] = if twin[middle] == 'q' { 'z' } else { 'q' };
        self.0.push((text.to_owned(), twin.into_iter().collect()));
    }

    /// The same text about what never was.
    pub(crate) fn in_place(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (real, twin)| text.replace(real, twin))
    }
}

/// A life in a room, as it goes on: whose, and with whom.
pub(crate) struct Life<'a> {
    pub(crate) who: &'a Person,
    pub(crate) room: RoomId,
    /// Somebody who is there too.
    pub(crate) other: &'a Person,
    /// Somebody of his own company, who is not.
    pub(crate) colleague: &'a Person,
    done: Vec<Request>,
}

impl<'a> Life<'a> {
    pub(crate) fn new(
        who: &'a Person,
        room: RoomId,
        other: &'a Person,
        colleague: &'a Person,
    ) -> Self {
        Self { who, room, other, colleague, done: Vec::new() }
    }

    async fn does<R: Asks + Clone>(&mut self, request: R) -> R::Answer {
        let answer = self.who.asks(request.clone()).await;
        self.done.push(request.into());
        answer.unwrap_or_else(|error| panic!("{}: {error}", self.who.name))
    }

    /// He says, edits, erases, reacts and pins; says where his message is, and the other's.
    async fn talks(&mut self) -> [Seq; 2] {
        let room = self.room;
        let theirs = self.other.says(room, "welcome").await;
        let mine = self.does(message(room, operation(), "my work")).await.seq;
        let reply = message(room, operation(), "thanks");
        let reply = Send { reply_to: Some(theirs), mentions: vec![self.other.id], ..reply };
        let reply = self.does(reply).await.seq;
        let text = "my works".to_owned();
        self.does(Edit { room, operation: operation(), target: mine, text }).await;
        let emoji = "👍".to_owned();
        self.does(React { room, operation: operation(), target: theirs, emoji, on: true }).await;
        self.does(Pin { room, operation: operation(), target: theirs, on: true }).await;
        self.does(Unsend { room, operation: operation(), target: reply }).await;
        [mine, theirs]
    }

    /// As a Group Master: everything but what would end it.
    pub(crate) async fn governs(mut self) -> Past {
        let messages = self.talks().await;
        let (room, user) = (self.room, self.colleague.id);
        let users = vec![user];
        let description = Some("what it is about".to_owned());
        self.does(Settings { description, ..settings(room) }).await;
        self.does(Add { room, operation: operation(), users: users.clone() }).await;
        self.does(Appoint { room, operation: operation(), user }).await;
        self.does(Dismiss { room, operation: operation(), user }).await;
        self.does(Remove { room, operation: operation(), users }).await;
        self.remembers(messages, Vec::new()).await
    }

    /// In a general room: everything but leaving.
    pub(crate) async fn hosts(mut self) -> Past {
        let messages = self.talks().await;
        let room = self.room;
        self.does(Rename { room, operation: operation(), name: "ours".to_owned() }).await;
        let users = vec![self.colleague.id];
        self.does(Invite { room, operation: operation(), users }).await;
        let invitation = self.does(InviteGuest { room, operation: operation() }).await;
        self.remembers(messages, vec![invitation.invitation]).await
    }

    /// As a guest: he talks.
    pub(crate) async fn visits(mut self) -> Past {
        let messages = self.talks().await;
        self.remembers(messages, Vec::new()).await
    }

    async fn remembers(self, messages: [Seq; 2], invitations: Vec<String>) -> Past {
        let Self { who, room, other, done, .. } = self;
        let last = other.says(room, "the last he saw").await;
        who.is_at(room, last).await;
        let hand = who.hand().await;
        let kept = hand.device.replica().room(room).unwrap();
        assert!(kept.kind() != Some(RoomKind::Group) || invitations.is_empty());
        Past {
            room,
            stint: kept.stint(),
            at: kept.at().to_owned(),
            head: kept.through(),
            messages,
            done,
            people: vec![other.id],
            address: other.address.clone(),
            tokens: other.target().token.into_iter().collect(),
            invitations,
        }
    }
}
