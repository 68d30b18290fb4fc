//! Who of the candidates comes in: contacts, guests, Connected-members, limits (R4–R6, R8, R13).

use super::{Draft, refuse_if_any};
use crate::authority::access::Access;
use crate::authority::facts::{Facts, Standing};
use crate::authority::refusal::Refusal;
use crate::authority::room::Room;
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::entry::{Change, ENTRY_PEOPLE_MAX, LeftOut, Newcomer};
use crosstalk_protocol::ids::{CompanyId, UserId};
use crosstalk_protocol::words::{LeftOutReason, RoomKind};
use std::collections::BTreeSet;

/// Who brings people in, and whereto.
pub(super) struct Door<'a> {
    /// Whose contacts external people must be: one who adds, or the named Group Masters.
    pub(super) sponsors: &'a [UserId],
    /// Their company.
    pub(super) company: CompanyId,
    /// What kind of room it is (to be).
    pub(super) kind: RoomKind,
    /// The room as it stands; blank for one to be made.
    pub(super) room: &'a Room,
}

/// The candidates, sorted out.
#[derive(Default)]
pub(super) struct Admitted {
    /// Who becomes a member.
    pub(super) newcomers: Vec<Newcomer>,
    /// The access numbers that their stints note.
    pub(super) access: Vec<(UserId, Access)>,
    /// Who is left out (R6).
    pub(super) left_out: Vec<LeftOut>,
    /// Who is a member already (R13).
    pub(super) unchanged: Vec<UserId>,
}

impl Admitted {
    pub(super) fn take(&mut self, standing: Standing<'_>) {
        let person = standing.person;
        self.access.push((person.id, standing.access()));
        self.newcomers.push(Newcomer {
            user: person.id,
            company: person.company,
            guest: person.guest,
        });
    }

    /// How many newcomers and left-out people an entry holds that names `others` besides.
    pub(super) fn room_beside(&self, others: usize) -> (usize, usize) {
        let members = self.newcomers.len().min(ENTRY_PEOPLE_MAX.saturating_sub(others));
        let free = ENTRY_PEOPLE_MAX.saturating_sub(others + members);
        (members, self.left_out.len().min(free))
    }

    /// `added` entries of at most 500 people each for all but the first so many newcomers and
    /// left-out people.
    pub(super) fn drafts(&self, author: Option<UserId>, told: (usize, usize)) -> Vec<Draft> {
        let mut members = self.newcomers.get(told.0..).unwrap_or_default();
        let mut left_out = self.left_out.get(told.1..).unwrap_or_default();
        let mut drafts = Vec::new();
        while !members.is_empty() || !left_out.is_empty() {
            let (these, later) = members.split_at(members.len().min(ENTRY_PEOPLE_MAX));
            let free = ENTRY_PEOPLE_MAX - these.len();
            let (without, later_without) = left_out.split_at(left_out.len().min(free));
            let change = Change::Added { members: these.to_vec(), left_out: without.to_vec() };
            drafts.push(Draft { author, change, access: self.access_of(these), content: false });
            (members, left_out) = (later, later_without);
        }
        drafts
    }

    /// The access numbers of these newcomers.
    pub(super) fn access_of(&self, members: &[Newcomer]) -> Vec<(UserId, Access)> {
        let named: BTreeSet<UserId> = members.iter().map(|member| member.user).collect();
        self.access.iter().filter(|(user, _)| named.contains(user)).copied().collect()
    }
}

/// Sorts candidates out, or refuses naming those for whom it refuses.
pub(super) fn admit(
    door: &Door<'_>,
    facts: &Facts,
    candidates: &[UserId],
) -> Result<Admitted, Refusal> {
    let mut admitted = Admitted::default();
    let mut seen = BTreeSet::new();
    let (mut guests, mut strangers, mut inactive, mut full) = (vec![], vec![], vec![], vec![]);
    for &user in candidates.iter().filter(|user| seen.insert(**user)) {
        if door.room.members.contains_key(&user) {
            admitted.unchanged.push(user);
            continue;
        }
        let Some(standing) = facts.standing(user) else {
            strangers.push(user);
            continue;
        };
        let person = standing.person;
        let foreign = person.company != door.company;
        if foreign && (person.guest || !may_come_from_outside(door, facts, user)) {
            // Another company's guest too: an answer of his own would say that there is such a one.
            strangers.push(user);
        } else if person.guest {
            guests.push(user);
        } else if !standing.is_active() && !foreign {
            inactive.push(user);
        } else if door.kind.is_outside() && !standing.is_connected() {
            admitted.left_out.push(LeftOut { user, reason: LeftOutReason::NotConnected });
        } else if door.kind == RoomKind::Group && person.groups >= facts.limits.groups_max {
            full.push(user);
        } else {
            admitted.take(standing);
        }
    }
    refuse_if_any(RefusalCode::GuestsNotAllowed, guests)?;
    refuse_if_any(RefusalCode::NotContacts, strangers)?;
    refuse_if_any(RefusalCode::PersonInactive, inactive)?;
    refuse_if_any(RefusalCode::TooManyGroups, full)?;
    let size = door.room.members.len() + admitted.newcomers.len();
    if size > facts.limits.members_max {
        return Err(RefusalCode::RoomFull.into());
    }
    Ok(admitted)
}

/// R4: a contact of who brings him in; when an administrator creates, of a named Group Master.
/// Nobody of another company comes into an internal room (R33).
fn may_come_from_outside(door: &Door<'_>, facts: &Facts, user: UserId) -> bool {
    door.kind.is_outside() && door.sponsors.iter().any(|sponsor| facts.are_contacts(*sponsor, user))
}
