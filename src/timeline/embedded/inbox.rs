//! Inboxes (R17): what concerns one person or one company's people, in one order of places, and how
//! far each device has dealt with it.

use super::codes::{Sql, owner_code};
use super::entries::unreadable;
use super::rows::standing;
use super::task::Attempt;
use super::writer::Writer;
use crate::authority::{Person, Refusal, Subject};
use crate::directory::Greeting;
use crate::mutants::{self, Mutant};
use crate::sql::{Connection, Engine, Optional as _};
use crate::timeline::Noticed;
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::ids::{DeviceId, UserId};
use crosstalk_protocol::push::NoticeKind;

/// Inbox entries of one greeting.
const NOTICES_MAX: u32 = 100;
/// Notices that one work drops: what more there is goes with the next.
const DROPPED_MAX: u32 = 500;
const DAY_MICROS: i64 = 24 * 3600 * 1_000_000;

impl Writer<'_> {
    /// Writes an entry of an inbox, in the causing transaction.
    pub(super) fn notify(&mut self, inbox: Subject, notice: NoticeKind) -> Sql<()> {
        if matches!(notice, NoticeKind::Removed { .. }) && mutants::is(Mutant::NoticeLost) {
            return Ok(());
        }
        let Some(number) = self.number_of(inbox)? else { return Ok(()) };
        let detail = serde_json::to_string(&notice).map_err(unreadable)?;
        let mut statement = self
            .connection
            .prepare_cached("INSERT INTO notice (owner, detail) VALUES (?1, ?2) RETURNING place")?;
        let values = (owner_code(inbox, number), detail);
        let place = statement.query_row(values, |row| row.get::<i64>(0))?.cast_unsigned();
        self.batch.notices.push(Noticed { inbox, place, notice });
        Ok(())
    }

    pub(super) fn number_of(&mut self, subject: Subject) -> Sql<Option<i64>> {
        match subject {
            Subject::Person(user) => self.people.number(self.connection, user),
            Subject::Company(company) => Ok(self.people.company(company).map(|it| it.number)),
        }
    }

    /// Registers a device, and tells what waits for it.
    pub(super) fn greet(
        &mut self,
        user: UserId,
        device: DeviceId,
        inbox: Option<u64>,
    ) -> Attempt<Greeting> {
        let Some(known) = self.people.person(self.connection, user)? else {
            return Ok(Err(Refusal::not_found()));
        };
        let (number, person) = (known.number, known.record.clone());
        self.forget_devices(number)?;
        let end = end(self.connection)?;
        let named = inbox.map(|place| place.cast_signed().clamp(0, end));
        let kept = self.device(number, device)?;
        if kept.is_none() && self.devices(number)? >= self.options.devices_max {
            return Ok(Err(RefusalCode::TooManyDevices.into()));
        }
        let from = match kept {
            Some(kept) => kept.max(named.unwrap_or_default()),
            None => end,
        };
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO device VALUES (?1, ?2, ?3, ?4) ON CONFLICT (person, id) \
             DO UPDATE SET inbox = excluded.inbox, seen = excluded.seen",
        )?;
        statement.execute((number, device.bytes(), from, self.now.0))?;
        self.drop_dealt_with(number)?;
        let (notices, more) = waiting(self.connection, &person, from, NOTICES_MAX)?;
        Ok(Ok(Greeting { wipe: kept.is_none() && inbox.is_some(), notices, more }))
    }

    fn forget_devices(&self, person: i64) -> Sql<()> {
        let before = self.now.0 - i64::from(self.options.device_days) * DAY_MICROS;
        let sql = "DELETE FROM device WHERE person = ?1 AND seen < ?2";
        self.connection.prepare_cached(sql)?.execute((person, before)).map(drop)
    }

    fn device(&self, person: i64, device: DeviceId) -> Sql<Option<i64>> {
        let sql = "SELECT inbox FROM device WHERE person = ?1 AND id = ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        statement.query_row((person, device.bytes()), |row| row.get(0)).optional()
    }

    fn devices(&self, person: i64) -> Sql<i64> {
        let sql = "SELECT count(*) FROM device WHERE person = ?1";
        self.connection.prepare_cached(sql)?.query_row([person], |row| row.get(0))
    }

    /// A device has dealt with its inbox up to a place; never goes back.
    pub(super) fn acknowledge(
        &mut self,
        user: UserId,
        device: DeviceId,
        inbox: u64,
    ) -> Attempt<()> {
        let Some(number) = self.people.number(self.connection, user)? else {
            return Ok(Err(Refusal::not_found()));
        };
        let place = inbox.cast_signed().clamp(0, end(self.connection)?);
        let mut statement = self.connection.prepare_cached(
            "UPDATE device SET inbox = CASE WHEN inbox > ?3 THEN inbox ELSE ?3 END, seen = ?4 WHERE person = ?1 AND id = ?2",
        )?;
        statement.execute((number, device.bytes(), place, self.now.0))?;
        self.drop_dealt_with(number)?;
        Ok(Ok(()))
    }

    /// A person's own notices are kept until each of his devices has dealt with them (R17). The last
    /// one of all inboxes stays: its place must not come again. So do a company's, which are few.
    fn drop_dealt_with(&self, person: i64) -> Sql<()> {
        let told = match self.connection.engine() {
            Engine::Sqlite => "",
            // A node learns from it whom a deletion cuts off.
            Engine::Postgres => {
                "AND (detail NOT LIKE '{\"kind\":\"deleted\"%' \
                   OR place <= (SELECT min(noticed) FROM node))"
            }
        };
        let mut statement = self.connection.prepare_cached(&format!(
            "DELETE FROM notice WHERE place IN (SELECT place FROM notice WHERE owner = CAST(?1 AS BIGINT) << 1 \
               AND place <= (SELECT min(inbox) FROM device WHERE person = ?1) {told} \
               AND place < (SELECT max(place) FROM notice) LIMIT ?2)",
        ))?;
        let dropped = statement.execute((person, DROPPED_MAX))?;
        if dropped == 0 {
            return Ok(());
        }
        let dropped = i64::try_from(dropped).unwrap_or(i64::MAX);
        let sql = "UPDATE person SET dealt = dealt + ?2 WHERE person = ?1";
        self.connection.prepare_cached(sql)?.execute((person, dropped)).map(drop)
    }
}

/// The last place of all inboxes.
fn end(connection: &Connection) -> Sql<i64> {
    let sql = "SELECT coalesce(max(place), 0) FROM notice";
    connection.prepare_cached(sql)?.query_row((), |row| row.get(0))
}

/// What waits for a device that is registered, where nothing can be written: its place stays.
pub(super) fn known(
    connection: &Connection,
    user: UserId,
    device: DeviceId,
    inbox: Option<u64>,
) -> Sql<Option<Greeting>> {
    let Some((number, person, _)) = standing(connection, user)? else { return Ok(None) };
    let sql = "SELECT inbox FROM device WHERE person = ?1 AND id = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let kept = statement.query_row((number, device.bytes()), |row| row.get::<i64>(0));
    let Some(kept) = kept.optional()? else { return Ok(None) };
    let end = end(connection)?;
    let named = inbox.map_or(0, |place| place.cast_signed().clamp(0, end));
    let (notices, more) = waiting(connection, &person, kept.max(named), NOTICES_MAX)?;
    Ok(Some(Greeting { wipe: false, notices, more }))
}

/// A person's own inbox and his company's after a place, oldest first, and whether more wait.
pub(super) fn waiting(
    connection: &Connection,
    person: &Person,
    from: i64,
    limit: u32,
) -> Sql<(Vec<Noticed>, bool)> {
    let mut statement = connection.prepare_cached(
        "SELECT place, owner & 1, detail FROM notice WHERE owner IN ( \
           (SELECT person << 1 FROM person WHERE id = ?1), \
           (SELECT company << 1 | 1 FROM company WHERE id = ?2)) \
         AND place > ?3 ORDER BY place LIMIT ?4",
    )?;
    let ids = (person.id.bytes(), person.company.bytes());
    let mut found = statement.query((ids.0, ids.1, from, limit + 1))?;
    let mut notices = Vec::new();
    while let Some(row) = &found.next()? {
        let companys: bool = row.get(1)?;
        let detail: String = row.get(2)?;
        let inbox =
            if companys { Subject::Company(person.company) } else { Subject::Person(person.id) };
        notices.push(Noticed {
            inbox,
            place: row.get::<i64>(0)?.cast_unsigned(),
            notice: serde_json::from_str(&detail).map_err(unreadable)?,
        });
    }
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = notices.len() > most;
    notices.truncate(most);
    Ok((notices, more))
}
