//! The directory's questions: who signs in, who are contacts, what companies and people there are.

use super::codes::Sql;
use super::deeds::ASKED_HIM;
use super::facts::CONTACTS;
use super::inbox::waiting;
use super::others::profile;
use super::reader::Reader;
use super::rows::{self, COMPANY_COLUMNS, PERSON_COLUMNS, company_columns, person_columns};
use crate::authority::{Company, Person, Time};
use crate::directory::{CompanyRecord, Contact, PersonRecord, Record, SignIn, SignInRefused};
use crate::mutants::{self, Mutant};
use crate::sql::{Optional as _, Row};
use crate::timeline::{Noticed, Profile};
use crosstalk_protocol::answer::ContactState;
use crosstalk_protocol::ids::{CompanyId, UserId};

/// A page of anything of the directory.
const PAGE_MAX: u32 = 1_000;

impl Reader {
    /// The person with this subject at his company's issuer.
    pub(super) fn sign_in(
        &self,
        company: CompanyId,
        subject: &str,
        issued: Time,
    ) -> Sql<Result<SignIn, SignInRefused>> {
        let mut statement = self.statement(concat!(
            "SELECT ",
            person_columns!(),
            ", ",
            company_columns!(),
            ", p.revoked FROM company c JOIN person p ON p.company = c.company \
             WHERE c.id = ?1 AND p.subject = ?2 AND p.guest = 0"
        ))?;
        let found = statement.query_row((company.bytes(), subject), signing).optional()?;
        Ok(judge(found, issued))
    }

    /// The guest of this id, who is his own subject at the server's issuer.
    pub(super) fn sign_in_guest(
        &self,
        user: UserId,
        issued: Time,
    ) -> Sql<Result<SignIn, SignInRefused>> {
        let mut statement = self.statement(concat!(
            "SELECT ",
            person_columns!(),
            ", ",
            company_columns!(),
            ", p.revoked FROM person p JOIN company c ON c.company = p.company \
             WHERE p.id = ?1 AND p.guest = 1"
        ))?;
        let found = statement.query_row([user.bytes()], signing).optional()?;
        Ok(judge(found, issued))
    }

    /// His contacts and those who asked him, in the order of their ids.
    pub(super) fn contacts(
        &self,
        user: UserId,
        after: Option<UserId>,
        limit: u32,
    ) -> Sql<(Vec<Contact>, bool)> {
        let mut statement = self.statement(
            "SELECT p.person, p.id, p.name, c.id, c.name, p.guest, k.state \
             FROM contact k JOIN person p ON p.person = k.other \
             JOIN company c ON c.company = p.company \
             WHERE k.person = (SELECT person FROM person WHERE id = ?1) AND k.state IN (?4, ?5) \
             AND (p.id > ?2 OR ?2 IS NULL) ORDER BY p.id LIMIT ?3",
        )?;
        let limit = limit.clamp(1, PAGE_MAX);
        let after = after.map(UserId::bytes);
        let values = (user.bytes(), after, limit + 1, CONTACTS, ASKED_HIM);
        let found = statement.query_map(values, |row| {
            let accepted = row.get::<i64>(6)? == CONTACTS;
            let state = if accepted { ContactState::Accepted } else { ContactState::AskedMe };
            Ok(Contact { profile: profile(row)?, state })
        })?;
        Ok(cut_off(found, limit))
    }

    /// The others of his company whom he may name, in the order of their ids.
    pub(super) fn colleagues(
        &self,
        user: UserId,
        after: Option<UserId>,
        limit: u32,
    ) -> Sql<(Vec<Profile>, bool)> {
        let mut statement = self.connection.prepare_cached(
            "SELECT p.person, p.id, p.name, c.id, c.name, p.guest \
             FROM person me JOIN person p ON p.company = me.company \
             JOIN company c ON c.company = p.company \
             WHERE me.id = ?1 AND me.guest = 0 AND p.guest = 0 AND p.active = 1 \
             AND p.deleted = 0 AND p.id <> ?1 AND (p.id > ?2 OR ?2 IS NULL) \
             ORDER BY p.id LIMIT ?3",
        )?;
        let limit = limit.clamp(1, PAGE_MAX);
        let after = after.map(UserId::bytes);
        let found = statement.query_map((user.bytes(), after, limit + 1), profile)?;
        Ok(cut_off(found, limit))
    }

    /// What waits in somebody's inbox after a place.
    pub(super) fn inbox(&self, user: UserId, after: u64, limit: u32) -> Sql<(Vec<Noticed>, bool)> {
        let Some(asker) = self.asker(user)? else {
            return Ok((Vec::new(), false));
        };
        let limit = limit.clamp(1, PAGE_MAX);
        self.tally.statement();
        waiting(&self.connection, &asker.person, after.cast_signed().max(0), limit)
    }

    /// All companies.
    pub(super) fn companies(&self) -> Sql<Vec<CompanyRecord>> {
        let mut statement = self.statement(concat!(
            "SELECT ",
            company_columns!(),
            ", c.name, c.issuer, c.audience, c.keys FROM company c ORDER BY c.id"
        ))?;
        statement.query_map((), |row| {
            let (_, company) = rows::company(row, 0)?;
            let record = Record {
                name: row.get(COMPANY_COLUMNS)?,
                issuer: row.get(COMPANY_COLUMNS + 1)?,
                audience: row.get(COMPANY_COLUMNS + 2)?,
                keys: row.get(COMPANY_COLUMNS + 3)?,
                ..Record::default()
            };
            Ok(CompanyRecord { company, record })
        })
    }

    /// A company's people, its guests among them, in the order of their ids.
    pub(super) fn people_of(
        &self,
        company: CompanyId,
        after: Option<UserId>,
        limit: u32,
    ) -> Sql<(Vec<PersonRecord>, bool)> {
        let mut statement = self.statement(concat!(
            "SELECT ",
            person_columns!(),
            ", p.name, p.subject, p.address FROM company c JOIN person p ON p.company = c.company \
             WHERE c.id = ?1 AND (p.id > ?2 OR ?2 IS NULL) ORDER BY p.id LIMIT ?3"
        ))?;
        let limit = limit.clamp(1, PAGE_MAX);
        let after = after.map(UserId::bytes);
        let found = statement.query_map((company.bytes(), after, limit + 1), |row| {
            let (_, person) = rows::person(row, 0)?;
            let record = Record {
                name: row.get(PERSON_COLUMNS)?,
                subject: row.get(PERSON_COLUMNS + 1)?,
                address: row.get(PERSON_COLUMNS + 2)?,
                ..Record::default()
            };
            Ok(PersonRecord { person, record })
        })?;
        Ok(cut_off(found, limit))
    }
}

fn cut_off<T>(mut lines: Vec<T>, limit: u32) -> (Vec<T>, bool) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = lines.len() > limit;
    lines.truncate(limit);
    (lines, more)
}

type Signing = (Person, Company, Option<i64>);

fn signing(row: &Row<'_>) -> Sql<Signing> {
    let (_, person) = rows::person(row, 0)?;
    let (_, company) = rows::company(row, PERSON_COLUMNS)?;
    Ok((person, company, row.get(PERSON_COLUMNS + COMPANY_COLUMNS)?))
}

/// A token says the second it was issued in: one of the very second of the revocation is refused
/// too (R34).
fn judge(found: Option<Signing>, issued: Time) -> Result<SignIn, SignInRefused> {
    let (person, company, revoked) = found.ok_or(SignInRefused::Unknown)?;
    if !person.active || person.deleted || company.ended {
        return Err(SignInRefused::Inactive);
    }
    let older = revoked.is_some_and(|revoked| issued.0 <= revoked);
    if older && !mutants::is(Mutant::RevokedTaken) {
        return Err(SignInRefused::Revoked);
    }
    Ok(SignIn {
        user: person.id,
        company: person.company,
        administrator: person.administrator,
        guest: person.guest,
    })
}
