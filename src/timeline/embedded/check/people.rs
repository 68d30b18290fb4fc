//! People and companies: counts of groups, contacts, and access numbers held against the ledger of
//! cuts and the jobs that write what a cut ended (R19).

use super::super::codes::Sql;
use super::super::rows::user_id;
use super::{Report, Sums};
use crate::sql::Connection;

/// Contacts are mutual, and who asked somebody is one who asked him.
const LOPSIDED: &str = "SELECT count(*) FROM contact k LEFT JOIN contact m \
     ON m.person = k.other AND m.other = k.person \
     AND m.state = CASE k.state WHEN 0 THEN 1 WHEN 1 THEN 0 ELSE k.state END \
     WHERE m.person IS NULL";

/// Access numbers are how often somebody was cut.
const UNCUT: &[&str] = &[
    "SELECT count(*) FROM person p WHERE \
       p.outside <> (SELECT count(*) FROM cut WHERE owner = p.person << 1 AND reach = 0) \
       OR p.whole <> (SELECT count(*) FROM cut WHERE owner = p.person << 1 AND reach = 1)",
    "SELECT count(*) FROM company c WHERE \
       c.outside <> (SELECT count(*) FROM cut WHERE owner = c.company << 1 | 1 AND reach = 0) \
       OR c.whole <> (SELECT count(*) FROM cut WHERE owner = c.company << 1 | 1 AND reach = 1)",
];

/// Stints that a cut has ended, where no job is on its way to write so.
const UNWRITTEN: &str = "SELECT count(*) FROM stint s JOIN person p ON p.person = s.person \
     JOIN company c ON c.company = s.company JOIN room r ON r.room = s.room \
     WHERE s.ended IS NULL AND r.deleted = 0 \
     AND (s.person_whole <> p.whole OR s.company_whole <> c.whole OR (r.kind <> 0 \
       AND (s.person_outside <> p.outside OR s.company_outside <> c.outside))) \
     AND NOT EXISTS (SELECT 1 FROM job j WHERE j.kind = 0 AND j.finished IS NULL \
       AND j.owner IN (p.person << 1, c.company << 1 | 1) AND j.at < s.room)";

pub(super) fn check(connection: &Connection, report: &mut Report, sums: &Sums) -> Sql<()> {
    let mut statement = connection.prepare("SELECT id, groups FROM person")?;
    let mut found = statement.query(())?;
    while let Some(row) = &found.next()? {
        let (user, kept) = (user_id(row, 0)?, row.get::<u32>(1)?);
        let counted = sums.groups.get(&user).copied().unwrap_or_default();
        report.expect(kept == counted, || {
            format!("person {user} is in {counted} groups, and his row says {kept}")
        });
    }
    report.count(connection, LOPSIDED, |lopsided| format!("{lopsided} contacts are one-sided"))?;
    let gaps = "SELECT coalesce(max(cut), 0) - count(*) FROM cut";
    report.count(connection, gaps, |gaps| format!("the ledger of cuts has {gaps} gaps"))?;
    for sql in UNCUT {
        report.count(connection, sql, |uncut| {
            format!("{uncut} people or companies have access numbers that the ledger does not say")
        })?;
    }
    report.count(connection, UNWRITTEN, |open| {
        format!("{open} memberships were cut off, and nobody writes their end")
    })
}
