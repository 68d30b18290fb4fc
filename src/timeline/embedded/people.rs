//! People and companies as the writer knows them: what its own transaction says, never older.

use super::cache::Bounded;
use super::codes::Sql;
use super::rows::{self, company_columns};
use crate::authority::{Company, Facts, Person};
use crate::sql::Connection;
use crosstalk_protocol::ids::{CompanyId, UserId};
use foldhash::{HashMap, HashMapExt as _};

/// A record with its number.
#[derive(Debug, Clone)]
pub(super) struct Known<T> {
    pub(super) number: i64,
    pub(super) record: T,
}

/// The people asked for of late, and all companies.
pub(super) struct People {
    recent: Bounded<UserId, Known<Person>>,
    companies: HashMap<CompanyId, Known<Company>>,
    complete: bool,
}

impl People {
    pub(super) fn new(max: usize) -> Self {
        Self { recent: Bounded::new(max), companies: HashMap::new(), complete: false }
    }

    /// Forgets all: the transaction that it came from was rolled back.
    pub(super) fn clear(&mut self) {
        self.recent.clear();
        self.complete = false;
    }

    /// Reads the companies, unless they are known.
    pub(super) fn complete(&mut self, connection: &Connection) -> Sql<()> {
        if self.complete {
            return Ok(());
        }
        self.companies.clear();
        let sql = concat!("SELECT ", company_columns!(), " FROM company c");
        let mut statement = connection.prepare_cached(sql)?;
        let mut found = statement.query(())?;
        while let Some(row) = &found.next()? {
            let (number, record) = rows::company(row, 0)?;
            self.companies.insert(record.id, Known { number, record });
        }
        self.complete = true;
        Ok(())
    }

    /// The person, if there is one of this id.
    pub(super) fn person(
        &mut self,
        connection: &Connection,
        user: UserId,
    ) -> Sql<Option<&mut Known<Person>>> {
        if self.recent.get(user).is_none() {
            let Some((number, record, _)) = rows::standing(connection, user)? else {
                return Ok(None);
            };
            self.recent.put(user, Known { number, record });
        }
        Ok(self.recent.get(user))
    }

    /// The person's number, if there is one of this id.
    pub(super) fn number(&mut self, connection: &Connection, user: UserId) -> Sql<Option<i64>> {
        Ok(self.person(connection, user)?.map(|known| known.number))
    }

    pub(super) fn company(&mut self, company: CompanyId) -> Option<&mut Known<Company>> {
        self.companies.get_mut(&company)
    }

    /// A company that has just been made.
    pub(super) fn founded(&mut self, number: i64, record: Company) {
        self.companies.insert(record.id, Known { number, record });
    }

    /// Puts a person, if he is, and his company into the facts.
    pub(super) fn tell(
        &mut self,
        connection: &Connection,
        user: UserId,
        facts: &mut Facts,
    ) -> Sql<Option<i64>> {
        let Some(known) = self.person(connection, user)? else { return Ok(None) };
        let (number, person) = (known.number, known.record.clone());
        self.tell_company(person.company, facts);
        facts.people.insert(user, person);
        Ok(Some(number))
    }

    /// Puts a company, if it is, into the facts.
    pub(super) fn tell_company(&self, company: CompanyId, facts: &mut Facts) {
        if !facts.companies.contains_key(&company)
            && let Some(known) = self.companies.get(&company)
        {
            facts.companies.insert(company, known.record.clone());
        }
    }
}
