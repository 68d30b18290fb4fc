//! Carrying lines out.

use super::line::{Change, HELP, Line};
use super::{Chat, operation};
use crosstalk_loadtest::{Asks, Error};
use crosstalk_protocol::answer::Accepted;
use crosstalk_protocol::ids::{RoomId, Seq, UserId};
use crosstalk_protocol::request::{
    AcceptContact, Add, Appoint, Convert, CreateFromContacts, CreateFromMessage, Delete, Dismiss,
    Edit, Invite, Leave, Open, Pin, React, Remove, RequestContact, Send, Settings, Unsend,
};
use crosstalk_protocol::words::RoomKind;

/// What comes after a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The next one.
    Line,
    /// The end.
    Quit,
}

pub(super) type Done = Result<(), Error>;

impl Chat {
    /// Does what a line asks for.
    pub(super) async fn carry_out(&mut self, line: &str) -> Result<Next, Error> {
        if let Some(room) = self.confirming.take() {
            self.delete(room, line.trim()).await?;
            return Ok(Next::Line);
        }
        match Line::parse(line) {
            Ok(Line::Quit) => return Ok(Next::Quit),
            Ok(line) => self.anywhere(line).await?,
            Err(usage) => self.complain(usage)?,
        }
        Ok(Next::Line)
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are about the open room")]
    async fn anywhere(&mut self, line: Line) -> Done {
        match line {
            Line::Nothing | Line::Quit => Ok(()),
            Line::Help => self.print(HELP),
            Line::Rooms => self.list_rooms().await,
            Line::Open(room) => self.open(&room).await,
            Line::Contacts => self.list_contacts().await,
            Line::Contact(address) => {
                self.device.request(RequestContact { address }).await?;
                self.note("asked, if there is such an address")
            }
            Line::Accept(name) => {
                if let Some(user) = self.one(name).await? {
                    self.device.request(AcceptContact { user }).await?;
                    self.note("you are contacts now")?;
                }
                Ok(())
            }
            Line::Create(name, people) => self.create(name, &people, true).await,
            Line::Message(name, people) => self.create(name, &people, false).await,
            Line::Talk(name, people) => self.talk(name, &people).await,
            line => match self.room {
                Some(room) => self.in_room(room, line).await,
                None => self.complain("no room is open: /rooms, /open ROOM"),
            },
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the others govern")]
    async fn in_room(&mut self, room: RoomId, line: Line) -> Done {
        let operation = operation();
        match line {
            Line::Say(text) => self.send(room, None, text).await,
            Line::Reply(place, text) => self.send(room, Some(place), text).await,
            Line::Edit(target, text) => self.ask(Edit { room, operation, target, text }).await,
            Line::Unsend(target) => self.ask(Unsend { room, operation, target }).await,
            Line::React(target, emoji, on) => {
                self.ask(React { room, operation, target, emoji, on }).await
            }
            Line::Pin(target, on) => self.ask(Pin { room, operation, target, on }).await,
            Line::History(count) => self.show_last(room, count.clamp(1, 200)).await,
            Line::Readers(place) => self.list_readers(room, place).await,
            Line::Who => self.list_members(room).await,
            line => self.govern(room, line).await,
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "all others have been carried out before")]
    async fn govern(&mut self, room: RoomId, line: Line) -> Done {
        let operation = operation();
        match line {
            Line::Convert(name) => {
                let description = String::new();
                self.ask(Convert { room, operation, name, description }).await
            }
            Line::Invite(names) => match self.several(&names).await? {
                Some(users) => self.ask(Invite { room, operation, users }).await,
                None => Ok(()),
            },
            Line::Leave => self.ask(Leave { room, operation }).await,
            Line::Add(names) => match self.several(&names).await? {
                Some(users) => self.ask(Add { room, operation, users }).await,
                None => Ok(()),
            },
            Line::Remove(names) => match self.several(&names).await? {
                Some(users) => self.ask(Remove { room, operation, users }).await,
                None => Ok(()),
            },
            Line::Appoint(name) => match self.one(name).await? {
                Some(user) => self.ask(Appoint { room, operation, user }).await,
                None => Ok(()),
            },
            Line::Dismiss(name) => match self.one(name).await? {
                Some(user) => self.ask(Dismiss { room, operation, user }).await,
                None => Ok(()),
            },
            Line::Settings(Change { name, description, switches, history }) => {
                self.ask(Settings { room, operation, name, description, switches, history }).await
            }
            Line::Delete => {
                self.confirming = Some(room);
                let name = self.book.room(room);
                self.note(&format!(
                    "this deletes {name} and all that is in it, for everyone and for good. Type \
                     its name to go on"
                ))
            }
            _ => Ok(()),
        }
    }

    async fn delete(&mut self, room: RoomId, repeated: &str) -> Done {
        if self.book.name_of(room) != Some(repeated) {
            return self.note("nothing was deleted");
        }
        self.ask(Delete { room, operation: operation() }).await
    }

    async fn create(&mut self, name: String, people: &[String], from_contacts: bool) -> Done {
        let Some(members) = self.several(people).await? else { return Ok(()) };
        let (operation, description) = (operation(), String::new());
        let made = if from_contacts {
            let create = CreateFromContacts { operation, name: name.clone(), description, members };
            self.device.request(create).await?
        } else {
            let create = CreateFromMessage { operation, name: name.clone(), members };
            self.device.request(create).await?
        };
        self.made(&made, &name).await
    }

    async fn talk(&mut self, name: String, people: &[String]) -> Done {
        let Some(members) = self.several(people).await? else { return Ok(()) };
        let contacts = self.book.contacts(&mut self.device).await?;
        let external = |user: &UserId| contacts.iter().any(|line| line.person.user == *user);
        let shared = members.iter().any(external);
        let room_kind = if shared { RoomKind::Shared } else { RoomKind::Internal };
        let open = Open { operation: operation(), room_kind, name: name.clone(), members };
        let made = self.device.request(open).await?;
        self.made(&made, &name).await
    }

    async fn made(&mut self, made: &Accepted, name: &str) -> Done {
        self.book.is_called(made.room, name);
        self.tell_accepted(made)?;
        self.room = Some(made.room);
        self.device.work().await
    }

    async fn send(&mut self, room: RoomId, reply_to: Option<Seq>, text: String) -> Done {
        let (mentions, mention_all) = (Vec::new(), false);
        self.ask(Send { room, operation: operation(), text, reply_to, mentions, mention_all }).await
    }

    async fn ask<R: Asks<Answer = Accepted>>(&mut self, request: R) -> Done {
        let accepted = self.device.request(request).await?;
        self.tell_accepted(&accepted)
    }

    fn tell_accepted(&mut self, accepted: &Accepted) -> Done {
        if !accepted.unchanged.is_empty() {
            let people = self.book.people(&accepted.unchanged);
            self.note(&format!("nothing changed for {people}"))?;
        }
        if !accepted.left_out.is_empty() {
            let users: Vec<UserId> = accepted.left_out.iter().map(|one| one.user).collect();
            let people = self.book.people(&users);
            self.note(&format!("left out, because they are no Connected-members: {people}"))?;
        }
        if accepted.effective {
            self.note("effective: who was cut off gets nothing more")?;
        }
        Ok(())
    }

    async fn one(&mut self, name: String) -> Result<Option<UserId>, Error> {
        let found = self.several(&[name]).await?;
        Ok(found.and_then(|users| users.first().copied()))
    }

    async fn several(&mut self, names: &[String]) -> Result<Option<Vec<UserId>>, Error> {
        match self.book.find(&mut self.device, names).await? {
            Ok(users) => Ok(Some(users)),
            Err(complaint) => self.complain(&complaint).map(|()| None),
        }
    }

    pub(super) fn print(&mut self, text: &str) -> Done {
        self.screen.line(text).map_err(Error::Unreachable)
    }

    pub(super) fn note(&mut self, text: &str) -> Done {
        self.screen.note(text).map_err(Error::Unreachable)
    }

    pub(super) fn complain(&mut self, text: &str) -> Done {
        self.screen.complain(text).map_err(Error::Unreachable)
    }
}
