//! What Group Masters do (R9–R15, R21), and what reaches a group from outside (R20).

use super::admit::{Door, admit};
use super::{Decision, Draft, administrator, general, refuse_if_any, sized};
use crate::authority::command::{Actor, Command, Intent};
use crate::authority::facts::Facts;
use crate::authority::refusal::Refusal;
use crate::authority::room::Room;
use crate::authority::settle;
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::entry::{Change, Switch};
use crosstalk_protocol::ids::UserId;
use crosstalk_protocol::words::{Cause, HistoryVisibility, RoomKind};

/// Decides a Group Master's command. `room` is settled.
#[expect(clippy::wildcard_enum_match_arm, reason = "what is not decided here is not allowed here")]
pub(super) fn decide(
    room: &Room,
    facts: &Facts,
    user: UserId,
    command: &Command,
) -> Result<Decision, Refusal> {
    if room.kind != RoomKind::Group {
        return Err(RefusalCode::NotAGroup.into());
    }
    if !room.masters.contains(&user) {
        return Err(RefusalCode::NotAllowed.into());
    }
    match command {
        Command::Add { users } => add(room, facts, user, users),
        Command::Remove { users } => remove(room, user, users),
        Command::Appoint { user: named } => appoint(room, Some(user), *named),
        Command::Dismiss { user: named } => dismiss(room, user, *named),
        Command::Settings { .. } => settings(room, facts, user, command),
        Command::Delete => Ok(Decision::write(vec![Draft::by(user, Change::Deleted)])),
        _ => Err(RefusalCode::NotAllowed.into()),
    }
}

fn add(room: &Room, facts: &Facts, user: UserId, users: &[UserId]) -> Result<Decision, Refusal> {
    let Some(master) = room.members.get(&user) else {
        return Err(Refusal::not_found());
    };
    let door = Door { sponsors: &[user], company: master.company, kind: RoomKind::Group, room };
    admit(&door, facts, users).map(|admitted| general::added(user, admitted))
}

fn remove(room: &Room, user: UserId, users: &[UserId]) -> Result<Decision, Refusal> {
    if users.contains(&user) {
        return Err(RefusalCode::CannotRemoveYourself.into());
    }
    let mut named = users.to_vec();
    named.sort_unstable();
    named.dedup();
    let (present, absent): (Vec<UserId>, Vec<UserId>) =
        named.into_iter().partition(|one| room.members.contains_key(one));
    let mut drafts = settle::remove(&mut room.clone(), &present, Cause::Master);
    for draft in &mut drafts {
        draft.author = Some(user);
    }
    Ok(Decision { drafts, unchanged: absent, ..Decision::default() })
}

fn appoint(room: &Room, author: Option<UserId>, named: UserId) -> Result<Decision, Refusal> {
    let absent = !room.members.contains_key(&named);
    refuse_if_any(RefusalCode::NotAMember, absent.then_some(named).into_iter().collect())?;
    if room.masters.contains(&named) {
        return Ok(Decision::nothing(vec![named]));
    }
    let change = Change::Masters { appointed: vec![named], dismissed: Vec::new() };
    Ok(Decision::write(vec![Draft { author, ..Draft::by_rule(change) }]))
}

fn dismiss(room: &Room, user: UserId, named: UserId) -> Result<Decision, Refusal> {
    let absent = !room.members.contains_key(&named);
    refuse_if_any(RefusalCode::NotAMember, absent.then_some(named).into_iter().collect())?;
    if !room.masters.contains(&named) {
        return Ok(Decision::nothing(vec![named]));
    }
    if room.masters.len() == 1 {
        return Err(RefusalCode::LastMaster.into());
    }
    let change = Change::Masters { appointed: Vec::new(), dismissed: vec![named] };
    Ok(Decision::write(vec![Draft::by(user, change)]))
}

fn settings(
    room: &Room,
    facts: &Facts,
    user: UserId,
    command: &Command,
) -> Result<Decision, Refusal> {
    let Command::Settings { name, description, switches, history } = command else {
        return Err(RefusalCode::NotAllowed.into());
    };
    if let Some(name) = name {
        sized(name, 1, facts.limits.name_chars_max, "name")?;
    }
    if let Some(description) = description {
        sized(description, 0, facts.limits.description_chars_max, "description")?;
    }
    let locked = facts.disabled_by(room.owner);
    if switches.iter().any(|switch| locked.has(switch.feature)) {
        return Err(RefusalCode::FeatureLocked.into());
    }
    let wanted = switches
        .iter()
        .fold(room.features, |features, switch| features.with(switch.feature, switch.on));
    let switches: Vec<Switch> = crosstalk_protocol::words::Feature::ALL
        .into_iter()
        .filter(|feature| wanted.has(*feature) != room.features.has(*feature))
        .map(|feature| Switch { feature, on: wanted.has(feature) })
        .collect();
    let history: Option<HistoryVisibility> = history.filter(|history| *history != room.history);
    let text = name.is_some() || description.is_some();
    if switches.is_empty() && history.is_none() && !text {
        return Ok(Decision::default());
    }
    let draft = Draft::by(user, Change::Settings { switches, history });
    Ok(Decision::write(vec![if text { draft.with_content() } else { draft }]))
}

/// R20: what an administrator of the owner company and the operator do for a group.
pub(super) fn from_outside(
    room: &Room,
    facts: &Facts,
    intent: &Intent,
) -> Result<Decision, Refusal> {
    match (&intent.command, intent.actor) {
        (Command::NameMaster { user }, Actor::Administrator(actor)) => {
            administrator(facts, actor)?;
            if room.masters.is_empty() {
                appoint(room, None, *user)
            } else {
                Err(RefusalCode::Exists.into())
            }
        }
        (Command::Hand { to }, Actor::Operator) => {
            if room.kind != RoomKind::Group {
                return Err(RefusalCode::NotAGroup.into());
            }
            let owner = facts.companies.get(&room.owner);
            if !owner.is_some_and(|owner| owner.ended) {
                return Err(RefusalCode::NotAllowed.into());
            }
            let heir = facts.companies.get(to).ok_or_else(Refusal::not_found)?;
            if heir.ended {
                return Err(RefusalCode::OwnerEnded.into());
            }
            let mut after = room.clone();
            let handed = Draft::by_rule(Change::Handed { owner: *to });
            let mut drafts = settle::fold(&mut after, vec![handed]);
            // The new owner company may have a member who can be Group Master at once.
            drafts.extend(settle::succeed(&mut after));
            Ok(Decision::write(drafts))
        }
        _ => Err(RefusalCode::NotAllowed.into()),
    }
}
