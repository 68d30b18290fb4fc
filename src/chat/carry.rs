//! Carrying lines out.

use super::book;
use super::change::Change;
use super::help::HELP;
use super::line::Line;
use super::{Chat, operation};
use crosstalk_loadtest::{Asks, Error};
use crosstalk_protocol::answer::Accepted;
use crosstalk_protocol::ids::{RoomId, Seq, UserId};
use crosstalk_protocol::request::{
    AcceptContact, Add, Appoint, Convert, Delete, Dismiss, Edit, EndContact, Invite, Leave, Pin,
    React, Remove, Rename, RequestContact, Send, Settings, Unsend,
};

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
            Line::Colleagues => self.list_colleagues().await,
            Line::Contact(address) => {
                self.device.request(RequestContact { address }).await?;
                self.note("asked, if somebody has this address; you are told when he accepts")
            }
            Line::Accept(name) => {
                if let Some(user) = self.one(name).await? {
                    self.device.request(AcceptContact { user }).await?;
                    self.note("you are contacts now")?;
                }
                Ok(())
            }
            Line::End(name) => {
                if let Some(user) = self.one(name).await? {
                    self.device.request(EndContact { user }).await?;
                    self.note("you are no contacts; rooms that you share go on")?;
                }
                Ok(())
            }
            Line::Create(name, people) => self.create(name, &people).await,
            Line::Message(name, people) => self.message(name, &people).await,
            Line::Found(name, masters, members) => self.found(name, &masters, &members).await,
            Line::Talk(name, people) => self.talk(name, &people).await,
            line => match self.room {
                Some(room) => self.in_room(room, line).await,
                None => self.complain("no room is open: /rooms lists them, /open ROOM opens one"),
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
            Line::History(count, before) => self.show_last(room, count.min(200), before).await,
            Line::About => self.tell_about(room).await,
            Line::Pins => self.list_pins(room).await,
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
            Line::Guest => self.invite_guest(room).await,
            Line::Rename(name) => self.ask(Rename { room, operation, name }).await,
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
            return self.note("that is not its name: nothing was deleted");
        }
        self.ask(Delete { room, operation: operation() }).await
    }

    async fn send(&mut self, room: RoomId, reply_to: Option<Seq>, text: String) -> Done {
        let (mut mentions, mut mention_all) = (Vec::new(), false);
        if text.contains('@') {
            let members = self.book.members(&mut self.device, room).await?;
            (mentions, mention_all) = book::mentions(&text, &members);
        }
        self.ask(Send { room, operation: operation(), text, reply_to, mentions, mention_all }).await
    }

    async fn ask<R: Asks<Answer = Accepted>>(&mut self, request: R) -> Done {
        let accepted = self.device.request(request).await?;
        self.tell_accepted(&accepted)
    }

    pub(super) fn tell_accepted(&mut self, accepted: &Accepted) -> Done {
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

    pub(super) async fn several(&mut self, names: &[String]) -> Result<Option<Vec<UserId>>, Error> {
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
