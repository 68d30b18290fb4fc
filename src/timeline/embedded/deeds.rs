//! Acts on companies and people: resolved, judged on the records of now, written.

use super::codes::Sql;
use super::facts::CONTACTS;
use super::task::Attempt;
use super::writer::Writer;
use crate::authority::{Act, Facts, Refusal, judge};
use crate::directory::{Deed, Done, Record};
use crate::sql::Optional as _;
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::ids::{CompanyId, UserId};

/// Bytes of a subject.
const SUBJECT_BYTES_MAX: usize = 255;
/// `contact.state`: who asked, and who was asked.
pub(super) const HE_ASKED: i64 = 0;
pub(super) const ASKED_HIM: i64 = 1;

impl Writer<'_> {
    /// Judges an act and writes its effects.
    pub(super) fn act(&mut self, deed: &Deed) -> Attempt<Done> {
        let act = self.resolve(deed)?;
        let facts = self.facts_of(deed, &act)?;
        let effects = match judge(&facts, deed.actor, &act) {
            Ok(effects) => effects,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Some(refusal) = self.unfit(&act, &deed.record)? {
            return Ok(Err(refusal));
        }
        let mut job = None;
        for effect in &effects {
            job = self.take_effect(effect, &deed.record)?.or(job);
        }
        Ok(Ok(Done { effects, fence: self.fence(), job }))
    }

    /// The act with what only the records know: who has this address, whether he asked, whether
    /// the subject is taken.
    fn resolve(&mut self, deed: &Deed) -> Sql<Act> {
        let record = &deed.record;
        let actor = deed.actor.person();
        Ok(match &deed.act {
            Act::Provision { person, first_sign_in, .. } => Act::Provision {
                exists: self.subject_is_taken(person.company, person.guest, &record.subject)?,
                person: person.clone(),
                first_sign_in: *first_sign_in,
            },
            Act::RequestContact { of, .. } => {
                let of = match &record.asked_address {
                    Some(address) => self.of_address(address)?,
                    None => *of,
                };
                let state = self.contact_state(actor, of)?;
                // Asked again, he is not told again.
                let of = of.filter(|_| state != Some(HE_ASKED));
                Act::RequestContact { of, asked: state == Some(ASKED_HIM) }
            }
            Act::AcceptContact { of, .. } => {
                let asked = self.contact_state(actor, Some(*of))? == Some(ASKED_HIM);
                Act::AcceptContact { of: *of, asked }
            }
            Act::CreateCompany { .. }
            | Act::SetIssuer { .. }
            | Act::EndCompany { .. }
            | Act::SetPolicy { .. }
            | Act::SetConnected { .. }
            | Act::SetAdministrator { .. }
            | Act::SetActive { .. }
            | Act::DeletePerson { .. }
            | Act::RevokeSignIns { .. }
            | Act::EndContact { .. } => deed.act.clone(),
        })
    }

    fn facts_of(&mut self, deed: &Deed, act: &Act) -> Sql<Facts> {
        let mut facts = Facts { limits: self.options.limits, ..Facts::default() };
        let (other, company) = concerned(act);
        for user in deed.actor.person().into_iter().chain(other) {
            self.people.tell(self.connection, user, &mut facts)?;
        }
        if let Some(company) = company {
            self.people.tell_company(company, &mut facts);
        }
        if let (Some(user), Some(other)) = (deed.actor.person(), other)
            && self.contact_state(Some(user), Some(other))? == Some(CONTACTS)
        {
            facts.contacts.insert((user.min(other), user.max(other)));
        }
        Ok(facts)
    }

    fn subject_is_taken(&mut self, company: CompanyId, guest: bool, subject: &str) -> Sql<bool> {
        let Some(number) = self.people.company(company).map(|known| known.number) else {
            return Ok(false);
        };
        let sql = "SELECT EXISTS (SELECT 1 FROM person WHERE company = ?1 AND subject = ?2 \
                   AND guest = 0)";
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(!guest && statement.query_row((number, subject), |row| row.get(0))?)
    }

    fn of_address(&self, address: &str) -> Sql<Option<UserId>> {
        let sql = "SELECT id FROM person WHERE address = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        statement.query_row([address], |row| super::rows::user_id(row, 0)).optional()
    }

    /// How a person stands to another one.
    fn contact_state(&mut self, user: Option<UserId>, other: Option<UserId>) -> Sql<Option<i64>> {
        let (Some(user), Some(other)) = (user, other) else { return Ok(None) };
        let user = self.people.number(self.connection, user)?;
        let other = self.people.number(self.connection, other)?;
        let sql = "SELECT state FROM contact WHERE person = ?1 AND other = ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        statement.query_row((user, other), |row| row.get(0)).optional()
    }

    /// Whether the record can't be kept: its texts are too long, or somebody else has what must
    /// be unique.
    fn unfit(&mut self, act: &Act, record: &Record) -> Sql<Option<Refusal>> {
        let named = matches!(act, Act::CreateCompany { .. } | Act::Provision { .. });
        if named && record.name.trim().is_empty() {
            return Ok(Some(Refusal::about(RefusalCode::Empty, "name")));
        }
        if record.name.chars().count() > self.options.limits.name_chars_max {
            return Ok(Some(Refusal::about(RefusalCode::TooLong, "name")));
        }
        let subject = record.subject.len();
        if matches!(act, Act::Provision { .. }) && !(1..=SUBJECT_BYTES_MAX).contains(&subject) {
            let code = if subject == 0 { RefusalCode::Empty } else { RefusalCode::TooLong };
            return Ok(Some(Refusal::about(code, "subject")));
        }
        let (_, company) = concerned(act);
        let taken = self.is_taken(
            "SELECT EXISTS (SELECT 1 FROM company WHERE issuer = ?1 AND id <> ?2)",
            record.issuer.as_deref(),
            company,
        )? || self.is_taken(
            "SELECT EXISTS (SELECT 1 FROM person WHERE address = ?1 AND id <> ?2)",
            record.address.as_deref(),
            company,
        )?;
        Ok(taken.then(|| RefusalCode::Exists.into()))
    }

    fn is_taken(&self, sql: &str, value: Option<&str>, but: Option<CompanyId>) -> Sql<bool> {
        let Some(value) = value else { return Ok(false) };
        let but = but.map_or([0; 16], CompanyId::bytes);
        self.connection.prepare_cached(sql)?.query_row((value, but), |row| row.get(0))
    }
}

/// Whom and which company an act is about.
fn concerned(act: &Act) -> (Option<UserId>, Option<CompanyId>) {
    match act {
        Act::CreateCompany { company }
        | Act::SetIssuer { company }
        | Act::EndCompany { company }
        | Act::SetPolicy { company, .. } => (None, Some(*company)),
        Act::Provision { person, .. } => (Some(person.id), Some(person.company)),
        Act::SetConnected { user, .. }
        | Act::SetAdministrator { user, .. }
        | Act::SetActive { user, .. }
        | Act::DeletePerson { user }
        | Act::RevokeSignIns { user } => (Some(*user), None),
        Act::RequestContact { of, .. } => (*of, None),
        Act::AcceptContact { of, .. } | Act::EndContact { of } => (Some(*of), None),
    }
}
