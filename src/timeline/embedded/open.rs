//! Opening the data directory: one process at a time, our own file, our own schema.

use crate::sql;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The database in the data directory.
pub const FILE: &str = "crosstalk.db";
const LOCK: &str = "lock";
/// "XTK1": by it a file is recognised as ours.
const APPLICATION_ID: i32 = 0x5854_4b31;
/// One after the other; a store has had the first so many of them. Never change one: add one.
const MIGRATIONS: &[&str] = &[include_str!("schema/1.sql"), include_str!("schema/2.sql")];
/// How long a statement waits for a reader or a checkpoint.
const BUSY: Duration = Duration::from_millis(500);
const STATEMENTS_KEPT: usize = 128;

/// Why the store can't be opened. The text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error(
        "{0} is in use by another crosstalk: stop that one, or give this one its own directory"
    )]
    InUse(PathBuf),
    /// The directory can't be made or written.
    #[error(
        "the data directory {0} can't be written ({1}): check that it exists, is a directory, belongs to this user and is not mounted read-only"
    )]
    Unwritable(PathBuf, std::io::Error),
    /// The file is something else's.
    #[error(
        "{0} is not a crosstalk database: choose another data directory, or move the file away"
    )]
    Foreign(PathBuf),
    /// It was written by a newer version.
    #[error(
        "{path} has schema {found}, and this version knows {known}: run the newer crosstalk again, or restore a backup from before it ran"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: usize,
        /// The newest schema known here.
        known: usize,
    },
    /// It was written by an older version, and is only to be read.
    #[error(
        "{path} has schema {found}, and this version reads {known}: start this crosstalk once, which brings it up to date, or check it with the older one"
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: usize,
        /// The schema known here.
        known: usize,
    },
    /// The key directory is not the one that this store was made with.
    #[error(
        "the key directory is not the one that {0} was made with: mount the right one; with another one nothing in the store could be read"
    )]
    OtherKeys(PathBuf),
    /// SQLite can't open it.
    #[error("{0} can't be opened ({1}): check the disk and the file's rights")]
    Sqlite(PathBuf, Box<dyn std::error::Error + Send + Sync>),
    /// The PostgreSQL server can't be used.
    #[error(
        "the PostgreSQL server can't be used ({0}): check that it runs, that its address is right, and that the role may make a schema"
    )]
    Server(Box<dyn std::error::Error + Send + Sync>),
}

/// The data directory, locked for this process while it lives.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    /// Makes the directory if it is not there, and locks it.
    pub(super) fn lock(path: &Path) -> Result<Self, OpenError> {
        let unwritable = |error| OpenError::Unwritable(path.to_owned(), error);
        std::fs::create_dir_all(path).map_err(unwritable)?;
        let options = File::options().create(true).truncate(false).write(true).to_owned();
        let lock = options.open(path.join(LOCK)).map_err(unwritable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(unwritable(error)),
        }
    }

    /// The database file.
    pub(super) fn file(&self) -> PathBuf {
        self.path.join(FILE)
    }

    /// The writer's connection, with the schema of now.
    pub(super) fn writer(&self, pages_max: Option<i64>) -> Result<sql::Connection, OpenError> {
        let path = self.file();
        let sqlite = |error: rusqlite::Error| OpenError::Sqlite(path.clone(), error.into());
        let mut connection = Connection::open(&path).map_err(sqlite)?;
        connection.busy_timeout(BUSY).map_err(sqlite)?;
        let fresh = recognise(&connection, &path)?;
        if fresh {
            // Only before the first table.
            connection.pragma_update(None, "page_size", 4096).map_err(sqlite)?;
        }
        settle_in(&connection).map_err(sqlite)?;
        if let Some(pages) = pages_max {
            let set = connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()));
            set.map_err(sqlite)?;
        }
        migrate(&mut connection).map_err(sqlite)?;
        Ok(connection.into())
    }

    /// A connection that reads.
    pub(super) fn reader(&self) -> Result<sql::Connection, OpenError> {
        reader(&self.path)
    }
}

/// A connection that only reads, to a data directory that may be in use.
pub(super) fn reader(directory: &Path) -> Result<sql::Connection, OpenError> {
    let path = directory.join(FILE);
    let sqlite = |error: rusqlite::Error| OpenError::Sqlite(path.clone(), error.into());
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&path, flags).map_err(sqlite)?;
    connection.busy_timeout(BUSY).map_err(sqlite)?;
    if recognise(&connection, &path)? {
        return Err(OpenError::Foreign(path));
    }
    let (found, known) = (schema(&connection).map_err(sqlite)?, MIGRATIONS.len());
    if found < known {
        return Err(OpenError::Older { path, found, known });
    }
    connection.pragma_update(None, "query_only", true).map_err(sqlite)?;
    connection.pragma_update(None, "cache_size", -16_384).map_err(sqlite)?;
    keep_plans(&connection).map_err(sqlite)?;
    Ok(connection.into())
}

/// Whether the file is new; an error if it is not ours or too new.
fn recognise(connection: &Connection, path: &Path) -> Result<bool, OpenError> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let read = || Ok((number("application_id")?, number("user_version")?, tables(connection)?));
    let (application, version, tables) =
        read().map_err(|error: rusqlite::Error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => OpenError::Foreign(path.to_owned()),
            _ => OpenError::Sqlite(path.to_owned(), error.into()),
        })?;
    let found = usize::try_from(version).unwrap_or_default();
    match (application, tables) {
        (0, 0) if found == 0 => Ok(true),
        (APPLICATION_ID, _) if found <= MIGRATIONS.len() => Ok(false),
        (APPLICATION_ID, _) => {
            Err(OpenError::Newer { path: path.to_owned(), found, known: MIGRATIONS.len() })
        }
        _ => Err(OpenError::Foreign(path.to_owned())),
    }
}

fn tables(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))
}

fn settle_in(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // What was deleted or replaced is overwritten in the file (R22).
    connection.pragma_update_and_check(None, "secure_delete", "ON", |_| Ok(()))?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 4_000, |_| Ok(()))?;
    keep_plans(connection)
}

/// Statements are kept, and planned once: not anew for other values.
fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

/// How many migrations the file has had.
fn schema(connection: &Connection) -> rusqlite::Result<usize> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or_default())
}

/// Each migration is one transaction with its number: killed between, it is as it was.
fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let done = schema(connection)?;
    for (number, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        let transaction = connection.transaction()?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.execute_batch(migration)?;
        let version = i64::try_from(number + 1).unwrap_or_default();
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}
