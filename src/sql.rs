//! The port to the databases that keep a store: one dialect of SQL, two engines. Statements are
//! written once, in what SQLite and PostgreSQL have in common; where an engine must be asked in its
//! own words, [`Connection::engine`] says which one it is.
//!
//! Parameters are `?1`, `?2`, …; truth values are the integers 0 and 1, times are microseconds.

mod address;
mod cell;
mod error;
mod postgres;
mod row;
mod sqlite;
mod statement;
mod value;

pub use address::{Address, AddressError};
pub(crate) use cell::Cell;
pub(crate) use error::{Error, Failure, Optional};
pub(crate) use row::{Row, Rows};
pub(crate) use statement::Statement;
pub(crate) use value::{Column, Params, Value};

/// What a database answers.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    /// A file of this process.
    Sqlite,
    /// A server that several processes share.
    Postgres,
}

/// A connection, of one thread.
#[derive(Debug)]
pub(crate) struct Connection(Inner);

#[derive(Debug)]
enum Inner {
    Sqlite(rusqlite::Connection),
    Postgres(Box<postgres::Session>),
}

impl From<rusqlite::Connection> for Connection {
    fn from(connection: rusqlite::Connection) -> Self {
        Self(Inner::Sqlite(connection))
    }
}

impl Connection {
    /// A connection to a PostgreSQL server. Must not be called,
    /// nor the connection be used or dropped, on a thread that runs asynchronous tasks.
    pub(crate) fn to_server(address: &Address) -> Result<Self> {
        Ok(Self(Inner::Postgres(Box::new(postgres::Session::open(address)?))))
    }

    /// A database file that is there.
    #[cfg(test)]
    pub(crate) fn to_file(path: &std::path::Path) -> Result<Self> {
        Ok(rusqlite::Connection::open(path)?.into())
    }

    pub(crate) fn engine(&self) -> Engine {
        match &self.0 {
            Inner::Sqlite(_) => Engine::Sqlite,
            Inner::Postgres(_) => Engine::Postgres,
        }
    }

    /// A statement to be run now and again: it is planned once.
    pub(crate) fn prepare_cached(&self, sql: &str) -> Result<Statement<'_>> {
        Ok(match &self.0 {
            Inner::Sqlite(connection) => Statement::cached(connection.prepare_cached(sql)?),
            Inner::Postgres(session) => Statement::remote(session, sql),
        })
    }

    /// A statement that its holder keeps, or runs once.
    pub(crate) fn prepare(&self, sql: &str) -> Result<Statement<'_>> {
        Ok(match &self.0 {
            Inner::Sqlite(connection) => Statement::own(connection.prepare(sql)?),
            Inner::Postgres(session) => Statement::remote(session, sql),
        })
    }

    /// Statements without parameters, one after the other.
    pub(crate) fn execute_batch(&self, sql: &str) -> Result<()> {
        match &self.0 {
            Inner::Sqlite(connection) => Ok(connection.execute_batch(sql)?),
            Inner::Postgres(session) => session.batch(sql),
        }
    }

    /// The first row; [`Error::NoRows`] if there is none.
    pub(crate) fn query_row<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        self.prepare(sql)?.query_row(params, read)
    }

    /// Whether there is no transaction, or one of which nothing can be kept any more: the engine has
    /// rolled it back, refuses to go on with it, or is gone.
    pub(crate) fn is_lost(&self) -> bool {
        match &self.0 {
            Inner::Sqlite(connection) => connection.is_autocommit(),
            Inner::Postgres(session) => session.is_lost(),
        }
    }

    /// Whether a transaction is open, be it one with which the engine refuses to go on.
    pub(crate) fn has_transaction(&self) -> bool {
        match &self.0 {
            Inner::Sqlite(connection) => !connection.is_autocommit(),
            Inner::Postgres(session) => session.has_transaction(),
        }
    }

    /// How a transaction that writes is begun. On a server the writers of all processes take turns,
    /// so that each decides on what the ones before it made: see `turn` in its schema.
    pub(crate) fn begin_writing(&self) -> &'static str {
        match &self.0 {
            Inner::Sqlite(_) => "BEGIN IMMEDIATE",
            Inner::Postgres(_) => "BEGIN",
        }
    }

    /// Ends a transaction without keeping anything of it; there need not be one.
    pub(crate) fn roll_back(&self) -> Result<()> {
        match &self.0 {
            Inner::Sqlite(connection) if connection.is_autocommit() => Ok(()),
            Inner::Sqlite(connection) => Ok(connection.execute_batch("ROLLBACK")?),
            Inner::Postgres(session) => session.batch("ROLLBACK"),
        }
    }

    /// Answers from one snapshot.
    pub(crate) fn in_snapshot<T>(&self, read: impl FnOnce() -> Result<T>) -> Result<T> {
        match &self.0 {
            Inner::Sqlite(_) => self.execute_batch("BEGIN")?,
            Inner::Postgres(session) => session.begin_reading()?,
        }
        let answer = read();
        // Nothing was written: there is nothing to commit, but the snapshot ends.
        let ended = self.roll_back();
        answer.and_then(|answer| ended.map(|()| answer))
    }
}
