//! Decides the acts of administrators and operators (R3, R11, R19, R31, R34).

use super::act::{Act, Effect, Policy, PolicyChange, Subject};
use super::command::Actor;
use super::facts::{Facts, Standing};
use super::refusal::Refusal;
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::ids::{CompanyId, UserId};
use crosstalk_protocol::push::NoticeKind;

/// What an act makes of the directory, in the order it is to be applied; empty where it is so
/// already.
///
/// # Errors
/// A [`Refusal`] when the rules say no. What belongs to another company is not found (R31).
pub fn judge(facts: &Facts, actor: Actor, act: &Act) -> Result<Vec<Effect>, Refusal> {
    match act {
        Act::CreateCompany { company } => {
            operator(actor)?;
            let new = !facts.companies.contains_key(company);
            if new {
                Ok(vec![Effect::CompanyMade(*company)])
            } else {
                Err(RefusalCode::Exists.into())
            }
        }
        Act::EndCompany { company } => {
            operator(actor)?;
            end_company(facts, *company)
        }
        Act::SetIssuer { company } => {
            governs(facts, actor, *company)?;
            Ok(vec![Effect::IssuerSet(*company)])
        }
        Act::SetPolicy { company, change } => {
            governs(facts, actor, *company)?;
            set_policy(facts, *company, *change)
        }
        Act::Provision { person, exists, first_sign_in } => {
            provision(facts, actor, (person, *exists), *first_sign_in)
        }
        Act::SetConnected { user, connected } => set_connected(facts, actor, *user, *connected),
        Act::SetAdministrator { user, administrator } => {
            let standing = own_user(facts, actor, *user)?;
            let changes = standing.person.administrator != *administrator;
            Ok(only_if(changes, || vec![Effect::AdministratorSet(*user, *administrator)]))
        }
        Act::SetActive { user, active } => set_active(facts, actor, *user, *active),
        Act::DeletePerson { user } => {
            own_person(facts, actor, *user)?;
            Ok(vec![Effect::PersonDeleted(*user), Effect::SignInsRevoked(*user), whole(*user)])
        }
        Act::RevokeSignIns { user } => {
            own_person(facts, actor, *user)?;
            Ok(vec![Effect::SignInsRevoked(*user)])
        }
        Act::RequestContact { of, asked } => request_contact(facts, actor, *of, *asked),
        Act::AcceptContact { of, asked } => accept_contact(facts, actor, *of, *asked),
        Act::EndContact { of } => {
            let user = asker(facts, actor)?.person.id;
            Ok(vec![Effect::ContactEnded(user, *of)])
        }
    }
}

fn only_if(changes: bool, effects: impl FnOnce() -> Vec<Effect>) -> Vec<Effect> {
    if changes { effects() } else { Vec::new() }
}

fn whole(user: UserId) -> Effect {
    Effect::Cut { subject: Subject::Person(user), outside: false }
}

fn operator(actor: Actor) -> Result<(), Refusal> {
    if actor == Actor::Operator { Ok(()) } else { Err(Refusal::not_found()) }
}

/// What an actor governs: everything for the operator, his own company for an administrator. Asked
/// first, so that who governs nothing learns nothing.
fn realm(facts: &Facts, actor: Actor) -> Result<Option<CompanyId>, Refusal> {
    match actor {
        Actor::Operator => Ok(None),
        Actor::Administrator(user) => {
            let standing = facts.standing(user).filter(Standing::is_active);
            let standing = standing.filter(|one| one.person.administrator && !one.person.guest);
            let standing = standing.ok_or_else(|| Refusal::of(RefusalCode::NotAdministrator))?;
            Ok(Some(standing.company.id))
        }
        Actor::Person(_) | Actor::Rule => Err(RefusalCode::NotAdministrator.into()),
    }
}

/// R31: an administrator governs his own company only; others are not found. The operator governs
/// what no administrator does.
fn governs(facts: &Facts, actor: Actor, company: CompanyId) -> Result<(), Refusal> {
    let own = realm(facts, actor)?;
    let found = facts.companies.get(&company).filter(|_| own.is_none_or(|own| own == company));
    let found = found.ok_or_else(Refusal::not_found)?;
    if found.ended { Err(RefusalCode::OwnerEnded.into()) } else { Ok(()) }
}

/// A person of a company that the actor governs, its guests among them.
fn own_person(facts: &Facts, actor: Actor, user: UserId) -> Result<Standing<'_>, Refusal> {
    realm(facts, actor)?;
    let standing = facts.standing(user).filter(|standing| !standing.person.deleted);
    let standing = standing.ok_or_else(Refusal::not_found)?;
    governs(facts, actor, standing.company.id).map(|()| standing)
}

/// As [`own_person`], but a guest, who belongs to no company, holds none of its rights.
fn own_user(facts: &Facts, actor: Actor, user: UserId) -> Result<Standing<'_>, Refusal> {
    let standing = own_person(facts, actor, user)?;
    if standing.person.guest { Err(RefusalCode::NotAllowed.into()) } else { Ok(standing) }
}

fn end_company(facts: &Facts, company: CompanyId) -> Result<Vec<Effect>, Refusal> {
    let found = facts.companies.get(&company).ok_or_else(Refusal::not_found)?;
    Ok(only_if(!found.ended, || {
        let subject = Subject::Company(company);
        vec![
            Effect::CompanyEnded(company),
            Effect::Cut { subject, outside: false },
            Effect::Notice(subject, NoticeKind::Withdrawn {}),
        ]
    }))
}

fn set_policy(
    facts: &Facts,
    company: CompanyId,
    change: PolicyChange,
) -> Result<Vec<Effect>, Refusal> {
    let found = facts.companies.get(&company).ok_or_else(Refusal::not_found)?;
    let subject = Subject::Company(company);
    let so_already = match change {
        PolicyChange::GroupCreation(who) => found.group_creation == who,
        PolicyChange::Disabled(feature, off) => found.disabled.has(feature) == off,
        PolicyChange::Switch(Policy::ExternalMessaging, on) => found.external_messaging == on,
        PolicyChange::Switch(Policy::ExternalRooms, on) => found.external_rooms == on,
        PolicyChange::Switch(Policy::Guests, on) => found.guests == on,
        PolicyChange::Switch(Policy::ExternalReadMarks, on) => found.external_read_marks == on,
        PolicyChange::Switch(Policy::FirstSignIn, on) => found.first_sign_in == on,
    };
    Ok(only_if(!so_already, || {
        let mut effects = vec![Effect::PolicySet(company, change)];
        match change {
            PolicyChange::Switch(Policy::ExternalMessaging, false) => {
                effects.push(Effect::Cut { subject, outside: true });
                effects.push(Effect::Notice(subject, NoticeKind::Withdrawn {}));
            }
            PolicyChange::Disabled(..) => effects.push(Effect::Relock(company)),
            PolicyChange::Switch(..) | PolicyChange::GroupCreation(_) => {}
        }
        effects.push(Effect::Notice(subject, NoticeKind::Policy { company }));
        effects
    }))
}

fn provision(
    facts: &Facts,
    actor: Actor,
    (person, exists): (&super::facts::Person, bool),
    first_sign_in: bool,
) -> Result<Vec<Effect>, Refusal> {
    if first_sign_in {
        let company = facts.companies.get(&person.company);
        let open = company.is_some_and(|company| company.first_sign_in && !company.ended);
        if !open || exists || person.administrator || person.connected || person.guest {
            return Err(RefusalCode::Unauthenticated.into());
        }
    } else {
        governs(facts, actor, person.company)?;
        // Guests come by invitation only (R33).
        if person.guest {
            return Err(RefusalCode::NotAllowed.into());
        }
    }
    if exists || facts.people.contains_key(&person.id) {
        return Err(RefusalCode::Exists.into());
    }
    Ok(vec![Effect::PersonMade(person.clone())])
}

fn set_connected(
    facts: &Facts,
    actor: Actor,
    user: UserId,
    connected: bool,
) -> Result<Vec<Effect>, Refusal> {
    let standing = own_user(facts, actor, user)?;
    let subject = Subject::Person(user);
    let changes = standing.person.connected != connected;
    Ok(only_if(changes, || {
        let set = Effect::ConnectedSet(user, connected);
        if connected {
            return vec![set, Effect::Notice(subject, NoticeKind::Connected {})];
        }
        let cut = Effect::Cut { subject, outside: true };
        vec![set, cut, Effect::Notice(subject, NoticeKind::Withdrawn {})]
    }))
}

fn set_active(
    facts: &Facts,
    actor: Actor,
    user: UserId,
    active: bool,
) -> Result<Vec<Effect>, Refusal> {
    let standing = own_person(facts, actor, user)?;
    Ok(only_if(standing.person.active != active, || {
        let mut effects = vec![Effect::ActiveSet(user, active)];
        if !active {
            effects.extend([Effect::SignInsRevoked(user), whole(user)]);
        }
        effects
    }))
}

/// The asker of contacts: an active user, not a guest.
fn asker(facts: &Facts, actor: Actor) -> Result<Standing<'_>, Refusal> {
    let standing = actor.person().and_then(|user| facts.standing(user));
    let standing = standing.filter(|one| one.is_active() && !one.person.guest);
    standing.ok_or_else(|| RefusalCode::NotAllowed.into())
}

/// The answer is the same whether the address is somebody's or not: nobody is found by guessing.
fn request_contact(
    facts: &Facts,
    actor: Actor,
    of: Option<UserId>,
    asked: bool,
) -> Result<Vec<Effect>, Refusal> {
    let me = asker(facts, actor)?;
    let other = of.and_then(|user| facts.standing(user));
    let other = other.filter(|one| one.is_active() && !one.person.guest);
    let Some(other) = other else {
        return Ok(Vec::new());
    };
    let (mine, his) = (me.person.id, other.person.id);
    if me.company.id == other.company.id {
        return Err(RefusalCode::SameCompany.into());
    }
    if facts.are_contacts(mine, his) {
        return Ok(Vec::new());
    }
    if asked {
        return Ok(made(mine, his));
    }
    let notice = NoticeKind::ContactRequested { user: mine };
    Ok(vec![Effect::ContactAsked(mine, his), Effect::Notice(Subject::Person(his), notice)])
}

fn accept_contact(
    facts: &Facts,
    actor: Actor,
    of: UserId,
    asked: bool,
) -> Result<Vec<Effect>, Refusal> {
    let me = asker(facts, actor)?.person.id;
    let other = facts.standing(of).filter(|one| one.is_active() && !one.person.guest);
    let other = other.ok_or_else(Refusal::not_found)?.person.id;
    if facts.are_contacts(me, other) {
        return Ok(Vec::new());
    }
    if asked { Ok(made(me, other)) } else { Err(Refusal::not_found()) }
}

fn made(mine: UserId, his: UserId) -> Vec<Effect> {
    let notice = NoticeKind::ContactAccepted { user: mine };
    vec![Effect::ContactMade(mine, his), Effect::Notice(Subject::Person(his), notice)]
}
