//! What goes wrong with a database.

/// An error of a database's, or of what stands in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// SQLite's.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL's, or of the connection to it.
    #[error("{}", told(.0))]
    Postgres(#[from] ::postgres::Error),
    /// The server is another one than this process has met, or was promoted or restored since.
    #[error(
        "it is another server than before, or one that was promoted or restored: what was acknowledged may be lost there, removals too. Find out, then start this node again"
    )]
    OtherHistory,
    /// A row was asked for, and there is none.
    #[error("a row that must be there is not there")]
    NoRows,
    /// What a column holds is not what is written there.
    #[error("column {0} holds {1}, which is never written there")]
    Column(usize, String),
    /// A text of JSON is not what is written there. What it says is not told: names are in there.
    #[error("a text of JSON is not what is written there")]
    Unreadable(#[source] serde_json::Error),
}

/// What an error calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The disk is full.
    Full,
    /// The database may not be written.
    ReadOnly,
    /// The disk reports an error.
    Disk,
    /// The database is damaged.
    Damaged,
    /// The database can't be reached.
    Away,
    /// Anything else.
    Other,
}

/// PostgreSQL's errors say no more than "db error" by themselves; their details name values, which are
/// people's.
fn told(error: &::postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |it| it.message().to_owned())
}

impl Error {
    /// A number that is never written there.
    pub(crate) fn misplaced(column: usize, number: i64) -> Self {
        Self::Column(column, format!("the number {number}"))
    }

    /// What it calls for.
    pub(crate) fn failure(&self) -> Failure {
        match self {
            Self::Sqlite(error) => match error.sqlite_error_code() {
                Some(rusqlite::ErrorCode::DiskFull) => Failure::Full,
                Some(rusqlite::ErrorCode::ReadOnly) => Failure::ReadOnly,
                Some(rusqlite::ErrorCode::SystemIoFailure) => Failure::Disk,
                Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
                    Failure::Damaged
                }
                _ => Failure::Other,
            },
            Self::Postgres(error) => of_code(error.code().map(::postgres::error::SqlState::code)),
            Self::OtherHistory => Failure::Away,
            Self::NoRows | Self::Column(..) | Self::Unreadable(_) => Failure::Other,
        }
    }
}

/// By the classes of PostgreSQL's codes; an error without one is the connection's.
fn of_code(code: Option<&str>) -> Failure {
    match code {
        None => Failure::Away,
        Some("53100") => Failure::Full,
        Some("25006") => Failure::ReadOnly,
        Some(code) if code.starts_with("58") => Failure::Disk,
        Some(code) if code.starts_with("XX") => Failure::Damaged,
        Some(code) if code.starts_with("08") || code.starts_with("57P") => Failure::Away,
        Some(_) => Failure::Other,
    }
}

/// A row that need not be there.
pub(crate) trait Optional<T> {
    /// `None` where there is none.
    fn optional(self) -> super::Result<Option<T>>;
}

impl<T> Optional<T> for super::Result<T> {
    fn optional(self) -> super::Result<Option<T>> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(Error::NoRows) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
