//! What a command makes of a room, or why the rules refuse it.
//!
//! The order is the same for every command: is he a member at all (R16), was it done before (R29),
//! do the rules allow it, what does it write.

mod admit;
mod create;
mod general;
mod govern;
mod message;

use super::access::Access;
use super::command::{Actor, Command, Intent};
use super::facts::{Facts, Standing, Time};
use super::refusal::Refusal;
use super::room::Room;
use super::settle::settle;
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::entry::{Change, LeftOut};
use crosstalk_protocol::ids::{Seq, UserId};
use crosstalk_protocol::words::RoomKind;

/// An entry to be: the store gives it its place, time and tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Who did it.
    pub author: Option<UserId>,
    /// What happens.
    pub change: Change,
    /// The access numbers that the stints it begins note.
    pub access: Vec<(UserId, Access)>,
    /// Whether the command's content belongs to it.
    pub content: bool,
}

impl Draft {
    /// An entry that a rule, an administrator or the operator causes.
    pub fn by_rule(change: Change) -> Self {
        Self { author: None, change, access: Vec::new(), content: false }
    }

    fn by(author: UserId, change: Change) -> Self {
        Self { author: Some(author), ..Self::by_rule(change) }
    }

    fn with_content(self) -> Self {
        Self { content: true, ..self }
    }
}

/// What the same operation id of the same author did before (R29).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// Whether it was the same command with the same content.
    pub same: bool,
    /// The place that was answered.
    pub seq: Seq,
    /// Whether it was his deleting or leaving of the room: he gets that answer again, and nothing
    /// else.
    pub farewell: bool,
    /// Who was left out then.
    pub left_out: Vec<LeftOut>,
    /// For whom nothing changed then.
    pub unchanged: Vec<UserId>,
}

/// What a command makes of a room.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// The entries to append, in order; none where nothing changes.
    pub drafts: Vec<Draft>,
    /// Who was left out, and why (R6, R13).
    pub left_out: Vec<LeftOut>,
    /// For whom nothing changes (R13).
    pub unchanged: Vec<UserId>,
    /// The place answered before: nothing is written, the same is said again (R29).
    pub repeated: Option<Seq>,
}

impl Decision {
    fn write(drafts: Vec<Draft>) -> Self {
        Self { drafts, ..Self::default() }
    }

    fn nothing(unchanged: Vec<UserId>) -> Self {
        Self { unchanged, ..Self::default() }
    }

    fn again(earlier: &Earlier) -> Self {
        Self {
            drafts: Vec::new(),
            left_out: earlier.left_out.clone(),
            unchanged: earlier.unchanged.clone(),
            repeated: Some(earlier.seq),
        }
    }
}

/// Decides a command on a room. For a command that makes a room it is not looked at, but when the
/// command is a repeated one: then `room` is the one that was made. Nothing is changed; the
/// drafts, applied in order, are what happens.
///
/// # Errors
/// A [`Refusal`] when the rules say no.
pub fn decide(room: &Room, facts: &Facts, intent: &Intent, now: Time) -> Result<Decision, Refusal> {
    if let Some(earlier) = &facts.earlier {
        return repeat(room, facts, intent, earlier);
    }
    if intent.command.makes_room() {
        return create::decide(facts, intent);
    }
    enter(room, facts, intent.actor)?;
    short(facts, &intent.command)?;
    if intent.command.is_content() {
        return message::decide(room, facts, intent, now);
    }
    let mut settled = room.clone();
    let mut drafts = settle(&mut settled, facts);
    if intent.command == Command::Settle {
        return by_rule(intent.actor).map(|()| Decision::write(drafts));
    }
    // To settle may have ended the room or the actor's place in it.
    enter(&settled, facts, intent.actor)?;
    let mut decision = govern_or_general(&settled, facts, intent)?;
    drafts.append(&mut decision.drafts);
    Ok(Decision { drafts, ..decision })
}

/// R29: the same again is answered the same, and the same id with other content refused; to whom
/// the room is none, it stays none (R16), but for who left or deleted it.
fn repeat(
    room: &Room,
    facts: &Facts,
    intent: &Intent,
    earlier: &Earlier,
) -> Result<Decision, Refusal> {
    let again = Decision::again(earlier);
    if earlier.farewell && earlier.same {
        return Ok(again);
    }
    enter(room, facts, intent.actor)?;
    if earlier.same { Ok(again) } else { Err(RefusalCode::DifferentContent.into()) }
}

/// Whether the actor has anything to do with the room at all (R16): asked first, always.
fn enter(room: &Room, facts: &Facts, actor: Actor) -> Result<(), Refusal> {
    match actor {
        Actor::Person(user) => {
            let member = room.member(user, facts);
            member.map(drop).ok_or_else(Refusal::not_found)
        }
        Actor::Administrator(user) => {
            let standing = administrator(facts, user)?;
            let owns = room.kind == RoomKind::Group && room.owner == standing.company.id;
            if owns && !room.deleted { Ok(()) } else { Err(Refusal::not_found()) }
        }
        Actor::Operator | Actor::Rule => {
            let there = !room.deleted && room.head > Seq::ZERO;
            if there { Ok(()) } else { Err(Refusal::not_found()) }
        }
    }
}

fn by_rule(actor: Actor) -> Result<(), Refusal> {
    if actor == Actor::Rule { Ok(()) } else { Err(RefusalCode::NotAllowed.into()) }
}

/// No list of people is longer than a room.
fn short(facts: &Facts, command: &Command) -> Result<(), Refusal> {
    let (Command::Add { users } | Command::Remove { users } | Command::Invite { users }) = command
    else {
        return Ok(());
    };
    list(facts, users, "users")
}

fn list(facts: &Facts, users: &[UserId], field: &'static str) -> Result<(), Refusal> {
    let long = users.len() > facts.limits.members_max;
    if long { Err(Refusal::about(RefusalCode::TooLong, field)) } else { Ok(()) }
}

fn active(facts: &Facts, user: UserId) -> Result<Standing<'_>, Refusal> {
    let standing = facts.standing(user).filter(Standing::is_active);
    standing.ok_or_else(|| Refusal::of(RefusalCode::PersonInactive))
}

fn administrator(facts: &Facts, user: UserId) -> Result<Standing<'_>, Refusal> {
    let standing = active(facts, user)?;
    if standing.person.administrator && !standing.person.guest {
        Ok(standing)
    } else {
        Err(RefusalCode::NotAdministrator.into())
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "each decider refuses what is not its own")]
fn govern_or_general(room: &Room, facts: &Facts, intent: &Intent) -> Result<Decision, Refusal> {
    match &intent.command {
        Command::NameMaster { .. } | Command::Hand { .. } => {
            govern::from_outside(room, facts, intent)
        }
        Command::Enter { guest, inviter } => {
            if intent.actor != Actor::Person(*inviter) {
                by_rule(intent.actor)?;
            }
            general::enter(room, facts, *guest, *inviter)
        }
        command => {
            let Actor::Person(user) = intent.actor else {
                return Err(RefusalCode::NotAllowed.into());
            };
            match command {
                Command::Convert { name, description } => {
                    create::convert(room, facts, user, name, description)
                }
                Command::Invite { .. }
                | Command::InviteGuest
                | Command::Rename { .. }
                | Command::Leave => general::decide(room, facts, user, command),
                _ => govern::decide(room, facts, user, command),
            }
        }
    }
}

/// Checks a text's length in characters.
fn sized(text: &str, min: usize, max: usize, field: &'static str) -> Result<(), Refusal> {
    if min > 0 && text.trim().is_empty() {
        return Err(Refusal::about(RefusalCode::Empty, field));
    }
    // A character is at most four bytes: most texts need no counting.
    if text.len() > max && text.chars().count() > max {
        return Err(Refusal::about(RefusalCode::TooLong, field));
    }
    Ok(())
}

/// Refuses and names people, unless there are none.
fn refuse_if_any(code: RefusalCode, users: Vec<UserId>) -> Result<(), Refusal> {
    if users.is_empty() { Ok(()) } else { Err(Refusal::naming(code, users)) }
}
