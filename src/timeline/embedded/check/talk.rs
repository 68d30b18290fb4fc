//! What a room's talk left in other rows: reactions, pins, read marks, texts, who was left out.

use super::super::codes::{POSTED, Sql};
use super::super::facts::whole_room;
use super::super::rows::user_id;
use super::Report;
use super::fold::Folded;
use crate::sql::Connection;
use crosstalk_protocol::ids::{RoomId, UserId};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(
    connection: &Connection,
    (id, number): (RoomId, i64),
    folded: &Folded,
    report: &mut Report,
) -> Sql<()> {
    let (first, last) = whole_room(number);
    let pairs = |sql: &str| -> Sql<BTreeMap<i64, i64>> {
        let mut statement = connection.prepare_cached(sql)?;
        statement.query_map((first, last), |row| Ok((row.get(0)?, row.get(1)?)))
    };
    let pins = pairs("SELECT place, seq FROM pin WHERE place BETWEEN ?1 AND ?2")?;
    report.expect(pins == folded.pins, || format!("room {id}: pins are not its timeline's"));
    let reactions =
        pairs("SELECT place, count(*) FROM reaction WHERE place BETWEEN ?1 AND ?2 GROUP BY place")?;
    report.expect(reactions == folded.reactions, || {
        format!("room {id}: reactions are not its timeline's")
    });
    let edits =
        pairs("SELECT place, version FROM entry WHERE place BETWEEN ?1 AND ?2 AND version <> 0")?;
    report.expect(edits == folded.edits, || format!("room {id}: edits are not its timeline's"));
    let foreign = "SELECT count(*) FROM reaction x LEFT JOIN entry e \
         ON e.place = ((x.place >> 40) << 40) | x.seq AND e.target = x.place \
         AND e.author = x.person AND e.kind = 13 \
         WHERE x.place BETWEEN ?1 AND ?2 AND e.id IS NULL";
    let foreign: i64 = connection.query_row(foreign, (first, last), |row| row.get(0))?;
    report.expect(foreign == 0, || format!("room {id}: {foreign} reactions of no entry"));
    let ahead = "SELECT count(*) FROM mark WHERE room = ?1 AND seq > ?2";
    let head = folded.room.head.0.cast_signed();
    let ahead: i64 = connection.query_row(ahead, (number, head), |row| row.get(0))?;
    report.expect(ahead == 0, || format!("room {id}: {ahead} read marks after its end"));
    check_texts(connection, (id, number), folded, report)?;
    check_named(connection, (id, number), folded, report)
}

/// A message has a text until it is unsent, and none afterwards.
fn check_texts(
    connection: &Connection,
    (id, number): (RoomId, i64),
    folded: &Folded,
    report: &mut Report,
) -> Sql<()> {
    let (first, end) = whole_room(number);
    let sql =
        "SELECT place FROM entry WHERE place BETWEEN ?1 AND ?2 AND kind = ?3 AND body IS NULL";
    let mut statement = connection.prepare_cached(sql)?;
    let erased = statement.query_map((first, end, POSTED), |row| row.get(0))?;
    let erased: BTreeSet<i64> = erased;
    let lost = erased.difference(&folded.unsent).count();
    report.expect(lost == 0, || format!("room {id}: {lost} messages have lost their text"));
    let kept = folded.unsent.difference(&erased).count();
    report.expect(kept == 0, || format!("room {id}: {kept} unsent messages have a text still"));
    Ok(())
}

/// Who was left out, by the entries that say so.
fn check_named(
    connection: &Connection,
    (id, number): (RoomId, i64),
    folded: &Folded,
    report: &mut Report,
) -> Sql<()> {
    let sql = "SELECT p.id, n.seq FROM named n JOIN person p ON p.person = n.person \
               WHERE n.room = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let named = statement.query_map([number], |row| Ok((user_id(row, 0)?, row.get(1)?)))?;
    let named: BTreeSet<(UserId, i64)> = named;
    report.expect(named == folded.named, || {
        format!("room {id}: who was left out is not what its timeline says")
    });
    Ok(())
}
