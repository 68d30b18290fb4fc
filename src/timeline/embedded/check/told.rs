//! What people were told: inboxes (R17), answers kept for retries (R29), invitations (R33).

use super::super::again::Numbers;
use super::super::codes::Sql;
use super::super::meta::kept_hash_key;
use super::super::rows::{operation_id_if_any, user_id};
use super::{Report, Sums};
use crate::sql::Connection;
use crosstalk_protocol::ids::UserId;
use std::collections::HashMap;

/// Answers of rooms after whose end they stand.
const AHEAD: &str = "SELECT count(*) FROM operation o JOIN room r ON r.room = o.room \
     WHERE r.deleted = 0 AND o.seq > (SELECT max(place) FROM entry \
       WHERE place BETWEEN r.room << 40 AND (r.room << 40) | 1099511627775) & 1099511627775";

/// A group takes no guests.
const INVITED: &str = "SELECT count(*) FROM invitation i JOIN room r ON r.room = i.room \
     WHERE i.state = 0 AND (r.kind = 2 OR r.deleted <> 0)";

const DEVICES: &str =
    "SELECT count(*) FROM device WHERE inbox > (SELECT coalesce(max(place), 0) FROM notice)";

/// Where ids of commands are kept: room, author, id, and the number by which it is found.
const IDS: &str = "SELECT place >> 40, author, client, again FROM entry WHERE kind >= 10 \
     UNION ALL SELECT room, author, client, again FROM operation";

pub(super) fn check(connection: &Connection, report: &mut Report, sums: &Sums) -> Sql<()> {
    report
        .count(connection, AHEAD, |ahead| format!("{ahead} answers name places that are none"))?;
    report.count(connection, INVITED, |open| format!("{open} invitations lead into groups"))?;
    report.count(connection, DEVICES, |ahead| format!("{ahead} devices are ahead of the inbox"))?;
    check_ids(connection, report)?;
    check_inboxes(connection, report, sums)
}

/// A repetition is found by a number made of the id: with another one it would be written again.
fn check_ids(connection: &Connection, report: &mut Report) -> Sql<()> {
    let Some(key) = kept_hash_key(connection)? else {
        report.fault("the key by which repetitions are found is lost".to_owned());
        return Ok(());
    };
    let numbers = Numbers::new(key);
    let mut statement = connection.prepare(IDS)?;
    let mut found = statement.query(())?;
    let mut lost: u64 = 0;
    while let Some(row) = &found.next()? {
        let (room, author) = (row.get(0)?, row.get::<Option<i64>>(1)?);
        let number: Option<i64> = row.get(3)?;
        let made = author.zip(operation_id_if_any(row, 2)?);
        let made = made.map(|(author, operation)| numbers.of(room, author, operation).again);
        lost += u64::from(number.is_none() || number != made);
    }
    report.expect(lost == 0, || format!("{lost} commands would be written again when repeated"));
    Ok(())
}

/// Every entry that concerns somebody stands in his inbox, until his devices have dealt with it.
fn check_inboxes(connection: &Connection, report: &mut Report, sums: &Sums) -> Sql<()> {
    let mut statement = connection.prepare(
        "SELECT p.id, n.detail, count(*) FROM notice n JOIN person p ON n.owner = p.person << 1 \
         GROUP BY 1, 2",
    )?;
    let mut found = statement.query(())?;
    let mut kept: HashMap<(UserId, String), u64> = HashMap::new();
    while let Some(row) = &found.next()? {
        let count: i64 = row.get(2)?;
        kept.insert((user_id(row, 0)?, row.get(1)?), count.cast_unsigned());
    }
    let mut gone: HashMap<UserId, u64> = HashMap::new();
    for ((user, notice), count) in &sums.notices {
        let found = kept.get(&(*user, notice.clone())).copied().unwrap_or_default();
        report.expect(found <= *count, || {
            format!("the inbox of {user} has {found} of {count} notices {notice}")
        });
        *gone.entry(*user).or_default() += count.saturating_sub(found);
    }
    let mut statement = connection.prepare("SELECT id, dealt FROM person")?;
    let mut found = statement.query(())?;
    while let Some(row) = &found.next()? {
        let (user, dealt) = (user_id(row, 0)?, row.get::<i64>(1)?.cast_unsigned());
        let gone = gone.get(&user).copied().unwrap_or_default();
        report.expect(gone <= dealt, || {
            format!("the inbox of {user} lacks {gone} notices, and his devices dealt with {dealt}")
        });
    }
    Ok(())
}
