//! The four ways to a group (R1–R7), and opening a general room (R33).

use super::admit::{Admitted, Door, admit};
use super::{Decision, Draft, active, administrator, list, refuse_if_any, sized};
use crate::authority::command::{Actor, Command, Intent};
use crate::authority::facts::{Facts, Standing};
use crate::authority::refusal::Refusal;
use crate::authority::room::Room;
use crate::authority::settle;
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::entry::{Change, LeftOut};
use crosstalk_protocol::ids::{CompanyId, RoomId, UserId};
use crosstalk_protocol::words::{
    Cause, Features, GroupCreation, HistoryVisibility, LeftOutReason, RoomKind, Way,
};

/// How many Group Masters an administrator may name at once: an entry names them beside members.
const FIRST_MASTERS_MAX: usize = 100;

/// Decides a command that makes a room.
pub(super) fn decide(facts: &Facts, intent: &Intent) -> Result<Decision, Refusal> {
    match (&intent.command, intent.actor) {
        (Command::Create { way: Way::Administrator, .. }, Actor::Administrator(user)) => {
            by_administrator(facts, user, &intent.command)
        }
        (Command::Create { way, name, description, members, .. }, Actor::Person(user))
            if *way != Way::Administrator && *way != Way::Conversion =>
        {
            let creator = may_create(facts, user)?;
            titled(facts, name, description)?;
            let admitted = gather(facts, creator, &[user], members)?;
            Ok(created(*way, Some(user), &[user], creator.company.id, admitted))
        }
        (Command::Open { kind, name, members }, Actor::Person(user)) => {
            let opener = active(facts, user)?;
            sized(name, 0, facts.limits.name_chars_max, "name")?;
            open(facts, opener, *kind, members)
        }
        _ => Err(RefusalCode::NotAllowed.into()),
    }
}

/// R8: a group's name and description.
fn titled(facts: &Facts, name: &str, description: &str) -> Result<(), Refusal> {
    sized(name, 1, facts.limits.name_chars_max, "name")?;
    sized(description, 0, facts.limits.description_chars_max, "description")
}

/// R3, R6: whether this user may create groups.
fn may_create(facts: &Facts, user: UserId) -> Result<Standing<'_>, Refusal> {
    let standing = active(facts, user)?;
    if standing.person.guest {
        return Err(RefusalCode::NotAllowed.into());
    }
    if standing.company.group_creation == GroupCreation::Administrators {
        return Err(RefusalCode::GroupCreationClosed.into());
    }
    connected_with_place(facts, standing)?;
    Ok(standing)
}

fn connected_with_place(facts: &Facts, standing: Standing<'_>) -> Result<(), Refusal> {
    if !standing.is_connected() {
        return Err(Refusal::naming(RefusalCode::NotConnected, vec![standing.person.id]));
    }
    if standing.person.groups >= facts.limits.groups_max {
        return Err(Refusal::naming(RefusalCode::TooManyGroups, vec![standing.person.id]));
    }
    Ok(())
}

/// R2: the named Group Masters, the first of the administrator's own company and the founder.
fn by_administrator(facts: &Facts, user: UserId, command: &Command) -> Result<Decision, Refusal> {
    let Command::Create { name, description, members, masters, .. } = command else {
        return Err(RefusalCode::NotAllowed.into());
    };
    let company = administrator(facts, user)?.company.id;
    titled(facts, name, description)?;
    if masters.len() > FIRST_MASTERS_MAX {
        return Err(Refusal::about(RefusalCode::TooLong, "masters"));
    }
    let Some(founder) = masters.first() else {
        return Err(Refusal::about(RefusalCode::Empty, "masters"));
    };
    let founder = facts.standing(*founder).filter(|first| first.person.company == company);
    let founder = founder.ok_or_else(|| Refusal::about(RefusalCode::NotAllowed, "masters"))?;
    if founder.person.guest {
        return Err(Refusal::naming(RefusalCode::GuestsNotAllowed, vec![founder.person.id]));
    }
    connected_with_place(facts, founder)?;
    // The other named masters come in like anybody else, as contacts of a named one.
    let candidates = [masters.get(1..).unwrap_or_default(), members].concat();
    let admitted = gather(facts, founder, &sponsors(facts, company, masters), &candidates)?;
    let inside = |user: &UserId| admitted.newcomers.iter().any(|person| person.user == *user);
    let mut standing_masters: Vec<UserId> = Vec::new();
    for master in masters.iter().filter(|master| inside(master)) {
        if !standing_masters.contains(master) {
            standing_masters.push(*master);
        }
    }
    Ok(created(Way::Administrator, None, &standing_masters, company, admitted))
}

/// R4: the named Group Masters whose contacts may come in: those of the administrator's own
/// company, and of other companies those who are contacts of one who may bring people in himself.
/// So two strangers to his company, each the other's contact, can't vouch for each other.
fn sponsors(facts: &Facts, company: CompanyId, masters: &[UserId]) -> Vec<UserId> {
    let own =
        |user: &UserId| facts.people.get(user).is_some_and(|master| master.company == company);
    let (mut sponsors, mut others): (Vec<UserId>, Vec<UserId>) =
        masters.iter().copied().partition(own);
    loop {
        let vouched = |user: &UserId| sponsors.iter().any(|one| facts.are_contacts(*one, *user));
        let (known, strangers): (Vec<UserId>, Vec<UserId>) = others.into_iter().partition(vouched);
        if known.is_empty() {
            return sponsors;
        }
        sponsors.extend(known);
        others = strangers;
    }
}

/// The members of a group to be: the founder and who of the candidates comes in; at least one of
/// another company (R6).
fn gather(
    facts: &Facts,
    founder: Standing<'_>,
    sponsors: &[UserId],
    candidates: &[UserId],
) -> Result<Admitted, Refusal> {
    let blank = Room::blank(RoomId::of_bytes([0; 16]));
    let company = founder.company.id;
    let door = Door { sponsors, company, kind: RoomKind::Group, room: &blank };
    let admitted = gather_into(&door, facts, founder, candidates)?;
    somebody_else(&admitted, company)?;
    Ok(admitted)
}

fn somebody_else(admitted: &Admitted, company: CompanyId) -> Result<(), Refusal> {
    if admitted.newcomers.iter().any(|newcomer| newcomer.company != company) {
        return Ok(());
    }
    let left_out = admitted.left_out.iter().map(|left_out| left_out.user).collect();
    Err(Refusal::naming(RefusalCode::NobodyElse, left_out))
}

fn gather_into(
    door: &Door<'_>,
    facts: &Facts,
    first: Standing<'_>,
    candidates: &[UserId],
) -> Result<Admitted, Refusal> {
    list(facts, candidates, "members")?;
    let others: Vec<UserId> =
        candidates.iter().filter(|user| **user != first.person.id).copied().collect();
    let rest = admit(door, facts, &others)?;
    let mut admitted = Admitted { left_out: rest.left_out, ..Admitted::default() };
    admitted.take(first);
    admitted.newcomers.extend(rest.newcomers);
    admitted.access.extend(rest.access);
    if admitted.newcomers.len() > facts.limits.members_max {
        return Err(RefusalCode::RoomFull.into());
    }
    Ok(admitted)
}

fn created(
    way: Way,
    author: Option<UserId>,
    masters: &[UserId],
    owner: CompanyId,
    admitted: Admitted,
) -> Decision {
    let told = admitted.room_beside(masters.len());
    let first: Vec<_> = admitted.newcomers.iter().take(told.0).cloned().collect();
    let founder = masters.first().copied().or(author);
    let change = Change::Created {
        way,
        owner,
        founder: founder.unwrap_or(UserId::of_bytes([0; 16])),
        masters: masters.to_vec(),
        members: first.clone(),
        left_out: admitted.left_out.iter().take(told.1).cloned().collect(),
        features: Features::ALL,
        history: HistoryVisibility::SinceJoined,
    };
    let access = admitted.access_of(&first);
    let mut drafts = vec![Draft { author, change, access, content: true }];
    drafts.extend(admitted.drafts(author, told));
    Decision { drafts, left_out: admitted.left_out, ..Decision::default() }
}

/// R33: an internal room freely, a shared one under the policy.
fn open(
    facts: &Facts,
    opener: Standing<'_>,
    kind: RoomKind,
    members: &[UserId],
) -> Result<Decision, Refusal> {
    let user = opener.person.id;
    match kind {
        RoomKind::Group => return Err(Refusal::about(RefusalCode::BadRequest, "room_kind")),
        _ if opener.person.guest => return Err(RefusalCode::NotAllowed.into()),
        RoomKind::Shared if !opener.company.external_rooms => {
            return Err(RefusalCode::ExternalRoomsClosed.into());
        }
        RoomKind::Shared if !opener.is_connected() => return Err(RefusalCode::NotConnected.into()),
        RoomKind::Shared | RoomKind::Internal => {}
    }
    let company = opener.company.id;
    let blank = Room::blank(RoomId::of_bytes([0; 16]));
    let door = Door { sponsors: &[user], company, kind, room: &blank };
    let admitted = gather_into(&door, facts, opener, members)?;
    if kind == RoomKind::Shared {
        somebody_else(&admitted, company)?;
    }
    let told = (admitted.room_beside(0).0, 0);
    let first: Vec<_> = admitted.newcomers.iter().take(told.0).cloned().collect();
    let access = admitted.access_of(&first);
    let change = Change::Opened { room_kind: kind, owner: company, members: first };
    let mut drafts = vec![Draft { author: Some(user), change, access, content: true }];
    drafts.extend(admitted.drafts(Some(user), told));
    Ok(Decision { drafts, left_out: admitted.left_out, ..Decision::default() })
}

/// R7: makes a group of a general room. `room` is settled: who is in it may be in it.
pub(super) fn convert(
    room: &Room,
    facts: &Facts,
    user: UserId,
    name: &str,
    description: &str,
) -> Result<Decision, Refusal> {
    if room.kind == RoomKind::Group {
        return Err(RefusalCode::NotAGeneralRoom.into());
    }
    titled(facts, name, description)?;
    let creator = may_create(facts, user)?;
    let others: Vec<UserId> = room.members.keys().filter(|one| **one != user).copied().collect();
    let guests = others.iter().filter(|one| room.members.get(one).is_some_and(|one| one.guest));
    refuse_if_any(RefusalCode::GuestsNotAllowed, guests.copied().collect())?;
    let company = creator.company.id;
    let is_external =
        |one: &UserId| facts.standing(*one).map(|one| one.company.id) != Some(company);
    let strangers =
        others.iter().filter(|one| is_external(one) && !facts.are_contacts(user, **one));
    refuse_if_any(RefusalCode::NotContacts, strangers.copied().collect())?;
    let (stay, leave): (Vec<UserId>, Vec<UserId>) = others
        .into_iter()
        .partition(|one| facts.standing(*one).is_some_and(|one| one.is_connected()));
    if !stay.iter().any(is_external) {
        return Err(Refusal::naming(RefusalCode::NobodyElse, leave));
    }
    let full = |one: &&UserId| {
        facts.people.get(one).is_some_and(|one| one.groups >= facts.limits.groups_max)
    };
    refuse_if_any(RefusalCode::TooManyGroups, stay.iter().filter(full).copied().collect())?;
    Ok(converted(room, user, company, &leave))
}

fn converted(room: &Room, user: UserId, owner: CompanyId, leave: &[UserId]) -> Decision {
    let left_out: Vec<LeftOut> = leave
        .iter()
        .map(|user| LeftOut { user: *user, reason: LeftOutReason::NotConnected })
        .collect();
    let mut drafts = settle::remove(&mut room.clone(), leave, Cause::Administrator);
    let told = Admitted { left_out, ..Admitted::default() };
    let (_, first) = told.room_beside(0);
    let change = Change::Converted {
        owner,
        founder: user,
        left_out: told.left_out.iter().take(first).cloned().collect(),
        features: Features::ALL,
        history: HistoryVisibility::SinceJoined,
    };
    drafts.push(Draft::by(user, change).with_content());
    drafts.extend(told.drafts(Some(user), (0, first)));
    Decision { drafts, left_out: told.left_out, ..Decision::default() }
}
