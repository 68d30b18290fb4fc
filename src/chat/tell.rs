//! What has come, told as it comes.

use super::Chat;
use super::sentence::{clock, people_in, sentence};
use crosstalk_protocol::entry::{Change, Entry};
use crosstalk_protocol::ids::RoomId;
use crosstalk_protocol::push::{Item, NoticeKind, Push, TypingSign};
use std::time::Duration;
use tokio::time::Instant;

/// After so long somebody types no more, unless another sign comes.
const TYPING_IS_SHOWN: Duration = Duration::from_secs(6);

impl Chat {
    /// Tells what has come since the last time.
    pub(super) async fn tell_news(&mut self) -> anyhow::Result<()> {
        if let Err(error) = self.device.work().await {
            self.come_back(error).await?;
        }
        let mut shown = None;
        while let Some(push) = self.device.told() {
            if let Push::Entry(entry) = &push
                && self.room == Some(entry.room)
                && entry.author != Some(self.book.who_am_i())
            {
                shown = Some((entry.room, entry.seq));
            }
            if let Err(error) = self.tell(push).await {
                self.come_back(error).await?;
            }
        }
        if let Some((room, seq)) = shown.filter(|_| self.by_hand)
            && let Err(error) = self.mark_read(room, seq).await
        {
            self.come_back(error).await?;
        }
        Ok(())
    }

    async fn tell(&mut self, push: Push) -> Result<(), crosstalk_loadtest::Error> {
        match push {
            Push::Entry(entry) => self.tell_entry(&entry).await?,
            // What was missed while away; a room that is seen for the first time tells itself when
            // it is opened.
            Push::CaughtUp(page) if page.reset.is_none() => {
                for item in &page.items {
                    if let Item::Entry(entry) = item {
                        self.tell_entry(entry).await?;
                    }
                }
            }
            Push::Notice(notice) => self.tell_notice(&notice.about).await?,
            Push::Gone(gone) => self.wiped(gone.room, "You are no longer in")?,
            Push::Closing(closing) => {
                self.screen.note(closing.reason.advice()).map_err(output)?;
            }
            Push::Typing(sign) => self.see_typing(&sign).await?,
            Push::Expiring(expiring) => self.renew(&expiring.token_ends).await?,
            Push::Unavailable(gone) => {
                let name = self.book.room(gone.room);
                self.tell_note(&format!("{name} can't be reached now; it is tried again"))?;
            }
            // Who has read is told by /readers: lines about it would bury what is said.
            Push::CaughtUp(_) | Push::Passed(_) | Push::Behind(_) | Push::Read(_) => {}
        }
        Ok(())
    }

    /// An entry of any room; of one that is not open, with its name.
    pub(super) async fn tell_entry(
        &mut self,
        entry: &Entry,
    ) -> Result<(), crosstalk_loadtest::Error> {
        self.book.learn_people(&mut self.device, people_in(entry)).await?;
        if let Some(name) = entry.content.as_ref().and_then(|content| content.name.as_deref()) {
            self.book.is_called(entry.room, name);
        }
        let elsewhere = if self.room == Some(entry.room) {
            String::new()
        } else {
            format!("[{}] ", self.book.room(entry.room))
        };
        let stamp = self.screen.dim(&format!("{} #{}", clock(&entry.time), entry.seq));
        let said = sentence(&self.book, entry);
        if entry.author.is_some_and(|author| self.typist.is_some_and(|(who, _)| who == author)) {
            self.typist = None;
        }
        let line = if matches!(entry.change, Change::Posted { .. }) {
            let author = entry.author.map_or_else(String::new, |user| self.book.person(user));
            format!("{stamp} {elsewhere}{}: {said}", self.screen.bold(&author))
        } else {
            format!("{stamp} {}", self.screen.dim(&format!("{elsewhere}{said}")))
        };
        self.screen.line(&line).map_err(output)
    }

    /// Somebody is typing: the prompt says so for a while, where it is the open room's.
    async fn see_typing(&mut self, sign: &TypingSign) -> Result<(), crosstalk_loadtest::Error> {
        if self.by_hand && self.room == Some(sign.room) && sign.user != self.book.who_am_i() {
            self.book.learn_people(&mut self.device, vec![sign.user]).await?;
            self.typist = Some((sign.user, Instant::now() + TYPING_IS_SHOWN));
        }
        Ok(())
    }

    async fn tell_notice(&mut self, about: &NoticeKind) -> Result<(), crosstalk_loadtest::Error> {
        match about {
            // Who made it has it open already.
            NoticeKind::Added { room, .. } if self.room == Some(*room) => Ok(()),
            NoticeKind::Added { room, .. } => {
                self.book.my_rooms(&mut self.device).await?;
                match self.book.name_of(*room) {
                    None | Some("") => self.tell_note("You are now in one more room: /rooms"),
                    Some(_) => {
                        let name = self.book.room(*room);
                        self.tell_note(&format!("You are now in {name}: /open {name}"))
                    }
                }
            }
            NoticeKind::Removed { room } => self.wiped(*room, "You were removed from"),
            NoticeKind::Deleted { room } => self.wiped(*room, "Deleted for everyone:"),
            NoticeKind::Withdrawn {} => self.tell_note(
                "Your administrator took your right to talk with other companies: groups and \
                 shared rooms are wiped",
            ),
            NoticeKind::Connected {} => self.tell_note("You may talk with other companies now"),
            NoticeKind::ContactRequested { user } => {
                self.book.contacts(&mut self.device).await?;
                let asker = self.book.person(*user);
                self.tell_note(&format!("{asker} asks to be a contact: /accept NAME, or /end NAME"))
            }
            NoticeKind::ContactAccepted { user } => {
                self.book.contacts(&mut self.device).await?;
                let name = self.book.person(*user);
                self.tell_note(&format!("{name} is a contact now"))
            }
            NoticeKind::Policy { .. } => self.tell_note("Your company's policy has changed"),
        }
    }

    fn tell_note(&mut self, text: &str) -> Result<(), crosstalk_loadtest::Error> {
        self.screen.note(text).map_err(output)
    }

    /// The device has wiped the room; so does the screen's memory.
    fn wiped(&mut self, room: RoomId, why: &str) -> Result<(), crosstalk_loadtest::Error> {
        if self.book.name_of(room).is_none() {
            return Ok(());
        }
        let name = self.book.room(room);
        self.book.forget(room);
        if self.room == Some(room) {
            self.room = None;
        }
        self.tell_note(&format!("{why} {name}: wiped"))
    }
}

/// The screen is gone.
fn output(error: std::io::Error) -> crosstalk_loadtest::Error {
    crosstalk_loadtest::Error::Unreachable(error)
}
