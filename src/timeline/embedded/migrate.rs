//! Moving a store from files to a server: every row of every table, compared before anything of it counts.

use super::codes::Sql;
use super::home::Home;
use super::marks::{Marks, keep};
use super::open::OpenError;
use super::server::Server;
use super::{Options, check_on_server};
use crate::keys::KeyDirectory;
use crate::sql::{Address, Cell, Connection, Error, Row};
use std::path::Path;
use std::sync::Arc;

/// Rows of one statement, and of one look at what came.
const ROWS_AT_ONCE: usize = 100;

/// Why a store was not moved: nothing of it is on the server then.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// One of the two can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is a store on the server already.
    #[error("there is a store on the server already: name a database of its own for this one")]
    NotEmpty,
    /// A table can't be read or written.
    #[error("{table}: {source}")]
    Table {
        /// The table.
        table: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What came is not what was sent.
    #[error("{0} is not on the server as it is in the files: nothing was moved")]
    Differs(String),
    /// It is there, and is not as a store has to be.
    #[error(
        "the store was moved as it was, and a check finds {0} faults in it: run `crosstalk check` on both"
    )]
    Faults(u64),
}

/// Moves the store in a directory to a server that has none, under the same keys; told of each table
/// and its rows. The files stay as they are, but for a schema that was older. Must not be called on a thread that runs asynchronous
/// tasks.
///
/// # Errors
/// [`MigrateError`]; but for [`MigrateError::Faults`] nothing is on the server then.
pub fn migrate(
    from: &Path,
    to: &Address,
    keys: &Arc<KeyDirectory>,
    mut told: impl FnMut(&str, u64),
) -> Result<(), MigrateError> {
    let options = Options::at(from);
    let home = Home::open(&options)?;
    // Not as a store that runs: its jobs go on where it is moved to, and with the keys that are there.
    let files = home.writer(&options)?;
    let meta = home.meta(&files, keys)?;
    let server = Server::at(to).writer()?;
    move_all(&files, &server, meta.marked, &mut told)?;
    let report = check_on_server(to)?;
    if report.is_sound() { Ok(()) } else { Err(MigrateError::Faults(report.fault_count)) }
}

fn move_all(
    files: &Connection,
    server: &Connection,
    marked: i64,
    told: &mut impl FnMut(&str, u64),
) -> Result<(), MigrateError> {
    let failed = |table: &str| {
        let table = table.to_owned();
        move |source: Error| MigrateError::Table { table, source: source.into() }
    };
    let whole = || failed("the store");
    server.execute_batch("BEGIN").map_err(whole())?;
    for name in tables(files).map_err(whole())? {
        let columns = columns(files, &name).map_err(failed(&name))?;
        let table = Table { name: &name, columns: &columns, files, server };
        if !table.is_empty().map_err(failed(&name))? {
            return Err(MigrateError::NotEmpty);
        }
        let sent = table.copy().map_err(failed(&name))?;
        if table.came().map_err(failed(&name))? != sent {
            return Err(MigrateError::Differs(name));
        }
        table.count_on().map_err(failed(&name))?;
        told(&name, sent.rows);
    }
    write_marks(files, server, marked).map_err(failed("mark"))?;
    server.execute_batch("COMMIT").map_err(whole())
}

/// Marks that own sends have moved since the last were written: a server has no others than rows.
fn write_marks(files: &Connection, server: &Connection, marked: i64) -> Sql<()> {
    let marks = Marks::default();
    marks.recover(files, marked)?;
    marks.take().into_iter().try_for_each(|(key, seq)| keep(server, key, seq))
}

/// All tables of the files: those that a server has beside them are of its nodes.
fn tables(files: &Connection) -> Sql<Vec<String>> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY rowid";
    files.prepare(sql)?.query_map((), |row| row.get(0))
}

fn columns(files: &Connection, table: &str) -> Sql<Vec<String>> {
    files.prepare("SELECT name FROM pragma_table_info(?1)")?.query_map([table], |row| row.get(0))
}

/// What a table holds, whatever the order of its rows: how many there are, and the sum of their hashes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Held {
    rows: u64,
    sum: u128,
}

impl Held {
    fn add(&mut self, row: &[Cell]) {
        let mut hasher = blake3::Hasher::new();
        for cell in row {
            let (kind, bytes) = match cell {
                Cell::Null => (0, Vec::new()),
                // A server keeps a number of the store's own as bytes.
                Cell::Integer(number) => (1, number.to_be_bytes().to_vec()),
                Cell::Text(text) => (2, text.as_bytes().to_vec()),
                Cell::Blob(bytes) => (1, bytes.clone()),
            };
            hasher.update(&[kind]).update(&(bytes.len() as u64).to_be_bytes()).update(&bytes);
        }
        let mut short = [0; 16];
        hasher.finalize_xof().fill(&mut short);
        self.rows += 1;
        self.sum = self.sum.wrapping_add(u128::from_be_bytes(short));
    }
}

/// A table on its way.
struct Table<'c> {
    name: &'c str,
    columns: &'c [String],
    files: &'c Connection,
    server: &'c Connection,
}

impl Table<'_> {
    fn is_empty(&self) -> Sql<bool> {
        let sql = format!("SELECT count(*) FROM {}", self.name);
        self.server.query_row(&sql, (), |row| row.get::<i64>(0)).map(|rows| rows == 0)
    }

    /// Writes all rows of the files to the server; what they hold.
    fn copy(&self) -> Sql<Held> {
        let (mut held, mut waiting) = (Held::default(), Vec::new());
        let mut statement = self.files.prepare(&self.select())?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let cells = self.cells(&row)?;
            held.add(&cells);
            waiting.extend(cells);
            if waiting.len() == ROWS_AT_ONCE * self.columns.len() {
                self.insert(&waiting)?;
                waiting.clear();
            }
        }
        for row in waiting.chunks(self.columns.len()) {
            self.insert(row)?;
        }
        Ok(held)
    }

    /// What the server holds of it.
    fn came(&self) -> Sql<Held> {
        let mut held = Held::default();
        // A name of its own for each, as statements are prepared once.
        let cursor = format!("moved_{}", self.name);
        self.server.execute_batch(&format!("DECLARE {cursor} CURSOR FOR {}", self.select()))?;
        let mut fetch = self.server.prepare(&format!("FETCH {ROWS_AT_ONCE} FROM {cursor}"))?;
        loop {
            let before = held.rows;
            let mut rows = fetch.query(())?;
            while let Some(row) = rows.next()? {
                held.add(&self.cells(&row)?);
            }
            if held.rows == before {
                return Ok(held);
            }
        }
    }

    /// Numbers that the server gives by itself go on after those that were given.
    fn count_on(&self) -> Sql<()> {
        let given = "SELECT CAST(column_name AS TEXT) FROM information_schema.columns \
             WHERE table_schema = 'crosstalk' AND CAST(table_name AS TEXT) = ?1 AND is_identity = 'YES'";
        let given: Vec<String> =
            self.server.prepare(given)?.query_map([self.name], |row| row.get(0))?;
        for column in given {
            self.server.execute_batch(&format!(
                "SELECT setval(pg_get_serial_sequence('crosstalk.{0}', '{column}'), \
                 (SELECT coalesce(max({column}), 0) + 1 FROM {0}), false)",
                self.name
            ))?;
        }
        Ok(())
    }

    fn select(&self) -> String {
        format!("SELECT {} FROM {}", self.columns.join(", "), self.name)
    }

    fn cells(&self, row: &Row<'_>) -> Sql<Vec<Cell>> {
        (0..self.columns.len()).map(|column| row.get(column)).collect()
    }

    /// Writes so many rows as these cells are.
    fn insert(&self, cells: &[Cell]) -> Sql<()> {
        let width = self.columns.len();
        let row = |first: usize| {
            let places: Vec<_> = (first..first + width).map(|place| format!("?{place}")).collect();
            format!("({})", places.join(", "))
        };
        let rows: Vec<_> = (0..cells.len() / width).map(|at| row(at * width + 1)).collect();
        let columns = self.columns.join(", ");
        let sql = format!("INSERT INTO {} ({columns}) VALUES {}", self.name, rows.join(", "));
        self.server.prepare(&sql)?.execute(cells).map(drop)
    }
}
