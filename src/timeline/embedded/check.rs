//! Proving a store: every timeline is folded anew, and what other rows say is held against it.
//! Reads one snapshot, changes nothing, and may run beside a server.

mod fold;
mod people;
mod talk;
mod told;

use super::codes::{Sql, seq};
use super::entries::{seq_if_any, unreadable};
use super::facts::whole_room;
use super::open::{OpenError, reader};
use super::rooms;
use super::rows::{room_id, user_id};
use super::server::Server;
use crate::authority::{Addressed, Room, Stint};
use crate::sql::{Address, Connection, Engine};
use crosstalk_protocol::ids::{RoomId, UserId};
use crosstalk_protocol::words::RoomKind;
use fold::{Folded, fold};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Faults that are told; further ones are only counted.
const FAULTS_TOLD: usize = 1_000;
/// The tables in which a purged room has nothing left, and by which column they name it.
const ERASED: &[(&str, &str)] = &[
    ("entry", "place"),
    ("reaction", "place"),
    ("pin", "place"),
    ("stint", "room"),
    ("named", "room"),
    ("mark", "room"),
    ("invitation", "room"),
];

/// What a check found.
#[derive(Debug, Default)]
pub struct Report {
    /// Timelines that were folded.
    pub rooms: u64,
    /// Entries in them.
    pub entries: u64,
    /// Deleted rooms of which nothing is left.
    pub purged: u64,
    /// What is not as it must be, in words; at most 1,000.
    pub faults: Vec<String>,
    /// How many faults there are.
    pub fault_count: u64,
}

impl Report {
    /// Whether everything is as it must be.
    pub fn is_sound(&self) -> bool {
        self.fault_count == 0
    }

    fn fault(&mut self, what: String) {
        self.fault_count += 1;
        if self.faults.len() < FAULTS_TOLD {
            self.faults.push(what);
        }
    }

    /// A fault for each thing of a kind that must not be there, told as their number.
    fn count(
        &mut self,
        connection: &Connection,
        sql: &str,
        what: impl FnOnce(i64) -> String,
    ) -> Sql<()> {
        let found: i64 = connection.query_row(sql, (), |row| row.get(0))?;
        self.expect(found == 0, || what(found));
        Ok(())
    }

    fn expect(&mut self, so: bool, what: impl FnOnce() -> String) {
        if !so {
            self.fault(what());
        }
    }
}

/// Checks the store in a data directory.
///
/// # Errors
/// [`OpenError`] where it can't be read.
pub fn check(directory: &Path) -> Result<Report, OpenError> {
    let connection = reader(directory)?;
    let checked = connection.in_snapshot(|| check_all(&connection));
    checked.map_err(|error| OpenError::Sqlite(directory.to_owned(), error.into()))
}

/// Checks the store on a PostgreSQL server. Must not be called on a thread that runs
/// asynchronous tasks.
///
/// # Errors
/// [`OpenError`] where it can't be read.
pub fn check_on_server(address: &Address) -> Result<Report, OpenError> {
    let connection = Server::at(address).reader()?;
    let checked = connection.in_snapshot(|| check_all(&connection));
    checked.map_err(|error| OpenError::Server(error.into()))
}

/// What is gathered over all rooms.
#[derive(Default)]
struct Sums {
    groups: HashMap<UserId, u32>,
    notices: HashMap<(UserId, String), u64>,
}

fn check_all(connection: &Connection) -> Sql<Report> {
    let mut report = Report::default();
    let mut sums = Sums::default();
    if connection.engine() == Engine::Sqlite {
        let healthy: String =
            connection.query_row("PRAGMA quick_check(1)", (), |row| row.get(0))?;
        report.expect(healthy == "ok", || format!("the database file is damaged: {healthy}"));
    }
    let mut statement = connection.prepare(
        "SELECT r.id, r.room, r.deleted, \
         (SELECT max(CASE WHEN finished IS NULL THEN 0 ELSE 1 END) FROM job \
         WHERE job.room = r.room) FROM room r ORDER BY r.room",
    )?;
    let mut found = statement.query(())?;
    while let Some(row) = &found.next()? {
        let (id, number) = (room_id(row, 0)?, row.get(1)?);
        match (row.get(2)?, row.get::<Option<bool>>(3)?) {
            (false, _) => check_room(connection, (id, number), &mut report, &mut sums)?,
            (true, Some(true)) => check_purged(connection, (id, number), &mut report)?,
            (true, Some(false)) => {}
            (true, None) => report.fault(format!("room {id} is deleted, and nobody purges it")),
        }
    }
    people::check(connection, &mut report, &sums)?;
    told::check(connection, &mut report, &sums)?;
    for (table, column) in ERASED {
        let room = if *column == "place" { "place >> 40" } else { "room" };
        let sql =
            format!("SELECT count(*) FROM {table} WHERE {room} NOT IN (SELECT room FROM room)");
        report.count(connection, &sql, |lost| format!("{lost} rows in {table} are of no room"))?;
    }
    Ok(report)
}

fn check_purged(
    connection: &Connection,
    (id, number): (RoomId, i64),
    report: &mut Report,
) -> Sql<()> {
    report.purged += 1;
    let sql = "SELECT EXISTS (SELECT 1 FROM receipt WHERE room = ?1)";
    let receipt: bool = connection.query_row(sql, [number], |row| row.get(0))?;
    report.expect(receipt, || format!("purged room {id} has no receipt"));
    for (table, column) in ERASED {
        let (from, through) =
            if *column == "place" { whole_room(number) } else { (number, number) };
        let sql = format!("SELECT count(*) FROM {table} WHERE {column} BETWEEN ?1 AND ?2");
        let left: i64 = connection.query_row(&sql, (from, through), |row| row.get(0))?;
        report.expect(left == 0, || format!("purged room {id} has {left} rows in {table}"));
    }
    Ok(())
}

fn check_room(
    connection: &Connection,
    (id, number): (RoomId, i64),
    report: &mut Report,
    sums: &mut Sums,
) -> Sql<()> {
    report.rooms += 1;
    let folded = fold(connection, id, number, report)?;
    report.entries += folded.room.head.0;
    let held = rooms::load(connection, id)?;
    let kept = held.as_ref().map(|held| &held.room);
    report.expect(kept == Some(&folded.room), || {
        format!(
            "room {id}: its rows say {}, its timeline {}",
            brief(kept),
            brief(Some(&folded.room))
        )
    });
    // What a change of settings says is sealed: either of the two points at it, or both.
    let titles = held.map_or([None, None], |held| [held.named, held.described]);
    let known = titles.iter().flatten().all(|seq| folded.titles.contains(seq));
    let newest = titles.iter().flatten().max() == folded.titles.last();
    report.expect(known && newest, || format!("room {id}: its name is elsewhere"));
    check_stints(connection, (id, number), &folded, report)?;
    talk::check(connection, (id, number), &folded, report)?;
    if folded.room.kind == RoomKind::Group {
        for user in folded.room.members.keys() {
            *sums.groups.entry(*user).or_default() += 1;
        }
    }
    for Addressed { user, notice } in folded.notices {
        let notice = serde_json::to_string(&notice).map_err(unreadable)?;
        *sums.notices.entry((user, notice)).or_default() += 1;
    }
    Ok(())
}

fn brief(room: Option<&Room>) -> String {
    room.map_or_else(String::new, |room| {
        let Room { kind, head, revision, members, masters, .. } = room;
        let (members, masters) = (members.len(), masters.len());
        format!("{kind:?} head {head} revision {revision} members {members} masters {masters}")
    })
}

fn check_stints(
    connection: &Connection,
    (id, number): (RoomId, i64),
    folded: &Folded,
    report: &mut Report,
) -> Sql<()> {
    let mut statement = connection.prepare_cached(
        "SELECT p.id, s.start, s.ended, s.history, s.severed FROM stint s \
         JOIN person p ON p.person = s.person WHERE s.room = ?1 ORDER BY s.start",
    )?;
    let mut found = statement.query([number])?;
    let mut kept: BTreeMap<UserId, Vec<Stint>> = BTreeMap::new();
    while let Some(row) = &found.next()? {
        kept.entry(user_id(row, 0)?).or_default().push(Stint {
            start: seq(row.get(1)?),
            end: seq_if_any(row.get(2)?),
            history: super::codes::history_of(row.get(3)?),
            severed: row.get(4)?,
        });
    }
    report.expect(kept == folded.stints, || format!("room {id}: stints are not its timeline's"));
    Ok(())
}
