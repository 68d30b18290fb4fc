//! What the law makes of what is asked of a room.

use super::{Ask, Kind, Model, Place, RoomModel, Stay, Verdict, Who};
use crosstalk_protocol::ids::{CompanyId, UserId};
use std::collections::BTreeSet;

impl Model {
    /// Carries out what is asked, or refuses it and changes nothing.
    pub(crate) fn asked(&mut self, index: usize, who: Who, ask: &Ask) -> Verdict {
        let before = self.rooms[index].head();
        let mut room = self.rooms[index].clone();
        self.decided(&mut room, who, ask)?;
        let written = room.head() - before;
        self.rooms[index] = room;
        Ok(written)
    }

    /// R16: whether the room is anything to him.
    pub(crate) fn is_there_for(&self, index: usize, who: Who) -> bool {
        self.there(&self.rooms[index], who).is_ok()
    }

    fn there(&self, room: &RoomModel, who: Who) -> Result<(), ()> {
        let there = match who {
            Who::Person(user) => room.members().contains(&user),
            Who::Administrator(user) => {
                self.governs(user)
                    && room.kind == Kind::Group
                    && room.owner == self.company(user)
                    && !room.gone
            }
            Who::Operator | Who::Rule => !room.gone && room.head() > 0,
        };
        there.then_some(()).ok_or(())
    }

    pub(super) fn governs(&self, user: UserId) -> bool {
        self.active(user) && self.people[&user].administrator
    }

    fn decided(&self, room: &mut RoomModel, who: Who, ask: &Ask) -> Result<(), ()> {
        match ask {
            Ask::Create { masters, members } => return self.creates(room, who, masters, members),
            Ask::Open { shared, members } => return self.opens(room, who, *shared, members),
            _ => self.there(room, who)?,
        }
        if matches!(
            ask,
            Ask::Say
                | Ask::Reply(_)
                | Ask::Edit(_)
                | Ask::Unsend(_)
                | Ask::React(..)
                | Ask::Pin(..)
        ) {
            return if let Who::Person(user) = who { self.talks(room, user, ask) } else { Err(()) };
        }
        self.settles(room);
        if *ask == Ask::Settle {
            return if who == Who::Rule { Ok(()) } else { Err(()) };
        }
        self.there(room, who)?;
        match (who, ask) {
            (Who::Administrator(_), Ask::NameMaster(user)) => {
                (room.masters.is_empty() && room.members().contains(user))
                    .then_some(())
                    .ok_or(())?;
                room.masters.insert(*user);
                room.write(Place::Governance);
                Ok(())
            }
            (Who::Operator, Ask::Hand(to)) => self.hands(room, *to),
            (Who::Rule, Ask::Enter { guest, inviter }) => self.enters(room, *guest, *inviter),
            (Who::Person(user), _) if room.kind == Kind::Group => self.masters(room, user, ask),
            (Who::Person(user), _) => self.generally(room, user, ask),
            _ => Err(()),
        }
    }

    /// R19, R20, R33: what is so already is written.
    fn settles(&self, room: &mut RoomModel) {
        let cut: BTreeSet<UserId> = room.listed().difference(&room.members()).copied().collect();
        if !cut.is_empty() {
            room.end(&cut);
        }
        self.succeeds(room);
        self.closes(room);
    }

    fn succeeds(&self, room: &mut RoomModel) {
        if room.kind != Kind::Group || !room.masters.is_empty() {
            return;
        }
        let members = room.members();
        let heirs = room.stays.iter().filter(|stay| stay.to.is_none());
        let mut heirs: Vec<&Stay> = heirs
            .filter(|stay| members.contains(&stay.user) && self.company(stay.user) == room.owner)
            .collect();
        heirs.sort_by_key(|stay| (stay.from, stay.user));
        if let Some(heir) = heirs.first().map(|stay| stay.user) {
            room.masters.insert(heir);
            room.write(Place::Governance);
        }
    }

    fn closes(&self, room: &mut RoomModel) {
        let members = room.members();
        let empty = members.iter().all(|user| self.people[user].guest);
        if room.kind == Kind::Group || !empty {
            return;
        }
        if !members.is_empty() {
            room.end(&members);
        }
        room.write(Place::Governance);
        room.gone = true;
    }

    fn hands(&self, room: &mut RoomModel, to: CompanyId) -> Result<(), ()> {
        let may = self.firms[&room.owner].ended && !self.firms[&to].ended;
        if room.kind != Kind::Group || !may {
            return Err(());
        }
        room.owner = to;
        room.write(Place::Governance);
        self.succeeds(room);
        Ok(())
    }

    fn enters(&self, room: &mut RoomModel, guest: UserId, inviter: UserId) -> Result<(), ()> {
        let members = room.members();
        let person = &self.people[&guest];
        let allowed = !self.people[&inviter].guest
            && self.firms[&person.company].guests
            && self.firms[&room.owner].guests;
        let his = person.guest && self.active(guest) && person.company == self.company(inviter);
        if room.kind == Kind::Group || !members.contains(&inviter) || !his || !allowed {
            return Err(());
        }
        if members.contains(&guest) {
            return Ok(());
        }
        if members.len() >= self.members_max {
            return Err(());
        }
        let at = room.write(Place::Governance);
        room.begin(&[guest], at);
        Ok(())
    }

    fn brings(&self, room: &mut RoomModel, user: UserId, users: &[UserId]) -> Result<(), ()> {
        let comers = self.comers(room, room.kind, &[user], users)?;
        if !comers.users.is_empty() || comers.left_out > 0 {
            let at = room.write(Place::Governance);
            room.begin(&comers.users, at);
        }
        Ok(())
    }

    fn generally(&self, room: &mut RoomModel, user: UserId, ask: &Ask) -> Result<(), ()> {
        let guest = self.people[&user].guest;
        match ask {
            Ask::Rename => drop(room.write(Place::Governance)),
            Ask::Leave => {
                room.end(&BTreeSet::from([user]));
                self.closes(room);
            }
            Ask::Invite(users) if !guest => self.brings(room, user, users)?,
            Ask::Convert if !guest => self.converts(room, user)?,
            _ => return Err(()),
        }
        Ok(())
    }

    fn converts(&self, room: &mut RoomModel, user: UserId) -> Result<(), ()> {
        let home = self.company(user);
        let members = room.members();
        let may = self.firms[&home].members_create && self.connected(user);
        let guests = members.iter().any(|one| self.people[one].guest);
        let mut abroad = members.iter().filter(|one| self.company(**one) != home).peekable();
        let some = abroad.peek().is_some();
        if !may || guests || !some || !abroad.all(|one| self.know(user, *one)) {
            return Err(());
        }
        (room.kind, room.owner) = (Kind::Group, home);
        room.masters.insert(user);
        room.write(Place::Governance);
        Ok(())
    }

    fn masters(&self, room: &mut RoomModel, user: UserId, ask: &Ask) -> Result<(), ()> {
        if !room.masters.contains(&user) {
            return Err(());
        }
        let member = |one: &UserId| room.members().contains(one);
        match ask {
            Ask::Add(users) => return self.brings(room, user, users),
            Ask::Remove(users) if !users.contains(&user) && users.len() <= self.members_max => {
                let present: BTreeSet<UserId> = users.iter().copied().filter(member).collect();
                if !present.is_empty() {
                    room.end(&present);
                }
                return Ok(());
            }
            Ask::Appoint(one) if member(one) => {
                if !room.masters.insert(*one) {
                    return Ok(());
                }
            }
            Ask::Dismiss(one) if member(one) => {
                if !room.masters.contains(one) {
                    return Ok(());
                }
                if room.masters.len() == 1 {
                    return Err(());
                }
                room.masters.remove(one);
            }
            Ask::SwitchMessages(on) if !self.firms[&room.owner].messages_off => {
                if room.messages_on == *on {
                    return Ok(());
                }
                room.messages_on = *on;
            }
            Ask::ShowAll(all) => {
                if room.all_from_now == *all {
                    return Ok(());
                }
                room.all_from_now = *all;
            }
            Ask::Delete => room.gone = true,
            _ => return Err(()),
        }
        room.write(Place::Governance);
        Ok(())
    }

    fn talks(&self, room: &mut RoomModel, user: UserId, ask: &Ask) -> Result<(), ()> {
        if self.messages_off(room, user) {
            return Err(());
        }
        let master = room.masters.contains(&user);
        let target = match ask {
            Ask::Reply(at)
            | Ask::Edit(at)
            | Ask::Unsend(at)
            | Ask::React(at, _)
            | Ask::Pin(at, _) => *at,
            _ => {
                room.write(said(user));
                return Ok(());
            }
        };
        let target = usize::try_from(target).unwrap();
        if !room.lies_in_his_time(user, target) {
            return Err(());
        }
        let place = target.checked_sub(1).and_then(|index| room.places.get_mut(index));
        let Some(Place::Said { by, unsent, pinned, reacted }) = place else {
            return Err(());
        };
        if *unsent {
            return Err(());
        }
        let written = match ask {
            Ask::Reply(_) => said(user),
            Ask::Edit(_) if *by == user => Place::Rewrites(target),
            Ask::Unsend(_) if *by == user || master => {
                *unsent = true;
                Place::Rewrites(target)
            }
            Ask::React(_, on) => {
                let changes = if *on { reacted.insert(user) } else { reacted.remove(&user) };
                if !changes {
                    return Ok(());
                }
                Place::Rewrites(target)
            }
            Ask::Pin(_, on) if *pinned == *on => return Ok(()),
            Ask::Pin(_, on) => {
                *pinned = *on;
                Place::Rewrites(target)
            }
            _ => return Err(()),
        };
        room.write(written);
        Ok(())
    }
}

fn said(by: UserId) -> Place {
    Place::Said { by, unsent: false, pinned: false, reacted: BTreeSet::new() }
}
