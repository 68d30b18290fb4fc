//! What is done to people and companies, at once (R19).

use super::{Deed, Kind, Model};
use crosstalk_protocol::ids::{CompanyId, UserId};

impl Model {
    /// R19 and the rest of the directory: at once.
    pub(crate) fn befalls(&mut self, deed: Deed) {
        match deed {
            Deed::Connect(user, on) => {
                let person = self.people.get_mut(&user).unwrap();
                person.permitted = on;
                if !on {
                    self.cut(&[user], true);
                }
            }
            Deed::Suspend(user, on) => {
                self.people.get_mut(&user).unwrap().active = !on;
                if on {
                    self.cut(&[user], false);
                }
            }
            Deed::DeletePerson(user) => {
                let person = self.people.get_mut(&user).unwrap();
                (person.active, person.deleted) = (false, true);
                self.contacts.retain(|(one, other)| *one != user && *other != user);
                self.cut(&[user], false);
            }
            Deed::External(company, on) => {
                self.firms.get_mut(&company).unwrap().external = on;
                if !on {
                    self.cut(&self.people_of(company), true);
                }
            }
            Deed::EndCompany(company) => {
                self.firms.get_mut(&company).unwrap().ended = true;
                self.cut(&self.people_of(company), false);
            }
            Deed::DisableMessages(company, off) => {
                self.firms.get_mut(&company).unwrap().messages_off = off;
            }
            Deed::MembersCreate(company, on) => {
                self.firms.get_mut(&company).unwrap().members_create = on;
            }
            Deed::GuestsAllowed(company, on) => {
                self.firms.get_mut(&company).unwrap().guests = on;
            }
            Deed::Contacts(one, other, true) => drop(self.contacts.insert((one, other))),
            Deed::Contacts(one, other, false) => {
                self.contacts.remove(&(one, other));
                self.contacts.remove(&(other, one));
            }
        }
    }

    /// Whether a deed would be news, and may be done at all.
    pub(crate) fn is_news(&self, deed: Deed) -> bool {
        let lives =
            |user: &UserId| !self.people[user].deleted && !self.firms[&self.company(*user)].ended;
        let firm = |company: &CompanyId| Some(&self.firms[company]).filter(|firm| !firm.ended);
        match deed {
            Deed::Connect(user, on) => {
                let person = &self.people[&user];
                lives(&user) && !person.guest && person.permitted != on
            }
            Deed::Suspend(user, on) => lives(&user) && self.people[&user].active == on,
            Deed::DeletePerson(user) => lives(&user),
            Deed::External(company, on) => firm(&company).is_some_and(|firm| firm.external != on),
            Deed::EndCompany(company) => firm(&company).is_some(),
            Deed::DisableMessages(company, off) => {
                firm(&company).is_some_and(|firm| firm.messages_off != off)
            }
            Deed::MembersCreate(company, on) => {
                firm(&company).is_some_and(|firm| firm.members_create != on)
            }
            Deed::GuestsAllowed(company, on) => {
                firm(&company).is_some_and(|firm| firm.guests != on)
            }
            Deed::Contacts(one, other, on) => {
                self.company(one) != self.company(other) && self.know(one, other) != on
            }
        }
    }

    fn people_of(&self, company: CompanyId) -> Vec<UserId> {
        let of = self.people.iter().filter(|(_, person)| person.company == company);
        of.map(|(user, _)| *user).collect()
    }

    fn cut(&mut self, users: &[UserId], outside: bool) {
        for room in &mut self.rooms {
            let spared = outside && room.kind == Kind::Internal;
            for stay in room.stays.iter_mut().filter(|stay| stay.to.is_none() && !spared) {
                stay.cut = stay.cut || users.contains(&stay.user);
            }
        }
    }
}
