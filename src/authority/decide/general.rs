//! General rooms: inviting, renaming, leaving, guests (R15, R33).

use super::admit::{Admitted, Door, admit};
use super::{Decision, Draft, sized};
use crate::authority::command::Command;
use crate::authority::facts::Facts;
use crate::authority::refusal::Refusal;
use crate::authority::room::Room;
use crate::authority::settle;
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::entry::Change;
use crosstalk_protocol::ids::UserId;
use crosstalk_protocol::words::{Cause, RoomKind};

/// Decides a member's command to a general room.
#[expect(clippy::wildcard_enum_match_arm, reason = "what is not decided here is not allowed here")]
pub(super) fn decide(
    room: &Room,
    facts: &Facts,
    user: UserId,
    command: &Command,
) -> Result<Decision, Refusal> {
    if room.kind == RoomKind::Group {
        let leaving = matches!(command, Command::Leave);
        let code =
            if leaving { RefusalCode::CannotLeaveGroup } else { RefusalCode::NotAGeneralRoom };
        return Err(code.into());
    }
    match command {
        Command::Rename { name } => {
            sized(name, 0, facts.limits.name_chars_max, "name")?;
            let change = Change::Settings { switches: Vec::new(), history: None };
            Ok(Decision::write(vec![Draft::by(user, change).with_content()]))
        }
        Command::Leave => Ok(leave(room, user)),
        Command::Invite { users } => invite(room, facts, user, users),
        Command::InviteGuest => invite_guest(room, facts, user),
        _ => Err(RefusalCode::NotAllowed.into()),
    }
}

fn invite_guest(room: &Room, facts: &Facts, user: UserId) -> Result<Decision, Refusal> {
    may_invite_guest(room, facts, user)?;
    if facts.invitations >= facts.limits.invitations_max {
        return Err(RefusalCode::TooManyInvitations.into());
    }
    Ok(Decision::default())
}

fn leave(room: &Room, user: UserId) -> Decision {
    let mut after = room.clone();
    let change = Change::Removed { users: vec![user], cause: Cause::Left };
    let mut drafts = settle::fold(&mut after, vec![Draft::by(user, change)]);
    drafts.extend(settle::close_if_empty(&mut after));
    Decision::write(drafts)
}

fn invite(room: &Room, facts: &Facts, user: UserId, users: &[UserId]) -> Result<Decision, Refusal> {
    let host = facts.standing(user).filter(|host| !host.person.guest);
    let host = host.ok_or_else(|| Refusal::of(RefusalCode::NotAllowed))?;
    let door = Door { sponsors: &[user], company: host.company.id, kind: room.kind, room };
    let admitted = admit(&door, facts, users)?;
    Ok(added(user, admitted))
}

/// The entries by which admitted people come into a room that exists.
///
/// The timeline tells who was left out (R6), also where nobody came in.
pub(super) fn added(author: UserId, admitted: Admitted) -> Decision {
    Decision {
        drafts: admitted.drafts(Some(author), (0, 0)),
        left_out: admitted.left_out,
        unchanged: admitted.unchanged,
        ..Decision::default()
    }
}

/// Guests come where the opener's company allows them, and through whose own company does.
fn may_invite_guest(room: &Room, facts: &Facts, user: UserId) -> Result<(), Refusal> {
    let host = facts.standing(user).filter(|host| host.is_active() && !host.person.guest);
    let host = host.ok_or_else(|| Refusal::of(RefusalCode::NotAllowed))?;
    let opener_allows = facts.companies.get(&room.owner).is_some_and(|opener| opener.guests);
    if opener_allows && host.company.guests {
        Ok(())
    } else {
        Err(RefusalCode::GuestsNotAllowed.into())
    }
}

/// A guest comes in: he must be a guest of the inviter's company, the inviter still a member who
/// may invite guests, and the room still a general one.
pub(super) fn enter(
    room: &Room,
    facts: &Facts,
    guest: UserId,
    inviter: UserId,
) -> Result<Decision, Refusal> {
    let host = room.members.get(&inviter).filter(|_| room.kind != RoomKind::Group);
    let guest = facts.standing(guest).filter(|guest| guest.person.guest && guest.is_active());
    let (Some(host), Some(guest)) = (host, guest) else {
        return Err(Refusal::not_found());
    };
    if guest.company.id != host.company {
        return Err(Refusal::not_found());
    }
    may_invite_guest(room, facts, inviter)?;
    if room.members.contains_key(&guest.person.id) {
        return Ok(Decision::nothing(vec![guest.person.id]));
    }
    if room.members.len() >= facts.limits.members_max {
        return Err(RefusalCode::RoomFull.into());
    }
    let mut admitted = Admitted::default();
    admitted.take(guest);
    Ok(added(inviter, admitted))
}
