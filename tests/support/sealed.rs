//! What a thief of the disk could do: the rows of a store and its keys, read by code that shares
//! nothing with the server's.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use crosstalk_protocol::ids::RoomId;
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeSet;
use std::path::Path;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;

/// A sealed body as it stands in a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Remnant {
    sealed: Vec<u8>,
    /// What its seal is bound to.
    bound: Vec<u8>,
}

impl Remnant {
    /// The text in it, if this key opens it.
    pub(crate) fn opened_by(&self, key: &[u8; KEY_BYTES]) -> Option<Vec<u8>> {
        open(key, &self.sealed, &self.bound)
    }
}

/// A durable job as its row tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct JobRow {
    pub(crate) step: i64,
    pub(crate) done: i64,
    pub(crate) finished: bool,
}

fn store(data: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(data.join("crosstalk.db"), OpenFlags::SQLITE_OPEN_READ_WRITE)
}

/// All sealed bodies of a room.
pub(crate) fn remnants(data: &Path, room: RoomId) -> BTreeSet<Remnant> {
    let connection = store(data).unwrap();
    let mut statement = connection
        .prepare(
            "SELECT e.body, p.id, coalesce(e.sealed_by, e.client) FROM entry e \
             JOIN room r ON r.room = e.place >> 40 LEFT JOIN person p ON p.person = e.author \
             WHERE r.id = ?1 AND e.body IS NOT NULL",
        )
        .unwrap();
    let bound = |author: Option<Vec<u8>>, operation: Vec<u8>| {
        let flag = u8::from(author.is_some());
        let author = author.unwrap_or_else(|| vec![0; 16]);
        [room.0.as_bytes().to_vec(), vec![flag], author, vec![0], operation].concat()
    };
    let rows = statement.query_map([room.0.as_bytes().as_slice()], |row| {
        Ok(Remnant { sealed: row.get(0)?, bound: bound(row.get(1)?, row.get(2)?) })
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

/// The newest job.
pub(crate) fn last_job(data: &Path) -> Option<JobRow> {
    let sql = "SELECT step, done, finished IS NOT NULL FROM job ORDER BY job DESC LIMIT 1";
    let row = store(data).ok()?.query_row(sql, [], |row| {
        Ok(JobRow { step: row.get(0)?, done: row.get(1)?, finished: row.get(2)? })
    });
    row.ok()
}

/// The receipt of a purge: entries and bodies of each company, by its id. All of its columns: were
/// there one of another type, it could not be read so.
pub(crate) fn receipt(data: &Path, room: RoomId) -> BTreeSet<(Vec<u8>, i64, i64)> {
    let connection = store(data).unwrap();
    let mut statement = connection
        .prepare(
            "SELECT x.room, x.company, x.entries, x.bodies, coalesce(c.id, x'') FROM \
             (SELECT * FROM receipt) x JOIN room r ON r.room = x.room \
             LEFT JOIN company c ON c.company = x.company WHERE r.id = ?1",
        )
        .unwrap();
    let columns = connection.prepare("SELECT * FROM receipt").unwrap().column_count();
    assert_eq!(columns, 4, "a receipt holds ids and counts only");
    let rows = statement.query_map([room.0.as_bytes().as_slice()], |row| {
        let (_, _): (i64, i64) = (row.get(0)?, row.get(1)?);
        Ok((row.get(4)?, row.get(2)?, row.get(3)?))
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

/// Every key that a key directory could give: each 32 bytes in a row of each of its files, and what
/// each of those unwraps.
pub(crate) fn keys_in(directory: &Path) -> Vec<[u8; KEY_BYTES]> {
    let files: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect();
    let windows = |bytes: &[u8]| -> Vec<[u8; KEY_BYTES]> {
        bytes.windows(KEY_BYTES).map(|window| window.try_into().unwrap()).collect()
    };
    let mut keys: Vec<_> = files.iter().flat_map(|(_, bytes)| windows(bytes)).collect();
    let masters = files.iter().filter(|(path, _)| path.ends_with("master.key"));
    let masters: Vec<_> = masters.flat_map(|(_, bytes)| windows(bytes)).collect();
    for (path, bytes) in &files {
        let room = path.file_stem().and_then(|stem| stem.to_str()?.parse::<RoomId>().ok());
        let (Some(room), Some(wrapped)) = (room, bytes.strip_prefix(b"XTRK\x01")) else { continue };
        let bound = [b"XTRK\x01", room.0.as_bytes().as_slice()].concat();
        let opened = masters.iter().filter_map(|master| open(master, wrapped, &bound));
        keys.extend(opened.filter_map(|key| <[u8; KEY_BYTES]>::try_from(key).ok()));
    }
    keys
}

/// Opens nonce, ciphertext and tag.
fn open(key: &[u8; KEY_BYTES], sealed: &[u8], bound: &[u8]) -> Option<Vec<u8>> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
    let mut text = rest.to_vec();
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let length = key.open_in_place(nonce, Aad::from(bound), &mut text).ok()?.len();
    text.truncate(length);
    Some(text)
}
