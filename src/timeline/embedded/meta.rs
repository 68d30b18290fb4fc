//! What a store keeps of itself.

use super::codes::Sql;
use crate::keys::KeyDirectory;
use crate::sql::{Column, Connection, Engine, Optional as _, Value};
use aws_lc_rs::rand;

/// What a store keeps of itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meta {
    pub(super) epoch: u64,
    pub(super) hash_key: [u8; 16],
    /// Never given so far, nor a lower one again.
    pub(super) next_entry: i64,
    /// Own sends up to this entry have moved their read marks.
    pub(super) marked: i64,
}

impl Meta {
    /// What the store keeps of itself, made at the first start for these keys; `None` where it was
    /// made for others.
    pub(super) fn of(connection: &Connection, keys: &KeyDirectory) -> Sql<Option<Self>> {
        connection.execute_batch(connection.begin_writing())?;
        if connection.engine() == Engine::Postgres {
            // Of two nodes that start at once the second has to find what the first has drawn.
            connection.execute_batch("SELECT number FROM turn FOR UPDATE")?;
        }
        let kept: Option<[u8; 16]> = kept(connection, "keys")?;
        if kept.is_some_and(|kept| kept != keys.fingerprint()) {
            connection.roll_back()?;
            return Ok(None);
        }
        set_meta(connection, "keys", keys.fingerprint())?;
        let meta = read_meta(connection)?;
        connection.execute_batch("COMMIT")?;
        Ok(Some(meta))
    }
}

fn kept<T: Column>(connection: &Connection, name: &str) -> Sql<Option<T>> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    statement.query_row([name], |row| row.get(0)).optional()
}

/// A number, which a server, whose columns have one type each, keeps as bytes.
fn kept_number(connection: &Connection, name: &str) -> Sql<Option<i64>> {
    match connection.engine() {
        Engine::Sqlite => kept(connection, name),
        Engine::Postgres => Ok(kept(connection, name)?.map(i64::from_be_bytes)),
    }
}

/// Keeps a value of the store's own.
pub(super) fn set_meta(connection: &Connection, name: &str, value: impl Value) -> Sql<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )?;
    statement.execute((name, value)).map(drop)
}

fn read_meta(connection: &Connection) -> Sql<Meta> {
    let epoch = kept_number(connection, "epoch")?.unwrap_or_else(|| i64::from_be_bytes(random()));
    set_meta(connection, "epoch", epoch)?;
    let hash_key = kept(connection, "hash_key")?.unwrap_or_else(random);
    set_meta(connection, "hash_key", hash_key)?;
    let next_entry = next_entry(connection)?;
    let marked = kept_number(connection, "marked")?.unwrap_or_default();
    Ok(Meta { epoch: epoch.cast_unsigned(), hash_key, next_entry, marked })
}

/// The id of the entry that comes next.
pub(super) fn next_entry(connection: &Connection) -> Sql<i64> {
    let last: Option<i64> =
        connection.query_row("SELECT max(id) FROM entry", (), |row| row.get(0))?;
    // After a purge of the last entries their ids must not come again.
    let noted = kept_number(connection, "next_entry")?.unwrap_or(1);
    Ok(noted.max(last.unwrap_or_default() + 1))
}

/// The key of the hashes by which repetitions are found, if the store has one.
pub(super) fn kept_hash_key(connection: &Connection) -> Sql<Option<[u8; 16]>> {
    kept(connection, "hash_key")
}

/// Random bytes. Without randomness nothing may go on.
#[expect(clippy::expect_used, reason = "no input reaches it, and an epoch must never come again")]
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the system has randomness");
    bytes
}
