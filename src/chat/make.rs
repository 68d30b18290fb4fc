//! Making rooms and groups, in all ways, and letting guests in.

use super::carry::Done;
use super::sentence::moment;
use super::{Chat, operation};
use crate::shell::{program, quoted};
use crosstalk_loadtest::admin::NewGroup;
use crosstalk_protocol::answer::Accepted;
use crosstalk_protocol::ids::{RoomId, UserId};
use crosstalk_protocol::request::{CreateFromContacts, CreateFromMessage, InviteGuest, Open};
use crosstalk_protocol::words::RoomKind;

/// Entries of a room that was just made: who is in it, and who was left out.
const BEGINNING: u32 = 5;

impl Chat {
    /// A group, from Contacts.
    pub(super) async fn create(&mut self, name: String, people: &[String]) -> Done {
        let Some(members) = self.several(people).await? else { return Ok(()) };
        let (operation, description) = (operation(), String::new());
        let create = CreateFromContacts { operation, name: name.clone(), description, members };
        let made = self.device.request(create).await?;
        self.made(&made, &name).await
    }

    /// A group, from Message.
    pub(super) async fn message(&mut self, name: String, people: &[String]) -> Done {
        let Some(members) = self.several(people).await? else { return Ok(()) };
        let create = CreateFromMessage { operation: operation(), name: name.clone(), members };
        let made = self.device.request(create).await?;
        self.made(&made, &name).await
    }

    /// A group, by an administrator over HTTP; he is no member unless he names himself.
    pub(super) async fn found(
        &mut self,
        name: String,
        masters: &[String],
        members: &[String],
    ) -> Done {
        let Some(masters) = self.several(masters).await? else { return Ok(()) };
        let members =
            if members.is_empty() { Some(Vec::new()) } else { self.several(members).await? };
        let Some(members) = members else { return Ok(()) };
        let group = NewGroup { name: name.clone(), description: String::new(), masters, members };
        let admin = self.arguments.administration(self.device.target_mut().token.clone());
        let made = admin.create_group(self.company, operation(), &group).await?;
        self.tell_accepted(&made)?;
        self.note(&format!(
            "{} was made; its Group Masters govern it",
            super::screen::harmless(&name)
        ))
    }

    /// A general room.
    pub(super) async fn talk(&mut self, name: String, people: &[String]) -> Done {
        let Some(members) = self.several(people).await? else { return Ok(()) };
        let contacts = self.book.contacts(&mut self.device).await?;
        let external = |user: &UserId| contacts.iter().any(|line| line.person.user == *user);
        let shared = members.iter().any(external);
        let room_kind = if shared { RoomKind::Shared } else { RoomKind::Internal };
        let open = Open { operation: operation(), room_kind, name: name.clone(), members };
        let made = self.device.request(open).await?;
        self.made(&made, &name).await
    }

    /// An invitation, as the guest has to use it.
    pub(super) async fn invite_guest(&mut self, room: RoomId) -> Done {
        let invite = InviteGuest { room, operation: operation() };
        let made = self.device.request(invite).await?;
        self.note(&format!(
            "one guest can come in with this until {}; his token will be in the file:",
            moment(&made.ends)
        ))?;
        let url = self.arguments.whereto();
        let invitation = quoted(&made.invitation);
        self.print(&format!(
            "  {} chat{url} --invitation {invitation} --name Guest --token-file guest.token",
            program()
        ))
    }

    async fn made(&mut self, made: &Accepted, name: &str) -> Done {
        self.book.is_called(made.room, name);
        self.tell_accepted(made)?;
        self.room = Some(made.room);
        self.device.work().await?;
        self.show_last(made.room, BEGINNING, None).await?;
        let name = self.book.room(made.room);
        self.note(&format!("{name} is open: what you type is said there"))
    }
}
