//! Rows as they come.

use super::value::{Column, Raw};
use super::{Error, Result, postgres};

/// A row; what is read from it lives no longer.
pub(crate) enum Row<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a ::postgres::Row),
}

impl Row<'_> {
    /// A column's value.
    pub(crate) fn get<T: Column>(&self, column: usize) -> Result<T> {
        T::of(self.raw(column)?, column)
    }

    /// A column's text, where it stands.
    pub(crate) fn text(&self, column: usize) -> Result<Option<&str>> {
        match self.raw(column)? {
            Raw::Text(text) => Ok(Some(text)),
            Raw::Null => Ok(None),
            Raw::Integer(_) | Raw::Blob(_) => Err(Error::Column(column, "no text".to_owned())),
        }
    }

    /// Whether a column holds nothing.
    pub(crate) fn is_null(&self, column: usize) -> Result<bool> {
        Ok(self.raw(column)? == Raw::Null)
    }

    fn raw(&self, column: usize) -> Result<Raw<'_>> {
        use rusqlite::types::ValueRef;
        match self {
            Self::Sqlite(row) => match row.get_ref(column)? {
                ValueRef::Null => Ok(Raw::Null),
                ValueRef::Integer(number) => Ok(Raw::Integer(number)),
                ValueRef::Blob(bytes) => Ok(Raw::Blob(bytes)),
                ValueRef::Text(bytes) => {
                    let text = str::from_utf8(bytes);
                    let bad = |_| Error::Column(column, "no UTF-8".to_owned());
                    text.map(Raw::Text).map_err(bad)
                }
                ValueRef::Real(number) => Err(Error::Column(column, format!("{number}"))),
            },
            Self::Postgres(row) => postgres::column(row, column),
        }
    }
}

/// The rows of an answer, one after the other.
pub(crate) enum Rows<'s> {
    Sqlite(rusqlite::Rows<'s>),
    Postgres { rest: std::vec::IntoIter<::postgres::Row>, now: Option<::postgres::Row> },
}

impl Rows<'_> {
    /// The next one, which is gone when the one after it is asked for.
    pub(crate) fn next(&mut self) -> Result<Option<Row<'_>>> {
        match self {
            Self::Sqlite(rows) => Ok(rows.next()?.map(Row::Sqlite)),
            Self::Postgres { rest, now } => {
                *now = rest.next();
                Ok(now.as_ref().map(Row::Postgres))
            }
        }
    }
}
