//! Who comes into a room, and how one begins (R1–R6, R33).

use super::{Kind, Model, Place, RoomModel, Who};
use crosstalk_protocol::ids::{CompanyId, UserId};
use std::collections::BTreeSet;

/// Who of the candidates comes in, and how many are left out.
pub(super) struct Comers {
    pub(super) users: Vec<UserId>,
    pub(super) left_out: usize,
}

impl Model {
    pub(super) fn comers(
        &self,
        room: &RoomModel,
        kind: Kind,
        sponsors: &[UserId],
        candidates: &[UserId],
    ) -> Result<Comers, ()> {
        let home = self.company(sponsors[0]);
        let mut comers = Comers { users: Vec::new(), left_out: 0 };
        if candidates.len() > self.members_max {
            return Err(());
        }
        for &user in candidates.iter().collect::<BTreeSet<_>>() {
            if room.members().contains(&user) {
                continue;
            }
            let foreign = self.company(user) != home;
            let known = sponsors.iter().any(|sponsor| self.know(*sponsor, user));
            if self.people[&user].guest || foreign && (kind == Kind::Internal || !known) {
                return Err(());
            }
            if !foreign && !self.active(user) {
                return Err(());
            }
            if kind == Kind::Internal || self.connected(user) {
                comers.users.push(user);
            } else {
                comers.left_out += 1;
            }
        }
        let size = room.members().len() + comers.users.len();
        if size > self.members_max { Err(()) } else { Ok(comers) }
    }

    pub(super) fn creates(
        &self,
        room: &mut RoomModel,
        who: Who,
        named: &[UserId],
        members: &[UserId],
    ) -> Result<(), ()> {
        let (founder, sponsors) = match who {
            Who::Person(user) if named.is_empty() => {
                let may = self.active(user) && self.firms[&self.company(user)].members_create;
                (Some(user).filter(|_| may).ok_or(())?, vec![user])
            }
            Who::Administrator(user) if self.governs(user) => {
                let home = self.company(user);
                let founder = *named.first().ok_or(())?;
                if self.company(founder) != home {
                    return Err(());
                }
                (founder, self.vouching(named, home))
            }
            _ => return Err(()),
        };
        if !self.connected(founder) {
            return Err(());
        }
        let others: Vec<UserId> = named.iter().skip(1).chain(members).copied().collect();
        if others.len() > self.members_max {
            return Err(());
        }
        let others: Vec<UserId> = others.into_iter().filter(|user| *user != founder).collect();
        let mut users = self.comers(room, Kind::Group, &sponsors, &others)?.users;
        users.push(founder);
        let abroad = users.iter().any(|user| self.company(*user) != self.company(founder));
        if users.len() > self.members_max || !abroad {
            return Err(());
        }
        room.kind = Kind::Group;
        room.owner = self.company(founder);
        room.masters.insert(founder);
        room.masters.extend(named.iter().filter(|user| users.contains(user)));
        let at = room.write(Place::Governance);
        room.begin(&users, at);
        Ok(())
    }

    /// R4: of his own company, or known to one who vouches.
    fn vouching(&self, named: &[UserId], home: CompanyId) -> Vec<UserId> {
        let mut vouching: Vec<UserId> =
            named.iter().copied().filter(|user| self.company(*user) == home).collect();
        for _ in named {
            for user in named {
                let known = vouching.iter().any(|one| self.know(*one, *user));
                if known && !vouching.contains(user) {
                    vouching.push(*user);
                }
            }
        }
        vouching
    }

    pub(super) fn opens(
        &self,
        room: &mut RoomModel,
        who: Who,
        shared: bool,
        members: &[UserId],
    ) -> Result<(), ()> {
        let Who::Person(user) = who else {
            return Err(());
        };
        let kind = if shared { Kind::Shared } else { Kind::Internal };
        let may = self.active(user) && !self.people[&user].guest;
        if !may || shared && !self.connected(user) || members.len() > self.members_max {
            return Err(());
        }
        let others: Vec<UserId> = members.iter().copied().filter(|one| *one != user).collect();
        let comers = self.comers(room, kind, &[user], &others)?;
        let mut users = comers.users;
        users.push(user);
        let abroad = users.iter().any(|one| self.company(*one) != self.company(user));
        if users.len() > self.members_max || shared && !abroad {
            return Err(());
        }
        (room.kind, room.owner) = (kind, self.company(user));
        let at = room.write(Place::Governance);
        room.begin(&users, at);
        if comers.left_out > 0 {
            room.write(Place::Governance);
        }
        Ok(())
    }
}
