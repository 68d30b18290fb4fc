//! A session of a PostgreSQL server: its statements are prepared once, its transaction is watched.

use super::value::Raw;
use super::{Address, Error, Failure, Params, Result};
use ::postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use ::postgres::{Client, Row, Statement};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::error::Error as StdError;

/// One session, of one thread.
pub(super) struct Session {
    client: RefCell<Client>,
    address: Address,
    prepared: RefCell<HashMap<Box<str>, Statement>>,
    /// A statement of the open transaction failed: the server refuses to go on with it.
    failed: Cell<bool>,
    open: Cell<bool>,
}

impl Session {
    pub(super) fn open(address: &Address) -> Result<Self> {
        Ok(Self {
            client: RefCell::new(address.connect()?),
            address: address.clone(),
            prepared: RefCell::default(),
            failed: Cell::new(false),
            open: Cell::new(false),
        })
    }

    pub(super) fn has_transaction(&self) -> bool {
        self.open.get() && !self.client.borrow().is_closed()
    }

    pub(super) fn is_lost(&self) -> bool {
        self.failed.get() || !self.has_transaction()
    }

    /// Statements without parameters.
    pub(super) fn batch(&self, sql: &str) -> Result<()> {
        let done = self.client.borrow_mut().batch_execute(sql);
        self.note(sql, done.is_ok());
        Ok(done?)
    }

    /// Begins a transaction that reads one snapshot; after the server was away, anew.
    pub(super) fn begin_reading(&self) -> Result<()> {
        self.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    }

    /// Begins a transaction. That the server has ended the session is often noticed by this only:
    /// nothing of the transaction was said before, so it may begin in another one.
    fn begin(&self, sql: &str) -> Result<()> {
        self.meet_again()?;
        if self.open.get() || self.failed.get() {
            // Left where a statement failed: the server would refuse every later one.
            self.batch("ROLLBACK")?;
        }
        match self.batch(sql) {
            Err(error) if error.failure() == Failure::Away => {
                self.meet_again()?;
                self.batch(sql)
            }
            begun => begun,
        }
    }

    pub(super) fn execute(&self, sql: &str, params: impl Params) -> Result<usize> {
        if sql == "BEGIN" {
            return self.begin(sql).map(|()| 0);
        }
        let count =
            self.with(sql, params, |client, statement, values| client.execute(statement, values))?;
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }

    pub(super) fn query(&self, sql: &str, params: impl Params) -> Result<Vec<Row>> {
        self.with(sql, params, |client, statement, values| client.query(statement, values))
    }

    pub(super) fn columns(&self, sql: &str) -> Result<usize> {
        Ok(self.statement(sql)?.columns().len())
    }

    fn with<T>(
        &self,
        sql: &str,
        params: impl Params,
        run: impl FnOnce(
            &mut Client,
            &Statement,
            &[&(dyn ToSql + Sync)],
        ) -> std::result::Result<T, ::postgres::Error>,
    ) -> Result<T> {
        let mut owned = Vec::new();
        params.each(|number, raw| {
            owned.push(Owned::of(raw).ok_or_else(|| {
                let what = "a text with U+0000, which PostgreSQL does not keep";
                // Known before the server is asked, or it would cost the whole transaction.
                Error::Column(number, what.to_owned())
            })?);
            Ok(())
        })?;
        let values: Vec<&(dyn ToSql + Sync)> =
            owned.iter().map(|one| one as &(dyn ToSql + Sync)).collect();
        let answer = self
            .statement(sql)
            .and_then(|statement| Ok(run(&mut self.client.borrow_mut(), &statement, &values)?));
        self.note(sql, answer.is_ok());
        answer
    }

    fn statement(&self, sql: &str) -> Result<Statement> {
        if !self.open.get() {
            self.meet_again()?;
        }
        if let Some(statement) = self.prepared.borrow().get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.borrow_mut().prepare(&translated(sql))?;
        self.prepared.borrow_mut().insert(sql.into(), statement.clone());
        Ok(statement)
    }

    /// Keeps in mind whether a transaction is open and good.
    fn note(&self, sql: &str, good: bool) {
        let word = sql.split_whitespace().next().unwrap_or_default();
        match word {
            "BEGIN" => {
                self.open.set(good);
                self.failed.set(!good);
            }
            // Back to a savepoint, what failed after it is forgotten.
            "ROLLBACK" if sql.contains(" TO ") => self.failed.set(!good),
            "COMMIT" | "ROLLBACK" => self.open.set(false),
            _ if !good => self.failed.set(true),
            _ => {}
        }
    }

    /// Connects anew where the server has ended the session.
    fn meet_again(&self) -> Result<()> {
        if self.client.borrow().is_closed() {
            self.prepared.borrow_mut().clear();
            *self.client.borrow_mut() = self.address.connect()?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("open", &self.open).finish_non_exhaustive()
    }
}

/// The dialect of statements, in PostgreSQL's: parameters, joins that say their own order in SQLite,
/// and the one function that it has under the same name for something else.
fn translated(sql: &str) -> String {
    sql.replace('?', "$").replace("json_each(", "elements(").replace("CROSS JOIN", "JOIN")
}

/// A parameter, as long as the statement takes.
#[derive(Debug)]
enum Owned {
    Null,
    Integer(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl Owned {
    /// `None` for a text that the server can't keep.
    fn of(raw: Raw<'_>) -> Option<Self> {
        Some(match raw {
            Raw::Null => Self::Null,
            Raw::Integer(number) => Self::Integer(number),
            Raw::Text(text) if text.contains('\0') => return None,
            Raw::Text(text) => Self::Text(text.to_owned()),
            Raw::Blob(bytes) => Self::Blob(bytes.to_owned()),
        })
    }
}

type Outcome<T> = std::result::Result<T, Box<dyn StdError + Sync + Send>>;

impl ToSql for Owned {
    fn to_sql(&self, of: &Type, out: &mut bytes::BytesMut) -> Outcome<IsNull> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(number) if *of == Type::INT4 => i32::try_from(*number)?.to_sql(of, out),
            Self::Integer(number) if *of == Type::BYTEA => {
                number.to_be_bytes().as_slice().to_sql(of, out)
            }
            Self::Integer(number) => number.to_sql(of, out),
            Self::Text(text) => text.to_sql(of, out),
            Self::Blob(bytes) => bytes.to_sql(of, out),
        }
    }

    fn accepts(of: &Type) -> bool {
        [Type::INT4, Type::INT8, Type::TEXT, Type::VARCHAR, Type::BYTEA].contains(of)
    }

    to_sql_checked!();
}

/// A column of any of the types that statements answer with.
struct Any<'a>(Raw<'a>);

impl<'a> FromSql<'a> for Any<'a> {
    fn from_sql(of: &Type, raw: &'a [u8]) -> Outcome<Self> {
        Ok(Self(match *of {
            Type::BOOL => Raw::Integer(i64::from(bool::from_sql(of, raw)?)),
            Type::INT4 => Raw::Integer(i64::from(i32::from_sql(of, raw)?)),
            Type::INT8 => Raw::Integer(i64::from_sql(of, raw)?),
            Type::BYTEA => Raw::Blob(raw),
            _ => Raw::Text(std::str::from_utf8(raw)?),
        }))
    }

    fn from_sql_null(_: &Type) -> Outcome<Self> {
        Ok(Self(Raw::Null))
    }

    fn accepts(of: &Type) -> bool {
        let some = [Type::BOOL, Type::INT4, Type::INT8, Type::TEXT, Type::VARCHAR, Type::BYTEA];
        some.contains(of)
    }
}

/// What a column of a row holds.
pub(super) fn column(row: &Row, column: usize) -> Result<Raw<'_>> {
    row.try_get::<_, Any<'_>>(column).map(|any| any.0).map_err(Error::from)
}
