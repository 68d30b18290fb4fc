//! The bare loop: one thread that writes to a copy of the store what the server has written to its
//! own. Same schema, same rows (their ids, sealed bodies and index values included), in the same
//! batches, with an fsync each, and the read marks a second at a time, as the server does. It
//! decides nothing, looks nothing up and answers nobody.

use anyhow::Context as _;
use rusqlite::{Connection, OpenFlags, Row, params};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// As the server writes it.
const INSERT: &str = "
    INSERT INTO entry (id, place, author, kind, time, tag, client, content, detail, target, body, again)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
const SELECT: &str = "
    SELECT id, place, author, kind, time, tag, client, content, detail, target, body, again
    FROM entry WHERE id > ?1 ORDER BY id";
const MARK: &str = "
    INSERT INTO mark VALUES (?1, ?2, ?3) ON CONFLICT (room, person)
    DO UPDATE SET seq = max(seq, excluded.seq)";
const MARKED: &str = "
    INSERT INTO meta VALUES ('marked', ?1) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
/// As the server's writer has them.
const SETTINGS: &str = "
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
    PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000;";
const MARKS_EVERY: i64 = 1_000_000;

/// A row of the server's.
struct Entry {
    id: i64,
    place: i64,
    author: Option<i64>,
    kind: i64,
    time: i64,
    tag: i64,
    client: Option<Vec<u8>>,
    content: Option<Vec<u8>>,
    detail: Option<String>,
    target: Option<i64>,
    body: Option<Vec<u8>>,
    again: Option<i64>,
}

/// What was replayed of a stretch of time.
#[derive(Debug, Default)]
pub(crate) struct Stretch {
    /// Messages.
    pub(crate) rows: usize,
    /// Commits that brought them.
    pub(crate) commits: usize,
    /// How long it took.
    pub(crate) took: Duration,
}

/// A copy of a store, and where the replaying has come to.
pub(crate) struct Replay {
    theirs: Connection,
    own: Connection,
    last: i64,
    /// Read marks that wait for their second.
    moved: BTreeMap<(i64, i64), i64>,
    marked_at: i64,
}

impl Replay {
    /// Copies the store as it is now.
    pub(crate) fn beside(database: &Path, copy: &Path) -> anyhow::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let theirs = Connection::open_with_flags(database, flags)?;
        theirs.execute("VACUUM INTO ?1", [copy.to_str().context("the path is no text")?])?;
        let own = Connection::open(copy)?;
        own.execute_batch(SETTINGS)?;
        let last = own.query_row("SELECT max(id) FROM entry", [], |row| row.get(0))?;
        Ok(Self { theirs, own, last, moved: BTreeMap::new(), marked_at: 0 })
    }

    /// Replays all that is new, on a thread of its own, and says what was of this time.
    pub(crate) async fn run_apart(
        mut self,
        stretch: (i64, i64),
    ) -> anyhow::Result<(Stretch, Self)> {
        let replayed = tokio::task::spawn_blocking(move || {
            let replayed = self.run(stretch)?;
            anyhow::Ok((replayed, self))
        });
        replayed.await?
    }

    fn run(&mut self, (from, until): (i64, i64)) -> anyhow::Result<Stretch> {
        let mut rows = self.theirs.prepare_cached(SELECT)?;
        let rows: Vec<Entry> = rows.query_map([self.last], entry)?.collect::<Result<_, _>>()?;
        self.last = rows.last().map_or(self.last, |row| row.id);
        let Self { own, moved, marked_at, .. } = self;
        let mut statements = (own.prepare("BEGIN IMMEDIATE")?, own.prepare("COMMIT")?);
        let mut insert = own.prepare(INSERT)?;
        let mut stretch = Stretch::default();
        // The server reads the clock once for each commit.
        for batch in rows.chunk_by(|one, next| one.time == next.time) {
            let began = Instant::now();
            statements.0.execute([])?;
            for row in batch {
                row.write(&mut insert)?;
            }
            statements.1.execute([])?;
            let Some(first) = batch.first() else { continue };
            moved.extend(batch.iter().filter_map(Entry::mark));
            if first.time - *marked_at >= MARKS_EVERY {
                *marked_at = first.time;
                write_marks(own, std::mem::take(moved), first.id)?;
            }
            if (from..until).contains(&first.time) {
                stretch.took += began.elapsed();
                stretch.rows += batch.len();
                stretch.commits += 1;
            }
        }
        anyhow::ensure!(stretch.rows > 0, "nothing was written in this time");
        Ok(stretch)
    }
}

impl Entry {
    fn write(&self, insert: &mut rusqlite::Statement<'_>) -> rusqlite::Result<()> {
        insert.execute(params![
            self.id,
            self.place,
            self.author,
            self.kind,
            self.time,
            self.tag,
            self.client,
            self.content,
            self.detail,
            self.target,
            self.body,
            self.again,
        ])?;
        Ok(())
    }

    /// The read mark that it moves: of its author in its room.
    fn mark(&self) -> Option<((i64, i64), i64)> {
        Some(((self.place >> 40, self.author?), self.place & ((1 << 40) - 1)))
    }
}

fn write_marks(
    own: &Connection,
    moved: BTreeMap<(i64, i64), i64>,
    last: i64,
) -> rusqlite::Result<()> {
    own.execute_batch("BEGIN IMMEDIATE")?;
    let mut mark = own.prepare_cached(MARK)?;
    for ((room, person), seq) in moved {
        mark.execute((room, person, seq))?;
    }
    own.prepare_cached(MARKED)?.execute([last])?;
    own.execute_batch("COMMIT")
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        id: row.get(0)?,
        place: row.get(1)?,
        author: row.get(2)?,
        kind: row.get(3)?,
        time: row.get(4)?,
        tag: row.get(5)?,
        client: row.get(6)?,
        content: row.get(7)?,
        detail: row.get(8)?,
        target: row.get(9)?,
        body: row.get(10)?,
        again: row.get(11)?,
    })
}
