//! Who and what: names of people and rooms, as far as they were told.

use super::screen::harmless;
use crosstalk_loadtest::{Device, Error};
use crosstalk_protocol::answer::{ContactLine, ContactState, MemberLine, Person, RoomSummary};
use crosstalk_protocol::ids::{RoomId, UserId};
use crosstalk_protocol::request::{Colleagues, Contacts, Members, People, Rooms};
use std::collections::BTreeMap;
use uuid::Uuid;

/// People in one question.
const PEOPLE_MAX: usize = 100;

/// Names of people and rooms.
#[derive(Default)]
pub(super) struct Book {
    me: Option<UserId>,
    people: BTreeMap<UserId, Person>,
    rooms: BTreeMap<RoomId, String>,
}

impl Book {
    pub(super) fn me(&mut self, user: UserId) {
        self.me = Some(user);
    }

    pub(super) fn who_am_i(&self) -> UserId {
        self.me.unwrap_or(UserId(Uuid::nil()))
    }

    /// How a person is shown: with his company, always (R30).
    pub(super) fn person(&self, user: UserId) -> String {
        match self.people.get(&user) {
            Some(person) => shown(person),
            None if Some(user) == self.me => "me".to_owned(),
            None => "somebody".to_owned(),
        }
    }

    /// Several people.
    pub(super) fn people(&self, users: &[UserId]) -> String {
        let names: Vec<String> = users.iter().map(|user| self.person(*user)).collect();
        names.join(", ")
    }

    /// What a room is called.
    pub(super) fn room(&self, room: RoomId) -> String {
        let name = self.rooms.get(&room).filter(|name| !name.is_empty());
        name.map_or_else(|| "a room without a name".to_owned(), |name| harmless(name))
    }

    /// Its name as it is, for who has to repeat it.
    pub(super) fn name_of(&self, room: RoomId) -> Option<&str> {
        self.rooms.get(&room).map(String::as_str)
    }

    pub(super) fn is_called(&mut self, room: RoomId, name: &str) {
        self.rooms.insert(room, name.to_owned());
    }

    pub(super) fn forget(&mut self, room: RoomId) {
        self.rooms.remove(&room);
    }

    /// Asks for the names that are not known yet.
    pub(super) async fn learn_people(
        &mut self,
        device: &mut Device,
        mut users: Vec<UserId>,
    ) -> Result<(), Error> {
        users.retain(|user| !self.people.contains_key(user));
        users.sort_unstable();
        users.dedup();
        for users in users.chunks(PEOPLE_MAX) {
            let answer = device.request(People { users: users.to_vec() }).await?;
            self.people.extend(answer.people.into_iter().map(|person| (person.user, person)));
        }
        Ok(())
    }

    /// All my rooms, in order.
    pub(super) async fn my_rooms(
        &mut self,
        device: &mut Device,
    ) -> Result<Vec<RoomSummary>, Error> {
        let mut rooms: Vec<RoomSummary> = Vec::new();
        loop {
            let after = rooms.last().map(|summary| summary.room);
            let page = device.request(Rooms { after, limit: 100 }).await?;
            let more = page.more && !page.rooms.is_empty();
            rooms.extend(page.rooms);
            if !more {
                break;
            }
        }
        for summary in &rooms {
            self.rooms.insert(summary.room, summary.name.clone());
        }
        Ok(rooms)
    }

    /// All my contacts.
    pub(super) async fn contacts(
        &mut self,
        device: &mut Device,
    ) -> Result<Vec<ContactLine>, Error> {
        let mut contacts: Vec<ContactLine> = Vec::new();
        loop {
            let after = contacts.last().map(|line| line.person.user);
            let page = device.request(Contacts { after, limit: 200 }).await?;
            let more = page.more && !page.contacts.is_empty();
            contacts.extend(page.contacts);
            if !more {
                break;
            }
        }
        self.learn(contacts.iter().map(|line| &line.person));
        Ok(contacts)
    }

    /// The people of my own company.
    pub(super) async fn colleagues(&mut self, device: &mut Device) -> Result<Vec<Person>, Error> {
        let mut people: Vec<Person> = Vec::new();
        loop {
            let after = people.last().map(|person| person.user);
            let page = device.request(Colleagues { after, limit: 200 }).await?;
            let more = page.more && !page.people.is_empty();
            people.extend(page.people);
            if !more {
                break;
            }
        }
        self.learn(people.iter());
        Ok(people)
    }

    /// All members of a room.
    pub(super) async fn members(
        &mut self,
        device: &mut Device,
        room: RoomId,
    ) -> Result<Vec<MemberLine>, Error> {
        let mut members: Vec<MemberLine> = Vec::new();
        loop {
            let after = members.last().map(|line| line.person.user);
            let page = device.request(Members { room, after, limit: 200 }).await?;
            let more = page.more && !page.members.is_empty();
            members.extend(page.members);
            if !more {
                break;
            }
        }
        self.learn(members.iter().map(|line| &line.person));
        Ok(members)
    }

    fn learn<'a>(&mut self, people: impl Iterator<Item = &'a Person>) {
        self.people.extend(people.map(|person| (person.user, person.clone())));
    }

    /// The people of these names (or the beginnings of them, or ids), among contacts, colleagues and
    /// whoever was seen.
    pub(super) async fn find(
        &mut self,
        device: &mut Device,
        names: &[String],
    ) -> Result<Result<Vec<UserId>, String>, Error> {
        self.contacts(device).await?;
        self.colleagues(device).await?;
        let rooms: Vec<RoomId> = self.my_rooms(device).await?.iter().map(|one| one.room).collect();
        for room in rooms {
            self.members(device, room).await?;
        }
        Ok(names.iter().map(|name| self.one_called(name)).collect())
    }

    fn one_called(&self, name: &str) -> Result<UserId, String> {
        if let Ok(id) = name.parse::<Uuid>() {
            return Ok(UserId(id));
        }
        let wanted = name.to_lowercase();
        let called = |person: &&Person| person.name.to_lowercase() == wanted;
        let begins = |person: &&Person| person.name.to_lowercase().starts_with(&wanted);
        let mut found: Vec<&Person> = self.people.values().filter(called).collect();
        if found.is_empty() {
            found = self.people.values().filter(begins).collect();
        }
        match found.as_slice() {
            [only] => Ok(only.user),
            [] => Err(format!(
                "nobody I can see is called {name:?}: /contacts, /colleagues and /who list \
                     people, /contact ADDRESS asks somebody of another company"
            )),
            several => {
                let names: Vec<String> = several.iter().map(|person| shown(person)).collect();
                Err(format!("{name:?} may be {}", names.join(" or ")))
            }
        }
    }
}

/// Whom a text mentions among these people, as @Name (the first word of it will do), and whether
/// it mentions @all.
pub(super) fn mentions(text: &str, people: &[MemberLine]) -> (Vec<UserId>, bool) {
    let begins = |c: char| !c.is_alphanumeric();
    let lower = text.to_lowercase();
    let mentioned = |name: &str| {
        let sign = format!("@{}", name.to_lowercase());
        lower.match_indices(&sign).any(|(at, found)| {
            let (before, after) = (lower.get(..at), lower.get(at + found.len()..));
            before.is_some_and(|text| text.is_empty() || text.ends_with(begins))
                && after.is_some_and(|text| text.is_empty() || text.starts_with(begins))
        })
    };
    let of = |name: &str| mentioned(name) || name.split_whitespace().next().is_some_and(&mentioned);
    let users = people.iter().filter(|line| of(&line.person.name)).map(|line| line.person.user);
    (users.collect(), mentioned("all"))
}

/// A person with his company.
pub(super) fn shown(person: &Person) -> String {
    let guest = if person.guest { "guest of " } else { "" };
    harmless(&format!("{} ({guest}{})", person.name, person.company_name))
}

/// How a contact stands, in words.
pub(super) fn standing(line: &ContactLine) -> String {
    let asks = match line.state {
        ContactState::AskedMe => "  asks to be a contact: /accept or /end",
        ContactState::Accepted => "",
    };
    format!("{}{asks}", shown(&line.person))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crosstalk_protocol::ids::CompanyId;

    fn member(number: u8, name: &str) -> MemberLine {
        let (user, company) = (UserId::of_bytes([number; 16]), CompanyId::of_bytes([0; 16]));
        let (name, company_name) = (name.to_owned(), "Acme".to_owned());
        MemberLine {
            person: Person { user, name, company, company_name, guest: false },
            master: false,
        }
    }

    #[test]
    fn people_are_mentioned_by_their_first_or_whole_name() {
        let people = [member(1, "Ann Lee"), member(2, "森 葵"), member(3, "Al")];
        let numbers = |text| -> Vec<u8> {
            mentions(text, &people).0.iter().map(|user| user.bytes()[0]).collect()
        };
        assert_eq!(numbers("@ann and @森 葵, please"), [1, 2]);
        assert_eq!(numbers("(@Ann Lee)"), [1]);
        assert_eq!(numbers("ann@annex.example, @annex, @nobody"), Vec::<u8>::new());
        assert_eq!(mentions("listen, @all!", &people), (vec![], true));
    }
}
