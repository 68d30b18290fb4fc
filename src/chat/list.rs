//! Lists: rooms, messages, people.

use super::carry::Done;
use super::screen::harmless;
use super::{Chat, book};
use crosstalk_loadtest::Error;
use crosstalk_protocol::ids::{RoomId, Seq};
use crosstalk_protocol::push::Item;
use crosstalk_protocol::request::{About, History, Pins, Read, Readers};
use crosstalk_protocol::words::{Feature, HistoryVisibility, RoomKind};

/// Entries that are shown of a room when it is opened.
const OPENED_ENTRIES: u32 = 15;

impl Chat {
    pub(super) async fn list_rooms(&mut self) -> Done {
        let rooms = self.book.my_rooms(&mut self.device).await?;
        if rooms.is_empty() {
            self.note("you are in no room yet: /create NAME with A, B makes a group of /contacts")?;
        }
        for (number, summary) in (1..).zip(&rooms) {
            let kind = kind(summary.room_kind);
            let open = if self.room == Some(summary.room) { "*" } else { " " };
            let unread = if summary.unread == 0 {
                String::new()
            } else {
                format!(", {} unread", summary.unread)
            };
            let name = self.book.room(summary.room);
            self.print(&format!("{open}{number:>3}  {name}  ({kind}{unread})"))?;
        }
        Ok(())
    }

    pub(super) async fn open(&mut self, wanted: &str) -> Done {
        let rooms = self.book.my_rooms(&mut self.device).await?;
        let by_number =
            wanted.parse::<usize>().ok().and_then(|number| rooms.get(number.checked_sub(1)?));
        let called = |name: &str| name.to_lowercase();
        let wanted = called(wanted);
        let by_name = || rooms.iter().find(|one| called(&one.name) == wanted);
        let by_beginning = || rooms.iter().find(|one| called(&one.name).starts_with(&wanted));
        let Some(found) = by_number.or_else(by_name).or_else(by_beginning) else {
            return self.complain("you are in no such room: /rooms lists them");
        };
        let (room, head) = (found.room, found.head);
        self.room = Some(room);
        self.show_last(room, OPENED_ENTRIES, None).await?;
        self.mark_read(room, head).await
    }

    /// Tells that everything up to here was shown.
    pub(super) async fn mark_read(&mut self, room: RoomId, seq: Seq) -> Done {
        // A room where messages are off has no read marks either.
        match self.device.request(Read { room, seq }).await {
            Ok(()) | Err(Error::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn show_last(
        &mut self,
        room: RoomId,
        limit: u32,
        before: Option<Seq>,
    ) -> Done {
        let page = History { room, before, after: None, limit };
        for item in self.device.request(page).await?.items {
            if let Item::Entry(entry) = item {
                self.tell_entry(&entry).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn tell_about(&mut self, room: RoomId) -> Done {
        let about = self.device.request(About { room }).await?;
        self.book.is_called(room, &about.name);
        self.book.learn_people(&mut self.device, about.masters.clone()).await?;
        let (name, kind) = (self.book.room(room), kind(about.room_kind));
        self.print(&format!("  {name}  ({kind}, {} members)", about.members))?;
        if about.room_kind != RoomKind::Group {
            return Ok(());
        }
        if !about.description.is_empty() {
            self.print(&format!("  {}", harmless(&about.description)))?;
        }
        self.print(&format!("  Group Masters: {}", self.book.people(&about.masters)))?;
        let switch = |feature: Feature| {
            let locked = if about.locked.has(feature) { " (locked)" } else { "" };
            let how = if about.features.has(feature) { "on" } else { "off" };
            format!("{feature:?} {how}{locked}").to_lowercase()
        };
        self.print(&format!("  {}", Feature::ALL.map(switch).join(", ")))?;
        self.print(match about.history {
            HistoryVisibility::All => "  new members see everything before them",
            HistoryVisibility::SinceJoined => "  new members see nothing of what was before them",
        })
    }

    pub(super) async fn list_pins(&mut self, room: RoomId) -> Done {
        let pins = self.device.request(Pins { room }).await?.entries;
        if pins.is_empty() {
            self.note("nothing is pinned: /pin N pins message #N")?;
        }
        for entry in pins {
            self.tell_entry(&entry).await?;
        }
        Ok(())
    }

    pub(super) async fn list_colleagues(&mut self) -> Done {
        let people = self.book.colleagues(&mut self.device).await?;
        if people.is_empty() {
            self.note("you have no colleagues here")?;
        }
        for person in people {
            self.print(&format!("  {}", book::shown(&person)))?;
        }
        Ok(())
    }

    pub(super) async fn list_members(&mut self, room: RoomId) -> Done {
        for line in self.book.members(&mut self.device, room).await? {
            let role = if line.master { "  Group Master" } else { "" };
            self.print(&format!("  {}{role}", book::shown(&line.person)))?;
        }
        Ok(())
    }

    pub(super) async fn list_contacts(&mut self) -> Done {
        let contacts = self.book.contacts(&mut self.device).await?;
        if contacts.is_empty() {
            self.note("you have no contacts yet: /contact ADDRESS")?;
        }
        for line in contacts {
            self.print(&format!("  {}", book::standing(&line)))?;
        }
        Ok(())
    }

    pub(super) async fn list_readers(&mut self, room: RoomId, place: Option<Seq>) -> Done {
        let last = || {
            let kept = self.device.replica().room(room)?;
            kept.messages().next_back().map(|message| message.seq)
        };
        let Some(seq) = place.or_else(last) else {
            return self.note("there is no message here yet");
        };
        let users = self.device.request(Readers { room, seq }).await?.users;
        self.book.learn_people(&mut self.device, users.clone()).await?;
        let people = if users.is_empty() { "nobody".to_owned() } else { self.book.people(&users) };
        self.note(&format!("#{seq} was read by {people}"))
    }
}

fn kind(kind: RoomKind) -> &'static str {
    match kind {
        RoomKind::Internal => "internal room",
        RoomKind::Shared => "shared room",
        RoomKind::Group => "group",
    }
}
