//! A store on a PostgreSQL server: our own schema in it, brought up to date by who comes first.

use super::codes::Sql;
use super::open::OpenError;
use crate::sql::{Address, Connection};
use std::path::PathBuf;

/// How a store on a server is called where a file would be named.
pub(super) const NAME: &str = "the PostgreSQL database";
/// One after the other; a store has had the first so many of them. Never change one: add one.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/postgres/1.sql"),
    include_str!("schema/postgres/2.sql"),
    include_str!("schema/postgres/3.sql"),
];
/// Who migrates holds this lock.
const MIGRATING: i64 = 0x5854_4b31_0000;

/// What there must be before the first migration.
const FOUNDATION: &str = "CREATE SCHEMA IF NOT EXISTS crosstalk; \
     CREATE TABLE IF NOT EXISTS crosstalk.migration (number BIGINT PRIMARY KEY)";

/// A server, by its address.
pub(super) struct Server {
    address: Address,
}

impl Server {
    pub(super) fn at(address: &Address) -> Self {
        Self { address: address.clone() }
    }

    /// The writer's connection, with the schema of now.
    pub(super) fn writer(&self) -> Result<Connection, OpenError> {
        let connection = self.reader()?;
        connection.execute_batch("BEGIN").map_err(failed)?;
        let found = migrate(&connection).map_err(failed)?;
        if found > MIGRATIONS.len() {
            return Err(newer(found));
        }
        connection.execute_batch("COMMIT").map_err(failed)?;
        Ok(connection)
    }

    /// A connection that reads.
    pub(super) fn reader(&self) -> Result<Connection, OpenError> {
        Connection::to_server(&self.address).map_err(failed)
    }
}

fn failed(error: crate::sql::Error) -> OpenError {
    OpenError::Server(error.into())
}

fn newer(found: usize) -> OpenError {
    OpenError::Newer { path: PathBuf::from(NAME), found, known: MIGRATIONS.len() }
}

/// Brings the schema up to date, if it is not newer; how many migrations it had had.
fn migrate(connection: &Connection) -> Sql<usize> {
    connection.execute_batch(&format!("SELECT pg_advisory_xact_lock({MIGRATING})"))?;
    connection.execute_batch(FOUNDATION)?;
    let sql = "SELECT coalesce(max(number), 0) FROM migration";
    let found: i64 = connection.query_row(sql, (), |row| row.get(0))?;
    let found = usize::try_from(found).unwrap_or_default();
    for (number, migration) in MIGRATIONS.iter().enumerate().skip(found) {
        connection.execute_batch(migration)?;
        let number = i64::try_from(number + 1).unwrap_or_default();
        let mut note = connection.prepare("INSERT INTO migration VALUES (?1)")?;
        note.execute([number])?;
    }
    Ok(found)
}
