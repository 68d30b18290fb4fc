//! From requests to commands: the only place that knows both.

use crate::authority::{Actor, Command, Intent};
use crosstalk_protocol::ids::{OperationId, RoomId, UserId};
use crosstalk_protocol::request::Request;
use crosstalk_protocol::words::Way;

/// A command on its way: to which room (none yet for one that makes it), and what.
pub(super) struct Addressed {
    pub(super) room: Option<RoomId>,
    pub(super) intent: Intent,
}

/// The command that a request asks for; the request back if it asks for none.
pub(super) fn of(user: UserId, request: Request) -> Result<Addressed, Request> {
    let (room, operation, command) = talk(request).or_else(make).or_else(govern)?;
    Ok(Addressed { room, intent: Intent { actor: Actor::Person(user), operation, command } })
}

type Parts = (Option<RoomId>, OperationId, Command);

#[expect(clippy::wildcard_enum_match_arm, reason = "handed on to who knows it")]
fn talk(request: Request) -> Result<Parts, Request> {
    Ok(match request {
        Request::Send(send) => {
            let command = Command::Post {
                text: send.text,
                reply_to: send.reply_to,
                mentions: send.mentions,
                mention_all: send.mention_all,
            };
            (Some(send.room), send.operation, command)
        }
        Request::Edit(edit) => {
            let command = Command::Edit { target: edit.target, text: edit.text };
            (Some(edit.room), edit.operation, command)
        }
        Request::Unsend(unsend) => {
            (Some(unsend.room), unsend.operation, Command::Unsend { target: unsend.target })
        }
        Request::React(react) => {
            let command = Command::React { target: react.target, emoji: react.emoji, on: react.on };
            (Some(react.room), react.operation, command)
        }
        Request::Pin(pin) => {
            (Some(pin.room), pin.operation, Command::Pin { target: pin.target, on: pin.on })
        }
        other => return Err(other),
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "handed on to who knows it")]
fn make(request: Request) -> Result<Parts, Request> {
    Ok(match request {
        Request::CreateFromContacts(create) => {
            let command = Command::Create {
                way: Way::Contacts,
                name: create.name,
                description: create.description,
                members: create.members,
                masters: Vec::new(),
            };
            (None, create.operation, command)
        }
        Request::CreateFromMessage(create) => {
            let command = Command::Create {
                way: Way::Message,
                name: create.name,
                description: String::new(),
                members: create.members,
                masters: Vec::new(),
            };
            (None, create.operation, command)
        }
        Request::Open(open) => {
            let command =
                Command::Open { kind: open.room_kind, name: open.name, members: open.members };
            (None, open.operation, command)
        }
        Request::Convert(convert) => {
            let command = Command::Convert { name: convert.name, description: convert.description };
            (Some(convert.room), convert.operation, command)
        }
        Request::Invite(invite) => {
            (Some(invite.room), invite.operation, Command::Invite { users: invite.users })
        }
        Request::Rename(rename) => {
            (Some(rename.room), rename.operation, Command::Rename { name: rename.name })
        }
        Request::Leave(leave) => (Some(leave.room), leave.operation, Command::Leave),
        other => return Err(other),
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "what is no command is given back")]
fn govern(request: Request) -> Result<Parts, Request> {
    Ok(match request {
        Request::Add(add) => (Some(add.room), add.operation, Command::Add { users: add.users }),
        Request::Remove(remove) => {
            (Some(remove.room), remove.operation, Command::Remove { users: remove.users })
        }
        Request::Appoint(appoint) => {
            (Some(appoint.room), appoint.operation, Command::Appoint { user: appoint.user })
        }
        Request::Dismiss(dismiss) => {
            (Some(dismiss.room), dismiss.operation, Command::Dismiss { user: dismiss.user })
        }
        Request::Settings(settings) => {
            let command = Command::Settings {
                name: settings.name,
                description: settings.description,
                switches: settings.switches,
                history: settings.history,
            };
            (Some(settings.room), settings.operation, command)
        }
        Request::Delete(delete) => (Some(delete.room), delete.operation, Command::Delete),
        other => return Err(other),
    })
}
