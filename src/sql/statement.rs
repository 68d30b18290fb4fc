//! Statements, to be run with parameters.

use super::postgres::Session;
use super::{Error, Params, Result, Row, Rows, sqlite};

/// A statement of a connection.
pub(crate) struct Statement<'c>(Kind<'c>);

enum Kind<'c> {
    Cached(rusqlite::CachedStatement<'c>),
    Own(rusqlite::Statement<'c>),
    Remote(&'c Session, Box<str>),
}

impl<'c> Statement<'c> {
    pub(super) fn cached(statement: rusqlite::CachedStatement<'c>) -> Self {
        Self(Kind::Cached(statement))
    }

    pub(super) fn own(statement: rusqlite::Statement<'c>) -> Self {
        Self(Kind::Own(statement))
    }

    pub(super) fn remote(session: &'c Session, sql: &str) -> Self {
        Self(Kind::Remote(session, sql.into()))
    }

    /// How many columns its rows have.
    pub(crate) fn columns(&self) -> Result<usize> {
        match &self.0 {
            Kind::Cached(statement) => Ok(statement.column_count()),
            Kind::Own(statement) => Ok(statement.column_count()),
            Kind::Remote(session, sql) => session.columns(sql),
        }
    }

    /// Runs it; how many rows were changed.
    pub(crate) fn execute(&mut self, params: impl Params) -> Result<usize> {
        match &mut self.0 {
            Kind::Cached(statement) => sqlite::execute(statement, params),
            Kind::Own(statement) => sqlite::execute(statement, params),
            Kind::Remote(session, sql) => session.execute(sql, params),
        }
    }

    /// Runs it, for its rows.
    pub(crate) fn query(&mut self, params: impl Params) -> Result<Rows<'_>> {
        match &mut self.0 {
            Kind::Cached(statement) => sqlite::query(statement, params).map(Rows::Sqlite),
            Kind::Own(statement) => sqlite::query(statement, params).map(Rows::Sqlite),
            Kind::Remote(session, sql) => {
                let rest = session.query(sql, params)?.into_iter();
                Ok(Rows::Postgres { rest, now: None })
            }
        }
    }

    /// Runs it for its first row; [`Error::NoRows`] if there is none.
    pub(crate) fn query_row<T>(
        &mut self,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut rows = self.query(params)?;
        let row = rows.next()?.ok_or(Error::NoRows)?;
        read(&row)
    }

    /// Runs it, and reads every row.
    pub(crate) fn query_map<T, C: FromIterator<T>>(
        &mut self,
        params: impl Params,
        mut read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<C> {
        let mut rows = self.query(params)?;
        std::iter::from_fn(|| rows.next().map(|row| row.map(|row| read(&row))).transpose())
            .map(|read| read.and_then(|read| read))
            .collect()
    }
}
