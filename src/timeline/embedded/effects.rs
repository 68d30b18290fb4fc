//! The effects of acts, as rows.

use super::codes::{Sql, creation_code, owner_code, reach_code};
use super::deeds::{ASKED_HIM, HE_ASKED};
use super::facts::CONTACTS;
use super::writer::Writer;
use crate::authority::{Company, Effect, Person, Policy, PolicyChange, Subject};
use crate::directory::Record;
use crate::mutants::{self, Mutant};
use crate::timeline::{Cut, Reach};
use crosstalk_protocol::ids::{CompanyId, UserId};
use crosstalk_protocol::words::{Features, GroupCreation};

/// A company as the operator makes it: its people may be permitted to talk with other companies,
/// one by one; the rest its administrator opens when he wants to.
fn founded(id: CompanyId) -> Company {
    Company {
        id,
        ended: false,
        external_messaging: true,
        group_creation: GroupCreation::AlsoMembers,
        external_rooms: false,
        guests: false,
        external_read_marks: false,
        disabled: Features::NONE,
        first_sign_in: false,
        outside: 0,
        whole: 0,
    }
}

impl Writer<'_> {
    /// Writes an effect; the job that finishes it, if it takes one.
    pub(super) fn take_effect(&mut self, effect: &Effect, record: &Record) -> Sql<Option<u64>> {
        match effect {
            Effect::CompanyMade(company) => self.make_company(*company, record)?,
            Effect::IssuerSet(company) => self.set_issuer(*company, record)?,
            Effect::CompanyEnded(company) => {
                self.with_company(*company, |it| it.ended = true)?;
                self.note_issuers()?;
            }
            Effect::PolicySet(company, change) => {
                self.with_company(*company, |company| apply(company, *change))?;
            }
            Effect::PersonMade(person) => self.make_person(person, record)?,
            Effect::ConnectedSet(user, on) => self.with_person(*user, |it| it.connected = *on)?,
            Effect::AdministratorSet(user, on) => {
                self.with_person(*user, |person| person.administrator = *on)?;
            }
            Effect::ActiveSet(user, active) => self.with_person(*user, |it| it.active = *active)?,
            Effect::PersonDeleted(user) => self.delete_person(*user)?,
            Effect::SignInsRevoked(user) => self.revoke(*user)?,
            Effect::ContactAsked(who, whom) => {
                self.set_contact((*who, *whom), HE_ASKED)?;
                self.set_contact((*whom, *who), ASKED_HIM)?;
            }
            Effect::ContactMade(one, other) => {
                self.set_contact((*one, *other), CONTACTS)?;
                self.set_contact((*other, *one), CONTACTS)?;
            }
            Effect::ContactEnded(one, other) => self.end_contact(*one, *other)?,
            Effect::Cut { subject, outside } => return self.cut_access(*subject, *outside),
            Effect::Relock(company) => self.cut(Subject::Company(*company), Reach::Relock)?,
            Effect::Notice(inbox, notice) => self.notify(*inbox, notice.clone())?,
        }
        Ok(None)
    }

    fn make_company(&mut self, id: CompanyId, record: &Record) -> Sql<()> {
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO company (id, ended, external_messaging, group_creation, external_rooms, \
             guests, external_read_marks, disabled, first_sign_in, outside, whole, name) \
             VALUES (?1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ?2) RETURNING company",
        )?;
        let number = statement.query_row((id.bytes(), &record.name), |row| row.get(0))?;
        self.people.founded(number, founded(id));
        self.with_company(id, |_| {})?;
        self.set_issuer(id, record)
    }

    /// What the record names is set; the rest stays.
    fn set_issuer(&mut self, company: CompanyId, record: &Record) -> Sql<()> {
        let mut statement = self.connection.prepare_cached(
            "UPDATE company SET issuer = coalesce(?2, issuer), audience = coalesce(?3, audience), \
             keys = coalesce(?4, keys) WHERE id = ?1",
        )?;
        let Record { issuer, audience, keys, .. } = record;
        statement.execute((company.bytes(), issuer, audience, keys))?;
        self.note_issuers()
    }

    fn with_company(&mut self, id: CompanyId, change: impl FnOnce(&mut Company)) -> Sql<()> {
        let Some(known) = self.people.company(id) else { return Ok(()) };
        change(&mut known.record);
        let company = &known.record;
        let mut statement = self.connection.prepare_cached(
            "UPDATE company SET ended = ?2, external_messaging = ?3, group_creation = ?4, \
             external_rooms = ?5, guests = ?6, external_read_marks = ?7, disabled = ?8, \
             first_sign_in = ?9, outside = ?10, whole = ?11 WHERE company = ?1",
        )?;
        statement.execute((
            known.number,
            company.ended,
            company.external_messaging,
            creation_code(company.group_creation),
            company.external_rooms,
            company.guests,
            company.external_read_marks,
            company.disabled.bits(),
            company.first_sign_in,
            company.outside,
            company.whole,
        ))?;
        Ok(())
    }

    /// Makes a person's row.
    pub(super) fn make_person(&mut self, person: &Person, record: &Record) -> Sql<()> {
        let company = self.people.company(person.company).map(|known| known.number);
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO person (id, company, guest, active, deleted, connected, administrator, \
             groups, outside, whole, name, subject, address) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?;
        statement.execute((
            person.id.bytes(),
            company,
            person.guest,
            person.active,
            person.deleted,
            person.connected,
            person.administrator,
            person.groups,
            person.outside,
            person.whole,
            &record.name,
            &record.subject,
            &record.address,
        ))?;
        Ok(())
    }

    fn with_person(&mut self, user: UserId, change: impl FnOnce(&mut Person)) -> Sql<()> {
        let Some(known) = self.people.person(self.connection, user)? else { return Ok(()) };
        change(&mut known.record);
        let person = &known.record;
        let mut statement = self.connection.prepare_cached(
            "UPDATE person SET active = ?2, deleted = ?3, connected = ?4, administrator = ?5, \
             outside = ?6, whole = ?7 WHERE person = ?1",
        )?;
        statement.execute((
            known.number,
            person.active,
            person.deleted,
            person.connected,
            person.administrator,
            person.outside,
            person.whole,
        ))?;
        Ok(())
    }

    /// His name and what he wrote stay (R18), and his subject, which never comes back (R34). His
    /// address, contacts and devices go.
    fn delete_person(&mut self, user: UserId) -> Sql<()> {
        self.with_person(user, |person| {
            person.active = false;
            person.deleted = true;
            person.connected = false;
            person.administrator = false;
        })?;
        let number = self.people.number(self.connection, user)?;
        for sql in [
            "UPDATE person SET address = NULL WHERE person = ?1",
            "DELETE FROM contact WHERE other = ?1 \
             AND person IN (SELECT other FROM contact WHERE person = ?1)",
            "DELETE FROM contact WHERE person = ?1",
            "DELETE FROM device WHERE person = ?1",
        ] {
            self.connection.prepare_cached(sql)?.execute([number])?;
        }
        Ok(())
    }

    fn revoke(&mut self, user: UserId) -> Sql<()> {
        let sql = "UPDATE person SET revoked = ?2 WHERE id = ?1";
        self.connection.prepare_cached(sql)?.execute((user.bytes(), self.now.0))?;
        self.cut(Subject::Person(user), Reach::SignIns)
    }

    fn set_contact(&mut self, (one, other): (UserId, UserId), state: i64) -> Sql<()> {
        let one = self.people.number(self.connection, one)?;
        let other = self.people.number(self.connection, other)?;
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO contact VALUES (?1, ?2, ?3) ON CONFLICT (person, other) \
             DO UPDATE SET state = excluded.state",
        )?;
        statement.execute((one, other, state)).map(drop)
    }

    fn end_contact(&mut self, one: UserId, other: UserId) -> Sql<()> {
        let one = self.people.number(self.connection, one)?;
        let other = self.people.number(self.connection, other)?;
        let sql = "DELETE FROM contact WHERE person = ?1 AND other = ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        statement.execute((one, other))?;
        statement.execute((other, one)).map(drop)
    }

    /// Every stint that noted lower numbers is over from this commit on (R19); the job writes the
    /// removals.
    fn cut_access(&mut self, subject: Subject, outside: bool) -> Sql<Option<u64>> {
        match subject {
            Subject::Person(user) => self.with_person(user, |person| {
                let number = if outside { &mut person.outside } else { &mut person.whole };
                *number += 1;
            })?,
            Subject::Company(company) => self.with_company(company, |company| {
                let number = if outside { &mut company.outside } else { &mut company.whole };
                *number += 1;
            })?,
        }
        self.cut(subject, if outside { Reach::Outside } else { Reach::Whole })?;
        let Some(number) = self.number_of(subject)? else { return Ok(None) };
        self.plan_withdrawal(subject, number).map(Some)
    }

    /// A line in the ledger of cuts.
    fn cut(&mut self, subject: Subject, reach: Reach) -> Sql<()> {
        let is_lost = match reach {
            Reach::Relock => mutants::is(Mutant::RelockOff),
            Reach::SignIns => mutants::is(Mutant::SignInsKept),
            Reach::Outside | Reach::Whole => false,
        };
        if is_lost {
            return Ok(());
        }
        let Some(number) = self.number_of(subject)? else { return Ok(()) };
        let sql = "INSERT INTO cut (cut, owner, reach, time) VALUES (?1, ?2, ?3, ?4)";
        let mut statement = self.connection.prepare_cached(sql)?;
        let (owner, number) = (owner_code(subject, number), self.newest_cut + 1);
        statement.execute((number.cast_signed(), owner, reach_code(reach), self.now.0))?;
        self.newest_cut = number;
        self.batch.cuts.push(Cut { number, subject, reach });
        Ok(())
    }
}

fn apply(company: &mut Company, change: PolicyChange) {
    match change {
        PolicyChange::GroupCreation(who) => company.group_creation = who,
        PolicyChange::Disabled(feature, off) => {
            company.disabled = company.disabled.with(feature, off);
        }
        PolicyChange::Switch(Policy::ExternalMessaging, on) => company.external_messaging = on,
        PolicyChange::Switch(Policy::ExternalRooms, on) => company.external_rooms = on,
        PolicyChange::Switch(Policy::Guests, on) => company.guests = on,
        PolicyChange::Switch(Policy::ExternalReadMarks, on) => company.external_read_marks = on,
        PolicyChange::Switch(Policy::FirstSignIn, on) => company.first_sign_in = on,
    }
}
